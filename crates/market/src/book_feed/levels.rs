//! What holds the levels of one side, best first.

use std::collections::BTreeMap;

/// A level of a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedLevel {
    /// Raw, at the feed's price decimals.
    pub price: u64,
    /// What is wanted or offered there, in the feed's quantity units; never zero.
    pub quantity: u64,
}

/// The levels of a side by key, where the greatest key is the best. A feed makes keys of prices so
/// that one order serves both sides.
pub trait Levels: Default + Clone {
    /// States what a key holds now; zero takes it away. Returns what it held before.
    fn set(&mut self, key: u64, quantity: u64) -> u64;
    /// What a key holds; zero if nothing.
    fn quantity(&self, key: u64) -> u64;
    /// The greatest key that holds something, and what.
    fn best(&self) -> Option<(u64, u64)>;
    /// The greatest key below `key` that holds something, and what.
    fn below(&self, key: u64) -> Option<(u64, u64)>;
    /// Number of keys that hold something.
    fn count(&self) -> usize;
    /// Takes all away.
    fn clear(&mut self);
}

/// The plain way: a balanced tree. The judge of [`super::DenseLevels`], and small.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreeLevels(BTreeMap<u64, u64>);

impl Levels for TreeLevels {
    fn set(&mut self, key: u64, quantity: u64) -> u64 {
        let before = match quantity {
            0 => self.0.remove(&key),
            _ => self.0.insert(key, quantity),
        };
        before.unwrap_or(0)
    }

    fn quantity(&self, key: u64) -> u64 {
        self.0.get(&key).copied().unwrap_or(0)
    }

    fn best(&self) -> Option<(u64, u64)> {
        self.0.last_key_value().map(|(key, quantity)| (*key, *quantity))
    }

    fn below(&self, key: u64) -> Option<(u64, u64)> {
        self.0.range(..key).next_back().map(|(key, quantity)| (*key, *quantity))
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}
