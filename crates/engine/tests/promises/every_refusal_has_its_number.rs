//! Every refusal that the engine itself, or a toy venue through it, can answer with: produced once
//! by name, with the field and the value in its detail.

use crate::support::stage::*;
use crate::support::{lending, perpetual};
use breakwater_engine::{Body, What};
use breakwater_liquidation::{AssetKind, Call, Policy, Rejection};
use breakwater_money::{AccountId, AssetId, U256};

fn keepers() -> Policy {
    Policy { lot_value: ONE_CASH, ..Policy::guarded() }
}

#[test]
fn definitions() {
    let mut stage = Stage::empty();
    assert_eq!(stage.refused(deposit(0, CASH, 1)), Rejection::NoRulebook);
    let first = stage.done(asset("CASH", 6, AssetKind::Token));
    let told = first.facts().next();
    assert_eq!(told, Some(&What::AssetDefined { asset: CASH }));
    let token = AssetKind::Token;
    assert_eq!(stage.refused(asset("CASH", 6, token)), Rejection::NameTaken);
    for name in ["", "with\nline", &"long".repeat(17)] {
        assert_eq!(stage.refused(asset(name, 6, token)), Rejection::BadName, "{name:?}");
        assert_eq!(stage.refused(open(name)), Rejection::BadName, "{name:?}");
        assert_eq!(stage.refused(market(name, CASH)), Rejection::BadName, "{name:?}");
    }
    assert_eq!(stage.refused(asset("DEEP", 31, token)), Rejection::BadParameter);
    let unsettled = AssetKind::linear_perpetual(AssetId(9));
    assert_eq!(stage.refused(asset("PERP", 6, unsettled)), Rejection::UnknownAsset);
    let settled = AssetKind::linear_perpetual(CASH);
    stage.done(asset("PERP", 6, settled));
    let twice = AssetKind::linear_perpetual(AssetId(1));
    assert_eq!(stage.refused(asset("PERP2", 6, twice)), Rejection::BadParameter);
    assert_eq!(stage.refused(market("X/CASH", AssetId(5))), Rejection::UnknownAsset);
    stage.done(market("PERP/CASH", AssetId(1)));
    assert_eq!(stage.refused(market("PERP/CASH", CASH)), Rejection::NameTaken);
    assert_eq!(stage.refused(market("AGAIN/CASH", AssetId(1))), Rejection::NameTaken);
    let mut bad = market("CASH/CASH", CASH);
    if let Body::DefineMarket { volatility_weight, .. } = &mut bad {
        *volatility_weight = 0;
    }
    let refused = stage.refused_because(bad);
    assert_eq!(refused.rejection, Rejection::BadParameter);
    assert!(refused.detail.contains("volatility_weight 0"), "{refused}");
    let mut bad = market("CASH/CASH", CASH);
    if let Body::DefineMarket { guard, .. } = &mut bad {
        guard.age_max_nanos = 0;
    }
    let refused = stage.refused_because(bad);
    assert!(refused.detail.contains("guard.age_max_nanos is 0"), "{refused}");
}

#[test]
fn assets_are_bounded() {
    let mut stage = Stage::empty();
    for number in 0..breakwater_engine::limits::ASSETS_MAX {
        let body = asset(&format!("A{number}"), 6, AssetKind::Token);
        let command = breakwater_engine::Command { at: breakwater_money::Time(START), body };
        assert!(stage.engine.apply(&command).accepted());
    }
    let one_more = asset("ONE-MORE", 6, AssetKind::Token);
    assert_eq!(stage.refused(one_more), Rejection::LimitReached);
}

#[test]
fn calls_that_name_what_is_not_there() {
    let mut stage = Stage::lending("", Policy::as_is(), 2);
    assert_eq!(stage.refused(deposit(2, CASH, 1)), Rejection::UnknownAccount);
    assert_eq!(stage.refused(deposit(1, AssetId(7), 1)), Rejection::UnknownAsset);
    assert_eq!(stage.refused(deposit(1, CASH, 0)), Rejection::AmountZero);
    let many = vec![0; breakwater_engine::limits::CALL_ACCOUNTS_MAX + 1];
    assert_eq!(stage.refused(absorb(&many)), Rejection::LimitReached);
    let nobody = trade(Some(0), Some(1), ETH, 1, 1);
    assert_eq!(stage.refused(nobody), Rejection::Unsupported);
    for own in [
        Call::WriteOff { account: AccountId(1) },
        Call::Fill {
            account: AccountId(1),
            asset: ETH,
            quantity: 1,
            proceeds: 1,
            proceeds_asset: CASH,
        },
        Call::Deleverage {
            account: AccountId(1),
            contract: ETH,
            winners: vec![],
            price: breakwater_money::Price::new(1, 6),
        },
    ] {
        let refused = stage.refused_because(Body::Call(own));
        assert_eq!(refused.rejection, Rejection::Unsupported);
        assert!(refused.detail.contains("the engine's own"), "{refused}");
    }
    let far = Call::Configure { account: AccountId(1), column: 9, value: U256::ZERO };
    assert_eq!(stage.refused(Body::Call(far)), Rejection::BadParameter);
}

#[test]
fn lending_business() {
    let mut stage = Stage::lending("", keepers(), 3);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    assert_eq!(stage.refused(borrow(1, 101 * ONE_CASH)), Rejection::BelowInitial);
    assert_eq!(stage.refused(withdraw(1, ETH, ONE_ETH)), Rejection::BelowInitial);
    assert_eq!(stage.refused(withdraw(1, ETH, 2 * ONE_ETH)), Rejection::InsufficientBalance);
    assert_eq!(stage.refused(repay(2, 1)), Rejection::NotBorrowed);
    let eth = Call::Borrow { account: AccountId(1), asset: ETH, amount: 1 };
    assert_eq!(stage.refused(Body::Call(eth)), Rejection::NotLendable);
    stage.done(deposit(2, BTC, 1_000 * ONE_BTC));
    assert_eq!(stage.refused(borrow(2, 10_000_000 * ONE_CASH)), Rejection::InsufficientLiquidity);
    assert_eq!(stage.refused(deposit(2, BTC, u128::MAX)), Rejection::Overflow);
    assert_eq!(stage.refused(seize(1, ETH, 1)), Rejection::Healthy);

    stage.price(ETH, at(1_800));
    assert_eq!(stage.refused(seize(1, BTC, 1)), Rejection::NotCollateral);
    let own = Call::RepayAndSeize {
        account: AccountId(1),
        debt: CASH,
        collateral: ETH,
        amount: 1,
        shares: false,
        liquidator: Some(AccountId(1)),
    };
    assert_eq!(stage.refused(Body::Call(own)), Rejection::SelfDealing);
    assert_eq!(stage.refused(seize(1, ETH, u128::MAX)), Rejection::ExceedsPlan);
    stage.done(seize(1, ETH, 10 * ONE_CASH));

    // Nothing can be planned for the healthy, nor for who has nothing to sell.
    let healthy = stage.engine.plan_call(AccountId(2)).unwrap_err();
    assert_eq!(healthy.rejection, Rejection::Healthy);
    let mut stage = Stage::lending("", keepers(), 2);
    let bare = Call::Import { account: AccountId(1), asset: CASH, collateral: 0, debt: 1 };
    stage.done(Body::Call(bare));
    let nothing = stage.engine.plan_call(AccountId(1)).unwrap_err();
    assert_eq!(nothing.rejection, Rejection::NothingToSell);
}

#[test]
fn a_share_too_dear_to_move() {
    let mut stage = Stage::lending("rate_bps = 100000", keepers(), 2);
    stage.owes(1, ETH, ONE_ETH, ONE_CASH);
    stage.wait(40_000_000 * SECOND);
    assert_eq!(stage.refused(repay(1, 1)), Rejection::ZeroBurn);
}

#[test]
fn fills() {
    let mut stage = Stage::lending("", venue_sells(), 2);
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    assert_eq!(stage.refused(fill(1, 1, 1, true)), Rejection::UnknownLeg);
    let order = orders(&stage.price(ETH, at(1_800)))[0];
    assert_eq!(
        stage.refused(fill(order.leg, order.quantity + 1, at(9_999), true)),
        Rejection::ExceedsPlan
    );
    assert_eq!(stage.refused(fill(order.leg, 0, 0, false)), Rejection::AmountZero);
    // The limit is 2 % under the mark, and holds for whatever part is sold.
    let limit = order.quantity * at(1_764) / ONE_ETH;
    assert_eq!(order.worst, at(1_764));
    let refused = stage.refused_because(fill(order.leg, order.quantity, limit - 1, true));
    assert_eq!(refused.rejection, Rejection::WorseThanLimit);
    assert!(refused.detail.contains(&limit.to_string()), "{refused}");
    assert_eq!(stage.refused(seize(1, ETH, 1)), Rejection::Unsupported);
    stage.done(fill(order.leg, order.quantity, limit, true));
}

#[test]
fn trades() {
    let mut stage = Stage::perpetual(Policy::as_is(), 3);
    stage.done(deposit(0, CASH, 300 * ONE_CASH));
    stage.done(deposit(1, CASH, 300 * ONE_CASH));
    assert_eq!(stage.refused(trade(Some(0), Some(0), ETH, 1, 1)), Rejection::SelfDealing);
    assert_eq!(stage.refused(trade(Some(0), Some(1), ETH, 0, 1)), Rejection::AmountZero);
    assert_eq!(stage.refused(trade(Some(0), Some(1), CASH, 1, 1)), Rejection::BadParameter);
    let large = trade(Some(0), Some(1), ETH, 2 * ONE_ETH, at(2_000));
    assert_eq!(stage.refused(large), Rejection::BelowInitial);
    stage.done(trade(Some(0), Some(1), ETH, ONE_ETH, at(2_000)));
    let flip = trade(Some(1), Some(0), ETH, ONE_ETH + 1, at(2_000));
    assert_eq!(stage.refused(flip), Rejection::NotReduceOnly);
    assert_eq!(stage.refused(withdraw(0, CASH, 101 * ONE_CASH)), Rejection::InsufficientBalance);
    assert_eq!(stage.refused(deposit(0, ETH, 1)), Rejection::NotCollateral);
    // Before its market has a price a contract cannot be judged.
    stage.done(asset("SOL", 9, AssetKind::linear_perpetual(CASH)));
    stage.done(market("SOL/CASH", AssetId(3)));
    let unpriced = trade(Some(0), Some(1), AssetId(3), 1, 1);
    assert_eq!(stage.refused(unpriced), Rejection::MarkMissing);
}

/// The rule that is there is the one that is asked: names stand for rules, not for pools.
#[test]
fn a_rule_is_found_by_its_name() {
    let mut stage = Stage::empty();
    stage.done(asset("CASH", 6, AssetKind::Token));
    assert_eq!(stage.refused(install("", "", Policy::as_is())), Rejection::UnknownRulebook);
    stage.done(install(lending::RULE, "", Policy::as_is()));
    stage.done(install(perpetual::RULE, "", Policy::as_is()));
    assert_eq!(stage.engine.rulebook().unwrap().name(), perpetual::RULE);
}
