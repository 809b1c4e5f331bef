//! The page and the tables of a replay.

use super::replay::{NOT_COUNTED, Told, refill_words, side_word};
use breakwater_money::decimal::format_raw;
use breakwater_report::{
    Assumption, Drawn, Identity, Provenance, Section, SectionChart, SectionsReport, SliceMark,
    SliceMid, Slices, Status, WordColumn, WordTable,
};
use breakwater_simulate::real_market::{Cell, unit};

fn column(key: &str, name: &str, numeric: bool) -> WordColumn {
    WordColumn { key: key.to_owned(), name: name.to_owned(), numeric }
}

fn bps(value: Option<f64>) -> String {
    value.map_or(String::new(), |value| format!("{value:.4}"))
}

/// One row a size and way.
pub fn costs(told: &Told<'_>) -> WordTable {
    let row = |cell: &Cell| {
        vec![
            format_raw(cell.size.into(), told.file.quantity_decimals),
            cell.way.name().to_owned(),
            bps(cell.cost_bps.map(|mean| mean.mean)),
            bps(cell.cost_bps.and_then(|mean| mean.error)),
            bps(cell.worst_bps),
            format!("{:.3}", cell.unfilled * 100.0),
            format!("{:.3}", cell.swept * 100.0),
        ]
    };
    WordTable {
        caption: "Cost against the mid at arrival, over all arrivals".to_owned(),
        columns: vec![
            column("size", "Size", true),
            column("strategy", "Strategy", false),
            column("cost_bps", "Cost, bps", true),
            column("standard_error_bps", "Standard error, bps", true),
            column("worst_bps", "Worst price from the mid, bps", true),
            column("unfilled_percent", "Not filled, %", true),
            column("swept_percent", "Left to the last decision, %", true),
        ],
        rows: told.found.cells.iter().map(row).collect(),
    }
}

/// One row a decision that sent something.
pub fn slices(told: &Told<'_>) -> WordTable {
    let (price, quantity) = (told.file.price_decimals, told.file.quantity_decimals);
    let mut rows = Vec::new();
    for cell in &told.found.cells {
        for (arrival, run) in cell.runs.iter().enumerate() {
            for sent in run.sent.iter().filter(|sent| sent.asked > 0) {
                rows.push(vec![
                    format_raw(cell.size.into(), quantity),
                    cell.way.name().to_owned(),
                    (arrival + 1).to_string(),
                    format_raw(sent.after_nanos.into(), 9),
                    format_raw(u128::from(sent.mid_twice) * 5, price + 1),
                    format_raw(sent.asked.into(), quantity),
                    format_raw(sent.filled.into(), quantity),
                    format_raw(sent.value, price + quantity),
                    sent.worst.map_or(String::new(), |worst| format_raw(worst.into(), price)),
                ]);
            }
        }
    }
    let names = [
        ("size", "Size", true),
        ("strategy", "Strategy", false),
        ("arrival", "Arrival", true),
        ("after_s", "After arrival, s", true),
        ("mid", "Mid", true),
        ("asked", "Asked", true),
        ("filled", "Filled", true),
        ("value", "Quantity times price", true),
        ("worst_price", "Worst price", true),
    ];
    let columns = names.map(|(key, name, numeric)| column(key, name, numeric)).to_vec();
    WordTable { caption: "Every slice".to_owned(), columns, rows }
}

/// The first arrival of a cell.
fn drawn(told: &Told<'_>, cell: &Cell) -> Slices {
    // Ink only: exact figures stand in the tables.
    let price = 1.0 / 10u64.pow(u32::from(told.file.price_decimals)) as f64;
    let whole = unit(told.file);
    let sent = cell.runs.first().map_or(&[][..], |run| run.sent.as_slice());
    let mid = |sent: &breakwater_simulate::real_market::Sent| SliceMid {
        at_seconds: sent.after_nanos as f64 / 1e9,
        mid: sent.mid_twice as f64 / 2.0 * price,
    };
    let mark = |sent: &breakwater_simulate::real_market::Sent| {
        Some(SliceMark {
            at_seconds: sent.after_nanos as f64 / 1e9,
            average: (sent.filled > 0).then(|| sent.value as f64 / sent.filled as f64 * price)?,
            worst: sent.worst? as f64 * price,
            quantity: sent.filled as f64 / whole,
        })
    };
    Slices {
        pair: told.file.name.clone(),
        unit: "quote a unit".to_owned(),
        quantity_unit: "units".to_owned(),
        mids: sent.iter().map(mid).collect(),
        slices: sent.iter().filter_map(mark).collect(),
    }
}

/// The page; `hash` is that of the answer.
pub fn report(told: &Told<'_>, hash: &str) -> SectionsReport {
    let (question, found) = (told.question, told.found);
    let largest = question.sizes.iter().max().copied().unwrap_or(0);
    let cells = found.cells.iter().filter(|cell| cell.size == largest);
    let chart = |cell: &Cell| SectionChart {
        name: format!("slices-{}", cell.way.name()),
        title: cell.way.name().to_owned(),
        full: false,
        drawn: Drawn::Slices(drawn(told, cell)),
    };
    let size = format_raw(largest.into(), told.file.quantity_decimals);
    let side = side_word(question.side);
    let horizon = question.step_nanos as f64 * (question.steps - 1) as f64 / 1e9;
    let section = |title: &str, text: &str, charts, tables| Section {
        title: title.to_owned(),
        text: text.to_owned(),
        charts,
        tables,
    };
    let assumption = |name: &str, value: String, source: &str| Assumption {
        name: name.to_owned(),
        value,
        status: Status::Assumed,
        source: source.to_owned(),
    };
    SectionsReport {
        kind: "Report of orders in a recorded market".to_owned(),
        title: format!("Orders worked through {}", told.file.name),
        question: format!("What does it cost to {side} at once, and what in slices?"),
        notice: None,
        identity: Identity {
            scenario: told.file.name.clone(),
            shock: format!("{side} up to {size} over {horizon} s"),
            seed: None,
            rulebook: "none".to_owned(),
            policies: question.ways.iter().map(|way| way.name().to_owned()).collect(),
            state_hash: hash.to_owned(),
        },
        key_figures: Vec::new(),
        happenings: Vec::new(),
        sections: vec![
            section("Costs", NOT_COUNTED, Vec::new(), vec![costs(told)]),
            section(
                "Slices against the mid",
                &format!("The largest size, {size}, at the first arrival."),
                cells.map(chart).collect(),
                Vec::new(),
            ),
        ],
        assumptions: vec![
            assumption("Refilling", refill_words(found.refill), "see docs/real-market.md"),
            assumption("Others", NOT_COUNTED.to_owned(), "a recorded feed cannot answer"),
        ],
        books: None,
        glossary: Vec::new(),
        provenance: vec![Provenance {
            name: "Feed".to_owned(),
            source: told.file.name.clone(),
            licence: "that of the file; the shipped one is MIT".to_owned(),
            hash: String::new(),
        }],
    }
}
