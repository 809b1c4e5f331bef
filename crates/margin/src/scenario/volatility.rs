//! How much more the volatility of a near expiry moves than that of one in 30 days.

use super::{ONE_BPS, ScenarioError};
use breakwater_money::rounding::{Rounding, div, mul_div_full, narrow_u128};
use breakwater_money::{Rational, U256, rational};
use breakwater_options::normal::power;

/// Days at which the factor is one.
const PIVOT_DAYS: u32 = 30;

/// Seconds of a day.
const DAY_SECONDS: u64 = 86_400;

/// Units of a factor that make one.
pub(super) const FACTOR_ONE_E12: u64 = 1_000_000_000_000;

/// Powers are hundredths, at most one: larger ones are no venue's, and their exact comparison slow.
const POWER_ONE: u32 = 100;

/// `(30 / days)^(power / 100)` in 1e-12, rounded up, for an expiry in `seconds`. Less than a second
/// counts as one.
///
/// # Errors
/// A power of more than 100 hundredths.
pub fn factor_e12(seconds: u64, power_hundredths: u32) -> Result<u128, ScenarioError> {
    let days = Rational::new(seconds.max(1).into(), DAY_SECONDS.into());
    factor_of_days_e12(&days, power_hundredths)
}

/// The same for any number of `days` above zero; zero or less counts as a second.
///
/// A float proposes a narrow range; whether an integer `f` is large enough is decided exactly, by
/// `(f / 1e12)^100 >= (30 / days)^power` in lowest terms.
///
/// # Errors
/// A power of more than 100 hundredths.
pub fn factor_of_days_e12(days: &Rational, power_hundredths: u32) -> Result<u128, ScenarioError> {
    if power_hundredths > POWER_ONE {
        let found = i64::from(power_hundredths);
        let right = "at most 100 hundredths is right";
        return Err(ScenarioError::Grid { field: "volatility.power", found, right });
    }
    let least = Rational::new(1.into(), DAY_SECONDS.into());
    let ratio = Rational::from_integer(PIVOT_DAYS.into());
    // division: exact, rationals do not round; the divisor is at least a second.
    let ratio = ratio / days.clone().max(least);
    let (exponent, root) = lowest_terms(power_hundredths);
    // By whole numbers, without a common divisor to look for: `f^root q^exponent >= p^exponent one^root`.
    let whole = |n: u128| Rational::from_integer(n.into()).to_integer();
    let right = ratio.numer().pow(exponent) * whole(FACTOR_ONE_E12.into()).pow(root);
    let below = ratio.denom().pow(exponent);
    let enough = |factor: u128| whole(factor).pow(root) * &below >= right;
    let (mut low, mut high) = proposed_range(&ratio, power_hundredths);
    while low > 0 && enough(low) {
        low >>= 1;
    }
    while !enough(high) {
        high <<= 1;
    }
    // `low` is not enough, or zero, which is not as the ratio is positive; `high` is.
    while high - low > 1 {
        let middle = low + ((high - low) >> 1);
        if enough(middle) { high = middle } else { low = middle }
    }
    Ok(high)
}

/// Two integers that the factor lies between, as far as floats can tell.
// float: proposes where the exact comparison begins; it widens the range if this one is wrong.
fn proposed_range(ratio: &Rational, power_hundredths: u32) -> (u128, u128) {
    let near = rational::to_raw(ratio, 12, Rounding::HalfUp).unwrap_or(u128::MAX) as f64 * 1e-12;
    let factor = power(near, f64::from(power_hundredths) / 100.0) * 1e12;
    let (low, high) = (factor * (1.0 - 1e-13) - 2.0, factor * (1.0 + 1e-13) + 2.0);
    // A cast of a float ends at the ends of the integer; a range of its own keeps the doubling finite.
    ((low as u128).min(1 << 100), (high as u128).clamp(1, 1 << 100))
}

fn lowest_terms(hundredths: u32) -> (u32, u32) {
    let (mut left, mut right) = (hundredths, POWER_ONE);
    while right != 0 {
        (left, right) = (right, left % right);
    }
    // `left` divides both, and both are at most 100.
    let share = |n: u32| {
        div(n.into(), left.into(), Rounding::Floor).ok().and_then(|n| u32::try_from(n).ok())
    };
    (share(hundredths).unwrap_or(0), share(POWER_ONE).unwrap_or(1))
}

/// A shock of volatility: `move_share (30 / days)^(power / 100)`, exact but for the factor, which is
/// rounded up at 1e-12.
///
/// # Errors
/// A power of more than 100 hundredths.
pub fn shock(
    move_share: &Rational,
    days: &Rational,
    power_hundredths: u32,
) -> Result<Rational, ScenarioError> {
    let factor = factor_of_days_e12(days, power_hundredths)?;
    Ok(move_share * Rational::new(factor.into(), FACTOR_ONE_E12.into()))
}

/// `ppm (1 + move factor)`, rounded up.
pub(super) fn raised(ppm: u64, move_bps: u32, factor_e12: u128) -> Result<u128, ScenarioError> {
    let one = U256::from(ONE_BPS) * U256::from(FACTOR_ONE_E12);
    // The factor has at most 101 bits and the move 32.
    let share = one + U256::from(move_bps) * U256::from(factor_e12);
    Ok(narrow_u128(mul_div_full(U256::from(ppm), share, one, Rounding::Ceil)?)?)
}

/// `ppm (1 - move factor)`, rounded down, not below zero.
pub(super) fn lowered(ppm: u64, move_bps: u32, factor_e12: u128) -> Result<u128, ScenarioError> {
    let one = U256::from(ONE_BPS) * U256::from(FACTOR_ONE_E12);
    let share = one.saturating_sub(U256::from(move_bps) * U256::from(factor_e12));
    Ok(narrow_u128(mul_div_full(U256::from(ppm), share, one, Rounding::Floor)?)?)
}
