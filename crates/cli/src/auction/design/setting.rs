//! The setting of a design, from flags and a file.

use crate::auction::number::{decimal, plain};
use crate::failure::Failure;
use breakwater_simulate::auctions::games::GameError;
use breakwater_simulate::auctions::games::design::Lot;
use breakwater_simulate::scenario::read_file;
use clap::Args;
use serde_json::{Value, json};
use std::path::Path;

/// The settings as flags.
#[derive(Debug, Args, Default)]
pub struct Flags {
    /// Units of the asset
    #[arg(long, value_name = "X", value_parser = decimal)]
    pub quantity: Option<f64>,
    /// Fair price of one when the sale begins
    #[arg(long, value_name = "X", value_parser = decimal)]
    pub mark: Option<f64>,
    /// Money that the sale is to raise
    #[arg(long, value_name = "X", value_parser = decimal)]
    pub debt: Option<f64>,
    /// What selling the whole lot at the market costs on average, basis points [default: 200]
    #[arg(long, value_name = "BPS", value_parser = decimal)]
    pub impact_bps: Option<f64>,
    /// Volatility of the fair price a year, such as 0.8 [default: 0.8]
    #[arg(long, value_name = "X", value_parser = decimal)]
    pub volatility: Option<f64>,
    /// Bidders [default: 5]
    #[arg(long, value_name = "N", value_parser = decimal)]
    pub bidders: Option<f64>,
    /// Bidders value the lot evenly from the fair price to so many basis points below [default: 200]
    #[arg(long, value_name = "BPS", value_parser = decimal)]
    pub spread_bps: Option<f64>,
    /// What a transaction costs a bidder, money [default: 0]
    #[arg(long, value_name = "X", value_parser = decimal)]
    pub gas: Option<f64>,
    /// What locked money costs a bidder, a share a year [default: 0]
    #[arg(long, value_name = "X", value_parser = decimal)]
    pub capital_rate: Option<f64>,
    /// Most money that one bidder can put up [default: no limit]
    #[arg(long, value_name = "X", value_parser = decimal)]
    pub capital: Option<f64>,
    /// Probability that a transaction lands in the block it is sent for [default: 0.5]
    #[arg(long, value_name = "P", value_parser = decimal)]
    pub inclusion: Option<f64>,
    /// Whole seconds of a block [default: 12]
    #[arg(long, value_name = "S", value_parser = decimal)]
    pub block_s: Option<f64>,
    /// Least price where the format has one, a share of the mark [default: 0]
    #[arg(long, value_name = "SHARE", value_parser = decimal)]
    pub reserve: Option<f64>,
}

/// Names of the settings, in a file and in complaints.
const NAMES: [&str; 13] = [
    "quantity",
    "mark",
    "debt",
    "impact_bps",
    "volatility",
    "bidders",
    "spread_bps",
    "gas",
    "capital_rate",
    "capital",
    "inclusion",
    "block_s",
    "reserve",
];

impl Flags {
    fn slots(&mut self) -> [&mut Option<f64>; NAMES.len()] {
        [
            &mut self.quantity,
            &mut self.mark,
            &mut self.debt,
            &mut self.impact_bps,
            &mut self.volatility,
            &mut self.bidders,
            &mut self.spread_bps,
            &mut self.gas,
            &mut self.capital_rate,
            &mut self.capital,
            &mut self.inclusion,
            &mut self.block_s,
            &mut self.reserve,
        ]
    }

    fn copied(&self) -> Flags {
        Flags { ..*self }
    }
}

/// The lot of a file and flags; a flag goes before the file's setting of its name.
pub fn lot(file: Option<&Path>, flags: &Flags) -> Result<Lot, Failure> {
    let mut merged = flags.copied();
    let mut from_file = Vec::new();
    if let Some(path) = file {
        let mut read = read(path)?;
        for ((name, slot), read) in NAMES.iter().zip(merged.slots()).zip(read.slots()) {
            if slot.is_none() && read.is_some() {
                *slot = *read;
                from_file.push(*name);
            }
        }
    }
    // Whoever wrote the setting is told.
    let blamed = |field: &str, text: String| match file {
        Some(path) if from_file.contains(&field) => {
            Failure::Data(format!("{}: {text}", path.display()))
        }
        _ => Failure::Usage(text),
    };
    let needed = |name: &'static str, value: Option<f64>| {
        let flag = format!("--{name}");
        value.ok_or_else(|| {
            Failure::Usage(format!("no {name}: give {flag} X, or {name} = X in a file"))
        })
    };
    let whole = |name: &'static str, value: Option<f64>, usual: u32| match value {
        None => Ok(usual),
        Some(value) if value.fract() == 0.0 && value <= f64::from(u32::MAX) => Ok(value as u32),
        Some(value) => Err(blamed(name, format!("{name} is {value}: it must be a whole number"))),
    };
    let base = Lot::plain(
        needed("quantity", merged.quantity)?,
        needed("mark", merged.mark)?,
        needed("debt", merged.debt)?,
    );
    let lot = Lot {
        impact_bps: merged.impact_bps.unwrap_or(base.impact_bps),
        volatility: merged.volatility.unwrap_or(base.volatility),
        bidders: whole("bidders", merged.bidders, base.bidders)?,
        spread_bps: merged.spread_bps.unwrap_or(base.spread_bps),
        gas: merged.gas.unwrap_or(base.gas),
        capital_rate: merged.capital_rate.unwrap_or(base.capital_rate),
        capital: merged.capital,
        inclusion: merged.inclusion.unwrap_or(base.inclusion),
        block_s: whole("block_s", merged.block_s, base.block_s)?,
        reserve: merged.reserve.unwrap_or(base.reserve),
        ..base
    };
    match lot.check() {
        Ok(()) => Ok(lot),
        Err(GameError::Setting { field, found, right }) => {
            Err(blamed(field, format!("{field} is {found}: it must be {right}")))
        }
        Err(other) => Err(other.into()),
    }
}

/// The settings of a file: numbers, or decimals in quotes.
fn read(path: &Path) -> Result<Flags, Failure> {
    let name = path.display();
    let text = read_file(path)?;
    let table: toml::Table =
        toml::from_str(&text).map_err(|error| Failure::Data(format!("{name}: {error}")))?;
    if let Some(key) = table.keys().find(|key| !NAMES.contains(&key.as_str())) {
        let known = NAMES.join(", ");
        return Err(Failure::Data(format!("{name}: no setting '{key}'; there are {known}")));
    }
    let mut flags = Flags::default();
    for (key, slot) in NAMES.iter().zip(flags.slots()) {
        let Some(value) = table.get(*key) else { continue };
        let text = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(whole) => whole.to_string(),
            // The shortest decimal that reads as this float.
            toml::Value::Float(float) => format!("{float}"),
            other => other.to_string(),
        };
        let number = decimal(&text);
        let bad = |why| Failure::Data(format!("{name}: {key} is {text}: {why}"));
        *slot = Some(number.map_err(bad)?);
    }
    Ok(flags)
}

/// The setting as it was understood.
pub fn json(lot: &Lot) -> Value {
    json!({
        "quantity": plain(lot.quantity),
        "mark": plain(lot.mark),
        "debt": plain(lot.debt),
        "impact_bps": plain(lot.impact_bps),
        "volatility": plain(lot.volatility),
        "bidders": lot.bidders,
        "spread_bps": plain(lot.spread_bps),
        "gas": plain(lot.gas),
        "capital_rate": plain(lot.capital_rate),
        "capital": lot.capital.map(plain),
        "inclusion": plain(lot.inclusion),
        "block_s": lot.block_s,
        "reserve": plain(lot.reserve),
    })
}
