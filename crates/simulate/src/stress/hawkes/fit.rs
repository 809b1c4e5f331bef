//! How endogenous a list of events is: maximum likelihood.
//!
//! The likelihood of events `t_i` up to a horizon `T` is `sum log(mu + alpha A_i) - mu T - alpha C`,
//! where `A_i` is the decayed weight of the events before `t_i` and `C` the integral of the kernel of all
//! events over what is left of the horizon (Ozaki, "Maximum likelihood estimation of Hawkes' self-exciting
//! point processes", 1979). At its maximum `mu T + alpha C` is the number of events, and for a given
//! decay it is concave in what is left: one safeguarded root an evaluation, and a search over the decay
//! around it. Nothing depends on where a search is started.

use super::Hawkes;
use crate::stress::StressError;
use crate::stress::error::{Range, check, check_all, check_length};

/// Fewer events tell nothing about three parameters.
pub const EVENTS_MIN: usize = 10;

/// Half the 95 % quantile of chi square with one degree of freedom: how far the likelihood of the
/// interval's ends lies below its maximum.
const HALF_QUANTILE: f64 = 1.920_729_410_347_062;

/// Decays searched, in powers of ten around the mean rate of events.
const DECAY_POWERS: [f64; 2] = [-2.5, 5.0];

/// Points of the first, coarse search over the decay.
const DECAY_POINTS: usize = 31;

/// Most steps of a golden-section search: the last bracket is a billionth of the first.
const GOLDEN_STEPS: usize = 43;

/// Largest branching ratio that the interval is searched up to.
const BRANCHING_MAX: f64 = 20.0;

/// What maximum likelihood says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The process. Its branching ratio may be above 1: then the window is all explosion.
    pub process: Hawkes,
    /// Events used.
    pub events: usize,
    /// Its logarithm at the maximum.
    pub log_likelihood: f64,
    /// The same for a Poisson process of the mean rate.
    pub log_likelihood_poisson: f64,
    /// 95 % interval of the branching ratio by profile likelihood; no upper end if it is beyond 20.
    pub branching_interval: (f64, Option<f64>),
    /// Standard error of the branching ratio from the observed information; none where the likelihood
    /// is not curved, as at the edge of what is searched.
    pub branching_error: Option<f64>,
    /// Whether the decay lies at an end of what is searched: then its time scale is not identified.
    pub decay_at_edge: bool,
}

impl Estimate {
    /// Whether 1 lies above the interval: the process is subcritical at 95 %.
    #[must_use]
    pub fn is_subcritical(&self) -> bool {
        self.branching_interval.1.is_some_and(|high| high < 1.0)
    }
}

/// Events, their weights and the horizon.
struct Sample<'a> {
    times: &'a [f64],
    weights: Option<&'a [f64]>,
    horizon: f64,
}

/// The sums of one decay.
struct Sums {
    beta: f64,
    /// Decayed weight before each event.
    decayed: Vec<f64>,
    /// Integral of the kernel with `alpha` 1.
    integral: f64,
}

impl Sample<'_> {
    fn weight(&self, at: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights.get(at).copied().unwrap_or(1.0))
    }

    fn sums(&self, beta: f64) -> Sums {
        let (mut decayed, mut integral) = (Vec::with_capacity(self.times.len()), 0.0);
        let (mut before, mut sum) = (0.0, 0.0);
        for (at, time) in self.times.iter().enumerate() {
            sum *= libm::exp(-beta * (time - before));
            decayed.push(sum);
            let weight = self.weight(at);
            sum += weight;
            before = *time;
            integral += weight * (1.0 - libm::exp(-beta * (self.horizon - time)));
        }
        Sums { beta, decayed, integral: integral / beta }
    }

    fn count(&self) -> f64 {
        self.times.len() as f64
    }

    /// `log L` at parameters.
    fn value(&self, sums: &Sums, mu: f64, alpha: f64) -> f64 {
        let logs: f64 = sums.decayed.iter().map(|a| libm::log(mu + alpha * a)).sum();
        logs - mu * self.horizon - alpha * sums.integral
    }

    /// The best `mu` and `alpha` of one decay: `mu T + alpha C` is the count, so that `alpha` is the one
    /// unknown; the slope falls in it.
    fn best_of(&self, sums: &Sums) -> (f64, f64) {
        let (count, horizon) = (self.count(), self.horizon);
        if sums.integral <= 0.0 {
            return (count / horizon, 0.0);
        }
        let most = count / sums.integral;
        let mu = |alpha: f64| ((count - alpha * sums.integral) / horizon).max(0.0);
        let tilt = sums.integral / horizon;
        let slope = |alpha: f64| {
            let mu = mu(alpha);
            sums.decayed.iter().map(|a| (a - tilt) / (mu + alpha * a)).sum::<f64>()
        };
        let alpha = falling_root(0.0, most, slope);
        (mu(alpha), alpha)
    }

    /// The best value of one decay.
    fn profile(&self, beta: f64) -> f64 {
        let sums = self.sums(beta);
        let (mu, alpha) = self.best_of(&sums);
        self.value(&sums, mu, alpha)
    }

    /// The best value of a branching ratio at one decay: `mu` alone is free.
    fn profile_at(&self, branching: f64, beta: f64) -> f64 {
        let sums = self.sums(beta);
        let alpha = branching * beta;
        let slope = |mu: f64| {
            sums.decayed.iter().map(|a| 1.0 / (mu + alpha * a)).sum::<f64>() - self.horizon
        };
        // At the count over the horizon the slope is not positive.
        let mu = falling_root(0.0, self.count() / self.horizon, slope);
        self.value(&sums, mu, alpha)
    }

    fn decays(&self) -> [f64; 2] {
        let rate = libm::log(self.count() / self.horizon);
        DECAY_POWERS.map(|power| rate + power * std::f64::consts::LN_10)
    }

    /// The decay with the best value: coarse over all, then golden section around the best point.
    fn best_decay(&self) -> (f64, bool) {
        let [low, high] = self.decays();
        let step = (high - low) / (DECAY_POINTS - 1) as f64;
        let of = |log_beta: f64| self.profile(libm::exp(log_beta));
        let points: Vec<f64> = (0..DECAY_POINTS).map(|at| of(low + step * at as f64)).collect();
        let best = (0..DECAY_POINTS).max_by(|a, b| points[*a].total_cmp(&points[*b])).unwrap_or(0);
        let centre = low + step * best as f64;
        let (from, to) = ((centre - step).max(low), (centre + step).min(high));
        let (found, _) = golden(from, to, 1e-7, of);
        (libm::exp(found), found - low < 1e-3 || high - found < 1e-3)
    }

    /// The best value of a branching ratio over the decays around `beta`.
    fn profile_of(&self, branching: f64, beta: f64) -> f64 {
        let [low, high] = self.decays();
        let centre = libm::log(beta);
        // A factor of twenty to either side: beyond, the interval would not be one of this kernel.
        let (from, to) = ((centre - 3.0).max(low), (centre + 3.0).min(high));
        golden(from, to, 1e-3, |log_beta| self.profile_at(branching, libm::exp(log_beta))).1
    }

    /// Where the profile of the branching ratio has fallen by the quantile, on the way from `inner` to
    /// `outer`; none if it has not there.
    fn end(&self, best: f64, beta: f64, inner: f64, outer: f64) -> Option<f64> {
        let within = |branching: f64| best - self.profile_of(branching, beta) < HALF_QUANTILE;
        if within(outer) {
            return None;
        }
        let (mut inside, mut outside) = (inner, outer);
        for _ in 0..16 {
            let middle = (inside + outside) / 2.0;
            if within(middle) { inside = middle } else { outside = middle }
        }
        Some((inside + outside) / 2.0)
    }

    /// From the curvature of the likelihood in the logarithms of `mu`, branching ratio and decay.
    fn error_of(&self, process: &Hawkes) -> Option<f64> {
        let at = [process.mu, process.branching_ratio(), process.beta];
        if at.iter().any(|value| *value <= 0.0) {
            return None;
        }
        let step = 1e-3;
        let value = |moves: [f64; 3]| {
            let [mu, branching, beta] = [0, 1, 2].map(|i| at[i] * libm::exp(step * moves[i]));
            self.value(&self.sums(beta), mu, branching * beta)
        };
        let centre = value([0.0; 3]);
        let mut information = [[0.0; 3]; 3];
        for i in 0..3 {
            for j in 0..3 {
                let moved = |a: f64, b: f64| {
                    let mut moves = [0.0; 3];
                    moves[i] += a;
                    moves[j] += b;
                    value(moves)
                };
                let second = if i == j {
                    moved(0.5, 0.5) - 2.0 * centre + moved(-0.5, -0.5)
                } else {
                    (moved(1.0, 1.0) - moved(1.0, -1.0) - moved(-1.0, 1.0) + moved(-1.0, -1.0))
                        / 4.0
                };
                information[i][j] = -second / (step * step);
            }
        }
        let variance = middle_of_inverse(&information)?;
        (variance > 0.0).then(|| libm::sqrt(variance) * process.branching_ratio())
    }
}

/// The entry of the inverse at the middle of the diagonal.
fn middle_of_inverse(m: &[[f64; 3]; 3]) -> Option<f64> {
    let minor = |r: [usize; 2], c: [usize; 2]| {
        m[r[0]][c[0]] * m[r[1]][c[1]] - m[r[0]][c[1]] * m[r[1]][c[0]]
    };
    let determinant = m[0][0] * minor([1, 2], [1, 2]) - m[0][1] * minor([1, 2], [0, 2])
        + m[0][2] * minor([1, 2], [0, 1]);
    let middle = minor([0, 2], [0, 2]) / determinant;
    (determinant > 0.0 && middle.is_finite()).then_some(middle)
}

/// The root of a falling function between two ends; the end towards which it points if there is none.
/// Illinois' variant of false position, halved where that stalls.
fn falling_root(low: f64, high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (mut a, mut b) = (low, high);
    let (mut at_a, mut at_b) = (f(a), f(b));
    if at_a.is_nan() || at_a <= 0.0 {
        return a;
    }
    if at_b >= 0.0 {
        return b;
    }
    let mut side = 0;
    for step in 0..80 {
        let line = (a * at_b - b * at_a) / (at_b - at_a);
        let inside = line > a && line < b && step % 8 != 7;
        let middle = if inside { line } else { (a + b) / 2.0 };
        let value = f(middle);
        if value == 0.0 || (b - a) <= 1e-13 * b {
            return middle;
        }
        if value > 0.0 {
            (a, at_a) = (middle, value);
            if side == 1 {
                at_b /= 2.0;
            }
            side = 1;
        } else {
            (b, at_b) = (middle, value);
            if side == -1 {
                at_a /= 2.0;
            }
            side = -1;
        }
    }
    (a + b) / 2.0
}

/// Where a function of one hump is highest between two ends, to `within`, and its value there: off by
/// the square of it.
fn golden(low: f64, high: f64, within: f64, f: impl Fn(f64) -> f64) -> (f64, f64) {
    let ratio = (libm::sqrt(5.0) - 1.0) / 2.0;
    let (mut a, mut b) = (low, high);
    let (mut x, mut y) = (b - ratio * (b - a), a + ratio * (b - a));
    let (mut at_x, mut at_y) = (f(x), f(y));
    for _ in 0..GOLDEN_STEPS {
        if b - a < within {
            break;
        }
        if at_x >= at_y {
            (b, y, at_y) = (y, x, at_x);
            x = b - ratio * (b - a);
            at_x = f(x);
        } else {
            (a, x, at_x) = (x, y, at_y);
            y = a + ratio * (b - a);
            at_y = f(y);
        }
    }
    if at_x >= at_y { (x, at_x) } else { (y, at_y) }
}

pub(super) fn check_sample(
    times: &[f64],
    weights: Option<&[f64]>,
    horizon: f64,
) -> Result<(), StressError> {
    check("horizon", horizon, Range::AboveZero)?;
    check_all("times", times.iter().copied(), Range::ZeroOrMore)?;
    if let Some(at) = times.windows(2).position(|pair| pair[1] < pair[0]) {
        let right = "no time before the one before it is right";
        let value = times.get(at + 1).copied().unwrap_or(0.0);
        return Err(StressError::Entry { field: "times", index: at + 1, value, right });
    }
    if let Some(last) = times.last().filter(|last| **last > horizon) {
        let (right, index) = ("at most the horizon is right", times.len() - 1);
        return Err(StressError::Entry { field: "times", index, value: *last, right });
    }
    if let Some(weights) = weights {
        check_length("weights", weights.len(), times.len(), "times")?;
        check_all("weights", weights.iter().copied(), Range::ZeroOrMore)?;
    }
    Ok(())
}

/// The logarithm of the likelihood of events from 0 to a horizon.
///
/// # Errors
/// Times that fall, are negative or beyond the horizon; weights that are negative or not one an event.
pub fn log_likelihood(
    process: &Hawkes,
    times: &[f64],
    weights: Option<&[f64]>,
    horizon: f64,
) -> Result<f64, StressError> {
    check_sample(times, weights, horizon)?;
    let sample = Sample { times, weights, horizon };
    Ok(sample.value(&sample.sums(process.beta), process.mu, process.alpha))
}

/// The process that explains events from 0 to a horizon best. Weights, if there are any, should have
/// mean 1. Events that share a stamp make the decay of the best process infinite: see
/// [`super::untie`].
///
/// # Errors
/// As [`log_likelihood`], and fewer than [`EVENTS_MIN`] events.
pub fn estimate(
    times: &[f64],
    weights: Option<&[f64]>,
    horizon: f64,
) -> Result<Estimate, StressError> {
    check_sample(times, weights, horizon)?;
    if times.len() < EVENTS_MIN {
        let right = format!("at least {EVENTS_MIN} are right");
        return Err(StressError::Length { field: "times", found: times.len(), right });
    }
    let sample = Sample { times, weights, horizon };
    let (beta, decay_at_edge) = sample.best_decay();
    let sums = sample.sums(beta);
    let (mu, alpha) = sample.best_of(&sums);
    let process = Hawkes::new(mu, alpha, sums.beta)?;
    let best = sample.value(&sums, mu, alpha);
    let branching = process.branching_ratio();
    let low = sample.end(best, beta, branching, 0.0).unwrap_or(0.0);
    let mut far = branching * 1.25 + 0.05;
    let mut high = None;
    while far < BRANCHING_MAX {
        high = sample.end(best, beta, branching, far);
        if high.is_some() {
            break;
        }
        far *= 1.5;
    }
    let count = sample.count();
    Ok(Estimate {
        process,
        events: times.len(),
        log_likelihood: best,
        log_likelihood_poisson: count * libm::log(count / horizon) - count,
        branching_interval: (low, high),
        branching_error: sample.error_of(&process),
        decay_at_edge,
    })
}
