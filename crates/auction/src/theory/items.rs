//! One item or several equal ones, and bidders who know what it is worth to them.

use super::{
    TheoryError, check, count, not_negative, one, power, ratio, root, unit_interval, whole, zero,
};
use breakwater_money::Rational;

/// What an auction of one item brings, on average over the bidders' values. The four usual formats
/// (ascending, descending, first and second price) bring the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SingleItem {
    /// What the seller gets, counting nothing where the item is not sold.
    pub expected_revenue: Rational,
    /// Probability that it is sold.
    pub sale_probability: Rational,
    /// Value of the winner, counting nothing where there is none: the welfare created.
    pub winner_value: Rational,
    /// What all bidders gain together: value less price.
    pub bidder_surplus: Rational,
}

/// `bidders` with values uniform on 0 to 1 and a reserve on the same scale:
/// revenue `2n/(n+1) (1 - r^(n+1)) - (1 - r^n)`, welfare `n/(n+1) (1 - r^(n+1))`.
///
/// # Errors
/// No bidder, too many, or a reserve outside 0 to 1.
pub fn single_item_uniform(bidders: u32, reserve: &Rational) -> Result<SingleItem, TheoryError> {
    let n = count("bidders", bidders, 1)?;
    unit_interval("reserve", reserve)?;
    let sale_probability = one() - power(reserve, n);
    let winner_value = ratio(n, n + 1) * (one() - power(reserve, n + 1));
    let expected_revenue = whole(2) * &winner_value - &sale_probability;
    let bidder_surplus = &winner_value - &expected_revenue;
    Ok(SingleItem { expected_revenue, sale_probability, winner_value, bidder_surplus })
}

/// The reserve that brings the seller most, whatever the number of bidders, where values are uniform on
/// 0 to 1 and the item is worth `own_value` to the seller: `(1 + v0) / 2`.
///
/// # Errors
/// A value outside 0 to 1.
pub fn optimal_reserve(own_value: &Rational) -> Result<Rational, TheoryError> {
    unit_interval("own_value", own_value)?;
    Ok((one() + own_value) * ratio(1, 2))
}

/// The equilibrium bid at first price of a bidder with `value`, uniform on 0 to 1, or nothing below
/// the reserve: `(n-1)/n v + r^n / (n v^(n-1))`.
///
/// # Errors
/// No bidder, too many, or a reserve or value outside 0 to 1.
pub fn first_price_bid(
    bidders: u32,
    reserve: &Rational,
    value: &Rational,
) -> Result<Option<Rational>, TheoryError> {
    let n = count("bidders", bidders, 1)?;
    unit_interval("reserve", reserve)?;
    unit_interval("value", value)?;
    if value < reserve {
        return Ok(None);
    }
    if *value == zero() {
        return Ok(Some(zero()));
    }
    let shade = power(reserve, n) / (whole(n) * power(value, n - 1)); // division: exact
    Ok(Some(ratio(n - 1, n) * value + shade))
}

/// The equilibrium bid where everybody pays his bid and values are uniform on 0 to 1:
/// `(n-1)/n v^n`.
///
/// # Errors
/// No bidder, too many, or a value outside 0 to 1.
pub fn all_pay_bid(bidders: u32, value: &Rational) -> Result<Rational, TheoryError> {
    let n = count("bidders", bidders, 1)?;
    unit_interval("value", value)?;
    Ok(ratio(n - 1, n) * power(value, n))
}

/// Variance of the revenue at second price without a reserve, values uniform on 0 to 1:
/// `2(n-1) / ((n+1)^2 (n+2))`.
///
/// # Errors
/// No bidder or too many.
pub fn second_price_variance(bidders: u32) -> Result<Rational, TheoryError> {
    let n = count("bidders", bidders, 1)?;
    Ok(ratio(2 * (n - 1), (n + 1) * (n + 1)) * ratio(1, n + 2))
}

/// Variance of the revenue at first price, which is always smaller for two bidders or more:
/// `((n-1)/n)^2 n / ((n+1)^2 (n+2))`.
///
/// # Errors
/// No bidder or too many.
pub fn first_price_variance(bidders: u32) -> Result<Rational, TheoryError> {
    let n = count("bidders", bidders, 1)?;
    Ok(power(&ratio(n - 1, n), 2) * ratio(n, (n + 1) * (n + 1)) * ratio(1, n + 2))
}

/// The standard deviation of a variance of zero or more, rounded down at so many decimals.
///
/// # Errors
/// A negative variance.
pub fn deviation(variance: &Rational, decimals: u8) -> Result<Rational, TheoryError> {
    not_negative("variance", variance)?;
    Ok(root(variance, 2, decimals))
}

/// What several equal units bring at one price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniformPrice {
    /// The highest value that wins nothing, on average.
    pub expected_price: Rational,
    /// What all units bring.
    pub expected_revenue: Rational,
}

/// `units` for `bidders` who want one each, values uniform on 0 to 1, all paying the highest losing
/// value: price `(n-k)/(n+1)`, zero where there is a unit for everybody.
///
/// # Errors
/// No bidder, no unit, or too many.
pub fn uniform_price_units(bidders: u32, units: u32) -> Result<UniformPrice, TheoryError> {
    let (n, k) = (count("bidders", bidders, 1)?, count("units", units, 1)?);
    let expected_price = ratio(n.saturating_sub(k), n + 1);
    let expected_revenue = whole(k) * &expected_price;
    Ok(UniformPrice { expected_price, expected_revenue })
}

/// What a second-price auction finds and brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondPrice {
    /// Highest value, on average.
    pub expected_highest: Rational,
    /// Second-highest value, on average: the price.
    pub expected_revenue: Rational,
}

/// `bidders` with values exponential of mean one: the highest is the harmonic number `H_n`, the next
/// one less.
///
/// # Errors
/// No bidder or too many.
pub fn second_price_exponential(bidders: u32) -> Result<SecondPrice, TheoryError> {
    let n = count("bidders", bidders, 1)?;
    let expected_highest = (1..=n).fold(zero(), |sum, k| sum + ratio(1, k));
    let expected_revenue = &expected_highest - one();
    Ok(SecondPrice { expected_highest, expected_revenue })
}

/// Value of `prize` to a bidder after his cost, checked for games in which everybody must enter.
pub(super) fn prize_above_costs(prize: &Rational) -> Result<(), TheoryError> {
    not_negative("prize", prize)?;
    check(*prize >= one(), "prize", prize, "at least 1, the highest cost")
}
