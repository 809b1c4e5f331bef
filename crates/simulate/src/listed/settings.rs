//! The scenario file of listed contracts.

use crate::ScenarioError;
use crate::files::{NOT_STATED, Shelf, Told, is_meant, provenance};
use crate::scenario::Source;
use crate::shipped::LISTED;
use crate::table::closes;
use breakwater_agreement::listed::{LifecycleParameters, Series, planned};
use breakwater_money::{Time, decimal};
use breakwater_rulebooks::exchange::listed;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Decimals of prices in dollars.
pub const DOLLAR_DECIMALS: u8 = 2;

/// Most minutes of a path: a month and a bit.
const MINUTES_MAX: u32 = 50_000;

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
    /// A shipped rulebook, or a file beside the scenario.
    pub rulebook: String,
    /// Its tables.
    pub files: Files,
    /// The path and what moves with it.
    pub market: MarketSettings,
    /// What is listed.
    pub contracts: Vec<ContractSettings>,
    /// Who holds it.
    pub accounts: Vec<AccountSettings>,
    /// What they ask for.
    #[serde(default)]
    pub asks: Vec<AskSettings>,
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
pub struct MarketSettings {
    /// Minute zero.
    pub starts_at: String,
    /// Minute at the end of which everything is opened.
    pub from_minute: u32,
    /// Last minute.
    pub to_minute: u32,
    /// Symbol of the one margin asset.
    pub settle: String,
    /// Its decimals.
    pub settle_decimals: u8,
    /// Volatility, millionths, that a fall of 1 % from the first price adds to every option.
    #[serde(default)]
    pub volatility_per_fall_ppm: u32,
    /// How far from the mark the market takes what the venue sells.
    pub fill_bps: u32,
    /// Worst price of such a sale, from the mark.
    pub slippage_bps: u32,
    /// Accounts are warned below this ratio of equity to requirement.
    pub warn_ratio: String,
    /// The insurance fund at the start, whole units of the margin asset.
    pub fund: String,
}

/// What a contract is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Value is quantity times price.
    Linear,
    /// Value is quantity over price.
    Inverse,
    /// A right to buy.
    Call,
    /// A right to sell.
    Put,
}

/// One contract.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractSettings {
    /// Symbol.
    pub symbol: String,
    /// What it is.
    pub kind: Kind,
    /// Units in one whole contract: of the coin, for an inverse contract dollars.
    pub multiplier: String,
    /// Decimals of its quantity.
    #[serde(default)]
    pub decimals: u8,
    /// When it ends; absent for a perpetual.
    pub expires: Option<String>,
    /// Where instructions to roll go.
    pub into: Option<String>,
    /// Strike of an option, dollars.
    pub strike: Option<String>,
    /// Whether an option is priced and settled in coin.
    #[serde(default)]
    pub coin: bool,
    /// Mark of a future above the index, millionths: for a perpetual all along, for a dated one a year
    /// before its end, in proportion to the time that is left.
    #[serde(default)]
    pub premium_ppm: i64,
    /// Volatility of an option at the first price, millionths a year.
    #[serde(default)]
    pub volatility_ppm: u32,
    /// How it lives, in place of what the rulebook's file says.
    pub lifecycle: Option<LifecycleParameters>,
}

impl ContractSettings {
    /// True for an option.
    #[must_use]
    pub const fn option(&self) -> bool {
        matches!(self.kind, Kind::Call | Kind::Put)
    }
}

/// One account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSettings {
    /// Who.
    pub name: String,
    /// Whole units of the margin asset.
    pub cash: String,
    /// Whole contracts by symbol, below zero short; opened at the first marks against the outside.
    #[serde(default)]
    pub holds: BTreeMap<String, String>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wish {
    /// Roll when it is time.
    Roll,
    /// Use an option now.
    Exercise,
    /// Give a position away.
    Transfer,
}

/// One request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskSettings {
    /// When.
    pub at: String,
    /// Who.
    pub account: String,
    /// What.
    pub what: Wish,
    /// Of which contract.
    pub contract: String,
    /// Whole contracts; not for a roll, which is of everything.
    pub quantity: Option<String>,
    /// To whom, for a transfer.
    pub to: Option<String>,
}

/// A scenario with its path and rulebook.
#[derive(Debug, Clone)]
pub struct ListedScenario {
    /// The file.
    pub settings: Settings,
    /// Name of the rule.
    pub rule: String,
    /// Parameters of the rulebook.
    pub parameters: String,
    /// How each contract lives.
    pub lifecycles: Vec<LifecycleParameters>,
    /// When the path begins: the end of its first minute.
    pub start: Time,
    /// Index at the end of each minute, cents.
    pub path: Vec<u64>,
    /// When each contract ends.
    pub ends: Vec<Option<Time>>,
    /// When each request is made.
    pub asked: Vec<Time>,
    /// Text of the table.
    index: String,
}

impl ListedScenario {
    /// Names and titles of the shipped scenarios.
    #[must_use]
    pub const fn shipped() -> &'static [(&'static str, &'static str)] {
        &[
            (
                "expiry-friday",
                "10 October 2025 over a book of contracts that expire, roll and are funded",
            ),
            ("early-exercise", "10 October 2025 over options that may be used before their end"),
        ]
    }

    /// True if the name is a shipped scenario of listed contracts, or the path of a file of one.
    #[must_use]
    pub fn is_meant(name: &str) -> bool {
        is_meant(name, LISTED, |table| {
            let market = table.get("market").and_then(toml::Value::as_table);
            table.contains_key("contracts") && market.is_some_and(|it| it.contains_key("settle"))
        })
    }

    /// File, source, licence and hash of each table.
    #[must_use]
    pub fn provenance(&self) -> Vec<Told> {
        let texts = [(&self.settings.files.index, self.index.as_str())];
        provenance(texts, &self.settings.sources, NOT_STATED)
    }

    /// A shipped scenario by name, or a file by path.
    ///
    /// # Errors
    /// No such file, or the field that makes no sense.
    pub fn open(name: &str) -> Result<ListedScenario, ScenarioError> {
        let (text, files) = Shelf::open(name, LISTED, &[], "")?;
        ListedScenario::read(name, &text, |file| files.text(file))
    }

    /// The scenario of a text; `file` gives the text of a file that it names.
    ///
    /// # Errors
    /// As [`ListedScenario::open`].
    pub fn read(
        name: &str,
        text: &str,
        file: impl Fn(&str) -> Result<String, ScenarioError>,
    ) -> Result<ListedScenario, ScenarioError> {
        let settings: Settings = toml::from_str(text)
            .map_err(|error| ScenarioError::setting(name, error.to_string()))?;
        settings.check()?;
        let shipped = breakwater_rulebooks::shipped().iter();
        let known = shipped.copied().find(|(known, _)| *known == settings.rulebook);
        let parameters = match known {
            Some((_, text)) => text.to_owned(),
            None => file(&settings.rulebook)?,
        };
        let wrong = |why: String| ScenarioError::setting("rulebook", why);
        let table: toml::Table =
            toml::from_str(&parameters).map_err(|error| wrong(error.to_string()))?;
        let rule = table.get("rule").and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        let mut lifecycles = Vec::new();
        for (place, contract) in settings.contracts.iter().enumerate() {
            let listed = listed::lifecycle(&rule, &parameters, &contract.symbol).map_err(wrong)?;
            let listed = listed.unwrap_or_default();
            let lifecycle = contract.lifecycle.clone().unwrap_or_else(|| listed.clone());
            if lifecycle.exercise != listed.exercise {
                let reason = format!(
                    "{:?}: {:?} is right, as the rulebook says of '{}': its rule decides",
                    lifecycle.exercise, listed.exercise, contract.symbol
                );
                let field = format!("contracts[{place}].lifecycle.exercise");
                return Err(ScenarioError::setting(field, reason));
            }
            lifecycles.push(lifecycle);
        }
        let index = file(&settings.files.index)?;
        let minutes = (settings.market.from_minute, settings.market.to_minute);
        let path = closes(&settings.files.index, &index, minutes)?;
        let begin = time("market.starts_at", &settings.market.starts_at)?;
        let first = u64::from(settings.market.from_minute).saturating_add(1);
        let start = begin.after(first.saturating_mul(super::runner::MINUTE));
        let end = |(place, contract): (usize, &ContractSettings)| {
            let field = format!("contracts[{place}].expires");
            contract.expires.as_deref().map(|text| time(&field, text)).transpose()
        };
        let ends: Result<Vec<_>, _> = settings.contracts.iter().enumerate().map(end).collect();
        let ask = |(place, ask): (usize, &AskSettings)| time(&format!("asks[{place}].at"), &ask.at);
        let asked: Result<Vec<_>, _> = settings.asks.iter().enumerate().map(ask).collect();
        let (ends, asked) = (ends?, asked?);
        Ok(ListedScenario {
            settings,
            rule,
            parameters,
            lifecycles,
            start,
            path,
            ends,
            asked,
            index,
        })
    }

    /// What is listed, as the board takes it.
    ///
    /// # Errors
    /// A contract that makes no sense, or that something happens to more often over the path than one looks
    /// at.
    pub fn series(&self) -> Result<Vec<Series>, ScenarioError> {
        let mut all = Vec::with_capacity(self.settings.contracts.len());
        for (place, stated) in self.settings.contracts.iter().enumerate() {
            let path = format!("contracts[{place}].lifecycle");
            let wrong = |error: breakwater_agreement::Error| {
                ScenarioError::setting(path.clone(), error.to_string())
            };
            let into = stated.into.as_deref();
            let field = format!("contracts[{place}].into");
            let series = Series {
                symbol: stated.symbol.clone(),
                lifecycle: self.lifecycles[place].read(&path).map_err(wrong)?,
                expires: self.ends[place],
                into: into.map(|symbol| self.contract(&field, symbol)).transpose()?,
                option: stated.option(),
            };
            planned(&series, self.start, self.last()).map_err(wrong)?;
            all.push(series);
        }
        Ok(all)
    }

    /// The end of the path.
    #[must_use]
    pub fn last(&self) -> Time {
        let minutes = self.path.len().saturating_sub(1) as u64;
        self.start.after(minutes.saturating_mul(super::runner::MINUTE))
    }

    /// Place of a contract by its symbol.
    ///
    /// # Errors
    /// There is none.
    pub fn contract(&self, field: &str, symbol: &str) -> Result<usize, ScenarioError> {
        let names = self.settings.contracts.iter().map(|contract| contract.symbol.as_str());
        place(field, symbol, names)
    }

    /// Place of an account by its name.
    ///
    /// # Errors
    /// There is none.
    pub fn account(&self, field: &str, name: &str) -> Result<usize, ScenarioError> {
        place(field, name, self.settings.accounts.iter().map(|account| account.name.as_str()))
    }
}

fn place<'a>(
    field: &str,
    wanted: &str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Result<usize, ScenarioError> {
    names.clone().position(|name| name == wanted).ok_or_else(|| {
        let known: Vec<&str> = names.collect();
        ScenarioError::setting(field, format!("'{wanted}': one of {}", known.join(", ")))
    })
}

impl Settings {
    /// The first field that makes no sense by itself.
    fn check(&self) -> Result<(), ScenarioError> {
        let refused = |field: String, reason: String| Err(ScenarioError::setting(field, reason));
        let market = &self.market;
        if market.from_minute >= market.to_minute {
            let reason = format!("{}: above from_minute, {}", market.to_minute, market.from_minute);
            return refused("market.to_minute".to_owned(), reason);
        }
        if market.to_minute - market.from_minute > MINUTES_MAX {
            let reason = format!("{}: at most {MINUTES_MAX} minutes", market.to_minute);
            return refused("market.to_minute".to_owned(), reason);
        }
        if !(4..=18).contains(&market.settle_decimals) {
            let reason = format!("{}: 4 to 18", market.settle_decimals);
            return refused("market.settle_decimals".to_owned(), reason);
        }
        if market.fill_bps > market.slippage_bps || market.slippage_bps >= 10_000 {
            let (fill, worst) = (market.fill_bps, market.slippage_bps);
            let reason = format!("{fill}: up to slippage_bps, {worst}, and that below 10000");
            return refused("market.fill_bps".to_owned(), reason);
        }
        for (place, contract) in self.contracts.iter().enumerate() {
            let field = |name: &str| format!("contracts[{place}].{name}");
            let twice = self.contracts[..place].iter().any(|it| it.symbol == contract.symbol);
            if twice || contract.symbol == market.settle || contract.symbol == super::marks::INDEX {
                return refused(field("symbol"), format!("'{}' stands twice", contract.symbol));
            }
            let stated = (contract.strike.is_some(), contract.volatility_ppm > 0);
            if contract.option() && (stated != (true, true) || contract.expires.is_none()) {
                let reason = "an option has strike, volatility_ppm and expires".to_owned();
                return refused(field("kind"), reason);
            }
            if !contract.option() && (stated != (false, false) || contract.coin) {
                let reason = "a future or perpetual has no strike, volatility_ppm or coin";
                return refused(field("kind"), reason.to_owned());
            }
            if contract.premium_ppm.unsigned_abs() >= 1_000_000 {
                let reason = format!("{}: below a million either way", contract.premium_ppm);
                return refused(field("premium_ppm"), reason);
            }
        }
        for (place, account) in self.accounts.iter().enumerate() {
            if self.accounts[..place].iter().any(|it| it.name == account.name) {
                let reason = format!("'{}' stands twice", account.name);
                return refused(format!("accounts[{place}].name"), reason);
            }
        }
        let none =
            [("contracts", self.contracts.is_empty()), ("accounts", self.accounts.is_empty())];
        match none.iter().find(|(_, empty)| *empty) {
            Some((field, _)) => refused((*field).to_owned(), "none: at least one".to_owned()),
            None => Ok(()),
        }
    }
}

fn time(field: &str, text: &str) -> Result<Time, ScenarioError> {
    let read = text.parse::<jiff::Timestamp>().ok();
    let seconds = read.and_then(|at| u64::try_from(at.as_second()).ok());
    seconds.map(Time::from_seconds).ok_or_else(|| {
        ScenarioError::setting(field, format!("'{text}': a time such as 2025-10-10T08:00:00Z"))
    })
}

/// A decimal of zero or more at a scale.
pub(super) fn raw(field: &str, text: &str, decimals: u8) -> Result<u128, ScenarioError> {
    decimal::parse_raw(text, decimals)
        .map_err(|error| ScenarioError::setting(field, error.to_string()))
}

/// The same with a sign.
pub(super) fn signed(field: &str, text: &str, decimals: u8) -> Result<i128, ScenarioError> {
    decimal::parse_raw_signed(text, decimals)
        .map_err(|error| ScenarioError::setting(field, error.to_string()))
}
