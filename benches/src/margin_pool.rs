//! A book of accounts that hold several assets as margin, valued in a numeraire with haircuts, and
//! linear and inverse contracts against them; and its health written down naively.
//!
//! Four margin assets: one of the numeraire's kind, which counts whole, and three coins with shares
//! that fall in slices. Twelve linear contracts settle in the first, four inverse ones in two coins.
//! Every account holds two or three of the assets and three contracts, long or short as likely, entered
//! at the mark, of a notional that is lognormal around 3,000 (deviation 1.5, at most 50,000), and margin
//! that counts for about 1 to 6 per cent of it. Then every price takes one step of three per cent.

use crate::draw::Draw;
use crate::lending_pool::{PRICE_DECIMALS, open_guard};
use crate::pool::Pool;
use crate::walk::{Moves, Walk};
use crate::{Failure, Result};
use breakwater_engine::{Body, Engine};
use breakwater_liquidation::{AssetKind, Call, ContractTerms, Form, Policy};
use breakwater_market::MarketId;
use breakwater_money::rounding::Rounding;
use breakwater_money::{AccountId, AssetId, Price, Rational, rational};
use breakwater_rulebooks::exchange::margin_exchange::{
    CollateralParameters, ContractParameters, HaircutParameters, Numeraire, Parameters, RULE,
    TierParameters,
};
use std::collections::BTreeMap;

/// The share that counts of a slice: its upper edge in whole units, if it has one.
type Slice = (Option<u64>, &'static str);

/// Margin assets: name, decimals, whole price, and shares that count by slice of whole units.
const MARGIN: [(&str, u8, u64, &[Slice]); 4] = [
    ("USDT", 6, 1, &[(None, "1")]),
    ("BTC", 8, 60_000, &[(Some(1), "0.95"), (Some(20), "0.9"), (None, "0.8")]),
    ("ETH", 18, 2_500, &[(Some(10), "0.9"), (None, "0.75")]),
    ("SOL", 9, 150, &[(Some(100), "0.85"), (None, "0.6")]),
];

/// Contracts of the book, and how many of them are inverse: the last ones.
const CONTRACTS: u16 = 16;
const INVERSE: u16 = 4;
/// Contracts of each account.
const EACH: usize = 3;
/// Brackets of every contract: cap in whole units of the settle asset, rate in basis points, leverage,
/// and the deduction that makes them continuous.
const TIERS: [(u64, u64, u32, u64); 4] = [
    (10_000, 40, 125, 0),
    (100_000, 50, 100, 10),
    (1_000_000, 100, 50, 510),
    (100_000_000, 500, 10, 40_510),
];

const VALUE_DECIMALS: u8 = 6;
const CONTRACT_DECIMALS: u8 = 3;
/// An inverse contract is on so many of the numeraire.
const FACE: u64 = 10;
const BPS: u8 = 4;

/// Stream of what is drawn for markets; accounts use the streams of their numbers.
const MARKET_STREAM: u64 = 1 << 40;

/// A book in an engine.
#[derive(Debug)]
pub struct MarginPool {
    /// The pool.
    pub pool: Pool,
    /// Positions opened.
    pub positions: u64,
}

fn margin(number: usize) -> AssetId {
    AssetId(u16::try_from(number).unwrap_or(0))
}

fn contract(number: u16) -> AssetId {
    AssetId(number + MARGIN.len() as u16)
}

fn symbol(number: u16) -> String {
    format!("C{:02}", number + 1)
}

/// What a contract is: the last ones are inverse, in the second and the third margin asset in turn.
fn terms(number: u16) -> ContractTerms {
    if number < CONTRACTS - INVERSE {
        return ContractTerms::linear_perpetual(margin(0));
    }
    let settle = margin(1 + usize::from(number % 2));
    ContractTerms {
        form: Form::Inverse,
        multiplier: FACE,
        ..ContractTerms::linear_perpetual(settle)
    }
}

fn parameters() -> Parameters {
    let tier = |(cap, bps, leverage_max, deduction): (u64, u64, u32, u64)| TierParameters {
        cap: cap.to_string(),
        rate: format!("0.{bps:04}"),
        leverage_max,
        deduction: deduction.to_string(),
    };
    let listed = ContractParameters {
        clearance_fee_bps: 50,
        tiers: TIERS.into_iter().map(tier).collect(),
        ..ContractParameters::default()
    };
    let slice = |(to, ratio): &(Option<u64>, &str)| HaircutParameters {
        to: to.map(|to| to.to_string()),
        ratio: (*ratio).to_owned(),
    };
    let counted = |slices: &[(Option<u64>, &str)]| CollateralParameters {
        tiers: slices.iter().map(slice).collect(),
    };
    let drawn = "drawn for a measurement".to_owned();
    let paths = ["numeraire", "collateral.*.tiers", "contracts.*.tiers"];
    let mut source: BTreeMap<String, String> =
        paths.into_iter().map(|path| (path.to_owned(), drawn.clone())).collect();
    source.insert("contracts.*.clearance_fee_bps".to_owned(), drawn.clone());
    Parameters {
        name: "several margin assets".to_owned(),
        rule: RULE.to_owned(),
        effective_from: drawn,
        settle: None,
        numeraire: Some(Numeraire { symbol: "USD".to_owned(), decimals: VALUE_DECIMALS }),
        breach_at_equality: true,
        source,
        collateral: MARGIN
            .iter()
            .map(|(name, _, _, slices)| ((*name).to_owned(), counted(slices)))
            .collect(),
        contracts: (0..CONTRACTS).map(|number| (symbol(number), listed.clone())).collect(),
        portfolio: None,
        ladder: None,
        ranking: None,
    }
}

impl MarginPool {
    /// Draws a book of `accounts` and puts it into an engine, every account assessed.
    ///
    /// # Errors
    /// The engine refused a command.
    pub fn found(accounts: u32, seed: u64) -> Result<MarginPool> {
        let mut founded = MarginPool { pool: Pool::default(), positions: 0 };
        let mut walk = Walk::new(seed, PRICE_DECIMALS);
        let prices = founded.define(seed, &mut walk)?;
        for number in 0..accounts {
            founded.open(AccountId(number), &prices, seed)?;
        }
        for (number, price) in (0..).map(MarketId).zip(&prices) {
            let mut draw = Draw::new(seed, MARKET_STREAM + 1_000 + u64::from(number.0));
            let moved = (*price as f64 * (1.0 + 0.03 * draw.normal())) as u128;
            let tick = walk.tick(founded.pool.now, number, moved.max(1));
            founded.pool.must(tick)?;
        }
        founded.pool.settle()?;
        Ok(founded)
    }

    /// Assets, markets, the rulebook and first prices, which are returned by market.
    fn define(&mut self, seed: u64, walk: &mut Walk) -> Result<Vec<u128>> {
        let mut listed = Vec::new();
        for (name, decimals, price, _) in MARGIN {
            listed.push((name.to_owned(), decimals, AssetKind::Token, price as f64));
        }
        for number in 0..CONTRACTS {
            let terms = terms(number);
            let mut draw = Draw::new(seed, MARKET_STREAM + u64::from(number));
            let price = match terms.form {
                Form::Inverse => MARGIN[terms.settle.index()].2 as f64,
                _ => libm::exp(3.0 + 2.0 * draw.normal()).clamp(0.1, 20_000.0),
            };
            listed.push((symbol(number), CONTRACT_DECIMALS, AssetKind::Contract(terms), price));
        }
        for (symbol, decimals, kind, _) in &listed {
            let (symbol, decimals, kind) = (symbol.clone(), *decimals, *kind);
            self.pool.must(Body::DefineAsset { symbol, decimals, kind })?;
        }
        for (number, (symbol, ..)) in (0..).map(AssetId).zip(&listed) {
            let (symbol, asset, guard) = (format!("{symbol}/USD"), number, open_guard());
            self.pool.must(Body::DefineMarket { symbol, asset, guard, volatility_weight: 8 })?;
        }
        let text = toml::to_string(&parameters())
            .map_err(|why| Failure::Refused { what: "parameters", why: why.to_string() })?;
        self.pool.must(Body::InstallRulebook {
            rule: RULE.to_owned(),
            hash: *blake3::hash(text.as_bytes()).as_bytes(),
            parameters: text,
            policy: Policy::as_is(),
        })?;
        let mut prices = Vec::new();
        for (number, (.., price)) in (0..).map(MarketId).zip(&listed) {
            let price = (price * 10f64.powi(i32::from(PRICE_DECIMALS))) as u128;
            walk.add(price, Moves::VOLATILE);
            let first = walk.tick(self.pool.now, number, price);
            self.pool.must(first)?;
            prices.push(price);
        }
        Ok(prices)
    }

    fn open(&mut self, account: AccountId, prices: &[u128], seed: u64) -> Result<()> {
        let mut draw = Draw::new(seed, u64::from(account.0));
        self.pool.must(Body::OpenAccount { owner: account.0.to_string() })?;
        let mut weights = [1u64; CONTRACTS as usize];
        let (mut trades, mut worth) = (Vec::new(), 0.0);
        for _ in 0..EACH {
            let at = draw.weighted(&weights);
            weights[at] = 0;
            let number = u16::try_from(at).unwrap_or(0);
            let notional = (3_000.0 * libm::exp(1.5 * draw.normal())).clamp(100.0, 50_000.0);
            let price = whole(prices[contract(number).index()]);
            let contracts = match terms(number).form {
                Form::Inverse => notional / FACE as f64,
                _ => notional / price,
            };
            let quantity = contracts * 10f64.powi(i32::from(CONTRACT_DECIMALS));
            worth += notional * (0.1 + 0.4 * draw.unit());
            trades.push((number, (quantity as u128).max(1), draw.below(2) == 0));
        }
        // Coins count for less, and what settles in a coin may be owed in it.
        let first = draw.weighted(&[1, 1, 1, 1]);
        for at in [0, first, (first + 1) % MARGIN.len()] {
            let units = 0.06 * worth / whole(prices[at]) * 10f64.powi(i32::from(MARGIN[at].1));
            let (asset, amount) = (margin(at), units as u128 + 1);
            self.pool.must(Body::Call(Call::Deposit { account, asset, amount }))?;
        }
        for (number, quantity, long) in trades {
            let (buyer, seller) = if long { (Some(account), None) } else { (None, Some(account)) };
            let contract = contract(number);
            let price = Price::new(prices[contract.index()], PRICE_DECIMALS);
            let trade = Call::Trade { buyer, seller, contract, quantity, price };
            self.pool.must(Body::Call(trade))?;
            self.positions += 1;
        }
        Ok(())
    }
}

fn whole(price: u128) -> f64 {
    price as f64 / 10f64.powi(i32::from(PRICE_DECIMALS))
}

/// Health as the rule says it in words: equity, requirement and whether that is a breach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Naive {
    equity: i128,
    requirement: u128,
    breach: bool,
}

/// Health of one account in exact fractions, rounded where the rule rounds and nowhere else.
fn naive(engine: &Engine, account: AccountId) -> Result<Naive> {
    let bad = |why: String| Failure::Refused { what: "judge", why };
    let price = |asset: AssetId| {
        let found = engine.look(|view| view.price(asset)).map_err(|why| bad(why.to_string()))?;
        let raw = i128::try_from(found.raw).map_err(|why| bad(why.to_string()))?;
        Ok::<Rational, Failure>(rational::from_raw(raw, found.decimals))
    };
    let cut = |value: &Rational, decimals: u8, rounding| {
        let raw =
            rational::to_raw(value, decimals, rounding).map_err(|why| bad(why.to_string()))?;
        i128::try_from(raw).map_err(|why| bad(why.to_string()))
    };
    let mut own = [0i128; MARGIN.len()];
    let mut required = [0i128; MARGIN.len()];
    for held in engine.ledger().holdings(account) {
        let asset = held.unit.asset;
        if asset.index() < MARGIN.len() {
            own[asset.index()] += held.balance;
            continue;
        }
        let number = asset.0 - MARGIN.len() as u16;
        let (terms, mark) = (terms(number), price(asset)?);
        let size = rational::from_raw(held.balance.abs(), CONTRACT_DECIMALS);
        let inverse = terms.form == Form::Inverse;
        let worth = if inverse {
            size * rational::from_raw(i128::from(FACE), 0) / mark
        } else {
            size * mark
        };
        let slot = terms.settle.index();
        let decimals = MARGIN[slot].1;
        let notional = cut(&worth, decimals, Rounding::Ceil)?;
        let owned = (held.balance > 0) != inverse;
        own[slot] += if owned { cut(&worth, decimals, Rounding::Floor)? } else { -notional };
        let notional = rational::from_raw(notional, decimals);
        required[slot] += cut(&by_slices(&notional), decimals, Rounding::Ceil)?;
    }
    let (mut equity, mut requirement) = (0i128, 0i128);
    for (at, (_, decimals, _, slices)) in MARGIN.iter().enumerate() {
        let price = price(margin(at))?;
        let value = |amount: i128, rounding| {
            cut(&(rational::from_raw(amount, *decimals) * &price), VALUE_DECIMALS, rounding)
        };
        equity += if own[at] < 0 {
            -value(-own[at], Rounding::Ceil)?
        } else {
            let counted = counted(&rational::from_raw(own[at], *decimals), slices)?;
            value(cut(&counted, *decimals, Rounding::Floor)?, Rounding::Floor)?
        };
        requirement += value(required[at], Rounding::Ceil)?;
    }
    let breach = requirement > 0 && equity <= requirement;
    let breach = breach || equity < requirement;
    Ok(Naive { equity, requirement: requirement.unsigned_abs(), breach })
}

/// The part of each slice of a notional times its rate; above the last cap the last rate holds on.
fn by_slices(notional: &Rational) -> Rational {
    let (mut sum, mut floor) = (rational::from_raw(0, 0), rational::from_raw(0, 0));
    for (at, (cap, bps, ..)) in TIERS.iter().enumerate() {
        let cap = rational::from_raw(i128::from(*cap), 0);
        let top = if at + 1 == TIERS.len() {
            notional.clone()
        } else {
            cap.clone().min(notional.clone())
        };
        if top > floor {
            sum += (&top - &floor) * rational::from_raw(i128::from(*bps), BPS);
        }
        floor = cap;
    }
    sum
}

/// What counts of an amount.
fn counted(amount: &Rational, slices: &[(Option<u64>, &str)]) -> Result<Rational> {
    let (mut sum, mut floor) = (rational::from_raw(0, 0), rational::from_raw(0, 0));
    for (to, ratio) in slices {
        let top = match to {
            Some(to) => rational::from_raw(i128::from(*to), 0).min(amount.clone()),
            None => amount.clone(),
        };
        let ratio = rational::parse(ratio)
            .map_err(|why| Failure::Refused { what: "judge", why: why.to_string() })?;
        if top > floor {
            sum += (&top - &floor) * ratio;
            floor = top;
        }
    }
    Ok(sum)
}

/// Proves the engine's health of about `count` accounts, evenly spread, equal to the naive one.
/// Returns how many were compared.
///
/// # Errors
/// [`Failure::Differs`] naming the first account and both answers.
pub fn judge(engine: &Engine, count: usize) -> Result<usize> {
    let step = (engine.accounts() / count.max(1)).max(1);
    let last = u32::try_from(engine.accounts()).unwrap_or(u32::MAX);
    let mut judged = 0;
    for account in (0..last).step_by(step).map(AccountId) {
        let fast = engine
            .health(account)
            .map_err(|why| Failure::Refused { what: "judge", why: format!("{account}: {why}") })?;
        let slow = naive(engine, account)?;
        let found =
            Naive { equity: fast.equity, requirement: fast.requirement, breach: fast.breach };
        if found != slow {
            let told = format!("{account}: the engine finds {fast:?}, the naive sum {slow:?}");
            return Err(Failure::Differs(told));
        }
        judged += 1;
    }
    Ok(judged)
}
