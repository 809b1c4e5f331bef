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

fn sections() -> SectionsReport {
    let run = sample_report::run();
    let Part::Given(waterfall) = run.waterfall.clone() else { panic!("a waterfall") };
    let bars = Bars {
        caption: "How to read it.".to_owned(),
        rows: vec!["queue".to_owned(), "nobody".to_owned()],
        measures: vec![BarMeasure {
            name: "Overshoot".to_owned(),
            unit: "times".to_owned(),
            values: vec![Some(Decimal::from_scaled(1838, 2)), None],
        }],
    };
    let chart = |name: &str, drawn| SectionChart {
        name: name.to_owned(),
        title: format!("The {name}"),
        full: true,
        drawn,
    };
    let column =
        |key: &str, numeric| WordColumn { key: key.to_owned(), name: key.to_owned(), numeric };
    let table = WordTable {
        caption: "Exact figures".to_owned(),
        columns: vec![column("way", false), column("closed", true)],
        rows: vec![vec!["=queue".to_owned(), "1234567.5".to_owned()], vec![String::new(); 2]],
    };
    SectionsReport {
        kind: "A kind of page".to_owned(),
        title: run.title,
        question: run.question,
        notice: run.notice,
        identity: run.identity,
        key_figures: run.key_figures,
        happenings: run.happenings,
        sections: vec![Section {
            title: "Ways".to_owned(),
            text: "What differs.".to_owned(),
            charts: vec![
                chart("bars", Drawn::Bars(bars)),
                chart("losses", Drawn::Waterfall(waterfall)),
            ],
            tables: vec![table],
        }],
        assumptions: run.assumptions,
        books: Some(run.books),
        glossary: run.glossary,
        provenance: run.provenance,
    }
}

#[test]
fn sections_hold_what_their_caller_puts_there() {
    let report = sections();
    let page = render_sections(&report).expect("page");
    for word in [
        "A kind of page",
        "<h2 id=\"section-1\">Ways</h2>",
        "What differs.",
        "id=\"bars\"",
        "id=\"losses\"",
        "18.38",
        "Exact figures, 2 rows",
        "1,234,567.5",
        "Books balance: yes",
    ] {
        assert!(page.contains(word), "{word}");
    }
    assert_eq!(page, render_sections(&report).expect("page"), "the same bytes");
    let none = SectionsReport { books: None, sections: vec![], ..report };
    let page = render_sections(&none).expect("page");
    assert!(!page.contains("Books balance") && !page.contains("<svg"));
}

#[test]
fn sections_refuse_what_cannot_be_drawn_by_its_field() {
    let wrong = |change: &dyn Fn(&mut SectionsReport)| {
        let mut report = sections();
        change(&mut report);
        render_sections(&report).expect_err("refused").to_string()
    };
    let bars = |report: &mut SectionsReport, change: &dyn Fn(&mut Bars)| {
        if let Drawn::Bars(bars) = &mut report.sections[0].charts[0].drawn {
            change(bars);
        }
    };
    let short = wrong(&|r| bars(r, &|b| b.measures[0].values.truncate(1)));
    assert!(short.starts_with("bars.measures[0].values"), "{short}");
    let below = |b: &mut Bars| b.measures[0].values[1] = Some(Decimal::from(-1i64));
    let below = wrong(&|r| bars(r, &below));
    assert!(below.starts_with("bars.measures[0].values[1]"), "{below}");
    let ragged = wrong(&|r| r.sections[0].tables[0].rows[1].truncate(1));
    assert!(ragged.starts_with("rows[1]"), "{ragged}");
    let hash = wrong(&|r| r.identity.state_hash = "x".to_owned());
    assert!(hash.starts_with("identity.state_hash"), "{hash}");
}

#[test]
fn a_table_of_words_is_written_with_its_numbers_exact_and_its_text_guarded() {
    let report = sections();
    let mut bytes = Vec::new();
    write_words_csv(&mut bytes, &report.sections[0].tables[0]).expect("writes");
    assert_eq!(String::from_utf8(bytes).unwrap(), "way,closed\n'=queue,1234567.5\n,\n");
}
