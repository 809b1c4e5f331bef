//! Required margins of a Synthetix v3 perpetual position.
//!
//! ```text
//! initial ratio     = |size| / skew scale x initial factor + smallest initial ratio
//! maintenance ratio = initial ratio x maintenance scalar
//! required          = |size| x price x ratio + smallest position margin
//! ```
//!
//! from `PerpsMarketConfiguration.calculateRequiredMargins` of the v3 perps market. Everything is an
//! exact rational; the contract cuts each product to 18 decimals, which takes at most a few 1e-18 of
//! a ratio.

use breakwater_money::{Rational, rational};

/// Parameters of one market, as plain numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Market {
    /// Size at which impact on skew is one.
    pub skew_scale: Rational,
    /// Initial margin ratio at that size, beyond the smallest.
    pub initial_factor: Rational,
    /// Smallest initial margin ratio.
    pub initial_ratio_min: Rational,
    /// Maintenance as a share of initial.
    pub maintenance_scalar: Rational,
    /// Smallest margin of any position, on top.
    pub position_margin_min: Rational,
}

/// What a position must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Required {
    /// Initial margin ratio.
    pub initial_ratio: Rational,
    /// Maintenance margin ratio.
    pub maintenance_ratio: Rational,
    /// Initial margin.
    pub initial: Rational,
    /// Maintenance margin.
    pub maintenance: Rational,
}

/// What a position of signed `size` at `price` must have; none if the market's skew scale is not
/// above zero.
#[must_use]
pub fn required(market: &Market, size: &Rational, price: &Rational) -> Option<Required> {
    let zero = rational::from_raw(0, 0);
    if market.skew_scale <= zero {
        return None;
    }
    let size = if *size < zero { -size } else { size.clone() };
    // division: exact, rationals do not round; the scale is above zero.
    let impact = &size / &market.skew_scale;
    let initial_ratio = impact * &market.initial_factor + &market.initial_ratio_min;
    let maintenance_ratio = &initial_ratio * &market.maintenance_scalar;
    let notional = size * price;
    let margin = |ratio: &Rational| &notional * ratio + &market.position_margin_min;
    let (initial, maintenance) = (margin(&initial_ratio), margin(&maintenance_ratio));
    Some(Required { initial_ratio, maintenance_ratio, initial, maintenance })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn r(text: &str) -> Rational {
        rational::parse(text).unwrap()
    }

    fn market(skew_scale: &str) -> Market {
        Market {
            skew_scale: r(skew_scale),
            initial_factor: r("3"),
            initial_ratio_min: r("0.02"),
            maintenance_scalar: r("0.5"),
            position_margin_min: r("50"),
        }
    }

    #[test]
    fn both_sides_ask_for_the_same_and_size_asks_for_more_than_its_share() {
        let market = market("1000000");
        let short = required(&market, &r("-2500"), &r("2000")).unwrap();
        assert_eq!(Some(&short), required(&market, &r("2500"), &r("2000")).as_ref());
        assert_eq!((short.initial_ratio, short.initial), (r("0.0275"), r("137550")));
        assert_eq!((short.maintenance_ratio, short.maintenance), (r("0.01375"), r("68800")));
        let flat = required(&market, &r("0"), &r("2000")).unwrap();
        assert_eq!((flat.initial, flat.maintenance), (r("50"), r("50")));
    }

    #[test]
    fn a_market_without_a_skew_scale_asks_nothing_that_can_be_told() {
        for scale in ["0", "-1"] {
            assert_eq!(required(&market(scale), &r("1"), &r("1")), None);
        }
    }
}
