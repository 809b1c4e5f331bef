//! Schedules that know nothing of impact: what every optimum is held against.

use super::{Proposal, Sale, check_intervals};
use crate::ModelError;
use crate::model_error::positive;
use crate::schedule::SLICES_MAX;

/// Equal trades: the time-weighted average price.
///
/// # Errors
/// A field of the sale that is wrong.
pub fn even(sale: &Sale) -> Result<Proposal, ModelError> {
    sale.check()?;
    let Sale { quantity, intervals, .. } = *sale;
    let left = |index: usize| (intervals - index) as f64 / intervals as f64;
    let holdings = (0..=intervals).map(|index| quantity * left(index)).collect();
    Ok(Proposal::of_holdings(holdings, sale.interval_days()))
}

/// Everything in the first interval.
///
/// # Errors
/// A field of the sale that is wrong.
pub fn immediate(sale: &Sale) -> Result<Proposal, ModelError> {
    sale.check()?;
    let mut holdings = vec![0.0; sale.intervals + 1];
    if let Some(first) = holdings.first_mut() {
        *first = sale.quantity;
    }
    Ok(Proposal::of_holdings(holdings, sale.interval_days()))
}

/// Trades in proportion to the volume expected in each interval: the volume-weighted average price.
///
/// # Errors
/// A field of the sale that is wrong; not as many volumes as intervals; a volume that is negative
/// or no number; none above 0.
pub fn by_volume(sale: &Sale, volumes: &[f64]) -> Result<Proposal, ModelError> {
    sale.check()?;
    if volumes.len() != sale.intervals {
        let (found, expected) = (volumes.len(), sale.intervals);
        return Err(ModelError::Length { field: "volumes", found, of: "intervals", expected });
    }
    if let Some((index, value)) =
        volumes.iter().enumerate().find(|(_, volume)| !(volume.is_finite() && **volume >= 0.0))
    {
        return Err(ModelError::entry("volumes", index, *value, "a number of at least 0"));
    }
    let total = positive("sum of volumes", volumes.iter().sum())?;
    let mut left: f64 = 0.0;
    let mut holdings = vec![0.0];
    for volume in volumes.iter().rev() {
        left += volume;
        // The sums run from the other end, so rounding may pass the total by a little.
        holdings.push(sale.quantity * (left / total).min(1.0));
    }
    if let Some(first) = holdings.last_mut() {
        *first = sale.quantity;
    }
    holdings.reverse();
    Ok(Proposal::of_holdings(holdings, sale.interval_days()))
}

/// A fixed share of what trades, in intervals of the sale's length, until all is sold: it may end
/// before or after the horizon.
///
/// # Errors
/// A field of the sale that is wrong; a share outside 0 to 1, 0 excluded; a volume that is not above
/// 0; a sale that would take more intervals than a schedule may have.
pub fn participation(sale: &Sale, share: f64, volume_per_day: f64) -> Result<Proposal, ModelError> {
    sale.check()?;
    if !(share > 0.0 && share <= 1.0) {
        return Err(ModelError::field("share", share, "above 0 and at most 1"));
    }
    let tau = sale.interval_days();
    let trade = share * positive("volume_per_day", volume_per_day)? * tau;
    let many = libm::ceil(sale.quantity / trade);
    if !(many <= SLICES_MAX as f64) {
        let expected = "few enough: a larger share, or longer intervals";
        return Err(ModelError::field("intervals until all is sold", many, expected));
    }
    // Between 1 and the bound.
    let intervals = (many as usize).max(1);
    check_intervals(intervals)?;
    let held = |index: usize| match index == intervals {
        true => 0.0,
        false => (sale.quantity - index as f64 * trade).max(0.0),
    };
    Ok(Proposal::of_holdings((0..=intervals).map(held).collect(), tau))
}
