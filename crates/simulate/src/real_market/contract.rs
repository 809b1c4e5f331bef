//! What a unit of a feed's quantity is.

use breakwater_market::book_feed::FeedLevel;

/// What quantities and prices of a feed mean together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Contract {
    /// Quantities are of the base asset, priced in the quote.
    #[default]
    Linear,
    /// Quantities are contracts of so many whole units of the quote, settled in the base: a contract
    /// sold at a price stands for that amount over the price of the base.
    Inverse {
        /// Quote units a contract.
        face: u64,
    },
}

/// Ten to the 24th: a contract over a price keeps 24 digits more than the price has.
const INVERSE_SCALE: u128 = 1_000_000_000_000_000_000_000_000;

/// What fills came to, in whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filled {
    /// Quantity.
    pub quantity: u64,
    /// Sum of quantity times raw price.
    pub value: u128,
    /// Sum of quantity over raw price, times ten to the 24th, each floored. Zero of linear fills.
    pub over_price: u128,
    /// Price of the worst level.
    pub worst: Option<u64>,
}

impl Contract {
    /// Adds a part.
    pub fn add(self, filled: &mut Filled, part: FeedLevel) {
        let quantity = u128::from(part.quantity);
        filled.quantity = filled.quantity.saturating_add(part.quantity);
        filled.value = filled.value.saturating_add(quantity * u128::from(part.price));
        if let Contract::Inverse { .. } = self {
            // A quantity that fills 64 bits leaves room for 19 digits of scale; those are not kept.
            let scaled = quantity.saturating_mul(INVERSE_SCALE);
            let over = scaled / u128::from(part.price.max(1));
            filled.over_price = filled.over_price.saturating_add(over);
        }
        filled.worst = Some(part.price);
    }

    /// The average price in raw units: of linear fills the arithmetic, of inverse fills the harmonic
    /// mean. None of nothing filled.
    #[must_use]
    pub fn average(self, filled: &Filled) -> Option<f64> {
        if filled.quantity == 0 {
            return None;
        }
        let quantity = filled.quantity as f64;
        Some(match self {
            Contract::Linear => filled.value as f64 / quantity,
            Contract::Inverse { .. } => {
                quantity * (INVERSE_SCALE as f64) / filled.over_price as f64
            }
        })
    }

    /// Units of the base in `quantity` at a mid of `mid` quote a base.
    #[must_use]
    pub fn base(self, quantity: f64, mid: f64) -> f64 {
        match self {
            Contract::Linear => quantity,
            Contract::Inverse { face } => quantity * face as f64 / mid,
        }
    }
}
