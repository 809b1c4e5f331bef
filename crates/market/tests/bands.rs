//! Depth by bands: the curve against a slow and exact twin, and its guard at every edge.

use breakwater_market::{
    Band, BandDepth, BandGuard, BandRefusal, BandSide, BandSnapshot, BookSide, Decimals, Depth,
    DepthError, JudgedBands, RefusalCount,
};
use breakwater_money::rational::Rational;
use breakwater_money::{Price, Time};
use num_bigint::BigInt;
use num_traits::Zero;
use proptest::prelude::*;

/// Thousandths of the base, cents.
const SCALE: Decimals = Decimals { base: 3, quote: 2, price: 2 };
const GUARD: BandGuard = BandGuard {
    decimals: SCALE,
    age_max_nanos: 1_000,
    ahead_max_nanos: 10,
    crossed_max_bps: 10,
    beyond_max_bps: 100,
};
const NOW: Time = Time(1_000_000);
/// 1,000.00.
const REFERENCE: u128 = 100_000;
const MARK: Price = Price::new(REFERENCE, 2);

fn band(width_bps: u32, quantity: u128, value: u128) -> Band {
    Band { width_bps, quantity, value }
}

/// 10 units at 995 within 1 %, 20 more at 985 within 2 %.
fn bids() -> Vec<Band> {
    vec![band(100, 10_000, 995_000), band(200, 30_000, 2_965_000)]
}

/// 10 units at 1,005 within 1 %, 20 more at 1,015 within 2 %.
fn asks() -> Vec<Band> {
    vec![band(100, 10_000, 1_005_000), band(200, 30_000, 3_035_000)]
}

fn snapshot() -> BandSnapshot {
    BandSnapshot { observed_at: NOW, bids: bids(), asks: asks() }
}

fn judge(change: impl Fn(&mut BandSnapshot)) -> JudgedBands {
    let mut changed = snapshot();
    change(&mut changed);
    GUARD.judge(&changed, MARK, NOW)
}

fn bids_of(change: impl Fn(&mut Vec<Band>)) -> Result<BandSide, BandRefusal> {
    let judged = judge(|snapshot| change(&mut snapshot.bids));
    assert!(judged.asks.is_ok(), "a fault of the bids is none of the asks");
    judged.bids
}

fn whole(n: u128) -> Rational {
    Rational::from_integer(BigInt::from(n))
}

fn integer(value: &Rational) -> u128 {
    u128::try_from(value.to_integer()).unwrap()
}

#[test]
fn a_curve_goes_through_its_bands_and_moves_with_the_mark() {
    let depth = judge(|_| {}).or_mirrored().unwrap();
    assert_eq!(depth.mirrored(), None);
    let (sell, buy) = (depth.bids_at(MARK).unwrap(), depth.asks_at(MARK).unwrap());
    let outs = [0, 10_000, 20_000, 30_000].map(|quantity| sell.out(quantity).unwrap());
    assert_eq!(outs, [0, 995_000, 1_980_000, 2_965_000]);
    let costs = [0, 10_000, 20_000, 30_000].map(|quantity| buy.cost(quantity).unwrap());
    assert_eq!(costs, [0, 1_005_000, 2_020_000, 3_035_000]);
    assert_eq!(sell.marginal(9_999).unwrap(), Price::new(99_500, 2));
    assert_eq!(sell.marginal(10_000).unwrap(), Price::new(98_500, 2));
    assert_eq!(buy.marginal(30_000).unwrap(), Price::new(101_500, 2));
    // At half the reference everything costs half; an odd cent goes against whoever trades.
    let half = Price::new(REFERENCE / 2, 2);
    let (sell, buy) = (depth.bids_at(half).unwrap(), depth.asks_at(half).unwrap());
    assert_eq!((sell.out(30_000).unwrap(), buy.cost(30_000).unwrap()), (1_482_500, 1_517_500));
    assert_eq!((sell.out(1).unwrap(), buy.cost(1).unwrap()), (49, 51));
    let wrong = depth.bids_at(Price::new(REFERENCE, 3)).unwrap_err();
    assert!(matches!(wrong, DepthError::Field { field: "decimals of the mark", value: 3, .. }));
}

#[test]
fn the_inverse_takes_a_slice_at_its_price_and_not_one_unit_of_price_further() {
    let depth = judge(|_| {}).or_mirrored().unwrap();
    let (sell, buy) = (depth.bids_at(MARK).unwrap(), depth.asks_at(MARK).unwrap());
    let sellable =
        [99_501, 99_500, 98_501, 98_500, 0].map(|p| sell.sellable_above(Price::new(p, 2)));
    assert_eq!(sellable, [0, 10_000, 10_000, 30_000, 30_000]);
    let buyable =
        [100_499, 100_500, 101_499, 101_500, 999_999].map(|p| buy.buyable_below(Price::new(p, 2)));
    assert_eq!(buyable, [0, 10_000, 10_000, 30_000, 30_000]);
    assert_eq!(sell.sellable_above(Price::new(9_950_001, 4)), 0);
    assert_eq!(buy.buyable_below(Price::new(10_050_000, 4)), 10_000);
    assert_eq!(sell.sellable_above(Price::new(0, 39)), 0);
    assert_eq!(buy.buyable_below(Price::new(u128::MAX, 39)), 0);
}

#[test]
fn beyond_the_last_band_there_is_no_quote() {
    let depth = judge(|_| {}).or_mirrored().unwrap();
    let (sell, buy) = (depth.bids_at(MARK).unwrap(), depth.asks_at(MARK).unwrap());
    let beyond = DepthError::BeyondLastPoint { asked: 30_001, last: 30_000 };
    assert_eq!((sell.capacity(), buy.capacity()), (30_000, 30_000));
    assert_eq!(sell.out(30_001), Err(beyond));
    assert_eq!(buy.cost(30_001), Err(beyond));
    assert_eq!(buy.buy_after(30_000, 1), Err(beyond));
    assert!(buy.buy_after(u128::MAX, 1).is_err());
}

#[test]
fn a_mirrored_side_is_as_far_from_the_reference_and_says_what_it_is() {
    let crossed = |snapshot: &mut BandSnapshot| snapshot.bids = vec![band(100, 17, 2_057)];
    let depth = judge(crossed).or_mirrored().unwrap();
    assert_eq!(depth.mirrored(), Some(BookSide::Bids));
    // Asks at 1,005 and 1,015 become bids at 995 and 985.
    let sell = depth.bids_at(MARK).unwrap();
    assert_eq!(sell.out(10_000).unwrap(), 995_000);
    assert_eq!(sell.out(30_000).unwrap(), 2_965_000);
    assert_eq!(depth.asks().mirrored().unwrap().mirrored().unwrap(), *depth.asks());
    // Nothing to mirror: no depth at all.
    let both = judge(|snapshot| (snapshot.bids, snapshot.asks) = (Vec::new(), Vec::new()));
    assert_eq!(both.bids, Err(BandRefusal::Empty));
    assert_eq!(both.or_mirrored(), None);
    // The image of asks at twice the reference would be bids at nothing.
    let side =
        |value| BandSide::new(BookSide::Asks, &[band(1, 10, value)], REFERENCE, SCALE).unwrap();
    assert!(side(1_999).mirrored().is_ok());
    let far = side(2_000).mirrored().unwrap_err();
    assert!(
        far.to_string().contains("entry 0 is 200000; expected below twice the reference"),
        "{far}"
    );
}

#[test]
fn two_sides_that_do_not_belong_together_make_no_depth() {
    let side =
        |side, bands: &[Band], reference| BandSide::new(side, bands, reference, SCALE).unwrap();
    let good = side(BookSide::Bids, &bids(), REFERENCE);
    let other = side(BookSide::Asks, &asks(), REFERENCE);
    assert!(BandDepth::new(good.clone(), other.clone()).is_some());
    assert!(BandDepth::new(other.clone(), good.clone()).is_none());
    assert!(BandDepth::new(good.clone(), good.clone()).is_none());
    assert!(BandDepth::new(good.clone(), side(BookSide::Asks, &asks(), REFERENCE + 1)).is_none());
    let scale = Decimals { base: 2, ..SCALE };
    let coarse = BandSide::new(BookSide::Asks, &asks(), REFERENCE, scale).unwrap();
    assert!(BandDepth::new(good, coarse).is_none());
}

#[test]
fn bids_may_pass_the_reference_by_the_tolerance_and_no_further() {
    // 10 bps above 1,000.00 is 1,001.00: ten units of it are 1,001,000 cents.
    let nearest = |value| bids_of(|bids| *bids = vec![band(100, 10_000, value)]);
    assert!(nearest(1_001_000).is_ok());
    let refused = BandRefusal::Crossed { average: 100_100, bound: REFERENCE, decimals: 2 };
    assert_eq!(nearest(1_001_001), Err(refused));
    assert_eq!(refused.name(), "crossed");
    assert_eq!(refused.to_string(), "crossed: average 1001 on the wrong side of 1000");
}

#[test]
fn asks_may_pass_the_reference_by_the_tolerance_and_no_further() {
    let nearest = |value| judge(|snapshot| snapshot.asks = vec![band(100, 10_000, value)]);
    assert!(nearest(999_000).asks.is_ok());
    let judged = nearest(998_999);
    assert!(matches!(judged.asks, Err(BandRefusal::Crossed { bound: REFERENCE, .. })));
    assert!(judged.bids.is_ok(), "the bids at 995 stand on their own side");
}

#[test]
fn within_the_tolerance_a_side_that_passes_the_other_is_refused() {
    let crossing = |bid, ask| {
        judge(|snapshot| {
            snapshot.bids = vec![band(100, 10_000, bid)];
            snapshot.asks = vec![band(100, 10_000, ask)];
        })
    };
    // Bids at 1,000.50 against asks at 1,000.50: locked, which is accepted.
    let locked = crossing(1_000_500, 1_000_500);
    assert!(locked.bids.is_ok() && locked.asks.is_ok());
    let crossed = crossing(1_000_501, 1_000_500);
    assert!(matches!(crossed.bids, Err(BandRefusal::Crossed { bound: 100_050, .. })));
    assert!(crossed.asks.is_ok(), "the asks stand above the reference");
    // Both on the wrong side: both refused.
    let both = crossing(1_000_001, 999_999);
    assert!(both.bids.is_err() && both.asks.is_err());
    // At the reference itself nothing is on the wrong side.
    let at = crossing(1_000_000, 999_999);
    assert!(at.bids.is_ok() && at.asks.is_err());
}

#[test]
fn an_average_may_lie_beyond_its_band_by_the_tolerance_and_no_further() {
    // Within 1 %: 990.00, less 1 % of it: 980.10.
    let nearest = |value| bids_of(|bids| *bids = vec![band(100, 10_000, value)]);
    assert!(nearest(980_100).is_ok());
    let refused = nearest(980_099).unwrap_err();
    assert!(matches!(
        refused,
        BandRefusal::OutOfBand { width_bps: 100, average: 98_009, reference: REFERENCE, .. }
    ));
    // 1,010.00 and 1 % of it: 1,020.10.
    let asks = |value| judge(|snapshot| snapshot.asks = vec![band(100, 10_000, value)]).asks;
    assert!(asks(1_020_100).is_ok());
    assert_eq!(asks(1_020_101).unwrap_err().name(), "out of band");
    // A band that reaches to zero has no far edge to pass.
    assert!(bids_of(|bids| *bids = vec![band(10_000, 10_000, 10)]).is_ok());
    assert!(bids_of(|bids| *bids = vec![band(u32::MAX, 10_000, 10)]).is_ok());
}

#[test]
fn bands_are_cumulative() {
    let second = |quantity, value| {
        let found = bids_of(|bids| bids[1] = band(200, quantity, value));
        found.map_err(|refusal| refusal.name())
    };
    assert!(second(10_000, 995_000).is_ok(), "a band may add nothing");
    assert_eq!(second(9_999, 995_000), Err("not cumulative"));
    assert_eq!(second(9_999, 994_999), Err("not cumulative"));
    assert_eq!(second(10_000, 995_001), Err("not cumulative"));
    assert_eq!(second(10_001, 995_000), Err("not cumulative"));
    assert_eq!(second(10_001, 994_999), Err("not cumulative"));
    // 1.000 more at 995.00 as before, and at a cent more for the thousandth.
    assert!(second(11_000, 1_094_500).is_ok());
    assert_eq!(second(11_000, 1_094_501), Err("out of order"));
    assert_eq!(second(0, 0), Err("not positive"));
    assert_eq!(second(30_000, 0), Err("not positive"));
    assert_eq!(second(u128::MAX, u128::MAX), Err("too large"));
    let asks = |value| judge(|snapshot| snapshot.asks[1] = band(200, 11_000, value)).asks;
    assert!(asks(1_105_500).is_ok());
    assert_eq!(asks(1_105_499).unwrap_err().name(), "out of order");
    let equal = bids_of(|bids| bids[1].width_bps = 100);
    assert_eq!(equal, Err(BandRefusal::NotAscending { width_bps: 100, before_bps: 100 }));
    assert_eq!(bids_of(|bids| bids[0].width_bps = 0).unwrap_err().name(), "not ascending");
}

#[test]
fn age_counts_to_the_nanosecond_for_both_sides() {
    let at = |observed_at| {
        let judged = judge(|snapshot| snapshot.observed_at = Time(observed_at));
        assert_eq!(judged.bids.is_ok(), judged.asks.is_ok());
        judged.bids.map_err(|refusal| refusal.name()).map(|_| ())
    };
    assert_eq!(at(NOW.0 - 1_000), Ok(()));
    assert_eq!(at(NOW.0 - 1_001), Err("stale"));
    assert_eq!(at(NOW.0 + 10), Ok(()));
    assert_eq!(at(NOW.0 + 11), Err("future"));
}

#[test]
fn wrong_scales_and_references_are_named() {
    let name = |judged: JudgedBands| judged.bids.unwrap_err().name();
    assert_eq!(name(GUARD.judge(&snapshot(), Price::new(REFERENCE, 3), NOW)), "wrong scale");
    assert_eq!(name(GUARD.judge(&snapshot(), Price::new(0, 2), NOW)), "not positive");
    for decimals in [
        Decimals { base: 0, quote: 3, price: 2 },
        Decimals { base: 39, quote: 39, price: 2 },
        Decimals { base: 38, quote: 0, price: 2 },
    ] {
        let guard = BandGuard { decimals, ..GUARD };
        assert_eq!(name(guard.judge(&snapshot(), MARK, NOW)), "wrong scale");
    }
}

#[test]
fn a_guard_that_cannot_work_says_which_parameter() {
    assert!(GUARD.validate().is_ok());
    let field = |guard: BandGuard| guard.validate().unwrap_err().field;
    assert_eq!(field(BandGuard { age_max_nanos: 0, ..GUARD }), "age_max_nanos");
    assert_eq!(field(BandGuard { ahead_max_nanos: 1_001, ..GUARD }), "ahead_max_nanos");
    assert_eq!(field(BandGuard { crossed_max_bps: 10_000, ..GUARD }), "crossed_max_bps");
    assert_eq!(field(BandGuard { beyond_max_bps: 10_000, ..GUARD }), "beyond_max_bps");
}

#[test]
fn refusals_are_counted_from_the_first_to_the_last() {
    let mut count = RefusalCount::default();
    assert_eq!((count.refused, count.first, count.last), (0, None, None));
    for at in [7, 3, 9, 5] {
        count.add(Time(at));
    }
    assert_eq!(count, RefusalCount { refused: 4, first: Some(Time(3)), last: Some(Time(9)) });
}

/// Slices with prices from `REFERENCE` outwards, as cumulative bands whose values are exact.
fn any_side(side: BookSide) -> impl Strategy<Value = Vec<Band>> {
    let slice = (1u128..2_000, 0u128..50);
    prop::collection::vec(slice, 1..7).prop_map(move |slices| {
        let (mut quantity, mut value, mut price) = (0, 0, REFERENCE / 100);
        let mut bands = Vec::new();
        for (index, (lots, step)) in slices.into_iter().enumerate() {
            price = if side == BookSide::Bids { price - step } else { price + step };
            // A lot is 0.100, so that lots times price are whole cents.
            (quantity, value) = (quantity + 100 * lots, value + 10 * lots * price);
            let width_bps = 100 * (index as u32 + 1);
            bands.push(Band { width_bps, quantity, value });
        }
        bands
    })
}

/// Value of the first `quantity` units, straight from the bands.
fn twin(bands: &[Band], mark: u128, quantity: u128) -> Rational {
    let (mut left, mut value, mut before) = (quantity, Rational::zero(), band(0, 0, 0));
    for band in bands {
        let size = band.quantity - before.quantity;
        let taken = left.min(size);
        value += whole(band.value - before.value) * whole(taken) / whole(size);
        (left, before) = (left - taken, *band);
    }
    value * whole(mark) / whole(REFERENCE)
}

/// Raw price of the next unit after `quantity`, at the end of the last one.
fn slope(bands: &[Band], mark: u128, quantity: u128) -> Rational {
    let next = quantity.min(bands[bands.len() - 1].quantity - 1);
    // Cents for a thousandth: a thousand of them make a price in cents.
    (twin(bands, mark, next + 1) - twin(bands, mark, next)) * whole(1_000)
}

proptest! {
    #[test]
    fn bids_equal_their_slow_twin(bands in any_side(BookSide::Bids), mark in 1u128..400_000, cut in 0u128..=1_000, price in 0u128..200_000) {
        let side = BandSide::new(BookSide::Bids, &bands, REFERENCE, SCALE).unwrap();
        let depth = BandDepth::from_one(side).unwrap();
        let at = depth.bids_at(Price::new(mark, 2)).unwrap();
        let quantity = at.capacity() * cut / 1_000;
        prop_assert_eq!(at.out(quantity).unwrap(), integer(&twin(&bands, mark, quantity).floor()));
        let parts = at.sell(quantity).unwrap().out + at.sell_after(quantity, at.capacity() - quantity).unwrap().out;
        prop_assert_eq!(parts, at.out(at.capacity()).unwrap());
        // No unit sold fetches less than asked, and one more would.
        let near = at.marginal(quantity).unwrap().raw;
        let slope = slope(&bands, mark, quantity);
        prop_assert_eq!(near, integer(&slope.floor()));
        for price in [price, near, near + 1] {
            let sold = at.sellable_above(Price::new(price, 2));
            prop_assert!(sold == 0 || at.marginal(sold - 1).unwrap().raw >= price);
            prop_assert!(sold == at.capacity() || at.marginal(sold).unwrap().raw < price);
        }
    }

    #[test]
    fn asks_equal_their_slow_twin(bands in any_side(BookSide::Asks), mark in 1u128..400_000, cut in 0u128..=1_000, price in 0u128..400_000) {
        let side = BandSide::new(BookSide::Asks, &bands, REFERENCE, SCALE).unwrap();
        let depth = BandDepth::from_one(side).unwrap();
        let at = depth.asks_at(Price::new(mark, 2)).unwrap();
        let quantity = at.capacity() * cut / 1_000;
        prop_assert_eq!(at.cost(quantity).unwrap(), integer(&twin(&bands, mark, quantity).ceil()));
        let parts = at.buy_after(0, quantity).unwrap().cost + at.buy_after(quantity, at.capacity() - quantity).unwrap().cost;
        prop_assert_eq!(parts, at.cost(at.capacity()).unwrap());
        let near = at.marginal(quantity).unwrap().raw;
        prop_assert_eq!(near, integer(&slope(&bands, mark, quantity).ceil()));
        for price in [price, near, near - 1] {
            let bought = at.buyable_below(Price::new(price, 2));
            prop_assert!(bought == 0 || at.marginal(bought - 1).unwrap().raw <= price);
            prop_assert!(bought == at.capacity() || at.marginal(bought).unwrap().raw > price);
        }
        // Buying and selling at once never gains.
        prop_assert!(depth.bids_at(Price::new(mark, 2)).unwrap().out(quantity).unwrap() <= at.cost(quantity).unwrap());
    }

    #[test]
    fn no_bands_make_the_guard_panic(
        observed_at in any::<u64>(),
        reference in any::<u128>(),
        entries in prop::collection::vec((any::<u32>(), any::<u128>(), any::<u128>()), 0..5),
        decimals in (0u8..45, 0u8..45, 0u8..45),
        tolerances in (any::<u32>(), any::<u32>()),
    ) {
        let bands: Vec<Band> = entries.iter().map(|(w, q, v)| band(*w, *q, *v)).collect();
        let (base, quote, price) = decimals;
        let guard = BandGuard {
            decimals: Decimals { base, quote, price },
            age_max_nanos: u64::MAX,
            ahead_max_nanos: u64::MAX,
            crossed_max_bps: tolerances.0,
            beyond_max_bps: tolerances.1,
        };
        let hostile = BandSnapshot { observed_at: Time(observed_at), bids: bands.clone(), asks: bands };
        let judged = guard.judge(&hostile, Price::new(reference, price), NOW);
        for refusal in [&judged.bids, &judged.asks].into_iter().filter_map(|side| side.as_ref().err()) {
            prop_assert!(refusal.to_string().contains(refusal.name()));
        }
        if let Some(depth) = judged.or_mirrored() {
            let mark = Price::new(reference, price);
            let _ = depth.bids_at(mark).map(|at| at.out(at.capacity()));
            let _ = depth.asks_at(mark).map(|at| at.cost(at.capacity()));
        }
    }
}
