//! Interest on posted cash: simple, by calendar days, paid on the first business day of a month.

use super::Work;
use super::calls::Direction;
use super::input::Refusal;
use crate::support::terms::{Kind, Side};
use breakwater_money::{Rational, Time};
use num_bigint::BigInt;
use num_traits::{Signed, Zero};

impl Work<'_> {
    /// Adds what has been earned until the day of the moment. Balances change at steps only, so
    /// that the balance since the last one is the balance now.
    pub(super) fn accrue(&mut self) {
        let (date, _) = self.agreement.timing.zone.local(self.at);
        let days = self.state.accrued_to.days_until(date);
        if days <= 0 {
            return;
        }
        self.state.accrued_to = date;
        let year = BigInt::from(self.agreement.interest_year);
        let part = Rational::new(BigInt::from(days), year);
        for side in Side::BOTH {
            for (place, rate) in self.state.rates.iter().enumerate() {
                let held = self.state.accounts.flows[side.place()].held[place];
                if held > 0 && rate.is_positive() {
                    let earned = Rational::from_integer(BigInt::from(held)) * rate * &part;
                    self.state.accrued[side.place()][place] += earned;
                }
            }
        }
    }

    /// Makes whole units of what was earned payable. `limit` is how far the step goes: months in
    /// which nothing was earned are passed at once.
    pub(super) fn interest_due(&mut self, limit: Time) {
        let timing = &self.agreement.timing;
        for side in Side::BOTH {
            // One payment at a time: while the last is open, the next is earned on.
            let open = |call: &super::OpenCall| {
                call.pledgor == side && call.direction == Direction::Interest
            };
            if self.state.calls.iter().any(open) {
                continue;
            }
            let whole = |earned: &Rational| u128::try_from(earned.to_integer()).unwrap_or(0);
            let lots: Vec<u128> = self.state.accrued[side.place()].iter().map(whole).collect();
            if lots.iter().all(|lot| *lot == 0) {
                continue;
            }
            for (earned, lot) in self.state.accrued[side.place()].iter_mut().zip(&lots) {
                *earned -= Rational::from_integer(BigInt::from(*lot));
            }
            self.owe(side, Direction::Interest, lots);
        }
        let earning = Side::BOTH.into_iter().any(|side| {
            let held = self.state.held(side).iter().zip(&self.state.rates);
            held.into_iter().any(|(held, rate)| *held > 0 && rate.is_positive())
        });
        let owing = !self.state.calls.is_empty();
        let from = if earning || owing { self.at } else { self.at.max(limit) };
        self.state.interest_at = timing.next_month(from);
    }

    pub(super) fn rate(&mut self, place: usize, rate: &Rational) -> Result<(), Refusal> {
        self.in_force()?;
        let row = self.agreement.collateral.get(place);
        match row.filter(|row| row.kind == Kind::Cash) {
            Some(_) => {
                let rate = if rate.is_negative() { Rational::zero() } else { rate.clone() };
                self.state.rates[place] = rate;
                Ok(())
            }
            None => Err(Refusal::Value(format!("place {place}: a row of cash in the schedule"))),
        }
    }

    /// Interest that `pledgor` is owed and has not got, in base currency: earned, and payable.
    pub(super) fn interest_owed(&self, pledgor: Side) -> Rational {
        let price = |place: usize| {
            let decimals = self.agreement.collateral[place].decimals;
            let unit = crate::support::valuation::of_quantity(1, decimals);
            self.state.prices[place].as_ref().map(|price| price * unit)
        };
        let earned = self.state.accrued[pledgor.place()].iter().enumerate();
        let earned = earned.filter_map(|(place, raw)| price(place).map(|price| price * raw));
        let earned = earned.fold(Rational::zero(), |sum, value| sum + value);
        let payable = self
            .state
            .calls
            .iter()
            .filter(|call| call.pledgor == pledgor && call.direction == Direction::Interest);
        let payable = payable.filter_map(|call| call.lots.as_ref().map(|lots| self.worth(lots)));
        payable.fold(earned, |sum, value| sum + value)
    }
}
