//! A lending book drawn from a seed, under the lending rulebook that mirrors its venue exactly.
//!
//! Twenty-four reserves, every sixth a stable one. Account 0 only lends, in every reserve; every
//! other has one to four collaterals and one to three debts, 3.4 positions on average, and at least
//! one debt. Its collateral is lognormal around 5,000 of the base currency (deviation 2), its health
//! factor `1 + 0.5 exp(z)` with a normal `z`: about one account in a hundred begins below a warning
//! line of 1.05 and none in breach. Reserves are chosen in proportion to `1 / (rank + 1)`, and stable
//! ones six times as often for a debt.

use crate::draw::Draw;
use crate::pool::Pool;
use crate::print::whole_nanos;
use crate::walk::{Moves, Walk};
use crate::{Failure, Result};
use breakwater_engine::Body;
use breakwater_liquidation::{AssetKind, Call, Policy};
use breakwater_market::{Guard, MarketId};
use breakwater_model::{Int, Rule, lending};
use breakwater_money::{AccountId, AssetId};
use breakwater_rulebooks::lending::aave_v3::{
    AssetParameters, ConstantParameters, Parameters, RULE, Version,
};
use breakwater_rulebooks::lending::rates::KinkedRate;
use std::collections::BTreeMap;
use std::time::Duration;

/// Reserves of the book; the rule allows 128.
pub const RESERVES: u16 = 24;

/// Decimals of the base currency and of every price.
pub const PRICE_DECIMALS: u8 = 8;

/// Stream of what is drawn for reserves; accounts use the streams of their numbers.
const RESERVE_STREAM: u64 = 1 << 40;

/// What to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// Accounts, the lender included.
    pub accounts: u32,
    /// Whether reserves have an interest model.
    pub interest: bool,
    /// The seed of everything.
    pub seed: u64,
}

/// A reserve of the book.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Listed {
    symbol: String,
    price: u128,
    stable: bool,
    parameters: AssetParameters,
}

/// What it took to set a book up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Setup {
    /// Accounts opened, and the time the engine took for them.
    pub opened: (u64, Duration),
    /// Positions imported, and the time the engine took for them.
    pub imported: (u64, Duration),
}

/// A book in an engine.
#[derive(Debug)]
pub struct LendingPool {
    /// The pool.
    pub pool: Pool,
    /// Prices that move.
    pub walk: Walk,
    /// The rule as the model has it.
    pub rule: Rule,
    /// The parameters as installed.
    pub parameters: String,
    /// What setting up took.
    pub setup: Setup,
}

fn listed(spec: &Spec, number: u16) -> Listed {
    let mut draw = Draw::new(spec.seed, RESERVE_STREAM + u64::from(number));
    let stable = number % 6 == 2;
    let unit = 10f64.powi(i32::from(PRICE_DECIMALS));
    let price = if stable { unit } else { libm::exp(3.0 + 2.0 * draw.normal()) * unit };
    let rates =
        KinkedRate { optimal_usage_bps: 8_000, base_bps: 0, slope1_bps: 400, slope2_bps: 6_000 };
    let threshold = if stable { 7_800 } else { 6_500 + draw.below(1_800) };
    Listed {
        symbol: format!("{}{number:02}", if stable { "S" } else { "V" }),
        price: (price as u128).max(10_000),
        stable,
        parameters: AssetParameters {
            decimals: [18, 8, 6][usize::from(number % 3)],
            // Below 8,300.
            liquidation_threshold_bps: u16::try_from(threshold).unwrap_or(6_500),
            liquidation_bonus_bps: 10_500,
            liquidation_protocol_fee_bps: 1_000,
            reserve_factor_bps: 1_000,
            rates: spec.interest.then_some(rates),
        },
    }
}

fn parameters(reserves: &[Listed]) -> Parameters {
    Parameters {
        name: "drawn".to_owned(),
        rule: RULE.to_owned(),
        version: Version::V3_7,
        effective_from: "never: drawn from a seed".to_owned(),
        numeraire_decimals: PRICE_DECIMALS,
        constants: ConstantParameters {
            close_factor_bps: 5_000,
            close_factor_health_wad: 950_000_000_000_000_000,
            close_factor_from_base: 200_000_000_000,
            least_leftover_base: 100_000_000_000,
        },
        source: BTreeMap::new(),
        assets: reserves.iter().map(|r| (r.symbol.clone(), r.parameters)).collect(),
    }
}

/// The same parameters as the model has them.
fn rule(parameters: &Parameters) -> Rule {
    let reserve = |p: &AssetParameters| lending::Reserve {
        decimals: p.decimals,
        threshold: p.liquidation_threshold_bps,
        bonus: p.liquidation_bonus_bps,
        fee: p.liquidation_protocol_fee_bps,
        reserve_factor: p.reserve_factor_bps,
        rates: p.rates.map(|r| lending::Kink {
            optimal: r.optimal_usage_bps,
            base: r.base_bps,
            slope1: r.slope1_bps,
            slope2: r.slope2_bps,
        }),
    };
    let constants = &parameters.constants;
    Rule::Lending(lending::Terms {
        name: parameters.name.clone(),
        numeraire_decimals: parameters.numeraire_decimals,
        close_factor: constants.close_factor_bps,
        close_factor_health: Int::from(constants.close_factor_health_wad),
        close_factor_from: Int::from(constants.close_factor_from_base),
        least_leftover: Int::from(constants.least_leftover_base),
        reserves: parameters.assets.iter().map(|(s, p)| (s.clone(), reserve(p))).collect(),
        sold_by_venue: false,
    })
}

/// One position: collateral or debt in base units, the other zero.
type Position = (usize, u128, u128);

/// Base units of a reserve worth `value` whole units of the base currency, at least one.
fn units(reserve: &Listed, value: f64) -> u128 {
    let price = reserve.price as f64 / 10f64.powi(i32::from(PRICE_DECIMALS));
    let units = value / price * 10f64.powi(i32::from(reserve.parameters.decimals));
    (units as u128).max(1)
}

/// Different reserves, chosen by weight, each with its share of one.
fn choose(draw: &mut Draw, weights: &mut [u64], count: usize) -> Vec<(usize, f64)> {
    let mut chosen: Vec<(usize, f64)> = (0..count)
        .map(|_| {
            let at = draw.weighted(weights);
            weights[at] = 0;
            (at, draw.unit())
        })
        .collect();
    let whole: f64 = chosen.iter().map(|(_, part)| part).sum();
    chosen.iter_mut().for_each(|(_, part)| *part /= whole);
    chosen
}

fn lender(reserves: &[Listed], accounts: u32) -> Vec<Position> {
    let value = f64::from(accounts) * 1_000.0;
    reserves.iter().enumerate().map(|(at, reserve)| (at, units(reserve, value), 0)).collect()
}

fn borrower(reserves: &[Listed], seed: u64, account: u32) -> Vec<Position> {
    let mut draw = Draw::new(seed, u64::from(account));
    let held = 1 + draw.weighted(&[35, 35, 20, 10]);
    let owed = 1 + draw.weighted(&[70, 25, 5]);
    let value = (5_000.0 * libm::exp(2.0 * draw.normal())).clamp(100.0, 5e7);
    let health = 1.0 + 0.5 * libm::exp(draw.normal());
    let mut weights: Vec<u64> = (1..=reserves.len() as u64).map(|rank| 1_000_000 / rank).collect();
    let collateral = choose(&mut draw, &mut weights, held);
    weights.iter_mut().zip(reserves).filter(|(_, r)| r.stable).for_each(|(w, _)| *w *= 6);
    let debts = choose(&mut draw, &mut weights, owed);
    let counted: f64 = collateral
        .iter()
        .map(|(at, part)| {
            let threshold = f64::from(reserves[*at].parameters.liquidation_threshold_bps) / 1e4;
            value * part * threshold
        })
        .sum();
    let debt = counted / health;
    let held = collateral.iter().map(|(at, part)| (*at, units(&reserves[*at], value * part), 0));
    let owed = debts.iter().map(|(at, part)| (*at, 0, units(&reserves[*at], debt * part)));
    held.chain(owed).collect()
}

/// A guard that takes every price: what is measured is not its refusals.
#[must_use]
pub fn open_guard() -> Guard {
    Guard {
        decimals: PRICE_DECIMALS,
        age_max_nanos: u64::MAX,
        ahead_max_nanos: 0,
        band_bps: u32::MAX,
        spread_max_bps: 0,
        grace_nanos: 0,
    }
}

impl LendingPool {
    /// Draws the book and puts it into an engine, every account assessed.
    ///
    /// # Errors
    /// The engine refused a command.
    pub fn found(spec: &Spec) -> Result<LendingPool> {
        let reserves: Vec<Listed> = (0..RESERVES).map(|number| listed(spec, number)).collect();
        let parameters = parameters(&reserves);
        let text = toml::to_string(&parameters)
            .map_err(|why| Failure::Refused { what: "parameters", why: why.to_string() })?;
        let mut founded = LendingPool {
            pool: Pool::default(),
            walk: Walk::new(spec.seed, PRICE_DECIMALS),
            rule: rule(&parameters),
            parameters: text,
            setup: Setup::default(),
        };
        founded.define(&reserves)?;
        for number in 0..spec.accounts {
            let positions = match number {
                0 => lender(&reserves, spec.accounts),
                _ => borrower(&reserves, spec.seed, number),
            };
            founded.open(AccountId(number), &positions)?;
        }
        founded.pool.settle()?;
        Ok(founded)
    }

    fn define(&mut self, reserves: &[Listed]) -> Result<()> {
        for reserve in reserves {
            let symbol = reserve.symbol.clone();
            let decimals = reserve.parameters.decimals;
            self.pool.must(Body::DefineAsset { symbol, decimals, kind: AssetKind::Token })?;
        }
        for (number, reserve) in (0..).zip(reserves) {
            self.pool.must(Body::DefineMarket {
                symbol: reserve.symbol.clone(),
                asset: AssetId(number),
                guard: open_guard(),
                volatility_weight: if reserve.stable { 1 } else { 8 },
            })?;
        }
        self.install(&Policy::as_is())?;
        for (number, reserve) in (0..).zip(reserves) {
            let moves = if reserve.stable { Moves::STABLE } else { Moves::VOLATILE };
            self.walk.add(reserve.price, moves);
            let first = self.walk.tick(self.pool.now, MarketId(number), reserve.price);
            self.pool.must(first)?;
        }
        Ok(())
    }

    /// Installs the rulebook anew under `policy`, so that everybody waits to be assessed.
    ///
    /// # Errors
    /// The engine refused it.
    pub fn install(&mut self, policy: &Policy) -> Result<()> {
        let body = Body::InstallRulebook {
            rule: RULE.to_owned(),
            parameters: self.parameters.clone(),
            hash: *blake3::hash(self.parameters.as_bytes()).as_bytes(),
            policy: policy.clone(),
        };
        self.pool.must(body).map(drop)
    }

    fn open(&mut self, account: AccountId, positions: &[Position]) -> Result<()> {
        let (_, took) = self.pool.timed(Body::OpenAccount { owner: account.0.to_string() })?;
        self.setup.opened.0 += 1;
        self.setup.opened.1 += took;
        for (at, collateral, debt) in positions {
            // Reserves are counted in 16 bits.
            let asset = AssetId(u16::try_from(*at).unwrap_or(u16::MAX));
            let (collateral, debt) = (*collateral, *debt);
            let import = Body::Call(Call::Import { account, asset, collateral, debt });
            let (_, took) = self.pool.timed(import)?;
            self.setup.imported.0 += 1;
            self.setup.imported.1 += took;
        }
        Ok(())
    }
}

impl Setup {
    /// Time of all commands together.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.opened.1 + self.imported.1
    }

    /// Nanoseconds an opened account and an imported position took on average.
    #[must_use]
    pub fn means(&self) -> (u64, u64) {
        let mean = |(count, took): (u64, Duration)| whole_nanos(took) / count.max(1);
        (mean(self.opened), mean(self.imported))
    }
}
