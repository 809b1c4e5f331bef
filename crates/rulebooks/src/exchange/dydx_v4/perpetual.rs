//! A perpetual: its unit, its oracle price, and what a position in it counts for.

use super::{LiquidityTier, QUOTE_DECIMALS, Revert, Risk, signed};
use breakwater_money::U256;
use breakwater_money::rounding::{Rounding, div_wide, narrow_u128};

/// A perpetual with its oracle price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Perpetual {
    /// Its number.
    pub id: u32,
    /// A base quantum is `10^atomic_resolution` of the base asset.
    pub atomic_resolution: i32,
    /// The oracle price of the base asset, as an integer.
    pub price: u64,
    /// Its scale: the price is `price x 10^price_exponent`.
    pub price_exponent: i32,
    /// Least order of its market (base quantums).
    pub step_base_quantums: u64,
    /// Longs' base quantums, equal to the shorts'.
    pub open_interest: u128,
    /// Its margin fractions.
    pub tier: LiquidityTier,
}

impl Perpetual {
    /// Signed value of a position (quote quantums), towards zero (`BaseToQuoteQuantums`).
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn net_notional(&self, quantums: i128) -> Result<i128, Revert> {
        let magnitude = signed(self.notional(quantums.unsigned_abs())?)?;
        Ok(if quantums < 0 { -magnitude } else { magnitude })
    }

    /// Value of base quantums (quote quantums), rounded down.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn notional(&self, quantums: u128) -> Result<u128, Revert> {
        let product = U256::from(quantums) * U256::from(self.price);
        scale(product, self.exponent()?)
    }

    /// Base quantums of a value (quote quantums), rounded down (`QuoteToBaseQuantums`).
    ///
    /// # Errors
    /// [`Revert::DivisionByZero`] at a price of zero; [`Revert::Arithmetic`].
    pub fn quantums_of(&self, notional: u128) -> Result<u128, Revert> {
        let exponent = self.exponent()?.checked_neg().ok_or(Revert::Arithmetic)?;
        // Two floors, one after the other, are the floor of the whole.
        let scaled = scale(U256::from(notional), exponent)?;
        Ok(narrow_u128(div_wide(U256::from(scaled), U256::from(self.price), Rounding::Floor)?)?)
    }

    /// What a position of `quantums` adds to an account.
    ///
    /// # Errors
    /// The tier is invalid, or [`Revert::Arithmetic`].
    pub fn risk(&self, quantums: i128) -> Result<Risk, Revert> {
        let net = self.net_notional(quantums)?;
        let notional = net.unsigned_abs();
        let open = self.notional(self.open_interest)?;
        Ok(Risk {
            net,
            initial: signed(self.tier.initial(notional, open)?)?,
            maintenance: signed(self.tier.maintenance(notional)?)?,
        })
    }

    /// Power of ten that turns price times base quantums into quote quantums.
    fn exponent(&self) -> Result<i32, Revert> {
        let exponent = self.price_exponent.checked_add(self.atomic_resolution);
        exponent.and_then(|sum| sum.checked_add(QUOTE_DECIMALS)).ok_or(Revert::Arithmetic)
    }
}

/// `amount x 10^exponent`, rounded down.
pub(super) fn scale(amount: U256, exponent: i32) -> Result<u128, Revert> {
    if amount.is_zero() {
        return Ok(0);
    }
    let power = U256::from(10u8).checked_pow(U256::from(exponent.unsigned_abs()));
    let scaled = match (power, exponent < 0) {
        (Some(power), true) => div_wide(amount, power, Rounding::Floor)?,
        (Some(power), false) => amount.checked_mul(power).ok_or(Revert::Arithmetic)?,
        // A power beyond 256 bits leaves nothing of an amount that fits them.
        (None, true) => U256::ZERO,
        (None, false) => return Err(Revert::Arithmetic),
    };
    Ok(narrow_u128(scaled)?)
}

/// The perpetuals that an account may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Perpetuals {
    /// At most one a number.
    pub list: Vec<Perpetual>,
}

impl Perpetuals {
    /// The perpetual `id`.
    ///
    /// # Errors
    /// [`Revert::PerpetualMissing`].
    pub fn get(&self, id: u32) -> Result<&Perpetual, Revert> {
        let found = self.list.iter().find(|perpetual| perpetual.id == id);
        found.ok_or(Revert::PerpetualMissing(id))
    }
}
