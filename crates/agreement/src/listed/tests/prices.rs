//! Settlement prices and funding, number by number.

use super::*;

const HALF_HOUR: &str = "settlement = { window = \"30m\", sample = \"6s\" }";

fn delivered(told: &[What]) -> (u128, u32, u32) {
    match told.last() {
        Some(What::Delivered { price, samples, missing }) => (price.raw, *samples, *missing),
        other => panic!("{other:?}"),
    }
}

fn funded(told: &[What]) -> (i64, i64, u32) {
    match told.last() {
        Some(What::Funded { premium_e12, rate_e12, samples }) => {
            (*premium_e12, *rate_e12, *samples)
        }
        other => panic!("{other:?}"),
    }
}

/// Half an hour before 08:00 UTC each 6 seconds, as one venue of options settles.
#[test]
fn half_an_hour_each_six_seconds_is_300_samples() {
    let mut board = board(vec![future("F", "2 08:00:00", HALF_HOUR)], "00:00:00");
    assert_eq!(board.next_due(), Some(clock("2 07:30:00")));
    // From 07:45:00 on, the sample of that moment included: 151 samples.
    board.at("2 07:45:00", Input::Index(cents(20_000)));
    let told = board.at("2 08:00:00", Input::Time);
    let mean = (149 * 10_000 + 151 * 20_000 + 150) / 300;
    assert_eq!(delivered(&told), (mean, 300, 0));
}

/// The last hour each second, as futures are settled elsewhere.
#[test]
fn an_hour_each_second_is_3600_samples() {
    let hour = "settlement = { window = \"1h\", sample = \"1s\" }";
    let mut board = board(vec![future("F", "08:00:00", hour)], "00:00:00");
    assert_eq!(delivered(&board.at("08:00:00", Input::Time)), (10_000, 3_600, 0));
}

/// Premiums each 5 seconds of 8 hours are 5,760, as Binance tells of its average.
#[test]
fn eight_hours_each_five_seconds_are_5760_premiums() {
    let funding = "funding = { every = \"8h\", at = \"00:00:00\", sample = \"5s\", \
                   weights = \"rising\", band = \"0\", cap = \"1\" }";
    let mut board = board(vec![perpetual("P", funding)], "00:00:00");
    board.at("00:00:00", mark(0, cents(10_100)));
    let (_, _, samples) = funded(&board.at("08:00:00", Input::Time));
    assert_eq!(samples, 5_760);
    // Without premium for the first half of the next period: 1 - (n/2)(n/2 + 1) / (n (n + 1)).
    board.at("08:00:00", mark(0, cents(10_000)));
    board.at("12:00:01", mark(0, cents(10_100)));
    let (premium, rate, _) = funded(&board.at("16:00:00", Input::Time));
    let all: i64 = 5_760 * 5_761 / 2;
    let late = all - 2_880 * 2_881 / 2;
    assert_eq!((premium, rate), (10_000_000_000 * late / all, premium));
}

#[test]
fn a_price_is_a_sample_up_to_its_largest_age_and_not_a_nanosecond_longer() {
    let rule = "settlement = { window = \"1m\", sample = \"10s\", age_max = \"20s\" }";
    let expiring = || future("F", "08:00:00", rule);
    // A nanosecond before a sample, at it and after it: 20 seconds later the first is too old to be
    // another, and the last was no sample of its own.
    let exact = clock("07:59:20").0;
    for (at, samples) in [(exact - 1, 2), (exact, 3), (exact + 1, 2)] {
        let mut board = board(vec![expiring()], "00:00:00");
        board.step(Time(at), Input::Index(cents(9_000))).unwrap();
        let told = board.at("08:00:00", Input::Time);
        assert_eq!(delivered(&told), (9_000, samples, 6 - samples), "{at}");
    }
    // A repeated price is fresh again.
    let mut board = board(vec![expiring()], "00:00:00");
    for at in ["07:59:05", "07:59:25", "07:59:45"] {
        board.at(at, Input::Index(cents(9_000)));
    }
    assert_eq!(delivered(&board.at("08:00:00", Input::Time)), (9_000, 6, 0));
}

#[test]
fn the_mean_decides_if_just_enough_samples_are_there() {
    // Of four samples two are there, 10.00 and 30.00; the last price is 90.00 and no sample.
    for (present_min, expected) in [("0.5", 2_000), ("0.500000000001", 9_000), ("1", 9_000)] {
        let rule = format!(
            "settlement = {{ window = \"40s\", sample = \"10s\", age_max = \"1s\", \
             present_min = \"{present_min}\" }}"
        );
        let mut board = board(vec![future("F", "08:00:00", &rule)], "00:00:00");
        board.at("07:59:30", Input::Index(cents(1_000)));
        board.at("07:59:40", Input::Index(cents(3_000)));
        board.at("07:59:58", Input::Index(cents(9_000)));
        let told = board.at("08:00:00", Input::Time);
        assert_eq!(delivered(&told), (expected, 2, 2), "{present_min}");
    }
}

#[test]
fn without_any_sample_the_last_index_decides() {
    let rule = "settlement = { window = \"1m\", sample = \"10s\", age_max = \"1s\" }";
    let mut board = board(vec![future("F", "08:00:00", rule)], "00:00:00");
    board.at("04:00:00", Input::Index(cents(7_700)));
    assert_eq!(delivered(&board.at("08:00:00", Input::Time)), (7_700, 0, 6));
}

#[test]
fn without_a_rule_the_last_index_decides_and_one_at_expiry_is_the_last() {
    let series = vec![future("F", "08:00:00", ""), option("O", "08:00:00", "")];
    let mut board = board(series, "00:00:00");
    assert_eq!(board.at("08:00:00", Input::Index(cents(12_345))), []);
    let told = board.at("08:00:00", Input::Time);
    assert_eq!(delivered(&told[..1]), (12_345, 1, 0));
    assert_eq!(delivered(&told), (12_345, 1, 0));
    assert_eq!(board.fixing(0), None);
}

#[test]
fn what_arrives_after_a_moment_is_over_does_not_change_its_sample() {
    let rule = "settlement = { window = \"2s\", sample = \"1s\" }";
    let mut board = board(vec![future("F", "08:00:00", rule)], "00:00:00");
    board.at("07:59:59", Input::Index(cents(20_000)));
    board.at("07:59:59", Input::Index(cents(30_000)));
    board.at("07:59:59", Input::Time);
    board.at("07:59:59", Input::Index(cents(50_000)));
    // 300 at 07:59:59, the last before it was over; 500 at 08:00:00.
    assert_eq!(delivered(&board.at("08:00:00", Input::Time)), (40_000, 2, 0));
}

#[test]
fn the_share_of_the_settlement_price_that_is_fixed_grows_sample_by_sample() {
    let series = vec![future("F", "08:00:00", HALF_HOUR), perpetual("P", "")];
    let mut board = board(series, "00:00:00");
    board.at("07:29:59", Input::Time);
    assert_eq!(board.fixing(0), None);
    assert_eq!(board.at("07:30:00", Input::Time), [What::FixingBegan]);
    let fixing = |taken, so_far: Option<u128>| {
        Some(Fixing { taken, planned: 300, missing: 0, so_far: so_far.map(cents) })
    };
    assert_eq!(board.fixing(0), fixing(0, None));
    // The moment of the first sample is not over yet.
    board.at("07:30:06", Input::Index(cents(10_001)));
    assert_eq!(board.fixing(0), fixing(0, None));
    board.at("07:30:06", Input::Time);
    assert_eq!(board.fixing(0), fixing(1, Some(10_001)));
    board.at("07:30:07", Input::Index(cents(10_000)));
    board.at("07:30:12", Input::Time);
    assert_eq!(board.fixing(0), fixing(2, Some(10_001)));
    board.at("07:59:59", Input::Time);
    assert_eq!(board.fixing(0), fixing(299, Some(10_000)));
    board.at("08:00:00", Input::Time);
    assert_eq!((board.fixing(0), board.ended(0)), (None, true));
    assert_eq!((board.fixing(1), board.ended(1)), (None, false));
    assert_eq!((board.fixing(2), board.ended(2)), (None, false));
}

#[test]
fn a_board_that_opens_within_the_window_misses_what_was_before() {
    let mut board = board(vec![future("F", "08:00:00", HALF_HOUR)], "07:59:00");
    // 290 samples lie before 07:59:00, whose own is there.
    let missing = Fixing { taken: 0, planned: 300, missing: 289, so_far: None };
    assert_eq!(board.fixing(0), Some(missing));
    let told = board.at("08:00:00", Input::Time);
    assert_eq!((told.len(), delivered(&told)), (1, (10_000, 11, 289)));
}

#[test]
fn a_window_may_begin_before_1970() {
    let series = future("F", "00:00:01", "settlement = { window = \"3s\", sample = \"1s\" }");
    assert_eq!(
        planned(&series, Time(0), Time::MAX),
        Ok(vec![Planned { at: Time(SECOND), kind: PlannedKind::Delivery }])
    );
    let mut board = board(vec![series], "00:00:00");
    let fixing = board.fixing(0).unwrap();
    assert_eq!((fixing.taken, fixing.missing), (0, 1));
    assert_eq!(delivered(&board.at("00:00:01", Input::Time)), (10_000, 2, 1));
}

const FUNDING: &str = "funding = { every = \"8h\", at = \"00:00:00\", sample = \"1h\", \
                       interest = \"0.0001\", band = \"0.0005\", cap = \"0.0075\" }";

#[test]
fn funding_is_sampled_at_the_ends_of_its_steps_once_a_mark_is_known() {
    let mut board = board(vec![perpetual("P", FUNDING)], "00:00:00");
    assert_eq!(funded(&board.at("08:00:00", Input::Time)), (0, 0, 0));
    // 1 % above the index at 15:00 and 16:00.
    board.at("14:00:01", mark(0, cents(10_100)));
    let (premium, rate, samples) = funded(&board.at("16:00:00", Input::Time));
    assert_eq!((premium, rate, samples), (10_000_000_000, 7_500_000_000, 2));
    // A mark at the moment of payment acts before it: seven samples of 1 % and one of 0.2 %.
    board.at("2 00:00:00", mark(0, cents(10_020)));
    let told = board.at("2 00:00:00", Input::Time);
    assert_eq!(funded(&told), ((7 * 10_000_000_000 + 2_000_000_000) / 8, 7_500_000_000, 8));
    // An index that meets the mark leaves no premium: the rate is the interest.
    board.at("2 00:00:01", Input::Index(cents(10_020)));
    assert_eq!(funded(&board.at("2 08:00:00", Input::Time)), (0, 100_000_000, 8));
    // A third below, and a unit further down, as the floor has it.
    board.at("2 08:00:00", Input::Index(cents(30)));
    board.at("2 08:00:00", mark(0, cents(20)));
    let told = board.at("2 16:00:00", Input::Time);
    assert_eq!(funded(&told), (-333_333_333_334, -7_500_000_000, 8));
}

#[test]
fn a_year_asleep_costs_as_many_events_as_it_has_payments() {
    let fine = FUNDING.replace("\"1h\"", "\"1s\"");
    let mut board = board(vec![perpetual("P", &fine)], "00:00:00");
    board.at("00:00:00", mark(0, Price::new(1_003, 1)));
    let told = board.at("365 00:00:00", Input::Time);
    assert_eq!(told.len(), 365 * 3);
    assert!(told.iter().all(|what| *what == told[0]));
    assert_eq!(funded(&told), (3_000_000_000, 2_500_000_000, 28_800));
}
