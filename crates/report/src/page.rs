//! The pages: one HTML file each, from templates that only place what is handed to them.

use askama::Template;

use crate::canvas::Layout;
use crate::charts::{COMPARISON_TITLE, Chart, ChartKind, comparison_table, drawn, part_of};
use crate::check;
use crate::decimal::Decimal;
use crate::error::ReportError;
use crate::input::{
    Assumption, BalanceRow, Books, ComparisonReport, Identity, KeyFigure, Liquidation, Provenance,
    RiskCurve, RiskCurvesReport, RunReport, Status, Term,
};
use crate::number::{figure as short, grouped};
use crate::palette;
use crate::spreadsheet::liquidations_table;
use crate::table::{Table, Value};

mod sections;

pub use sections::render_sections;

/// Rows of a data table that the page shows; CSV has them all.
const MOST_ROWS: usize = 100;

/// How many of the largest liquidations are told in full.
const LARGEST: usize = 3;

/// Columns of the table of liquidations on the page; CSV has them all.
const LIQUIDATION_COLUMNS: [&str; 10] = [
    "at",
    "round",
    "account",
    "debt_repaid_usd",
    "collateral_asset",
    "collateral_seized",
    "discount_bps",
    "health_before",
    "health_after",
    "deficit_usd",
];

/// A headline figure ready to print.
struct Tile<'a> {
    label: &'a str,
    value: String,
    unit: &'a str,
    /// The exact value, if the tile shows it shortened.
    exact: Option<String>,
    note: &'a str,
}

/// A table ready to print.
struct Sheet {
    head: Vec<(String, bool)>,
    rows: Vec<Vec<(String, bool)>>,
    total: usize,
}

impl Sheet {
    fn of(table: &Table, most: usize) -> Self {
        let cell =
            |(value, column): (&Value, &crate::table::Column)| (value.shown(), column.numeric);
        let row = |row: &Vec<Value>| row.iter().zip(&table.columns).map(cell).collect();
        Self {
            head: table.columns.iter().map(|c| (c.name.clone(), c.numeric)).collect(),
            rows: table.rows.iter().take(most).map(row).collect(),
            total: table.rows.len(),
        }
    }

    fn count(&self) -> String {
        let total = grouped(&self.total.to_string());
        let rows = if self.total == 1 { "row" } else { "rows" };
        if self.rows.len() < self.total {
            format!("first {} of {total} {rows}", self.rows.len())
        } else {
            format!("{total} {rows}")
        }
    }
}

/// A chart ready to print, or the reason why there is none.
struct Figure {
    name: String,
    title: String,
    full: bool,
    content: Result<Drawing, String>,
}

struct Drawing {
    caption: String,
    wide: String,
    phone: String,
    data: Option<Sheet>,
}

impl Figure {
    fn of(
        chart: Result<&dyn Chart, &str>,
        name: &str,
        title: &str,
        layout: Layout,
        identity: &Identity,
    ) -> Result<Self, ReportError> {
        let content = match chart {
            Ok(chart) => {
                chart.check()?;
                Ok(Drawing {
                    caption: chart.caption(),
                    wide: drawn(chart, title, layout, identity),
                    phone: drawn(chart, title, Layout::Phone, identity),
                    data: Some(Sheet::of(&chart.table(), MOST_ROWS)),
                })
            }
            Err(why) => Err(why.to_owned()),
        };
        let (name, title) = (name.to_owned(), title.to_owned());
        Ok(Self { name, title, full: layout == Layout::Full, content })
    }
}

/// What the page says about the books.
struct Verdicts {
    /// "yes", "no", or why it is not known.
    balance: &'static str,
    balance_class: &'static str,
    replay: &'static str,
    replay_class: &'static str,
}

impl Verdicts {
    fn of(books: &Books, identity: &Identity) -> Self {
        let rows = &books.trial_balance;
        let (balance, balance_class) = if rows.is_empty() {
            ("no trial balance given", "open")
        } else if rows.iter().all(balances) {
            ("yes", "good")
        } else {
            ("no", "bad")
        };
        let (replay, replay_class) = match &books.replay_hash {
            None => ("not replayed", "open"),
            Some(hash) if hash.eq_ignore_ascii_case(&identity.state_hash) => ("yes", "good"),
            Some(_) => ("no", "bad"),
        };
        Self { balance, balance_class, replay, replay_class }
    }
}

/// Whether a row says nothing against a balance, neither in its sides nor in its difference.
fn balances(row: &BalanceRow) -> bool {
    row.difference.is_zero() && row.debits.same_value(&row.credits)
}

/// A liquidation told in full.
struct Told<'a> {
    row: &'a Liquidation,
    facts: Vec<(&'static str, String)>,
}

/// What both pages share.
struct Common<'a> {
    title: &'a str,
    question: &'a str,
    notice: Option<&'a str>,
    identity: &'a Identity,
    seed: String,
    rulebook: String,
    tiles: Vec<Tile<'a>>,
    assumptions: &'a [Assumption],
    glossary: &'a [Term],
    provenance: &'a [Provenance],
    chart_style: String,
}

#[derive(Template)]
#[template(path = "run.html")]
struct RunPage<'a> {
    common: Common<'a>,
    report: &'a RunReport,
    figures: Vec<Figure>,
    largest: Vec<Told<'a>>,
    liquidations: Sheet,
    verdicts: Verdicts,
}

#[derive(Template)]
#[template(path = "comparison.html")]
struct ComparisonPage<'a> {
    common: Common<'a>,
    figures: Vec<Figure>,
    mechanisms: Sheet,
}

/// The page of one run, `report.html`: complete in itself, the same bytes for the same input.
///
/// # Errors
/// The error that names the field if a value cannot be drawn or a name that every chart prints is
/// missing. Data that is absent is no error: the page says why it is absent.
pub fn render_run(report: &RunReport) -> Result<String, ReportError> {
    check::identity(&report.identity)?;
    if let Some(hash) = &report.books.replay_hash {
        check::hash(hash, || "books.replay_hash".to_owned())?;
    }
    let figure = |kind: ChartKind| {
        let chart = part_of(kind, report);
        Figure::of(chart, kind.name(), kind.title(), kind.layout(), &report.identity)
    };
    let page = RunPage {
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
        report,
        figures: ChartKind::ALL.into_iter().map(figure).collect::<Result<_, _>>()?,
        largest: largest(&report.liquidations),
        liquidations: Sheet::of(&narrowed(liquidations_table(&report.liquidations)), MOST_ROWS),
        verdicts: Verdicts::of(&report.books, &report.identity),
    };
    Ok(page.render()?)
}

/// The page of a comparison, `compare.html`: complete in itself, the same bytes for the same
/// input.
///
/// # Errors
/// As for [`render_run`].
pub fn render_comparison(report: &ComparisonReport) -> Result<String, ReportError> {
    check::identity(&report.identity)?;
    let chart: Result<&dyn Chart, &str> = report.empty().map_or(Ok(report), Err);
    let layout = Layout::Full;
    let mut figure = Figure::of(chart, "comparison", COMPARISON_TITLE, layout, &report.identity)?;
    if let Ok(drawing) = &mut figure.content {
        // The page prints the whole table below, so the chart does not fold out a second one.
        drawing.data = None;
    }
    let page = ComparisonPage {
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
        figures: vec![figure],
        mechanisms: Sheet::of(&with_short_hashes(comparison_table(report)), usize::MAX),
    };
    Ok(page.render()?)
}

#[derive(Template)]
#[template(path = "risk_curves.html")]
struct RiskCurvesPage<'a> {
    common: Common<'a>,
    figures: Vec<Figure>,
}

/// The page of liquidations at risk, `at-risk.html`: complete in itself, the same bytes for the
/// same input.
///
/// # Errors
/// As for [`render_run`].
pub fn render_risk_curves(report: &RiskCurvesReport) -> Result<String, ReportError> {
    check::identity(&report.identity)?;
    let figure = |(number, curve): (usize, &RiskCurve)| {
        let chart: Result<&dyn Chart, &str> = curve.curve.empty().map_or(Ok(&curve.curve), Err);
        let name = format!("curve-{}", number + 1);
        Figure::of(chart, &name, &curve.name, Layout::Half, &report.identity)
    };
    let page = RiskCurvesPage {
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
        figures: report.curves.iter().enumerate().map(figure).collect::<Result<_, _>>()?,
    };
    Ok(page.render()?)
}

fn seed(identity: &Identity) -> String {
    identity.seed.map_or_else(|| "none drawn".to_owned(), |seed| seed.to_string())
}

fn rulebook(identity: &Identity) -> String {
    if identity.policies.is_empty() {
        identity.rulebook.clone()
    } else {
        format!("{} with {}", identity.rulebook, identity.policies.join(", "))
    }
}

fn tiles(figures: &[KeyFigure]) -> Vec<Tile<'_>> {
    fn tile(figure: &KeyFigure) -> Tile<'_> {
        let KeyFigure { label, value, unit, note } = figure;
        let full = grouped(value);
        let shown = Decimal::parse(value).map_or_else(|_| full.clone(), |value| short(&value));
        let exact = (shown != full).then_some(full);
        Tile { label, value: shown, unit, exact, note }
    }
    figures.iter().map(tile).collect()
}

/// The liquidations with the most debt repaid, largest first, earlier ones first among equals.
fn largest(rows: &[Liquidation]) -> Vec<Told<'_>> {
    let mut order: Vec<&Liquidation> = rows.iter().collect();
    order.sort_by(|a, b| {
        let size = |row: &Liquidation| row.debt_repaid_usd.axis();
        size(b).total_cmp(&size(a)).then(a.sequence.cmp(&b.sequence))
    });
    order.into_iter().take(LARGEST).map(told).collect()
}

fn told(row: &Liquidation) -> Told<'_> {
    let amount = |value: &Decimal, asset: &str| format!("{} {asset}", grouped(value.as_str()));
    let mut facts = vec![
        ("Debt repaid", amount(&row.debt_repaid, &row.debt_asset)),
        ("Collateral seized", amount(&row.collateral_seized, &row.collateral_asset)),
    ];
    let mut known = |name, value: &Option<Decimal>, unit: &str| {
        if let Some(value) = value {
            facts.push((name, amount(value, unit).trim_end().to_owned()));
        }
    };
    known("Mark", &row.mark_usd, "USD");
    known("Average price", &row.average_price_usd, "USD");
    known("Discount", &row.discount_bps, "bps");
    known("Health before", &row.health_before, "");
    known("Health after", &row.health_after, "");
    known("Liquidator\u{2019}s gain", &row.liquidator_gain_usd, "USD");
    facts.push(("Deficit", amount(&row.deficit_usd, "USD")));
    Told { row, facts }
}

/// Keeps the columns that fit a page.
fn narrowed(table: Table) -> Table {
    let keep: Vec<usize> = LIQUIDATION_COLUMNS
        .iter()
        .filter_map(|key| table.columns.iter().position(|column| column.key == *key))
        .collect();
    let columns = keep.iter().map(|index| table.columns[*index].clone()).collect();
    let row = |row: Vec<Value>| keep.iter().map(|index| row[*index].clone()).collect();
    Table { columns, rows: table.rows.into_iter().map(row).collect() }
}

/// Cuts the hashes in the last column to the length that charts print; CSV has them whole.
fn with_short_hashes(mut table: Table) -> Table {
    for row in &mut table.rows {
        if let Some(Value::Text(hash)) = row.last_mut() {
            *hash = hash.chars().take(16).collect();
        }
    }
    table
}

/// Word and class of a status; templates call it.
fn status(status: &Status) -> &'static str {
    match status {
        Status::Sourced => "sourced",
        Status::Derived => "derived",
        Status::Assumed => "assumed",
        Status::Unverified => "unverified",
    }
}
