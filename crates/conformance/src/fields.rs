//! Reading the fields of a case, so that what is wrong is named by its path.

use crate::Mismatch;
use breakwater_money::{Decimal, Rational, rational};
use serde_json::{Map, Value};

/// Longest stretch of a JSON value that a message quotes, in characters.
const QUOTED_MAX: usize = 60;

/// An object inside a case, with its path.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    map: &'a Map<String, Value>,
    path: String,
}

impl<'a> Fields<'a> {
    /// The object `name` of `case`.
    ///
    /// # Errors
    /// It is missing or no object.
    pub fn of(case: &'a Value, name: &str) -> Result<Self, Mismatch> {
        Fields::at(name.to_owned(), case.get(name))
    }

    fn at(path: String, value: Option<&'a Value>) -> Result<Self, Mismatch> {
        match value.and_then(Value::as_object) {
            Some(map) => Ok(Fields { map, path }),
            None => Err(Mismatch::new(path, "an object", describe(value))),
        }
    }

    /// The path of the field `name`.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    /// A mismatch of the field `name`: what it should be, and what stands there.
    #[must_use]
    pub fn wrong(&self, name: &str, right: &str) -> Mismatch {
        Mismatch::new(self.path(name), right, describe(self.map.get(name)))
    }

    /// Every name and value.
    pub fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.map.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// A text.
    ///
    /// # Errors
    /// Missing or no text.
    pub fn text(&self, name: &str) -> Result<&'a str, Mismatch> {
        self.map.get(name).and_then(Value::as_str).ok_or_else(|| self.wrong(name, "a text"))
    }

    /// The text of a number: a decimal text, or a whole JSON number. A JSON number with a fraction
    /// has been through binary and is refused.
    fn digits(&self, name: &str, right: &str) -> Result<String, Mismatch> {
        number_text(self.map.get(name)).ok_or_else(|| self.wrong(name, right))
    }

    /// An exact number: a decimal or `a/b`.
    ///
    /// # Errors
    /// Missing, or neither of both.
    pub fn rational(&self, name: &str) -> Result<Rational, Mismatch> {
        let right = "a text with a decimal or a/b";
        rational::parse(&self.digits(name, right)?)
            .map_err(|error| Mismatch::new(self.path(name), right, error.to_string()))
    }

    /// An exact number above zero.
    ///
    /// # Errors
    /// Missing, no number, or not above zero.
    pub fn positive(&self, name: &str) -> Result<Rational, Mismatch> {
        let value = self.rational(name)?;
        if value > rational::from_raw(0, 0) {
            return Ok(value);
        }
        Err(self.wrong(name, "a number above zero"))
    }

    /// A decimal as written, its number of decimals included.
    ///
    /// # Errors
    /// Missing or no decimal.
    pub fn decimal(&self, name: &str) -> Result<Decimal, Mismatch> {
        let right = "a text with a decimal";
        Decimal::parse(&self.digits(name, right)?)
            .map_err(|error| Mismatch::new(self.path(name), right, error.to_string()))
    }

    /// Yes or no.
    ///
    /// # Errors
    /// Missing, or neither of both.
    pub fn flag(&self, name: &str) -> Result<bool, Mismatch> {
        self.map.get(name).and_then(Value::as_bool).ok_or_else(|| self.wrong(name, "true or false"))
    }

    /// A list of decimals as written.
    ///
    /// # Errors
    /// Missing, no list, or an entry that is no decimal.
    pub fn decimals(&self, name: &str) -> Result<Vec<Decimal>, Mismatch> {
        let list = self.map.get(name).and_then(Value::as_array);
        let list = list.ok_or_else(|| self.wrong(name, "a list"))?;
        let decimal = |(index, value): (usize, &Value)| {
            let (path, right) = (format!("{}[{index}]", self.path(name)), "a text with a decimal");
            let Some(text) = number_text(Some(value)) else {
                return Err(Mismatch::new(path, right, describe(Some(value))));
            };
            Decimal::parse(&text).map_err(|error| Mismatch::new(path, right, error.to_string()))
        };
        list.iter().enumerate().map(decimal).collect()
    }

    /// A list of exact numbers, each a decimal or `a/b`.
    ///
    /// # Errors
    /// Missing, no list, or an entry that is neither.
    pub fn numbers(&self, name: &str) -> Result<Vec<Rational>, Mismatch> {
        let list = self.map.get(name).and_then(Value::as_array);
        let list = list.ok_or_else(|| self.wrong(name, "a list"))?;
        let number = |(index, value): (usize, &Value)| {
            let text = number_text(Some(value));
            let number = text.and_then(|text| rational::parse(&text).ok());
            let path = || format!("{}[{index}]", self.path(name));
            let right = "a text with a decimal or a/b";
            number.ok_or_else(|| Mismatch::new(path(), right, describe(Some(value))))
        };
        list.iter().enumerate().map(number).collect()
    }

    /// A list of objects.
    ///
    /// # Errors
    /// Missing, no list, or a row that is no object.
    pub fn rows(&self, name: &str) -> Result<Vec<Fields<'a>>, Mismatch> {
        let list = self.map.get(name).and_then(Value::as_array);
        let list = list.ok_or_else(|| self.wrong(name, "a list"))?;
        let row = |(index, value)| Fields::at(format!("{}[{index}]", self.path(name)), Some(value));
        list.iter().enumerate().map(row).collect()
    }
}

/// The text of a number as Breakwater reads it, if `value` is one that has not been through binary.
#[must_use]
pub fn number_text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        _ => None,
    }
}

/// A JSON value as a message quotes it.
#[must_use]
pub fn describe(value: Option<&Value>) -> String {
    let Some(value) = value else { return "nothing: the field is missing".to_owned() };
    let text = value.to_string();
    if text.chars().count() <= QUOTED_MAX {
        return text;
    }
    text.chars().take(QUOTED_MAX).chain("…".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn message(error: Mismatch) -> String {
        format!("{}: {}; {}", error.field, error.expected, error.got)
    }

    #[test]
    fn whatever_is_wrong_is_named_by_its_path() {
        let case = json!({"input": {"qty": 0.5, "side": 3, "mark": "1e9", "flat": "0",
            "rows": [{"cap": "x"}, 7]}});
        let input = Fields::of(&case, "input").unwrap();
        let number = "a text with a decimal or a/b";
        assert_eq!(
            message(input.rational("qty").unwrap_err()),
            format!("input.qty: {number}; 0.5")
        );
        assert_eq!(
            message(input.rational("wallet").unwrap_err()),
            format!("input.wallet: {number}; nothing: the field is missing")
        );
        assert_eq!(
            message(input.rational("mark").unwrap_err()),
            format!("input.mark: {number}; '1e9' is not a decimal: unexpected 'e' at character 2")
        );
        assert_eq!(message(input.text("side").unwrap_err()), "input.side: a text; 3");
        assert_eq!(
            message(input.positive("flat").unwrap_err()),
            "input.flat: a number above zero; \"0\""
        );
        assert_eq!(message(input.rows("rows").unwrap_err()), "input.rows[1]: an object; 7");
        assert_eq!(
            message(Fields::of(&case, "output").unwrap_err()),
            "output: an object; nothing: the field is missing"
        );
    }

    #[test]
    fn a_whole_json_number_is_exact_and_long_values_are_cut() {
        let case = json!({"input": {"tier": 7, "notes": "n".repeat(100)}});
        let input = Fields::of(&case, "input").unwrap();
        assert_eq!(input.rational("tier").unwrap(), rational::from_raw(7, 0));
        let cut = input.wrong("notes", "less").got;
        assert_eq!((cut.chars().count(), cut.ends_with('…')), (QUOTED_MAX + 1, true));
    }
}
