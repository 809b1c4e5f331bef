//! Small words for exact rationals.

use breakwater_money::{Rational, U256, rational};

pub(super) fn zero() -> Rational {
    rational::from_raw(0, 0)
}

pub(super) fn one() -> Rational {
    rational::from_raw(1, 0)
}

/// `raw / 10^decimals`.
pub(super) fn fraction(raw: U256, decimals: i32) -> Rational {
    let one = Rational::from_integer(10.into()).pow(decimals);
    // division: exact, rationals do not round.
    Rational::from_integer(rational::big(raw).into()) / one
}

pub(super) fn magnitude(value: &Rational) -> Rational {
    if *value < zero() { -value } else { value.clone() }
}

/// `over / under`, exact; `None` where `under` is zero.
pub(super) fn ratio(over: &Rational, under: &Rational) -> Option<Rational> {
    // division: exact, rationals do not round; the divisor is not zero.
    (*under != zero()).then(|| over / under)
}
