//! Depth of a pool that keeps the product of its two reserves.

use crate::depth::{self, DECIMALS_MAX, Decimals, Depth, DepthError, Shift};
use breakwater_money::rounding::{div_wide, mul_div_full, mul_div_wide, narrow_u128};
use breakwater_money::{MoneyError, Price, Rounding, U256};

/// Basis points in one.
const BPS: u32 = 10_000;

/// Largest reserve, the width in which pools of this kind store them: products of two reserves
/// and two fees then fit 256 bits.
pub const RESERVE_MAX: u128 = (1 << 112) - 1;

/// A pool of reserves x (base) and y (quote) with `x * y` kept, the fee taken from what comes in.
///
/// With `g = 10,000 - fee_bps`, selling q fetches `floor(y q g / (10,000 x + q g))`, and the
/// exact curve has the slope `10,000 x y g / (10,000 x + q g)^2` (Angeris and Chitra, "Improved
/// Price Oracles: Constant Function Market Makers", 2020, section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConstantProduct {
    decimals: Decimals,
    base: u128,
    quote: u128,
    /// 10,000 less the fee.
    kept_bps: u32,
}

impl ConstantProduct {
    /// A pool of `base` and `quote` reserves in base units of their assets, both from 1 to
    /// [`RESERVE_MAX`], and a fee below 10,000 basis points.
    ///
    /// # Errors
    /// Names the parameter out of range.
    pub fn new(
        base: u128,
        quote: u128,
        fee_bps: u32,
        decimals: Decimals,
    ) -> Result<Self, DepthError> {
        depth::check_decimals(decimals)?;
        for (field, value) in [("base reserve", base), ("quote reserve", quote)] {
            if value == 0 {
                return Err(DepthError::Field { field, value, relation: "above", bound: 0 });
            }
            if value > RESERVE_MAX {
                let (relation, bound) = ("at most", RESERVE_MAX);
                return Err(DepthError::Field { field, value, relation, bound });
            }
        }
        match BPS.checked_sub(fee_bps) {
            Some(kept_bps) if kept_bps > 0 => {
                Ok(ConstantProduct { decimals, base, quote, kept_bps })
            }
            _ => Err(DepthError::Field {
                field: "fee_bps",
                value: fee_bps.into(),
                relation: "below",
                bound: BPS.into(),
            }),
        }
    }

    /// The part of `quantity` that trades, in units of one ten-thousandth.
    fn kept(&self, quantity: u128) -> U256 {
        U256::from(quantity) * U256::from(self.kept_bps)
    }

    /// The base reserve in units of one ten-thousandth.
    fn base_bps(&self) -> U256 {
        U256::from(self.base) * U256::from(BPS)
    }

    /// `10,000 x y g`, the numerator of the slope: at most 112 + 14 + 112 + 14 bits.
    fn slope_numerator(&self) -> U256 {
        self.base_bps() * self.kept(self.quote)
    }

    /// From a ratio of quote to base units to a price of `decimals`.
    fn to_price(self, decimals: u8) -> Shift {
        let Decimals { base, quote, .. } = self.decimals;
        Shift::new(i32::from(decimals) + i32::from(base) - i32::from(quote))
    }

    fn check(&self, asked: u128) -> Result<(), DepthError> {
        let last = self.capacity();
        if asked > last { Err(DepthError::BeyondLastPoint { asked, last }) } else { Ok(()) }
    }
}

impl Depth for ConstantProduct {
    fn base_decimals(&self) -> u8 {
        self.decimals.base
    }

    fn quote_decimals(&self) -> u8 {
        self.decimals.quote
    }

    fn price_decimals(&self) -> u8 {
        self.decimals.price
    }

    fn out(&self, quantity: u128) -> Result<u128, DepthError> {
        self.check(quantity)?;
        let kept = self.kept(quantity);
        mul_div_wide(U256::from(self.quote), kept, self.base_bps() + kept, Rounding::Floor)
            .and_then(narrow_u128)
            .map_err(depth::overflow("proceeds"))
    }

    fn marginal(&self, sold: u128) -> Result<Price, DepthError> {
        self.check(sold)?;
        // At most 127 bits: the reserve and what was sold into it together fit 112, times 10,000.
        let reserve = self.base_bps() + self.kept(sold);
        let decimals = self.decimals.price;
        let raw = self
            .to_price(decimals)
            .floor(self.slope_numerator(), reserve * reserve)
            .and_then(narrow_u128)
            .map_err(depth::overflow("marginal price"))?;
        Ok(Price::new(raw, decimals))
    }

    /// What brings the base reserve to [`RESERVE_MAX`].
    fn capacity(&self) -> u128 {
        RESERVE_MAX - self.base
    }

    fn sellable_above(&self, price: Price) -> u128 {
        if price.decimals > DECIMALS_MAX {
            return 0;
        }
        // The slope is at least the price while reserve^2 <= numerator * up / (price * down), and
        // for an integer reserve that is while reserve <= isqrt(floor(...)).
        let shift = self.to_price(price.decimals);
        let divisor = U256::from(price.raw) * shift.down();
        let square =
            match mul_div_full(self.slope_numerator(), shift.up(), divisor, Rounding::Floor) {
                Ok(square) => square,
                // A price of zero, or one so low that any reserve is below the root.
                Err(_) => return self.capacity(),
            };
        let Some(room) = isqrt(square).checked_sub(self.base_bps()) else {
            return 0;
        };
        match div_wide(room, U256::from(self.kept_bps), Rounding::Floor).and_then(narrow_u128) {
            Ok(quantity) => quantity.min(self.capacity()),
            Err(MoneyError::Overflow) => self.capacity(),
            // The kept share is never zero, so no other error can come.
            Err(_) => 0,
        }
    }
}

/// `floor(sqrt(n))` by Newton's iteration from above, which descends until it is the floor.
fn isqrt(n: U256) -> U256 {
    if n.is_zero() {
        return n;
    }
    // The power of two at or above the root.
    let mut root = U256::ONE << n.bit_len().div_ceil(2).min(255);
    loop {
        let Ok(quotient) = div_wide(n, root, Rounding::Floor) else {
            return root;
        };
        let next = (root + quotient) >> 1;
        if next >= root {
            return root;
        }
        root = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integer_roots_are_floors_up_to_the_widest() {
        for n in 0u64..2_000 {
            let root = isqrt(U256::from(n));
            assert!(root * root <= U256::from(n));
            assert!((root + U256::ONE) * (root + U256::ONE) > U256::from(n));
        }
        assert_eq!(isqrt(U256::MAX), U256::from(u128::MAX));
        let square = U256::from(u128::MAX) * U256::from(u128::MAX);
        assert_eq!(isqrt(square), U256::from(u128::MAX));
        assert_eq!(isqrt(square - U256::ONE), U256::from(u128::MAX - 1));
    }

    #[test]
    fn every_wrong_parameter_is_named() {
        let decimals = Decimals { base: 18, quote: 6, price: 8 };
        let pool = |base, quote, fee| {
            ConstantProduct::new(base, quote, fee, decimals).unwrap_err().to_string()
        };
        assert_eq!(pool(0, 1, 0), "base reserve is 0; expected above 0");
        assert_eq!(
            pool(1, 1 << 112, 0),
            "quote reserve is 5192296858534827628530496329220096; \
             expected at most 5192296858534827628530496329220095"
        );
        assert_eq!(pool(1, 1, 10_000), "fee_bps is 10000; expected below 10000");
        let wide = ConstantProduct::new(1, 1, 0, Decimals { base: 39, ..decimals });
        assert_eq!(wide.unwrap_err().to_string(), "base decimals is 39; expected at most 38");
    }

    #[test]
    fn thirty_basis_points_of_the_input_stay_in_the_pool() {
        let decimals = Decimals { base: 0, quote: 0, price: 4 };
        let pool = ConstantProduct::new(1_000_000, 2_000_000, 30, decimals).unwrap();
        // 2,000,000 * 1,000 * 9,970 / (1,000,000 * 10,000 + 1,000 * 9,970) = 1,992.01..., floored.
        assert_eq!(pool.out(1_000).unwrap(), 1_992);
        assert_eq!(pool.marginal(0).unwrap(), Price::new(19_940, 4));
    }
}
