//! Bids a second through the engine, on one core: a raise in an ascending auction, with its refund and
//! the escrow of both in the ledger, while others are open beside it.
//!
//! Accounts of one collateral and one debt are brought into breach and put up for auction; two bidders
//! then raise each other in turn, auction after auction. What the engine has at the end is held against
//! the auction's own machine, which is given the same bids without an engine: the standing bid, its
//! leader, and what is held for everybody together.

use crate::lending_pool::open_guard;
use crate::pool::Pool;
use crate::print::{Table, grouped, machine, per_second, time, whole_nanos};
use crate::{Failure, Options, Result};
use breakwater_auction::english::{Auction, Bid as OwnBid, Terms};
use breakwater_engine::Body;
use breakwater_liquidation::auctions::{
    AuctionTerms, Auctioned, Bid, Disposal, EnglishTerms, Format, Raises,
};
use breakwater_liquidation::{AssetKind, Call, Close, Policy, Seller};
use breakwater_market::{MarketId, Quote, Tick};
use breakwater_money::{AccountId, AssetId, Holder, U256, Unit};
use breakwater_rulebooks::lending::aave_v3::{
    AssetParameters, ConstantParameters, Parameters, Version,
};
use breakwater_rulebooks::lending::secured_loan::RULE;
use std::collections::BTreeMap;
use std::time::Duration;

/// Money and collateral.
const MONEY: AssetId = AssetId(0);
const COIN: AssetId = AssetId(1);

/// Base units of one coin.
const ONE_COIN: u128 = 100_000_000;

/// The first bid, base units of money.
const FIRST_BID: u128 = 1_000_000;

/// Sizes of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Auctions open at once, from the few to the many.
    pub open: Vec<u32>,
    /// Bids in all.
    pub bids: u64,
}

impl Plan {
    /// The sizes that the options ask for.
    #[must_use]
    pub fn of(options: &Options) -> Plan {
        let usual = if options.quick { vec![1, 20] } else { vec![1, 100, 1_000] };
        let open = options.accounts.map_or(usual, |count| vec![count]);
        Plan { open, bids: if options.quick { 500 } else { 50_000 } }
    }
}

/// What one size gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Auctions open.
    pub open: u64,
    /// Bids taken.
    pub bids: u64,
    /// Time that the engine took for all of them.
    pub took: Duration,
}

/// Measures and prints a table.
///
/// # Errors
/// Two answers differ, or the engine refused.
pub fn run(options: &Options) -> Result<()> {
    println!("auction_bids: {}", machine());
    let mut table = Table::new(&["open auctions", "bids", "bids/s", "a bid"]);
    for figures in measure(&Plan::of(options))? {
        let each = Duration::from_nanos(whole_nanos(figures.took) / figures.bids.max(1));
        table.row(vec![
            grouped(figures.open),
            grouped(figures.bids),
            per_second(figures.bids, figures.took),
            time(each),
        ]);
    }
    println!("{table}");
    println!("One core; a bid pays in, refunds the one before and is checked against the ledger.");
    Ok(())
}

/// The figures of every size.
///
/// # Errors
/// Two answers differ, or the engine refused.
pub fn measure(plan: &Plan) -> Result<Vec<Figures>> {
    plan.open.iter().map(|open| one(*open, plan.bids)).collect()
}

fn one(open: u32, bids: u64) -> Result<Figures> {
    let mut pool = founded(open)?;
    let mut own = Vec::new();
    for (number, running) in pool.engine.auctions() {
        let Auctioned::English { terms, auction } = &running.kind else { continue };
        own.push((*number, *terms, auction.clone()));
    }
    if own.len() != usize::try_from(open).unwrap_or(usize::MAX) {
        return Err(Failure::Differs(format!("{} auctions, {open} expected", own.len())));
    }
    let mut took = Duration::ZERO;
    for turn in 0..bids {
        // A remainder of what fits the machine.
        let place = usize::try_from(turn % u64::from(open)).unwrap_or(0);
        let round = u128::from(turn / u64::from(open)) + 1;
        let (bidder, amount) = (1 + (turn / u64::from(open)) % 2, FIRST_BID + round);
        let (auction, terms, machine) = &mut own[place];
        let body = Body::Bid { auction: *auction, bidder, bid: Bid::Raise { amount } };
        took += pool.timed(body)?.1;
        raised(terms, machine, bidder, amount)?;
    }
    judge(&pool, &own)?;
    Ok(Figures { open: u64::from(open), bids, took })
}

/// The same bid on the auction's own machine.
fn raised(terms: &Terms, machine: &mut Auction<u64>, bidder: u64, amount: u128) -> Result<()> {
    let bid = OwnBid { bidder, amount: U256::from(amount), lot: machine.lot };
    let step = machine
        .raise(terms, &bid, 0)
        .map_err(|why| Failure::Refused { what: "raise", why: why.to_string() })?;
    *machine = step.auction;
    Ok(())
}

/// What stands in the engine is what stands without it, and what is held is the sum of all that stands.
fn judge(pool: &Pool, own: &[(u64, Terms, Auction<u64>)]) -> Result<()> {
    let mut sum = U256::ZERO;
    for (number, terms, machine) in own {
        let running = pool.engine.auctions().get(number).map(|running| &running.kind);
        let Some(Auctioned::English { auction, .. }) = running else {
            return Err(Failure::Differs(format!("auction {number} is gone")));
        };
        if (auction.bid, auction.leader) != (machine.bid, machine.leader) {
            let told =
                format!("auction {number}: {} stands, {} expected", auction.bid, machine.bid);
            return Err(Failure::Differs(told));
        }
        sum += machine.held(terms);
    }
    let held = pool.engine.ledger().balance(Holder::Escrow, Unit::token(MONEY));
    if U256::from(held.unsigned_abs()) == sum && held >= 0 {
        return Ok(());
    }
    Err(Failure::Differs(format!("{held} held, {sum} expected")))
}

fn parameters() -> Result<String> {
    let asset = |decimals| AssetParameters {
        decimals,
        liquidation_threshold_bps: 8_000,
        liquidation_bonus_bps: 10_500,
        liquidation_protocol_fee_bps: 0,
        reserve_factor_bps: 0,
        rates: None,
    };
    let parameters = Parameters {
        name: "drawn".to_owned(),
        // The plain mechanism reads the parameters of the rule that it is a plain form of.
        rule: breakwater_rulebooks::lending::aave_v3::RULE.to_owned(),
        version: Version::V3_7,
        effective_from: "never: made for a benchmark".to_owned(),
        numeraire_decimals: 8,
        constants: ConstantParameters {
            close_factor_bps: 5_000,
            close_factor_health_wad: 950_000_000_000_000_000,
            close_factor_from_base: 0,
            least_leftover_base: 0,
        },
        source: BTreeMap::new(),
        assets: [("MONEY".to_owned(), asset(6)), ("COIN".to_owned(), asset(8))]
            .into_iter()
            .collect(),
    };
    toml::to_string(&parameters)
        .map_err(|why| Failure::Refused { what: "parameters", why: why.to_string() })
}

/// Lots that stay open for the whole run, and bids that need not rise by more than a unit.
fn policy(open: u32) -> Policy {
    let english = EnglishTerms {
        opening_bps: 0,
        reserve_bps: 0,
        step_bps: 0,
        lifetime_seconds: None,
        duration_seconds: 86_400,
        extension: None,
        deposit: None,
    };
    let terms = AuctionTerms {
        format: Format::English(english),
        raises: Raises::Most,
        penalty_bps: 0,
        lots_max: BTreeMap::new(),
        stays_on_cure: false,
        restarts_max: 0,
        open_max: open,
        value_max: 0,
    };
    Policy {
        seller: Seller::Venue,
        close: Close::Full,
        disposal: Disposal::Auction(terms),
        ..Policy::as_is()
    }
}

/// A pool with one lender and as many accounts in breach as auctions are to be open.
fn founded(open: u32) -> Result<Pool> {
    let mut pool = Pool::default();
    for (symbol, decimals) in [("MONEY", 6), ("COIN", 8)] {
        let (symbol, kind) = (symbol.to_owned(), AssetKind::Token);
        pool.must(Body::DefineAsset { symbol, decimals, kind })?;
    }
    for (symbol, asset) in [("MONEY/USD", MONEY), ("COIN/USD", COIN)] {
        let (symbol, guard) = (symbol.to_owned(), open_guard());
        pool.must(Body::DefineMarket { symbol, asset, guard, volatility_weight: 1 })?;
    }
    let text = parameters()?;
    pool.must(Body::InstallRulebook {
        rule: RULE.to_owned(),
        hash: *blake3::hash(text.as_bytes()).as_bytes(),
        parameters: text,
        policy: policy(open),
    })?;
    price(&mut pool, 0, 100_000_000)?;
    price(&mut pool, 1, 2_000 * 100_000_000)?;
    let import = |account: u32, asset, collateral, debt| {
        Body::Call(Call::Import { account: AccountId(account), asset, collateral, debt })
    };
    pool.must(Body::OpenAccount { owner: "lender".to_owned() })?;
    pool.must(import(0, MONEY, u128::from(open) * 2_000 * 1_000_000, 0))?;
    for account in 1..=open {
        pool.must(Body::OpenAccount { owner: account.to_string() })?;
        pool.must(import(account, COIN, ONE_COIN, 0))?;
        pool.must(import(account, MONEY, 0, 1_500 * 1_000_000))?;
    }
    pool.settle()?;
    // 1,800 at 80 % does not cover 1,500.
    price(&mut pool, 1, 1_800 * 100_000_000)?;
    pool.settle()?;
    Ok(pool)
}

fn price(pool: &mut Pool, market: u16, raw: u128) -> Result<()> {
    pool.now = pool.now.after(1_000_000_000);
    let tick = Tick {
        market: MarketId(market),
        quote: Quote::Single(raw),
        decimals: 8,
        sequence: pool.now.0,
        observed_at: pool.now,
    };
    pool.must(Body::Tick(tick)).map(drop)
}
