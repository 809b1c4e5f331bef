//! Hourly flows of a real drain, replayed through the rules that limit what leaves.
//!
//! What people brought and wanted is as recorded; that they would have wanted the same under another rule
//! is an assumption, and so are cash at the start and the market around.

use super::score::{Point, RunScore, Scored};
use super::settings::{DefendSettings, within};
use crate::ScenarioError;
use crate::stress::defences::drain::replay_told;
use crate::stress::defences::{DrainDefence, FlowHour, Pool};
use serde::Deserialize;

/// Most hours of a table: ten years.
const HOURS_MAX: usize = 87_600;

/// Flows and what is assumed around them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowSettings {
    /// A CSV table: `hour`, `inflow`, `outflow`, whole units.
    pub table: String,
    /// The unit.
    pub unit: String,
    /// There to pay with before the first hour, whole units.
    pub cash: u64,
    /// Hours of the table that are calm: what binds in them binds falsely.
    pub calm_hours: u32,
    /// Share of what is paid out that is sold at once.
    pub sold_share: f64,
    /// Units sold that move the price by a factor of e.
    pub depth: f64,
    /// How fast the price forgets a sale, per hour.
    pub recovery_hour: f64,
    /// Hours that a withdrawal may wait without hurting its owner.
    pub patience_hours: u64,
}

impl FlowSettings {
    pub(super) fn check(&self) -> Result<(), ScenarioError> {
        within("flows.sold_share", self.sold_share, 0.0, 1.0)?;
        within("flows.depth", self.depth, 1.0, 1e15)?;
        within("flows.recovery_hour", self.recovery_hour, 0.0, 1e3)?;
        within("flows.patience_hours", self.patience_hours as f64, 0.0, 1e6)
    }

    fn pool(&self) -> Pool {
        Pool {
            cash: u128::from(self.cash),
            sold_share: self.sold_share,
            depth: self.depth,
            recovery: self.recovery_hour,
            patience_hours: self.patience_hours,
            // False trips are those of the calm hours here.
            horizon_hours: usize::MAX,
            drain_share: 0.0,
        }
    }
}

/// Hours of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowHours {
    /// First hour, as the table says it.
    pub first: String,
    /// In order.
    pub hours: Vec<FlowHour>,
}

impl FlowHours {
    /// Reads the table.
    ///
    /// # Errors
    /// The first row that is wrong, with its line.
    pub fn read(file: &str, text: &str) -> Result<FlowHours, ScenarioError> {
        let row =
            |line: u64, reason: String| ScenarioError::Row { file: file.to_owned(), line, reason };
        let mut lines = (1u64..).zip(text.lines()).filter(|(_, line)| !line.starts_with('#'));
        match lines.next() {
            Some((_, "hour,inflow,outflow")) => {}
            Some((line, found)) => {
                return Err(row(line, format!("heading '{found}'; expected hour,inflow,outflow")));
            }
            None => return Err(row(1, "no heading; expected hour,inflow,outflow".to_owned())),
        }
        let (mut first, mut hours) = (String::new(), Vec::new());
        for (line, told) in lines {
            let cells: Vec<&str> = told.split(',').collect();
            let [hour, inflow, outflow] = cells.as_slice() else {
                return Err(row(line, format!("{} cells; expected 3", cells.len())));
            };
            let whole = |field: &str, text: &str| {
                let read = text.parse::<u64>();
                read.map(u128::from)
                    .map_err(|_| row(line, format!("{field} '{text}'; expected a whole number")))
            };
            let flow =
                FlowHour { inflow: whole("inflow", inflow)?, outflow: whole("outflow", outflow)? };
            if hours.is_empty() {
                (*hour).clone_into(&mut first);
            }
            hours.push(flow);
        }
        if hours.is_empty() || hours.len() > HOURS_MAX {
            let reason = format!("{} hours; expected 1 to {HOURS_MAX}", hours.len());
            return Err(row(1, reason));
        }
        Ok(FlowHours { first, hours })
    }
}

/// Replays the hours under every set.
///
/// # Errors
/// A set that flows say nothing about, or an assumption that makes no sense.
pub(super) fn score(
    settings: &DefendSettings,
    flows: &FlowSettings,
    hours: &FlowHours,
) -> Result<Vec<Scored>, ScenarioError> {
    let calm = hours.hours.len().min(flows.calm_hours as usize);
    let refused =
        |why: crate::stress::StressError| ScenarioError::setting("flows", why.to_string());
    let mut scored = Vec::with_capacity(settings.defences.len());
    for set in &settings.defences {
        let defence: DrainDefence = set.drain()?;
        let (score, told) = replay_told(&flows.pool(), &hours.hours, defence).map_err(refused)?;
        let wanted: u128 = hours.hours.iter().map(|hour| hour.outflow).sum();
        let paid: u128 = told.iter().map(|hour| hour.paid).sum();
        let share = if wanted == 0 { 1.0 } else { paid as f64 / wanted as f64 };
        let false_trips = told.iter().take(calm).filter(|hour| hour.tripped).count();
        let track = (1u32..).zip(&told).map(|(hour, it)| Point {
            hours: f64::from(hour),
            price: it.price,
            without: 1.0,
            cash: it.cash as f64,
            waiting: it.waiting as f64,
        });
        // Whom the flows are of is not known: those hurt are a share of value.
        let hurt = (score.users_hurt * 1e6) as u32;
        let run = RunScore {
            bad_debt: score.bad_debt,
            trapped_value_hours: score.trapped_value_hours,
            trips: score.trips,
            trough_price: score.trough_price,
            users_hurt: hurt,
            users: 1_000_000,
            wanted: wanted as f64,
            got_out: share,
            ..RunScore::default()
        };
        scored.push(Scored {
            name: set.name.clone(),
            told: set.told(),
            runs: vec![run],
            false_trips: vec![u32::try_from(false_trips).unwrap_or(u32::MAX)],
            track: track.collect(),
        });
    }
    Ok(scored)
}
