//! The format from its rule: nothing is kept but what happened, and everything is worked out of that
//! again at each question.

use super::super::{Edge, Form, Payment, Terms};
use super::Who;

/// One accepted bid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub who: Who,
    pub amount: u128,
    pub lot: u128,
    pub at: u64,
}

/// How the auction stands, as far as that does not follow from the bids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Open,
    /// The bid at the place is to be paid by then; the flag says whether its deposit is still there.
    Due(usize, u64, bool),
    Sold(usize),
    Returned,
    Cancelled,
}

#[derive(Debug, Clone)]
pub(super) struct Naive {
    pub terms: Terms,
    pub form: Form,
    /// Lot at the start of the round.
    pub lot: u128,
    pub started: u64,
    pub rounds: u32,
    /// Bids of the round.
    pub bids: Vec<Placed>,
    pub standing: Standing,
    /// Deposits lost in all rounds.
    pub forfeits: Vec<(Who, u128)>,
    /// Bids of this round whose bidders let the award pass.
    pub passed: Vec<Who>,
    /// The leader repaid at a cancellation by whoever cancelled.
    pub repaid: u128,
}

pub(super) const ONE: u128 = 1_000_000_000_000_000_000;

fn small(value: breakwater_money::U256) -> u128 {
    u128::try_from(value).unwrap()
}

impl Naive {
    pub(super) fn open(terms: Terms, form: Form, lot: u128, started: u64) -> Self {
        Naive {
            terms,
            form,
            lot,
            started,
            rounds: 0,
            bids: Vec::new(),
            standing: Standing::Open,
            forfeits: Vec::new(),
            passed: Vec::new(),
            repaid: 0,
        }
    }

    fn price(&self) -> u128 {
        match self.form {
            Form::Shrinking { price } => small(price),
            _ => 0,
        }
    }

    /// The standing amount and lot.
    pub(super) fn now_at(&self) -> (u128, u128) {
        self.bids.last().map_or((self.price(), self.lot), |bid| (bid.amount, bid.lot))
    }

    pub(super) fn deposit(&self, amount: u128) -> u128 {
        match self.terms.payment {
            Payment::Deposit { rate, .. } => (amount * small(rate.raw)).div_ceil(ONE),
            _ => amount,
        }
    }

    pub(super) fn hard_end(&self) -> u64 {
        let most = self.terms.extension.map_or(0, |it| it.total_most);
        self.started + self.terms.duration + most
    }

    pub(super) fn end(&self) -> u64 {
        let mut end = self.started + self.terms.duration;
        for bid in &self.bids {
            if let Some(it) = self.terms.extension
                && end - bid.at <= it.window
            {
                end = (end + it.by).min(self.hard_end());
            }
        }
        end
    }

    /// The moments at which something changes, past ones among them.
    pub(super) fn moments_ahead(&self) -> Vec<u64> {
        let lapse = self.bids.last().and_then(|bid| Some(bid.at + self.terms.lifetime?));
        let due = match self.standing {
            Standing::Due(_, by, _) => Some(by),
            _ => None,
        };
        lapse.into_iter().chain(due).chain([self.end()]).collect()
    }

    /// The moments that end bidding, each with whether `now` precedes it and whether it is over.
    fn moments(&self, now: u64) -> Vec<(bool, bool)> {
        let lapse = self.bids.last().and_then(|bid| Some(bid.at + self.terms.lifetime?));
        let sides = |at: u64| match self.terms.edge {
            Edge::BidsBefore => (now < at, now >= at),
            Edge::BidsThrough => (now <= at, now > at),
            Edge::DeadSecond => (now < at, now > at),
        };
        lapse.into_iter().chain([self.end()]).map(sides).collect()
    }

    fn takes_bids(&self, now: u64) -> bool {
        self.standing == Standing::Open && self.moments(now).iter().all(|(before, _)| *before)
    }

    pub(super) fn takes_raise(&self, bid: &Placed) -> bool {
        let (amount, lot) = self.now_at();
        let first_ok = !self.bids.is_empty() || bid.amount >= small(self.terms.opening);
        let wanted = match self.form {
            Form::Shrinking { .. } => return false,
            Form::Rising => None,
            Form::TwoPhase { wanted } => Some(small(wanted)),
        };
        let enough = bid.amount * ONE >= amount * small(self.terms.step.raw);
        self.takes_bids(bid.at)
            && bid.lot == lot
            && wanted.is_none_or(|wanted| bid.amount <= wanted)
            && bid.amount > amount
            && first_ok
            && (enough || wanted == Some(bid.amount))
    }

    pub(super) fn takes_shrink(&self, bid: &Placed) -> bool {
        let (amount, lot) = self.now_at();
        let phase = match self.form {
            Form::Rising => false,
            Form::TwoPhase { wanted } => amount == small(wanted),
            Form::Shrinking { .. } => true,
        };
        self.takes_bids(bid.at)
            && phase
            && bid.amount == amount
            && bid.lot < lot
            && lot * ONE >= bid.lot * small(self.terms.step.raw)
    }

    pub(super) fn takes_restart(&self, now: u64) -> bool {
        let over = self.moments(now).last().is_some_and(|(_, over)| *over);
        let left = self.terms.restarts.most.is_none_or(|most| self.rounds < most);
        self.standing == Standing::Open && over && self.bids.is_empty() && left
    }

    pub(super) fn takes_settlement(&self, now: u64) -> bool {
        let over = self.moments(now).iter().any(|(_, over)| *over);
        self.standing == Standing::Open && over && !self.bids.is_empty()
    }

    pub(super) fn takes_cancel(&self) -> bool {
        let whole = match self.form {
            Form::TwoPhase { wanted } => self.now_at().0 < small(wanted),
            _ => true,
        };
        self.standing == Standing::Open && whole
    }

    fn sells(&self, amount: u128) -> bool {
        matches!(self.form, Form::Shrinking { .. }) || amount >= small(self.terms.reserve)
    }

    pub(super) fn settle(&mut self, now: u64) {
        let last = self.bids.len() - 1;
        self.standing = match self.terms.payment {
            _ if !self.sells(self.bids[last].amount) => Standing::Returned,
            Payment::Deposit { pay_within, .. } => Standing::Due(last, now + pay_within, true),
            _ => Standing::Sold(last),
        };
    }

    pub(super) fn restart(&mut self, now: u64) {
        if let Form::Shrinking { .. } = self.form {
            let grown = self.lot * small(self.terms.restarts.growth.raw) / ONE;
            let most = self.terms.restarts.lot_most.map_or(u128::MAX, small);
            self.lot = grown.min(most);
        }
        self.new_round(now);
    }

    fn new_round(&mut self, now: u64) {
        self.started = now;
        self.rounds += 1;
        self.bids.clear();
        self.passed.clear();
        self.standing = Standing::Open;
    }

    pub(super) fn default_of(&mut self, place: usize, deposited: bool, now: u64) {
        let bid = self.bids[place];
        if deposited {
            self.forfeits.push((bid.who, self.deposit(bid.amount)));
        }
        self.passed.push(bid.who);
        // The best bid of anybody who has not had his turn, whoever it is.
        let next = (0..self.bids.len()).rev().find(|i| !self.passed.contains(&self.bids[*i].who));
        let next = next.filter(|i| self.sells(self.bids[*i].amount));
        let Payment::Deposit { pay_within, .. } = self.terms.payment else { unreachable!() };
        match next {
            Some(place) => self.standing = Standing::Due(place, now + pay_within, false),
            None if self.terms.restarts.most.is_some_and(|most| self.rounds >= most) => {
                self.standing = Standing::Returned;
            }
            None => self.new_round(now),
        }
    }

    /// What the last bidder has in the auction, and who that is.
    pub(super) fn at_stake(&self) -> Option<(Who, u128)> {
        let place = match self.standing {
            Standing::Open => self.bids.len().checked_sub(1)?,
            Standing::Due(place, _, true) => place,
            _ => return None,
        };
        let bid = self.bids[place];
        Some((bid.who, self.deposit(bid.amount)))
    }

    pub(super) fn sold(&self) -> Option<Placed> {
        match self.standing {
            Standing::Sold(place) => Some(self.bids[place]),
            _ => None,
        }
    }
}
