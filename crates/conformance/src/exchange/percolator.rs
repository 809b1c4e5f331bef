//! Kinds of an engine with junior profit and side indices.

use super::Kind;
use crate::Mismatch;
use crate::compare::{Output, Outputs};
use crate::fields::Fields;
use breakwater_liquidation::backstop::haircut::{Crisis, First, JuniorPool, scale_equity};
use breakwater_liquidation::backstop::side_index::{Position, Side};
use breakwater_money::decimal::format_raw;
use breakwater_money::{Rational, rational};
use breakwater_rulebooks::exchange::percolator::{
    MarginTerms, crisis_as_coded, crisis_waterfall, deleverage_side, effective_position,
    is_price_allowed, margin,
};

/// The kinds of this module.
pub(super) const RULES: &[Kind] = &[
    ("crisis_waterfall", waterfall),
    ("equity_scale_split", equity_split),
    ("percolator_adl", side_closed),
    ("percolator_crisis", as_coded),
    ("percolator_h", junior_profit),
    ("percolator_margin", account_margin),
    ("percolator_price_cap", price_cap),
    ("percolator_settle", settle),
];

/// `percolator_crisis`: as the venue's module is coded, value lost and all
/// -> burned_warming, insurance_draw, haircut.
fn as_coded(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let (crisis, decimals) = crisis(input)?;
    let met = crisis_as_coded(&crisis).map_err(|error| beyond(input, "principal", error))?;
    Ok(borne(decimals, met.burned_warming, met.insurance_draw, (met.equity_loss, met.equity)))
}

/// `crisis_waterfall`: warming profit, then insurance, then equity in proportion
/// -> burned_warming, insurance_draw, haircut.
fn waterfall(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let (crisis, decimals) = crisis(input)?;
    let met = crisis_waterfall(&crisis).map_err(|error| beyond(input, "principal", error))?;
    Ok(borne(decimals, met.burned_warming, met.insurance_draw, (met.equity_loss, met.equity)))
}

fn borne(decimals: u8, warming: u128, insurance: u128, (loss, equity): (u128, u128)) -> Outputs {
    let haircut = if equity == 0 { exact(0, 0) } else { exact(loss, 0) / exact(equity, 0) };
    vec![
        ("burned_warming", Output::Number(exact(warming, decimals))),
        ("insurance_draw", Output::Number(exact(insurance, decimals))),
        ("haircut", Output::Number(haircut)),
    ]
}

/// The five sums at the decimals of the most precise.
fn crisis(input: &Fields<'_>) -> Result<(Crisis, u8), Mismatch> {
    let names = ["principal", "realized", "warming", "insurance", "collateral"];
    let decimals = names
        .iter()
        .try_fold(0, |most: u8, name| Ok::<_, Mismatch>(most.max(input.decimal(name)?.decimals)))?;
    let crisis = Crisis {
        principal: raw(input, "principal", decimals)?,
        realized: raw(input, "realized", decimals)?,
        warming: raw(input, "warming", decimals)?,
        insurance: raw(input, "insurance", decimals)?,
        collateral: raw(input, "collateral", decimals)?,
    };
    Ok((crisis, decimals))
}

/// `equity_scale_split`: both parts scaled together, the loss taken from one before the other
/// -> principal, realized. The amounts are counted in parts of a unit as fine as the scale, so that
/// nothing is rounded.
fn equity_split(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let right = "a scale of 0 to 1 with a denominator that 64 bits hold";
    let scale = input.rational("scale")?;
    let part = |part: String| part.parse::<u64>().map_err(|_| input.wrong("scale", right));
    let (numer, denom) = (part(scale.numer().to_string())?, part(scale.denom().to_string())?);
    let first = match input.flag("principal_first")? {
        true => First::Principal,
        false => First::Realized,
    };
    let decimals = input.decimal("principal")?.decimals.max(input.decimal("realized")?.decimals);
    let fine = |name: &str| {
        let raw = raw(input, name, decimals)?;
        raw.checked_mul(u128::from(denom)).ok_or_else(|| input.wrong(name, "less, in 128 bits"))
    };
    let scale = (u128::from(numer), u128::from(denom));
    let (principal, realized) =
        scale_equity(fine("principal")?, fine("realized")?, scale, first)
            .map_err(|error| Mismatch::new(input.path("scale"), right, error.to_string()))?;
    let whole = |fine| Output::Number(exact(fine, decimals) / exact(u128::from(denom), 0));
    Ok(vec![("principal", whole(principal)), ("realized", whole(realized))])
}

/// `percolator_h`: profit paid from what deposits and insurance leave -> residual, effective.
fn junior_profit(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let pool = JuniorPool {
        vault: raw(input, "vault", 0)?,
        capital: raw(input, "capital_total", 0)?,
        insurance: raw(input, "insurance", 0)?,
        matured: raw(input, "matured_positive_pnl", 0)?,
    };
    let released = input.decimals("released")?;
    let effective = released.iter().enumerate().map(|(at, value)| {
        let path = format!("{}[{at}]", input.path("released"));
        let value =
            value.to_raw(0).map_err(|error| Mismatch::new(path, WHOLE, error.to_string()))?;
        Ok(Output::Number(exact(pool.effective(value), 0)))
    });
    Ok(vec![
        ("residual", Output::Number(exact(pool.residual(), 0))),
        ("effective", Output::List(effective.collect::<Result<_, Mismatch>>()?)),
    ])
}

/// `percolator_adl`: the fund pays, the side's scale and index bear the rest
/// -> insurance_paid, delta_k, a_after, oi_after.
fn side_closed(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let unit = raw(input, "pos_scale", 0)?;
    let refused = |error: &dyn std::fmt::Display| {
        Mismatch::new(input.path("close_qty"), "a quantity the side can close", error.to_string())
    };
    let mut side = Side {
        scale_e15: raw(input, "a", 0)?,
        open_interest: raw(input, "oi", 0)?,
        ..Side::new(unit).map_err(|error| refused(&error))?
    };
    let (quantity, deficit) = (raw(input, "close_qty", 0)?, raw(input, "deficit", 0)?);
    let done = deleverage_side(&mut side, quantity, deficit, raw(input, "insurance", 0)?)
        .map_err(|error| refused(&error))?;
    Ok(vec![
        ("insurance_paid", Output::Number(exact(done.insurance_paid, 0))),
        ("delta_k", Output::Number(rational::from_raw(done.closed.index_change, 0))),
        ("a_after", Output::Number(exact(done.closed.scale_e15_after, 0))),
        ("oi_after", Output::Number(exact(done.closed.open_interest_after, 0))),
    ])
}

/// `percolator_settle`: what a position holds and gains -> effective, pnl_delta.
fn settle(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let (basis, change) = (signed(input, "basis")?, signed(input, "k_minus_snap")?);
    let (scale, basis_scale) = (raw(input, "a", 0)?, raw(input, "a_basis", 0)?);
    let refused = |error: &dyn std::fmt::Display| {
        Mismatch::new(input.path("basis"), "a position that can be settled", error.to_string())
    };
    let effective =
        effective_position(basis, scale, basis_scale).map_err(|error| refused(&error))?;
    let side = Side {
        scale_e15: scale,
        index: change,
        positions: 1,
        ..Side::new(raw(input, "pos_scale", 0)?).map_err(|error| refused(&error))?
    };
    let gain = if basis == 0 {
        0
    } else {
        let held =
            Position { basis: basis.unsigned_abs(), scale_e15: basis_scale, index: 0, epoch: 0 };
        side.worth(&held).map_err(|error| refused(&error))?.gain
    };
    Ok(vec![
        ("effective", Output::Number(rational::from_raw(effective, 0))),
        ("pnl_delta", Output::Number(rational::from_raw(gain, 0))),
    ])
}

/// `percolator_margin`: the requirement of a position -> risk_notional, mm, liquidatable.
fn account_margin(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let terms = MarginTerms {
        position_scale: raw(input, "pos_scale", 0)?,
        maintenance_bps: raw(input, "mm_bps", 0)?,
        maintenance_min: raw(input, "min_mm", 0)?,
    };
    let (position, equity) = (signed(input, "pos_q")?, signed(input, "equity")?);
    let margin = margin(position, raw(input, "price", 0)?, equity, &terms)
        .map_err(|error| beyond(input, "pos_q", error))?;
    Ok(vec![
        ("risk_notional", Output::Number(exact(margin.risk_notional, 0))),
        ("mm", Output::Number(exact(margin.maintenance, 0))),
        ("liquidatable", Output::Flag(margin.is_liquidatable)),
    ])
}

/// `percolator_price_cap`: whether the mark may move so far -> allowed.
fn price_cap(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let small = |name: &str| {
        u64::try_from(raw(input, name, 0)?).map_err(|_| input.wrong(name, "a number of 64 bits"))
    };
    let allowed = is_price_allowed(
        raw(input, "new", 0)?,
        raw(input, "last", 0)?,
        small("cap_bps_per_slot")?,
        small("dt")?,
    );
    Ok(vec![("allowed", Output::Flag(allowed))])
}

const WHOLE: &str = "a whole number of at most 128 bits";

fn raw(input: &Fields<'_>, name: &str, decimals: u8) -> Result<u128, Mismatch> {
    input.decimal(name)?.to_raw(decimals).map_err(|error| {
        let right = format!("zero or more, in 128 bits at {decimals} decimals");
        Mismatch::new(input.path(name), right, error.to_string())
    })
}

fn signed(input: &Fields<'_>, name: &str) -> Result<i128, Mismatch> {
    let value = input.decimal(name)?.to_raw_signed(0);
    value.map_err(|error| Mismatch::new(input.path(name), WHOLE, error.to_string()))
}

fn beyond(input: &Fields<'_>, name: &str, error: breakwater_money::MoneyError) -> Mismatch {
    Mismatch::new(input.path(name), "amounts whose sums fit 128 bits", error.to_string())
}

/// The exact value of `raw / 10^decimals`.
fn exact(raw: u128, decimals: u8) -> Rational {
    // What was printed is a decimal; at most 39 digits.
    rational::parse(&format_raw(raw, decimals)).unwrap_or_else(|_| rational::from_raw(0, 0))
}
