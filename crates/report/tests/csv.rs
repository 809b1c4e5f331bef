//! What the CSV files promise: exact numbers, and nothing a spreadsheet would run.

mod sample_report;

use breakwater_report::*;

fn liquidations(rows: &[Liquidation]) -> String {
    let mut out = Vec::new();
    write_liquidations_csv(&mut out, rows).expect("written");
    String::from_utf8(out).expect("text")
}

#[test]
fn numbers_are_exact_and_columns_name_their_units() {
    let mut rows = sample_report::liquidations(1);
    rows[0].debt_repaid = Decimal::parse("-1234567890123456789.000000000000000001").expect("one");
    rows[0].mark_usd = None;
    let text = liquidations(&rows);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let row = reader.records().next().expect("a row").expect("a row");
    let cell = |name: &str| &row[header.iter().position(|h| h == name).expect(name)];
    assert_eq!(cell("debt_repaid"), "-1234567890123456789.000000000000000001");
    assert_eq!(cell("mark_usd"), "");
    assert_eq!(cell("discount_bps"), rows[0].discount_bps.as_ref().expect("one").as_str());
    assert_eq!(cell("reason"), rows[0].reason);
    assert_eq!(header.len(), 21);
}

#[test]
fn text_that_a_spreadsheet_would_run_is_defused() {
    let mut rows = sample_report::liquidations(4);
    for (row, name) in rows.iter_mut().zip(["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1:A9)"]) {
        row.account = name.to_owned();
        row.reason = format!("{name},\n\"quoted\"");
        row.debt_asset = name.to_owned();
    }
    let text = liquidations(&rows);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let records: Vec<_> = reader.records().map(|r| r.expect("a row")).collect();
    assert_eq!(records.len(), 4, "line breaks inside cells do not make rows");
    for record in &records {
        for cell in record {
            let number = cell.parse::<f64>().is_ok();
            assert!(number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
        }
        assert!(record[4].starts_with('\''));
    }
}

#[test]
fn no_rows_still_have_a_header() {
    let text = liquidations(&[]);
    assert!(text.starts_with("sequence,at_seconds,at,round,account,"));
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn every_chart_has_its_data_as_csv() {
    let report = sample_report::run();
    let rows = [
        (ChartKind::Price, 577),
        (ChartKind::Health, 34),
        (ChartKind::AtRisk, 61),
        (ChartKind::Waterfall, 7),
        (ChartKind::Execution, 517),
        (ChartKind::Depth, 10),
        (ChartKind::Sensitivity, 12),
        (ChartKind::Rounds, 5),
    ];
    for (kind, expected) in rows {
        let mut out = Vec::new();
        write_chart_csv(&mut out, kind, &report).expect("written");
        let mut reader = csv::Reader::from_reader(out.as_slice());
        assert_eq!(reader.records().filter_map(Result::ok).count(), expected, "{}", kind.name());
    }
    let mut out = Vec::new();
    write_comparison_csv(&mut out, &sample_report::comparison()).expect("comparison");
    let text = String::from_utf8(out).expect("text");
    assert!(text.contains(sample_report::HASH), "hashes are whole in CSV");
    assert_eq!(text.lines().count(), 12);
}

#[test]
fn absent_and_undrawable_data_is_refused() {
    let mut report = sample_report::run();
    report.depth = Part::Absent("No depth.".to_owned());
    if let Part::Given(rounds) = &mut report.rounds {
        rounds.rounds[1].debt_repaid_usd = f64::NAN;
    }
    let mut out = Vec::new();
    let absent = write_chart_csv(&mut out, ChartKind::Depth, &report);
    assert!(matches!(absent, Err(ReportError::Absent { .. })));
    let refused = write_chart_csv(&mut out, ChartKind::Rounds, &report).expect_err("NaN");
    assert!(refused.to_string().starts_with("rounds.rounds[1].debt_repaid_usd"));
    assert!(out.is_empty(), "nothing is written before the check");
}
