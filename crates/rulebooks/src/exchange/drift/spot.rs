//! Liquidation of a borrowed token against a deposited one.

use super::{BPS, PPM, QUOTE, Revert, ceil, floor, mul, part, sub};
use breakwater_money::rounding::pow10;
use std::cmp::Ordering;

/// Weights are multiplied by ten before they are scaled, for one more digit.
const EXTRA: u128 = 10;

/// Decimals of a quote amount.
const QUOTE_DECIMALS: u8 = 6;

/// One token of a liquidated pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpotSide {
    /// Maintenance weight.
    pub weight_bps: u32,
    /// One plus the liquidator's fee on the asset, one less it on the liability.
    pub multiplier_ppm: u32,
    /// Decimals of the token.
    pub decimals: u8,
    /// Price of a whole token (1e-6).
    pub price_e6: u64,
}

/// A deposit that pays for a borrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpotPair {
    /// What the account has.
    pub asset: SpotSide,
    /// What it owes.
    pub liability: SpotSide,
}

impl SpotPair {
    /// Liability tokens whose repayment covers `shortage_e6`, rounded down:
    /// `shortage / (price x (liability weight x (1 - insurance fee) - asset weight x asset multiplier
    /// / liability multiplier))` (`calculate_liability_transfer_to_cover_margin_shortage`). The
    /// asset's price and decimals are not read.
    ///
    /// The largest 128-bit integer when no repayment frees anything. Here the program overflows if it
    /// is the insurance fee that takes the rest; the reference has the largest integer for it too.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`]; [`Revert::DivisionByZero`] when the liability's multiplier is zero.
    pub fn liability_to_cover(
        &self,
        shortage_e6: u128,
        insurance_fee_ppm: u32,
    ) -> Result<u128, Revert> {
        if self.asset.weight_bps >= self.liability.weight_bps {
            return Ok(u128::MAX);
        }
        let weight = |side: &SpotSide| u128::from(side.weight_bps) * EXTRA;
        let (owed, owned) = (weight(&self.liability), weight(&self.asset));
        let multiplier = |side: &SpotSide| u128::from(side.multiplier_ppm);
        let owned = part(owned, multiplier(&self.asset), multiplier(&self.liability))?;
        let price = u128::from(self.liability.price_e6);
        let freed = mul(price, owed.saturating_sub(owned))?;
        let fee = mul(part(price, u128::from(insurance_fee_ppm), PPM)?, owed)?;
        if freed <= fee {
            return Ok(u128::MAX);
        }
        let (up, down) = scales(self.liability.decimals, QUOTE_DECIMALS)?;
        let numerator = mul(mul(shortage_e6, up)?, QUOTE * BPS * EXTRA)?;
        Ok(floor(floor(numerator, sub(freed, fee)?)?, down)?)
    }

    /// Liability tokens that `asset_amount` pays for, rounded **up**
    /// (`calculate_liability_transfer_implied_by_asset_amount`).
    ///
    /// # Errors
    /// [`Revert::Arithmetic`]; [`Revert::DivisionByZero`] when the liability's price or the asset's
    /// multiplier is zero.
    pub fn liability_implied(&self, asset_amount: u128) -> Result<u128, Revert> {
        let (up, down) = scales(self.liability.decimals, self.asset.decimals)?;
        let value = mul(mul(asset_amount, up)?, u128::from(self.asset.price_e6))?;
        let numerator = mul(value, u128::from(self.liability.multiplier_ppm))?;
        let price = u128::from(self.liability.price_e6);
        let denominator = mul(price, u128::from(self.asset.multiplier_ppm))?;
        Ok(ceil(ceil(numerator, denominator)?, down)?)
    }

    /// Asset tokens that pay for `liability_amount`, rounded down, or all of `asset_amount` when the
    /// difference is worth less than one of the quote token
    /// (`calculate_asset_transfer_for_liability_transfer`).
    ///
    /// For a token of other than six decimals the program scales that difference the wrong way: it
    /// multiplies by the power of ten where it should divide, and the reverse. This is mirrored, read
    /// in a version near the reference's and not shown by any of its cases.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`]; [`Revert::DivisionByZero`] when the asset's price or the liability's
    /// multiplier is zero.
    pub fn asset_for(&self, asset_amount: u128, liability_amount: u128) -> Result<u128, Revert> {
        let (up, down) = scales(self.asset.decimals, self.liability.decimals)?;
        let price = u128::from(self.asset.price_e6);
        let value = mul(mul(liability_amount, up)?, u128::from(self.liability.price_e6))?;
        let numerator = mul(value, u128::from(self.asset.multiplier_ppm))?;
        let denominator = mul(price, u128::from(self.liability.multiplier_ppm))?;
        let transfer = floor(floor(numerator, denominator)?, down)?;
        let (up, down) = scales(self.asset.decimals, QUOTE_DECIMALS)?;
        let left = part(transfer.abs_diff(asset_amount), price, QUOTE)?;
        let left_e6 = part(left, up, down)?;
        Ok(if left_e6 < QUOTE { asset_amount } else { transfer })
    }

    /// Whether a swap of `asset_amount` that fetched `liability_amount` is no worse than the pair's own
    /// multipliers: price got and price owed, both in liability tokens per asset token rounded down to
    /// 1e-6, may be equal (`validate_swap_within_liquidation_boundaries`).
    ///
    /// # Errors
    /// [`Revert::Arithmetic`]; [`Revert::DivisionByZero`] when the asset amount, the liability's price
    /// or the asset's multiplier is zero.
    pub fn swap_within(&self, asset_amount: u128, liability_amount: u128) -> Result<bool, Revert> {
        let one = |side: &SpotSide| pow10(side.decimals);
        let whole = part(liability_amount, QUOTE, one(&self.liability)?)?;
        let got = part(whole, one(&self.asset)?, asset_amount)?;
        let owed = mul(mul(u128::from(self.asset.price_e6), QUOTE)?, self.liability_multiplier())?;
        let owed = floor(owed, u128::from(self.liability.price_e6))?;
        Ok(got >= floor(owed, u128::from(self.asset.multiplier_ppm))?)
    }

    fn liability_multiplier(&self) -> u128 {
        u128::from(self.liability.multiplier_ppm)
    }
}

/// What an amount at `from` decimals is multiplied and divided by to stand at `to` decimals.
fn scales(to: u8, from: u8) -> Result<(u128, u128), Revert> {
    Ok(match to.cmp(&from) {
        Ordering::Less => (1, pow10(from - to)?),
        _ => (pow10(to - from)?, 1),
    })
}
