//! Tables of the page, which are the CSV files as well.

use super::json::plain;
use super::market::Market;
use super::text::{clock, end_nanos, money, percent, shown};
use super::worked::Worked;
use breakwater_money::decimal;
use breakwater_report::{WordColumn, WordTable};

fn column(key: &str, name: &str, numeric: bool) -> WordColumn {
    WordColumn { key: key.to_owned(), name: name.to_owned(), numeric }
}

/// One row a slice.
pub fn slices(market: &Market, worked: &Worked) -> WordTable {
    let mut left = market.base_units;
    let rows = worked.schedule.slices.iter().map(|slice| {
        left = left.saturating_sub(slice.quantity);
        vec![
            clock(slice.after_nanos),
            slice.after_nanos.to_string(),
            decimal::format_raw(slice.quantity, market.decimals),
            decimal::format_raw(left, market.decimals),
        ]
    });
    WordTable {
        caption: "What is sold when".to_owned(),
        rows: rows.collect(),
        columns: vec![
            column("after", "After", false),
            column("after_nanos", "After, nanoseconds", true),
            column("quantity", "Sell", true),
            column("left", "Left", true),
        ],
    }
}

/// One row a point.
pub fn frontier(worked: &Worked) -> WordTable {
    let row = |point: &breakwater_execution::models::FrontierPoint| {
        vec![plain(point.risk_aversion), plain(point.expected), plain(point.deviation)]
    };
    WordTable {
        caption: "The frontier".to_owned(),
        rows: worked.frontier.iter().map(row).collect(),
        columns: vec![
            column("risk_aversion_per_money", "Risk aversion, per unit of money", true),
            column("expected_money", "Expected cost", true),
            column("deviation_money", "Deviation", true),
        ],
    }
}

/// One row a way to sell.
pub fn ways(market: &Market, worked: &Worked) -> WordTable {
    let value = market.sale.quantity * market.price;
    let rows = worked.ways.iter().map(|way| {
        vec![
            way.name.clone(),
            money(way.cost.expected),
            shown(way.cost.expected_bps(value), 2),
            money(way.cost.deviation()),
            money(way.cost.value_at_risk(worked.z)),
            clock(end_nanos(way)),
        ]
    });
    WordTable {
        caption: "Ways to sell, priced by the same model".to_owned(),
        rows: rows.collect(),
        columns: vec![
            column("way", "Way", false),
            column("expected", "Expected cost", false),
            column("expected_bps", "Basis points", false),
            column("deviation", "Deviation", false),
            column("at_risk", &format!("At risk, {}", percent(market.confidence)), false),
            column("done_after", "Done after", false),
        ],
    }
}
