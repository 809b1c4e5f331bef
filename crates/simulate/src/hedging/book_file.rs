//! Books of options from files: TOML with market, positions, policies and splits, or CSV with positions
//! alone.

use super::backtest::Split;
use super::book::{Book, Market, Position, Settlement};
use super::chain::{clock_seconds, float, float_or_none, kind};
use super::propose::Now;
use crate::ScenarioError;
use crate::table::Table;
use breakwater_options::Kind;
use breakwater_options::hedging::{Instrument, Neutral, Policy};
use serde::Deserialize;

/// A book as its file has it.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookFile {
    /// The market; whoever asks may state more of it.
    #[serde(default)]
    pub market: MarketFile,
    /// Positions.
    #[serde(default)]
    pub position: Vec<PositionFile>,
    /// Policies; none for a choice of whoever asks.
    #[serde(default)]
    pub policy: Vec<Policy>,
    /// Splits of shares.
    #[serde(default)]
    pub split: Vec<SplitFile>,
}

/// What a file, or whoever asks, says of the market.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketFile {
    /// Linear or inverse [default: linear].
    pub settlement: Option<Settlement>,
    /// Quote or coin; an inverse book must say.
    pub neutral: Option<Neutral>,
    /// What is traded [default: a future of one unit, or an inverse perpetual of one quote unit].
    pub instrument: Option<Instrument>,
    /// Cost of a trade in basis points of its value [default: 0].
    pub cost_bps: Option<f64>,
    /// Funding of eight hours in basis points [default: 0].
    pub funding_bps: Option<f64>,
    /// Cash of the account, coins of an inverse book [default: 0].
    pub cash: Option<f64>,
    /// Forward now.
    pub forward: Option<f64>,
    /// The time now, in the clock of the market.
    pub as_of: Option<String>,
    /// Lots of the hedge held now [default: 0].
    pub held_lots: Option<i64>,
    /// Seconds since the hedge last traded.
    pub seconds_since_trade: Option<u64>,
    /// Units of underlying that can be traded at that cost.
    pub depth: Option<f64>,
}

/// A position as its file has it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PositionFile {
    /// How its owner calls it.
    pub instrument: String,
    /// Call or put.
    pub kind: Kind,
    /// Strike.
    pub strike: f64,
    /// Such as `2026-01-30 08:00:00`, in the clock of the market.
    pub expiry: String,
    /// Units of underlying; below zero for sold.
    pub quantity: f64,
    /// Volatility a year.
    pub volatility: Option<f64>,
    /// Volatility bid.
    pub bid_volatility: Option<f64>,
    /// Volatility asked.
    pub ask_volatility: Option<f64>,
}

/// A split as its file has it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitFile {
    /// First day on which the new share is quoted.
    pub date: String,
    /// New shares for an old one.
    pub ratio: f64,
}

/// Columns that a CSV file of positions must have.
const COLUMNS: [&str; 6] = ["instrument", "kind", "strike", "expiry", "quantity", "volatility"];

/// Reads a book: TOML, or CSV if the file's name says so.
///
/// # Errors
/// A line and field that is wrong.
pub fn read(file: &str, text: &str) -> Result<BookFile, ScenarioError> {
    let name = file.strip_suffix(".gz").unwrap_or(file);
    if !name.ends_with(".csv") {
        return toml::from_str(text).map_err(|error| {
            let before = error.span().map_or(0, |span| span.start);
            let line = text.get(..before).unwrap_or_default().matches('\n').count() + 1;
            let reason = error.message().to_owned();
            ScenarioError::Row { file: file.to_owned(), line: line as u64, reason }
        });
    }
    let table = Table::read(file, text, &COLUMNS)?;
    let mut book = BookFile::default();
    for row in &table.rows {
        let side = |name| if row.has(name) { float_or_none(row, name) } else { Ok(None) };
        book.position.push(PositionFile {
            instrument: row.text("instrument").to_owned(),
            kind: kind(row, "kind")?,
            strike: float(row, "strike")?,
            expiry: row.text("expiry").to_owned(),
            quantity: float(row, "quantity")?,
            volatility: float_or_none(row, "volatility")?,
            bid_volatility: side("bid_volatility")?,
            ask_volatility: side("ask_volatility")?,
        });
    }
    Ok(book)
}

impl MarketFile {
    /// What is stated here, else what `other` states.
    #[must_use]
    pub fn or(self, other: MarketFile) -> MarketFile {
        MarketFile {
            settlement: self.settlement.or(other.settlement),
            neutral: self.neutral.or(other.neutral),
            instrument: self.instrument.or(other.instrument),
            cost_bps: self.cost_bps.or(other.cost_bps),
            funding_bps: self.funding_bps.or(other.funding_bps),
            cash: self.cash.or(other.cash),
            forward: self.forward.or(other.forward),
            as_of: self.as_of.or(other.as_of),
            held_lots: self.held_lots.or(other.held_lots),
            seconds_since_trade: self.seconds_since_trade.or(other.seconds_since_trade),
            depth: self.depth.or(other.depth),
        }
    }

    /// The market.
    ///
    /// # Errors
    /// An inverse book that does not say what it is neutral in, and settings out of range.
    pub fn market(&self) -> Result<Market, ScenarioError> {
        let settlement = self.settlement.unwrap_or(Settlement::Linear);
        let neutral = match (self.neutral, settlement) {
            (Some(neutral), _) => neutral,
            (None, Settlement::Linear) => Neutral::Quote,
            (None, Settlement::Inverse) => {
                let reason = "missing: an inverse book is neutral in quote or in coin, and not in \
                              both; its owner must say which";
                return Err(ScenarioError::setting("neutral", reason));
            }
        };
        let instrument = self.instrument.unwrap_or(match settlement {
            Settlement::Linear => Instrument::Future { lot: 1.0 },
            Settlement::Inverse => Instrument::InversePerpetual { lot: 1.0 },
        });
        let market = Market {
            settlement,
            neutral,
            instrument,
            cost_one_way: self.cost_bps.unwrap_or(0.0) * 1e-4,
            funding_8h: self.funding_bps.unwrap_or(0.0) * 1e-4,
            cash: self.cash.unwrap_or(0.0),
        };
        market.check()?;
        Ok(market)
    }

    /// The market now.
    ///
    /// # Errors
    /// No forward or no time.
    pub fn now(&self) -> Result<Now, ScenarioError> {
        let Some(forward) = self.forward else {
            return Err(ScenarioError::setting("forward", "missing; a price above zero is right"));
        };
        let Some(as_of) = &self.as_of else {
            return Err(ScenarioError::setting("as_of", "missing; such as 2026-01-23 03:00:00"));
        };
        Ok(Now {
            at_seconds: time("as_of", as_of)?,
            forward,
            held_lots: self.held_lots.unwrap_or(0),
            seconds_since_trade: self.seconds_since_trade,
            depth: self.depth,
        })
    }
}

impl BookFile {
    /// The book.
    ///
    /// # Errors
    /// A time that is none, a bid above its ask, a market or position out of range.
    pub fn book(&self) -> Result<Book, ScenarioError> {
        let positions = self.position.iter().map(position).collect::<Result<_, _>>()?;
        let book = Book { positions, market: self.market.market()? };
        book.check()?;
        Ok(book)
    }

    /// The splits, in order of time.
    ///
    /// # Errors
    /// A date that is none.
    pub fn splits(&self) -> Result<Vec<Split>, ScenarioError> {
        let split = |split: &SplitFile| {
            let reason = || format!("{:?}: such as 2014-06-09 is right", split.date);
            let at_seconds = clock_seconds(&split.date, 0)
                .ok_or_else(|| ScenarioError::setting("split.date", reason()))?;
            Ok(Split { at_seconds, ratio: split.ratio })
        };
        let mut splits = self.split.iter().map(split).collect::<Result<Vec<_>, ScenarioError>>()?;
        splits.sort_by_key(|split| split.at_seconds);
        Ok(splits)
    }
}

fn position(file: &PositionFile) -> Result<Position, ScenarioError> {
    let name = |field: &str| format!("{}.{field}", file.instrument);
    for (field, side) in
        [("bid_volatility", file.bid_volatility), ("ask_volatility", file.ask_volatility)]
    {
        if let Some(side) = side
            && (side.is_nan() || side < 0.0)
        {
            return Err(ScenarioError::setting(
                name(field),
                format!("{side}: zero or more is right"),
            ));
        }
    }
    if let (Some(bid), Some(ask)) = (file.bid_volatility, file.ask_volatility)
        && bid > ask
    {
        let reason = format!("{bid}: crossed; at most the ask of {ask} is right");
        return Err(ScenarioError::setting(name("bid_volatility"), reason));
    }
    Ok(Position {
        instrument: file.instrument.clone(),
        kind: file.kind,
        strike: file.strike,
        expiry_seconds: time(&name("expiry"), &file.expiry)?,
        quantity: file.quantity,
        volatility: file.volatility,
    })
}

/// A time with its hour: an expiry at an unknown hour would be a guess.
fn time(field: &str, text: &str) -> Result<i64, ScenarioError> {
    let at = (text.len() > 10).then(|| clock_seconds(text, 0)).flatten();
    at.ok_or_else(|| {
        ScenarioError::setting(field, format!("{text:?}: such as 2026-01-30 08:00:00 is right"))
    })
}
