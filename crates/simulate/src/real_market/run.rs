//! Working one order through a feed.

use super::contract::{Contract, Filled};
use super::debts::{Debts, Refill};
use super::read::FeedFile;
use super::strategy::{Order, Strategy, View};
use crate::ScenarioError;
use breakwater_market::BookSide;
use breakwater_market::book_feed::{BookFeed, Effect, FeedLevel, Strictness, take_each};
use serde::Serialize;

/// How an order is worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The side it eats into: bids to sell, asks to buy back.
    pub side: BookSide,
    /// Its size, in the feed's quantity units.
    pub quantity: u64,
    /// Time between two decisions, nanoseconds.
    pub step_nanos: u64,
    /// Number of decisions; the first is when the order arrives.
    pub steps: usize,
    /// How what we ate comes back.
    pub refill: Refill,
    /// What a unit of quantity is.
    pub contract: Contract,
}

impl Terms {
    /// From arrival to the last decision, nanoseconds.
    #[must_use]
    pub fn horizon_nanos(&self) -> u64 {
        let waits = self.steps.saturating_sub(1) as u64;
        self.step_nanos.saturating_mul(waits)
    }
}

/// What one decision came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// After arrival, nanoseconds.
    pub after_nanos: u64,
    /// Twice the mid as it stood, raw.
    pub mid_twice: u64,
    /// Best price of the side eaten that was available to us, raw.
    pub best: u64,
    /// What was sent.
    pub asked: u64,
    /// What was filled.
    pub filled: u64,
    /// Sum of quantity times raw price.
    pub value: u128,
    /// Price of the worst level, raw.
    pub worst: Option<u64>,
}

/// What one order came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worked {
    /// The feed's time when it arrived.
    pub arrived_at: u64,
    /// Twice the mid at that time, raw.
    pub arrival_mid_twice: u64,
    /// What was filled.
    pub filled: Filled,
    /// What was not.
    pub unfilled: u64,
    /// Of what was filled, what was left to the last decision and sent at any price.
    pub swept: u64,
    /// Every decision, also those that sent nothing.
    pub sent: Vec<Sent>,
    contract: Contract,
    side: BookSide,
}

impl Worked {
    /// Cost against the mid at arrival in basis points of it, of what was filled; none of nothing.
    #[must_use]
    pub fn cost_bps(&self) -> Option<f64> {
        let mid = self.arrival_mid_twice as f64 / 2.0;
        let average = self.contract.average(&self.filled)?;
        let paid = match self.side {
            BookSide::Bids => mid - average,
            BookSide::Asks => average - mid,
        };
        Some(paid / mid * 1e4)
    }

    /// How far the worst price stands from the mid at arrival, in basis points of it.
    #[must_use]
    pub fn worst_bps(&self) -> Option<f64> {
        let mid = self.arrival_mid_twice as f64 / 2.0;
        let worst = self.filled.worst? as f64;
        Some((worst - mid).abs() / mid * 1e4)
    }
}

/// A feed stopped at a time, from which any number of orders can be worked.
#[derive(Debug, Clone)]
pub struct Stop<'a> {
    file: &'a FeedFile,
    feed: BookFeed,
    next: usize,
    at: u64,
}

impl<'a> Stop<'a> {
    /// Before the first row.
    #[must_use]
    pub fn new(file: &'a FeedFile, strictness: Strictness) -> Stop<'a> {
        Stop { file, feed: BookFeed::new(strictness), next: 0, at: 0 }
    }

    /// Goes on to `at`; rows of that very time are in. `each` sees every effect.
    ///
    /// # Errors
    /// With a strict feed, the line and its fault.
    pub fn advance(&mut self, at: u64, each: impl FnMut(Effect)) -> Result<(), ScenarioError> {
        self.next = self.file.advance(&mut self.feed, self.next, at, each)?;
        self.at = self.at.max(at);
        Ok(())
    }

    /// The book as it stands.
    #[must_use]
    pub fn feed(&self) -> &BookFeed {
        &self.feed
    }

    /// Works an order that arrives now.
    ///
    /// # Errors
    /// The book is not known yet or has an empty side; with a strict feed, the line and its fault.
    pub fn work(
        &self,
        terms: &Terms,
        strategy: &mut dyn Strategy,
    ) -> Result<Worked, ScenarioError> {
        let mut stop = self.clone();
        let arrived_at = self.at;
        let mut debts = Debts::new(terms.refill, arrived_at);
        let traded_before = stop.feed.traded().quantity;
        let mut last_traded = traded_before;
        let mut worked = Worked {
            arrived_at,
            arrival_mid_twice: stop.mid_twice()?,
            filled: Filled::default(),
            unfilled: terms.quantity,
            swept: 0,
            sent: Vec::with_capacity(terms.steps),
            contract: terms.contract,
            side: terms.side,
        };
        let (mut available, mut observed) = (Vec::new(), Vec::new());
        for step in 0..terms.steps {
            let after_nanos = terms.step_nanos.saturating_mul(step as u64);
            stop.advance(arrived_at.saturating_add(after_nanos), |effect| match effect {
                Effect::Level { side, price, after, .. } if side == terms.side => {
                    debts.seen(price, after);
                }
                _ => {}
            })?;
            debts.decay(stop.at);
            let mid_twice = stop.mid_twice()?;
            stop.look(terms.side, &debts, worked.unfilled, &mut observed, &mut available);
            let traded = stop.feed.traded().quantity;
            let view = View {
                side: terms.side,
                step,
                steps: terms.steps,
                step_nanos: terms.step_nanos,
                quantity: terms.quantity,
                remaining: worked.unfilled,
                traded: traded - traded_before,
                traded_since: traded - last_traded,
                mid_twice,
                available: &available,
                observed: &observed,
            };
            last_traded = traded;
            let sweeps = view.is_last() && strategy.finishes();
            let mut order = strategy.decide(&view);
            if sweeps {
                order = Order { quantity: worked.unfilled, worst_price: None };
            }
            let best = available.first().map_or(0, |level| level.price);
            let sent = Sent {
                after_nanos,
                mid_twice,
                best,
                asked: order.quantity.min(worked.unfilled),
                filled: 0,
                value: 0,
                worst: None,
            };
            worked.eat(sent, order.worst_price, &available, &mut debts)?;
            if sweeps {
                worked.swept = worked.sent.last().map_or(0, |sent| sent.filled);
            }
        }
        Ok(worked)
    }

    fn mid_twice(&self) -> Result<u64, ScenarioError> {
        self.feed.mid_twice().ok_or_else(|| ScenarioError::Row {
            file: self.file.name.clone(),
            line: self.file.line(self.next),
            reason: "a side of the book is empty here; expected a snapshot and both sides"
                .to_owned(),
        })
    }

    /// Levels that hold at least twice `wanted` for us, as shown and as left.
    fn look(
        &self,
        side: BookSide,
        debts: &Debts,
        wanted: u64,
        observed: &mut Vec<FeedLevel>,
        available: &mut Vec<FeedLevel>,
    ) {
        observed.clear();
        available.clear();
        let enough = u128::from(wanted) * 2;
        let mut held = 0u128;
        for level in self.feed.visible(side) {
            if held >= enough {
                break;
            }
            let left = debts.left(level);
            observed.push(level);
            if left.quantity > 0 {
                available.push(left);
                held += u128::from(left.quantity);
            }
        }
    }
}

impl Worked {
    fn eat(
        &mut self,
        mut sent: Sent,
        worst_price: Option<u64>,
        available: &[FeedLevel],
        debts: &mut Debts,
    ) -> Result<(), ScenarioError> {
        let (contract, side) = (self.contract, self.side);
        let mut filled = Filled::default();
        let taken = take_each(available.iter().copied(), side, sent.asked, worst_price, |part| {
            contract.add(&mut filled, part);
            debts.eat(part);
        });
        if taken.is_none() {
            let reason = "quantity times price does not fit 128 bits; expected less";
            return Err(ScenarioError::setting("size", reason));
        }
        sent.filled = filled.quantity;
        sent.value = filled.value;
        sent.worst = filled.worst;
        let total = &mut self.filled;
        total.quantity += filled.quantity;
        total.value = total.value.saturating_add(filled.value);
        total.over_price = total.over_price.saturating_add(filled.over_price);
        total.worst = match (total.worst, filled.worst, side) {
            (Some(a), Some(b), BookSide::Bids) => Some(a.min(b)),
            (Some(a), Some(b), BookSide::Asks) => Some(a.max(b)),
            (a, b, _) => a.or(b),
        };
        self.unfilled -= filled.quantity;
        self.sent.push(sent);
        Ok(())
    }
}
