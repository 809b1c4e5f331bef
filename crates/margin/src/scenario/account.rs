//! One account's requirement: sums of the table's integers.

use super::charges::{Charge, Charges, share_bps, share_e9};
use super::grid::Extended;
use super::table::Table;
use super::{FINER_DECIMALS, ONE_BPS, ScenarioError};
use crate::option::Settled;
use breakwater_money::rounding::{
    Rounding, div, mul_div, mul_div_full, narrow_i128, narrow_u128, pow10,
};
use breakwater_money::{MoneyError, U256};

/// A position in one line of the listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// Place of the line, from 0: an expiry for a future, an option for an option.
    pub line: usize,
    /// Raw size, long above zero.
    pub quantity: i64,
}

/// The positions of an account on one underlying.
#[derive(Debug, Clone, Copy, Default)]
pub struct Positions<'a> {
    /// Futures, by expiry.
    pub futures: &'a [Holding],
    /// Options.
    pub options: &'a [Holding],
}

/// Room that an assessment needs, to be used again for the next.
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    /// Profit of the options by scenario, in thousandths of a base unit at the scale of sizes.
    totals: Vec<i128>,
    pub(super) losses: Vec<i128>,
    /// At most and at least, in 1e-9 base units, of the futures of each expiry.
    pub(super) futures: Vec<Exposure>,
    /// The same, of the options' deltas.
    pub(super) deltas: Vec<Exposure>,
    /// Net size by the first option of a strike; zero between assessments.
    strikes: Vec<i128>,
}

impl Scratch {
    /// The loss in each scenario of the last assessment, in base units rounded up; a gain is
    /// negative. Extended ones are already dampened.
    #[must_use]
    pub fn losses(&self) -> &[i128] {
        &self.losses
    }
}

/// What an account must hold by scenarios, in base units of the settle asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assessment {
    /// Place of the worst scenario, the first of equals.
    pub worst: usize,
    /// Its loss, zero if it is none.
    pub worst_loss: u128,
    /// The least that the loss is taken as.
    pub minimum: u128,
    /// What comes on top.
    pub charge: Charge,
    /// Initial requirement.
    pub initial: u128,
    /// Maintenance requirement.
    pub maintenance: u128,
}

/// A signed value at the mark in 1e-9 base units: at most and at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Exposure {
    pub low: i128,
    pub high: i128,
}

impl Exposure {
    pub fn add(&mut self, other: Exposure) -> Result<(), MoneyError> {
        self.low = self.low.checked_add(other.low).ok_or(MoneyError::Overflow)?;
        self.high = self.high.checked_add(other.high).ok_or(MoneyError::Overflow)?;
        Ok(())
    }

    /// The larger magnitude of both ends, in base units rounded up.
    pub fn magnitude(self) -> Result<u128, MoneyError> {
        let largest = self.low.unsigned_abs().max(self.high.unsigned_abs());
        div(largest, 1_000_000_000, Rounding::Ceil)
    }
}

impl Table {
    /// The requirement of an account, and its loss by scenario in `scratch`. Each loss is at least the
    /// exact one, and above it by at most three base units, two thousandths of one for each whole unit
    /// of options held or written, and twice the float's stated error.
    ///
    /// # Errors
    /// A holding of no line, or a sum beyond 128 bits.
    pub fn assess(
        &self,
        positions: &Positions<'_>,
        scratch: &mut Scratch,
    ) -> Result<Assessment, ScenarioError> {
        self.sum_options(positions.options, scratch)?;
        self.sum_futures(positions.futures, scratch)?;
        let (worst, worst_loss) = self.sum_losses(scratch)?;
        let charge = self.charge(positions, scratch)?;
        let minimum = self.minimum(positions)?;
        let risk = worst_loss.max(minimum);
        let risk = risk.checked_add(charge.total()?).ok_or(MoneyError::Overflow)?;
        Ok(Assessment {
            worst,
            worst_loss,
            minimum,
            charge,
            initial: share_bps(risk, self.grid.initial_bps)?,
            maintenance: share_bps(risk, self.grid.maintenance_bps)?,
        })
    }

    fn sum_options(&self, options: &[Holding], scratch: &mut Scratch) -> Result<(), ScenarioError> {
        self.check_room(options)?;
        scratch.totals.clear();
        scratch.totals.resize(self.scenarios.len(), 0);
        for Holding { line, quantity } in options {
            let row = self.row(*line);
            let row = if *quantity > 0 { row.low } else { row.high };
            for (total, profit) in scratch.totals.iter_mut().zip(row) {
                // Two of 64 bits fit 128, and the sum was checked to.
                *total += i128::from(*quantity) * i128::from(*profit);
            }
        }
        Ok(())
    }

    /// Refuses holdings of no line, and sizes whose sums could leave 127 bits in any scenario.
    fn check_room(&self, options: &[Holding]) -> Result<(), ScenarioError> {
        let mut room = i128::MAX.unsigned_abs();
        for Holding { line, quantity } in options {
            let Some(largest) = self.largest.get(*line) else {
                let lines = self.largest.len();
                return Err(ScenarioError::NoLine { list: "options", index: *line, lines });
            };
            let most = u128::from(quantity.unsigned_abs()) * u128::from(*largest);
            room = room.checked_sub(most).ok_or(MoneyError::Overflow)?;
        }
        Ok(())
    }

    fn sum_futures(&self, futures: &[Holding], scratch: &mut Scratch) -> Result<(), ScenarioError> {
        scratch.futures.clear();
        scratch.futures.resize(self.listing.expiries.len(), Exposure::default());
        for holding in futures {
            let value = self.future_value(holding)?;
            scratch.futures[holding.line].add(value)?;
        }
        Ok(())
    }

    /// A future's value at its mark: what it gains is this times the move, or the move over what the
    /// price keeps.
    pub(super) fn future_value(&self, holding: &Holding) -> Result<Exposure, ScenarioError> {
        let Holding { line, quantity } = *holding;
        let lines = self.listing.expiries.len();
        let expiry = self.listing.expiries.get(line);
        let expiry = expiry.ok_or(ScenarioError::NoLine { list: "futures", index: line, lines })?;
        let decimals = self.listing.decimals;
        let power = |decimals| pow10(decimals).map(U256::from);
        let size = U256::from(quantity.unsigned_abs()) * power(decimals.settle + 9)?;
        let (price, size_scale) = (U256::from(expiry.forward), power(decimals.size)?);
        let value = |rounding| match self.listing.settled {
            Settled::Quote => {
                mul_div_full(size, price, power(decimals.price)? * size_scale, rounding)
            }
            Settled::Coin => {
                mul_div_full(size, power(decimals.price)?, price * size_scale, rounding)
            }
        };
        let least = narrow_i128(value(Rounding::Floor)?)?;
        let most = narrow_i128(value(Rounding::Ceil)?)?;
        Ok(match quantity >= 0 {
            true => Exposure { low: least, high: most },
            false => Exposure { low: -most, high: -least },
        })
    }

    /// Losses of all scenarios, and the worst of them.
    fn sum_losses(&self, scratch: &mut Scratch) -> Result<(usize, u128), ScenarioError> {
        let mut all = Exposure::default();
        for exposure in &scratch.futures {
            all.add(*exposure)?;
        }
        scratch.losses.clear();
        let to_base = pow10(self.listing.decimals.size + FINER_DECIMALS)?;
        let (mut worst, mut most) = (0, 0);
        for (index, (scenario, total)) in self.scenarios.iter().zip(&scratch.totals).enumerate() {
            let options = floor(*total, 1, to_base)?;
            let futures = self.futures_profit(all, scenario.move_bps)?;
            let profit = options.checked_add(futures).ok_or(MoneyError::Overflow)?;
            let mut loss = profit.checked_neg().ok_or(MoneyError::Overflow)?;
            if let Some(extended) = self.grid.extended.as_ref().filter(|_| scenario.extended) {
                loss = dampened(loss, scenario.move_bps, extended)?;
            }
            scratch.losses.push(loss);
            if loss > most {
                (worst, most) = (index, loss);
            }
        }
        // Zero or more: it began at zero and only grew.
        Ok((worst, most.unsigned_abs()))
    }

    /// Profit of all futures for a move of the price, in base units rounded down.
    fn futures_profit(&self, value: Exposure, move_bps: i32) -> Result<i128, MoneyError> {
        let kept = match self.listing.settled {
            Settled::Quote => ONE_BPS,
            // Moves were checked to be above -10,000.
            Settled::Coin => ONE_BPS.saturating_add_signed(move_bps),
        };
        let value = if move_bps > 0 { value.low } else { value.high };
        floor(value, move_bps.into(), u128::from(kept) * 1_000_000_000)
    }

    fn charge(
        &self,
        positions: &Positions<'_>,
        scratch: &mut Scratch,
    ) -> Result<Charge, ScenarioError> {
        let charges = &self.grid.charges;
        let mut charge = Charge::default();
        if charges.short_option_e9 > 0 {
            charge.short_options = self.short_options(positions.options, charges, scratch)?;
        }
        if charges.offset_futures_e9 > 0 {
            charge.offset_futures = self.offset_futures(positions.futures, charges)?;
        }
        if charges.roll.is_none() && charges.concentration.is_none() {
            return Ok(charge);
        }
        self.sum_deltas(positions.options, scratch)?;
        let mut net = Exposure::default();
        for (place, expiry) in self.listing.expiries.iter().enumerate() {
            let mut exposure = scratch.futures[place];
            exposure.add(scratch.deltas[place])?;
            net.add(exposure)?;
            let (Some(roll), Some(seconds)) = (charges.roll, expiry.seconds) else { continue };
            let size = exposure.magnitude()?;
            let rolled = roll.charge(size, seconds)?;
            charge.roll = charge.roll.checked_add(rolled).ok_or(MoneyError::Overflow)?;
        }
        if let Some(concentration) = charges.concentration {
            let excess = net.magnitude()?.saturating_sub(concentration.above);
            charge.concentration = share_bps(excess, concentration.rate_bps)?;
        }
        Ok(charge)
    }

    /// Options' deltas by expiry, in 1e-9 base units.
    fn sum_deltas(&self, options: &[Holding], scratch: &mut Scratch) -> Result<(), ScenarioError> {
        scratch.deltas.clear();
        scratch.deltas.resize(self.listing.expiries.len(), Exposure::default());
        let scale = pow10(self.listing.decimals.size)?;
        for Holding { line, quantity } in options {
            let (least, most) = self.delta[*line];
            let (least, most) = if *quantity > 0 { (least, most) } else { (most, least) };
            // From thousandths to 1e-9: a million of the one are one of the other.
            let exposure = |delta: i64, up: bool| {
                let value = i128::from(delta) * i128::from(*quantity);
                let down = floor(value, 1_000_000, scale)?;
                Ok::<i128, MoneyError>(if up { down.saturating_add(1) } else { down })
            };
            let exposure = Exposure { low: exposure(least, false)?, high: exposure(most, true)? };
            scratch.deltas[self.listing.options[*line].expiry].add(exposure)?;
        }
        Ok(())
    }

    /// Value of the underlying of so many raw units of options, in base units rounded up.
    pub(super) fn underlying(&self, size: u128, line: usize) -> Result<u128, MoneyError> {
        let decimals = self.listing.decimals;
        let size = U256::from(size)
            .checked_mul(U256::from(pow10(decimals.settle)?))
            .ok_or(MoneyError::Overflow)?;
        let scale = U256::from(pow10(decimals.size)?);
        let (price, scale) = match self.listing.settled {
            Settled::Coin => (U256::ONE, scale),
            Settled::Quote => {
                let expiry = self.listing.options[line].expiry;
                let price = U256::from(self.listing.expiries[expiry].forward);
                (price, scale * U256::from(pow10(decimals.price)?))
            }
        };
        narrow_u128(mul_div_full(size, price, scale, Rounding::Ceil)?)
    }

    fn short_options(
        &self,
        options: &[Holding],
        charges: &Charges,
        scratch: &mut Scratch,
    ) -> Result<u128, ScenarioError> {
        scratch.strikes.clear();
        scratch.strikes.resize(self.strikes.len(), 0);
        for Holding { line, quantity } in options {
            // Fewer than 2^64 holdings of 64 bits fit 128.
            scratch.strikes[self.strikes[*line]] += i128::from(*quantity);
        }
        let mut charge = 0u128;
        for (line, net) in scratch.strikes.iter().enumerate().filter(|(_, net)| **net < 0) {
            let value = self.underlying(net.unsigned_abs(), line)?;
            let part = share_e9(value, charges.short_option_e9)?;
            charge = charge.checked_add(part).ok_or(MoneyError::Overflow)?;
        }
        Ok(charge)
    }

    fn offset_futures(
        &self,
        futures: &[Holding],
        charges: &Charges,
    ) -> Result<u128, ScenarioError> {
        let (mut long, mut short) = (0u128, 0u128);
        for holding in futures {
            let value = self.future_value(holding)?.magnitude()?;
            let side = if holding.quantity > 0 { &mut long } else { &mut short };
            *side = side.checked_add(value).ok_or(MoneyError::Overflow)?;
        }
        Ok(share_e9(long.min(short), charges.offset_futures_e9)?)
    }

    fn minimum(&self, positions: &Positions<'_>) -> Result<u128, ScenarioError> {
        let Some(minimum) = &self.grid.charges.minimum else { return Ok(0) };
        let mut raw = 0u128;
        for holding in positions.futures {
            let value = self.future_value(holding)?.magnitude()?;
            let part = share_e9(value, minimum.futures_e9)?;
            raw = raw.checked_add(part).ok_or(MoneyError::Overflow)?;
        }
        for holding in positions.options.iter().filter(|holding| holding.quantity < 0) {
            let value = self.underlying(holding.quantity.unsigned_abs().into(), holding.line)?;
            let part = share_e9(value, minimum.short_options_e9)?;
            raw = raw.checked_add(part).ok_or(MoneyError::Overflow)?;
        }
        Ok(minimum.scaled(raw)?)
    }
}

/// `value factor / divisor`, rounded down.
pub(super) fn floor(value: i128, factor: i128, divisor: u128) -> Result<i128, MoneyError> {
    let negative = (value < 0) != (factor < 0);
    let rounding = if negative { Rounding::Ceil } else { Rounding::Floor };
    let magnitude = mul_div(value.unsigned_abs(), factor.unsigned_abs(), divisor, rounding)?;
    let magnitude = i128::try_from(magnitude).map_err(|_| MoneyError::Overflow)?;
    Ok(if negative { -magnitude } else { magnitude })
}

/// An extended loss as it counts; see [`Extended`]. A gain stays as it is.
fn dampened(loss: i128, move_bps: i32, extended: &Extended) -> Result<i128, MoneyError> {
    let Ok(loss @ 1..) = u128::try_from(loss) else { return Ok(loss) };
    let counted = share_bps(loss, extended.factor_bps)?;
    let beyond = move_bps.unsigned_abs().saturating_sub(extended.range_bps);
    let range = u128::from(extended.range_bps);
    let relief = mul_div(extended.dampener, beyond.into(), range, Rounding::Floor)?;
    i128::try_from(counted.saturating_sub(relief)).map_err(|_| MoneyError::Overflow)
}
