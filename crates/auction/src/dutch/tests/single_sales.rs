use super::*;
use breakwater_money::MoneyError;

/// 100 units at 1,000 each are worth far more than the 50,000 that are wanted.
fn open() -> Sale<&'static str> {
    let start = Moment { seconds: 1_000, feed: feed(1_000_000) };
    Sale::start(&terms(), &start, rad_milli(50_000_000), wad_milli(100_000), "owner").unwrap()
}

#[track_caller]
fn take(sale: &Sale<&'static str>, seconds: u64, amount: U256) -> Taken<&'static str> {
    sale.take(&terms(), &at(seconds), amount, U256::MAX).unwrap()
}

#[test]
fn a_sale_starts_at_the_feed_times_its_factor() {
    let sale = open();
    assert_eq!((sale.top, sale.started), (ray_milli(1_100_000), 1_000));
    let status = sale.status(&terms(), &at(1_000)).unwrap();
    assert_eq!(status, Status { price: ray_milli(1_100_000), needs_reset: false });
    let status = sale.status(&terms(), &at(1_090)).unwrap();
    assert_eq!(status.price, ray_milli(1_089_000));
    let back = Refusal::TimeBack { now: 999, last: 1_000 };
    assert_eq!(sale.status(&terms(), &at(999)), Err(back));
}

#[test]
fn what_cannot_be_sold_is_refused_in_order() {
    let start = |feed, wanted, lot| {
        Sale::start(&terms(), &Moment { seconds: 0, feed }, raw(wanted), raw(lot), ()).unwrap_err()
    };
    assert_eq!(start(None, 0, 0), Refusal::NothingWanted);
    assert_eq!(start(None, 1, 0), Refusal::LotEmpty);
    assert_eq!(start(None, 1, 1), Refusal::FeedMissing { what: "price" });
    assert_eq!(start(Some(Feed { price: raw(0), health: None }), 1, 1), Refusal::TopZero);
    let far = Some(Feed { price: U256::MAX, health: None });
    assert_eq!(start(far, 1, 1), MoneyError::Overflow.into());
    // One unit of price times 1.1 is one unit.
    let moment = Moment { seconds: 0, feed: Some(Feed { price: raw(1), health: None }) };
    assert_eq!(Sale::start(&terms(), &moment, raw(1), raw(1), ()).unwrap().top, raw(1));
}

#[test]
fn age_and_price_end_a_sale_one_unit_beyond_their_limits() {
    let sale = open();
    let needs_reset =
        |terms: &Terms, seconds: u64| sale.status(terms, &at(1_000 + seconds)).unwrap().needs_reset;
    // By price at the eightieth step, in the very second in which it is not yet too old.
    assert!(!needs_reset(&terms(), 7_199));
    assert!(needs_reset(&terms(), 7_200));
    let old = Terms { price_least: Ray::from_raw(U256::ZERO), ..terms() };
    assert!(!needs_reset(&old, 7_200));
    assert!(needs_reset(&old, 7_201));
    // The share of the top at which a sale still holds is inclusive.
    let share = sale.status(&terms(), &at(1_090)).unwrap().price * Ray::one().raw / sale.top;
    let edge = Terms { price_least: Ray::from_raw(share), ..terms() };
    assert!(!needs_reset(&edge, 90));
    let above = Terms { price_least: Ray::from_raw(share + raw(1)), ..terms() };
    assert!(needs_reset(&above, 90));
    let refused = sale.take(&terms(), &at(8_200), raw(1), U256::MAX).unwrap_err();
    assert!(matches!(refused, Refusal::NeedsReset { .. }));
}

#[test]
fn a_taker_pays_the_price_and_no_more_than_accepted() {
    let sale = open();
    let price = ray_milli(1_100_000);
    let taken = sale.take(&terms(), &at(1_000), wad_milli(10_000), price).unwrap();
    assert_eq!((taken.slice, taken.owed), (wad_milli(10_000), rad_milli(11_000_000)));
    assert_eq!(taken.released, taken.owed);
    let Outcome::Open(after) = taken.outcome else { panic!("it stays open") };
    assert_eq!((after.wanted, after.lot), (rad_milli(39_000_000), wad_milli(90_000)));
    assert_eq!((after.top, after.started, after.owner), (sale.top, sale.started, "owner"));
    let dear = Refusal::TooDear { price, price_max: price - raw(1) };
    let refused = sale.take(&terms(), &at(1_000), wad_milli(10_000), price - raw(1));
    assert_eq!(refused, Err(dear));
}

#[test]
fn no_more_is_owed_than_is_wanted_and_the_rest_goes_back() {
    let taken = take(&open(), 1_000, U256::MAX);
    assert_eq!((taken.owed, taken.released), (rad_milli(50_000_000), rad_milli(50_000_000)));
    // 50,000 / 1,100 = 45.4545..., rounded down.
    assert_eq!(taken.slice, raw(45_454_545_454_545_454_545));
    let returned = wad_milli(100_000) - taken.slice;
    assert_eq!(taken.outcome, Outcome::Paid { owner: "owner", returned });
}

#[test]
fn a_part_leaves_nothing_or_enough_wanted() {
    let sale = open();
    let part_for = |wanted: U256| Sale { wanted, ..sale.clone() };
    let price = ray_milli(1_100_000);
    // 1,110 are wanted: one unit leaves exactly 10.
    let exact = part_for(rad_milli(1_110_000));
    let taken = take(&exact, 1_000, wad_milli(1_000));
    assert_eq!((taken.slice, taken.owed), (wad_milli(1_000), rad_milli(1_100_000)));
    // One smallest unit more of the lot would leave less than 10: the slice is cut.
    let taken = take(&exact, 1_000, wad_milli(1_000) + raw(1));
    assert_eq!((taken.slice, taken.owed), (wad_milli(1_000), rad_milli(1_100_000)));
    let Outcome::Open(after) = taken.outcome else { panic!("it stays open") };
    assert_eq!(after.wanted, rad_milli(10_000));
    // Of what is wanted, 10 and one unit: a part of one unit is paid for, and gets nothing.
    let taken = take(&part_for(rad_milli(10_000) + raw(1)), 1_000, raw(1));
    assert_eq!((taken.slice, taken.owed), (U256::ZERO, raw(1)));
    // Exactly 10: all or nothing.
    let least = part_for(rad_milli(10_000));
    let no_part = Refusal::NoPart { wanted: least.wanted, remainder_least: rad_milli(10_000) };
    assert_eq!(least.take(&terms(), &at(1_000), raw(1), price), Err(no_part));
    assert_eq!(
        take(&least, 1_000, U256::MAX).outcome,
        Outcome::Paid { owner: "owner", returned: wad_milli(100_000) - rad_milli(10_000) / price }
    );
    // Nothing asked for leaves everything, and that is no dust.
    let taken = take(&least, 1_000, U256::ZERO);
    assert_eq!((taken.slice, taken.owed), (U256::ZERO, U256::ZERO));
}

#[test]
fn whoever_takes_the_whole_lot_is_free_of_the_rule_and_what_is_missing_stays_missing() {
    let sale = Sale { lot: wad_milli(1_000), wanted: rad_milli(1_101_000), ..open() };
    let taken = take(&sale, 1_000, wad_milli(1_000));
    assert_eq!((taken.slice, taken.owed), (wad_milli(1_000), rad_milli(1_100_000)));
    assert_eq!(taken.outcome, Outcome::SoldOut { unrecovered: rad_milli(1_000) });
    // All that was wanted stops counting as on sale, not just what was paid.
    assert_eq!(taken.released, rad_milli(1_101_000));
    let enough = Sale { lot: wad_milli(1_000), wanted: rad_milli(1_100_000), ..open() };
    let taken = take(&enough, 1_000, wad_milli(1_000));
    assert_eq!(taken.outcome, Outcome::SoldOut { unrecovered: U256::ZERO });
}

#[test]
fn a_price_of_nothing_gives_the_lot_away_unless_the_terms_end_the_sale_before() {
    let falling = Terms {
        asking: Asking::Falling(Curve::Linear { seconds: U256::from(100) }),
        price_least: Ray::from_raw(U256::ZERO),
        ..terms()
    };
    let sale = open();
    let taken = sale.take(&falling, &at(1_100), U256::MAX, U256::ZERO).unwrap();
    assert_eq!((taken.slice, taken.owed), (wad_milli(100_000), U256::ZERO));
    assert_eq!(taken.outcome, Outcome::SoldOut { unrecovered: sale.wanted });
    // A part of it goes for nothing too, as long as dust is not an issue.
    let part = sale.take(&falling, &at(1_100), raw(1), U256::ZERO).unwrap();
    assert_eq!((part.slice, part.owed), (raw(1), U256::ZERO));
    // The check of terms refuses them, and one unit of a least price ends the sale.
    let said = falling.check().unwrap_err().to_string();
    assert!(said.starts_with("price_least = 0: above 0"), "{said}");
    let guarded = Terms { price_least: Ray::new(1), ..falling };
    assert_eq!(guarded.check(), Ok(()));
    let refused = sale.take(&guarded, &at(1_100), U256::MAX, U256::ZERO).unwrap_err();
    assert_eq!(refused, Refusal::NeedsReset { price: U256::ZERO });
}

#[test]
fn a_reset_starts_again_at_the_feed_of_now() {
    let sale = open();
    let moment = Moment { seconds: 8_200, feed: feed(500_000) };
    let (again, incentive) = sale.reset(&terms(), &moment).unwrap();
    assert_eq!((again.started, again.top), (8_200, ray_milli(550_000)));
    assert_eq!((again.wanted, again.lot), (sale.wanted, sale.lot));
    // Two, and 0.1 % of 50,000.
    assert_eq!(incentive, rad_milli(52_000));
    let early = Moment { seconds: 8_199, ..moment };
    assert!(matches!(sale.reset(&terms(), &early), Err(Refusal::NoResetNeeded { .. })));
    let missing = Refusal::FeedMissing { what: "price" };
    assert_eq!(sale.reset(&terms(), &at(8_200)), Err(missing));
    // Whether a reset is due is looked at first.
    assert!(matches!(sale.reset(&terms(), &at(8_199)), Err(Refusal::NoResetNeeded { .. })));
}

#[test]
fn resetting_dust_is_not_paid_for() {
    let moment = Moment { seconds: 8_200, feed: feed(1_000_000) };
    let paid = |wanted: U256, lot: U256| {
        let sale = Sale { wanted, lot, ..open() };
        sale.reset(&terms(), &moment).unwrap().1
    };
    // At the edge of both: 10 wanted, and a lot worth 10 at 1,000 each.
    assert_eq!(paid(rad_milli(10_000), wad_milli(10)), rad_milli(2_010));
    assert_eq!(paid(rad_milli(10_000) - raw(1), wad_milli(10)), U256::ZERO);
    assert_eq!(paid(rad_milli(10_000), wad_milli(10) - raw(1)), U256::ZERO);
    // Where there is no incentive, a worth beyond 256 bits is never computed.
    let free = Terms { incentive: Incentive::none(), ..terms() };
    let huge = Sale { lot: U256::MAX, ..open() };
    assert_eq!(huge.reset(&free, &moment).unwrap().1, U256::ZERO);
    assert_eq!(huge.reset(&terms(), &moment), Err(MoneyError::Overflow.into()));
}

#[test]
fn a_sale_by_health_asks_less_the_worse_the_position_is_and_is_never_reset() {
    let terms = Terms {
        asking: Asking::ByHealth(HealthDiscount { discount_max: Wad::from_raw(wad_milli(150)) }),
        remainder_least: U256::ZERO,
        ..terms()
    };
    assert_eq!(terms.check(), Ok(()));
    let moment = |health: u64| {
        let health = Some(Wad::from_raw(wad_milli(health)));
        Moment { seconds: 99_999, feed: Some(Feed { price: ray_milli(1_000_000), health }) }
    };
    let sale = open();
    let taken = sale.take(&terms, &moment(960), U256::MAX, U256::MAX).unwrap();
    // 50,000 at 960 each.
    assert_eq!(taken.price, ray_milli(960_000));
    assert_eq!(taken.slice, rad_milli(50_000_000) / ray_milli(960_000));
    let small = Sale { lot: wad_milli(10_000), ..sale.clone() };
    let taken = small.take(&terms, &moment(500), U256::MAX, U256::MAX).unwrap();
    // The lot is too small: 10 units at 850 each are repaid, and the rest of the debt is not covered.
    assert_eq!((taken.slice, taken.owed), (wad_milli(10_000), rad_milli(8_500_000)));
    assert_eq!(taken.outcome, Outcome::SoldOut { unrecovered: rad_milli(41_500_000) });
    let healthy = Refusal::Healthy { health: Wad::one() };
    assert_eq!(sale.take(&terms, &moment(1_000), raw(1), U256::MAX), Err(healthy));
    assert_eq!(sale.status(&terms, &at(1_000)), Err(Refusal::FeedMissing { what: "price" }));
    let blind = Moment { feed: feed(1_000), ..moment(900) };
    assert_eq!(sale.status(&terms, &blind), Err(Refusal::FeedMissing { what: "health" }));
    assert!(matches!(sale.reset(&terms, &moment(900)), Err(Refusal::NoResetNeeded { .. })));
}

#[test]
fn terms_are_refused_by_field_and_value() {
    assert_eq!(terms().check(), Ok(()));
    let said = |terms: Terms| terms.check().unwrap_err().to_string();
    let zero = Ray::from_raw(U256::ZERO);
    assert_eq!(said(Terms { start: zero, ..terms() }), "start = 0: a sale starts above 0");
    let above = Ray::from_raw(Ray::one().raw + raw(1));
    assert!(said(Terms { price_least: above, ..terms() }).starts_with("price_least = 1000"));
    assert_eq!(Terms { price_least: Ray::one(), ..terms() }.check(), Ok(()));
    let steps = Asking::Falling(stairs(990, 0));
    assert!(said(Terms { asking: steps, ..terms() }).starts_with("step_seconds = 0"));
}
