//! A holding is put up in lots of a stated size at once, each to raise its share of what is owed and of
//! the penalty on it; what a lot brings beyond its share of the debt goes to the insurance fund.

use crate::support::auctions::*;
use crate::support::stage::*;
use breakwater_engine::{Outcome, What};
use breakwater_liquidation::auctions::{Bid, Format, Raises};
use breakwater_liquidation::{AuctionTerms, Disposal, Policy};
use breakwater_money::{Holder, Unit};

/// Lots of 0.3 ETH, a penalty of 13 %.
fn in_lots(open_max: u32) -> AuctionTerms {
    let lots_max = [("ETH".to_owned(), 3 * ONE_ETH / 10)].into_iter().collect();
    let english = terms(Format::English(ENGLISH), Raises::Debt);
    AuctionTerms { penalty_bps: 1_300, lots_max, open_max, ..english }
}

/// Auction, quantity and what it is to raise.
fn opened(outcome: &Outcome) -> Vec<(u64, u128, Option<u128>)> {
    let opened = outcome.facts().filter_map(|what| match what {
        What::AuctionOpened { leg, sale, wanted, .. } => Some((*leg, sale.quantity, *wanted)),
        _ => None,
    });
    opened.collect()
}

fn fund(stage: &Stage) -> i128 {
    stage.engine.ledger().balance(Holder::Insurance, Unit::token(CASH))
}

/// The lots of one ETH that owes 1,500.
fn up(open_max: u32) -> (Stage, Vec<(u64, u128, Option<u128>)>) {
    let mut stage = lent(auctions(in_lots(open_max)), 4);
    let told = stage.price(ETH, at(1_800));
    (stage, opened(&told))
}

#[test]
fn every_lot_raises_its_share() {
    let (mut stage, lots) = up(100);
    let tenths = |tenths: u128| ONE_ETH / 10 * tenths;
    // Three tenths of 1,500 are 450, and 13 % more 508.50; the last tenth is to raise 169.50.
    let expected = [
        (1, tenths(3), Some(508_500_000)),
        (2, tenths(3), Some(508_500_000)),
        (3, tenths(3), Some(508_500_000)),
        (4, tenths(1), Some(169_500_000)),
    ];
    assert_eq!(lots, expected);
    // No lot is offered twice.
    assert_eq!(opened(&stage.again(ETH)), []);
    // One lot brings less than its share of the debt, one just it, one all that is wanted.
    let before = fund(&stage);
    for (lot, amount) in [(1, 400_000_000), (2, 450_000_000), (3, 508_500_000)] {
        stage.done(bid(lot, 7, Bid::Raise { amount }));
    }
    let owed = |stage: &Stage| {
        stage.engine.health(breakwater_money::AccountId(OWNER)).unwrap().requirement
    };
    assert_eq!(owed(&stage), at(1_500));
    for _ in 0..20 {
        stage.wait(10 * SECOND);
        stage.again(ETH);
        if fund(&stage) > before {
            break;
        }
    }
    // The penalty of the third lot alone reaches the fund: 58.50.
    assert_eq!(fund(&stage) - before, 58_500_000);
    assert_eq!(stage.escrow(), 0);
    assert_eq!(owed(&stage), at(1_500) - 400_000_000 - 450_000_000 - 450_000_000);
}

#[test]
fn lots_that_find_no_room_wait_for_those_before_them() {
    let (mut stage, lots) = up(2);
    assert_eq!(lots.len(), 2);
    assert_eq!(opened(&stage.again(ETH)), []);
}

#[test]
fn lots_of_nothing_and_absurd_penalties_are_refused() {
    let policy = |terms| Policy { disposal: Disposal::Auction(terms), ..venue_sells() };
    let mut none = in_lots(1);
    none.lots_max.insert("BTC".to_owned(), 0);
    assert_eq!(policy(none).validate().unwrap_err(), "policy.disposal.lots_max.BTC 0: at least 1");
    let steep = AuctionTerms { penalty_bps: 1_000_001, ..in_lots(1) };
    let why = policy(steep).validate().unwrap_err();
    assert_eq!(why, "policy.disposal.penalty_bps 1000001: 0 to 1000000");
}
