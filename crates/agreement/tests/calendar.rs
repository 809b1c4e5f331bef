//! Dates, business days, cycles, schedules and day counts.

use breakwater_agreement::calendar::{
    BusinessDay, Calendar, Cycle, Date, DayCount, EndOfMonth, Moment, Period, SCHEDULE_DATES_MAX,
    schedule,
};
use proptest::prelude::*;

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn at(text: &str) -> Moment {
    text.parse().unwrap()
}

fn cycle(text: &str) -> Option<Cycle> {
    Some(text.parse().unwrap())
}

fn dates(anchor: &str, every: &str, end: &str, convention: EndOfMonth) -> Vec<String> {
    let moments = schedule(at(anchor), cycle(every), at(end), convention, true).unwrap();
    moments.iter().map(|moment| moment.date().to_string()).collect()
}

#[test]
fn the_first_and_last_days_and_the_epoch_are_where_the_calendar_has_them() {
    assert_eq!(date("1970-01-01").number(), 0);
    assert_eq!(date("0001-01-01"), Date::MIN);
    assert_eq!(date("9999-12-31"), Date::MAX);
    assert_eq!(Date::MAX.plus_days(1), None);
    assert_eq!(Date::MIN.plus_months(-1), None);
    assert_eq!(date("1970-01-01").weekday(), 4);
    assert_eq!(date("2015-09-20").weekday(), 7);
}

#[test]
fn days_that_do_not_exist_are_refused_by_name() {
    for wrong in ["2013-02-29", "2013-13-01", "2013-00-10", "0000-01-01", "2013-4-01", "20130401"] {
        let error = wrong.parse::<Date>().unwrap_err().to_string();
        assert!(error.contains(wrong), "{error}");
    }
    for wrong in ["2013-01-01T25:00", "2013-01-01T10", "2013-01-01T10:60:00", "2013-01-01T24:01"] {
        assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
    }
}

#[test]
fn the_last_second_of_a_day_counts_as_the_next_day_and_keeps_its_text() {
    let late = at(" 2013-12-31T23:59:59 ");
    assert_eq!(late.to_string(), "2013-12-31T23:59:59");
    assert_eq!(late.counted(), date("2014-01-01"));
    assert_eq!(at("2013-12-31T24:00:00"), at("2014-01-01"));
    let years = DayCount::Actual365.years(at("2013-11-01"), late, None);
    assert!((years - 61.0 / 365.0).abs() < 1e-15);
}

#[test]
fn cycles_count_from_their_anchor_and_not_from_the_last_date() {
    let found = dates("2013-01-30", "P1ML1", "2013-04-30", EndOfMonth::SameDay);
    assert_eq!(found, ["2013-01-30", "2013-02-28", "2013-03-30", "2013-04-30"]);
    let ends = dates("2013-02-28", "P1ML1", "2013-05-31", EndOfMonth::EndOfMonth);
    assert_eq!(ends, ["2013-02-28", "2013-03-31", "2013-04-30", "2013-05-31"]);
    let weeks = dates("2013-01-31", "P2WL1", "2013-03-01", EndOfMonth::EndOfMonth);
    assert_eq!(weeks, ["2013-01-31", "2013-02-14", "2013-02-28", "2013-03-01"]);
}

#[test]
fn a_long_stub_drops_the_last_regular_date_and_a_short_one_keeps_it() {
    let long = dates("2013-01-01", "P3ML0", "2013-11-15", EndOfMonth::SameDay);
    assert_eq!(long, ["2013-01-01", "2013-04-01", "2013-07-01", "2013-11-15"]);
    let short = dates("2013-01-01", "P3ML1", "2013-11-15", EndOfMonth::SameDay);
    assert_eq!(short, ["2013-01-01", "2013-04-01", "2013-07-01", "2013-10-01", "2013-11-15"]);
    let fits = dates("2013-01-01", "P3ML0", "2013-10-01", EndOfMonth::SameDay);
    assert_eq!(fits.len(), 4);
}

#[test]
fn a_schedule_that_is_too_long_is_refused_and_not_run() {
    let error =
        schedule(at("0001-01-01"), cycle("P1ML1"), at("9999-12-31"), EndOfMonth::SameDay, true)
            .unwrap_err();
    assert!(error.to_string().contains(&SCHEDULE_DATES_MAX.to_string()), "{error}");
}

#[test]
fn cycles_and_periods_that_make_no_sense_are_refused_by_name() {
    for wrong in ["P0ML1", "3M", "P3", "PM", "P3ML2", "P-3M", "P3X", "P200000D", ""] {
        let error = wrong.parse::<Cycle>().unwrap_err().to_string();
        assert!(error.contains(&format!("`{wrong}`")), "{error}");
    }
    assert_eq!("P5DL0".parse::<Period>().unwrap().to_string(), "P5D");
    assert_eq!("P1QL0".parse::<Cycle>().unwrap().period.months(), Some(3));
}

#[test]
fn business_days_move_as_their_convention_says() {
    let calendar = Calendar::monday_to_friday();
    // 2013-03-31 is a Sunday and a month end; 2013-06-01 a Saturday and a month start.
    let cases = [
        (BusinessDay::Nos, "2013-03-31", "2013-03-31"),
        (BusinessDay::Scf, "2013-03-31", "2013-04-01"),
        (BusinessDay::Csf, "2013-03-31", "2013-04-01"),
        (BusinessDay::Scmf, "2013-03-31", "2013-03-29"),
        (BusinessDay::Csmf, "2013-03-31", "2013-03-29"),
        (BusinessDay::Scp, "2013-06-01", "2013-05-31"),
        (BusinessDay::Csp, "2013-06-01", "2013-05-31"),
        (BusinessDay::Scmp, "2013-06-01", "2013-06-03"),
        (BusinessDay::Csmp, "2013-06-01", "2013-06-03"),
    ];
    for (convention, from, to) in cases {
        assert_eq!(convention.shift(&calendar, date(from)).unwrap(), date(to), "{convention:?}");
        let counted = convention.calculation_moment(&calendar, at(from)).unwrap();
        let expected = if convention.calculates_first() { from } else { to };
        assert_eq!(counted.date(), date(expected), "{convention:?}");
    }
}

#[test]
fn holidays_count_and_a_calendar_without_business_days_is_refused() {
    let christmas = ["2013-12-25", "2013-12-26"].map(date).to_vec();
    let calendar = Calendar::monday_to_friday().with_holidays(christmas);
    assert_eq!(calendar.following(date("2013-12-25")).unwrap(), date("2013-12-27"));
    assert_eq!(calendar.plus_business_days(date("2013-12-24"), 2).unwrap(), date("2013-12-30"));
    assert_eq!(calendar.plus_business_days(date("2013-12-27"), -1).unwrap(), date("2013-12-24"));
    let days = (0..1_000).map(|n| date("2013-01-01").plus_days(n).unwrap()).collect();
    let idle = Calendar::every_day().with_holidays(days);
    assert!(idle.following(date("2013-01-05")).is_err());
}

#[test]
fn day_counts_give_the_fractions_of_their_definitions() {
    let years = |count: DayCount, from: &str, to: &str, end: Option<&str>| {
        count.years(at(from), at(to), end.map(at))
    };
    let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-15, "{found}");
    // ISDA 2006 4.16(b): the days of a leap year count 1/366.
    close(
        years(DayCount::ActualActual, "2012-12-30", "2013-01-09", None),
        2.0 / 366.0 + 8.0 / 365.0,
    );
    close(years(DayCount::ActualActual, "2011-07-01", "2013-07-01", None), {
        184.0 / 365.0 + 1.0 + 181.0 / 365.0
    });
    close(years(DayCount::Actual360, "2013-01-01", "2013-03-01", None), 59.0 / 360.0);
    close(years(DayCount::ThirtyE360, "2013-01-31", "2013-03-31", None), 60.0 / 360.0);
    close(years(DayCount::ThirtyE360, "2013-02-28", "2013-03-31", None), 32.0 / 360.0);
    close(years(DayCount::ThirtyE360Isda, "2013-02-28", "2013-03-31", None), 30.0 / 360.0);
    // The end of February is not the 30th where it is the maturity.
    let matures = Some("2014-02-28");
    close(years(DayCount::ThirtyE360Isda, "2014-01-31", "2014-02-28", matures), 28.0 / 360.0);
    close(years(DayCount::ThirtyE360Isda, "2014-01-31", "2014-02-28", None), 30.0 / 360.0);
    close(years(DayCount::TwentyEightE336, "2013-01-31", "2013-03-31", None), 56.0 / 336.0);
}

proptest! {
    #[test]
    fn every_day_number_is_the_day_that_it_says(number in -719_162_i64..=2_932_896) {
        let day = Date::from_number(number).unwrap();
        let (year, month, of_month) = day.civil();
        prop_assert_eq!(Date::new(year, month, of_month).unwrap(), day);
        prop_assert_eq!(day.to_string().parse::<Date>().unwrap(), day);
        prop_assert_eq!(day.month_end().is_month_end(), true);
    }

    #[test]
    fn schedules_rise_and_shifting_a_shifted_day_changes_nothing(
        start in 0_i64..20_000,
        length in 1_i64..4_000,
        count in 1_u32..40,
        unit in 0_usize..4,
        long in any::<bool>(),
    ) {
        let start = Moment::start_of(Date::from_number(start).unwrap());
        let end = start.on(start.date().plus_days(length).unwrap());
        let unit = ["D", "W", "M", "Y"][unit];
        let text = format!("P{count}{unit}L{}", if long { 0 } else { 1 });
        let moments = schedule(start, cycle(&text), end, EndOfMonth::EndOfMonth, true).unwrap();
        prop_assert!(moments.is_sorted_by(|a, b| a < b), "{:?}", moments);
        prop_assert_eq!(moments.first(), Some(&start));
        prop_assert_eq!(moments.last(), Some(&end));
        let calendar = Calendar::monday_to_friday();
        for convention in [BusinessDay::Scf, BusinessDay::Scmf, BusinessDay::Scp, BusinessDay::Scmp] {
            for moment in &moments {
                let once = convention.shift_moment(&calendar, *moment).unwrap();
                prop_assert_eq!(convention.shift_moment(&calendar, once).unwrap(), once);
                prop_assert!(calendar.is_business_day(once.date()));
            }
        }
    }

    #[test]
    fn years_add_up_over_any_day_between(from in 0_i64..30_000, first in 0_i64..900, second in 0_i64..900) {
        let day = |number| Date::from_number(number).unwrap();
        let (from, between, to) = (day(from), day(from + first), day(from + first + second));
        for count in [DayCount::ActualActual, DayCount::Actual360, DayCount::Actual365] {
            let whole = count.years_between(from, to, None);
            let parts =
                count.years_between(from, between, None) + count.years_between(between, to, None);
            prop_assert!((whole - parts).abs() < 1e-12, "{:?}: {} {}", count, whole, parts);
            prop_assert_eq!(count.years_between(to, from, None), -whole);
        }
    }
}
