//! What a crowd, its market and its day are drawn from.

use crate::ScenarioError;
use breakwater_liquidation::pooled::Limits;

/// How accounts in breach are sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Each its whole position at once, in the order of accounts.
    Alone,
    /// All together, round by round.
    Rounds,
}

/// Quantity at a distance from the mark, on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DepthStep {
    /// Distance from the mark, basis points.
    pub away_bps: u32,
    /// Base units.
    pub quantity: u128,
}

/// A crowd and what it goes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrowdSettings {
    /// Key of every draw.
    pub seed: u64,
    /// Accounts, at most 1,000,000.
    pub accounts: u32,
    /// Share of them that is long, per cent.
    pub long_percent: u32,
    /// Base units held by half of them, lognormal.
    pub size_median: u32,
    /// Deviation of the logarithm of sizes, per cent.
    pub size_sigma_percent: u32,
    /// Least and most that a position has behind it when it is opened, basis points of its value, even.
    pub margin_bps: (u32, u32),
    /// Below this an account is in breach, basis points of its value.
    pub maintenance_bps: u32,
    /// The first price, cents.
    pub start_cents: u128,
    /// How far the path has fallen at its end, basis points, in equal parts of the logarithm.
    pub fall_bps: u32,
    /// Deviation of each round's swing around that, basis points.
    pub swing_bps: u32,
    /// Rounds of the path; the last price then stands until everything is closed.
    pub rounds: u32,
    /// What stands around the mark, nearest first.
    pub depth: Vec<DepthStep>,
    /// Share of consumed depth that is back a round later, 1e18.
    pub recovery_e18: u128,
    /// Share of the impact left that moves the next mark, basis points.
    pub feedback_bps: u32,
    /// Limits of each round.
    pub limits: Limits,
    /// How far the price may move until the next round, parts per million.
    pub reach_ppm: u32,
}

impl Default for CrowdSettings {
    /// A thousand accounts, opened all along, 1.5 to 10 % behind each, a fall of 15 % in 240 rounds; 30,000 units a side
    /// within 5 % of the mark, a tenth of what is consumed back each round.
    fn default() -> Self {
        let depth =
            [(5, 1_000), (20, 2_000), (50, 4_000), (100, 6_000), (200, 8_000), (500, 9_000)];
        CrowdSettings {
            seed: 20_251_010,
            accounts: 1_000,
            long_percent: 60,
            size_median: 150,
            size_sigma_percent: 150,
            margin_bps: (150, 1_000),
            maintenance_bps: 100,
            start_cents: 10_000_000,
            fall_bps: 1_500,
            swing_bps: 80,
            rounds: 240,
            depth: depth.map(|(away_bps, quantity)| DepthStep { away_bps, quantity }).to_vec(),
            recovery_e18: 100_000_000_000_000_000,
            feedback_bps: 5_000,
            limits: Limits {
                impact_bps: 100,
                participation_bps: 5_000,
                wait_rounds_max: 40,
                cross: true,
            },
            reach_ppm: 14_000,
        }
    }
}

impl CrowdSettings {
    /// The first setting that makes no sense, with its value and what would be right.
    ///
    /// # Errors
    /// A sentence naming field, value and what would be right.
    pub fn validate(&self) -> Result<(), ScenarioError> {
        let within = |field: &str, value: u128, least: u128, most: u128| {
            if (least..=most).contains(&value) {
                return Ok(());
            }
            Err(ScenarioError::setting(field, format!("{value}; expected {least} to {most}")))
        };
        within("accounts", self.accounts.into(), 0, 1_000_000)?;
        within("long_percent", self.long_percent.into(), 0, 100)?;
        within("size_median", self.size_median.into(), 1, 1_000_000)?;
        within("size_sigma_percent", self.size_sigma_percent.into(), 0, 500)?;
        within("margin_bps.0", self.margin_bps.0.into(), 0, self.margin_bps.1.into())?;
        within("margin_bps.1", self.margin_bps.1.into(), 0, 100_000)?;
        within("maintenance_bps", self.maintenance_bps.into(), 0, 10_000)?;
        within("start_cents", self.start_cents, 10_000, 1_000_000_000_000)?;
        within("fall_bps", self.fall_bps.into(), 0, 9_000)?;
        within("swing_bps", self.swing_bps.into(), 0, 1_000)?;
        within("rounds", self.rounds.into(), 1, 100_000)?;
        within("recovery_e18", self.recovery_e18, 1, 1_000_000_000_000_000_000)?;
        within("feedback_bps", self.feedback_bps.into(), 0, 10_000)?;
        within("depth", self.depth.len() as u128, 1, 1_000)?;
        self.limits.validate().map_err(|why| ScenarioError::setting("limits", why.to_string()))?;
        let mut before = 0;
        for (index, step) in self.depth.iter().enumerate() {
            let least = u128::from(before) + 1;
            within(&format!("depth[{index}].away_bps"), step.away_bps.into(), least, 9_000)?;
            within(&format!("depth[{index}].quantity"), step.quantity, 1, 1 << 60)?;
            before = step.away_bps;
        }
        Ok(())
    }
}
