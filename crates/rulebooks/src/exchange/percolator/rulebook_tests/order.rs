//! Who is touched first does not matter.

use super::super::draft::Draft;
use super::*;
use breakwater_money::TransferCode;
use proptest::prelude::*;

impl Pool {
    /// Brings one account up to date.
    fn touch(&mut self, account: AccountId) {
        let effects = {
            let view = self.view();
            let mut draft = Draft::new(&self.book, &view).unwrap();
            let before = Standing::of(&self.book, &view, account).unwrap();
            let mut standing = before.clone();
            draft.touch(&mut standing).unwrap();
            draft.store(&standing, &before, TransferCode::Realise);
            draft.finish().unwrap()
        };
        self.post(&effects);
    }
}

/// Seven accounts of unlike size, one of them closed by index already, and prices that moved since.
fn after_a_deficit(prices: &[u128]) -> Pool {
    let mut pool = Pool::new(&plain(), 7);
    for account in pool.everybody().collect::<Vec<_>>() {
        pool.deposit(account, (100 + 640 * u128::from(account.0)) * ONE);
    }
    let of = AccountId;
    for (buyer, seller, quantity) in [(0, 1, 4), (0, 2, 5), (3, 4, 11), (5, 6, 7), (5, 1, 2)] {
        pool.trade(of(buyer), of(seller), BIG, quantity);
    }
    pool.price(BIG, 8_700);
    pool.does(&absorb(&[A]));
    assert_ne!(scales(&pool, BIG).0, scales(&pool, BIG).1);
    for raw in prices {
        pool.price(BIG, *raw);
    }
    pool
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn permuting_who_settles_first_changes_nobodys_outcome(
        prices in prop::collection::vec(7_500u128..10_500, 1..4),
        order in Just((1u32..7).collect::<Vec<_>>()).prop_shuffle(),
        again in prop::collection::vec(1u32..7, 0..6)
    ) {
        let mut straight = after_a_deficit(&prices);
        let mut shuffled = after_a_deficit(&prices);
        for account in 1..7 {
            straight.touch(AccountId(account));
        }
        for account in &order {
            shuffled.touch(AccountId(*account));
        }
        straight.judge();
        shuffled.judge();
        for account in straight.everybody() {
            // To the unit: a touch looks at its own position and the indices alone.
            prop_assert_eq!(straight.standing(account), shuffled.standing(account));
        }
        prop_assert_eq!(straight.residual(), shuffled.residual());
        // Touching again at the same indices changes nothing.
        let before = shuffled.rows.accounts.clone();
        for account in again {
            shuffled.touch(AccountId(account));
        }
        prop_assert_eq!(before, shuffled.rows.accounts);
    }

    #[test]
    fn who_is_touched_between_prices_is_off_by_a_unit_a_touch(
        prices in prop::collection::vec(8_500u128..9_500, 3),
        touched in prop::collection::vec((0usize..3, 1u32..7), 0..8)
    ) {
        let straight = after_a_deficit(&prices);
        let mut often = after_a_deficit(&[]);
        for (place, raw) in prices.iter().enumerate() {
            often.price(BIG, *raw);
            for (_, account) in touched.iter().filter(|(at, _)| *at == place) {
                often.touch(AccountId(*account));
                often.judge();
            }
        }
        for account in straight.everybody() {
            let touches = touched.iter().filter(|(_, of)| *of == account.0).count();
            let off = straight.equity(account) - often.equity(account);
            prop_assert!((0..=touches as i128).contains(&off), "{account} is off by {off}");
        }
    }
}

#[test]
fn settling_all_pays_each_as_if_it_came_first() {
    let mut all = after_a_deficit(&[9_300]);
    all.does(&Call::Settle { contract: BIG });
    all.judge();
    for account in 1..7 {
        let mut first = after_a_deficit(&[9_300]);
        first.touch(AccountId(account));
        let (alone, together) = (first.equity(AccountId(account)), all.equity(AccountId(account)));
        assert_eq!(alone, together);
    }
}
