//! Least squares on two regressors, with errors.

use super::{Estimate, quantile};
use crate::ModelError;

/// Regressors are told apart where the determinant is above this share of its terms.
const DETERMINANT_LEAST: f64 = 1e-12;

/// `y = first a + second b + noise`.
pub(crate) struct Fit {
    pub first: Estimate,
    pub second: Estimate,
    /// Share of the variance around the mean that is explained.
    pub r_squared: f64,
}

/// Ordinary least squares by the normal equations of two regressors; Student's intervals with
/// `n - 2` degrees, noise taken as independent and of one size.
pub(crate) fn least_squares(
    what: &'static str,
    rows: &[(f64, f64, f64)],
    confidence: f64,
) -> Result<Fit, ModelError> {
    quantile::check("confidence", confidence)?;
    let sum = |term: &dyn Fn(&(f64, f64, f64)) -> f64| rows.iter().map(term).sum::<f64>();
    let (aa, ab, bb) = (sum(&|r| r.0 * r.0), sum(&|r| r.0 * r.1), sum(&|r| r.1 * r.1));
    let (ay, by) = (sum(&|r| r.0 * r.2), sum(&|r| r.1 * r.2));
    let determinant = aa * bb - ab * ab;
    if !(determinant > DETERMINANT_LEAST * aa * bb) {
        let reason = "the samples are all alike; expected different ones";
        return Err(ModelError::Undetermined { what, reason });
    }
    let (a, b) = ((bb * ay - ab * by) / determinant, (aa * by - ab * ay) / determinant);
    let many = rows.len() as f64;
    let mean = sum(&|r| r.2) / many;
    let rest = sum(&|r| {
        let off = r.2 - a * r.0 - b * r.1;
        off * off
    });
    let around = sum(&|r| (r.2 - mean) * (r.2 - mean));
    let freedom = many - 2.0;
    let noise = rest / freedom;
    let student = quantile::student(0.5 + 0.5 * confidence, freedom);
    let error = |other: f64| libm::sqrt(noise * other / determinant);
    Ok(Fit {
        first: Estimate::student(a, error(bb), student, rows.len())?,
        second: Estimate::student(b, error(aa), student, rows.len())?,
        r_squared: if around > 0.0 { (1.0 - rest / around).clamp(0.0, 1.0) } else { 0.0 },
    })
}
