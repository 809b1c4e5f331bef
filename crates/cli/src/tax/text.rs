//! The answer as text.

use super::Answer;
use crate::screen::Paint;
use std::fmt::Write;
use std::path::Path;

/// Rows of a table that the text shows; the files have all.
const SHOWN: usize = 12;

/// Headline, forms in short, elections and what was assumed.
pub fn told(answer: &Answer, page: Option<&Path>, paint: Paint) -> String {
    let report = &answer.report;
    let mut text = String::new();
    let title = format!(
        "{}, tax year {} ({} to {}), in {}",
        report.jurisdiction, report.year, report.period.0, report.period.1, report.currency
    );
    let _ = writeln!(text, "{}\n{}\n", paint.strong(&title), report.notice);
    let width = report.figures.iter().map(|figure| figure.label.chars().count()).max().unwrap_or(0);
    for figure in &report.figures {
        let _ = writeln!(text, "{:<width$}  {:>18}", figure.label, cents(&figure.value));
    }
    for table in report.tables.iter().filter(|table| !table.rows.is_empty()) {
        let rows = table.rows.len();
        let _ = writeln!(text, "\n{}", paint.strong(&format!("{} ({rows})", table.title)));
        // What fits a terminal: the first columns, as many as the form itself has.
        let shown: Vec<usize> = (0..table.columns.len().min(9)).collect();
        let cell = |row: &Vec<String>, at: usize| {
            let numeric = table.columns.get(at).is_some_and(|column| column.numeric);
            row.get(at)
                .map_or_else(String::new, |cell| if numeric { short(cell) } else { cell.clone() })
        };
        let mut lines: Vec<Vec<String>> = vec![
            shown
                .iter()
                .filter_map(|at| table.columns.get(*at))
                .map(|c| c.name.to_owned())
                .collect(),
        ];
        lines.extend(
            table
                .rows
                .iter()
                .take(SHOWN)
                .map(|row| shown.iter().map(|at| cell(row, *at)).collect()),
        );
        let widths: Vec<usize> = shown
            .iter()
            .map(|at| {
                lines.iter().filter_map(|line| line.get(*at)).map(|c| c.chars().count()).max()
            })
            .map(|width| width.unwrap_or(0))
            .collect();
        for line in &lines {
            let mut told = String::new();
            for (at, (cell, width)) in line.iter().zip(&widths).enumerate() {
                let numeric = table.columns.get(at).is_some_and(|column| column.numeric);
                let _ = match numeric {
                    true => write!(told, "{cell:>width$}  "),
                    false => write!(told, "{cell:<width$}  "),
                };
            }
            let _ = writeln!(text, "  {}", told.trim_end());
        }
        if rows > SHOWN {
            let _ = writeln!(text, "  and {} more", rows - SHOWN);
        }
    }
    elections(&mut text, answer, paint);
    if let Some(page) = page {
        let _ = writeln!(text, "\npage: {}", page.display());
    }
    text
}

fn elections(text: &mut String, answer: &Answer, paint: Paint) {
    let report = &answer.report;
    let _ = writeln!(text, "\n{}", paint.strong("Elections"));
    for stands in &report.elections {
        let how = if stands.by_default { "default" } else { "elected" };
        let hit = report.uncertain.iter().find(|hit| hit.election == stands.election);
        let hit = hit
            .map_or_else(String::new, |hit| format!("; uncertain, decides {} events", hit.events));
        let _ = writeln!(text, "  {:<22}{} ({how}{hit})", stands.election, stands.choice);
    }
    for order in &answer.identification {
        let _ = writeln!(text, "  {:<22}{order}", "standing order");
    }
    if !(report.assumptions.is_empty() && answer.notes.is_empty()) {
        let _ = writeln!(text, "\n{}", paint.strong("Assumed"));
        for note in answer.notes.iter().chain(&report.assumptions) {
            let _ = writeln!(text, "  {note}");
        }
    }
    for closing in &report.closing {
        let _ = writeln!(
            text,
            "\n{}: {} = {}",
            closing.what,
            cents(&closing.left),
            cents(&closing.right)
        );
    }
}

/// To the cent, half away from zero.
fn cents(value: &str) -> String {
    rounded(value, 2)
}

/// A number as a table shows it: whole if it is short, else to eight places.
fn short(value: &str) -> String {
    let places = value.split_once('.').map_or(0, |(_, places)| places.len());
    if places <= 8 { value.to_owned() } else { rounded(value, 8) }
}

fn rounded(value: &str, places: u8) -> String {
    let Ok(exact) = breakwater_money::rational::parse(value) else { return value.to_owned() };
    let below = exact < breakwater_money::rational::from_raw(0, 0);
    let size = if below { -exact } else { exact };
    let half_up = breakwater_money::Rounding::HalfUp;
    let Ok(raw) = breakwater_money::rational::to_raw(&size, places, half_up) else {
        return value.to_owned();
    };
    let text = breakwater_money::decimal::format_raw(raw, places);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let sign = if below && raw > 0 { "-" } else { "" };
    let width = if places == 2 { 2 } else { 0 };
    match (fraction, width) {
        ("", 0) => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction:0<width$}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_told_to_the_cent() {
        assert_eq!(cents("-4704.045"), "-4704.05");
        assert_eq!(cents("0"), "0.00");
        assert_eq!(cents("-0.001"), "0.00");
        assert_eq!(cents("12072.06"), "12072.06");
        assert_eq!(short("0.123456785"), "0.12345679");
        assert_eq!(short("10"), "10");
    }
}
