//! Other bidders, other gas, other capital: what of the outcome depends on them.

use super::{AuctionOptions, AuctionTotals, run};
use crate::ScenarioError;
use crate::auctions::scenario::AuctionScenario;
use crate::auctions::settings::{PPM, times};
use crate::replay::in_parallel;
use crate::watcher::Nobody;
use breakwater_money::decimal;
use breakwater_money::rounding::{Rounding, mul_div};
use serde::Serialize;

/// One combination, under one format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// Name of the format.
    pub format: String,
    /// Bidders.
    pub bidders: u32,
    /// Times the day's gas.
    pub gas: String,
    /// Times each bidder's capital.
    pub capital: String,
    /// What came of it.
    pub totals: AuctionTotals,
}

/// Runs every combination that the scenario states; its factors apply on top of those of `options`,
/// its numbers of bidders in their place.
///
/// # Errors
/// As [`run`].
pub fn vary(
    scenario: &AuctionScenario,
    options: &AuctionOptions,
) -> Result<Vec<Cell>, ScenarioError> {
    let settings = &scenario.settings.sensitivity;
    let mut jobs = Vec::new();
    for format in &settings.formats {
        for bidders in &settings.bidders {
            for gas in &settings.gas {
                for capital in &settings.capital {
                    jobs.push((format.clone(), *bidders, gas.clone(), capital.clone()));
                }
            }
        }
    }
    in_parallel(&jobs, |(format, bidders, gas, capital)| {
        let options = AuctionOptions {
            seed: options.seed,
            bidders: Some(*bidders),
            gas: Some(both("gas", options.gas.as_deref(), gas)?),
            capital: Some(both("capital", options.capital.as_deref(), capital)?),
        };
        let totals = run(scenario, format, &options, &mut Nobody)?.totals;
        let (format, bidders) = (format.clone(), *bidders);
        Ok(Cell { format, bidders, gas: gas.clone(), capital: capital.clone(), totals })
    })
}

/// One factor times another.
fn both(field: &str, one: Option<&str>, other: &str) -> Result<String, ScenarioError> {
    let (one, other) = (one.map_or(Ok(PPM), |one| times(field, one))?, times(field, other)?);
    let raw = mul_div(one, other, PPM, Rounding::HalfUp).map_err(crate::market::overflow)?;
    Ok(decimal::format_raw(raw, 6))
}
