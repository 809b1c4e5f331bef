//! A rulebook comes into force, with a policy around it.

use super::{defences, settle, solvency};
use crate::Engine;
use crate::engine::{Fault, Installed, LedgerBalances};
use crate::event::{Cause, Outcome, What};
use crate::limits::PARAMETERS_MAX;
use breakwater_liquidation::{Policy, PoolState, Rejection, View};
use breakwater_money::Time;

pub(super) fn run(
    engine: &mut Engine,
    at: Time,
    rule: &str,
    parameters: &str,
    hash: &[u8; 32],
    policy: &Policy,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    if parameters.len() > PARAMETERS_MAX {
        let detail = format!("parameters of {} bytes: at most {PARAMETERS_MAX}", parameters.len());
        return Err(Rejection::LimitReached.because(detail).into());
    }
    // I-44: what was reviewed is what is installed.
    let found = blake3::hash(parameters.as_bytes());
    if found.as_bytes() != hash {
        let detail = format!("parameters hash to {}", found.to_hex());
        return Err(Rejection::RulebookHashDiffers.because(detail).into());
    }
    policy.validate().map_err(|reason| Rejection::BadParameter.because(reason))?;
    solvency::known(&engine.assets, policy)?;
    defences::known(&engine.assets, policy)?;
    let rulebook = match engine.registry.build(rule, parameters, &engine.assets) {
        Ok(Some(rulebook)) => rulebook,
        Ok(None) => return Err(Rejection::UnknownRulebook.because(format!("'{rule}'")).into()),
        Err(reason) => return Err(Rejection::BadParameter.because(reason).into()),
    };
    // Parameters of the same rule keep its state; another rule's state means nothing to it.
    let replaces = engine.installed.as_ref().is_some_and(|installed| installed.rule == rule);
    if !replaces && engine.ledger.posted() > 0 && engine.installed.is_some() {
        let detail = format!("the book was built under another rule than '{rule}'");
        return Err(Rejection::RulebookCannotTake.because(detail).into());
    }
    let fresh = PoolState::new(rulebook.layout());
    let state = if replaces { &engine.state } else { &fresh };
    let effects = {
        let balances = LedgerBalances(&engine.ledger);
        let view = View::new(at, &engine.assets, &engine.markets, &engine.marks, &balances, state);
        rulebook
            .admits(&view)
            .map_err(|missing| Rejection::RulebookCannotTake.because(missing.to_string()))?;
        rulebook.found(&view)?
    };
    // From here on the command has happened.
    engine.scratch.committed = true;
    if !replaces {
        engine.state = fresh;
        engine.guarded.surcharges.clear();
    }
    let name = rulebook.name().to_owned();
    engine.installed = Some(Installed {
        rulebook,
        rule: rule.to_owned(),
        parameters: parameters.to_owned(),
        hash: *hash,
        policy: policy.clone(),
        rates: solvency::rates(&engine.assets, policy),
    });
    engine.guarded.funds.clear();
    settle::record_funds(engine);
    engine.epoch += 1;
    settle::commit(engine, effects, Cause::Command, outcome)?;
    engine.watch.mark_everyone();
    let told = What::RulebookInstalled { name, hash: *hash, epoch: engine.epoch };
    Engine::tell(outcome, Cause::Command, told);
    defences::installed(engine)?;
    solvency::installed(engine, outcome)
}
