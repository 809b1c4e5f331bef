//! What an auction's outcome says about the price it found.
//!
//! Measures of one auction from what was paid, what the lot was worth and who bid, as integers: shares
//! in basis points or millionths, rounded down, so that no measure flatters. They compare formats on
//! the same lots; what two price series say about each other is measured by the simulator, in floats.
//!
//! All money is in one unit, of up to 256 bits. What the lot was "worth" is the caller's statement,
//! such as a mark at the time: no auction can know it.
//!
//! ```
//! use breakwater_auction::discovery::{Bid, Record, measure};
//! use breakwater_money::{Time, U256};
//!
//! let money = U256::from::<u64>;
//! let bids = [(1, 90), (2, 96), (1, 97)].map(|(bidder, amount)| Bid { bidder, amount: money(amount) });
//! let measures = measure(&Record {
//!     fair_at_start: money(110),
//!     fair_at_clearing: money(100),
//!     paid: money(97),
//!     wanted: money(105),
//!     returned: money(0),
//!     values: None,
//!     began: Time::from_seconds(0),
//!     cleared: Time::from_seconds(600),
//!     resets: 0,
//!     bids: &bids,
//! })?;
//! assert_eq!(measures.revenue_at_clearing_bps, Some(9_700));
//! assert_eq!((measures.shortfall, measures.overpayment), (money(8), money(0)));
//! assert_eq!(measures.bidders, 2);
//! # Ok::<(), breakwater_money::MoneyError>(())
//! ```

#[cfg(test)]
mod tests;

use breakwater_money::rounding::{self, Rounding};
use breakwater_money::{MoneyError, Rational, Result, Time, U256, rational};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One bid, or one take: who, and how much money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bid<B> {
    /// The bidder.
    pub bidder: B,
    /// Units of money bid.
    pub amount: U256,
}

/// What the item was worth to those who wanted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Values {
    /// To the winner.
    pub winner: U256,
    /// To whoever valued it most.
    pub highest: U256,
}

/// An auction that is over, as its host saw it. Money in one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a, B> {
    /// Fair value, at the start, of what was sold.
    pub fair_at_start: U256,
    /// Fair value, when it was sold, of what was sold.
    pub fair_at_clearing: U256,
    /// Paid by all winners together.
    pub paid: U256,
    /// What the auction was to raise: the debt with its penalty.
    pub wanted: U256,
    /// Fair value, when it was over, of the part of the lot that went back to its owner.
    pub returned: U256,
    /// Values, where they are known, as in a simulation.
    pub values: Option<Values>,
    /// When it began.
    pub began: Time,
    /// When the last of it was sold.
    pub cleared: Time,
    /// How often it was started anew.
    pub resets: u32,
    /// Every bid, in the order of arrival; of a descending auction every take.
    pub bids: &'a [Bid<B>],
}

/// Measures of one auction. A share is none where what it is a share of is zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measures {
    /// Paid, of the fair value at the start, in basis points.
    pub revenue_at_start_bps: Option<u128>,
    /// Paid, of the fair value at clearing, in basis points: below 10,000 is the takers' gain.
    pub revenue_at_clearing_bps: Option<u128>,
    /// How far what was paid lies from the fair value at clearing, either way, in basis points of it.
    pub deviation_bps: Option<u128>,
    /// The winner's value, of the highest, in millionths: did the lot go to whom it is worth most?
    pub efficiency_ppm: Option<u128>,
    /// Wanted and not paid.
    pub shortfall: U256,
    /// Fair value at clearing that was not paid for.
    pub loss_to_fair: U256,
    /// Paid beyond the fair value at clearing: the winner's curse.
    pub overpayment: U256,
    /// What goes back to the owner of the lot: the part not sold, and money paid beyond what was wanted.
    pub owner_surplus: U256,
    /// From the start to the last sale, nanoseconds.
    pub nanos_to_clear: u64,
    /// How often it was started anew.
    pub resets: u32,
    /// Bidders, each counted once.
    pub bidders: usize,
    /// Sum of the squared shares of bidders in the money of all bids (Herfindahl and Hirschman), in
    /// millionths: a million is one bidder, `1/n` of it are `n` equal ones.
    pub concentration_ppm: Option<u128>,
    /// Least, middle and largest bid.
    pub spread: Option<Spread>,
}

/// How far bids lie apart, in units of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// Least bid.
    pub least: U256,
    /// The middle one; of an even number the lower of the two.
    pub median: U256,
    /// Largest bid.
    pub most: U256,
}

const BPS: u32 = 10_000;
const PPM: u32 = 1_000_000;

/// The measures of an auction.
///
/// # Errors
/// A share or a sum that does not fit.
pub fn measure<B: Ord + Clone>(record: &Record<'_, B>) -> Result<Measures> {
    let Record { paid, wanted, fair_at_clearing: fair, .. } = *record;
    let excess = paid.saturating_sub(wanted);
    Ok(Measures {
        revenue_at_start_bps: share(paid, record.fair_at_start, BPS)?,
        revenue_at_clearing_bps: share(paid, fair, BPS)?,
        deviation_bps: share(paid.abs_diff(fair), fair, BPS)?,
        efficiency_ppm: match record.values {
            Some(values) => share(values.winner, values.highest, PPM)?,
            None => None,
        },
        // Differences that stop at zero by their meaning: each has its opposite beside it.
        shortfall: wanted.saturating_sub(paid),
        loss_to_fair: fair.saturating_sub(paid),
        overpayment: paid.saturating_sub(fair),
        owner_surplus: record.returned.checked_add(excess).ok_or(MoneyError::Overflow)?,
        nanos_to_clear: record.cleared.since(record.began),
        resets: record.resets,
        bidders: bidders(record.bids).len(),
        concentration_ppm: concentration(record.bids)?,
        spread: spread(record.bids),
    })
}

/// `part` of `whole` in units of `1 / scale`, rounded down.
fn share(part: U256, whole: U256, scale: u32) -> Result<Option<u128>> {
    if whole.is_zero() {
        return Ok(None);
    }
    let share = rounding::mul_div_full(part, U256::from(scale), whole, Rounding::Floor)?;
    rounding::narrow_u128(share).map(Some)
}

/// Everybody who bid, with the exact sum of his bids.
fn bidders<B: Ord + Clone>(bids: &[Bid<B>]) -> BTreeMap<B, Rational> {
    let mut sums = BTreeMap::new();
    for bid in bids {
        let sum = sums.entry(bid.bidder.clone()).or_insert_with(|| rational::from_raw(0, 0));
        *sum += Rational::from_integer(rational::big(bid.amount).into());
    }
    sums
}

fn concentration<B: Ord + Clone>(bids: &[Bid<B>]) -> Result<Option<u128>> {
    let zero = rational::from_raw(0, 0);
    let sums = bidders(bids);
    let all = sums.values().fold(zero.clone(), |all, sum| all + sum);
    if all == zero {
        return Ok(None);
    }
    let squares = sums.values().fold(zero, |all, sum| all + sum * sum);
    let index = squares / (&all * &all); // division: exact, rationals do not round
    rational::to_raw(&index, 6, Rounding::Floor).map(Some)
}

fn spread<B>(bids: &[Bid<B>]) -> Option<Spread> {
    let mut amounts: Vec<U256> = bids.iter().map(|bid| bid.amount).collect();
    amounts.sort_unstable();
    let middle = amounts.len().checked_sub(1)? >> 1;
    let median = amounts.get(middle).copied()?;
    Some(Spread { least: *amounts.first()?, median, most: *amounts.last()? })
}
