//! Swaps against the bands, and their quotes.

use super::band::Moment;
use super::oracle::limited;
use super::walk::{Walk, Wanted, walk};
use super::{Bands, Changes, Coin, Feed, Market, Memory, Revert};
use breakwater_money::rounding::{div_wide, product};
use breakwater_money::{Rounding, U256};

/// What a swap takes and gives, in units of the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quote {
    /// What goes in, fees included.
    pub amount_in: U256,
    /// What comes out.
    pub amount_out: U256,
}

/// An executed swap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swap {
    /// What the caller pays and receives; both zero where nothing was traded.
    pub amounts: Quote,
    /// The pool afterwards. The oracle is remembered even where nothing was traded.
    pub changes: Changes,
}

/// Swaps `sold` for the other coin. `limit` is the least that may come out of a swap by input and
/// the most that may go into one by output (units of the token). A wish for [`U256::MAX`] to come
/// out asks for everything within reach; any other wish must be met in full.
///
/// # Errors
/// The result breaks the limit, the bands hold less than is wanted, an edge is out of range, or a
/// value overflows 256 bits. A refused swap remembers nothing.
pub fn exchange(
    market: &Market,
    pool: &impl Bands,
    feed: Feed,
    sold: Coin,
    wanted: Wanted,
    limit: U256,
) -> Result<Swap, Revert> {
    let oracle = limited(&pool.head().memory, feed)?;
    let mut head = pool.head();
    head.memory = Memory { price: oracle.price, fee: oracle.fee, at: feed.now };
    let nothing = Swap { amounts: Quote::default(), changes: Changes { head, bands: Vec::new() } };
    if wanted.is_zero() {
        return Ok(nothing);
    }
    let moment = Moment::at(market, pool, oracle);
    let walk = walk(&moment, pool, sold, wanted.normalised(market, sold)?)?;
    let amounts = walk.amounts(market, sold)?;
    match wanted {
        Wanted::In(_) if amounts.amount_out < limit => return Err(Revert::Slippage),
        Wanted::Out(_) if amounts.amount_in > limit => return Err(Revert::Slippage),
        Wanted::Out(out) if out != U256::MAX && amounts.amount_out != out => {
            return Err(Revert::NotFilled);
        }
        _ => {}
    }
    if amounts.amount_in.is_zero() || amounts.amount_out.is_zero() {
        return Ok(nothing);
    }
    head.active = walk.last;
    let bands = walk.bands.iter().map(|(n, input)| {
        let mut band = pool.band(*n);
        let output = if *n == walk.last { walk.rest } else { U256::ZERO };
        (band.borrowed, band.collateral) = match sold {
            Coin::Borrowed => (*input, output),
            Coin::Collateral => (output, *input),
        };
        (*n, band)
    });
    let changes = Changes { head, bands: bands.collect() };
    Ok(Swap { amounts, changes })
}

/// What a swap would take and give, without limits; storing nothing. The input may be used, or the
/// wish be met, only in part.
///
/// # Errors
/// An edge is out of range, or a value overflows 256 bits.
pub fn quote(
    market: &Market,
    pool: &impl Bands,
    feed: Feed,
    sold: Coin,
    wanted: Wanted,
) -> Result<Quote, Revert> {
    if wanted.is_zero() {
        return Ok(Quote::default());
    }
    let moment = Moment::of(market, pool, feed)?;
    walk(&moment, pool, sold, wanted.normalised(market, sold)?)?.amounts(market, sold)
}

/// What comes out for `amount_in` of `sold`, in units of the token.
///
/// # Errors
/// As for [`quote`].
pub fn quote_out(
    market: &Market,
    pool: &impl Bands,
    feed: Feed,
    sold: Coin,
    amount_in: U256,
) -> Result<U256, Revert> {
    Ok(quote(market, pool, feed, sold, Wanted::In(amount_in))?.amount_out)
}

/// What must go in for `amount_out` of the other coin, in units of the token.
///
/// # Errors
/// The bands hold less than is wanted, or as for [`quote`].
pub fn quote_in(
    market: &Market,
    pool: &impl Bands,
    feed: Feed,
    sold: Coin,
    amount_out: U256,
) -> Result<U256, Revert> {
    let quote = quote(market, pool, feed, sold, Wanted::Out(amount_out))?;
    if quote.amount_out == amount_out { Ok(quote.amount_in) } else { Err(Revert::NotFilled) }
}

impl Wanted {
    fn is_zero(self) -> bool {
        let (Wanted::In(amount) | Wanted::Out(amount)) = self;
        amount.is_zero()
    }

    /// In units of 18 decimals. The wish for everything stays the largest number.
    fn normalised(self, market: &Market, sold: Coin) -> Result<Self, Revert> {
        Ok(match self {
            Wanted::In(amount) => Wanted::In(product(&[amount, market.precision(sold)])?),
            Wanted::Out(U256::MAX) => self,
            Wanted::Out(amount) => Wanted::Out(product(&[amount, market.precision(sold.other())])?),
        })
    }
}

impl Coin {
    /// The coin on the other side.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Coin::Borrowed => Coin::Collateral,
            Coin::Collateral => Coin::Borrowed,
        }
    }
}

impl Walk {
    /// In units of the tokens, rounded against the caller.
    fn amounts(&self, market: &Market, sold: Coin) -> Result<Quote, Revert> {
        let paid = market.precision(sold);
        let received = market.precision(sold.other());
        Ok(Quote {
            amount_in: div_wide(self.amount_in, paid, Rounding::Ceil)?,
            amount_out: div_wide(self.amount_out, received, Rounding::Floor)?,
        })
    }
}
