//! `breakwater replay`: one crash over one book, with its journal, report and proof.

use crate::arguments::Replay;
use crate::events::{self, EventLog, Firsts};
use crate::failure::{Failure, Verdict};
use crate::folder::Folder;
use crate::rebuilt;
use crate::recording::Recording;
use crate::report_of::{self, Told};
use crate::screen::{Paint, Screen};
use crate::{json_of, perpetuals, source, story};
use breakwater_journal::{Journal, JournalError, Manifest};
use breakwater_report::{render_run, write_liquidations_csv};
use breakwater_simulate::perpetuals::PerpetualScenario;
use breakwater_simulate::{PolicyChoice, Run, RunOptions, Scenario, sensitivity};
use std::path::{Path, PathBuf};

/// The report.
pub const REPORT: &str = "report.html";
/// One line an event.
pub const EVENTS: &str = "events.jsonl";
/// One row a liquidation.
pub const LIQUIDATIONS: &str = "liquidations.csv";
/// Every command.
pub const JOURNAL: &str = "journal.redb";

/// Runs the scenario and tells of it.
pub fn run(asked: &Replay, screen: &Screen) -> Result<Verdict, Failure> {
    crate::auction::refuse(&asked.scenario)?;
    if PerpetualScenario::is_meant(&asked.scenario) {
        return perpetuals::replay::run(asked, screen);
    }
    perpetuals::refuse_backstop(&asked.backstop)?;
    perpetuals::refuse_sharing(&asked.sharing)?;
    let scenario = Scenario::open(&asked.scenario)?;
    let rulebook = asked.rulebook.as_deref().map(source::rulebook).transpose()?;
    let mut options = asked.changes.options(rulebook, asked.policy.choice());
    options.thresholds = asked.thresholds.choice();
    let out = asked.out.clone().unwrap_or_else(|| default_folder(scenario.name(), ""));
    let folder = Folder::take(&out, &[EVENTS, REPORT, LIQUIDATIONS, JOURNAL], events::SCHEMA)?;
    let (run, firsts, event_lines) = record(&scenario, &options, &folder, screen)?;
    let waiting = screen.waits_for("replaying the journal, then other depths and feedbacks");
    let replay_hash = prove(&folder.file(JOURNAL), &run.state_hash)?;
    let cells = sensitivity(&scenario, &options, &run).map_err(Failure::of_run)?;
    waiting.finish_and_clear();

    let changes = asked.changes.told();
    let told = Told {
        scenario: &scenario,
        options: &options,
        changes: &changes,
        run: &run,
        firsts: &firsts,
        cells: &cells,
        replay_hash: &replay_hash,
    };
    let report = report_of::report(&told)?;
    let mut table = Vec::new();
    write_liquidations_csv(&mut table, &report.liquidations)?;
    folder.write(LIQUIDATIONS, &table)?;
    folder.write(REPORT, render_run(&report)?.as_bytes())?;

    let ending = story::Ending {
        replay_hash: &replay_hash,
        report: &folder.file(REPORT),
        changes: &changes,
    };
    let text = story::told(&run, &ending, Paint::for_stdout());
    let files = json_of::Files {
        report: folder.file(REPORT).display().to_string(),
        events: folder.file(EVENTS).display().to_string(),
        event_lines,
        liquidations: folder.file(LIQUIDATIONS).display().to_string(),
        journal: folder.file(JOURNAL).display().to_string(),
    };
    screen.answer(&text, &json_of::replay(&run, &options, &changes, &replay_hash, files))?;
    let proved = run.books_balance && replay_hash == run.state_hash;
    Ok(if proved { Verdict::Fine } else { Verdict::Broken })
}

/// `out/SCENARIO`, with what a file name cannot hold replaced.
pub fn default_folder(scenario: &str, suffix: &str) -> PathBuf {
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = scenario.chars().map(plain).collect();
    let name = if name.trim_matches('.').is_empty() { "scenario" } else { name.as_str() };
    Path::new("out").join(format!("{name}{suffix}"))
}

/// Runs with everything written down as it happens.
fn record(
    scenario: &Scenario,
    options: &RunOptions,
    folder: &Folder,
    screen: &Screen,
) -> Result<(Run, Firsts, u64), Failure> {
    // Written before anything else: it marks the folder as ours even if the run is interrupted.
    let events = EventLog::begin(folder.create(EVENTS)?, scenario.name())
        .map_err(|error| Failure::file("write", &folder.file(EVENTS), &error))?;
    let path = folder.file(JOURNAL);
    let manifest = Manifest::new(env!("CARGO_PKG_VERSION"), label(scenario.name()));
    let journal =
        Journal::create(&path, &manifest).map_err(|error| Failure::journal(&path, &error))?;
    let driver = &scenario.settings.driver.market;
    let mut recording = Recording::new(journal, events, driver, screen.bar());
    let run = breakwater_simulate::run(scenario, options, &mut recording);
    let ended = recording.end();
    // What stopped the run says more than what its files then had to say.
    let run = run.map_err(Failure::of_run)?;
    let (firsts, lines) = ended?;
    Ok((run, firsts, lines))
}

/// A manifest's label is bounded; a name beyond it is cut between characters.
pub(crate) fn label(name: &str) -> String {
    let cut = name.char_indices().map(|(at, _)| at).find(|at| *at > 1_000).unwrap_or(name.len());
    format!("replay of {}", &name[..cut])
}

/// Opens the journal again, replays all of it into a fresh engine, and answers the hash that this
/// gives. Where it is the run's, the state is kept beside the frames for `verify`.
pub(crate) fn prove(path: &Path, state_hash: &str) -> Result<String, Failure> {
    let failed = |error: JournalError| Failure::journal(path, &error);
    let mut journal = rebuilt::open(path)?;
    let rebuilt = rebuilt::rebuild(&journal, path, &[])?;
    let hash = rebuilt.engine.state_hash();
    if hash.hex() == state_hash {
        let state = rebuilt
            .engine
            .encode()
            .map_err(|error| Failure::Internal(format!("the state has no encoding: {error}")))?;
        let sequence = journal.head().sequence;
        journal.write_snapshot(sequence, hash.combined, &state).map_err(failed)?;
    }
    journal.close().map_err(failed)?;
    Ok(hash.hex())
}

/// True if the venue itself sells, so that no keeper gains and no call costs gas.
pub const fn venue_sells(policy: PolicyChoice) -> bool {
    matches!(
        policy,
        PolicyChoice::VenueTarget
            | PolicyChoice::VenueFull
            | PolicyChoice::VenuePlanned
            | PolicyChoice::Auction(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_have_names_that_files_can_have() {
        assert_eq!(
            default_folder("black-thursday", "-compare"),
            Path::new("out/black-thursday-compare")
        );
        assert_eq!(default_folder("../../etc", ""), Path::new("out/..-..-etc"));
        assert_eq!(default_folder("..", ""), Path::new("out/scenario"));
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        assert!(label(&"\u{e9}".repeat(5_000)).len() < 4_096);
        assert_eq!(label("a"), "replay of a");
    }
}
