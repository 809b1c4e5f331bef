//! Pools of the United Kingdom and of Canada.

use super::*;
use breakwater_accounting::{Names, SourceId};
use breakwater_tax::ca::superficial::cost_base;
use breakwater_tax::trade::{Side, Trade};
use breakwater_tax::uk;

fn trades(names: &mut Names, input: &Json) -> Vec<Trade> {
    let list = input["transactions"].as_array().unwrap();
    let trade = |json: &Json| Trade {
        date: date(json, "date"),
        source: SourceId(0),
        asset: names.asset(json.get("asset").and_then(Json::as_str).unwrap_or("coin")),
        side: if text(json, "side") == "buy" { Side::Buy } else { Side::Sell },
        quantity: quantity(json, "qty"),
        amount: value(json, "amount"),
        fee: value(json, "fee"),
        reason: None,
    };
    list.iter().map(trade).collect()
}

#[test]
fn disposals_of_the_united_kingdom_match_day_month_and_pool() {
    for case in cases("tax/uk-s104.json") {
        let id = text(&case, "id");
        let expect = &case["expect"];
        let mut names = Names::new();
        let trades = trades(&mut names, &case["input"]);
        let got = uk::matching::matches(&names, &trades, false).unwrap();
        let wanted = expect["rows"].as_array().unwrap();
        assert_eq!(got.rows.len(), wanted.len(), "{id}");
        let mut years = std::collections::BTreeMap::new();
        for (row, want) in got.rows.iter().zip(wanted) {
            assert_eq!(names.asset_name(row.asset), text(want, "asset"), "{id}");
            assert_eq!(row.disposed, date(want, "disposed"), "{id}");
            assert_eq!(row.rule.word(), text(want, "rule"), "{id}");
            let acquired = row.acquired.map(|date| date.to_string());
            assert_eq!(acquired.as_deref(), want["acquired"].as_str(), "{id}");
            close(id, "qty", &want["qty"], q(row.quantity));
            close(id, "proceeds", &want["proceeds"], v(row.proceeds));
            close(id, "cost", &want["cost"], v(row.cost));
            close(id, "gain", &want["gain"], v(row.gain().unwrap()));
            let sum =
                years.entry(uk::year::label(uk::year::of(row.disposed))).or_insert(Value::ZERO);
            *sum = sum.plus(row.gain().unwrap()).unwrap();
        }
        let pools = expect["pool"].as_object().unwrap();
        assert_eq!(got.pools.len(), pools.len(), "{id}");
        for (asset, pool) in &got.pools {
            let want = &pools[names.asset_name(*asset)];
            close(id, "pool", &want["qty"], q(pool.quantity));
            close(id, "pool cost", &want["cost"], v(pool.cost));
        }
        let wanted = expect["by_tax_year"].as_object().unwrap();
        assert_eq!(years.len(), wanted.len(), "{id}");
        for (year, gain) in years {
            close(id, "year", &wanted[&year], v(gain));
        }
    }
}

#[test]
fn canadian_losses_are_superficial_when_bought_back() {
    for case in cases("tax/ca-acb.json") {
        let id = text(&case, "id");
        let expect = &case["expect"];
        let mut names = Names::new();
        let trades = trades(&mut names, &case["input"]);
        let got = cost_base(&names, &trades, false).unwrap();
        let wanted = expect["rows"].as_array().unwrap();
        assert_eq!(got.sales.len(), wanted.len(), "{id}");
        for (row, want) in got.sales.iter().zip(wanted) {
            assert_eq!(row.date, date(want, "date"), "{id}");
            close(id, "qty", &want["qty"], q(row.quantity));
            close(id, "proceeds", &want["proceeds"], v(row.proceeds));
            close(id, "acb", &want["acb"], v(row.acb));
            close(id, "gain_before", &want["gain_before"], v(row.gain_before));
            close(id, "denied", &want["denied_loss"], v(row.denied_loss));
            close(id, "gain", &want["gain"], v(row.gain));
        }
        let left = got.left.values().next().unwrap();
        close(id, "remaining", &expect["remaining_qty"], q(left.0));
        close(id, "remaining acb", &expect["remaining_acb"], v(left.1));
    }
}
