//! What the guard accepts and refuses, at every edge and one unit either side of it.

use breakwater_market::{Guard, GuardState, Mark, MarkStatus, MarketId, Quote, Refusal, Tick};
use breakwater_money::{Price, Time};
use proptest::prelude::*;

const GUARD: Guard = Guard {
    decimals: 2,
    age_max_nanos: 1_000,
    ahead_max_nanos: 10,
    band_bps: 2_500,
    spread_max_bps: 100,
    grace_nanos: 500,
};

const NOW: Time = Time(1_000_000);

fn tick(raw: u128, sequence: u64, observed_at: u64) -> Tick {
    let (market, quote) = (MarketId(3), Quote::Single(raw));
    Tick { market, quote, decimals: 2, sequence, observed_at: Time(observed_at) }
}

fn sides(bid: u128, ask: u128) -> Tick {
    Tick { quote: Quote::TwoSided { bid, ask }, ..tick(1, 1, NOW.0) }
}

/// A market that saw 100.00 with sequence 7 at `observed_at`.
fn seen(observed_at: u64) -> GuardState {
    GUARD.judge(&GuardState::default(), &tick(10_000, 7, observed_at), Time(observed_at)).unwrap()
}

fn mark_of(state: &GuardState) -> Mark {
    state.mark.unwrap()
}

#[test]
fn the_first_mark_has_no_band_and_no_grace() {
    let state = GUARD.judge(&GuardState::default(), &tick(1, 0, NOW.0 - 3), NOW).unwrap();
    let mark = Mark {
        price: Price::new(1, 2),
        half_spread: 0,
        observed_at: Time(NOW.0 - 3),
        accepted_at: NOW,
        sequence: 0,
    };
    assert_eq!(state, GuardState { mark: Some(mark), grace_until: None });
    assert_eq!(GUARD.status(&GuardState::default(), NOW), MarkStatus::Missing);
    assert_eq!(GUARD.status(&state, NOW), MarkStatus::Fresh);
}

#[test]
fn a_tick_of_another_scale_is_refused() {
    let wrong = Tick { decimals: 3, ..tick(10_000, 1, NOW.0) };
    let refusal = GUARD.judge(&GuardState::default(), &wrong, NOW).unwrap_err();
    assert_eq!(refusal, Refusal::WrongScale { decimals: 3, expected: 2 });
    assert_eq!(refusal.to_string(), "wrong scale: 3 decimals, expected 2");
}

#[test]
fn a_zero_on_either_side_is_refused() {
    for bad in [tick(0, 1, NOW.0), sides(0, 5), sides(5, 0), sides(0, 0)] {
        let refusal = GUARD.judge(&GuardState::default(), &bad, NOW).unwrap_err();
        assert_eq!(refusal, Refusal::NotPositive);
    }
}

#[test]
fn a_locked_book_is_accepted_and_a_crossed_one_is_not() {
    let judge = |tick| GUARD.judge(&GuardState::default(), &tick, NOW);
    let locked = mark_of(&judge(sides(10_000, 10_000)).unwrap());
    assert_eq!((locked.price.raw, locked.half_spread), (10_000, 0));
    let refusal = judge(sides(10_001, 10_000)).unwrap_err();
    assert_eq!(refusal, Refusal::Crossed { bid: 10_001, ask: 10_000, decimals: 2 });
    assert_eq!(refusal.to_string(), "crossed: bid 100.01 above ask 100");
}

#[test]
fn the_mid_is_floored_and_the_half_spread_covers_both_sides() {
    let mark = mark_of(&GUARD.judge(&GuardState::default(), &sides(10_000, 10_005), NOW).unwrap());
    assert_eq!((mark.price.raw, mark.half_spread), (10_002, 3));
    let wide = Guard { spread_max_bps: 20_000, ..GUARD };
    let top = sides(u128::MAX - 2, u128::MAX);
    let mark = mark_of(&wide.judge(&GuardState::default(), &top, NOW).unwrap());
    assert_eq!((mark.price.raw, mark.half_spread), (u128::MAX - 1, 1));
}

#[test]
fn a_spread_exactly_at_its_bound_is_accepted() {
    let judge = |tick| GUARD.judge(&GuardState::default(), &tick, NOW);
    assert!(judge(sides(9_950, 10_050)).is_ok());
    let (bid, ask) = (9_949, 10_050);
    assert_eq!(
        judge(sides(bid, ask)),
        Err(Refusal::SpreadTooWide { bid, ask, decimals: 2, spread_max_bps: 100 })
    );
}

#[test]
fn a_tick_exactly_as_old_as_allowed_is_accepted() {
    let judge = |at| GUARD.judge(&GuardState::default(), &tick(1, 1, at), NOW);
    assert!(judge(NOW.0 - 999).is_ok());
    assert!(judge(NOW.0 - 1_000).is_ok());
    assert_eq!(
        judge(NOW.0 - 1_001),
        Err(Refusal::Stale { age_nanos: 1_001, age_max_nanos: 1_000 })
    );
}

#[test]
fn a_tick_exactly_as_far_ahead_as_allowed_is_accepted() {
    let judge = |at| GUARD.judge(&GuardState::default(), &tick(1, 1, at), NOW);
    assert!(judge(NOW.0 + 9).is_ok());
    assert!(judge(NOW.0 + 10).is_ok());
    assert_eq!(judge(NOW.0 + 11), Err(Refusal::Future { ahead_nanos: 11, ahead_max_nanos: 10 }));
}

#[test]
fn the_last_mark_again_is_a_duplicate_and_a_conflicting_one_is_out_of_order() {
    let state = seen(NOW.0);
    let judge = |tick| GUARD.judge(&state, &tick, NOW).unwrap_err();
    assert_eq!(judge(tick(10_000, 7, NOW.0)), Refusal::Duplicate { sequence: 7 });
    let conflicting = [tick(10_001, 7, NOW.0), tick(10_000, 7, NOW.0 + 1), tick(10_000, 6, NOW.0)];
    for bad in conflicting {
        assert!(matches!(judge(bad), Refusal::OutOfOrder { last_sequence: 7, .. }), "{bad:?}");
    }
}

#[test]
fn time_may_stand_still_from_tick_to_tick_but_not_step_back() {
    let state = seen(NOW.0);
    assert!(GUARD.judge(&state, &tick(10_000, 8, NOW.0), NOW).is_ok());
    let back = GUARD.judge(&state, &tick(10_000, 8, NOW.0 - 1), NOW).unwrap_err();
    assert_eq!(
        back.to_string(),
        "out of order: sequence 8 observed at 999999 ns, the last mark is sequence 7 at 1000000 ns"
    );
}

#[test]
fn a_move_exactly_at_the_band_is_accepted_either_way() {
    let state = seen(NOW.0);
    let judge = |raw| GUARD.judge(&state, &tick(raw, 8, NOW.0), NOW);
    for inside in [7_500, 7_501, 12_499, 12_500] {
        assert!(judge(inside).is_ok(), "{inside}");
    }
    for outside in [7_499, 12_501] {
        let refusal = judge(outside).unwrap_err();
        assert!(matches!(refusal, Refusal::OutOfBand { band_bps: 2_500, .. }), "{outside}");
    }
    assert_eq!(
        judge(7_499).unwrap_err().to_string(),
        "out of band: 74.99 against the last mark 100, at most 2500 bps is accepted"
    );
}

#[test]
fn the_band_binds_until_the_last_mark_is_stale_and_then_grace_stands_in() {
    let state = seen(NOW.0);
    let gap = |now: u64| GUARD.judge(&state, &tick(1_000, 8, now), Time(now));
    assert!(matches!(gap(NOW.0 + 1_000), Err(Refusal::OutOfBand { .. })));
    let after = gap(NOW.0 + 1_001).unwrap();
    assert_eq!(after.grace_until, Some(Time(NOW.0 + 1_501)));
    // A guard without grace opens none.
    let blunt = Guard { grace_nanos: 0, ..GUARD };
    let now = NOW.0 + 1_001;
    let after = blunt.judge(&state, &tick(1_000, 8, now), Time(now)).unwrap();
    assert_eq!(after.grace_until, None);
}

#[test]
fn grace_lasts_to_its_last_nanosecond_and_ticks_do_not_shorten_it() {
    let back = NOW.0 + 5_000;
    let after = GUARD.judge(&seen(NOW.0), &tick(10_000, 8, back), Time(back)).unwrap();
    let until = Time(back + 500);
    assert_eq!(GUARD.status(&after, Time(back)), MarkStatus::Grace { until });
    let next = GUARD.judge(&after, &tick(10_100, 9, back + 100), Time(back + 100)).unwrap();
    assert_eq!(next.grace_until, Some(until));
    assert_eq!(GUARD.status(&next, Time(until.0 - 1)), MarkStatus::Grace { until });
    assert_eq!(GUARD.status(&next, until), MarkStatus::Fresh);
    assert_eq!(GUARD.status(&next, Time(until.0 + 1)), MarkStatus::Fresh);
    // The first tick after it forgets it.
    let later = GUARD.judge(&next, &tick(10_100, 10, until.0), until).unwrap();
    assert_eq!(later.grace_until, None);
}

#[test]
fn a_mark_exactly_as_old_as_allowed_is_not_stale() {
    let state = seen(NOW.0);
    assert_eq!(GUARD.status(&state, Time(NOW.0 + 999)), MarkStatus::Fresh);
    assert_eq!(GUARD.status(&state, Time(NOW.0 + 1_000)), MarkStatus::Fresh);
    let stale = MarkStatus::Stale { age_nanos: 1_001 };
    assert_eq!(GUARD.status(&state, Time(NOW.0 + 1_001)), stale);
    // Staleness outranks grace: a mark nobody refreshed is not protected by its own return.
    let graced = GuardState { grace_until: Some(Time(NOW.0 + 9_999)), ..state };
    assert_eq!(GUARD.status(&graced, Time(NOW.0 + 1_001)), stale);
}

#[test]
fn a_guard_that_cannot_work_is_named_by_parameter_value_and_remedy() {
    let says = |guard: Guard| guard.validate().unwrap_err().to_string();
    assert_eq!(says(Guard { decimals: 39, ..GUARD }), "guard.decimals is 39; expected 0 to 38");
    assert_eq!(
        says(Guard { age_max_nanos: 0, ..GUARD }),
        "guard.age_max_nanos is 0; expected more than 0: every mark would be stale at once"
    );
    assert_eq!(
        says(Guard { ahead_max_nanos: 1_001, ..GUARD }),
        "guard.ahead_max_nanos is 1001; expected at most age_max_nanos"
    );
    assert_eq!(
        says(Guard { band_bps: 0, ..GUARD }),
        "guard.band_bps is 0; expected more than 0: no price could ever move"
    );
    assert_eq!(Guard { ahead_max_nanos: 1_000, decimals: 38, ..GUARD }.validate(), Ok(()));
}

#[test]
fn guard_state_tick_and_refusal_survive_a_round_trip() {
    let state = GuardState { grace_until: Some(Time(9)), ..seen(NOW.0) };
    let text = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<GuardState>(&text).unwrap(), state);
    let text = serde_json::to_string(&sides(1, 2)).unwrap();
    assert_eq!(serde_json::from_str::<Tick>(&text).unwrap(), sides(1, 2));
    let text = serde_json::to_string(&Refusal::NotPositive).unwrap();
    assert_eq!(serde_json::from_str::<Refusal>(&text).unwrap(), Refusal::NotPositive);
    let unknown = serde_json::to_string(&GUARD).unwrap().replace("band_bps", "band");
    assert!(serde_json::from_str::<Guard>(&unknown).is_err());
}

fn any_tick() -> impl Strategy<Value = Tick> {
    let raw = prop_oneof![any::<u128>(), 9_000u128..11_000, Just(0)];
    let quote = prop_oneof![
        raw.clone().prop_map(Quote::Single),
        (raw.clone(), raw).prop_map(|(bid, ask)| Quote::TwoSided { bid, ask }),
    ];
    let at = prop_oneof![any::<u64>(), 998_000u64..1_002_000];
    (quote, 0u8..4, 0u64..12, at).prop_map(|(quote, decimals, sequence, at)| Tick {
        market: MarketId(0),
        quote,
        decimals,
        sequence,
        observed_at: Time(at),
    })
}

proptest! {
    #[test]
    fn whatever_is_accepted_keeps_every_bound(
        ticks in prop::collection::vec((any_tick(), 0u64..800), 1..40)
    ) {
        let mut state = GuardState::default();
        let mut now = NOW.0 - 2_000;
        for (tick, step) in ticks {
            now += step;
            let Ok(next) = GUARD.judge(&state, &tick, Time(now)) else { continue };
            let mark = mark_of(&next);
            prop_assert!(mark.price.raw > 0 && mark.price.decimals == GUARD.decimals);
            prop_assert!(mark.observed_at.0 <= now + GUARD.ahead_max_nanos);
            prop_assert!(mark.observed_at.0 + GUARD.age_max_nanos >= now);
            prop_assert_eq!(mark.accepted_at, Time(now));
            if let Some(last) = state.mark {
                prop_assert!(mark.sequence > last.sequence);
                prop_assert!(mark.observed_at >= last.observed_at);
                let outage = Time(now).since(last.observed_at) > GUARD.age_max_nanos;
                let moved = mark.price.raw.abs_diff(last.price.raw);
                prop_assert!(outage || moved <= last.price.raw / 4);
                prop_assert!(!outage || next.grace_until == Some(Time(now + 500)));
            }
            state = next;
        }
    }
}
