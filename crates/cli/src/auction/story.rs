//! The answer as text: tables of at most a hundred columns.

use super::Told;
use super::figures::{beside, duration, millions, percent_of, published, share};
use crate::figures::{count, fall_bps, percent, rounded, wrapped};
use crate::screen::Paint;
use breakwater_simulate::auctions::runner::AuctionTotals;
use breakwater_simulate::auctions::settings::UNIT_DECIMALS;
use std::path::Path;

/// Columns at most.
const WIDTH: usize = 100;

/// Everything that is told.
pub fn told(told: &Told<'_>, report: &Path, paint: Paint) -> String {
    let settings = &told.scenario.settings;
    let mut text = format!("{}\n", paint.strong(&settings.title));
    for line in wrapped(&setting(told), WIDTH) {
        text.push_str(&format!("{line}\n"));
    }
    text.push_str(&format!("\n{}\n", paint.strong("Outcome, money in millions")));
    text.push_str(&outcomes(told));
    text.push_str(&format!("\n{}\n", paint.strong("Bidding")));
    text.push_str(&bidding(told));
    text.push_str(&marks(told, paint));
    text.push_str(&varied(told, paint));
    text.push('\n');
    let balance = told.runs.iter().all(|proved| proved.run.books_balance);
    let same = told.runs.iter().all(super::Proved::same);
    text.push_str(&format!("books balance: {}\n", paint.yes_or_no(balance)));
    text.push_str(&format!("state hash of all runs: {}\n", told.combined_hash()));
    text.push_str(&format!(
        "replay of each journal gives the same hash: {}\n",
        paint.yes_or_no(same)
    ));
    text.push_str(&format!("report: {}\n", report.display()));
    text
}

/// What is run, in a sentence.
pub fn setting(told: &Told<'_>) -> String {
    let (scenario, options) = (told.scenario, told.options);
    let day = scenario.day();
    let low = day.prices.iter().map(|point| point.price).min().unwrap_or(0);
    let bidders = options.bidders.unwrap_or(scenario.settings.bidders.count);
    let mut setting = format!(
        "{} -{} at the trough; {} vaults and {} drawn with seed {}",
        scenario.settings.market.name,
        percent(fall_bps(day.price_at(0), low)),
        count(scenario.settings.book.vaults.into()),
        crate::figures::counted(bidders.into(), "bidder", "bidders"),
        scenario.seed(options)
    );
    if !told.changes.is_empty() {
        setting = format!("{setting}; changed: {}", told.changes.join(" "));
    }
    setting
}

/// The first cell to the left, the others to the right.
fn line(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (place, (cell, width)) in cells.iter().zip(widths).enumerate() {
        match place {
            0 => line.push_str(&format!("{cell:<width$}")),
            _ => line.push_str(&format!("{cell:>width$}")),
        }
    }
    line.trim_end().to_owned() + "\n"
}

fn head(lines: [&[&str]; 2], widths: &[usize]) -> String {
    let words = |line: &[&str]| line.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    lines.map(|cells| line(&words(cells), widths)).concat()
}

fn outcomes(told: &Told<'_>) -> String {
    let widths = [20, 7, 8, 8, 11, 9, 11, 9, 9, 8];
    let mut text = head(
        [
            &[
                "",
                "lots",
                "won at",
                "of",
                "zero bids",
                "owners",
                "shortfall",
                "deficit",
                "",
                "paid of",
            ],
            &["", "sold", "zero", "lots", "took", "lost", "of lots", "booked", "penalty", "value"],
        ],
        &widths,
    );
    for proved in told.runs {
        let (run, totals) = (&proved.run, &proved.run.totals);
        let cells = [
            run.title.clone(),
            count(totals.sold),
            count(totals.zero_wins),
            percent_of(Some(totals.zero_share_bps().into())),
            millions(totals.zero_loss),
            millions(totals.loss_to_fair),
            millions(totals.lot_shortfall),
            millions(totals.deficit),
            millions(totals.penalty),
            percent_of(totals.revenue_bps()),
        ];
        text.push_str(&line(&cells, &widths));
    }
    text
}

fn bidding(told: &Told<'_>) -> String {
    let widths = [22, 9, 9, 9, 9, 10, 11, 11, 10];
    let mut text = head(
        [
            &["", "to clear,", "bidders", "bids", "", "given", "concen-", "", "lots"],
            &["", "median", "a lot", "taken", "refused", "up", "tration", "efficiency", "unsold"],
        ],
        &widths,
    );
    for proved in told.runs {
        let (run, totals) = (&proved.run, &proved.run.totals);
        let cells = [
            run.title.clone(),
            duration(totals.clear_seconds_median),
            rounded(totals.bidders_e2.into(), 2, 2),
            count(totals.bids),
            count(totals.refused),
            count(totals.expired),
            share(totals.concentration_ppm),
            share(totals.efficiency_ppm),
            count(totals.unsold + totals.open),
        ];
        text.push_str(&line(&cells, &widths));
    }
    text
}

/// What was published, beside the figures of the same format.
fn marks(told: &Told<'_>, paint: Paint) -> String {
    let marks = told.marks();
    let Some((_, first)) = marks.first() else { return String::new() };
    let title = format!("As published, beside {}, calibrated to be near", first.title);
    let mut text = format!("\n{}\n", paint.strong(&title));
    for (mark, run) in &marks {
        text.push_str(&format!(
            "{:<42}{:>12}{:>12}  {}\n",
            mark.name,
            published(mark),
            beside(&run.totals, mark.figure),
            mark.source
        ));
    }
    text
}

/// Other bidders, gas and capital: one row a combination, formats beside each other.
fn varied(told: &Told<'_>, paint: Paint) -> String {
    let formats = &told.scenario.settings.sensitivity.formats;
    if told.cells.is_empty() || formats.is_empty() {
        return String::new();
    }
    let title =
        "Other bidders, gas and capital: won at zero, shortfall of lots in millions, paid of value";
    let mut text = format!("\n{}\n", paint.strong(title));
    let name = |format: &String| {
        told.scenario.format(format).map_or(format.clone(), |rules| rules.title.clone())
    };
    text.push_str(&format!("{:<27}", "bidders   gas   capital"));
    for format in formats {
        text.push_str(&format!("{:>31}", name(format)));
    }
    text.push('\n');
    let rows = told.cells.len() / formats.len();
    for place in 0..rows {
        let Some(first) = told.cells.get(place) else { break };
        text.push_str(&format!(
            "{:>7}{:>6}{:>10}    ",
            first.bidders,
            format!("x{}", first.gas),
            format!("x{}", first.capital)
        ));
        for (number, _) in formats.iter().enumerate() {
            let Some(cell) = told.cells.get(number * rows + place) else { continue };
            text.push_str(&varied_cell(&cell.totals));
        }
        text = text.trim_end().to_owned() + "\n";
    }
    text
}

fn varied_cell(totals: &AuctionTotals) -> String {
    format!(
        "{:>10}{:>10}{:>11}",
        percent_of(Some(totals.zero_share_bps().into())),
        rounded(totals.lot_shortfall, UNIT_DECIMALS + 6, 2),
        percent_of(totals.revenue_bps())
    )
}
