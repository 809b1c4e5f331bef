//! Pools: the United Kingdom's matching and Canada's cost base.

use super::{
    Checked, date, expected, listed, money, money_or_zero, number, quantity, refused, text,
    text_or_nothing, units,
};
use crate::Mismatch;
use crate::compare::{Output, Outputs};
use crate::node::Node;
use breakwater_accounting::{Names, Value as Money};
use breakwater_tax::ca::superficial::{Sale, cost_base};
use breakwater_tax::trade::{Side, Trade};
use breakwater_tax::uk::matching::matches;
use breakwater_tax::uk::year;
use serde_json::Value;
use std::collections::BTreeMap;

fn trades(names: &mut Names, case: &Value) -> Result<Vec<Trade>, Mismatch> {
    let input = Node::root("input", case.get("input"));
    let mut list = Vec::new();
    for node in input.get("transactions").list()? {
        let (asset, side) = (node.get("asset"), node.get("side"));
        list.push(Trade {
            date: date(&node.get("date"))?,
            source: names.source(&node.path),
            asset: names.asset(if asset.is_absent() { "coin" } else { asset.text()? }),
            side: match side.text()? {
                "buy" => Side::Buy,
                "sell" => Side::Sell,
                _ => return Err(side.wrong("buy or sell")),
            },
            quantity: quantity(&node.get("qty"))?,
            amount: money(&node.get("amount"))?,
            fee: money_or_zero(&node.get("fee"))?,
            reason: None,
        });
    }
    Ok(list)
}

pub(super) fn check_uk(case: &Value) -> Checked {
    let mut names = Names::new();
    let trades = trades(&mut names, case)?;
    let got = matches(&names, &trades, false).map_err(refused)?;
    let (mut rows, mut years) = (Vec::new(), BTreeMap::<i32, Money>::new());
    for row in &got.rows {
        let gain = row.gain().map_err(refused)?;
        let sum = years.entry(year::of(row.disposed)).or_default();
        *sum = sum.plus(gain).map_err(refused)?;
        rows.push(Output::Record(vec![
            ("asset", text(names.asset_name(row.asset))),
            ("disposed", text(row.disposed.to_string())),
            ("rule", text(row.rule.word())),
            ("acquired", text_or_nothing(row.acquired.map(|date| date.to_string()))),
            ("qty", units(row.quantity)),
            ("proceeds", number(row.proceeds)),
            ("cost", number(row.cost)),
            ("gain", number(gain)),
        ]));
    }
    let mut pools: Vec<_> =
        got.pools.iter().map(|(asset, pool)| (names.asset_name(*asset), pool)).collect();
    pools.sort_by_key(|(name, _)| *name);
    let pool = |(name, pool): (&str, &breakwater_tax::uk::matching::Pool)| {
        let parts =
            vec![("asset", text(name)), ("qty", units(pool.quantity)), ("cost", number(pool.cost))];
        Output::Record(parts)
    };
    let of_year = |(begins, gain): (i32, Money)| {
        Output::Record(vec![("year", text(year::label(begins))), ("value", number(gain))])
    };
    let outputs: Outputs = vec![
        ("rows", Output::List(rows)),
        ("pool", Output::List(pools.into_iter().map(pool).collect())),
        ("by_tax_year", Output::List(years.into_iter().map(of_year).collect())),
    ];
    let mut want = expected(case)?;
    want.remove("published");
    for (member, name) in [("pool", "asset"), ("by_tax_year", "year")] {
        if let Some(value) = want.get(member) {
            let list = listed(Some(value), name);
            want.insert(member.to_owned(), list);
        }
    }
    Ok((Value::Object(want), outputs))
}

pub(super) fn check_ca(case: &Value) -> Checked {
    let mut names = Names::new();
    let trades = trades(&mut names, case)?;
    let got = cost_base(&names, &trades, false).map_err(refused)?;
    let sale = |sale: &Sale| {
        Output::Record(vec![
            ("date", text(sale.date.to_string())),
            ("qty", units(sale.quantity)),
            ("proceeds", number(sale.proceeds)),
            ("acb", number(sale.acb)),
            ("gain_before", number(sale.gain_before)),
            ("denied_loss", number(sale.denied_loss)),
            ("gain", number(sale.gain)),
        ])
    };
    let left = got.left.values().next().copied().unwrap_or_default();
    let outputs: Outputs = vec![
        ("rows", Output::List(got.sales.iter().map(sale).collect())),
        ("remaining_qty", units(left.0)),
        ("remaining_acb", number(left.1)),
    ];
    Ok((Value::Object(expected(case)?), outputs))
}
