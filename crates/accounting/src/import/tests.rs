use super::*;
use crate::accounts::Accounts;
use crate::derivatives::Matching;
use crate::lots::{Order, Policy, Scope};

/// A record of `column=cell` texts.
fn record(line: u64, cells: &str) -> Record {
    cells.split('|').fold(Record::new(line), |record, cell| {
        let (column, cell) = cell.split_once('=').unwrap();
        record.with(column, cell)
    })
}

fn import(rules: Rules, rows: &[&str]) -> Result<Imported, ImportError> {
    let mut importer = Importer::new(rules, Prices::new());
    for (at, row) in rows.iter().enumerate() {
        importer.take(&record(at as u64 + 2, row))?;
    }
    Ok(importer.finish())
}

fn told(rows: &[&str]) -> String {
    import(Rules::strict("USD"), rows).unwrap_err().to_string()
}

const BUY: &str =
    "time=2025-01-10T12:00:00Z|kind=buy|asset=ETH|quantity=10|value=30000|fee=30|id=b1";

#[test]
fn times_are_read_with_their_zones_or_as_none() {
    let utc = |text| match instant(text) {
        Some(Stated::Utc(at)) => Some(at.0),
        _ => None,
    };
    let noon = utc("2025-01-10T12:00:00Z").unwrap();
    for text in [
        "2025-01-10 12:00:00 UTC",
        "2025-01-10T14:00:00+02:00",
        "2025-01-10T06:30:00-0530",
        "1736510400",
        "1736510400000",
        "1736510400000000",
        "1736510400000000000",
    ] {
        assert_eq!(utc(text), Some(noon), "{text}");
    }
    assert_eq!(utc("2025-01-10T12:00:00.5Z"), Some(noon + 500_000_000));
    assert_eq!(instant("2025-01-10 12:00"), Some(Stated::Local(i128::from(noon))));
    for text in
        ["", "yesterday", "2025-13-10", "2025-01-10T25:00:00Z", "12", "2025-01-10T12:00:00+99:00"]
    {
        assert_eq!(instant(text), None, "{text}");
    }
}

#[test]
fn what_a_row_does_not_say_is_named_with_its_line() {
    assert_eq!(
        told(&["time=2025-01-10 12:00:00|kind=buy|asset=ETH|quantity=1|value=1"]),
        "line 2: time is `2025-01-10 12:00:00`: a time with its zone (Z, +02:00), or a choice of the zone \
         that is meant is right"
    );
    assert!(
        told(&["time=2025-01-10T12:00:00Z|kind=buy|asset=ETH|quantity=-1|value=1"])
            .contains("quantity is `-1`: a number above 0 is right")
    );
    assert!(
        told(&["time=2025-01-10T12:00:00Z|kind=buy|asset=ETH|quantity=1"])
            .contains("or a price of ETH on that date")
    );
    assert!(
        told(&["time=2025-01-10T12:00:00Z|kind=bought|asset=ETH|quantity=1"])
            .contains("kind is `bought`")
    );
    assert!(told(&[BUY, BUY]).contains("row is `a copy of line 2`"));
    assert!(
        told(&[BUY, &BUY.replace("30000", "30001")]).contains("an id of its own; line 2 has it")
    );
    assert!(
        told(&["time=2025-01-10T12:00:00Z|kind=seizure|asset=ETH|quantity=1|value=5"])
            .contains("market is ``")
    );
}

#[test]
fn an_assumption_that_was_chosen_is_reported() {
    let mut rules = Rules::strict("USD");
    rules.zone_minutes = Some(60);
    rules.duplicates = Duplicates::Skip;
    rules.assets = Some(["ETH".to_owned()].into());
    rules.skip_unknown_assets = true;
    let local = "time=2025-01-11 00:30:00|kind=sell|asset=ETH|quantity=1|value=3100|id=s1";
    let doge = "time=2025-01-11T00:30:00Z|kind=buy|asset=DOGE|quantity=1|value=3";
    let imported = import(rules, &[local, BUY, BUY, doge]).unwrap();
    assert_eq!(imported.entries.len(), 2);
    assert_eq!(imported.entries[1].at.0 % 86_400_000_000_000, 84_600_000_000_000);
    let notes = imported.notes.join("\n");
    for part in [
        "1 times had no zone and were taken as UTC+01:00",
        "1 rows stood twice",
        "`DOGE`",
        "sorted",
    ] {
        assert!(notes.contains(part), "{part} in {notes}");
    }
}

#[test]
fn rows_become_accounts_that_close() {
    let rows = [
        BUY,
        "time=2025-04-07T03:00:01Z|kind=forced-sale|asset=ETH|quantity=4|value=6000|fee=0.02|fee_asset=ETH|id=q1",
        "time=2025-04-07T03:00:02Z|kind=forced-sale|asset=ETH|quantity=3|value=4350|id=q2",
        "time=2025-05-01T00:00:00Z|kind=transfer|asset=ETH|to=cold|quantity=1|received=0.99|price=1500|id=m1",
        "time=2025-05-02T00:00:00Z|kind=borrow|asset=BTC|quantity=1|value=50000|id=l1",
        "time=2025-05-03T00:00:00Z|kind=repay|asset=BTC|quantity=1|value=40000|id=l2",
    ];
    let imported = import(Rules::strict("USD"), &rows).unwrap();
    let mut accounts = Accounts::new(Policy::new(Order::Fifo, Scope::Wallet), Matching::Fifo);
    for entry in &imported.entries {
        accounts.apply(&imported.names, entry).unwrap();
        accounts.lots.close().unwrap();
    }
    let gains: Vec<String> =
        accounts.lots.rows().iter().map(|row| row.gain().unwrap().to_string()).collect();
    assert_eq!(gains, ["-6072.06", "-4659", "-15.03", "0"]);
    assert_eq!(accounts.books.debts().count(), 0);
    let repaid = accounts.lots.rows().last().unwrap();
    assert_eq!(repaid.market.unwrap().to_string(), "40000");
}
