//! The sale and the market it is made in, from the settings.

use super::arguments::{ModelName, Number, Settings, SideOfPosition};
use crate::failure::Failure;
use breakwater_execution::ModelError;
use breakwater_execution::estimate::{DepthImpact, impact_of_depth, spread_quantities};
use breakwater_execution::models::{Kernel, LinearMarket, Sale, Side};
use breakwater_market::{LadderPoint, QuoteLadder, quote_ladder};
use breakwater_money::{Decimal, Price, decimal};
use breakwater_simulate::scenario::read_file;
use std::path::Path;

/// Decimals at which a ladder's quotes are kept: finer than any price that is stated.
const LADDER_DECIMALS: u8 = 12;

/// Most intervals: the frontier alone works out hundreds of schedules.
const INTERVALS_MOST: u32 = 5_000;

/// Points asked of a ladder.
const LADDER_SAMPLES: usize = 60;

/// Everything that models take.
pub struct Market {
    /// The model asked for.
    pub model: ModelName,
    /// What is sold by when.
    pub sale: Sale,
    /// The quantity in base units, its decimals, and the lot.
    pub base_units: u128,
    /// Decimals of the base units.
    pub decimals: u8,
    /// Base units of a lot.
    pub lot: u128,
    /// Price at the start.
    pub price: f64,
    /// Linear impact.
    pub linear: Option<LinearMarket>,
    /// Where its figures come from.
    pub source: String,
    /// What the ladder showed.
    pub depth: Option<DepthImpact>,
    /// Confidence of the value at risk.
    pub confidence: f64,
    /// The settings.
    pub settings: Settings,
}

/// A refusal of a model names its own field; the operator corrects the command line or the file.
pub fn refused(error: ModelError) -> Failure {
    Failure::Usage(error.to_string())
}

fn missing(name: &str, what: &str) -> Failure {
    Failure::Usage(format!("--{name} is missing; expected {what}"))
}

/// The value of a setting, or a default.
pub fn value_or(number: &Option<Number>, default: f64) -> f64 {
    number.as_ref().map_or(default, |number| number.value)
}

/// The value of a setting that is needed.
pub fn needed(number: &Option<Number>, name: &str, what: &str) -> Result<f64, Failure> {
    number.as_ref().map(|number| number.value).ok_or_else(|| missing(name, what))
}

impl Market {
    /// Reads the settings.
    pub fn of(settings: Settings) -> Result<Market, Failure> {
        let model = settings.model.unwrap_or(ModelName::Ac);
        let units = "the units of the asset to sell";
        let quantity = settings.quantity.clone().ok_or_else(|| missing("quantity", units))?;
        let price = needed(&settings.price, "price", "the price of one unit now")?;
        let horizon =
            settings.horizon.ok_or_else(|| missing("horizon", "a time, such as 5d or 8h"))?;
        let (base_units, lot, decimals) = whole(&quantity, settings.lot.as_ref())?;
        let intervals = settings.intervals.unwrap_or(20);
        if intervals > INTERVALS_MOST {
            return Err(Failure::Usage(format!(
                "--intervals is {intervals}; expected at most {INTERVALS_MOST}"
            )));
        }
        let sale = Sale {
            quantity: quantity.value,
            horizon_days: horizon.days,
            intervals: usize::try_from(intervals).unwrap_or(usize::MAX),
        };
        let confidence = value_or(&settings.confidence, 0.95);
        // A number that was read is one.
        if price <= 0.0 {
            return Err(Failure::Usage(format!("--price is {price}; expected a decimal above 0")));
        }
        let mut market = Market {
            model,
            sale,
            base_units,
            decimals,
            lot,
            price,
            linear: None,
            source: String::new(),
            depth: None,
            confidence,
            settings,
        };
        if !matches!(model, ModelName::Ow | ModelName::Transient | ModelName::Sqrt) {
            market.read_linear()?;
        }
        Ok(market)
    }

    /// Standard deviation of the price, money a unit and root of a day.
    pub fn volatility(&self) -> Result<f64, Failure> {
        let what = "the standard deviation of a day's return, such as 0.04";
        Ok(needed(&self.settings.volatility, "volatility", what)? * self.price)
    }

    /// Money a unit that every sale pays.
    pub fn half_spread(&self) -> f64 {
        0.5 * value_or(&self.settings.spread_bps, 0.0) / 10_000.0 * self.price
    }

    /// Impact as it is stated, from a ladder, or from spread and volume by the rule of Almgren and
    /// Chriss (2000, section 4): a hundredth of a day's volume costs a spread while it lasts, and a
    /// tenth of it for good.
    fn read_linear(&mut self) -> Result<(), Failure> {
        let tau = self.sale.interval_days();
        let spread = 2.0 * self.half_spread();
        let volume = self.settings.daily_volume.as_ref().map(|volume| volume.value);
        let mut told = Vec::new();
        let temporary = if let Some(stated) = &self.settings.temporary {
            told.push("temporary impact as stated".to_owned());
            stated.value
        } else if let Some(path) = self.settings.ladder.clone() {
            let depth = self.read_ladder(&path)?;
            told.push("temporary impact by the ladder's straight line".to_owned());
            depth.linear.point * tau
        } else if let (Some(volume), true) = (volume, spread > 0.0) {
            told.push("temporary impact of one spread for 1% of the day's volume".to_owned());
            spread / (0.01 * volume)
        } else {
            let told = "--temporary, --ladder, or --daily-volume with --spread-bps is missing; \
                        expected one of them, to know what selling faster costs";
            return Err(Failure::Usage(told.to_owned()));
        };
        let permanent = match (&self.settings.permanent, volume) {
            (Some(stated), _) => stated.value,
            (None, Some(volume)) if spread > 0.0 && self.settings.temporary.is_none() => {
                told.push("permanent impact of one spread for 10% of it".to_owned());
                spread / (0.1 * volume)
            }
            _ => 0.0,
        };
        let market = LinearMarket {
            volatility: self.volatility()?,
            half_spread: self.half_spread(),
            temporary,
            permanent,
            drift_per_day: value_or(&self.settings.drift_bps, 0.0) / 10_000.0 * self.price,
        };
        market.check(tau).map_err(refused)?;
        self.linear = Some(market);
        self.source = told.join(", ");
        Ok(())
    }

    fn read_ladder(&mut self, path: &Path) -> Result<DepthImpact, Failure> {
        let wrong = |error: String| Failure::Data(format!("{}: {error}", path.display()));
        let points = ladder_points(&read_file(path)?, self.decimals).map_err(wrong)?;
        let ladder = QuoteLadder::new(&points, self.decimals, LADDER_DECIMALS)
            .map_err(|error| wrong(error.to_string()))?;
        let text = self.settings.price.as_ref().map_or("", |price| price.text.as_str());
        let usage = |error: String| Failure::Usage(format!("--price is {text}; {error}"));
        let read = Decimal::parse(text).map_err(|error| usage(error.to_string()))?;
        let raw = read.to_raw(read.decimals).map_err(|error| usage(error.to_string()))?;
        let at =
            ladder.at(Price::new(raw, read.decimals)).map_err(|error| wrong(error.to_string()))?;
        let quantities = spread_quantities(&at, LADDER_SAMPLES);
        let depth = impact_of_depth(&at, &quantities, self.confidence)
            .map_err(|error| wrong(error.to_string()))?;
        self.depth = Some(depth);
        Ok(depth)
    }

    /// Side of the position.
    pub fn side(&self) -> Side {
        match self.settings.side {
            Some(SideOfPosition::Short) => Side::Short,
            _ => Side::Long,
        }
    }

    /// The kernel asked for.
    pub fn kernel(&self) -> Result<Kernel, Failure> {
        let right =
            "exp:TIME (its half-life), power:TIME:EXPONENT, or a CSV file of days and shares";
        let text = self.settings.kernel.as_deref().ok_or_else(|| missing("kernel", right))?;
        let wrong = |error: &str| {
            Failure::Usage(format!("--kernel is '{text}': {error}; expected {right}"))
        };
        let span = |text: &str| -> Result<f64, Failure> {
            let span: super::arguments::Span =
                text.parse().map_err(|error: String| wrong(&error))?;
            Ok(span.days)
        };
        if let Some(half_life) = text.strip_prefix("exp:") {
            let rate_per_day = core::f64::consts::LN_2 / span(half_life)?;
            return Ok(Kernel::Exponential { rate_per_day });
        }
        if let Some(rest) = text.strip_prefix("power:") {
            let (scale, exponent) = rest.split_once(':').ok_or_else(|| wrong("no exponent"))?;
            let exponent: Number = exponent.parse().map_err(|error: String| wrong(&error))?;
            return Ok(Kernel::PowerLaw { scale_days: span(scale)?, exponent: exponent.value });
        }
        let rows = two_columns(&read_file(Path::new(text))?, ["days", "share"])
            .map_err(|error| Failure::Data(format!("{text}: {error}")))?;
        let (at_days, shares) = rows.iter().map(|(at, share)| (at.value, share.value)).unzip();
        Ok(Kernel::Table { at_days, shares })
    }
}

/// Quantity and lot as base units of so many decimals as the finer of both has.
fn whole(quantity: &Number, lot: Option<&Number>) -> Result<(u128, u128, u8), Failure> {
    let one = Number { text: "1".to_owned(), value: 1.0 };
    let lot = lot.unwrap_or(&one);
    let read = |name: &str, number: &Number| {
        Decimal::parse(&number.text)
            .map(|read| read.decimals)
            .map_err(|error| Failure::Usage(format!("--{name} is {}; {error}", number.text)))
    };
    let decimals = read("quantity", quantity)?.max(read("lot", lot)?);
    let raw = |name: &str, number: &Number| match decimal::parse_raw(&number.text, decimals) {
        Ok(raw) if raw > 0 => Ok(raw),
        Ok(_) => Err(Failure::Usage(format!("--{name} is {}; expected more than 0", number.text))),
        Err(error) => Err(Failure::Usage(format!("--{name} is {}; {error}", number.text))),
    };
    Ok((raw("quantity", quantity)?, raw("lot", lot)?, decimals))
}

/// Rows of two decimals beneath a heading whose columns begin with these names.
fn two_columns(text: &str, names: [&str; 2]) -> Result<Vec<(Number, Number)>, String> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    let columns: Vec<&str> = first.split(',').map(str::trim).collect();
    let named = columns.len() == 2
        && columns.iter().zip(names).all(|(column, name)| column.starts_with(name));
    if !named {
        let [left, right] = names;
        return Err(format!("the first line is '{first}'; expected '{left},{right}'"));
    }
    let row = |(index, line): (usize, &str)| {
        let wrong = |error: &str| format!("row {}: '{line}': {error}", index + 1);
        let (left, right) =
            line.split_once(',').ok_or_else(|| wrong("expected two numbers and a comma"))?;
        let left = left.trim().parse().map_err(|error: String| wrong(&error))?;
        let right = right.trim().parse().map_err(|error: String| wrong(&error))?;
        Ok((left, right))
    };
    lines.enumerate().map(row).collect()
}

fn ladder_points(text: &str, decimals: u8) -> Result<Vec<LadderPoint>, String> {
    let row = |(amount, fraction): (Number, Number)| {
        let amount_raw = decimal::parse_raw(&amount.text, decimals);
        let amount_raw = amount_raw.map_err(|error| format!("amount {}: {error}", amount.text))?;
        let scaled = fraction.value * quote_ladder::FRACTION_ONE as f64;
        if !(scaled >= 1.0 && scaled <= 2.0 * quote_ladder::FRACTION_ONE as f64) {
            let text = &fraction.text;
            return Err(format!("fraction {text}: expected a share of the mid, such as 0.98"));
        }
        // Between 1 and 2e9.
        Ok(LadderPoint { amount: amount_raw, fraction: scaled.round() as u64 })
    };
    two_columns(text, ["amount", "fraction"])?.into_iter().map(row).collect()
}
