//! Reading the fields of a case: integers as decimal strings of up to 256 bits, each refusal named
//! by the path of its field; and holding computed values against them.

use crate::Mismatch;
use crate::fields::{describe, number_text};
use breakwater_money::{Rational, U256, rational};
use serde_json::Value;

/// A value with the path that leads to it, so that each refusal can name its field.
#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    pub path: String,
    value: Option<&'a Value>,
}

impl<'a> Node<'a> {
    /// The root `value`, named `path`.
    pub(crate) fn root(path: &str, value: Option<&'a Value>) -> Self {
        Node { path: path.to_owned(), value }
    }

    /// The field `name`, which may be absent until it is read.
    pub(crate) fn get(&self, name: &str) -> Node<'a> {
        let value = self.value.and_then(|value| value.get(name));
        Node { path: format!("{}.{name}", self.path), value }
    }

    /// Whether the field is absent or null.
    pub(crate) fn is_absent(&self) -> bool {
        self.value.is_none_or(Value::is_null)
    }

    /// The elements of a list.
    pub(crate) fn list(&self) -> Result<Vec<Node<'a>>, Mismatch> {
        let list = self.value.and_then(Value::as_array).ok_or_else(|| self.wrong("a list"))?;
        let node = |(i, value)| Node { path: format!("{}[{i}]", self.path), value: Some(value) };
        Ok(list.iter().enumerate().map(node).collect())
    }

    /// The fields of an object, in their order.
    pub(crate) fn fields(&self) -> Result<Vec<(&'a str, Node<'a>)>, Mismatch> {
        let map = self.value.and_then(Value::as_object).ok_or_else(|| self.wrong("an object"))?;
        Ok(map.keys().map(|name| (name.as_str(), self.get(name))).collect())
    }

    /// A text.
    pub(crate) fn text(&self) -> Result<&'a str, Mismatch> {
        self.value.and_then(Value::as_str).ok_or_else(|| self.wrong("a text"))
    }

    /// A boolean.
    pub(crate) fn boolean(&self) -> Result<bool, Mismatch> {
        self.value.and_then(Value::as_bool).ok_or_else(|| self.wrong("true or false"))
    }

    /// A boolean that may be absent.
    pub(crate) fn boolean_or(&self, absent: bool) -> Result<bool, Mismatch> {
        if self.is_absent() { Ok(absent) } else { self.boolean() }
    }

    /// An unsigned integer of at most 256 bits, as a string of digits.
    pub(crate) fn number(&self) -> Result<U256, Mismatch> {
        const RIGHT: &str = "a string of decimal digits of at most 256 bits";
        let text = number_text(self.value).ok_or_else(|| self.wrong(RIGHT))?;
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let parsed = if digits { U256::from_str_radix(&text, 10).ok() } else { None };
        parsed.ok_or_else(|| self.wrong(RIGHT))
    }

    /// A signed integer of at most 128 bits, as a string of digits with or without a minus.
    pub(crate) fn signed(&self) -> Result<i128, Mismatch> {
        const RIGHT: &str = "a string of decimal digits, a minus allowed, of at most 128 bits";
        let text = number_text(self.value).ok_or_else(|| self.wrong(RIGHT))?;
        let digits = text.strip_prefix('-').unwrap_or(&text);
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let parsed = if plain { text.parse().ok() } else { None };
        parsed.ok_or_else(|| self.wrong(RIGHT))
    }

    /// An unsigned integer of at most 256 bits, or the largest one for the text `max`.
    pub(crate) fn number_or_max(&self) -> Result<U256, Mismatch> {
        match self.text() {
            Ok("max") => Ok(U256::MAX),
            _ => self.number(),
        }
    }

    /// An unsigned integer that must fit `T`.
    pub(crate) fn small<T: TryFrom<U256>>(&self, right: &str) -> Result<T, Mismatch> {
        T::try_from(self.number()?).map_err(|_| self.wrong(right))
    }

    /// The text of a number: a decimal text, or a whole JSON number.
    pub(crate) fn digits(&self) -> Result<String, Mismatch> {
        number_text(self.value).ok_or_else(|| self.wrong("a text with a number"))
    }

    /// An exact number: a decimal, or `a/b` of integers of any size.
    pub(crate) fn rational(&self) -> Result<Rational, Mismatch> {
        let text = self.digits()?;
        let value = text.parse().or_else(|_| rational::parse(&text));
        value.map_err(|_| self.wrong("a text with a decimal or a/b"))
    }

    /// A mismatch that says what the field should have been.
    pub(crate) fn wrong(&self, right: &str) -> Mismatch {
        Mismatch::new(self.path.as_str(), right, describe(self.value))
    }
}

/// Compares a computed integer with the field, when they differ.
pub(crate) fn differs(node: &Node<'_>, got: U256) -> Option<Mismatch> {
    unequal(node, node.number(), got)
}

/// Compares a computed signed integer with the field, when they differ.
pub(crate) fn differs_signed(node: &Node<'_>, got: i128) -> Option<Mismatch> {
    unequal(node, node.signed(), got)
}

/// Compares a computed flag with the field, when they differ.
pub(crate) fn differs_flag(node: &Node<'_>, got: bool) -> Option<Mismatch> {
    unequal(node, node.boolean(), got)
}

/// Compares a computed text with the field, when they differ.
pub(crate) fn differs_text(node: &Node<'_>, got: &str) -> Option<Mismatch> {
    unequal(node, node.text(), got)
}

fn unequal<T: PartialEq + std::fmt::Display>(
    node: &Node<'_>,
    expected: Result<T, Mismatch>,
    got: T,
) -> Option<Mismatch> {
    match expected {
        Ok(value) if value == got => None,
        Ok(value) => Some(Mismatch::new(node.path.as_str(), value.to_string(), got.to_string())),
        Err(wrong) => Some(wrong),
    }
}

/// Compares a refusal by class: a mismatch when the call was accepted or when `same` finds that
/// the field's text does not mean this refusal. `name` is how the contract calls it.
pub(crate) fn differs_refusal<R: Copy>(
    node: &Node<'_>,
    got: Option<R>,
    name: impl FnOnce(R) -> &'static str,
    same: impl FnOnce(&str, R) -> bool,
) -> Option<Mismatch> {
    let text = match node.text() {
        Ok(text) => text,
        Err(wrong) => return Some(wrong),
    };
    let matches = got.is_some_and(|refusal| same(text, refusal));
    (!matches).then(|| Mismatch::new(node.path.as_str(), text, got.map_or("accepted", name)))
}
