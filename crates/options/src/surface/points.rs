//! Quotes of a chain as points of a slice.

use super::SurfaceError;
use crate::error::{OptionError, PRICE, is_positive, is_price, require};
use crate::log_moneyness;

/// One quoted volatility of an expiry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SmileQuote {
    /// Strike, in quote units.
    pub strike: f64,
    /// Volatility bid, a year; none if there is no bid.
    pub bid: Option<f64>,
    /// Volatility asked, a year; none if there is no ask.
    pub ask: Option<f64>,
    /// Volatility of the mark, a year.
    pub mark: f64,
}

/// One point of a slice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SmilePoint {
    /// `ln(K/F)`.
    pub log_moneyness: f64,
    /// `s^2 T`.
    pub total_variance: f64,
    /// How much a square of its error counts.
    pub weight: f64,
}

/// What a quoted volatility is at most: 10,000 %.
const VOLATILITY_MAX: f64 = 100.0;

/// The points of one expiry: the mark's total variance, weighted by one over the square of the spread
/// in total variance, with a floor of a tenth of a volatility point; one hundredth of a unit weight if a
/// side is missing. In order of strike; a strike that is quoted twice counts with the mean of both.
///
/// # Errors
/// A strike, forward, time or volatility out of its range, a bid above its ask.
pub fn points_of(
    forward: f64,
    years: f64,
    quotes: &[SmileQuote],
) -> Result<Vec<SmilePoint>, SurfaceError> {
    require("forward", forward, is_price(forward), PRICE)?;
    let fits = is_positive(years) && years <= 1e3;
    require("years", years, fits, "a time above zero, at most 1000 years, is right")?;
    let mut points = Vec::new();
    for (index, quote) in quotes.iter().enumerate() {
        let entry = |field, value: f64, fits: bool, right| {
            let error = OptionError::Entry { field, index, value, right };
            if fits { Ok(()) } else { Err(SurfaceError::Input(error)) }
        };
        let is_volatility = |value: f64| is_positive(value) && value <= VOLATILITY_MAX;
        const RIGHT: &str = "a volatility above zero, at most 100, is right";
        entry("strike", quote.strike, is_price(quote.strike), PRICE)?;
        entry("mark", quote.mark, is_volatility(quote.mark), RIGHT)?;
        for (field, side) in [("bid", quote.bid), ("ask", quote.ask)] {
            if let Some(side) = side {
                entry(field, side, is_volatility(side), RIGHT)?;
            }
        }
        let weight = match (quote.bid, quote.ask) {
            (Some(bid), Some(ask)) if bid > ask => {
                return Err(SurfaceError::Crossed { index, bid, ask });
            }
            (Some(bid), Some(ask)) => weight(quote.mark, years, (ask - bid).max(SPREAD_MIN)),
            _ => weight(quote.mark, years, SPREAD_MIN) * ONE_SIDED,
        };
        let log_moneyness = -log_moneyness(forward, quote.strike);
        let total_variance = quote.mark * quote.mark * years;
        points.push(SmilePoint { log_moneyness, total_variance, weight });
    }
    points.sort_by(|a, b| a.log_moneyness.total_cmp(&b.log_moneyness));
    Ok(merged(points))
}

/// Spreads narrower than a tenth of a volatility point say no more than that.
const SPREAD_MIN: f64 = 1e-3;

/// What a quote with one side counts.
const ONE_SIDED: f64 = 1e-2;

/// One over the square of the spread in total variance, `2 s T` times that in volatility.
fn weight(mark: f64, years: f64, spread: f64) -> f64 {
    let spread = (2.0 * mark * years * spread).max(1e-12);
    1.0 / (spread * spread)
}

/// Points in order, those of one strike as their mean.
fn merged(points: Vec<SmilePoint>) -> Vec<SmilePoint> {
    let mut merged: Vec<SmilePoint> = Vec::with_capacity(points.len());
    for point in points {
        match merged.last_mut() {
            Some(last) if last.log_moneyness == point.log_moneyness => {
                let sum = last.weight + point.weight;
                let value = last.total_variance * last.weight + point.total_variance * point.weight;
                last.total_variance = value / sum;
                last.weight = sum;
            }
            _ => merged.push(point),
        }
    }
    merged
}
