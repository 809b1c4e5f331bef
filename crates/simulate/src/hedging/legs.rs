//! What a position is worth and how that moves, in the unit that the book is neutral in.

use super::book::{Market, Settlement};
use super::refused;
use crate::ScenarioError;
use breakwater_options::hedging::Neutral;
use breakwater_options::normal::density;
use breakwater_options::{Black76, Kind, Quote};

/// Seconds of a year of 365 days.
pub(super) const YEAR_SECONDS: f64 = 365.0 * 86_400.0;

/// What one unit of an option is worth, with its derivatives, in one unit of account.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Leg {
    /// In the unit of account.
    pub value: f64,
    /// First derivative by the forward.
    pub slope: f64,
    /// Second.
    pub curvature: f64,
    /// By calendar time, a year.
    pub theta: f64,
    /// By volatility, for 1.00 of it.
    pub vega: f64,
    /// Units of underlying that a hedge must hold against one that is owned, with the sign turned.
    pub delta: f64,
    /// Change of that by the forward.
    pub gamma: f64,
    /// What one is worth in coin; zero for a linear book.
    pub coins: f64,
}

/// What an option is asked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub kind: Kind,
    pub strike: f64,
    pub forward: f64,
    pub years: f64,
    pub volatility: f64,
}

impl Leg {
    /// One option at `point`, at a rate of zero.
    pub fn at(point: &Point, market: &Market) -> Result<Leg, ScenarioError> {
        let Point { kind, strike, forward, years, volatility } = *point;
        let quote = Quote { kind, forward, strike, years, volatility, rate: 0.0 };
        let option = Black76::new(&quote).map_err(|error| refused("option", error))?;
        let root = libm::sqrt(years);
        // Time takes from a rate of zero what volatility gave: -F phi(d1) s / (2 sqrt T).
        let decay =
            if years > 0.0 { -density(option.d1()) * volatility / (2.0 * root) } else { 0.0 };
        let coin = option.coin();
        let (delta, gamma) = (option.delta_undiscounted(), option.gamma());
        if market.neutral == Neutral::Coin {
            return Ok(Leg {
                value: coin.price,
                slope: coin.slope,
                curvature: coin.curvature,
                theta: decay,
                vega: coin.vega,
                delta: coin.net_delta,
                gamma: gamma - coin.net_delta / forward,
                coins: coin.price,
            });
        }
        let inverse = market.settlement == Settlement::Inverse;
        Ok(Leg {
            value: option.price_undiscounted(),
            slope: delta,
            curvature: gamma,
            theta: forward * decay,
            vega: option.vega(),
            // Equity plus net delta: what the options are worth in coin is part of the equity.
            delta,
            gamma,
            coins: if inverse { coin.price } else { 0.0 },
        })
    }

    /// What is paid at expiry for one option.
    pub fn settled(kind: Kind, strike: f64, price: f64, market: &Market) -> Leg {
        let value = (kind.sign() * (price - strike)).max(0.0);
        let coins = value / price;
        match market.neutral {
            Neutral::Coin => Leg { value: coins, coins, ..Leg::default() },
            Neutral::Quote => Leg { value, coins, ..Leg::default() },
        }
    }
}
