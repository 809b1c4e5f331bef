//! The charts, one file each. A chart checks its input, draws it, and gives the same data as a
//! table; nothing is computed beyond where the ink goes.

use crate::canvas::{Canvas, Layout, Sheet};
use crate::check;
use crate::error::ReportError;
use crate::input::{ComparisonReport, Identity, Part, RunReport};
use crate::table::Table;

mod at_risk;
mod attribution;
mod auctions;
mod bars;
mod bubbles;
mod comparison;
mod depth;
mod execution;
mod fan;
mod front;
mod frontier;
mod health;
mod heat;
mod hedge_error;
mod price;
mod rounds;
mod schedule;
mod sensitivity;
mod slices;
mod timelines;
mod waterfall;

pub(crate) use comparison::table as comparison_table;

/// The charts of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChartKind {
    /// Price over simulated time with liquidations marked.
    Price,
    /// Debt by health factor before, at the trough and after.
    Health,
    /// Debt liquidatable and bad debt against a uniform fall.
    AtRisk,
    /// Who bore the loss.
    Waterfall,
    /// Execution prices against the mark.
    Execution,
    /// Depth of the market and what was sold.
    Depth,
    /// The outcome against feedback and depth.
    Sensitivity,
    /// The cascade round by round.
    Rounds,
}

impl ChartKind {
    /// All charts, in the order of the page.
    pub const ALL: [Self; 8] = [
        Self::Price,
        Self::Health,
        Self::AtRisk,
        Self::Waterfall,
        Self::Rounds,
        Self::Execution,
        Self::Depth,
        Self::Sensitivity,
    ];

    /// A short name fit for a file or an address, such as `at-risk`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Health => "health",
            Self::AtRisk => "at-risk",
            Self::Waterfall => "waterfall",
            Self::Execution => "execution",
            Self::Depth => "depth",
            Self::Sensitivity => "sensitivity",
            Self::Rounds => "rounds",
        }
    }

    /// The heading on the page and in a picture.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Price => "Price and liquidations",
            Self::Health => "Debt by health factor",
            Self::AtRisk => "Liquidations at risk",
            Self::Waterfall => "Where the loss went",
            Self::Execution => "Execution price against the mark",
            Self::Depth => "Depth, and what was sold into it",
            Self::Sensitivity => "Sensitivity to depth and feedback",
            Self::Rounds => "The cascade, round by round",
        }
    }

    pub(crate) fn layout(self) -> Layout {
        match self {
            Self::Price | Self::Execution => Layout::Full,
            _ => Layout::Half,
        }
    }
}

/// What every chart can do.
pub(crate) trait Chart {
    /// Refuses input that cannot be drawn. Must pass before [`Chart::draw`].
    fn check(&self) -> Result<(), ReportError>;
    /// Why an input that passes the check still shows nothing.
    fn empty(&self) -> Option<&'static str>;
    /// One or two sentences on how to read the chart.
    fn caption(&self) -> String;
    /// Draws into the canvas and closes it.
    fn draw(&self, canvas: Canvas<'_>) -> String;
    /// The data drawn.
    fn table(&self) -> Table;
}

/// The input of a chart, or why there is none.
pub(crate) fn part_of(kind: ChartKind, report: &RunReport) -> Result<&dyn Chart, &str> {
    fn given<T: Chart>(part: &Part<T>) -> Result<&dyn Chart, &str> {
        match part {
            Part::Given(chart) => chart.empty().map_or(Ok(chart as &dyn Chart), Err),
            Part::Absent(why) => Err(why),
        }
    }
    match kind {
        ChartKind::Price => given(&report.price),
        ChartKind::Health => given(&report.health),
        ChartKind::AtRisk => given(&report.at_risk),
        ChartKind::Waterfall => given(&report.waterfall),
        ChartKind::Execution => given(&report.execution),
        ChartKind::Depth => given(&report.depth),
        ChartKind::Sensitivity => given(&report.sensitivity),
        ChartKind::Rounds => given(&report.rounds),
    }
}

/// One chart of a run as a self-contained SVG picture, 900 pixels wide: with title, ground and
/// style, light or dark as the reader prefers.
///
/// # Errors
/// [`ReportError::Absent`] if the chart has no data, and the error that names the field if its
/// data cannot be drawn.
pub fn chart_svg(kind: ChartKind, report: &RunReport) -> Result<String, ReportError> {
    check::identity(&report.identity)?;
    let chart = part_of(kind, report)
        .map_err(|why| ReportError::Absent { chart: kind.name(), why: why.to_owned() })?;
    chart.check()?;
    Ok(drawn(chart, kind.title(), Layout::Picture, &report.identity))
}

/// The comparison of mechanisms as a self-contained SVG picture, as [`chart_svg`] makes them.
///
/// # Errors
/// [`ReportError::Absent`] if there are no mechanisms, and the error that names the field if a
/// value cannot be drawn.
pub fn comparison_svg(report: &ComparisonReport) -> Result<String, ReportError> {
    check::identity(&report.identity)?;
    if let Some(why) = report.empty() {
        return Err(ReportError::Absent { chart: "comparison", why: why.to_owned() });
    }
    report.check()?;
    Ok(drawn(report, comparison::TITLE, Layout::Picture, &report.identity))
}

pub(crate) use comparison::TITLE as COMPARISON_TITLE;

/// Draws a chart that has been checked.
pub(crate) fn drawn(chart: &dyn Chart, title: &str, layout: Layout, identity: &Identity) -> String {
    chart.draw(Canvas::new(Sheet { layout, title, identity }))
}
