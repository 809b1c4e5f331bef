//! How a listed contract lives: the table of a parameter file, and the same checked.

use super::average::{ONE_E12, SAMPLES_MAX};
use super::schedule::{Cycle, Grid};
use crate::Error;
use breakwater_money::{Time, decimal};
use serde::{Deserialize, Serialize};

/// Longest duration that a table may state, in days: more than a year between two payments is a slip.
pub const DAYS_MAX: u64 = 400;

/// A day in nanoseconds. Listed contracts live by UTC, whose days are all equal here.
const DAY: u64 = 86_400_000_000_000;

/// Units of a duration, in nanoseconds.
const UNITS: [(&str, u64); 5] = [
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", DAY),
];

/// How a listed contract lives, as its venue states it. Durations are a whole number with `ms`, `s`,
/// `m`, `h` or `d`; rates and shares are decimals; times of day are `HH:MM:SS` in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LifecycleParameters {
    /// How early an option may be exercised.
    pub exercise: ExerciseRule,
    /// Whether a position may go to another account, and at which price.
    pub transfer: TransferRule,
    /// Payments between longs and shorts of a perpetual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub funding: Option<FundingParameters>,
    /// Sessions at whose end results are settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionParameters>,
    /// Averaging of the settlement price. Without it the last price before expiry decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settlement: Option<SettlementParameters>,
    /// Standing instructions to roll.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roll: Option<RollParameters>,
}

/// Payments between longs and shorts of a perpetual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FundingParameters {
    /// Time from one payment to the next: a part of a day without rest, or whole days.
    pub every: String,
    /// Time that the rates below are stated for; a payment is as large a part of them as `every` is of
    /// it. Without it they are those of a payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Time of day of one of the payments, in UTC. Whole days are counted from 1970-01-01.
    pub at: String,
    /// Time from one sample of the premium to the next; divides `every`.
    pub sample: String,
    /// How samples weigh in the average.
    #[serde(default)]
    pub weights: Weights,
    /// Interest, a share of the position; below zero shorts pay it.
    #[serde(default = "nothing")]
    pub interest: String,
    /// How far the rate is pulled from the average premium towards the interest.
    pub band: String,
    /// Largest rate on either side.
    pub cap: String,
}

/// How samples weigh in the average of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weights {
    /// All alike.
    #[default]
    Plain,
    /// The n-th sample of the period weighs n.
    Rising,
}

/// Sessions at whose end results are settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionParameters {
    /// Time from one end to the next: a part of a day without rest, or whole days.
    pub every: String,
    /// Time of day of one of the ends, in UTC. Whole days are counted from 1970-01-01.
    pub at: String,
}

/// Averaging of the settlement price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettlementParameters {
    /// How long before expiry averaging begins.
    pub window: String,
    /// Time from one sample to the next; divides `window`. The last is taken at expiry.
    pub sample: String,
    /// Age of the last price up to which it is a sample. Without it a price never grows stale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_max: Option<String>,
    /// Share of the samples that must be there for their mean to decide, 0 to 1.
    #[serde(default = "nothing")]
    pub present_min: String,
}

/// How early an option may be exercised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExerciseRule {
    /// Only when it expires.
    #[default]
    European,
    /// At once, at the last index.
    American,
    /// At the end of the session, at the index of then.
    AmericanAtSession,
}

/// Standing instructions to roll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollParameters {
    /// How long before expiry they are carried out.
    pub before: String,
}

/// Whether a position may go to another account, and at which price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransferRule {
    /// It may not.
    #[default]
    None,
    /// With its entry price: the profit so far goes along.
    AtEntry,
    /// At the mark: the profit so far stays.
    AtMark,
}

fn nothing() -> String {
    "0".to_owned()
}

/// A checked lifecycle: durations in nanoseconds, rates and shares in 1e-12.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    pub(super) funding: Option<Funding>,
    pub(super) session: Option<Cycle>,
    pub(super) settlement: Option<Settlement>,
    pub(super) exercise: ExerciseRule,
    pub(super) roll: Option<u64>,
    pub(super) transfer: TransferRule,
}

/// Checked [`FundingParameters`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Funding {
    pub cycle: Cycle,
    pub sample: u64,
    pub planned: u32,
    pub weights: Weights,
    /// Time of one payment, and time that the rates are stated for.
    pub part: (u64, u64),
    pub interest_e12: i64,
    pub band_e12: i64,
    pub cap_e12: i64,
}

impl Funding {
    /// The samples of the period that ends with the payment at `payment`.
    pub const fn grid(&self, payment: Time) -> Grid {
        Grid { last: payment, step: self.sample, planned: self.planned }
    }
}

/// Checked [`SettlementParameters`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settlement {
    pub sample: u64,
    pub planned: u32,
    pub age_max: Option<u64>,
    pub present_min_e12: u64,
}

impl Settlement {
    /// The samples of what expires at `expires`.
    pub const fn grid(&self, expires: Time) -> Grid {
        Grid { last: expires, step: self.sample, planned: self.planned }
    }

    /// How long averaging takes, in nanoseconds: the product that was read.
    pub const fn window(&self) -> u64 {
        self.sample * self.planned as u64
    }
}

impl LifecycleParameters {
    /// Checks the table that stands at `path`.
    ///
    /// # Errors
    /// The first field that is wrong, what stands there and what would be right.
    pub fn read(&self, path: &str) -> Result<Lifecycle, Error> {
        let inside = |table: &str| format!("{path}.{table}");
        let funding = self.funding.as_ref().map(|table| table.read(&inside("funding")));
        let session = self.session.as_ref();
        let session = session.map(|table| cycle(&inside("session"), &table.every, &table.at));
        let settlement = self.settlement.as_ref().map(|table| table.read(&inside("settlement")));
        let roll = self.roll.as_ref();
        let roll = roll.map(|table| duration(&inside("roll"), "before", &table.before));
        Ok(Lifecycle {
            funding: funding.transpose()?,
            session: session.transpose()?,
            settlement: settlement.transpose()?,
            exercise: self.exercise,
            roll: roll.transpose()?,
            transfer: self.transfer,
        })
    }
}

impl FundingParameters {
    fn read(&self, path: &str) -> Result<Funding, Error> {
        let cycle = cycle(path, &self.every, &self.at)?;
        let sample = duration(path, "sample", &self.sample)?;
        let whole = ("every", self.every.as_str(), cycle.every);
        let planned = samples(path, whole, (&self.sample, sample))?;
        let of = self.of.as_deref().map(|text| duration(path, "of", text)).transpose()?;
        let of = of.unwrap_or(cycle.every);
        let cap_e12 = rate(path, "cap", &self.cap, 0)?;
        if i128::from(cap_e12) * i128::from(cycle.every) > i128::from(ONE_E12) * i128::from(of) {
            return Err(Error::contradiction(
                format!("{path}.cap = {} of {}", self.cap, self.of.as_deref().unwrap_or("")),
                format!("{path}.every = {}", self.every),
                "one payment is at most all of a position",
            ));
        }
        Ok(Funding {
            cycle,
            sample,
            planned,
            weights: self.weights,
            part: (cycle.every, of),
            interest_e12: rate(path, "interest", &self.interest, -ONE_E12)?,
            band_e12: rate(path, "band", &self.band, 0)?,
            cap_e12,
        })
    }
}

impl SettlementParameters {
    fn read(&self, path: &str) -> Result<Settlement, Error> {
        let window = duration(path, "window", &self.window)?;
        let sample = duration(path, "sample", &self.sample)?;
        let planned = samples(path, ("window", &self.window, window), (&self.sample, sample))?;
        let age_max = self.age_max.as_ref().map(|text| duration(path, "age_max", text));
        let present_min = rate(path, "present_min", &self.present_min, 0)?;
        Ok(Settlement {
            sample,
            planned,
            age_max: age_max.transpose()?,
            present_min_e12: present_min.unsigned_abs(),
        })
    }
}

/// A whole number and a unit, in nanoseconds.
fn duration(path: &str, field: &str, text: &str) -> Result<u64, Error> {
    let end = text.find(|next: char| !next.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = UNITS.iter().find(|(name, _)| *name == unit);
    let nanos =
        number.parse::<u64>().ok().zip(unit).and_then(|(n, (_, unit))| n.checked_mul(*unit));
    nanos.filter(|nanos| (1..=DAYS_MAX * DAY).contains(nanos)).ok_or_else(|| {
        let right = "a whole number with ms, s, m, h or d, such as 8h: above 0 and up to 400d";
        Error::value(&format!("{path}.{field}"), text, right)
    })
}

/// Seconds are enough: no venue pays within one.
fn time_of_day(path: &str, text: &str) -> Result<u64, Error> {
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<u64> =
        text.split(':').filter(|part| digits(part)).filter_map(|part| part.parse().ok()).collect();
    match parts[..] {
        // Three parts of two digits with two colons between them are eight bytes.
        [hour, minute, second] if text.len() == 8 && hour < 24 && minute < 60 && second < 60 => {
            Ok(((hour * 60 + minute) * 60 + second) * 1_000_000_000)
        }
        _ => Err(Error::value(&format!("{path}.at"), text, "a time of day in UTC as HH:MM:SS")),
    }
}

/// Moments that come at the same times of every day, or at one time every so many days.
fn cycle(path: &str, every: &str, at: &str) -> Result<Cycle, Error> {
    let nanos = duration(path, "every", every)?;
    if !DAY.is_multiple_of(nanos) && !nanos.is_multiple_of(DAY) {
        let right = "a part of a day without rest, such as 8h, or whole days, such as 7d";
        return Err(Error::value(&format!("{path}.every"), every, right));
    }
    Ok(Cycle::new(nanos, time_of_day(path, at)?))
}

/// How many samples the whole has: name, text and nanoseconds of it, text and nanoseconds of one.
fn samples(path: &str, whole: (&str, &str, u64), sample: (&str, u64)) -> Result<u32, Error> {
    let (field, text, nanos) = whole;
    if !nanos.is_multiple_of(sample.1) {
        return Err(Error::contradiction(
            format!("{path}.sample = {}", sample.0),
            format!("{path}.{field} = {text}"),
            &format!("`sample` divides `{field}` without rest"),
        ));
    }
    // division: exact, as checked above.
    let count = u32::try_from(nanos / sample.1).ok().filter(|count| *count <= SAMPLES_MAX);
    count.ok_or_else(|| Error::TooMany {
        what: format!("the samples of {path}.{field}, {text} by {},", sample.0),
        limit: SAMPLES_MAX as usize,
        expected: "sample less often".to_owned(),
    })
}

/// A rate or share from `least` to one, in 1e-12.
fn rate(path: &str, field: &str, text: &str, least: i64) -> Result<i64, Error> {
    let right = if least < 0 { "a decimal from -1 to 1" } else { "a decimal from 0 to 1" };
    let raw = decimal::parse_raw_signed(text, 12).ok().and_then(|raw| i64::try_from(raw).ok());
    raw.filter(|raw| (least..=ONE_E12).contains(raw)).ok_or_else(|| {
        let right = format!("{right} of at most 12 digits after the point");
        Error::value(&format!("{path}.{field}"), text, &right)
    })
}
