//! What holds for every lending contract, whatever its terms.

use breakwater_agreement::contracts::{Contract, Event, EventType, Observed, Terms};
use proptest::prelude::*;
use serde_json::{Value, json};

#[derive(Debug, Clone)]
struct Loan {
    terms: Value,
}

/// Loans of four types with drawn amounts, rates, cycles, calendars and stubs.
fn loans() -> impl Strategy<Value = Loan> {
    let kind = prop::sample::select(vec!["PAM", "LAM", "NAM", "ANN"]);
    let count = prop::sample::select(vec!["A365", "AA", "30E360", "A360", "30E360ISDA", "28E336"]);
    let shift = prop::sample::select(vec!["NOS", "SCF", "SCMF", "CSF", "CSMF", "SCP", "CSMP"]);
    (kind, count, shift, 100_u32..100_000, -2_i32..15, 1_u32..4, 0_u32..2, 1_u32..29, 8_u32..60)
        .prop_map(|(kind, count, shift, notional, percent, months, stub, day, length)| {
            let cycle = format!("P{months}ML{stub}");
            let ends = format!("{}-{:02}-{day:02}", 2021 + length / 12, length % 12 + 1);
            let mut terms = json!({
                "contractType": kind, "contractID": "drawn", "contractRole": "RPA",
                "statusDate": "2020-12-30", "initialExchangeDate": "2021-01-01",
                "maturityDate": ends, "currency": "USD", "notionalPrincipal": notional,
                "nominalInterestRate": f64::from(percent) / 100.0, "dayCountConvention": count,
                "businessDayConvention": shift, "calendar": "MF",
                "cycleAnchorDateOfInterestPayment": "2021-02-01", "cycleOfInterestPayment": cycle
            });
            if kind != "PAM" {
                terms["cycleAnchorDateOfPrincipalRedemption"] = json!("2021-02-01");
                terms["cycleOfPrincipalRedemption"] = json!(cycle);
            }
            if kind == "NAM" {
                terms["nextPrincipalRedemptionPayment"] = json!(f64::from(notional) / 20.0);
            }
            Loan { terms }
        })
}

fn events(terms: &Value) -> Vec<Event> {
    let contract = Contract::new(Terms::from_json(terms).unwrap()).unwrap();
    contract.events(&Observed::default(), None).unwrap()
}

fn sum(events: &[Event], kinds: &[EventType]) -> f64 {
    events.iter().filter(|event| kinds.contains(&event.kind)).map(|event| event.payoff).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn payoffs_without_interest_return_the_principal_that_was_paid_out(loan in loans()) {
        let events = events(&loan.terms);
        let notional = loan.terms["notionalPrincipal"].as_f64().unwrap();
        let principal = sum(&events, &[EventType::Ied, EventType::Pr, EventType::Md]);
        prop_assert!(principal.abs() < notional * 1e-9, "{} of {:?}", principal, loan);
        let last = events.last().unwrap();
        prop_assert_eq!((last.kind, last.notional, last.accrued), (EventType::Md, 0.0, 0.0));
        // What is repaid at each step is what the debt falls by.
        for pair in events.windows(2) {
            if pair[1].kind == EventType::Pr {
                let fall = pair[0].notional - pair[1].notional;
                prop_assert!((fall - pair[1].payoff).abs() < 1e-9 * notional, "{:?}", pair);
            }
        }
    }

    #[test]
    fn the_other_side_has_the_same_rows_with_the_other_sign(loan in loans()) {
        let asset = events(&loan.terms);
        let mut other = loan.terms.clone();
        other["contractRole"] = json!("RPL");
        let liability = events(&other);
        prop_assert_eq!(asset.len(), liability.len());
        for (one, two) in asset.iter().zip(&liability) {
            prop_assert_eq!((one.time, one.kind, one.rate), (two.time, two.kind, two.rate));
            prop_assert_eq!((one.payoff, one.notional), (-two.payoff, -two.notional));
            prop_assert_eq!(one.accrued, -two.accrued);
        }
    }

    #[test]
    fn rows_are_in_the_order_of_time_and_an_earlier_end_only_cuts_them(
        loan in loans(),
        share in 0.0_f64..1.0,
    ) {
        let all = events(&loan.terms);
        prop_assert!(all.is_sorted_by_key(|event| event.time));
        let place = ((all.len() - 1) as f64 * share) as usize;
        let until = all[place].time;
        let contract = Contract::new(Terms::from_json(&loan.terms).unwrap()).unwrap();
        let cut = contract.events(&Observed::default(), Some(until)).unwrap();
        let expected: Vec<Event> =
            all.into_iter().filter(|event| event.time <= until).collect();
        prop_assert_eq!(cut, expected);
    }

    #[test]
    fn an_annuity_pays_the_same_at_every_redemption(loan in loans()) {
        let mut terms = loan.terms.clone();
        terms["contractType"] = json!("ANN");
        terms["cycleAnchorDateOfPrincipalRedemption"] = json!("2021-02-01");
        terms["cycleOfPrincipalRedemption"] = terms["cycleOfInterestPayment"].clone();
        terms["nextPrincipalRedemptionPayment"] = Value::Null;
        terms["businessDayConvention"] = json!("NOS");
        let events = events(&terms);
        let mut payments: Vec<f64> = Vec::new();
        for pair in events.windows(2) {
            let kinds = (pair[0].kind, pair[1].kind);
            if kinds == (EventType::Pr, EventType::Ip) || kinds == (EventType::Ip, EventType::Md) {
                payments.push(pair[0].payoff + pair[1].payoff);
            }
        }
        let notional = terms["notionalPrincipal"].as_f64().unwrap();
        for payment in &payments {
            prop_assert!((payment - payments[0]).abs() < notional * 1e-9, "{:?}", payments);
        }
    }
}
