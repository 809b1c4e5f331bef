use super::super::tests::{COIN, STANDARD, book, grid, holding, holdings, listing, scan};
use super::super::{Requirement, Standing};
use super::*;
use crate::option::Settled;
use crate::scenario::{Holding, OptionLine, VolatilityShock};
use breakwater_options::{Black76, Kind, Quote};
use proptest::prelude::*;

/// What a book is worth and requires, position by position in floats, from the rules alone.
// float: the judge; it is asked only where the two sides are further apart than its error.
struct Naive {
    settled: Settled,
    cash: f64,
    futures: Vec<Holding>,
    options: Vec<Holding>,
}

// float: see `Naive`.
impl Naive {
    fn forwards(price: f64) -> [f64; 2] {
        // Forwards are whole in the listing.
        [price, (1_010.0 * price / 1_000.0 + 0.5).floor()]
    }

    fn option(&self, line: &OptionLine, forward: f64, volatility: f64) -> f64 {
        let quote = Quote {
            kind: line.kind,
            forward,
            strike: line.strike as f64,
            years: 30.0 / 365.0,
            volatility,
            rate: 0.0,
        };
        let value = Black76::new(&quote).unwrap().price_undiscounted();
        if self.settled == Settled::Coin { value / forward } else { value }
    }

    fn equity(&self, price: f64, moved: f64, volatility: f64) -> f64 {
        let (lines, forwards) = (listing(self.settled).options, Naive::forwards(price));
        let mut equity = self.cash;
        for holding in &self.options {
            let forward = forwards[1] * moved;
            let value = self.option(&lines[holding.line], forward, volatility);
            equity += holding.quantity as f64 / 1e3 * value;
        }
        for holding in &self.futures {
            let (from, to) = ([1_000.0, 1_010.0][holding.line], forwards[holding.line] * moved);
            let size = holding.quantity as f64 / 1e3;
            equity += match self.settled {
                Settled::Quote => size * (to - from),
                Settled::Coin => size * (1.0 / from - 1.0 / to),
            };
        }
        equity
    }

    /// `max(7.5 % of U, of a put 7.5 % of m)` for each short, and 1 % and 0.005 % a unit of futures.
    fn standard(&self, price: f64) -> f64 {
        let (lines, forwards) = (listing(self.settled).options, Naive::forwards(price));
        let mut required = 0.0;
        for holding in self.options.iter().filter(|holding| holding.quantity < 0) {
            let line = &lines[holding.line];
            let mark = self.option(line, forwards[1], 0.8);
            let unit = if self.settled == Settled::Coin { 1.0 } else { forwards[1] };
            let of = if line.kind == Kind::Put { unit.max(mark) } else { unit };
            required += 0.075 * of * holding.quantity.abs() as f64 / 1e3;
        }
        for (place, forward) in forwards.into_iter().enumerate() {
            let held = self.futures.iter().filter(|holding| holding.line == place);
            let net = held.map(|holding| holding.quantity as f64 / 1e3).sum::<f64>().abs();
            let (value, size) = match self.settled {
                Settled::Quote => (net * forward, net),
                Settled::Coin => (net / forward, net / forward),
            };
            required += value * (0.01 + 0.000_05 * size);
        }
        required
    }

    /// 80 % of the most that is lost in any bucket of [`grid`].
    fn portfolio(&self, price: f64) -> f64 {
        let now = self.equity(price, 1.0, 0.8);
        let losses = grid().scenarios().into_iter().map(|scenario| {
            // Thirty days: the factor of time is one.
            let volatility = match scenario.volatility {
                VolatilityShock::Up => 0.8 * 1.5,
                VolatilityShock::Same => 0.8,
                VolatilityShock::Down => 0.8 * 0.75,
            };
            let moved = 1.0 + f64::from(scenario.move_bps) / 1e4;
            now - self.equity(price, moved, volatility)
        });
        0.8 * losses.fold(0.0, f64::max)
    }

    /// Equity less requirement.
    fn surplus(&self, portfolio: bool, price: u128) -> f64 {
        let price = price as f64;
        let required = if portfolio { self.portfolio(price) } else { self.standard(price) };
        self.equity(price, 1.0, 0.8) - required
    }
}

// float: the room of the judge.
/// Beyond the judge's error, marks of 1e-8 and roundings of a few base units, for sizes up to 10.
const ROOM: f64 = 2e-6;

#[test]
fn a_writers_mark_is_counted_once() {
    // One call at the money: 7.5 % of a coin is left to hold beside what it costs.
    let written = book(Settled::Coin, STANDARD, COIN, &[], &[holding(2, -1_000)]);
    let Standing { equity, requirement } = written.at(1_000).unwrap();
    let mark = i128::try_from(written.marks_at(1_000).unwrap()[0]).unwrap();
    assert!((8_000_000..10_000_000).contains(&mark), "{mark}");
    assert!((equity - (COIN - mark)).abs() <= 1, "{equity} {mark}");
    assert!((7_500_000..=7_500_002).contains(&requirement), "{requirement}");
}

#[test]
fn a_book_that_owes_nothing_is_bankrupt_where_its_options_are_worthless() {
    // A call held without cash: far enough down nothing of it is left, and no liquidation before.
    let terms = |balance| book(Settled::Quote, STANDARD, balance, &[], &[holding(0, 1_000)]);
    let wide = Scan { tick: 1, step_bps: 0, lowest: 1, highest: 2_000 };
    let held = terms(0).crossings(Event::Bankruptcy, &wide).unwrap();
    let Crossings { at_mark: false, lower: Some(lower), upper: None } = held else {
        panic!("{held:?}")
    };
    assert_eq!(terms(0).equity_at(lower).unwrap(), 0);
    assert_eq!(terms(0).equity_at(lower + 1).unwrap(), 1);
    let none = Crossings { at_mark: false, lower: None, upper: None };
    assert_eq!(terms(1).crossings(Event::Bankruptcy, &wide), Ok(none));
    assert_eq!(terms(0).crossings(Event::Breach, &wide), Ok(none));
}

#[test]
fn a_book_in_breach_is_told_where_it_is_safe_again() {
    // Long 5 at 1,000 on 20: 1.025 % of 5,000 is 51.25.
    let book = book(Settled::Quote, STANDARD, 20 * COIN, &[holding(0, 5_000)], &[]);
    let found = book.crossings(Event::Breach, &scan(100)).unwrap();
    // 20 + 5 (P - 1,000) = 5 P x 1.025 % is at 1,006.3; the first tick of five above is 1,010.
    assert_eq!(found, Crossings { at_mark: true, lower: None, upper: Some(1_010) });
    assert_eq!(book.liquidation_prices(&scan(100)), Ok(Breaches::AtMark));
}

#[test]
fn margin_to_an_end_is_what_is_missing_at_the_worst_tick_of_the_way() {
    let book = book(Settled::Quote, STANDARD, 700 * COIN, &[holding(0, 5_000)], &[]);
    // At 800: 1,000 lost, and 1.025 % of 4,000.
    let missing = Missing { margin: 341 * COIN, needed_at: 800, end: 800 };
    assert_eq!(book.margin_to(800, &scan(100)), Ok(missing));
    // Between two ticks the further one; and nowhere in range matters.
    let off = Scan { lowest: 995, highest: 1_005, ..scan(100) };
    assert_eq!(book.margin_to(804, &off), Ok(missing));
    // Up the mark is the worst: 51.25 of 700.
    let spare = Missing { margin: -64_875_000_000, needed_at: 1_000, end: 1_200 };
    assert_eq!(book.margin_to(1_200, &scan(100)), Ok(spare));
    assert_eq!(book.margin_to(1_196, &scan(100)), Ok(spare));
    let refused = book.margin_to(4, &scan(100)).unwrap_err();
    assert_eq!(refused.to_string(), "end is 4; a price of at least a tick is right");
    let untold = book.margin_to(800, &Scan { tick: 0, ..scan(1) }).unwrap_err();
    assert_eq!(untold.to_string(), "tick is 0; a tick above zero is right");
}

#[test]
fn the_ticks_looked_at_are_counted_up_to_a_limit() {
    // 199 ticks of five below 1,000 and 600 above; a mark between two counts on both sides.
    assert_eq!(scan(0).looks(1_000, 1_000), Ok(Some(799)));
    assert_eq!(scan(0).looks(1_001, 1_000), Ok(Some(800)));
    assert_eq!((scan(0).looks(1_000, 799), scan(0).looks(1_000, 798)), (Ok(Some(799)), Ok(None)));
    assert!(scan(1_000).looks(1_000, 100).unwrap().is_some_and(|looks| looks < 60));
    assert_eq!(Scan { lowest: 2_000, highest: 500, ..scan(0) }.looks(1_000, 9), Ok(Some(0)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Equity and requirement anew, in floats from the rule: below zero at the answer, not below at its
    /// neighbour.
    // float: the judge and its room.
    #[test]
    fn the_price_told_is_in_breach_by_the_rule_itself_and_its_neighbour_is_not(
        coin in any::<bool>(), portfolio in any::<bool>(), cash in 1u32..3_000, step in 0u32..1_000,
        futures in holdings(2), options in holdings(4)
    ) {
        let settled = if coin { Settled::Coin } else { Settled::Quote };
        let grid = grid();
        let requirement = if portfolio { Requirement::Portfolio(&grid) } else { STANDARD };
        let scaled = |h: &Holding| holding(h.line, h.quantity * if coin { 1_000 } else { 1 });
        let futures: Vec<Holding> = futures.iter().map(scaled).collect();
        let balance = i128::from(cash) * COIN / if coin { 1_000 } else { 1 };
        let naive = Naive {
            settled, cash: balance as f64 / 1e8, futures: futures.clone(), options: options.clone(),
        };
        let book = book(settled, requirement, balance, &futures, &options);
        for event in [Event::Breach, Event::Bankruptcy] {
            let left = |price| match event {
                Event::Breach => naive.surplus(portfolio, price),
                Event::Bankruptcy => naive.equity(price as f64, 1.0, 0.8),
            };
            let found = book.crossings(event, &scan(step)).unwrap();
            let near = if found.at_mark { -1.0 } else { 1.0 };
            prop_assert!(left(1_000) * near > -ROOM, "{} at the mark", left(1_000));
            for (price, inner) in [(found.lower, 5i128), (found.upper, -5)] {
                let Some(price) = price else { continue };
                let neighbour = price.checked_add_signed(inner).unwrap();
                prop_assert!(left(price) * near < ROOM, "{} at {}", left(price), price);
                prop_assert!(left(neighbour) * near > -ROOM, "{} at {}", left(neighbour), neighbour);
            }
        }
    }

    #[test]
    fn the_margin_told_is_enough_to_the_end_and_a_unit_less_is_not(
        coin in any::<bool>(), portfolio in any::<bool>(), equality in any::<bool>(),
        cash in -500i128..2_000, step in 0u32..1_000, end in 100u128..3_000,
        futures in holdings(2), options in holdings(4)
    ) {
        let settled = if coin { Settled::Coin } else { Settled::Quote };
        let grid = grid();
        let requirement = if portfolio { Requirement::Portfolio(&grid) } else { STANDARD };
        let balance = if coin { cash * COIN / 1_000 } else { cash * COIN };
        let with = |balance| {
            let mut made = book(settled, requirement, balance, &futures, &options);
            made.terms.equality_breaches = equality;
            made
        };
        let scan = scan(step);
        let missing = with(balance).margin_to(end, &scan).unwrap();
        prop_assert_eq!(missing.end % 5, 0);
        prop_assert!(missing.end.abs_diff(end) < 5);
        prop_assert!(missing.end.abs_diff(1_000) >= end.abs_diff(1_000));
        // The same scan to the end finds nothing, which is what was asked for.
        let within = match end < 1_000 {
            true => Scan { lowest: missing.end, highest: 1_000, ..scan },
            false => Scan { lowest: 1_000, highest: missing.end, ..scan },
        };
        let enough = with(balance + missing.margin);
        let none = Breaches::Away { lower: None, upper: None };
        prop_assert_eq!(enough.liquidation_prices(&within), Ok(none));
        let short = with(balance + missing.margin - 1);
        prop_assert!(short.in_breach(missing.needed_at).unwrap());
        prop_assert!(short.liquidation_prices(&within).unwrap() != none);
    }
}
