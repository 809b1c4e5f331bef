//! Limit bands around a reference price, the pauses they cause, and the halts of a whole market.
//!
//! After the United States' plan against extraordinary volatility (limit up and limit down, with its
//! appendix of percentages) and the market-wide circuit breaker of its exchanges.

use breakwater_money::{MoneyError, Rounding, U256, rounding};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Seconds that a price may stand at a band before trading pauses.
pub const LIMIT_STATE_SECONDS: u64 = 15;

/// Seconds that a pause lasts.
pub const PAUSE_SECONDS: u64 = 300;

/// Seconds of trades that the reference is the mean of.
pub const REFERENCE_SECONDS: u64 = 300;

/// Falls of the index, in basis points of the last close, that halt the market: levels 1, 2 and 3.
pub const MARKET_LEVELS_BPS: [u32; 3] = [700, 1_300, 2_000];

/// Minutes of a halt of level 1 or 2.
pub const MARKET_HALT_MINUTES: u64 = 15;

/// Second of the day, exchange time, from which levels 1 and 2 no longer halt: 15:25.
pub const MARKET_LAST_HALT_SECOND: u64 = (15 * 60 + 25) * 60;

/// How closely a security is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tier {
    /// Members of the large indices: 5 % above 3.
    One,
    /// All others: 10 % above 3.
    Two,
}

/// The price range within which trades are allowed, both ends included, base units of the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bands {
    /// Negative where the band is wider than the reference: then no price is too low.
    pub lower: i128,
    /// Highest price allowed.
    pub upper: u128,
}

impl Bands {
    /// Bands of a security whose price has `decimals`. A width that is no whole unit is rounded half up;
    /// `doubled` is for the phases of the day that widen it.
    ///
    /// # Errors
    /// The reference does not fit 127 bits, or so many decimals no integer of 128.
    pub fn around(
        reference: u128,
        decimals: u8,
        tier: Tier,
        doubled: bool,
    ) -> Result<Bands, MoneyError> {
        let unit = U256::from(rounding::pow10(decimals)?);
        // Bounds of the tiers in hundredths: a price of 75 and of 300.
        let hundredths = U256::from(reference) * U256::from(100u32);
        let share = |bps: u128| rounding::mul_div(reference, bps, 10_000, Rounding::HalfUp);
        let width = if hundredths > unit * U256::from(300u32) {
            share(if tier == Tier::One { 500 } else { 1_000 })?
        } else if hundredths >= unit * U256::from(75u32) {
            share(2_000)?
        } else {
            let fixed = rounding::mul_div(15, rounding::pow10(decimals)?, 100, Rounding::HalfUp)?;
            share(7_500)?.min(fixed)
        };
        let width = if doubled { width.checked_mul(2).ok_or(MoneyError::Overflow)? } else { width };
        Bands::of_width(reference, width)
    }

    /// Bands a share to either side of the reference, the width rounded down.
    ///
    /// # Errors
    /// The reference does not fit 127 bits.
    pub fn share_of(reference: u128, share_bps: u32) -> Result<Bands, MoneyError> {
        let width = rounding::mul_div(reference, share_bps.into(), 10_000, Rounding::Floor)?;
        Bands::of_width(reference, width)
    }

    fn of_width(reference: u128, width: u128) -> Result<Bands, MoneyError> {
        let signed = |value: u128| i128::try_from(value).map_err(|_| MoneyError::Overflow);
        let lower = signed(reference)?.checked_sub(signed(width)?).ok_or(MoneyError::Overflow)?;
        Ok(Bands { lower, upper: reference.checked_add(width).ok_or(MoneyError::Overflow)? })
    }

    /// True for a price within the bands or on one.
    #[must_use]
    pub fn allow(&self, price: u128) -> bool {
        let above = i128::try_from(price).map_or(true, |price| price >= self.lower);
        above && price <= self.upper
    }

    /// True for a price on a band or beyond it.
    #[must_use]
    pub fn touched(&self, price: u128) -> bool {
        let low = i128::try_from(price).is_ok_and(|price| price <= self.lower);
        low || price >= self.upper
    }
}

/// Most trades that a mean is of: the oldest are left out beyond it, so that memory is bounded.
const TRADES_MAX: usize = 4_096;

/// The mean of the trades of the last [`REFERENCE_SECONDS`], unless another length is stated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    seconds: u64,
    trades: VecDeque<(u64, u128)>,
}

impl Default for Reference {
    fn default() -> Self {
        Reference::over(REFERENCE_SECONDS)
    }
}

impl Reference {
    /// A mean over another length of time.
    #[must_use]
    pub fn over(seconds: u64) -> Self {
        Reference { seconds, trades: VecDeque::new() }
    }

    /// Counts a trade. Seconds do not fall.
    pub fn trade(&mut self, second: u64, price: u128) {
        self.forget(second);
        if self.trades.len() >= TRADES_MAX {
            self.trades.pop_front();
        }
        self.trades.push_back((second, price));
    }

    /// The mean at `second`, half up; none without a trade in the window.
    #[must_use]
    pub fn at(&mut self, second: u64) -> Option<u128> {
        self.forget(second);
        let sum = self.trades.iter().fold(U256::ZERO, |sum, (_, price)| sum + U256::from(*price));
        let count = U256::from(self.trades.len());
        let mean = rounding::div_wide(sum, count, Rounding::HalfUp).ok()?;
        u128::try_from(mean).ok()
    }

    fn forget(&mut self, second: u64) {
        let seconds = self.seconds;
        let old = |trade: &(u64, u128)| second.saturating_sub(trade.0) >= seconds;
        while self.trades.front().is_some_and(old) {
            self.trades.pop_front();
        }
    }
}

/// Whether one security trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Trading {
    /// Freely.
    #[default]
    Open,
    /// At a band since this second; trades only within the bands.
    Limit {
        /// Since when.
        since: u64,
    },
    /// Not until this second.
    Paused {
        /// From which second on it may open.
        until: u64,
    },
}

impl Trading {
    /// What a quote at `second` makes of it: at a band for [`LIMIT_STATE_SECONDS`] it pauses, off the
    /// band it opens.
    #[must_use]
    pub fn after(self, second: u64, price: u128, bands: &Bands) -> Trading {
        self.after_within(second, price, bands, LIMIT_STATE_SECONDS, PAUSE_SECONDS)
    }

    /// The same with other lengths of the limit state and of the pause.
    #[must_use]
    pub fn after_within(
        self,
        second: u64,
        price: u128,
        bands: &Bands,
        limit_seconds: u64,
        pause_seconds: u64,
    ) -> Trading {
        match self {
            Trading::Paused { until } if second < until => self,
            Trading::Limit { since } if bands.touched(price) => {
                if second.saturating_sub(since) >= limit_seconds {
                    Trading::Paused { until: second.saturating_add(pause_seconds) }
                } else {
                    self
                }
            }
            _ if bands.touched(price) && limit_seconds == 0 => {
                Trading::Paused { until: second.saturating_add(pause_seconds) }
            }
            _ if bands.touched(price) => Trading::Limit { since: second },
            _ => Trading::Open,
        }
    }

    /// Until which second trading is paused, if it is at `second`.
    #[must_use]
    pub fn paused_until(self, second: u64) -> Option<u64> {
        match self {
            Trading::Paused { until } if second < until => Some(until),
            _ => None,
        }
    }

    /// Whether something may trade at `price`.
    #[must_use]
    pub fn allows(self, second: u64, price: u128, bands: &Bands) -> bool {
        match self {
            Trading::Paused { until } if second < until => false,
            _ => bands.allow(price),
        }
    }
}

/// A halt of the whole market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// Until this second of the day.
    Until(u64),
    /// For the rest of the day.
    RestOfDay,
}

/// The levels that a market reached today: each of the first two halts it once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MarketWide {
    /// Levels that have halted the market, 0 to 3.
    pub reached: u8,
}

impl MarketWide {
    /// The halt that an index value starts, if it does: at a level or beyond it, one that has not halted
    /// the market today.
    pub fn on(&mut self, close: u128, index: u128, second_of_day: u64) -> Option<Halt> {
        let fallen = |bps: &u32| {
            let kept = U256::from(10_000u32.saturating_sub(*bps));
            // Products of 128 and 14 bits.
            U256::from(index) * U256::from(10_000u32) <= U256::from(close) * kept
        };
        let level = MARKET_LEVELS_BPS.iter().filter(|bps| fallen(bps)).count();
        let level = u8::try_from(level).unwrap_or(u8::MAX);
        if level <= self.reached {
            return None;
        }
        if level == 3 {
            self.reached = 3;
            return Some(Halt::RestOfDay);
        }
        if second_of_day >= MARKET_LAST_HALT_SECOND {
            return None;
        }
        self.reached = level;
        Some(Halt::Until(second_of_day.saturating_add(MARKET_HALT_MINUTES * 60)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bands(reference: u128, tier: Tier, doubled: bool) -> (i128, u128) {
        let bands = Bands::around(reference, 2, tier, doubled).unwrap();
        (bands.lower, bands.upper)
    }

    #[test]
    fn the_width_changes_at_its_bounds_and_one_unit_to_either_side() {
        for (reference, tier, doubled, lower, upper) in [
            (301, Tier::One, false, 286, 316),
            (300, Tier::One, false, 240, 360),
            (301, Tier::Two, false, 271, 331),
            (75, Tier::Two, false, 60, 90),
            (74, Tier::One, false, 59, 89),
            (10, Tier::One, false, 2, 18),
            (10, Tier::One, true, -6, 26),
            (10_000, Tier::One, true, 9_000, 11_000),
            (0, Tier::One, false, 0, 0),
        ] {
            assert_eq!(bands(reference, tier, doubled), (lower, upper), "{reference}");
        }
        assert!(Bands::around(u128::MAX, 2, Tier::One, false).is_err());
        assert!(Bands::around(1, 39, Tier::One, false).is_err());
    }

    #[test]
    fn a_price_on_a_band_is_allowed_and_touches_it() {
        let bands = Bands::share_of(1_000, 500).unwrap();
        for (price, allowed, touched) in [
            (949, false, true),
            (950, true, true),
            (951, true, false),
            (1_049, true, false),
            (1_050, true, true),
            (1_051, false, true),
            (u128::MAX, false, true),
        ] {
            assert_eq!((bands.allow(price), bands.touched(price)), (allowed, touched), "{price}");
        }
        assert!(Bands { lower: -1, upper: 5 }.allow(0));
    }

    #[test]
    fn fifteen_seconds_at_a_band_pause_and_the_pause_ends_on_its_second() {
        let bands = Bands::share_of(1_000, 500).unwrap();
        let limit = Trading::Open.after(100, 950, &bands);
        assert_eq!(limit, Trading::Limit { since: 100 });
        assert_eq!(limit.after(114, 950, &bands), limit);
        assert_eq!(limit.after(114, 951, &bands), Trading::Open);
        let paused = limit.after(115, 950, &bands);
        assert_eq!(paused, Trading::Paused { until: 415 });
        assert!(!paused.allows(414, 1_000, &bands) && paused.allows(415, 1_000, &bands));
        assert_eq!(paused.after(414, 1_000, &bands), paused);
        assert_eq!(paused.after(415, 1_000, &bands), Trading::Open);
        assert_eq!(paused.after(415, 950, &bands), Trading::Limit { since: 415 });
    }

    #[test]
    fn the_reference_is_the_mean_of_five_minutes() {
        let mut reference = Reference::default();
        assert_eq!(reference.at(0), None);
        reference.trade(0, 100);
        reference.trade(10, 103);
        assert_eq!(reference.at(299), Some(102));
        assert_eq!(reference.at(300), Some(103));
        assert_eq!(reference.at(310), None);
    }

    #[test]
    fn each_level_halts_once_and_the_first_two_not_late_in_the_day() {
        let noon = 12 * 3_600;
        let mut market = MarketWide::default();
        assert_eq!(market.on(10_000, 9_301, noon), None);
        assert_eq!(market.on(10_000, 9_300, noon), Some(Halt::Until(noon + 900)));
        assert_eq!(market.on(10_000, 9_300, noon + 900), None);
        assert_eq!(market.on(10_000, 8_701, noon), None);
        assert_eq!(market.on(10_000, 8_700, MARKET_LAST_HALT_SECOND), None);
        assert_eq!(
            market.on(10_000, 8_700, MARKET_LAST_HALT_SECOND - 1),
            Some(Halt::Until(MARKET_LAST_HALT_SECOND + 899))
        );
        assert_eq!(market.on(10_000, 8_001, noon), None);
        assert_eq!(market.on(10_000, 8_000, MARKET_LAST_HALT_SECOND), Some(Halt::RestOfDay));
        assert_eq!(market.on(10_000, 1, noon), None);
    }
}
