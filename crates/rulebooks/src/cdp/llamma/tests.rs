//! The rules that no number of the venue's vectors separates from a near alternative, worked by
//! hand, and what must hold over random pools. The venue's own numbers are checked by the
//! conformance crate.

#![cfg(test)]

use super::band::Moment;
use super::target::Prices;
use super::walk::ends;
use super::*;
use proptest::prelude::*;

const W: u128 = ONE as u128;

fn n(value: u128) -> U256 {
    U256::from(value)
}

fn terms(amplification: u64, base_price: u128) -> Terms {
    Terms {
        amplification,
        base_price: n(base_price),
        fee: n(1_000_000),
        sqrt_band_ratio: Terms::square_root_of_band_ratio(amplification).unwrap(),
        borrowed_decimals: 18,
        collateral_decimals: 18,
    }
}

fn market(amplification: u64, base_price: u128) -> Market {
    Market::new(terms(amplification, base_price)).unwrap()
}

fn feed(price: u128, now: u64) -> Feed {
    Feed { price: n(price), now }
}

/// A pool whose memory is too old to limit anything, as long as the clock says a thousand.
fn pool(price: u128) -> Pool {
    Pool::new(feed(price, 0))
}

fn put(market: &Market, pool: &mut Pool, amount: u128, first: i64, last: i64) -> Position {
    let deposit = deposit(market, pool, false, n(amount), first, last).unwrap();
    pool.apply(&deposit.changes);
    deposit.position
}

fn swap(market: &Market, pool: &mut Pool, feed: Feed, sold: Coin, wanted: Wanted) -> Quote {
    let limit = if matches!(wanted, Wanted::In(_)) { U256::ZERO } else { U256::MAX };
    let swap = exchange(market, pool, feed, sold, wanted, limit).unwrap();
    pool.apply(&swap.changes);
    swap.amounts
}

mod oracle {
    use super::*;

    fn at(old: u128, fee: u128, new: u128, elapsed: u64) -> Result<(u128, u128), Revert> {
        let memory = Memory { price: n(old), fee: n(fee), at: 1_000 };
        let limited = limited(&memory, feed(new, 1_000 + elapsed))?;
        Ok((limited.price.to(), limited.fee.to()))
    }

    #[test]
    fn a_rise_of_exactly_a_quarter_is_no_clip_and_one_unit_more_is() {
        let fee = 488 * W / 1_000; // 1 - 0.8^3
        assert_eq!(at(1_000 * W, 0, 1_250 * W, 0), Ok((1_250 * W, fee)));
        assert_eq!(at(1_000 * W, 0, 1_250 * W + 1, 0), Ok((1_250 * W, fee)));
        assert_eq!(at(1_000 * W, 0, 9_000 * W, 0), Ok((1_250 * W, fee)));
        // A thousand and a quarter is 1250.00...; seven times that is no whole number.
        assert_eq!(at(7, 0, 9, 0).unwrap().0, 8);
        assert_eq!(at(7, 0, 8, 0).unwrap().0, 8);
    }

    #[test]
    fn a_fall_to_exactly_four_fifths_is_no_clip_and_one_unit_less_is() {
        let fee = 488 * W / 1_000;
        assert_eq!(at(1_250 * W, 0, 1_000 * W, 0), Ok((1_000 * W, fee)));
        assert_eq!(at(1_250 * W, 0, 1_000 * W - 1, 0), Ok((1_000 * W, fee)));
        assert_eq!(at(1_250 * W, 0, 1, 0), Ok((1_000 * W, fee)));
    }

    #[test]
    fn the_fee_decays_over_two_minutes_and_a_later_jump_is_free() {
        assert_eq!(at(1_000 * W, 0, 2_000 * W, 60), Ok((1_250 * W, 244 * W / 1_000)));
        assert_eq!(at(1_000 * W, 0, 2_000 * W, 119), Ok((1_250 * W, 488 * W / 120_000)));
        assert_eq!(at(1_000 * W, W / 2, 2_000 * W, 120), Ok((2_000 * W, 0)));
        assert_eq!(at(1_000 * W, W / 2, W, 1_000_000), Ok((W, 0)));
        // An unchanged price only lets the old fee decay.
        assert_eq!(at(1_000 * W, W / 2, 1_000 * W, 30), Ok((1_000 * W, W / 8 * 3)));
    }

    #[test]
    fn the_fee_stays_below_one() {
        assert_eq!(at(W, W - 1, 2 * W, 0), Ok((W * 5 / 4, W - 1)));
        // 0.512 and 0.488 make exactly one.
        assert_eq!(at(W, 512 * W / 1_000, 2 * W, 0), Ok((W * 5 / 4, W - 1)));
        assert_eq!(at(W, 512 * W / 1_000 - 1, 2 * W, 0), Ok((W * 5 / 4, W - 1)));
        assert_eq!(at(W, 512 * W / 1_000 - 2, 2 * W, 0), Ok((W * 5 / 4, W - 2)));
    }

    #[test]
    fn a_clock_that_runs_backwards_and_a_price_of_zero_are_refused() {
        let memory = Memory { price: n(W), fee: U256::ZERO, at: 1_000 };
        assert_eq!(limited(&memory, feed(W, 999)), Err(Revert::Arithmetic));
        assert_eq!(at(0, 0, 0, 0), Err(Revert::Arithmetic));
        assert_eq!(
            limited(&memory, Feed { price: U256::MAX, now: 1_000 }).unwrap().price,
            n(W * 5 / 4)
        );
    }

    #[test]
    fn only_swaps_store_even_of_nothing_and_each_may_move_the_price_by_a_quarter() {
        let market = market(100, 1_000 * W);
        let mut pool = pool(1_000 * W);
        put(&market, &mut pool, 1_000, 1, 4);
        assert_eq!(pool.head.memory, Memory { price: n(1_000 * W), fee: U256::ZERO, at: 0 });

        let far = feed(5_000 * W, 0);
        let nothing = swap(&market, &mut pool, far, Coin::Borrowed, Wanted::In(U256::ZERO));
        assert_eq!(nothing, Quote::default());
        let fee = 488 * W / 1_000;
        assert_eq!(pool.head.memory, Memory { price: n(1_250 * W), fee: n(fee), at: 0 });
        let before = pool.clone();
        assert!(quote(&market, &pool, far, Coin::Borrowed, Wanted::In(n(1))).is_ok());
        assert_eq!(pool, before);

        swap(&market, &mut pool, far, Coin::Collateral, Wanted::Out(U256::ZERO));
        assert_eq!(pool.head.memory.price, n(1_562_500_000_000_000_000_000));
        assert_eq!(pool.head.memory.fee, n(976 * W / 1_000));
        // The price is now more than fifty bands above band 0, so that the walk ends before it
        // reaches a deposit: nothing is traded, and the oracle is stored all the same.
        let ended = swap(&market, &mut pool, far, Coin::Borrowed, Wanted::In(n(W)));
        assert_eq!(ended, Quote::default());
        assert_eq!(pool.head.memory.price, n(1_953_125_000_000_000_000_000));
        assert_eq!(pool.head.memory.fee, n(W - 1));
        assert_eq!((pool.head.active, &pool.bands), (before.head.active, &before.bands));
    }
}

mod band {
    use super::*;

    fn moment<'a>(market: &'a Market, price: u128) -> Moment<'a> {
        Moment::of(market, &pool(price), feed(price, 1_000)).unwrap()
    }

    #[test]
    fn the_collateral_equivalent_floors_each_part_of_its_equation() {
        let market = market(3, W);
        let moment = moment(&market, 7);
        let y = n(1_510_000_000_000_000_000);
        // b is floor(5 * 2 * 4 / 7) = 5 and floor(floor(3 * 49 / 5) * 1.51) = floor(29 * 1.51) = 43;
        // with 29.4 it would be 44. The root of 48^2 + floor(4 * 3 * 7 * 1.51) * 4 = 2808 is 52;
        // with 126.84 instead of 126 it would be 53.
        let y0 = moment.collateral_equivalent(n(4), y, n(5)).unwrap();
        assert_eq!(y0, n(100 * W / 42));
        assert_eq!(moment.collateral_equivalent(n(4), U256::ZERO, n(5)), Ok(n(5 * W / 21)));
        assert_eq!(moment.collateral_equivalent(U256::ZERO, y, n(5)), Ok(n(43 * W / 21)));
        assert_eq!(moment.collateral_equivalent(U256::ZERO, U256::ZERO, n(5)), Ok(U256::ZERO));
    }

    #[test]
    fn the_distance_fee_is_a_quarter_of_the_way_outside_on_either_side() {
        let market = market(2, W);
        let moment = moment(&market, W);
        // The band's own prices run from p^3 / u^2 to four times that.
        assert_eq!(moment.fee_at(n(4 * W)), Ok(n(W / 4 * 3 / 4)));
        assert_eq!(moment.fee_at(n(W / 2)), Ok(n(W / 4 * 3 / 4)));
        assert_eq!(moment.fee_at(n(2 * W)), Ok(market.terms().fee), "at its upper price");
        assert_eq!(moment.fee_at(n(W)), Ok(market.terms().fee), "at its lower price");
    }

    #[test]
    fn the_upper_price_of_the_distance_fee_is_widened_twice() {
        let market = market(3, W);
        let moment = moment(&market, 11);
        // 5, then 7, then 10; in one step 5 * 9 / 4 would be 11, and there would be no distance.
        assert_eq!(moment.own_price(n(15)), Ok(n(5)));
        assert_eq!(moment.fee_at(n(15)), Ok(n(W / 4 / 11)));
    }

    #[test]
    fn the_price_of_a_one_sided_band_is_that_of_its_edge() {
        let market = market(100, 3_000 * W);
        let moment = moment(&market, 2_900 * W);
        let edge = moment.edge(3).unwrap();
        let holding = |x: u128, y: u128| {
            let band = Band { borrowed: n(x), collateral: n(y), shares: U256::ZERO };
            moment.price_in(&band, edge).unwrap()
        };
        let low = moment.own_price(edge).unwrap();
        assert_eq!(holding(0, 1), low);
        assert_eq!(holding(1, 0), moment.own_price(market.below(edge).unwrap()).unwrap());
        assert_eq!(holding(0, 0), market.above(low).unwrap());
        assert!(holding(W, W) > low && holding(W, W) < holding(1, 0));
    }

    #[test]
    fn edges_out_of_the_range_of_the_exponential_are_refused() {
        let market = market(100, 3_000 * W);
        // The factor of band 3,438 is 987 and that of band 3,436 is 1,007.
        assert_eq!(market.edge(n(W), 3_438), Err(Revert::EdgeOutOfRange));
        assert!(market.edge(n(W), 3_436).is_ok());
        assert_eq!(market.edge(n(W), i64::MAX), Err(Revert::EdgeOutOfRange));
        assert_eq!(market.edge(n(W), i64::MIN), Err(Revert::EdgeOutOfRange));
        assert_eq!(market.edge(n(W), -13_500), Err(Revert::Arithmetic), "beyond 256 bits");
        assert_eq!(market.base_price(n(W) + n(W / 10)), Ok(n(3_300 * W)));
        assert_eq!(market.edge(n(W) + n(W / 10), 0), Ok(n(3_300 * W)));
    }

    #[test]
    fn terms_are_refused_at_their_bounds() {
        let with = |f: fn(&mut Terms)| {
            let mut terms = terms(100, W);
            f(&mut terms);
            Market::new(terms).map(|_| ())
        };
        let tenth = n(W / 10);
        assert_eq!(with(|t| t.amplification = 1), Err(BadTerms::Amplification(1)));
        assert_eq!(with(|t| t.amplification = 10_000), Ok(()));
        assert_eq!(with(|t| t.amplification = 10_001), Err(BadTerms::Amplification(10_001)));
        assert_eq!(with(|t| t.fee = n(999_999)), Err(BadTerms::Fee(n(999_999), n(W / 25))));
        assert_eq!(with(|t| t.fee = n(W / 25)), Ok(()));
        assert!(with(|t| t.fee = n(W / 25 + 1)).is_err());
        let wide = |fee: u128| Market::new(Terms { fee: n(fee), ..terms(40, W) }).map(|_| ());
        assert_eq!(wide(W / 10), Ok(()));
        assert_eq!(wide(W / 10 + 1), Err(BadTerms::Fee(n(W / 10 + 1), tenth)));
        assert_eq!(with(|t| t.base_price = U256::ZERO), Err(BadTerms::BasePrice));
        assert_eq!(with(|t| t.sqrt_band_ratio = n(W)), Err(BadTerms::SqrtBandRatio(n(W))));
        assert_eq!(with(|t| t.collateral_decimals = 19), Err(BadTerms::Decimals(19)));
        assert_eq!(with(|t| t.borrowed_decimals = 0), Ok(()));
    }
}

mod swaps {
    use super::*;

    const OPEN: u64 = 1_000;

    #[test]
    fn a_wish_for_exactly_what_a_band_holds_ends_in_that_band() {
        let market = market(100, 1_000 * W);
        let mut pool = pool(1_000 * W);
        put(&market, &mut pool, 4 * W, 1, 4);
        let open = feed(1_000 * W, OPEN);
        let mut exact = pool.clone();
        swap(&market, &mut exact, open, Coin::Borrowed, Wanted::Out(n(W)));
        assert_eq!((exact.head.active, exact.band(1).collateral), (1, U256::ZERO));
        let mut less = pool.clone();
        swap(&market, &mut less, open, Coin::Borrowed, Wanted::Out(n(W - 1)));
        assert_eq!((less.head.active, less.band(1).collateral), (1, U256::ONE));
        let mut more = pool;
        swap(&market, &mut more, open, Coin::Borrowed, Wanted::Out(n(W + 1)));
        assert_eq!((more.head.active, more.band(2).collateral), (2, n(W - 1)));
    }

    #[test]
    fn a_whole_band_is_never_had_for_nothing_but_the_last_may_be() {
        // A millionth of a unit of price: a band's virtual borrowed coin is one unit, and 12,000 of
        // collateral are a hundredth of the virtual collateral, so that all of it costs nothing.
        let market = market(100, W / 1_000_000);
        let mut pool = pool(W / 1_000_000);
        put(&market, &mut pool, 48_000, 1, 4);
        let open = feed(W / 1_000_000, OPEN);
        let wish = |out: u128| quote(&market, &pool, open, Coin::Borrowed, Wanted::Out(n(out)));
        assert_eq!(wish(12_000), Ok(Quote { amount_in: U256::ZERO, amount_out: n(12_000) }));
        assert_eq!(wish(12_001), Ok(Quote { amount_in: U256::ONE, amount_out: n(12_001) }));
        assert_eq!(wish(36_001), Ok(Quote { amount_in: n(3), amount_out: n(36_001) }));
        // One unit spends itself on the first band; the second is the last and takes nothing.
        let spent = quote(&market, &pool, open, Coin::Borrowed, Wanted::In(n(1)));
        assert_eq!(spent, Ok(Quote { amount_in: U256::ONE, amount_out: n(12_000) }));
        // A swap that takes nothing in is none: the bands stay.
        let before = pool.bands.clone();
        let free = swap(&market, &mut pool, open, Coin::Borrowed, Wanted::Out(n(12_000)));
        assert_eq!((free, &pool.bands), (Quote::default(), &before));
    }

    #[test]
    fn a_band_keeps_no_more_than_it_had() {
        let market = market(100, 1_000 * W);
        let mut pool = pool(1_000 * W);
        put(&market, &mut pool, 4 * W, 1, 4);
        // One unit is all fee: the curve does not move, and its unit of rounding is not paid in.
        let dust =
            quote(&market, &pool, feed(1_000 * W, OPEN), Coin::Borrowed, Wanted::In(n(1))).unwrap();
        assert_eq!(dust, Quote { amount_in: U256::ONE, amount_out: U256::ZERO });
    }

    #[test]
    fn a_walk_counts_fifty_bands_from_the_first_that_holds_anything() {
        let market = market(1_000, 1_000 * W);
        let mut pool = pool(1_000 * W);
        put(&market, &mut pool, 4 * W, 3, 3);
        put(&market, &mut pool, 50 * W, 40, 89);
        // Low enough that the distance from the oracle ends no walk before the count does.
        let open = feed(970 * W, OPEN);
        let everything = Wanted::In(n(1_000_000 * W));
        let got = swap(&market, &mut pool, open, Coin::Borrowed, everything);
        // Bands 3 to 52: the first deposit and thirteen of the second.
        assert_eq!((got.amount_out, pool.head.active), (n(17 * W), 52));
        assert!(got.amount_in < n(1_000_000 * W));
        assert_eq!(pool.band(52).collateral, U256::ZERO);
        assert_eq!(pool.band(53).collateral, n(W));
        // From band 52 on, another fifty reach the end of the deposits.
        let open = feed(940 * W, 2 * OPEN);
        let rest = swap(&market, &mut pool, open, Coin::Borrowed, everything);
        assert_eq!((rest.amount_out, pool.head.active), (n(37 * W), 89));
    }

    #[test]
    fn a_walk_that_ran_out_may_rest_on_an_empty_band() {
        let market = market(100, 1_000 * W);
        let mut pool = pool(1_000 * W);
        put(&market, &mut pool, 4 * W, 1, 4);
        let open = feed(1_000 * W, OPEN);
        swap(&market, &mut pool, open, Coin::Borrowed, Wanted::Out(U256::MAX));
        assert_eq!(pool.head.active, 4);
        // Back up: band 0 is the end, though it never held anything.
        let back = swap(&market, &mut pool, open, Coin::Collateral, Wanted::In(n(1_000 * W)));
        assert_eq!(pool.head.active, 0);
        assert!(back.amount_in < n(1_000 * W));
        assert_eq!(pool.band(1).borrowed, U256::ZERO);
    }

    #[test]
    fn a_wish_must_be_met_in_full_unless_it_is_for_everything() {
        let market = market(100, 1_000 * W);
        let mut pool = pool(1_000 * W);
        put(&market, &mut pool, 4 * W, 1, 4);
        let open = feed(1_000 * W, OPEN);
        let call = |wanted, limit: U256| {
            exchange(&market, &pool, open, Coin::Borrowed, wanted, limit).map(|swap| swap.amounts)
        };
        assert_eq!(call(Wanted::Out(n(4 * W + 1)), U256::MAX), Err(Revert::NotFilled));
        assert_eq!(
            quote_in(&market, &pool, open, Coin::Borrowed, n(4 * W + 1)),
            Err(Revert::NotFilled)
        );
        let all = call(Wanted::Out(U256::MAX), U256::MAX).unwrap();
        assert_eq!(all.amount_out, n(4 * W));
        assert_eq!(call(Wanted::Out(n(4 * W)), all.amount_in), Ok(all));
        assert_eq!(call(Wanted::Out(n(4 * W)), all.amount_in - U256::ONE), Err(Revert::Slippage));
        assert_eq!(quote_in(&market, &pool, open, Coin::Borrowed, n(4 * W)), Ok(all.amount_in));
        let some = quote_out(&market, &pool, open, Coin::Borrowed, n(100 * W)).unwrap();
        let spend = |limit: U256| call(Wanted::In(n(100 * W)), limit).map(|swap| swap.amount_out);
        assert_eq!(spend(some), Ok(some));
        assert_eq!(spend(some + U256::ONE), Err(Revert::Slippage));
        // Nothing asked is nothing given, whatever the limit.
        assert_eq!(call(Wanted::In(U256::ZERO), U256::MAX), Ok(Quote::default()));
        // A wish for nothing in token units meets the slippage test before it becomes nothing.
        assert_eq!(call(Wanted::In(n(1)), n(1)), Err(Revert::Slippage));
        assert_eq!(call(Wanted::In(n(1)), U256::ZERO), Ok(Quote::default()));
    }

    #[test]
    fn amounts_beyond_256_bits_are_refused() {
        let coarse = Market::new(Terms { borrowed_decimals: 6, ..terms(100, 1_000 * W) }).unwrap();
        let mut pool = pool(1_000 * W);
        put(&coarse, &mut pool, 4 * W, 1, 4);
        let open = feed(1_000 * W, OPEN);
        let spend = Wanted::In(U256::MAX);
        assert_eq!(quote(&coarse, &pool, open, Coin::Borrowed, spend), Err(Revert::Arithmetic));
        assert_eq!(
            quote(&coarse, &pool, open, Coin::Collateral, Wanted::Out(U256::MAX - U256::ONE)),
            Err(Revert::Arithmetic)
        );
        let zero = feed(0, OPEN);
        assert_eq!(
            quote(&coarse, &pool, zero, Coin::Borrowed, Wanted::In(n(1))),
            Err(Revert::Arithmetic)
        );
    }

    #[test]
    fn a_walk_ends_fifty_bands_from_the_oracle_and_not_at_that_distance() {
        let market = market(100, W);
        let mut pool = pool(W);
        pool.head.lowest = -9;
        pool.head.highest = 9;
        let moment = Moment::of(&market, &pool, feed(W, OPEN)).unwrap();
        let at = |sold, number, edge, counted| {
            ends(&moment, &pool, sold, number, edge, counted).unwrap()
        };
        assert!(!at(Coin::Borrowed, 0, market.near, 0));
        assert!(at(Coin::Borrowed, 0, market.near - U256::ONE, 0));
        assert!(!at(Coin::Borrowed, 0, market.far + U256::ONE, 0));
        assert!(!at(Coin::Collateral, 0, market.far, 0));
        assert!(at(Coin::Collateral, 0, market.far + U256::ONE, 0));
        assert!(!at(Coin::Collateral, 0, market.near - U256::ONE, 0));
        // The ends of the deposits, each in its own direction, and the fiftieth band.
        assert!(at(Coin::Borrowed, 9, n(W), 0) && !at(Coin::Collateral, 9, n(W), 0));
        assert!(at(Coin::Collateral, -9, n(W), 0) && !at(Coin::Borrowed, -9, n(W), 0));
        assert!(!at(Coin::Borrowed, 10, n(W), 49) && at(Coin::Borrowed, 10, n(W), 50));
        // Fifty widenings, each rounded down; near is the inverse of the result.
        assert_eq!(market.near, n(W * W) / market.far);
        assert_eq!(market.far, n(1_652_875_986_403_404_044));
    }

    #[test]
    fn a_walk_looks_at_1074_bands_at_most() {
        // So flat that fifty bands from the oracle are far more than a thousand steps away.
        let market = market(10_000, 1_000 * W);
        let mut pool = pool(1_000 * W);
        put(&market, &mut pool, W, 1_074, 1_074);
        let open = feed(1_000 * W, OPEN);
        let ask = |pool: &Pool| {
            quote(&market, pool, open, Coin::Borrowed, Wanted::Out(n(1))).unwrap().amount_out
        };
        // Fifty bands of one part in ten thousand are half a per cent, so the oracle stops first.
        assert_eq!(ask(&pool), U256::ZERO);
        pool.head.active = 1_040;
        assert_eq!(ask(&pool), U256::ZERO, "the price still lies a thousand bands away");
        let near = Feed { price: market.edge(n(W), 1_074).unwrap(), now: OPEN };
        let seen = |active: i64| {
            let mut pool = pool.clone();
            pool.head.active = active;
            quote(&market, &pool, near, Coin::Borrowed, Wanted::Out(n(1))).unwrap().amount_out
        };
        assert_eq!((seen(1), seen(0)), (n(1), U256::ZERO), "the 1,074th band is the last");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn selling_and_buying_back_never_gains(
            amount in 1u128..20_000 * W, move_bps in 9_500u128..10_500, a in 10u64..300,
            there in any::<bool>()
        ) {
            let market = market(a, 1_000 * W);
            let mut pool = pool(1_000 * W);
            let one = put(&market, &mut pool, 3 * W + 7, 1, 7);
            let two = put(&market, &mut pool, 5 * W, 4, 9);
            let at = feed(1_000 * W * move_bps / 10_000, OPEN);
            // Something of both coins is in the bands.
            swap(&market, &mut pool, at, Coin::Borrowed, Wanted::In(n(1_500 * W)));
            let value_of = |pool: &Pool, position| value(&market, pool, at, position).unwrap();
            let before = [value_of(&pool, &one), value_of(&pool, &two)];

            let (first, second) =
                if there { (Coin::Borrowed, Coin::Collateral) } else { (Coin::Collateral, Coin::Borrowed) };
            let amount = if there { amount } else { amount / 1_000 };
            let out = swap(&market, &mut pool, at, first, Wanted::In(n(amount)));
            let back = swap(&market, &mut pool, at, second, Wanted::In(out.amount_out));
            prop_assert!(back.amount_out <= out.amount_in);

            // What the depositors own is no more than there is, and trading does not take it away;
            // each band may round a unit, priced at a thousand.
            let mut claimed = Claim::default();
            for position in [&one, &two] {
                let part = claim(&market, &pool, position).unwrap();
                claimed.borrowed += part.borrowed;
                claimed.collateral += part.collateral;
            }
            let total = |of: fn(&Band) -> U256| {
                pool.bands.values().map(of).fold(U256::ZERO, |sum, content| sum + content)
            };
            prop_assert!(claimed.borrowed <= total(|band| band.borrowed));
            prop_assert!(claimed.collateral <= total(|band| band.collateral));
            for (before, position) in before.iter().zip([&one, &two]) {
                let after = value_of(&pool, position);
                prop_assert!(after.falling + n(50_000) >= before.falling);
            }
        }

        #[test]
        fn quotes_are_what_the_swap_then_does(
            amount in 1u128..9_000 * W, move_bps in 8_000u128..12_500, out in any::<bool>(),
            collateral in any::<bool>()
        ) {
            let market = market(100, 1_000 * W);
            let mut pool = pool(1_000 * W);
            put(&market, &mut pool, 3 * W + 7, -3, 7);
            let at = feed(1_000 * W * move_bps / 10_000, OPEN);
            swap(&market, &mut pool, at, Coin::Borrowed, Wanted::In(n(1_500 * W)));
            let sold = if collateral { Coin::Collateral } else { Coin::Borrowed };
            let amount = if collateral == out { amount } else { amount / 1_000 };
            let wanted = if out { Wanted::Out(n(amount)) } else { Wanted::In(n(amount)) };
            let quoted = quote(&market, &pool, at, sold, wanted).unwrap();
            let limit = if out { U256::MAX } else { U256::ZERO };
            match exchange(&market, &pool, at, sold, wanted, limit) {
                Ok(swap) if swap.amounts == Quote::default() => {
                    prop_assert!(quoted.amount_in.is_zero() || quoted.amount_out.is_zero());
                }
                Ok(swap) => prop_assert_eq!(swap.amounts, quoted),
                Err(revert) => {
                    prop_assert_eq!(revert, Revert::NotFilled);
                    prop_assert!(quoted.amount_out < n(amount));
                }
            }
        }
    }
}

mod liquidity {
    use super::*;

    fn try_deposit(pool: &Pool, amount: u128, first: i64, last: i64) -> Result<Deposit, Revert> {
        deposit(&market(100, 1_000 * W), pool, false, n(amount), first, last)
    }

    #[test]
    fn the_remainder_goes_to_the_first_band_and_dead_shares_count() {
        let deposit = try_deposit(&pool(1_000 * W), 1_003, 1, 4).unwrap();
        let filled: Vec<u128> =
            deposit.changes.bands.iter().map(|(_, band)| band.collateral.to()).collect();
        assert_eq!(filled, [253, 250, 250, 250]);
        // (0 + 1,000) * 250 / (0 + 1)
        assert_eq!(deposit.position.shares[1], n(250_000));
        assert_eq!((deposit.position.first, deposit.position.last()), (1, 4));
    }

    #[test]
    fn deposits_are_refused_at_their_bounds() {
        let empty = pool(1_000 * W);
        assert_eq!(try_deposit(&empty, 10_000, 1, 51), Err(Revert::BandCount));
        assert!(try_deposit(&empty, 10_000, 1, 50).is_ok());
        assert_eq!(try_deposit(&empty, 10_000, 2, 1), Err(Revert::BandCount));
        assert_eq!(try_deposit(&empty, 10_000, i64::MIN, i64::MAX), Err(Revert::BandCount));
        assert_eq!(try_deposit(&empty, 403, 1, 4), Err(Revert::AmountTooLow));
        assert!(try_deposit(&empty, 404, 1, 4).is_ok());
        let market = market(100, 1_000 * W);
        assert_eq!(deposit(&market, &empty, true, n(404), 1, 4), Err(Revert::HasLiquidity));
        assert_eq!(
            deposit(&market, &empty, false, U256::MAX, 1, 4).map(|_| ()),
            Err(Revert::Arithmetic),
            "the shares overflow"
        );
        // A thousand times the amount must fit 128 bits.
        let most = u128::MAX / 1_000;
        assert!(try_deposit(&empty, most, 1, 1).is_ok());
        assert_eq!(try_deposit(&empty, most + 1, 1, 1), Err(Revert::Arithmetic));
    }

    #[test]
    fn a_share_of_nothing_is_refused() {
        let mut rich = pool(1_000 * W);
        let band = Band { collateral: n(1_000_000), ..Band::default() };
        rich.bands.insert(1, band);
        // 1,000 dead shares of a million and one: a thousand units buy none, 1,001 buy one.
        assert_eq!(try_deposit(&rich, 1_000, 1, 1), Err(Revert::NoShares));
        assert!(try_deposit(&rich, 1_001, 1, 1).is_ok());
    }

    #[test]
    fn bands_are_skipped_while_they_hold_no_borrowed_coin_and_1024_at_most() {
        let mut pool = pool(1_000 * W);
        let active = |pool: &Pool, first| {
            try_deposit(pool, 1_000, first, first).map(|deposit| deposit.changes.head.active)
        };
        assert_eq!(active(&pool, 1), Ok(0));
        assert_eq!(active(&pool, 0), Ok(-1));
        assert_eq!(active(&pool, -5), Ok(-6));
        assert_eq!(active(&pool, -1_023), Ok(-1_024));
        assert_eq!(active(&pool, -1_024), Err(Revert::BelowActive));
        pool.bands.insert(-2, Band { borrowed: U256::ONE, ..Band::default() });
        assert_eq!(active(&pool, -1), Ok(-2));
        assert_eq!(active(&pool, -2), Err(Revert::BelowActive));
        // A band below the active one that holds borrowed coin cannot be filled.
        pool.bands.insert(5, Band { borrowed: U256::ONE, ..Band::default() });
        assert_eq!(active(&pool, 5), Err(Revert::BelowActive));
        assert_eq!(try_deposit(&pool, 1_000, 3, 6), Err(Revert::BelowActive));
    }

    #[test]
    fn the_ends_start_at_band_zero_and_a_withdrawal_moves_them() {
        let market = market(100, 1_000 * W);
        let mut pool = pool(1_000 * W);
        let take = |pool: &mut Pool, position: &Position, fraction: u128| {
            let out = withdraw(&market, pool, Some(position), n(fraction)).unwrap();
            pool.apply(&out.changes);
            out
        };
        let ends = |pool: &Pool| (pool.head.lowest, pool.head.highest);

        let low = put(&market, &mut pool, 1_000, 5, 6);
        assert_eq!(ends(&pool), (0, 6));
        // Band 0 is the lowest and not among those emptied.
        assert!(take(&mut pool, &low, W).position.is_none());
        assert_eq!(ends(&pool), (0, 4));

        let high = put(&market, &mut pool, 1_000, -2, 1);
        assert_eq!(ends(&pool), (-2, 4));
        let half = take(&mut pool, &high, W / 2).position.unwrap();
        assert_eq!(ends(&pool), (-2, 4), "what is left keeps the lowest end");
        take(&mut pool, &half, W);
        // Two and more: the highest end lies beyond this position and stays.
        assert_eq!(ends(&pool), (2, 4));

        let last = put(&market, &mut pool, 1_000, 3, 4);
        let other = put(&market, &mut pool, 1_000, 4, 4);
        take(&mut pool, &last, W);
        assert_eq!(ends(&pool), (2, 4), "band 4 still holds the other's");
        take(&mut pool, &other, W);
        assert_eq!(ends(&pool), (2, 3));
        assert!(pool.bands.is_empty(), "what belongs to nobody is abandoned");
        assert_eq!(pool.head.active, -3, "a withdrawal does not move the active band");
    }

    #[test]
    fn withdrawals_are_refused_above_the_whole_and_without_a_position() {
        let market = market(100, 1_000 * W);
        let mut pool = pool(1_000 * W);
        let position = put(&market, &mut pool, 1_000, 1, 4);
        let take = |fraction: u128| withdraw(&market, &pool, Some(&position), n(fraction));
        assert_eq!(take(W + 1), Err(Revert::FractionTooLarge));
        assert_eq!(withdraw(&market, &pool, None, n(W)), Err(Revert::NoPosition));
        assert_eq!(withdraw(&market, &pool, None, n(W + 1)), Err(Revert::FractionTooLarge));
        let nothing = take(0).unwrap();
        assert_eq!((nothing.collateral, nothing.position.as_ref()), (U256::ZERO, Some(&position)));
        // 251 * 250,000 / 251,000 is exactly 250: nothing stays with the dead shares here.
        assert_eq!(take(W).unwrap().collateral, n(1_000));
    }

    #[test]
    fn amounts_are_summed_over_the_bands_before_they_become_token_units() {
        let terms = Terms { collateral_decimals: 16, ..terms(100, 1_000 * W) };
        let market = Market::new(terms).unwrap();
        let mut pool = pool(1_000 * W);
        let position = put(&market, &mut pool, 10, 1, 4);
        // Four bands of 250 each, a token unit being 100: 2.5 a band, ten together.
        assert_eq!(withdraw(&market, &pool, Some(&position), n(W)).unwrap().collateral, n(10));
        assert_eq!(claim(&market, &pool, &position).unwrap().collateral, n(10));
    }
}

mod worth {
    use super::*;

    const OPEN: u64 = 1_000;

    #[test]
    fn a_price_on_an_edge_lies_inside_the_band() {
        let market = market(100, 1_000 * W);
        let mut pool = pool(1_000 * W);
        let position = put(&market, &mut pool, W, 1, 1);
        let shares = position.shares[0];
        let part = |whole: U256| whole * shares / (shares + n(1_000));
        let upper = market.edge(n(W), 1).unwrap();
        let lower = market.below(upper).unwrap();
        let falling = |price: U256| {
            value(&market, &pool, Feed { price, now: OPEN }, &position).unwrap().falling
        };
        // Above the upper edge by the square root of the band ratio, which has eighteen digits; on
        // it by the square root of the two edges.
        let above = n(W) * upper / market.terms().sqrt_band_ratio;
        let inside = breakwater_money::fixed::square_root(lower * upper);
        assert_ne!(part(above), part(inside));
        assert_eq!(falling(upper + U256::ONE), part(above));
        assert_eq!(falling(upper), part(inside));
        // On the lower edge all of it is borrowed coin by the curve, one unit below by the middle.
        let curve = Moment::of(&market, &pool, Feed { price: lower, now: OPEN })
            .and_then(|moment| moment.curve(U256::ZERO, n(W), upper))
            .unwrap();
        let by_curve = curve.invariant / curve.g - curve.f;
        let below = lower - U256::ONE;
        let middle = below * below / lower * below / upper;
        assert_eq!(falling(lower), part(by_curve));
        assert_eq!(falling(below), part(middle));
    }

    #[test]
    fn dust_on_the_wrong_side_of_the_active_band_does_not_count() {
        let market = market(100, 1_000 * W);
        let mut pool = pool(1_000 * W);
        let position = put(&market, &mut pool, 4 * W, 1, 4);
        let at = feed(1_000 * W, OPEN);
        let before = value(&market, &pool, at, &position).unwrap();
        pool.bands.get_mut(&3).unwrap().borrowed = n(500);
        assert_eq!(value(&market, &pool, at, &position), Ok(before));
        pool.head.active = 3;
        assert_ne!(value(&market, &pool, at, &position), Ok(before));
        assert!(claim(&market, &pool, &position).unwrap().borrowed > U256::ZERO);
    }

    #[test]
    fn a_position_of_empty_bands_is_worth_nothing() {
        let market = market(100, 1_000 * W);
        let position = Position { first: 1, shares: vec![n(5), U256::ZERO] };
        let empty = pool(1_000 * W);
        assert_eq!(value(&market, &empty, feed(W, OPEN), &position), Ok(Value::default()));
        assert_eq!(claim(&market, &empty, &position), Ok(Claim::default()));
    }

    #[test]
    fn the_present_price_counts_as_a_rise_and_needs_nothing() {
        let market = market(100, 1_000 * W);
        let mut pool = pool(1_000 * W);
        put(&market, &mut pool, 4 * W, 1, 4);
        let at = feed(1_000 * W, OPEN);
        swap(&market, &mut pool, at, Coin::Borrowed, Wanted::In(n(1_200 * W)));
        let now = price(&market, &pool, at).unwrap();
        let to = |price: U256| amount_for_price(&market, &pool, at, price).unwrap();
        assert_eq!(to(now).sold, Coin::Borrowed);
        assert_eq!(to(now + U256::ONE).sold, Coin::Borrowed);
        assert_eq!(to(now - U256::ONE).sold, Coin::Collateral);
    }

    #[test]
    fn a_target_is_reached_by_its_amount() {
        let market = market(100, 1_000 * W);
        let mut pool = pool(1_000 * W);
        put(&market, &mut pool, 40 * W, 1, 40);
        let at = feed(900 * W, OPEN);
        swap(&market, &mut pool, at, Coin::Borrowed, Wanted::In(n(1_200 * W)));
        for wish in [800u128, 900, 1_000, 1_100] {
            let target = amount_for_price(&market, &pool, at, n(wish * W)).unwrap();
            let mut moved = pool.clone();
            swap(&market, &mut moved, at, target.sold, Wanted::In(target.amount));
            let reached = price(&market, &moved, at).unwrap();
            // The fee stays in the bands and moves the price a little more, the more the further
            // the band lies from the oracle's price.
            let off = reached.abs_diff(n(wish * W));
            assert!(off < n(W / 2), "{wish}: {reached}");
            assert!(wish != 900 || off < n(W / 1_000_000), "{wish}: {reached}");
        }
    }

    #[test]
    fn the_prices_of_the_bands_beyond_are_iterated_from_the_active_one() {
        let market = market(100, 1_000 * W);
        let empty = pool(1_000 * W);
        let moment = Moment::of(&market, &empty, feed(977 * W + 13, OPEN)).unwrap();
        let edge = moment.edge(0).unwrap();
        let first = Prices::of(&moment, edge).unwrap();
        let wider = |price: U256| price * n(10_000) / n(9_801);
        assert_eq!(first.lower, moment.own_price(edge).unwrap());
        assert_eq!(first.upper, wider(first.lower));
        let mut up = first;
        let mut apart = 0;
        for band in 1..40 {
            let next = up.next(&market, Coin::Borrowed).unwrap();
            assert_eq!((next.lower, next.upper), (up.upper, wider(up.upper)));
            apart += usize::from(
                next.upper != moment.own_price(moment.edge(band + 1).unwrap()).unwrap(),
            );
            up = next;
        }
        assert!(apart > 30, "the edges by the exponential are other numbers: {apart}");
        let down = up.next(&market, Coin::Collateral).unwrap();
        assert_eq!((down.lower, down.upper), (up.lower * n(9_801) / n(10_000), up.lower));
    }

    #[test]
    fn a_target_on_the_edge_of_a_band_ends_in_it() {
        let market = market(100, 1_000 * W);
        let mut pool = pool(1_000 * W);
        put(&market, &mut pool, 2 * W, 0, 1);
        pool.head.active = 0;
        let at = feed(1_000 * W, OPEN);
        let moment = Moment::of(&market, &pool, at).unwrap();
        let edge = moment.edge(0).unwrap();
        let upper = Prices::of(&moment, edge).unwrap().upper;
        let curve = moment.curve(U256::ZERO, n(W), edge).unwrap();
        let whole = curve.invariant / curve.g - curve.f;
        let with_fee = |net: U256| net * super::super::band::gross_up(moment.fee).unwrap() / n(W);
        let to = |price: U256| amount_for_price(&market, &pool, at, price).unwrap().amount;
        // On the edge by the root of the invariant; one unit beyond, the whole band and no more.
        let root = breakwater_money::fixed::square_root(curve.invariant * n(W) / upper);
        let y = root.saturating_sub(curve.g);
        let x = curve.invariant / (curve.g + y) - curve.f;
        assert_eq!(to(upper), with_fee(x));
        assert!(to(upper + U256::ONE) >= with_fee(whole));
        assert!(to(upper + U256::ONE) < with_fee(whole) + n(100_000));
    }

    #[test]
    fn errors_are_named_as_the_contract_names_them() {
        for revert in [
            Revert::BandCount,
            Revert::AmountTooLow,
            Revert::HasLiquidity,
            Revert::BelowActive,
            Revert::NoShares,
            Revert::FractionTooLarge,
            Revert::NoPosition,
            Revert::Slippage,
            Revert::NotFilled,
            Revert::EdgeOutOfRange,
            Revert::NoLoan,
            Revert::DebtTooHigh,
            Revert::Underwater,
            Revert::Healthy,
        ] {
            let sentence = revert.to_string();
            assert!(sentence.starts_with(&format!("{}: ", revert.contract_name())), "{sentence}");
        }
        assert_eq!(Revert::Arithmetic.contract_name(), "arith");
    }
}

mod loans {
    use super::*;
    use crate::cdp::llamma::controller::{
        allows_bands, can_move, debt, multiplier, nearest_band, removed, repaid, solvency,
        top_band, wanted_band,
    };

    const OPEN: u64 = 1_000;
    const LOAN: u128 = 90_000_000_000_000_000;
    const LIQUIDATION: u128 = 60_000_000_000_000_000;

    #[test]
    fn the_band_falls_by_one_with_the_unit_of_debt_that_its_edge_does_not_cover() {
        let market = market(100, 1_000 * W);
        let pool = pool(1_000 * W);
        let band =
            |debt: u128| wanted_band(&market, &pool, n(10 * W), n(debt), 4, n(LOAN)).unwrap();
        // Most debt that a band still covers, by halving.
        let most = |wanted: i64| {
            let (mut low, mut high) = (1u128, 20_000 * W);
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                if band(middle) >= wanted { low = middle } else { high = middle }
            }
            low
        };
        for wanted in [-3, -1, 0, 1, 7] {
            let debt = most(wanted);
            assert_eq!((band(debt), band(debt + 1)), (wanted, wanted - 1), "below zero it floors");
            // What four bands of 2.5 tokens yield in their middles at this edge, less 9 %.
            let edge = market.edge(n(W), wanted).unwrap();
            let middles = n(W) * n(W) / market.terms().sqrt_band_ratio
                * n(100 * 100 * 100 + 99 * 100 * 100 + 99 * 99 * 100 + 99 * 99 * 99);
            let yields = n(10) * edge * middles / n(4_000_000) * n(91) / n(100) / n(W);
            let off = yields.abs_diff(n(debt)) * n(1_000_000_000_000) / n(debt);
            assert!(off < n(10), "{wanted}: {debt} {yields}");
        }
    }

    #[test]
    fn the_dead_shares_cost_a_small_position_a_little_more() {
        let market = market(100, 1_000 * W);
        let pool = pool(1_000 * W);
        let most = |collateral: u128| {
            let (mut low, mut high) = (1u128, collateral * 2_000);
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                let band = wanted_band(&market, &pool, n(collateral), n(middle), 4, n(LOAN));
                if band.is_ok_and(|band| band >= 0) { low = middle } else { high = middle }
            }
            low * 1_000 / collateral
        };
        // 91 % of the bands' middles at 1,000 is about 891.9; 1,000 dead shares of 100,000 cost one
        // per cent of the collateral, and of fewer than 1,000 a band everything.
        assert_eq!(most(400_000_000_000_000_000) / 1_000, 891);
        assert_eq!(most(400_000) / 1_000, 882, "one per cent of the whole");
        let nothing = wanted_band(&market, &pool, n(3_999), n(1), 4, n(LOAN));
        assert_eq!(nothing, Err(Revert::AmountTooLow));
        let none = wanted_band(&market, &pool, n(4_000), U256::ZERO, 4, n(LOAN));
        assert_eq!(none, Err(Revert::NoLoan));
    }

    #[test]
    fn little_debt_lies_at_most_1024_bands_down() {
        let market = market(10_000, 1_000 * W);
        let pool = pool(1_000 * W);
        let band = wanted_band(&market, &pool, n(10 * W), n(1), 4, n(LOAN)).unwrap();
        assert_eq!(band, 1_020);
    }

    #[test]
    fn a_top_band_above_the_price_or_beyond_coin_is_refused() {
        let market = market(100, 1_000 * W);
        let mut pool = pool(1_000 * W);
        let place = |pool: &Pool, price: u128, debt: u128| {
            top_band(&market, pool, feed(price, OPEN), n(10 * W), n(debt), 4, n(LOAN))
        };
        let edge: u128 = market.edge(n(W), 5).unwrap().to();
        // 8,500 lies in band 4; a price on its edge is enough, one unit less is not.
        assert_eq!(wanted_band(&market, &pool, n(10 * W), n(8_500 * W), 4, n(LOAN)), Ok(4));
        let upper: u128 = market.edge(n(W), 4).unwrap().to();
        assert_eq!(place(&pool, upper, 8_500 * W), Ok(4));
        assert_eq!(place(&pool, upper - 1, 8_500 * W), Err(Revert::DebtTooHigh));
        // Band 5 can be reached over empty bands, and over collateral, but not over coin.
        pool.head.active = 9;
        pool.bands.insert(7, Band { collateral: n(W), ..Band::default() });
        let again = |pool: &Pool| {
            top_band(&market, pool, feed(edge, OPEN), n(10 * W), n(8_410 * W), 4, n(LOAN))
        };
        assert_eq!(again(&pool), Ok(5));
        pool.bands.insert(7, Band { borrowed: U256::ONE, ..Band::default() });
        assert_eq!(again(&pool), Err(Revert::DebtTooHigh));
        // As found it lies just below all coin; and where nothing is in the way, at the price.
        let nearest = |pool: &Pool, price: u128, wanted: i64| {
            nearest_band(&market, pool, feed(price, OPEN), wanted).unwrap()
        };
        assert_eq!(nearest(&pool, edge, 5), 10);
        pool.bands.clear();
        assert_eq!(nearest(&pool, edge, i64::MIN), 5);
        assert_eq!(nearest(&pool, edge - 1, i64::MIN), 6);
        assert_eq!(nearest(&pool, edge, 8), 8);
        assert_eq!(nearest(&pool, 1_100 * W, i64::MIN), -9);
    }

    #[test]
    fn bands_move_until_coin_reaches_them() {
        let mut pool = pool(1_000 * W);
        pool.head = Head { active: 5, lowest: -3, highest: 20, ..pool.head };
        assert!(can_move(&pool, 6) && can_move(&pool, 5) && can_move(&pool, -3));
        pool.bands.insert(3, Band { borrowed: U256::ONE, ..Band::default() });
        assert!(can_move(&pool, 4) && !can_move(&pool, 3) && !can_move(&pool, 2));
        pool.bands.insert(6, Band { borrowed: U256::ONE, ..Band::default() });
        assert!(can_move(&pool, 4), "coin below the active band does not count");
    }

    #[test]
    fn a_part_of_a_debt_removes_less_than_its_part_of_the_position() {
        let share = |fraction: u128| removed(n(fraction), n(LIQUIDATION)).map(|share| share.to());
        assert_eq!(share(W), Ok(W));
        assert_eq!(share(0), Ok(0u128));
        // (1.03 / 1.06 * 0.5 + 0.5) * 0.5, rounded down twice.
        assert_eq!(share(W / 2), Ok(492_924_528_301_886_792));
        assert!(share(W - 1).unwrap() < W - 1 + 1);
        assert_eq!(share(W + 1), Err(Revert::FractionTooLarge));
        assert_eq!(repaid(n(10), n(W / 4)), Ok(n(3)), "the debt is rounded up");
        assert_eq!(repaid(n(10), n(W)), Ok(n(10)));
    }

    #[test]
    fn debts_grow_with_the_multiplier_and_round_up_beside_others() {
        let grown = multiplier(n(W), n(3), 7).unwrap();
        assert_eq!(grown, n(W + 21));
        assert_eq!(multiplier(n(2 * W + 1), n(0), 7), Ok(n(2 * W + 1)));
        assert_eq!(multiplier(U256::MAX, n(0), 7), Err(Revert::Arithmetic));
        assert_eq!(debt(n(10), n(3), n(4), false), Ok(n(14)));
        assert_eq!(debt(n(10), n(3), n(4), true), Ok(n(13)));
        assert_eq!(debt(n(9), n(3), n(4), false), Ok(n(12)));
        assert_eq!(debt(n(9), n(0), n(4), false), Err(Revert::Arithmetic));
    }

    #[test]
    fn health_counts_the_rise_above_the_bands_only_while_they_are_untouched() {
        let market = market(100, 1_000 * W);
        let mut pool = pool(1_000 * W);
        let position = put(&market, &mut pool, 4 * W, 1, 4);
        let upper: u128 = market.edge(n(W), 1).unwrap().to();
        let at = |pool: &Pool, price: u128| {
            let feed = feed(price, OPEN);
            solvency(&market, pool, feed, &position, n(3_000 * W), n(LIQUIDATION)).unwrap()
        };
        let (within, full) = at(&pool, upper + 1);
        assert_eq!(within, full, "a rise of a unit has no digits in a ratio of 3,000 coins");
        let (above, full) = at(&pool, upper + 3_000);
        assert_eq!(above, within, "above its bands a position yields the same at any price");
        // 3,000 units of price on a claim of 4 tokens, over 3,000 coins.
        assert_eq!(full - above, n(4));
        let falling = value(&market, &pool, feed(upper + 1, OPEN), &position).unwrap().falling;
        assert_eq!(within, falling * n(94) / n(100) / n(3_000));
        pool.head.active = 1;
        let (within, full) = at(&pool, upper + 3_000);
        assert_eq!(within, full);
        let none =
            solvency(&market, &pool, feed(upper, OPEN), &position, U256::ZERO, n(LIQUIDATION));
        assert_eq!(none, Err(Revert::NoLoan));
    }

    #[test]
    fn a_loan_has_four_to_fifty_bands() {
        assert!(!allows_bands(3) && allows_bands(4) && allows_bands(50) && !allows_bands(51));
    }
}
