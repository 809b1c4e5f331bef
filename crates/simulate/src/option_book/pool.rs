//! The pool of one account: assets, markets and marks as the scenario has them at a minute.

use super::settings::{DepthStep, OptionBookScenario, OptionSettings, raw};
use crate::ScenarioError;
use breakwater_liquidation::hedge_first::HedgeTerms;
use breakwater_liquidation::{
    AssetInfo, AssetKind, Balances, Conditions, ContractTerms, Form, OptionTerms, Outlet,
    OutletKind,
};
use breakwater_margin::health::Ratio;
use breakwater_market::{Guard, GuardState, Level, Mark, MarketId};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AssetId, Holder, Holding, Price, Time, Unit};
use breakwater_options::{Black76, Kind, Quote};

/// The one account.
pub(super) const ACCOUNT: breakwater_money::AccountId = breakwater_money::AccountId(0);
/// The coin that everything settles in.
pub(super) const COIN: AssetId = AssetId(0);
/// What the index prices.
pub(super) const INDEX: AssetId = AssetId(1);
/// The perpetual.
pub(super) const HEDGE: AssetId = AssetId(2);
/// The first option.
pub(super) const OPTION: u16 = 3;

/// Decimals of the coin, of prices in dollars, of prices in coin and of an option's quantity.
pub(super) const COIN_DECIMALS: u8 = 8;
const DOLLAR_DECIMALS: u8 = 2;
const MARK_DECIMALS: u8 = 8;
const OPTION_DECIMALS: u8 = 1;
/// Dollars of one contract of the perpetual.
const CONTRACT_DOLLARS: u64 = 10;
const SECOND: u64 = 1_000_000_000;

/// Nobody holds anything but by what an overlay adds.
pub(super) struct Nothing;

impl Balances for Nothing {
    fn holdings(&self, _: breakwater_money::AccountId) -> &[Holding] {
        &[]
    }

    fn balance(&self, _: Holder, _: Unit) -> i128 {
        0
    }

    fn accounts(&self) -> u32 {
        1
    }
}

/// What does not change over the path.
pub(super) struct Pool {
    pub assets: Vec<AssetInfo>,
    pub markets: Vec<breakwater_liquidation::MarketInfo>,
    pub terms: HedgeTerms,
    pub target: Ratio,
    pub cash: u128,
    /// Base units by option; below zero short.
    pub sizes: Vec<i128>,
    strikes: Vec<f64>,
    kinds: Vec<Kind>,
    hedge_depth: Vec<(u32, u128)>,
    option_depth: Vec<(u32, u128)>,
}

fn token(symbol: &str) -> AssetInfo {
    let (symbol, decimals) = (symbol.to_owned(), COIN_DECIMALS);
    AssetInfo { symbol, decimals, kind: AssetKind::Token, market: None }
}

fn contract(symbol: &str, decimals: u8, terms: ContractTerms) -> AssetInfo {
    let kind = AssetKind::Contract(terms);
    AssetInfo { symbol: symbol.to_owned(), decimals, kind, market: None }
}

/// A size with its sign.
fn signed(field: &str, text: &str) -> Result<i128, ScenarioError> {
    let size = raw(field, text.trim_start_matches('-'), OPTION_DECIMALS)?;
    let size = i128::try_from(size).unwrap_or(i128::MAX);
    Ok(if text.starts_with('-') { -size } else { size })
}

fn kind_of(option: &OptionSettings) -> Result<Kind, ScenarioError> {
    match option.symbol.rsplit('-').next() {
        Some("C") => Ok(Kind::Call),
        Some("P") => Ok(Kind::Put),
        _ => {
            let reason = format!("'{}': a call ends in -C, a put in -P", option.symbol);
            Err(ScenarioError::setting("options.symbol", reason))
        }
    }
}

fn depth(
    field: &str,
    steps: &[DepthStep],
    decimals: u8,
) -> Result<Vec<(u32, u128)>, ScenarioError> {
    let step = |step: &DepthStep| Ok((step.bps, raw(field, &step.quantity, decimals)?));
    steps.iter().map(step).collect()
}

impl Pool {
    pub fn of(scenario: &OptionBookScenario) -> Result<Pool, ScenarioError> {
        let settings = &scenario.settings;
        let inverse = ContractTerms {
            settle: COIN,
            form: Form::Inverse,
            multiplier: CONTRACT_DOLLARS,
            multiplier_decimals: 0,
            expires: None,
        };
        let symbol = &settings.market.hedge;
        let mut assets = vec![token("BTC"), token("INDEX"), contract(symbol, 0, inverse)];
        let (mut sizes, mut strikes, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
        for option in &settings.options {
            let kind = kind_of(option)?;
            let strike = Price::new(raw("options.strike", &option.strike, 2)?, DOLLAR_DECIMALS);
            let call = kind == Kind::Call;
            let right = OptionTerms { call, strike, underlying: INDEX, coin: true };
            let life = u64::from(option.expires_days) * 86_400 * SECOND;
            let terms = ContractTerms {
                settle: COIN,
                form: Form::Option(right),
                multiplier: 1,
                multiplier_decimals: 0,
                expires: Some(scenario.start.after(life)),
            };
            assets.push(contract(&option.symbol, OPTION_DECIMALS, terms));
            sizes.push(signed("options.size", &option.size)?);
            strikes.push(strike.raw as f64 / 100.0);
            kinds.push(kind);
        }
        let markets = markets(&mut assets);
        let target = raw("terms.target_ratio", &settings.terms.target_ratio, 18)?;
        Ok(Pool {
            assets,
            markets,
            terms: terms(scenario)?,
            target: Ratio::new(target),
            cash: raw("account.cash", &settings.account.cash, COIN_DECIMALS)?,
            sizes,
            strikes,
            kinds,
            hedge_depth: depth("depth.hedge", &settings.depth.hedge, COIN_DECIMALS)?,
            option_depth: depth("depth.options", &settings.depth.options, OPTION_DECIMALS)?,
        })
    }

    /// Volatility of each option, millionths, when the index stands at `cents`.
    pub fn volatilities(&self, scenario: &OptionBookScenario, cents: u64) -> Vec<u32> {
        let first = scenario.path.first().copied().unwrap_or(cents).max(1);
        let fallen = first.saturating_sub(cents);
        let per = u64::from(scenario.settings.market.volatility_per_fall_ppm);
        let more = u32::try_from(fallen * 100 * per / first).unwrap_or(u32::MAX);
        let of = |option: &OptionSettings| option.volatility_ppm.saturating_add(more);
        scenario.settings.options.iter().map(of).collect()
    }

    /// Marks when the index stands at `cents`.
    pub fn marks(&self, cents: u64, now: Time, volatilities: &[u32]) -> Vec<GuardState> {
        let mark = |price: Price| {
            let (observed_at, accepted_at) = (now, now);
            let mark = Mark { price, half_spread: 0, observed_at, accepted_at, sequence: 0 };
            GuardState { mark: Some(mark), grace_until: None }
        };
        let index = Price::new(cents.into(), DOLLAR_DECIMALS);
        let mut marks = vec![mark(index), mark(index)];
        for (place, info) in self.assets.iter().skip(OPTION.into()).enumerate() {
            let end = info.kind.contract().and_then(|terms| terms.expires).unwrap_or(now);
            let quote = Quote {
                kind: self.kinds[place],
                forward: cents as f64 / 100.0,
                strike: self.strikes[place],
                years: end.since(now) as f64 / 1e9 / 31_536_000.0,
                volatility: f64::from(volatilities[place]) / 1e6,
                rate: 0.0,
            };
            let coin = Black76::new(&quote).map_or(0.0, |option| option.coin().price);
            let raw = (libm::rint(coin * 1e8) as u128).max(1);
            marks.push(mark(Price::new(raw, MARK_DECIMALS)));
        }
        marks
    }

    /// What is known of a market at its mark.
    pub fn conditions(&self, market: usize, mark: Price, now: Time) -> Option<Conditions> {
        let options = market + 1 >= usize::from(OPTION);
        let steps = match market {
            0 => return None,
            _ if options => &self.option_depth,
            _ => &self.hedge_depth,
        };
        let levels = |buys: bool| -> Vec<Level> {
            let mut levels: Vec<Level> = Vec::new();
            for (bps, quantity) in steps {
                let away = if buys { 10_000 + bps } else { 10_000u32.saturating_sub(*bps) };
                let price = mul_div(mark.raw, away.into(), 10_000, Rounding::HalfUp).unwrap_or(0);
                let quantity = match options {
                    true => *quantity,
                    // Coins to contracts.
                    false => mul_div(
                        *quantity,
                        mark.raw,
                        100_000_000 * 100 * u128::from(CONTRACT_DOLLARS),
                        Rounding::Floor,
                    )
                    .unwrap_or(0),
                };
                // Steps of a cheap option may fall on one price.
                match levels.last_mut().filter(|last| last.price == price) {
                    Some(last) => last.quantity += quantity,
                    None if price > 0 && quantity > 0 => levels.push(Level { price, quantity }),
                    None => {}
                }
            }
            levels
        };
        let (bids, asks) = (levels(false), levels(true));
        let outlet = Outlet { kind: OutletKind::Book, bids, asks, wait_nanos: 0, pays: None };
        Some(Conditions {
            outlets: vec![outlet],
            volatility_ppm_per_sqrt_day: 0,
            half_life_nanos: 0,
            observed_at: now,
        })
    }
}

/// A market for everything but the coin, in the order of assets.
fn markets(assets: &mut [AssetInfo]) -> Vec<breakwater_liquidation::MarketInfo> {
    let mut markets = Vec::new();
    for (number, info) in assets.iter_mut().enumerate().skip(1) {
        let option = number >= usize::from(OPTION);
        let place = u16::try_from(markets.len()).unwrap_or(u16::MAX);
        info.market = Some(MarketId(place));
        markets.push(breakwater_liquidation::MarketInfo {
            symbol: format!("{}/mark", info.symbol),
            asset: AssetId(u16::try_from(number).unwrap_or(u16::MAX)),
            guard: Guard {
                decimals: if option { MARK_DECIMALS } else { DOLLAR_DECIMALS },
                age_max_nanos: 120 * SECOND,
                ahead_max_nanos: 0,
                band_bps: 10_000,
                spread_max_bps: 0,
                grace_nanos: 0,
            },
            volatility_weight: 1,
        });
    }
    markets
}

fn terms(scenario: &OptionBookScenario) -> Result<HedgeTerms, ScenarioError> {
    let stated = &scenario.settings.terms;
    let band = raw("terms.band", &stated.band, 9)?;
    let terms = HedgeTerms {
        underlying: INDEX,
        hedge: HEDGE,
        neutral: stated.neutral,
        hedge_lot: stated.hedge_lot,
        option_lot: stated.option_lot,
        group_lots: stated.group_lots,
        band_e9: u64::try_from(band).unwrap_or(u64::MAX),
        hedge_slippage_bps: stated.hedge_slippage_bps,
        option_slippage_bps: stated.option_slippage_bps,
        participation_bps: stated.participation_bps,
        age_max_nanos: 60 * SECOND,
        confidence_ppm: stated.confidence_ppm,
        volatility_ppm_per_sqrt_day: stated.volatility_ppm_per_sqrt_day,
        horizon_nanos: u64::from(stated.horizon_minutes) * 60 * SECOND,
    };
    terms.validate().map_err(|why| ScenarioError::setting("terms", why.to_string()))?;
    Ok(terms)
}
