//! US lots, the same from another program, and seized collateral; rows of Germany and Australia.

use super::*;
use breakwater_accounting::{
    Accounts, Acquire, Acquired, AssetId, Dispose, Disposed, Entry, Kind, Lots, Names, Order,
    Policy, Price, Row, RowEvent, Scope, Transfer, derivatives::Matching, entry::sort_of_files,
    movements,
};
use breakwater_tax::us::wash::WashSales;
use breakwater_tax::us::yearly::{bucket_of, term_of, yearly};
use breakwater_tax::{au, de};

/// The other program orders by the price of a unit as stated, this one by its basis.
fn entry(names: &mut Names, json: &Json, by_price: bool) -> Entry {
    let price = by_price.then(|| Price::parse(text(json, "spot_price")).unwrap());
    let asset = names.asset(json.get("asset").and_then(Json::as_str).unwrap_or("coin"));
    let lots = json.get("lots").and_then(Json::as_array).cloned().unwrap_or_default();
    let lots = lots.iter().map(|lot| names.source(lot.as_str().unwrap())).collect();
    let kind = match text(json, "kind") {
        "in" => Kind::Acquire(Acquire {
            asset,
            quantity: quantity(json, "qty"),
            cost: value(json, "fiat_in_no_fee"),
            fee: value(json, "fiat_in_with_fee").minus(value(json, "fiat_in_no_fee")).unwrap(),
            how: match text(json, "type") {
                "buy" => Acquired::Bought,
                "interest" => Acquired::Interest,
                "mining" => Acquired::Mined,
                other => panic!("{other}"),
            },
            acquired: None,
            price,
        }),
        "out" => Kind::Dispose(Dispose {
            asset,
            quantity: quantity(json, "qty"),
            fee_in_kind: quantity(json, "crypto_fee"),
            proceeds: value(json, "fiat_out_no_fee"),
            fee: Value::ZERO,
            market: None,
            how: match text(json, "type") {
                "sell" => Disposed::Sold,
                "gift" => Disposed::Gift,
                "donate" => Disposed::Donation,
                other => panic!("{other}"),
            },
            lots,
        }),
        "transfer" => Kind::Transfer(Transfer {
            asset,
            to: names.wallet(text(json, "to_wallet")),
            sent: quantity(json, "qty_sent"),
            received: quantity(json, "qty_received"),
            price: Price::parse(text(json, "spot_price")).unwrap(),
            lots,
        }),
        other => panic!("{other}"),
    };
    let wallet = json.get("wallet").or(json.get("from_wallet")).unwrap().as_str().unwrap();
    Entry {
        at: instant(text(json, "ts")),
        wallet: names.wallet(wallet),
        source: names.source(text(json, "id")),
        kind,
    }
}

fn event_word(row: &Row) -> &'static str {
    match row.event {
        RowEvent::Income(Acquired::Interest) => "interest",
        RowEvent::Income(Acquired::Mined) => "mining",
        RowEvent::Income(_) => "income",
        RowEvent::Out(how) => how.word(),
    }
}

fn check_rows(id: &str, names: &Names, rows: &[Row], expected: &Json) {
    let expected = expected.as_array().unwrap();
    assert_eq!(rows.len(), expected.len(), "{id}");
    for (at, (row, want)) in rows.iter().zip(expected).enumerate() {
        let id = format!("{id} row {at}");
        assert_eq!(names.source_name(row.source), text(want, "event"), "{id}");
        let lot = row.lot.map(|lot| names.source_name(lot));
        assert_eq!(lot, want["lot"].as_str(), "{id}");
        assert_eq!(row.at, instant(text(want, "disposed")), "{id}");
        assert_eq!(row.acquired, want["acquired"].as_str().map(instant), "{id}");
        assert_eq!(term_of(row).word(), text(want, "term_us"), "{id}");
        assert_eq!(q(row.quantity), rational::parse(text(want, "qty")).unwrap(), "{id}");
        close(&id, "proceeds", &want["proceeds"], v(row.proceeds));
        close(&id, "basis", &want["basis"], v(row.basis));
        close(&id, "gain", &want["gain"], v(row.gain().unwrap()));
    }
}

fn run(input: &Json, by_price: bool) -> (Names, Vec<Entry>, Lots) {
    let mut names = Names::new();
    let order = Order::parse(text(input, "method")).unwrap();
    let scope = match text(input, "scope") {
        "wallet" => Scope::Wallet,
        "universal" => Scope::Universal,
        other => panic!("{other}"),
    };
    let list = input["transactions"].as_array().unwrap();
    let mut entries: Vec<_> = list.iter().map(|json| entry(&mut names, json, by_price)).collect();
    sort_of_files(&mut entries);
    let mut accounts = Accounts::new(Policy::new(order, scope), Matching::AverageEntry);
    for entry in &entries {
        accounts.apply(&names, entry).unwrap();
        accounts.lots.close().unwrap();
    }
    (names, entries, accounts.lots)
}

#[test]
fn lots_of_the_united_states_are_chosen_row_by_row() {
    for file in ["tax/us-lots.json", "tax-rp2/us-lots-rp2.json"] {
        for case in cases(file) {
            let id = text(&case, "id");
            let (input, expect) = (&case["input"], &case["expect"]);
            let (names, entries, lots) = run(input, expect.get("yearly_rp2").is_some());
            check_rows(id, &names, lots.rows(), &expect["rows"]);
            for (row, want) in lots.rows().iter().zip(expect["rows"].as_array().unwrap()) {
                assert_eq!(event_word(row), text(want, "event_type"), "{id}");
            }
            if let Some(years) = expect.get("yearly").and_then(Json::as_object) {
                let got = yearly(lots.rows()).unwrap();
                assert_eq!(got.len(), years.len(), "{id}");
                for (year, buckets) in years {
                    let got = &got[&year.parse().unwrap()];
                    assert_eq!(got.len(), buckets.as_object().unwrap().len(), "{id}");
                    for (bucket, want) in buckets.as_object().unwrap() {
                        let found = got.iter().find(|(have, _)| have.word() == bucket).unwrap().1;
                        close(id, "qty", &want["qty"], q(found.quantity));
                        close(id, "proceeds", &want["proceeds"], v(found.proceeds));
                        close(id, "basis", &want["basis"], v(found.basis));
                        close(id, "gain", &want["gain"], v(found.gain));
                    }
                }
            }
            if let Some(want) = expect.get("remaining_lots").and_then(Json::as_array) {
                let open: Vec<_> = lots.open().collect();
                assert_eq!(open.len(), want.len(), "{id}");
                for ((_, lot), want) in open.iter().zip(want) {
                    assert_eq!(names.source_name(lot.source), text(want, "lot"), "{id}");
                    assert_eq!(names.wallet_name(lot.wallet), text(want, "wallet"), "{id}");
                    assert_eq!(lot.acquired, instant(text(want, "acquired")), "{id}");
                    close(id, "qty", &want["qty"], q(lot.quantity));
                    close(id, "basis", &want["basis"], v(lot.basis));
                }
            }
            if let Some(want) = expect.get("with_wash_switch") {
                check_wash(id, &names, &entries, want);
            }
            for row in lots.rows() {
                let _ = bucket_of(row);
            }
        }
    }
}

fn check_wash(id: &str, names: &Names, entries: &[Entry], want: &Json) {
    let (list, _, _) = movements(names, entries, Matching::AverageEntry).unwrap();
    let mut lots = Lots::new(Policy::new(Order::Fifo, Scope::Wallet));
    let mut wash = WashSales::new();
    for movement in &list {
        wash.apply(&mut lots, names, movement).unwrap();
        lots.close().unwrap();
    }
    let [found] = wash.list() else { panic!("{id}: {:?}", wash.list()) };
    close(id, "disallowed", &want["disallowed_loss"], v(found.loss));
    close(id, "basis", &want["replacement_basis"], v(found.basis));
    assert_eq!(found.acquired, date(want, "replacement_acquired_for_term"), "{id}");
}

#[test]
fn seized_collateral_realises_the_debt_discharged() {
    for case in cases("tax/collateral-seizure.json") {
        let id = text(&case, "id");
        let (input, expect) = (&case["input"], &case["expect"]);
        let mut names = Names::new();
        let list = input["collateral"].as_array().unwrap();
        let mut entries: Vec<_> = list.iter().map(|json| entry(&mut names, json, false)).collect();
        let event = &input["liquidation"];
        let seized = quantity(event, "collateral_qty_seized");
        let market = seized.at(Price::parse(text(event, "oracle_price")).unwrap()).unwrap();
        entries.push(Entry {
            at: instant(text(event, "ts")),
            wallet: entries[0].wallet,
            source: names.source("liq"),
            kind: Kind::Dispose(Dispose {
                asset: AssetId(0),
                quantity: seized,
                fee_in_kind: Quantity::ZERO,
                proceeds: value(event, "debt_repaid"),
                fee: Value::ZERO,
                market: Some(market),
                how: Disposed::Seizure,
                lots: Vec::new(),
            }),
        });
        let mut accounts =
            Accounts::new(Policy::new(Order::Fifo, Scope::Wallet), Matching::AverageEntry);
        for entry in &entries {
            accounts.apply(&names, entry).unwrap();
        }
        accounts.lots.close().unwrap();
        let rows = accounts.lots.rows();
        check_rows(id, &names, rows, &expect["rows"]);
        let sum = |pick: fn(&Row) -> Value| {
            rows.iter().fold(Value::ZERO, |sum, row| sum.plus(pick(row)).unwrap())
        };
        let (realised, fair) = (sum(|row| row.proceeds), sum(|row| row.market.unwrap()));
        let bonus = fair.minus(realised).unwrap();
        close(id, "realised", &expect["amount_realised"], v(realised));
        close(id, "fair", &expect["fair_value_seized"], v(fair));
        close(id, "bonus", &expect["liquidation_bonus_value"], v(bonus));
        close(id, "gross", &expect["equivalent"]["gross_proceeds"], v(fair));
        close(id, "expense", &expect["equivalent"]["selling_expense"], v(bonus));
        close(id, "gain", &expect["gain"], v(sum(|row| row.gain().unwrap())));
    }
}

/// Purchases and sales by date through FIFO lots.
fn dated(input: &Json) -> (Names, Vec<Row>) {
    let mut names = Names::new();
    let (asset, wallet) = (names.asset("coin"), names.wallet("all"));
    assert_eq!(text(input, "method"), "fifo");
    let mut lots = Lots::new(Policy::new(Order::Fifo, Scope::Universal));
    let mut books = breakwater_accounting::Books::new();
    for (at, json) in input["transactions"].as_array().unwrap().iter().enumerate() {
        let source = names.source(&at.to_string());
        let (quantity, amount) = (quantity(json, "qty"), value(json, "amount"));
        let kind = match text(json, "side") {
            "buy" => Kind::Acquire(Acquire {
                asset,
                quantity,
                cost: amount,
                fee: Value::ZERO,
                how: Acquired::Bought,
                acquired: None,
                price: None,
            }),
            _ => Kind::Dispose(Dispose {
                asset,
                quantity,
                fee_in_kind: Quantity::ZERO,
                proceeds: amount,
                fee: Value::ZERO,
                market: None,
                how: Disposed::Sold,
                lots: Vec::new(),
            }),
        };
        let entry = Entry { at: date(json, "date").start(), wallet, source, kind };
        books.apply(&names, &entry, &mut |movement| lots.apply(&names, &movement)).unwrap();
    }
    lots.close().unwrap();
    (names, lots.rows().to_vec())
}

fn check_dated(
    id: &str,
    rows: &[Row],
    expected: &Json,
    flag: impl Fn(&Row) -> (&'static str, bool),
) {
    let expected = expected.as_array().unwrap();
    assert_eq!(rows.len(), expected.len(), "{id}");
    for (row, want) in rows.iter().zip(expected) {
        assert_eq!(Date::of(row.acquired.unwrap()), date(want, "acquired"), "{id}");
        assert_eq!(Date::of(row.at), date(want, "disposed"), "{id}");
        close(id, "qty", &want["qty"], q(row.quantity));
        close(id, "proceeds", &want["proceeds"], v(row.proceeds));
        close(id, "cost", &want["cost"], v(row.basis));
        close(id, "gain", &want["gain"], v(row.gain().unwrap()));
        let (name, got) = flag(row);
        assert_eq!(got, want[name].as_bool().unwrap(), "{id} {name}");
    }
}

#[test]
fn german_private_sales_are_taxable_for_a_year() {
    for case in cases("tax/de-23.json") {
        let id = text(&case, "id");
        let (_, rows) = dated(&case["input"]);
        let expect = &case["expect"];
        check_dated(id, &rows, &expect["rows"], |row| {
            let acquired = Date::of(row.acquired.unwrap());
            ("taxable", de::private_sales::is_taxable(acquired, Date::of(row.at)))
        });
        let years = de::private_sales::years(rows.iter()).unwrap();
        let nets = expect["net_within_year"].as_object().unwrap();
        let after = expect["taxable_after_freigrenze"].as_object().unwrap();
        assert_eq!((years.len(), years.len()), (nets.len(), after.len()), "{id}");
        for (year, got) in years {
            close(id, "net", &nets[&year.to_string()], v(got.net));
            close(id, "after", &after[&year.to_string()], v(got.after_limit));
        }
    }
}

#[test]
fn australian_gains_are_discounted_after_twelve_months() {
    for case in cases("tax/au-cgt.json") {
        let id = text(&case, "id");
        let (_, rows) = dated(&case["input"]);
        let expect = &case["expect"];
        check_dated(id, &rows, &expect["rows"], |row| {
            ("discount", au::discount::is_discounted(row).unwrap())
        });
        let years = au::discount::years(rows.iter()).unwrap();
        let wanted = expect["by_income_year"].as_object().unwrap();
        assert_eq!(years.len(), wanted.len(), "{id}");
        for (year, got) in years {
            let want = &wanted[&year.to_string()];
            close(id, "net", &want["net_capital_gain"], v(got.net_capital_gain));
            close(id, "carried", &want["carried_loss"], v(got.unused_loss));
        }
    }
}
