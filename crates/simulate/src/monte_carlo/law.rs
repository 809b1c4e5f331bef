//! How prices move by themselves: laws of the logarithmic step, drawn by counting.
//!
//! A draw is a function of seed, path, step and purpose alone (Philox4x32-10, see
//! [`crate::perpetuals::draw`]), so a path is the same whatever thread runs it and however many
//! others there are. Two steps share one pair of normals (Box and Muller, 1958).

use super::error::{refuse, within};
use crate::ScenarioError;
use crate::perpetuals::draw::{above_zero, philox};
use std::f64::consts::TAU;

/// A law of the logarithmic price step. All parameters are per step.
#[derive(Debug, Clone, PartialEq)]
pub enum PathLaw {
    /// Normal steps: `drift + volatility z`.
    Gbm {
        /// Mean of the step.
        drift: f64,
        /// Deviation of the step.
        volatility: f64,
    },
    /// Given steps, drawn in blocks with replacement (Kuensch 1989), which keeps what follows what
    /// within a block; the end is followed by the beginning.
    Bootstrap {
        /// The logarithmic steps that were observed.
        steps: Vec<f64>,
        /// Length of a block.
        block: u32,
    },
    /// Normal steps and normal jumps that arrive independently (Merton 1976).
    JumpDiffusion {
        /// Mean of the step without jumps.
        drift: f64,
        /// Deviation of the step without jumps.
        volatility: f64,
        /// Jumps that arrive.
        jumps: Jumps,
    },
    /// A variance that returns to its mean and moves with the price (Heston 1993), by Euler steps with
    /// full truncation (Lord, Koekkoek and Van Dijk 2010).
    Heston {
        /// Mean of the step, before half of the variance is taken off.
        drift: f64,
        /// Variance of the first step.
        variance: f64,
        /// Variance to which it returns.
        variance_mean: f64,
        /// How fast it returns, 0 to 1.
        reversion: f64,
        /// Volatility of the variance.
        variance_volatility: f64,
        /// Correlation of price and variance, -1 to 1.
        correlation: f64,
    },
    /// Normal steps and jumps that bring more jumps (Hawkes 1971 with an exponential kernel): the rate
    /// decays by `exp(-decay)` towards `jumps.rate` and rises by `excitation` with each jump.
    Hawkes {
        /// Mean of the step without jumps.
        drift: f64,
        /// Deviation of the step without jumps.
        volatility: f64,
        /// Jumps that arrive by themselves.
        jumps: Jumps,
        /// Rise of the rate with a jump.
        excitation: f64,
        /// How fast the rise is forgotten; above `excitation`, or jumps never end.
        decay: f64,
    },
}

/// Jumps of the logarithm of a price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jumps {
    /// Jumps a step.
    pub rate: f64,
    /// Mean of a jump.
    pub mean: f64,
    /// Deviation of a jump.
    pub deviation: f64,
}

/// Most jumps of one step. At the highest rate of 10, more have a probability below 10^-20.
const JUMPS_MAX: u32 = 64;

impl PathLaw {
    /// The calm market of the headline benchmark.
    pub const CALM: PathLaw = PathLaw::Gbm { drift: 0.0, volatility: 0.0012 };
    /// Its market under stress.
    pub const STRESS: PathLaw = PathLaw::Gbm { drift: -0.0002, volatility: 0.0012 };
    /// Its crash.
    pub const CRASH: PathLaw = PathLaw::Gbm { drift: -0.0005, volatility: 0.0012 };

    pub(crate) fn check(&self) -> Result<(), ScenarioError> {
        let step = |drift: f64, volatility: f64| {
            within("law.drift", drift, -10.0, 10.0)?;
            within("law.volatility", volatility, 0.0, 10.0)
        };
        match *self {
            PathLaw::Gbm { drift, volatility } => step(drift, volatility),
            PathLaw::Bootstrap { ref steps, block } => {
                if steps.is_empty() || u32::try_from(steps.len()).is_err() {
                    return Err(refuse("law.steps", steps.len(), "1 to 4294967295 steps"));
                }
                if block == 0 {
                    return Err(refuse("law.block", block, "at least 1"));
                }
                steps.iter().try_for_each(|step| within("law.steps", *step, -50.0, 50.0))
            }
            PathLaw::JumpDiffusion { drift, volatility, jumps } => {
                step(drift, volatility).and_then(|()| jumps.check())
            }
            PathLaw::Heston {
                drift,
                variance,
                variance_mean,
                reversion,
                variance_volatility,
                correlation,
            } => {
                step(drift, variance_volatility)?;
                within("law.variance", variance, 0.0, 10.0)?;
                within("law.variance_mean", variance_mean, 0.0, 10.0)?;
                within("law.reversion", reversion, 0.0, 1.0)?;
                within("law.correlation", correlation, -1.0, 1.0)
            }
            PathLaw::Hawkes { drift, volatility, jumps, excitation, decay } => {
                step(drift, volatility)?;
                jumps.check()?;
                within("law.excitation", excitation, 0.0, 100.0)?;
                match decay > excitation && decay <= 100.0 {
                    true => Ok(()),
                    false => Err(refuse("law.decay", decay, "above law.excitation, at most 100")),
                }
            }
        }
    }
}

impl Jumps {
    fn check(&self) -> Result<(), ScenarioError> {
        within("law.jumps.rate", self.rate, 0.0, 10.0)?;
        within("law.jumps.mean", self.mean, -10.0, 10.0)?;
        within("law.jumps.deviation", self.deviation, 0.0, 10.0)
    }
}

/// What a draw is for; part of every path, never reused.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
enum Purpose {
    Step = 0x4D43_0000,
    Block = 0x4D43_0001,
    Count = 0x4D43_0002,
    Size = 0x4D43_0003,
    Variance = 0x4D43_0004,
}

/// The draws of one path.
#[derive(Debug, Clone, Copy)]
struct Stream {
    seed: u64,
    path: u64,
}

impl Stream {
    #[inline]
    fn words(self, purpose: Purpose, number: u32) -> [u64; 2] {
        let key = [self.seed as u32, (self.seed >> 32) as u32];
        let counter = [number, self.path as u32, (self.path >> 32) as u32, purpose as u32];
        let [a, b, c, d] = philox(counter, key);
        [u64::from(a) | u64::from(b) << 32, u64::from(c) | u64::from(d) << 32]
    }

    /// Two independent normals.
    #[inline]
    fn normals(self, purpose: Purpose, number: u32) -> [f64; 2] {
        let [radius, angle] = self.words(purpose, number);
        let radius = libm::sqrt(-2.0 * libm::log(above_zero(radius)));
        let (sin, cos) = libm::sincos(TAU * (1.0 - above_zero(angle)));
        [radius * cos, radius * sin]
    }
}

/// The steps of one path, in order.
#[derive(Debug, Clone)]
pub struct Steps<'a> {
    law: &'a PathLaw,
    stream: Stream,
    number: u32,
    spare: f64,
    /// Stands for the normal that this step would draw.
    given: Option<f64>,
    variance: f64,
    rate: f64,
    begin: u64,
}

impl<'a> Steps<'a> {
    /// The steps of a path under a seed.
    #[must_use]
    pub fn new(law: &'a PathLaw, seed: u64, path: u64) -> Steps<'a> {
        let (variance, rate) = match *law {
            PathLaw::Heston { variance, .. } => (variance, 0.0),
            PathLaw::Hawkes { jumps, .. } => (0.0, jumps.rate),
            _ => (0.0, 0.0),
        };
        let stream = Stream { seed, path };
        Steps { law, stream, number: 0, spare: 0.0, given: None, variance, rate, begin: 0 }
    }

    /// The next logarithmic step.
    #[inline]
    pub fn advance(&mut self) -> f64 {
        let step = match *self.law {
            PathLaw::Gbm { drift, volatility } => drift + volatility * self.normal(),
            _ => self.other(),
        };
        self.number += 1;
        step
    }

    /// The normal that [`Steps::advance`] would use next; asked once a step, before
    /// [`Steps::advance_with`].
    pub(crate) fn next_normal(&mut self) -> f64 {
        self.normal()
    }

    /// The next logarithmic step around a normal that is not this stream's own, as of prices that
    /// move together.
    pub(crate) fn advance_with(&mut self, normal: f64) -> f64 {
        self.given = Some(normal);
        let step = self.other();
        self.given = None;
        self.number += 1;
        step
    }

    /// The normal of this step: the first or the second of its pair.
    #[inline]
    fn normal(&mut self) -> f64 {
        if let Some(given) = self.given {
            return given;
        }
        if self.number % 2 == 1 {
            return self.spare;
        }
        let [first, second] = self.stream.normals(Purpose::Step, self.number / 2);
        self.spare = second;
        first
    }

    fn other(&mut self) -> f64 {
        match *self.law {
            PathLaw::Gbm { drift, volatility } => drift + volatility * self.normal(),
            PathLaw::Bootstrap { ref steps, block } => self.observed(steps, block),
            PathLaw::JumpDiffusion { drift, volatility, jumps } => {
                let (sum, _) = self.jumps(&jumps, jumps.rate);
                drift + volatility * self.normal() + sum
            }
            PathLaw::Heston {
                drift,
                variance_mean,
                reversion,
                variance_volatility,
                correlation,
                ..
            } => {
                let now = self.variance.max(0.0);
                let root = libm::sqrt(now);
                let price = self.normal();
                let [own, _] = self.stream.normals(Purpose::Variance, self.number);
                let mixed = correlation * price + libm::sqrt(1.0 - correlation * correlation) * own;
                self.variance +=
                    reversion * (variance_mean - now) + variance_volatility * root * mixed;
                drift - 0.5 * now + root * price
            }
            PathLaw::Hawkes { drift, volatility, jumps, excitation, decay } => {
                let (sum, count) = self.jumps(&jumps, self.rate);
                let above = (self.rate - jumps.rate) * libm::exp(-decay);
                self.rate = jumps.rate + above + excitation * f64::from(count);
                drift + volatility * self.normal() + sum
            }
        }
    }

    fn observed(&mut self, steps: &[f64], block: u32) -> f64 {
        let within = self.number % block;
        let length = steps.len() as u64;
        if within == 0 {
            let [word, _] = self.stream.words(Purpose::Block, self.number / block);
            // The high half of the product: a bias of at most length over 2^64.
            self.begin = ((u128::from(word) * u128::from(length)) >> 64) as u64;
        }
        let place = (self.begin + u64::from(within)) % length;
        steps.get(place as usize).copied().unwrap_or(0.0)
    }

    /// The sum of this step's jumps and their number, Poisson by inversion.
    fn jumps(&self, jumps: &Jumps, rate: f64) -> (f64, u32) {
        let [word, _] = self.stream.words(Purpose::Count, self.number);
        let chance = above_zero(word);
        let mut term = libm::exp(-rate);
        let mut below = term;
        let mut count = 0;
        while chance > below && count < JUMPS_MAX {
            count += 1;
            term *= rate / f64::from(count);
            below += term;
        }
        if count == 0 {
            return (0.0, 0);
        }
        let [normal, _] = self.stream.normals(Purpose::Size, self.number);
        let number = f64::from(count);
        (number * jumps.mean + libm::sqrt(number) * jumps.deviation * normal, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JUMPS: Jumps = Jumps { rate: 0.02, mean: -0.01, deviation: 0.004 };

    fn drawn(law: &PathLaw, path: u64, count: usize) -> Vec<f64> {
        let mut steps = Steps::new(law, 7, path);
        (0..count).map(|_| steps.advance()).collect()
    }

    fn moments(values: &[f64]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        (mean, values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n)
    }

    #[test]
    fn steps_have_the_moments_of_their_law() {
        let n = 200_000;
        let (mean, variance) = moments(&drawn(&PathLaw::STRESS, 3, n));
        // Four standard errors.
        assert!((mean + 0.0002).abs() < 4.0 * 0.0012 / 447.0, "{mean}");
        assert!((variance / 1.44e-6 - 1.0).abs() < 4.0 * 1.42 / 447.0, "{variance}");

        let merton = PathLaw::JumpDiffusion { drift: 0.0, volatility: 0.001, jumps: JUMPS };
        let (mean, variance) = moments(&drawn(&merton, 3, n));
        let expected = 1e-6 + 0.02 * (0.01 * 0.01 + 0.004 * 0.004);
        assert!((mean + 0.0002).abs() < 4.0 * libm::sqrt(expected) / 447.0, "{mean}");
        assert!((variance / expected - 1.0).abs() < 0.05, "{variance} {expected}");

        // A branching ratio of (e^(1/2) - 1)^-1 times 0.3, about 0.46, so about 1.86 times the jumps.
        let hawkes = PathLaw::Hawkes {
            drift: 0.0,
            volatility: 0.0,
            jumps: JUMPS,
            excitation: 0.3,
            decay: 0.5,
        };
        let ratio = 0.3 / (1.0 - libm::exp(-0.5));
        let (mean, _) = moments(&drawn(&hawkes, 3, n));
        assert!((mean / (-0.0002 / (1.0 - ratio)) - 1.0).abs() < 0.25, "{mean} {ratio}");

        let heston = PathLaw::Heston {
            drift: 0.0,
            variance: 4e-6,
            variance_mean: 1e-6,
            reversion: 0.05,
            variance_volatility: 1e-4,
            correlation: -0.7,
        };
        let steps = drawn(&heston, 3, n);
        let (mean, variance) = moments(&steps);
        assert!((mean + 0.5e-6).abs() < 4.0 * 0.001 / 447.0, "{mean}");
        assert!((variance / 1e-6 - 1.0).abs() < 0.1, "{variance}");
    }

    #[test]
    fn a_bootstrap_gives_blocks_of_what_was_observed() {
        let observed: Vec<f64> = (0..10).map(f64::from).collect();
        let law = PathLaw::Bootstrap { steps: observed.clone(), block: 4 };
        for block in drawn(&law, 1, 400).chunks(4) {
            let follows = |pair: &[f64]| pair[1] == (pair[0] + 1.0) % 10.0;
            assert!(block.windows(2).all(follows), "{block:?}");
        }
        let (mean, _) = moments(&drawn(&law, 1, 40_000));
        assert!((mean - 4.5).abs() < 0.15, "{mean}");
    }

    #[test]
    fn a_path_depends_on_seed_and_number_alone() {
        let first = drawn(&PathLaw::CALM, 1, 10);
        assert_eq!(first, drawn(&PathLaw::CALM, 1, 20)[..10]);
        assert_ne!(first, drawn(&PathLaw::CALM, 2, 10));
        assert_ne!(first, drawn(&PathLaw::CALM, 1 << 32 | 1, 10));
        let mut other = Steps::new(&PathLaw::CALM, 8, 1);
        assert_ne!(first[0], other.advance());
        assert!(first.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn parameters_out_of_range_are_refused_by_name() {
        for (law, field) in [
            (PathLaw::Gbm { drift: f64::NAN, volatility: 0.0 }, "law.drift"),
            (PathLaw::Gbm { drift: 0.0, volatility: -1.0 }, "law.volatility"),
            (PathLaw::Bootstrap { steps: vec![], block: 1 }, "law.steps"),
            (PathLaw::Bootstrap { steps: vec![f64::INFINITY], block: 1 }, "law.steps"),
            (PathLaw::Bootstrap { steps: vec![0.0], block: 0 }, "law.block"),
            (
                PathLaw::Hawkes {
                    drift: 0.0,
                    volatility: 0.0,
                    jumps: JUMPS,
                    excitation: 1.0,
                    decay: 1.0,
                },
                "law.decay",
            ),
            (
                PathLaw::JumpDiffusion {
                    drift: 0.0,
                    volatility: 0.0,
                    jumps: Jumps { rate: 11.0, ..JUMPS },
                },
                "law.jumps.rate",
            ),
        ] {
            assert!(law.check().unwrap_err().to_string().contains(field), "{law:?}");
        }
        assert!(PathLaw::CRASH.check().is_ok());
    }
}
