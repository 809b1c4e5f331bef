//! What the format promises: at every edge, and against a naive model.

mod deposits;
mod edges;
mod naive;
mod property;
mod purses;

use super::{Auction, Bid, Form, Payment, Refusal, Step, Terms};
use breakwater_money::{U256, Wad};

/// Bidders are small numbers here.
type Who = u8;

fn units(n: u128) -> U256 {
    U256::from(n)
}

/// Bids five per cent apart, lifetimes of 100 s, an end after 1,000 s.
fn terms(payment: Payment) -> Terms {
    Terms { payment, ..Terms::plain(100, 1_000) }
}

fn two_phase(terms: &Terms) -> Auction<Who> {
    Auction::open(terms, Form::TwoPhase { wanted: units(1_000) }, units(200), 0).unwrap()
}

fn bid(bidder: Who, amount: u128, lot: u128) -> Bid<Who> {
    Bid { bidder, amount: units(amount), lot: units(lot) }
}

/// The auction after `bidder` raised to `amount` at `now`.
fn raised(auction: &Auction<Who>, terms: &Terms, who: Who, amount: u128, now: u64) -> Auction<Who> {
    let lot = auction.lot;
    auction.raise(terms, &Bid { bidder: who, amount: units(amount), lot }, now).unwrap().auction
}

fn refusal(result: Result<Step<Who>, Refusal>) -> Refusal {
    result.unwrap_err()
}

fn five_per_cent() -> Wad {
    Wad::new(1_050_000_000_000_000_000)
}
