//! One trial: how the price moves, what the lot is worth to whom, and which transactions land. All
//! formats of a trial live in the same world, so that what tells them apart is the format.

use super::super::chance::{Chance, Purpose};
use super::lot::{Lot, YEAR_S};

/// The world of one trial. Values are shares of the lot's value at the mark.
pub(super) struct World<'a> {
    pub lot: &'a Lot,
    chance: Chance,
    /// Logarithms of the fair price over the mark, by block, as far as anybody has looked.
    logs: Vec<f64>,
    /// By bidder, what the lot is worth to him over the fair price.
    worth: Vec<f64>,
    deviation: f64,
}

/// What a sale came to. Money and values are shares of the lot's value at the mark.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Ended {
    /// Money raised.
    pub paid: f64,
    /// Fair value, when it was sold, of what was sold.
    pub fair: f64,
    /// Seconds until the last of it was sold.
    pub seconds: f64,
    /// Whether the market had to take what the auction did not sell.
    pub unsold: bool,
    /// Whether the auction sold it for less than a hundredth of its fair value.
    pub zero: bool,
}

/// Share of the fair value below which a lot counts as won for nothing.
const NOTHING: f64 = 0.01;

impl<'a> World<'a> {
    pub fn new(lot: &'a Lot, chance: Chance) -> World<'a> {
        let worth = |bidder| 1.0 - lot.spread() * chance.uniform(Purpose::Value, bidder, 0);
        let deviation = lot.volatility * libm::sqrt(f64::from(lot.block_s) / YEAR_S);
        let worth = (0..lot.bidders).map(worth).collect();
        World { lot, chance, logs: vec![0.0], worth, deviation }
    }

    /// Fair price over the mark at a block: a martingale.
    pub fn fair(&mut self, block: u32) -> f64 {
        let mut last = self.logs[self.logs.len() - 1];
        for next in self.logs.len()..=block as usize {
            // Blocks are counted in 32 bits.
            let moved = self.chance.normal(Purpose::Price, 0, next as u32);
            last += self.deviation * (moved - self.deviation / 2.0);
            self.logs.push(last);
        }
        libm::exp(self.logs[block as usize])
    }

    /// What the lot is worth to a bidder over the fair price.
    pub fn worth(&self, bidder: u32) -> f64 {
        self.worth[bidder as usize]
    }

    /// The same less what he keeps in an equilibrium at first price among bidders whose values lie
    /// evenly: a part of one in `n` of how far he lies above the lowest.
    pub fn shaded(&self, bidder: u32) -> f64 {
        let worth = self.worth(bidder);
        worth - (worth - (1.0 - self.lot.spread())) / f64::from(self.lot.bidders)
    }

    /// Whether a bidder's transaction lands in a block.
    pub fn lands(&self, bidder: u32, block: u32) -> bool {
        self.chance.happens(Purpose::Lands, bidder, block, self.lot.inclusion)
    }

    /// The first block of `from..to` in which a bidder's transaction lands.
    pub fn landing(&self, bidder: u32, from: u32, to: u32) -> Option<u32> {
        (from..to).find(|block| self.lands(bidder, *block))
    }

    /// Who comes first in a block.
    pub fn first(&self, block: u32) -> u32 {
        self.chance.pick(Purpose::Order, 0, block, self.lot.bidders)
    }

    /// Bidders in the order of a block.
    pub fn order(&self, block: u32) -> impl Iterator<Item = u32> + use<> {
        let (first, bidders) = (self.first(block), self.lot.bidders);
        (0..bidders).map(move |place| (first + place) % bidders)
    }

    /// Most that a bidder can pay.
    pub fn capital(&self) -> f64 {
        self.lot.capital.map_or(f64::INFINITY, |capital| self.lot.share(capital))
    }

    /// The end of an auction that sold a part of the lot for `paid` in `block`.
    pub fn sold(&mut self, paid: f64, part: f64, block: u32) -> Ended {
        let fair = part * self.fair(block);
        let seconds = f64::from(block) * f64::from(self.lot.block_s);
        Ended { paid, fair, seconds, unsold: false, zero: paid < NOTHING * fair }
    }

    /// Sells as much of `part` of the lot at the market as `wanted` takes, or all of it.
    pub fn at_market(&mut self, part: f64, wanted: f64, block: u32) -> Ended {
        let (price, impact) = (self.fair(block), self.lot.impact());
        let brings = |amount: f64| amount * price * (1.0 - impact * amount);
        // The smaller root of what brings the wanted; the whole part where there is none.
        let root = 1.0 - 4.0 * impact * wanted / price;
        let amount = match root >= 0.0 {
            true if impact > 0.0 => (1.0 - libm::sqrt(root)) / (2.0 * impact),
            true => wanted / price,
            false => f64::INFINITY,
        };
        // Beyond half of the depth more brings less.
        let most = if impact > 0.0 { 0.5 / impact } else { f64::INFINITY };
        let amount = amount.min(part).min(most);
        let seconds = f64::from(block) * f64::from(self.lot.block_s);
        Ended { paid: brings(amount), fair: amount * price, seconds, unsold: true, zero: false }
    }
}

impl Ended {
    /// This and what the market took of the rest.
    pub fn and(self, rest: Ended) -> Ended {
        Ended {
            paid: self.paid + rest.paid,
            fair: self.fair + rest.fair,
            seconds: rest.seconds,
            unsold: self.unsold || rest.unsold,
            zero: self.zero || rest.zero,
        }
    }
}
