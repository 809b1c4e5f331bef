//! Tables with exact rates.

use super::*;

fn tier(cap: Option<&str>, rate: &str) -> RateTier {
    RateTier { cap: cap.map(r), rate: r(rate) }
}

#[test]
fn deductions_follow_from_continuity_for_rates_that_are_no_decimals() {
    let tiers = vec![tier(Some("20000"), "1/20"), tier(Some("100000"), "1/10"), tier(None, "1/6")];
    let table = Maintenance::from_tiers(tiers).unwrap();
    let deductions: Vec<Rational> = table.deductions().cloned().collect();
    assert_eq!(deductions, [r("0"), r("1000"), r("23000/3")]);
    assert_eq!(table.of(&r("60000")), r("5000"));
    assert_eq!(table.of(&r("100000")), r("9000"));
    assert_eq!(table.of(&r("200000")), r("77000/3"));
    let at = |notional: &str| table.tier_of(&r(notional));
    assert_eq!((at("20000"), at("20000.001")), (Some(0), Some(1)));
    assert_eq!((at("100000"), at("100000.001"), at("9000000")), (Some(1), Some(2), Some(2)));
    assert_eq!(Maintenance::flat(r("0.1"), r("0")).tier_of(&r("1")), None);
    let more = table.plus_rate(&r("0.01"));
    assert_eq!(more.of(&r("60000")), r("5600"));
}

#[test]
fn a_list_that_is_no_table_is_named_with_its_row_and_value() {
    for (tiers, message) in [
        (vec![], "tiers is empty, expected at least one tier"),
        (vec![tier(Some("0"), "0.1")], "tiers[0].cap is 0, expected a cap above 0: caps rise"),
        (
            vec![tier(Some("5"), "0.1"), tier(Some("5"), "0.2")],
            "tiers[1].cap is 5, expected a cap above 5: caps rise strictly from 0",
        ),
        (
            vec![tier(None, "0.1"), tier(Some("5"), "0.2")],
            "tiers[0].cap is missing, expected a cap: only the last tier may be without one",
        ),
        (vec![tier(None, "-0.1")], "tiers[0].rate is -1/10, expected a rate from 0 to 1"),
        (vec![tier(None, "1.1")], "tiers[0].rate is 11/10, expected a rate from 0 to 1"),
        (
            vec![tier(Some("5"), "0.2"), tier(None, "0.1")],
            "tiers[1].rate is 1/10, expected a rate from 1/5 to 1: rates never fall",
        ),
    ] {
        let told = Maintenance::from_tiers(tiers).unwrap_err().to_string();
        assert!(told.starts_with(message), "'{message}' is not in: {told}");
    }
}

proptest! {
    #[test]
    fn exact_tiers_are_those_of_a_table(steps in prop::collection::vec((1u128..50_000, 1u64..100_000_000), 1..8)) {
        let (mut cap, mut rate) = (0, 0);
        let rows = steps.into_iter().map(|(width, rise)| {
            (cap, rate) = (cap + width, rate + rise);
            (cap, rate)
        });
        let rows: Vec<(u128, u64)> = rows.collect();
        let exact = rows.iter().map(|&(cap, rate)| RateTier {
            cap: Some(int(i128::try_from(cap).unwrap())),
            rate: rational::from_raw(rate.into(), 9),
        });
        let exact = Maintenance::from_tiers(exact.collect()).unwrap();
        prop_assert_eq!(exact, Maintenance::from_table(&table(&rows), 0));
    }
}
