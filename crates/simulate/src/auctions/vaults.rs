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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auctions::scenario::AuctionScenario;

    fn book() -> BookSettings {
        AuctionScenario::open("auction-black-thursday").unwrap().settings.book
    }

    #[test]
    fn nobody_starts_below_the_least_ratio_and_a_larger_book_holds_a_smaller() {
        let price = 19_521_000_000;
        let vaults = draw(&book(), 1, price, 8).unwrap();
        for vault in &vaults {
            let value = vault.collateral / 100_000_000 * price;
            assert!(value / 1_000 * 1_000 >= vault.debt / 2 * 3, "{vault:?}");
        }
        let more = BookSettings { vaults: book().vaults + 50, ..book() };
        let more = draw(&more, 1, price, 8).unwrap();
        assert_eq!(more[..vaults.len()], vaults[..]);
        assert_ne!(draw(&book(), 2, price, 8).unwrap(), vaults);
        let mut sizes: Vec<u128> = vaults.iter().map(|vault| vault.collateral / UNIT).collect();
        sizes.sort_unstable();
        let median = sizes[sizes.len() / 2];
        assert!((23..=33).contains(&median), "drawn around 28: {median}");
    }

    #[test]
    fn settings_that_make_no_sense_are_named() {
        let told = |change: fn(&mut BookSettings)| {
            let mut settings = book();
            change(&mut settings);
            draw(&settings, 1, 1, 8).unwrap_err().to_string()
        };
        assert_eq!(told(|b| b.ratio_least = "1".into()), "book.ratio_least: 1; expected above 1");
        assert!(told(|b| b.ratio_least = "-2".into()).starts_with("book.ratio_least: '-2'"));
        assert_eq!(
            told(|b| b.collateral.median = "0".into()),
            "book.collateral.median: 0; expected above 0"
        );
        assert_eq!(
            told(|b| b.ratio_beyond.largest = "0.5".into()),
            "book.ratio_beyond.largest: 0.5; expected at least the median 1.15"
        );
        assert_eq!(
            told(|b| b.collateral.sigma = "9".into()),
            "book.collateral.sigma: 9; expected 0 to 5"
        );
    }
}
