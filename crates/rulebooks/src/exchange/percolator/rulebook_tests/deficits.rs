//! Losses: the fund, the index of the other side, and nobody singled out.

use super::*;
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{Fact, Touched};
use breakwater_money::{Amount, TransferCode};

/// A is long 9 from 100; B short 4, C short 3 and D short 2 stand against it, and are richer.
fn unequal(parameters: &str, accounts: usize) -> Pool {
    let mut pool = Pool::new(parameters, accounts);
    pool.deposit(A, 100 * ONE);
    for (account, capital, short) in [(B, 5_000, 4), (C, 900, 3), (D, 70, 2)] {
        pool.deposit(account, capital * ONE);
        pool.trade(A, account, BIG, short);
    }
    pool
}

#[test]
fn the_fund_pays_first_and_the_other_side_bears_the_rest_by_its_index() {
    let mut pool = unequal(&plain(), 4);
    pool.fund_insurance(7 * 1_000_000);
    // 15 lost on each of nine: 135 against a deposit of 100.
    pool.price(BIG, 8_500);
    assert_eq!(pool.equity(A), -35 * 1_000_000);
    let rows = pool.rows.accounts.clone();
    let effects = pool.does(&absorb(&[A]));
    pool.judge();
    let amount = |whole: u128| Amount::new(USDC, whole * ONE);
    let told = [
        Fact::Sold { account: A, sold: Amount::new(BIG, 9), proceeds: amount(765) },
        Fact::Deficit { account: A, amount: amount(35), value: 35 * ONE },
        Fact::Borne { account: A, bearer: Bearer::Insurance, amount: amount(7) },
        Fact::Borne { account: A, bearer: Bearer::Winners, amount: amount(28) },
    ];
    assert_eq!(effects.facts, told);
    assert_eq!(effects.touched, Touched::Everyone);
    assert_eq!((pool.insurance(), pool.own(A)), (0, 0));
    assert!(pool.rows.accounts[A.index()].is_empty());
    // Nobody else's row has changed.
    assert_eq!(pool.rows.accounts[1..], rows[1..]);
    // 28 over nine units is 3.111 a unit of 15 won; the side was closed whole.
    let gains = [(B, 5_000, 4), (C, 900, 3), (D, 70, 2)].map(|(account, capital, short)| {
        pool.equity(account) - capital * 1_000_000 - short * 15_000_000
    });
    assert_eq!(gains, [-12_444_445, -9_333_334, -6_222_223]);
    let dust = pool.dust();
    assert!((0..=3).contains(&dust), "{dust}");
    // Each then settles to just that, and all of it is backed.
    pool.does(&Call::Settle { contract: BIG });
    pool.judge();
    assert_eq!(pool.own(B), 5_060_000_000 - 12_444_445);
    assert_eq!(pool.residual(), dust);
}

#[test]
fn a_part_of_a_side_is_closed_by_its_scale_and_the_sides_then_differ() {
    let mut pool = unequal(&plain(), 5);
    let e = AccountId(4);
    pool.deposit(e, 400 * ONE);
    // E is long 5 beside A: open interest 14 on each side.
    pool.trade(e, B, BIG, 5);
    pool.price(BIG, 8_700);
    assert_eq!(pool.equity(A), -17 * 1_000_000);
    pool.does(&absorb(&[A]));
    pool.judge();
    // Nine of fourteen shorts are gone; the long side never scaled.
    assert_eq!(scales(&pool, BIG), (1_000_000_000_000_000, 357_142_857_142_857));
    assert_eq!(pool.market(BIG).short.open_interest, 5);
    assert_eq!(pool.market(BIG).long.open_interest, 5);
    let sizes = [B, C, D].map(|account| {
        let held = pool.standing(account).held[0];
        pool.market(BIG).short.worth(&held.position).unwrap().effective
    });
    // 9, 3 and 2 of 14 shares of 5, floored: 3.2, 1.07, 0.71. One unit is nobody's.
    assert_eq!(sizes, [3, 1, 0]);
    // Prices go on with sides that differ in all there is.
    for raw in [8_300, 9_100, 8_800] {
        pool.price(BIG, raw);
        pool.judge();
    }
    // Whoever's last unit was floored away is flat once touched, and is paid.
    pool.does(&Call::Settle { contract: BIG });
    pool.judge();
    assert!(pool.standing(D).held.is_empty());
    assert_eq!(pool.market(BIG).short.positions, 2);
    // A trade writes the bases anew.
    pool.trade(B, e, BIG, 1);
    pool.judge();
    assert_eq!(pool.balance(Holder::Account(B), Unit::token(BIG)), -2);
}

#[test]
fn one_unit_decides_between_the_fund_and_the_index() {
    for (fund, of_winners) in [(34_999_999, 1), (35_000_000, 0), (35_000_001, 0)] {
        let mut pool = unequal(&plain(), 4);
        pool.fund_insurance(fund);
        pool.price(BIG, 8_500);
        let effects = pool.does(&absorb(&[A]));
        pool.judge();
        assert_eq!(pool.insurance(), (fund - 35_000_000).max(0));
        let borne: u128 = effects
            .facts
            .iter()
            .map(|fact| match fact {
                Fact::Borne { bearer: Bearer::Winners, amount, .. } => amount.raw,
                _ => 0,
            })
            .sum();
        assert_eq!(borne, of_winners);
    }
}

#[test]
fn a_deficit_writes_as_much_state_with_ten_thousand_holders_as_with_ten() {
    let writes = |holders: usize| {
        let mut pool = Pool::new(&plain(), holders + 1);
        let bankrupt = AccountId(u32::try_from(holders).unwrap());
        pool.deposit(bankrupt, 100 * ONE * holders as u128);
        let accounts = (0..u32::try_from(holders).unwrap()).map(AccountId);
        for account in accounts {
            pool.deposit(account, 700 * ONE);
            pool.trade(bankrupt, account, BIG, 3);
        }
        pool.mark(BIG, 5_000);
        pool.wait(100);
        pool.accrue();
        assert!(pool.equity(bankrupt) < 0);
        let effects = pool.does(&absorb(&[bankrupt]));
        assert!(
            effects
                .facts
                .iter()
                .any(|fact| { matches!(fact, Fact::Borne { bearer: Bearer::Winners, .. }) })
        );
        let others = effects.moved_accounts();
        assert_eq!(others, [bankrupt]);
        (effects.state.len(), effects.transfers.len())
    };
    let (few, many) = (writes(10), writes(10_000));
    assert_eq!(few, many);
    assert!(few.0 <= super::super::market::COLUMNS.len() + 3 && few.1 <= 4, "{few:?}");
}

#[test]
fn a_flat_account_keeps_its_deposit_through_everything() {
    let mut pool = unequal(&plain(), 5);
    let flat = AccountId(4);
    pool.deposit(flat, 333 * ONE);
    for raw in [8_500, 4_000, 7_000] {
        pool.price(BIG, raw);
        for account in [A, B, C, D] {
            let _ = pool.call(&absorb(&[account]));
            pool.judge();
        }
        assert_eq!((pool.own(flat), pool.equity(flat)), (333_000_000, 333_000_000));
    }
    assert_eq!(pool.does(&withdraw(flat, u128::MAX)).transfers[0].amount, 333 * ONE);
    pool.judge();
}

#[test]
fn what_no_side_can_be_charged_is_what_profit_is_not_paid() {
    // A gains from B, leaves, and B's loss is found only then: nobody is on the other side.
    let mut pool = Pool::new(&plain(), 3);
    pool.deposit(A, 500 * ONE);
    pool.deposit(B, 100 * ONE);
    pool.deposit(C, 2_000 * ONE);
    pool.trade(A, B, BIG, 9);
    pool.price(BIG, 12_000);
    // C takes A's place; A has won 180, B has 100 to pay it with.
    pool.trade(C, A, BIG, 9);
    pool.judge();
    assert_eq!(pool.standing(A).profit(), 180 * ONE);
    assert_eq!(pool.residual(), 0);
    pool.does(&absorb(&[B]));
    pool.judge();
    // C is charged the 80 that B lacks: 8.888 a unit.
    assert_eq!(pool.equity(C), 1_919_999_999);
    let free = pool.does(&withdraw(A, u128::MAX)).transfers;
    // B's hundred are there; C pays the rest when it is touched.
    assert_eq!(free.iter().map(|t| t.amount).max(), Some(600 * ONE));
    pool.judge();
    assert_eq!((pool.own(A), pool.standing(A).profit()), (0, 0));
    // All of the profit was given up for the part that was backed, at 100 of 180.
    assert_eq!(pool.dust(), 80_000_001);
}

#[test]
fn a_loss_that_no_side_can_be_charged_is_what_profit_is_not_paid() {
    // B stands short against A from 100, then against C, who has bought A's 9 at 130 and is broke at
    // 116.80: B is closed by index, and found to owe only then.
    let mut pool = Pool::new(&plain(), 3);
    for (account, amount) in [(A, 5_000), (B, 910), (C, 1_179)] {
        pool.deposit(account, amount * ONE / 10);
    }
    pool.trade(A, B, BIG, 9);
    pool.price(BIG, 13_000);
    pool.trade(C, A, BIG, 9);
    pool.price(BIG, 11_680);
    pool.does(&absorb(&[C]));
    pool.judge();
    let short = pool.market(BIG).short;
    assert_eq!((short.open_interest, short.positions, short.stale), (0, 0, 1));
    let health = pool.health(B);
    assert_eq!((health.equity, health.requirement, health.breach), (-61_100_000, 0, true));
    // Until it is found, the side takes nobody on.
    let price = pool.market(BIG).used();
    assert_eq!(pool.refuses(&trade(C, A, BIG, 1, price)), Rejection::Paused);
    let mut by_anyone = pool;
    assert!(by_anyone.ask(&absorb(&[B])).is_ok());
    let effects = by_anyone.does(&Call::WriteOff { account: B });
    let pool = &mut by_anyone;
    pool.judge();
    let amount = Amount::new(USDC, 61_100_000);
    let told = [
        Fact::Deficit { account: B, amount, value: amount.raw },
        Fact::Borne { account: B, bearer: Bearer::Winners, amount },
    ];
    assert_eq!(effects.facts, told);
    assert_eq!((pool.pool_column(LOST), pool.equity(B)), (61_100_000, 0));
    // A has won 270, of which 117.9 and 91 were paid.
    assert_eq!((pool.standing(A).profit(), pool.residual()), (270 * ONE, 208_900_000));
    let paid = pool.does(&withdraw(A, u128::MAX));
    pool.judge();
    assert_eq!(paid.net(Holder::External, USDC), 708_900_000);
    assert_eq!(pool.residual(), 0);
}

#[test]
fn a_fund_that_covers_a_part_of_a_flat_accounts_debt_pays_that_part() {
    for (fund, lost) in [(61_099_999, 1), (61_100_000, 0), (61_100_001, 0)] {
        let mut pool = Pool::new(&plain(), 3);
        for (account, amount) in [(A, 5_000), (B, 910), (C, 1_179)] {
            pool.deposit(account, amount * ONE / 10);
        }
        pool.trade(A, B, BIG, 9);
        pool.price(BIG, 13_000);
        pool.trade(C, A, BIG, 9);
        pool.price(BIG, 11_680);
        pool.does(&absorb(&[C]));
        pool.fund_insurance(fund);
        pool.does(&absorb(&[B]));
        pool.judge();
        assert_eq!((pool.pool_column(LOST), pool.insurance()), (lost, (fund - 61_100_000).max(0)));
    }
}

#[test]
fn what_is_left_open_against_an_empty_side_is_closed_at_the_price_in_use() {
    let mut pool = unequal(&plain(), 5);
    let e = AccountId(4);
    pool.deposit(e, 400 * ONE);
    pool.trade(e, B, BIG, 5);
    pool.price(BIG, 8_700);
    pool.does(&absorb(&[A]));
    // 3 and 1 of E's 5 are bought by B and C; the fifth stood against fractions.
    pool.trade(B, e, BIG, 3);
    pool.trade(C, e, BIG, 1);
    pool.judge();
    assert_eq!(pool.market(BIG).long.open_interest, 1);
    pool.does(&Call::Settle { contract: BIG });
    pool.judge();
    let market = pool.market(BIG);
    assert_eq!((market.long.open_interest, market.short.open_interest), (0, 0));
    let before = pool.equity(e);
    pool.price(BIG, 8_000);
    assert_eq!(pool.equity(e), before);
    pool.does(&Call::Settle { contract: BIG });
    assert!(pool.standing(e).held.is_empty());
    pool.trade(e, B, BIG, 2);
    pool.judge();
}

#[test]
fn two_bankrupts_in_one_call_each_find_their_bearers() {
    let mut pool = unequal(&plain(), 6);
    let (e, rich) = (AccountId(4), AccountId(5));
    pool.deposit(e, 30 * ONE);
    pool.deposit(rich, 9_000 * ONE);
    pool.trade(e, rich, BIG, 2);
    pool.trade(rich, B, BIG, 7);
    pool.price(BIG, 8_000);
    assert!(pool.equity(A) < 0 && pool.equity(e) < 0);
    let effects = pool.does(&absorb(&[e, A]));
    pool.judge();
    let deficits = effects.facts.iter().filter(|fact| matches!(fact, Fact::Deficit { .. }));
    assert_eq!(deficits.count(), 2);
    assert_eq!(pool.refuses(&absorb(&[A])), Rejection::Healthy);
}

#[test]
fn a_deficit_of_several_contracts_is_charged_by_value_closed() {
    let mut pool = Pool::new(&plain(), 3);
    pool.deposit(A, 60 * ONE);
    pool.deposit(B, 3_000 * ONE);
    pool.deposit(C, 3_000 * ONE);
    pool.trade(A, B, BIG, 3);
    pool.trade(A, C, FINE, 10_000_000_000);
    pool.price(BIG, 8_000);
    pool.price(FINE, 18_000_000);
    // 60 and 20 lost of 60: 20 is lacking, over 240 and 180 of value.
    assert_eq!(pool.equity(A), -20_000_000);
    let (b, c) = (pool.equity(B), pool.equity(C));
    pool.does(&absorb(&[A]));
    pool.judge();
    assert_eq!((b - pool.equity(B), c - pool.equity(C)), (11_428_572, 8_571_429));
}

#[test]
fn the_fee_has_a_least_and_a_most_and_takes_no_more_than_the_deposit() {
    let with = |least: &str, most: &str| {
        let text = plain().replace("fee_min = \"0\"", &format!("fee_min = \"{least}\""));
        text.replace("fee_max = \"50000\"", &format!("fee_max = \"{most}\""))
    };
    // 9 at 89.50: 805.5, of which 0.5 % is 4.0275; 5.5 of the deposit are left.
    for (least, most, fee) in [
        ("0", "50000", 4_027_500),
        ("4.0275", "50000", 4_027_500),
        ("4.027501", "50000", 4_027_501),
        ("0", "4.027499", 4_027_499),
        ("6", "6", 5_500_000),
    ] {
        let mut pool = unequal(&with(least, most), 4);
        pool.price(BIG, 8_950);
        let effects = pool.does(&fill(A, BIG, 9));
        pool.judge();
        assert_eq!(pool.insurance(), fee, "{least} {most}");
        assert_eq!(pool.own(A), 5_500_000 - fee);
        assert!(effects.transfers.iter().any(|t| t.code == TransferCode::Fee));
        assert!(!effects.facts.iter().any(|fact| matches!(fact, Fact::Deficit { .. })));
    }
}

#[test]
fn a_part_must_leave_the_account_above_its_maintenance() {
    let mut pool = unequal(&plain(), 4);
    // 95 of the deposit are lost at 89.45; what is left of 5.05 must be above 5 % of the rest.
    pool.price(BIG, 8_945);
    assert!(pool.health(A).breach);
    // Eight closed cost a fee of 3.578, and 1.472 is below the 4.4725 of the one left.
    assert_eq!(pool.refuses(&fill(A, BIG, 8)), Rejection::BelowInitial);
    for (quantity, expected) in [(0, Rejection::AmountZero), (10, Rejection::NotReduceOnly)] {
        assert_eq!(pool.refuses(&fill(A, BIG, quantity)), expected);
    }
    // With a deposit more, seven are enough.
    pool.deposit(A, 20 * ONE);
    assert!(pool.health(A).breach);
    pool.does(&fill(A, BIG, 7));
    pool.judge();
    assert!(!pool.health(A).breach);
    // 2 of 9 shorts are left.
    assert_eq!(scales(&pool, BIG).1, 222_222_222_222_222);
}
