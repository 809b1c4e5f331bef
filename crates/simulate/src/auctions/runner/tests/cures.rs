//! What becomes of lots whose owner is healthy again before anybody has bid.

use super::{day, once, scenario};

/// A fall that calls every vault, back within ten minutes, and bidders who never look in time.
fn lots_after_a_cure(stays: &str) -> (u64, u64, u64) {
    let edits = [
        ("book.vaults", "20"),
        ("book.ratio_beyond", "{ median = \"0.1\", sigma = \"0\", largest = \"0.1\" }"),
        ("market.path_falls_bps", "2000"),
        ("market.feed_delay_minutes", "0"),
        ("market.tail_hours", "0"),
        ("bidders.chain.latency_seconds", "86400"),
        ("formats.english-that-day.stays_on_cure", stays),
    ];
    let scenario = scenario(&edits, &day(&[200, 160, 200, 200, 200])).unwrap();
    let run = once(&scenario, "english-that-day");
    assert!(run.books_balance);
    assert!(run.totals.lots >= 20 && run.totals.sold == 0);
    (run.totals.lots, run.totals.unsold, run.totals.open)
}

#[test]
fn a_lot_without_bids_is_taken_off_with_the_cure_unless_it_stays() {
    let (lots, unsold, open) = lots_after_a_cure("false");
    assert_eq!((unsold, open), (lots, 0), "all are taken off");
    let (lots, unsold, open) = lots_after_a_cure("true");
    assert_eq!((unsold, open), (0, lots), "all stay");
}
