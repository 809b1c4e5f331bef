//! What a forced sale does to the price.

use crate::stress::StressError;
use crate::stress::error::{Range, check, check_all};

/// A bid of an order book.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BookLevel {
    /// How far below the price before the sales, as a share of it, 0 to below 1.
    pub below: f64,
    /// Units bid for.
    pub units: f64,
}

/// How a price answers to units sold. Amounts are units of the collateral.
#[derive(Debug, Clone, PartialEq)]
pub enum Impact {
    /// Nothing moves it.
    None,
    /// The price times `exp(-Q / depth)`: splitting a sale changes nothing.
    Exponential {
        /// Units that move it by a factor of e.
        depth: f64,
    },
    /// The price times `1 - Q / depth`, never below 0.
    Linear {
        /// Units that take it to 0 at once.
        depth: f64,
    },
    /// The square-root law of a metaorder: `log` of the price has fallen by
    /// `coefficient (S / volume)^exponent` after `S` units in all. Coefficient is the law's Y times
    /// volatility (share of the price a day), volume that of the same day, the exponent about a half.
    Power {
        /// Y times volatility, a share.
        coefficient: f64,
        /// Units traded in the time that the volatility is of.
        volume: f64,
        /// Above 0 and at most 1.
        exponent: f64,
    },
    /// A pool with constant product and a fee on what comes in; its price is that of the reserves, and
    /// the fee stays outside of them.
    Reserves {
        /// Units in the pool at the start.
        base: f64,
        /// Share of what is sold that is not swapped, 0 to below 1.
        fee: f64,
    },
    /// An order book: the price is that of the bid at which all sales together end. Beyond the last bid
    /// there is none; the price stays there and what found no bid is told by [`Market::unsold`].
    Book {
        /// From the best down.
        levels: Vec<BookLevel>,
        /// Share of what was consumed that is bid for again after each round, 0 to 1.
        refill: f64,
    },
}

impl Impact {
    /// Whether the model has such an impact.
    ///
    /// # Errors
    /// The field that it has not.
    pub fn validate(&self) -> Result<(), StressError> {
        match self {
            Impact::None => Ok(()),
            Impact::Exponential { depth } | Impact::Linear { depth } => {
                check("depth", *depth, Range::AboveZero)
            }
            Impact::Power { coefficient, volume, exponent } => {
                check("coefficient", *coefficient, Range::ZeroOrMore)?;
                check("volume", *volume, Range::AboveZero)?;
                check("exponent", *exponent, Range::SomeShare)
            }
            Impact::Reserves { base, fee } => {
                check("base", *base, Range::AboveZero)?;
                check("fee", *fee, Range::PartShare)
            }
            Impact::Book { levels, refill } => {
                check("refill", *refill, Range::Share)?;
                check_all("levels.units", levels.iter().map(|l| l.units), Range::AboveZero)?;
                check_all("levels.below", levels.iter().map(|l| l.below), Range::PartShare)?;
                if levels.is_empty() {
                    let right = "at least one bid is right".to_owned();
                    return Err(StressError::Length { field: "levels", found: 0, right });
                }
                let falls = |pair: &[BookLevel]| matches!(pair, [a, b] if b.below < a.below);
                match levels.windows(2).position(falls) {
                    None => Ok(()),
                    Some(at) => Err(StressError::Entry {
                        field: "levels.below",
                        index: at + 1,
                        value: levels.get(at + 1).map_or(0.0, |level| level.below),
                        right: "no bid is better than the one before it",
                    }),
                }
            }
        }
    }
}

/// A price and what has been sold into it.
#[derive(Debug, Clone, PartialEq)]
pub struct Market {
    impact: Impact,
    /// The price as it stands.
    price: f64,
    /// The price of which bids and metaorders count their distance.
    reference: f64,
    /// Net units sold since; a refill takes off it.
    sold: f64,
    /// Units that found no bid.
    unsold: f64,
}

impl Market {
    /// A market at a price.
    ///
    /// # Errors
    /// The impact or the price is none.
    pub fn new(price: f64, impact: Impact) -> Result<Market, StressError> {
        impact.validate()?;
        check("price", price, Range::AboveZero)?;
        Ok(Market { impact, price, reference: price, sold: 0.0, unsold: 0.0 })
    }

    /// The price as it stands.
    #[must_use]
    pub fn price(&self) -> f64 {
        self.price
    }

    /// Units sold that found no bid.
    #[must_use]
    pub fn unsold(&self) -> f64 {
        self.unsold
    }

    /// Something else moves the price to `price`, and what bids are measured from with it.
    pub fn shift(&mut self, price: f64) {
        if self.price > 0.0 && price.is_finite() && price >= 0.0 {
            self.reference *= price / self.price;
            self.price = price;
        }
    }

    /// Sells `units` of 0 or more, and returns the price after it.
    pub fn sell(&mut self, units: f64) -> f64 {
        if units <= 0.0 {
            return self.price;
        }
        let before = self.sold;
        self.sold += units;
        self.price = match &self.impact {
            Impact::None => self.price,
            Impact::Exponential { depth } => self.price * libm::exp(-units / depth),
            Impact::Linear { depth } => (self.price * (1.0 - units / depth)).max(0.0),
            Impact::Power { coefficient, volume, exponent } => {
                let law = |sold: f64| coefficient * libm::pow(sold / volume, *exponent);
                self.price * libm::exp(law(before) - law(self.sold))
            }
            Impact::Reserves { base, fee } => {
                let held = |sold: f64| base + sold * (1.0 - fee);
                let ratio = held(before) / held(self.sold);
                self.price * ratio * ratio
            }
            Impact::Book { levels, .. } => {
                let bid: f64 = levels.iter().map(|level| level.units).sum();
                let over = (self.sold - bid).max(0.0);
                self.unsold += over;
                self.sold -= over;
                self.reference * (1.0 - level_at(levels, self.sold).below)
            }
        };
        self.price
    }

    /// Buys back `units` of 0 or more: the inverse of [`Market::sell`], for impacts that have one that
    /// does not depend on the order. Others leave the price where it is and return none.
    pub fn buy(&mut self, units: f64) -> Option<f64> {
        if let (Impact::Exponential { depth }, true) = (&self.impact, units >= 0.0) {
            self.price *= libm::exp(units / depth);
            self.sold -= units;
            return Some(self.price);
        }
        None
    }

    /// What comes back between two rounds. Only a book refills.
    pub fn rest(&mut self) -> f64 {
        if let Impact::Book { levels, refill } = &self.impact {
            self.sold *= 1.0 - refill;
            self.price = self.reference * (1.0 - level_at(levels, self.sold).below);
        }
        self.price
    }
}

/// The bid that is best once `sold` units are gone: the last one when nothing is left.
fn level_at(levels: &[BookLevel], sold: f64) -> BookLevel {
    let (mut depth, mut best) = (0.0, BookLevel { below: 0.0, units: 0.0 });
    for level in levels {
        best = *level;
        depth += level.units;
        if sold < depth {
            break;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn market(impact: Impact) -> Market {
        Market::new(100.0, impact).unwrap()
    }

    #[test]
    fn splitting_a_sale_changes_nothing_where_the_price_depends_on_the_sum() {
        for impact in [
            Impact::None,
            Impact::Exponential { depth: 50.0 },
            Impact::Power { coefficient: 0.2, volume: 80.0, exponent: 0.5 },
            Impact::Reserves { base: 60.0, fee: 0.003 },
        ] {
            let (mut once, mut split) = (market(impact.clone()), market(impact.clone()));
            once.sell(30.0);
            for part in [5.0, 20.0, 5.0] {
                split.sell(part);
            }
            assert!((once.price() / split.price() - 1.0).abs() < 1e-13, "{impact:?}");
            assert!(once.price() < 100.0 || impact == Impact::None);
        }
        // Linear impact compounds: two halves move less than one whole.
        let (mut once, mut split) =
            (market(Impact::Linear { depth: 50.0 }), market(Impact::Linear { depth: 50.0 }));
        once.sell(30.0);
        split.sell(15.0);
        split.sell(15.0);
        assert_eq!((once.price(), split.price()), (40.0, 49.0));
        assert_eq!(once.sell(1_000.0), 0.0);
    }

    #[test]
    fn a_pool_keeps_its_product_and_a_square_root_law_its_figure() {
        let mut pool = market(Impact::Reserves { base: 100.0, fee: 0.0 });
        // Reserves of 100 and 10,000: after 25 units there are 125 and 8,000.
        assert!((pool.sell(25.0) - 64.0).abs() < 1e-12);
        // Y 1, volatility 2 %, a hundredth of the volume: 20 basis points at the peak.
        let law = Impact::Power { coefficient: 0.02, volume: 100.0, exponent: 0.5 };
        assert!((libm::log(100.0 / market(law).sell(1.0)) - 0.002).abs() < 1e-15);
    }

    #[test]
    fn a_book_is_walked_refills_and_says_what_found_no_bid() {
        let levels = vec![
            BookLevel { below: 0.0, units: 10.0 },
            BookLevel { below: 0.01, units: 10.0 },
            BookLevel { below: 0.05, units: 20.0 },
        ];
        let mut book = market(Impact::Book { levels: levels.clone(), refill: 0.5 });
        assert_eq!((book.sell(9.0), book.sell(1.0)), (100.0, 99.0));
        assert_eq!(book.rest(), 100.0);
        assert_eq!(book.sell(15.0), 95.0);
        assert_eq!((book.sell(30.0), book.unsold()), (95.0, 10.0));
        assert_eq!(book.rest(), 95.0);
        assert_eq!(book.rest(), 99.0);
        let climbing = vec![levels[1], levels[0]];
        let error = Impact::Book { levels: climbing, refill: 0.5 }.validate().unwrap_err();
        assert!(error.to_string().contains("levels.below[1] is 0.0"));
        assert!(Impact::Book { levels: vec![], refill: 0.5 }.validate().is_err());
    }

    #[test]
    fn a_round_trip_of_sale_and_purchase_ends_where_it_began() {
        let mut there = market(Impact::Exponential { depth: 50.0 });
        there.sell(10.0);
        assert!((there.buy(10.0).unwrap() - 100.0).abs() < 1e-12);
        assert_eq!(market(Impact::None).buy(1.0), None);
        assert!(Impact::Linear { depth: 0.0 }.validate().is_err());
        assert!(Market::new(0.0, Impact::None).is_err());
    }
}
