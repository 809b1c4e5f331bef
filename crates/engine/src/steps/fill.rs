//! A sale that the engine ordered came back from the market.

use super::{backstop, call, ladder, settle, solvency};
use crate::Engine;
use crate::engine::Fault;
use crate::event::{Cause, Outcome, What};
use crate::invariant::Invariant;
use breakwater_liquidation::plan::{pays, proceeds};
use breakwater_liquidation::{Call, Effects, Overlay, Rejected, Rejection};
use breakwater_money::{AccountId, Time};

pub(super) fn run(
    engine: &mut Engine,
    at: Time,
    number: u64,
    quantity: u128,
    paid: u128,
    done: bool,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let Some(open) = engine.legs.get(number).cloned() else {
        return Err(Rejection::UnknownLeg.because(format!("leg {number}")).into());
    };
    if engine.auctions.contains_key(&number) {
        let detail = format!("leg {number} is auctioned");
        return Err(Rejection::UnknownLeg.because(detail).into());
    }
    let account = open.account;
    let left = open.leg.quantity - open.filled;
    if quantity > left {
        let detail = format!("quantity {quantity}, {left} left of leg {number}");
        return Err(Rejection::ExceedsPlan.because(detail).into());
    }
    if quantity == 0 && !done {
        return Err(Rejection::AmountZero.because("quantity 0 of a leg not done").into());
    }
    if quantity > 0 {
        let sale = Sale { quantity, paid, cause: Cause::Command };
        sell(engine, at, &open, sale, None, outcome)?;
        if let Some(market) = engine.assets[open.leg.asset.index()].market {
            engine.observed.eat(market, open.leg.buy_back, quantity, at);
        }
    }
    let filled = open.filled + quantity;
    if done || filled == open.leg.quantity {
        engine.legs.remove(number);
        let unsold = open.leg.quantity - filled;
        if unsold > 0 {
            let retry_nanos = engine.in_force()?.policy.retry_nanos;
            engine.standings[account.index()].retry_at = at.after(retry_nanos);
            Engine::tell(outcome, Cause::Command, What::Cancelled { leg: number, unsold });
            // The fill has happened: where winners cannot be closed, the loss goes to the next
            // bearer.
            match backstop::deleverage(engine, at, account, outcome) {
                Ok(()) | Err(Fault::Rejected(_)) => {}
                Err(broken) => return Err(broken),
            }
        }
    } else {
        engine.legs.fill(number, quantity);
    }
    engine.watch.mark_pending(account);
    Ok(())
}

/// What was sold of a leg, for how much, and why now.
#[derive(Clone, Copy)]
pub(super) struct Sale {
    pub quantity: u128,
    pub paid: u128,
    pub cause: Cause,
}

/// Sells for the account. `first` is what an auction moves before, in the same commit; its price is its
/// own and not held to the leg's worst.
pub(super) fn sell(
    engine: &mut Engine,
    at: Time,
    open: &crate::OpenLeg,
    sale: Sale,
    first: Option<Effects>,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let Sale { quantity, paid, cause } = sale;
    let (account, leg) = (open.account, open.leg);
    solvency::sells_in_no_pause(engine, at, account)?;
    let held = size_held(engine, account, leg.asset);
    let installed = engine.in_force()?;
    let effects = engine.with_view(at, |view| {
        let limit = proceeds(view, &leg, quantity, leg.worst_price)?;
        let worse = first.is_none() && if pays(view, &leg)? { paid > limit } else { paid < limit };
        if worse {
            let detail = format!("proceeds {paid}, limit {limit} at {}", leg.worst_price);
            return Err(Rejection::WorseThanLimit.because(detail));
        }
        let accrued = installed.rulebook.accrue(view)?;
        let overlay = Overlay::new(*view, account, &accrued)?;
        let fill = Call::Fill {
            account,
            asset: leg.asset,
            quantity,
            proceeds: paid,
            proceeds_asset: leg.proceeds_asset,
        };
        let mut effects = accrued.clone();
        effects.then(installed.rulebook.execute(&overlay.view(), &fill)?);
        if let Some(first) = &first {
            effects.transfers.splice(0..0, first.transfers.iter().copied());
        }
        Ok::<_, Rejected>(effects)
    })?;
    let assess = |engine: &Engine| {
        let installed = engine.in_force()?;
        engine.with_view(at, |view| installed.rulebook.assess(view, account))
    };
    let before = assess(engine);
    let deficit = call::deficit_accounts(&effects).contains(&account);
    let facts = effects.facts.clone();
    settle::commit(engine, effects, cause, outcome)?;
    if let (Ok(before), Ok(after)) = (before, assess(engine)) {
        ladder::count_freed(engine, account, &before, &after)
            .map_err(|refused| Fault::Broken(Invariant::WellFormed, refused.to_string()))?;
    }
    // What is sold for more of the same comes back as that, once nothing is owed any more.
    let back = if leg.asset == leg.proceeds_asset { paid } else { 0 };
    if size_held(engine, account, leg.asset) > held.saturating_add(back) {
        let found = format!("{account} holds more of {} after selling", leg.asset);
        return Err(Fault::Broken(Invariant::ReduceOnly, found));
    }
    engine.standings[account.index()].liquidated_at = engine.prices;
    engine.scratch.hits.push((account, deficit));
    call::unbooked_debt(engine, account, &facts, false)
}

/// Collateral shares, tokens or contract size held, whichever side.
fn size_held(engine: &Engine, account: AccountId, asset: breakwater_money::AssetId) -> u128 {
    use breakwater_money::Class;
    engine
        .ledger
        .holdings(account)
        .iter()
        .filter(|h| h.contract.is_none() && h.unit.asset == asset && h.unit.class != Class::Debt)
        .fold(0u128, |sum, h| sum.saturating_add(h.balance.unsigned_abs()))
}
