//! Accounts of every holder out of a journal of the engine.
//!
//! The journal's commands go through a fresh engine once more, and [`JournalBooks`] reads what each has
//! posted. A movement becomes lots with their basis, and rows with their cause. Everything is valued in
//! the pool's numeraire at the marks of its moment, exactly; what a venue's own rounding keeps or gives
//! has rows of its own. [`JournalBooks::finish`] then counts equity from the ledger and holds the rows to
//! it: nothing is left over, or it is an error with the numbers.
//!
//! How a thing is booked:
//!
//! - What an account has when it is carried over (an import) opens lots at the mark of that moment. Nobody
//!   knows what was paid, so it is an assumption and is told as one.
//! - Claims (deposit shares, debt shares) are their part of the rulebook's own totals. What they grow by is
//!   interest, booked when the account is next touched and at the end.
//! - What is owed is a lot below zero at what it was worth when it came to be owed.
//! - A seizure removes lots at market value and discharges debt at its own: the difference is the penalty.
//! - A position's profit is what the ledger realises, by average entry in whole units. An exact position
//!   beside it must agree to a unit a fill, and another keeps lots, first in first out.

mod cash;
mod claims;
mod contracts;
mod entries;
mod error;
mod finish;
mod marks;
mod row;
mod slot;
mod touch;

pub use error::JournalError;
pub use finish::{AccountResult, JournalAccounts, Stated};
pub use row::{Group, Row, RowKind, Valuations};

use breakwater_engine::{Body, Cause, Command, Engine, Outcome, What};
use breakwater_liquidation::Fact;
use breakwater_money::{AccountId, AssetId, Class, Rational, Time, Transfer, TransferCode, Unit};
use contracts::Contract;
use entries::Writer;
use marks::{Marks, magnitude};
use num_traits::Zero;
use slot::{Moved, Slot};
use std::collections::{BTreeMap, BTreeSet};
use touch::Touch;

/// Books of all accounts of one pool, kept while its journal is applied.
#[derive(Default)]
pub struct JournalBooks {
    accounts: Vec<Account>,
    rows: Vec<Row>,
    writer: Writer,
    unpriced: BTreeSet<(AccountId, Unit)>,
    assumed: BTreeSet<RowKind>,
}

/// What one account has.
#[derive(Default)]
struct Account {
    owner: String,
    slots: BTreeMap<Unit, Slot>,
    contracts: BTreeMap<AssetId, Contract>,
    sums: BTreeMap<RowKind, Rational>,
    forced_sales: u32,
    stated: Stated,
}

/// What is known of one set of transfers while it is read.
struct Scene<'a> {
    at: Time,
    sequence: u64,
    cause: Cause,
    body: &'a Body,
    facts: Vec<&'a Fact>,
    transfers: &'a [Transfer],
    /// Who was bankrupt where winners were closed.
    bankrupt: &'a BTreeSet<AccountId>,
}

/// A row to be written, beside what the scene says.
struct Draft {
    account: AccountId,
    kind: RowKind,
    asset: AssetId,
    quantity: Rational,
    basis: Rational,
    amount: Rational,
    valuations: Option<Valuations>,
}

impl JournalBooks {
    /// Empty books, for an engine that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        JournalBooks::default()
    }

    /// Applies one command to the engine and books what it does.
    ///
    /// # Errors
    /// See [`JournalError`]; the books are of no use then.
    pub fn apply(
        &mut self,
        engine: &mut Engine,
        command: &Command,
    ) -> Result<Outcome, JournalError> {
        let outcome = engine.apply(command);
        self.read(engine, command, &outcome)?;
        Ok(outcome)
    }

    fn read(
        &mut self,
        engine: &Engine,
        command: &Command,
        outcome: &Outcome,
    ) -> Result<(), JournalError> {
        for what in outcome.facts() {
            if let What::AccountOpened { account } = what {
                self.account(*account).owner = engine.owner(*account).unwrap_or("?").to_owned();
            }
        }
        let marks = Marks::new(engine);
        let bankrupt = engine.grounds().queues.iter().map(|queue| queue.bankrupt).collect();
        let postings: Vec<_> = engine.postings().iter().collect();
        for (place, posting) in postings.iter().enumerate() {
            let end = postings.get(place + 1).map_or(outcome.events.len(), |next| next.events);
            let told = outcome.events.get(posting.events..end).unwrap_or_default();
            let facts = told.iter().filter_map(|event| match &event.what {
                What::Happened(fact) => Some(fact),
                _ => None,
            });
            let scene = Scene {
                at: outcome.at,
                sequence: outcome.sequence,
                cause: told.first().map_or(Cause::Command, |event| event.cause),
                body: &command.body,
                facts: facts.collect(),
                transfers: posting.transfers,
                bankrupt: &bankrupt,
            };
            self.posted(&scene, &marks)?;
        }
        self.price_what_waits(&marks, outcome)
    }

    fn account(&mut self, account: AccountId) -> &mut Account {
        if self.accounts.len() <= account.index() {
            self.accounts.resize_with(account.index() + 1, Account::default);
        }
        &mut self.accounts[account.index()]
    }

    fn posted(&mut self, scene: &Scene<'_>, marks: &Marks<'_>) -> Result<(), JournalError> {
        for fact in &scene.facts {
            self.state(fact, marks);
        }
        let touched = touch::by_account(scene.transfers, |asset| marks.contract(asset).is_some());
        for (account, touch) in &touched {
            self.account(*account);
            self.contracts_of(scene, marks, *account, touch)?;
            self.claims_of(scene, marks, *account, touch)?;
            self.tokens_of(scene, marks, *account, touch)?;
        }
        Ok(())
    }

    /// Keeps what the journal itself says of a liquidation, to compare with.
    fn state(&mut self, fact: &Fact, marks: &Marks<'_>) {
        match fact {
            Fact::Seized { account, repaid_value, seized_value, .. } => {
                let stated = &mut self.account(*account).stated;
                stated.discharged += marks.numeraire(*repaid_value);
                stated.market += marks.numeraire(*seized_value);
                stated.seizures += 1;
            }
            Fact::Sold { account, .. } => self.account(*account).stated.sales += 1,
            Fact::Deficit { account, value, .. } => {
                self.account(*account).stated.deficit += marks.numeraire(*value);
            }
            _ => {}
        }
    }

    /// The slot of a unit, made where there is none.
    fn slot(
        &mut self,
        marks: &Marks<'_>,
        account: AccountId,
        unit: Unit,
    ) -> Result<&mut Slot, JournalError> {
        let (decimals, money) = (marks.decimals(unit.asset), marks.is_money(unit.asset));
        let slots = &mut self.account(account).slots;
        Ok(match slots.entry(unit) {
            std::collections::btree_map::Entry::Occupied(held) => held.into_mut(),
            std::collections::btree_map::Entry::Vacant(none) => {
                none.insert(Slot::new(decimals, money)?)
            }
        })
    }

    /// Moves units at the mark. None while there is no mark: they wait for the first.
    fn shift(
        &mut self,
        marks: &Marks<'_>,
        account: AccountId,
        unit: Unit,
        units: i128,
    ) -> Result<Option<Shifted>, JournalError> {
        let value = marks.value(unit.asset, units);
        let slot = self.slot(marks, account, unit)?;
        let owed = slot.units < 0;
        match value {
            Some(value) if slot.unpriced == 0 => {
                let moved = slot.change(units, &magnitude(&value))?;
                Ok(Some(Shifted { value, moved, owed }))
            }
            _ => {
                slot.unpriced = slot.unpriced.saturating_add(units);
                slot.units = slot.units.saturating_add(units);
                self.unpriced.insert((account, unit));
                Ok(None)
            }
        }
    }

    /// What came before its first mark is an opening at that mark.
    fn price_what_waits(
        &mut self,
        marks: &Marks<'_>,
        outcome: &Outcome,
    ) -> Result<(), JournalError> {
        if self.unpriced.is_empty() {
            return Ok(());
        }
        for (account, unit) in self.unpriced.clone() {
            let slot = self.slot(marks, account, unit)?;
            let units = slot.unpriced;
            let Some(value) = marks.value(unit.asset, units) else { continue };
            let slot = self.slot(marks, account, unit)?;
            slot.unpriced = 0;
            slot.units = slot.units.saturating_sub(units);
            slot.change(units, &magnitude(&value))?;
            self.unpriced.remove(&(account, unit));
            if units == 0 {
                continue;
            }
            let (at, sequence) = (outcome.at, outcome.sequence);
            let none = BTreeSet::new();
            let scene = Scene {
                at,
                sequence,
                cause: Cause::Command,
                body: &Body::AdvanceTime,
                facts: Vec::new(),
                transfers: &[],
                bankrupt: &none,
            };
            self.opening(&scene, marks, (account, unit), units, value)?;
        }
        Ok(())
    }

    /// Books what an account had before.
    fn opening(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        (account, unit): (AccountId, Unit),
        units: i128,
        value: Rational,
    ) -> Result<(), JournalError> {
        self.assumed.insert(RowKind::Opening);
        self.writer.opening(scene, marks, (account, unit), units, &value)?;
        self.row(scene, marks, (account, unit.asset), units, RowKind::Opening, value);
        Ok(())
    }

    /// Writes a row of a plain amount.
    fn row(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        (account, asset): (AccountId, AssetId),
        units: i128,
        kind: RowKind,
        amount: Rational,
    ) {
        let quantity = slot::whole(units, marks.decimals(asset));
        let (basis, valuations) = (Rational::zero(), None);
        self.write(scene, Draft { account, kind, asset, quantity, basis, amount, valuations });
    }

    fn write(&mut self, scene: &Scene<'_>, draft: Draft) {
        let Draft { account, kind, asset, quantity, basis, amount, valuations } = draft;
        let sum = self.account(account).sums.entry(kind.unnumbered()).or_default();
        *sum += &amount;
        let (at, sequence, cause) = (scene.at, scene.sequence, scene.cause);
        let row =
            Row { at, sequence, account, kind, cause, asset, quantity, basis, amount, valuations };
        self.rows.push(row);
    }
}

/// Units that were moved at a mark.
struct Shifted {
    /// Their value, signed as they are.
    value: Rational,
    moved: Moved,
    /// Whether the account owed such units before.
    owed: bool,
}

impl Scene<'_> {
    /// Base units of a token that a set of transfers moves between outside and the pool's cash.
    fn through(&self, asset: AssetId, code: TransferCode) -> i128 {
        use breakwater_money::Holder;
        let token = Unit { asset, class: Class::Token };
        let mut sum = 0i128;
        for transfer in self.transfers.iter().filter(|t| t.unit == token && t.code == code) {
            let amount = i128::try_from(transfer.amount).unwrap_or(i128::MAX);
            match (transfer.debit, transfer.credit) {
                (Holder::External, Holder::Reserve) => sum = sum.saturating_add(amount),
                (Holder::Reserve, Holder::External) => sum = sum.saturating_sub(amount),
                _ => {}
            }
        }
        sum
    }
}

/// What one set of transfers does to the account at hand.
type Touched<'a> = &'a Touch;
