//! Auctions simulated a second, through the pure cores.
//!
//! Each format sells one lot to five bidders, again and again, as the games do; a design sells it in
//! every format that it compares. Each answer is held against the naive way in the same run: winner
//! and price against all limits sorted, a descent against a look at every second of it, and the
//! estimates of several threads against those of one, bit for bit.

use crate::draw::Draw;
use crate::print::{Table, grouped, machine, per_second, time};
use crate::runs::Runs;
use crate::{Failure, Options, Result};
use breakwater_simulate::auctions::games::design::{self, Lot, Pricing};
use breakwater_simulate::auctions::games::formats::{self, Sold};
use breakwater_simulate::auctions::games::single_item::{self, Format, TICK};
use breakwater_simulate::auctions::games::{GameError, Trials};
use std::hint::black_box;

/// Bidders of an auction.
const BIDDERS: usize = 5;

/// Sizes of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Auctions a measurement.
    pub auctions: u32,
    /// Times each measurement is taken.
    pub rounds: usize,
    /// Auctions held against the naive way.
    pub judged: u32,
    /// Threads of the last measurements.
    pub threads: u32,
}

impl Plan {
    /// The sizes that the options ask for.
    #[must_use]
    pub fn of(options: &Options) -> Plan {
        let there = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = u32::try_from(there).unwrap_or(1).clamp(2, 256);
        let usual = if options.quick { 500 } else { 100_000 };
        let (rounds, judged) = if options.quick { (1, 200) } else { (5, 5_000) };
        Plan { auctions: options.accounts.unwrap_or(usual), rounds, judged, threads }
    }
}

/// What one measurement gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// What was done.
    pub name: String,
    /// Auctions.
    pub auctions: u64,
    /// Times.
    pub runs: Runs,
}

/// Measures and prints a table.
///
/// # Errors
/// Two answers differ.
pub fn run(options: &Options) -> Result<()> {
    println!("auction_games: {}", machine());
    let mut table =
        Table::new(&["format", "auctions", "auctions/s", "median", "fastest", "slowest"]);
    for figures in measure(&Plan::of(options))? {
        table.row(vec![
            figures.name,
            grouped(figures.auctions),
            per_second(figures.auctions, figures.runs.median()),
            time(figures.runs.median()),
            time(figures.runs.least()),
            time(figures.runs.most()),
        ]);
    }
    println!("{table}");
    println!("One core where no threads are named; the median run counts. Five bidders each.");
    Ok(())
}

/// One auction of a format: the winner, if it tells one, and the price.
type Play = fn(&[f64]) -> std::result::Result<Option<Sold>, GameError>;

/// The figures of every step.
///
/// # Errors
/// Two answers differ.
pub fn measure(plan: &Plan) -> Result<Vec<Figures>> {
    let plays: [(&str, Play, Judge); 6] = [
        ("sealed, second price", |v| formats::sealed(Pricing::Second, v, 0.0), second_price),
        ("sealed, first price", |v| formats::sealed(Pricing::First, v, 0.0), first_price),
        ("English, steps of 1/256", |v| formats::english(v, 0.0, TICK), ascent),
        ("Dutch, 10,000 steps", |v| formats::descent(v, 0.0), every_second),
        ("batch, 2 units", |v| priced(formats::batch_unit_demand(v, 2)), third_price),
        ("batch, money for 4 units", |v| priced(formats::batch_unit_budgets(v, 4)), by_trying),
    ];
    let auctions = values(plan.auctions);
    let mut figures = Vec::new();
    for (name, play, judge) in plays {
        for limits in values(plan.judged) {
            let sold = play(&limits).map_err(failed)?;
            judge(&limits, sold).map_err(|why| Failure::Differs(format!("{name}: {why}")))?;
        }
        let runs = Runs::of(plan.rounds, || {
            for limits in &auctions {
                // Errors were looked for among those judged.
                let _ = black_box(play(black_box(limits)));
            }
        });
        figures.push(Figures { name: name.to_owned(), auctions: auctions.len() as u64, runs });
    }
    figures.extend(threaded(plan)?);
    Ok(figures)
}

/// Whole games and designs, on one thread and on several.
fn threaded(plan: &Plan) -> Result<Vec<Figures>> {
    let lot = Lot::plain(500.0, 200.0, 95_000.0);
    let count = u64::from(plan.auctions);
    let few = (count / 200).max(2);
    let formats = design::formats(&lot).map_err(failed)?.len() as u64;
    let game = |threads| {
        let trials = Trials::new(7, count, threads)?;
        single_item::play(&trials, Format::SecondPrice, 5, 0.0, 0.0)
    };
    let designed = |threads| design::compare(&lot, &Trials::new(7, few, threads)?);
    let several = plan.threads;
    differs("a game", &game(1).map_err(failed)?, &game(several).map_err(failed)?)?;
    differs("a design", &designed(1).map_err(failed)?, &designed(several).map_err(failed)?)?;
    let mut figures = Vec::new();
    for threads in [1, several] {
        let name = match threads {
            1 => "one thread".to_owned(),
            _ => format!("{threads} threads"),
        };
        let runs = Runs::of(plan.rounds, || {
            let _ = black_box(game(threads));
        });
        let game = format!("a game at second price, {name}");
        figures.push(Figures { name: game, auctions: count, runs });
        let runs = Runs::of(plan.rounds, || {
            let _ = black_box(designed(threads));
        });
        let design = format!("a design of {formats} formats, {name}");
        figures.push(Figures { name: design, auctions: few * formats, runs });
    }
    Ok(figures)
}

fn differs<T: PartialEq + std::fmt::Debug>(name: &str, alone: &T, together: &T) -> Result<()> {
    if alone == together {
        return Ok(());
    }
    Err(Failure::Differs(format!("{name}: {alone:?} on one thread, {together:?} on several")))
}

fn failed(error: GameError) -> Failure {
    Failure::Refused { what: "auction", why: error.to_string() }
}

fn priced(
    price: std::result::Result<f64, GameError>,
) -> std::result::Result<Option<Sold>, GameError> {
    price.map(|price| Some(Sold { bidder: usize::MAX, price }))
}

fn values(count: u32) -> Vec<[f64; BIDDERS]> {
    let of = |auction: u32| {
        let mut draw = Draw::new(11, u64::from(auction));
        [0; BIDDERS].map(|_| draw.unit().max(1e-6))
    };
    (0..count).map(of).collect()
}

/// Says what is wrong with an outcome.
type Judge = fn(&[f64], Option<Sold>) -> std::result::Result<(), String>;

fn sorted(limits: &[f64]) -> Vec<(usize, f64)> {
    let mut order: Vec<(usize, f64)> = limits.iter().copied().enumerate().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    order
}

fn holds(
    sold: Option<Sold>,
    winner: Option<usize>,
    least: f64,
    most: f64,
) -> std::result::Result<(), String> {
    let fits = sold.is_some_and(|sold| {
        winner.is_none_or(|winner| winner == sold.bidder) && (least..=most).contains(&sold.price)
    });
    if fits { Ok(()) } else { Err(format!("{sold:?}, and not {winner:?} for {least} to {most}")) }
}

/// A unit of the cores' money.
const UNIT: f64 = 2e-12;

fn second_price(limits: &[f64], sold: Option<Sold>) -> std::result::Result<(), String> {
    let order = sorted(limits);
    holds(sold, Some(order[0].0), order[1].1 - UNIT, order[1].1 + UNIT)
}

fn first_price(limits: &[f64], sold: Option<Sold>) -> std::result::Result<(), String> {
    let order = sorted(limits);
    holds(sold, Some(order[0].0), order[0].1 - UNIT, order[0].1 + UNIT)
}

fn ascent(limits: &[f64], sold: Option<Sold>) -> std::result::Result<(), String> {
    let order = sorted(limits);
    holds(sold, Some(order[0].0), order[1].1 - UNIT, order[1].1 + TICK + UNIT)
}

/// Looks at every second of the descent for the first at which somebody takes.
fn every_second(limits: &[f64], sold: Option<Sold>) -> std::result::Result<(), String> {
    for second in 0..=10_000u32 {
        let price = f64::from(10_000 - second) / 10_000.0;
        let Some(taker) = limits.iter().position(|limit| price <= *limit) else { continue };
        return holds(sold, Some(taker), price - UNIT, price + UNIT);
    }
    Err("nobody takes".to_owned())
}

fn third_price(limits: &[f64], sold: Option<Sold>) -> std::result::Result<(), String> {
    let price = sorted(limits)[2].1;
    holds(sold, None, price * (1.0 - 1e-5), price * (1.0 + 1e-5))
}

/// The price at which money above it buys the supply: tried at every limit and every whole sum.
fn by_trying(limits: &[f64], sold: Option<Sold>) -> std::result::Result<(), String> {
    let sums = (1..=limits.len()).map(|money| money as f64 / 4.0);
    let prices = limits.iter().copied().chain(sums);
    // The least price at which the money of those above it no longer buys more than there is.
    let enough = |price: &f64| {
        let above = limits.iter().filter(|limit| **limit > price + 1e-15).count() as f64;
        above <= 4.0 * price + 1e-12
    };
    let price = prices.filter(enough).fold(f64::INFINITY, f64::min);
    holds(sold, None, price - 1e-9, price + 1e-9)
}
