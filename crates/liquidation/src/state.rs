//! What a rulebook remembers: integers in named columns.
//!
//! Every rulebook keeps its state in one shape, so that the engine can hash it, journal it, put it
//! back and show it without knowing what it means. Columns are for what every asset or account
//! has (an index, a flag); cells for what is sparse (bands, epochs).

use breakwater_money::{AccountId, AssetId, U256};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Names of the columns, with their units. A column's place in the list is its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Once a pool.
    pub pool: &'static [&'static str],
    /// Once an asset.
    pub asset: &'static [&'static str],
    /// Once an account.
    pub account: &'static [&'static str],
    /// Sparse tables.
    pub cells: &'static [&'static str],
}

/// One integer of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum StateKey {
    /// A pool column.
    Pool(u16),
    /// An asset's column.
    Asset(AssetId, u16),
    /// An account's column.
    Account(AccountId, u16),
    /// A sparse table's cell.
    Cell(u16, u64, u64),
}

/// The integers. What was never set is zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PoolState {
    widths: [usize; 4],
    pool: Vec<U256>,
    assets: Vec<U256>,
    accounts: Vec<U256>,
    cells: BTreeMap<(u16, u64, u64), U256>,
}

impl PoolState {
    /// Empty state for a layout.
    #[must_use]
    pub fn new(layout: &Layout) -> Self {
        PoolState {
            widths: [
                layout.pool.len(),
                layout.asset.len(),
                layout.account.len(),
                layout.cells.len(),
            ],
            pool: vec![U256::ZERO; layout.pool.len()],
            ..PoolState::default()
        }
    }

    /// The integer at `key`.
    #[must_use]
    pub fn get(&self, key: StateKey) -> U256 {
        let found = match key {
            StateKey::Pool(column) => self.pool.get(usize::from(column)),
            StateKey::Asset(asset, column) => {
                self.assets.get(asset.index() * self.widths[1] + usize::from(column))
            }
            StateKey::Account(account, column) => {
                self.accounts.get(account.index() * self.widths[2] + usize::from(column))
            }
            StateKey::Cell(table, a, b) => self.cells.get(&(table, a, b)),
        };
        found.copied().unwrap_or(U256::ZERO)
    }

    /// True if the layout has a place for `key`.
    #[must_use]
    pub fn has(&self, key: StateKey) -> bool {
        match key {
            StateKey::Pool(column) => usize::from(column) < self.widths[0],
            StateKey::Asset(_, column) => usize::from(column) < self.widths[1],
            StateKey::Account(_, column) => usize::from(column) < self.widths[2],
            StateKey::Cell(table, ..) => usize::from(table) < self.widths[3],
        }
    }

    /// Sets the integer at `key`; a key outside the layout is ignored and told by `false`.
    pub fn set(&mut self, key: StateKey, value: U256) -> bool {
        if !self.has(key) {
            return false;
        }
        match key {
            StateKey::Pool(column) => self.pool[usize::from(column)] = value,
            StateKey::Asset(asset, column) => {
                let at = asset.index() * self.widths[1] + usize::from(column);
                put(&mut self.assets, (asset.index() + 1) * self.widths[1], at, value);
            }
            StateKey::Account(account, column) => {
                let at = account.index() * self.widths[2] + usize::from(column);
                put(&mut self.accounts, (account.index() + 1) * self.widths[2], at, value);
            }
            StateKey::Cell(table, a, b) => {
                if value.is_zero() {
                    self.cells.remove(&(table, a, b));
                } else {
                    self.cells.insert((table, a, b), value);
                }
            }
        }
        true
    }

    /// Every integer that is not zero, in order of key.
    pub fn entries(&self) -> impl Iterator<Item = (StateKey, U256)> + '_ {
        let pool = self.pool.iter().enumerate().map(|(i, v)| (StateKey::Pool(narrow(i)), *v));
        let asset_width = self.widths[1].max(1);
        let assets = self.assets.chunks(asset_width).enumerate().flat_map(|(asset, row)| {
            row.iter()
                .enumerate()
                .map(move |(i, v)| (StateKey::Asset(AssetId(narrow(asset)), narrow(i)), *v))
        });
        let account_width = self.widths[2].max(1);
        let accounts =
            self.accounts.chunks(account_width).zip(0u32..).flat_map(|(row, account)| {
                row.iter()
                    .enumerate()
                    .map(move |(i, v)| (StateKey::Account(AccountId(account), narrow(i)), *v))
            });
        let cells = self.cells.iter().map(|((t, a, b), v)| (StateKey::Cell(*t, *a, *b), *v));
        pool.chain(assets).chain(accounts).chain(cells).filter(|(_, value)| !value.is_zero())
    }
}

fn put(column: &mut Vec<U256>, length: usize, at: usize, value: U256) {
    if column.len() < length {
        column.resize(length, U256::ZERO);
    }
    column[at] = value;
}

fn narrow(i: usize) -> u16 {
    u16::try_from(i).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: Layout = Layout {
        pool: &["total"],
        asset: &["index (ray)", "rate (ray per year)"],
        account: &["flags"],
        cells: &["band"],
    };

    #[test]
    fn what_is_set_is_read_back_and_listed_in_order() {
        let mut state = PoolState::new(&LAYOUT);
        let keys = [
            StateKey::Pool(0),
            StateKey::Asset(AssetId(3), 1),
            StateKey::Account(AccountId(2), 0),
            StateKey::Cell(0, 7, 9),
        ];
        for (i, key) in keys.into_iter().enumerate() {
            assert_eq!(state.get(key), U256::ZERO);
            assert!(state.set(key, U256::from(i + 1)));
        }
        let entries: Vec<_> = state.entries().collect();
        assert_eq!(entries, keys.into_iter().zip((1..).map(U256::from)).collect::<Vec<_>>());
        assert!(!state.set(StateKey::Asset(AssetId(0), 2), U256::ONE));
        assert!(!state.set(StateKey::Pool(1), U256::ONE));
        state.set(StateKey::Cell(0, 7, 9), U256::ZERO);
        assert_eq!(state.entries().count(), 3);
    }
}
