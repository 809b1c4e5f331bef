//! From entries to movements, with what is owed and what was spent kept beside.

use crate::entry::{
    Acquired, Borrow, Entry, Expense, ExpenseKind, Kind, Payer, Repay, Transfer, Waived,
};
use crate::error::{AccountingError, Result};
use crate::movement::{Change, Incoming, Movement, OutReason, Outgoing};
use crate::names::{AssetId, ContractId, Names, SourceId, WalletId};
use crate::number::{Quantity, Value};
use breakwater_money::Time;
use std::collections::BTreeMap;

/// What is owed of one asset in one wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Debt {
    /// Units owed.
    pub quantity: Quantity,
    /// What they were worth when they were borrowed or accrued.
    pub value: Value,
}

/// An expense that was paid or accrued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpenseRow {
    /// When.
    pub at: Time,
    /// Wallet.
    pub wallet: WalletId,
    /// Row or event.
    pub source: SourceId,
    /// What for.
    pub kind: ExpenseKind,
    /// Asset in which it was paid.
    pub asset: AssetId,
    /// Units.
    pub quantity: Quantity,
    /// What they were worth.
    pub value: Value,
    /// Added to the debt instead of paid.
    pub accrued: bool,
    /// The contract it belongs to.
    pub contract: Option<ContractId>,
}

/// A debt that somebody else bore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaivedRow {
    /// When.
    pub at: Time,
    /// Wallet.
    pub wallet: WalletId,
    /// Row or event.
    pub source: SourceId,
    /// Asset that was owed.
    pub asset: AssetId,
    /// Units.
    pub quantity: Quantity,
    /// What they were worth.
    pub value: Value,
}

/// Debts and expenses of a holder; entries go in, movements come out.
#[derive(Debug, Clone, Default)]
pub struct Books {
    debts: BTreeMap<(WalletId, AssetId), Debt>,
    expenses: Vec<ExpenseRow>,
    waived: Vec<WaivedRow>,
}

impl Books {
    /// Empty books.
    #[must_use]
    pub fn new() -> Self {
        Books::default()
    }

    /// What is owed, by wallet and asset; what was paid back whole is left out.
    pub fn debts(&self) -> impl Iterator<Item = (WalletId, AssetId, Debt)> {
        let owed = self.debts.iter().filter(|(_, debt)| !debt.quantity.is_zero());
        owed.map(|((wallet, asset), debt)| (*wallet, *asset, *debt))
    }

    /// Expenses, in the order of their entries.
    #[must_use]
    pub fn expenses(&self) -> &[ExpenseRow] {
        &self.expenses
    }

    /// Debts that somebody else bore.
    #[must_use]
    pub fn waived(&self) -> &[WaivedRow] {
        &self.waived
    }

    /// Takes one entry and gives the movements it causes to `each`, in order. Entries of
    /// derivatives move nothing here: [`crate::contracts`] settles them.
    ///
    /// # Errors
    /// A quantity that is not above zero, a number that does not fit, or whatever `each` says.
    pub fn apply(
        &mut self,
        names: &Names,
        entry: &Entry,
        each: &mut dyn FnMut(Movement) -> Result<()>,
    ) -> Result<()> {
        match &entry.kind {
            Kind::Acquire(acquire) => {
                above_zero("quantity", acquire.quantity)?;
                if names.is_cash(acquire.asset) {
                    return Ok(());
                }
                let incoming = Incoming {
                    quantity: acquire.quantity,
                    cost: acquire.cost,
                    fee: acquire.fee,
                    how: acquire.how,
                    acquired: acquire.acquired.unwrap_or(entry.at),
                    price: acquire.price,
                };
                each(moved(entry, acquire.asset, Change::In(incoming)))
            }
            Kind::Dispose(dispose) => {
                let quantity = dispose.quantity.plus(dispose.fee_in_kind)?;
                above_zero("quantity", quantity)?;
                if names.is_cash(dispose.asset) {
                    return Ok(());
                }
                let outgoing = Outgoing {
                    quantity,
                    fee_in_kind: dispose.fee_in_kind,
                    proceeds: dispose.proceeds,
                    fee: dispose.fee,
                    market: dispose.market,
                    how: OutReason::Disposed(dispose.how),
                    lots: dispose.lots.clone(),
                };
                each(moved(entry, dispose.asset, Change::Out(outgoing)))
            }
            Kind::Transfer(transfer) => transferred(names, entry, transfer, each),
            Kind::Borrow(borrow) => self.borrowed(names, entry, borrow, each),
            Kind::Repay(repay) => self.repaid(names, entry, repay, each),
            Kind::Expense(expense) => self.spent(names, entry, expense, each),
            Kind::Waived(waived) => self.forgiven(entry, waived),
            Kind::Fill(_) | Kind::Mark(_) | Kind::Funding(_) => Ok(()),
        }
    }

    fn borrowed(
        &mut self,
        names: &Names,
        entry: &Entry,
        borrow: &Borrow,
        each: &mut dyn FnMut(Movement) -> Result<()>,
    ) -> Result<()> {
        above_zero("quantity", borrow.quantity)?;
        self.owe(entry.wallet, borrow.asset, borrow.quantity, borrow.value)?;
        if names.is_cash(borrow.asset) {
            return Ok(());
        }
        let incoming = Incoming {
            quantity: borrow.quantity,
            cost: borrow.value,
            fee: Value::ZERO,
            how: Acquired::Borrowed,
            acquired: entry.at,
            price: None,
        };
        each(moved(entry, borrow.asset, Change::In(incoming)))
    }

    fn repaid(
        &mut self,
        names: &Names,
        entry: &Entry,
        repay: &Repay,
        each: &mut dyn FnMut(Movement) -> Result<()>,
    ) -> Result<()> {
        above_zero("quantity", repay.quantity)?;
        let discharged = self.discharge(entry.wallet, repay.asset, repay.quantity)?;
        let beyond = repay.quantity.minus(discharged.quantity)?;
        if !beyond.is_zero() && repay.payer == Payer::Holder {
            // More came back than was borrowed: the rest is interest that no entry accrued.
            self.expenses.push(ExpenseRow {
                at: entry.at,
                wallet: entry.wallet,
                source: entry.source,
                kind: ExpenseKind::BorrowInterest,
                asset: repay.asset,
                quantity: beyond,
                value: repay.value.share(beyond, repay.quantity)?,
                accrued: false,
                contract: None,
            });
        }
        if names.is_cash(repay.asset) || repay.payer == Payer::Liquidator {
            return Ok(());
        }
        let beyond_value = repay.value.share(beyond, repay.quantity)?;
        let outgoing = Outgoing {
            quantity: repay.quantity,
            fee_in_kind: Quantity::ZERO,
            proceeds: discharged.value.plus(beyond_value)?,
            fee: Value::ZERO,
            market: Some(repay.value),
            how: OutReason::Repaid,
            lots: repay.lots.clone(),
        };
        each(moved(entry, repay.asset, Change::Out(outgoing)))
    }

    fn spent(
        &mut self,
        names: &Names,
        entry: &Entry,
        expense: &Expense,
        each: &mut dyn FnMut(Movement) -> Result<()>,
    ) -> Result<()> {
        let Expense { kind, asset, quantity, value, accrued, contract } = *expense;
        let Entry { at, wallet, source, .. } = *entry;
        let row =
            ExpenseRow { at, wallet, source, kind, asset, quantity, value, accrued, contract };
        self.expenses.push(row);
        if accrued {
            return self.owe(wallet, asset, quantity, value);
        }
        if names.is_cash(asset) || quantity.is_zero() {
            return Ok(());
        }
        if quantity < Quantity::ZERO {
            let incoming = Incoming {
                quantity: quantity.negated()?,
                cost: value.negated()?,
                fee: Value::ZERO,
                how: Acquired::Settlement,
                acquired: at,
                price: None,
            };
            return each(moved(entry, asset, Change::In(incoming)));
        }
        let outgoing = Outgoing {
            quantity,
            fee_in_kind: Quantity::ZERO,
            proceeds: value,
            fee: Value::ZERO,
            market: Some(value),
            how: OutReason::Expense,
            lots: Vec::new(),
        };
        each(moved(entry, asset, Change::Out(outgoing)))
    }

    fn forgiven(&mut self, entry: &Entry, waived: &Waived) -> Result<()> {
        let Waived { asset, quantity, value } = *waived;
        self.discharge(entry.wallet, asset, quantity)?;
        let Entry { at, wallet, source, .. } = *entry;
        self.waived.push(WaivedRow { at, wallet, source, asset, quantity, value });
        Ok(())
    }

    fn owe(
        &mut self,
        wallet: WalletId,
        asset: AssetId,
        more: Quantity,
        value: Value,
    ) -> Result<()> {
        let debt = self.debts.entry((wallet, asset)).or_default();
        debt.quantity = debt.quantity.plus(more)?;
        debt.value = debt.value.plus(value)?;
        Ok(())
    }

    /// Takes up to `quantity` off what is owed, with its share of the value.
    fn discharge(&mut self, wallet: WalletId, asset: AssetId, quantity: Quantity) -> Result<Debt> {
        let debt = self.debts.entry((wallet, asset)).or_default();
        let paid = quantity.min(debt.quantity.max(Quantity::ZERO));
        if paid.is_zero() {
            return Ok(Debt::default());
        }
        let value = debt.value.share(paid, debt.quantity)?;
        debt.quantity = debt.quantity.minus(paid)?;
        debt.value = debt.value.minus(value)?;
        Ok(Debt { quantity: paid, value })
    }
}

fn transferred(
    names: &Names,
    entry: &Entry,
    transfer: &Transfer,
    each: &mut dyn FnMut(Movement) -> Result<()>,
) -> Result<()> {
    above_zero("quantity sent", transfer.sent)?;
    let fee = transfer.sent.minus(transfer.received)?;
    if transfer.received < Quantity::ZERO || fee < Quantity::ZERO {
        return Err(AccountingError::ReceivedMore { sent: transfer.sent, got: transfer.received });
    }
    if names.is_cash(transfer.asset) {
        return Ok(());
    }
    if !fee.is_zero() {
        let worth = fee.at(transfer.price)?;
        let outgoing = Outgoing {
            quantity: fee,
            fee_in_kind: Quantity::ZERO,
            proceeds: worth,
            fee: Value::ZERO,
            market: Some(worth),
            how: OutReason::NetworkFee,
            lots: transfer.lots.clone(),
        };
        each(moved(entry, transfer.asset, Change::Out(outgoing)))?;
    }
    if transfer.received.is_zero() {
        return Ok(());
    }
    let change = Change::Move {
        to: transfer.to,
        quantity: transfer.received,
        price: transfer.price,
        lots: transfer.lots.clone(),
    };
    each(moved(entry, transfer.asset, change))
}

fn moved(entry: &Entry, asset: AssetId, change: Change) -> Movement {
    Movement { at: entry.at, wallet: entry.wallet, source: entry.source, asset, change }
}

fn above_zero(field: &'static str, found: Quantity) -> Result<()> {
    if found > Quantity::ZERO {
        return Ok(());
    }
    Err(AccountingError::NotAboveZero { field, found })
}
