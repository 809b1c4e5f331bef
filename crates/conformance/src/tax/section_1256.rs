//! Contracts marked at the end of the year.

use super::{Checked, exact, expected, instant, listed, price, quantity, refused, text};
use crate::Mismatch;
use crate::compare::{Output, Outputs};
use crate::node::Node;
use breakwater_accounting::{Date, Form, Price};
use breakwater_money::Rational;
use breakwater_tax::us::form_6781::{Event, Year, marked};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) fn check(case: &Value) -> Checked {
    let input = Node::root("input", case.get("input"));
    let contract = input.get("contract");
    let mut events = Vec::new();
    for fill in contract.get("fills").list()? {
        let event = Event::Fill {
            quantity: quantity(&fill.get("qty"))?,
            price: price(&fill.get("price"))?,
            fee: quantity(&fill.get("fee"))?,
        };
        events.push((Date::of(instant(&fill.get("ts"))?), event));
    }
    let mut marks: BTreeMap<i32, Price> = BTreeMap::new();
    for (year, mark) in input.get("year_end_marks").fields()? {
        let year: i32 = year.parse().map_err(|_| mark.wrong("a member named after a year"))?;
        marks.insert(year, price(&mark)?);
    }
    let size = quantity(&contract.get("multiplier"))?;
    let got = marked("the contract", Form::Linear, size, &events, &marks).map_err(refused)?;
    let year = |(year, it): (i32, Year)| {
        Output::Record(vec![
            ("year", text(year.to_string())),
            ("total", exact(it.total)),
            ("long_60", exact(it.long_60)),
            ("short_40", exact(it.short_40)),
        ])
    };
    let lot = |(quantity, mark): (Rational, Rational)| {
        Output::Record(vec![("qty", exact(quantity)), ("marked_price", exact(mark))])
    };
    let outputs: Outputs = vec![
        ("form_6781", Output::List(got.years.into_iter().map(year).collect())),
        ("open_basis", Output::List(got.open.into_iter().map(lot).collect())),
        // 26 USC 1256(f)(5).
        ("wash_sale_applies", Output::Flag(false)),
    ];
    let mut want = expected(case)?;
    let years = listed(want.get("form_6781"), "year");
    if want.insert("form_6781".to_owned(), years).is_none() {
        return Err(Mismatch::new("expect.form_6781", "an object of years", "none"));
    }
    Ok((Value::Object(want), outputs))
}
