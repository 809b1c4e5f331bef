//! What is listed on one underlying, with its marks.

use super::ScenarioError;
use crate::option::{DECIMALS_MAX, Decimals, Settled};
use breakwater_options::Kind;
use serde::{Deserialize, Serialize};

/// Every expiry and option of one underlying, at one moment. Everything settles in the same asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// What profits are paid in.
    pub settled: Settled,
    /// Decimals of its integers. A future's size is in base units where it settles in quote, and in
    /// quote units (contracts times multiplier) where it settles in coin.
    pub decimals: Decimals,
    /// Futures by expiry; a perpetual is one without an end. Each can be held as a future.
    pub expiries: Vec<Expiry>,
    /// Options.
    pub options: Vec<OptionLine>,
}

/// A future, and the forward of the options that expire with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expiry {
    /// Time left; none for a perpetual.
    pub seconds: Option<u64>,
    /// Raw mark of the future, above zero.
    pub forward: u128,
}

/// An option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionLine {
    /// Place of its expiry in the listing, from 0; one that ends.
    pub expiry: usize,
    /// Call or put.
    pub kind: Kind,
    /// Raw strike, above zero.
    pub strike: u128,
    /// Implied volatility at its mark, in 1e-6 a year.
    pub volatility_ppm: u64,
    /// Raw mark.
    pub mark: u128,
}

/// Seconds of a year of 365 days, by which venues annualise.
pub(super) const YEAR_SECONDS: u64 = 31_536_000;

/// Largest volatility: 10,000 % a year.
const VOLATILITY_MAX_PPM: u64 = 100_000_000;

/// Longest time to an expiry: a hundred years.
const SECONDS_MAX: u64 = 100 * YEAR_SECONDS;

/// Largest raw price: with 18 decimals it is still a thousand million.
const PRICE_MAX: u128 = 1 << 90;

impl Listing {
    /// Refuses a listing with a number that none may have.
    ///
    /// # Errors
    /// The first such field.
    pub fn check(&self) -> Result<(), ScenarioError> {
        let Decimals { price, mark, size, settle } = self.decimals;
        for (field, found) in [("price", price), ("mark", mark), ("size", size), ("settle", settle)]
        {
            if found > DECIMALS_MAX {
                return Err(ScenarioError::Decimals { field, found, most: DECIMALS_MAX });
            }
        }
        for (index, expiry) in self.expiries.iter().enumerate() {
            let line = |field, found, right| line("expiries", index, field, found, right);
            if expiry.forward == 0 || expiry.forward > PRICE_MAX {
                return Err(line("forward", expiry.forward, "1 to 2^90 is right"));
            }
            if let Some(seconds) = expiry.seconds.filter(|seconds| *seconds > SECONDS_MAX) {
                return Err(line("seconds", seconds.into(), "at most 100 years is right"));
            }
        }
        self.options
            .iter()
            .enumerate()
            .try_for_each(|(index, option)| self.check_one(index, option))
    }

    fn check_one(&self, index: usize, option: &OptionLine) -> Result<(), ScenarioError> {
        let line = |field, found, right| Err(line("options", index, field, found, right));
        let expiry = option.expiry;
        match self.expiries.get(expiry) {
            Some(Expiry { seconds: Some(_), .. }) => {}
            _ => {
                return line(
                    "expiry",
                    expiry as u128,
                    "an expiry of the listing that ends is right",
                );
            }
        }
        if option.strike == 0 || option.strike > PRICE_MAX {
            return line("strike", option.strike, "1 to 2^90 is right");
        }
        if option.volatility_ppm > VOLATILITY_MAX_PPM {
            let found = option.volatility_ppm.into();
            return line("volatility_ppm", found, "at most 10,000 % is right");
        }
        match option.mark > PRICE_MAX {
            true => line("mark", option.mark, "at most 2^90 is right"),
            false => Ok(()),
        }
    }
}

fn line(
    list: &'static str,
    index: usize,
    field: &'static str,
    found: u128,
    right: &'static str,
) -> ScenarioError {
    ScenarioError::Line { list, index, field, found, right }
}
