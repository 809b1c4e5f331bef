//! The page: the same figures as the text, with charts.

use super::market::Market;
use super::text::{facts, heading, money, percent, shown};
use super::worked::{Way, Worked};
use super::{json, table};
use breakwater_report::{
    Assumption, Drawn, Frontier, FrontierMark, Holdings, HoldingsLine, Identity, KeyFigure,
    Section, SectionChart, SectionsReport, Status, Term,
};

/// The report.
pub fn report(market: &Market, worked: &Worked, hash: String) -> SectionsReport {
    let charts = vec![
        chart("frontier", "What certainty costs", Drawn::Frontier(frontier(worked))),
        chart("holdings", "What is still held", Drawn::Holdings(holdings(worked))),
    ];
    let sections = vec![
        section("Ways to sell", SIDE_BY_SIDE, charts, vec![table::ways(market, worked)]),
        section("The schedule", WHOLE, Vec::new(), vec![table::slices(market, worked)]),
    ];
    SectionsReport {
        kind: "Schedule of a sale".to_owned(),
        title: heading(market),
        question: "When to sell how much, what it is expected to cost, and how sure that is?"
            .to_owned(),
        notice: (!worked.cautions.is_empty()).then(|| worked.cautions.join("; ")),
        identity: Identity {
            scenario: "a sale from the command line".to_owned(),
            shock: "none".to_owned(),
            seed: None,
            rulebook: format!("impact by {}", market.model.name()),
            policies: Vec::new(),
            state_hash: hash,
        },
        key_figures: key_figures(market, worked),
        happenings: Vec::new(),
        sections,
        assumptions: assumptions(market, worked),
        books: None,
        glossary: glossary(),
        provenance: Vec::new(),
    }
}

const SIDE_BY_SIDE: &str = "Every way is priced by the model that was asked for. Cost is against \
    selling all at the price of the start.";

const WHOLE: &str = "Whole lots by largest remainder; what makes no lot goes with the last slice.";

fn section(
    title: &str,
    text: &str,
    charts: Vec<SectionChart>,
    tables: Vec<breakwater_report::WordTable>,
) -> Section {
    Section { title: title.to_owned(), text: text.to_owned(), charts, tables }
}

fn chart(name: &str, title: &str, drawn: Drawn) -> SectionChart {
    SectionChart { name: name.to_owned(), title: title.to_owned(), full: false, drawn }
}

fn frontier(worked: &Worked) -> Frontier {
    let mark = |(index, way): (usize, &Way)| FrontierMark {
        name: way.name.clone(),
        deviation: way.cost.deviation(),
        expected: way.cost.expected,
        chosen: index == 0,
    };
    let mut points: Vec<(f64, f64)> =
        worked.frontier.iter().map(|point| (point.deviation, point.expected)).collect();
    // Beyond the dearest way the frontier only runs to selling at once.
    let dearest = worked.ways.iter().map(|way| way.cost.expected).fold(f64::MIN, f64::max);
    points.retain(|point| point.1 <= dearest);
    Frontier {
        unit: "money".to_owned(),
        points,
        marks: worked.ways.iter().enumerate().map(mark).collect(),
    }
}

fn holdings(worked: &Worked) -> Holdings {
    let line = |way: &Way| {
        let proposal = &way.proposal;
        let mut points = vec![(0.0, proposal.quantity())];
        let after = proposal.holdings.iter().skip(1);
        points.extend(
            proposal.at_days.iter().zip(after).map(|(at, held)| (at * 24.0, held.max(0.0))),
        );
        HoldingsLine { name: way.name.clone(), points }
    };
    Holdings {
        unit: "units".to_owned(),
        caption: None,
        lines: worked.ways.iter().map(line).collect(),
    }
}

fn key_figures(market: &Market, worked: &Worked) -> Vec<KeyFigure> {
    let Some(first) = worked.ways.first() else { return Vec::new() };
    let figure = |label: &str, value: f64, note: String| KeyFigure {
        label: label.to_owned(),
        value: json::plain((value * 100.0).round() / 100.0),
        unit: "money".to_owned(),
        note,
    };
    let value = market.sale.quantity * market.price;
    let bps = format!("{} bps", shown(first.cost.expected_bps(value), 2));
    let even = worked.ways.iter().find(|way| way.name == "twap");
    let even = |part: fn(&Way) -> f64| {
        even.map_or_else(String::new, |way| format!("{} if sold evenly", money(part(way))))
    };
    let at_risk = first.cost.value_at_risk(worked.z);
    vec![
        figure("expected cost", first.cost.expected, bps),
        figure("standard deviation", first.cost.deviation(), even(|way| way.cost.deviation())),
        figure(&format!("at risk, {}", percent(market.confidence)), at_risk, String::new()),
    ]
}

fn assumptions(market: &Market, worked: &Worked) -> Vec<Assumption> {
    let told = facts(market, worked).into_iter().filter(|(name, _)| !name.is_empty());
    told.map(|(name, value)| Assumption {
        name,
        value,
        status: Status::Derived,
        source: "the settings of the command line".to_owned(),
    })
    .collect()
}

fn glossary() -> Vec<Term> {
    let term =
        |name: &str, meaning: &str| Term { term: name.to_owned(), meaning: meaning.to_owned() };
    vec![
        term("frontier", "The schedules of which none is both cheaper and surer than another."),
        term("at risk", "What the cost does not exceed with the stated confidence."),
        term("twap", "Equal slices at equal times."),
    ]
}
