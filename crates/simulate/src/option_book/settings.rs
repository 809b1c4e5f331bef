//! The scenario file of an option book.

use crate::ScenarioError;
use crate::files::{NOT_STATED, Shelf, is_meant, provenance};
use crate::scenario::Source;
use crate::shipped::OPTION_BOOKS;
use crate::table::closes;
use breakwater_money::Time;
use breakwater_money::decimal;
use breakwater_options::hedging::Neutral;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name of the scenario.
    pub name: String,
    /// Title of its page.
    pub title: String,
    /// What it asks.
    pub question: String,
    /// Shipped rulebook of portfolio margin.
    pub rulebook: String,
    /// Its tables.
    pub files: Files,
    /// The path and what moves with it.
    pub market: Market,
    /// What the account has.
    pub account: Account,
    /// Its positions.
    pub options: Vec<OptionSettings>,
    /// What the markets take.
    pub depth: Depth,
    /// How it is liquidated.
    pub terms: Terms,
    /// Where each table comes from, by its name.
    #[serde(default)]
    pub sources: BTreeMap<String, Source>,
}

/// Its tables.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// Index by the minute: `minute`, and `close_cents`.
    pub index: String,
}

/// The path and what moves with it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Market {
    /// Minute zero.
    pub starts_at: String,
    /// Minute at which the book is opened.
    pub from_minute: u32,
    /// Last minute.
    pub to_minute: u32,
    /// Symbol of the inverse perpetual that hedges.
    pub hedge: String,
    /// Volatility, millionths, that a fall of 1 % from the first price adds to every option.
    pub volatility_per_fall_ppm: u32,
}

/// What the account has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Coins.
    pub cash: String,
}

/// One position.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionSettings {
    /// Symbol; a call ends in `-C`, a put in `-P`.
    pub symbol: String,
    /// Strike in dollars.
    pub strike: String,
    /// Days from the first minute to expiry.
    pub expires_days: u32,
    /// Coins of underlying; below zero short.
    pub size: String,
    /// Volatility at the start, millionths.
    pub volatility_ppm: u32,
}

/// What the markets take: each side, distances from the mark.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Depth {
    /// Of the perpetual.
    pub hedge: Vec<DepthStep>,
    /// Of each option.
    pub options: Vec<DepthStep>,
    /// Time in which half of what was taken is back.
    pub half_life_seconds: u32,
}

/// A step of depth.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepthStep {
    /// From the mark.
    pub bps: u32,
    /// Coins of underlying.
    pub quantity: String,
}

/// How it is liquidated.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// In what the account is to be neutral.
    pub neutral: Neutral,
    /// Ratio of equity to requirement that ends it.
    pub target_ratio: String,
    /// Contracts.
    pub hedge_lot: u128,
    /// Base units of an option.
    pub option_lot: u128,
    /// Lots closed before everything is valued again.
    pub group_lots: u32,
    /// Coins of net delta left as they are.
    pub band: String,
    /// Worst price of the hedge.
    pub hedge_slippage_bps: u32,
    /// Worst price of an option.
    pub option_slippage_bps: u32,
    /// Share of the depth within these prices.
    pub participation_bps: u32,
    /// Standard deviations of the loss at risk, millionths.
    pub confidence_ppm: u32,
    /// Volatility of the index for it.
    pub volatility_ppm_per_sqrt_day: u32,
    /// Time over which it is taken.
    pub horizon_minutes: u32,
}

/// Largest volatility, millionths: ten times the price a year.
const VOLATILITY_PPM_MOST: u32 = 10_000_000;

impl Settings {
    /// The first field of a position or of the depth that makes no sense.
    fn check(&self) -> Result<(), ScenarioError> {
        let refused = |field: String, reason: String| Err(ScenarioError::setting(&field, reason));
        if self.options.is_empty() {
            return refused("options".to_owned(), "none; at least one position".to_owned());
        }
        let minutes = self.market.to_minute - self.market.from_minute;
        for (place, option) in self.options.iter().enumerate() {
            let field = |name: &str| format!("options[{place}].{name}");
            let not_zero = |name: &str, text: &str, decimals: u8| {
                let bare = text.strip_prefix('-').unwrap_or(text);
                match decimal::parse_raw(bare, decimals) {
                    Ok(0) => refused(field(name), format!("{text}; not zero")),
                    Ok(_) => Ok(()),
                    Err(error) => refused(field(name), error.to_string()),
                }
            };
            not_zero("size", &option.size, 1)?;
            not_zero("strike", &option.strike, 2)?;
            if !(1..=VOLATILITY_PPM_MOST).contains(&option.volatility_ppm) {
                let given = option.volatility_ppm;
                let reason = format!("{given}; from 1 to {VOLATILITY_PPM_MOST} millionths");
                return refused(field("volatility_ppm"), reason);
            }
            if option.expires_days.saturating_mul(24 * 60) <= minutes {
                let given = option.expires_days;
                let reason = format!("{given}; after the last of {} minutes", minutes + 1);
                return refused(field("expires_days"), reason);
            }
            if self.options[..place].iter().any(|other| other.symbol == option.symbol) {
                return refused(field("symbol"), format!("'{}' stands twice", option.symbol));
            }
        }
        for (name, steps) in [("hedge", &self.depth.hedge), ("options", &self.depth.options)] {
            for (place, step) in steps.iter().enumerate() {
                let before = place.checked_sub(1).and_then(|before| steps.get(before));
                let rises = before.is_none_or(|before| before.bps < step.bps);
                if !rises || step.bps >= 10_000 {
                    let reason = format!("{}; rising, and below 10000", step.bps);
                    return refused(format!("depth.{name}[{place}].bps"), reason);
                }
            }
            if steps.is_empty() {
                return refused(format!("depth.{name}"), "none; at least one step".to_owned());
            }
        }
        Ok(())
    }
}

/// A scenario with its path.
#[derive(Debug, Clone)]
pub struct OptionBookScenario {
    /// The file.
    pub settings: Settings,
    /// The rulebook's parameters.
    pub parameters: String,
    /// Closing index of each minute from `from_minute` on, cents.
    pub path: Vec<u64>,
    /// Minute `from_minute`.
    pub start: Time,
    /// The table of the index.
    index_text: String,
}

impl OptionBookScenario {
    /// Names and titles of the shipped scenarios.
    #[must_use]
    pub fn shipped() -> &'static [(&'static str, &'static str)] {
        &[("option-book", "10 October 2025 over a short option book under portfolio margin")]
    }

    /// Its table with where it comes from, its licence and its hash.
    #[must_use]
    pub fn provenance(&self) -> Vec<(String, String, String, String)> {
        let table = [(&self.settings.files.index, self.index_text.as_str())];
        provenance(table, &self.settings.sources, NOT_STATED)
    }

    /// True if `name` means an option book: a shipped one, or a file that states options.
    #[must_use]
    pub fn is_meant(name: &str) -> bool {
        is_meant(name, OPTION_BOOKS, |table| {
            table.get("options").is_some_and(toml::Value::is_array)
        })
    }

    /// A shipped scenario by name, or a file by path.
    ///
    /// # Errors
    /// No such file, or the field that makes no sense.
    pub fn open(name: &str) -> Result<OptionBookScenario, ScenarioError> {
        let (text, files) = Shelf::open(name, OPTION_BOOKS, &[], "")?;
        OptionBookScenario::read(name, &text, |file| files.text(file))
    }

    /// The scenario of a text; `table` gives the text of a table.
    ///
    /// # Errors
    /// As [`OptionBookScenario::open`].
    pub fn read(
        name: &str,
        text: &str,
        table: impl Fn(&str) -> Result<String, ScenarioError>,
    ) -> Result<OptionBookScenario, ScenarioError> {
        let settings: Settings = toml::from_str(text)
            .map_err(|error| ScenarioError::setting(name, error.to_string()))?;
        let market = &settings.market;
        if market.from_minute >= market.to_minute {
            let reason = format!("{}: below to_minute {}", market.from_minute, market.to_minute);
            return Err(ScenarioError::setting("market.from_minute", reason));
        }
        settings.check()?;
        let at: jiff::Timestamp = market.starts_at.parse().map_err(|_| {
            let reason = format!("'{}'; such as 2025-10-10T00:00:00Z is right", market.starts_at);
            ScenarioError::setting("market.starts_at", reason)
        })?;
        let zero = u64::try_from(at.as_second()).unwrap_or(0);
        let shipped = breakwater_rulebooks::shipped().iter();
        let found = shipped.into_iter().find(|(known, _)| *known == settings.rulebook);
        let Some((_, parameters)) = found else {
            let reason = format!("'{}': no shipped rulebook of that name", settings.rulebook);
            return Err(ScenarioError::setting("rulebook", reason));
        };
        let text = table(&settings.files.index)?;
        let path = closes(&settings.files.index, &text, (market.from_minute, market.to_minute))?;
        let start = Time::from_seconds(zero + 60 * u64::from(market.from_minute));
        let parameters = (*parameters).to_owned();
        Ok(OptionBookScenario { settings, parameters, path, start, index_text: text })
    }
}

/// A number of zero or more at so many decimals.
pub(super) fn raw(field: &str, text: &str, decimals: u8) -> Result<u128, ScenarioError> {
    decimal::parse_raw(text, decimals)
        .map_err(|why| ScenarioError::setting(field, format!("'{text}': {why}")))
}
