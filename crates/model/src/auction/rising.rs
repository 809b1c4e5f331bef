//! Ascending: the best bid that nobody beats for its lifetime, or until the end, wins. For a debt the
//! lot shrinks once all of it is bid.

use super::{Next, Offered, Turn, share};
use crate::number::{Int, Result};
use breakwater_liquidation::auctions::{Deposit, EnglishTerms};
use breakwater_liquidation::{Bid, Rejection};
use num_traits::Zero;
use std::collections::BTreeMap;

/// Most that are remembered who were outbid.
const REMEMBERED: usize = 16;

/// An ascending auction. Times are seconds of its own.
#[derive(Debug, Clone)]
pub struct Rising {
    terms: EnglishTerms,
    restarts_max: u32,
    opening: Int,
    reserve: Int,
    wanted: Option<Int>,
    whole: Int,
    lot: Int,
    bid: Int,
    /// Who bid it, or is next after one who has not paid.
    pub leader: Option<u64>,
    lapses: Option<u64>,
    ends: u64,
    ends_most: u64,
    /// Last second of a winner's payment, once somebody has won.
    pay_by: Option<u64>,
    outbid: Vec<(u64, Int, Int)>,
    /// Times it started again.
    pub restarts: u32,
}

/// What the bidder has put down, and who leads with how much.
type Purses = (Int, Option<(u64, Int)>);

impl Rising {
    pub(super) fn open(terms: &EnglishTerms, offered: &Offered<'_>) -> Result<Rising> {
        let at_most = |amount: Int| match &offered.wanted {
            Some(wanted) => amount.min(wanted.clone()),
            None => amount,
        };
        let ends = terms.duration_seconds;
        Ok(Rising {
            terms: *terms,
            restarts_max: offered.terms.restarts_max,
            opening: at_most(share(&offered.fair, terms.opening_bps)?),
            reserve: at_most(share(&offered.fair, terms.reserve_bps)?),
            wanted: offered.wanted.clone(),
            whole: offered.lot.clone(),
            lot: offered.lot.clone(),
            bid: Int::zero(),
            leader: None,
            lapses: None,
            ends,
            ends_most: ends + terms.extension.map_or(0, |late| late.total_seconds_max),
            pay_by: None,
            outbid: Vec::new(),
            restarts: 0,
        })
    }

    /// The standing bid, and what it is for.
    #[must_use]
    pub fn standing(&self) -> (&Int, &Int) {
        (&self.bid, &self.lot)
    }

    /// True once somebody has won and owes the rest.
    #[must_use]
    pub fn is_won(&self) -> bool {
        self.pay_by.is_some()
    }

    fn is_over(&self, now: u64) -> bool {
        now >= self.ends || self.lapses.is_some_and(|lapses| now >= lapses)
    }

    /// `more` by as much above `less` as every step must be.
    fn steps(&self, more: &Int, less: &Int) -> bool {
        more * Int::from(10_000) >= less * Int::from(10_000 + self.terms.step_bps)
    }

    pub(super) fn bid(&mut self, bidder: u64, bid: &Bid, now: u64, purses: Purses) -> Result<Turn> {
        match bid {
            Bid::Raise { amount } => {
                let amount = Int::from(*amount);
                self.takes_bids(now)?;
                if self.wanted.as_ref().is_some_and(|wanted| amount > *wanted) {
                    return Err(Rejection::BadParameter);
                }
                let all = self.wanted.as_ref() == Some(&amount);
                let first_low = self.leader.is_none() && amount < self.opening;
                if amount <= self.bid || first_low || !(all || self.steps(&amount, &self.bid)) {
                    return Err(Rejection::BidTooLow);
                }
                let lot = self.lot.clone();
                self.lead(bidder, amount, lot, now, purses)
            }
            Bid::Shrink { lot: 0 } => Err(Rejection::AmountZero),
            Bid::Shrink { lot } => {
                let lot = Int::from(*lot);
                if self.pay_by.is_some() {
                    return Err(Rejection::AuctionOver);
                }
                let wanted = self.wanted.clone().ok_or(Rejection::WrongFormat)?;
                self.takes_bids(now)?;
                if self.bid != wanted {
                    return Err(Rejection::AuctionOver);
                }
                if lot >= self.lot || !self.steps(&self.lot, &lot) {
                    return Err(Rejection::BidTooLow);
                }
                self.lead(bidder, wanted, lot, now, purses)
            }
            Bid::Pay => {
                let pay_by = self.pay_by.ok_or(Rejection::NotWinner)?;
                if self.leader != Some(bidder) {
                    return Err(Rejection::NotWinner);
                }
                if now > pay_by {
                    return Err(Rejection::AuctionOver);
                }
                let rest = &self.bid - purses.0;
                Ok(Turn {
                    paid_in: vec![(bidder, rest)],
                    bought: vec![(bidder, self.lot.clone(), self.bid.clone())],
                    next: Next::Over,
                    ..Turn::default()
                })
            }
            _ => Err(Rejection::WrongFormat),
        }
    }

    fn takes_bids(&self, now: u64) -> Result<()> {
        if self.pay_by.is_some() || self.is_over(now) {
            Err(Rejection::AuctionOver)
        } else {
            Ok(())
        }
    }

    /// The bidder leads; whoever led before gets all of his own back.
    fn lead(
        &mut self,
        bidder: u64,
        amount: Int,
        lot: Int,
        now: u64,
        (own, leads): Purses,
    ) -> Result<Turn> {
        let down = match self.terms.deposit {
            Some(Deposit { share_bps, .. }) => share(&amount, share_bps)?,
            None => amount.clone(),
        };
        let mut turn = Turn::default();
        match leads {
            Some((leader, held)) if leader != bidder => {
                turn.paid_in.push((bidder, down));
                turn.refunds.push((leader, held));
                if self.terms.deposit.is_some() {
                    self.outbid.retain(|(who, ..)| *who != leader && *who != bidder);
                    self.outbid.push((leader, self.bid.clone(), self.lot.clone()));
                    let drop = self.outbid.len().saturating_sub(REMEMBERED);
                    self.outbid.drain(..drop);
                }
            }
            Some(_) => {
                turn.paid_in.push((bidder, down - own));
                self.outbid.retain(|(who, ..)| *who != bidder);
            }
            None => turn.paid_in.push((bidder, down)),
        }
        turn.paid_in.retain(|(_, amount)| !amount.is_zero());
        turn.refunds.retain(|(_, amount)| !amount.is_zero());
        (self.leader, self.bid, self.lot) = (Some(bidder), amount, lot);
        self.lapses = self.terms.lifetime_seconds.map(|lifetime| now + lifetime);
        if let Some(late) = self.terms.extension
            && self.ends - now <= late.window_seconds
        {
            self.ends = (self.ends + late.by_seconds).min(self.ends_most).max(self.ends);
        }
        Ok(turn)
    }

    pub(super) fn due(&mut self, now: u64, purses: &BTreeMap<u64, Int>) -> Result<Option<Turn>> {
        let within = self.terms.deposit.map(|deposit| deposit.pay_within_seconds);
        let held = |bidder: u64| purses.get(&bidder).cloned().unwrap_or_default();
        match (self.pay_by, self.leader) {
            (Some(pay_by), Some(winner)) if now > pay_by => {
                Ok(Some(self.late(winner, now, held(winner))))
            }
            (Some(_), _) => Ok(None),
            (None, _) if !self.is_over(now) => Ok(None),
            (None, None) => Ok(Some(self.round_again(now))),
            (None, Some(winner)) if self.bid < self.reserve => {
                let refunds = vec![(winner, held(winner))];
                Ok(Some(Turn { refunds, next: Next::Over, ..Turn::default() }))
            }
            (None, Some(winner)) => match within {
                Some(within) => {
                    self.pay_by = Some(now + within);
                    Ok(Some(Turn { next: Next::Won(winner), ..Turn::default() }))
                }
                None => {
                    let bought = vec![(winner, self.lot.clone(), self.bid.clone())];
                    Ok(Some(Turn { bought, next: Next::Over, ..Turn::default() }))
                }
            },
        }
    }

    /// A winner is late: the deposit is lost, and the best of those who were outbid is next.
    fn late(&mut self, winner: u64, now: u64, down: Int) -> Turn {
        let mut lost = vec![(winner, down)];
        lost.retain(|(_, amount)| !amount.is_zero());
        let best = self.outbid.pop().filter(|(_, amount, _)| *amount >= self.reserve);
        let turn = match best {
            Some((bidder, amount, lot)) => {
                let within = self.terms.deposit.map_or(0, |deposit| deposit.pay_within_seconds);
                (self.leader, self.bid, self.lot) = (Some(bidder), amount, lot);
                self.pay_by = Some(now + within);
                Turn { next: Next::Won(bidder), ..Turn::default() }
            }
            None => self.round_again(now),
        };
        Turn { lost, late: Some(winner), ..turn }
    }

    /// From the start, over the whole lot and with nobody remembered; home where no start is left.
    fn round_again(&mut self, now: u64) -> Turn {
        if self.restarts >= self.restarts_max {
            return Turn { next: Next::Over, ..Turn::default() };
        }
        self.restarts += 1;
        self.ends = now + self.terms.duration_seconds;
        self.ends_most = self.ends + self.terms.extension.map_or(0, |late| late.total_seconds_max);
        (self.lot, self.bid) = (self.whole.clone(), Int::zero());
        (self.leader, self.lapses, self.pay_by) = (None, None, None);
        self.outbid.clear();
        Turn { next: Next::Again, ..Turn::default() }
    }
}
