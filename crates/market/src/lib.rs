//! Ticks to marks and the guard between; depth curves and their inverse.
//!
//! A [`Tick`] is what a feed says. A [`Guard`] judges it against the last [`Mark`] and either
//! accepts it as the next mark or refuses it with the numbers that made it refuse. A [`Depth`]
//! says what a sale of base for quote would fetch: from an [`OrderBook`], a [`ConstantProduct`]
//! pool, or a [`QuoteLadder`] of measured quotes applied to the current mark. Market knows no
//! accounts, reads no clock and holds no state of its own: the caller keeps [`GuardState`].
//!
//! ```
//! use breakwater_market::{
//!     Depth, Guard, GuardState, LadderPoint, MarketId, MarkStatus, Quote, QuoteLadder, Refusal, Tick,
//! };
//! use breakwater_money::Time;
//!
//! let guard = Guard {
//!     decimals: 2,
//!     age_max_nanos: 60_000_000_000,
//!     ahead_max_nanos: 1_000_000_000,
//!     band_bps: 2_500,
//!     spread_max_bps: 100,
//!     grace_nanos: 0,
//! };
//! guard.validate().unwrap();
//! let tick = |sequence, raw| Tick {
//!     market: MarketId(0),
//!     quote: Quote::Single(raw),
//!     decimals: 2,
//!     sequence,
//!     observed_at: Time::from_seconds(sequence),
//! };
//! let now = Time::from_seconds(2);
//! let state = guard.judge(&GuardState::default(), &tick(1, 172_300), now).unwrap();
//! assert_eq!(guard.status(&state, now), MarkStatus::Fresh);
//! // A fall of 30 % in one tick is outside the band of 25 %.
//! let refused = guard.judge(&state, &tick(2, 120_610), now);
//! assert!(matches!(refused, Err(Refusal::OutOfBand { .. })));
//!
//! // Measured quotes: 1 unit at the mid, 10 units at 98 % of it. Amounts have 3 decimals, quote 2.
//! let points = [
//!     LadderPoint { amount: 1_000, fraction: 1_000_000_000 },
//!     LadderPoint { amount: 10_000, fraction: 980_000_000 },
//! ];
//! let ladder = QuoteLadder::new(&points, 3, 2).unwrap();
//! let depth = ladder.at(state.mark.unwrap().price).unwrap();
//! let sale = depth.sell(10_000).unwrap();
//! assert_eq!(sale.out, 1_688_540); // 10 * 1,723.00 * 0.98
//! assert_eq!(depth.sellable_above(sale.average), 1_000);
//! ```

pub mod band_depth;
pub mod band_guard;
pub mod book_feed;
pub mod constant_product;
pub mod depth;
pub mod guard;
pub mod index;
pub mod mark_price;
pub mod mark_recipe;
pub mod order_book;
pub mod part_error;
pub mod quote_ladder;
pub mod tick;

pub use band_depth::{Band, BandAsksAt, BandBidsAt, BandDepth, BandSide, BookSide, Purchase};
pub use band_guard::{BandGuard, BandRefusal, BandSnapshot, JudgedBands, RefusalCount};
pub use constant_product::ConstantProduct;
pub use depth::{After, Decimals, Depth, DepthError, Proceeds, quote_value};
pub use guard::{Guard, GuardError, GuardState, MarkStatus, Refusal};
pub use mark_recipe::{Construction, Recipe, RecipeError};
pub use order_book::{Level, OrderBook};
pub use part_error::PartError;
pub use quote_ladder::{LadderPoint, QuoteLadder, QuoteLadderAt};
pub use tick::{Mark, MarketId, Quote, Tick};
