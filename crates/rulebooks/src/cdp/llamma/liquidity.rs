//! Collateral into the bands, and both coins out of them again.

use super::{
    BANDS_MAX, Band, Bands, Changes, Market, ONE, PART_MIN, Position, Revert, SKIPPED_MAX, add, sub,
};
use breakwater_money::rounding::{div_wide, mul_div_wide, product};
use breakwater_money::{Rounding, U256};

/// What a deposit gives and changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deposit {
    /// The depositor's new position.
    pub position: Position,
    /// The pool afterwards.
    pub changes: Changes,
}

/// What a withdrawal gives and changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Units of the borrowed token paid out.
    pub borrowed: U256,
    /// Units of the collateral token paid out.
    pub collateral: U256,
    /// What is left of the position; none after a withdrawal of the whole.
    pub position: Option<Position>,
    /// The pool afterwards.
    pub changes: Changes,
}

/// Spreads `amount` units of the collateral token evenly over the bands `first` to `last`, the
/// remainder going to the first. `holds` says whether the depositor already has a position.
///
/// Empty bands at and above the active one are skipped: where `first` is not below the active
/// band, the active band moves to just above it.
///
/// # Errors
/// The number of bands is not 1 to 50, the amount is too low, the depositor holds a position, a
/// band that is filled or skipped holds borrowed coin, too many would be skipped, the shares of a
/// band exceed 128 bits, or a value overflows 256 bits.
pub fn deposit(
    market: &Market,
    pool: &impl Bands,
    holds: bool,
    amount: U256,
    first: i64,
    last: i64,
) -> Result<Deposit, Revert> {
    let bands = last.checked_sub(first).and_then(|distance| distance.checked_add(1));
    let bands = bands.and_then(|bands| usize::try_from(bands).ok()).ok_or(Revert::BandCount)?;
    if !(1..=BANDS_MAX).contains(&bands) {
        return Err(Revert::BandCount);
    }
    let whole = product(&[amount, market.collateral_precision])?;
    let part = div_wide(whole, U256::from(bands), Rounding::Floor)?;
    if part <= U256::from(PART_MIN) {
        return Err(Revert::AmountTooLow);
    }
    if holds {
        return Err(Revert::HasLiquidity);
    }
    let remainder = sub(whole, product(&[part, U256::from(bands)])?)?;
    let mut head = pool.head();
    head.active = skipped_to(pool, first)?;
    head.lowest = head.lowest.min(first);
    head.highest = head.highest.max(last);

    let mut shares = Vec::with_capacity(bands);
    let mut changed = Vec::with_capacity(bands);
    for n in first..=last {
        let amount = if n == first { add(part, remainder)? } else { part };
        let (gained, band) = fill(pool.band(n), amount)?;
        shares.push(gained);
        changed.push((n, band));
    }
    let position = Position { first, shares };
    Ok(Deposit { position, changes: Changes { head, bands: changed } })
}

/// The active band once those from it up to `first` are skipped.
fn skipped_to(pool: &impl Bands, first: i64) -> Result<i64, Revert> {
    let mut active = pool.head().active;
    let mut skipped = 0;
    while active >= first {
        if skipped == SKIPPED_MAX || !pool.band(active).borrowed.is_zero() {
            return Err(Revert::BelowActive);
        }
        active = active.checked_sub(1).ok_or(Revert::BelowActive)?;
        skipped += 1;
    }
    Ok(active)
}

/// `band` with `amount` more collateral, and the shares that buys.
fn fill(mut band: Band, amount: U256) -> Result<(U256, Band), Revert> {
    if !band.borrowed.is_zero() {
        return Err(Revert::BelowActive);
    }
    let per = add(band.collateral, U256::ONE)?;
    let gained = mul_div_wide(band.all_shares()?, amount, per, Rounding::Floor)?;
    if gained.is_zero() {
        return Err(Revert::NoShares);
    }
    band.shares = add(band.shares, gained)?;
    // The contract packs two shares of a position into one word.
    if band.shares.bit_len() > 128 {
        return Err(Revert::Arithmetic);
    }
    band.collateral = add(band.collateral, amount)?;
    Ok((gained, band))
}

/// Takes the share `fraction` (wad) of a position out of its bands, in whatever coins they hold.
/// Contents that belong to no share are abandoned to the market.
///
/// # Errors
/// The fraction is above one, there is no position, or a value overflows 256 bits.
pub fn withdraw(
    market: &Market,
    pool: &impl Bands,
    position: Option<&Position>,
    fraction: U256,
) -> Result<Withdrawal, Revert> {
    let one = U256::from(ONE);
    if fraction > one {
        return Err(Revert::FractionTooLarge);
    }
    let position = position.ok_or(Revert::NoPosition)?;
    let mut left = Vec::with_capacity(position.shares.len());
    let mut changed = Vec::with_capacity(position.shares.len());
    let (mut borrowed, mut collateral) = (U256::ZERO, U256::ZERO);
    let mut lowest = pool.head().lowest;
    let mut highest = position.first.saturating_sub(1);
    for (n, held) in position.each() {
        let burnt = mul_div_wide(fraction, held, one, Rounding::Floor)?;
        left.push(sub(held, burnt)?);
        let (x, y, band) = drain(pool.band(n), burnt)?;
        borrowed = add(borrowed, x)?;
        collateral = add(collateral, y)?;
        if n == lowest && band.is_empty() {
            lowest = lowest.saturating_add(1);
        }
        if !band.is_empty() {
            highest = n;
        }
        changed.push((n, band));
    }
    let mut head = pool.head();
    head.lowest = lowest;
    if head.highest <= position.last() {
        head.highest = highest;
    }
    let rest = Position { first: position.first, shares: left };
    Ok(Withdrawal {
        borrowed: div_wide(borrowed, market.borrowed_precision, Rounding::Floor)?,
        collateral: div_wide(collateral, market.collateral_precision, Rounding::Floor)?,
        position: (fraction != one).then_some(rest),
        changes: Changes { head, bands: changed },
    })
}

/// `band` without `burnt` shares, and what they are worth of each coin.
fn drain(mut band: Band, burnt: U256) -> Result<(U256, U256, Band), Revert> {
    let all = band.all_shares()?;
    let worth = |content: U256| -> Result<U256, Revert> {
        Ok(mul_div_wide(add(content, U256::ONE)?, burnt, all, Rounding::Floor)?)
    };
    let (x, y) = (worth(band.borrowed)?, worth(band.collateral)?);
    band.shares = sub(band.shares, burnt)?;
    band.borrowed = sub(band.borrowed, x)?;
    band.collateral = sub(band.collateral, y)?;
    if band.shares.is_zero() {
        band = Band::default();
    }
    Ok((x, y, band))
}
