//! A slice fitted to the quotes of one expiry.
//!
//! With `y = (k - m)/s` the raw form is `w = a + d y + c sqrt(y^2 + 1)`, `c = b s`, `d = rho c`: linear
//! in three numbers once centre and roundness are chosen (Zeliade Systems, "Quasi-explicit calibration
//! of Gatheral's SVI model", 2009). The inner problem is a weighted least square over the polygon of
//! `(d, c)` that keeps `|rho|` below one and the wings within the bound of Lee, solved exactly; the
//! outer one has two dimensions.

use super::simplex::minimise;
use super::{SmilePoint, SurfaceError, Svi};
use crate::error::{OptionError, is_positive};

/// A fitted slice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SviFit {
    /// The slice; it cannot be arbitraged.
    pub svi: Svi,
    /// Root of the weighted mean square of what it is off, in total variance.
    pub error: f64,
    /// The same of the closest slice, which may be arbitraged beyond the points; equal to `error` where
    /// it cannot.
    pub error_closest: f64,
    /// Points that it was fitted to.
    pub points: usize,
}

/// Fewer points than parameters fit anything.
pub(super) const POINTS_MIN: usize = 5;

/// Largest tilt.
const RHO_MAX: f64 = 0.999;

/// Centres and roundnesses from which the search starts: shares of the range of the points.
const CENTRES: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];
const ROUNDNESSES: [f64; 6] = [0.01, 0.03, 0.08, 0.2, 0.5, 1.0];

/// How many starts are followed, and how far.
const FOLLOWED: usize = 3;
const STEPS: u32 = 400;

/// The slice closest to the points by weighted squares of total variance. Where it can be arbitraged
/// between the points, they say so themselves, and it is refused. Where it can only beyond them, that is
/// how it was continued: the closest that cannot be arbitraged takes its place.
///
/// # Errors
/// Fewer than five points, points out of order or that are no variance, and the place where the
/// closest slice can be arbitraged.
pub fn fit_svi(points: &[SmilePoint]) -> Result<SviFit, SurfaceError> {
    check_points(points)?;
    let (svi, error) = closest(points)?;
    let fit = SviFit { svi, error, error_closest: error, points: points.len() };
    let Err(refused) = svi.check() else { return Ok(fit) };
    let (low, high) = ends(points);
    if let Some((log_moneyness, g)) = least_between(&svi, low, high)
        && g < 0.0
    {
        return Err(SurfaceError::Butterfly { log_moneyness, g });
    }
    let (svi, error) = within_arbitrage(points).ok_or(refused)?;
    svi.check().map_err(|_| refused)?;
    Ok(SviFit { svi, error, ..fit })
}

/// First and last log moneyness.
fn ends(points: &[SmilePoint]) -> (f64, f64) {
    match (points.first(), points.last()) {
        (Some(first), Some(last)) => (first.log_moneyness, last.log_moneyness),
        _ => (0.0, 0.0),
    }
}

/// Points between two ends at which the butterfly function is looked at.
const BETWEEN: u32 = 400;

/// The least of the butterfly function between two ends, and where.
fn least_between(svi: &Svi, low: f64, high: f64) -> Option<(f64, f64)> {
    let at = |index: u32| low + (high - low) * f64::from(index) / f64::from(BETWEEN);
    let all = (0..=BETWEEN).map(|index| (at(index), svi.butterfly(at(index))));
    all.min_by(|a, b| a.1.total_cmp(&b.1))
}

/// The closest slice whatever can be had of it, and what it is off.
fn closest(points: &[SmilePoint]) -> Result<(Svi, f64), SurfaceError> {
    let (low, high) = ends(points);
    let range = high - low;
    let objective = |[m, log_sigma]: [f64; 2]| {
        // A centre far outside of the points, or a bottom far wider than all of them, is a slope that
        // the points do not show.
        let inside = (low - range..=high + range).contains(&m);
        let sigma = libm::exp(log_sigma);
        if !inside || !(range * 1e-4..=range * 10.0).contains(&sigma) {
            return f64::INFINITY;
        }
        inner(points, m, sigma, super::LEE_MAX).map_or(f64::INFINITY, |found| found.error)
    };
    let start = |centre: f64, roundness: f64| [low + range * centre, libm::log(range * roundness)];
    let starts = CENTRES.iter().flat_map(|c| ROUNDNESSES.iter().map(|r| start(*c, *r)));
    let mut starts: Vec<(f64, [f64; 2])> = starts.map(|at| (objective(at), at)).collect();
    starts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let follow = |(_, at): &(f64, [f64; 2])| minimise(*at, [0.1 * range, 0.3], STEPS, objective);
    let followed = starts.iter().take(FOLLOWED).map(follow);
    let best = followed.min_by(|a, b| a.value.total_cmp(&b.value));
    let [m, log_sigma] = best.map_or([0.0, 0.0], |best| best.at);
    let sigma = libm::exp(log_sigma);
    let Some(found) = inner(points, m, sigma, super::LEE_MAX) else {
        let (field, right) = ("min_variance", "points that some slice of variance fits are right");
        return Err(OptionError::Input { field, value: 0.0, right }.into());
    };
    Ok((found.slice(m, sigma)?, libm::sqrt(found.error)))
}

/// Times that the steepest wing is halved to find one that cannot be arbitraged.
const HALVINGS: u32 = 24;

/// The butterfly function is held this far above zero, for what lies between the places looked at.
const MARGIN: f64 = 1e-4;

/// The closest slice whose butterfly function is nowhere negative: the wings are held below a bound
/// that is searched together with centre and roundness. Below some bound every slice is flat enough, so
/// there always is one.
fn within_arbitrage(points: &[SmilePoint]) -> Option<(Svi, f64)> {
    let (low, high) = ends(points);
    let range = high - low;
    let slice = |[m, log_sigma, log_bound]: [f64; 3]| {
        let (sigma, bound) = (libm::exp(log_sigma), libm::exp(log_bound).min(super::LEE_MAX));
        let inside = (low - range..=high + range).contains(&m);
        let round = (range * 1e-3..=range * 10.0).contains(&sigma);
        let found = inner(points, m, sigma, bound).filter(|_| inside && round)?;
        let slice = found.slice(m, sigma).ok()?;
        is_free(&slice, low, high).then_some((slice, found.error))
    };
    let value = |at| slice(at).map_or(f64::INFINITY, |(_, error)| error);
    let start = |m: f64, sigma: f64| {
        let mut at = [m, libm::log(sigma), libm::log(super::LEE_MAX)];
        for _ in 0..HALVINGS {
            let found = value(at);
            if found.is_finite() {
                return (found, at);
            }
            let [m, log_sigma, log_bound] = at;
            at = [m, log_sigma, log_bound - 0.5];
        }
        (f64::INFINITY, at)
    };
    let starts = CENTRES.iter().flat_map(|centre| {
        ROUNDNESSES.iter().map(move |round| (low + range * centre, range * round))
    });
    let mut starts: Vec<(f64, [f64; 3])> = starts.map(|(m, sigma)| start(m, sigma)).collect();
    starts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let edges = [0.1 * range, 0.3, -0.3];
    let follow = |(_, at): &(f64, [f64; 3])| minimise(*at, edges, STEPS, value);
    let followed = starts.iter().take(FOLLOWED).map(follow);
    let best = followed.min_by(|a, b| a.value.total_cmp(&b.value))?;
    let (slice, error) = slice(best.at)?;
    Some((slice, libm::sqrt(error)))
}

/// Whether the butterfly function keeps its margin on a grid: coarse over all, fine about the points.
fn is_free(slice: &Svi, low: f64, high: f64) -> bool {
    let free = |k: f64| slice.butterfly(k) >= MARGIN;
    let width = (high - low).min(3.0);
    let fine = |index: i32| (low - width + 3.0 * width * f64::from(index) / 90.0).clamp(-3.0, 3.0);
    (0..=90).all(|index| free(fine(index)))
        && (0..=60).all(|index| free(-3.0 + 0.1 * f64::from(index)))
}

/// Refuses points that no slice could be fitted to.
pub(super) fn check_points(points: &[SmilePoint]) -> Result<(), SurfaceError> {
    if points.len() < POINTS_MIN {
        return Err(SurfaceError::TooFew {
            field: "points",
            found: points.len(),
            right: POINTS_MIN,
        });
    }
    let mut before = f64::NEG_INFINITY;
    for (index, point) in points.iter().enumerate() {
        let entry = |field, value, right| {
            SurfaceError::Input(OptionError::Entry { field, index, value, right })
        };
        let SmilePoint { log_moneyness: k, total_variance: w, weight } = *point;
        if k.is_nan() || k.abs() > 100.0 {
            return Err(entry("log_moneyness", k, "a number within 100 is right"));
        }
        if k <= before {
            return Err(SurfaceError::Unordered { index, value: k });
        }
        if !is_positive(w) || w > 1e6 {
            return Err(entry("total_variance", w, "a variance above zero, at most 1e6, is right"));
        }
        if !is_positive(weight) || weight > 1e100 {
            return Err(entry("weight", weight, "a number above zero, at most 1e100, is right"));
        }
        before = k;
    }
    Ok(())
}

/// The best level, tilt and slope for a centre and a roundness.
struct Inner {
    a: f64,
    d: f64,
    c: f64,
    error: f64,
}

impl Inner {
    fn slice(&self, m: f64, sigma: f64) -> Result<Svi, OptionError> {
        let rho = if self.c > 0.0 { self.d / self.c } else { 0.0 };
        Svi::new(self.a, self.c / sigma, rho, m, sigma)
    }
}

/// Sums of a weighted regression on `y` and `z = sqrt(y^2 + 1)` with a free level.
struct Moments {
    weight: f64,
    mean: [f64; 3],
    yy: f64,
    yz: f64,
    zz: f64,
    yw: f64,
    zw: f64,
    ww: f64,
}

fn basis(point: &SmilePoint, m: f64, sigma: f64) -> (f64, f64) {
    let y = (point.log_moneyness - m) / sigma;
    (y, libm::sqrt(y * y + 1.0))
}

impl Moments {
    fn of(points: &[SmilePoint], m: f64, sigma: f64) -> Moments {
        let (mut weight, mut sums) = (0.0, [0.0; 3]);
        for point in points {
            let (y, z) = basis(point, m, sigma);
            weight += point.weight;
            for (sum, value) in sums.iter_mut().zip([y, z, point.total_variance]) {
                *sum += point.weight * value;
            }
        }
        let mean = sums.map(|sum| sum / weight);
        let [mean_y, mean_z, mean_w] = mean;
        let mut moments =
            Moments { weight, mean, yy: 0.0, yz: 0.0, zz: 0.0, yw: 0.0, zw: 0.0, ww: 0.0 };
        for point in points {
            let (y, z) = basis(point, m, sigma);
            let (y, z, w) = (y - mean_y, z - mean_z, point.total_variance - mean_w);
            let share = point.weight / weight;
            moments.yy += share * y * y;
            moments.yz += share * y * z;
            moments.zz += share * z * z;
            moments.yw += share * y * w;
            moments.zw += share * z * w;
            moments.ww += share * w * w;
        }
        moments
    }

    /// Weighted mean square of what is off at `(d, c)` with the best level.
    fn error(&self, [d, c]: [f64; 2]) -> f64 {
        let square = d * d * self.yy + 2.0 * d * c * self.yz + c * c * self.zz;
        (square - 2.0 * (d * self.yw + c * self.zw) + self.ww).max(0.0)
    }

    /// Where nothing binds, if the two are told apart.
    fn free(&self) -> Option<[f64; 2]> {
        let determinant = self.yy * self.zz - self.yz * self.yz;
        if determinant <= 1e-14 * self.yy * self.zz {
            return None;
        }
        let d = (self.yw * self.zz - self.zw * self.yz) / determinant;
        let c = (self.zw * self.yy - self.yw * self.yz) / determinant;
        Some([d, c])
    }

    /// The best point of the edge from `from` to `to`.
    fn on_edge(&self, from: [f64; 2], to: [f64; 2]) -> [f64; 2] {
        let ([d0, c0], [d1, c1]) = (from, to);
        let (dd, dc) = (d1 - d0, c1 - c0);
        let bend = dd * dd * self.yy + 2.0 * dd * dc * self.yz + dc * dc * self.zz;
        let slope = dd * (self.yw - d0 * self.yy - c0 * self.yz)
            + dc * (self.zw - d0 * self.yz - c0 * self.zz);
        let share = if bend > 0.0 { (slope / bend).clamp(0.0, 1.0) } else { 0.0 };
        [d0 + share * dd, c0 + share * dc]
    }
}

/// Solves the inner problem with wings no steeper than `bound`.
fn inner(points: &[SmilePoint], m: f64, sigma: f64, bound: f64) -> Option<Inner> {
    let moments = Moments::of(points, m, sigma);
    // |rho| is at most RHO_MAX, and b (1 + |rho|) at most the bound: c + |d| is at most that times sigma.
    let most = bound * sigma;
    let (side, tilt) = (most / (1.0 + RHO_MAX), most * RHO_MAX / (1.0 + RHO_MAX));
    let fits = |[d, c]: [f64; 2]| d.abs() <= RHO_MAX * c && c + d.abs() <= most;
    let corners = [[0.0, 0.0], [tilt, side], [0.0, most], [-tilt, side]];
    let edges = corners.iter().zip(corners.iter().cycle().skip(1));
    let on_edges = edges.map(|(from, to)| moments.on_edge(*from, *to));
    let best = moments
        .free()
        .filter(|at| fits(*at))
        .or_else(|| on_edges.min_by(|a, b| moments.error(*a).total_cmp(&moments.error(*b))));
    let [d, c] = best?;
    let [y, z, w] = moments.mean;
    let a = w - d * y - c * z;
    let least = a + libm::sqrt((c * c - d * d).max(0.0));
    let valid = moments.weight.is_finite() && least > 0.0;
    valid.then(|| Inner { a, d, c, error: moments.error([d, c]) })
}
