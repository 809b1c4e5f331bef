//! The files of a world: shipped in the binary, or beside the world's own.

use crate::ScenarioError;
use crate::files::{NOT_STATED, Shelf, Told, provenance};
use crate::scenario::Source;
use crate::shipped::WORLDS;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Titles of the shipped worlds.
pub(super) const SHIPPED_TITLES: &[(&str, &str)] = &[
    ("black-thursday", "Black Thursday's real blocks over the stETH book of June 2023"),
    ("loans", "A hundred thousand loans, one collateral, sales that move the price"),
    ("multi-collateral", "Loans on three collaterals whose extremes come together"),
    ("perpetuals", "Longs and shorts of one perpetual contract under jumps that bring jumps"),
];

/// Where a world's files are, and those that were read.
#[derive(Debug, Clone)]
pub struct Tables {
    files: Shelf,
    read: BTreeMap<String, Arc<str>>,
}

impl Tables {
    /// The text of a world, and where its tables are.
    pub(super) fn open(name: &str) -> Result<(String, Tables), ScenarioError> {
        let (text, files) = Shelf::open(name, WORLDS, &[], "stress")?;
        Ok((text, Tables { files, read: BTreeMap::new() }))
    }

    /// The text of a table.
    pub(super) fn text(&mut self, file: &str) -> Result<Arc<str>, ScenarioError> {
        if let Some(text) = self.read.get(file) {
            return Ok(text.clone());
        }
        let text: Arc<str> = self.files.text(file)?.into();
        self.read.insert(file.to_owned(), text.clone());
        Ok(text)
    }

    pub(super) fn provenance(&self, sources: &BTreeMap<String, Source>) -> Vec<Told> {
        let texts = self.read.iter().map(|(file, text)| (file, &**text));
        provenance(texts, sources, NOT_STATED)
    }
}
