//! A scenario of defences, read and checked.

use super::flows::FlowHours;
use super::settings::DefendSettings;
use crate::ScenarioError;
use crate::scenario::read_file;
use crate::shipped::{DEFENCES, TABLES};
use std::path::{Path, PathBuf};

/// A scenario with its tables read.
#[derive(Debug, Clone)]
pub struct DefendScenario {
    /// Its settings.
    pub settings: DefendSettings,
    /// Flows, where it replays them.
    pub hours: Option<FlowHours>,
    texts: Vec<(String, String)>,
}

impl DefendScenario {
    /// Opens a shipped scenario by name, or any by path.
    ///
    /// # Errors
    /// No such scenario, or the first thing wrong in it or its files.
    pub fn open(name: &str) -> Result<DefendScenario, ScenarioError> {
        if let Some((_, text)) = DEFENCES.iter().find(|(known, _)| *known == name) {
            return DefendScenario::read(name, text, &|file| {
                let file = format!("defend/{file}");
                let found = TABLES.iter().find(|(known, _)| *known == file);
                found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| ScenarioError::Read {
                    path: file.clone(),
                    reason: "not shipped".to_owned(),
                })
            });
        }
        let path = PathBuf::from(name);
        if path.extension().is_none_or(|e| e != "toml") || !path.exists() {
            let shipped: Vec<&str> = DEFENCES.iter().map(|(known, _)| *known).collect();
            let (name, shipped) = (name.to_owned(), shipped.join(", "));
            return Err(ScenarioError::Unknown { name, shipped });
        }
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        DefendScenario::read(name, &read_file(&path)?, &|file| read_file(&folder.join(file)))
    }

    /// Reads a scenario from its text, its tables by `table`.
    ///
    /// # Errors
    /// The first thing wrong in it or its files.
    pub fn read(
        name: &str,
        text: &str,
        table: &dyn Fn(&str) -> Result<String, ScenarioError>,
    ) -> Result<DefendScenario, ScenarioError> {
        let settings: DefendSettings = toml::from_str(text)
            .map_err(|error| ScenarioError::setting(name, format!("not a scenario: {error}")))?;
        settings.check()?;
        let mut texts = Vec::new();
        let hours = match &settings.flows {
            None => None,
            Some(flows) => {
                let text = table(&flows.table)?;
                let hours = FlowHours::read(&flows.table, &text)?;
                texts.push((flows.table.clone(), text));
                Some(hours)
            }
        };
        Ok(DefendScenario { settings, hours, texts })
    }

    /// Names and titles of the shipped scenarios.
    #[must_use]
    pub fn shipped() -> &'static [(&'static str, &'static str)] {
        &[
            ("run-on-a-pool", "A run on a lending pool, with and without defences"),
            (
                "terra-anchor-2022-05",
                "Hourly flows of a real run, May 2022, with and without limits",
            ),
        ]
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Where each table comes from: file, source, licence, blake3 of its bytes.
    #[must_use]
    pub fn provenance(&self) -> Vec<(String, String, String, String)> {
        self.texts
            .iter()
            .map(|(file, text)| {
                let known = self.settings.sources.get(file);
                let (source, licence) = known.map_or(("not stated", "not stated"), |known| {
                    (known.source.as_str(), known.licence.as_str())
                });
                let hash = blake3::hash(text.as_bytes()).to_hex().to_string();
                (file.clone(), source.to_owned(), licence.to_owned(), hash)
            })
            .collect()
    }
}
