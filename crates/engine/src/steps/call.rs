//! Business on the rulebook, and the guards around liquidators' calls.

use super::defences::{drains, pace, stress};
use super::{auction, settle, solvency};
use crate::Engine;
use crate::engine::Fault;
use crate::event::{Cause, Outcome};
use crate::invariant::Invariant;
use crate::limits::CALL_ACCOUNTS_MAX;
use breakwater_liquidation::plan::{after_call, plan_call};
use breakwater_liquidation::{
    AssetKind, Call, Effects, Fact, Kept, Overlay, Promise, Rejected, Rejection, Rulebook, Seller,
    View,
};
use breakwater_margin::Health;
use breakwater_market::MarkStatus;
use breakwater_money::{AccountId, Class, Time};

/// Interest and the like up to `at`.
pub(super) fn accrue(engine: &mut Engine, at: Time, outcome: &mut Outcome) -> Result<(), Fault> {
    let Some(installed) = &engine.installed else { return Ok(()) };
    let effects = engine.with_view(at, |view| installed.rulebook.accrue(view))?;
    if effects == Effects::default() {
        return Ok(());
    }
    settle::commit(engine, effects, Cause::Time, outcome)
}

pub(super) fn run(
    engine: &mut Engine,
    at: Time,
    call: &Call,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    engine.in_force()?;
    let named = call.accounts();
    if named.len() > CALL_ACCOUNTS_MAX {
        let detail = format!("{} accounts: at most {CALL_ACCOUNTS_MAX}", named.len());
        return Err(Rejection::LimitReached.because(detail).into());
    }
    if let Some(stranger) = named.iter().find(|a| a.index() >= engine.standings.len()) {
        return Err(Rejection::UnknownAccount.because(stranger.to_string()).into());
    }
    if matches!(call, Call::Fill { .. } | Call::WriteOff { .. } | Call::Deleverage { .. }) {
        let detail = format!("{} is the engine's own", call.kind());
        return Err(Rejection::Unsupported.because(detail).into());
    }
    solvency::admits(engine, at, call)?;
    if takes_out(call) {
        named.iter().try_for_each(|account| auction::may_take_out(engine, *account))?;
    }
    let split = drains::split(engine, at, call)?;
    let call = match &split {
        Some(split) => match &split.now {
            Some(now) => now,
            None => {
                // All of it waits: nothing but interest moves.
                accrue(engine, at, outcome)?;
                drains::keep(engine, split, outcome);
                return Ok(());
            }
        },
        None => call,
    };
    let installed = engine.in_force()?;
    let (effects, before, measured, taken) = engine.with_view(at, |view| {
        let accrued = installed.rulebook.accrue(view)?;
        let first = named.first().copied().unwrap_or_default();
        let overlay = Overlay::new(*view, first, &accrued)?;
        let seen = overlay.view();
        let mut before = Vec::new();
        let targets = installed.rulebook.targets(&seen, call)?;
        if targets.len() > CALL_ACCOUNTS_MAX {
            let detail = format!("{} accounts: at most {CALL_ACCOUNTS_MAX}", targets.len());
            return Err(Rejection::LimitReached.because(detail));
        }
        for account in targets {
            guard(engine, &seen, call, account)?;
            before.push((account, installed.rulebook.assess(&seen, account)?));
        }
        let mut effects = accrued.clone();
        let own = installed.rulebook.execute(&seen, call)?;
        let taken = pace::may_take(engine, &seen, call, &before, &own)?;
        effects.then(own);
        let measured = solvency::caps(engine, view, &seen, call, &effects)?;
        stress::admits(engine, view, call, &effects)?;
        Ok::<_, Rejected>((effects, before, measured, taken))
    })?;
    let deficits: Vec<AccountId> = deficit_accounts(&effects);
    let facts = effects.facts.clone();
    let came_in = drains::counts_in(engine, at, call, &effects);
    settle::commit(engine, effects, Cause::Command, outcome)?;
    solvency::caps_hold(engine, at, &measured)?;
    drains::took_in(engine, at, came_in);
    pace::took(engine, at, taken);
    if let Some(split) = &split {
        drains::keep(engine, split, outcome);
    }
    for (account, health) in before {
        engine.standings[account.index()].liquidated_at = engine.prices;
        engine.scratch.hits.push((account, deficits.contains(&account)));
        liquidated(engine, at, account, &health, &facts)?;
    }
    Ok(())
}

/// Whether a call may take an account's collateral away, or put more on it.
const fn takes_out(call: &Call) -> bool {
    matches!(
        call,
        Call::Withdraw { .. }
            | Call::Borrow { .. }
            | Call::Configure { .. }
            | Call::Trade { .. }
            | Call::TakeOver { .. }
            | Call::Transfer { .. }
            | Call::Roll { .. }
            | Call::Exercise { .. }
    )
}

pub(super) fn deficit_accounts(effects: &Effects) -> Vec<AccountId> {
    effects
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Deficit { account, .. } => Some(*account),
            _ => None,
        })
        .collect()
}

/// What our policy refuses of a liquidator's call on top of the rulebook.
fn guard(
    engine: &Engine,
    view: &View<'_>,
    call: &Call,
    account: AccountId,
) -> Result<(), Rejected> {
    let installed = engine.in_force()?;
    let policy = &installed.policy;
    let standing = &engine.standings[account.index()];
    // The venue's own, and always of the whole account: no amount could be smaller.
    let takes_over = matches!(call, Call::TakeOver { .. });
    if policy.seller == Seller::Venue && !takes_over {
        let detail = format!("policy '{}' sells by itself", policy.name);
        return Err(Rejection::Unsupported.because(detail));
    }
    auction::may_take_out(engine, account)?;
    solvency::may_liquidate(engine, view.now, account)?;
    fresh(engine, view, account)?;
    if policy.guards.once_per_tick && engine.prices > 0 && standing.liquidated_at == engine.prices {
        return Err(Rejection::OncePerTick.because(account.to_string()));
    }
    let waits = standing.call.deadline.filter(|deadline| view.now < *deadline);
    if let Some(deadline) = waits {
        let detail = format!("due at {}, now {}", deadline.0, view.now.0);
        return Err(Rejection::NotYetDue.because(detail));
    }
    // I-19: whoever waits to be assessed, or fell into breach by interest since, was not called yet.
    let uncalled = policy.notice_nanos > 0 && !standing.call.state.is_open();
    if uncalled && installed.rulebook.assess(view, account)?.breach {
        let detail = format!("{account} was not called yet, now {}", view.now.0);
        return Err(Rejection::NotYetDue.because(detail));
    }
    if policy.guards.minimal && !takes_over {
        minimal(&*installed.rulebook, view, call, account, policy)?;
    }
    Ok(())
}

/// Refuses while a price that the account depends on may not be acted on.
pub(super) fn fresh(engine: &Engine, view: &View<'_>, account: AccountId) -> Result<(), Rejected> {
    let guards = engine.in_force()?.policy.guards;
    if !guards.fresh_marks && !guards.grace {
        return Ok(());
    }
    for holding in view.holdings(account)? {
        let info = view.asset(holding.unit.asset)?;
        let (Some(_), Class::Token | Class::Supply | Class::Debt) =
            (info.market, holding.unit.class)
        else {
            continue;
        };
        match view.status(holding.unit.asset)? {
            MarkStatus::Stale { age_nanos } if guards.fresh_marks => {
                let detail = format!("{} is {age_nanos} ns old", info.symbol);
                return Err(Rejection::MarkStale.because(detail));
            }
            MarkStatus::Missing if guards.fresh_marks => {
                return Err(Rejection::MarkMissing.because(info.symbol.clone()));
            }
            MarkStatus::Grace { until } if guards.grace => {
                let detail = format!("{} until {}", info.symbol, until.0);
                return Err(Rejection::MarkInGrace.because(detail));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Refuses a call that takes more than the plan's smallest amount, or that lowers health where it
/// need not.
fn minimal(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    call: &Call,
    account: AccountId,
    policy: &breakwater_liquidation::Policy,
) -> Result<(), Rejected> {
    let plan = plan_call(rulebook, view, account, policy)?;
    let asked = breakwater_liquidation::plan::option_of(rulebook, view, call, false)?;
    if asked.repaid_value > plan.option.repaid_value {
        let detail = format!(
            "repays a value of {}, the plan's smallest is {}",
            asked.repaid_value, plan.option.repaid_value
        );
        return Err(Rejection::ExceedsPlan.because(detail));
    }
    let (before, after) =
        (rulebook.assess(view, account)?, after_call(rulebook, view, account, call)?);
    if after.ratio < before.ratio && !is_toxic(rulebook, view, call, account)? {
        let detail = format!("ratio {} would become {}", before.ratio, after.ratio);
        return Err(Rejection::LowersHealth.because(detail));
    }
    Ok(())
}

/// Whether the rulebook calls the call's pair toxic: then a lower health is what it must cost.
fn is_toxic(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    call: &Call,
    account: AccountId,
) -> Result<bool, Rejected> {
    let pair = |call: &Call| match call {
        Call::RepayAndSeize { debt, collateral, .. } => Some((*debt, *collateral)),
        _ => None,
    };
    let mut options = Vec::new();
    rulebook.calls(view, account, &mut options)?;
    Ok(options.iter().any(|option| option.toxic && pair(&option.call) == pair(call)))
}

/// What must hold of a liquidation that was committed, by the promises its rulebook declares.
fn liquidated(
    engine: &Engine,
    at: Time,
    account: AccountId,
    before: &Health,
    facts: &[Fact],
) -> Result<(), Fault> {
    let Some(installed) = &engine.installed else { return Ok(()) };
    let keeps = |promise: Promise| {
        installed.rulebook.promises().iter().any(|(p, kept)| *p == promise && *kept == Kept::Keeps)
    };
    if keeps(Promise::HealthyUntouched) && !before.breach {
        let found = format!("{account} had a ratio of {}", before.ratio);
        return Err(Fault::Broken(Invariant::LiquidatedInBreach, found));
    }
    let after = engine.with_view(at, |view| installed.rulebook.assess(view, account));
    if let (true, Ok(after)) = (keeps(Promise::StepNeverHurts), after)
        && after.ratio < before.ratio
    {
        let found = format!("{account} fell from {} to {}", before.ratio, after.ratio);
        return Err(Fault::Broken(Invariant::NeverWorse, found));
    }
    unbooked_debt(engine, account, facts, keeps(Promise::NoUnbookedDebt))
}

/// I-26 and I-27: a deficit only when nothing is left to take, and never debt with nothing left.
pub(super) fn unbooked_debt(
    engine: &Engine,
    account: AccountId,
    facts: &[Fact],
    booked_at_once: bool,
) -> Result<(), Fault> {
    let holdings = engine.ledger.holdings(account);
    let has = |class: Class| {
        holdings.iter().any(|h| h.unit.class == class && h.balance > 0 && h.contract.is_none())
    };
    let deficit =
        facts.iter().any(|f| matches!(f, Fact::Deficit { account: a, .. } if *a == account));
    let value = match &engine.installed {
        Some(installed) => engine.look(|view| installed.rulebook.assess(view, account)).ok(),
        None => None,
    };
    let worth = value.map_or(0, |health| health.equity);
    let own_token = |h: &&breakwater_money::Holding| {
        let token = engine.assets[h.unit.asset.index()].kind == AssetKind::Token;
        h.contract.is_none() && h.unit.class == Class::Token && token
    };
    let owns = holdings.iter().filter(own_token).any(|h| h.balance > 0);
    let owes = holdings.iter().filter(own_token).any(|h| h.balance < 0);
    // Collateral worth less than one unit of the numeraire counts as none.
    if deficit && (owns || has(Class::Supply)) && worth > 0 {
        let found = format!("{account} still has collateral worth {worth}");
        return Err(Fault::Broken(Invariant::DeficitLast, found));
    }
    let contract = |h: &breakwater_money::Holding| h.unit.class == Class::Token && !own_token(&h);
    let holds = owns || holdings.iter().any(contract);
    if booked_at_once && (has(Class::Debt) && !has(Class::Supply) || owes && !holds) {
        let found = format!("{account} has debt and nothing else");
        return Err(Fault::Broken(Invariant::DebtBooked, found));
    }
    Ok(())
}
