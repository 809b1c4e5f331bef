//! Dense numbers that stand for assets and accounts.

use serde::{Deserialize, Serialize};

/// An asset: a token, a currency or a contract. Dense from zero in the order of definition.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct AssetId(pub u16);

/// A margin account: the unit that is assessed and liquidated. Dense from zero.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct AccountId(pub u32);

impl AssetId {
    /// Position in columns that hold one entry an asset.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl AccountId {
    /// Position in columns that hold one entry an account.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl std::fmt::Display for AssetId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "asset {}", self.0)
    }
}

impl std::fmt::Display for AccountId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "account {}", self.0)
    }
}
