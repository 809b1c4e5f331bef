//! Who follows a run.

use breakwater_engine::{Command, Outcome};

/// Where a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Price points done.
    pub point: u64,
    /// Price points in all.
    pub points: u64,
    /// Simulated time of day.
    pub at: String,
    /// Mark of the driver.
    pub driver: String,
    /// Accounts called so far.
    pub called: u64,
    /// Accounts liquidated so far.
    pub liquidated: u64,
}

/// Somebody who follows a run: a journal, a progress bar.
pub trait Watcher {
    /// The run begins.
    fn begin(&mut self, points: u64) {
        let _ = points;
    }
    /// A command was applied.
    ///
    /// # Errors
    /// It could not be recorded; the run stops.
    fn command(&mut self, command: &Command) -> Result<(), String>;
    /// What became of it.
    fn outcome(&mut self, command: &Command, outcome: &Outcome) {
        let _ = (command, outcome);
    }
    /// A price point is done.
    fn progress(&mut self, progress: &Progress) {
        let _ = progress;
    }
    /// The run is over.
    ///
    /// # Errors
    /// What was recorded could not be made durable.
    fn finish(&mut self) -> Result<(), String> {
        Ok(())
    }
}

/// Follows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Watcher for Nobody {
    fn command(&mut self, _: &Command) -> Result<(), String> {
        Ok(())
    }
}
