//! A scenario over perpetuals: its settings, its day and its book.

use super::book::PerpetualBook;
use super::path::PerpetualPath;
use super::settings::PerpetualSettings;
use crate::ScenarioError;
use crate::files::{NOT_STATED, Shelf, is_meant, provenance};
use crate::shipped::PERPETUALS;
use breakwater_money::Time;
use breakwater_money::rounding::{Rounding, mul_div};

/// A scenario with its tables read and its depth judged. The book is drawn when it is asked for.
#[derive(Debug, Clone)]
pub struct PerpetualScenario {
    /// Its settings.
    pub settings: PerpetualSettings,
    /// Name and text of the rulebook that it is written for.
    pub rulebook: (String, String),
    path: PerpetualPath,
    texts: Vec<(String, String)>,
}

impl PerpetualScenario {
    /// Opens a shipped scenario by name, or any by path.
    ///
    /// # Errors
    /// No such scenario, or the first thing wrong in it or its files.
    pub fn open(name: &str) -> Result<PerpetualScenario, ScenarioError> {
        let (text, files) = Shelf::open(name, PERPETUALS, &[], "")?;
        PerpetualScenario::read(name, &text, &|file| files.text(file))
    }

    /// Reads a scenario from its text, its tables by `table`.
    ///
    /// # Errors
    /// The first thing wrong in it or its files.
    pub fn read(
        name: &str,
        text: &str,
        table: &dyn Fn(&str) -> Result<String, ScenarioError>,
    ) -> Result<PerpetualScenario, ScenarioError> {
        let settings: PerpetualSettings = toml::from_str(text)
            .map_err(|error| ScenarioError::setting(name, format!("not a scenario: {error}")))?;
        let (index, depth) = (settings.files.index.clone(), settings.files.depth.clone());
        let (index_text, depth_text) = (table(&index)?, table(&depth)?);
        let start = start(&settings.market.starts_at)?;
        let guard = settings.depth.guard()?;
        settings.book.read()?;
        let path =
            PerpetualPath::read((&index, &index_text), (&depth, &depth_text), start, &guard)?;
        check_fall(&path, settings.market.path_falls_bps)?;
        let rulebook = breakwater_rulebooks::shipped()
            .iter()
            .find(|(known, _)| *known == settings.rulebook)
            .map(|(known, text)| ((*known).to_owned(), (*text).to_owned()));
        let rulebook = match rulebook {
            Some(rulebook) => rulebook,
            None => (settings.rulebook.clone(), table(&settings.rulebook)?),
        };
        let texts = vec![(index, index_text), (depth, depth_text)];
        Ok(PerpetualScenario { settings, rulebook, path, texts })
    }

    /// Names and titles of the shipped scenarios over perpetuals.
    #[must_use]
    pub fn shipped() -> &'static [(&'static str, &'static str)] {
        &[("october-2025", "10 October 2025 over a drawn book of Bitcoin perpetuals")]
    }

    /// True if `name` means a scenario over perpetuals: a shipped one, or a file that says how its
    /// book is drawn. A file that cannot be read is left to whoever opens it.
    #[must_use]
    pub fn is_meant(name: &str) -> bool {
        is_meant(name, PERPETUALS, |table| table.get("book").is_some_and(toml::Value::is_table))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// The day.
    #[must_use]
    pub fn path(&self) -> &PerpetualPath {
        &self.path
    }

    /// The book that its settings state, around the day's first price.
    ///
    /// # Errors
    /// As [`PerpetualBook::draw`].
    pub fn book(&self) -> Result<PerpetualBook, ScenarioError> {
        PerpetualBook::draw(&self.settings.book.read()?, self.path.first_cents())
    }

    /// Where each table comes from: file, source, licence, blake3 of its bytes.
    #[must_use]
    pub fn provenance(&self) -> Vec<(String, String, String, String)> {
        let texts = self.texts.iter().map(|(file, text)| (file, text.as_str()));
        provenance(texts, &self.settings.sources, NOT_STATED)
    }
}

fn start(text: &str) -> Result<Time, ScenarioError> {
    let wrong = || {
        let reason = format!("'{text}'; expected such as 2025-10-10T00:00:00Z, 1970 to 2500");
        ScenarioError::setting("market.starts_at", reason)
    };
    let at: jiff::Timestamp = text.parse().map_err(|_| wrong())?;
    // Before 2500 the day's last nanosecond is far from the end of time.
    match u64::try_from(at.as_second()) {
        Ok(seconds) if seconds < 16_725_225_600 => Ok(Time::from_seconds(seconds)),
        _ => Err(wrong()),
    }
}

fn check_fall(path: &PerpetualPath, stated: u32) -> Result<(), ScenarioError> {
    let (first, trough) = (path.first_cents(), path.trough_cents());
    let fallen = first.saturating_sub(trough);
    let fall = mul_div(fallen, 10_000, first.max(1), Rounding::Floor)
        .map_err(|error| ScenarioError::setting("market.path_falls_bps", error.to_string()))?;
    if fall.abs_diff(stated.into()) > 1 {
        let reason = format!("{stated}, but the path falls {fall} basis points");
        return Err(ScenarioError::setting("market.path_falls_bps", reason));
    }
    Ok(())
}
