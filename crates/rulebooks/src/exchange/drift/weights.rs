//! How weights change with the size of a balance.

use super::{BPS, PPM, Revert, add, mul, narrow, part};
use super::{floor, sub};

/// The square root of a size is scaled by this: a size of 1e9, times ten, has a root of 1e5.
const ROOT: u128 = 100_000;

/// Weight of what is owed, or margin ratio of a position, of `size_e9` base units: four fifths of
/// the weight plus `imf x sqrt(10 size + 1) / 1e7`, and never less than the weight itself
/// (`calculate_size_premium_liability_weight`).
///
/// The root and the premium are rounded down. The fifth that is left out is rounded down too, so
/// that the four fifths are rounded up; a weight that divides by five shows no difference.
///
/// # Errors
/// [`Revert::Arithmetic`].
pub fn liability_weight_bps(weight_bps: u32, imf_ppm: u32, size_e9: u128) -> Result<u32, Revert> {
    if imf_ppm == 0 {
        return Ok(weight_bps);
    }
    let weight = u128::from(weight_bps);
    let four_fifths = sub(weight, floor(weight, 5)?)?;
    // division: exact, 1e11 by 1e4; a constant's unit change.
    let per_bps = ROOT * PPM / BPS;
    let premium = part(root(size_e9)?, u128::from(imf_ppm), per_bps)?;
    Ok(narrow(add(four_fifths, premium)?)?.max(weight_bps))
}

/// Weight of what is owned, of `size_e9` units: `1.1 / (1 + imf x sqrt(10 size + 1) / 1e5)`, and
/// never more than the weight itself; everything rounded down
/// (`calculate_size_discount_asset_weight`).
///
/// # Errors
/// [`Revert::Arithmetic`].
pub fn asset_weight_bps(weight_bps: u32, imf_ppm: u32, size_e9: u128) -> Result<u32, Revert> {
    if imf_ppm == 0 {
        return Ok(weight_bps);
    }
    let discount = part(root(size_e9)?, u128::from(imf_ppm), ROOT)?;
    // 1.1 in millionths; the product with 1e4 is far below 2^128.
    let numerator = (PPM + PPM / 10) * BPS; // division: exact, a tenth of a million
    let discounted = floor(numerator, add(PPM, discount)?)?;
    Ok(narrow(discounted)?.min(weight_bps))
}

/// `floor(sqrt(10 size + 1))` of raw integers.
fn root(size_e9: u128) -> Result<u128, Revert> {
    Ok(add(mul(size_e9, 10)?, 1)?.isqrt())
}
