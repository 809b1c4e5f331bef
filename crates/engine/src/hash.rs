//! One number that says two engines are in the same state, and where they differ if not.
//!
//! Version 5: blake3 over a canonical encoding of each part (postcard of integers and strings in
//! a stated order), then blake3 over the parts' names and hashes. What came later is left out where it is
//! not used: a policy's defences and what they remember, so that pools without any keep their hash.

use crate::Engine;
use crate::defended::Defended;
use crate::engine::Installed;
use serde::Serialize;

/// Version of the encoding; changes whenever a byte of it would.
pub const STATE_HASH_VERSION: u8 = 5;

/// Hash of one part of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartHash {
    /// The part.
    pub part: &'static str,
    /// Its hash.
    pub hash: [u8; 32],
}

/// Hash of the whole state and of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateHash {
    /// All parts together.
    pub combined: [u8; 32],
    /// Each part, in order.
    pub parts: Vec<PartHash>,
}

impl StateHash {
    /// The combined hash in hexadecimal.
    #[must_use]
    pub fn hex(&self) -> String {
        blake3::Hash::from_bytes(self.combined).to_hex().to_string()
    }
}

struct Hashing(blake3::Hasher);

impl postcard::ser_flavors::Flavor for Hashing {
    type Output = [u8; 32];
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.update(&[byte]);
        Ok(())
    }
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.update(bytes);
        Ok(())
    }
    fn finalize(self) -> postcard::Result<[u8; 32]> {
        Ok(*self.0.finalize().as_bytes())
    }
}

fn part(name: &'static str, value: &impl Serialize) -> PartHash {
    let hashed = postcard::serialize_with_flavor(value, Hashing(blake3::Hasher::new()));
    // Hashing writes to no buffer that could be full and every part has a known length.
    PartHash { part: name, hash: hashed.unwrap_or([0; 32]) }
}

/// The hash of the rulebook in force. A policy without defences ends with the byte that says so, which
/// is not hashed.
fn rulebook_part(installed: Option<&Installed>) -> PartHash {
    let Some(i) = installed else { return part("rulebook", &None::<()>) };
    let rule = Some((&i.rule, i.hash, &i.policy));
    if i.policy.defences.is_some() {
        return part("rulebook", &rule);
    }
    let mut bytes = postcard::to_stdvec(&rule).unwrap_or_default();
    bytes.pop();
    PartHash { part: "rulebook", hash: *blake3::hash(&bytes).as_bytes() }
}

impl Engine {
    /// Hash of the state: equal for equal journals, on every machine.
    #[must_use]
    pub fn state_hash(&self) -> StateHash {
        let rows: Vec<_> = (0..self.ledger.accounts())
            .map(|a| u32::try_from(a).unwrap_or(u32::MAX))
            .map(|a| self.ledger.holdings(breakwater_money::AccountId(a)))
            .collect();
        let pool: Vec<_> = self.ledger.pool_balances().collect();
        let state: Vec<_> = self.state.entries().collect();
        // Rejected commands leave no trace in the state, so the count of commands is not in it.
        let clock = (self.now, self.epoch, self.halted, self.prices);
        let stop = &self.stop;
        let mut parts = vec![
            part("clock", &clock),
            part("assets", &self.assets),
            part("markets", &(&self.markets, &self.marks)),
            rulebook_part(self.installed.as_ref()),
            part("ledger", &(rows, pool, self.ledger.posted())),
            part("state", &state),
            part("margin calls", &self.standings),
            part("sales", &(self.legs.all(), self.next_leg, &self.retry)),
            part("auctions", &self.auctions),
            part("orders", &(&self.orders, self.next_order, self.entropy)),
            part("conditions", &self.observed),
            part("losses", &self.losses),
            part("guards", &self.guarded),
            part("pending", &self.watch.waiting()),
            part("stop", stop),
        ];
        if self.defended != Defended::default() {
            parts.push(part("defences", &self.defended));
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[STATE_HASH_VERSION]);
        for part in &parts {
            hasher.update(part.part.as_bytes());
            hasher.update(&part.hash);
        }
        StateHash { combined: *hasher.finalize().as_bytes(), parts }
    }
}
