//! Perpetual contracts: what each event realises by average entry.

use super::{Checked, exact, expected, text};
use crate::Mismatch;
use crate::compare::{Output, Outputs};
use crate::node::Node;
use breakwater_accounting::derivatives::{Form, Matching, Position, Terms};
use breakwater_money::{Rational, rational};
use serde_json::Value;

/// Average entries are printed to seventeen significant digits.
const SIGNIFICANT: u32 = 16;

pub(super) fn check(case: &Value) -> Checked {
    let input = Node::root("input", case.get("input"));
    let kind = input.get("kind");
    let form = match kind.text()? {
        "linear" => Form::Linear,
        "inverse" => Form::Inverse,
        _ => return Err(kind.wrong("linear or inverse")),
    };
    let size = input.get("contract_size");
    let terms = Terms::new(form, size.rational()?)
        .map_err(|error| Mismatch::new(size.path.as_str(), "a size above 0", error.to_string()))?;
    let mut position = Position::flat(terms, Matching::AverageEntry);
    let mut want = expected(case)?;
    let mut rows = Vec::new();
    for (at, event) in input.get("events").list()?.iter().enumerate() {
        let word = event.get("type").text()?;
        let wrong = |error: breakwater_accounting::derivatives::DerivativeError| {
            Mismatch::new(event.path.as_str(), "an event that a position takes", error.to_string())
        };
        let mut row: Outputs = vec![("id", text(event.get("id").text()?)), ("type", text(word))];
        match word {
            "funding" => {
                let (mark, rate) = (event.get("mark").rational()?, event.get("rate").rational()?);
                row.push(("funding", exact(position.fund(&mark, &rate).map_err(wrong)?.funding)));
            }
            "fill" | "liquidation" | "adl" => {
                let number = |name: &str| event.get(name).rational();
                let (qty, price, fee) = (number("qty")?, number("price")?, number("fee")?);
                let filled = position.fill(&qty, &price, &fee).map_err(wrong)?;
                row.push(("realised_price_pnl", exact(filled.price_pnl)));
                row.push(("fee", exact(filled.fee)));
            }
            _ => return Err(event.get("type").wrong("fill, funding, liquidation or adl")),
        }
        row.push(("position", exact(position.quantity().clone())));
        let average = position.average_entry();
        let printed =
            want.get("rows").and_then(|rows| rows.get(at)).and_then(|row| row.get("avg_entry"));
        let printed = printed.and_then(Value::as_str).and_then(|text| rational::parse(text).ok());
        row.push(("avg_entry", exact(as_printed(average, printed))));
        rows.push(Output::Record(row));
    }
    let totals = position.totals();
    let outputs: Outputs = vec![
        ("rows", Output::List(rows)),
        ("realised_price_pnl", exact(totals.price_pnl.clone())),
        ("fees", exact(totals.fees.clone())),
        ("funding", exact(totals.funding.clone())),
        ("net_realised", exact(totals.net_realised())),
    ];
    want.remove("note");
    Ok((Value::Object(want), outputs))
}

/// The expected average where the computed one is it to the digits that are printed, so that the
/// tolerance in coin does not ask a price for digits that the file has not.
fn as_printed(average: Rational, printed: Option<Rational>) -> Rational {
    let Some(printed) = printed else { return average };
    let zero = rational::from_raw(0, 0);
    let magnitude = |value: Rational| if value < zero { -value } else { value };
    let ten = Rational::from_integer(10.into());
    let scale = (0..SIGNIFICANT).fold(rational::from_raw(1, 0), |scale, _| scale * &ten);
    let off = magnitude(&average - &printed) * scale;
    if off <= magnitude(printed.clone()) { printed } else { average }
}
