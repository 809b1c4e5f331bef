//! How much must be traded until the market's own price is a given one.

use super::band::{Moment, floor, gross_up};
use super::walk::{STEPS_MAX, ends, next};
use super::{Bands, Coin, Feed, Market, ONE, Revert, add, sub};
use breakwater_money::rounding::{div_wide, mul_div_wide};
use breakwater_money::{Rounding, U256, fixed};

/// A trade that moves the market's price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Units of the token that goes in, fees included.
    pub amount: U256,
    /// Which token that is: the borrowed coin raises the price, collateral lowers it.
    pub sold: Coin,
}

/// What must go in so that the market's own price becomes `price` (wad). A price at the present one
/// counts as a rise. Every band is read with both its sides, the ones behind the walk included.
///
/// # Errors
/// An edge is out of range, a band's curve is degenerate, or a value overflows 256 bits.
pub fn amount_for_price(
    market: &Market,
    pool: &impl Bands,
    feed: Feed,
    price: U256,
) -> Result<Target, Revert> {
    let moment = Moment::of(market, pool, feed)?;
    let mut n = pool.head().active;
    let mut edge = moment.edge(n)?;
    let falls = price < moment.price_in(&pool.band(n), edge)?;
    let sold = if falls { Coin::Collateral } else { Coin::Borrowed };
    let mut prices = Prices::of(&moment, edge)?;
    let mut total = U256::ZERO;
    let mut counted = 0usize;
    for step in 1..=STEPS_MAX {
        let band = pool.band(n);
        if counted > 0 || !band.is_empty() {
            counted += 1;
        }
        let within = prices.lower <= price && price <= prices.upper;
        if !band.is_empty() {
            let curve = moment.curve(band.borrowed, band.collateral, edge)?;
            let gross_up = gross_up(moment.fee_at(edge)?)?;
            let net = if within {
                let one = U256::from(ONE);
                let root = fixed::square_root(floor(&[curve.invariant, one], price)?);
                let y = root.saturating_sub(curve.g);
                let x = div_wide(curve.invariant, add(curve.g, y)?, Rounding::Floor)?
                    .saturating_sub(curve.f);
                match sold {
                    Coin::Borrowed => x.saturating_sub(band.borrowed),
                    Coin::Collateral => y.saturating_sub(band.collateral),
                }
            } else {
                let (constant, out, own, real) = match sold {
                    Coin::Borrowed => (curve.invariant, curve.g, curve.f, band.borrowed),
                    Coin::Collateral => (curve.invariant, curve.f, curve.g, band.collateral),
                };
                sub(sub(div_wide(constant, out, Rounding::Floor)?, own)?, real)?
            };
            total = add(total, floor(&[net, gross_up], U256::from(ONE))?)?;
        }
        if within || step == STEPS_MAX || ends(&moment, pool, sold, n, edge, counted)? {
            break;
        }
        (n, edge) = next(&moment, sold, n, edge)?;
        prices = prices.next(market, sold)?;
    }
    let amount = div_wide(total, market.precision(sold), Rounding::Ceil)?;
    Ok(Target { amount, sold })
}

/// The market's own prices between which a band trades (wad), iterated from the active band's.
pub(super) struct Prices {
    pub lower: U256,
    pub upper: U256,
}

impl Prices {
    pub(super) fn of(moment: &Moment<'_>, edge: U256) -> Result<Self, Revert> {
        let lower = moment.own_price(edge)?;
        Ok(Prices { lower, upper: widened(moment.market, lower, Coin::Borrowed)? })
    }

    pub(super) fn next(&self, market: &Market, sold: Coin) -> Result<Self, Revert> {
        Ok(match sold {
            Coin::Borrowed => {
                Prices { lower: self.upper, upper: widened(market, self.upper, sold)? }
            }
            Coin::Collateral => {
                Prices { lower: widened(market, self.lower, sold)?, upper: self.lower }
            }
        })
    }
}

/// A price one band further: by the square of the band ratio in one division, against the oracle's
/// edges the other way round.
fn widened(market: &Market, price: U256, sold: Coin) -> Result<U256, Revert> {
    let a = market.amplification();
    let (wide, narrow) = (a * a, (a - U256::ONE) * (a - U256::ONE));
    let (n, d) = match sold {
        Coin::Borrowed => (wide, narrow),
        Coin::Collateral => (narrow, wide),
    };
    Ok(mul_div_wide(price, n, d, Rounding::Floor)?)
}
