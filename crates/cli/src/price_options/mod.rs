//! `breakwater price-options`: what options are worth and how that changes, one by flags or a book
//! from a file, and the volatilities of quoted prices. Nothing here decides: values are floats.

mod answer;
pub mod arguments;
mod fields;
mod row;
mod text;

use crate::failure::{Failure, Verdict};
use crate::screen::{Paint, Screen};
use arguments::PriceOptions;
use breakwater_simulate::scenario::read_file;
use fields::Fields;
use row::Valued;

/// Prints values, greeks and totals.
pub fn run(asked: &PriceOptions, screen: &Screen) -> Result<Verdict, Failure> {
    let as_of = asked.as_of.as_deref().map(moment).transpose()?;
    let stated = asked.option.stated();
    let (book, options) = match &asked.book {
        Some(path) => {
            let name = path.display().to_string();
            let options = fields::of_book(&name, &read_file(path)?, &stated)?;
            (Some(name), options)
        }
        None => (None, vec![Fields::of_flags(&stated)]),
    };
    let mut valued: Vec<Valued> = Vec::with_capacity(options.len());
    for (index, fields) in options.into_iter().enumerate() {
        let row = row::read(fields, index + 1, as_of)?;
        valued.push(match asked.implied {
            true => row.inverted(asked.steps)?,
            false => row.priced(asked.steps)?,
        });
    }
    let answer = answer::of(book, &valued);
    if let Some(path) = &asked.csv {
        answer::write_csv(path, &answer)?;
    }
    screen.answer(&text::of(&answer, Paint::for_stdout()), &answer)?;
    Ok(Verdict::Fine)
}

fn moment(text: &str) -> Result<i64, Failure> {
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    parsed.map(jiff::Timestamp::as_second).map_err(|_| {
        let right = "a moment with its offset, such as 2026-01-02T08:00:00Z";
        Failure::Usage(format!("--as-of is '{text}': expected {right}"))
    })
}
