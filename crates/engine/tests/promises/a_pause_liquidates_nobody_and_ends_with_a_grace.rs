//! I-49: nobody is liquidated while something they hold or owe is paused, nor in the grace period
//! that follows; topping up and repaying stay possible, and liquidation resumes by itself.

use crate::support::stage::*;
use breakwater_engine::{Body, What};
use breakwater_liquidation::{
    AssetKind, Call, CallState, Gate, Policy, Rejection, Seller, Solvency,
};
use breakwater_money::{AccountId, AssetId, Time};

const GRACE: u64 = 20 * SECOND;

fn policy(policy: Policy) -> Policy {
    let solvency = Solvency { unpause_grace_nanos: GRACE, ..Solvency::default() };
    Policy { lot_value: ONE_CASH, solvency, ..policy }
}

/// Account 1 owes 1,500 against one ETH at 2,000; account 2 has a bitcoin and owes nothing.
fn pool(seller: Policy) -> Stage {
    let mut stage = Stage::lending("", policy(seller), 3);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    stage.done(deposit(2, BTC, ONE_BTC));
    stage
}

fn import(account: u32, asset: AssetId) -> Body {
    Body::Call(Call::Import { account: AccountId(account), asset, collateral: 1, debt: 0 })
}

#[test]
fn a_frozen_asset_takes_no_new_supply_and_no_new_debt() {
    let mut stage = pool(Policy::guarded());
    let told = stage.done(gate(CASH, Gate::Frozen));
    let moved =
        What::GateMoved { asset: CASH, from: Gate::Open, to: Gate::Frozen, grace_until: None };
    assert_eq!(told.facts().next(), Some(&moved));
    assert_eq!(stage.engine.gate(CASH), Gate::Frozen);
    let refused = stage.refused_because(borrow(2, ONE_CASH));
    assert_eq!((refused.rejection, refused.detail.as_str()), (Rejection::AssetFrozen, "CASH"));
    assert_eq!(stage.refused(deposit(2, CASH, 1)), Rejection::AssetFrozen);
    assert_eq!(stage.refused(import(2, CASH)), Rejection::AssetFrozen);
    // What is not frozen goes on, and so does taking out.
    stage.done(deposit(2, BTC, 1));
    stage.done(withdraw(2, BTC, 1));
    stage.done(withdraw(0, CASH, 1));
    // Who owes may top up, with the frozen asset too, and repay.
    stage.done(deposit(1, CASH, 1));
    stage.done(repay(1, 1));
    // A freeze stops no liquidation.
    stage.price(ETH, at(1_800));
    stage.done(seize(1, ETH, 100 * ONE_CASH));
    stage.done(gate(CASH, Gate::Open));
    stage.done(deposit(2, CASH, 1));
}

#[test]
fn a_paused_asset_is_not_taken_out_and_nobody_who_has_it_is_liquidated() {
    let mut stage = pool(Policy::guarded());
    stage.price(ETH, at(1_800));
    stage.done(gate(ETH, Gate::Paused));
    assert_eq!(stage.refused(seize(1, ETH, 100 * ONE_CASH)), Rejection::AssetPaused);
    assert_eq!(stage.refused(absorb(&[1])), Rejection::AssetPaused);
    assert_eq!(stage.refused(deposit(2, ETH, 1)), Rejection::AssetPaused);
    assert_eq!(stage.refused(import(2, ETH)), Rejection::AssetPaused);
    // Cures stay possible, with the paused asset too where it is held already.
    stage.done(deposit(1, ETH, 1));
    stage.done(deposit(1, BTC, 1));
    stage.done(repay(1, 1));
    // Nor is it taken out, or anything against it.
    assert_eq!(stage.refused(withdraw(1, ETH, 1)), Rejection::AssetPaused);
    assert_eq!(stage.refused(withdraw(1, BTC, 1)), Rejection::AssetPaused);
    assert_eq!(stage.refused(borrow(1, 1)), Rejection::AssetPaused);
    // Who has nothing to do with it goes on.
    stage.done(borrow(2, ONE_CASH));
    stage.done(withdraw(2, BTC, 1));
    // Owing a paused asset counts as holding it.
    stage.done(gate(ETH, Gate::Open));
    stage.wait(GRACE);
    stage.done(gate(CASH, Gate::Paused));
    assert_eq!(stage.refused(seize(1, ETH, 100 * ONE_CASH)), Rejection::AssetPaused);
    stage.done(repay(1, 1));
}

/// A unit of a paused asset would buy a time without liquidation.
#[test]
fn nobody_buys_time_with_a_paused_asset() {
    let mut stage = pool(Policy::guarded());
    stage.done(gate(BTC, Gate::Paused));
    assert_eq!(stage.refused(deposit(1, BTC, 1)), Rejection::AssetPaused);
    stage.done(gate(BTC, Gate::Frozen));
    assert_eq!(stage.refused(deposit(1, BTC, 1)), Rejection::UnpauseGrace);
    stage.price(ETH, at(1_800));
    stage.done(seize(1, ETH, 100 * ONE_CASH));
    // Nor does anybody owe more against what cannot be sold for them.
    assert_eq!(stage.refused(borrow(2, 1)), Rejection::UnpauseGrace);
    stage.wait(GRACE);
    stage.done(borrow(2, 1));
    stage.done(deposit(1, BTC, 1));
}

#[test]
fn the_grace_after_a_pause_ends_to_the_nanosecond() {
    let mut stage = pool(Policy::guarded());
    stage.price(ETH, at(1_800));
    stage.done(gate(ETH, Gate::Paused));
    stage.wait(5 * SECOND);
    let told = stage.done(gate(ETH, Gate::Frozen));
    let until = Time(stage.now + GRACE);
    let moved = What::GateMoved {
        asset: ETH,
        from: Gate::Paused,
        to: Gate::Frozen,
        grace_until: Some(until),
    };
    assert_eq!(told.facts().next(), Some(&moved));
    // Opening it does not begin the grace anew.
    stage.wait(SECOND);
    stage.done(gate(ETH, Gate::Open));
    assert_eq!(stage.engine.unpause_grace(ETH), Some(until));
    stage.wait(GRACE - SECOND - 1);
    let refused = stage.refused_because(seize(1, ETH, 100 * ONE_CASH));
    assert_eq!(refused.rejection, Rejection::UnpauseGrace);
    assert!(refused.detail.contains(&until.0.to_string()), "{refused}");
    stage.wait(1);
    stage.done(seize(1, ETH, 100 * ONE_CASH));
}

#[test]
fn another_pause_ends_the_grace_and_the_next_begins_after_it() {
    let mut stage = pool(Policy::guarded());
    stage.price(ETH, at(1_800));
    stage.done(gate(ETH, Gate::Paused));
    stage.done(gate(ETH, Gate::Open));
    stage.wait(GRACE - 1);
    stage.done(gate(ETH, Gate::Paused));
    assert_eq!(stage.engine.unpause_grace(ETH), None);
    assert_eq!(stage.refused(seize(1, ETH, 100 * ONE_CASH)), Rejection::AssetPaused);
    stage.done(gate(ETH, Gate::Open));
    assert_eq!(stage.engine.unpause_grace(ETH), Some(Time(stage.now + GRACE)));
    // Without a grace in the policy there is none.
    let mut stage = Stage::lending("", Policy { lot_value: ONE_CASH, ..Policy::guarded() }, 2);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    stage.price(ETH, at(1_800));
    stage.done(gate(ETH, Gate::Paused));
    stage.done(gate(ETH, Gate::Open));
    stage.done(seize(1, ETH, 100 * ONE_CASH));
}

fn sells() -> Policy {
    Policy { lot_value: 100 * ONE_CASH, ..policy(venue_sells()) }
}

#[test]
fn the_venue_calls_its_sales_off_in_a_pause_and_sells_by_itself_after_the_grace() {
    let mut stage = Stage::lending("", sells(), 3);
    assert_eq!(stage.engine.policy().unwrap().seller, Seller::Venue);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    let order = orders(&stage.price(ETH, at(1_800)))[0];
    let outcome = stage.done(gate(ETH, Gate::Paused));
    assert_eq!((cancelled(&outcome), orders(&outcome)), (vec![order.leg], vec![]));
    assert_eq!(stage.refused(fill(order.leg, 1, at(1_800), false)), Rejection::UnknownLeg);
    assert_eq!(stage.state(1), CallState::Called);
    let outcome = stage.price(ETH, at(1_790));
    assert_eq!(orders(&outcome), []);
    let outcome = stage.done(gate(ETH, Gate::Open));
    assert_eq!(orders(&outcome), []);
    stage.wait(GRACE - 1);
    assert_eq!(orders(&stage.done(fund(1))), []);
    // Any command brings the time; neither a price nor business of the account's is needed.
    stage.wait(1);
    assert_eq!(orders(&stage.done(fund(1))).len(), 1);
}

#[test]
fn a_pause_of_what_the_account_does_not_have_sells_on() {
    let mut stage = Stage::lending("", sells(), 3);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    stage.done(gate(BTC, Gate::Paused));
    let order = orders(&stage.price(ETH, at(1_800)))[0];
    stage.done(fill(order.leg, order.quantity, 1_800 * ONE_CASH, true));
}

#[test]
fn a_paused_contract_is_not_traded_and_a_frozen_one_only_closed() {
    let mut stage = Stage::perpetual(policy(Policy::as_is()), 3);
    for account in 0..3 {
        stage.done(deposit(account, CASH, 1_000 * ONE_CASH));
    }
    stage.done(trade(Some(0), Some(1), ETH, ONE_ETH, at(2_000)));
    stage.done(gate(ETH, Gate::Frozen));
    let open = trade(Some(0), Some(1), ETH, 1, at(2_000));
    assert_eq!(stage.refused(open), Rejection::AssetFrozen);
    // Closing one side must not open another.
    let passed_on = trade(Some(2), Some(0), ETH, 1, at(2_000));
    assert_eq!(stage.refused(passed_on), Rejection::AssetFrozen);
    let flip = trade(Some(1), Some(0), ETH, ONE_ETH + 1, at(2_000));
    assert_eq!(stage.refused(flip), Rejection::AssetFrozen);
    stage.done(trade(Some(1), Some(0), ETH, ONE_ETH / 2, at(2_000)));
    stage.done(gate(ETH, Gate::Paused));
    let close = || trade(Some(1), Some(0), ETH, ONE_ETH / 2, at(2_000));
    assert_eq!(stage.refused(close()), Rejection::AssetPaused);
    // Its margin asset can be topped up, and what is owed in it not be taken out.
    stage.done(deposit(0, CASH, 1));
    assert_eq!(stage.refused(withdraw(0, CASH, 1)), Rejection::AssetPaused);
    stage.done(withdraw(2, CASH, 1));
    stage.done(gate(ETH, Gate::Open));
    stage.done(close());
}

#[test]
fn gates_move_in_a_halt_and_before_any_rulebook() {
    let mut stage = Stage::empty();
    assert_eq!(stage.refused(gate(CASH, Gate::Paused)), Rejection::UnknownAsset);
    stage.done(asset("CASH", 6, AssetKind::Token));
    stage.done(Body::Halt { on: true });
    stage.done(gate(CASH, Gate::Paused));
    stage.done(gate(CASH, Gate::Paused));
    stage.done(gate(CASH, Gate::Open));
    assert_eq!(stage.engine.unpause_grace(CASH), None);
}
