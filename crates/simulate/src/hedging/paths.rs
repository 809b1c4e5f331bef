//! Paths of a geometric Brownian motion, drawn by counting: a path is a function of seed and number.

use crate::perpetuals::draw::{above_zero, philox};

/// Third word of the counter: keeps these draws apart from all others under the same seed.
const PURPOSE: u32 = 0x4845_4447;

/// Two normal numbers of a path (Box and Muller, 1958).
fn pair(seed: u64, path: u64, index: u32) -> [f64; 2] {
    let halves = |whole: u64| (whole as u32, (whole >> 32) as u32);
    let ((path_low, path_high), (seed_low, seed_high)) = (halves(path), halves(seed));
    let [a, b, c, d] = philox([path_low, path_high, PURPOSE, index], [seed_low, seed_high]);
    let radius = above_zero(u64::from(a) | u64::from(b) << 32);
    let angle = above_zero(u64::from(c) | u64::from(d) << 32);
    let radius = libm::sqrt(-2.0 * libm::log(radius));
    let angle = std::f64::consts::TAU * (1.0 - angle);
    [radius * libm::cos(angle), radius * libm::sin(angle)]
}

/// Fills `prices` from `spot` on, with a deviation of the log of `spread` and a drift of it of `drift`
/// above the martingale's a step.
pub(super) fn fill(prices: &mut [f64], spot: f64, spread: f64, drift: f64, seed: u64, path: u64) {
    let (mut price, mut second) = (spot, None);
    let shift = drift - 0.5 * spread * spread;
    let mut index = 0;
    for (at, place) in prices.iter_mut().enumerate() {
        if at > 0 {
            let normal = second.take().unwrap_or_else(|| {
                let [first, other] = pair(seed, path, index);
                index += 1;
                second = Some(other);
                first
            });
            price *= libm::exp(spread * normal + shift);
        }
        *place = price;
    }
}
