//! When a fund has lost enough for winners to be asked.

use breakwater_money::rounding::{Rounding, div};
use breakwater_money::{Rational, Time, U256};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The whole, as a share at 1e9.
const WHOLE_E9: u32 = 1_000_000_000;

/// A fund's balance over a window of time, and the share of its high that sets off deleveraging.
///
/// Bybit, since late 2025: the drawdown of a pair over 8 hours reaches 100 % of the fund's high in
/// that window. The balance may therefore be below zero: it is what the fund would have left. A
/// balance counts as long as it was in force, the edge of the window included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawdown {
    window_nanos: u64,
    threshold_e9: u32,
    /// Balances no longer in force with their last instant, falling from front to back.
    highs: VecDeque<(i128, Time)>,
    current: Option<(i128, Time)>,
}

/// Why a balance is not recorded, or a trigger not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DrawdownError {
    /// A threshold that is always or never reached.
    #[error("threshold_e9 {given} must be 1 to 1000000000")]
    Threshold {
        /// As given.
        given: u32,
    },
    /// Time went back.
    #[error("at {} is before the last record at {}", at.0, last.0)]
    TimeWentBack {
        /// As given.
        at: Time,
        /// Of the record before.
        last: Time,
    },
}

impl Drawdown {
    /// A trigger over `window_nanos` at `threshold_e9` of the high, 1e9 for all of it.
    ///
    /// # Errors
    /// [`DrawdownError::Threshold`] for zero or above the whole.
    pub fn new(window_nanos: u64, threshold_e9: u32) -> Result<Self, DrawdownError> {
        if threshold_e9 == 0 || threshold_e9 > WHOLE_E9 {
            return Err(DrawdownError::Threshold { given: threshold_e9 });
        }
        Ok(Drawdown { window_nanos, threshold_e9, highs: VecDeque::new(), current: None })
    }

    /// From `at` on the fund has `balance`.
    ///
    /// # Errors
    /// [`DrawdownError::TimeWentBack`]; nothing is recorded then.
    pub fn record(&mut self, at: Time, balance: i128) -> Result<(), DrawdownError> {
        if let Some((before, since)) = self.current {
            if at < since {
                return Err(DrawdownError::TimeWentBack { at, last: since });
            }
            while self.highs.back().is_some_and(|(high, _)| *high <= before) {
                self.highs.pop_back();
            }
            self.highs.push_back((before, at));
        }
        self.current = Some((balance, at));
        let start = Time(at.0.saturating_sub(self.window_nanos));
        while self.highs.front().is_some_and(|(_, until)| *until < start) {
            self.highs.pop_front();
        }
        Ok(())
    }

    /// The highest balance in force in the window that ends at `at`; none before the first record.
    #[must_use]
    pub fn high(&self, at: Time) -> Option<i128> {
        let start = Time(at.0.saturating_sub(self.window_nanos));
        let (current, _) = self.current?;
        let past = self.highs.iter().find(|(_, until)| *until >= start).map(|(high, _)| *high);
        Some(past.map_or(current, |high| high.max(current)))
    }

    /// Whether the fund has lost the threshold's share of its high; exactly the share counts. A fund
    /// that had nothing is drawn down by any loss.
    #[must_use]
    pub fn is_tripped(&self, at: Time) -> bool {
        let (Some(high), Some((current, _))) = (self.high(at), self.current) else { return false };
        let lost = high.abs_diff(current);
        let high = u128::try_from(high).unwrap_or(0);
        let whole = U256::from(WHOLE_E9) * U256::from(lost);
        lost > 0 && whole >= U256::from(self.threshold_e9) * U256::from(high)
    }
}

/// Shares of a venue's income that go to the fund, at 1e4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FundShares {
    /// Of liquidation fees.
    pub liquidation_bps: u32,
    /// Of trading fees.
    pub trading_bps: u32,
    /// Of funding paid, its size.
    pub funding_bps: u32,
}

impl FundShares {
    /// What the fund gets of the income of a stretch of time, each part floored
    /// (arXiv 2512.01112: `IF' = IF + a liquidation fees + b trading fees + c |funding| - min(IF, D)`).
    ///
    /// # Errors
    /// It overflows 128 bits.
    pub fn inflow(
        &self,
        liquidation_fees: u128,
        trading_fees: u128,
        funding: i128,
    ) -> breakwater_money::Result<u128> {
        use breakwater_money::MoneyError::Overflow;
        let part = |of: u128, bps: u32| {
            let whole = of.checked_mul(u128::from(bps)).ok_or(Overflow)?;
            div(whole, 10_000, Rounding::Floor)
        };
        let parts = [
            part(liquidation_fees, self.liquidation_bps)?,
            part(trading_fees, self.trading_bps)?,
            part(funding.unsigned_abs(), self.funding_bps)?,
        ];
        parts.into_iter().try_fold(0u128, |sum, part| sum.checked_add(part).ok_or(Overflow))
    }
}

/// What the fund gets where it took over a position of signed `quantity` at the bankruptcy price and
/// closed it at `price`; below zero it pays (BitMEX, Bybit: better than bankruptcy goes to the fund,
/// worse comes out of it).
#[must_use]
pub fn fund_change(quantity: &Rational, bankruptcy: &Rational, price: &Rational) -> Rational {
    quantity * (price - bankruptcy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn trigger(window: u64, threshold_e9: u32, records: &[(u64, i128)]) -> Drawdown {
        let mut it = Drawdown::new(window, threshold_e9).unwrap();
        for (at, balance) in records {
            it.record(Time(*at), *balance).unwrap();
        }
        it
    }

    #[test]
    fn exactly_the_threshold_trips_and_a_unit_less_does_not() {
        let lost =
            |balance| trigger(10, 300_000_000, &[(0, 1_000), (1, balance)]).is_tripped(Time(1));
        assert!(!lost(701) && lost(700) && lost(699));
        let whole =
            |balance| trigger(10, WHOLE_E9, &[(0, 1_000), (1, balance)]).is_tripped(Time(1));
        assert!(!whole(1) && whole(0) && whole(-1));
        // A fund without anything.
        assert!(!trigger(10, WHOLE_E9, &[(0, 0)]).is_tripped(Time(0)));
        assert!(trigger(10, WHOLE_E9, &[(0, 0), (1, -1)]).is_tripped(Time(1)));
        assert!(!Drawdown::new(10, 1).unwrap().is_tripped(Time(5)));
    }

    #[test]
    fn a_high_counts_to_the_edge_of_the_window() {
        // 1,000 was in force until 5.
        let it = trigger(10, 500_000_000, &[(0, 1_000), (5, 100)]);
        assert_eq!([14, 15, 16].map(|at| it.high(Time(at))), [Some(1_000), Some(1_000), Some(100)]);
        assert_eq!([15, 16].map(|at| it.is_tripped(Time(at))), [true, false]);
        // A balance of long ago that was in force until now is a high of now.
        let long = trigger(10, 500_000_000, &[(0, 1_000), (1_000, 100)]);
        assert!(long.is_tripped(Time(1_000)));
    }

    #[test]
    fn nonsense_is_named_and_changes_nothing() {
        for given in [0, WHOLE_E9 + 1, u32::MAX] {
            let error = Drawdown::new(1, given).unwrap_err();
            assert_eq!(error.to_string(), format!("threshold_e9 {given} must be 1 to 1000000000"));
        }
        let mut it = trigger(10, 1, &[(5, 7)]);
        let before = it.clone();
        let error = it.record(Time(4), 9).unwrap_err();
        assert_eq!(error.to_string(), "at 4 is before the last record at 5");
        assert_eq!(it, before);
        let far = trigger(u64::MAX, WHOLE_E9, &[(0, i128::MAX), (u64::MAX, i128::MIN)]);
        assert!(far.is_tripped(Time(u64::MAX)));
    }

    #[test]
    fn the_fund_gets_its_shares_of_income() {
        let shares = FundShares { liquidation_bps: 5_000, trading_bps: 10, funding_bps: 100 };
        assert_eq!(shares.inflow(1_001, 99_999, -350), Ok(500 + 99 + 3));
        let error = Err(breakwater_money::MoneyError::Overflow);
        assert_eq!(shares.inflow(u128::MAX, 0, 0), error);
        assert_eq!(FundShares::default().inflow(u128::MAX, u128::MAX, i128::MIN), Ok(0));
    }

    proptest! {
        #[test]
        fn the_high_is_that_of_every_balance_in_force(
            steps in prop::collection::vec((0u64..6, -50i128..50), 1..30), window in 0u64..20,
            wait in 0u64..30
        ) {
            let mut at = 0;
            let mut records = Vec::new();
            for (pause, balance) in steps {
                at += pause;
                records.push((at, balance));
            }
            let it = trigger(window, 1, &records);
            let now = at + wait;
            let start = now.saturating_sub(window);
            let in_force = records.iter().enumerate().filter(|(place, _)| {
                records.get(place + 1).is_none_or(|(until, _)| *until >= start)
            });
            let naive = in_force.map(|(_, (_, balance))| *balance).max();
            prop_assert_eq!(it.high(Time(now)), naive);
        }
    }
}
