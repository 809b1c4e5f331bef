//! The book against the plain way to keep one.

use super::*;
use crate::BookSide::{Asks, Bids};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn snapshot(update_id: u64, side: crate::BookSide, price: u64, quantity: u64) -> FeedEvent {
    FeedEvent::Snapshot { update_id, side, price, quantity }
}

fn difference(update_id: u64, side: crate::BookSide, price: u64, quantity: u64) -> FeedEvent {
    FeedEvent::Difference { update_id, previous_id: None, side, price, quantity }
}

fn rows(events: &[FeedEvent]) -> Vec<FeedRow> {
    (0..).zip(events).map(|(at_nanos, event)| FeedRow { at_nanos, event: *event }).collect()
}

fn fed<L: Levels>(rows: &[FeedRow], strictness: Strictness) -> Result<BookFeed<L>, FeedFault> {
    let mut feed = BookFeed::new(strictness);
    rows.iter().try_for_each(|row| feed.apply(row).map(drop))?;
    feed.finish()?;
    Ok(feed)
}

/// All of the rule in one pass over the whole list, with nothing kept between rows: the last
/// snapshot's levels, then every difference above its number, wherever it stands.
fn plainly(rows: &[FeedRow]) -> [BTreeMap<u64, u64>; 2] {
    let mut sides = [BTreeMap::new(), BTreeMap::new()];
    let at = |side| usize::from(side == Asks);
    let id = rows.iter().find_map(|row| match row.event {
        FeedEvent::Snapshot { update_id, .. } => Some(update_id),
        _ => None,
    });
    let Some(id) = id else { return sides };
    for pass in 0..2 {
        for row in rows {
            let (side, price, quantity) = match row.event {
                FeedEvent::Snapshot { side, price, quantity, .. } if pass == 0 => {
                    (side, price, quantity)
                }
                FeedEvent::Difference { update_id, side, price, quantity, .. }
                    if pass == 1 && update_id > id =>
                {
                    (side, price, quantity)
                }
                _ => continue,
            };
            match quantity {
                0 => sides[at(side)].remove(&price),
                _ => sides[at(side)].insert(price, quantity),
            };
        }
    }
    sides
}

/// Prices that jump over all that a ladder has: its middle, its ends, and far beyond.
fn price() -> impl Strategy<Value = u64> {
    prop_oneof![
        8 => 1_000_000u64..1_000_100,
        2 => 900_000u64..1_200_000,
        1 => 1u64..5,
        1 => (u64::MAX - 5)..=u64::MAX,
        1 => 1u64..=u64::MAX,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_dense_side_is_a_tree(
        sets in prop::collection::vec((price(), 0u64..4), 0..120),
        clear_at in 0usize..240,
    ) {
        let (mut dense, mut tree) = (DenseLevels::default(), TreeLevels::default());
        for (at, (key, quantity)) in sets.iter().enumerate() {
            if at == clear_at {
                dense.clear();
                tree.clear();
            }
            prop_assert_eq!(dense.set(*key, *quantity), tree.set(*key, *quantity));
            prop_assert_eq!(dense.best(), tree.best());
            prop_assert_eq!(dense.count(), tree.count());
            prop_assert_eq!(dense.below(*key), tree.below(*key));
            prop_assert_eq!(dense.quantity(*key), tree.quantity(*key));
        }
        let all = |first: Option<(u64, u64)>, next: &dyn Fn(u64) -> Option<(u64, u64)>| {
            std::iter::successors(first, |(key, _)| next(*key)).collect::<Vec<_>>()
        };
        prop_assert_eq!(
            all(dense.best(), &|key| dense.below(key)),
            all(tree.best(), &|key| tree.below(key))
        );
    }

    #[test]
    fn a_rebuilt_book_is_the_rule_said_plainly(
        events in prop::collection::vec((0u64..4, any::<bool>(), 95u64..106, 0u64..3), 0..80),
        at in 0usize..80,
        snapshot_id in 0u64..120,
    ) {
        let side = |bid| if bid { Bids } else { Asks };
        let mut id = 0;
        let mut all = Vec::new();
        for (place, (step, bid, price, quantity)) in events.iter().enumerate() {
            if place == at {
                for price in [97, 99, 101] {
                    let side = side(price < 100);
                    all.push(snapshot(snapshot_id, side, price, 1));
                }
            }
            id += step;
            all.push(difference(id, side(*bid), *price, *quantity));
        }
        let all = rows(&all);
        let feed: BookFeed = fed(&all, Strictness::Flag).unwrap();
        let plain = plainly(&all);
        for (side, plain) in [Bids, Asks].into_iter().zip(&plain) {
            let mut levels: Vec<(u64, u64)> =
                feed.levels(side).map(|level| (level.price, level.quantity)).collect();
            if side == Bids {
                levels.reverse();
            }
            let plain: Vec<(u64, u64)> = plain.iter().map(|(p, q)| (*p, *q)).collect();
            prop_assert_eq!(levels, plain);
        }
    }
}

#[test]
fn differences_at_or_below_the_snapshot_are_dropped_wherever_they_stand() {
    let all = rows(&[
        difference(8, Bids, 100, 1), // kept, then dropped: older than the snapshot
        difference(12, Bids, 98, 7), // kept, then applied
        snapshot(10, Bids, 99, 5),
        snapshot(10, Asks, 101, 6),
        difference(12, Asks, 102, 3), // the same update goes on
        difference(13, Bids, 99, 0),
    ]);
    let feed: BookFeed = fed(&all, Strictness::Refuse).unwrap();
    assert_eq!(feed.best(Bids), Some(FeedLevel { price: 98, quantity: 7 }));
    assert_eq!(feed.levels(Asks).count(), 2);
    assert_eq!((feed.update_id(), feed.is_whole()), (Some(13), true));
}

/// The rows, the fault they must give, and its number.
fn faulty() -> Vec<(Vec<FeedRow>, usize)> {
    let start = [snapshot(10, Bids, 99, 5), snapshot(10, Asks, 101, 6)];
    let then = |more: &[FeedEvent]| rows(&[&start, more].concat());
    let trade = |trade_id| FeedEvent::Trade { trade_id, eaten: Bids, price: 99, quantity: 1 };
    let follows = |update_id, previous| FeedEvent::Difference {
        update_id,
        previous_id: Some(previous),
        side: Bids,
        price: 98,
        quantity: 1,
    };
    let quote = |side, price| FeedEvent::BestQuote { update_id: 11, side, price, quantity: 1 };
    let mut backwards = then(&[difference(11, Bids, 98, 1)]);
    backwards[2].at_nanos = 0;
    vec![
        (backwards, 1),
        (then(&[difference(12, Bids, 98, 1), difference(11, Bids, 98, 2)]), 2),
        (then(&[follows(11, 9), follows(14, 13)]), 3),
        (then(&[difference(11, Bids, 101, 1)]), 4),
        (then(&[trade(5), trade(5)]), 5),
        (then(&[trade(5), trade(7)]), 6),
        (then(&[difference(12, Bids, 98, 1), snapshot(11, Bids, 97, 1)]), 7),
        (then(&[quote(Bids, 101), quote(Asks, 101)]), 8),
        (then(&[difference(11, Bids, 0, 1)]), 9),
    ]
}

#[test]
fn every_fault_is_refused_or_counted_by_its_number() {
    for (rows, number) in faulty() {
        let refused = fed::<DenseLevels>(&rows, Strictness::Refuse).unwrap_err();
        assert_eq!(refused.number(), number, "{refused}");
        let flagged = fed::<DenseLevels>(&rows, Strictness::Flag).unwrap();
        assert_eq!((flagged.faults().of(number), flagged.faults().total()), (1, 1), "{refused}");
        assert_eq!(flagged.is_whole(), number != 3);
    }
}

#[test]
fn a_feed_without_a_snapshot_is_refused_before_it_fills_the_memory() {
    let mut feed: BookFeed = BookFeed::new(Strictness::Refuse);
    let row = FeedRow { at_nanos: 0, event: difference(1, Bids, 99, 1) };
    let fault = (0..=1 << 18).find_map(|_| feed.apply(&row).err());
    assert_eq!(fault.map(|fault| fault.number()), Some(10));
    assert_eq!((feed.update_id(), feed.best(Bids)), (None, None));
}

#[test]
fn a_flagged_trade_counts_once() {
    let all = faulty().into_iter().find(|(_, number)| *number == 5).unwrap().0;
    let feed = fed::<DenseLevels>(&all, Strictness::Flag).unwrap();
    assert_eq!(feed.traded(), Traded { count: 1, quantity: 1, sold: 1, value: 99 });
}

#[test]
fn newer_quotes_clip_what_is_visible_and_write_nothing() {
    let quote = |update_id, side, price, quantity| FeedEvent::BestQuote {
        update_id,
        side,
        price,
        quantity,
    };
    let mut all = vec![
        snapshot(10, Bids, 99, 5),
        snapshot(10, Bids, 97, 2),
        snapshot(10, Asks, 101, 6),
        quote(11, Bids, 98, 3),
        quote(11, Asks, 100, 1),
    ];
    let feed: BookFeed = fed(&rows(&all), Strictness::Refuse).unwrap();
    let seen: Vec<(u64, u64)> = feed.visible(Bids).map(|l| (l.price, l.quantity)).collect();
    assert_eq!(seen, [(98, 3), (97, 2)]);
    assert_eq!(feed.mid_twice(), Some(198));
    assert_eq!(feed.best(Bids), Some(FeedLevel { price: 99, quantity: 5 }));
    // A batch at or above the quotes' number is as new, and counts alone.
    all.push(difference(11, Bids, 99, 4));
    let feed: BookFeed = fed(&rows(&all), Strictness::Refuse).unwrap();
    assert_eq!(feed.visible(Bids).next(), Some(FeedLevel { price: 99, quantity: 4 }));
}

#[test]
fn taking_stops_at_the_worst_price_and_says_what_is_missing() {
    let levels = [(99, 5), (98, 4), (96, 9)].map(|(price, quantity)| FeedLevel { price, quantity });
    let sold = |quantity, worst| take(levels.into_iter(), Bids, quantity, worst).unwrap();
    assert_eq!(sold(5, None).worst, Some(99));
    assert_eq!(sold(20, Some(97)), Taken { taken: 9, value: 887, worst: Some(98), missing: 11 });
    assert_eq!(sold(20, None).missing, 2);
    assert_eq!(sold(3, Some(100)), Taken { taken: 0, value: 0, worst: None, missing: 3 });
    let bought = take(levels.into_iter().rev(), Asks, 10, Some(97)).unwrap();
    assert_eq!((bought.taken, bought.worst), (9, Some(96)));
}
