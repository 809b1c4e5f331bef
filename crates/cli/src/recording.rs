//! Follows a run: its commands go to the journal, its events to a file, its progress to a bar.

use crate::events::{EventLog, Firsts};
use crate::failure::Failure;
use breakwater_engine::{Command, Outcome};
use breakwater_journal::Journal;
use breakwater_simulate::{Progress, Watcher, encode};
use indicatif::ProgressBar;
use std::fs::File;
use std::io::BufWriter;

/// Commands in one durable transaction: a sync costs as much as some hundred frames.
const GROUP: usize = 512;

/// What follows a replay.
pub struct Recording {
    journal: Journal,
    group: Vec<Vec<u8>>,
    events: EventLog<BufWriter<File>>,
    /// A failure while no error could be answered, kept for the next call that can.
    failed: Option<String>,
    bar: ProgressBar,
    driver: String,
}

impl Recording {
    /// Starts to follow a run whose price is `driver`'s, with its bar.
    pub fn new(
        journal: Journal,
        events: EventLog<BufWriter<File>>,
        driver: &str,
        bar: ProgressBar,
    ) -> Self {
        let (group, driver) = (Vec::with_capacity(GROUP), driver.to_owned());
        Recording { journal, group, events, failed: None, bar, driver }
    }

    fn commit(&mut self) -> Result<(), String> {
        self.journal.append(&self.group).map_err(|error| format!("the journal: {error}"))?;
        self.group.clear();
        Ok(())
    }

    /// Closes the journal and the file of events, and tells what was noticed. Where a run was
    /// stopped half way, what it did until then is in both.
    pub fn end(mut self) -> Result<(Firsts, u64), Failure> {
        self.bar.finish_and_clear();
        self.commit().map_err(|error| Failure::Data(format!("cannot record: {error}")))?;
        self.journal
            .close()
            .map_err(|error| Failure::Data(format!("cannot close the journal: {error}")))?;
        self.events
            .end()
            .map_err(|error| Failure::Data(format!("cannot write events.jsonl: {error}")))
    }
}

impl Watcher for Recording {
    fn begin(&mut self, points: u64) {
        self.bar.set_length(points);
        self.bar.tick();
    }

    fn command(&mut self, command: &Command) -> Result<(), String> {
        if let Some(failed) = self.failed.take() {
            return Err(failed);
        }
        self.group.push(encode(command));
        if self.group.len() >= GROUP { self.commit() } else { Ok(()) }
    }

    fn outcome(&mut self, command: &Command, outcome: &Outcome) {
        if let Err(error) = self.events.write(command, outcome) {
            self.failed.get_or_insert_with(|| format!("events.jsonl: {error}"));
        }
    }

    fn progress(&mut self, progress: &Progress) {
        let Progress { point, at, driver: price, called, liquidated, .. } = progress;
        let driver = &self.driver;
        self.bar.set_position(*point);
        self.bar.set_message(format!(
            "{at}  {driver} {price}  called {called}  liquidated {liquidated}"
        ));
    }

    fn finish(&mut self) -> Result<(), String> {
        self.bar.finish_and_clear();
        match self.failed.take() {
            Some(failed) => Err(failed),
            None => self.commit(),
        }
    }
}
