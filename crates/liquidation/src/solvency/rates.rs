//! A borrow rate of two slopes: gentle up to the best usage, steep beyond it.

use breakwater_money::{MoneyError, Rounding, rounding};
use serde::{Deserialize, Serialize};

/// One, in 18 decimals.
pub const ONE_E18: u128 = 1_000_000_000_000_000_000;

/// Largest rate or slope, 100,000 % a year: beyond, a slip of scale is likelier than a rate.
const RATE_MAX_E18: u128 = 1_000 * ONE_E18;

/// `base + slope1 U / Uo` up to the best usage `Uo`, and `slope2 (U - Uo) / (1 - Uo)` more beyond. All
/// in 18 decimals, rates a year. Rounded up: the borrower asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwoSlopes {
    /// At no usage.
    pub base_e18: u128,
    /// Added from no usage to the best one.
    pub slope1_e18: u128,
    /// Added from the best usage to all of it.
    pub slope2_e18: u128,
    /// The best usage, above 0 and at most 1.
    pub usage_best_e18: u128,
}

impl TwoSlopes {
    /// The first field that makes no sense, with its value and what would be right.
    ///
    /// # Errors
    /// A sentence naming field, value and what would be right.
    pub fn validate(&self) -> Result<(), String> {
        if !(1..=ONE_E18).contains(&self.usage_best_e18) {
            return Err(format!("usage_best_e18 {}: 1 to {ONE_E18}", self.usage_best_e18));
        }
        for (name, rate) in [
            ("base_e18", self.base_e18),
            ("slope1_e18", self.slope1_e18),
            ("slope2_e18", self.slope2_e18),
        ] {
            if rate > RATE_MAX_E18 {
                return Err(format!("{name} {rate}: at most {RATE_MAX_E18}"));
            }
        }
        Ok(())
    }

    /// The borrow rate at a usage; one above 1 counts as 1.
    ///
    /// # Errors
    /// The fields were not validated and the rate does not fit.
    pub fn borrow_rate(&self, usage_e18: u128) -> Result<u128, MoneyError> {
        let usage = usage_e18.min(ONE_E18);
        let (low, high) =
            (usage.min(self.usage_best_e18), usage.saturating_sub(self.usage_best_e18));
        let gentle = rounding::mul_div(self.slope1_e18, low, self.usage_best_e18, Rounding::Ceil)?;
        let steep = if high == 0 {
            0
        } else {
            // Usage beyond the best one: the best one is below 1.
            let width = ONE_E18.saturating_sub(self.usage_best_e18);
            rounding::mul_div(self.slope2_e18, high, width, Rounding::Ceil)?
        };
        let rate = self.base_e18.checked_add(gentle).and_then(|rate| rate.checked_add(steep));
        rate.ok_or(MoneyError::Overflow)
    }

    /// What suppliers earn: the borrow rate times usage, less the share that the pool keeps. Rounded
    /// down.
    ///
    /// # Errors
    /// As [`TwoSlopes::borrow_rate`].
    pub fn supply_rate(&self, usage_e18: u128, kept_bps: u32) -> Result<u128, MoneyError> {
        let usage = usage_e18.min(ONE_E18);
        let rate = self.borrow_rate(usage)?;
        let paid = rounding::mul_div(rate, usage, ONE_E18, Rounding::Floor)?;
        let share = u128::from(10_000u32.saturating_sub(kept_bps));
        rounding::mul_div(paid, share, 10_000, Rounding::Floor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: TwoSlopes = TwoSlopes {
        base_e18: 10_000_000_000_000_000,
        slope1_e18: 35_000_000_000_000_000,
        slope2_e18: 600_000_000_000_000_000,
        usage_best_e18: 900_000_000_000_000_000,
    };

    #[test]
    fn the_slope_changes_at_the_best_usage_and_one_unit_to_either_side() {
        let best = RATES.usage_best_e18;
        for (usage, rate) in [
            (0, 10_000_000_000_000_000),
            (best - 1, 45_000_000_000_000_000),
            (best, 45_000_000_000_000_000),
            (best + 1, 45_000_000_000_000_006),
            (best - 1_000, 44_999_999_999_999_962),
            (ONE_E18, 645_000_000_000_000_000),
            (u128::MAX, 645_000_000_000_000_000),
        ] {
            assert_eq!(RATES.borrow_rate(usage), Ok(rate), "{usage}");
        }
        assert_eq!(RATES.supply_rate(best, 1_000), Ok(36_450_000_000_000_000));
        assert_eq!(RATES.supply_rate(0, 0), Ok(0));
    }

    #[test]
    fn a_rate_without_a_steep_part_has_none() {
        let flat = TwoSlopes { usage_best_e18: ONE_E18, ..RATES };
        assert_eq!(flat.borrow_rate(ONE_E18), Ok(45_000_000_000_000_000));
        assert!(TwoSlopes { usage_best_e18: 0, ..RATES }.validate().is_err());
        assert!(TwoSlopes { usage_best_e18: ONE_E18 + 1, ..RATES }.validate().is_err());
        let steep = TwoSlopes { slope2_e18: RATE_MAX_E18 + 1, ..RATES };
        assert!(steep.validate().unwrap_err().contains("slope2_e18"));
        assert_eq!(RATES.validate(), Ok(()));
    }

    #[test]
    fn a_rate_never_falls_with_usage() {
        let rates = (0..=1_000u128).map(|step| RATES.borrow_rate(ONE_E18 / 1_000 * step).unwrap());
        assert!(rates.collect::<Vec<_>>().is_sorted());
    }
}
