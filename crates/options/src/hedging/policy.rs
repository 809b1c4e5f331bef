//! When to trade, and to where.
//!
//! A policy is asked twice. First [`Policy::volatility_factor`]: at which multiple of its volatility the
//! book's delta is to be taken. Then [`decide`], with the holding that offsets that delta.

use super::HedgeError;
use super::bands::{Band, ZakamoulineCoefficients, whalley_wilmott, zakamouline};
use super::leland::{adjusted, leland_number};
use crate::Side;
use crate::error::{NOT_NEGATIVE, PRICE, is_not_negative, is_positive, is_price, require};
use serde::{Deserialize, Serialize};

/// How a book is hedged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Policy {
    /// Not at all: what the others are held against.
    Unhedged,
    /// To the delta, once in so many seconds.
    Interval {
        /// Seconds between two trades.
        seconds: u64,
    },
    /// To the nearest edge of a fixed band around the delta.
    DeltaBand {
        /// Half of its width, in units of the underlying.
        half_width: f64,
    },
    /// To the nearest edge of the band of Whalley and Wilmott.
    WhalleyWilmott {
        /// Absolute risk aversion, one over the quote currency.
        risk_aversion: f64,
    },
    /// To the nearest edge of the band of Zakamouline.
    Zakamouline {
        /// Absolute risk aversion, one over the quote currency.
        risk_aversion: f64,
        /// Numbers of the fit.
        #[serde(default)]
        coefficients: ZakamoulineCoefficients,
    },
    /// To the delta at Leland's volatility, once in so many seconds.
    Leland {
        /// Seconds between two trades.
        seconds: u64,
    },
}

/// What a policy must know of the book and its market.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exposure {
    /// Price of the underlying.
    pub price: f64,
    /// Change of the book's delta by the price: above zero for a book that is long gamma.
    pub gamma: f64,
    /// Time to expiry in years; of a book, of the option that carries most gamma.
    pub years: f64,
    /// Volatility a year.
    pub volatility: f64,
    /// Rate a year.
    pub rate: f64,
    /// Cost of a trade as a share of its value.
    pub cost_one_way: f64,
}

impl Exposure {
    /// Refuses an exposure that no book has.
    pub(super) fn check(&self) -> Result<(), HedgeError> {
        let Exposure { price, gamma, years, volatility, rate, cost_one_way } = *self;
        require("price", price, is_price(price), PRICE)?;
        require("gamma", gamma, gamma.is_finite(), "a finite number is right")?;
        require("years", years, is_not_negative(years), NOT_NEGATIVE)?;
        require("volatility", volatility, is_not_negative(volatility), NOT_NEGATIVE)?;
        require("rate", rate, rate.is_finite(), "a finite number is right")?;
        let share = (0.0..1.0).contains(&cost_one_way);
        Ok(require("cost_one_way", cost_one_way, share, "a share from 0 to below 1 is right")?)
    }

    /// Long or short gamma; long if there is none.
    #[must_use]
    pub fn side(&self) -> Side {
        if self.gamma < 0.0 { Side::Short } else { Side::Long }
    }
}

/// Where a book and its hedge stand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State {
    /// The book and its market.
    pub exposure: Exposure,
    /// Holding that offsets the book's delta, taken at the policy's volatility, in units of the
    /// underlying: [`super::target_delta`].
    pub target: f64,
    /// Holding now, in the same units.
    pub holding: f64,
    /// Seconds since the hedge last traded; none if it never has.
    pub seconds_since_trade: Option<u64>,
}

/// What a policy proposes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    /// Holdings that are left alone; a single one for policies without a band.
    pub band: Band,
    /// Whether the policy trades now at all.
    pub due: bool,
    /// Units of the underlying to buy; below zero to sell.
    pub trade: f64,
}

/// Seconds of a year of 365 days.
const YEAR_SECONDS: f64 = 365.0 * 86_400.0;

impl Policy {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Policy::Unhedged => "unhedged",
            Policy::Interval { .. } => "interval",
            Policy::DeltaBand { .. } => "delta-band",
            Policy::WhalleyWilmott { .. } => "whalley-wilmott",
            Policy::Zakamouline { .. } => "zakamouline",
            Policy::Leland { .. } => "leland",
        }
    }

    /// Refuses settings that no policy has.
    ///
    /// # Errors
    /// The setting, its value and what would be right.
    pub fn check(&self) -> Result<(), HedgeError> {
        const POSITIVE: &str = "a finite number above zero is right";
        match *self {
            Policy::Unhedged => Ok(()),
            Policy::Interval { seconds } | Policy::Leland { seconds } => {
                Ok(require("seconds", seconds as f64, seconds > 0, "one or more is right")?)
            }
            Policy::DeltaBand { half_width } => {
                Ok(require("half_width", half_width, is_not_negative(half_width), NOT_NEGATIVE)?)
            }
            Policy::WhalleyWilmott { risk_aversion }
            | Policy::Zakamouline { risk_aversion, .. } => {
                Ok(require("risk_aversion", risk_aversion, is_positive(risk_aversion), POSITIVE)?)
            }
        }
    }

    /// Times the book's volatility at which its delta is to be taken: 1 but for Zakamouline and Leland.
    /// Leland's round trip costs twice the trade.
    ///
    /// # Errors
    /// Settings or an exposure out of range, and a long position that has no volatility to be hedged at.
    pub fn volatility_factor(&self, exposure: &Exposure) -> Result<f64, HedgeError> {
        self.check()?;
        exposure.check()?;
        match self {
            Policy::Zakamouline { risk_aversion, coefficients } => {
                Ok(zakamouline(exposure, *risk_aversion, coefficients)?.volatility_factor)
            }
            Policy::Leland { seconds } => {
                let interval = *seconds as f64 / YEAR_SECONDS;
                let cost = 2.0 * exposure.cost_one_way;
                let number = leland_number(exposure.volatility, cost, interval)?;
                let short = exposure.side() == Side::Short;
                adjusted("Leland", if short { number } else { -number })
            }
            _ => Ok(1.0),
        }
    }

    fn half_width(&self, exposure: &Exposure) -> Result<f64, HedgeError> {
        match self {
            Policy::DeltaBand { half_width } => Ok(*half_width),
            Policy::WhalleyWilmott { risk_aversion } => whalley_wilmott(exposure, *risk_aversion),
            Policy::Zakamouline { risk_aversion, coefficients } => {
                Ok(zakamouline(exposure, *risk_aversion, coefficients)?.half_width())
            }
            Policy::Unhedged | Policy::Interval { .. } | Policy::Leland { .. } => Ok(0.0),
        }
    }
}

/// What the policy proposes: nothing inside its band or before its time, else the trade to the nearest
/// edge of the band, which for policies without one is the target itself.
///
/// # Errors
/// Settings or a state out of range, and a long position that has no volatility to be hedged at.
pub fn decide(policy: &Policy, state: &State) -> Result<Decision, HedgeError> {
    policy.check()?;
    state.exposure.check()?;
    const HOLDING: &str = "a finite number within 1e100 is right";
    for (field, value) in [("target", state.target), ("holding", state.holding)] {
        require(field, value, value.abs() <= 1e100, HOLDING)?;
    }
    let band = Band::around(state.target, policy.half_width(&state.exposure)?);
    let due = match policy {
        Policy::Unhedged => false,
        Policy::Interval { seconds } | Policy::Leland { seconds } => {
            state.seconds_since_trade.is_none_or(|since| since >= *seconds)
        }
        _ => !band.holds(state.holding),
    };
    let trade = if due { band.nearest(state.holding) - state.holding } else { 0.0 };
    Ok(Decision { band, due, trade })
}
