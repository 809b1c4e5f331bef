//! Kinds about the liquidation price of linear contracts.

use super::Kind;
use super::brackets::{Brackets, tier_from_one};
use crate::Mismatch;
use crate::compare::{Output, Outputs};
use crate::fields::Fields;
use breakwater_margin::liquidation_price::{Held, Leg, LinearBook, Maintenance, Opened, Root};
use breakwater_money::Rational;

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[
    ("liq_price_bracketed", bracketed),
    ("liq_price_linear_cross_book", cross_book),
    ("liq_price_linear_cum", with_deduction),
];

/// `liq_price_linear_cum`: `(WB + cum - s Q E) / (Q (MMR - s))`, the published formula of one-asset
/// mode without other positions, with the rate and maintenance amount of a bracket given -> price.
pub fn with_deduction(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let root = price_of(input.rational("wallet")?, opened(input, stated_rate(input)?)?, &[]);
    Ok(vec![("price", price(root))])
}

/// `liq_price_linear_cross_book`: the same with other positions held at their marks: their
/// unrealised profit joins the wallet, their requirement leaves it -> price.
pub fn cross_book(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let others = input.rows("others")?;
    let others: Vec<Held> = others.iter().map(held).collect::<Result<_, _>>()?;
    let position = opened(input, stated_rate(input)?)?;
    let root = price_of(input.rational("wallet")?, position, &others);
    Ok(vec![("price", price(root))])
}

/// `liq_price_bracketed`: isolated, with the bracket in which the position's notional at the
/// liquidation price itself lies -> price, tier (from 1).
pub fn bracketed(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let brackets = Brackets::read(input, 0)?;
    let requirement = Maintenance::from_table(&brackets.table, brackets.decimals);
    let root = price_of(input.rational("margin")?, opened(input, requirement)?, &[]);
    let tier = root.as_ref().and_then(Root::tier).map_or(Output::Nothing, tier_from_one);
    Ok(vec![("price", price(root)), ("tier", tier)])
}

/// One position has at most one liquidation price, so any mark will do; its entry is at hand.
fn price_of(wallet: Rational, position: Opened, others: &[Held]) -> Option<Root> {
    let entry = position.entry.clone();
    LinearBook::cross(wallet, vec![position], others).liquidation_price(&entry)
}

fn price(root: Option<Root>) -> Output {
    Output::number_or_nothing(root.map(|root| root.price))
}

fn held(input: &Fields<'_>) -> Result<Held, Mismatch> {
    let position = opened(input, stated_rate(input)?)?;
    Ok(Held { position, mark: input.positive("mark")? })
}

/// `mmr` and `cum` as stated, for one bracket.
fn stated_rate(input: &Fields<'_>) -> Result<Maintenance, Mismatch> {
    Ok(Maintenance::flat(input.rational("mmr")?, input.rational("cum")?))
}

/// `side`, `qty` and `entry`.
fn opened(input: &Fields<'_>, maintenance: Maintenance) -> Result<Opened, Mismatch> {
    let size = input.positive("qty")?;
    let quantity = match input.text("side")? {
        "long" => size,
        "short" => -size,
        _ => return Err(input.wrong("side", "long or short")),
    };
    Ok(Opened { leg: Leg { quantity, maintenance }, entry: input.positive("entry")? })
}
