//! Input of a page whose sections are told by the caller: charts of any kind, and tables.

use serde::{Deserialize, Serialize};

use super::{
    Assumption, AttributionBars, Books, Execution, Fan, Front, Frontier, Happening, HeatMap,
    HedgeError, Holdings, Identity, KeyFigure, LotBids, LotPath, PricePath, Proceeds, Provenance,
    Sensitivity, Slices, Term, Timelines, Waterfall,
};
use crate::decimal::Decimal;

/// Everything such a page shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SectionsReport {
    /// What kind of page it is, in a few words above the title.
    pub kind: String,
    /// Title of the page.
    pub title: String,
    /// The question that it answers, as one sentence.
    pub question: String,
    /// A remark printed in a band above all else.
    pub notice: Option<String>,
    /// What identifies the run, or all of them together.
    pub identity: Identity,
    /// Figures of the headline; may be empty.
    pub key_figures: Vec<KeyFigure>,
    /// Rows of the table "what happened", in order of time; may be empty.
    pub happenings: Vec<Happening>,
    /// Its sections, in order.
    pub sections: Vec<Section>,
    /// What was assumed.
    pub assumptions: Vec<Assumption>,
    /// Proof that nothing was lost; none where several runs are told, each with its own.
    pub books: Option<Books>,
    /// Terms to explain.
    pub glossary: Vec<Term>,
    /// Where the data comes from.
    pub provenance: Vec<Provenance>,
}

/// A heading with charts and tables beneath.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// The heading.
    pub title: String,
    /// A paragraph under it; may be empty.
    pub text: String,
    /// Charts, two to a row unless they are full.
    pub charts: Vec<SectionChart>,
    /// Tables beneath the charts.
    pub tables: Vec<WordTable>,
}

/// A chart of a section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SectionChart {
    /// Name fit for an address, once on the page.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Whether it takes the page's whole measure.
    pub full: bool,
    /// What is drawn.
    pub drawn: Drawn,
}

/// What a chart of a section draws.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drawn {
    /// A price over simulated time, and the liquidations along it.
    Price(PricePath),
    /// A loss and who bore it.
    Waterfall(Waterfall),
    /// Execution prices against the mark.
    Execution(Execution),
    /// Measures side by side.
    Bars(Bars),
    /// The market's price, and the lots opened along it.
    Lots(LotPath),
    /// One lot's auction.
    Bids(LotBids),
    /// What lots fetched against their value.
    Proceeds(Proceeds),
    /// An order's slices against the mid.
    Slices(Slices),
    /// Expected cost against its deviation.
    Frontier(Frontier),
    /// What is still held over time.
    Holdings(Holdings),
    /// How far a hedge misses against the width of its band.
    HedgeError(HedgeError),
    /// Profit of hedges by its sources.
    Attribution(AttributionBars),
    /// What several things went through over time.
    Timelines(Timelines),
    /// Quantiles of a price over time.
    Fan(Fan),
    /// Values over two axes, as shades.
    Heat(HeatMap),
    /// Choices by two aims, and those that nothing beats.
    Front(Front),
    /// Measures against two settings.
    Sensitivity(Sensitivity),
}

/// The same measures of several things: one small bar chart a measure, all in one order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bars {
    /// One or two sentences on how to read them.
    pub caption: String,
    /// Names of the things, as short as possible.
    pub rows: Vec<String>,
    /// What is measured.
    pub measures: Vec<BarMeasure>,
}

/// One measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BarMeasure {
    /// What it is.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// One value a row, zero or more; `None` prints as a dash.
    pub values: Vec<Option<Decimal>>,
}

/// A table whose cells are printed as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordTable {
    /// What it holds, in a few words.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<WordColumn>,
    /// One cell a column.
    pub rows: Vec<Vec<String>>,
}

/// One column of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordColumn {
    /// Name in CSV, snake case with its unit.
    pub key: String,
    /// Name on the page.
    pub name: String,
    /// Whether its cells are exact numbers, aligned as such.
    pub numeric: bool,
}
