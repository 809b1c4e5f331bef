//! `breakwater agreement events`: the rows of contracts.

use super::arguments::Events;
use super::{contracts_of, failure, text};
use crate::failure::{Failure, Verdict};
use crate::screen::Screen;
use breakwater_agreement::calendar::Moment;
use breakwater_agreement::contracts::{Case, ContractType, Event};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Schema of the answer.
const SCHEMA: &str = "breakwater.agreement-events/1";

/// The answer. Rows have the columns and the numbers of the standard's own test files.
#[derive(Debug, Serialize)]
pub struct Answer {
    pub schema: &'static str,
    pub file: String,
    pub contracts: Vec<ContractJson>,
}

/// One contract with its rows.
#[derive(Debug, Serialize)]
pub struct ContractJson {
    pub name: String,
    pub contract_type: &'static str,
    pub until: Option<String>,
    /// Terms of the dictionary that change nothing here.
    pub unused_terms: Vec<String>,
    pub events: Vec<Value>,
    /// What is received and paid, by currency.
    pub totals: Vec<TotalJson>,
    /// For the text and the table: the rows themselves.
    #[serde(skip)]
    pub rows: Vec<Event>,
}

/// Sums of one currency.
#[derive(Debug, Serialize)]
pub struct TotalJson {
    pub currency: String,
    pub received: f64,
    pub paid: f64,
}

/// Prints the rows.
pub fn run(asked: &Events, screen: &Screen) -> Result<Verdict, Failure> {
    let until = asked.until.as_deref().map(moment).transpose()?;
    let mut read = contracts_of(&asked.file)?;
    for wanted in &asked.case {
        if !read.iter().any(|(name, _)| name == wanted) {
            let names: Vec<&str> = read.iter().map(|(name, _)| name.as_str()).take(8).collect();
            let of = asked.file.display();
            let told = format!("no case '{wanted}' in {of}; it has {}", names.join(", "));
            return Err(Failure::Usage(told));
        }
    }
    if !asked.case.is_empty() {
        read.retain(|(name, _)| asked.case.contains(name));
    }
    let mut contracts = Vec::with_capacity(read.len());
    for (name, case) in read {
        let case = case.map_err(|error| failure(&asked.file, &name, &error))?;
        let one = contract(name.clone(), &case, until);
        contracts.push(one.map_err(|error| failure(&asked.file, &name, &error))?);
    }
    for contract in contracts.iter().filter(|contract| !contract.unused_terms.is_empty()) {
        let names = contract.unused_terms.join(", ");
        screen.note(&format!("{}: nothing here acts on {names}", contract.name));
    }
    let answer = Answer { schema: SCHEMA, file: asked.file.display().to_string(), contracts };
    if let Some(path) = &asked.csv {
        write_csv(path, &answer)?;
    }
    screen.answer(&text::events(&answer), &answer)?;
    Ok(Verdict::Fine)
}

fn moment(text: &str) -> Result<Moment, Failure> {
    text.parse().map_err(|_| {
        let right = "a time such as 2027-01-01 or 2027-01-01T12:00:00";
        Failure::Usage(format!("--until is '{text}': expected {right}"))
    })
}

fn contract(
    name: String,
    case: &Case,
    until: Option<Moment>,
) -> Result<ContractJson, breakwater_agreement::Error> {
    let until = until.or(case.until);
    let rows = case.contract.events(&case.observed, until)?;
    let terms = case.contract.terms();
    let mut sums: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for row in &rows {
        let sum = sums.entry(&row.currency).or_default();
        sum.0 += row.payoff.max(0.0);
        sum.1 += (-row.payoff).max(0.0);
    }
    let total = |(currency, (received, paid)): (&str, (f64, f64))| TotalJson {
        currency: currency.to_owned(),
        received,
        paid,
    };
    Ok(ContractJson {
        name,
        contract_type: terms.contract_type.map_or("", ContractType::code),
        until: until.map(|until| until.to_string()),
        unused_terms: terms.unused.keys().cloned().collect(),
        events: rows.iter().map(Event::to_json).collect(),
        totals: sums.into_iter().map(total).collect(),
        rows,
    })
}

fn write_csv(path: &Path, answer: &Answer) -> Result<(), Failure> {
    let failed =
        |error: csv::Error| Failure::Data(format!("cannot write {}: {error}", path.display()));
    let mut table = csv::Writer::from_path(path).map_err(failed)?;
    let headings = [
        "contract",
        "time",
        "event",
        "payoff",
        "currency",
        "notional",
        "rate",
        "accrued",
        "exercise_date",
        "exercise_amount",
    ];
    table.write_record(headings).map_err(failed)?;
    for contract in &answer.contracts {
        for row in &contract.rows {
            let exercise = row.exercise;
            let date = exercise.and_then(|exercise| exercise.date);
            let record = [
                contract.name.clone(),
                row.time.to_string(),
                row.kind.code().to_owned(),
                plain(row.payoff),
                row.currency.clone(),
                plain(row.notional),
                plain(row.rate),
                plain(row.accrued),
                date.map(|date| date.to_string()).unwrap_or_default(),
                exercise.map(|exercise| plain(exercise.amount)).unwrap_or_default(),
            ];
            table.write_record(record).map_err(failed)?;
        }
    }
    table.flush().map_err(|error| Failure::file("write", path, &error))
}

/// A number with all its digits; zero has no sign.
fn plain(value: f64) -> String {
    (value + 0.0).to_string()
}
