//! Series from the first session to delivery, and what their holders may ask.

use super::*;

const SESSION: &str = "session = { every = \"1d\", at = \"08:00:00\" }";
const AT_SESSION: &str = "exercise = \"american-at-session\"\n\
                          session = { every = \"1d\", at = \"08:00:00\" }";

fn names(told: &[Happened]) -> Vec<(usize, &'static str)> {
    told.iter().map(|happened| (happened.series, happened.what.name())).collect()
}

#[test]
fn what_falls_on_one_moment_has_an_order() {
    let funding = "funding = { every = \"8h\", at = \"08:00:00\", sample = \"1h\", band = \"0\", \
                   cap = \"1\" }";
    let averaged = "settlement = { window = \"30m\", sample = \"6s\" }";
    let roll = "roll = { before = \"1h\" }";
    let series = vec![
        future("A", "1 08:00:00", SESSION),
        option("B", "2 08:00:00", AT_SESSION),
        Series { into: Some(3), ..future("C", "1 09:00:00", roll) },
        perpetual("D", &format!("{SESSION}\n{funding}")),
        future("E", "1 08:30:00", averaged),
        option("F", "1 08:30:00", averaged),
    ];
    let mut board = board(series, "1 07:00:00");
    board.at("1 07:30:00", Input::Ask(exercise(1, 7, 3)));
    board.at("1 07:30:00", Input::Ask(rolling(2, 9, true)));
    let told = board.step(clock("1 08:00:00"), Input::Time).unwrap();
    assert!(told.iter().all(|happened| happened.at == clock("1 08:00:00")));
    assert_eq!(
        names(&told),
        [
            (1, "exercise"),
            (3, "funding"),
            (0, "session"),
            (1, "session"),
            (3, "session"),
            (2, "roll"),
            (4, "fixing"),
            (5, "fixing"),
            (0, "delivery"),
        ]
    );
}

#[test]
fn an_option_is_exercised_at_once_at_the_last_index() {
    let mut board = board(vec![option("O", "08:00:00", "exercise = \"american\"")], "00:00:00");
    board.at("01:00:00", Input::Index(cents(11_100)));
    let exercised =
        |price| vec![What::Exercised { holder: AccountId(4), quantity: 2, price: cents(price) }];
    assert_eq!(board.at("02:00:00", Input::Ask(exercise(0, 4, 2))), exercised(11_100));
    // At expiry, but before it is over.
    board.at("08:00:00", Input::Index(cents(12_200)));
    assert_eq!(board.at("08:00:00", Input::Ask(exercise(0, 4, 2))), exercised(12_200));
    assert_eq!(board.at("08:00:00", Input::Time).len(), 1);
    assert_eq!(board.refusal("08:00:00", exercise(0, 4, 2)), Refusal::Ended);
}

#[test]
fn exercise_that_waits_happens_in_order_of_arrival_at_the_end_of_the_session() {
    let mut board = board(vec![option("O", "3 12:00:00", AT_SESSION)], "1 00:00:00");
    for (at, holder) in [("1 01:00:00", 9), ("1 02:00:00", 4), ("1 08:00:00", 7)] {
        assert_eq!(board.at(at, Input::Ask(exercise(0, holder, 1))), []);
    }
    board.at("1 08:00:00", Input::Index(cents(10_800)));
    let told = board.at("1 08:00:00", Input::Time);
    let exercised =
        |holder| What::Exercised { holder: AccountId(holder), quantity: 1, price: cents(10_800) };
    assert_eq!(told, [exercised(9), exercised(4), exercised(7), What::SessionEnded]);
    // That session is over: this one waits for the next.
    assert_eq!(board.at("1 08:00:00", Input::Ask(exercise(0, 5, 1))), []);
    assert_eq!(board.at("2 08:00:00", Input::Time), [exercised(5), What::SessionEnded]);
}

#[test]
fn exercise_that_still_waits_at_expiry_is_covered_by_delivery() {
    let mut board = board(vec![option("O", "1 12:00:00", AT_SESSION)], "1 00:00:00");
    board.at("1 09:00:00", Input::Ask(exercise(0, 1, 1)));
    assert_eq!(board.next_due(), Some(clock("1 12:00:00")));
    let told = board.at("5 00:00:00", Input::Time);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].name(), board.next_due()), ("delivery", None));
}

#[test]
fn a_session_that_ends_at_expiry_still_serves_those_who_wait() {
    let mut board = board(vec![option("O", "1 08:00:00", AT_SESSION)], "1 00:00:00");
    board.at("1 07:00:00", Input::Ask(exercise(0, 1, 1)));
    let told = board.step(clock("9 00:00:00"), Input::Time).unwrap();
    assert_eq!(names(&told), [(0, "exercise"), (0, "session"), (0, "delivery")]);
}

#[test]
fn what_was_due_as_the_board_opened_is_past() {
    let roll = format!("{AT_SESSION}\nroll = {{ before = \"1d\" }}");
    let near = Series { into: Some(1), ..option("N", "2 08:00:00", &roll) };
    let mut board = board(vec![near, option("F", "3 08:00:00", "")], "1 08:00:00");
    assert_eq!(board.refusal("1 08:00:00", rolling(0, 1, true)), Refusal::RollPassed);
    assert_eq!(board.at("1 08:00:00", Input::Ask(exercise(0, 1, 1))), []);
    assert_eq!(board.at("1 08:00:00", Input::Time), []);
    assert_eq!(board.next_due(), Some(clock("2 08:00:00")));
    let told = board.step(clock("2 08:00:00"), Input::Time).unwrap();
    assert_eq!(names(&told), [(0, "exercise"), (0, "session"), (0, "delivery")]);
}

#[test]
fn standing_instructions_roll_once_in_the_order_of_accounts_at_the_last_marks() {
    let roll = "roll = { before = \"1d\" }";
    let near = Series { into: Some(1), ..future("N", "5 08:00:00", roll) };
    let mut board = board(vec![near, future("F", "9 08:00:00", "")], "1 00:00:00");
    for holder in [7, 3, 5, 3] {
        assert_eq!(board.at("2 00:00:00", Input::Ask(rolling(0, holder, true))), []);
    }
    assert_eq!(board.next_due(), Some(clock("4 08:00:00")));
    board.at("3 00:00:00", Input::Ask(rolling(0, 5, false)));
    board.at("3 00:00:00", Input::Ask(rolling(0, 6, false)));
    board.at("3 00:00:00", mark(0, Price::new(101, 0)));
    let rolled = |holder| What::Rolled {
        holder: AccountId(holder),
        into: 1,
        near: Price::new(101, 0),
        // Without a mark the index stands for it.
        far: cents(10_000),
    };
    assert_eq!(board.at("4 08:00:00", Input::Time), [rolled(3), rolled(7)]);
    assert_eq!(board.refusal("4 08:00:00", rolling(0, 3, true)), Refusal::RollPassed);
    assert_eq!(board.refusal("4 08:00:00", rolling(0, 3, false)), Refusal::RollPassed);
    assert_eq!(board.refusal("4 08:00:00", rolling(1, 3, true)), Refusal::NothingToRollInto);
    let told = board.step(clock("9 08:00:00"), Input::Time).unwrap();
    assert_eq!(names(&told), [(0, "delivery"), (1, "delivery")]);
}

#[test]
fn who_takes_the_instruction_back_does_not_roll() {
    let roll = "roll = { before = \"1d\" }";
    let near = Series { into: Some(1), ..future("N", "5 08:00:00", roll) };
    let mut board = board(vec![near, perpetual("P", "")], "1 00:00:00");
    board.at("2 00:00:00", Input::Ask(rolling(0, 3, true)));
    board.at("4 08:00:00", Input::Ask(rolling(0, 3, false)));
    assert_eq!(board.next_due(), Some(clock("5 08:00:00")));
    assert_eq!(board.at("4 08:00:00", Input::Time), []);
    // A board that opens when the moment is past rolls nobody.
    let roll = "roll = { before = \"9d\" }";
    let near = Series { into: Some(1), ..future("N", "5 08:00:00", roll) };
    let mut late = super::board(vec![near, perpetual("P", "")], "1 00:00:00");
    assert_eq!(late.refusal("1 00:00:00", rolling(0, 3, true)), Refusal::RollPassed);
}

#[test]
fn positions_go_with_their_entry_or_at_the_mark() {
    let series = vec![
        perpetual("A", "transfer = \"at-entry\""),
        perpetual("B", "transfer = \"at-mark\""),
        perpetual("C", ""),
    ];
    let mut board = board(series, "00:00:00");
    let transferred = |mark| {
        let (from, to) = (AccountId(1), AccountId(2));
        vec![What::Transferred { from, to, quantity: 5, mark }]
    };
    assert_eq!(board.at("01:00:00", Input::Ask(transfer(0, 1, 2, 5))), transferred(None));
    // Until a mark is known the index stands for it.
    let told = board.at("01:00:00", Input::Ask(transfer(1, 1, 2, 5)));
    assert_eq!(told, transferred(Some(cents(10_000))));
    board.at("01:00:00", mark(1, Price::new(10_123, 1)));
    let told = board.at("01:00:00", Input::Ask(transfer(1, 1, 2, 5)));
    assert_eq!(told, transferred(Some(Price::new(10_123, 1))));
    assert_eq!(board.refusal("01:00:00", transfer(2, 1, 2, 5)), Refusal::TransfersNotAllowed);
    assert_eq!(board.refusal("01:00:00", transfer(1, 1, 1, 5)), Refusal::SameAccount);
    assert_eq!(board.refusal("01:00:00", transfer(1, 1, 2, 0)), Refusal::QuantityZero);
}

#[test]
fn after_expiry_everything_is_refused() {
    let near = Series {
        into: Some(1),
        ..option("O", "08:00:00", "transfer = \"at-mark\"\nroll = { before = \"1h\" }")
    };
    let mut board = board(vec![near, option("L", "09:00:00", "")], "00:00:00");
    assert_eq!(board.refusal("07:00:00", exercise(0, 1, 1)), Refusal::European);
    // What is asked after expiry comes after delivery.
    let told = board.step(clock("08:00:01"), Input::Ask(exercise(0, 1, 1))).unwrap();
    assert_eq!(names(&told), [(0, "delivery"), (0, "refused")]);
    assert_eq!((told[0].at, told[1].at), (clock("08:00:00"), clock("08:00:01")));
    for request in [exercise(0, 1, 1), transfer(0, 1, 2, 1), rolling(0, 1, true)] {
        assert_eq!(board.refusal("08:00:01", request), Refusal::Ended);
    }
    // Its mark may still be told, and means nothing.
    assert_eq!(board.at("08:00:02", mark(0, cents(1))), []);
}

#[test]
fn refusals_say_why() {
    for (why, expected) in [
        (Refusal::Ended, "the series has ended"),
        (Refusal::European, "the series is exercised at expiry only"),
        (Refusal::TransfersNotAllowed, "positions of the series may not be transferred"),
        (Refusal::SameAccount, "giver and taker are the same account"),
        (Refusal::QuantityZero, "the quantity is zero"),
        (Refusal::NothingToRollInto, "the series has nothing to roll into"),
        (Refusal::RollPassed, "the moment to roll has passed"),
        (Refusal::TooManyWaiting, "too many requests are waiting"),
    ] {
        assert_eq!(why.to_string(), expected);
    }
}
