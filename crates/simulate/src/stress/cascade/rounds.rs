//! Rounds of liquidation in one collateral.
//!
//! A round takes every account with collateral whose debt is above its collateral at the price times
//! the threshold, strictly, all at the same price. It repays the close factor of each debt and seizes
//! that with the bonus; where the collateral does not reach, all of it for what it repays. Then the
//! price moves once by all that was seized, and the next round begins.

use super::impact::{Impact, Market};
use crate::stress::StressError;
use crate::stress::error::{Range, check, check_all};

/// Beyond so many rounds a close factor too small to get anywhere is likelier than a cascade.
pub const ROUNDS_MAX: usize = 100_000;

/// An account: units of collateral, and debt in the unit of the price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Units.
    pub collateral: f64,
    /// Value owed.
    pub debt: f64,
}

impl Position {
    /// True for an account that a round takes.
    #[must_use]
    pub fn is_liquidatable(&self, price: f64, threshold: f64) -> bool {
        self.collateral > 0.0 && self.debt > self.collateral * price * threshold
    }

    /// Debt beyond all collateral.
    #[must_use]
    pub fn uncovered(&self, price: f64) -> f64 {
        (self.debt - self.collateral * price).max(0.0)
    }
}

/// How accounts are liquidated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Debt over collateral value beyond which an account is taken, above 0.
    pub threshold: f64,
    /// Share of a debt that one round repays, above 0 and at most 1.
    pub close_factor: f64,
    /// What is seized beyond what is repaid, a share of it, 0 or more.
    pub bonus: f64,
}

impl Terms {
    /// Whether the model has such terms.
    ///
    /// # Errors
    /// The field that it has not.
    pub fn validate(&self) -> Result<(), StressError> {
        check("threshold", self.threshold, Range::AboveZero)?;
        check("close_factor", self.close_factor, Range::SomeShare)?;
        check("bonus", self.bonus, Range::ZeroOrMore)
    }

    /// Repays and seizes at a price; returns units seized and value repaid.
    pub fn liquidate(&self, position: &mut Position, price: f64) -> (f64, f64) {
        let wanted = self.close_factor * position.debt;
        let seized = wanted * (1.0 + self.bonus) / price;
        // A price of nothing seizes all for nothing.
        let (seized, repaid) = if price > 0.0 && seized <= position.collateral {
            (seized, wanted)
        } else {
            let worth = position.collateral * price / (1.0 + self.bonus);
            (position.collateral, worth.min(position.debt))
        };
        position.collateral -= seized;
        position.debt -= repaid;
        (seized, repaid)
    }
}

/// What one round did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Round {
    /// Accounts taken.
    pub accounts: usize,
    /// Units seized and sold.
    pub seized: f64,
    /// Value repaid.
    pub repaid: f64,
    /// The price after it.
    pub price: f64,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Nobody is left to take.
    Calm,
    /// The rounds asked for are over.
    Rounds,
}

/// What a cascade did.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// In order.
    pub rounds: Vec<Round>,
    /// The price at the end.
    pub final_price: f64,
    /// The lowest price after any round, or after the shock.
    pub trough: f64,
    /// The accounts at the end, in their order.
    pub positions: Vec<Position>,
    /// Debt beyond collateral at the last price.
    pub bad_debt: f64,
    /// Units sold that found no bid.
    pub unsold: f64,
    /// Why it ended.
    pub stopped: Stopped,
}

impl Run {
    /// Units seized in all rounds.
    #[must_use]
    pub fn seized(&self) -> f64 {
        self.rounds.iter().map(|round| round.seized).sum()
    }

    /// Value repaid in all rounds.
    #[must_use]
    pub fn repaid(&self) -> f64 {
        self.rounds.iter().map(|round| round.repaid).sum()
    }
}

/// A book at a price.
#[derive(Debug, Clone, PartialEq)]
pub struct Cascade {
    positions: Vec<Position>,
    terms: Terms,
    price: f64,
    impact: Impact,
    rounds_max: Option<usize>,
}

impl Cascade {
    /// A book at a price.
    ///
    /// # Errors
    /// The field that the model does not have.
    pub fn new(
        positions: Vec<Position>,
        terms: Terms,
        price: f64,
        impact: Impact,
    ) -> Result<Cascade, StressError> {
        terms.validate()?;
        check("price", price, Range::AboveZero)?;
        impact.validate()?;
        check_all("collateral", positions.iter().map(|p| p.collateral), Range::ZeroOrMore)?;
        check_all("debt", positions.iter().map(|p| p.debt), Range::ZeroOrMore)?;
        Ok(Cascade { positions, terms, price, impact, rounds_max: None })
    }

    /// The same, which stops after so many rounds.
    #[must_use]
    pub fn with_rounds_max(mut self, rounds: usize) -> Cascade {
        self.rounds_max = Some(rounds);
        self
    }

    /// The price falls by `shock`, a share of it, and the rounds run.
    ///
    /// # Errors
    /// A shock of 1 or more, or no number; or [`ROUNDS_MAX`] rounds without an end.
    pub fn run(&self, shock: f64) -> Result<Run, StressError> {
        check("shock", shock, Range::Finite)?;
        if shock >= 1.0 {
            let right = "below 1 is right: a price stays above 0";
            return Err(StressError::Input { field: "shock", value: shock, right });
        }
        let mut market = Market::new(self.price * (1.0 - shock), self.impact.clone())?;
        let mut positions = self.positions.clone();
        let mut rounds = Vec::new();
        let mut trough = market.price();
        let most = self.rounds_max.unwrap_or(ROUNDS_MAX);
        let mut stopped = Stopped::Rounds;
        while rounds.len() < most {
            let Some(round) = play(&mut positions, &self.terms, &mut market) else {
                stopped = Stopped::Calm;
                break;
            };
            trough = trough.min(round.price);
            rounds.push(round);
            market.rest();
        }
        if stopped == Stopped::Rounds && self.rounds_max.is_none() {
            let right = "a share that ends within 100,000 rounds is right";
            let value = self.terms.close_factor;
            return Err(StressError::Input { field: "close_factor", value, right });
        }
        let final_price = market.price();
        let bad_debt = positions.iter().map(|position| position.uncovered(final_price)).sum();
        let unsold = market.unsold();
        Ok(Run { rounds, final_price, trough, positions, bad_debt, unsold, stopped })
    }

    /// Units that the first round would seize at the shocked price: what is at risk before any impact.
    ///
    /// # Errors
    /// As [`Cascade::run`].
    pub fn at_risk(&self, shock: f64) -> Result<f64, StressError> {
        let once = Cascade { rounds_max: Some(1), ..self.clone() };
        Ok(once.run(shock)?.seized())
    }
}

/// One round, or none if nobody is to be taken.
pub(in crate::stress) fn play(
    positions: &mut [Position],
    terms: &Terms,
    market: &mut Market,
) -> Option<Round> {
    let price = market.price();
    let (mut accounts, mut seized, mut repaid) = (0, 0.0, 0.0);
    for position in positions.iter_mut().filter(|p| p.is_liquidatable(price, terms.threshold)) {
        let (units, value) = terms.liquidate(position, price);
        accounts += 1;
        seized += units;
        repaid += value;
    }
    (accounts > 0).then(|| Round { accounts, seized, repaid, price: market.sell(seized) })
}
