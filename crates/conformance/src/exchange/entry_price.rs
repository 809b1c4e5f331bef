//! Kinds about liquidation prices from margin at entry, from a state at the mark, and with exact tiers.

use super::Kind;
use super::brackets::tier_from_one;
use crate::Mismatch;
use crate::compare::{Output, Outputs};
use crate::fields::Fields;
use breakwater_margin::liquidation_price::{
    Basis, BookError, Fee, Maintenance, MixedBook, Position, RateTier, invested_after,
};
use breakwater_money::{Rational, rational};

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[
    ("bankruptcy_linear", bankruptcy),
    ("cross_liq_general", general),
    ("fractional_liquidation", fractional),
    ("liq_price_entry_based", entry_based),
    ("liq_price_mark_step", mark_step),
    ("liq_price_mm_of_entry", share_of_initial),
    ("liq_price_taker_in_rate", taker_in_rate),
    ("tier_deduction", tier_deduction),
];

/// `liq_price_entry_based`: initial margin and what was added, against a requirement that stays that
/// of the entry value -> price.
fn entry_based(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let deduction = stated_or_zero(input, "mm_deduction")?;
    let position = position(input, Maintenance::flat(input.rational("mmr")?, deduction))?;
    let initial = size(&position) * &position.entry / input.positive("leverage")?;
    let margin = initial + stated_or_zero(input, "extra_margin")?;
    let position = position.with_basis(Basis::Entry);
    let book = book(input, MixedBook::isolated(margin, position))?;
    Ok(vec![("price", price(&book))])
}

/// `liq_price_taker_in_rate`: stated margin against the requirement and a taker fee at the mark
/// -> price.
fn taker_in_rate(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let position = position(input, Maintenance::flat(input.rational("mmr")?, zero()))?;
    let position = position.with_fee(Fee::AtMark(input.rational("taker")?));
    let book = book(input, MixedBook::isolated(input.rational("margin")?, position))?;
    Ok(vec![("price", price(&book))])
}

/// `liq_price_mark_step`: `margin` is the equity at the mark `price`; the rate is half of what the
/// largest leverage asks for -> price.
fn mark_step(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let requirement = Maintenance::flat(half_of_initial(input)?, zero());
    let (quantity, mark) = (side(input)? * input.positive("qty")?, input.positive("price")?);
    let position = Position::linear(quantity, mark, requirement);
    let book = book(input, MixedBook::isolated(input.rational("margin")?, position))?;
    Ok(vec![("price", price(&book))])
}

/// `cross_liq_general`: `equity` is that at the mark, and `other_mm` what else is required -> price.
fn general(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let requirement = Maintenance::flat(input.rational("mmr")?, zero());
    let (quantity, mark) = (side(input)? * input.positive("qty")?, input.positive("mark")?);
    let position = Position::linear(quantity, mark, requirement);
    let (equity, other) = (input.rational("equity")?, input.rational("other_mm")?);
    let book = book(input, MixedBook::new(equity, other, Vec::new(), vec![position]))?;
    Ok(vec![("price", price(&book))])
}

/// `liq_price_mm_of_entry`: liquidated when the loss passes `maintenance_fraction` of initial margin,
/// strictly, judged at the best price against the position -> price, liquidate.
fn share_of_initial(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let entry = input.positive("entry")?;
    let initial = &entry / input.positive("leverage")?;
    let margin = initial * input.rational("maintenance_fraction")?;
    let position = Position::linear(side(input)?, entry, Maintenance::none());
    let book = book(input, MixedBook::isolated(margin, position))?;
    let past = book.healthy().strictly_past(&input.positive("best_against")?);
    Ok(vec![("price", price(&book)), ("liquidate", Output::Flag(past))])
}

/// `bankruptcy_linear`: where position margin and wallet are lost -> price.
fn bankruptcy(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let margin = input.rational("position_margin")? + input.rational("wallet")?;
    let position = position(input, Maintenance::none())?;
    let book = book(input, MixedBook::isolated(margin, position))?;
    Ok(vec![("price", Output::number_or_nothing(book.bankruptcy_price()))])
}

/// `fractional_liquidation`: what stays invested at the least cost -> invested_after.
fn fractional(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let (equity, invested) = (input.rational("equity")?, input.rational("invested")?);
    let after = invested_after(&equity, &invested, &input.positive("requirement")?);
    Ok(vec![("invested_after", Output::number_or_nothing(after))])
}

/// `tier_deduction`: tiers of half of what each largest leverage asks for, and the requirement of a
/// notional -> deductions, maintenance_margin, tier (from 1).
fn tier_deduction(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let tier = |row: &Fields<'_>| {
        Ok(RateTier { cap: Some(row.rational("cap")?), rate: half_of_initial(row)? })
    };
    let tiers = input.rows("tiers")?.iter().map(tier).collect::<Result<_, Mismatch>>()?;
    let requirement = Maintenance::from_tiers(tiers).map_err(|error| {
        Mismatch::new(input.path("tiers"), error.right.clone(), error.to_string())
    })?;
    let notional = input.rational("notional")?;
    let deductions = requirement.deductions().cloned().map(Output::Number).collect();
    let tier = requirement.tier_of(&notional).map_or(Output::Nothing, tier_from_one);
    Ok(vec![
        ("deductions", Output::List(deductions)),
        ("maintenance_margin", Output::Number(requirement.of(&notional))),
        ("tier", tier),
    ])
}

/// One over twice `max_leverage`.
fn half_of_initial(input: &Fields<'_>) -> Result<Rational, Mismatch> {
    Ok(rational::from_raw(5, 1) / input.positive("max_leverage")?)
}

/// `side`, `qty` and `entry`.
fn position(input: &Fields<'_>, requirement: Maintenance) -> Result<Position, Mismatch> {
    let quantity = side(input)? * input.positive("qty")?;
    Ok(Position::linear(quantity, input.positive("entry")?, requirement))
}

/// `side` as a sign.
pub(super) fn side(input: &Fields<'_>) -> Result<Rational, Mismatch> {
    match input.text("side")? {
        "long" => Ok(rational::from_raw(1, 0)),
        "short" => Ok(rational::from_raw(-1, 0)),
        _ => Err(input.wrong("side", "long or short")),
    }
}

/// The number `name`, zero where it is not stated.
pub(super) fn stated_or_zero(input: &Fields<'_>, name: &str) -> Result<Rational, Mismatch> {
    let stated = input.entries().any(|(known, value)| known == name && !value.is_null());
    if stated { input.rational(name) } else { Ok(zero()) }
}

/// The book, or what it refuses as a mismatch of the whole input.
pub(super) fn book(
    input: &Fields<'_>,
    made: Result<MixedBook, BookError>,
) -> Result<MixedBook, Mismatch> {
    made.map_err(|error| Mismatch::new(input.path(&error.field), error.right, error.found))
}

/// The liquidation price of a single position. It has at most one on the side where it loses, which
/// is the nearest to its entry.
pub(super) fn price(book: &MixedBook) -> Output {
    let entry = book.positions().first().map_or_else(zero, |position| position.entry.clone());
    Output::number_or_nothing(book.liquidation_price(&entry).map(|root| root.price))
}

/// The requirement at entry.
pub(super) fn required(position: &Position) -> Output {
    Output::number_or_nothing(position.requirement(&position.entry))
}

pub(super) fn long(position: &Position) -> bool {
    position.quantity > zero()
}

fn size(position: &Position) -> Rational {
    if long(position) { position.quantity.clone() } else { -&position.quantity }
}

fn zero() -> Rational {
    rational::from_raw(0, 0)
}
