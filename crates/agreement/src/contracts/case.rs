//! Case files of the standard: terms, observations and the rows that must come out.

use super::term_values::{moment, number};
use super::{Contract, Event, EventType, Observed, Terms};
use crate::Error;
use crate::calendar::Moment;
use serde_json::Value;

/// The most cases of one file.
const CASES_MAX: usize = 100_000;

/// One case: a contract, what was observed, until when it is asked, and what is expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Name of the case.
    pub name: String,
    /// The contract.
    pub contract: Contract,
    /// What was observed.
    pub observed: Observed,
    /// Until when events are asked for.
    pub until: Option<Moment>,
    /// The rows that must come out; none where the file states none.
    pub expected: Vec<Expected>,
}

/// A case with its name, or why it cannot be read.
pub type NamedCase = (String, Result<Case, Error>);

/// One expected row. A field that the file does not state is not compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// When.
    pub time: Moment,
    /// What.
    pub kind: EventType,
    /// In what currency.
    pub currency: Option<String>,
    /// Numbers by the name of their column.
    pub numbers: Vec<(String, f64)>,
    /// When the right was exercised.
    pub exercise_date: Option<Moment>,
}

/// One place where the rows of a contract differ from the expected ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Number of the row, from 0.
    pub row: usize,
    /// Column, or `row` for a row that is missing or too many.
    pub field: String,
    /// What is expected.
    pub expected: String,
    /// What came out.
    pub found: String,
}

/// The columns of numbers that a row may state.
const NUMBERS: [&str; 5] =
    ["payoff", "notionalPrincipal", "nominalInterestRate", "accruedInterest", "exerciseAmount"];

/// The cases of a file: one case, an object of cases by name, or the bare terms of one contract.
///
/// # Errors
/// The first case that cannot be read: the field, the value found and what would be right.
pub fn cases_in(value: &Value) -> Result<Vec<Case>, Error> {
    named_cases_in(value)?.into_iter().map(|(_, case)| case).collect()
}

/// The same, each case with its name and with its own error.
///
/// # Errors
/// When the file is none of the three.
pub fn named_cases_in(value: &Value) -> Result<Vec<NamedCase>, Error> {
    let fields = value.as_object().filter(|fields| !fields.is_empty()).ok_or_else(|| {
        let expected = "terms, a case with `terms`, or an object of cases";
        Error::value("file", kind_of(value), expected)
    })?;
    if fields.contains_key("terms") {
        let name = value.get("identifier").and_then(Value::as_str).unwrap_or("case");
        return Ok(vec![(name.to_owned(), Case::from_json(name, value))]);
    }
    if fields.contains_key("contractType") {
        let name = value.get("contractID").and_then(Value::as_str).unwrap_or("terms").to_owned();
        let contract = Terms::from_json(value).and_then(Contract::new);
        let case = contract.map(|contract| Case {
            name: name.clone(),
            contract,
            observed: Observed::default(),
            until: None,
            expected: Vec::new(),
        });
        return Ok(vec![(name, case)]);
    }
    if fields.len() > CASES_MAX {
        return Err(Error::TooMany {
            what: "the cases of one file".to_owned(),
            limit: CASES_MAX,
            expected: "split the file".to_owned(),
        });
    }
    Ok(fields.iter().map(|(name, case)| (name.clone(), Case::from_json(name, case))).collect())
}

/// What kind of value stands in a file, in a word.
const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an empty object",
    }
}

impl Case {
    /// Reads one case.
    ///
    /// # Errors
    /// As [`cases_in`].
    pub fn from_json(name: &str, value: &Value) -> Result<Self, Error> {
        let field = |name: &str| value.get(name).unwrap_or(&Value::Null);
        if !value.get("terms").is_some_and(Value::is_object) {
            return Err(Error::missing("terms", "the terms of the contract of a case"));
        }
        let name = field("identifier").as_str().unwrap_or(name).to_owned();
        let contract = Contract::new(Terms::from_json(field("terms"))?)?;
        let observed = Observed::from_json(field("dataObserved"), field("eventsObserved"))?;
        let until = match field("to") {
            Value::Null => None,
            Value::String(text) if text.trim().is_empty() => None,
            value => Some(moment("to", value)?),
        };
        let rows = match field("results") {
            Value::Null => &[],
            Value::Array(rows) => rows.as_slice(),
            other => return Err(Error::value("results", other, "a list of rows")),
        };
        let expected = rows.iter().map(Expected::from_json).collect::<Result<_, _>>()?;
        Ok(Self { name, contract, observed, until, expected })
    }

    /// The rows of the contract.
    ///
    /// # Errors
    /// As [`Contract::events`].
    pub fn events(&self) -> Result<Vec<Event>, Error> {
        self.contract.events(&self.observed, self.until)
    }

    /// Where the rows differ from the expected ones by more than 1e-6 and 1e-8 of the value.
    #[must_use]
    pub fn differences(&self, events: &[Event]) -> Vec<Difference> {
        let mut differences = Vec::new();
        for row in 0..self.expected.len().max(events.len()) {
            match (self.expected.get(row), events.get(row)) {
                (Some(expected), Some(event)) => {
                    expected.compare(row, event, &mut differences);
                }
                (expected, event) => differences.push(Difference {
                    row,
                    field: "row".to_owned(),
                    expected: expected.map_or_else(|| "no row".to_owned(), Expected::label),
                    found: event.map_or_else(|| "no row".to_owned(), label),
                }),
            }
        }
        differences
    }
}

fn label(event: &Event) -> String {
    format!("{} {}", event.time, event.kind.code())
}

/// Whether two numbers agree: by 1e-6, or by 1e-8 of the expected value.
fn agree(expected: f64, found: f64) -> bool {
    (expected - found).abs() <= (expected.abs() * 1e-8).max(1e-6)
}

impl Expected {
    fn from_json(value: &Value) -> Result<Self, Error> {
        let field = |name: &str| value.get(name).filter(|value| !value.is_null());
        let time = moment("eventDate", field("eventDate").unwrap_or(&Value::Null))?;
        let code = field("eventType").and_then(Value::as_str).unwrap_or("");
        let kind = EventType::of_code(code.trim())
            .ok_or_else(|| Error::value("eventType", code, "a code of the event types, as IP"))?;
        let currency = field("currency").and_then(Value::as_str).map(str::to_owned);
        let mut numbers = Vec::new();
        for name in NUMBERS {
            if let Some(value) = field(name) {
                numbers.push((name.to_owned(), number(name, value)?));
            }
        }
        let exercise_date = match field("exerciseDate") {
            Some(value) => Some(moment("exerciseDate", value)?),
            None => None,
        };
        Ok(Self { time, kind, currency, numbers, exercise_date })
    }

    fn label(&self) -> String {
        format!("{} {}", self.time, self.kind.code())
    }

    fn compare(&self, row: usize, event: &Event, differences: &mut Vec<Difference>) {
        let mut differ = |field: &str, expected: String, found: String| {
            differences.push(Difference { row, field: field.to_owned(), expected, found });
        };
        if self.time != event.time || self.kind != event.kind {
            differ("row", self.label(), label(event));
            return;
        }
        if let Some(currency) = self.currency.as_ref().filter(|code| **code != event.currency) {
            differ("currency", currency.clone(), event.currency.clone());
        }
        for (name, expected) in &self.numbers {
            let found = match name.as_str() {
                "payoff" => event.payoff,
                "notionalPrincipal" => event.notional,
                "nominalInterestRate" => event.rate,
                "accruedInterest" => event.accrued,
                _ => event.exercise.map_or(0.0, |exercise| exercise.amount),
            };
            if !agree(*expected, found) {
                differ(name, expected.to_string(), found.to_string());
            }
        }
        let found = event.exercise.and_then(|exercise| exercise.date);
        if let Some(date) = self.exercise_date.filter(|date| found != Some(*date)) {
            let found = found.map_or_else(|| "none".to_owned(), |date| date.to_string());
            differ("exerciseDate", date.to_string(), found);
        }
    }
}
