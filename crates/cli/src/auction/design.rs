//! `breakwater auction design`: which auction to hold for a lot.

mod print;
mod setting;

use super::number::{EstimateJson, Playing, plain};
use crate::failure::{Failure, Verdict};
use crate::screen::{Paint, Screen};
use breakwater_simulate::auctions::games::design::{
    self, Alternative, Because, Format, Recommendation, Shape,
};
use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// Schema of the answer.
pub const SCHEMA: &str = "breakwater.auction-design/1";

/// Compare ways to sell a lot.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:  breakwater auction design --quantity 500 --mark 200 --debt 95000 --volatility 1.5")]
pub struct Design {
    /// TOML file with any of the settings below, by the same names with underscores; flags go first
    pub file: Option<PathBuf>,
    /// The settings.
    #[command(flatten)]
    pub settings: setting::Flags,
    /// Trials; each sells the lot in every format on the same prices, bidders and congestion
    #[arg(long, value_name = "N", default_value_t = 4_000)]
    pub trials: u64,
    /// Seed and threads.
    #[command(flatten)]
    pub playing: Playing,
}

#[derive(Serialize)]
struct Answer {
    schema: &'static str,
    lot: Value,
    seed: u64,
    trials: u64,
    intervals: &'static str,
    alternatives: Vec<AlternativeJson>,
    recommended: RecommendedJson,
}

#[derive(Serialize)]
struct AlternativeJson {
    name: String,
    format: &'static str,
    parameters: Map<String, Value>,
    revenue_share: EstimateJson,
    shortfall: EstimateJson,
    loss_to_fair: EstimateJson,
    seconds_to_clear: EstimateJson,
    unsold: EstimateJson,
    zero: EstimateJson,
}

#[derive(Serialize)]
struct RecommendedJson {
    name: String,
    alternative: usize,
    because: &'static str,
    same_shortfall: Vec<usize>,
    ties: Vec<usize>,
}

const INTERVALS: &str = "95 %: mean and 1.96 standard errors; of unsold and zero by Wilson";

/// Plays every format and recommends one.
pub fn run(asked: &Design, screen: &Screen) -> Result<Verdict, Failure> {
    let lot = setting::lot(asked.file.as_deref(), &asked.settings)?;
    let trials = asked.playing.trials(asked.trials)?;
    let waiting = screen.waits_for("selling the lot in every format");
    let alternatives = design::compare(&lot, &trials)?;
    waiting.finish_and_clear();
    let Some(recommended) = design::recommend(&alternatives) else {
        return Err(Failure::Internal("no format was played".to_owned()));
    };
    let answer = Answer {
        schema: SCHEMA,
        lot: setting::json(&lot),
        seed: trials.seed(),
        trials: trials.count(),
        intervals: INTERVALS,
        alternatives: alternatives.iter().map(alternative_json).collect(),
        recommended: recommended_json(&alternatives, &recommended),
    };
    let paint = Paint::for_stdout();
    let told = print::told(&lot, &alternatives, &recommended, &trials, paint);
    screen.answer(&told, &answer)?;
    Ok(Verdict::Fine)
}

fn alternative_json(alternative: &Alternative) -> AlternativeJson {
    let (format, parameters) = parameters(&alternative.format);
    AlternativeJson {
        name: print::name(&alternative.format),
        format,
        parameters,
        revenue_share: EstimateJson::of(&alternative.revenue),
        shortfall: EstimateJson::of(&alternative.shortfall),
        loss_to_fair: EstimateJson::of(&alternative.loss),
        seconds_to_clear: EstimateJson::of(&alternative.seconds),
        unsold: EstimateJson::of_share(&alternative.unsold),
        zero: EstimateJson::of_share(&alternative.zero),
    }
}

fn parameters(format: &Format) -> (&'static str, Map<String, Value>) {
    let (name, value) = match *format {
        Format::English { lifetime_s } => ("english", json!({ "lifetime_s": lifetime_s })),
        Format::Dutch { start, shape, tail_s, decay } => {
            let shape = match shape {
                Shape::Stairs => "stairs",
                Shape::Line => "line",
            };
            let value = json!({
                "start": plain(start),
                "shape": shape,
                "tail_s": tail_s,
                "log_decay_per_s": plain(decay.log_decay_per_s),
                "expected_loss": plain(decay.expected.loss),
                "expected_fill_s": plain(decay.expected.fill_s),
            });
            ("dutch", value)
        }
        Format::Sealed { pricing, window_s } => {
            (print::pricing_name(pricing), json!({ "window_s": window_s }))
        }
        Format::Batch { window_s } => ("batch", json!({ "window_s": window_s })),
        Format::Market => ("market", json!({})),
    };
    let parameters = match value {
        Value::Object(parameters) => parameters,
        _ => Map::new(),
    };
    (name, parameters)
}

fn recommended_json(alternatives: &[Alternative], recommended: &Recommendation) -> RecommendedJson {
    let because = match recommended.because {
        Because::Shortfall => "least shortfall",
        Because::Loss => "least loss to fair of those with the least shortfall",
        Because::Time => "sold soonest of those tied in shortfall and loss to fair",
    };
    RecommendedJson {
        name: print::name(&alternatives[recommended.best].format),
        alternative: recommended.best,
        because,
        same_shortfall: recommended.same_shortfall.clone(),
        ties: recommended.ties.clone(),
    }
}
