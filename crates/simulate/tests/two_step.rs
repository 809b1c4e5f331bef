//! The two-step attack on a close factor (Qin et al., IMC 2021), found on the rule itself: its first
//! repayment and its gain are those of the closed form, and one liquidation at one price ends it.

use breakwater_engine::{Body, Command, Engine};
use breakwater_liquidation::policy::Guards;
use breakwater_liquidation::{Policy, Rejection, games};
use breakwater_market::Guard;
use breakwater_money::{AccountId, Time};
use breakwater_simulate::assess::read;
use breakwater_simulate::world::{Host, Setting, found};
use breakwater_simulate::{Nobody, Thresholds, registry};

/// A threshold of 75 %, a spread of 8 % and a close factor of 50 %: 10 ether at 1,000 against a debt
/// just above the line.
const BOOK: &str = r#"{
  "assets": [
    {"asset": "WETH", "decimals": 18, "price_usd": "1000", "moves_with_eth": true},
    {"asset": "USDC", "decimals": 6, "price_usd": "1"}
  ],
  "accounts": [{
    "account": "a", "liquidation_threshold_bps": 7500,
    "collateral": [{"asset": "WETH", "amount": "10"}],
    "debt": [{"asset": "USDC", "amount": "7600"}]
  }]
}"#;

fn pool(name: &str, policy: &Policy) -> Engine {
    let book = read("book", BOOK, None).unwrap();
    let shipped = breakwater_rulebooks::shipped();
    let (_, text) = shipped.iter().find(|(known, _)| *known == name).unwrap();
    let rule: toml::Table = toml::from_str(text).unwrap();
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
        rule: rule["rule"].as_str().unwrap(),
        parameters: text,
        policy,
        guard: &guard,
        thresholds: Thresholds::SameRisk,
        vault_share: 0,
    };
    found(&mut host, &book, Time(1_000_000_000), &setting).unwrap();
    host.engine
}

#[test]
fn the_first_step_and_the_gain_are_those_of_the_closed_form() {
    let engine = pool("compound-v2", &Policy::as_is());
    let rulebook = engine.rulebook().unwrap();
    let found = engine.look(|view| games::two_step(rulebook, view, AccountId(0)).unwrap());
    let found = found.expect("a close factor of one half invites two steps");
    let (collateral, debt, threshold, spread, close) = (10_000.0, 7_600.0, 0.75, 0.08, 0.5);
    let first = (debt - threshold * collateral) / (1.0 - threshold * (1.0 + spread));
    let second = close * (debt - first);
    let dollars = |raw: u128| raw as f64 / 1e6;
    assert!((dollars(found.first.repaid.raw) - first).abs() < 0.01, "{found:?}");
    assert!((dollars(found.second.repaid.raw) - second).abs() < 0.01, "{found:?}");
    assert!((dollars(found.single.repaid.raw) - close * debt).abs() < 0.01, "{found:?}");
    // The venue keeps 2.8 % of what is seized, so a caller's spread is 1.08 x 0.972 - 1.
    let kept = 1.08 * 0.972 - 1.0;
    let extra = kept * (first + second - close * debt);
    assert!((found.extra() as f64 / 1e8 - extra).abs() < 0.05, "{} {extra}", found.extra());
    // Relative to the single call: r1 (1 - CF) / (CF D).
    let relative = found.extra() as f64 / found.single.gain() as f64;
    assert!((relative - first * (1.0 - close) / (close * debt)).abs() < 1e-4, "{relative}");
}

#[test]
fn a_rule_without_a_close_factor_leaves_nothing_to_two_steps() {
    for name in ["morpho-blue", "aave-v3.7"] {
        // Below 2,000 on a side one call may close all; this one has 7,600 and a health above 0.95,
        // so the second rule has a close factor and the first none.
        let engine = pool(name, &Policy::as_is());
        let rulebook = engine.rulebook().unwrap();
        let found = engine.look(|view| games::two_step(rulebook, view, AccountId(0)).unwrap());
        assert_eq!(found.is_some(), name == "aave-v3.7", "{name}");
    }
}

#[test]
fn one_liquidation_at_one_price_refuses_the_second_step() {
    for guarded in [false, true] {
        let guards = Guards { once_per_tick: guarded, ..Guards::default() };
        let mut engine = pool("compound-v2", &Policy { guards, ..Policy::as_is() });
        let rulebook = engine.rulebook().unwrap();
        let found = engine.look(|view| games::two_step(rulebook, view, AccountId(0)).unwrap());
        let found = found.unwrap();
        let at = Time(2_000_000_000);
        let first = engine.apply(&Command { at, body: Body::Call(found.first.call) });
        assert!(first.accepted(), "{:?}", first.rejected);
        let second = engine.apply(&Command { at, body: Body::Call(found.second.call) });
        let refused = second.rejected.map(|why| why.rejection);
        assert_eq!(refused, guarded.then_some(Rejection::OncePerTick));
    }
}
