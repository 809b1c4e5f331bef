//! The curve of one band: `(f + x)(g + y)` stays what it is while a swap trades in the band.
//!
//! `x` is the borrowed coin, `y` the collateral; `f` and `g` are the virtual amounts that the curve
//! adds to them, both proportional to `y0`, the collateral that the band would hold if all of it
//! were collateral at the oracle's price.

use super::oracle::{Limited, limited};
use super::{Band, Bands, Feed, Market, ONE, Revert, add};
use breakwater_money::rounding::{div_wide, mul_div_wide, product};
use breakwater_money::{Rounding, U256, fixed};

/// A market at one instant: its grown base price and the oracle's limited price.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'a> {
    pub market: &'a Market,
    multiplier: U256,
    /// The oracle's limited price (wad).
    pub price: U256,
    /// Least fee of a swap now (wad).
    pub fee: U256,
}

/// The curve of a band that holds something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Curve {
    /// Collateral equivalent at the oracle's price.
    pub y0: U256,
    /// Virtual borrowed coin.
    pub f: U256,
    /// Virtual collateral.
    pub g: U256,
    /// The constant product.
    pub invariant: U256,
}

impl<'a> Moment<'a> {
    /// The instant `feed` of a market in the state `pool`.
    pub(super) fn of(market: &'a Market, pool: &impl Bands, feed: Feed) -> Result<Self, Revert> {
        Ok(Moment::at(market, pool, limited(&pool.head().memory, feed)?))
    }

    /// The instant of an oracle that has been limited already.
    pub(super) fn at(market: &'a Market, pool: &impl Bands, oracle: Limited) -> Self {
        let multiplier = pool.head().multiplier;
        let fee = market.terms().fee.max(oracle.fee);
        Moment { market, multiplier, price: oracle.price, fee }
    }

    /// The upper edge of band `n`, by the exponential.
    pub(super) fn edge(&self, n: i64) -> Result<U256, Revert> {
        self.market.edge(self.multiplier, n)
    }

    /// The curve of a band with contents `x` and `y` below the edge `u`.
    pub(super) fn curve(&self, x: U256, y: U256, u: U256) -> Result<Curve, Revert> {
        let y0 = self.collateral_equivalent(x, y, u)?;
        let f = mul_div_wide(self.scaled(y0, u)?, self.price, U256::from(ONE), Rounding::Floor)?;
        let less = self.market.amplification() - U256::ONE;
        let g = floor(&[less, y0, u], self.price)?;
        let invariant = product(&[add(f, x)?, add(g, y)?])?;
        Ok(Curve { y0, f, g, invariant })
    }

    /// `A y0 p / u`, the virtual borrowed coin before its last product.
    fn scaled(&self, y0: U256, u: U256) -> Result<U256, Revert> {
        floor(&[self.market.amplification(), y0, self.price], u)
    }

    /// `y0`: the positive root of `p A y0^2 - y0 b - x y = 0`.
    pub(super) fn collateral_equivalent(&self, x: U256, y: U256, u: U256) -> Result<U256, Revert> {
        let one = U256::from(ONE);
        let a = self.market.amplification();
        let mut b = U256::ZERO;
        if !x.is_zero() {
            b = floor(&[u, a - U256::ONE, x], self.price)?;
        }
        if !y.is_zero() {
            let weight = floor(&[a, self.price, self.price], u)?;
            b = add(b, floor(&[weight, y], one)?)?;
        }
        if x.is_zero() || y.is_zero() {
            return floor(&[b, one], product(&[a, self.price])?);
        }
        let cross = floor(&[U256::from(4), a, self.price, y], one)?;
        let discriminant = add(product(&[b, b])?, product(&[cross, x])?)?;
        let sum = add(b, fixed::square_root(discriminant))?;
        floor(&[sum, one], product(&[U256::from(2), a, self.price])?)
    }

    /// The market's own price at an edge `u` of a band: it moves as the cube of the oracle's.
    pub(super) fn own_price(&self, u: U256) -> Result<U256, Revert> {
        let square = floor(&[self.price, self.price], u)?;
        floor(&[square, self.price], u)
    }

    /// The market's price inside the band `band` below the edge `u`.
    pub(super) fn price_in(&self, band: &Band, u: U256) -> Result<U256, Revert> {
        let (x, y) = (band.borrowed, band.collateral);
        let market = self.market;
        match (x.is_zero(), y.is_zero()) {
            (true, true) => market.above(self.own_price(u)?),
            (true, false) => self.own_price(u),
            (false, true) => self.own_price(market.below(u)?),
            (false, false) => {
                let curve = self.curve(x, y, u)?;
                let virtual_part = product(&[self.scaled(curve.y0, u)?, self.price])?;
                let n = add(virtual_part, product(&[x, U256::from(ONE)])?)?;
                Ok(div_wide(n, add(curve.g, y)?, Rounding::Floor)?)
            }
        }
    }

    /// The fee of a band below the edge `u` (wad): a quarter of the distance by which the oracle's
    /// price lies outside the band's own prices, if the least fee is not more.
    pub(super) fn fee_at(&self, u: U256) -> Result<U256, Revert> {
        let low = self.own_price(u)?;
        // Two widenings, each rounded down, and not one by the square of the ratio.
        let high = self.market.above(self.market.above(low)?)?;
        let quarter = U256::from(ONE >> 2);
        let distance = if self.price < low {
            floor(&[low - self.price, quarter], low)?
        } else if self.price > high {
            floor(&[self.price - high, quarter], self.price)?
        } else {
            U256::ZERO
        };
        Ok(self.fee.max(distance))
    }
}

/// What a net amount in becomes with the fee on top (wad): `1 / (1 - fee)`.
pub(super) fn gross_up(fee: U256) -> Result<U256, Revert> {
    let one = U256::from(ONE);
    let kept = one - fee.min(one - U256::ONE);
    Ok(div_wide(one * one, kept, Rounding::Floor)?)
}

/// The product of `factors` over `d`, rounded down.
pub(super) fn floor(factors: &[U256], d: U256) -> Result<U256, Revert> {
    Ok(div_wide(product(factors)?, d, Rounding::Floor)?)
}

/// The four prices of one band (wad).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BandPrices {
    /// Oracle's price at the upper edge.
    pub oracle_up: U256,
    /// Oracle's price at the lower edge, the upper edge of the next band.
    pub oracle_down: U256,
    /// The market's own price when the band is all borrowed coin.
    pub current_up: U256,
    /// The market's own price when the band is all collateral.
    pub current_down: U256,
}

/// The prices of band `n` while the oracle stands at `price` and the base price has grown by
/// `multiplier` (both wad).
///
/// # Errors
/// An edge is out of range, or a product overflows 256 bits.
pub fn band_prices(
    market: &Market,
    multiplier: U256,
    price: U256,
    n: i64,
) -> Result<BandPrices, Revert> {
    let moment = Moment { market, multiplier, price, fee: market.terms().fee };
    let oracle_up = moment.edge(n)?;
    let oracle_down = moment.edge(n.checked_add(1).ok_or(Revert::EdgeOutOfRange)?)?;
    Ok(BandPrices {
        oracle_up,
        oracle_down,
        current_up: moment.own_price(oracle_down)?,
        current_down: moment.own_price(oracle_up)?,
    })
}

/// The market's price now (wad): what the next unit of collateral costs, before the fee.
///
/// # Errors
/// The active band's edge is out of range, or a value overflows 256 bits.
pub fn price(market: &Market, pool: &impl Bands, feed: Feed) -> Result<U256, Revert> {
    let moment = Moment::of(market, pool, feed)?;
    let n = pool.head().active;
    moment.price_in(&pool.band(n), moment.edge(n)?)
}
