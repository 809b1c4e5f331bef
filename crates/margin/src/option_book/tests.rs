use super::*;
use crate::liquidation_price::{Leg, LinearBook, Maintenance};
use crate::option::{Applies, Decimals};
use crate::scenario::{Charges, VolatilityMove};
use breakwater_money::rational;
use breakwater_options::Kind;
use proptest::prelude::*;

const RATES: OptionRates = OptionRates {
    range_e9: 150_000_000,
    floor_e9: 100_000_000,
    floor_of_mark: Applies::Nothing,
    maintenance_e9: 75_000_000,
    maintenance_of_mark: Applies::Puts,
    liquidation_fee_e9: 0,
    initial_covers_maintenance: Applies::Puts,
};

pub(super) const STANDARD: Requirement<'_> = Requirement::Standard {
    options: &RATES,
    futures: SizeScaled { base_e9: 10_000_000, per_unit_e12: 50_000_000 },
};

pub(super) fn grid() -> Grid {
    Grid {
        moves_bps: vec![-1_600, -800, 0, 800, 1_600],
        volatility: VolatilityMove {
            up_bps: 5_000,
            down_bps: 2_500,
            up_floor_ppm: 0,
            short_power_hundredths: 30,
            long_power_hundredths: 13,
        },
        extended: None,
        charges: Charges::default(),
        initial_bps: 10_000,
        maintenance_bps: 8_000,
    }
}

/// Whole prices around 1,000; a perpetual and an expiry in thirty days.
pub(super) fn listing(settled: Settled) -> Listing {
    let option =
        |kind, strike| OptionLine { expiry: 1, kind, strike, volatility_ppm: 800_000, mark: 0 };
    Listing {
        settled,
        decimals: Decimals { price: 0, mark: 8, size: 3, settle: 8 },
        expiries: vec![
            Expiry { seconds: None, forward: 1_000 },
            Expiry { seconds: Some(30 * 86_400), forward: 1_010 },
        ],
        options: vec![
            option(Kind::Call, 1_100),
            option(Kind::Put, 900),
            option(Kind::Call, 1_000),
            option(Kind::Put, 1_000),
        ],
    }
}

pub(super) fn scan(step_bps: u32) -> Scan {
    Scan { tick: 5, step_bps, lowest: 5, highest: 4_000 }
}

pub(super) fn holding(line: usize, quantity: i64) -> Holding {
    Holding { line, quantity }
}

pub(super) fn book<'a>(
    settled: Settled,
    requirement: Requirement<'a>,
    balance: i128,
    futures: &[Holding],
    options: &[Holding],
) -> OptionBook<'a> {
    let terms = Terms { mark: 1_000, balance, requirement, equality_breaches: false };
    OptionBook::new(&listing(settled), &Positions { futures, options }, terms).unwrap()
}

pub(super) const COIN: i128 = 100_000_000;

#[test]
fn a_written_put_has_a_lower_price_and_a_written_call_an_upper_one() {
    let grid = grid();
    for requirement in [STANDARD, Requirement::Portfolio(&grid)] {
        let find = |options: &[Holding]| {
            let book = book(Settled::Quote, requirement, 500 * COIN, &[], options);
            // Further up the put's own requirement, a share of the underlying, is breached too.
            let near = Scan { highest: 2_000, ..scan(100) };
            match book.liquidation_prices(&near).unwrap() {
                Breaches::Away { lower, upper } => (lower, upper),
                Breaches::AtMark => panic!("healthy at the mark"),
            }
        };
        let (lower, upper) = find(&[holding(1, -1_000)]);
        assert!(lower.is_some_and(|price| price < 900) && upper.is_none(), "{lower:?} {upper:?}");
        let (lower, upper) = find(&[holding(0, -1_000)]);
        assert!(lower.is_none() && upper.is_some_and(|price| price > 1_100), "{lower:?} {upper:?}");
        let (lower, upper) = find(&[holding(0, -1_000), holding(1, -1_000)]);
        assert!(lower.is_some() && upper.is_some());
        // What is paid for in full is never liquidated by the standard rule.
        if requirement == STANDARD {
            assert_eq!(find(&[holding(0, 1_000), holding(1, 1_000)]), (None, None));
        }
    }
}

#[test]
fn a_future_alone_has_the_price_of_the_closed_form() {
    // Five units long at 1,000 with 700: the rate is 1 % and .005 % for each unit.
    let book = book(Settled::Quote, STANDARD, 700 * COIN, &[holding(0, 5_000)], &[]);
    let rate = rational::parse("0.01025").unwrap();
    let whole = |n| rational::from_raw(n, 0);
    let leg = Leg { quantity: whole(5), maintenance: Maintenance::flat(rate, whole(0)) };
    let closed = LinearBook::at_mark(whole(700), whole(0), &whole(1_000), vec![leg]);
    let root = closed.liquidation_price(&whole(1_000)).unwrap().price;
    let fine = Scan { tick: 1, step_bps: 37, lowest: 1, highest: 10_000 };
    let Breaches::Away { lower: Some(lower), upper: None } =
        book.liquidation_prices(&fine).unwrap()
    else {
        panic!("a long has a lower price alone")
    };
    let lower = whole(lower.try_into().unwrap());
    assert!(lower < root && root <= lower + whole(1), "{root}");
}

#[test]
fn an_option_is_worth_less_to_its_holder_than_it_costs_its_writer() {
    for settled in [Settled::Coin, Settled::Quote] {
        let worth =
            |size| book(settled, STANDARD, 0, &[], &[holding(2, size)]).at(1_000).unwrap().equity;
        // A million units, so that the thousandths of a base unit between the two show.
        let (held, written) = (worth(1_000_000_000), worth(-1_000_000_000));
        assert!(held > 0 && written < 0, "{held} {written}");
        let width = -(held + written);
        assert!((1_000..20_000).contains(&width), "{width}");
    }
}

#[test]
fn a_future_settled_in_coin_is_scaled_by_its_coins() {
    // A million of quote is a thousand coins at 1,000: 1 % and .005 % for each are 6 %.
    let book = book(Settled::Coin, STANDARD, 0, &[holding(0, 1_000_000_000)], &[]);
    let at = |price| book.at(price).unwrap();
    assert_eq!(at(1_000), Standing { equity: 0, requirement: 60 * COIN.unsigned_abs() });
    // At 800 they are 1,250: 7.25 %, and 250 are lost.
    let fallen = Standing { equity: -250 * COIN, requirement: 9_062_500_000 };
    assert_eq!(at(800), fallen);
}

#[test]
fn equality_is_a_breach_where_the_venue_says_so() {
    // Without positions nothing is required: a balance of nothing is exactly that.
    let terms = Terms { mark: 1_000, balance: 0, requirement: STANDARD, equality_breaches: false };
    let breach = |balance, equality_breaches| {
        let terms = Terms { balance, equality_breaches, ..terms };
        let book = OptionBook::new(&listing(Settled::Coin), &Positions::default(), terms).unwrap();
        book.in_breach(1_000).unwrap()
    };
    assert_eq!([breach(-1, false), breach(0, false), breach(1, false)], [true, false, false]);
    assert_eq!([breach(-1, true), breach(0, true), breach(1, true)], [true, true, false]);
}

#[test]
fn a_mark_between_ticks_stands_in_for_the_next_one() {
    let listing = listing(Settled::Quote);
    let futures = [holding(0, 10_000), holding(0, -5_000)];
    for mark in 1_000..=1_005 {
        let positions = Positions { futures: &futures, options: &[] };
        let terms =
            Terms { mark, balance: 700 * COIN, requirement: STANDARD, equality_breaches: false };
        let book = OptionBook::new(&listing, &positions, terms).unwrap();
        let Breaches::Away { lower: Some(lower), .. } = book.liquidation_prices(&scan(0)).unwrap()
        else {
            panic!("a long has a lower price")
        };
        assert_eq!(lower % 5, 0);
        assert!(book.in_breach(lower).unwrap() && !book.in_breach(lower + 5).unwrap());
    }
}

#[test]
fn what_is_no_book_or_scan_is_refused_by_name() {
    let terms = Terms { mark: 0, balance: 0, requirement: STANDARD, equality_breaches: false };
    let made = |terms, positions: &Positions<'_>| {
        OptionBook::new(&listing(Settled::Coin), positions, terms).map(|_| ()).unwrap_err()
    };
    assert_eq!(
        made(terms, &Positions::default()).to_string(),
        "mark is 0; a price above zero is right"
    );
    let terms = Terms { mark: 1_000, ..terms };
    let unknown = Positions { futures: &[], options: &[holding(4, 1)] };
    assert_eq!(
        made(terms, &unknown).to_string(),
        "options: a holding is of line 4, the listing has 4"
    );
    let unknown = Positions { futures: &[holding(2, 1)], options: &[] };
    assert_eq!(
        made(terms, &unknown).to_string(),
        "futures: a holding is of line 2, the listing has 2"
    );
    let empty = book(Settled::Coin, STANDARD, 0, &[], &[]);
    let none = empty.liquidation_prices(&Scan { tick: 0, ..scan(1) }).unwrap_err();
    assert_eq!(none.to_string(), "tick is 0; a tick above zero is right");
    assert_eq!(empty.at(0).unwrap_err().to_string(), "price is 0; a price above zero is right");
    // A range on the other side of the mark has nothing to find.
    let book = book(Settled::Quote, STANDARD, 300 * COIN, &[], &[holding(0, -1_000)]);
    let off = Scan { lowest: 2_000, highest: 500, ..scan(100) };
    let none = Breaches::Away { lower: None, upper: None };
    assert_eq!(book.liquidation_prices(&off), Ok(none));
}

pub(super) fn holdings(lines: usize) -> impl Strategy<Value = Vec<Holding>> {
    let one = (0..lines, -3_000i64..3_000).prop_map(|(line, quantity)| holding(line, quantity));
    prop::collection::vec(one, 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_answer_is_in_breach_and_the_next_tick_towards_the_mark_is_not(
        coin in any::<bool>(), portfolio in any::<bool>(), balance in 0i128..5_000, step in 0u32..1_000,
        futures in holdings(2), options in holdings(4)
    ) {
        let grid = grid();
        let requirement = if portfolio { Requirement::Portfolio(&grid) } else { STANDARD };
        // A coin is a thousand: balances of both kinds are of the size of the positions.
        let (settled, balance, futures) = match coin {
            true => (Settled::Coin, balance * COIN / 1_000,
                futures.iter().map(|h| holding(h.line, h.quantity * 1_000)).collect()),
            false => (Settled::Quote, balance * COIN, futures),
        };
        let book = book(settled, requirement, balance, &futures, &options);
        let breach = |price| book.in_breach(price).unwrap();
        // Every tick outward: what a scan may find at the nearest.
        let nearest = |mut ticks: Box<dyn Iterator<Item = u128>>| ticks.find(|price| breach(*price));
        match book.liquidation_prices(&scan(step)).unwrap() {
            Breaches::AtMark => prop_assert!(breach(1_000)),
            Breaches::Away { lower, upper } => {
                prop_assert!(!breach(1_000));
                let below = nearest(Box::new((1..200).rev().map(|tick| tick * 5)));
                let above = nearest(Box::new((201..=800).map(|tick| tick * 5)));
                if let Some(price) = lower {
                    prop_assert!(breach(price) && !breach(price + 5));
                    prop_assert!(below.is_some_and(|nearest| nearest >= price));
                }
                if let Some(price) = upper {
                    prop_assert!(breach(price) && !breach(price - 5));
                    prop_assert!(above.is_some_and(|nearest| nearest <= price));
                }
                // A step of no more than a tick passes over none.
                if step == 0 {
                    prop_assert_eq!((lower, upper), (below, above));
                }
            }
        }
    }

    #[test]
    fn every_tick_is_looked_at_with_a_step_of_zero(
        balance in 0i128..2_000, futures in holdings(2), options in holdings(4)
    ) {
        let book = book(Settled::Quote, STANDARD, balance * COIN, &futures, &options);
        let breach = |price| book.in_breach(price).unwrap();
        if let Breaches::Away { lower, upper } = book.liquidation_prices(&scan(0)).unwrap() {
            prop_assert_eq!(lower, (1..200).rev().map(|tick| tick * 5).find(|price| breach(*price)));
            prop_assert_eq!(upper, (201..=800).map(|tick| tick * 5).find(|price| breach(*price)));
        }
    }

    #[test]
    fn more_balance_never_brings_a_liquidation_nearer(
        balance in 0i128..2_000, more in 0i128..500, futures in holdings(2), options in holdings(4)
    ) {
        let at = |balance: i128| {
            book(Settled::Quote, STANDARD, balance * COIN, &futures, &options).liquidation_prices(&scan(0)).unwrap()
        };
        match (at(balance), at(balance + more)) {
            (before, Breaches::AtMark) => prop_assert_eq!(before, Breaches::AtMark),
            (Breaches::Away { lower, upper }, Breaches::Away { lower: low, upper: up }) => {
                prop_assert!(low.unwrap_or(0) <= lower.unwrap_or(0));
                prop_assert!(up.unwrap_or(u128::MAX) >= upper.unwrap_or(u128::MAX));
            }
            (Breaches::AtMark, Breaches::Away { .. }) => {}
        }
    }
}
