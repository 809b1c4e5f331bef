//! Input of the page that puts curves of liquidations at risk side by side.

use serde::{Deserialize, Serialize};

use super::{Assumption, AtRisk, Identity, KeyFigure, Provenance, Term};

/// Everything the page of liquidations at risk shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RiskCurvesReport {
    /// Title of the page.
    pub title: String,
    /// The question that the curves answer, as one sentence.
    pub question: String,
    /// A remark printed in a band above all else.
    pub notice: Option<String>,
    /// What identifies the book and the fall. `state_hash` is one hash over all curves.
    pub identity: Identity,
    /// Figures of the headline; may be empty.
    pub key_figures: Vec<KeyFigure>,
    /// One curve a rulebook, in the order in which they are shown.
    pub curves: Vec<RiskCurve>,
    /// What was assumed, and what of the book was mapped.
    pub assumptions: Vec<Assumption>,
    /// Terms to explain; [`crate::standard_glossary`] has the usual ones.
    pub glossary: Vec<Term>,
    /// Where the data comes from.
    pub provenance: Vec<Provenance>,
}

/// One rulebook's curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RiskCurve {
    /// The rulebook, as short as possible, with whose thresholds hold.
    pub name: String,
    /// The curve.
    pub curve: AtRisk,
}
