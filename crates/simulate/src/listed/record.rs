//! What happened on a day of listed contracts, as data for a page and for other programs.

use crate::record::BalanceRow;
use breakwater_money::{Price, Time};
use serde::Serialize;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// When.
    pub at: Time,
    /// To which contract, by place; none for what concerns an account alone.
    pub contract: Option<usize>,
    /// What: `funding`, `session`, `fixing`, `delivery`, `exercise`, `transfer`, `roll`, `refused`, `sale`,
    /// `deficit` or `loss borne`.
    pub what: &'static str,
    /// Whose doing, by name.
    pub account: Option<String>,
    /// An exact amount with its unit, where there is one.
    pub amount: Option<String>,
    /// In a sentence.
    pub told: String,
}

/// A minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// When.
    pub at: Time,
    /// Index, cents.
    pub cents: u64,
    /// Mean of what is fixed so far of each contract that is being averaged, by place.
    pub fixed: Vec<(usize, Price)>,
    /// Equity of each account, base units of the margin asset.
    pub equity: Vec<i128>,
}

/// An account over the day; amounts are whole units of the margin asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountRow {
    /// Whose.
    pub account: String,
    /// Cash brought in.
    pub brought: String,
    /// Equity once everything was opened.
    pub equity_start: String,
    /// Funding received less paid.
    pub funding: String,
    /// Equity at the end.
    pub equity_end: String,
    /// What it holds at the end: contract and whole contracts.
    pub holds: Vec<(String, String)>,
}

/// A whole day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRun {
    /// First moment.
    pub from: Time,
    /// Last moment.
    pub to: Time,
    /// Name of the rulebook.
    pub rulebook: String,
    /// Symbol and decimals of the margin asset.
    pub settle: (String, u8),
    /// In order of time.
    pub occurrences: Vec<Occurrence>,
    /// Every minute.
    pub points: Vec<Point>,
    /// Every account.
    pub accounts: Vec<AccountRow>,
    /// The insurance fund at start and end, base units.
    pub fund: (i128, i128),
    /// The sums of every unit at the end.
    pub balances: Vec<BalanceRow>,
    /// Minutes played, and minutes after which every unit netted to zero.
    pub minutes: (u64, u64),
    /// Commands that the engine was sent.
    pub commands: u64,
    /// Hash of its last state.
    pub state_hash: String,
}

impl ListedRun {
    /// Whether every unit netted to zero after every minute.
    #[must_use]
    pub const fn balances(&self) -> bool {
        self.minutes.0 == self.minutes.1
    }
}
