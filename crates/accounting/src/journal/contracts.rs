//! Positions: what the ledger realises, with an exact position and lots beside it.

use super::marks::Marks;
use super::touch::Traded;
use super::{Draft, JournalBooks, JournalError, RowKind, Scene, Touched};
use crate::derivatives::{self, Matching, Position, Terms};
use breakwater_liquidation::ContractTerms;
use breakwater_liquidation::contract::Form;
use breakwater_money::{AccountId, AssetId, Rational, TransferCode};
use num_traits::{Signed, Zero};

/// One account's position in one contract.
pub(super) struct Contract {
    pub terms: ContractTerms,
    /// Base units held.
    pub size: i128,
    /// Quote side, base units of the settle asset.
    pub quote: i128,
    /// What the ledger has realised, base units of the settle asset.
    pub realised: i128,
    /// The same position without rounding, by average entry.
    pub average: Position,
    /// And by lots, first in first out.
    pub lots: Position,
    /// Movements so far: each may be a unit off.
    pub roundings: u32,
}

impl Contract {
    fn new(terms: ContractTerms) -> Result<Self, JournalError> {
        let form = match terms.form {
            Form::Inverse => derivatives::Form::Inverse,
            Form::Linear | Form::Option(_) => derivatives::Form::Linear,
        };
        // What one contract counts for is in the values: the ledger gives them whole.
        let one = Terms::new(form, Rational::from_integer(1.into()))?;
        let average = Position::flat(one.clone(), Matching::AverageEntry);
        let lots = Position::flat(one, Matching::Fifo);
        Ok(Contract { terms, size: 0, quote: 0, realised: 0, average, lots, roundings: 0 })
    }
}

impl JournalBooks {
    /// Books every position of the account that the set touches.
    pub(super) fn contracts_of(
        &mut self,
        scene: &Scene<'_>,
        marks: &Marks<'_>,
        account: AccountId,
        touch: Touched<'_>,
    ) -> Result<(), JournalError> {
        for (asset, traded) in &touch.contracts {
            let Some(terms) = marks.contract(*asset) else { continue };
            let before = self.follow(marks, account, *asset, terms, traded)?;
            let kind = kind_of(scene, account, traded);
            let fee = if touch.fee_rides(terms.settle) { fee_of(touch, terms.settle) } else { 0 };
            let place = (account, *asset);
            self.writer.filled(scene, marks, place, &terms, traded, (kind, fee))?;
            if traded.realised == 0 {
                continue;
            }
            let Some(amount) = marks.value(terms.settle, traded.realised) else { continue };
            let closed = if traded.size == 0 { 0 } else { closed(before, traded.size) };
            let quantity = super::slot::whole(closed, marks.decimals(*asset));
            let (basis, valuations) = (Rational::zero(), None);
            let asset = *asset;
            self.write(scene, Draft { account, kind, asset, quantity, basis, amount, valuations });
        }
        Ok(())
    }

    /// Takes the movement into the ledger's numbers and the exact ones. Returns the size before.
    fn follow(
        &mut self,
        marks: &Marks<'_>,
        account: AccountId,
        asset: AssetId,
        terms: ContractTerms,
        traded: &Traded,
    ) -> Result<i128, JournalError> {
        let (decimals, settle) = (marks.decimals(asset), marks.decimals(terms.settle));
        let contracts = &mut self.account(account).contracts;
        let held = match contracts.entry(asset) {
            std::collections::btree_map::Entry::Occupied(held) => held.into_mut(),
            std::collections::btree_map::Entry::Vacant(none) => none.insert(Contract::new(terms)?),
        };
        let before = held.size;
        held.size = held.size.saturating_add(traded.size);
        held.quote = held.quote.saturating_add(traded.quote).saturating_sub(traded.realised);
        held.realised = held.realised.saturating_add(traded.realised);
        held.roundings = held.roundings.saturating_add(traded.parts.max(1));
        let none = Rational::zero();
        if traded.size != 0 {
            let quantity = super::slot::whole(traded.size, decimals);
            let value = super::slot::whole(traded.quote.saturating_abs(), settle);
            held.average.trade(&quantity, &value, &none)?;
            held.lots.trade(&quantity, &value, &none)?;
        } else if traded.realised != 0 && before != 0 {
            // A session's mark, as a price of what one contract counts for.
            let worth = marks.position(asset, &terms, before).map(|worth| worth.abs());
            let Some(worth) = worth.filter(|worth| worth.is_positive()) else { return Ok(before) };
            let units = super::slot::whole(before, decimals).abs();
            let price = match terms.form {
                Form::Inverse => units / worth,
                Form::Linear | Form::Option(_) => worth / units,
            };
            held.average.mark(&price)?;
            held.lots.mark(&price)?;
        }
        Ok(before)
    }
}

/// How much of a position a change of its size closes, signed as the change.
fn closed(before: i128, change: i128) -> i128 {
    if before == 0 || (before > 0) == (change > 0) {
        return 0;
    }
    if change.unsigned_abs() > before.unsigned_abs() { before.saturating_neg() } else { change }
}

fn kind_of(scene: &Scene<'_>, account: AccountId, traded: &Traded) -> RowKind {
    match traded.code {
        Some(TransferCode::Trade) => RowKind::Traded,
        Some(TransferCode::Sale) => RowKind::Liquidated,
        Some(TransferCode::Deleverage) if scene.bankrupt.contains(&account) => RowKind::Liquidated,
        Some(TransferCode::Deleverage) => RowKind::Deleveraged,
        Some(TransferCode::Deliver) => RowKind::Delivered,
        Some(TransferCode::Takeover) => RowKind::TakenOver,
        Some(_) => RowKind::Other,
        None => RowKind::Settled,
    }
}

/// Fees in the settle asset that the same set takes from the account, base units.
fn fee_of(touch: Touched<'_>, settle: AssetId) -> i128 {
    let fees = touch.tokens.iter();
    let fees = fees.filter(|moved| moved.code == TransferCode::Fee && moved.asset == settle);
    fees.map(|moved| moved.units.saturating_neg()).sum()
}
