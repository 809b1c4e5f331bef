//! What a ladder may say.

use super::*;
use std::cmp::Ordering;

fn refused(rungs: Vec<Rung>) -> String {
    Ladder::new(rungs).unwrap_err().to_string()
}

fn whole() -> Rung {
    rung(Act::Whole)
}

fn with(bounds: Bounds, act: Act) -> Rung {
    Rung { bounds, ..rung(act) }
}

fn multiple(text: &str) -> Option<Multiple> {
    Some(Multiple::parse(text).unwrap())
}

#[test]
fn a_list_is_neither_empty_nor_endless_and_must_end() {
    assert_eq!(refused(vec![]), "rungs: the list is empty; a ladder has at least one rung");
    assert!(refused(vec![whole(); RUNGS_MAX + 1]).starts_with("rungs: 33 rungs"));
    let right = "the last one must end: whole, take-over, fraction or per-block, without bounds";
    let least = Act::ToMaintenance { buffer_bps: 0 };
    let ramp = Act::Ramp { first_bps: 10_000, nanos: 0, buffer_bps: 0, at_once_below: None };
    for act in [Act::CancelOrders, Act::ToInitial, least, ramp, Act::TierDown { tiers: 1 }] {
        assert_eq!(refused(vec![rung(act)]), format!("rung 1: {right}"));
    }
    let once = Bounds { steps: Range { below: Some(1), ..Range::default() }, ..Bounds::default() };
    assert_eq!(refused(vec![with(once, Act::Whole)]), format!("rung 1: {right}"));
    for act in [Act::Whole, Act::TakeOver, Act::Fraction { bps: 1 }] {
        assert_eq!(Ladder::new(vec![rung(act)]).unwrap().rungs(), [rung(act)]);
    }
}

#[test]
fn a_parameter_outside_its_range_is_named_with_its_value() {
    let cases = [
        (Act::Fraction { bps: 0 }, "bps 0: must be 1 to 10000"),
        (Act::Fraction { bps: 10_001 }, "bps 10001: must be 1 to 10000"),
        (Act::TierDown { tiers: 0 }, "tiers 0: must be at least 1"),
        (Act::ToMaintenance { buffer_bps: 10_001 }, "buffer_bps 10001: must be 0 to 10000"),
        (
            Act::PerBlock { share_bps: 0, least_value: value("0") },
            "share_bps 0: must be 1 to 10000",
        ),
        (
            Act::PerBlock { share_bps: 10_001, least_value: value("1") },
            "share_bps 10001: must be 0 to 10000",
        ),
        (
            Act::Ramp { first_bps: 10_001, nanos: 1, buffer_bps: 0, at_once_below: None },
            "first_bps 10001: must be 0 to 10000",
        ),
        (
            Act::Ramp { first_bps: 9_999, nanos: 0, buffer_bps: 0, at_once_below: None },
            "nanos 0: must be at least 1 where first_bps is below 10000",
        ),
    ];
    for (act, told) in cases {
        assert_eq!(refused(vec![rung(act), whole()]), format!("rung 1: {told}"));
    }
    let steep = Some(PriceBound::Mark { slippage_bps: 10_000 });
    assert_eq!(
        refused(vec![Rung::new(Act::Whole, steep)]),
        "rung 1: slippage_bps 10000: must be below 10000: no price is left"
    );
    assert_eq!(
        refused(vec![Rung::new(Act::Whole, None)]),
        "rung 1: sells without a worst price; state `at`"
    );
    assert_eq!(refused(vec![Rung::new(Act::TakeOver, MARK)]), "rung 1: does not sell; remove `at`");
}

#[test]
fn bounds_without_anything_between_them_are_refused() {
    let equity = |equity| {
        refused(vec![with(Bounds { equity, ..Bounds::default() }, Act::ToInitial), whole()])
    };
    let none = Range::default();
    let double = Range { above: multiple("1"), at_least: multiple("1"), ..none };
    assert!(equity(double).contains("equity has above and at_least"));
    let double = Range { below: multiple("1"), at_most: multiple("1"), ..none };
    assert!(equity(double).contains("equity has below and at_most"));
    let crossed = Range { at_least: multiple("1.1"), at_most: multiple("1"), ..none };
    assert!(equity(crossed).contains("nothing has equity at least 11/10 and at most 1;"));
    for (above, at_least, below, at_most) in [
        (multiple("2/3"), None, multiple("4/6"), None),
        (multiple("2/3"), None, None, multiple("4/6")),
        (None, multiple("2/3"), multiple("4/6"), None),
    ] {
        assert!(equity(Range { above, at_least, below, at_most }).contains("nothing has equity"));
    }
    let point = Range { at_least: multiple("2/3"), at_most: multiple("4/6"), ..none };
    let point = with(Bounds { equity: point, ..Bounds::default() }, Act::ToInitial);
    assert!(Ladder::new(vec![point, whole()]).is_ok());
    let steps = Range { below: Some(0), ..Range::default() };
    let never = with(Bounds { steps, ..Bounds::default() }, Act::ToInitial);
    assert!(refused(vec![never, whole()]).contains("nothing has steps below 0"));
    let notional = Range { below: Some(value("0.0")), ..Range::default() };
    let never = with(Bounds { notional, ..Bounds::default() }, Act::ToInitial);
    assert!(refused(vec![never, whole()]).contains("nothing has notional below 0"));
}

#[test]
fn a_rung_below_one_that_always_acts_is_never_reached() {
    let told = refused(vec![whole(), rung(Act::TakeOver)]);
    assert_eq!(told, "rung 2: is never reached: rung 1 acts wherever it could");
    let below = |text| Bounds {
        equity: Range { below: multiple(text), ..Range::default() },
        ..Bounds::default()
    };
    // Everything below a half is below two thirds, and not the other way about.
    let inside = vec![with(below("2/3"), Act::TakeOver), with(below("1/2"), Act::Whole), whole()];
    assert!(refused(inside).starts_with("rung 2: is never reached: rung 1"));
    let outside = vec![with(below("1/2"), Act::TakeOver), with(below("2/3"), Act::Whole), whole()];
    assert!(Ladder::new(outside).is_ok());
    let same = vec![with(below("1/2"), Act::TakeOver), with(below("0.5"), Act::Whole), whole()];
    assert!(refused(same).starts_with("rung 2: is never reached: rung 1"));
    let above = |text| Bounds {
        equity: Range { above: multiple(text), ..Range::default() },
        ..Bounds::default()
    };
    let same = vec![with(above("1/2"), Act::TakeOver), with(above("0.5"), Act::Whole), whole()];
    assert!(refused(same).starts_with("rung 2: is never reached: rung 1"));
    // Equality makes the difference.
    let at_most = Bounds {
        equity: Range { at_most: multiple("2/3"), ..Range::default() },
        ..Bounds::default()
    };
    let equal = vec![with(below("2/3"), Act::TakeOver), with(at_most, Act::Whole), whole()];
    assert!(Ladder::new(equal).is_ok());
    let equal = vec![with(at_most, Act::TakeOver), with(below("2/3"), Act::Whole), whole()];
    assert!(refused(equal).starts_with("rung 2: is never reached"));
    // One that is passed over while it waits leaves something to those below it; one that holds
    // them up does not.
    let passed = Rung { wait_nanos: 1, meanwhile: Meanwhile::NextRung, ..whole() };
    assert!(Ladder::new(vec![passed, whole()]).is_ok());
    let held = Rung { meanwhile: Meanwhile::Hold, ..passed };
    assert!(refused(vec![held, whole()]).starts_with("rung 2: is never reached"));
    let cancel = rung(Act::CancelOrders);
    assert!(refused(vec![cancel, cancel, whole()]).starts_with("rung 2: is never reached"));
}

#[test]
fn a_multiple_is_exact_at_the_limit_and_one_unit_to_either_side() {
    let two_thirds = Multiple::parse("2/3").unwrap();
    for (equity, order) in
        [(1_999, Ordering::Less), (2_000, Ordering::Equal), (2_001, Ordering::Greater)]
    {
        assert_eq!(two_thirds.compare(equity, 3_000), order);
    }
    // No basis point says it: 1,999.8 and 2,000.1 are the neighbours.
    assert_eq!(two_thirds.compare(-1, 0), Ordering::Less);
    assert_eq!(two_thirds.compare(0, 0), Ordering::Equal);
    let most = Multiple::parse(&u128::MAX.to_string()).unwrap();
    assert_eq!(most.compare(i128::MAX, u128::MAX), Ordering::Less);
    assert_eq!(Multiple::parse("1.050").unwrap().to_string(), "21/20");
    for text in ["", "-1", "1/0", "1/-2", "x", "340282366920938463463374607431768211456"] {
        let told = Multiple::parse(text).unwrap_err();
        assert!(told.starts_with(&format!("'{text}': must be a decimal")), "{told}");
    }
    assert_eq!(Multiple::parse("-1/-2"), Multiple::parse("0.5"));
}

#[test]
fn a_value_is_the_same_in_every_numeraire() {
    let half = value("100000.50");
    assert_eq!(half.to_string(), "100000.5");
    for (amount, decimals, order) in [
        (100_000_500_000u128, 6, Ordering::Equal),
        (100_000_499_999, 6, Ordering::Less),
        (100_000, 0, Ordering::Less),
        (100_001, 0, Ordering::Greater),
    ] {
        assert_eq!(half.compare(amount, decimals), Ok(order));
    }
    assert_eq!((half.in_units(6), half.in_units(0)), (Ok(100_000_500_000), Ok(100_001)));
    assert!(half.compare(1, 200).is_err() && half.in_units(200).is_err());
    assert!(value("0.1") < value("0.11") && value("2") > value("1.999"));
    for text in ["", "-1", "0.0000000000000000001", "1/2", &format!("1{}", "0".repeat(39))] {
        assert!(Value::parse(text).unwrap_err().starts_with(&format!("'{text}': must be")));
    }
}
