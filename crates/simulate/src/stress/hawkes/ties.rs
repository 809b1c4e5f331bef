//! Events that share a stamp.
//!
//! Stamps are coarser than events: of a block, of a second. Under a process with a density no two events
//! share a time, and the likelihood of those that do grows without end with the decay. Either they are
//! spread over what a stamp covers, at random (as Filimonov and Sornette do with trades), or all events of
//! a stamp are one event with their number as its mark. The two answer different questions: the first
//! keeps children within a stamp, the second leaves them out.

use crate::stress::StressError;
use crate::stress::draws::{Purpose, Stream};
use crate::stress::error::{Range, check, check_all};

/// What becomes of events that share a stamp.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ties {
    /// Each event is drawn evenly from its stamp on over `resolution`, but not beyond the next stamp.
    Spread {
        /// What a stamp covers, in the unit of the times.
        resolution: f64,
        /// Of the draws.
        seed: u64,
    },
    /// All events of a stamp are one; its weight is their number over the mean number.
    Merge,
}

/// Times without ties, in order, and their weights if they were merged. Times may come in any order.
///
/// # Errors
/// A time that is no number, or a resolution that is not above 0.
pub fn untie(times: &[f64], ties: Ties) -> Result<(Vec<f64>, Option<Vec<f64>>), StressError> {
    check_all("times", times.iter().copied(), Range::Finite)?;
    let mut sorted = times.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let groups = sorted.chunk_by(|a, b| a == b);
    match ties {
        Ties::Merge => {
            let groups: Vec<&[f64]> = groups.collect();
            let mean = sorted.len() as f64 / groups.len().max(1) as f64;
            let weights = groups.iter().map(|group| group.len() as f64 / mean).collect();
            Ok((groups.iter().filter_map(|group| group.first().copied()).collect(), Some(weights)))
        }
        Ties::Spread { resolution, seed } => {
            check("resolution", resolution, Range::AboveZero)?;
            let mut stream = Stream::new(seed, Purpose::Ties, 0);
            let mut spread = Vec::with_capacity(sorted.len());
            let stamps: Vec<(f64, usize)> =
                groups.map(|group| (group.first().copied().unwrap_or(0.0), group.len())).collect();
            for (at, (stamp, count)) in stamps.iter().enumerate() {
                let next = stamps.get(at + 1).map_or(f64::INFINITY, |(next, _)| *next);
                let width = resolution.min(next - stamp);
                spread.extend((0..*count).map(|_| stamp + width * (1.0 - stream.uniform())));
            }
            spread.sort_unstable_by(f64::total_cmp);
            Ok((spread, None))
        }
    }
}
