//! `breakwater hedge`: the trade now, a backtest over a recorded chain, or a simulation.

pub mod arguments;
mod backtest;
mod now;
mod page;
mod simulation;
mod told;

use crate::failure::{Failure, Verdict};
use crate::folder::Folder;
use crate::replay::REPORT;
use crate::screen::Screen;
use arguments::{Chosen, Hedge};
use breakwater_options::hedging::Policy;
use breakwater_report::{SectionsReport, WordTable, render_sections, write_words_csv};
use breakwater_simulate::ScenarioError;
use breakwater_simulate::hedging::book_file::{self, BookFile};
use breakwater_simulate::hedging::shipped;
use breakwater_simulate::scenario::read_file;
use serde_json::Value;
use std::path::Path;

/// Schema of the answer; the kind says which of the three it is.
pub const SCHEMA: &str = "breakwater.hedge/1";
/// The answer, as `--json` prints it; written first, so that it marks the folder as ours.
const ANSWER: &str = "hedge.json";
/// One row a policy.
const POLICIES: &str = "policies.csv";
/// One row a step and policy.
const STEPS: &str = "steps.csv";

/// What is told of one run.
struct Answer {
    text: String,
    json: Value,
    tables: Vec<(&'static str, WordTable)>,
    report: SectionsReport,
}

/// Hedges what is asked.
pub fn run(asked: &Hedge, screen: &Screen) -> Result<Verdict, Failure> {
    let (name, answer) = match (&asked.book, &asked.backtest) {
        (Some(book), Some(chain)) => {
            let waiting = screen.waits_for("hedging the book over the chain");
            let answer = backtest::run(asked, book, chain);
            waiting.finish_and_clear();
            (Some(stem(chain)), answer?)
        }
        (Some(book), None) => (None, now::run(asked, book)?),
        (None, _) => {
            let waiting = screen.waits_for("hedging along simulated paths");
            let answer = simulation::run(asked);
            waiting.finish_and_clear();
            (Some("simulation".to_owned()), answer?)
        }
    };
    let folder = name.map(|name| Path::new("out").join(format!("hedge-{name}")));
    let Some(out) = asked.out.clone().or(folder) else {
        screen.answer(&answer.text, &answer.json)?;
        return Ok(Verdict::Fine);
    };
    let folder = Folder::take(&out, &[ANSWER, REPORT, POLICIES, STEPS], SCHEMA)?;
    let bytes = serde_json::to_vec_pretty(&answer.json)
        .map_err(|error| Failure::Internal(format!("the answer has no JSON: {error}")))?;
    folder.write(ANSWER, &bytes)?;
    for (file, table) in &answer.tables {
        let mut bytes = Vec::new();
        write_words_csv(&mut bytes, table)?;
        folder.write(file, &bytes)?;
    }
    folder.write(REPORT, render_sections(&answer.report)?.as_bytes())?;
    let text = format!("{}\nreport      {}\n", answer.text, folder.file(REPORT).display());
    screen.answer(&text, &answer.json)?;
    Ok(Verdict::Fine)
}

/// A file's name without its endings.
fn stem(path: &str) -> String {
    let name = Path::new(path)
        .file_name()
        .map_or_else(String::new, |it| it.to_string_lossy().into_owned());
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.strip_suffix(".csv").unwrap_or(name).to_owned()
}

/// A book by path, or by the name of a shipped one.
fn open_book(name: &str) -> Result<BookFile, Failure> {
    match shipped::book(name) {
        Some(text) => Ok(book_file::read(&format!("{name}.toml"), text)?),
        None => Ok(book_file::read(name, &open(name, "book", shipped::BOOKS)?)?),
    }
}

/// The text of a file, or what would be right.
fn open(name: &str, what: &str, shipped: &[(&str, &str)]) -> Result<String, Failure> {
    if !Path::new(name).exists() {
        let names: Vec<&str> = shipped.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        return Err(Failure::Usage(format!(
            "no {what} '{name}': shipped are {names}; a path to a file works too"
        )));
    }
    Ok(read_file(Path::new(name))?)
}

/// What a policy gives, or why it has no hedge.
type OfPolicy<T> = (Policy, Result<T, String>);

/// Runs each policy by itself. One that was asked for by name and has no hedge is a failure; of the
/// others it is told.
fn each<T>(
    chosen: &Chosen,
    of: impl Fn(&Policy) -> Result<T, ScenarioError>,
) -> Result<Vec<OfPolicy<T>>, Failure> {
    let mut found = Vec::new();
    for policy in &chosen.policies {
        match of(policy) {
            Ok(it) => found.push((*policy, Ok(it))),
            // What is wrong with the book is wrong for a hedge of nothing as well.
            Err(error) if chosen.asked || of(&Policy::Unhedged).is_err() => {
                return Err(error.into());
            }
            Err(error) => found.push((*policy, Err(error.to_string()))),
        }
    }
    Ok(found)
}
