//! Options priced a second, on one core: a book of many strikes and expiries in columns against one
//! option at a time, and volatilities of prices the same ways and by the crate `implied-vol`.
//!
//! Columns are held against single options at full size, within the bounds that the library states,
//! and volatilities against those that the prices were made with. A machine's widest steps are
//! taken with `RUSTFLAGS="-C target-cpu=native"`; the answers have the same bits either way.

use crate::draw::Draw;
use crate::print::{Table, grouped, machine, per_second, time};
use crate::runs::Runs;
use crate::{Failure, Options, Result};
use breakwater_options::columns::{
    Book, GREEKS_ERROR, IMPLIED_ERROR, Prices, Status, Values, greeks_into, implied_into,
};
use breakwater_options::{Black76, Implied, Kind, PriceQuote, Quote, implied_volatility};
use implied_vol::{DefaultSpecialFn, ImpliedBlackVolatility};
use std::hint::black_box;

/// Sizes of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Options in the book.
    pub options: u32,
    /// Times each measurement is taken.
    pub rounds: usize,
}

impl Plan {
    /// The sizes that the options ask for: a book of 4,096 stays in a core's own memory.
    #[must_use]
    pub fn of(options: &Options) -> Plan {
        let usual = if options.quick { 500 } else { 4_096 };
        Plan {
            options: options.accounts.unwrap_or(usual),
            rounds: if options.quick { 2 } else { 201 },
        }
    }
}

/// What one measurement gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// What was done.
    pub name: &'static str,
    /// Options in the book.
    pub options: u64,
    /// Times.
    pub runs: Runs,
}

/// Measures and prints a table.
///
/// # Errors
/// Two answers differ by more than the library states.
pub fn run(options: &Options) -> Result<()> {
    println!("option_prices: {}", machine());
    let mut table = Table::new(&["step", "options", "options/s", "median", "fastest"]);
    for figures in measure(&Plan::of(options))? {
        table.row(vec![
            figures.name.to_owned(),
            grouped(figures.options),
            per_second(figures.options, figures.runs.median()),
            time(figures.runs.median()),
            time(figures.runs.least()),
        ]);
    }
    println!("{table}");
    println!("One core; the median run counts. Greeks: price, delta, gamma, vega, theta.");
    Ok(())
}

/// A book of options in both forms, with its undiscounted prices.
struct Asked {
    quotes: Vec<Quote>,
    prices: Vec<PriceQuote>,
}

/// Options on one underlying: 70 % to 140 % of the forward, a week to two years, 10 % to 150 %.
fn asked(count: u32) -> Result<Asked> {
    let mut draw = Draw::new(11, 4);
    let mut asked = Asked { quotes: Vec::new(), prices: Vec::new() };
    for _ in 0..count {
        let kind = if draw.below(2) == 0 { Kind::Call } else { Kind::Put };
        let forward = 55_000.0 + 10_000.0 * draw.unit();
        let strike = forward * (0.7 + 0.7 * draw.unit());
        let years = 0.02 + 2.0 * draw.unit();
        let volatility = 0.1 + 1.4 * draw.unit();
        let quote = Quote { kind, forward, strike, years, volatility, rate: 0.06 * draw.unit() };
        let price = Black76::new(&quote).map_err(refused)?.price_undiscounted();
        asked.quotes.push(quote);
        asked.prices.push(PriceQuote { kind, forward, strike, years, price });
    }
    Ok(asked)
}

fn refused(why: breakwater_options::OptionError) -> Failure {
    Failure::Refused { what: "option", why: why.to_string() }
}

/// The figures of every step.
///
/// # Errors
/// Two answers differ by more than the library states.
pub fn measure(plan: &Plan) -> Result<Vec<Figures>> {
    let asked = asked(plan.options)?;
    let mut figures = greeks(plan, &asked.quotes)?;
    figures.extend(implied(plan, &asked)?);
    Ok(figures)
}

fn greeks(plan: &Plan, quotes: &[Quote]) -> Result<Vec<Figures>> {
    let column = |of: fn(&Quote) -> f64| quotes.iter().map(of).collect::<Vec<f64>>();
    let (sign, forward) = (column(|quote| quote.kind.sign()), column(|quote| quote.forward));
    let (strike, years) = (column(|quote| quote.strike), column(|quote| quote.years));
    let (volatility, rate) = (column(|quote| quote.volatility), column(|quote| quote.rate));
    let book = Book {
        sign: &sign,
        forward: &forward,
        strike: &strike,
        years: &years,
        volatility: &volatility,
        rate: &rate,
    };
    let mut out: [Vec<f64>; 5] = std::array::from_fn(|_| vec![0.0; quotes.len()]);
    let columns = Runs::of(plan.rounds, || {
        let [price, delta, gamma, vega, theta] = &mut out;
        let mut values = Values { price, delta, gamma, vega, theta };
        // A refusal is found below, where every value is held against its own.
        let _ = greeks_into(black_box(&book), &mut values);
    });
    let mut alone = vec![[0.0; 5]; quotes.len()];
    let single = Runs::of(plan.rounds, || {
        for (quote, out) in black_box(quotes).iter().zip(&mut alone) {
            if let Ok(option) = Black76::new(quote) {
                let (price, delta, gamma) = (option.price(), option.delta(), option.gamma());
                *out = [price, delta, gamma, option.vega(), option.theta()];
            }
        }
    });
    for (at, (quote, right)) in quotes.iter().zip(&alone).enumerate() {
        let Quote { forward, strike, years, volatility, rate, .. } = *quote;
        let (more, less, root) = (forward.max(strike), forward.min(strike), libm::sqrt(years));
        let gamma = less / forward / forward / (volatility * root);
        let decay = rate.abs() * more + less * volatility / (2.0 * root);
        let scales = [more, 1.0, gamma, less * root, decay];
        for ((column, right), scale) in out.iter().zip(right).zip(scales) {
            let found = column[at];
            // What is no number is not near either.
            let near = (found - right).abs() <= GREEKS_ERROR * scale;
            if !near {
                return Err(Failure::Differs(format!(
                    "{quote:?}: {found:e} in a column, {right:e}"
                )));
            }
        }
    }
    let options = quotes.len() as u64;
    Ok(vec![
        Figures { name: "price and four greeks, in columns", options, runs: columns },
        Figures { name: "price and four greeks, one at a time", options, runs: single },
    ])
}

fn implied(plan: &Plan, asked: &Asked) -> Result<Vec<Figures>> {
    let quotes = asked.prices.as_slice();
    let column = |of: fn(&PriceQuote) -> f64| quotes.iter().map(of).collect::<Vec<f64>>();
    let (sign, forward) = (column(|quote| quote.kind.sign()), column(|quote| quote.forward));
    let (strike, years) = (column(|quote| quote.strike), column(|quote| quote.years));
    let price = column(|quote| quote.price);
    let prices =
        Prices { sign: &sign, forward: &forward, strike: &strike, years: &years, price: &price };
    let (mut found, mut status) = (vec![0.0; quotes.len()], vec![Status::Underflow; quotes.len()]);
    let columns = Runs::of(plan.rounds, || {
        let _ = implied_into(black_box(&prices), &mut found, &mut status);
    });
    let mut alone = vec![Implied::Underflow; quotes.len()];
    let single = Runs::of(plan.rounds, || {
        for (quote, out) in black_box(quotes).iter().zip(&mut alone) {
            if let Ok(implied) = implied_volatility(quote) {
                *out = implied;
            }
        }
    });
    let mut theirs = vec![0.0; quotes.len()];
    let peer = Runs::of(plan.rounds, || {
        for (quote, out) in black_box(quotes).iter().zip(&mut theirs) {
            *out = peers(quote).unwrap_or(f64::NAN);
        }
    });
    for (at, (quote, right)) in asked.quotes.iter().zip(&alone).enumerate() {
        let Implied::Volatility { volatility, condition } = *right else {
            // In the money by so much that its price says nothing of volatility.
            continue;
        };
        let scale = condition.max(1.0);
        let near = |found: f64, bound: f64| (found / volatility - 1.0).abs() <= bound * scale;
        let error = 64.0 * f64::EPSILON * quote.forward.max(quote.strike) / quotes[at].price;
        let same = near(found[at], IMPLIED_ERROR) && near(theirs[at], IMPLIED_ERROR);
        if !(same && near(quote.volatility, error + 64.0 * f64::EPSILON)) {
            let told =
                format!("{quote:?}: {} in a column, {volatility}, {}", found[at], theirs[at]);
            return Err(Failure::Differs(told));
        }
    }
    let options = quotes.len() as u64;
    Ok(vec![
        Figures { name: "implied volatility, in columns", options, runs: columns },
        Figures { name: "implied volatility, one at a time", options, runs: single },
        Figures { name: "implied volatility, crate implied-vol", options, runs: peer },
    ])
}

/// The volatility by the crate `implied-vol` (Jaeckel, Let's be rational, Wilmott 2015, in Rust).
fn peers(quote: &PriceQuote) -> Option<f64> {
    let asked = ImpliedBlackVolatility::builder()
        .forward(quote.forward)
        .strike(quote.strike)
        .expiry(quote.years)
        .option_price(quote.price)
        .is_call(quote.kind == Kind::Call)
        .build()?;
    asked.calculate::<DefaultSpecialFn>()
}
