//! The liquidator's call: what is offered becomes the contract's argument, and what the contract
//! does becomes transfers, totals and facts.

use super::MorphoBlue;
use super::markets::{Seat, value};
use crate::desk;
use crate::lending::morpho_blue::{Outcome, Revert, largest_call, liquidate};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::plan::option_of;
use breakwater_liquidation::{Call, CallOption, Effects, Fact, Rejected, Rejection, View};
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
    /// Loan units offered; the largest number is as much as allowed.
    pub amount: u128,
    pub shares: bool,
}

impl MorphoBlue {
    /// Executes the best call that the offer pays for, see
    /// [`largest_call`](crate::lending::morpho_blue::largest_call).
    pub(super) fn seize(&self, view: &View<'_>, ask: &Ask) -> Result<Effects, Rejected> {
        desk::asked(view, ask.account, ask.amount)?;
        if ask.shares {
            let detail = "shares: true: collateral here is the asset itself and has no shares";
            return Err(Rejection::BadParameter.because(detail));
        }
        let seat = self.markets.seat(view, ask.account)?;
        // A position without debt counts as healthy, whatever it is asked for.
        let Some(seat) = seat.filter(|seat| seat.position.borrow_shares > 0) else {
            return Err(Revert::Healthy.into());
        };
        let market = seat.listed.identity;
        if market.loan != ask.debt {
            let symbol = &view.asset(ask.debt)?.symbol;
            return Err(Rejection::NotBorrowed.because(format!("{} owes no {symbol}", ask.account)));
        }
        if market.collateral != ask.collateral {
            let symbol = &view.asset(ask.collateral)?.symbol;
            let detail = format!("{} has no {symbol} as collateral", ask.account);
            return Err(Rejection::NotCollateral.because(detail));
        }
        if seat.health(view)?.is_healthy() {
            return Err(Revert::Healthy.into());
        }
        let outcome = self.call(view, &seat, ask.amount)?;
        self.settle(view, ask.account, &seat, &outcome)
    }

    fn call(&self, view: &View<'_>, seat: &Seat<'_>, amount: u128) -> Result<Outcome, Rejected> {
        let (terms, price) = (&seat.listed.terms, seat.listed.price(view)?);
        let offered = if amount == u128::MAX { U256::MAX } else { U256::from(amount) };
        let position = &seat.position;
        let call = largest_call(terms, &seat.accrued.market, position, price, offered)?;
        let call = call.ok_or_else(|| {
            Rejection::ZeroBurn.because(format!("amount {amount} repays no share"))
        })?;
        let (stored, now) = (seat.listed.stored(view)?, seat.listed.now(view, price));
        Ok(liquidate(terms, &stored, position, &now, &call)?)
    }

    fn settle(
        &self,
        view: &View<'_>,
        account: AccountId,
        seat: &Seat<'_>,
        outcome: &Outcome,
    ) -> Result<Effects, Rejected> {
        let (mut effects, market) = (Effects::default(), seat.listed.identity);
        let (after, others) = (&outcome.market_after, seat.others());
        seat.listed.store(view, &mut effects, &seat.accrued, after, others)?;
        let paid = desk::raw(outcome.repaid_assets)?;
        desk::take_in(&mut effects, market.loan, paid, TransferCode::Repay);
        let (debt, supply) = (Unit::debt(market.loan), Unit::supply(market.collateral));
        let (repaid, lost) = (outcome.repaid_shares, outcome.bad_debt_shares);
        let holder = Holder::Account(account);
        effects.transfer(holder, Holder::Issuer, debt, repaid, TransferCode::Burn);
        effects.transfer(holder, Holder::Issuer, debt, lost, TransferCode::Deficit);
        let taken = outcome.seized_assets;
        effects.transfer(holder, Holder::Issuer, supply, taken, TransferCode::Burn);
        desk::pay_out(view, &mut effects, market.collateral, taken, TransferCode::Seize)?;
        let paid_value = value(view, market.loan, outcome.repaid_assets, Rounding::Ceil)?;
        let taken_units = U256::from(taken);
        effects.facts.push(Fact::Seized {
            account,
            repaid: Amount::new(market.loan, paid),
            seized: Amount::new(market.collateral, taken),
            fee: Amount::zero(market.collateral),
            repaid_value: paid_value,
            seized_value: value(view, market.collateral, taken_units, Rounding::Floor)?,
            capped: false,
        });
        let lost = Amount::new(market.loan, outcome.bad_debt_assets);
        desk::lose(view, &mut effects, account, lost, Bearer::Lenders)?;
        Ok(effects)
    }

    /// The one call that there is: everything that an unbounded offer would take.
    pub(super) fn option(
        &self,
        view: &View<'_>,
        account: AccountId,
        ratio: Wad,
    ) -> Result<Option<CallOption>, Rejected> {
        let Some(seat) = self.markets.seat(view, account)? else { return Ok(None) };
        let call = Call::RepayAndSeize {
            account,
            debt: seat.listed.identity.loan,
            collateral: seat.listed.identity.collateral,
            amount: self.offer(view, &seat)?,
            shares: false,
            liquidator: None,
        };
        let lltv = seat.position.own_lltv.unwrap_or(seat.listed.terms.lltv);
        let factor = seat.listed.terms.incentive_factor()?;
        // Both sides at 1e36: what is taken of weighted collateral per value repaid, against the
        // weighted collateral there is per value owed.
        let toxic = lltv.raw.saturating_mul(factor.raw) > ratio.raw.saturating_mul(Wad::one().raw);
        // Without collateral and without a price nothing at all is accepted, and so nothing offered.
        Ok(option_of(self, view, &call, toxic).ok())
    }

    /// What must be offered so that the whole call is still paid for when it is included: the debt
    /// as it will be then, or the cost of all collateral. That is its rounded worth, turned into
    /// shares and back, and so no more than the worth of one share above it at any time.
    fn offer(&self, view: &View<'_>, seat: &Seat<'_>) -> Result<u128, Rejected> {
        let later = view.at(view.now.after(INCLUDED_SECONDS * NANOS_PER_SECOND));
        let then = seat.listed.accrued(&later)?.market;
        let one_share = then.owed(1)?;
        if seat.position.collateral == 0 {
            return desk::raw(one_share);
        }
        let outcome = self.call(view, seat, u128::MAX)?;
        let most = if outcome.position_after.collateral == 0 {
            outcome.repaid_assets.saturating_add(one_share)
        } else {
            then.owed(seat.position.borrow_shares)?
        };
        desk::raw(most)
    }
}
