//! The price at which a position leaves its account with nothing, the price at which it is offered,
//! and what insurance gets or pays.

use super::account::{change, check_delta};
use super::{PPM, Perpetuals, Revert, Risk, Subaccount, floor_part, minus, of_ppm, signed};
use breakwater_money::rounding::Rounding;
use breakwater_money::{Rational, rational};

/// A part of a position that is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closing {
    /// The perpetual.
    pub perpetual: u32,
    /// Base quantums that the account trades, opposite to its position.
    pub delta: i128,
}

impl Closing {
    /// What the account must get (quote quantums; negative: may pay at most) to end with as much net
    /// collateral as its requirement shrinks by in proportion:
    /// `-DNNV - floor(TNC x |DMMR| / TMMR)`, where the difference of values is that of the whole
    /// position before and after. The one quotient goes towards minus infinity, so the result is
    /// rounded up (`GetBankruptcyPriceInQuoteQuantums`).
    ///
    /// # Errors
    /// [`Revert::SizeDelta`], [`Revert::NoRequirement`], [`Revert::RequirementRises`], and those of
    /// [`Subaccount::risk`].
    pub fn bankruptcy_quote(
        &self,
        account: &Subaccount,
        perpetuals: &Perpetuals,
    ) -> Result<i128, Revert> {
        let held = account.position(self.perpetual)?;
        check_delta(held, self.delta)?;
        let total = account.risk(perpetuals)?;
        let perpetual = perpetuals.get(self.perpetual)?;
        let before = perpetual.risk(held)?;
        // The delta is opposite and not larger, so the sum is within what was.
        let after = perpetual.risk(held.checked_add(self.delta).ok_or(Revert::Arithmetic)?)?;
        let value = change(before.net, after.net)?;
        let requirement = change(before.maintenance, after.maintenance)?;
        if requirement > 0 {
            return Err(Revert::RequirementRises);
        }
        let divisor = positive(total.maintenance)?;
        let share = floor_part(total.net, requirement.unsigned_abs(), divisor)?;
        minus(value.checked_neg().ok_or(Revert::Arithmetic)?, share)
    }
}

fn positive(requirement: i128) -> Result<u128, Revert> {
    match u128::try_from(requirement) {
        Ok(requirement) if requirement > 0 => Ok(requirement),
        _ => Err(Revert::NoRequirement),
    }
}

/// How far below the oracle's price a liquidation is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FillablePrice {
    /// Bankruptcy adjustment: how fast the rating reaches one (1,000,000 by default).
    pub bankruptcy_adjustment_ppm: u32,
    /// The largest spread, as a fraction of the position's maintenance requirement (100,000 by
    /// default).
    pub spread_to_maintenance_ppm: u32,
}

impl FillablePrice {
    /// Quote quantums per base quantum, exact: `(NNV - ABR x SMMR x MMR) / Q`, with
    /// `ABR = BA x (1 - TNC / TMMR)` held between 0 and 1 (`GetFillablePrice`).
    ///
    /// # Errors
    /// [`Revert::SizeDelta`] for an empty position, [`Revert::NoRequirement`],
    /// [`Revert::NegativePrice`], and those of [`Subaccount::risk`].
    pub fn of(
        &self,
        account: &Subaccount,
        perpetuals: &Perpetuals,
        perpetual: u32,
    ) -> Result<Rational, Revert> {
        let held = account.position(perpetual)?;
        if held == 0 {
            return Err(Revert::SizeDelta { delta: 0, position: 0 });
        }
        let total = account.risk(perpetuals)?;
        let own = perpetuals.get(perpetual)?.risk(held)?;
        let spread = fraction(self.spread_to_maintenance_ppm) * whole(own.maintenance);
        let offered = whole(own.net) - self.rating(&total)? * spread;
        let price = offered / whole(held); // division: exact, a rational by a position that is not 0
        if price < whole(0) { Err(Revert::NegativePrice) } else { Ok(price) }
    }

    /// The adjusted bankruptcy rating: 0 at the requirement, 1 at or beyond bankruptcy.
    ///
    /// # Errors
    /// [`Revert::NoRequirement`].
    pub fn rating(&self, total: &Risk) -> Result<Rational, Revert> {
        positive(total.maintenance)?;
        // division: exact, a rational by a requirement above 0
        let covered = whole(total.net) / whole(total.maintenance);
        let rating = fraction(self.bankruptcy_adjustment_ppm) * (whole(1) - covered);
        Ok(rating.clamp(whole(0), whole(1)))
    }
}

fn whole(raw: i128) -> Rational {
    rational::from_raw(raw, 0)
}

fn fraction(ppm: u32) -> Rational {
    // division: exact, a rational by a million
    whole(i128::from(ppm)) / whole(i128::from(PPM))
}

/// What the insurance fund gets (negative: pays) for a fill that gives the account `fill_quote`, where
/// `bankruptcy_quote` is what it must get: the leftover, of which the fund gets at most
/// `fee_max_ppm` of the fill, rounded down, and a shortfall in full
/// (`GetLiquidationInsuranceFundDelta`).
///
/// # Errors
/// [`Revert::Arithmetic`].
pub fn insurance_delta(
    fill_quote: i128,
    bankruptcy_quote: i128,
    fee_max_ppm: u32,
) -> Result<i128, Revert> {
    let leftover = minus(fill_quote, bankruptcy_quote)?;
    if leftover <= 0 {
        return Ok(leftover);
    }
    let fee_max = of_ppm(fill_quote.unsigned_abs(), fee_max_ppm, Rounding::Floor)?;
    Ok(signed(fee_max)?.min(leftover))
}
