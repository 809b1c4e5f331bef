use super::*;
use breakwater_money::rational::{format, parse};
use proptest::prelude::*;

fn r(text: &str) -> Rational {
    parse(text).unwrap()
}

#[test]
fn a_reserve_of_a_half_is_best_for_any_number_of_bidders() {
    assert_eq!(optimal_reserve(&r("0")).unwrap(), r("1/2"));
    assert_eq!(optimal_reserve(&r("1/2")).unwrap(), r("3/4"));
    for n in [1, 2, 5, 40] {
        let revenue = |reserve: &str| single_item_uniform(n, &r(reserve)).unwrap().expected_revenue;
        assert!(
            revenue("1/2") > revenue("499/1000") && revenue("1/2") > revenue("501/1000"),
            "{n}"
        );
    }
    assert_eq!(single_item_uniform(1, &r("1/2")).unwrap().expected_revenue, r("1/4"));
}

#[test]
fn first_price_bids_bring_the_revenue_of_the_second_price() {
    // E[bid of the highest value] by exact integration: the integral over v of b(v) n v^(n-1) is a
    // polynomial, whose midpoint sum here is close from one side only, so compare at a fine grid.
    let (n, reserve, cells) = (3u32, r("1/4"), 400i128);
    let cell = rational::from_raw(1, 0) / rational::from_raw(cells, 0);
    let mut sum = r("0");
    for at in 0..cells {
        let value = &cell * (rational::from_raw(at, 0) + r("1/2"));
        if let Some(bid) = first_price_bid(n, &reserve, &value).unwrap() {
            sum += bid * whole(n) * power(&value, n - 1) * &cell;
        }
    }
    let gap = sum - single_item_uniform(n, &reserve).unwrap().expected_revenue;
    assert!(gap < r("0.00001") && gap > r("-0.00001"), "{}", format(&gap, 9));
}

#[test]
fn a_bid_at_the_reserve_is_the_reserve_and_below_it_there_is_none() {
    let bid = |value: &str| first_price_bid(4, &r("1/3"), &r(value)).unwrap();
    assert_eq!(bid("1/3"), Some(r("1/3")));
    assert_eq!(bid("33333/100000"), None);
    assert_eq!(first_price_bid(4, &r("0"), &r("0")).unwrap(), Some(r("0")));
    assert_eq!(first_price_bid(5, &r("0"), &r("1")).unwrap(), Some(r("4/5")));
    assert_eq!(all_pay_bid(5, &r("1/2")).unwrap(), r("1/40"));
}

#[test]
fn first_price_revenue_varies_less() {
    // n = 5: standard deviations 0.17817 and 0.11269, cut to 0.11268.
    let of = |variance: Result<Rational, TheoryError>| deviation(&variance.unwrap(), 5).unwrap();
    assert_eq!(of(second_price_variance(5)), r("0.17817"));
    assert_eq!(of(first_price_variance(5)), r("0.11268"));
    assert!(deviation(&r("-0.01"), 5).is_err());
    for n in 2..60 {
        assert!(first_price_variance(n).unwrap() < second_price_variance(n).unwrap(), "{n}");
    }
}

#[test]
fn several_units_have_a_price_until_there_is_one_for_everybody() {
    let price = |n, k| uniform_price_units(n, k).unwrap().expected_price;
    assert_eq!(
        [price(5, 1), price(5, 4), price(5, 5), price(5, 6)],
        ["2/3", "1/6", "0", "0"].map(r)
    );
    assert_eq!(uniform_price_units(10, 4).unwrap().expected_revenue, r("24/11"));
}

#[test]
fn harmonic_numbers_and_competition_in_costs() {
    let exponential = second_price_exponential(4).unwrap();
    assert_eq!(exponential.expected_highest, r("25/12"));
    assert_eq!(exponential.expected_revenue, r("13/12"));
    let competition = cost_competition_uniform(3, &r("2")).unwrap();
    assert_eq!((competition.captured, competition.winner_rent), (r("3/2"), r("1/4")));
    assert!(cost_competition_uniform(3, &r("1")).is_ok());
    assert!(cost_competition_uniform(3, &r("0.999")).is_err());
    assert!(cost_competition_uniform(1, &r("2")).is_err());
}

#[test]
fn the_mixed_equilibrium_ends_at_the_prize() {
    let game = |share: &str, bid: &str| all_pay_with_loser_share(3, &r("100"), &r(share), &r(bid));
    assert_eq!(format(&game("1/4", "80").unwrap().cdf(15), 15), "0.707106781186547");
    assert_eq!(*game("1", "50").unwrap().win_probability(), r("1/2"));
    assert_eq!(game("1/4", "100").unwrap().cdf(3), r("1"));
    assert_eq!(game("1/4", "101").unwrap().cdf(3), r("1"));
    assert_eq!(game("0", "99.99").unwrap().cdf(3), r("0"));
    assert_eq!(game("0", "100").unwrap().cdf(3), r("1"));
    assert_eq!(game("1/4", "0").unwrap().cdf(3), r("0"));
    // Nobody gains by another bid: win V - b, else lose g b.
    for bid in ["1", "37", "99"] {
        let (win, bid) = (game("1/4", bid).unwrap().win_probability().clone(), r(bid));
        let payoff = &win * (r("100") - &bid) - (r("1") - &win) * r("1/4") * &bid;
        assert_eq!(payoff, game("1/4", "1").unwrap().payoff());
    }
}

#[test]
fn an_outage_lets_a_zero_bid_win() {
    assert_eq!(zero_bid_probability(1, &r("0.64")).unwrap(), r("0.36"));
    assert_eq!(zero_bid_probability(3, &r("0.3")).unwrap(), r("0.343"));
    assert_eq!(zero_bid_probability(0, &r("1")).unwrap(), r("1"));
}

fn position(collateral: &str, debt: &str) -> Position {
    Position { collateral: r(collateral), debt: r(debt) }
}

#[test]
fn a_step_is_toxic_strictly_above_the_frontier() {
    // 1 / 1.25 = 0.8.
    let step =
        |debt: &str| liquidation_step(&position("1000", debt), &r("1/4"), &r("100")).unwrap();
    for (debt, toxic) in [("799", false), ("800", false), ("801", true)] {
        let step = step(debt);
        let after = step.ltv_after.unwrap();
        assert_eq!((step.toxic, after > step.ltv_before), (toxic, toxic), "{debt}");
    }
    assert_eq!(step("800").ltv_after, Some(r("4/5")));
    assert_eq!(step("801").bad_debt_if_seized, r("1"));
    assert_eq!(step("1001").bad_debt_at_mid, r("1"));
    let all = liquidation_step(&position("1000", "900"), &r("1/4"), &r("800")).unwrap();
    assert_eq!(all.ltv_after, None);
    assert!(liquidation_step(&position("1000", "900"), &r("1/4"), &r("800.01")).is_err());
    assert!(liquidation_step(&position("1000", "50"), &r("1/4"), &r("51")).is_err());
}

#[test]
fn the_first_of_two_steps_leaves_the_position_at_the_threshold() {
    let (threshold, spread, close) = (r("3/4"), r("2/25"), r("1/2"));
    let before = position("70000", "53000");
    let steps = two_step(&before, &threshold, &spread, &close).unwrap();
    let collateral = &before.collateral - &steps.first_repay * (r("1") + &spread);
    assert_eq!(collateral * &threshold, &before.debt - &steps.first_repay);
    let gain = (&steps.profit_two_step - &steps.profit_single) / &steps.profit_single;
    assert_eq!(gain, steps.relative_gain);
    // Deeper in breach, the first is capped by the close factor.
    let deep = two_step(&position("60000", "53000"), &threshold, &spread, &close).unwrap();
    assert_eq!((deep.first_repay, deep.relative_gain), (r("26500"), r("1/2")));
    let edge = two_step(&position("70000", "52500"), &threshold, &spread, &close).unwrap();
    assert_eq!((edge.first_repay, edge.relative_gain), (r("0"), r("0")));
    assert!(two_step(&position("70000", "52499"), &threshold, &spread, &close).is_err());
    assert!(two_step(&before, &r("1"), &r("0"), &close).is_err());
}

#[test]
fn a_wrong_argument_is_named_with_what_would_be_right() {
    let told = |error: Result<SingleItem, TheoryError>| error.unwrap_err().to_string();
    assert_eq!(told(single_item_uniform(0, &r("0"))), "bidders is 0: it must be 1 to 1000");
    assert_eq!(told(single_item_uniform(1_001, &r("0"))), "bidders is 1001: it must be 1 to 1000");
    assert_eq!(told(single_item_uniform(2, &r("-1/3"))), "reserve is -1/3: it must be 0 to 1");
    assert_eq!(
        told(single_item_uniform(2, &r("1.001"))),
        "reserve is 1001/1000: it must be 0 to 1"
    );
}

proptest! {
    #[test]
    fn welfare_is_revenue_and_surplus(n in 1u32..30, reserve in 0i128..=100) {
        let reserve = rational::from_raw(reserve, 2);
        let item = single_item_uniform(n, &reserve).unwrap();
        prop_assert!(item.bidder_surplus >= zero());
        // Sold at the reserve at least.
        prop_assert!(item.expected_revenue >= &reserve * &item.sale_probability);
        prop_assert_eq!(&item.expected_revenue + &item.bidder_surplus, item.winner_value);
    }

    #[test]
    fn the_root_is_the_floor_of_the_true_one(n in 2u32..12, bid in 1i128..100, share in 0i128..=4) {
        let game = all_pay_with_loser_share(
            n, &r("100"), &rational::from_raw(25 * share, 2), &rational::from_raw(bid, 0)
        ).unwrap();
        let root = game.cdf(9);
        let above = &root + rational::from_raw(1, 9);
        prop_assert!(power(&root, n - 1) <= *game.win_probability());
        prop_assert!(power(&above, n - 1) > *game.win_probability());
    }
}
