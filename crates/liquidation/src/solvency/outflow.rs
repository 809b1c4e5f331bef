//! How much may leave within a rolling window.
//!
//! A flow counts from its second on and leaves the window as soon as it is a whole window old, as in
//! the reference code of the circuit breaker standard (draft ERC-7265). Amounts are base units of one
//! unit: of an asset, or of value, so that one limit holds over several assets whatever their prices.

use breakwater_money::{Rounding, rounding};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// All of something, in basis points.
const WHOLE_BPS: u32 = 10_000;

/// What becomes of a request that is beyond the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Excess {
    /// The whole request is refused.
    Revert,
    /// What is within the limit is paid; the rest settles later.
    Delay,
}

/// Which flows count against the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Counted {
    /// Inflows of the window make room for outflows, as in the draft standard. A deposit that is
    /// older than the outflow it covered leaves the window first: what left is then beyond the limit
    /// without a new flow.
    Net,
    /// Outflows alone. No window of its length ever holds more than the limit.
    Gross,
}

/// The limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutflowLimit {
    /// Share of what was held at the start of the window that has to stay, 0 to 10,000.
    pub retained_bps: u32,
    /// Length of the window.
    pub window_seconds: u64,
    /// Nothing is limited while less than this was held at the start of the window.
    pub begin_threshold: u128,
    /// Requests of at most this are always paid, so that small claims do not wait for large ones.
    /// They count, but are not stopped: with more than 0 the limit bounds what is beyond it only.
    pub minimum_amount: u128,
    /// How long after a trip nothing beyond `minimum_amount` leaves.
    pub cooldown_seconds: u64,
    /// What becomes of what is beyond it.
    pub excess: Excess,
    /// Which flows count.
    pub counted: Counted,
}

impl OutflowLimit {
    /// The first field that makes no sense, with its value and what would be right.
    ///
    /// # Errors
    /// A sentence naming field, value and what would be right.
    pub fn validate(&self) -> Result<(), String> {
        if self.retained_bps > WHOLE_BPS {
            return Err(format!("retained_bps {}: 0 to {WHOLE_BPS}", self.retained_bps));
        }
        if self.window_seconds == 0 {
            return Err("window_seconds 0 would hold nothing; at least 1".to_owned());
        }
        Ok(())
    }

    /// True if a window that began with `start` and changed by `change` is below what has to stay:
    /// `start + change < start * retained`, strictly. One that began below the threshold never is.
    #[must_use]
    pub fn trips(&self, start: u128, change: i128) -> bool {
        let left = start.saturating_add_signed(change);
        start >= self.begin_threshold && left < self.stays(start)
    }

    /// What the flows of the window that ends with the last of them change together: seconds in order,
    /// amounts that came in positive. Saturates.
    #[must_use]
    pub fn window_change(&self, flows: &[(u64, i128)]) -> i128 {
        let Some((now, _)) = flows.last() else { return 0 };
        let inside = |flow: &&(u64, i128)| now.saturating_sub(flow.0) < self.window_seconds;
        flows.iter().filter(inside).fold(0, |sum: i128, (_, flow)| sum.saturating_add(*flow))
    }

    /// How much more may leave such a window without tripping it.
    #[must_use]
    pub fn room(&self, start: u128, change: i128) -> u128 {
        let left = start.saturating_add_signed(change);
        if start < self.begin_threshold { left } else { left.saturating_sub(self.stays(start)) }
    }

    /// What has to stay, rounded up: less than it is the same as less than the exact share.
    fn stays(&self, start: u128) -> u128 {
        let share = u128::from(self.retained_bps.min(WHOLE_BPS));
        // The share is at most the whole, so the quotient fits.
        rounding::mul_div(start, share, u128::from(WHOLE_BPS), Rounding::Ceil).unwrap_or(start)
    }
}

/// What a request gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Paid {
    /// Leaves now.
    pub now: u128,
    /// Settles later, by the caller's queue.
    pub later: u128,
    /// Neither: refused.
    pub refused: u128,
    /// Whether the limit bound.
    pub tripped: bool,
}

/// What is held, and the flows of the window. Flows of one second and one direction are one entry, so
/// that a window of `n` seconds has at most `2 n` of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutflowWindow {
    limit: OutflowLimit,
    held: u128,
    /// Second, amount, and whether it came in.
    flows: VecDeque<(u64, u128, bool)>,
    /// Until when nothing leaves.
    closed_until: Option<u64>,
}

impl OutflowWindow {
    /// An empty window over what is held.
    ///
    /// # Errors
    /// The limit makes no sense.
    pub fn new(limit: OutflowLimit, held: u128) -> Result<Self, String> {
        limit.validate()?;
        Ok(OutflowWindow { limit, held, flows: VecDeque::new(), closed_until: None })
    }

    /// What is held.
    #[must_use]
    pub fn held(&self) -> u128 {
        self.held
    }

    /// The limit it keeps.
    #[must_use]
    pub fn limit(&self) -> &OutflowLimit {
        &self.limit
    }

    /// States anew what is held, where it is a value and prices have moved, or where something moved it
    /// that is no counted flow. Flows keep the value that they had.
    pub fn revalue(&mut self, held: u128) {
        self.held = held;
    }

    /// Takes in; beyond 128 bits it saturates, and so does what may leave.
    pub fn take_in(&mut self, second: u64, amount: u128) {
        self.forget(second);
        let amount = amount.min(u128::MAX - self.held);
        self.held += amount;
        self.count(second, amount, true);
    }

    /// How much more may leave at `second`: nothing in a cooldown.
    #[must_use]
    pub fn room_at(&mut self, second: u64) -> u128 {
        self.forget(second);
        if self.closed_until.is_some_and(|until| second < until) { 0 } else { self.room() }
    }

    fn count(&mut self, second: u64, amount: u128, inward: bool) {
        match self.flows.back_mut() {
            Some((at, sum, came)) if *at == second && *came == inward => {
                *sum = sum.saturating_add(amount);
            }
            _ => self.flows.push_back((second, amount, inward)),
        }
    }

    /// Asks for `amount` at `second`. Seconds do not fall; an earlier one counts as the latest.
    /// Never pays more than is held: what is not there is refused, or settles later.
    pub fn ask(&mut self, second: u64, amount: u128) -> Paid {
        let paid = self.judge(second, amount);
        if paid.tripped {
            self.trip(second);
        }
        self.take_out(second, paid.now);
        paid
    }

    /// What [`OutflowWindow::ask`] would answer; nothing leaves and nothing closes.
    pub fn judge(&mut self, second: u64, amount: u128) -> Paid {
        self.forget(second);
        let closed = self.closed_until.is_some_and(|until| second < until);
        let room = if closed { 0 } else { self.room() };
        let small = amount <= self.limit.minimum_amount;
        let allowed = if small { amount } else { amount.min(room) }.min(self.held);
        let tripped = !closed && !small && amount > room;
        let rest = amount - allowed;
        match self.limit.excess {
            _ if rest == 0 => Paid { now: allowed, tripped, ..Paid::default() },
            Excess::Revert => Paid { refused: amount, tripped, ..Paid::default() },
            Excess::Delay => Paid { now: allowed, later: rest, tripped, ..Paid::default() },
        }
    }

    /// The limit has bound: a cooldown begins, if there is one.
    pub fn trip(&mut self, second: u64) {
        if self.limit.cooldown_seconds > 0 {
            self.closed_until = Some(second.saturating_add(self.limit.cooldown_seconds));
        }
    }

    /// Counts what has left, at most what is held.
    pub fn take_out(&mut self, second: u64, amount: u128) {
        self.forget(second);
        let amount = amount.min(self.held);
        if amount > 0 {
            self.held -= amount;
            self.count(second, amount, false);
        }
    }

    /// How much may leave now, beyond small requests and outside a cooldown.
    #[must_use]
    pub fn room(&self) -> u128 {
        let sum = |inward: bool| {
            let flows = self.flows.iter().filter(|(_, _, came)| *came == inward);
            flows.fold(0u128, |sum, (_, amount, _)| sum.saturating_add(*amount))
        };
        let (came, left) = (sum(true), sum(false));
        let start = self.held.saturating_add(left).saturating_sub(came);
        let counted = match self.limit.counted {
            Counted::Net => signed(came).saturating_sub(signed(left)),
            Counted::Gross => -signed(left),
        };
        self.limit.room(start, counted).min(self.held)
    }

    fn forget(&mut self, second: u64) {
        let old =
            |flow: &(u64, u128, bool)| second.saturating_sub(flow.0) >= self.limit.window_seconds;
        while self.flows.front().is_some_and(old) {
            self.flows.pop_front();
        }
    }
}

fn signed(amount: u128) -> i128 {
    i128::try_from(amount).unwrap_or(i128::MAX)
}

/// A limit on the value that is liquidated within a rolling window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throttle {
    value_max: u128,
    window_seconds: u64,
    taken: VecDeque<(u64, u128)>,
}

impl Throttle {
    /// At most `value_max` in any `window_seconds`.
    ///
    /// # Errors
    /// The window is empty.
    pub fn new(value_max: u128, window_seconds: u64) -> Result<Self, String> {
        if window_seconds == 0 {
            return Err("window_seconds 0 would hold nothing; at least 1".to_owned());
        }
        Ok(Throttle { value_max, window_seconds, taken: VecDeque::new() })
    }

    /// As much of `value` as may be liquidated at `second`, which is counted as taken.
    pub fn take(&mut self, second: u64, value: u128) -> u128 {
        let old = |taken: &(u64, u128)| second.saturating_sub(taken.0) >= self.window_seconds;
        while self.taken.front().is_some_and(old) {
            self.taken.pop_front();
        }
        let may = value.min(self.room(second));
        match self.taken.back_mut() {
            Some((at, sum)) if *at == second => *sum = sum.saturating_add(may),
            _ if may > 0 => self.taken.push_back((second, may)),
            _ => {}
        }
        may
    }

    /// How much may still be liquidated at `second`.
    #[must_use]
    pub fn room(&self, second: u64) -> u128 {
        let within =
            self.taken.iter().filter(|(at, _)| second.saturating_sub(*at) < self.window_seconds);
        let before = within.fold(0u128, |sum, (_, value)| sum.saturating_add(*value));
        self.value_max.saturating_sub(before)
    }

    /// The first second after `second` at which more may be liquidated than now; none while nothing of
    /// the window is used.
    #[must_use]
    pub fn frees_at(&self, second: u64) -> Option<u64> {
        let ends = self.taken.iter().map(|(at, _)| at.saturating_add(self.window_seconds));
        ends.filter(|end| *end > second).min()
    }

    /// Most value of a window, and its seconds.
    #[must_use]
    pub fn terms(&self) -> (u128, u64) {
        (self.value_max, self.window_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limit(retained_bps: u32, counted: Counted) -> OutflowLimit {
        OutflowLimit {
            retained_bps,
            window_seconds: 100,
            begin_threshold: 0,
            minimum_amount: 0,
            cooldown_seconds: 0,
            excess: Excess::Delay,
            counted,
        }
    }

    #[test]
    fn a_window_trips_one_unit_below_what_has_to_stay() {
        let seventy = OutflowLimit { begin_threshold: 1_000, ..limit(7_000, Counted::Net) };
        for (start, change, trips) in [
            (1_000_000, -300_000, false),
            (1_000_000, -300_001, true),
            (1_000_000, 5, false),
            // Of 1,001 there stay 700.7: with 701 it holds, with 700 it does not.
            (1_001, -300, false),
            (1_001, -301, true),
            (1_000, -301, true),
            (999, -999, false),
            (u128::MAX, 0, false),
        ] {
            assert_eq!(seventy.trips(start, change), trips, "{start} {change}");
            assert_eq!(seventy.room(start, change) == 0 && trips, trips, "{start} {change}");
        }
        assert_eq!(seventy.room(1_001, -299), 1);
        assert!(limit(10_001, Counted::Net).validate().unwrap_err().contains("10001"));
        let empty = OutflowLimit { window_seconds: 0, ..limit(1, Counted::Net) };
        assert!(OutflowWindow::new(empty, 1).is_err() && Throttle::new(1, 0).is_err());
    }

    #[test]
    fn a_flow_leaves_the_window_when_it_is_a_whole_window_old() {
        let mut window = OutflowWindow::new(limit(7_000, Counted::Gross), 1_000).unwrap();
        assert_eq!(window.ask(0, 400), Paid { now: 300, later: 100, refused: 0, tripped: true });
        assert_eq!(window.ask(99, 1).now, 0);
        assert_eq!(window.ask(100, 1_000).now, 210);
        let refusing = OutflowLimit { excess: Excess::Revert, ..limit(7_000, Counted::Gross) };
        let mut window = OutflowWindow::new(refusing, 1_000).unwrap();
        assert_eq!(window.ask(0, 301), Paid { refused: 301, tripped: true, ..Paid::default() });
        assert_eq!(window.ask(0, 300), Paid { now: 300, ..Paid::default() });
    }

    #[test]
    fn a_cooldown_closes_all_but_small_requests_until_its_last_second() {
        let cooling = OutflowLimit {
            cooldown_seconds: 500,
            minimum_amount: 5,
            ..limit(5_000, Counted::Gross)
        };
        let mut window = OutflowWindow::new(cooling, 1_000).unwrap();
        assert_eq!(window.ask(0, 600).now, 500);
        assert_eq!((window.ask(499, 6).now, window.ask(499, 5).now), (0, 5));
        assert_eq!(window.ask(500, 6).now, 6);
    }

    #[test]
    fn an_old_deposit_that_leaves_first_puts_a_net_window_beyond_its_limit_and_no_gross_one() {
        let left_of = |counted: Counted| {
            let mut window = OutflowWindow::new(limit(7_000, counted), 1_000).unwrap();
            window.take_in(0, 500);
            window.ask(50, 800).now
        };
        // At 100 the deposit is out of the window and the 800 are not: 1,500 held, 450 allowed.
        assert_eq!((left_of(Counted::Net), left_of(Counted::Gross)), (800, 300));
    }

    #[test]
    fn a_throttle_takes_its_last_unit_and_not_one_more() {
        let mut throttle = Throttle::new(100, 10).unwrap();
        assert_eq!((throttle.take(0, 60), throttle.take(9, 41), throttle.take(9, 1)), (60, 40, 0));
        assert_eq!((throttle.room(9), throttle.frees_at(9)), (0, Some(10)));
        assert_eq!(throttle.take(10, 100), 60);
        assert_eq!((throttle.room(18), throttle.room(19)), (0, 40));
        assert_eq!((throttle.frees_at(10), throttle.frees_at(20)), (Some(19), None));
        assert_eq!(Throttle::new(0, 1).unwrap().take(0, 5), 0);
    }

    /// Flows of any shape: seconds between, amount, whether it comes in.
    fn flows() -> impl Strategy<Value = Vec<(u64, u128, bool)>> {
        proptest::collection::vec((0u64..40, 0u128..600, any::<bool>()), 1..40)
    }

    proptest! {
        #[test]
        fn no_window_ever_lets_more_than_its_limit_out(
            flows in flows(), retained in 0u32..=10_000, held in 0u128..3_000,
        ) {
            let limit = limit(retained, Counted::Gross);
            let mut window = OutflowWindow::new(limit, held).unwrap();
            let (mut second, mut told, mut balance) = (0, Vec::new(), vec![(0u64, held)]);
            for (wait, amount, inward) in flows {
                second += wait;
                let before = window.held();
                if inward {
                    window.take_in(second, amount);
                } else {
                    let paid = window.ask(second, amount);
                    prop_assert!(paid.now <= before);
                    prop_assert_eq!(paid.now + paid.later + paid.refused, amount);
                    told.push((second, paid.now));
                }
                balance.push((second, window.held()));
            }
            // Every window of this length, whether a flow falls on its end or not.
            for end in 0..=second + 100 {
                let start = end.checked_sub(100);
                let inside = |at: u64| at <= end && start.is_none_or(|start| at > start);
                let out: u128 = told.iter().filter(|(at, _)| inside(*at)).map(|(_, out)| out).sum();
                let earlier = balance.iter().rev().find(|(at, _)| start.is_some_and(|s| *at <= s));
                let began = earlier.map_or(held, |(_, held)| *held);
                prop_assert!(
                    out * 10_000 <= began * u128::from(10_000 - retained),
                    "{} of {} in the window to {}", out, began, end
                );
            }
        }

        #[test]
        fn no_throttled_window_holds_more_than_its_value(
            asks in proptest::collection::vec((0u64..7, 0u128..90), 1..40), most in 0u128..200,
        ) {
            let mut throttle = Throttle::new(most, 10).unwrap();
            let (mut second, mut taken) = (0, Vec::new());
            for (wait, value) in asks {
                second += wait;
                taken.push((second, throttle.take(second, value)));
            }
            for end in 0..=second + 10 {
                let inside = |at: u64| at <= end && at + 10 > end;
                let sum: u128 = taken.iter().filter(|(at, _)| inside(*at)).map(|(_, v)| v).sum();
                prop_assert!(sum <= most);
            }
        }
    }
}
