//! Profit that waits before it may be taken out.
//!
//! After the specification v12.18.5, sections 2.1 and 4.3 to 4.11: an older part that is released
//! evenly over its time, and a newer one that begins when the older is out. Fresh profit never
//! shortens a wait, and never restarts one. Left out: the venue lets a keeper choose between two
//! waiting times and cuts them short where everything is backed.

use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{MoneyError, Result};

/// An account's profit in its waiting time, base units of the settle asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Warmup {
    /// Left of the part that is being released.
    pub scheduled: u128,
    /// What that part was when it began.
    pub anchor: u128,
    /// The slot in which it began.
    pub start_slot: u64,
    /// What time has released of the anchor so far, whoever has it.
    pub released: u128,
    /// The newer part, whose time has not begun.
    pub pending: u128,
}

impl Warmup {
    /// All that waits.
    pub fn total(&self) -> u128 {
        // Both were counted into one profit.
        self.scheduled.saturating_add(self.pending)
    }

    /// What the time up to `slot` releases: `floor(anchor elapsed / horizon)` in all.
    pub fn advance(&mut self, slot: u64, horizon: u64) -> Result<u128> {
        self.promote(slot);
        if self.scheduled == 0 {
            return Ok(0);
        }
        let elapsed = slot.saturating_sub(self.start_slot).min(horizon);
        let due = mul_div(self.anchor, elapsed.into(), horizon.max(1).into(), Rounding::Floor)?;
        let freed = due.saturating_sub(self.released).min(self.scheduled);
        self.scheduled -= freed;
        self.released = self.released.max(due);
        if self.scheduled == 0 {
            self.promote(slot);
        }
        Ok(freed)
    }

    /// Fresh profit: into the older part in the slot in which that began, else into the newer.
    pub fn add(&mut self, amount: u128, slot: u64) -> Result<()> {
        let plus = |sum: u128| sum.checked_add(amount).ok_or(MoneyError::Overflow);
        self.promote(slot);
        if self.scheduled == 0 {
            *self = Warmup { pending: amount, ..Warmup::default() };
            self.promote(slot);
        } else if self.start_slot == slot && self.pending == 0 && self.released == 0 {
            (self.scheduled, self.anchor) = (plus(self.scheduled)?, plus(self.anchor)?);
        } else {
            self.pending = plus(self.pending)?;
        }
        Ok(())
    }

    /// A loss, the newest first; what is left of it when nothing waits any more is not taken here.
    pub fn take(&mut self, loss: u128) -> u128 {
        let newer = loss.min(self.pending);
        self.pending -= newer;
        let older = (loss - newer).min(self.scheduled);
        self.scheduled -= older;
        if self.scheduled == 0 {
            *self = Warmup { pending: self.pending, ..Warmup::default() };
        }
        newer + older
    }

    /// The newer part begins where the older is out.
    fn promote(&mut self, slot: u64) {
        if self.scheduled == 0 {
            let amount = self.pending;
            let start_slot = if amount == 0 { 0 } else { slot };
            *self = Warmup { scheduled: amount, anchor: amount, start_slot, ..Warmup::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn profit_is_released_evenly_and_fresh_profit_waits_its_own_time() {
        let mut it = Warmup::default();
        it.add(100, 50).unwrap();
        it.add(1, 50).unwrap();
        assert_eq!(it.advance(50, 10), Ok(0));
        assert_eq!(it.advance(53, 10), Ok(30));
        it.add(40, 53).unwrap();
        assert_eq!((it.scheduled, it.pending), (71, 40));
        // 101 x 9 / 10 is 90.9.
        assert_eq!((it.advance(59, 10), it.scheduled), (Ok(60), 11));
        // The last of the older part; the newer begins only now.
        assert_eq!((it.advance(60, 10), it.total()), (Ok(11), 40));
        assert_eq!((it.advance(60, 10), it.advance(65, 10)), (Ok(0), Ok(20)));
        assert_eq!((it.advance(u64::MAX, 10), it), (Ok(20), Warmup::default()));
    }

    #[test]
    fn a_loss_takes_the_newest_first_and_no_more_than_waits() {
        let mut it = Warmup::default();
        it.add(100, 1).unwrap();
        it.advance(2, 10).unwrap();
        it.add(30, 2).unwrap();
        assert_eq!((it.take(31), it.scheduled, it.pending), (31, 89, 0));
        // Time goes on from what the part was: 50 are due by half time, 10 are out already.
        assert_eq!(it.advance(6, 10), Ok(40));
        assert_eq!((it.take(1_000), it), (49, Warmup::default()));
        assert_eq!(it.add(u128::MAX, 1).and_then(|()| it.add(1, 1)), Err(MoneyError::Overflow));
    }

    proptest! {
        #[test]
        fn nothing_is_released_before_its_time_or_twice(
            steps in prop::collection::vec((0u64..8, 0u128..50, 0u128..40), 1..40)
        ) {
            let horizon = 10;
            let (mut it, mut slot) = (Warmup::default(), 0);
            let (mut added, mut lost, mut out) = (Vec::new(), 0, 0);
            for (pause, gain, loss) in steps {
                slot += pause;
                out += it.advance(slot, horizon).unwrap();
                if gain > 0 {
                    it.add(gain, slot).unwrap();
                    added.push((slot, gain));
                }
                lost += it.take(loss);
                let all: u128 = added.iter().map(|(_, gain)| gain).sum();
                prop_assert_eq!(all, out + lost + it.total());
                // At most what each profit would have released on its own by now.
                let due: u128 = added.iter().map(|(at, gain)| {
                    gain * u128::from((slot - at).min(horizon)) / u128::from(horizon)
                }).sum();
                prop_assert!(out <= due + added.len() as u128, "{out} out, {due} due");
            }
            slot += 2 * horizon;
            it.advance(slot, horizon).unwrap();
            it.advance(slot + horizon, horizon).unwrap();
            prop_assert_eq!(it.total(), 0);
        }
    }
}
