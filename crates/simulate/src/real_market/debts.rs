//! What we ate of a book that does not know of it.

use breakwater_market::book_feed::FeedLevel;
use std::collections::BTreeMap;

/// When a level that we ate into is taken to be full again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refill {
    /// Never: what we ate is missing to the end.
    Never,
    /// As the feed is seen to turn over: at every difference, what is missing from a level is at
    /// most what the level then holds. Those that leave a level are taken to be the orders that we
    /// left there, and ours only after them, so this is the slowest refilling that the feed allows.
    Observed,
    /// As observed, and what is missing also halves in this many nanoseconds.
    HalfLife(u64),
}

/// One as a share, in the scale of halvings.
const SHARE_BITS: u32 = 32;
const NANOS_IN_SECOND: f64 = 1e9;

/// What is missing from each level of the side that we eat, by price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debts {
    refill: Refill,
    levels: BTreeMap<u64, u64>,
    decayed_at: u64,
}

impl Debts {
    /// Nothing is missing at `now`.
    #[must_use]
    pub fn new(refill: Refill, now: u64) -> Debts {
        Debts { refill, levels: BTreeMap::new(), decayed_at: now }
    }

    /// We ate of a level.
    pub fn eat(&mut self, part: FeedLevel) {
        let debt = self.levels.entry(part.price).or_insert(0);
        *debt = debt.saturating_add(part.quantity);
    }

    /// The feed says that a level holds `quantity` now.
    pub fn seen(&mut self, price: u64, quantity: u64) {
        if self.levels.is_empty() || self.refill == Refill::Never {
            return;
        }
        if let Some(debt) = self.levels.get_mut(&price) {
            *debt = quantity.min(*debt);
            if *debt == 0 {
                self.levels.remove(&price);
            }
        }
    }

    /// Lets time pass.
    pub fn decay(&mut self, now: u64) {
        let Refill::HalfLife(nanos) = self.refill else { return };
        let passed = now.saturating_sub(self.decayed_at);
        self.decayed_at = now;
        let left = libm::exp2(-(passed as f64) / nanos.max(1) as f64);
        // Between nought and one: the cast is exact to the bit.
        let share = (left * (1u64 << SHARE_BITS) as f64) as u128;
        self.levels.retain(|_, debt| {
            // A shift halves and floors; the share is at most one, so 64 bits hold it.
            *debt = ((u128::from(*debt) * share) >> SHARE_BITS) as u64;
            *debt > 0
        });
    }

    /// What is left of a level for us.
    #[must_use]
    pub fn left(&self, level: FeedLevel) -> FeedLevel {
        let debt = self.levels.get(&level.price).copied().unwrap_or(0);
        FeedLevel { quantity: level.quantity.saturating_sub(debt), ..level }
    }

    /// Missing in all.
    #[must_use]
    pub fn total(&self) -> u128 {
        self.levels.values().map(|debt| u128::from(*debt)).sum()
    }
}

impl Refill {
    /// The half-life in seconds, if it has one.
    #[must_use]
    pub fn half_life_seconds(self) -> Option<f64> {
        match self {
            Refill::HalfLife(nanos) => Some(nanos as f64 / NANOS_IN_SECOND),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn level(price: u64, quantity: u64) -> FeedLevel {
        FeedLevel { price, quantity }
    }

    #[test]
    fn what_was_eaten_stays_missing_until_the_level_turns_over() {
        let mut debts = Debts::new(Refill::Observed, 0);
        debts.eat(level(100, 5));
        assert_eq!(debts.left(level(100, 8)).quantity, 3);
        debts.seen(100, 9); // an order of 1 was added: it is ours to eat, the rest is not
        assert_eq!(debts.left(level(100, 9)).quantity, 4);
        debts.seen(100, 2); // 7 left: at most 2 of what we ate would still have stood here
        assert_eq!(debts.left(level(100, 2)).quantity, 0);
        debts.seen(100, 6);
        assert_eq!(debts.left(level(100, 6)).quantity, 4);
        debts.seen(100, 0);
        assert_eq!((debts.left(level(100, 6)).quantity, debts.total()), (6, 0));
    }

    #[test]
    fn a_half_life_halves_and_never_refilling_keeps() {
        let mut debts = Debts::new(Refill::HalfLife(1_000), 0);
        debts.eat(level(100, 1_000));
        debts.decay(1_000);
        assert_eq!(debts.total(), 500);
        debts.decay(3_000);
        assert_eq!(debts.total(), 125);
        let mut never = Debts::new(Refill::Never, 0);
        never.eat(level(100, 5));
        never.seen(100, 0);
        never.decay(u64::MAX);
        assert_eq!(never.left(level(100, 7)).quantity, 2);
    }

    proptest! {
        #[test]
        fn nobody_eats_what_the_feed_does_not_show(
            steps in prop::collection::vec((0u64..3, 0u64..20, 0u64..20), 0..60),
        ) {
            let refills = [Refill::Never, Refill::Observed, Refill::HalfLife(3)];
            let mut shown = [0u64; 3];
            let mut all = refills.map(|refill| Debts::new(refill, 0));
            for (now, (price, quantity, want)) in (0..).zip(steps) {
                shown[price as usize] = quantity;
                let mut left = [0; 3];
                for (debts, left) in all.iter_mut().zip(&mut left) {
                    debts.seen(price, quantity);
                    debts.decay(now);
                    *left = debts.left(level(price, quantity)).quantity;
                    prop_assert!(*left <= quantity);
                }
                // The same was eaten of all three, so faster refilling never leaves less.
                prop_assert!(left[0] <= left[1] && left[1] <= left[2], "{left:?}");
                let part = level(price, want.min(left[0]));
                all.iter_mut().for_each(|debts| debts.eat(part));
            }
        }
    }
}
