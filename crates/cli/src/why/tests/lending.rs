//! Lending: both sides of what would have avoided a call, and the sums of liquidations.

use super::stage::*;
use crate::why::record::{Did, Receiver, Taker};
use breakwater_engine::Body;
use breakwater_liquidation::{Call, CallState, Policy};
use breakwater_money::{AccountId, AssetId, Class, Holder, Unit};
use proptest::prelude::*;

const ONE: u128 = 1_000_000_000_000_000_000;

fn seize(account: u32, amount: u128) -> Body {
    Body::Call(Call::RepayAndSeize {
        account: AccountId(account),
        debt: AssetId(1),
        collateral: AssetId(0),
        amount,
        shares: false,
        liquidator: None,
    })
}

/// An account in breach at the last command, a fall of the collateral's price.
fn fallen(parameters: &str, collateral: u128, debt: u128, price: u128) -> Stage {
    let mut stage = Stage::lending(parameters, Policy::as_is(), &["alice", "bob"]);
    stage.done(import(0, 0, collateral, 0));
    stage.done(import(0, 1, 0, debt));
    stage.now += SECOND;
    stage.price(0, price, 8);
    stage
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_price_and_the_top_up_that_avoid_a_call_are_the_least(
        collateral in ONE..1_000 * ONE,
        ratio_bps in 10_001u128..15_000,
        fall_bps in 9_000u128..9_999,
    ) {
        // Debt that leaves the ratio at 1,700, then a price below the line by the fall.
        let weighted = collateral / 1_000_000_000_000 * 1_700 * 8_300 / 10_000;
        let debt = weighted * 10_000 / ratio_bps;
        prop_assume!(debt > 0);
        let price = 1_700 * 100_000_000 * 10_000 / ratio_bps * fall_bps / 10_000;
        let stage = fallen(AAVE, collateral, debt, price);
        prop_assume!(stage.called(0));
        let fall = stage.fall(0);
        let clear = fall.markets[0].clear.unwrap();
        prop_assert!(clear.safe_above);
        prop_assert!(!stage.with_last_price(clear.price.raw).called(0), "at the price");
        prop_assert!(stage.with_last_price(clear.price.raw - 1).called(0), "one unit below");
        // Values have 8 decimals and the debt 6, at one dollar: a repayment is a value over 100.
        let top_up = fall.top_up.unwrap();
        let enough = repay(0, 1, top_up.div_ceil(100));
        prop_assert!(!stage.with_before_last(enough).called(0), "{top_up}");
        let least = (top_up - 1) / 100;
        if least > 0 {
            prop_assert!(stage.with_before_last(repay(0, 1, least)).called(0), "{top_up}");
        }
    }
}

#[test]
fn one_unit_decides() {
    // The line is at 13,280 / (10 x 0.83) = 1,600 exactly, and there the account is healthy.
    let at = |price: u128| fallen(AAVE, 10 * ONE, 13_280_000_000, price);
    assert!(!at(160_000_000_000).called(0));
    let stage = at(159_999_999_999);
    let fall = stage.fall(0);
    assert_eq!(fall.markets[0].clear.unwrap().price.raw, 160_000_000_000);
    assert_eq!(fall.markets[0].line.unwrap().price.raw, 160_000_000_000);
    // 10 x 0.83 of a hundred-millionth, and health rounds down.
    assert_eq!(fall.top_up, Some(fall.after.health.unwrap().shortfall));
    assert!(fall.top_up.unwrap() <= 9);
}

#[test]
fn seizures_are_told_with_their_fee_and_sum_up_to_the_books() {
    // A tenth of the bonus of 7.5 % is the venue's.
    let with_fee = AAVE.replacen("protocol_fee_bps = 0", "protocol_fee_bps = 1000", 1);
    let mut stage = fallen(&with_fee, 10 * ONE, 13_000_000_000, 155_000_000_000);
    stage.done(seize(0, 100_000_000));
    stage.done(seize(0, 4_000_000_000));
    stage.done(deposit(0, 0, ONE));
    let story = stage.story(0);
    let steps: Vec<_> = story.steps.kept().collect();
    assert_eq!(steps.len(), 3);
    assert!(matches!(steps[2].did, Did::Own("deposit")));
    assert_eq!(steps[1].state, CallState::Cured);
    let sums = &story.sums;
    assert_eq!((sums.liquidations, sums.own), (2, 1));
    assert_eq!(sums.got[&AssetId(1)], 4_100_000_000);
    // What the account has given it no longer has.
    let held = |holder| {
        stage.engine.ledger().balance(holder, Unit { asset: AssetId(0), class: Class::Supply })
    };
    let left = held(Holder::Account(AccountId(0))).unsigned_abs() - ONE;
    assert_eq!(sums.given[&AssetId(0)], 10 * ONE - left);
    // No index has moved, so that the treasury's shares are its fee.
    let fee = sums.fees[&(Receiver::Treasury, AssetId(0))];
    assert_eq!(fee, held(Holder::Treasury).unsigned_abs());
    assert!(fee > 0);
    let signed = |value: u128| i128::try_from(value).unwrap();
    assert_eq!(sums.lost(), signed(sums.given_value) - signed(sums.got_value));
    assert_eq!(sums.lost[&Taker::Outside], sums.lost() - signed(sums.fees_value));
}

#[test]
fn a_deficit_is_told_with_its_bearer() {
    let mut stage = fallen(AAVE, ONE, 1_400_000_000, 100_000_000_000);
    stage.done(seize(0, u128::MAX));
    let story = stage.story(0);
    let sums = &story.sums;
    let booked = stage.engine.losses()[&AssetId(1)];
    assert!(booked.deficit > 0);
    assert_eq!(sums.deficit[&AssetId(1)], booked.deficit);
    assert_eq!(sums.borne.values().sum::<u128>(), booked.deficit);
    let (place, after) = story.last.unwrap();
    assert_eq!((place.sequence, after.worth()), (stage.commands.len() as u64, 0));
    let last = story.steps.kept().last().unwrap();
    assert_eq!(last.state, CallState::Bankrupt);
    // Nobody else's story has any of it.
    assert!(stage.story(1).steps.kept().next().is_none());
}
