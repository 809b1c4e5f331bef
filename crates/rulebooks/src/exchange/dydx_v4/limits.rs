//! How much of an account may be liquidated in one block.

use super::{Perpetual, Revert, of_ppm, signed};
use breakwater_money::rounding::Rounding;

/// Bounds of one position in one block (`PositionBlockLimits`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionLimits {
    /// Least notional that is liquidated (quote quantums; 1,000 by default).
    pub notional_min: u64,
    /// The largest part of the position (1,000,000 by default).
    pub portion_max_ppm: u32,
}

impl PositionLimits {
    /// Least and largest notional of a position of `notional` that may be liquidated (quote quantums).
    /// The least is the whole position where that is smaller; the largest is the portion rounded down,
    /// and never below the least (`GetMaxAndMinPositionNotionalLiquidatable`).
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn notional(&self, notional: u128) -> Result<(u128, u128), Revert> {
        let least = u128::from(self.notional_min).min(notional);
        let most = of_ppm(notional, self.portion_max_ppm, Rounding::Floor)?;
        Ok((least, most.max(least)))
    }
}

/// Bounds of one subaccount in one block (`SubaccountBlockLimits`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockLimits {
    /// Notional liquidated at most (quote quantums).
    pub notional_max: u64,
    /// What the insurance fund pays at most (quote quantums).
    pub insurance_lost_max: u64,
}

/// What a subaccount has used of them in this block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BlockUsage {
    /// Notional liquidated (quote quantums).
    pub notional: u64,
    /// What the insurance fund paid (quote quantums).
    pub insurance_lost: u64,
    /// Perpetuals that were liquidated; none is twice.
    pub liquidated: Vec<u32>,
}

impl BlockUsage {
    /// Notional that may still be liquidated in `perpetual` (quote quantums).
    ///
    /// # Errors
    /// [`Revert::AlreadyLiquidated`], [`Revert::UsageAboveLimit`].
    pub fn notional_left(&self, limits: &BlockLimits, perpetual: u32) -> Result<u128, Revert> {
        self.left(self.notional, limits.notional_max, perpetual)
    }

    /// What insurance may still pay for `perpetual` (quote quantums).
    ///
    /// # Errors
    /// [`Revert::AlreadyLiquidated`], [`Revert::UsageAboveLimit`].
    pub fn insurance_left(&self, limits: &BlockLimits, perpetual: u32) -> Result<u128, Revert> {
        self.left(self.insurance_lost, limits.insurance_lost_max, perpetual)
    }

    fn left(&self, used: u64, limit: u64, perpetual: u32) -> Result<u128, Revert> {
        if self.liquidated.contains(&perpetual) {
            return Err(Revert::AlreadyLiquidated(perpetual));
        }
        let left = limit.checked_sub(used).ok_or(Revert::UsageAboveLimit { used, limit })?;
        Ok(u128::from(left))
    }

    /// The usage after one more fill of `notional` for which insurance gets `delta`, if the limits
    /// allow it (`validateLiquidationAgainstSubaccountBlockLimits`). An amount equal to the limit is
    /// allowed. The perpetual is not marked: that is done when its order is through.
    ///
    /// # Errors
    /// [`Revert::AlreadyLiquidated`], [`Revert::NotionalLimit`], [`Revert::InsuranceLimit`],
    /// [`Revert::UsageAboveLimit`].
    pub fn with_fill(
        &self,
        limits: &BlockLimits,
        perpetual: u32,
        notional: u128,
        delta: i128,
    ) -> Result<BlockUsage, Revert> {
        let left = self.notional_left(limits, perpetual)?;
        if notional > left {
            return Err(Revert::NotionalLimit { notional, left });
        }
        let mut after = self.clone();
        if delta < 0 {
            let (lost, left) = (delta.unsigned_abs(), self.insurance_left(limits, perpetual)?);
            if lost > left {
                return Err(Revert::InsuranceLimit { lost, left });
            }
            after.insurance_lost = sum(after.insurance_lost, lost)?;
        }
        after.notional = sum(after.notional, notional)?;
        Ok(after)
    }
}

fn sum(used: u64, more: u128) -> Result<u64, Revert> {
    let more = u64::try_from(more).map_err(|_| Revert::Arithmetic)?;
    used.checked_add(more).ok_or(Revert::Arithmetic)
}

/// Base quantums that a liquidation order closes of a position of `held`, opposite to it: all of it when
/// its notional is within both limits or it is not larger than the least order; otherwise what the
/// lower limit buys at the oracle's price, rounded down to whole orders, at least one and at most the
/// position (`GetLiquidatablePositionSizeDelta`).
///
/// # Errors
/// [`Revert::StepZero`], [`Revert::DivisionByZero`] at a price of zero, [`Revert::Arithmetic`].
pub fn size_delta(
    perpetual: &Perpetual,
    held: i128,
    limits: &PositionLimits,
    account_notional_left: u128,
) -> Result<i128, Revert> {
    let size = held.unsigned_abs();
    let step = u128::from(perpetual.step_base_quantums);
    let notional = perpetual.notional(size)?;
    let most = limits.notional(notional)?.1.min(account_notional_left);
    if notional <= most || size <= step {
        return held.checked_neg().ok_or(Revert::Arithmetic);
    }
    let base = perpetual.quantums_of(most)?;
    let rest = base.checked_rem(step).ok_or(Revert::StepZero)?;
    // The position exceeds one step here, so the bounds are in order.
    let base = signed(base.saturating_sub(rest).clamp(step, size))?;
    Ok(if held > 0 { -base } else { base })
}
