//! `breakwater agreement check`: whether contracts make sense, and whether their events are those
//! that a file states.

use super::{contracts_of, text};
use crate::failure::{Failure, Verdict};
use crate::screen::Screen;
use breakwater_agreement::contracts::{Case, ContractType};
use serde::Serialize;
use std::path::Path;

/// Schema of the answer.
const SCHEMA: &str = "breakwater.agreement-check/1";

/// The answer.
#[derive(Debug, Serialize)]
pub struct Answer {
    pub schema: &'static str,
    pub file: String,
    pub contracts: Vec<CheckedJson>,
    pub sound: usize,
    pub total: usize,
}

/// One contract as it was found.
#[derive(Debug, Serialize)]
pub struct CheckedJson {
    pub name: String,
    pub contract_type: Option<&'static str>,
    pub events: usize,
    /// Rows that the file states; 0 where it states none.
    pub rows_stated: usize,
    pub unused_terms: Vec<String>,
    /// What is wrong; empty for a sound contract.
    pub findings: Vec<String>,
}

/// Reads the file and says of each contract whether it is sound.
pub fn run(path: &Path, screen: &Screen) -> Result<Verdict, Failure> {
    let contracts: Vec<CheckedJson> =
        contracts_of(path)?.into_iter().map(|(name, case)| checked(name, case)).collect();
    let sound = contracts.iter().filter(|contract| contract.findings.is_empty()).count();
    let total = contracts.len();
    let file = path.display().to_string();
    let answer = Answer { schema: SCHEMA, file, contracts, sound, total };
    screen.answer(&text::checks(&answer), &answer)?;
    Ok(if sound == total { Verdict::Fine } else { Verdict::Finding })
}

fn checked(name: String, case: Result<Case, breakwater_agreement::Error>) -> CheckedJson {
    let mut checked = CheckedJson {
        name,
        contract_type: None,
        events: 0,
        rows_stated: 0,
        unused_terms: Vec::new(),
        findings: Vec::new(),
    };
    let case = match case {
        Ok(case) => case,
        Err(error) => {
            checked.findings.push(error.to_string());
            return checked;
        }
    };
    let terms = case.contract.terms();
    checked.contract_type = terms.contract_type.map(ContractType::code);
    checked.unused_terms = terms.unused.keys().cloned().collect();
    checked.rows_stated = case.expected.len();
    match case.events() {
        Err(error) => checked.findings.push(error.to_string()),
        Ok(events) => {
            checked.events = events.len();
            if !case.expected.is_empty() {
                let differences = case.differences(&events);
                checked.findings.extend(differences.into_iter().map(|found| {
                    let (row, field) = (found.row + 1, found.field);
                    format!("row {row}, {field}: {} stated, {} found", found.expected, found.found)
                }));
            }
        }
    }
    checked
}
