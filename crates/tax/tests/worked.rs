//! The worked page, docs/tax.md: its files under the profiles of the United States and the United
//! Kingdom, row by row.

use breakwater_accounting::derivatives::Matching;
use breakwater_accounting::import::{Imported, Importer, Prices, Record, Rules};
use breakwater_accounting::{Date, Order, Shortage, StandingOrder};
use breakwater_tax::{Elections, Input, Profile, Report, run};
use std::path::Path;

/// A file of the page, whose cells hold no commas.
fn read(name: &str) -> Imported {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tax").join(name);
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let columns: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut rules = Rules::strict("CASH");
    rules.pledged = vec!["pool".to_owned()];
    let mut importer = Importer::new(rules, Prices::new());
    for (at, line) in lines.enumerate() {
        let mut record = Record::new(at as u64 + 2);
        for (column, cell) in columns.iter().zip(line.split(',')) {
            record.set(column, cell);
        }
        importer.take(&record).unwrap();
    }
    importer.finish()
}

fn report_with(
    profile: Profile,
    year: i32,
    file: &str,
    elect: &[&str],
    orders: &[StandingOrder],
) -> Report {
    let imported = read(file);
    let mut elections = Elections::new(profile);
    for election in elect {
        elections.elect(election).unwrap();
    }
    let input = Input {
        names: &imported.names,
        entries: &imported.entries,
        year,
        currency: profile.currency(),
        elections: &elections,
        orders,
        matching: Matching::AverageEntry,
        shortage: Shortage::Refuse,
    };
    let report = run(profile, &input).unwrap();
    for closing in &report.closing {
        assert_eq!(closing.left, closing.right, "{}", closing.what);
    }
    report
}

fn report(profile: Profile, year: i32, file: &str, elect: &[&str]) -> Report {
    report_with(profile, year, file, elect, &[])
}

/// The cells of some columns, a row each.
fn cells(report: &Report, table: &str, columns: &[&str]) -> Vec<String> {
    let table = report.table(table).unwrap_or_else(|| panic!("{table}"));
    let places: Vec<usize> = columns
        .iter()
        .map(|column| table.columns.iter().position(|c| c.key == *column).unwrap())
        .collect();
    let row = |row: &Vec<String>| {
        assert_eq!(row.len(), table.columns.len());
        places.iter().map(|at| row[*at].as_str()).collect::<Vec<_>>().join(" ")
    };
    table.rows.iter().map(row).collect()
}

const FORM: [&str; 7] = ["box", "description", "acquired", "sold", "proceeds", "basis", "gain"];

#[test]
fn a_margin_long_is_sold_in_slices() {
    let us = report(Profile::Us, 2025, "margin-long.csv", &[]);
    assert_eq!(
        cells(&us, "form-8949", &FORM),
        [
            "I 4.02 ETH 2025-01-10 2025-04-07 6000 12072.06 -6072.06",
            "I 3.015 ETH 2025-01-10 2025-04-07 4350 9054.045 -4704.045",
            "I 2.965 ETH 2025-01-10 2025-04-07 4151 8903.895 -4752.895",
        ]
    );
    assert_eq!(
        cells(&us, "form-8949", &["identification", "involuntary"]),
        ["fifo wallet yes", "fifo wallet yes", "fifo wallet yes"]
    );
    assert_eq!(us.figure("short-term gain or loss (Form 8949)"), Some("-15529"));
    assert_eq!(us.figure("interest on what was borrowed"), Some("250"));
    assert_eq!(
        cells(&us, "expenses", &["kind", "value", "accrued"]),
        ["borrow-interest 250 yes", "liquidation-fee 100 "]
    );
    assert_eq!(cells(&us, "waived", &["value", "treatment"]), ["5849 not-income"]);
    let uk = report(Profile::Uk, 2025, "margin-long.csv", &[]);
    assert_eq!(
        cells(
            &uk,
            "matches",
            &["disposed", "rule", "acquired", "quantity", "proceeds", "cost", "gain"]
        ),
        [
            "2025-04-07 30-day 2025-04-20 1 1450.1 1600 -149.9",
            "2025-04-07 s104  9 13050.9 27027 -13976.1",
        ]
    );
    assert_eq!(uk.figure("net gain or loss of tokens"), Some("-14126"));
}

#[test]
fn an_inverse_perpetual_is_deleveraged() {
    let us = report(Profile::Us, 2025, "inverse-perpetual.csv", &[]);
    assert_eq!(
        cells(&us, "form-8949", &FORM),
        [
            "C fee of BTC-PERP 2025-04-08 2025-04-08 0 50 -50",
            "C funding of BTC-PERP 2025-04-09 2025-04-09 170 0 170",
            "C 100000 BTC-PERP short 2025-04-08 2025-04-09 100000 80000 20000",
            "I 0.0005 BTC 2025-01-02 2025-04-08 50 47.5 2.5",
        ]
    );
    assert_eq!(
        cells(&us, "lots-left", &["lot", "quantity", "basis"]),
        ["b1 0.9995 94952.5", "p2 0.002 170", "p3 0.25 20000"]
    );
    let hit = |report: &Report, name: &str| {
        report.uncertain.iter().find(|hit| hit.election == name).map(|hit| hit.events)
    };
    assert_eq!(hit(&us, "funding"), Some(1));
    assert_eq!(hit(&us, "deleveraged-close"), Some(1));
    let ordinary = report(Profile::Us, 2025, "inverse-perpetual.csv", &["funding=ordinary"]);
    assert_eq!(cells(&ordinary, "form-8949", &["gain"]), ["-50", "20000", "2.5"]);
    assert_eq!(cells(&ordinary, "ordinary-funding", &["received", "paid"]), ["170 0"]);
    let uk = report(Profile::Uk, 2025, "inverse-perpetual.csv", &[]);
    assert_eq!(
        cells(&uk, "derivatives", &["item", "value"]),
        [
            "gains 20000",
            "losses 0",
            "fees -50",
            "funding 170",
            "gains less losses and fees 19950",
            "with funding 20120",
        ]
    );
    // The coin of the fee is matched with the coin that came in the day after: 0.252 for 20,170.
    let [row] = &cells(&uk, "matches", &["rule", "acquired", "quantity", "gain"])[..] else {
        panic!()
    };
    assert!(row.starts_with("30-day 2025-04-09 0.0005 9.98015873015873"), "{row}");
}

#[test]
fn posted_collateral_is_seized_with_a_bonus() {
    let file = "lending-seizure.csv";
    let us = report(Profile::Us, 2025, file, &[]);
    assert_eq!(
        cells(&us, "form-8949", &FORM),
        ["L 5.5 WETH 2024-01-15 2025-04-07 7500 13590.5 -6090.5"]
    );
    let gross = report(Profile::Us, 2025, file, &["seizure-presentation=gross-less-bonus"]);
    assert_eq!(
        cells(&gross, "form-8949", &["proceeds", "basis", "code", "adjustment", "gain"]),
        ["8250 13590.5 E -750 -6090.5"]
    );
    let uk = report(Profile::Uk, 2025, file, &[]);
    let columns = ["rule", "quantity", "proceeds", "cost", "gain", "events"];
    assert_eq!(cells(&uk, "matches", &columns), ["s104 5.5 8250 13590.5 -5340.5 seizure"]);
    let debt = report(Profile::Uk, 2025, file, &["seizure-value=debt"]);
    assert_eq!(cells(&debt, "matches", &columns), ["s104 5.5 7500 13590.5 -6090.5 seizure"]);
    let passed = report(Profile::Uk, 2025, file, &["posted-collateral=passed"]);
    assert!(passed.table("matches").unwrap().rows.is_empty());
    let before = report(Profile::Uk, 2024, file, &["posted-collateral=passed"]);
    assert_eq!(cells(&before, "matches", &columns), ["s104 11 35200 27181 8019 posting"]);
}

#[test]
fn other_profiles_tell_the_same_facts_in_their_own_way() {
    let de = report(Profile::De, 2025, "lending-seizure.csv", &[]);
    assert_eq!(cells(&de, "disposals", &["quantity", "proceeds", "taxable"]), ["5.5 8250 "]);
    assert_eq!(de.figure("counts after the exempt limit"), Some("0"));
    let ca = report(Profile::Ca, 2025, "margin-long.csv", &[]);
    // Of 10 sold one was bought back and is held: a tenth of the loss is denied.
    let denied = cells(&ca, "sales", &["quantity", "gain_before", "denied", "gain"]);
    assert_eq!(denied.len(), 3);
    assert!(ca.figure("included by the treatment elected").is_some());
    let au = report(Profile::Au, 2025, "lending-seizure.csv", &[]);
    assert_eq!(cells(&au, "disposals", &["gain", "discount"]), ["-5340.5 "]);
    assert_eq!(au.figure("losses carried forward"), Some("5340.5"));
}

#[test]
fn the_order_in_force_at_the_liquidation_is_the_one_that_counts() {
    let imported = read("lending-seizure.csv");
    let from = |date| Date::parse(date).unwrap().start();
    let standing = |date| StandingOrder { from: from(date), wallet: None, order: Order::Hifo };
    let told = |order| {
        let report = report_with(Profile::Us, 2025, "lending-seizure.csv", &[], &[order]);
        cells(&report, "form-8949", &["identification"])
    };
    assert_eq!(told(standing("2025-04-07")), ["hifo wallet"]);
    assert_eq!(told(standing("2025-04-08")), ["fifo wallet"]);
    assert_eq!(imported.entries.len(), 5);
}

#[test]
fn every_report_has_the_notice_and_every_election() {
    for profile in Profile::ALL {
        let report = report(profile, 2025, "inverse-perpetual.csv", &[]);
        assert!(report.notice.contains("not advice"));
        assert_eq!(report.elections.len(), Elections::of(profile).count());
        assert!(report.uncertain.iter().any(|hit| hit.election == "funding"));
        let known = report.tables.iter().all(|table| {
            breakwater_tax::report::TABLES.contains(&table.name)
                && table.rows.iter().all(|row| row.len() == table.columns.len())
        });
        assert!(known, "{profile:?}");
    }
}

#[test]
fn contracts_of_an_elected_venue_go_to_form_6781_and_need_a_mark() {
    let us = |elect: &[&str]| {
        let imported = read("inverse-perpetual.csv");
        let mut elections = Elections::new(Profile::Us);
        elect.iter().for_each(|election| elections.elect(election).unwrap());
        let input = Input {
            names: &imported.names,
            entries: &imported.entries[..2],
            year: 2025,
            currency: "USD",
            elections: &elections,
            orders: &[],
            matching: Matching::AverageEntry,
            shortage: Shortage::Refuse,
        };
        run(Profile::Us, &input).map(|report| cells(&report, "form-8949", &["box"]))
    };
    assert_eq!(us(&[]).unwrap(), ["C", "I"]);
    let error = us(&["section-1256=offshore"]).unwrap_err().to_string();
    assert!(error.contains("open at the end of 2025 and has no mark"), "{error}");
}

#[test]
fn a_pool_refuses_a_basis_from_proceeds_and_takes_lots_by_it() {
    let of = |profile: Profile| {
        let imported = read("lending-seizure.csv");
        let elections = Elections::new(profile);
        let input = Input {
            names: &imported.names,
            entries: &imported.entries,
            year: 2025,
            currency: profile.currency(),
            elections: &elections,
            orders: &[],
            matching: Matching::AverageEntry,
            shortage: Shortage::ProceedsAsBasis,
        };
        run(profile, &input)
    };
    assert!(of(Profile::Us).is_ok());
    for profile in [Profile::Uk, Profile::Ca] {
        let refused = of(profile).unwrap_err().to_string();
        assert!(refused.contains("pools costs"), "{refused}");
    }
}
