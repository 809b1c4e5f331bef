//! A surface fitted to the quotes of several expiries.

use super::fit::check_points;
use super::simplex::minimise;
use super::{SmilePoint, Ssvi, SurfaceError, check_thetas};
use crate::error::OptionError;

/// The quotes of one expiry, with its total variance at the money.
#[derive(Debug, Clone, PartialEq)]
pub struct SsviSlice {
    /// Time to expiry in years.
    pub years: f64,
    /// Total variance at the money.
    pub theta: f64,
    /// Its points, in order of log moneyness.
    pub points: Vec<SmilePoint>,
}

impl SsviSlice {
    /// The slice of `points`, its total variance at the money between the two nearest.
    ///
    /// # Errors
    /// Too few points, points that are no variance, or none on one side of the money.
    pub fn new(years: f64, points: Vec<SmilePoint>) -> Result<SsviSlice, SurfaceError> {
        check_points(&points)?;
        let below = points.iter().rev().find(|point| point.log_moneyness <= 0.0);
        let above = points.iter().find(|point| point.log_moneyness >= 0.0);
        let (Some(below), Some(above)) = (below, above) else {
            let value = points.first().map_or(0.0, |point| point.log_moneyness);
            let right = "points on both sides of the money are right";
            return Err(OptionError::Input { field: "log_moneyness", value, right }.into());
        };
        let width = above.log_moneyness - below.log_moneyness;
        let share = if width > 0.0 { -below.log_moneyness / width } else { 0.0 };
        let theta = below.total_variance + share * (above.total_variance - below.total_variance);
        Ok(SsviSlice { years, theta, points })
    }
}

/// A fitted surface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SsviFit {
    /// The surface; none of its slices can be arbitraged, nor two of them.
    pub ssvi: Ssvi,
    /// Root of the mean square of what it is off, as a share of total variance.
    pub error: f64,
    /// Points that it was fitted to.
    pub points: usize,
}

/// How far the search goes from each start.
const STEPS: u32 = 400;

/// Tilts from which the search starts.
const TILTS: [f64; 3] = [-0.5, 0.0, 0.5];

/// Share of the largest `eta` that leaves the strict condition strict.
const BELOW: f64 = 1.0 - 1e-9;

/// The surface closest to the slices by squares of the share of total variance that it is off. `eta` is
/// searched below the largest that keeps the sufficient conditions at every slice, so the result cannot
/// be arbitraged.
///
/// # Errors
/// No slice, points that are no variance, or total variance at the money that falls with time.
pub fn fit_ssvi(slices: &[SsviSlice]) -> Result<SsviFit, SurfaceError> {
    if slices.is_empty() {
        return Err(SurfaceError::TooFew { field: "slices", found: 0, right: 1 });
    }
    for slice in slices {
        check_points(&slice.points)?;
    }
    let thetas: Vec<(f64, f64)> = slices.iter().map(|slice| (slice.years, slice.theta)).collect();
    check_thetas(&thetas)?;
    let thetas: Vec<f64> = thetas.into_iter().map(|(_, theta)| theta).collect();
    let surface = |[tilt, share, power]: [f64; 3]| {
        let (rho, gamma) = (libm::tanh(tilt) * 0.999, between(power));
        let eta = eta_max(&thetas, rho, gamma) * between(share);
        Ssvi::new(rho, eta, gamma)
    };
    let objective = |at| surface(at).map_or(f64::INFINITY, |ssvi| off(&ssvi, slices));
    let starts = TILTS.map(|tilt| [tilt, 0.0, 0.0]);
    let followed = starts.map(|at| minimise(at, [0.5, 1.0, 1.0], STEPS, objective));
    let best = followed.into_iter().min_by(|a, b| a.value.total_cmp(&b.value));
    let ssvi = surface(best.map_or([0.0; 3], |best| best.at))?;
    ssvi.check(&thetas)?;
    let points = slices.iter().map(|slice| slice.points.len()).sum();
    Ok(SsviFit { ssvi, error: libm::sqrt(off(&ssvi, slices)), points })
}

/// From all numbers to those between 0 and 1.
fn between(x: f64) -> f64 {
    0.5 * (1.0 + libm::tanh(0.5 * x))
}

/// The largest `eta` that keeps both conditions at every slice.
fn eta_max(thetas: &[f64], rho: f64, gamma: f64) -> f64 {
    let tilt = 1.0 + rho.abs();
    let bound = |theta: &f64| {
        let first = BELOW * 4.0 / (tilt * libm::pow(*theta, 1.0 - gamma));
        let second = libm::sqrt(BELOW * 4.0 / (tilt * libm::pow(*theta, 1.0 - 2.0 * gamma)));
        first.min(second)
    };
    thetas.iter().map(bound).fold(1e6, f64::min)
}

/// Mean over the slices of the weighted mean square of the share of total variance that is off.
fn off(ssvi: &Ssvi, slices: &[SsviSlice]) -> f64 {
    let mut sum = 0.0;
    for slice in slices {
        let (mut square, mut weight) = (0.0, 0.0);
        for point in &slice.points {
            let Ok(w) = ssvi.w(slice.theta, point.log_moneyness) else { return f64::INFINITY };
            let share = w / point.total_variance - 1.0;
            square += point.weight * share * share;
            weight += point.weight;
        }
        sum += square / weight;
    }
    sum / slices.len() as f64
}
