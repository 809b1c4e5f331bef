//! The engine's own planner as a way to work an order.

use super::strategy::{Order, Strategy, View};
use breakwater_liquidation::conditions::VOLATILITY_PPM_MAX;
use breakwater_liquidation::planner::{
    CONFIDENCE_PPM_MAX, HandOver, PlannerTerms, SLICES_MAX, Single, slice_of,
};
use breakwater_liquidation::{Conditions, Outlet, OutletKind};
use breakwater_market::book_feed::FeedLevel;
use breakwater_market::{BookSide, Level};
use breakwater_money::Time;

/// How far from the mid the planner may sell, basis points. What is dearer is left to the last
/// decision.
const BAND_BPS: u32 = 500;

/// Asks [`slice_of`], the rule of [`propose`](breakwater_liquidation::planner::propose) for one
/// holding, what to send now.
///
/// The decisions are cut into as many slices as the planner looks ahead, and it is asked once a slice,
/// with fewer slices ahead each time. It is told what a host knows: the book as shown, what we ate that
/// has not come back, volatility and half-life as they were estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Planned {
    /// Half-life of what we ate, seconds.
    pub half_life_seconds: f64,
    /// Volatility, raw price units a square root of a second.
    pub sigma: f64,
    /// Standard deviations that waiting is charged with.
    pub z: f64,
}

/// The nearest whole number of millionths up to `most`; a cast from a float saturates.
fn millionths(value: f64, most: u32) -> u32 {
    (libm::round(value * 1e6) as u32).min(most)
}

impl Planned {
    fn conditions(&self, view: &View<'_>) -> Conditions {
        // Prices are doubled, so that the mid is a whole number as well.
        let level = |level: &FeedLevel| Level {
            price: u128::from(level.price) * 2,
            quantity: u128::from(level.quantity),
        };
        let levels = view.observed.iter().filter(|level| level.quantity > 0).map(level).collect();
        let (bids, asks) = match view.side {
            BookSide::Bids => (levels, Vec::new()),
            BookSide::Asks => (Vec::new(), levels),
        };
        let outlet = Outlet { kind: OutletKind::Book, bids, asks, wait_nanos: 0, pays: None };
        let mid = view.mid_twice.max(1) as f64 / 2.0;
        let a_day = self.sigma / mid * libm::sqrt(86_400.0);
        Conditions {
            outlets: vec![outlet],
            volatility_ppm_per_sqrt_day: millionths(a_day, VOLATILITY_PPM_MAX),
            half_life_nanos: (self.half_life_seconds * 1e9) as u64,
            observed_at: Time(0),
        }
    }
}

impl Strategy for Planned {
    fn decide(&mut self, view: &View<'_>) -> Order {
        let nothing = Order { quantity: 0, worst_price: None };
        let every = view.steps.div_ceil(usize::from(SLICES_MAX) + 1).max(1);
        if !view.step.is_multiple_of(every) {
            return nothing;
        }
        let ahead = view.steps.saturating_sub(1).saturating_sub(view.step) / every;
        let held = |levels: &[FeedLevel]| -> u128 {
            levels.iter().map(|level| u128::from(level.quantity)).sum()
        };
        let single = Single {
            quantity: u128::from(view.remaining),
            buy: view.side == BookSide::Asks,
            mark: u128::from(view.mid_twice),
            slippage_bps: BAND_BPS,
            taken: held(view.observed).saturating_sub(held(view.available)),
            slices: u8::try_from(ahead).unwrap_or(SLICES_MAX),
        };
        let terms = PlannerTerms {
            participation_bps: 10_000,
            impact_max_bps: BAND_BPS,
            confidence_ppm: millionths(self.z, CONFIDENCE_PPM_MAX),
            pace_nanos: view.step_nanos.saturating_mul(every as u64).max(1),
            age_max_nanos: u64::MAX,
            hand_over: HandOver::default(),
        };
        match slice_of(&self.conditions(view), &single, &terms) {
            Ok(now) if now.quantity > 0 => Order {
                // At most what is left, which fits 64 bits.
                quantity: u64::try_from(now.quantity).unwrap_or(view.remaining),
                worst_price: u64::try_from(now.worst / 2).ok(),
            },
            // What the rule refuses is left to the last decision, as what waits.
            _ => nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOK: [FeedLevel; 3] = [
        FeedLevel { price: 10_000, quantity: 2 },
        FeedLevel { price: 9_990, quantity: 3 },
        FeedLevel { price: 9_980, quantity: 50 },
    ];

    fn view(step: usize, available: &[FeedLevel]) -> View<'_> {
        View {
            side: BookSide::Bids,
            step,
            steps: 18,
            step_nanos: 1_000_000_000,
            quantity: 10,
            remaining: 10,
            traded: 0,
            traded_since: 0,
            mid_twice: 20_002,
            available,
            observed: &BOOK,
        }
    }

    #[test]
    fn the_planner_is_asked_once_a_slice_and_waits_for_what_comes_back() {
        // All is back by the next slice of two seconds: five slices of two, at the best price.
        let mut planned = Planned { half_life_seconds: 0.01, sigma: 0.5, z: 0.0 };
        let now = planned.decide(&view(0, &BOOK));
        assert_eq!(now, Order { quantity: 2, worst_price: Some(10_000) });
        assert_eq!(planned.decide(&view(1, &BOOK)).quantity, 0);
        // Before the last slice there is no time left to wait.
        let late = planned.decide(&view(16, &BOOK));
        assert_eq!(late, Order { quantity: 10, worst_price: Some(9_980) });
        // Dear waiting sells deeper now.
        planned = Planned { z: 3.0, sigma: 20.0, ..planned };
        assert_eq!(planned.decide(&view(0, &BOOK)).worst_price, Some(9_980));
    }

    #[test]
    fn what_we_ate_is_not_sold_into_again() {
        let mut planned = Planned { half_life_seconds: 0.01, sigma: 0.0, z: 0.0 };
        let left = [FeedLevel { price: 9_990, quantity: 3 }, BOOK[2]];
        assert_eq!(planned.decide(&view(0, &left)).quantity, 0);
    }
}
