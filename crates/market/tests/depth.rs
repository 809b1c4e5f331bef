//! Promises that every curve keeps, and each curve against a slow and exact twin.

use breakwater_market::constant_product::RESERVE_MAX;
use breakwater_market::{
    After, ConstantProduct, Decimals, Depth, DepthError, LadderPoint, Level, OrderBook, QuoteLadder,
};
use breakwater_money::rational::{Rational, from_raw};
use breakwater_money::{Price, U256};
use num_bigint::BigInt;
use num_traits::{One, Zero};
use proptest::prelude::*;

fn whole(n: u128) -> Rational {
    Rational::from_integer(BigInt::from(n))
}

fn ten_to(exponent: i32) -> Rational {
    let power = whole(10).pow(exponent.abs());
    if exponent < 0 { Rational::one() / power } else { power }
}

fn floor(value: &Rational) -> u128 {
    u128::try_from(value.floor().to_integer()).unwrap()
}

fn exact(price: Price) -> Rational {
    whole(price.raw) * ten_to(-i32::from(price.decimals))
}

/// Quote base units for one base unit at a price of one.
fn unit(depth: &dyn Depth) -> Rational {
    ten_to(i32::from(depth.quote_decimals()) - i32::from(depth.base_decimals()))
}

/// Everything a caller may rely on without knowing what stands behind the curve.
fn keeps_its_promises(depth: &dyn Depth, a: u128, b: u128, price: u128) {
    let capacity = depth.capacity();
    let (a, b) = (a % (capacity / 2 + 1), b % (capacity / 2 + 1));
    let out = |q| depth.out(q).unwrap();
    assert_eq!(out(0), 0);
    assert!(out(a) <= out(a + b), "more sold fetched less");
    // Concave: the middle is at least the mean of the ends, up to what flooring takes.
    let (low, high) = (a.min(b), a.max(b));
    let middle = low + (high - low) / 2;
    let end = middle + (middle - low);
    let wide = |q| U256::from(out(q));
    let bends_down = wide(middle) + wide(middle) + U256::ONE >= wide(low) + wide(end);
    assert!(bends_down, "a later unit fetched more");
    // Additive.
    let parts = depth.sell(a).unwrap().out + depth.sell_after(a, b).unwrap().out;
    assert_eq!(parts, out(a + b));
    // The summary says what the curve says.
    let sale = depth.sell_after(a, b).unwrap();
    assert_eq!((sale.sold, sale.marginal), (b, depth.marginal(a + b).unwrap()));
    if b > 0 {
        let scale = ten_to(i32::from(depth.price_decimals()));
        let average = whole(sale.out) / whole(b) / unit(depth) * scale;
        assert_eq!(sale.average.raw, floor(&average));
    } else {
        assert_eq!(sale.average, sale.marginal);
    }
    assert!(depth.marginal(a + b).unwrap().raw <= depth.marginal(a).unwrap().raw);
    // Beyond the end there is no quote.
    let asked = capacity.saturating_add(1);
    let beyond = Err(DepthError::BeyondLastPoint { asked, last: capacity });
    if asked > capacity {
        assert_eq!(depth.out(asked), beyond);
    }
    inverse_agrees(depth, price);
    inverse_agrees(depth, depth.marginal(a).unwrap().raw);
    inverse_agrees(depth, depth.marginal(a).unwrap().raw + 1);
}

/// `sellable_above` against `marginal`, one unit either side, at the curve's scale and a finer one.
fn inverse_agrees(depth: &dyn Depth, raw: u128) {
    let decimals = depth.price_decimals();
    let sold = depth.sellable_above(Price::new(raw, decimals));
    let marginal = |q| depth.marginal(q).unwrap().raw;
    assert!(sold <= depth.capacity());
    assert!(sold == 0 || marginal(sold - 1) >= raw, "the last unit fetched less than asked");
    assert!(sold >= depth.capacity() || marginal(sold + 1) < raw, "one more would do as well");
    if let Some(finer) = raw.checked_mul(1_000) {
        let same = Price::new(finer, decimals + 3);
        assert_eq!(depth.sellable_above(same), sold, "the same price at a finer scale");
        let above = Price::new(finer + 1, decimals + 3);
        assert!(depth.sellable_above(above) <= sold);
    }
    assert_eq!(depth.sellable_above(Price::new(raw, 39)), 0);
}

fn any_decimals() -> impl Strategy<Value = Decimals> {
    prop_oneof![
        Just(Decimals { base: 0, quote: 0, price: 0 }),
        Just(Decimals { base: 18, quote: 6, price: 8 }),
        Just(Decimals { base: 2, quote: 9, price: 4 }),
        (0u8..9, 0u8..9, 0u8..9).prop_map(|(base, quote, price)| Decimals { base, quote, price }),
    ]
}

fn any_bids() -> impl Strategy<Value = Vec<Level>> {
    let step = (1u128..50, prop_oneof![1u128..100, 1u128..10u128.pow(20)]);
    prop::collection::vec(step, 1..8).prop_map(|steps| {
        let mut price = 1;
        let mut bids: Vec<Level> = steps
            .into_iter()
            .map(|(step, quantity)| {
                price += step;
                Level { price, quantity }
            })
            .collect();
        bids.reverse();
        bids
    })
}

fn any_points() -> impl Strategy<Value = Vec<LadderPoint>> {
    let amount = prop_oneof![1u128..50, 1u128..10u128.pow(22)];
    let fraction = prop_oneof![1u64..1_100_000_000, 900_000_000u64..1_010_000_000];
    prop::collection::vec((amount, fraction), 1..9).prop_map(|steps| {
        let mut last = 0;
        steps
            .into_iter()
            .map(|(step, fraction)| {
                last += step;
                LadderPoint { amount: last, fraction }
            })
            .collect()
    })
}

/// The least concave and non-decreasing curve over the points, straight from its definition: the
/// best chord over `q` between any two points.
fn envelope(points: &[LadderPoint], q: u128) -> Rational {
    let mut corners = vec![(0, Rational::zero())];
    let mut best = Rational::zero();
    for p in points {
        best = best.max(whole(p.amount) * from_raw(i128::from(p.fraction), 9));
        corners.push((p.amount, best.clone()));
    }
    let mut highest = Rational::zero();
    for (i, (left, low)) in corners.iter().enumerate().filter(|(_, (left, _))| *left <= q) {
        for (right, high) in corners.iter().skip(i).filter(|(right, _)| *right >= q) {
            let chord = match right - left {
                0 => low.clone(),
                run => low + (high - low) * whole(q - left) / whole(run),
            };
            highest = highest.max(chord);
        }
    }
    highest
}

proptest! {
    #[test]
    fn a_book_keeps_every_promise_of_a_curve(
        bids in any_bids(), decimals in any_decimals(),
        a in any::<u128>(), b in any::<u128>(), consumed in any::<u128>(), price in 0u128..500
    ) {
        let book = OrderBook::new(&bids, decimals).unwrap();
        prop_assert_eq!(book.levels(), bids.len());
        keeps_its_promises(&book, a, b, price);
        let rest = After::new(&book, consumed % (book.capacity() + 1));
        prop_assert_eq!(rest.sell(rest.capacity()).unwrap().out,
            book.out(book.capacity()).unwrap() - book.out(consumed % (book.capacity() + 1)).unwrap());
        inverse_agrees(&rest, price);
    }

    #[test]
    fn a_book_fetches_what_a_walk_in_fractions_fetches(
        bids in any_bids(), decimals in any_decimals(), q in any::<u128>()
    ) {
        let book = OrderBook::new(&bids, decimals).unwrap();
        let q = q % (book.capacity() + 1);
        let (mut left, mut value) = (q, Rational::zero());
        for bid in &bids {
            let take = left.min(bid.quantity);
            value += whole(take) * exact(Price::new(bid.price, decimals.price));
            left -= take;
        }
        prop_assert_eq!(book.out(q).unwrap(), floor(&(value * unit(&book))));
    }

    #[test]
    fn a_ladder_keeps_every_promise_of_a_curve(
        points in any_points(), base in 0u8..19, quote in 0u8..19, decimals in 0u8..9,
        mark in 1u128..10u128.pow(15), a in any::<u128>(), b in any::<u128>(), shade in 0u128..2_000
    ) {
        let ladder = QuoteLadder::new(&points, base, quote).unwrap();
        if let Ok(depth) = ladder.at(Price::new(mark, decimals)) {
            keeps_its_promises(&depth, a, b, mark * shade / 1_000);
        }
    }

    #[test]
    fn a_ladder_is_the_least_concave_curve_over_its_points(
        points in any_points(), mark in 1u128..10u128.pow(13), q in any::<u128>()
    ) {
        let ladder = QuoteLadder::new(&points, 18, 6).unwrap();
        let depth = ladder.at(Price::new(mark, 8)).unwrap();
        let q = q % (depth.capacity() + 1);
        let value = |worth: Rational| floor(&(worth * exact(Price::new(mark, 8)) * unit(&depth)));
        prop_assert_eq!(depth.out(q).unwrap(), value(envelope(&points, q)));
        for p in &points {
            let quoted = value(whole(p.amount) * from_raw(i128::from(p.fraction), 9));
            prop_assert!(depth.out(p.amount).unwrap() >= quoted);
        }
    }

    #[test]
    fn a_ladder_n_times_as_deep_fetches_n_times_as_much_for_n_times_the_amount(
        points in any_points(), mark in 1u128..10u128.pow(13), q in any::<u128>(), n in 1u128..50
    ) {
        let ladder = QuoteLadder::new(&points, 18, 6).unwrap();
        prop_assert_eq!(&ladder.scaled(1, 1).unwrap(), &ladder);
        let deeper = ladder.scaled(n, 1).unwrap();
        prop_assert_eq!(&deeper.scaled(1, n).unwrap(), &ladder);
        let mark = Price::new(mark, 8);
        let (near, far) = (ladder.at(mark).unwrap(), deeper.at(mark).unwrap());
        let q = q % (near.capacity() + 1);
        let (once, many) = (near.out(q).unwrap(), far.out(q * n).unwrap());
        prop_assert!(many >= n * once && many < n * (once + 1));
    }

    #[test]
    fn a_pool_keeps_every_promise_of_a_curve(
        base in 1u128..1 << 100, quote in 1u128..1 << 100, shift in 0u32..90, fee in 0u32..10_000,
        decimals in any_decimals(), a in any::<u128>(), b in any::<u128>(), price in any::<u64>()
    ) {
        let (base, quote) = ((base >> shift).max(1), (quote >> shift).max(1));
        let pool = ConstantProduct::new(base, quote, fee, decimals).unwrap();
        // Sales of the order of the reserve are where the curve bends.
        for size in [u128::MAX, base.saturating_mul(4)] {
            keeps_its_promises(&pool, a % size, b % size, u128::from(price >> (price % 64)));
        }
    }

    #[test]
    fn a_pool_never_pays_more_than_its_product_allows(
        base in 1u128..1 << 60, quote in 1u128..1 << 60, q in 0u128..1 << 62, fee in 0u32..10_000
    ) {
        let decimals = Decimals { base: 18, quote: 18, price: 18 };
        let product = |x: u128, y: u128| U256::from(x) * U256::from(y);
        let out = ConstantProduct::new(base, quote, fee, decimals).unwrap().out(q).unwrap();
        prop_assert!(out < quote || q == 0);
        prop_assert!(product(base + q, quote - out) >= product(base, quote));
        // Without a fee it pays all of it: one unit more would shrink the product.
        let free = ConstantProduct::new(base, quote, 0, decimals).unwrap().out(q).unwrap();
        prop_assert!(free >= out);
        prop_assert!(product(base + q, quote - free - 1) < product(base, quote));
    }

    #[test]
    fn a_pool_finds_the_last_unit_above_a_price_exactly(
        base in 1u128..1 << 50, quote in 1u128..1 << 50, near in 0u128..1 << 51,
        fee in prop_oneof![0u32..10_000, 9_990u32..10_000], off in 0u128..3
    ) {
        let decimals = Decimals { base: 3, quote: 6, price: 2 };
        let pool = ConstantProduct::new(base, quote, fee, decimals).unwrap();
        let kept = whole(u128::from(10_000 - fee));
        let slope = |q: u128| {
            let reserve = whole(10_000 * base) + &kept * whole(q);
            whole(10_000 * base) * whole(quote) * &kept / (&reserve * &reserve) / unit(&pool)
        };
        // A price at, just below or just above the slope somewhere on the curve.
        let price = Price::new(floor(&(slope(near) * ten_to(18))) + off, 18);
        let sold = pool.sellable_above(price);
        prop_assert!(sold == 0 || slope(sold) >= exact(price));
        prop_assert!(sold == pool.capacity() || slope(sold + 1) < exact(price));
    }

    #[test]
    fn no_input_whatever_panics(
        raw in prop::collection::vec((any::<u128>(), any::<u128>(), 0u32..128), 0..6),
        base in 0u8..50, quote in 0u8..50, price in 0u8..50, q in any::<u128>(), p in any::<u128>()
    ) {
        let decimals = Decimals { base, quote, price };
        let shifted = raw.iter().map(|(a, b, s)| (a >> s, b >> s));
        let mut bids: Vec<Level> =
            shifted.clone().map(|(price, quantity)| Level { price, quantity }).collect();
        bids.sort_by_key(|bid| std::cmp::Reverse(bid.price));
        let mut points: Vec<LadderPoint> = shifted
            .map(|(amount, f)| LadderPoint { amount, fraction: (f >> 64) as u64 })
            .collect();
        points.sort_by_key(|point| point.amount);
        let limit = Price::new(p, price);
        let try_all = |depth: &dyn Depth| {
            let capacity = depth.capacity();
            for quantity in [0, q % capacity.saturating_add(1).max(1), capacity, q] {
                let _ = (depth.out(quantity), depth.sell(quantity), depth.sell_after(q, quantity));
                let _ = After::new(depth, quantity).sell(q);
            }
            assert!(depth.sellable_above(limit) <= capacity);
        };
        if let Ok(book) = OrderBook::new(&bids, decimals) {
            try_all(&book);
            prop_assert!(book.out(book.capacity()).is_ok());
        }
        if let Ok(ladder) = QuoteLadder::new(&points, base, quote) {
            let _ = (ladder.scaled(p, q), ladder.scaled(q, p));
            if let Ok(depth) = ladder.at(limit) {
                try_all(&depth);
                prop_assert!(depth.out(q % (depth.capacity() + 1)).is_ok());
            }
        }
        if let Ok(pool) = ConstantProduct::new(p.min(RESERVE_MAX), q.min(RESERVE_MAX), 30, decimals) {
            try_all(&pool);
            prop_assert!(pool.out(pool.capacity()).is_ok());
        }
    }
}

#[test]
fn a_book_says_which_bid_is_wrong() {
    let decimals = Decimals { base: 18, quote: 6, price: 8 };
    let says = |bids: &[(u128, u128)]| {
        let bids: Vec<Level> =
            bids.iter().map(|&(price, quantity)| Level { price, quantity }).collect();
        OrderBook::new(&bids, decimals).unwrap_err().to_string()
    };
    assert_eq!(says(&[]), "bids is empty; expected at least one entry");
    assert_eq!(says(&[(5, 1), (0, 1)]), "bid price of entry 1 is 0; expected above 0");
    assert_eq!(says(&[(5, 0)]), "bid quantity of entry 0 is 0; expected above 0");
    assert_eq!(
        says(&[(5, 1), (5, 1)]),
        "bid price of entry 1 is 5; expected below the one before, 5"
    );
    assert_eq!(
        says(&[(5, u128::MAX - 1), (4, 2)]),
        "bid quantity of entry 1 is 2; expected at most 1"
    );
}

#[test]
fn a_ladder_says_which_point_is_wrong() {
    let says = |points: &[(u128, u64)]| {
        let points: Vec<LadderPoint> =
            points.iter().map(|&(amount, fraction)| LadderPoint { amount, fraction }).collect();
        QuoteLadder::new(&points, 18, 6).unwrap_err().to_string()
    };
    assert_eq!(says(&[]), "points is empty; expected at least one entry");
    assert_eq!(
        says(&[(5, 9), (5, 9)]),
        "point amount of entry 1 is 5; expected above the one before, 5"
    );
    assert_eq!(says(&[(0, 9)]), "point amount of entry 0 is 0; expected above the one before, 0");
    assert_eq!(says(&[(5, 0)]), "point fraction of entry 0 is 0; expected above 0");
    let ladder = QuoteLadder::new(&[LadderPoint { amount: 9, fraction: 9 }], 18, 6).unwrap();
    assert_eq!(
        ladder.scaled(1, 0).unwrap_err().to_string(),
        "denom of the scale is 0; expected above 0"
    );
    assert_eq!(
        ladder.scaled(1, 10).unwrap_err().to_string(),
        "point amount of entry 0 is 0; expected above the one before, 0"
    );
}

#[test]
fn beyond_the_last_point_there_is_no_quote() {
    let points = [LadderPoint { amount: 1_000, fraction: 990_000_000 }];
    let ladder = QuoteLadder::new(&points, 3, 2).unwrap();
    let depth = ladder.at(Price::new(172_347, 2)).unwrap();
    assert_eq!(depth.out(1_000), Ok(170_623));
    let refused = depth.sell_after(999, 2).unwrap_err();
    assert_eq!(refused, DepthError::BeyondLastPoint { asked: 1_001, last: 1_000 });
    assert_eq!(refused.to_string(), "quantity is 1001; beyond 1000 there is no quote");
    // At the very end the marginal price is that of the last unit quoted, not zero.
    assert_eq!(depth.sell(1_000).unwrap().marginal, Price::new(170_623, 2));
}

#[test]
fn a_point_that_fetches_less_than_a_smaller_one_does_not_make_the_curve_fall() {
    let points = [
        LadderPoint { amount: 100, fraction: 1_000_000_000 },
        LadderPoint { amount: 200, fraction: 400_000_000 },
    ];
    let ladder = QuoteLadder::new(&points, 0, 0).unwrap();
    let depth = ladder.at(Price::new(1, 0)).unwrap();
    assert_eq!((depth.out(100), depth.out(150), depth.out(200)), (Ok(100), Ok(100), Ok(100)));
    assert_eq!(depth.marginal(100), Ok(Price::new(0, 0)));
    assert_eq!(depth.sellable_above(Price::new(1, 0)), 100);
    assert_eq!(ladder.hull_amounts().collect::<Vec<_>>(), [100, 200]);
}

#[test]
fn a_price_met_exactly_is_still_above() {
    // One unit of 10,000 trades, so a root wrong by one is a quantity wrong by one. The slope is
    // 10,000 x y / (10,000 x + q)^2: with x = 1 and y = 4e8 it is 10,000 at q = 10,000.
    let decimals = Decimals { base: 0, quote: 0, price: 0 };
    let pool = ConstantProduct::new(1, 400_000_000, 9_999, decimals).unwrap();
    assert_eq!(pool.marginal(10_000), Ok(Price::new(10_000, 0)));
    assert_eq!(pool.sellable_above(Price::new(10_000, 0)), 10_000);
    assert_eq!(pool.sellable_above(Price::new(10_001, 0)), 9_999);
}

#[test]
fn points_on_a_straight_line_leave_only_its_ends() {
    let point = |amount| LadderPoint { amount, fraction: 900_000_000 };
    let ladder = QuoteLadder::new(&[point(10), point(20), point(30)], 18, 6).unwrap();
    assert_eq!(ladder.hull_amounts().collect::<Vec<_>>(), [30]);
    assert_eq!(ladder.points().len(), 3);
}
