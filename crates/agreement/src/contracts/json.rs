//! Events as JSON, in the columns of the published results.

use super::Event;
use serde_json::{Map, Value};

impl Event {
    /// The event as an object: `eventDate`, `eventType`, `payoff`, `currency`,
    /// `notionalPrincipal`, then `exerciseDate` (where there is one) and `exerciseAmount` for
    /// contracts that are exercised, else `nominalInterestRate` and `accruedInterest`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        put("eventDate", self.time.to_string().into());
        put("eventType", self.kind.code().into());
        put("payoff", plain(self.payoff));
        put("currency", self.currency.as_str().into());
        put("notionalPrincipal", plain(self.notional));
        match self.exercise {
            Some(exercise) => {
                if let Some(date) = exercise.date {
                    put("exerciseDate", date.to_string().into());
                }
                put("exerciseAmount", plain(exercise.amount));
            }
            None => {
                put("nominalInterestRate", plain(self.rate));
                put("accruedInterest", plain(self.accrued));
            }
        }
        Value::Object(fields)
    }
}

/// A number as it is printed: zero has no sign.
fn plain(value: f64) -> Value {
    Value::from(value + 0.0)
}
