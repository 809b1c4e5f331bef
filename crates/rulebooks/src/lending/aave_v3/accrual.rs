//! Growth of a reserve's indices and the rates its state calls for.

use super::Revert;
use crate::lending::index::{compounded_factor, grow, linear_factor};
use crate::lending::rates::{KinkedRate, usage};
use breakwater_money::share::to_underlying;
use breakwater_money::{Bps, Ray, Rounding, U256};

/// What moves a reserve's indices and rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReserveFlow {
    /// Index of supplied balances (ray).
    pub liquidity_index: Ray,
    /// Rate paid to suppliers since the last accrual, a year (ray).
    pub liquidity_rate: Ray,
    /// Index of owed balances (ray).
    pub variable_borrow_index: Ray,
    /// Rate owed by borrowers since the last accrual, a year (ray).
    pub variable_borrow_rate: Ray,
    /// All debt of the reserve, scaled units.
    pub scaled_variable_debt: U256,
    /// Units that the reserve accounts for as its cash.
    pub virtual_underlying_balance: U256,
    /// Units written off and not yet covered.
    pub deficit: U256,
    /// The protocol's share of the interest, basis points.
    pub reserve_factor_bps: u16,
}

/// A reserve's indices after some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accrued {
    /// Index of supplied balances (ray).
    pub liquidity_index: Ray,
    /// Index of owed balances (ray).
    pub variable_borrow_index: Ray,
}

/// The rates that a state calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Rate paid to suppliers, a year (ray).
    pub liquidity: Ray,
    /// Rate owed by borrowers, a year (ray).
    pub variable_borrow: Ray,
}

/// The indices `seconds` later: simple interest for suppliers, compounded for borrowers. Without
/// debt the borrow index stands still, whatever its rate.
///
/// # Errors
/// [`Revert::Arithmetic`] when an index leaves 128 bits.
pub fn accrue(flow: &ReserveFlow, seconds: u64) -> Result<Accrued, Revert> {
    let supplied = linear_factor(flow.liquidity_rate.raw, seconds)?;
    let liquidity_index = Ray::from_raw(grow(flow.liquidity_index.raw, supplied)?);
    let variable_borrow_index = if flow.scaled_variable_debt.is_zero() {
        flow.variable_borrow_index
    } else {
        let owed = compounded_factor(flow.variable_borrow_rate.raw, seconds)?;
        Ray::from_raw(grow(flow.variable_borrow_index.raw, owed)?)
    };
    Ok(Accrued { liquidity_index, variable_borrow_index })
}

/// The rates of the state as it stands, its debt rounded up. A deficit dilutes suppliers only.
///
/// # Errors
/// [`Revert::Arithmetic`] when a value leaves its width.
pub fn rates(flow: &ReserveFlow, model: &KinkedRate) -> Result<Rates, Revert> {
    surcharged_rates(flow, model, U256::ZERO)
}

/// The rates of the state with a surcharge (ray a year) on what borrowers pay: the venue itself has
/// none. Suppliers earn their share of it, so that what is paid has an owner.
///
/// # Errors
/// As [`rates`].
pub fn surcharged_rates(
    flow: &ReserveFlow,
    model: &KinkedRate,
    surcharge: U256,
) -> Result<Rates, Revert> {
    let available = flow.virtual_underlying_balance;
    let debt =
        to_underlying(flow.scaled_variable_debt, flow.variable_borrow_index.raw, Rounding::Ceil)?;
    let asked = model.borrow_rate(usage(debt, available)?)?;
    let borrow = asked.checked_add(surcharge).ok_or(Revert::Arithmetic)?;
    let diluted = available.checked_add(flow.deficit).ok_or(Revert::Arithmetic)?;
    let earning = Ray::from_raw(usage(debt, diluted)?);
    let kept = Bps::one()
        .raw
        .checked_sub(U256::from(flow.reserve_factor_bps))
        .ok_or(Revert::Arithmetic)?;
    let gross = earning.of(borrow, Rounding::HalfUp)?;
    let liquidity = Bps::from_raw(kept).of(gross, Rounding::HalfUp)?;
    Ok(Rates { liquidity: Ray::from_raw(liquidity), variable_borrow: Ray::from_raw(borrow) })
}
