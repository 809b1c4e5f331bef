//! Invariants carry one number through the page of promises, the code that checks them and the tests
//! that try to break them.
//!
//! SAFETY.md has a table with one row an invariant. Its letters say where the promise is kept: `E`
//! in the engine after every command, `M` against the model, `P` by properties, `S` under faults. They
//! stand in the column "mode", or in "checked in" where there is no such column. Where a column
//! "status" exists, only rows that begin with "kept" are held to their letters.

use crate::Finding;
use crate::tree::{TextFile, Tree};

/// Where the promises stand.
pub const PAGE: &str = "SAFETY.md";

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The number as written, `I-07`.
    pub id: String,
    /// Its letters, each of `E`, `M`, `P`, `S`.
    pub modes: Vec<char>,
    /// Whether the promise is kept today.
    pub kept: bool,
    /// Line in the page, counted from 1.
    pub line: usize,
}

/// Every breach: no page, no table, a row without letters, a number given twice, a promise that its
/// place does not mention, and a number in code that the page does not know.
#[must_use]
pub fn breaches(tree: &Tree) -> Vec<Finding> {
    let Some(page) = tree.text(PAGE) else {
        return vec![Finding::new(PAGE, 0, "the file is missing")];
    };
    let rows = rows(page);
    if rows.is_empty() {
        let form =
            "no table with a column \"checked in\" and rows that begin with `I-nn` was found";
        return vec![Finding::new(PAGE, 0, form)];
    }
    let mut findings = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        if rows[..at].iter().any(|earlier| earlier.id == row.id) {
            findings.push(Finding::new(PAGE, row.line, format!("{} has two rows", row.id)));
        }
        findings.extend(unkept(row, tree));
    }
    for file in tree.rust().filter(|file| !file.path.starts_with("crates/tidy/")) {
        for (id, line) in ids(&file.text) {
            if rows.iter().all(|row| row.id != id) {
                let message = format!("{id} has no row in {PAGE}");
                findings.push(Finding::new(&file.path, line, message));
            }
        }
    }
    findings
}

/// The rows of every table of `page` that has a column "checked in".
#[must_use]
pub fn rows(page: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut header: Option<Vec<String>> = None;
    for (at, line) in page.lines().enumerate() {
        let Some(cells) = cells(line) else {
            header = None;
            continue;
        };
        let Some(titles) = &header else {
            header = Some(cells.iter().map(|title| title.to_lowercase()).collect());
            continue;
        };
        let column = |title: &str| titles.iter().position(|other| other == title);
        let Some(checked) = column("checked in") else {
            continue;
        };
        let letters = cells.get(column("mode").unwrap_or(checked)).map_or("", String::as_str);
        let status = column("status").and_then(|status| cells.get(status));
        if let Some((id, _)) = cells.first().and_then(|first| ids(first).into_iter().next()) {
            rows.push(Row {
                id,
                modes: modes(letters),
                kept: status.is_none_or(|status| status.to_lowercase().starts_with("kept")),
                line: at + 1,
            });
        }
    }
    rows
}

fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?;
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    Some(inner.split('|').map(|cell| cell.trim().to_owned()).collect())
}

/// The letters that stand alone in `text`: `E M` and `E, M: engine/src` both give two.
fn modes(text: &str) -> Vec<char> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter_map(|word| match word {
            "E" | "M" | "P" | "S" => word.chars().next(),
            _ => None,
        })
        .collect()
}

fn unkept(row: &Row, tree: &Tree) -> Vec<Finding> {
    let Row { id, modes, line, .. } = row;
    if !row.kept {
        return Vec::new();
    }
    if modes.is_empty() {
        let message = format!("{id} says nowhere how it is kept: name E, M, P or S");
        return vec![Finding::new(PAGE, *line, message)];
    }
    let mentioned = |wanted: fn(&TextFile) -> bool| {
        tree.rust().filter(|file| wanted(file)).any(|file| {
            file.text.contains(id.as_str()) && ids(&file.text).iter().any(|(other, _)| other == id)
        })
    };
    let mut findings = Vec::new();
    if modes.contains(&'E') && !mentioned(is_engine) {
        let message = format!("{id} (E) is checked nowhere in crates/engine/src");
        findings.push(Finding::new(PAGE, *line, message));
    }
    if modes.iter().any(|mode| *mode != 'E') && !mentioned(is_trial) {
        let message = format!("{id} (M, P, S) is tried nowhere in crates/*/tests or crates/model");
        findings.push(Finding::new(PAGE, *line, message));
    }
    findings
}

fn is_engine(file: &TextFile) -> bool {
    file.path.starts_with("crates/engine/src/")
}

fn is_trial(file: &TextFile) -> bool {
    let tests = file.path.starts_with("crates/") && file.path.contains("/tests/");
    file.path.starts_with("crates/model/") || tests
}

/// Every `I-nn` in `text` with its line, counted from 1.
fn ids(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        for (start, _) in line.match_indices("I-") {
            let digits: String =
                line[start + 2..].chars().take_while(|next| next.is_alphanumeric()).collect();
            let joined = line[..start].ends_with(|before: char| before.is_alphanumeric());
            if !joined && digits.len() == 2 && digits.chars().all(|next| next.is_ascii_digit()) {
                found.push((format!("I-{digits}"), at + 1));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND_PAGE: &str = "| id | promise | checked in | mode | status |\n|---|---|---|---|---|\n\
        | I-01 | sums to zero | engine | E M | kept |\n| I-20 | progress | faults | S | planned |\n";

    fn found(page: &str, engine: &str, test: &str) -> Vec<String> {
        let file =
            |path: &str, text: &str| TextFile { path: path.to_owned(), text: text.to_owned() };
        let files = vec![
            file(PAGE, page),
            file("crates/engine/src/check.rs", engine),
            file("crates/model/src/lib.rs", test),
        ];
        breaches(&Tree { files }).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_promise_kept_where_it_says_passes() {
        assert_eq!(found(SOUND_PAGE, "// I-01", "// I-01"), [] as [&str; 0]);
    }

    #[test]
    fn every_planted_breach_is_found() {
        assert!(found(SOUND_PAGE, "", "// I-01")[0].contains("(E) is checked nowhere"));
        assert!(found(SOUND_PAGE, "// I-01", "")[0].contains("is tried nowhere"));
        assert!(found(SOUND_PAGE, "// I-012", "// I-01")[0].contains("(E) is checked nowhere"));
        let stray = found(SOUND_PAGE, "// I-01\n// I-77", "// I-01");
        assert_eq!(stray, ["crates/engine/src/check.rs:2: I-77 has no row in SAFETY.md"]);
        let due = SOUND_PAGE.replace("planned", "kept");
        assert!(found(&due, "// I-01", "// I-01")[0].contains("I-20"));
        let silent = SOUND_PAGE.replace("E M", "somewhere");
        assert!(found(&silent, "// I-01", "// I-01")[0].contains("says nowhere"));
        let twice = format!("{SOUND_PAGE}| I-01 | again | engine | E | kept |\n");
        assert!(found(&twice, "// I-01", "// I-01")[0].contains("two rows"));
        assert!(found("no table", "", "")[0].contains("no table"));
        assert!(breaches(&Tree::default())[0].message.contains("missing"));
    }

    #[test]
    fn letters_are_read_from_the_column_checked_in_when_there_is_no_other() {
        let page = "| id | checked in |\n|---|---|\n| I-03 | E, P: `engine/src/check.rs` |\n";
        let read = rows(page);
        assert_eq!((read[0].modes.as_slice(), read[0].kept), (&['E', 'P'][..], true));
    }

    #[test]
    fn other_numbers_are_no_ids() {
        assert_eq!(ids("API-12 I-1 I-123 I-1a i-01"), []);
        assert_eq!(ids("x\n(I-07)"), [("I-07".to_owned(), 2)]);
    }
}
