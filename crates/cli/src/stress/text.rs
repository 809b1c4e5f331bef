//! The answer as text.

use super::answer::{by_round, summaries, waterfall};
use super::run::Ran;
use super::tables::plain;
use crate::figures::{count, grouped, wrapped};
use crate::screen::Paint;
use breakwater_simulate::worlds::search::Table;
use breakwater_simulate::worlds::{GENERATOR, Interval, Metric};
use std::path::Path;

const WIDTH: usize = 98;

/// A figure with as many places as it is worth.
pub fn figure(value: f64) -> String {
    let places = match value.abs() {
        size if size >= 1_000.0 => 0,
        size if size >= 10.0 => 2,
        _ => 4,
    };
    let text = format!("{value:.places$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    };
    if text == "-0" { "0".to_owned() } else { grouped(&text) }
}

/// The ends of an interval.
pub fn ends(of: Interval) -> String {
    let end = |value: Option<f64>| value.map_or("open".to_owned(), figure);
    format!("[{}, {}]", end(of.low), end(of.high))
}

/// What is told on standard output.
pub fn told(ran: &Ran, page: &Path, paint: Paint) -> String {
    let world = &ran.world;
    let mut text = format!("{}\n", paint.strong(&world.file.title));
    wrapped(&world.file.question, WIDTH)
        .iter()
        .for_each(|line| text.push_str(&format!("{line}\n")));
    text.push('\n');
    let done = ran.outcome.rows.len() as u64;
    let partial = match (ran.outcome.complete(), ran.interrupted) {
        (true, false) => None,
        (true, true) => Some("interrupted: other values were not all tried".to_owned()),
        (false, _) => Some(format!(
            "interrupted: {} of {} paths are done, and everything below is of these alone",
            count(done),
            count(ran.outcome.paths)
        )),
    };
    if let Some(partial) = partial {
        text.push_str(&format!("{}\n\n", paint.bad(&partial)));
    }
    text.push_str(&facts(ran));
    text.push_str(&format!("\n{}", metrics(ran, paint)));
    text.push_str(&format!("\n{}", losses(ran, paint)));
    text.push_str(&funds(ran, paint));
    for (title, table) in [("sweep", &ran.sweep), ("search", &ran.search)] {
        if let Some(table) = table {
            text.push_str(&cells(title, table, paint));
        }
    }
    text.push_str(&format!("\nreport      {}\n", page.display()));
    text
}

fn facts(ran: &Ran) -> String {
    let world = &ran.world;
    let seconds = u64::from(world.steps) * u64::from(world.file.run.step_seconds);
    let units = |raw: u128| figure(raw as f64 / breakwater_simulate::worlds::rule::UNIT as f64);
    let balanced = match ran.outcome.rows.iter().all(|row| row.conserved.is_some()) {
        true if ran.outcome.unbalanced() == 0 => "yes, in every path".to_owned(),
        true => format!("no, in {} paths", ran.outcome.unbalanced()),
        false => "not kept by this engine; --judge asks every account".to_owned(),
    };
    let judged = match &ran.judged {
        (0, _) => "none; --judge N runs paths again by asking every account".to_owned(),
        (judged, differ) if differ.is_empty() => format!("{judged} paths, all equal"),
        (judged, differ) => format!("{judged} paths, of which {} DIFFER", differ.len()),
    };
    let mut text = String::new();
    for (name, value) in [
        (
            "book",
            format!(
                "{} accounts, {} held, {} owed",
                count(world.size() as u64),
                units(world.collateral),
                units(world.debt)
            ),
        ),
        (
            "paths",
            format!(
                "{} of {} steps, {} hours; seed {}; {}",
                count(ran.outcome.rows.len() as u64),
                count(world.steps.into()),
                plain((seconds as f64 / 36.0).round() / 100.0),
                world.seed,
                GENERATOR
            ),
        ),
        ("rulebook", format!("{}; {}", world.file.rulebook, ran.outcome.engine.name())),
        ("hash", ran.hash.clone()),
        ("balanced", balanced),
        ("judged", judged),
    ] {
        for (index, line) in wrapped(&value, WIDTH - 12).into_iter().enumerate() {
            text.push_str(&format!("{:<12}{line}\n", if index == 0 { name } else { "" }));
        }
    }
    text
}

fn metrics(ran: &Ran, paint: Paint) -> String {
    let line = |cells: [&str; 6]| {
        let [name, mean, low, middle, high, most] = cells;
        format!("{name:<26}{mean:>14}{low:>14}{middle:>14}{high:>14}{most:>14}\n")
    };
    let mut text = paint.strong(&line(["", "mean", "5 %", "median", "95 %", "99 %"]));
    for one in summaries(ran) {
        let [_, low, middle, high, far] = one.quantiles.map(figure);
        text.push_str(&line([one.metric.title(), &figure(one.mean), &low, &middle, &high, &far]));
    }
    text
}

fn losses(ran: &Ran, paint: Paint) -> String {
    let tail = if ran.world.fund > 0 { &ran.uncovered } else { &ran.bad_debt };
    let what = if ran.world.fund > 0 { Metric::Uncovered } else { Metric::BadDebt };
    let level = plain(f64::from(tail.level_bps) / 100.0);
    let mut text = paint.strong(&format!("{}, intervals of 95 %\n", what.title()));
    for (name, of) in [
        ("mean", tail.mean),
        (&*format!("value at risk, {level} %"), tail.var),
        (&*format!("shortfall, {level} %"), tail.shortfall),
    ] {
        text.push_str(&format!("{name:<26}{:>14}  {}\n", figure(of.value), ends(of)));
    }
    let share = plain((tail.above_zero * 1_000.0).round() / 10.0);
    text.push_str(&format!("{:<26}{share:>12} %\n", "paths with any"));
    let worst = waterfall(ran);
    let units = |raw: u128| figure(raw as f64 / breakwater_simulate::worlds::rule::UNIT as f64);
    let told = format!(
        "the worst {} paths lose {} each: liquidators keep {}, impact takes {}, the fund covers {}, {} stays open",
        worst.paths,
        units(worst.total),
        units(worst.kept),
        units(worst.impact),
        units(worst.covered),
        units(worst.open)
    );
    for line in wrapped(&told, WIDTH) {
        text.push_str(&format!("{line}\n"));
    }
    let rounds: Vec<String> = by_round(ran).into_iter().map(figure).collect();
    for line in wrapped(&format!("repaid by round, mean: {}", rounds.join("; ")), WIDTH) {
        text.push_str(&format!("{line}\n"));
    }
    text
}

fn funds(ran: &Ran, paint: Paint) -> String {
    let mut text = format!(
        "\n{}",
        paint.strong(&format!(
            "{:<10}{:>16}  {:<34}{:>18}\n",
            "covers", "fund", "interval", "left where any is"
        ))
    );
    for row in &ran.funds {
        let covers = format!("{} %", plain(f64::from(row.level_bps) / 100.0));
        text.push_str(&format!(
            "{covers:<10}{:>16}  {:<34}{:>18}\n",
            figure(row.size.value),
            ends(row.size),
            figure(row.uncovered_then)
        ));
    }
    text
}

/// Rows of a sweep that are printed; the file has them all.
const ROWS_MAX: usize = 24;

fn cells(title: &str, table: &Table, paint: Paint) -> String {
    let keys: Vec<&str> = table.plan.keys.iter().map(|(key, _)| key.as_str()).collect();
    let mut text =
        format!("\n{}, {} paths each: {}\n", paint.strong(title), table.paths, keys.join(" x "));
    let line = |cells: [&str; 6]| {
        let [values, mean, var, shortfall, paid, front] = cells;
        let row = format!("{values:<26}{mean:>14}{var:>14}{shortfall:>14}{paid:>14}  {front}");
        format!("{}\n", row.trim_end())
    };
    text.push_str(&paint.strong(&line(["", "mean loss", "at risk", "shortfall", "paid", "front"])));
    // A search is for what nothing beats.
    let chosen = table.cells.iter().filter(|cell| title == "sweep" || cell.on_front);
    for cell in chosen.clone().take(ROWS_MAX) {
        text.push_str(&line([
            &cell.values.join(" x "),
            &figure(cell.loss.mean.value),
            &figure(cell.loss.var.value),
            &figure(cell.loss.shortfall.value),
            &figure(cell.penalty),
            if cell.on_front { "*" } else { "" },
        ]));
    }
    let shown = chosen.count();
    if shown > ROWS_MAX {
        text.push_str(&format!("and {} more\n", shown - ROWS_MAX));
    }
    if table.cells.len() < table.plan.len() {
        let (done, of) = (table.cells.len(), table.plan.len());
        text.push_str(&paint.bad(&format!("interrupted: {done} of {of} combinations are done\n")));
    }
    text
}
