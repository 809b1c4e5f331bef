//! The normal distribution, from one scaled error function without branches.
//!
//! Everything is plain arithmetic on 64-bit floats in one stated order, so a machine gives the same
//! bits as another and loops over columns vectorise. `erfcx(x) = e^(x^2) erfc(x)` carries the tail:
//! it neither underflows nor cancels, and `N(-z) = e^(-z^2/2) erfcx(z / sqrt 2) / 2`.

/// Coefficients, constant first, of `(1 + 2x) erfcx(x)` as a polynomial in `y = (x - C) / (x + C)`
/// on `[-1, 1]`, with `C` = 3.75: its Chebyshev series at 60 digits, cut where the rest is below
/// 3e-18. The map is that of Shepherd and Laframboise (Mathematics of Computation 36, 1981); the
/// coefficients are our own.
pub(crate) const SCALED_TAIL: [f64; 25] = [
    1.2375126308378275,
    -0.14024059858554697,
    0.0035854154854644293,
    0.0822767384901452,
    -0.10880393014174886,
    0.09230432116037748,
    -0.05869339858963677,
    0.028362277418956406,
    -0.009746579558029276,
    0.0017556258528952954,
    0.0002937136655913448,
    -0.0002901540805408417,
    5.164909889268241e-05,
    2.238423915508223e-05,
    -1.1444146237700524e-05,
    -9.73559896736775e-07,
    1.751637648849062e-06,
    -5.7218230603224086e-08,
    -2.5866850716155884e-07,
    2.3263508708859124e-08,
    3.8675334242222354e-08,
    -3.744210080962018e-09,
    -5.1739902140113095e-09,
    3.1114333809799254e-10,
    4.2514714447963895e-10,
];

/// Where `y` is zero.
const CENTRE: f64 = 3.75;

/// Beyond this `erfcx` is its own limit, `1 / (x sqrt pi)`, to the last bit; squares stay finite.
const ARGUMENT_MAX: f64 = 1e150;

/// `1 / sqrt 2`.
pub(crate) const ROOT_HALF: f64 = std::f64::consts::FRAC_1_SQRT_2;

/// `1 / sqrt(2 pi)`.
const ROOT_TAU_INVERSE: f64 = 0.398_942_280_401_432_7;

/// `e^(x^2) erfc(x)` for `x >= 0`, within 4 units in the last place.
#[must_use]
#[inline]
pub fn scaled_tail(x: f64) -> f64 {
    let x = x.min(ARGUMENT_MAX);
    let y = (x - CENTRE) / (x + CENTRE);
    let mut sum = 0.0;
    for coefficient in SCALED_TAIL.iter().rev() {
        sum = sum * y + coefficient;
    }
    sum / (1.0 + 2.0 * x)
}

/// Powers of two by which the logarithm of two is split, so that the high part times a whole number
/// below 2^11 is exact.
pub(crate) const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
pub(crate) const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// Adding and taking away `1.5 * 2^52` rounds a float of less than 2^51 to the nearest integer.
pub(crate) const TO_NEAREST: f64 = 6_755_399_441_055_744.0;

/// Below this `e^x` is under the smallest float.
pub(crate) const EXPONENT_MIN: f64 = -745.2;

/// Reciprocals of factorials from `1/13!` to `1/0!`: the Taylor series of `e^r` for
/// `|r| <= ln(2)/2` leaves out less than 5e-18.
const FACTORIALS_INVERSE: [f64; 14] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
    1.0,
];

/// `e^x` for `x <= 0`, within 2 units in the last place; 0 where that is below the smallest float.
#[must_use]
#[inline]
pub fn decay(x: f64) -> f64 {
    let bounded = x.max(EXPONENT_MIN);
    let shifted = bounded * std::f64::consts::LOG2_E + TO_NEAREST;
    let whole = shifted - TO_NEAREST;
    let rest = (bounded - whole * LN_2_HIGH) - whole * LN_2_LOW;
    let mut sum = 0.0;
    for coefficient in FACTORIALS_INVERSE {
        sum = sum * rest + coefficient;
    }
    // The low bits of the shifted float are the whole number in two's complement: no conversion, which
    // would keep the loop from taking several options a step. It is at least -1,075, so that its sum
    // with the bias and 600 is the exponent of a normal float; the 600 leave in a second step.
    let exponent = shifted.to_bits().wrapping_add(1_023 + 600) << 52;
    let scaled = sum * f64::from_bits(exponent) * TWO_TO_MINUS_600;
    if x < EXPONENT_MIN { 0.0 } else { scaled }
}

/// `2^-600`.
pub(crate) const TWO_TO_MINUS_600: f64 = f64::from_bits((1_023 - 600) << 52);

/// The standard normal density at `z`.
#[must_use]
#[inline]
pub fn density(z: f64) -> f64 {
    ROOT_TAU_INVERSE * decay(-0.5 * z * z)
}

/// The standard normal distribution function at `z`. In the left tail the relative error is about
/// `z^2 / 2` units in the last place, that of squaring `z`; elsewhere a few units.
#[must_use]
#[inline]
pub fn cumulative(z: f64) -> f64 {
    let tail = 0.5 * decay(-0.5 * z * z) * scaled_tail(z.abs() * ROOT_HALF);
    if z < 0.0 { tail } else { 1.0 - tail }
}

/// `x^y` from the pinned library: the same bits everywhere.
#[must_use]
pub fn power(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

/// The square root from the pinned library; zero below zero.
#[must_use]
pub fn root(x: f64) -> f64 {
    libm::sqrt(x.max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ULP: f64 = f64::EPSILON;

    #[test]
    fn the_scaled_tail_is_that_of_published_values() {
        // Abramowitz and Stegun 7.1 by way of 40-digit arithmetic.
        for (x, value) in [
            (0.0, 1.0),
            (0.5, 0.615_690_344_192_925_9),
            (1.0, 0.427_583_576_155_807),
            (5.0, 0.110_704_637_733_068_63),
            (30.0, 0.018_795_888_861_416_75),
            (1e6, 5.641_895_835_474_742e-7),
            (1e200, 5.641_895_835_477_563e-151),
        ] {
            let found = scaled_tail(x);
            assert!((found - value).abs() <= 4.0 * ULP * value, "{x}: {found} for {value}");
        }
    }

    #[test]
    fn ends_of_the_line_are_zero_one_and_never_nan() {
        for (z, value) in [(f64::INFINITY, 1.0), (f64::NEG_INFINITY, 0.0), (0.0, 0.5), (-40.0, 0.0)]
        {
            assert_eq!(cumulative(z), value, "{z}");
        }
        assert_eq!(cumulative(-37.0), 5.725_571_222_524_576e-300);
        assert_eq!(density(f64::INFINITY), 0.0);
        assert_eq!(density(0.0), ROOT_TAU_INVERSE);
        assert!(decay(-745.0) > 0.0 && decay(-746.0) == 0.0 && decay(f64::NEG_INFINITY) == 0.0);
        assert_eq!(decay(0.0), 1.0);
    }

    proptest! {
        #[test]
        fn decay_is_the_pinned_librarys(x in -700.0..0.0f64) {
            let right = libm::exp(x);
            prop_assert!((decay(x) - right).abs() <= 2.0 * ULP * right);
        }

        #[test]
        fn cumulative_is_half_the_complementary_error_function(z in -8.0..8.0f64) {
            let right = 0.5 * libm::erfc(-z * ROOT_HALF);
            let allowed = (6.0 + 2.0 * z * z) * ULP * right;
            prop_assert!((cumulative(z) - right).abs() <= allowed, "{} {}", cumulative(z), right);
        }

        #[test]
        fn cumulative_never_falls_by_more_than_its_error(z in -38.0..9.0f64, step in 0.0..0.1f64) {
            let (here, there) = (cumulative(z), cumulative(z + step));
            prop_assert!(there >= here * (1.0 - (8.0 + 2.0 * z * z) * ULP));
        }
    }
}
