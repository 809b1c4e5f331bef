//! What is looked at to find a book's prices, and what an answer promises.
//!
//! - Ticks are looked at outward from the mark, the distance between two growing by
//!   [`Scan::step_bps`] of the price (at least a tick). The first one at which something is the case
//!   that is not at the mark, and the one looked at before it, are then halved down to neighbouring
//!   ticks.
//! - So at the answer it is the case and at the next tick towards the mark it is not: always. That it is
//!   the case at no tick nearer holds where it does not come and go within one step. A step of zero
//!   looks at every tick and has no such limit.
//!
//! A mark between two ticks stands in, on either side, for the next tick on its far side.

use super::{OptionBook, OptionBookError, Result};
use breakwater_money::MoneyError;
use breakwater_money::rounding::{Rounding, div, mul_div};

/// Where and how finely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scan {
    /// Raw tick of the underlying's price.
    pub tick: u128,
    /// Distance between two ticks looked at, as a share of the price; zero for every tick.
    pub step_bps: u32,
    /// The lowest price looked at; at least a tick.
    pub lowest: u128,
    /// The highest.
    pub highest: u128,
}

/// What may be the case at a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The book may be liquidated.
    Breach,
    /// Equity is zero or less: nothing is left of it.
    Bankruptcy,
}

/// Where an event begins or ends, seen from the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crossings {
    /// Whether it is the case at the mark.
    pub at_mark: bool,
    /// The first tick found below the mark at which it is otherwise: a raw price.
    pub lower: Option<u128>,
    /// The same above the mark.
    pub upper: Option<u128>,
}

/// Where a book is in breach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaches {
    /// At the mark already.
    AtMark,
    /// Away from it, if anywhere in the range of the scan: raw prices.
    Away {
        /// Of a falling market.
        lower: Option<u128>,
        /// Of a rising one.
        upper: Option<u128>,
    },
}

/// What a book lacks on the way to a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// The least to add, in base units of the settle asset; below zero if so much can be taken out.
    pub margin: i128,
    /// Raw price at which it is needed, the nearest to the mark of equals.
    pub needed_at: u128,
    /// Raw price to which was looked: the wanted one, or the next tick further from the mark.
    pub end: u128,
}

impl Scan {
    /// How many ticks are looked at on both sides of a mark, where nothing is found: none if more
    /// than `most`.
    ///
    /// # Errors
    /// A tick of zero.
    pub fn looks(&self, mark: u128, most: usize) -> Result<Option<usize>> {
        let [lower, upper] = self.ways(mark)?;
        let mut looks = 0usize;
        for step in lower.into_iter().chain(upper) {
            step?;
            if looks == most {
                return Ok(None);
            }
            looks += 1;
        }
        Ok(Some(looks))
    }

    /// The ways down and up from a mark to the ends of the range, where there is one.
    fn ways(&self, mark: u128) -> Result<[Way; 2]> {
        let lowest = div(self.lowest.max(1), self.checked_tick()?, Rounding::Ceil)?;
        let highest = div(self.highest, self.tick, Rounding::Floor)?;
        let below = div(mark, self.tick, Rounding::Ceil)?;
        let above = div(mark, self.tick, Rounding::Floor)?;
        // A range on the other side of the mark has nothing to find.
        Ok([self.way(below, lowest.min(below)), self.way(above, highest.max(above))])
    }

    const fn way(&self, at: u128, end: u128) -> Way {
        Way { at, end, step_bps: self.step_bps }
    }

    fn checked_tick(&self) -> Result<u128> {
        let right = "a tick above zero is right";
        let zero = OptionBookError::Field { field: "tick", found: 0, right };
        if self.tick == 0 { Err(zero) } else { Ok(self.tick) }
    }

    fn price(&self, tick: u128) -> Result<u128> {
        Ok(tick.checked_mul(self.tick).ok_or(MoneyError::Overflow)?)
    }
}

/// The ticks looked at from one, which is left out, to another, which is the last; by their numbers.
#[derive(Debug, Clone, Copy)]
struct Way {
    at: u128,
    end: u128,
    step_bps: u32,
}

impl Iterator for Way {
    type Item = Result<u128>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at == self.end {
            return None;
        }
        let step = match mul_div(self.at, self.step_bps.into(), 10_000, Rounding::Floor) {
            Ok(step) => step.max(1),
            Err(error) => {
                self.at = self.end;
                return Some(Err(error.into()));
            }
        };
        self.at = match self.end < self.at {
            true => self.at.saturating_sub(step).max(self.end),
            false => self.at.saturating_add(step).min(self.end),
        };
        Some(Ok(self.at))
    }
}

impl OptionBook<'_> {
    /// Whether something is the case with the underlying at `price`.
    ///
    /// # Errors
    /// See [`OptionBook::at`].
    pub fn is_case(&self, event: Event, price: u128) -> Result<bool> {
        match event {
            Event::Breach => self.in_breach(price),
            Event::Bankruptcy => Ok(self.equity_at(price)? <= 0),
        }
    }

    /// The first ticks found on either side of the mark at which it is otherwise than at the mark; see
    /// the module for what that promises.
    ///
    /// # Errors
    /// A scan without a tick, or a value that is too large at a price looked at.
    pub fn crossings(&self, event: Event, scan: &Scan) -> Result<Crossings> {
        let [lower, upper] = scan.ways(self.terms.mark)?;
        let at_mark = self.is_case(event, self.terms.mark)?;
        let first = |way| self.first(scan, way, |price| Ok(self.is_case(event, price)? != at_mark));
        Ok(Crossings { at_mark, lower: first(lower)?, upper: first(upper)? })
    }

    /// The first ticks found in breach on either side of the mark.
    ///
    /// # Errors
    /// See [`OptionBook::crossings`].
    pub fn liquidation_prices(&self, scan: &Scan) -> Result<Breaches> {
        scan.checked_tick()?;
        if self.in_breach(self.terms.mark)? {
            return Ok(Breaches::AtMark);
        }
        let Crossings { lower, upper, .. } = self.crossings(Event::Breach, scan)?;
        Ok(Breaches::Away { lower, upper })
    }

    /// The first tick found on the way at which it is `otherwise` than at its start.
    fn first(
        &self,
        scan: &Scan,
        way: Way,
        otherwise: impl Fn(u128) -> Result<bool>,
    ) -> Result<Option<u128>> {
        let mut same = way.at;
        for next in way {
            let mut other = next?;
            if !otherwise(scan.price(other)?)? {
                same = other;
                continue;
            }
            while same.abs_diff(other) > 1 {
                let middle = same.min(other) + (same.abs_diff(other) >> 1);
                if otherwise(scan.price(middle)?)? { other = middle } else { same = middle }
            }
            return Ok(Some(scan.price(other)?));
        }
        Ok(None)
    }

    /// The least margin with which the book is in breach neither at the mark nor at any tick looked at
    /// from there to `end`, that one included: with it the same scan finds none, and with a base unit
    /// less one of those ticks is in breach. An end between two ticks is taken as the one further from
    /// the mark; the range of the scan does not bound it.
    ///
    /// ```text
    /// margin = max over ticks of (requirement - equity), and a base unit where equality is a breach
    /// ```
    ///
    /// # Errors
    /// A scan without a tick, an end below the first tick, or a value that is too large on the way.
    pub fn margin_to(&self, end: u128, scan: &Scan) -> Result<Missing> {
        let mark = self.terms.mark;
        let falling = end < mark;
        let (near, far) = match falling {
            true => (Rounding::Ceil, Rounding::Floor),
            false => (Rounding::Floor, Rounding::Ceil),
        };
        let last = div(end, scan.checked_tick()?, far)?;
        if last == 0 {
            let right = "a price of at least a tick is right";
            return Err(OptionBookError::Field { field: "end", found: end, right });
        }
        let start = div(mark, scan.tick, near)?;
        let mut missing =
            Missing { margin: self.missing_at(mark)?, needed_at: mark, end: scan.price(last)? };
        for tick in scan.way(start, last) {
            let price = scan.price(tick?)?;
            let margin = self.missing_at(price)?;
            if margin > missing.margin {
                missing = Missing { margin, needed_at: price, ..missing };
            }
        }
        Ok(missing)
    }

    /// The least that must be added so that there is no breach at `price`.
    fn missing_at(&self, price: u128) -> Result<i128> {
        let standing = self.at(price)?;
        let required = i128::try_from(standing.requirement).map_err(|_| MoneyError::Overflow)?;
        let missing = required.checked_sub(standing.equity);
        let beyond = i128::from(self.terms.equality_breaches);
        Ok(missing.and_then(|missing| missing.checked_add(beyond)).ok_or(MoneyError::Overflow)?)
    }
}

#[cfg(test)]
mod tests;
