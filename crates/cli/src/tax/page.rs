//! The page: forms, elections and assumptions, readable without the program.

use super::{Answer, words};
use breakwater_report::{Assumption, Identity, KeyFigure, Section, SectionsReport, Status, Term};

/// The report.
pub fn report(answer: &Answer, hash: String) -> SectionsReport {
    let report = &answer.report;
    let full = report.tables.iter().filter(|table| !table.rows.is_empty());
    let mut sections: Vec<Section> = full
        .map(|table| Section {
            title: table.title.clone(),
            text: table.note.clone(),
            charts: Vec::new(),
            tables: vec![words(table)],
        })
        .collect();
    sections.push(closing(answer));
    SectionsReport {
        kind: "Tax report of a holder".to_owned(),
        title: format!("{}, tax year {}", report.jurisdiction, report.year),
        question: format!(
            "What was realised from {} to {}, and where does it go?",
            report.period.0, report.period.1
        ),
        notice: Some(report.notice.to_owned()),
        identity: Identity {
            scenario: answer.file.clone(),
            shock: "none".to_owned(),
            seed: None,
            rulebook: format!("profile {}", report.profile),
            policies: answer.identification.clone(),
            state_hash: hash,
        },
        key_figures: report
            .figures
            .iter()
            .map(|figure| KeyFigure {
                label: figure.label.clone(),
                value: figure.value.clone(),
                unit: report.currency.clone(),
                note: String::new(),
            })
            .collect(),
        happenings: Vec::new(),
        sections,
        assumptions: assumptions(answer),
        books: None,
        glossary: glossary(),
        provenance: Vec::new(),
    }
}

fn closing(answer: &Answer) -> Section {
    let told = answer
        .report
        .closing
        .iter()
        .map(|closing| format!("{}: {} and {}.", closing.what, closing.left, closing.right));
    Section {
        title: "What closes".to_owned(),
        text: told.collect::<Vec<_>>().join(" "),
        charts: Vec::new(),
        tables: Vec::new(),
    }
}

fn assumptions(answer: &Answer) -> Vec<Assumption> {
    let report = &answer.report;
    let elected = report.elections.iter().map(|stands| {
        let hit = report.uncertain.iter().find(|hit| hit.election == stands.election);
        let how = if stands.by_default { "default" } else { "elected" };
        let hit = hit.map_or_else(String::new, |hit| format!(", decides {} events", hit.events));
        Assumption {
            name: format!("{}: {}", stands.election, stands.question),
            value: format!("{} ({how}{hit})", stands.choice),
            status: Status::Assumed,
            source: stands.ground.clone(),
        }
    });
    let noted = answer.notes.iter().chain(&report.assumptions).map(|note| Assumption {
        name: "assumption".to_owned(),
        value: note.clone(),
        status: Status::Assumed,
        source: "chosen by a flag, or stated by the source".to_owned(),
    });
    elected.chain(noted).collect()
}

fn glossary() -> Vec<Term> {
    [
        ("lot", "units that were acquired together, with the date and the basis that they keep"),
        ("basis", "what units cost, fee included; it is removed when they go out"),
        ("election", "an uncertain point with its choice, stored with the result"),
        ("seizure", "collateral that a liquidator takes for debt that it repays"),
        ("forced sale", "a sale by the venue, in slices; the holder has no say in the moment"),
    ]
    .into_iter()
    .map(|(term, meaning)| Term { term: term.to_owned(), meaning: meaning.to_owned() })
    .collect()
}
