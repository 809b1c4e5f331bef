//! The scenarios and the numbers around them, as data.

use super::charges::Charges;
use super::{ONE_BPS, ScenarioError};
use serde::{Deserialize, Serialize};

/// A venue's portfolio margin for one group of underlyings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// Moves of every forward in basis points, above -10,000. Each is tried with volatility up, same
    /// and down, in this order.
    pub moves_bps: Vec<i32>,
    /// How volatility moves.
    pub volatility: VolatilityMove,
    /// Wider moves that count in part.
    pub extended: Option<Extended>,
    /// What comes on top of the worst loss.
    #[serde(default)]
    pub charges: Charges,
    /// Initial margin as a share of loss and charges.
    pub initial_bps: u32,
    /// Maintenance margin as a share of loss and charges.
    pub maintenance_bps: u32,
}

/// Relative moves of implied volatility at 30 days, and how they grow towards expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolatilityMove {
    /// Up, of the volatility itself.
    pub up_bps: u32,
    /// Down.
    pub down_bps: u32,
    /// The least that volatility is taken as when it moves up, in 1e-6.
    #[serde(default)]
    pub up_floor_ppm: u64,
    /// Power of `30 / days` below 30 days, in hundredths.
    pub short_power_hundredths: u32,
    /// Power above 30 days.
    pub long_power_hundredths: u32,
}

/// Moves beyond the range, with volatility up alone.
///
/// Their loss counts `factor`, less `dampener (|move| / range - 1)` where that is above zero, and not
/// below nothing. The exchange reference names factor and dampener and gives no formula; this shape is
/// that of a third party's program, unverified against a venue's own figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extended {
    /// Moves in basis points, above -10,000.
    pub moves_bps: Vec<i32>,
    /// Share of the loss that counts.
    pub factor_bps: u32,
    /// In base units of the settle asset.
    pub dampener: u128,
    /// The range of ordinary moves, in basis points.
    pub range_bps: u32,
}

/// What volatility does in a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VolatilityShock {
    /// It rises.
    Up,
    /// It stays.
    Same,
    /// It falls.
    Down,
}

/// One scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scenario {
    /// Move of every forward in basis points.
    pub move_bps: i32,
    /// Move of every volatility.
    pub volatility: VolatilityShock,
    /// Whether it is one of the extended ones.
    pub extended: bool,
}

/// Most price moves of a grid, ordinary and extended: three times as many rows an option are kept.
const MOVES_MAX: usize = 256;

/// The largest move: a hundredfold price.
const MOVE_MAX_BPS: i32 = 990_000;

impl Grid {
    /// The scenarios in their order: each move with volatility up, same, down; then the extended ones.
    #[must_use]
    pub fn scenarios(&self) -> Vec<Scenario> {
        use VolatilityShock::{Down, Same, Up};
        let ordinary = self.moves_bps.iter().flat_map(|move_bps| {
            [Up, Same, Down].map(|volatility| Scenario {
                move_bps: *move_bps,
                volatility,
                extended: false,
            })
        });
        let extended = self.extended.iter().flat_map(|extended| &extended.moves_bps);
        let extended = extended.map(|move_bps| Scenario {
            move_bps: *move_bps,
            volatility: Up,
            extended: true,
        });
        ordinary.chain(extended).collect()
    }

    /// Refuses a grid with a number that none may have.
    ///
    /// # Errors
    /// The first such field.
    pub fn check(&self) -> Result<(), ScenarioError> {
        check_moves("moves_bps", &self.moves_bps)?;
        let down = i64::from(self.volatility.down_bps);
        require("volatility.down_bps", down, down <= i64::from(ONE_BPS), "at most 10000 is right")?;
        for power in [self.volatility.short_power_hundredths, self.volatility.long_power_hundredths]
        {
            let right = "at most 100 hundredths is right";
            require("volatility.power", power.into(), power <= 100, right)?;
        }
        if let Some(extended) = &self.extended {
            check_moves("extended.moves_bps", &extended.moves_bps)?;
            let range = extended.range_bps;
            require("extended.range_bps", range.into(), range > 0, "a range above zero is right")?;
        }
        let (initial, maintenance) = (self.initial_bps, self.maintenance_bps);
        let right = "at most initial_bps is right";
        require("maintenance_bps", maintenance.into(), maintenance <= initial, right)?;
        self.charges.check()
    }
}

fn check_moves(field: &'static str, moves_bps: &[i32]) -> Result<(), ScenarioError> {
    let count = i64::try_from(moves_bps.len()).unwrap_or(i64::MAX);
    let few = !moves_bps.is_empty() && moves_bps.len() <= MOVES_MAX;
    require(field, count, few, "1 to 256 moves is right")?;
    let inside = |move_bps: &i32| *move_bps > -10_000 && *move_bps <= MOVE_MAX_BPS;
    match moves_bps.iter().find(|move_bps| !inside(move_bps)) {
        None => Ok(()),
        Some(found) => {
            let right = "a move above -10000 and up to 990000 is right";
            require(field, i64::from(*found), false, right)
        }
    }
}

pub(super) fn require(
    field: &'static str,
    found: i64,
    fits: bool,
    right: &'static str,
) -> Result<(), ScenarioError> {
    if fits { Ok(()) } else { Err(ScenarioError::Grid { field, found, right }) }
}
