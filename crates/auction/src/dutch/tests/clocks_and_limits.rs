use super::*;
use breakwater_money::MoneyError;
use proptest::prelude::*;

#[test]
fn a_clock_stands_still_from_the_second_it_is_stopped_to_the_second_it_starts() {
    let mut clock = Clock::running();
    assert_eq!(clock.seconds(1_000), Ok(1_000));
    clock.stop(1_000).unwrap();
    assert!(clock.is_stopped());
    assert_eq!((clock.seconds(1_000), clock.seconds(1_060)), (Ok(1_000), Ok(1_000)));
    // Stopping what stands still does not shorten the stop.
    clock.stop(1_050).unwrap();
    clock.start(1_060).unwrap();
    assert_eq!((clock.seconds(1_060), clock.seconds(1_061)), (Ok(1_000), Ok(1_001)));
    clock.start(1_070).unwrap();
    assert_eq!(clock.paused_seconds(1_100), Ok(60));
    clock.stop(1_100).unwrap();
    assert_eq!(clock.paused_seconds(1_105), Ok(65));
    clock.start(1_105).unwrap();
    assert_eq!(clock.seconds(1_105), Ok(1_040));
}

#[test]
fn a_clock_refuses_a_time_before_its_last_turn_and_stays_as_it_is() {
    let mut clock = Clock::running();
    clock.stop(100).unwrap();
    let before = clock;
    let back = Err(Refusal::TimeBack { now: 99, last: 100 });
    assert_eq!(clock.seconds(99), Err(Refusal::TimeBack { now: 99, last: 100 }));
    assert_eq!((clock.stop(99), clock.start(99)), (back, back));
    assert_eq!(clock, before);
    clock.start(u64::MAX).unwrap();
    assert_eq!(clock.seconds(u64::MAX), Ok(100));
    let said = clock.seconds(7).unwrap_err().to_string();
    assert_eq!(said, "second 7 lies before 18446744073709551615: time does not go back");
}

#[test]
fn room_is_the_smaller_of_both_and_its_edge_may_be_used() {
    let mut limits = Limits::new(rad_milli(100));
    assert_eq!(limits.add(&"a", raw(1)), Err(Refusal::UnknownMarket));
    limits.set_market("a", rad_milli(70));
    limits.set_market("b", rad_milli(70));
    assert_eq!(limits.room(&"a"), Ok(rad_milli(70)));
    let beyond = rad_milli(70) + raw(1);
    let no_room = Refusal::NoRoom { asked: beyond, room: rad_milli(70) };
    assert_eq!(limits.add(&"a", beyond), Err(no_room));
    limits.add(&"a", rad_milli(70)).unwrap();
    assert_eq!(limits.room(&"a"), Ok(U256::ZERO));
    // The other market is held by what is left of the whole.
    assert_eq!(limits.room(&"b"), Ok(rad_milli(30)));
    limits.add(&"b", rad_milli(30)).unwrap();
    assert_eq!(
        limits.add(&"b", raw(1)).unwrap_err().to_string(),
        "on sale + 1: there is room for 0"
    );
    // A lowered limit takes nothing off sale and leaves no room.
    limits.set_all(rad_milli(10));
    assert_eq!((limits.room(&"b"), limits.all().open), (Ok(U256::ZERO), rad_milli(100)));
    let before = limits.clone();
    assert_eq!(limits.remove(&"b", rad_milli(31)), Err(MoneyError::Underflow.into()));
    assert_eq!(limits.add_beyond(&"a", U256::MAX), Err(MoneyError::Overflow.into()));
    assert_eq!(limits, before);
    limits.remove(&"b", rad_milli(30)).unwrap();
    assert_eq!(limits.market(&"b").map(|limit| limit.open), Ok(U256::ZERO));
}

#[test]
fn each_level_of_the_breaker_stops_what_the_one_before_it_does_and_more() {
    let allowed = |level: u64| {
        let stop = Stop::level(U256::from(level));
        [Call::Start, Call::Reset, Call::Take].map(|call| stop.allow(call).is_ok())
    };
    assert_eq!(allowed(0), [true, true, true]);
    assert_eq!(allowed(1), [false, true, true]);
    assert_eq!(allowed(2), [false, false, true]);
    assert_eq!((allowed(3), allowed(4), allowed(256)), ([false; 3], [false; 3], [false; 3]));
    let said = Stop::Resets.allow(Call::Reset).unwrap_err().to_string();
    assert_eq!(said, "the breaker stands at Resets: a Reset is possible below it only");
}

proptest! {
    /// Against the sum of seconds during which it ran.
    #[test]
    fn auction_seconds_are_the_seconds_outside_stops(
        turns in prop::collection::vec((0u64..1_000, any::<bool>()), 0..40), rest in 0u64..1_000,
    ) {
        let (mut clock, mut now, mut ran, mut runs) = (Clock::running(), 0, 0, true);
        let mut last = 0;
        for (pause, start) in turns {
            now += pause;
            ran += if runs { pause } else { 0 };
            if start { clock.start(now).unwrap() } else { clock.stop(now).unwrap() }
            runs = start;
            let seconds = clock.seconds(now).unwrap();
            prop_assert!(seconds >= last);
            last = seconds;
            prop_assert_eq!(seconds, ran);
            prop_assert_eq!(seconds + clock.paused_seconds(now).unwrap(), now);
        }
        prop_assert_eq!(clock.seconds(now + rest).unwrap(), ran + if runs { rest } else { 0 });
    }

    #[test]
    fn limits_are_never_exceeded_and_a_refusal_changes_nothing(
        calls in prop::collection::vec((0u8..4, any::<bool>(), 0u128..60), 1..60),
    ) {
        let mut limits = Limits::new(raw(100));
        limits.set_market(0u8, raw(50));
        limits.set_market(1u8, raw(70));
        limits.set_market(2u8, raw(0));
        for (market, add, amount) in calls {
            let before = limits.clone();
            let done = match add {
                true => limits.add(&market, raw(amount)),
                false => limits.remove(&market, raw(amount)),
            };
            if done.is_err() {
                prop_assert_eq!(&limits, &before);
            }
            let open = |market| limits.market(&market).unwrap().open;
            prop_assert!(open(0) <= raw(50) && open(1) <= raw(70) && open(2).is_zero());
            prop_assert_eq!(open(0) + open(1) + open(2), limits.all().open);
            prop_assert!(limits.all().open <= raw(100));
        }
    }
}
