//! What a run emits. Values are base units of the numeraire (8 decimals in the shipped scenarios);
//! reports draw these and compute nothing of their own.

use crate::fitting::Mapped;
use breakwater_liquidation::CallState;
use serde::Serialize;

/// One point of the price path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PricePoint {
    /// Seconds since the start.
    pub at_seconds: u64,
    /// Price of the driver by the path alone.
    pub path: u128,
    /// Accepted mark of the driver, impact included.
    pub mark: u128,
}

/// One liquidation that was executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Liquidation {
    /// Place in the journal.
    pub sequence: u64,
    /// Seconds since the start.
    pub at_seconds: u64,
    /// Cascade round at that price point, from 1.
    pub round: u32,
    /// Account label.
    pub account: String,
    /// Debt asset.
    pub debt_asset: String,
    /// Repaid, whole units as a decimal.
    pub debt_repaid: String,
    /// Repaid, at the mark.
    pub debt_repaid_value: u128,
    /// Collateral asset.
    pub collateral_asset: String,
    /// Taken or sold, whole units as a decimal.
    pub collateral_sold: String,
    /// Taken or sold, at the mark.
    pub collateral_value: u128,
    /// What the collateral fetched in the market.
    pub proceeds_value: u128,
    /// Gas, at the mark; zero where the venue sells.
    pub gas_value: u128,
    /// What the liquidator kept: proceeds less repayment less gas; zero where the venue sells.
    pub keeper_gain: i128,
    /// Health ratio before (1e18).
    pub health_before: u128,
    /// Health ratio after (1e18).
    pub health_after: u128,
    /// Deficit booked with it.
    pub deficit_value: u128,
    /// Driver mark at the time.
    pub driver_mark: u128,
    /// Average price the sale fetched against the mark, basis points below it.
    pub discount_bps: i64,
    /// Which price crossed which line, by how much.
    pub reason: String,
}

/// Debt by health, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HealthMoment {
    /// `before`, `trough`, `after`.
    pub name: String,
    /// Debt in each bin.
    pub debt: Vec<u128>,
    /// Accounts in each bin.
    pub accounts: Vec<u64>,
}

/// Lower edge of the first health bin, in hundredths; what is lower is counted in it.
pub const HEALTH_FROM: u32 = 60;
/// Width of a health bin, in hundredths.
pub const HEALTH_STEP: u32 = 5;
/// Number of health bins; the last one is open.
pub const HEALTH_BINS: usize = 29;

/// One point of the liquidations-at-risk curve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AtRiskRow {
    /// Fall of the driver, basis points.
    pub fall_bps: u32,
    /// Accounts in breach.
    pub accounts: u64,
    /// Their debt.
    pub debt: u128,
    /// Debt above collateral, over all accounts.
    pub bad_debt: u128,
}

/// One point of the depth curve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DepthRow {
    /// Amount sold, whole units as a decimal.
    pub amount: String,
    /// Average discount to the mark, basis points.
    pub average_bps: i64,
    /// Marginal discount to the mark, basis points.
    pub marginal_bps: i64,
}

/// Liquidations of one cascade round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Round {
    /// Calls or fills.
    pub liquidations: u64,
    /// Debt repaid.
    pub debt_repaid: u128,
}

/// Losses and their bearers in the numeraire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Bearers {
    /// Paid by the insurance fund.
    pub insurance: u128,
    /// Taken by the pool's own reserves, or by money that outsiders put at its disposal.
    pub vault: u128,
    /// Taken from winners.
    pub deleveraged: u128,
    /// Spread over accounts, over lenders by the worth of their shares, or over other borrowers.
    pub socialised: u128,
    /// With nobody yet: the lenders' loss where nothing else is said.
    pub outstanding: u128,
}

/// Totals of a run, in the numeraire unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Totals {
    /// Auctions opened.
    pub auctions: u64,
    /// Times that one started again for lack of a buyer.
    pub auctions_restarted: u64,
    /// Accounts in the book.
    pub accounts: u64,
    /// Debt of the whole book at the start, what the venue could not take included.
    pub debt_whole: u128,
    /// Collateral at the start.
    pub collateral_start: u128,
    /// Debt at the start.
    pub debt_start: u128,
    /// Driver mark at the start.
    pub driver_start: u128,
    /// Lowest driver price by the path alone.
    pub driver_path_low: u128,
    /// Lowest driver mark, impact included.
    pub driver_low: u128,
    /// Driver mark at the end.
    pub driver_end: u128,
    /// Accounts that were warned at least once.
    pub warned: u64,
    /// Accounts that were called at least once.
    pub called: u64,
    /// Accounts of which anything was liquidated.
    pub liquidated: u64,
    /// Accounts closed whole, nothing owed.
    pub closed: u64,
    /// Accounts with a deficit booked.
    pub bankrupt: u64,
    /// Open accounts whose debt exceeds their collateral at the end.
    pub under_water: u64,
    /// Calls or fills.
    pub liquidations: u64,
    /// Calls that keepers left alone because they would not pay.
    pub unprofitable: u64,
    /// Trades with the pool itself: reserves bought, bands arbitraged.
    pub pool_trades: u64,
    /// Value that left the pool in them, at the mark.
    pub pool_traded: u128,
    /// Calls made at a loss so that bad debt is recognised.
    pub cleanings: u64,
    /// What they lost; it is in the keepers' gain as well.
    pub cleaning_cost: u128,
    /// Debt repaid.
    pub debt_repaid: u128,
    /// Collateral taken or sold, at the mark.
    pub collateral_sold: u128,
    /// Collateral taken above debt repaid: what owners lost to incentives.
    pub incentive: u128,
    /// Collateral at the mark less what it fetched.
    pub price_impact: u128,
    /// Gas.
    pub gas: u128,
    /// What keepers kept.
    pub keeper_gain: i128,
    /// What owners lost: incentives, or price impact where the venue sells for them.
    pub borrower_loss: u128,
    /// Deficits booked.
    pub bad_debt_booked: u128,
    /// Debt above collateral of open accounts at the end.
    pub bad_debt_open: u128,
    /// Who bore what was booked.
    pub bearers: Bearers,
    /// Most cascade rounds at one price point.
    pub rounds_most: u32,
    /// Price points with more than one round.
    pub points_with_cascade: u64,
    /// Ticks that the guard refused.
    pub ticks_refused: u64,
}

/// A row of the trial balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BalanceRow {
    /// Asset and kind of claim.
    pub unit: String,
    /// Sum of what holders have.
    pub positive: String,
    /// Sum over all holders; must be 0.
    pub sum: String,
}

/// Everything a run emits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Scenario name.
    pub scenario: String,
    /// Title for readers.
    pub title: String,
    /// The question it answers.
    pub question: String,
    /// The shock, in words.
    pub shock: String,
    /// Rulebook with version.
    pub rulebook: String,
    /// Policy around it.
    pub policy: String,
    /// Whose thresholds held: `same risk` or `as deployed`.
    pub thresholds: String,
    /// What of the book the venue could not take as it is.
    pub mapped: Vec<Mapped>,
    /// First instant, RFC 3339.
    pub start: String,
    /// Name of the driver market.
    pub driver: String,
    /// Decimals of all values.
    pub value_decimals: u8,
    /// Totals.
    pub totals: Totals,
    /// The path.
    pub prices: Vec<PricePoint>,
    /// Every liquidation, in order.
    pub liquidations: Vec<Liquidation>,
    /// Debt by health.
    pub health: Vec<HealthMoment>,
    /// Liquidations at risk, against a fall of the driver, at the start.
    pub at_risk: Vec<AtRiskRow>,
    /// Depth of the collateral market.
    pub depth: Vec<DepthRow>,
    /// Unit of the depth curve's amounts.
    pub depth_unit: String,
    /// What was sold there: (whole units as a decimal, label).
    pub sold: Vec<(String, String)>,
    /// Liquidations by cascade round, over all price points.
    pub rounds: Vec<Round>,
    /// Trial balance at the end.
    pub balances: Vec<BalanceRow>,
    /// True if every row sums to zero.
    pub books_balance: bool,
    /// State hash at the end.
    pub state_hash: String,
    /// Commands applied.
    pub commands: u64,
    /// Final state of each margin call, counted.
    pub states: Vec<(CallState, u64)>,
}
