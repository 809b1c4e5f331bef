//! A table of prices by asset and date.

use super::record::{ImportError, Record};
use crate::date::Date;
use crate::number::Price;
use breakwater_money::Time;
use std::collections::HashMap;

/// Prices in the currency of the report, one an asset and UTC date.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prices {
    list: HashMap<(String, Date), Price>,
}

impl Prices {
    /// No prices.
    #[must_use]
    pub fn new() -> Self {
        Prices::default()
    }

    /// Takes a row with the columns `date`, `asset` and `price`.
    ///
    /// # Errors
    /// A cell that is missing or wrong, or a second price of an asset and date.
    pub fn take(&mut self, record: &Record) -> Result<(), ImportError> {
        let text = record.need("date", "a date such as 2025-04-07")?;
        let date = Date::parse(text)
            .map_err(|_| record.wrong("date", text, "a date such as 2025-04-07"))?;
        let asset = record.need("asset", "the name of an asset")?;
        let text = record.need("price", "a number above 0")?;
        let price = match Price::parse_rounded(text) {
            Ok((price, _)) if price > Price::ZERO => price,
            _ => return Err(record.wrong("price", text, "a number above 0")),
        };
        match self.list.insert((asset.to_owned(), date), price) {
            Some(other) if other != price => {
                let right = format!("one price of {asset} on {date}; there was {other}");
                Err(record.wrong("price", text, &right))
            }
            _ => Ok(()),
        }
    }

    /// The price on the date of an instant.
    #[must_use]
    pub fn at(&self, asset: &str, at: Time) -> Option<Price> {
        self.list.get(&(asset.to_owned(), Date::of(at))).copied()
    }
}
