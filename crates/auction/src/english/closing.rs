//! The ways out: settlement, payment, default and cancellation.

use super::auction::moved;
use super::{Auction, Form, Matter, Move, Party, Payment, Refusal, Stage, Step, Terms};
use breakwater_money::U256;

impl<B: Copy + Eq> Auction<B> {
    /// Whether bidding is over: the standing bid has lapsed, or the end has passed.
    #[must_use]
    pub fn is_over(&self, terms: &Terms, now: u64) -> bool {
        let lapsed = self.lapses_at.is_some_and(|at| terms.edge.is_over(now, at));
        lapsed || terms.edge.is_over(now, self.ends_at)
    }

    /// Gives the lot to the leader, or back to its owner if the reserve is missed. Where bids are
    /// deposits the lot is only awarded: [`Auction::pay`] follows, or [`Auction::default_of_winner`].
    ///
    /// # Errors
    /// The first guard that fails: stage, a bid, time.
    pub fn settle(&self, terms: &Terms, now: u64) -> Result<Step<B>, Refusal> {
        self.bidding()?;
        let leader = self.leader.ok_or(Refusal::NoBid)?;
        if !self.is_over(terms, now) {
            let at = self.lapses_at.map_or(self.ends_at, |lapses| lapses.min(self.ends_at));
            return Err(Refusal::NotOver { now, at });
        }
        if !self.reserve_met(terms, self.bid) {
            let refund = self.release_money(terms, Party::Bidder(leader));
            return Ok(self.unsold(refund));
        }
        let mut auction = self.clone();
        let moves = match terms.payment {
            Payment::Deposit { pay_within, .. } => {
                let due_by = now.checked_add(pay_within).ok_or(Refusal::Overflow)?;
                auction.stage = Stage::Awarded { due_by };
                Vec::new()
            }
            Payment::PassedOn | Payment::Held => {
                let mut moves = Vec::from_iter(self.release_money(terms, Party::Seller));
                moves.extend(self.delivery(leader));
                auction.sold();
                moves
            }
        };
        Ok(Step { auction, moves })
    }

    /// The winner pays what his deposit leaves open and gets the lot.
    ///
    /// # Errors
    /// The first guard that fails: an award, the winner himself, in time.
    pub fn pay(&self, terms: &Terms, payer: B, now: u64) -> Result<Step<B>, Refusal> {
        let Stage::Awarded { due_by } = self.stage else { return Err(Refusal::NotAwarded) };
        if self.leader != Some(payer) {
            return Err(Refusal::NotWinner);
        }
        if now > due_by {
            return Err(Refusal::Overdue { now, due_by });
        }
        let rest = self.bid.checked_sub(self.put_down).ok_or(Refusal::Overflow)?;
        let mut moves =
            Vec::from_iter(moved(Matter::Money, Party::Bidder(payer), Party::Seller, rest));
        moves.extend(self.release_money(terms, Party::Seller));
        moves.extend(self.delivery(payer));
        let mut auction = self.clone();
        auction.sold();
        Ok(Step { auction, moves })
    }

    /// The winner has not paid: the seller keeps the deposit, and the lot is offered to the best
    /// bidder on record, who has got his deposit back and owes nothing if he lets the offer pass.
    /// Without one, or none that meets the reserve, a new round starts over the opening lot; where no
    /// restart is left, the lot returns to its owner.
    ///
    /// # Errors
    /// The first guard that fails: an award, the time of payment over.
    pub fn default_of_winner(&self, terms: &Terms, now: u64) -> Result<Step<B>, Refusal> {
        let Stage::Awarded { due_by } = self.stage else { return Err(Refusal::NotAwarded) };
        if now <= due_by {
            return Err(Refusal::NotOver { now, at: due_by });
        }
        let forfeit = self.release_money(terms, Party::Seller);
        let mut auction = self.clone();
        auction.put_down = U256::ZERO;
        let next = auction.recorded.pop().filter(|it| self.reserve_met(terms, it.amount));
        if let (Some(next), Payment::Deposit { pay_within, .. }) = (next, terms.payment) {
            let due_by = now.checked_add(pay_within).ok_or(Refusal::Overflow)?;
            auction.leader = Some(next.bidder);
            (auction.bid, auction.lot) = (next.amount, next.lot);
            auction.stage = Stage::Awarded { due_by };
            return Ok(Step { auction, moves: forfeit.into_iter().collect() });
        }
        match self.new_round(terms, self.lot_opening, now) {
            Ok(auction) => Ok(Step { auction, moves: forfeit.into_iter().collect() }),
            Err(Refusal::RestartsSpent { .. }) => Ok(self.unsold(forfeit)),
            Err(other) => Err(other),
        }
    }

    /// Ends the auction by decision of whoever runs it. Held money returns to the leader and the lot to
    /// its owner. Money that was passed on is gone: whoever cancels repays the leader from his own and
    /// takes the lot.
    ///
    /// # Errors
    /// The first guard that fails: stage, not while the lot shrinks for the whole sum.
    pub fn cancel(&self, terms: &Terms) -> Result<Step<B>, Refusal> {
        self.bidding()?;
        if let Form::TwoPhase { wanted } = self.form
            && self.bid >= wanted
        {
            return Err(Refusal::WantedIsBid { wanted });
        }
        let (payer, taker) = match terms.payment {
            Payment::PassedOn => (Party::Canceller, Party::Canceller),
            Payment::Held | Payment::Deposit { .. } => (Party::Escrow, Party::Owner),
        };
        let refund = self
            .leader
            .and_then(|leader| moved(Matter::Money, payer, Party::Bidder(leader), self.put_down));
        let lot = moved(Matter::Lot, Party::Escrow, taker, self.lot_held);
        let mut auction = self.clone();
        auction.put_down = U256::ZERO;
        auction.lot_held = U256::ZERO;
        auction.stage = Stage::Cancelled;
        Ok(Step { auction, moves: lot.into_iter().chain(refund).collect() })
    }

    /// Whether a bid of `amount` sells the lot. A fixed price has no reserve beside it.
    fn reserve_met(&self, terms: &Terms, amount: U256) -> bool {
        matches!(self.form, Form::Shrinking { .. }) || amount >= terms.reserve
    }

    /// The money held, to `to`.
    fn release_money(&self, terms: &Terms, to: Party<B>) -> Option<Move<B>> {
        moved(Matter::Money, Party::Escrow, to, self.held(terms))
    }

    /// The lot to its winner, and what is held beyond it to its owner.
    fn delivery(&self, winner: B) -> Vec<Move<B>> {
        let source = match self.form {
            Form::Rising | Form::TwoPhase { .. } => Party::Escrow,
            Form::Shrinking { .. } => Party::Owner,
        };
        let beyond = self.lot_held.saturating_sub(self.lot);
        let moves = [
            moved(Matter::Lot, source, Party::Bidder(winner), self.lot),
            moved(Matter::Lot, Party::Escrow, Party::Owner, beyond),
        ];
        moves.into_iter().flatten().collect()
    }

    fn sold(&mut self) {
        self.stage = Stage::Sold;
        self.put_down = U256::ZERO;
        self.lot_held = U256::ZERO;
    }

    /// The end without a sale: `first` is moved, and the lot goes home.
    fn unsold(&self, first: Option<Move<B>>) -> Step<B> {
        let lot = moved(Matter::Lot, Party::Escrow, Party::Owner, self.lot_held);
        let mut auction = self.clone();
        auction.stage = Stage::Unsold;
        auction.put_down = U256::ZERO;
        auction.lot_held = U256::ZERO;
        Step { auction, moves: first.into_iter().chain(lot).collect() }
    }
}
