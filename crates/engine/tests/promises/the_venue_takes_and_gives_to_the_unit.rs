//! Funding, interest, sessions and deliveries through the engine: every payment nets to zero, the fund
//! owes nothing, and whoever can no longer pay is found at once.

use crate::support::chance::Chance;
use crate::support::stage::*;
use breakwater_engine::Body;
use breakwater_liquidation::{Call, CallState, Policy};
use breakwater_money::{AccountId, AssetId, Holder, Price, Unit};

fn fund_rate(contract: AssetId, rate_e12: i64) -> Body {
    Body::Call(Call::Fund { contract, rate_e12 })
}

fn cash(stage: &Stage, account: u32) -> i128 {
    stage.own(account, Unit::token(CASH))
}

fn two(policy: Policy, long: u128) -> Stage {
    let mut stage = Stage::perpetual(policy, 3);
    for (account, amount) in [(0, long), (1, 1_000_000), (2, 1_000_000)] {
        stage.done(deposit(account, CASH, amount * ONE_CASH));
    }
    stage.done(trade(Some(0), Some(1), ETH, ONE_ETH, at(2_000)));
    stage
}

#[test]
fn funding_that_takes_an_account_to_its_line_calls_it() {
    let mut stage = two(venue_sells(), 200);
    assert_eq!(stage.state(0), CallState::Healthy);
    // 100 is the requirement: 5 % of 2,000 takes exactly what is above it.
    let outcome = stage.done(fund_rate(ETH, 50_000_000_000));
    assert_eq!(cash(&stage, 0), 100_000_000);
    assert_eq!(cash(&stage, 1), 1_000_100_000_000);
    assert_eq!(moves(&outcome), [(0, CallState::Called)]);
    assert_eq!(orders(&outcome).len(), 1);
    // Below zero shorts pay, and the sale is called off.
    let outcome = stage.done(fund_rate(ETH, -50_000_000_000));
    assert_eq!(moves(&outcome), [(0, CallState::Cured)]);
    assert_eq!(cancelled(&outcome).len(), 1);
}

#[test]
fn interest_on_what_is_owed_goes_to_the_venue() {
    // All cash is taken out against unrealised profit; then funding is owed, and interest on it.
    let mut stage = two(Policy::as_is(), 500);
    stage.price(ETH, at(3_000));
    stage.done(withdraw(0, CASH, 500 * ONE_CASH));
    stage.price(ETH, at(2_900));
    assert_eq!(cash(&stage, 0), 0);
    stage.done(fund_rate(ETH, 1_000_000_000));
    assert_eq!(cash(&stage, 0), -2_900_000);
    let charge = Body::Call(Call::Charge { asset: CASH, rate_e12: 1_000_000 });
    stage.done(charge);
    // 2.9 units, up.
    assert_eq!(cash(&stage, 0), -2_900_003);
    assert_eq!(stage.balance(Holder::Treasury, Unit::token(CASH)), 3);
}

#[test]
fn a_session_changes_no_health_and_a_delivery_closes_everybody() {
    let mut stage = two(venue_sells(), 1_000);
    stage.done(trade(Some(2), None, ETH, 7 * ONE_ETH / 3, at(2_001)));
    stage.price(ETH, at(1_777) + 1);
    let before = [0, 1, 2].map(|account| stage.health(account));
    stage.done(Body::Call(Call::Settle { contract: ETH }));
    assert_eq!([0, 1, 2].map(|account| stage.health(account)), before);
    assert_eq!(cash(&stage, 0), 1_000_000_000 - 222_999_999);
    let price = Price::new(at(1_801) - 7, 6);
    stage.done(Body::Call(Call::Deliver { contract: ETH, price }));
    for account in 0..3 {
        assert_eq!(stage.own(account, Unit::token(ETH)), 0);
        assert_eq!(stage.engine.ledger().holdings(AccountId(account)).len(), 1);
    }
    assert_eq!(cash(&stage, 0), 1_000_000_000 - 199_000_007);
    assert!((0..=3).contains(&stage.fund_balance()), "dust");
}

/// Any order of such calls between trades and prices; the stage judges each.
#[test]
fn over_any_story_of_payments_the_fund_gains_a_unit_a_party_at_most() {
    let mut paid = 0;
    for seed in 0..12 {
        let (mut stage, mut chance) = (two(venue_sells(), 500_000), Chance::new(seed));
        for _ in 0..80 {
            let contract = if chance.below(2) == 0 { ETH } else { BTC };
            let (one, mark) = if contract == ETH { (ONE_ETH, 2_000) } else { (ONE_BTC, 30_000) };
            let parties =
                [(Some(0), Some(1)), (Some(2), None), (None, Some(2)), (Some(1), Some(0))];
            let (buyer, seller) = parties[chance.below(4) as usize];
            let before = stage.fund_balance();
            let body = match chance.below(6) {
                0 => fund_rate(contract, chance.below(1 << 30) as i64 - (1 << 29)),
                1 => Body::Call(Call::Settle { contract }),
                2 => Body::Call(Call::Charge {
                    asset: CASH,
                    rate_e12: 1 + chance.next() % 1_000_000,
                }),
                3 => trade(
                    buyer,
                    seller,
                    contract,
                    1 + chance.amount(one),
                    at(mark) + chance.amount(99),
                ),
                _ => {
                    let bps = 9_900 + u128::from(chance.below(201));
                    Body::Tick(stage.tick(contract, at(mark) * bps / 10_000))
                }
            };
            let funding = matches!(body, Body::Call(Call::Fund { .. }));
            let outcome = stage.apply(body);
            let gained = stage.fund_balance() - before;
            assert!((0..=4).contains(&gained) && (funding || gained == 0), "{outcome:?}");
            paid += u32::from(funding && outcome.accepted());
        }
    }
    assert!(paid > 100, "{paid}");
}
