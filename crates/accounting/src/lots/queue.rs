//! One queue of lots, sorted by the order in force.

use super::{Lot, Order};
use crate::number::{ONE, Quantity, Value, mul_div};
use breakwater_money::U256;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// The place of a lot in its queue. It never changes while the lot shrinks: the basis of a unit
/// stays what it was when the lot came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// Time, or rounded basis of a unit; negated where the greatest goes first.
    first: i128,
    /// Basis and units, where two rounded bases may be equal and the exact ones differ.
    exact: Option<(Value, Quantity, bool)>,
    acquired: u64,
    /// Place among the acquisitions, negated where the latest goes first.
    turn: i64,
    lot: usize,
}

impl Place {
    fn of(order: Order, lot: &Lot, at: usize) -> Place {
        let time = i128::from(lot.acquired.0);
        let (basis, units) = match lot.price {
            Some(price) => (Value(price.0), Quantity::ONE),
            None => (lot.entered_basis, lot.entered),
        };
        // A unit so dear that its rounded basis does not fit is placed by the exact one alone.
        let unit = mul_div(basis.0, ONE, units.0).unwrap_or(i128::MAX);
        let (first, exact) = match order {
            Order::Fifo | Order::Average => (time, None),
            Order::Lifo => (-time, None),
            Order::Hifo => (-unit, Some((basis, units, true))),
            Order::Lofo => (unit, Some((basis, units, false))),
        };
        let turn = i64::from(lot.turn);
        let turn = if order == Order::Lifo { -turn } else { turn };
        Place { first, exact, acquired: lot.acquired.0, turn, lot: at }
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        let exact = || match (self.exact, other.exact) {
            (Some((basis, units, highest)), Some((other_basis, other_units, _))) => {
                let product = |a: Value, b: Quantity| {
                    let size = U256::from(a.0.unsigned_abs()) * U256::from(b.0.unsigned_abs());
                    (a.0 >= 0, size)
                };
                let (left, right) = (product(basis, other_units), product(other_basis, units));
                let ascending = match (left.0, right.0) {
                    (true, true) => left.1.cmp(&right.1),
                    (false, false) => right.1.cmp(&left.1),
                    (sign, other) => sign.cmp(&other),
                };
                if highest { ascending.reverse() } else { ascending }
            }
            _ => Ordering::Equal,
        };
        let ties = || {
            let turn = self.acquired.cmp(&other.acquired).then(self.turn.cmp(&other.turn));
            turn.then(self.lot.cmp(&other.lot))
        };
        self.first.cmp(&other.first).then_with(exact).then_with(ties)
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Lots of one asset in one wallet, or in all.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    pub(super) order: Order,
    places: BTreeMap<Place, ()>,
    /// The one lot of an average pool.
    pub(super) pool: Option<usize>,
    /// Units in all lots.
    pub(super) held: Quantity,
}

impl Queue {
    pub(super) fn new(order: Order) -> Self {
        Queue { order, places: BTreeMap::new(), pool: None, held: Quantity::ZERO }
    }

    pub(super) fn insert(&mut self, lots: &[Lot], at: usize) {
        self.places.insert(Place::of(self.order, &lots[at], at), ());
    }

    pub(super) fn remove(&mut self, lots: &[Lot], at: usize) {
        self.places.remove(&Place::of(self.order, &lots[at], at));
        if self.pool == Some(at) {
            self.pool = None;
        }
    }

    /// The lot that goes next.
    pub(super) fn front(&self) -> Option<usize> {
        self.places.first_key_value().map(|(place, ())| place.lot)
    }

    /// Every lot, in the order in which they go.
    pub(super) fn lots(&self) -> impl Iterator<Item = usize> {
        self.places.keys().map(|place| place.lot)
    }
}
