//! Collateral seized on chain, with its two valuations.

use super::{Checked, expected, instant, lots, money, number, price, quantity, refused};
use crate::compare::{Output, Outputs};
use crate::node::Node;
use breakwater_accounting::derivatives::Matching;
use breakwater_accounting::entry::Disposed;
use breakwater_accounting::{
    Accounts, Dispose, Entry, Kind, Names, Order, Policy, Scope, Value as Money,
};
use serde_json::Value;

pub(super) fn check(case: &Value) -> Checked {
    let input = Node::root("input", case.get("input"));
    let order = input.get("method");
    let order =
        Order::parse(order.text()?).ok_or_else(|| order.wrong("fifo, lifo, hifo or lofo"))?;
    let mut names = Names::new();
    let mut entries = Vec::new();
    for node in input.get("collateral").list()? {
        entries.push(lots::entry(&mut names, &node, false)?);
    }
    let call = input.get("liquidation");
    let seized = quantity(&call.get("collateral_qty_seized"))?;
    let market = seized.at(price(&call.get("oracle_price"))?).map_err(refused)?;
    let wallet = entries.first().map_or_else(|| names.wallet("V"), |entry: &Entry| entry.wallet);
    entries.push(Entry {
        at: instant(&call.get("ts"))?,
        wallet,
        source: names.source("liq"),
        kind: Kind::Dispose(Dispose {
            asset: names.asset("coin"),
            quantity: seized,
            fee_in_kind: breakwater_accounting::Quantity::ZERO,
            proceeds: money(&call.get("debt_repaid"))?,
            fee: Money::ZERO,
            market: Some(market),
            how: Disposed::Seizure,
            lots: Vec::new(),
        }),
    });
    let mut accounts = Accounts::new(Policy::new(order, Scope::Wallet), Matching::AverageEntry);
    for entry in &entries {
        accounts.apply(&names, entry).map_err(refused)?;
    }
    accounts.lots.close().map_err(refused)?;
    let (mut realised, mut fair, mut gain) = (Money::ZERO, Money::ZERO, Money::ZERO);
    for row in accounts.lots.rows() {
        realised = realised.plus(row.proceeds).map_err(refused)?;
        fair = fair.plus(row.market.unwrap_or_default()).map_err(refused)?;
        gain = gain.plus(row.gain().map_err(refused)?).map_err(refused)?;
    }
    let bonus = fair.minus(realised).map_err(refused)?;
    let outputs: Outputs = vec![
        ("amount_realised", number(realised)),
        ("fair_value_seized", number(fair)),
        ("liquidation_bonus_value", number(bonus)),
        ("gain", number(gain)),
        ("rows", lots::rows(&names, accounts.lots.rows())?),
        (
            "equivalent",
            Output::Record(vec![
                ("gross_proceeds", number(fair)),
                ("selling_expense", number(bonus)),
            ]),
        ),
    ];
    Ok((Value::Object(expected(case)?), outputs))
}
