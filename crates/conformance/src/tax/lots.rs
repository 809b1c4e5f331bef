//! Lots: purchases, disposals and transfers, lot by lot.

use super::{
    Checked, expected, instant, listed, money, number, price, quantity, refused, text,
    text_or_nothing, told, units,
};
use crate::Mismatch;
use crate::compare::{Output, Outputs};
use crate::node::Node;
use breakwater_accounting::derivatives::Matching;
use breakwater_accounting::entry::{Disposed, sort_of_files};
use breakwater_accounting::{
    Accounts, Acquire, Acquired, Date, Dispose, Entry, Kind, Lots, Names, Order, Policy, Quantity,
    Row, RowEvent, Scope, Transfer, Value as Money, movements,
};
use breakwater_tax::us::wash::WashSales;
use breakwater_tax::us::yearly::{Sums, term_of, yearly};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(super) fn check(case: &Value) -> Checked {
    let input = Node::root("input", case.get("input"));
    let mut want = expected(case)?;
    let foreign = want.contains_key("yearly_rp2");
    let order = input.get("method");
    let order =
        Order::parse(order.text()?).ok_or_else(|| order.wrong("fifo, lifo, hifo or lofo"))?;
    let scope = input.get("scope");
    let scope = match scope.text()? {
        "wallet" => Scope::Wallet,
        "universal" => Scope::Universal,
        _ => return Err(scope.wrong("wallet or universal")),
    };
    let mut names = Names::new();
    let transactions = input.get("transactions").list()?;
    let mut entries = transactions
        .iter()
        .map(|node| entry(&mut names, node, foreign))
        .collect::<Result<Vec<_>, _>>()?;
    sort_of_files(&mut entries);
    let mut accounts = Accounts::new(Policy::new(order, scope), Matching::AverageEntry);
    for entry in &entries {
        accounts.apply(&names, entry).map_err(refused)?;
    }
    accounts.lots.close().map_err(refused)?;
    let lots = &accounts.lots;
    let mut outputs: Outputs = vec![("rows", rows(&names, lots.rows())?)];
    outputs.push(("remaining_lots", remaining(&names, lots)));
    outputs.push(("yearly", years(lots.rows())?));
    outputs.push(("yearly_rp2", years_by_event(lots.rows())?));
    if want.contains_key("with_wash_switch") {
        outputs.push(("wash_sale_adjustment", number(Money::ZERO)));
        outputs.push(("with_wash_switch", washed(&names, &entries, order, scope)?));
    }
    shape(&mut want, foreign);
    Ok((Value::Object(want), outputs))
}

/// The expected members in the form that is compared: years as lists, and without the term by the
/// other program's own rule.
fn shape(want: &mut Map<String, Value>, foreign: bool) {
    if let Some(Value::Object(years)) = want.get("yearly") {
        let buckets = |(year, buckets): (&String, &Value)| {
            (year.clone(), json!({"buckets": listed(Some(buckets), "bucket")}))
        };
        let years: Map<String, Value> = years.iter().map(buckets).collect();
        want.insert("yearly".to_owned(), listed(Some(&Value::Object(years)), "year"));
    }
    if !foreign {
        return;
    }
    if let Some(Value::Array(rows)) = want.get_mut("rows") {
        for row in rows.iter_mut().filter_map(Value::as_object_mut) {
            row.remove("term_365d");
        }
    }
    if let Some(Value::Object(years)) = want.get("yearly_rp2") {
        let years = years.iter().map(|(year, list)| (year.clone(), by_type(list))).collect();
        want.insert("yearly_rp2".to_owned(), listed(Some(&Value::Object(years)), "year"));
    }
}

/// Sums by type over both terms of the other program.
fn by_type(list: &Value) -> Value {
    use breakwater_money::{Rational, rational};
    let mut sums: BTreeMap<&str, BTreeMap<&str, Rational>> = BTreeMap::new();
    for row in list.as_array().into_iter().flatten() {
        let sum = sums.entry(row.get("type").and_then(Value::as_str).unwrap_or("?")).or_default();
        for name in ["qty", "proceeds", "basis", "gain"] {
            let value = row.get(name).and_then(Value::as_str).and_then(|t| rational::parse(t).ok());
            *sum.entry(name).or_default() += value.unwrap_or_default();
        }
    }
    let row = |(kind, sum): (&str, BTreeMap<&str, Rational>)| {
        let mut row = Map::from_iter([("type".to_owned(), Value::String(kind.to_owned()))]);
        row.extend(
            sum.into_iter().map(|(name, v)| (name.to_owned(), Value::String(v.to_string()))),
        );
        Value::Object(row)
    };
    json!({"types": sums.into_iter().map(row).collect::<Vec<_>>()})
}

/// The other program orders by the stated price of a unit, these families by its basis.
pub(super) fn entry(names: &mut Names, node: &Node<'_>, by_price: bool) -> Result<Entry, Mismatch> {
    let asset = node.get("asset");
    let asset = names.asset(if asset.is_absent() { "coin" } else { asset.text()? });
    let mut lots = Vec::new();
    if !node.get("lots").is_absent() {
        for lot in node.get("lots").list()? {
            lots.push(names.source(lot.text()?));
        }
    }
    let (kind, word) = (node.get("kind"), node.get("type"));
    let (kind, wallet) = match kind.text()? {
        "in" => (acquire(asset, node, &word, by_price)?, node.get("wallet")),
        "out" => {
            let how = match word.text()? {
                "sell" => Disposed::Sold,
                "gift" => Disposed::Gift,
                "donate" => Disposed::Donation,
                _ => return Err(word.wrong("sell, gift or donate")),
            };
            let dispose = Dispose {
                asset,
                quantity: quantity(&node.get("qty"))?,
                fee_in_kind: quantity(&node.get("crypto_fee"))?,
                proceeds: money(&node.get("fiat_out_no_fee"))?,
                fee: Money::ZERO,
                market: None,
                how,
                lots,
            };
            (Kind::Dispose(dispose), node.get("wallet"))
        }
        "transfer" => {
            let transfer = Transfer {
                asset,
                to: names.wallet(node.get("to_wallet").text()?),
                sent: quantity(&node.get("qty_sent"))?,
                received: quantity(&node.get("qty_received"))?,
                price: price(&node.get("spot_price"))?,
                lots,
            };
            (Kind::Transfer(transfer), node.get("from_wallet"))
        }
        _ => return Err(kind.wrong("in, out or transfer")),
    };
    Ok(Entry {
        at: instant(&node.get("ts"))?,
        wallet: names.wallet(wallet.text()?),
        source: names.source(node.get("id").text()?),
        kind,
    })
}

fn acquire(
    asset: breakwater_accounting::AssetId,
    node: &Node<'_>,
    word: &Node<'_>,
    by_price: bool,
) -> Result<Kind, Mismatch> {
    let how = match word.text()? {
        "buy" => Acquired::Bought,
        "interest" => Acquired::Interest,
        "mining" => Acquired::Mined,
        _ => return Err(word.wrong("buy, interest or mining")),
    };
    let cost = money(&node.get("fiat_in_no_fee"))?;
    let fee = money(&node.get("fiat_in_with_fee"))?.minus(cost).map_err(refused)?;
    Ok(Kind::Acquire(Acquire {
        asset,
        quantity: quantity(&node.get("qty"))?,
        cost,
        fee,
        how,
        acquired: None,
        price: if by_price { Some(price(&node.get("spot_price"))?) } else { None },
    }))
}

fn event(row: &Row) -> &'static str {
    match row.event {
        RowEvent::Income(Acquired::Interest) => "interest",
        RowEvent::Income(Acquired::Mined) => "mining",
        RowEvent::Income(_) => "income",
        RowEvent::Out(how) => how.word(),
    }
}

/// Realised rows.
pub(super) fn rows(names: &Names, rows: &[Row]) -> Result<Output, Mismatch> {
    let mut list = Vec::with_capacity(rows.len());
    for row in rows {
        let seized = row.event
            == RowEvent::Out(breakwater_accounting::OutReason::Disposed(Disposed::Seizure));
        let gain = row.gain().map_err(refused)?;
        list.push(Output::Record(vec![
            ("event", text(names.source_name(row.source))),
            ("event_type", text(if seized { "sell" } else { event(row) })),
            ("disposed", text(told(row.at))),
            ("lot", text_or_nothing(row.lot.map(|lot| names.source_name(lot).to_owned()))),
            ("acquired", text_or_nothing(row.acquired.map(told))),
            ("qty", units(row.quantity)),
            ("proceeds", number(row.proceeds)),
            ("basis", number(row.basis)),
            ("gain", number(gain)),
            ("term_us", text(term_of(row).word())),
        ]));
    }
    Ok(Output::List(list))
}

fn remaining(names: &Names, lots: &Lots) -> Output {
    let lot = |(_, lot): (usize, &breakwater_accounting::Lot)| {
        Output::Record(vec![
            ("lot", text(names.source_name(lot.source))),
            ("wallet", text(names.wallet_name(lot.wallet))),
            ("qty", units(lot.quantity)),
            ("basis", number(lot.basis)),
            ("acquired", text(told(lot.acquired))),
        ])
    };
    Output::List(lots.open().map(lot).collect())
}

fn sums(sums: &Sums) -> Outputs {
    vec![
        ("qty", units(sums.quantity)),
        ("proceeds", number(sums.proceeds)),
        ("basis", number(sums.basis)),
        ("gain", number(sums.gain)),
    ]
}

fn years(rows: &[Row]) -> Result<Output, Mismatch> {
    let year = |(year, buckets): (i32, BTreeMap<_, Sums>)| {
        let mut buckets: Vec<(&str, Sums)> = buckets
            .into_iter()
            .map(|(bucket, sums): (breakwater_tax::us::yearly::Bucket, Sums)| (bucket.word(), sums))
            .collect();
        buckets.sort_by_key(|(word, _)| *word);
        let bucket = |(word, all): (&str, Sums)| {
            let mut record = sums(&all);
            record.push(("bucket", text(word)));
            Output::Record(record)
        };
        Output::Record(vec![
            ("buckets", Output::List(buckets.into_iter().map(bucket).collect())),
            ("year", text(year.to_string())),
        ])
    };
    Ok(Output::List(yearly(rows).map_err(refused)?.into_iter().map(year).collect()))
}

/// Sums by year and kind of event, as the other program has them.
fn years_by_event(rows: &[Row]) -> Result<Output, Mismatch> {
    let mut years: BTreeMap<i32, BTreeMap<&str, Sums>> = BTreeMap::new();
    for row in rows {
        let year = years.entry(Date::of(row.at).year()).or_default();
        let all = year.entry(event(row)).or_default();
        let add = |sums: &mut Sums| -> breakwater_accounting::Result<()> {
            sums.quantity = Quantity::plus(sums.quantity, row.quantity)?;
            sums.proceeds = sums.proceeds.plus(row.proceeds)?;
            sums.basis = sums.basis.plus(row.basis)?;
            sums.gain = sums.gain.plus(row.gain()?)?;
            Ok(())
        };
        add(all).map_err(refused)?;
    }
    let year = |(year, types): (i32, BTreeMap<&str, Sums>)| {
        let one = |(word, all): (&str, Sums)| {
            let mut record = sums(&all);
            record.push(("type", text(word)));
            Output::Record(record)
        };
        Output::Record(vec![
            ("types", Output::List(types.into_iter().map(one).collect())),
            ("year", text(year.to_string())),
        ])
    };
    Ok(Output::List(years.into_iter().map(year).collect()))
}

fn washed(
    names: &Names,
    entries: &[Entry],
    order: Order,
    scope: Scope,
) -> Result<Output, Mismatch> {
    let (list, _, _) = movements(names, entries, Matching::AverageEntry).map_err(refused)?;
    let mut lots = Lots::new(Policy::new(order, scope));
    let mut wash = WashSales::new();
    for movement in &list {
        wash.apply(&mut lots, names, movement).map_err(refused)?;
    }
    lots.close().map_err(refused)?;
    let mut loss = Money::ZERO;
    for one in wash.list() {
        loss = loss.plus(one.loss).map_err(refused)?;
    }
    // The file states one replacement: the last one found.
    let last = wash.list().last();
    Ok(Output::Record(vec![
        ("disallowed_loss", number(loss)),
        ("replacement_basis", last.map_or(Output::Nothing, |one| number(one.basis))),
        (
            "replacement_acquired_for_term",
            text_or_nothing(last.map(|one| one.acquired.to_string())),
        ),
    ]))
}
