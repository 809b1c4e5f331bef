//! Prices and greeks of options, and their values as integers that decide.
//!
//! Options knows volatilities, forwards and times, and nothing of accounts. Floats propose; what
//! crosses into margin is an integer, rounded against the account.
//!
//! - [`Black76`]: one European option on a forward, its price and every greek, and the same for an
//!   option that settles in the coin it is written on.
//! - [`BlackScholes`]: the same on a spot price that pays a yield.
//! - [`american()`]: an option on spot that may be exercised at any time, by trees.
//! - [`columns`]: many at once, prices, greeks and volatilities, in plain loops over columns, each with
//!   a stated bound on the error.
//! - [`implied_volatility()`]: the volatility of a price, or why it has none;
//!   [`implied_volatility_ppm`]: the same in whole millionths, for a side.
//! - [`quantised`]: a value as an integer of base units, what a short owes up, what a long owns down.
//! - [`hedging`]: policies of dynamic hedging, their bands, their direction, and how far they miss.
//! - [`surface`]: slices and surfaces of volatility, their arbitrage, their fit to a chain.
//!
//! Every function is total: what is no option is refused where it enters, and nothing that enters
//! gives a NaN or a panic.
//!
//! ```
//! use breakwater_options::{Black76, Kind, Quote, Side, quantised};
//!
//! let quote = Quote {
//!     kind: Kind::Call,
//!     forward: 60_000.0,
//!     strike: 66_000.0,
//!     years: 30.0 / 365.0,
//!     volatility: 0.8,
//!     rate: 0.0,
//! };
//! let option = Black76::new(&quote)?;
//! let coin = option.coin();
//! assert!((coin.net_delta - (option.delta() - coin.price)).abs() < 1e-15);
//! // What the writer owes, in 1e-8 of the coin, is at least what it is worth.
//! let owed = quantised::value_against(Side::Short, coin.price, option.coin_error(), 1e8)?;
//! let owned = quantised::value_against(Side::Long, coin.price, option.coin_error(), 1e8)?;
//! assert_eq!(owed, owned + 1);
//! # Ok::<(), breakwater_options::OptionError>(())
//! ```

mod american;
mod black76;
mod black_scholes;
pub mod columns;
mod error;
pub mod hedging;
mod implied;
mod implied_volatility;
pub mod normal;
mod pair;
pub mod quantised;
pub mod surface;

pub use american::{American, STEPS, american};
pub use black_scholes::{BlackScholes, SpotGreeks, SpotQuote};
pub use black76::{Black76, Coin, ForwardGreeks, Kind, Quote, log_moneyness};
pub use columns::Columns;
pub use error::OptionError;
pub use implied::implied_volatility_ppm;
pub use implied_volatility::{CONDITION_MAX, Implied, PRICE_MIN, PriceQuote, implied_volatility};
pub use quantised::Side;
