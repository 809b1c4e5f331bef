//! Reading TOML strictly: every key is known, every value is of its kind, every refusal names the
//! field by its path, what stands there and what would be right.

use crate::Error;
use crate::calendar::{Date, Moment};
use breakwater_money::{Decimal, Rational, rational};
use num_traits::Signed;
use std::cell::RefCell;
use toml::{Table, Value};

/// Longest stretch of a value that a message quotes, in characters.
const QUOTED_MAX: usize = 60;

/// A table of the document, with its path and the keys that were asked for.
pub(super) struct Reader<'a> {
    table: &'a Table,
    path: String,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Reader<'a> {
    pub(super) fn root(table: &'a Table) -> Self {
        Reader { table, path: String::new(), asked: RefCell::new(Vec::new()) }
    }

    pub(super) fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// A refusal of `key`: what stands there is not `right`.
    pub(super) fn wrong(&self, key: &str, right: &str) -> Error {
        match self.table.get(key) {
            None => Error::missing(&self.path(key), right),
            Some(value) => Error::value(&self.path(key), quoted(value), right),
        }
    }

    fn get(&self, key: &'static str) -> Option<&'a Value> {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&key) {
            asked.push(key);
        }
        self.table.get(key)
    }

    pub(super) fn has(&self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    pub(super) fn text(&self, key: &'static str) -> Result<&'a str, Error> {
        let text = self.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        text.ok_or_else(|| self.wrong(key, "a text that is not empty"))
    }

    pub(super) fn text_or(&self, key: &'static str, other: &'a str) -> Result<&'a str, Error> {
        if self.has(key) { self.text(key) } else { Ok(other) }
    }

    pub(super) fn flag_or(&self, key: &'static str, other: bool) -> Result<bool, Error> {
        match self.get(key) {
            None => Ok(other),
            Some(value) => value.as_bool().ok_or_else(|| self.wrong(key, "true or false")),
        }
    }

    pub(super) fn count_or(&self, key: &'static str, other: u32, most: u32) -> Result<u32, Error> {
        let Some(value) = self.get(key) else { return Ok(other) };
        let count = value.as_integer().and_then(|count| u32::try_from(count).ok());
        let right = format!("a whole number from 0 to {most}");
        count.filter(|count| *count <= most).ok_or_else(|| self.wrong(key, &right))
    }

    /// One of `names`, made by `make`.
    pub(super) fn choice<T>(
        &self,
        key: &'static str,
        other: Option<T>,
        names: &[&str],
        make: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Error> {
        let value = self.get(key);
        match (value, other) {
            (None, Some(other)) => Ok(other),
            (value, _) => value
                .and_then(Value::as_str)
                .and_then(make)
                .ok_or_else(|| self.wrong(key, &format!("one of {}", names.join(", ")))),
        }
    }

    /// An exact number: a text with a decimal, or a whole number. Numbers with a point stand in
    /// quotes, because TOML's own have been through binary.
    pub(super) fn number(&self, key: &'static str) -> Result<Rational, Error> {
        let right = "a decimal in quotes, such as \"250000.50\"";
        self.get(key).and_then(number).ok_or_else(|| self.wrong(key, right))
    }

    pub(super) fn number_or(&self, key: &'static str, other: i128) -> Result<Rational, Error> {
        match self.has(key) {
            true => self.number(key),
            false => Ok(rational::from_raw(other, 0)),
        }
    }

    /// A number of zero or more.
    pub(super) fn amount_or(&self, key: &'static str, other: i128) -> Result<Rational, Error> {
        let right = "a decimal of zero or more in quotes, such as \"250000.50\"";
        let amount = self.number_or(key, other).map_err(|_| self.wrong(key, right))?;
        if amount.is_negative() { Err(self.wrong(key, right)) } else { Ok(amount) }
    }

    /// A fraction from zero to one.
    pub(super) fn share_or(&self, key: &'static str, other: i128) -> Result<Rational, Error> {
        let right = "a fraction from \"0\" to \"1\" in quotes";
        let share = self.number_or(key, other).map_err(|_| self.wrong(key, right))?;
        let inside = !share.is_negative() && share <= rational::from_raw(1, 0);
        if inside { Ok(share) } else { Err(self.wrong(key, right)) }
    }

    /// A time of the day, `HH:MM`, as seconds.
    pub(super) fn clock_or(&self, key: &'static str, other: u32) -> Result<u32, Error> {
        let Some(value) = self.get(key) else { return Ok(other) };
        let read = |text: &str| {
            let moment: Moment = format!("2000-01-01T{text}").parse().ok()?;
            (text.len() == 5 && moment.date().day() == 1).then_some(moment.second())
        };
        let right = "a time of the day as \"HH:MM\"";
        value.as_str().and_then(read).ok_or_else(|| self.wrong(key, right))
    }

    /// A list of days.
    pub(super) fn days(&self, key: &'static str) -> Result<Vec<Date>, Error> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        let right = "a list of days as \"YYYY-MM-DD\"";
        let list = value.as_array().ok_or_else(|| self.wrong(key, right))?;
        let day = |(place, value): (usize, &Value)| {
            let read = value.as_str().and_then(|text| text.parse().ok());
            let path = || format!("{}[{place}]", self.path(key));
            read.ok_or_else(|| Error::value(&path(), quoted(value), "a day as \"YYYY-MM-DD\""))
        };
        list.iter().enumerate().map(day).collect()
    }

    /// A moment without a zone.
    pub(super) fn moment(&self, key: &'static str) -> Result<Moment, Error> {
        let read = self.get(key).and_then(Value::as_str).and_then(|text| text.parse().ok());
        read.ok_or_else(|| self.wrong(key, "a local time as \"YYYY-MM-DDTHH:MM\""))
    }

    /// A list of names, each one of `names`.
    pub(super) fn choices<T>(
        &self,
        key: &'static str,
        names: &[&str],
        make: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<Vec<T>>, Error> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let right = format!("a list of {}", names.join(", "));
        let list = value.as_array().ok_or_else(|| self.wrong(key, &right))?;
        let one = |(place, value): (usize, &Value)| {
            let path = || format!("{}[{place}]", self.path(key));
            let right = format!("one of {}", names.join(", "));
            let made = value.as_str().and_then(&make);
            made.ok_or_else(|| Error::value(&path(), quoted(value), &right))
        };
        list.iter().enumerate().map(one).collect::<Result<_, _>>().map(Some)
    }

    /// The table `key`, if it is there.
    pub(super) fn table(&self, key: &'static str) -> Result<Option<Reader<'a>>, Error> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let table = value.as_table().ok_or_else(|| self.wrong(key, "a table"))?;
        Ok(Some(Reader { table, path: self.path(key), asked: RefCell::new(Vec::new()) }))
    }

    /// The table `key`.
    pub(super) fn need(&self, key: &'static str, right: &str) -> Result<Reader<'a>, Error> {
        self.table(key)?.ok_or_else(|| Error::missing(&self.path(key), right))
    }

    /// The tables of the list `key`.
    pub(super) fn tables(&self, key: &'static str) -> Result<Vec<Reader<'a>>, Error> {
        let right = "a list of tables, [[...]]";
        let list = self.get(key).and_then(Value::as_array).ok_or_else(|| self.wrong(key, right))?;
        let one = |(place, value): (usize, &'a Value)| {
            let path = format!("{}[{place}]", self.path(key));
            let table =
                value.as_table().ok_or_else(|| Error::value(&path, quoted(value), "a table"))?;
            Ok(Reader { table, path, asked: RefCell::new(Vec::new()) })
        };
        list.iter().enumerate().map(one).collect()
    }

    /// Every entry of a table whose keys are names of the document's own: name and number.
    pub(super) fn numbers_by_name(&self) -> Result<Vec<(&'a str, Rational)>, Error> {
        let right = "a decimal in quotes, such as \"250000.50\"";
        let one = |(name, value): (&'a String, &'a Value)| {
            let read = number(value).ok_or_else(|| self.wrong(name, right))?;
            Ok((name.as_str(), read))
        };
        self.table.iter().map(one).collect()
    }

    /// Refuses the first key that nobody asked for.
    pub(super) fn finish(self) -> Result<(), Error> {
        let asked = self.asked.borrow();
        let unknown = self.table.keys().find(|key| !asked.contains(&key.as_str()));
        match unknown {
            None => Ok(()),
            Some(key) => {
                let of = match self.path.is_empty() {
                    true => "a margin agreement".to_owned(),
                    false => format!("`{}`", self.path),
                };
                Err(Error::Unknown {
                    field: self.path(key),
                    found: self.table.get(key).map(quoted).unwrap_or_default(),
                    of,
                    expected: format!("it has {}", asked.join(", ")),
                })
            }
        }
    }
}

fn number(value: &Value) -> Option<Rational> {
    match value {
        Value::String(text) => Decimal::parse(text).ok().map(rational::from_decimal),
        Value::Integer(whole) => Some(rational::from_raw(i128::from(*whole), 0)),
        _ => None,
    }
}

fn quoted(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= QUOTED_MAX {
        return text;
    }
    text.chars().take(QUOTED_MAX).chain("...".chars()).collect()
}
