//! What a run over perpetuals emits. Values are base units of the settle asset, at
//! [`super::SETTLE_DECIMALS`]; prices are cents; quantities are base units of the contract.

use crate::record::{BalanceRow, Bearers, PricePoint};
use serde::Serialize;

/// A part of a position that the market took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sale {
    /// Place in the journal.
    pub sequence: u64,
    /// Seconds since the start.
    pub at_seconds: u64,
    /// Account label.
    pub account: String,
    /// True for a long that was sold, false for a short that was bought back.
    pub long: bool,
    /// How much.
    pub quantity: u128,
    /// What it was worth at the mark.
    pub value: u128,
    /// What it fetched, or cost.
    pub proceeds: u128,
    /// How much worse than the mark, basis points.
    pub discount_bps: i64,
    /// What of the position is left.
    pub left: u128,
    /// Equity over maintenance margin before (1e18).
    pub health_before: u128,
    /// And after; the largest number if nothing is held any more.
    pub health_after: u128,
    /// Deficit booked with it.
    pub deficit: u128,
    /// The mark.
    pub mark: u128,
    /// Which price crossed which line.
    pub reason: String,
}

/// Winners closed against one bankrupt account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wave {
    /// Place in the journal.
    pub sequence: u64,
    /// Seconds since the start.
    pub at_seconds: u64,
    /// The bankrupt account.
    pub account: String,
    /// How much of the contract was closed.
    pub quantity: u128,
    /// At which price.
    pub price: u128,
    /// Against which mark.
    pub mark: u128,
    /// How many winners were closed, whole or in part.
    pub winners: u64,
    /// What they gave against the mark: the deficit that they bore.
    pub given: u128,
    /// Their profit at the mark in the parts that were closed.
    pub closed_profit: u128,
    /// The largest that one of them gave.
    pub haircut_most: u128,
    /// The largest share of its whole profit that one of them gave, 1e6; above it the winner lost.
    pub haircut_share_e6: u64,
    /// Whose share that was.
    pub hit_hardest: String,
}

/// Totals of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct PerpetualTotals {
    /// Accounts in the book.
    pub accounts: u64,
    /// Contracts held on either side at the start.
    pub open_interest: u128,
    /// Their value at the first mark.
    pub open_interest_value: u128,
    /// The mark at the start.
    pub mark_start: u128,
    /// Its lowest.
    pub mark_low: u128,
    /// Its last.
    pub mark_end: u128,
    /// The path's lowest, without feedback.
    pub path_low: u128,
    /// The insurance fund at the start.
    pub fund_start: u128,
    /// And at the end.
    pub fund_end: u128,
    /// Clearance fees that went into it.
    pub fees: u128,
    /// Accounts that were warned at least once.
    pub warned: u64,
    /// Accounts that were called at least once.
    pub called: u64,
    /// Accounts of which anything was closed.
    pub liquidated: u64,
    /// Accounts with a loss beyond their margin.
    pub bankrupt: u64,
    /// Sales that the market took.
    pub sales: u64,
    /// Their value at the mark.
    pub sold_value: u128,
    /// What they lost to the price against the mark.
    pub price_impact: u128,
    /// The same over their value, basis points.
    pub discount_bps: u64,
    /// The least that a unit was sold for, cents; longs alone.
    pub sold_low: u128,
    /// Contracts closed against opposite legs at the mark, each pair counted once.
    pub crossed: u128,
    /// Their value at the mark.
    pub crossed_value: u128,
    /// The longest that an account had something left to sell at each mark, seconds.
    pub waited_seconds_max: u64,
    /// All such times together, seconds.
    pub waited_seconds: u64,
    /// Losses beyond margins, all of them: what was booked, and what winners gave.
    pub deficit: u128,
    /// Who bore them.
    pub bearers: Bearers,
    /// Bankrupt accounts that winners were closed against.
    pub waves: u64,
    /// Contracts closed so.
    pub deleveraged: u128,
    /// Their value at the mark.
    pub deleveraged_value: u128,
    /// Winners closed, each counted once.
    pub winners_hurt: u64,
    /// How often a winner was closed.
    pub closes: u64,
    /// Winners' profit at the mark in the parts that were closed.
    pub closed_profit: u128,
    /// The largest that one winner gave at once.
    pub haircut_most: u128,
    /// The largest share of its whole profit that one winner gave at once, 1e6.
    pub haircut_share_e6: u64,
    /// The most that one winner gave in all.
    pub haircut_sum_most: u128,
    /// Accounts that are bankrupt and open at the end.
    pub under_water: u64,
    /// What they lack at the last mark.
    pub deficit_open: u128,
    /// Marks that the guard refused.
    pub ticks_refused: u64,
}

impl PerpetualTotals {
    /// Winners' closed profit over what they gave, 1e2; none where nobody was closed. The measure of
    /// arXiv 2512.01112: how much profit is ended for each unit of deficit.
    #[must_use]
    pub fn overshoot_e2(&self) -> Option<u128> {
        let given = self.bearers.deleveraged;
        self.closed_profit.checked_mul(100)?.checked_div(given)
    }
}

/// Everything a run over perpetuals emits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PerpetualRun {
    /// Scenario name.
    pub scenario: String,
    /// Title for readers.
    pub title: String,
    /// The question it answers.
    pub question: String,
    /// The path, in words.
    pub shock: String,
    /// Rulebook with version.
    pub rulebook: String,
    /// Policy around it.
    pub policy: String,
    /// How winners are chosen.
    pub deleveraging: String,
    /// How sales shared the market: `alone` or `pooled`.
    pub schedule: String,
    /// The fund at the start, as a share of the open interest's value.
    pub fund_share: String,
    /// First instant, RFC 3339.
    pub start: String,
    /// Name of the path's price.
    pub driver: String,
    /// Name of the contract.
    pub contract: String,
    /// Name of the settle asset.
    pub settle: String,
    /// Seed of the book.
    pub seed: u64,
    /// blake3 of the book.
    pub book_hash: String,
    /// Totals.
    pub totals: PerpetualTotals,
    /// The marks.
    pub prices: Vec<PricePoint>,
    /// What the market took, in order.
    pub sales: Vec<Sale>,
    /// Deleveragings, in order.
    pub waves: Vec<Wave>,
    /// What the guard did to the day's depth, in sentences.
    pub depth: Vec<String>,
    /// Trial balance at the end.
    pub balances: Vec<BalanceRow>,
    /// True if every row sums to zero.
    pub books_balance: bool,
    /// State hash at the end.
    pub state_hash: String,
    /// Commands applied.
    pub commands: u64,
}
