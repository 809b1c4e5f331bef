//! At what price and pace. Execution never decides whether something is sold.
//!
//! - [`walk()`] sells into one curve, lot by lot, never beyond a worst price.
//! - [`route()`] splits a sale over several curves so that it fetches the most.
//! - [`most_profitable`] and [`break_even`] answer a buyer who pays a fixed price and sells on.
//! - [`Shortfall`] states what a fill cost against the mark.
//! - [`models`] propose a pace in floats, [`estimate`] says what they need to know, and
//!   [`Schedule`] says how much is sold when, in whole lots that lose no unit.
//!
//! ```
//! use breakwater_execution::{Limit, Shortfall, StoppedBy, most_profitable, route, walk};
//! use breakwater_market::{ConstantProduct, Decimals, Depth, Level, OrderBook};
//! use breakwater_money::Price;
//!
//! // Base units are thousandths, quote units and prices are cents.
//! let decimals = Decimals { base: 3, quote: 2, price: 2 };
//! let bids = [
//!     Level { price: 100_00, quantity: 5_000 },
//!     Level { price: 99_00, quantity: 5_000 },
//!     Level { price: 90_00, quantity: 50_000 },
//! ];
//! let book = OrderBook::new(&bids, decimals).unwrap();
//!
//! // Sell 20 in lots of 1, but nothing below 95: the book takes 10 of them.
//! let sale = walk(&book, 0, 20_000, Limit::Marginal(Price::new(95_00, 2)), 1_000).unwrap();
//! assert_eq!((sale.sold, sale.out, sale.unsold), (10_000, 995_00, 10_000));
//! assert_eq!(sale.stopped_by, StoppedBy::Price);
//! let cost = Shortfall::of(sale.sold, sale.out, Price::new(100_00, 2), 3, 2).unwrap();
//! assert_eq!((cost.against_mark, cost.bps_ceil), (5_00, 50));
//!
//! // With a pool beside the book, the same 20 fetch more than either pays alone.
//! let pool = ConstantProduct::new(1_000_000, 100_000_00, 30, decimals).unwrap();
//! let parts = route(&[&book, &pool], 20_000, 1_000).unwrap();
//! let out: u128 = parts.iter().map(|part| part.out).sum();
//! assert!(out > book.out(20_000).unwrap() && out > pool.out(20_000).unwrap());
//!
//! // Whoever may buy at 95 and pays 10.00 for the trip sells 10 and keeps 35.00.
//! let best = most_profitable(&book, 0, 60_000, Price::new(95_00, 2), 10_00).unwrap().unwrap();
//! assert_eq!((best.quantity, best.profit), (10_000, 35_00));
//!
//! // A million over five days, at the pace of Almgren and Chriss, in lots of 100.
//! use breakwater_execution::models::{AlmgrenChriss, LinearMarket, Sale, baselines};
//! let problem = AlmgrenChriss {
//!     sale: Sale { quantity: 1e6, horizon_days: 5.0, intervals: 5 },
//!     market: LinearMarket {
//!         volatility: 0.95,
//!         half_spread: 0.0625,
//!         temporary: 2.5e-6,
//!         permanent: 2.5e-7,
//!         drift_per_day: 0.0,
//!     },
//!     risk_aversion: 1e-6,
//! };
//! let proposal = problem.propose().unwrap();
//! let even = problem.cost(&baselines::even(&problem.sale).unwrap()).unwrap();
//! let best = problem.cost(&proposal).unwrap();
//! assert!(best.expected > even.expected && best.deviation() < even.deviation());
//! let schedule = proposal.schedule(1_000_000, 100).unwrap();
//! let quantities: Vec<u128> = schedule.slices.iter().map(|slice| slice.quantity).collect();
//! assert_eq!(quantities, [458_000, 252_100, 142_000, 85_800, 62_100]);
//! assert_eq!(schedule.total(), 1_000_000);
//! ```

pub mod estimate;
pub mod model_error;
pub mod models;
pub mod profit;
pub mod route;
pub mod schedule;
pub mod shortfall;
pub mod walk;

pub use model_error::ModelError;
pub use profit::{Profitable, break_even, most_profitable};
pub use route::{Allocation, route};
pub use schedule::{Schedule, Slice};
pub use shortfall::Shortfall;
pub use walk::{Limit, StoppedBy, Walk, walk};

use breakwater_market::DepthError;

/// Why a sale cannot be worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExecutionError {
    /// A lot of nothing.
    #[error("lot is 0; expected at least 1 base unit")]
    LotZero,
    /// Nowhere to sell.
    #[error("markets is empty; expected at least one")]
    NoMarkets,
    /// The markets do not trade the same pair in the same units.
    #[error(
        "market {market} has {base} base and {quote} quote decimals; \
         expected {expected_base} and {expected_quote} as market 0"
    )]
    DecimalsDiffer {
        /// Its index, counted from 0.
        market: usize,
        /// Its base decimals.
        base: u8,
        /// Its quote decimals.
        quote: u8,
        /// Base decimals of the first market.
        expected_base: u8,
        /// Quote decimals of the first market.
        expected_quote: u8,
    },
    /// All markets together quote less.
    #[error("quantity is {asked}; expected at most {available}, which is all that is quoted")]
    BeyondDepth {
        /// Whole lots asked for, in base units.
        asked: u128,
        /// Whole lots quoted by all markets together, in base units.
        available: u128,
    },
    /// A fill of nothing, or a mark of zero, has no shortfall in basis points.
    #[error("{field} is 0; expected more than 0")]
    Zero {
        /// Which of them.
        field: &'static str,
    },
    /// A figure does not fit its width. Nothing wraps.
    #[error("{what} does not fit; expected smaller amounts or prices")]
    Overflow {
        /// The figure.
        what: &'static str,
    },
    /// A curve refused.
    #[error(transparent)]
    Depth(#[from] DepthError),
}

/// Whole lots in `quantity`. The lot is not zero.
fn lots(quantity: u128, lot: u128) -> Result<u128, ExecutionError> {
    breakwater_money::rounding::div(quantity, lot, breakwater_money::Rounding::Floor)
        .map_err(|_| ExecutionError::LotZero)
}
