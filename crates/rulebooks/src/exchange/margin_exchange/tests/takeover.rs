//! A vault takes an account over with all it has and owes.

use super::wide::*;
use super::*;
use breakwater_liquidation::Fact;
use breakwater_liquidation::effects::Bearer;
use breakwater_money::Amount;
use proptest::prelude::*;

const VAULT: AccountId = D;

fn take_over(account: AccountId) -> Call {
    Call::TakeOver { account, vault: VAULT }
}

/// A is long BTC in USDT and short it in coin, on a little of everything.
fn short_of_margin() -> Pool {
    let mut pool = wide();
    pool.give(A, wide::USDT, 10_000 * ONE);
    pool.give(A, wide::ETH, one(wide::ETH) / 7);
    pool.give(VAULT, wide::USDT, 10_000_000 * ONE);
    pool.take(A, BTCUSDT, 2_000);
    pool.take(A, ETHUSD, -30);
    pool.mark(BTCUSDT, 450_100);
    pool
}

#[test]
fn the_vault_gets_positions_as_they_were_entered_and_margin() {
    let mut pool = short_of_margin();
    let health = pool.health(A);
    assert!(health.breach && health.equity > 0);
    let before = pool.health(VAULT).equity;
    let quotes = [BTCUSDT, ETHUSD].map(|contract| pool.side(A, contract));
    let effects = pool.call(&take_over(A)).unwrap();
    let told = Fact::TakenOver { account: A, vault: VAULT, equity: health.equity };
    assert_eq!(effects.facts, [told]);
    assert_eq!(pool.rows.holdings(A), []);
    assert_eq!((pool.own(VAULT, BTCUSDT), pool.own(VAULT, ETHUSD)), (2_000, -30));
    assert_eq!([BTCUSDT, ETHUSD].map(|contract| pool.side(VAULT, contract)), quotes);
    // Haircuts of the two are the same single slices: to a unit of the numeraire.
    assert!((pool.health(VAULT).equity - before).abs_diff(health.equity) <= 3);
    pool.sound();
    assert_eq!(pool.refused(&take_over(A)), Rejection::Healthy);
}

#[test]
fn only_an_account_in_breach_is_taken_over_and_not_by_itself() {
    let mut pool = short_of_margin();
    pool.mark(BTCUSDT, 500_000);
    let refused = pool.call(&take_over(A)).unwrap_err();
    assert_eq!(refused.rejection, Rejection::Healthy);
    assert!(refused.detail.contains("equity"), "{refused}");
    let own = Call::TakeOver { account: A, vault: A };
    assert_eq!(pool.refused(&own), Rejection::SelfDealing);
    let nobody = Call::TakeOver { account: A, vault: AccountId(9) };
    assert_eq!(pool.refused(&nobody), Rejection::UnknownAccount);
    // At the line and a few units to either side: a unit of USDT, less its haircut, is no whole one of
    // the numeraire.
    let mut pool = short_of_margin();
    pool.mark(BTCUSDT, 500_000);
    let add = |pool: &mut Pool, change| {
        pool.rows.add(Holder::Account(A), Unit::token(wide::USDT), change);
    };
    for _ in 0..3 {
        let health = pool.health(A);
        add(&mut pool, i128::try_from(health.requirement).unwrap() - health.equity);
    }
    let (equity, required) = (pool.health(A).equity, pool.health(A).requirement);
    assert!(equity.unsigned_abs().abs_diff(required) <= 1);
    for (more, taken) in [(3, false), (-3, true)] {
        add(&mut pool, more);
        let found = pool.look(|view| pool.rulebook.execute(view, &take_over(A)));
        assert_eq!(found.is_ok(), taken, "{more}");
        add(&mut pool, -more);
    }
}

#[test]
fn opposite_positions_net_and_realise_what_they_have_gained() {
    let mut pool = wide();
    for account in [A, VAULT] {
        pool.give(account, wide::USDT, 100_000 * ONE);
    }
    // The vault is short 5 from 50,000.0, A long 2 from 52,000.0; the mark is 2,000 below nothing.
    pool.take(VAULT, BTCUSDT, -5_000);
    pool.mark(BTCUSDT, 520_000);
    pool.take(A, BTCUSDT, 2_000);
    pool.mark(BTCUSDT, 10_000);
    let (own, others) = (pool.health(A), pool.health(VAULT));
    assert!(own.breach);
    pool.call(&take_over(A)).unwrap();
    assert_eq!((pool.own(VAULT, BTCUSDT), pool.side(VAULT, BTCUSDT)), (-3_000, 150_000_000_000));
    // Two of the short ones were closed at 52,000: a loss of 4,000.
    assert_eq!(pool.own(VAULT, wide::USDT), 200_000_000_000 - 4_000_000_000);
    assert!(
        pool.health(VAULT).equity.abs_diff(others.equity + own.equity) <= 20_000 * ONE / 10_000
    );
    assert_eq!(pool.sides(BTCUSDT), [(0, 0), (3_000, 3_000)]);
    pool.sound();
}

#[test]
fn below_zero_the_vault_bears_what_is_missing() {
    let mut pool = short_of_margin();
    pool.mark(BTCUSDT, 400_000);
    let equity = pool.health(A).equity;
    assert!(equity < 0);
    let effects = pool.call(&take_over(A)).unwrap();
    let value = equity.unsigned_abs();
    // In USDT, which is what it owes; at 1.0001 and up.
    let amount = Amount::new(wide::USDT, (value * 10_000).div_ceil(10_001));
    let told = [
        Fact::TakenOver { account: A, vault: VAULT, equity },
        Fact::Deficit { account: A, amount, value },
        Fact::Borne { account: A, bearer: Bearer::Vault, amount },
    ];
    assert_eq!(effects.facts, told);
    pool.sound();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    /// In the exact value of everything, without haircuts, the two together have what they had.
    #[test]
    fn nothing_is_lost_or_made_between_account_and_vault(seed in any::<u64>(), other in any::<u64>()) {
        let mut pool = super::wide_health::random_book(seed);
        let vaults = super::wide_health::random_book(other);
        pool.rows.accounts[VAULT.index()] = vaults.rows.accounts[A.index()].clone();
        for contract in CONTRACTS {
            for (column, (_, counted)) in (0u16..).zip(pool.sides(contract)) {
                let key = breakwater_liquidation::StateKey::Asset(contract, column);
                assert!(pool.state.set(key, breakwater_money::U256::from(counted)));
            }
        }
        prop_assume!(pool.health(A).breach);
        let equity = pool.health(A).equity;
        let amounts = |pool: &Pool| {
            let of = |asset| [A, VAULT].map(|a| pool.paid(a, asset)).iter().sum::<i128>();
            let size = |asset| [A, VAULT].map(|a| pool.own(a, asset)).iter().sum::<i128>();
            (MARGIN.map(of), CONTRACTS.map(size))
        };
        let before = amounts(&pool);
        let effects = pool.call(&take_over(A)).unwrap();
        prop_assert_eq!(amounts(&pool), before);
        prop_assert!(pool.rows.holdings(A).is_empty());
        prop_assert_eq!(effects.facts.len(), if equity < 0 { 3 } else { 1 });
        for contract in CONTRACTS {
            let (size, quote) = (pool.own(VAULT, contract), pool.side(VAULT, contract));
            let quote = if pool.terms(contract).buyer_pays() { quote } else { -quote };
            prop_assert!(size != 0 || quote == 0);
            prop_assert!(size.signum() * quote.signum() <= 0, "{contract}: {size} {quote}");
            for (column, counted) in pool.sides(contract) {
                prop_assert_eq!(column, counted);
            }
        }
    }
}
