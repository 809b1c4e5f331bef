//! The parts that marks of perpetual contracts are made of, beyond the medians of [`index`].
//!
//! Prices are integers at one scale. Every part that need not be whole rounds down to that scale.
//! Rounding down keeps order, so a median or a clamp of rounded prices is the rounded median or
//! clamp of the exact ones. Differences of prices are signed and round down as well, towards minus
//! infinity.
//!
//! [`index`]: crate::index

use crate::part_error::PartError;
use breakwater_money::fixed::exp_wad;
use breakwater_money::rounding::{Rounding, div_wide, mul_div, mul_div_full, narrow_u128};
use breakwater_money::{MoneyError, Time, U256};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Basis points in one.
const BPS: u128 = 10_000;

/// Bits after the point of the nanoseconds of an exponential average. Together with 64 bits of
/// nanoseconds, 127 of a sample and one for the sum of a series that decays, 252 of 256.
const FRACTION_BITS: usize = 60;

/// Units of a rate that make one.
pub const RATE_ONE_E18: u128 = 1_000_000_000_000_000_000;

/// `price + offset`: an index with an average of premium or basis on it.
///
/// # Errors
/// The sum is no price above zero, or does not fit.
pub fn with_offset(price: u128, offset: i128) -> Result<u128, PartError> {
    let sum = if offset < 0 {
        price.checked_sub(offset.unsigned_abs())
    } else {
        Some(price.checked_add(offset.unsigned_abs()).ok_or(MoneyError::Overflow)?)
    };
    sum.filter(|sum| *sum > 0).ok_or_else(|| PartError::NotPositive {
        what: "the price with its offset",
        value: i128::try_from(price).unwrap_or(i128::MAX).saturating_add(offset),
    })
}

/// `index * (1 + rate * remaining / interval)`, rounded down: an index that carries what funding
/// is still to be paid until the next settlement. With the last funding rate and 8 hours it is the
/// first price of Binance's mark; with the funding basis it is BitMEX's fair price.
///
/// `rate_e18` is signed, in 1e-18 for one interval; `remaining` and `interval` have one unit.
///
/// # Errors
/// The interval is zero or shorter than what remains of it, or the price is not above zero.
pub fn funding_adjusted(
    index: u128,
    rate_e18: i128,
    remaining: u64,
    interval: u64,
) -> Result<u128, PartError> {
    if interval == 0 {
        return Err(PartError::Zero { field: "interval" });
    }
    if remaining > interval {
        return Err(PartError::RemainingBeyondInterval { remaining, interval });
    }
    // 60 + 64 bits and 127 + 64 bits: both fit, and so does their sum.
    let one = U256::from(RATE_ONE_E18) * U256::from(interval);
    let carried = U256::from(rate_e18.unsigned_abs()) * U256::from(remaining);
    let factor = if rate_e18 < 0 { one.checked_sub(carried) } else { Some(one + carried) };
    let below = PartError::NotPositive { what: "the index with funding", value: 0 };
    let factor = factor.ok_or(below)?;
    let price = narrow_u128(mul_div_full(U256::from(index), factor, one, Rounding::Floor)?)?;
    if price == 0 { Err(below) } else { Ok(price) }
}

/// The median of three prices.
#[must_use]
pub fn median_of_three(first: u128, second: u128, third: u128) -> u128 {
    first.min(second).max(first.max(second).min(third))
}

/// `price` kept within `band_bps` basis points of `around`. The edges round inwards: what comes out
/// is never outside the exact band, and a price inside it comes out unchanged.
///
/// # Errors
/// `around` is zero, or the edge that is needed does not fit.
pub fn clamp_to_band(price: u128, around: u128, band_bps: u32) -> Result<u128, PartError> {
    if around == 0 {
        return Err(PartError::NotPositive { what: "the price to stay around", value: 0 });
    }
    let band = u128::from(band_bps);
    let lowest = mul_div(around, BPS.saturating_sub(band), BPS, Rounding::Ceil)?;
    if price < lowest {
        return Ok(lowest);
    }
    let highest =
        mul_div_full(U256::from(around), U256::from(BPS + band), U256::from(BPS), Rounding::Floor)?;
    if U256::from(price) > highest { Ok(narrow_u128(highest)?) } else { Ok(price) }
}

/// Where a mark that stood at `last` may be after `steps` steps on its way to `target`: no further
/// from `last` than `cap_bps_per_step * steps` basis points of `last`, rounded down. A larger jump
/// of the target becomes a staircase; with no step, or at the foot of one too small for a unit of
/// the scale, the mark stays.
#[must_use]
pub fn step_cap(last: u128, target: u128, cap_bps_per_step: u32, steps: u64) -> u128 {
    // 32 + 64 bits, then 128 + 96 bits.
    let share = U256::from(cap_bps_per_step) * U256::from(steps);
    let product = U256::from(last) * share;
    let distance = target.abs_diff(last);
    if U256::from(distance) * U256::from(BPS) <= product {
        return target;
    }
    // The quotient is below `distance`, so it fits, and so does `last` moved by it.
    let most = div_wide(product, U256::from(BPS), Rounding::Floor).and_then(narrow_u128);
    let most = most.unwrap_or(0).min(distance);
    if target > last { last + most } else { last - most }
}

/// The plain average of the last samples of a signed difference, as a mid price above an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleWindow {
    samples: VecDeque<i128>,
    length: u32,
}

impl SampleWindow {
    /// An empty window that keeps the last `length` samples.
    ///
    /// # Errors
    /// The length is zero.
    pub fn new(length: u32) -> Result<Self, PartError> {
        if length == 0 {
            return Err(PartError::Zero { field: "samples" });
        }
        Ok(SampleWindow { samples: VecDeque::new(), length })
    }

    /// Takes a sample; the oldest leaves a full window.
    pub fn record(&mut self, sample: i128) {
        while self.samples.len() as u64 >= u64::from(self.length) {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
    }

    /// The average, rounded down, of as many samples as there are.
    ///
    /// # Errors
    /// There is no sample yet.
    pub fn average(&self) -> Result<i128, PartError> {
        let (mut above, mut below) = (U256::ZERO, U256::ZERO);
        for sample in &self.samples {
            let sum = if *sample < 0 { &mut below } else { &mut above };
            *sum += U256::from(sample.unsigned_abs());
        }
        floor_signed(above, below, U256::from(self.samples.len()))
    }
}

/// An exponential average of a signed difference by the recurrence that Hyperliquid documents for
/// its oracle basis: with `t` since the last sample and a time constant `c`,
///
/// ```text
/// num <- num exp(-t/c) + sample t        den <- den exp(-t/c) + t        average = num / den
/// ```
///
/// A sample counts for the time before it, so late samples weigh more than a plain step would give
/// them. The first one has no time before it: it starts the clock and is the average until the next.
/// `t` is in nanoseconds; the decay is `exp` of `t/c` rounded down to 1e-18, itself rounded down to
/// 1e-18. A decay rounds a sum by less than one of its units, a price unit times 2^-60 ns, and so
/// that no average is further from zero than its samples; the average is rounded to the nearest
/// unit. Samples below 2^50 that agree therefore average to themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExponentialAverage {
    time_constant_nanos: u64,
    /// Sum of decayed samples above zero, times 2^-60 ns.
    above: U256,
    /// The same of samples below zero, by magnitude.
    below: U256,
    /// Decayed time in 2^-60 ns.
    weight: U256,
    last: Option<(Time, i128)>,
}

impl ExponentialAverage {
    /// An average without samples.
    ///
    /// # Errors
    /// The time constant is zero.
    pub fn new(time_constant_nanos: u64) -> Result<Self, PartError> {
        if time_constant_nanos == 0 {
            return Err(PartError::Zero { field: "time_constant_nanos" });
        }
        let (above, below, weight) = (U256::ZERO, U256::ZERO, U256::ZERO);
        Ok(ExponentialAverage { time_constant_nanos, above, below, weight, last: None })
    }

    /// Takes the sample of `at`. A second sample of the same instant has no time to count for and
    /// changes nothing.
    ///
    /// # Errors
    /// The sample is older than the last one, or the sums leave 256 bits; nothing is taken then.
    pub fn record(&mut self, sample: i128, at: Time) -> Result<(), PartError> {
        let Some((last, _)) = self.last else {
            self.last = Some((at, sample));
            return Ok(());
        };
        if at < last {
            return Err(PartError::OutOfOrder { at, last });
        }
        let elapsed = at.since(last);
        if elapsed == 0 {
            return Ok(());
        }
        let decay = self.decay(elapsed)?;
        let decayed = |sum, rounding| mul_div_full(sum, decay, U256::from(RATE_ONE_E18), rounding);
        let mut above = decayed(self.above, Rounding::Floor)?;
        let mut below = decayed(self.below, Rounding::Floor)?;
        let time = U256::from(elapsed) << FRACTION_BITS;
        let weight = decayed(self.weight, Rounding::Ceil)?.checked_add(time);
        let sum = if sample < 0 { &mut below } else { &mut above };
        let counted = U256::from(sample.unsigned_abs()) * time;
        *sum = sum.checked_add(counted).ok_or(MoneyError::Overflow)?;
        let weight = weight.ok_or(MoneyError::Overflow)?;
        (self.above, self.below, self.weight) = (above, below, weight);
        self.last = Some((at, sample));
        Ok(())
    }

    /// The average, rounded to the nearest unit, halves away from zero.
    ///
    /// # Errors
    /// There is no sample yet.
    pub fn average(&self) -> Result<i128, PartError> {
        match self.last {
            None => Err(PartError::NoSample),
            Some((_, first)) if self.weight.is_zero() => Ok(first),
            Some(_) => self.nearest(),
        }
    }

    fn nearest(&self) -> Result<i128, PartError> {
        let negative = self.below > self.above;
        let sum = self.above.abs_diff(self.below);
        let whole = narrow_u128(div_wide(sum, self.weight, Rounding::HalfUp)?)?;
        signed(negative, whole)
    }

    /// `exp(-elapsed / time constant)` in 1e-18.
    fn decay(&self, elapsed: u64) -> Result<U256, PartError> {
        // At most 2^64 times 1e18, which is below 2^124.
        let constant = u128::from(self.time_constant_nanos);
        let exponent = mul_div(elapsed.into(), RATE_ONE_E18, constant, Rounding::Floor)?;
        let exponent = i128::try_from(exponent).map_err(|_| MoneyError::Overflow)?;
        Ok(exp_wad(-exponent)?)
    }
}

/// `(above - below) / count`, rounded towards minus infinity.
fn floor_signed(above: U256, below: U256, count: U256) -> Result<i128, PartError> {
    if count.is_zero() {
        return Err(PartError::NoSample);
    }
    let negative = below > above;
    let rounding = if negative { Rounding::Ceil } else { Rounding::Floor };
    signed(negative, narrow_u128(div_wide(above.abs_diff(below), count, rounding)?)?)
}

fn signed(negative: bool, magnitude: u128) -> Result<i128, PartError> {
    let value = if negative {
        0i128.checked_sub_unsigned(magnitude)
    } else {
        0i128.checked_add_unsigned(magnitude)
    };
    Ok(value.ok_or(MoneyError::Overflow)?)
}

#[cfg(test)]
mod tests;
