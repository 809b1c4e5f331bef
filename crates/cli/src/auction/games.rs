//! `breakwater auction games`: every game against its closed form.

use super::number::{EstimateJson, Playing, plain, shown};
use crate::failure::{Failure, Verdict};
use crate::figures::{count, wrapped};
use crate::screen::{Paint, Screen};
use breakwater_simulate::auctions::games::{Row, table};
use clap::Args;
use serde::Serialize;

/// Schema of the answer.
pub const SCHEMA: &str = "breakwater.auction-games/1";

/// Fewer trials have errors too uncertain to agree or disagree by.
const TRIALS_LEAST: u64 = 1_000;

/// Play the games.
#[derive(Debug, Args)]
pub struct Games {
    /// Auctions a row
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub trials: u64,
    /// Seed and threads.
    #[command(flatten)]
    pub playing: Playing,
}

#[derive(Serialize)]
struct Answer {
    schema: &'static str,
    seed: u64,
    trials: u64,
    agreement: &'static str,
    rows: Vec<RowJson>,
    disagree: usize,
}

#[derive(Serialize)]
struct RowJson {
    game: &'static str,
    case: String,
    closed_form: String,
    simulated: EstimateJson,
    allowance: String,
    trials: u64,
    agrees: bool,
}

/// How a row agrees.
const AGREEMENT: &str = "the closed form lies within 4 standard errors and the allowance; an \
    allowance is a step of the format's price, of a grid, or of an average over learning";

/// Plays every game and prints one table.
pub fn run(asked: &Games, screen: &Screen) -> Result<Verdict, Failure> {
    if asked.trials < TRIALS_LEAST {
        return Err(Failure::Usage(format!(
            "trials is {}: it must be at least {TRIALS_LEAST}, or errors say little",
            asked.trials
        )));
    }
    let trials = asked.playing.trials(asked.trials)?;
    let waiting = screen.waits_for("playing");
    let rows = table::all(&trials)?;
    waiting.finish_and_clear();
    let answer = Answer {
        schema: SCHEMA,
        seed: trials.seed(),
        trials: trials.count(),
        agreement: AGREEMENT,
        rows: rows.iter().map(json).collect(),
        disagree: disagreeing(&rows),
    };
    screen.answer(&told(&rows, asked, Paint::for_stdout()), &answer)?;
    Ok(verdict(&rows))
}

fn disagreeing(rows: &[Row]) -> usize {
    rows.iter().filter(|row| !row.agrees()).count()
}

fn verdict(rows: &[Row]) -> Verdict {
    if disagreeing(rows) == 0 { Verdict::Fine } else { Verdict::Finding }
}

fn json(row: &Row) -> RowJson {
    RowJson {
        game: row.game,
        case: row.case.clone(),
        closed_form: plain(row.closed),
        simulated: EstimateJson::of(&row.simulated),
        allowance: plain(row.allowance),
        trials: row.simulated.count,
        agrees: row.agrees(),
    }
}

/// Width of a row's case, and of a line.
const CASE: usize = 62;
const WIDTH: usize = 100;

fn told(rows: &[Row], asked: &Games, paint: Paint) -> String {
    let mut text = format!(
        "{} auctions a row, seed {}; simulated with half of its 95 % interval\n",
        count(asked.trials),
        asked.playing.seed
    );
    text.push_str(&format!(
        "{:CASE$}{:>10}{:>11}{:>10}{:>8}\n",
        "", "closed", "simulated", "\u{b1}", "agrees"
    ));
    let mut last = "";
    for row in rows {
        if row.game != last {
            text.push_str(&format!("{}\n", paint.strong(row.game)));
            last = row.game;
        }
        let [low, high] = row.simulated.interval();
        let half = match row.simulated.count {
            0 => "exact".to_owned(),
            _ => shown((high - low) / 2.0, 5),
        };
        let agrees = paint.yes_or_no(row.agrees());
        // The colour of the word has no width.
        let pad = " ".repeat(if row.agrees() { 5 } else { 6 });
        text.push_str(&format!(
            "  {:<width$}{:>10}{:>11}{half:>10}{pad}{agrees}\n",
            row.case,
            shown(row.closed, 5),
            shown(row.simulated.mean, 5),
            width = CASE - 2,
        ));
    }
    let (all, off) = (rows.len(), disagreeing(rows));
    text.push('\n');
    for line in wrapped(&format!("{} of {all} agree: {AGREEMENT}", all - off), WIDTH) {
        text.push_str(&format!("{line}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use breakwater_simulate::auctions::games::Estimate;

    #[test]
    fn one_row_that_disagrees_is_a_finding() {
        let row = Row {
            game: "a game",
            case: "a case".to_owned(),
            closed: 1.0,
            simulated: Estimate { count: 100, mean: 1.04, error: 0.01 },
            allowance: 0.0,
        };
        assert_eq!(verdict(std::slice::from_ref(&row)), Verdict::Fine);
        let off = Row { closed: 0.99, ..row.clone() };
        assert_eq!(verdict(&[row, off.clone()]), Verdict::Finding);
        let asked = Games { trials: 1_000, playing: Playing { seed: 1, threads: None } };
        let text = told(&[off], &asked, Paint::default());
        assert!(text.contains("no\n") && text.contains("0 of 1 agree"), "{text}");
    }
}
