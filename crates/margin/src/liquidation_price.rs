//! The prices at which an account becomes liquidatable, exactly.
//!
//! Seen from one market, with every other mark held, an account of linear contracts is a pair of
//! functions of that market's price `P > 0`:
//!
//! ```text
//! equity(P)      = equity_constant + sum_i q_i P               q_i signed: long above 0, short below
//! maintenance(P) = held_maintenance + sum_i m_i(|q_i| P)       m_i piecewise linear, see `tiers`
//! surplus(P)     = equity(P) - maintenance(P)
//! ```
//!
//! The account is healthy where `surplus > 0`. Each `m_i` is continuous and convex, so `surplus` is
//! continuous and concave and the healthy prices form one interval (or none). Its ends are the
//! liquidation prices: one below for a falling market, one above for a rising one. Hence:
//!
//! - A single long has slope `q (1 - rate) >= 0` in every tier: `surplus` never falls, so at most one
//!   end exists, below. A single short has slope `-|q| (1 + rate) < 0`: at most one end, above. The
//!   root is unique although each tier's own line has a root too: continuity leaves exactly one of
//!   those lines with its root inside its own tier, and that is the tier of `|q| P` at the root.
//! - Legs that hedge each other may have both ends. Moving away from a healthy mark in one direction,
//!   the end on that side is the first price at which `equity <= maintenance`, because everything
//!   between lies inside the interval.
//!
//! The closed forms that venues publish are instances. They differ in what [`Position`] states: the
//! price that the requirement is taken at ([`Basis`]: the mark, or entry for ever), whether a fee is
//! in it ([`Fee`]: none, at the mark, or reserved at the bankruptcy price) and the asset that profit
//! is paid in ([`Form`]); and in whether other positions are held at their marks.
//!
//! **Inverse contracts and collateral that moves.** A contract worth `V` of the quote asset, long
//! above zero, earns `V (1/E - 1/P)` of its coin and needs `m(|V|/P)` of it. Valued in the quote asset
//! at `P` both are piecewise linear in `P` again: `V P/E - V` and `P m(|V|/P)`, which is `|V| rate -
//! cum P` in each tier. So is a coin balance. An account that is kept in coin is therefore the same
//! as one kept in the quote asset that holds its balance as a coin of weight one: the sign of
//! `surplus` is the same in either unit. Collateral that counts at a weight below one where it is
//! positive, and in full where it is owed, bends downwards, so concavity stays, and with it
//! everything above. One solver (`concave`) answers for all of them: [`LinearBook`] and
//! [`MixedBook`] differ in what they can hold. [`CrossAccount`] is an account over several markets,
//! which gives the book seen from each.
//!
//! Units: any consistent ones; prices are quote units for one base unit. Notionals are `|q| P` for a
//! linear contract and `|V| / P` for an inverse one, in the unit of the tiers' caps. Everything is an
//! exact rational: nothing here rounds, but for [`to_tick`], which is asked to.
//!
//! Nothing needs to be open. A long of half a unit from 60,996 with 5,000 behind it, 0.4 % required and
//! a fee of 0.05 % counted in:
//!
//! ```
//! use breakwater_margin::liquidation_price::{Fee, Maintenance, MixedBook, Position};
//! use breakwater_money::rational::parse;
//!
//! let maintenance = Maintenance::flat(parse("0.004")?, parse("0")?);
//! let position = Position::linear(parse("0.5")?, parse("60996")?, maintenance)
//!     .with_fee(Fee::AtMark(parse("0.0005")?));
//! let book = MixedBook::isolated(parse("5000")?, position)?;
//! let root = book.liquidation_price(&parse("60996")?).expect("a long loses as the price falls");
//! assert_eq!(root.price, parse("50996/0.9955")?);
//! assert_eq!(book.bankruptcy_price(), Some(parse("50996")?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ask;
mod concave;
mod cross;
mod exact;
mod linear;
mod mixed;
mod requirement;

pub use ask::{
    AskError, Direction, Payment, distance, invested_after, margin_after_fee, margin_for_distance,
    to_tick,
};
pub use cross::{CrossAccount, Placed, Settle, Token};
pub use linear::{Held, Leg, LinearBook, Opened};
pub use mixed::{Basis, BookError, Coin, Fee, Form, MixedBook, Position};
pub use requirement::{Maintenance, RateTier};

use breakwater_money::Rational;
use concave::{Line, Positive};
use exact::{magnitude, zero};

/// A price at which equity equals maintenance, and healthy prices lie on one side only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The price, above zero.
    pub price: Rational,
    /// For each leg in its order, the index from 0 of the tier its notional has at that price.
    /// `None` for a leg without tiers or above its last cap.
    pub tiers: Vec<Option<usize>>,
}

impl Root {
    /// The tier of the first leg, which is the only one in one-way mode.
    #[must_use]
    pub fn tier(&self) -> Option<usize> {
        self.tiers.first().copied().flatten()
    }
}

/// At which prices the account is healthy, all other marks held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Healthy {
    /// At no price: the account is liquidatable wherever this market goes.
    Nowhere,
    /// Strictly between the two. A missing end means: however far the price moves that way.
    Between {
        /// Liquidation price of a falling market.
        lower: Option<Root>,
        /// Liquidation price of a rising market.
        upper: Option<Root>,
    },
}

impl Healthy {
    fn of(positive: Positive, tiers_at: impl Fn(&Rational) -> Vec<Option<usize>>) -> Self {
        let root = |price: Rational| Root { tiers: tiers_at(&price), price };
        match positive {
            Positive::Nowhere => Healthy::Nowhere,
            Positive::Between { lower, upper } => {
                Healthy::Between { lower: lower.map(root), upper: upper.map(root) }
            }
        }
    }

    /// The liquidation price of a market that moves in `direction`. `None` if there is none.
    #[must_use]
    pub fn towards(self, direction: Direction) -> Option<Root> {
        match (self, direction) {
            (Healthy::Between { lower, .. }, Direction::Falling) => lower,
            (Healthy::Between { upper, .. }, Direction::Rising) => upper,
            (Healthy::Nowhere, _) => None,
        }
    }

    /// Whether `price` lies beyond an end, not on it: when a venue acts under whose rule equity equal
    /// to the requirement is still enough.
    #[must_use]
    pub fn strictly_past(&self, price: &Rational) -> bool {
        match self {
            Healthy::Nowhere => true,
            Healthy::Between { lower, upper } => {
                lower.as_ref().is_some_and(|end| *price < end.price)
                    || upper.as_ref().is_some_and(|end| *price > end.price)
            }
        }
    }

    /// The liquidation price that the smallest move from `mark` reaches; the lower one of two at the
    /// same distance. `None` if no price is one.
    #[must_use]
    pub fn nearest(self, mark: &Rational) -> Option<Root> {
        match self {
            Healthy::Between { lower: Some(lower), upper: Some(upper) } => {
                let way = |end: &Root| magnitude(&(&end.price - mark));
                let (down, up) = (way(&lower), way(&upper));
                Some(if down <= up { lower } else { upper })
            }
            Healthy::Between { lower, upper } => lower.or(upper),
            Healthy::Nowhere => None,
        }
    }
}

/// The price of one asset at which weighted collateral equals debt in a lending account, the other
/// prices held:
///
/// ```text
/// collateral_constant + P collateral_coefficient = debt_constant + P debt_coefficient
/// ```
///
/// `collateral_constant` is the sum over the other collateral of amount, price and liquidation
/// threshold; `collateral_coefficient` is amount times threshold of this asset; the debt pair is the
/// same without thresholds. The asset may be on both sides. With more weighted collateral than debt
/// in it the account is liquidatable below the root, with less above. `None` if no price above zero
/// changes the account's health.
#[must_use]
pub fn lending_root(
    collateral_constant: &Rational,
    collateral_coefficient: &Rational,
    debt_constant: &Rational,
    debt_coefficient: &Rational,
) -> Option<Rational> {
    let at_zero = collateral_constant - debt_constant;
    let line = Line { at_zero, slope: collateral_coefficient - debt_coefficient };
    line.root().filter(|price| *price > zero())
}

#[cfg(test)]
mod tests;
