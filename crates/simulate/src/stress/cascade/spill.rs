//! Cascades on two venues that trade the same thing, tied together by arbitrage, with oracles that
//! come late.

use super::impact::{Impact, Market};
use super::rounds::{Position, Round, Terms, play};
use crate::stress::StressError;
use crate::stress::error::{Range, check, check_all};
use std::collections::VecDeque;

/// A venue: its accounts, terms and market, and how many rounds its oracle is behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Venue {
    /// Its accounts.
    pub positions: Vec<Position>,
    /// How it liquidates.
    pub terms: Terms,
    /// What its sales do to its own price.
    pub impact: Impact,
    /// Share of the gap that arbitrage closes on this side, against the other side's share.
    pub weight: f64,
    /// Rounds until a price reaches its accounts; 0 is at once.
    pub oracle_delay: usize,
}

/// Two venues, and the share of the gap between their prices that arbitrage closes in each round.
#[derive(Debug, Clone, PartialEq)]
pub struct Spill {
    venues: [Venue; 2],
    price: f64,
    rate: f64,
}

/// What a shock did.
#[derive(Debug, Clone, PartialEq)]
pub struct SpillRun {
    /// Of each round and venue; none where nobody was taken. The price is that before arbitrage.
    pub rounds: Vec<[Option<Round>; 2]>,
    /// Prices after each round and its arbitrage.
    pub prices: Vec<[f64; 2]>,
    /// Lowest price of each venue.
    pub troughs: [f64; 2],
    /// Debt beyond collateral at the last prices.
    pub bad_debt: [f64; 2],
    /// Accounts at the end.
    pub positions: [Vec<Position>; 2],
    /// Whether both were calm and level before the rounds ran out.
    pub settled: bool,
}

/// Prices that differ by less than this share are level.
const LEVEL: f64 = 1e-9;

impl Spill {
    /// Two venues at one price.
    ///
    /// # Errors
    /// The field that the model does not have.
    pub fn new(venues: [Venue; 2], price: f64, rate: f64) -> Result<Spill, StressError> {
        check("price", price, Range::AboveZero)?;
        check("rate", rate, Range::Share)?;
        for venue in &venues {
            venue.terms.validate()?;
            venue.impact.validate()?;
            check("weight", venue.weight, Range::ZeroOrMore)?;
            let positions = venue.positions.iter();
            check_all("collateral", positions.clone().map(|p| p.collateral), Range::ZeroOrMore)?;
            check_all("debt", positions.map(|p| p.debt), Range::ZeroOrMore)?;
        }
        let both: f64 = venues.iter().map(|venue| venue.weight).sum();
        check("weight of both venues", both, Range::AboveZero)?;
        Ok(Spill { venues, price, rate })
    }

    /// Shocks the two prices, each by a share of it, and runs at most `rounds_max` rounds.
    ///
    /// # Errors
    /// A shock of 1 or more, or no number.
    pub fn run(&self, shocks: [f64; 2], rounds_max: usize) -> Result<SpillRun, StressError> {
        check_all("shocks", shocks.iter().map(|shock| 1.0 - shock), Range::AboveZero)?;
        let [first, second] = &self.venues;
        let market = |venue: &Venue, shock: f64| {
            Market::new(self.price * (1.0 - shock), venue.impact.clone())
        };
        let mut sides = [
            Side::new(first, market(first, shocks[0])?, self.price),
            Side::new(second, market(second, shocks[1])?, self.price),
        ];
        let mut run = SpillRun {
            rounds: Vec::new(),
            prices: Vec::new(),
            troughs: [sides[0].market.price(), sides[1].market.price()],
            bad_debt: [0.0; 2],
            positions: [Vec::new(), Vec::new()],
            settled: false,
        };
        let both = first.weight + second.weight;
        let patience = 1 + first.oracle_delay.max(second.oracle_delay);
        let mut quiet = 0;
        while run.rounds.len() < rounds_max {
            let played = [sides[0].play(&first.terms), sides[1].play(&second.terms)];
            let prices = [sides[0].market.price(), sides[1].market.price()];
            for (trough, price) in run.troughs.iter_mut().zip(prices) {
                *trough = trough.min(price);
            }
            let gap = self.rate * (prices[1] - prices[0]);
            sides[0].market.shift(prices[0] + gap * first.weight / both);
            sides[1].market.shift(prices[1] - gap * second.weight / both);
            let level = self.rate == 0.0 || (prices[1] - prices[0]).abs() <= LEVEL * self.price;
            let calm = played.iter().all(Option::is_none) && level;
            run.rounds.push(played);
            run.prices.push([sides[0].market.price(), sides[1].market.price()]);
            quiet = if calm { quiet + 1 } else { 0 };
            if quiet >= patience {
                run.settled = true;
                break;
            }
        }
        for (at, side) in sides.into_iter().enumerate() {
            let price = side.market.price();
            run.bad_debt[at] = side.positions.iter().map(|p| p.uncovered(price)).sum();
            run.positions[at] = side.positions;
        }
        Ok(run)
    }
}

struct Side {
    positions: Vec<Position>,
    market: Market,
    /// What the oracle will say, the next first.
    seen: VecDeque<f64>,
}

impl Side {
    fn new(venue: &Venue, market: Market, price: f64) -> Side {
        let seen = vec![price; venue.oracle_delay].into();
        Side { positions: venue.positions.clone(), market, seen }
    }

    /// One round at the price that the oracle tells; what is seized is sold at the market's own.
    fn play(&mut self, terms: &Terms) -> Option<Round> {
        self.market.rest();
        if self.seen.is_empty() {
            return play(&mut self.positions, terms, &mut self.market);
        }
        self.seen.push_back(self.market.price());
        let told = self.seen.pop_front()?;
        let mut oracle = Market::new(told, Impact::None).ok()?;
        let round = play(&mut self.positions, terms, &mut oracle)?;
        Some(Round { price: self.market.sell(round.seized), ..round })
    }
}
