//! Bids drawn by chance that make sense in the auction at hand, and some that do not.

use super::auctions::{bid, commit, reveal};
use super::chance::Chance;
use super::stage::{ONE_CASH, Stage};
use breakwater_auction::english;
use breakwater_engine::Body;
use breakwater_liquidation::Bid;
use breakwater_liquidation::auctions::{Auctioned, Running};
use breakwater_money::{Price, U256};

/// Who bids.
pub const BIDDERS: u64 = 4;

/// A bid in some auction, if any is open.
pub fn any(stage: &Stage, chance: &mut Chance) -> Option<Body> {
    let open: Vec<u64> = stage.engine.auctions().keys().copied().collect();
    if open.is_empty() {
        return None;
    }
    let number = open[chance.below(open.len() as u64) as usize];
    // Now and then one that is not open, or of another format.
    let number = if chance.below(40) == 0 { number + 50 } else { number };
    let bidder = chance.below(BIDDERS);
    if chance.below(25) == 0 {
        return Some(bid(number, bidder, stray(chance)));
    }
    let Some(running) = stage.engine.auctions().get(&number) else {
        return Some(bid(number, bidder, Bid::Pay));
    };
    Some(sensible(number, running, bidder, chance))
}

fn stray(chance: &mut Chance) -> Bid {
    match chance.below(6) {
        0 => Bid::Raise { amount: u128::MAX - chance.amount(3) },
        1 => Bid::Shrink { lot: chance.amount(2) },
        2 => Bid::Take { quantity: chance.amount(2), price_max: Price::new(0, 6) },
        3 => Bid::Order { pay: u128::MAX, min_receive: 1 },
        4 => Bid::Reveal { amount: u128::MAX, salt: [1; 32] },
        _ => Bid::Pay,
    }
}

fn sensible(number: u64, running: &Running, bidder: u64, chance: &mut Chance) -> Body {
    let fair = running.fair.max(1);
    let around = fair * (700 + u128::from(chance.below(600))) / 1_000;
    let small = |wide: U256| u128::try_from(wide).unwrap_or(u128::MAX);
    match &running.kind {
        Auctioned::English { auction, .. } => match auction.stage {
            english::Stage::Awarded { .. } => {
                let winner = auction.leader.filter(|_| chance.below(4) != 0).unwrap_or(bidder);
                bid(number, winner, Bid::Pay)
            }
            _ if running.wanted.is_some_and(|wanted| auction.bid >= U256::from(wanted)) => {
                let lot = small(auction.lot);
                let lot = lot - (lot / 40 + chance.amount(lot / 8 + 1)).min(lot);
                bid(number, bidder, Bid::Shrink { lot })
            }
            _ => {
                let standing = small(auction.bid);
                let step = standing / 40 + chance.amount(fair / 5 + 1);
                let higher = standing.saturating_add(step);
                let amount = if standing == 0 { around } else { higher };
                let most = running.wanted.unwrap_or(u128::MAX);
                let amount = if chance.below(8) == 0 { amount } else { amount.min(most) };
                bid(number, bidder, Bid::Raise { amount })
            }
        },
        Auctioned::Dutch { sale, .. } => {
            let lot = small(sale.lot);
            let quantity = if chance.below(3) == 0 { lot } else { chance.amount(lot) + 1 };
            let cash = 500 + u128::from(chance.below(3_000));
            bid(number, bidder, Bid::Take { quantity, price_max: Price::new(cash * ONE_CASH, 6) })
        }
        Auctioned::Sealed(sealed) => {
            // Everybody's bid in an auction is settled from the start; some mistake it.
            let amount = 1 + fair * u128::from((number * 7 + bidder * 131) % 1_300) / 1_000;
            let told = if chance.below(8) == 0 { amount + 1 } else { amount };
            if running.elapsed_nanos < sealed.terms().commit_until.0 {
                commit(number, bidder, amount)
            } else {
                reveal(number, bidder, told)
            }
        }
        Auctioned::Batch(batch) => {
            let lot = batch.terms().sell;
            let placed: Vec<(u64, u128, u128)> = batch
                .placed()
                .map(|(who, order)| (*who, order.pay(), order.min_receive()))
                .collect();
            if !placed.is_empty() && chance.below(3) == 0 {
                let at = chance.below(placed.len() as u64) as usize;
                let (who, pay, min_receive) = placed[at];
                let who = if chance.below(5) == 0 { bidder } else { who };
                return bid(number, who, Bid::Withdraw { pay, min_receive });
            }
            let part = 1 + u128::from(chance.below(1_000));
            let (pay, min_receive) = (around * part / 1_000, lot * part / 1_000);
            bid(number, bidder, Bid::Order { pay, min_receive })
        }
    }
}
