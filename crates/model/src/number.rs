//! Integers without a width, and the three roundings.

use breakwater_liquidation::Rejection;
use breakwater_money::U256;
use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_traits::{One, Signed, Zero};

/// An integer that cannot overflow.
pub type Int = BigInt;

/// What a step of the model gives, or the reason why the command is refused.
pub type Result<T> = std::result::Result<T, Rejection>;

/// `n / d` towards minus infinity; the divisor is above zero.
///
/// # Errors
/// [`Rejection::Overflow`] for a divisor of zero, which the engine reports the same way.
pub fn floor(n: &Int, d: &Int) -> Result<Int> {
    if d.is_positive() { Ok(n.div_floor(d)) } else { Err(Rejection::Overflow) }
}

/// `n / d` towards plus infinity; the divisor is above zero.
///
/// # Errors
/// As [`floor`].
pub fn ceil(n: &Int, d: &Int) -> Result<Int> {
    Ok(-floor(&-n, d)?)
}

/// `n / d` to the nearest, halves up: `floor((n + floor(d / 2)) / d)`.
///
/// # Errors
/// As [`floor`].
pub fn half_up(n: &Int, d: &Int) -> Result<Int> {
    floor(&(n + (d >> 1u8)), d)
}

/// Ten to the power `exponent`.
#[must_use]
pub fn ten(exponent: u8) -> Int {
    match 10u128.checked_pow(u32::from(exponent)) {
        Some(power) => Int::from(power),
        None => Int::from(10u8).pow(u32::from(exponent)),
    }
}

/// One at 18 decimals.
#[must_use]
pub fn wad() -> Int {
    ten(18)
}

/// One at 27 decimals.
#[must_use]
pub fn ray() -> Int {
    ten(27)
}

/// The largest 256-bit number.
#[must_use]
pub fn largest_word() -> Int {
    (Int::one() << 256u32) - 1
}

/// The integer in 128 unsigned bits.
///
/// # Errors
/// [`Rejection::Overflow`] if it does not fit.
pub fn narrow(value: &Int) -> Result<u128> {
    u128::try_from(value).map_err(|_| Rejection::Overflow)
}

/// The integer in 128 signed bits.
///
/// # Errors
/// [`Rejection::Overflow`] if it does not fit.
pub fn narrow_signed(value: &Int) -> Result<i128> {
    i128::try_from(value).map_err(|_| Rejection::Overflow)
}

/// The integer in 256 unsigned bits.
///
/// # Errors
/// [`Rejection::Overflow`] if it does not fit.
pub fn word(value: &Int) -> Result<U256> {
    let (sign, bytes) = value.to_bytes_be();
    if sign == Sign::Minus {
        return Err(Rejection::Overflow);
    }
    U256::try_from_be_slice(&bytes).ok_or(Rejection::Overflow)
}

/// A 256-bit number as an integer.
#[must_use]
pub fn of_word(value: U256) -> Int {
    Int::from_bytes_be(Sign::Plus, &value.to_be_bytes::<32>())
}

/// The integer, or zero if it is negative.
#[must_use]
pub fn positive(value: Int) -> Int {
    if value.is_negative() { Int::zero() } else { value }
}

/// An exact fraction of integers; the divisor is above zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fraction {
    above: Int,
    below: Int,
}

impl Fraction {
    /// `above / below`.
    ///
    /// # Errors
    /// [`Rejection::Overflow`] for a divisor of zero, as [`floor`].
    pub fn new(above: Int, below: Int) -> Result<Self> {
        if below.is_positive() { Ok(Fraction { above, below }) } else { Err(Rejection::Overflow) }
    }

    /// `raw` at so many decimals.
    #[must_use]
    pub fn scaled(raw: Int, decimals: u8) -> Self {
        Fraction { above: raw, below: ten(decimals) }
    }

    /// The product.
    #[must_use]
    pub fn times(&self, other: &Fraction) -> Self {
        Fraction { above: &self.above * &other.above, below: &self.below * &other.below }
    }

    /// The quotient.
    ///
    /// # Errors
    /// As [`Fraction::new`]: the other is not above zero.
    pub fn over(&self, other: &Fraction) -> Result<Self> {
        Fraction::new(&self.above * &other.below, &self.below * &other.above)
    }

    /// The product with an integer.
    #[must_use]
    pub fn of(&self, whole: &Int) -> Self {
        Fraction { above: &self.above * whole, below: self.below.clone() }
    }

    /// The sum.
    #[must_use]
    pub fn plus(&self, other: &Fraction) -> Self {
        let above = &self.above * &other.below + &other.above * &self.below;
        Fraction { above, below: &self.below * &other.below }
    }

    /// The difference, or zero if it is negative.
    #[must_use]
    pub fn less(&self, other: &Fraction) -> Self {
        let above = positive(&self.above * &other.below - &other.above * &self.below);
        Fraction { above, below: &self.below * &other.below }
    }

    /// The larger of the two.
    #[must_use]
    pub fn or_more(&self, other: &Fraction) -> Self {
        let more = &other.above * &self.below > &self.above * &other.below;
        if more { other.clone() } else { self.clone() }
    }

    /// The largest integer not above it.
    #[must_use]
    pub fn down(&self) -> Int {
        self.above.div_floor(&self.below)
    }

    /// The smallest integer not below it.
    #[must_use]
    pub fn up(&self) -> Int {
        -((-&self.above).div_floor(&self.below))
    }

    /// The nearest integer, halves up.
    #[must_use]
    pub fn nearest(&self) -> Int {
        (&self.above * 2u8 + &self.below).div_floor(&(&self.below * 2u8))
    }
}
