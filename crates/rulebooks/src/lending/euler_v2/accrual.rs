//! Growth of a vault's debts with time, the fee that is minted for it, and the rate.

use super::Revert;
use super::amounts::{amount_most, debt_most, one_unit};
use breakwater_money::rounding::{Rounding, div_wide, mul_div_wide};
use breakwater_money::{Bps, MoneyError, Ray, U256};
use serde::{Deserialize, Serialize};

/// Largest rate per second that a vault takes from its model (ray): 1,000,000 % a year
/// (`Constants.sol`, `MAX_ALLOWED_INTEREST_RATE`).
pub const MAX_INTEREST_RATE: u128 = 291_867_278_914_945_094_175;

/// What moves a vault's totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VaultTotals {
    /// Rate since the last accrual, per second (ray).
    pub interest_rate: U256,
    /// What a debt of one has grown to since the vault began (ray).
    pub accumulator: U256,
    /// All debt (base units times 2^31).
    pub total_borrows_exact: U256,
    /// Base units of the asset that the vault holds.
    pub cash: U256,
    /// All shares, those of the fees included.
    pub total_shares: U256,
    /// Shares of the fees that nobody has collected yet.
    pub accumulated_fees: U256,
    /// The share of the interest that is minted as fees, basis points.
    pub interest_fee_bps: u16,
}

/// A vault's totals after some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accrued {
    /// The accumulator (ray).
    pub accumulator: U256,
    /// All debt (base units times 2^31).
    pub total_borrows_exact: U256,
    /// All shares, fees included.
    pub total_shares: U256,
    /// Shares of the fees.
    pub accumulated_fees: U256,
    /// Whether the time counts as accrued. False when the debt would no longer fit the contract's
    /// width: then nothing moves, the time neither.
    pub stored: bool,
}

/// `(1 + rate)^seconds` (ray) by squaring from the lowest bit of the exponent, every product half
/// up; none where a step leaves 256 bits (`RPow.sol`).
#[must_use]
pub fn growth_factor(rate: U256, seconds: u64) -> Option<U256> {
    let one = Ray::one().raw;
    let times = |a: U256, b: U256| {
        // The half is added before the division, and must fit as well.
        let rounded = a.checked_mul(b)?.checked_add(one >> 1)?;
        div_wide(rounded, one, Rounding::Floor).ok()
    };
    let mut base = one.checked_add(rate)?;
    let mut factor = if seconds & 1 == 1 { base } else { one };
    let mut rest = seconds >> 1;
    while rest > 0 {
        base = times(base, base)?;
        if rest & 1 == 1 {
            factor = times(factor, base)?;
        }
        rest >>= 1;
    }
    Some(factor)
}

/// The totals `seconds` later.
///
/// The contract prefers standing still to reverting: a factor or an accumulator that overflows leaves
/// the accumulator as it is, total debt likewise, and fees that would take the shares beyond 112 bits
/// are not minted.
///
/// # Errors
/// [`Revert::Arithmetic`] where it does revert: when the fee's own arithmetic overflows.
pub fn accrue(vault: &VaultTotals, seconds: u64) -> Result<Accrued, Revert> {
    let still = Accrued {
        accumulator: vault.accumulator,
        total_borrows_exact: vault.total_borrows_exact,
        total_shares: vault.total_shares,
        accumulated_fees: vault.accumulated_fees,
        stored: true,
    };
    if seconds == 0 {
        return Ok(still);
    }
    let before = vault.accumulator;
    let accumulator = growth_factor(vault.interest_rate, seconds)
        .and_then(|factor| before.checked_mul(factor))
        .map(|grown| div_wide(grown, Ray::one().raw, Rounding::Floor))
        .transpose()?
        .unwrap_or(before);
    let borrows = vault.total_borrows_exact;
    let grown = match borrows.checked_mul(accumulator) {
        Some(product) => div_wide(product, before, Rounding::Floor)?,
        None => borrows,
    };
    let (shares, fees) = with_fee(vault, grown)?;
    if grown > debt_most() {
        return Ok(Accrued { stored: false, ..still });
    }
    let mut after = Accrued { accumulator, total_borrows_exact: grown, ..still };
    if shares <= amount_most() {
        (after.total_shares, after.accumulated_fees) = (shares, fees);
    }
    Ok(after)
}

/// Shares and fees once the fee on what debts grew to `grown` is minted, at a price that counts all
/// of the interest.
fn with_fee(vault: &VaultTotals, grown: U256) -> Result<(U256, U256), Revert> {
    let interest = grown.checked_sub(vault.total_borrows_exact).ok_or(Revert::Arithmetic)?;
    let scale = Bps::one().raw.checked_mul(one_unit()).ok_or(Revert::Arithmetic)?;
    let share = U256::from(vault.interest_fee_bps);
    let fee = mul_div_wide(interest, share, scale, Rounding::Floor)?;
    if fee.is_zero() {
        return Ok((vault.total_shares, vault.accumulated_fees));
    }
    let owed = div_wide(grown, one_unit(), Rounding::Ceil)?;
    let assets = vault.cash.checked_add(owed).ok_or(Revert::Arithmetic)?;
    let rest = assets.checked_sub(fee).ok_or(Revert::Arithmetic)?;
    let shares = mul_div_wide(assets, vault.total_shares, rest, Rounding::Floor)?;
    let minted = shares.checked_sub(vault.total_shares).ok_or(Revert::Arithmetic)?;
    let fees = vault.accumulated_fees.checked_add(minted).ok_or(Revert::Arithmetic)?;
    Ok((shares, fees))
}

/// The venue's kinked rate model, per second and in 32-bit fractions of usage
/// (`IRMLinearKink.sol`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearKink {
    /// Rate at zero usage, per second (ray).
    pub base_rate: u128,
    /// Rate per 2^-32 of usage up to the kink, per second (ray).
    pub slope1: u128,
    /// Rate per 2^-32 of usage beyond the kink, per second (ray).
    pub slope2: u128,
    /// Usage at the kink; 4,294,967,295 is all.
    pub kink: u32,
}

impl LinearKink {
    /// The rate per second (ray) that `cash` and `borrows` (base units) call for, usage rounded down
    /// and the kink on the first line; at most [`MAX_INTEREST_RATE`].
    ///
    /// # Errors
    /// Overflow of 256 bits.
    pub fn rate(&self, cash: U256, borrows: U256) -> Result<U256, MoneyError> {
        let all = U256::from(u32::MAX);
        let total = cash.checked_add(borrows).ok_or(MoneyError::Overflow)?;
        let usage = if total.is_zero() {
            U256::ZERO
        } else {
            mul_div_wide(borrows, all, total, Rounding::Floor)?
        };
        Ok(self.rate_at(usage)?.min(U256::from(MAX_INTEREST_RATE)))
    }

    /// What the model calls for at full use (ray per second), whatever a vault takes of it; the
    /// most of all usages where no slope bends down.
    ///
    /// # Errors
    /// Overflow of 256 bits.
    pub fn rate_at_full_use(&self) -> Result<U256, MoneyError> {
        self.rate_at(U256::from(u32::MAX))
    }

    fn rate_at(&self, usage: U256) -> Result<U256, MoneyError> {
        let kink = U256::from(self.kink);
        let beyond = usage.saturating_sub(kink);
        let low = usage.min(kink).checked_mul(U256::from(self.slope1));
        let high = beyond.checked_mul(U256::from(self.slope2));
        low.zip(high)
            .and_then(|(low, high)| U256::from(self.base_rate).checked_add(low)?.checked_add(high))
            .ok_or(MoneyError::Overflow)
    }
}
