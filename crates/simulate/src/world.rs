//! A book becomes a pool: the commands that set an engine up.

use crate::ScenarioError;
use crate::book::{Book, PRICE_DECIMALS};
use crate::market::{ONE, overflow};
use crate::options::Thresholds;
use crate::watcher::Watcher;
use breakwater_engine::{Body, Command, Engine, Outcome};
use breakwater_liquidation::{AssetKind, Call, Policy, Rejection};
use breakwater_market::{Guard, MarketId, Quote, Tick};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, AssetId, Time, U256};
use breakwater_rulebooks::desk::OWN_THRESHOLD;
use std::collections::BTreeMap;

/// How a book is put into a pool.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Name under which the rulebook's rule is plugged in.
    pub rule: &'a str,
    /// The rulebook's parameters.
    pub parameters: &'a str,
    /// Our guards around it.
    pub policy: &'a Policy,
    /// The guard of every market.
    pub guard: &'a Guard,
    /// Whether accounts keep the thresholds that the book records.
    pub thresholds: Thresholds,
    /// Money put at the pool's disposal to bear liquidations, as a share of what is owed at 1e18;
    /// for venues that take such money.
    pub vault_share: u128,
}

/// An engine with everything that leaves or enters it being told to somebody.
pub struct Host<'a> {
    /// The engine.
    pub engine: Engine,
    /// Who follows.
    pub watcher: &'a mut dyn Watcher,
    sequences: Vec<u64>,
    /// Commands applied.
    pub commands: u64,
    /// Ticks that the guard refused.
    pub refused: u64,
}

impl<'a> Host<'a> {
    /// A host around an empty pool.
    pub fn new(engine: Engine, watcher: &'a mut dyn Watcher) -> Self {
        Host { engine, watcher, sequences: Vec::new(), commands: 0, refused: 0 }
    }

    /// Applies a command and tells of it, whatever became of it.
    ///
    /// # Errors
    /// It could not be recorded, or an invariant broke.
    pub fn apply(&mut self, at: Time, body: Body) -> Result<Outcome, ScenarioError> {
        let command = Command { at, body };
        let outcome = self.engine.apply(&command);
        self.commands += 1;
        self.watcher.command(&command).map_err(ScenarioError::Record)?;
        self.watcher.outcome(&command, &outcome);
        match &outcome.stop {
            Some(stop) => Err(ScenarioError::Stopped(stop.to_string())),
            None => Ok(outcome),
        }
    }

    /// Applies a command that the run cannot do without.
    ///
    /// # Errors
    /// As [`Host::apply`], and if it is refused.
    pub fn must(&mut self, at: Time, body: Body) -> Result<Outcome, ScenarioError> {
        let what = body.kind().to_owned();
        let outcome = self.apply(at, body)?;
        match &outcome.rejected {
            Some(why) => Err(ScenarioError::Refused { what, why: why.to_string() }),
            None => Ok(outcome),
        }
    }

    /// Sends a price; a refusal by the guard is counted, not an error.
    ///
    /// # Errors
    /// As [`Host::apply`].
    pub fn tick(
        &mut self,
        at: Time,
        market: MarketId,
        price: u128,
    ) -> Result<Outcome, ScenarioError> {
        if self.sequences.len() <= market.index() {
            self.sequences.resize(market.index() + 1, 0);
        }
        self.sequences[market.index()] += 1;
        let tick = Tick {
            market,
            quote: Quote::Single(price),
            decimals: PRICE_DECIMALS,
            sequence: self.sequences[market.index()],
            observed_at: at,
        };
        let outcome = self.apply(at, Body::Tick(tick))?;
        self.refused += u64::from(!outcome.accepted());
        Ok(outcome)
    }
}

/// The pool's number of a book's asset; both are in the order of the price table.
#[must_use]
pub fn asset_id(index: usize) -> AssetId {
    AssetId(u16::try_from(index).unwrap_or(u16::MAX))
}

/// Market of a book's asset: every asset has one, in the same order.
#[must_use]
pub fn market_id(index: usize) -> MarketId {
    MarketId(u16::try_from(index).unwrap_or(u16::MAX))
}

/// Sets the pool up as the book has it: assets, markets, the rulebook with its policy, first
/// prices, and every account with its positions as they are.
///
/// # Errors
/// The first command that the engine refuses.
pub fn found(
    host: &mut Host<'_>,
    book: &Book,
    at: Time,
    setting: &Setting<'_>,
) -> Result<(), ScenarioError> {
    for asset in &book.assets {
        host.must(
            at,
            Body::DefineAsset {
                symbol: asset.symbol.clone(),
                decimals: asset.decimals,
                kind: AssetKind::Token,
            },
        )?;
    }
    for (i, asset) in book.assets.iter().enumerate() {
        host.must(
            at,
            Body::DefineMarket {
                symbol: format!("{}/USD", asset.symbol),
                asset: asset_id(i),
                guard: *setting.guard,
                volatility_weight: if asset.moves_with_driver { 8 } else { 1 },
            },
        )?;
    }
    host.must(
        at,
        Body::InstallRulebook {
            rule: setting.rule.to_owned(),
            parameters: setting.parameters.to_owned(),
            hash: *blake3::hash(setting.parameters.as_bytes()).as_bytes(),
            policy: setting.policy.clone(),
        },
    )?;
    for (i, asset) in book.assets.iter().enumerate() {
        host.tick(at, market_id(i), asset.price)?;
    }
    let own_threshold = match setting.thresholds {
        Thresholds::AsDeployed => None,
        Thresholds::SameRisk => host
            .engine
            .rulebook()
            .and_then(|r| r.layout().account.iter().position(|c| *c == OWN_THRESHOLD)),
    };
    for (number, account) in (0u32..).zip(&book.accounts) {
        let id = AccountId(number);
        host.must(at, Body::OpenAccount { owner: account.label.clone() })?;
        if let Some(column) = own_threshold.and_then(|c| u16::try_from(c).ok()) {
            let value = U256::from(account.threshold_bps);
            let call = Call::Configure { account: id, column, value };
            host.must(at, Body::Call(call))?;
        }
        let sides = account
            .collateral
            .iter()
            .map(|(asset, amount)| (*asset, *amount, 0))
            .chain(account.debt.iter().map(|(asset, amount)| (*asset, 0, *amount)));
        for (asset, collateral, debt) in sides {
            let call = Call::Import { account: id, asset: asset_id(asset), collateral, debt };
            host.must(at, Body::Call(call))?;
        }
    }
    provide(host, book, at, setting.vault_share)
}

/// Fills the pool's vault, where the venue has one, for every asset that is owed.
fn provide(host: &mut Host<'_>, book: &Book, at: Time, share: u128) -> Result<(), ScenarioError> {
    let mut owed: BTreeMap<usize, u128> = BTreeMap::new();
    for (asset, amount) in book.accounts.iter().flat_map(|account| &account.debt) {
        let sum = owed.entry(*asset).or_default();
        *sum = sum.saturating_add(*amount);
    }
    let account = AccountId(u32::try_from(book.accounts.len()).unwrap_or(u32::MAX));
    let call = |asset, amount| Call::Provide { account, asset: asset_id(asset), amount };
    let takes = |host: &Host<'_>, asset| {
        let probe = call(asset, 1);
        host.engine.rulebook().is_some_and(|rulebook| {
            let answer = host.engine.look(|view| rulebook.execute(view, &probe));
            !matches!(answer, Err(why) if why.rejection == Rejection::Unsupported)
        })
    };
    let Some(asset) = owed.keys().copied().find(|asset| takes(host, *asset)) else { return Ok(()) };
    let amount = mul_div(owed[&asset], share, ONE, Rounding::Floor).map_err(overflow)?;
    if amount == 0 {
        return Ok(());
    }
    host.must(at, Body::OpenAccount { owner: "providers of the vault".to_owned() })?;
    host.must(at, Body::Call(call(asset, amount)))?;
    Ok(())
}
