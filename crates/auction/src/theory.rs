//! Expected outcomes in closed form, as exact fractions.
//!
//! What theory says about an auction under stated assumptions, to hold a rule or a simulation
//! against. Values are in units of the distribution named (uniform on 0 to 1, exponential with mean
//! one), money in any one unit. The formulas of single items follow from order statistics and from
//! revenue equivalence (Myerson, "Optimal Auction Design", Mathematics of Operations Research 1981);
//! those about liquidations name their source.
//!
//! ```
//! use breakwater_auction::theory;
//! use breakwater_money::rational::parse;
//!
//! // Two bidders and the best reserve bring 5/12 where they brought 1/3 without.
//! let with = theory::single_item_uniform(2, &parse("1/2")?)?;
//! let without = theory::single_item_uniform(2, &parse("0")?)?;
//! assert_eq!(with.expected_revenue, parse("5/12")?);
//! assert_eq!(without.expected_revenue, parse("1/3")?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod games;
mod items;
#[cfg(test)]
mod tests;

pub use games::{
    AllPay, CostCompetition, LiquidationStep, Position, TwoStep, all_pay_with_loser_share,
    cost_competition_uniform, liquidation_step, two_step, zero_bid_probability,
};
pub use items::{
    SecondPrice, SingleItem, UniformPrice, all_pay_bid, deviation, first_price_bid,
    first_price_variance, optimal_reserve, second_price_exponential, second_price_variance,
    single_item_uniform, uniform_price_units,
};

use breakwater_money::{Rational, rational};

/// Most bidders or units that a formula takes: powers and harmonic numbers are exact, and so grow by
/// some digits with each.
pub const COUNT_MAX: u32 = 1_000;

/// Why a formula does not apply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TheoryError {
    /// A number of bidders or units is out of its range.
    #[error("{field} is {found}: it must be {least} to {COUNT_MAX}")]
    Count {
        /// Name of the argument.
        field: &'static str,
        /// As given.
        found: u32,
        /// Least that makes sense.
        least: u32,
    },
    /// A quantity is out of its range.
    #[error("{field} is {found}: it must be {right}")]
    Quantity {
        /// Name of the argument.
        field: &'static str,
        /// As given.
        found: Rational,
        /// What would be right.
        right: &'static str,
    },
}

/// `numer / denom` of two small integers; `denom` is never zero here.
fn ratio(numer: u32, denom: u32) -> Rational {
    whole(numer) / whole(denom) // division: exact, rationals do not round
}

fn whole(value: u32) -> Rational {
    rational::from_raw(i128::from(value), 0)
}

fn zero() -> Rational {
    whole(0)
}

fn one() -> Rational {
    whole(1)
}

/// `base` to a power of at most [`COUNT_MAX`] and one.
fn power(base: &Rational, exponent: u32) -> Rational {
    (0..exponent).fold(one(), |product, _| product * base)
}

/// The root of a number of zero or more, rounded down at so many decimals. Exact integers give every
/// digit: the floor of a root is the root of the floor. `degree` is at most [`COUNT_MAX`], and not zero.
fn root(value: &Rational, degree: u32, decimals: u8) -> Rational {
    let ten = rational::from_raw(10, 0);
    let scale = power(&ten, u32::from(decimals));
    let root = (value * power(&scale, degree)).to_integer().nth_root(degree);
    Rational::from_integer(root) / scale // division: exact
}

fn count(field: &'static str, found: u32, least: u32) -> Result<u32, TheoryError> {
    let fits = (least..=COUNT_MAX).contains(&found);
    fits.then_some(found).ok_or(TheoryError::Count { field, found, least })
}

fn check(
    holds: bool,
    field: &'static str,
    found: &Rational,
    right: &'static str,
) -> Result<(), TheoryError> {
    if holds { Ok(()) } else { Err(TheoryError::Quantity { field, found: found.clone(), right }) }
}

fn unit_interval(field: &'static str, found: &Rational) -> Result<(), TheoryError> {
    check(*found >= zero() && *found <= one(), field, found, "0 to 1")
}

fn not_negative(field: &'static str, found: &Rational) -> Result<(), TheoryError> {
    check(*found >= zero(), field, found, "at least 0")
}

fn above_zero(field: &'static str, found: &Rational) -> Result<(), TheoryError> {
    check(*found > zero(), field, found, "above 0")
}
