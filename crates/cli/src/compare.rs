//! `breakwater compare`: the same book and shock under several mechanisms.

use crate::arguments::Compare;
use crate::failure::{Failure, Verdict};
use crate::figures::{count, money, rounded};
use crate::folder::Folder;
use crate::report_of;
use crate::screen::{Paint, Screen};
use crate::{json_of, replay};
use breakwater_report::render_comparison;
use breakwater_simulate::{PolicyChoice, Run, Scenario, Variant};
use std::path::Path;

/// Schema of the answer and of `compare.json`.
pub const SCHEMA: &str = "breakwater.compare/1";
const PAGE: &str = "compare.html";
const TABLE: &str = "compare.json";

/// Runs every mechanism and puts them side by side.
pub fn run(asked: &Compare, screen: &Screen) -> Result<Verdict, Failure> {
    let scenario = Scenario::open(&asked.scenario)?;
    let options = asked.changes.options(None, PolicyChoice::AsIs);
    let out =
        asked.out.clone().unwrap_or_else(|| replay::default_folder(scenario.name(), "-compare"));
    let folder = Folder::take(&out, &[TABLE, PAGE], SCHEMA)?;
    let waiting = screen.waits_for("running every mechanism");
    let variants = breakwater_simulate::compare(&scenario, &options).map_err(Failure::of_run)?;
    waiting.finish_and_clear();
    let Some(first) = variants.first().map(|variant| &variant.run) else {
        return Err(Failure::Internal("no mechanism was run".to_owned()));
    };
    let combined = combined_hash(&variants);
    let changes = asked.changes.told();
    let answer = json_of::compare(&variants, first, &options, &changes, &combined);
    let mut json = serde_json::to_vec_pretty(&answer)
        .map_err(|error| Failure::Internal(format!("the answer has no JSON: {error}")))?;
    json.push(b'\n');
    folder.write(TABLE, &json)?;
    let page = report_of::comparison(&scenario, &options, &changes, &variants, &combined)?;
    folder.write(PAGE, render_comparison(&page)?.as_bytes())?;
    let text = told(first, &variants, &changes, &folder.file(PAGE), Paint::for_stdout());
    screen.answer(&text, &answer)?;
    let balanced = variants.iter().all(|variant| variant.run.books_balance);
    Ok(if balanced { Verdict::Fine } else { Verdict::Broken })
}

/// One hash over all runs, in their order.
fn combined_hash(variants: &[Variant]) -> String {
    let mut hasher = blake3::Hasher::new();
    for variant in variants {
        hasher.update(variant.run.state_hash.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Width of a mechanism's name; its variant stands below it.
const NAME: usize = 32;

fn told(
    first: &Run,
    variants: &[Variant],
    changes: &[String],
    page: &Path,
    paint: Paint,
) -> String {
    let unit = crate::story::unit(first);
    let mut setting = format!("{}; values in {unit}", first.shock);
    if !changes.is_empty() {
        setting = format!("{setting}; changed: {}", changes.join(" "));
    }
    let mut text = format!("{}\n{setting}\n\n", paint.strong(&first.title));
    let line = |name: &str, cells: [&str; 6]| {
        let [booked, open, loss, gain, low, calls] = cells;
        format!("{name:<NAME$}{booked:>11}{open:>11}{loss:>12}{gain:>12}{low:>10}{calls:>8}\n")
    };
    text.push_str(&line(
        "",
        ["bad debt", "bad debt", "borrowers'", "keepers'", "lowest", "liqui-"],
    ));
    text.push_str(&line("mechanism", ["booked", "open", "loss", "gain", "price", "dations"]));
    for variant in variants {
        let (totals, decimals) = (&variant.run.totals, variant.run.value_decimals);
        let whole = |raw| rounded(raw, decimals, 0);
        let gain = match (totals.keeper_gain, totals.incentive) {
            // The venue sells by itself and keepers have no part in it.
            (0, 0) => "none".to_owned(),
            (gain @ ..0, _) => format!("-{}", whole(gain.unsigned_abs())),
            (gain, _) => whole(gain.unsigned_abs()),
        };
        let cells = [
            whole(totals.bad_debt_booked),
            whole(totals.bad_debt_open),
            whole(totals.borrower_loss),
            gain,
            money(totals.driver_low, decimals),
            count(totals.liquidations),
        ];
        text.push_str(&line(&variant.name, cells.each_ref().map(String::as_str)));
        text.push_str(&format!("  {}\n", variant.variant));
    }
    let balanced = variants.iter().all(|variant| variant.run.books_balance);
    text.push_str(&format!("\nbooks balance: {}\n", paint.yes_or_no(balanced)));
    text.push_str(&format!("report: {}\n", page.display()));
    text
}
