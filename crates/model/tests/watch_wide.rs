//! The watch list is never late where several assets with prices are margin and contracts are linear
//! and inverse: after every price, of a contract or of a margin asset, whoever is not pending is in the
//! band the engine last told. Rulebooks that leave something out of what they state are found out, so
//! the search looks where it hurts. And one account is liquidated to its end: contracts, collateral,
//! and only then a loss.

use breakwater_engine::{Body, Command, Engine, Registry};
use breakwater_liquidation::contract::ContractTerms;
use breakwater_liquidation::policy::BackstopPolicy;
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{
    AssetInfo, AssetKind, Call, CallOption, CallState, Effects, Exposures, Form, Kept, Layout,
    Policy, Promise, Rejected, Rejection, Rulebook, Seller, Unsupported, View,
};
use breakwater_margin::health::Armed;
use breakwater_margin::{Health, Ratio};
use breakwater_market::{Guard, MarketId, Quote, Tick};
use breakwater_money::rounding::Rounding;
use breakwater_money::{AccountId, AssetId, Holder, Price, Rational, Time, Unit, rational};
use breakwater_rulebooks::exchange::margin_exchange;
use std::sync::Arc;

const PARAMETERS: &str = r#"
name = "wide"
rule = "margin-exchange"
effective_from = "a test"
[numeraire]
symbol = "USD"
decimals = 6
[source]
"contracts.*.tiers" = "a test"
"contracts.*.clearance_fee_bps" = "a test"
[collateral.USDT]
tiers = [{ ratio = "1" }]
[collateral.BTC]
tiers = [{ to = "1", ratio = "0.98" }, { to = "4", ratio = "0.9" }, { to = "6", ratio = "0.5" }]
[collateral.ETH]
tiers = [{ ratio = "0.9" }]
[contracts.BTCUSDT]
clearance_fee_bps = 50
tiers = [
    { cap = "50000", rate = "0.02", leverage_max = 45, deduction = "0" },
    { cap = "400000", rate = "0.05", leverage_max = 18, deduction = "1500" },
    { cap = "9000000000", rate = "0.4", leverage_max = 2, deduction = "141500" },
]
[contracts.ETHUSDT]
clearance_fee_bps = 50
size_slope = "0.0001"
tiers = [{ cap = "9000000000", rate = "0.03", leverage_max = 30, deduction = "0" }]
[contracts.BTCUSD]
clearance_fee_bps = 50
size_slope = "0.0005"
tiers = [
    { cap = "2", rate = "0.02", leverage_max = 45, deduction = "0" },
    { cap = "90000", rate = "0.1", leverage_max = 9, deduction = "0.16" },
]
[contracts.ETHUSD]
clearance_fee_bps = 50
basis = "entry"
tiers = [{ cap = "90000", rate = "0.05", leverage_max = 18, deduction = "0" }]
"#;

const USDT: AssetId = AssetId(0);
const BTC: AssetId = AssetId(1);
const ETH: AssetId = AssetId(2);
const BTCUSDT: AssetId = AssetId(3);

/// Symbol, decimals, decimals of the price, first price, volatility weight.
const ASSETS: [(&str, u8, u8, u128, u32); 7] = [
    ("USDT", 6, 4, 10_000, 1),
    ("BTC", 8, 2, 5_000_000, 3),
    ("ETH", 18, 2, 250_000, 4),
    ("BTCUSDT", 3, 1, 500_000, 3),
    ("ETHUSDT", 2, 2, 250_000, 5),
    ("BTCUSD", 0, 1, 500_000, 3),
    ("ETHUSD", 0, 2, 250_000, 4),
];

fn kind(asset: usize) -> AssetKind {
    let inverse = |settle, multiplier| ContractTerms {
        form: Form::Inverse,
        multiplier,
        ..ContractTerms::linear_perpetual(settle)
    };
    match asset {
        3 | 4 => AssetKind::linear_perpetual(USDT),
        5 => AssetKind::Contract(inverse(BTC, 100)),
        6 => AssetKind::Contract(inverse(ETH, 10)),
        _ => AssetKind::Token,
    }
}

/// What a planted rulebook leaves out of what it states.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Lie {
    None,
    /// Margin assets' own prices.
    MarginStandsStill,
    /// Half of every contract's term.
    HalfOfContracts,
    /// What a haircut makes of a gain: the second terms.
    GainsCountWhole,
    /// What a position moves with, for contracts that settle in coin.
    InverseStandsStill,
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
        // Markets are numbered as their assets are.
        let margin = |market: MarketId| market.0 < 3;
        let mut seen = Vec::new();
        match self.lie {
            Lie::None => {}
            Lie::MarginStandsStill => out.terms.retain(|t| !margin(t.market)),
            Lie::InverseStandsStill => out.terms.retain(|t| t.market.0 < 5),
            Lie::GainsCountWhole => out.terms.retain(|t| {
                let first = !seen.contains(&t.market);
                seen.push(t.market);
                first
            }),
            Lie::HalfOfContracts => {
                for term in out.terms.iter_mut().filter(|t| !margin(t.market)) {
                    (term.equity, term.requirement) = (term.equity / 2, term.requirement / 2);
                }
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
    fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % below
    }
}

struct Pool {
    engine: Engine,
    prices: [u128; 7],
    ticks: u64,
}

impl Pool {
    fn apply(&mut self, body: Body) -> Option<Rejected> {
        let outcome = self.engine.apply(&Command { at: Time(self.ticks), body });
        assert!(outcome.stop.is_none(), "{:?}", outcome.stop);
        outcome.rejected
    }

    fn must(&mut self, body: Body) {
        let told = format!("{body:?}");
        if let Some(rejected) = self.apply(body) {
            panic!("{told}: {rejected}");
        }
    }

    fn new(lie: Lie, policy: &Policy) -> Pool {
        let engine = Engine::new(Arc::new(Plugged(lie)));
        let mut pool = Pool { engine, prices: ASSETS.map(|asset| asset.3), ticks: 0 };
        for (number, (symbol, decimals, scale, _, weight)) in ASSETS.into_iter().enumerate() {
            let symbol = symbol.to_owned();
            let kind = kind(number);
            pool.must(Body::DefineAsset { symbol: symbol.clone(), decimals, kind });
            let guard = Guard {
                decimals: scale,
                age_max_nanos: u64::MAX,
                ahead_max_nanos: 0,
                band_bps: u32::MAX,
                spread_max_bps: 0,
                grace_nanos: 0,
            };
            let asset = AssetId(u16::try_from(number).unwrap());
            pool.must(Body::DefineMarket { symbol, asset, guard, volatility_weight: weight });
        }
        for (market, asset) in ASSETS.iter().enumerate() {
            pool.tick(market, asset.3);
        }
        pool.must(Body::InstallRulebook {
            rule: margin_exchange::RULE.to_owned(),
            parameters: PARAMETERS.to_owned(),
            hash: *blake3::hash(PARAMETERS.as_bytes()).as_bytes(),
            policy: policy.clone(),
        });
        pool
    }

    /// Accepts a price and returns how many accounts were assessed for it.
    fn tick(&mut self, market: usize, price: u128) -> u32 {
        self.ticks += 1;
        self.prices[market] = price;
        let tick = Tick {
            market: MarketId(u16::try_from(market).unwrap()),
            quote: Quote::Single(price),
            decimals: ASSETS[market].2,
            sequence: self.ticks,
            observed_at: Time(self.ticks),
        };
        let at = Time(self.ticks);
        let outcome = self.engine.apply(&Command { at, body: Body::Tick(tick) });
        assert!(outcome.accepted() && outcome.stop.is_none(), "{outcome:?}");
        outcome.assessed
    }

    fn deposit(&mut self, account: AccountId, asset: AssetId, amount: u128) {
        self.must(Body::Call(Call::Deposit { account, asset, amount }));
    }

    fn open(&mut self) -> AccountId {
        let account = AccountId(u32::try_from(self.engine.accounts()).unwrap());
        self.must(Body::OpenAccount { owner: account.to_string() });
        account
    }

    fn trade(&mut self, account: AccountId, contract: AssetId, change: i128) -> Option<Rejected> {
        let (own, outside) = (Some(account), None);
        let (buyer, seller) = if change > 0 { (own, outside) } else { (outside, own) };
        let price = Price::new(self.prices[contract.index()], ASSETS[contract.index()].2);
        let quantity = change.unsigned_abs();
        self.apply(Body::Call(Call::Trade { buyer, seller, contract, quantity, price }))
    }

    /// An account with some of everything: it holds coin worth up to twenty thousand USD or up to
    /// half a million, some contracts of either side, and whatever else it may take out is gone.
    fn random(&mut self, random: &mut Random) {
        let account = self.open();
        let most = if random.below(2) == 0 { 20_000 } else { 500_000 };
        for asset in [USDT, BTC, ETH] {
            let dollars = u128::from(1 + random.below(most));
            let (_, decimals, scale, _, _) = ASSETS[asset.index()];
            let whole = 10u128.pow(u32::from(decimals) + u32::from(scale));
            self.deposit(account, asset, dollars * whole / self.prices[asset.index()] + 1);
        }
        for contract in (3..7).map(AssetId) {
            if random.below(3) == 0 {
                continue;
            }
            let dollars = i128::from(1 + random.below(most * 4));
            let change = match contract.0 {
                3 => dollars / 50 + 1,
                4 => dollars / 25 + 1,
                5 => dollars / 100 + 1,
                _ => dollars / 10 + 1,
            };
            // Too much for the account is taken by less and less.
            let mut change = if random.below(2) == 0 { change } else { -change };
            while change != 0 && self.trade(account, contract, change).is_some() {
                change /= 2;
            }
        }
        for asset in [USDT, BTC, ETH] {
            if random.below(3) > 0 {
                let all = Call::Withdraw { account, asset, amount: u128::MAX };
                let refused = self.apply(Body::Call(all)).map(|refused| refused.rejection);
                assert!(refused.is_none_or(|r| r == Rejection::InsufficientBalance), "{refused:?}");
            }
        }
    }

    /// A price somewhere: a small step, a jump, or a tick around the price at which somebody is
    /// liquidated.
    fn next_price(&self, market: usize, random: &mut Random) -> u128 {
        let price = self.prices[market];
        let moved = match random.below(10) {
            0..=4 => price * u128::from(9_900 + random.below(202)) / 10_000,
            5 => price * u128::from(75 + random.below(60)) / 100,
            _ => {
                let accounts = u64::try_from(self.engine.accounts()).unwrap();
                let account = AccountId(u32::try_from(random.below(accounts)).unwrap());
                let asset = AssetId(u16::try_from(market).unwrap());
                let line = self.engine.liquidation_price(account, asset).unwrap();
                let scale = ASSETS[market].2;
                let raw = line.and_then(|p| rational::to_raw(&p, scale, Rounding::Floor).ok());
                (raw.unwrap_or(price) + u128::from(random.below(5))).saturating_sub(2)
            }
        };
        let first = ASSETS[market].3;
        moved.clamp(first / 8, first * 8)
    }
}

/// Runs a book through prices. True if ever an account not pending was in another band than told;
/// and how many assessments the ticks took, of how many that a rescan would have taken.
fn search(lie: Lie, seed: u64, accounts: usize, steps: usize, aimed: bool) -> (bool, u64, u64) {
    let mut random = Random(seed);
    let warn = [100, 105, 150, 200][usize::try_from(seed % 4).unwrap()];
    let warn_ratio = Ratio::new(warn * 10_000_000_000_000_000);
    let policy = Policy { warn_ratio, target_ratio: warn_ratio, ..Policy::as_is() };
    let mut pool = Pool::new(lie, &policy);
    for _ in 0..accounts {
        pool.random(&mut random);
    }
    let (mut assessed, mut rescanned, mut late) = (0, 0, false);
    for _ in 0..steps {
        let market = usize::try_from(random.below(7)).unwrap();
        let price = if aimed {
            pool.next_price(market, &mut random)
        } else {
            // Ten basis points either way.
            pool.prices[market] * u128::from(9_990 + random.below(21)) / 10_000
        };
        // Now and then what was lost becomes debt.
        if random.below(20) == 0 {
            let contract = AssetId(3 + u16::try_from(random.below(4)).unwrap());
            pool.must(Body::Call(Call::Settle { contract }));
        }
        assessed += u64::from(pool.tick(market, price.max(1)));
        rescanned += u64::try_from(accounts).unwrap();
        assert_eq!(pool.engine.pending(), 0);
        late |= !pool.engine.rescan().is_empty();
    }
    (late, assessed, rescanned)
}

#[test]
fn no_band_changes_inside_the_safe_intervals_of_a_book_on_several_assets() {
    let (mut assessed, mut rescanned) = (0, 0);
    for seed in 0..200 {
        let (late, some, all) = search(Lie::None, seed, 15, 60, true);
        assert!(!late, "seed {seed}");
        assessed += some;
        rescanned += all;
    }
    println!("aimed: {assessed} of {rescanned}");
    // Two of five ticks are aimed at somebody's line, one of ten is a jump of up to a third.
    assert!(assessed * 2 < rescanned, "{assessed} of {rescanned}");
}

#[test]
fn small_moves_assess_few_accounts() {
    let (mut assessed, mut rescanned) = (0, 0);
    for seed in 0..8 {
        let (late, some, all) = search(Lie::None, seed, 100, 200, false);
        assert!(!late, "seed {seed}");
        assessed += some;
        rescanned += all;
    }
    println!("small: {assessed} of {rescanned}");
    assert!(assessed * 12 < rescanned, "{assessed} of {rescanned}");
}

#[test]
fn whatever_is_left_out_of_what_is_stated_is_found_by_the_same_search() {
    for (lie, least) in [
        (Lie::MarginStandsStill, 10),
        (Lie::HalfOfContracts, 1),
        (Lie::GainsCountWhole, 1),
        (Lie::InverseStandsStill, 10),
    ] {
        let late = (0..60).filter(|seed| search(lie, *seed, 15, 60, true).0).count();
        println!("{lie:?}: {late} of 60");
        assert!(late >= least, "{lie:?}: {late} of 60");
    }
}

/// Reports the orders of an account filled whole at their worst prices.
fn fill_all(pool: &mut Pool) -> Vec<(AssetId, AssetId)> {
    let mut sold = Vec::new();
    while let Some((number, open)) = pool.engine.open_legs().iter().next() {
        let (number, leg) = (*number, open.leg);
        let proceeds = pool.engine.look(|view| {
            breakwater_liquidation::plan::proceeds(view, &leg, leg.quantity, leg.worst_price)
        });
        let (quantity, proceeds) = (leg.quantity, proceeds.unwrap());
        pool.must(Body::ReportFill { leg: number, quantity, proceeds, done: true });
        sold.push((leg.asset, leg.proceeds_asset));
        assert!(sold.len() < 20, "{sold:?}");
    }
    sold
}

#[test]
fn an_account_is_sold_out_of_contracts_and_collateral_before_its_loss_is_booked() {
    let backstop = BackstopPolicy { insurance: true, ..BackstopPolicy::default() };
    let policy = Policy {
        seller: Seller::Venue,
        slippage_bps: 100,
        retry_nanos: 0,
        backstop,
        ..Policy::guarded()
    };
    let mut pool = Pool::new(Lie::None, &policy);
    let account = pool.open();
    pool.deposit(account, BTC, 100_000_000);
    pool.deposit(account, ETH, 4_000_000_000_000_000_000);
    pool.must(Body::FundInsurance { asset: USDT, amount: 1_000_000_000 });
    assert_eq!(pool.trade(account, BTCUSDT, 7_000), None);
    // Seven BTC lose 70,000 USDT: more than a coin and 4 ETH are worth.
    pool.tick(3, 400_000);
    let sold = fill_all(&mut pool);
    assert_eq!(sold[0], (BTCUSDT, USDT));
    assert_eq!(sold[1..], [(BTC, USDT), (ETH, USDT)]);
    assert!(pool.engine.ledger().holdings(account).is_empty());
    assert_eq!(pool.engine.margin_call(account).unwrap().state, CallState::Bankrupt);
    let losses = pool.engine.losses()[&USDT];
    // Everything at a per cent from the mark: 72,800 lost, 59,400 brought. No cash was left for a fee.
    assert_eq!(losses.deficit, 13_400_000_000);
    assert_eq!((losses.insurance, losses.outstanding), (1_000_000_000, 12_400_000_000));
    let fund = pool.engine.ledger().balance(Holder::Insurance, Unit::token(USDT));
    assert_eq!(fund, 0);
    assert!(pool.engine.trial_balance().iter().all(|row| row.sum == 0));
    assert!(pool.engine.rescan().is_empty());
}

#[test]
fn debt_is_repaid_from_collateral_and_the_rest_of_it_is_the_accounts() {
    let policy =
        Policy { seller: Seller::Venue, slippage_bps: 100, retry_nanos: 0, ..Policy::guarded() };
    let mut pool = Pool::new(Lie::None, &policy);
    let account = pool.open();
    pool.deposit(account, BTC, 100_000_000);
    assert_eq!(pool.trade(account, BTCUSDT, 1_000), None);
    // One BTC loses 46,000 USDT, less than the coin brings; it counts for 49,000.
    pool.tick(3, 40_000);
    pool.tick(1, 4_800_000);
    // The coin falls to where 98 % of it is below what is owed, and the whole of it is not.
    pool.tick(1, 4_690_000);
    let sold = fill_all(&mut pool);
    assert!(sold.contains(&(BTC, USDT)), "{sold:?}");
    assert!(pool.engine.losses().is_empty());
    assert!(!pool.engine.health(account).unwrap().breach);
    assert!(!pool.engine.ledger().holdings(account).is_empty());
}
