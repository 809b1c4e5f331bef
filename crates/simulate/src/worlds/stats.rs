//! Tails of samples, with intervals.
//!
//! A quantile's interval is that of order statistics: the number of samples below the true quantile is
//! binomial, so two ranks enclose it with at least the stated confidence whatever the distribution
//! (David and Nagaraja, Order Statistics, section 7.1). Expected shortfall is the mean beyond the
//! quantile in the form that is coherent (Acerbi and Tasche 2002); its interval is that of a bootstrap
//! with counted draws (Efron 1979).

use crate::ScenarioError;
use crate::monte_carlo::error::refuse;
use crate::stress::draws::{Purpose, Stream};
use serde::Serialize;

/// Confidence of every interval.
pub const CONFIDENCE: f64 = 0.95;

/// A value and where it may lie. An open end says that there are too few samples for one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The estimate.
    pub value: f64,
    /// Its lower end.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
}

/// A loss's mean and tail.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Tail {
    /// Level, basis points.
    pub level_bps: u32,
    /// Samples.
    pub samples: u64,
    /// Mean, with the interval of the normal law.
    pub mean: Interval,
    /// Value at risk.
    pub var: Interval,
    /// Expected shortfall.
    pub shortfall: Interval,
    /// The largest.
    pub worst: f64,
    /// Share of samples above zero.
    pub above_zero: f64,
}

/// Mean and tail of losses; of none, zeros with open ends.
///
/// # Errors
/// A level that is none.
pub fn tail(losses: &[f64], level_bps: u32, seed: u64) -> Result<Tail, ScenarioError> {
    if !(1..10_000).contains(&level_bps) {
        return Err(refuse("level_bps", level_bps, "1 to 9999 basis points"));
    }
    let mut sorted = losses.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let count = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / count.max(1.0);
    let spread = sorted.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
    let error = libm::sqrt(spread / (count - 1.0).max(1.0) / count.max(1.0));
    let ends = (sorted.len() > 1).then_some(1.959_963_984_540_054 * error);
    let above = sorted.iter().filter(|loss| **loss > 0.0).count() as f64;
    Ok(Tail {
        level_bps,
        samples: sorted.len() as u64,
        mean: Interval {
            value: mean,
            low: ends.map(|half| mean - half),
            high: ends.map(|half| mean + half),
        },
        var: quantile(&sorted, level_bps),
        shortfall: shortfall(&sorted, level_bps, seed),
        worst: sorted.last().copied().unwrap_or(0.0),
        above_zero: above / count.max(1.0),
    })
}

/// Rank from one of the smallest sample that at least the level's share does not exceed.
fn rank(count: u64, level_bps: u32) -> u64 {
    (count * u64::from(level_bps)).div_ceil(10_000).max(1)
}

/// The quantile of sorted samples, with its interval.
#[must_use]
pub fn quantile(sorted: &[f64], level_bps: u32) -> Interval {
    let count = sorted.len() as u64;
    let at = |rank: u64| {
        let place = usize::try_from(rank.checked_sub(1)?).ok()?;
        sorted.get(place).copied()
    };
    let (low, high) = ranks(count, level_bps);
    Interval { value: at(rank(count, level_bps)).unwrap_or(0.0), low: at(low), high: at(high) }
}

/// Ranks from one that enclose the quantile with the confidence; zero and one above the count stand
/// for none. Below the lower one lies the quantile with at most half of the rest, above the upper one
/// likewise.
fn ranks(count: u64, level_bps: u32) -> (u64, u64) {
    let share = f64::from(level_bps) / 10_000.0;
    let rest = (1.0 - CONFIDENCE) / 2.0;
    let n = count as f64;
    let log = |k: f64| {
        libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0)
            + k * libm::log(share)
            + (n - k) * libm::log(1.0 - share)
    };
    let (mut below, mut low, mut high) = (0.0, 0, count + 1);
    for k in 0..=count {
        // P(B < k + 1) after adding; the sample of rank r is at or below the quantile if B >= r.
        let next = below + libm::exp(log(k as f64));
        // Largest r with P(B < r) <= rest.
        if next <= rest {
            low = k + 1;
        }
        // Smallest r with P(B >= r) <= rest, that is P(B < r) >= 1 - rest.
        if next >= 1.0 - rest {
            high = k + 1;
            break;
        }
        below = next;
    }
    (low, high)
}

/// Mean beyond the level: the worst `n (1 - level)` samples, the last of them in part.
fn mean_beyond(weights: impl Iterator<Item = (f64, f64)>, wanted: f64) -> f64 {
    let (mut left, mut sum) = (wanted, 0.0);
    for (value, weight) in weights {
        let taken = weight.min(left);
        sum += taken * value;
        left -= taken;
        if left <= 0.0 {
            break;
        }
    }
    sum / wanted
}

/// Draws in all of one interval; resamples are fewer where samples are many.
const DRAWS_MAX: u64 = 8_000_000;

fn shortfall(sorted: &[f64], level_bps: u32, seed: u64) -> Interval {
    let count = sorted.len();
    let wanted = count as f64 * (1.0 - f64::from(level_bps) / 10_000.0);
    if count == 0 {
        return Interval { value: 0.0, low: None, high: None };
    }
    let falling = || sorted.iter().rev().copied();
    let value = mean_beyond(falling().map(|value| (value, 1.0)), wanted);
    // With fewer than five samples beyond, a resample only repeats them.
    if wanted < 5.0 {
        return Interval { value, low: None, high: None };
    }
    let resamples = (DRAWS_MAX / count as u64).clamp(100, 1_000);
    let mut stream = Stream::new(seed, Purpose::Resamples, level_bps);
    let mut counts = vec![0u32; count];
    let mut means: Vec<f64> = Vec::new();
    for _ in 0..resamples {
        counts.fill(0);
        for _ in 0..count {
            let place = (stream.uniform() * count as f64) as usize;
            counts[place.min(count - 1)] += 1;
        }
        let weights = counts.iter().rev().map(|times| f64::from(*times));
        means.push(mean_beyond(falling().zip(weights), wanted));
    }
    means.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| means.get((share * resamples as f64) as usize).copied();
    let rest = (1.0 - CONFIDENCE) / 2.0;
    Interval { value, low: at(rest), high: at(1.0 - rest) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_the_binomial_law() {
        // Printed tables of order statistics: median of 10, ranks 2 and 9 with 97.9 %; of 100, 40 and 61.
        assert_eq!(ranks(10, 5_000), (2, 9));
        assert_eq!(ranks(100, 5_000), (40, 61));
        // The largest of 100 does not enclose the 99 % quantile with half of 5 % above it.
        assert_eq!(ranks(100, 9_900).1, 101);
        // From 368 up it does: 0.99^368 is below 0.025.
        assert!(ranks(367, 9_900).1 == 368 && ranks(368, 9_900).1 <= 368);
        let sorted: Vec<f64> = (1..=100).map(f64::from).collect();
        let told = quantile(&sorted, 9_900);
        assert_eq!((told.value, told.high), (99.0, None));
    }

    #[test]
    fn shortfall_is_the_mean_beyond_with_a_part_of_the_last_sample() {
        let losses: Vec<f64> = (1..=1_000).map(f64::from).collect();
        let told = tail(&losses, 9_900, 1).unwrap();
        assert_eq!(told.var.value, 990.0);
        assert!((told.shortfall.value - 995.5).abs() < 1e-9, "{told:?}");
        // Half of a sample: 97.5 % of 100 takes 2 1/2.
        let losses: Vec<f64> = (1..=100).map(f64::from).collect();
        let told = tail(&losses, 9_750, 1).unwrap();
        assert!((told.shortfall.value - (100.0 + 99.0 + 49.0) / 2.5).abs() < 1e-9, "{told:?}");
        assert_eq!((told.shortfall.low, told.worst, told.above_zero), (None, 100.0, 1.0));
        assert!(tail(&losses, 10_000, 1).is_err());
        let none = tail(&[], 9_900, 1).unwrap();
        assert_eq!((none.mean.value, none.var.high), (0.0, None));
    }

    #[test]
    fn intervals_cover_what_they_promise() {
        // Exponential losses: VaR ln(1/(1 - a)), shortfall one more.
        let (level, truth) = (9_500, libm::log(20.0));
        let (mut var, mut es) = (0, 0);
        for run in 0..200 {
            let mut stream = Stream::new(run, Purpose::Prices, 1);
            let losses: Vec<f64> = (0..400).map(|_| stream.exponential()).collect();
            let told = tail(&losses, level, run).unwrap();
            let holds = |it: Interval, truth: f64| {
                it.low.is_some_and(|low| low <= truth) && it.high.is_some_and(|high| high >= truth)
            };
            var += u32::from(holds(told.var, truth));
            es += u32::from(holds(told.shortfall, truth + 1.0));
        }
        assert!(var >= 184, "{var} of 200");
        // A bootstrap of twenty samples is a little too narrow.
        assert!(es >= 164, "{es} of 200");
    }
}
