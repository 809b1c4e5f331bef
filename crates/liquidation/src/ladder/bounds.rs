//! When a rung may act.

use super::executor::{Margins, Position};
use crate::Rejected;
use breakwater_money::decimal::{Decimal, format_raw};
use breakwater_money::rounding::{Rounding, mul_div, pow10};
use breakwater_money::{U256, rational};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

/// Most decimals of a stated value; numeraires have no more.
const VALUE_DECIMALS_MAX: u8 = 18;

/// An exact multiple of a requirement, in lowest terms. Written as a decimal or as a fraction:
/// basis points could not say two thirds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Multiple {
    numerator: u128,
    denominator: u128,
}

impl Multiple {
    /// Reads `2/3`, `1.05` or `1`.
    ///
    /// # Errors
    /// A sentence naming the text and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let right = "must be a decimal or a fraction a/b of zero or more, such as 1.05 or 2/3";
        let exact = rational::parse(text).map_err(|error| format!("'{text}': {right}; {error}"))?;
        let numerator = u128::try_from(exact.numer().clone());
        let denominator = u128::try_from(exact.denom().clone());
        match (numerator, denominator) {
            (Ok(numerator), Ok(denominator)) => Ok(Multiple { numerator, denominator }),
            _ => Err(format!("'{text}': {right}, its parts below 2^128")),
        }
    }

    /// How `equity` compares with this multiple of `requirement`. Exact.
    #[must_use]
    pub fn compare(&self, equity: i128, requirement: u128) -> Ordering {
        let Ok(equity) = u128::try_from(equity) else { return Ordering::Less };
        // Products of two 128-bit numbers fit 256 bits.
        let left = U256::from(equity) * U256::from(self.denominator);
        left.cmp(&(U256::from(requirement) * U256::from(self.numerator)))
    }
}

impl Ord for Multiple {
    fn cmp(&self, other: &Self) -> Ordering {
        let left = U256::from(self.numerator) * U256::from(other.denominator);
        left.cmp(&(U256::from(other.numerator) * U256::from(self.denominator)))
    }
}

impl PartialOrd for Multiple {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Multiple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.numerator)?;
        if self.denominator == 1 { Ok(()) } else { write!(f, "/{}", self.denominator) }
    }
}

impl TryFrom<String> for Multiple {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Multiple::parse(&text)
    }
}

impl From<Multiple> for String {
    fn from(multiple: Multiple) -> String {
        multiple.to_string()
    }
}

/// A value in whole units of the numeraire, as a decimal without trailing zeros: a ladder does not
/// know how many decimals the numeraire of its pool has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Value {
    raw: u128,
    decimals: u8,
}

impl Value {
    /// Reads `100000` or `0.001`.
    ///
    /// # Errors
    /// A sentence naming the text and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let right = "must be a decimal of zero or more with at most 18 digits after the point";
        let told = |error| format!("'{text}': {right}; {error}");
        let exact = Decimal::parse(text).map_err(told)?;
        let mut decimals = exact.decimals.min(VALUE_DECIMALS_MAX);
        let mut raw = exact.to_raw(decimals).map_err(told)?;
        while decimals > 0 && raw.is_multiple_of(10) {
            raw /= 10; // division: exact, a trailing zero
            decimals -= 1;
        }
        Ok(Value { raw, decimals })
    }

    /// How `amount`, in base units of a numeraire with `decimals`, compares with this value. Exact.
    ///
    /// # Errors
    /// The numeraire has more decimals than 128 bits hold.
    pub fn compare(&self, amount: u128, decimals: u8) -> Result<Ordering, Rejected> {
        let left = U256::from(amount) * U256::from(pow10(self.decimals)?);
        Ok(left.cmp(&(U256::from(self.raw) * U256::from(pow10(decimals)?))))
    }

    /// This value in base units of a numeraire with `decimals`, rounded up: a least value is met
    /// by the whole unit above it.
    ///
    /// # Errors
    /// It leaves 128 bits.
    pub fn in_units(&self, decimals: u8) -> Result<u128, Rejected> {
        Ok(mul_div(self.raw, pow10(decimals)?, pow10(self.decimals)?, Rounding::Ceil)?)
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        // At most 18 decimals: ten to that fits 64 bits, the product 256.
        let scaled =
            |value: &Value, by: u8| U256::from(value.raw) * U256::from(10u8).pow(U256::from(by));
        scaled(self, other.decimals).cmp(&scaled(other, self.decimals))
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_raw(self.raw, self.decimals))
    }
}

impl TryFrom<String> for Value {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Value::parse(&text)
    }
}

impl From<Value> for String {
    fn from(value: Value) -> String {
        value.to_string()
    }
}

/// Bounds from below and from above, each with or without equality; none bounds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, bound(deserialize = "T: Deserialize<'de>"))]
pub struct Range<T> {
    /// Strictly more than this.
    pub above: Option<T>,
    /// This or more.
    pub at_least: Option<T>,
    /// Strictly less than this.
    pub below: Option<T>,
    /// This or less.
    pub at_most: Option<T>,
}

impl<T> Default for Range<T> {
    fn default() -> Self {
        Range { above: None, at_least: None, below: None, at_most: None }
    }
}

impl<T: Copy + Ord> Range<T> {
    /// True where nothing is bounded.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.lower().is_none() && self.upper().is_none()
    }

    /// The bound from below, and whether equality is outside.
    pub(super) fn lower(&self) -> Option<(T, bool)> {
        self.above.map(|bound| (bound, true)).or(self.at_least.map(|bound| (bound, false)))
    }

    /// The bound from above, and whether equality is inside.
    pub(super) fn upper(&self) -> Option<(T, bool)> {
        self.below.map(|bound| (bound, false)).or(self.at_most.map(|bound| (bound, true)))
    }

    /// Whether what compares with a bound as `compare` says lies inside.
    fn holds(&self, compare: impl Fn(T) -> Result<Ordering, Rejected>) -> Result<bool, Rejected> {
        use Ordering as O;
        let is = |bound: Option<T>, right: &[Ordering]| match bound {
            Some(bound) => compare(bound).map(|order| right.contains(&order)),
            None => Ok(true),
        };
        Ok(is(self.above, &[O::Greater])?
            && is(self.at_least, &[O::Greater, O::Equal])?
            && is(self.below, &[O::Less])?
            && is(self.at_most, &[O::Less, O::Equal])?)
    }

    /// True if everything inside `other` is inside `self`.
    pub(super) fn contains(&self, other: &Range<T>) -> bool {
        // Equality outside is the higher bound from below; equality inside is the higher from above.
        let from_below = match (self.lower(), other.lower()) {
            (None, _) => true,
            (Some(own), Some(others)) => own <= others,
            (Some(_), None) => false,
        };
        let from_above = match (self.upper(), other.upper()) {
            (None, _) => true,
            (Some(own), Some(others)) => own >= others,
            (Some(_), None) => false,
        };
        from_below && from_above
    }
}

/// When a rung may act; every bound must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    /// Equity as a multiple of the maintenance requirement.
    pub equity: Range<Multiple>,
    /// Value of a position at the mark, in whole units of the numeraire. The rung takes the
    /// positions inside, and does not act if there is none.
    pub notional: Range<Value>,
    /// Sales and takeovers ordered since the account was called. `{ below = 1 }` acts once.
    pub steps: Range<u32>,
}

impl Bounds {
    /// True where nothing is bounded.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.equity.is_open() && self.notional.is_open() && self.steps.is_open()
    }

    /// Whether the bounds on the account hold; those on positions are asked of each.
    pub(super) fn admit(&self, margins: &Margins, steps: u32) -> Result<bool, Rejected> {
        let equity = |bound: Multiple| Ok(bound.compare(margins.equity, margins.maintenance));
        Ok(self.equity.holds(equity)? && self.steps.holds(|bound| Ok(steps.cmp(&bound)))?)
    }

    /// Whether the rung takes `position`.
    pub(super) fn take(&self, position: &Position, decimals: u8) -> Result<bool, Rejected> {
        self.notional.holds(|bound| bound.compare(position.notional, decimals))
    }

    pub(super) fn contains(&self, other: &Bounds) -> bool {
        self.equity.contains(&other.equity)
            && self.notional.contains(&other.notional)
            && self.steps.contains(&other.steps)
    }
}
