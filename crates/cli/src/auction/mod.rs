//! `breakwater auction`: formats of auction over the same vaults, day and bidders; ways to sell a lot; the
//! games around auctions.

pub mod design;
mod figures;
pub mod games;
mod json;
mod number;
mod page;
mod page_charts;
mod page_tables;
mod recording;
mod story;

use crate::arguments::{AuctionCommand, AuctionRun as Asked};
use crate::failure::{Failure, Verdict};
use crate::folder::Folder;
use crate::replay::{REPORT, default_folder, prove};
use crate::screen::{Paint, Screen};
use breakwater_report::{render_sections, write_words_csv};
use breakwater_simulate::auctions::runner::{AuctionOptions, AuctionRun, Cell, vary};
use breakwater_simulate::auctions::scenario::AuctionScenario;
use breakwater_simulate::auctions::settings::Published;
use recording::record;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Schema of the answer.
pub const SCHEMA: &str = "breakwater.auction/1";
/// The answer, as `--json` prints it; written first, so that it marks the folder as ours.
const ANSWER: &str = "auction.json";
/// One row a lot.
const LOTS: &str = "lots.csv";
/// One row a combination.
const SENSITIVITY: &str = "sensitivity.csv";
/// The scenario of `auction black-thursday`.
const BLACK_THURSDAY: &str = "auction-black-thursday";

/// One format's run, with the proof that its journal gives the same state.
pub struct Proved {
    /// The run.
    pub run: AuctionRun,
    /// State hash of the journal's replay.
    pub replay_hash: String,
    /// Where the journal is.
    pub journal: String,
}

impl Proved {
    /// Whether it is.
    pub fn same(&self) -> bool {
        self.replay_hash == self.run.state_hash
    }
}

/// Everything that is told.
pub struct Told<'a> {
    /// The scenario.
    pub scenario: &'a AuctionScenario,
    /// How it was run.
    pub options: &'a AuctionOptions,
    /// Changes as they were asked for.
    pub changes: &'a [String],
    /// One run a format.
    pub runs: &'a [Proved],
    /// Other bidders, gas and capital; empty if left out.
    pub cells: &'a [Cell],
}

impl Told<'_> {
    /// What was published of formats that were run, each with the run that it stands beside.
    pub fn marks(&self) -> Vec<(&Published, &AuctionRun)> {
        let beside = |mark: &Published| {
            let run = self.runs.iter().find(|proved| proved.run.format == mark.format);
            run.map(|proved| &proved.run)
        };
        let published = self.scenario.settings.published.iter();
        published.filter_map(|mark| Some((mark, beside(mark)?))).collect()
    }

    /// One hash over all runs.
    pub fn combined_hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for proved in self.runs {
            hasher.update(proved.run.format.as_bytes());
            hasher.update(proved.run.state_hash.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// Runs what is asked.
pub fn run(asked: &AuctionCommand, screen: &Screen) -> Result<Verdict, Failure> {
    let (name, asked) = match asked {
        AuctionCommand::BlackThursday(asked) => (BLACK_THURSDAY, asked),
        AuctionCommand::Run { scenario, run } => (scenario.as_str(), run),
        AuctionCommand::Design(asked) => return design::run(asked, screen),
        AuctionCommand::Games(asked) => return games::run(asked, screen),
    };
    let scenario = AuctionScenario::open(name)?;
    let formats = formats(&scenario, asked)?;
    let options = AuctionOptions {
        seed: asked.seed,
        bidders: asked.bidders,
        gas: asked.gas.clone(),
        capital: asked.capital.clone(),
    };
    // What the command line asks for is refused before anything is written.
    scenario.population(&options).map_err(Failure::of_run)?;
    let out = asked.out.clone().unwrap_or_else(|| default_folder(scenario.name(), ""));
    let journals: Vec<String> =
        scenario.settings.formats.keys().map(|name| journal_of(name)).collect();
    let files: Vec<&str> = [ANSWER, REPORT, LOTS, SENSITIVITY]
        .into_iter()
        .chain(journals.iter().map(String::as_str))
        .collect();
    let folder = Folder::take(&out, &files, SCHEMA)?;
    folder.write(ANSWER, format!("{{\"schema\": \"{SCHEMA}\"}}\n").as_bytes())?;

    let runs = all(&scenario, &formats, &options, &folder, screen)?;
    let cells = if asked.no_sensitivity {
        Vec::new()
    } else {
        let waiting = screen.waits_for("other bidders, gas and capital");
        let cells = vary(&scenario, &options).map_err(Failure::of_run)?;
        waiting.finish_and_clear();
        cells
    };
    let changes = asked.told();
    let told = Told {
        scenario: &scenario,
        options: &options,
        changes: &changes,
        runs: &runs,
        cells: &cells,
    };
    write(&told, &folder)?;
    let report = folder.file(REPORT);
    let answer = json::answer(&told, &folder);
    let bytes = serde_json::to_vec_pretty(&answer)
        .map_err(|error| Failure::Internal(format!("the answer has no JSON: {error}")))?;
    folder.write(ANSWER, &bytes)?;
    screen.answer(&story::told(&told, &report, Paint::for_stdout()), &answer)?;
    let proved = runs.iter().all(|proved| proved.same() && proved.run.books_balance);
    Ok(if proved { Verdict::Fine } else { Verdict::Broken })
}

/// Refuses a scenario of auctions where another kind is run.
pub fn refuse(name: &str) -> Result<(), Failure> {
    if AuctionScenario::is_meant(name) {
        let told =
            format!("'{name}' is a scenario of auctions; expected breakwater auction run {name}");
        return Err(Failure::Usage(told));
    }
    Ok(())
}

/// The formats asked for, each once, in the scenario's order.
fn formats(scenario: &AuctionScenario, asked: &Asked) -> Result<Vec<String>, Failure> {
    for name in &asked.format {
        scenario.format(name).map_err(|error| Failure::Usage(format!("--{error}")))?;
    }
    if asked.format.is_empty() {
        return Ok(scenario.settings.run.formats.clone());
    }
    let listed = scenario.settings.run.formats.iter();
    let others = scenario.settings.formats.keys();
    let mut formats: Vec<String> = Vec::new();
    for name in listed.chain(others) {
        if asked.format.contains(name) && !formats.contains(name) {
            formats.push(name.clone());
        }
    }
    Ok(formats)
}

/// The file of a format's journal. A format may have any name, a file may not.
fn journal_of(format: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_".contains(c) { c } else { '-' };
    format!("{}.redb", format.chars().map(plain).collect::<String>())
}

/// Runs every format on all cores; answers come in the order of the formats.
fn all(
    scenario: &AuctionScenario,
    formats: &[String],
    options: &AuctionOptions,
    folder: &Folder,
    screen: &Screen,
) -> Result<Vec<Proved>, Failure> {
    let bar = screen.bar();
    bar.set_length(scenario.steps() * formats.len() as u64);
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<Proved, Failure>)>> = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(formats.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(format) = formats.get(at) else { return };
                    let result = one(scenario, format, options, folder, &bar);
                    if let Ok(mut done) = done.lock() {
                        done.push((at, result));
                    }
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(at, _)| *at);
    if done.len() < formats.len() {
        return Err(Failure::Internal("a run ended abnormally".to_owned()));
    }
    done.into_iter().map(|(_, result)| result).collect()
}

fn one(
    scenario: &AuctionScenario,
    format: &str,
    options: &AuctionOptions,
    folder: &Folder,
    bar: &indicatif::ProgressBar,
) -> Result<Proved, Failure> {
    let journal = folder.file(&journal_of(format));
    let run = record(scenario, format, options, &journal, bar)?;
    let replay_hash = prove(&journal, &run.state_hash)?;
    Ok(Proved { run, replay_hash, journal: journal.display().to_string() })
}

/// The report and the tables.
fn write(told: &Told<'_>, folder: &Folder) -> Result<(), Failure> {
    let mut tables = vec![(LOTS, page_tables::lots(told))];
    if !told.cells.is_empty() {
        tables.push((SENSITIVITY, page_tables::sensitivity(told)));
    }
    for (file, table) in tables {
        let mut bytes = Vec::new();
        write_words_csv(&mut bytes, &table)?;
        folder.write(file, &bytes)?;
    }
    let report = page::report(told)?;
    folder.write(REPORT, render_sections(&report)?.as_bytes())
}
