//! Auctions without an engine: a pool of one lot asset and one money asset, and a rule that knows what
//! is owed.

mod conversions;
mod formats;
mod lots;
mod validation;

use super::terms::Opening;
use super::{
    AuctionTerms, BatchTerms, Bid, Deposit, DutchCurve, DutchTerms, EnglishTerms, Format, Live,
    OnAuction, Raises, Running, SealedTerms, Step,
};
use crate::plan::Leg;
use crate::rulebook::Saleable;
use crate::{
    AssetInfo, AssetKind, Balances, Call, CallOption, Effects, Exposures, Kept, Layout, MarketInfo,
    PoolState, Promise, Rejected, Rejection, Rulebook, Unsupported, View,
};
use breakwater_margin::Health;
use breakwater_margin::health::Armed;
use breakwater_market::{Guard, GuardState, Mark, MarketId};
use breakwater_money::{AccountId, AssetId, Holder, Holding, Price, Rational, Time, Unit};

const LOT: AssetId = AssetId(0);
const MONEY: AssetId = AssetId(1);
const OWNER: AccountId = AccountId(0);
/// Of the numeraire.
const VALUE_DECIMALS: u8 = 8;

const ENGLISH: EnglishTerms = EnglishTerms {
    opening_bps: 0,
    reserve_bps: 0,
    step_bps: 500,
    lifetime_seconds: Some(10),
    duration_seconds: 100,
    extension: None,
    deposit: None,
};
const DEPOSIT: Deposit = Deposit { share_bps: 1_000, pay_within_seconds: 20 };
const DUTCH: DutchTerms = DutchTerms {
    start_bps: 12_000,
    curve: DutchCurve::Linear { seconds: 100 },
    age_seconds_max: 50,
    price_least_bps: 1_000,
    remainder_least_bps: 1_000,
};
const SEALED: SealedTerms = SealedTerms {
    second_price: true,
    reserve_bps: 2_000,
    deposit_bps: 1_000,
    commit_seconds: 10,
    reveal_seconds: 10,
};
const BATCH: BatchTerms = BatchTerms { reserve_bps: 5_000, cancel_seconds: 10, place_seconds: 20 };

fn terms(format: Format, raises: Raises) -> AuctionTerms {
    AuctionTerms {
        format,
        raises,
        penalty_bps: 0,
        lots_max: std::collections::BTreeMap::new(),
        stays_on_cure: false,
        restarts_max: 0,
        open_max: 1,
        value_max: 0,
    }
}

/// The formats with what they may raise, as often again as they may.
fn all() -> Vec<AuctionTerms> {
    let deposits = EnglishTerms { deposit: Some(DEPOSIT), ..ENGLISH };
    let again = |format, raises| AuctionTerms { restarts_max: 1, ..terms(format, raises) };
    vec![
        again(Format::English(ENGLISH), Raises::Most),
        again(Format::English(ENGLISH), Raises::Debt),
        again(Format::English(deposits), Raises::Most),
        again(Format::English(deposits), Raises::Debt),
        again(Format::Dutch(DUTCH), Raises::Most),
        again(Format::Dutch(DUTCH), Raises::Debt),
        terms(Format::Sealed(SEALED), Raises::Most),
        terms(Format::Sealed(SealedTerms { second_price: false, ..SEALED }), Raises::Most),
        terms(Format::Batch(BATCH), Raises::Most),
    ]
}

/// A pool, and a rule that is owed so much of the money by everybody.
struct Pool {
    assets: Vec<AssetInfo>,
    markets: Vec<MarketInfo>,
    marks: Vec<GuardState>,
    state: PoolState,
    owed: u128,
}

impl Pool {
    /// Decimals of lot and money; their marks, the money's where it has a market.
    fn new(decimals: (u8, u8), lot: Price, money: Option<Price>) -> Self {
        let mut pool = Pool {
            assets: Vec::new(),
            markets: Vec::new(),
            marks: Vec::new(),
            state: PoolState::default(),
            owed: 0,
        };
        pool.add("LOT", decimals.0, Some(lot));
        pool.add("MONEY", decimals.1, money);
        pool
    }

    /// A lot of 18 decimals at 1,800 of a money of 6, which is the numeraire.
    fn plain() -> Self {
        let pool = Pool::new((18, 6), Price::new(1_800_000_000, 6), None);
        Pool { owed: 1_500_000_000, ..pool }
    }

    fn add(&mut self, symbol: &str, decimals: u8, mark: Option<Price>) {
        let asset = AssetId(u16::try_from(self.assets.len()).unwrap());
        let market = mark.map(|_| MarketId(u16::try_from(self.markets.len()).unwrap()));
        let symbol = symbol.to_owned();
        self.assets.push(AssetInfo { symbol, decimals, kind: AssetKind::Token, market });
        let Some(price) = mark else { return };
        let guard = Guard {
            decimals: price.decimals,
            age_max_nanos: 1,
            ahead_max_nanos: 0,
            band_bps: 1,
            spread_max_bps: 0,
            grace_nanos: 0,
        };
        let symbol = format!("M{}", self.markets.len());
        self.markets.push(MarketInfo { symbol, asset, guard, volatility_weight: 1 });
        let (observed_at, accepted_at) = (Time(0), Time(0));
        let mark = Mark { price, half_spread: 0, observed_at, accepted_at, sequence: 1 };
        self.marks.push(GuardState { mark: Some(mark), grace_until: None });
    }

    fn view(&self) -> View<'_> {
        View::new(Time(0), &self.assets, &self.markets, &self.marks, self, &self.state)
    }

    /// All that is offered of a leg.
    fn offer(
        &self,
        policy: &crate::Policy,
        terms: &AuctionTerms,
        quantity: u128,
        others: OnAuction,
    ) -> Result<Option<Opening>, Rejected> {
        let offer = super::Offer { rulebook: self, policy, terms, account: OWNER, others };
        let due = offer.owed(&self.view(), &leg(quantity))?;
        offer.of(&self.view(), &leg(quantity), (9, due))
    }

    /// An auction of a lot.
    fn open(&self, terms: &AuctionTerms, quantity: u128) -> Auction<'_> {
        let policy = crate::Policy::guarded();
        let opening = self.offer(&policy, terms, quantity, OnAuction::default()).unwrap().unwrap();
        let running = terms.open(&self.view(), &opening).unwrap();
        Auction { pool: self, running, left: quantity }
    }
}

fn leg(quantity: u128) -> Leg {
    let worst_price = Price::new(0, 6);
    Leg { asset: LOT, quantity, buy_back: false, proceeds_asset: MONEY, worst_price }
}

impl Balances for Pool {
    fn holdings(&self, _: AccountId) -> &[Holding] {
        &[]
    }
    fn balance(&self, _: Holder, _: Unit) -> i128 {
        0
    }
    fn accounts(&self) -> u32 {
        1
    }
}

/// An auction with what is left of its lot.
#[derive(Clone)]
struct Auction<'a> {
    pool: &'a Pool,
    running: Running,
    left: u128,
}

impl Auction<'_> {
    /// What must be true of every step: all money that came in is held, or has gone where it says.
    fn judge(&mut self, before: u128, step: &Step) {
        let sum = |all: &[(u64, u128)]| all.iter().map(|(_, amount)| amount).sum::<u128>();
        let sold: u128 = step.sold.iter().map(|sold| sold.paid).sum();
        let out = sum(&step.refunds) + sum(&step.forfeits) + sold;
        assert_eq!(self.running.held, before + sum(&step.paid_in) - out, "{step:?}");
        let moves = step.paid_in.iter().chain(&step.refunds).chain(&step.forfeits);
        assert!(moves.clone().all(|(_, amount)| *amount > 0), "moved nothing: {step:?}");
        if step.verdict == super::Verdict::Closed {
            assert_eq!(self.running.held, 0, "{step:?}");
        }
        let bought: u128 = step.sold.iter().map(|sold| sold.quantity).sum();
        assert!(step.sold.iter().all(|sold| sold.quantity > 0), "{step:?}");
        self.left = self.left.checked_sub(bought).expect("more than the lot");
        // Voided, the same money comes home.
        let voided = step.clone().voided();
        let (voided, totals) = (voided.totals().unwrap(), step.totals().unwrap());
        assert_eq!((voided.quantity, voided.paid), (0, 0));
        assert_eq!(voided.refunded, totals.refunded + totals.paid);
        assert_eq!(voided.after(before), totals.after(before));
    }

    /// A bid; refused, it leaves everything as it was.
    fn bid(&mut self, bidder: u64, bid: Bid) -> Result<Step, Rejection> {
        self.bid_within(bidder, bid, u128::MAX)
    }

    fn bid_within(&mut self, bidder: u64, bid: Bid, room: u128) -> Result<Step, Rejection> {
        let (before, leg) = (self.running.clone(), leg(self.left));
        match self.running.bid(&self.pool.view(), &leg, (bidder, &bid), room) {
            Ok(step) => {
                self.judge(before.held, &step);
                Ok(step)
            }
            Err(refused) => {
                assert_eq!(self.running, before, "a refused {bid:?} changed the auction");
                Err(refused.rejection)
            }
        }
    }

    /// Time goes on; what is due then.
    fn pass(&mut self, nanos: u64) -> Option<Step> {
        let at = self.running.counted_to.after(nanos);
        self.running.count_to(at, Some(Live { from: Time(0), to: Time::MAX }));
        let (before, leg) = (self.running.clone(), leg(self.left));
        let step = self.running.due(&self.pool.view(), &leg).unwrap();
        match &step {
            Some(step) => self.judge(before.held, step),
            None => assert_eq!(self.running, before),
        }
        assert_eq!(step.is_some(), before.is_due());
        step
    }

    fn pass_seconds(&mut self, seconds: u64) -> Option<Step> {
        self.pass(Time::from_seconds(seconds).0)
    }
}

/// Knows what is owed, and nothing else.
impl Rulebook for Pool {
    fn name(&self) -> &str {
        "owed"
    }
    fn layout(&self) -> &'static Layout {
        &Layout { pool: &[], asset: &[], account: &[], cells: &[] }
    }
    fn promises(&self) -> &'static [(Promise, Kept)] {
        &[]
    }
    fn numeraire_decimals(&self) -> u8 {
        VALUE_DECIMALS
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
    fn assess(&self, _: &View<'_>, _: AccountId) -> Result<Health, Rejected> {
        Err(Rejection::Unsupported.into())
    }
    fn exposures(&self, _: &View<'_>, _: AccountId, _: &mut Exposures) -> Result<Armed, Rejected> {
        Err(Rejection::Unsupported.into())
    }
    fn calls(&self, _: &View<'_>, _: AccountId, _: &mut Vec<CallOption>) -> Result<(), Rejected> {
        Ok(())
    }
    fn execute(&self, _: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        Err(Rejection::Unsupported.because(call.kind()))
    }
    fn saleable(&self, _: &View<'_>, _: AccountId) -> Result<Vec<Saleable>, Rejected> {
        Ok(Vec::new())
    }
    fn owes(&self, _: &View<'_>, _: AccountId, asset: AssetId) -> Result<u128, Rejected> {
        Ok(if asset == MONEY { self.owed } else { 0 })
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
