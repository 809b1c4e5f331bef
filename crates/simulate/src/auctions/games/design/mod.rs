//! Which auction to hold for a lot: each format played on the same prices, bidders and congestion.
//!
//! The fair price is a geometric Brownian motion without drift. Bidders value the lot evenly between it
//! and a spread below, land a transaction in a block with one probability, and ask for what it costs
//! them to stand by a bid while the price moves. What an auction does not sell in three rounds is sold
//! at the market, at its impact. So a long auction bears the price's moves, a short one loses bidders
//! to congestion, and a sale at the market pays for its depth at once.

mod dutch;
mod english;
mod lot;
mod rank;
mod sealed;
#[cfg(test)]
mod tests;
mod world;

pub use breakwater_auction::sealed::Pricing;
pub use dutch::{Decay, choose_decay};
pub use lot::{Lot, YEAR_S};
pub use rank::{Because, Recommendation, recommend};

use super::{Estimate, GameError, Trials};
use dutch::Prepared;
use world::{Ended, World};

/// Rounds of an auction, the first included, after which the market takes the rest.
const ROUNDS: u32 = 3;

/// How a price falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// By the same share every block.
    Stairs,
    /// In a straight line.
    Line,
}

/// A format with its parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Format {
    /// Rising bids that win when nobody beats them for a lifetime; the end is six of them away.
    English {
        /// Seconds.
        lifetime_s: u32,
    },
    /// A falling price.
    Dutch {
        /// First price over the mark.
        start: f64,
        /// How it falls.
        shape: Shape,
        /// Seconds after which it starts again.
        tail_s: u32,
        /// Rate of decay, chosen by the closed form.
        decay: Decay,
    },
    /// Sealed bids, with so many seconds to commit and as many to reveal.
    Sealed {
        /// What the winner pays.
        pricing: Pricing,
        /// Seconds.
        window_s: u32,
    },
    /// Orders of a window at one price.
    Batch {
        /// Seconds.
        window_s: u32,
    },
    /// No auction.
    Market,
}

/// What a format is expected to do. Money in the lot's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alternative {
    /// The format.
    pub format: Format,
    /// Paid, of the fair value of what was sold when it was sold.
    pub revenue: Estimate,
    /// Money missing of what is wanted.
    pub shortfall: Estimate,
    /// Fair value of what was sold that was not paid for, money.
    pub loss: Estimate,
    /// Seconds until the last of it is sold.
    pub seconds: Estimate,
    /// How often the market had to take something.
    pub unsold: Estimate,
    /// How often it went for less than a hundredth of its value.
    pub zero: Estimate,
}

/// Figures of one format in a trial.
const FIGURES: usize = 6;

/// Lifetimes of bids that are compared, seconds.
const LIFETIMES_S: [u32; 5] = [600, 1_800, 3_600, 10_800, 21_600];
/// First prices of descents that are compared, over the mark.
const STARTS: [f64; 3] = [1.02, 1.05, 1.2];
/// Their longest lives, seconds.
const TAILS_S: [u32; 2] = [1_200, 7_200];
/// Windows of sealed bids and of batches, seconds.
const WINDOWS_S: [u32; 2] = [600, 3_600];

/// The formats that are compared for a lot. A descent for which no rate of decay is met in time is left
/// out.
///
/// # Errors
/// A lot that makes no sense.
pub fn formats(lot: &Lot) -> Result<Vec<Format>, GameError> {
    lot.check()?;
    let mut formats: Vec<Format> =
        LIFETIMES_S.iter().map(|lifetime_s| Format::English { lifetime_s: *lifetime_s }).collect();
    for start in STARTS {
        for tail_s in TAILS_S {
            let Some(decay) = choose_decay(lot, start, tail_s)? else { continue };
            for shape in [Shape::Stairs, Shape::Line] {
                formats.push(Format::Dutch { start, shape, tail_s, decay });
            }
        }
    }
    for pricing in [Pricing::First, Pricing::Second] {
        for window_s in WINDOWS_S {
            formats.push(Format::Sealed { pricing, window_s });
        }
    }
    formats.extend(WINDOWS_S.iter().map(|window_s| Format::Batch { window_s: *window_s }));
    formats.push(Format::Market);
    Ok(formats)
}

/// Plays every format of [`formats`] in every trial.
///
/// # Errors
/// A lot that makes no sense.
pub fn compare(lot: &Lot, trials: &Trials) -> Result<Vec<Alternative>, GameError> {
    play(lot, &formats(lot)?, trials)
}

/// Plays these formats in every trial, on the same prices, values and landings.
///
/// # Errors
/// A lot that makes no sense.
pub fn play(lot: &Lot, formats: &[Format], trials: &Trials) -> Result<Vec<Alternative>, GameError> {
    lot.check()?;
    let prepared =
        formats.iter().map(|format| prepare(lot, format)).collect::<Result<Vec<_>, _>>()?;
    let found = trials.run_wide(formats.len() * FIGURES, |chance, figures| {
        let mut world = World::new(lot, chance);
        let rows = figures.chunks_exact_mut(FIGURES);
        for ((format, prepared), row) in formats.iter().zip(&prepared).zip(rows) {
            row.copy_from_slice(&measured(lot, &sell(&mut world, format, prepared.as_ref())?));
        }
        Ok(())
    })?;
    let alternative = |(format, row): (&Format, &[Estimate])| Alternative {
        format: *format,
        revenue: row[0],
        shortfall: row[1],
        loss: row[2],
        seconds: row[3],
        unsold: row[4],
        zero: row[5],
    };
    Ok(formats.iter().zip(found.chunks_exact(FIGURES)).map(alternative).collect())
}

fn prepare(lot: &Lot, format: &Format) -> Result<Option<Prepared>, GameError> {
    match *format {
        Format::Dutch { start, shape, tail_s, decay } => {
            Prepared::new(lot, start, shape, decay.log_decay_per_s, tail_s).map(Some)
        }
        _ => Ok(None),
    }
}

fn sell(
    world: &mut World<'_>,
    format: &Format,
    prepared: Option<&Prepared>,
) -> Result<Ended, GameError> {
    match (*format, prepared) {
        (Format::English { lifetime_s }, _) => english::sell(world, lifetime_s),
        (Format::Dutch { .. }, Some(prepared)) => dutch::sell(world, prepared),
        (Format::Sealed { pricing, window_s }, _) => sealed::sell(world, pricing, window_s),
        (Format::Batch { window_s }, _) => sealed::sell_batch(world, window_s),
        (Format::Market | Format::Dutch { .. }, _) => {
            let wanted = world.lot.share(world.lot.debt);
            Ok(Ended { unsold: false, ..world.at_market(1.0, wanted, 0) })
        }
    }
}

fn measured(lot: &Lot, ended: &Ended) -> [f64; FIGURES] {
    let value = lot.value();
    let wanted = lot.share(lot.debt);
    let flag = |on: bool| f64::from(u8::from(on));
    let revenue = if ended.fair > 0.0 { ended.paid / ended.fair } else { 0.0 };
    [
        revenue,
        // A unit of the cores' money is no shortfall.
        if wanted - ended.paid > 1e-9 { (wanted - ended.paid) * value } else { 0.0 },
        (ended.fair - ended.paid) * value,
        ended.seconds,
        flag(ended.unsold),
        flag(ended.zero),
    ]
}
