//! Volatility surfaces: slices, their arbitrage, and their fit to a chain.
//!
//! A slice gives the total variance `w = s^2 T` of one expiry by log moneyness `k = ln(K/F)`.
//!
//! - [`Svi`]: the raw parametrisation of Gatheral, with derivatives, the butterfly function, the
//!   bound of Lee and the least variance.
//! - [`Ssvi`]: the surface of Gatheral and Jacquier with a power law, and its sufficient conditions.
//! - [`check_calendar`]: whether later slices lie above earlier ones.
//! - [`fit_svi`], [`fit_ssvi`]: fits to quoted volatilities. The same input gives the same bits; what
//!   is fitted and can be arbitraged is refused with the place where it can.

mod calendar;
mod error;
mod fit;
mod fit_surface;
mod points;
mod prices;
mod simplex;
mod ssvi;
mod svi;

#[cfg(test)]
mod tests;

pub use calendar::{Slice, check_calendar, check_thetas};
pub use error::SurfaceError;
pub use fit::{SviFit, fit_svi};
pub use fit_surface::{SsviFit, SsviSlice, fit_ssvi};
pub use points::{SmilePoint, SmileQuote, points_of};
pub use prices::check_prices;
pub use ssvi::{Ssvi, SsviConditions};
pub use svi::{GridMinimum, LEE_MAX, Svi};
