//! `breakwater compare`: the same book and shock under several mechanisms.

use crate::arguments::Compare;
use crate::failure::{Failure, Verdict};
use crate::figures::{count, rounded, wrapped};
use crate::folder::Folder;
use crate::report_of;
use crate::screen::{Paint, Screen};
use crate::{json_of, option_book, perpetuals, replay, source};
use breakwater_report::render_comparison;
use breakwater_simulate::fitting::{Mapped, MappedKind};
use breakwater_simulate::option_book::OptionBookScenario;
use breakwater_simulate::perpetuals::PerpetualScenario;
use breakwater_simulate::{PolicyChoice, Run, Scenario, Thresholds, Variant};
use std::path::Path;

/// Schema of the answer and of `compare.json`.
pub const SCHEMA: &str = "breakwater.compare/1";
const PAGE: &str = "compare.html";
const TABLE: &str = "compare.json";

/// Runs every mechanism and puts them side by side.
pub fn run(asked: &Compare, screen: &Screen) -> Result<Verdict, Failure> {
    crate::auction::refuse(&asked.scenario)?;
    if PerpetualScenario::is_meant(&asked.scenario) {
        return perpetuals::compare::run(asked, screen);
    }
    perpetuals::refuse_backstop(&asked.backstop)?;
    if OptionBookScenario::is_meant(&asked.scenario) {
        option_book::refuse(&asked.changes.told(), &asked.rulebook)?;
        return option_book::run(&asked.scenario, asked.out.as_deref(), screen);
    }
    let scenario = Scenario::open(&asked.scenario)?;
    let options = asked.changes.options(None, PolicyChoice::AsIs);
    let out =
        asked.out.clone().unwrap_or_else(|| replay::default_folder(scenario.name(), "-compare"));
    let folder = Folder::take(&out, &[TABLE, PAGE], SCHEMA)?;
    let waiting = screen.waits_for("running every mechanism");
    let rulebooks = source::rulebooks(&asked.rulebook, Some(&scenario.rulebook))?;
    let planned = scenario.settings.planner.is_some() && !asked.without_planner;
    let variants = breakwater_simulate::compare(&scenario, &options, &rulebooks, planned);
    let variants = variants.map_err(Failure::of_run)?;
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
const NAME: usize = 26;
/// Width of a line of text.
const WIDTH: usize = 100;

/// One line of the table: a mechanism under one policy, with either thresholds.
struct Row<'a> {
    name: &'a str,
    variant: &'a str,
    runs: [Option<&'a Run>; 2],
}

fn rows(variants: &[Variant]) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for variant in variants {
        let column = usize::from(variant.thresholds != Thresholds::SameRisk.name());
        let same = |row: &&mut Row<'_>| {
            row.name == variant.name && row.variant == variant.variant && row.runs[column].is_none()
        };
        match rows.iter_mut().find(same) {
            Some(row) => row.runs[column] = Some(&variant.run),
            None => {
                let mut runs = [None, None];
                runs[column] = Some(&variant.run);
                rows.push(Row { name: &variant.name, variant: &variant.variant, runs });
            }
        }
    }
    rows
}

fn cells(run: Option<&Run>) -> [String; 4] {
    let Some(run) = run else { return ["", "", "", ""].map(str::to_owned) };
    let (totals, decimals) = (&run.totals, run.value_decimals);
    let whole = |raw| thousands(raw, decimals);
    let gain = match (totals.keeper_gain, totals.gas) {
        // The venue sells by itself and keepers have no part in it.
        (0, 0) => "none".to_owned(),
        (gain @ ..0, _) => format!("-{}", whole(gain.unsigned_abs())),
        (gain, _) => whole(gain.unsigned_abs()),
    };
    [
        whole(totals.bad_debt_booked.saturating_add(totals.bad_debt_open)),
        whole(totals.borrower_loss),
        gain,
        count(totals.liquidations.saturating_add(totals.pool_trades)),
    ]
}

fn line(name: &str, left: &[String; 4], right: &[String; 4]) -> String {
    let four = |[debt, loss, gain, calls]: &[String; 4]| {
        format!("{debt:>10}{loss:>11}{gain:>9}{calls:>7}")
    };
    format!("{name:<NAME$}{}{}", four(left), four(right)).trim_end().to_owned() + "\n"
}

fn told(
    first: &Run,
    variants: &[Variant],
    changes: &[String],
    page: &Path,
    paint: Paint,
) -> String {
    let unit = crate::story::unit(first);
    let mut setting = format!("{}; values in thousands of {unit}", first.shock);
    if !changes.is_empty() {
        setting = format!("{setting}; changed: {}", changes.join(" "));
    }
    let mut text = format!("{}\n{setting}\n\n", paint.strong(&first.title));
    // Whose thresholds hold stands over the columns that it is true of.
    let half = 37;
    text.push_str(&format!("{:NAME$}{:>half$}{:>half$}\n", "", "same risk", "as deployed"));
    let head = |words: [&str; 4]| words.map(str::to_owned);
    for (name, words) in [
        ("", ["bad debt,", "borrowers'", "keepers'", ""]),
        ("mechanism", ["all", "loss", "gain", "calls"]),
    ] {
        text.push_str(&line(name, &head(words), &head(words)));
    }
    let mut last = "";
    for row in rows(variants) {
        if row.name != last {
            text.push_str(row.name);
            text.push('\n');
            last = row.name;
        }
        let name = format!("  {}", row.variant);
        text.push_str(&line(&name, &cells(row.runs[0]), &cells(row.runs[1])));
    }
    text.push_str(&ways_to_sell(first, variants, paint));
    text.push_str(&mapped_text(variants));
    let balanced = variants.iter().all(|variant| variant.run.books_balance);
    text.push_str(&format!("\nbooks balance: {}\n", paint.yes_or_no(balanced)));
    text.push_str(&format!("report: {}\n", page.display()));
    text
}

/// The planner beside the simpler ways to sell, each account keeping its own threshold: whole, by what
/// the venue's rule lets a keeper take, and the fewest lots that reach the target.
fn ways_to_sell(first: &Run, variants: &[Variant], paint: Paint) -> String {
    let same = |variant: &&Variant| variant.thresholds == Thresholds::SameRisk.name();
    let sold = |choice: PolicyChoice| variants.iter().filter(same).find(|v| v.choice == choice);
    let planned = sold(PolicyChoice::VenuePlanned);
    if planned.is_none() {
        return String::new();
    }
    let ways = [
        ("full close", sold(PolicyChoice::VenueFull)),
        // The scenario's own rulebook is the first that is run.
        ("close factor, keepers", sold(PolicyChoice::AsIs)),
        ("target health, fewest lots", sold(PolicyChoice::VenueTarget)),
        ("planned over depth", planned),
    ];
    let mut text = format!("\n{}\n", paint.strong("Ways to sell, at the same risk"));
    let line = |name: &str, cells: [&str; 6]| {
        let [sold, cost, bps, bad, low, rounds] = cells;
        format!("{name:<NAME$}  {sold:>10}{cost:>9}{bps:>9}{bad:>10}{low:>12}{rounds:>9}\n")
    };
    text.push_str(&line("", ["", "", "cost of", "bad debt,", "lowest", "cascade"]));
    text.push_str(&line("", ["sold", "cost", "sold", "all", &first.driver, "rounds"]));
    for (name, variant) in ways {
        let Some(run) = variant.map(|variant| &variant.run) else { continue };
        let (totals, decimals) = (&run.totals, run.value_decimals);
        let sold = totals.collateral_sold;
        let cost = totals.borrower_loss;
        // A share for reading: both sums are exact in the file beside.
        let bps = cost.saturating_mul(10_000).checked_div(sold).unwrap_or(0);
        let bad = totals.bad_debt_booked.saturating_add(totals.bad_debt_open);
        text.push_str(&line(
            name,
            [
                &thousands(sold, decimals),
                &thousands(cost, decimals),
                &crate::figures::percent(bps),
                &thousands(bad, decimals),
                &crate::figures::money(totals.driver_low, decimals),
                &totals.rounds_most.to_string(),
            ],
        ));
    }
    text
}

/// What each mechanism could not take of the book as it is.
fn mapped_text(variants: &[Variant]) -> String {
    let mut text = String::new();
    let mut last = "";
    for variant in variants {
        if variant.name == last || variant.run.mapped.is_empty() {
            continue;
        }
        last = &variant.name;
        let (totals, decimals) = (&variant.run.totals, variant.run.value_decimals);
        let (taken, whole) =
            (thousands(totals.debt_start, decimals), thousands(totals.debt_whole, decimals));
        text.push_str(&format!("\n{last} takes {taken} of {whole} owed\n"));
        for told in mapped_lines(&variant.run.mapped, |raw| thousands(raw, decimals)) {
            for line in wrapped(&told, WIDTH - 4) {
                text.push_str(&format!("  {line}\n"));
            }
        }
    }
    text
}

fn thousands(raw: u128, decimals: u8) -> String {
    rounded(raw, decimals.saturating_add(3), 0)
}

/// What was mapped, one line a kind, each step with the value concerned as `shown` has it.
pub fn mapped_lines(mapped: &[Mapped], shown: impl Fn(u128) -> String) -> Vec<String> {
    let kinds = [
        (MappedKind::HeldAs, "held as another, by value: "),
        (MappedKind::OwedAs, "owed as another, by value: "),
        (MappedKind::LeftOut, "left out, by debt: "),
        (MappedKind::Split, "split by asset: "),
    ];
    let line = |(kind, lead): &(MappedKind, &str)| {
        let (mut steps, mut less) = (Vec::new(), false);
        for m in mapped.iter().filter(|m| m.kind == *kind) {
            let value = match kind {
                MappedKind::HeldAs => shown(m.collateral_value),
                MappedKind::OwedAs | MappedKind::LeftOut => shown(m.debt_value),
                MappedKind::Split => String::new(),
            };
            // What rounds to nothing in the unit shown is not told one by one.
            less |= value == "0";
            if value != "0" {
                steps.push(format!("{} {value}", m.what).trim_end().to_owned());
            }
        }
        if less {
            steps.push("and less than 1".to_owned());
        }
        (!steps.is_empty()).then(|| format!("{lead}{}", steps.join("; ")))
    };
    kinds.iter().filter_map(line).collect()
}
