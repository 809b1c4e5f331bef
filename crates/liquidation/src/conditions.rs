//! What is known of the markets that a sale would go into: depth, volatility, recovery, and how
//! markets move together. The host observes them; a plan only looks.

use crate::{Rejected, Rejection};
use breakwater_market::{Level, MarketId};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AssetId, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Outlets of one market: a token is sold in a handful of books and pools, and a planner merges
/// them all.
pub const OUTLETS_MAX: usize = 16;
/// Steps of one side of an outlet: finer than a host can keep fresh, coarse enough to merge.
pub const STEPS_MAX: usize = 64;
/// Correlations in one observation: more markets than one account holds at a time.
pub const CORRELATIONS_MAX: usize = 256;
/// Volatility of a thousand percent a square root of a day: above it is a mistake of units.
pub const VOLATILITY_PPM_MAX: u32 = 10_000_000;
/// One, in millionths.
pub const PPM_ONE: i32 = 1_000_000;

/// What stands behind an outlet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutletKind {
    /// An order book.
    Book,
    /// A pool with a formula, quoted in steps.
    Pool,
    /// An auction, at the price expected of it.
    Auction,
    /// A keeper who takes collateral at the venue's incentive.
    Keeper,
    /// A vault that takes over at a stated price, up to its capacity.
    Vault,
}

impl OutletKind {
    /// True where a sale moves the price that others see, and where what was taken comes back.
    #[must_use]
    pub const fn is_market(self) -> bool {
        matches!(self, OutletKind::Book | OutletKind::Pool)
    }
}

/// Anything that takes a sale, as steps of price at the market's decimals.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outlet {
    /// What stands behind it.
    pub kind: OutletKind,
    /// What it pays, best first: prices strictly descending.
    #[serde(default)]
    pub bids: Vec<Level>,
    /// What it asks of whoever buys back, best first: prices strictly ascending.
    #[serde(default)]
    pub asks: Vec<Level>,
    /// Time until it has paid, an auction's length; the price may move meanwhile.
    #[serde(default)]
    pub wait_nanos: u64,
    /// The one asset that it pays, or is paid in; any where none is stated.
    #[serde(default)]
    pub pays: Option<AssetId>,
}

impl Outlet {
    /// The side that a sale, or a purchase, meets.
    #[must_use]
    pub fn side(&self, buy: bool) -> &[Level] {
        if buy { &self.asks } else { &self.bids }
    }

    /// Whether it trades against the asset.
    #[must_use]
    pub fn trades(&self, proceeds: AssetId) -> bool {
        self.pays.is_none_or(|pays| pays == proceeds)
    }

    fn check(&self) -> Result<(), Rejected> {
        for (name, side) in [("bid", &self.bids), ("ask", &self.asks)] {
            if side.len() > STEPS_MAX {
                let detail = format!("{} {name} steps: at most {STEPS_MAX}", side.len());
                return Err(Rejection::LimitReached.because(detail));
            }
            for (at, step) in side.iter().enumerate() {
                if step.quantity == 0 {
                    let detail = format!("quantity 0 of {name} step {at}: at least 1");
                    return Err(Rejection::AmountZero.because(detail));
                }
                if step.price == 0 {
                    let detail = format!("price 0 of {name} step {at}: at least 1");
                    return Err(Rejection::PriceNotPositive.because(detail));
                }
            }
        }
        let falls = self.bids.windows(2).all(|pair| pair[0].price > pair[1].price);
        let rises = self.asks.windows(2).all(|pair| pair[0].price < pair[1].price);
        if !falls || !rises {
            let side = if falls { "asks must rise" } else { "bids must fall" };
            return Err(Rejection::DepthUnordered.because(side));
        }
        match (self.bids.first(), self.asks.first()) {
            (Some(bid), Some(ask)) if bid.price > ask.price => {
                let detail = format!("bid {}, ask {}", bid.price, ask.price);
                Err(Rejection::DepthCrossed.because(detail))
            }
            _ => Ok(()),
        }
    }
}

/// What is known of one market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    /// Where its asset can be sold and bought.
    pub outlets: Vec<Outlet>,
    /// Standard deviation of the price's relative move in a day, millionths; grows with the root of
    /// time.
    pub volatility_ppm_per_sqrt_day: u32,
    /// Time in which half of what a sale took of the depth has come back; zero for at once.
    pub half_life_nanos: u64,
    /// When it was so.
    pub observed_at: Time,
}

impl Conditions {
    /// Refuses what is no observation.
    ///
    /// # Errors
    /// Names the step, its value and what would be right.
    pub fn check(&self) -> Result<(), Rejected> {
        if self.outlets.len() > OUTLETS_MAX {
            let detail = format!("{} outlets: at most {OUTLETS_MAX}", self.outlets.len());
            return Err(Rejection::LimitReached.because(detail));
        }
        if self.volatility_ppm_per_sqrt_day > VOLATILITY_PPM_MAX {
            let found = self.volatility_ppm_per_sqrt_day;
            let detail =
                format!("volatility_ppm_per_sqrt_day {found}: at most {VOLATILITY_PPM_MAX}");
            return Err(Rejection::BadParameter.because(detail));
        }
        self.outlets.iter().try_for_each(Outlet::check)
    }
}

/// What of a quantity taken out of the depth is still missing `elapsed` later, rounded up.
///
/// Half is back after each half-life and within one it comes back evenly, so that the answer is the
/// same integer everywhere.
#[must_use]
pub fn still_missing(quantity: u128, elapsed_nanos: u64, half_life_nanos: u64) -> u128 {
    if half_life_nanos == 0 || quantity == 0 {
        return 0;
    }
    // division: whole half-lives, rounded down; the rest is counted below.
    let (halvings, rest) = (elapsed_nanos / half_life_nanos, elapsed_nanos % half_life_nanos);
    if halvings >= 127 {
        return 0;
    }
    let two = 2 * u128::from(half_life_nanos);
    let within = mul_div(quantity, two - u128::from(rest), two, Rounding::Ceil);
    // At most `quantity`, since the factor is at most one.
    let within = within.unwrap_or(quantity);
    ((within - 1) >> halvings) + 1
}

/// What sales have taken of one side of a market since it was last observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Eaten {
    quantity: u128,
    at: Time,
}

/// What is known of all markets. The default knows nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Observed {
    conditions: BTreeMap<MarketId, Conditions>,
    /// Of the returns of two markets, millionths, the lower number first; never zero.
    correlations: BTreeMap<(MarketId, MarketId), i32>,
    eaten: BTreeMap<(MarketId, bool), Eaten>,
}

/// Nothing known.
pub static NOTHING_OBSERVED: Observed =
    Observed { conditions: BTreeMap::new(), correlations: BTreeMap::new(), eaten: BTreeMap::new() };

impl Observed {
    /// Takes an observation of `market` at time `now`. `correlations` are those with other markets;
    /// what was known of a pair before is replaced, zero forgets it. Depth that was taken before is
    /// in what was observed.
    ///
    /// # Errors
    /// Steps that are no depth, too many of them, or an observation from the future or from before
    /// the one known. Nothing has changed then.
    pub fn observe(
        &mut self,
        now: Time,
        market: MarketId,
        conditions: &Conditions,
        correlations: &[(MarketId, i32)],
    ) -> Result<(), Rejected> {
        conditions.check()?;
        check_correlations(market, correlations)?;
        let (at, known) = (conditions.observed_at, self.conditions.get(&market));
        if at > now {
            let detail = format!("observed at {}, engine time {}", at.0, now.0);
            return Err(Rejection::DepthFuture.because(detail));
        }
        if let Some(last) = known.map(|known| known.observed_at).filter(|last| at < *last) {
            let detail = format!("observed at {}, known from {}", at.0, last.0);
            return Err(Rejection::DepthOutOfOrder.because(detail));
        }
        self.conditions.insert(market, conditions.clone());
        for (other, ppm) in correlations {
            let pair = (market.min(*other), market.max(*other));
            if *ppm == 0 {
                self.correlations.remove(&pair);
            } else {
                self.correlations.insert(pair, *ppm);
            }
        }
        for buy in [false, true] {
            self.eaten.remove(&(market, buy));
        }
        Ok(())
    }

    /// What is known of a market.
    #[must_use]
    pub fn conditions(&self, market: MarketId) -> Option<&Conditions> {
        self.conditions.get(&market)
    }

    /// Every market that something is known of, in order.
    pub fn all(&self) -> impl Iterator<Item = (MarketId, &Conditions)> {
        self.conditions.iter().map(|(market, conditions)| (*market, conditions))
    }

    /// Correlation of two markets' returns in millionths; zero where nothing is known.
    #[must_use]
    pub fn correlation_ppm(&self, one: MarketId, other: MarketId) -> i32 {
        if one == other {
            return PPM_ONE;
        }
        self.correlations.get(&(one.min(other), one.max(other))).copied().unwrap_or(0)
    }

    /// A sale (or a purchase) takes so much of the depth, where the market was observed.
    pub fn eat(&mut self, market: MarketId, buy: bool, quantity: u128, now: Time) {
        if self.conditions.contains_key(&market) {
            let missing = self.missing(market, buy, now);
            let quantity = missing.saturating_add(quantity);
            self.eaten.insert((market, buy), Eaten { quantity, at: now });
        }
    }

    /// What sales have taken of a side since it was observed and has not come back.
    #[must_use]
    pub fn missing(&self, market: MarketId, buy: bool, now: Time) -> u128 {
        let eaten = self.eaten.get(&(market, buy)).copied().unwrap_or_default();
        let half_life = self.conditions.get(&market).map_or(0, |known| known.half_life_nanos);
        still_missing(eaten.quantity, now.since(eaten.at), half_life)
    }
}

fn check_correlations(market: MarketId, correlations: &[(MarketId, i32)]) -> Result<(), Rejected> {
    if correlations.len() > CORRELATIONS_MAX {
        let detail = format!("{} correlations: at most {CORRELATIONS_MAX}", correlations.len());
        return Err(Rejection::LimitReached.because(detail));
    }
    for (other, ppm) in correlations {
        if *other == market {
            let detail = format!("correlation of {market} with itself: it is always one");
            return Err(Rejection::BadParameter.because(detail));
        }
        if !(-PPM_ONE..=PPM_ONE).contains(ppm) {
            let detail = format!("correlation {ppm} with {other}: -{PPM_ONE} to {PPM_ONE}");
            return Err(Rejection::BadParameter.because(detail));
        }
    }
    Ok(())
}

/// Quantities that sales under way may still take, by asset and whether they buy back.
pub type UnderWay = BTreeMap<(AssetId, bool), u128>;

/// No sale under way.
pub static NOTHING_UNDER_WAY: UnderWay = BTreeMap::new();

#[cfg(test)]
mod tests {
    use super::*;

    const M: MarketId = MarketId(1);

    fn level(price: u128, quantity: u128) -> Level {
        Level { price, quantity }
    }

    fn conditions(bids: &[Level], asks: &[Level], at: u64) -> Conditions {
        let (bids, asks) = (bids.to_vec(), asks.to_vec());
        Conditions {
            outlets: vec![Outlet { kind: OutletKind::Book, bids, asks, wait_nanos: 0, pays: None }],
            volatility_ppm_per_sqrt_day: 40_000,
            half_life_nanos: 10,
            observed_at: Time(at),
        }
    }

    fn refused(conditions: &Conditions) -> Rejection {
        let mut observed = Observed::default();
        let refused = observed.observe(Time(5), M, conditions, &[]).unwrap_err();
        assert_eq!(observed, NOTHING_OBSERVED);
        refused.rejection
    }

    #[test]
    fn what_is_no_depth_is_refused_by_name() {
        let sound = conditions(&[level(99, 5), level(98, 5)], &[level(99, 1), level(101, 1)], 5);
        assert_eq!(Observed::default().observe(Time(5), M, &sound, &[]), Ok(()));
        let crossed = conditions(&[level(100, 5)], &[level(99, 1)], 5);
        assert_eq!(refused(&crossed), Rejection::DepthCrossed);
        let flat = conditions(&[level(99, 5), level(99, 5)], &[], 5);
        assert_eq!(refused(&flat), Rejection::DepthUnordered);
        let falling = conditions(&[], &[level(99, 5), level(98, 5)], 5);
        assert_eq!(refused(&falling), Rejection::DepthUnordered);
        assert_eq!(refused(&conditions(&[level(99, 0)], &[], 5)), Rejection::AmountZero);
        assert_eq!(refused(&conditions(&[level(0, 1)], &[], 5)), Rejection::PriceNotPositive);
        assert_eq!(refused(&conditions(&[], &[], 6)), Rejection::DepthFuture);
        let many = Conditions { outlets: vec![sound.outlets[0].clone(); 17], ..sound.clone() };
        assert_eq!(refused(&many), Rejection::LimitReached);
        let steps: Vec<Level> = (0..65).map(|i| level(1_000 - i, 1)).collect();
        assert_eq!(refused(&conditions(&steps, &[], 5)), Rejection::LimitReached);
        let wild = Conditions { volatility_ppm_per_sqrt_day: 10_000_001, ..sound };
        assert_eq!(refused(&wild), Rejection::BadParameter);
    }

    #[test]
    fn an_observation_never_goes_back_and_a_new_one_has_what_was_taken() {
        let mut observed = Observed::default();
        let known = conditions(&[level(99, 100)], &[], 4);
        observed.eat(M, false, 7, Time(4));
        assert_eq!(observed.missing(M, false, Time(4)), 0, "not observed yet");
        observed.observe(Time(5), M, &known, &[(MarketId(0), -200_000)]).unwrap();
        let (one, other) = (MarketId(0), MarketId(1));
        assert_eq!(observed.correlation_ppm(one, other), -200_000);
        assert_eq!(observed.correlation_ppm(other, one), -200_000);
        assert_eq!(observed.correlation_ppm(one, one), PPM_ONE);
        observed.eat(M, false, 64, Time(5));
        assert_eq!(observed.missing(M, false, Time(15)), 32);
        assert_eq!(observed.missing(M, true, Time(15)), 0);
        let earlier = conditions(&[level(99, 100)], &[], 3);
        let refused = observed.observe(Time(16), M, &earlier, &[]).unwrap_err();
        assert_eq!(refused.rejection, Rejection::DepthOutOfOrder);
        observed.observe(Time(16), M, &known, &[(MarketId(0), 0)]).unwrap();
        assert_eq!(observed.missing(M, false, Time(16)), 0);
        assert_eq!(observed.correlation_ppm(one, other), 0);
    }

    #[test]
    fn a_correlation_has_its_range_and_another_market() {
        let known = conditions(&[], &[], 4);
        for bad in [(M, 1), (MarketId(0), 1_000_001), (MarketId(0), -1_000_001)] {
            let refused = Observed::default().observe(Time(5), M, &known, &[bad]).unwrap_err();
            assert_eq!(refused.rejection, Rejection::BadParameter);
        }
        let many = vec![(MarketId(0), 1); CORRELATIONS_MAX + 1];
        let refused = Observed::default().observe(Time(5), M, &known, &many).unwrap_err();
        assert_eq!(refused.rejection, Rejection::LimitReached);
    }

    #[test]
    fn what_was_taken_comes_back_by_halves_and_never_more() {
        assert_eq!(still_missing(100, 0, 10), 100);
        assert_eq!(still_missing(100, 5, 10), 75);
        assert_eq!(still_missing(100, 10, 10), 50);
        assert_eq!(still_missing(100, 15, 10), 38);
        assert_eq!(still_missing(100, 10, 0), 0);
        assert_eq!(still_missing(1, 1_269, 10), 1);
        assert_eq!(still_missing(u128::MAX, 1_270, 10), 0);
        let missing: Vec<u128> = (0..500).map(|t| still_missing(1_000_003, t, 17)).collect();
        assert!(missing.windows(2).all(|pair| pair[0] >= pair[1]));
    }
}
