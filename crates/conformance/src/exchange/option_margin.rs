//! Kinds about margin of options by formula, about margin that scales with size, and about limits on
//! positions.

use super::Kind;
use crate::Mismatch;
use crate::compare::{Output, Outputs};
use crate::fields::Fields;
use breakwater_margin::limits;
use breakwater_margin::option::{Applies, OptionRates, Unit, buy_cost_exact};
use breakwater_money::{Rational, rational};
use breakwater_options::Kind as Right;

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[
    ("option_buy_cost", buy),
    ("option_margin_coin", margin_coin),
    ("option_margin_okx", margin_floor_of_mark),
    ("option_margin_usd", margin_usd),
    ("option_mm_bybit", maintenance_with_fee),
    ("position_limit_max", limit_max),
    ("position_limit_tiered", limit_tiered),
    ("size_scaled_margin", size_scaled),
];

/// Deribit's standard rates for short options; a put's maintenance is at least that share of its mark,
/// and its initial margin at least its maintenance.
const STANDARD: OptionRates = OptionRates {
    range_e9: 150_000_000,
    floor_e9: 100_000_000,
    floor_of_mark: Applies::Nothing,
    maintenance_e9: 75_000_000,
    maintenance_of_mark: Applies::Puts,
    liquidation_fee_e9: 0,
    initial_covers_maintenance: Applies::Puts,
};

/// OKX: the floor of a put is of the underlying and its mark together.
const FLOOR_OF_MARK: OptionRates = OptionRates {
    floor_of_mark: Applies::Puts,
    initial_covers_maintenance: Applies::Nothing,
    ..STANDARD
};

/// `option_margin_coin`: the standard rates in coin, times size -> initial_margin,
/// maintenance_margin.
pub fn margin_coin(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let unit = unit(input, "underlying", Quoted::Coin)?;
    // division: exact, rationals do not round; the underlying is above zero.
    let size = input.rational("size")? / &unit.underlying;
    Ok(initial_and_maintenance(&unit, &size))
}

/// `option_margin_usd`: the same with every number in the quote currency.
pub fn margin_usd(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let unit = unit(input, "underlying", Quoted::Currency)?;
    Ok(initial_and_maintenance(&unit, &input.rational("size")?))
}

fn initial_and_maintenance(unit: &Unit, size: &Rational) -> Outputs {
    let number = |margin: Rational| Output::Number(margin * size);
    vec![
        ("initial_margin", number(STANDARD.initial_exact(unit))),
        ("maintenance_margin", number(STANDARD.maintenance_exact(unit))),
    ]
}

/// `option_margin_okx`: in coin, by the forward, times multiplier and contracts -> position_margin.
pub fn margin_floor_of_mark(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let unit = unit(input, "forward", Quoted::Coin)?;
    let size = input.rational("multiplier")? * input.rational("contracts")?;
    let margin = FLOOR_OF_MARK.initial_exact(&unit) * size / &unit.underlying;
    Ok(vec![("position_margin", Output::Number(margin))])
}

/// `option_mm_bybit`: `(max(f index, f mark) + mark + liquidation fee index) |size|`, and its share of
/// the balance -> maintenance_margin, mm_rate.
pub fn maintenance_with_fee(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let (factor, fee) = (rate_e9(input, "mm_factor")?, rate_e9(input, "liq_fee_rate")?);
    let rates = OptionRates {
        maintenance_e9: factor,
        maintenance_of_mark: Applies::Both,
        liquidation_fee_e9: fee,
        ..STANDARD
    };
    let underlying = input.positive("index")?;
    // The rule does not look at strike or kind.
    let unit = Unit {
        kind: Right::Call,
        strike: underlying.clone(),
        underlying,
        mark: input.rational("mark")?,
    };
    let size = input.rational("size")?;
    let size = if size < zero() { -size } else { size };
    let maintenance = rates.maintenance_exact(&unit) * size;
    let rate = &maintenance / input.positive("balance")?;
    Ok(vec![("maintenance_margin", Output::Number(maintenance)), ("mm_rate", Output::Number(rate))])
}

/// `option_buy_cost`: `size price`, and `size min(taker index, fee_cap price)` -> premium, fee, cost.
pub fn buy(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let number = |name| input.rational(name);
    let cost = buy_cost_exact(
        &number("size")?,
        &number("price")?,
        &number("index")?,
        &number("taker")?,
        &number("fee_cap")?,
    );
    Ok(vec![
        ("premium", Output::Number(cost.premium)),
        ("fee", Output::Number(cost.fee)),
        ("cost", Output::Number(cost.cost)),
    ])
}

/// `size_scaled_margin`: `base + size per_unit` -> rate, margin.
pub fn size_scaled(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let size = input.rational("size")?;
    let rate =
        limits::size_scaled_rate(&input.rational("base")?, &input.rational("per_unit")?, &size);
    let margin = limits::size_scaled_margin(&rate, &size, &input.rational("price")?);
    Ok(vec![("rate", Output::Number(rate)), ("margin", Output::Number(margin))])
}

/// `position_limit_tiered`: each slice of open interest at the ratio of its tier -> limit.
pub fn limit_tiered(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let rows = input.rows("tiers")?;
    let tiers: Vec<_> = rows.iter().map(tier).collect::<Result<_, _>>()?;
    let limit = limits::tiered_limit_exact(&input.rational("open_interest")?, &tiers);
    let limit = limit.map_err(|error| {
        Mismatch::new(input.path("tiers"), "tiers with rising edges", error.to_string())
    })?;
    Ok(vec![("limit", Output::Number(limit))])
}

fn tier(row: &Fields<'_>) -> Result<(Option<Rational>, Rational), Mismatch> {
    let open = row.entries().any(|(name, value)| name == "to" && value.is_null());
    let to = if open { None } else { Some(row.rational("to")?) };
    Ok((to, row.rational("ratio")?))
}

/// `position_limit_max`: the larger of open interest times threshold and the floor -> limit.
pub fn limit_max(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let limit = limits::largest_limit_exact(
        &input.rational("open_interest")?,
        &input.rational("threshold")?,
        &input.rational("floor")?,
    );
    Ok(vec![("limit", Output::Number(limit))])
}

/// What a mark is quoted in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoted {
    Coin,
    Currency,
}

/// One option, its mark in the currency of the underlying's price.
fn unit(input: &Fields<'_>, underlying: &str, quoted: Quoted) -> Result<Unit, Mismatch> {
    let kind = match input.text("type")? {
        "call" => Right::Call,
        "put" => Right::Put,
        _ => return Err(input.wrong("type", "call or put")),
    };
    let (underlying, mark) = (input.positive(underlying)?, input.rational("mark")?);
    let mark = if quoted == Quoted::Coin { mark * &underlying } else { mark };
    Ok(Unit { kind, underlying, strike: input.positive("strike")?, mark })
}

/// A rate in 1e-9, in which rulebooks keep them.
fn rate_e9(input: &Fields<'_>, name: &str) -> Result<u64, Mismatch> {
    let raw = input.decimal(name)?.to_raw(9);
    raw.ok()
        .and_then(|raw| u64::try_from(raw).ok())
        .ok_or_else(|| input.wrong(name, "zero or more, with at most 9 decimals"))
}

fn zero() -> Rational {
    rational::from_raw(0, 0)
}
