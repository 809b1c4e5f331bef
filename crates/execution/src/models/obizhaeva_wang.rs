//! The best trades against a block book that refills.

use super::{Cost, Kernel, Proposal, TransientImpact, check_intervals};
use crate::ModelError;
use crate::model_error::{finite, not_negative, positive};

/// A book of `density` units per quote of price at every price, whose eaten part comes back at
/// `resilience_per_day`: Obizhaeva and Wang, "Optimal trading strategy and supply/demand dynamics"
/// (2013), propositions 1 to 4, without permanent impact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ObizhaevaWang {
    /// Units to sell, above 0.
    pub quantity: f64,
    /// Days from the first trade to the last, above 0.
    pub horizon_days: f64,
    /// Equal intervals between them: one trade more than intervals.
    pub intervals: usize,
    /// `q`: units a quote of price holds, above 0.
    pub density: f64,
    /// `rho`, per day, above 0.
    pub resilience_per_day: f64,
    /// Quote per unit that every sale pays, at least 0.
    pub half_spread: f64,
    /// Standard deviation of the price, quote per unit and square root of a day. It bears on the
    /// variance alone: the model's seller is neutral to it.
    pub volatility: f64,
}

/// The limit of ever more intervals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Continuous {
    /// Units sold at once at the start, and again at the end.
    pub block: f64,
    /// Units a day in between.
    pub rate_per_day: f64,
    /// Expected shortfall, in quote: below that of any number of intervals.
    pub cost: f64,
}

impl ObizhaevaWang {
    fn check(&self) -> Result<(), ModelError> {
        positive("quantity", self.quantity)?;
        positive("horizon_days", self.horizon_days)?;
        check_intervals(self.intervals + 1)?;
        check_intervals(self.intervals)?;
        positive("density", self.density)?;
        positive("resilience_per_day", self.resilience_per_day)?;
        not_negative("half_spread", self.half_spread)?;
        not_negative("volatility", self.volatility)?;
        Ok(())
    }

    /// `a = exp(-rho tau)`: share of a hole that is left an interval later.
    fn left_after_interval(&self) -> f64 {
        libm::exp(-self.resilience_per_day * self.horizon_days / self.intervals as f64)
    }

    fn outer_trade(&self) -> f64 {
        let refilled = 1.0 - self.left_after_interval();
        self.quantity / ((self.intervals - 1) as f64 * refilled + 2.0)
    }

    /// The first and the last trade are `X / ((N - 1)(1 - a) + 2)`, those between `1 - a` of that.
    ///
    /// # Errors
    /// The field that is wrong, its value and what would be right.
    pub fn propose(&self) -> Result<Proposal, ModelError> {
        self.check()?;
        let outer = self.outer_trade();
        let mut trades = vec![outer * (1.0 - self.left_after_interval()); self.intervals + 1];
        for end in [0, self.intervals] {
            if let Some(trade) = trades.get_mut(end) {
                *trade = outer;
            }
        }
        Proposal::of_trades(self.times(), trades)
    }

    /// Equal trades at the same times.
    ///
    /// # Errors
    /// As [`ObizhaevaWang::propose`].
    pub fn even(&self) -> Result<Proposal, ModelError> {
        self.check()?;
        let many = self.intervals + 1;
        Proposal::of_trades(self.times(), vec![self.quantity / many as f64; many])
    }

    /// Expected shortfall of the optimum in closed form, `X n_0 (1 + a) / (2 q)` and the spread:
    /// at the optimum every trade's marginal cost is the first's, `n_0 (1 + a) / q`.
    ///
    /// # Errors
    /// As [`ObizhaevaWang::propose`].
    pub fn optimal_cost(&self) -> Result<f64, ModelError> {
        self.check()?;
        let last = self.outer_trade() * (1.0 + self.left_after_interval());
        let cost = 0.5 * self.quantity * last / self.density + self.half_spread * self.quantity;
        finite("expected cost", cost)
    }

    /// What any trades cost in this book.
    ///
    /// # Errors
    /// As [`ObizhaevaWang::propose`].
    pub fn cost(&self, proposal: &Proposal) -> Result<Cost, ModelError> {
        self.check()?;
        let kernel = Kernel::Exponential { rate_per_day: self.resilience_per_day };
        let mut cost = TransientImpact::new(kernel, self.density)?.cost(proposal)?;
        cost.variance = finite("variance", proposal.variance(self.volatility))?;
        let sizes: f64 = proposal.trades.iter().map(|trade| trade.abs()).sum();
        cost.expected = finite("expected cost", cost.expected + self.half_spread * sizes)?;
        Ok(cost)
    }

    /// Blocks of `X / (rho T + 2)` at both ends, `rho` times that a day between, at
    /// `X^2 / (q (rho T + 2))` and the spread.
    ///
    /// # Errors
    /// As [`ObizhaevaWang::propose`].
    pub fn continuous(&self) -> Result<Continuous, ModelError> {
        self.check()?;
        let block = self.quantity / (self.resilience_per_day * self.horizon_days + 2.0);
        let cost = self.quantity * block / self.density + self.half_spread * self.quantity;
        Ok(Continuous {
            block,
            rate_per_day: finite("rate", self.resilience_per_day * block)?,
            cost: finite("expected cost", cost)?,
        })
    }

    fn times(&self) -> Vec<f64> {
        let step = self.horizon_days / self.intervals as f64;
        (0..=self.intervals).map(|index| index as f64 * step).collect()
    }
}
