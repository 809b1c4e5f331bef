//! Figures of an account as a whole: equity, netted requirement, ratio and the lines it is held to.
//!
//! Decisions are made by integers, by multiplying out; a ratio is an exact fraction for whoever
//! prints it. Equity and requirement share one unit.

use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{MoneyError, Rational, U256, rational};
use serde::{Deserialize, Serialize};

/// Units of a ratio that make one.
pub const RATIO_ONE_E9: u64 = 1_000_000_000;

/// A ratio of equity over requirement at which something happens to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The ratio in 1e-9.
    pub ratio_e9: u64,
    /// Whether an account exactly on the line has reached it.
    pub at_equality: bool,
}

impl Line {
    /// Whether an account of `equity` and `requirement` has reached the line from above. Without a
    /// requirement only equity below zero has.
    #[must_use]
    pub fn is_reached(&self, equity: i128, requirement: u128) -> bool {
        if requirement == 0 || equity < 0 {
            return equity < 0;
        }
        let has = U256::from(equity.unsigned_abs()) * U256::from(RATIO_ONE_E9);
        let line = U256::from(requirement) * U256::from(self.ratio_e9);
        has < line || (self.at_equality && has == line)
    }
}

/// What counts of the collateral, plus unrealised profit and loss.
///
/// # Errors
/// The sum does not fit.
pub fn equity(weighted: i128, unrealised: i128) -> Result<i128, MoneyError> {
    weighted.checked_add(unrealised).ok_or(MoneyError::Overflow)
}

/// Requirement of the long and short legs of one underlying that offset each other: the larger side
/// alone (Kraken's netting of perpetual against dated contracts, cross legs only).
#[must_use]
pub fn netted(long: u128, short: u128) -> u128 {
    long.max(short)
}

/// `equity / requirement`, exact; none without a requirement.
#[must_use]
pub fn ratio(equity: i128, requirement: u128) -> Option<Rational> {
    let requirement = Rational::from_integer(requirement.into());
    quotient(rational::from_raw(equity, 0), &requirement)
}

/// `(available - threshold) / (initial - threshold)`, exact: how much of the room between the
/// liquidation threshold and the initial requirement is left (Coinbase's buffer of US futures,
/// which warns at 1 and liquidates at 0). Above 1 and below 0 outside of it; none without any room.
#[must_use]
pub fn buffer(available: i128, threshold: i128, initial: i128) -> Option<Rational> {
    let number = |value| rational::from_raw(value, 0);
    let room = number(initial) - number(threshold);
    quotient(number(available) - number(threshold), &room)
}

/// Collateral below which a loan is called: `loan * ratio`, rounded up, against the account.
///
/// # Errors
/// The product does not fit.
pub fn call_below(loan: u128, ratio_e9: u64) -> Result<u128, MoneyError> {
    mul_div(loan, ratio_e9.into(), RATIO_ONE_E9.into(), Rounding::Ceil)
}

fn quotient(numerator: Rational, denominator: &Rational) -> Option<Rational> {
    if *denominator == rational::from_raw(0, 0) {
        return None;
    }
    // division: exact, rationals do not round; the divisor is not zero.
    Some(numerator / denominator)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: Line = Line { ratio_e9: 1_050_000_000, at_equality: true };

    #[test]
    fn the_line_itself_is_the_venues_choice_and_a_unit_decides() {
        let open = Line { at_equality: false, ..LINE };
        for (equity, closed_reached, open_reached) in
            [(209_999, true, true), (210_000, true, false), (210_001, false, false)]
        {
            assert_eq!(LINE.is_reached(equity, 200_000), closed_reached, "{equity}");
            assert_eq!(open.is_reached(equity, 200_000), open_reached, "{equity}");
        }
        assert_eq!(ratio(210_000, 200_000), rational::parse("1.05").ok());
    }

    #[test]
    fn without_a_requirement_only_debt_reaches_a_line() {
        assert!(!LINE.is_reached(0, 0) && !LINE.is_reached(1, 0) && LINE.is_reached(-1, 0));
        assert!(LINE.is_reached(0, 1) && LINE.is_reached(-1, 1));
        assert!(LINE.is_reached(i128::MIN, u128::MAX) && LINE.is_reached(i128::MAX, u128::MAX));
        assert_eq!(ratio(5, 0), None);
        let nothing = Line { ratio_e9: 0, at_equality: true };
        assert!(nothing.is_reached(0, 7) && !nothing.is_reached(1, 7));
    }

    #[test]
    fn the_buffer_is_one_at_initial_and_nothing_at_the_threshold() {
        let at = |available| buffer(available, 1_000, 2_000).unwrap();
        assert_eq!(at(1_000), rational::from_raw(0, 0));
        assert_eq!(at(2_000), rational::from_raw(1, 0));
        assert_eq!(at(1_250), rational::from_raw(25, 2));
        assert_eq!(at(900), rational::from_raw(-1, 1));
        assert_eq!(buffer(5, 7, 7), None);
        assert!(buffer(i128::MIN, i128::MAX, i128::MIN).is_some());
    }

    #[test]
    fn requirements_net_and_calls_round_up() {
        assert_eq!((netted(1_200, 800), netted(800, 1_200), netted(0, 0)), (1_200, 1_200, 0));
        assert_eq!(call_below(10_000, 1_250_000_000), Ok(12_500));
        assert_eq!(call_below(1, 1_250_000_000), Ok(2));
        assert_eq!(call_below(u128::MAX, 1_250_000_000), Err(MoneyError::Overflow));
        assert_eq!(equity(15_150, -1_200), Ok(13_950));
        assert_eq!(equity(i128::MAX, 1), Err(MoneyError::Overflow));
    }
}
