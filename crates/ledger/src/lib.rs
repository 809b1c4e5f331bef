//! Double entry per unit, nothing else.
//!
//! Every balance belongs to a [`Holder`] and counts one [`Unit`]; every movement is a
//! [`Transfer`] between two holders, so that each unit sums to zero over all holders after any
//! sequence of transfers. The ledger knows no prices and decides nothing but whether a balance
//! may go where it is asked to.
//!
//! ```
//! use breakwater_ledger::Ledger;
//! use breakwater_money::{AccountId, AssetId, Holder, Transfer, TransferCode, Unit};
//!
//! let mut ledger = Ledger::default();
//! ledger.open(AccountId(0));
//! ledger
//!     .post(&[Transfer {
//!         debit: Holder::External,
//!         credit: Holder::Account(AccountId(0)),
//!         unit: Unit::token(AssetId(0)),
//!         amount: 5,
//!         code: TransferCode::Deposit,
//!     }])
//!     .unwrap();
//! assert_eq!(ledger.balance(Holder::Account(AccountId(0)), Unit::token(AssetId(0))), 5);
//! assert!(ledger.trial_balance().iter().all(|row| row.sum == 0));
//! ```

use breakwater_money::{AccountId, AssetId, Holder, Holding, Transfer, Unit};
use std::collections::BTreeMap;

/// Why a set of transfers was not posted. Nothing of it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// A transfer of nothing: the caller built it wrongly.
    #[error("transfer {at} moves nothing")]
    Nothing {
        /// Place in the set, from zero.
        at: usize,
    },
    /// Debit and credit are the same holder.
    #[error("transfer {at} has the same holder on both sides")]
    OneSided {
        /// Place in the set, from zero.
        at: usize,
    },
    /// The account was never opened.
    #[error("transfer {at} names an account that is not open")]
    Unopened {
        /// Place in the set, from zero.
        at: usize,
    },
    /// A balance would leave the range of 127 bits.
    #[error("transfer {at} overflows a balance")]
    Overflow {
        /// Place in the set, from zero.
        at: usize,
    },
}

/// One unit's balances over all holders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrialRow {
    /// What is counted.
    pub unit: Unit,
    /// Sum of all balances; anything but zero is a broken promise.
    pub sum: i128,
    /// Sum of the balances above zero.
    pub positive: i128,
    /// Sum of margin accounts' own balances and of their positions' quote sides.
    pub accounts: i128,
    /// How many holders have a balance.
    pub holders: u32,
}

/// All balances. Accounts' rows are dense; the few pool holders stand apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    rows: Vec<Vec<Holding>>,
    pool: BTreeMap<(Holder, Unit), i128>,
    posted: u64,
}

impl Ledger {
    /// A ledger with these balances, as told by another one.
    ///
    /// # Errors
    /// The first unit that does not sum to zero.
    pub fn restore(
        rows: Vec<Vec<Holding>>,
        pool: Vec<(Holder, Unit, i128)>,
        posted: u64,
    ) -> Result<Ledger, Unit> {
        let pool = pool.into_iter().map(|(holder, unit, balance)| ((holder, unit), balance));
        let ledger = Ledger { rows, pool: pool.collect(), posted };
        match ledger.trial_balance().into_iter().find(|row| row.sum != 0) {
            Some(row) => Err(row.unit),
            None => Ok(ledger),
        }
    }

    /// Gives the account an empty row. Accounts are opened in order, without gaps.
    pub fn open(&mut self, account: AccountId) {
        if self.rows.len() <= account.index() {
            self.rows.resize_with(account.index() + 1, Vec::new);
        }
    }

    /// Number of open accounts.
    #[must_use]
    pub fn accounts(&self) -> usize {
        self.rows.len()
    }

    /// How many transfers were ever posted.
    #[must_use]
    pub fn posted(&self) -> u64 {
        self.posted
    }

    /// What the account holds, in order of contract and unit; never a zero balance.
    #[must_use]
    pub fn holdings(&self, account: AccountId) -> &[Holding] {
        self.rows.get(account.index()).map_or(&[], Vec::as_slice)
    }

    /// The balance of one holder in one unit; zero if it has none.
    #[must_use]
    pub fn balance(&self, holder: Holder, unit: Unit) -> i128 {
        match row_of(holder) {
            Some((account, contract)) => {
                let row = self.holdings(account);
                match find(row, contract, unit) {
                    Ok(at) => row[at].balance,
                    Err(_) => 0,
                }
            }
            None => self.pool.get(&(holder, unit)).copied().unwrap_or(0),
        }
    }

    /// Balances of the pool's own holders, in order.
    pub fn pool_balances(&self) -> impl Iterator<Item = (Holder, Unit, i128)> + '_ {
        self.pool.iter().map(|((holder, unit), balance)| (*holder, *unit, *balance))
    }

    /// Posts all transfers or none.
    ///
    /// # Errors
    /// The first transfer that is malformed, names an unopened account or overflows; the ledger
    /// is then as it was.
    pub fn post(&mut self, transfers: &[Transfer]) -> Result<(), LedgerError> {
        for (at, transfer) in transfers.iter().enumerate() {
            if let Err(error) = self.post_one(at, transfer) {
                for done in transfers[..at].iter().rev() {
                    self.add(done.credit, done.unit, negated(done.amount));
                    self.add(done.debit, done.unit, positive(done.amount));
                }
                return Err(error);
            }
        }
        self.posted += transfers.len() as u64;
        Ok(())
    }

    fn post_one(&mut self, at: usize, transfer: &Transfer) -> Result<(), LedgerError> {
        if transfer.amount == 0 {
            return Err(LedgerError::Nothing { at });
        }
        if transfer.debit == transfer.credit {
            return Err(LedgerError::OneSided { at });
        }
        for holder in [transfer.debit, transfer.credit] {
            if row_of(holder).is_some_and(|(account, _)| account.index() >= self.rows.len()) {
                return Err(LedgerError::Unopened { at });
            }
        }
        let amount = i128::try_from(transfer.amount).map_err(|_| LedgerError::Overflow { at })?;
        let debit = self.balance(transfer.debit, transfer.unit).checked_sub(amount);
        let credit = self.balance(transfer.credit, transfer.unit).checked_add(amount);
        if debit.is_none_or(|b| b == i128::MIN) || credit.is_none() {
            return Err(LedgerError::Overflow { at });
        }
        self.add(transfer.debit, transfer.unit, -amount);
        self.add(transfer.credit, transfer.unit, amount);
        Ok(())
    }

    /// Adds to a balance that the caller has checked cannot overflow, dropping it at zero.
    fn add(&mut self, holder: Holder, unit: Unit, change: i128) {
        match row_of(holder) {
            Some((account, contract)) => {
                let row = &mut self.rows[account.index()];
                match find(row, contract, unit) {
                    Ok(at) => {
                        row[at].balance += change;
                        if row[at].balance == 0 {
                            row.remove(at);
                        }
                    }
                    Err(at) => row.insert(at, Holding { contract, unit, balance: change }),
                }
            }
            None => {
                let balance = self.pool.entry((holder, unit)).or_insert(0);
                *balance += change;
                if *balance == 0 {
                    self.pool.remove(&(holder, unit));
                }
            }
        }
    }

    /// Every unit's sums, in order of unit.
    #[must_use]
    pub fn trial_balance(&self) -> Vec<TrialRow> {
        let mut rows: BTreeMap<Unit, TrialRow> = BTreeMap::new();
        let mut count = |unit: Unit, balance: i128, of_account: bool| {
            let row = rows.entry(unit).or_insert(TrialRow {
                unit,
                sum: 0,
                positive: 0,
                accounts: 0,
                holders: 0,
            });
            // The true sum is zero: a partial sum may leave the range on the way, modulo 2^128 it
            // comes back exactly.
            row.sum = row.sum.wrapping_add(balance);
            row.positive = row.positive.saturating_add(balance.max(0));
            row.accounts = row.accounts.saturating_add(if of_account { balance } else { 0 });
            row.holders += 1;
        };
        for holding in self.rows.iter().flatten() {
            count(holding.unit, holding.balance, true);
        }
        for ((_, unit), balance) in &self.pool {
            count(*unit, *balance, false);
        }
        rows.into_values().collect()
    }
}

fn negated(amount: u128) -> i128 {
    -positive(amount)
}

fn positive(amount: u128) -> i128 {
    // Only undoes a transfer that was posted, so the amount fitted 127 bits.
    i128::try_from(amount).unwrap_or(i128::MAX)
}

fn row_of(holder: Holder) -> Option<(AccountId, Option<AssetId>)> {
    match holder {
        Holder::Account(account) => Some((account, None)),
        Holder::Position(account, contract) => Some((account, Some(contract))),
        _ => None,
    }
}

fn find(row: &[Holding], contract: Option<AssetId>, unit: Unit) -> Result<usize, usize> {
    row.binary_search_by(|holding| (holding.contract, holding.unit).cmp(&(contract, unit)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use breakwater_money::TransferCode;
    use proptest::prelude::*;

    fn holder() -> impl Strategy<Value = Holder> {
        prop_oneof![
            Just(Holder::External),
            Just(Holder::Reserve),
            Just(Holder::Insurance),
            (0u32..4).prop_map(|a| Holder::Account(AccountId(a))),
            (0u32..4, 0u16..2).prop_map(|(a, c)| Holder::Position(AccountId(a), AssetId(c))),
        ]
    }

    fn transfer() -> impl Strategy<Value = Transfer> {
        let amount = prop_oneof![
            8 => 0u128..1_000,
            1 => Just(i128::MAX as u128),
            1 => Just(u128::MAX)
        ];
        (holder(), holder(), 0u16..3, amount).prop_map(|(debit, credit, asset, amount)| Transfer {
            debit,
            credit,
            unit: Unit::token(AssetId(asset)),
            amount,
            code: TransferCode::Deposit,
        })
    }

    proptest! {
        #[test]
        fn every_unit_sums_to_zero_and_a_refused_set_changes_nothing(
            sets in prop::collection::vec(prop::collection::vec(transfer(), 1..5), 1..20)
        ) {
            let mut ledger = Ledger::default();
            (0..3).for_each(|a| ledger.open(AccountId(a)));
            let mut naive: BTreeMap<(Holder, Unit), i128> = BTreeMap::new();
            for set in &sets {
                let before = ledger.clone();
                if ledger.post(set).is_ok() {
                    for t in set {
                        *naive.entry((t.debit, t.unit)).or_default() -= t.amount as i128;
                        *naive.entry((t.credit, t.unit)).or_default() += t.amount as i128;
                    }
                } else {
                    prop_assert_eq!(&ledger, &before);
                }
                prop_assert!(ledger.trial_balance().iter().all(|row| row.sum == 0));
            }
            for ((holder, unit), balance) in naive {
                prop_assert_eq!(ledger.balance(holder, unit), balance);
            }
        }
    }

    #[test]
    fn what_is_malformed_is_refused_by_name() {
        let mut ledger = Ledger::default();
        ledger.open(AccountId(0));
        let good = Transfer {
            debit: Holder::External,
            credit: Holder::Account(AccountId(0)),
            unit: Unit::token(AssetId(0)),
            amount: 1,
            code: TransferCode::Deposit,
        };
        let post = |ledger: &mut Ledger, t: Transfer| ledger.post(&[good, t]).unwrap_err();
        assert_eq!(
            post(&mut ledger, Transfer { amount: 0, ..good }),
            LedgerError::Nothing { at: 1 }
        );
        assert_eq!(
            post(&mut ledger, Transfer { credit: Holder::External, ..good }),
            LedgerError::OneSided { at: 1 }
        );
        let stranger = Holder::Account(AccountId(7));
        assert_eq!(
            post(&mut ledger, Transfer { credit: stranger, ..good }),
            LedgerError::Unopened { at: 1 }
        );
        let most = i128::MAX as u128;
        assert_eq!(
            post(&mut ledger, Transfer { amount: most, ..good }),
            LedgerError::Overflow { at: 1 }
        );
        assert_eq!(ledger, {
            let mut fresh = Ledger::default();
            fresh.open(AccountId(0));
            fresh
        });
    }
}
