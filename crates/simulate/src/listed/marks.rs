//! What is listed, and what it is worth at a minute.
//!
//! Only the index is a fact. A future stands above it by a stated premium that melts with the time that is
//! left, an option is priced by Black's formula at a stated volatility, and both, while their settlement
//! price is being averaged, on the price to expect: what is fixed of the average, and the index for the rest.

use super::settings::{ContractSettings, DOLLAR_DECIMALS, Kind, ListedScenario, raw};
use crate::ScenarioError;
use breakwater_agreement::listed::Fixing;
use breakwater_liquidation::{AssetKind, ContractTerms, Form, OptionTerms};
use breakwater_money::{AssetId, Price, Time, decimal::Decimal};
use breakwater_options::{Black76, Kind as Right, Quote};

/// Symbol of what the index prices.
pub(super) const INDEX: &str = "INDEX";
/// The margin asset.
pub(super) const SETTLE: AssetId = AssetId(0);
/// What the index prices.
pub(super) const UNDERLYING: AssetId = AssetId(1);
/// The first contract.
const FIRST: u16 = 2;

/// Decimals of a price in coin.
const COIN_DECIMALS: u8 = 8;
const YEAR_NANOS: i128 = 365 * 86_400_000_000_000;
const MILLION: i128 = 1_000_000;

/// The asset of the contract in this place.
pub(super) fn asset(place: usize) -> AssetId {
    AssetId(u16::try_from(place).unwrap_or(u16::MAX).saturating_add(FIRST))
}

/// The contract in a place as the engine knows it.
pub(super) fn kind(scenario: &ListedScenario, place: usize) -> Result<AssetKind, ScenarioError> {
    let stated = &scenario.settings.contracts[place];
    let field = |name: &str| format!("contracts[{place}].{name}");
    let right = "a decimal above zero, such as 10 or 0.1";
    let wrong =
        || ScenarioError::setting(field("multiplier"), format!("'{}': {right}", stated.multiplier));
    let multiplier = Decimal::parse(&stated.multiplier).map_err(|_| wrong())?;
    let multiplier_decimals = multiplier.decimals;
    let raw_multiplier = raw(&field("multiplier"), &stated.multiplier, multiplier_decimals)?;
    let multiplier = u64::try_from(raw_multiplier).ok().filter(|units| *units > 0);
    let multiplier = multiplier.ok_or_else(wrong)?;
    let form = match stated.kind {
        Kind::Linear => Form::Linear,
        Kind::Inverse => Form::Inverse,
        Kind::Call | Kind::Put => {
            let strike = stated.strike.as_deref().unwrap_or_default();
            let strike = raw(&field("strike"), strike, DOLLAR_DECIMALS)?;
            Form::Option(OptionTerms {
                call: stated.kind == Kind::Call,
                strike: Price::new(strike, DOLLAR_DECIMALS),
                underlying: UNDERLYING,
                coin: stated.coin,
            })
        }
    };
    let expires = scenario.ends[place];
    let terms = ContractTerms { settle: SETTLE, form, multiplier, multiplier_decimals, expires };
    Ok(AssetKind::Contract(terms))
}

/// Decimals of a contract's price.
pub(super) const fn scale(stated: &ContractSettings) -> u8 {
    if stated.coin { COIN_DECIMALS } else { DOLLAR_DECIMALS }
}

/// Volatility of an option when the index stands at `cents`, millionths.
pub(super) fn volatility(scenario: &ListedScenario, place: usize, cents: u64) -> u32 {
    let first = scenario.path.first().copied().unwrap_or(cents).max(1);
    let fallen = u128::from(first.saturating_sub(cents));
    let per = u128::from(scenario.settings.market.volatility_per_fall_ppm);
    let more = u32::try_from(fallen * 100 * per / u128::from(first)).unwrap_or(u32::MAX);
    scenario.settings.contracts[place].volatility_ppm.saturating_add(more)
}

/// The price to expect at delivery, cents: the fixed part of the average, and the index for the rest.
fn expected(cents: u64, fixing: Option<Fixing>) -> i128 {
    let index = i128::from(cents);
    let Some(Fixing { taken, planned, missing, so_far: Some(so_far) }) = fixing else {
        return index;
    };
    let (taken, counted) = (i128::from(taken), i128::from(planned.saturating_sub(missing)));
    let fixed = i128::try_from(so_far.raw).unwrap_or(index);
    (fixed * taken + index * (counted - taken)) / counted.max(1)
}

/// The mark of a contract when the index stands at `cents`.
pub(super) fn mark(
    scenario: &ListedScenario,
    place: usize,
    cents: u64,
    now: Time,
    fixing: Option<Fixing>,
) -> Price {
    let stated = &scenario.settings.contracts[place];
    let left = scenario.ends[place].map(|end| end.since(now));
    let expected = expected(cents, fixing);
    let raw = if stated.option() {
        option(scenario, place, (cents, expected), left.unwrap_or(0))
    } else {
        let whole = i128::from(stated.premium_ppm);
        // division: nearest to zero; a millionth of the index is a fraction of a tick
        let premium = left.map_or(whole, |left| whole * i128::from(left) / YEAR_NANOS);
        expected * (MILLION + premium) / MILLION
    };
    Price::new(u128::try_from(raw).unwrap_or(0).max(1), scale(stated))
}

/// Black's formula without interest: the float proposes, a tick decides.
fn option(
    scenario: &ListedScenario,
    place: usize,
    (cents, expected): (u64, i128),
    left_nanos: u64,
) -> i128 {
    let stated = &scenario.settings.contracts[place];
    let strike = stated.strike.as_deref().and_then(|text| text.parse::<f64>().ok());
    let quote = Quote {
        kind: if stated.kind == Kind::Call { Right::Call } else { Right::Put },
        forward: expected as f64 / 100.0,
        strike: strike.unwrap_or(0.0),
        years: left_nanos as f64 / YEAR_NANOS as f64,
        volatility: f64::from(volatility(scenario, place, cents)) / 1e6,
        rate: 0.0,
    };
    let (price, one) = match Black76::new(&quote) {
        Ok(option) if stated.coin => (option.coin().price, 1e8),
        Ok(option) => (option.greeks().price, 100.0),
        Err(_) => (0.0, 1.0),
    };
    libm::rint(price * one) as i128
}
