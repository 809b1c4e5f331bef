//! What stands on one side of a market, as far as a round must know it.

use super::PooledError;
use breakwater_market::{BandAsksAt, Depth};
use breakwater_money::Price;
use breakwater_money::rounding::{Rounding, mul_div};

/// Fresh depth of one side.
pub trait Quotes {
    /// Largest quantity, base units, of which no part is dealt at a price worse than `worst`. Never
    /// smaller for a price less strict.
    fn within(&self, worst: Price) -> u128;
}

/// What sales meet: any curve of proceeds.
#[derive(Clone, Copy)]
pub struct Bids<'a>(pub &'a dyn Depth);

impl Quotes for Bids<'_> {
    fn within(&self, worst: Price) -> u128 {
        self.0.sellable_above(worst)
    }
}

/// What purchases meet.
#[derive(Debug, Clone, Copy)]
pub struct Asks<'a>(pub BandAsksAt<'a>);

impl Quotes for Asks<'_> {
    fn within(&self, worst: Price) -> u128 {
        self.0.buyable_below(worst)
    }
}

/// One side and what earlier sales have taken from it.
#[derive(Clone, Copy)]
pub struct Standing<'a> {
    /// Fresh depth.
    pub depth: &'a dyn Quotes,
    /// Base units that were consumed and have not recovered: the best of the side is gone first.
    pub consumed: u128,
}

impl Standing<'_> {
    /// Base units that still stand no worse than `worst`.
    #[must_use]
    pub fn within(&self, worst: Price) -> u128 {
        self.depth.within(worst).saturating_sub(self.consumed)
    }
}

/// What of `consumed` has not recovered after another while that brings back `recovery_e18` of it,
/// rounded up: depth is never believed back before it is.
///
/// # Errors
/// A share above one.
pub fn after_recovery(consumed: u128, recovery_e18: u128) -> Result<u128, PooledError> {
    let Some(left) = ONE_E18.checked_sub(recovery_e18) else {
        let expected = "at most 1e18, all of it";
        return Err(PooledError::Field { field: "recovery_e18", value: recovery_e18, expected });
    };
    let overflow = |_| PooledError::Overflow { what: "consumed depth" };
    mul_div(consumed, left, ONE_E18, Rounding::Ceil).map_err(overflow)
}

const ONE_E18: u128 = 1_000_000_000_000_000_000;

/// A quantity at a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Raw, at the mark's decimals.
    pub price: u128,
    /// Base units.
    pub quantity: u128,
}

/// One side of a book as steps, best first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps {
    steps: Vec<Step>,
    bids: bool,
}

impl Steps {
    /// Bids: prices strictly falling.
    ///
    /// # Errors
    /// The first entry that is zero, out of order, or makes the sum too large. No entry at all is a side
    /// on which nothing stands.
    pub fn bids(steps: &[Step]) -> Result<Steps, PooledError> {
        Steps::new(steps, true)
    }

    /// Asks: prices strictly rising.
    ///
    /// # Errors
    /// As [`Steps::bids`].
    pub fn asks(steps: &[Step]) -> Result<Steps, PooledError> {
        Steps::new(steps, false)
    }

    fn new(steps: &[Step], bids: bool) -> Result<Steps, PooledError> {
        let (mut sum, mut last) = (0u128, None);
        for (index, step) in steps.iter().enumerate() {
            let wrong =
                |field, value, expected| PooledError::Step { field, index, value, expected };
            if step.price == 0 {
                return Err(wrong("price", 0, "above zero"));
            }
            if step.quantity == 0 {
                return Err(wrong("quantity", 0, "above zero"));
            }
            let expected = if bids { "below the one before" } else { "above the one before" };
            let follows =
                |before: u128| if bids { step.price < before } else { step.price > before };
            if last.is_some_and(|before| !follows(before)) {
                return Err(wrong("price", step.price, expected));
            }
            let overflow = PooledError::Overflow { what: "the sum of all steps" };
            sum = sum.checked_add(step.quantity).ok_or(overflow)?;
            last = Some(step.price);
        }
        Ok(Steps { steps: steps.to_vec(), bids })
    }

    /// The steps, best first.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Sum of quantity times price of `quantity` dealt after `consumed`; none beyond the last step or
    /// where it does not fit.
    #[must_use]
    pub fn value_after(&self, consumed: u128, quantity: u128) -> Option<u128> {
        let (mut skip, mut left, mut value) = (consumed, quantity, 0u128);
        for step in &self.steps {
            let gone = skip.min(step.quantity);
            skip -= gone;
            let taken = left.min(step.quantity - gone);
            left -= taken;
            value = value.checked_add(taken.checked_mul(step.price)?)?;
        }
        (left == 0).then_some(value)
    }
}

impl Quotes for Steps {
    fn within(&self, worst: Price) -> u128 {
        let stands = |step: &&Step| {
            if self.bids { step.price >= worst.raw } else { step.price <= worst.raw }
        };
        // The sum was checked when the steps were taken.
        self.steps.iter().take_while(stands).fold(0, |sum, step| sum.saturating_add(step.quantity))
    }
}
