//! Interest: simple for suppliers, compounded to the third order for borrowers.
//!
//! `x = floor(rate * seconds / year)`; debt grows by `1 + x + x (x/2 + x (x/6))`, the inner
//! divisions down and the two products half up, the innermost first; supply grows by `1 + x`; both
//! indices are rounded half up. A reserve without debt does not grow its debt index.

use super::seconds;
use super::{DEBT_INDEX, DEBT_RATE, Reserve, SUPPLY_INDEX, SUPPLY_RATE, SURCHARGE, UPDATED_AT};
use crate::number::{Int, Result, ceil, floor, half_up, positive, ray};
use crate::pool::Pool;
use breakwater_liquidation::StateKey;
use breakwater_money::{AssetId, Holder, Unit};
use num_traits::{Signed, Zero};

const YEAR: u64 = 31_536_000;

/// Rates in two straight lines, basis points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kink {
    /// Usage at the kink.
    pub optimal: u32,
    /// Rate without usage.
    pub base: u32,
    /// Rate added up to the kink.
    pub slope1: u32,
    /// Rate added beyond it.
    pub slope2: u32,
}

fn of_bps(bps: u32) -> Int {
    // 1e27 is a multiple of 1e4, so this is exact.
    Int::from(bps) * crate::number::ten(23)
}

fn times(a: &Int, b: &Int) -> Result<Int> {
    half_up(&(a * b), &ray())
}

/// Supply and debt index of a reserve, carried to the pool's time.
pub(super) fn indices_now(pool: &Pool, asset: AssetId) -> Result<(Int, Int)> {
    let recall = |column| pool.recall(StateKey::Asset(asset, column));
    let now = Int::from(seconds(pool));
    let elapsed = positive(now - recall(UPDATED_AT));
    let still = recall(SUPPLY_RATE).is_zero() && recall(DEBT_RATE).is_zero();
    if still || elapsed.is_zero() {
        return Ok((recall(SUPPLY_INDEX), recall(DEBT_INDEX)));
    }
    let share = |rate: Int| floor(&(rate * &elapsed), &Int::from(YEAR));

    let x = share(recall(SUPPLY_RATE))?;
    let supply = times(&recall(SUPPLY_INDEX), &(ray() + x))?;

    let debt = recall(DEBT_INDEX);
    if pool.balance(Holder::Issuer, Unit::debt(asset)).is_zero() {
        return Ok((supply, debt));
    }
    let x = share(recall(DEBT_RATE))?;
    let third = times(&x, &floor(&x, &Int::from(6))?)?;
    let second = times(&x, &(floor(&x, &Int::from(2))? + third))?;
    let grown = times(&debt, &(ray() + x + second))?;
    Ok((supply, grown))
}

/// Stores a reserve's indices of now: the first thing a call on it does.
pub(super) fn carry(pool: &mut Pool, asset: AssetId, terms: &Reserve) -> Result<()> {
    if terms.rates.is_none() {
        return Ok(());
    }
    let (supply, debt) = indices_now(pool, asset)?;
    let now = Int::from(seconds(pool));
    pool.remember(StateKey::Asset(asset, SUPPLY_INDEX), supply);
    pool.remember(StateKey::Asset(asset, DEBT_INDEX), debt);
    pool.remember(StateKey::Asset(asset, UPDATED_AT), now);
    Ok(())
}

/// Sets the rates that a reserve's balances ask for: the last thing a call on it does.
pub(super) fn reprice(pool: &mut Pool, asset: AssetId, terms: &Reserve) -> Result<()> {
    let Some(kink) = terms.rates else { return Ok(()) };
    let debt = pool.recall(StateKey::Asset(asset, DEBT_INDEX));
    let shares = pool.balance(Holder::Issuer, Unit::debt(asset)).abs();
    let owed = ceil(&(shares * debt), &ray())?;
    let cash = pool.balance(Holder::Reserve, Unit::token(asset));
    let written_off = pool.balance(Holder::Outstanding, Unit::deficit(asset));
    let usage = |whole: Int| {
        if owed.is_zero() { Ok(Int::zero()) } else { half_up(&(&owed * ray()), &whole) }
    };
    let added = pool.recall(StateKey::Asset(asset, SURCHARGE));
    let rate = borrow_rate(&kink, &usage(&cash + &owed)?)? + added;
    let earned = times(&rate, &usage(&cash + &owed + &written_off)?)?;
    let kept = Int::from(10_000) - Int::from(terms.reserve_factor);
    let paid = half_up(&(earned * kept), &Int::from(10_000))?;
    pool.remember(StateKey::Asset(asset, DEBT_RATE), rate);
    pool.remember(StateKey::Asset(asset, SUPPLY_RATE), paid);
    Ok(())
}

fn borrow_rate(kink: &Kink, usage: &Int) -> Result<Int> {
    let optimal = of_bps(kink.optimal);
    if usage <= &optimal {
        let along = times(&of_bps(kink.slope1), usage)?;
        return Ok(of_bps(kink.base) + half_up(&(along * ray()), &optimal)?);
    }
    let beyond = half_up(&((usage - &optimal) * ray()), &(ray() - &optimal))?;
    Ok(of_bps(kink.base) + of_bps(kink.slope1) + times(&of_bps(kink.slope2), &beyond)?)
}
