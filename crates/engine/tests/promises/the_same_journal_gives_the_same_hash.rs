//! I-38: equal journals give equal hashes, and hashes differ in the part where states differ.

use crate::support::stage::*;
use crate::support::story::{self, VENUES};
use breakwater_engine::Body;
use breakwater_liquidation::{AssetKind, Call, Policy};
use breakwater_money::{AccountId, U256};

#[test]
fn replaying_a_journal_gives_the_hash_of_every_part() {
    for venue in VENUES {
        for seed in 0..4 {
            let stage = story::play(venue, seed, 300, 4_096);
            let replayed = stage.replayed();
            assert_eq!(replayed.state_hash(), stage.engine.state_hash(), "{venue:?} {seed}");
            assert_eq!(replayed.encode(), stage.engine.encode(), "{venue:?} {seed}");
        }
    }
}

#[test]
fn replaying_in_another_thread_changes_nothing() {
    let stage = story::play(VENUES[1], 9, 300, 2);
    let (hash, journal) = (stage.engine.state_hash().hex(), stage.journal);
    let replays: Vec<_> = (0..4)
        .map(|_| {
            let journal = journal.clone();
            std::thread::spawn(move || {
                let stage = Stage { journal, ..Stage::empty() };
                stage.replayed().state_hash().hex()
            })
        })
        .collect();
    for replay in replays {
        assert_eq!(replay.join().unwrap(), hash);
    }
}

#[test]
fn other_journals_give_other_hashes() {
    let hashes: std::collections::BTreeSet<String> = (0..20)
        .map(|seed| story::play(VENUES[0], seed, 60, 4_096).engine.state_hash().hex())
        .collect();
    assert_eq!(hashes.len(), 20);
}

/// Which parts a command changes, by name.
fn changed(stage: &mut Stage, body: Body) -> Vec<&'static str> {
    let before = stage.engine.state_hash();
    stage.done(body);
    let after = stage.engine.state_hash();
    assert_ne!(before.combined, after.combined);
    let pairs = before.parts.iter().zip(&after.parts);
    pairs.filter(|(b, a)| b.hash != a.hash).map(|(_, a)| a.part).collect()
}

#[test]
fn the_hash_differs_in_the_part_where_the_state_does() {
    // Nothing below moves time, so "clock" stands only for what else is in it.
    let mut stage = Stage::lending("", Policy::as_is(), 3);
    assert_eq!(changed(&mut stage, asset("SOL", 9, AssetKind::Token)), ["assets"]);
    let sol = breakwater_money::AssetId(3);
    assert_eq!(changed(&mut stage, market("SOL/CASH", sol)), ["assets", "markets"]);
    assert_eq!(changed(&mut stage, open("dave")), ["ledger", "margin calls"]);
    assert_eq!(changed(&mut stage, fund(1)), ["ledger"]);
    assert_eq!(changed(&mut stage, deposit(1, ETH, ONE_ETH)), ["ledger"]);
    let note = Call::Configure { account: AccountId(1), column: 0, value: U256::from(7) };
    assert_eq!(changed(&mut stage, Body::Call(note)), ["state"]);
    assert_eq!(changed(&mut stage, Body::Halt { on: true }), ["clock"]);
    stage.done(Body::Halt { on: false });
    let paused = gate(ETH, breakwater_liquidation::Gate::Paused);
    assert_eq!(changed(&mut stage, paused), ["guards"]);
    let opened = gate(ETH, breakwater_liquidation::Gate::Open);
    assert_eq!(changed(&mut stage, opened), ["guards"]);
    assert_eq!(changed(&mut stage, borrow(1, 1_500 * ONE_CASH)), ["ledger"]);
    let tick = Body::Tick(stage.tick(ETH, at(1_800)));
    assert_eq!(changed(&mut stage, tick), ["clock", "markets", "margin calls"]);
    let absorbed = changed(&mut stage, absorb(&[1]));
    assert_eq!(absorbed, ["ledger", "margin calls"], "no loss was booked");
    let policy = Policy { assess_max: 1, ..Policy::as_is() };
    let installed = install(crate::support::lending::RULE, "bonus_bps = 1", policy);
    assert_eq!(changed(&mut stage, installed), ["clock", "rulebook", "pending"]);

    let mut stage = Stage::lending("", venue_sells(), 2);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    let tick = Body::Tick(stage.tick(ETH, at(1_200)));
    assert_eq!(changed(&mut stage, tick), ["clock", "markets", "margin calls", "sales"]);
    let sold = changed(&mut stage, fill(1, ONE_ETH, 1_200 * ONE_CASH, true));
    assert_eq!(sold, ["ledger", "margin calls", "sales", "losses"]);
}

#[test]
fn a_stop_is_a_part_of_the_state() {
    let planted = crate::support::broken::Planted::TransferToSelf;
    let mut stage = Stage::broken(planted, Policy::as_is(), 1);
    let before = stage.part("stop");
    let note = Call::Configure { account: AccountId(0), column: 0, value: U256::ZERO };
    stage.stopped(Body::Call(note));
    assert_ne!(stage.part("stop"), before);
}

#[test]
fn the_parts_have_different_names_and_a_stable_order() {
    let parts = Stage::empty().engine.state_hash().parts;
    let names: Vec<&str> = parts.iter().map(|part| part.part).collect();
    assert_eq!(
        names,
        [
            "clock",
            "assets",
            "markets",
            "rulebook",
            "ledger",
            "state",
            "margin calls",
            "sales",
            "auctions",
            "orders",
            "conditions",
            "losses",
            "guards",
            "pending",
            "stop",
        ]
    );
}
