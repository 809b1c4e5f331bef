//! A pool under measurement: an engine, its time, and what all benchmarks ask of it.

use crate::{Failure, Result};
use breakwater_engine::{Body, Command, Engine, Outcome};
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_money::{AccountId, Time};
use breakwater_simulate::registry;
use std::time::{Duration, Instant};

/// The instant at which every pool begins, Unix time.
pub const BEGINNING: Time = Time(1_760_000_000 * NANOS_PER_SECOND);

/// An engine with its time.
#[derive(Debug)]
pub struct Pool {
    /// The engine.
    pub engine: Engine,
    /// Time of the next command.
    pub now: Time,
}

impl Default for Pool {
    fn default() -> Self {
        Pool { engine: Engine::new(registry()), now: BEGINNING }
    }
}

impl Pool {
    /// Applies a command that the benchmark cannot do without, now.
    ///
    /// # Errors
    /// The engine refused or stopped.
    pub fn must(&mut self, body: Body) -> Result<Outcome> {
        self.timed(body).map(|(outcome, _)| outcome)
    }

    /// The same, with the time that the engine took.
    ///
    /// # Errors
    /// The engine refused or stopped.
    pub fn timed(&mut self, body: Body) -> Result<(Outcome, Duration)> {
        let command = Command { at: self.now, body };
        let begun = Instant::now();
        let outcome = self.engine.apply(&command);
        let took = begun.elapsed();
        let refused = outcome.rejected.as_ref().map(ToString::to_string);
        let stopped = outcome.stop.as_ref().map(ToString::to_string);
        match stopped.or(refused) {
            Some(why) => Err(Failure::Refused { what: command.body.kind(), why }),
            None => Ok((outcome, took)),
        }
    }

    /// Every account's number.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> + use<> {
        let count = u32::try_from(self.engine.accounts()).unwrap_or(u32::MAX);
        (0..count).map(AccountId)
    }

    /// Lets the engine assess whoever waits, at no later time. Returns the commands it took.
    ///
    /// # Errors
    /// The engine refused or stopped.
    pub fn settle(&mut self) -> Result<u64> {
        let mut commands = 0;
        while self.engine.pending() > 0 {
            self.must(Body::AdvanceTime)?;
            commands += 1;
        }
        Ok(commands)
    }

    /// Looks at every account: the sum of equities and the number in breach.
    ///
    /// # Errors
    /// An account that cannot be assessed.
    pub fn assess_all(&self) -> Result<(i128, u64)> {
        let Some(rulebook) = self.engine.rulebook() else {
            return Err(Failure::Refused { what: "assess", why: "no rulebook".to_owned() });
        };
        self.engine.look(|view| {
            let (mut equity, mut breaches) = (0i128, 0u64);
            for account in self.accounts() {
                let health = rulebook.assess(view, account).map_err(|why| Failure::Refused {
                    what: "assess",
                    why: format!("{account}: {why}"),
                })?;
                equity = equity.wrapping_add(health.equity);
                breaches += u64::from(health.breach);
            }
            Ok((equity, breaches))
        })
    }

    /// Proves what the engine knows equal to what looking at everybody finds: no account that does
    /// not wait is in another band than recorded, and those in breach are those under an open call.
    /// Returns how many are in breach, waiting accounts included.
    ///
    /// # Errors
    /// [`Failure::Differs`] naming the first account.
    pub fn prove(&self) -> Result<u64> {
        let late = self.engine.rescan();
        if let Some(first) = late.first() {
            let told =
                format!("{} accounts are in another band than told, first {first}", late.len());
            return Err(Failure::Differs(told));
        }
        let Some(rulebook) = self.engine.rulebook() else { return Ok(0) };
        self.engine.look(|view| {
            let mut breaches = 0;
            for account in self.accounts() {
                let breach = rulebook.assess(view, account).is_ok_and(|health| health.breach);
                breaches += u64::from(breach);
                let call = self.engine.margin_call(account).unwrap_or_default();
                if breach != call.state.is_open() && !self.engine.is_pending(account) {
                    let told = format!("{account}: breach {breach}, call {:?}", call.state);
                    return Err(Failure::Differs(told));
                }
            }
            Ok(breaches)
        })
    }
}
