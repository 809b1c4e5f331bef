//! The ascending auction of a design: two phases, lifetimes of bids, congestion.

use super::super::GameError;
use super::super::formats::{ONE, share, units};
use super::ROUNDS;
use super::world::{Ended, World};
use breakwater_auction::english::{Auction, Bid, Form, Payment, Refusal, Restarts, Terms};
use breakwater_money::{U256, Wad};

/// Least ratio of a bid to the one before.
const STEP: f64 = 1.03;

/// Lifetimes of a bid from the start to the hard end.
const LIFETIMES: u64 = 6;

/// Lot units of the whole lot.
const LOT: u64 = ONE;

fn terms(world: &World<'_>, lifetime_s: u32) -> Terms {
    let lifetime = u64::from(lifetime_s);
    let reserve = U256::from(units(world.lot.reserve));
    Terms {
        opening: reserve,
        reserve,
        step: Wad::from_raw(U256::from(units(STEP)) * U256::from(1_000_000u64)),
        payment: Payment::Held,
        restarts: Restarts { most: Some(ROUNDS - 1), growth: Wad::one(), lot_most: None },
        ..Terms::plain(lifetime, lifetime * LIFETIMES)
    }
}

/// Sells the lot. Everybody but the leader answers in every block in which it pays, and lands with the
/// world's probability. The first bid is the least that is taken; from then on a bid goes half of the
/// way from the least that counts to what the bidder would pay at most.
pub(super) fn sell(world: &mut World<'_>, lifetime_s: u32) -> Result<Ended, GameError> {
    let terms = terms(world, lifetime_s);
    let wanted = world.lot.share(world.lot.debt);
    let form = Form::TwoPhase { wanted: U256::from(units(wanted).max(1)) };
    let mut auction = Auction::open(&terms, form, U256::from(LOT), 0)?;
    let block_s = u64::from(world.lot.block_s);
    for block in 0..u32::MAX {
        let now = u64::from(block) * block_s;
        if auction.is_over(&terms, now) {
            if auction.leader.is_some() {
                let (paid, part) = (share(auction.bid), share(auction.lot));
                auction.settle(&terms, now)?;
                return Ok(world.sold(paid, part, block));
            }
            match auction.restart(&terms, now) {
                Ok(step) => auction = step.auction,
                Err(Refusal::RestartsSpent { .. }) => {
                    return Ok(world.at_market(1.0, wanted, block));
                }
                Err(other) => return Err(other.into()),
            }
        }
        auction = bids_of(world, &terms, auction, block, f64::from(lifetime_s))?;
    }
    Err(GameError::Play("an ascending auction did not end".to_owned()))
}

/// The auction after the bids that land in a block.
fn bids_of(
    world: &mut World<'_>,
    terms: &Terms,
    mut auction: Auction<u32>,
    block: u32,
    lifetime_s: f64,
) -> Result<Auction<u32>, GameError> {
    let now = u64::from(block) * u64::from(world.lot.block_s);
    let fair = world.fair(block);
    // A rival comes back once the price has risen by a step.
    let discount =
        world.lot.outbid_cost(lifetime_s, STEP - 1.0) + world.lot.capital_cost(lifetime_s);
    let gas = world.lot.share(world.lot.gas);
    let seen = auction.clone();
    for bidder in world.order(block) {
        let whole = fair * (world.worth(bidder) - discount) - gas;
        // What everybody sees is the state before the block.
        let Some(bid) = answer(&seen, terms, bidder, whole, world.capital()) else { continue };
        if !world.lands(bidder, block) {
            continue;
        }
        let shrinks = bid.lot < seen.lot;
        let step = if shrinks {
            auction.shrink(terms, &bid, now)
        } else {
            auction.raise(terms, &bid, now)
        };
        match step {
            Ok(step) => auction = step.auction,
            // Somebody of the same block was before him.
            Err(
                Refusal::NotHigher { .. }
                | Refusal::IncrementTooSmall { .. }
                | Refusal::LotDiffers { .. }
                | Refusal::BidDiffers { .. }
                | Refusal::LotNotLower { .. }
                | Refusal::DecrementTooSmall { .. },
            ) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Ok(auction)
}

/// The next bid of somebody who would pay `whole` for the whole lot and has `capital`, if any.
fn answer(
    auction: &Auction<u32>,
    terms: &Terms,
    bidder: u32,
    whole: f64,
    capital: f64,
) -> Option<Bid<u32>> {
    if auction.leader == Some(bidder) || whole <= 0.0 {
        return None;
    }
    let Form::TwoPhase { wanted } = auction.form else { return None };
    let (standing, wanted) = (share(auction.bid), share(wanted));
    let lot = share(auction.lot);
    if standing >= wanted {
        // He takes no less than what is worth the sum, and at least a step less than the leader.
        let (least, most) = (wanted / whole, lot / STEP);
        // A unit of the lot for the rounding of the step.
        let takes = units(least + (most - least) / 2.0).saturating_sub(1);
        let fits = least < most && wanted <= capital && takes > 0;
        return fits.then(|| Bid { bidder, amount: auction.bid, lot: U256::from(takes) });
    }
    let limit = whole.min(capital);
    let exact = match auction.leader {
        None => terms.opening.max(U256::ONE),
        Some(_) => {
            let least = standing * STEP + 2.0 / ONE as f64;
            U256::from(units(least + (limit - least).max(0.0) / 2.0))
        }
    };
    // Never more than is wanted, and of that exactly as much as the core has it.
    let exact = exact.min(units_of(auction.form));
    let fits = limit >= share(exact) && exact > auction.bid;
    fits.then_some(Bid { bidder, amount: exact, lot: auction.lot })
}

fn units_of(form: Form) -> U256 {
    match form {
        Form::TwoPhase { wanted } => wanted,
        Form::Rising | Form::Shrinking { .. } => U256::ZERO,
    }
}
