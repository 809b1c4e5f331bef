//! A state of stress, and what it scales: margin, haircuts, and how much of a debt is closed at once.

use breakwater_money::{MoneyError, Rounding, rounding};
use serde::{Deserialize, Serialize};

/// All of something, in basis points.
const WHOLE_BPS: u32 = 10_000;

/// Largest multiplier of a margin: a hundredfold.
const SCALE_MAX_BPS: u32 = 1_000_000;

/// How stressed a pool or a market is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum StressState {
    /// Business as usual.
    #[default]
    Normal,
    /// New risk costs more.
    Soft,
    /// New risk costs much more.
    Hard,
}

/// When the state changes, by a measure in basis points that rises with stress: a fall of the mark,
/// usage, how much of the insurance fund is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StressLines {
    /// Soft from here on.
    pub soft_bps: u32,
    /// Hard from here on, at least the soft line.
    pub hard_bps: u32,
    /// A state ends only this far below its line, so that it does not flicker. At most the soft line.
    pub release_bps: u32,
    /// Multiplier of margins and haircuts in the soft state, at least 10,000.
    pub soft_scale_bps: u32,
    /// In the hard state, at least that of the soft one.
    pub hard_scale_bps: u32,
}

impl StressLines {
    /// The first field that makes no sense, with its value and what would be right.
    ///
    /// # Errors
    /// A sentence naming field, value and what would be right.
    pub fn validate(&self) -> Result<(), String> {
        for (name, value, least, most) in [
            ("soft_bps", self.soft_bps, 1, self.hard_bps),
            ("release_bps", self.release_bps, 0, self.soft_bps),
            ("soft_scale_bps", self.soft_scale_bps, WHOLE_BPS, self.hard_scale_bps),
            ("hard_scale_bps", self.hard_scale_bps, WHOLE_BPS, SCALE_MAX_BPS),
        ] {
            if value < least || value > most {
                return Err(format!("{name} {value}: {least} to {most}"));
            }
        }
        Ok(())
    }

    /// The state that follows `state` at a measure. It may rise by two and fall by two.
    #[must_use]
    pub fn after(&self, state: StressState, measure_bps: u32) -> StressState {
        let holds = |line: u32, was: bool| {
            let line = if was { line.saturating_sub(self.release_bps) } else { line };
            measure_bps >= line && (!was || measure_bps > line || self.release_bps == 0)
        };
        if holds(self.hard_bps, state == StressState::Hard) {
            StressState::Hard
        } else if holds(self.soft_bps, state >= StressState::Soft) {
            StressState::Soft
        } else {
            StressState::Normal
        }
    }

    fn scale_bps(&self, state: StressState) -> u32 {
        match state {
            StressState::Normal => WHOLE_BPS,
            StressState::Soft => self.soft_scale_bps,
            StressState::Hard => self.hard_scale_bps,
        }
    }

    /// An initial margin in a state, rounded up.
    ///
    /// # Errors
    /// It does not fit 128 bits.
    pub fn margin(&self, state: StressState, margin: u128) -> Result<u128, MoneyError> {
        rounding::mul_div(margin, self.scale_bps(state).into(), WHOLE_BPS.into(), Rounding::Ceil)
    }

    /// A haircut in a state, basis points, rounded up and at most all of the collateral.
    #[must_use]
    pub fn haircut_bps(&self, state: StressState, haircut_bps: u32) -> u32 {
        let scaled = self.margin(state, haircut_bps.into());
        let whole = u128::from(WHOLE_BPS);
        let scaled = scaled.map_or(whole, |scaled| scaled.min(whole));
        u32::try_from(scaled).unwrap_or(WHOLE_BPS)
    }
}

/// How much of a debt may be closed at once: little just below the line, all of it from a health on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseFactor {
    /// At a health just below 1, 1 to 10,000.
    pub least_bps: u32,
    /// Health, in basis points of 1, from which down all may be closed, below 10,000.
    pub full_at_health_bps: u32,
    /// Debts of at most this are closed whole.
    pub whole_up_to: u128,
}

impl CloseFactor {
    /// The first field that makes no sense, with its value and what would be right.
    ///
    /// # Errors
    /// A sentence naming field, value and what would be right.
    pub fn validate(&self) -> Result<(), String> {
        if !(1..=WHOLE_BPS).contains(&self.least_bps) {
            return Err(format!("least_bps {}: 1 to {WHOLE_BPS}", self.least_bps));
        }
        if self.full_at_health_bps >= WHOLE_BPS {
            let value = self.full_at_health_bps;
            return Err(format!("full_at_health_bps {value}: below {WHOLE_BPS}"));
        }
        Ok(())
    }

    /// Most that may be repaid of `debt` at a health: nothing at 1 and above, and between the two ends
    /// in a straight line. The share is rounded down, the amount up, so that some of any debt may be.
    #[must_use]
    pub fn closes(&self, debt: u128, health_bps: u32) -> u128 {
        if health_bps >= WHOLE_BPS {
            return 0;
        }
        if debt <= self.whole_up_to || health_bps <= self.full_at_health_bps {
            return debt;
        }
        let width = WHOLE_BPS.saturating_sub(self.full_at_health_bps);
        let below = WHOLE_BPS.saturating_sub(health_bps);
        let more = u128::from(WHOLE_BPS.saturating_sub(self.least_bps));
        let more = rounding::mul_div(more, below.into(), width.into(), Rounding::Floor);
        let share = more.map_or(WHOLE_BPS.into(), |more| more + u128::from(self.least_bps));
        rounding::mul_div(debt, share, WHOLE_BPS.into(), Rounding::Ceil).unwrap_or(debt).min(debt)
    }
}

/// After a margin call, nothing is sold for so long; a cure ends the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grace {
    /// From the call on.
    pub seconds: u64,
    /// Below this health, basis points of 1, there is none: waiting would cost others.
    pub least_health_bps: u32,
}

impl Grace {
    /// True if an account that was called at one second may be sold at another.
    #[must_use]
    pub fn over(&self, called: u64, second: u64, health_bps: u32) -> bool {
        health_bps < self.least_health_bps || second.saturating_sub(called) >= self.seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StressState::{Hard, Normal, Soft};

    const LINES: StressLines = StressLines {
        soft_bps: 500,
        hard_bps: 1_000,
        release_bps: 100,
        soft_scale_bps: 12_500,
        hard_scale_bps: 20_000,
    };

    #[test]
    fn a_state_begins_at_its_line_and_ends_a_release_below_it() {
        for (state, measure, next) in [
            (Normal, 499, Normal),
            (Normal, 500, Soft),
            (Normal, 999, Soft),
            (Normal, 1_000, Hard),
            (Soft, 401, Soft),
            (Soft, 400, Normal),
            (Hard, 901, Hard),
            (Hard, 900, Soft),
            (Hard, 400, Normal),
        ] {
            assert_eq!(LINES.after(state, measure), next, "{state:?} at {measure}");
        }
        let sharp = StressLines { release_bps: 0, ..LINES };
        assert_eq!((sharp.after(Soft, 500), sharp.after(Soft, 499)), (Soft, Normal));
    }

    #[test]
    fn margins_and_haircuts_scale_up_and_never_beyond_all() {
        assert_eq!(LINES.margin(Normal, 101), Ok(101));
        assert_eq!(LINES.margin(Soft, 101), Ok(127));
        assert_eq!(LINES.margin(Hard, 101), Ok(202));
        assert!(LINES.margin(Hard, u128::MAX).is_err());
        assert_eq!(LINES.haircut_bps(Hard, 4_999), 9_998);
        assert_eq!(LINES.haircut_bps(Hard, 5_001), 10_000);
        for (lines, named) in [
            (StressLines { soft_bps: 0, ..LINES }, "soft_bps 0"),
            (StressLines { soft_bps: 1_001, ..LINES }, "soft_bps 1001: 1 to 1000"),
            (StressLines { release_bps: 501, ..LINES }, "release_bps 501: 0 to 500"),
            (StressLines { soft_scale_bps: 9_999, ..LINES }, "soft_scale_bps 9999"),
            (StressLines { hard_scale_bps: 1_000_001, ..LINES }, "hard_scale_bps 1000001"),
        ] {
            assert!(lines.validate().unwrap_err().contains(named), "{named}");
        }
        assert_eq!(LINES.validate(), Ok(()));
    }

    #[test]
    fn little_is_closed_just_below_the_line_and_all_of_it_from_a_health_on() {
        let factor = CloseFactor { least_bps: 2_000, full_at_health_bps: 9_000, whole_up_to: 10 };
        for (debt, health, closes) in [
            (1_000, 10_000, 0),
            (10, 10_000, 0),
            (10, 9_999, 10),
            (11, 9_999, 3),
            (1_000, 9_999, 201),
            (1_000, 9_500, 600),
            (1_000, 9_001, 1_000),
            (10_000, 9_001, 9_992),
            (10_000, 9_000, 10_000),
            (u128::MAX, 0, u128::MAX),
        ] {
            assert_eq!(factor.closes(debt, health), closes, "{debt} at {health}");
        }
        assert!(CloseFactor { least_bps: 0, ..factor }.validate().is_err());
        assert!(CloseFactor { full_at_health_bps: 10_000, ..factor }.validate().is_err());
        assert_eq!(factor.validate(), Ok(()));
    }

    #[test]
    fn grace_ends_on_its_second_and_is_none_for_the_deeply_unhealthy() {
        let grace = Grace { seconds: 60, least_health_bps: 9_000 };
        assert!(!grace.over(100, 159, 9_000) && grace.over(100, 160, 9_000));
        assert!(grace.over(100, 100, 8_999));
    }
}
