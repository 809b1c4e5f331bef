//! Incentives with dates: the shipped table, what it says at a moment, and the fit it came from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use breakwater_money::rational::{Rational, from_raw};
use jiff::Timestamp;
use serde::Deserialize;

use super::EventsError;
use super::events::{AssetKey, Event, Reserve};

/// The word every row carries: nobody published these rows, they follow from events.
pub const LABEL: &str = "inferred";

/// Steps in which the venue's governance sets bonuses, in basis points.
const STEP_BPS: u32 = 50;

/// Bonuses that the fit takes for plausible.
const PLAUSIBLE_BPS: std::ops::RangeInclusive<u32> = 10_050..=12_500;

/// How near to a step an event must lie to be fitted on, in parts per million of the step: true ones
/// lie within one, a wrong price hits a step by chance in one case of twenty-five.
const SNAP_PPM: i128 = 100;

/// One incentive of one asset, from its first sighting on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incentive {
    /// First event that shows it.
    pub from: Timestamp,
    /// The bonus, the whole included.
    pub bonus_bps: u32,
    /// How many events show it.
    pub events: u32,
    /// Last event that shows it.
    pub last_seen: Timestamp,
}

/// What the table knows of an asset at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// Nothing yet: the asset is not in the table, or its first row begins later.
    Unknown,
    /// Seen before and after.
    Settled(&'a Incentive),
    /// Seen before; the next sighting shows another, and the change lies anywhere between. The older
    /// one counts.
    Changing(&'a Incentive),
    /// Seen before, and no sighting follows.
    Carried(&'a Incentive),
}

impl<'a> Standing<'a> {
    /// The incentive that counts.
    #[must_use]
    pub fn incentive(self) -> Option<&'a Incentive> {
        match self {
            Standing::Unknown => None,
            Standing::Settled(row) | Standing::Changing(row) | Standing::Carried(row) => Some(row),
        }
    }
}

/// Incentives of every asset, each list by time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Incentives {
    /// Rows by market and asset.
    pub rows: BTreeMap<AssetKey, Vec<Incentive>>,
}

/// What the shipped file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The incentives.
    pub incentives: Incentives,
    /// Assets whose prices are wrong in the source.
    pub wrong_feeds: BTreeSet<String>,
    /// Assets of events that the snapshot of reserves does not have.
    pub outside_snapshot: BTreeMap<AssetKey, Reserve>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableFile {
    name: String,
    label: String,
    fitted_on: String,
    wrong_feeds: FeedsFile,
    #[serde(default)]
    outside_snapshot: Vec<OutsideFile>,
    #[serde(default)]
    incentive: Vec<IncentiveFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeedsFile {
    assets: BTreeSet<String>,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutsideFile {
    market: String,
    asset: String,
    decimals: u8,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IncentiveFile {
    market: String,
    asset: String,
    from: String,
    bonus_bps: u32,
    label: String,
    events: u32,
    last_seen: String,
}

impl Table {
    /// Reads the table.
    ///
    /// # Errors
    /// Not such a file; a row without its label, with a bonus that is not plausible, or not later than
    /// the row of the same asset before it.
    pub fn parse(text: &str) -> Result<Table, EventsError> {
        let file: TableFile =
            toml::from_str(text).map_err(|error| EventsError::Table(error.to_string()))?;
        for (field, said) in [
            ("name", &file.name),
            ("fitted_on", &file.fitted_on),
            ("wrong_feeds.reason", &file.wrong_feeds.reason),
        ] {
            if said.trim().is_empty() {
                return Err(EventsError::Table(format!("{field} is empty")));
            }
        }
        let mut outside_snapshot = BTreeMap::new();
        for row in file.outside_snapshot {
            if row.reason.trim().is_empty() {
                let why = format!("outside_snapshot {}: the reason is empty", row.asset);
                return Err(EventsError::Table(why));
            }
            let reserve = Reserve { decimals: row.decimals, bonus_bps: 0 };
            outside_snapshot.insert((row.market, row.asset), reserve);
        }
        let mut incentives = Incentives::default();
        for row in file.incentive {
            incentives.add(row, &file.label)?;
        }
        Ok(Table { incentives, wrong_feeds: file.wrong_feeds.assets, outside_snapshot })
    }
}

impl Incentives {
    fn add(&mut self, row: IncentiveFile, label: &str) -> Result<(), EventsError> {
        let name = format!("incentive {} {} from {}", row.market, row.asset, row.from);
        let wrong = |what: String| EventsError::Table(format!("{name}: {what}"));
        for said in [label, &row.label] {
            if said != LABEL {
                return Err(wrong(format!("label is '{said}', expected '{LABEL}'")));
            }
        }
        if !PLAUSIBLE_BPS.contains(&row.bonus_bps) {
            let (low, high) = (PLAUSIBLE_BPS.start(), PLAUSIBLE_BPS.end());
            let found = row.bonus_bps;
            return Err(wrong(format!("bonus_bps is {found}, expected {low} to {high}")));
        }
        let time = |field: &str, text: &str| {
            text.parse::<Timestamp>().map_err(|error| wrong(format!("{field} '{text}': {error}")))
        };
        let from = time("from", &row.from)?;
        let last_seen = time("last_seen", &row.last_seen)?;
        let rows = self.rows.entry((row.market.clone(), row.asset.clone())).or_default();
        let follows = rows.last().is_none_or(|before| before.last_seen < from);
        if !follows || last_seen < from {
            return Err(wrong("not later than what stands before it".to_owned()));
        }
        rows.push(Incentive { from, bonus_bps: row.bonus_bps, events: row.events, last_seen });
        Ok(())
    }

    /// What is known of an asset at `time`. A row counts from its first sighting, that moment included.
    #[must_use]
    pub fn at(&self, market: &str, asset: &str, time: Timestamp) -> Standing<'_> {
        let key = (market.to_owned(), asset.to_owned());
        let rows = self.rows.get(&key).map_or(&[][..], Vec::as_slice);
        let begun = rows.partition_point(|row| row.from <= time);
        let Some(row) = begun.checked_sub(1).and_then(|last| rows.get(last)) else {
            return Standing::Unknown;
        };
        if time <= row.last_seen {
            Standing::Settled(row)
        } else if begun < rows.len() {
            Standing::Changing(row)
        } else {
            Standing::Carried(row)
        }
    }

    /// The incentives that `events` show, which must be in the order of their time: each asset's runs
    /// of the same step. One stray event amid a run is taken for a wrong price.
    #[must_use]
    pub fn fit<'a>(events: impl Iterator<Item = &'a Event>) -> Incentives {
        let mut rows: BTreeMap<AssetKey, Vec<Incentive>> = BTreeMap::new();
        for event in events {
            let Some(bonus_bps) = event.implied_bonus().as_ref().and_then(step) else { continue };
            let key = (event.market.clone(), event.collateral.symbol.clone());
            let runs = rows.entry(key).or_default();
            let seen = Incentive { from: event.time, bonus_bps, events: 1, last_seen: event.time };
            match runs.last_mut() {
                Some(run) if run.bonus_bps == bonus_bps => {
                    run.events += 1;
                    run.last_seen = event.time;
                }
                _ => runs.push(seen),
            }
            if let [.., before, stray, after] = runs.as_mut_slice()
                && stray.events == 1
                && before.bonus_bps == after.bonus_bps
            {
                before.events += after.events;
                before.last_seen = after.last_seen;
                let kept = runs.len() - 2;
                runs.truncate(kept);
            }
        }
        Incentives { rows }
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.values().map(Vec::len).sum()
    }

    /// The rows as they stand in the shipped file.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        for ((market, asset), rows) in &self.rows {
            for Incentive { from, bonus_bps, events, last_seen } in rows {
                // Writing to a string does not fail.
                let _ = writeln!(
                    text,
                    "[[incentive]]\nmarket = \"{market}\"\nasset = \"{asset}\"\nfrom = \"{from}\"\n\
                     bonus_bps = {bonus_bps}\nlabel = \"{LABEL}\"\nevents = {events}\n\
                     last_seen = \"{last_seen}\"\n"
                );
            }
        }
        text
    }
}

/// The plausible bonus that `implied` shows, if it lies close enough to one.
#[must_use]
pub fn step(implied: &Rational) -> Option<u32> {
    let steps = implied / from_raw(i128::from(STEP_BPS), 4);
    let bonus_bps = u32::try_from(steps.round().to_integer()).ok()?.checked_mul(STEP_BPS)?;
    let nearest = from_raw(i128::from(bonus_bps), 4);
    let near = PLAUSIBLE_BPS.contains(&bonus_bps)
        && super::deviation(implied, &nearest) <= from_raw(SNAP_PPM, 6);
    near.then_some(bonus_bps)
}
