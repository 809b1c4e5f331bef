//! Exact simulation, seeded.

use super::Hawkes;
use crate::stress::StressError;
use crate::stress::draws::{Purpose, Stream};
use crate::stress::error::{Range, check};

/// More events than this are refused: a process at or above criticality does not end.
pub const EVENTS_MAX: usize = 20_000_000;

/// An event with its weight, which multiplies what it adds to the intensity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// When.
    pub time: f64,
    /// Its weight, of mean 1 over all events.
    pub weight: f64,
}

fn too_many(process: &Hawkes) -> StressError {
    let right = "a branching ratio and a horizon with at most 20,000,000 events are right";
    StressError::Input { field: "alpha over beta", value: process.branching_ratio(), right }
}

/// Times of events up to a horizon, by thinning (Ogata, "On Lewis' simulation method for point
/// processes", 1981). Between events the intensity only falls, so that its present value bounds it.
///
/// # Errors
/// A horizon that is negative or no number; too many events.
pub fn thinning(process: &Hawkes, horizon: f64, seed: u64) -> Result<Vec<f64>, StressError> {
    let events = marked(process, horizon, seed, |_| 1.0)?;
    Ok(events.into_iter().map(|event| event.time).collect())
}

/// The same with a weight drawn for each event: `weight_of` gets a number above 0 and at most 1 and
/// gives a finite weight of 0 or more. The branching ratio is `alpha / beta` if the weights have mean 1.
///
/// # Errors
/// As [`thinning`], and a weight that is negative or no number.
pub fn marked(
    process: &Hawkes,
    horizon: f64,
    seed: u64,
    weight_of: impl Fn(f64) -> f64,
) -> Result<Vec<Event>, StressError> {
    check("horizon", horizon, Range::ZeroOrMore)?;
    let mut stream = Stream::new(seed, Purpose::Events, 0);
    let mut weights = Stream::new(seed, Purpose::Marks, 0);
    let (mut now, mut excited, mut events) = (0.0, 0.0, Vec::new());
    loop {
        let bound = process.mu + excited;
        if bound <= 0.0 {
            return Ok(events);
        }
        let wait = stream.exponential() / bound;
        now += wait;
        if now > horizon {
            return Ok(events);
        }
        excited *= libm::exp(-process.beta * wait);
        if stream.uniform() * bound <= process.mu + excited {
            let weight = weight_of(weights.uniform());
            check("weight", weight, Range::ZeroOrMore)?;
            excited += process.alpha * weight;
            events.push(Event { time: now, weight });
            if events.len() > EVENTS_MAX {
                return Err(too_many(process));
            }
        }
    }
}

/// Times of events up to a horizon and the sizes of their families up to it, by families: immigrants,
/// their children, and so on.
///
/// # Errors
/// As [`thinning`]; too many events.
pub fn clusters(
    process: &Hawkes,
    horizon: f64,
    seed: u64,
) -> Result<(Vec<f64>, Vec<usize>), StressError> {
    check("horizon", horizon, Range::ZeroOrMore)?;
    let mut immigrants = Stream::new(seed, Purpose::Events, 1);
    let mut children = Stream::new(seed, Purpose::Children, 0);
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    let mut arrival = 0.0;
    if process.mu == 0.0 {
        return Ok((times, sizes));
    }
    loop {
        arrival += immigrants.exponential() / process.mu;
        if arrival > horizon {
            break;
        }
        let first = times.len();
        times.push(arrival);
        let mut parent = first;
        while let Some(born) = times.get(parent).copied() {
            for _ in 0..children.poisson(process.branching_ratio()) {
                let time = born + children.exponential() / process.beta;
                if time <= horizon {
                    times.push(time);
                }
            }
            if times.len() > EVENTS_MAX {
                return Err(too_many(process));
            }
            parent += 1;
        }
        sizes.push(times.len() - first);
    }
    times.sort_unstable_by(f64::total_cmp);
    Ok((times, sizes))
}
