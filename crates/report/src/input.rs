//! What a report is drawn from: plain data that whoever ran the scenario fills in.
//!
//! Units are in the field names. Curves and scatter points are `f64`, because they only place ink;
//! whatever a reader may want to add up is a [`Decimal`], printed digit for digit.

use serde::{Deserialize, Serialize};

use crate::decimal::Decimal;

mod auctions;
mod charts;
mod comparison;
mod hedging;
mod risk_curves;
mod schedules;
mod sections;
mod slices;
mod timelines;
mod worlds;

pub use auctions::{BidMark, LotBids, LotMark, LotPath, Proceeds, ProceedsPoint};
pub use charts::{
    AtRisk, AtRiskRow, CascadeRound, CascadeRounds, Cell, DepthCurve, DepthPoint, Execution,
    ExecutionGuide, ExecutionPoint, FallMark, HealthBin, HealthDistribution, HealthMoment,
    LiquidationMark, LossKind, LossStep, PriceLine, PricePath, PricePoint, Sensitivity,
    SensitivityMetric, SoldLot, Waterfall, Worse,
};
pub use comparison::{ComparisonReport, Mechanism};
pub use hedging::{AttributedHedge, AttributionBars, HedgeError, HedgeErrorRow};
pub use risk_curves::{RiskCurve, RiskCurvesReport};
pub use schedules::{Frontier, FrontierMark, Holdings, HoldingsLine};
pub use sections::{
    BarMeasure, Bars, Drawn, Section, SectionChart, SectionsReport, WordColumn, WordTable,
};
pub use slices::{SliceMark, SliceMid, Slices};
pub use timelines::{TimelineLane, Timelines};
pub use worlds::{Fan, FanBand, Front, FrontPoint, HeatMap};

/// A part of a report: either there, or absent for a stated reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part<T> {
    /// The data to draw.
    Given(T),
    /// Why there is none, as a full sentence; the page prints it in place of the chart.
    Absent(String),
}

/// What identifies a run. Every chart prints it in its foot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Name of the scenario. Not empty.
    pub scenario: String,
    /// The shock in words, such as `ETH/USD -48.3 % (the path's own)`. Not empty.
    pub shock: String,
    /// Seed of the random numbers; `None` prints as "none drawn".
    pub seed: Option<u64>,
    /// Name and version of the rulebook. Not empty.
    pub rulebook: String,
    /// Names of the policies around the rulebook, outermost first; empty means the bare rulebook.
    pub policies: Vec<String>,
    /// State hash at the end of the run: hexadecimal, at least 16 digits.
    pub state_hash: String,
}

/// One figure of the headline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFigure {
    /// What it is, in a few words.
    pub label: String,
    /// An exact decimal or a word such as "yes". A long decimal is shortened for the tile and
    /// printed in full beneath it.
    pub value: String,
    /// Unit, such as `USD` or `accounts`; may be empty.
    pub unit: String,
    /// A short remark under the figure; may be empty.
    pub note: String,
}

/// One row of the table "what happened".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happening {
    /// When, in words or simulated time, such as `10:40` or `at the trough`.
    pub at: String,
    /// What happened, as a sentence or clause.
    pub what: String,
    /// The measure that goes with it, with its unit; may be empty.
    pub measure: String,
}

/// One liquidation: a row of the table and of `liquidations.csv`.
///
/// Measures that a mechanism does not have (a keeper's gain in an exchange ladder, say) are `None`
/// and stay empty in the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Liquidation {
    /// Journal sequence number of the command that carried it out.
    pub sequence: u64,
    /// Simulated seconds since the start of the scenario.
    pub at_seconds: u64,
    /// The same moment as a reader would say it, such as `2020-03-12 10:40`.
    pub at: String,
    /// Cascade round, counting from 1.
    pub round: u32,
    /// The account liquidated.
    pub account: String,
    /// Who carried it out; empty if nobody in particular.
    pub liquidator: String,
    /// Asset of the debt.
    pub debt_asset: String,
    /// Debt repaid, in units of `debt_asset`.
    pub debt_repaid: Decimal,
    /// Debt repaid, in USD at the mark.
    pub debt_repaid_usd: Decimal,
    /// Asset of the collateral.
    pub collateral_asset: String,
    /// Collateral seized, in units of `collateral_asset`.
    pub collateral_seized: Decimal,
    /// Collateral seized, in USD at the mark.
    pub collateral_seized_usd: Decimal,
    /// Mark of the collateral at that moment, in USD for one unit.
    pub mark_usd: Option<Decimal>,
    /// Average price the collateral fetched, in USD for one unit.
    pub average_price_usd: Option<Decimal>,
    /// How far the average price lay below the mark, in basis points; negative if above.
    pub discount_bps: Option<Decimal>,
    /// Health factor before (1 is the threshold).
    pub health_before: Option<Decimal>,
    /// Health factor after; `None` if no debt is left.
    pub health_after: Option<Decimal>,
    /// What the liquidator gained after price impact and gas, in USD.
    pub liquidator_gain_usd: Option<Decimal>,
    /// Cost of the transaction, in USD.
    pub gas_usd: Option<Decimal>,
    /// Deficit booked with it, in USD.
    pub deficit_usd: Decimal,
    /// Why it happened and why that much, as a sentence.
    pub reason: String,
}

/// How far the value of an assumption can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Read from a source that the row names.
    Sourced,
    /// Worked out from sourced values.
    Derived,
    /// Chosen by the scenario.
    Assumed,
    /// Believed true, but not checked against a source.
    Unverified,
}

/// One row of the table of assumptions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assumption {
    /// What is assumed.
    pub name: String,
    /// Its value with its unit.
    pub value: String,
    /// How far it can be relied on.
    pub status: Status,
    /// Where it comes from, or why it was chosen.
    pub source: String,
}

/// One row of the trial balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceRow {
    /// The asset; amounts are in its units.
    pub asset: String,
    /// Sum of all debits.
    pub debits: Decimal,
    /// Sum of all credits.
    pub credits: Decimal,
    /// Debits minus credits; the page says "books balance" only if all of these
    /// are zero and both sides are equal.
    pub difference: Decimal,
}

/// Proof that the books balance and that a replay reaches the same state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books {
    /// One row an asset.
    pub trial_balance: Vec<BalanceRow>,
    /// State hash that a replay of the journal reached, as hexadecimal; `None` if not replayed.
    /// The page compares it with the state hash of the run.
    pub replay_hash: Option<String>,
}

/// One entry of the glossary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// The word.
    pub term: String,
    /// What it means here.
    pub meaning: String,
}

/// Where a piece of the data comes from and on what terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// What the data is.
    pub name: String,
    /// Where it comes from, as text; an address is printed, not linked.
    pub source: String,
    /// Its licence, or why none is needed.
    pub licence: String,
    /// Hash of its content; may be empty.
    pub hash: String,
}

/// Everything the page of one run shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// Title of the page.
    pub title: String,
    /// The question that the run answers, as one sentence.
    pub question: String,
    /// A remark printed in a band above all else, such as that the numbers are made up.
    pub notice: Option<String>,
    /// What identifies the run.
    pub identity: Identity,
    /// Figures of the headline, most important first; four to eight look best.
    pub key_figures: Vec<KeyFigure>,
    /// Rows of the table "what happened", in order of time.
    pub happenings: Vec<Happening>,
    /// Every liquidation, in order of sequence. The page shows the three with the most debt repaid.
    pub liquidations: Vec<Liquidation>,
    /// Price over simulated time.
    pub price: Part<PricePath>,
    /// Debt by health factor before, at the trough and after.
    pub health: Part<HealthDistribution>,
    /// Debt liquidatable and bad debt against a uniform fall.
    pub at_risk: Part<AtRisk>,
    /// Who bore the loss.
    pub waterfall: Part<Waterfall>,
    /// Execution prices against the mark.
    pub execution: Part<Execution>,
    /// Depth of the market and what was sold into it.
    pub depth: Part<DepthCurve>,
    /// How the outcome moves with feedback and depth.
    pub sensitivity: Part<Sensitivity>,
    /// The cascade, round by round.
    pub rounds: Part<CascadeRounds>,
    /// What was assumed.
    pub assumptions: Vec<Assumption>,
    /// Proof that nothing was lost.
    pub books: Books,
    /// Terms to explain; [`crate::standard_glossary`] has the usual ones.
    pub glossary: Vec<Term>,
    /// Where the data comes from.
    pub provenance: Vec<Provenance>,
}
