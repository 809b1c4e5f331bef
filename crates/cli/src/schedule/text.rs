//! The answer for people.

use super::market::Market;
use super::worked::{Way, Worked};
use crate::figures::{grouped, wrapped};
use crate::screen::Paint;
use breakwater_execution::Slice;
use breakwater_money::decimal;
use std::path::Path;

/// Slices printed before the middle ones are left out.
const SLICES_MOST: usize = 10;

/// Columns of the text.
const WIDTH: usize = 98;

/// A number with so many places, its thousands grouped.
pub fn shown(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    let zero = text.chars().all(|c| matches!(c, '-' | '0' | '.'));
    grouped(if zero { text.trim_start_matches('-') } else { &text })
}

/// Money: cents where it is small enough to matter.
pub fn money(value: f64) -> String {
    shown(value, if value.abs() < 1e7 { 2 } else { 0 })
}

/// A time after the start, to the second.
pub fn clock(nanos: u64) -> String {
    let seconds = nanos / 1_000_000_000;
    let (days, left) = (seconds / 86_400, seconds % 86_400);
    let time = format!("{:02}:{:02}:{:02}", left / 3_600, left / 60 % 60, left % 60);
    if days > 0 { format!("{days}d {time}") } else { time }
}

/// Everything, in some thirty lines.
pub fn told(market: &Market, worked: &Worked, page: Option<&Path>, paint: Paint) -> String {
    let mut text = format!("{}\n\n", paint.strong(&heading(market)));
    text.push_str(&ways(market, worked, paint));
    text.push('\n');
    for (name, figure) in facts(market, worked) {
        for (index, line) in wrapped(&figure, WIDTH - 36).iter().enumerate() {
            let name = if index == 0 { name.as_str() } else { "" };
            text.push_str(&format!("  {name:<34}{line}\n"));
        }
    }
    for caution in &worked.cautions {
        text.push_str(&format!("  {} {caution}\n", paint.bad("beware:")));
    }
    text.push('\n');
    text.push_str(&slices(market, worked));
    if let Some(page) = page {
        text.push_str(&format!("\n  report  {}\n", page.display()));
    }
    text
}

/// What is sold, by when, and how.
pub fn heading(market: &Market) -> String {
    let quantity = grouped(&decimal::format_raw(market.base_units, market.decimals));
    let value = money(market.sale.quantity * market.price);
    let price = market.settings.price.as_ref().map_or("", |price| price.text.as_str());
    format!(
        "Sell {quantity} at {price}, worth {value}, within {} days in {} intervals by {}",
        trimmed(market.sale.horizon_days, 4),
        market.sale.intervals,
        market.model.name(),
    )
}

/// A number without the zeros at its end.
pub fn trimmed(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn ways(market: &Market, worked: &Worked, paint: Paint) -> String {
    let at_risk = format!("at risk {}", percent(market.confidence));
    let head = ["", "cost", "bps", "deviation", &at_risk, "done after"];
    let mut text = paint.strong(&row(&head));
    let value = market.sale.quantity * market.price;
    for way in &worked.ways {
        text.push_str(&row(&[
            &way.name,
            &money(way.cost.expected),
            &shown(way.cost.expected_bps(value), 2),
            &money(way.cost.deviation()),
            &money(way.cost.value_at_risk(worked.z)),
            &clock(end_nanos(way)),
        ]));
    }
    text
}

fn row(cells: &[&str; 6]) -> String {
    let [name, cost, bps, deviation, at_risk, done] = cells;
    format!("  {name:<14}{cost:>16}{bps:>12}{deviation:>16}{at_risk:>18}{done:>16}\n")
}

/// When the last trade of a way is made.
pub fn end_nanos(way: &Way) -> u64 {
    let least = 1e-9 * way.proposal.quantity();
    let trades = way.proposal.at_days.iter().zip(&way.proposal.trades);
    let last = trades.filter(|(_, trade)| **trade > least).map(|(at, _)| *at).fold(0.0, f64::max);
    (last * 86_400e9).round() as u64
}

/// A confidence in per cent.
pub fn percent(confidence: f64) -> String {
    format!("{}%", trimmed(confidence * 100.0, 4))
}

/// Lines of name and figure below the table.
pub fn facts(market: &Market, worked: &Worked) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    if let Some(aversion) = worked.risk_aversion {
        let why = if worked.sought { ", which gives the least at risk" } else { "" };
        facts.push(("risk aversion".to_owned(), format!("{aversion:.4e} per unit of money{why}")));
    }
    if let Some(days) = worked.half_life_days {
        let nanos = (days * 86_400e9).min(1e18) as u64;
        facts.push(("half-life of the holdings".to_owned(), clock(nanos)));
    }
    if let Some(linear) = &market.linear {
        let figures = format!(
            "{:.4e} temporary, {:.4e} permanent, {} volatility",
            linear.temporary,
            linear.permanent,
            trimmed(linear.volatility, 6)
        );
        facts.push(("impact".to_owned(), figures));
        facts.push(("".to_owned(), market.source.clone()));
    }
    if let Some(depth) = &market.depth {
        let exponent = format!(
            "{:.3} ({:.3} to {:.3}) over {} quantities, {:.1}% explained",
            depth.exponent.point,
            depth.exponent.low,
            depth.exponent.high,
            depth.exponent.samples,
            depth.r_squared * 100.0
        );
        facts.push(("power of the ladder's impact".to_owned(), exponent));
    }
    facts.extend(worked.facts.iter().cloned());
    facts
}

fn slices(market: &Market, worked: &Worked) -> String {
    let all = &worked.schedule.slices;
    let line = |slice: &Slice| {
        let quantity = grouped(&decimal::format_raw(slice.quantity, market.decimals));
        format!("  {:<16}{quantity:>24}\n", clock(slice.after_nanos))
    };
    let mut text = format!("  {:<16}{:>24}\n", "after", "sell");
    if all.len() <= SLICES_MOST {
        all.iter().for_each(|slice| text.push_str(&line(slice)));
        return text;
    }
    let ends = SLICES_MOST / 2 - 1;
    all.iter().take(ends).for_each(|slice| text.push_str(&line(slice)));
    text.push_str(&format!("  ... {} more; --json or --out has them all\n", all.len() - 2 * ends));
    all.iter().skip(all.len() - ends).for_each(|slice| text.push_str(&line(slice)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_numbers_are_printed_as_people_write_them() {
        assert_eq!(clock(0), "00:00:00");
        assert_eq!(clock(93_784_000_000_000), "1d 02:03:04");
        assert_eq!(
            (shown(-0.001, 2), shown(1_234.5, 1)),
            ("0.00".to_owned(), "1,234.5".to_owned())
        );
        assert_eq!(
            (trimmed(5.0, 4), trimmed(0.25, 4), percent(0.95)),
            ("5".into(), "0.25".into(), "95%".into())
        );
        assert_eq!((trimmed(100.0, 0), money(1e8)), ("100".to_owned(), "100,000,000".to_owned()));
    }
}
