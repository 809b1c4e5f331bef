//! What the last command has posted: its transfers, in the sets that were committed whole.
//!
//! Events tell what happened in a reader's terms and leave out what follows from it, such as which
//! account paid how much of a funding payment. Whoever keeps accounts beside the engine reads the
//! transfers themselves. They are no part of the state: no step reads them, no hash has them, and the
//! next command begins with none.

use breakwater_money::Transfer;

/// Transfers of one command, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Postings {
    transfers: Vec<Transfer>,
    sets: Vec<Set>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Set {
    /// Events told before it.
    events: usize,
    /// Where its transfers begin.
    begin: usize,
}

/// One set of transfers that was posted whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting<'a> {
    /// How many events of the outcome were told before it.
    pub events: usize,
    /// Its transfers, in order.
    pub transfers: &'a [Transfer],
}

impl Postings {
    pub(crate) fn clear(&mut self) {
        self.transfers.clear();
        self.sets.clear();
    }

    pub(crate) fn note(&mut self, events: usize, transfers: &[Transfer]) {
        if !transfers.is_empty() {
            self.sets.push(Set { events, begin: self.transfers.len() });
            self.transfers.extend_from_slice(transfers);
        }
    }

    /// The sets, in order. What is told of one stands from its place among the events to that of the
    /// next.
    pub fn iter(&self) -> impl Iterator<Item = Posting<'_>> {
        self.sets.iter().enumerate().map(|(at, set)| {
            let end = self.sets.get(at + 1).map_or(self.transfers.len(), |next| next.begin);
            // Sets begin where the one before has ended.
            let transfers = self.transfers.get(set.begin..end).unwrap_or_default();
            Posting { events: set.events, transfers }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use breakwater_money::{AssetId, Holder, TransferCode, Unit};

    #[test]
    fn sets_keep_their_transfers_and_their_place() {
        let transfer = |amount| Transfer {
            debit: Holder::External,
            credit: Holder::Insurance,
            unit: Unit::token(AssetId(0)),
            amount,
            code: TransferCode::Deposit,
        };
        let mut postings = Postings::default();
        postings.note(0, &[transfer(1), transfer(2)]);
        postings.note(1, &[]);
        postings.note(3, &[transfer(3)]);
        let found: Vec<(usize, Vec<u128>)> = postings
            .iter()
            .map(|set| (set.events, set.transfers.iter().map(|t| t.amount).collect()))
            .collect();
        assert_eq!(found, [(0, vec![1, 2]), (3, vec![3])]);
        postings.clear();
        assert_eq!(postings.iter().count(), 0);
    }
}
