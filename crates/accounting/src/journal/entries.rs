//! The same movements as entries, for whoever reads one stream whatever its source.
//!
//! Every account is a holder of its own with two wallets: the account, and what lies outside of it. The
//! journal does not see the second: what goes out is moved there, what comes in is taken to have cost
//! what it is worth.

use super::marks::{Marks, magnitude};
use super::touch::{Moved, Traded};
use super::{JournalError, RowKind, Scene, slot};
use crate::entry::{
    Acquire, Acquired, Borrow, Dispose, Disposed, Entry, Expense, ExpenseKind, Fill, FillReason,
    Funding, Kind, Payer, Repay, Transfer, Waived,
};
use crate::number::DECIMALS;
use crate::{AccountingError, ContractId, Names, Price, Quantity, Value, names};
use breakwater_engine::Body;
use breakwater_liquidation::contract::Form;
use breakwater_liquidation::{Call, ContractTerms, Fact};
use breakwater_money::{AccountId, AssetId, Class, Rational, Rounding, Unit, rational};
use num_traits::{Signed, Zero};
use std::collections::{BTreeMap, BTreeSet};

/// Writes entries as movements are booked.
#[derive(Default)]
pub(super) struct Writer {
    pub names: Names,
    pub entries: BTreeMap<AccountId, Vec<Entry>>,
    /// What no entry tells of, in words.
    pub omitted: BTreeSet<&'static str>,
    /// Lines of the command that is read.
    line: (u64, u32),
}

impl Writer {
    fn write(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        account: AccountId,
        kind: Kind,
    ) -> Result<(), JournalError> {
        let (sequence, line) = self.line;
        self.line =
            if sequence == scene.sequence { (sequence, line + 1) } else { (scene.sequence, 1) };
        let source = self.names.source(&format!("frame {}, line {}", self.line.0, self.line.1));
        let wallet = self.names.wallet(&wallet(marks, account));
        self.entries.entry(account).or_default().push(Entry { at: scene.at, wallet, source, kind });
        Ok(())
    }

    fn asset(&mut self, marks: &Marks<'_>, asset: AssetId) -> names::AssetId {
        let id = self.names.asset(marks.symbol(asset));
        self.names.set_cash(id, marks.is_money(asset));
        id
    }

    /// What an account had before: lots as stated, and debts whose money left long ago.
    pub fn opening(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        (account, unit): (AccountId, Unit),
        units: i128,
        value: &Rational,
    ) -> Result<(), JournalError> {
        let asset = self.asset(marks, unit.asset);
        let (quantity, value) = (units_of(marks, unit.asset, units)?, value_of(value)?);
        if units < 0 {
            let borrow = Borrow { asset, quantity: quantity.magnitude(), value: value.magnitude() };
            self.write(scene, marks, account, Kind::Borrow(borrow))?;
            return self.leaves(scene, marks, (account, asset), quantity.magnitude(), value);
        }
        let acquired = Some(scene.at);
        let how = Acquired::Opening;
        let acquire =
            Acquire { asset, quantity, cost: value, fee: Value::ZERO, how, acquired, price: None };
        self.write(scene, marks, account, Kind::Acquire(acquire))
    }

    /// Units go to the holder's wallet outside.
    fn leaves(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        (account, asset): (AccountId, names::AssetId),
        quantity: Quantity,
        value: Value,
    ) -> Result<(), JournalError> {
        let to = self.names.wallet(&format!("{}, outside", wallet(marks, account)));
        let price = value.magnitude().per(quantity)?;
        let (sent, received, lots) = (quantity, quantity, Vec::new());
        let transfer = Transfer { asset, to, sent, received, price, lots };
        self.write(scene, marks, account, Kind::Transfer(transfer))
    }

    fn arrives(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        (account, asset): (AccountId, names::AssetId),
        (quantity, cost): (Quantity, Value),
        how: Acquired,
    ) -> Result<(), JournalError> {
        let (fee, acquired) = (Value::ZERO, None);
        let acquire = Acquire { asset, quantity, cost, fee, how, acquired, price: None };
        self.write(scene, marks, account, Kind::Acquire(acquire))
    }

    /// Interest since the last touch.
    pub fn grown(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        (account, unit): (AccountId, Unit),
        units: i128,
        value: &Rational,
    ) -> Result<(), JournalError> {
        let (quantity, value) = (units_of(marks, unit.asset, units)?, value_of(value)?);
        if unit.class != Class::Debt && units > 0 {
            let asset = self.asset(marks, unit.asset);
            let (place, worth) = ((account, asset), (quantity, value));
            return self.arrives(scene, marks, place, worth, Acquired::Interest);
        }
        let owed = unit.class == Class::Debt;
        let kind = if owed { ExpenseKind::BorrowInterest } else { ExpenseKind::Other };
        self.expense(scene, marks, (account, unit), (quantity, value), kind)
    }

    /// Costs of the account, or refunds: units are signed as the account's balance changes.
    fn expense(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        (account, unit): (AccountId, Unit),
        (quantity, value): (Quantity, Value),
        kind: ExpenseKind,
    ) -> Result<(), JournalError> {
        let (quantity, value) = (quantity.negated()?, value.negated()?);
        let (asset, contract) = (self.asset(marks, unit.asset), None);
        let accrued = unit.class == Class::Debt;
        let expense = Expense { kind, asset, quantity, value, accrued, contract };
        self.write(scene, marks, account, Kind::Expense(expense))
    }

    /// One leg of a liquidation of a claim.
    pub fn liquidated(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        (account, unit): (AccountId, Unit),
        (units, value): (i128, &Rational),
        kind: RowKind,
        fact: Option<&Fact>,
    ) -> Result<(), JournalError> {
        let asset = self.asset(marks, unit.asset);
        let (quantity, worth) = (units_of(marks, unit.asset, units)?, value_of(value)?);
        match fact {
            Some(Fact::Seized { fee, repaid_value, seized_value, .. }) => {
                let fee_units = if fee.asset == unit.asset { fee.raw } else { 0 };
                let fee_units = i128::try_from(fee_units).unwrap_or(i128::MAX);
                let fee_in_kind = units_of(marks, unit.asset, fee_units)?;
                let dispose = Dispose {
                    asset,
                    quantity: quantity.magnitude().minus(fee_in_kind)?,
                    fee_in_kind,
                    proceeds: value_of(&marks.numeraire(*repaid_value))?,
                    fee: Value::ZERO,
                    market: Some(value_of(&marks.numeraire(*seized_value))?),
                    how: Disposed::Seizure,
                    lots: Vec::new(),
                };
                self.write(scene, marks, account, Kind::Dispose(dispose))
            }
            Some(Fact::Sold { proceeds, .. }) => {
                let slice = match kind {
                    RowKind::ForcedSale { slice } => slice,
                    _ => 1,
                };
                let got = i128::try_from(proceeds.raw).unwrap_or(i128::MAX);
                let got = marks.value(proceeds.asset, got).unwrap_or_else(|| value.clone());
                let dispose = Dispose {
                    asset,
                    quantity: quantity.magnitude(),
                    fee_in_kind: Quantity::ZERO,
                    proceeds: value_of(&magnitude(&got))?,
                    fee: Value::ZERO,
                    market: Some(worth.magnitude()),
                    how: Disposed::ForcedSale(slice),
                    lots: Vec::new(),
                };
                self.write(scene, marks, account, Kind::Dispose(dispose))
            }
            _ if unit.class == Class::Debt => {
                let (payer, lots) = (Payer::Liquidator, Vec::new());
                let repay = Repay { asset, quantity, value: worth, payer, lots };
                self.write(scene, marks, account, Kind::Repay(repay))
            }
            _ => {
                let place = (account, asset);
                self.arrives(scene, marks, place, (quantity, worth), Acquired::Bought)
            }
        }
    }

    /// One margin asset sold for another.
    pub fn sold(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        account: AccountId,
        (out, came): (Moved, Moved),
        kind: RowKind,
        (market, proceeds): (&Rational, &Rational),
    ) -> Result<(), JournalError> {
        let slice = match kind {
            RowKind::ForcedSale { slice } => slice,
            _ => 1,
        };
        let asset = self.asset(marks, out.asset);
        let dispose = Dispose {
            asset,
            quantity: units_of(marks, out.asset, out.units)?.magnitude(),
            fee_in_kind: Quantity::ZERO,
            proceeds: value_of(proceeds)?,
            fee: Value::ZERO,
            market: Some(value_of(market)?),
            how: Disposed::ForcedSale(slice),
            lots: Vec::new(),
        };
        self.write(scene, marks, account, Kind::Dispose(dispose))?;
        let asset = self.asset(marks, came.asset);
        let worth = (units_of(marks, came.asset, came.units)?, value_of(proceeds)?);
        self.arrives(scene, marks, (account, asset), worth, Acquired::Bought)
    }

    /// Business, fees, funding and losses: units are signed as the account's balance changes.
    pub fn moved(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        (account, unit): (AccountId, Unit),
        units: i128,
        value: &Rational,
        kind: RowKind,
    ) -> Result<(), JournalError> {
        let asset = self.asset(marks, unit.asset);
        let (quantity, worth) = (units_of(marks, unit.asset, units)?, value_of(value)?);
        let place = (account, asset);
        let what = match kind {
            RowKind::Deposited => {
                return self.arrives(scene, marks, place, (quantity, worth), Acquired::Assumed);
            }
            RowKind::Received if units > 0 => {
                return self.arrives(scene, marks, place, (quantity, worth), Acquired::Bought);
            }
            RowKind::Withdrawn | RowKind::Received => {
                return self.leaves(scene, marks, place, quantity.magnitude(), worth);
            }
            RowKind::Borrowed => {
                let (quantity, value) = (quantity.magnitude(), worth.magnitude());
                let borrow = Borrow { asset, quantity, value };
                self.write(scene, marks, account, Kind::Borrow(borrow))?;
                return self.leaves(scene, marks, place, quantity, value);
            }
            RowKind::Repaid => {
                self.arrives(scene, marks, place, (quantity, worth), Acquired::Assumed)?;
                let (payer, lots) = (Payer::Holder, Vec::new());
                Kind::Repay(Repay { asset, quantity, value: worth, payer, lots })
            }
            RowKind::Waived => Kind::Waived(Waived { asset, quantity, value: worth }),
            RowKind::Funding => {
                return self.funded(scene, marks, account, unit.asset, quantity, worth);
            }
            _ => {
                let kind = match kind {
                    RowKind::TradingFee => ExpenseKind::TradingFee,
                    RowKind::LiquidationFee => ExpenseKind::LiquidationFee,
                    RowKind::KeeperFee => ExpenseKind::KeeperFee,
                    RowKind::BorrowInterest => ExpenseKind::BorrowInterest,
                    _ => ExpenseKind::Other,
                };
                return self.expense(scene, marks, (account, unit), (quantity, worth), kind);
            }
        };
        self.write(scene, marks, account, what)
    }

    fn funded(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        account: AccountId,
        settle: AssetId,
        amount: Quantity,
        value: Value,
    ) -> Result<(), JournalError> {
        let Body::Call(Call::Fund { contract, .. }) = scene.body else {
            let unit = Unit::token(settle);
            let worth = (amount, value);
            return self.expense(scene, marks, (account, unit), worth, ExpenseKind::Other);
        };
        let terms = marks.contract(*contract);
        let Some(contract) =
            terms.map(|terms| self.contract(marks, *contract, &terms)).transpose()?.flatten()
        else {
            return Ok(());
        };
        let settle_price = price_of(&marks.price(settle).unwrap_or_else(Rational::zero))?;
        self.write(scene, marks, account, Kind::Funding(Funding { contract, amount, settle_price }))
    }

    /// The contract as entries know it; none for an option, whose exercise entries cannot tell.
    fn contract(
        &mut self,
        marks: &Marks<'_>,
        asset: AssetId,
        terms: &ContractTerms,
    ) -> Result<Option<ContractId>, JournalError> {
        let form = match terms.form {
            Form::Linear => names::Form::Linear,
            Form::Inverse => names::Form::Inverse,
            Form::Option(_) => {
                self.omitted.insert("options: entries know futures and perpetuals only");
                return Ok(None);
            }
        };
        let size = i128::from(terms.multiplier);
        let size = Quantity(scaled(size, terms.multiplier_decimals)?);
        let settle = self.asset(marks, terms.settle);
        let (name, venue) = (marks.symbol(asset).to_owned(), marks.venue().to_owned());
        Ok(Some(self.names.contract(names::Contract { name, venue, form, size, settle })?))
    }

    /// A position changed. The fee that rides with the fill is told with it.
    pub fn filled(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        (account, asset): (AccountId, AssetId),
        terms: &ContractTerms,
        traded: &Traded,
        (kind, fee): (RowKind, i128),
    ) -> Result<(), JournalError> {
        if traded.size == 0 {
            self.omitted
                .insert("sessions: profit that became cash is told when the position closes");
            return Ok(());
        }
        let Some(contract) = self.contract(marks, asset, terms)? else { return Ok(()) };
        let reason = match kind {
            RowKind::Traded => FillReason::Trade,
            RowKind::Deleveraged => FillReason::Deleveraged,
            RowKind::Delivered => FillReason::Expiry,
            _ => FillReason::Liquidation,
        };
        let one = slot::whole(i128::from(terms.multiplier), terms.multiplier_decimals);
        let units = magnitude(&slot::whole(traded.size, marks.decimals(asset))) * one;
        let value = magnitude(&slot::whole(traded.quote, marks.decimals(terms.settle)));
        let at = match terms.form {
            Form::Inverse if !value.is_zero() => units / value,
            Form::Inverse => return Ok(()),
            Form::Linear | Form::Option(_) => value / units,
        };
        let settle_price = price_of(&marks.price(terms.settle).unwrap_or_else(Rational::zero))?;
        let fill = Fill {
            contract,
            quantity: units_of(marks, asset, traded.size)?,
            price: price_of(&at)?,
            fee: units_of(marks, terms.settle, fee)?,
            reason,
            settle_price,
        };
        self.write(scene, marks, account, Kind::Fill(fill))
    }
}

fn wallet(marks: &Marks<'_>, account: AccountId) -> String {
    format!("{}, {account}", marks.owner(account))
}

/// Base units at the decimals of entries.
fn units_of(marks: &Marks<'_>, asset: AssetId, units: i128) -> Result<Quantity, JournalError> {
    Ok(Quantity(scaled(units, marks.decimals(asset))?))
}

fn scaled(units: i128, decimals: u8) -> Result<i128, AccountingError> {
    let more = DECIMALS.checked_sub(decimals).ok_or(AccountingError::Overflow)?;
    let factor = 10i128.checked_pow(more.into()).ok_or(AccountingError::Overflow)?;
    units.checked_mul(factor).ok_or(AccountingError::Overflow)
}

/// The nearest number of eighteen decimals.
fn nearest(value: &Rational) -> Result<i128, AccountingError> {
    let raw = rational::to_raw(&value.abs(), DECIMALS, Rounding::HalfUp)?;
    let raw = i128::try_from(raw).map_err(|_| AccountingError::Overflow)?;
    Ok(if value.is_negative() { -raw } else { raw })
}

fn value_of(value: &Rational) -> Result<Value, AccountingError> {
    nearest(value).map(Value)
}

fn price_of(value: &Rational) -> Result<Price, AccountingError> {
    nearest(value).map(Price)
}
