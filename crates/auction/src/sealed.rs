//! Sealed bids.
//!
//! Bidders first commit to a bid by its digest and then, when no more commitments are taken, reveal
//! it. Nobody can answer a bid that he cannot see, and nobody can change his own. The highest revealed
//! bid wins and pays itself (first price) or the next one (second price, Vickrey, "Counterspeculation,
//! Auctions, and Competitive Sealed Tenders", Journal of Finance 1961), the reserve at least. Among
//! equal bids the earlier commitment wins.
//!
//! Every bidder deposits the same sum, so that a deposit says nothing about a bid; it buys the promise
//! to reveal, and whoever does not reveal loses it to the seller. Whoever reveals adds what his bid
//! exceeds the deposit by, so that a winner never owes anything. Money is in units of the host, of up
//! to 256 bits.
//!
//! ```
//! use breakwater_auction::sealed::{Pricing, Sealed, Terms, commitment};
//! use breakwater_money::{Time, U256};
//!
//! let money = U256::from::<u64>;
//! let terms = Terms {
//!     auction: 7,
//!     pricing: Pricing::Second,
//!     reserve: money(50),
//!     deposit: money(10),
//!     commit_until: Time(100),
//!     reveal_until: Time(200),
//! };
//! let mut auction = Sealed::open(terms)?;
//! for (bidder, bid) in [(1, 80), (2, 95)] {
//!     let digest = commitment(7, bidder, money(bid), &[9; 32]);
//!     auction.commit(Time(50), bidder, digest, money(10))?;
//! }
//! for (bidder, bid) in [(1, 80), (2, 95)] {
//!     auction.reveal(Time(150), bidder, money(bid), &[9; 32], money(bid - 10))?;
//! }
//! let outcome = auction.close(Time(200))?;
//! let winner = outcome.winner.unwrap();
//! assert_eq!((winner.bidder, winner.price), (2, money(80)));
//! assert_eq!(outcome.refunds, [(1, money(80)), (2, money(15))]);
//! # Ok::<(), breakwater_auction::sealed::Refusal>(())
//! ```

#[cfg(test)]
mod tests;

use breakwater_money::{MoneyError, Time, U256};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Bidders an auction takes: each costs a digest to check and a row of the outcome, and the outcome of
/// one auction belongs into one command.
pub const BIDDERS_MAX: usize = 1 << 16;

/// Separates these digests from all others (the context of `blake3`'s key derivation).
const CONTEXT: &str = "breakwater 2025 sealed bid: auction, bidder, amount, salt";

/// The digest that commits a bidder to a bid: `blake3` over auction, bidder, amount and salt, all big
/// endian and of fixed width. The bidder is part of it, so that a commitment that was copied cannot
/// be revealed by whoever copied it; the auction, so that it cannot be used again. The salt must be
/// drawn afresh: without it a bid is found by trying amounts.
#[must_use]
pub fn commitment(auction: u64, bidder: u64, amount: U256, salt: &[u8; 32]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    hasher.update(&auction.to_be_bytes());
    hasher.update(&bidder.to_be_bytes());
    hasher.update(&amount.to_be_bytes::<32>());
    hasher.update(salt);
    *hasher.finalize().as_bytes()
}

/// What the winner pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pricing {
    /// His own bid.
    First,
    /// The next bid, or the reserve where there is none.
    Second,
}

/// The conditions of an auction. Each limit is the first instant at which a call is too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Number of the auction, part of every digest.
    pub auction: u64,
    /// What the winner pays.
    pub pricing: Pricing,
    /// Lowest bid that may win, units of money.
    pub reserve: U256,
    /// What every bidder deposits with the commitment, units of money.
    pub deposit: U256,
    /// Commitments are taken before this, and reveals from here on.
    pub commit_until: Time,
    /// Reveals are taken before this, and the auction may be closed from here on.
    pub reveal_until: Time,
}

/// Why an auction does not take a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A field is not what it must be.
    #[error("{field} is {found}: it must be {right}")]
    Field {
        /// Name of the field.
        field: &'static str,
        /// As given.
        found: U256,
        /// What would be right.
        right: &'static str,
    },
    /// The call comes too early or too late.
    #[error("time of {call} is {} ns: it must be {side} {} ns", .now.0, .limit.0)]
    Clock {
        /// The call.
        call: &'static str,
        /// When it came.
        now: Time,
        /// On which side of the limit it has to be.
        side: &'static str,
        /// The limit.
        limit: Time,
    },
    /// The bidder has committed already, or has not yet, or has revealed already.
    #[error("bidder {bidder}: must have {right}")]
    Bidder {
        /// The bidder.
        bidder: u64,
        /// What would be right.
        right: &'static str,
    },
    /// Amount and salt do not give the digest that the bidder committed to.
    #[error(
        "bid of {amount}: amount and salt must give the digest that bidder {bidder} committed to"
    )]
    Digest {
        /// The bidder.
        bidder: u64,
        /// The amount revealed.
        amount: U256,
    },
    /// The auction is closed.
    #[error("{call}: the auction must be open")]
    Closed {
        /// The call.
        call: &'static str,
    },
    /// A sum does not fit 256 bits.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// One bidder's commitment and, once revealed, bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Commitment {
    digest: [u8; 32],
    /// Place among the commitments, from zero: the earlier of two equal bids wins.
    place: usize,
    held: U256,
    bid: Option<U256>,
}

/// A sealed-bid auction of one lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    terms: Terms,
    commitments: BTreeMap<u64, Commitment>,
    /// Sum of what is held of each.
    held: U256,
    closed: bool,
}

/// Who gets the lot and where all the money goes: what was held is `proceeds` and all refunds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The winner, if a bid reached the reserve. Without one the lot goes back to the seller.
    pub winner: Option<Winner>,
    /// Deposits of those who did not reveal.
    pub forfeited: U256,
    /// What the seller gets: the price and the forfeited deposits.
    pub proceeds: U256,
    /// What goes back, by bidder, for everybody to whom something does.
    pub refunds: Vec<(u64, U256)>,
}

/// The winning bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Winner {
    /// Number of the bidder.
    pub bidder: u64,
    /// The bid.
    pub bid: U256,
    /// The price.
    pub price: U256,
}

impl Sealed {
    /// An auction without commitments.
    ///
    /// # Errors
    /// Reveals would end before they begin.
    pub fn open(terms: Terms) -> Result<Sealed, Refusal> {
        if terms.reveal_until <= terms.commit_until {
            let found = U256::from(terms.reveal_until.0);
            return Err(Refusal::Field {
                field: "reveal_until",
                found,
                right: "after commit_until",
            });
        }
        Ok(Sealed { terms, commitments: BTreeMap::new(), held: U256::ZERO, closed: false })
    }

    /// The conditions.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Bidders that committed.
    #[must_use]
    pub fn bidders(&self) -> usize {
        self.commitments.len()
    }

    /// Revealed bids, by bidder.
    pub fn bids(&self) -> impl Iterator<Item = (u64, U256)> + '_ {
        self.commitments.iter().filter_map(|(bidder, own)| own.bid.map(|bid| (*bidder, bid)))
    }

    /// Deposits of those who have not revealed, by bidder.
    pub fn unrevealed(&self) -> impl Iterator<Item = (u64, U256)> + '_ {
        let sealed = self.commitments.iter().filter(|(_, own)| own.bid.is_none());
        sealed.map(|(bidder, own)| (*bidder, own.held))
    }

    /// Money held of all bidders until the auction is closed.
    #[must_use]
    pub const fn held(&self) -> U256 {
        self.held
    }

    /// Takes a commitment with its deposit. A bidder commits once.
    ///
    /// # Errors
    /// Too late, not the deposit of the terms, a second commitment, or too many bidders.
    pub fn commit(
        &mut self,
        now: Time,
        bidder: u64,
        digest: [u8; 32],
        deposit: U256,
    ) -> Result<(), Refusal> {
        self.live("committing")?;
        before("committing", now, self.terms.commit_until)?;
        if deposit != self.terms.deposit {
            let right = "the deposit of the terms";
            return Err(Refusal::Field { field: "deposit", found: deposit, right });
        }
        if self.commitments.contains_key(&bidder) {
            return Err(Refusal::Bidder { bidder, right: "no commitment yet" });
        }
        let place = self.commitments.len();
        if place >= BIDDERS_MAX {
            let found = U256::from(place);
            return Err(Refusal::Field { field: "bidders", found, right: "below 65,536" });
        }
        self.held = add(self.held, deposit)?;
        self.commitments.insert(bidder, Commitment { digest, place, held: deposit, bid: None });
        Ok(())
    }

    /// Opens a bid. `added` is what the bidder pays in besides the deposit; together they must cover
    /// the bid, and what is not needed is refunded.
    ///
    /// # Errors
    /// Too early or late, no commitment, another digest, revealed already, a bid of zero, or one that
    /// is not covered.
    pub fn reveal(
        &mut self,
        now: Time,
        bidder: u64,
        amount: U256,
        salt: &[u8; 32],
        added: U256,
    ) -> Result<(), Refusal> {
        self.live("revealing")?;
        after("revealing", now, self.terms.commit_until)?;
        before("revealing", now, self.terms.reveal_until)?;
        let total = add(self.held, added)?;
        let missing = Refusal::Bidder { bidder, right: "committed" };
        let own = self.commitments.get_mut(&bidder).ok_or(missing)?;
        if own.bid.is_some() {
            return Err(Refusal::Bidder { bidder, right: "a bid that is still sealed" });
        }
        if commitment(self.terms.auction, bidder, amount, salt) != own.digest {
            return Err(Refusal::Digest { bidder, amount });
        }
        if amount.is_zero() {
            return Err(Refusal::Field { field: "amount", found: amount, right: "above zero" });
        }
        let held = add(own.held, added)?;
        if held < amount {
            let right = "at least the bid less the deposit";
            return Err(Refusal::Field { field: "added", found: added, right });
        }
        (own.held, own.bid) = (held, Some(amount));
        self.held = total;
        Ok(())
    }

    /// Names the winner and says where the money goes. Once.
    ///
    /// # Errors
    /// Too early, or closed already.
    pub fn close(&mut self, now: Time) -> Result<Outcome, Refusal> {
        self.live("closing")?;
        after("closing", now, self.terms.reveal_until)?;
        let winner = self.winner();
        let price = winner.map_or(U256::ZERO, |winner| winner.price);
        let mut forfeited = U256::ZERO;
        let mut refunds = Vec::with_capacity(self.commitments.len());
        for (bidder, own) in &self.commitments {
            if own.bid.is_none() {
                forfeited = add(forfeited, own.held)?;
                continue;
            }
            let won = winner.is_some_and(|winner| winner.bidder == *bidder);
            let pays = if won { price } else { U256::ZERO };
            let back = own.held.checked_sub(pays).ok_or(MoneyError::Underflow)?;
            if !back.is_zero() {
                refunds.push((*bidder, back));
            }
        }
        let proceeds = add(price, forfeited)?;
        (self.closed, self.held) = (true, U256::ZERO);
        Ok(Outcome { winner, forfeited, proceeds, refunds })
    }

    /// The highest bid that reaches the reserve, the earliest of equal ones, and its price.
    fn winner(&self) -> Option<Winner> {
        let mut best: Option<(u64, U256, usize)> = None;
        let mut next = self.terms.reserve;
        for (bidder, own) in &self.commitments {
            let Some(bid) = own.bid.filter(|bid| *bid >= self.terms.reserve) else { continue };
            match best {
                Some((_, high, place)) if bid < high || (bid == high && own.place > place) => {
                    next = next.max(bid);
                }
                beaten => {
                    next = beaten.map_or(next, |(_, high, _)| next.max(high));
                    best = Some((*bidder, bid, own.place));
                }
            }
        }
        let (bidder, bid, _) = best?;
        let price = match self.terms.pricing {
            Pricing::First => bid,
            Pricing::Second => next,
        };
        Some(Winner { bidder, bid, price })
    }

    const fn live(&self, call: &'static str) -> Result<(), Refusal> {
        if self.closed { Err(Refusal::Closed { call }) } else { Ok(()) }
    }
}

fn add(a: U256, b: U256) -> Result<U256, Refusal> {
    Ok(a.checked_add(b).ok_or(MoneyError::Overflow)?)
}

fn before(call: &'static str, now: Time, limit: Time) -> Result<(), Refusal> {
    if now < limit { Ok(()) } else { Err(Refusal::Clock { call, now, side: "before", limit }) }
}

fn after(call: &'static str, now: Time, limit: Time) -> Result<(), Refusal> {
    if now >= limit {
        Ok(())
    } else {
        Err(Refusal::Clock { call, now, side: "at or after", limit })
    }
}
