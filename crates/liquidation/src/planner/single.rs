//! The planner's rule for one quantity in one market, for whoever has no account and no pool.

use super::curve::{Bounds, DAY_NANOS, Merge, SLICES_MAX, Step, ordered};
use super::terms::PlannerTerms;
use crate::conditions::Conditions;
use crate::{Rejected, Rejection};
use breakwater_money::Price;

/// A quantity that must be sold, or bought back, whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Single {
    /// Base units.
    pub quantity: u128,
    /// True if it is bought.
    pub buy: bool,
    /// The market's price, raw as the outlets' prices are; above zero.
    pub mark: u128,
    /// No sale is made further from the mark, basis points.
    pub slippage_bps: u32,
    /// What past sales have taken of the depth that has not come back, base units; zero where the
    /// observation has it already.
    pub taken: u128,
    /// Later slices there are; above [`SLICES_MAX`] counts as that, which is what
    /// [`propose`](super::propose) looks ahead. With none everything quoted within the limits is sold now.
    pub slices: u8,
}

/// What is sold now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SliceNow {
    /// Base units; zero where waiting costs less.
    pub quantity: u128,
    /// Worst price of it, raw; the mark where nothing is sold.
    pub worst: u128,
}

/// What [`propose`](super::propose) sells now of the one holding of an account that must be sold
/// whole, owes something that does not move, and sells in lots of a base unit: the same steps in the
/// same order, without a pool.
///
/// # Errors
/// [`Rejection::PriceNotPositive`] for a mark of zero, [`Rejection::BadParameter`] for terms
/// that make no sense (the observation is taken as it is: a recorded book has more steps than a command
/// may carry), [`Rejection::Overflow`].
// float: ranks steps; what is sold are whole base units at prices that are quoted.
pub fn slice_of(
    conditions: &Conditions,
    single: &Single,
    terms: &PlannerTerms,
) -> Result<SliceNow, Rejected> {
    terms.validate().map_err(|why| Rejection::BadParameter.because(why))?;
    let Single { quantity, buy, mark, slippage_bps, taken, slices } = *single;
    if mark == 0 {
        return Err(Rejection::PriceNotPositive.because("mark 0: at least 1"));
    }
    if slippage_bps >= 10_000 {
        let detail = format!("slippage_bps {slippage_bps} leaves no price; below 10000");
        return Err(Rejection::BadParameter.because(detail));
    }
    let bounds = Bounds::of(mark, buy, slippage_bps, terms)?;
    let merge =
        Merge { known: conditions, bounds: &bounds, terms, proceeds: None, taken, unit_value: 1.0 };
    let cost = |raw: u128| {
        let lost = (mark as f64 - raw.max(1) as f64) / mark as f64;
        if buy { -lost } else { lost }
    };
    let (now, later) = merge.steps(|(raw, quantity), outlet| {
        Ok(Step {
            raw,
            price: Price::new(raw, 0),
            quantity,
            outlet: outlet.map(|(place, _)| place),
            is_market: outlet.is_some_and(|(_, kind)| kind.is_market()),
            slice: 0,
            cost: cost(raw),
            net: 0.0,
        })
    })?;
    // The risk of a slice of an account with one holding: its whole deviation.
    let deviation = f64::from(conditions.volatility_ppm_per_sqrt_day) / 1e6;
    let days = terms.pace_nanos as f64 / DAY_NANOS;
    let saved = f64::from(terms.confidence_ppm) / 1e6 * libm::sqrt(days) * deviation;
    let (mut left, mut sold) = (quantity, SliceNow { quantity: 0, worst: mark });
    for step in ordered(&now, &later, saved, slices.min(SLICES_MAX)) {
        let part = step.quantity.min(left);
        left -= part;
        if part > 0 && step.slice == 0 {
            sold.worst = match (sold.quantity, buy) {
                (0, _) => step.raw,
                (_, true) => sold.worst.max(step.raw),
                (_, false) => sold.worst.min(step.raw),
            };
            sold.quantity += part;
        }
    }
    Ok(sold)
}
