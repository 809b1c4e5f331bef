//! Follows a run: its commands go to the journal, its events to a file, its progress to a bar.

use crate::events::{EventLog, Firsts};
use crate::failure::Failure;
use breakwater_engine::{Command, Outcome};
use breakwater_journal::Journal;
use breakwater_simulate::{Progress, Watcher, encode};
use indicatif::{ProgressBar, ProgressStyle};
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
}

impl Recording {
    /// Starts to follow; `shown` puts a bar on standard error.
    pub fn new(
        journal: Journal,
        events: EventLog<BufWriter<File>>,
        shown: bool,
        colour: bool,
    ) -> Self {
        let bar = if shown { ProgressBar::new(0) } else { ProgressBar::hidden() };
        let template = if colour {
            "{bar:28.cyan/blue} {pos:>3}/{len} {msg}"
        } else {
            "{bar:28} {pos:>3}/{len} {msg}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Recording { journal, group: Vec::with_capacity(GROUP), events, failed: None, bar }
    }

    fn commit(&mut self) -> Result<(), String> {
        self.journal.append(&self.group).map_err(|error| format!("the journal: {error}"))?;
        self.group.clear();
        Ok(())
    }

    /// Closes the journal and the file of events, and tells what was noticed.
    pub fn end(self) -> Result<(Firsts, u64), Failure> {
        self.bar.finish_and_clear();
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
        let Progress { point, at, driver, called, liquidated, .. } = progress;
        self.bar.set_position(*point);
        self.bar.set_message(format!("{at}  {driver}  called {called}  liquidated {liquidated}"));
    }

    fn finish(&mut self) -> Result<(), String> {
        self.bar.finish_and_clear();
        match self.failed.take() {
            Some(failed) => Err(failed),
            None => self.commit(),
        }
    }
}
