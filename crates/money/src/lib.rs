//! Amounts, prices and ratios as integers with the unit in the type.
//!
//! Money knows no asset names, no accounts and no prices of anything in particular: it knows
//! how to hold a quantity exactly, how to multiply and divide it through a wide intermediate
//! with the rounding named at the call site, and how to read and print it without loss.
//!
//! ```
//! use breakwater_money::{Rounding, decimal, rounding};
//!
//! // 1.5 tokens of 18 decimals at 1,723.474 (8 decimals) are worth 2,585.211.
//! let amount = decimal::parse_raw("1.5", 18).unwrap();
//! let price = decimal::parse_raw("1723.474", 8).unwrap();
//! let value = rounding::mul_div(amount, price, 10u128.pow(18), Rounding::Floor).unwrap();
//! assert_eq!(decimal::format_raw(value, 8), "2585.211");
//! ```

pub mod amount;
pub mod decimal;
pub mod fixed;
pub mod ids;
pub mod price;
pub mod rational;
pub mod rounding;
pub mod scale;
pub mod share;
pub mod time;
pub mod transfer;

pub use amount::Amount;
pub use decimal::Decimal;
pub use ids::{AccountId, AssetId};
pub use price::Price;
pub use rational::Rational;
pub use rounding::Rounding;
pub use ruint::aliases::{U256, U512};
pub use scale::{Bps, E8, E9, Rad, Ray, Scaled, Wad};
pub use time::Time;
pub use transfer::{Class, Holder, Holding, Transfer, TransferCode, Unit};

/// Why an exact operation has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// The result does not fit the width of its type. Nothing wraps.
    #[error("overflow: the result does not fit")]
    Overflow,
    /// A difference of unsigned quantities would be negative.
    #[error("underflow: the result would be negative")]
    Underflow,
    /// A divisor is zero.
    #[error("division by zero")]
    DivisionByZero,
    /// Two amounts of different assets were combined.
    #[error("assets differ: {left} and {right}")]
    AssetsDiffer {
        /// Asset of the left operand.
        left: AssetId,
        /// Asset of the right operand.
        right: AssetId,
    },
    /// Two prices of different scales were compared or combined.
    #[error("price scales differ: {left} and {right} decimals")]
    ScalesDiffer {
        /// Decimals of the left operand.
        left: u8,
        /// Decimals of the right operand.
        right: u8,
    },
}

/// The usual result of this crate.
pub type Result<T> = std::result::Result<T, MoneyError>;
