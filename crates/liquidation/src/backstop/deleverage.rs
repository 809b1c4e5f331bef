//! Closing winners' positions against a bankrupt one, or cutting their profit for a deficit.
//!
//! Every policy keeps one contract: what is taken sums to exactly what is needed, or to all that the
//! policy may take if that is less; nobody gives more than it has; the result does not depend on the
//! order in which the winners are given; among equals the lower account comes first.

mod window;

use super::overshoot::Overshoot;
use super::weighted::{Weighted, share_weighted};
use super::{Capacity, share_out};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, U256};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A whole as a share of 1e18.
pub const WHOLE_E18: u128 = 1_000_000_000_000_000_000;

/// How winners are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deleverage {
    /// The highest score first, each taken as far as needed.
    Queue,
    /// In order of account, from a place that the command's entropy picks (dYdX v4: a random start,
    /// then the first opposite accounts).
    RandomStart,
    /// Everyone in proportion.
    ProRata,
    /// In proportion, nobody above its own share: `h = min(eta, beta)` with one `eta` for all
    /// (arXiv 2512.01112: the rule that is proof against splitting, free of scale and keeps order).
    Capped,
    /// The leveraged give more: `h = min(beta, tau * leverage^2)` with one `tau` for all
    /// (arXiv 2512.01112, the risk-aware family with a linear weight).
    RiskAware,
    /// Touching the least profit that covers the deficit.
    MinimumOvershoot,
}

/// A profitable position on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Winner {
    /// Whose.
    pub account: AccountId,
    /// Size of the position, base units.
    pub quantity: u128,
    /// Its place in the queue, highest first; see [`super::score`]. Only the queue asks.
    pub score: i128,
    /// Its profit at the mark, base units of the settle asset.
    pub profit: u128,
    /// Leverage at 1e9. Only the risk-aware rule asks.
    pub leverage_e9: u64,
    /// The largest part it may be made to give (beta), at 1e18; more than [`WHOLE_E18`] counts as
    /// that. Only the capped and the risk-aware rules ask.
    pub share_max_e18: u128,
}

/// What has to be found among the winners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// So much of the contract must be closed, at the price that leaves the bankrupt account with
    /// nothing; `deficit` is what the account lacks at the mark.
    Quantity {
        /// Base units of the contract.
        quantity: u128,
        /// Base units of the settle asset.
        deficit: u128,
    },
    /// So much of the winners' profit must be cut.
    Value(u128),
}

/// What one winner gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// Whose.
    pub account: AccountId,
    /// How much of the position is closed; where profit is cut, the fewest units that carry it.
    pub quantity: u128,
    /// The profit cut; where a quantity is closed, the profit in that part at the mark, floored.
    pub haircut: u128,
}

/// The choice of winners and what it cost them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleveraged {
    /// In the order in which they were chosen; by account where all are taken together.
    pub closes: Vec<Closed>,
    /// Haircut against deficit.
    pub overshoot: Overshoot,
}

impl Deleveraged {
    /// How much of the contract is closed altogether; saturates.
    #[must_use]
    pub fn quantity(&self) -> u128 {
        self.closes.iter().fold(0, |sum, closed| sum.saturating_add(closed.quantity))
    }
}

impl Needed {
    /// What is to be shared out.
    fn amount(self) -> u128 {
        match self {
            Needed::Quantity { quantity, .. } => quantity,
            Needed::Value(value) => value,
        }
    }

    fn deficit(self) -> u128 {
        match self {
            Needed::Quantity { deficit, .. } => deficit,
            Needed::Value(value) => value,
        }
    }

    /// The most of it that the winner has.
    fn endowment(self, winner: &Winner) -> u128 {
        match self {
            Needed::Quantity { .. } => winner.quantity,
            Needed::Value(_) => winner.profit,
        }
    }

    fn closed(self, winner: &Winner, taken: u128) -> Closed {
        let Winner { account, quantity, profit, .. } = *winner;
        // Nobody is taken more of than it has, so neither quotient exceeds the winner's own.
        match self {
            Needed::Quantity { .. } => {
                let haircut = mul_div(profit, taken, quantity, Rounding::Floor).unwrap_or(0);
                Closed { account, quantity: taken, haircut }
            }
            Needed::Value(_) => {
                let quantity = mul_div(quantity, taken, profit, Rounding::Ceil).unwrap_or(0);
                Closed { account, quantity, haircut: taken }
            }
        }
    }
}

/// Takes what is `needed` off the winners as the policy says. `entropy` comes with the command that
/// asks, so that a replay draws the same; only [`Deleverage::RandomStart`] uses it.
#[must_use]
pub fn deleverage(
    needed: Needed,
    winners: &[Winner],
    policy: Deleverage,
    entropy: u64,
) -> Deleveraged {
    let closes = match policy {
        Deleverage::Queue => queue(needed, winners),
        Deleverage::RandomStart => random_start(needed, winners, entropy),
        Deleverage::ProRata => {
            let able = in_order(winners);
            let most = |(place, w)| Capacity { account: place, most: needed.endowment(w) };
            let capacities: Vec<Capacity> = places().zip(&able).map(most).collect();
            together(needed, &able, share_out(needed.amount(), &capacities))
        }
        Deleverage::Capped => weighted(needed, winners, |w| U256::from(needed.endowment(w))),
        Deleverage::RiskAware => weighted(needed, winners, |w| {
            // 128 bits by twice 64 fit.
            let leverage = U256::from(w.leverage_e9);
            U256::from(needed.endowment(w)).saturating_mul(leverage).saturating_mul(leverage)
        }),
        Deleverage::MinimumOvershoot => window::least_profit(needed, winners),
    };
    let taken = closes.iter().fold(0u128, |sum, closed| sum.saturating_add(closed.haircut));
    Deleveraged { closes, overshoot: Overshoot { needed: needed.deficit(), taken } }
}

/// By account, so that the order in which winners are given cannot matter.
fn in_order(winners: &[Winner]) -> Vec<Winner> {
    let mut sorted = winners.to_vec();
    sorted.sort_unstable();
    sorted
}

/// Places in that order, standing for accounts where shares are counted: an account that is given
/// twice is two.
fn places() -> impl Iterator<Item = AccountId> {
    (0..=u32::MAX).map(AccountId)
}

fn take<'a>(needed: Needed, winners: impl IntoIterator<Item = &'a Winner>) -> Vec<Closed> {
    let mut left = needed.amount();
    let mut closes = Vec::new();
    let mut winners = winners.into_iter();
    while left > 0
        && let Some(winner) = winners.next()
    {
        let taken = left.min(needed.endowment(winner));
        if taken > 0 {
            closes.push(needed.closed(winner, taken));
            left -= taken;
        }
    }
    closes
}

/// A heap is built in linear time, and few of many winners are taken.
fn queue(needed: Needed, winners: &[Winner]) -> Vec<Closed> {
    let mut heap: BinaryHeap<(i128, Reverse<&Winner>)> =
        winners.iter().map(|winner| (winner.score, Reverse(winner))).collect();
    let next = std::iter::from_fn(move || heap.pop().map(|(_, Reverse(winner))| winner));
    take(needed, next)
}

fn random_start(needed: Needed, winners: &[Winner], entropy: u64) -> Vec<Closed> {
    let mut able = in_order(winners);
    able.retain(|winner| needed.endowment(winner) > 0);
    // division: the rest picks a place among as many as there are; a count in memory fits 64 bits.
    let start = entropy.checked_rem(able.len() as u64).unwrap_or(0);
    let start = usize::try_from(start).unwrap_or(0);
    take(needed, able.iter().cycle().skip(start).take(able.len()))
}

fn weighted(needed: Needed, winners: &[Winner], weight: impl Fn(&Winner) -> U256) -> Vec<Closed> {
    let able = in_order(winners);
    let bearer = |(place, w): (AccountId, &Winner)| {
        let share = w.share_max_e18.min(WHOLE_E18);
        // A part of at most the whole is at most the endowment.
        let most = mul_div(needed.endowment(w), share, WHOLE_E18, Rounding::Floor).unwrap_or(0);
        Weighted { account: place, weight: weight(w), most }
    };
    let bearers: Vec<Weighted> = places().zip(&able).map(bearer).collect();
    together(needed, &able, share_weighted(needed.amount(), &bearers))
}

/// Shares of places in `able` as closes of the positions there.
fn together(needed: Needed, able: &[Winner], shares: Vec<(AccountId, u128)>) -> Vec<Closed> {
    let closed = |(place, taken): (AccountId, u128)| {
        able.get(place.index()).map(|winner| needed.closed(winner, taken))
    };
    shares.into_iter().filter_map(closed).collect()
}

#[cfg(test)]
mod tests;
