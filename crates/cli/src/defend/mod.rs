//! `breakwater defend`: sets of defences on one scenario, scored by one table.

pub mod arguments;
mod json;
mod page;
mod story;
mod tables;

use crate::failure::{Failure, Verdict};
use crate::folder::Folder;
use crate::replay::REPORT;
use crate::screen::{Paint, Screen};
use arguments::Defend as Asked;
use breakwater_report::{render_sections, write_words_csv};
use breakwater_simulate::defending::{DefendOptions, DefendScenario, Defended, run as play};

/// Schema of the answer.
pub const SCHEMA: &str = "breakwater.defend/1";
/// The answer, as `--json` prints it; written first, so that it marks the folder as ours.
const ANSWER: &str = "defend.json";
/// One row a set.
const TABLE: &str = "defences.csv";
/// One row a set and path.
const RUNS: &str = "runs.csv";
/// The first path, one row a set and step.
const TRACK: &str = "track.csv";

/// Everything that is told.
pub struct Told<'a> {
    /// The scenario.
    pub scenario: &'a DefendScenario,
    /// What came of it.
    pub found: &'a Defended,
    /// Changes as they were asked for.
    pub changes: &'a [String],
}

impl Told<'_> {
    /// True if flows are replayed rather than a pool played.
    pub fn replays(&self) -> bool {
        self.scenario.settings.flows.is_some()
    }
}

/// Runs what is asked.
pub fn run(asked: &Asked, screen: &Screen) -> Result<Verdict, Failure> {
    let scenario = DefendScenario::open(&asked.scenario)?;
    let options = DefendOptions { seed: asked.seed, paths: asked.paths };
    let files = [ANSWER, REPORT, TABLE, RUNS, TRACK];
    let folder = match &asked.out {
        None => None,
        Some(out) => {
            let folder = Folder::take(out, &files, SCHEMA)?;
            folder.write(ANSWER, format!("{{\"schema\": \"{SCHEMA}\"}}\n").as_bytes())?;
            Some(folder)
        }
    };
    let bar = screen.bar();
    let found = play(&scenario, &options, &|done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let found = found.map_err(Failure::of_run)?;
    let mut changes = Vec::new();
    changes.extend(asked.seed.map(|seed| format!("--seed {seed}")));
    changes.extend(asked.paths.map(|paths| format!("--paths {paths}")));
    let told = Told { scenario: &scenario, found: &found, changes: &changes };
    let answer = json::answer(&told);
    if let Some(folder) = &folder {
        for (file, table) in [
            (TABLE, tables::scores(&told)),
            (RUNS, tables::runs(&told)),
            (TRACK, tables::track(&told)),
        ] {
            let mut bytes = Vec::new();
            write_words_csv(&mut bytes, &table)?;
            folder.write(file, &bytes)?;
        }
        folder.write(REPORT, render_sections(&page::report(&told))?.as_bytes())?;
        let bytes = serde_json::to_vec_pretty(&answer)
            .map_err(|error| Failure::Internal(format!("the answer has no JSON: {error}")))?;
        folder.write(ANSWER, &bytes)?;
    }
    if asked.csv {
        let mut bytes = Vec::new();
        write_words_csv(&mut bytes, &tables::scores(&told))?;
        screen.bytes(&bytes)?;
        return Ok(Verdict::Fine);
    }
    let report = folder.as_ref().map(|folder| folder.file(REPORT));
    screen.answer(&story::told(&told, report.as_deref(), Paint::for_stdout()), &answer)?;
    Ok(Verdict::Fine)
}
