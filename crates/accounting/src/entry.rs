//! The stream of entries: what happened to one holder, in time order, without any tax rule.
//!
//! Everything that reads a source (a journal of the engine, a file of an exchange, events of a
//! chain) writes entries; everything that accounts (lots, loans, derivatives, profiles) reads
//! them. Money is in the currency of the report: whoever writes an entry values it. Assets marked
//! as cash ([`crate::Names::set_cash`]) are that currency: they have balances and no lots.

use crate::names::{AssetId, ContractId, SourceId, WalletId};
use crate::number::{Price, Quantity, Value};
use breakwater_money::Time;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, in UTC.
    pub at: Time,
    /// The wallet or account that it happened to; of a transfer, the one that sent.
    pub wallet: WalletId,
    /// The row of a file or the event of a journal that says so. An acquisition's source names
    /// its lot.
    pub source: SourceId,
    /// What happened.
    pub kind: Kind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Units came in and are now owned.
    Acquire(Acquire),
    /// Units went out against something, or for nothing.
    Dispose(Dispose),
    /// Units moved between wallets of the same holder.
    Transfer(Transfer),
    /// Units came in and are owed.
    Borrow(Borrow),
    /// Units that were owed are owed no more.
    Repay(Repay),
    /// A derivative position changed.
    Fill(Fill),
    /// A price at which open positions are valued.
    Mark(Mark),
    /// Funding of a derivative position.
    Funding(Funding),
    /// Interest, a fee or a tip that belongs to no single trade.
    Expense(Expense),
    /// A debt that somebody else bore and the holder no longer owes.
    Waived(Waived),
}

/// Why units came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Acquired {
    /// Bought, for money or for another asset.
    Bought,
    /// Interest, lending or staking income.
    Interest,
    /// Mining or validating.
    Mined,
    /// An airdrop or a reward.
    Airdrop,
    /// A gift: cost is what the giver's books say.
    Gift,
    /// Profit of a derivative, or funding, paid in the coin.
    Settlement,
    /// A holding from before the first row; cost and time as stated.
    Opening,
    /// Borrowed, at what it was worth; what is owed stands beside.
    Borrowed,
    /// Basis not known; the reader was told to take this cost.
    Assumed,
}

impl Acquired {
    /// Whether the units are income when they arrive.
    #[must_use]
    pub fn is_income(self) -> bool {
        matches!(self, Acquired::Interest | Acquired::Mined | Acquired::Airdrop)
    }
}

/// Units came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acquire {
    /// Which asset.
    pub asset: AssetId,
    /// How many units, above zero.
    pub quantity: Quantity,
    /// What was paid for them or, of income, what they were worth; without the fee.
    pub cost: Value,
    /// Fee on top, part of the basis.
    pub fee: Value,
    /// Why.
    pub how: Acquired,
    /// Date of acquisition where it is not the date of arrival (an opening lot).
    pub acquired: Option<Time>,
    /// Price of a unit that a highest or lowest first order goes by; none is the basis of a unit.
    pub price: Option<Price>,
}

/// Why units went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Disposed {
    /// Sold by the holder's own will.
    Sold,
    /// Sold by the venue: slice `n` of a liquidation, counted from 1.
    ForcedSale(u32),
    /// Taken on chain by a liquidator who repaid debt for it: proceeds are the debt discharged
    /// plus anything received, market value stands beside them.
    Seizure,
    /// Spent, or paid as a fee, in kind.
    Spent,
    /// Given away.
    Gift,
    /// Given to charity.
    Donation,
    /// Loss of a derivative, or funding, paid in the coin.
    Settlement,
}

impl Disposed {
    /// Whether the holder had no say in the moment.
    #[must_use]
    pub fn is_involuntary(self) -> bool {
        matches!(self, Disposed::ForcedSale(_) | Disposed::Seizure | Disposed::Settlement)
    }
}

/// Units went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispose {
    /// Which asset.
    pub asset: AssetId,
    /// How many units brought the proceeds.
    pub quantity: Quantity,
    /// Further units taken as a fee, which brought none.
    pub fee_in_kind: Quantity,
    /// What was received, before the fee in money.
    pub proceeds: Value,
    /// Fee in money; who reads the row says whether it lowers proceeds or raises cost.
    pub fee: Value,
    /// Market value of all units that left, where it is known and differs from the proceeds.
    pub market: Option<Value>,
    /// Why.
    pub how: Disposed,
    /// Lots identified before the disposal, by their sources, each whole before the next; none
    /// leaves the choice to the order in force.
    pub lots: Vec<SourceId>,
}

/// Units moved between wallets of the holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Which asset.
    pub asset: AssetId,
    /// Where to.
    pub to: WalletId,
    /// Units that left.
    pub sent: Quantity,
    /// Units that arrived; the rest is a network fee in kind.
    pub received: Quantity,
    /// Price of one unit, for the fee.
    pub price: Price,
    /// Lots identified, by their sources; none leaves the choice to the order in force.
    pub lots: Vec<SourceId>,
}

/// Units came in and are owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Borrow {
    /// Which asset.
    pub asset: AssetId,
    /// How many units.
    pub quantity: Quantity,
    /// What they were worth.
    pub value: Value,
}

/// Who gave what repaid a debt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Payer {
    /// The holder, out of the wallet: of an asset that is not cash this disposes of lots.
    Holder,
    /// A liquidator; the seizure or forced sale is an entry of its own.
    Liquidator,
}

/// Units that were owed are owed no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repay {
    /// Which asset.
    pub asset: AssetId,
    /// How many units.
    pub quantity: Quantity,
    /// What they were worth when repaid.
    pub value: Value,
    /// Who gave them.
    pub payer: Payer,
    /// Lots identified, by their sources.
    pub lots: Vec<SourceId>,
}

/// Why a derivative position changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FillReason {
    /// A trade of the holder's own will.
    Trade,
    /// The venue took or closed the position, at the takeover or bankruptcy price.
    Liquidation,
    /// The venue closed a winning position against a bankrupt one.
    Deleveraged,
    /// Expiry or delivery.
    Expiry,
}

/// A derivative position changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    /// Which contract.
    pub contract: ContractId,
    /// Contracts, positive when bought.
    pub quantity: Quantity,
    /// Price of the contract.
    pub price: Price,
    /// Fee in the settle asset; negative is a rebate.
    pub fee: Quantity,
    /// Why.
    pub reason: FillReason,
    /// Value of one unit of the settle asset at the time; one when it settles in cash.
    pub settle_price: Price,
}

/// A price at which open positions are valued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Which contract.
    pub contract: ContractId,
    /// Price of the contract.
    pub price: Price,
    /// Value of one unit of the settle asset at the time; one when it settles in cash.
    pub settle_price: Price,
}

/// Funding of a derivative position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Funding {
    /// Which contract.
    pub contract: ContractId,
    /// Units of the settle asset, positive when received.
    pub amount: Quantity,
    /// Value of one unit of the settle asset at the time; one when it settles in cash.
    pub settle_price: Price,
}

/// What an expense is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ExpenseKind {
    /// Interest on what is borrowed.
    BorrowInterest,
    /// Fee of a trade that is booked apart.
    TradingFee,
    /// Fee of a liquidation to the venue or its fund.
    LiquidationFee,
    /// Tip or reward to a keeper.
    KeeperFee,
    /// Anything else.
    Other,
}

/// Interest, a fee or a tip that belongs to no single trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expense {
    /// What for.
    pub kind: ExpenseKind,
    /// Asset in which it is paid or owed.
    pub asset: AssetId,
    /// Units; negative is a refund.
    pub quantity: Quantity,
    /// What they were worth.
    pub value: Value,
    /// True when it was added to the debt; false when it left the wallet.
    pub accrued: bool,
    /// The contract it belongs to, if it belongs to one.
    pub contract: Option<ContractId>,
}

/// A debt that somebody else bore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waived {
    /// Asset that was owed.
    pub asset: AssetId,
    /// Units.
    pub quantity: Quantity,
    /// What they were worth.
    pub value: Value,
}

/// Sorts the entries of files: by time and, of one instant, what came in first, else as they stood.
/// A file knows no order within an instant, and what a sale at that instant sold had come in. A
/// journal has an order of its own and needs none.
pub fn sort_of_files(entries: &mut [Entry]) {
    let goes = |kind: &Kind| !matches!(kind, Kind::Acquire(_) | Kind::Borrow(_));
    entries.sort_by_key(|entry| (entry.at, goes(&entry.kind)));
}
