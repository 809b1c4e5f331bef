//! The engine climbs ladders: one step at a time, each with its wait, and the next one that is due if a
//! price makes it due before.

use crate::support::stage::*;
use breakwater_engine::{Body, What};
use breakwater_liquidation::ladder::{
    Act, Bounds, Ladder, Meanwhile, Multiple, PriceBound, Range, Rung, Value,
};
use breakwater_liquidation::{CallState, Close, Policy, Reason};
use breakwater_money::{AccountId, Unit};

const AT: Option<PriceBound> = Some(PriceBound::Mark { slippage_bps: 100 });

fn policy(rungs: Vec<Rung>) -> Policy {
    let plain = venue_sells();
    let guards = breakwater_liquidation::policy::Guards { once_per_tick: false, ..plain.guards };
    let ladder = Some(Ladder::new(rungs).unwrap());
    // Lots of a single base unit.
    Policy { ladder, close: Close::VenueMaximum, lot_value: 0, guards, retry_nanos: 0, ..plain }
}

/// Account 0 is long 10 ETH from 2,000 with so much.
fn stage(rungs: Vec<Rung>, cash: u128) -> Stage {
    let mut stage = Stage::perpetual(policy(rungs), 3);
    stage.done(deposit(0, CASH, cash * ONE_CASH));
    stage.done(deposit(1, CASH, 1_000_000 * ONE_CASH));
    stage.done(trade(Some(0), Some(1), ETH, 10 * ONE_ETH, at(2_000)));
    stage
}

fn held(stage: &Stage) -> i128 {
    stage.own(0, Unit::token(ETH))
}

fn reasons(outcome: &breakwater_engine::Outcome) -> Vec<Reason> {
    let told = outcome.facts().filter_map(|what| match what {
        What::Ordered { reason, .. } => Some(*reason),
        _ => None,
    });
    told.collect()
}

/// Fills an order whole at the mark.
fn sold(stage: &mut Stage, order: &Order, mark: u128) -> breakwater_engine::Outcome {
    stage.done(fill(order.leg, order.quantity, order.quantity * mark / ONE_ETH, true))
}

#[test]
fn a_share_is_sold_and_the_next_waits_for_its_time() {
    let wait_nanos = 10 * SECOND;
    let fifth = Rung { wait_nanos, ..Rung::new(Act::Fraction { bps: 2_000 }, AT) };
    // At 1,880, 800 are left of 2,000, of a requirement of 940.
    let mut stage = stage(vec![fifth], 2_000);
    let order = orders(&stage.price(ETH, at(1_880)))[0];
    assert_eq!((order.quantity, order.worst), (2 * ONE_ETH, at(1_880) * 99 / 100));
    // Half of it is taken, and no more: the step was taken all the same.
    let outcome = stage.done(fill(order.leg, ONE_ETH, at(1_870), true));
    assert_eq!(orders(&outcome), []);
    assert_eq!(cancelled(&outcome), [order.leg]);
    for wait in [SECOND, 9 * SECOND - 1] {
        stage.wait(wait);
        assert_eq!(orders(&stage.done(Body::AdvanceTime)), []);
        assert_eq!(orders(&stage.price(ETH, at(1_879))), []);
    }
    // Time alone wakes it.
    stage.wait(1);
    let outcome = stage.done(Body::AdvanceTime);
    assert_eq!(reasons(&outcome), [Reason::Fraction]);
    let order = orders(&outcome)[0];
    assert_eq!(order.quantity.abs_diff(9 * ONE_ETH / 5), 0);
    let outcome = sold(&mut stage, &order, at(1_879));
    // 7.2 are left, with 676.5 for what they need, or it is called again.
    assert_eq!(held(&stage), 72 * ONE_ETH as i128 / 10);
    assert_eq!(
        stage.state(0),
        if stage.health(0).breach { CallState::Liquidating } else { CallState::Cured }
    );
    assert_eq!(orders(&outcome), []);
}

#[test]
fn a_price_that_makes_another_rung_due_ends_the_wait() {
    let below = |text| Bounds {
        equity: Range { below: Some(Multiple::parse(text).unwrap()), ..Range::default() },
        ..Bounds::default()
    };
    let vault = Rung { bounds: below("2/3"), ..Rung::new(Act::TakeOver, None) };
    let wait_nanos = 30 * SECOND;
    let fifth = Rung { wait_nanos, ..Rung::new(Act::Fraction { bps: 2_000 }, AT) };
    let rungs = vec![vault, fifth];
    let mut stage = stage(rungs, 2_000);
    let mut policy = stage.engine.policy().unwrap().clone();
    policy.backstop.vault = Some(AccountId(2));
    stage.done(install(crate::support::perpetual::RULE, "", policy));
    // 700 of 935 first; a fifth less, 700 of 748.
    let order = orders(&stage.price(ETH, at(1_870)))[0];
    sold(&mut stage, &order, at(1_870));
    assert_eq!(held(&stage), 8 * ONE_ETH as i128);
    // 8 at 1,850: 540 of 740, more than two thirds: it still waits.
    stage.wait(SECOND);
    assert_eq!(orders(&stage.price(ETH, at(1_850))), []);
    assert_eq!(held(&stage), 8 * ONE_ETH as i128);
    // At 1,840 460 of 736 are less than two thirds; 29 seconds are left to wait.
    stage.wait(SECOND);
    stage.price(ETH, at(1_840));
    assert_eq!((held(&stage), stage.own(2, Unit::token(ETH))), (0, 8 * ONE_ETH as i128));
}

#[test]
fn brackets_are_left_one_by_one() {
    let down = Rung::new(Act::TierDown { tiers: 1 }, AT);
    let whole = Rung::new(Act::Whole, AT);
    let mut stage = stage(vec![down, whole], 2_000);
    let outcome = stage.price(ETH, at(1_830));
    assert_eq!(reasons(&outcome), [Reason::TierDown]);
    let order = orders(&outcome)[0];
    assert!(order.quantity.abs_diff(5 * ONE_ETH) < ONE_ETH / 100_000, "{order:?}");
    // Half at the mark leaves 300 for 458: the next half.
    let outcome = sold(&mut stage, &order, at(1_830));
    assert_eq!(reasons(&outcome), [Reason::TierDown]);
    let order = orders(&outcome)[0];
    assert!(order.quantity.abs_diff(5 * ONE_ETH / 2) < ONE_ETH / 100_000, "{order:?}");
}

#[test]
fn a_ramp_frees_its_share_by_and_by_and_counts_what_was_freed() {
    let nanos = 100 * SECOND;
    let ramp = Act::Ramp { first_bps: 1_000, nanos, buffer_bps: 0, at_once_below: None };
    let at_mark = Some(PriceBound::Mark { slippage_bps: 0 });
    let mut stage = stage(vec![Rung::new(ramp, at_mark), Rung::new(Act::Whole, AT)], 2_000);
    // 700 are left of 2,000 at 1,870, of 935: 235 are short, of which a tenth at once.
    let outcome = stage.price(ETH, at(1_870));
    assert_eq!(reasons(&outcome), [Reason::Ramp]);
    let order = orders(&outcome)[0];
    // Each sold frees 93.5: 23.5 take a quarter of one and a lot.
    let freed = |quantity: u128| quantity * 935 / 10 / (ONE_ETH / ONE_CASH);
    assert!((23_499_990..23_500_100).contains(&freed(order.quantity)), "{order:?}");
    let outcome = sold(&mut stage, &order, at(1_870));
    assert_eq!(orders(&outcome), []);
    // By fifty seconds six tenths may be freed; half of it more than was.
    stage.wait(50 * SECOND);
    let outcome = stage.price(ETH, at(1_870));
    let order = orders(&outcome)[0];
    assert!((117_400_000..117_600_000).contains(&freed(order.quantity)), "{order:?}");
    // A part of it fills: the rest is not forgotten.
    let part = order.quantity / 2;
    let outcome = stage.done(fill(order.leg, part, part * at(1_870) / ONE_ETH + 1, true));
    let again = orders(&outcome);
    assert!(again[0].quantity.abs_diff(order.quantity - part) < ONE_ETH / 1_000, "{again:?}");
    sold(&mut stage, &again[0], at(1_870));
    stage.wait(50 * SECOND);
    let order = orders(&stage.price(ETH, at(1_870)))[0];
    sold(&mut stage, &order, at(1_870));
    assert_eq!(stage.state(0), CallState::Cured);
}

#[test]
fn no_more_than_a_share_is_sold_in_a_block() {
    let least_value = Value::parse("100").unwrap();
    let block = Rung {
        wait_nanos: SECOND,
        ..Rung::new(Act::PerBlock { share_bps: 2_500, least_value }, AT)
    };
    let mut stage = stage(vec![block], 2_000);
    let mut left = 10 * ONE_ETH;
    let mut outcome = stage.price(ETH, at(1_810));
    for _ in 0..2 {
        assert_eq!(reasons(&outcome), [Reason::BlockCap]);
        let order = orders(&outcome)[0];
        assert!(order.quantity.abs_diff(left / 4) < ONE_ETH / 10_000, "{order:?}");
        left -= order.quantity;
        assert_eq!(orders(&sold(&mut stage, &order, at(1_810))), []);
        stage.wait(SECOND);
        outcome = stage.done(Body::AdvanceTime);
    }
    assert_eq!(held(&stage).unsigned_abs(), left);
}

#[test]
fn orders_are_taken_off_once_and_the_next_step_follows_at_once() {
    let rungs = vec![Rung::new(Act::CancelOrders, None), Rung::new(Act::Whole, AT)];
    let mut stage = stage(rungs, 2_200);
    stage.done(place(0, ETH, ONE_ETH as i128 / 2, at(1_900)));
    let outcome = stage.price(ETH, at(1_850));
    assert_eq!(taken_off(&outcome), [(1, ONE_ETH / 2)]);
    assert_eq!(reasons(&outcome), [Reason::FullClose]);
}

#[test]
fn an_account_that_recovers_begins_its_ladder_anew_when_it_is_called_again() {
    let steps = Bounds { steps: Range { below: Some(1), ..Range::default() }, ..Bounds::default() };
    let once = Rung { bounds: steps, ..Rung::new(Act::Fraction { bps: 1_000 }, AT) };
    let rest =
        Rung { meanwhile: Meanwhile::Hold, wait_nanos: 5 * SECOND, ..Rung::new(Act::Whole, AT) };
    let mut stage = stage(vec![once, rest], 2_000);
    let order = orders(&stage.price(ETH, at(1_880)))[0];
    assert_eq!(order.quantity, ONE_ETH);
    stage.done(fill(order.leg, 0, 0, true));
    stage.wait(5 * SECOND - 1);
    assert_eq!(orders(&stage.done(Body::AdvanceTime)), []);
    stage.wait(1);
    let order = orders(&stage.done(Body::AdvanceTime))[0];
    assert_eq!(order.quantity, 10 * ONE_ETH);
    let outcome = stage.price(ETH, at(1_950));
    assert_eq!(cancelled(&outcome), [order.leg]);
    assert_eq!(stage.state(0), CallState::Cured);
    let order = orders(&stage.price(ETH, at(1_880)))[0];
    assert_eq!(order.quantity, ONE_ETH, "the first rung again");
}
