//! What lots are and what they tell: lots, realised rows, moved parts, assumptions.

use super::policy::{Order, Scope};
use crate::entry::Acquired;
use crate::error::Result;
use crate::movement::OutReason;
use crate::names::{AssetId, SourceId, WalletId};
use crate::number::{Price, Quantity, Value};
use breakwater_money::Time;

/// Units acquired together, or what is left of them in one wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lot {
    /// The row or event that brought them; parts that moved keep it.
    pub source: SourceId,
    /// Asset.
    pub asset: AssetId,
    /// Where they lie; in a universal pool, where they arrived first.
    pub wallet: WalletId,
    /// When they were acquired.
    pub acquired: Time,
    /// When they came to where they lie.
    pub arrived: Time,
    /// Units left.
    pub quantity: Quantity,
    /// Basis left.
    pub basis: Value,
    /// Units when the lot came to be, which with `entered_basis` give the basis of a unit.
    pub entered: Quantity,
    /// Basis when the lot came to be.
    pub entered_basis: Value,
    /// Price of a unit that orders go by; none is the basis of a unit.
    pub price: Option<Price>,
    /// Place among the acquisitions, which decides between lots of one instant; parts that moved
    /// keep it.
    pub turn: u32,
    /// Why they came in.
    pub how: Acquired,
    /// Whether it is the pool of an average and so without a date.
    pub pooled: bool,
}

/// What a row tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowEvent {
    /// Units came in as income.
    Income(Acquired),
    /// Units went out.
    Out(OutReason),
}

/// How the lot of a row was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Chosen {
    /// By the order in force.
    Order(Order),
    /// By an identification made before.
    Identified,
    /// Not at all: income.
    Nothing,
}

/// One realised row: a part of one disposal out of one lot, or an income.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// When.
    pub at: Time,
    /// Wallet.
    pub wallet: WalletId,
    /// Row or event.
    pub source: SourceId,
    /// Asset.
    pub asset: AssetId,
    /// What it tells of.
    pub event: RowEvent,
    /// The lot; none of an income and of an average.
    pub lot: Option<SourceId>,
    /// Number of the lot in [`Lots::lot`]; parts that moved have one of their own.
    pub number: Option<usize>,
    /// When the lot was acquired; none where there is no lot.
    pub acquired: Option<Time>,
    /// Why the lot came in; none where there is no lot.
    pub acquired_how: Option<Acquired>,
    /// Units.
    pub quantity: Quantity,
    /// What was received or discharged for them, before the fee.
    pub proceeds: Value,
    /// Fee in money.
    pub fee: Value,
    /// Basis removed.
    pub basis: Value,
    /// Market value, where it stands beside the proceeds.
    pub market: Option<Value>,
    /// How the lot was chosen.
    pub chosen: Chosen,
    /// Among which lots.
    pub scope: Scope,
}

impl Row {
    /// Proceeds less fee less basis.
    ///
    /// # Errors
    /// It does not fit.
    pub fn gain(&self) -> Result<Value> {
        self.proceeds.minus(self.fee)?.minus(self.basis)
    }
}

/// Units of a lot that went to another wallet, or into or out of the pool of all wallets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// When.
    pub at: Time,
    /// Row or event of a transfer; none where the scope changed.
    pub source: Option<SourceId>,
    /// The lot before it moved.
    pub lot: Lot,
    /// Its number in [`Lots::lot`].
    pub number: usize,
    /// The number of the lot that the units became.
    pub into: usize,
    /// Where from; none is the pool of all wallets.
    pub from: Option<WalletId>,
    /// Where to; none is the pool of all wallets.
    pub to: Option<WalletId>,
    /// Units.
    pub quantity: Quantity,
    /// Their basis.
    pub basis: Value,
}

/// Something that had to be assumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assumption {
    /// Units went out that had not come in; they were taken as a lot of this basis.
    Missing {
        /// Row or event.
        source: SourceId,
        /// Asset.
        asset: AssetId,
        /// Units.
        quantity: Quantity,
        /// Basis taken.
        basis: Value,
    },
    /// When the scope changed, a wallet held more than lots were left for it.
    Unallocated {
        /// Asset.
        asset: AssetId,
        /// Wallet.
        wallet: WalletId,
        /// Units without a lot.
        quantity: Quantity,
    },
}
