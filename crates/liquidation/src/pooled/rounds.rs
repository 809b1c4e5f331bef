//! One round: legs in, crosses, releases and waits out.

use super::crossing::cross;
use super::priority::Priority;
use super::releasing::release;
use super::{PooledError, Standing};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, AssetId, Price};

/// Most legs of a round: what one core orders in a fraction of a second.
pub const LEGS_MAX: usize = 1 << 20;

/// What closing a leg means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Selling, into bids.
    Sell,
    /// Buying back, from asks.
    Buy,
}

/// What is left to close of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PooledLeg {
    /// Whose.
    pub account: AccountId,
    /// What is closed; the market's asset.
    pub asset: AssetId,
    /// Which way.
    pub side: Side,
    /// Base units left, above zero.
    pub quantity: u128,
    /// Worst price, at the mark's decimals.
    pub worst_price: Price,
    /// What is lost in expectation if it waits, value; see [`super::loss_at_risk`].
    pub loss_at_risk: u128,
    /// Rounds since the account first had a leg that was not closed whole.
    pub waited_rounds: u32,
}

/// A market in one round.
#[derive(Clone, Copy)]
pub struct Market<'a> {
    /// What is traded.
    pub asset: AssetId,
    /// The mark, at which legs cross.
    pub mark: Price,
    /// Lowest and highest price at which legs may cross, both included.
    pub band: (Price, Price),
    /// What sales meet.
    pub bids: Standing<'a>,
    /// What purchases meet.
    pub asks: Standing<'a>,
}

/// What a round may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// No unit is released further from the mark, basis points, 0 to 9999.
    pub impact_bps: u32,
    /// Share of the depth that stands within the limit that one round takes, basis points, 1 to 10000;
    /// the quantity is raised to a whole unit.
    pub participation_bps: u32,
    /// Whoever has waited so many rounds is next.
    pub wait_rounds_max: u32,
    /// Whether opposite legs may meet.
    pub cross: bool,
}

impl Limits {
    /// The first limit that makes no sense, with its value and what would be right.
    ///
    /// # Errors
    /// A limit out of its range.
    pub fn validate(&self) -> Result<(), PooledError> {
        let wrong = |field, value: u32, expected| {
            Err(PooledError::Field { field, value: value.into(), expected })
        };
        if self.impact_bps >= BPS {
            return wrong("impact_bps", self.impact_bps, "0 to 9999");
        }
        if !(1..=BPS).contains(&self.participation_bps) {
            return wrong("participation_bps", self.participation_bps, "1 to 10000");
        }
        Ok(())
    }
}

/// Two legs that met at the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cross {
    /// Whose leg sold.
    pub seller: AccountId,
    /// Whose leg bought.
    pub buyer: AccountId,
    /// Base units.
    pub quantity: u128,
}

/// A part of a leg that goes to the market now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// Whose.
    pub account: AccountId,
    /// Which way.
    pub side: Side,
    /// Base units.
    pub quantity: u128,
}

/// Why a part of a leg waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The round's share of depth is taken.
    Pace,
    /// More would push the price past the limit.
    Impact,
    /// What still stands is worse than its worst price.
    WorstPrice,
}

/// A part of a leg that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Whose.
    pub account: AccountId,
    /// Which way.
    pub side: Side,
    /// Base units.
    pub quantity: u128,
    /// Why.
    pub why: Why,
}

/// What is done in a round. Of each leg, crossed, released and waiting parts add up to its quantity.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Round {
    /// Pairs, those first in the order first. One price for all: the mark.
    pub crosses: Vec<Cross>,
    /// Sales, then purchases; of each the strictest worst price first, because who is strict must meet
    /// what is best; within equal ones by order. Sent to the market in this order none misses its
    /// worst price.
    pub releases: Vec<Release>,
    /// Sales, then purchases, by order.
    pub waits: Vec<Wait>,
}

/// A leg with its place, and what is still to be done of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub leg: PooledLeg,
    pub priority: Priority,
    pub left: u128,
}

/// Computes a round. Equal for every order of `legs`.
///
/// # Errors
/// The first field that makes no sense, with its value: prices of other decimals than the mark's, a band
/// upside down, limits out of range, a leg of nothing, of another asset, or a second one of an account.
pub fn round(
    market: &Market<'_>,
    legs: &[PooledLeg],
    limits: &Limits,
) -> Result<Round, PooledError> {
    let (lowest, highest) = checked(market, limits)?;
    let mut placed = place(market, legs, limits)?;
    let first_buy = placed.partition_point(|entry| entry.leg.side == Side::Sell);
    let (sells, buys) = placed.split_at_mut(first_buy);
    let mut round = Round::default();
    let (low, high) = market.band;
    if limits.cross && (low.raw..=high.raw).contains(&market.mark.raw) {
        round.crosses = cross(sells, buys, market.mark);
    }
    let share = limits.participation_bps;
    release(sells, Side::Sell, &market.bids, lowest, share, &mut round)?;
    release(buys, Side::Buy, &market.asks, highest, share, &mut round)?;
    Ok(round)
}

/// The lowest and the highest price that the limit allows.
fn checked(market: &Market<'_>, limits: &Limits) -> Result<(Price, Price), PooledError> {
    let wrong = |field, value, expected| PooledError::Field { field, value, expected };
    let mark = market.mark;
    if mark.raw == 0 {
        return Err(wrong("mark", 0, "above zero"));
    }
    let (low, high) = market.band;
    for (field, price) in
        [("decimals of the band's low", low), ("decimals of the band's high", high)]
    {
        if price.decimals != mark.decimals {
            return Err(wrong(field, price.decimals.into(), "the mark's decimals"));
        }
    }
    if low.raw > high.raw {
        return Err(wrong("the band's low", low.raw, "at most the band's high"));
    }
    limits.validate()?;
    let overflow = |_| PooledError::Overflow { what: "the mark with its limit" };
    let at = |bps: u32, rounding| {
        let raw = mul_div(mark.raw, bps.into(), BPS.into(), rounding).map_err(overflow)?;
        Ok(Price::new(raw, mark.decimals))
    };
    let lowest = at(BPS - limits.impact_bps, Rounding::Ceil)?;
    Ok((lowest, at(BPS + limits.impact_bps, Rounding::Floor)?))
}

pub(super) const BPS: u32 = 10_000;

/// Checks the legs and puts them in order, sales first.
fn place(
    market: &Market<'_>,
    legs: &[PooledLeg],
    limits: &Limits,
) -> Result<Vec<Placed>, PooledError> {
    if legs.len() > LEGS_MAX {
        let (value, expected) = (legs.len() as u128, "at most 1048576");
        return Err(PooledError::Field { field: "the number of legs", value, expected });
    }
    let mut accounts: Vec<AccountId> = legs.iter().map(|leg| leg.account).collect();
    accounts.sort_unstable();
    for pair in accounts.windows(2) {
        if let [a, b] = pair
            && a == b
        {
            // Closing only makes positions smaller: one account has one side of one market to close.
            let (value, expected) = (2, "one leg an account and market");
            return Err(PooledError::Leg { account: a.0, field: "place", value, expected });
        }
    }
    let mut sums = [0u128; 2];
    let mut placed = Vec::with_capacity(legs.len());
    for leg in legs {
        let wrong = |field, value, expected| PooledError::Leg {
            account: leg.account.0,
            field,
            value,
            expected,
        };
        if leg.asset != market.asset {
            return Err(wrong("asset", leg.asset.0.into(), "the market's asset"));
        }
        if leg.quantity == 0 {
            return Err(wrong("quantity", 0, "above zero"));
        }
        if leg.worst_price.decimals != market.mark.decimals {
            let decimals = leg.worst_price.decimals.into();
            return Err(wrong("decimals of worst_price", decimals, "the mark's decimals"));
        }
        let [sold, bought] = &mut sums;
        let sum = if leg.side == Side::Sell { sold } else { bought };
        let overflow = PooledError::Overflow { what: "the sum of all legs of a side" };
        *sum = sum.checked_add(leg.quantity).ok_or(overflow)?;
        let priority = Priority::of(leg, limits.wait_rounds_max);
        placed.push(Placed { leg: *leg, priority, left: leg.quantity });
    }
    placed.sort_unstable_by(|a, b| {
        a.leg.side.cmp(&b.leg.side).then_with(|| a.priority.cmp(&b.priority))
    });
    Ok(placed)
}
