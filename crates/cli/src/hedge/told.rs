//! What the three kinds of answers have in common.

use crate::figures::grouped;
use breakwater_options::hedging::Policy;
use breakwater_report::{
    AttributedHedge, AttributionBars, Decimal, Drawn, HedgeError, SectionChart, WordColumn,
};
use breakwater_simulate::hedging::Attribution;
use serde_json::{Map, Value, json};

/// A number with so many digits after the point, its thousands grouped, and no sign on a zero.
pub fn shown(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    let is_zero = text.chars().all(|c| matches!(c, '-' | '0' | '.'));
    grouped(if is_zero { text.trim_start_matches('-') } else { &text })
}

/// A number with so many places that four digits of it show.
pub fn fitting(value: f64) -> String {
    let places = match value.abs() {
        size if size >= 1_000.0 => 0,
        size if size >= 10.0 => 2,
        size if size >= 0.1 || size == 0.0 => 4,
        _ => 8,
    };
    shown(value, places)
}

/// A decimal for JSON and CSV.
pub fn plain(value: f64) -> String {
    let text = format!("{value:.12}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Billionths as a decimal.
pub fn nanos(amount: i128) -> String {
    let text = Decimal::from_scaled(amount, 9);
    let text = text.as_str().trim_end_matches('0').trim_end_matches('.');
    if text == "-0" || text.is_empty() { "0".to_owned() } else { text.to_owned() }
}

/// Billionths as a number to look at.
pub fn units(amount: i128) -> f64 {
    amount as f64 / 1e9
}

/// A policy's name and settings, in JSON.
pub fn policy_json(policy: &Policy) -> Map<String, Value> {
    let value = match *policy {
        Policy::Unhedged => json!({}),
        Policy::Interval { seconds } | Policy::Leland { seconds } => json!({"seconds": seconds}),
        Policy::DeltaBand { half_width } => json!({"half_width": plain(half_width)}),
        Policy::WhalleyWilmott { risk_aversion } | Policy::Zakamouline { risk_aversion, .. } => {
            json!({"risk_aversion": plain(risk_aversion)})
        }
    };
    let mut map = Map::new();
    map.insert("policy".to_owned(), json!(policy.name()));
    if let Value::Object(settings) = value {
        map.extend(settings);
    }
    map
}

/// A policy in a few words.
pub fn policy_text(policy: &Policy) -> String {
    match *policy {
        Policy::Unhedged => "unhedged".to_owned(),
        Policy::Interval { seconds } => format!("interval {}", seconds_text(seconds)),
        Policy::Leland { seconds } => format!("leland {}", seconds_text(seconds)),
        Policy::DeltaBand { half_width } => format!("delta band \u{b1}{}", fitting(half_width)),
        Policy::WhalleyWilmott { .. } => "whalley-wilmott".to_owned(),
        Policy::Zakamouline { .. } => "zakamouline".to_owned(),
    }
}

fn seconds_text(seconds: u64) -> String {
    match seconds {
        _ if seconds > 0 && seconds.is_multiple_of(86_400) => format!("{} d", seconds / 86_400),
        _ if seconds > 0 && seconds.is_multiple_of(3_600) => format!("{} h", seconds / 3_600),
        _ if seconds > 0 && seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}

/// Parts and total, in JSON.
pub fn attribution_json(gained: &Attribution) -> Value {
    let parts = gained.parts().map(|(name, part)| (name.to_owned(), json!(nanos(part))));
    let mut map: Map<String, Value> = parts.into_iter().collect();
    map.insert("total".to_owned(), json!(nanos(gained.total())));
    Value::Object(map)
}

/// The chart of profits by their sources; amounts of each are divided by `by`.
pub fn attribution_chart(
    hedges: &[(String, Attribution)],
    by: i128,
    unit: &str,
    caption: &str,
) -> SectionChart {
    let amount = |part: i128| Decimal::from_scaled(part / by.max(1), 9);
    let hedge = |(name, gained): &(String, Attribution)| AttributedHedge {
        name: name.clone(),
        amounts: gained.parts().map(|(_, part)| amount(part)).to_vec(),
        total: amount(gained.total()),
    };
    let drawn = Drawn::Attribution(AttributionBars {
        caption: caption.to_owned(),
        unit: unit.to_owned(),
        sources: Attribution::default().parts().map(|(name, _)| name.to_owned()).to_vec(),
        hedges: hedges.iter().map(hedge).collect(),
    });
    let (name, title) = ("attribution".to_owned(), "Where the profit came from".to_owned());
    SectionChart { name, title, full: true, drawn }
}

/// The chart of error and cost against the width of the band.
pub fn frontier_chart(error: HedgeError) -> SectionChart {
    SectionChart {
        name: "hedge-error".to_owned(),
        title: "Hedge error against the width of the band".to_owned(),
        full: true,
        drawn: Drawn::HedgeError(error),
    }
}

/// Columns: key, name, whether numeric.
pub fn columns(named: &[(&str, &str, bool)]) -> Vec<WordColumn> {
    let column = |(key, name, numeric): &(&str, &str, bool)| WordColumn {
        key: (*key).to_owned(),
        name: (*name).to_owned(),
        numeric: *numeric,
    };
    named.iter().map(column).collect()
}

/// Shares of the positions at which bands are tried.
pub const WIDTHS: [f64; 8] = [0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3];
