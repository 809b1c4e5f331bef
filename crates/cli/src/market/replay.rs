//! `breakwater market replay`: an order worked through a feed in several ways.

use super::arguments::{Refilled, Replay as Asked};
use super::{page, text};
use crate::failure::{Failure, Verdict};
use crate::folder::Folder;
use crate::screen::{Paint, Screen};
use breakwater_market::BookSide;
use breakwater_market::book_feed::Strictness;
use breakwater_money::decimal::{format_raw, parse_raw};
use breakwater_report::{render_sections, write_words_csv};
use breakwater_simulate::real_market::{
    Cell, Comparison, Contract, FeedFile, Mean, Question, Refill, Way, Worked, compare, open,
};
use serde::Serialize;

/// Schema of the answer.
pub const SCHEMA: &str = "breakwater.market-replay/1";
const ANSWER: &str = "market.json";
const PAGE: &str = "market.html";
const COSTS: &str = "costs.csv";
const SLICES: &str = "slices.csv";
/// Sizes where none are given.
const SIZES: [&str; 4] = ["1", "10", "50", "100"];
/// Most seconds of a time on the command line: a day.
const SECONDS_MAX: f64 = 86_400.0;
/// Most decisions an order.
const STEPS_MAX: f64 = 100_000.0;

/// Everything that is told.
pub struct Told<'a> {
    /// The feed.
    pub file: &'a FeedFile,
    /// What was asked.
    pub question: &'a Question,
    /// What came of it.
    pub found: &'a Comparison,
}

#[derive(Serialize)]
struct Answer {
    schema: &'static str,
    feed: String,
    side: &'static str,
    horizon_s: String,
    step_s: String,
    refill: String,
    estimates: EstimatesJson,
    cells: Vec<CellJson>,
    faults: u64,
    not_counted: &'static str,
}

#[derive(Serialize)]
struct EstimatesJson {
    window_s: String,
    volatility_bps_per_root_second: String,
    volume_per_second: String,
    half_spread_bps: String,
    cost_bps_per_unit: String,
    permanent_bps_per_unit: String,
    refill_hits: usize,
    refill_never: usize,
    refill_half_life_s: Option<String>,
}

#[derive(Serialize)]
struct CellJson {
    size: String,
    strategy: &'static str,
    cost_bps: Option<String>,
    standard_error_bps: Option<String>,
    worst_bps: Option<String>,
    unfilled_share: String,
    swept_share: String,
    runs: Vec<RunJson>,
}

#[derive(Serialize)]
struct RunJson {
    arrived_at_ns: u64,
    mid: String,
    filled: String,
    unfilled: String,
    swept: String,
    value: String,
    worst_price: Option<String>,
    cost_bps: Option<String>,
}

/// What no figure has in it.
pub const NOT_COUNTED: &str =
    "nobody reacts to our orders and fees are left out: costs are lower bounds";

/// Works the order in every way asked for.
pub fn run(asked: &Asked, screen: &Screen) -> Result<Verdict, Failure> {
    let file = open(&asked.feed)?;
    let question = question(asked, &file)?;
    let waiting = screen.waits_for("working the order through the feed");
    let found = compare(&file, &question).map_err(Failure::of_run)?;
    waiting.finish_and_clear();
    let told = Told { file: &file, question: &question, found: &found };
    let answer = answer(&told);
    let mut written = None;
    if let Some(out) = &asked.out {
        let folder = Folder::take(out, &[ANSWER, PAGE, COSTS, SLICES], SCHEMA)?;
        let bytes = serde_json::to_vec_pretty(&answer)
            .map_err(|error| Failure::Internal(format!("the answer has no JSON: {error}")))?;
        folder.write(ANSWER, &bytes)?;
        for (name, table) in [(COSTS, page::costs(&told)), (SLICES, page::slices(&told))] {
            let mut bytes = Vec::new();
            write_words_csv(&mut bytes, &table)?;
            folder.write(name, &bytes)?;
        }
        let report = page::report(&told, blake3::hash(&bytes).to_hex().as_str());
        folder.write(PAGE, render_sections(&report)?.as_bytes())?;
        written = Some(folder.file(PAGE));
    }
    screen.answer(&text::told(&told, written.as_deref(), Paint::for_stdout()), &answer)?;
    Ok(Verdict::Fine)
}

fn question(asked: &Asked, file: &FeedFile) -> Result<Question, Failure> {
    let (side, sizes) = match asked.buy.is_empty() {
        true => (BookSide::Bids, &asked.sell),
        false => (BookSide::Asks, &asked.buy),
    };
    let flag = if side == BookSide::Bids { "--sell" } else { "--buy" };
    let size = |text: &str| {
        let raw = parse_raw(text.trim(), file.quantity_decimals)
            .map_err(|error| Failure::Usage(format!("{flag}: {error}")))?;
        u64::try_from(raw).ok().filter(|raw| *raw > 0).ok_or_else(|| {
            Failure::Usage(format!("{flag} is {text}; expected more than 0, within 64 bits"))
        })
    };
    let sizes = match sizes.is_empty() {
        true => SIZES.iter().map(|text| size(text)).collect::<Result<Vec<u64>, _>>()?,
        false => sizes.iter().map(|text| size(text)).collect::<Result<Vec<u64>, _>>()?,
    };
    let nanos = |flag: &str, seconds: f64| match seconds > 0.0 && seconds <= SECONDS_MAX {
        true => Ok((seconds * 1e9) as u64),
        false => Err(Failure::Usage(format!(
            "--{flag} is {seconds}; expected seconds above 0, at most {SECONDS_MAX}"
        ))),
    };
    let (horizon, step_nanos) = (nanos("horizon", asked.horizon)?, nanos("step", asked.step)?);
    let steps = horizon as f64 / step_nanos.max(1) as f64;
    if steps > STEPS_MAX {
        let told =
            format!("--step is {}; expected at most {STEPS_MAX} steps a horizon", asked.step);
        return Err(Failure::Usage(told));
    }
    if !(0.0..=100.0).contains(&asked.participation) {
        let told = format!("--participation is {}; expected 0 to 100", asked.participation);
        return Err(Failure::Usage(told));
    }
    let (refill, measured_half_life) = match asked.refill {
        Refilled::By(refill) => (refill, false),
        Refilled::Measured => (Refill::Observed, true),
    };
    let contract = match asked.contract {
        None => Contract::Linear,
        Some(0) => return Err(Failure::Usage("--contract is 0; expected more than 0".to_owned())),
        Some(face) => Contract::Inverse { face },
    };
    let ways = if asked.strategy.is_empty() { Way::ALL.to_vec() } else { asked.strategy.clone() };
    Ok(Question {
        side,
        sizes,
        ways,
        step_nanos,
        steps: steps as usize + 1,
        warmup_nanos: nanos("warmup", asked.warmup)?,
        starts: asked.starts,
        refill,
        measured_half_life,
        contract,
        share_ppm: (asked.participation * 1e4) as u64,
        lambda: asked.risk_aversion,
        z: asked.z,
        strictness: if asked.flag_faults { Strictness::Flag } else { Strictness::Refuse },
    })
}

/// The refilling in words.
pub fn refill_words(refill: Refill) -> String {
    match refill {
        Refill::Never => "what we ate never comes back".to_owned(),
        Refill::Observed => "what we ate is missing until the feed turns the level over".to_owned(),
        Refill::HalfLife(nanos) => {
            format!(
                "as observed, and half of what we ate is back after {:.3} s",
                nanos as f64 / 1e9
            )
        }
    }
}

/// Sells or buys.
pub fn side_word(side: BookSide) -> &'static str {
    match side {
        BookSide::Bids => "sell",
        BookSide::Asks => "buy",
    }
}

fn answer(told: &Told<'_>) -> Answer {
    let (question, found) = (told.question, told.found);
    let seconds = |nanos: u64| format_raw(u128::from(nanos), 9);
    let estimates = &found.estimates;
    // Prices over the mid in basis points; quantities in whole units.
    let bps = |price: f64| price / found.first_mid * 1e4;
    let unit = breakwater_simulate::real_market::unit(told.file);
    let refilling = &estimates.refilling;
    Answer {
        schema: SCHEMA,
        feed: told.file.name.clone(),
        side: side_word(question.side),
        horizon_s: seconds(question.step_nanos * (question.steps as u64 - 1)),
        step_s: seconds(question.step_nanos),
        refill: refill_words(found.refill),
        estimates: EstimatesJson {
            window_s: format!("{:.3}", estimates.seconds),
            volatility_bps_per_root_second: format!("{:.4}", bps(estimates.sigma)),
            volume_per_second: format!("{:.6}", estimates.volume / unit),
            half_spread_bps: format!("{:.4}", bps(estimates.half_spread)),
            cost_bps_per_unit: format!("{:.6}", bps(estimates.slope) * unit),
            permanent_bps_per_unit: format!("{:.6}", bps(estimates.permanent) * unit),
            refill_hits: refilling.hits,
            refill_never: refilling.never,
            refill_half_life_s: refilling.half_life_seconds.map(|s| format!("{s:.3}")),
        },
        cells: found.cells.iter().map(|cell| cell_json(told.file, cell)).collect(),
        faults: found.faults.total(),
        not_counted: NOT_COUNTED,
    }
}

fn cell_json(file: &FeedFile, cell: &Cell) -> CellJson {
    let bps = |value: f64| format!("{value:.4}");
    let quantity = |raw: u64| format_raw(raw.into(), file.quantity_decimals);
    let price = |raw: u64| format_raw(raw.into(), file.price_decimals);
    let run = |run: &Worked| RunJson {
        arrived_at_ns: run.arrived_at,
        // Half of twice the mid has one decimal more: five tenths for an odd sum.
        mid: format_raw(u128::from(run.arrival_mid_twice) * 5, file.price_decimals + 1),
        filled: quantity(run.filled.quantity),
        unfilled: quantity(run.unfilled),
        swept: quantity(run.swept),
        value: format_raw(run.filled.value, file.price_decimals + file.quantity_decimals),
        worst_price: run.filled.worst.map(price),
        cost_bps: run.cost_bps().map(bps),
    };
    CellJson {
        size: quantity(cell.size),
        strategy: cell.way.name(),
        cost_bps: cell.cost_bps.map(|mean: Mean| bps(mean.mean)),
        standard_error_bps: cell.cost_bps.and_then(|mean| mean.error).map(bps),
        worst_bps: cell.worst_bps.map(bps),
        unfilled_share: format!("{:.6}", cell.unfilled),
        swept_share: format!("{:.6}", cell.swept),
        runs: cell.runs.iter().map(run).collect(),
    }
}
