//! Now or later.

use super::*;

const MINUTE: u64 = 60_000_000_000;

/// One holding over a book whose steps fall fast and come back within a slice.
fn thin(volatility: u32) -> Toy {
    let mut toy = Toy::new(Kind::Lending(vec![8_000]), -420_000_000, &[(5_000_000, 100 * ONE)]);
    let bids: Vec<(u128, u128)> = (0..5).map(|i| ((99 - 2 * i) * ONE, ONE)).collect();
    toy.observe(1, vec![book(&bids, &[])], volatility, MINUTE / 10);
    toy
}

fn sold_now(toy: &Toy, confidence_ppm: u32) -> u128 {
    let terms = PlannerTerms { confidence_ppm, ..terms() };
    let found = proposed(toy, &policy(10_500, ONE, 1_000, terms));
    found.plan.legs.iter().map(|leg| leg.quantity).sum()
}

#[test]
fn what_costs_more_than_waiting_waits_and_risk_makes_it_sell_now() {
    let calm = thin(0);
    let now = sold_now(&calm, 1_645_000);
    assert!(now > 0 && now <= 1_010_000, "{now}");
    let amounts: Vec<u128> =
        [10_000, 400_000, 1_000_000, 5_000_000].map(|ppm| sold_now(&thin(ppm), 1_645_000)).into();
    assert!(amounts.windows(2).all(|pair| pair[0] <= pair[1]), "{amounts:?}");
    assert!(amounts[3] > amounts[0], "{amounts:?}");
    // Indifferent to risk, volatility changes nothing.
    assert_eq!(sold_now(&thin(1_000_000), 0), now);
}

#[test]
fn a_step_is_sold_now_if_it_costs_no_more_than_the_next_slice_with_its_risk() {
    for volatility in [0, 300_000, 800_000, 2_000_000] {
        let toy = thin(volatility);
        let terms = PlannerTerms { confidence_ppm: 1_000_000, ..terms() };
        let found = proposed(&toy, &policy(10_500, ONE, 1_000, terms));
        let worst = found.allocations.last().unwrap().price.raw;
        if let Some(next) = found.later.iter().find(|later| later.slice == 1) {
            // Waiting a minute is charged one deviation of a minute.
            let risk = u128::from(volatility) * 100 / 37_947 * 1_000;
            let dearest = 99 * ONE - risk;
            assert!(worst + 2 * ONE >= dearest, "{volatility}: {worst} against {dearest}");
            assert!(next.quantity > 0);
        }
    }
}

#[test]
fn a_holding_that_hedges_others_is_sold_later_and_variance_counts_as_relief() {
    let tiers = vec![(u128::MAX, 1_000)];
    // Long twice as much of one as short of the other.
    let make = |correlation: i32| {
        let held = [(8_000_000, 100 * ONE), (-4_000_000, 100 * ONE)];
        let mut toy = Toy::new(Kind::Tiered(tiers.clone()), -300_000_000, &held);
        let bids: Vec<(u128, u128)> = (0..10).map(|i| ((99 - i) * ONE, ONE)).collect();
        let asks: Vec<(u128, u128)> = (0..10).map(|i| ((101 + i) * ONE, ONE)).collect();
        toy.observe(1, vec![book(&bids, &asks)], 500_000, MINUTE);
        toy.observe(2, vec![book(&bids, &asks)], 500_000, MINUTE);
        toy.correlate(1, 2, correlation);
        let terms = PlannerTerms { confidence_ppm: 2_000_000, pace_nanos: 10 * MINUTE, ..terms() };
        let found = proposed(&toy, &policy(10_500, ONE, 1_500, terms));
        let of = |number| {
            let own = found.plan.legs.iter().filter(|leg| leg.asset == asset(number));
            own.map(|leg| leg.quantity).sum::<u128>()
        };
        (of(1), of(2), found.risk_before, found.risk_after)
    };
    let (long, short, before, after) = make(900_000);
    assert!(long > 0 && short == 0, "{long} {short}");
    assert!(after < before);
    // Uncorrelated, or moving against each other, both are risks.
    let (_, apart, ..) = make(-900_000);
    assert!(apart > 0);
}

#[test]
fn hedges_are_sold_now_where_nothing_else_can_be() {
    let tiers = vec![(u128::MAX, 1_000)];
    let held = [(8_000_000, 100 * ONE), (-4_000_000, 100 * ONE)];
    let mut toy = Toy::new(Kind::Tiered(tiers), -300_000_000, &held);
    let asks: Vec<(u128, u128)> = (0..10).map(|i| ((101 + i) * ONE, ONE)).collect();
    toy.observe(1, vec![], 500_000, MINUTE);
    toy.observe(2, vec![book(&[], &asks)], 500_000, MINUTE);
    toy.correlate(1, 2, 900_000);
    let terms = PlannerTerms { confidence_ppm: 2_000_000, ..terms() };
    let found = proposed(&toy, &policy(10_500, ONE, 1_500, terms));
    assert!(found.plan.legs.iter().any(|leg| leg.asset == asset(2)), "{found:?}");
}
