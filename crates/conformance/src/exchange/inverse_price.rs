//! Kinds about contracts that settle in their base asset.

use super::Kind;
use super::entry_price::{long, price, required, side, stated_or_zero};
use crate::Mismatch;
use crate::compare::{Output, Outputs};
use crate::fields::Fields;
use breakwater_margin::liquidation_price::{
    Basis, Direction, Fee, Maintenance, MixedBook, Position, margin_after_fee, to_tick,
};
use breakwater_money::{Rational, rational};

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[
    ("bankruptcy_inverse_isolated", bankruptcy),
    ("liq_price_inverse_cross_fee", cross_with_fee),
    ("liq_price_inverse_cum", with_deduction),
    ("liq_price_inverse_entry_based", entry_based),
    ("liq_price_inverse_margin", with_margin),
    ("liq_price_inverse_mark_based", mark_based),
    ("mm_inverse", maintenance),
];

/// `mm_inverse`: `contracts multiplier / mark x mmr - cum`, in coin -> maintenance_margin.
fn maintenance(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let requirement = Maintenance::flat(input.rational("mmr")?, input.rational("cum")?);
    let mark = input.positive("mark")?;
    let position = Position::inverse(contracts_value(input)?, mark.clone(), requirement);
    let required = position.requirement(&mark);
    Ok(vec![("maintenance_margin", Output::number_or_nothing(required))])
}

/// `liq_price_inverse_cum`: the coin wallet against a requirement at the mark with the bracket's
/// maintenance amount -> price.
fn with_deduction(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let requirement = Maintenance::flat(input.rational("mmr")?, input.rational("cum")?);
    let value = side(input)? * contracts_value(input)?;
    let position = Position::inverse(value, input.positive("entry")?, requirement);
    let book = isolated(input, input.rational("wallet")?, position)?;
    Ok(vec![("price", price(&book))])
}

/// `liq_price_inverse_entry_based`: initial margin against a requirement that stays that of the
/// entry value -> position_value, initial_margin, maintenance_margin, price.
fn entry_based(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let position = position(input, Maintenance::flat(input.rational("mmr")?, zero()))?;
    let position = position.with_basis(Basis::Entry);
    let value = value_at_entry(input, &position)?;
    let initial = initial_margin(input, &value)?;
    let required = required(&position);
    let book = isolated(input, initial.clone(), position)?;
    Ok(vec![
        ("position_value", Output::Number(value)),
        ("initial_margin", Output::Number(initial)),
        ("maintenance_margin", required),
        ("price", price(&book)),
    ])
}

/// `liq_price_inverse_mark_based`: the requirement at the mark; the closing fee comes out of extra
/// margin -> price.
fn mark_based(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let deduction = stated_or_zero(input, "deduction")?;
    let position = position(input, Maintenance::flat(input.rational("mmr")?, deduction))?;
    let initial = initial_margin(input, &value_at_entry(input, &position)?)?;
    let extra = stated_or_zero(input, "extra_margin")?;
    let extra = margin_after_fee(&extra, &input.rational("taker")?, &position)
        .ok_or_else(|| input.wrong("taker", "a fee below one"))?;
    let book = isolated(input, initial + extra, position)?;
    Ok(vec![("price", price(&book))])
}

/// `liq_price_inverse_cross_fee`: the balance against the entry value's requirement and the fee at
/// the bankruptcy price; shown at the tick of 0.5 that is reached first -> bankruptcy_price, price.
fn cross_with_fee(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let position = position(input, Maintenance::flat(input.rational("mmr")?, zero()))?;
    let position =
        position.with_basis(Basis::Entry).with_fee(Fee::AtBankruptcy(input.rational("taker")?));
    let direction = if long(&position) { Direction::Falling } else { Direction::Rising };
    let book = isolated(input, input.rational("balance")?, position)?;
    let root = book.healthy().towards(direction);
    let tick = rational::from_raw(5, 1);
    let shown = root.and_then(|root| to_tick(&root.price, &tick, direction));
    Ok(vec![
        ("bankruptcy_price", Output::number_or_nothing(book.bankruptcy_price())),
        ("price", Output::number_or_nothing(shown)),
    ])
}

/// `liq_price_inverse_margin`: stated margin against a requirement at the mark -> price,
/// bankruptcy_price.
fn with_margin(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let position = position(input, Maintenance::flat(input.rational("mmr")?, zero()))?;
    let book = isolated(input, input.rational("margin")?, position)?;
    let bankruptcy = Output::number_or_nothing(book.bankruptcy_price());
    Ok(vec![("price", price(&book)), ("bankruptcy_price", bankruptcy)])
}

/// `bankruptcy_inverse_isolated`: where initial margin is lost, whatever the size -> price.
fn bankruptcy(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let entry = input.positive("entry")?;
    let position = Position::inverse(side(input)?, entry, Maintenance::none());
    let margin = initial_margin(input, &value_at_entry(input, &position)?)?;
    let book = isolated(input, margin, position)?;
    Ok(vec![("price", Output::number_or_nothing(book.bankruptcy_price()))])
}

/// `contracts` times `multiplier`, quote asset.
fn contracts_value(input: &Fields<'_>) -> Result<Rational, Mismatch> {
    Ok(input.positive("contracts")? * input.positive("multiplier")?)
}

/// `side`, `qty_usd` and `entry`.
fn position(input: &Fields<'_>, requirement: Maintenance) -> Result<Position, Mismatch> {
    let value = side(input)? * input.positive("qty_usd")?;
    Ok(Position::inverse(value, input.positive("entry")?, requirement))
}

fn value_at_entry(input: &Fields<'_>, position: &Position) -> Result<Rational, Mismatch> {
    position
        .notional(&position.entry)
        .ok_or_else(|| input.wrong("entry", "a price with a value in coin"))
}

/// Value over `leverage`.
fn initial_margin(input: &Fields<'_>, value: &Rational) -> Result<Rational, Mismatch> {
    Ok(value / input.positive("leverage")?)
}

fn isolated(
    input: &Fields<'_>,
    margin: Rational,
    position: Position,
) -> Result<MixedBook, Mismatch> {
    super::entry_price::book(input, MixedBook::isolated(margin, position))
}

fn zero() -> Rational {
    rational::from_raw(0, 0)
}
