//! Input of the charts of one run, one struct a chart.

use serde::{Deserialize, Serialize};

use crate::decimal::Decimal;

/// A price over simulated time, and the liquidations along it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PricePath {
    /// The market, such as `ETH/USD`.
    pub pair: String,
    /// Unit of the prices, such as `USD`.
    pub unit: String,
    /// The path, ascending in time. A price holds until the next point.
    pub points: Vec<PricePoint>,
    /// Liquidations to mark on the path; may be empty.
    pub liquidations: Vec<LiquidationMark>,
    /// What the marks are, where they are not marks with impact.
    #[serde(default)]
    pub second: Option<PriceLine>,
}

/// What the second line of a price path shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceLine {
    /// Its name in the legend.
    pub name: String,
    /// A sentence of the caption.
    pub told: String,
}

/// One point of a price path.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PricePoint {
    /// Simulated hours since the start.
    pub at_hours: f64,
    /// Price the scenario's path gives, in the unit of the path.
    pub path: f64,
    /// Mark the engine saw: the path plus price impact not yet recovered, in the same unit. A
    /// second line is drawn if it differs from `path` anywhere.
    pub mark: f64,
}

/// One liquidation marked on a price path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiquidationMark {
    /// Simulated hours since the start.
    pub at_hours: f64,
    /// Mark at that moment, in the unit of the path.
    pub mark: f64,
    /// Debt repaid, in USD, zero or more: the area of the circle.
    pub debt_repaid_usd: f64,
    /// The account, shown when the reader points at the circle.
    pub account: String,
}

/// Debt by health factor at several moments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HealthDistribution {
    /// The bins, ascending and of equal width (the last may be open), since heights are debt and
    /// not density.
    pub bins: Vec<HealthBin>,
    /// The moments, usually before, at the trough and after.
    pub moments: Vec<HealthMoment>,
}

/// One bin of health factors: from `from` (included) to `to` (excluded).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HealthBin {
    /// Lower edge.
    pub from: f64,
    /// Upper edge; `None` for the open bin at the end.
    pub to: Option<f64>,
}

/// Debt and accounts per bin at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HealthMoment {
    /// Name of the moment, such as `before` or `trough, 23:20`.
    pub name: String,
    /// Debt in each bin, in USD, zero or more; one entry a bin.
    pub debt_usd: Vec<f64>,
    /// Accounts in each bin; one entry a bin.
    pub accounts: Vec<u64>,
}

/// What a uniform fall would make liquidatable and leave uncovered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AtRisk {
    /// What falls and what stays, such as `all collateral falls, debt is fixed`.
    pub what_falls: String,
    /// The rows, ascending in `fall_percent`.
    pub rows: Vec<AtRiskRow>,
    /// Falls to mark with a vertical line; may be empty.
    pub marks: Vec<FallMark>,
    /// Debt at the top of the scale, in USD, so that several charts can be compared; zero or
    /// less takes the chart's own largest.
    pub scale_to_usd: f64,
}

/// One row of the liquidations-at-risk curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AtRiskRow {
    /// The fall, in percent: 20 means a fifth lower.
    pub fall_percent: f64,
    /// Debt of accounts that could be liquidated, in USD, zero or more.
    pub liquidatable_debt_usd: f64,
    /// Debt above the value of its collateral, in USD, zero or more.
    pub bad_debt_usd: f64,
}

/// A fall worth marking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FallMark {
    /// The fall, in percent.
    pub fall_percent: f64,
    /// What it is, in two or three words.
    pub label: String,
}

/// A loss and who bore it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Waterfall {
    /// The steps from the top down. A [`LossKind::Total`] stands on zero; every other step hangs
    /// from where the step before it ended, and ends `amount_usd` further on.
    pub steps: Vec<LossStep>,
}

/// One step of a loss waterfall.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LossStep {
    /// Who or what, in a few words.
    pub name: String,
    /// Signed amount in USD: totals as they are, bearers usually negative because they take away
    /// from the loss that is left.
    pub amount_usd: Decimal,
    /// What kind of step it is.
    pub kind: LossKind,
}

/// Kinds of steps in a loss waterfall; each has its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossKind {
    /// A level, drawn from zero.
    Total,
    /// Borne by borrowers.
    Borrower,
    /// Paid to liquidators as an incentive.
    Incentive,
    /// Lost to price impact.
    Impact,
    /// Gas and fees.
    Cost,
    /// Borne by insurance, a vault, deleveraging or socialised.
    Backstop,
    /// Bad debt that has been booked.
    BadDebtBooked,
    /// Bad debt of accounts still open.
    BadDebtOpen,
}

/// Execution prices against the mark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    /// Length of the run, in simulated hours, so that the axis covers all of it; zero or more.
    pub run_hours: f64,
    /// One point a liquidation.
    pub points: Vec<ExecutionPoint>,
    /// Levels to mark with a horizontal line, such as the incentive; may be empty. A level far
    /// beyond the points is named at the edge instead, so that it does not flatten them.
    pub guides: Vec<ExecutionGuide>,
}

/// The price of one liquidation against its mark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExecutionPoint {
    /// Simulated hours since the start.
    pub at_hours: f64,
    /// How far the average price lay below the mark, in basis points; negative if above.
    pub discount_bps: f64,
    /// Debt repaid, in USD, zero or more: the area of the circle.
    pub debt_repaid_usd: f64,
    /// The account, shown when the reader points at the circle.
    pub account: String,
}

/// A level worth marking beside execution prices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExecutionGuide {
    /// The level, in basis points below the mark.
    pub discount_bps: f64,
    /// What it is, in two or three words.
    pub label: String,
}

/// What selling an amount costs, and what was sold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DepthCurve {
    /// The market, such as `stETH to USDC`.
    pub market: String,
    /// Unit of the amounts, such as `stETH`.
    pub amount_unit: String,
    /// The curve, ascending in `amount`. Beyond its last point there is no quote.
    pub points: Vec<DepthPoint>,
    /// Lots sold in the run; may be empty.
    pub sold: Vec<SoldLot>,
}

/// One point of a depth curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DepthPoint {
    /// Amount sold at once, in the unit of the curve, zero or more.
    pub amount: f64,
    /// Average discount to the mark over that amount, in basis points.
    pub average_discount_bps: f64,
    /// Discount of the last unit of that amount, in basis points.
    pub marginal_discount_bps: f64,
}

/// One lot sold in the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SoldLot {
    /// Amount, in the unit of the curve, zero or more.
    pub amount: f64,
    /// If not empty, the lot gets a line of full height with this label.
    pub label: String,
}

/// How outcomes move with two settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// Name of the setting that varies by row, such as `feedback`.
    pub row_name: String,
    /// Its values, top to bottom.
    pub rows: Vec<String>,
    /// Name of the setting that varies by column, such as `depth`.
    pub column_name: String,
    /// Its values, left to right.
    pub columns: Vec<String>,
    /// The case that the rest of the report shows, outlined if given.
    pub base: Option<Cell>,
    /// What is measured; one small table each.
    pub metrics: Vec<SensitivityMetric>,
}

/// A place in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Row, counting from 0.
    pub row: usize,
    /// Column, counting from 0.
    pub column: usize,
}

/// One outcome over the whole table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SensitivityMetric {
    /// What is measured.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Which direction is worse; worse cells are darker.
    pub worse: Worse,
    /// Values by row, then by column; `None` where the case was not run.
    pub values: Vec<Vec<Option<f64>>>,
}

/// Which direction of a measure is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Worse {
    /// More is worse, as with bad debt.
    Higher,
    /// Less is worse, as with the lowest price.
    Lower,
}

/// A cascade by rounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CascadeRounds {
    /// The rounds in order.
    pub rounds: Vec<CascadeRound>,
}

/// One round of a cascade: the liquidations that the impact of the round before set off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CascadeRound {
    /// Number of the round, counting from 1.
    pub round: u32,
    /// Liquidations carried out in it.
    pub liquidations: u64,
    /// Debt repaid in it, in USD, zero or more.
    pub debt_repaid_usd: f64,
}
