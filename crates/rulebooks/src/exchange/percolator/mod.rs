//! Percolator: one vault, profit junior to deposits, and sides that are deleveraged by index.
//!
//! Here the rule as integers of its own, which the vectors judge, and the rulebook that runs a book
//! under it. Haircuts and side indices are those of `breakwater_liquidation::backstop`, whose numbers
//! at a venue that has just begun are percolator's. Restated from its specification v16.8.3, sections 3, 5 and 7
//! (dcccrypto fork, commit d1345d73), and its crisis module (aeyakovenko/percolator, commit d594e6a9,
//! `crates/model_safety/src/crisis`).

//!
//! # The rulebook
//!
//! One vault in one settle asset, any number of linear perpetuals, one position an account and
//! contract. `draft` says how the vault stands in the ledger.
//!
//! ```text
//! equity        = capital + profit (settled, and by the indices since)         maintenance lane
//! extractable   = capital + min(profit, 0) + floor(released x h)               h by JuniorPool
//! new risk      = capital + min(profit, 0) + floor(profit x g)   g over all profit, not the released
//! requirement   = sum over contracts of max(floor(ceil(notional) bps / 1e4), least)
//! ```
//!
//! **Losses move when an account is touched**: out of its capital into the residual, and beyond it
//! into a debt. **Gains are claims** on the residual: they wait, and are then paid by `h`. So the
//! vault never pays out what it does not have, whoever comes first.
//!
//! **Liquidation** closes at the price in use against the other side: `A` falls for all of it, and what
//! a bankrupt account lacks after the fund is taken from its `K`. No row but the liquidated account's
//! changes. What no side can be charged, since nobody is there, is what `h` then lacks.
//!
//! **Who holds the dust.** The ledger has bases. Units that indices have taken off since a basis was
//! written, and fractions that floors orphaned, are on the side of nobody: the open interest counts
//! them, `unheld` bounds them, and with the last position of a side they are gone. What they would win
//! stays in the residual. Cash is exact to the unit: every rounding of gains stays there too.
//!
//! What is ours: extraction is taken to mean whatever is not the capital of a flat account; the losing
//! side pays on its units and the winning side gets no more than that, where the venue moves both by
//! `A` times the change; the deficit of an account with several contracts is charged to their sides in
//! proportion to value closed; on a side that drains no position grows, also where another shrinks.
//! What is left out: fee debt (what capital does not pay of a fee is dropped), recurring fees, the
//! choice between two waiting times, caps on positions and open interest, orders, resolution.

mod business;
mod crisis;
mod draft;
mod health;
mod liquidation;
mod market;
mod parameters;
mod rulebook;
#[cfg(test)]
mod rulebook_tests;
#[cfg(test)]
mod tests;
mod warmup;

pub use parameters::{ContractParameters, Parameters, RULE};
pub use rulebook::{Percolator, build};

pub use crisis::{AsCoded, crisis_as_coded, crisis_waterfall};

use breakwater_liquidation::backstop::side_index::{Side, SideClosed, SideError};
use breakwater_money::rounding::{Rounding, mul_div, mul_div_full, narrow_u128};
use breakwater_money::{Result, U256};

/// Columns of the pool's state.
const WARMING: u16 = 0;
const LOST: u16 = 1;

/// Basis points in the whole.
const WHOLE_BPS: u128 = 10_000;

/// What an account needs to keep its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Margin {
    /// Value of the position, rounded up.
    pub risk_notional: u128,
    /// Its maintenance requirement.
    pub maintenance: u128,
    /// Whether the account may be liquidated: at the requirement itself it may.
    pub is_liquidatable: bool,
}

/// Terms of a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarginTerms {
    /// Base units of the contract that a price is for.
    pub position_scale: u128,
    /// Maintenance as a share of value, at 1e4.
    pub maintenance_bps: u128,
    /// The least requirement of a position that is not flat.
    pub maintenance_min: u128,
}

/// `notional = ceil(|position| price / scale)`, `maintenance = max(floor(notional bps / 1e4), least)`,
/// liquidatable if the equity is at or below it. A flat account needs nothing and is never liquidated.
///
/// # Errors
/// The scale is zero, or a value overflows 128 bits.
pub fn margin(position: i128, price: u128, equity: i128, terms: &MarginTerms) -> Result<Margin> {
    if position == 0 {
        return Ok(Margin::default());
    }
    let size = position.unsigned_abs();
    let risk_notional = mul_div(size, price, terms.position_scale, Rounding::Ceil)?;
    let share = mul_div(risk_notional, terms.maintenance_bps, WHOLE_BPS, Rounding::Floor)?;
    let maintenance = share.max(terms.maintenance_min);
    let is_liquidatable = u128::try_from(equity).is_ok_and(|e| e <= maintenance) || equity < 0;
    Ok(Margin { risk_notional, maintenance, is_liquidatable })
}

/// Whether the mark may go from `last` to `new` in one step `slots` after the one before: by at most
/// `cap_bps_per_slot` of the last price for each slot, the edge included.
#[must_use]
pub fn is_price_allowed(new: u128, last: u128, cap_bps_per_slot: u64, slots: u64) -> bool {
    // 128 bits by 14, and 128 by twice 64: both fit 256.
    let moved = U256::from(new.abs_diff(last)) * U256::from(WHOLE_BPS);
    moved <= U256::from(cap_bps_per_slot) * U256::from(slots) * U256::from(last)
}

/// A bankrupt account's position taken off the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SideDeleveraged {
    /// Of the deficit, by the fund.
    pub insurance_paid: u128,
    /// What became of the side.
    pub closed: SideClosed,
}

/// Closes `quantity` of the opposite side for an account that lacks `deficit`: the fund pays what it
/// has, the side's index bears the rest.
///
/// # Errors
/// As [`Side::close_side`].
pub fn deleverage_side(
    side: &mut Side,
    quantity: u128,
    deficit: u128,
    insurance: u128,
) -> std::result::Result<SideDeleveraged, SideError> {
    let insurance_paid = deficit.min(insurance);
    let closed = side.close_side(quantity, deficit - insurance_paid)?;
    Ok(SideDeleveraged { insurance_paid, closed })
}

/// What a position of signed `basis` holds now, `floor(|basis| A / a_basis)` with its sign.
///
/// # Errors
/// The basis scale is zero, or the size does not fit.
pub fn effective_position(basis: i128, scale_e15: u128, basis_scale_e15: u128) -> Result<i128> {
    let size = U256::from(basis.unsigned_abs());
    let scaled =
        mul_div_full(size, U256::from(scale_e15), U256::from(basis_scale_e15), Rounding::Floor)?;
    let size = breakwater_money::rounding::narrow_i128(U256::from(narrow_u128(scaled)?))?;
    Ok(if basis < 0 { -size } else { size })
}
