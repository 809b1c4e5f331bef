//! Price discovery by bidding.
//!
//! The crate knows lots, bids, prices and times. It knows no margin, no account and no venue, and it
//! moves nothing: every call on an auction says what has to be paid, refunded and released, and whoever
//! holds the money does that. A bidder is any small name that can be compared. Quantities are 256 bits
//! wide, because one venue counts its debt in 1e-45; each format says in which units.
//!
//! - [`english`]: ascending, with reserve, increment, bid lifetime, hard end, and a second phase in which
//!   the lot shrinks for the whole price. Surplus and debt auctions are two settings of it.
//! - [`dutch`]: descending, by curves that are functions of time alone; partial takes, resets, limits.
//! - [`sealed`]: commit and reveal, first and second price.
//! - [`batch`]: one clearing price for all, whatever the order of arrival.
//! - [`discovery`]: what an auction's outcome says about the price it found.
//! - [`theory`]: expected outcomes in closed form, as exact fractions.

pub mod batch;
pub mod discovery;
pub mod dutch;
pub mod english;
pub mod sealed;
pub mod theory;
