//! The liquidation, told in one file a step.
//!
//! `define` and `install` set the pool up; `tick` accepts a price; `assess` finds who is touched,
//! moves margin calls and orders sales; `observe` takes what markets would pay and `planned` sells
//! slices over it; `auction` lets outsiders bid for them; `call` and `fill` take
//! what comes back; `order` keeps the accounts' own orders; `settle` commits effects; `backstop` finds
//! the bearers of a loss; `solvency` guards what the pool takes on, and `defences` what leaves it and how
//! fast it is liquidated.

pub(crate) mod assess;
pub(crate) mod auction;
mod backstop;
mod call;
pub(crate) mod defences;
mod define;
mod fill;
mod install;
mod ladder;
mod observe;
pub(crate) mod order;
mod planned;
mod settle;
pub(crate) mod solvency;
mod tick;

use crate::engine::{Fault, cures};
use crate::event::{Cause, Outcome, What};
use crate::grounds::Grounds;
use crate::postings::Postings;
use crate::watch::Interval;
use crate::{Body, Command, Engine};
use breakwater_liquidation::{Exposures, Rejection};
use breakwater_money::{AccountId, Time};

/// Buffers that live as long as the engine, so that the hot path allocates nothing.
#[derive(Default)]
pub(crate) struct Scratch {
    pub exposures: Exposures,
    pub intervals: Vec<Interval>,
    /// Accounts liquidated by this command, and whether a deficit was booked for them.
    pub hits: Vec<(AccountId, bool)>,
    /// Time of this command.
    pub at: Time,
    /// Whether this command has begun to change what cannot be taken back.
    pub committed: bool,
    /// Times of auctions before this command.
    pub clocks: auction::clock::Clocks,
    /// What this command's own steps rested on.
    pub grounds: Grounds,
    /// What this command has posted.
    pub postings: Postings,
}

/// Runs the command's own step. What it returns names the cause of what follows from it.
pub(crate) fn run(
    engine: &mut Engine,
    command: &Command,
    outcome: &mut Outcome,
) -> Result<Cause, Fault> {
    engine.scratch.hits.clear();
    engine.scratch.grounds = Grounds::default();
    engine.scratch.at = command.at;
    if engine.halted && !cures(&command.body) {
        return Err(Rejection::Halted.because(command.body.kind()).into());
    }
    let at = command.at;
    match &command.body {
        Body::DefineAsset { symbol, decimals, kind } => {
            define::asset(engine, symbol, *decimals, *kind, outcome)?;
        }
        Body::DefineMarket { symbol, asset, guard, volatility_weight } => {
            define::market(engine, symbol, *asset, guard, *volatility_weight, outcome)?;
        }
        Body::OpenAccount { owner } => define::account(engine, owner, outcome)?,
        Body::FundInsurance { asset, amount } => {
            define::insurance(engine, *asset, *amount, outcome)?;
        }
        Body::InstallRulebook { rule, parameters, hash, policy } => {
            install::run(engine, at, rule, parameters, hash, policy, outcome)?;
        }
        Body::Call(call) => call::run(engine, at, call, outcome)?,
        Body::ReportFill { leg, quantity, proceeds, done } => {
            fill::run(engine, at, *leg, *quantity, *proceeds, *done, outcome)?;
        }
        Body::Bid { auction, bidder, bid } => {
            auction::bid(engine, at, (*auction, *bidder), bid, outcome)?;
        }
        Body::PlaceOrder { order } => order::place(engine, at, *order, outcome)?,
        Body::CancelOrder { order } => order::cancel(engine, *order, outcome)?,
        Body::FillOrder { order, quantity, price, against } => {
            order::fill(engine, at, (*order, *against), *quantity, *price, outcome)?;
        }
        Body::Entropy { bits } => engine.entropy = *bits,
        Body::Tick(tick) => {
            let cause = tick::run(engine, at, tick, outcome)?;
            engine.now = at;
            return Ok(cause);
        }
        Body::AdvanceTime => {
            call::accrue(engine, at, outcome)?;
            retry(engine);
            engine.now = at;
            return Ok(Cause::Time);
        }
        Body::Halt { on } => {
            engine.halted = *on;
            if !on {
                retry(engine);
            }
            Engine::tell(outcome, Cause::Command, What::Halted { on: *on });
        }
        Body::SetGate { asset, gate } => solvency::set_gate(engine, at, *asset, *gate, outcome)?,
        Body::CoverDeficit { asset, amount } => backstop::cover(engine, *asset, *amount, outcome)?,
        Body::ObserveMarket { market, conditions, correlations } => {
            observe::run(engine, at, *market, conditions, correlations, outcome)?;
        }
    }
    engine.now = at;
    Ok(Cause::Command)
}

/// Whoever is due for a sale that could not be ordered is looked at again.
fn retry(engine: &mut Engine) {
    for account in std::mem::take(&mut engine.retry) {
        engine.watch.mark_pending(account);
    }
}
