//! A book becomes a pool: the commands that set an engine up.

use crate::ScenarioError;
use crate::book::{Book, PRICE_DECIMALS};
use crate::watcher::Watcher;
use breakwater_engine::{Body, Command, Engine, Outcome};
use breakwater_liquidation::{AssetKind, Call, Policy};
use breakwater_market::{Guard, MarketId, Quote, Tick};
use breakwater_money::{AccountId, AssetId, Time, U256};

/// Column of an account's own threshold in the lending rulebooks' layout.
const OWN_THRESHOLD: &str = "own threshold (bps, 0 for none)";

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
    guard: &Guard,
    (rule, parameters): (&str, &str),
    policy: &Policy,
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
                guard: *guard,
                volatility_weight: if asset.moves_with_driver { 8 } else { 1 },
            },
        )?;
    }
    host.must(
        at,
        Body::InstallRulebook {
            rule: rule.to_owned(),
            parameters: parameters.to_owned(),
            hash: *blake3::hash(parameters.as_bytes()).as_bytes(),
            policy: policy.clone(),
        },
    )?;
    for (i, asset) in book.assets.iter().enumerate() {
        host.tick(at, market_id(i), asset.price)?;
    }
    let own_threshold = host
        .engine
        .rulebook()
        .and_then(|r| r.layout().account.iter().position(|c| *c == OWN_THRESHOLD));
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
    Ok(())
}
