//! What entries do to holdings: units in, units out, units from wallet to wallet.
//!
//! Lots and pools both read movements, so that a rule about lots and a rule about pools see the
//! same facts: a network fee is a disposal of its own, a repayment in kind a disposal with two
//! values, a borrowed token an acquisition at what it was worth.

use crate::entry::{Acquired, Disposed};
use crate::names::{AssetId, SourceId, WalletId};
use crate::number::{Price, Quantity, Value};
use breakwater_money::Time;

/// One change of a holding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// When, in UTC.
    pub at: Time,
    /// The wallet; of a move, the one that sent.
    pub wallet: WalletId,
    /// The row or event that says so.
    pub source: SourceId,
    /// Which asset.
    pub asset: AssetId,
    /// In, out or moved.
    pub change: Change,
}

/// In, out or moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Units came in.
    In(Incoming),
    /// Units went out.
    Out(Outgoing),
    /// Units moved to another wallet of the holder.
    Move {
        /// Where to.
        to: WalletId,
        /// How many.
        quantity: Quantity,
        /// Price of one unit when it moved; zero where the source does not say.
        price: Price,
        /// Lots identified, by their sources.
        lots: Vec<SourceId>,
    },
}

/// Units that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incoming {
    /// How many.
    pub quantity: Quantity,
    /// Their cost without the fee.
    pub cost: Value,
    /// The fee, part of the basis.
    pub fee: Value,
    /// Why.
    pub how: Acquired,
    /// Date of acquisition, which an opening lot states.
    pub acquired: Time,
    /// Price of a unit that orders go by; none is the basis of a unit.
    pub price: Option<Price>,
}

/// Units that went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// How many, fee in kind included.
    pub quantity: Quantity,
    /// How many of them were a fee in kind.
    pub fee_in_kind: Quantity,
    /// What was received, or the debt discharged.
    pub proceeds: Value,
    /// Fee in money.
    pub fee: Value,
    /// Market value of the units, where it is known and may differ from the proceeds.
    pub market: Option<Value>,
    /// Why.
    pub how: OutReason,
    /// Lots identified, by their sources.
    pub lots: Vec<SourceId>,
}

/// Why units went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OutReason {
    /// An entry says so.
    Disposed(Disposed),
    /// The network's fee of a transfer.
    NetworkFee,
    /// Repayment of a loan in kind: proceeds are the debt at its value when borrowed, market value
    /// stands beside.
    Repaid,
    /// An expense paid in kind.
    Expense,
    /// Given as collateral where ownership passes with it.
    Posted,
}

impl OutReason {
    /// Whether the holder had no say in the moment.
    #[must_use]
    pub fn is_involuntary(self) -> bool {
        matches!(self, OutReason::Disposed(how) if how.is_involuntary())
    }

    /// The reason in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            OutReason::Disposed(Disposed::Sold) => "sell",
            OutReason::Disposed(Disposed::ForcedSale(_)) => "forced-sale",
            OutReason::Disposed(Disposed::Seizure) => "seizure",
            OutReason::Disposed(Disposed::Spent) => "spend",
            OutReason::Disposed(Disposed::Gift) => "gift",
            OutReason::Disposed(Disposed::Donation) => "donate",
            OutReason::Disposed(Disposed::Settlement) => "settlement",
            OutReason::NetworkFee => "move",
            OutReason::Repaid => "repay",
            OutReason::Expense => "expense",
            OutReason::Posted => "posting",
        }
    }
}
