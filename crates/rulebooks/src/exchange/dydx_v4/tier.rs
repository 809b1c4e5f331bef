//! The margin fractions of a class of markets.

use super::{PPM, Revert, of_ppm, part};
use breakwater_money::rounding::Rounding;

/// Margin parameters that several perpetuals share (`LiquidityTier`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiquidityTier {
    /// Initial margin fraction at low open interest.
    pub initial_ppm: u32,
    /// Maintenance margin as a fraction of that.
    pub maintenance_fraction_ppm: u32,
    /// Open notional above which the initial fraction rises (quote quantums).
    pub open_interest_lower: u64,
    /// Open notional at which it has become one (quote quantums); 0 turns the rise off.
    pub open_interest_upper: u64,
}

impl LiquidityTier {
    /// # Errors
    /// [`Revert::FractionAboveOne`], [`Revert::CapsReversed`].
    fn check(&self) -> Result<(), Revert> {
        for fraction in [self.initial_ppm, self.maintenance_fraction_ppm] {
            if fraction > PPM {
                return Err(Revert::FractionAboveOne(fraction));
            }
        }
        let (lower, upper) = (self.open_interest_lower, self.open_interest_upper);
        if lower > upper { Err(Revert::CapsReversed { lower, upper }) } else { Ok(()) }
    }

    /// Initial fraction times maintenance fraction, rounded down (`GetMaintenanceMarginPpm`). It clamps
    /// funding; requirements are reckoned in quanta, see [`LiquidityTier::maintenance`].
    ///
    /// # Errors
    /// As all of this tier: a fraction above one, or caps out of order.
    pub fn maintenance_ppm(&self) -> Result<u32, Revert> {
        self.check()?;
        let initial = u128::from(self.initial_ppm);
        narrow(of_ppm(initial, self.maintenance_fraction_ppm, Rounding::Floor)?)
    }

    /// The most that a funding rate may be in either direction: `factor_ppm` times the distance of both
    /// fractions, rounded down (`GetMaxAbsFundingClampPpm`).
    ///
    /// # Errors
    /// A fraction above one, or caps out of order.
    pub fn funding_clamp_ppm(&self, factor_ppm: u32) -> Result<u128, Revert> {
        let maintenance = self.maintenance_ppm()?;
        let distance = self.initial_ppm.checked_sub(maintenance).ok_or(Revert::Arithmetic)?;
        of_ppm(u128::from(factor_ppm), distance, Rounding::Floor)
    }

    /// The initial fraction at an open notional (quote quantums): unchanged up to the lower cap, one
    /// from the upper cap on, linear between, rounded down.
    ///
    /// # Errors
    /// A fraction above one, or caps out of order.
    pub fn scaled_initial_ppm(&self, open_notional: u128) -> Result<u32, Revert> {
        self.check()?;
        let lower = u128::from(self.open_interest_lower);
        let upper = u128::from(self.open_interest_upper);
        if upper == 0 {
            return Ok(self.initial_ppm);
        }
        // With both caps equal the step is at the cap itself, so the upper one is asked first.
        if open_notional >= upper {
            return Ok(PPM);
        }
        let above = open_notional.saturating_sub(lower);
        let room = u128::from(PPM.saturating_sub(self.initial_ppm));
        let rise = match above {
            0 => 0,
            // Between the caps, so they differ.
            _ => part(room, above, upper.saturating_sub(lower), Rounding::Floor)?,
        };
        self.initial_ppm.checked_add(narrow(rise)?).ok_or(Revert::Arithmetic)
    }

    /// Initial requirement of a notional (quote quantums), rounded up, at the scaled fraction
    /// (`GetInitialMarginQuoteQuantums`).
    ///
    /// # Errors
    /// A fraction above one, caps out of order, or [`Revert::Arithmetic`].
    pub fn initial(&self, notional: u128, open_notional: u128) -> Result<u128, Revert> {
        of_ppm(notional, self.scaled_initial_ppm(open_notional)?, Rounding::Ceil)
    }

    /// Maintenance requirement of a notional (quote quantums): the initial one at the unscaled fraction
    /// rounded up, then its maintenance fraction rounded up
    /// (`GetMarginRequirementsInQuoteQuantums`).
    ///
    /// # Errors
    /// A fraction above one, caps out of order, or [`Revert::Arithmetic`].
    pub fn maintenance(&self, notional: u128) -> Result<u128, Revert> {
        self.check()?;
        let initial = of_ppm(notional, self.initial_ppm, Rounding::Ceil)?;
        of_ppm(initial, self.maintenance_fraction_ppm, Rounding::Ceil)
    }
}

fn narrow(ppm: u128) -> Result<u32, Revert> {
    u32::try_from(ppm).map_err(|_| Revert::Arithmetic)
}
