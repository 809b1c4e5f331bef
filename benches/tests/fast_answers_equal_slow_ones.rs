//! Every benchmark at its quick size: the answers are compared, no time is asserted.

use breakwater_benches::{Options, assess, durable, watch};
use std::path::Path;

const QUICK: Options = Options { quick: true, accounts: None };

#[test]
fn the_watch_list_finds_whom_a_rescan_finds_in_every_phase() {
    let plan = watch::Plan::of(&QUICK);
    let figures = watch::measure(&plan, plan.accounts[0]).unwrap();
    assert_eq!(figures.accounts, u64::from(plan.accounts[0]));
    assert_eq!(figures.judged, plan.judged);
    let names: Vec<_> = figures.phases.iter().map(|phase| phase.name).collect();
    assert_eq!(names.len(), 6, "{names:?}");
    assert!(figures.phases.iter().all(|phase| phase.checks > 0 && phase.assessed > 0), "{names:?}");
    let (walk, gap, few) = (&figures.phases[0], &figures.phases[1], &figures.phases[5]);
    assert_eq!(walk.times().count(), plan.ticks);
    // The list spares work, the gap breaks accounts, and a low bound makes accounts wait.
    assert!(walk.assessed < plan.ticks * figures.accounts / 20, "{}", walk.assessed);
    assert!(figures.phases[2].breaches > figures.breaches + 10, "{}", gap.breaches);
    assert!(few.pending_most > plan.low_bound && few.assessed <= plan.low_ticks * u64::from(plan.low_bound));
}

#[test]
fn exact_assessments_are_those_of_the_naive_model() {
    let plan = assess::Plan::of(&QUICK);
    let figures = assess::measure(&plan).unwrap();
    assert_eq!(figures.len(), 3);
    for book in figures {
        assert_eq!((book.accounts, book.judged), (200, 200), "{}", book.book);
        assert!(book.positions > 2 * book.accounts, "{}: {}", book.book, book.positions);
    }
}

#[test]
fn what_was_made_durable_is_read_back_and_replays_to_the_same_state() {
    let plan = durable::Plan::of(&QUICK);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let figures = durable::measure(&plan, folder).unwrap();
    assert_eq!(figures.len(), 2 * 3 * plan.batches.len());
    assert!(figures.iter().all(|f| f.commits.count() * f.batch as u64 == f.commands));
}
