//! What the pages promise: complete in themselves, readable without script, and honest.

mod sample_report;

use breakwater_report::*;

#[test]
fn the_page_is_one_file_without_script_or_outside_resources() {
    let run = render_run(&sample_report::run()).expect("run");
    let comparison = render_comparison(&sample_report::comparison()).expect("comparison");
    for page in [run, comparison] {
        assert!(page.starts_with("<!DOCTYPE html>"));
        for outside in ["<script", "<link", "<img", "<iframe", " src=", " href=", "url(", "@import"]
        {
            assert!(!page.contains(outside), "the page has {outside}");
        }
        // The one address is the name of the SVG format, which nothing loads.
        let addresses = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!addresses.contains("http:") && !addresses.contains("https:"));
        assert!(page.contains("prefers-color-scheme:dark") && page.contains("@media print"));
        assert!(page.contains("Sample. Every number on this page is made up"));
    }
}

#[test]
fn every_chart_stands_on_the_page_with_its_data_beneath() {
    let page = render_run(&sample_report::run()).expect("run");
    for kind in ChartKind::ALL {
        let start = page.find(&format!("id=\"{}\"", kind.name())).expect("a figure");
        let figure = &page[start..start + page[start..].find("</figure>").expect("an end")];
        assert_eq!(figure.matches("<svg ").count(), 2, "{}: a wide and a narrow one", kind.name());
        assert!(figure.contains(kind.title()));
        assert!(figure.contains("<details><summary>Data of this chart, "));
    }
    assert!(page.contains("first 100 of 577 rows"));
    assert!(page.contains("first 100 of 517 rows"));
}

#[test]
fn the_largest_liquidations_are_told_with_their_reasons() {
    let report = sample_report::run();
    let page = render_run(&report).expect("run");
    let debt = |row: &Liquidation| row.debt_repaid_usd.as_str().parse::<f64>().expect("a number");
    let mut rows: Vec<&Liquidation> = report.liquidations.iter().collect();
    rows.sort_by(|a, b| debt(b).total_cmp(&debt(a)));
    let told = &page[page.find("id=\"largest\"").expect("section")..];
    let told = &told[..told.find("<details>").expect("details")];
    for row in &rows[..3] {
        assert!(told.contains(&row.account) && told.contains(&row.reason));
    }
    assert!(!told.contains(&rows[3].account));
    assert!(page.contains("The three largest liquidations"));
}

#[test]
fn the_books_are_judged_by_what_was_given() {
    let mut report = sample_report::run();
    let page = render_run(&report).expect("run");
    assert!(page.contains("Books balance: yes") && page.contains("Replay hash equal: yes"));

    report.books.trial_balance[0].difference = Decimal::from_scaled(1, 6);
    report.books.replay_hash = Some("0".repeat(64));
    let page = render_run(&report).expect("run");
    assert!(page.contains("Books balance: no") && page.contains("Replay hash equal: no"));

    let mut sides = sample_report::run();
    sides.books.trial_balance[0].credits = Decimal::from(1u64);
    assert!(render_run(&sides).expect("run").contains("Books balance: no"));

    report.books = Books { trial_balance: vec![], replay_hash: None };
    let page = render_run(&report).expect("run");
    assert!(page.contains("Books balance: no trial balance given"));
    assert!(page.contains("Replay hash equal: not replayed"));
}

#[test]
fn hostile_text_is_escaped_everywhere() {
    const HOSTILE: &str = "<script>alert(\"1\")</script><img src=x onerror='1'>";
    // Every text of the input is replaced, so that a new field cannot slip through.
    let spoil = |json: &mut serde_json::Value| {
        fn walk(value: &mut serde_json::Value) {
            match value {
                serde_json::Value::String(text) => {
                    let kept = text.parse::<Decimal>().is_ok()
                        || text.len() == 64
                        || text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
                    if !kept {
                        *text = HOSTILE.to_owned();
                    }
                }
                serde_json::Value::Array(items) => items.iter_mut().for_each(walk),
                serde_json::Value::Object(map) => map.values_mut().for_each(walk),
                _ => {}
            }
        }
        walk(json);
    };
    let mut json = serde_json::to_value(sample_report::run()).expect("json");
    spoil(&mut json);
    let report: RunReport = serde_json::from_value(json).expect("a report");
    let mut json = serde_json::to_value(sample_report::comparison()).expect("json");
    spoil(&mut json);
    let comparison: ComparisonReport = serde_json::from_value(json).expect("a comparison");
    for page in [render_run(&report).expect("page"), render_comparison(&comparison).expect("page")]
    {
        assert!(page.contains("alert("), "the text is there, escaped");
        assert!(!page.contains("<script") && !page.contains("<img"));
    }
}

#[test]
fn a_run_with_nothing_in_it_says_why() {
    let why = |what: &str| format!("This run did not record {what}.");
    let report = RunReport {
        title: "Nothing".to_owned(),
        question: String::new(),
        notice: None,
        identity: sample_report::identity(),
        key_figures: vec![],
        happenings: vec![],
        liquidations: vec![],
        price: Part::Absent(why("prices")),
        health: Part::Absent(why("health")),
        at_risk: Part::Absent(why("a fall")),
        waterfall: Part::Absent(why("losses")),
        execution: Part::Absent(why("sales")),
        depth: Part::Absent(why("depth")),
        sensitivity: Part::Absent(why("other settings")),
        rounds: Part::Absent(why("rounds")),
        assumptions: vec![],
        books: Books { trial_balance: vec![], replay_hash: None },
        glossary: vec![],
        provenance: vec![],
    };
    let page = render_run(&report).expect("page");
    for what in
        ["prices", "health", "a fall", "losses", "sales", "depth", "other settings", "rounds"]
    {
        assert!(page.contains(&why(what)), "{what}");
    }
    assert!(page.contains("Nothing was liquidated.") && !page.contains("<svg"));
    let json = serde_json::to_string(&report).expect("json");
    let again: RunReport = serde_json::from_str(&json).expect("a report");
    assert_eq!(render_run(&again).expect("page"), page);
}

#[test]
fn an_empty_comparison_says_so_and_a_bad_hash_is_named() {
    let mut report = sample_report::comparison();
    report.mechanisms[2].state_hash = "nothing".to_owned();
    let error = render_comparison(&report).expect_err("a bad hash").to_string();
    assert!(error.starts_with("mechanisms[2].state_hash"), "{error}");
    report.mechanisms.clear();
    assert!(render_comparison(&report).expect("page").contains("No mechanism was run."));
    assert!(matches!(comparison_svg(&report), Err(ReportError::Absent { .. })));
}

#[test]
fn long_figures_are_shortened_on_tiles_and_printed_in_full_beneath() {
    let mut report = sample_report::run();
    report.key_figures = vec![KeyFigure {
        label: "Debt".to_owned(),
        value: "229134511.27".to_owned(),
        unit: "USD".to_owned(),
        note: String::new(),
    }];
    let page = render_run(&report).expect("page");
    assert!(page.contains("229.1M") && page.contains("229,134,511.27 USD"));
}
