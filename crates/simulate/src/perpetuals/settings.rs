//! The file of a scenario over perpetuals, and its numbers once read.

use crate::ScenarioError;
use crate::market::share;
use crate::scenario::{PlannerSettings, Source};
use breakwater_liquidation::backstop::Deleverage;
use breakwater_market::{BandGuard, Decimals};
use breakwater_money::decimal;
use serde::Deserialize;
use std::collections::BTreeMap;

use super::{BASE_DECIMALS, PRICE_DECIMALS};

/// A scenario over perpetuals. Numbers with a point are text, so that they are read exactly.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerpetualSettings {
    /// Name.
    pub name: String,
    /// Title for readers.
    pub title: String,
    /// The question it answers.
    pub question: String,
    /// Name or path of the rulebook.
    pub rulebook: String,
    /// Tables, relative to the scenario file.
    pub files: PerpetualFiles,
    /// What moves.
    pub market: MarketSettings,
    /// What depth is believed.
    pub depth: BandSettings,
    /// What the venue does with those in breach.
    pub venue: VenueSettings,
    /// How the book is drawn.
    pub book: BookSettings,
    /// How sales are planned over depth, where they are.
    #[serde(default)]
    pub planner: Option<PlannerSettings>,
    /// Where each table comes from, by its name.
    #[serde(default)]
    pub sources: BTreeMap<String, Source>,
}

/// Tables of a scenario over perpetuals.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerpetualFiles {
    /// Bars of the index.
    pub index: String,
    /// Depth by bands.
    pub depth: String,
}

/// What moves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketSettings {
    /// Name of the path's price.
    pub name: String,
    /// The rulebook's name of the contract.
    pub contract: String,
    /// Start of minute 0, such as `2025-10-10T00:00:00Z`.
    pub starts_at: String,
    /// Fall of the path's trough from its first open, basis points, checked when it is read.
    pub path_falls_bps: u32,
}

/// What depth is believed: see [`BandGuard`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BandSettings {
    /// Oldest snapshot, judged at the end of its minute.
    pub age_max_seconds: u32,
    /// Tolerance on the wrong side of the reference.
    pub crossed_max_bps: u32,
    /// Tolerance beyond the far edge of a band.
    pub beyond_max_bps: u32,
}

impl BandSettings {
    /// The guard.
    ///
    /// # Errors
    /// A bound that cannot work.
    pub fn guard(&self) -> Result<BandGuard, ScenarioError> {
        let (base, price) = (BASE_DECIMALS, PRICE_DECIMALS);
        let guard = BandGuard {
            decimals: Decimals { base, quote: price, price },
            age_max_nanos: u64::from(self.age_max_seconds) * 1_000_000_000,
            ahead_max_nanos: 0,
            crossed_max_bps: self.crossed_max_bps,
            beyond_max_bps: self.beyond_max_bps,
        };
        guard
            .validate()
            .map_err(|error| ScenarioError::setting("depth", error.to_string()))
            .map(|()| guard)
    }
}

/// What the venue does with those in breach, and who bears what is lost.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VenueSettings {
    /// Steps of a liquidation: the name of one of the ladders of [`breakwater_rulebooks`].
    pub ladder: String,
    /// Insurance fund at the start, as a share of the open interest's value at the first mark.
    pub fund_share: String,
    /// Insurance funds that a comparison puts side by side, as such shares, ascending.
    pub fund_shares: Vec<String>,
    /// How winners are chosen once the fund does not cover.
    pub deleverage: Deleverage,
    /// Largest share of a winner's position that the capped and the risk-aware choice close at once.
    pub share_max_bps: u32,
    /// Worst price of what is sold once the fund stands behind it, from the mark.
    pub slippage_bps: u32,
    /// Accounts below this ratio of equity to maintenance margin are warned.
    pub warn_ratio: String,
    /// Greatest move from one mark to the next that is believed.
    pub band_bps: u32,
    /// Share of consumed depth that is back a minute later.
    pub recovery: String,
    /// Share of the impact not yet recovered that is carried into the next mark.
    pub feedback: String,
}

/// How the book is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookSettings {
    /// Seed of every draw.
    pub seed: u64,
    /// Number of traders; makers come on top.
    pub traders: u32,
    /// Base asset held long, and as much held short.
    pub open_interest: String,
    /// Share of traders who are long.
    pub long_share: String,
    /// Share of traders whose position has a margin of its own.
    pub isolated_share: String,
    /// Share of traders with no cash beyond their margin.
    pub wallet_none_share: String,
    /// Mean of the others' cash beyond the margin, as a share of it.
    pub wallet_mean: String,
    /// Standard deviation of entries around the first price.
    pub entry_spread_bps: u32,
    /// Largest distance of an entry from the first price, as a share of the margin.
    pub entry_reach: String,
    /// Sizes of long traders.
    pub long_size: SizeSettings,
    /// Sizes of short traders.
    pub short_size: SizeSettings,
    /// Leverage at entry and its weights, ascending.
    pub leverage: Vec<LeverageSettings>,
    /// Largest leverage by value at entry, ascending by value.
    pub leverage_cap: Vec<LeverageCapSettings>,
    /// Those who hold the rest of the open interest.
    pub makers: MarketMakerSettings,
}

/// A lognormal distribution of sizes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizeSettings {
    /// Base asset.
    pub median: String,
    /// Standard deviation of the logarithm.
    pub sigma: String,
    /// Larger draws are cut to this much of the base asset.
    pub largest: String,
}

/// One leverage and its weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeverageSettings {
    /// Value at entry over margin.
    pub times: u16,
    /// Weight among the others.
    pub weight: u32,
}

/// What leverage a position may have.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeverageCapSettings {
    /// Value up to which the cap holds, this one included.
    pub notional: String,
    /// Largest leverage.
    pub times: u16,
}

/// Those who hold the rest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketMakerSettings {
    /// How many are long.
    pub long: u32,
    /// How many are short.
    pub short: u32,
    /// Value at entry over cash.
    pub leverage: String,
}

/// [`BookSettings`] read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distributions {
    pub(super) seed: u64,
    pub(super) traders: u32,
    pub(super) open_interest: u128,
    /// Shares at [`crate::market::ONE`].
    pub(super) long_share: u128,
    pub(super) isolated_share: u128,
    pub(super) wallet_none_share: u128,
    pub(super) wallet_mean: u128,
    pub(super) entry_spread_bps: u32,
    pub(super) entry_reach: u128,
    pub(super) long_size: Size,
    pub(super) short_size: Size,
    pub(super) leverage: Vec<LeverageSettings>,
    /// (cents, times).
    pub(super) caps: Vec<(u128, u16)>,
    pub(super) makers: MarketMakerSettings,
    pub(super) makers_leverage_e2: u32,
}

/// A lognormal distribution, read: median and largest in base units, sigma at 1e6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) median: u128,
    pub(super) sigma_e6: u128,
    pub(super) largest: u128,
}

/// Most traders: with three cash figures each they still fit a phone's memory.
const TRADERS_MAX: u32 = 1_000_000;

/// Most makers on a side.
const MAKERS_MAX: u32 = 1_000;

/// Largest sigma, at 1e6: beyond it a lognormal has no size that could be called typical.
const SIGMA_E6_MAX: u128 = 5_000_000;

/// Most of the base asset in a position or in all of them: 21 million exist.
const BASE_MAX: u128 = 21_000_000;

impl BookSettings {
    /// The numbers behind the text.
    ///
    /// # Errors
    /// The first setting that is wrong, with its value and what would be right.
    pub fn read(&self) -> Result<Distributions, ScenarioError> {
        let wrong = |field: &str, reason: String| Err(ScenarioError::setting(field, reason));
        if self.traders > TRADERS_MAX {
            let reason = format!("{}; expected at most {TRADERS_MAX}", self.traders);
            return wrong("book.traders", reason);
        }
        if self.entry_spread_bps > 5_000 {
            let reason = format!("{}; expected at most 5000", self.entry_spread_bps);
            return wrong("book.entry_spread_bps", reason);
        }
        for (field, count) in [("long", self.makers.long), ("short", self.makers.short)] {
            if count == 0 || count > MAKERS_MAX {
                let reason = format!("{count}; expected 1 to {MAKERS_MAX}");
                return wrong(&format!("book.makers.{field}"), reason);
            }
        }
        let one = crate::market::ONE;
        let entry_reach = share("book.entry_reach", &self.entry_reach, one)?;
        if entry_reach == one {
            return wrong(
                "book.entry_reach",
                "1; expected below 1: entries that use up a margin are in breach".to_owned(),
            );
        }
        Ok(Distributions {
            seed: self.seed,
            traders: self.traders,
            open_interest: base("book.open_interest", &self.open_interest)?,
            long_share: share("book.long_share", &self.long_share, one)?,
            isolated_share: share("book.isolated_share", &self.isolated_share, one)?,
            wallet_none_share: share("book.wallet_none_share", &self.wallet_none_share, one)?,
            wallet_mean: share("book.wallet_mean", &self.wallet_mean, one * 1_000)?,
            entry_spread_bps: self.entry_spread_bps,
            entry_reach,
            long_size: self.long_size.read("book.long_size")?,
            short_size: self.short_size.read("book.short_size")?,
            leverage: leverage(&self.leverage)?,
            caps: caps(&self.leverage_cap)?,
            makers_leverage_e2: makers_leverage(&self.makers.leverage)?,
            makers: self.makers.clone(),
        })
    }
}

impl SizeSettings {
    fn read(&self, field: &str) -> Result<Size, ScenarioError> {
        let median = base(&format!("{field}.median"), &self.median)?;
        let largest = base(&format!("{field}.largest"), &self.largest)?;
        let sigma_e6 = positive(&format!("{field}.sigma"), &self.sigma, 6, SIGMA_E6_MAX)?;
        if largest < median {
            let reason = format!("{}; expected at least the median {}", self.largest, self.median);
            return Err(ScenarioError::setting(format!("{field}.largest"), reason));
        }
        Ok(Size { median, sigma_e6, largest })
    }
}

/// An amount of the base asset above zero, in base units.
fn base(field: &str, text: &str) -> Result<u128, ScenarioError> {
    positive(field, text, BASE_DECIMALS, BASE_MAX * 10u128.pow(BASE_DECIMALS.into()))
}

fn positive(field: &str, text: &str, decimals: u8, most: u128) -> Result<u128, ScenarioError> {
    let raw = decimal::parse_raw(text, decimals)
        .map_err(|error| ScenarioError::setting(field, error.to_string()))?;
    if raw == 0 || raw > most {
        let most = decimal::format_raw(most, decimals);
        let reason = format!("{text}; expected above 0 and at most {most}");
        return Err(ScenarioError::setting(field, reason));
    }
    Ok(raw)
}

fn leverage(found: &[LeverageSettings]) -> Result<Vec<LeverageSettings>, ScenarioError> {
    let wrong = |reason: String| Err(ScenarioError::setting("book.leverage", reason));
    let mut before = 0;
    for LeverageSettings { times, .. } in found {
        if *times <= before {
            return wrong(format!("{times} after {before}; expected ascending multiples from 1"));
        }
        before = *times;
    }
    if found.iter().all(|entry| entry.weight == 0) {
        return wrong("no weight above zero; expected at least one".to_owned());
    }
    Ok(found.to_vec())
}

fn caps(found: &[LeverageCapSettings]) -> Result<Vec<(u128, u16)>, ScenarioError> {
    let wrong = |reason: String| Err(ScenarioError::setting("book.leverage_cap", reason));
    let mut caps: Vec<(u128, u16)> = Vec::with_capacity(found.len());
    for cap in found {
        let field = "book.leverage_cap.notional";
        let notional = positive(field, &cap.notional, PRICE_DECIMALS, u128::from(u64::MAX))?;
        if cap.times == 0 {
            return wrong("times is 0; expected 1 or more".to_owned());
        }
        if caps.last().is_some_and(|(last, times)| *last >= notional || *times <= cap.times) {
            let reason = format!(
                "{} at {}: expected notionals rising and multiples falling",
                cap.times, cap.notional
            );
            return wrong(reason);
        }
        caps.push((notional, cap.times));
    }
    if caps.is_empty() {
        return wrong("none; expected at least one".to_owned());
    }
    Ok(caps)
}

/// Hundredths, 0.01 to 100.
fn makers_leverage(text: &str) -> Result<u32, ScenarioError> {
    let field = "book.makers.leverage";
    let raw = positive(field, text, 2, 10_000)?;
    u32::try_from(raw).map_err(|error| ScenarioError::setting(field, error.to_string()))
}
