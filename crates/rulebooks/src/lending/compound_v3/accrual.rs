//! Indices, principals and present values, and how time moves the indices.
//!
//! Source: `CometCore.sol` (`presentValue*`, `principalValue*`), `Comet.sol`
//! (`accruedInterestIndices`, `getUtilization`, `getSupplyRate`, `getBorrowRate`), d5a30b0a.

use super::Revert;
use crate::lending::rates::TwoSlopes;
use breakwater_money::rounding::{Rounding, div_wide, mul_div_wide};
use breakwater_money::{U256, Wad};

/// An index of one.
pub const INDEX_ONE: u64 = 1_000_000_000_000_000;

/// Bits of an index.
const INDEX_BITS: usize = 64;
/// Bits of a principal, in totals and, with its sign, in an account.
const PRINCIPAL_BITS: usize = 104;

/// What a unit of principal is worth (1e15), supplied and owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Indices {
    /// Index of what is supplied.
    pub supply: u64,
    /// Index of what is owed.
    pub borrow: u64,
}

/// Principals of all accounts together, base units at an index of one; 104 bits on the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Principal supplied.
    pub supply: U256,
    /// Principal owed.
    pub borrow: U256,
}

/// The two curves of rates per second (1e18) over usage. Neither follows from the other: what
/// borrowers pay and suppliers do not earn goes to the reserves, and the reverse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateModel {
    /// What suppliers earn.
    pub supply: TwoSlopes,
    /// What borrowers pay.
    pub borrow: TwoSlopes,
}

/// Base units that `principal` supplied is worth, rounded down.
///
/// # Errors
/// [`Revert::Arithmetic`] when the product leaves 256 bits.
pub fn present_supply(principal: U256, indices: Indices) -> Result<U256, Revert> {
    present(principal, indices.supply)
}

/// Base units that `principal` owed has grown to, rounded down.
///
/// # Errors
/// [`Revert::Arithmetic`] when the product leaves 256 bits.
pub fn present_borrow(principal: U256, indices: Indices) -> Result<U256, Revert> {
    present(principal, indices.borrow)
}

fn present(principal: U256, index: u64) -> Result<U256, Revert> {
    Ok(mul_div_wide(principal, U256::from(index), U256::from(INDEX_ONE), Rounding::Floor)?)
}

/// Signed base units of a signed principal, rounded towards zero.
///
/// # Errors
/// [`Revert::Arithmetic`] when the worth leaves 128 bits with a sign, which no principal of 104
/// bits reaches.
pub fn present_value(principal: i128, indices: Indices) -> Result<i128, Revert> {
    let index = if principal < 0 { indices.borrow } else { indices.supply };
    let magnitude = present(U256::from(principal.unsigned_abs()), index)?;
    let magnitude = i128::try_from(magnitude).map_err(|_| Revert::Arithmetic)?;
    Ok(if principal < 0 { -magnitude } else { magnitude })
}

/// The principal of signed base units: down to the unit when supplied, up to it when owed.
///
/// # Errors
/// [`Revert::InvalidUInt104`] or [`Revert::InvalidInt104`] when it does not fit,
/// [`Revert::Arithmetic`] when an index is zero.
pub fn principal_value(value: i128, indices: Indices) -> Result<i128, Revert> {
    let one = U256::from(INDEX_ONE);
    let magnitude = U256::from(value.unsigned_abs());
    let principal = if value < 0 {
        mul_div_wide(magnitude, one, U256::from(indices.borrow), Rounding::Ceil)?
    } else {
        mul_div_wide(magnitude, one, U256::from(indices.supply), Rounding::Floor)?
    };
    let principal = signed_principal(principal)?;
    Ok(if value < 0 { -principal } else { principal })
}

/// A principal as an account keeps it: 104 bits, one of them the sign.
pub(super) fn signed_principal(principal: U256) -> Result<i128, Revert> {
    match principal.bit_len() {
        bits if bits > PRINCIPAL_BITS => Err(Revert::InvalidUInt104),
        PRINCIPAL_BITS => Err(Revert::InvalidInt104),
        _ => i128::try_from(principal).map_err(|_| Revert::InvalidInt104),
    }
}

/// A sum of principals, which the venue keeps in 104 bits.
pub(super) fn total(sum: Option<U256>) -> Result<U256, Revert> {
    sum.filter(|sum| sum.bit_len() <= PRINCIPAL_BITS).ok_or(Revert::Arithmetic)
}

/// Owed over supplied (1e18), both at their present value and rounded down: zero when nothing is
/// supplied, above one when more is owed than supplied.
///
/// # Errors
/// [`Revert::Arithmetic`] when a product leaves 256 bits.
pub fn usage(indices: Indices, totals: &Totals) -> Result<Wad, Revert> {
    let supplied = present_supply(totals.supply, indices)?;
    let owed = present_borrow(totals.borrow, indices)?;
    if supplied.is_zero() {
        return Ok(Wad::from_raw(U256::ZERO));
    }
    Ok(Wad::ratio(owed, supplied, Rounding::Floor)?)
}

/// The indices `seconds` later: simple interest at the rates of the usage before, with one division
/// each. No time moves nothing and reads no rate.
///
/// # Errors
/// [`Revert::InvalidUInt64`] when a rate or an interest does not fit 64 bits,
/// [`Revert::Arithmetic`] when an index with its interest does not.
pub fn accrue(
    indices: Indices,
    totals: &Totals,
    model: &RateModel,
    seconds: u64,
) -> Result<Indices, Revert> {
    if seconds == 0 {
        return Ok(indices);
    }
    let usage = usage(indices, totals)?.raw;
    let supply_rate = narrow(model.supply.rate(usage)?)?;
    let borrow_rate = narrow(model.borrow.rate(usage)?)?;
    Ok(Indices {
        supply: grown(indices.supply, supply_rate, seconds)?,
        borrow: grown(indices.borrow, borrow_rate, seconds)?,
    })
}

fn grown(index: u64, rate: u64, seconds: u64) -> Result<u64, Revert> {
    // Two factors of 64 bits: the product cannot overflow.
    let growth = U256::from(rate) * U256::from(seconds);
    let product = U256::from(index).checked_mul(growth).ok_or(Revert::Arithmetic)?;
    let interest = narrow(div_wide(product, Wad::one().raw, Rounding::Floor)?)?;
    index.checked_add(interest).ok_or(Revert::Arithmetic)
}

/// 64 bits, as indices and rates are kept.
fn narrow(value: U256) -> Result<u64, Revert> {
    if value.bit_len() > INDEX_BITS {
        return Err(Revert::InvalidUInt64);
    }
    u64::try_from(value).map_err(|_| Revert::InvalidUInt64)
}
