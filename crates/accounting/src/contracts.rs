//! Derivative entries to realised rows in the currency of the report, and to the coin they pay in.
//!
//! What [`crate::derivatives`] realises in the settle asset is valued at the settle asset's price
//! of the entry. Where a contract settles in a coin, profit brings a lot at that value and loss,
//! fee and funding paid dispose of the coin. Fee, funding and price profit are rows of their own
//! and are never netted.

use crate::derivatives::{Matching, Position, Terms};
use crate::entry::{Acquired, Disposed, Entry, FillReason, Kind};
use crate::error::{AccountingError, Result};
use crate::movement::{Change, Incoming, Movement, OutReason, Outgoing};
use crate::names::{AssetId, ContractId, Names, SourceId, WalletId};
use crate::number::{DECIMALS, Price, Quantity, Value};
use breakwater_money::{Rational, Rounding, Time, rational};
use std::collections::BTreeMap;

/// What a row of a contract tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContractEvent {
    /// Price profit of what a fill closed.
    Closed(FillReason),
    /// The fee of a fill; paid is below zero.
    Fee(FillReason),
    /// Funding; received is above zero.
    Funding,
}

/// One realised row of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractRow {
    /// When.
    pub at: Time,
    /// Wallet or account.
    pub wallet: WalletId,
    /// Row or event.
    pub source: SourceId,
    /// Contract.
    pub contract: ContractId,
    /// What it tells of.
    pub event: ContractEvent,
    /// When the closed part was opened; under average entry when the position was.
    pub opened: Option<Time>,
    /// Contracts closed, signed as the position was.
    pub quantity: Quantity,
    /// Amount in the settle asset, to the holder above zero.
    pub amount: Quantity,
    /// The same in the currency of the report.
    pub value: Value,
    /// Value in the settle asset at which the closed part was entered, without sign, in the
    /// currency of the report at the time of closing.
    pub entered: Value,
    /// The same at the exit.
    pub left: Value,
}

#[derive(Debug, Clone)]
struct Held {
    position: Position,
    opened: Vec<Time>,
}

/// Positions of a holder in contracts.
#[derive(Debug, Clone)]
pub struct Contracts {
    matching: Matching,
    held: BTreeMap<(WalletId, ContractId), Held>,
    rows: Vec<ContractRow>,
}

impl Contracts {
    /// No positions yet.
    #[must_use]
    pub fn new(matching: Matching) -> Self {
        Contracts { matching, held: BTreeMap::new(), rows: Vec::new() }
    }

    /// Realised rows, in the order of their entries.
    #[must_use]
    pub fn rows(&self) -> &[ContractRow] {
        &self.rows
    }

    /// Positions, flat ones too.
    pub fn positions(&self) -> impl Iterator<Item = (WalletId, ContractId, &Position)> {
        self.held.iter().map(|((wallet, contract), held)| (*wallet, *contract, &held.position))
    }

    /// Takes one entry; of other kinds than fills and funding nothing happens.
    ///
    /// # Errors
    /// A contract that is not known, a price that is not above zero, a number that does not fit,
    /// or whatever `each` says.
    pub fn apply(
        &mut self,
        names: &Names,
        entry: &Entry,
        each: &mut dyn FnMut(Movement) -> Result<()>,
    ) -> Result<()> {
        let (contract, settle_price) = match &entry.kind {
            Kind::Fill(fill) => (fill.contract, fill.settle_price),
            Kind::Funding(funding) => (funding.contract, funding.settle_price),
            _ => return Ok(()),
        };
        let settle = names.terms(contract).ok_or(AccountingError::UnknownContract)?.settle;
        let before = self.rows.len();
        match &entry.kind {
            Kind::Fill(fill) => {
                let held = self.held(names, entry.wallet, contract)?;
                let number = |value: Quantity| value.rational();
                let filled = held.position.fill(
                    &number(fill.quantity),
                    &fill.price.rational(),
                    &number(fill.fee),
                )?;
                held.opened.push(entry.at);
                let opened = |fill: u64| {
                    usize::try_from(fill).ok().and_then(|fill| held.opened.get(fill)).copied()
                };
                let closed: Vec<_> =
                    filled.closed.iter().map(|part| (part.clone(), opened(part.fill))).collect();
                let mut left = nearest(&filled.price_pnl)?;
                let parts = closed.len();
                for (at, (part, opened)) in closed.into_iter().enumerate() {
                    // The last part takes the rest, so that parts add up to what was realised.
                    let amount = if at + 1 == parts { left } else { nearest(&part.price_pnl)? };
                    left = left.minus(amount)?;
                    let mut row = row(entry, contract, ContractEvent::Closed(fill.reason));
                    row.opened = opened;
                    row.quantity = nearest(&part.quantity)?;
                    row.amount = amount;
                    row.value = amount.at(settle_price)?;
                    row.entered = nearest(&part.entered)?.magnitude().at(settle_price)?;
                    row.left = nearest(&part.left)?.magnitude().at(settle_price)?;
                    self.rows.push(row);
                }
                if !fill.fee.is_zero() {
                    let amount = fill.fee.negated()?;
                    self.flow(
                        entry,
                        contract,
                        ContractEvent::Fee(fill.reason),
                        amount,
                        settle_price,
                    )?;
                }
            }
            Kind::Funding(funding) => {
                let held = self.held(names, entry.wallet, contract)?;
                held.position.fund_amount(&funding.amount.rational());
                let event = ContractEvent::Funding;
                self.flow(entry, contract, event, funding.amount, settle_price)?;
            }
            _ => {}
        }
        let mut net = Quantity::ZERO;
        for row in &self.rows[before..] {
            net = net.plus(row.amount)?;
        }
        if names.is_cash(settle) || net.is_zero() {
            return Ok(());
        }
        each(settled(entry, settle, net, settle_price)?)
    }

    fn held(&mut self, names: &Names, wallet: WalletId, contract: ContractId) -> Result<&mut Held> {
        let matching = self.matching;
        match self.held.entry((wallet, contract)) {
            std::collections::btree_map::Entry::Occupied(held) => Ok(held.into_mut()),
            std::collections::btree_map::Entry::Vacant(place) => {
                let terms = names.terms(contract).ok_or(AccountingError::UnknownContract)?;
                let terms = Terms::new(terms.form, terms.size.rational())?;
                let position = Position::flat(terms, matching);
                Ok(place.insert(Held { position, opened: Vec::new() }))
            }
        }
    }

    fn flow(
        &mut self,
        entry: &Entry,
        contract: ContractId,
        event: ContractEvent,
        amount: Quantity,
        settle_price: Price,
    ) -> Result<()> {
        let mut row = row(entry, contract, event);
        row.amount = amount;
        row.value = amount.at(settle_price)?;
        self.rows.push(row);
        Ok(())
    }
}

fn row(entry: &Entry, contract: ContractId, event: ContractEvent) -> ContractRow {
    ContractRow {
        at: entry.at,
        wallet: entry.wallet,
        source: entry.source,
        contract,
        event,
        opened: None,
        quantity: Quantity::ZERO,
        amount: Quantity::ZERO,
        value: Value::ZERO,
        entered: Value::ZERO,
        left: Value::ZERO,
    }
}

/// What a coin-settled entry does to the coin.
fn settled(entry: &Entry, asset: AssetId, net: Quantity, price: Price) -> Result<Movement> {
    let value = net.magnitude().at(price)?;
    let change = if net > Quantity::ZERO {
        Change::In(Incoming {
            quantity: net,
            cost: value,
            fee: Value::ZERO,
            how: Acquired::Settlement,
            acquired: entry.at,
            price: None,
        })
    } else {
        Change::Out(Outgoing {
            quantity: net.magnitude(),
            fee_in_kind: Quantity::ZERO,
            proceeds: value,
            fee: Value::ZERO,
            market: Some(value),
            how: OutReason::Disposed(Disposed::Settlement),
            lots: Vec::new(),
        })
    };
    Ok(Movement { at: entry.at, wallet: entry.wallet, source: entry.source, asset, change })
}

/// The nearest quantity of eighteen decimals.
///
/// # Errors
/// It does not fit.
pub fn nearest(value: &Rational) -> Result<Quantity> {
    let negative = *value < rational::from_raw(0, 0);
    let size = if negative { -value } else { value.clone() };
    let raw = rational::to_raw(&size, DECIMALS, Rounding::HalfUp)?;
    let raw = i128::try_from(raw).map_err(|_| AccountingError::Overflow)?;
    Ok(Quantity(if negative { -raw } else { raw }))
}
