//! A book of options over a recorded chain, hedged by each policy.
//!
//! At each snapshot the book is valued by the chain's volatilities, the policy says what to trade, and
//! until the next snapshot book and hedge move as recorded. The hedge moves with the forward of the first
//! expiry that both snapshots have, so that no roll is in it. An option that expires between two
//! snapshots is paid by the forward of the later one.

mod track;

use super::attribution::{Attribution, Terms};
use super::book::{Book, Market, Settlement};
use super::chain::{Chain, told};
use super::refused;
use crate::ScenarioError;
use breakwater_options::hedging::{
    BookDelta, Exposure, Instrument, Neutral, Policy, State, decide, in_lots, target_delta,
};
use track::Step;

/// A split of shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// First second at which the new share is quoted.
    pub at_seconds: i64,
    /// New shares for an old one.
    pub ratio: f64,
}

/// How a backtest is run.
#[derive(Debug, Clone, PartialEq)]
pub struct BacktestSettings {
    /// Each is run by itself.
    pub policies: Vec<Policy>,
    /// In order of time.
    pub splits: Vec<Split>,
}

/// One step of one run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepRow {
    /// Seconds of Unix time at its start.
    pub at_seconds: i64,
    /// Forward that the hedge is traded at.
    pub price: f64,
    /// Holding that would offset the book, units of underlying.
    pub target: f64,
    /// Units held before trading.
    pub before: f64,
    /// Lots traded; below zero for a sale.
    pub trade_lots: i64,
    /// Units held afterwards.
    pub after: f64,
    /// What the step gained, and of what.
    pub gained: Attribution,
}

/// One policy over the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyRun {
    /// The policy.
    pub policy: Policy,
    /// Step by step.
    pub steps: Vec<StepRow>,
    /// What it gained in all, and of what.
    pub gained: Attribution,
    /// Times that it traded.
    pub trades: usize,
    /// Value traded, quote units.
    pub turnover: f64,
    /// Deviation of what a step gained, units: how far the hedge misses.
    pub step_deviation: f64,
    /// Lots held at the end.
    pub lots: i64,
}

/// All policies over the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Backtest {
    /// First and last second.
    pub seconds: (i64, i64),
    /// Snapshots of which nothing had moved since the one before.
    pub unchanged: usize,
    /// Times that an option had no quote and the last one was taken.
    pub carried: usize,
    /// What the options were worth at the start, units.
    pub worth: f64,
    /// In the order of the settings.
    pub runs: Vec<PolicyRun>,
}

/// Runs every policy.
///
/// # Errors
/// A book or market that is none, an option that the chain does not have or that has expired, a jump
/// that looks like a split of which the settings do not tell, and a policy that has no hedge.
pub fn backtest(
    chain: &Chain,
    book: &Book,
    settings: &BacktestSettings,
) -> Result<Backtest, ScenarioError> {
    book.check()?;
    if settings.policies.is_empty() {
        return Err(ScenarioError::setting("policies", "none; at least one is right"));
    }
    let track = track::of(chain, book, &settings.splits)?;
    let run = |policy: &Policy| run_one(&track.steps, &book.market, policy);
    let runs = settings.policies.iter().map(run).collect::<Result<_, _>>()?;
    let ends = chain.snapshots.first().zip(chain.snapshots.last());
    Ok(Backtest {
        seconds: ends.map_or((0, 0), |(first, last)| (first.at_seconds, last.at_seconds)),
        unchanged: track.unchanged,
        carried: track.carried,
        worth: track.worth,
        runs,
    })
}

/// Where a run stands.
struct Hedge {
    lots: i64,
    coins: f64,
    traded_at: Option<i64>,
}

fn run_one(steps: &[Step], market: &Market, policy: &Policy) -> Result<PolicyRun, ScenarioError> {
    policy.check().map_err(|error| refused(policy.name(), error))?;
    let mut hedge = Hedge { lots: 0, coins: market.cash, traded_at: None };
    let mut rows = Vec::with_capacity(steps.len());
    let (mut gained, mut turnover, mut trades) = (Attribution::default(), 0.0, 0);
    for step in steps {
        let row = step_of(step, market, policy, &mut hedge)?;
        if row.trade_lots != 0 {
            trades += 1;
            turnover += (row.after - row.before).abs() * step.price;
        }
        gained.add(&row.gained);
        rows.push(row);
    }
    let step_deviation = deviation(rows.iter().map(|row| row.gained.total()));
    let lots = hedge.lots;
    Ok(PolicyRun { policy: *policy, steps: rows, gained, trades, turnover, step_deviation, lots })
}

fn step_of(
    step: &Step,
    market: &Market,
    policy: &Policy,
    hedge: &mut Hedge,
) -> Result<StepRow, ScenarioError> {
    let Market { instrument, cost_one_way, neutral, .. } = *market;
    let wrong = |error| refused(&format!("{} at {}", policy.name(), told(step.at_seconds)), error);
    let price = step.price;
    let exposure = Exposure {
        price,
        gamma: step.gamma,
        years: step.years,
        volatility: step.volatility,
        rate: 0.0,
        cost_one_way,
    };
    // Nothing left to hedge but the cash: no volatility to take a delta at.
    let factor = match step.points.is_empty() {
        true => 1.0,
        false => policy.volatility_factor(&exposure).map_err(wrong)?,
    };
    let (delta, coins) = step.delta(market, factor)?;
    let book = match market.settlement {
        Settlement::Linear => BookDelta::Linear { delta },
        Settlement::Inverse if neutral == Neutral::Coin => {
            BookDelta::Inverse { net_delta: delta, equity: hedge.coins + coins }
        }
        Settlement::Inverse => {
            BookDelta::Inverse { net_delta: delta - coins, equity: hedge.coins + coins }
        }
    };
    let target = target_delta(&book, neutral).map_err(wrong)?;
    let of_lot = instrument.delta_of_lot(price).map_err(wrong)?;
    let before = hedge.lots as f64 * of_lot;
    let since = hedge.traded_at.map(|at| u64::try_from(step.at_seconds - at).unwrap_or(0));
    let state = State { exposure, target, holding: before, seconds_since_trade: since };
    let trade = match step.points.is_empty() && *policy != Policy::Unhedged {
        // A book without options is closed out.
        true => decide(&Policy::DeltaBand { half_width: 0.0 }, &state).map_err(wrong)?,
        false => decide(policy, &state).map_err(wrong)?,
    };
    let traded = in_lots(&trade, before, of_lot).map_err(wrong)?;
    hedge.lots += traded.lots;
    if trade.due {
        hedge.traded_at = Some(step.at_seconds);
    }
    let after = hedge.lots as f64 * of_lot;
    let costs = (after - before).abs() * price * cost_one_way;
    let hours = (step.later_seconds - step.at_seconds) as f64 / 3_600.0;
    let funding = instrument.funding(hedge.lots, price, market.funding_8h * hours / 8.0);
    let funding = funding.map_err(wrong)?;
    let gain = instrument.gain(hedge.lots, price, step.price_later).map_err(wrong)?;
    let gained = attributed(step, market, hedge.coins, &Moved { after, gain, costs, funding })?;
    if matches!(instrument, Instrument::InversePerpetual { .. }) {
        hedge.coins += (gain - funding) / step.price_later - costs / price;
    }
    hedge.coins += step.paid_coins;
    let (at_seconds, trade_lots) = (step.at_seconds, traded.lots);
    Ok(StepRow { at_seconds, price, target, before, trade_lots, after, gained })
}

/// What the hedge did in a step, quote units but for the units held.
struct Moved {
    after: f64,
    gain: f64,
    costs: f64,
    funding: f64,
}

/// The step's profit and where it came from.
fn attributed(
    step: &Step,
    market: &Market,
    coins: f64,
    moved: &Moved,
) -> Result<Attribution, ScenarioError> {
    let Moved { after, gain, costs, funding } = *moved;
    let up = step.price_later - step.price;
    let options = &step.options;
    if market.neutral == Neutral::Coin {
        // A contract of N quote units gains N (1/F0 - 1/F1): slope N/F0^2, curvature -2 N/F0^3.
        let slope = after / step.price;
        let (costs, funding) = (costs / step.price, funding / step.price_later);
        let terms = Terms {
            delta: options.delta + slope * up,
            gamma: options.gamma - slope / step.price * up * up,
            costs,
            funding,
            ..*options
        };
        let total = step.gain + gain / step.price_later - costs - funding;
        return Attribution::of(total, &terms);
    }
    // Coins of the account move against the quote currency.
    let held = match market.settlement {
        Settlement::Inverse => coins,
        Settlement::Linear => 0.0,
    };
    let terms = Terms { delta: options.delta + (after + held) * up, costs, funding, ..*options };
    Attribution::of(step.gain + held * up + gain - costs - funding, &terms)
}

/// Deviation of amounts in billionths, in units.
pub(super) fn deviation(amounts: impl Iterator<Item = i128> + Clone) -> f64 {
    let count = amounts.clone().count().max(1) as f64;
    let units = amounts.map(|amount| amount as f64 / super::NANOS);
    let mean = units.clone().sum::<f64>() / count;
    let square = units.map(|amount| (amount - mean) * (amount - mean)).sum::<f64>();
    libm::sqrt(square / count)
}
