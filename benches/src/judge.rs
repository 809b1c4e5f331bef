//! The naive model as judge of exact assessments.

use crate::{Failure, Result};
use breakwater_engine::Engine;
use breakwater_liquidation::StateKey;
use breakwater_model::{Pool, Rule, number};
use breakwater_money::{AccountId, Holder};
use std::rc::Rc;

/// What the engine holds, as the model wants it, with the balances of `sample` alone: the model
/// keeps all balances in one map, which a whole book would fill with millions.
fn pool_of(engine: &Engine, sample: &[AccountId]) -> Pool {
    let ledger = engine.ledger();
    let own = sample.iter().flat_map(|account| {
        ledger.holdings(*account).iter().map(|holding| {
            let holder = match holding.contract {
                None => Holder::Account(*account),
                Some(contract) => Holder::Position(*account, contract),
            };
            ((holder, holding.unit), holding.balance)
        })
    });
    let shared = ledger.pool_balances().map(|(holder, unit, balance)| ((holder, unit), balance));
    let seen = |key: &StateKey| match key {
        StateKey::Account(account, _) => sample.binary_search(account).is_ok(),
        _ => true,
    };
    Pool {
        now: engine.now(),
        assets: Rc::new(engine.assets().to_vec()),
        markets: Rc::new(engine.markets().to_vec()),
        seen: engine.marks().to_vec(),
        accounts: u32::try_from(engine.accounts()).unwrap_or(u32::MAX),
        book: own.chain(shared).collect(),
        memory: engine
            .state()
            .entries()
            .filter(|(key, _)| seen(key))
            .map(|(key, value)| (key, number::of_word(value)))
            .collect(),
        ..Pool::default()
    }
}

/// Proves the engine's health of about `count` accounts, evenly spread, equal to the model's in
/// every field. Returns how many were compared.
///
/// # Errors
/// [`Failure::Differs`] naming the first account and both answers.
pub fn judge(rule: &Rule, engine: &Engine, count: usize) -> Result<usize> {
    let step = (engine.accounts() / count.max(1)).max(1);
    let last = u32::try_from(engine.accounts()).unwrap_or(u32::MAX);
    let sample: Vec<AccountId> = (0..last).step_by(step).map(AccountId).collect();
    let pool = pool_of(engine, &sample);
    for account in &sample {
        let (fast, slow) = (engine.health(*account), rule.health(&pool, *account));
        if fast.as_ref().ok() != slow.as_ref().ok() || fast.is_err() {
            let told = format!("{account}: the engine finds {fast:?}, the model {slow:?}");
            return Err(Failure::Differs(told));
        }
    }
    Ok(sample.len())
}
