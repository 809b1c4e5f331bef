//! What certainty costs: the efficient frontier, and the value at risk of a sale.

use super::AlmgrenChriss;
use crate::ModelError;

/// Most points of a frontier.
pub const POINTS_MAX: usize = 1_000;

/// The best sale at one aversion to risk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrontierPoint {
    /// `lambda`, per quote: minus the slope of the frontier here, `dE/dV = -lambda`.
    pub risk_aversion: f64,
    /// Expected shortfall, in quote.
    pub expected: f64,
    /// Standard deviation, in quote.
    pub deviation: f64,
    /// Half-life of the holdings, in days; none without aversion.
    pub half_life_days: Option<f64>,
}

/// The optimum of `problem` at each aversion of `risk_aversions`: no other sale is both cheaper
/// and surer than any of them (Almgren and Chriss 2000, section 3).
///
/// # Errors
/// No or too many aversions; as [`AlmgrenChriss::propose`].
pub fn frontier(
    problem: &AlmgrenChriss,
    risk_aversions: &[f64],
) -> Result<Vec<FrontierPoint>, ModelError> {
    let many = risk_aversions.len();
    match many {
        0 => {
            let expected = "at least one aversion";
            return Err(ModelError::Empty { field: "risk_aversions", expected });
        }
        _ if many > POINTS_MAX => {
            return Err(ModelError::too_many("risk_aversions", many, POINTS_MAX));
        }
        _ => {}
    }
    let point = |risk_aversion: &f64| {
        let problem = AlmgrenChriss { risk_aversion: *risk_aversion, ..*problem };
        let cost = problem.cost(&problem.propose()?)?;
        Ok(FrontierPoint {
            risk_aversion: *risk_aversion,
            expected: cost.expected,
            deviation: cost.deviation(),
            half_life_days: problem.half_life_days()?,
        })
    };
    risk_aversions.iter().map(point).collect()
}

/// Aversions that spread `points` over the whole frontier: `kappa T` from a thirtieth to thirty
/// intervals' worth, evenly in logarithms, after 0 itself.
///
/// # Errors
/// As [`AlmgrenChriss::propose`]; no volatility, which leaves a frontier of one point.
pub fn spread_aversions(problem: &AlmgrenChriss, points: usize) -> Result<Vec<f64>, ModelError> {
    problem.propose()?;
    let (sale, market) = (&problem.sale, &problem.market);
    crate::model_error::positive("volatility", market.volatility)?;
    let tau = sale.interval_days();
    let scale = market.adjusted_temporary(tau) / (market.volatility * market.volatility);
    let (first, last) = (0.03 / sale.horizon_days, 3.0 / tau);
    let steps = points.saturating_sub(2).max(1) as f64;
    let at = |index: usize| {
        let kappa = first * libm::pow(last / first, index as f64 / steps);
        scale * kappa * kappa
    };
    Ok(std::iter::once(0.0).chain((0..points.saturating_sub(1)).map(at)).collect())
}

/// Standard deviations that a normal shortfall stays below with probability `confidence`: the
/// quantile of the normal distribution, by bisection of its own function.
///
/// # Errors
/// A confidence outside 0 to 1, both excluded.
pub fn z_of_confidence(confidence: f64) -> Result<f64, ModelError> {
    crate::estimate::quantile::normal(confidence)
}
