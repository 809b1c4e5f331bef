//! Kinds about an account as a whole, and the margin rules of engines that have one kind each.

use super::Kind;
use super::marks::{numbers, pairs};
use super::scaled::{Scaled, fixed};
use crate::Mismatch;
use crate::compare::{Output, Outputs};
use crate::fields::Fields;
use breakwater_margin::account;
use breakwater_money::{Rational, rational};
use breakwater_rulebooks::exchange::gmx_v2;
use breakwater_rulebooks::exchange::lines::{
    BINANCE_PORTFOLIO_LIQUIDATION, BITMEX_MARGIN_PLUS_CALL_E9,
};
use breakwater_rulebooks::exchange::mango_v4::{self, Perpetual, Scale, Token};
use breakwater_rulebooks::exchange::nautilus::{self, Notional, Position};
use breakwater_rulebooks::exchange::synthetix_v3::{self, Market};

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[
    ("gmx_liquidatable", gmx_liquidatable),
    ("liquidation_buffer", liquidation_buffer),
    ("mango_health_simple", mango_health),
    ("margin_netting", margin_netting),
    ("margin_plus", margin_plus),
    ("nautilus_margin", nautilus_margin),
    ("nautilus_trigger", nautilus_trigger),
    ("synthetix_v3_margin", synthetix_margin),
    ("uni_mmr", uni_mmr),
];

/// `uni_mmr`: adjusted equity over maintenance, and whether the liquidation line is reached
/// -> ratio, liquidate.
pub fn uni_mmr(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let (_, [equity, maintenance]) = integers(input, ["adjusted_equity", "maintenance"])?;
    let requirement = unsigned(input, "maintenance", maintenance)?;
    let ratio = account::ratio(equity, requirement);
    let liquidate = BINANCE_PORTFOLIO_LIQUIDATION.is_reached(equity, requirement);
    Ok(vec![("ratio", Output::number_or_nothing(ratio)), ("liquidate", Output::Flag(liquidate))])
}

/// `margin_netting`: the larger of the long and the short legs' requirement -> requirement.
pub fn margin_netting(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let (scale, [long, short]) = integers(input, ["long", "short"])?;
    let (long, short) = (unsigned(input, "long", long)?, unsigned(input, "short", short)?);
    let requirement = signed(input, "long", account::netted(long, short))?;
    Ok(vec![("requirement", Output::Number(scale.number(requirement)))])
}

/// `liquidation_buffer`: the share of the room between threshold and initial requirement that is left
/// -> buffer.
pub fn liquidation_buffer(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let (_, [available, threshold, initial]) =
        integers(input, ["available", "threshold", "initial"])?;
    let buffer = account::buffer(available, threshold, initial);
    Ok(vec![("buffer", Output::number_or_nothing(buffer))])
}

/// `margin_plus`: the collateral below which the loan is called -> top_up_below.
pub fn margin_plus(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let loan = input.rational("margin_plus")?;
    // Nine more decimals hold the product with the ratio.
    let scale = Scaled::common([&loan]).times(&rational::from_raw(1, 9));
    let raw = scale.raw(input, "margin_plus", &loan)?;
    let below = account::call_below(raw, BITMEX_MARGIN_PLUS_CALL_E9)
        .map_err(|error| Mismatch::new(input.path("margin_plus"), "128 bits", error.to_string()))?;
    let below = scale.number(signed(input, "margin_plus", below)?);
    Ok(vec![("top_up_below", Output::Number(below))])
}

/// `gmx_liquidatable`: what closing leaves, and whether a minimum is missed
/// -> remaining, liquidatable, reason (empty when not).
pub fn gmx_liquidatable(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    const NAMES: [&str; 6] =
        ["collateral", "pnl", "price_impact", "fees", "size_usd", "min_collateral_usd"];
    let factor = input.rational("min_collateral_factor")?;
    let values = rationals(input, NAMES)?;
    // The contract floors the product of size and factor; at this scale it is whole.
    let scale = Scaled::common(&values).times(&factor);
    let [collateral, profit, price_impact, fees, size, least] =
        at_scale(input, NAMES, &values, &scale)?;
    let position = gmx_v2::Position {
        collateral,
        profit,
        price_impact,
        fees: unsigned(input, "fees", fees)?,
        size: unsigned(input, "size_usd", size)?,
    };
    let minimum = gmx_v2::Minimum {
        collateral: unsigned(input, "min_collateral_usd", least)?,
        factor: fixed(input, "min_collateral_factor", &factor, gmx_v2::FACTOR_DECIMALS)?,
    };
    let (remaining, reason) = gmx_v2::assess(&position, &minimum)
        .map_err(|error| Mismatch::new(input.path("size_usd"), "128 bits", error.to_string()))?;
    Ok(vec![
        ("remaining", Output::Number(scale.number(remaining))),
        ("liquidatable", Output::Flag(reason.is_some())),
        ("reason", Output::Text(reason.map_or("", gmx_v2::Reason::text).to_owned())),
    ])
}

/// `synthetix_v3_margin`: ratios by size over skew scale, and margins with the smallest on top
/// -> im_ratio, mm_ratio, initial, maintenance.
pub fn synthetix_margin(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let market = Market {
        skew_scale: input.positive("skew_scale")?,
        initial_factor: input.rational("im_ratio")?,
        initial_ratio_min: input.rational("min_im_ratio")?,
        maintenance_scalar: input.rational("mm_scalar")?,
        position_margin_min: input.rational("min_position_margin")?,
    };
    let (size, price) = (input.rational("size")?, input.positive("price")?);
    let required = synthetix_v3::required(&market, &size, &price);
    let required = required.ok_or_else(|| input.wrong("skew_scale", "a number above zero"))?;
    Ok(vec![
        ("im_ratio", Output::Number(required.initial_ratio)),
        ("mm_ratio", Output::Number(required.maintenance_ratio)),
        ("initial", Output::Number(required.initial)),
        ("maintenance", Output::Number(required.maintenance)),
    ])
}

/// `nautilus_margin`: notional times rate, over leverage in the leveraged model -> margin.
pub fn nautilus_margin(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let notional = match (flag(input, "inverse")?, flag(input, "use_quote")?) {
        (false, _) => Notional::Linear,
        (true, false) => Notional::Inverse,
        (true, true) => Notional::InverseInQuote,
    };
    let leverage = match input.text("model")? {
        "standard" => None,
        "leveraged" => Some(input.positive("leverage")?),
        _ => return Err(input.wrong("model", "standard or leveraged")),
    };
    let position = Position {
        quantity: input.rational("qty")?,
        multiplier: input.rational("multiplier")?,
        price: input.rational("price")?,
        notional,
        rate: input.rational("rate")?,
        leverage,
    };
    let margin = nautilus::margin(&position);
    let margin = margin.ok_or_else(|| input.wrong("price", "a number above zero"))?;
    Ok(vec![("margin", Output::Number(margin))])
}

/// `nautilus_trigger`: equity against maintenance times ratio -> equity, threshold, liquidate.
pub fn nautilus_trigger(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let [balance, upnl, maintenance, ratio] =
        rationals(input, ["balance", "upnl", "maintenance", "ratio"])?;
    let trigger = nautilus::trigger(&balance, &upnl, &maintenance, &ratio);
    Ok(vec![
        ("equity", Output::Number(trigger.equity)),
        ("threshold", Output::Number(trigger.threshold)),
        ("liquidate", Output::Flag(trigger.liquidate)),
    ])
}

/// Price, asset weight and liability weight of the three tokens of the program's own test, in tenths.
const MANGO_TOKENS: [(i128, i128, i128); 3] = [(10, 8, 12), (50, 5, 15), (100, 5, 15)];

/// `mango_health_simple`: health in the fixed market of the program's own test: a perpetual with lots
/// of 10 units at 5 that settles in the first token -> health.
pub fn mango_health(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let tenths = |value| rational::from_raw(value, 1);
    let balances = numbers(input, "tokens")?;
    let perp = numbers(input, "perp")?;
    let scales = if has(input, "deposit_scale") {
        pairs(input, "deposit_scale")?.into_iter().map(Some).collect()
    } else {
        vec![None; MANGO_TOKENS.len()]
    };
    if balances.len() != MANGO_TOKENS.len() || scales.len() != MANGO_TOKENS.len() {
        return Err(input.wrong("tokens", "three tokens, and a deposit_scale for each or none"));
    }
    let rows = MANGO_TOKENS.iter().zip(balances).zip(scales);
    let tokens: Vec<Token> = rows
        .map(|((&(price, asset, liability), balance), scale)| Token {
            balance,
            price: tenths(price),
            asset_weight: tenths(asset),
            liability_weight: tenths(liability),
            deposits: scale.map(|(units, start)| Scale { total: units * tenths(price), start }),
            borrows: None,
        })
        .collect();
    let [base_lots, quote, bid_lots, ask_lots] = <[Rational; 4]>::try_from(perp)
        .map_err(|_| input.wrong("perp", "base lots, quote, bid lots and ask lots"))?;
    let perpetual = Perpetual {
        settle: 0,
        base_lots,
        quote,
        bid_lots,
        ask_lots,
        lot_value: tenths(500),
        long_weight: tenths(8),
        short_weight: tenths(12),
        overall_weight: rational::from_raw(95, 2),
    };
    let health = mango_v4::health(&tokens, &[perpetual]);
    Ok(vec![("health", Output::number_or_nothing(health))])
}

/// The fields `names` as exact numbers.
fn rationals<const N: usize>(
    input: &Fields<'_>,
    names: [&str; N],
) -> Result<[Rational; N], Mismatch> {
    let mut values = [(); N].map(|()| rational::from_raw(0, 0));
    for (value, name) in values.iter_mut().zip(names) {
        *value = input.rational(name)?;
    }
    Ok(values)
}

/// The fields `names` as integers at their least common scale.
fn integers<const N: usize>(
    input: &Fields<'_>,
    names: [&str; N],
) -> Result<(Scaled, [i128; N]), Mismatch> {
    let values = rationals(input, names)?;
    let scale = Scaled::common(&values);
    let integers = at_scale(input, names, &values, &scale)?;
    Ok((scale, integers))
}

fn at_scale<const N: usize>(
    input: &Fields<'_>,
    names: [&str; N],
    values: &[Rational; N],
    scale: &Scaled,
) -> Result<[i128; N], Mismatch> {
    let mut integers = [0; N];
    for ((integer, name), value) in integers.iter_mut().zip(names).zip(values) {
        *integer = scale.raw(input, name, value)?;
    }
    Ok(integers)
}

fn unsigned(input: &Fields<'_>, name: &str, raw: i128) -> Result<u128, Mismatch> {
    u128::try_from(raw).map_err(|_| input.wrong(name, "a number of zero or more"))
}

fn signed(input: &Fields<'_>, name: &str, raw: u128) -> Result<i128, Mismatch> {
    i128::try_from(raw).map_err(|_| input.wrong(name, "a number that fits 127 bits"))
}

fn has(input: &Fields<'_>, name: &str) -> bool {
    input.entries().any(|(found, value)| found == name && !value.is_null())
}

fn flag(input: &Fields<'_>, name: &str) -> Result<bool, Mismatch> {
    let value = input.entries().find(|(found, _)| *found == name);
    let flag = value.and_then(|(_, value)| value.as_bool());
    flag.ok_or_else(|| input.wrong(name, "true or false"))
}
