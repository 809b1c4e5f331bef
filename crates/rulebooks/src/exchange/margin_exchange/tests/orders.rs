//! What open orders ask of margin, and which may be placed.

use super::wide::*;
use super::*;
use breakwater_liquidation::Order;

fn order(account: AccountId, contract: AssetId, change: i128, price: Price) -> Order {
    let (buy, quantity) = (change > 0, change.unsigned_abs());
    Order { account, contract, buy, quantity, price, reduce_only: false }
}

impl Pool {
    /// Whether the order may be placed; it stays if it may.
    fn place(&mut self, order: Order) -> Result<(), Rejected> {
        let number = u64::try_from(self.orders.len()).unwrap() + 1;
        self.orders.set(number, order);
        let asked = self.look(|view| self.rulebook.may_order(view, &order));
        if asked.is_err() {
            self.orders.remove(number);
        }
        asked
    }

    fn unplaced(&mut self, order: Order) -> Rejection {
        self.place(order).unwrap_err().rejection
    }
}

const PERP: AssetId = super::BTC;

/// 1 BTC is 400 USDT of margin in the first bracket (50,000 at 125), and 2 are 1,000 (at 100).
fn cash(deposit: u128) -> Pool {
    let mut pool = Pool::new();
    pool.deposit(A, deposit);
    pool
}

#[test]
fn orders_ask_for_the_larger_side_of_what_a_position_may_become() {
    let mut pool = cash(100_000 * ONE);
    pool.place(order(A, PERP, 1_000, btc(500_000))).unwrap();
    assert_eq!(pool.initial(A), 400 * ONE);
    // The other side is no larger: nothing more is asked.
    pool.place(order(A, PERP, -1_000, btc(500_000))).unwrap();
    assert_eq!(pool.initial(A), 400 * ONE);
    pool.place(order(A, PERP, -1_000, btc(500_000))).unwrap();
    assert_eq!(pool.initial(A), 1_000 * ONE);
    // Long 1: what the sales leave of it is short 1; what the purchase makes of it is long 2.
    pool.call(&trade(A, PERP, 1_000, btc(500_000))).unwrap();
    assert_eq!(pool.initial(A), 1_000 * ONE);
    pool.call(&trade(A, PERP, 1_000, btc(500_000))).unwrap();
    // Long 3 at 100: more than what the position itself needs.
    assert_eq!(pool.initial(A), 1_500 * ONE);
    // Another contract is another position.
    pool.place(order(A, super::ETH, 100_000_000, eth(200_000))).unwrap();
    assert_eq!(pool.initial(A), 1_516 * ONE);
    // Maintenance knows no orders.
    assert_eq!(pool.health(A).requirement, 450 * ONE);
}

#[test]
fn an_order_worse_than_the_mark_asks_for_what_it_would_lose_at_once() {
    for (change, price, lost) in [
        (1_000, 500_000, 0),
        (1_000, 499_999, 0),
        (1_000, 500_001, 100_000),
        (1_000, 510_000, 1_000 * ONE),
        (-1_000, 500_001, 0),
        (-1_000, 499_999, 100_000),
        (-1_000, 490_000, 1_000 * ONE),
    ] {
        for (cash_there, taken) in [(400 * ONE + lost, true), (400 * ONE + lost - 1, false)] {
            let mut pool = cash(cash_there);
            let found = pool.place(order(A, PERP, change, btc(price)));
            assert_eq!(found.is_ok(), taken, "{change} at {price} on {cash_there}");
            assert_eq!(pool.initial(A), if taken { 400 * ONE + lost } else { 0 });
            assert!(taken || found.unwrap_err().rejection == Rejection::BelowInitial);
        }
    }
    // Of an inverse contract a buyer gets the coin: a high price is the loss.
    let mut pool = wide();
    pool.give(A, wide::BTC, one(wide::BTC));
    pool.mark(BTCUSD, 500_000);
    let asked = |pool: &mut Pool, change, raw| {
        let price = Price::new(raw, 1);
        pool.place(order(A, BTCUSD, change, price)).unwrap();
        let asked = pool.initial(A);
        pool.orders = Orders::default();
        asked
    };
    // 500 contracts are a coin: at 125 and 0.005 % for its size, 0.805 % of it.
    let plain = 8_050 * 50_000;
    assert_eq!(asked(&mut pool, 500, 500_000), plain);
    assert_eq!(asked(&mut pool, 500, 400_000), plain);
    assert_eq!(asked(&mut pool, -500, 625_000), plain);
    // Bought at 62,500: 0.8 of a coin for what is worth one.
    assert_eq!(asked(&mut pool, 500, 625_000), plain + 10_000 * 1_000_000);
    // Sold at 49,000: 1.02040817 of a coin, rounded up, for what is worth one.
    assert_eq!(asked(&mut pool, -500, 490_000), plain + 2_040_817 * 500);
}

#[test]
fn a_fill_does_not_ask_twice_for_the_same_margin() {
    // Just enough for one: the order is there, then it fills; with the order still open beside the
    // position it would not.
    let mut pool = cash(400 * ONE);
    pool.place(order(A, PERP, 1_000, btc(500_000))).unwrap();
    assert_eq!(pool.refused(&trade(A, PERP, 1_000, btc(500_000))), Rejection::BelowInitial);
    pool.orders.set(1, order(A, PERP, 400, btc(500_000)));
    pool.call(&trade(A, PERP, 600, btc(500_000))).unwrap();
    assert_eq!(pool.initial(A), 400 * ONE);
    pool.orders.remove(1);
    pool.call(&trade(A, PERP, 400, btc(500_000))).unwrap();
    assert_eq!(pool.initial(A), 400 * ONE);
    // What orders ask for cannot be withdrawn.
    let mut pool = cash(500 * ONE);
    pool.place(order(A, PERP, 1_000, btc(500_000))).unwrap();
    let withdraw = |amount| Call::Withdraw { account: A, asset: super::USDT, amount };
    assert_eq!(pool.refused(&withdraw(100 * ONE + 1)), Rejection::BelowInitial);
    pool.call(&withdraw(100 * ONE)).unwrap();
}

#[test]
fn an_order_that_only_reduces_asks_for_nothing_and_may_be_no_larger_than_the_position() {
    let mut pool = cash(1_000 * ONE);
    pool.call(&trade(A, PERP, -2_000, btc(500_000))).unwrap();
    pool.rows.add(Holder::Account(A), Unit::token(super::USDT), -500 * 1_000_000);
    let reduces = |change| Order { reduce_only: true, ..order(A, PERP, change, btc(500_000)) };
    assert_eq!(pool.unplaced(order(A, PERP, 1_000, btc(500_000))), Rejection::BelowInitial);
    pool.place(reduces(2_000)).unwrap();
    assert_eq!(pool.unplaced(reduces(2_001)), Rejection::NotReduceOnly);
    assert_eq!(pool.unplaced(reduces(-1)), Rejection::NotReduceOnly);
    let other = Order { account: B, ..reduces(1) };
    assert_eq!(pool.unplaced(other), Rejection::NotReduceOnly);
    assert_eq!(pool.initial(A), 1_000 * ONE);
}

#[test]
fn an_order_is_within_the_limits_of_what_it_may_make() {
    let mut pool = wide();
    pool.give(A, wide::USDT, 900_000_000_000 * ONE);
    pool.give(B, wide::USDT, 900_000_000_000 * ONE);
    let price = pool.price(ETHUSDT);
    pool.take(A, ETHUSDT, 1_500_000);
    // At most two millions on either side: half a million more, or three and a half less.
    assert_eq!(pool.unplaced(order(A, ETHUSDT, 500_001, price)), Rejection::AbovePositionLimit);
    pool.place(order(A, ETHUSDT, 500_000, price)).unwrap();
    let reduces = Order { reduce_only: true, ..order(A, ETHUSDT, -1_000_000, price) };
    pool.place(reduces).unwrap();
    assert_eq!(pool.unplaced(order(A, ETHUSDT, 1, price)), Rejection::AbovePositionLimit);
    assert_eq!(pool.unplaced(order(A, ETHUSDT, -3_500_001, price)), Rejection::AbovePositionLimit);
    // An order that may only reduce makes no position.
    pool.place(order(A, ETHUSDT, -3_500_000, price)).unwrap();
    // Trades have the same limit, and all of one side three millions.
    pool.orders = Orders::default();
    assert_eq!(pool.refused(&trade(A, ETHUSDT, 500_001, price)), Rejection::AbovePositionLimit);
    pool.take(A, ETHUSDT, 500_000);
    assert_eq!(pool.refused(&trade(B, ETHUSDT, 1_000_001, price)), Rejection::AbovePositionLimit);
    pool.take(B, ETHUSDT, 1_000_000);
    // Closing is free whatever the limit, and so is the smaller side.
    pool.take(B, ETHUSDT, -3_000_000);
    pool.sound();
}

#[test]
fn options_are_bought_for_cash_and_written_by_the_formula() {
    // 4.5 BTC of puts in tenths, for 900.0 a BTC: 4,050 USDT, at 1.0001 USD each.
    let buys = |cash: u128| {
        let mut pool = wide();
        pool.give(A, wide::USDT, cash);
        let price = pool.price(PUT);
        (pool.call(&trade(A, PUT, 4_500, price)).is_ok(), pool)
    };
    let (bought, pool) = buys(4_051 * ONE);
    assert!(bought);
    assert_eq!((pool.health(A).requirement, pool.initial(A)), (0, 4_050_405_000));
    // What it is worth buys no more of it.
    let mut pool = pool;
    let price = pool.price(PUT);
    assert_eq!(pool.refused(&trade(A, PUT, 100, price)), Rejection::BelowInitial);
    assert!(!buys(4_050 * ONE).0);
    // The same of an order: as much as it may become, for its own price.
    let mut pool = wide();
    pool.give(A, wide::USDT, 5_000 * ONE);
    let dear = Price::new(10_000, 1);
    assert_eq!(pool.unplaced(order(A, PUT, 5_000, dear)), Rejection::BelowInitial);
    pool.place(order(A, PUT, 4_990, dear)).unwrap();
    assert_eq!(pool.initial(A), 4_990 * 1_000_100);
    // A short call of one coin: 0.15 less what it is out of the money, at least 0.1, in coin.
    let mut pool = wide();
    pool.give(A, wide::BTC, one(wide::BTC) / 5);
    let price = pool.price(CALL);
    // At 50,000 it is 5,000 out of the money, a tenth of a coin: 0.1 is the least.
    pool.place(order(A, CALL, -10, price)).unwrap();
    assert_eq!(pool.initial(A), 5_000 * 1_000_000);
    pool.orders = Orders::default();
    pool.take(A, CALL, -10);
    assert_eq!((pool.initial(A), pool.health(A).requirement), (5_000_000_000, 3_750_000_000));
    // The premium came in and is owed again: nothing was gained, and nothing is asked for twice.
    assert_eq!(pool.health(A).equity, 9_800_000_000);
    // One more is covered by what there is, and then no more.
    pool.take(A, CALL, -9);
    assert_eq!(pool.refused(&trade(A, CALL, -1, price)), Rejection::BelowInitial);
}

#[test]
fn orders_that_make_no_sense_are_refused() {
    let mut pool = wide();
    pool.give(A, wide::USDT, 1_000_000 * ONE);
    let price = pool.price(BTCUSDT);
    for (refused, expected) in [
        (order(A, BTCUSDT, 0, price), Rejection::AmountZero),
        (order(A, wide::BTC, 1, price), Rejection::BadParameter),
        (order(A, AssetId(99), 1, price), Rejection::UnknownAsset),
        (order(A, BTCUSDT, 1, Price::new(0, 1)), Rejection::BadParameter),
        (order(A, BTCUSDT, 1, Price::new(50_000, 0)), Rejection::BadParameter),
        (order(A, BTCUSDT, i128::MAX, price), Rejection::AboveLastTier),
        (order(A, BTCUSDT, 200_000_000_000_000, price), Rejection::AboveLastTier),
    ] {
        let found = pool.unplaced(refused);
        let overflow = found == Rejection::Overflow && refused.quantity > 1 << 100;
        assert!(found == expected || overflow, "{refused:?}: {found:?}");
    }
    pool.now = END;
    assert_eq!(pool.unplaced(order(A, DATED, 1, Price::new(505_000, 1))), Rejection::ContractEnded);
    let huge = Order { quantity: u128::MAX, ..order(A, BTCUSDT, 1, price) };
    assert_eq!(pool.unplaced(huge), Rejection::Overflow);
}
