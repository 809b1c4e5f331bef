//! Sums, products and logarithms that keep what a float rounds away, as a pair of a value and its
//! rest.
//!
//! Only where two terms cancel does anybody need them: `ln(S/K) + (r - q) T` near zero divided by a
//! small deviation. The sum and product are those of Knuth and of Dekker (Numerische Mathematik 18,
//! 1971); they use no fused operation, so that every machine gives the same bits.

/// A value and the rest that a float of its size cannot hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pair {
    pub high: f64,
    pub low: f64,
}

impl Pair {
    pub fn new(value: f64) -> Self {
        Pair { high: value, low: 0.0 }
    }

    /// `a + b`, exactly.
    #[inline]
    pub fn sum(a: f64, b: f64) -> Self {
        let high = a + b;
        let part = high - a;
        Pair { high, low: (a - (high - part)) + (b - part) }
    }

    /// `a b`, exactly unless a half of a factor or the rest leaves the range of floats.
    pub fn product(a: f64, b: f64) -> Self {
        let high = a * b;
        let ((a, a_low), (b, b_low)) = (halves(a), halves(b));
        Pair { high, low: ((a * b - high) + a * b_low + a_low * b) + a_low * b_low }
    }

    /// `a / b`, to about twice the digits of a float.
    pub fn quotient(a: f64, b: f64) -> Self {
        Pair::new(a).over(Pair::new(b))
    }

    pub fn plus(self, other: Pair) -> Self {
        let sum = Pair::sum(self.high, other.high);
        Pair::sum(sum.high, sum.low + (self.low + other.low))
    }

    pub fn times(self, other: Pair) -> Self {
        let product = Pair::product(self.high, other.high);
        let rest = self.high * other.low + self.low * other.high;
        Pair::sum(product.high, product.low + rest)
    }

    pub fn over(self, other: Pair) -> Self {
        let first = self.high / other.high;
        let left = self.plus(other.times(Pair::new(-first)));
        Pair::sum(first, (left.high + left.low) / other.high)
    }
}

/// A float as a sum of two of half its digits.
fn halves(value: f64) -> (f64, f64) {
    // 2^27 + 1.
    let spread = 134_217_729.0 * value;
    let high = spread - (spread - value);
    (high, value - high)
}

/// `ln 2` in three parts; the first times a whole number below 2^11 is exact.
const LN_2: [f64; 3] =
    [0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10, 1.161_222_722_925_362_3e-26];

/// Terms of `ln m = 2 (s + s^3/3 + s^5/5 + ...)`, `s = (m - 1)/(m + 1)`: the rest is below 2^-100
/// of the sum for `m` from `sqrt(1/2)` to `sqrt 2`.
const TERMS: u8 = 20;

/// `ln(a / b)` to about 1e-30 of the larger of itself and one, for positive normal numbers whose
/// quotient is normal.
pub(crate) fn logarithm_of_quotient(a: f64, b: f64) -> Pair {
    let ratio = Pair::quotient(a, b);
    // The power of two nearest the quotient: the exponent field, one more from sqrt 2 on.
    let exponent = ((ratio.high * std::f64::consts::FRAC_1_SQRT_2).to_bits() >> 52) as i64 - 1_022;
    let scale = |value: f64| libm::scalbn(value, -(exponent as i32));
    let ratio = Pair { high: scale(ratio.high), low: scale(ratio.low) };
    let s = ratio.plus(Pair::new(-1.0)).over(ratio.plus(Pair::new(1.0)));
    let square = s.times(s);
    let mut sum = Pair::new(0.0);
    for term in (0..TERMS).rev() {
        let reciprocal = Pair::quotient(1.0, f64::from(2 * term + 1));
        sum = sum.times(square).plus(reciprocal);
    }
    let whole = exponent as f64;
    let twos = Pair::sum(whole * LN_2[0], whole * LN_2[1]);
    let rest = Pair::product(whole, LN_2[1]).low + whole * LN_2[2];
    let twos = Pair { low: twos.low + rest, ..twos };
    twos.plus(s.times(sum).times(Pair::new(2.0)))
}
