//! When a GMX v2 position may be liquidated.
//!
//! ```text
//! remaining = collateral + profit + price impact - closing costs
//! ```
//!
//! It may be when `remaining` is below the smallest collateral allowed, or not above zero, or below
//! `size x smallest collateral factor`, asked in this order; exact equality with either minimum is no
//! breach. The market's reason is told in the contract's own words (gmx-synthetics,
//! `PositionUtils.isPositionLiquidatable`). What the contract does to reach the impact and costs (it
//! credits no positive impact here) is the caller's.
//!
//! Units: USD at one scale, the factor at 1e30 as in the contract, its product rounded down.

use breakwater_money::rounding::mul_div_full;
use breakwater_money::{MoneyError, Rounding, U256};

/// Decimals of a factor.
pub const FACTOR_DECIMALS: u8 = 30;

/// One, at the contract's scale of factors.
pub const FACTOR_ONE: u128 = 1_000_000_000_000_000_000_000_000_000_000;

/// What the position has, in USD at one scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Value of the collateral.
    pub collateral: i128,
    /// Unrealised profit or loss.
    pub profit: i128,
    /// Effect of closing on the price, signed.
    pub price_impact: i128,
    /// Costs of closing.
    pub fees: u128,
    /// Size.
    pub size: u128,
}

/// What the market asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minimum {
    /// Smallest collateral of any position, in USD.
    pub collateral: u128,
    /// Smallest collateral as a share of the size, at 1e30; 1 % by default.
    pub factor: u128,
}

/// Why a position may be liquidated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Less is left than any position must have.
    BelowMinimum,
    /// Nothing is left.
    Nothing,
    /// Less is left than a position of this size must have.
    BelowMinimumForLeverage,
}

impl Reason {
    /// The contract's text.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Reason::BelowMinimum => "min collateral",
            Reason::Nothing => "< 0",
            Reason::BelowMinimumForLeverage => "min collateral for leverage",
        }
    }
}

/// What is left of `position` after closing, and why it may be liquidated if it may.
///
/// # Errors
/// What is left, or what the size asks for, does not fit.
pub fn assess(
    position: &Position,
    minimum: &Minimum,
) -> Result<(i128, Option<Reason>), MoneyError> {
    let with_profit = position.collateral.checked_add(position.profit);
    let with_impact = with_profit.and_then(|sum| sum.checked_add(position.price_impact));
    let remaining = with_impact.and_then(|sum| sum.checked_sub_unsigned(position.fees));
    let remaining = remaining.ok_or(MoneyError::Overflow)?;
    let (size, factor) = (U256::from(position.size), U256::from(minimum.factor));
    let for_leverage = mul_div_full(size, factor, U256::from(FACTOR_ONE), Rounding::Floor)?;
    // Below zero is below every minimum.
    let has = U256::from(remaining.max(0).unsigned_abs());
    let below = |least: U256| remaining < 0 || has < least;
    let reason = if below(U256::from(minimum.collateral)) {
        Some(Reason::BelowMinimum)
    } else if remaining <= 0 {
        Some(Reason::Nothing)
    } else if below(for_leverage) {
        Some(Reason::BelowMinimumForLeverage)
    } else {
        None
    };
    Ok((remaining, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMUM: Minimum = Minimum { collateral: 100, factor: FACTOR_ONE / 100 }; // division: 1 %

    fn left(collateral: i128, size: u128, minimum: Minimum) -> Option<&'static str> {
        let position = Position { collateral, profit: 0, price_impact: 0, fees: 0, size };
        assess(&position, &minimum).unwrap().1.map(Reason::text)
    }

    #[test]
    fn each_minimum_holds_at_equality_and_breaks_a_unit_below() {
        for (collateral, reason) in
            [(199, Some("min collateral for leverage")), (200, None), (201, None)]
        {
            assert_eq!(left(collateral, 20_000, MINIMUM), reason, "{collateral}");
        }
        for (collateral, reason) in
            [(-1, Some("min collateral")), (99, Some("min collateral")), (100, None)]
        {
            assert_eq!(left(collateral, 1, MINIMUM), reason, "{collateral}");
        }
        let none = Minimum { collateral: 0, factor: 0 };
        for (collateral, reason) in [(-1, Some("min collateral")), (0, Some("< 0")), (1, None)] {
            assert_eq!(left(collateral, 5, none), reason, "{collateral}");
        }
        // A hundredth of 20,099 is 200.99, floored.
        assert_eq!(left(200, 20_099, MINIMUM), None);
        assert_eq!(left(200, 20_100, MINIMUM), Some("min collateral for leverage"));
    }

    #[test]
    fn everything_that_closing_costs_is_taken_off() {
        let position =
            Position { collateral: 1_000, profit: -700, price_impact: -10, fees: 30, size: 20_000 };
        assert_eq!(assess(&position, &MINIMUM), Ok((260, None)));
        let wide = Position { collateral: i128::MIN, fees: 1, ..position };
        assert_eq!(assess(&wide, &MINIMUM), Err(MoneyError::Overflow));
        let wide = Position { fees: u128::MAX, ..position };
        assert_eq!(assess(&wide, &MINIMUM), Err(MoneyError::Overflow));
    }
}
