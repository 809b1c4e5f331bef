//! The planner on this rule: the settle asset has no market, decimals differ.

use super::*;
use breakwater_liquidation::plan::{Plan, plan_sale, proceeds};
use breakwater_liquidation::{Close, Overlay, Policy, Reason, Seller};
use breakwater_margin::Ratio;

/// Lots of a single base unit, so that a plan is minimal to the unit.
fn policy() -> Policy {
    Policy {
        name: "test".to_owned(),
        seller: Seller::Venue,
        close: Close::Target,
        target_ratio: Ratio::new(1_200_000_000_000_000_000),
        slippage_bps: 30,
        ..Policy::as_is()
    }
}

fn plan(pool: &Pool, policy: &Policy) -> Result<Plan, Rejected> {
    pool.look(|view| plan_sale(&*pool.rulebook, view, A, policy))
}

/// Health if the plan's legs fill at their worst prices, the last with `less` units less.
fn after(pool: &Pool, plan: &Plan, less: u128) -> Health {
    pool.look(|view| {
        let mut effects = Effects::default();
        let last = plan.legs.len() - 1;
        for (index, leg) in plan.legs.iter().enumerate() {
            let quantity = leg.quantity - if index == last { less } else { 0 };
            if quantity == 0 {
                continue;
            }
            let overlay = Overlay::new(*view, A, &effects).unwrap();
            let seen = overlay.view();
            let paid = proceeds(&seen, leg, quantity, leg.worst_price).unwrap();
            effects
                .then(pool.rulebook.execute(&seen, &fill(A, leg.asset, quantity, paid)).unwrap());
        }
        let overlay = Overlay::new(*view, A, &effects).unwrap();
        pool.rulebook.assess(&overlay.view(), A).unwrap()
    })
}

/// A position large enough for a rate of 10 %, where a sale at 1.55 % below the mark still helps.
fn large(asset: AssetId, side: i128) -> Pool {
    let mut pool = Pool::new();
    pool.deposit(A, 300_000_000 * ONE);
    let (size, price) = match asset {
        BTC => (5_000_007, btc(500_000)),
        _ => (12_345_678_901_234, eth(200_000)),
    };
    pool.call(&trade(A, asset, side * size, price)).unwrap();
    pool
}

#[test]
fn a_plan_reaches_the_target_and_one_lot_less_misses_it() {
    for (asset, side, mark) in
        [(BTC, 1, 447_777), (BTC, -1, 549_999), (ETH, 1, 190_011), (ETH, -1, 209_989)]
    {
        let mut pool = large(asset, side);
        // What is left after the move is nine tenths of the requirement.
        pool.mark(asset, mark);
        let health = pool.health(A);
        let target = i128::try_from(health.requirement * 9 / 10).unwrap();
        pool.rows.add(Holder::Account(A), Unit::token(USDT), target - health.equity);
        let plan = plan(&pool, &policy()).unwrap();
        assert_eq!((plan.reason, plan.legs.len()), (Reason::TargetHealth, 1), "{asset}");
        let leg = plan.legs[0];
        assert_eq!((leg.asset, leg.buy_back, leg.proceeds_asset), (asset, side < 0, USDT));
        assert!(leg.quantity > 0 && leg.quantity < pool.size(A, asset).unsigned_abs());
        // 30 bps from the mark, in settle units, although nothing prices the settle asset.
        let off = if side > 0 { 9_970 } else { 10_030 };
        assert!((leg.worst_price.raw * 10_000).abs_diff(mark * off) < 10_000);
        let (now, short) = (after(&pool, &plan, 0), after(&pool, &plan, 1));
        assert_eq!(now, plan.after);
        assert!(!now.breach && now.ratio >= policy().target_ratio);
        assert!(short.ratio < policy().target_ratio);
    }
}

#[test]
fn several_positions_are_sold_largest_first_and_only_as_far_as_needed() {
    let mut pool = large(BTC, 1);
    pool.call(&trade(A, ETH, -12_345_678_901_234, eth(200_000))).unwrap();
    let health = pool.health(A);
    let target = i128::try_from(health.requirement * 3 / 4).unwrap();
    pool.rows.add(Holder::Account(A), Unit::token(USDT), target - health.equity);
    let found = plan(&pool, &policy()).unwrap();
    let sold: Vec<_> = found.legs.iter().map(|leg| (leg.asset, leg.buy_back)).collect();
    assert_eq!((found.reason, sold), (Reason::TargetHealth, vec![(BTC, false), (ETH, true)]));
    assert_eq!(found.legs[0].quantity, 5_000_007);
    assert!(found.legs[1].quantity < 12_345_678_901_234);
    assert_eq!(after(&pool, &found, 0), found.after);
    assert!(found.after.ratio >= policy().target_ratio);
    assert!(after(&pool, &found, 1).ratio < policy().target_ratio);
}

#[test]
fn in_a_low_bracket_the_clearance_fee_makes_each_part_toxic_and_the_position_closes_whole() {
    // 1 BTC at 0.4 %: selling for 1.25 % and 30 bps takes more equity than it frees.
    for side in [1, -1] {
        let mut pool = Pool::new();
        pool.deposit(A, 1_000 * ONE);
        pool.call(&trade(A, BTC, side * 1_000, btc(500_000))).unwrap();
        pool.rows.add(Holder::Account(A), Unit::token(USDT), -810 * 1_000_000);
        assert!(pool.health(A).breach);
        let found = plan(&pool, &policy()).unwrap();
        assert_eq!(found.legs.len(), 1);
        assert_eq!(found.legs[0].quantity, 1_000);
        assert_eq!(found.after.requirement, 0);
    }
}

#[test]
fn a_healthy_account_has_no_plan_and_a_flat_one_nothing_to_sell() {
    let mut pool = Pool::new();
    pool.deposit(A, 1_000 * ONE);
    pool.call(&trade(A, BTC, 1_000, btc(500_000))).unwrap();
    assert_eq!(plan(&pool, &policy()).unwrap_err().rejection, Rejection::Healthy);
    pool.call(&trade(A, BTC, -1_000, btc(400_000))).unwrap();
    assert_eq!(plan(&pool, &policy()).unwrap_err().rejection, Rejection::NothingToSell);
}
