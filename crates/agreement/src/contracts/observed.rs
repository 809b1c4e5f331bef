//! What the world did: observed values and events that no schedule knows.

use super::term_values::{TermValue, moment, number};
use super::{EventType, OBSERVATIONS_MAX, Performance};
use crate::Error;
use crate::calendar::Moment;
use serde_json::Value;
use std::collections::BTreeMap;

/// An event that happened without being scheduled: a call, a default, a prepayment.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedEvent {
    /// When.
    pub time: Moment,
    /// What.
    pub kind: EventType,
    /// Amount, where the kind has one; 0 otherwise.
    pub value: f64,
    /// The contract that it happened to; `None` means the one that is asked.
    pub contract: Option<String>,
    /// How that contract performs afterwards.
    pub performance: Option<Performance>,
}

/// Everything observed that a contract may ask for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observed {
    series: BTreeMap<String, Vec<(Moment, f64)>>,
    events: Vec<ObservedEvent>,
    /// Whether a value that is not there counts as zero: for questions about times alone.
    lenient: bool,
}

impl Observed {
    /// Adds a value of a market object. A later value for the same moment replaces the earlier.
    pub fn value(&mut self, code: &str, at: Moment, value: f64) {
        let series = self.series.entry(code.to_owned()).or_default();
        match series.binary_search_by(|entry| entry.0.cmp(&at)) {
            Ok(place) => series[place].1 = value,
            Err(place) => series.insert(place, (at, value)),
        }
    }

    /// Adds an event, in the order of time.
    pub fn event(&mut self, event: ObservedEvent) {
        let place = self.events.partition_point(|other| other.time <= event.time);
        self.events.insert(place, event);
    }

    /// The value of a market object for a moment: the one observed then, or the last one before.
    #[must_use]
    pub fn at(&self, code: &str, moment: Moment) -> Option<f64> {
        let series = self.series.get(code)?;
        let after = series.partition_point(|entry| entry.0 <= moment);
        after.checked_sub(1).map(|place| series[place].1)
    }

    /// The value observed at exactly this moment.
    #[must_use]
    pub fn exactly(&self, code: &str, moment: Moment) -> Option<f64> {
        let series = self.series.get(code)?;
        let place = series.binary_search_by(|entry| entry.0.cmp(&moment)).ok()?;
        Some(series[place].1)
    }

    /// The value for an event that was scheduled for one moment and takes place at another: what
    /// was observed when it was scheduled for, else what holds when it takes place.
    pub(super) fn needed(
        &self,
        code: &str,
        scheduled: Moment,
        takes_place: Moment,
        purpose: &str,
    ) -> Result<f64, Error> {
        let found = self.exactly(code, scheduled).or_else(|| self.at(code, takes_place));
        let found = found.or(self.lenient.then_some(0.0));
        found.ok_or_else(|| Error::Unobserved {
            code: code.to_owned(),
            at: takes_place.to_string(),
            expected: format!("{purpose}; give a value for that time or before it"),
        })
    }

    /// The events without the values, for questions about times alone.
    pub(super) fn events_alone(&self) -> Self {
        Self { series: BTreeMap::new(), events: self.events.clone(), lenient: true }
    }

    /// The events of one kind that happened to a contract, in the order of time.
    pub(super) fn events_of<'a>(
        &'a self,
        kind: EventType,
        contract: Option<&'a str>,
    ) -> impl Iterator<Item = &'a ObservedEvent> {
        self.events.iter().filter(move |event| {
            let meant = match (&event.contract, contract) {
                (None, _) => true,
                (Some(named), Some(asked)) => named == asked,
                (Some(_), None) => false,
            };
            event.kind == kind && meant
        })
    }

    /// The events of one kind that name one of these contracts, in the order of time.
    pub(super) fn events_naming<'a>(
        &'a self,
        kind: EventType,
        contracts: &'a [&'a str],
    ) -> impl Iterator<Item = &'a ObservedEvent> {
        self.events.iter().filter(move |event| {
            let named = event.contract.as_deref();
            event.kind == kind && named.is_some_and(|name| contracts.contains(&name))
        })
    }

    /// Reads `dataObserved` and `eventsObserved` of a case file. Either may be null.
    ///
    /// # Errors
    /// Names the code or the event, the value found and what would be right.
    pub fn from_json(data: &Value, events: &Value) -> Result<Self, Error> {
        let mut observed = Self::default();
        observed.read_data(data)?;
        observed.read_events(events)?;
        Ok(observed)
    }

    fn read_data(&mut self, data: &Value) -> Result<(), Error> {
        let series = match data {
            Value::Null => return Ok(()),
            Value::Object(series) => series,
            other => return Err(Error::value("dataObserved", other, "an object of series")),
        };
        let mut count = 0;
        for (code, entry) in series {
            let Some(Value::Array(points)) = entry.get("data") else {
                let expected = "a series with a list `data` of timestamp and value";
                return Err(Error::value(code, "no list `data`", expected));
            };
            count += points.len();
            bounded(count)?;
            let mut read = Vec::with_capacity(points.len());
            for point in points {
                let at = moment("timestamp", point.get("timestamp").unwrap_or(&Value::Null))?;
                let value = number("value", point.get("value").unwrap_or(&Value::Null))?;
                read.push((at, value));
            }
            read.sort_by_key(|point| point.0);
            for (at, value) in read {
                self.value(code, at, value);
            }
        }
        Ok(())
    }

    fn read_events(&mut self, events: &Value) -> Result<(), Error> {
        let events = match events {
            Value::Null => return Ok(()),
            Value::Array(events) => events,
            other => return Err(Error::value("eventsObserved", other, "a list of events")),
        };
        bounded(events.len())?;
        let mut read = Vec::with_capacity(events.len());
        for event in events {
            let field = |name: &str| event.get(name).unwrap_or(&Value::Null);
            let code = field("type").as_str().unwrap_or("").trim();
            let kind = EventType::of_code(code)
                .ok_or_else(|| Error::value("type", code, "a code of the event types, as XD"))?;
            let value = match field("value") {
                Value::Null => 0.0,
                value => number("value", value)?,
            };
            let performance = match event.pointer("/states/contractPerformance") {
                None | Some(Value::Null) => None,
                Some(value) => Some(Performance::read("contractPerformance", value)?),
            };
            let contract = field("contractId").as_str().or_else(|| field("contractID").as_str());
            let contract = contract.map(|text| text.trim().to_owned());
            let time = moment("time", field("time"))?;
            read.push(ObservedEvent { time, kind, value, contract, performance });
        }
        read.sort_by_key(|event| event.time);
        for event in read {
            self.event(event);
        }
        Ok(())
    }
}

fn bounded(count: usize) -> Result<(), Error> {
    if count > OBSERVATIONS_MAX {
        return Err(Error::TooMany {
            what: "the observations of one question".to_owned(),
            limit: OBSERVATIONS_MAX,
            expected: "ask in parts".to_owned(),
        });
    }
    Ok(())
}
