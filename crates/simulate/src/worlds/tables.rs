//! The files of a world: shipped in the binary, or beside the world's own.

use crate::ScenarioError;
use crate::scenario::{Source, read_file};
use crate::shipped::{TABLES, WORLDS};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
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
    /// None for shipped worlds.
    folder: Option<PathBuf>,
    read: BTreeMap<String, Arc<str>>,
}

impl Tables {
    /// The text of a world, and where its tables are.
    pub(super) fn open(name: &str) -> Result<(String, Tables), ScenarioError> {
        if let Some((_, text)) = WORLDS.iter().find(|(known, _)| *known == name) {
            return Ok(((*text).to_owned(), Tables { folder: None, read: BTreeMap::new() }));
        }
        let path = Path::new(name);
        if path.extension().is_none_or(|e| e != "toml") || !path.exists() {
            let shipped: Vec<&str> = WORLDS.iter().map(|(name, _)| *name).collect();
            return Err(ScenarioError::Unknown {
                name: name.to_owned(),
                shipped: shipped.join(", "),
            });
        }
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok((read_file(path)?, Tables { folder: Some(folder), read: BTreeMap::new() }))
    }

    /// The text of a table.
    pub(super) fn text(&mut self, file: &str) -> Result<Arc<str>, ScenarioError> {
        if let Some(text) = self.read.get(file) {
            return Ok(text.clone());
        }
        let text: Arc<str> = match &self.folder {
            Some(folder) => read_file(&folder.join(file))?.into(),
            None => {
                // Shipped worlds lie in a folder beside those of the tables.
                let named = file.strip_prefix("../").unwrap_or(file);
                let found = TABLES.iter().find(|(known, _)| *known == named);
                let (_, text) = found.ok_or_else(|| ScenarioError::Read {
                    path: file.to_owned(),
                    reason: "not shipped; a world of your own names files beside it".to_owned(),
                })?;
                (*text).into()
            }
        };
        self.read.insert(file.to_owned(), text.clone());
        Ok(text)
    }

    pub(super) fn provenance(
        &self,
        sources: &BTreeMap<String, Source>,
    ) -> Vec<(String, String, String, String)> {
        let row = |(file, text): (&String, &Arc<str>)| {
            let known = sources.get(file);
            let (source, licence) = known
                .map_or(("not stated", "not stated"), |k| (k.source.as_str(), k.licence.as_str()));
            let hash = blake3::hash(text.as_bytes()).to_hex().to_string();
            (file.clone(), source.to_owned(), licence.to_owned(), hash)
        };
        self.read.iter().map(row).collect()
    }
}
