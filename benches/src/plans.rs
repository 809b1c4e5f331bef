//! Plans over observed depth, on one core.
//!
//! One account is long some contracts of which each has a book of twenty steps, no two alike, and lacks
//! a third of its requirement. On the smallest case the plan is held against every combination of lots:
//! none that reaches the target is cheaper. Depth never comes back here, so that all is sold now and the
//! two answer the same question.

use crate::lending_pool::{PRICE_DECIMALS, open_guard};
use crate::pool::Pool;
use crate::print::{Table, grouped, machine, per_second, time};
use crate::runs::Runs;
use crate::walk::{Moves, Walk};
use crate::{Failure, Options, Result};
use breakwater_engine::{Body, Engine};
use breakwater_liquidation::planner::{HandOver, PlannerTerms};
use breakwater_liquidation::{
    AssetKind, Call, Close, Conditions, ContractTerms, Effects, Outlet, OutletKind, Overlay,
    Policy, Proposal, Seller,
};
use breakwater_margin::Ratio;
use breakwater_market::{Level, MarketId};
use breakwater_money::{AccountId, AssetId, Price};
use breakwater_rulebooks::exchange::margin_exchange::{
    CollateralParameters, ContractParameters, HaircutParameters, Numeraire, Parameters, RULE,
    TierParameters,
};
use std::collections::BTreeMap;
use std::hint::black_box;

/// The account under liquidation.
const ACCOUNT: AccountId = AccountId(0);
/// Decimals of a contract, and one of it in base units.
const CONTRACT_DECIMALS: u8 = 3;
const ONE: u128 = 1_000;
/// Whole price of every contract, and contracts held of each.
const PRICE: u128 = 100;
const HELD: u128 = 12;
/// Value of a lot, in millionths of the numeraire: one contract.
const LOT: u128 = PRICE * 1_000_000;

/// Measures and prints a table.
///
/// # Errors
/// A combination of lots is cheaper than the plan, or two plans of one state differ.
pub fn run(options: &Options) -> Result<()> {
    println!("plans: {}", machine());
    let mut table = Table::new(&["step", "legs", "plans/s", "median", "fastest", "slowest"]);
    let rounds = if options.quick { 2 } else { 30 };
    let mut row = |name: &str, legs: usize, runs: &Runs| {
        table.row(vec![
            name.to_owned(),
            grouped(legs as u64),
            per_second(1, runs.median()),
            time(runs.median()),
            time(runs.least()),
            time(runs.most()),
        ]);
    };
    let small = founded(2)?;
    let best = cheapest(&small.engine, 2)?;
    let found = proposed(&small.engine)?;
    if found.expected_cost + found.later_cost != best {
        let told = format!("a plan costs {}, the best {best}", found.expected_cost);
        return Err(Failure::Differs(told));
    }
    row("plan", 2, &timed(&small.engine, rounds)?);
    let slow = Runs::of(rounds.min(5), || {
        black_box(cheapest(black_box(&small.engine), 2).is_ok());
    });
    row("  every combination of lots", 2, &slow);
    for holdings in if options.quick { [1, 3, 5] } else { [1, 10, 100] } {
        let pool = founded(holdings)?;
        let legs = proposed(&pool.engine)?.plan.legs.len();
        row(&format!("plan over {holdings} holdings"), legs, &timed(&pool.engine, rounds)?);
    }
    println!("{table}");
    println!("One core; the median run counts. The smallest plan is the best of all combinations.");
    Ok(())
}

fn timed(engine: &Engine, rounds: usize) -> Result<Runs> {
    let first = proposed(engine)?;
    if proposed(engine)? != first {
        return Err(Failure::Differs("two plans of one state".to_owned()));
    }
    Ok(Runs::of(rounds, || {
        black_box(proposed(black_box(engine)).is_ok());
    }))
}

fn proposed(engine: &Engine) -> Result<Proposal> {
    engine.propose(ACCOUNT).map_err(refused)
}

fn refused(why: impl ToString) -> Failure {
    Failure::Refused { what: "plan", why: why.to_string() }
}

fn policy() -> Policy {
    Policy {
        name: "planned".to_owned(),
        seller: Seller::Venue,
        close: Close::Planned,
        target_ratio: Ratio::new(1_050_000_000_000_000_000),
        lot_value: LOT,
        slippage_bps: 1_000,
        planner: Some(PlannerTerms {
            participation_bps: 10_000,
            impact_max_bps: 1_000,
            confidence_ppm: 0,
            pace_nanos: 60_000_000_000,
            age_max_nanos: u64::MAX,
            hand_over: HandOver::default(),
        }),
        ..Policy::as_is()
    }
}

fn parameters(contracts: u16) -> Parameters {
    let drawn = "made for a measurement".to_owned();
    let paths =
        ["numeraire", "collateral.*.tiers", "contracts.*.tiers", "contracts.*.clearance_fee_bps"];
    let tier = TierParameters {
        cap: "100000000".to_owned(),
        rate: "0.05".to_owned(),
        leverage_max: 20,
        deduction: "0".to_owned(),
    };
    let listed = ContractParameters { tiers: vec![tier], ..ContractParameters::default() };
    let whole = HaircutParameters { to: None, ratio: "1".to_owned() };
    let margin = CollateralParameters { tiers: vec![whole] };
    Parameters {
        name: "plans".to_owned(),
        rule: RULE.to_owned(),
        effective_from: drawn.clone(),
        settle: None,
        numeraire: Some(Numeraire { symbol: "USD".to_owned(), decimals: 6 }),
        breach_at_equality: true,
        source: paths.into_iter().map(|path| (path.to_owned(), drawn.clone())).collect(),
        collateral: BTreeMap::from([("USDT".to_owned(), margin)]),
        contracts: (0..contracts).map(|number| (symbol(number), listed.clone())).collect(),
        portfolio: None,
        ladder: None,
        ranking: None,
    }
}

fn symbol(number: u16) -> String {
    format!("C{number:03}")
}

fn contract(number: u16) -> AssetId {
    AssetId(number + 1)
}

fn market(number: u16) -> MarketId {
    MarketId(number + 1)
}

/// A price in base units of the market.
fn raw(whole: u128) -> u128 {
    whole * 10u128.pow(u32::from(PRICE_DECIMALS))
}

/// Bids of one contract each, the first as far below the mark as the number of the contract says.
fn book(number: u16) -> Outlet {
    let first = 2 + u128::from(number % 17);
    let step = 2 + u128::from(number % 5);
    let bids = (0..20).map(|place| Level {
        price: raw(PRICE) * (1_000 - first - place * step) / 1_000,
        quantity: ONE,
    });
    Outlet {
        kind: OutletKind::Book,
        bids: bids.collect(),
        asks: Vec::new(),
        wait_nanos: 0,
        pays: None,
    }
}

/// A pool with one account in breach.
fn founded(contracts: u16) -> Result<Pool> {
    let mut pool = Pool::default();
    let mut walk = Walk::new(1, PRICE_DECIMALS);
    let mut listed = vec![("USDT".to_owned(), 6, AssetKind::Token, raw(1))];
    let kind = AssetKind::Contract(ContractTerms::linear_perpetual(AssetId(0)));
    let more = (0..contracts).map(|number| (symbol(number), CONTRACT_DECIMALS, kind, raw(PRICE)));
    listed.extend(more);
    for (symbol, decimals, kind, _) in &listed {
        let (symbol, decimals, kind) = (symbol.clone(), *decimals, *kind);
        pool.must(Body::DefineAsset { symbol, decimals, kind })?;
    }
    for (asset, (symbol, ..)) in (0..).map(AssetId).zip(&listed) {
        let (symbol, guard) = (format!("{symbol}/USD"), open_guard());
        pool.must(Body::DefineMarket { symbol, asset, guard, volatility_weight: 8 })?;
    }
    let text = toml::to_string(&parameters(contracts)).map_err(refused)?;
    let hash = *blake3::hash(text.as_bytes()).as_bytes();
    let (rule, parameters, policy) = (RULE.to_owned(), text, policy());
    pool.must(Body::InstallRulebook { rule, parameters, hash, policy })?;
    for (number, (.., price)) in (0..).map(MarketId).zip(&listed) {
        walk.add(*price, Moves::VOLATILE);
        let entry = if number.0 == 0 { *price } else { *price * 11_666 / 10_000 };
        pool.must(walk.tick(pool.now, number, entry))?;
    }
    pool.must(Body::OpenAccount { owner: "short of margin".to_owned() })?;
    let worth = u128::from(contracts) * HELD * PRICE;
    // A fifth of the value to open with; then prices fall, and two thirds of 5 % are left.
    let deposit = Call::Deposit { account: ACCOUNT, asset: AssetId(0), amount: worth * 200_000 };
    pool.must(Body::Call(deposit))?;
    for number in 0..contracts {
        let (buyer, contract, quantity) = (Some(ACCOUNT), contract(number), HELD * ONE);
        let price = Price::new(raw(PRICE) * 11_666 / 10_000, PRICE_DECIMALS);
        let trade = Call::Trade { buyer, seller: None, contract, quantity, price };
        pool.must(Body::Call(trade))?;
        pool.must(Body::ObserveMarket {
            market: market(number),
            conditions: Conditions {
                outlets: vec![book(number)],
                volatility_ppm_per_sqrt_day: 40_000,
                half_life_nanos: u64::MAX,
                observed_at: pool.now,
            },
            correlations: Vec::new(),
        })?;
    }
    for number in 0..contracts {
        pool.must(walk.tick(pool.now, market(number), raw(PRICE)))?;
    }
    Ok(pool)
}

/// The least loss of every combination of lots that reaches the target, each judged by the rulebook.
fn cheapest(engine: &Engine, contracts: u16) -> Result<i128> {
    let all = usize::try_from((HELD + 1).pow(u32::from(contracts))).unwrap_or(0);
    let mut best: Option<i128> = None;
    for place in 0..all as u128 {
        let (mut rest, mut fills, mut lost) = (place, Vec::new(), 0i128);
        for number in 0..contracts {
            let lots = rest % (HELD + 1);
            rest /= HELD + 1;
            let taken = book(number).bids;
            // One contract a bid, all prices whole millionths.
            let fetched: u128 = taken.iter().take(lots as usize).map(|bid| bid.price / 100).sum();
            lost += (lots * LOT) as i128 - fetched as i128;
            fills.push((contract(number), lots * ONE, fetched));
        }
        if best.is_none_or(|best| lost < best) && reaches(engine, &fills)? {
            best = Some(lost);
        }
    }
    best.ok_or_else(|| refused("no combination reaches the target"))
}

fn reaches(engine: &Engine, fills: &[(AssetId, u128, u128)]) -> Result<bool> {
    let rulebook = engine.rulebook().ok_or_else(|| refused("no rulebook"))?;
    let judged = engine.look(|view| {
        let mut after = Overlay::new(*view, ACCOUNT, &Effects::default())?;
        for (asset, quantity, proceeds) in fills.iter().filter(|(_, quantity, _)| *quantity > 0) {
            let (account, asset, proceeds_asset) = (ACCOUNT, *asset, AssetId(0));
            let (quantity, proceeds) = (*quantity, *proceeds);
            let fill = Call::Fill { account, asset, quantity, proceeds, proceeds_asset };
            let effects = rulebook.execute(&after.view(), &fill)?;
            after.then(&effects)?;
        }
        rulebook.assess(&after.view(), ACCOUNT)
    });
    let health = judged.map_err(refused)?;
    Ok(!health.breach && health.ratio >= policy().target_ratio)
}
