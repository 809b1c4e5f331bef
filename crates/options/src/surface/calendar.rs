//! Whether time costs something: total variance never falls from an expiry to a later one.

use super::{SurfaceError, Svi};
use crate::error::{is_not_negative, require};

/// A slice and its expiry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slice {
    /// Time to expiry in years.
    pub years: f64,
    /// Total variance by log moneyness.
    pub svi: Svi,
}

/// Points from -3 to 3 on which two slices are held against each other.
const POINTS: u32 = 6_001;

/// How far apart they are.
const STEP: f64 = 1e-3;

/// Refuses slices of which a later one lies below an earlier one on the grid from -3 to 3 in steps of
/// 1e-3 (Gatheral and Jacquier, section 2, lemma 2.1). Neighbours are compared, which is enough: being
/// no less passes on. What happens beyond the grid is not looked at.
///
/// # Errors
/// Slices that do not ascend in years, and the worst crossing of the first pair that crosses.
pub fn check_calendar(slices: &[Slice]) -> Result<(), SurfaceError> {
    for pair in slices.windows(2) {
        let [earlier, later] = pair else { continue };
        let ascends = is_not_negative(earlier.years) && later.years > earlier.years;
        require("years", later.years, ascends, "later than the slice before is right")?;
        let at = |k: f64| (later.svi.w(k) - earlier.svi.w(k), k);
        let grid = (0..POINTS).map(|index| at(-3.0 + f64::from(index) * STEP));
        let worst = grid.min_by(|a, b| a.0.total_cmp(&b.0)).filter(|worst| worst.0 < 0.0);
        if let Some((_, k)) = worst {
            return Err(SurfaceError::Calendar {
                log_moneyness: k,
                earlier_years: earlier.years,
                earlier: earlier.svi.w(k),
                later_years: later.years,
                later: later.svi.w(k),
            });
        }
    }
    Ok(())
}

/// Refuses total variances at the money that do not ascend with time: with a power law between 0 and 1
/// that is all a surface needs (Gatheral and Jacquier, theorem 4.1).
///
/// # Errors
/// The first pair that does not ascend.
pub fn check_thetas(thetas: &[(f64, f64)]) -> Result<(), SurfaceError> {
    for pair in thetas.windows(2) {
        let [(earlier_years, earlier), (later_years, later)] = *pair else { continue };
        let ascends = is_not_negative(earlier_years) && later_years > earlier_years;
        require("years", later_years, ascends, "later than the slice before is right")?;
        if later <= earlier || later.is_nan() {
            let log_moneyness = 0.0;
            return Err(SurfaceError::Calendar {
                log_moneyness,
                earlier_years,
                earlier,
                later_years,
                later,
            });
        }
    }
    Ok(())
}
