//! Effects become balances: whole or not at all, and every unit still sums to zero.

use super::{backstop, order};
use crate::Engine;
use crate::engine::Fault;
use crate::event::{Cause, Outcome, What};
use crate::invariant::Invariant;
use breakwater_ledger::LedgerError;
use breakwater_liquidation::backstop::drawdown::Drawdown;
use breakwater_liquidation::{Effects, Fact, Rejection, StateKey, Touched};
use breakwater_money::{AccountId, AssetId, Class, Holder, Unit};

/// Commits effects: transfers, state, facts, whose health may have changed, and the bearers of
/// every loss they book.
pub(super) fn commit(
    engine: &mut Engine,
    effects: Effects,
    cause: Cause,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    post(engine, &effects, outcome)?;
    for account in effects.moved_accounts() {
        engine.watch.mark_pending(account);
    }
    if effects.touched == Touched::Everyone {
        engine.epoch += 1;
        engine.watch.mark_everyone();
    }
    let losses = backstop::unborne(engine, &effects.facts)?;
    for fact in effects.facts {
        // Orders go with what they are for.
        let gone = match &fact {
            Fact::TakenOver { account, .. } => Some(Gone::Account(*account)),
            Fact::Settled { contract, delivered: true, .. } => Some(Gone::Contract(*contract)),
            _ => None,
        };
        Engine::tell(outcome, cause, What::Happened(fact));
        match gone {
            Some(Gone::Account(account)) => order::cancel_all(engine, account, cause, outcome),
            Some(Gone::Contract(asset)) => order::cancel_ended(engine, asset, cause, outcome),
            None => {}
        }
    }
    let mut assets = Vec::new();
    for (account, left) in losses {
        backstop::bear(engine, account, left, cause, outcome)?;
        assets.push(left.asset);
    }
    // One call may book several losses of an asset: the books agree once all have their bearers.
    assets.into_iter().try_for_each(|asset| backstop::outstanding_agrees(engine, asset))
}

/// What has no positions any more.
enum Gone {
    Account(AccountId),
    Contract(AssetId),
}

/// Posts transfers and state and checks what must hold of both. Notes what was posted, and how much
/// `outcome` had told before.
pub(super) fn post(engine: &mut Engine, effects: &Effects, outcome: &Outcome) -> Result<(), Fault> {
    if let Some((key, _)) = effects.state.iter().find(|(key, _)| !has_place(engine, *key)) {
        let found = format!("state {key:?} is not in the rulebook's layout and the pool");
        return Err(Fault::Broken(Invariant::WellFormed, found));
    }
    let touched = touched_balances(effects);
    let before: Vec<i128> =
        touched.iter().map(|(holder, unit)| engine.ledger.balance(*holder, *unit)).collect();
    engine.ledger.post(&effects.transfers).map_err(|error| match error {
        LedgerError::Overflow { .. } | LedgerError::Unopened { .. } => {
            Fault::Rejected(Rejection::Overflow.because(error.to_string()))
        }
        other => Fault::Broken(Invariant::WellFormed, other.to_string()),
    })?;
    conserved(engine, &touched, &before)?;
    for (holder, unit) in &touched {
        signs(engine, *holder, *unit)?;
    }
    for (holder, unit) in &touched {
        if *holder == Holder::Insurance && unit.class == Class::Token {
            record_fund(engine, unit.asset);
        }
    }
    for (key, value) in &effects.state {
        engine.state.set(*key, *value);
    }
    engine.scratch.postings.note(outcome.events.len(), &effects.transfers);
    engine.scratch.committed |= !effects.transfers.is_empty() || !effects.state.is_empty();
    Ok(())
}

/// Writes down what the fund has now, where the policy looks at how much it has lost.
fn record_fund(engine: &mut Engine, asset: AssetId) {
    let Some(trigger) = engine.policy().and_then(|policy| policy.backstop.drawdown) else { return };
    let balance = engine.ledger.balance(Holder::Insurance, Unit::token(asset));
    let at = engine.scratch.at;
    // A policy that is in force has a trigger that can be made.
    let Ok(fund) = Drawdown::new(trigger.window_nanos, trigger.lost_e9) else { return };
    let fund = engine.guarded.funds.entry(asset).or_insert(fund);
    // Commands never go back in time, so that nothing is refused.
    let _ = fund.record(at, balance);
}

/// Writes down what the fund has of every asset: where a look at its losses begins.
pub(super) fn record_funds(engine: &mut Engine) {
    for number in 0..engine.assets.len() {
        // Bounded by ASSETS_MAX.
        record_fund(engine, AssetId(u16::try_from(number).unwrap_or(u16::MAX)));
    }
}

/// A column of the layout, of an asset or account that there is.
fn has_place(engine: &Engine, key: StateKey) -> bool {
    let exists = match key {
        StateKey::Asset(asset, _) => asset.index() < engine.assets.len(),
        StateKey::Account(account, _) => account.index() < engine.standings.len(),
        StateKey::Pool(_) | StateKey::Cell(..) => true,
    };
    exists && engine.state.has(key)
}

fn touched_balances(effects: &Effects) -> Vec<(Holder, Unit)> {
    let mut touched: Vec<(Holder, Unit)> =
        effects.transfers.iter().flat_map(|t| [(t.debit, t.unit), (t.credit, t.unit)]).collect();
    touched.sort_unstable();
    touched.dedup();
    touched
}

/// I-01, from the balances themselves and not from the transfers that should have made them.
fn conserved(engine: &Engine, touched: &[(Holder, Unit)], before: &[i128]) -> Result<(), Fault> {
    let mut changes: Vec<(Unit, i128)> = Vec::with_capacity(touched.len());
    for ((holder, unit), before) in touched.iter().zip(before) {
        // Both lie within 127 bits, so the difference modulo 2^128 is exact in the sum.
        let change = engine.ledger.balance(*holder, *unit).wrapping_sub(*before);
        match changes.iter_mut().find(|(u, _)| u == unit) {
            Some((_, sum)) => *sum = sum.wrapping_add(change),
            None => changes.push((*unit, change)),
        }
    }
    match changes.into_iter().find(|(_, sum)| *sum != 0) {
        Some((unit, sum)) => {
            Err(Fault::Broken(Invariant::Conserved, format!("{unit:?} is off by {sum}")))
        }
        None => Ok(()),
    }
}

/// Who may owe what: shares are never negative, nor are the fund, the reserve or the treasury.
fn signs(engine: &Engine, holder: Holder, unit: Unit) -> Result<(), Fault> {
    let balance = engine.ledger.balance(holder, unit);
    let broken = match (holder, unit.class) {
        _ if balance >= 0 => return Ok(()),
        (Holder::Account(_), Class::Supply | Class::Debt) => Invariant::ReduceOnly,
        (Holder::Reserve | Holder::Treasury, _) => Invariant::Backed,
        (Holder::Insurance, _) => Invariant::FundNotNegative,
        _ => return Ok(()),
    };
    Err(Fault::Broken(broken, format!("{holder:?} has {balance} of {unit:?}")))
}
