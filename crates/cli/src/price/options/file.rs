//! The file of an option book: its tables, and what they say of the whole book.

use super::rows::{self, Priced, Row, Scales};
use super::rule::{self, RatesTable};
use super::{Asked, LOOKS_MAX};
use crate::failure::Failure;
use crate::price::COIN;
use crate::price::book_file::{self, Wrong, number, positive, share};
use crate::price::figure::down;
use breakwater_margin::option::{Decimals, Settled};
use breakwater_margin::option_book::Scan;
use breakwater_margin::scenario::{Grid, Listing};
use breakwater_money::rounding::Rounding;
use breakwater_money::{Decimal, Rational, rational};
use serde::Deserialize;

/// Most positions: each is priced at every tick looked at.
const ROWS_MAX: usize = 200;

/// Digits before the point of a price, and after it: what a listing carries, with room for the range.
const PRICE_DIGITS: u8 = 12;

/// Digits after the point that are kept beyond those of the file's prices, for forwards that move.
const FINER: u8 = 2;

/// Decimals of options' marks.
const MARK_DECIMALS: u8 = 12;

/// Decimals of the settle asset, where the file says nothing, and the most it may say.
const SETTLE_DECIMALS: u8 = 8;
const SETTLE_DECIMALS_MAX: u8 = 12;

/// Step of the scan, where the file says nothing: 0.1 %.
const STEP_BPS: u32 = 10;

/// How far is looked, where the file says nothing: from a hundredth of the mark to ten times it.
const FALL: (i128, u8) = (1, 2);
const RISE: (i128, u8) = (10, 0);

/// The default tick is at most this share of the mark: a ten-thousandth.
const TICK_SHARE: (i128, u8) = (1, 4);

/// The file. Decimals are texts, so that they stay exact.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OptionFile {
    wallet: String,
    unit: Option<String>,
    as_of: Option<toml::Value>,
    options: OptionsTable,
    portfolio: Option<Grid>,
    /// Of a file without options; refused here with a reason.
    rulebook: Option<toml::Value>,
    /// The same.
    collateral: Option<toml::Value>,
    #[serde(default)]
    positions: Vec<Row>,
}

/// What all positions share.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OptionsTable {
    underlying: String,
    mark: String,
    settle: SettleRow,
    settle_decimals: Option<u8>,
    rulebook: Option<String>,
    rates: Option<RatesTable>,
    tick: Option<String>,
    step: Option<String>,
    lowest: Option<String>,
    highest: Option<String>,
}

/// What profits are paid in.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum SettleRow {
    Coin,
    Quote,
}

impl SettleRow {
    pub(super) const fn settled(self) -> Settled {
        match self {
            SettleRow::Coin => Settled::Coin,
            SettleRow::Quote => Settled::Quote,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            SettleRow::Coin => "coin",
            SettleRow::Quote => "quote",
        }
    }
}

/// Whether a file is one of an option book: it has a table of options, or a position that is one.
pub fn is_option_book(text: &str) -> bool {
    let Ok(table) = text.parse::<toml::Table>() else { return false };
    let is_option =
        |row: &toml::Value| row.get("form").and_then(toml::Value::as_str) == Some("option");
    let rows = table.get("positions").and_then(toml::Value::as_array);
    table.contains_key("options") || rows.is_some_and(|rows| rows.iter().any(is_option))
}

/// The book in the file.
pub(super) fn read(name: &str, text: &str) -> Result<Asked, Failure> {
    let wrong = |(field, why): Wrong| Failure::Data(format!("{name}: {field}: {why}"));
    // Asked first, as without that table the rest is read as what it was not meant to be.
    let options = book_file::parse::<toml::Table>(name, text)?.contains_key("options");
    if !options {
        let why = "missing beside positions of the form option, expected a table with underlying, mark, \
                   settle and rulebook or rates";
        return Err(wrong(("options".to_owned(), why.to_owned())));
    }
    let file: OptionFile = book_file::parse(name, text)?;
    asked(name, &file).map_err(wrong)
}

fn asked(name: &str, file: &OptionFile) -> Result<Asked, Wrong> {
    let table = &file.options;
    check_tables(file)?;
    check_rows(table, &file.positions)?;
    let settled = table.settle.settled();
    let settle_decimals = table.settle_decimals.unwrap_or(SETTLE_DECIMALS);
    if settle_decimals > SETTLE_DECIMALS_MAX {
        let why = format!("{settle_decimals}, expected at most {SETTLE_DECIMALS_MAX}");
        return Err(("options.settle_decimals".to_owned(), why));
    }
    let mark = price("options.mark", &table.mark)?;
    let as_of = file.as_of.as_ref().map(|value| rows::moment("as_of", value)).transpose()?;
    let priced = rows::priced(&file.positions, &mark, as_of, settled)?;
    let tick = match &table.tick {
        Some(text) => price("options.tick", text)?,
        None => tick_of(&mark),
    };
    let scales = scales(&priced, &mark, &tick);
    let decimals = Decimals {
        price: scales.price,
        mark: MARK_DECIMALS,
        size: scales.size,
        settle: settle_decimals,
    };
    let scan = scan(table, scales, &mark, &tick)?;
    let raw_mark = scales.raw(&mark);
    let looks = looks(&scan, raw_mark)?;
    let asset = rule::Asset { underlying: &table.underlying, settled };
    let rule = rule::of(
        rule::Stated {
            rulebook: table.rulebook.as_deref(),
            rates: table.rates.as_ref(),
            portfolio: file.portfolio.as_ref(),
        },
        asset,
        &priced,
    )?;
    // The rulebook's amounts are in base units, which a file cannot give another size.
    let foreign = rule.rulebook.is_some() && rule.by_name() == rule::ByName::Portfolio;
    if foreign && settle_decimals != SETTLE_DECIMALS {
        let why = format!(
            "{settle_decimals}, expected {SETTLE_DECIMALS}, which the rulebook's amounts have"
        );
        return Err(("options.settle_decimals".to_owned(), why));
    }
    let wallet = number("wallet", &file.wallet)?;
    let balance = rows::balance(&wallet, &priced, settled, settle_decimals)?;
    let lines = rows::lines(&priced, scales)?;
    let unit = file.unit.clone().unwrap_or_else(|| match settled {
        Settled::Coin => COIN.to_owned(),
        Settled::Quote => "quote".to_owned(),
    });
    Ok(Asked {
        book: name.to_owned(),
        unit,
        underlying: table.underlying.clone(),
        held: priced.into_iter().map(Priced::told).collect(),
        listing: Listing { settled, decimals, expiries: lines.expiries, options: lines.lines },
        futures: lines.futures,
        options: lines.options,
        balance,
        mark: raw_mark,
        rule,
        scan,
        looks,
    })
}

/// Refuses what only a file without options has.
fn check_tables(file: &OptionFile) -> Result<(), Wrong> {
    let (field, why) = match file {
        OptionFile { rulebook: Some(_), .. } => (
            "rulebook",
            "stated outside [options], expected it inside: one rule is for the whole book",
        ),
        OptionFile { collateral: Some(_), .. } => (
            "collateral",
            "stated beside [options], expected none: the wallet alone stands behind a book with options",
        ),
        _ => return Ok(()),
    };
    Err((field.to_owned(), why.to_owned()))
}

/// What rows must agree on: one underlying, one settle asset, each contract once.
fn check_rows(table: &OptionsTable, rows: &[Row]) -> Result<(), Wrong> {
    if table.underlying.trim().is_empty() {
        return Err(("options.underlying".to_owned(), "empty, expected a symbol".to_owned()));
    }
    let count = rows.len();
    if count > ROWS_MAX {
        return Err(("positions".to_owned(), format!("{count} rows, expected at most {ROWS_MAX}")));
    }
    if !rows.iter().any(Row::is_option) {
        let why =
            "no option among them, expected at least one; leave [options] out for futures alone";
        return Err(("positions".to_owned(), why.to_owned()));
    }
    let settled = table.settle;
    for (index, row) in rows.iter().enumerate() {
        let field = |name: &str| format!("positions[{index}].{name}");
        if row.contract.trim().is_empty() {
            return Err((field("contract"), "empty, expected a symbol".to_owned()));
        }
        if rows.iter().take(index).any(|before| before.contract == row.contract) {
            let why = format!("a second row of '{}', expected one with the net", row.contract);
            return Err((field("contract"), why));
        }
        if let Some(other) = row.underlying.as_ref().filter(|it| **it != table.underlying) {
            let why = format!(
                "'{other}', expected '{}': a book is on one underlying, whose price moves all of it",
                table.underlying
            );
            return Err((field("underlying"), why));
        }
        if row.settle.is_some_and(|settle| settle != settled) || row.settles_otherwise(settled) {
            let (at, found) = row.settles_in();
            let why = format!(
                "'{found}', expected what settles in {}, as [options] says: coin and quote are not \
                 margined in one book",
                settled.name()
            );
            return Err((field(at), why));
        }
    }
    Ok(())
}

/// A price: a number above zero that a listing carries.
pub(super) fn price(field: &str, text: &str) -> Result<Rational, Wrong> {
    let value = positive(field, text)?;
    let after = Decimal::parse(text).map_or(0, |decimal| decimal.decimals);
    // Ten to the digits.
    let most = rational::from_raw(1, 0) / rational::from_raw(1, PRICE_DIGITS);
    if value < most && after <= PRICE_DIGITS {
        return Ok(value);
    }
    let right =
        format!("at most {PRICE_DIGITS} digits before the point and {PRICE_DIGITS} after it");
    Err((field.to_owned(), format!("'{text}', expected {right}")))
}

/// The largest power of ten that is at most a ten-thousandth of the mark.
fn tick_of(mark: &Rational) -> Rational {
    let most = mark * rational::from_raw(TICK_SHARE.0, TICK_SHARE.1);
    let ten = rational::from_raw(10, 0);
    let mut tick = rational::from_raw(1, PRICE_DIGITS);
    while &tick * &ten <= most {
        tick *= &ten;
    }
    tick
}

fn scales(priced: &[Priced], mark: &Rational, tick: &Rational) -> Scales {
    let prices = priced.iter().flat_map(Priced::prices).chain([mark, tick]);
    let price = prices.map(places).max().unwrap_or(0);
    let size = priced.iter().map(|row| places(&row.quantity)).max().unwrap_or(0);
    Scales { price: price + FINER, size }
}

/// Digits after the point that show a decimal exactly.
fn places(value: &Rational) -> u8 {
    (0..=18).find(|places| (value / rational::from_raw(1, *places)).is_integer()).unwrap_or(18)
}

fn scan(
    table: &OptionsTable,
    scales: Scales,
    mark: &Rational,
    tick: &Rational,
) -> Result<Scan, Wrong> {
    let step_bps = match &table.step {
        None => STEP_BPS,
        Some(text) => {
            let step = share("options.step", text)? / rational::from_raw(1, 4);
            let bps = step.is_integer().then(|| rational::to_raw(&step, 0, Rounding::Floor).ok());
            bps.flatten().and_then(|bps| u32::try_from(bps).ok()).ok_or_else(|| {
                let why = format!("'{text}', expected a share in whole hundredths of a percent");
                ("options.step".to_owned(), why)
            })?
        }
    };
    let end = |name: &str, text: &Option<String>, (raw, decimals): (i128, u8), below: bool| {
        let field = format!("options.{name}");
        let Some(text) = text else { return Ok(mark * rational::from_raw(raw, decimals)) };
        let end = price(&field, text)?;
        if (below && end <= *mark) || (!below && end >= *mark) {
            return Ok(end);
        }
        let side = if below { "below" } else { "above" };
        Err((field, format!("'{text}', expected a price {side} the mark, {}", table.mark)))
    };
    let lowest = end("lowest", &table.lowest, FALL, true)?;
    let highest = end("highest", &table.highest, RISE, false)?;
    let lowest = scales.raw(&lowest).max(1);
    Ok(Scan { tick: scales.raw(tick), step_bps, lowest, highest: scales.raw(&highest) })
}

/// How many ticks a scan looks at, unless they are too many.
pub(super) fn looks(scan: &Scan, mark: u128) -> Result<usize, Wrong> {
    let field = || "options.step".to_owned();
    let looks = scan.looks(mark, LOOKS_MAX).map_err(|error| (field(), error.to_string()))?;
    looks.ok_or_else(|| {
        let found = down(&rational::from_raw(scan.step_bps.into(), 4), 4);
        let why = format!(
            "'{found}', expected a larger one, a larger tick or a narrower range: more than {LOOKS_MAX} \
             ticks would be looked at"
        );
        (field(), why)
    })
}
