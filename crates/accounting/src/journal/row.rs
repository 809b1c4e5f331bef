//! A realised row: one account, one cause, one amount.

use breakwater_engine::Cause;
use breakwater_money::{AccountId, AssetId, Rational, Time};

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKind {
    /// What the account had when the journal began: lots at the mark of that moment.
    Opening,
    /// Assets came in.
    Deposited,
    /// Assets went out, at their basis.
    Withdrawn,
    /// Debt was taken up, and what was borrowed went out.
    Borrowed,
    /// The holder paid debt back from outside.
    Repaid,
    /// Claims came from another account, such as the shares that a liquidator takes.
    Received,
    /// Collateral was taken by a liquidator: market value less basis.
    Seized,
    /// What a liquidator took beyond the debt it discharged, below zero: penalty and bonus.
    Penalty,
    /// Collateral was sold by its venue: market value less basis. The slice counts the account's
    /// forced sales from 1.
    ForcedSale {
        /// Which slice.
        slice: u32,
    },
    /// Proceeds of a forced sale against the mark: below zero for what was lost to the market.
    SaleShortfall,
    /// A debt became cheaper or dearer between being owed and being paid.
    DebtRevalued,
    /// A contract was closed, in part or whole, by a trade.
    Traded,
    /// A contract was closed by its venue.
    Liquidated,
    /// A winning position was closed against a bankrupt one.
    Deleveraged,
    /// A session's profit or loss became cash.
    Settled,
    /// A contract ended.
    Delivered,
    /// A vault took the account over: what it had is gone, whatever its sign.
    TakenOver,
    /// Funding, received above zero.
    Funding,
    /// Interest on what is owed.
    BorrowInterest,
    /// Interest on what is supplied.
    SupplyInterest,
    /// Fee of a trade.
    TradingFee,
    /// Fee of a liquidation.
    LiquidationFee,
    /// Paid to whoever called.
    KeeperFee,
    /// A loss that somebody else bore, so that the account does not owe it any more.
    Waived,
    /// A share of somebody else's loss.
    Socialised,
    /// A coin that paid for something else: market value less basis.
    Spent,
    /// The few base units that the venue's rounding kept or gave.
    Rounding,
    /// A movement of a kind that has no row of its own.
    Other,
}

/// What a row adds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Not profit: what came in and went out, at its basis.
    Flow,
    /// Profit and loss of prices, penalties and waived debts among them.
    Realised,
    /// Funding.
    Funding,
    /// Fees; the row's amount is below zero.
    Fee,
    /// Interest.
    Interest,
}

impl RowKind {
    /// What it adds to.
    #[must_use]
    pub const fn group(self) -> Group {
        match self {
            RowKind::Opening
            | RowKind::Deposited
            | RowKind::Withdrawn
            | RowKind::Borrowed
            | RowKind::Repaid
            | RowKind::Received => Group::Flow,
            RowKind::Funding => Group::Funding,
            RowKind::BorrowInterest | RowKind::SupplyInterest => Group::Interest,
            RowKind::TradingFee | RowKind::LiquidationFee | RowKind::KeeperFee => Group::Fee,
            _ => Group::Realised,
        }
    }

    /// The kind in a word or two, stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            RowKind::Opening => "opening",
            RowKind::Deposited => "deposited",
            RowKind::Withdrawn => "withdrawn",
            RowKind::Borrowed => "borrowed",
            RowKind::Repaid => "repaid",
            RowKind::Received => "received",
            RowKind::Seized => "seized",
            RowKind::Penalty => "penalty",
            RowKind::ForcedSale { .. } => "forced-sale",
            RowKind::SaleShortfall => "sale-shortfall",
            RowKind::DebtRevalued => "debt-revalued",
            RowKind::Traded => "traded",
            RowKind::Liquidated => "liquidated",
            RowKind::Deleveraged => "deleveraged",
            RowKind::Settled => "settled",
            RowKind::Delivered => "delivered",
            RowKind::TakenOver => "taken-over",
            RowKind::Funding => "funding",
            RowKind::BorrowInterest => "borrow-interest",
            RowKind::SupplyInterest => "supply-interest",
            RowKind::TradingFee => "trading-fee",
            RowKind::LiquidationFee => "liquidation-fee",
            RowKind::KeeperFee => "keeper-fee",
            RowKind::Waived => "waived",
            RowKind::Socialised => "socialised",
            RowKind::Spent => "spent",
            RowKind::Rounding => "rounding",
            RowKind::Other => "other",
        }
    }

    /// The same for every slice of a forced sale.
    pub(crate) const fn unnumbered(self) -> RowKind {
        match self {
            RowKind::ForcedSale { .. } => RowKind::ForcedSale { slice: 0 },
            kind => kind,
        }
    }

    /// Whether the holder was liquidated by it, in part or whole.
    #[must_use]
    pub const fn is_liquidation(self) -> bool {
        matches!(
            self,
            RowKind::Seized
                | RowKind::ForcedSale { .. }
                | RowKind::Liquidated
                | RowKind::TakenOver
                | RowKind::Waived
        )
    }
}

/// The two values of collateral that was taken, as the journal's own event states them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Valuations {
    /// The debt that was discharged, or what the sale brought, in the numeraire.
    pub discharged: Rational,
    /// Market value of all that was taken, fees in kind included, in the numeraire.
    pub market: Rational,
}

/// One account, one cause, one amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// When.
    pub at: Time,
    /// Place of the command in the journal, from 1.
    pub sequence: u64,
    /// Whose.
    pub account: AccountId,
    /// What it is about.
    pub kind: RowKind,
    /// Why, by the event that tells of it.
    pub cause: Cause,
    /// Which asset, or which contract.
    pub asset: AssetId,
    /// Whole units that moved, below zero out of the account or against a long position.
    pub quantity: Rational,
    /// Basis that left with them, in the numeraire; zero where nothing left.
    pub basis: Rational,
    /// What it does to equity at basis, in the numeraire: profit above zero; a fee is below.
    pub amount: Rational,
    /// Both values, of a seizure and of a forced sale.
    pub valuations: Option<Valuations>,
}
