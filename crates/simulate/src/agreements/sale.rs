//! Posted collateral is sold by the engine: the claim is a debt, the collateral secures it, and the
//! policy's planner or auction sells until nothing is owed.

use super::market::{Market, SYMBOLS};
use super::parties::{DECIMALS, place, purse};
use super::settings::{MarginCallScenario, SaleSettings};
use crate::ScenarioError;
use crate::book::PRICE_DECIMALS;
use crate::market::overflow;
use crate::plugged::registry;
use crate::world::{asset_id, market_id};
use breakwater_agreement::support::Agreement;
use breakwater_agreement::support::terms::Disposal as Wanted;
use breakwater_engine::{Body, Command, Engine, OpenLeg, Outcome, What};
use breakwater_liquidation::auctions::{AuctionFormat, Bid};
use breakwater_liquidation::planner::PlannerTerms;
use breakwater_liquidation::policy::Guards;
use breakwater_liquidation::{
    AssetKind, Call, Close, Conditions, Disposal, Leg, Outlet, OutletKind, Policy, Seller,
};
use breakwater_margin::Ratio;
use breakwater_market::{Guard, Level};
use breakwater_money::rounding::{Rounding, mul_div, mul_div_full, narrow_u128, pow10};
use breakwater_money::{AccountId, Price, Ray, Time, U256, decimal};

/// The account whose collateral is sold.
const ACCOUNT: AccountId = AccountId(0);
/// The one bidder that matters: where several see the same depth, the first takes.
const BIDDER: u64 = 1;
const MINUTE: u64 = 60_000_000_000;
/// A price may stand for a long weekend.
const AGE_MAX: u64 = 5 * 24 * 60 * MINUTE;

/// Something sold: symbol by place, raw quantity, cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sold {
    pub place: usize,
    pub quantity: u128,
    pub cents: u128,
    /// The mark of then, cents for a whole unit.
    pub mark: u128,
}

/// Depth of one asset and what is missing of it.
struct Book {
    steps: Vec<(u32, u128)>,
    taken: u128,
}

/// A sale under way.
pub(super) struct Sale {
    engine: Engine,
    sequences: Vec<u64>,
    books: [Book; 4],
    half_life: u64,
    bidder_margin_bps: u32,
    volatility: [u32; 4],
    planned: bool,
    /// Assets by the number of their auction.
    auctioned: std::collections::BTreeMap<u64, usize>,
    last: Time,
    /// What the engine was told, for the record.
    pub commands: u64,
}

impl Sale {
    /// Hands lots and a claim to an engine.
    pub fn open(
        scenario: &MarginCallScenario,
        market: &Market,
        (agreement, lots): (&Agreement, &[u128]),
        wanted: u128,
        at: Time,
    ) -> Result<Sale, ScenarioError> {
        let settings = &scenario.settings.sale;
        let policy = policy(settings, agreement.on_default.disposal)?;
        let mut sale = Sale {
            engine: Engine::new(registry()),
            sequences: Vec::new(),
            books: books(settings)?,
            half_life: u64::from(settings.half_life_minutes) * MINUTE,
            bidder_margin_bps: settings.bidder_margin_bps.min(10_000),
            volatility: SYMBOLS.map(|symbol| {
                let stated = &settings.planner.volatility_ppm_per_sqrt_day;
                stated.get(symbol).copied().unwrap_or(0)
            }),
            planned: policy.close == Close::Planned,
            auctioned: std::collections::BTreeMap::new(),
            last: at,
            commands: 0,
        };
        sale.found(&scenario.texts[3], policy, market, at)?;
        for (row, lot) in agreement.collateral.iter().zip(lots).filter(|(_, lot)| **lot > 0) {
            let Some(place) = place(&row.asset) else { continue };
            sale.import(at, place, *lot, 0)?;
        }
        sale.import(at, 0, 0, wanted)?;
        Ok(sale)
    }

    /// The pool: assets, markets, the rule and its policy, prices, and the account.
    fn found(
        &mut self,
        parameters: &str,
        policy: Policy,
        market: &Market,
        at: Time,
    ) -> Result<(), ScenarioError> {
        for (symbol, decimals) in SYMBOLS.iter().zip(DECIMALS) {
            let (symbol, kind) = ((*symbol).to_owned(), AssetKind::Token);
            self.must(at, Body::DefineAsset { symbol, decimals, kind })?;
        }
        for (place, symbol) in SYMBOLS.iter().enumerate() {
            let guard = Guard {
                decimals: PRICE_DECIMALS,
                age_max_nanos: AGE_MAX,
                ahead_max_nanos: 0,
                band_bps: 10_000,
                spread_max_bps: 0,
                grace_nanos: 0,
            };
            let (symbol, asset) = (format!("{symbol}/USD"), asset_id(place));
            self.must(at, Body::DefineMarket { symbol, asset, guard, volatility_weight: 1 })?;
        }
        let hash = *blake3::hash(parameters.as_bytes()).as_bytes();
        let (rule, parameters) = ("secured-loan".to_owned(), parameters.to_owned());
        self.must(at, Body::InstallRulebook { rule, parameters, hash, policy })?;
        for place in 0..SYMBOLS.len() {
            self.tick(at, market, place)?;
        }
        self.must(at, Body::OpenAccount { owner: "posted collateral".to_owned() })?;
        Ok(())
    }

    fn import(
        &mut self,
        at: Time,
        place: usize,
        collateral: u128,
        debt: u128,
    ) -> Result<(), ScenarioError> {
        let call = Call::Import { account: ACCOUNT, asset: asset_id(place), collateral, debt };
        self.must(at, Body::Call(call))?;
        Ok(())
    }

    /// Applies a command that the sale cannot do without.
    fn must(&mut self, at: Time, body: Body) -> Result<Outcome, ScenarioError> {
        let what = body.kind().to_owned();
        let outcome = self.apply(at, body)?;
        match &outcome.rejected {
            Some(why) => Err(ScenarioError::Refused { what, why: why.to_string() }),
            None => Ok(outcome),
        }
    }

    fn tick(&mut self, at: Time, market: &Market, place: usize) -> Result<(), ScenarioError> {
        if self.sequences.is_empty() {
            self.sequences = vec![0; SYMBOLS.len()];
        }
        self.sequences[place] += 1;
        let tick = breakwater_market::Tick {
            market: market_id(place),
            quote: breakwater_market::Quote::Single(mark(market, place, at)?),
            decimals: PRICE_DECIMALS,
            sequence: self.sequences[place],
            observed_at: at,
        };
        self.must(at, Body::Tick(tick))?;
        Ok(())
    }

    /// What is sold at a moment: prices come, the engine orders, the market or a bidder takes.
    pub fn moment(&mut self, market: &Market, at: Time) -> Result<Vec<Sold>, ScenarioError> {
        self.recover(at);
        let mut sold = Vec::new();
        for place in 0..SYMBOLS.len() {
            if self.planned && place > 0 {
                self.observe(market, place, at)?;
            }
        }
        for place in 0..SYMBOLS.len() {
            self.tick(at, market, place)?;
        }
        loop {
            let outcome = self.must(at, Body::AdvanceTime)?;
            self.read(&outcome, market, at, &mut sold)?;
            if self.engine.pending() == 0 {
                break;
            }
        }
        let mut done = std::collections::BTreeSet::new();
        while let Some((number, open)) = self.next_leg(&done) {
            done.insert(number);
            match self.engine.auctions().contains_key(&number) {
                true => self.bid(number, &open, market, at, &mut sold)?,
                false => self.fill(number, &open, market, at, &mut sold)?,
            }
        }
        Ok(sold)
    }

    fn next_leg(&self, done: &std::collections::BTreeSet<u64>) -> Option<(u64, OpenLeg)> {
        let mut legs = self.engine.open_legs().iter();
        legs.find(|(number, _)| !done.contains(number)).map(|(n, open)| (*n, open.clone()))
    }

    fn recover(&mut self, at: Time) {
        let halves = at.since(self.last) as f64 / self.half_life.max(1) as f64;
        let left = libm::exp2(-halves);
        for book in &mut self.books {
            book.taken = (book.taken as f64 * left) as u128;
        }
        self.last = at;
    }

    fn fill(
        &mut self,
        number: u64,
        open: &OpenLeg,
        market: &Market,
        at: Time,
        sold: &mut Vec<Sold>,
    ) -> Result<(), ScenarioError> {
        let place = open.leg.asset.index();
        let left = open.leg.quantity.saturating_sub(open.filled);
        let limit = limit(&open.leg);
        let (quantity, cents) = self.walk(market, place, left, Some(limit), at)?;
        let body = Body::ReportFill { leg: number, quantity, proceeds: cents, done: true };
        self.must(at, body)?;
        if quantity > 0 {
            self.books[place].taken += quantity;
            let mark = mark(market, place, at)?;
            sold.push(Sold { place, quantity, cents, mark: mark_cents(mark) });
        }
        Ok(())
    }

    /// A bidder takes what the depth pays more for than the auction asks, its own margin taken off.
    fn bid(
        &mut self,
        number: u64,
        open: &OpenLeg,
        market: &Market,
        at: Time,
        sold: &mut Vec<Sold>,
    ) -> Result<(), ScenarioError> {
        let Some(running) = self.engine.auctions().get(&number) else { return Ok(()) };
        if running.format() != AuctionFormat::Dutch {
            let reason = "a dutch auction is right: its bidders need no rounds";
            return Err(ScenarioError::setting("sale.auction.format", reason));
        }
        let Ok(Some(asking)) = running.asking(running.elapsed_nanos) else { return Ok(()) };
        let left = open.leg.quantity.saturating_sub(open.filled);
        let all = running.wanted_at(asking);
        let place = open.leg.asset.index();
        let quantity = self.worth_taking(market, place, left.min(all), asking, at)?;
        if quantity == 0 {
            return Ok(());
        }
        let price_max = Price::new(u128::MAX >> 1, 0);
        let bid = Bid::Take { quantity, price_max };
        let outcome = self.apply(at, Body::Bid { auction: number, bidder: BIDDER, bid })?;
        self.read(&outcome, market, at, sold)
    }

    /// The most of `left` of which the last unit still pays: halving finds it, because depth falls.
    fn worth_taking(
        &self,
        market: &Market,
        place: usize,
        left: u128,
        asking: U256,
        at: Time,
    ) -> Result<u128, ScenarioError> {
        let pays = |quantity: u128| -> Result<bool, ScenarioError> {
            let (taken, cents) = self.walk(market, place, quantity, None, at)?;
            let margin = 10_000 - u128::from(self.bidder_margin_bps);
            let worth = mul_div(cents, margin, 10_000, Rounding::Floor).map_err(overflow)?;
            let cost = mul_div_full(U256::from(quantity), asking, Ray::one().raw, Rounding::Ceil)
                .and_then(narrow_u128)
                .map_err(overflow)?;
            Ok(taken == quantity && worth >= cost && cost > 0)
        };
        if pays(left)? {
            return Ok(left);
        }
        let (mut low, mut high) = (0u128, left);
        while high - low > 1 {
            let middle = low + ((high - low) >> 1);
            if pays(middle)? { low = middle } else { high = middle }
        }
        Ok(low)
    }

    fn apply(&mut self, at: Time, body: Body) -> Result<Outcome, ScenarioError> {
        let outcome = self.engine.apply(&Command { at, body });
        self.commands += 1;
        for what in outcome.facts() {
            if let What::AuctionOpened { leg, sale, .. } = what {
                self.auctioned.insert(*leg, sale.asset.index());
            }
        }
        match &outcome.stop {
            Some(stop) => Err(ScenarioError::Stopped(stop.to_string())),
            None => Ok(outcome),
        }
    }

    fn read(
        &mut self,
        outcome: &Outcome,
        market: &Market,
        at: Time,
        sold: &mut Vec<Sold>,
    ) -> Result<(), ScenarioError> {
        for what in outcome.facts() {
            let What::LotSold { leg, quantity, paid, .. } = what else { continue };
            let Some(place) = self.auctioned.get(leg).copied() else { continue };
            self.books[place].taken += quantity;
            let mark = mark(market, place, at)?;
            sold.push(Sold { place, quantity: *quantity, cents: *paid, mark: mark_cents(mark) });
        }
        Ok(())
    }

    /// What depth gives for at most `quantity` no worse than `limit`: taken and cents. Each step pays
    /// its own price, rounded down.
    fn walk(
        &self,
        market: &Market,
        place: usize,
        quantity: u128,
        limit: Option<u128>,
        at: Time,
    ) -> Result<(u128, u128), ScenarioError> {
        let mark = mark(market, place, at)?;
        let unit = pow10(DECIMALS[place]).map_err(overflow)?;
        let cents = pow10(PRICE_DECIMALS - 2).map_err(overflow)?;
        let (mut left, mut taken, mut got) = (quantity, 0u128, 0u128);
        for Level { price, quantity } in self.books[place].levels(mark)? {
            if left == 0 || limit.is_some_and(|limit| price < limit) {
                break;
            }
            let part = left.min(quantity);
            let paid = mul_div(part, price, unit, Rounding::Floor).map_err(overflow)?;
            got += mul_div(paid, 1, cents, Rounding::Floor).map_err(overflow)?;
            taken += part;
            left -= part;
        }
        Ok((taken, got))
    }

    /// Tells the planner what a market is like.
    fn observe(&mut self, market: &Market, place: usize, at: Time) -> Result<(), ScenarioError> {
        let bids = self.books[place].levels(mark(market, place, at)?)?;
        let outlets = match bids.is_empty() {
            true => Vec::new(),
            false => vec![Outlet {
                kind: OutletKind::Book,
                bids,
                asks: Vec::new(),
                wait_nanos: 0,
                pays: Some(asset_id(0)),
            }],
        };
        let conditions = Conditions {
            outlets,
            volatility_ppm_per_sqrt_day: self.volatility[place],
            half_life_nanos: self.half_life,
            observed_at: at,
        };
        let market = market_id(place);
        self.must(at, Body::ObserveMarket { market, conditions, correlations: Vec::new() })?;
        Ok(())
    }
}

impl Book {
    /// What is left, best price first.
    fn levels(&self, mark: u128) -> Result<Vec<Level>, ScenarioError> {
        let mut missing = self.taken;
        let mut levels: Vec<Level> = Vec::new();
        for (bps, quantity) in &self.steps {
            let kept = u128::from(10_000u32.saturating_sub(*bps));
            let price = mul_div(mark, kept, 10_000, Rounding::Floor).map_err(overflow)?;
            let quantity_left = quantity.saturating_sub(missing);
            missing = missing.saturating_sub(*quantity);
            match levels.last_mut().filter(|last| last.price == price) {
                Some(last) => last.quantity += quantity_left,
                None if price > 0 && quantity_left > 0 => {
                    levels.push(Level { price, quantity: quantity_left });
                }
                None => {}
            }
        }
        Ok(levels)
    }
}

/// The mark at the pool's scale.
fn mark(market: &Market, place: usize, at: Time) -> Result<u128, ScenarioError> {
    let found = market.raw(SYMBOLS[place], at);
    let (raw, decimals) =
        found.ok_or_else(|| ScenarioError::setting(SYMBOLS[place], "no price at this time"))?;
    let factor = pow10(PRICE_DECIMALS.saturating_sub(decimals)).map_err(overflow)?;
    mul_div(raw, factor, 1, Rounding::Floor).map_err(overflow)
}

fn mark_cents(mark: u128) -> u128 {
    // At the pool's scale of eight decimals, which is not above 128 bits by a million.
    mul_div(mark, 1, 1_000_000, Rounding::HalfUp).unwrap_or(0)
}

/// A leg's worst price at the pool's scale.
fn limit(leg: &Leg) -> u128 {
    let Price { raw, decimals } = leg.worst_price;
    let (up, down) = match decimals.cmp(&PRICE_DECIMALS) {
        std::cmp::Ordering::Less => (pow10(PRICE_DECIMALS - decimals).unwrap_or(1), 1),
        _ => (1, pow10(decimals - PRICE_DECIMALS).unwrap_or(1)),
    };
    mul_div(raw, up, down, Rounding::Ceil).unwrap_or(u128::MAX)
}

fn books(settings: &SaleSettings) -> Result<[Book; 4], ScenarioError> {
    let mut books: [Book; 4] = std::array::from_fn(|_| Book { steps: Vec::new(), taken: 0 });
    for (symbol, steps) in &settings.depth {
        let field = format!("sale.depth.{symbol}");
        let Some(place) = place(symbol).filter(|place| *place > 0) else {
            let reason = "a depth of UST, SPY or ETH is right: nobody sells dollars for dollars";
            return Err(ScenarioError::setting(field, reason));
        };
        if !steps.windows(2).all(|pair| pair[0].bps < pair[1].bps) {
            return Err(ScenarioError::setting(field, "steps that go away from the mark"));
        }
        for step in steps {
            let own = [(symbol.clone(), step.quantity.clone())].into_iter().collect();
            books[place].steps.push((step.bps, purse(&field, &own)?[place]));
        }
    }
    Ok(books)
}

/// The policy of a sale: everything until nothing is owed, planned or auctioned.
fn policy(settings: &SaleSettings, wanted: Wanted) -> Result<Policy, ScenarioError> {
    let lot_value = decimal::parse_raw(&settings.lot_value, PRICE_DECIMALS)
        .map_err(|error| ScenarioError::setting("sale.lot_value", error.to_string()))?;
    let base = Policy {
        seller: Seller::Venue,
        guards: Guards::default(),
        lot_value,
        slippage_bps: settings.slippage_bps,
        retry_nanos: u64::from(settings.retry_minutes) * MINUTE,
        warn_ratio: Ratio::one(),
        target_ratio: Ratio::one(),
        ..Policy::as_is()
    };
    let policy = match wanted {
        Wanted::Planner => Policy {
            name: "collateral, planned".to_owned(),
            close: Close::Planned,
            planner: Some(PlannerTerms {
                participation_bps: settings.planner.participation_bps,
                impact_max_bps: settings.planner.impact_max_bps,
                confidence_ppm: settings.planner.confidence_ppm,
                pace_nanos: u64::from(settings.planner.pace_minutes) * MINUTE,
                age_max_nanos: AGE_MAX,
                hand_over: Default::default(),
            }),
            ..base
        },
        Wanted::Auction => Policy {
            name: "collateral, by auction".to_owned(),
            close: Close::Full,
            disposal: Disposal::Auction(settings.auction.clone()),
            ..base
        },
    };
    policy.validate().map_err(|reason| ScenarioError::setting("sale", reason))?;
    Ok(policy)
}
