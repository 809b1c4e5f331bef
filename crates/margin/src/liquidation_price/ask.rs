//! The questions turned round: how far away, and how much margin for how far.

use super::exact::{magnitude, one, ratio, zero};
use super::{Fee, Form, MixedBook, Position};
use breakwater_money::{Rational, rational};

/// Steps to the wanted margin. Surplus as a function of margin bends once where the coin's equity
/// turns and once where a reserved fee begins, and each step leaves a piece behind.
const STEPS_MAX: usize = 8;
/// Step at which the slope of surplus in margin is read, as decimals.
const STEP_DECIMALS: u8 = 18;

/// Where a market moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The price falls: what hurts a long.
    Falling,
    /// The price rises: what hurts a short.
    Rising,
}

/// What margin is added in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payment {
    /// The quote asset.
    Quote,
    /// The book's coin of this index.
    Coin(usize),
}

/// Why no margin brings a liquidation price to the wanted distance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The mark is not above zero.
    #[error("mark is {mark}, expected a price above zero")]
    Mark {
        /// The mark.
        mark: Rational,
    },
    /// No price lies at such a distance.
    #[error("distance is {distance}, expected above 0, and below 1 where the price falls")]
    Distance {
        /// The distance as a share of the mark.
        distance: Rational,
    },
    /// The book has no coin of that index.
    #[error("coin {coin} is not in the book, which has {coins}")]
    NoCoin {
        /// The index.
        coin: usize,
        /// How many there are.
        coins: usize,
    },
    /// A fee reserved at the bankruptcy price bends with any other asset, so that the answer would be
    /// no fraction. Ask in the asset that the position settles in.
    #[error(
        "margin in another asset than the position settles in has no exact answer with a fee \
             reserved at the bankruptcy price; ask in that asset"
    )]
    OtherAsset,
    /// The account has no liquidation price on that side, whatever its margin; or the coin counts
    /// for nothing.
    #[error(
        "no margin puts a liquidation price at {price}: the account does not lose that way, or \
             what is paid counts for nothing"
    )]
    Unreachable {
        /// The wanted price.
        price: Rational,
    },
}

/// How far `price` is from `mark`, as a share of the mark. `None` if the mark is not above zero.
#[must_use]
pub fn distance(mark: &Rational, price: &Rational) -> Option<Rational> {
    if *mark <= zero() {
        return None;
    }
    ratio(&magnitude(&(price - mark)), mark)
}

/// The margin to add, in the unit of `payment`, so that the liquidation price of a market moving in
/// `direction` lies `wanted` of the mark away; exact, and negative if so much can be taken out.
///
/// Surplus at the wanted price is concave and piecewise linear in the margin, so each step solves one
/// piece and the last is exact. What is found is held against the solver before it is returned.
///
/// # Errors
/// See [`AskError`].
pub fn margin_for_distance(
    book: &MixedBook,
    mark: &Rational,
    direction: Direction,
    wanted: &Rational,
    payment: Payment,
) -> Result<Rational, AskError> {
    if *mark <= zero() {
        return Err(AskError::Mark { mark: mark.clone() });
    }
    let share = match direction {
        Direction::Falling => one() - wanted,
        Direction::Rising => one() + wanted,
    };
    if *wanted <= zero() || share <= zero() {
        return Err(AskError::Distance { distance: wanted.clone() });
    }
    let settles = |form| match form {
        Form::Linear => Payment::Quote,
        Form::Inverse { coin } => Payment::Coin(coin),
    };
    let bends =
        |it: &Position| matches!(it.fee, Fee::AtBankruptcy(_)) && settles(it.form) != payment;
    if book.positions().iter().any(bends) {
        return Err(AskError::OtherAsset);
    }
    let price = mark * share;
    let paid = |margin: &Rational| match payment {
        Payment::Quote => Ok(book.clone().with_quote(margin)),
        Payment::Coin(coin) => book
            .clone()
            .with_coin(coin, margin)
            .ok_or(AskError::NoCoin { coin, coins: book.coins().len() }),
    };
    let unreachable = || AskError::Unreachable { price: price.clone() };
    let (step, mut margin) = (rational::from_raw(1, STEP_DECIMALS), zero());
    for _ in 0..STEPS_MAX {
        let with_margin = paid(&margin)?;
        let surplus = with_margin.surplus_at(&price);
        if surplus == zero() {
            let root = with_margin.healthy().towards(direction).ok_or_else(unreachable)?;
            return if root.price == price { Ok(margin) } else { Err(unreachable()) };
        }
        let rise = paid(&(&margin + &step))?.surplus_at(&price) - &surplus;
        margin -= ratio(&(surplus * &step), &rise).ok_or_else(unreachable)?;
    }
    Err(unreachable())
}

/// What of `extra` margin counts for `position` under a venue that takes the closing fee at the
/// bankruptcy price out of it: adding margin moves that price away and changes the fee there, so what
/// counts solves `net = extra - fee (change of value at bankruptcy)`. For an inverse contract that is
/// `extra / (1 + s fee)`, for a linear one `extra / (1 - s fee)`. `None` for a fee that eats all.
#[must_use]
pub fn margin_after_fee(extra: &Rational, fee: &Rational, position: &Position) -> Option<Rational> {
    let long = position.quantity > zero();
    let added = long == matches!(position.form, Form::Inverse { .. });
    let share = if added { one() + fee } else { one() - fee };
    ratio(extra, &share).filter(|_| share > zero())
}

/// `price` as a venue with a `tick` shows it, against the account: reached no later. Up where the
/// market falls, down where it rises. `None` if the tick is not above zero.
#[must_use]
pub fn to_tick(price: &Rational, tick: &Rational, direction: Direction) -> Option<Rational> {
    let ticks = ratio(price, tick).filter(|_| *tick > zero())?;
    let whole = match direction {
        Direction::Falling => ticks.ceil(),
        Direction::Rising => ticks.floor(),
    };
    Some(whole * tick)
}

/// What may stay invested of `invested` when equity must be `requirement` of it, sold at no cost:
/// `min(invested, equity / requirement)`, and nothing where there is no equity. `None` if the
/// requirement is not above zero.
#[must_use]
pub fn invested_after(
    equity: &Rational,
    invested: &Rational,
    requirement: &Rational,
) -> Option<Rational> {
    let most = ratio(equity, requirement).filter(|_| *requirement > zero())?;
    Some(most.max(zero()).min(invested.clone()))
}
