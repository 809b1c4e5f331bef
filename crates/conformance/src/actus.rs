//! Files of financial contracts in the form of the ACTUS tests: an object of cases by name, or one
//! case, each with `terms`, observations and the `results` that must come out.
//!
//! Every row and every field that a case states is compared, rows in their order: numbers by 1e-6 or
//! by 1e-8 of the expected value, whichever is more. A row too many or too few is a difference.

use crate::adapter::{Adapter, Mismatch};
use breakwater_agreement::contracts::{Case, Difference};
use serde_json::Value;

/// The adapters of this family.
#[must_use]
pub fn adapters() -> Vec<Box<dyn Adapter>> {
    vec![Box::new(Contracts)]
}

/// Checks contracts.
struct Contracts;

/// Whether a value is a case: terms with a contract type, and rows.
fn is_case(value: &Value) -> bool {
    let typed = value.pointer("/terms/contractType").is_some_and(Value::is_string);
    typed && value.get("results").is_some_and(Value::is_array)
}

impl Adapter for Contracts {
    fn knows(&self, file: &Value) -> bool {
        let cases = |file: &Value| file.as_object().map(|cases| cases.values().all(is_case));
        is_case(file) || (file != &Value::Object(Default::default()) && cases(file) == Some(true))
    }

    fn cases<'a>(&self, file: &'a Value) -> Vec<&'a Value> {
        match file.as_object() {
            _ if is_case(file) => vec![file],
            Some(cases) => cases.values().collect(),
            None => Vec::new(),
        }
    }

    /// They have an `identifier`, which stands in the field of a difference.
    fn cases_have_ids(&self) -> bool {
        false
    }

    fn check(&self, _file: &Value, case: &Value) -> Result<(), Vec<Mismatch>> {
        let name = case.get("identifier").and_then(Value::as_str).unwrap_or("case");
        let refused = |error: breakwater_agreement::Error| {
            vec![Mismatch::new(
                format!("{name}.terms"),
                "a contract with events",
                error.to_string(),
            )]
        };
        let read = Case::from_json(name, case).map_err(refused)?;
        if read.expected.is_empty() {
            let expected = "at least one row";
            return Err(vec![Mismatch::new(format!("{name}.results"), expected, "none")]);
        }
        let events = read.events().map_err(refused)?;
        let differences = read.differences(&events);
        if differences.is_empty() {
            return Ok(());
        }
        let mismatch = |found: Difference| {
            let field = format!("{name}.results[{}].{}", found.row, found.field);
            Mismatch::new(field, found.expected, found.found)
        };
        Err(differences.into_iter().map(mismatch).collect())
    }
}
