//! What the engine asks of the rule when an account is liquidated.

use super::*;
use breakwater_liquidation::Fact;
use breakwater_money::{Amount, TransferCode};

/// Long (or short) 10 BTC from 50,000 on 6,000 USDT, in the second bracket.
fn under_water(side: i128) -> Pool {
    let mut pool = Pool::new();
    pool.deposit(A, 6_000 * ONE);
    pool.call(&trade(A, BTC, side * 10_000, btc(500_000))).unwrap();
    pool
}

#[test]
fn a_fill_reduces_realises_and_pays_the_clearance_fee_to_the_fund() {
    for (side, price) in [(1, 49_800), (-1, 50_200)] {
        let mut pool = under_water(side);
        // 4.000 BTC at 200 against the entry: a loss of 800. The fee is 1.25 % of the value.
        let proceeds = 4 * price * ONE;
        let effects = pool.call(&fill(A, BTC, 4_000, proceeds)).unwrap();
        let fee = i128::try_from(proceeds / 80).unwrap();
        assert_eq!(pool.fund(), fee);
        assert_eq!(pool.cash(A), 6_000 * 1_000_000 - 800 * 1_000_000 - fee);
        assert_eq!(pool.size(A, BTC), side * 6_000);
        assert_eq!(pool.quote(A, BTC), -side * 300_000 * 1_000_000);
        let sold = Amount::new(BTC, 4_000);
        let told = Fact::Sold { account: A, sold, proceeds: Amount::new(USDT, proceeds) };
        assert_eq!(effects.facts, [told]);
        assert!(pool.sums().values().all(|sum| *sum == 0));
    }
}

#[test]
fn the_fee_is_raised_to_a_unit_and_never_takes_more_than_the_cash_left() {
    let mut pool = under_water(1);
    // 1.25 % of 81 units is 1.0125: 2.
    pool.call(&fill(A, BTC, 1, 81)).unwrap();
    assert_eq!(pool.fund(), 2);
    // A sale at 49,400.1 leaves one USDT, less than the fee: all of it is taken.
    let mut pool = under_water(1);
    pool.call(&fill(A, BTC, 10_000, 494_001 * ONE)).unwrap();
    assert_eq!((pool.cash(A), pool.fund()), (0, 1_000_000));
    // Below zero nothing is taken.
    let mut pool = under_water(1);
    let effects = pool.call(&fill(A, BTC, 10_000, 493_999 * ONE)).unwrap();
    assert_eq!((pool.cash(A), pool.fund()), (-1_000_000, 0));
    assert!(effects.transfers.iter().all(|t| t.code != TransferCode::Fee));
    // A sale for nothing is a sale.
    let mut pool = under_water(1);
    pool.call(&fill(A, BTC, 10_000, 0)).unwrap();
    assert_eq!(pool.cash(A), -494_000 * 1_000_000);
}

#[test]
fn a_fill_only_reduces() {
    let mut pool = under_water(-1);
    assert_eq!(pool.refused(&fill(A, BTC, 10_001, ONE)), Rejection::NotReduceOnly);
    assert_eq!(pool.refused(&fill(A, BTC, 0, 0)), Rejection::AmountZero);
    assert_eq!(pool.refused(&fill(A, ETH, 1, ONE)), Rejection::NotReduceOnly);
    assert_eq!(pool.refused(&fill(B, BTC, 1, ONE)), Rejection::NotReduceOnly);
    assert_eq!(pool.refused(&fill(A, COIN, 1, ONE)), Rejection::BadParameter);
    assert_eq!(pool.refused(&fill(A, BTC, 1, u128::MAX)), Rejection::Overflow);
    let mut call = fill(A, BTC, 1, ONE);
    if let Call::Fill { proceeds_asset, .. } = &mut call {
        *proceeds_asset = COIN;
    }
    assert_eq!(pool.refused(&call), Rejection::BadParameter);
}

#[test]
fn what_is_owed_without_a_position_is_booked_and_nothing_else_is() {
    let mut pool = under_water(1);
    let write_off = Call::WriteOff { account: A };
    assert_eq!(pool.refused(&write_off), Rejection::NothingToSell);
    assert_eq!(pool.refused(&Call::WriteOff { account: B }), Rejection::NothingToSell);
    pool.call(&fill(A, BTC, 10_000, 493_000 * ONE)).unwrap();
    let health = pool.health(A);
    assert!(health.breach && health.requirement == 0 && health.shortfall == 1_000 * ONE);
    let effects = pool.call(&write_off).unwrap();
    let amount = Amount::new(USDT, 1_000 * ONE);
    let told = Fact::Deficit { account: A, amount, value: 1_000 * ONE };
    assert_eq!(effects.facts, [told]);
    assert_eq!(pool.cash(A), 0);
    let outstanding = pool.rows.balance(Holder::Outstanding, Unit::token(USDT));
    assert_eq!(outstanding, -1_000 * 1_000_000);
    assert_eq!(pool.refused(&write_off), Rejection::NothingToSell);
    assert!(!pool.health(A).breach);
}

fn deleverage(winners: &[(AccountId, u128)], price: Price) -> Call {
    Call::Deleverage { account: A, contract: BTC, winners: winners.to_vec(), price }
}

/// A is long 10 BTC, B short 7 and C short 5 from other prices, D long 1.
fn bankrupt() -> Pool {
    let mut pool = under_water(1);
    for (account, change, price) in
        [(B, -7_000, 520_003), (C, -5_000, 499_999), (D, 1_000, 500_000)]
    {
        pool.deposit(account, 40_000 * ONE);
        pool.call(&trade(account, BTC, change, btc(price))).unwrap();
    }
    pool.mark(BTC, 490_000);
    pool
}

#[test]
fn winners_close_against_the_bankrupt_at_one_price_and_without_a_fee() {
    let mut pool = bankrupt();
    assert_eq!(pool.health(A).equity, -4_000 * 1_000_000);
    // At 49,400 A's equity is exactly nothing.
    let call = deleverage(&[(B, 7_000), (C, 3_000)], btc(494_000));
    let effects = pool.call(&call).unwrap();
    assert_eq!((pool.size(A, BTC), pool.quote(A, BTC), pool.cash(A)), (0, 0, 0));
    assert_eq!((pool.size(B, BTC), pool.quote(B, BTC)), (0, 0));
    // 7 BTC from 52,000.3 to 49,400.
    assert_eq!(pool.cash(B), (40_000 * 10 + 7 * 26_003) * 100_000);
    // 3 BTC from 49,999.9 to 49,400; two stay at their entry.
    assert_eq!(pool.cash(C), (40_000 * 10 + 3 * 5_999) * 100_000);
    assert_eq!((pool.size(C, BTC), pool.quote(C, BTC)), (-2_000, 2 * 499_999 * 100_000));
    assert_eq!((pool.fund(), effects.facts.len()), (0, 2));
    assert!(pool.sums().values().all(|sum| *sum == 0));
}

#[test]
fn deleveraging_only_reduces_on_both_sides_and_only_the_bankrupt() {
    let mut pool = bankrupt();
    let price = btc(494_000);
    for (winners, expected) in [
        (vec![], Rejection::AmountZero),
        (vec![(B, 0)], Rejection::AmountZero),
        (vec![(A, 1)], Rejection::SelfDealing),
        (vec![(B, 7_001)], Rejection::NotReduceOnly),
        (vec![(D, 1)], Rejection::NotReduceOnly),
        (vec![(B, 7_000), (C, 3_001)], Rejection::NotReduceOnly),
        (vec![(B, 1), (B, 1)], Rejection::BadParameter),
    ] {
        assert_eq!(pool.refused(&deleverage(&winners, price)), expected, "{winners:?}");
    }
    let scaled = deleverage(&[(B, 1)], Price::new(49_400, 0));
    assert_eq!(pool.refused(&scaled), Rejection::BadParameter);
    let token = Call::Deleverage { account: A, contract: COIN, winners: vec![(B, 1)], price };
    assert_eq!(pool.refused(&token), Rejection::BadParameter);
    pool.mark(BTC, 494_000);
    assert_eq!(pool.refused(&deleverage(&[(B, 1)], price)), Rejection::Healthy);
}
