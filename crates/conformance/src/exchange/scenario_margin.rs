//! Kinds about margin by worst scenario.

use super::Kind;
use crate::Mismatch;
use crate::compare::{Output, Outputs};
use crate::fields::Fields;
use breakwater_margin::scenario::{array, contingency, shock};
use breakwater_money::Rational;

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[
    ("pm_contingency", charge),
    ("pm_inverse_grid", inverse_grid),
    ("pm_vol_shock", volatility_shock),
    ("pm_worst", worst),
    ("span_future_array", span_array),
];

/// `pm_inverse_grid`: `position k / (1 + k)` for each move -> pnl.
pub fn inverse_grid(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let position = input.rational("position_coin")?;
    let profit = |moved: &Rational| array::inverse_profit(&position, moved);
    let profits: Option<Vec<_>> = input.numbers("shocks")?.iter().map(profit).collect();
    let profits = profits.ok_or_else(|| input.wrong("shocks", "moves above -1"))?;
    Ok(vec![("pnl", list(profits))])
}

/// `pm_vol_shock`: `factor (30/days)^power` -> shock.
pub fn volatility_shock(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let power = input.decimal("power")?.to_raw(2).ok().and_then(|raw| u32::try_from(raw).ok());
    let right = "zero to one, with at most 2 decimals";
    let power = power.ok_or_else(|| input.wrong("power", right))?;
    let shock = shock(&input.rational("factor")?, &input.positive("days")?, power);
    let shock = shock.map_err(|_| input.wrong("power", right))?;
    Ok(vec![("shock", Output::Number(shock))])
}

/// `pm_contingency`: `amount rate` -> charge.
pub fn charge(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let charge = contingency(&input.rational("amount")?, &input.rational("rate")?);
    Ok(vec![("charge", Output::Number(charge))])
}

/// `pm_worst`: the largest loss of an array of profits -> scan_risk.
pub fn worst(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let worst = array::worst_loss(&input.numbers("array")?);
    Ok(vec![("scan_risk", Output::Number(worst))])
}

/// `span_future_array`: a future's profit in the sixteen rows, and the worst of them -> array,
/// scan_risk.
pub fn span_array(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let (range, extreme) = (input.rational("psr")?, input.rational("extreme")?);
    let profits = array::span_future(&range, &extreme, &input.rational("position")?);
    let worst = Output::Number(array::worst_loss(&profits));
    Ok(vec![("array", list(profits)), ("scan_risk", worst)])
}

fn list(numbers: Vec<Rational>) -> Output {
    Output::List(numbers.into_iter().map(Output::Number).collect())
}
