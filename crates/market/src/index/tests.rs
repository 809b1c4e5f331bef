use super::*;
use proptest::prelude::*;

fn sources(rows: &[(u128, u64)]) -> Vec<Source> {
    rows.iter().map(|(price, weight)| Source { price: *price, weight: *weight }).collect()
}

fn quotient(numerator: u128, denominator: u128) -> Quotient {
    Quotient { numerator: U256::from(numerator), denominator: U256::from(denominator) }
}

/// Five per cent, one source left out at most.
const RULE: OutlierRule = OutlierRule { away_max_bps: 500, left_out_max: 1 };

#[test]
fn the_median_is_the_middle_or_the_mean_of_the_middle_two() {
    assert_eq!(median(&[7]), Ok(quotient(7, 1)));
    assert_eq!(median(&[9, 4]), Ok(quotient(13, 2)));
    assert_eq!(median(&[9, 4, 5]), Ok(quotient(5, 1)));
    assert_eq!(median(&[9, 4, 5, 8]), Ok(quotient(13, 2)));
    assert_eq!(median(&[9, 4]).unwrap().rounded(Rounding::Floor), Ok(6));
    assert_eq!(median(&[9, 4]).unwrap().rounded(Rounding::Ceil), Ok(7));
    let widest = median(&[u128::MAX, u128::MAX]).unwrap();
    assert_eq!(widest.rounded(Rounding::Floor), Ok(u128::MAX));
}

#[test]
fn half_of_the_weight_is_reached_at_equality_and_not_a_unit_before() {
    let at = |low: u64, high: u64| weighted_median(&sources(&[(20, high), (10, low)]));
    assert_eq!(at(5, 5), Ok(10));
    assert_eq!(at(4, 5), Ok(20));
    assert_eq!(at(5, 4), Ok(10));
    // Perpetual mids with weights 3, 2, 2, 1, 1: 9,960 and 9,990 weigh 4 of 9, which is no half.
    let mids = [(9_990, 3), (10_002, 2), (10_008, 2), (10_011, 1), (9_960, 1)];
    assert_eq!(weighted_median(&sources(&mids)), Ok(10_002));
    assert_eq!(weighted_median(&sources(&[(3, 0), (5, 1)])), Ok(5));
    let heavy = sources(&[(3, u64::MAX), (5, u64::MAX), (8, u64::MAX)]);
    assert_eq!(weighted_median(&heavy), Ok(5));
}

#[test]
fn a_source_exactly_as_far_as_allowed_counts_and_one_unit_further_does_not() {
    let index = |low: u128| RULE.index(&sources(&[(1_000, 1), (1_000, 1), (low, 1)])).unwrap();
    assert_eq!(index(950), quotient(2_950, 3));
    assert_eq!(index(949), quotient(2_000, 2));
    assert_eq!(index(1_050), quotient(3_050, 3));
    assert_eq!(index(1_051), quotient(2_000, 2));
}

#[test]
fn one_outlier_loses_its_weight_and_two_give_the_median() {
    let one = [(10_000, 2), (9_400, 5), (9_950, 3), (10_050, 1)];
    // The median is 9,975; 9,400 is 5.76 % below it.
    assert_eq!(RULE.index(&sources(&one)), Ok(quotient(10_000 * 2 + 9_950 * 3 + 10_050, 6)));
    let two = [(10_000, 2), (9_400, 2), (9_950, 2), (10_600, 2), (10_050, 2)];
    assert_eq!(RULE.index(&sources(&two)), Ok(quotient(10_000, 1)));
    let lenient = OutlierRule { left_out_max: 2, ..RULE };
    assert_eq!(lenient.index(&sources(&two)), Ok(quotient(60_000, 6)));
    // Two sources apart are both away from their middle.
    assert_eq!(RULE.index(&sources(&[(100, 9), (200, 1)])), Ok(quotient(300, 2)));
}

#[test]
fn bad_sources_are_named() {
    assert_eq!(median(&[]), Err(PartError::NoSource));
    assert_eq!(weighted_mean(&[]), Err(PartError::NoSource));
    assert_eq!(weighted_median(&[]), Err(PartError::NoSource));
    let zero = sources(&[(4, 1), (0, 1)]);
    for error in [
        median(&[4, 0]).unwrap_err(),
        weighted_mean(&zero).unwrap_err(),
        weighted_median(&zero).unwrap_err(),
        RULE.index(&zero).unwrap_err(),
    ] {
        assert_eq!(
            error.to_string(),
            "the price of source 2 is 0; a price is above 0, leave a dead source out"
        );
    }
    let weightless = sources(&[(4, 0), (5, 0)]);
    assert_eq!(weighted_mean(&weightless), Err(PartError::NoWeight));
    assert_eq!(weighted_median(&weightless), Err(PartError::NoWeight));
    // All weight lies on the one outlier.
    let rest = sources(&[(1_000, 0), (1_000, 0), (2_000, 1)]);
    assert_eq!(RULE.index(&rest), Err(PartError::NoWeight));
}

fn any_sources() -> impl Strategy<Value = Vec<Source>> {
    let near = (900u128..1_100, 0u64..5);
    let any = (1u128.., any::<u64>());
    prop::collection::vec(prop_oneof![near, any], 1..9)
        .prop_map(|rows| sources(&rows))
        .prop_filter("some weight", |rows| rows.iter().any(|row| row.weight > 0))
}

proptest! {
    /// The definition, by counting: half of the weight lies at or below, and not below the next.
    #[test]
    fn the_weighted_median_is_what_its_definition_says(rows in any_sources()) {
        let found = weighted_median(&rows).unwrap();
        let weight = |keep: &dyn Fn(u128) -> bool| -> u128 {
            rows.iter().filter(|row| keep(row.price)).map(|row| u128::from(row.weight)).sum()
        };
        let total = weight(&|_| true);
        prop_assert!(2 * weight(&|price| price <= found) >= total);
        prop_assert!(2 * weight(&|price| price < found) < total);
    }

    /// Integer division of each weight's share would lose this: the mean lies between the extremes.
    #[test]
    fn means_and_indices_lie_between_the_lowest_and_the_highest(rows in any_sources()) {
        let low = rows.iter().map(|row| row.price).min().unwrap();
        let high = rows.iter().map(|row| row.price).max().unwrap();
        let mean = weighted_mean(&rows).unwrap();
        for found in [Some(mean), RULE.index(&rows).ok()].into_iter().flatten() {
            let price = found.rounded(Rounding::Floor).unwrap();
            prop_assert!(low <= price && price <= high);
        }
    }

    #[test]
    fn the_order_of_the_sources_does_not_matter(rows in any_sources(), turn in 0usize..9) {
        let mut turned = rows.clone();
        turned.rotate_left(turn.min(rows.len()));
        prop_assert_eq!(RULE.index(&rows), RULE.index(&turned));
        prop_assert_eq!(weighted_median(&rows), weighted_median(&turned));
        prop_assert_eq!(weighted_mean(&rows), weighted_mean(&turned));
    }

    /// The naive way: move each distance to one side of the comparison with big fractions.
    #[test]
    fn outliers_are_those_of_exact_fractions(rows in any_sources()) {
        let ratio = |numerator: U256, denominator: U256| {
            let part = |value| breakwater_money::rational::big(value).into();
            breakwater_money::Rational::new(part(numerator), part(denominator))
        };
        let prices: Vec<u128> = rows.iter().map(|row| row.price).collect();
        let middle = median(&prices).unwrap();
        let middle = ratio(middle.numerator, middle.denominator);
        let kept: Vec<Source> = rows.iter().copied().filter(|row| {
            let price = ratio(U256::from(row.price), U256::ONE);
            let away = if price > middle { &price - &middle } else { &middle - &price };
            away * ratio(U256::from(20), U256::ONE) <= middle
        }).collect();
        let found = RULE.index(&rows);
        if kept.len() + 1 < rows.len() {
            let found = found.unwrap();
            prop_assert_eq!(ratio(found.numerator, found.denominator), middle);
        } else {
            prop_assert_eq!(found, mean_of(kept.iter()));
        }
    }
}
