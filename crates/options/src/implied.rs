//! The volatility at which an option is worth what it is quoted at.

use crate::error::{NOT_NEGATIVE, OptionError, is_not_negative, require};
use crate::quantised::Side;
use crate::{Black76, Quote};

/// The volatility that gives `value`, in 1e-6 a year, undiscounted and in quote units: for a holder
/// the largest at which the option is worth no more, for a writer the smallest at which it is worth
/// no less, so that the option valued by it is never worth more to whoever has it. The volatility and
/// the rate of `quote` are not looked at.
///
/// A value never falls as volatility rises, so that the millionths are halved down; nothing iterates
/// until it is close. A value within the pricing's error ([`Black76::price_error`]) of what a
/// neighbouring millionth gives may get that one.
///
/// # Errors
/// The quote is no option, `value` is not above what the option is worth without volatility, or is
/// above what it is worth at `most_ppm`.
// float: options propose; what decides are integers of whoever asks.
pub fn implied_volatility_ppm(
    quote: &Quote,
    value: f64,
    side: Side,
    most_ppm: u64,
) -> Result<u64, OptionError> {
    require("value", value, is_not_negative(value), NOT_NEGATIVE)?;
    let worth = |ppm: u64| {
        let quote = Quote { volatility: ppm as f64 * 1e-6, rate: 0.0, ..*quote };
        Ok::<f64, OptionError>(Black76::new(&quote)?.price_undiscounted())
    };
    let least = worth(0)?;
    if value <= least {
        return Err(OptionError::NotAboveIntrinsic { value, intrinsic: least });
    }
    let most = worth(most_ppm)?;
    if value > most {
        return Err(OptionError::AboveMost { value, most });
    }
    // Worth less than the value at the one, at least as much at the other.
    let (mut low, mut high) = (0, most_ppm);
    while high - low > 1 {
        let middle = low + ((high - low) >> 1);
        if worth(middle)? < value { low = middle } else { high = middle }
    }
    let exact = worth(high)? <= value;
    // Below a millionth there is no volatility left to a holder but the smallest.
    Ok(if side == Side::Short || exact { high } else { low.max(1) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;
    use proptest::prelude::*;

    const MOST: u64 = 100_000_000;

    fn quote(kind: Kind, strike: f64, years: f64) -> Quote {
        Quote { kind, forward: 100.0, strike, years, volatility: 0.0, rate: 0.0 }
    }

    fn worth(quote: &Quote, ppm: u64) -> f64 {
        let quote = Quote { volatility: ppm as f64 * 1e-6, ..*quote };
        Black76::new(&quote).unwrap().price_undiscounted()
    }

    #[test]
    fn the_value_of_a_textbook_call_gives_its_volatility_back() {
        // At the strike, a year, 20 %: 100 (2 N(0.1) - 1) = 7.965567455405804.
        let call = quote(Kind::Call, 100.0, 1.0);
        let implied = |value, side| implied_volatility_ppm(&call, value, side, MOST).unwrap();
        assert_eq!(implied(7.965_6, Side::Long), 200_000);
        assert_eq!(implied(7.965_6, Side::Short), 200_001);
        assert_eq!(implied(7.965_5, Side::Long), 199_998);
        assert_eq!(implied(7.965_5, Side::Short), 199_999);
        // So little that less than a millionth would give it.
        assert_eq!((implied(1e-9, Side::Long), implied(1e-9, Side::Short)), (1, 1));
    }

    #[test]
    fn what_no_volatility_gives_is_refused_with_the_limits() {
        let put = quote(Kind::Put, 120.0, 0.5);
        let refused =
            |value| implied_volatility_ppm(&put, value, Side::Long, MOST).unwrap_err().to_string();
        let intrinsic = "value is 20.0; more than 20.0 is right, what the option is worth without \
                         any volatility";
        assert_eq!(refused(20.0), intrinsic);
        assert!(implied_volatility_ppm(&put, 20.000_1, Side::Long, MOST).is_ok());
        assert!(refused(120.5).contains("value is 120.5; at most 120.0"), "{}", refused(120.5));
        assert_eq!(refused(f64::NAN), "value is NaN; a finite number of zero or more is right");
        let ended = Quote { strike: 0.0, ..put };
        let refused = implied_volatility_ppm(&ended, 1.0, Side::Long, MOST).unwrap_err();
        assert_eq!(refused.to_string(), "strike is 0.0; a price from 1e-100 to 1e100 is right");
    }

    proptest! {
        #[test]
        fn the_millionth_found_is_on_its_own_side_and_the_next_is_not(
            call in any::<bool>(), strike in 20.0..500.0f64, years in 0.001..3.0f64,
            ppm in 10_000u64..3_000_000, part in 0.0..1.0f64
        ) {
            let quote = quote(if call { Kind::Call } else { Kind::Put }, strike, years);
            let (here, next) = (worth(&quote, ppm), worth(&quote, ppm + 1));
            let value = here + part * (next - here);
            // Where a millionth moves nothing that a float shows there is nothing to find.
            prop_assume!(here > worth(&quote, 0) && next - here > 1e3 * f64::EPSILON * strike);
            let long = implied_volatility_ppm(&quote, value, Side::Long, MOST).unwrap();
            let short = implied_volatility_ppm(&quote, value, Side::Short, MOST).unwrap();
            prop_assert!(worth(&quote, long) <= value && worth(&quote, long + 1) > value);
            prop_assert!(worth(&quote, short) >= value && worth(&quote, short - 1) < value);
            prop_assert!((ppm - 1..=ppm + 1).contains(&long), "{long} {ppm}");
        }
    }
}
