//! Exponential, logarithm, root and the tail of the normal distribution for loops over columns.
//!
//! The same functions as in [`normal`](crate::normal), but their polynomials run as four sums side
//! by side, because a loop that takes several options a step otherwise waits for each term: twice
//! the speed, other last bits. Everything is plain arithmetic in one stated order.

use crate::normal::{EXPONENT_MIN, LN_2_HIGH, LN_2_LOW, SCALED_TAIL, TO_NEAREST, TWO_TO_MINUS_600};

/// `c[0] + c[1] x + c[2] x^2 + ...`, rows of four.
#[inline(always)]
fn polynomial<const ROWS: usize>(rows: &[[f64; 4]; ROWS], x: f64) -> f64 {
    let square = x * x;
    let fourth = square * square;
    let [mut zero, mut one, mut two, mut three] = [0.0; 4];
    for [a, b, c, d] in rows.iter().rev() {
        zero = zero * fourth + a;
        one = one * fourth + b;
        two = two * fourth + c;
        three = three * fourth + d;
    }
    (zero + one * x) + (two + three * x) * square
}

/// The coefficients of [`scaled_tail`](crate::normal::scaled_tail) in rows of four, the last filled up
/// with zeros.
const TAIL: [[f64; 4]; 7] = {
    let mut rows = [[0.0; 4]; 7];
    let mut at = 0;
    while at < SCALED_TAIL.len() {
        rows[at / 4][at % 4] = SCALED_TAIL[at];
        at += 1;
    }
    rows
};

/// `e^(x^2) erfc(x)` for `x` from 0 to 1e150, within 4 units in the last place.
#[inline(always)]
pub(super) fn scaled_tail(x: f64) -> f64 {
    let y = (x - 3.75) / (x + 3.75);
    polynomial(&TAIL, y) / (1.0 + 2.0 * x)
}

/// Reciprocals of factorials from `1/0!` to `1/13!`.
const FACTORIALS: [[f64; 4]; 4] = [
    [1.0, 1.0, 0.5, 1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 1.0 / 5_040.0],
    [1.0 / 40_320.0, 1.0 / 362_880.0, 1.0 / 3_628_800.0, 1.0 / 39_916_800.0],
    [1.0 / 479_001_600.0, 1.0 / 6_227_020_800.0, 0.0, 0.0],
];

/// `e^r` for `|r| <= ln(2)/2` and the whole number of halvings, both of `x`.
#[inline(always)]
fn parts(x: f64) -> (f64, u64) {
    let shifted = x * std::f64::consts::LOG2_E + TO_NEAREST;
    let whole = shifted - TO_NEAREST;
    let rest = (x - whole * LN_2_HIGH) - whole * LN_2_LOW;
    (polynomial(&FACTORIALS, rest), shifted.to_bits())
}

/// `e^x` for `x <= 0`, within 3 units in the last place; 0 where that is below the smallest float.
#[inline(always)]
pub(super) fn decay(x: f64) -> f64 {
    let (sum, whole) = parts(x.max(EXPONENT_MIN));
    let scaled = sum * f64::from_bits(whole.wrapping_add(1_023 + 600) << 52) * TWO_TO_MINUS_600;
    if x < EXPONENT_MIN { 0.0 } else { scaled }
}

/// The largest argument of [`growth`].
const GROWTH_MAX: f64 = 700.0;

/// `e^x` for `|x|` up to 700 and for the nearer end beyond, within 3 units in the last place.
#[inline(always)]
pub(super) fn growth(x: f64) -> f64 {
    let (sum, whole) = parts(x.clamp(-GROWTH_MAX, GROWTH_MAX));
    sum * f64::from_bits(whole.wrapping_add(1_023) << 52)
}

/// `1 / (2n + 1)` from `n` = 1 to 11: the series of `artanh(s)/s - 1` in `s^2` for `|s|` up to
/// 0.1716, where the logarithm of a number between the roots of one half and two is twice `artanh`,
/// leaves out less than 3e-19.
const ODD: [[f64; 4]; 3] = [
    [1.0 / 3.0, 1.0 / 5.0, 1.0 / 7.0, 1.0 / 9.0],
    [1.0 / 11.0, 1.0 / 13.0, 1.0 / 15.0, 1.0 / 17.0],
    [1.0 / 19.0, 1.0 / 21.0, 1.0 / 23.0, 0.0],
];

/// `2^52`: a float with this exponent field holds a whole number in its low bits.
const WHOLE: f64 = 4_503_599_627_370_496.0;

/// `ln(a / b)` for positive normal numbers whose quotient is one as well, within 2 units in its own
/// last place, however near they are: the power of two between them leaves first, then
/// `2 artanh((a-b)/(a+b))` has an exact difference.
#[inline(always)]
pub(super) fn log_ratio(a: f64, b: f64) -> f64 {
    let quotient = a / b;
    // The exponent of the power of two nearest the quotient, from -1022 on, as a whole number.
    let field = (quotient * std::f64::consts::SQRT_2).to_bits() >> 52;
    let whole = f64::from_bits(WHOLE.to_bits() | field) - (WHOLE + 1_023.0);
    let scaled = b * f64::from_bits(field << 52);
    let s = (a - scaled) / (a + scaled);
    let square = s * s;
    let near = 2.0 * s + 2.0 * s * (square * polynomial(&ODD, square));
    whole * LN_2_HIGH + (whole * LN_2_LOW + near)
}

/// The square root of a normal number and its reciprocal, within one and four units in the last
/// place, by Newton's steps from the halved exponent: the library's own root is one instruction
/// that keeps a loop from taking several options a step.
#[inline(always)]
pub(super) fn root_and_inverse(x: f64) -> (f64, f64) {
    // Half the exponent and the sign turned, with the constant that makes the worst error least
    // (Lomont, Fast inverse square root, 2003, section 4).
    let mut inverse = f64::from_bits(0x5fe6_eb50_c7b5_37a9_u64.wrapping_sub(x.to_bits() >> 1));
    inverse *= 1.5 - 0.5 * x * inverse * inverse;
    inverse *= 1.5 - 0.5 * x * inverse * inverse;
    inverse *= 1.5 - 0.5 * x * inverse * inverse;
    inverse *= 1.5 - 0.5 * x * inverse * inverse;
    let root = x * inverse;
    (root + 0.5 * inverse * (x - root * root), inverse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ULP: f64 = f64::EPSILON;

    #[test]
    fn the_ends_are_zero_one_and_what_a_table_says() {
        assert!(decay(-745.0) > 0.0 && decay(-746.0) == 0.0 && decay(f64::NEG_INFINITY) == 0.0);
        assert_eq!((decay(0.0), growth(0.0), log_ratio(3.0, 3.0)), (1.0, 1.0, 0.0));
        assert_eq!(growth(1e9), growth(700.0));
        // Abramowitz and Stegun 7.1 by way of 40-digit arithmetic.
        for (x, value) in
            [(0.0, 1.0), (1.0, 0.427_583_576_155_807), (30.0, 0.018_795_888_861_416_75)]
        {
            assert!((scaled_tail(x) - value).abs() <= 4.0 * ULP * value, "{x}");
        }
    }

    proptest! {
        #[test]
        fn the_tail_is_that_of_one_at_a_time(x in prop_oneof![0.0..10.0f64, 0.0..1e3f64]) {
            let right = crate::normal::scaled_tail(x);
            prop_assert!((scaled_tail(x) - right).abs() <= 6.0 * ULP * right);
        }

        #[test]
        fn decay_is_the_pinned_librarys(x in -700.0..0.0f64) {
            let right = libm::exp(x);
            prop_assert!((decay(x) - right).abs() <= 3.0 * ULP * right);
        }

        #[test]
        fn growth_is_the_pinned_librarys(x in -700.0..700.0f64) {
            let right = libm::exp(x);
            prop_assert!((growth(x) - right).abs() <= 3.0 * ULP * right);
        }

        #[test]
        fn the_logarithm_of_a_ratio_keeps_its_digits(
            a in 1e-9..1e9f64, power in -9i32..0, near in any::<bool>(), part in 0.0..1.0f64
        ) {
            let away = if near { part * 10f64.powi(power) } else { part * 40.0 };
            let b = a * libm::exp(away);
            let right = crate::pair::logarithm_of_quotient(a, b);
            let found = log_ratio(a.min(b), b);
            prop_assert!((found - right.high).abs() <= 2.0 * ULP * right.high.abs(), "{a} {b}");
        }

        #[test]
        fn a_root_and_its_inverse_are_the_pinned_librarys(x in 1e-9..1e9f64, power in -8i32..9) {
            let x = x * 10f64.powi(10 * power);
            let (root, inverse) = root_and_inverse(x);
            let right = libm::sqrt(x);
            prop_assert!((root - right).abs() <= ULP * right, "{x}");
            prop_assert!((inverse * right - 1.0).abs() <= 4.0 * ULP, "{x}");
        }
    }
}
