//! The whole state as bytes, and back.

use crate::defended::Defended;
use crate::engine::{Guarded, Installed, Losses, Standing};
use crate::invariant::Stop;
use crate::legs::OpenLegs;
use crate::{Engine, OpenLeg, Registry, Watch, steps};
use breakwater_ledger::Ledger;
use breakwater_liquidation::{
    AssetInfo, MarketInfo, Observed, Orders, Policy, PoolState, Running, StateKey,
};
use breakwater_market::GuardState;
use breakwater_money::{AccountId, AssetId, Holder, Holding, Time, U256, Unit};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Bytes of the checksum that ends a snapshot.
const CHECKSUM: usize = 32;

/// Version of the encoding.
pub const SNAPSHOT_VERSION: u8 = 6;

/// Why bytes are not a snapshot this engine can take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Not a snapshot, or of another version. The operator replays the journal from its start.
    #[error("not a snapshot of version {SNAPSHOT_VERSION}: {0}")]
    Unreadable(String),
    /// The rulebook it names is not plugged in. The operator runs a build that has it.
    #[error("snapshot needs rulebook '{rule}': {reason}")]
    Rulebook {
        /// Its name.
        rule: String,
        /// Why it could not be built.
        reason: String,
    },
    /// The balances do not sum to zero. The operator replays the journal from its start.
    #[error("snapshot is inconsistent: {0}")]
    Inconsistent(String),
}

#[derive(Serialize, Deserialize)]
struct Image {
    version: u8,
    now: Time,
    sequence: u64,
    epoch: u64,
    halted: bool,
    prices: u64,
    assets: Vec<AssetInfo>,
    markets: Vec<MarketInfo>,
    marks: Vec<GuardState>,
    rule: Option<(String, String, [u8; 32], Policy)>,
    rows: Vec<Vec<Holding>>,
    pool: Vec<(Holder, Unit, i128)>,
    posted: u64,
    state: Vec<(StateKey, U256)>,
    standings: Vec<Standing>,
    legs: BTreeMap<u64, OpenLeg>,
    auctions: BTreeMap<u64, Running>,
    next_leg: u64,
    orders: Orders,
    next_order: u64,
    entropy: u64,
    observed: Observed,
    losses: BTreeMap<AssetId, Losses>,
    guarded: Guarded,
    defended: Defended,
    retry: BTreeSet<AccountId>,
    watch: Watch,
    stop: Option<Stop>,
}

impl Engine {
    /// The whole state as bytes, the blake3 hash of all before it at their end. Armed triggers are included, so that a restored engine assesses
    /// the same accounts at the same commands as one that never stopped.
    ///
    /// # Errors
    /// A state that cannot be encoded; none is known.
    pub fn encode(&self) -> Result<Vec<u8>, SnapshotError> {
        let accounts = u32::try_from(self.ledger.accounts()).unwrap_or(u32::MAX);
        let image = Image {
            version: SNAPSHOT_VERSION,
            now: self.now,
            sequence: self.sequence,
            epoch: self.epoch,
            halted: self.halted,
            prices: self.prices,
            assets: self.assets.clone(),
            markets: self.markets.clone(),
            marks: self.marks.clone(),
            rule: self
                .installed
                .as_ref()
                .map(|i| (i.rule.clone(), i.parameters.clone(), i.hash, i.policy.clone())),
            rows: (0..accounts).map(|a| self.ledger.holdings(AccountId(a)).to_vec()).collect(),
            pool: self.ledger.pool_balances().collect(),
            posted: self.ledger.posted(),
            state: self.state.entries().collect(),
            standings: self.standings.clone(),
            legs: self.legs.all().clone(),
            auctions: self.auctions.clone(),
            next_leg: self.next_leg,
            orders: self.orders.clone(),
            next_order: self.next_order,
            entropy: self.entropy,
            observed: self.observed.clone(),
            losses: self.losses.clone(),
            guarded: self.guarded.clone(),
            defended: self.defended.clone(),
            retry: self.retry.clone(),
            watch: self.watch.clone(),
            stop: self.stop.clone(),
        };
        let encoded = postcard::to_stdvec(&image);
        let mut bytes = encoded.map_err(|e| SnapshotError::Unreadable(e.to_string()))?;
        bytes.extend_from_slice(blake3::hash(&bytes).as_bytes());
        Ok(bytes)
    }

    /// An engine in the encoded state.
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub fn restore(bytes: &[u8], registry: Arc<dyn Registry>) -> Result<Engine, SnapshotError> {
        // A flipped bit may still decode, into a state that never was.
        let split = bytes.len().checked_sub(CHECKSUM).map(|at| bytes.split_at(at));
        let (content, _) = split
            .filter(|(content, sum)| blake3::hash(content).as_bytes() == *sum)
            .ok_or_else(|| SnapshotError::Unreadable("its checksum does not match".to_owned()))?;
        let image: Image =
            postcard::from_bytes(content).map_err(|e| SnapshotError::Unreadable(e.to_string()))?;
        if image.version != SNAPSHOT_VERSION {
            let found = format!("version {}", image.version);
            return Err(SnapshotError::Unreadable(found));
        }
        let installed = match image.rule {
            None => None,
            Some((rule, parameters, hash, policy)) => {
                let built = registry.build(&rule, &parameters, &image.assets);
                let missing =
                    |reason: String| SnapshotError::Rulebook { rule: rule.clone(), reason };
                let rulebook = built
                    .map_err(missing)?
                    .ok_or_else(|| missing("it is not plugged in".to_owned()))?;
                let rates = steps::solvency::rates(&image.assets, &policy);
                Some(Installed { rulebook, rule, parameters, hash, policy, rates })
            }
        };
        let mut state = installed
            .as_ref()
            .map_or_else(PoolState::default, |i| PoolState::new(i.rulebook.layout()));
        for (key, value) in image.state {
            if !state.set(key, value) {
                return Err(SnapshotError::Inconsistent(format!("no place for {key:?}")));
            }
        }
        let ledger = Ledger::restore(image.rows, image.pool, image.posted).map_err(|unit| {
            SnapshotError::Inconsistent(format!("{unit:?} does not sum to zero"))
        })?;
        Ok(Engine {
            now: image.now,
            sequence: image.sequence,
            epoch: image.epoch,
            halted: image.halted,
            prices: image.prices,
            assets: image.assets,
            markets: image.markets,
            marks: image.marks,
            installed,
            ledger,
            state,
            standings: image.standings,
            legs: OpenLegs::new(image.legs, |number| image.auctions.contains_key(&number)),
            auctions: image.auctions,
            next_leg: image.next_leg,
            orders: image.orders,
            next_order: image.next_order,
            entropy: image.entropy,
            observed: image.observed,
            losses: image.losses,
            guarded: image.guarded,
            defended: image.defended,
            retry: image.retry,
            watch: image.watch,
            stop: image.stop,
            ..Engine::new(registry)
        })
    }
}
