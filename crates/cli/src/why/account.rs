//! An account as the journal leaves it.

use super::marks;
use super::record::{Picture, Quoted};
use super::watched::picture;
use breakwater_engine::Engine;
use breakwater_liquidation::{AssetKind, MarginCall};
use breakwater_money::{AccountId, Amount, AssetId, Class, Time, Unit};

/// An account at the end of a journal, and what rules it.
pub struct Ending {
    /// Which.
    pub account: AccountId,
    /// Whose.
    pub owner: String,
    /// When the journal ends.
    pub at: Time,
    /// Commands in it.
    pub sequence: u64,
    /// The rulebook in force; empty if none ever was.
    pub rulebook: String,
    /// Hash of its parameters.
    pub parameters_hash: Option<[u8; 32]>,
    /// The policy around it.
    pub policy: String,
    /// Where the margin call stands.
    pub call: MarginCall,
    /// The account.
    pub picture: Picture,
    /// What it owes, by name; what it lacks in cash, with the amount.
    pub owes: Vec<(AssetId, Option<Amount>)>,
    /// The account's line in each market that it depends on, with the mark there.
    pub lines: Vec<Quoted>,
    /// The broken promise that stopped the engine, if one did.
    pub stopped: Option<String>,
}

impl Ending {
    /// The account as it stands.
    pub fn of(engine: &Engine, account: AccountId) -> Self {
        let rulebook = engine.rulebook().map_or_else(String::new, |r| r.name().to_owned());
        let policy = engine.policy().map_or_else(String::new, |policy| policy.name.clone());
        Ending {
            account,
            owner: engine.owner(account).unwrap_or_default().to_owned(),
            at: engine.now(),
            sequence: engine.sequence(),
            rulebook,
            parameters_hash: engine.rulebook_hash(),
            policy,
            call: engine.margin_call(account).unwrap_or_default(),
            picture: picture(engine, account),
            owes: owes(engine, account),
            lines: marks::lines(engine, account),
            stopped: engine.stop().map(ToString::to_string),
        }
    }
}

/// Debts by asset (their shares say nothing of the amount), and cash below zero with its amount.
fn owes(engine: &Engine, account: AccountId) -> Vec<(AssetId, Option<Amount>)> {
    let holdings = engine.ledger().holdings(account).iter();
    let owes = holdings.filter(|held| held.contract.is_none()).filter_map(|held| {
        let Unit { asset, class } = held.unit;
        let info = engine.assets().get(asset.index());
        let contract = info.is_some_and(|info| info.kind != AssetKind::Token);
        match class {
            Class::Debt if held.balance > 0 => Some((asset, None)),
            Class::Token if held.balance < 0 && !contract => {
                Some((asset, Some(Amount::new(asset, held.balance.unsigned_abs()))))
            }
            _ => None,
        }
    });
    owes.collect()
}
