//! A pool of options and futures under portfolio margin: settled in coin, in quote, or both on two
//! margin assets with prices; and chance.

use crate::adapter::{Lie, Plugged};
use breakwater_engine::{Body, Command, Engine, Outcome};
use breakwater_liquidation::contract::OptionTerms;
use breakwater_liquidation::{AssetInfo, AssetKind, Call, ContractTerms, Form, Policy, Rulebook};
use breakwater_market::{Guard, MarketId, Tick};
use breakwater_money::{AccountId, AssetId, Price, Time};
use breakwater_options::{Black76, Kind, Quote};
use breakwater_rulebooks::exchange::margin_exchange;
use std::sync::Arc;

pub const SECOND: u64 = 1_000_000_000;
pub const HOUR: u64 = 3_600 * SECOND;
pub const DAY: u64 = 24 * HOUR;
/// How many tenths of an option are a position.
pub const OPTION: u64 = 60;
pub const START: u64 = 1_700_000_000 * SECOND;

/// What is margin, and what contracts settle in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum World {
    Coin,
    Quote,
    Both,
}

/// Splitmix64: the same book from the same seed everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % below
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}

/// An asset with decimals of its price, its first price, and how many units of it are a position
/// worth some tens of thousands of dollars.
#[derive(Clone)]
pub struct Listed {
    pub symbol: String,
    pub decimals: u8,
    pub kind: AssetKind,
    pub scale: u8,
    pub price: u128,
    pub typical: u64,
}

impl Listed {
    fn info(&self) -> AssetInfo {
        let Listed { symbol, decimals, kind, .. } = self.clone();
        AssetInfo { symbol, decimals, kind, market: None }
    }
}

const USDT: &str = "USDT";
const BTC: &str = "BTC";

fn token(symbol: &str, decimals: u8, scale: u8, price: u128) -> Listed {
    let symbol = symbol.to_owned();
    Listed { symbol, decimals, kind: AssetKind::Token, scale, price, typical: 0 }
}

/// A perpetual, a future until the near end, and a call and a put for each of two ends. Options of the
/// near end are on the future's mark, the others on that of the underlying.
fn family(settle: AssetId, underlying: AssetId, coin: bool, ends: [Time; 2]) -> Vec<Listed> {
    let suffix = if coin { "C" } else { "U" };
    let future = |name: &str, expires, price| Listed {
        symbol: format!("{name}-{suffix}"),
        decimals: if coin { 0 } else { 3 },
        kind: AssetKind::Contract(ContractTerms {
            form: if coin { Form::Inverse } else { Form::Linear },
            multiplier: if coin { 10 } else { 1 },
            expires,
            ..ContractTerms::linear_perpetual(settle)
        }),
        scale: 2,
        price,
        typical: if coin { 6_000 } else { 1_000 },
    };
    let option = |name: &str, call, strike: u32, end: usize| {
        let kind = if call { Kind::Call } else { Kind::Put };
        let (forward, strike_at) = ([60_110.0, 60_000.0][end], f64::from(strike));
        let years = ends[end].seconds_since(Time(START)) as f64 / 31_536_000.0;
        let quote = Quote { kind, forward, strike: strike_at, years, volatility: 0.6, rate: 0.0 };
        let value = Black76::new(&quote).unwrap().price();
        let mark = if coin { value / forward * 1e4 } else { value * 10.0 };
        let strike = Price::new(strike.into(), 0);
        let option = OptionTerms { call, strike, underlying, coin };
        Listed {
            symbol: format!("{name}-{suffix}"),
            decimals: 1,
            kind: AssetKind::Contract(ContractTerms {
                form: Form::Option(option),
                expires: Some(ends[end]),
                ..ContractTerms::linear_perpetual(settle)
            }),
            scale: if coin { 4 } else { 1 },
            price: mark as u128 + 1,
            typical: OPTION,
        }
    };
    vec![
        future("PERP", None, 6_000_100),
        future("FUT", Some(ends[0]), 6_011_000),
        option("CALL1", true, 60_000, 0),
        option("PUT1", false, 58_000, 0),
        option("CALL2", true, 66_000, 1),
        option("PUT2", false, 52_000, 1),
    ]
}

/// The assets of a world by number; the first are tokens.
fn assets(world: World, ends: [Time; 2]) -> Vec<Listed> {
    let (first, second) = (AssetId(0), AssetId(1));
    let coin = token(BTC, 8, 2, 6_000_000);
    match world {
        World::Coin => {
            let mut all = vec![token(BTC, 8, 0, 0), token("INDEX", 8, 2, 6_000_000)];
            all.extend(family(first, second, true, ends));
            all
        }
        World::Quote => {
            let mut all = vec![token(USDT, 6, 0, 0), coin];
            all.extend(family(first, second, false, ends));
            all
        }
        World::Both => {
            let mut all = vec![token(USDT, 6, 4, 10_000), coin];
            all.extend(family(first, second, false, ends));
            all.extend(family(second, second, true, ends));
            all
        }
    }
}

/// What the file says beside the contracts.
#[derive(Clone, Copy)]
pub struct Rule {
    pub extended: bool,
    pub charged: bool,
    pub maintenance_bps: u32,
    pub initial_bps: u32,
    pub ladder: &'static str,
}

pub fn parameters(world: World, rule: &Rule) -> String {
    let mut text = String::from("name = \"portfolio\"\nrule = \"margin-exchange\"\n");
    text += "effective_from = \"a test\"\n";
    text += rule.ladder;
    match world {
        World::Coin => text += "settle = \"BTC\"\n",
        World::Quote => text += "settle = \"USDT\"\n",
        World::Both => {
            text += "[numeraire]\nsymbol = \"USD\"\ndecimals = 6\n[collateral.USDT]\n";
            text += "tiers = [{ ratio = \"1\" }]\n[collateral.BTC]\ntiers = [";
            text += "{ to = \"2\", ratio = \"0.98\" }, { to = \"9\", ratio = \"0.8\" }]\n";
        }
    }
    text += "[source]\n";
    for field in ["tiers", "clearance_fee_bps", "option", "group"] {
        text += &format!("\"contracts.*.{field}\" = \"a test\"\n");
    }
    for suffix in ["C", "U"] {
        for name in ["PERP", "FUT", "LATE"] {
            text += &format!("[contracts.{name}-{suffix}]\nclearance_fee_bps = 20\n");
            text += &format!("group = \"BTC-{suffix}\"\ntiers = [{{ cap = \"900000000\", ");
            text += "rate = \"0.01\", leverage_max = 50, deduction = \"0\" }]\n";
        }
        for name in ["CALL1", "PUT1", "CALL2", "PUT2"] {
            text += &format!("[contracts.{name}-{suffix}]\nclearance_fee_bps = 20\n");
            text += &format!("group = \"BTC-{suffix}\"\noption = {{ range_e9 = 150000000, ");
            text += "floor_e9 = 100000000, maintenance_e9 = 75000000 }\n";
        }
    }
    text += "[portfolio]\nmoves_bps = [-1600, -1200, -800, -400, 0, 400, 800, 1200, 1600]\n";
    let (initial, maintenance) = (rule.initial_bps, rule.maintenance_bps);
    text += &format!("initial_bps = {initial}\nmaintenance_bps = {maintenance}\n");
    text += "[portfolio.volatility]\nup_bps = 5000\ndown_bps = 2500\nup_floor_ppm = 500000\n";
    text += "short_power_hundredths = 30\nlong_power_hundredths = 13\n";
    if rule.extended {
        text += "[portfolio.extended]\nmoves_bps = [-6600, -3300, 5000, 10000]\n";
        text += "factor_bps = 6000\ndampener = 150000\nrange_bps = 1600\n";
    }
    if rule.charged {
        text += "[portfolio.charges]\nshort_option_e9 = 5000000\noffset_futures_e9 = 6000000\n";
        text += "roll = { annual_bps = 750, least_bps = 100 }\n";
        text += "concentration = { above = 100000000, rate_bps = 500 }\n";
        text += "[portfolio.charges.minimum]\nfutures_e9 = 2000000\n";
        text += "short_options_e9 = 60000000\n";
        text +=
            "tiers = [{ to = 100000000, multiplier = 1 }, { to = 900000000, multiplier = 3 }]\n";
    }
    text
}

pub struct Pool {
    pub engine: Engine,
    pub listed: Vec<Listed>,
    /// By asset: the market that prices it.
    pub markets: Vec<Option<MarketId>>,
    pub prices: Vec<u128>,
    pub now: u64,
    pub ticks: u64,
    /// The line that accounts are watched at, in hundredths.
    pub line: u128,
    own: Box<dyn Rulebook>,
}

impl Pool {
    pub fn apply(&mut self, body: Body) -> Outcome {
        let outcome = self.engine.apply(&Command { at: Time(self.now), body });
        assert!(outcome.stop.is_none(), "{:?}", outcome.stop);
        outcome
    }

    pub fn must(&mut self, body: Body) -> Outcome {
        let told = format!("{body:?}");
        let outcome = self.apply(body);
        if let Some(rejected) = &outcome.rejected {
            panic!("{told}: {rejected}");
        }
        outcome
    }

    pub fn new(lie: Lie, world: World, rule: &Rule, policy: &Policy, near: u64) -> Pool {
        let ends = [Time(START + near), Time(START + 90 * DAY)];
        let listed = assets(world, ends);
        let engine = Engine::new(Arc::new(Plugged(lie)));
        let prices = listed.iter().map(|asset| asset.price).collect();
        let (markets, now) = (vec![None; listed.len()], START);
        let parameters = parameters(world, rule);
        let infos: Vec<AssetInfo> = listed.iter().map(Listed::info).collect();
        let own = margin_exchange::build(&parameters, &infos).unwrap();
        // division: a line in hundredths
        let line = u128::try_from(policy.warn_ratio.raw).unwrap() / 10_000_000_000_000_000;
        let mut pool = Pool { engine, listed, markets, prices, now, ticks: 0, line, own };
        for asset in pool.listed.clone() {
            let Listed { symbol, decimals, kind, .. } = asset;
            pool.must(Body::DefineAsset { symbol, decimals, kind });
        }
        for number in 0..pool.listed.len() {
            if pool.prices[number] > 0 {
                pool.market(number);
                pool.tick(number, pool.prices[number]);
            }
        }
        let hash = *blake3::hash(parameters.as_bytes()).as_bytes();
        let (rule, policy) = (margin_exchange::RULE.to_owned(), policy.clone());
        pool.must(Body::InstallRulebook { rule, parameters, hash, policy });
        for option in pool.contracts().filter(|asset| pool.is_option(*asset)).collect::<Vec<_>>() {
            pool.quote(option, 600_000);
        }
        pool
    }

    /// A market for an asset.
    pub fn market(&mut self, number: usize) {
        let asset = AssetId(u16::try_from(number).unwrap());
        let Listed { symbol, scale, .. } = self.listed[number].clone();
        let guard = Guard {
            decimals: scale,
            age_max_nanos: u64::MAX,
            ahead_max_nanos: 0,
            band_bps: u32::MAX,
            spread_max_bps: 0,
            grace_nanos: 0,
        };
        let market = MarketId(u16::try_from(self.markets.iter().flatten().count()).unwrap());
        self.markets[number] = Some(market);
        let volatility_weight = if self.listed[number].typical == OPTION { 4 } else { 1 };
        self.must(Body::DefineMarket { symbol, asset, guard, volatility_weight });
    }

    pub fn contracts(&self) -> impl Iterator<Item = AssetId> + use<> {
        (2..u16::try_from(self.listed.len()).unwrap()).map(AssetId)
    }

    pub fn terms(&self, asset: AssetId) -> ContractTerms {
        *self.listed[asset.index()].kind.contract().unwrap()
    }

    pub fn is_option(&self, asset: AssetId) -> bool {
        matches!(self.terms(asset).form, Form::Option(_))
    }

    /// Accepts a price of an asset.
    pub fn tick(&mut self, asset: usize, price: u128) -> Outcome {
        self.ticks += 1;
        self.prices[asset] = price;
        let tick = Tick {
            market: self.markets[asset].unwrap(),
            quote: breakwater_market::Quote::Single(price),
            decimals: self.listed[asset].scale,
            sequence: self.ticks,
            observed_at: Time(self.now),
        };
        self.must(Body::Tick(tick))
    }

    pub fn quote(&mut self, contract: AssetId, volatility_e6: u32) {
        self.must(Body::Call(Call::Quote { contract, volatility_e6 }));
    }

    pub fn deposit(&mut self, account: AccountId, asset: AssetId, amount: u128) {
        self.must(Body::Call(Call::Deposit { account, asset, amount }));
    }

    pub fn open(&mut self) -> AccountId {
        let account = AccountId(u32::try_from(self.engine.accounts()).unwrap());
        self.must(Body::OpenAccount { owner: account.to_string() });
        account
    }

    pub fn trade(&mut self, account: AccountId, contract: AssetId, change: i128) {
        let (own, outside) = (Some(account), None);
        let (buyer, seller) = if change > 0 { (own, outside) } else { (outside, own) };
        let at = contract.index();
        let price = Price::new(self.prices[at], self.listed[at].scale);
        let quantity = change.unsigned_abs();
        self.must(Body::Call(Call::Trade { buyer, seller, contract, quantity, price }));
    }

    /// An account with some contracts of either side, small or large, that is then left with what it
    /// must have to open them, and a random part of that more.
    pub fn random(&mut self, random: &mut Random) -> AccountId {
        let account = self.open();
        let margin: Vec<AssetId> = match self.markets[0] {
            Some(_) => vec![AssetId(1), AssetId(0)],
            None => vec![AssetId(0)],
        };
        for asset in &margin {
            let one = 10u128.pow(self.listed[asset.index()].decimals.into());
            self.deposit(account, *asset, 1_000_000_000 * one);
        }
        let size = 1 << random.below(6);
        for contract in self.contracts() {
            if random.below(5) < 2 {
                continue;
            }
            let most = self.listed[contract.index()].typical * size;
            let change = i128::from(1 + random.below(most));
            self.trade(account, contract, if random.below(2) == 0 { change } else { -change });
        }
        for asset in &margin {
            // Coin stays now and then, so that it counts.
            if random.below(4) > 0 || margin.len() == 1 || *asset == AssetId(0) {
                let amount = u128::MAX;
                self.apply(Body::Call(Call::Withdraw { account, asset: *asset, amount }));
            }
        }
        // Near the line that it is watched at, or wherever.
        let health = self.engine.health(account).unwrap();
        let share = self.line * u128::from(random.pick(&[98u64, 101, 103, 106, 120, 150])) / 100;
        let wanted = i128::try_from(health.requirement * share / 100).unwrap();
        let amount = u128::try_from(wanted - health.equity).unwrap_or(0) + 1;
        self.deposit(account, AssetId(0), amount);
        account
    }

    /// Whether a price of an asset would leave the account with more above a line, or with less, by a
    /// rulebook of the test's own.
    pub fn slack(&self, account: AccountId, asset: usize, price: u128) -> i128 {
        self.engine.look(|view| {
            let mut marks = view.marks.to_vec();
            let market = self.markets[asset].unwrap();
            if let Some(mark) = &mut marks[market.index()].mark {
                mark.price.raw = price;
            }
            let health = self.own.assess(&view.with_marks(&marks), account).unwrap();
            let required = i128::try_from(health.requirement).unwrap();
            health.equity * 100 - required * i128::try_from(self.line).unwrap()
        })
    }
}
