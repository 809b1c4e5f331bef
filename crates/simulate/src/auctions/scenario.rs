//! A scenario of auctions: its settings, its day, its vaults and bidders.

use super::bidders::Population;
use super::day::Day;
use super::runner::AuctionOptions;
use super::settings::{AuctionSettings, FormatSettings, PPM, times};
use super::vaults::{self, Vault};
use crate::ScenarioError;
use crate::book::PRICE_DECIMALS;
use crate::files::{Shelf, is_meant, provenance};
use crate::shipped::AUCTIONS;

/// A scenario with its tables read and checked.
#[derive(Debug, Clone)]
pub struct AuctionScenario {
    /// Its settings.
    pub settings: AuctionSettings,
    /// Parameters of the rulebook.
    pub parameters: String,
    day: Day,
    texts: Vec<(String, String)>,
}

impl AuctionScenario {
    /// Opens a shipped scenario by name, or any by path.
    ///
    /// # Errors
    /// No such scenario, or the first thing wrong in it or its files.
    pub fn open(name: &str) -> Result<AuctionScenario, ScenarioError> {
        let (text, files) = Shelf::open(name, AUCTIONS, &[], "")?;
        AuctionScenario::read(name, &text, &|file| files.text(file))
    }

    /// Reads a scenario from its text, its tables by `table`.
    ///
    /// # Errors
    /// The first thing wrong in it or its files.
    pub fn read(
        name: &str,
        text: &str,
        table: &dyn Fn(&str) -> Result<String, ScenarioError>,
    ) -> Result<AuctionScenario, ScenarioError> {
        let settings: AuctionSettings = toml::from_str(text)
            .map_err(|error| ScenarioError::setting(name, format!("not a scenario: {error}")))?;
        settings.check()?;
        let (path, rulebook) = (settings.files.path.clone(), settings.rulebook.clone());
        let path_text = table(&path)?;
        let day = Day::read(&path, &path_text)?;
        let (found, stated) = (day.falls_bps()?, u128::from(settings.market.path_falls_bps));
        if found != stated {
            let reason = format!("{stated}; the path falls by {found}");
            return Err(ScenarioError::setting("market.path_falls_bps", reason));
        }
        let parameters = table(&rulebook)?;
        let texts = vec![(path, path_text), (rulebook, parameters.clone())];
        let scenario = AuctionScenario { settings, parameters, day, texts };
        // What is drawn is read when it is drawn; a wrong setting is told before anything runs.
        scenario.vaults(&AuctionOptions::default())?;
        scenario.population(&AuctionOptions::default())?;
        Ok(scenario)
    }

    /// Names and titles of the shipped scenarios of auctions.
    #[must_use]
    pub fn shipped() -> &'static [(&'static str, &'static str)] {
        &[("auction-black-thursday", "12 March 2020 under five formats of auction, vaults drawn")]
    }

    /// True if `name` means a shipped scenario of auctions, or a file that states formats.
    #[must_use]
    pub fn is_meant(name: &str) -> bool {
        is_meant(name, AUCTIONS, |table| table.get("formats").is_some_and(toml::Value::is_table))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// The day.
    #[must_use]
    pub fn day(&self) -> &Day {
        &self.day
    }

    /// One of its formats.
    ///
    /// # Errors
    /// It has none of that name.
    pub fn format(&self, name: &str) -> Result<&FormatSettings, ScenarioError> {
        self.settings.formats.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.settings.formats.keys().map(String::as_str).collect();
            ScenarioError::setting(
                "format",
                format!("'{name}'; expected one of {}", known.join(", ")),
            )
        })
    }

    /// Seed of the draws.
    #[must_use]
    pub fn seed(&self, options: &AuctionOptions) -> u64 {
        options.seed.unwrap_or(self.settings.book.seed)
    }

    /// The vaults.
    ///
    /// # Errors
    /// A setting that makes no sense.
    pub fn vaults(&self, options: &AuctionOptions) -> Result<Vec<Vault>, ScenarioError> {
        let price = self.day.price_at(0);
        vaults::draw(&self.settings.book, self.seed(options), price, PRICE_DECIMALS)
    }

    /// The bidders.
    ///
    /// # Errors
    /// A setting that makes no sense.
    pub fn population(&self, options: &AuctionOptions) -> Result<Population, ScenarioError> {
        let settings = &self.settings.bidders;
        let count = options.bidders.unwrap_or(settings.count);
        if count == 0 || count > super::settings::BIDDERS_MAX {
            let reason = format!("{count}; expected 1 to {}", super::settings::BIDDERS_MAX);
            return Err(ScenarioError::setting("bidders", reason));
        }
        let capital = options.capital.as_deref().map_or(Ok(PPM), |text| times("capital", text))?;
        Population::draw(settings, self.seed(options), count, capital)
    }

    /// Steps of a run at most.
    #[must_use]
    pub fn steps(&self) -> u64 {
        let market = &self.settings.market;
        let seconds = self.day.seconds + u64::from(market.tail_hours) * 3_600;
        seconds / market.step_seconds.max(1)
    }

    /// Where each table comes from: file, source, licence, blake3 of its bytes.
    #[must_use]
    pub fn provenance(&self) -> Vec<(String, String, String, String)> {
        let texts = self.texts.iter().map(|(file, text)| (file, text.as_str()));
        provenance(texts, &self.settings.sources, ("stated by the scenario", "as the scenario"))
    }
}
