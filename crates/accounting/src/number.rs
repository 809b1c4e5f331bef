//! Quantities, values and prices as integers of eighteen decimals.
//!
//! Eighteen decimals hold every coin amount a chain or an exchange states, and 127 bits leave
//! room for 1.7e20 whole units. Sums and shares are exact: what a share does not take stays with
//! the rest, so that parts always add up to the whole.

use crate::AccountingError;
use breakwater_money::{Decimal, Rational, Rounding, U256, decimal, rational, rounding};
use std::fmt;

/// Decimals of every number in this crate.
pub const DECIMALS: u8 = 18;

/// One whole unit.
pub const ONE: i128 = 1_000_000_000_000_000_000;

macro_rules! number {
    ($name:ident, $what:literal) => {
        #[doc = $what]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub i128);

        impl $name {
            /// Nothing.
            pub const ZERO: $name = $name(0);
            /// One whole unit.
            pub const ONE: $name = $name(ONE);

            /// Reads a decimal exactly.
            ///
            /// # Errors
            /// No number, more than 18 decimals that are not zero, or too large.
            pub fn parse(text: &str) -> Result<$name, AccountingError> {
                Ok($name(decimal::parse_raw_signed(text, DECIMALS)?))
            }

            /// Reads a decimal; digits beyond the eighteenth are rounded half up in magnitude.
            /// The flag says whether anything was rounded.
            ///
            /// # Errors
            /// No number, or too large.
            pub fn parse_rounded(text: &str) -> Result<($name, bool), AccountingError> {
                let read = Decimal::parse(text)?;
                if let Ok(raw) = read.to_raw_signed(DECIMALS) {
                    return Ok(($name(raw), false));
                }
                let divisor = U256::from(10u8)
                    .checked_pow(U256::from(read.decimals.saturating_sub(DECIMALS)))
                    .ok_or(AccountingError::Overflow)?;
                let scaled = rounding::div_wide(read.digits, divisor, Rounding::HalfUp)?;
                let raw = rounding::narrow_i128(scaled)?;
                Ok(($name(if read.negative { -raw } else { raw }), true))
            }

            /// The sum.
            ///
            /// # Errors
            /// It does not fit.
            pub fn plus(self, other: $name) -> Result<$name, AccountingError> {
                self.0.checked_add(other.0).map($name).ok_or(AccountingError::Overflow)
            }

            /// The difference.
            ///
            /// # Errors
            /// It does not fit.
            pub fn minus(self, other: $name) -> Result<$name, AccountingError> {
                self.0.checked_sub(other.0).map($name).ok_or(AccountingError::Overflow)
            }

            /// The other sign.
            ///
            /// # Errors
            /// It does not fit.
            pub fn negated(self) -> Result<$name, AccountingError> {
                self.0.checked_neg().map($name).ok_or(AccountingError::Overflow)
            }

            /// `self * part / whole`, rounded half up in magnitude; exact when `part` is `whole`.
            ///
            /// # Errors
            /// `whole` is zero, or the result does not fit.
            pub fn share(self, part: Quantity, whole: Quantity) -> Result<$name, AccountingError> {
                if part == whole {
                    return Ok(self);
                }
                mul_div(self.0, part.0, whole.0).map($name)
            }

            /// Without its sign.
            #[must_use]
            pub fn magnitude(self) -> $name {
                $name(self.0.saturating_abs())
            }

            /// Whether it is nothing.
            #[must_use]
            pub fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// The same number as an exact fraction.
            #[must_use]
            pub fn rational(self) -> Rational {
                rational::from_raw(self.0, DECIMALS)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&decimal::format_raw_signed(self.0, DECIMALS))
            }
        }
    };
}

number!(Quantity, "So many units of one asset, or contracts; signed where the field says so.");
number!(Value, "Money in the currency of the report, signed.");
number!(Price, "Value of one whole unit.");

impl Quantity {
    /// What the quantity is worth at `price`, rounded half up in magnitude.
    ///
    /// # Errors
    /// It does not fit.
    pub fn at(self, price: Price) -> Result<Value, AccountingError> {
        mul_div(self.0, price.0, ONE).map(Value)
    }
}

impl Value {
    /// The price of one unit when `quantity` units are worth this, rounded half up in magnitude.
    ///
    /// # Errors
    /// `quantity` is zero, or the price does not fit.
    pub fn per(self, quantity: Quantity) -> Result<Price, AccountingError> {
        mul_div(self.0, ONE, quantity.0).map(Price)
    }
}

/// `a * b / d` with signs, rounded half up in magnitude.
///
/// # Errors
/// `d` is zero, or the result does not fit.
pub fn mul_div(a: i128, b: i128, d: i128) -> Result<i128, AccountingError> {
    let negative = (a < 0) ^ (b < 0) ^ (d < 0);
    let (a, b, d) = (a.unsigned_abs(), b.unsigned_abs(), d.unsigned_abs());
    let magnitude = rounding::mul_div(a, b, d, Rounding::HalfUp)?;
    let raw = i128::try_from(magnitude).map_err(|_| AccountingError::Overflow)?;
    Ok(if negative { -raw } else { raw })
}
