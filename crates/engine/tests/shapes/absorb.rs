//! One call takes several accounts whole.

use crate::support::stage::*;
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::policy::BackstopPolicy;
use breakwater_liquidation::{CallState, Fact, Policy, Rejection};
use breakwater_money::{AccountId, Amount, Holder, Unit};

/// Three accounts in breach, at 1,200: two lack 300 and 700, one has 300 to spare; and one healthy.
fn fallen(in_fund: u128) -> Stage {
    let backstop = BackstopPolicy { insurance: true, ..BackstopPolicy::default() };
    let mut stage = Stage::lending("", Policy { backstop, ..Policy::as_is() }, 5);
    stage.done(fund(in_fund));
    stage.owes(1, ETH, ONE_ETH, 1_500 * ONE_CASH);
    stage.owes(2, ETH, 2 * ONE_ETH, 3_100 * ONE_CASH);
    stage.done(deposit(3, BTC, ONE_BTC / 10));
    stage.owes(3, ETH, ONE_ETH, 3_900 * ONE_CASH);
    stage.owes(4, ETH, 10 * ONE_ETH, 100 * ONE_CASH);
    let outcome = stage.price(ETH, at(1_200));
    let called: Vec<_> = (1..=3).map(|account| (account, CallState::Called)).collect();
    assert_eq!(moves(&outcome), called);
    stage
}

#[test]
fn one_call_takes_all_collateral_and_the_fund_eats_the_loss() {
    let mut stage = fallen(1_000 * ONE_CASH);
    let outcome = stage.done(absorb(&[3, 1, 2]));

    let loss = |account, missing: u128| {
        let (account, amount) = (AccountId(account), Amount::new(CASH, missing * ONE_CASH));
        let deficit = Fact::Deficit { account, amount, value: amount.raw };
        (deficit, Fact::Borne { account, bearer: Bearer::Insurance, amount })
    };
    let ((first, paid_first), (second, paid_second)) = (loss(1, 300), loss(2, 700));
    assert_eq!(facts(&outcome), [first, second, paid_first, paid_second]);
    let moved = [(1, CallState::Bankrupt), (2, CallState::Bankrupt), (3, CallState::Closed)];
    assert_eq!(moves(&outcome), moved);
    for account in [1, 2] {
        assert_eq!(stage.engine.ledger().holdings(AccountId(account)), []);
    }
    // The third had 4,200 for 3,900: the rest is a deposit of cash.
    assert_eq!(stage.own(3, Unit::supply(CASH)), 300_000_000);
    assert_eq!(stage.engine.ledger().holdings(AccountId(3)).len(), 1);

    // What was taken is the pool's own: there is more in the reserve than there are shares of it.
    let surplus = |asset| {
        stage.balance(Holder::Reserve, Unit::token(asset))
            + stage.balance(Holder::Issuer, Unit::supply(asset))
    };
    assert_eq!(surplus(ETH), 4 * ONE_ETH.cast_signed());
    assert_eq!(surplus(BTC), (ONE_BTC / 10).cast_signed());
    assert_eq!(stage.fund_balance(), 0);
    assert_eq!(stage.balance(Holder::Outstanding, Unit::deficit(CASH)), 0);
}

#[test]
fn what_the_fund_cannot_pay_is_outstanding_and_named() {
    let mut stage = fallen(400 * ONE_CASH);
    stage.done(absorb(&[1, 2, 3]));
    let losses = stage.engine.losses()[&CASH];
    assert_eq!((losses.deficit, losses.insurance), (1_000 * ONE_CASH, 400 * ONE_CASH));
    assert_eq!(losses.outstanding, 600 * ONE_CASH);
    let owed = stage.balance(Holder::Outstanding, Unit::deficit(CASH));
    assert_eq!(owed, 600_000_000);
    assert_eq!(stage.fund_balance(), 0);
}

#[test]
fn one_healthy_account_in_the_list_keeps_all_of_them() {
    let mut stage = fallen(1_000 * ONE_CASH);
    let refused = stage.refused_because(absorb(&[1, 2, 4, 3]));
    assert_eq!(refused.rejection, Rejection::Healthy);
    assert!(refused.detail.contains("account 4"), "{refused}");
    assert_eq!(stage.refused(absorb(&[1, 1])), Rejection::BadParameter);
    assert_eq!(stage.refused(absorb(&[])), Rejection::AmountZero);
    assert_eq!(stage.fund_balance(), 1_000_000_000);
}
