//! Who holds what, and how it moves: the nouns of double entry.

use crate::{AccountId, AssetId};
use serde::{Deserialize, Serialize};

/// Owner of a balance in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Holder {
    /// The world outside the pool. Its balance is minus what the pool holds.
    External,
    /// Cash of a lending pool that nobody has borrowed.
    Reserve,
    /// Counter-side of shares: minus all shares in issue.
    Issuer,
    /// Fees the venue keeps.
    Treasury,
    /// The insurance fund.
    Insurance,
    /// Owner of losses that nobody has borne yet.
    Outstanding,
    /// A margin account's own balances.
    Account(AccountId),
    /// Quote side of an open position: minus the entry value of a long, plus that of a short.
    Position(AccountId, AssetId),
    /// What outsiders have put at the pool's disposal to bear liquidations.
    Vault,
    /// What bidders have put down in auctions, until it is refunded or paid on.
    Escrow,
}

/// What kind of claim on an asset a balance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Class {
    /// The asset itself; for a contract, the signed quantity held.
    Token,
    /// Raw shares of deposits.
    Supply,
    /// Raw shares of debt.
    Debt,
    /// Loss that a lending pool has recognised and nobody has covered.
    Deficit,
}

/// What is counted: an asset and the kind of claim on it. Each unit sums to zero over holders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Unit {
    /// The asset.
    pub asset: AssetId,
    /// The kind of claim.
    pub class: Class,
}

impl Unit {
    /// The asset itself.
    #[must_use]
    pub const fn token(asset: AssetId) -> Self {
        Unit { asset, class: Class::Token }
    }
    /// Deposit shares of the asset.
    #[must_use]
    pub const fn supply(asset: AssetId) -> Self {
        Unit { asset, class: Class::Supply }
    }
    /// Debt shares of the asset.
    #[must_use]
    pub const fn debt(asset: AssetId) -> Self {
        Unit { asset, class: Class::Debt }
    }
    /// Recognised and uncovered loss in the asset.
    #[must_use]
    pub const fn deficit(asset: AssetId) -> Self {
        Unit { asset, class: Class::Deficit }
    }
}

/// One balance of an account: its own (`contract` none) or the quote side of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// The position this is the quote side of, if any.
    pub contract: Option<AssetId>,
    /// What is held.
    pub unit: Unit,
    /// How much, negative where the holder owes it.
    pub balance: i128,
}

/// Why a transfer was made. Numbers are stable and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TransferCode {
    /// Assets come into the pool.
    Deposit = 1,
    /// Assets leave the pool.
    Withdraw = 2,
    /// Borrowed assets leave the pool.
    Borrow = 3,
    /// Debt is paid back.
    Repay = 4,
    /// Shares are issued against assets.
    Mint = 5,
    /// Shares are cancelled.
    Burn = 6,
    /// A position that existed elsewhere is carried over.
    Import = 7,
    /// A contract changes hands.
    Trade = 8,
    /// Profit or loss of a closed quantity moves to the account.
    Realise = 9,
    /// Collateral goes to whoever repaid the debt.
    Seize = 10,
    /// The venue's cut of an incentive, or a liquidation fee.
    Fee = 11,
    /// Collateral or a position is sold to the market.
    Sale = 12,
    /// A loss is recognised.
    Deficit = 13,
    /// The insurance fund pays.
    Insurance = 14,
    /// A winner's position is closed to bear a loss.
    Deleverage = 15,
    /// A loss is spread over accounts.
    Socialise = 16,
    /// A loss is left with nobody yet.
    Outstanding = 17,
    /// Interest is paid or received.
    Interest = 18,
    /// A position and its margin are taken over.
    Takeover = 19,
    /// Money is put at the pool's disposal to bear liquidations, or taken back.
    Provide = 20,
    /// Somebody trades with the pool itself.
    Exchange = 21,
    /// A caller is paid for its call.
    Reward = 22,
    /// One side of a contract pays the other.
    Funding = 23,
    /// A contract ends at its delivery price.
    Deliver = 24,
    /// A bidder puts money down.
    Bid = 25,
    /// A bidder gets back what was put down.
    Refund = 26,
    /// A bidder loses a deposit.
    Forfeit = 27,
}

/// `amount` of `unit` leaves `debit` and arrives at `credit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Whose balance falls.
    pub debit: Holder,
    /// Whose balance rises.
    pub credit: Holder,
    /// What moves.
    pub unit: Unit,
    /// How much; never zero.
    pub amount: u128,
    /// Why.
    pub code: TransferCode,
}
