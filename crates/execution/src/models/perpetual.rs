//! Closing a perpetual position while it pays or earns funding.
//!
//! **Derivation.** A long of `x` units pays `f S` per unit and day at a funding rate of `f` a day.
//! Over the interval after trade k it holds `x_k` for `tau` days and pays `f_k S tau x_k`: a cost
//! linear in the holdings, where a drift `alpha` earns `alpha tau x_k`. So a long of a contract that
//! pays funding is a spot sale with drift `alpha_k = alpha - f_k S`, and
//!
//! `E + lambda V = gamma X^2/2 + eps X + (eta~/tau) sum n^2 + lambda sigma^2 tau sum x^2
//! - tau sum alpha_k x_k`.
//!
//! Its derivative by `x_k` vanishes where
//! `2 eta~/tau (2 x_k - x_(k-1) - x_(k+1)) + 2 lambda sigma^2 tau x_k = tau alpha_k`:
//! one symmetric, diagonally dominant tridiagonal system, solved without pivots. With the rate
//! constant it is the relaxed trajectory of Almgren and Chriss (2000), section 4.1: positive
//! funding sells a long earlier. A short is closed by buying: what it pays is what a long earns,
//! its drift is the other way round, and the rest is the same.
//!
//! Two terms are left out, both of second order: funding is charged on the price of the start
//! (what impact and chance move in it is small against the price), and chance in the payments
//! themselves is `f T` of that in the price. Where funding is exchanged at set times, the payment
//! falls on what is held then: [`Funding::times_days`].

use super::{Cost, LinearMarket, Proposal, Sale, check_risk_aversion};
use crate::ModelError;
use crate::model_error::{finite, not_negative, number, positive};

/// Which way the position looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Closed by selling; pays where the rate is positive.
    Long,
    /// Closed by buying; earns where the rate is positive.
    Short,
}

/// Funding rates over the horizon, as expected at its start.
#[derive(Debug, Clone, PartialEq)]
pub struct Funding {
    /// Rate at the start, share of the price a day; positive where longs pay.
    pub now_per_day: f64,
    /// Rate it is expected to return to.
    pub mean_per_day: f64,
    /// Speed of the return, per day, at least 0; with 0 the rate stays.
    pub reversion_per_day: f64,
    /// Times at which it is exchanged, in days after the start, ascending; none where it accrues
    /// all the time. Each exchange settles the days since the one before (since the last exchange
    /// before the start for the first: [`Funding::first_covers_days`]).
    pub times_days: Vec<f64>,
    /// Days the first exchange covers, above 0 where there are times.
    pub first_covers_days: f64,
}

impl Funding {
    /// A constant rate that accrues all the time.
    #[must_use]
    pub fn constant(rate_per_day: f64) -> Funding {
        Funding {
            now_per_day: rate_per_day,
            mean_per_day: rate_per_day,
            reversion_per_day: 0.0,
            times_days: Vec::new(),
            first_covers_days: 0.0,
        }
    }

    fn check(&self) -> Result<(), ModelError> {
        number("now_per_day", self.now_per_day)?;
        number("mean_per_day", self.mean_per_day)?;
        not_negative("reversion_per_day", self.reversion_per_day)?;
        if !self.times_days.is_empty() {
            super::check_times("times_days", &self.times_days)?;
            positive("first of times_days", self.times_days.first().copied().unwrap_or(0.0))?;
            positive("first_covers_days", self.first_covers_days)?;
        }
        Ok(())
    }

    /// Rate expected `at` days after the start.
    #[must_use]
    pub fn rate_at(&self, at: f64) -> f64 {
        let away = self.now_per_day - self.mean_per_day;
        self.mean_per_day + away * libm::exp(-self.reversion_per_day * at)
    }

    /// Shares of the price that a unit held over each interval pays: what accrues, or what is
    /// exchanged after the interval's trade up to and with the next one's time.
    fn payments(&self, sale: &Sale) -> Vec<f64> {
        let tau = sale.interval_days();
        let edges = (0..sale.intervals).map(|k| (k as f64 * tau, (k + 1) as f64 * tau));
        if self.times_days.is_empty() {
            return edges.map(|(from, to)| self.accrued(from, to)).collect();
        }
        let mut payments = vec![0.0; sale.intervals];
        let mut before = None;
        for at in &self.times_days {
            let covers = before.map_or(self.first_covers_days, |before: f64| at - before);
            before = Some(*at);
            // Held over (k tau, (k + 1) tau], the quotient's rounding forgiven; a float too large
            // for an index saturates beyond the list.
            let index = (libm::ceil(at / tau - 1e-9) - 1.0).max(0.0) as usize;
            if let Some(payment) = payments.get_mut(index) {
                *payment += self.rate_at(*at) * covers;
            }
        }
        payments
    }

    /// Integral of the expected rate.
    fn accrued(&self, from: f64, to: f64) -> f64 {
        let away = self.now_per_day - self.mean_per_day;
        let (speed, span) = (self.reversion_per_day, to - from);
        let decayed = match speed * span > 0.0 {
            true => -libm::expm1(-speed * span) / speed * libm::exp(-speed * from),
            false => span,
        };
        self.mean_per_day * span + away * decayed
    }
}

/// Closes a perpetual position at the least `E + lambda V`.
#[derive(Debug, Clone, PartialEq)]
pub struct Perpetual {
    /// What is closed by when; the quantity without sign.
    pub sale: Sale,
    /// Where. Its drift is that of the price, whichever side the position is on.
    pub market: LinearMarket,
    /// `lambda`, per quote, at least 0.
    pub risk_aversion: f64,
    /// The position's side.
    pub side: Side,
    /// Price at the start, quote per unit, above 0.
    pub price: f64,
    /// What it pays meanwhile.
    pub funding: Funding,
}

impl Perpetual {
    /// What a unit held over each interval gains, in quote: drift less funding, seen from its side.
    ///
    /// # Errors
    /// The field that is wrong, its value and what would be right.
    pub fn gains(&self) -> Result<Vec<f64>, ModelError> {
        self.market.check_for(&self.sale)?;
        check_risk_aversion(self.risk_aversion)?;
        positive("price", self.price)?;
        self.funding.check()?;
        let drift = self.market.drift_per_day * self.sale.interval_days();
        let sign = if self.side == Side::Long { 1.0 } else { -1.0 };
        let payments = self.funding.payments(&self.sale);
        payments.iter().map(|paid| finite("funding", sign * (drift - paid * self.price))).collect()
    }

    /// The optimum: trades are closings whichever the side. With funding earned and little risk
    /// aversion it may add to the position; [`Perpetual::propose_closing_only`] does not.
    ///
    /// # Errors
    /// As [`Perpetual::gains`].
    pub fn propose(&self) -> Result<Proposal, ModelError> {
        let gains = self.gains()?;
        let tau = self.sale.interval_days();
        let off = 2.0 * self.market.adjusted_temporary(tau) / tau;
        let risk = 2.0 * self.risk_aversion * self.market.volatility * self.market.volatility * tau;
        // Forward elimination of -off x_(k-1) + (2 off + risk) x_k - off x_(k+1) = gain_k, from
        // x_0 = X: each row becomes x_k = ratio_k x_(k+1) + level_k, ratios between 0 and 1.
        let (mut ratio, mut level) = (0.0, self.sale.quantity);
        let mut rows = Vec::with_capacity(self.sale.intervals);
        rows.push((ratio, level));
        for gain in gains.iter().take(self.sale.intervals - 1) {
            let pivot = 2.0 + risk / off - ratio;
            (ratio, level) = (1.0 / pivot, (level + gain / off) / pivot);
            rows.push((ratio, finite("holdings", level)?));
        }
        let mut holdings = vec![0.0];
        let mut held = 0.0;
        for (ratio, level) in rows.into_iter().rev() {
            held = finite("holdings", ratio * held + level)?;
            holdings.push(held);
        }
        holdings.reverse();
        Ok(Proposal::of_holdings(holdings, tau))
    }

    /// The optimum that never adds to the position.
    ///
    /// # Errors
    /// As [`Perpetual::gains`]; a search that does not end.
    pub fn propose_closing_only(&self) -> Result<Proposal, ModelError> {
        let gains = self.gains()?;
        let drift = |trade: usize| gains.get(trade - 1).copied().unwrap_or(0.0);
        self.market.sell_only(&self.sale, self.risk_aversion, &drift)
    }

    /// What a proposal over the same intervals costs, funding included.
    ///
    /// # Errors
    /// As [`Perpetual::gains`] and [`LinearMarket::cost`].
    pub fn cost(&self, proposal: &Proposal) -> Result<Cost, ModelError> {
        let still = LinearMarket { drift_per_day: 0.0, ..self.market };
        let cost = still.cost(proposal, self.sale.interval_days())?;
        let expected = cost.expected + self.funding_paid(proposal)?;
        Ok(Cost { expected: finite("expected cost", expected)?, ..cost })
    }

    /// Funding that a proposal pays less what drift earns it, in quote; negative where it gains.
    ///
    /// # Errors
    /// As [`Perpetual::gains`].
    pub fn funding_paid(&self, proposal: &Proposal) -> Result<f64, ModelError> {
        let gains = self.gains()?;
        let held = proposal.holdings.iter().skip(1);
        finite("funding", -gains.iter().zip(held).map(|(gain, held)| gain * held).sum::<f64>())
    }
}
