//! Who goes first.

use super::{PooledError, PooledLeg};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, U256};
use std::cmp::Ordering;

/// What others lose in expectation if an account waits: the value of its option to walk away.
///
/// Let a position of value `exposure` move by up to `a = exposure * reach_ppm / 1e6` either way, each move
/// as likely as another. Beyond its equity the account's loss is somebody else's. Waiting raises what they
/// expect to bear from `max(0, -equity)` to `E[max(0, X - equity)]`, which is `(a - |equity|)^2 / 4a` where
/// `|equity| < a` and nothing elsewhere: most at the bankruptcy price, none where no move of this size
/// decides anything. Floored. A move uniform within `a` has the deviation `a / sqrt 3`, so `reach_ppm` is
/// 1.732 times the volatility until the next round.
///
/// # Errors
/// A reach above one, or values too large for 128 bits.
pub fn loss_at_risk(exposure: u128, equity: i128, reach_ppm: u32) -> Result<u128, PooledError> {
    if reach_ppm > PPM {
        let expected = "at most 1000000, the whole price";
        return Err(PooledError::Field { field: "reach_ppm", value: reach_ppm.into(), expected });
    }
    let overflow = PooledError::Overflow { what: "loss at risk" };
    let reach = mul_div(exposure, reach_ppm.into(), PPM.into(), Rounding::Ceil)
        .map_err(|_| overflow.clone())?;
    let Some(over) = reach.checked_sub(equity.unsigned_abs()).filter(|over| *over > 0) else {
        return Ok(0);
    };
    let four = reach.checked_mul(4).ok_or_else(|| overflow.clone())?;
    mul_div(over, over, four, Rounding::Floor).map_err(|_| overflow)
}

const PPM: u32 = 1_000_000;

/// A leg's place in the order; the least goes first. Total over accounts that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Priority {
    /// Rounds waited, where that is as long as is allowed; else zero.
    overdue: u64,
    /// Loss at risk over quantity times 2^32, floored: equal figures are compared exactly.
    rate: u128,
    loss_at_risk: u128,
    quantity: u128,
    account: AccountId,
}

impl Priority {
    /// The place of a leg where nobody may wait longer than `wait_rounds_max` without being next.
    #[must_use]
    pub fn of(leg: &PooledLeg, wait_rounds_max: u32) -> Priority {
        let waited = u64::from(leg.waited_rounds);
        let overdue = if leg.waited_rounds >= wait_rounds_max { waited + 1 } else { 0 };
        // What does not fit is larger than all that fits, and equal to its like.
        let rate = mul_div(leg.loss_at_risk, 1 << 32, leg.quantity.max(1), Rounding::Floor)
            .unwrap_or(u128::MAX);
        let (loss_at_risk, quantity) = (leg.loss_at_risk, leg.quantity);
        Priority { overdue, rate, loss_at_risk, quantity, account: leg.account }
    }

    fn exact_rate(&self, other: &Priority) -> Ordering {
        let wide = |loss: u128, by: u128| U256::from(loss) * U256::from(by);
        wide(self.loss_at_risk, other.quantity).cmp(&wide(other.loss_at_risk, self.quantity))
    }
}

impl Ord for Priority {
    fn cmp(&self, other: &Self) -> Ordering {
        let larger_first = other.overdue.cmp(&self.overdue).then(other.rate.cmp(&self.rate));
        larger_first
            .then_with(|| other.exact_rate(self))
            .then_with(|| self.account.cmp(&other.account))
    }
}

impl PartialOrd for Priority {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
