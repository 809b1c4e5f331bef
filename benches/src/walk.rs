//! Prices that move: a random walk on all markets, and gaps.

use crate::draw::Draw;
use breakwater_engine::Body;
use breakwater_market::{MarketId, Quote, Tick};
use breakwater_money::Time;

/// Stream of the moves; accounts of a book use the streams of their numbers.
const MOVE_STREAM: u64 = 1 << 41;

/// How far a price moves from one tick to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moves {
    /// Deviation of one step, in parts of the price.
    pub deviation: f64,
}

impl Moves {
    /// Five basis points a tick.
    pub const VOLATILE: Moves = Moves { deviation: 5e-4 };
    /// A twentieth of a basis point a tick.
    pub const STABLE: Moves = Moves { deviation: 5e-6 };
}

/// The walk of all markets, in order of number.
#[derive(Debug, Clone, PartialEq)]
pub struct Walk {
    draw: Draw,
    decimals: u8,
    markets: Vec<(u128, Moves)>,
    sequence: u64,
}

impl Walk {
    /// A walk without markets yet; prices have `decimals`.
    #[must_use]
    pub fn new(seed: u64, decimals: u8) -> Walk {
        Walk { draw: Draw::new(seed, MOVE_STREAM), decimals, markets: Vec::new(), sequence: 0 }
    }

    /// Adds the next market at its first price.
    pub fn add(&mut self, price: u128, moves: Moves) {
        self.markets.push((price, moves));
    }

    /// A tick at `price`, from which the market walks on.
    pub fn tick(&mut self, at: Time, market: MarketId, price: u128) -> Body {
        self.sequence += 1;
        if let Some((last, _)) = self.markets.get_mut(market.index()) {
            *last = price;
        }
        Body::Tick(Tick {
            market,
            quote: Quote::Single(price),
            decimals: self.decimals,
            sequence: self.sequence,
            observed_at: at,
        })
    }

    /// The next step: one market, drawn evenly, moves by its deviation times a normal number.
    pub fn step(&mut self, at: Time) -> Body {
        let chosen = self.draw.below(self.markets.len() as u64);
        // Markets are numbered in 16 bits.
        let market = MarketId(u16::try_from(chosen).unwrap_or(u16::MAX));
        let (price, moves) =
            self.markets.get(market.index()).copied().unwrap_or((1, Moves::STABLE));
        let moved = price as f64 * (1.0 + moves.deviation * self.draw.normal());
        self.tick(at, market, (moved.round() as u128).max(1))
    }

    /// One market falls at once to `percent` of its price.
    pub fn gap(&mut self, at: Time, market: MarketId, percent: u32) -> Body {
        let (price, _) = self.markets.get(market.index()).copied().unwrap_or((1, Moves::STABLE));
        self.tick(at, market, (price * u128::from(percent) / 100).max(1))
    }
}
