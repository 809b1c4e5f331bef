//! Streams at random against positions kept one contract at a time.

use super::{DerivativeError, Form, Matching, Position, Terms};
use breakwater_money::{Rational, rational};
use num_bigint::BigInt;
use num_traits::{Signed, Zero};

fn number(text: &str) -> Rational {
    rational::parse(text).unwrap()
}

fn raw(raw: i128, decimals: u8) -> Rational {
    rational::from_raw(raw, decimals)
}

/// A small generator of its own, so that a failing stream is found again by its number.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[derive(Debug, Clone)]
enum Step {
    Fill { quantity: i128, price: Rational, fee: Rational },
    Fund { mark: Rational, rate: Rational },
    Mark { price: Rational },
}

fn stream(draws: &mut Draws, marks: bool) -> Vec<Step> {
    let mut price = 20_000 + draws.below(60_000);
    let mut steps = Vec::new();
    for _ in 0..2 + draws.below(7) {
        price = price * (900 + draws.below(210)) / 1_000 + 1;
        let at = raw(i128::from(price), 2);
        let kinds = if marks { 10 } else { 9 };
        steps.push(match draws.below(kinds) {
            7 | 8 => {
                let rate = i128::from(draws.below(2_001)) - 1_000;
                Step::Fund { mark: at, rate: raw(rate, 6) }
            }
            9 => Step::Mark { price: at },
            _ => {
                let size = 1 + i128::from(draws.below(12));
                let quantity = if draws.below(2) == 0 { size } else { -size };
                let fee = raw(i128::from(draws.below(3_000)) - 200, 4);
                Step::Fill { quantity, price: at, fee }
            }
        });
    }
    steps
}

/// Positions kept as single contracts in a list, each with the price it came at. Every number is an
/// exact fraction.
struct Naive {
    terms: Terms,
    matching: Matching,
    long: bool,
    entries: Vec<Rational>,
    pnl: Rational,
    cash: Rational,
}

impl Naive {
    fn worth(&self, price: &Rational) -> Rational {
        match self.terms.form() {
            Form::Linear => self.terms.size() * price,
            Form::Inverse => self.terms.size() / price,
        }
    }

    /// Average entry as a price: arithmetic mean, of an inverse contract harmonic.
    fn average(&self) -> Rational {
        let count = Rational::from_integer(BigInt::from(self.entries.len()));
        // Neighbours at one price are added up at once.
        let mut sum = Rational::zero();
        for run in self.entries.chunk_by(|a, b| a == b) {
            let many = Rational::from_integer(BigInt::from(run.len()));
            sum += match self.terms.form() {
                Form::Linear => many * &run[0],
                Form::Inverse => many / &run[0],
            };
        }
        match self.terms.form() {
            Form::Linear => sum / count,
            Form::Inverse => count / sum,
        }
    }

    fn fill(&mut self, quantity: i128, price: &Rational) {
        for _ in 0..quantity.unsigned_abs() {
            let buys = quantity > 0;
            let flow = self.worth(price);
            let out = buys == (self.terms.form() == Form::Linear);
            self.cash += if out { -flow } else { flow };
            if self.entries.is_empty() || self.long == buys {
                self.long = buys;
                self.entries.push(price.clone());
                continue;
            }
            let entry = match self.matching {
                Matching::Fifo => self.entries.remove(0),
                Matching::AverageEntry => {
                    let average = self.average();
                    self.entries.pop();
                    self.entries = vec![average.clone(); self.entries.len()];
                    average
                }
            };
            let one = if self.long { number("1") } else { number("-1") };
            let gain = match self.terms.form() {
                Form::Linear => self.terms.size() * one * (price - entry),
                Form::Inverse => self.terms.size() * one * (entry.recip() - price.recip()),
            };
            self.pnl += gain;
        }
    }
}

fn near(found: &Rational, expected: &Rational) -> bool {
    (found - expected).abs() < Rational::new(BigInt::from(1), BigInt::from(10u8).pow(24))
}

#[test]
fn ten_thousand_streams_realise_what_single_contracts_do() {
    let (mut closes, mut flips, mut flats, mut fills) = (0u32, 0u32, 0u32, 0u32);
    for seed in 0..10_000u64 {
        let mut draws = Draws(seed);
        let form = if seed % 2 == 0 { Form::Linear } else { Form::Inverse };
        let matching = if seed % 4 < 2 { Matching::AverageEntry } else { Matching::Fifo };
        let terms = Terms::new(form, number(["1", "0.01", "10"][(seed % 3) as usize])).unwrap();
        let mut position = Position::flat(terms.clone(), matching);
        let (entries, pnl, cash) = (Vec::new(), Rational::zero(), Rational::zero());
        let mut naive = Naive { terms, matching, long: true, entries, pnl, cash };
        let (mut paid, mut last) = (Rational::zero(), number("1"));
        for step in stream(&mut draws, false) {
            match step {
                Step::Fill { quantity, price, fee } => {
                    let filled = position.fill(&raw(quantity, 0), &price, &fee).unwrap();
                    naive.fill(quantity, &price);
                    paid += fee;
                    fills += 1;
                    closes += u32::from(!filled.closed.is_empty());
                    flips += u32::from(!filled.closed.is_empty() && !filled.opened.is_zero());
                    last = price;
                }
                Step::Fund { mark, rate } => {
                    let held = position.quantity().clone();
                    let got = position.fund(&mark, &rate).unwrap().funding;
                    assert!(near(&got, &-(naive.worth(&mark) * &held * &rate)), "stream {seed}");
                    paid -= got;
                    last = mark;
                }
                Step::Mark { .. } => {}
            }
            let held = if naive.long { 1 } else { -1 } * naive.entries.len() as i128;
            assert_eq!(*position.quantity(), raw(held, 0), "stream {seed}");
            assert!(near(&position.totals().price_pnl, &naive.pnl), "stream {seed}");
            if held != 0 && matching == Matching::AverageEntry {
                // A price is a quotient of values: as near as they are, as a share of it.
                let parts = position.average_entry() / naive.average();
                assert!((parts - number("1")).abs() < raw(1, 20), "stream {seed}");
            }
            flats += u32::from(held == 0);
            // What was realised and what is open is what was paid and got, and what is held is worth.
            let worth = naive.worth(&last) * raw(held, 0);
            let worth = if form == Form::Linear { worth } else { -worth };
            let equity = &naive.cash + worth - &paid;
            let open = position.unrealised(&last).unwrap();
            let totals = position.totals();
            assert!(near(&(totals.net_realised() + open), &equity), "stream {seed}");
            // To the last place, whatever was rounded.
            let left = position.lots().fold(Rational::zero(), |sum, lot| sum + lot.value.abs());
            assert_eq!(totals.entered, &totals.removed + left, "stream {seed}");
        }
    }
    let drawn = (fills, closes, flips, flats);
    assert!(fills > 30_000 && closes > 10_000 && flips > 3_000 && flats > 1_000, "{drawn:?}");
}

#[test]
fn both_ways_of_matching_come_to_the_same_once_flat() {
    for seed in 0..2_000u64 {
        let mut draws = Draws(seed);
        let form = if seed % 2 == 0 { Form::Linear } else { Form::Inverse };
        let terms = Terms::new(form, number("1")).unwrap();
        let mut by = [Matching::AverageEntry, Matching::Fifo]
            .map(|matching| Position::flat(terms.clone(), matching));
        for step in stream(&mut draws, true) {
            for position in &mut by {
                match &step {
                    Step::Fill { quantity, price, fee } => {
                        position.fill(&raw(*quantity, 0), price, fee).unwrap();
                    }
                    Step::Fund { mark, rate } => {
                        position.fund(mark, rate).unwrap();
                    }
                    Step::Mark { price } => {
                        position.mark(price).unwrap();
                    }
                }
            }
        }
        for position in &mut by {
            let held = position.quantity().clone();
            if !held.is_zero() {
                position.fill(&-held, &number("321.5"), &Rational::zero()).unwrap();
            }
            assert!(position.entered().is_zero() && position.lots().next().is_none());
        }
        assert!(near(&by[0].totals().net_realised(), &by[1].totals().net_realised()), "{seed}");
    }
}

#[test]
fn a_fill_through_zero_closes_all_and_opens_the_rest() {
    let terms = Terms::new(Form::Linear, number("1")).unwrap();
    let mut position = Position::flat(terms, Matching::AverageEntry);
    position.fill(&number("2"), &number("100"), &number("0")).unwrap();
    let through = position.fill(&number("-5"), &number("90"), &number("0")).unwrap();
    assert_eq!(through.price_pnl, number("-20"));
    assert_eq!(through.opened, number("-3"));
    assert_eq!(position.average_entry(), number("90"));
    let closing = position.fill(&number("3"), &number("80"), &number("0")).unwrap();
    assert_eq!(closing.price_pnl, number("30"));
    assert_eq!(position.average_entry(), Rational::zero());
}

#[test]
fn oldest_lots_close_first_by_fifo_and_a_share_of_all_by_average() {
    let gain = |matching| {
        let mut position = Position::flat(Terms::new(Form::Linear, number("1")).unwrap(), matching);
        position.fill(&number("1"), &number("100"), &number("0")).unwrap();
        position.fill(&number("3"), &number("200"), &number("0")).unwrap();
        let filled = position.fill(&number("-2"), &number("300"), &number("0")).unwrap();
        let parts = filled.closed.iter().map(|closed| (closed.fill, closed.price_pnl.clone()));
        parts.collect::<Vec<_>>()
    };
    assert_eq!(gain(Matching::Fifo), [(0, number("200")), (1, number("100"))]);
    assert_eq!(gain(Matching::AverageEntry), [(0, number("250"))]);
}

#[test]
fn a_mark_realises_and_goes_on_from_there() {
    let terms = Terms::new(Form::Inverse, number("100")).unwrap();
    let mut position = Position::flat(terms, Matching::Fifo);
    position.fill(&number("10"), &number("100"), &number("0")).unwrap();
    let marked = position.mark(&number("125")).unwrap();
    assert_eq!(marked.price_pnl, number("2"));
    assert_eq!(position.average_entry(), number("125"));
    assert!(position.unrealised(&number("125")).unwrap().is_zero());
}

#[test]
fn what_no_position_can_take_is_refused_with_its_number() {
    let told = |error: DerivativeError| error.to_string();
    let size = Terms::new(Form::Linear, number("0")).unwrap_err();
    assert_eq!(told(size), "contract size 0.000000000000: above 0 is right");
    let terms = Terms::new(Form::Linear, number("1")).unwrap();
    let mut position = Position::flat(terms, Matching::Fifo);
    let before = position.clone();
    let one = number("1");
    let price = position.fill(&one, &number("-2"), &one).unwrap_err();
    assert_eq!(told(price), "price -2.000000000000: above 0 is right");
    assert_eq!(position.fill(&number("0"), &one, &one), Err(DerivativeError::Nothing));
    assert!(position.trade(&one, &number("-1"), &one).is_err());
    assert!(position.fund(&number("0"), &one).is_err() && position.mark(&number("0")).is_err());
    assert_eq!(position, before);
}
