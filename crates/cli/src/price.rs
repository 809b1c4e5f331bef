//! `breakwater price`: at which prices a position or an account is liquidatable, and what it takes to
//! move them. Nothing needs to be open: a position that is only thought of is asked about alike.
//! Linear and inverse contracts have exact prices; a book with options is looked through.

mod answer;
mod book_file;
mod figure;
mod one;
mod options;
mod text;
mod tiers;

use crate::arguments::{Price, SideName};
use crate::failure::{Failure, Verdict};
use crate::screen::{Paint, Screen};
use breakwater_margin::liquidation_price::CrossAccount;
use breakwater_money::{Rational, rational};
use breakwater_simulate::scenario::read_file;

/// Unit of an account that is kept in the coin its contracts settle in, where it has no other name.
const COIN: &str = "coin";

/// What is asked about, from flags or a file.
struct Asked {
    /// File it came from; none for flags.
    book: Option<String>,
    /// Name of the unit that equity and margin are in.
    unit: String,
    /// The markets, in the order of their first position.
    contracts: Vec<Contract>,
    /// Positions with their markets by index.
    account: CrossAccount,
}

/// One market of the account.
struct Contract {
    name: String,
    mark: Rational,
}

/// Prints the prices.
pub fn run(asked: &Price, screen: &Screen) -> Result<Verdict, Failure> {
    let read = match &asked.book {
        Some(path) => {
            let (name, text) = (path.display().to_string(), read_file(path)?);
            if options::is_option_book(&text) {
                return options::run(&name, &text, asked.distance.as_ref(), screen);
            }
            book_file::read(&name, &text)?
        }
        None => {
            let long = asked.position.side == Some(SideName::Long);
            let whole = |distance: &&Rational| **distance >= rational::from_raw(1, 0);
            if long && asked.distance.as_ref().filter(whole).is_some() {
                return Err(Failure::Usage(
                    "--distance is 100% or more, expected less: a price cannot fall further"
                        .to_owned(),
                ));
            }
            one::read(&asked.position)?
        }
    };
    let answer = answer::of(&read, asked.distance.as_ref())?;
    screen.answer(&text::of(&answer, Paint::for_stdout()), &answer)?;
    Ok(Verdict::Fine)
}
