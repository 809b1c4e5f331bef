//! A subaccount, what it counts for, and which changes it may make.

use super::{Perpetuals, Revert, minus, plus};
use breakwater_money::U256;

/// A perpetual position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Its perpetual.
    pub perpetual: u32,
    /// Base quantums, negative for a short.
    pub quantums: i128,
}

/// A trader's subaccount: one balance of the quote token and positions that share it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subaccount {
    /// The balance (quote quantums).
    pub quote: i128,
    /// At most one a perpetual.
    pub positions: Vec<Position>,
}

/// Net collateral and requirements of an account or a position (quote quantums).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Risk {
    /// Quote balance and net notionals (TNC, or NNV of a position).
    pub net: i128,
    /// Initial requirement (TIMR).
    pub initial: i128,
    /// Maintenance requirement (TMMR).
    pub maintenance: i128,
}

impl Risk {
    /// Whether the account may be liquidated: it needs maintenance margin and has less. Equality is
    /// healthy.
    #[must_use]
    pub fn is_liquidatable(&self) -> bool {
        self.maintenance > 0 && self.maintenance > self.net
    }

    /// Whether the account could take more on; equality could.
    #[must_use]
    pub fn is_initial_collateralized(&self) -> bool {
        self.net >= self.initial
    }

    /// Whether the ratio of net collateral to maintenance requirement is below that of `other`,
    /// compared by cross products so that nothing is rounded.
    #[must_use]
    pub fn is_riskier_than(&self, other: &Risk) -> bool {
        cross(self.net, other.maintenance) < cross(other.net, self.maintenance)
    }

    fn with(self, other: Risk) -> Result<Risk, Revert> {
        Ok(Risk {
            net: plus(self.net, other.net)?,
            initial: plus(self.initial, other.initial)?,
            maintenance: plus(self.maintenance, other.maintenance)?,
        })
    }
}

/// A product of two 128-bit integers as sign and magnitude, in an order that compares like the
/// product. Two magnitudes of at most 2^127 stay below 2^255.
fn cross(a: i128, b: i128) -> (bool, U256) {
    let magnitude = U256::from(a.unsigned_abs()) * U256::from(b.unsigned_abs());
    let negative = !magnitude.is_zero() && (a < 0) != (b < 0);
    // A larger magnitude is a smaller negative number.
    (!negative, if negative { U256::MAX - magnitude } else { magnitude })
}

/// Whether a change from `before` to `after` may be made: the account is well collateralised
/// afterwards, or its requirement does not rise and it is no riskier than before. Without a requirement
/// on both sides its net collateral must rise, and with one on one side only it may not be made
/// (`IsValidStateTransitionForUndercollateralizedSubaccount`).
#[must_use]
pub fn transition_allowed(before: &Risk, after: &Risk) -> bool {
    if after.is_initial_collateralized() {
        return true;
    }
    if after.maintenance > before.maintenance {
        return false;
    }
    match (before.maintenance, after.maintenance) {
        (0, 0) => after.net > before.net,
        (0, _) | (_, 0) => false,
        _ => !after.is_riskier_than(before),
    }
}

impl Subaccount {
    /// Net collateral and requirements.
    ///
    /// # Errors
    /// A perpetual is missing, two positions share one, its tier is invalid, or
    /// [`Revert::Arithmetic`].
    pub fn risk(&self, perpetuals: &Perpetuals) -> Result<Risk, Revert> {
        let mut risk = Risk { net: self.quote, ..Risk::default() };
        for held in &self.positions {
            self.position(held.perpetual)?;
            risk = risk.with(perpetuals.get(held.perpetual)?.risk(held.quantums)?)?;
        }
        Ok(risk)
    }

    /// Base quantums of the one position in `perpetual`.
    ///
    /// # Errors
    /// [`Revert::PositionCount`].
    pub fn position(&self, perpetual: u32) -> Result<i128, Revert> {
        let mut found = self.positions.iter().filter(|held| held.perpetual == perpetual);
        match (found.next(), found.count()) {
            (Some(held), 0) => Ok(held.quantums),
            (first, more) => {
                let found = usize::from(first.is_some()).saturating_add(more);
                Err(Revert::PositionCount { perpetual, found })
            }
        }
    }

    /// The position that a liquidation takes on: the first not liquidated in this block, from a start
    /// that `seed` gives, wrapping; nothing when all were (`GetPerpetualPositionToLiquidate`). The
    /// chain draws the start from a generator seeded by the block; here it is the seed's remainder.
    #[must_use]
    pub fn position_to_liquidate(&self, seed: u64, liquidated: &[u32]) -> Option<u32> {
        let start = start(seed, self.positions.len())?;
        let (wrapped, first) = self.positions.split_at_checked(start)?;
        let mut in_turn = first.iter().chain(wrapped);
        let next = in_turn.find(|held| !liquidated.contains(&held.perpetual))?;
        Some(next.perpetual)
    }

    /// The account after `base` was added to a position and `quote` to the balance. A position that
    /// ends at zero is gone.
    ///
    /// # Errors
    /// [`Revert::PositionCount`], [`Revert::Arithmetic`].
    pub fn after(&self, perpetual: u32, base: i128, quote: i128) -> Result<Subaccount, Revert> {
        let quantums = plus(self.position(perpetual)?, base)?;
        let mut account = self.clone();
        account.quote = plus(account.quote, quote)?;
        for held in account.positions.iter_mut().filter(|held| held.perpetual == perpetual) {
            held.quantums = quantums;
        }
        account.positions.retain(|held| held.quantums != 0);
        Ok(account)
    }
}

/// Checks that `delta` closes a part of `position`.
pub(super) fn check_delta(position: i128, delta: i128) -> Result<(), Revert> {
    let opposite = position.signum() != 0 && position.signum() == -delta.signum();
    if opposite && delta.unsigned_abs() <= position.unsigned_abs() {
        return Ok(());
    }
    Err(Revert::SizeDelta { delta, position })
}

/// Where to start among `count`, by the remainder of a seed; nothing among none.
pub(super) fn start(seed: u64, count: usize) -> Option<usize> {
    let count = u64::try_from(count).ok()?;
    usize::try_from(seed.checked_rem(count)?).ok()
}

/// Change of a requirement or value between two states.
pub(super) fn change(before: i128, after: i128) -> Result<i128, Revert> {
    minus(after, before)
}
