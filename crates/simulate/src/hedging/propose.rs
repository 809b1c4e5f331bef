//! The trade of each policy now.

use super::book::{Book, Market, Settlement};
use super::chain::told;
use super::legs::{Leg, Point, YEAR_SECONDS};
use super::refused;
use crate::ScenarioError;
use breakwater_options::hedging::{
    Action, BookDelta, Exposure, Neutral, Policy, State, decide, in_lots, target_delta,
};
use breakwater_options::surface::check_prices;
use std::collections::BTreeMap;

/// The market now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Now {
    /// Seconds of Unix time.
    pub at_seconds: i64,
    /// Forward of the underlying, for every expiry, and price of the hedge.
    pub forward: f64,
    /// Lots of the hedge held.
    pub held_lots: i64,
    /// Seconds since the hedge last traded; none if never.
    pub seconds_since_trade: Option<u64>,
    /// Units of underlying that can be traded at the stated cost; none if unknown.
    pub depth: Option<f64>,
}

/// Greeks of the book, in the unit it is neutral in.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BookGreeks {
    /// What the options are worth.
    pub worth: f64,
    /// Units of underlying that must be held against the book, with the sign turned.
    pub delta: f64,
    /// Change of that by the price.
    pub gamma: f64,
    /// For 1.00 of volatility.
    pub vega: f64,
    /// A day.
    pub theta_a_day: f64,
}

/// What one policy proposes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proposal {
    /// The policy.
    pub policy: Policy,
    /// Times the volatilities at which it takes the delta.
    pub factor: f64,
    /// Holding that offsets that delta, units of underlying.
    pub target: f64,
    /// Least and largest holding that is left alone.
    pub band: (f64, f64),
    /// Delta of book and hedge before the trade, units of underlying.
    pub delta_before: f64,
    /// Lots to buy; below zero to sell.
    pub lots: i64,
    /// Delta of book and hedge after the trade.
    pub delta_after: f64,
    /// What the trade costs, quote units.
    pub cost: f64,
    /// Lots that the depth does not take.
    pub lots_left: i64,
}

/// All policies, and the book they hedge.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposed {
    /// The book's greeks.
    pub greeks: BookGreeks,
    /// Delta of the hedge held, units of underlying.
    pub held: f64,
    /// What the hedge does when the underlying rises: sells if the book is long gamma.
    pub rises: Action,
    /// In the order of the policies.
    pub proposals: Vec<Proposal>,
}

/// What each policy would trade now.
///
/// # Errors
/// A book, a market or a price that is none, an option that has expired, volatilities that can be
/// arbitraged, no depth, and a policy that has no hedge.
pub fn propose(book: &Book, now: &Now, policies: &[Policy]) -> Result<Proposed, ScenarioError> {
    book.check()?;
    if !(1e-12..=1e12).contains(&now.forward) {
        let reason = format!("{}: a price from 1e-12 to 1e12 is right", now.forward);
        return Err(ScenarioError::setting("forward", reason));
    }
    if let Some(depth) = now.depth
        && (depth <= 0.0 || !depth.is_finite())
    {
        let reason = format!("{depth}: nothing can be traded; units above zero are right");
        return Err(ScenarioError::setting("depth", reason));
    }
    let points = points(book, now)?;
    check_smiles(book, now)?;
    let greeks = greeks(&points, &book.market)?;
    let of_lot = book.market.instrument.delta_of_lot(now.forward);
    let of_lot = of_lot.map_err(|error| refused("instrument", error))?;
    let propose = |policy: &Policy| one(policy, book, now, &points, &greeks, of_lot);
    Ok(Proposed {
        greeks,
        held: now.held_lots as f64 * of_lot,
        rises: if greeks.gamma < 0.0 { Action::Buy } else { Action::Sell },
        proposals: policies.iter().map(propose).collect::<Result<_, _>>()?,
    })
}

fn points(book: &Book, now: &Now) -> Result<Vec<(f64, Point)>, ScenarioError> {
    let mut points = Vec::new();
    for position in &book.positions {
        let name = |field: &str| format!("{}.{field}", position.instrument);
        if position.expiry_seconds <= now.at_seconds {
            let (at, now) = (told(position.expiry_seconds), told(now.at_seconds));
            let reason = format!("{at}: expired; later than {now} is right");
            return Err(ScenarioError::setting(name("expiry"), reason));
        }
        let Some(volatility) = position.volatility else {
            return Err(ScenarioError::setting(
                name("volatility"),
                "missing; 1 for 100 % is right",
            ));
        };
        let years = (position.expiry_seconds - now.at_seconds) as f64 / YEAR_SECONDS;
        let (kind, strike, forward) = (position.kind, position.strike, now.forward);
        points.push((position.quantity, Point { kind, strike, forward, years, volatility }));
    }
    Ok(points)
}

/// Refuses volatilities of one expiry between which something can be had for less than nothing.
fn check_smiles(book: &Book, now: &Now) -> Result<(), ScenarioError> {
    let mut expiries: BTreeMap<i64, Vec<(f64, f64)>> = BTreeMap::new();
    for position in &book.positions {
        if let Some(volatility) = position.volatility {
            let smile = expiries.entry(position.expiry_seconds).or_default();
            smile.push((position.strike, volatility));
        }
    }
    for (expiry, mut smile) in expiries {
        smile.sort_by(|a, b| a.0.total_cmp(&b.0));
        let years = (expiry - now.at_seconds) as f64 / YEAR_SECONDS;
        check_prices(now.forward, years, &smile)
            .map_err(|error| refused(&format!("volatilities of {}", told(expiry)), error))?;
    }
    Ok(())
}

fn greeks(points: &[(f64, Point)], market: &Market) -> Result<BookGreeks, ScenarioError> {
    let mut greeks = BookGreeks::default();
    for (quantity, point) in points {
        let leg = Leg::at(point, market)?;
        greeks.worth += quantity * leg.value;
        greeks.delta += quantity * leg.delta;
        greeks.gamma += quantity * leg.gamma;
        greeks.vega += quantity * leg.vega;
        greeks.theta_a_day += quantity * leg.theta / 365.0;
    }
    if market.settlement == Settlement::Inverse && market.neutral == Neutral::Quote {
        greeks.delta += market.cash;
    }
    Ok(greeks)
}

/// The option with most gamma: its years and volatility are the exposure's.
fn leading(points: &[(f64, Point)], market: &Market) -> Result<(f64, f64), ScenarioError> {
    let (mut most, mut lead) = (-1.0, (0.0, 0.0));
    for (quantity, point) in points {
        let gamma = (quantity * Leg::at(point, market)?.gamma).abs();
        if gamma > most {
            (most, lead) = (gamma, (point.years, point.volatility));
        }
    }
    Ok(lead)
}

fn one(
    policy: &Policy,
    book: &Book,
    now: &Now,
    points: &[(f64, Point)],
    greeks: &BookGreeks,
    of_lot: f64,
) -> Result<Proposal, ScenarioError> {
    let wrong = |error| refused(policy.name(), error);
    let market = &book.market;
    let (years, volatility) = leading(points, market)?;
    let exposure = Exposure {
        price: now.forward,
        gamma: greeks.gamma,
        years,
        volatility,
        rate: 0.0,
        cost_one_way: market.cost_one_way,
    };
    let factor = policy.volatility_factor(&exposure).map_err(wrong)?;
    let (mut delta, mut coins) = (0.0, 0.0);
    for (quantity, point) in points {
        let at = Point { volatility: point.volatility * factor, ..*point };
        let leg = Leg::at(&at, market)?;
        delta += quantity * leg.delta;
        coins += quantity * leg.coins;
    }
    let of_book = match (market.settlement, market.neutral) {
        (Settlement::Linear, _) => BookDelta::Linear { delta },
        (Settlement::Inverse, Neutral::Coin) => {
            BookDelta::Inverse { net_delta: delta, equity: market.cash + coins }
        }
        (Settlement::Inverse, Neutral::Quote) => {
            BookDelta::Inverse { net_delta: delta - coins, equity: market.cash + coins }
        }
    };
    let target = target_delta(&of_book, market.neutral).map_err(wrong)?;
    let before = now.held_lots as f64 * of_lot;
    let seconds_since_trade = now.seconds_since_trade;
    let state = State { exposure, target, holding: before, seconds_since_trade };
    let decision = decide(policy, &state).map_err(wrong)?;
    let wanted = in_lots(&decision, before, of_lot).map_err(wrong)?.lots;
    let most = now.depth.map_or(i64::MAX, |depth| libm::floor(depth / of_lot) as i64);
    let lots = wanted.clamp(-most, most);
    let traded = lots as f64 * of_lot;
    Ok(Proposal {
        policy: *policy,
        factor,
        target,
        band: (decision.band.lower, decision.band.upper),
        delta_before: greeks.delta + before,
        lots,
        delta_after: greeks.delta + before + traded,
        cost: traded.abs() * now.forward * market.cost_one_way,
        lots_left: wanted - lots,
    })
}
