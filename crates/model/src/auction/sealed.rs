//! Sealed bids: digests first, then what they were of. The highest wins, the earliest of equal ones,
//! and pays its own or the next; silence costs the deposit.

use super::{Next, Offered, SECOND, Turn, share};
use crate::number::{Int, Result, positive, word};
use breakwater_liquidation::auctions::SealedTerms;
use breakwater_liquidation::{Bid, Rejection};
use num_traits::Zero;
use std::collections::BTreeMap;

/// A sealed auction. Times are nanoseconds of its own.
#[derive(Debug, Clone)]
pub struct Sealed {
    number: u64,
    lot: Int,
    second_price: bool,
    reserve: Int,
    deposit: Int,
    commits_end: u64,
    reveals_end: u64,
    /// Digest, place and, once it is revealed, amount of every bid, by bidder.
    pub bids: BTreeMap<u64, ([u8; 32], usize, Option<Int>)>,
}

impl Sealed {
    pub(super) fn open(terms: &SealedTerms, offered: &Offered<'_>) -> Result<Sealed> {
        Ok(Sealed {
            number: offered.number,
            lot: offered.lot.clone(),
            second_price: terms.second_price,
            reserve: share(&offered.fair, terms.reserve_bps)?,
            deposit: share(&offered.fair, terms.deposit_bps)?,
            commits_end: terms.commit_seconds * SECOND,
            reveals_end: (terms.commit_seconds + terms.reveal_seconds) * SECOND,
            bids: BTreeMap::new(),
        })
    }

    /// True while digests are taken.
    #[must_use]
    pub fn takes_digests(&self, now: u64) -> bool {
        now < self.commits_end
    }

    /// Number under which it is sealed.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn bid(&mut self, bidder: u64, bid: &Bid, now: u64) -> Result<Turn> {
        let paid = match bid {
            Bid::Commit { digest } => {
                if now >= self.commits_end {
                    return Err(Rejection::AuctionOver);
                }
                let place = self.bids.len();
                if self.bids.contains_key(&bidder) {
                    return Err(Rejection::SealBroken);
                }
                self.bids.insert(bidder, (*digest, place, None));
                self.deposit.clone()
            }
            Bid::Reveal { amount, salt } => {
                if now < self.commits_end || now >= self.reveals_end {
                    return Err(Rejection::AuctionOver);
                }
                let amount = Int::from(*amount);
                let digest = breakwater_auction::sealed::commitment(
                    self.number,
                    bidder,
                    word(&amount)?,
                    salt,
                );
                match self.bids.get_mut(&bidder) {
                    Some((own, _, shown)) if *own == digest && shown.is_none() => {
                        if amount.is_zero() {
                            return Err(Rejection::AmountZero);
                        }
                        *shown = Some(amount.clone());
                    }
                    _ => return Err(Rejection::SealBroken),
                }
                positive(amount - &self.deposit)
            }
            _ => return Err(Rejection::WrongFormat),
        };
        let mut paid_in = vec![(bidder, paid)];
        paid_in.retain(|(_, amount)| !amount.is_zero());
        Ok(Turn { paid_in, ..Turn::default() })
    }

    pub(super) fn due(&mut self, now: u64, purses: &BTreeMap<u64, Int>) -> Result<Option<Turn>> {
        if now < self.reveals_end {
            return Ok(None);
        }
        // Best first: by amount, then by place.
        let mut shown: Vec<(Int, usize, u64)> = self
            .bids
            .iter()
            .filter_map(|(bidder, (_, place, amount))| Some((amount.clone()?, *place, *bidder)))
            .filter(|(amount, ..)| *amount >= self.reserve)
            .collect();
        shown.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let price = match shown.get(1) {
            _ if !self.second_price => shown.first().map(|(amount, ..)| amount.clone()),
            Some((next, ..)) => Some(next.clone().max(self.reserve.clone())),
            None => Some(self.reserve.clone()),
        };
        let winner = shown.first().map(|(.., bidder)| *bidder).zip(price);
        let mut turn = Turn { next: Next::Over, ..Turn::default() };
        for (bidder, (_, _, amount)) in &self.bids {
            let own = purses.get(bidder).cloned().unwrap_or_default();
            if amount.is_none() {
                turn.lost.push((*bidder, own));
                continue;
            }
            let pays = winner.as_ref().filter(|(who, _)| who == bidder).map(|(_, price)| price);
            turn.refunds.push((*bidder, own - pays.cloned().unwrap_or_default()));
        }
        turn.lost.retain(|(_, amount)| !amount.is_zero());
        turn.refunds.retain(|(_, amount)| !amount.is_zero());
        turn.bought.extend(winner.map(|(bidder, price)| (bidder, self.lot.clone(), price)));
        Ok(Some(turn))
    }
}
