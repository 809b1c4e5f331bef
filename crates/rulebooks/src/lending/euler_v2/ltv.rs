//! Weights of collateral, and an account's health under them.

use super::amounts::owed_units;
use super::{Account, Revert, Vault};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{Bps, MoneyError, U256, Wad};

/// Loan to value at which a collateral is liquidated, and the ramp on which it comes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ltv {
    /// Where it ends, basis points.
    pub target_bps: u16,
    /// Where the ramp began, basis points.
    pub initial_bps: u16,
    /// Seconds until the ramp ends.
    pub seconds_left: u64,
    /// Seconds that the whole ramp takes.
    pub ramp_seconds: u64,
}

impl Ltv {
    /// One that does not move.
    #[must_use]
    pub const fn fixed(bps: u16) -> Self {
        Ltv { target_bps: bps, initial_bps: bps, seconds_left: 0, ramp_seconds: 0 }
    }

    /// The weight now, basis points: on a ramp down the target and what time has left of the
    /// distance, rounded down. A weight that goes up is there at once (`LTVConfig.sol`).
    ///
    /// # Errors
    /// [`Revert::Arithmetic`] for a ramp of no length that has not ended, or one that would take
    /// the weight beyond 16 bits.
    pub fn now(&self) -> Result<u16, Revert> {
        let (target, initial) = (self.target_bps, self.initial_bps);
        if self.seconds_left == 0 || target >= initial {
            return Ok(target);
        }
        let distance = u128::from(initial) - u128::from(target);
        let (left, whole) = (u128::from(self.seconds_left), u128::from(self.ramp_seconds));
        let above = mul_div(distance, left, whole, Rounding::Floor)?;
        let now = above.checked_add(u128::from(target)).ok_or(MoneyError::Overflow)?;
        u16::try_from(now).map_err(|_| Revert::Arithmetic)
    }
}

/// Weighted collateral against liability, in units of account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    /// What is owed, base units rounded up.
    pub liability: U256,
    /// Sum of collateral values times their weights, each rounded down.
    pub adjusted: U256,
    /// Value of the liability.
    pub liability_value: U256,
}

/// Health at mid prices, as a liquidation sees it. Collateral that is not enabled or not
/// recognised, or has no weight, does not count and is not valued.
///
/// # Errors
/// [`Revert::Arithmetic`] or [`Revert::AmountTooLarge`] when a value leaves its width.
pub fn health(vault: &Vault, account: &Account<'_>) -> Result<Health, Revert> {
    let mut adjusted = U256::ZERO;
    for collateral in account.collaterals.iter().filter(|c| c.enabled && c.recognised) {
        let weight = collateral.ltv.now()?;
        if weight == 0 || collateral.balance.is_zero() {
            continue;
        }
        let value = collateral.quote.value(collateral.assets)?;
        let weighted = Bps::new(u128::from(weight)).of(value, Rounding::Floor)?;
        adjusted = adjusted.checked_add(weighted).ok_or(MoneyError::Overflow)?;
    }
    let liability = owed_units(account.owed_exact)?;
    let liability_value = match vault.quote {
        Some(quote) if !liability.is_zero() => quote.value(liability)?,
        _ => liability,
    };
    Ok(Health { liability, adjusted, liability_value })
}

impl Health {
    /// Whether the account can be liquidated: it owes something of value, and its weighted
    /// collateral is not MORE than that. Exact equality counts.
    #[must_use]
    pub fn is_violation(&self) -> bool {
        !self.liability_value.is_zero() && self.adjusted <= self.liability_value
    }

    /// Weighted collateral over liability, rounded down at 1e18; none without a liability of value.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`] on overflow.
    pub fn score(&self) -> Result<Option<U256>, Revert> {
        if self.liability_value.is_zero() {
            return Ok(None);
        }
        Ok(Some(Wad::ratio(self.adjusted, self.liability_value, Rounding::Floor)?.raw))
    }
}
