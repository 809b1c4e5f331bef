//! Descending auctions: the price of a lot falls until somebody takes it, whole or in part.
//!
//! - [`curve`]: how the price falls with time.
//! - [`health`]: how a discount grows as a position gets worse, a price rule without a timer.
//! - [`clock`]: auction time, which stands still while the feed is stale.
//! - [`sale`]: one lot and the proceeds wanted for it.
//! - [`book`]: the sales that are open at once, and the levels at which they are stopped.
//! - [`limits`]: how much may be on sale at once.
//!
//! Units, chosen by the host and kept through: a lot in wad (1e-18), a price in ray (1e-27), proceeds
//! in rad (1e-45), so that `slice * price` is what is owed, exactly and without a division. Any other
//! three that multiply like this will do; shares are in ray, the keeper's share in wad.
//!
//! Every call is a pure function that returns what would change: what the taker pays and gets, what
//! goes back to the owner, the incentive, and a [`Change`](book::Change) of the book. The host moves
//! the money and applies the change, or does neither. The rule is that of dss at fa4f6630 (clip, dog,
//! abaci), with the clock, the health discount and limits that are kept strictly added.
//!
//! ```
//! use breakwater_auction::dutch::{Book, Curve, Feed, Incentive, Moment, Asking, Terms};
//! use breakwater_money::{Ray, U256, Wad};
//!
//! let ten = |power: u64| U256::from(10).pow(U256::from(power));
//! let terms = Terms {
//!     asking: Asking::Falling(Curve::Linear { seconds: U256::from(100) }),
//!     start: Ray::one(),
//!     age_seconds_max: U256::from(100),
//!     price_least: Ray::from_raw(U256::ZERO),
//!     remainder_least: U256::ZERO,
//!     incentive: Incentive::none(),
//! };
//! // One unit at a price of two, 1.5 wanted for it.
//! let feed = Feed { price: U256::from(2) * ten(27), health: None };
//! let start = Moment { seconds: 0, feed: Some(feed) };
//! let mut book = Book::new();
//! let wanted = U256::from(15) * ten(44);
//! let started = book.start(&terms, &start, wanted, ten(18), "owner").unwrap();
//! book.apply(&started.change).unwrap();
//! // Half the time later the price is one: the whole lot goes for less than is wanted.
//! let later = Moment { seconds: 50, feed: None };
//! let bought = book.take(&terms, &later, started.id, ten(18), ten(27)).unwrap();
//! assert_eq!((bought.slice, bought.owed), (ten(18), ten(45)));
//! book.apply(&bought.change).unwrap();
//! assert!(book.active().is_empty());
//! ```

pub mod book;
pub mod clock;
pub mod curve;
pub mod health;
pub mod limits;
pub mod sale;
#[cfg(test)]
mod tests;

pub use book::{Book, Call, Change, Listed, Purchase, Reset, Started, Stop, Withdrawn};
pub use clock::Clock;
pub use curve::{Curve, power};
pub use health::HealthDiscount;
pub use limits::{Limit, Limits};
pub use sale::{Asking, Feed, Incentive, Moment, Outcome, Sale, Status, Taken, Terms};

use breakwater_money::{MoneyError, U256, Wad};

/// Why a call on a sale is refused. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The breaker stands at a level at which such calls are refused.
    #[error("the breaker stands at {stop:?}: a {call:?} is possible below it only")]
    Stopped {
        /// Where it stands.
        stop: Stop,
        /// What was called.
        call: Call,
    },
    /// There is no open sale with this number.
    #[error("sale {id} is not open")]
    NotOpen {
        /// The number.
        id: u64,
    },
    /// The sale is too old, or its price too low: it must be reset before anything is taken.
    #[error("the sale must be reset first: its price {price} is stale")]
    NeedsReset {
        /// The price that it would have.
        price: U256,
    },
    /// The sale is neither too old nor too cheap.
    #[error("the sale needs no reset: its price {price} still holds")]
    NoResetNeeded {
        /// Its price.
        price: U256,
    },
    /// The price is above what the taker accepts.
    #[error("the price is {price}: at most {price_max} is accepted")]
    TooDear {
        /// The price.
        price: U256,
        /// The taker's greatest.
        price_max: U256,
    },
    /// A part is asked for where what then remains wanted would be dust, and so is all of it.
    #[error("wanted = {wanted}: at {remainder_least} or below it is taken whole or not at all")]
    NoPart {
        /// Proceeds that are wanted.
        wanted: U256,
        /// The least that may remain wanted.
        remainder_least: U256,
    },
    /// A sale for which nothing is wanted.
    #[error("wanted = 0: a sale wants proceeds above 0")]
    NothingWanted,
    /// A sale of nothing.
    #[error("lot = 0: a sale needs a lot above 0")]
    LotEmpty,
    /// There is no valid price, or none of the position's health, where the call reads it.
    #[error("the feed gives no valid {what}: the call needs one")]
    FeedMissing {
        /// What is missing.
        what: &'static str,
    },
    /// The feed's price is so low that the sale would start at 0.
    #[error("top price = 0: a sale starts above 0")]
    TopZero,
    /// The position is not to be sold at all.
    #[error("health = {health}: only a position below 1 is sold by its health")]
    Healthy {
        /// The health.
        health: Wad,
    },
    /// More would be on sale at once than is allowed.
    #[error("on sale + {asked}: there is room for {room}")]
    NoRoom {
        /// What would be added.
        asked: U256,
        /// What may be added.
        room: U256,
    },
    /// A market without a limit sells nothing.
    #[error("the market has no limit: one must be set before anything is sold in it")]
    UnknownMarket,
    /// The clock, or a sale, is asked for a time before one that it has seen.
    #[error("second {now} lies before {last}: time does not go back")]
    TimeBack {
        /// The time given.
        now: u64,
        /// The latest seen.
        last: u64,
    },
    /// A setting that cannot work.
    #[error("{field} = {found}: {right}")]
    BadTerm {
        /// The field.
        field: &'static str,
        /// Its value.
        found: U256,
        /// What would be right.
        right: &'static str,
    },
    /// The sale is not what it was when the change was computed: it has to be computed again.
    #[error("sale {id} has changed since the call was computed")]
    Changed {
        /// The sale.
        id: u64,
    },
    /// A result that does not fit, a difference below zero, or a division by zero.
    #[error(transparent)]
    Arithmetic(#[from] MoneyError),
}
