//! A scenario: a book, a path, depth, a rulebook, assumptions.

use crate::ScenarioError;
use crate::book::Book;
use crate::files::{NOT_STATED, Shelf, provenance};
use crate::options::RunOptions;
use crate::path::{self, PathPoint};
use crate::shipped::{PERPETUALS, SCENARIOS};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// A scenario file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name.
    pub name: String,
    /// Title for readers.
    pub title: String,
    /// The question it answers.
    pub question: String,
    /// Name or path of the rulebook.
    pub rulebook: String,
    /// Tables, relative to the scenario file.
    pub files: Files,
    /// What moves.
    pub driver: Driver,
    /// The guard of every market.
    pub guard: GuardSettings,
    /// Where collateral is sold.
    pub depth: DepthSettings,
    /// Who liquidates.
    pub keepers: KeeperSettings,
    /// How the venue sells where it does so itself.
    pub venue: VenueSettings,
    /// Lines and targets.
    pub policy: PolicySettings,
    /// Auctions by which a venue may sell, by name: `english`, `english-long`, `dutch`, `sealed`,
    /// `batch`.
    #[serde(default)]
    pub auctions: BTreeMap<String, AuctionSettings>,
    /// How the venue's own sales are planned over depth, where they are.
    #[serde(default)]
    pub planner: Option<PlannerSettings>,
    /// Where each table comes from, by its name.
    #[serde(default)]
    pub sources: BTreeMap<String, Source>,
}

/// Terms of an auction.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuctionSettings {
    /// For readers.
    pub title: String,
    /// Largest lot of an asset, whole units, by its symbol; a holding is one lot where there is none.
    #[serde(default)]
    pub lots: BTreeMap<String, String>,
    /// The terms.
    pub terms: breakwater_liquidation::AuctionTerms,
}

/// Limits and pace of planned sales, and what is known of volatility before the first price.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannerSettings {
    /// Most of a market's depth within the venue's slippage that all sales together take at once.
    pub participation_bps: u32,
    /// Most that all sales together move a market's price from the mark.
    pub impact_max_bps: u32,
    /// Standard deviations of a further loss that waiting is charged with.
    pub confidence: String,
    /// Time between two slices of one account.
    pub pace_seconds: u32,
    /// Standard deviation of a day's return before any is observed, as a share.
    pub volatility_per_day: String,
    /// Time in which an observed squared return loses half of its weight.
    pub volatility_half_life_minutes: u32,
    /// Time after the call at which an account is sold whole.
    #[serde(default)]
    pub hand_over_minutes: Option<u32>,
    /// Ratio below which an account is sold whole.
    #[serde(default)]
    pub hand_over_below: Option<String>,
}

/// Where a table comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Who measured or published it.
    pub source: String,
    /// Under which terms.
    pub licence: String,
}

/// Tables of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// Positions.
    pub book: String,
    /// Assets with their prices at the start.
    pub prices: String,
    /// Bars and gas.
    pub path: String,
    /// Quotes from the wrapped asset to dollars.
    pub dollar_ladder: String,
    /// Quotes from the wrapped asset to ether.
    pub ether_ladder: String,
}

/// What moves prices.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Driver {
    /// Name of the path's price.
    pub market: String,
    /// Asset whose mark is that price.
    pub asset: String,
    /// Asset whose mark is that price times the peg.
    pub staked: String,
    /// Assets that keep their value in the driver.
    pub ether: Vec<String>,
    /// Fall of the path's own trough, basis points, checked when it is read.
    pub path_falls_bps: u32,
}

/// The guard of every market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardSettings {
    /// Largest move of one tick, basis points.
    pub band_bps: u32,
    /// Oldest price that may be acted on.
    pub age_max_minutes: u32,
    /// Grace after an outage.
    pub grace_minutes: u32,
}

/// Where collateral is sold.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepthSettings {
    /// Staked units in one wrapped unit.
    pub staked_per_wrapped: String,
    /// Discount of par, basis points.
    pub par_discount_bps: u32,
    /// Time in which half of the consumed depth comes back.
    pub recovery_half_life_minutes: u32,
    /// Share of unrecovered impact carried into the next mark.
    pub feedback: String,
    /// Share of that which depresses the staked asset against ether instead.
    pub peg_feedback: String,
}

/// Who liquidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeeperSettings {
    /// Gas of one call.
    pub gas_units: u32,
}

/// How the venue sells.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VenueSettings {
    /// Worst price below the mark, basis points.
    pub slippage_bps: u32,
    /// Value of a lot, numeraire.
    pub lot_value: String,
    /// Money put at the disposal of a venue that takes such money to bear liquidations, as a share
    /// of what is owed there.
    #[serde(default = "nothing")]
    pub vault_share: String,
}

fn nothing() -> String {
    "0".to_owned()
}

/// Lines and targets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySettings {
    /// Health below which an account is warned.
    pub warn_ratio: String,
    /// Health that our policies aim at.
    pub target_ratio: String,
    /// Most that our policies lose on one call so that bad debt is recognised, numeraire.
    #[serde(default = "nothing")]
    pub cleaning_loss: String,
}

/// A scenario with its tables read.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its settings.
    pub settings: Settings,
    /// Its book.
    pub book: Book,
    /// Name and text of its rulebook.
    pub rulebook: (String, String),
    pub(crate) texts: Vec<(String, String)>,
}

/// Largest file a scenario may name.
const FILE_BYTES_MAX: u64 = 1 << 30;

impl Scenario {
    /// Opens a shipped scenario by name, or any by path.
    ///
    /// # Errors
    /// No such scenario, or the first thing wrong in it or its files.
    pub fn open(name: &str) -> Result<Scenario, ScenarioError> {
        let (text, files) = Shelf::open(name, SCENARIOS, PERPETUALS, "")?;
        Scenario::read(name, &text, &|file| files.text(file))
    }

    /// Names and titles of the shipped scenarios.
    #[must_use]
    pub fn shipped() -> &'static [(&'static str, &'static str)] {
        &[("black-thursday", "Black Thursday over the stETH book of June 2023")]
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    fn read(
        name: &str,
        text: &str,
        table: &dyn Fn(&str) -> Result<String, ScenarioError>,
    ) -> Result<Scenario, ScenarioError> {
        let settings: Settings = toml::from_str(text)
            .map_err(|error| ScenarioError::setting(name, format!("not a scenario: {error}")))?;
        let files = &settings.files;
        let names =
            [&files.book, &files.prices, &files.path, &files.dollar_ladder, &files.ether_ladder];
        let texts = names
            .into_iter()
            .map(|file| Ok((file.clone(), table(file)?)))
            .collect::<Result<Vec<_>, ScenarioError>>()?;
        let book = Book::read((&texts[1].0, &texts[1].1), (&texts[0].0, &texts[0].1))?;
        for symbol in [&settings.driver.asset, &settings.driver.staked]
            .into_iter()
            .chain(&settings.driver.ether)
        {
            if book.asset(symbol).is_none() {
                let reason = format!("'{symbol}' is not in {}", files.prices);
                return Err(ScenarioError::setting("driver", reason));
            }
        }
        let rulebook = breakwater_rulebooks::shipped()
            .iter()
            .find(|(known, _)| *known == settings.rulebook)
            .map(|(known, text)| ((*known).to_owned(), (*text).to_owned()));
        let rulebook = match rulebook {
            Some(rulebook) => rulebook,
            None => (settings.rulebook.clone(), table(&settings.rulebook)?),
        };
        let scenario = Scenario { settings, book, rulebook, texts };
        let points = scenario.path(None)?;
        let fall = (path::FACTOR_ONE - path::trough(&points)) / (path::FACTOR_ONE / 10_000);
        let stated = u128::from(scenario.settings.driver.path_falls_bps);
        if fall.abs_diff(stated) > 1 {
            let reason = format!("{stated}, but the path falls {fall} basis points");
            return Err(ScenarioError::setting("driver.path_falls_bps", reason));
        }
        Ok(scenario)
    }

    /// The path, its trough moved to `fall` (at 1e8) if given.
    ///
    /// # Errors
    /// The first row that is wrong.
    pub fn path(&self, fall: Option<u128>) -> Result<Vec<PathPoint>, ScenarioError> {
        let (file, text) = &self.texts[2];
        path::read(file, text, fall)
    }

    /// What the run assumes: name, value, status and source of each part.
    #[must_use]
    pub fn assumptions(&self, options: &RunOptions) -> Vec<(String, String, String, String)> {
        crate::story::assumptions(self, options)
    }

    /// Where each table comes from: file, source, licence, blake3 of its bytes.
    #[must_use]
    pub fn provenance(&self) -> Vec<(String, String, String, String)> {
        let texts = self.texts.iter().map(|(file, text)| (file, text.as_str()));
        provenance(texts, &self.settings.sources, NOT_STATED)
    }
}

/// Reads a text file, gunzipping one that ends in `.gz`.
///
/// # Errors
/// What the system says, or what is wrong with the bytes.
pub fn read_file(path: &Path) -> Result<String, ScenarioError> {
    use std::io::Read;
    let fail = |reason: String| ScenarioError::Read { path: path.display().to_string(), reason };
    let bytes = std::fs::metadata(path).map_err(|e| fail(e.to_string()))?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(fail(format!("{bytes} bytes; at most {FILE_BYTES_MAX}")));
    }
    let raw = std::fs::read(path).map_err(|e| fail(e.to_string()))?;
    let mut text = String::new();
    if path.extension().is_some_and(|e| e == "gz") {
        let mut unpacked = flate2::read::GzDecoder::new(raw.as_slice()).take(FILE_BYTES_MAX);
        unpacked.read_to_string(&mut text).map_err(|e| fail(format!("not gzipped text: {e}")))?;
        return Ok(text);
    }
    String::from_utf8(raw).map_err(|e| fail(format!("not text: {e}")))
}
