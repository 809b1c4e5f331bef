//! What a position is worth: as it lies, and once every band has been traded through.

use super::band::{Moment, floor};
use super::{Band, Bands, Feed, Market, ONE, Position, Revert, add};
use breakwater_money::rounding::{div_wide, mul_div_wide, product};
use breakwater_money::{Rounding, U256, fixed};

/// A position's part of its bands as they are, in units of the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Claim {
    /// Borrowed coin.
    pub borrowed: U256,
    /// Collateral.
    pub collateral: U256,
}

/// What a position would become if the price moved slowly, so that every band trades at its own
/// prices, in units of the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Value {
    /// Borrowed coin once the price has fallen through all bands (the venue's `get_x_down`).
    pub falling: U256,
    /// Collateral once the price has risen through all bands (the venue's `get_y_up`).
    pub rising: U256,
}

/// A position's part of its bands as they are.
///
/// # Errors
/// A value overflows 256 bits.
pub fn claim(market: &Market, pool: &impl Bands, position: &Position) -> Result<Claim, Revert> {
    let (mut borrowed, mut collateral) = (U256::ZERO, U256::ZERO);
    for (n, held) in position.each() {
        let band = pool.band(n);
        let all = band.all_shares()?;
        let part = |content: U256| -> Result<U256, Revert> {
            Ok(mul_div_wide(add(content, U256::ONE)?, held, all, Rounding::Floor)?)
        };
        borrowed = add(borrowed, part(band.borrowed)?)?;
        collateral = add(collateral, part(band.collateral)?)?;
    }
    Ok(Claim {
        borrowed: div_wide(borrowed, market.borrowed_precision, Rounding::Floor)?,
        collateral: div_wide(collateral, market.collateral_precision, Rounding::Floor)?,
    })
}

/// What a position becomes in a slow fall and in a slow rise of the price.
///
/// # Errors
/// An edge is out of range, or a value overflows 256 bits.
pub fn value(
    market: &Market,
    pool: &impl Bands,
    feed: Feed,
    position: &Position,
) -> Result<Value, Revert> {
    let moment = Moment::of(market, pool, feed)?;
    let mut lower = moment.edge(position.first)?;
    let mut sum = Value::default();
    for (n, held) in position.each() {
        let upper = lower;
        lower = market.below(upper)?;
        let band = live(pool, n);
        if band.is_empty() || band.shares.is_zero() || held.is_zero() {
            continue;
        }
        let edges = Edges { upper, lower };
        let whole = edges.worth(&moment, &band)?;
        let all = band.all_shares()?;
        sum.falling = add(sum.falling, mul_div_wide(whole.falling, held, all, Rounding::Floor)?)?;
        sum.rising = add(sum.rising, mul_div_wide(whole.rising, held, all, Rounding::Floor)?)?;
    }
    Ok(Value {
        falling: div_wide(sum.falling, market.borrowed_precision, Rounding::Floor)?,
        rising: div_wide(sum.rising, market.collateral_precision, Rounding::Floor)?,
    })
}

/// Band `n` with the coin that its side of the active band can hold; dust on the wrong side does
/// not count.
fn live(pool: &impl Bands, n: i64) -> Band {
    let mut band = pool.band(n);
    if n < pool.head().active {
        band.collateral = U256::ZERO;
    }
    if n > pool.head().active {
        band.borrowed = U256::ZERO;
    }
    band
}

struct Edges {
    upper: U256,
    lower: U256,
}

impl Edges {
    /// What the whole band becomes, by where the oracle's price lies: a price on an edge lies
    /// inside the band.
    fn worth(&self, moment: &Moment<'_>, band: &Band) -> Result<Value, Revert> {
        if moment.price > self.upper {
            self.above(moment, band)
        } else if moment.price < self.lower {
            self.beneath(moment, band)
        } else {
            self.inside(moment, band)
        }
    }

    /// The market's own price in the middle of the band (wad).
    fn middle(&self, moment: &Moment<'_>) -> Result<U256, Revert> {
        let square = floor(&[moment.price, moment.price], self.lower)?;
        floor(&[square, moment.price], self.upper)
    }

    /// The price is above the band: all becomes collateral at once, then slowly borrowed coin.
    fn above(&self, moment: &Moment<'_>, band: &Band) -> Result<Value, Revert> {
        let (x, y) = (band.borrowed, band.collateral);
        let rising = if x.is_zero() {
            y
        } else if y.is_zero() {
            floor(&[x, U256::from(ONE)], self.middle(moment)?)?
        } else {
            let curve = moment.curve(x, y, self.upper)?;
            div_wide(curve.invariant, curve.f, Rounding::Floor)?.saturating_sub(curve.g)
        };
        let ratio = moment.market.terms().sqrt_band_ratio;
        Ok(Value { falling: floor(&[rising, self.upper], ratio)?, rising })
    }

    /// The price is below the band: all becomes borrowed coin at once, then slowly collateral.
    fn beneath(&self, moment: &Moment<'_>, band: &Band) -> Result<Value, Revert> {
        let (x, y) = (band.borrowed, band.collateral);
        let falling = if y.is_zero() {
            x
        } else if x.is_zero() {
            floor(&[y, self.middle(moment)?], U256::from(ONE))?
        } else {
            let curve = moment.curve(x, y, self.upper)?;
            div_wide(curve.invariant, curve.g, Rounding::Floor)?.saturating_sub(curve.f)
        };
        let ratio = moment.market.terms().sqrt_band_ratio;
        Ok(Value { falling, rising: floor(&[falling, ratio], self.upper)? })
    }

    /// The price is in the band: it trades to the oracle's price, then each part slowly to its
    /// edge.
    fn inside(&self, moment: &Moment<'_>, band: &Band) -> Result<Value, Revert> {
        let one = U256::from(ONE);
        let curve = moment.curve(band.borrowed, band.collateral, self.upper)?;
        let a = moment.market.amplification();
        let height = moment.price - self.lower;
        let y = floor(&[a, curve.y0, height], moment.price)?;
        let per = add(curve.g, y)?;
        let x = div_wide(curve.invariant, per, Rounding::Floor)?.saturating_sub(curve.f);
        let root = |edge: U256| -> Result<U256, Revert> {
            Ok(fixed::square_root(product(&[edge, moment.price])?))
        };
        Ok(Value {
            falling: add(x, floor(&[y, root(self.lower)?], one)?)?,
            rising: add(y, floor(&[x, one], root(self.upper)?)?)?,
        })
    }
}
