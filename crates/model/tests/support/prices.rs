//! Prices: a walk, the line of an account to the unit, and everything a guard refuses.

use super::generate::Generator;
use super::world::SECOND;
use breakwater_engine::Body;
use breakwater_market::{MarketId, Quote, Tick};
use breakwater_money::{AccountId, AssetId, Time};

impl Generator<'_> {
    fn next_sequence(&self, market: usize) -> u64 {
        let seen = self.model.pool().seen.get(market).and_then(|seen| seen.mark);
        seen.map_or(1, |mark| mark.sequence + 1)
    }

    fn market(&mut self) -> usize {
        let markets = self.model.pool().markets.len() as u64;
        usize::try_from(self.chance.below(markets.max(1))).unwrap()
    }

    fn quote(&mut self, price: u128) -> Quote {
        if self.chance.percent(70) {
            return Quote::Single(price);
        }
        let half = price * u128::from(self.chance.below(200)) / 10_000;
        Quote::TwoSided { bid: price - half, ask: price + half + u128::from(self.chance.below(2)) }
    }

    fn tick_of(&mut self, market: usize, price: u128, at: Time) -> Tick {
        let pool = self.model.pool();
        let decimals = pool.markets.get(market).map_or(8, |m| m.guard.decimals);
        let last = pool.seen.get(market).and_then(|seen| seen.mark);
        let behind = self.chance.below(3) * SECOND;
        let observed = Time(at.0 - behind).max(last.map_or(Time(0), |mark| mark.observed_at));
        Tick {
            market: MarketId(u16::try_from(market).unwrap()),
            quote: self.quote(price.max(1)),
            decimals,
            sequence: self.next_sequence(market) + self.chance.below(3),
            observed_at: observed,
        }
    }

    pub fn tick(&mut self, at: Time) -> Body {
        if self.chance.percent(25)
            && let Some(body) = self.tick_to_the_line(at)
        {
            return body;
        }
        let market = self.market();
        let last = self.model.pool().seen.get(market).and_then(|seen| seen.mark);
        let price = last.map_or(100_000_000, |mark| mark.price.raw);
        let moved = match self.chance.below(10) {
            0 => 0,
            1..=6 => self.chance.range(0, 300),
            7..=8 => self.chance.range(0, 1_900),
            // Over the edge of the band, unless the feed was out.
            _ => self.chance.range(1_900, 4_000),
        };
        let change = price * u128::from(moved) / 10_000;
        let price = if self.chance.percent(55) { price - change } else { price + change };
        let tick = self.tick_of(market, price, at);
        Body::Tick(tick)
    }

    /// A price at which some account crosses its line, to the unit or one unit off.
    pub fn tick_to_the_line(&mut self, at: Time) -> Option<Body> {
        let pool = self.model.pool();
        let rule = self.model.rule()?;
        let owing: Vec<AccountId> = pool.everybody().filter(|a| pool.exposed(*a)).collect();
        if owing.is_empty() {
            return None;
        }
        let account = *self.chance.pick(&owing);
        let assets: Vec<AssetId> =
            pool.holdings(account).into_iter().map(|(_, unit, _)| unit.asset).collect();
        let asset = *self.chance.pick(&assets);
        let market = pool.assets.get(asset.index())?.market?.index();
        let last = pool.seen.get(market)?.mark?.price;
        let mut tried = pool.clone();
        tried.now = at;
        let mut health = |price: u128| {
            if let Some(mark) = &mut tried.seen[market].mark {
                mark.price.raw = price;
            }
            let health = rule.health(&tried, account).ok()?;
            Some((health.breach, health.equity - i128::try_from(health.requirement).ok()?))
        };
        let (low, high) = (last.raw - last.raw / 5, last.raw + last.raw / 5);
        let (now, gap) = health(last.raw)?;
        let mut ends = [low, high].into_iter().filter_map(|end| Some((end, health(end)?)));
        let (end, (_, end_gap)) = ends.find(|(_, (breach, _))| *breach != now)?;
        let (same, other) = crossing((last.raw, gap), (end, end_gap), now, health)?;
        let price = match self.chance.below(if self.kind.trades() { 7 } else { 5 }) {
            0 => same,
            1..=2 => other,
            // As far as the band lets it go.
            5 if other > same => high,
            5 => low,
            // Somewhat beyond.
            _ if other > same => (other + other / 100).min(high),
            _ => (other - other / 100).max(low),
        };
        let mut tick = self.tick_of(market, price, at);
        tick.quote = Quote::Single(price);
        Some(Body::Tick(tick))
    }

    pub fn bad_tick(&mut self, at: Time) -> Body {
        let market = self.market();
        let last = self.model.pool().seen.get(market).and_then(|seen| seen.mark);
        let price = last.map_or(100_000_000, |mark| mark.price.raw);
        let mut tick = self.tick_of(market, price, at);
        match self.chance.below(12) {
            0 => tick.observed_at = Time(at.0 - 61 * SECOND),
            1 => tick.observed_at = Time(at.0 - 60 * SECOND - 1),
            2 => tick.observed_at = Time(at.0 + 2 * SECOND + 1),
            3 => {
                if let Some(mark) = last {
                    tick.sequence = mark.sequence;
                    tick.observed_at = mark.observed_at;
                    tick.quote = Quote::Single(mark.price.raw);
                }
            }
            4 => tick.sequence = last.map_or(0, |mark| mark.sequence),
            5 => tick.observed_at = last.map_or(at, |mark| Time(mark.observed_at.0 - 1)),
            6 => tick.quote = Quote::TwoSided { bid: price + 1, ask: price },
            7 => tick.quote = Quote::Single(price + price / 5 + 2),
            8 => tick.quote = Quote::Single(price - price / 5 - 2),
            9 => tick.decimals += 1,
            10 => tick.quote = Quote::TwoSided { bid: 0, ask: price },
            _ => tick.quote = Quote::TwoSided { bid: price, ask: price + price / 10 },
        }
        if self.chance.percent(2) {
            tick.market = MarketId(99);
        }
        Body::Tick(tick)
    }

    /// The last price again, of the market among the account's that has been silent longest.
    pub fn fresh_tick(&mut self, account: AccountId, at: Time) -> Option<Body> {
        let pool = self.model.pool();
        let assets = pool.holdings(account).into_iter().map(|(_, unit, _)| unit.asset);
        let markets = assets.filter_map(|asset| pool.assets.get(asset.index())?.market);
        let silent = markets.min_by_key(|market| {
            pool.seen[market.index()].mark.map_or(Time(0), |mark| mark.observed_at)
        })?;
        let last = pool.seen[silent.index()].mark?;
        let mut tick = self.tick_of(silent.index(), last.price.raw, at);
        tick.quote = Quote::Single(last.price.raw);
        Some(Body::Tick(tick))
    }
}

/// The neighbouring prices between which an account crosses its line. Health is nearly linear in a
/// price, so that each guess is where a straight line would cross, and one a little beyond it.
fn crossing(
    mut same: (u128, i128),
    mut other: (u128, i128),
    now: bool,
    mut health: impl FnMut(u128) -> Option<(bool, i128)>,
) -> Option<(u128, u128)> {
    let mut reach = 16u128;
    while same.0.abs_diff(other.0) > 1 {
        let mut look = |price: u128, same: &mut (u128, i128), other: &mut (u128, i128)| {
            let (low, high) = (same.0.min(other.0), same.0.max(other.0));
            if high - low > 1 {
                let price = price.clamp(low + 1, high - 1);
                let (breach, gap) = health(price)?;
                *if breach == now { same } else { other } = (price, gap);
            }
            Some(())
        };
        let middle = |a: u128, b: u128| a.min(b) + a.abs_diff(b) / 2;
        let towards = |from: u128, to: u128| {
            if to > from { from.saturating_add(reach) } else { from.saturating_sub(reach) }
        };
        if same.0.abs_diff(other.0) > 64 {
            let before = same.0;
            let guess = straight(same, other).unwrap_or(middle(same.0, other.0));
            look(guess, &mut same, &mut other)?;
            let (near, far) = if same.0 == before { (other.0, same.0) } else { (same.0, other.0) };
            look(towards(near, far), &mut same, &mut other)?;
            reach = reach.saturating_mul(16);
        }
        look(middle(same.0, other.0), &mut same, &mut other)?;
    }
    Some((same.0, other.0))
}

/// Where the straight line through two points crosses zero.
fn straight(one: (u128, i128), two: (u128, i128)) -> Option<u128> {
    let (from, to) = (i128::try_from(one.0).ok()?, i128::try_from(two.0).ok()?);
    let fall = one.1.checked_sub(two.1)?;
    let moved = (to - from).checked_mul(one.1)?.checked_div(fall)?;
    u128::try_from(from.checked_add(moved)?).ok()
}
