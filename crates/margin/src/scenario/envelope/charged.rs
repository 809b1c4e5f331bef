//! How far charges and the minimum move: shares of sizes, and of sizes less a threshold, move by no more
//! than that share of what the sizes do.

use super::super::charges::{share_bps, share_e9};
use super::super::listing::YEAR_SECONDS;
use super::super::{Positions, ScenarioError, Scratch, Table};
use super::cells::Cells;
use super::{Candidate, Parts, Range, Reach, Slope, more, signed};
use crate::option::Settled;
use breakwater_money::MoneyError;
use breakwater_money::rounding::{Rounding, mul_div};

/// How the exposures of one expiry may move.
struct Exposed {
    expiry: usize,
    /// At most, for a move of its price by the whole of itself.
    slope: u128,
    /// At most, with time.
    time: u128,
    /// At most what it is, within the reach.
    most: u128,
}

impl Table {
    /// The minimum, or nothing where the grid has none: a loss is never taken as less.
    pub(super) fn least(
        &self,
        positions: &Positions<'_>,
        reach: &Reach<'_>,
        minimum: u128,
        width: usize,
    ) -> Result<Candidate, ScenarioError> {
        let mut slopes = vec![Slope::default(); width];
        let rounding = match &self.grid.charges.minimum {
            None => 0,
            Some(charge) => {
                let most = charge.tiers.iter().map(|tier| tier.multiplier).max().unwrap_or(0);
                let part = |value: u128, rate_e9: u64| -> Result<u128, MoneyError> {
                    let part = share_e9(value, rate_e9)?.checked_mul(most.into());
                    part.ok_or(MoneyError::Overflow)
                };
                for held in positions.futures {
                    let value = self.future_value(held)?.magnitude()?;
                    let slope = self.by_price(part(value, charge.futures_e9)?, reach)?;
                    slopes[reach.sources[held.line]].add(slope)?;
                }
                for held in positions.options.iter().filter(|held| held.quantity < 0) {
                    let value = self.underlying(held.quantity.unsigned_abs().into(), held.line)?;
                    let slope = self.of_forward(part(value, charge.short_options_e9)?);
                    slopes[self.source_of(reach, held.line)].add(slope)?;
                }
                // Two of each value and one of its share.
                let one =
                    more(part(2, charge.futures_e9.max(charge.short_options_e9))?, most.into())?;
                self.times_held(positions, one)?
            }
        };
        let (top, rounding) = (signed(minimum)?, signed(rounding)?);
        Ok(Candidate {
            top,
            bottom: Some(top - rounding),
            rounding,
            slopes,
            ..Candidate::default()
        })
    }

    /// Adds what comes on top of the largest.
    pub(super) fn add_charges(
        &self,
        positions: &Positions<'_>,
        reach: &Reach<'_>,
        (cells, scratch): (&Cells, &Scratch),
        parts: &mut Parts,
    ) -> Result<(), ScenarioError> {
        let charges = &self.grid.charges;
        if charges.short_option_e9 > 0 {
            for held in positions.options.iter().filter(|held| held.quantity < 0) {
                let value = self.underlying(held.quantity.unsigned_abs().into(), held.line)?;
                let slope = self.of_forward(share_e9(value, charges.short_option_e9)?);
                parts.add_slope(self.source_of(reach, held.line), slope)?;
            }
            parts.add_rounding(self.rounded(positions, charges.short_option_e9)?)?;
        }
        if charges.offset_futures_e9 > 0 {
            for held in positions.futures {
                let value = self.future_value(held)?.magnitude()?;
                let part = share_e9(value, charges.offset_futures_e9)?;
                parts.add_slope(reach.sources[held.line], self.by_price(part, reach)?)?;
            }
            parts.add_rounding(self.rounded(positions, charges.offset_futures_e9)?)?;
        }
        if charges.roll.is_some() || charges.concentration.is_some() {
            let exposed = self.exposed(positions, reach, cells, scratch)?;
            self.add_roll(reach, &exposed, cells, parts)?;
            self.add_concentration(reach, &exposed, (cells, scratch), parts)?;
        }
        Ok(())
    }

    /// How each expiry's exposure moves: futures with their values, options with their deltas.
    fn exposed(
        &self,
        positions: &Positions<'_>,
        reach: &Reach<'_>,
        cells: &Cells,
        scratch: &Scratch,
    ) -> Result<Vec<Exposed>, ScenarioError> {
        let expiries = self.listing.expiries.len();
        let (mut slopes, mut times) =
            (vec![Range::default(); expiries], vec![Range::default(); expiries]);
        cells.deltas(&mut slopes, &mut times)?;
        for held in positions.futures {
            let value = self.future_value(held)?.magnitude()?;
            let value = if held.quantity >= 0 { signed(value)? } else { -signed(value)? };
            // In coin it is less where the price is more. A unit for the value itself.
            let value = if self.listing.settled == Settled::Coin { -value } else { value };
            slopes[held.line].add(Range { low: value, high: value }.wider()?)?;
        }
        let mut all = Vec::new();
        for (expiry, (slope, time)) in slopes.iter().zip(&times).enumerate() {
            let slope = Slope { up: slope.magnitude(), down: 0 };
            // By the logarithm of the price, of a size that is itself larger where the price is less.
            let slope = reach.stretched(self, reach.stretched(self, slope)?)?.up;
            let mut now = scratch.futures[expiry];
            now.add(scratch.deltas[expiry])?;
            let moved = more(reach.part(slope)?, time.magnitude())?;
            let most = more(now.magnitude()?, moved)?;
            all.push(Exposed { expiry, slope, time: time.magnitude(), most });
        }
        Ok(all)
    }

    /// Expiries that end are charged a rate that falls with time.
    fn add_roll(
        &self,
        reach: &Reach<'_>,
        exposed: &[Exposed],
        cells: &Cells,
        parts: &mut Parts,
    ) -> Result<(), ScenarioError> {
        let Some(roll) = self.grid.charges.roll else { return Ok(()) };
        let off = cells.rounding()?;
        for Exposed { expiry, slope, time, most } in exposed {
            let Some(seconds) = self.listing.expiries[*expiry].seconds else { continue };
            let both = roll.charge(*slope, seconds)?;
            parts.add_slope(reach.sources[*expiry], Slope { up: both, down: both })?;
            let gone = share_bps(*most, roll.annual_bps)?;
            let gone = mul_div(gone, reach.seconds.into(), YEAR_SECONDS.into(), Rounding::Ceil)?;
            let moved = roll.charge(*time, seconds)?;
            let down = more(moved, gone)?;
            parts.time.add(Slope { up: moved, down })?;
            // What the exposure is off, a unit of it, and one each of both products.
            parts.add_rounding(more(roll.charge(more(off, 2)?, seconds)?, 2)?)?;
        }
        Ok(())
    }

    /// A share of what all expiries together exceed: nothing where they do not, whatever moves.
    fn add_concentration(
        &self,
        reach: &Reach<'_>,
        exposed: &[Exposed],
        (cells, scratch): (&Cells, &Scratch),
        parts: &mut Parts,
    ) -> Result<(), ScenarioError> {
        let Some(concentration) = self.grid.charges.concentration else { return Ok(()) };
        let mut net = super::super::account::Exposure::default();
        for exposure in scratch.futures.iter().chain(&scratch.deltas) {
            net.add(*exposure)?;
        }
        let off = cells.rounding()?;
        let mut most = more(net.magnitude()?, more(off, 2)?)?;
        for Exposed { slope, time, .. } in exposed {
            most = more(most, more(reach.part(*slope)?, *time)?)?;
        }
        if most <= concentration.above {
            return Ok(());
        }
        let part = |amount: u128| share_bps(amount, concentration.rate_bps);
        for Exposed { expiry, slope, time, .. } in exposed {
            let both = part(*slope)?;
            parts.add_slope(reach.sources[*expiry], Slope { up: both, down: both })?;
            let moved = part(*time)?;
            parts.time.add(Slope { up: moved, down: moved })?;
        }
        Ok(parts.add_rounding(more(part(more(off, 2)?)?, 1)?)?)
    }

    /// The slope of a share of a future's value: with its price in quote, against it in coin.
    fn by_price(&self, part: u128, reach: &Reach<'_>) -> Result<Slope, MoneyError> {
        match self.listing.settled {
            Settled::Quote => Ok(Slope { up: part, down: 0 }),
            Settled::Coin => reach.stretched(self, Slope { up: 0, down: part }),
        }
    }

    /// The slope of a share of an option's underlying, which is a number of coins in coin.
    fn of_forward(&self, part: u128) -> Slope {
        match self.listing.settled {
            Settled::Quote => Slope { up: part, down: 0 },
            Settled::Coin => Slope::default(),
        }
    }

    fn source_of(&self, reach: &Reach<'_>, option: usize) -> usize {
        reach.sources[self.listing.options[option].expiry]
    }

    /// What rounding adds to shares of values of every holding: two units of the value, one of a share.
    fn rounded(&self, positions: &Positions<'_>, rate_e9: u64) -> Result<u128, MoneyError> {
        self.times_held(positions, more(share_e9(2, rate_e9)?, 1)?)
    }

    fn times_held(&self, positions: &Positions<'_>, one: u128) -> Result<u128, MoneyError> {
        let holdings = positions.futures.len() + positions.options.len() + 1;
        one.checked_mul(holdings as u128).ok_or(MoneyError::Overflow)
    }
}
