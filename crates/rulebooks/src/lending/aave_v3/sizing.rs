//! How much of one debt and one collateral a call moves, before anything moves.

use super::health::{Totals, owed, supplied};
use super::{Call, Emode, Reserve, Revert, Rule, UserReserve};
use breakwater_money::rounding::{Rounding, div_wide, mul_div_wide, product};
use breakwater_money::{Bps, U256};

/// Whether the close factor lowered the most that may be repaid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseFactor {
    /// A share of the whole debt of the account binds.
    Half,
    /// All of the named debt may be repaid.
    Full,
}

/// What a call would move. Amounts are in units of their asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizing {
    /// Whether the close factor binds.
    pub close_factor: CloseFactor,
    /// The most debt that one call may repay under the close factor.
    pub most: U256,
    /// Debt repaid.
    pub debt: U256,
    /// Collateral for the caller.
    pub out: U256,
    /// Collateral for the protocol, before it is clipped to what is left.
    pub fee: U256,
}

/// The named collateral and debt of an account, read once per call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair<'a> {
    pub collateral: &'a Reserve,
    pub debt: &'a Reserve,
    /// Units of the collateral that the account has supplied.
    pub balance: U256,
    /// Units of the debt that the account owes.
    pub owed: U256,
    /// Collateral per value repaid, basis points.
    pub bonus_bps: U256,
    /// Base units of one whole token of each.
    collateral_unit: U256,
    debt_unit: U256,
}

impl<'a> Pair<'a> {
    pub(super) fn new(
        reserves: (&'a Reserve, &'a Reserve),
        users: (&UserReserve, &UserReserve),
        emode: Option<&Emode>,
        call: &Call,
    ) -> Result<Self, Revert> {
        let (collateral, debt) = reserves;
        let bonus = emode
            .filter(|e| e.covers(call.collateral))
            .map_or(collateral.liquidation_bonus_bps, |e| e.liquidation_bonus_bps);
        Ok(Pair {
            collateral,
            debt,
            balance: supplied(collateral, users.0)?,
            owed: owed(debt, users.1)?,
            bonus_bps: U256::from(bonus),
            collateral_unit: collateral.unit()?,
            debt_unit: debt.unit()?,
        })
    }

    /// The size of the call whatever dust it leaves.
    pub(super) fn size(
        &self,
        rule: &Rule,
        totals: &Totals,
        debt_to_cover: U256,
    ) -> Result<Sizing, Revert> {
        let (close_factor, most) = self.close_factor(rule, totals)?;
        let (debt, out, fee) = self.amounts(rule, debt_to_cover.min(most))?;
        Ok(Sizing { close_factor, most, debt, out, fee })
    }

    /// The most that may be repaid. All of the named debt, unless debt and collateral are both
    /// large and health is above the threshold: then a share of the account's whole debt.
    pub(super) fn close_factor(
        &self,
        rule: &Rule,
        totals: &Totals,
    ) -> Result<(CloseFactor, U256), Revert> {
        let debt_value = self.debt.owed_value(self.owed)?;
        let collateral_value = self.collateral.supplied_value(self.balance)?;
        let binds = collateral_value >= rule.close_factor_from
            && debt_value >= rule.close_factor_from
            && totals.health_factor > rule.close_factor_health;
        if !binds {
            return Ok((CloseFactor::Full, self.owed));
        }
        let share = Bps::new(u128::from(rule.close_factor_bps));
        let cap = share.of(totals.debt_base, Rounding::HalfUp)?;
        if debt_value <= cap {
            return Ok((CloseFactor::Full, self.owed));
        }
        let most = mul_div_wide(cap, self.debt_unit, self.debt.price, Rounding::Floor)?;
        Ok((CloseFactor::Half, most))
    }

    /// Debt repaid, collateral for the caller and collateral for the protocol when `debt` units
    /// are to be repaid. Collateral that does not suffice is taken whole, and the debt lowered to
    /// what it pays for.
    pub(super) fn amounts(&self, rule: &Rule, debt: U256) -> Result<(U256, U256, U256), Revert> {
        let roundings = rule.version.roundings();
        let one = Bps::one().raw;
        let (p_c, p_d) = (self.collateral.price, self.debt.price);
        let base = div_wide(
            product(&[p_d, debt, self.collateral_unit])?,
            product(&[p_c, self.debt_unit])?,
            Rounding::Floor,
        )?;
        let wanted = mul_div_wide(base, self.bonus_bps, one, roundings.bonus)?;
        let (debt, taken) = if wanted > self.balance {
            let covered = div_wide(
                product(&[p_c, self.balance, self.debt_unit])?,
                product(&[p_d, self.collateral_unit])?,
                Rounding::Floor,
            )?;
            (mul_div_wide(covered, one, self.bonus_bps, Rounding::Ceil)?, self.balance)
        } else {
            (debt, wanted)
        };
        let fee = self.fee(rule, taken)?;
        let out = taken.checked_sub(fee).ok_or(Revert::Arithmetic)?;
        Ok((debt, out, fee))
    }

    /// The protocol's share of the bonus inside `taken`.
    fn fee(&self, rule: &Rule, taken: U256) -> Result<U256, Revert> {
        if self.collateral.liquidation_protocol_fee_bps == 0 {
            return Ok(U256::ZERO);
        }
        let roundings = rule.version.roundings();
        let share = Bps::new(u128::from(self.collateral.liquidation_protocol_fee_bps));
        let principal = Bps::from_raw(self.bonus_bps).divide(taken, roundings.principal)?;
        let bonus = taken.checked_sub(principal).ok_or(Revert::Arithmetic)?;
        Ok(share.of(bonus, roundings.fee)?)
    }

    /// Whether the leftovers are allowed: one side is cleared, or both stay large enough.
    pub(super) fn leaves_no_dust(&self, rule: &Rule, sizing: &Sizing) -> Result<bool, Revert> {
        let taken = sizing.out.checked_add(sizing.fee).ok_or(Revert::Arithmetic)?;
        if sizing.debt >= self.owed || taken >= self.balance {
            return Ok(true);
        }
        // Both differences are positive here.
        let debt_left = self.debt.owed_value(self.owed - sizing.debt)?;
        let collateral_left = self.collateral.supplied_value(self.balance - taken)?;
        Ok(debt_left >= rule.least_leftover && collateral_left >= rule.least_leftover)
    }
}
