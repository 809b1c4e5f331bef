//! Maintenance requirement by tiers of notional.
//!
//! A tier table gives every slice of a position's notional its own maintenance rate. The requirement
//! of a notional `N` in tier `n` is
//!
//! ```text
//! m(N) = N * rate_n - cum_n        cum_1 = 0,  cum_n = cum_(n-1) + floor_n * (rate_n - rate_(n-1))
//! ```
//!
//! with `floor_n` the cap of the tier below. `cum` ("maintenance amount", "deduction") is what makes
//! `m` continuous at each cap; it follows from caps and rates alone, so it is computed here and never
//! stored, and [`TierTable::check_deductions`] holds a published list against it. The formula is that
//! of the public bracket tables of perpetual-futures venues, whose rows it reproduces without a
//! difference. `m` is the sum over slices of slice width times slice rate: never negative, never
//! above `N`, rising, and convex since rates do not fall. The solver of
//! [`liquidation_price`](crate::liquidation_price) rests on that convexity.
//!
//! Units: notionals and requirements are base units of the settle asset; rates are 1e-9; exact
//! requirements and deductions are 1e-9 of a base unit, in 256 bits.

use breakwater_money::rounding::{Rounding, div_wide, narrow_u128};
use breakwater_money::{MoneyError, U256, decimal};
use serde::{Deserialize, Serialize};

/// Units of a rate that make one.
pub const RATE_ONE_E9: u64 = 1_000_000_000;

/// Decimals of a rate.
pub const RATE_DECIMALS: u8 = 9;

/// One row of a tier table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Largest notional of this tier, in base units of the settle asset; a notional equal to it
    /// still belongs here.
    pub cap: u128,
    /// Maintenance rate of the slice above the previous cap, in 1e-9.
    pub rate_e9: u64,
    /// Largest leverage at which a position of this notional may be opened.
    pub leverage_max: u32,
}

/// Why a list of tiers is no table, or a notional has no tier. Tiers are counted from 1, as venues
/// print them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TierError {
    /// The list is empty. Give the table at least one tier.
    #[error("tiers: the list is empty; a table needs at least one tier")]
    Empty,
    /// A cap is not above the one before it. Sort the rows, or remove the double one.
    #[error("tier {tier}: cap {cap} is not above {previous}; caps rise strictly from 0")]
    CapNotAscending {
        /// The tier, counted from 1.
        tier: usize,
        /// Its cap.
        cap: u128,
        /// The cap it must exceed; 0 for the first tier.
        previous: u128,
    },
    /// A rate is zero or above one.
    #[error("tier {tier}: rate_e9 {rate_e9} is outside 1 to 1000000000 (above 0 %, at most 100 %)")]
    RateOutOfRange {
        /// The tier, counted from 1.
        tier: usize,
        /// Its rate in 1e-9.
        rate_e9: u64,
    },
    /// A rate is below the one before it, so a larger position would ask for less at the margin.
    #[error(
        "tier {tier}: rate_e9 {rate_e9} is below the {previous} of the tier before; rates never fall"
    )]
    RateFalls {
        /// The tier, counted from 1.
        tier: usize,
        /// Its rate in 1e-9.
        rate_e9: u64,
        /// The rate of the tier before.
        previous: u64,
    },
    /// A tier allows no leverage at all.
    #[error("tier {tier}: leverage_max is 0; it is at least 1")]
    LeverageZero {
        /// The tier, counted from 1.
        tier: usize,
    },
    /// A notional beyond the last cap: the position limit.
    #[error("notional {notional} is above the last tier's cap {cap}, the position limit")]
    NotionalAboveLastTier {
        /// The notional asked for.
        notional: u128,
        /// The last cap.
        cap: u128,
    },
    /// A published list of deductions has another length than the table.
    #[error("deductions: {stated} are stated for {tiers} tiers; one a tier is right")]
    DeductionCount {
        /// How many are stated.
        stated: usize,
        /// How many tiers there are.
        tiers: usize,
    },
    /// A published deduction breaks continuity at the tier's lower edge.
    #[error("tier {tier}: deduction {stated} is stated; continuity asks for {}", decimal::format_wide(*right_e9, RATE_DECIMALS))]
    DeductionDiffers {
        /// The tier, counted from 1.
        tier: usize,
        /// The stated deduction in base units.
        stated: u128,
        /// The right one, in 1e-9 base units.
        right_e9: U256,
    },
    /// Arithmetic left its width. No valid table leads here.
    #[error("tiers: {0}")]
    Money(#[from] MoneyError),
}

/// A validated tier table: caps rise strictly, rates are in (0, 1] and never fall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Tier>", into = "Vec<Tier>")]
pub struct TierTable {
    tiers: Vec<Tier>,
    /// `cum` of each tier in 1e-9 base units, from continuity.
    deductions_e9: Vec<U256>,
}

impl TierTable {
    /// The table of `tiers`, lowest first.
    ///
    /// # Errors
    /// The list is empty, or the first row that breaks a rule, named with its value and the rule.
    pub fn new(tiers: Vec<Tier>) -> Result<Self, TierError> {
        if tiers.is_empty() {
            return Err(TierError::Empty);
        }
        let (mut cap, mut rate_e9) = (0u128, 0u64);
        for (index, row) in tiers.iter().enumerate() {
            let tier = index + 1;
            if row.cap <= cap {
                return Err(TierError::CapNotAscending { tier, cap: row.cap, previous: cap });
            }
            if row.rate_e9 == 0 || row.rate_e9 > RATE_ONE_E9 {
                return Err(TierError::RateOutOfRange { tier, rate_e9: row.rate_e9 });
            }
            if row.rate_e9 < rate_e9 {
                let rate = row.rate_e9;
                return Err(TierError::RateFalls { tier, rate_e9: rate, previous: rate_e9 });
            }
            if row.leverage_max == 0 {
                return Err(TierError::LeverageZero { tier });
            }
            (cap, rate_e9) = (row.cap, row.rate_e9);
        }
        let deductions_e9 = deductions_by_continuity(&tiers);
        Ok(TierTable { tiers, deductions_e9 })
    }

    /// The rows, lowest first; never empty.
    #[must_use]
    pub fn tiers(&self) -> &[Tier] {
        &self.tiers
    }

    /// The deduction `cum` of each tier, in 1e-9 base units of the settle asset.
    #[must_use]
    pub fn deductions_e9(&self) -> &[U256] {
        &self.deductions_e9
    }

    /// Index, from 0, of the tier that `notional` belongs to: the first whose cap it does not exceed.
    ///
    /// # Errors
    /// The notional is above the last cap.
    pub fn tier_of(&self, notional: u128) -> Result<usize, TierError> {
        let index = self.tiers.partition_point(|tier| tier.cap < notional);
        if index < self.tiers.len() {
            return Ok(index);
        }
        let cap = self.tiers.last().map_or(0, |tier| tier.cap);
        Err(TierError::NotionalAboveLastTier { notional, cap })
    }

    /// The requirement of `notional`, exact, in 1e-9 base units: `notional * rate - cum`.
    ///
    /// # Errors
    /// The notional is above the last cap.
    pub fn maintenance_exact_e9(&self, notional: u128) -> Result<U256, TierError> {
        let index = self.tier_of(notional)?;
        let at_rate = scaled_by_rate(notional, self.tiers[index].rate_e9);
        Ok(at_rate.checked_sub(self.deductions_e9[index]).ok_or(MoneyError::Underflow)?)
    }

    /// The requirement of `notional` in base units, rounded up: against the account.
    ///
    /// # Errors
    /// The notional is above the last cap.
    pub fn maintenance(&self, notional: u128) -> Result<u128, TierError> {
        let exact = self.maintenance_exact_e9(notional)?;
        Ok(narrow_u128(div_wide(exact, U256::from(RATE_ONE_E9), Rounding::Ceil)?)?)
    }

    /// Holds a published list of deductions, in base units and lowest tier first, against continuity.
    ///
    /// # Errors
    /// Another length, or the first tier whose stated deduction is not exactly the right one.
    pub fn check_deductions(&self, stated: &[u128]) -> Result<(), TierError> {
        if stated.len() != self.tiers.len() {
            let tiers = self.tiers.len();
            return Err(TierError::DeductionCount { stated: stated.len(), tiers });
        }
        for (index, (&stated, &right_e9)) in stated.iter().zip(&self.deductions_e9).enumerate() {
            if scaled_by_rate(stated, RATE_ONE_E9) != right_e9 {
                return Err(TierError::DeductionDiffers { tier: index + 1, stated, right_e9 });
            }
        }
        Ok(())
    }
}

impl TryFrom<Vec<Tier>> for TierTable {
    type Error = TierError;

    fn try_from(tiers: Vec<Tier>) -> Result<Self, TierError> {
        TierTable::new(tiers)
    }
}

impl From<TierTable> for Vec<Tier> {
    fn from(table: TierTable) -> Self {
        table.tiers
    }
}

/// `cum` of every tier of a valid list. The sum telescopes below `cap * rate`, under 2^158, so it
/// always fits; rates do not fall, so no step is negative.
fn deductions_by_continuity(tiers: &[Tier]) -> Vec<U256> {
    let mut cum = U256::ZERO;
    let mut below: Option<&Tier> = None;
    let mut deductions = Vec::with_capacity(tiers.len());
    for tier in tiers {
        if let Some(below) = below {
            cum += scaled_by_rate(below.cap, tier.rate_e9 - below.rate_e9);
        }
        deductions.push(cum);
        below = Some(tier);
    }
    deductions
}

/// `value * rate_e9`: at most 2^128 times 2^64, which 256 bits hold.
fn scaled_by_rate(value: u128, rate_e9: u64) -> U256 {
    U256::from(value) * U256::from(rate_e9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tier(cap: u128, rate_e9: u64) -> Tier {
        Tier { cap, rate_e9, leverage_max: 10 }
    }

    fn table() -> TierTable {
        TierTable::new(vec![
            tier(50_000, 4_000_000),
            tier(600_000, 5_000_000),
            tier(3_000_000, 6_500_000),
        ])
        .unwrap()
    }

    #[test]
    fn a_notional_equal_to_a_cap_belongs_to_the_lower_tier() {
        let table = table();
        for (notional, index) in
            [(0, 0), (1, 0), (50_000, 0), (50_001, 1), (600_000, 1), (3_000_000, 2)]
        {
            assert_eq!(table.tier_of(notional), Ok(index), "{notional}");
        }
        assert_eq!(
            table.tier_of(3_000_001),
            Err(TierError::NotionalAboveLastTier { notional: 3_000_001, cap: 3_000_000 })
        );
        assert_eq!(
            table.maintenance(u128::MAX).unwrap_err().to_string(),
            format!(
                "notional {} is above the last tier's cap 3000000, the position limit",
                u128::MAX
            )
        );
    }

    #[test]
    fn deductions_follow_from_continuity_and_a_stated_list_is_held_against_them() {
        let table = table();
        let billion = U256::from(RATE_ONE_E9);
        let right = [0u128, 50, 950];
        let exact: Vec<U256> = right.iter().map(|d| U256::from(*d) * billion).collect();
        assert_eq!(table.deductions_e9(), exact);
        assert_eq!(table.check_deductions(&right), Ok(()));
        for index in 0..right.len() {
            let mut wrong = right;
            wrong[index] += 1;
            let error = table.check_deductions(&wrong).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "tier {}: deduction {} is stated; continuity asks for {}",
                    index + 1,
                    wrong[index],
                    right[index]
                )
            );
        }
        assert_eq!(
            table.check_deductions(&[0, 50]),
            Err(TierError::DeductionCount { stated: 2, tiers: 3 })
        );
    }

    #[test]
    fn the_requirement_rounds_up_by_less_than_one_unit() {
        let table = table();
        // 600,001 * 0.0065 - 950 = 2,950.0065
        assert_eq!(table.maintenance_exact_e9(600_001), Ok(U256::from(2_950_006_500_000u64)));
        assert_eq!(table.maintenance(600_001), Ok(2_951));
        assert_eq!(table.maintenance(600_000), Ok(2_950));
        assert_eq!(table.maintenance(1), Ok(1));
        assert_eq!(table.maintenance(0), Ok(0));
    }

    #[test]
    fn the_widest_table_does_not_overflow() {
        let wide =
            TierTable::new(vec![tier(u128::MAX - 1, 1), tier(u128::MAX, RATE_ONE_E9)]).unwrap();
        // (2^128 - 2) * 1e-9 rounds up to one above its floor, and one whole unit comes on top.
        assert_eq!(wide.maintenance(u128::MAX), Ok(340_282_366_920_938_463_463_374_607_433));
    }

    #[test]
    fn every_bad_row_is_refused_by_name() {
        let refusal = |tiers: Vec<Tier>| TierTable::new(tiers).unwrap_err().to_string();
        assert_eq!(refusal(vec![]), "tiers: the list is empty; a table needs at least one tier");
        assert_eq!(
            refusal(vec![tier(0, 1)]),
            "tier 1: cap 0 is not above 0; caps rise strictly from 0"
        );
        assert_eq!(
            refusal(vec![tier(5, 1), tier(5, 2)]),
            "tier 2: cap 5 is not above 5; caps rise strictly from 0"
        );
        for rate_e9 in [0, RATE_ONE_E9 + 1] {
            assert_eq!(
                refusal(vec![tier(5, rate_e9)]),
                format!(
                    "tier 1: rate_e9 {rate_e9} is outside 1 to 1000000000 (above 0 %, at most 100 %)"
                )
            );
        }
        assert_eq!(
            refusal(vec![tier(5, 3), tier(6, 2)]),
            "tier 2: rate_e9 2 is below the 3 of the tier before; rates never fall"
        );
        assert_eq!(
            refusal(vec![Tier { cap: 5, rate_e9: 3, leverage_max: 0 }]),
            "tier 1: leverage_max is 0; it is at least 1"
        );
    }

    /// Any valid table with caps below 2^100.
    fn any_table() -> impl Strategy<Value = TierTable> {
        prop::collection::vec((1u128..1 << 90, 0u64..120_000_000), 1..9).prop_map(|steps| {
            let (mut cap, mut rate_e9) = (0, 1);
            let rows = steps.into_iter().map(|(width, rise)| {
                (cap, rate_e9) = (cap + width, rate_e9 + rise);
                tier(cap, rate_e9)
            });
            TierTable::new(rows.collect()).unwrap()
        })
    }

    proptest! {
        #[test]
        fn the_requirement_is_the_sum_over_slices(table in any_table(), at in any::<u128>()) {
            let last = table.tiers().last().unwrap().cap;
            let notional = at % (last + 1);
            let (mut floor, mut slices) = (0u128, U256::ZERO);
            for row in table.tiers() {
                let width = notional.min(row.cap).saturating_sub(floor);
                slices += U256::from(width) * U256::from(row.rate_e9);
                floor = row.cap;
            }
            prop_assert_eq!(table.maintenance_exact_e9(notional), Ok(slices));
            let rounded = table.maintenance(notional).unwrap();
            prop_assert!(rounded <= notional);
            let back = U256::from(rounded) * U256::from(RATE_ONE_E9);
            prop_assert!(back >= slices && back - slices < U256::from(RATE_ONE_E9));
        }

        #[test]
        fn the_requirement_is_continuous_at_every_cap(table in any_table()) {
            for (index, row) in table.tiers().iter().enumerate().skip(1) {
                let edge = table.tiers()[index - 1].cap;
                let from_above = U256::from(edge) * U256::from(row.rate_e9) - table.deductions_e9()[index];
                prop_assert_eq!(table.maintenance_exact_e9(edge), Ok(from_above));
            }
        }
    }
}
