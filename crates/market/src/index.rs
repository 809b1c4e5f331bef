//! One price from several sources: medians, weighted means, and what becomes of outliers.
//!
//! Prices are integers at one scale, whatever it is; weights are integers that only their ratios
//! give a meaning. Results that need not be whole are exact [`Quotient`]s, so that the caller names
//! the rounding. An order of the sources never matters.

use crate::part_error::PartError;
use breakwater_money::rounding::{Rounding, div_wide, narrow_u128};
use breakwater_money::{U256, U512};
use serde::{Deserialize, Serialize};

/// Basis points in one.
const BPS: u64 = 10_000;

/// A source's price and how much it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The price, above 0, at the scale of all of them.
    pub price: u128,
    /// Its weight. A source of weight 0 still counts in the plain median.
    pub weight: u64,
}

/// An exact price `numerator / denominator`, at the scale of the prices it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotient {
    /// At most 2^192: the sum of prices times weights of 64 bits.
    pub numerator: U256,
    /// Above zero.
    pub denominator: U256,
}

impl Quotient {
    /// A whole price.
    fn whole(price: u128) -> Self {
        Quotient { numerator: U256::from(price), denominator: U256::ONE }
    }

    /// The price, rounded as named.
    ///
    /// # Errors
    /// It does not fit 128 bits, which no mean or median of such prices does.
    pub fn rounded(&self, rounding: Rounding) -> Result<u128, PartError> {
        Ok(narrow_u128(div_wide(self.numerator, self.denominator, rounding)?)?)
    }
}

/// When a source is an outlier, and from how many on the median stands in.
///
/// Of a constructed index as futures venues publish it: a source more than 5 % from the median of
/// all gets no weight; with more than one such source the index is the median itself (Binance FAQ
/// 360033525071).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutlierRule {
    /// Furthest a source may be from the median, in basis points of the median; one exactly as far
    /// still counts.
    pub away_max_bps: u32,
    /// Most sources that are left out; with more outliers than that the index is the median.
    pub left_out_max: u32,
}

impl OutlierRule {
    /// The weighted mean of the sources that are no outliers, or the plain median of all.
    ///
    /// # Errors
    /// No source, a price of zero, or no weight among those that count.
    pub fn index(&self, sources: &[Source]) -> Result<Quotient, PartError> {
        let prices: Vec<u128> = sources.iter().map(|source| source.price).collect();
        let median = median(&prices)?;
        let outliers = sources.iter().filter(|source| self.is_outlier(source.price, &median));
        if outliers.count() as u64 > u64::from(self.left_out_max) {
            return Ok(median);
        }
        mean_of(sources.iter().filter(|source| !self.is_outlier(source.price, &median)))
    }

    /// Whether `price` is further from `median` than allowed: `|p - m| 10,000 > bps m`, exactly.
    fn is_outlier(&self, price: u128, median: &Quotient) -> bool {
        let scaled = U256::from(price) * median.denominator;
        let away: U512 = scaled.abs_diff(median.numerator).widening_mul(U256::from(BPS));
        let allowed: U512 = median.numerator.widening_mul(U256::from(self.away_max_bps));
        away > allowed
    }
}

/// The middle price; of an even number of prices, the mean of the middle two.
///
/// # Errors
/// No price, or one of zero.
pub fn median(prices: &[u128]) -> Result<Quotient, PartError> {
    check(prices.iter().copied())?;
    let mut ascending = prices.to_vec();
    ascending.sort_unstable();
    let upper = ascending.len() >> 1;
    let middle = ascending.get(upper).copied().ok_or(PartError::NoSource)?;
    if ascending.len() & 1 == 1 {
        return Ok(Quotient::whole(middle));
    }
    // An even number of at least two: there is one below the upper of the middle two.
    let below = ascending.get(upper - 1).copied().ok_or(PartError::NoSource)?;
    let numerator = U256::from(below) + U256::from(middle);
    Ok(Quotient { numerator, denominator: U256::from(2) })
}

/// The first price, ascending, at which the weight cumulated so far reaches half of all. Two prices
/// that split the weight evenly give the lower.
///
/// # Errors
/// No source, a price of zero, or no weight at all.
pub fn weighted_median(sources: &[Source]) -> Result<u128, PartError> {
    check(sources.iter().map(|source| source.price))?;
    let mut ascending = sources.to_vec();
    ascending.sort_unstable_by_key(|source| source.price);
    // A list in memory has fewer than 2^62 entries of 64 bits each: twice the sum fits 128 bits.
    let total: u128 = ascending.iter().map(|source| u128::from(source.weight)).sum();
    if total == 0 {
        return Err(PartError::NoWeight);
    }
    let mut reached = 0u128;
    for source in &ascending {
        reached += u128::from(source.weight);
        if 2 * reached >= total {
            return Ok(source.price);
        }
    }
    Err(PartError::NoWeight)
}

/// `sum(weight * price) / sum(weight)`.
///
/// # Errors
/// No source, a price of zero, or no weight at all.
pub fn weighted_mean(sources: &[Source]) -> Result<Quotient, PartError> {
    check(sources.iter().map(|source| source.price))?;
    mean_of(sources.iter())
}

fn mean_of<'a>(sources: impl Iterator<Item = &'a Source>) -> Result<Quotient, PartError> {
    let (mut numerator, mut denominator) = (U256::ZERO, U256::ZERO);
    for source in sources {
        // Below 2^192 each, and fewer than 2^62 of them.
        numerator += U256::from(source.price) * U256::from(source.weight);
        denominator += U256::from(source.weight);
    }
    if denominator.is_zero() {
        return Err(PartError::NoWeight);
    }
    Ok(Quotient { numerator, denominator })
}

fn check(prices: impl ExactSizeIterator<Item = u128>) -> Result<(), PartError> {
    if prices.len() == 0 {
        return Err(PartError::NoSource);
    }
    for (index, price) in prices.enumerate() {
        if price == 0 {
            return Err(PartError::ZeroPrice { place: index + 1 });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
