//! A book of options and futures on one underlying, all of it moved by that underlying's price.
//!
//! Equity and requirement are no lines in the price, so that prices are found by looking
//! ([`breakwater_margin::option_book::scan`]) and an answer says what was looked at.

mod answer;
mod file;
mod rows;
mod rule;
mod text;

use crate::failure::{Failure, Verdict};
use crate::screen::{Paint, Screen};
use breakwater_margin::option_book::Scan;
use breakwater_margin::scenario::{Holding, Listing};
use breakwater_money::Rational;

pub use file::is_option_book;

/// Most ticks looked at on both sides: beyond, a step or tick that was written too small is likelier.
const LOOKS_MAX: usize = 200_000;

/// What a file asks about.
struct Asked {
    book: String,
    /// Name of the asset that equity and margin are in.
    unit: String,
    /// Name of the underlying, whose price moves everything.
    underlying: String,
    /// The positions as they are told.
    held: Vec<answer::Held>,
    listing: Listing,
    futures: Vec<Holding>,
    options: Vec<Holding>,
    /// Cash and what futures have gained, in base units of the settle asset.
    balance: i128,
    /// Raw mark of the underlying.
    mark: u128,
    rule: rule::Rule,
    scan: Scan,
    /// How many ticks the scan looks at where it finds nothing.
    looks: usize,
}

/// Answers for the book in `text`, the content of the file `name`.
pub fn run(
    name: &str,
    text: &str,
    distance: Option<&Rational>,
    screen: &Screen,
) -> Result<Verdict, Failure> {
    let asked = file::read(name, text)?;
    let answer = answer::of(&asked, distance)?;
    screen.answer(&text::of(&answer, Paint::for_stdout()), &answer)?;
    Ok(Verdict::Fine)
}
