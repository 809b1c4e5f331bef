//! Values as integers of base units, rounded against the account.

use crate::error::{NOT_NEGATIVE, OptionError, POSITIVE, is_not_negative, is_positive, require};
use serde::{Deserialize, Serialize};

/// Who holds the option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The holder: what is owned rounds down.
    Long,
    /// The writer: what is owed rounds up.
    Short,
}

/// Twice the relative error of one product and one sum, with room.
const SLACK: f64 = 4.0 * f64::EPSILON;

/// The value of one option as an integer: at most (long) or at least (short) what the exact value is
/// worth, if `value` is within `error` of it.
///
/// Units: `value` and `error` in whole units of the settle asset, `units` base units in one (1e8 for
/// a coin of eight decimals), the result in base units, zero or more. With `x` the exact value,
///
/// ```text
/// long:   x units - 1 - slack <= result <= x units      (not below zero)
/// short:  x units <= result <= x units + 1 + slack       slack = units (2 error + 16 eps (x + error))
/// ```
///
/// # Errors
/// A field that is negative or not finite, or a result of more than 127 bits.
pub fn value_against(side: Side, value: f64, error: f64, units: f64) -> Result<i128, OptionError> {
    require("value", value, is_not_negative(value), NOT_NEGATIVE)?;
    require("error", error, is_not_negative(error), NOT_NEGATIVE)?;
    require("units", units, is_positive(units), POSITIVE)?;
    let scaled = match side {
        Side::Long => libm::floor((value - error).max(0.0) * units * (1.0 - SLACK)),
        Side::Short => libm::ceil((value + error) * units * (1.0 + SLACK)),
    };
    // 2^126 is a float; everything below it converts without loss.
    let fits = scaled < 8.507_059_173_023_462e37;
    if fits { Ok(scaled as i128) } else { Err(OptionError::TooLarge { value, units }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_whole_value_moves_by_one_unit_at_most() {
        assert_eq!(value_against(Side::Long, 1.5, 0.0, 10.0), Ok(14));
        assert_eq!(value_against(Side::Short, 1.5, 0.0, 10.0), Ok(16));
        assert_eq!(value_against(Side::Long, 1.55, 0.0, 10.0), Ok(15));
        assert_eq!(value_against(Side::Short, 1.55, 0.0, 10.0), Ok(16));
        assert_eq!(value_against(Side::Long, 0.0, 0.25, 8.0), Ok(0));
        assert_eq!(value_against(Side::Short, 0.0, 0.25, 8.0), Ok(3));
        assert_eq!(value_against(Side::Short, 0.0, 0.0, 8.0), Ok(0));
    }

    #[test]
    fn what_is_no_value_is_refused_by_name() {
        for (value, error, units, message) in [
            (f64::NAN, 0.0, 1.0, "value is NaN; a finite number of zero or more is right"),
            (-1.0, 0.0, 1.0, "value is -1.0; a finite number of zero or more is right"),
            (1.0, f64::INFINITY, 1.0, "error is inf; a finite number of zero or more is right"),
            (1.0, 0.0, 0.0, "units is 0.0; a finite number above zero is right"),
            (1e30, 0.0, 1e9, "value 1e30 at 1000000000.0 base units a unit does not fit 127 bits"),
            (
                f64::MAX,
                f64::MAX,
                1.0,
                "value 1.7976931348623157e308 at 1.0 base units a unit does \
                                       not fit 127 bits",
            ),
        ] {
            let refused = value_against(Side::Short, value, error, units).unwrap_err();
            assert_eq!(refused.to_string(), message);
        }
    }

    proptest! {
        /// The exact value is taken as a whole number of 2^-40, so that integers judge.
        #[test]
        fn the_bound_holds_for_any_exact_value(
            exact in 0u64..1 << 52, off in -1000i64..1000, decimals in 0u32..9
        ) {
            const ONE: u128 = 1 << 40;
            let near = (exact as i64 + off).max(0) as f64 / ONE as f64;
            let error = off.unsigned_abs() as f64 / ONE as f64;
            let units = 10u128.pow(decimals);
            let worth = u128::from(exact) * units;
            let long = value_against(Side::Long, near, error, units as f64).unwrap() as u128;
            let short = value_against(Side::Short, near, error, units as f64).unwrap() as u128;
            prop_assert!(long * ONE <= worth && worth <= short * ONE);
            let wide = 2.0 * error + 16.0 * f64::EPSILON * (exact as f64 / ONE as f64 + error);
            let slack = (wide * units as f64 * ONE as f64).ceil() as u128;
            prop_assert!(short * ONE <= worth + ONE + slack);
            prop_assert!(worth <= long * ONE + ONE + slack);
        }
    }
}
