//! Sizes times ways to work them, over several times of arrival.

use super::almgren_chriss;
use super::contract::Contract;
use super::debts::Refill;
use super::estimate::{Estimates, estimate};
use super::planned::Planned;
use super::read::FeedFile;
use super::run::{Stop, Terms, Worked};
use super::strategy::{Immediate, Participation, Scheduled, Strategy, WithVolume};
use crate::ScenarioError;
use breakwater_market::BookSide;
use breakwater_market::book_feed::{FaultCounts, Strictness};

/// Ways to work an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// [`Immediate`].
    Immediate,
    /// [`Scheduled::evenly`].
    Twap,
    /// [`WithVolume`], the volume expected being that of the first part.
    Vwap,
    /// [`Participation`].
    Participation,
    /// [`almgren_chriss::slices`] by what was estimated.
    AlmgrenChriss,
    /// [`Planned`] by what was estimated.
    Planner,
}

impl Way {
    /// All, in the order they are shown.
    pub const ALL: [Way; 6] = [
        Way::Immediate,
        Way::Twap,
        Way::Vwap,
        Way::Participation,
        Way::AlmgrenChriss,
        Way::Planner,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Way::Immediate => "immediate",
            Way::Twap => "twap",
            Way::Vwap => "vwap",
            Way::Participation => "participation",
            Way::AlmgrenChriss => "almgren-chriss",
            Way::Planner => "planner",
        }
    }
}

impl std::str::FromStr for Way {
    type Err = String;

    fn from_str(text: &str) -> Result<Way, String> {
        Way::ALL.into_iter().find(|way| way.name() == text).ok_or_else(|| {
            let names = Way::ALL.map(Way::name).join(", ");
            format!("'{text}' is no way to work an order; expected one of {names}")
        })
    }
}

/// What is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The side that is eaten.
    pub side: BookSide,
    /// Sizes in the feed's quantity units, each above zero.
    pub sizes: Vec<u64>,
    /// Ways.
    pub ways: Vec<Way>,
    /// Time between two decisions, nanoseconds.
    pub step_nanos: u64,
    /// Decisions an order.
    pub steps: usize,
    /// Length of the first part of the feed, from which all is estimated; orders arrive after it.
    pub warmup_nanos: u64,
    /// Times of arrival, evenly from the end of the first part to the last that leaves the whole
    /// horizon.
    pub starts: usize,
    /// How what we ate comes back; the half-life of [`Question::measured_half_life`] replaces it.
    pub refill: Refill,
    /// Take the half-life that the first part shows.
    pub measured_half_life: bool,
    /// What a unit of quantity is.
    pub contract: Contract,
    /// Share of the market's volume that [`Participation`] sends, in millionths.
    pub share_ppm: u64,
    /// Aversion to a unit of variance of cost, in one over quote units.
    pub lambda: f64,
    /// Standard deviations that [`Planned`] charges waiting with.
    pub z: f64,
    /// What is done about a fault of the feed.
    pub strictness: Strictness,
}

/// A mean over arrivals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// Its standard error as if arrivals were independent; none of fewer than two.
    pub error: Option<f64>,
}

impl Mean {
    fn of(values: &[f64]) -> Option<Mean> {
        let count = values.len() as f64;
        if values.is_empty() {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        let error = (values.len() > 1).then(|| libm::sqrt(squares / (count - 1.0) / count));
        Some(Mean { mean, error })
    }
}

/// One size worked in one way from every arrival.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The size.
    pub size: u64,
    /// The way.
    pub way: Way,
    /// Cost against the mid at arrival, basis points, of what was filled.
    pub cost_bps: Option<Mean>,
    /// The worst price of any run, from the mid at its arrival, basis points.
    pub worst_bps: Option<f64>,
    /// Part of the size that was not filled, on average over the runs.
    pub unfilled: f64,
    /// Part of the size that only the last decision sent, at any price, on average.
    pub swept: f64,
    /// The runs, in the order of arrivals.
    pub runs: Vec<Worked>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What the first part says, for the first size.
    pub estimates: Estimates,
    /// How what we ate came back.
    pub refill: Refill,
    /// Mid at the first arrival, raw.
    pub first_mid: f64,
    /// One a size and way, sizes outermost.
    pub cells: Vec<Cell>,
    /// Faults flagged up to the last arrival.
    pub faults: FaultCounts,
}

impl Question {
    fn check(&self) -> Result<(), ScenarioError> {
        let refuse = |field: &str, reason: &str| Err(ScenarioError::setting(field, reason));
        if self.sizes.is_empty() || self.sizes.contains(&0) {
            return refuse("size", "0 or none; expected one or more above 0");
        }
        if self.ways.is_empty() {
            return refuse("strategy", "none; expected one or more");
        }
        if self.steps == 0 || self.step_nanos == 0 {
            return refuse("step", "0; expected at least one decision, and time between two");
        }
        if self.starts == 0 {
            return refuse("starts", "0; expected 1 or more");
        }
        let floats = [("risk-aversion", self.lambda), ("z", self.z)];
        for (field, value) in floats {
            if !(value.is_finite() && value >= 0.0) {
                return refuse(field, "expected a number of 0 or more");
            }
        }
        if self.refill == Refill::HalfLife(0) {
            return refuse("half-life", "0; expected more than 0");
        }
        Ok(())
    }

    fn terms(&self, quantity: u64, refill: Refill) -> Terms {
        Terms {
            side: self.side,
            quantity,
            step_nanos: self.step_nanos,
            steps: self.steps,
            refill,
            contract: self.contract,
        }
    }

    fn arrivals(&self, file: &FeedFile) -> Result<Vec<u64>, ScenarioError> {
        let begins = file.begins().ok_or_else(|| {
            ScenarioError::setting("feed", format!("{} holds no snapshot (kind 3)", file.name))
        })?;
        let first = begins.saturating_add(self.warmup_nanos);
        let horizon = self.terms(1, self.refill).horizon_nanos();
        let room = file.ends().checked_sub(horizon).and_then(|last| last.checked_sub(first));
        let Some(room) = room else {
            let seconds = |nanos: u64| nanos as f64 / 1e9;
            let reason = format!(
                "{:.1} s, and the feed has {:.1} s after its snapshot; expected that the first part \
                 ({:.1} s) and the horizon go in",
                seconds(horizon),
                seconds(file.ends().saturating_sub(begins)),
                seconds(self.warmup_nanos)
            );
            return Err(ScenarioError::setting("horizon", reason));
        };
        let gaps = self.starts.saturating_sub(1).max(1) as u128;
        let at = |start: usize| first + (u128::from(room) * start as u128 / gaps) as u64;
        Ok((0..self.starts).map(at).collect())
    }

    fn strategy(
        &self,
        way: Way,
        size: u64,
        estimates: &Estimates,
        file: &FeedFile,
    ) -> Result<Box<dyn Strategy>, ScenarioError> {
        let seconds = self.step_nanos as f64 / 1e9;
        Ok(match way {
            Way::Immediate => Box::new(Immediate),
            Way::Twap => Box::new(Scheduled::evenly(size, self.steps)),
            Way::Vwap => {
                let horizon = seconds * self.steps.saturating_sub(1) as f64;
                Box::new(WithVolume { expected: (estimates.volume * horizon) as u128 })
            }
            Way::Participation => Box::new(Participation { share_ppm: self.share_ppm }),
            Way::AlmgrenChriss => {
                // Lambda is stated in quote units; the market's prices and quantities are raw.
                let unit = libm::pow(10.0, -f64::from(file.price_decimals))
                    * libm::pow(10.0, -f64::from(file.quantity_decimals));
                let slices = almgren_chriss::slices(
                    size,
                    self.steps,
                    self.step_nanos,
                    estimates,
                    self.lambda * unit,
                )?;
                Box::new(Scheduled::new(&slices))
            }
            Way::Planner => Box::new(Planned {
                half_life_seconds: estimates.refilling.half_life_or_longest(),
                sigma: estimates.sigma,
                z: self.z,
            }),
        })
    }
}

/// Works every size in every way from every arrival.
///
/// # Errors
/// A setting that makes no sense, a feed too short, or with a strict feed, the line and its fault.
pub fn compare(file: &FeedFile, question: &Question) -> Result<Comparison, ScenarioError> {
    question.check()?;
    let arrivals = question.arrivals(file)?;
    let until = arrivals.first().copied().unwrap_or(0);
    let of_slice = |size: u64| {
        let slice = size.div_ceil(question.steps.max(1) as u64);
        estimate(file, question.strictness, until, question.side, slice)
    };
    let estimates: Vec<Estimates> =
        question.sizes.iter().map(|size| of_slice(*size)).collect::<Result<_, _>>()?;
    let first = *estimates.first().ok_or_else(|| ScenarioError::setting("size", "none"))?;
    let refill = match question.measured_half_life {
        true => Refill::HalfLife((first.refilling.half_life_or_longest() * 1e9) as u64),
        false => question.refill,
    };
    let cells =
        question.sizes.iter().flat_map(|size| question.ways.iter().map(|way| (*size, *way)));
    let mut runs: Vec<(u64, Way, Vec<Worked>)> =
        cells.map(|(size, way)| (size, way, Vec::new())).collect();
    let mut stop = Stop::new(file, question.strictness);
    let mut first_mid = None;
    for at in arrivals {
        stop.advance(at, |_| {})?;
        let mid = stop.feed().mid_twice().unwrap_or(0) as f64 / 2.0;
        first_mid = first_mid.or(Some(mid));
        for (place, (size, way, worked)) in runs.iter_mut().enumerate() {
            let estimates = estimates.get(place / question.ways.len()).unwrap_or(&first);
            let mut strategy = question.strategy(*way, *size, estimates, file)?;
            worked.push(stop.work(&question.terms(*size, refill), strategy.as_mut())?);
        }
    }
    let cells = runs.into_iter().map(|(size, way, runs)| cell(size, way, runs)).collect();
    let (first_mid, faults) = (first_mid.unwrap_or(0.0), *stop.feed().faults());
    Ok(Comparison { estimates: first, refill, first_mid, cells, faults })
}

fn cell(size: u64, way: Way, runs: Vec<Worked>) -> Cell {
    let costs: Vec<f64> = runs.iter().filter_map(Worked::cost_bps).collect();
    let share = |of: fn(&Worked) -> u64| {
        let parts = runs.iter().map(|run| of(run) as f64 / size as f64);
        parts.sum::<f64>() / runs.len().max(1) as f64
    };
    let (unfilled, swept) = (share(|run| run.unfilled), share(|run| run.swept));
    let worst_bps = runs.iter().filter_map(Worked::worst_bps).max_by(f64::total_cmp);
    Cell { size, way, cost_bps: Mean::of(&costs), worst_bps, unfilled, swept, runs }
}
