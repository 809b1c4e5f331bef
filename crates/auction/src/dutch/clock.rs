//! Auction time: seconds that stand still while the clock is stopped.
//!
//! A price that falls while nobody can know what the lot is worth gives the lot away. So whoever sells
//! stops the clock while the feed is stale or the venue cannot be reached, and every age of a sale is
//! counted in auction seconds.

use super::Refusal;
use serde::{Deserialize, Serialize};

/// A clock that can be stopped. All times given to it are seconds of the same origin, and rise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Clock {
    /// Seconds of the stops that are over.
    paused_seconds: u64,
    /// When the stop that lasts began.
    stopped_at: Option<u64>,
    /// When the clock was last stopped or started.
    turned_at: u64,
}

impl Clock {
    /// A clock that runs and was never stopped: auction seconds are seconds.
    #[must_use]
    pub const fn running() -> Self {
        Clock { paused_seconds: 0, stopped_at: None, turned_at: 0 }
    }

    /// Whether it stands still.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        self.stopped_at.is_some()
    }

    /// Seconds that the clock has stood still until `now`.
    ///
    /// # Errors
    /// [`Refusal::TimeBack`] if `now` lies before the last stop or start.
    pub const fn paused_seconds(&self, now: u64) -> Result<u64, Refusal> {
        let Some(_) = now.checked_sub(self.turned_at) else {
            return Err(Refusal::TimeBack { now, last: self.turned_at });
        };
        let current = match self.stopped_at {
            Some(since) => now.saturating_sub(since),
            None => 0,
        };
        // No overflow: stops do not overlap, so together they are no longer than `now`.
        Ok(self.paused_seconds.saturating_add(current))
    }

    /// Auction seconds at `now`.
    ///
    /// # Errors
    /// [`Refusal::TimeBack`] if `now` lies before the last stop or start.
    pub fn seconds(&self, now: u64) -> Result<u64, Refusal> {
        let paused = self.paused_seconds(now)?;
        // Stops are parts of the time until `now`, so that nothing is cut off.
        Ok(now.saturating_sub(paused))
    }

    /// Stops the clock; one that stands still goes on doing so from when it first stopped.
    ///
    /// # Errors
    /// [`Refusal::TimeBack`] if `now` lies before the last stop or start.
    pub fn stop(&mut self, now: u64) -> Result<(), Refusal> {
        self.paused_seconds(now)?;
        if self.stopped_at.is_none() {
            (self.stopped_at, self.turned_at) = (Some(now), now);
        }
        Ok(())
    }

    /// Starts the clock again; one that runs goes on running.
    ///
    /// # Errors
    /// [`Refusal::TimeBack`] if `now` lies before the last stop or start.
    pub fn start(&mut self, now: u64) -> Result<(), Refusal> {
        let paused = self.paused_seconds(now)?;
        if self.stopped_at.is_some() {
            *self = Clock { paused_seconds: paused, stopped_at: None, turned_at: now };
        }
        Ok(())
    }
}
