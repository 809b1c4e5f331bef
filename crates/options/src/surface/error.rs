//! What is no surface, or one that can be arbitraged.

use crate::OptionError;

/// Why there is no slice or no surface.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SurfaceError {
    /// A parameter that no slice has. Correct the field.
    #[error(transparent)]
    Input(#[from] OptionError),
    /// A quote whose bid is above its ask. Correct it, or leave it out.
    #[error(
        "quote[{index}]: bid volatility {bid:?} is above ask {ask:?}; at most the ask is right"
    )]
    Crossed {
        /// Place of the quote, from 0.
        index: usize,
        /// Volatility bid.
        bid: f64,
        /// Volatility asked.
        ask: f64,
    },
    /// Too little to fit. Give more quotes.
    #[error("{field} has {found} entries; at least {right} are right")]
    TooFew {
        /// What there is too little of.
        field: &'static str,
        /// How many there are.
        found: usize,
        /// How many are needed.
        right: usize,
    },
    /// Two points at one log moneyness, or out of order. Sort them and keep one.
    #[error("point[{index}]: log moneyness is {value:?}; more than the one before is right")]
    Unordered {
        /// Place of the point, from 0.
        index: usize,
        /// Its log moneyness.
        value: f64,
    },
    /// A butterfly costs less than nothing: the density is negative.
    #[error(
        "butterfly: g is {g:?} at log moneyness {log_moneyness:?}; zero or more is right, or a \
         butterfly around it costs less than nothing"
    )]
    Butterfly {
        /// Where the density is most negative on the grid.
        log_moneyness: f64,
        /// The butterfly function there.
        g: f64,
    },
    /// A wing that rises faster than any distribution allows (Lee, 2004).
    #[error("{wing} wing: slope is {slope:?}; at most 2 is right")]
    Wing {
        /// Left or right.
        wing: &'static str,
        /// Slope of total variance.
        slope: f64,
    },
    /// A calendar spread costs less than nothing.
    #[error(
        "calendar: total variance is {later:?} at {later_years:?} years and {earlier:?} at \
         {earlier_years:?}, at log moneyness {log_moneyness:?}; no less than the earlier is right"
    )]
    Calendar {
        /// Where the slices cross most.
        log_moneyness: f64,
        /// Years of the earlier slice.
        earlier_years: f64,
        /// Its total variance.
        earlier: f64,
        /// Years of the later slice.
        later_years: f64,
        /// Its total variance.
        later: f64,
    },
    /// Conditions of the surface that do not hold.
    #[error(
        "surface at theta {theta:?}: theta phi (1 + |rho|) is {first:?} and theta phi^2 (1 + |rho|) \
         is {second:?}; below 4 and at most 4 are right"
    )]
    Surface {
        /// Total variance at the money.
        theta: f64,
        /// The first condition's left side.
        first: f64,
        /// The second's.
        second: f64,
    },
    /// Two calls of one expiry of which the spread costs less than nothing or more than its width.
    #[error(
        "spread: calls at {} and {} cost {:?} and {:?}; falling, by no more than the strikes rise, is \
         right", strikes.0, strikes.1, calls.0, calls.1
    )]
    Spread {
        /// The strikes, the lower first.
        strikes: (f64, f64),
        /// What their calls cost.
        calls: (f64, f64),
    },
    /// Three calls of one expiry of which the butterfly costs less than nothing.
    #[error(
        "butterfly: the call at {strike:?} costs {call:?}; at most {line:?}, the line between its \
         neighbours, is right"
    )]
    Convexity {
        /// The strike in the middle.
        strike: f64,
        /// What its call costs.
        call: f64,
        /// What its neighbours' calls allow.
        line: f64,
    },
}
