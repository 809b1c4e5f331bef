//! The command line of `breakwater schedule`, and the same settings from a file.

use crate::failure::Failure;
use breakwater_money::Decimal;
use breakwater_simulate::scenario::read_file;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Deserializer};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// When to sell how much of a lot, what that is expected to cost and how sure that is.
#[derive(Debug, Args)]
#[command(
    allow_negative_numbers = true,
    after_help = "\
Examples:
  breakwater schedule --quantity 1000000 --price 50 --lot 100 --horizon 5d --intervals 5 \\
    --volatility 0.019 --spread-bps 25 --daily-volume 5000000 --risk-aversion 0.000001
  breakwater schedule sale.toml --model ow --density 5000 --half-life 30m --out out/sale"
)]
pub struct Schedule {
    /// TOML or JSON file with any of the settings, by their names with underscores; flags go first
    pub file: Option<PathBuf>,
    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
    /// Folder to write the answer, the slices as CSV and a page with charts
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// What a schedule is asked for.
#[derive(Debug, Clone, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Units of the asset to sell
    #[arg(long, value_name = "X")]
    pub quantity: Option<Number>,
    /// Price of one now
    #[arg(long, value_name = "X")]
    pub price: Option<Number>,
    /// Least quantity that trades; every slice is a multiple [default: 1]
    #[arg(long, value_name = "X")]
    pub lot: Option<Number>,
    /// Time until all is sold, such as 5d, 8h, 30m or 90s
    #[arg(long, value_name = "TIME")]
    pub horizon: Option<Span>,
    /// Slices the horizon is cut into [default: 20]
    #[arg(long, value_name = "N")]
    pub intervals: Option<u32>,
    /// How to sell [default: ac]
    #[arg(long, value_enum)]
    pub model: Option<ModelName>,
    /// What a unit of variance is worth avoiding, per unit of money [default: what gives the least
    /// value at risk]
    #[arg(long, value_name = "X")]
    pub risk_aversion: Option<Number>,
    /// Confidence of the value at risk [default: 0.95]
    #[arg(long, value_name = "P")]
    pub confidence: Option<Number>,
    /// Standard deviation of a day's return, such as 0.04
    #[arg(long, value_name = "X")]
    pub volatility: Option<Number>,
    /// Bid to ask, basis points of the price [default: 0]
    #[arg(long, value_name = "BPS")]
    pub spread_bps: Option<Number>,
    /// Expected rise of the price a day, basis points [default: 0]
    #[arg(long, value_name = "BPS")]
    pub drift_bps: Option<Number>,
    /// Temporary impact: money a unit, for a pace of one unit a day
    #[arg(long, value_name = "X")]
    pub temporary: Option<Number>,
    /// Permanent impact: money a unit, for each unit sold
    #[arg(long, value_name = "X")]
    pub permanent: Option<Number>,
    /// Units that trade in a day; gives impact where none is stated, from the spread
    #[arg(long, value_name = "X")]
    pub daily_volume: Option<Number>,
    /// CSV of quotes, amount and fraction of the mid: gives temporary impact where none is stated
    #[arg(long, value_name = "FILE")]
    pub ladder: Option<PathBuf>,
    /// ow, transient: units that move the price by one unit of money
    #[arg(long, value_name = "X")]
    pub density: Option<Number>,
    /// ow: time in which half of an impact is gone, such as 30m
    #[arg(long, value_name = "TIME")]
    pub half_life: Option<Span>,
    /// transient: exp:TIME (half-life), power:TIME:EXPONENT, or a CSV file of days and shares
    #[arg(long, value_name = "KERNEL")]
    pub kernel: Option<String>,
    /// sqrt: power of the quantity, 0.4 to 0.7 [default: 0.5]
    #[arg(long, value_name = "X")]
    pub exponent: Option<Number>,
    /// sqrt: impact of a day's volume, in volatilities of a day [default: 1]
    #[arg(long, value_name = "X")]
    pub coefficient: Option<Number>,
    /// participation: share of the volume to sell [default: 0.1]
    #[arg(long, value_name = "X")]
    pub share: Option<Number>,
    /// vwap: volume of each interval, separated by commas, in any unit
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub volumes: Option<Vec<Number>>,
    /// perpetual: side of the position that is closed [default: long]
    #[arg(long, value_enum)]
    pub side: Option<SideOfPosition>,
    /// perpetual: funding a day, basis points; positive where longs pay [default: 0]
    #[arg(long, value_name = "BPS")]
    pub funding_bps: Option<Number>,
    /// perpetual: funding that it returns to [default: as it is]
    #[arg(long, value_name = "BPS")]
    pub funding_mean_bps: Option<Number>,
    /// perpetual: time in which half of the way there is gone
    #[arg(long, value_name = "TIME")]
    pub funding_half_life: Option<Span>,
    /// perpetual: time between payments, the first being due after as long [default: none, it accrues]
    #[arg(long, value_name = "TIME")]
    pub funding_every: Option<Span>,
}

/// How to sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelName {
    /// Almgren and Chriss: linear impact, risk against cost
    Ac,
    /// Obizhaeva and Wang: a block book that refills
    Ow,
    /// Impact that decays by a kernel
    Transient,
    /// The square-root law, by pace
    Sqrt,
    /// Equal slices
    Twap,
    /// Slices by volume
    Vwap,
    /// A share of the volume
    Participation,
    /// All at once
    Immediate,
    /// Almgren and Chriss with funding on what is held
    Perpetual,
}

impl ModelName {
    /// Its name as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            ModelName::Ac => "ac",
            ModelName::Ow => "ow",
            ModelName::Transient => "transient",
            ModelName::Sqrt => "sqrt",
            ModelName::Twap => "twap",
            ModelName::Vwap => "vwap",
            ModelName::Participation => "participation",
            ModelName::Immediate => "immediate",
            ModelName::Perpetual => "perpetual",
        }
    }
}

/// Side of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SideOfPosition {
    /// Closed by selling
    Long,
    /// Closed by buying
    Short,
}

/// A decimal with the float nearest to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// As it was written.
    pub text: String,
    /// As models take it.
    pub value: f64,
}

impl FromStr for Number {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const RIGHT: &str = "expected a decimal, such as 0.5";
        Decimal::parse(text).map_err(|error| format!("{error}; {RIGHT}"))?;
        let value = text.parse().map_err(|_| RIGHT.to_owned())?;
        Ok(Number { text: text.to_owned(), value })
    }
}

/// A text, or a number as TOML and JSON write it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Whole(i64),
    Float(f64),
}

impl Written {
    fn text(self) -> String {
        match self {
            Written::Text(text) => text,
            Written::Whole(whole) => whole.to_string(),
            Written::Float(float) => format!("{float}"),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Written::deserialize(deserializer)?.text().parse().map_err(serde::de::Error::custom)
    }
}

/// A time in days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// Days.
    pub days: f64,
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let right = || {
            format!(
                "'{text}'; expected a number of days, hours, minutes or seconds, such as 5d, 8h, 30m or 90s"
            )
        };
        let units = [('d', 1.0), ('h', 24.0), ('m', 1_440.0), ('s', 86_400.0)];
        let unit = units.iter().find(|(letter, _)| text.ends_with(*letter));
        let (letter, a_day) = unit.ok_or_else(right)?;
        let number: Number = text.trim_end_matches(*letter).parse().map_err(|_| right())?;
        match number.value > 0.0 {
            true => Ok(Span { days: number.value / a_day }),
            false => Err(right()),
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Settings {
    /// The flags, and what they leave open from the file.
    pub fn with_file(self, path: Option<&Path>) -> Result<Settings, Failure> {
        let Some(path) = path else { return Ok(self) };
        let text = read_file(path)?;
        let wrong = |error: String| Failure::Data(format!("{}: {error}", path.display()));
        let file: Settings = match text.trim_start().starts_with('{') {
            true => serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?,
            false => toml::from_str(&text).map_err(|error| wrong(error.to_string()))?,
        };
        let beside =
            |path: PathBuf, file: &Path| file.parent().map_or(path.clone(), |f| f.join(&path));
        Ok(Settings {
            quantity: self.quantity.or(file.quantity),
            price: self.price.or(file.price),
            lot: self.lot.or(file.lot),
            horizon: self.horizon.or(file.horizon),
            intervals: self.intervals.or(file.intervals),
            model: self.model.or(file.model),
            risk_aversion: self.risk_aversion.or(file.risk_aversion),
            confidence: self.confidence.or(file.confidence),
            volatility: self.volatility.or(file.volatility),
            spread_bps: self.spread_bps.or(file.spread_bps),
            drift_bps: self.drift_bps.or(file.drift_bps),
            temporary: self.temporary.or(file.temporary),
            permanent: self.permanent.or(file.permanent),
            daily_volume: self.daily_volume.or(file.daily_volume),
            // A path in a file is seen from the file.
            ladder: self.ladder.or(file.ladder.map(|ladder| beside(ladder, path))),
            density: self.density.or(file.density),
            half_life: self.half_life.or(file.half_life),
            kernel: self.kernel.or(file.kernel),
            exponent: self.exponent.or(file.exponent),
            coefficient: self.coefficient.or(file.coefficient),
            share: self.share.or(file.share),
            volumes: self.volumes.or(file.volumes),
            side: self.side.or(file.side),
            funding_bps: self.funding_bps.or(file.funding_bps),
            funding_mean_bps: self.funding_mean_bps.or(file.funding_mean_bps),
            funding_half_life: self.funding_half_life.or(file.funding_half_life),
            funding_every: self.funding_every.or(file.funding_every),
        })
    }
}
