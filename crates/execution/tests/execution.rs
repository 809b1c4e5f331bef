//! Walks, routes and profits against brute force on small cases.

use breakwater_execution::{
    Allocation, ExecutionError, Limit, Shortfall, StoppedBy, break_even, most_profitable, route,
    walk,
};
use breakwater_market::{
    After, ConstantProduct, Decimals, Depth, LadderPoint, Level, OrderBook, QuoteLadder,
    quote_value,
};
use breakwater_money::rational::{self, Rational};
use breakwater_money::{Price, Rounding};
use proptest::prelude::*;

/// Every unit fetches whole quote base units: floors take nothing.
const WHOLE: Decimals = Decimals { base: 0, quote: 0, price: 0 };
/// A base unit is a hundredth, a quote unit a tenth: floors take something of nearly every sale.
const COARSE: Decimals = Decimals { base: 2, quote: 1, price: 3 };

fn book(levels: &[(u128, u128)], decimals: Decimals) -> OrderBook {
    let bids: Vec<Level> =
        levels.iter().map(|&(price, quantity)| Level { price, quantity }).collect();
    OrderBook::new(&bids, decimals).unwrap()
}

fn any_book(decimals: Decimals) -> impl Strategy<Value = OrderBook> {
    prop::collection::vec((1u128..9, 1u128..9), 1..5).prop_map(move |steps| {
        let mut price = 0;
        let mut levels: Vec<(u128, u128)> = steps
            .into_iter()
            .map(|(step, quantity)| {
                price += step;
                (price, quantity)
            })
            .collect();
        levels.reverse();
        book(&levels, decimals)
    })
}

/// Curves of all three kinds, in units where floors take something.
fn any_curve() -> impl Strategy<Value = Box<dyn Curve>> {
    let pool = (1u128..60, 1u128..900, 0u32..900).prop_map(|(base, quote, fee)| {
        let pool = ConstantProduct::new(base, quote, fee, COARSE).unwrap();
        Box::new(pool) as Box<dyn Curve>
    });
    let ladder = (prop::collection::vec((1u128..9, 1u64..1_000_000_000), 1..5), 1u128..90_000)
        .prop_map(|(steps, mark)| {
            let mut amount = 0;
            let points: Vec<LadderPoint> = steps
                .into_iter()
                .map(|(step, fraction)| {
                    amount += step;
                    LadderPoint { amount, fraction }
                })
                .collect();
            let ladder = QuoteLadder::new(&points, COARSE.base, COARSE.quote).unwrap();
            Box::new(Marked { ladder, mark: Price::new(mark, 3) }) as Box<dyn Curve>
        });
    let bids = any_book(COARSE).prop_map(|book| Box::new(book) as Box<dyn Curve>);
    prop_oneof![pool, ladder, bids]
}

/// A curve that a failing test can print.
trait Curve: Depth + std::fmt::Debug {}
impl<T: Depth + std::fmt::Debug> Curve for T {}

/// A ladder that owns its mark, so that a strategy can hand it out.
#[derive(Debug)]
struct Marked {
    ladder: QuoteLadder,
    mark: Price,
}

impl Depth for Marked {
    fn base_decimals(&self) -> u8 {
        COARSE.base
    }
    fn quote_decimals(&self) -> u8 {
        COARSE.quote
    }
    fn price_decimals(&self) -> u8 {
        self.mark.decimals
    }
    fn out(&self, quantity: u128) -> Result<u128, breakwater_market::DepthError> {
        self.ladder.at(self.mark)?.out(quantity)
    }
    fn marginal(&self, sold: u128) -> Result<Price, breakwater_market::DepthError> {
        self.ladder.at(self.mark)?.marginal(sold)
    }
    fn capacity(&self) -> u128 {
        self.ladder.last_amount()
    }
    fn sellable_above(&self, price: Price) -> u128 {
        self.ladder.at(self.mark).unwrap().sellable_above(price)
    }
}

/// The most that any split of `wanted` lots fetches, trying all of them.
fn best_split(markets: &[&dyn Depth], wanted: u128, lot: u128) -> Option<u128> {
    let Some((first, rest)) = markets.split_first() else {
        return (wanted == 0).then_some(0);
    };
    (0..=wanted.min(first.capacity() / lot))
        .filter_map(|n| {
            best_split(rest, wanted - n, lot).map(|more| more + first.out(n * lot).unwrap())
        })
        .max()
}

fn total(parts: &[Allocation]) -> u128 {
    parts.iter().map(|part| part.out).sum()
}

/// What every answer of `route` keeps: whole lots, in order, all of them, priced by their curve.
fn is_a_split(parts: &[Allocation], markets: &[&dyn Depth], wanted: u128, lot: u128) {
    assert_eq!(parts.iter().map(|part| part.quantity).sum::<u128>(), wanted * lot);
    assert!(parts.is_sorted_by(|a, b| a.market < b.market));
    for part in parts {
        assert!(part.quantity > 0 && part.quantity % lot == 0);
        assert_eq!(markets[part.market].out(part.quantity), Ok(part.out));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_route_over_whole_prices_is_the_best_of_all_splits(
        books in prop::collection::vec(any_book(WHOLE), 1..5), quantity in 0u128..40, lot in 1u128..6
    ) {
        let markets: Vec<&dyn Depth> = books.iter().map(|book| book as &dyn Depth).collect();
        let wanted = quantity / lot;
        match route(&markets, quantity, lot) {
            Ok(parts) => {
                is_a_split(&parts, &markets, wanted, lot);
                prop_assert_eq!(Some(total(&parts)), best_split(&markets, wanted, lot));
            }
            Err(refused) => {
                let available = books.iter().map(|book| book.capacity() / lot * lot).sum();
                let asked = wanted * lot;
                prop_assert_eq!(refused, ExecutionError::BeyondDepth { asked, available });
                prop_assert!(asked > available);
            }
        }
    }

    #[test]
    fn a_route_over_any_curves_misses_at_most_what_floors_hide(
        curves in prop::collection::vec(any_curve(), 1..4), quantity in 0u128..40, lot in 1u128..6
    ) {
        let markets: Vec<&dyn Depth> = curves.iter().map(|curve| curve.as_ref() as &dyn Depth).collect();
        let wanted = quantity / lot;
        if let Ok(parts) = route(&markets, quantity, lot) {
            is_a_split(&parts, &markets, wanted, lot);
            let best = best_split(&markets, wanted, lot).unwrap();
            prop_assert!(total(&parts) + 3 * markets.len() as u128 >= best);
            for depth in markets.iter().filter(|depth| depth.capacity() >= wanted * lot) {
                prop_assert!(total(&parts) >= depth.out(wanted * lot).unwrap());
            }
        }
    }

    #[test]
    fn a_route_of_wei_over_deep_markets_leaves_no_gain_from_moving_a_piece(
        sizes in prop::collection::vec((1u128..10u128.pow(24), 1u128..10u128.pow(12)), 2..5),
        fee in 0u32..100, quantity in 1u128..10u128.pow(23), lot in 1u128..10u128.pow(18),
        piece in 1u128..1_000_000
    ) {
        let decimals = Decimals { base: 18, quote: 6, price: 8 };
        let pools: Vec<ConstantProduct> = sizes
            .iter()
            .map(|(base, quote)| ConstantProduct::new(*base, *quote, fee, decimals).unwrap())
            .collect();
        let markets: Vec<&dyn Depth> = pools.iter().map(|pool| pool as &dyn Depth).collect();
        let parts = route(&markets, quantity, lot).unwrap();
        is_a_split(&parts, &markets, quantity / lot, lot);
        let piece = piece * lot;
        for from in parts.iter().filter(|part| part.quantity >= piece) {
            for (to, depth) in markets.iter().enumerate().filter(|(to, _)| *to != from.market) {
                let held = parts.iter().find(|part| part.market == to);
                let (quantity, out) = held.map_or((0, 0), |part| (part.quantity, part.out));
                let less = markets[from.market].out(from.quantity - piece).unwrap();
                let more = depth.out(quantity + piece).unwrap();
                prop_assert!(less + more <= from.out + out + 3, "moving a piece gains");
            }
        }
    }

    #[test]
    fn a_walk_sells_whole_lots_never_beyond_its_marginal_limit(
        curve in any_curve(), consumed in 0u128..20, quantity in 0u128..40, lot in 1u128..6,
        worst in 0u128..9_000
    ) {
        let worst = Price::new(worst, 3);
        let sale = walk(curve.as_ref(), consumed, quantity, Limit::Marginal(worst), lot).unwrap();
        let consumed = consumed.min(curve.capacity());
        prop_assert_eq!(sale.sold + sale.unsold, quantity);
        prop_assert_eq!(sale.sold % lot, 0);
        prop_assert_eq!(sale.out, curve.sell_after(consumed, sale.sold).unwrap().out);
        if sale.sold > 0 {
            prop_assert!(curve.marginal(consumed + sale.sold - 1).unwrap().raw >= worst.raw);
        }
        let next = consumed + sale.sold + lot;
        match sale.stopped_by {
            StoppedBy::Quantity => prop_assert_eq!(sale.unsold, 0),
            StoppedBy::Lot => prop_assert!(sale.unsold > 0 && sale.unsold < lot),
            StoppedBy::Depth => prop_assert!(next > curve.capacity() && sale.unsold >= lot),
            StoppedBy::Price => {
                prop_assert!(next <= curve.capacity() && sale.unsold >= lot);
                prop_assert!(curve.sellable_above(worst) < next);
            }
        }
        // Without a limit only quantity, lot and depth can stop it, and it sells no less.
        let free = walk(curve.as_ref(), consumed, quantity, Limit::None, lot).unwrap();
        prop_assert!(free.sold >= sale.sold && free.stopped_by != StoppedBy::Price);
    }

    #[test]
    fn a_walk_sells_all_that_keeps_its_average_limit(
        book in any_book(COARSE), consumed in 0u128..12, quantity in 0u128..40, lot in 1u128..4,
        worst in 1u128..40
    ) {
        let worst = Price::new(worst, 3);
        let sale = walk(&book, consumed, quantity, Limit::Average(worst), lot).unwrap();
        let consumed = consumed.min(book.capacity());
        let value = |n| quote_value(n, worst, 2, 1, Rounding::Floor).unwrap();
        let keeps = |n| book.sell_after(consumed, n).unwrap().out >= value(n);
        prop_assert!(keeps(sale.sold));
        if sale.stopped_by == StoppedBy::Price {
            prop_assert!(!keeps(sale.sold + lot));
        }
        // In exact fractions: the whole curve at marginal prices, against the limit.
        let exact = |n: u128| -> Rational {
            (consumed..consumed + n)
                .map(|q| rational::from_raw(book.marginal(q).unwrap().raw as i128, 3))
                .sum()
        };
        let limit = rational::from_raw(worst.raw as i128, 3);
        let most = quantity.min(book.capacity() - consumed) / lot;
        let largest = (0..=most)
            .map(|n| n * lot)
            .filter(|n| exact(*n) >= limit.clone() * rational::from_raw(*n as i128, 0))
            .max()
            .unwrap();
        prop_assert!(sale.sold >= largest, "{} < {}", sale.sold, largest);
    }

    #[test]
    fn profit_over_whole_prices_is_the_best_of_all_quantities(
        book in any_book(WHOLE), consumed in 0u128..20, most in 0u128..40, cost in 0u128..30,
        fixed in 0u128..20
    ) {
        let price = Price::new(cost, 0);
        let left = most.min(book.capacity().saturating_sub(consumed));
        let profit = |n: u128| {
            let from = consumed.min(book.capacity());
            book.sell_after(from, n).unwrap().out as i128 - (n * cost + fixed) as i128
        };
        let expected = (0..=left).max_by_key(|n| (profit(*n), *n)).filter(|n| profit(*n) > 0);
        let best = most_profitable(&book, consumed, most, price, fixed).unwrap();
        prop_assert_eq!(best.map(|b| b.quantity), expected);
        prop_assert_eq!(best.map(|b| b.profit as i128), expected.map(profit));
        let even = expected.and_then(|_| (0..=left).rev().find(|n| profit(*n) >= 0));
        prop_assert_eq!(break_even(&book, consumed, most, price, fixed).unwrap(), even);
    }

    #[test]
    fn profit_over_any_curve_misses_at_most_what_floors_hide(
        curve in any_curve(), consumed in 0u128..20, most in 0u128..60, cost in 0u128..30_000,
        fixed in 0u128..20
    ) {
        let price = Price::new(cost, 3);
        let from = consumed.min(curve.capacity());
        let left = most.min(curve.capacity() - from);
        let profit = |n: u128| {
            let cost = quote_value(n, price, 2, 1, Rounding::Ceil).unwrap() + fixed;
            curve.sell_after(from, n).unwrap().out as i128 - cost as i128
        };
        let highest = (0..=left).map(profit).max().unwrap().max(0);
        let found = most_profitable(curve.as_ref(), consumed, most, price, fixed).unwrap();
        if let Some(best) = found {
            prop_assert_eq!(best.profit as i128, profit(best.quantity));
            let even = break_even(curve.as_ref(), consumed, most, price, fixed).unwrap().unwrap();
            prop_assert!(even >= best.quantity && profit(even) >= 0);
            prop_assert!(even == left || profit(even + 1) < 0);
        }
        prop_assert!(found.map_or(0, |best| best.profit as i128) + 2 >= highest);
    }

    #[test]
    fn shortfall_is_the_fraction_lost_rounded_both_ways(
        sold in 1u128..10u128.pow(24), out in 0u128..10u128.pow(14), mark in 1u128..10u128.pow(14),
        base in 0u8..20, quote in 0u8..20
    ) {
        let mark = Price::new(mark, 8);
        let Ok(cost) = Shortfall::of(sold, out, mark, base, quote) else {
            return Ok(());
        };
        let worth = rational::from_raw(sold as i128, base) * rational::from_raw(mark.raw as i128, 8);
        let lost = (worth.clone() - rational::from_raw(out as i128, quote)) / worth.clone();
        let bps = lost * rational::from_raw(10_000, 0);
        prop_assert_eq!(rational::from_raw(cost.bps_floor.into(), 0), bps.floor());
        prop_assert_eq!(rational::from_raw(cost.bps_ceil.into(), 0), bps.ceil());
        let value = rational::to_raw(&worth, quote, Rounding::Ceil).unwrap();
        prop_assert_eq!(cost.mark_value, value);
        prop_assert_eq!(cost.against_mark, value as i128 - out as i128);
    }

    #[test]
    fn no_input_whatever_panics(
        reserves in prop::collection::vec((any::<u128>(), any::<u128>(), 0u32..128), 1..4),
        decimals in (0u8..39, 0u8..39, 0u8..39), quantity in any::<u128>(), lot in any::<u128>(),
        shift in 0u32..128, price in any::<u128>(), scale in 0u8..50, consumed in any::<u128>()
    ) {
        let (base, quote, at) = decimals;
        let decimals = Decimals { base, quote, price: at };
        let pools: Vec<ConstantProduct> = reserves
            .iter()
            .filter_map(|(x, y, s)| {
                ConstantProduct::new((x >> 16) >> s, (y >> 16) >> (127 - s), 30, decimals).ok()
            })
            .collect();
        let markets: Vec<&dyn Depth> = pools.iter().map(|pool| pool as &dyn Depth).collect();
        let (quantity, lot) = (quantity >> shift, lot >> (127 - shift));
        let worst = Price::new(price >> shift, scale);
        if let Ok(parts) = route(&markets, quantity, lot) {
            is_a_split(&parts, &markets, quantity / lot, lot);
        }
        for depth in markets {
            for limit in [Limit::None, Limit::Marginal(worst), Limit::Average(worst)] {
                if let Ok(sale) = walk(depth, consumed, quantity, limit, lot) {
                    prop_assert!(sale.sold <= quantity);
                }
            }
            let _ = break_even(depth, consumed, quantity, worst, price);
            let _ = Shortfall::of(quantity, price, worst, base, quote);
        }
    }
}

#[test]
fn of_equal_prices_the_earlier_market_is_filled_first() {
    let (a, b) = (book(&[(10, 5), (8, 5)], WHOLE), book(&[(10, 5), (8, 5)], WHOLE));
    let parts = route(&[&a, &b], 7, 1).unwrap();
    assert_eq!(
        parts,
        [
            Allocation { market: 0, quantity: 5, out: 50 },
            Allocation { market: 1, quantity: 2, out: 20 }
        ]
    );
}

#[test]
fn lots_that_straddle_a_step_displace_whole_ones_that_fetch_less() {
    // A first lot of 10 in the outer books averages 95 although it ends at 50; two of them beat
    // the two lots of 70 and 65 whose every unit is above the clearing price.
    let outer = [(100, 9), (50, 100)];
    let (a, b) = (book(&outer, WHOLE), book(&outer, WHOLE));
    let middle = book(&[(70, 10), (65, 10)], WHOLE);
    let parts = route(&[&a, &middle, &b], 20, 10).unwrap();
    assert_eq!(parts.iter().map(|part| part.market).collect::<Vec<_>>(), [0, 2]);
    assert_eq!(total(&parts), 1_900);
}

#[test]
fn a_market_eaten_into_is_routed_around() {
    let (a, b) = (book(&[(10, 5), (8, 5)], WHOLE), book(&[(9, 5)], WHOLE));
    let rest = After::new(&a, 5);
    let parts = route(&[&rest, &b], 5, 1).unwrap();
    assert_eq!(parts, [Allocation { market: 1, quantity: 5, out: 45 }]);
}

#[test]
fn every_refusal_names_what_is_wrong() {
    let (a, b) = (book(&[(10, 5)], WHOLE), book(&[(10, 5)], COARSE));
    let says = |refusal: ExecutionError| refusal.to_string();
    assert_eq!(says(route(&[&a], 5, 0).unwrap_err()), "lot is 0; expected at least 1 base unit");
    assert_eq!(says(route(&[], 5, 1).unwrap_err()), "markets is empty; expected at least one");
    assert_eq!(
        says(route(&[&a, &b], 5, 1).unwrap_err()),
        "market 1 has 2 base and 1 quote decimals; expected 0 and 0 as market 0"
    );
    assert_eq!(
        says(route(&[&a, &a], 11, 2).unwrap_err()),
        "quantity is 10; expected at most 8, which is all that is quoted"
    );
    let fine = Price::new(1, 39);
    for limit in [Limit::Marginal(fine), Limit::Average(fine)] {
        assert_eq!(
            says(walk(&a, 0, 1, limit, 1).unwrap_err()),
            "price decimals is 39; expected at most 38"
        );
    }
    assert!(most_profitable(&a, 0, 1, fine, 0).is_err());
    let nothing = Shortfall::of(0, 1, Price::new(1, 0), 0, 0).unwrap_err();
    assert_eq!(says(nothing), "quantity sold is 0; expected more than 0");
}

#[test]
fn a_fill_above_the_mark_has_a_negative_shortfall() {
    let cost = Shortfall::of(3, 31, Price::new(10, 0), 0, 0).unwrap();
    let expected = Shortfall { mark_value: 30, against_mark: -1, bps_floor: -334, bps_ceil: -333 };
    assert_eq!(cost, expected);
}

#[test]
fn a_sale_of_nothing_tells_the_price_it_would_start_at() {
    let a = book(&[(10, 5), (8, 5)], WHOLE);
    let sale = walk(&a, 5, 0, Limit::None, 1).unwrap();
    assert_eq!((sale.sold, sale.average, sale.marginal.raw), (0, Price::new(8, 0), 8));
    assert_eq!(sale.stopped_by, StoppedBy::Quantity);
    let eaten = walk(&a, 99, 5, Limit::None, 1).unwrap();
    assert_eq!((eaten.sold, eaten.unsold, eaten.stopped_by), (0, 5, StoppedBy::Depth));
}

#[test]
fn a_split_that_only_feeds_the_floors_gives_way_to_one_market() {
    // Four parts of 100 fetch 99 each, and no single lot moved gains; together they fetch 399.
    let deep = ConstantProduct::new(10u128.pow(12), 10u128.pow(12), 0, WHOLE).unwrap();
    let parts = route(&[&deep, &deep, &deep, &deep], 400, 1).unwrap();
    assert_eq!(parts, [Allocation { market: 0, quantity: 400, out: 399 }]);
}

#[test]
fn a_unit_inside_which_the_cost_is_met_is_sold_if_its_larger_part_pays() {
    // Proceeds are 50, 66, 75, 80: the slope meets 8 between the second and the third unit.
    let pool = ConstantProduct::new(1, 100, 0, WHOLE).unwrap();
    let best = most_profitable(&pool, 0, 9, Price::new(8, 0), 0).unwrap().unwrap();
    assert_eq!((best.quantity, best.profit), (3, 51));
    assert_eq!(break_even(&pool, 0, 99, Price::new(8, 0), 0).unwrap(), Some(11));
}
