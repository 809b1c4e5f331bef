//! The state of one auction, and bidding.

use super::{Extension, Form, Payment, Refusal, Terms};
use breakwater_money::{Rounding, U256, Wad};
use serde::{Deserialize, Serialize};

/// Most outbid bidders that are remembered for the case that a winner does not pay. Each is a round
/// of waiting for a payment; after so many the lot is better offered to everybody again.
pub const RECORDED_MAX: usize = 16;

/// What a bidder offers: `amount` of money for `lot`. Both are named in every call, so that a bid that
/// arrives after another does not buy what its bidder has not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bid<B> {
    /// Who.
    pub bidder: B,
    /// Money units.
    pub amount: U256,
    /// Lot units.
    pub lot: U256,
}

/// Whose money or lot a move concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party<B> {
    /// Somebody who bid.
    Bidder(B),
    /// What is held for the auction.
    Escrow,
    /// Whoever the price is for.
    Seller,
    /// Whoever the lot came from, and returns to.
    Owner,
    /// Whoever cancels.
    Canceller,
}

/// What is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matter {
    /// Money.
    Money,
    /// Units of the lot.
    Lot,
}

/// Something to be moved, never nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move<B> {
    /// Money or lot.
    pub matter: Matter,
    /// From whom.
    pub from: Party<B>,
    /// To whom.
    pub to: Party<B>,
    /// How much, in units of the matter.
    pub amount: U256,
}

/// An accepted call: the auction afterwards, and what has to be moved, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step<B> {
    /// The auction afterwards.
    pub auction: Auction<B>,
    /// Every payment, refund and release that the call takes.
    pub moves: Vec<Move<B>>,
}

/// How far an auction has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Bids are taken, or wait for settlement.
    Bidding,
    /// The leader has won and owes the rest of the price.
    Awarded {
        /// Last second in which the payment is in time.
        due_by: u64,
    },
    /// The winner has the lot.
    Sold,
    /// The lot is back with its owner.
    Unsold,
    /// Cancelled by whoever runs the auction.
    Cancelled,
}

/// An outbid bid that may be offered the lot when the winner does not pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded<B> {
    /// Who.
    pub bidder: B,
    /// The bid, money units.
    pub amount: U256,
    /// For how much, lot units.
    pub lot: U256,
}

/// One auction. The fields are open to be read and to be stored; calls return a new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Auction<B> {
    /// What bidders compete in.
    pub form: Form,
    /// What the leader gets, lot units.
    pub lot: U256,
    /// What the first bidder of a round would get.
    pub lot_opening: U256,
    /// What is held of the lot; nothing in [`Form::Shrinking`].
    pub lot_held: U256,
    /// The standing bid, money units.
    pub bid: U256,
    /// Who bid it.
    pub leader: Option<B>,
    /// What the leader has put down, whether it is held or was passed on.
    pub put_down: U256,
    /// When the standing bid wins; `None` without one, or if bids do not lapse.
    pub lapses_at: Option<u64>,
    /// When bidding ends.
    pub ends_at: u64,
    /// When it ends however late bids come.
    pub ends_at_most: u64,
    /// Restarts so far.
    pub restarts: u32,
    /// How far it has come.
    pub stage: Stage,
    /// Outbid bids, the best last; only where bids are not paid in full.
    pub recorded: Vec<Recorded<B>>,
}

impl<B: Copy + Eq> Auction<B> {
    /// An auction of `lot` that starts at `now`. Unless the form is [`Form::Shrinking`], its owner has
    /// put the lot into escrow. Whether the terms make sense is [`Terms::check`]'s question.
    ///
    /// # Errors
    /// [`Refusal::Overflow`] if the end lies beyond 64 bits.
    pub fn open(terms: &Terms, form: Form, lot: U256, now: u64) -> Result<Self, Refusal> {
        let (bid, lot_held) = match form {
            Form::Rising | Form::TwoPhase { .. } => (U256::ZERO, lot),
            Form::Shrinking { price } => (price, U256::ZERO),
        };
        let (ends_at, ends_at_most) = ends(terms, now)?;
        Ok(Auction {
            form,
            lot,
            lot_opening: lot,
            lot_held,
            bid,
            leader: None,
            put_down: U256::ZERO,
            lapses_at: None,
            ends_at,
            ends_at_most,
            restarts: 0,
            stage: Stage::Bidding,
            recorded: Vec::new(),
        })
    }

    /// Money held for the auction: what the leader put down, unless it was passed on.
    #[must_use]
    pub fn held(&self, terms: &Terms) -> U256 {
        match terms.payment {
            Payment::PassedOn => U256::ZERO,
            Payment::Held | Payment::Deposit { .. } => self.put_down,
        }
    }

    /// Bids more for the whole lot.
    ///
    /// # Errors
    /// The first guard that fails: stage, form, times, lot, cap, height, opening, increment. Products
    /// are formed before the exception for the cap is asked, so that they overflow first.
    pub fn raise(&self, terms: &Terms, bid: &Bid<B>, now: u64) -> Result<Step<B>, Refusal> {
        self.bidding()?;
        let wanted = match self.form {
            Form::Rising => None,
            Form::TwoPhase { wanted } => Some(wanted),
            Form::Shrinking { price } => return Err(Refusal::PriceFixed { price }),
        };
        self.in_time(terms, now)?;
        let &Bid { amount, lot, .. } = bid;
        if lot != self.lot {
            return Err(Refusal::LotDiffers { lot, standing: self.lot });
        }
        if let Some(wanted) = wanted.filter(|wanted| amount > *wanted) {
            return Err(Refusal::AboveWanted { amount, wanted });
        }
        let standing = self.bid;
        if amount <= standing {
            return Err(Refusal::NotHigher { amount, standing });
        }
        if self.leader.is_none() && amount < terms.opening {
            return Err(Refusal::BelowOpening { amount, opening: terms.opening });
        }
        if !reaches(amount, standing, terms.step)? && wanted != Some(amount) {
            return Err(Refusal::IncrementTooSmall { amount, standing, step: terms.step });
        }
        self.led_by(terms, bid, now)
    }

    /// Takes less of the lot for the same money.
    ///
    /// # Errors
    /// The first guard that fails: stage, form, times, bid, phase, height of the lot, decrement.
    pub fn shrink(&self, terms: &Terms, bid: &Bid<B>, now: u64) -> Result<Step<B>, Refusal> {
        self.bidding()?;
        if self.form == Form::Rising {
            return Err(Refusal::LotFixed);
        }
        self.in_time(terms, now)?;
        let &Bid { amount, lot, .. } = bid;
        if amount != self.bid {
            return Err(Refusal::BidDiffers { amount, standing: self.bid });
        }
        if let Form::TwoPhase { wanted } = self.form
            && amount != wanted
        {
            return Err(Refusal::WantedNotBid { standing: self.bid, wanted });
        }
        let standing = self.lot;
        if lot >= standing {
            return Err(Refusal::LotNotLower { lot, standing });
        }
        if !reaches(standing, lot, terms.step)? {
            return Err(Refusal::DecrementTooSmall { lot, standing, step: terms.step });
        }
        let mut step = self.led_by(terms, bid, now)?;
        // While money may still be missing the whole lot stays, to be offered to somebody else.
        if !matches!(terms.payment, Payment::Deposit { .. }) {
            let released = self.lot_held.saturating_sub(lot);
            step.moves.extend(moved(Matter::Lot, Party::Escrow, Party::Owner, released));
            step.auction.lot_held = self.lot_held.min(lot);
        }
        Ok(step)
    }

    /// Starts again after an end without bids; the lot of [`Form::Shrinking`] grows. Nothing moves.
    ///
    /// # Errors
    /// The first guard that fails: stage, end, no bid, restarts left, overflow.
    pub fn restart(&self, terms: &Terms, now: u64) -> Result<Step<B>, Refusal> {
        self.bidding()?;
        if !terms.edge.is_over(now, self.ends_at) {
            return Err(Refusal::NotOver { now, at: self.ends_at });
        }
        if self.leader.is_some() {
            return Err(Refusal::BidStands);
        }
        let lot = match self.form {
            Form::Rising | Form::TwoPhase { .. } => self.lot,
            Form::Shrinking { .. } => {
                let grown = terms.restarts.growth.of(self.lot, Rounding::Floor)?;
                terms.restarts.lot_most.map_or(grown, |most| grown.min(most))
            }
        };
        let auction = self.new_round(terms, lot, now)?;
        Ok(Step { auction, moves: Vec::new() })
    }

    /// The auction in a new round over `lot`, without bids.
    pub(super) fn new_round(&self, terms: &Terms, lot: U256, now: u64) -> Result<Self, Refusal> {
        let spent = terms.restarts.most.filter(|most| self.restarts >= *most);
        if let Some(most) = spent {
            return Err(Refusal::RestartsSpent { most });
        }
        let restarts = self.restarts.checked_add(1).ok_or(Refusal::Overflow)?;
        let fresh = Auction::open(terms, self.form, lot, now)?;
        Ok(Auction { restarts, ..fresh })
    }

    pub(super) fn bidding(&self) -> Result<(), Refusal> {
        if self.stage == Stage::Bidding { Ok(()) } else { Err(Refusal::NotBidding) }
    }

    fn in_time(&self, terms: &Terms, now: u64) -> Result<(), Refusal> {
        if let Some(lapsed_at) = self.lapses_at.filter(|at| !terms.edge.takes_bids(now, *at)) {
            return Err(Refusal::Lapsed { now, lapsed_at });
        }
        if !terms.edge.takes_bids(now, self.ends_at) {
            return Err(Refusal::Ended { now, ended_at: self.ends_at });
        }
        Ok(())
    }

    /// The auction with `bid` standing, and the payments for that.
    fn led_by(&self, terms: &Terms, bid: &Bid<B>, now: u64) -> Result<Step<B>, Refusal> {
        let put_down = terms.payment.put_down(bid.amount)?;
        let mut auction = self.clone();
        auction.record(terms, bid.bidder);
        (auction.bid, auction.lot, auction.put_down) = (bid.amount, bid.lot, put_down);
        auction.leader = Some(bid.bidder);
        let lapses = |seconds| now.checked_add(seconds).ok_or(Refusal::Overflow);
        auction.lapses_at = terms.lifetime.map(lapses).transpose()?;
        if let Some(Extension { window, by, .. }) = terms.extension
            && self.ends_at.saturating_sub(now) <= window
        {
            let later = self.ends_at.saturating_add(by).min(self.ends_at_most);
            auction.ends_at = later.max(self.ends_at);
        }
        Ok(Step { auction, moves: self.payments(terms, bid.bidder, put_down) })
    }

    /// What `bidder` pays to have `put_down` in all: whoever led before gets exactly his own back.
    fn payments(&self, terms: &Terms, bidder: B, put_down: U256) -> Vec<Move<B>> {
        let beyond = match terms.payment {
            Payment::PassedOn => Party::Seller,
            Payment::Held | Payment::Deposit { .. } => Party::Escrow,
        };
        let payer = Party::Bidder(bidder);
        // A leader who bids again has it down already: his money only changes its name.
        let before = self.leader.map_or(payer, Party::Bidder);
        let direct = self.put_down.min(put_down);
        let repaid = if before == payer { U256::ZERO } else { direct };
        let more = put_down.saturating_sub(direct);
        let less = self.put_down.saturating_sub(direct);
        let moves = [
            moved(Matter::Money, payer, before, repaid),
            moved(Matter::Money, beyond, before, less),
            moved(Matter::Money, payer, beyond, more),
        ];
        moves.into_iter().flatten().collect()
    }

    /// Remembers the leader who is about to be outbid by `by`, whose own older bids count no more.
    fn record(&mut self, terms: &Terms, by: B) {
        let Some(leader) = self.leader else { return };
        if !matches!(terms.payment, Payment::Deposit { .. }) {
            return;
        }
        self.recorded.retain(|record| record.bidder != by && record.bidder != leader);
        if leader != by {
            self.recorded.push(Recorded { bidder: leader, amount: self.bid, lot: self.lot });
        }
        if self.recorded.len() > RECORDED_MAX {
            self.recorded.remove(0);
        }
    }
}

/// Whether `more` is at least `step` times `less`, exactly.
fn reaches(more: U256, less: U256, step: Wad) -> Result<bool, Refusal> {
    let scaled = more.checked_mul(Wad::one().raw).ok_or(Refusal::Overflow)?;
    let least = step.raw.checked_mul(less).ok_or(Refusal::Overflow)?;
    Ok(scaled >= least)
}

/// The scheduled and the hard end of a round that starts at `now`.
fn ends(terms: &Terms, now: u64) -> Result<(u64, u64), Refusal> {
    let ends_at = now.checked_add(terms.duration).ok_or(Refusal::Overflow)?;
    let most = terms.extension.map_or(0, |extension| extension.total_most);
    Ok((ends_at, ends_at.checked_add(most).ok_or(Refusal::Overflow)?))
}

/// A move of `amount`, none if there is nothing to move.
pub(super) fn moved<B>(
    matter: Matter,
    from: Party<B>,
    to: Party<B>,
    amount: U256,
) -> Option<Move<B>> {
    (!amount.is_zero()).then_some(Move { matter, from, to, amount })
}
