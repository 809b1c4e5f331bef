//! Interest rates that follow usage along two straight lines with one kink.
//!
//! Rates and usage are rays, rates per year. Parameters are basis points and scale to rays
//! exactly.

use breakwater_money::rounding::Rounding;
use breakwater_money::{Bps, MoneyError, Ray, Result, U256, Wad};
use serde::{Deserialize, Serialize};

/// The kinked model: `base`, a first slope up to the optimal usage and a second one beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KinkedRate {
    /// Usage at the kink, basis points, 100 to 9,900.
    pub optimal_usage_bps: u32,
    /// Rate at zero usage, basis points a year.
    pub base_bps: u32,
    /// Rate added between zero and optimal usage, basis points a year.
    pub slope1_bps: u32,
    /// Rate added between optimal and full usage, basis points a year; not below `slope1_bps`.
    pub slope2_bps: u32,
}

/// A rate parameter that a reserve may not have. Each names the field, its value and the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadRate {
    /// The kink is outside 1 to 99 per cent.
    #[error(
        "optimal_usage_bps = {0}: the optimal usage must lie between 100 (1 %) and 9900 (99 %)"
    )]
    Optimal(u32),
    /// The second slope is flatter than the first.
    #[error(
        "slope2_bps = {slope2}: must not be below slope1_bps = {slope1}, or the kink bends down"
    )]
    Kink {
        /// First slope, basis points.
        slope1: u32,
        /// Second slope, basis points.
        slope2: u32,
    },
    /// Base and slopes together exceed 1,000 per cent a year.
    #[error("base_bps + slope1_bps + slope2_bps = {0}: must be at most 100000 (1000 % a year)")]
    Maximum(u64),
}

/// Largest sum of base and slopes, basis points (Aave v3 rate strategy: 1,000 % a year).
const MAX_TOTAL_BPS: u64 = 100_000;

impl KinkedRate {
    /// Refuses a model that the venue's rate strategy refuses.
    ///
    /// # Errors
    /// The first bound that is broken.
    pub fn validate(&self) -> std::result::Result<(), BadRate> {
        if !(100..=9_900).contains(&self.optimal_usage_bps) {
            return Err(BadRate::Optimal(self.optimal_usage_bps));
        }
        if self.slope2_bps < self.slope1_bps {
            return Err(BadRate::Kink { slope1: self.slope1_bps, slope2: self.slope2_bps });
        }
        let total =
            u64::from(self.base_bps) + u64::from(self.slope1_bps) + u64::from(self.slope2_bps);
        if total > MAX_TOTAL_BPS { Err(BadRate::Maximum(total)) } else { Ok(()) }
    }

    /// The borrow rate at `usage` (both rays), with half-up products and quotients: up to and at
    /// the optimum on the first line, above it on the second.
    ///
    /// # Errors
    /// The optimal usage is 0 or above 100 per cent where a line needs it, or a value overflows.
    pub fn borrow_rate(&self, usage: U256) -> Result<U256> {
        let one = Ray::one().raw;
        let optimal = ray_of_bps(self.optimal_usage_bps)?;
        let base = ray_of_bps(self.base_bps)?;
        let slope1 = ray_of_bps(self.slope1_bps)?;
        if usage <= optimal {
            let along = Ray::from_raw(slope1).of(usage, Rounding::HalfUp)?;
            let rate = Ray::from_raw(optimal).divide(along, Rounding::HalfUp)?;
            return base.checked_add(rate).ok_or(MoneyError::Overflow);
        }
        let beyond = one.checked_sub(optimal).ok_or(MoneyError::Underflow)?;
        let excess = Ray::ratio(usage - optimal, beyond, Rounding::HalfUp)?;
        let steep = excess.of(ray_of_bps(self.slope2_bps)?, Rounding::HalfUp)?;
        base.checked_add(slope1).and_then(|r| r.checked_add(steep)).ok_or(MoneyError::Overflow)
    }
}

/// The kinked model of venues that write it as two slopes per second or per block, everything at
/// 1e18 and every product rounded down: `base + usage x slope_low` up to and at the kink, above it
/// `base + kink x slope_low + (usage - kink) x slope_high`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwoSlopes {
    /// Rate at zero usage (wad).
    pub base: U256,
    /// Rate per usage up to the kink (wad).
    pub slope_low: U256,
    /// Usage at the kink (wad).
    pub kink: U256,
    /// Rate per usage beyond the kink (wad).
    pub slope_high: U256,
}

impl TwoSlopes {
    /// The rate at `usage` (wad, may exceed one), per the unit of time of the slopes.
    ///
    /// # Errors
    /// A product or sum overflows 256 bits.
    pub fn rate(&self, usage: U256) -> Result<U256> {
        let part = |usage: U256, slope: U256| Wad::from_raw(slope).of(usage, Rounding::Floor);
        let low = part(usage.min(self.kink), self.slope_low)?;
        let high = match usage.checked_sub(self.kink) {
            Some(excess) => part(excess, self.slope_high)?,
            None => U256::ZERO,
        };
        self.base
            .checked_add(low)
            .and_then(|rate| rate.checked_add(high))
            .ok_or(MoneyError::Overflow)
    }
}

/// `debt / (available + debt)` as a ray, half up; zero without debt.
///
/// # Errors
/// A sum or product overflows.
pub fn usage(debt: U256, available: U256) -> Result<U256> {
    if debt.is_zero() {
        return Ok(U256::ZERO);
    }
    let whole = available.checked_add(debt).ok_or(MoneyError::Overflow)?;
    Ok(Ray::ratio(debt, whole, Rounding::HalfUp)?.raw)
}

/// Basis points as a ray, which is exact.
fn ray_of_bps(bps: u32) -> Result<U256> {
    Bps::new(u128::from(bps)).of(Ray::one().raw, Rounding::Floor)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: KinkedRate =
        KinkedRate { optimal_usage_bps: 8_000, base_bps: 0, slope1_bps: 300, slope2_bps: 8_000 };
    const PERCENT: u128 = 10_000_000_000_000_000_000_000_000;

    #[test]
    fn the_kink_belongs_to_the_first_line_and_full_usage_pays_both_slopes() {
        let at = |percent: u128| MODEL.borrow_rate(U256::from(percent * PERCENT)).unwrap();
        assert_eq!(at(0), U256::ZERO);
        assert_eq!(at(40), U256::from(PERCENT + PERCENT / 2));
        assert_eq!(at(80), U256::from(3 * PERCENT));
        assert_eq!(at(90), U256::from(43 * PERCENT));
        assert_eq!(at(100), U256::from(83 * PERCENT));
    }

    #[test]
    fn two_slopes_meet_at_the_kink_and_go_on_above_full_usage() {
        let tenth = |n: u64| U256::from(n * 100_000_000_000_000_000);
        let model = TwoSlopes {
            base: tenth(1),
            slope_low: tenth(2),
            kink: tenth(5),
            slope_high: tenth(40),
        };
        assert_eq!(model.rate(U256::ZERO), Ok(tenth(1)));
        assert_eq!(model.rate(tenth(5)), Ok(tenth(2)));
        assert_eq!(model.rate(tenth(5) + U256::ONE), Ok(tenth(2) + U256::from(4)));
        assert_eq!(model.rate(tenth(15)), Ok(tenth(42)));
        assert_eq!(model.rate(U256::MAX), Err(MoneyError::Overflow));
    }

    #[test]
    fn no_debt_is_no_usage_even_in_an_empty_reserve() {
        assert_eq!(usage(U256::ZERO, U256::ZERO), Ok(U256::ZERO));
        assert_eq!(usage(U256::from(1), U256::ZERO), Ok(Ray::one().raw));
        assert_eq!(usage(U256::MAX, U256::ONE), Err(MoneyError::Overflow));
    }

    #[test]
    fn bad_models_are_refused_at_the_bound() {
        let with = |f: fn(&mut KinkedRate)| {
            let mut model = MODEL;
            f(&mut model);
            model.validate()
        };
        assert_eq!(with(|_| ()), Ok(()));
        assert_eq!(with(|m| m.optimal_usage_bps = 100), Ok(()));
        assert_eq!(with(|m| m.optimal_usage_bps = 99), Err(BadRate::Optimal(99)));
        assert_eq!(with(|m| m.optimal_usage_bps = 9_900), Ok(()));
        assert_eq!(with(|m| m.optimal_usage_bps = 9_901), Err(BadRate::Optimal(9_901)));
        assert_eq!(with(|m| m.slope1_bps = 8_000), Ok(()));
        assert_eq!(
            with(|m| m.slope1_bps = 8_001),
            Err(BadRate::Kink { slope1: 8_001, slope2: 8_000 })
        );
        assert_eq!(with(|m| m.slope2_bps = 99_700), Ok(()));
        assert_eq!(with(|m| m.slope2_bps = 99_701), Err(BadRate::Maximum(100_001)));
    }
}
