//! What goes to the market: the greedy base of a chain of bounds.
//!
//! For each distinct worst price w, legs at least so strict may together take no more than stands no
//! worse than w. Room for one more unit of a leg is the least room of its own bound and of all looser
//! ones, so the room is kept in a tree that answers the least of a suffix and takes from a suffix, both
//! in a logarithm of the number of worst prices.

use super::rounds::{BPS, Placed, Release, Round, Side, Wait, Why};
use super::{PooledError, Standing};
use breakwater_money::Price;
use breakwater_money::rounding::{Rounding, mul_div};

/// Releases legs in their order within what stands up to `limit`, and says why the rest waits.
pub(super) fn release(
    placed: &mut [Placed],
    side: Side,
    standing: &Standing<'_>,
    limit: Price,
    participation_bps: u32,
    round: &mut Round,
) -> Result<(), PooledError> {
    // Past the limit no leg sells, however little it asks.
    let strict = |price: Price| match side {
        Side::Sell => price.raw.max(limit.raw),
        Side::Buy => price.raw.min(limit.raw),
    };
    let mut worst: Vec<u128> =
        placed.iter().filter(|e| e.left > 0).map(|e| strict(e.leg.worst_price)).collect();
    if worst.is_empty() {
        return Ok(());
    }
    worst.sort_unstable();
    worst.dedup();
    if side == Side::Sell {
        worst.reverse();
    }
    let rooms: Vec<u128> =
        worst.iter().map(|raw| standing.within(Price::new(*raw, limit.decimals))).collect();
    let stands = standing.within(limit);
    let overflow = |_| PooledError::Overflow { what: "the round's share of depth" };
    let mut pace =
        mul_div(stands, participation_bps.into(), BPS.into(), Rounding::Ceil).map_err(overflow)?;
    let mut room = Room::new(&rooms);
    let mut released: Vec<(usize, Release)> = Vec::new();
    for entry in placed.iter_mut().filter(|entry| entry.left > 0) {
        let (account, price) = (entry.leg.account, strict(entry.leg.worst_price));
        let place = match side {
            Side::Sell => worst.partition_point(|raw| *raw > price),
            Side::Buy => worst.partition_point(|raw| *raw < price),
        };
        let free = room.least_from(place);
        let quantity = entry.left.min(free).min(pace);
        if quantity > 0 {
            room.take_from(place, quantity);
            pace -= quantity;
            entry.left -= quantity;
            released.push((place, Release { account, side, quantity }));
        }
        if entry.left > 0 {
            let why = match free > quantity {
                true => Why::Pace,
                false if price == limit.raw => Why::Impact,
                false => Why::WorstPrice,
            };
            round.waits.push(Wait { account, side, quantity: entry.left, why });
        }
    }
    // Stable: within one worst price the order stays.
    released.sort_by_key(|(place, _)| *place);
    round.releases.extend(released.into_iter().map(|(_, release)| release));
    Ok(())
}

/// Room under each bound of a chain, strictest first: a segment tree in one row, a power of two wide,
/// with what was taken from whole branches noted at their roots. Both rows are twice as long as wide, so
/// every node from the root, 1, to the last leaf has its place in them.
struct Room {
    width: usize,
    /// Least room in the branch, what was taken above it left out.
    least: Vec<u128>,
    /// Taken from all of the branch.
    taken: Vec<u128>,
}

impl Room {
    fn new(rooms: &[u128]) -> Room {
        let width = rooms.len().next_power_of_two();
        let mut least = vec![u128::MAX; width << 1];
        for (leaf, room) in least.iter_mut().skip(width).zip(rooms) {
            *leaf = *room;
        }
        let mut room = Room { width, least, taken: vec![0; width << 1] };
        for node in (1..width).rev() {
            room.refresh(node);
        }
        room
    }

    fn refresh(&mut self, node: usize) {
        let [left, right] = [node << 1, (node << 1) | 1].map(|child| self.least[child]);
        // Nothing is taken that was not there: the least of a branch is never below what was taken of it.
        self.least[node] = left.min(right).saturating_sub(self.taken[node]);
    }

    /// Least room of the bounds from `place` on.
    fn least_from(&self, place: usize) -> u128 {
        let mut node = self.width + place;
        let mut least = self.least[node];
        while node > 1 {
            if node & 1 == 0 {
                least = least.min(self.least[node | 1]);
            }
            node >>= 1;
            least = least.saturating_sub(self.taken[node]);
        }
        least
    }

    /// Takes `quantity`, at most [`Room::least_from`], from every bound from `place` on.
    fn take_from(&mut self, place: usize, quantity: u128) {
        let mut node = self.width + place;
        self.take(node, quantity);
        while node > 1 {
            if node & 1 == 0 {
                self.take(node | 1, quantity);
            }
            node >>= 1;
            self.refresh(node);
        }
    }

    fn take(&mut self, node: usize, quantity: u128) {
        self.least[node] = self.least[node].saturating_sub(quantity);
        self.taken[node] = self.taken[node].saturating_add(quantity);
    }
}
