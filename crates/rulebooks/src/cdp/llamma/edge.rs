//! What the constructor fixes, and the edges of the bands.
//!
//! The edge of a named band comes from the exponential; within a walk the edges of its neighbours
//! come from the edge before, by one multiplication and one division each. The two differ by a few
//! units, and each site says which it uses.

use super::{ONE, Revert};
use breakwater_money::rounding::{div_wide, mul_div_wide, pow10};
use breakwater_money::{Rounding, U256, fixed};

/// What the constructor of a market is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The number `A`: a band is about `1 / A` of its price wide.
    pub amplification: u64,
    /// Upper edge of band 0 at the start (wad).
    pub base_price: U256,
    /// Least fee of a swap (wad).
    pub fee: U256,
    /// Square root of `A / (A - 1)` (wad).
    pub sqrt_band_ratio: U256,
    /// Decimals of the borrowed token, at most 18.
    pub borrowed_decimals: u8,
    /// Decimals of the collateral token, at most 18.
    pub collateral_decimals: u8,
}

impl Terms {
    /// The square root of `A / (A - 1)` (wad), rounded down, as the venue's factory computes it.
    ///
    /// # Errors
    /// The amplification is below two.
    pub fn square_root_of_band_ratio(amplification: u64) -> Result<U256, BadTerms> {
        let bad = BadTerms::Amplification(amplification);
        let one = U256::from(ONE);
        let less = U256::from(amplification.checked_sub(1).ok_or(bad)?);
        let ratio = mul_div_wide(one * one, U256::from(amplification), less, Rounding::Floor);
        ratio.map(fixed::square_root).map_err(|_| bad)
    }
}

/// Terms that no market can have. Each names the field, its value and the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadTerms {
    /// With an amplification below two a band has no lower edge.
    #[error("amplification = {0}: must be at least 2 and at most 10000")]
    Amplification(u64),
    /// The fee is outside the contract's bounds.
    #[error(
        "fee_wad = {0}: must be at least 1000000 and at most {1}, the lesser of 4 / A and 10 %"
    )]
    Fee(U256, U256),
    /// A price of zero has no bands.
    #[error("base_price = 0: must be above zero")]
    BasePrice,
    /// The root of the band ratio is below one.
    #[error("sqrt_band_ratio = {0}: must be above 1000000000000000000")]
    SqrtBandRatio(U256),
    /// Contents are kept in 18 decimals.
    #[error("decimals = {0}: must be at most 18")]
    Decimals(u8),
}

/// A market's terms with what follows from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Market {
    terms: Terms,
    /// Units of 18 decimals in one unit of the borrowed token.
    pub(super) borrowed_precision: U256,
    /// Units of 18 decimals in one unit of the collateral token.
    pub(super) collateral_precision: U256,
    /// Logarithm of the band ratio (wad), rounded down once.
    log_ratio: i128,
    /// Band ratio to the fiftieth power by repeated widening (wad), and its inverse: a walk ends
    /// where its edge is that far from the oracle's price.
    pub(super) far: U256,
    pub(super) near: U256,
}

/// Least fee of the contract: it keeps the fee's gross-up from rounding away.
const FEE_MIN: u64 = 1_000_000;

impl Market {
    /// The market of `terms`.
    ///
    /// # Errors
    /// The first bound that the terms break.
    pub fn new(terms: Terms) -> Result<Self, BadTerms> {
        let bad_amplification = BadTerms::Amplification(terms.amplification);
        if !(2..=10_000).contains(&terms.amplification) {
            return Err(bad_amplification);
        }
        let one = U256::from(ONE);
        let tenth = U256::from(ONE / 10); // division: exact.
        let four = U256::from(4 * ONE);
        let share = div_wide(four, U256::from(terms.amplification), Rounding::Floor);
        let fee_max = share.map_err(|_| bad_amplification)?.min(tenth);
        if terms.fee < U256::from(FEE_MIN) || terms.fee > fee_max {
            return Err(BadTerms::Fee(terms.fee, fee_max));
        }
        if terms.base_price.is_zero() {
            return Err(BadTerms::BasePrice);
        }
        if terms.sqrt_band_ratio <= one {
            return Err(BadTerms::SqrtBandRatio(terms.sqrt_band_ratio));
        }
        let mut market = Market {
            terms,
            borrowed_precision: precision(terms.borrowed_decimals)?,
            collateral_precision: precision(terms.collateral_decimals)?,
            log_ratio: 0,
            far: one,
            near: U256::ZERO,
        };
        market.derive().map_err(|_| bad_amplification)?;
        Ok(market)
    }

    /// Fills in what follows from the amplification.
    fn derive(&mut self) -> Result<(), Revert> {
        let one = U256::from(ONE);
        let a = self.amplification();
        let ratio = mul_div_wide(a, one, a - U256::ONE, Rounding::Floor)?;
        self.log_ratio = fixed::ln_wad(ratio)?;
        for _ in 0..super::BANDS_MAX {
            self.far = self.above(self.far)?;
        }
        self.near = mul_div_wide(one, one, self.far, Rounding::Floor)?;
        Ok(())
    }

    /// The same market with another base price (wad): all else follows from the amplification.
    #[must_use]
    pub fn based(&self, base_price: U256) -> Self {
        Market { terms: Terms { base_price, ..self.terms }, ..*self }
    }

    /// What the constructor was given.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Logarithm of `A / (A - 1)` (wad), rounded down.
    #[must_use]
    pub fn log_ratio(&self) -> i128 {
        self.log_ratio
    }

    pub(super) fn amplification(&self) -> U256 {
        U256::from(self.terms.amplification)
    }

    /// The base price after growing by `multiplier` (wad).
    ///
    /// # Errors
    /// The product overflows 256 bits.
    pub fn base_price(&self, multiplier: U256) -> Result<U256, Revert> {
        Ok(mul_div_wide(self.terms.base_price, multiplier, U256::from(ONE), Rounding::Floor)?)
    }

    /// The upper edge of band `n` (wad) under a base price grown by `multiplier`.
    ///
    /// # Errors
    /// The exponential is 1,000 units or fewer, too large, or a product overflows 256 bits.
    pub fn edge(&self, multiplier: U256, n: i64) -> Result<U256, Revert> {
        // A number of 64 bits times a logarithm below 2^60 fits 128 bits.
        let exponent = i128::from(n).checked_mul(-self.log_ratio).ok_or(Revert::EdgeOutOfRange)?;
        let factor = fixed::exp_wad(exponent).map_err(|_| Revert::EdgeOutOfRange)?;
        if factor <= U256::from(1_000) {
            return Err(Revert::EdgeOutOfRange);
        }
        Ok(mul_div_wide(self.base_price(multiplier)?, factor, U256::from(ONE), Rounding::Floor)?)
    }

    /// The edge one band below `edge`, by iteration.
    pub(super) fn below(&self, edge: U256) -> Result<U256, Revert> {
        let a = self.amplification();
        Ok(mul_div_wide(edge, a - U256::ONE, a, Rounding::Floor)?)
    }

    /// The edge one band above `edge`, by iteration.
    pub(super) fn above(&self, edge: U256) -> Result<U256, Revert> {
        let a = self.amplification();
        Ok(mul_div_wide(edge, a, a - U256::ONE, Rounding::Floor)?)
    }

    /// Units of 18 decimals in one unit of `coin`'s token.
    pub(super) fn precision(&self, coin: super::Coin) -> U256 {
        match coin {
            super::Coin::Borrowed => self.borrowed_precision,
            super::Coin::Collateral => self.collateral_precision,
        }
    }
}

fn precision(decimals: u8) -> Result<U256, BadTerms> {
    let missing = 18u8.checked_sub(decimals).ok_or(BadTerms::Decimals(decimals))?;
    pow10(missing).map(U256::from).map_err(|_| BadTerms::Decimals(decimals))
}
