//! Follows a run of auctions: its commands go to a journal, its progress to a shared bar.

use crate::failure::Failure;
use crate::replay::label;
use breakwater_engine::Command;
use breakwater_journal::{Journal, Manifest};
use breakwater_simulate::auctions::runner::{self, AuctionOptions, AuctionRun};
use breakwater_simulate::auctions::scenario::AuctionScenario;
use breakwater_simulate::{Progress, Watcher, encode};
use indicatif::ProgressBar;
use std::path::Path;

/// Commands in one durable transaction: a sync costs as much as some hundred frames.
const GROUP: usize = 4_096;

struct Recording<'a> {
    journal: Journal,
    group: Vec<Vec<u8>>,
    bar: &'a ProgressBar,
    format: &'a str,
    told: u64,
}

/// Runs one format with every command written down.
pub fn record(
    scenario: &AuctionScenario,
    format: &str,
    options: &AuctionOptions,
    path: &Path,
    bar: &ProgressBar,
) -> Result<AuctionRun, Failure> {
    let manifest = Manifest::new(env!("CARGO_PKG_VERSION"), label(scenario.name()));
    let journal =
        Journal::create(path, &manifest).map_err(|error| Failure::journal(path, &error))?;
    let group = Vec::with_capacity(GROUP);
    let mut recording = Recording { journal, group, bar, format, told: 0 };
    let run = runner::run(scenario, format, options, &mut recording);
    let written = recording.commit();
    let closed = recording.journal.close();
    // What stopped the run says more than what its files then had to say.
    let run = run.map_err(Failure::of_run)?;
    written.map_err(|error| Failure::Data(format!("cannot record: {error}")))?;
    closed.map_err(|error| Failure::Data(format!("cannot close the journal: {error}")))?;
    bar.inc(scenario.steps().saturating_sub(recording.told));
    Ok(run)
}

impl Recording<'_> {
    fn commit(&mut self) -> Result<(), String> {
        self.journal.append(&self.group).map_err(|error| format!("the journal: {error}"))?;
        self.group.clear();
        Ok(())
    }
}

impl Watcher for Recording<'_> {
    fn command(&mut self, command: &Command) -> Result<(), String> {
        self.group.push(encode(command));
        if self.group.len() >= GROUP { self.commit() } else { Ok(()) }
    }

    fn progress(&mut self, progress: &Progress) {
        let Progress { point, at, driver, called, liquidated, .. } = progress;
        self.bar.inc(point.saturating_sub(self.told));
        self.told = *point;
        let format = self.format;
        self.bar.set_message(format!(
            "{format}  {at}  price {driver}  lots open {called}, sold {liquidated}"
        ));
    }

    fn finish(&mut self) -> Result<(), String> {
        self.commit()
    }
}
