//! `breakwater market ladders`: many pairs' quotes, at once and in slices.

use super::arguments::Ladders as Asked;
use crate::failure::{Failure, Verdict};
use crate::figures::{count, wrapped};
use crate::screen::Screen;
use breakwater_simulate::real_market::ladders::{LadderCost, PairLadder, Slicing, read};
use breakwater_simulate::scenario::read_file;
use serde::Serialize;

/// Schema of the answer.
pub const SCHEMA: &str = "breakwater.market-ladders/1";
/// Shares of the largest amount that are asked about.
const SHARES: [u32; 6] = [1, 5, 10, 25, 50, 100];

#[derive(Serialize)]
struct Answer {
    schema: &'static str,
    file: String,
    slices: u32,
    gap_s: String,
    half_life_s: String,
    pairs: Vec<PairJson>,
}

#[derive(Serialize)]
struct PairJson {
    source: String,
    target: String,
    quotes: usize,
    costs: Vec<CostJson>,
}

#[derive(Serialize)]
struct CostJson {
    share_percent: u32,
    immediate_bps: String,
    sliced_bps: String,
}

/// Reads the file and prints how costs are spread over the pairs.
pub fn run(asked: &Asked, screen: &Screen) -> Result<Verdict, Failure> {
    let name = asked.file.display().to_string();
    let pairs = read(&name, &read_file(&asked.file)?)?;
    let slicing = Slicing {
        slices: asked.slices,
        gap_seconds: asked.gap,
        half_life_seconds: asked.half_life,
    };
    let mut costs = Vec::with_capacity(pairs.len());
    for pair in &pairs {
        let of = |share: &u32| pair.cost(*share, &slicing).map_err(Failure::of_run);
        costs.push(SHARES.iter().map(of).collect::<Result<Vec<LadderCost>, Failure>>()?);
    }
    let json = |(pair, costs): (&PairLadder, &Vec<LadderCost>)| PairJson {
        source: pair.source.clone(),
        target: pair.target.clone(),
        quotes: pair.quotes,
        costs: costs.iter().map(cost_json).collect(),
    };
    let answer = Answer {
        schema: SCHEMA,
        file: name,
        slices: asked.slices,
        gap_s: asked.gap.to_string(),
        half_life_s: asked.half_life.to_string(),
        pairs: pairs.iter().zip(&costs).map(json).collect(),
    };
    screen.answer(&told(&answer, &costs), &answer)?;
    Ok(Verdict::Fine)
}

fn cost_json(cost: &LadderCost) -> CostJson {
    CostJson {
        share_percent: cost.percent,
        immediate_bps: format!("{:.3}", cost.immediate_bps),
        sliced_bps: format!("{:.3}", cost.sliced_bps),
    }
}

fn told(answer: &Answer, costs: &[Vec<LadderCost>]) -> String {
    let mut text = format!(
        "{}: {} pairs; cost in basis points of the first hull quote, over pairs\n",
        answer.file,
        count(answer.pairs.len() as u64)
    );
    text.push_str(&format!("{:>10}{:>26}{:>32}{:>12}\n", "", "at once", "in slices", "spared"));
    text.push_str(&format!(
        "{:>10}{:>10}{:>10}{:>10}  {:>10}{:>10}{:>10}{:>10}\n",
        "share", "quarter", "median", "3 quarters", "quarter", "median", "3 quarters", "median"
    ));
    for (place, share) in SHARES.iter().enumerate() {
        let of = |take: fn(&LadderCost) -> f64| {
            let mut values: Vec<f64> =
                costs.iter().filter_map(|pair| pair.get(place)).map(take).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let at = |values: &[f64], quarter: usize| {
            values.get((values.len().saturating_sub(1)) * quarter / 4).copied().unwrap_or(0.0)
        };
        let (once, sliced) = (of(|cost| cost.immediate_bps), of(|cost| cost.sliced_bps));
        let spared = of(|cost| cost.immediate_bps - cost.sliced_bps);
        text.push_str(&format!("{:>8} %", share));
        for values in [&once, &sliced] {
            for quarter in 1..=3 {
                text.push_str(&format!("{:>10.1}", at(values, quarter)));
            }
            text.push_str("  ");
        }
        text.push_str(&format!("{:>8.1}\n", at(&spared, 2)));
    }
    let assumed = format!(
        "In {} equal slices, one every {} s. Assumed: half of what was sold is quoted again after {} s. \
         A ladder is one moment's quotes and cannot show that.",
        answer.slices, answer.gap_s, answer.half_life_s
    );
    for line in wrapped(&assumed, 98) {
        text.push_str(&format!("{line}\n"));
    }
    text
}
