//! Charts of hedged books on a page of sections.

mod sample_report;

use breakwater_report::{
    AttributedHedge, AttributionBars, Decimal, Drawn, HedgeError, HedgeErrorRow, Section,
    SectionChart, SectionsReport, render_sections,
};

fn error() -> HedgeError {
    let row = |half_width, deviation, cost| HedgeErrorRow { half_width, deviation, cost };
    HedgeError {
        caption: "Wider bands.".to_owned(),
        unit: "USD".to_owned(),
        width_unit: "units".to_owned(),
        rows: vec![row(0.0, 0.4, 0.9), row(0.1, 0.6, 0.3)],
        exact: Some(0.38),
    }
}

fn attribution() -> AttributionBars {
    let amount = |text: &str| Decimal::parse(text).unwrap();
    let hedge = |name: &str, delta: &str, gamma: &str, total: &str| AttributedHedge {
        name: name.to_owned(),
        amounts: vec![amount(delta), amount(gamma)],
        total: amount(total),
    };
    AttributionBars {
        caption: "Where it came from.".to_owned(),
        unit: "USD".to_owned(),
        sources: vec!["delta".to_owned(), "gamma".to_owned()],
        hedges: vec![
            hedge("unhedged", "-12.5", "3.25", "-9.25"),
            hedge("interval", "0", "3.25", "3.25"),
        ],
    }
}

fn page(drawn: Drawn) -> Result<String, String> {
    let run = sample_report::run();
    let chart =
        SectionChart { name: "it".to_owned(), title: "A chart".to_owned(), full: true, drawn };
    let section = Section {
        title: "Hedging".to_owned(),
        text: String::new(),
        charts: vec![chart],
        tables: Vec::new(),
    };
    let report = SectionsReport {
        kind: "Report of a hedge".to_owned(),
        title: run.title,
        question: run.question,
        notice: None,
        identity: run.identity,
        key_figures: Vec::new(),
        happenings: Vec::new(),
        sections: vec![section],
        assumptions: Vec::new(),
        books: None,
        glossary: Vec::new(),
        provenance: Vec::new(),
    };
    render_sections(&report).map_err(|error| error.to_string())
}

#[test]
fn error_and_cost_are_two_lines_with_the_exact_error_as_a_guide() {
    let with = page(Drawn::HedgeError(error())).unwrap();
    assert!(with.contains("error of hedging at every step, exact"));
    assert!(with.contains("half-width 0.1: cost 0.3 USD"), "no hint");
    // Two lines of two points, once for each layout.
    assert_eq!(with.matches("<circle").count(), 2 * 4);
    let without = page(Drawn::HedgeError(HedgeError { exact: None, ..error() })).unwrap();
    assert!(!without.contains("at every step, exact"));
    let empty = page(Drawn::HedgeError(HedgeError { rows: Vec::new(), ..error() })).unwrap();
    assert!(empty.contains("No band was tried."));
}

#[test]
fn gains_and_losses_leave_the_line_on_their_own_sides() {
    let page = page(Drawn::Attribution(attribution())).unwrap();
    for part in ["f-vermilion", "f-green", "f-blue", "unhedged, delta: \u{2212}12.5 USD"] {
        assert!(page.contains(part), "{part}");
    }
    // An amount of zero has no bar: three of each hedge but for one, once for each layout.
    assert_eq!(page.matches("<rect class=\"f-").count(), 2 * 5);
}

#[test]
fn what_cannot_be_drawn_is_named() {
    let mut wrong = error();
    wrong.rows[1].deviation = -1.0;
    let told = page(Drawn::HedgeError(wrong)).unwrap_err();
    assert!(told.contains("hedge_error.rows[1].deviation"), "{told}");
    let mut wrong = error();
    wrong.rows[1].half_width = -1.0;
    assert!(page(Drawn::HedgeError(wrong)).unwrap_err().contains("hedge_error.rows[1].half_width"));
    let mut wrong = attribution();
    wrong.hedges[0].amounts.pop();
    assert!(page(Drawn::Attribution(wrong)).unwrap_err().contains("attribution.hedges[0].amounts"));
}
