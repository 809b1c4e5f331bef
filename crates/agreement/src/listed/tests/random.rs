//! Random series over random prices, requests and waits, judged by the naive model.

use super::model::{Naive, TICK, Terms};
use super::*;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Ticks until the last expiry that is drawn.
const LIFE_MAX: u64 = 400;

/// Ticks of a day.
const DAY: u64 = 2 * 86_400;

/// A series before its place is known: which other one it rolls into is drawn as a number.
fn terms() -> impl Strategy<Value = (Terms, u64, u64, usize)> {
    let cycle = (prop::sample::select(vec![40u64, 60, 90, 120]), 0..DAY / 2);
    let funding = (cycle.clone(), prop::sample::select(vec![1u64, 2, 5, 10]));
    let settlement = (1u64..5, 1u64..40, prop::option::of(1u64..30));
    let rates = (-900i64..900, 0i64..1_500, 500i64..30_000);
    let rules = (
        prop::sample::select(vec![
            ExerciseRule::European,
            ExerciseRule::American,
            ExerciseRule::AmericanAtSession,
        ]),
        prop::sample::select(vec![TransferRule::None, TransferRule::AtEntry, TransferRule::AtMark]),
        prop::sample::select(vec![0i64, 250_000, 500_000, 1_000_000]),
    );
    let ends = (0u8..4, 1..LIFE_MAX, 1u64..150, any::<prop::sample::Index>());
    let parts = (
        prop::option::weighted(0.8, funding),
        any::<bool>(),
        rates,
        prop::option::of(cycle),
        prop::option::weighted(0.8, settlement),
        rules,
        ends,
    );
    parts.prop_map(|(funding, rising, rates, session, settlement, rules, ends)| {
        let ((exercise, transfer, present_min), (kind, life, before, into)) = (rules, ends);
        let (dated, option) = (kind > 0, kind > 1);
        let session = session.map(|(every, at)| (every, 2 * at));
        let waits = exercise == ExerciseRule::AmericanAtSession && session.is_none();
        let terms = Terms {
            funding: funding
                .filter(|_| !dated)
                .map(|((every, at), sample)| (every, 2 * at, sample)),
            rising,
            rates,
            session,
            settlement: settlement.filter(|_| dated),
            present_min,
            exercise: match option && !waits {
                true => exercise,
                false => ExerciseRule::European,
            },
            transfer,
            roll: None,
            expires: None,
            option,
        };
        (terms, if dated { life } else { 0 }, before, into.index(8))
    })
}

/// Series that roll into each other where they can, on a board that opens at `opened`.
fn drawn(parts: &[(Terms, u64, u64, usize)], opened: u64) -> Vec<Terms> {
    let first_tick = opened.next_multiple_of(TICK);
    let mut all: Vec<Terms> = Vec::new();
    for (terms, life, _, _) in parts {
        let expires = (*life > 0).then(|| first_tick + life * TICK);
        all.push(Terms { expires, ..terms.clone() });
    }
    for (place, (_, life, before, number)) in parts.iter().enumerate() {
        let fits = |other: &usize| {
            let later = all[*other].expires.is_none_or(|it| all[place].expires <= Some(it));
            *other != place && all[*other].option == all[place].option && later
        };
        let others: Vec<usize> = (0..parts.len()).filter(fits).collect();
        if *life > 0 && !others.is_empty() {
            all[place].roll = Some((*before, others[number % others.len()]));
        }
    }
    all
}

/// Something that happens `ticks` later, a nanosecond before, at, or after the tick.
#[derive(Debug, Clone)]
struct Move {
    ticks: u64,
    beside: u64,
    kind: u8,
    place: prop::sample::Index,
    price: u128,
    holder: u32,
    other: u32,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let ticks = prop_oneof![3 => Just(0u64), 6 => 1u64..8, 1 => 8u64..90];
    let parts = (ticks, 0u64..3, 0u8..16, any::<prop::sample::Index>(), 900u128..1_100);
    let one = (parts, 0u32..4, 0u32..4).prop_map(
        |((ticks, beside, kind, place, price), holder, other)| Move {
            ticks,
            beside,
            kind,
            place,
            price,
            holder,
            other,
        },
    );
    prop::collection::vec(one, 1..60)
}

fn input(it: &Move, series: usize) -> Input {
    let series = it.place.index(series);
    let quantity = u128::from(it.other);
    match it.kind {
        0..=2 => Input::Time,
        3..=5 => Input::Index(cents(it.price * 10)),
        6..=8 => {
            // Each series quotes its marks in a scale of its own.
            let decimals = u8::try_from(series % 3 + 1).unwrap();
            mark(series, Price::new(it.price * 10u128.pow(u32::from(decimals)) / 10, decimals))
        }
        9..=11 => Input::Ask(exercise(series, it.holder, quantity)),
        12 => Input::Ask(transfer(series, it.holder, it.other, quantity + 1)),
        13 => Input::Ask(transfer(series, it.holder, it.other + 4, quantity)),
        _ => Input::Ask(rolling(series, it.holder, it.other > 0)),
    }
}

/// A run: boards, model, and all that happened.
struct Run {
    board: Board,
    naive: Naive,
    told: Vec<Happened>,
    now: u64,
}

impl Run {
    fn new(terms: &[Terms], opened: u64) -> Run {
        let series = terms.iter().enumerate().map(|(place, terms)| terms.series(place)).collect();
        let board = Board::new(series, Time(opened), cents(10_000)).unwrap();
        let naive = Naive::new(terms.to_vec(), opened, cents(10_000));
        Run { board, naive, told: Vec::new(), now: opened }
    }

    fn step(&mut self, now: u64, input: Input, places: usize) -> Result<(), TestCaseError> {
        // From event to event, in one jump, and slowly.
        let mut short = self.board.clone();
        let (mut told, was) = (Vec::new(), Time(self.now));
        while let Some(next) = short.next_due().filter(|next| next.0 < now) {
            if next > was {
                prop_assert_eq!(&short.step(Time(next.0 - 1), Input::Time).unwrap(), &[]);
            }
            let one = short.step(next, Input::Time).unwrap();
            prop_assert!(!one.is_empty() && one.iter().all(|happened| happened.at == next));
            told.extend(one);
        }
        told.extend(short.step(Time(now), input).unwrap());
        let jumped = self.board.step(Time(now), input).unwrap();
        prop_assert_eq!(&jumped, &self.naive.step(now, input));
        prop_assert_eq!(&jumped, &told);
        prop_assert_eq!(&self.board, &short);
        for place in 0..places {
            prop_assert_eq!(self.board.fixing(place), self.naive.fixing(place));
            prop_assert_eq!(self.board.ended(place), self.naive.ended(place));
        }
        self.told.extend(jumped);
        self.now = now;
        Ok(())
    }

    /// What cannot be taken changes nothing.
    fn nonsense(&mut self, now: u64, places: usize) -> Result<(), TestCaseError> {
        let before = self.board.clone();
        for (at, input) in [
            (now - 1, Input::Time),
            (now + LIFE_MAX * TICK, Input::Index(Price::new(1, 3))),
            (now + LIFE_MAX * TICK, Input::Index(cents(0))),
            (now + LIFE_MAX * TICK, mark(places, cents(1))),
            (now + LIFE_MAX * TICK, mark(0, Price::new(PRICE_RAW_MAX + 1, 1))),
            (now + LIFE_MAX * TICK, Input::Ask(rolling(places, 1, true))),
        ] {
            prop_assert!(self.board.step(Time(at), input).is_err());
            prop_assert_eq!(&self.board, &before);
        }
        Ok(())
    }
}

/// How often what happened, so that a generator that reaches nothing is found out.
type Counts = BTreeMap<String, usize>;

fn run(
    parts: &[(Terms, u64, u64, usize)],
    opened: u64,
    moves: &[Move],
    counts: &RefCell<Counts>,
) -> Result<(), TestCaseError> {
    let terms = drawn(parts, opened);
    let places = terms.len();
    let mut run = Run::new(&terms, opened);
    let (mut tick, mut now) = (opened.next_multiple_of(TICK), opened);
    for it in moves {
        tick += it.ticks * TICK;
        now = now.max(tick + it.beside - 1);
        run.step(now, input(it, places), places)?;
        run.nonsense(now, places)?;
    }
    let last = terms.iter().filter_map(|terms| terms.expires).max().unwrap_or(now);
    let end = now.max(last) + 100 * TICK;
    run.step(end, Input::Time, places)?;
    check(&terms, &run, opened, end)?;
    for happened in &run.told {
        let name = named(&terms[happened.series], &happened.what);
        *counts.borrow_mut().entry(name).or_default() += 1;
    }
    Ok(())
}

/// What happened, told apart where the rules do.
fn named(terms: &Terms, what: &What) -> String {
    let name = match what {
        What::Funded { samples: 0, .. } => "funding without samples",
        What::Exercised { .. } if terms.exercise == ExerciseRule::AmericanAtSession => "waited",
        What::Delivered { samples, missing, .. } if *missing > 0 => {
            let there = u64::from(*samples) * 1_000_000;
            let least = u64::from(samples + missing) * terms.present_min.unsigned_abs();
            if there < least { "delivery by too few" } else { "delivery by enough" }
        }
        What::Refused { why, .. } => return format!("{why:?}"),
        what => what.name(),
    };
    name.to_owned()
}

/// What holds of every run, whoever judges it.
fn check(terms: &[Terms], run: &Run, opened: u64, end: u64) -> Result<(), TestCaseError> {
    prop_assert!(run.told.is_sorted_by_key(|happened| happened.at), "out of order");
    for (place, terms) in terms.iter().enumerate() {
        let own = || run.told.iter().filter(|happened| happened.series == place);
        let delivered: Vec<u64> = own()
            .filter(|happened| matches!(happened.what, What::Delivered { .. }))
            .map(|happened| happened.at.0)
            .collect();
        prop_assert_eq!(delivered, Vec::from_iter(terms.expires));
        let after = own().filter(|happened| terms.expires.is_some_and(|it| happened.at.0 > it));
        for happened in after {
            let refused = matches!(happened.what, What::Refused { why: Refusal::Ended, .. });
            prop_assert!(refused, "{happened:?}");
        }
        // What was planned is what came; a roll comes only to those who asked.
        let planned = planned(&terms.series(place), Time(opened), Time(end)).unwrap();
        let named = |it: &Planned| (it.at, it.kind.name());
        let all: Vec<_> = planned.iter().map(named).collect();
        let still: Vec<_> = all.iter().copied().filter(|(_, name)| *name != "roll").collect();
        let kinds = ["funding", "session", "fixing", "delivery"];
        let came: Vec<_> = own()
            .map(|happened| (happened.at, happened.what.name()))
            .filter(|(_, name)| kinds.contains(name))
            .collect();
        prop_assert_eq!(still, came);
        let rolled = own().filter(|happened| happened.what.name() == "roll");
        for happened in rolled {
            prop_assert!(all.contains(&(happened.at, "roll")));
        }
    }
    Ok(())
}

/// Boards do what the rules say, in one jump as in many steps, whatever anybody asks.
#[test]
fn random_boards_do_what_the_naive_model_does() {
    let config = ProptestConfig { cases: 2_000, failure_persistence: None, ..Default::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let counts = RefCell::new(Counts::new());
    let drawn = (
        prop::collection::vec(terms(), 1..6),
        (1u64..20_000, 0..DAY, prop::sample::select(vec![0u64, 0, 1, TICK - 1])),
        moves(),
    );
    let judged = runner.run(&drawn, |(parts, (day, tick, beside), moves)| {
        run(&parts, (day * DAY + tick) * TICK + beside, &moves, &counts)
    });
    match judged {
        Ok(()) => {}
        Err(TestError::Fail(why, drawn)) => panic!("{why}\n{drawn:?}"),
        Err(error) => panic!("{error}"),
    }
    // The generator reaches every event and every refusal but that of a full board.
    let counts = counts.into_inner();
    assert_eq!(counts.len(), 18, "{counts:?}");
    assert!(counts.values().all(|times| *times >= 100), "{counts:?}");
}
