//! The page that puts ways to deleverage and sizes of the fund side by side.

use super::figures::{exact, millions, overshoot_exact, share_of};
use super::page::{assumptions, decimal, glossary, identity, notice, provenance, waterfall};
use breakwater_money::decimal::format_raw;
use breakwater_report::{
    BarMeasure, Bars, Decimal, Drawn, Section, SectionChart, SectionsReport, WordColumn, WordTable,
};
use breakwater_simulate::perpetuals::runner::{PerpetualOptions, PerpetualRun, SideBySide};
use breakwater_simulate::perpetuals::{PRICE_DECIMALS, PerpetualScenario};

/// The page of a comparison.
pub fn report(
    scenario: &PerpetualScenario,
    options: &PerpetualOptions,
    sides: &SideBySide,
    first: &PerpetualRun,
    changes: &[String],
    combined_hash: &str,
) -> SectionsReport {
    let runs = sides.runs().count();
    SectionsReport {
        kind: "Comparison of ways to deleverage and of insurance funds".to_owned(),
        title: first.title.clone(),
        question: first.question.clone(),
        notice: notice(changes),
        identity: identity(first, &format!("{runs} runs"), combined_hash),
        key_figures: Vec::new(),
        happenings: Vec::new(),
        sections: sections(sides, first),
        assumptions: assumptions(scenario, options),
        books: None,
        glossary: glossary(),
        provenance: provenance(scenario),
    }
}

fn ways(sides: &SideBySide, first: &PerpetualRun) -> Section {
    let text = format!(
        "The same book on the same day, with an insurance fund of {} of the open interest ({} \
         million {}). Only the choice of winners differs.",
        share_of(&first.fund_share),
        millions(first.totals.fund_start),
        first.settle
    );
    let unit = &first.settle;
    let names = sides.ways.iter().map(|run| run.deleveraging.clone()).collect();
    let bars = Bars {
        caption: "Within a measure all bars share one scale from zero. Overshoot is profit of \
                  winners that was closed over what they gave; the largest share is of one winner's \
                  whole profit, at once."
            .to_owned(),
        rows: names,
        measures: vec![
            measure("Notional closed", unit, &sides.ways, |r| value(r.totals.deleveraged_value)),
            measure("Borne by winners", unit, &sides.ways, |r| value(r.totals.bearers.deleveraged)),
            measure("Borne by nobody", unit, &sides.ways, |r| value(r.totals.bearers.outstanding)),
            measure("Overshoot", "times", &sides.ways, |r| {
                overshoot_exact(r).map(|text| decimal(&text))
            }),
            measure("Winners hurt", "accounts", &sides.ways, |r| {
                Some(Decimal::from(r.totals.winners_hurt))
            }),
            measure("Largest haircut, share", "% of a winner's profit", &sides.ways, |r| {
                Some(decimal(&format_raw(r.totals.haircut_share_e6.into(), 4)))
            }),
        ],
    };
    Section {
        title: "Ways to deleverage".to_owned(),
        text,
        charts: vec![chart("ways", "Winners, by how they are chosen", true, Drawn::Bars(bars))],
        tables: vec![table("Exact figures", &sides.ways)],
    }
}

fn sections(sides: &SideBySide, first: &PerpetualRun) -> Vec<Section> {
    let mut sections = vec![ways(sides, first), funds(sides)];
    if !sides.sales.is_empty() {
        sections.push(sales(sides));
    }
    sections
}

/// The planner beside simpler ways to sell.
fn sales(sides: &SideBySide) -> Section {
    let unit = sides.sales.first().map_or("", |run| run.settle.as_str());
    let rows: Vec<String> = sides.sold.iter().map(|name| (*name).to_owned()).collect();
    let percent = |bps: u64| Some(decimal(&format_raw(bps.into(), 2)));
    let cents = |raw| Some(decimal(&format_raw(raw, PRICE_DECIMALS)));
    let bars = Bars {
        caption: "Within a measure all bars share one scale from zero. Pooled sales meet opposite \
                  ones at the mark and share the depth in the order of what is at risk."
            .to_owned(),
        rows,
        measures: vec![
            measure("Sold", unit, &sides.sales, |r| value(r.totals.sold_value)),
            measure("Cost of sale", unit, &sides.sales, |r| value(r.totals.price_impact)),
            measure("Average discount", "%", &sides.sales, |r| percent(r.totals.discount_bps)),
            measure("Losses beyond margin", unit, &sides.sales, |r| value(r.totals.deficit)),
            measure("Left to winners", unit, &sides.sales, |r| value(r.totals.bearers.deleveraged)),
            measure("Lowest sale", unit, &sides.sales, |r| cents(r.totals.sold_low)),
        ],
    };
    let mut exact_figures = table("Exact figures", &sides.sales);
    for (row, name) in exact_figures.rows.iter_mut().zip(&sides.sold) {
        if let Some(way) = row.first_mut() {
            *way = (*name).to_owned();
        }
    }
    Section {
        title: "Ways to sell".to_owned(),
        text: "The same fund and the same choice of winners. Only how an account in breach is sold \
               differs: whole, step by step as the venue does, the least that reaches the target, or \
               planned over the depth that is observed."
            .to_owned(),
        charts: vec![chart("sales", "Ways to sell", true, Drawn::Bars(bars))],
        tables: vec![exact_figures],
    }
}

fn funds(sides: &SideBySide) -> Section {
    let unit = sides.funds.first().map_or("", |run| run.settle.as_str());
    let way = sides.funds.first().map_or("", |run| run.deleveraging.as_str());
    let bars = Bars {
        caption:
            "The larger the fund, the more it stands behind: it sells what would otherwise be \
                  closed against winners at the mark, and loses by the price of those sales."
                .to_owned(),
        rows: sides.funds.iter().map(|run| share_of(&run.fund_share)).collect(),
        measures: vec![
            measure("Fund at the end", unit, &sides.funds, |r| value(r.totals.fund_end)),
            measure("Borne by the fund", unit, &sides.funds, |r| value(r.totals.bearers.insurance)),
            measure("Left to winners", unit, &sides.funds, |r| value(r.totals.bearers.deleveraged)),
            measure("Losses beyond margin", unit, &sides.funds, |r| value(r.totals.deficit)),
            measure("Winners hurt", "accounts", &sides.funds, |r| {
                Some(Decimal::from(r.totals.winners_hurt))
            }),
            measure("Price impact", unit, &sides.funds, |r| value(r.totals.price_impact)),
        ],
    };
    let mut charts = vec![chart("funds", "Insurance funds", true, Drawn::Bars(bars))];
    let ends = [sides.funds.first(), sides.funds.last()];
    for (number, run) in ends.into_iter().flatten().enumerate() {
        let title = format!("Who bore the losses, fund {}", share_of(&run.fund_share));
        let drawn = Drawn::Waterfall(waterfall(run));
        charts.push(chart(&format!("waterfall-{}", number + 1), &title, false, drawn));
    }
    Section {
        title: "Sizes of the insurance fund".to_owned(),
        text: format!(
            "The fund at the start as a share of the open interest's value; winners are chosen by \
             {way}."
        ),
        charts,
        tables: vec![table("Exact figures", &sides.funds)],
    }
}

fn chart(name: &str, title: &str, full: bool, drawn: Drawn) -> SectionChart {
    SectionChart { name: name.to_owned(), title: title.to_owned(), full, drawn }
}

fn value(raw: u128) -> Option<Decimal> {
    Some(decimal(&exact(raw)))
}

fn measure(
    name: &str,
    unit: &str,
    runs: &[PerpetualRun],
    value: impl Fn(&PerpetualRun) -> Option<Decimal>,
) -> BarMeasure {
    BarMeasure {
        name: name.to_owned(),
        unit: unit.to_owned(),
        values: runs.iter().map(value).collect(),
    }
}

/// A column: its key, its name, and what it prints of a run.
type Told = (&'static str, &'static str, fn(&PerpetualRun) -> String);

const COLUMNS: [Told; 16] = [
    ("fund_start", "Fund, start", |r| exact(r.totals.fund_start)),
    ("fund_end", "Fund, end", |r| exact(r.totals.fund_end)),
    ("losses", "Losses beyond margin", |r| exact(r.totals.deficit)),
    ("insurance", "Borne by the fund", |r| exact(r.totals.bearers.insurance)),
    ("deleveraged", "Borne by winners", |r| exact(r.totals.bearers.deleveraged)),
    ("outstanding", "Borne by nobody", |r| exact(r.totals.bearers.outstanding)),
    ("notional_closed", "Notional closed", |r| exact(r.totals.deleveraged_value)),
    ("waves", "Bankrupt accounts", |r| r.totals.waves.to_string()),
    ("winners_hurt", "Winners hurt", |r| r.totals.winners_hurt.to_string()),
    ("closes", "Times closed", |r| r.totals.closes.to_string()),
    ("closed_profit", "Profit closed", |r| exact(r.totals.closed_profit)),
    ("overshoot", "Overshoot", |r| overshoot_exact(r).unwrap_or_default()),
    ("haircut_most", "Largest haircut", |r| exact(r.totals.haircut_most)),
    ("haircut_share_most", "Largest share", |r| format_raw(r.totals.haircut_share_e6.into(), 6)),
    ("haircut_sum_most", "Most by one winner", |r| exact(r.totals.haircut_sum_most)),
    ("discount_bps", "Average discount, bps", |r| r.totals.discount_bps.to_string()),
];

fn table(caption: &str, runs: &[PerpetualRun]) -> WordTable {
    let column = |key: &str, name: &str, numeric| WordColumn {
        key: key.to_owned(),
        name: name.to_owned(),
        numeric,
    };
    let mut columns = vec![column("way", "Way", false), column("fund", "Fund", false)];
    columns.extend(COLUMNS.iter().map(|(key, name, _)| column(key, name, true)));
    columns.push(column("state_hash", "State hash", false));
    let row = |run: &PerpetualRun| {
        let mut row = vec![run.deleveraging.clone(), share_of(&run.fund_share)];
        row.extend(COLUMNS.iter().map(|(_, _, told)| told(run)));
        row.push(run.state_hash.chars().take(16).collect());
        row
    };
    WordTable { caption: caption.to_owned(), columns, rows: runs.iter().map(row).collect() }
}
