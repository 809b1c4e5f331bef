//! The prices at which a book of options and futures on one underlying becomes liquidatable.
//!
//! Equity and requirement of such a book are no lines in the price, and their difference may cross
//! zero often, so there is no closed form and no single interval of healthy prices. [`scan`] says what
//! is looked at instead, and what its answers promise.
//!
//! At another price the book is repriced by moving every forward in proportion, each option at the
//! volatility of its mark and the same time to expiry. An option's value at a price is a float's
//! proposal, rounded up for a writer and down for a holder before anything is decided; see
//! [`quantised`]. Nothing else rounds in the account's favour either.
//!
//! Options count in equity at what they are worth. The formula of a short one holds its mark beside
//! the rest, for venues that leave options out of what counts as margin; here that part is taken off,
//! as equity has paid it already:
//!
//! ```text
//! cash >= formula    is    cash - mark >= formula - mark
//! ```

use crate::limits::SizeScaled;
use crate::option::{OptionMarginError, OptionRates, Settled, ShortOption};
use crate::scenario::{
    Expiry, Grid, Holding, Listing, OptionLine, Positions, ScenarioError, Scratch, Table,
};
use breakwater_money::rounding::{
    Rounding, div, div_wide, mul_div, mul_div_full, narrow_i128, narrow_u128, pow10,
};
use breakwater_money::{MoneyError, U256};
use breakwater_options::{Black76, OptionError, Quote, Side, quantised};

/// How the book's requirement follows from its positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement<'a> {
    /// The sum of each position's own: maintenance of short options less their marks, which equity
    /// has paid, and futures by size, those of an expiry netted.
    Standard {
        /// For short options.
        options: &'a OptionRates,
        /// For futures.
        futures: SizeScaled,
    },
    /// Maintenance by the worst scenario.
    Portfolio(&'a Grid),
}

/// An account's positions on one underlying, with what decides when it is liquidated.
#[derive(Debug, Clone)]
pub struct OptionBook<'a> {
    /// The listing at the mark, with the options held alone.
    listing: Listing,
    futures: Vec<Holding>,
    options: Vec<Holding>,
    terms: Terms<'a>,
}

/// What a book is beside its positions.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Raw mark of the underlying, at the listing's price decimals.
    pub mark: u128,
    /// Equity at the listing's marks without the value of options: cash and what futures have gained,
    /// in base units of the settle asset.
    pub balance: i128,
    /// How the requirement follows.
    pub requirement: Requirement<'a>,
    /// Whether equity of exactly the requirement is a breach.
    pub equality_breaches: bool,
}

/// Equity and requirement at a price, in base units of the settle asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What counts in the account's favour, rounded down.
    pub equity: i128,
    /// What it must not fall below, rounded up.
    pub requirement: u128,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionBookError {
    /// A number that no book or scan has. Correct the field.
    #[error("{field} is {found}; {right}")]
    Field {
        /// The field.
        field: &'static str,
        /// What was found.
        found: u128,
        /// What would be right.
        right: &'static str,
    },
    /// The listing, the grid or a holding is refused, or a value is too large for its scale.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// An option's own requirement is refused.
    #[error(transparent)]
    Option(#[from] OptionMarginError),
    /// An option has no value.
    #[error(transparent)]
    Price(#[from] OptionError),
    /// A sum or product left its width.
    #[error("option book: {0}")]
    Money(#[from] MoneyError),
}

type Result<T> = std::result::Result<T, OptionBookError>;

/// An option's value at a price.
struct Valued {
    /// Thousandths of a base unit for one whole unit: for a holder, for a writer.
    low: i128,
    high: i128,
    /// Raw mark, rounded up.
    mark: u128,
}

impl<'a> OptionBook<'a> {
    /// A book of `positions` in the lines of `listing`.
    ///
    /// # Errors
    /// The listing is refused, a holding names no line, or the mark is zero.
    pub fn new(listing: &Listing, positions: &Positions<'_>, terms: Terms<'a>) -> Result<Self> {
        listing.check()?;
        if terms.mark == 0 {
            let right = "a price above zero is right";
            return Err(OptionBookError::Field { field: "mark", found: 0, right });
        }
        let no_line = |list, index, lines| ScenarioError::NoLine { list, index, lines };
        let lines = listing.expiries.len();
        if let Some(holding) = positions.futures.iter().find(|holding| holding.line >= lines) {
            return Err(no_line("futures", holding.line, lines).into());
        }
        let mut held = Vec::new();
        let mut options = Vec::new();
        for Holding { line, quantity } in positions.options {
            let lines = listing.options.len();
            let option = listing.options.get(*line).ok_or(no_line("options", *line, lines))?;
            options.push(Holding { line: held.len(), quantity: *quantity });
            held.push(*option);
        }
        let listing = Listing { options: held, ..listing.clone() };
        Ok(OptionBook { listing, futures: positions.futures.to_vec(), options, terms })
    }

    /// Equity and requirement with the underlying at `price`.
    ///
    /// # Errors
    /// A price of zero, or a value that is too large for its scale there.
    pub fn at(&self, price: u128) -> Result<Standing> {
        let (forwards, valued) = self.repriced(price)?;
        let equity = self.equity_of(&forwards, &valued)?;
        let requirement = match self.terms.requirement {
            Requirement::Standard { options, futures } => {
                self.standard(options, futures, &forwards, &valued)?
            }
            Requirement::Portfolio(grid) => self.portfolio(grid, forwards, &valued)?,
        };
        Ok(Standing { equity, requirement })
    }

    /// Equity alone, in base units rounded down.
    ///
    /// # Errors
    /// See [`OptionBook::at`].
    pub fn equity_at(&self, price: u128) -> Result<i128> {
        let (forwards, valued) = self.repriced(price)?;
        self.equity_of(&forwards, &valued)
    }

    /// The raw marks of the options at `price`, in the order of the positions, rounded up.
    ///
    /// # Errors
    /// See [`OptionBook::at`].
    pub fn marks_at(&self, price: u128) -> Result<Vec<u128>> {
        let (_, valued) = self.repriced(price)?;
        Ok(valued.iter().map(|valued| valued.mark).collect())
    }

    /// Whether the book may be liquidated with the underlying at `price`.
    ///
    /// # Errors
    /// See [`OptionBook::at`].
    pub fn in_breach(&self, price: u128) -> Result<bool> {
        let Standing { equity, requirement } = self.at(price)?;
        Ok(match u128::try_from(equity) {
            Ok(equity) if self.terms.equality_breaches => equity <= requirement,
            Ok(equity) => equity < requirement,
            Err(_) => true,
        })
    }

    /// Forwards, and what the options are worth, with the underlying at `price`.
    fn repriced(&self, price: u128) -> Result<(Vec<Expiry>, Vec<Valued>)> {
        let forwards = self.forwards(price)?;
        let lines = self.listing.options.iter();
        let valued = lines.map(|line| self.value(line, &forwards[line.expiry]));
        let valued = valued.collect::<Result<_>>()?;
        Ok((forwards, valued))
    }

    fn equity_of(&self, forwards: &[Expiry], valued: &[Valued]) -> Result<i128> {
        let gained = self.gained(forwards)?;
        let options = self.options_value(valued)?;
        let equity =
            self.terms.balance.checked_add(gained).and_then(|sum| sum.checked_add(options));
        Ok(equity.ok_or(MoneyError::Overflow)?)
    }

    /// Expiries with their forwards moved as the underlying is, to the nearest raw unit.
    fn forwards(&self, price: u128) -> Result<Vec<Expiry>> {
        if price == 0 {
            let right = "a price above zero is right";
            return Err(OptionBookError::Field { field: "price", found: 0, right });
        }
        let moved = |expiry: &Expiry| {
            let forward = mul_div(expiry.forward, price, self.terms.mark, Rounding::HalfUp)?;
            Ok(Expiry { forward: forward.max(1), ..*expiry })
        };
        self.listing.expiries.iter().map(moved).collect()
    }

    /// What futures gain from their marks to other forwards, rounded down for each.
    fn gained(&self, forwards: &[Expiry]) -> Result<i128> {
        let decimals = self.listing.decimals;
        let power = |decimals| pow10(decimals).map(U256::from);
        let mut gained = 0i128;
        for Holding { line, quantity } in &self.futures {
            let (from, to) = (self.listing.expiries[*line].forward, forwards[*line].forward);
            let size = U256::from(quantity.unsigned_abs()) * power(decimals.settle)?;
            let moved = U256::from(from.abs_diff(to));
            let (moved, per) = match self.listing.settled {
                Settled::Quote => (moved, power(decimals.price)? * power(decimals.size)?),
                Settled::Coin => {
                    // A size over one price less the same over the other; 90 bits each, checked.
                    let product = U256::from(from).checked_mul(U256::from(to));
                    let per = product.and_then(|per| per.checked_mul(power(decimals.size).ok()?));
                    (moved * power(decimals.price)?, per.ok_or(MoneyError::Overflow)?)
                }
            };
            let lost = (*quantity < 0) != (to < from);
            let rounding = if lost { Rounding::Ceil } else { Rounding::Floor };
            let change = narrow_i128(mul_div_full(size, moved, per, rounding)?)?;
            let change = if lost { -change } else { change };
            gained = gained.checked_add(change).ok_or(MoneyError::Overflow)?;
        }
        Ok(gained)
    }

    /// An option at a forward, by its volatility.
    // float: proposes a value with its error; the integers here are on the safe side of both.
    fn value(&self, line: &OptionLine, expiry: &Expiry) -> Result<Valued> {
        let decimals = self.listing.decimals;
        let price = |raw: u128| raw as f64 / scale(decimals.price);
        let option = Black76::new(&Quote {
            kind: line.kind,
            forward: price(expiry.forward),
            strike: price(line.strike),
            years: expiry.seconds.unwrap_or(0) as f64 / 31_536_000.0,
            volatility: line.volatility_ppm as f64 * 1e-6,
            rate: 0.0,
        })?;
        // Twice the bound, as the inputs are floats of integers.
        let (value, error) = match self.listing.settled {
            Settled::Quote => (option.price_undiscounted(), 2.0 * option.price_error()),
            Settled::Coin => (option.coin().price, 2.0 * option.coin_error()),
        };
        let units = scale(decimals.settle + 3);
        let mark = quantised::value_against(Side::Short, value, error, scale(decimals.mark))?;
        Ok(Valued {
            low: quantised::value_against(Side::Long, value, error, units)?,
            high: quantised::value_against(Side::Short, value, error, units)?,
            mark: mark.unsigned_abs(),
        })
    }

    /// What options owned are worth less what is owed for those written, rounded down.
    fn options_value(&self, valued: &[Valued]) -> Result<i128> {
        let mut total = 0i128;
        for Holding { line, quantity } in &self.options {
            let unit = if *quantity > 0 { valued[*line].low } else { valued[*line].high };
            let value = i128::from(*quantity).checked_mul(unit);
            let sum = value.and_then(|value| total.checked_add(value));
            total = sum.ok_or(MoneyError::Overflow)?;
        }
        let per = pow10(self.listing.decimals.size + 3)?;
        let rounding = if total < 0 { Rounding::Ceil } else { Rounding::Floor };
        let value = i128::try_from(div(total.unsigned_abs(), per, rounding)?)
            .map_err(|_| MoneyError::Overflow)?;
        Ok(if total < 0 { -value } else { value })
    }

    /// The sum of each position's own, those of short options without their marks; see the module.
    fn standard(
        &self,
        rates: &OptionRates,
        scaled: SizeScaled,
        forwards: &[Expiry],
        valued: &[Valued],
    ) -> Result<u128> {
        let decimals = self.listing.decimals;
        let mut requirement = 0u128;
        let mut add = |part: u128| {
            requirement = requirement.checked_add(part).ok_or(MoneyError::Overflow)?;
            Ok::<(), OptionBookError>(())
        };
        for holding in self.options.iter().filter(|holding| holding.quantity < 0) {
            let line = &self.listing.options[holding.line];
            let option = ShortOption {
                kind: line.kind,
                settled: self.listing.settled,
                underlying: forwards[line.expiry].forward,
                strike: line.strike,
                mark: valued[holding.line].mark,
                size: holding.quantity.unsigned_abs().into(),
            };
            // A mark of no more than what the formula holds is taken off, rounded down.
            let low = valued[holding.line].low.unsigned_abs();
            let marked = U256::from(option.size) * U256::from(low);
            let marked = div_wide(marked, U256::from(pow10(decimals.size + 3)?), Rounding::Floor)?;
            add(rates.maintenance(&option, decimals)?.saturating_sub(narrow_u128(marked)?))?;
        }
        for (place, expiry) in forwards.iter().enumerate() {
            let held = self.futures.iter().filter(|holding| holding.line == place);
            // Fewer than 2^64 holdings of 64 bits fit 128.
            let net: i128 = held.map(|holding| i128::from(holding.quantity)).sum();
            let value = self.future_value(net.unsigned_abs(), expiry.forward)?;
            let (size, size_decimals) = match self.listing.settled {
                Settled::Quote => (net.unsigned_abs(), decimals.size),
                Settled::Coin => (value, decimals.settle),
            };
            add(scaled.requirement(value, size, size_decimals)?)?;
        }
        Ok(requirement)
    }

    /// The value of a future's raw size at a raw price, in base units rounded up.
    fn future_value(&self, size: u128, price: u128) -> Result<u128> {
        let decimals = self.listing.decimals;
        let power = |decimals| pow10(decimals).map(U256::from);
        let (price, one) = (U256::from(price), power(decimals.price)?);
        let size = U256::from(size) * power(decimals.settle)?;
        let (price, one) = match self.listing.settled {
            Settled::Quote => (price, one),
            Settled::Coin => (one, price),
        };
        let per = one.checked_mul(power(decimals.size)?).ok_or(MoneyError::Overflow)?;
        Ok(narrow_u128(mul_div_full(size, price, per, Rounding::Ceil)?)?)
    }

    fn portfolio(&self, grid: &Grid, forwards: Vec<Expiry>, valued: &[Valued]) -> Result<u128> {
        let lines = self.listing.options.iter().zip(valued);
        let options = lines.map(|(line, valued)| OptionLine { mark: valued.mark, ..*line });
        let Listing { settled, decimals, .. } = self.listing;
        let listing = Listing { settled, decimals, expiries: forwards, options: options.collect() };
        let table = Table::price(grid, &listing)?;
        let positions = Positions { futures: &self.futures, options: &self.options };
        Ok(table.assess(&positions, &mut Scratch::default())?.maintenance)
    }
}

/// `10^decimals`.
// float: a scale, exact up to 22 decimals.
fn scale(decimals: u8) -> f64 {
    (0..decimals).fold(1.0, |power, _| power * 10.0)
}

pub mod scan;

pub use scan::{Breaches, Crossings, Event, Missing, Scan};

#[cfg(test)]
mod tests;
