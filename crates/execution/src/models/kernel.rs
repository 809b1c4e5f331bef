//! How impact decays.

use crate::ModelError;
use crate::model_error::positive;

/// Share of a trade's impact that is left a time later: 1 at first.
#[derive(Debug, Clone, PartialEq)]
pub enum Kernel {
    /// `exp(-rho t)`: Obizhaeva and Wang.
    Exponential {
        /// `rho`, per day, above 0.
        rate_per_day: f64,
    },
    /// `(1 + t / scale) ^ -exponent`: Bouchaud and others (2004), finite at 0.
    PowerLaw {
        /// Days in which it begins to bend, above 0.
        scale_days: f64,
        /// Above 0; measurements lie between 0.3 and 0.7.
        exponent: f64,
    },
    /// Straight between the points, the last share for ever after: permanent impact may be left.
    Table {
        /// Days, ascending from 0.
        at_days: Vec<f64>,
        /// Shares, from 1.
        shares: Vec<f64>,
    },
}

/// How a table stands to "convex and decreasing", which keeps an optimum from ever buying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Convex and non-increasing.
    Convex,
    /// Non-increasing, but it bends the wrong way after this point, counted from 0.
    NotConvex(usize),
    /// It rises after this point.
    Rises(usize),
}

impl Kernel {
    /// # Errors
    /// The parameter that is wrong, its value and what would be right.
    pub fn check(&self) -> Result<(), ModelError> {
        match self {
            Kernel::Exponential { rate_per_day } => {
                positive("rate_per_day", *rate_per_day).map(drop)
            }
            Kernel::PowerLaw { scale_days, exponent } => {
                positive("scale_days", *scale_days)?;
                positive("exponent", *exponent).map(drop)
            }
            Kernel::Table { at_days, shares } => check_table(at_days, shares),
        }
    }

    /// Share left `days` later. The kernel was checked and `days` is at least 0.
    #[must_use]
    pub fn left(&self, days: f64) -> f64 {
        match self {
            Kernel::Exponential { rate_per_day } => libm::exp(-rate_per_day * days),
            Kernel::PowerLaw { scale_days, exponent } => {
                libm::exp(-exponent * libm::log1p(days / scale_days))
            }
            Kernel::Table { at_days, shares } => between(at_days, shares, days),
        }
    }

    /// Whether it is convex and decreasing; formulas always are.
    #[must_use]
    pub fn shape(&self) -> Shape {
        let Kernel::Table { at_days, shares } = self else { return Shape::Convex };
        let steps = at_days.windows(2).zip(shares.windows(2));
        let slopes: Vec<f64> = steps
            .map(|(at, share)| super::difference(share) / super::difference(at))
            // After the last point it is flat.
            .chain([0.0])
            .collect();
        if let Some(rises) = slopes.iter().position(|slope| *slope > 0.0) {
            return Shape::Rises(rises);
        }
        // Slopes of points on one line differ by rounding.
        let steepest = slopes.iter().fold(0.0f64, |most, slope| most.max(slope.abs()));
        let bends = |pair: &[f64]| super::difference(pair) > 1e-12 * steepest;
        match slopes.windows(2).position(bends) {
            Some(at) => Shape::NotConvex(at + 1),
            None => Shape::Convex,
        }
    }
}

fn check_table(at_days: &[f64], shares: &[f64]) -> Result<(), ModelError> {
    super::check_times("at_days", at_days)?;
    if shares.len() != at_days.len() {
        let (found, expected) = (shares.len(), at_days.len());
        return Err(ModelError::Length { field: "shares", found, of: "at_days", expected });
    }
    if let Some((index, value)) =
        shares.iter().enumerate().find(|(_, share)| !(share.is_finite() && **share >= 0.0))
    {
        return Err(ModelError::entry("shares", index, *value, "a number of at least 0"));
    }
    let first = |list: &[f64]| list.first().copied().unwrap_or(0.0);
    if first(at_days) != 0.0 {
        return Err(ModelError::entry("at_days", 0, first(at_days), "0"));
    }
    if first(shares) != 1.0 {
        return Err(ModelError::entry("shares", 0, first(shares), "1"));
    }
    Ok(())
}

fn between(at_days: &[f64], shares: &[f64], days: f64) -> f64 {
    let after = at_days.partition_point(|at| *at <= days);
    let at = |index: usize| Some((*at_days.get(index)?, *shares.get(index)?));
    match (after.checked_sub(1).and_then(at), at(after)) {
        (Some((from, left)), Some((to, right))) => {
            left + (right - left) * ((days - from) / (to - from))
        }
        (Some((_, last)), None) => last,
        (None, _) => 1.0,
    }
}
