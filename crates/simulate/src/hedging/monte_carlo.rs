//! One option hedged along many paths.
//!
//! Everything is discounted to the start: the price is a martingale where the drift is the rate, the
//! strike is discounted likewise, and the rate is then zero.

use super::attribution::{Attribution, Terms};
use super::book::{Market, Settlement};
use super::legs::{Leg, Point, YEAR_SECONDS};
use super::{paths, refused};
use crate::ScenarioError;
use breakwater_options::Kind;
use breakwater_options::hedging::discrete::Hedged;
use breakwater_options::hedging::{
    BookDelta, Exposure, Instrument, Neutral, Policy, State, decide, in_lots, target_delta,
};

/// What is simulated.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulationSettings {
    /// Call or put.
    pub kind: Kind,
    /// Options held; below zero for sold.
    pub quantity: f64,
    /// Price of the underlying, strike, years, rate and the volatility it is valued and hedged at.
    pub hedged: Hedged,
    /// Volatility that comes about [otherwise the same].
    pub realised: Option<f64>,
    /// Drift a year above the rate.
    pub drift: f64,
    /// Number of paths.
    pub paths: u32,
    /// Seed of the draws.
    pub seed: u64,
    /// Cost of a trade as a share of its value.
    pub cost_one_way: f64,
    /// Units of underlying in a lot.
    pub lot: f64,
    /// Each is run over the same paths.
    pub policies: Vec<Policy>,
}

/// What came of one policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The policy.
    pub policy: Policy,
    /// Mean profit of a path, quote units of the start.
    pub mean: f64,
    /// Deviation of the profit: how far the hedge misses.
    pub deviation: f64,
    /// Standard error of that deviation.
    pub deviation_error: f64,
    /// Profit that 1 and 5 of 100 paths fall short of.
    pub worst: [f64; 2],
    /// Mean cost of a path.
    pub cost: f64,
    /// Mean number of trades of a path.
    pub trades: f64,
    /// Sum over the paths.
    pub gained: Attribution,
}

/// What came of all policies.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulated {
    /// Value of the position at the start.
    pub premium: f64,
    /// Deviation by the exact formula for a hedge at every step without costs, if the volatility that
    /// comes about is the one that is hedged at and there is no drift.
    pub exact: Option<f64>,
    /// In the order of the settings.
    pub outcomes: Vec<Outcome>,
}

/// Most steps over all paths: some minutes.
const STEPS_MAX: u64 = 500_000_000;

/// What one policy did on each path.
struct Tally {
    policy: Policy,
    profits: Vec<f64>,
    gained: Attribution,
    costs: f64,
    trades: u64,
}

/// The option at one step of a path.
#[derive(Debug, Clone, Copy, Default)]
struct Node {
    point: Option<Point>,
    leg: Leg,
}

/// Runs every policy over the same paths.
///
/// # Errors
/// A setting that is out of its range, and a policy that has no hedge.
pub fn simulate(settings: &SimulationSettings) -> Result<Simulated, ScenarioError> {
    check(settings)?;
    let Hedged { spot, years, volatility, intervals, .. } = settings.hedged;
    let wrong = |error| refused("simulation", error);
    let step_years = years / f64::from(intervals);
    let realised = settings.realised.unwrap_or(volatility);
    let spread = realised * libm::sqrt(step_years);
    let mut prices = vec![0.0; intervals as usize + 1];
    let empty = |policy: &Policy| Tally {
        policy: *policy,
        profits: Vec::with_capacity(settings.paths as usize),
        gained: Attribution::default(),
        costs: 0.0,
        trades: 0,
    };
    let mut tallies: Vec<Tally> = settings.policies.iter().map(empty).collect();
    let mut nodes = Vec::with_capacity(prices.len());
    for path in 0..settings.paths {
        let drift = settings.drift * step_years;
        paths::fill(&mut prices, spot, spread, drift, settings.seed, path.into());
        nodes.clear();
        for (index, price) in prices.iter().enumerate() {
            nodes.push(node(settings, index, *price)?);
        }
        for tally in &mut tallies {
            run_path(settings, &prices, &nodes, tally)?;
        }
    }
    let premium = nodes_value(settings)?;
    let matched = realised == volatility && settings.drift == 0.0;
    let exact = match matched {
        true => Some(settings.hedged.exact_deviation().map_err(wrong)? * settings.quantity.abs()),
        false => None,
    };
    Ok(Simulated { premium, exact, outcomes: tallies.into_iter().map(outcome).collect() })
}

fn check(settings: &SimulationSettings) -> Result<(), ScenarioError> {
    let setting = |field: &str, found: f64, right: &str| {
        Err(ScenarioError::setting(field, format!("{found}: {right} is right")))
    };
    let wrong = |error| refused("simulation", error);
    settings.hedged.call().map_err(wrong)?;
    if let Some(realised) = settings.realised {
        Hedged { volatility: realised, ..settings.hedged }
            .call()
            .map_err(|error| refused("realised", error))?;
    }
    let steps = u64::from(settings.paths) * u64::from(settings.hedged.intervals);
    if settings.paths < 2 || steps > STEPS_MAX {
        let right = "at least 2, and at most 500 million steps over all paths,";
        return setting("paths", settings.paths.into(), right);
    }
    if settings.quantity == 0.0 || !(1e-9..=1e9).contains(&settings.quantity.abs()) {
        return setting("quantity", settings.quantity, "a number but zero, within 1e9,");
    }
    if settings.drift.is_nan() || settings.drift.abs() > 10.0 {
        return setting("drift", settings.drift, "a number within 10");
    }
    if settings.policies.is_empty() {
        return Err(ScenarioError::setting("policies", "none; at least one is right"));
    }
    market(settings).check()
}

/// The market of a simulated option: linear, hedged by the underlying.
fn market(settings: &SimulationSettings) -> Market {
    Market {
        settlement: Settlement::Linear,
        neutral: Neutral::Quote,
        instrument: Instrument::Spot { lot: settings.lot },
        cost_one_way: settings.cost_one_way,
        funding_8h: 0.0,
        cash: 0.0,
    }
}

fn node(settings: &SimulationSettings, index: usize, price: f64) -> Result<Node, ScenarioError> {
    let Hedged { strike, years, rate, volatility, intervals, .. } = settings.hedged;
    let strike = strike * libm::exp(-rate * years);
    let (kind, market) = (settings.kind, market(settings));
    if index == intervals as usize {
        return Ok(Node { point: None, leg: Leg::settled(kind, strike, price, &market) });
    }
    let left = years * f64::from(intervals - index as u32) / f64::from(intervals);
    let point = Point { kind, strike, forward: price, years: left, volatility };
    Ok(Node { point: Some(point), leg: Leg::at(&point, &market)? })
}

fn nodes_value(settings: &SimulationSettings) -> Result<f64, ScenarioError> {
    Ok(settings.quantity * node(settings, 0, settings.hedged.spot)?.leg.value)
}

/// One policy along one path.
fn run_path(
    settings: &SimulationSettings,
    prices: &[f64],
    nodes: &[Node],
    tally: &mut Tally,
) -> Result<(), ScenarioError> {
    let wrong = |error| refused(tally.policy.name(), error);
    let (quantity, market) = (settings.quantity, market(settings));
    let step_years = settings.hedged.years / f64::from(settings.hedged.intervals);
    let (mut lots, mut total, mut terms) = (0i64, 0.0, Terms::default());
    let mut traded_at: Option<usize> = None;
    let pairs = nodes.windows(2).zip(prices.windows(2)).enumerate();
    for (index, (pair, ends)) in pairs {
        let ([now, later], [price, next]) = (pair, ends) else { continue };
        let Some(point) = now.point else { continue };
        let exposure = Exposure {
            price: *price,
            gamma: quantity * now.leg.gamma,
            years: point.years,
            volatility: point.volatility,
            rate: 0.0,
            cost_one_way: settings.cost_one_way,
        };
        let factor = tally.policy.volatility_factor(&exposure).map_err(wrong)?;
        let delta = match factor == 1.0 {
            true => now.leg.delta,
            false => {
                let at = Point { volatility: point.volatility * factor, ..point };
                Leg::at(&at, &market)?.delta
            }
        };
        let book = BookDelta::Linear { delta: quantity * delta };
        let target = target_delta(&book, Neutral::Quote).map_err(wrong)?;
        let before = lots as f64 * settings.lot;
        let passed = |at: usize| (index - at) as f64 * step_years * YEAR_SECONDS;
        // Up to a second, so that a step of an hour is an hour.
        let since = traded_at.map(|at| libm::round(passed(at)) as u64);
        let state = State { exposure, target, holding: before, seconds_since_trade: since };
        let decision = decide(&tally.policy, &state).map_err(wrong)?;
        let trade = in_lots(&decision, before, settings.lot).map_err(wrong)?;
        if decision.due {
            traded_at = Some(index);
        }
        lots += trade.lots;
        tally.trades += u64::from(trade.lots != 0);
        let held = lots as f64 * settings.lot;
        let costs = (held - before).abs() * price * settings.cost_one_way;
        let up = next - price;
        total += quantity * (later.leg.value - now.leg.value) + held * up - costs;
        terms.costs += costs;
        terms.delta += (quantity * now.leg.delta + held) * up;
        terms.gamma += 0.5 * quantity * now.leg.gamma * up * up;
        terms.theta += quantity * now.leg.theta * step_years;
    }
    tally.costs += terms.costs;
    tally.gained.add(&Attribution::of(total, &terms)?);
    tally.profits.push(total);
    Ok(())
}

fn outcome(tally: Tally) -> Outcome {
    let Tally { policy, mut profits, gained, costs, trades } = tally;
    let count = profits.len() as f64;
    let mean = profits.iter().sum::<f64>() / count;
    let moment = |power: i32| {
        let off = |profit: &f64| {
            let square = (profit - mean) * (profit - mean);
            if power == 4 { square * square } else { square }
        };
        profits.iter().map(off).sum::<f64>() / count
    };
    let (variance, fourth) = (moment(2), moment(4));
    // Var of a variance is (m4 - m2^2) / n; of its root, that over 4 m2.
    let deviation_error = match variance > 0.0 {
        true => libm::sqrt((fourth - variance * variance).max(0.0) / (4.0 * variance * count)),
        false => 0.0,
    };
    profits.sort_by(f64::total_cmp);
    let below = |share: usize| profits.get(profits.len() * share / 100).copied().unwrap_or(0.0);
    Outcome {
        policy,
        mean,
        deviation: libm::sqrt(variance),
        deviation_error,
        worst: [below(1), below(5)],
        cost: costs / count,
        trades: trades as f64 / count,
        gained,
    }
}
