//! Everything at once: debts, contracts and lots of a holder, entry by entry.

use crate::books::Books;
use crate::contracts::Contracts;
use crate::derivatives::Matching;
use crate::entry::Entry;
use crate::error::Result;
use crate::lots::{Lots, Policy};
use crate::movement::Movement;
use crate::names::Names;

/// Accounts of one holder.
#[derive(Debug, Clone)]
pub struct Accounts {
    /// Debts and expenses.
    pub books: Books,
    /// Positions in contracts.
    pub contracts: Contracts,
    /// Lots.
    pub lots: Lots,
}

impl Accounts {
    /// Accounts without entries.
    #[must_use]
    pub fn new(policy: Policy, matching: Matching) -> Self {
        Accounts {
            books: Books::new(),
            contracts: Contracts::new(matching),
            lots: Lots::new(policy),
        }
    }

    /// Takes one entry.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn apply(&mut self, names: &Names, entry: &Entry) -> Result<()> {
        let lots = &mut self.lots;
        self.books.apply(names, entry, &mut |movement| lots.apply(names, &movement))?;
        self.contracts.apply(names, entry, &mut |movement| lots.apply(names, &movement))
    }
}

/// The movements of a list of entries, with the debts and the positions that stand beside them: what
/// rules about pools read.
///
/// # Errors
/// What is wrong with an entry.
pub fn movements(
    names: &Names,
    entries: &[Entry],
    matching: Matching,
) -> Result<(Vec<Movement>, Books, Contracts)> {
    let mut list = Vec::with_capacity(entries.len());
    let (mut books, mut contracts) = (Books::new(), Contracts::new(matching));
    for entry in entries {
        let mut each = |movement| {
            list.push(movement);
            Ok(())
        };
        books.apply(names, entry, &mut each)?;
        contracts.apply(names, entry, &mut each)?;
    }
    Ok((list, books, contracts))
}
