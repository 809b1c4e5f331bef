//! Rows of the two files, read exactly: every number as the decimal it is written as, every complaint
//! with its line, its column and what stands there.

use std::collections::BTreeMap;
use std::io::Read;

use breakwater_money::U256;
use breakwater_money::decimal::Decimal;
use breakwater_money::rational::{Rational, from_decimal};
use csv::{ReaderBuilder, StringRecord};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::EventsError;

/// Decimals of the venue's oracle, which prices in ETH.
pub const PRICE_DECIMALS: u8 = 18;

/// Decimals that a token may have here: the products of the rule then stay within 256 bits.
const DECIMALS_MAX: u8 = 24;

/// Largest power of ten after an `e`, either way: the file has amounts down to `1e-18`.
const EXPONENT_MAX: u8 = 40;

/// Which of the two collections a row comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vintage {
    /// Amounts only; what stands in its price columns is not to be used.
    Unpriced,
    /// Amounts and prices.
    Priced,
}

/// A market of the venue and a symbol in it.
pub type AssetKey = (String, String);

/// What the snapshot says of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserve {
    /// Decimals of the token.
    pub decimals: u8,
    /// Bonus at the time of the snapshot, middle of 2021; zero when it was no collateral.
    pub bonus_bps: u32,
}

/// One side of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Symbol as the source writes it.
    pub symbol: String,
    /// What the snapshot says of it.
    pub reserve: Reserve,
    /// Amount in smallest units, above zero.
    pub amount: U256,
    /// Price in ETH at [`PRICE_DECIMALS`], above zero.
    pub price_eth: Option<U256>,
    /// Price in dollars, above zero.
    pub price_usd: Option<Rational>,
}

impl Side {
    /// Amount in whole units.
    #[must_use]
    pub fn whole(&self) -> Rational {
        let decimals = self.reserve.decimals;
        from_decimal(Decimal { negative: false, digits: self.amount, decimals })
    }

    /// Price in whole ETH.
    #[must_use]
    pub fn eth(&self) -> Option<Rational> {
        let whole = |digits| Decimal { negative: false, digits, decimals: PRICE_DECIMALS };
        self.price_eth.map(|digits| from_decimal(whole(digits)))
    }
}

/// One liquidation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Line of the file, counted from 1, the heading included.
    pub line: u64,
    /// When it happened.
    pub time: Timestamp,
    /// Market of the venue.
    pub market: String,
    /// What was taken.
    pub collateral: Side,
    /// What was repaid.
    pub debt: Side,
    /// Which collection it comes from.
    pub vintage: Vintage,
}

impl Event {
    /// Whether its month, in UTC, is an even one: those the incentives are fitted on.
    #[must_use]
    pub fn month_is_even(&self) -> bool {
        self.time.to_zoned(TimeZone::UTC).month() % 2 == 0
    }

    /// The same asset on both sides, where any price cancels.
    #[must_use]
    pub fn is_of_one_asset(&self) -> bool {
        self.collateral.symbol == self.debt.symbol
    }

    /// Value taken for each unit of value repaid, at the prices in ETH.
    #[must_use]
    pub fn implied_bonus(&self) -> Option<Rational> {
        let taken = self.collateral.whole() * self.collateral.eth()?;
        Some(taken / (self.debt.whole() * self.debt.eth()?))
    }

    /// The same at the prices in dollars.
    #[must_use]
    pub fn implied_bonus_usd(&self) -> Option<Rational> {
        let taken = self.collateral.whole() * self.collateral.price_usd.clone()?;
        Some(taken / (self.debt.whole() * self.debt.price_usd.clone()?))
    }
}

/// Reads the snapshot of reserves.
///
/// # Errors
/// A missing column, a malformed row, or a field that is not what its column says.
pub fn read_reserves(
    file: &str,
    text: impl Read,
) -> Result<BTreeMap<AssetKey, Reserve>, EventsError> {
    let mut reserves = BTreeMap::new();
    for_each_row(file, text, &["market", "symbol", "decimals", "liquidation_bonus_bps"], |row| {
        let decimals = row.integer("decimals", u32::from(DECIMALS_MAX))?;
        let reserve = Reserve {
            // At most DECIMALS_MAX, which fits.
            decimals: u8::try_from(decimals).unwrap_or(DECIMALS_MAX),
            bonus_bps: row.integer("liquidation_bonus_bps", 20_000)?,
        };
        let key = (row.text("market").to_owned(), row.text("symbol").to_owned());
        if reserves.insert(key, reserve).is_some() {
            return Err(row.wrong("symbol", "the asset stands in the file twice".to_owned()));
        }
        Ok(())
    })?;
    Ok(reserves)
}

/// Reads the events and puts them in the order of their time.
///
/// # Errors
/// A missing column, a malformed row, a number that is not above zero or finer than its token, an
/// asset that is not among `reserves`.
pub fn read_events(
    file: &str,
    text: impl Read,
    reserves: &BTreeMap<AssetKey, Reserve>,
) -> Result<Vec<Event>, EventsError> {
    let columns = [
        "time",
        "market",
        "collateral",
        "collateral_amount",
        "debt",
        "debt_amount",
        "collateral_price_usd",
        "debt_price_usd",
        "collateral_price_eth",
        "debt_price_eth",
        "vintage",
    ];
    let mut events = Vec::new();
    for_each_row(file, text, &columns, |row| {
        let vintage = match row.text("vintage") {
            "A" => Vintage::Unpriced,
            "B" => Vintage::Priced,
            _ => return Err(row.wrong("vintage", "expected A or B".to_owned())),
        };
        let names = [
            ["collateral", "collateral_amount", "collateral_price_eth", "collateral_price_usd"],
            ["debt", "debt_amount", "debt_price_eth", "debt_price_usd"],
        ];
        let [collateral, debt] = names.map(|names| side(row, names, vintage, reserves));
        let time: Result<Timestamp, _> = row.text("time").parse();
        events.push(Event {
            line: row.line,
            time: time.map_err(|error| row.wrong("time", error.to_string()))?,
            market: row.text("market").to_owned(),
            collateral: collateral?,
            debt: debt?,
            vintage,
        });
        Ok(())
    })?;
    events.sort_by_key(|event| (event.time, event.line));
    Ok(events)
}

fn side(
    row: &Row<'_>,
    [symbol, amount, price_eth, price_usd]: [&'static str; 4],
    vintage: Vintage,
    reserves: &BTreeMap<AssetKey, Reserve>,
) -> Result<Side, EventsError> {
    let key = (row.text("market").to_owned(), row.text(symbol).to_owned());
    let reserve = *reserves.get(&key).ok_or_else(|| {
        let market = &key.0;
        row.wrong(symbol, format!("unknown asset: not a reserve of the market '{market}'"))
    })?;
    let priced = vintage == Vintage::Priced;
    let price = |column| {
        let given = priced && !row.text(column).is_empty();
        given.then(|| row.above_zero(column)).transpose()
    };
    let eth = price(price_eth)?.map(|price| row.raw(price_eth, price, PRICE_DECIMALS));
    Ok(Side {
        symbol: key.1,
        reserve,
        amount: row.raw(amount, row.above_zero(amount)?, reserve.decimals)?,
        price_eth: eth.transpose()?,
        price_usd: price(price_usd)?.map(from_decimal),
    })
}

/// One row with what a complaint about it needs.
struct Row<'a> {
    file: &'a str,
    line: u64,
    columns: &'a [(&'static str, usize)],
    record: &'a StringRecord,
}

impl Row<'_> {
    fn text(&self, column: &str) -> &str {
        let found = self.columns.iter().find(|(name, _)| *name == column);
        found.and_then(|(_, at)| self.record.get(*at)).unwrap_or_default()
    }

    fn wrong(&self, field: &'static str, reason: String) -> EventsError {
        let value = self.text(field).chars().take(60).collect();
        EventsError::Field { file: self.file.to_owned(), line: self.line, field, value, reason }
    }

    fn above_zero(&self, column: &'static str) -> Result<Decimal, EventsError> {
        let number = decimal(self.text(column)).map_err(|reason| self.wrong(column, reason))?;
        if number.negative || number.digits.is_zero() {
            return Err(self.wrong(column, "expected a number above zero".to_owned()));
        }
        Ok(number)
    }

    fn raw(&self, column: &'static str, of: Decimal, decimals: u8) -> Result<U256, EventsError> {
        let raw = of.to_raw(decimals).map_err(|error| self.wrong(column, error.to_string()))?;
        Ok(U256::from(raw))
    }

    /// A whole number that the source may have written as `10500.0`.
    fn integer(&self, column: &'static str, largest: u32) -> Result<u32, EventsError> {
        let number = decimal(self.text(column)).map_err(|reason| self.wrong(column, reason))?;
        let raw = number.to_raw(0).map_err(|error| self.wrong(column, error.to_string()))?;
        let fits = u32::try_from(raw).ok().filter(|value| *value <= largest);
        fits.ok_or_else(|| self.wrong(column, format!("expected at most {largest}")))
    }
}

fn for_each_row(
    file: &str,
    text: impl Read,
    wanted: &[&'static str],
    mut take: impl FnMut(&Row<'_>) -> Result<(), EventsError>,
) -> Result<(), EventsError> {
    let malformed =
        |source: csv::Error| EventsError::Row { file: file.to_owned(), reason: source.to_string() };
    let mut reader = ReaderBuilder::new().from_reader(text);
    let heading = reader.headers().map_err(malformed)?.clone();
    let mut columns = Vec::with_capacity(wanted.len());
    for name in wanted {
        let at = heading.iter().position(|found| found == *name).ok_or_else(|| {
            let found = heading.iter().collect::<Vec<_>>().join(", ");
            EventsError::Column { file: file.to_owned(), column: name, found }
        })?;
        columns.push((*name, at));
    }
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(malformed)? {
        let line = record.position().map_or(0, csv::Position::line);
        take(&Row { file, line, columns: &columns, record: &record })?;
    }
    Ok(())
}

/// Reads `12.5` and `1.45e-05`. The exponent only moves the point, so nothing is lost.
///
/// # Errors
/// Why the text is no such number.
pub fn decimal(text: &str) -> Result<Decimal, String> {
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let number = Decimal::parse(digits).map_err(|error| error.to_string())?;
    let bounded = exponent.parse::<i16>().ok().filter(|e| e.unsigned_abs() <= EXPONENT_MAX.into());
    let exponent = bounded.ok_or_else(|| {
        format!("'{exponent}' is no exponent from -{EXPONENT_MAX} to {EXPONENT_MAX}")
    })?;
    let shifted = i16::from(number.decimals) - exponent;
    if let Ok(decimals) = u8::try_from(shifted) {
        return Ok(Decimal { decimals, ..number });
    }
    let zeros = U256::from(shifted.unsigned_abs());
    let grown =
        U256::from(10).checked_pow(zeros).and_then(|factor| factor.checked_mul(number.digits));
    let digits = grown.ok_or("more than 256 bits hold")?;
    Ok(Decimal { digits, decimals: 0, ..number })
}
