//! Two numbers a side that close and charge every position on it at once.
//!
//! After percolator's specification v16.8.3, sections 3, 5 and 7. `A` scales what a position holds,
//! `K` adds up what a unit of it gains; a position keeps both as they were when it was opened and is
//! worked out when it is next touched. Closing a part of a side for a bankrupt account is then two
//! additions, however many positions there are: nobody is singled out, and no order exists.
//!
//! All rounding goes against positions. What scaling floors away stays in the open interest while no
//! position holds it; [`Side::unheld`] bounds it, and every sum that must cover another is charged on
//! what is surely held. So the pool is never short, even where the two sides differ in scale or size:
//! one fund of theirs that both indices shared would mint value there.

use breakwater_money::rounding::{Rounding, div_wide, mul_div_full, narrow_i128, narrow_u128};
use breakwater_money::{MoneyError, U256};

/// One, as a scale of positions.
pub const ONE_E15: u128 = 1_000_000_000_000_000;

/// Below this scale a side only closes: what is left of `A` no longer resolves small positions.
pub const DRAIN_BELOW_E15: u128 = 100_000_000_000_000;

/// What a side takes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything.
    Open,
    /// Closing alone, since the scale is below its threshold.
    DrainOnly,
    /// Nothing until every position of the epoch before is settled.
    Settling,
}

/// Which side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Gains when the price rises.
    Long,
    /// Gains when it falls.
    Short,
}

/// One side of a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    /// Scale of positions at 1e15, `A`.
    pub scale_e15: u128,
    /// Gain of a unit, `K`: base units of the settle asset times 1e15 times `unit`.
    pub index: i128,
    /// Units open, whoever holds them.
    pub open_interest: u128,
    /// Units of the open interest that no position may hold any more, at most.
    pub unheld: u128,
    /// Base units of the contract that a price is for.
    pub unit: u128,
    /// How often the side was closed to the last unit.
    pub epoch: u64,
    /// Positions of this epoch.
    pub positions: u64,
    /// Positions of the epoch before that are not settled.
    pub stale: u64,
    /// The index as the epoch before ended.
    pub index_at_end: i128,
}

/// What a position keeps of its side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Units when opened.
    pub basis: u128,
    /// The side's scale then, `a_basis`.
    pub scale_e15: u128,
    /// The side's index when last settled.
    pub index: i128,
    /// The side's epoch.
    pub epoch: u64,
}

/// What a position comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// Units it still holds, floored.
    pub effective: u128,
    /// What its account gets, or gives below zero; rounded down.
    pub gain: i128,
}

/// What closing a part of a side did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SideClosed {
    /// Added to the index; zero or below.
    pub index_change: i128,
    /// The scale after; zero where the side was closed whole, before its new epoch began.
    pub scale_e15_after: u128,
    /// Open interest after.
    pub open_interest_after: u128,
}

/// Why a side refuses. Nothing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SideError {
    /// More to be closed than there is.
    #[error("quantity {quantity} is above the open interest {open_interest}")]
    BeyondOpenInterest {
        /// As given.
        quantity: u128,
        /// Of the side.
        open_interest: u128,
    },
    /// Nobody is there to bear a deficit.
    #[error("no position surely holds any of the open interest {open_interest}")]
    NobodyHolds {
        /// Of the side.
        open_interest: u128,
    },
    /// What is left of the scale would be nothing while units stay open: close the side whole.
    #[error("closing {quantity} of {open_interest} leaves no scale; close the whole side")]
    Exhausted {
        /// As given.
        quantity: u128,
        /// Of the side.
        open_interest: u128,
    },
    /// The side takes no new position.
    #[error("the side is {mode:?} and takes no new position")]
    Refused {
        /// What it does instead.
        mode: Mode,
    },
    /// A position of no units, or of another side or a settled epoch.
    #[error("the position of basis {basis} and epoch {epoch} is none of the side's")]
    NoPosition {
        /// Its units when opened.
        basis: u128,
        /// Its epoch.
        epoch: u64,
    },
    /// An index or a gain beyond 128 bits.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Side {
    /// A side without positions, of a contract whose price is for `unit` base units.
    ///
    /// # Errors
    /// `unit` is zero.
    pub fn new(unit: u128) -> Result<Side, SideError> {
        if unit == 0 {
            return Err(MoneyError::DivisionByZero.into());
        }
        Ok(Side {
            scale_e15: ONE_E15,
            index: 0,
            open_interest: 0,
            unheld: 0,
            unit,
            epoch: 0,
            positions: 0,
            stale: 0,
            index_at_end: 0,
        })
    }

    /// What the side takes on.
    #[must_use]
    pub fn mode(&self) -> Mode {
        if self.stale > 0 {
            Mode::Settling
        } else if self.scale_e15 < DRAIN_BELOW_E15 {
            Mode::DrainOnly
        } else {
            Mode::Open
        }
    }

    /// Units that positions surely hold.
    fn held(&self) -> u128 {
        self.open_interest.saturating_sub(self.unheld)
    }

    /// Opens a position of `quantity`.
    ///
    /// # Errors
    /// The side drains or settles, the quantity is zero, or the open interest overflows.
    pub fn open(&mut self, quantity: u128) -> Result<Position, SideError> {
        let mode = self.mode();
        if mode != Mode::Open {
            return Err(SideError::Refused { mode });
        }
        if quantity == 0 {
            return Err(SideError::NoPosition { basis: 0, epoch: self.epoch });
        }
        let open = self.open_interest.checked_add(quantity).ok_or(MoneyError::Overflow)?;
        let positions = self.positions.checked_add(1).ok_or(MoneyError::Overflow)?;
        (self.open_interest, self.positions) = (open, positions);
        Ok(Position {
            basis: quantity,
            scale_e15: self.scale_e15,
            index: self.index,
            epoch: self.epoch,
        })
    }

    /// What the position comes to now: `effective = floor(basis A / a_basis)`, and a gain of
    /// `floor(basis (K - k) / (a_basis unit))`. Of an epoch that has ended it holds nothing and gains
    /// up to the epoch's end.
    ///
    /// # Errors
    /// The position is none of the side's, or the gain does not fit.
    pub fn worth(&self, position: &Position) -> Result<Settled, SideError> {
        let Position { basis, scale_e15, index, epoch } = *position;
        let foreign = SideError::NoPosition { basis, epoch };
        if basis == 0 || scale_e15 == 0 {
            return Err(foreign);
        }
        let (effective, last) = if epoch == self.epoch && self.positions > 0 {
            let scaled = U256::from(basis) * U256::from(self.scale_e15);
            let effective = div_wide(scaled, U256::from(scale_e15), Rounding::Floor)?;
            (narrow_u128(effective)?, self.index)
        } else if Some(epoch) == self.epoch.checked_sub(1) && self.stale > 0 {
            (0, self.index_at_end)
        } else {
            return Err(foreign);
        };
        let change = last.abs_diff(index);
        let below = U256::from(scale_e15) * U256::from(self.unit);
        // Towards minus infinity: a gain floors, a loss is rounded up.
        let (sign, rounding) =
            if last >= index { (1, Rounding::Floor) } else { (-1, Rounding::Ceil) };
        let size = mul_div_full(U256::from(basis), U256::from(change), below, rounding)?;
        Ok(Settled { effective, gain: sign * narrow_i128(size)? })
    }

    /// Pays a position out: the gain is the account's, and the position starts anew from here. It
    /// keeps its basis, so that settling often costs it units of gain, and never of quantity. None
    /// left of a position of an ended epoch.
    ///
    /// # Errors
    /// As [`Side::worth`].
    pub fn settle(&mut self, position: &mut Option<Position>) -> Result<Settled, SideError> {
        let Some(held) = position else {
            return Err(SideError::NoPosition { basis: 0, epoch: self.epoch });
        };
        let settled = self.worth(held)?;
        if held.epoch == self.epoch {
            held.index = self.index;
        } else {
            self.stale -= 1;
            *position = None;
        }
        Ok(settled)
    }

    /// Settles a position and closes it against whoever takes its effective units.
    ///
    /// # Errors
    /// As [`Side::worth`].
    pub fn close(&mut self, position: &mut Option<Position>) -> Result<Settled, SideError> {
        if position.is_none() {
            return Err(SideError::NoPosition { basis: 0, epoch: self.epoch });
        }
        self.resize(position, 0)
    }

    /// Settles a position and makes it one of `quantity` units: opened where there is none, closed at
    /// zero, and left on its basis where it holds just that. The fraction of a unit that the floor
    /// takes off the old size is nobody's from then on.
    ///
    /// # Errors
    /// As [`Side::worth`], or the position would grow on a side that takes none on. Nothing changed.
    pub fn resize(
        &mut self,
        position: &mut Option<Position>,
        quantity: u128,
    ) -> Result<Settled, SideError> {
        let (mut side, mut held) = (*self, *position);
        let mut settled = Settled { effective: 0, gain: 0 };
        if held.is_some() {
            settled = side.settle(&mut held)?;
        }
        match held {
            None if quantity == 0 => {}
            None => held = Some(side.open(quantity)?),
            Some(_) if quantity == settled.effective && quantity > 0 => {}
            Some(before) => {
                let mode = side.mode();
                if quantity > settled.effective && mode != Mode::Open {
                    return Err(SideError::Refused { mode });
                }
                side.detach(&before, settled.effective, quantity)?;
                held = (quantity > 0).then_some(Position {
                    basis: quantity,
                    scale_e15: side.scale_e15,
                    index: side.index,
                    epoch: side.epoch,
                });
                if held.is_none() {
                    side.positions -= 1;
                    if side.positions == 0 {
                        side.begin_epoch();
                    }
                }
            }
        }
        (*self, *position) = (side, held);
        Ok(settled)
    }

    /// Puts `quantity` units in the place of a position that holds `effective`, floored.
    fn detach(
        &mut self,
        position: &Position,
        effective: u128,
        quantity: u128,
    ) -> Result<(), SideError> {
        // At most 2^256.
        let whole = U256::from(position.basis) * U256::from(self.scale_e15);
        let is_exact = whole == U256::from(effective) * U256::from(position.scale_e15);
        let left = self.open_interest.saturating_sub(effective);
        self.open_interest = left.checked_add(quantity).ok_or(MoneyError::Overflow)?;
        let orphaned = u128::from(!is_exact);
        self.unheld = self.unheld.saturating_add(orphaned).min(self.open_interest);
        Ok(())
    }

    /// Takes `quantity` off all positions in proportion, and `deficit` from their gains in
    /// proportion: `A' = floor(A (OI - q) / OI)` and `K' = K - ceil(D A unit / OI)`, `A` and `OI` as
    /// before. Both are the venue's as long as nothing is unheld; then `D` is charged on what is held.
    /// With the last unit the epoch ends: positions settle at the index as it is then.
    ///
    /// # Errors
    /// See [`SideError`].
    pub fn close_side(&mut self, quantity: u128, deficit: u128) -> Result<SideClosed, SideError> {
        let open_interest = self.open_interest;
        if quantity > open_interest {
            return Err(SideError::BeyondOpenInterest { quantity, open_interest });
        }
        let index_change = -self.charge(deficit)?;
        let index = self.index.checked_add(index_change).ok_or(MoneyError::Overflow)?;
        let left = open_interest - quantity;
        let (scale, lost) = self.scaled(left)?;
        if scale == 0 && left > 0 {
            return Err(SideError::Exhausted { quantity, open_interest });
        }
        self.index = index;
        self.scale_e15 = scale;
        self.open_interest = left;
        self.unheld = self.unheld.saturating_add(lost).min(left);
        if left == 0 && open_interest > 0 {
            self.begin_epoch();
        }
        Ok(SideClosed { index_change, scale_e15_after: scale, open_interest_after: left })
    }

    /// The scale with which positions hold `left` of the open interest, floored, and the most units
    /// that the floor takes off all of them: less than one for each `A` of open interest.
    fn scaled(&self, left: u128) -> Result<(u128, u128), SideError> {
        if self.open_interest == 0 {
            return Ok((self.scale_e15, 0));
        }
        let open = U256::from(self.open_interest);
        let whole = U256::from(self.scale_e15) * U256::from(left);
        let scale = div_wide(whole, open, Rounding::Floor)?;
        let is_exact = scale.checked_mul(open) == Some(whole);
        let lost = if is_exact {
            U256::ZERO
        } else {
            div_wide(open, U256::from(self.scale_e15), Rounding::Ceil)?
        };
        Ok((narrow_u128(scale)?, narrow_u128(lost)?))
    }

    /// The rise of the index that takes `amount` from what is surely held.
    fn charge(&self, amount: u128) -> Result<i128, SideError> {
        if amount == 0 {
            return Ok(0);
        }
        let held = self.held();
        if held == 0 {
            return Err(SideError::NobodyHolds { open_interest: self.open_interest });
        }
        let per = U256::from(self.scale_e15) * U256::from(self.unit);
        let rise = mul_div_full(U256::from(amount), per, U256::from(held), Rounding::Ceil)?;
        Ok(narrow_i128(rise)?)
    }

    fn begin_epoch(&mut self) {
        self.index_at_end = self.index;
        self.epoch += 1;
        // A side that settles takes no position, so those of the epoch before that are settled.
        self.stale = self.positions;
        self.positions = 0;
        self.scale_e15 = ONE_E15;
        self.open_interest = 0;
        self.unheld = 0;
    }
}

/// Moves both sides by a change of price, up if above zero: the losing side pays the change on every
/// unit of its own, by its own scale, and the winning side gets what is surely paid for the units it
/// has. Where both have the same open interest, all of it held, that is `A` times the change on each.
///
/// # Errors
/// An index would not fit 128 bits. Nothing changed.
pub fn move_price(long: &mut Side, short: &mut Side, by: i128) -> Result<(), SideError> {
    let (winner, loser) = if by >= 0 { (long, short) } else { (short, long) };
    let change = U256::from(by.unsigned_abs());
    let fall = narrow_i128(U256::from(loser.scale_e15).saturating_mul(change))?;
    let paid_for = loser.held().min(winner.open_interest);
    let rise = if winner.open_interest == 0 {
        0
    } else {
        let each = U256::from(winner.scale_e15).saturating_mul(change);
        let open = U256::from(winner.open_interest);
        narrow_i128(mul_div_full(each, U256::from(paid_for), open, Rounding::Floor)?)?
    };
    let fallen = loser.index.checked_sub(fall).ok_or(MoneyError::Overflow)?;
    let risen = winner.index.checked_add(rise).ok_or(MoneyError::Overflow)?;
    (loser.index, winner.index) = (fallen, risen);
    Ok(())
}

#[cfg(test)]
mod tests;
