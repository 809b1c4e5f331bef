//! What is told of contracts as text.

use super::{check, events};
use breakwater_agreement::contracts::Event;
use std::fmt::Write;

/// The most differences of one contract that the text shows.
const SHOWN_MAX: usize = 5;

/// Rows of every contract, and what they add up to.
pub fn events(answer: &events::Answer) -> String {
    let mut text = String::new();
    for (place, contract) in answer.contracts.iter().enumerate() {
        if place > 0 {
            text.push('\n');
        }
        let until = contract.until.as_deref().map(|at| format!(", until {at}"));
        let (name, kind) = (&contract.name, contract.contract_type);
        let _ = writeln!(text, "{name} ({kind}){}", until.unwrap_or_default());
        if contract.rows.is_empty() {
            text.push_str("  no events\n");
            continue;
        }
        let exercised = contract.rows.iter().any(|row| row.exercise.is_some());
        let last = if exercised { "exercise" } else { "accrued" };
        let _ = writeln!(
            text,
            "  {:<19}  {:<4}  {:>16}  {:<4}  {:>16}  {:>9}  {last:>14}",
            "time", "what", "payoff", "", "principal", "rate %"
        );
        for row in &contract.rows {
            line(&mut text, row);
        }
        for total in &contract.totals {
            let (received, paid) = (amount(total.received), amount(total.paid));
            let _ = writeln!(text, "  {}: received {received}, paid {paid}", total.currency);
        }
    }
    text
}

fn line(text: &mut String, row: &Event) {
    let last = row.exercise.map_or(row.accrued, |exercise| exercise.amount);
    let line = format!(
        "  {:<19}  {:<4}  {:>16}  {:<4}  {:>16}  {:>9}  {:>14}",
        row.time.to_string(),
        row.kind.code(),
        amount(row.payoff),
        row.currency,
        amount(row.notional),
        format!("{:.4}", row.rate * 100.0),
        amount(last),
    );
    text.push_str(line.trim_end());
    text.push('\n');
}

/// An amount to two digits, grouped; zero has no sign.
fn amount(value: f64) -> String {
    let digits = format!("{:.2}", value.abs());
    let (whole, rest) = digits.split_once('.').unwrap_or((&digits, "00"));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if value < 0.0 && digits.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) {
        "-"
    } else {
        ""
    };
    format!("{sign}{grouped}.{rest}")
}

/// Whether each contract is sound, and what is wrong with the others.
pub fn checks(answer: &check::Answer) -> String {
    let mut text = String::new();
    for contract in &answer.contracts {
        let (name, kind) = (&contract.name, contract.contract_type.unwrap_or("unread"));
        if contract.findings.is_empty() {
            let stated = match contract.rows_stated {
                0 => "the file states no rows".to_owned(),
                rows => format!("all {rows} rows as stated"),
            };
            let _ =
                writeln!(text, "sound    {name} ({kind}): {} events, {stated}", contract.events);
        } else {
            let _ = writeln!(text, "finding  {name} ({kind})");
            for finding in contract.findings.iter().take(SHOWN_MAX) {
                let _ = writeln!(text, "           {finding}");
            }
            if let Some(more) = contract.findings.len().checked_sub(SHOWN_MAX + 1) {
                let _ = writeln!(text, "           and {} more", more + 1);
            }
        }
        if !contract.unused_terms.is_empty() {
            let names = contract.unused_terms.join(", ");
            let _ = writeln!(text, "           nothing here acts on {names}");
        }
    }
    let _ = writeln!(text, "{} of {} contracts are sound", answer.sound, answer.total);
    text
}
