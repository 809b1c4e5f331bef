//! How much debt and collateral a call moves.

use super::{Position, Revert, Rule, Terms, bps};
use breakwater_money::rounding::{Rounding, mul_div_wide, product};
use breakwater_money::{Bps, U256, Wad};

/// Whether the collateral for the debt had to be replaced by the whole balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjustment {
    /// The collateral is that for the debt.
    None,
    /// The balance does not suffice: all of it is taken, and less debt repaid.
    Reduced,
    /// Dust would stay: all of the balance is taken, and more debt repaid.
    Raised,
}

/// What a call moves. Amounts are in units of their asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amounts {
    /// Collateral per value repaid at the account's health, basis points.
    pub bonus_bps: U256,
    /// Debt whose repayment would bring the account to the target health.
    pub debt_to_target: U256,
    /// Whether the whole named debt is repaid so that none of it stays as dust.
    pub debt_dust_promoted: bool,
    /// Whether the whole collateral is taken instead of that for the debt.
    pub adjustment: Adjustment,
    /// Debt repaid.
    pub debt: U256,
    /// Collateral taken, the fee included.
    pub collateral: U256,
    /// Collateral for the caller.
    pub to_liquidator: U256,
    /// Collateral for the protocol.
    pub fee: U256,
    /// Whether the account keeps debt and no collateral, so that its debts are written off.
    pub reports_deficit: bool,
}

/// Sizes a call on one pair of an unhealthy account.
///
/// `debt_to_cover` is what is offered; it is lowered to the debt and to what the target needs, so
/// that [`U256::MAX`] asks for that.
///
/// # Errors
/// The first reason in the contract's order: nothing offered, supplied or owed, healthy, no
/// collateral, arithmetic of the sizing, and dust that the offer does not clear.
pub fn liquidation_amounts(
    rule: &Rule,
    terms: &Terms,
    position: &Position,
    debt_to_cover: U256,
) -> Result<Amounts, Revert> {
    if debt_to_cover.is_zero() {
        return Err(Revert::NothingOffered);
    }
    validate(position, terms.collateral_factor_bps > 0)?;
    size(rule, terms, position, debt_to_cover)
}

/// What an account must be for a call on one of its pairs, in the contract's order.
pub(super) fn validate(position: &Position, is_collateral: bool) -> Result<(), Revert> {
    if position.collateral.balance.is_zero() {
        return Err(Revert::NotSupplied);
    }
    if position.debt.balance.is_zero() {
        return Err(Revert::NotBorrowed);
    }
    if position.health >= Wad::one() {
        return Err(Revert::Healthy);
    }
    if is_collateral { Ok(()) } else { Err(Revert::NotCollateral) }
}

/// The size of a call on a pair that has been validated.
pub(super) fn size(
    rule: &Rule,
    terms: &Terms,
    position: &Position,
    debt_to_cover: U256,
) -> Result<Amounts, Revert> {
    let (owed, supplied) = (position.debt.balance, position.collateral.balance);
    let bonus_bps = liquidation_bonus(rule, terms, position.health)?;
    let debt_to_target = debt_to_target(rule, terms, position, bonus_bps)?;
    let (debt, debt_dust_promoted) =
        debt_to_liquidate(rule, position, debt_to_target.min(debt_to_cover))?;
    let (debt, collateral, adjustment) = collateral_for(rule, position, bonus_bps, debt)?;
    if debt > debt_to_cover {
        return Err(Revert::Dust);
    }
    let fee = fee(terms, bonus_bps, collateral)?;
    let emptied = collateral == supplied && position.active_collaterals <= 1;
    Ok(Amounts {
        bonus_bps,
        debt_to_target,
        debt_dust_promoted,
        adjustment,
        debt,
        collateral,
        to_liquidator: collateral.checked_sub(fee).ok_or(Revert::Arithmetic)?,
        fee,
        reports_deficit: emptied && (debt < owed || position.borrowed > 1),
    })
}

/// The bonus at `health`, basis points: the largest up to a stated health, and from there a line
/// down to the smallest at a health of one, rounded down twice.
///
/// # Errors
/// A largest bonus below one, or a health above one on the line.
pub fn liquidation_bonus(rule: &Rule, terms: &Terms, health: Wad) -> Result<U256, Revert> {
    let (one, largest) = (Bps::one().raw, U256::from(terms.max_bonus_bps));
    if health <= rule.full_bonus_health {
        return Ok(largest);
    }
    let most = largest.checked_sub(one).ok_or(Revert::Arithmetic)?;
    let least = bps(rule.bonus_factor_bps).of(most, Rounding::Floor)?;
    let range = most.checked_sub(least).ok_or(Revert::Arithmetic)?;
    let below = |health: Wad| Wad::one().raw.checked_sub(health.raw).ok_or(Revert::Arithmetic);
    let more =
        mul_div_wide(range, below(health)?, below(rule.full_bonus_health)?, Rounding::Floor)?;
    one.checked_add(least).and_then(|bonus| bonus.checked_add(more)).ok_or(Revert::Arithmetic)
}

/// Debt whose repayment at `bonus_bps` brings the account to the target, rounded up. Repaying a
/// value takes bonus times factor of weighted collateral away, and that share of it is no help.
///
/// # Errors
/// The target is not above the health and not above bonus times factor, or a product overflows.
pub fn debt_to_target(
    rule: &Rule,
    terms: &Terms,
    position: &Position,
    bonus_bps: U256,
) -> Result<U256, Revert> {
    let one = Wad::one().raw;
    let target = rule.target_health.raw;
    // Basis points of a bonus in wads are whole, and so is their product with a factor.
    let bonus = mul_div_wide(bonus_bps, one, Bps::one().raw, Rounding::Ceil)?;
    let penalty = bps(terms.collateral_factor_bps).of(bonus, Rounding::Ceil)?;
    let missing = target.checked_sub(position.health.raw).ok_or(Revert::Arithmetic)?;
    let gained = target.checked_sub(penalty).ok_or(Revert::Arithmetic)?;
    let times = product(&[position.debt.unit()?, missing])?;
    let over = product(&[gained, product(&[position.debt.price, one])?])?;
    Ok(mul_div_wide(position.debt_value, times, over, Rounding::Ceil)?)
}

/// At most `wanted` of the debt, or all of it where the rest would be dust.
fn debt_to_liquidate(
    rule: &Rule,
    position: &Position,
    wanted: U256,
) -> Result<(U256, bool), Revert> {
    let owed = position.debt.balance;
    let debt = wanted.min(owed);
    let left = owed.saturating_sub(debt);
    if !left.is_zero() && position.debt.value(left)? < rule.least_leftover {
        return Ok((owed, true));
    }
    Ok((debt, false))
}

/// Debt and collateral when `debt` is to be repaid: the collateral for it, or all there is and the
/// debt that this pays for, rounded up.
fn collateral_for(
    rule: &Rule,
    position: &Position,
    bonus_bps: U256,
    debt: U256,
) -> Result<(U256, U256, Adjustment), Revert> {
    let supplied = position.collateral.balance;
    let (price_c, unit_c) = (position.collateral.price, position.collateral.unit()?);
    let (price_d, unit_d) = (position.debt.price, position.debt.unit()?);
    let up = product(&[price_d, unit_c, bonus_bps])?;
    let down = product(&[unit_d, price_c, Bps::one().raw])?;
    let collateral = mul_div_wide(debt, up, down, Rounding::Floor)?;
    let left = supplied.saturating_sub(collateral);
    let dust = !left.is_zero() && position.collateral.value(left)? < rule.least_leftover;
    let adjustment = if collateral > supplied {
        Adjustment::Reduced
    } else if dust && debt < position.debt.balance {
        Adjustment::Raised
    } else {
        return Ok((debt, collateral, Adjustment::None));
    };
    Ok((mul_div_wide(supplied, down, up, Rounding::Ceil)?, supplied, adjustment))
}

/// The protocol's share of the bonus inside `collateral`, rounded down once.
fn fee(terms: &Terms, bonus_bps: U256, collateral: U256) -> Result<U256, Revert> {
    let one = Bps::one().raw;
    let above = bonus_bps.checked_sub(one).ok_or(Revert::Arithmetic)?;
    let times = product(&[U256::from(terms.fee_bps), above])?;
    Ok(mul_div_wide(collateral, times, product(&[bonus_bps, one])?, Rounding::Floor)?)
}
