//! Prices and amounts between decimals, against exact fractions.

use super::*;
use crate::auctions::terms::ray_price;
use breakwater_money::rational::{big, to_raw};
use breakwater_money::{Rounding, U256};
use proptest::prelude::*;

fn exact(price: Price) -> Rational {
    Rational::from_integer(price.raw.into()) / ten(price.decimals)
}

fn ten(power: u8) -> Rational {
    Rational::from_integer(10u128.pow(u32::from(power)).into())
}

fn floor(value: &Rational) -> U256 {
    let whole = value.floor().to_integer();
    U256::try_from_le_slice(&whole.to_bytes_le().1).unwrap()
}

proptest! {
    /// What one base unit of the lot costs in base units of the money, to 27 places.
    #[test]
    fn a_price_in_ray(
        lot in 0u8..=28, money in 0u8..=18, decimals in 0u8..=18, raw in 1u128..1 << 80
    ) {
        let price = Price::new(raw, decimals);
        let pool = Pool::new((lot, money), price, None);
        let found = ray_price(&pool.view(), &leg(1), price).unwrap();
        let ray = ten(27);
        let expected = exact(price) * ten(money) / ten(lot) * ray;
        prop_assert_eq!(found, floor(&expected));
    }

    /// What a lot is worth at the mark, in money that has a mark of its own or is the numeraire.
    #[test]
    fn what_is_fair(
        lot in 0u8..=18, money in 0u8..=18, quantity in 1u128..1 << 60,
        mark in 1_000_000u128..1 << 50, against in prop::option::of(1_000_000u128..1 << 40)
    ) {
        let mark = Price::new(mark, 8);
        let pool = Pool::new((lot, money), mark, against.map(|raw| Price::new(raw, 8)));
        let batch = terms(Format::English(ENGLISH), Raises::Most);
        let policy = crate::Policy::guarded();
        let one = against.map_or(ten(0), |raw| exact(Price::new(raw, 8)));
        let whole = Rational::from_integer(quantity.into()) / ten(lot);
        let money_units = &whole * exact(mark) / one * ten(money);
        prop_assume!(money_units < Rational::from_integer((1u128 << 120).into()));
        let opening = pool.offer(&policy, &batch, quantity, OnAuction::default()).unwrap().unwrap();
        // The price in the proceeds is rounded down to at least six digits, the product once more.
        let low = &money_units * Rational::new(999_998.into(), 1_000_000.into());
        let fair = Rational::from_integer(opening.fair.into());
        prop_assert!(fair <= money_units, "{} above {}", fair, money_units);
        prop_assert!(fair > low - Rational::from_integer(1.into()), "{} far below", fair);
        let value = to_raw(&(whole * exact(mark)), VALUE_DECIMALS, Rounding::Ceil).unwrap();
        prop_assert_eq!(opening.value, value);
    }

    /// A falling price starts at its share of the mark, and a taker's limit is understood in the same
    /// terms: exactly at the price it buys, a unit below it does not.
    #[test]
    fn a_limit_in_whole_money(
        lot in 6u8..=18, money in 0u8..=18, mark in 1u128..1 << 40, start in 5_000u32..20_000
    ) {
        // A mark that is a multiple of ten thousand, so that every start is a price of its decimals.
        let price = Price::new(mark * 10_000, 8);
        let pool = Pool::new((lot, money), price, None);
        let dutch = DutchTerms { start_bps: start, ..DUTCH };
        let mut auction = pool.open(&terms(Format::Dutch(dutch), Raises::Most), 1_000_000);
        let limit = mark * u128::from(start);
        let take = |raw| Bid::Take { quantity: 1_000, price_max: Price::new(raw, 8) };
        // Below one base unit of money for 1e27 of the lot nothing is left of a limit.
        prop_assume!(auction.running.asking(0).unwrap().unwrap() > U256::from(1_000u32));
        prop_assert_eq!(auction.bid(7, take(limit - 1)), Err(Rejection::PriceAboveLimit));
        let step = auction.bid(7, take(limit)).unwrap();
        let due = Rational::from_integer(1_000.into()) / ten(lot)
            * exact(Price::new(limit, 8)) * ten(money);
        let paid = step.sold[0].paid;
        let up = due.ceil().to_integer();
        // The ray of the price is rounded down, so that the taker pays at most what is due, rounded up.
        prop_assert!(big(U256::from(paid)) <= up.to_biguint().unwrap());
        prop_assert!(Rational::from_integer(paid.into()) >= due - Rational::new(1.into(), 1_000.into()));
    }
}

#[test]
fn a_price_that_does_not_fit_is_an_overflow() {
    let pool = Pool::new((0, 38), Price::new(u128::MAX, 0), None);
    let refused = ray_price(&pool.view(), &leg(1), Price::new(u128::MAX, 0)).unwrap_err();
    assert_eq!(refused.rejection, Rejection::Overflow);
}
