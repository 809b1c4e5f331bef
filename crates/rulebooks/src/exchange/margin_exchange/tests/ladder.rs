//! Ladders on this rule: brackets, fees and roundings are the venue's own.

use super::*;
use crate::exchange::ladders;
use breakwater_liquidation::ladder::{Standing, Step, plan_ladder};
use breakwater_liquidation::plan::{Plan, proceeds};
use breakwater_liquidation::{Ladder, Overlay, Policy, Reason, Seller};

/// Lots of a single base unit, so that a plan is minimal to the unit.
fn policy() -> Policy {
    Policy { name: "test".to_owned(), seller: Seller::Venue, ..Policy::as_is() }
}

fn ladder(text: &str) -> Ladder {
    ladders::parse(text).unwrap()
}

fn step(pool: &Pool, ladder: &Ladder, standing: &Standing) -> Step<Plan> {
    let found =
        pool.look(|view| plan_ladder(&*pool.rulebook, view, A, &policy(), ladder, standing));
    found.unwrap()
}

fn first(pool: &Pool, text: &str) -> Plan {
    match step(pool, &ladder(text), &Standing::default()) {
        Step::Sell(plan) => plan,
        other => panic!("{other:?}"),
    }
}

/// Health and initial margin if the plan's legs fill at their worst prices, the last with `less`
/// units less.
fn after(pool: &Pool, plan: &Plan, less: u128) -> (Health, u128) {
    pool.look(|view| {
        let mut effects = Effects::default();
        let last = plan.legs.len() - 1;
        for (index, leg) in plan.legs.iter().enumerate() {
            let quantity = leg.quantity - if index == last { less } else { 0 };
            let overlay = Overlay::new(*view, A, &effects).unwrap();
            let seen = overlay.view();
            let paid = proceeds(&seen, leg, quantity, leg.worst_price).unwrap();
            effects
                .then(pool.rulebook.execute(&seen, &fill(A, leg.asset, quantity, paid)).unwrap());
        }
        let overlay = Overlay::new(*view, A, &effects).unwrap();
        let view = overlay.view();
        let rulebook = &pool.rulebook;
        (rulebook.assess(&view, A).unwrap(), rulebook.initial(&view, A).unwrap())
    })
}

/// A position of 250 million in the bracket at 10 %, with so many thousandths of what it requires.
fn large(side: i128, thousandths: u128) -> Pool {
    let mut pool = Pool::new();
    pool.deposit(A, 300_000_000 * ONE);
    pool.call(&trade(A, BTC, side * 5_000_007, btc(500_000))).unwrap();
    let health = pool.health(A);
    let target = i128::try_from(health.requirement * thousandths / 1_000).unwrap();
    pool.rows.add(Holder::Account(A), Unit::token(USDT), target - health.equity);
    pool
}

const TO_INITIAL: &str = "[[rungs]]\ndo = \"to-initial\"\nat = { mark = { slippage_bps = 10 } }\n\
                          [[rungs]]\ndo = \"take-over\"";

#[test]
fn a_cut_to_initial_is_accepted_by_the_rule_and_one_unit_less_misses_it() {
    for side in [1, -1] {
        let pool = large(side, 900);
        let plan = first(&pool, TO_INITIAL);
        assert_eq!((plan.reason, plan.legs.len()), (Reason::InitialMargin, 1));
        let leg = plan.legs[0];
        assert_eq!((leg.asset, leg.buy_back), (BTC, side < 0));
        assert!(leg.quantity < 5_000_007);
        let covered = |(health, initial): (Health, u128)| {
            !health.breach && health.equity >= i128::try_from(initial).unwrap()
        };
        assert!(covered(after(&pool, &plan, 0)) && !covered(after(&pool, &plan, 1)));
        assert_eq!(plan.after, after(&pool, &plan, 0).0);
    }
    // The whole requirement is a breach here, a unit more is none.
    for (more, breach) in [(0, true), (1, false)] {
        let mut pool = large(1, 1_000);
        pool.rows.add(Holder::Account(A), Unit::token(USDT), more);
        let found = step(&pool, &ladder(TO_INITIAL), &Standing::default());
        assert_eq!(found != Step::Nothing, breach, "{found:?}");
    }
}

#[test]
fn brackets_begin_where_one_base_unit_more_is_above_the_cap() {
    let mut pool = large(-1, 900);
    let steps = |asset| pool.look(|view| pool.rulebook.steps_down(view, A, asset)).unwrap();
    // A unit of BTCUSDT is 50 USDT: caps of 230 million to 50,000.
    assert_eq!(
        steps(BTC),
        [4_600_000, 2_000_000, 1_400_000, 240_000, 60_000, 12_000, 1_000],
        "largest first"
    );
    assert_eq!(steps(ETH), []);
    // A notional equal to a cap belongs to that bracket: the next one down begins at 100 million.
    pool.call(&trade(A, BTC, 400_007, btc(500_000))).unwrap();
    let steps = pool.look(|view| pool.rulebook.steps_down(view, A, BTC)).unwrap();
    assert_eq!((pool.size(A, BTC), steps.first()), (-4_600_000, Some(&2_000_000)));
    // A price may carry a position above the limit, where the last bracket holds on: 2,000 million
    // are above its 1,800, and the next begins at 1,200.
    let mut beyond = large(1, 900);
    beyond.mark(BTC, 4_000_000);
    let steps = beyond.look(|view| beyond.rulebook.steps_down(view, A, BTC)).unwrap();
    assert_eq!(steps.first(), Some(&3_000_000));
    // A price that divides no cap: the size's own notional is within it, the next one's is not.
    let mut pool = large(1, 900);
    pool.mark(BTC, 477_777);
    let steps = pool.look(|view| pool.rulebook.steps_down(view, A, BTC)).unwrap();
    let value = |size: u128| size * 477_777 * 100;
    let caps = [230, 100, 70, 12, 3].map(|cap: u128| cap * 1_000_000 * ONE);
    for (size, cap) in steps.iter().zip(caps) {
        assert!(value(*size) <= cap && value(size + 1) > cap, "{size}");
    }
}

#[test]
fn a_tier_down_takes_the_account_to_the_lower_bracket_and_no_further() {
    let pool = large(1, 990);
    let text = "[[rungs]]\ndo = { tier-down = { tiers = 2 } }\nat = \"bankruptcy\"\n\
                [[rungs]]\ndo = \"take-over\"";
    let plan = first(&pool, text);
    assert_eq!((plan.reason, plan.legs[0].quantity), (Reason::TierDown, 5_000_007 - 2_000_000));
}

#[test]
fn the_bankruptcy_price_leaves_nothing_of_the_margin_and_one_tick_worse_less_than_nothing() {
    let text = "[[rungs]]\ndo = \"whole\"\nat = \"bankruptcy\"";
    for side in [1, -1] {
        for thousandths in [900, 1, 0] {
            let pool = large(side, thousandths);
            let equity = pool.health(A).equity;
            let plan = first(&pool, text);
            let leg = plan.legs[0];
            assert_eq!((leg.quantity, plan.after.requirement), (5_000_007, 0));
            // A tick of 0.1 on 5,000.007 contracts.
            let tick = 500 * i128::try_from(ONE).unwrap() + 700;
            let distance = i128::try_from(leg.worst_price.raw.abs_diff(500_000)).unwrap();
            assert!((0..tick).contains(&(equity - distance * tick)), "{side} {thousandths}");
        }
    }
    // Under water the price lies on the other side of the mark.
    let mut pool = large(1, 0);
    pool.rows.add(Holder::Account(A), Unit::token(USDT), -1);
    assert_eq!(first(&pool, text).legs[0].worst_price, btc(500_001));
}

#[test]
fn with_several_positions_each_bears_the_equity_in_proportion_to_its_value() {
    let mut pool = large(1, 900);
    pool.deposit(A, 100_000_000 * ONE);
    pool.call(&trade(A, ETH, -12_345_678_901_234, eth(200_000))).unwrap();
    let health = pool.health(A);
    pool.rows.add(
        Holder::Account(A),
        Unit::token(USDT),
        i128::try_from(health.requirement / 2).unwrap() - health.equity,
    );
    let plan = first(&pool, "[[rungs]]\ndo = \"whole\"\nat = \"bankruptcy\"");
    let found: Vec<_> = plan.legs.iter().map(|leg| (leg.asset, leg.buy_back)).collect();
    assert_eq!(found, [(BTC, false), (ETH, true)]);
    // The same share off one mark and on the other, to a tick.
    let down = 500_000 - plan.legs[0].worst_price.raw;
    let up = plan.legs[1].worst_price.raw - 200_000;
    assert!((down * 2 / 5).abs_diff(up) <= 1, "{down} {up}");
    // The price leaves nothing and lacks nothing; the clearance fee of the first sale, for which
    // there still was cash, is what the last one lacks. A tick is 500 USDT on
    // one and 1,234 on the other.
    let value =
        pool.look(|view| proceeds(view, &plan.legs[0], 5_000_007, plan.legs[0].worst_price));
    let fee = i128::try_from((value.unwrap() * 125).div_ceil(10_000)).unwrap();
    let left = plan.after.equity + fee;
    assert!((0..2_000 * i128::try_from(ONE).unwrap()).contains(&left), "{left}");
    assert_eq!(plan.after.requirement, 0);
}

#[test]
fn the_venues_ladder_goes_from_orders_to_one_sale_to_the_fund() {
    let ladder = ladder(ladders::BINANCE);
    // A hundredth of the requirement short, in a bracket where a sale frees more than it costs.
    let pool = large(1, 990);
    let open = Standing { orders_open: true, ..Standing::default() };
    assert_eq!(step(&pool, &ladder, &open), Step::CancelOrders);
    let Step::Sell(plan) = step(&pool, &ladder, &Standing::default()) else { panic!() };
    assert_eq!(plan.reason, Reason::TargetHealth);
    assert!(!after(&pool, &plan, 0).0.breach && after(&pool, &plan, 1).0.breach);
    let again = Standing { steps: 1, last_step_at: Some(Time(0)), ..Standing::default() };
    assert_eq!(step(&pool, &ladder, &again), Step::TakeOver);
    // Where no part brings it back, the one sale is of everything.
    let Step::Sell(plan) = step(&large(1, 10), &ladder, &Standing::default()) else { panic!() };
    assert_eq!((plan.reason, plan.legs[0].quantity), (Reason::FullClose, 5_000_007));
    assert_eq!(step(&large(1, 1_001), &ladder, &Standing::default()), Step::Nothing);
}

#[test]
fn every_venues_ladder_is_taken_to_its_end_on_this_rule() {
    for (venue, text) in ladders::LADDERS {
        for (side, thousandths) in [(1, 980), (-1, 980), (1, 700), (-1, 300), (1, 0)] {
            let mut pool = large(side, thousandths);
            let ladder = ladder(text);
            let mut standing = Standing { orders_open: true, ..Standing::default() };
            let mut steps = 0;
            loop {
                steps += 1;
                assert!(steps < 200, "{venue} {side} {thousandths}");
                match step(&pool, &ladder, &standing) {
                    Step::CancelOrders => standing.orders_open = false,
                    Step::TakeOver => break,
                    Step::Wait { until } => {
                        assert!(until > standing.now, "{venue}");
                        standing.now = until;
                    }
                    Step::Nothing => {
                        let health = pool.health(A);
                        assert!(!health.breach || pool.size(A, BTC) == 0, "{venue}");
                        break;
                    }
                    Step::Sell(plan) => {
                        for leg in &plan.legs {
                            let worst = leg.worst_price;
                            let paid = pool.look(|view| proceeds(view, leg, leg.quantity, worst));
                            let call = fill(A, leg.asset, leg.quantity, paid.unwrap());
                            pool.call(&call).unwrap();
                        }
                        assert_eq!(pool.health(A), plan.after, "{venue}");
                        standing.steps += 1;
                        standing.last_step_at = Some(standing.now);
                    }
                }
            }
        }
    }
}
