//! How venues make their index and mark, as data over the parts of `breakwater_market`.
//!
//! A file has a name, a date, a source for every average and price, and the construction. Inputs are
//! whatever names its recipes read and do not define; prices share one scale that the caller chooses.

use breakwater_market::index::OutlierRule;
use breakwater_market::mark_recipe::Construction;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Outliers of Binance's index (FAQ 360033525071): more than 5 % from the median; one is left out,
/// two or more make the median the index.
pub const BINANCE_OUTLIERS: OutlierRule = OutlierRule { away_max_bps: 500, left_out_max: 1 };

/// A file of one venue's construction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarkFile {
    /// Id of the file.
    pub name: String,
    /// First day on which it applied, or a sentence that says why there is none.
    pub effective_from: String,
    /// Where each average and price comes from, by its name, or `unverified`.
    pub source: BTreeMap<String, String>,
    /// The averages and prices.
    pub construction: Construction,
}

/// Why a file is refused. Each says what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadMarkFile {
    /// The text is no such file, or its construction cannot work.
    #[error("not a file of a mark: {0}")]
    Format(String),
    /// An average or a price without a source.
    #[error("source: nothing for {0:?}; add where it comes from, or \"unverified\"")]
    NoSource(String),
    /// A source for nothing.
    #[error("source.{0}: no average or price has this name")]
    NothingThere(String),
}

impl MarkFile {
    /// Reads and validates a file.
    ///
    /// # Errors
    /// See [`BadMarkFile`].
    pub fn parse(text: &str) -> Result<Self, BadMarkFile> {
        let file: MarkFile =
            toml::from_str(text).map_err(|error| BadMarkFile::Format(error.to_string()))?;
        let averages = file.construction.averages().iter().map(|average| &average.name);
        let prices = file.construction.prices().iter().map(|price| &price.name);
        let names: Vec<&String> = averages.chain(prices).collect();
        if let Some(name) = names.iter().find(|name| !file.source.contains_key(**name)) {
            return Err(BadMarkFile::NoSource((**name).clone()));
        }
        match file.source.keys().find(|name| !names.contains(name)) {
            Some(name) => Err(BadMarkFile::NothingThere(name.clone())),
            None => Ok(file),
        }
    }
}

/// Files that travel in the binary: name and text.
#[must_use]
pub fn shipped() -> &'static [(&'static str, &'static str)] {
    SHIPPED
}

/// The text of the Binance mark.
pub const BINANCE: &str = include_str!("../../../../rulebooks/marks/binance.toml");

/// The text of the Hyperliquid mark.
pub const HYPERLIQUID: &str = include_str!("../../../../rulebooks/marks/hyperliquid.toml");

const SHIPPED: &[(&str, &str)] = &[
    ("binance", BINANCE),
    ("binance-index", include_str!("../../../../rulebooks/marks/binance-index.toml")),
    ("hyperliquid", HYPERLIQUID),
    ("deribit", include_str!("../../../../rulebooks/marks/deribit.toml")),
    ("bitmex", include_str!("../../../../rulebooks/marks/bitmex.toml")),
];

#[cfg(test)]
mod tests;
