//! Health, what prices and time do to it, and the price at which it ends.

use super::*;
use breakwater_money::{Rational, rational};
use proptest::prelude::*;

/// A supplies one ETH, which may owe 1,600, and owes `debt` base units of the dollar.
fn pool(debt: u128) -> Pool {
    let mut pool = Pool::new();
    pool.import(A, ETH, ONE_ETH, 0);
    pool.import(A, USD, 0, debt);
    pool
}

#[test]
fn exact_equality_is_healthy_and_a_unit_to_either_side_decides() {
    let one = 1_000_000_000_000_000_000;
    let at = |debt: u128| pool(debt).health(A);
    let equal = at(1_600 * ONE_USD);
    assert_eq!((equal.equity, equal.requirement), (160_000_000_000, 160_000_000_000));
    assert_eq!((wad(equal.ratio), equal.breach, equal.shortfall), (one, false, 0));
    let below = at(1_600 * ONE_USD - 1);
    assert!(wad(below.ratio) > one && !below.breach);
    let above = at(1_600 * ONE_USD + 1);
    assert!(wad(above.ratio) < one && above.breach);
    // A base unit of six decimals is a hundred of the numeraire's eight.
    assert_eq!(above.shortfall, 100);
    let mut free = Pool::new();
    free.import(A, ETH, ONE_ETH, 0);
    assert_eq!(free.health(A).ratio, Wad::max());
    assert_eq!(free.health(B).ratio, Wad::max(), "nothing at all");
}

#[test]
fn a_breach_by_less_than_the_numeraire_can_say_is_still_one() {
    // One wei of ETH owed is worth 2e-15 of the numeraire, and an account without collateral owes it.
    let mut pool = Pool::new();
    pool.import(A, ETH, 0, 1);
    let health = pool.health(A);
    assert_eq!((health.equity, health.requirement, health.shortfall), (0, 1, 1));
    assert!(health.breach && health.ratio < Wad::one());
}

#[test]
fn a_threshold_of_its_own_replaces_the_factor_everywhere() {
    let mut pool = pool(1_600 * ONE_USD);
    let own = |value: u64| Call::Configure {
        account: A,
        column: column::OWN_THRESHOLD,
        value: U256::from(value),
    };
    pool.call(&own(7_999)).unwrap();
    assert!(pool.health(A).breach);
    assert!(!pool.options(A).is_empty());
    pool.call(&own(0)).unwrap();
    assert!(!pool.health(A).breach);
    assert_eq!(pool.refuses(&own(10_001)), Rejection::BadParameter);
}

#[test]
fn what_is_accepted_is_in_breach_even_where_markets_are_stale() {
    // 1,600 owed against 1,600: a block of interest makes it a breach, seen before anybody calls.
    let mut pool = Pool::with(&file(RATES, ""));
    pool.deposit(L, USD, 10_000 * ONE_USD);
    pool.import(A, ETH, ONE_ETH, 0);
    pool.borrow(A, USD, 1_599 * ONE_USD);
    assert!(!pool.health(A).breach);
    let mut seconds = 0;
    while !pool.health(A).breach {
        assert_eq!(pool.refuses(&seize(USD, ETH, 1)), Rejection::Healthy);
        pool.pass(120_000);
        seconds += 120_000;
        assert!(seconds < 100_000_000, "interest never gets there");
    }
    assert!(pool.ask(&seize(USD, ETH, 1)).is_ok());
    // The stored principal and index are untouched.
    assert_eq!(pool.balance(A, Unit::debt(USD)), 1_599_000_000);
    assert_eq!(pool.column(USD, column::BORROW_INDEX), Wad::one().raw);
}

#[test]
fn of_several_stale_markets_the_worst_pair_is_judged() {
    // Three debts in markets that all owe interest: a call accrues two of them.
    let mut pool = Pool::with(&file(RATES, ""));
    for (asset, amount) in [(USD, 100_000 * ONE_USD), (BTC, 10 * ONE_BTC), (ETH, 10 * ONE_ETH)] {
        pool.deposit(L, asset, amount);
    }
    pool.import(A, ETH, ONE_ETH, 0);
    pool.borrow(A, USD, 500 * ONE_USD);
    pool.borrow(A, BTC, ONE_BTC / 100);
    pool.borrow(A, ETH, ONE_ETH / 10);
    let owed = pool.health(A).requirement;
    pool.pass(30_000_000);
    let two = pool.health(A);
    // Accrual by a stranger's business stays, and then two more are named.
    let mut last = two;
    for asset in [USD, BTC, ETH] {
        pool.deposit(L, asset, 1);
        let now = pool.health(A);
        assert!(now.ratio <= last.ratio, "{asset}");
        last = now;
    }
    assert!(owed < two.requirement && two.requirement < last.requirement);
}

#[test]
fn the_liquidation_price_is_the_root_of_the_rule() {
    let price = |pool: &Pool, asset| {
        pool.look(|view| pool.rulebook.liquidation_price(view, A, asset)).unwrap()
    };
    let mut pool = pool(1_500 * ONE_USD);
    assert_eq!(price(&pool, ETH), Some(rational::from_raw(1_875, 0)));
    // 1,600 against 1,500 at the dollar's price: it may rise by a fifteenth.
    assert_eq!(price(&pool, USD), Some(Rational::new(16.into(), 15.into())));
    assert_eq!(price(&pool, BTC), None);
    pool.price(ETH, 187_500_000_000);
    assert!(!pool.health(A).breach);
    pool.price(ETH, 187_499_999_999);
    assert!(pool.health(A).breach);
}

#[test]
fn both_sides_are_valued_without_weights() {
    let pool = pool(1_500 * ONE_USD);
    let sides = pool.look(|view| pool.rulebook.sides(view, A)).unwrap();
    assert_eq!((sides.collateral, sides.debt), (200_000_000_000, 150_000_000_000));
}

#[test]
fn a_market_without_a_price_stops_everybody_who_has_entered_it() {
    let mut pool = pool(1_500 * ONE_USD);
    let enter = Call::Configure { account: A, column: column::ENTERED, value: U256::from(0b111) };
    pool.call(&enter).unwrap();
    pool.marks[BTC.index()] = GuardState::default();
    let answer = pool.look(|view| pool.rulebook.assess(view, A)).unwrap_err();
    assert_eq!(answer.rejection, Rejection::MarkMissing);
    let leave = Call::Configure { account: A, column: column::ENTERED, value: U256::from(0b101) };
    assert!(pool.call(&leave).is_ok());
    assert!(!pool.health(A).breach);
    // Supplying needs no price.
    assert!(pool.call(&Call::Deposit { account: B, asset: BTC, amount: 1 }).is_ok());
}

#[test]
fn a_market_given_up_is_a_breach_at_any_price() {
    let given_up = "reserve_factor_bps = 10000\nborrow_paused = true";
    let text =
        file("", given_up).replace("collateral_factor_bps = 8500", "collateral_factor_bps = 0");
    let mut pool = Pool::with(&text);
    pool.import(A, ETH, ONE_ETH, 0);
    assert!(!pool.health(A).breach);
    pool.import(A, USD, 0, 100 * ONE_USD);
    let health = pool.health(A);
    assert!(health.breach && health.ratio > Wad::one());
    assert_eq!(pool.armed(A).1.error, u128::MAX >> 2);
    let options = pool.options(A);
    assert_eq!(options[0].repaid.raw, 100 * ONE_USD, "all of it, not half");
    assert_eq!(pool.refuses(&seize(USD, ETH, 100 * ONE_USD + 1)), Rejection::ExceedsPlan);
    let borrow = Call::Borrow { account: A, asset: USD, amount: 1 };
    assert_eq!(pool.refuses(&borrow), Rejection::Paused);
}

/// Collateral in one market and debt in another, of any size, and how prices and time move on.
fn any_move() -> impl Strategy<Value = (u128, u128, u128, u128, u64, bool)> {
    let size = || prop_oneof![1u128..100, 1u128..1_000_000_000, 1u128..1_000_000_000_000];
    (size(), size(), 1u128..400_000_000_000, 1u128..400_000_000, 0u64..3_600, any::<bool>())
}

proptest! {
    /// Within an arming's time, the truth at any prices is no further from the slopes than its
    /// error, also after strangers' business has accrued every market.
    #[test]
    fn an_arming_bounds_what_prices_and_time_do(
        (eth, usd, eth_price, usd_price, seconds, pokes) in any_move()
    ) {
        let mut pool = Pool::with(&file(RATES, ""));
        pool.deposit(L, USD, 1_000_000_000_000);
        pool.deposit(L, ETH, ONE_ETH);
        pool.import(A, ETH, eth * 1_000_000, 0);
        pool.import(A, USD, 0, usd);
        pool.pass(40_000);
        let before = pool.health(A);
        let (terms, armed) = pool.armed(A);
        prop_assert!(armed.until == Time::MAX || armed.until >= pool.now.after(3_600_000_000_000));
        let marks = [200_000_000_000u128, 0, 100_000_000];
        let mut expected = before.equity - i128::try_from(before.requirement).unwrap();
        for term in &terms.terms {
            let now = if term.market.0 == 0 { eth_price } else { usd_price };
            let part = term.equity - i128::try_from(term.requirement).unwrap();
            let mark = i128::try_from(marks[term.market.index()]).unwrap();
            let moved = part * (i128::try_from(now).unwrap() - mark);
            expected += moved.div_euclid(mark);
        }
        pool.price(ETH, eth_price);
        pool.price(USD, usd_price);
        pool.pass(seconds);
        if pokes {
            pool.deposit(L, USD, 1);
            pool.deposit(L, ETH, 1);
        }
        let after = pool.health(A);
        let truth = after.equity - i128::try_from(after.requirement).unwrap();
        // The stated error is of the values at the old prices; those that grew take it along.
        let scale = 1 + (eth_price / marks[0]).max(usd_price / marks[2]);
        let error = i128::try_from(armed.error.saturating_mul(scale)).unwrap();
        prop_assert!((truth - expected).abs() <= error, "{truth} {expected} {error}");
    }
}
