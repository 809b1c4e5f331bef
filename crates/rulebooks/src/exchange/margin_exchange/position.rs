//! What a trade does to one position.

use breakwater_liquidation::{Rejected, Rejection};
use breakwater_money::rounding::{Rounding, mul_div};

/// A position in one contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Position {
    /// Base units of the contract; long above zero, short below.
    pub size: i128,
    /// Settle units of the quote side: minus what was paid for what is held, plus what was got.
    pub quote: i128,
}

/// A position after a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Traded {
    /// What is held now.
    pub after: Position,
    /// Profit, or loss below zero, of the part that was closed: what moves from the quote side to
    /// the account's cash.
    pub realised: i128,
    /// True if new risk was taken: the position is larger, or on the other side.
    pub grows: bool,
}

impl Position {
    /// The position after buying (`change` above zero) or selling `change` base units for `value`
    /// settle units. A trade through zero closes first and opens the rest. `buyer_pays` is the
    /// contract's: of an inverse one the buyer gets the value.
    ///
    /// A part that is closed releases its share of the quote side, rounded against the account; all
    /// of it when nothing is left. Where a trade both closes and opens, so does its value.
    pub fn trade(self, change: i128, value: u128, buyer_pays: bool) -> Result<Traded, Rejected> {
        let worth = i128::try_from(value).map_err(|_| Rejection::Overflow)?;
        let size = self.size.checked_add(change).ok_or(Rejection::Overflow)?;
        let paid = if (change > 0) == buyer_pays { -worth } else { worth };
        let quote = self.quote.checked_add(paid).ok_or(Rejection::Overflow)?;
        let opposite = (self.size > 0 && change < 0) || (self.size < 0 && change > 0);
        if !opposite {
            let grows = change != 0;
            return Ok(Traded { after: Position { size, quote }, realised: 0, grows });
        }
        let (held, traded) = (self.size.unsigned_abs(), change.unsigned_abs());
        let closed = held.min(traded);
        // What is owned gives up its cost for what comes in; what is owed its proceeds for what is
        // paid.
        let owned = (self.size > 0) == buyer_pays;
        let (cost_up, gain_down) = (Rounding::Ceil, Rounding::Floor);
        let (entry, exit) = if owned { (cost_up, gain_down) } else { (gain_down, cost_up) };
        let entry_value = mul_div(self.quote.unsigned_abs(), closed, held, entry)?;
        let exit_value = mul_div(value, closed, traded, exit)?;
        // Both are at most a magnitude that fits.
        let entry_value = i128::try_from(entry_value).map_err(|_| Rejection::Overflow)?;
        let exit_value = i128::try_from(exit_value).map_err(|_| Rejection::Overflow)?;
        let realised = if owned { exit_value - entry_value } else { entry_value - exit_value };
        let quote = quote.checked_sub(realised).ok_or(Rejection::Overflow)?;
        let grows = size != 0 && traded > held;
        Ok(Traded { after: Position { size, quote }, realised, grows })
    }
}
