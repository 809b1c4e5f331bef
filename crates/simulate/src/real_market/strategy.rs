//! How much to send now, and at which worst price.

use breakwater_market::BookSide;
use breakwater_market::book_feed::FeedLevel;

/// What a strategy knows at a decision.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The side eaten: bids by a sale, asks by a purchase.
    pub side: BookSide,
    /// Which decision this is, from 0.
    pub step: usize,
    /// How many there are.
    pub steps: usize,
    /// Time between two, nanoseconds.
    pub step_nanos: u64,
    /// What the whole order is, in the feed's quantity units.
    pub quantity: u64,
    /// What is left of it.
    pub remaining: u64,
    /// What the market traded since the order arrived, ours not counted.
    pub traded: u128,
    /// What it traded since the last decision.
    pub traded_since: u128,
    /// Best bid plus best ask: twice the mid, raw.
    pub mid_twice: u64,
    /// What can be had now, best first: the book less what we ate of it. Levels end where together
    /// they hold twice what is left.
    pub available: &'a [FeedLevel],
    /// The same as the feed shows it, as if we had eaten nothing.
    pub observed: &'a [FeedLevel],
}

impl View<'_> {
    /// Whether no decision follows.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.step + 1 >= self.steps
    }
}

/// What to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// How much; more than is left counts as what is left.
    pub quantity: u64,
    /// No level worse than this is eaten into; any if none.
    pub worst_price: Option<u64>,
}

impl Order {
    const fn at_any_price(quantity: u64) -> Order {
        Order { quantity, worst_price: None }
    }
}

/// A way to work an order. One is made for each run, so it may remember.
pub trait Strategy {
    /// What to send at this decision.
    fn decide(&mut self, view: &View<'_>) -> Order;

    /// Whether what is left at the last decision is sent at any price, whatever the strategy says.
    fn finishes(&self) -> bool {
        true
    }
}

/// All at once, when the order arrives; what the book does not hold then is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Immediate;

impl Strategy for Immediate {
    fn decide(&mut self, view: &View<'_>) -> Order {
        Order::at_any_price(if view.step == 0 { view.remaining } else { 0 })
    }

    fn finishes(&self) -> bool {
        false
    }
}

/// So much up to each decision; what could not be had is caught up at the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheduled {
    /// Sum of what is sent up to and with each decision.
    up_to: Vec<u64>,
}

impl Scheduled {
    /// A schedule of slices, one a decision.
    #[must_use]
    pub fn new(slices: &[u64]) -> Scheduled {
        let mut sum = 0u64;
        let up_to = slices.iter().map(|slice| {
            sum = sum.saturating_add(*slice);
            sum
        });
        Scheduled { up_to: up_to.collect() }
    }

    /// Equal slices, the earlier ones a unit larger where they do not go in evenly.
    #[must_use]
    pub fn evenly(quantity: u64, steps: usize) -> Scheduled {
        let steps = steps.max(1) as u128;
        let up_to = (1..=steps).map(|step| {
            // The ceiling of a share of the quantity, which fits 64 bits.
            (u128::from(quantity) * step).div_ceil(steps) as u64
        });
        Scheduled { up_to: up_to.collect() }
    }
}

/// What is missing to have sent `target` of the whole.
fn up_to(view: &View<'_>, target: u64) -> Order {
    let sent = view.quantity.saturating_sub(view.remaining);
    Order::at_any_price(target.saturating_sub(sent))
}

impl Strategy for Scheduled {
    fn decide(&mut self, view: &View<'_>) -> Order {
        up_to(view, self.up_to.get(view.step).copied().unwrap_or(view.quantity))
    }
}

/// In step with the market's volume, so that all is sent when the volume expected has traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WithVolume {
    /// Volume expected from arrival to the last decision, in the feed's units; not zero.
    pub expected: u128,
}

impl Strategy for WithVolume {
    fn decide(&mut self, view: &View<'_>) -> Order {
        let expected = self.expected.max(1);
        let part = u128::from(view.quantity).saturating_mul(view.traded.min(expected));
        // A share of at most one of a quantity of 64 bits.
        up_to(view, (part / expected) as u64)
    }
}

/// A share of whatever the market trades, and no more: what is left at the end stays unsold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Participation {
    /// The share, in millionths.
    pub share_ppm: u64,
}

impl Strategy for Participation {
    fn decide(&mut self, view: &View<'_>) -> Order {
        let part = view.traded_since.saturating_mul(u128::from(self.share_ppm)) / 1_000_000;
        Order::at_any_price(u64::try_from(part).unwrap_or(u64::MAX))
    }

    fn finishes(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view<'a>(step: usize, remaining: u64, available: &'a [FeedLevel]) -> View<'a> {
        View {
            side: BookSide::Bids,
            step,
            steps: 4,
            step_nanos: 1_000_000_000,
            quantity: 10,
            remaining,
            traded: 30,
            traded_since: 20,
            mid_twice: 200,
            available,
            observed: available,
        }
    }

    #[test]
    fn schedules_send_all_and_catch_up() {
        let mut even = Scheduled::evenly(10, 4);
        assert_eq!(even.up_to, [3, 5, 8, 10]);
        assert_eq!(even.decide(&view(0, 10, &[])).quantity, 3);
        assert_eq!(even.decide(&view(2, 9, &[])).quantity, 7);
        assert_eq!(even.decide(&view(2, 1, &[])).quantity, 0);
        let mut sliced = Scheduled::new(&[4, 3, 2, 1]);
        assert_eq!(sliced.decide(&view(1, 6, &[])).quantity, 3);
    }

    #[test]
    fn volume_sets_the_pace() {
        assert_eq!(WithVolume { expected: 60 }.decide(&view(1, 10, &[])).quantity, 5);
        assert_eq!(WithVolume { expected: 15 }.decide(&view(1, 10, &[])).quantity, 10);
        let mut share = Participation { share_ppm: 250_000 };
        assert_eq!(share.decide(&view(1, 10, &[])).quantity, 5);
        assert!(!share.finishes());
    }
}
