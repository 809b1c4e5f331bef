//! Dated lots: Germany's year and Australia's discount.

use super::{Checked, date, expected, listed, money, number, quantity, refused, text, units};
use crate::Mismatch;
use crate::compare::{Output, Outputs};
use crate::node::Node;
use breakwater_accounting::entry::Disposed;
use breakwater_accounting::{
    Acquire, Acquired, Books, Date, Dispose, Entry, Kind, Lots, Names, Order, Policy, Quantity,
    Row, Scope, Value as Money,
};
use breakwater_tax::{au, de};
use serde_json::Value;

/// Purchases and sales through lots, which are not told apart by wallet.
fn rows(case: &Value) -> Result<Vec<Row>, Mismatch> {
    let input = Node::root("input", case.get("input"));
    let order = input.get("method");
    let order =
        Order::parse(order.text()?).ok_or_else(|| order.wrong("fifo, lifo, hifo or lofo"))?;
    let mut names = Names::new();
    let (asset, wallet) = (names.asset("coin"), names.wallet("all"));
    let (mut lots, mut books) = (Lots::new(Policy::new(order, Scope::Universal)), Books::new());
    for node in input.get("transactions").list()? {
        let (quantity, amount) = (quantity(&node.get("qty"))?, money(&node.get("amount"))?);
        let side = node.get("side");
        let kind = match side.text()? {
            "buy" => Kind::Acquire(Acquire {
                asset,
                quantity,
                cost: amount,
                fee: Money::ZERO,
                how: Acquired::Bought,
                acquired: None,
                price: None,
            }),
            "sell" => Kind::Dispose(Dispose {
                asset,
                quantity,
                fee_in_kind: Quantity::ZERO,
                proceeds: amount,
                fee: Money::ZERO,
                market: None,
                how: Disposed::Sold,
                lots: Vec::new(),
            }),
            _ => return Err(side.wrong("buy or sell")),
        };
        let (at, source) = (date(&node.get("date"))?.start(), names.source(&node.path));
        let entry = Entry { at, wallet, source, kind };
        let each = &mut |movement| lots.apply(&names, &movement);
        books.apply(&names, &entry, each).map_err(refused)?;
    }
    lots.close().map_err(refused)?;
    Ok(lots.rows().to_vec())
}

fn outputs_of(
    rows: &[Row],
    flag: &'static str,
    is: impl Fn(&Row) -> Result<bool, Mismatch>,
) -> Result<Output, Mismatch> {
    let mut list = Vec::new();
    for row in rows {
        let acquired = row.acquired.map(|at| Date::of(at).to_string());
        list.push(Output::Record(vec![
            ("acquired", super::text_or_nothing(acquired)),
            ("disposed", text(Date::of(row.at).to_string())),
            ("qty", units(row.quantity)),
            ("proceeds", number(row.proceeds)),
            ("cost", number(row.basis)),
            ("gain", number(row.gain().map_err(refused)?)),
            (flag, Output::Flag(is(row)?)),
        ]));
    }
    Ok(Output::List(list))
}

pub(super) fn check_de(case: &Value) -> Checked {
    let rows = rows(case)?;
    let told = outputs_of(&rows, "taxable", |row| {
        let acquired = row.acquired.map(Date::of);
        let is = de::private_sales::is_taxable;
        Ok(acquired.is_some_and(|acquired| is(acquired, Date::of(row.at))))
    })?;
    let years = de::private_sales::years(rows.iter()).map_err(refused)?;
    let list = |pick: fn(&de::private_sales::Year) -> Money| {
        let year = |(year, it): (&i32, &de::private_sales::Year)| {
            Output::Record(vec![("year", text(year.to_string())), ("value", number(pick(it)))])
        };
        Output::List(years.iter().map(year).collect())
    };
    let outputs: Outputs = vec![
        ("rows", told),
        ("net_within_year", list(|year| year.net)),
        ("taxable_after_freigrenze", list(|year| year.after_limit)),
    ];
    with_years(case, &["net_within_year", "taxable_after_freigrenze"], outputs)
}

pub(super) fn check_au(case: &Value) -> Checked {
    let rows = rows(case)?;
    let told =
        outputs_of(&rows, "discount", |row| au::discount::is_discounted(row).map_err(refused))?;
    let years = au::discount::years(rows.iter()).map_err(refused)?;
    let year = |(year, it): (i32, au::discount::Year)| {
        Output::Record(vec![
            ("year", text(year.to_string())),
            ("net_capital_gain", number(it.net_capital_gain)),
            ("carried_loss", number(it.unused_loss)),
        ])
    };
    let outputs: Outputs = vec![
        ("rows", told),
        ("by_income_year", Output::List(years.into_iter().map(year).collect())),
    ];
    with_years(case, &["by_income_year"], outputs)
}

fn with_years(case: &Value, members: &[&str], outputs: Outputs) -> Checked {
    let mut want = expected(case)?;
    for member in members {
        if let Some(value) = want.get(*member) {
            let list = listed(Some(value), "year");
            want.insert((*member).to_owned(), list);
        }
    }
    Ok((Value::Object(want), outputs))
}
