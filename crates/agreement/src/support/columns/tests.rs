use super::*;
use crate::support::formula::{Call, Limit, PostedItem, Requirement, Step, TransferRule};
use breakwater_money::{Rational, rational};
use proptest::prelude::*;

/// The same row by the exact formula.
fn exact(row: &Row, items: &[Item]) -> (Rational, Rational) {
    let minor = |raw: i64| rational::from_raw(i128::from(raw), 2);
    let zero = || rational::from_raw(0, 0);
    let threshold = match row.threshold {
        INFINITE => Limit::Infinite,
        amount => Limit::Amount(minor(amount)),
    };
    let requirement = match row.form {
        Form::Annex1994 => Requirement::Annex {
            exposure: minor(row.exposure),
            independent_pledgor: minor(row.independent.max(0)),
            independent_secured: minor((-row.independent).max(0)),
            threshold,
        },
        Form::Variation2016 => Requirement::Variation { exposure: minor(row.exposure) },
        Form::Initial2018 => Requirement::Initial {
            margin_amount: minor(row.exposure),
            independent_amount: minor(row.independent),
            approach: row.approach,
            threshold,
        },
    };
    let item = |item: &Item| PostedItem {
        market_value: minor(item.market_value),
        haircut: rational::from_raw(i128::from(item.haircuts_ppm), 6),
        fx_haircut: zero(),
        additional_haircut: zero(),
    };
    let rule = |place: usize| TransferRule {
        minimum: minor(row.minimum[place]),
        step: Step { multiple: minor(row.multiple), rounding: row.rounding[place] },
    };
    let call = Call {
        requirement,
        posted: items.iter().map(item).collect(),
        pending_delivery: minor(row.pending_delivery),
        pending_return: minor(row.pending_return),
        disputed: minor(row.disputed),
        delivery: rule(0),
        returning: rule(1),
    };
    let figures = call.figures();
    (figures.delivery_amount, figures.return_amount)
}

fn rounding() -> impl Strategy<Value = Rounding> {
    prop_oneof![Just(Rounding::Floor), Just(Rounding::Ceil), Just(Rounding::HalfUp)]
}

fn row() -> impl Strategy<Value = Row> {
    let form =
        prop_oneof![Just(Form::Annex1994), Just(Form::Variation2016), Just(Form::Initial2018)];
    let approach =
        prop_oneof![Just(Approach::Distinct), Just(Approach::Allocated), Just(Approach::GreaterOf)];
    let size = prop_oneof![Just(1_000i64), Just(1_000_000_000), Just(AMOUNT_MAX / 4)];
    let share = prop::collection::vec(0i64..1000, 8);
    (form, approach, size, share, rounding(), rounding(), any::<bool>()).prop_map(
        |(form, approach, size, share, up, down, infinite)| {
            let of = |place: usize| size / 1000 * share[place];
            let signed = |place: usize| of(place) - size / 3;
            let initial = form == Form::Initial2018;
            Row {
                form,
                approach,
                exposure: signed(0),
                independent: if initial { of(1) } else { signed(1) / 4 },
                threshold: if infinite { INFINITE } else { of(2) / 8 },
                pending_delivery: of(3) / 4,
                pending_return: of(4) / 4,
                disputed: of(5) / 8,
                minimum: [of(6) / 8, of(7) / 8],
                multiple: 1 + share[7] * 7,
                rounding: [up, down],
            }
        },
    )
}

fn item() -> impl Strategy<Value = Item> {
    (0i64..=1_000_000_000, 0u32..=1_000_000)
        .prop_map(|(market_value, haircuts_ppm)| Item { market_value, haircuts_ppm })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn columns_say_what_the_exact_formula_says(
        row in row(), items in prop::collection::vec(item(), 0..5)
    ) {
        let mut book = Book::new();
        book.push(row, &items).unwrap();
        let mut due = Vec::new();
        book.evaluate(&mut due);
        let minor = |raw: i64| rational::from_raw(i128::from(raw), 2);
        let (delivery, returning) = exact(&row, &items);
        prop_assert_eq!(minor(due[0].delivery), delivery);
        prop_assert_eq!(minor(due[0].returning), returning);
    }
}

#[test]
fn numbers_beyond_the_bounds_are_refused_by_name() {
    let good = Row {
        form: Form::Variation2016,
        approach: Approach::Distinct,
        exposure: AMOUNT_MAX,
        independent: 0,
        threshold: 0,
        pending_delivery: 0,
        pending_return: 0,
        disputed: 0,
        minimum: [0, 0],
        multiple: AMOUNT_MAX,
        rounding: [Rounding::Ceil, Rounding::Floor],
    };
    let mut book = Book::new();
    let most = Item { market_value: AMOUNT_MAX, haircuts_ppm: 0 };
    book.push(Row { exposure: -AMOUNT_MAX, ..good }, &vec![most; ITEMS_MAX]).unwrap();
    let mut due = Vec::new();
    book.evaluate(&mut due);
    assert_eq!(due, [Due { delivery: 0, returning: 256 * AMOUNT_MAX }]);
    for (row, field) in [
        (Row { exposure: AMOUNT_MAX + 1, ..good }, "exposure"),
        (Row { multiple: 0, ..good }, "multiple"),
        (Row { disputed: -1, ..good }, "disputed"),
        (Row { minimum: [0, -1], ..good }, "minimum"),
    ] {
        let error = book.push(row, &[]).unwrap_err().to_string();
        assert!(error.starts_with(field), "{error}");
    }
    assert!(book.push(good, &vec![most; ITEMS_MAX + 1]).is_err());
    assert!(book.expose(&[0, 0]).is_err());
    assert!(book.expose(&[AMOUNT_MAX + 1]).is_err());
}
