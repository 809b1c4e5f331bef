//! Worlds to play in: assets, parameters told both as text and as the model's terms, policies, and
//! the commands that set a pool up.

use super::auction_world;
use super::chance::Chance;
use super::depths;
use super::exchange_world::{self, COINS, CONTRACTS, SPARE_CONTRACT};
use breakwater_engine::{Body, Command, Registry};
use breakwater_liquidation::policy::{BackstopPolicy, Guards};
use breakwater_liquidation::solvency::defences::{
    BandTerms, OutflowTerms, StressMeasure, StressTerms, ThrottleTerms,
};
use breakwater_liquidation::solvency::outflow::{Counted, Excess, OutflowLimit};
use breakwater_liquidation::solvency::release::Staged;
use breakwater_liquidation::solvency::stress_state::{CloseFactor, StressLines};
use breakwater_liquidation::solvency::{AssetGuard, Breaker, Defences, RateResponse, Solvency};
use breakwater_liquidation::{
    AssetInfo, AssetKind, Call, Close, Disposal, Policy, Rulebook, Seller,
};
use breakwater_margin::Ratio;
use breakwater_market::{Guard, MarketId, Quote, Tick};
use breakwater_model::lending::{self, Kink, Reserve};
use breakwater_model::rule::{Known, Library, Rule};
use breakwater_money::{AccountId, AssetId, Time};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;
use std::sync::Arc;

pub const SECOND: u64 = 1_000_000_000;
pub const START: u64 = 1_700_000_000 * SECOND;
/// Parameter texts a rule.
const TEXTS: u64 = 12;

/// The rules under test, by the names under which hosts plug them in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Called,
    Sold,
    /// Contracts on one margin asset.
    Exchange,
    /// Contracts on several.
    Basket,
    /// As sold, but that what is sold is auctioned.
    Auctioned,
    /// As sold, but in slices over observed depth.
    Planned,
}

impl Kind {
    pub fn rule(self) -> &'static str {
        match self {
            Kind::Called => breakwater_rulebooks::lending::aave_v3::RULE,
            Kind::Sold | Kind::Auctioned | Kind::Planned => {
                breakwater_rulebooks::lending::secured_loan::RULE
            }
            Kind::Exchange | Kind::Basket => breakwater_rulebooks::exchange::margin_exchange::RULE,
        }
    }

    /// True for exchanges.
    pub fn trades(self) -> bool {
        matches!(self, Kind::Exchange | Kind::Basket)
    }
}

/// The rulebooks as a host plugs them in.
pub struct Plugged;

impl Registry for Plugged {
    fn build(
        &self,
        rule: &str,
        parameters: &str,
        assets: &[AssetInfo],
    ) -> Result<Option<Box<dyn Rulebook>>, String> {
        breakwater_rulebooks::build(rule, parameters, assets)
    }
}

/// All parameter texts of one test, and what they mean.
pub struct Shelf {
    pub library: Rc<Library>,
    pub registry: Arc<dyn Registry>,
    texts: BTreeMap<Kind, Vec<(String, [u8; 32])>>,
}

pub const GARBAGE: &str = "name = 1";

impl Shelf {
    /// Texts with interest in one of three, where `interest` asks for it.
    pub fn new(seed: u64, interest: bool, registry: Arc<dyn Registry>) -> Self {
        let mut chance = Chance::new(seed);
        let mut library = Library::new();
        let mut texts: BTreeMap<Kind, Vec<_>> = BTreeMap::new();
        // Which reserves bear interest is the same in all texts: one that loses its interest model
        // keeps its last rate, which is the rulebook's affair.
        let bearing = TOKENS.map(|_| interest && chance.percent(60));
        let kinds = [Kind::Called, Kind::Sold, Kind::Exchange, Kind::Basket, Kind::Auctioned];
        for kind in kinds.into_iter().chain([Kind::Planned]) {
            let known = library.entry(kind.rule().to_owned()).or_default();
            for number in 0..TEXTS {
                let (text, rule) = match kind {
                    Kind::Exchange | Kind::Basket => {
                        exchange_world::text(&mut chance, number, kind)
                    }
                    _ => lending_text(&mut chance, number, kind, &bearing),
                };
                let hash = *blake3::hash(text.as_bytes()).as_bytes();
                known.insert(text.clone(), Known { hash, rule: Some(Rc::new(rule)) });
                texts.entry(kind).or_default().push((text, hash));
            }
            let hash = *blake3::hash(GARBAGE.as_bytes()).as_bytes();
            known.insert(GARBAGE.to_owned(), Known { hash, rule: None });
        }
        Shelf { library: Rc::new(library), registry, texts }
    }

    pub fn text(&self, chance: &mut Chance, kind: Kind) -> (String, [u8; 32]) {
        chance.pick(&self.texts[&kind]).clone()
    }
}

/// Symbols, decimals and first prices (8 decimals) of lending worlds. Those from `SPARE` on are
/// known to the rule and not defined at first.
pub const TOKENS: [(&str, u8, u128); 6] = [
    ("USD", 6, 100_000_000),
    ("BTC", 8, 3_000_000_000_000),
    ("ETH", 18, 180_000_000_000),
    ("LNK", 18, 1_500_000_000),
    ("SPA", 6, 250_000_000),
    ("SPB", 18, 99_000_000),
];
pub const SPARE: usize = 4;

fn lending_text(chance: &mut Chance, number: u64, kind: Kind, bearing: &[bool]) -> (String, Rule) {
    let name = format!("lending {number}");
    let (from, least) = *chance.pick(&[(2_000, 1_000), (2_000, 1_000), (500, 100), (0, 0)]);
    let health: u64 = *chance.pick(&[950_000_000_000_000_000, 900_000_000_000_000_000]);
    let close_factor = *chance.pick(&[5_000, 5_000, 3_333, 10_000]);
    let one = 100_000_000u64;
    let mut text = format!(
        "name = \"{name}\"\nrule = \"{}\"\nversion = \"3.7\"\neffective_from = \"never\"\n\
         numeraire_decimals = 8\n[constants]\nclose_factor_bps = {close_factor}\n\
         close_factor_health_wad = {health}\nclose_factor_from_base = {}\n\
         least_leftover_base = {}\n[source]\n",
        Kind::Called.rule(),
        from * one,
        least * one,
    );
    let mut reserves = BTreeMap::new();
    for ((symbol, decimals, _), interest) in TOKENS.into_iter().zip(bearing) {
        let bonus = chance.range(10_000, 11_200);
        let threshold = chance.range(5_000, 8_900).min(100_000_000 / bonus);
        let fee = *chance.pick(&[0, 1_000, 2_000, 10_000]);
        let factor = *chance.pick(&[0, 1_000, 5_000]);
        let rates = interest.then(|| Kink {
            optimal: u32::try_from(chance.range(4_000, 9_500)).unwrap(),
            base: u32::try_from(chance.range(0, 500)).unwrap(),
            slope1: u32::try_from(chance.range(0, 1_000)).unwrap(),
            slope2: u32::try_from(chance.range(2_000, 30_000)).unwrap(),
        });
        write!(
            text,
            "[assets.{symbol}]\ndecimals = {decimals}\nliquidation_threshold_bps = {threshold}\n\
             liquidation_bonus_bps = {bonus}\nliquidation_protocol_fee_bps = {fee}\n\
             reserve_factor_bps = {factor}\n"
        )
        .unwrap();
        if let Some(Kink { optimal, base, slope1, slope2 }) = rates {
            write!(
                text,
                "[assets.{symbol}.rates]\noptimal_usage_bps = {optimal}\nbase_bps = {base}\n\
                 slope1_bps = {slope1}\nslope2_bps = {slope2}\n"
            )
            .unwrap();
        }
        let narrow = |v: u64| u16::try_from(v).unwrap();
        let reserve = Reserve {
            decimals,
            threshold: narrow(threshold),
            bonus: narrow(bonus),
            fee: narrow(fee),
            reserve_factor: narrow(factor),
            rates,
        };
        reserves.insert(symbol.to_owned(), reserve);
    }
    let sold_by_venue = kind != Kind::Called;
    let name = if sold_by_venue { format!("secured-loan on {name}") } else { name };
    let terms = lending::Terms {
        name,
        numeraire_decimals: 8,
        close_factor: u16::try_from(close_factor).unwrap(),
        close_factor_health: health.into(),
        close_factor_from: (from * one).into(),
        least_leftover: (least * one).into(),
        reserves,
        sold_by_venue,
    };
    (text, Rule::Lending(terms))
}

/// A policy that makes sense for the kind, of every sort there is.
pub fn policy(chance: &mut Chance, kind: Kind) -> Policy {
    let warn = chance.range(1_000, 1_200);
    let target = chance.range(1_000, 1_300);
    let wad = |thousandths: u64| Ratio::new(u128::from(thousandths) * 1_000_000_000_000_000);
    let notice_nanos = *chance.pick(&[0, 0, 0, 20 * SECOND]);
    let insurance = chance.percent(70);
    let mut policy = match chance.below(3) {
        0 => Policy::as_is(),
        _ => Policy::guarded(),
    };
    policy.warn_ratio = wad(warn);
    policy.target_ratio = wad(target);
    policy.notice_nanos = notice_nanos;
    policy.backstop = BackstopPolicy { insurance, ..BackstopPolicy::default() };
    policy.solvency = solvency(chance, kind);
    if kind == Kind::Called {
        // Lots coarse enough that trying each one stays quick.
        policy.lot_value = u128::from(chance.range(100, 2_000)) * 100_000_000;
        // Drawn beside, so that what else is drawn stays what it was.
        policy.defences = defences(&mut chance.clone());
        return policy;
    }
    policy.seller = Seller::Venue;
    policy.close = *chance.pick(&[Close::Target, Close::Target, Close::Target, Close::Full]);
    policy.retry_nanos = *chance.pick(&[0, 5 * SECOND, 60 * SECOND]);
    policy.slippage_bps = u32::try_from(*chance.pick(&[0, 50, 100, 500])).unwrap();
    policy.guards = Guards { minimal: false, ..policy.guards };
    policy.lot_value = u128::from(chance.range(200, 5_000)) * 100_000_000;
    if kind.trades() {
        exchange_world::policy(chance, kind, &mut policy);
    }
    if kind == Kind::Planned {
        policy.close = Close::Planned;
        policy.planner = Some(depths::terms(chance));
    }
    if kind == Kind::Auctioned {
        policy.disposal = auction_world::disposal(chance);
        if let Disposal::Auction(terms) = &mut policy.disposal
            && chance.percent(40)
        {
            let tokens =
                TOKENS.iter().map(|(symbol, decimals, ..)| (*symbol, u32::from(*decimals)));
            terms.lots_max = tokens
                .map(|(symbol, decimals)| {
                    let lot = u128::from(chance.range(1, 40)) * 10u128.pow(decimals) / 4;
                    (symbol.to_owned(), lot.max(1))
                })
                .collect();
        }
    }
    // Drawn beside, so that what else is drawn stays what it was.
    let mut beside = chance.clone();
    if kind == Kind::Basket && beside.percent(60) {
        policy.disposal = auction_world::disposal(&mut beside);
    }
    policy
}

/// Leaves out defences of what a pool does not have.
pub fn know(policy: &mut Policy, known: impl Fn(&str) -> bool) {
    if let Some(defences) = &mut policy.defences {
        defences.bands.retain(|symbol, _| known(symbol));
        if !defences.symbols().all(known) {
            defences.stress = None;
        }
    }
}

/// Rules against a drain and a fall, near enough to what happens for some of it to meet them.
fn defences(chance: &mut Chance) -> Option<Defences> {
    // The next numbers are those of other draws as well; these begin elsewhere.
    (0..7).for_each(|_| _ = chance.below(2));
    if chance.percent(50) {
        return None;
    }
    let small =
        |chance: &mut Chance, from: u64, to: u64| u32::try_from(chance.range(from, to)).unwrap();
    let value =
        |chance: &mut Chance, from: u64, to: u64| u128::from(chance.range(from, to)) * 100_000_000;
    let delays = chance.percent(60);
    let limit = OutflowLimit {
        retained_bps: small(chance, 9_000, 9_999),
        window_seconds: *chance.pick(&[5, 30, 120]),
        begin_threshold: *chance.pick(&[0, 0, 100_000_000_000_000]),
        minimum_amount: *chance.pick(&[0, 100_000_000_000]),
        cooldown_seconds: if delays { *chance.pick(&[0, 0, 20]) } else { 0 },
        excess: if delays { Excess::Delay } else { Excess::Revert },
        counted: if chance.percent(50) { Counted::Net } else { Counted::Gross },
    };
    let staged = Staged {
        delay_seconds: *chance.pick(&[0, 10]),
        stages: small(chance, 1, 4),
        interval_seconds: *chance.pick(&[5, 20]),
    };
    let staged = (delays && chance.percent(40)).then_some(staged);
    let band = BandTerms {
        width_bps: small(chance, 50, 1_500),
        reference_seconds: *chance.pick(&[10, 60, 300]),
        limit_seconds: *chance.pick(&[0, 2, 10]),
        pause_seconds: *chance.pick(&[5, 20]),
    };
    let lines = StressLines {
        soft_bps: small(chance, 50, 400),
        hard_bps: small(chance, 400, 1_500),
        release_bps: *chance.pick(&[0, 20]),
        soft_scale_bps: small(chance, 10_000, 13_000),
        hard_scale_bps: small(chance, 13_000, 20_000),
    };
    let asset = TOKENS[usize::try_from(chance.below(2)).unwrap()].0.to_owned();
    let measure = if chance.percent(50) {
        StressMeasure::Usage { asset }
    } else {
        StressMeasure::Fall { asset, window_seconds: *chance.pick(&[5, 60]) }
    };
    let factor = CloseFactor {
        least_bps: small(chance, 200, 5_000),
        full_at_health_bps: small(chance, 5_000, 9_900),
        whole_up_to: value(chance, 0, 500),
    };
    let throttle = ThrottleTerms {
        value_max: value(chance, 100, 60_000),
        window_seconds: *chance.pick(&[5, 60]),
    };
    let mut bands = BTreeMap::new();
    for (symbol, ..) in TOKENS.iter().take(SPARE) {
        if chance.percent(25) {
            bands.insert((*symbol).to_owned(), band);
        }
    }
    Some(Defences {
        outflow: chance.percent(60).then_some(OutflowTerms { limit, staged }),
        queue_seconds: chance.percent(20).then_some(*chance.pick(&[1, 10, 40])),
        throttle: chance.percent(30).then_some(throttle),
        close_factor: chance.percent(30).then_some(factor),
        bands,
        stress: chance.percent(40).then_some(StressTerms { lines, measure, haircut_bps: 0 }),
    })
}

/// Guards near enough to what happens for some of it to meet them, on half of the assets of half
/// of the policies.
fn solvency(chance: &mut Chance, kind: Kind) -> Solvency {
    let mut solvency = Solvency {
        unpause_grace_nanos: *chance.pick(&[0, 10 * SECOND, 30 * SECOND]),
        ..Solvency::default()
    };
    let assets: Vec<(&str, u128, u128)> = if kind.trades() {
        let contracts = CONTRACTS.iter().take(SPARE_CONTRACT).map(|(symbol, ..)| (*symbol, 1, 1));
        let coins = COINS.iter().take(exchange_world::tokens(kind).into());
        coins.map(|(symbol, ..)| (*symbol, 1, 1)).chain(contracts).collect()
    } else {
        let tokens = TOKENS.iter().take(SPARE);
        tokens
            .map(|(symbol, decimals, price)| (*symbol, 10u128.pow((*decimals).into()), *price))
            .collect()
    };
    let guards = chance.percent(50);
    for (symbol, unit, price) in assets {
        if !guards || chance.percent(50) {
            continue;
        }
        // Base units of a value in whole numeraire units.
        let mut worth =
            |from: u64, to: u64| u128::from(chance.range(from, to)) * 100_000_000 * unit / price;
        let (supply, borrow) = (worth(500_000, 700_000), worth(5_000, 200_000));
        let breaker = Breaker {
            fall_bps: u32::try_from(chance.range(100, 2_500)).unwrap(),
            window_nanos: *chance.pick(&[SECOND, 10 * SECOND, 60 * SECOND, 600 * SECOND]),
            hold_nanos: *chance.pick(&[SECOND, 5 * SECOND, 20 * SECOND]),
        };
        let rate = RateResponse {
            usage_bps: u32::try_from(chance.range(1, 3_000)).unwrap(),
            surcharge_bps_a_year: u32::try_from(chance.range(1, 50_000)).unwrap(),
        };
        let guard = AssetGuard {
            supply_cap: chance.percent(50).then_some(supply),
            borrow_cap: chance.percent(50).then_some(borrow),
            breaker: chance.percent(50).then_some(breaker),
            rate: chance.percent(60).then_some(rate),
        };
        solvency.assets.insert(symbol.to_owned(), guard);
    }
    solvency
}

pub fn guard(chance: &mut Chance, decimals: u8) -> Guard {
    Guard {
        decimals,
        age_max_nanos: 60 * SECOND,
        ahead_max_nanos: 2 * SECOND,
        band_bps: 2_000,
        spread_max_bps: 500,
        grace_nanos: *chance.pick(&[0, 0, 30 * SECOND]),
    }
}

pub fn install(shelf: &Shelf, chance: &mut Chance, kind: Kind) -> Body {
    let (parameters, hash) = shelf.text(chance, kind);
    let policy = policy(chance, kind);
    Body::InstallRulebook { rule: kind.rule().to_owned(), parameters, hash, policy }
}

fn first_tick(market: u16, decimals: u8, price: u128) -> Body {
    Body::Tick(Tick {
        market: MarketId(market),
        quote: Quote::Single(price),
        decimals,
        sequence: 1,
        observed_at: Time(START),
    })
}

/// The commands that set a world up: assets, markets, accounts, the rule, first prices, a lender.
pub fn setup(shelf: &Shelf, chance: &mut Chance, kind: Kind) -> Vec<Command> {
    let mut bodies = Vec::new();
    let accounts = if kind.trades() { chance.range(4, 7) } else { chance.range(3, 5) };
    if kind.trades() {
        exchange_world::assets(chance, kind, &mut bodies);
    } else {
        lending_assets(chance, &mut bodies);
    }
    for number in 0..accounts {
        bodies.push(Body::OpenAccount { owner: format!("owner {number}") });
    }
    bodies.push(install(shelf, chance, kind));
    if kind.trades() {
        for (market, (decimals, price)) in (0..).zip(exchange_world::first_prices(kind)) {
            bodies.push(first_tick(market, decimals, price));
        }
        for asset in (0..exchange_world::tokens(kind)).map(AssetId) {
            let most = *chance.pick(&[2_000, 2_000, 50_000]);
            let amount = chance.wide(most * 10u128.pow(COINS[asset.index()].1.into()));
            bodies.push(Body::FundInsurance { asset, amount });
        }
        if chance.percent(30) {
            exchange_world::storm(chance, kind, accounts, &mut bodies);
        }
    } else {
        for (market, (_, decimals, price)) in (0..).zip(TOKENS).take(SPARE) {
            bodies.push(first_tick(market, 8, price));
            let account = AccountId(0);
            let amount = 10u128.pow(u32::from(decimals)) * 50_000_000_000_000 / price;
            let asset = AssetId(market);
            bodies.push(Body::Call(Call::Deposit { account, asset, amount }));
        }
        bodies.push(Body::FundInsurance { asset: AssetId(0), amount: chance.wide(5_000_000_000) });
    }
    let known: Vec<String> = bodies
        .iter()
        .filter_map(|body| match body {
            Body::DefineAsset { symbol, .. } => Some(symbol.clone()),
            _ => None,
        })
        .collect();
    for body in &mut bodies {
        if let Body::InstallRulebook { policy, .. } = body {
            policy.solvency.assets.retain(|symbol, _| known.contains(symbol));
            know(policy, |symbol| known.iter().any(|known| known == symbol));
            // A world without a rule would be empty.
            if !breakwater_model::auction::sound(policy) {
                policy.disposal = Disposal::Market;
            }
        }
    }
    bodies.into_iter().map(|body| Command { at: Time(START), body }).collect()
}

fn lending_assets(chance: &mut Chance, bodies: &mut Vec<Body>) {
    for (number, (symbol, decimals, _)) in (0u16..).zip(TOKENS).take(SPARE) {
        let kind = AssetKind::Token;
        bodies.push(Body::DefineAsset { symbol: symbol.to_owned(), decimals, kind });
        bodies.push(Body::DefineMarket {
            symbol: format!("{symbol}/N"),
            asset: AssetId(number),
            guard: guard(chance, 8),
            volatility_weight: u32::try_from(chance.range(1, 5)).unwrap(),
        });
    }
}
