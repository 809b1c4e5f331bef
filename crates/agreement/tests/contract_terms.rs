//! Terms that are wrong are refused by name, with the value found and what would be right.

use breakwater_agreement::contracts::{
    Case, Contract, EVENTS_MAX, EventType, NESTING_MAX, Observed, ObservedEvent, Terms, cases_in,
    forward,
};
use serde_json::{Value, json};

fn loan() -> Value {
    json!({
        "contractType": "PAM", "contractID": "loan", "contractRole": "RPA",
        "statusDate": "2023-12-30T00:00:00", "contractDealDate": "2023-12-28",
        "initialExchangeDate": "2024-01-01", "maturityDate": "2025-01-01T00:00",
        "currency": "USD", "notionalPrincipal": "  1000", "nominalInterestRate": 0.1,
        "cycleAnchorDateOfInterestPayment": "2024-04-01", "cycleOfInterestPayment": "P3ML1",
        "dayCountConvention": "30E360"
    })
}

fn with(changes: &[(&str, Value)]) -> Value {
    let mut terms = loan();
    for (name, value) in changes {
        terms[*name] = value.clone();
    }
    terms
}

fn contract(terms: &Value) -> Contract {
    Contract::new(Terms::from_json(terms).unwrap()).unwrap()
}

#[track_caller]
fn refused(terms: &Value, words: &[&str]) {
    let error = Terms::from_json(terms)
        .and_then(Contract::new)
        .and_then(|contract| contract.events(&Observed::default(), None))
        .unwrap_err()
        .to_string();
    for word in words {
        assert!(error.contains(word), "'{word}' is not in: {error}");
    }
}

#[test]
fn wrong_values_are_named_with_what_would_be_right() {
    let cases: [(&str, Value, &[&str]); 13] = [
        ("contractType", json!("PAMM"), &["contractType", "PAMM", "LAM"]),
        ("contractRole", json!("XX"), &["contractRole", "XX", "RPA"]),
        ("contractRole", json!("BUY"), &["contractRole", "BUY", "PAM", "RPA or RPL"]),
        ("maturityDate", json!("2025-02-30"), &["maturityDate", "2025-02-30", "YYYY-MM-DD"]),
        ("notionalPrincipal", json!("many"), &["notionalPrincipal", "many", "a number"]),
        ("notionalPrincipal", json!(-5), &["notionalPrincipal", "-5", "the role gives the sign"]),
        ("notionalPrincipal", json!("1e999"), &["notionalPrincipal", "1e999"]),
        ("cycleOfInterestPayment", json!("3M"), &["cycleOfInterestPayment", "3M", "P3ML0"]),
        ("dayCountConvention", json!("A364"), &["dayCountConvention", "A364", "A365"]),
        ("calendar", json!("MARS"), &["calendar", "MARS", "Monday to Friday"]),
        ("businessDayConvention", json!("SCX"), &["businessDayConvention", "SCX", "SCMF"]),
        ("scalingEffect", json!("XYZ"), &["scalingEffect", "XYZ", "IN0"]),
        ("cyclePointOfRateReset", json!("E"), &["cyclePointOfRateReset", "B"]),
    ];
    for (name, value, words) in cases {
        refused(&with(&[(name, value)]), words);
    }
}

#[test]
fn unknown_terms_are_refused_with_the_name_that_may_be_meant() {
    refused(
        &with(&[("notionalPrincipl", json!(5))]),
        &["notionalPrincipl", "`5`", "PAM", "`notionalPrincipal` may be meant"],
    );
    refused(&with(&[("colour", json!("red"))]), &["colour", "red", "ACTUS dictionary"]);
}

#[test]
fn missing_terms_are_named_with_what_they_are_for() {
    for name in [
        "contractType",
        "statusDate",
        "contractRole",
        "initialExchangeDate",
        "maturityDate",
        "currency",
    ] {
        refused(&with(&[(name, Value::Null)]), &[name, "missing"]);
    }
    refused(&with(&[("dayCountConvention", json!(" "))]), &["dayCountConvention", "missing"]);
}

#[test]
fn terms_that_contradict_each_other_are_named_both() {
    refused(
        &with(&[("maturityDate", json!("2023-01-01"))]),
        &["initialExchangeDate 2024-01-01", "maturityDate 2023-01-01", "must not be after"],
    );
    refused(
        &with(&[("lifeCap", json!(0.01)), ("lifeFloor", json!(0.02))]),
        &["lifeCap 0.01", "lifeFloor 0.02"],
    );
    refused(
        &with(&[("contractIdentifier", json!("other"))]),
        &["contractID", "contractIdentifier", "keep one"],
    );
}

#[test]
fn terms_survive_the_way_to_json_and_back() {
    for case in published() {
        let terms = case.contract.terms();
        assert_eq!(&Terms::from_json(&terms.to_json()).unwrap(), terms, "{}", case.name);
    }
}

#[test]
fn contracts_inside_contracts_have_a_depth_and_schedules_a_length() {
    let mut nested = loan();
    for _ in 0..NESTING_MAX {
        nested = json!({
            "contractType": "CEG", "statusDate": "2023-12-30", "contractRole": "BUY",
            "contractStructure":
                [{"object": nested, "referenceType": "CNT", "referenceRole": "COVE"}]
        });
    }
    refused(&nested, &["inside contracts", &NESTING_MAX.to_string()]);
    let long = [("maturityDate", json!("9999-01-01")), ("cycleOfInterestPayment", json!("P1ML1"))];
    refused(&with(&long), &["more than 50000", "P1ML1"]);
    // Three daily cycles over 125 years in each of two legs.
    let mut leg = with(&[
        ("contractType", json!("LAM")),
        ("maturityDate", json!("2149-01-01")),
        ("cycleOfInterestPayment", json!("P1DL1")),
        ("cycleOfPrincipalRedemption", json!("P1DL1")),
        ("nextPrincipalRedemptionPayment", json!(1)),
        ("cycleOfFee", json!("P1DL1")),
        ("feeBasis", json!("A")),
        ("feeRate", json!(1)),
    ]);
    leg["contractRole"] = Value::Null;
    let leg = |part: &str| json!({"object": leg, "referenceType": "CNT", "referenceRole": part});
    let swap = json!({
        "contractType": "SWAPS", "contractRole": "RFL", "statusDate": "2023-12-30",
        "currency": "USD", "contractStructure": [leg("FIL"), leg("SEL")]
    });
    refused(&swap, &["events of one contract", &EVENTS_MAX.to_string()]);
}

#[test]
fn an_observation_that_is_not_there_is_asked_for_by_code_and_time() {
    let resets = [
        ("cycleAnchorDateOfRateReset", json!("2024-07-01")),
        ("cycleOfRateReset", json!("P6ML1")),
        ("marketObjectCodeOfRateReset", json!("RATE")),
    ];
    refused(&with(&resets), &["RATE", "2024-07-01"]);
    let contract = contract(&with(&resets));
    let mut observed = Observed::default();
    observed.value("RATE", "2024-06-01".parse().unwrap(), 0.2);
    let events = contract.events(&observed, None).unwrap();
    let reset = events.iter().find(|event| event.kind == EventType::Rr).unwrap();
    assert!((reset.rate - 0.2).abs() < 1e-15, "the last value before the reset holds");
}

#[test]
fn nothing_need_be_observed_for_what_is_not_asked() {
    let resets = [
        ("cycleAnchorDateOfRateReset", json!("2024-07-01")),
        ("marketObjectCodeOfRateReset", json!("RATE")),
    ];
    let loan = with(&resets);
    let until = "2024-06-30".parse().unwrap();
    let events = contract(&loan).events(&Observed::default(), Some(until)).unwrap();
    assert_eq!(events.len(), 2);
    // A guarantee over it ends with it, and that end is known before any rate is.
    let guarantee = json!({
        "contractType": "CEG", "contractID": "cover", "contractRole": "BUY",
        "statusDate": "2023-12-30", "currency": "USD", "guaranteedExposure": "NI",
        "contractStructure": [{"object": loan, "referenceType": "CNT", "referenceRole": "COVE"}]
    });
    let events = contract(&guarantee).events(&Observed::default(), None).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(
        (events[0].kind, events[0].time.to_string().as_str()),
        (EventType::Md, "2025-01-01T00:00:00")
    );
}

#[test]
fn caps_and_floors_bound_a_reset_for_its_period_and_for_life() {
    let rate = |changes: &[(&str, f64)], observed: f64| {
        let mut terms = with(&[
            ("cycleAnchorDateOfRateReset", json!("2024-07-01")),
            ("marketObjectCodeOfRateReset", json!("RATE")),
        ]);
        for (name, value) in changes {
            terms[*name] = json!(value);
        }
        let mut seen = Observed::default();
        seen.value("RATE", "2024-07-01".parse().unwrap(), observed);
        let events = contract(&terms).events(&seen, None).unwrap();
        events.iter().find(|event| event.kind == EventType::Rr).unwrap().rate
    };
    let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}");
    close(rate(&[], 0.5), 0.5);
    close(rate(&[("lifeCap", 0.3)], 0.5), 0.3);
    close(rate(&[("lifeFloor", 0.05)], 0.01), 0.05);
    close(rate(&[("periodCap", 0.02)], 0.5), 0.12);
    close(rate(&[("periodFloor", 0.02)], 0.01), 0.08);
    close(rate(&[("rateMultiplier", 2.0), ("rateSpread", 0.01)], 0.1), 0.21);
}

#[test]
fn prepayments_fees_and_a_settlement_currency_do_what_the_specification_says() {
    let terms = with(&[
        ("prepaymentEffect", json!("A")),
        ("penaltyType", json!("A")),
        ("penaltyRate", json!(7)),
        ("feeBasis", json!("N")),
        ("feeRate", json!(0.02)),
        ("cycleAnchorDateOfFee", json!("2024-07-01")),
        ("settlementCurrency", json!("EUR")),
    ]);
    let mut observed = Observed::default();
    observed.value("USD/EUR", "2023-12-31".parse().unwrap(), 0.5);
    observed.event(ObservedEvent {
        time: "2024-04-01".parse().unwrap(),
        kind: EventType::Pp,
        value: 400.0,
        contract: None,
        performance: None,
    });
    let events = contract(&terms).events(&observed, None).unwrap();
    let rows: Vec<(&str, f64)> =
        events.iter().map(|event| (event.kind.code(), event.payoff)).collect();
    let expected = [
        ("IED", -500.0),
        ("PY", 3.5),
        ("PP", 200.0),
        ("IP", 12.5),
        // A quarter on 1,000 and a quarter on 600 at 2 %, in half the currency.
        ("FP", 0.5 * (5.0 + 3.0)),
        ("IP", 7.5),
        ("IP", 7.5),
        ("FP", 0.5 * 6.0),
        ("IP", 7.5),
        ("MD", 300.0),
    ];
    assert_eq!(rows.len(), expected.len(), "{rows:?}");
    for (found, expected) in rows.iter().zip(expected) {
        assert_eq!(found.0, expected.0, "{rows:?}");
        assert!((found.1 - expected.1).abs() < 1e-9, "{found:?} {expected:?}");
    }
    assert!(events.iter().all(|event| event.currency == "EUR"));
}

#[test]
fn an_american_option_is_settled_after_an_observed_exercise() {
    let terms = json!({
        "contractType": "OPTNS", "contractID": "right", "contractRole": "BUY",
        "statusDate": "2024-01-01", "maturityDate": "2024-12-31", "currency": "USD",
        "optionType": "CP", "optionStrike1": 100, "optionStrike2": 90, "optionExerciseType": "A",
        "settlementPeriod": "P2D",
        "contractStructure": [{"object": {"marketObjectCode": "XYZ"}, "referenceType": "MOC",
            "referenceRole": "UDL"}]
    });
    let mut observed = Observed::default();
    observed.value("XYZ", "2024-01-01".parse().unwrap(), 110.0);
    observed.event(ObservedEvent {
        time: "2024-06-28".parse().unwrap(),
        kind: EventType::Xd,
        value: 0.0,
        contract: Some("right".to_owned()),
        performance: None,
    });
    let events = contract(&terms).events(&observed, None).unwrap();
    let rows: Vec<String> = events
        .iter()
        .map(|e| format!("{} {} {}", e.time.date(), e.kind.code(), e.payoff))
        .collect();
    assert_eq!(rows, ["2024-06-28 XD 0", "2024-06-30 STD 10"]);
}

#[test]
fn payments_for_a_host_have_a_key_and_no_sign() {
    let contract = contract(&loan());
    let observed = Observed::default();
    let all = forward(&contract, &observed, "2023-01-01".parse().unwrap(), None).unwrap();
    assert_eq!(all.len(), 6);
    assert!(all.iter().enumerate().all(|(place, payment)| payment.sequence == place));
    assert!(all.iter().all(|payment| payment.amount > 0.0 && payment.contract == "loan"));
    assert!(!all[0].receives && all[1..].iter().all(|payment| payment.receives));
    let later = forward(&contract, &observed, "2024-07-01".parse().unwrap(), None).unwrap();
    assert_eq!(later, all[3..]);
}

#[test]
fn what_is_outstanding_is_asked_at_any_moment() {
    let contract = contract(&loan());
    let at =
        |text: &str| contract.outstanding(&Observed::default(), text.parse().unwrap()).unwrap();
    assert_eq!(at("2023-12-31"), (0.0, 0.0));
    let (notional, accrued) = at("2024-05-01");
    assert!((notional - 1000.0).abs() < 1e-9 && (accrued - 1000.0 * 0.1 / 12.0).abs() < 1e-9);
    assert_eq!(at("2025-06-01"), (0.0, 0.0));
}

#[test]
fn a_planted_difference_is_found_in_its_row_and_field() {
    let case = published().into_iter().find(|case| case.name == "pam02").unwrap();
    let mut events = case.events().unwrap();
    assert_eq!(case.differences(&events), []);
    events[2].payoff += 2e-6;
    events[3].currency = "EUR".to_owned();
    events.pop();
    let found: Vec<(usize, String)> =
        case.differences(&events).into_iter().map(|found| (found.row, found.field)).collect();
    let named = |row: usize, field: &str| (row, field.to_owned());
    assert_eq!(found, [named(2, "payoff"), named(3, "currency"), named(8, "row")]);
}

#[test]
fn no_text_stops_the_reader() {
    for text in ["", "[]", "1", "\"x\"", "{}", "{\"terms\": 3}", "{\"a\": {\"terms\": []}}"] {
        let value = serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
        assert!(cases_in(&value).is_err(), "{text}");
    }
    assert!(Contract::from_json("{").unwrap_err().to_string().contains("not readable"));
}

fn published() -> Vec<Case> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/actus");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "json") {
            let value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            cases.extend(cases_in(&value).unwrap());
        }
    }
    cases
}
