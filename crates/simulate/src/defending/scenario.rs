//! A scenario of defences, read and checked.

use super::flows::FlowHours;
use super::settings::DefendSettings;
use crate::ScenarioError;
use crate::files::{NOT_STATED, Shelf, provenance};
use crate::shipped::DEFENCES;

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
        let (text, files) = Shelf::open(name, DEFENCES, &[], "defend")?;
        DefendScenario::read(name, &text, &|file| files.text(file))
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
        let texts = self.texts.iter().map(|(file, text)| (file, text.as_str()));
        provenance(texts, &self.settings.sources, NOT_STATED)
    }
}
