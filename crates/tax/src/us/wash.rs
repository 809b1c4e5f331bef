//! The rule against wash sales, as a switch: off unless it is asked for.
//!
//! Section 1091 covers stock and securities; spot crypto is treated as outside it. With the switch
//! on, a loss is disallowed as far as units of the same asset are acquired from 30 days before to 30
//! days after the sale and are still held; it joins the basis of the replacement, whose holding
//! period takes in the days that the sold lot was held (26 USC 1091(a), (d); 1223(3)).

use crate::error::Result;
use breakwater_accounting::{
    AssetId, Change, Date, Lots, Movement, Names, OutReason, Quantity, RowEvent, SourceId, Value,
};
use breakwater_money::Time;
use std::collections::VecDeque;

/// Days on either side of a sale.
const DAYS_AROUND: i32 = 30;

/// A loss, or a part of one, that a replacement disallows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disallowed {
    /// Number of the realised row.
    pub row: usize,
    /// The replacement's row or event.
    pub replacement: SourceId,
    /// Units replaced.
    pub quantity: Quantity,
    /// The loss that does not count, above zero.
    pub loss: Value,
    /// Basis of the replacement with the loss.
    pub basis: Value,
    /// When the replacement counts as acquired.
    pub acquired: Date,
}

/// A loss whose replacement may still come.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    row: usize,
    asset: AssetId,
    sold: Date,
    held_days: i32,
    quantity: Quantity,
    loss: Value,
}

/// Lots with the switch on.
#[derive(Debug, Clone)]
pub struct WashSales {
    waiting: VecDeque<Waiting>,
    /// Purchases of the last 30 days whose units have not replaced anything yet.
    fresh: VecDeque<usize>,
    list: Vec<Disallowed>,
}

impl Default for WashSales {
    fn default() -> Self {
        WashSales::new()
    }
}

impl WashSales {
    /// No sales yet.
    #[must_use]
    pub fn new() -> Self {
        WashSales { waiting: VecDeque::new(), fresh: VecDeque::new(), list: Vec::new() }
    }

    /// Disallowed losses, in the order in which they were found.
    #[must_use]
    pub fn list(&self) -> &[Disallowed] {
        &self.list
    }

    /// Applies a movement to the lots and adjusts what the rule adjusts.
    ///
    /// # Errors
    /// What is wrong with the movement.
    pub fn apply(&mut self, lots: &mut Lots, names: &Names, movement: &Movement) -> Result<()> {
        let (rows, count) = (lots.rows().len(), lots.count());
        let fresh: Vec<SourceId> =
            self.fresh.iter().filter_map(|lot| lots.lot(*lot)).map(|lot| lot.source).collect();
        lots.apply(names, movement)?;
        let today = Date::of(movement.at);
        let is_old = |date: Date| date.plus_days(DAYS_AROUND) < today;
        // A purchase that was fresh at the movement before may be too old for this one.
        self.fresh.retain(|lot| lots.lot(*lot).is_some_and(|lot| !is_old(Date::of(lot.acquired))));
        while self.waiting.front().is_some_and(|waiting| is_old(waiting.sold)) {
            self.waiting.pop_front();
        }
        match &movement.change {
            Change::In(_) => {
                for lot in count..lots.count() {
                    self.replace_by(lots, lot)?;
                }
            }
            Change::Out(_) => {
                self.fresh.retain(|lot| lots.lot(*lot).is_some_and(|lot| !lot.quantity.is_zero()));
                for row in rows..lots.rows().len() {
                    self.sold(lots, row)?;
                }
            }
            Change::Move { .. } => {
                let moved =
                    |lot: &usize| lots.lot(*lot).is_some_and(|lot| fresh.contains(&lot.source));
                self.fresh.extend((count..lots.count()).filter(moved));
            }
        }
        Ok(())
    }

    /// A new lot replaces what waits, the earliest sale first; what is left of it may replace a
    /// later sale.
    fn replace_by(&mut self, lots: &mut Lots, mut lot: usize) -> Result<()> {
        while let Some(units) = lots.lot(lot).copied() {
            let next = self.waiting.iter().position(|waiting| waiting.asset == units.asset);
            let Some(at) = next else {
                self.fresh.push_back(lot);
                return Ok(());
            };
            let waiting = self.waiting[at];
            let quantity = waiting.quantity.min(units.quantity);
            let whole = quantity == units.quantity;
            let loss = self.disallow(lots, lot, &waiting, quantity)?;
            let left = waiting.quantity.minus(quantity)?;
            if left.is_zero() {
                self.waiting.remove(at);
            } else {
                let loss = waiting.loss.minus(loss)?;
                self.waiting[at] = Waiting { quantity: left, loss, ..waiting };
            }
            if whole {
                return Ok(());
            }
            // The rest became a lot of its own just before the adjusted part.
            lot = lots.count().saturating_sub(2);
        }
        Ok(())
    }

    /// A sale at a loss looks for purchases of the 30 days before that are still held.
    fn sold(&mut self, lots: &mut Lots, number: usize) -> Result<()> {
        let row = lots.rows()[number].clone();
        let counts = !matches!(
            row.event,
            RowEvent::Income(_) | RowEvent::Out(OutReason::NetworkFee | OutReason::Expense)
        );
        let gain = row.gain()?;
        let Some(acquired) = row.acquired.filter(|_| counts && gain < Value::ZERO) else {
            return Ok(());
        };
        let sold = Date::of(row.at);
        let held_days = sold.0.saturating_sub(Date::of(acquired).0);
        let (quantity, loss) = (row.quantity, gain.negated()?);
        let asset = row.asset;
        let mut waiting = Waiting { row: number, asset, sold, held_days, quantity, loss };
        // What is left of the very purchase that is sold replaces nothing (Rev. Rul. 56-406).
        let own = row.lot;
        while let Some(at) = self.fresh.iter().position(|lot| {
            lots.lot(*lot).is_some_and(|lot| {
                lot.asset == asset && !lot.quantity.is_zero() && Some(lot.source) != own
            })
        }) {
            let Some(lot) = self.fresh.remove(at) else { break };
            let Some(units) = lots.lot(lot).copied() else { continue };
            let quantity = waiting.quantity.min(units.quantity);
            let whole = quantity == units.quantity;
            let loss = self.disallow(lots, lot, &waiting, quantity)?;
            if !whole {
                self.fresh.push_front(lots.count().saturating_sub(2));
            }
            waiting.quantity = waiting.quantity.minus(quantity)?;
            waiting.loss = waiting.loss.minus(loss)?;
            if waiting.quantity.is_zero() {
                return Ok(());
            }
        }
        self.waiting.push_back(waiting);
        Ok(())
    }

    fn disallow(
        &mut self,
        lots: &mut Lots,
        lot: usize,
        waiting: &Waiting,
        quantity: Quantity,
    ) -> Result<Value> {
        let loss = waiting.loss.share(quantity, waiting.quantity)?;
        let Some(units) = lots.lot(lot).copied() else { return Ok(Value::ZERO) };
        let acquired = Date::of(units.acquired).plus_days(-waiting.held_days);
        let start = Time(acquired.start().0.saturating_add(units.acquired.0 % DAY_NS));
        let adjusted = lots.adjust(lot, quantity, loss, start)?;
        let basis = lots.lot(adjusted).map_or(Value::ZERO, |lot| lot.basis);
        let replacement = units.source;
        self.list.push(Disallowed {
            row: waiting.row,
            replacement,
            quantity,
            loss,
            basis,
            acquired,
        });
        Ok(loss)
    }
}

/// Nanoseconds in a day: a replacement keeps its time of day.
const DAY_NS: u64 = 86_400_000_000_000;
