//! How a bid reaches an auction: gas, congestion, chance.
//!
//! A transaction that pays `g` is taken within one stretch of time with the probability that a
//! transaction of that stretch paid less than `g`: the percentile of `g` among those that were taken,
//! linear between the percentiles that are known. Whoever is not taken waits for the next stretch, with
//! that stretch's percentiles, until he gives up. It is a model of congestion, not of a protocol.

use crate::ScenarioError;
use crate::market::overflow;
use crate::perpetuals::draw::{Draw, Field};
use breakwater_money::rounding::{Rounding, mul_div};

use super::day::Day;
use super::settings::PPM;

/// Percentiles of the gas prices paid in one bar, wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GasRow {
    /// 30th.
    pub p30: u128,
    /// 60th.
    pub p60: u128,
    /// 90th.
    pub p90: u128,
}

/// Share of transactions taken that pay twice the 90th percentile or more, in millionths.
const SURE: u128 = 990_000;

impl GasRow {
    /// A chain that takes every transaction with the least price.
    pub const FREE: GasRow = GasRow { p30: 0, p60: 0, p90: 0 };

    /// The row with every percentile times `times`, in millionths.
    ///
    /// # Errors
    /// Overflow.
    pub fn times(self, times: u128) -> Result<GasRow, ScenarioError> {
        let scaled = |wei| mul_div(wei, times, PPM, Rounding::HalfUp).map_err(overflow);
        Ok(GasRow { p30: scaled(self.p30)?, p60: scaled(self.p60)?, p90: scaled(self.p90)? })
    }

    /// Probability that a transaction paying `gas` is taken in one stretch, in millionths.
    ///
    /// # Errors
    /// Overflow.
    pub fn inclusion(self, gas: u128) -> Result<u128, ScenarioError> {
        let doubled = self.p90.saturating_mul(2);
        let corners = [
            (0, 0),
            (self.p30, 300_000),
            (self.p60, 600_000),
            (self.p90, 900_000),
            (doubled, SURE),
        ];
        if gas >= doubled {
            return Ok(SURE);
        }
        // The last corner at or below, and the one above it: their prices differ.
        let above = corners.partition_point(|(price, _)| *price <= gas);
        let (Some((from, low)), Some((to, high))) =
            (corners.get(above.saturating_sub(1)), corners.get(above))
        else {
            return Ok(SURE);
        };
        let part = mul_div(gas - from, high - low, to - from, Rounding::Floor);
        Ok(low + part.map_err(overflow)?)
    }
}

/// How long things take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// From looking to sending, seconds.
    pub latency: u64,
    /// One stretch, seconds.
    pub stretch: u64,
    /// Until a transaction is given up, seconds.
    pub expires: u64,
    /// Times the day's gas, in millionths.
    pub times: u128,
}

/// What becomes of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is taken at this second.
    Lands(u64),
    /// It is given up at this second.
    Expires(u64),
}

impl Fate {
    /// When.
    #[must_use]
    pub const fn at(self) -> u64 {
        match self {
            Fate::Lands(at) | Fate::Expires(at) => at,
        }
    }
}

/// Stretches that one attempt may take: keeps the draws of attempts apart.
const STRETCHES_MAX: u32 = 1 << 12;

/// The fate of the `attempt`th transaction of whom `draw` is for, decided on at `now` and paying `gas`.
///
/// # Errors
/// Overflow.
pub fn fate(
    day: &Day,
    timing: &Timing,
    draw: Draw,
    attempt: u32,
    (now, gas): (u64, u128),
) -> Result<Fate, ScenarioError> {
    let sent = now + timing.latency;
    let mut from = sent;
    for stretch in 0..STRETCHES_MAX {
        if from >= sent + timing.expires {
            break;
        }
        let share = day.gas_at(from).times(timing.times)?.inclusion(gas)?;
        let attempt = attempt.wrapping_mul(STRETCHES_MAX).wrapping_add(stretch);
        let [decides, when] = draw.words(Field::Inclusion, attempt);
        if (u128::from(decides) * PPM) >> 64 < share {
            let within = (u128::from(when) * u128::from(timing.stretch)) >> 64;
            // Below a stretch, which is a day at most.
            return Ok(Fate::Lands(from + 1 + u64::try_from(within).unwrap_or(0)));
        }
        from += timing.stretch;
    }
    Ok(Fate::Expires(sent + timing.expires))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: GasRow = GasRow { p30: 20, p60: 40, p90: 80 };

    #[test]
    fn inclusion_is_the_percentile_and_linear_between() {
        let known = [(0, 0), (10, 150_000), (20, 300_000), (30, 450_000), (40, 600_000)];
        let more = [(60, 750_000), (80, 900_000), (120, 945_000), (159, 988_875), (160, SURE)];
        for (gas, share) in known.into_iter().chain(more).chain([(u128::MAX, SURE)]) {
            assert_eq!(ROW.inclusion(gas).unwrap(), share, "{gas} wei");
        }
        let flat = GasRow { p30: 20, p60: 20, p90: 20 };
        assert_eq!(flat.inclusion(20).unwrap(), 900_000);
        assert_eq!(flat.inclusion(19).unwrap(), 285_000);
        assert_eq!(GasRow::FREE.inclusion(0).unwrap(), SURE);
    }

    #[test]
    fn three_times_the_gas_lowers_inclusion() {
        let congested = ROW.times(3_000_000).unwrap();
        assert_eq!(congested, GasRow { p30: 60, p60: 120, p90: 240 });
        assert_eq!(congested.inclusion(60).unwrap(), 300_000);
    }

    #[test]
    fn a_transaction_lands_in_its_stretch_or_is_given_up() {
        let day = Day {
            start: breakwater_money::Time(0),
            prices: Vec::new(),
            gas: vec![(0, ROW)],
            seconds: 600,
        };
        let timing = Timing { latency: 15, stretch: 60, expires: 120, times: PPM };
        let (mut landed, mut late) = (0u32, 0u32);
        for lot in 0..4_000 {
            match fate(&day, &timing, Draw::new(1, lot), 0, (100, 40)).unwrap() {
                Fate::Lands(at) if at <= 175 => landed += 1,
                Fate::Lands(at) => {
                    assert!(at <= 235, "{at}");
                    late += 1;
                }
                Fate::Expires(at) => assert_eq!(at, 235),
            }
        }
        // 60 % in each stretch; four standard errors of 4,000 are 124.
        assert!(landed.abs_diff(2_400) < 124, "{landed}");
        assert!(late.abs_diff(960) < 111, "{late}");
        let never = fate(&day, &timing, Draw::new(1, 1), 0, (100, 0)).unwrap();
        assert_eq!(never, Fate::Expires(235));
    }
}
