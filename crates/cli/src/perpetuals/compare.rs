//! `breakwater compare` of a scenario over perpetuals: ways to deleverage and sizes of the fund.

use super::figures::{millions, overshoot, share, share_of, thousands};
use super::{changed, json, page_compare, refuse_changes, told};
use crate::arguments::Compare;
use crate::failure::{Failure, Verdict};
use crate::figures::{count, percent, wrapped};
use crate::folder::Folder;
use crate::replay::default_folder;
use crate::screen::{Paint, Screen};
use breakwater_report::render_sections;
use breakwater_simulate::perpetuals::PerpetualScenario;
use breakwater_simulate::perpetuals::runner::{self, PerpetualRun, SideBySide};
use std::path::Path;

const PAGE: &str = "compare.html";
const TABLE: &str = "compare.json";
const WIDTH: usize = 100;

/// Runs them all and puts them side by side.
pub fn run(asked: &Compare, screen: &Screen) -> Result<Verdict, Failure> {
    refuse_changes(&asked.changes)?;
    let mut options = changed(&asked.changes, &asked.backstop);
    options.rulebook = match asked.rulebook.as_slice() {
        [] => None,
        [one] => Some(crate::source::rulebook(one)?),
        [_, ..] => {
            return Err(Failure::Usage(
                "--rulebook: one at most for a scenario over perpetuals, which compares ways to \
                 deleverage and sizes of the fund under it"
                    .to_owned(),
            ));
        }
    };
    let scenario = PerpetualScenario::open(&asked.scenario)?;
    let out = asked.out.clone().unwrap_or_else(|| default_folder(scenario.name(), "-compare"));
    let folder = Folder::take(&out, &[TABLE, PAGE], json::COMPARE)?;
    let waiting = screen.waits_for("running every way and every fund");
    let planned = scenario.settings.planner.is_some() && !asked.without_planner;
    let sides = runner::compare(&scenario, &options, planned).map_err(Failure::of_run)?;
    waiting.finish_and_clear();
    let Some(first) = sides.ways.first() else {
        return Err(Failure::Internal("no way was run".to_owned()));
    };
    let combined = combined_hash(&sides);
    let changes = told(&asked.changes, &asked.backstop, None);
    let answer = json::compare(&sides, first, &changes, &combined);
    let mut bytes = serde_json::to_vec_pretty(&answer)
        .map_err(|error| Failure::Internal(format!("the answer has no JSON: {error}")))?;
    bytes.push(b'\n');
    folder.write(TABLE, &bytes)?;
    let page = page_compare::report(&scenario, &options, &sides, first, &changes, &combined);
    folder.write(PAGE, render_sections(&page)?.as_bytes())?;
    let text = text(&sides, first, &changes, &folder.file(PAGE), Paint::for_stdout());
    screen.answer(&text, &answer)?;
    let balanced = sides.runs().all(|run| run.books_balance);
    Ok(if balanced { Verdict::Fine } else { Verdict::Broken })
}

/// One hash over all runs, in their order.
fn combined_hash(sides: &SideBySide) -> String {
    let mut hasher = blake3::Hasher::new();
    for run in sides.runs() {
        hasher.update(run.state_hash.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

fn text(
    sides: &SideBySide,
    first: &PerpetualRun,
    changes: &[String],
    page: &Path,
    paint: Paint,
) -> String {
    let totals = &first.totals;
    let mut setting = format!(
        "{}; {} {} of open interest; values in thousands of {}",
        first.shock,
        millions(totals.open_interest_value),
        "million",
        first.settle
    );
    if !changes.is_empty() {
        setting = format!("{setting}; changed: {}", changes.join(" "));
    }
    let mut text = format!("{}\n", paint.strong(&first.title));
    for line in wrapped(&setting, WIDTH) {
        text.push_str(&format!("{line}\n"));
    }
    text.push_str(&ways(sides, first, paint));
    text.push_str(&funds(sides, paint));
    text.push_str(&sales(sides, paint));
    text.push('\n');
    for sentence in &first.depth {
        for line in wrapped(sentence, WIDTH) {
            text.push_str(&format!("{line}\n"));
        }
    }
    let balanced = sides.runs().all(|run| run.books_balance);
    text.push_str(&format!("books balance: {}\n", paint.yes_or_no(balanced)));
    text.push_str(&format!("report: {}\n", page.display()));
    text
}

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

/// Ways to deleverage at one fund.
fn ways(sides: &SideBySide, first: &PerpetualRun, paint: Paint) -> String {
    let fund = format!(
        "Ways to deleverage, with a fund of {} of the open interest ({} thousand)",
        share_of(&first.fund_share),
        thousands(first.totals.fund_start)
    );
    let widths = [19, 11, 11, 12, 11, 10, 11, 10];
    let mut text = format!("\n{}\n", paint.strong(&fund));
    text.push_str(&head(
        [
            &["", "notional", "borne by", "nobody", "over-", "winners", "largest", "haircut"],
            &["", "closed", "winners", "bears", "shoot", "hurt", "haircut", "share"],
        ],
        &widths,
    ));
    for run in &sides.ways {
        let totals = &run.totals;
        let cells = [
            run.deleveraging.clone(),
            thousands(totals.deleveraged_value),
            thousands(totals.bearers.deleveraged),
            thousands(totals.bearers.outstanding),
            overshoot(run),
            count(totals.winners_hurt),
            thousands(totals.haircut_most),
            share(totals.haircut_share_e6),
        ];
        text.push_str(&line(&cells, &widths));
    }
    text
}

/// Sizes of the fund under one way.
fn funds(sides: &SideBySide, paint: Paint) -> String {
    let Some(first) = sides.funds.first() else { return String::new() };
    let title = format!("Sizes of the insurance fund, deleveraging {}", first.deleveraging);
    let widths = [10, 12, 11, 11, 11, 10, 10, 10, 12];
    let mut text = format!("\n{}\n", paint.strong(&title));
    text.push_str(&head(
        [
            &[
                "of open", "fund,", "fund,", "losses", "borne by", "left to", "nobody", "winners",
                "average",
            ],
            &[
                "interest", "start", "end", "in all", "the fund", "winners", "bears", "hurt",
                "discount",
            ],
        ],
        &widths,
    ));
    for run in &sides.funds {
        let totals = &run.totals;
        let cells = [
            share_of(&run.fund_share),
            thousands(totals.fund_start),
            thousands(totals.fund_end),
            thousands(totals.deficit),
            thousands(totals.bearers.insurance),
            thousands(totals.bearers.deleveraged),
            thousands(totals.bearers.outstanding),
            count(totals.winners_hurt),
            percent(totals.discount_bps.into()),
        ];
        text.push_str(&line(&cells, &widths));
    }
    text
}

/// Ways to sell with one fund and one choice of winners.
fn sales(sides: &SideBySide, paint: Paint) -> String {
    if sides.sales.is_empty() {
        return String::new();
    }
    let widths = [23, 12, 10, 10, 11, 10, 12, 12];
    let mut text = format!("\n{}\n", paint.strong("Ways to sell, the same fund and winners"));
    text.push_str(&head(
        [
            &["", "", "cost of", "average", "losses", "left to", "lowest", "longest"],
            &["", "sold", "sale", "discount", "in all", "winners", "sale", "wait, s"],
        ],
        &widths,
    ));
    for (name, run) in sides.sold.iter().zip(&sides.sales) {
        let totals = &run.totals;
        let cells = [
            (*name).to_owned(),
            thousands(totals.sold_value),
            thousands(totals.price_impact),
            percent(totals.discount_bps.into()),
            thousands(totals.deficit),
            thousands(totals.bearers.deleveraged),
            crate::figures::money(totals.sold_low, breakwater_simulate::perpetuals::PRICE_DECIMALS),
            count(totals.waited_seconds_max),
        ];
        text.push_str(&line(&cells, &widths));
    }
    text
}
