//! The walk of a swap through the bands: down in price while collateral is bought, up while it is
//! sold.
//!
//! Both directions are one rule with the roles of the two coins exchanged, so the walk speaks of
//! the coin going in and the coin coming out. What a band has of the latter beyond the active band
//! lies on the walk's side; the former has been traded away there.

use super::band::{Curve, Moment, floor, gross_up};
use super::{BANDS_MAX, Band, Bands, Coin, ONE, Revert, SKIPPED_MAX, add, sub};
use breakwater_money::rounding::div_wide;
use breakwater_money::{Rounding, U256};

/// Most bands that one walk looks at.
pub(super) const STEPS_MAX: usize = BANDS_MAX + SKIPPED_MAX;

/// What a swap is given or wants, in units of 18 decimals and then of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// This much goes in.
    In(U256),
    /// This much shall come out.
    Out(U256),
}

/// Where a walk ended, in units of 18 decimals.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    /// What goes in, fees included.
    pub amount_in: U256,
    /// What comes out.
    pub amount_out: U256,
    /// The bands from the first touched one to the last of the walk, each with what it holds of
    /// the coin going in afterwards.
    pub bands: Vec<(i64, U256)>,
    /// The band where the walk ended.
    pub last: i64,
    /// What that band still holds of the coin coming out.
    pub rest: U256,
}

/// A band seen by a walk: what it has of each coin, real and virtual.
struct Sides {
    input: U256,
    output: U256,
    input_virtual: U256,
    output_virtual: U256,
    invariant: U256,
    gross_up: U256,
}

/// What a trade in one band leaves behind.
enum Trade {
    /// Everything that the band has came out for `gross` more going in.
    Whole { gross: U256 },
    /// The walk ends here.
    Last { gross: U256, rest: U256 },
}

/// Walks until the wish is met or a limit of the venue ends the walk.
pub(super) fn walk(
    moment: &Moment<'_>,
    pool: &impl Bands,
    sold: Coin,
    wanted: Wanted,
) -> Result<Walk, Revert> {
    let mut n = pool.head().active;
    let mut edge = moment.edge(n)?;
    let mut band = pool.band(n);
    let mut walk = Walk {
        amount_in: U256::ZERO,
        amount_out: U256::ZERO,
        bands: Vec::new(),
        last: n,
        rest: U256::ZERO,
    };
    let mut left = wanted;
    for step in 1..=STEPS_MAX {
        walk.last = n;
        let (input, output) = sides_of(&band, sold);
        let sides =
            (!band.is_empty()).then(|| Sides::new(moment, &band, sold, edge)).transpose()?;
        let mut content = input;
        let mut done = false;
        if let Some(sides) = sides.filter(Sides::can_trade) {
            match sides.trade(left)? {
                Trade::Whole { gross } => {
                    content = add(input, gross)?;
                    walk.amount_in = add(walk.amount_in, gross)?;
                    walk.amount_out = add(walk.amount_out, output)?;
                    left = left.after(gross, output)?;
                }
                Trade::Last { gross, rest } => {
                    content = add(input, gross)?;
                    walk.amount_in = add(walk.amount_in, gross)?;
                    walk.amount_out = add(walk.amount_out, sub(output, rest)?)?;
                    walk.rest = rest;
                    done = true;
                }
            }
        }
        if !walk.bands.is_empty() || !band.is_empty() {
            walk.bands.push((n, content));
        }
        if done || step == STEPS_MAX || ends(moment, pool, sold, n, edge, walk.bands.len())? {
            break;
        }
        (n, edge) = next(moment, sold, n, edge)?;
        band = ahead(&pool.band(n), sold);
    }
    Ok(walk)
}

/// What `band` holds of the coin going in and of the coin coming out.
fn sides_of(band: &Band, sold: Coin) -> (U256, U256) {
    match sold {
        Coin::Borrowed => (band.borrowed, band.collateral),
        Coin::Collateral => (band.collateral, band.borrowed),
    }
}

/// A band beyond the active one: it holds only the coin coming out.
fn ahead(band: &Band, sold: Coin) -> Band {
    match sold {
        Coin::Borrowed => Band { borrowed: U256::ZERO, ..*band },
        Coin::Collateral => Band { collateral: U256::ZERO, ..*band },
    }
}

/// The next band of the walk and its upper edge, iterated.
pub(super) fn next(
    moment: &Moment<'_>,
    sold: Coin,
    n: i64,
    edge: U256,
) -> Result<(i64, U256), Revert> {
    let (number, edge) = match sold {
        Coin::Borrowed => (n.checked_add(1), moment.market.below(edge)?),
        Coin::Collateral => (n.checked_sub(1), moment.market.above(edge)?),
    };
    Ok((number.ok_or(Revert::EdgeOutOfRange)?, edge))
}

/// Whether the walk ends after band `n`, `counted` bands having been counted: at the end of all
/// deposits, at fifty bands, or where the edge is about fifty bands from the oracle's price.
pub(super) fn ends(
    moment: &Moment<'_>,
    pool: &impl Bands,
    sold: Coin,
    n: i64,
    edge: U256,
    counted: usize,
) -> Result<bool, Revert> {
    let last = match sold {
        Coin::Borrowed => pool.head().highest,
        Coin::Collateral => pool.head().lowest,
    };
    if n == last || counted == BANDS_MAX {
        return Ok(true);
    }
    let ratio = floor(&[edge, U256::from(ONE)], moment.price)?;
    Ok(match sold {
        Coin::Borrowed => ratio < moment.market.near,
        Coin::Collateral => ratio > moment.market.far,
    })
}

impl Sides {
    fn new(moment: &Moment<'_>, band: &Band, sold: Coin, edge: U256) -> Result<Self, Revert> {
        let Curve { f, g, invariant, .. } = moment.curve(band.borrowed, band.collateral, edge)?;
        let gross_up = gross_up(moment.fee_at(edge)?)?;
        let (input, output) = sides_of(band, sold);
        let (input_virtual, output_virtual) = match sold {
            Coin::Borrowed => (f, g),
            Coin::Collateral => (g, f),
        };
        Ok(Sides { input, output, input_virtual, output_virtual, invariant, gross_up })
    }

    fn can_trade(&self) -> bool {
        !self.output.is_zero() && !self.output_virtual.is_zero()
    }

    fn trade(&self, left: Wanted) -> Result<Trade, Revert> {
        let before = add(self.input_virtual, self.input)?;
        match left {
            Wanted::Out(left) if self.output >= left => {
                let rest = sub(self.output, left)?;
                let net = sub(quotient(self.invariant, add(self.output_virtual, rest)?)?, before)?;
                Ok(Trade::Last { gross: self.with_fee(net)?, rest })
            }
            _ => {
                let net = sub(quotient(self.invariant, self.output_virtual)?, before)?;
                let gross = self.with_fee(net)?;
                match left {
                    Wanted::In(left) if gross >= left => self.spend(before, left),
                    // A band is never had for nothing.
                    _ => Ok(Trade::Whole { gross: gross.max(U256::ONE) }),
                }
            }
        }
    }

    /// The last band of a walk by input: `left` goes in, its fee included, and the band keeps at
    /// least the unit that the rounding of the curve may have cost it.
    fn spend(&self, before: U256, left: U256) -> Result<Trade, Revert> {
        let net = floor(&[left, U256::from(ONE)], self.gross_up)?;
        let kept = quotient(self.invariant, add(before, net)?)?;
        let rest = add(sub(kept, self.output_virtual)?, U256::ONE)?.min(self.output);
        Ok(Trade::Last { gross: left, rest })
    }

    /// A net amount in with the fee on top.
    fn with_fee(&self, net: U256) -> Result<U256, Revert> {
        floor(&[net, self.gross_up], U256::from(ONE))
    }
}

impl Wanted {
    /// What is left of the wish after a whole band.
    fn after(self, gross: U256, output: U256) -> Result<Self, Revert> {
        Ok(match self {
            Wanted::In(left) => Wanted::In(sub(left, gross)?),
            Wanted::Out(left) => Wanted::Out(sub(left, output)?),
        })
    }
}

fn quotient(n: U256, d: U256) -> Result<U256, Revert> {
    Ok(div_wide(n, d, Rounding::Floor)?)
}
