//! The page whose sections are told by the caller.

use askama::Template;

use super::{Common, Figure, MOST_ROWS, Sheet, Verdicts, rulebook, seed, status, tiles};
use crate::canvas::Layout;
use crate::charts::Chart;
use crate::check;
use crate::error::ReportError;
use crate::input::{Drawn, Happening, SectionChart, SectionsReport};
use crate::number::grouped;
use crate::palette;
use crate::spreadsheet::word_table;

/// A section ready to print.
struct Part<'a> {
    id: String,
    title: &'a str,
    text: &'a str,
    figures: Vec<Figure>,
    tables: Vec<(&'a str, Sheet)>,
}

/// What the page says of the books, if it says anything.
struct Proof<'a> {
    verdicts: Verdicts,
    rows: Vec<[String; 4]>,
    replay_hash: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "sections.html")]
struct SectionsPage<'a> {
    common: Common<'a>,
    kind: &'a str,
    happenings: &'a [Happening],
    parts: Vec<Part<'a>>,
    proof: Option<Proof<'a>>,
}

/// A page of charts and tables in sections: complete in itself, the same bytes for the same input.
///
/// # Errors
/// The error that names the field if a value cannot be drawn, a row has another number of cells than
/// its table has columns, or a name that every chart prints is missing.
pub fn render_sections(report: &SectionsReport) -> Result<String, ReportError> {
    check::identity(&report.identity)?;
    let parts = report.sections.iter().enumerate().map(|(number, section)| {
        let figure = |chart: &SectionChart| figure(chart, report);
        Ok(Part {
            id: format!("section-{}", number + 1),
            title: &section.title,
            text: &section.text,
            figures: section.charts.iter().map(figure).collect::<Result<_, _>>()?,
            tables: section
                .tables
                .iter()
                .map(|table| {
                    Ok((table.caption.as_str(), Sheet::of(&word_table(table)?, MOST_ROWS)))
                })
                .collect::<Result<_, ReportError>>()?,
        })
    });
    let page = SectionsPage {
        common: Common {
            title: &report.title,
            question: &report.question,
            notice: report.notice.as_deref(),
            identity: &report.identity,
            seed: seed(&report.identity),
            rulebook: rulebook(&report.identity),
            tiles: tiles(&report.key_figures),
            assumptions: &report.assumptions,
            glossary: &report.glossary,
            provenance: &report.provenance,
            chart_style: palette::style(),
        },
        kind: &report.kind,
        happenings: &report.happenings,
        parts: parts.collect::<Result<_, ReportError>>()?,
        proof: proof(report)?,
    };
    Ok(page.render()?)
}

fn figure(chart: &SectionChart, report: &SectionsReport) -> Result<Figure, ReportError> {
    let drawn: &dyn Chart = match &chart.drawn {
        Drawn::Price(price) => price,
        Drawn::Waterfall(waterfall) => waterfall,
        Drawn::Execution(execution) => execution,
        Drawn::Bars(bars) => bars,
        Drawn::Lots(lots) => lots,
        Drawn::Bids(bids) => bids,
        Drawn::Proceeds(proceeds) => proceeds,
        Drawn::Slices(slices) => slices,
        Drawn::Frontier(frontier) => frontier,
        Drawn::Holdings(holdings) => holdings,
        Drawn::HedgeError(error) => error,
        Drawn::Attribution(bars) => bars,
        Drawn::Timelines(lanes) => lanes,
        Drawn::Fan(fan) => fan,
        Drawn::Heat(map) => map,
        Drawn::Front(front) => front,
        Drawn::Sensitivity(sensitivity) => sensitivity,
    };
    let layout = if chart.full { Layout::Full } else { Layout::Half };
    let drawn = drawn.empty().map_or(Ok(drawn), Err);
    Figure::of(drawn, &chart.name, &chart.title, layout, &report.identity)
}

fn proof(report: &SectionsReport) -> Result<Option<Proof<'_>>, ReportError> {
    let Some(books) = &report.books else { return Ok(None) };
    if let Some(hash) = &books.replay_hash {
        check::hash(hash, || "books.replay_hash".to_owned())?;
    }
    let rows = books.trial_balance.iter().map(|row| {
        let [debits, credits, difference] =
            [&row.debits, &row.credits, &row.difference].map(|amount| grouped(amount.as_str()));
        [row.asset.clone(), debits, credits, difference]
    });
    Ok(Some(Proof {
        verdicts: Verdicts::of(books, &report.identity),
        rows: rows.collect(),
        replay_hash: books.replay_hash.as_deref(),
    }))
}
