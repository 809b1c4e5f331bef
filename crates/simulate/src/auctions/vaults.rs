//! The vaults: collateral and debt of each, drawn.
//!
//! A vault's draws depend on seed and number alone, so a book of more vaults holds every vault of a
//! smaller one.

use super::settings::{BookSettings, COLLATERAL_MAX, UNIT, positive};
use crate::ScenarioError;
use crate::market::overflow;
use crate::perpetuals::draw::{Draw, Field};
use breakwater_money::rounding::{Rounding, mul_div};

/// One vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vault {
    /// Base units of the collateral.
    pub collateral: u128,
    /// Base units of what is owed.
    pub debt: u128,
}

/// Decimals to which collateral is drawn.
const DRAWN_DECIMALS: u8 = 3;

/// Base units in the smallest drawn amount.
const DRAWN_UNIT: u128 = UNIT / 1_000;

/// Decimals of ratios.
const RATIO_DECIMALS: u8 = 6;

/// One as a ratio.
const RATIO_ONE: u128 = 1_000_000;

/// Highest ratio of collateral to debt.
const RATIO_MAX: u128 = 1_000;

/// Draws the vaults that `settings` state, at a first price of one whole unit of collateral in whole
/// units of what is owed, at `price_decimals`.
///
/// # Errors
/// The first setting that is wrong, with its value and what would be right.
pub fn draw(
    settings: &BookSettings,
    seed: u64,
    price: u128,
    price_decimals: u8,
) -> Result<Vec<Vault>, ScenarioError> {
    let size = settings.collateral.read("book.collateral", DRAWN_DECIMALS, COLLATERAL_MAX)?;
    let least = positive("book.ratio_least", &settings.ratio_least, RATIO_DECIMALS, RATIO_MAX)?;
    if least <= RATIO_ONE {
        let reason = format!("{}; expected above 1", settings.ratio_least);
        return Err(ScenarioError::setting("book.ratio_least", reason));
    }
    let beyond = settings.ratio_beyond.read("book.ratio_beyond", RATIO_DECIMALS, RATIO_MAX)?;
    let one = 10u128.pow(price_decimals.into());
    (0..settings.vaults)
        .map(|number| {
            let draw = Draw::new(seed, number.into());
            let collateral = size.at(draw.normal(Field::VaultCollateral)) * DRAWN_UNIT;
            let ratio = least + beyond.at(draw.normal(Field::VaultRatio));
            let value = mul_div(collateral, price, one, Rounding::Floor).map_err(overflow)?;
            let debt = mul_div(value, RATIO_ONE, ratio, Rounding::Floor).map_err(overflow)?;
            Ok(Vault { collateral, debt })
        })
        .collect()
}
