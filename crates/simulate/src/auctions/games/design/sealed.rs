//! Sealed bids and batches of a design: everybody bids once, by a deadline.

use super::super::GameError;
use super::super::formats::{ONE, share, units};
use super::ROUNDS;
use super::world::{Ended, World};
use breakwater_auction::batch::{Book, Order, Terms as BatchTerms};
use breakwater_auction::sealed::{Pricing, Refusal, Sealed, Terms, commitment};
use breakwater_money::{Time, U256};

/// Deposit of a sealed bid, as a share of the lot's value at the mark.
const DEPOSIT: f64 = 0.01;

/// Blocks of so many seconds, at least one.
fn blocks(seconds: u32, block_s: u32) -> u32 {
    seconds.div_ceil(block_s)
}

/// When bidders begin to send: as late as still lands, so that the bid knows the price.
fn latest(world: &World<'_>, first: u32, until: u32) -> u32 {
    until.saturating_sub(world.lot.sure_blocks()).max(first)
}

/// Sells the lot by sealed bids: a window to commit, one as long to reveal. A bidder reveals where the
/// bid, less the deposit that he would lose, is still worth it.
pub(super) fn sell(
    world: &mut World<'_>,
    pricing: Pricing,
    window_s: u32,
) -> Result<Ended, GameError> {
    let window = blocks(window_s, world.lot.block_s);
    let mut forfeited = 0.0;
    for round in 0..ROUNDS {
        let first = round * 2 * window;
        let (proceeds, sold) = one_round(world, pricing, first, window)?;
        let block = first + 2 * window;
        if sold {
            return Ok(world.sold(forfeited + proceeds, 1.0, block));
        }
        forfeited += proceeds;
    }
    let block = ROUNDS * 2 * window;
    let wanted = (world.lot.share(world.lot.debt) - forfeited).max(0.0);
    let rest = world.at_market(1.0, wanted, block);
    Ok(Ended { paid: forfeited, ..Ended::default() }.and(rest))
}

/// One auction from a block on: its proceeds, and whether the lot was sold.
fn one_round(
    world: &mut World<'_>,
    pricing: Pricing,
    first: u32,
    window: u32,
) -> Result<(f64, bool), GameError> {
    let at = |block: u32| Time(u64::from(block));
    let (commit_until, reveal_until) = (first + window, first + 2 * window);
    let deposit = U256::from(units(DEPOSIT));
    let terms = Terms {
        auction: u64::from(first),
        pricing,
        reserve: U256::from(units(world.lot.reserve)),
        deposit,
        commit_until: at(commit_until),
        reveal_until: at(reveal_until),
    };
    let mut auction = Sealed::open(terms)?;
    // Nobody reads these commitments before they are opened, so that one salt does for all.
    let salt = [0; 32];
    let gas = 2.0 * world.lot.share(world.lot.gas);
    let mut bids = Vec::new();
    for bidder in 0..world.lot.bidders {
        let late = latest(world, first, commit_until);
        let Some(block) = world.landing(bidder, late, commit_until) else { continue };
        let locked_s = f64::from(reveal_until - block) * f64::from(world.lot.block_s);
        let worth = match pricing {
            Pricing::First => world.shaded(bidder),
            Pricing::Second => world.worth(bidder),
        };
        let bid = world.fair(block) * (worth - world.lot.capital_cost(locked_s)) - gas;
        let bid = U256::from(units(bid.min(world.capital())));
        if bid.is_zero() || bid < terms.reserve {
            continue;
        }
        let digest = commitment(terms.auction, u64::from(bidder), bid, &salt);
        auction.commit(at(block), u64::from(bidder), digest, deposit)?;
        bids.push((bidder, bid));
    }
    for (bidder, bid) in bids {
        let Some(block) = world.landing(bidder, commit_until, reveal_until) else { continue };
        if share(bid) - DEPOSIT > world.fair(block) * world.worth(bidder) {
            continue;
        }
        let added = bid.saturating_sub(deposit);
        match auction.reveal(at(block), u64::from(bidder), bid, &salt, added) {
            Ok(()) => {}
            Err(other @ Refusal::Money(_)) => return Err(other.into()),
            Err(other) => return Err(GameError::Play(format!("a bid was refused: {other}"))),
        }
    }
    let outcome = auction.close(at(reveal_until))?;
    Ok((share(outcome.proceeds), outcome.winner.is_some()))
}

/// Lot units of the whole lot in a batch.
const LOT: u128 = ONE as u128;

/// Sells the lot in a batch: everybody places one order, for all the money he has or all the lot, at
/// the limit he would bid at first price.
pub(super) fn sell_batch(world: &mut World<'_>, window_s: u32) -> Result<Ended, GameError> {
    let window = blocks(window_s, world.lot.block_s);
    // At least a unit of money for the lot: a batch needs a lowest price.
    let min_buy = u128::from(units(world.lot.reserve).max(1));
    let terms = BatchTerms { sell: LOT, min_buy, min_funding: 0, fee_per_mille: 0 };
    let gas = world.lot.share(world.lot.gas);
    let (mut paid, mut part) = (0.0, 1.0);
    let mut before = Ended::default();
    for round in 0..ROUNDS {
        let (first, last) = (round * window, (round + 1) * window);
        let terms = BatchTerms { sell: lot_units(part), min_buy: scaled(min_buy, part), ..terms };
        let mut book = Book::default();
        for bidder in 0..world.lot.bidders {
            let Some(block) = world.landing(bidder, latest(world, first, last), last) else {
                continue;
            };
            let locked_s = f64::from(last - block) * f64::from(world.lot.block_s);
            let worth = world.shaded(bidder) - world.lot.capital_cost(locked_s);
            let whole = world.fair(block) * worth * part - gas;
            let pay = u128::from(units(whole.min(world.capital())));
            let least = (pay as f64 / units(whole).max(1) as f64 * terms.sell as f64) as u128;
            if pay == 0 || least == 0 {
                continue;
            }
            let order = Order::new(u64::from(bidder), pay, least.min(terms.sell))?;
            if terms.admits(&order) {
                book.push(order)?;
            }
        }
        if book.is_empty() {
            continue;
        }
        let clearing = book.clear(&terms)?;
        let proceeds = clearing.proceeds(&terms)?;
        let sold_part = clearing.fill as f64 / LOT as f64;
        let received = proceeds.received as f64 / ONE as f64;
        before = before.and(world.sold(received, sold_part, last));
        (paid, part) = (paid + received, part - sold_part);
        if part < 1e-9 {
            return Ok(before);
        }
    }
    let wanted = (world.lot.share(world.lot.debt) - paid).max(0.0);
    let rest = world.at_market(part, wanted, ROUNDS * window);
    Ok(before.and(rest))
}

fn lot_units(part: f64) -> u128 {
    ((part * LOT as f64) as u128).clamp(1, LOT)
}

fn scaled(amount: u128, part: f64) -> u128 {
    ((amount as f64 * part) as u128).max(1)
}
