//! Adjusted cost base and superficial losses of Canada.
//!
//! All units of an asset share one average cost. Of a loss, the part is denied that is the least of
//! units sold, units bought in the 61 days around the sale, and units held at the end of them, over
//! the units sold (Income Tax Act s. 54 "superficial loss", IT-456R). It joins the cost base of the
//! substitute.

use crate::error::{Result, TaxError};
use crate::trade::{Side, Trade};
use breakwater_accounting::{AssetId, Date, Names, Quantity, SourceId, Value};
use std::collections::BTreeMap;

/// Days on either side of a sale.
const DAYS_AROUND: i32 = 30;

/// One sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// Asset.
    pub asset: AssetId,
    /// Row or event.
    pub source: SourceId,
    /// Date.
    pub date: Date,
    /// Units.
    pub quantity: Quantity,
    /// Gross proceeds.
    pub proceeds: Value,
    /// Outlays of the sale.
    pub fee: Value,
    /// Adjusted cost base of the units.
    pub acb: Value,
    /// Proceeds less fee less cost base.
    pub gain_before: Value,
    /// The part of a loss that is denied, above zero.
    pub denied_loss: Value,
    /// What counts.
    pub gain: Value,
}

/// Sales in order, and what is left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CostBase {
    /// Sales, by asset in the order of first appearance, then in time.
    pub sales: Vec<Sale>,
    /// Units and cost base left, by asset.
    pub left: BTreeMap<AssetId, (Quantity, Value)>,
    /// Units that went out without having come in, taken as costing nothing.
    pub missing: Vec<(Date, AssetId, Quantity)>,
}

/// Follows the cost base through every trade.
///
/// # Errors
/// More went out than came in and `zero_for_missing` is false, or a number does not fit.
pub fn cost_base(names: &Names, trades: &[Trade], zero_for_missing: bool) -> Result<CostBase> {
    let mut by_asset: BTreeMap<AssetId, Vec<&Trade>> = BTreeMap::new();
    for trade in trades {
        by_asset.entry(trade.asset).or_default().push(trade);
    }
    let mut all = CostBase::default();
    for (asset, trades) in by_asset {
        of_asset(names, asset, &trades, zero_for_missing, &mut all)?;
    }
    Ok(all)
}

/// Sums of a list of trades of one asset, for windows and holdings by date.
struct History {
    dates: Vec<Date>,
    /// Units bought before each trade, and after the last.
    bought: Vec<Quantity>,
    /// Units held before each trade, and after the last.
    held: Vec<Quantity>,
}

impl History {
    fn of(trades: &[&Trade]) -> Result<History> {
        let mut history = History {
            dates: trades.iter().map(|trade| trade.date).collect(),
            bought: vec![Quantity::ZERO],
            held: vec![Quantity::ZERO],
        };
        let (mut bought, mut held) = (Quantity::ZERO, Quantity::ZERO);
        for trade in trades {
            match trade.side {
                Side::Buy => {
                    bought = bought.plus(trade.quantity)?;
                    held = held.plus(trade.quantity)?;
                }
                Side::Sell => held = held.minus(trade.quantity)?,
            }
            history.bought.push(bought);
            history.held.push(held);
        }
        Ok(history)
    }

    /// How many trades are dated before `date`.
    fn before(&self, date: Date) -> usize {
        self.dates.partition_point(|other| *other < date)
    }

    fn bought_within(&self, first: Date, last: Date) -> Result<Quantity> {
        let (from, to) = (self.before(first), self.before(last.plus_days(1)));
        Ok(self.bought[to].minus(self.bought[from])?)
    }

    fn held_at_end_of(&self, date: Date) -> Quantity {
        self.held[self.before(date.plus_days(1))]
    }
}

fn of_asset(
    names: &Names,
    asset: AssetId,
    trades: &[&Trade],
    zero_for_missing: bool,
    all: &mut CostBase,
) -> Result<()> {
    let history = History::of(trades)?;
    let next_buy = next_buys(trades);
    let (mut quantity, mut acb) = (Quantity::ZERO, Value::ZERO);
    // Denied losses that wait for the next purchase, which is known to lie inside the window.
    let mut waiting = Value::ZERO;
    for (at, trade) in trades.iter().enumerate() {
        if trade.side == Side::Buy {
            quantity = quantity.plus(trade.quantity)?;
            acb = acb.plus(trade.amount.plus(trade.fee)?)?.plus(waiting)?;
            waiting = Value::ZERO;
            continue;
        }
        if trade.quantity > quantity {
            let missing = trade.quantity.minus(quantity)?;
            if !zero_for_missing {
                return Err(TaxError::NotHeld {
                    date: trade.date.to_string(),
                    asset: names.asset_name(asset).to_owned(),
                    missing: missing.to_string(),
                });
            }
            all.missing.push((trade.date, asset, missing));
            quantity = trade.quantity;
        }
        let cost = acb.share(trade.quantity, quantity)?;
        quantity = quantity.minus(trade.quantity)?;
        acb = acb.minus(cost)?;
        let gain_before = trade.amount.minus(trade.fee)?.minus(cost)?;
        let mut denied = Value::ZERO;
        if gain_before < Value::ZERO {
            let last = trade.date.plus_days(DAYS_AROUND);
            let bought = history.bought_within(trade.date.plus_days(-DAYS_AROUND), last)?;
            let held = history.held_at_end_of(last).max(Quantity::ZERO);
            let units = trade.quantity.min(bought).min(held);
            denied = gain_before.negated()?.share(units, trade.quantity)?;
            match next_buy[at] {
                Some(next) if next <= last => waiting = waiting.plus(denied)?,
                _ => acb = acb.plus(denied)?,
            }
        }
        all.sales.push(Sale {
            asset,
            source: trade.source,
            date: trade.date,
            quantity: trade.quantity,
            proceeds: trade.amount,
            fee: trade.fee,
            acb: cost,
            gain_before,
            denied_loss: denied,
            gain: gain_before.plus(denied)?,
        });
    }
    all.left.insert(asset, (quantity, acb));
    Ok(())
}

/// Date of the next purchase after each trade.
fn next_buys(trades: &[&Trade]) -> Vec<Option<Date>> {
    let mut next = None;
    let mut dates: Vec<Option<Date>> = trades
        .iter()
        .rev()
        .map(|trade| {
            let after = next;
            if trade.side == Side::Buy {
                next = Some(trade.date);
            }
            after
        })
        .collect();
    dates.reverse();
    dates
}
