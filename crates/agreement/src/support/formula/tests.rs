use super::*;
use breakwater_money::rational::parse;
use proptest::prelude::*;
use serde_json::Value;

fn number(value: &Value, name: &str) -> Rational {
    value.get(name).map_or_else(Rational::zero, |text| parse(text.as_str().unwrap()).unwrap())
}

/// The call of a case of the vector file.
fn call(input: &Value) -> Call {
    let limit = || Limit::Amount(number(input, "threshold"));
    let requirement = match Form::named(input["form"].as_str().unwrap()).unwrap() {
        Form::Annex1994 => Requirement::Annex {
            exposure: number(input, "exposure"),
            independent_pledgor: number(input, "ia_pledgor"),
            independent_secured: number(input, "ia_secured"),
            threshold: limit(),
        },
        Form::Variation2016 => Requirement::Variation { exposure: number(input, "exposure") },
        Form::Initial2018 => Requirement::Initial {
            margin_amount: number(input, "margin_amount_im"),
            independent_amount: number(input, "margin_amount_ia"),
            approach: Approach::named(input["approach"].as_str().unwrap()).unwrap(),
            threshold: limit(),
        },
    };
    let defaulting = input["defaulting"].as_bool().unwrap();
    let rule = |rounding| TransferRule {
        minimum: if defaulting { Rational::zero() } else { number(input, "mta") },
        step: Step { multiple: number(input, "rounding"), rounding },
    };
    let item = |item: &Value| PostedItem {
        market_value: number(item, "market_value"),
        haircut: number(item, "haircut"),
        fx_haircut: number(item, "fx_haircut"),
        additional_haircut: number(item, "additional_haircut"),
    };
    Call {
        requirement,
        posted: input["posted"].as_array().unwrap().iter().map(item).collect(),
        pending_delivery: number(input, "pending_delivery"),
        pending_return: number(input, "pending_return"),
        disputed: number(input, "disputed"),
        delivery: rule(Rounding::Ceil),
        returning: rule(Rounding::Floor),
    }
}

#[test]
fn every_case_of_the_vector_file_is_exact() {
    let text = include_str!("../../../../../conformance/csa/csa-margin-call.json");
    let file: Value = serde_json::from_str(text).unwrap();
    let cases = file["cases"].as_array().unwrap();
    for case in cases {
        let (figures, expect) = (call(&case["input"]).figures(), &case["expect"]);
        let found = [
            ("credit_support_amount", &figures.credit_support_amount),
            ("adjusted_posted_value", &figures.adjusted_posted_value),
            ("undisputed_delivery", &figures.undisputed_delivery),
            ("undisputed_return", &figures.undisputed_return),
            ("delivery_amount", &figures.delivery_amount),
            ("return_amount", &figures.return_amount),
        ];
        for (name, found) in found {
            assert_eq!(*found, number(expect, name), "{} {name}", case["id"]);
        }
    }
    assert_eq!(cases.len(), 24);
}

fn plain(minimum: i128, multiple: i128) -> Call {
    let rule = |rounding| TransferRule {
        minimum: Rational::from_integer(minimum.into()),
        step: Step { multiple: Rational::from_integer(multiple.into()), rounding },
    };
    Call {
        requirement: Requirement::Variation { exposure: Rational::zero() },
        posted: Vec::new(),
        pending_delivery: Rational::zero(),
        pending_return: Rational::zero(),
        disputed: Rational::zero(),
        delivery: rule(Rounding::Ceil),
        returning: rule(Rounding::Floor),
    }
}

#[test]
fn the_minimum_itself_moves_and_the_least_below_it_does_not() {
    for (exposure, moved) in [("99999.99", "0"), ("100000", "100000"), ("100000.01", "110000")] {
        let mut call = plain(100_000, 10_000);
        call.requirement = Requirement::Variation { exposure: parse(exposure).unwrap() };
        assert_eq!(call.figures().delivery_amount, parse(moved).unwrap(), "{exposure}");
    }
}

#[test]
fn a_threshold_without_bound_asks_for_nothing_but_the_independent_amount_of_greater_of() {
    let exposure = Rational::from_integer(5.into());
    let independent = Rational::from_integer(3.into());
    let annex = Requirement::Annex {
        exposure: exposure.clone(),
        independent_pledgor: independent.clone(),
        independent_secured: Rational::zero(),
        threshold: Limit::Infinite,
    };
    assert!(annex.credit_support_amount().is_zero());
    let initial = Requirement::Initial {
        margin_amount: exposure,
        independent_amount: independent.clone(),
        approach: Approach::GreaterOf,
        threshold: Limit::Infinite,
    };
    assert_eq!(initial.credit_support_amount(), independent);
}

#[test]
fn haircuts_add_and_do_not_compound() {
    let item = PostedItem {
        market_value: Rational::from_integer(1000.into()),
        haircut: parse("0.15").unwrap(),
        fx_haircut: parse("0.08").unwrap(),
        additional_haircut: parse("0.02").unwrap(),
    };
    assert_eq!(item.adjusted_value(), Rational::from_integer(750.into()));
}

proptest! {
    #[test]
    fn a_call_goes_one_way_and_brings_what_is_posted_to_what_should_be(
        exposure in -1_000_000i128..1_000_000,
        posted in 0i128..1_000_000,
        minimum in 0i128..100_000,
        multiple in 1i128..20_000,
    ) {
        let mut call = plain(minimum, multiple);
        call.requirement =
            Requirement::Variation { exposure: Rational::from_integer(exposure.into()) };
        call.pending_delivery = Rational::from_integer(posted.into());
        let figures = call.figures();
        prop_assert!(figures.delivery_amount.is_zero() || figures.return_amount.is_zero());
        let after = &figures.adjusted_posted_value + &figures.delivery_amount - &figures.return_amount;
        let step = Rational::from_integer(multiple.into());
        let gap = after - &figures.credit_support_amount;
        let moved = &figures.delivery_amount + &figures.return_amount;
        if moved.is_positive() {
            // Rounded in favour of who holds: never short, never more than a step over.
            prop_assert!(!gap.is_negative() && gap < step);
        }
    }
}
