//! A venue whose sides are deleveraged by index, in the engine: random business, prices that lag their
//! marks, liquidation by anyone or by the venue. After every command no invariant is broken, every
//! unit sums to zero, every loss has its bearer, and the watch list is not late. Two rulebooks that
//! understate what moves their accounts are found out.

use breakwater_engine::{Body, Command, Engine, Registry, What};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{
    AssetInfo, AssetKind, Call, CallOption, Close, Effects, Exposures, Fact, Kept, Layout, Policy,
    Promise, Rejected, Rulebook, Seller, Unsupported, View,
};
use breakwater_margin::health::Armed;
use breakwater_margin::{Health, Ratio};
use breakwater_market::{Guard, MarketId, Quote, Tick};
use breakwater_money::rounding::Rounding;
use breakwater_money::{AccountId, AssetId, Holder, Price, Rational, Time, Unit, rational};
use breakwater_rulebooks::exchange::percolator;
use std::sync::Arc;

const PARAMETERS: &str = include_str!("../../../rulebooks/percolator.toml");
const USDC: AssetId = AssetId(0);
const SLOT: u64 = 400_000_000;
const START: u64 = 1_000_000 * SLOT;

/// Contracts: symbol, decimals, decimals of the price, first price, units of a trade.
const CONTRACTS: [(&str, u8, u8, u128, u128); 2] =
    [("BIG-PERP", 0, 2, 10_000, 1), ("FINE-PERP", 9, 6, 20_000_000, 1_700_000_003)];

/// How an adapter falsifies what the rulebook says.
#[derive(Clone, Copy, PartialEq)]
enum Lie {
    None,
    /// Half of what really moves with the price.
    HalfTheEquity,
    /// A price that lags is said to have arrived.
    NothingLags,
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
        match self.lie {
            Lie::None => {}
            Lie::HalfTheEquity => out.terms.iter_mut().for_each(|term| term.equity /= 2),
            Lie::NothingLags => {
                out.reach_bps = None;
                return Ok(Armed { until: Time::MAX, ..armed });
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
        if rule != percolator::RULE {
            return Ok(None);
        }
        let inner = percolator::build(parameters, assets)?;
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

    fn account(&mut self) -> AccountId {
        AccountId(u32::try_from(self.range(0, u64::from(ACCOUNTS))).unwrap())
    }
}

const ACCOUNTS: u32 = 12;

/// What a run came to.
#[derive(Default)]
struct Tally {
    commands: u64,
    accepted: u64,
    insured: u64,
    by_winners: u64,
    late: bool,
}

struct Pool {
    engine: Engine,
    now: u64,
    sequence: u64,
    tally: Tally,
}

fn policy(seller: Seller, warn: u128) -> Policy {
    let warn_ratio = Ratio::new(warn * 10_000_000_000_000_000);
    let as_is = Policy { warn_ratio, target_ratio: warn_ratio, ..Policy::as_is() };
    match seller {
        Seller::Keepers => as_is,
        Seller::Venue => Policy {
            seller,
            close: Close::Target,
            lot_value: 100_000_000,
            slippage_bps: 100,
            retry_nanos: SLOT,
            ..as_is
        },
    }
}

impl Pool {
    fn new(lie: Lie, parameters: &str, policy: Policy) -> Pool {
        let engine = Engine::new(Arc::new(Plugged(lie)));
        let mut pool = Pool { engine, now: START, sequence: 0, tally: Tally::default() };
        let token = AssetKind::Token;
        pool.must(Body::DefineAsset { symbol: "USDC".to_owned(), decimals: 6, kind: token });
        for (number, (symbol, decimals, scale, ..)) in (1u16..).zip(CONTRACTS) {
            let kind = AssetKind::linear_perpetual(USDC);
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
            pool.must(Body::DefineMarket { symbol, asset, guard, volatility_weight: 3 });
        }
        pool.must(Body::InstallRulebook {
            rule: percolator::RULE.to_owned(),
            parameters: parameters.to_owned(),
            hash: *blake3::hash(parameters.as_bytes()).as_bytes(),
            policy,
        });
        for (market, contract) in CONTRACTS.iter().enumerate() {
            pool.tick(market, contract.3);
        }
        for number in 0..ACCOUNTS {
            pool.must(Body::OpenAccount { owner: format!("owner {number}") });
            let amount = (40 + 90 * u128::from(number)) * 1_000_000;
            let account = AccountId(number);
            pool.must(Body::Call(Call::Deposit { account, asset: USDC, amount }));
        }
        pool
    }

    fn apply(&mut self, body: Body) -> bool {
        let told = format!("{body:?}");
        let outcome = self.engine.apply(&Command { at: Time(self.now), body });
        assert!(outcome.stop.is_none(), "{told}: {:?}", outcome.stop);
        self.tally.commands += 1;
        self.tally.accepted += u64::from(outcome.accepted());
        for what in outcome.facts() {
            match what {
                What::Happened(Fact::Borne { bearer: Bearer::Insurance, .. }) => {
                    self.tally.insured += 1;
                }
                What::Happened(Fact::Borne { bearer: Bearer::Winners, .. }) => {
                    self.tally.by_winners += 1;
                }
                _ => {}
            }
        }
        self.judge(&told);
        outcome.accepted()
    }

    fn must(&mut self, body: Body) {
        let told = format!("{body:?}");
        assert!(self.apply(body), "{told}");
    }

    fn judge(&mut self, told: &str) {
        for row in self.engine.trial_balance() {
            assert_eq!(row.sum, 0, "{row:?} after {told}");
        }
        let ledger = self.engine.ledger();
        for holder in [Holder::Reserve, Holder::Insurance] {
            assert!(ledger.balance(holder, Unit::token(USDC)) >= 0, "{holder:?} after {told}");
        }
        assert_eq!(ledger.balance(Holder::Outstanding, Unit::token(USDC)), 0);
        for losses in self.engine.losses().values() {
            assert_eq!(losses.deficit, losses.insurance + losses.socialised, "{told}");
        }
        assert_eq!(self.engine.pending(), 0);
        self.tally.late |= !self.engine.rescan().is_empty();
    }

    fn tick(&mut self, market: usize, price: u128) {
        self.sequence += 1;
        let tick = Tick {
            market: MarketId(u16::try_from(market).unwrap()),
            quote: Quote::Single(price),
            decimals: CONTRACTS[market].2,
            sequence: self.sequence,
            observed_at: Time(self.now),
        };
        self.must(Body::Tick(tick));
    }

    /// A small step, a jump, or a price at which somebody is liquidated.
    fn next_price(&self, market: usize, random: &mut Random) -> u128 {
        let mark = self.engine.marks()[market].mark.unwrap().price.raw;
        let moved = match random.range(0, 10) {
            0..=3 => mark * u128::from(random.range(9_900, 10_102)) / 10_000,
            4 | 5 => mark * u128::from(random.range(70, 140)) / 100,
            _ => {
                let contract = AssetId(u16::try_from(market + 1).unwrap());
                let root = self.engine.liquidation_price(random.account(), contract).unwrap();
                let scale = CONTRACTS[market].2;
                let raw = root.and_then(|p| rational::to_raw(&p, scale, Rounding::Floor).ok());
                (raw.unwrap_or(mark) + u128::from(random.range(0, 5))).saturating_sub(2)
            }
        };
        let first = CONTRACTS[market].3;
        moved.clamp(first / 10, first * 10)
    }

    fn step(&mut self, random: &mut Random) {
        let market = usize::try_from(random.range(0, 2)).unwrap();
        let contract = AssetId(u16::try_from(market + 1).unwrap());
        let whole = 1_000_000;
        match random.range(0, 20) {
            0..=4 => {
                let price = self.next_price(market, random);
                self.now += random.range(1, 3 * SLOT);
                self.tick(market, price);
            }
            5..=8 => {
                self.now += random.range(1, 60 * SLOT);
                self.must(Body::AdvanceTime);
            }
            9..=14 => {
                // At the price in use, which the state of the contract has in its first column.
                let key = breakwater_liquidation::StateKey::Asset(contract, 0);
                let raw = u128::try_from(self.engine.state().get(key)).unwrap().max(1);
                let (_, _, scale, _, units) = CONTRACTS[market];
                let call = Call::Trade {
                    buyer: Some(random.account()),
                    seller: Some(random.account()),
                    contract,
                    quantity: units * u128::from(random.range(1, 9)),
                    price: Price::new(raw, scale),
                };
                self.apply(Body::Call(call));
            }
            15 => {
                let (account, amount) = (random.account(), u128::from(random.range(1, 60)));
                let amount = amount * whole;
                self.must(Body::Call(Call::Deposit { account, asset: USDC, amount }));
            }
            16 => {
                let (account, amount) = (random.account(), u128::MAX);
                self.apply(Body::Call(Call::Withdraw { account, asset: USDC, amount }));
            }
            17 => {
                let amount = u128::from(random.range(1, 9)) * whole;
                self.must(Body::FundInsurance { asset: USDC, amount });
            }
            18 => {
                let rate_e12 = i64::try_from(random.range(0, 4_000_000_000)).unwrap();
                let rate_e12 = rate_e12 - 2_000_000_000;
                self.apply(Body::Call(Call::Fund { contract, rate_e12 }));
            }
            _ => {
                self.apply(Body::Call(Call::Settle { contract }));
            }
        }
    }

    /// Whatever is ordered is filled; else somebody in breach is closed by whoever calls.
    fn liquidate(&mut self, random: &mut Random) {
        let leg = self.engine.open_legs().iter().next().map(|(number, open)| (*number, open.leg));
        if let Some((number, leg)) = leg {
            let quantity = leg.quantity.min(u128::from(random.range(1, u64::MAX)));
            let proceeds = if leg.buy_back { 0 } else { 1 << 90 };
            self.apply(Body::ReportFill { leg: number, quantity, proceeds, done: true });
            return;
        }
        let accounts = (0..ACCOUNTS).map(AccountId);
        let due: Vec<AccountId> = accounts
            .filter(|account| self.engine.health(*account).is_ok_and(|health| health.breach))
            .collect();
        if !due.is_empty() {
            let at = usize::try_from(random.range(0, due.len() as u64)).unwrap();
            self.apply(Body::Call(Call::Absorb { accounts: vec![due[at]] }));
        }
    }
}

fn run(lie: Lie, seed: u64, steps: u64) -> Tally {
    let mut random = Random(seed);
    let seller = if seed.is_multiple_of(2) { Seller::Keepers } else { Seller::Venue };
    let warn = [100, 105, 125, 190][usize::try_from(seed / 2 % 4).unwrap()];
    // Where prices may jump, accounts are found with nothing left.
    let fast = PARAMETERS.replace("per_slot = 4\n", "per_slot = 99\n");
    let parameters = if seed.is_multiple_of(3) { PARAMETERS } else { fast.as_str() };
    let mut pool = Pool::new(lie, parameters, policy(seller, warn));
    for _ in 0..steps {
        pool.step(&mut random);
        // Liquidations come in waves.
        if random.range(0, 6) == 0 {
            for _ in 0..4 {
                pool.liquidate(&mut random);
            }
        }
    }
    pool.tally
}

#[test]
fn a_venue_of_indices_keeps_every_invariant_and_the_watch_list_is_not_late() {
    let mut all = Tally::default();

    for seed in 0..80 {
        let tally = run(Lie::None, seed, 120);
        assert!(!tally.late, "seed {seed}");
        all.commands += tally.commands;
        all.accepted += tally.accepted;
        all.insured += tally.insured;
        all.by_winners += tally.by_winners;
    }
    assert!(all.accepted * 2 > all.commands, "{} of {}", all.accepted, all.commands);
    assert!(all.insured > 20 && all.by_winners > 20, "{} {}", all.insured, all.by_winners);
}

#[test]
fn a_rulebook_that_understates_what_moves_it_is_found_out() {
    for lie in [Lie::HalfTheEquity, Lie::NothingLags] {
        let late = (0..24).filter(|seed| run(lie, *seed, 120).late).count();
        assert!(late > 4, "{late} of 24 runs");
    }
}
