//! What a board and its series refuse, and what stays as it was.

use super::*;
use crate::Error;

const ROLL: &str = "roll = { before = \"1h\" }";
const FUNDING: &str =
    "funding = { every = \"1s\", at = \"00:00:00\", sample = \"1s\", band = \"0\", cap = \"1\" }";

fn refused(series: Vec<Series>) -> String {
    Board::new(series, clock("1 00:00:00"), cents(1)).unwrap_err().to_string()
}

#[test]
fn series_that_contradict_themselves_are_refused() {
    let settlement = "settlement = { window = \"1m\", sample = \"1s\" }";
    let late = "2 08:00:00";
    let option_forever = |toml: &str| Series { expires: None, ..option("S", late, toml) };
    let american = "exercise = \"american\"";
    for (series, first, second) in [
        (future("S", late, FUNDING), "S funding", "S expires"),
        (option_forever(&format!("{FUNDING}\n{american}")), "S funding", "S option"),
        (perpetual("S", settlement), "S settlement", "S without expiry"),
        (perpetual("S", ROLL), "S roll", "S without expiry"),
        (future("S", late, ROLL), "S roll", "S without `into`"),
        (future("S", late, american), "S exercise", "S that is no option"),
        (
            option("S", late, "exercise = \"american-at-session\""),
            "S exercise",
            "S without session",
        ),
        (option_forever(""), "S exercise", "S without expiry"),
    ] {
        let start = format!("`{first}` and `{second}` contradict each other: ");
        let said = refused(vec![series.clone()]);
        assert!(said.starts_with(&start), "{said}");
        let said = planned(&series, Time(0), Time(0)).unwrap_err().to_string();
        assert!(said.starts_with(&start), "{said}");
    }
    // An option without an end is possible where it is exercised early.
    assert!(Board::new(vec![option_forever(american)], Time(0), cents(1)).is_ok());
}

#[test]
fn series_that_contradict_each_other_are_refused() {
    let near = |into| Series { into: Some(into), ..future("N", "2 08:00:00", ROLL) };
    let far = |at: &str| future("F", at, "");
    assert_eq!(
        refused(vec![near(0), far("3 08:00:00")]),
        "`N into` is `0`, which is not the place of another series, 0 to 1"
    );
    assert_eq!(
        refused(vec![near(2), far("3 08:00:00")]),
        "`N into` is `2`, which is not the place of another series, 0 to 1"
    );
    assert_eq!(
        refused(vec![near(1), far("2 07:59:59")]),
        "`N expires` and `F expires` contradict each other: positions roll into what expires no \
         earlier"
    );
    let backwards = Series { into: Some(1), ..perpetual("P", "") };
    assert!(refused(vec![backwards, far("3 08:00:00")]).starts_with("`P expires` and `F expires`"));
    assert!(
        refused(vec![near(1), option("F", "3 08:00:00", "")]).contains("options roll into options")
    );
    assert_eq!(
        refused(vec![far("3 08:00:00"), far("4 08:00:00")]),
        "`symbol` is `F`, which is not a name that no other series has"
    );
    let opened = clock("1 00:00:00").0;
    assert_eq!(
        refused(vec![far("1 00:00:00")]),
        format!(
            "`F expires` is `{opened}`, which is not later than {opened}, when the board opens"
        )
    );
    let many = |count: usize| (0..count).map(|n| perpetual(&n.to_string(), "")).collect();
    assert!(Board::new(many(SERIES_MAX), Time(0), cents(1)).is_ok());
    assert_eq!(
        refused(many(SERIES_MAX + 1)),
        "the series of a board would be more than 4096: one board holds one underlying index"
    );
    assert!(Board::new(vec![near(1), far("2 08:00:00")], Time(0), cents(1)).is_ok());
    assert!(Board::new(vec![near(1), perpetual("P", "")], Time(0), cents(1)).is_ok());
}

#[test]
fn a_step_that_is_refused_changes_nothing() {
    let mut board = board(vec![perpetual("P", FUNDING)], "1 00:00:00");
    board.at("1 00:00:01", mark(0, Price::new(1_001, 1)));
    let before = board.clone();
    let most = Price::new(PRICE_RAW_MAX, 2);
    let beyond = Price::new(PRICE_RAW_MAX + 1, 2);
    let exercised = Input::Ask(exercise(1, 1, 1));
    for (at, input, expected) in [
        ("1 00:00:00", Input::Time, "`now` is `86400000000000`, which is not 86401000000000 or la"),
        ("1 00:00:09", Input::Index(cents(0)), "`index` is `0`, which is not above zero and at mo"),
        ("1 00:00:09", Input::Index(beyond), "`index` is `1000000000000000000000000000000.01`, wh"),
        ("1 00:00:09", Input::Index(Price::new(1, 3)), "`index` is `a price of 3`, which is not a"),
        ("1 00:00:09", mark(0, Price::new(0, 1)), "`mark` is `0`, which is not above zero and at"),
        ("1 00:00:09", mark(0, cents(1)), "`mark` is `a price of 2`, which is not a price of 1 de"),
        ("1 00:00:09", mark(0, Price::new(1, 28)), "`mark` is `Price { raw: 1, decimals: 28 }`, w"),
        ("1 00:00:09", mark(1, cents(1)), "`series` is `1`, which is not the place of one of 1 se"),
        ("1 00:00:09", exercised, "`series` is `1`, which is not the place of one of 1 series"),
        ("9 00:00:00", Input::Time, "the events due up to 777600000000000 would be more than 131"),
    ] {
        let said = board.step(clock(at), input).unwrap_err().to_string();
        assert!(said.starts_with(expected), "{said}");
        assert_eq!(board, before);
    }
    assert_eq!(board.at("1 00:00:01", Input::Index(most)), []);
    assert!(Board::new(Vec::new(), Time(0), cents(0)).is_err());
    assert!(Board::new(Vec::new(), Time(0), Price::new(1, 28)).is_err());
    assert!(Board::new(Vec::new(), Time(0), Price::new(1, 27)).is_ok());
}

#[test]
fn as_many_events_as_one_step_takes_are_taken() {
    let waits = "exercise = \"american-at-session\"\n\
                 session = { every = \"1d\", at = \"00:00:20\" }";
    let series = vec![
        perpetual("P", FUNDING),
        Series { into: Some(0), ..future("N", "00:01:00", "roll = { before = \"30s\" }") },
        option("O", "9 00:00:00", waits),
        option("W", "9 00:00:00", &waits.replace("1d", "7d")),
    ];
    let mut board = board(series, "00:00:20");
    for holder in 0..3 {
        board.at("00:00:20", Input::Ask(rolling(1, holder, true)));
        board.at("00:00:20", Input::Ask(exercise(2, holder, 1)));
    }
    // Who waits for a later session, here of the seventh day, is not due.
    board.at("00:00:20", Input::Ask(exercise(3, 1, 1)));
    // Three rolls and exercises each, a session, a delivery, and a payment each second.
    let most = Time::from_seconds(20 + EVENTS_MAX as u64 - 8);
    let before = board.clone();
    let too_many = board.step(most.after(SECOND), Input::Time);
    assert!(matches!(too_many, Err(Error::TooMany { limit: EVENTS_MAX, .. })), "{too_many:?}");
    assert_eq!(board, before);
    // The last of them is due at the moment itself, which another input leaves open.
    assert_eq!(board.step(most.after(SECOND), Input::Index(cents(1))).unwrap().len(), EVENTS_MAX);
    assert_eq!(board.step(most.after(SECOND), Input::Time).unwrap().len(), 1);
}

/// Asks for exercise until the board is full.
fn fill(board: &mut Board, at: &str, series: usize) {
    for holder in 0..u32::try_from(WAITING_MAX).unwrap() {
        assert_eq!(board.at(at, Input::Ask(exercise(series, holder, 1))), []);
    }
    assert_eq!(board.refusal(at, exercise(series, 0, 1)), Refusal::TooManyWaiting);
}

#[test]
fn no_more_requests_wait_than_there_is_room_for() {
    let waits = "exercise = \"american-at-session\"\n\
                 session = { every = \"1d\", at = \"08:00:00\" }";
    let near = option("N", "3 09:00:00", &format!("{waits}\n{ROLL}"));
    let near = Series { into: Some(1), ..near };
    let far = option("F", "4 09:00:00", waits);
    let mut board = board(vec![near, far], "2 09:00:00");
    // By half with rolls and by half with exercise, due at one moment.
    let half = u32::try_from(WAITING_MAX / 2).unwrap();
    for holder in 0..half {
        assert_eq!(board.at("2 09:00:00", Input::Ask(rolling(0, holder, true))), []);
        assert_eq!(board.at("2 09:00:00", Input::Ask(exercise(0, holder, 1))), []);
    }
    for request in [rolling(0, half, true), exercise(0, half, 1), exercise(1, half, 1)] {
        assert_eq!(board.refusal("2 09:00:00", request), Refusal::TooManyWaiting);
    }
    // Who stands already loses nothing by asking again, and who leaves makes room.
    assert_eq!(board.at("2 09:00:00", Input::Ask(rolling(0, 0, true))), []);
    assert_eq!(board.at("2 09:00:00", Input::Ask(rolling(0, 0, false))), []);
    assert_eq!(board.at("2 09:00:00", Input::Ask(rolling(0, half, true))), []);
    // What was carried out, or covered by delivery, makes room as well.
    assert_eq!(board.at("3 08:00:00", Input::Time).len(), WAITING_MAX + 2);
    fill(&mut board, "3 08:00:00", 0);
    assert_eq!(board.at("3 09:00:00", Input::Time).len(), 1);
    assert!(board.ended(0));
    fill(&mut board, "3 09:00:00", 1);
    assert_eq!(board.at("4 08:00:00", Input::Time).len(), WAITING_MAX + 1);
}

#[test]
fn a_calendar_has_an_end() {
    let each_second = perpetual("P", FUNDING);
    let most = Time::from_seconds(PLANNED_MAX as u64);
    assert_eq!(planned(&each_second, Time(0), most).unwrap().len(), PLANNED_MAX);
    let more = planned(&each_second, Time(0), most.after(SECOND)).unwrap_err();
    assert_eq!(
        more.to_string(),
        "the planned events of P would be more than 10000: ask for a shorter time"
    );
    assert_eq!(planned(&each_second, most, Time(0)), Ok(Vec::new()));
    // What is over has no more.
    let sessions = "session = { every = \"1s\", at = \"00:00:00\" }";
    let short = planned(&future("F", "00:00:10", sessions), Time(0), Time::MAX).unwrap();
    assert_eq!(short.len(), 11);
    // The last second of time is still told.
    let last = planned(&each_second, Time(u64::MAX - SECOND), Time::MAX).unwrap();
    assert_eq!(last.len(), 1);
}

#[test]
fn a_calendar_names_what_will_come_in_order() {
    let all = "session = { every = \"1d\", at = \"08:00:00\" }\n\
               settlement = { window = \"1h\", sample = \"1s\" }\nroll = { before = \"1d\" }";
    let series = Series { into: Some(1), ..future("F", "3 08:00:00", all) };
    let planned = planned(&series, clock("1 08:00:00"), clock("9 00:00:00")).unwrap();
    let named: Vec<_> = planned.iter().map(|it| (it.at, it.kind.name())).collect();
    assert_eq!(
        named,
        [
            (clock("2 08:00:00"), "session"),
            (clock("2 08:00:00"), "roll"),
            (clock("3 07:00:00"), "fixing"),
            (clock("3 08:00:00"), "session"),
            (clock("3 08:00:00"), "delivery"),
        ]
    );
}

#[test]
fn time_may_end() {
    let mut board = board(vec![future("F", "08:00:00", "")], "00:00:00");
    board.step(Time::MAX, Input::Index(cents(2))).unwrap();
    board.step(Time::MAX, Input::Time).unwrap();
    assert!(board.ended(0));
    assert_eq!(board.next_due(), None);
}
