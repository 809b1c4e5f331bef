//! Estimates window by window: a rate that changes over months looks like events that bring events.

use super::fit::{EVENTS_MIN, Estimate, estimate};
use super::{Fitness, fitness};
use crate::stress::StressError;
use crate::stress::error::{Range, check};

/// One window.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowEstimate {
    /// Its beginning, in the unit and from the origin of the times.
    pub from: f64,
    /// Its end.
    pub to: f64,
    /// Events in it.
    pub events: usize,
    /// Estimate and how well it fits; none with too few events.
    pub found: Option<(Estimate, Fitness)>,
}

/// Estimates over consecutive windows of `width` from the first event on; the last one, which is not
/// whole, is left out. Times are in order and without ties.
///
/// # Errors
/// A width that is not above 0, or as [`estimate`].
pub fn windows(
    times: &[f64],
    weights: Option<&[f64]>,
    width: f64,
) -> Result<Vec<WindowEstimate>, StressError> {
    check("width", width, Range::AboveZero)?;
    let (Some(first), Some(last)) = (times.first().copied(), times.last().copied()) else {
        return Ok(Vec::new());
    };
    check("times", first, Range::Finite)?;
    check("times", last, Range::Finite)?;
    let count = libm::floor((last - first) / width) as usize;
    let mut found = Vec::new();
    for number in 0..count {
        let from = first + width * number as f64;
        let to = from + width;
        let begin = times.partition_point(|time| *time < from);
        let end = times.partition_point(|time| *time < to).max(begin);
        let inside: Vec<f64> =
            times[begin..end].iter().map(|time| (time - from).clamp(0.0, width)).collect();
        let own = weights.and_then(|weights| weights.get(begin..end));
        let estimated = if inside.len() < EVENTS_MIN {
            None
        } else {
            let estimated = estimate(&inside, own, width)?;
            Some((estimated, fitness(&estimated.process, &inside, own, width)?))
        };
        found.push(WindowEstimate { from, to, events: inside.len(), found: estimated });
    }
    Ok(found)
}
