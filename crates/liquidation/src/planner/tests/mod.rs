//! The planner against every combination of lots, and the promises one by one.

mod exact;
mod single;
mod time;
mod toy;

use super::*;
use crate::plan::plan_sale;
use crate::{Close, Outlet};
use toy::{A, CASH, Kind, ONE, Toy, asset, book, policy, terms, within_band};

/// A half-life in which nothing comes back.
const NEVER: u64 = u64::MAX;

fn proposed(toy: &Toy, policy: &Policy) -> Proposal {
    toy.look(|view| propose(toy, view, A, policy)).unwrap()
}

/// Owes 750 of cash against 10 whole units at 100 with weights of 80 % and 70 %: in breach.
fn two_holdings() -> Toy {
    let kind = Kind::Lending(vec![8_000, 7_000]);
    let mut toy = Toy::new(kind, -760_000_000, &[(5_000_000, 100 * ONE), (5_000_000, 100 * ONE)]);
    let deep = |best: u128| {
        let bids: Vec<(u128, u128)> = (0..10).map(|i| ((best - i) * ONE, ONE)).collect();
        book(&bids, &[])
    };
    toy.observe(1, vec![deep(99)], 0, NEVER);
    toy.observe(2, vec![deep(97)], 0, NEVER);
    toy
}

#[test]
fn sales_are_split_until_no_holding_relieves_cheaper_than_another() {
    let toy = two_holdings();
    let policy = policy(10_500, ONE / 100, 1_000, terms());
    let found = proposed(&toy, &policy);
    assert_eq!(found.plan.reason, Reason::Planned);
    assert_eq!(found.plan.legs.len(), 2, "{found:?}");
    let ratios: Vec<i64> = found.marginal_ppm.iter().map(|(_, ppm)| *ppm).collect();
    // Steps are one whole unit at one percent: the last ones stand a step apart at most.
    let (low, high) = (ratios.iter().min().unwrap(), ratios.iter().max().unwrap());
    assert!(high - low <= 60_000, "{ratios:?}");
    assert!(found.later.is_empty());
    assert!(found.reached.ratio >= policy.target_ratio && !found.reached.breach);
    let quantity: u128 = found.allocations.iter().map(|part| part.quantity).sum();
    assert_eq!(quantity, found.plan.legs.iter().map(|leg| leg.quantity).sum::<u128>());
}

#[test]
fn one_lot_less_of_any_leg_misses_and_the_worst_price_is_that_of_the_last_step() {
    let toy = two_holdings();
    let policy = policy(10_500, ONE, 1_000, terms());
    let found = proposed(&toy, &policy);
    for (at, leg) in found.plan.legs.iter().enumerate() {
        let own = found.allocations.iter().filter(|part| part.leg == at);
        assert_eq!(own.map(|part| part.price.raw).min(), Some(leg.worst_price.raw));
        let mut less = found.plan.legs.clone();
        less[at].quantity -= 10_000;
        assert!(exact::ratio_after(&toy, &less) < policy.target_ratio, "{leg:?}");
        toy.look(|view| assert!(within_band(view, leg, 1_000)));
    }
}

#[test]
fn the_order_of_the_outlets_changes_nothing_that_is_sold() {
    let books = [
        book(&[(99 * ONE, ONE), (95 * ONE, 2 * ONE)], &[]),
        book(&[(98 * ONE, ONE), (95 * ONE, ONE), (94 * ONE, ONE)], &[]),
        Outlet { kind: OutletKind::Keeper, ..book(&[(96 * ONE, 2 * ONE)], &[]) },
    ];
    let orders = [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2], [0, 2, 1], [2, 0, 1]];
    let mut answers = orders.iter().map(|order| {
        let mut toy = two_holdings();
        let ordered: Vec<Outlet> = order.iter().map(|at| books[*at].clone()).collect();
        toy.observe(1, ordered.clone(), 0, NEVER);
        let found = proposed(&toy, &policy(10_500, ONE, 1_000, terms()));
        let parts = found.allocations.iter().map(|part| {
            let outlet = part.outlet.filter(|_| found.plan.legs[part.leg].asset == asset(1));
            (outlet.map(|(at, _)| ordered[at].clone()), part.quantity, part.price)
        });
        (parts.collect::<Vec<_>>(), found.plan, found.expected_cost)
    });
    let first = answers.next().unwrap();
    assert!(answers.all(|other| other == first));
}

#[test]
fn a_healthy_account_has_no_plan_and_one_without_holdings_nothing_to_sell() {
    let policy = policy(10_500, ONE, 1_000, terms());
    let refused = |toy: &Toy| toy.look(|view| plan_optimal(toy, view, A, &policy)).unwrap_err();
    let healthy = Toy::new(Kind::Lending(vec![8_000]), -1, &[(ONE as i128, 100 * ONE)]);
    assert_eq!(refused(&healthy).rejection, Rejection::Healthy);
    let bare = Toy::new(Kind::Lending(vec![8_000]), -1, &[(0, 100 * ONE)]);
    assert_eq!(refused(&bare).rejection, Rejection::NothingToSell);
    let other = Policy { planner: None, ..policy.clone() };
    let toy = two_holdings();
    let refused = toy.look(|view| plan_optimal(&toy, view, A, &other)).unwrap_err();
    assert_eq!(refused.rejection, Rejection::BadParameter);
}

#[test]
fn a_market_of_which_nothing_is_known_pays_the_worst_of_the_band_and_is_sold_last() {
    let mut toy = two_holdings();
    toy.observed = crate::Observed::default();
    let planned = policy(10_500, ONE, 300, terms());
    let blind = proposed(&toy, &planned);
    let fewest = Policy { close: Close::Target, planner: None, ..planned.clone() };
    let fewest = toy.look(|view| plan_sale(&toy, view, A, &fewest)).unwrap();
    assert_eq!(
        (&blind.plan.legs[0].worst_price, blind.plan.after.breach),
        (&fewest.legs[0].worst_price, false)
    );
    assert!(blind.allocations.iter().all(|part| part.outlet.is_none()));
    // A single market that pays better is taken first.
    toy.observe(2, vec![book(&[(99 * ONE, 5 * ONE)], &[])], 0, NEVER);
    let found = proposed(&toy, &planned);
    assert_eq!(found.plan.legs[0].asset, asset(2));
    // Too old, and it is as if nothing were known.
    toy.now = crate::planner::tests::toy_time(2_000);
    let young = policy(10_500, ONE, 300, PlannerTerms { age_max_nanos: 999, ..terms() });
    assert_eq!(proposed(&toy, &young).plan.legs, blind.plan.legs);
}

fn toy_time(nanos: u64) -> breakwater_money::Time {
    breakwater_money::Time(nanos)
}

#[test]
fn limits_hold_over_all_sales_of_a_market_and_what_does_not_fit_waits() {
    let mut toy = two_holdings();
    toy.observe(2, vec![], 0, 60_000_000_000);
    let deep: Vec<(u128, u128)> = (0..10).map(|i| ((99 - i) * ONE, ONE)).collect();
    toy.observe(1, vec![book(&deep, &[])], 0, 60_000_000_000);
    // A fifth of ten quoted within the band, of which others are about to take one and a half.
    // Slices so short that nothing is back by the next.
    let limited = PlannerTerms { participation_bps: 2_000, pace_nanos: 1, ..terms() };
    let policy_of = |terms| policy(10_500, ONE, 1_000, terms);
    let sold = |toy: &Toy, terms| proposed(toy, &policy_of(terms)).plan.legs;
    let quantity = |legs: &[Leg]| legs.iter().map(|leg| leg.quantity).sum::<u128>();
    assert_eq!(quantity(&sold(&toy, limited)), 2 * ONE);
    toy.under_way.insert((asset(1), false), 1_500_000);
    let legs = sold(&toy, limited);
    assert_eq!((quantity(&legs), legs[0].worst_price.raw), (500_000, 98 * ONE));
    toy.observed.eat(breakwater_market::MarketId(0), false, 600_000, toy.now);
    let found = proposed(&toy, &policy_of(limited));
    assert_eq!((found.plan.legs.len(), found.later.is_empty()), (0, false));
    let waits = toy.look(|view| plan_optimal(&toy, view, A, &policy_of(limited))).unwrap_err();
    assert_eq!(waits.rejection, Rejection::WaitsForDepth);
    // A half is back a half-life later, and with it what may be taken.
    toy.under_way.clear();
    toy.now = toy_time(1_000 + 60_000_000_000);
    let room = 1_680_000..=1_700_000;
    assert!(room.contains(&quantity(&sold(&toy, limited))));
    // The impact limit ends all sales at two steps below the mark.
    let shallow = PlannerTerms { impact_max_bps: 200, pace_nanos: 1, ..terms() };
    let legs = sold(&toy, shallow);
    assert_eq!((room.contains(&quantity(&legs)), legs[0].worst_price.raw), (true, 98 * ONE));
}

#[test]
fn a_keeper_an_auction_and_a_vault_move_no_price_and_an_auction_is_charged_its_wait() {
    let mut toy = two_holdings();
    toy.observe(2, vec![], 0, 0);
    let side = |kind, price: u128, wait_nanos| Outlet {
        kind,
        wait_nanos,
        pays: None,
        ..book(&[(price * ONE, ONE)], &[])
    };
    let outlets = vec![
        side(OutletKind::Book, 96, 0),
        side(OutletKind::Auction, 97, 86_400_000_000_000),
        side(OutletKind::Keeper, 95, 0),
        side(OutletKind::Vault, 94, 0),
    ];
    toy.observe(1, outlets, 50_000, NEVER);
    let kinds = |confidence_ppm| {
        let terms = PlannerTerms { impact_max_bps: 100, confidence_ppm, ..terms() };
        let found = proposed(&toy, &policy(10_500, ONE, 1_000, terms));
        let kinds = found.allocations.iter().filter_map(|part| part.outlet.map(|(_, kind)| kind));
        kinds.collect::<Vec<_>>()
    };
    use OutletKind::{Auction, Keeper, Vault};
    // The book's 4 % are more than the impact allowed.
    assert_eq!(kinds(0), [Auction, Keeper, Vault]);
    // A day at 5 % makes the auction the dearest.
    assert_eq!(kinds(1_000_000), [Keeper, Vault, Auction]);
}

#[test]
fn where_no_part_reaches_the_target_the_plan_changes_kind_and_sells_all() {
    // 95 % weight and a loss of 8 %: each sale leaves less.
    let mut toy = Toy::new(Kind::Lending(vec![9_500]), -97 * 5_000_000, &[(5_000_000, 100 * ONE)]);
    toy.observe(1, vec![book(&[(92 * ONE, 10 * ONE)], &[])], 0, NEVER);
    let found = proposed(&toy, &policy(10_500, ONE, 1_000, terms()));
    assert_eq!((found.plan.reason, found.plan.legs[0].quantity), (Reason::Toxic, 5_000_000));
    // Under water even at the mark.
    let mut toy = Toy::new(Kind::Lending(vec![5_000]), -600_000_000, &[(5_000_000, 100 * ONE)]);
    toy.observe(1, vec![book(&[(99 * ONE, 10 * ONE)], &[])], 0, NEVER);
    let found = proposed(&toy, &policy(10_500, ONE, 1_000, terms()));
    assert_eq!(found.plan.legs[0].quantity, 5_000_000);
    assert_ne!(found.plan.reason, Reason::Planned);
    let _ = CASH;
}
