//! Where one series of a board stands: its mark, its averages and who waits for it.

use super::average::{Fixings, Premiums, part_of, premium, rate};
use super::input::{Refusal, What};
use super::lifecycle::{ExerciseRule, TransferRule};
use super::schedule::PlannedKind;
use super::series::Series;
use breakwater_money::{AccountId, Price, Time};
use std::collections::BTreeSet;

/// The last index, and when it was observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Observed {
    pub price: Price,
    pub at: Time,
}

/// One series of a board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Life {
    pub terms: Series,
    pub mark: Option<Price>,
    /// The next payment of funding, to whose period `premiums` belong.
    payment: Option<Time>,
    premiums: Premiums,
    fixings: Fixings,
    /// Exercises that wait for the end of the session, in order of arrival.
    pub waiting: Vec<(AccountId, u128)>,
    /// Who rolls.
    pub rolling: BTreeSet<AccountId>,
    pub ended: bool,
}

impl Life {
    pub fn new(terms: Series, opened: Time) -> Life {
        let payment = terms.moment(PlannedKind::Funding, Some(opened));
        let mut fixings = Fixings::default();
        if let Some((settlement, expires)) = terms.lifecycle.settlement.as_ref().zip(terms.expires)
        {
            // What was to be sampled before the board opened is missing.
            let passed = settlement.grid(expires).up_to(opened.0.checked_sub(1).map(Time));
            fixings.take(passed, 0, 0);
        }
        let (mark, waiting, rolling) = (None, Vec::new(), BTreeSet::new());
        let premiums = Premiums::default();
        Life { terms, mark, payment, premiums, fixings, waiting, rolling, ended: false }
    }

    /// Takes the samples up to `over` at what is known, which is about to change.
    pub fn sample(&mut self, index: Observed, over: Option<Time>) {
        // Many series of a board may have ended; to those nothing would change.
        if !self.ended {
            self.sample_premiums(index, over);
            self.fixings = self.fixings(index, over);
        }
    }

    /// The same for the premium alone, which is all that a mark changes.
    pub fn sample_premiums(&mut self, index: Observed, over: Option<Time>) {
        let Some((funding, payment)) = self.terms.lifecycle.funding.as_ref().zip(self.payment)
        else {
            return;
        };
        let to = funding.grid(payment).up_to(over);
        if to > self.premiums.passed {
            let premium = self.mark.map(|mark| premium(mark, index.price));
            self.premiums.take(to, premium, funding.weights);
        }
    }

    /// The samples of the settlement price up to `over`.
    pub fn fixings(&self, index: Observed, over: Option<Time>) -> Fixings {
        let mut fixings = self.fixings;
        if let Some((settlement, expires)) =
            self.terms.lifecycle.settlement.as_ref().zip(self.terms.expires)
        {
            let grid = settlement.grid(expires);
            let to = grid.up_to(over);
            let fresh = settlement.age_max.map_or(to, |age| grid.up_to(Some(index.at.after(age))));
            fixings.take(to, fresh, index.price.raw);
        }
        fixings
    }

    /// The payment at `at`; the next period begins.
    pub fn fund(&mut self, index: Observed, at: Time) -> What {
        self.sample_premiums(index, Some(at));
        let samples = self.premiums.samples;
        let funding = self.terms.lifecycle.funding.as_ref();
        let (premium_e12, rate_e12) = match self.premiums.mean().zip(funding) {
            None => (0, 0),
            Some((mean, f)) => {
                (mean, part_of(rate(mean, f.interest_e12, f.band_e12, f.cap_e12), f.part))
            }
        };
        self.premiums = Premiums::default();
        self.payment = self.terms.moment(PlannedKind::Funding, Some(at));
        What::Funded { premium_e12, rate_e12, samples }
    }

    /// Expiry at `at`.
    pub fn deliver(&mut self, index: Observed, at: Time) -> What {
        self.fixings = self.fixings(index, Some(at));
        self.ended = true;
        let Some(settlement) = self.terms.lifecycle.settlement.as_ref() else {
            return What::Delivered { price: index.price, samples: 1, missing: 0 };
        };
        let enough = self.fixings.enough(settlement.planned, settlement.present_min_e12);
        let mean = self.fixings.mean().filter(|_| enough);
        let price = Price { raw: mean.unwrap_or(index.price.raw), ..index.price };
        let (samples, missing) = (self.fixings.taken, self.fixings.missing());
        What::Delivered { price, samples, missing }
    }

    /// The end of the session for which an exercise after `fired` waits, if one comes before expiry.
    pub fn exercise_at(&self, fired: Time) -> Option<Time> {
        self.terms.moment(PlannedKind::Session, Some(fired))
    }

    /// How many events fall due after `fired`, up to and including `until`.
    pub fn due(&self, fired: Time, until: Time) -> u64 {
        let after = Some(fired);
        let kinds = PlannedKind::ALL.into_iter().filter(|kind| *kind != PlannedKind::Roll);
        let planned = kinds.map(|kind| self.terms.count(kind, after, until));
        let planned = planned.fold(0u64, u64::saturating_add);
        let rolls = self.terms.count(PlannedKind::Roll, after, until) * self.rolling.len() as u64;
        let exercised = self.exercise_at(fired).is_some_and(|at| at <= until);
        let exercised = if exercised { self.waiting.len() as u64 } else { 0 };
        planned.saturating_add(rolls).saturating_add(exercised)
    }

    /// Whether so many contracts may be exercised early, and whether that waits for the session.
    pub fn may_exercise(&self, quantity: u128) -> Result<bool, Refusal> {
        match (self.ended, self.terms.lifecycle.exercise) {
            (true, _) => Err(Refusal::Ended),
            (_, ExerciseRule::European) => Err(Refusal::European),
            _ if quantity == 0 => Err(Refusal::QuantityZero),
            (_, rule) => Ok(rule == ExerciseRule::AmericanAtSession),
        }
    }

    /// Whether so many contracts may go from one account to another, and the price at which.
    pub fn may_transfer(
        &self,
        from: AccountId,
        to: AccountId,
        quantity: u128,
        index: Observed,
    ) -> Result<Option<Price>, Refusal> {
        match (self.ended, self.terms.lifecycle.transfer) {
            (true, _) => Err(Refusal::Ended),
            (_, TransferRule::None) => Err(Refusal::TransfersNotAllowed),
            _ if from == to => Err(Refusal::SameAccount),
            _ if quantity == 0 => Err(Refusal::QuantityZero),
            (_, TransferRule::AtEntry) => Ok(None),
            (_, TransferRule::AtMark) => Ok(Some(self.mark.unwrap_or(index.price))),
        }
    }

    /// When instructions to roll that are given after `fired` are carried out.
    pub fn may_roll(&self, fired: Time) -> Result<Time, Refusal> {
        if self.ended {
            return Err(Refusal::Ended);
        }
        if self.terms.into.is_none() || self.terms.lifecycle.roll.is_none() {
            return Err(Refusal::NothingToRollInto);
        }
        self.terms.moment(PlannedKind::Roll, Some(fired)).ok_or(Refusal::RollPassed)
    }
}
