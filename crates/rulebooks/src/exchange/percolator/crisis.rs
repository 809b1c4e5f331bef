//! A crisis as the venue's code meets it, and as value is kept.

use breakwater_liquidation::backstop::haircut::{Crisis, Waterfall};
use breakwater_money::{MoneyError, Result};

/// What the code does, value or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AsCoded {
    /// Profit in its waiting time that is burned.
    pub burned_warming: u128,
    /// Taken out of the fund; it cures nothing, since the haircut counts it on neither side.
    pub insurance_draw: u128,
    /// The equity taken away, of `equity`.
    pub equity_loss: u128,
    /// Deposits and owned profit.
    pub equity: u128,
}

/// The crisis as `haircut.rs` at commit d594e6a9 computes it: the deficit counts the fund as there,
/// warming profit is burned, the fund drawn, and equity is cut by
/// `max(0, principal + realized + unburned warming - collateral - insurance left)`.
///
/// It mirrors that code and is no rule to run by: [`crisis_waterfall`] is.
///
/// # Errors
/// The claims together overflow 128 bits.
pub fn crisis_as_coded(crisis: &Crisis) -> Result<AsCoded> {
    let Crisis { principal, realized, warming, insurance, collateral } = *crisis;
    let equity = principal.checked_add(realized).ok_or(MoneyError::Overflow)?;
    let claims = equity.checked_add(warming).ok_or(MoneyError::Overflow)?;
    let deficit = claims.saturating_sub(collateral).saturating_sub(insurance);
    let burned_warming = warming.min(deficit);
    let insurance_draw = insurance.min(deficit - burned_warming);
    let equity_loss = (claims - burned_warming)
        .saturating_sub(collateral)
        .saturating_sub(insurance - insurance_draw);
    let equity_loss = if equity == 0 { 0 } else { equity_loss };
    Ok(AsCoded { burned_warming, insurance_draw, equity_loss, equity })
}

/// The crisis met so that value is kept: warming profit first, then the fund, then equity in
/// proportion, each for no more than is lacking.
///
/// # Errors
/// The claims together overflow 128 bits.
pub fn crisis_waterfall(crisis: &Crisis) -> Result<Waterfall> {
    crisis.waterfall()
}
