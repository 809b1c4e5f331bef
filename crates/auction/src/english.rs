//! Ascending auctions: whoever bids most, or asks for least, wins.
//!
//! One state machine serves three formats, told apart by [`Form`]: a bid that rises without a cap (the
//! sale of a surplus), a bid that rises up to a wanted sum from which on the lot shrinks instead (the
//! sale of collateral for a debt), and a fixed bid for a lot that shrinks from the start (the purchase
//! of money with newly issued units). Around them: an opening bid and a reserve, a least increment, a
//! lifetime of each bid, an end that late bids may move up to a hard one, restarts without bids, and
//! deposits instead of whole bids with what follows when a winner does not pay.
//!
//! Nothing is moved here. Each call takes the auction as it is and returns a [`Step`]: the auction as
//! it would be, and every [`Move`] of money and of the lot that this takes. Whoever holds the money
//! makes the moves and keeps the new state, or makes none and keeps the old one. Amounts are integers of
//! whatever unit the host counts in, money and lot each in its own; times are whole seconds.
//!
//! The rules of increments, of the two phases and of restarts are those of MakerDAO's Flipper, Flapper
//! and Flopper (dss at fa4f6630), which are settings of this machine; the rest is ours.
//!
//! ```
//! use breakwater_auction::english::{Auction, Bid, Form, Matter, Party, Payment, Terms};
//! use breakwater_money::U256;
//!
//! let units = |n: u64| U256::from(n);
//! let terms = Terms { payment: Payment::PassedOn, ..Terms::plain(600, 3_600) };
//! let auction = Auction::open(&terms, Form::TwoPhase { wanted: units(100) }, units(50), 0).unwrap();
//!
//! // Bidder 1 offers 60 for the whole lot, bidder 2 all that is wanted.
//! let first = auction.raise(&terms, &Bid { bidder: 1, amount: units(60), lot: units(50) }, 10).unwrap();
//! let second = first.auction
//!     .raise(&terms, &Bid { bidder: 2, amount: units(100), lot: units(50) }, 20).unwrap();
//! let refund = second.moves[0];
//! assert_eq!((refund.from, refund.to, refund.amount), (Party::Bidder(2), Party::Bidder(1), units(60)));
//!
//! // Bidder 1 takes 40 of the lot for the same sum; the other ten go back to their owner.
//! let third = second.auction
//!     .shrink(&terms, &Bid { bidder: 1, amount: units(100), lot: units(40) }, 30).unwrap();
//! let released = third.moves[1];
//! assert_eq!((released.matter, released.to, released.amount), (Matter::Lot, Party::Owner, units(10)));
//! assert!(third.auction.settle(&terms, 629).is_err());
//! assert!(third.auction.settle(&terms, 630).is_ok());
//! ```

mod auction;
mod closing;
mod refusal;
mod terms;
#[cfg(test)]
mod tests;

pub use auction::{Auction, Bid, Matter, Move, Party, RECORDED_MAX, Recorded, Stage, Step};
pub use refusal::Refusal;
pub use terms::{Edge, Extension, Form, Payment, Restarts, Terms, TermsError};
