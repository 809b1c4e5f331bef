//! Every cause by itself, asked of the rulebook and not read off the last event.

use super::stage::*;
use crate::why::record::Cause;
use breakwater_engine::Body;
use breakwater_liquidation::{Call, Policy};
use breakwater_market::MarketId;
use breakwater_money::{AccountId, AssetId};

/// The shipped parameters with a rate of 1,000 % a year on what is owed.
fn with_interest() -> String {
    format!(
        "{AAVE}\n[assets.USDC.rates]\noptimal_usage_bps = 9000\nbase_bps = 99998\nslope1_bps = 1\n\
         slope2_bps = 1\n"
    )
}

/// Ten of the collateral, 0.83 of which counts, against a debt of 13,000: a ratio of 1.085.
fn borrower(parameters: &str) -> Stage {
    let mut stage = Stage::lending(parameters, Policy::as_is(), &["alice", "bob"]);
    stage.done(import(0, 0, 10 * 10u128.pow(18), 0));
    stage.done(import(0, 1, 0, 13_000_000_000));
    stage
}

#[test]
fn a_price() {
    let mut stage = borrower(AAVE);
    stage.now += SECOND;
    stage.price(0, 1_500 * 100_000_000, 8);
    let fall = stage.fall(0);
    assert_eq!(fall.causes, [Cause::Price(MarketId(0))]);
    let quoted = &fall.markets[0];
    assert_eq!(quoted.before.unwrap().raw, 1_700 * 100_000_000);
    assert_eq!(quoted.after.unwrap().raw, 1_500 * 100_000_000);
    // 13,000 / (10 x 0.83) is 1,566.265...
    assert_eq!(quoted.line.unwrap().price.raw, 156_626_506_025);
    assert!(quoted.line.unwrap().safe_above && !fall.markets[1].line.unwrap().safe_above);
}

#[test]
fn interest() {
    let mut stage = borrower(&with_interest());
    stage.now += 10 * DAY;
    stage.done(Body::AdvanceTime);
    assert_eq!(stage.fall(0).causes, [Cause::Interest]);
    // A tick that changes no price is no price's doing.
    let mut stage = borrower(&with_interest());
    stage.now += 10 * DAY;
    stage.price(0, 1_700 * 100_000_000, 8);
    assert_eq!(stage.fall(0).causes, [Cause::Interest]);
}

#[test]
fn either_of_two_or_only_both_together() {
    let mut stage = borrower(&with_interest());
    stage.now += 10 * DAY;
    stage.price(0, 1_500 * 100_000_000, 8);
    assert_eq!(stage.fall(0).causes, [Cause::Price(MarketId(0)), Cause::Interest]);
    let mut stage = borrower(&with_interest());
    stage.now += 2 * DAY;
    stage.price(0, 1_600 * 100_000_000, 8);
    assert_eq!(stage.fall(0).causes, [Cause::Together]);
}

#[test]
fn its_own_business() {
    let mut stage = borrower(AAVE);
    stage.done(import(0, 1, 0, 2_000_000_000));
    assert_eq!(stage.fall(0).causes, [Cause::Own("import")]);
    // Others' business does not touch it.
    let mut stage = borrower(AAVE);
    stage.done(import(1, 1, 5_000_000_000, 0));
    assert!(!stage.called(0));
}

#[test]
fn other_parameters() {
    let mut stage = borrower(AAVE);
    let stricter = AAVE.replacen("= 8300", "= 7000", 1);
    stage.done(install("aave-v3", &stricter, Policy::as_is()));
    assert_eq!(stage.fall(0).causes, [Cause::Parameters]);
    // A policy that warns earlier is a change of parameters as well, and no call.
    let mut stage = borrower(AAVE);
    let careful = Policy {
        warn_ratio: breakwater_margin::Ratio::new(1_200_000_000_000_000_000),
        ..Policy::as_is()
    };
    stage.done(install("aave-v3", AAVE, careful));
    let story = stage.story(0);
    assert!(story.called.is_none());
    assert_eq!(story.warned.unwrap().crossing.unwrap().causes, [Cause::Parameters]);
}

#[test]
fn who_had_to_wait_to_be_assessed_crossed_before_it_was_called() {
    let policy = Policy { assess_max: 1, ..Policy::as_is() };
    let mut stage = Stage::lending(AAVE, policy, &["alice", "bob"]);
    for account in [0, 1] {
        stage.done(import(account, 0, 10 * 10u128.pow(18), 0));
        stage.done(import(account, 1, 0, 13_000_000_000));
    }
    stage.done(Body::AdvanceTime);
    stage.now += SECOND;
    stage.price(0, 1_500 * 100_000_000, 8);
    stage.now += SECOND;
    stage.done(Body::AdvanceTime);
    let late: Vec<u64> = [0, 1]
        .map(|account| {
            let called = stage.story(account).called.unwrap();
            let crossing = called.crossing.unwrap();
            assert_eq!(crossing.causes, [Cause::Price(MarketId(0))], "{account}");
            called.place.sequence - crossing.place.sequence
        })
        .to_vec();
    assert!(late.contains(&0) && late.contains(&1), "{late:?}");
}

#[test]
fn a_refused_command_leaves_no_trace() {
    let mut stage = borrower(AAVE);
    let account = AccountId(0);
    let seize = Call::RepayAndSeize {
        account,
        debt: AssetId(1),
        collateral: AssetId(0),
        amount: u128::MAX,
        shares: false,
        liquidator: None,
    };
    assert!(!stage.apply(Body::Call(seize)).accepted());
    let story = stage.story(0);
    assert!(story.called.is_none() && story.steps.kept().next().is_none());
}
