//! The liquidator's call: what is offered becomes the venue's argument, and what the venue does
//! becomes transfers, state and facts.

use super::EulerV2;
use super::pool::{Caps, Pool};
use super::position::{Position, grow_debt};
use crate::desk;
use crate::lending::euler_v2::{Call as VaultCall, Outcome, Revert, largest_call, owed_units};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{
    Call, CallOption, Effects, Fact, Rejected, Rejection, Rulebook, Touched, View,
};
use breakwater_money::rounding::Rounding;
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_money::{AccountId, Amount, AssetId, Holder, TransferCode, U256, Unit, Wad};

/// How long after it was proposed a call may be included, seconds.
const INCLUDED_SECONDS: u64 = 60;

/// A `Call::RepayAndSeize` in its parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask {
    pub account: AccountId,
    pub debt: AssetId,
    pub collateral: AssetId,
    /// Base units of debt offered; the largest number is as much as allowed.
    pub amount: u128,
    pub shares: bool,
    pub liquidator: Option<AccountId>,
}

impl EulerV2 {
    /// Executes the call that the offer pays for, see [`largest_call`].
    pub(super) fn seize(&self, view: &View<'_>, ask: &Ask) -> Result<Effects, Rejected> {
        desk::asked(view, ask.account, ask.amount)?;
        if let Some(liquidator) = ask.liquidator {
            view.holdings(liquidator)?;
        } else if ask.shares {
            let detail = "shares: true needs a liquidator that is an account of the pool";
            return Err(Rejection::BadParameter.because(detail));
        }
        let position = self.seat(view, ask)?;
        let (_, outcome) = self.argument(view, &position, ask)?;
        if !outcome.limits.health.is_violation() {
            // The venue answers with a call of nothing.
            let detail = format!("{} has no violation", ask.account);
            return Err(Rejection::Healthy.because(detail));
        }
        let moves = [outcome.moved_exact, outcome.yielded, outcome.socialised];
        if moves.iter().all(U256::is_zero) {
            let detail = format!("{} has nothing of {} to seize", ask.account, ask.collateral);
            return Err(Rejection::NothingToSell.because(detail));
        }
        self.settle(view, ask, &position, &outcome)
    }

    /// The position that is called on, its vault being the one of the debt named.
    fn seat(&self, view: &View<'_>, ask: &Ask) -> Result<Position<'_>, Rejected> {
        if ask.liquidator == Some(ask.account) {
            return Err(Revert::SelfLiquidation.into());
        }
        self.pool.listed(view, ask.debt)?;
        self.pool.listed(view, ask.collateral)?;
        let position = self.pool.position(view, ask.account, Some(ask.collateral))?;
        let position = position.ok_or(Revert::NoLiability)?;
        if position.asset != ask.debt {
            return Err(Revert::NotController.into());
        }
        Ok(position)
    }

    fn argument(
        &self,
        view: &View<'_>,
        position: &Position<'_>,
        ask: &Ask,
    ) -> Result<(VaultCall, Outcome), Rejected> {
        let owes = match ask.liquidator {
            Some(liquidator) => self.liquidators(view, liquidator, position)?.1,
            None => U256::ZERO,
        };
        let call = VaultCall {
            collateral: position.place(ask.collateral),
            repay: U256::MAX,
            least_yield: U256::ZERO,
            self_liquidation: false,
            liquidator_owed_exact: owes,
        };
        let offered = if ask.amount == u128::MAX { U256::MAX } else { U256::from(ask.amount) };
        Ok(largest_call(&position.vault, &position.account(), &call, offered)?)
    }

    /// What a liquidator of the pool owes the vault: in the ledger, and by now.
    fn liquidators(
        &self,
        view: &View<'_>,
        liquidator: AccountId,
        position: &Position<'_>,
    ) -> Result<(u128, U256), Rejected> {
        match self.pool.debt(view, liquidator)? {
            None => Ok((0, U256::ZERO)),
            Some((asset, raw)) if asset == position.asset => {
                Ok((raw, self.pool.owed(view, liquidator, raw, &position.books)?))
            }
            Some((asset, _)) => {
                let detail = format!("{liquidator} owes {asset}: it can owe no other vault");
                Err(Rejection::NotLendable.because(detail))
            }
        }
    }

    fn settle(
        &self,
        view: &View<'_>,
        ask: &Ask,
        position: &Position<'_>,
        outcome: &Outcome,
    ) -> Result<Effects, Rejected> {
        let mut effects = Effects::default();
        grow_debt(&mut effects, ask.account, &position.books, position.raw, position.owed_exact)?;
        let (paid, borrows) = self.hand_over(view, ask, position, outcome, &mut effects)?;
        let (holder, unit) = (Holder::Account(ask.account), Unit::debt(ask.debt));
        let left = position.owed_exact.checked_sub(outcome.moved_exact);
        let lost = left.and_then(|left| left.checked_sub(outcome.owed_exact_after));
        let lost = desk::raw(lost.ok_or(Rejection::Overflow)?)?;
        effects.transfer(holder, Holder::Issuer, unit, lost, TransferCode::Deficit);
        let taken = self.hand_out(view, ask, outcome, &mut effects)?;

        let (paid_units, taken_units) = (U256::from(paid), U256::from(taken));
        effects.facts.push(Fact::Seized {
            account: ask.account,
            repaid: Amount::new(ask.debt, paid),
            seized: Amount::new(ask.collateral, taken),
            fee: Amount::zero(ask.collateral),
            repaid_value: self.pool.value(view, ask.debt, paid_units, Rounding::Ceil)?,
            seized_value: self.pool.value(view, ask.collateral, taken_units, Rounding::Floor)?,
            capped: false,
        });
        let lost = Amount::new(ask.debt, desk::raw(outcome.socialised)?);
        desk::lose(view, &mut effects, ask.account, lost, Bearer::Lenders)?;
        if lost.raw > 0 {
            effects.touched = Touched::Everyone;
        }

        self.pool.store(view, &mut effects, &position.books, borrows, Caps::Bind)?;
        let seized = self.pool.books(view, ask.collateral)?;
        self.pool.store(view, &mut effects, &seized, seized.borrows, Caps::Bind)?;
        if let Some(liquidator) = ask.liquidator {
            self.pool.check(view, &mut effects, liquidator)?;
        }
        Ok(effects)
    }

    /// The debt goes to the liquidator, who pays it back at once if it comes from outside. Returns
    /// what that takes in base units, and the vault's debt afterwards.
    fn hand_over(
        &self,
        view: &View<'_>,
        ask: &Ask,
        position: &Position<'_>,
        outcome: &Outcome,
        effects: &mut Effects,
    ) -> Result<(u128, U256), Rejected> {
        let (holder, unit) = (Holder::Account(ask.account), Unit::debt(ask.debt));
        let (moved, borrows) = (desk::raw(outcome.moved_exact)?, outcome.total_borrows_exact_after);
        let Some(liquidator) = ask.liquidator else {
            let paid = desk::raw(owed_units(outcome.moved_exact)?)?;
            desk::take_in(effects, ask.debt, paid, TransferCode::Repay);
            effects.transfer(holder, Holder::Issuer, unit, moved, TransferCode::Burn);
            return Ok((paid, borrows.saturating_sub(outcome.moved_exact)));
        };
        let (raw, owes) = self.liquidators(view, liquidator, position)?;
        grow_debt(effects, liquidator, &position.books, raw, owes)?;
        let taker = Holder::Account(liquidator);
        effects.transfer(holder, taker, unit, moved, TransferCode::Takeover);
        Ok((desk::raw(outcome.repaid)?, borrows))
    }

    /// The shares go to the liquidator, who redeems them at once if it comes from outside; what
    /// redeems for nothing it keeps. Returns what they redeem for in base units.
    fn hand_out(
        &self,
        view: &View<'_>,
        ask: &Ask,
        outcome: &Outcome,
        effects: &mut Effects,
    ) -> Result<u128, Rejected> {
        let (holder, unit) = (Holder::Account(ask.account), Unit::supply(ask.collateral));
        let (shares, code) = (desk::raw(outcome.yielded)?, TransferCode::Seize);
        let units = self.pool.books(view, ask.collateral)?.redeem(outcome.yielded)?;
        let units = desk::raw(units)?;
        match ask.liquidator {
            Some(liquidator) => {
                effects.transfer(holder, Holder::Account(liquidator), unit, shares, code);
                if shares > 0 {
                    Pool::enable(view, effects, liquidator, ask.collateral)?;
                }
            }
            None if units == 0 => effects.transfer(holder, Holder::External, unit, shares, code),
            None => {
                effects.transfer(holder, Holder::Issuer, unit, shares, TransferCode::Burn);
                desk::pay_out(view, effects, ask.collateral, units, code)?;
            }
        }
        Ok(units)
    }

    /// Every call that is accepted now and when it is included, best first.
    pub(super) fn options(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Vec<CallOption>,
    ) -> Result<(), Rejected> {
        let Some(position) = self.pool.position(view, account, None)? else { return Ok(()) };
        if !position.health()?.is_violation() {
            return Ok(());
        }
        for (asset, held) in position.assets.iter().zip(&position.collaterals) {
            if held.recognised {
                out.extend(self.option(view, account, &position, *asset)?);
            }
        }
        // Most gain first; a tie goes to the larger repayment, then to the lower asset.
        out.sort_by_key(|option| std::cmp::Reverse((option.gain(), option.repaid_value)));
        Ok(())
    }

    /// The call on one collateral. What is offered is the debt as it will be when the call is
    /// included, of which the venue takes no more than it lets go then.
    fn option(
        &self,
        view: &View<'_>,
        account: AccountId,
        position: &Position<'_>,
        collateral: AssetId,
    ) -> Result<Option<CallOption>, Rejected> {
        let later = view.at(view.now.after(INCLUDED_SECONDS * NANOS_PER_SECOND));
        let Some(then) = self.pool.position(&later, account, None)? else { return Ok(None) };
        let call = Call::RepayAndSeize {
            account,
            debt: position.asset,
            collateral,
            amount: desk::raw(owed_units(then.owed_exact)?)?,
            shares: false,
            liquidator: None,
        };
        let accepted = |call: &Call| {
            self.execute_both(view, &later, call).map_err(|rejected| rejected.rejection)
        };
        let call = match accepted(&call) {
            Ok(()) => call,
            // The collateral's vault has lent out what the caller would redeem: as much as it has.
            Err(Rejection::InsufficientLiquidity) => {
                let Call::RepayAndSeize { amount, .. } = call else { return Ok(None) };
                let Some(most) = largest(amount, |part| accepted(&call.with_amount(part)).is_ok())
                else {
                    return Ok(None);
                };
                call.with_amount(most)
            }
            Err(_) => return Ok(None),
        };
        let weight = position.collaterals.get(position.place(collateral));
        let weight = weight.map_or(Ok(0), |held| held.ltv.now())?;
        let toxic = self.is_toxic(view, position, account, collateral, weight)?;
        let effects = self.execute(view, &call)?;
        let books = effects.facts.iter().any(|fact| matches!(fact, Fact::Deficit { .. }));
        let option = CallOption::of(view, call, &effects, self.numeraire_decimals(), toxic)?;
        // Paying for nothing is accepted, and nobody's wish unless it takes a loss off the books.
        let useless = option.seized.raw == 0 && option.repaid.raw > 0 && !books;
        Ok(if useless { None } else { Some(option) })
    }

    fn execute_both(&self, view: &View<'_>, later: &View<'_>, call: &Call) -> Result<(), Rejected> {
        self.execute(view, call)?;
        self.execute(later, call).map(drop)
    }

    /// Whether a part of the collateral at the venue's discount takes more weighted collateral, for
    /// the value that it pays, than the account has for the value that it owes: weight over discount
    /// factor above health.
    fn is_toxic(
        &self,
        view: &View<'_>,
        position: &Position<'_>,
        account: AccountId,
        collateral: AssetId,
        weight: u16,
    ) -> Result<bool, Rejected> {
        let ask = Ask {
            account,
            debt: position.asset,
            collateral,
            amount: u128::MAX,
            shares: false,
            liquidator: None,
        };
        let (_, outcome) = self.argument(view, position, &ask)?;
        let health = outcome.limits.health;
        let left = U256::from(weight).checked_mul(Wad::one().raw);
        let left = left.and_then(|left| left.checked_mul(health.liability_value));
        let right = outcome.limits.discount_factor.checked_mul(U256::from(10_000u16));
        let right = right.and_then(|right| right.checked_mul(health.adjusted));
        let (left, right) = left.zip(right).ok_or(Rejection::Overflow)?;
        Ok(left > right)
    }

    /// The venue's call with its arguments.
    pub(super) fn told(&self, view: &View<'_>, call: &Call) -> Option<String> {
        let Call::RepayAndSeize { account, debt, collateral, amount, shares, liquidator } = *call
        else {
            return None;
        };
        let ask = Ask { account, debt, collateral, amount, shares, liquidator };
        let position = self.seat(view, &ask).ok()?;
        let (argument, _) = self.argument(view, &position, &ask).ok()?;
        let repay = match argument.repay {
            U256::MAX => "type(uint256).max".to_owned(),
            part => part.to_string(),
        };
        let (debt, collateral) = (view.asset(debt).ok()?, view.asset(collateral).ok()?);
        Some(format!(
            "{} vault: liquidate(violator {account}, collateral {} vault, repayAssets {repay}, \
             minYieldBalance 0)",
            debt.symbol, collateral.symbol
        ))
    }
}

/// The largest amount below `refused` that is accepted, where a smaller one is whenever a larger
/// one is; none if not even 1 is.
fn largest(refused: u128, accepted: impl Fn(u128) -> bool) -> Option<u128> {
    let (mut low, mut high) = (0u128, refused);
    while high.saturating_sub(low) > 1 {
        let middle = low + ((high - low) >> 1);
        if accepted(middle) { low = middle } else { high = middle }
    }
    if low == 0 { None } else { Some(low) }
}
