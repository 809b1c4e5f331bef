//! How fast a book refills.

use super::{Estimate, check_many, quantile};
use crate::ModelError;
use crate::model_error::{finite, not_negative, positive};

/// Fewest points after all shocks together.
pub const SAMPLES_LEAST: usize = 5;

/// Depth at a time after a shock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RefillPoint {
    /// Days after the shock, at least 0.
    pub after_days: f64,
    /// Units in the book, or any other measure of depth.
    pub depth: f64,
}

/// The rate at which what is missing disappears.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resilience {
    /// `rho`, per day: what is missing falls as `exp(-rho t)`.
    pub rate_per_day: Estimate,
    /// `ln 2 / rho`, in days; its interval is that of the rate, turned over.
    pub half_life_days: Estimate,
}

/// Regresses the logarithm of what is missing of `full` on time, one common rate and a level of
/// its own for each shock. An episode counts up to the first point at which nothing is missing;
/// noise of later ones would otherwise be kept where it is positive alone.
///
/// # Errors
/// Fewer than 5 points with something missing, beside one a shock; times that are negative; a rate
/// that the samples cannot tell from 0, whose half-life would have no end.
pub fn resilience(
    episodes: &[Vec<RefillPoint>],
    full: f64,
    confidence: f64,
) -> Result<Resilience, ModelError> {
    quantile::check("confidence", confidence)?;
    positive("full", full)?;
    let (mut squares, mut products, mut around) = (0.0, 0.0, 0.0);
    let (mut samples, mut levels) = (0usize, 0usize);
    for episode in episodes {
        let mut logs = Vec::with_capacity(episode.len());
        for point in episode {
            not_negative("after_days", point.after_days)?;
            not_negative("depth", point.depth)?;
            if point.depth >= full {
                break;
            }
            logs.push((point.after_days, libm::log(full - point.depth)));
        }
        if logs.len() < 2 {
            continue;
        }
        let many = logs.len() as f64;
        let time = logs.iter().map(|(at, _)| at).sum::<f64>() / many;
        let level = logs.iter().map(|(_, log)| log).sum::<f64>() / many;
        for (at, log) in &logs {
            squares += (at - time) * (at - time);
            products += (at - time) * (log - level);
            around += (log - level) * (log - level);
        }
        samples += logs.len();
        levels += 1;
    }
    check_many("points with something missing", samples, SAMPLES_LEAST.max(levels + 2))?;
    if !(squares > 0.0) {
        let reason = "all points of a shock are at one time; expected different times";
        return Err(ModelError::Undetermined { what: "resilience", reason });
    }
    let rate = -products / squares;
    let freedom = (samples - levels) as f64 - 1.0;
    let rest = (around - rate * rate * squares).max(0.0);
    let error = libm::sqrt(rest / freedom / squares);
    let student = quantile::student(0.5 + 0.5 * confidence, freedom);
    let rate = Estimate::student(rate, error, student, samples)?;
    if rate.low <= 0.0 {
        let reason =
            "the depth does not visibly refill; expected more points, or a lower confidence";
        return Err(ModelError::Undetermined { what: "resilience", reason });
    }
    let half = core::f64::consts::LN_2;
    let half_life_days = Estimate {
        point: half / rate.point,
        standard_error: half / (rate.point * rate.point) * rate.standard_error,
        low: half / rate.high,
        high: finite("half-life", half / rate.low)?,
        samples,
    };
    Ok(Resilience { rate_per_day: rate, half_life_days: half_life_days.checked()? })
}
