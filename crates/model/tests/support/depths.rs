//! What markets would pay, and how sales into them are planned.

use super::chance::Chance;
use super::generate::Generator;
use super::world::SECOND;
use breakwater_engine::Body;
use breakwater_liquidation::planner::{HandOver, PlannerTerms};
use breakwater_liquidation::{Conditions, Outlet, OutletKind};
use breakwater_margin::Ratio;
use breakwater_market::{Level, MarketId};
use breakwater_money::Time;

pub fn terms(chance: &mut Chance) -> PlannerTerms {
    let percent = |chance: &mut Chance, from, to| {
        Ratio::new(u128::from(chance.range(from, to)) * 10u128.pow(16))
    };
    let below = chance.percent(30).then(|| percent(chance, 60, 95));
    PlannerTerms {
        participation_bps: *chance.pick(&[500, 2_000, 5_000, 10_000]),
        impact_max_bps: *chance.pick(&[50, 200, 1_000]),
        confidence_ppm: *chance.pick(&[0, 1_645_000, 3_000_000]),
        pace_nanos: *chance.pick(&[1, 2 * SECOND, 20 * SECOND]),
        age_max_nanos: *chance.pick(&[10 * SECOND, 300 * SECOND, u64::MAX]),
        hand_over: HandOver {
            after_nanos: chance.percent(40).then(|| chance.range(0, 60) * SECOND),
            below_ratio: below,
        },
    }
}

impl Generator<'_> {
    /// An observation of a market, one in eight no observation at all.
    pub fn observe(&mut self, at: Time) -> Body {
        let markets = self.model.pool().markets.len() as u64;
        let most = if self.chance.percent(2) { markets + 1 } else { markets };
        let market = MarketId(u16::try_from(self.chance.below(most)).unwrap());
        let info = self.model.pool().markets.get(market.index());
        let asset = info.map_or(breakwater_money::AssetId(0), |info| info.asset);
        let mark = self.model.pool().price(asset).map_or(100_000_000, |price| price.raw);
        let outlets = (0..self.chance.below(4)).map(|_| self.outlet(asset, mark)).collect();
        let ahead = if self.chance.percent(4) { SECOND } else { 0 };
        let behind = if self.chance.percent(15) { self.chance.below(20 * SECOND) } else { 0 };
        let conditions = Conditions {
            outlets,
            volatility_ppm_per_sqrt_day: u32::try_from(self.chance.below(200_000)).unwrap(),
            half_life_nanos: *self.chance.pick(&[0, SECOND, 60 * SECOND, u64::MAX]),
            observed_at: Time(at.0 + ahead - behind),
        };
        let other = MarketId(u16::try_from(self.chance.below(markets)).unwrap());
        let ppm = i32::try_from(self.chance.below(2_000_001)).unwrap() - 1_000_000;
        let correlations = if other == market { Vec::new() } else { vec![(other, ppm)] };
        Body::ObserveMarket { market, conditions, correlations }
    }

    fn outlet(&mut self, asset: breakwater_money::AssetId, mark: u128) -> Outlet {
        use OutletKind::{Auction, Book, Keeper, Pool, Vault};
        let kind = *self.chance.pick(&[Book, Book, Book, Pool, Auction, Keeper, Vault]);
        let steps = self.chance.below(6);
        let mut bids: Vec<Level> = Vec::new();
        let mut asks: Vec<Level> = Vec::new();
        let (mut below, mut above) = (0u128, 0u128);
        for _ in 0..steps {
            // A step of a few thousandths, now and then of none: those are refused.
            let least = u64::from(!self.chance.percent(1));
            below += u128::from(self.chance.range(least, 40));
            above += u128::from(self.chance.range(1, 40));
            let quantity = self.amount(asset).min(1 << 100);
            bids.push(Level { price: mark * (10_000 - below) / 10_000, quantity });
            asks.push(Level { price: (mark * (10_000 + above) / 10_000).max(above), quantity });
        }
        let wait_nanos = if kind == Auction { self.chance.below(600) * SECOND } else { 0 };
        Outlet { kind, bids, asks, wait_nanos, pays: None }
    }
}
