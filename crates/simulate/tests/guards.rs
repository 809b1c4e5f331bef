//! What our guards add to a venue's own rule, on one small book.

use breakwater_engine::{Body, Command, Engine, Outcome};
use breakwater_liquidation::{Call, Policy, Rejection};
use breakwater_market::{Guard, Quote, Tick};
use breakwater_money::{AccountId, AssetId, Time};
use breakwater_simulate::assess::read;
use breakwater_simulate::world::{Host, Setting, found};
use breakwater_simulate::{Nobody, Thresholds, registry};

const BOOK: &str = r#"{
  "assets": [
    {"asset": "STETH", "decimals": 18, "price_usd": "1700"},
    {"asset": "DAI", "decimals": 18, "price_usd": "1"}
  ],
  "accounts": [{
    "account": "a", "liquidation_threshold_bps": 8000,
    "collateral": [{"asset": "STETH", "amount": "10"}],
    "debt": [{"asset": "DAI", "amount": "13700"}]
  }]
}"#;

fn pool(policy: Policy) -> Engine {
    let book = read("book", BOOK, None).unwrap();
    let (_, text) =
        breakwater_rulebooks::shipped().iter().find(|(name, _)| *name == "aave-v3.7").unwrap();
    let guard = Guard {
        decimals: 8,
        age_max_nanos: 60_000_000_000,
        ahead_max_nanos: 0,
        band_bps: 5_000,
        spread_max_bps: 100,
        grace_nanos: 0,
    };
    let mut nobody = Nobody;
    let mut host = Host::new(Engine::new(registry()), &mut nobody);
    let setting = Setting {
        rule: "aave-v3",
        parameters: text,
        policy: &policy,
        guard: &guard,
        thresholds: Thresholds::SameRisk,
        vault_share: 0,
    };
    found(&mut host, &book, Time(1), &setting).unwrap();
    host.engine
}

fn call(engine: &mut Engine, amount: u128) -> Outcome {
    let body = Body::Call(Call::RepayAndSeize {
        account: AccountId(0),
        debt: AssetId(1),
        collateral: AssetId(0),
        amount,
        shares: false,
        liquidator: None,
    });
    engine.apply(&Command { at: Time(2), body })
}

fn rejection(outcome: &Outcome) -> Option<Rejection> {
    outcome.rejected.as_ref().map(|rejected| rejected.rejection)
}

#[test]
fn a_call_so_small_that_rounding_costs_health_is_refused_by_the_guard_alone() {
    // A billionth of a dollar: the debt's value keeps its rounding up, the collateral's loses one.
    let dust = 1_000_000_000;
    let mut venue = pool(Policy::as_is());
    let before = venue.health(AccountId(0)).unwrap().ratio;
    assert_eq!(rejection(&call(&mut venue, dust)), None);
    assert!(venue.health(AccountId(0)).unwrap().ratio < before, "the venue's own rule allows it");
    let mut guarded = pool(Policy::guarded());
    assert_eq!(rejection(&call(&mut guarded, dust)), Some(Rejection::LowersHealth));
}

#[test]
fn the_guarded_venue_takes_the_plans_amount_once_and_no_more() {
    let mut engine = pool(Policy::guarded());
    let plan = engine.plan_call(AccountId(0)).unwrap();
    assert!(plan.after.ratio >= engine.policy().unwrap().target_ratio);
    let least = plan.option.repaid.raw;
    assert_eq!(
        rejection(&call(&mut engine, least + least / 10)),
        Some(Rejection::ExceedsPlan),
        "a tenth more than the plan"
    );
    assert_eq!(rejection(&call(&mut engine, least)), None);
    assert!(engine.health(AccountId(0)).unwrap().ratio >= plan.after.ratio);
    assert_eq!(rejection(&call(&mut engine, 1)), Some(Rejection::OncePerTick));
}

#[test]
fn one_lot_less_than_the_plan_misses_the_target() {
    let engine = pool(Policy { lot_value: 100_000_000, ..Policy::guarded() });
    let plan = engine.plan_call(AccountId(0)).unwrap();
    let policy = engine.policy().unwrap();
    let lot = 1_000_000_000_000_000_000u128;
    let less = Call::RepayAndSeize {
        account: AccountId(0),
        debt: AssetId(1),
        collateral: AssetId(0),
        amount: plan.option.repaid.raw - lot,
        shares: false,
        liquidator: None,
    };
    let rulebook = engine.rulebook().unwrap();
    let after = engine
        .look(|view| breakwater_liquidation::plan::after_call(rulebook, view, AccountId(0), &less));
    assert!(after.unwrap().ratio < policy.target_ratio);
}

#[test]
fn nobody_is_liquidated_on_a_stale_price_under_our_guards() {
    let mut engine = pool(Policy::guarded());
    let late = Time(1 + 60_000_000_001);
    let body = Body::Call(Call::RepayAndSeize {
        account: AccountId(0),
        debt: AssetId(1),
        collateral: AssetId(0),
        amount: u128::MAX,
        shares: false,
        liquidator: None,
    });
    let refused = engine.apply(&Command { at: late, body: body.clone() });
    assert_eq!(rejection(&refused), Some(Rejection::MarkStale));
    for (market, price) in [(0, 170_000_000_000), (1, 100_000_000)] {
        let tick = Tick {
            market: breakwater_market::MarketId(market),
            quote: Quote::Single(price),
            decimals: 8,
            sequence: 9,
            observed_at: late,
        };
        let outcome = engine.apply(&Command { at: late, body: Body::Tick(tick) });
        assert_eq!(rejection(&outcome), None);
    }
    let outcome = engine.apply(&Command { at: late, body });
    assert_eq!(rejection(&outcome), Some(Rejection::ExceedsPlan), "fresh again, and guarded");
}
