//! What a grid of moves does not show, and is charged on top.

use super::grid::require;
use super::listing::YEAR_SECONDS;
use super::{ONE_BPS, ScenarioError};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{MoneyError, Rational};
use serde::{Deserialize, Serialize};

/// Charges on top of the worst loss; each is zero unless given. Exposures are values at the mark in
/// base units of the settle asset.
///
/// Sources: exchange reference, section 6 (short options and offset futures: Deribit's history; roll and
/// concentration: its present parameters; minimum: OKX's MR7). Where the page gives a number and no
/// formula, the documentation of the part says what was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charges {
    /// For each option that the account is net short at a strike of an expiry: share of the
    /// underlying's value (settled in coin: coins an option), in 1e-9.
    #[serde(default)]
    pub short_option_e9: u64,
    /// Of the value of futures that offset each other (the smaller of all longs and all shorts), in
    /// 1e-9.
    #[serde(default)]
    pub offset_futures_e9: u64,
    /// Moves of single expiries against the rest.
    #[serde(default)]
    pub roll: Option<Roll>,
    /// What is hard to hedge because it is large.
    #[serde(default)]
    pub concentration: Option<Concentration>,
    /// The least that the worst loss is taken as.
    #[serde(default)]
    pub minimum: Option<Minimum>,
}

/// Basis risk: each expiry's exposure, futures and options' deltas netted, is moved on its own, by
/// `max(least, annual years)` of its value; expiries do not offset each other, perpetuals do not roll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roll {
    /// Move a year.
    pub annual_bps: u32,
    /// The least move.
    #[serde(default)]
    pub least_bps: u32,
}

/// A share of the account's net delta beyond a threshold. The page says "up to 10 % above 20 million"
/// and not how it grows: this charges the whole rate on the excess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Concentration {
    /// Net delta that is not charged, in base units of the settle asset.
    pub above: u128,
    /// Share of what exceeds it.
    pub rate_bps: u32,
}

/// A raw charge on gross positions, multiplied by tiers of itself. Each slice is taken at its own
/// multiplier, so that the charge has no steps; the page gives tiers and multipliers alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Minimum {
    /// Of the value of every future, long or short, in 1e-9.
    pub futures_e9: u64,
    /// Of the underlying's value of every short option, in 1e-9.
    pub short_options_e9: u64,
    /// Lowest first; above the last edge its multiplier goes on.
    pub tiers: Vec<MinimumTier>,
}

/// A slice of the raw charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinimumTier {
    /// Upper edge of the slice, in base units of the settle asset.
    pub to: u128,
    /// What it is multiplied by.
    pub multiplier: u32,
}

/// Each charge of an account, in base units of the settle asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Charge {
    /// Net short options by strike.
    pub short_options: u128,
    /// Offsetting futures.
    pub offset_futures: u128,
    /// Single expiries.
    pub roll: u128,
    /// Size.
    pub concentration: u128,
}

impl Charge {
    /// All of them.
    ///
    /// # Errors
    /// The sum does not fit.
    pub fn total(&self) -> Result<u128, MoneyError> {
        [self.offset_futures, self.roll, self.concentration]
            .into_iter()
            .try_fold(self.short_options, u128::checked_add)
            .ok_or(MoneyError::Overflow)
    }
}

/// A charge on an amount by a share of it: exact.
#[must_use]
pub fn contingency(amount: &Rational, rate: &Rational) -> Rational {
    amount * rate
}

/// `amount rate`, rounded up.
pub(super) fn share_e9(amount: u128, rate_e9: u64) -> Result<u128, MoneyError> {
    mul_div(amount, rate_e9.into(), 1_000_000_000, Rounding::Ceil)
}

/// `amount rate`, rounded up.
pub(super) fn share_bps(amount: u128, rate_bps: u32) -> Result<u128, MoneyError> {
    mul_div(amount, rate_bps.into(), ONE_BPS.into(), Rounding::Ceil)
}

impl Charges {
    pub(super) fn check(&self) -> Result<(), ScenarioError> {
        let Some(minimum) = &self.minimum else { return Ok(()) };
        let mut edge = 0;
        for (tier, MinimumTier { to, .. }) in (1i64..).zip(&minimum.tiers) {
            let right = "a tier, counted from 1, whose edge is above the one before is right";
            require("charges.minimum.tiers", tier, *to > edge, right)?;
            edge = *to;
        }
        let right = "at least one tier is right";
        require("charges.minimum.tiers", 0, !minimum.tiers.is_empty(), right)
    }
}

impl Roll {
    /// What an exposure with so much time left is charged.
    pub(super) fn charge(self, size: u128, seconds: u64) -> Result<u128, MoneyError> {
        let annual = share_bps(size, self.annual_bps)?;
        let annual = mul_div(annual, seconds.into(), YEAR_SECONDS.into(), Rounding::Ceil)?;
        Ok(annual.max(share_bps(size, self.least_bps)?))
    }
}

impl Minimum {
    /// The charge that a raw one becomes.
    pub(super) fn scaled(&self, raw: u128) -> Result<u128, MoneyError> {
        let (mut charge, mut from, last) = (0u128, 0u128, self.tiers.len().saturating_sub(1));
        for (index, MinimumTier { to, multiplier }) in self.tiers.iter().enumerate() {
            let end = if index == last { raw } else { raw.min(*to) };
            let slice = end.saturating_sub(from).checked_mul((*multiplier).into());
            charge =
                slice.and_then(|slice| charge.checked_add(slice)).ok_or(MoneyError::Overflow)?;
            from = *to;
        }
        Ok(charge)
    }
}
