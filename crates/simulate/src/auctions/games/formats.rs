//! One lot, bidders with limits, and the pure cores that decide who gets it.
//!
//! A float proposes a bid; from there on amounts are integers of the core's own unit, and the core says
//! who wins and what is paid. Limits and prices are shares of one unit of value.

use super::GameError;
use breakwater_auction::{batch, dutch, english, sealed};
use breakwater_money::{Ray, Time, U256, Wad};

/// Money units in one unit of value.
pub const ONE: u64 = 1_000_000_000_000;

/// Who got the lot, and for what share of a unit of value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sold {
    /// Number of the bidder, from zero.
    pub bidder: usize,
    /// Price.
    pub price: f64,
}

/// A share of a unit of value as money units, rounded down; nothing below zero.
#[must_use]
pub fn units(value: f64) -> u64 {
    (value * ONE as f64) as u64
}

/// Money units as a share of a unit of value.
#[must_use]
pub fn share(units: U256) -> f64 {
    // Prices of these games stay below 2^64 units; a larger one would only be drawn too small.
    u64::try_from(units).unwrap_or(u64::MAX) as f64 / ONE as f64
}

/// Sealed bids, committed and revealed. A bid of zero is none.
///
/// # Errors
/// A call that the core refuses, which no bid given here makes it do.
pub fn sealed(
    pricing: sealed::Pricing,
    bids: &[f64],
    reserve: f64,
) -> Result<Option<Sold>, GameError> {
    // Nobody reads these commitments before they are opened, so that one salt does for all.
    let salt = [0; 32];
    let terms = sealed::Terms {
        auction: 1,
        pricing,
        reserve: U256::from(units(reserve)),
        deposit: U256::ZERO,
        commit_until: Time(1),
        reveal_until: Time(2),
    };
    let mut auction = sealed::Sealed::open(terms)?;
    let bids = (0u64..).zip(bids.iter().map(|bid| U256::from(units(*bid))));
    for (bidder, bid) in bids.clone().filter(|(_, bid)| !bid.is_zero()) {
        let digest = sealed::commitment(1, bidder, bid, &salt);
        auction.commit(Time(0), bidder, digest, U256::ZERO)?;
    }
    for (bidder, bid) in bids.filter(|(_, bid)| !bid.is_zero()) {
        auction.reveal(Time(1), bidder, bid, &salt, bid)?;
    }
    let winner = auction.close(Time(2))?.winner;
    Ok(winner.map(|won| Sold { bidder: won.bidder as usize, price: share(won.price) }))
}

/// An ascending auction in which everybody raises by `tick` up to his limit, but to the limit itself
/// where less than a tick is left. The price then ends between the second-highest limit and one tick
/// above it.
///
/// # Errors
/// A call that the core refuses.
pub fn english(limits: &[f64], reserve: f64, tick: f64) -> Result<Option<Sold>, GameError> {
    let lot = U256::ONE;
    let terms = english::Terms {
        opening: U256::from(units(reserve)),
        reserve: U256::from(units(reserve)),
        step: Wad::one(),
        ..english::Terms::plain(u64::from(u32::MAX), u64::from(u32::MAX))
    };
    let limits: Vec<u64> = limits.iter().map(|limit| units(*limit)).collect();
    let mut auction = english::Auction::open(&terms, english::Form::Rising, lot, 0)?;
    let (opening, tick) = (units(reserve).max(1), units(tick).max(1));
    let (mut standing, mut leader) = (0, None);
    loop {
        let mut raised = false;
        for (bidder, limit) in limits.iter().enumerate() {
            let least = if leader.is_none() { opening } else { standing + 1 };
            if leader == Some(bidder) || *limit < least {
                continue;
            }
            let amount = (*limit).min((standing + tick).max(opening));
            let bid = english::Bid { bidder, amount: U256::from(amount), lot };
            auction = auction.raise(&terms, &bid, 1)?.auction;
            (standing, leader, raised) = (amount, Some(bidder), true);
        }
        if !raised {
            break;
        }
    }
    let Some(bidder) = leader else { return Ok(None) };
    let price = share(auction.settle(&terms, u64::from(u32::MAX) + 1)?.auction.bid);
    Ok(Some(Sold { bidder, price }))
}

/// Seconds of a descent in a straight line, so that its price falls by a ten-thousandth of the top
/// each.
const DESCENT_S: u64 = 10_000;

/// A descending auction from a price of one to nothing, in which everybody takes at his own bid. The
/// price is at most a ten-thousandth below the highest bid.
///
/// # Errors
/// A call that the core refuses.
pub fn descent(bids: &[f64], reserve: f64) -> Result<Option<Sold>, GameError> {
    let ten = |power: u64| U256::from(10).pow(U256::from(power));
    let ray = |value: f64| U256::from(units(value)) * ten(15);
    let curve = dutch::Curve::Linear { seconds: U256::from(DESCENT_S) };
    let terms = dutch::Terms {
        asking: dutch::Asking::Falling(curve),
        start: Ray::one(),
        age_seconds_max: U256::from(DESCENT_S),
        price_least: Ray::from_raw(ray(reserve)),
        remainder_least: U256::ZERO,
        incentive: dutch::Incentive::none(),
    };
    let feed = Some(dutch::Feed { price: ten(27), health: None });
    let begun = dutch::Moment { seconds: 0, feed };
    // More is wanted than the lot can bring, so that it is sold whole.
    let sale = dutch::Sale::start(&terms, &begun, ten(46), ten(18), ())?;
    let mut first: Option<(u64, usize, U256)> = None;
    for (bidder, bid) in bids.iter().enumerate().filter(|(_, bid)| **bid > 0.0 && **bid >= reserve)
    {
        let limit = ray(*bid);
        let second = first_second(&curve, limit)?;
        if first.is_none_or(|(earliest, ..)| second < earliest) {
            first = Some((second, bidder, limit));
        }
    }
    let Some((seconds, bidder, limit)) = first else { return Ok(None) };
    let moment = dutch::Moment { seconds, feed: None };
    match sale.take(&terms, &moment, sale.lot, limit) {
        Ok(taken) => {
            let price = share(breakwater_money::rounding::div_wide(
                taken.price,
                ten(15),
                breakwater_money::Rounding::Floor,
            )?);
            Ok(Some(Sold { bidder, price }))
        }
        // The step down to the bid went below the reserve.
        Err(dutch::Refusal::NeedsReset { .. }) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// The first second at which a curve from a top of one has fallen to `limit`, by halving.
fn first_second(curve: &dutch::Curve, limit: U256) -> Result<u64, GameError> {
    let (mut low, mut high) = (0, DESCENT_S);
    while low < high {
        let middle = (low + high) >> 1;
        if curve.price(Ray::one().raw, U256::from(middle))? <= limit {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}

/// Lot units in one unit of the lot in a batch.
const LOT: u128 = 1_000_000_000_000;

/// Rounds of answering to the price shown, each of which raises it by a factor of `1 + 1/k` at least
/// until it stands; enough for 64 units from the lowest price.
const ROUNDS_MAX: u32 = 4_096;

/// A batch of `k` equal units for bidders who want one each at up to their limits. A batch takes money
/// for whatever it buys, so that an order for one unit has to know the price; bidders see it while
/// orders may still be withdrawn, and size theirs to the price shown, from below. Returns the price of
/// one unit once it stands: the highest limit that goes without.
///
/// # Errors
/// A call that the core refuses, or a price that does not come to rest.
pub fn batch_unit_demand(limits: &[f64], k: u32) -> Result<f64, GameError> {
    let sell = u128::from(k) * LOT;
    let terms = batch::Terms { sell, min_buy: 1, min_funding: 0, fee_per_mille: 0 };
    // A thousandth of a unit of value is a price at which more is wanted than there is.
    let mut shown = u128::from(ONE) >> 10;
    for _ in 0..ROUNDS_MAX {
        let mut book = batch::Book::with_capacity(limits.len());
        for (bidder, limit) in (1u64..).zip(limits) {
            // What one unit costs now, at a limit price of the bidder's own value.
            let least = (shown as f64 / (limit * ONE as f64) * LOT as f64) as u128;
            let order = batch::Order::new(bidder, shown, least.max(1))?;
            if terms.admits(&order) {
                book.push(order)?;
            }
        }
        let clearing = book.clear(&terms)?;
        let price = clearing.paid as f64 / clearing.sold as f64 * LOT as f64;
        // A millionth: limits are rounded to units of the lot.
        if price <= shown as f64 * 1.000_001 {
            return Ok(price / ONE as f64);
        }
        shown = price as u128;
    }
    Err(GameError::Play(format!("the price of {k} units did not come to rest")))
}

/// A batch of `supply` units for bidders with one unit of money each, whatever it buys at up to their
/// limits. Returns the price.
///
/// # Errors
/// A call that the core refuses.
pub fn batch_unit_budgets(limits: &[f64], supply: u32) -> Result<f64, GameError> {
    let sell = u128::from(supply) * LOT;
    let terms = batch::Terms { sell, min_buy: 1, min_funding: 0, fee_per_mille: 0 };
    let mut book = batch::Book::with_capacity(limits.len());
    for (bidder, limit) in (1u64..).zip(limits) {
        let least = (LOT as f64 / limit) as u128;
        book.push(batch::Order::new(bidder, u128::from(ONE), least.max(1))?)?;
    }
    let clearing = book.clear(&terms)?;
    Ok(clearing.paid as f64 / clearing.sold as f64 * (LOT as f64 / ONE as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use breakwater_auction::sealed::Pricing;

    fn near(sold: Option<Sold>, bidder: usize, price: f64, within: f64) {
        let sold = sold.unwrap();
        assert_eq!(sold.bidder, bidder);
        assert!((sold.price - price).abs() <= within, "{} for {price}", sold.price);
    }

    const LIMITS: [f64; 4] = [0.3, 0.75, 0.5, 0.0];

    #[test]
    fn each_core_sells_to_the_highest_at_its_own_price() {
        near(sealed(Pricing::First, &LIMITS, 0.0).unwrap(), 1, 0.75, 1e-9);
        near(sealed(Pricing::Second, &LIMITS, 0.0).unwrap(), 1, 0.5, 1e-9);
        near(sealed(Pricing::Second, &LIMITS, 0.6).unwrap(), 1, 0.6, 1e-9);
        near(english(&LIMITS, 0.0, 0.01).unwrap(), 1, 0.505, 0.005_000_1);
        near(english(&LIMITS, 0.6, 0.01).unwrap(), 1, 0.6, 1e-9);
        near(descent(&LIMITS, 0.0).unwrap(), 1, 0.75, 1e-4);
        near(descent(&LIMITS, 0.6).unwrap(), 1, 0.75, 1e-4);
    }

    #[test]
    fn nobody_at_the_reserve_buys_nothing() {
        assert_eq!(sealed(Pricing::First, &LIMITS, 0.76).unwrap(), None);
        assert_eq!(english(&LIMITS, 0.76, 0.01).unwrap(), None);
        assert_eq!(descent(&LIMITS, 0.76).unwrap(), None);
        assert_eq!(english(&[], 0.0, 0.01).unwrap(), None);
        near(sealed(Pricing::Second, &LIMITS, 0.75).unwrap(), 1, 0.75, 1e-9);
        near(english(&LIMITS, 0.75, 0.01).unwrap(), 1, 0.75, 1e-9);
    }

    #[test]
    fn an_ascent_ends_within_a_tick_above_the_second_limit() {
        for (limits, second) in [([0.40, 0.41, 0.99], 0.41), ([0.405, 0.407, 0.409], 0.407)] {
            let sold = english(&limits, 0.0, 0.02).unwrap().unwrap();
            assert_eq!(sold.bidder, 2);
            assert!(sold.price >= second && sold.price <= second + 0.02, "{}", sold.price);
        }
    }

    #[test]
    fn one_price_for_units_is_the_highest_limit_without_one() {
        let limits = [0.9, 0.2, 0.7, 0.4, 0.6];
        for (k, price) in [(1, 0.7), (2, 0.6), (3, 0.4), (4, 0.2)] {
            let found = batch_unit_demand(&limits, k).unwrap();
            assert!((found - price).abs() < 1e-5, "{k}: {found}");
        }
    }

    #[test]
    fn money_of_one_unit_each_clears_where_it_buys_the_supply() {
        // At 0.5 two limits are above: 2 units of money buy 4 of supply.
        assert!((batch_unit_budgets(&[0.9, 0.8, 0.3], 4).unwrap() - 0.5).abs() < 1e-9);
        // Between one and two units of money: the second is at the margin, at its limit.
        assert!((batch_unit_budgets(&[0.9, 0.4, 0.3], 4).unwrap() - 0.4).abs() < 1e-9);
    }
}
