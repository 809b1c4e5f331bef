//! Ratios, rates and mirror amounts with their scale as a type.

use crate::rounding::{self, Rounding};
use crate::{Result, U256};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// A fixed scale: how many units make one.
pub trait Scale: Copy + Eq + Ord + std::fmt::Debug {
    /// Decimals of the scale.
    const DECIMALS: u8;
    /// Name as printed after a number.
    const NAME: &'static str;
    /// Ten to the power of the decimals.
    const ONE: U256 = power(Self::DECIMALS);
}

/// Ten to a power, at compile time; all scales stay far below 256 bits.
const fn power(decimals: u8) -> U256 {
    let (mut low, mut high) = (1u128, 0u128);
    let mut step = 0;
    while step < decimals {
        // (high, low) * 10 with the carry out of the low half, which ten times 2^128 bounds.
        let carry = (low >> 64) * 10 + (((low & u64::MAX as u128) * 10) >> 64);
        high = high * 10 + (carry >> 64);
        low = low.wrapping_mul(10);
        step += 1;
    }
    U256::from_limbs([low as u64, (low >> 64) as u64, high as u64, (high >> 64) as u64])
}

macro_rules! scales {
    ($($(#[$doc:meta])* $marker:ident $alias:ident = $decimals:literal, $name:literal;)*) => {$(
        #[doc = concat!("Marker of the scale ", $name, ".")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $marker;
        impl Scale for $marker {
            const DECIMALS: u8 = $decimals;
            const NAME: &'static str = $name;
        }
        $(#[$doc])*
        pub type $alias = Scaled<$marker>;
    )*};
}

scales! {
    /// One is 10,000: thresholds, incentives, close factors.
    BpsScale Bps = 4, "bps";
    /// One is 1e8: base currency of several lending venues.
    E8Scale E8 = 8, "1e8";
    /// One is 1e9: maintenance rates of tier tables.
    E9Scale E9 = 9, "1e9";
    /// One is 1e18: health factors, most on-chain ratios.
    WadScale Wad = 18, "wad";
    /// One is 1e27: indices and rates per year or per second.
    RayScale Ray = 27, "ray";
    /// One is 1e45: internal debt and currency of one family of mirrors.
    RadScale Rad = 45, "rad";
}

/// `raw` units of the scale `S`, 256 bits wide.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Scaled<S> {
    /// The number of units; one is ten to the scale's decimals.
    pub raw: U256,
    #[serde(skip)]
    scale: PhantomData<S>,
}

impl<S: Scale> Scaled<S> {
    /// `raw` units.
    #[must_use]
    pub const fn from_raw(raw: U256) -> Self {
        Scaled { raw, scale: PhantomData }
    }

    /// `raw` units given as a 128-bit integer.
    #[must_use]
    pub fn new(raw: u128) -> Self {
        Scaled::from_raw(U256::from(raw))
    }

    /// One.
    #[must_use]
    pub const fn one() -> Self {
        Scaled::from_raw(S::ONE)
    }

    /// The largest value, used as "no requirement" for health ratios.
    #[must_use]
    pub const fn max() -> Self {
        Scaled::from_raw(U256::MAX)
    }

    /// `value * self` with the rounding named.
    ///
    /// # Errors
    /// The product overflows 256 bits.
    pub fn of(self, value: U256, rounding: Rounding) -> Result<U256> {
        rounding::mul_div_wide(value, self.raw, Self::one().raw, rounding)
    }

    /// `value / self` with the rounding named.
    ///
    /// # Errors
    /// `self` is zero or the scaled value overflows 256 bits.
    pub fn divide(self, value: U256, rounding: Rounding) -> Result<U256> {
        rounding::mul_div_wide(value, Self::one().raw, self.raw, rounding)
    }

    /// `n / d` in this scale.
    ///
    /// # Errors
    /// `d` is zero or the scaled value overflows 256 bits.
    pub fn ratio(n: U256, d: U256, rounding: Rounding) -> Result<Self> {
        Ok(Scaled::from_raw(rounding::mul_div_wide(n, Self::one().raw, d, rounding)?))
    }
}

impl<S: Scale> std::fmt::Display for Scaled<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::decimal::format_wide(self.raw, S::DECIMALS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_name_their_one() {
        assert_eq!(Bps::one().raw, U256::from(10_000));
        assert_eq!(Wad::one().raw, U256::from(10u128.pow(18)));
        assert_eq!(Rad::one().raw, U256::from(10u8).pow(U256::from(45)));
        assert_eq!(Bps::new(8_300).of(U256::from(10_001), Rounding::Floor), Ok(U256::from(8_300)));
        assert_eq!(Bps::new(8_300).of(U256::from(10_001), Rounding::Ceil), Ok(U256::from(8_301)));
        assert_eq!(Wad::new(1_050_000_000_000_000_000).to_string(), "1.05");
        assert_eq!(
            Ray::ratio(U256::from(1), U256::from(3), Rounding::Ceil).unwrap().raw,
            U256::from(333_333_333_333_333_333_333_333_334u128)
        );
    }
}
