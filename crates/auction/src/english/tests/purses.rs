//! Where money and lot are, by the moves alone.

use super::super::{Matter, Move, Party};
use super::Who;
use std::collections::BTreeMap;

/// Balances relative to the start, which was nothing for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Purses {
    money: BTreeMap<String, i128>,
    lot: BTreeMap<String, i128>,
}

impl Purses {
    pub(super) fn apply(&mut self, moves: &[Move<Who>]) {
        for one in moves {
            assert!(!one.amount.is_zero(), "a move of nothing: {one:?}");
            assert!(one.from != one.to, "a move that goes nowhere: {one:?}");
            let amount = i128::try_from(u128::try_from(one.amount).unwrap()).unwrap();
            let purse = match one.matter {
                Matter::Money => &mut self.money,
                Matter::Lot => &mut self.lot,
            };
            *purse.entry(name(one.from)).or_default() -= amount;
            *purse.entry(name(one.to)).or_default() += amount;
        }
    }

    /// The owner puts the lot into escrow.
    pub(super) fn deliver(&mut self, lot: u128) {
        let lot = i128::try_from(lot).unwrap();
        *self.lot.entry(name(Party::Owner)).or_default() -= lot;
        *self.lot.entry(name(Party::Escrow)).or_default() += lot;
    }

    pub(super) fn money(&self, party: Party<Who>) -> i128 {
        self.money.get(&name(party)).copied().unwrap_or_default()
    }

    pub(super) fn lot(&self, party: Party<Who>) -> i128 {
        self.lot.get(&name(party)).copied().unwrap_or_default()
    }
}

fn name(party: Party<Who>) -> String {
    format!("{party:?}")
}
