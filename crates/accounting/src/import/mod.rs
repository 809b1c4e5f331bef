//! Entries out of rows of text with named columns.
//!
//! A [`Record`] is one row; who reads a file makes records of it, with the columns of
//! `docs/tax.md`, and [`Importer`] makes entries of them. What a row does not say is an error that
//! names the line, the column and what would be right, or an assumption that [`Rules`] chose and
//! [`Imported`] reports.

mod kinds;
mod prices;
mod record;
#[cfg(test)]
mod tests;
mod time;

pub use prices::Prices;
pub use record::{ImportError, Record};
pub use time::{Stated, instant};

use crate::entry::{Dispose, Disposed, Entry, Kind, sort_of_files};
use crate::names::{AssetId, Names, SourceId, WalletId};
use crate::number::{Quantity, Value};
use breakwater_money::Time;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What to do with a row that stands twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Duplicates {
    /// Refuse the file.
    Refuse,
    /// Leave the second out.
    Skip,
    /// Take both.
    Keep,
}

/// What to assume where rows are silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Minutes east of UTC of times without a zone; none refuses them.
    pub zone_minutes: Option<i32>,
    /// Rows that stand twice.
    pub duplicates: Duplicates,
    /// Assets that are the currency of the report, by name.
    pub cash: Vec<String>,
    /// Assets that may occur; none lets every one pass.
    pub assets: Option<BTreeSet<String>>,
    /// Leave rows of other assets out instead of refusing them.
    pub skip_unknown_assets: bool,
    /// Wallets whose content is posted as collateral.
    pub pledged: Vec<String>,
    /// Take what nobody values at nothing instead of refusing it.
    pub zero_for_missing_value: bool,
}

impl Rules {
    /// The strictest rules, with one currency.
    #[must_use]
    pub fn strict(currency: &str) -> Self {
        Rules {
            zone_minutes: None,
            duplicates: Duplicates::Refuse,
            cash: vec![currency.to_owned()],
            assets: None,
            skip_unknown_assets: false,
            pledged: Vec::new(),
            zero_for_missing_value: false,
        }
    }
}

/// What a file came to.
#[derive(Debug, Clone)]
pub struct Imported {
    /// Names.
    pub names: Names,
    /// Entries in time order.
    pub entries: Vec<Entry>,
    /// Assumptions that were made, in words.
    pub notes: Vec<String>,
}

/// Makes entries of records.
#[derive(Debug, Clone)]
pub struct Importer {
    rules: Rules,
    prices: Prices,
    names: Names,
    entries: Vec<Entry>,
    seen: HashMap<String, u64>,
    ids: HashMap<String, u64>,
    slices: BTreeMap<(WalletId, AssetId), u32>,
    without_zone: u64,
    with_zone: u64,
    skipped: u64,
    kept: u64,
    unknown: BTreeMap<String, u64>,
    rounded: u64,
    unvalued: u64,
    latest: Time,
    unsorted: u64,
}

impl Importer {
    /// An importer without rows.
    #[must_use]
    pub fn new(rules: Rules, prices: Prices) -> Self {
        let mut names = Names::new();
        for name in &rules.cash {
            let asset = names.asset(name);
            names.set_cash(asset, true);
        }
        for name in &rules.pledged {
            let wallet = names.wallet(name);
            names.set_pledged(wallet);
        }
        Importer {
            rules,
            prices,
            names,
            entries: Vec::new(),
            seen: HashMap::new(),
            ids: HashMap::new(),
            slices: BTreeMap::new(),
            without_zone: 0,
            with_zone: 0,
            skipped: 0,
            kept: 0,
            unknown: BTreeMap::new(),
            rounded: 0,
            unvalued: 0,
            latest: Time(0),
            unsorted: 0,
        }
    }

    /// Takes one row.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn take(&mut self, record: &Record) -> Result<(), ImportError> {
        if !self.is_first(record)? {
            return Ok(());
        }
        for column in ["asset", "fee_asset", "value_asset", "settle"] {
            if let Some(asset) = record.get(column)
                && !self.is_known(record, column, asset)?
            {
                return Ok(());
            }
        }
        let at = self.time(record, "time")?;
        self.unsorted += u64::from(at < self.latest);
        self.latest = self.latest.max(at);
        let wallet = self.names.wallet(record.get("account").unwrap_or("main"));
        let id = record.get("id").map_or_else(|| format!("line {}", record.line), str::to_owned);
        let source = self.names.source(&id);
        let kind = self.kind(record, at, wallet, source)?;
        self.entries.push(Entry { at, wallet, source, kind });
        Ok(())
    }

    /// Every entry, sorted, with what was assumed.
    #[must_use]
    pub fn finish(mut self) -> Imported {
        sort_of_files(&mut self.entries);
        let mut notes = Vec::new();
        let mut note = |count: u64, text: String| {
            if count > 0 {
                notes.push(text);
            }
        };
        let (without, with) = (self.without_zone, self.with_zone);
        let zone = self.rules.zone_minutes.unwrap_or(0);
        let zone = format!("{}{:02}:{:02}", sign(zone), zone.abs() / 60, zone.abs() % 60);
        note(without, format!("{without} times had no zone and were taken as UTC{zone}"));
        let mixed = if without > 0 { with } else { 0 };
        note(mixed, format!("{with} times beside them had a zone of their own, which was kept"));
        note(self.skipped, format!("{} rows stood twice and were left out once", self.skipped));
        note(self.kept, format!("{} rows stand twice and were both taken", self.kept));
        note(
            self.unsorted,
            format!("{} rows were out of time order; all were sorted", self.unsorted),
        );
        note(
            self.rounded,
            format!("{} numbers had more than 18 decimals and were rounded", self.rounded),
        );
        note(
            self.unvalued,
            format!("{} rows had no value and no price, and were taken at nothing", self.unvalued),
        );
        for (asset, rows) in &self.unknown {
            note(
                *rows,
                format!("{rows} rows of `{asset}`, which is not among the assets, were left out"),
            );
        }
        Imported { names: self.names, entries: self.entries, notes }
    }

    fn is_first(&mut self, record: &Record) -> Result<bool, ImportError> {
        let content = record.content();
        if let Some(first) = self.seen.get(&content).copied() {
            return match self.rules.duplicates {
                Duplicates::Refuse => Err(record.wrong(
                    "row",
                    &format!("a copy of line {first}"),
                    "each row once, or a choice what to do with copies",
                )),
                Duplicates::Skip => {
                    self.skipped += 1;
                    Ok(false)
                }
                Duplicates::Keep => {
                    self.kept += 1;
                    Ok(true)
                }
            };
        }
        self.seen.insert(content, record.line);
        if let Some(id) = record.get("id")
            && let Some(first) = self.ids.insert(id.to_owned(), record.line)
        {
            let right = format!("an id of its own; line {first} has it");
            return Err(record.wrong("id", id, &right));
        }
        Ok(true)
    }

    fn is_known(
        &mut self,
        record: &Record,
        column: &str,
        asset: &str,
    ) -> Result<bool, ImportError> {
        let Some(known) = &self.rules.assets else { return Ok(true) };
        if known.contains(asset) || self.rules.cash.iter().any(|cash| cash == asset) {
            return Ok(true);
        }
        if self.rules.skip_unknown_assets {
            *self.unknown.entry(asset.to_owned()).or_default() += 1;
            return Ok(false);
        }
        let known = known.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        Err(record.wrong(column, asset, &format!("one of {known}")))
    }

    fn time(&mut self, record: &Record, column: &'static str) -> Result<Time, ImportError> {
        let text = record.need(column, "a time such as 2025-04-07T03:00:00Z")?;
        match instant(text) {
            Some(Stated::Utc(at)) => {
                self.with_zone += 1;
                Ok(at)
            }
            Some(Stated::Local(nanos)) => {
                let right =
                    "a time with its zone (Z, +02:00), or a choice of the zone that is meant";
                let zone =
                    self.rules.zone_minutes.ok_or_else(|| record.wrong(column, text, right))?;
                self.without_zone += 1;
                let utc = nanos - i128::from(zone) * 60_000_000_000;
                let utc = u64::try_from(utc);
                utc.map(Time).map_err(|_| record.wrong(column, text, "a time after 1970"))
            }
            None => Err(record.wrong(column, text, "a time such as 2025-04-07T03:00:00Z")),
        }
    }

    /// A number of a column, or none where it is empty.
    fn number(
        &mut self,
        record: &Record,
        column: &'static str,
    ) -> Result<Option<i128>, ImportError> {
        let Some(text) = record.get(column) else { return Ok(None) };
        let (value, rounded) = Quantity::parse_rounded(text)
            .map_err(|_| record.wrong(column, text, "a decimal number"))?;
        self.rounded += u64::from(rounded);
        Ok(Some(value.0))
    }

    /// A quantity above zero.
    fn quantity(&mut self, record: &Record, column: &'static str) -> Result<Quantity, ImportError> {
        let right = "a number above 0";
        let text = record.need(column, right)?;
        match self.number(record, column)? {
            Some(raw) if raw > 0 => Ok(Quantity(raw)),
            _ => Err(record.wrong(column, text, right)),
        }
    }

    /// What units are worth: the column, else the price of the row, else the table of prices.
    fn value(
        &mut self,
        record: &Record,
        column: &'static str,
        at: Time,
        asset: AssetId,
        quantity: Quantity,
    ) -> Result<Value, ImportError> {
        if let Some(raw) = self.number(record, column)? {
            return Ok(Value(raw));
        }
        let too_large = |_| record.wrong("quantity", &quantity.to_string(), "a smaller number");
        if let Some(name) = record.get("value_asset") {
            let paid = self.names.asset(name);
            let units = self.quantity(record, "value_quantity")?;
            // The row about what was paid or got, which has no other such column.
            return self.value(&Record::new(record.line), column, at, paid, units);
        }
        if let Some(raw) = self.number(record, "price")? {
            return quantity.at(crate::number::Price(raw)).map_err(too_large);
        }
        if self.names.is_cash(asset) {
            return Ok(Value(quantity.0));
        }
        let name = self.names.asset_name(asset).to_owned();
        if let Some(price) = self.prices.at(&name, at) {
            return quantity.at(price).map_err(too_large);
        }
        if self.rules.zero_for_missing_value {
            self.unvalued += 1;
            return Ok(Value::ZERO);
        }
        let right = format!(
            "a value or a price in the currency of the report, or a price of {name} on that date"
        );
        Err(record.wrong(column, "", &right))
    }

    /// The fee of a trade as money and as units of the asset itself. A fee in a third asset is
    /// spent, in an entry of its own.
    fn fee(
        &mut self,
        record: &Record,
        at: Time,
        wallet: WalletId,
        source: SourceId,
        asset: AssetId,
    ) -> Result<(Value, Quantity), ImportError> {
        let Some(raw) = self.number(record, "fee")? else {
            return Ok((Value::ZERO, Quantity::ZERO));
        };
        let Some(name) = record.get("fee_asset") else { return Ok((Value(raw), Quantity::ZERO)) };
        let name = name.to_owned();
        let paid = self.names.asset(&name);
        if self.names.is_cash(paid) || raw == 0 {
            return Ok((Value(raw), Quantity::ZERO));
        }
        let quantity = Quantity(raw);
        if raw < 0 {
            let text = quantity.to_string();
            return Err(record.wrong("fee", &text, "0 or more where it is paid in an asset"));
        }
        if paid == asset {
            return Ok((Value::ZERO, quantity));
        }
        let price = self.prices.at(&name, at);
        let value = match price {
            Some(price) => quantity
                .at(price)
                .map_err(|_| record.wrong("fee", &quantity.to_string(), "a smaller number"))?,
            None => {
                let right = format!("a price of {name} on that date");
                return Err(record.wrong("fee_asset", &name, &right));
            }
        };
        let kind = Kind::Dispose(Dispose {
            asset: paid,
            quantity,
            fee_in_kind: Quantity::ZERO,
            proceeds: value,
            fee: Value::ZERO,
            market: Some(value),
            how: Disposed::Spent,
            lots: Vec::new(),
        });
        self.entries.push(Entry { at, wallet, source, kind });
        Ok((value, Quantity::ZERO))
    }
}

fn sign(minutes: i32) -> char {
    if minutes < 0 { '-' } else { '+' }
}
