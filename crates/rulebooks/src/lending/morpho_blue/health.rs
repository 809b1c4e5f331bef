//! Whether a position may be liquidated.

use super::{Market, PRICE_ONE, Position, Revert, Terms};
use breakwater_money::U256;
use breakwater_money::rounding::{Rounding, mul_div_wide};

/// What a position owes and what its collateral allows for, in loan base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// The debt, rounded up.
    pub borrowed: U256,
    /// The most that the collateral may carry: its worth and then the loan-to-value of it, both
    /// rounded down.
    pub max_borrow: U256,
}

impl Health {
    /// Whether nobody may liquidate. Equality is healthy, and so is a position without debt; with
    /// a price of zero any debt is not.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.max_borrow >= self.borrowed
    }
}

/// The two sides of `position` in a market that is up to date, at `price` (1e36)
/// (`Morpho._isHealthy` with a price).
///
/// # Errors
/// A product overflows 256 bits, which the contract computes even for a position without debt.
pub fn health(
    terms: &Terms,
    market: &Market,
    position: &Position,
    price: U256,
) -> Result<Health, Revert> {
    let borrowed = market.owed(position.borrow_shares)?;
    let one = U256::from(PRICE_ONE);
    let worth = mul_div_wide(U256::from(position.collateral), price, one, Rounding::Floor)?;
    let lltv = position.own_lltv.unwrap_or(terms.lltv);
    Ok(Health { borrowed, max_borrow: lltv.of(worth, Rounding::Floor)? })
}
