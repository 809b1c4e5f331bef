//! The watch list is never late for tiered margin: after every price, whoever is not pending is in
//! the band the engine last told, over random books, random moves, and moves aimed at the prices
//! where accounts are liquidated. Two rulebooks that understate their exposures are found out, so
//! the search looks where it hurts.

use breakwater_engine::{Body, Command, Engine, Registry};
use breakwater_liquidation::backstop::Deleverage;
use breakwater_liquidation::policy::BackstopPolicy;
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{
    AssetInfo, AssetKind, Call, CallOption, Effects, Exposures, Kept, Layout, Policy, Promise,
    Rejected, Rejection, Rulebook, Seller, Unsupported, View,
};
use breakwater_margin::health::Armed;
use breakwater_margin::{Health, Ratio};
use breakwater_market::{Guard, MarketId, Quote, Tick};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, AssetId, Holder, Price, Rational, Time, Unit, rational};
use breakwater_rulebooks::exchange::margin_exchange;
use std::sync::Arc;

const PARAMETERS: &str = include_str!("../../../rulebooks/binance-usdm.toml");
const USDT: AssetId = AssetId(0);

/// Contracts: symbol, decimals, decimals of the price, first price, volatility weight.
const CONTRACTS: [(&str, u8, u8, u128, u32); 3] = [
    ("BTCUSDT", 3, 1, 612_345, 3),
    ("1000PEPEUSDT", 0, 7, 98_765, 11),
    ("ETHUSDT", 8, 2, 254_321, 5),
];

/// How an adapter falsifies what the rulebook says.
#[derive(Clone, Copy, PartialEq)]
enum Lie {
    None,
    /// Half of what really moves with the price.
    HalfTheEquity,
    /// A short's requirement is said to stand still.
    ShortsNeedNoMore,
}

struct Adapter {
    inner: Box<dyn Rulebook>,
    lie: Lie,
}

impl Rulebook for Adapter {
    fn name(&self) -> &str {
        self.inner.name()
    }
    fn layout(&self) -> &'static Layout {
        self.inner.layout()
    }
    fn promises(&self) -> &'static [(Promise, Kept)] {
        self.inner.promises()
    }
    fn numeraire_decimals(&self) -> u8 {
        self.inner.numeraire_decimals()
    }
    fn admits(&self, view: &View<'_>) -> Result<(), Unsupported> {
        self.inner.admits(view)
    }
    fn found(&self, view: &View<'_>) -> Result<Effects, Rejected> {
        self.inner.found(view)
    }
    fn accrue(&self, view: &View<'_>) -> Result<Effects, Rejected> {
        self.inner.accrue(view)
    }
    fn assess(&self, view: &View<'_>, account: AccountId) -> Result<Health, Rejected> {
        self.inner.assess(view, account)
    }
    fn exposures(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Exposures,
    ) -> Result<Armed, Rejected> {
        let armed = self.inner.exposures(view, account, out)?;
        for term in &mut out.terms {
            match self.lie {
                Lie::None => {}
                Lie::HalfTheEquity => term.equity /= 2,
                Lie::ShortsNeedNoMore if term.equity < 0 => term.requirement = 0,
                Lie::ShortsNeedNoMore => {}
            }
        }
        Ok(armed)
    }
    fn calls(
        &self,
        view: &View<'_>,
        account: AccountId,
        out: &mut Vec<CallOption>,
    ) -> Result<(), Rejected> {
        self.inner.calls(view, account, out)
    }
    fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        self.inner.execute(view, call)
    }
    fn saleable(&self, view: &View<'_>, account: AccountId) -> Result<Vec<Saleable>, Rejected> {
        self.inner.saleable(view, account)
    }
    fn liquidation_price(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
    ) -> Result<Option<Rational>, Rejected> {
        self.inner.liquidation_price(view, account, asset)
    }
}

struct Plugged(Lie);

impl Registry for Plugged {
    fn build(
        &self,
        rule: &str,
        parameters: &str,
        assets: &[AssetInfo],
    ) -> Result<Option<Box<dyn Rulebook>>, String> {
        if rule != margin_exchange::RULE {
            return Ok(None);
        }
        let inner = margin_exchange::build(parameters, assets)?;
        Ok(Some(Box::new(Adapter { inner, lie: self.0 })))
    }
}

/// Splitmix64: the same book from the same seed everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From `low` to below `high`.
    fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low)
    }
}

struct Pool {
    engine: Engine,
    prices: [u128; 3],
    ticks: u64,
}

impl Pool {
    fn apply(&mut self, body: Body) -> Option<Rejected> {
        let at = Time(self.ticks);
        let outcome = self.engine.apply(&Command { at, body });
        assert!(outcome.stop.is_none(), "{:?}", outcome.stop);
        outcome.rejected
    }

    fn must(&mut self, body: Body) {
        let kind = body.kind();
        if let Some(rejected) = self.apply(body) {
            panic!("{kind}: {rejected}");
        }
    }

    /// Assets, markets with their first prices, and the rulebook under a policy that warns at
    /// `warn` parts in a hundred.
    fn new(lie: Lie, warn: u128) -> Pool {
        let engine = Engine::new(Arc::new(Plugged(lie)));
        let mut pool = Pool { engine, prices: CONTRACTS.map(|c| c.3), ticks: 0 };
        let token = AssetKind::Token;
        pool.must(Body::DefineAsset { symbol: "USDT".to_owned(), decimals: 6, kind: token });
        for (number, (symbol, decimals, scale, _, weight)) in (1u16..).zip(CONTRACTS) {
            let kind = AssetKind::linear_perpetual(USDT);
            let symbol = symbol.to_owned();
            pool.must(Body::DefineAsset { symbol: symbol.clone(), decimals, kind });
            let guard = Guard {
                decimals: scale,
                age_max_nanos: u64::MAX,
                ahead_max_nanos: 0,
                band_bps: u32::MAX,
                spread_max_bps: 0,
                grace_nanos: 0,
            };
            let asset = AssetId(number);
            pool.must(Body::DefineMarket { symbol, asset, guard, volatility_weight: weight });
        }
        for (market, contract) in CONTRACTS.iter().enumerate() {
            pool.tick(market, contract.3);
        }
        let warn_ratio = Ratio::new(warn * 10_000_000_000_000_000);
        pool.install(&Policy { warn_ratio, target_ratio: warn_ratio, ..Policy::as_is() });
        pool
    }

    /// Installs the shipped parameters. Their hash is what the engine says they have when it
    /// refuses another.
    fn install(&mut self, policy: &Policy) {
        let body = |hash| Body::InstallRulebook {
            rule: margin_exchange::RULE.to_owned(),
            parameters: PARAMETERS.to_owned(),
            hash,
            policy: policy.clone(),
        };
        let refused = self.apply(body([0; 32])).expect("no text hashes to zero");
        assert_eq!(refused.rejection, Rejection::RulebookHashDiffers);
        let digits = refused.detail.rsplit(' ').next().unwrap_or_default();
        let mut hash = [0; 32];
        for (index, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[2 * index..2 * index + 2], 16).expect("hex");
        }
        self.must(body(hash));
    }

    /// Accepts a price and returns how many accounts were assessed for it.
    fn tick(&mut self, market: usize, price: u128) -> u32 {
        self.ticks += 1;
        self.prices[market] = price;
        let tick = Tick {
            market: MarketId(u16::try_from(market).unwrap()),
            quote: Quote::Single(price),
            decimals: CONTRACTS[market].2,
            sequence: self.ticks,
            observed_at: Time(self.ticks),
        };
        let at = Time(self.ticks);
        let outcome = self.engine.apply(&Command { at, body: Body::Tick(tick) });
        assert!(outcome.accepted() && outcome.stop.is_none(), "{outcome:?}");
        outcome.assessed
    }

    /// An account with one to three positions of any side and size, then left with nothing to much
    /// more than what it requires. A position of dust is worth some units to a few hundred, so that
    /// its roundings weigh as much as its price.
    fn open(&mut self, random: &mut Random, dust: bool) {
        let account = AccountId(u32::try_from(self.engine.accounts()).unwrap());
        self.must(Body::OpenAccount { owner: "somebody".to_owned() });
        // Ten billion USDT: more than any position here needs.
        let amount = 10_000_000_000_000_000;
        self.must(Body::Call(Call::Deposit { account, asset: USDT, amount }));
        for (market, (_, decimals, scale, _, _)) in CONTRACTS.into_iter().enumerate() {
            if random.range(0, 5) < 2 && market != usize::from(account.0 as u8 % 3) {
                continue;
            }
            let quantity = if dust {
                u128::from(random.range(1, 50) << random.range(0, 8))
            } else {
                // From 30 USDT to some hundred million of notional, evenly over magnitudes.
                let notional = u128::from(random.range(31, 97)) << random.range(0, 21);
                let whole = 10u128.pow(u32::from(decimals) + u32::from(scale));
                notional * whole / self.prices[market] + 1
            };
            let contract = AssetId(u16::try_from(market + 1).unwrap());
            let price = Price::new(self.prices[market], scale);
            let long = random.range(0, 2) == 0;
            let (buyer, seller) = if long { (Some(account), None) } else { (None, Some(account)) };
            self.must(Body::Call(Call::Trade { buyer, seller, contract, quantity, price }));
        }
        let all = Call::Withdraw { account, asset: USDT, amount: u128::MAX };
        self.must(Body::Call(all));
        let required = self.engine.health(account).unwrap().requirement;
        let share = u128::from(random.range(0, 100) * random.range(0, 100));
        let amount = mul_div(required, share, 500, Rounding::Floor).unwrap() + 1;
        self.must(Body::Call(Call::Deposit { account, asset: USDT, amount }));
    }

    /// A price somewhere: a step of less than a percent, a jump, or a few ticks around the price at
    /// which somebody is liquidated.
    fn next_price(&self, market: usize, random: &mut Random) -> u128 {
        let price = self.prices[market];
        let moved = match random.range(0, 10) {
            0..=4 => price * u128::from(random.range(9_900, 10_102)) / 10_000,
            5 => price * u128::from(random.range(70, 140)) / 100,
            _ => {
                let accounts = u64::try_from(self.engine.accounts()).unwrap();
                let account = AccountId(u32::try_from(random.range(0, accounts)).unwrap());
                let contract = AssetId(u16::try_from(market + 1).unwrap());
                let root = self.engine.liquidation_price(account, contract).unwrap();
                let scale = CONTRACTS[market].2;
                let raw = root.and_then(|p| rational::to_raw(&p, scale, Rounding::Floor).ok());
                let near = raw.unwrap_or(price) + u128::from(random.range(0, 5));
                near.saturating_sub(2)
            }
        };
        // Within a factor of thirty of the first price, so that books stay alive.
        let first = CONTRACTS[market].3;
        moved.clamp(first / 30, first * 30)
    }
}

/// Runs a book through prices. True if ever an account not pending was in another band than told;
/// and how many assessments the ticks took, of how many that a rescan would have taken.
fn search(lie: Lie, seed: u64, accounts: usize, steps: usize) -> (bool, u64, u64) {
    let mut random = Random(seed);
    let warn = [100, 105, 125, 190][usize::try_from(seed % 4).unwrap()];
    let mut pool = Pool::new(lie, warn);
    let (mut assessed, mut rescanned) = (0, 0);
    let mut late = false;
    for _ in 0..accounts {
        pool.open(&mut random, seed % 8 >= 4);
    }
    for _ in 0..steps {
        let market = usize::try_from(random.range(0, 3)).unwrap();
        let price = pool.next_price(market, &mut random);
        assessed += u64::from(pool.tick(market, price));
        rescanned += u64::try_from(accounts).unwrap();
        assert_eq!(pool.engine.pending(), 0);
        late |= !pool.engine.rescan().is_empty();
    }
    (late, assessed, rescanned)
}

fn late_among(lie: Lie, seeds: u64) -> u64 {
    (0..seeds).filter(|seed| search(lie, *seed, 20, 60).0).count() as u64
}

#[test]
fn no_band_changes_inside_the_safe_intervals_of_a_tiered_book() {
    let (mut assessed, mut rescanned) = (0, 0);
    for seed in 0..400 {
        let (late, some, all) = search(Lie::None, seed, 20, 80);
        assert!(!late, "seed {seed}");
        assessed += some;
        rescanned += all;
    }
    // The list spares work even where half of the ticks are aimed at its accounts.
    assert!(assessed * 4 < rescanned, "{assessed} of {rescanned}");
}

#[test]
fn an_understated_exposure_is_found_by_the_same_search() {
    let late = late_among(Lie::HalfTheEquity, 40);
    assert!(late > 20, "{late} of 40");
}

#[test]
fn a_shorts_rising_requirement_left_out_is_found_by_the_same_search() {
    let late = late_among(Lie::ShortsNeedNoMore, 80);
    assert!(late > 8, "{late} of 80");
}

/// An account is liquidated by its venue to the end: one sale fills in part and the book dries up,
/// the fund is too small, a winner is closed against the rest, and what is left is booked.
#[test]
fn a_bankrupt_account_is_sold_deleveraged_and_written_off_to_the_unit() {
    let mut pool = Pool::new(Lie::None, 125);
    let backstop = BackstopPolicy {
        insurance: true,
        deleverage: Some(Deleverage::Queue),
        ..BackstopPolicy::default()
    };
    let guards = Policy::guarded();
    let policy = Policy {
        seller: Seller::Venue,
        slippage_bps: 2_000,
        retry_nanos: 0,
        backstop,
        target_ratio: Ratio::new(1_250_000_000_000_000_000),
        ..guards
    };
    pool.install(&policy);
    let (loser, winner, contract) = (AccountId(0), AccountId(1), AssetId(1));
    for (account, amount) in [(loser, 700_000_000), (winner, 9_000_000_000)] {
        pool.must(Body::OpenAccount { owner: account.to_string() });
        pool.must(Body::Call(Call::Deposit { account, asset: USDT, amount }));
    }
    pool.must(Body::FundInsurance { asset: USDT, amount: 1_000_001 });
    let (buyer, seller) = (Some(loser), Some(winner));
    let price = Price::new(612_345, 1);
    let deal = Call::Trade { buyer, seller, contract, quantity: 1_000, price };
    pool.must(Body::Call(deal));
    // 1 BTC falls from 61,234.5 to 60,000, 534.5 below nothing.
    pool.tick(0, 600_000);
    let (number, leg) = {
        let open = pool.engine.open_legs().iter().next().expect("a sale was ordered");
        (*open.0, open.1.leg)
    };
    assert_eq!((leg.quantity, leg.buy_back, leg.proceeds_asset), (1_000, false, USDT));
    // 0.3 BTC are sold at 59,999.9; then the market has no more.
    let sold =
        Body::ReportFill { leg: number, quantity: 300, proceeds: 17_999_970_000, done: true };
    pool.must(sold);
    let ledger = pool.engine.ledger();
    assert_eq!(ledger.balance(Holder::Account(loser), Unit::token(contract)), 0);
    assert_eq!(ledger.balance(Holder::Account(winner), Unit::token(contract)), -300);
    // The sale lost 370.38 and paid a fee of 224.999625, which the fund, of 225.999626 then, gives
    // back before anybody else loses. 533.529999 more over 0.7 BTC are 762.1 on the price, by the
    // market's tick; the winner gives that, and what the tick left over stays with nobody.
    let losses = pool.engine.losses()[&USDT];
    assert_eq!(losses.deleveraged, 533_470_000);
    assert_eq!((losses.insurance, losses.outstanding), (225_999_626, 59_999));
    assert_eq!((losses.socialised, losses.deficit), (0, 533_470_000 + 225_999_626 + 59_999));
    let cash = |holder| pool.engine.ledger().balance(holder, Unit::token(USDT));
    assert_eq!((cash(Holder::Account(loser)), cash(Holder::Insurance)), (0, 0));
    // 0.7 BTC from 61,234.5 to 60,762.1.
    assert_eq!(cash(Holder::Account(winner)), 9_000_000_000 + 330_680_000);
    assert!(pool.engine.trial_balance().iter().all(|row| row.sum == 0));
    assert!(pool.engine.rescan().is_empty());
}
