//! Input of the page that puts mechanisms side by side.

use serde::{Deserialize, Serialize};

use super::{Assumption, Identity, KeyFigure, Provenance, Term};
use crate::decimal::Decimal;

/// Everything the page of a comparison shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparisonReport {
    /// Title of the page.
    pub title: String,
    /// The question that the comparison answers, as one sentence.
    pub question: String,
    /// A remark printed in a band above all else, such as that the numbers are made up.
    pub notice: Option<String>,
    /// What identifies the comparison. `rulebook` says in words which rulebooks took part, and
    /// `state_hash` is one hash over all runs; each mechanism carries its own besides.
    pub identity: Identity,
    /// Figures of the headline; may be empty.
    pub key_figures: Vec<KeyFigure>,
    /// Unit of `lowest_price`, such as `USD for 1 ETH`.
    pub price_unit: String,
    /// The mechanisms, in the order in which they are shown.
    pub mechanisms: Vec<Mechanism>,
    /// What was assumed.
    pub assumptions: Vec<Assumption>,
    /// Terms to explain; [`crate::standard_glossary`] has the usual ones.
    pub glossary: Vec<Term>,
    /// Where the data comes from.
    pub provenance: Vec<Provenance>,
}

/// One mechanism under the common book and shock.
///
/// A measure that does not exist for it is `None` and prints as a dash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mechanism {
    /// Its name, as short as possible.
    pub name: String,
    /// How it was set up, such as `same thresholds` or `as deployed, with guards`.
    pub variant: String,
    /// Whose liquidation thresholds held, such as `same risk` or `as deployed`; mechanisms that
    /// differ in nothing else share a row of the chart. May be empty.
    pub thresholds: String,
    /// State hash of its run: hexadecimal, at least 16 digits.
    pub state_hash: String,
    /// Bad debt booked, in USD.
    pub bad_debt_booked_usd: Option<Decimal>,
    /// Bad debt of accounts still open at the end, in USD.
    pub bad_debt_open_usd: Option<Decimal>,
    /// What borrowers lost to incentives, impact and cost, in USD.
    pub borrower_loss_usd: Option<Decimal>,
    /// What liquidators gained, in USD.
    pub liquidator_gain_usd: Option<Decimal>,
    /// Lowest mark reached, in the unit of the report's `price_unit`.
    pub lowest_price: Option<Decimal>,
    /// Liquidations carried out.
    pub liquidations: Option<Decimal>,
    /// What of the book the mechanism could not take, or another remark; may be empty.
    pub remark: String,
}
