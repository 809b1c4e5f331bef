//! Transactions that have landed become bids.

use super::record::BidPoint;
use super::stage::{Flight, Stage};
use crate::ScenarioError;
use breakwater_auction::{english, sealed};
use breakwater_engine::{Body, What};
use breakwater_liquidation::auctions::{Auctioned, Bid};
use breakwater_money::rounding::narrow_u128;

impl Stage<'_> {
    /// Everything that is decided by `seconds`, in order of time, of two at once the one that pays more
    /// for gas first.
    pub fn land(&mut self, seconds: u64) -> Result<(), ScenarioError> {
        while let Some((at, flight)) = self.next_flight(seconds) {
            let purse = self.purse(flight.bidder);
            purse.free += flight.needs;
            purse.in_flight -= 1;
            if let Some(open) = self.open.get_mut(&flight.auction) {
                let interest = &mut open.interests[flight.bidder as usize];
                interest.waiting = false;
                interest.given_up += u32::from(!flight.lands);
            }
            if flight.lands {
                self.arrive(&flight, at)?;
            } else {
                self.purse(flight.bidder).expired += 1;
            }
        }
        Ok(())
    }

    fn next_flight(&mut self, seconds: u64) -> Option<(u64, Flight)> {
        let first = self.flights.first_entry().filter(|first| first.key().0 <= seconds)?;
        let ((at, _, _), flight) = first.remove_entry();
        Some((at, flight))
    }

    /// A bid reaches its auction, in time or not. It costs its gas either way.
    fn arrive(&mut self, flight: &Flight, at: u64) -> Result<(), ScenarioError> {
        self.purse(flight.bidder).gas += flight.gas;
        let paid_in = self.paid_in(flight);
        let (auction, bidder, bid) = (flight.auction, u64::from(flight.bidder), flight.bid);
        let outcome = self.host.apply(self.time(at), Body::Bid { auction, bidder, bid })?;
        if !outcome.accepted() {
            self.purse(flight.bidder).refused += 1;
            return Ok(());
        }
        let placed =
            outcome.events.iter().any(|event| matches!(event.what, What::BidPlaced { .. }));
        debug_assert!(placed, "an accepted bid is told");
        self.totals.bids += 1;
        let purse = self.purse(flight.bidder);
        purse.free = purse.free.saturating_sub(paid_in);
        self.note(flight, at, paid_in);
        self.read(&outcome, at)?;
        if let Bid::Take { .. } = bid {
            // A take is paid as it is sold.
            let paid = outcome.events.iter().fold(0u128, |sum, event| match event.what {
                What::LotSold { paid, .. } => sum + paid,
                _ => sum,
            });
            let purse = self.purse(flight.bidder);
            purse.free = purse.free.saturating_sub(paid);
        }
        Ok(())
    }

    /// What the bidder puts down with the bid, if it is taken.
    fn paid_in(&self, flight: &Flight) -> u128 {
        let running = self.host.engine.auctions().get(&flight.auction);
        match (flight.bid, running.map(|running| &running.kind)) {
            (Bid::Raise { amount }, _) => amount,
            (Bid::Shrink { .. }, Some(Auctioned::English { auction, .. })) => standing(auction),
            (Bid::Commit { .. }, Some(Auctioned::Sealed(sealed))) => deposit(sealed),
            (Bid::Reveal { amount, .. }, Some(Auctioned::Sealed(sealed))) => {
                amount.saturating_sub(deposit(sealed))
            }
            (Bid::Order { pay, .. }, _) => pay,
            _ => 0,
        }
    }

    /// Writes an accepted bid down, and what its bidder need not do again.
    fn note(&mut self, flight: &Flight, at: u64, paid_in: u128) {
        let Some(open) = self.open.get_mut(&flight.auction) else { return };
        let interest = &mut open.interests[flight.bidder as usize];
        let purse = &mut self.purses[flight.bidder as usize];
        let (amount, quantity) = match flight.bid {
            Bid::Raise { amount } => (amount, open.lot.quantity),
            Bid::Shrink { lot } => (paid_in, lot),
            Bid::Commit { .. } => {
                interest.sealed = flight.sealed;
                interest.promised = flight.sealed.unwrap_or(0).saturating_sub(paid_in);
                purse.promised += interest.promised;
                return;
            }
            Bid::Reveal { amount, .. } => {
                purse.promised -= std::mem::take(&mut interest.promised);
                interest.done = true;
                (amount, open.lot.quantity)
            }
            Bid::Order { pay, min_receive } => {
                interest.done = true;
                (pay, min_receive)
            }
            Bid::Take { .. } | Bid::Withdraw { .. } | Bid::Pay => return,
        };
        open.lot.bids.push(BidPoint { at_seconds: at, bidder: flight.bidder, amount, quantity });
    }
}

fn standing(auction: &english::Auction<u64>) -> u128 {
    narrow_u128(auction.bid).unwrap_or(u128::MAX)
}

fn deposit(sealed: &sealed::Sealed) -> u128 {
    narrow_u128(sealed.terms().deposit).unwrap_or(u128::MAX)
}
