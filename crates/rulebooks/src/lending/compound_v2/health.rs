//! What an account owns and owes, and by how much it may owe more or owes too much.

use super::{Market, Position, Revert, accrue};
use breakwater_money::rounding::{mul_div_full, mul_div_wide};
use breakwater_money::{Rounding, U256, Wad};

/// An account's sums over the markets it has entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Liquidity {
    /// Value of its collateral, each market's times its factor (1e18).
    pub collateral: U256,
    /// Value of what it owes (1e18).
    pub owed: U256,
}

impl Liquidity {
    /// What it may still borrow (1e18).
    #[must_use]
    pub fn spare(&self) -> U256 {
        self.collateral.saturating_sub(self.owed)
    }

    /// What it owes too much (1e18).
    #[must_use]
    pub fn shortfall(&self) -> U256 {
        self.owed.saturating_sub(self.collateral)
    }

    /// Whether the account can be liquidated: something is owed too much. Equality is healthy.
    #[must_use]
    pub fn is_liquidatable(&self) -> bool {
        self.owed > self.collateral
    }
}

/// Base units a share (1e18): what belongs to the lenders over the shares in existence; the
/// initial rate while there is none.
///
/// # Errors
/// [`Revert::Arithmetic`] when reserves exceed cash and borrows, or a value leaves 256 bits.
pub fn exchange_rate(market: &Market) -> Result<U256, Revert> {
    if market.total_supply.is_zero() {
        return Ok(market.initial_exchange_rate);
    }
    Ok(Wad::ratio(market.lenders()?, market.total_supply, Rounding::Floor)?.raw)
}

/// Base units that the position owes by the market's index as it stands, rounded down.
///
/// # Errors
/// [`Revert::Arithmetic`] when the position has a principal without an index, or a product
/// leaves 256 bits.
pub fn borrow_balance(market: &Market, position: &Position) -> Result<U256, Revert> {
    if position.principal.is_zero() {
        return Ok(U256::ZERO);
    }
    let (grown, from) = (market.borrow_index.raw, position.interest_index.raw);
    Ok(mul_div_wide(position.principal, grown, from, Rounding::Floor)?)
}

/// Sums one account over the markets as they stand: whoever wants interest counted accrues them
/// first. Positions and markets are in one order.
///
/// # Errors
/// [`Revert::NoPrice`] for an entered market without a price, even an empty one;
/// [`Revert::Arithmetic`] when a value leaves 256 bits.
pub fn liquidity(markets: &[Market], positions: &[Position]) -> Result<Liquidity, Revert> {
    let held = markets.iter().zip(positions);
    held.map(|(market, position)| market.part(position))
        .try_fold(Liquidity::default(), |sum, part| sum.plus(&part?))
}

/// Whether the account may redeem `shares` of, or borrow `amount` from, the market at `place`. What
/// would go is added to what is owed, each value rounded down by itself. Equality is allowed; a
/// market that the account has not entered secures nothing, and so lets its shares go.
///
/// # Errors
/// [`Revert::Insufficient`], or as [`liquidity`].
pub(super) fn may(
    markets: &[Market],
    positions: &[Position],
    place: usize,
    shares: U256,
    amount: U256,
) -> Result<(), Revert> {
    let named = markets.get(place).zip(positions.get(place));
    let (market, position) = named.ok_or(Revert::NotListed)?;
    if !position.entered {
        return Ok(());
    }
    let all = liquidity(markets, positions)?;
    let weight = market.share_weight(position, exchange_rate(market)?)?;
    let gone = Liquidity { collateral: U256::ZERO, owed: weight.of(shares, Rounding::Floor)? };
    let taken = Liquidity {
        collateral: U256::ZERO,
        owed: Wad::from_raw(market.price).of(amount, Rounding::Floor)?,
    };
    let all = all.plus(&gone)?.plus(&taken)?;
    if all.is_liquidatable() { Err(Revert::Insufficient) } else { Ok(()) }
}

/// The account as the liquidation that shows it worst would see it, and the markets as that call
/// leaves them accrued. A call accrues two markets, one of them borrowed; markets that it does not
/// name count as they stored themselves, so that which two are named decides about health. Without
/// interest to accrue, or without a debt, this is [`liquidity`].
///
/// # Errors
/// As [`liquidity`] and [`accrue`](super::accrue).
pub fn worst(
    markets: &[Market],
    positions: &[Position],
) -> Result<(Liquidity, Vec<Market>), Revert> {
    let base = liquidity(markets, positions)?;
    if !markets.iter().any(|market| market.earns() && !market.blocks.is_zero()) {
        return Ok((base, markets.to_vec()));
    }
    let held = markets.iter().zip(positions).enumerate();
    let mut moves = Vec::with_capacity(markets.len());
    for (place, (market, position)) in held {
        let moved = accrue(market)?;
        let (before, after) = (market.part(position)?, moved.part(position)?);
        moves.push(Move { place, moved, before, after, borrows: !position.principal.is_zero() });
    }
    let mut worst = (base, None);
    for borrowed in moves.iter().filter(|m| m.borrows) {
        let alone = borrowed.apply(&base)?;
        for other in &moves {
            let seen = if other.place == borrowed.place { alone } else { other.apply(&alone)? };
            if worst.1.is_none() || seen.is_worse_than(&worst.0)? {
                worst = (seen, Some((borrowed, other)));
            }
        }
    }
    let mut markets = markets.to_vec();
    if let Some((borrowed, other)) = worst.1 {
        for named in [borrowed, other] {
            if let Some(market) = markets.get_mut(named.place) {
                *market = named.moved;
            }
        }
    }
    Ok((worst.0, markets))
}

/// What accrual of one market changes in the account's sums.
struct Move {
    place: usize,
    moved: Market,
    before: Liquidity,
    after: Liquidity,
    borrows: bool,
}

impl Move {
    /// The sums with this market accrued.
    fn apply(&self, sum: &Liquidity) -> Result<Liquidity, Revert> {
        let swap = |sum: U256, out: U256, into: U256| {
            sum.checked_sub(out).and_then(|rest| rest.checked_add(into)).ok_or(Revert::Arithmetic)
        };
        Ok(Liquidity {
            collateral: swap(sum.collateral, self.before.collateral, self.after.collateral)?,
            owed: swap(sum.owed, self.before.owed, self.after.owed)?,
        })
    }
}

impl Liquidity {
    fn plus(&self, other: &Liquidity) -> Result<Liquidity, Revert> {
        let add = |a: U256, b: U256| a.checked_add(b).ok_or(Revert::Arithmetic);
        Ok(Liquidity {
            collateral: add(self.collateral, other.collateral)?,
            owed: add(self.owed, other.owed)?,
        })
    }

    /// Whether more is missing, or less is spare, than in `other`.
    fn is_worse_than(&self, other: &Liquidity) -> Result<bool, Revert> {
        let add = |a: U256, b: U256| a.checked_add(b).ok_or(Revert::Arithmetic);
        Ok(add(self.owed, other.collateral)? > add(other.owed, self.collateral)?)
    }

    /// Collateral over what is owed (wad, rounded down): below one exactly when the account can be
    /// liquidated. [`Wad::max`] when nothing is owed.
    ///
    /// # Errors
    /// The ratio leaves 256 bits.
    pub fn ratio(&self) -> Result<Wad, Revert> {
        if self.owed.is_zero() {
            return Ok(Wad::max());
        }
        let one = Wad::one().raw;
        Ok(Wad::from_raw(mul_div_full(self.collateral, one, self.owed, Rounding::Floor)?))
    }
}

impl Market {
    /// What one position adds to its account's sums; nothing where the account has not entered.
    pub(super) fn part(&self, position: &Position) -> Result<Liquidity, Revert> {
        if !position.entered {
            return Ok(Liquidity::default());
        }
        let owed = borrow_balance(self, position)?;
        let rate = exchange_rate(self)?;
        if self.price.is_zero() {
            return Err(Revert::NoPrice);
        }
        let share = self.share_weight(position, rate)?;
        Ok(Liquidity {
            collateral: share.of(position.shares, Rounding::Floor)?,
            owed: Wad::from_raw(self.price).of(owed, Rounding::Floor)?,
        })
    }

    /// What one share at `rate` lets its owner owe (1e18 a share, times 1e18): the factor times
    /// the rate, then times the price, each product rounded down.
    pub(super) fn share_weight(&self, position: &Position, rate: U256) -> Result<Wad, Revert> {
        let weighted = self.factor(position).of(rate, Rounding::Floor)?;
        Ok(Wad::from_raw(Wad::from_raw(weighted).of(self.price, Rounding::Floor)?))
    }

    /// The collateral factor that holds for the position.
    pub(super) fn factor(&self, position: &Position) -> Wad {
        position.own_factor.unwrap_or(self.collateral_factor)
    }
}
