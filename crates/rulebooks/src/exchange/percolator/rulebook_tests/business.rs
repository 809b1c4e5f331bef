//! Money in and out, trades, and the lines that they stop at.

use super::*;
use breakwater_liquidation::Fact;
use breakwater_money::Amount;

/// A long 5 against B from 100, on these deposits.
fn pair(parameters: &str, long: u128, short: u128) -> Pool {
    let mut pool = Pool::new(parameters, 4);
    pool.deposit(A, long);
    pool.deposit(B, short);
    pool.trade(A, B, BIG, 5);
    pool
}

#[test]
fn new_risk_must_be_covered_by_the_initial_margin_to_the_unit() {
    let at = |deposit| {
        let mut pool = Pool::new(&plain(), 2);
        pool.deposit(A, deposit);
        pool.deposit(B, 1_000 * ONE);
        let call = trade(A, B, BIG, 5, Price::new(10_000, 2));
        pool.call(&call).map_err(|rejected| rejected.rejection).map(|_| ())
    };
    // 10 % of 500.
    assert_eq!(at(50 * ONE), Ok(()));
    assert_eq!(at(50 * ONE + 1), Ok(()));
    assert_eq!(at(50 * ONE - 1), Err(Rejection::BelowInitial));
}

#[test]
fn a_price_better_than_the_one_in_use_does_not_cover_its_own_trade() {
    let mut pool = Pool::new(&plain(), 3);
    pool.deposit(A, 49 * ONE);
    pool.deposit(B, 1_000 * ONE);
    // A buys 5 at 90: it gains 50 at once, and is still one short.
    let call = trade(A, B, BIG, 5, Price::new(9_000, 2));
    assert_eq!(pool.refuses(&call), Rejection::BelowInitial);
    pool.deposit(A, ONE);
    let effects = pool.does(&call);
    pool.judge();
    let (quantity, price) = (Amount::new(BIG, 5), Price::new(9_000, 2));
    assert_eq!(effects.facts, [Fact::Traded { buyer: A, seller: B, quantity, price }]);
    // The gain is a claim on what B has paid.
    assert_eq!((pool.standing(A).profit(), pool.residual()), (50 * ONE, 50_000_000));
    assert_eq!((pool.own(B), pool.standing(B).pnl), (950_000_000, 0));
    // A unit of slippage is rounded down for the buyer and what it gets is what the seller gives.
    let mut pool = Pool::new(&plain(), 2);
    pool.deposit(A, 100 * ONE);
    pool.deposit(B, 100 * ONE);
    pool.does(&trade(A, B, FINE, 1_500, Price::new(20_000_001, 6)));
    assert_eq!((pool.equity(A), pool.equity(B)), (99_999_999, 100_000_001));
    pool.judge();
}

#[test]
fn whoever_only_reduces_may_below_the_initial_margin_but_not_sink() {
    let mut pool = pair(&plain(), 60 * ONE, 1_000 * ONE);
    pool.deposit(C, 1_000 * ONE);
    pool.price(BIG, 9_300);
    // 25 of 465: below the initial margin, above maintenance.
    assert_eq!(pool.equity(A), 25_000_000);
    let price = Price::new(9_300, 2);
    assert_eq!(pool.refuses(&trade(A, C, BIG, 1, price)), Rejection::BelowInitial);
    pool.does(&trade(C, A, BIG, 2, price));
    pool.judge();
    // In breach, a sale that frees more than it costs is taken and one that costs more is not.
    pool.price(BIG, 8_800);
    assert!(pool.health(A).breach);
    assert_eq!(pool.equity(A), 10_000_000);
    let sale = |raw| trade(C, A, BIG, 1, Price::new(raw, 2));
    // One of three at 88 frees 4.4.
    assert_eq!(pool.refuses(&sale(8_360)), Rejection::BelowInitial);
    assert!(pool.ask(&sale(8_361)).is_ok());
    // To close whole it must not end below zero.
    let all = |raw| trade(C, A, BIG, 3, Price::new(raw, 2));
    assert!(pool.ask(&all(8_467)).is_ok());
    assert_eq!(pool.refuses(&all(8_466)), Rejection::BelowInitial);
    // Through zero to the other side is new risk: 10 cover one short and not two.
    assert!(pool.ask(&trade(C, A, BIG, 4, Price::new(8_800, 2))).is_ok());
    assert_eq!(pool.refuses(&trade(C, A, BIG, 5, Price::new(8_800, 2))), Rejection::BelowInitial);
}

#[test]
fn fees_of_a_trade_go_to_the_fund_and_never_beyond_the_deposit() {
    let mut pool = Pool::new(&plain().replace("trading_fee_bps = 0", "trading_fee_bps = 10"), 3);
    pool.deposit(A, 60 * ONE);
    pool.deposit(B, 200 * ONE);
    pool.trade(A, B, BIG, 5);
    pool.judge();
    // 0.1 % of 500 of each.
    assert_eq!((pool.own(A), pool.own(B), pool.insurance()), (59_500_000, 199_500_000, 1_000_000));
}

#[test]
fn a_trade_through_zero_closes_and_opens() {
    let mut pool = pair(&plain(), 200 * ONE, 300 * ONE);
    pool.price(BIG, 10_400);
    pool.trade(B, A, BIG, 8);
    pool.judge();
    let size = |account| pool.balance(Holder::Account(account), Unit::token(BIG));
    assert_eq!((size(A), size(B)), (-3, 3));
    assert_eq!((pool.equity(A), pool.equity(B)), (220_000_000, 280_000_000));
    let market = pool.market(BIG);
    assert_eq!((market.long.open_interest, market.short.open_interest), (3, 3));
    pool.trade(A, B, BIG, 3);
    pool.judge();
    assert!(pool.standing(A).held.is_empty() && pool.standing(B).held.is_empty());
    // Flat and backed: profit has become capital.
    assert_eq!((pool.own(A), pool.standing(A).pnl, pool.residual()), (220_000_000, 0, 0));
}

#[test]
fn profit_waits_and_is_then_paid_at_what_is_backed() {
    let mut pool =
        pair(&plain().replace("warmup_slots = 0", "warmup_slots = 100"), 90 * ONE, 70 * ONE);
    pool.price(BIG, 11_000);
    pool.deposit(C, 500 * ONE);
    pool.trade(C, A, BIG, 5);
    pool.judge();
    // 50 won and none of it released; B has not been touched, so none is backed either.
    assert_eq!((pool.standing(A).profit(), pool.standing(A).released()), (50 * ONE, 0));
    assert_eq!(pool.refuses(&withdraw(A, 90 * ONE + 1)), Rejection::InsufficientBalance);
    pool.wait(50);
    let half = withdraw(A, 90 * ONE + 1);
    assert_eq!(pool.refuses(&half), Rejection::InsufficientBalance);
    // B's loss is paid when it is touched: 50 are there for 50, of which half is released.
    pool.does(&Call::Settle { contract: BIG });
    pool.judge();
    assert_eq!(pool.residual(), 50_000_000);
    assert_eq!(pool.refuses(&withdraw(A, 115 * ONE + 1)), Rejection::InsufficientBalance);
    pool.does(&withdraw(A, 115 * ONE));
    pool.judge();
    pool.wait(50);
    pool.does(&withdraw(A, u128::MAX));
    pool.judge();
    assert_eq!((pool.residual(), pool.equity(A)), (0, 0));
}

#[test]
fn profit_of_all_together_is_cut_in_one_proportion() {
    let mut pool = Pool::new(&plain(), 4);
    for (account, amount) in [(A, 400), (B, 30), (C, 700), (D, 2_000)] {
        pool.deposit(account, amount * ONE);
    }
    pool.trade(A, B, BIG, 1);
    pool.trade(C, B, BIG, 2);
    pool.price(BIG, 13_000);
    // D takes over both; B has lost 90 and can pay 30.
    pool.trade(D, A, BIG, 1);
    pool.trade(D, C, BIG, 2);
    pool.does(&Call::Settle { contract: BIG });
    pool.judge();
    assert_eq!((pool.residual(), pool.standing(B).owed()), (30_000_000, 60 * ONE));
    assert_eq!(pool.standing(A).profit() + pool.standing(C).profit(), 90 * ONE);
    // A third each; A first, and C no worse for it.
    assert_eq!(pool.refuses(&withdraw(A, 410 * ONE + 1)), Rejection::InsufficientBalance);
    pool.does(&withdraw(A, 410 * ONE));
    pool.judge();
    assert_eq!(pool.refuses(&withdraw(C, 720 * ONE + 1)), Rejection::InsufficientBalance);
    // A part of it costs claims in proportion, rounded up.
    pool.does(&withdraw(C, 700 * ONE + 1));
    assert_eq!(pool.standing(C).profit(), 60 * ONE - 3);
    pool.does(&withdraw(C, u128::MAX));
    pool.judge();
    assert_eq!(pool.residual(), 0);
}

#[test]
fn what_an_open_position_needs_stays() {
    let mut pool = pair(&plain(), 80 * ONE, 1_000 * ONE);
    assert_eq!(pool.refuses(&withdraw(A, 30 * ONE + 1)), Rejection::BelowInitial);
    assert!(pool.ask(&withdraw(A, 30 * ONE)).is_ok());
    let all = pool.does(&withdraw(A, u128::MAX));
    assert_eq!(all.transfers[0].amount, 30 * ONE);
    pool.judge();
    assert_eq!(pool.refuses(&withdraw(A, u128::MAX)), Rejection::InsufficientBalance);
    // Profit that is not backed yet does not count.
    pool.price(BIG, 10_400);
    assert_eq!(pool.refuses(&withdraw(A, 1)), Rejection::BelowInitial);
    pool.does(&Call::Settle { contract: BIG });
    // 50 + 20 over 52: 18 of it may go, all from capital.
    assert_eq!(pool.refuses(&withdraw(A, 18 * ONE + 1)), Rejection::BelowInitial);
    pool.does(&withdraw(A, 18 * ONE));
    pool.judge();
}

#[test]
fn nothing_is_extracted_while_a_price_has_yet_to_reach_its_mark() {
    let mut pool = pair(&plain(), 80 * ONE, 1_000 * ONE);
    pool.deposit(C, 10 * ONE);
    pool.mark(BIG, 10_100);
    for account in [A, B] {
        assert_eq!(pool.refuses(&withdraw(account, 1)), Rejection::Paused);
    }
    // A flat account's own capital is nobody's; beyond it there is nothing.
    assert!(pool.ask(&withdraw(C, 10 * ONE)).is_ok());
    assert_eq!(pool.refuses(&withdraw(C, 10 * ONE + 1)), Rejection::Paused);
    pool.wait(2);
    assert!(pool.ask(&withdraw(B, 1)).is_ok());
}

#[test]
fn a_deposit_pays_what_is_owed_first() {
    let mut pool = pair(&plain(), 60 * ONE, 1_000 * ONE);
    pool.price(BIG, 8_600);
    pool.does(&Call::Settle { contract: BIG });
    pool.judge();
    assert_eq!((pool.own(A), pool.standing(A).owed()), (0, 10 * ONE));
    pool.deposit(A, 4 * ONE);
    pool.judge();
    assert_eq!((pool.own(A), pool.standing(A).owed()), (0, 6 * ONE));
    pool.does(&Call::Import { account: A, asset: USDC, collateral: 60 * ONE, debt: 0 });
    pool.judge();
    assert_eq!((pool.own(A), pool.equity(A)), (54_000_000, 54_000_000));
    assert_eq!(pool.residual(), 70_000_000);
}

#[test]
fn funding_moves_from_one_side_to_the_other() {
    for (rate_e12, moved) in [(10_000_000_000i64, 5), (-10_000_000_000, -5)] {
        let mut pool = pair(&plain(), 80 * ONE, 1_000 * ONE);
        let effects = pool.does(&Call::Fund { contract: BIG, rate_e12 });
        pool.judge();
        let paid = Amount::new(USDC, 5 * ONE);
        assert_eq!(effects.facts, [Fact::Charged { asset: BIG, rate_e12, paid }]);
        assert_eq!(pool.equity(A), 80_000_000 - moved * 1_000_000);
        assert_eq!(pool.equity(B), 1_000_000_000 + moved * 1_000_000);
        assert_eq!(pool.dust(), 0);
    }
    let pool = pair(&plain(), 80 * ONE, 1_000 * ONE);
    for rate_e12 in [0, 10_000_000_001, i64::MIN] {
        let call = Call::Fund { contract: BIG, rate_e12 };
        assert_eq!(pool.refuses(&call), Rejection::BadParameter);
    }
    assert_eq!(pool.refuses(&Call::Fund { contract: FINE, rate_e12: 1 }), Rejection::ZeroBurn);
}

#[test]
fn what_cannot_be_is_refused_by_class() {
    let pool = pair(&plain(), 80 * ONE, 1_000 * ONE);
    let price = Price::new(10_000, 2);
    let stranger = AccountId(9);
    let deposit = |account, asset, amount| Call::Deposit { account, asset, amount };
    let outside = Call::Trade { buyer: Some(A), seller: None, contract: BIG, quantity: 1, price };
    let elsewhere =
        Call::Fill { account: A, asset: BIG, quantity: 1, proceeds: 1, proceeds_asset: COIN };
    for (call, expected) in [
        (deposit(A, USDC, 0), Rejection::AmountZero),
        (deposit(A, COIN, 1), Rejection::NotCollateral),
        (deposit(A, BIG, 1), Rejection::NotCollateral),
        (deposit(A, AssetId(77), 1), Rejection::UnknownAsset),
        (deposit(stranger, USDC, 1), Rejection::UnknownAccount),
        (deposit(A, USDC, u128::MAX), Rejection::Overflow),
        (Call::Import { account: A, asset: USDC, collateral: 1, debt: 1 }, Rejection::BadParameter),
        (withdraw(A, 0), Rejection::AmountZero),
        (withdraw(C, 1), Rejection::InsufficientBalance),
        (outside, Rejection::BadParameter),
        (trade(A, A, BIG, 1, price), Rejection::SelfDealing),
        (trade(A, B, BIG, 0, price), Rejection::AmountZero),
        (trade(A, B, BIG, u128::MAX, price), Rejection::Overflow),
        (trade(A, B, COIN, 1, price), Rejection::BadParameter),
        (trade(A, B, BIG, 1, Price::new(0, 2)), Rejection::BadParameter),
        (trade(A, B, BIG, 1, Price::new(1, 3)), Rejection::BadParameter),
        (elsewhere, Rejection::BadParameter),
        (fill(A, COIN, 1), Rejection::BadParameter),
        (fill(C, BIG, 1), Rejection::NotReduceOnly),
        (absorb(&[]), Rejection::AmountZero),
        (absorb(&[A]), Rejection::Healthy),
        (absorb(&[C]), Rejection::Healthy),
        (absorb(&[stranger]), Rejection::UnknownAccount),
        (Call::WriteOff { account: A }, Rejection::NothingToSell),
        (Call::Settle { contract: COIN }, Rejection::BadParameter),
        (Call::Borrow { account: A, asset: USDC, amount: 1 }, Rejection::Unsupported),
    ] {
        assert_eq!(pool.refuses(&call), expected, "{call:?}");
    }
}

#[test]
fn a_side_that_drains_or_settles_takes_no_new_position() {
    let mut pool = pair(&plain(), 500 * ONE, 9_000 * ONE);
    pool.deposit(C, 99 * ONE);
    pool.deposit(D, 5_000 * ONE);
    // C is 9 of the longs' 14 and goes bankrupt: shorts go to 0.357, then C again to 0.0x.
    pool.trade(C, D, BIG, 9);
    pool.price(BIG, 8_900);
    pool.does(&absorb(&[C]));
    pool.judge();
    for _ in 0..2 {
        pool.deposit(C, 99 * ONE);
        pool.trade(C, D, BIG, 9);
        let down = pool.market(BIG).price * 89 / 100;
        pool.price(BIG, down);
        pool.does(&absorb(&[C]));
        pool.judge();
    }
    let market = pool.market(BIG);
    assert!(market.short.scale_e15 < 100_000_000_000_000, "{:?}", market.short);
    pool.deposit(C, 99 * ONE);
    let price = market.used();
    assert_eq!(pool.refuses(&trade(C, D, BIG, 1, price)), Rejection::Paused);
    // Closing goes on, and so does the other side.
    let before = pool.market(BIG).long.open_interest;
    pool.trade(D, A, BIG, 1);
    pool.judge();
    assert_eq!(pool.market(BIG).long.open_interest, before - 1);
    // Whoever's last unit was floored away is flat: what it buys is a new long, on the side that is open.
    pool.trade(B, A, BIG, 1);
    pool.judge();
    assert_eq!(pool.balance(Holder::Account(B), Unit::token(BIG)), 1);
}
