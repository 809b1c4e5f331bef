//! How much a step sells.

use super::executor::{Book, Margins, Position, Sale};
use super::rung::{BPS_ONE, PriceBound};
use crate::plan::fewest;
use crate::{Rejected, Rejection};
use breakwater_money::rounding::{Rounding, div, mul_div};

/// The requirement that a step aims at, and what of it may stay short.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    line: Line,
    /// Most that may be missing afterwards, in base units of the numeraire.
    missing_most: u128,
}

#[derive(Debug, Clone, Copy)]
enum Line {
    Initial,
    Maintenance { buffer_bps: u32 },
}

impl Target {
    /// The initial requirement, met.
    pub const INITIAL: Target = Target { line: Line::Initial, missing_most: 0 };

    /// The maintenance requirement with a buffer, met.
    pub const fn maintenance(buffer_bps: u32) -> Target {
        Target { line: Line::Maintenance { buffer_bps }, missing_most: 0 }
    }

    /// The same line with so much of it left short.
    pub const fn leaving(self, missing_most: u128) -> Target {
        Target { missing_most, ..self }
    }

    /// What the account lacks; at least one unit while it is in breach, so that where equality is
    /// a breach, equality is not enough.
    pub fn missing(&self, margins: &Margins) -> Result<u128, Rejected> {
        let line = match self.line {
            Line::Initial => margins.initial,
            Line::Maintenance { buffer_bps } => {
                let buffer = share_of(margins.maintenance, buffer_bps, Rounding::Ceil)?;
                margins.maintenance.checked_add(buffer).ok_or(Rejection::Overflow)?
            }
        };
        let missing = match u128::try_from(margins.equity) {
            Ok(equity) => line.saturating_sub(equity),
            Err(_) => {
                let debt = margins.equity.unsigned_abs();
                line.checked_add(debt).ok_or(Rejection::Overflow)?
            }
        };
        Ok(missing.max(u128::from(margins.breach)))
    }

    fn is_met(&self, margins: &Margins) -> Result<bool, Rejected> {
        Ok(self.missing(margins)? <= self.missing_most)
    }
}

/// Basis points of an amount.
pub(super) fn share_of(amount: u128, bps: u32, rounding: Rounding) -> Result<u128, Rejected> {
    Ok(mul_div(amount, bps.into(), BPS_ONE.into(), rounding)?)
}

/// Positions in order, whole, and of the last one the fewest lots, that reach the target; none if
/// all of them do not. One lot less of the last sale misses it.
pub(super) fn least(
    book: &dyn Book,
    positions: &[Position],
    at: PriceBound,
    target: &Target,
) -> Result<Option<Vec<Sale>>, Rejected> {
    let mut sales: Vec<Sale> = Vec::with_capacity(positions.len());
    for position in positions {
        let before = sales.clone();
        let with = |count: u128| {
            let quantity = position.of_lots(count);
            let last = Sale { asset: position.asset, quantity, at };
            [before.as_slice(), &[last]].concat()
        };
        let lots = position.lots()?;
        let found = fewest(lots, |count| {
            // What the rule refuses in part it may still take whole, or together with others.
            let Ok(after) = book.after(&with(count)) else { return Ok(false) };
            target.is_met(&after)
        })?;
        sales = with(found.unwrap_or(lots));
        if found.is_some() {
            return Ok(Some(sales));
        }
    }
    Ok(None)
}

/// The positions, in order, cut so that together they are worth at most `value`: whole lots but for
/// a whole position, and one lot where not even that is allowed, so that every block sells.
pub(super) fn capped(positions: &[Position], value: u128) -> Result<Vec<Position>, Rejected> {
    let mut left = value;
    let mut cut: Vec<Position> = Vec::new();
    for position in positions {
        if position.notional <= left {
            left -= position.notional;
            cut.push(*position);
            continue;
        }
        let fits = mul_div(position.quantity, left, position.notional, Rounding::Floor)?;
        let lots = div(fits, position.lot.max(1), Rounding::Floor)?;
        let lots = if cut.is_empty() { lots.max(1) } else { lots };
        if lots > 0 {
            cut.push(Position { quantity: position.of_lots(lots), ..*position });
        }
        break;
    }
    Ok(cut)
}
