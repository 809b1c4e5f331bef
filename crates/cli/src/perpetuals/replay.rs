//! `breakwater replay` of a scenario over perpetuals.

use super::{json, options, page, story, told};
use crate::arguments::Replay;
use crate::events::{self, EventLog, Firsts};
use crate::failure::{Failure, Verdict};
use crate::folder::Folder;
use crate::recording::Recording;
use crate::replay::{EVENTS, JOURNAL, LIQUIDATIONS, REPORT, default_folder, label, prove};
use crate::screen::{Paint, Screen};
use breakwater_journal::{Journal, Manifest};
use breakwater_report::{render_sections, write_words_csv};
use breakwater_simulate::perpetuals::PerpetualScenario;
use breakwater_simulate::perpetuals::runner::{self, PerpetualOptions, PerpetualRun};

/// One row a deleveraging.
pub const DELEVERAGING: &str = "deleveraging.csv";

/// Runs the scenario and tells of it.
pub fn run(asked: &Replay, screen: &Screen) -> Result<Verdict, Failure> {
    let options = options(asked)?;
    let scenario = PerpetualScenario::open(&asked.scenario)?;
    let out = asked.out.clone().unwrap_or_else(|| default_folder(scenario.name(), ""));
    let files = [EVENTS, REPORT, LIQUIDATIONS, DELEVERAGING, JOURNAL];
    let folder = Folder::take(&out, &files, events::SCHEMA)?;
    let (run, firsts, event_lines) = record(&scenario, &options, &folder, screen)?;
    let waiting = screen.waits_for("replaying the journal");
    let replay_hash = prove(&folder.file(JOURNAL), &run.state_hash)?;
    waiting.finish_and_clear();

    let mut changes = told(&asked.changes, &asked.backstop, Some(asked.policy));
    let schedule = asked.sharing.schedule;
    changes.extend(schedule.map(|_| format!("--schedule {}", run.schedule)));
    for (file, table) in
        [(LIQUIDATIONS, page::sales_table(&run)), (DELEVERAGING, page::waves_table(&run))]
    {
        let mut bytes = Vec::new();
        write_words_csv(&mut bytes, &table)?;
        folder.write(file, &bytes)?;
    }
    let report = page::report(&scenario, &options, &run, &firsts, &changes, &replay_hash)?;
    folder.write(REPORT, render_sections(&report)?.as_bytes())?;
    let text = story::told(&run, &changes, &replay_hash, &folder.file(REPORT), Paint::for_stdout());
    let files = json::Files {
        report: folder.file(REPORT).display().to_string(),
        events: folder.file(EVENTS).display().to_string(),
        event_lines,
        liquidations: folder.file(LIQUIDATIONS).display().to_string(),
        deleveraging: folder.file(DELEVERAGING).display().to_string(),
        journal: folder.file(JOURNAL).display().to_string(),
    };
    screen.answer(&text, &json::replay(&run, &changes, &replay_hash, files))?;
    let proved = run.books_balance && replay_hash == run.state_hash;
    Ok(if proved { Verdict::Fine } else { Verdict::Broken })
}

/// Runs with everything written down as it happens.
fn record(
    scenario: &PerpetualScenario,
    options: &PerpetualOptions,
    folder: &Folder,
    screen: &Screen,
) -> Result<(PerpetualRun, Firsts, u64), Failure> {
    // Written before anything else: it marks the folder as ours even if the run is interrupted.
    let events = EventLog::begin(folder.create(EVENTS)?, scenario.name())
        .map_err(|error| Failure::file("write", &folder.file(EVENTS), &error))?;
    let path = folder.file(JOURNAL);
    let manifest = Manifest::new(env!("CARGO_PKG_VERSION"), label(scenario.name()));
    let journal =
        Journal::create(&path, &manifest).map_err(|error| Failure::journal(&path, &error))?;
    let driver = &scenario.settings.market.name;
    let mut recording = Recording::new(journal, events, driver, screen.bar());
    let run = runner::run(scenario, options, &mut recording);
    let ended = recording.end();
    // What stopped the run says more than what its files then had to say.
    let run = run.map_err(Failure::of_run)?;
    let (firsts, lines) = ended?;
    Ok((run, firsts, lines))
}
