//! How much of a shortage may be covered at once, at what fees, and the base that covers it.

use super::{BASE, BPS, PPM, PPM_PER_BPS, QUOTE, Revert, SMALL_E6};
use super::{add, floor, mul, narrow, part, sub};

/// Slots without a move of the account before the fee starts to rise, about ten minutes
/// (`LIQUIDATION_FEE_ADJUST_GRACE_PERIOD_SLOTS`).
const GRACE_SLOTS: u64 = 1_500;

/// What the fee rises by in a slot: a hundredth of a basis point
/// (`LIQUIDATION_FEE_INCREASE_PER_SLOT`).
const RISE_PPM_PER_SLOT: u64 = 1;

/// The liquidator's fee at `slot`: the base fee while fewer than 1,500 slots have passed since the
/// account was last active, later that plus one millionth for **every** slot since, grace included,
/// and never above `max_ppm` (`get_liquidation_fee`).
///
/// That the slots of the grace count is recalled in the reference; the program's test of 3 % after
/// 10,000 slots from 2 % agrees. The base fee itself is not capped within the grace.
///
/// # Errors
/// [`Revert::Arithmetic`] when `slot` is before `last_active_slot`.
pub fn liquidation_fee_ppm(
    base_ppm: u32,
    max_ppm: u32,
    last_active_slot: u64,
    slot: u64,
) -> Result<u32, Revert> {
    let elapsed = slot.checked_sub(last_active_slot).ok_or(Revert::Arithmetic)?;
    if elapsed < GRACE_SLOTS {
        return Ok(base_ppm);
    }
    let rise = u32::try_from(elapsed.saturating_mul(RISE_PPM_PER_SLOT)).unwrap_or(u32::MAX);
    Ok(base_ppm.saturating_add(rise).min(max_ppm))
}

/// The share of the remaining shortage that may be covered now, at most 10,000
/// (`calculate_max_pct_to_liquidate`).
///
/// Of the whole shortage, what is left and what was freed before, `initial_bps` may go at once and the
/// rest opens up linearly in `elapsed_slots` of `duration_slots`; what was freed counts against it.
/// All three quotients are rounded down. A shortage below 50 of the quote token, or a duration of
/// zero, opens everything.
///
/// # Errors
/// [`Revert::Arithmetic`].
pub fn allowed_bps(
    shortage_e6: u128,
    freed_e6: u128,
    elapsed_slots: u64,
    initial_bps: u128,
    duration_slots: u128,
) -> Result<u128, Revert> {
    if shortage_e6 < SMALL_E6 {
        return Ok(BPS);
    }
    let open = match duration_slots {
        0 => BPS,
        duration => part(u128::from(elapsed_slots), BPS, duration)?,
    };
    let open = add(open, initial_bps)?.min(BPS);
    let most = part(add(shortage_e6, freed_e6)?, open, BPS)?;
    part(most.saturating_sub(freed_e6), BPS, shortage_e6)
}

/// What a liquidation of a perpetual position is reckoned with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerpTerms {
    /// Margin ratio of the position, buffer included.
    pub margin_ratio_bps: u32,
    /// What the liquidator gets of the value.
    pub liquidator_fee_ppm: u32,
    /// Price of a base unit in quote tokens (1e-6).
    pub price_e6: u64,
    /// Price of the quote token (1e-6).
    pub quote_price_e6: u64,
}

impl PerpTerms {
    /// Base (1e-9) whose closing covers `shortage_e6`:
    /// `shortage / (price x quote price x (ratio - fee) - price x insurance fee)`, each product and
    /// the quotient rounded down (`calculate_base_asset_amount_to_cover_margin_shortage`).
    ///
    /// With a price of zero, or a ratio not above the liquidator's fee, no amount covers it, and the
    /// answer is the largest 64-bit integer, whatever the insurance fee.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`] when the insurance fee takes more than a closing frees, or the base does
    /// not fit 64 bits; [`Revert::DivisionByZero`] when it takes exactly as much.
    pub fn base_to_cover(&self, shortage_e6: u128, insurance_fee_ppm: u32) -> Result<u64, Revert> {
        let Some(spread_ppm) = self.spread_ppm()? else { return Ok(u64::MAX) };
        let freed = part(self.value_price()?, u128::from(spread_ppm), PPM)?;
        let fee = part(u128::from(self.price_e6), u128::from(insurance_fee_ppm), PPM)?;
        let base = floor(mul(shortage_e6, BASE)?, sub(freed, fee)?)?;
        u64::try_from(base).map_err(|_| Revert::Arithmetic)
    }

    /// The insurance fund's fee: 95 % of what ratio and liquidator's fee leave once the shortage is
    /// spread over the position's value, at most `max_ppm` and at least zero; the shortage's share and
    /// the 95 % rounded down (`calculate_perp_if_fee`). Zero with a price or a base of zero, or a ratio
    /// not above the liquidator's fee.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`]; [`Revert::DivisionByZero`] when both prices together round to zero.
    pub fn insurance_fee_ppm(
        &self,
        shortage_e6: u128,
        base_e9: u128,
        max_ppm: u32,
    ) -> Result<u32, Revert> {
        let Some(spread_ppm) = self.spread_ppm()? else { return Ok(0) };
        if self.quote_price_e6 == 0 || base_e9 == 0 {
            return Ok(0);
        }
        let per_base = part(shortage_e6, BASE, base_e9)?;
        let share = narrow(part(per_base, QUOTE, self.value_price()?)?).unwrap_or(u32::MAX);
        let left = spread_ppm.saturating_sub(share);
        let implied = narrow(part(u128::from(left), 19, 20)?)?;
        Ok(implied.min(max_ppm))
    }

    /// Margin ratio less the liquidator's fee; nothing when no closing frees anything.
    fn spread_ppm(&self) -> Result<Option<u32>, Revert> {
        let ratio_ppm = self.margin_ratio_bps.checked_mul(PPM_PER_BPS);
        let ratio_ppm = ratio_ppm.ok_or(Revert::Arithmetic)?;
        if self.price_e6 == 0 || ratio_ppm <= self.liquidator_fee_ppm {
            return Ok(None);
        }
        Ok(ratio_ppm.checked_sub(self.liquidator_fee_ppm))
    }

    /// Price times the quote token's, rounded down.
    fn value_price(&self) -> Result<u128, Revert> {
        part(u128::from(self.price_e6), u128::from(self.quote_price_e6), QUOTE)
    }
}
