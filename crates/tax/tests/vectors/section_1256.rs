//! Contracts marked at the year's end.

use super::*;
use breakwater_accounting::{Form, Price};
use breakwater_tax::us::form_6781::{Event, marked};
use std::collections::BTreeMap;

#[test]
fn contracts_are_marked_at_the_end_of_the_year() {
    for case in cases("tax/us-1256.json") {
        let id = text(&case, "id");
        let contract = &case["input"]["contract"];
        let price = |text: &str| Price::parse(text).unwrap();
        let fills = contract["fills"].as_array().unwrap().iter().map(|json| {
            let at = Date::of(instant(text(json, "ts")));
            let (quantity, fee) = (quantity(json, "qty"), quantity(json, "fee"));
            (at, Event::Fill { quantity, price: price(text(json, "price")), fee })
        });
        let fills: Vec<_> = fills.collect();
        let marks: BTreeMap<i32, Price> = case["input"]["year_end_marks"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(year, mark)| (year.parse().unwrap(), price(mark.as_str().unwrap())))
            .collect();
        let size = quantity(contract, "multiplier");
        let got = marked(id, Form::Linear, size, &fills, &marks).unwrap();
        let wanted = case["expect"]["form_6781"].as_object().unwrap();
        assert_eq!(got.years.len(), wanted.len(), "{id}");
        for (year, got) in got.years {
            let want = &wanted[&year.to_string()];
            close(id, "total", &want["total"], got.total);
            close(id, "60", &want["long_60"], got.long_60);
            close(id, "40", &want["short_40"], got.short_40);
        }
        let wanted = case["expect"]["open_basis"].as_array().unwrap();
        assert_eq!(got.open.len(), wanted.len(), "{id}");
        for ((quantity, mark), want) in got.open.into_iter().zip(wanted) {
            close(id, "qty", &want["qty"], quantity);
            close(id, "mark", &want["marked_price"], mark);
        }
    }
}
