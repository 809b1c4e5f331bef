//! Which acquisition a disposal of the United Kingdom is matched with.
//!
//! Per token: acquisitions of the same day (all of a day pooled), then those of the 30 days after
//! the disposal, the earliest disposal first and the earliest acquisition first, then the section
//! 104 pool at average cost (TCGA 1992 ss. 104, 105, 106A; HMRC Cryptoassets Manual CRYPTO22200
//! and following). The seller's fee is a cost.

use crate::error::{Result, TaxError};
use crate::trade::{Side, Trade};
use breakwater_accounting::{AssetId, Date, Names, Quantity, Value};
use std::collections::BTreeMap;

/// Days after a disposal in which an acquisition is matched with it, the last one in.
const DAYS_AFTER: i32 = 30;

/// What a disposal was matched with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// Acquisitions of the same day.
    SameDay,
    /// An acquisition of the 30 days after.
    ThirtyDays,
    /// The pool.
    Section104,
}

impl Rule {
    /// The rule in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Rule::SameDay => "same-day",
            Rule::ThirtyDays => "30-day",
            Rule::Section104 => "s104",
        }
    }
}

/// A part of a day's disposals with what it was matched with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Asset.
    pub asset: AssetId,
    /// Day of the disposal.
    pub disposed: Date,
    /// Rule.
    pub rule: Rule,
    /// Day of the acquisition; none of the pool.
    pub acquired: Option<Date>,
    /// Units.
    pub quantity: Quantity,
    /// Gross proceeds.
    pub proceeds: Value,
    /// Cost with its fee and the seller's fee.
    pub cost: Value,
}

impl Match {
    /// Proceeds less cost.
    ///
    /// # Errors
    /// It does not fit.
    pub fn gain(&self) -> Result<Value> {
        Ok(self.proceeds.minus(self.cost)?)
    }
}

/// What a pool holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pool {
    /// Units.
    pub quantity: Quantity,
    /// Cost.
    pub cost: Value,
}

/// Matches, by asset, day and rule, and what is left in the pools.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matches {
    /// Matches in order.
    pub rows: Vec<Match>,
    /// Pools after the last trade.
    pub pools: BTreeMap<AssetId, Pool>,
    /// Units that went out without having come in, taken as costing nothing.
    pub missing: Vec<(Date, AssetId, Quantity)>,
}

/// Units of a day that are not matched yet, with their money.
#[derive(Debug, Clone, Copy, Default)]
struct Open {
    bought: Quantity,
    cost: Value,
    sold: Quantity,
    proceeds: Value,
    fee: Value,
}

impl Open {
    /// Takes units off the day's sales: proceeds and the seller's fee.
    fn sell(&mut self, quantity: Quantity) -> Result<(Value, Value)> {
        let proceeds = self.proceeds.share(quantity, self.sold)?;
        let fee = self.fee.share(quantity, self.sold)?;
        self.sold = self.sold.minus(quantity)?;
        self.proceeds = self.proceeds.minus(proceeds)?;
        self.fee = self.fee.minus(fee)?;
        Ok((proceeds, fee))
    }

    /// Takes units off the day's purchases: their cost.
    fn buy(&mut self, quantity: Quantity) -> Result<Value> {
        let cost = self.cost.share(quantity, self.bought)?;
        self.bought = self.bought.minus(quantity)?;
        self.cost = self.cost.minus(cost)?;
        Ok(cost)
    }
}

/// Matches every sale.
///
/// # Errors
/// More went out than came in and `zero_for_missing` is false, or a number does not fit.
pub fn matches(names: &Names, trades: &[Trade], zero_for_missing: bool) -> Result<Matches> {
    let mut days: BTreeMap<AssetId, BTreeMap<Date, Open>> = BTreeMap::new();
    for trade in trades {
        let day = days.entry(trade.asset).or_default().entry(trade.date).or_default();
        match trade.side {
            Side::Buy => {
                day.bought = day.bought.plus(trade.quantity)?;
                day.cost = day.cost.plus(trade.amount.plus(trade.fee)?)?;
            }
            Side::Sell => {
                day.sold = day.sold.plus(trade.quantity)?;
                day.proceeds = day.proceeds.plus(trade.amount)?;
                day.fee = day.fee.plus(trade.fee)?;
            }
        }
    }
    let mut assets: Vec<_> = days.into_iter().collect();
    assets.sort_by(|a, b| names.asset_name(a.0).cmp(names.asset_name(b.0)));
    let mut all = Matches::default();
    for (asset, mut days) in assets {
        let mut rows = same_day(asset, &mut days)?;
        rows.extend(thirty_days(asset, &mut days)?);
        rows.extend(pooled(names, asset, &mut days, zero_for_missing, &mut all)?);
        rows.sort_by_key(|row| (row.disposed, row.rule, row.acquired));
        all.rows.append(&mut rows);
    }
    Ok(all)
}

fn same_day(asset: AssetId, days: &mut BTreeMap<Date, Open>) -> Result<Vec<Match>> {
    let mut rows = Vec::new();
    for (date, day) in days.iter_mut() {
        let quantity = day.bought.min(day.sold);
        if quantity.is_zero() {
            continue;
        }
        let cost = day.buy(quantity)?;
        let (proceeds, fee) = day.sell(quantity)?;
        let (disposed, acquired, rule) = (*date, Some(*date), Rule::SameDay);
        let cost = cost.plus(fee)?;
        rows.push(Match { asset, disposed, rule, acquired, quantity, proceeds, cost });
    }
    Ok(rows)
}

fn thirty_days(asset: AssetId, days: &mut BTreeMap<Date, Open>) -> Result<Vec<Match>> {
    let mut rows = Vec::new();
    let sales: Vec<Date> =
        days.iter().filter(|(_, day)| !day.sold.is_zero()).map(|(date, _)| *date).collect();
    for disposed in sales {
        let Some(mut sale) = days.get(&disposed).copied() else { continue };
        let window = disposed.plus_days(1)..=disposed.plus_days(DAYS_AFTER);
        for (date, day) in days.range_mut(window) {
            let quantity = day.bought.min(sale.sold);
            if quantity.is_zero() {
                continue;
            }
            let cost = day.buy(quantity)?;
            let (proceeds, fee) = sale.sell(quantity)?;
            let (acquired, rule) = (Some(*date), Rule::ThirtyDays);
            let cost = cost.plus(fee)?;
            rows.push(Match { asset, disposed, rule, acquired, quantity, proceeds, cost });
        }
        days.insert(disposed, sale);
    }
    Ok(rows)
}

fn pooled(
    names: &Names,
    asset: AssetId,
    days: &mut BTreeMap<Date, Open>,
    zero_for_missing: bool,
    all: &mut Matches,
) -> Result<Vec<Match>> {
    let mut rows = Vec::new();
    let mut pool = Pool::default();
    for (date, day) in days.iter_mut() {
        pool.quantity = pool.quantity.plus(day.bought)?;
        pool.cost = pool.cost.plus(day.cost)?;
        let quantity = day.sold;
        if quantity.is_zero() {
            continue;
        }
        if quantity > pool.quantity {
            let missing = quantity.minus(pool.quantity)?;
            if !zero_for_missing {
                return Err(TaxError::NotHeld {
                    date: date.to_string(),
                    asset: names.asset_name(asset).to_owned(),
                    missing: missing.to_string(),
                });
            }
            all.missing.push((*date, asset, missing));
            pool.quantity = quantity;
        }
        let cost = pool.cost.share(quantity, pool.quantity)?;
        pool.quantity = pool.quantity.minus(quantity)?;
        pool.cost = pool.cost.minus(cost)?;
        let (proceeds, fee) = day.sell(quantity)?;
        let (disposed, acquired, rule) = (*date, None, Rule::Section104);
        let cost = cost.plus(fee)?;
        rows.push(Match { asset, disposed, rule, acquired, quantity, proceeds, cost });
    }
    all.pools.insert(asset, pool);
    Ok(rows)
}
