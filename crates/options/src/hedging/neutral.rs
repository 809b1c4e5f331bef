//! What a hedged book is neutral in.
//!
//! A book settled in coin is worth `c(F)` coins and `F c(F)` in the quote currency. It cannot be neutral
//! in both: net delta zero leaves the equity's own exposure to the coin, and equity plus net delta zero
//! leaves it without (options reference, section 3). Its owner must say which.

use super::HedgeError;
use crate::error::{PRICE, is_price, require};
use serde::{Deserialize, Serialize};

/// In what the value of book and hedge must not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Neutral {
    /// In the quote currency: equity plus net delta is zero.
    Quote,
    /// In coin: net delta is zero.
    Coin,
}

/// Delta of a book without its hedge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BookDelta {
    /// Settled in the quote currency: units of the underlying.
    Linear {
        /// Sum of quantity times delta.
        delta: f64,
    },
    /// Settled in coin.
    Inverse {
        /// Sum of quantity times (Black delta less price in coin), in coins.
        net_delta: f64,
        /// Equity of the account in coins: cash, and what the options are worth.
        equity: f64,
    },
}

/// Delta that the hedge must have, in units of the underlying: minus the delta of a linear book; of an
/// inverse one minus the net delta for neutrality in coin, and minus equity and net delta for that in
/// the quote currency. A perpetual of `N` quote units has `N / F` of it, so `N = -F (D - c)` in coin.
///
/// # Errors
/// A delta that is no number, or a linear book that is to be neutral in coin.
pub fn target_delta(book: &BookDelta, neutral: Neutral) -> Result<f64, HedgeError> {
    let delta = match (*book, neutral) {
        (BookDelta::Linear { delta }, Neutral::Quote) => delta,
        (BookDelta::Linear { delta }, Neutral::Coin) => {
            // A linear book's value in coin moves by delta less its value over the price, which is
            // not at hand here.
            let right = "an inverse book is right for neutrality in coin";
            require("delta", delta, false, right)?;
            delta
        }
        (BookDelta::Inverse { net_delta, equity }, Neutral::Quote) => equity + net_delta,
        (BookDelta::Inverse { net_delta, .. }, Neutral::Coin) => net_delta,
    };
    require("delta", delta, delta.is_finite(), "a finite number is right")?;
    // Zero without a sign.
    Ok(if delta == 0.0 { 0.0 } else { -delta })
}

/// What an inverse perpetual of `notional` quote units gains in coin: `N (1/F0 - 1/F1)`.
///
/// # Errors
/// A price out of range.
pub fn inverse_perpetual_gain(notional: f64, before: f64, after: f64) -> Result<f64, HedgeError> {
    for (field, price) in [("before", before), ("after", after)] {
        require(field, price, is_price(price), PRICE)?;
    }
    require("notional", notional, notional.is_finite(), "a finite number is right")?;
    Ok(notional * (after - before) / before / after)
}
