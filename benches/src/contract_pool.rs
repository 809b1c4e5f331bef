//! A book of perpetual contracts drawn from a seed, under the exchange rulebook that mirrors its
//! venue exactly.
//!
//! Sixteen contracts with the brackets of the shipped parameter file in turn. Every account is a
//! cross account with one to four contracts, 2.1 on average, or with as many as is asked for, long or
//! short as likely, entered at the mark, of a notional that is lognormal around 3,000 (deviation 1.5, at most 50,000), and cash of
//! 6 to 40 per cent of the notional. Then every price takes one step of two per cent, so that
//! profits are not zero.

use crate::draw::Draw;
use crate::lending_pool::{PRICE_DECIMALS, open_guard};
use crate::pool::Pool;
use crate::walk::{Moves, Walk};
use crate::{Failure, Result};
use breakwater_engine::Body;
use breakwater_liquidation::{AssetKind, Call, Policy};
use breakwater_market::MarketId;
use breakwater_model::{Rule, exchange};
use breakwater_money::{AccountId, AssetId, Price, decimal};
use breakwater_rulebooks::exchange::margin_exchange::{ContractParameters, Parameters, RULE};

/// Contracts of the book.
pub const CONTRACTS: u16 = 16;

const SETTLE: AssetId = AssetId(0);
const SETTLE_DECIMALS: u8 = 6;
const CONTRACT_DECIMALS: u8 = 3;

/// Stream of what is drawn for contracts; accounts use the streams of their numbers.
const CONTRACT_STREAM: u64 = 1 << 40;

/// How many contracts an account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// One to four, drawn.
    Drawn,
    /// So many, at most as there are.
    Each(u16),
}

/// A book in an engine.
#[derive(Debug)]
pub struct ContractPool {
    /// The pool.
    pub pool: Pool,
    /// The rule as the model has it.
    pub rule: Rule,
    /// Positions opened.
    pub positions: u64,
}

fn parameters() -> Result<Parameters> {
    let bad = |why: String| Failure::Refused { what: "parameters", why };
    let mut shipped = breakwater_rulebooks::shipped().iter();
    let parsed = shipped.find_map(|(_, text)| Parameters::parse(text).ok());
    let mut parameters = parsed.ok_or_else(|| bad(format!("no file for {RULE} is shipped")))?;
    let tables: Vec<ContractParameters> = parameters.contracts.values().cloned().collect();
    let names = (1..=CONTRACTS).map(|number| format!("C{number:02}"));
    parameters.contracts = names.zip(tables.into_iter().cycle()).collect();
    let source = "the shipped brackets in turn, under drawn names".to_owned();
    for field in ["tiers", "clearance_fee_bps"] {
        parameters.source.insert(format!("contracts.*.{field}"), source.clone());
    }
    Ok(parameters)
}

/// The same parameters as the model has them.
fn rule(parameters: &Parameters) -> Result<Rule> {
    let number = |text: &str, decimals: u8| {
        let bad = |why: String| Failure::Refused { what: "parameters", why };
        let raw = decimal::parse_raw(text, decimals).map_err(|why| bad(why.to_string()))?;
        u64::try_from(raw).map_err(|why| bad(why.to_string()))
    };
    let mut contracts = std::collections::BTreeMap::new();
    for (symbol, listed) in &parameters.contracts {
        let mut tiers = Vec::with_capacity(listed.tiers.len());
        for tier in &listed.tiers {
            tiers.push(exchange::Tier {
                cap: number(&tier.cap, 0)?,
                rate_e9: number(&tier.rate, 9)?,
                leverage: tier.leverage_max,
            });
        }
        let fee = listed.clearance_fee_bps;
        contracts.insert(symbol.clone(), exchange::Contract { fee, tiers, ..Default::default() });
    }
    Ok(Rule::Exchange(exchange::Terms {
        name: parameters.name.clone(),
        margin: exchange::Margin::One(settle(parameters)?),
        breach_at_equality: parameters.breach_at_equality,
        contracts,
        ladder: None,
        ranking: None,
    }))
}

/// The one asset that is margin.
fn settle(parameters: &Parameters) -> Result<String> {
    let none = || Failure::Refused { what: "parameters", why: "no settle asset".to_owned() };
    parameters.settle.clone().ok_or_else(none)
}

fn contract(number: u16) -> AssetId {
    AssetId(number + 1)
}

impl ContractPool {
    /// Draws a book of `accounts` and puts it into an engine, every account assessed.
    ///
    /// # Errors
    /// The engine refused a command.
    pub fn found(accounts: u32, held: Held, seed: u64) -> Result<ContractPool> {
        let parameters = parameters()?;
        let rule = rule(&parameters)?;
        let mut founded = ContractPool { pool: Pool::default(), rule, positions: 0 };
        let mut walk = Walk::new(seed, PRICE_DECIMALS);
        let prices = founded.define(&parameters, seed, &mut walk)?;
        for number in 0..accounts {
            founded.open(AccountId(number), held, &prices, seed)?;
        }
        for (number, price) in (0..CONTRACTS).zip(&prices) {
            let mut draw = Draw::new(seed, CONTRACT_STREAM + 1_000 + u64::from(number));
            let moved = (*price as f64 * (1.0 + 0.02 * draw.normal())) as u128;
            let tick = walk.tick(founded.pool.now, MarketId(number), moved.max(1));
            founded.pool.must(tick)?;
        }
        founded.pool.settle()?;
        Ok(founded)
    }

    /// Assets, markets, the rulebook and first prices, which are returned.
    fn define(&mut self, parameters: &Parameters, seed: u64, walk: &mut Walk) -> Result<Vec<u128>> {
        let (symbol, kind) = (settle(parameters)?, AssetKind::Token);
        self.pool.must(Body::DefineAsset { symbol, decimals: SETTLE_DECIMALS, kind })?;
        let kind = AssetKind::linear_perpetual(SETTLE);
        for (number, symbol) in (0..).zip(parameters.contracts.keys()) {
            let symbol = symbol.clone();
            let decimals = CONTRACT_DECIMALS;
            self.pool.must(Body::DefineAsset { symbol: symbol.clone(), decimals, kind })?;
            let (asset, guard) = (contract(number), open_guard());
            self.pool.must(Body::DefineMarket { symbol, asset, guard, volatility_weight: 8 })?;
        }
        let text = toml::to_string(parameters)
            .map_err(|why| Failure::Refused { what: "parameters", why: why.to_string() })?;
        self.pool.must(Body::InstallRulebook {
            rule: RULE.to_owned(),
            hash: *blake3::hash(text.as_bytes()).as_bytes(),
            parameters: text,
            policy: Policy::as_is(),
        })?;
        let mut prices = Vec::new();
        for number in 0..CONTRACTS {
            let mut draw = Draw::new(seed, CONTRACT_STREAM + u64::from(number));
            let whole = libm::exp(3.0 + 2.0 * draw.normal()).clamp(0.1, 20_000.0);
            let price = (whole * 10f64.powi(i32::from(PRICE_DECIMALS))) as u128;
            walk.add(price, Moves::VOLATILE);
            let first = walk.tick(self.pool.now, MarketId(number), price);
            self.pool.must(first)?;
            prices.push(price);
        }
        Ok(prices)
    }

    fn open(&mut self, account: AccountId, held: Held, prices: &[u128], seed: u64) -> Result<()> {
        let mut draw = Draw::new(seed, u64::from(account.0));
        self.pool.must(Body::OpenAccount { owner: account.0.to_string() })?;
        let mut weights = vec![1u64; prices.len()];
        let mut trades = Vec::new();
        let mut cash = 0.0;
        let count = match held {
            Held::Drawn => 1 + draw.weighted(&[35, 35, 20, 10]),
            Held::Each(count) => usize::from(count.min(CONTRACTS)),
        };
        for _ in 0..count {
            let at = draw.weighted(&weights);
            weights[at] = 0;
            let notional = (3_000.0 * libm::exp(1.5 * draw.normal())).clamp(100.0, 50_000.0);
            let price = prices[at] as f64 / 10f64.powi(i32::from(PRICE_DECIMALS));
            let quantity = notional / price * 10f64.powi(i32::from(CONTRACT_DECIMALS));
            let quantity = (quantity as u128).max(1);
            let traded = quantity as f64 * price / 10f64.powi(i32::from(CONTRACT_DECIMALS));
            cash += traded * (0.06 + 0.34 * draw.unit());
            trades.push((at, quantity, draw.below(2) == 0));
        }
        let amount = (cash * 10f64.powi(i32::from(SETTLE_DECIMALS))) as u128 + 1;
        self.pool.must(Body::Call(Call::Deposit { account, asset: SETTLE, amount }))?;
        for (at, quantity, long) in trades {
            let (buyer, seller) = if long { (Some(account), None) } else { (None, Some(account)) };
            let price = Price::new(prices[at], PRICE_DECIMALS);
            // Contracts are numbered in 16 bits.
            let contract = contract(u16::try_from(at).unwrap_or(0));
            let trade = Call::Trade { buyer, seller, contract, quantity, price };
            self.pool.must(Body::Call(trade))?;
            self.positions += 1;
        }
        Ok(())
    }
}
