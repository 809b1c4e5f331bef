//! I-39: a snapshot at any point and the commands after it give the engine that never stopped; and
//! bytes that are no snapshot are refused, not taken for one.

use crate::support::chance::Chance;
use crate::support::shelf::{EmptyShelf, Shelf};
use crate::support::stage::*;
use crate::support::story::{self, VENUES};
use breakwater_engine::Engine;
use breakwater_engine::snapshot::SnapshotError;
use breakwater_liquidation::Policy;
use std::sync::Arc;

#[test]
fn restored_at_every_prefix_it_goes_on_as_if_it_had_never_stopped() {
    for (venue, bound) in VENUES.into_iter().zip([4_096, 1, 3].into_iter().cycle()) {
        let stage = story::play(venue, 39, 100, bound);
        let mut engine = Engine::new(Arc::new(Shelf));
        let outcomes: Vec<_> = {
            let mut whole = Engine::new(Arc::new(Shelf));
            stage.journal.iter().map(|command| whole.apply(command)).collect()
        };
        let (last, hash) = (stage.engine.encode().unwrap(), stage.engine.state_hash());
        for (at, command) in stage.journal.iter().enumerate() {
            let bytes = engine.encode().unwrap();
            let mut restored = Engine::restore(&bytes, Arc::new(Shelf)).unwrap();
            assert_eq!(restored.state_hash(), engine.state_hash(), "{venue:?} before {at}");
            assert_eq!(restored.encode().unwrap(), bytes);
            for (later, expected) in stage.journal[at..].iter().zip(&outcomes[at..]) {
                assert_eq!(&restored.apply(later), expected, "{venue:?} from {at}");
            }
            assert_eq!(restored.state_hash(), hash, "{venue:?} from {at}");
            assert_eq!(restored.encode().unwrap(), last);
            engine.apply(command);
        }
    }
}

fn snapshot() -> Vec<u8> {
    let stage = story::play(VENUES[1], 3, 200, 2);
    stage.engine.encode().unwrap()
}

fn refused(bytes: &[u8]) -> SnapshotError {
    match Engine::restore(bytes, Arc::new(Shelf)) {
        Ok(engine) => panic!("{} bytes were taken for {engine:?}", bytes.len()),
        Err(error) => error,
    }
}

#[test]
fn a_truncated_snapshot_is_refused_at_every_length() {
    let bytes = snapshot();
    for length in 0..bytes.len() {
        assert!(matches!(refused(&bytes[..length]), SnapshotError::Unreadable(_)));
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(matches!(refused(&longer), SnapshotError::Unreadable(_)));
    assert!(Engine::restore(&bytes, Arc::new(Shelf)).is_ok());
}

#[test]
fn a_snapshot_with_a_flipped_bit_is_refused_at_every_byte() {
    let bytes = snapshot();
    let mut chance = Chance::new(1);
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << chance.below(8);
        assert!(matches!(refused(&flipped), SnapshotError::Unreadable(_)), "byte {at}");
    }
}

/// Bytes that were meant to mislead carry their own checksum: they decode to an error or to an
/// engine, and never panic.
#[test]
fn spoilt_content_under_a_right_checksum_does_not_panic() {
    let bytes = snapshot();
    let content = &bytes[..bytes.len() - 32];
    let mut chance = Chance::new(2);
    let (mut refusals, mut taken) = (0, 0);
    for _ in 0..4_000 {
        let mut spoilt = content.to_vec();
        for _ in 0..=chance.below(3) {
            let at = usize::try_from(chance.below(spoilt.len() as u64)).unwrap();
            match chance.below(3) {
                0 => spoilt[at] ^= 1 << chance.below(8),
                1 => spoilt[at] = 0xff,
                _ => spoilt.truncate(at.max(1)),
            }
        }
        spoilt.extend_from_slice(blake3::hash(&spoilt).as_bytes());
        match Engine::restore(&spoilt, Arc::new(Shelf)) {
            Ok(_) => taken += 1,
            Err(_) => refusals += 1,
        }
    }
    assert!(refusals > 1_000 && taken > 0, "{refusals} refused, {taken} taken");
    for length in 0..200 {
        let noise: Vec<u8> = (0..length).map(|_| chance.next() as u8).collect();
        refused(&noise);
    }
}

#[test]
fn a_snapshot_names_the_rulebook_that_is_not_plugged_in() {
    let stage = Stage::lending("", Policy::as_is(), 1);
    let bytes = stage.engine.encode().unwrap();
    let error = Engine::restore(&bytes, Arc::new(EmptyShelf)).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("toy-lending"), "{error}");
    assert!(matches!(error, SnapshotError::Rulebook { .. }));
}

#[test]
fn an_empty_engine_has_a_snapshot_too() {
    let bytes = Stage::empty().engine.encode().unwrap();
    let restored = Engine::restore(&bytes, Arc::new(EmptyShelf)).unwrap();
    assert_eq!(restored.state_hash(), Stage::empty().engine.state_hash());
}
