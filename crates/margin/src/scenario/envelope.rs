//! How far a requirement can move while prices stay near their marks and little time passes.
//!
//! The watch list leaves an account alone until a price has moved by what its slack allows, so that it
//! must know the most that any move within some reach can do. The worst of a grid is not linear, but it
//! is bounded by sums. With `x` the share by which a price moves, `m` an option's own mark and `q` its
//! size, the loss in a scenario is
//!
//! ```text
//! loss_s = sum q m - G_s(prices, time)        G_s the book's value in the scenario
//! ```
//!
//! - **Marks** of options move on their own. Their sum enters every scenario alike and exactly.
//! - **Forwards**: the slope of `G_s` by each price lies, over the whole reach, between two sums: those
//!   of the options' own least and largest slopes, which are slopes at the ends of the reach since
//!   values are convex (see [`cells`]). This is delta with what gamma may add until then, netted over
//!   the book.
//! - **Time** moves `G_s` between the values at the ends of each deviation, at the forwards of now.
//! - **Charges** are shares of sizes, whose slopes are bounded alike (see [`charged`]).
//!
//! The requirement is the largest of the scenarios' losses and a minimum, so that it moves by no more
//! than the one of them that moves most. Those that stay below another one over the whole reach are
//! never the largest and are left out.
//!
//! Everything here is rounded outwards: slopes, time and rounding may be stated too large, never too
//! small. In coin, slopes are by `1/F`, which moves by `x / (1 - x)`.

mod cells;
mod charged;

use super::account::floor;
use super::charges::share_bps;
use super::grid::require;
use super::table::mark;
use super::{FINER_DECIMALS, ONE_BPS, Positions, ScenarioError, Scratch, Table};
use crate::option::Settled;
use breakwater_money::MoneyError;
use breakwater_money::rounding::{Rounding, mul_div, pow10};
use cells::Cells;

/// How far an envelope reaches.
#[derive(Debug, Clone, Copy)]
pub struct Reach<'a> {
    /// For each expiry of the listing the place, from 0, of the price that is its forward. Expiries of
    /// one price move together, those of different ones on their own.
    pub sources: &'a [usize],
    /// How far each price, and each option's own mark, may move from where it is, in basis points of
    /// it; below 10,000.
    pub bps: u32,
    /// How many seconds may pass. An expiry with a second left or less keeps it.
    pub seconds: u64,
}

/// How much a requirement changes at most for a price's move by the whole of itself, in base units of
/// the settle asset; in proportion for less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Slope {
    /// A rise adds at most this, and a fall takes away at most this.
    pub up: u128,
    /// A fall adds at most this, and a rise takes away at most this.
    pub down: u128,
}

/// How far the maintenance requirement of an account may be from what it is, within a [`Reach`]: with
/// `x` the share by which each price, and `z` that by which each option's mark moves,
///
/// ```text
/// rise <= sum over prices of  (x > 0: up x, x < 0: down |x|)
///         + marks / 1e8 sum over options of max(0, value z)  +  time + rounding
/// fall <= sum over prices of  (x > 0: down x, x < 0: up |x|)
///         + marks / 1e8 sum over options of max(0, -value z) +  time + rounding
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// By price, in the order of [`Reach::sources`].
    pub slopes: Vec<Slope>,
    /// Share of an option's signed value at its mark, in 1e-8, that the requirement follows at most.
    pub marks_e8: u64,
    /// What time alone moves the requirement by at most, in base units.
    pub time: u128,
    /// How far rounding may set one requirement apart from another, in base units.
    pub rounding: u128,
}

/// Two signed ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Range {
    low: i128,
    high: i128,
}

/// Something that the requirement is the largest of: a scenario, or the minimum.
#[derive(Debug, Clone, Default)]
struct Candidate {
    /// At least what it is.
    top: i128,
    /// At most what it is, where it is known.
    bottom: Option<i128>,
    /// How far rounding may raise it.
    rounding: i128,
    /// Share of the options' own marks that it follows.
    marks_bps: u32,
    slopes: Vec<Slope>,
    time: Slope,
}

/// Parts of the bound before the share that maintenance is of all.
#[derive(Debug, Default)]
struct Parts {
    slopes: Vec<Slope>,
    marks_bps: u32,
    time: Slope,
    rounding: u128,
}

impl Table {
    /// The envelope of an account's maintenance requirement.
    ///
    /// # Errors
    /// As [`Table::assess`]; a reach of 10,000 basis points or more, or without a price for each
    /// expiry; slopes too large to state, where any move may do anything.
    pub fn envelope(
        &self,
        positions: &Positions<'_>,
        reach: &Reach<'_>,
    ) -> Result<Envelope, ScenarioError> {
        reach.check(self.listing.expiries.len())?;
        let mut scratch = Scratch::default();
        let minimum = self.assess(positions, &mut scratch)?.minimum;
        let cells = Cells::new(self, positions, reach)?;
        let width = reach.sources.iter().max().map_or(0, |most| most + 1);
        let off = cells.rounding()?;
        let mut candidates = vec![self.least(positions, reach, minimum, width)?];
        for (scenario, loss) in scratch.losses.iter().enumerate() {
            let mut slopes = vec![Range::default(); width];
            let time = cells.profits(scenario, &mut slopes)?;
            self.add_futures(positions, reach, scenario, &mut slopes)?;
            let moves = Moves { slopes, time, off };
            candidates.push(self.candidate(scenario, *loss, reach, &moves)?);
        }
        let marks = reach.part(self.marks(positions)?)?;
        let mut parts = largest(&candidates, marks, reach, width)?;
        self.add_charges(positions, reach, (&cells, &scratch), &mut parts)?;
        Ok(self.maintained(&parts)?)
    }

    /// A scenario's loss: what its profit may lose is what the loss may gain.
    fn candidate(
        &self,
        scenario: usize,
        loss: i128,
        reach: &Reach<'_>,
        moves: &Moves,
    ) -> Result<Candidate, ScenarioError> {
        let dampened = self.grid.extended.as_ref().filter(|_| self.scenarios[scenario].extended);
        let share = dampened.map_or(ONE_BPS, |extended| extended.factor_bps);
        let part = |range: &Range| -> Result<Slope, MoneyError> {
            let (lost, gained) = (range.low.min(0), range.high.max(0));
            let part = |amount: i128| share_bps(amount.unsigned_abs(), share);
            Ok(Slope { up: part(lost)?, down: part(gained)? })
        };
        let slopes = moves.slopes.iter().map(|range| reach.stretched(self, part(range)?));
        // Three for the sums and two for what dampens.
        let rounding = signed(more(share_bps(moves.off, share)?, 5)?)?;
        let bottom = loss.checked_sub(rounding).ok_or(MoneyError::Overflow)?;
        Ok(Candidate {
            // What is dampened counts from nothing upwards; how far below it is, is not known.
            top: if dampened.is_some() { loss.max(0) } else { loss },
            bottom: (dampened.is_none() || loss > 0).then_some(bottom),
            rounding,
            marks_bps: share,
            slopes: slopes.collect::<Result<_, _>>()?,
            time: part(&moves.time)?,
        })
    }

    /// What futures gain in a scenario, by their own prices: `N k` in quote, where `N` moves with the
    /// price; in coin `N k / (1 + k)`, where it moves against it.
    fn add_futures(
        &self,
        positions: &Positions<'_>,
        reach: &Reach<'_>,
        scenario: usize,
        slopes: &mut [Range],
    ) -> Result<(), ScenarioError> {
        let move_bps = self.scenarios[scenario].move_bps;
        let (factor, kept) = match self.listing.settled {
            Settled::Quote => (move_bps, ONE_BPS),
            // Moves were checked to be above -10,000.
            Settled::Coin => (-move_bps, ONE_BPS.saturating_add_signed(move_bps)),
        };
        for holding in positions.futures {
            let value = self.future_value(holding)?;
            let at = |value| floor(value, factor.into(), u128::from(kept) * 1_000_000_000);
            let (one, other) = (at(value.low)?, at(value.high)?);
            let range = Range { low: one.min(other), high: one.max(other) };
            slopes[reach.sources[holding.line]].add(range.wider()?)?;
        }
        Ok(())
    }

    /// Values of all options at their marks, whichever side they are held on, in base units.
    fn marks(&self, positions: &Positions<'_>) -> Result<u128, ScenarioError> {
        let scale = pow10(self.listing.decimals.size + FINER_DECIMALS)?;
        let mut sum = 0u128;
        for held in positions.options {
            let line = &self.listing.options[held.line];
            let one = mark(&self.listing, line, Rounding::Ceil)?.unsigned_abs();
            let value = mul_div(one, held.quantity.unsigned_abs().into(), scale, Rounding::Ceil)?;
            sum = sum.checked_add(value).ok_or(MoneyError::Overflow)?;
        }
        Ok(sum)
    }

    /// The share that maintenance is of loss and charges.
    fn maintained(&self, parts: &Parts) -> Result<Envelope, MoneyError> {
        let share = self.grid.maintenance_bps;
        let part = |amount: u128| share_bps(amount, share);
        let slope = |slope: &Slope| -> Result<Slope, MoneyError> {
            Ok(Slope { up: part(slope.up)?, down: part(slope.down)? })
        };
        Ok(Envelope {
            slopes: parts.slopes.iter().map(slope).collect::<Result<_, _>>()?,
            // Two of 32 bits.
            marks_e8: u64::from(parts.marks_bps) * u64::from(share),
            time: part(parts.time.up.max(parts.time.down))?,
            rounding: more(part(parts.rounding)?, 1)?,
        })
    }
}

/// The candidates that may be the largest somewhere within the reach, and the most that any of them
/// moves: `marks` is what the options' marks may move by.
///
/// One that ends below another's least is never the largest: the options' marks move both, so that
/// only what they follow differently counts between them.
fn largest(
    candidates: &[Candidate],
    marks: u128,
    reach: &Reach<'_>,
    width: usize,
) -> Result<Parts, MoneyError> {
    let mut swings = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let moved = candidate
            .slopes
            .iter()
            .try_fold(0u128, |sum, slope| more(sum, reach.part(slope.up.max(slope.down))?))?;
        swings.push(signed(moved)?);
    }
    let over = |left: i128, right: u128| -> Result<i128, MoneyError> {
        left.checked_add(signed(right)?).ok_or(MoneyError::Overflow)
    };
    let mut parts = Parts { slopes: vec![Slope::default(); width], ..Parts::default() };
    for (candidate, swing) in candidates.iter().zip(&swings) {
        parts.rounding = parts.rounding.max(candidate.rounding.unsigned_abs());
        let top = over(candidate.top, candidate.time.up)?;
        let top = top.checked_add(*swing).ok_or(MoneyError::Overflow)?;
        let mut below = false;
        for (other, swing) in candidates.iter().zip(&swings) {
            let Some(bottom) = other.bottom else { continue };
            let apart = share_bps(marks, candidate.marks_bps.abs_diff(other.marks_bps))?;
            let apart = over(over(*swing, other.time.down)?, apart)?;
            let bottom = bottom.checked_sub(apart).ok_or(MoneyError::Overflow)?;
            below |= top < bottom;
        }
        if !below {
            parts.widen(candidate);
        }
    }
    Ok(parts)
}

/// What may move the parts of one scenario, or of the minimum.
struct Moves {
    slopes: Vec<Range>,
    time: Range,
    off: u128,
}

impl Parts {
    fn widen(&mut self, candidate: &Candidate) {
        for (most, slope) in self.slopes.iter_mut().zip(&candidate.slopes) {
            *most = Slope { up: most.up.max(slope.up), down: most.down.max(slope.down) };
        }
        self.marks_bps = self.marks_bps.max(candidate.marks_bps);
        self.time.up = self.time.up.max(candidate.time.up);
        self.time.down = self.time.down.max(candidate.time.down);
    }

    fn add_slope(&mut self, source: usize, slope: Slope) -> Result<(), MoneyError> {
        self.slopes[source].add(slope)
    }

    fn add_rounding(&mut self, rounding: u128) -> Result<(), MoneyError> {
        self.rounding = more(self.rounding, rounding)?;
        Ok(())
    }
}

impl Slope {
    fn add(&mut self, other: Slope) -> Result<(), MoneyError> {
        *self = Slope { up: more(self.up, other.up)?, down: more(self.down, other.down)? };
        Ok(())
    }
}

impl Range {
    fn add(&mut self, other: Range) -> Result<(), MoneyError> {
        self.low = self.low.checked_add(other.low).ok_or(MoneyError::Overflow)?;
        self.high = self.high.checked_add(other.high).ok_or(MoneyError::Overflow)?;
        Ok(())
    }

    /// A unit more at both ends.
    fn wider(self) -> Result<Range, MoneyError> {
        let (low, high) = (self.low.checked_sub(1), self.high.checked_add(1));
        let (low, high) = low.zip(high).ok_or(MoneyError::Overflow)?;
        Ok(Range { low, high })
    }

    /// The larger magnitude of both ends.
    fn magnitude(self) -> u128 {
        self.low.unsigned_abs().max(self.high.unsigned_abs())
    }
}

impl Reach<'_> {
    fn check(&self, expiries: usize) -> Result<(), ScenarioError> {
        let right = "below 10000 is right";
        require("reach.bps", self.bps.into(), self.bps < ONE_BPS, right)?;
        let right = "a price for each expiry of the listing is right";
        let found = i64::try_from(self.sources.len()).unwrap_or(i64::MAX);
        require("reach.sources", found, self.sources.len() == expiries, right)?;
        // A place without a use costs a row; more places than expiries have no use.
        let largest = self.sources.iter().max().copied().unwrap_or(0);
        let found = i64::try_from(largest).unwrap_or(i64::MAX);
        let right = "places below the number of expiries are right";
        require("reach.sources", found, largest < expiries.max(1), right)
    }

    /// Seconds that an expiry may have left at the end.
    fn left(&self, seconds: u64) -> u64 {
        seconds.saturating_sub(self.seconds).max(seconds.min(1))
    }

    /// What a slope comes to at the end of the reach.
    fn part(&self, slope: u128) -> Result<u128, MoneyError> {
        share_bps(slope, self.bps)
    }

    /// Slopes in coin are by one over the price, which moves by up to `x / (1 - x)`.
    fn stretched(&self, table: &Table, slope: Slope) -> Result<Slope, MoneyError> {
        if table.listing.settled == Settled::Quote {
            return Ok(slope);
        }
        let (one, kept) = (u128::from(ONE_BPS), u128::from(ONE_BPS - self.bps));
        let stretch = |amount| mul_div(amount, one, kept, Rounding::Ceil);
        Ok(Slope { up: stretch(slope.up)?, down: stretch(slope.down)? })
    }
}

fn signed(amount: u128) -> Result<i128, MoneyError> {
    i128::try_from(amount).map_err(|_| MoneyError::Overflow)
}

fn more(left: u128, right: u128) -> Result<u128, MoneyError> {
    left.checked_add(right).ok_or(MoneyError::Overflow)
}

#[cfg(test)]
mod tests;
