//! A ladder hands accounts to the policy's vault with all they have and owe. The vault bears what is
//! missing; once it is under water itself, winners are asked, and what it owes without a position is
//! booked.

use crate::support::stage::*;
use breakwater_engine::{Body, What};
use breakwater_liquidation::backstop::Deleverage;
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::ladder::{Act, Ladder, Rung};
use breakwater_liquidation::policy::BackstopPolicy;
use breakwater_liquidation::{Call, CallState, Fact, Policy, Rejection};
use breakwater_money::{AccountId, Price, Unit};

const VAULT: u32 = 3;

fn policy(vault: Option<u32>) -> Policy {
    let backstop = BackstopPolicy {
        insurance: true,
        vault: vault.map(AccountId),
        deleverage: Some(Deleverage::Queue),
        ..BackstopPolicy::default()
    };
    let ladder = Ladder::new(vec![Rung::new(Act::TakeOver, None)]).unwrap();
    Policy { backstop, ladder: Some(ladder), ..venue_sells() }
}

/// Account 0 is long 2 ETH with 500, account 1 short against it with so much.
fn stage(policy: Policy, in_vault: u128) -> Stage {
    let mut stage = Stage::perpetual(policy, 4);
    for (account, cash) in [(0, 500), (1, 5_000), (2, 5_000), (VAULT, in_vault)] {
        if cash > 0 {
            stage.done(deposit(account, CASH, cash * ONE_CASH));
        }
    }
    stage.done(trade(Some(0), Some(1), ETH, 2 * ONE_ETH, at(2_000)));
    stage.done(place(0, ETH, -(ONE_ETH as i128), at(2_500)));
    stage
}

fn size(stage: &Stage, account: u32) -> i128 {
    stage.own(account, Unit::token(ETH))
}

#[test]
fn an_account_is_handed_over_whole_with_its_orders_taken_off() {
    let mut stage = stage(policy(Some(VAULT)), 1_000);
    let vault = stage.health(VAULT).equity;
    let outcome = stage.price(ETH, at(1_840));
    assert_eq!(taken_off(&outcome), [(1, ONE_ETH)]);
    // 500 less 320 are left, below 184.
    let told =
        Fact::TakenOver { account: AccountId(0), vault: AccountId(VAULT), equity: 180_000_000 };
    assert!(facts(&outcome).contains(&told), "{outcome:?}");
    assert!(stage.engine.ledger().holdings(AccountId(0)).is_empty());
    assert_eq!(size(&stage, VAULT), 2 * ONE_ETH as i128);
    assert_eq!(stage.health(VAULT).equity, vault + 180_000_000);
    assert_eq!(stage.state(0), CallState::Closed);
    assert!(stage.engine.losses().is_empty());
}

#[test]
fn what_is_missing_is_the_vaults_and_then_winners_are_asked() {
    let mut stage = stage(policy(Some(VAULT)), 300);
    // At 1,700 the account lacks 100; the vault of 300 has 200 left, and must have 170.
    let outcome = stage.price(ETH, at(1_700));
    let borne: Vec<_> = facts(&outcome)
        .into_iter()
        .filter_map(|fact| match fact {
            Fact::Borne { account, bearer, amount } => Some((account.0, bearer, amount.raw)),
            _ => None,
        })
        .collect();
    assert_eq!(borne, [(0, Bearer::Vault, 100_000_000)]);
    assert_eq!(stage.state(0), CallState::Bankrupt);
    let losses = stage.engine.losses()[&CASH];
    assert_eq!((losses.deficit, losses.vault), (100_000_000, 100_000_000));
    assert_eq!(stage.health(VAULT).equity, 200_000_000);
    // In breach and above nothing the vault holds on.
    let outcome = stage.price(ETH, at(1_610));
    assert_eq!((stage.state(VAULT), orders(&outcome)), (CallState::Called, vec![]));
    assert_eq!(size(&stage, VAULT), 2 * ONE_ETH as i128);
    // Below nothing, winners are closed at the price that leaves it nothing: 10 a piece above the mark.
    let outcome = stage.price(ETH, at(1_590));
    let given = Fact::Borne {
        account: AccountId(VAULT),
        bearer: Bearer::Deleveraged(AccountId(1)),
        amount: breakwater_money::Amount::new(CASH, 20_000_000),
    };
    assert!(facts(&outcome).contains(&given), "{outcome:?}");
    assert_eq!((size(&stage, VAULT), size(&stage, 1)), (0, 0));
    assert_eq!(stage.health(VAULT).equity, 0);
    assert_eq!(stage.own(1, Unit::token(CASH)), 5_800_000_000);
}

#[test]
fn a_vault_that_owes_and_holds_nothing_has_its_loss_booked() {
    let mut stage = stage(policy(Some(VAULT)), 300);
    stage.price(ETH, at(1_840));
    assert_eq!(stage.health(VAULT).equity, 480_000_000);
    stage.done(fund(30 * ONE_CASH));
    // Its contract ends far below the mark: 680 are lost on two.
    let price = Price::new(at(1_500), 6);
    stage.done(Body::Call(Call::Deliver { contract: ETH, price }));
    let losses = stage.engine.losses()[&CASH];
    assert_eq!(losses.deficit, 200 * ONE_CASH);
    assert_eq!((losses.insurance, losses.outstanding), (30 * ONE_CASH, 170 * ONE_CASH));
    assert!(stage.engine.ledger().holdings(AccountId(VAULT)).is_empty());
    assert_eq!(stage.state(VAULT), CallState::Bankrupt);
}

#[test]
fn without_a_vault_it_is_sold_whole() {
    for vault in [None, Some(99)] {
        let mut stage = stage(policy(vault), 0);
        let outcome = stage.price(ETH, at(1_840));
        let sold: Vec<_> = orders(&outcome).iter().map(|o| (o.account, o.quantity)).collect();
        assert_eq!(sold, [(0, 2 * ONE_ETH)], "{vault:?}");
    }
}

#[test]
fn nobody_is_taken_over_at_prices_that_may_not_be_acted_on() {
    let mut stage = stage(policy(Some(VAULT)), 1_000);
    let take = |account| {
        Body::Call(Call::TakeOver { account: AccountId(account), vault: AccountId(VAULT) })
    };
    assert_eq!(stage.refused(take(0)), Rejection::Healthy);
    stage.price(ETH, at(1_990));
    // Stale: neither by the venue's call nor by the ladder.
    stage.wait(61 * SECOND);
    assert_eq!(stage.refused(take(0)), Rejection::MarkStale);
    let outcome = stage.price(ETH, at(1_840));
    assert!(outcome.facts().any(|fact| matches!(fact, What::CallMoved { .. })));
    assert_eq!(size(&stage, 0), 2 * ONE_ETH as i128, "the grace period runs");
    assert_eq!(stage.refused(take(0)), Rejection::MarkInGrace);
    stage.wait(30 * SECOND);
    stage.price(ETH, at(1_840));
    assert_eq!(size(&stage, 0), 0);
    assert_eq!(stage.refused(take(9)), Rejection::UnknownAccount);
    // By the venue's own call as well, where no ladder is in force.
    let mut stage = self::stage(Policy { ladder: None, ..policy(Some(VAULT)) }, 1_000);
    stage.price(ETH, at(1_840));
    stage.done(take(0));
    assert_eq!((size(&stage, 0), stage.state(0)), (0, CallState::Closed));
    assert_eq!(stage.engine.open_legs().len(), 0, "what was ordered is called off");
}
