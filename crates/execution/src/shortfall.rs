//! What a fill cost against the mark.

use crate::ExecutionError;
use breakwater_market::quote_value;
use breakwater_money::rounding::{div_wide, mul_div_full};
use breakwater_money::{MoneyError, Price, Rounding, U256};
use serde::{Deserialize, Serialize};

/// Basis points in one.
const BPS: i64 = 10_000;

/// Implementation shortfall of a fill (Perold, "The Implementation Shortfall: Paper versus
/// Reality", 1988) with the mark as the paper price. Negative where the fill beat the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortfall {
    /// Value of what was sold at the mark, in quote base units, rounded up.
    pub mark_value: u128,
    /// `mark_value` less what was received, in quote base units: never understated.
    pub against_mark: i128,
    /// Exact shortfall over exact value at the mark, in basis points, towards minus infinity.
    pub bps_floor: i64,
    /// The same towards plus infinity: never understated.
    pub bps_ceil: i64,
}

impl Shortfall {
    /// Of selling `sold` base units for `out` quote base units while the mark stood at `mark`.
    ///
    /// # Errors
    /// Nothing was sold, the mark is zero or has more than 38 decimals, or overflow.
    pub fn of(
        sold: u128,
        out: u128,
        mark: Price,
        base_decimals: u8,
        quote_decimals: u8,
    ) -> Result<Shortfall, ExecutionError> {
        for (field, value) in [("quantity sold", sold), ("mark", mark.raw)] {
            if value == 0 {
                return Err(ExecutionError::Zero { field });
            }
        }
        let mark_value = quote_value(sold, mark, base_decimals, quote_decimals, Rounding::Ceil)?;
        let overflow = ExecutionError::Overflow { what: "shortfall" };
        let signed = |v: u128| i128::try_from(v).map_err(|_| overflow);
        // One minus received over value: what rounds the ratio up rounds the shortfall down.
        let received = |rounding| {
            received_bps(sold, out, mark, base_decimals, quote_decimals, rounding)
                .ok()
                .and_then(|bps| i64::try_from(bps).ok())
                .ok_or(overflow)
        };
        Ok(Shortfall {
            mark_value,
            against_mark: signed(mark_value)? - signed(out)?,
            bps_floor: BPS - received(Rounding::Ceil)?,
            bps_ceil: BPS - received(Rounding::Floor)?,
        })
    }
}

/// `10,000 * out / (sold * mark)` with both sides in quote base units, rounded once.
fn received_bps(
    sold: u128,
    out: u128,
    mark: Price,
    base_decimals: u8,
    quote_decimals: u8,
    rounding: Rounding,
) -> Result<U256, MoneyError> {
    let exponent = i32::from(base_decimals) + i32::from(mark.decimals) - i32::from(quote_decimals);
    // Each of the three is at most 38, or the value at the mark was refused before: the power is
    // at most the 76th, which is below 2^256.
    let power = U256::from(10u8).pow(U256::from(exponent.unsigned_abs()));
    let received = U256::from(out) * U256::from(BPS.unsigned_abs());
    let worth = U256::from(sold) * U256::from(mark.raw);
    if exponent >= 0 {
        return mul_div_full(received, power, worth, rounding);
    }
    // Nested floors (or ceilings) of whole divisors are the floor (or ceiling) of their product.
    div_wide(div_wide(received, worth, rounding)?, power, rounding)
}
