//! One fill of a liquidation order: account, counterparty and insurance fund.

use super::perpetual::scale;
use super::{BlockLimits, BlockUsage, Closing, Perpetuals, Revert, Subaccount};
use super::{insurance_delta, minus, signed};
use breakwater_money::U256;

/// Quote quantums of a fill of `base` quantums at `subticks` of an order book whose conversion exponent
/// is `exponent`, rounded down (`FillAmountToQuoteQuantums`).
///
/// # Errors
/// [`Revert::Arithmetic`].
pub fn fill_quote(base: u128, subticks: u64, exponent: i32) -> Result<u128, Revert> {
    scale(U256::from(base) * U256::from(subticks), exponent)
}

/// A liquidation order as it was matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilledOrder {
    /// What the account trades.
    pub closing: Closing,
    /// Quote quantums that change hands for it.
    pub quote: u128,
}

/// What a fill does. Account, counterparty and fund together get nothing and lose nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiquidationFill {
    /// What the account gets for its trade, negative when it buys (quote quantums).
    pub quote_delta: i128,
    /// What the insurance fund gets of that, negative when it pays (quote quantums).
    pub insurance_delta: i128,
    /// What the counterparty gets (quote quantums).
    pub counterparty_delta: i128,
    /// The fund afterwards (quote quantums).
    pub insurance_after: u128,
    /// The account afterwards.
    pub account_after: Subaccount,
    /// What it has used of the block's limits; its perpetual is not marked yet.
    pub usage_after: BlockUsage,
}

/// Executes one fill against a liquidatable account (`validateMatchedLiquidation` and the settlement
/// of the match, without trading fees). The chain also asks whether the account gets riskier; it cannot,
/// as what it keeps is at least its bankruptcy quote.
///
/// # Errors
/// [`Revert::NotLiquidatable`], [`Revert::NoFill`], [`Revert::SizeDelta`],
/// [`Revert::InsuranceShort`] (deleveraging follows), the block's limits, [`Revert::Arithmetic`].
pub fn liquidate(
    account: &Subaccount,
    perpetuals: &Perpetuals,
    order: &FilledOrder,
    fee_max_ppm: u32,
    insurance: u128,
    block: (&BlockLimits, &BlockUsage),
) -> Result<LiquidationFill, Revert> {
    let before = account.risk(perpetuals)?;
    if !before.is_liquidatable() {
        let (net, requirement) = (before.net, before.maintenance);
        return Err(Revert::NotLiquidatable { net, requirement });
    }
    let closing = order.closing;
    if closing.delta == 0 {
        return Err(Revert::NoFill);
    }
    let quote = signed(order.quote)?;
    let quote_delta = if closing.delta > 0 { -quote } else { quote };
    let needed = closing.bankruptcy_quote(account, perpetuals)?;
    let delta = insurance_delta(quote_delta, needed, fee_max_ppm)?;
    let insurance_after = fund_after(insurance, delta)?;
    let notional = perpetuals.get(closing.perpetual)?.notional(closing.delta.unsigned_abs())?;
    let (limits, usage) = block;
    let usage_after = usage.with_fill(limits, closing.perpetual, notional, delta)?;
    let kept = minus(quote_delta, delta)?;
    let account_after = account.after(closing.perpetual, closing.delta, kept)?;
    Ok(LiquidationFill {
        quote_delta,
        insurance_delta: delta,
        counterparty_delta: -quote_delta,
        insurance_after,
        account_after,
        usage_after,
    })
}

/// The fund after it got or paid `delta` (`IsValidInsuranceFundDelta`): it may end at zero.
fn fund_after(balance: u128, delta: i128) -> Result<u128, Revert> {
    let amount = delta.unsigned_abs();
    if delta >= 0 {
        return balance.checked_add(amount).ok_or(Revert::Arithmetic);
    }
    balance.checked_sub(amount).ok_or(Revert::InsuranceShort { balance, lost: amount })
}
