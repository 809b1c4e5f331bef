//! Time as data: commands carry it, nothing reads a clock.

use serde::{Deserialize, Serialize};

/// Nanoseconds since 1970-01-01T00:00:00Z. Enough until the year 2554.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Time(pub u64);

impl Time {
    /// The last instant that can be told.
    pub const MAX: Time = Time(u64::MAX);

    /// An instant given in whole seconds; saturates at [`Time::MAX`].
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Time(seconds.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds from `earlier` to `self`, zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Time) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whole seconds from `earlier` to `self`, rounded down, zero if `earlier` is later.
    #[must_use]
    pub const fn seconds_since(self, earlier: Time) -> u64 {
        self.since(earlier) / NANOS_PER_SECOND // division: whole seconds, floor
    }

    /// The instant `nanos` later; saturates at [`Time::MAX`].
    #[must_use]
    pub const fn after(self, nanos: u64) -> Time {
        Time(self.0.saturating_add(nanos))
    }
}

/// Nanoseconds in a second.
pub const NANOS_PER_SECOND: u64 = 1_000_000_000;
