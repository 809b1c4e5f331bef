//! What one account holds or owes of one thing: units, and lots with their basis.

use crate::derivatives::{Form, Matching, Position, Terms};
use crate::journal::error::JournalError;
use breakwater_money::{Rational, rational};
use num_traits::{Signed, Zero};

/// Lots of one asset under one kind of claim. What is owed is a lot below zero: it was entered at what
/// it was worth when it came to be owed, and is closed by what pays it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    /// What the ledger counts: shares of a claim, base units otherwise.
    pub shares: i128,
    /// Base units that this comes to, below zero where they are owed.
    pub units: i128,
    /// Units whose value is not known yet.
    pub unpriced: i128,
    decimals: u8,
    lots: Lots,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Lots {
    /// The numeraire: basis is the quantity.
    Money { units: i128, added: Rational, removed: Rational },
    /// Anything with a price.
    Priced(Box<Position>),
}

/// What a change of units has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Moved {
    /// Basis of what left, without sign; of a debt, what it was entered at.
    pub basis: Rational,
    /// Profit of what left at the value given.
    pub profit: Rational,
}

impl Slot {
    /// Nothing yet, of an asset of these decimals; `money` for the numeraire.
    pub fn new(decimals: u8, money: bool) -> Result<Self, JournalError> {
        let one = Rational::from_integer(1.into());
        let lots = if money {
            Lots::Money { units: 0, added: Rational::zero(), removed: Rational::zero() }
        } else {
            let terms = Terms::new(Form::Linear, one)?;
            Lots::Priced(Box::new(Position::flat(terms, Matching::Fifo)))
        };
        Ok(Slot { shares: 0, units: 0, unpriced: 0, decimals, lots })
    }

    /// Units come in (above zero) or go out for a value without sign. What is against the sign of the
    /// balance closes the oldest lots; the rest opens one.
    pub fn change(&mut self, units: i128, value: &Rational) -> Result<Moved, JournalError> {
        if units == 0 {
            return Ok(Moved::default());
        }
        let moved = match &mut self.lots {
            Lots::Money { units: held, added, removed } => {
                let against = *held != 0 && (*held < 0) != (units < 0);
                let closed =
                    if against { held.unsigned_abs().min(units.unsigned_abs()) } else { 0 };
                let basis = whole(to_signed(closed), self.decimals);
                *removed += &basis;
                *added += whole(to_signed(units.unsigned_abs() - closed), self.decimals);
                *held = held.saturating_add(units);
                Moved { basis, profit: Rational::zero() }
            }
            Lots::Priced(position) => {
                let filled =
                    position.trade(&whole(units, self.decimals), value, &Rational::zero())?;
                let basis = filled
                    .closed
                    .iter()
                    .fold(Rational::zero(), |sum, closed| sum + closed.entered.abs());
                Moved { basis, profit: filled.price_pnl }
            }
        };
        self.units = self.units.saturating_add(units);
        Ok(moved)
    }

    /// Units held in whole, below zero where they are owed.
    pub fn held(&self) -> Rational {
        whole(self.units, self.decimals)
    }

    /// Sum of the lots in whole units.
    pub fn in_lots(&self) -> Rational {
        match &self.lots {
            Lots::Money { units, .. } => whole(*units, self.decimals),
            Lots::Priced(position) => {
                position.lots().fold(Rational::zero(), |sum, lot| sum + &lot.quantity)
            }
        }
    }

    /// Basis of what is held, below zero of what is owed.
    pub fn basis(&self) -> Rational {
        match &self.lots {
            Lots::Money { units, .. } => whole(*units, self.decimals),
            Lots::Priced(position) => position.entered().clone(),
        }
    }

    /// Basis that came, that went, and that is left, all without sign.
    pub fn flow_of_basis(&self) -> (Rational, Rational, Rational) {
        match &self.lots {
            Lots::Money { units, added, removed } => {
                (added.clone(), removed.clone(), whole(*units, self.decimals).abs())
            }
            Lots::Priced(position) => {
                let left = position.lots().fold(Rational::zero(), |sum, lot| sum + lot.value.abs());
                let totals = position.totals();
                (totals.entered.clone(), totals.removed.clone(), left)
            }
        }
    }
}

/// Base units as whole ones.
pub(super) fn whole(units: i128, decimals: u8) -> Rational {
    rational::from_raw(units, decimals)
}

fn to_signed(units: u128) -> i128 {
    // Parts of balances that fit 127 bits.
    i128::try_from(units).unwrap_or(i128::MAX)
}
