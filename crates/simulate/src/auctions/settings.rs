//! The file of a scenario of auctions.

use crate::ScenarioError;
use crate::scenario::Source;
use breakwater_liquidation::auctions::{AuctionTerms, Format, Raises};
use breakwater_money::decimal;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Decimals of collateral and of the money that is owed.
pub const UNIT_DECIMALS: u8 = 18;

/// One whole unit of either.
pub const UNIT: u128 = 1_000_000_000_000_000_000;

/// One in millionths.
pub const PPM: u128 = 1_000_000;

/// A scenario of auctions. Numbers with a point are text, so that they are read exactly.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuctionSettings {
    /// Name.
    pub name: String,
    /// Title for readers.
    pub title: String,
    /// The question it answers.
    pub question: String,
    /// Name or path of the rulebook's parameters.
    pub rulebook: String,
    /// Name under which the rule that takes them is plugged in.
    pub rule: String,
    /// Tables, relative to the scenario file.
    pub files: FileSettings,
    /// What moves, and what is owed.
    pub market: MarketSettings,
    /// What prices the venue believes.
    pub guard: GuardSettings,
    /// Where bidders resell.
    pub outside: OutsideSettings,
    /// How the vaults are drawn.
    pub book: BookSettings,
    /// How the bidders are drawn.
    pub bidders: BidderSettings,
    /// What is run.
    pub run: RunSettings,
    /// The rules of bidding, by name.
    pub formats: BTreeMap<String, FormatSettings>,
    /// What is varied.
    pub sensitivity: SensitivitySettings,
    /// Figures of others, to be printed beside.
    #[serde(default)]
    pub published: Vec<Published>,
    /// Where each table comes from, by its name.
    #[serde(default)]
    pub sources: BTreeMap<String, Source>,
}

/// Tables.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSettings {
    /// Bars of price and gas.
    pub path: String,
}

/// What moves, and what is owed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketSettings {
    /// Name of the path's price.
    pub name: String,
    /// Symbol of the collateral.
    pub collateral: String,
    /// Symbol of what is owed; its price is one.
    pub debt: String,
    /// Fall of the path's trough from its first open, basis points, checked when it is read.
    pub path_falls_bps: u32,
    /// By how much the venue's price lags behind the market's.
    pub feed_delay_minutes: u32,
    /// How often bidders look.
    pub step_seconds: u64,
    /// How long the last price holds after the day.
    pub tail_hours: u32,
}

/// What prices the venue believes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardSettings {
    /// Greatest move from one mark to the next.
    pub band_bps: u32,
    /// Oldest mark.
    pub age_max_minutes: u32,
}

/// Where bidders resell.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutsideSettings {
    /// Between bid and ask.
    pub spread_bps: u32,
    /// Collateral that moves the price by one per cent.
    pub depth: String,
    /// Until half of what was sold has been absorbed.
    pub recovery_half_life_minutes: u64,
    /// Until the money of a bought lot can be bid again.
    pub recycle_minutes: u64,
}

/// A lognormal distribution.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lognormal {
    /// Median.
    pub median: String,
    /// Standard deviation of the logarithm.
    pub sigma: String,
    /// Larger draws are cut to this.
    pub largest: String,
}

/// [`Lognormal`] read: median and largest in units of the caller's scale, sigma at 1e6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// Median.
    pub median: u128,
    /// Sigma, 1e6.
    pub sigma_e6: u128,
    /// Largest.
    pub largest: u128,
}

impl Spread {
    /// The draw of a standard normal number.
    #[must_use]
    pub fn at(&self, normal: f64) -> u128 {
        let factor = libm::exp(self.sigma_e6 as f64 / 1e6 * normal);
        // A conversion from a float saturates, and both ends are cut anyhow.
        (libm::round(self.median as f64 * factor) as u128).clamp(1, self.largest)
    }
}

/// Largest sigma, at 1e6: beyond it a lognormal has no size that could be called typical.
const SIGMA_E6_MAX: u128 = 5_000_000;

impl Lognormal {
    /// The numbers behind the text, at `decimals`, none above `most` whole units.
    ///
    /// # Errors
    /// The first that is wrong, with its value and what would be right.
    pub fn read(&self, field: &str, decimals: u8, most: u128) -> Result<Spread, ScenarioError> {
        let median = positive(&format!("{field}.median"), &self.median, decimals, most)?;
        let largest = positive(&format!("{field}.largest"), &self.largest, decimals, most)?;
        let sigma_e6 = number(&format!("{field}.sigma"), &self.sigma, 6, 0..=SIGMA_E6_MAX)?;
        if largest < median {
            let reason = format!("{}; expected at least the median {}", self.largest, self.median);
            return Err(ScenarioError::setting(format!("{field}.largest"), reason));
        }
        Ok(Spread { median, sigma_e6, largest })
    }
}

/// How the vaults are drawn.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookSettings {
    /// Seed of every draw.
    pub seed: u64,
    /// Number of vaults.
    pub vaults: u32,
    /// Collateral of one.
    pub collateral: Lognormal,
    /// Least value of collateral over debt at the first price.
    pub ratio_least: String,
    /// How much that ratio is above the least.
    pub ratio_beyond: Lognormal,
}

/// How the bidders are drawn.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BidderSettings {
    /// How many.
    pub count: u32,
    /// Strategy of each, in turn.
    pub strategies: Vec<super::bidders::Strategy>,
    /// Money of one.
    pub capital: Lognormal,
    /// Least and most that a bidder wants to earn.
    pub margin_bps: [u32; 2],
    /// Deviation of one lot's value from that.
    pub noise_bps: u32,
    /// More, for each hour until the lot is delivered.
    pub risk_bps_per_hour: u32,
    /// First bid of a proxy, as a share of the value.
    pub entry_share: String,
    /// First bid of a jump bidder.
    pub jump_share: String,
    /// When a sniper begins, before the end.
    pub sniper_window_seconds: u64,
    /// What the opportunist wants to earn where nothing can be had for nothing.
    pub opportunist_margin_bps: u32,
    /// Size of one order in a batch, as a share of the lot.
    pub batch_share: String,
    /// Their transactions.
    pub chain: ChainSettings,
}

/// How a bid reaches the auction.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainSettings {
    /// Gas of one bid.
    pub gas_units: u64,
    /// What a bidder pays for it.
    pub gas_gwei: Lognormal,
    /// How many times as much an opportunist pays.
    pub opportunist_gas: String,
    /// From looking to sending.
    pub latency_seconds: u64,
    /// The stretch in which inclusion is decided once.
    pub inclusion_seconds: u64,
    /// After this a bid that has not landed is given up.
    pub expires_seconds: u64,
    /// Bids of one bidder that wait at once.
    pub in_flight_max: u32,
    /// After so many bids given up, a bidder leaves an auction alone.
    pub attempts_max: u32,
}

/// What is run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSettings {
    /// Formats, in the order in which they are shown.
    pub formats: Vec<String>,
    /// A lot is won at zero below this share of its value.
    pub zero_bps: u32,
    /// Until a lot that nobody bought is offered again.
    pub retry_minutes: u32,
}

/// One set of rules.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormatSettings {
    /// Name for readers.
    pub title: String,
    /// How far its parameters can be relied on: `stated`, `assumption` or `unverified`.
    pub status: String,
    /// Where they come from.
    pub source: String,
    /// What an auction is to raise.
    pub raises: Raises,
    /// Penalty, of the debt.
    pub penalty_bps: u32,
    /// Times an auction without a buyer starts again.
    pub restarts_max: u32,
    /// Largest lot, whole units of collateral.
    pub lot: String,
    /// Whether a lot stays on auction although its owner is healthy again.
    pub stays_on_cure: bool,
    /// Most auctions at once.
    pub open_max: u32,
    /// The rules of bidding.
    pub format: Format,
}

impl FormatSettings {
    /// As a policy states it, lots by the symbol of the collateral.
    ///
    /// # Errors
    /// A lot that is no number above zero.
    pub fn terms(&self, name: &str, collateral: &str) -> Result<AuctionTerms, ScenarioError> {
        let field = format!("formats.{name}.lot");
        let lot = positive(&field, &self.lot, UNIT_DECIMALS, COLLATERAL_MAX)?;
        Ok(AuctionTerms {
            format: self.format,
            raises: self.raises,
            penalty_bps: self.penalty_bps,
            restarts_max: self.restarts_max,
            lots_max: BTreeMap::from([(collateral.to_owned(), lot)]),
            stays_on_cure: self.stays_on_cure,
            open_max: self.open_max,
            value_max: 0,
        })
    }
}

/// What is varied: every combination is run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SensitivitySettings {
    /// Formats that are run.
    pub formats: Vec<String>,
    /// Numbers of bidders.
    pub bidders: Vec<u32>,
    /// Times the day's gas.
    pub gas: Vec<String>,
    /// Times each bidder's capital.
    pub capital: Vec<String>,
}

/// A figure of somebody else's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// What it is.
    pub name: String,
    /// Which of ours it stands beside.
    pub figure: Figure,
    /// Under which format.
    pub format: String,
    /// Its value.
    pub value: String,
    /// Who published it.
    pub source: String,
}

/// A figure of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Lots sold.
    Lots,
    /// Share of lots won at zero, per cent.
    ZeroSharePercent,
    /// Value of what was won at zero.
    ZeroLoss,
    /// What sold lots fell short of their share of the debt.
    LotShortfall,
    /// Deficit booked.
    Deficit,
}

/// Most collateral in a lot or a vault: more than exists.
pub const COLLATERAL_MAX: u128 = 1_000_000_000;

/// Most money of a bidder, whole units.
pub const MONEY_MAX: u128 = 1_000_000_000_000;

/// Most vaults: each costs three commands in every run.
const VAULTS_MAX: u32 = 100_000;

/// Most bidders: each looks at every auction at every step.
pub const BIDDERS_MAX: u32 = 1_000;

/// A number in a range, at `decimals`.
///
/// # Errors
/// A sentence naming field, value and what would be right.
pub fn number(
    field: &str,
    text: &str,
    decimals: u8,
    range: std::ops::RangeInclusive<u128>,
) -> Result<u128, ScenarioError> {
    let raw = decimal::parse_raw(text, decimals)
        .map_err(|error| ScenarioError::setting(field, error.to_string()))?;
    if range.contains(&raw) {
        return Ok(raw);
    }
    let [least, most] = [range.start(), range.end()].map(|raw| decimal::format_raw(*raw, decimals));
    Err(ScenarioError::setting(field, format!("{text}; expected {least} to {most}")))
}

/// A number above zero, at most `most` whole units.
///
/// # Errors
/// As [`number`].
pub fn positive(field: &str, text: &str, decimals: u8, most: u128) -> Result<u128, ScenarioError> {
    let most = most.saturating_mul(10u128.saturating_pow(decimals.into()));
    match number(field, text, decimals, 0..=most)? {
        0 => Err(ScenarioError::setting(field, format!("{text}; expected above 0"))),
        raw => Ok(raw),
    }
}

fn within(field: &str, found: u64, least: u64, most: u64) -> Result<(), ScenarioError> {
    if (least..=most).contains(&found) {
        return Ok(());
    }
    Err(ScenarioError::setting(field, format!("{found}; expected {least} to {most}")))
}

/// A day in minutes: no delay, age or recovery that is modelled is longer.
const DAY_MINUTES: u64 = 1_440;

impl AuctionSettings {
    /// Refuses what the numbers of the file themselves show to be wrong; what is read elsewhere is
    /// checked there.
    ///
    /// # Errors
    /// The first setting that is wrong, with its value and what would be right.
    pub fn check(&self) -> Result<(), ScenarioError> {
        let market = &self.market;
        within("market.feed_delay_minutes", market.feed_delay_minutes.into(), 0, DAY_MINUTES)?;
        within("market.step_seconds", market.step_seconds, 1, 600)?;
        within("market.tail_hours", market.tail_hours.into(), 0, 96)?;
        within("guard.band_bps", self.guard.band_bps.into(), 1, 10_000)?;
        within("guard.age_max_minutes", self.guard.age_max_minutes.into(), 1, DAY_MINUTES)?;
        within("outside.spread_bps", self.outside.spread_bps.into(), 0, 10_000)?;
        let half_life = self.outside.recovery_half_life_minutes;
        within("outside.recovery_half_life_minutes", half_life, 1, 100 * DAY_MINUTES)?;
        within("outside.recycle_minutes", self.outside.recycle_minutes, 0, 100 * DAY_MINUTES)?;
        within("book.vaults", self.book.vaults.into(), 1, VAULTS_MAX.into())?;
        within("run.retry_minutes", self.run.retry_minutes.into(), 1, DAY_MINUTES)?;
        within("run.zero_bps", self.run.zero_bps.into(), 0, 10_000)?;
        self.check_bidders()?;
        self.check_formats()
    }

    fn check_bidders(&self) -> Result<(), ScenarioError> {
        let bidders = &self.bidders;
        within("bidders.count", bidders.count.into(), 1, BIDDERS_MAX.into())?;
        if bidders.strategies.is_empty() {
            let reason = "none; expected at least one, such as \"proxy\"";
            return Err(ScenarioError::setting("bidders.strategies", reason));
        }
        let [least, most] = bidders.margin_bps;
        if least > most || most >= 10_000 {
            let reason = format!("[{least}, {most}]; expected ascending, below 10000");
            return Err(ScenarioError::setting("bidders.margin_bps", reason));
        }
        within("bidders.noise_bps", bidders.noise_bps.into(), 0, 5_000)?;
        within("bidders.risk_bps_per_hour", bidders.risk_bps_per_hour.into(), 0, 5_000)?;
        let margin = bidders.opportunist_margin_bps;
        within("bidders.opportunist_margin_bps", margin.into(), 0, 9_999)?;
        let chain = &bidders.chain;
        within("bidders.chain.gas_units", chain.gas_units, 0, 100_000_000)?;
        within("bidders.chain.latency_seconds", chain.latency_seconds, 0, 86_400)?;
        within("bidders.chain.inclusion_seconds", chain.inclusion_seconds, 1, 86_400)?;
        let expires = chain.expires_seconds;
        within("bidders.chain.expires_seconds", expires, chain.inclusion_seconds, 86_400)?;
        within("bidders.chain.in_flight_max", chain.in_flight_max.into(), 1, 1_000_000)?;
        within("bidders.chain.attempts_max", chain.attempts_max.into(), 1, 1_000)
    }

    fn check_formats(&self) -> Result<(), ScenarioError> {
        let known = || {
            let names: Vec<&str> = self.formats.keys().map(String::as_str).collect();
            names.join(", ")
        };
        let of_marks = self.published.iter().map(|mark| mark.format.clone()).collect();
        let named = [
            ("run.formats", &self.run.formats),
            ("sensitivity.formats", &self.sensitivity.formats),
            ("published.format", &of_marks),
        ];
        for (field, names) in named {
            if let Some(name) = names.iter().find(|name| !self.formats.contains_key(*name)) {
                let reason = format!("'{name}'; expected some of {}", known());
                return Err(ScenarioError::setting(field, reason));
            }
        }
        if self.run.formats.is_empty() {
            let reason = format!("none; expected some of {}", known());
            return Err(ScenarioError::setting("run.formats", reason));
        }
        for (name, format) in &self.formats {
            if !["stated", "assumption", "unverified"].contains(&format.status.as_str()) {
                let reason =
                    format!("'{}'; expected stated, assumption or unverified", format.status);
                return Err(ScenarioError::setting(format!("formats.{name}.status"), reason));
            }
            let terms = format.terms(name, &self.market.collateral)?;
            let disposal = breakwater_liquidation::Disposal::Auction(terms);
            if let Err(why) = disposal.validate() {
                let why = why.trim_start_matches("policy.disposal.");
                return Err(ScenarioError::setting(format!("formats.{name}"), why));
            }
        }
        for count in &self.sensitivity.bidders {
            within("sensitivity.bidders", (*count).into(), 1, BIDDERS_MAX.into())?;
        }
        for times in &self.sensitivity.gas {
            self::times("sensitivity.gas", times)?;
        }
        for times in &self.sensitivity.capital {
            self::times("sensitivity.capital", times)?;
        }
        Ok(())
    }
}

/// Most that gas and capital may be multiplied by.
const TIMES_MAX: u128 = 1_000_000;

/// A factor above zero, in millionths.
///
/// # Errors
/// As [`number`].
pub fn times(field: &str, text: &str) -> Result<u128, ScenarioError> {
    positive(field, text, 6, TIMES_MAX)
}
