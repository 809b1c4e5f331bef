//! The answer for people: ways down, sizes across.

use super::replay::{NOT_COUNTED, Told, refill_words};
use crate::figures::{count, grouped, wrapped};
use crate::screen::Paint;
use breakwater_market::BookSide;
use breakwater_money::decimal::format_raw;
use breakwater_simulate::real_market::{Cell, unit};
use std::path::Path;

const WIDTH: usize = 98;
/// Sizes in one line, and the width of each.
const ACROSS: usize = 5;
const COLUMN: usize = 16;
const NAME: usize = 17;

/// All of it.
pub fn told(told: &Told<'_>, page: Option<&Path>, paint: Paint) -> String {
    let (question, found) = (told.question, told.found);
    let doing = if question.side == BookSide::Bids { "Selling" } else { "Buying" };
    let horizon = question.step_nanos as f64 * (question.steps - 1) as f64 / 1e9;
    let mut text = format!(
        "{doing} into {} over {horizon} s in {} decisions, {} arrivals\n",
        told.file.name,
        count(question.steps as u64),
        question.starts
    );
    for sizes in question.sizes.chunks(ACROSS) {
        block(
            &mut text,
            told,
            sizes,
            &Block {
                title: paint.strong("cost against the mid at arrival, bps, and its standard error"),
                of: cost,
                skip_empty: false,
            },
        );
        block(
            &mut text,
            told,
            sizes,
            &Block {
                title: paint.strong("not filled, % of the size"),
                of: |cell| percent(cell.unfilled),
                skip_empty: true,
            },
        );
        block(
            &mut text,
            told,
            sizes,
            &Block {
                title: paint
                    .strong("left to the last decision and sent at any price, % of the size"),
                of: |cell| percent(cell.swept),
                skip_empty: true,
            },
        );
    }
    for part in remarks(told) {
        for line in wrapped(&part, WIDTH) {
            text.push_str(&format!("{line}\n"));
        }
    }
    if found.faults.total() > 0 {
        text.push_str(&format!("{} faults of the feed were flagged\n", found.faults.total()));
    }
    if let Some(page) = page {
        text.push_str(&format!("page: {}\n", page.display()));
    }
    text
}

struct Block {
    title: String,
    of: fn(&Cell) -> Option<String>,
    /// Leave out rows, and the block, that have nothing to say.
    skip_empty: bool,
}

fn block(text: &mut String, told: &Told<'_>, sizes: &[u64], block: &Block) {
    let mut rows = String::new();
    for way in &told.question.ways {
        let cells = sizes.iter().map(|size| {
            let cell = told.found.cells.iter().find(|c| c.size == *size && c.way == *way);
            cell.and_then(block.of)
        });
        let cells: Vec<Option<String>> = cells.collect();
        if block.skip_empty && cells.iter().all(Option::is_none) {
            continue;
        }
        rows.push_str(&format!("  {:<width$}", way.name(), width = NAME - 2));
        for cell in cells {
            rows.push_str(&format!("{:>COLUMN$}", cell.unwrap_or_else(|| "-".to_owned())));
        }
        rows.push('\n');
    }
    if rows.is_empty() {
        return;
    }
    text.push_str(&format!("{}\n{:NAME$}", block.title, ""));
    for size in sizes {
        let size = format_raw((*size).into(), told.file.quantity_decimals);
        text.push_str(&format!("{:>COLUMN$}", grouped(&size)));
    }
    text.push('\n');
    text.push_str(&rows);
}

fn cost(cell: &Cell) -> Option<String> {
    let mean = cell.cost_bps?;
    Some(match mean.error {
        Some(error) => format!("{:.2} \u{b1} {error:.2}", mean.mean),
        None => format!("{:.2}", mean.mean),
    })
}

fn percent(share: f64) -> Option<String> {
    (share > 0.0).then(|| format!("{:.1}", share * 100.0))
}

/// At least three decimals, and three digits of a number below a hundredth: a unit may be a small contract.
fn three_digits(number: f64) -> String {
    let small = number > 0.0 && number < 0.01;
    let decimals = if small { (2.0 - number.log10().floor()).min(18.0) as usize } else { 3 };
    format!("{number:.decimals$}")
}

fn remarks(told: &Told<'_>) -> Vec<String> {
    let (question, found) = (told.question, told.found);
    let (estimates, whole) = (&found.estimates, unit(told.file));
    let bps = |price: f64| price / found.first_mid * 1e4;
    let refilling = &estimates.refilling;
    let half = match refilling.half_life_seconds {
        Some(seconds) => format!("half of what trades ate is back after {seconds:.2} s"),
        None => "most of what trades ate was not half back within 30 s".to_owned(),
    };
    let estimated = format!(
        "First {:.0} s: volatility {:.2} bps a root second, volume {:.3} a second, {} bps a unit at \
         once; {half} ({} hits, {} never).",
        estimates.seconds,
        bps(estimates.sigma),
        estimates.volume / whole,
        three_digits(bps(estimates.slope) * whole),
        refilling.hits,
        refilling.never
    );
    let mut remarks = vec![estimated, format!("Refilling: {}.", refill_words(found.refill))];
    // The largest that is surely beyond what the market trades says how far to trust the rest.
    let most = question.sizes.iter().max().copied().unwrap_or(0) as f64;
    let horizon = question.step_nanos as f64 * (question.steps - 1) as f64 / 1e9;
    let times = most / (estimates.volume * horizon).max(1.0);
    if times > 1.0 {
        remarks.push(format!(
            "The largest size is {times:.1} times what the market trades in that time: others would \
             see it."
        ));
    }
    remarks.push(format!("Not counted: {NOT_COUNTED}."));
    remarks
}
