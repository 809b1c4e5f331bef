//! The accounts and the path, drawn.

use super::settings::CrowdSettings;
use crate::perpetuals::draw::{Draw, Field};

/// One account: a position, opened at the path's price of a round, and the money behind it.
///
/// Were all opened at one price, longs would be in breach below it and shorts above it, and no two could
/// ever meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The round in which it was opened.
    pub opens_at: u32,
    /// Base units, negative for a short.
    pub position: i128,
    /// Quantity times cents: what was got less what was paid, and the margin.
    pub cash: i128,
}

impl Member {
    /// What is left to its owner at a mark.
    #[must_use]
    pub fn equity(&self, mark: u128) -> i128 {
        self.cash.saturating_add(self.position.saturating_mul(signed(mark)))
    }

    /// What it must have.
    #[must_use]
    pub fn maintenance(&self, mark: u128, maintenance_bps: u32) -> i128 {
        let value = self.position.unsigned_abs().saturating_mul(mark);
        signed(value.saturating_mul(maintenance_bps.into()).div_ceil(10_000))
    }
}

pub(super) fn signed(value: u128) -> i128 {
    i128::try_from(value).unwrap_or(i128::MAX)
}

/// Seeds of path and crowd differ, so that account 3 and round 3 share no draw.
const PATH: u64 = 1 << 63;

/// Draws the accounts over a path. One does not depend on how many there are.
#[must_use]
pub fn crowd(settings: &CrowdSettings, path: &[u128]) -> Vec<Member> {
    (0..settings.accounts).map(|number| member(settings, path, number)).collect()
}

fn member(settings: &CrowdSettings, path: &[u128], number: u32) -> Member {
    let draw = Draw::new(settings.seed & !PATH, number.into());
    let sigma = f64::from(settings.size_sigma_percent) / 100.0;
    let size = f64::from(settings.size_median) * libm::exp(sigma * draw.normal(Field::Size));
    // At most a billion units: sums and values stay far within their width.
    let size = size.clamp(1.0, 1e9) as u128;
    let (least, most) = settings.margin_bps;
    let [word, _] = draw.words(Field::Leverage, 0);
    let width = u128::from(most.saturating_sub(least)) + 1;
    let margin_bps = u128::from(least) + ((u128::from(word) * width) >> 64);
    let [word, _] = draw.words(Field::Entry, 0);
    let place = (u128::from(word) * path.len() as u128) >> 64;
    let opens_at = u32::try_from(place).unwrap_or(0) + 1;
    let price = path.get(place as usize).copied().unwrap_or(settings.start_cents);
    let value = size * price;
    let margin = signed(value * margin_bps / 10_000);
    let long = draw.happens(Field::Side, settings.long_percent.into(), 100);
    let (position, paid) = match long {
        true => (signed(size), signed(value)),
        false => (-signed(size), -signed(value)),
    };
    Member { opens_at, position, cash: margin - paid }
}

/// The path's prices, one a round, cents, without what the crowd does to them.
#[must_use]
pub fn path(settings: &CrowdSettings) -> Vec<u128> {
    let rounds = settings.rounds;
    let fall = libm::log(1.0 - f64::from(settings.fall_bps) / 10_000.0);
    let swing = f64::from(settings.swing_bps) / 10_000.0;
    let at = |round: u32| {
        let draw = Draw::new(settings.seed | PATH, round.into());
        let fallen = fall * f64::from(round) / f64::from(rounds);
        // The end is where it was said to be.
        let swung = if round == rounds { 0.0 } else { swing * draw.normal(Field::Value) };
        let price = settings.start_cents as f64 * libm::exp(fallen + swung);
        (price as u128).max(1)
    };
    (1..=rounds).map(at).collect()
}
