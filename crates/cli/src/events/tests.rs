//! Events as lines, with names and whole units, and the page that tells of them.

use super::*;
use breakwater_engine::Engine;
use breakwater_liquidation::AssetKind;
use breakwater_liquidation::solvency::stress_state::StressState;
use breakwater_margin::Ratio;
use breakwater_market::MarketId;

fn written(bodies: Vec<Body>) -> Vec<Value> {
    let mut engine = Engine::new(registry());
    let mut bytes = Vec::new();
    let mut log = EventLog::begin(&mut bytes, "a test").unwrap();
    for body in bodies {
        let command = Command { at: Time::from_seconds(1_584_009_600), body };
        let outcome = engine.apply(&command);
        log.write(&command, &outcome).unwrap();
    }
    log.end().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_line_says_what_when_and_why() {
    let token = |symbol: &str| Body::DefineAsset {
        symbol: symbol.to_owned(),
        decimals: 18,
        kind: AssetKind::Token,
    };
    let lines = written(vec![token("WETH"), token("WETH")]);
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["schema"], SCHEMA);
    assert_eq!(lines[1]["event"], "asset defined");
    assert_eq!(lines[1]["asset"], "WETH");
    assert_eq!(lines[1]["at"], "2020-03-12T10:40:00Z");
    assert_eq!(lines[1]["cause"]["kind"], "command");
    assert_eq!(lines[2]["event"], "rejected");
    assert_eq!(lines[2]["number"], 104);
    assert_eq!(lines[2]["sequence"], 2);
}

#[test]
fn guards_of_solvency_are_told_with_names_and_whole_units() {
    let (symbol, kind) = ("USDC".to_owned(), AssetKind::Token);
    let names = Names {
        assets: vec![AssetInfo { symbol, decimals: 6, kind, market: None }],
        ..Names::default()
    };
    let (asset, until) = (AssetId(0), Time::from_seconds(1_584_009_600));
    let (highest, mark) = (Price::new(100, 2), Price::new(90, 2));
    let (from, to, grace_until) = (Gate::Paused, Gate::Open, Some(until));
    let (supplied, borrowed) = (2_500_000, 1);
    let (bearer, amount) = (Bearer::Insurance, Amount::new(asset, 1_500_000));
    for (what, kind, field, value) in [
        (What::GateMoved { asset, from, to, grace_until }, "gate moved", "from", "paused"),
        (
            What::BreakerTripped { asset, highest, mark, until },
            "breaker tripped",
            "until",
            "2020-03-12T10:40:00Z",
        ),
        (
            What::Surcharged { asset, bps_a_year: 7, supplied, borrowed },
            "surcharged",
            "supplied",
            "2.5",
        ),
        (What::SurchargeIgnored { asset }, "surcharge ignored", "asset", "USDC"),
        (
            What::Observed { market: MarketId(0), observed_at: until },
            "market observed",
            "observed_at",
            "2020-03-12T10:40:00Z",
        ),
        (
            What::HandedOver { account: AccountId(0), ratio: Ratio::one(), called_at: until },
            "handed over",
            "called_at",
            "2020-03-12T10:40:00Z",
        ),
        (
            What::Happened(Fact::Covered { bearer, amount, outstanding: 1 }),
            "covered",
            "outstanding",
            "0.000001",
        ),
    ] {
        let (told, fields) = names.what(&what);
        assert_eq!((told, &fields[field]), (kind, &json!(value)), "{what:?}");
    }
}

#[test]
fn defences_are_told_with_names_and_whole_units() {
    let (symbol, kind) = ("USDC".to_owned(), AssetKind::Token);
    let names = Names {
        assets: vec![AssetInfo { symbol, decimals: 6, kind, market: None }],
        accounts: vec!["alice".to_owned()],
        ..Names::default()
    };
    let (asset, account, until) = (AssetId(0), AccountId(0), Time::from_seconds(1_584_009_600));
    let (left, mark) = (Amount::new(asset, 1_500_000), Price::new(90, 2));
    let whole = |amount: &str| json!({ "asset": "USDC", "amount": amount });
    let (from, to) = (StressState::Normal, StressState::Hard);
    for (what, kind, field, value) in [
        (
            What::WithdrawalQueued { claim: 1, account, paid: 500_000, waits: left },
            "withdrawal queued",
            "paid",
            whole("0.5"),
        ),
        (
            What::WithdrawalPaid { claim: 1, account, amount: left, left: 1 },
            "withdrawal paid",
            "left",
            whole("0.000001"),
        ),
        (
            What::WithdrawalDropped { claim: 1, account, left },
            "withdrawal dropped",
            "account",
            json!("alice"),
        ),
        (
            What::BandPaused { asset, mark, reference: 95, until },
            "band paused",
            "reference",
            json!("0.95"),
        ),
        (What::StressMoved { from, to, measure_bps: 9_400 }, "stress moved", "to", json!("hard")),
    ] {
        let (told, fields) = names.what(&what);
        assert_eq!((told, &fields[field]), (kind, &value), "{what:?}");
    }
}

#[test]
fn what_exchanges_do_is_told_with_names_and_whole_units_as_the_page_says() {
    let token =
        AssetInfo { symbol: "USDT".to_owned(), decimals: 6, kind: AssetKind::Token, market: None };
    let kind = AssetKind::linear_perpetual(AssetId(0));
    let perpetual = AssetInfo { symbol: "BTCUSDT".to_owned(), decimals: 3, kind, ..token.clone() };
    let names = Names {
        assets: vec![token, perpetual],
        accounts: vec!["alice".to_owned(), "vault".to_owned()],
        value_decimals: Some(6),
        ..Names::default()
    };
    let (contract, account, price) = (AssetId(1), AccountId(0), Price::new(5_000_050, 2));
    let paid = Amount::new(AssetId(0), 1_500_000);
    let terms = breakwater_liquidation::Order {
        account,
        contract,
        buy: true,
        quantity: 250,
        price,
        reduce_only: false,
    };
    let fact = |fact| What::Happened(fact);
    let settled = |delivered| fact(Fact::Settled { contract, price, delivered });
    let page = include_str!("../../../../docs/cli.md");
    for (what, kind, field, value) in [
        (
            fact(Fact::Charged { asset: contract, rate_e12: -100_000_000, paid }),
            "charged",
            "rate",
            json!("-0.0001"),
        ),
        (settled(false), "settled", "price", json!("50000.5")),
        (settled(true), "delivered", "contract", json!("BTCUSDT")),
        (
            fact(Fact::TakenOver { account, vault: AccountId(1), equity: -2_500_000 }),
            "taken over",
            "equity",
            json!("-2.5"),
        ),
        (
            What::OrderPlaced { order: 7, terms },
            "order placed",
            "quantity",
            json!({ "asset": "BTCUSDT", "amount": "0.25" }),
        ),
        (
            What::OrderFilled { order: 7, quantity: 50, price, left: 200 },
            "order filled",
            "left_base_units",
            json!("200"),
        ),
        (What::OrderCancelled { order: 7, left: 200 }, "order cancelled", "order", json!(7)),
    ] {
        let (told, fields) = names.what(&what);
        assert_eq!((told, &fields[field]), (kind, &value), "{what:?}");
        assert!(page.contains(&format!("`{kind}`")), "{kind} is not on the page");
        for name in fields.as_object().unwrap().keys() {
            assert!(page.contains(&format!("`{name}`")), "{kind}: {name} is not on the page");
        }
    }
}
