//! The choice that touches the least profit of winners that still covers the deficit.

use super::{Closed, Needed, Winner, in_order, take};
use breakwater_money::U256;
use breakwater_money::rounding::{Rounding, mul_div};
use std::cmp::Ordering;

/// Winners in order of profit a unit, with the sums up to each of them. A place is a number of units
/// from the start.
struct Ladder {
    winners: Vec<Winner>,
    /// Units before each winner, and of all at the end.
    units: Vec<u128>,
    /// Profit before each winner, and of all at the end.
    profits: Vec<u128>,
}

/// Closes `quantity` so that the profit in what is closed exceeds the deficit by as little as the
/// choice of neighbours allows.
///
/// Laid out by profit a unit, the smallest first, the units closed are neighbours: the first stretch
/// of the quantity whose profit covers the deficit. Covering matters since a winner with less profit
/// a unit than the bankruptcy price takes away is closed at a loss. If the stretch with the least
/// profit suffices, no choice touches less; if the one with the most does not, it comes nearest.
/// Between them moving on by a unit swaps one unit for another, so that the excess is below the
/// difference of the largest and the smallest profit a unit, and two units of rounding.
///
/// Where profit is cut, every choice meets the deficit to the unit; the largest profit a unit comes
/// first, so that the least is closed.
pub(super) fn least_profit(needed: Needed, winners: &[Winner]) -> Vec<Closed> {
    match needed {
        Needed::Value(_) => {
            let mut able = in_order(winners);
            able.sort_by(|a, b| by_unit_profit(b, a));
            take(needed, &able)
        }
        Needed::Quantity { quantity, deficit } => Ladder::of(winners).close(quantity, deficit),
    }
}

/// Profit a unit, compared without dividing. The sort is stable, so equals stay in order of account.
fn by_unit_profit(a: &Winner, b: &Winner) -> Ordering {
    let product = |profit: u128, quantity: u128| U256::from(profit) * U256::from(quantity);
    product(a.profit, b.quantity).cmp(&product(b.profit, a.quantity))
}

impl Ladder {
    /// Whoever would take a sum beyond 128 bits is left out with all behind.
    fn of(winners: &[Winner]) -> Ladder {
        let mut able = in_order(winners);
        able.retain(|winner| winner.quantity > 0);
        able.sort_by(by_unit_profit);
        let (mut units, mut profits) = (vec![0u128], vec![0u128]);
        let (mut unit, mut profit) = (0u128, 0u128);
        for winner in &able {
            let sums = (unit.checked_add(winner.quantity), profit.checked_add(winner.profit));
            let (Some(next), Some(profits_next)) = sums else { break };
            (unit, profit) = (next, profits_next);
            units.push(unit);
            profits.push(profit);
        }
        able.truncate(units.len() - 1);
        Ladder { winners: able, units, profits }
    }

    fn total(&self) -> u128 {
        self.units.last().copied().unwrap_or(0)
    }

    /// Profit in the first `units`, floored.
    fn profit_up_to(&self, units: u128) -> u128 {
        // The winner in whose position the place lies; the end lies in the last.
        let at = self.units.partition_point(|before| *before <= units).saturating_sub(1);
        let before = self.profits.get(at).copied().unwrap_or(0);
        let (Some(winner), Some(start)) = (self.winners.get(at), self.units.get(at)) else {
            return before;
        };
        // A part of the position has at most its profit, and the sums fit.
        let part = mul_div(winner.profit, units - start, winner.quantity, Rounding::Floor);
        before.saturating_add(part.unwrap_or(0))
    }

    fn profit_between(&self, start: u128, end: u128) -> u128 {
        self.profit_up_to(end).saturating_sub(self.profit_up_to(start))
    }

    fn close(&self, quantity: u128, deficit: u128) -> Vec<Closed> {
        let quantity = quantity.min(self.total());
        let covers = |start: u128| self.profit_between(start, start + quantity) >= deficit;
        // Profit rises with the start, so halving finds the first that covers.
        let (mut low, mut high) = (0, self.total() - quantity);
        while low < high {
            let middle = low + ((high - low) >> 1);
            if covers(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        let (start, end) = (low, low + quantity);
        let mut closes = Vec::new();
        for (winner, pair) in self.winners.iter().zip(self.units.windows(2)) {
            let &[from, to] = pair else { continue };
            let (from, to) = (from.max(start), to.min(end));
            if from < to {
                let haircut = self.profit_between(from, to);
                closes.push(Closed { account: winner.account, quantity: to - from, haircut });
            }
        }
        closes
    }
}
