//! The loans behind the bands: where a position goes, how healthy it is, what a liquidator removes.
//!
//! Mirrors the mint controller of the same repository and commit. A loan is liquidated while its
//! health is below zero; a fall of its collateral's price alone does not do that as long as the
//! bands are traded through on the way.

use super::band::{Moment, floor};
use super::{
    BANDS_MAX, Bands, DEAD_SHARES, Feed, Market, ONE, Position, Revert, SKIPPED_MAX, add, claim,
    sub, value,
};
use breakwater_money::rounding::{div_wide, mul_div_wide, product};
use breakwater_money::{Rounding, U256, fixed};

/// Fewest bands of a new loan.
pub const BANDS_MIN: usize = 4;

/// What `collateral` (18 decimals) spread over `bands` counts as in the price of its top band: each
/// band at the middle of its prices, less the discount (wad) and what the dead shares may cost.
fn effective(
    market: &Market,
    collateral: U256,
    bands: u64,
    discount: U256,
) -> Result<U256, Revert> {
    let (one, dead) = (U256::from(ONE), U256::from(DEAD_SHARES));
    let bands_wide = U256::from(bands);
    let each = div_wide(collateral, bands_wide, Rounding::Floor)?;
    let dead_discount = mul_div_wide(dead, one, each.max(dead), Rounding::Floor)?;
    let kept = one - add(discount, dead_discount)?.min(one);
    let per = product(&[market.terms().sqrt_band_ratio, bands_wide])?;
    let mut part = mul_div_wide(collateral, kept, per, Rounding::Floor)?;
    let mut sum = part;
    for _ in 1..bands {
        part = market.below(part)?;
        sum = add(sum, part)?;
    }
    Ok(sum)
}

/// The highest-priced band that lets `collateral` secure `debt` (token units) over `bands` bands at
/// the discount (wad), as far as the two alone decide: neither the price nor what lies in the
/// bands above is looked at.
///
/// # Errors
/// No debt, a collateral that counts for nothing, an edge out of range, or overflow.
pub fn wanted_band(
    market: &Market,
    pool: &impl Bands,
    collateral: U256,
    debt: U256,
    bands: u64,
    discount: U256,
) -> Result<i64, Revert> {
    if debt.is_zero() {
        return Err(Revert::NoLoan);
    }
    let head = pool.head();
    let whole = product(&[collateral, market.collateral_precision])?;
    let counts = effective(market, whole, bands, discount)?;
    let base = market.edge(head.multiplier, head.active)?;
    let owed = add(product(&[debt, market.borrowed_precision])?, U256::ONE)?;
    let ratio = floor(&[counts, base], owed)?;
    if ratio.is_zero() {
        return Err(Revert::AmountTooLow);
    }
    let logarithm = fixed::ln_wad(ratio)?;
    // division: bands below the active one, towards the lower number also below zero, so that the
    // position never lies lower than its debt allows. The logarithm of the ratio of a market with
    // an amplification of at most 10,000 is above zero.
    let distance = logarithm.div_euclid(market.log_ratio());
    let most = SKIPPED_MAX as i128 - i128::from(bands);
    let distance = i64::try_from(distance.min(most)).map_err(|_| Revert::EdgeOutOfRange)?;
    head.active.checked_add(distance).ok_or(Revert::EdgeOutOfRange)
}

/// The band of [`wanted_band`], if the price and the bands above allow it.
///
/// # Errors
/// [`Revert::DebtTooHigh`] if the band lies above the oracle's price or cannot be reached by
/// skipping empty bands; otherwise as [`wanted_band`].
pub fn top_band(
    market: &Market,
    pool: &impl Bands,
    feed: Feed,
    collateral: U256,
    debt: U256,
    bands: u64,
    discount: U256,
) -> Result<i64, Revert> {
    let first = wanted_band(market, pool, collateral, debt, bands, discount)?;
    let moment = Moment::of(market, pool, feed)?;
    if !can_skip_to(pool, first) || moment.edge(first)? > moment.price {
        return Err(Revert::DebtTooHigh);
    }
    Ok(first)
}

/// The highest-priced band at or below `wanted` where a position can be put now, whatever the venue
/// would say of its debt: below the oracle's price and below all borrowed coin. This is no rule of
/// the venue's; it places books that are carried over as they are.
///
/// # Errors
/// An edge out of range, or overflow.
pub fn nearest_band(
    market: &Market,
    pool: &impl Bands,
    feed: Feed,
    wanted: i64,
) -> Result<i64, Revert> {
    let moment = Moment::of(market, pool, feed)?;
    let ratio = market.base_price(pool.head().multiplier)?;
    let ratio = floor(&[ratio, U256::from(ONE)], moment.price)?;
    // division: a first guess, corrected by the edges themselves.
    let guess = fixed::ln_wad(ratio)?.div_euclid(market.log_ratio());
    let mut first = i64::try_from(guess).map_err(|_| Revert::EdgeOutOfRange)?.saturating_sub(2);
    while moment.edge(first)? > moment.price {
        first = first.checked_add(1).ok_or(Revert::EdgeOutOfRange)?;
    }
    let first = first.max(wanted);
    if can_skip_to(pool, first) {
        return Ok(first);
    }
    pool.head().active.checked_add(1).ok_or(Revert::EdgeOutOfRange)
}

/// Whether no band from `first` to the active one holds borrowed coin.
fn can_skip_to(pool: &impl Bands, first: i64) -> bool {
    let active = pool.head().active;
    let steps = active.checked_sub(first).and_then(|steps| usize::try_from(steps).ok());
    match steps {
        Some(steps) if steps >= SKIPPED_MAX => false,
        Some(_) => (first..=active).all(|n| pool.band(n).borrowed.is_zero()),
        // The band lies below the active one already.
        None => first > active,
    }
}

/// Whether a position whose top band is `first` has not been reached: then its bands may be moved.
/// A band above it counts as active only if it holds borrowed coin.
#[must_use]
pub fn can_move(pool: &impl Bands, first: i64) -> bool {
    let head = pool.head();
    let mut n = head.active;
    for _ in 0..SKIPPED_MAX {
        if n < head.lowest {
            return first > head.active.saturating_sub(SKIPPED_MAX as i64);
        }
        if !pool.band(n).borrowed.is_zero() {
            break;
        }
        n = n.saturating_sub(1);
    }
    first > n
}

/// One plus a loan's health (wad): what its position yields in a slow fall, less the discount, over
/// the debt; while the price is above all of its bands, also the rise above them. Below one, and
/// not at one, the loan may be liquidated. The first number leaves the rise out.
///
/// # Errors
/// No debt, an edge out of range, or overflow.
pub fn solvency(
    market: &Market,
    pool: &impl Bands,
    feed: Feed,
    position: &Position,
    debt: U256,
    liquidation_discount: U256,
) -> Result<(U256, U256), Revert> {
    if debt.is_zero() {
        return Err(Revert::NoLoan);
    }
    let falling = value(market, pool, feed, position)?.falling;
    let kept = sub(U256::from(ONE), liquidation_discount)?;
    let within = floor(&[falling, kept], debt)?;
    if position.first <= pool.head().active {
        return Ok((within, within));
    }
    let moment = Moment::of(market, pool, feed)?;
    let upper = moment.edge(position.first)?;
    let Some(rise) = moment.price.checked_sub(upper).filter(|rise| !rise.is_zero()) else {
        return Ok((within, within));
    };
    let collateral = claim(market, pool, position)?.collateral;
    let owed = product(&[debt, market.borrowed_precision])?;
    let above = floor(&[rise, collateral, market.collateral_precision], owed)?;
    Ok((within, add(within, above)?))
}

/// The share of a position that a liquidator removes for the share `fraction` of its debt (both
/// wad): less than that share, so that what stays is healthier, and all of it for the whole.
///
/// # Errors
/// The fraction is above one, or overflow.
pub fn removed(fraction: U256, liquidation_discount: U256) -> Result<U256, Revert> {
    let one = U256::from(ONE);
    if fraction > one {
        return Err(Revert::FractionTooLarge);
    }
    if fraction == one {
        return Ok(one);
    }
    let half = add(one, liquidation_discount >> 1)?;
    let weight = floor(&[half, one - fraction], add(one, liquidation_discount)?)?;
    floor(&[add(weight, fraction)?, fraction], one)
}

/// The part of `debt` that the share `fraction` (wad) repays, rounded up.
///
/// # Errors
/// Overflow.
pub fn repaid(debt: U256, fraction: U256) -> Result<U256, Revert> {
    Ok(mul_div_wide(debt, fraction, U256::from(ONE), Rounding::Ceil)?)
}

/// What a loan of `initial` taken at the multiplier `then` has grown to at `now` (wad): rounded up,
/// except for the only loan of a market.
///
/// # Errors
/// The first multiplier is zero, or overflow.
pub fn debt(initial: U256, then: U256, now: U256, only: bool) -> Result<U256, Revert> {
    let rounding = if only { Rounding::Floor } else { Rounding::Ceil };
    Ok(mul_div_wide(initial, now, then, rounding)?)
}

/// The multiplier of interest (wad) after `seconds` at `rate` (wad a second).
///
/// # Errors
/// Overflow.
pub fn multiplier(stored: U256, rate: U256, seconds: u64) -> Result<U256, Revert> {
    let one = U256::from(ONE);
    let factor = add(one, product(&[rate, U256::from(seconds)])?)?;
    Ok(mul_div_wide(stored, factor, one, Rounding::Floor)?)
}

/// Whether a loan may have this number of bands.
#[must_use]
pub const fn allows_bands(bands: u64) -> bool {
    bands >= BANDS_MIN as u64 && bands <= BANDS_MAX as u64
}
