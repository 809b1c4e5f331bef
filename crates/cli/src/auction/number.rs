//! Numbers of simulations: read from decimals, printed with as many digits as they are worth.

use crate::figures::grouped;
use breakwater_money::Decimal;
use breakwater_simulate::auctions::games::{Estimate, Trials};
use clap::Args;
use serde::Serialize;

/// How often to play, from which seed, and on how many threads.
#[derive(Debug, Args)]
pub struct Playing {
    /// Seed of all draws
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Threads; the answer does not depend on them [default: as many as there are processors]
    #[arg(long, value_name = "N")]
    pub threads: Option<u32>,
}

impl Playing {
    /// So many trials.
    pub fn trials(&self, count: u64) -> Result<Trials, crate::failure::Failure> {
        let there = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = self.threads.unwrap_or_else(|| u32::try_from(there()).unwrap_or(1).min(256));
        Ok(Trials::new(self.seed, count, threads)?)
    }
}

/// A decimal of zero or more as the nearest float.
pub fn decimal(text: &str) -> Result<f64, String> {
    const RIGHT: &str = "expected a decimal of zero or more, such as 0.5";
    let read = Decimal::parse(text).map_err(|error| format!("{error}; {RIGHT}"))?;
    let value: f64 = text.parse().map_err(|_| RIGHT.to_owned())?;
    if read.negative { Err(RIGHT.to_owned()) } else { Ok(value) }
}

/// A number with so many digits after the point, its thousands grouped, and no sign on a zero.
pub fn shown(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    let is_zero = text.chars().all(|c| matches!(c, '-' | '0' | '.'));
    grouped(if is_zero { text.trim_start_matches('-') } else { &text })
}

/// A mean and half of its 95 % interval.
pub fn mean(estimate: &Estimate, scale: f64, places: usize) -> String {
    let [low, high] = estimate.interval();
    let half = (high - low) / 2.0 * scale;
    format!("{} \u{b1}{}", shown(estimate.mean * scale, places), shown(half, places))
}

/// A decimal for JSON.
pub fn plain(value: f64) -> String {
    let text = format!("{value:.9}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// An estimate in JSON.
#[derive(Debug, Serialize)]
pub struct EstimateJson {
    mean: String,
    low: String,
    high: String,
    standard_error: String,
}

impl EstimateJson {
    /// A mean, times `scale`, with its 95 % interval.
    pub fn of(estimate: &Estimate) -> Self {
        EstimateJson::with(estimate, estimate.interval())
    }

    /// A probability with its 95 % interval.
    pub fn of_share(estimate: &Estimate) -> Self {
        EstimateJson::with(estimate, estimate.share_interval())
    }

    fn with(estimate: &Estimate, [low, high]: [f64; 2]) -> Self {
        EstimateJson {
            mean: plain(estimate.mean),
            low: plain(low),
            high: plain(high),
            standard_error: plain(estimate.error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_and_nothing_else() {
        assert_eq!(decimal("0.25"), Ok(0.25));
        for bad in ["-1", "1e3", "NaN", "inf", "", "0x1"] {
            assert!(decimal(bad).unwrap_err().contains("expected a decimal"), "{bad}");
        }
    }

    #[test]
    fn numbers_are_printed_as_they_are_worth() {
        assert_eq!(shown(1_234_567.891, 1), "1,234,567.9");
        assert_eq!((shown(-0.001, 2), shown(-0.01, 2)), ("0.00".to_owned(), "-0.01".to_owned()));
        assert_eq!((plain(-0.0), plain(0.5), plain(3.0)), ("0".into(), "0.5".into(), "3".into()));
        let found = Estimate { count: 4, mean: 0.5, error: 0.01 };
        assert_eq!(mean(&found, 100.0, 2), "50.00 \u{b1}1.96");
    }
}
