//! What grows with size: a margin rate that rises with the position, and the most that a position may
//! be.
//!
//! ```text
//! size-scaled    rate = base + size per_unit          margin = rate size price
//! tiered limit   sum over tiers of open interest of (open interest inside the tier) ratio
//! largest limit  max(open interest threshold, floor)
//! ```
//!
//! Sources: Deribit perpetuals (2 % and 0.005 % a coin), Bybit open-interest limits (20 % falling by 2
//! points), OKX position limits (20 % and 250,000 USD); exchange reference, sections 1.1 and 4.
//! Requirements round up, limits down: both against the account.

use breakwater_money::rounding::{Rounding, div_wide, mul_div_full, narrow_u128, pow10};
use breakwater_money::{MoneyError, Rational, U256, rational};
use serde::{Deserialize, Serialize};

/// `base + size per_unit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizeScaled {
    /// Rate of a position of no size, in 1e-9.
    pub base_e9: u64,
    /// What a whole unit of size adds to the rate, in 1e-12.
    pub per_unit_e12: u64,
}

/// The rate of a position: exact.
#[must_use]
pub fn size_scaled_rate(base: &Rational, per_unit: &Rational, size: &Rational) -> Rational {
    base + size * per_unit
}

/// The requirement of a position, in the unit of its price: exact.
#[must_use]
pub fn size_scaled_margin(rate: &Rational, size: &Rational, price: &Rational) -> Rational {
    rate * size * price
}

impl SizeScaled {
    /// The requirement of a position whose `value` at the mark is in base units of the settle asset
    /// and whose raw `size` has `size_decimals`, in base units rounded up.
    ///
    /// # Errors
    /// More than 18 decimals, or a product too large.
    pub fn requirement(
        &self,
        value: u128,
        size: u128,
        size_decimals: u8,
    ) -> Result<u128, MoneyError> {
        if size_decimals > 18 {
            return Err(MoneyError::Overflow);
        }
        let one = U256::from(pow10(size_decimals)?);
        // 64, 60 and 10 bits, and 128 and 64: the sum has at most 193.
        let base = U256::from(self.base_e9) * one * U256::from(1_000u16);
        let rate = base + U256::from(size) * U256::from(self.per_unit_e12);
        let divisor = one * U256::from(pow10(12)?);
        narrow_u128(mul_div_full(U256::from(value), rate, divisor, Rounding::Ceil)?)
    }
}

/// One tier of a limit on open interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitTier {
    /// Upper edge in the units of open interest; none for the rest.
    pub to: Option<u128>,
    /// Share of the open interest inside the tier, in 1e-9.
    pub ratio_e9: u64,
}

/// Why there is no limit. Tiers are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// An edge does not rise, or a tier follows the open one. Sort the rows.
    #[error(
        "tier {tier}: its upper edge is not above the one before; edges rise, an open one is last"
    )]
    EdgeNotRising {
        /// The tier.
        tier: usize,
    },
    /// The limit does not fit 128 bits.
    #[error("position limit: {0}")]
    Money(#[from] MoneyError),
}

/// The limit by tiers as exact numbers: `(upper edge, ratio)`, lowest first. Open interest above the
/// last edge counts nothing.
///
/// # Errors
/// Edges that do not rise.
pub fn tiered_limit_exact(
    open_interest: &Rational,
    tiers: &[(Option<Rational>, Rational)],
) -> Result<Rational, LimitError> {
    let (mut limit, mut from, mut open) = (zero(), zero(), false);
    for (index, (to, ratio)) in tiers.iter().enumerate() {
        let to = to.as_ref();
        if open || to.is_some_and(|to| *to <= from) {
            return Err(LimitError::EdgeNotRising { tier: index + 1 });
        }
        let end = to.map_or(open_interest, |to| to.min(open_interest));
        limit += (end - &from).max(zero()) * ratio;
        open = to.is_none();
        from = to.cloned().unwrap_or(from);
    }
    Ok(limit)
}

/// The limit by tiers in the units of open interest, rounded down.
///
/// # Errors
/// Edges that do not rise, or a limit of more than 128 bits.
pub fn tiered_limit(open_interest: u128, tiers: &[LimitTier]) -> Result<u128, LimitError> {
    let (mut limit_e9, mut from, mut open) = (U256::ZERO, 0u128, false);
    for (index, LimitTier { to, ratio_e9 }) in tiers.iter().enumerate() {
        if open || to.is_some_and(|to| to <= from) {
            return Err(LimitError::EdgeNotRising { tier: index + 1 });
        }
        let end = to.map_or(open_interest, |to| to.min(open_interest));
        let inside = U256::from(end.saturating_sub(from)) * U256::from(*ratio_e9);
        limit_e9 = limit_e9.checked_add(inside).ok_or(MoneyError::Overflow)?;
        open = to.is_none();
        from = to.unwrap_or(from);
    }
    let limit = div_wide(limit_e9, U256::from(1_000_000_000u64), Rounding::Floor)?;
    Ok(narrow_u128(limit)?)
}

/// `max(open interest threshold, floor)`, exact.
#[must_use]
pub fn largest_limit_exact(
    open_interest: &Rational,
    threshold: &Rational,
    floor: &Rational,
) -> Rational {
    (open_interest * threshold).max(floor.clone())
}

/// The same in the units of open interest, rounded down.
///
/// # Errors
/// A limit of more than 128 bits.
pub fn largest_limit(
    open_interest: u128,
    threshold_e9: u64,
    floor: u128,
) -> Result<u128, LimitError> {
    let share = U256::from(open_interest) * U256::from(threshold_e9);
    let share = div_wide(share, U256::from(1_000_000_000u64), Rounding::Floor)?;
    Ok(narrow_u128(share)?.max(floor))
}

fn zero() -> Rational {
    rational::from_raw(0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 20 % to 5 million, falling by two points each further 5 million, nothing above 50.
    fn falling() -> Vec<LimitTier> {
        let tier = |n: u64| LimitTier {
            to: Some(5_000_000 * u128::from(n)),
            ratio_e9: (22 - 2 * n) * 10_000_000,
        };
        (1..=10).map(tier).collect()
    }

    #[test]
    fn a_venues_own_ladder_of_limits_holds_at_its_edges_and_a_unit_beside_them() {
        let limit = |open_interest| tiered_limit(open_interest, &falling()).unwrap();
        let ladder = [1_000, 1_900, 2_700, 3_400, 4_000, 4_500, 4_900, 5_200, 5_400, 5_500];
        for (n, expected) in (1..).zip(ladder) {
            assert_eq!(limit(n * 5_000_000), expected * 1_000);
        }
        assert_eq!((limit(0), limit(4), limit(5)), (0, 0, 1));
        assert_eq!((limit(4_999_995), limit(5_000_006)), (999_999, 1_000_001));
        assert_eq!(limit(u128::MAX), 5_500_000);
        let open = [LimitTier { to: None, ratio_e9: 1_000_000_000 }];
        assert_eq!(tiered_limit(u128::MAX, &open), Ok(u128::MAX));
    }

    #[test]
    fn edges_that_do_not_rise_are_named() {
        let at = |to| LimitTier { to, ratio_e9: 1 };
        for tiers in [vec![at(Some(5)), at(Some(5))], vec![at(None), at(Some(9))]] {
            let refused = tiered_limit(1, &tiers).unwrap_err();
            assert_eq!(refused, LimitError::EdgeNotRising { tier: 2 });
        }
        assert_eq!(tiered_limit(1, &[at(Some(0))]), Err(LimitError::EdgeNotRising { tier: 1 }));
        let open = [LimitTier { to: None, ratio_e9: u64::MAX }];
        assert_eq!(tiered_limit(u128::MAX, &open), Err(MoneyError::Overflow.into()));
    }

    #[test]
    fn the_larger_of_threshold_and_floor_is_the_limit() {
        let limit = |open_interest| largest_limit(open_interest, 200_000_000, 250_000);
        assert_eq!(limit(500_000), Ok(250_000));
        let edge = [limit(1_249_999), limit(1_250_000), limit(1_250_004), limit(1_250_005)];
        assert_eq!(edge, [Ok(250_000), Ok(250_000), Ok(250_000), Ok(250_001)]);
    }

    #[test]
    fn published_perpetual_margins_hold() {
        let bitcoin = SizeScaled { base_e9: 20_000_000, per_unit_e12: 50_000_000 };
        // 350 coins at 100,000 in cents: 3.75 %.
        assert_eq!(bitcoin.requirement(3_500_000_000, 350, 0), Ok(131_250_000));
        assert_eq!(bitcoin.requirement(1, 0, 18), Ok(1));
        assert_eq!(bitcoin.requirement(0, 350, 0), Ok(0));
        assert_eq!(bitcoin.requirement(1, 1, 19), Err(MoneyError::Overflow));
        assert_eq!(bitcoin.requirement(u128::MAX, u128::MAX, 0), Err(MoneyError::Overflow));
    }

    proptest! {
        #[test]
        fn the_integers_are_the_exact_rules_rounded_against_the_account(
            open_interest in 0u128..1 << 70, floor in 0u128..1 << 60, rate_e9 in 0u64..1_000_000_000,
            steps in prop::collection::vec((1u128..1 << 50, 0u64..1_000_000_000), 0..6),
            last in prop::option::of(0u64..1_000_000_000), size in 0u128..1 << 60,
            per_unit_e12 in 0u64..1_000_000_000, decimals in 0u8..18
        ) {
            let raw = |raw: u128, decimals| rational::from_raw(raw as i128, decimals);
            let mut edge = 0;
            let mut tiers: Vec<LimitTier> = steps.iter().map(|(width, ratio_e9)| {
                edge += width;
                LimitTier { to: Some(edge), ratio_e9: *ratio_e9 }
            }).collect();
            tiers.extend(last.map(|ratio_e9| LimitTier { to: None, ratio_e9 }));
            let exact: Vec<_> = tiers.iter()
                .map(|tier| (tier.to.map(|to| raw(to, 0)), raw(tier.ratio_e9.into(), 9))).collect();
            let down = |value| rational::to_raw(&value, 0, Rounding::Floor).unwrap();
            let interest = raw(open_interest, 0);
            prop_assert_eq!(tiered_limit(open_interest, &tiers).unwrap(),
                down(tiered_limit_exact(&interest, &exact).unwrap()));
            prop_assert_eq!(largest_limit(open_interest, rate_e9, floor).unwrap(),
                down(largest_limit_exact(&interest, &raw(rate_e9.into(), 9), &raw(floor, 0))));
            let scaled = SizeScaled { base_e9: rate_e9, per_unit_e12 };
            let rate = size_scaled_rate(&raw(rate_e9.into(), 9), &raw(per_unit_e12.into(), 12), &raw(size, decimals));
            // Any value: the exact rule has size times price in its place.
            let margin = size_scaled_margin(&rate, &raw(1, 0), &raw(floor, 0));
            prop_assert_eq!(scaled.requirement(floor, size, decimals).unwrap(),
                rational::to_raw(&margin, 0, Rounding::Ceil).unwrap());
        }
    }
}
