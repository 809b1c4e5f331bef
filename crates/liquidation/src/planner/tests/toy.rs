//! A toy venue with everything that a planner meets: weighted collateral against a debt, or positions
//! either way under tiers of maintenance. Asset 0 is cash without a market; all others are priced.

use crate::conditions::{Observed, UnderWay};
use crate::plan::at_mark;
use crate::planner::{HandOver, PlannerTerms};
use crate::rulebook::Saleable;
use crate::{
    AssetInfo, AssetKind, Balances, Call, CallOption, Close, Conditions, ContractTerms, Effects,
    Exposures, Kept, Layout, Leg, MarketInfo, Outlet, OutletKind, Policy, PoolState, Promise,
    Rejected, Rejection, Rulebook, Seller, Unsupported, View,
};
use breakwater_margin::health::Armed;
use breakwater_margin::{Health, Ratio};
use breakwater_market::{Guard, GuardState, Level, Mark, MarketId};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{
    AccountId, AssetId, Holder, Holding, Price, Rational, Time, TransferCode, Unit,
};

pub const A: AccountId = AccountId(0);
pub const CASH: AssetId = AssetId(0);
pub const ONE: u128 = 1_000_000;
const DECIMALS: u8 = 6;
const LAYOUT: Layout = Layout { pool: &[], asset: &[], account: &[], cells: &[] };

/// How the toy judges.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Collateral weights in basis points, by asset; what is owed is negative cash.
    Lending(Vec<u128>),
    /// Maintenance in basis points of a position's value up to each cap, for all positions.
    Tiered(Vec<(u128, u128)>),
}

/// One account and its markets.
#[derive(Debug, Clone)]
pub struct Toy {
    pub kind: Kind,
    pub assets: Vec<AssetInfo>,
    pub markets: Vec<MarketInfo>,
    pub marks: Vec<GuardState>,
    pub held: Vec<Holding>,
    pub observed: Observed,
    pub under_way: UnderWay,
    pub now: Time,
    /// Parts of holdings below so much are refused, 0 for none.
    pub least: u128,
}

impl Balances for Toy {
    fn holdings(&self, _: AccountId) -> &[Holding] {
        &self.held
    }
    fn balance(&self, _: Holder, unit: Unit) -> i128 {
        self.held.iter().find(|held| held.unit == unit).map_or(0, |held| held.balance)
    }
    fn accounts(&self) -> u32 {
        1
    }
}

pub fn asset(number: u16) -> AssetId {
    AssetId(number)
}

impl Toy {
    /// Cash in base units, then by asset: signed size in base units and price in 1e-6.
    pub fn new(kind: Kind, cash: i128, held: &[(i128, u128)]) -> Toy {
        let contracts = matches!(kind, Kind::Tiered(_));
        let guard = Guard {
            decimals: DECIMALS,
            age_max_nanos: u64::MAX,
            ahead_max_nanos: 0,
            band_bps: 5_000,
            spread_max_bps: 100,
            grace_nanos: 0,
        };
        let info = |number: usize| AssetInfo {
            symbol: format!("A{number}"),
            decimals: DECIMALS,
            kind: match contracts && number > 0 {
                true => AssetKind::Contract(ContractTerms::linear_perpetual(CASH)),
                false => AssetKind::Token,
            },
            market: number.checked_sub(1).map(|m| MarketId(u16::try_from(m).unwrap())),
        };
        let own = |asset: AssetId, balance: i128| Holding {
            contract: None,
            unit: Unit::token(asset),
            balance,
        };
        let mut toy = Toy {
            kind,
            assets: (0..=held.len()).map(info).collect(),
            markets: Vec::new(),
            marks: Vec::new(),
            held: vec![own(CASH, cash)],
            observed: Observed::default(),
            under_way: UnderWay::new(),
            now: Time(1_000),
            least: 0,
        };
        for (number, (size, price)) in (1..).zip(held) {
            let asset = AssetId(number);
            let symbol = format!("A{number}/USD");
            toy.markets.push(MarketInfo { symbol, asset, guard, volatility_weight: 1 });
            let mark = Mark {
                price: Price::new(*price, DECIMALS),
                half_spread: 0,
                observed_at: toy.now,
                accepted_at: toy.now,
                sequence: 1,
            };
            toy.marks.push(GuardState { mark: Some(mark), ..GuardState::default() });
            toy.held.push(own(asset, *size));
        }
        toy.held.retain(|held| held.balance != 0);
        toy
    }

    /// Depth of a market as books of (price, quantity) for both sides, with a volatility in ppm.
    pub fn observe(&mut self, number: u16, books: Vec<Outlet>, volatility: u32, half_life: u64) {
        let conditions = Conditions {
            outlets: books,
            volatility_ppm_per_sqrt_day: volatility,
            half_life_nanos: half_life,
            observed_at: self.now,
        };
        self.observed.observe(self.now, MarketId(number - 1), &conditions, &[]).unwrap();
    }

    pub fn correlate(&mut self, one: u16, other: u16, ppm: i32) {
        let known = self.observed.conditions(MarketId(one - 1)).unwrap().clone();
        let with = [(MarketId(other - 1), ppm)];
        self.observed.observe(self.now, MarketId(one - 1), &known, &with).unwrap();
    }

    pub fn look<T>(&self, look: impl FnOnce(&View<'_>) -> T) -> T {
        let state = PoolState::new(&LAYOUT);
        let view = View::new(self.now, &self.assets, &self.markets, &self.marks, self, &state);
        look(&view.with_conditions(&self.observed, &self.under_way))
    }

    pub fn size(&self, asset: AssetId) -> i128 {
        self.balance(Holder::Account(A), Unit::token(asset))
    }

    fn value(&self, view: &View<'_>, asset: AssetId, size: u128) -> Result<u128, Rejected> {
        Ok(view.price(asset)?.value(size, self.assets[asset.index()].decimals, Rounding::Floor)?)
    }
}

pub fn book(bids: &[(u128, u128)], asks: &[(u128, u128)]) -> Outlet {
    let levels = |side: &[(u128, u128)]| {
        side.iter().map(|(price, quantity)| Level { price: *price, quantity: *quantity }).collect()
    };
    Outlet {
        kind: OutletKind::Book,
        bids: levels(bids),
        asks: levels(asks),
        wait_nanos: 0,
        pays: None,
    }
}

pub fn terms() -> PlannerTerms {
    PlannerTerms {
        participation_bps: 10_000,
        impact_max_bps: 9_000,
        confidence_ppm: 0,
        pace_nanos: 60_000_000_000,
        age_max_nanos: u64::MAX,
        hand_over: HandOver::default(),
    }
}

pub fn policy(target_bps: u128, lot_value: u128, slippage_bps: u32, terms: PlannerTerms) -> Policy {
    Policy {
        name: "planned".to_owned(),
        seller: Seller::Venue,
        close: Close::Planned,
        target_ratio: Ratio::new(target_bps * 100_000_000_000_000),
        lot_value,
        slippage_bps,
        planner: Some(terms),
        ..Policy::as_is()
    }
}

impl Rulebook for Toy {
    fn name(&self) -> &str {
        "toy"
    }
    fn layout(&self) -> &'static Layout {
        &LAYOUT
    }
    fn promises(&self) -> &'static [(Promise, Kept)] {
        &[]
    }
    fn numeraire_decimals(&self) -> u8 {
        DECIMALS
    }
    fn admits(&self, _: &View<'_>) -> Result<(), Unsupported> {
        Ok(())
    }
    fn found(&self, _: &View<'_>) -> Result<Effects, Rejected> {
        Ok(Effects::default())
    }
    fn accrue(&self, _: &View<'_>) -> Result<Effects, Rejected> {
        Ok(Effects::default())
    }

    fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        let (mut equity, mut requirement) = (0i128, 0u128);
        for held in view.holdings(account)? {
            let (asset, size) = (held.unit.asset, held.balance);
            if asset == CASH {
                match &self.kind {
                    Kind::Lending(_) if size < 0 => requirement += size.unsigned_abs(),
                    _ => equity += size,
                }
                continue;
            }
            let value = self.value(view, asset, size.unsigned_abs())?;
            match &self.kind {
                Kind::Lending(weights) => {
                    let weight = weights[asset.index() - 1];
                    let counted = mul_div(value, weight, 10_000, Rounding::Floor)?;
                    equity += i128::try_from(counted).unwrap();
                }
                Kind::Tiered(tiers) => {
                    let signed = i128::try_from(value).unwrap();
                    equity += if size < 0 { -signed } else { signed };
                    let rate = tiers.iter().find(|(cap, _)| value <= *cap).unwrap().1;
                    requirement += mul_div(value, rate, 10_000, Rounding::Ceil)?;
                }
            }
        }
        Ok(Health::of(equity, requirement, false)?)
    }

    fn exposures(&self, _: &View<'_>, _: AccountId, _: &mut Exposures) -> Result<Armed, Rejected> {
        Ok(Armed { until: Time::MAX, error: 0 })
    }

    fn calls(&self, _: &View<'_>, _: AccountId, _: &mut Vec<CallOption>) -> Result<(), Rejected> {
        Ok(())
    }

    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        let Call::Fill { account, asset, quantity, proceeds, proceeds_asset } = *call else {
            return Err(Rejection::Unsupported.into());
        };
        let own = Holder::Account(account);
        let size = view.balances.balance(own, Unit::token(asset));
        let left = size.unsigned_abs().checked_sub(quantity);
        let Some(left) = left else {
            return Err(Rejection::NotReduceOnly.because(format!("{quantity} of {size}")));
        };
        if left > 0 && left < self.least {
            return Err(Rejection::DustLeft.into());
        }
        let mut effects = Effects::default();
        let (unit, cash) = (Unit::token(asset), Unit::token(proceeds_asset));
        let (from, to) = if size > 0 { (own, Holder::External) } else { (Holder::External, own) };
        effects.transfer(from, to, unit, quantity, TransferCode::Sale);
        if proceeds > 0 {
            effects.transfer(to, from, cash, proceeds, TransferCode::Sale);
        }
        Ok(effects)
    }

    fn saleable(&self, view: &View<'_>, account: AccountId) -> Result<Vec<Saleable>, Rejected> {
        let held = view.holdings(account)?.iter().filter(|held| held.unit.asset != CASH);
        let item = |held: &Holding| Saleable {
            asset: held.unit.asset,
            quantity: held.balance.unsigned_abs(),
            buy_back: held.balance < 0,
            proceeds_asset: CASH,
        };
        Ok(held.map(item).collect())
    }

    fn liquidation_price(
        &self,
        _: &View<'_>,
        _: AccountId,
        _: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        Ok(None)
    }
}

/// The leg's worst price is within the band.
pub fn within_band(view: &View<'_>, leg: &Leg, slippage_bps: u32) -> bool {
    let mark = at_mark(view, leg).unwrap().worst_price.raw;
    let bps = u128::from(slippage_bps);
    if leg.buy_back {
        leg.worst_price.raw * 10_000 <= mark * (10_000 + bps) + 10_000
    } else {
        leg.worst_price.raw * 10_000 + 10_000 >= mark * (10_000 - bps)
    }
}
