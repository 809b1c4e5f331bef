//! Chance that a venue uses comes in by a command: it decides with whom a random choice starts, and
//! nothing else; a replay makes the same choice.

use crate::support::stage::*;
use breakwater_engine::Body;
use breakwater_liquidation::backstop::Deleverage;
use breakwater_liquidation::policy::BackstopPolicy;
use breakwater_liquidation::{Close, Policy};
use breakwater_money::Unit;
use std::collections::BTreeSet;

fn policy(deleverage: Deleverage) -> Policy {
    let backstop = BackstopPolicy {
        insurance: true,
        deleverage: Some(deleverage),
        ..BackstopPolicy::default()
    };
    Policy { backstop, close: Close::Full, ..venue_sells() }
}

/// Account 0 is long 1 ETH against 1 to 3, each short as much, and lacks 100.
fn told(deleverage: Deleverage, bits: Option<u64>) -> Stage {
    let mut stage = Stage::perpetual(policy(deleverage), 4);
    for (account, cash) in [(0, 300), (1, 2_000), (2, 3_000), (3, 4_000)] {
        stage.done(deposit(account, CASH, cash * ONE_CASH));
    }
    stage.done(trade(Some(0), Some(1), ETH, ONE_ETH, at(2_000)));
    for short in [2, 3] {
        stage.done(trade(None, Some(short), ETH, ONE_ETH, at(2_000)));
    }
    if let Some(bits) = bits {
        stage.done(Body::Entropy { bits });
    }
    let order = orders(&stage.price(ETH, at(1_600)))[0];
    assert_eq!(stage.health(0).equity, -100_000_000);
    stage.done(fill(order.leg, 0, 0, true));
    stage
}

/// Who was closed.
fn closed(stage: &Stage) -> Vec<u32> {
    (1..4).filter(|account| stage.own(*account, Unit::token(ETH)) == 0).collect()
}

#[test]
fn bits_choose_whoever_comes_first() {
    let mut seen = BTreeSet::new();
    for bits in 0..6 {
        let stage = told(Deleverage::RandomStart, Some(bits));
        assert_eq!(closed(&stage), [1 + u32::try_from(bits).unwrap() % 3]);
        assert_eq!(stage.own(0, Unit::token(ETH)), 0);
        assert_eq!(stage.engine.losses()[&CASH].deleveraged, 100 * ONE_CASH);
        assert_eq!(stage.replayed().state_hash(), stage.engine.state_hash());
        seen.insert(closed(&stage));
    }
    assert_eq!(seen.len(), 3);
    assert_eq!(closed(&told(Deleverage::RandomStart, None)), [1]);
}

#[test]
fn where_nothing_is_chosen_by_chance_bits_change_only_themselves() {
    for rule in [
        Deleverage::Queue,
        Deleverage::ProRata,
        Deleverage::Capped,
        Deleverage::RiskAware,
        Deleverage::MinimumOvershoot,
    ] {
        let plain = told(rule, Some(0));
        for bits in [1, 2, u64::MAX] {
            let other = told(rule, Some(bits));
            let (plain, other) = (plain.engine.state_hash(), other.engine.state_hash());
            for (part, found) in plain.parts.iter().zip(&other.parts) {
                // The bits are kept beside the orders.
                assert_eq!(
                    part.hash == found.hash,
                    part.part != "orders",
                    "{rule:?} {}",
                    part.part
                );
            }
        }
    }
}
