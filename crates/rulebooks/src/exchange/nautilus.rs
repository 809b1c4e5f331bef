//! Margin and liquidation trigger of the nautilus_trader backtester.
//!
//! ```text
//! margin = notional x rate                    standard model
//! margin = notional x rate / leverage         leveraged model
//! notional = quantity x multiplier x price, or quantity x multiplier / price of an inverse contract
//! ```
//!
//! where an inverse contract that is counted in its quote currency has `quantity x multiplier`. An
//! account is liquidated when `balance + unrealised profit <= maintenance x ratio`: exact equality is
//! a breach (PR 4077, commit a95c8042). Exact rationals; the program itself rounds to the currency.

use breakwater_money::{Rational, rational};

/// What a contract's notional is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notional {
    /// Quantity times price, in the quote currency.
    Linear,
    /// Quantity over price, in the base currency.
    Inverse,
    /// An inverse contract counted in its quote currency.
    InverseInQuote,
}

/// A position and how much of it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Unsigned quantity.
    pub quantity: Rational,
    /// Contract multiplier.
    pub multiplier: Rational,
    /// Price.
    pub price: Rational,
    /// What its notional is in.
    pub notional: Notional,
    /// Initial or maintenance rate.
    pub rate: Rational,
    /// Leverage by which the requirement is divided; none in the standard model.
    pub leverage: Option<Rational>,
}

/// The requirement; none if a price or leverage that divides is zero.
#[must_use]
pub fn margin(position: &Position) -> Option<Rational> {
    let contracts = &position.quantity * &position.multiplier;
    let notional = match position.notional {
        Notional::Linear => contracts * &position.price,
        Notional::Inverse => quotient(contracts, &position.price)?,
        Notional::InverseInQuote => contracts,
    };
    let margin = notional * &position.rate;
    match &position.leverage {
        Some(leverage) => quotient(margin, leverage),
        None => Some(margin),
    }
}

fn quotient(numerator: Rational, denominator: &Rational) -> Option<Rational> {
    if *denominator == rational::from_raw(0, 0) {
        return None;
    }
    // division: exact, rationals do not round; the divisor is not zero.
    Some(numerator / denominator)
}

/// An account against its trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// Balance plus unrealised profit.
    pub equity: Rational,
    /// Maintenance times the configured ratio.
    pub threshold: Rational,
    /// Whether the account is liquidated.
    pub liquidate: bool,
}

/// Where an account stands.
#[must_use]
pub fn trigger(
    balance: &Rational,
    unrealised: &Rational,
    maintenance: &Rational,
    ratio: &Rational,
) -> Trigger {
    let (equity, threshold) = (balance + unrealised, maintenance * ratio);
    let liquidate = equity <= threshold;
    Trigger { equity, threshold, liquidate }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn r(text: &str) -> Rational {
        rational::parse(text).unwrap()
    }

    fn position(notional: Notional, price: &str, leverage: Option<&str>) -> Position {
        Position {
            quantity: r("100000"),
            multiplier: r("1"),
            price: r(price),
            notional,
            rate: r("0.01"),
            leverage: leverage.map(r),
        }
    }

    #[test]
    fn only_the_leveraged_model_divides_and_only_an_inverse_base_notional_needs_a_price() {
        let margin = |notional, price, leverage| margin(&position(notional, price, leverage));
        assert_eq!(margin(Notional::Linear, "0.8", None), Some(r("800")));
        assert_eq!(margin(Notional::Linear, "0.8", Some("50")), Some(r("16")));
        assert_eq!(margin(Notional::Inverse, "50000", Some("2")), Some(r("0.01")));
        assert_eq!(margin(Notional::InverseInQuote, "50000", Some("1")), Some(r("1000")));
        assert_eq!(margin(Notional::Inverse, "0", None), None);
        assert_eq!(margin(Notional::InverseInQuote, "0", None), Some(r("1000")));
        assert_eq!(margin(Notional::Linear, "1", Some("0")), None);
    }

    #[test]
    fn equality_triggers_and_a_unit_above_does_not() {
        let at = |unrealised| trigger(&r("100"), &r(unrealised), &r("40"), &r("0.5"));
        assert!(at("-80").liquidate && at("-80.01").liquidate && !at("-79.99").liquidate);
        assert_eq!((at("-80").equity, at("-80").threshold), (r("20"), r("20")));
    }
}
