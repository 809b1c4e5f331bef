//! Promises of descending auctions, by hand and over random sales.

#![cfg(test)]

mod clocks_and_limits;
mod curves;
mod hosted_sales;
mod single_sales;

use super::*;
use breakwater_money::Ray;

pub(super) fn raw(value: u128) -> U256 {
    U256::from(value)
}

fn ten(power: u64) -> U256 {
    raw(10).pow(U256::from(power))
}

/// Thousandths of a unit of the lot.
pub(super) fn wad_milli(n: u64) -> U256 {
    U256::from(n) * ten(15)
}

/// Thousandths as a price or a share.
pub(super) fn ray_milli(n: u64) -> U256 {
    U256::from(n) * ten(24)
}

/// Thousandths of proceeds.
pub(super) fn rad_milli(n: u64) -> U256 {
    U256::from(n) * ten(42)
}

pub(super) fn feed(price_milli: u64) -> Option<Feed> {
    Some(Feed { price: ray_milli(price_milli), health: None })
}

pub(super) fn at(seconds: u64) -> Moment {
    Moment { seconds, feed: None }
}

/// Starts at 1.1 of the feed, falls by 1 % every 90 s, holds for 7,200 s and down to 45 % of the top;
/// 0.1 % and 2 for whoever starts or resets; at least 10 remain wanted.
pub(super) fn terms() -> Terms {
    Terms {
        asking: Asking::Falling(stairs(990, 90)),
        start: Ray::from_raw(ray_milli(1_100)),
        age_seconds_max: U256::from(7_200),
        price_least: Ray::from_raw(ray_milli(450)),
        remainder_least: rad_milli(10_000),
        incentive: Incentive { flat: rad_milli(2_000), share: Wad::from_raw(wad_milli(1)) },
    }
}

pub(super) fn stairs(kept_milli: u64, step: u64) -> Curve {
    Curve::Stairs { kept: Ray::from_raw(ray_milli(kept_milli)), step_seconds: U256::from(step) }
}
