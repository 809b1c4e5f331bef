//! Which way a hedge trades (options reference, section 4).
//!
//! "Sell when the option's price rises" holds for a long call and a short put only; the table is data,
//! and tests hold it against the deltas of options.

use crate::{Kind, Side};
use serde::{Deserialize, Serialize};

/// Up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Rising.
    Up,
    /// Falling.
    Down,
}

/// What the hedge does in the underlying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Buys the underlying.
    Buy,
    /// Sells the underlying.
    Sell,
}

/// What that does to the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Buys what rises and sells what falls.
    Amplifies,
    /// Sells what rises and buys what falls.
    Dampens,
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign {
    /// Which way the underlying moves when the option's price rises.
    pub option_price_up_when: Direction,
    /// Sign of the underlying that the hedge holds: +1 long, -1 short.
    pub hedge_holding: i8,
    /// What the hedge does when the underlying rises.
    pub underlying_up: Action,
    /// What the hedge does when the option's price rises by a move of the underlying.
    pub option_price_rises: Action,
    /// Side in gamma.
    pub gamma: Side,
    /// Effect on the market.
    pub effect: Effect,
}

/// The row of a position.
#[must_use]
pub const fn sign_of(side: Side, kind: Kind) -> Sign {
    use Action::{Buy, Sell};
    use Direction::{Down, Up};
    match (side, kind) {
        (Side::Short, Kind::Call) => Sign {
            option_price_up_when: Up,
            hedge_holding: 1,
            underlying_up: Buy,
            option_price_rises: Buy,
            gamma: Side::Short,
            effect: Effect::Amplifies,
        },
        (Side::Long, Kind::Call) => Sign {
            option_price_up_when: Up,
            hedge_holding: -1,
            underlying_up: Sell,
            option_price_rises: Sell,
            gamma: Side::Long,
            effect: Effect::Dampens,
        },
        (Side::Short, Kind::Put) => Sign {
            option_price_up_when: Down,
            hedge_holding: -1,
            underlying_up: Buy,
            option_price_rises: Sell,
            gamma: Side::Short,
            effect: Effect::Amplifies,
        },
        (Side::Long, Kind::Put) => Sign {
            option_price_up_when: Down,
            hedge_holding: 1,
            underlying_up: Sell,
            option_price_rises: Buy,
            gamma: Side::Long,
            effect: Effect::Dampens,
        },
    }
}
