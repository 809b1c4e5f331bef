//! One book as a service holds it: accounts change one by one, and a tick liquidates who is in breach.
//!
//! The twin of a path in [`super::path`] for a book that stands: every account is in the queue at its
//! breach price and has a number. A tick looks at the buckets that the price has reached and at
//! nothing else, so it takes time in proportion to who is liquidated, however many accounts there
//! are; a gap adds a glance at every bucket that it crosses.

use super::book::{Book, Loan};
use super::error::refuse;
use super::queue::{Keyed, Queue};
use super::rounds::Round;
use super::rules::{AMOUNT_LIMIT, PRICE_MAX, Rules, Taken, Terms};
use crate::ScenarioError;

/// An account at its breach price.
#[derive(Debug, Clone, Copy)]
struct Armed {
    breach_price: u64,
    account: u32,
    /// How often the account had been armed by then; an older entry is out of date.
    arming: u32,
}

impl Keyed for Armed {
    const NOBODY: Armed = Armed { breach_price: 0, account: 0, arming: 0 };

    fn key(&self) -> Option<f64> {
        (self.breach_price > 0).then_some(self.breach_price as f64)
    }
}

/// An account that a tick liquidated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Liquidated {
    /// Its place in the book.
    pub account: u32,
    /// What was moved.
    pub taken: Taken,
}

/// A standing book.
#[derive(Debug, Clone)]
pub struct LiveBook {
    terms: Terms,
    loans: Vec<Loan>,
    /// How often each account was armed. An entry could be taken for a newer one only after 2^32.
    armings: Vec<u32>,
    queue: Queue<Armed>,
    batch: Vec<Armed>,
    liquidated: Vec<Liquidated>,
}

impl LiveBook {
    /// A book under its rules.
    ///
    /// # Errors
    /// A rule is out of range, or there are more than 2^32 accounts.
    pub fn new(book: &Book, rules: &Rules) -> Result<LiveBook, ScenarioError> {
        let terms = Terms::new(rules, book.one())?;
        let loans = book.loans().to_vec();
        let count = u32::try_from(loans.len())
            .map_err(|_| refuse("book.loans", loans.len(), "at most 4294967295 accounts"))?;
        let mut queue = Queue::new(book.price() as f64, loans.len());
        queue.fill(loans.iter().zip(0..count).map(|(loan, account)| {
            let breach_price = terms.breach_price(loan.collateral, loan.debt);
            Armed { breach_price, account, arming: 0 }
        }));
        let armings = vec![0; loans.len()];
        let (batch, liquidated) = (Vec::new(), Vec::new());
        Ok(LiveBook { terms, loans, armings, queue, batch, liquidated })
    }

    /// The account's amounts; `None` for a number that no account has.
    #[must_use]
    pub fn loan(&self, account: u32) -> Option<Loan> {
        self.loans.get(account as usize).copied()
    }

    /// The highest price at which an account is in breach; zero if there is none.
    #[must_use]
    pub fn breach_price(&self, account: u32) -> u64 {
        self.loan(account).map_or(0, |loan| self.terms.breach_price(loan.collateral, loan.debt))
    }

    /// Memory that the book holds, bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let columns =
            self.loans.capacity() * size_of::<Loan>() + self.armings.capacity() * size_of::<u32>();
        columns + self.queue.bytes()
    }

    /// Changes an account, as a deposit, a loan or a repayment does. It is looked at with the next
    /// tick.
    ///
    /// # Errors
    /// There is no such account, or an amount is out of range.
    pub fn set(&mut self, account: u32, loan: Loan) -> Result<(), ScenarioError> {
        if loan.collateral >= AMOUNT_LIMIT || loan.debt >= AMOUNT_LIMIT {
            let most = loan.collateral.max(loan.debt);
            return Err(refuse("loan", most, &format!("below {AMOUNT_LIMIT} base units")));
        }
        let count = self.loans.len();
        let Some(place) = self.loans.get_mut(account as usize) else {
            return Err(refuse(
                "account",
                account,
                &format!("below {count}, the accounts there are"),
            ));
        };
        *place = loan;
        self.arm(account, loan);
        Ok(())
    }

    /// One round: liquidates once everybody in breach at a price, and says whom.
    ///
    /// # Errors
    /// The price is out of range.
    pub fn tick(&mut self, price: u64) -> Result<&[Liquidated], ScenarioError> {
        if !(1..=PRICE_MAX).contains(&price) {
            return Err(refuse("price", price, &format!("1 to {PRICE_MAX} price units")));
        }
        self.liquidated.clear();
        let bucket = self.queue.bucket(price as f64);
        if !self.queue.reaches(bucket) {
            return Ok(&self.liquidated);
        }
        let due = |armed: &Armed| armed.breach_price >= price;
        let count = self.queue.take(bucket, due, &mut self.batch);
        if count == 0 {
            return Ok(&self.liquidated);
        }
        let round = Round::new(&self.terms, price);
        let batch = std::mem::take(&mut self.batch);
        for armed in &batch[..count] {
            self.liquidate(&round, armed);
        }
        self.batch = batch;
        Ok(&self.liquidated)
    }

    fn liquidate(&mut self, round: &Round, armed: &Armed) {
        let account = armed.account as usize;
        if self.armings[account] != armed.arming {
            return;
        }
        let loan = self.loans[account];
        let taken = round.liquidate(loan.collateral, loan.debt);
        let collateral = loan.collateral - taken.seized;
        let loan = Loan { collateral, debt: loan.debt - taken.repaid };
        self.loans[account] = loan;
        self.liquidated.push(Liquidated { account: armed.account, taken });
        self.arm(armed.account, loan);
    }

    fn arm(&mut self, account: u32, loan: Loan) {
        let arming = &mut self.armings[account as usize];
        *arming = arming.wrapping_add(1);
        let breach_price = self.terms.breach_price(loan.collateral, loan.debt);
        self.queue.put(&[Armed { breach_price, account, arming: *arming }]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::Rules;
    use super::*;
    use proptest::prelude::*;

    /// A rescan of plain amounts.
    fn naive(loans: &mut [Loan], terms: &Terms, price: u64) -> Vec<Liquidated> {
        let mut liquidated = Vec::new();
        for (loan, account) in loans.iter_mut().zip(0..) {
            if terms.in_breach(loan.collateral, loan.debt, price) {
                let taken = terms.liquidate(loan.collateral, loan.debt, price);
                loan.collateral -= taken.seized;
                loan.debt -= taken.repaid;
                liquidated.push(Liquidated { account, taken });
            }
        }
        liquidated
    }

    fn loan() -> impl Strategy<Value = Loan> {
        (0u64..40, 0u64..40).prop_map(|(collateral, debt)| Loan { collateral, debt })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn a_tick_liquidates_whom_a_rescan_finds_whatever_changed_before(
            loans in prop::collection::vec(loan(), 0..30),
            events in prop::collection::vec((0u32..30, loan(), 1u64..4_000_000, any::<bool>()), 1..60),
        ) {
            let rules = Rules::headline();
            let book = Book::new(1_000_000, 1_000_000, loans.clone()).unwrap();
            let terms = Terms::new(&rules, book.one()).unwrap();
            let (mut live, mut loans) = (LiveBook::new(&book, &rules).unwrap(), loans);
            for (account, loan, price, changes) in events {
                if changes {
                    let known = loans.get_mut(account as usize);
                    prop_assert_eq!(live.set(account, loan).is_ok(), known.is_some());
                    known.into_iter().for_each(|place| *place = loan);
                } else {
                    let mut found = live.tick(price).unwrap().to_vec();
                    found.sort_unstable_by_key(|one| one.account);
                    prop_assert_eq!(found, naive(&mut loans, &terms, price));
                }
            }
            let standing: Vec<Loan> = (0..30).map_while(|account| live.loan(account)).collect();
            prop_assert_eq!(standing, loans);
        }
    }

    #[test]
    fn prices_and_accounts_out_of_range_are_refused_by_name() {
        let book = Book::drawn(3, 1).unwrap();
        let mut live = LiveBook::new(&book, &Rules::headline()).unwrap();
        assert!(live.tick(0).unwrap_err().to_string().contains("price"));
        assert!(live.tick(PRICE_MAX + 1).is_err());
        let loan = Loan { collateral: 1, debt: 1 };
        assert!(live.set(3, loan).unwrap_err().to_string().contains("account"));
        let loan = Loan { collateral: AMOUNT_LIMIT, debt: 1 };
        assert!(live.set(0, loan).unwrap_err().to_string().contains("loan"));
    }
}
