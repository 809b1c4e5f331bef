//! The limit on the oracle's price, and the fee that a move of it leaves behind.
//!
//! Not an average: within two minutes of the last swap the price may move by a quarter, and what it
//! moved is charged as a fee that decays to nothing over those two minutes.

use super::{Feed, Memory, ONE, Revert, add, sub};
use breakwater_money::rounding::{mul_div_wide, product};
use breakwater_money::{Rounding, U256};

/// Seconds after a swap within which the price is limited and its move charged.
pub(super) const WINDOW_SECONDS: u64 = 120;

/// Most that the price may grow in one step (wad).
const GROWTH_MAX: u64 = 1_250_000_000_000_000_000;

/// The ratio of the lower to the higher price at that limit (wad).
const RATIO_MIN: u64 = 800_000_000_000_000_000;

/// The price that the market uses, and the fee that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limited {
    /// Price (wad).
    pub price: U256,
    /// Fee for the price's recent moves (wad, below one).
    pub fee: U256,
}

/// The feed as the market sees it, given what it remembers. Nothing is stored; a swap does that.
///
/// # Errors
/// The clock ran backwards, a price is zero within the window, or a product overflows 256 bits.
pub fn limited(memory: &Memory, feed: Feed) -> Result<Limited, Revert> {
    let elapsed = feed.now.checked_sub(memory.at).ok_or(Revert::Arithmetic)?;
    let left = WINDOW_SECONDS - elapsed.min(WINDOW_SECONDS);
    if left == 0 {
        return Ok(Limited { price: feed.price, fee: U256::ZERO });
    }
    let one = U256::from(ONE);
    let (price, ratio) = clip(memory.price, feed.price)?;
    let cube = mul_div_wide(product(&[ratio, ratio])?, ratio, one * one, Rounding::Floor)?;
    let moved = sub(add(one, memory.fee)?, cube)?;
    let fee = mul_div_wide(moved, U256::from(left), U256::from(WINDOW_SECONDS), Rounding::Floor)?;
    Ok(Limited { price, fee: fee.min(one - U256::ONE) })
}

/// The price clipped to a quarter's move from `old`, and the ratio (wad) of the lower price to the
/// higher. A ratio of exactly the limit is no clip, though the ratio has been rounded down.
fn clip(old: U256, new: U256) -> Result<(U256, U256), Revert> {
    let one = U256::from(ONE);
    let (growth, limit) = (U256::from(GROWTH_MAX), U256::from(RATIO_MIN));
    let rises = new > old;
    let (low, high) = if rises { (old, new) } else { (new, old) };
    let ratio = mul_div_wide(low, one, high, Rounding::Floor)?;
    if ratio >= limit {
        return Ok((new, ratio));
    }
    let (up, down) = if rises { (growth, one) } else { (one, growth) };
    Ok((mul_div_wide(old, up, down, Rounding::Floor)?, limit))
}
