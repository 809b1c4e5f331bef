//! Rejection numbers are public: unique, documented, produced by a test, and never given twice.
//!
//! The source lists them as lines of the form `Variant = 101, never, "A sentence.";`, where the word
//! after the number says whether a retry may differ.

use crate::Finding;
use crate::source::Source;
use crate::tree::Tree;
use std::collections::{BTreeMap, BTreeSet};

/// Where the numbers are given.
pub const TABLE: &str = "crates/liquidation/src/rejection.rs";

/// Where the numbers are explained, one table row each, retired ones included.
pub const PAGE: &str = "docs/rejections.md";

/// Names under which tests reach the variants.
const ENUM_NAMES: [&str; 3] = ["Rejection", "RejectionCode", "Code"];

/// Hundreds that stand for a family: request, price, account, margin, plan, auction, ledger, system.
const FAMILIES: [u16; 8] = [1, 2, 3, 4, 5, 6, 7, 9];

/// One entry of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Name of the variant.
    pub variant: String,
    /// Its number.
    pub number: u16,
    /// The sentence a caller reads.
    pub sentence: String,
    /// Line in the table, counted from 1.
    pub line: usize,
}

/// Every breach: a missing file, a number given twice or outside the families, a number without its
/// row, a row whose number vanished or was given again after it was retired, a variant that no test
/// names.
#[must_use]
pub fn breaches(tree: &Tree) -> Vec<Finding> {
    let missing = |path: &str| Finding::new(path, 0, "the file is missing");
    let (Some(table), Some(page)) = (tree.text(TABLE), tree.text(PAGE)) else {
        return [TABLE, PAGE]
            .into_iter()
            .filter(|path| tree.text(path).is_none())
            .map(missing)
            .collect();
    };
    let entries = entries(table);
    if entries.is_empty() {
        let form = "no line of the form `Variant = 101, never, \"A sentence.\";` was found";
        return vec![Finding::new(TABLE, 0, form)];
    }
    let mut findings = misshapen(table);
    findings.extend(wrong_numbers(&entries));
    findings.extend(undocumented(&entries, page));
    findings.extend(vanished(&entries, page));
    findings.extend(unproduced(&entries, tree));
    findings
}

/// The entries of the table, in order.
#[must_use]
pub fn entries(table: &str) -> Vec<Entry> {
    let read = |(at, line): (usize, &str)| entry(line, at + 1);
    table.lines().enumerate().filter_map(read).collect()
}

fn entry(line: &str, number_of_line: usize) -> Option<Entry> {
    let (variant, rest) = line.trim().split_once(" = ")?;
    let (number, rest) = rest.split_once(", ")?;
    let (retry, rest) = rest.split_once(", ")?;
    let sentence = rest.strip_prefix('"')?.strip_suffix("\";")?;
    let named = variant.starts_with(|first: char| first.is_ascii_uppercase())
        && variant.chars().all(|letter| letter.is_ascii_alphanumeric());
    let numbered = number.len() == 3 && number.chars().all(|digit| digit.is_ascii_digit());
    if !named || !numbered || !matches!(retry, "retry" | "never") {
        return None;
    }
    Some(Entry {
        variant: variant.to_owned(),
        number: number.parse().ok()?,
        sentence: sentence.to_owned(),
        line: number_of_line,
    })
}

/// Lines that give a number in another form; left out in silence, they would escape every check.
fn misshapen(table: &str) -> Vec<Finding> {
    let numbered = |line: &str| {
        line.trim().split_once(" = ").is_some_and(|(variant, rest)| {
            variant.starts_with(|first: char| first.is_ascii_uppercase())
                && rest.starts_with(|first: char| first.is_ascii_digit())
        })
    };
    let wrong = |(at, line): &(usize, &str)| numbered(line) && entry(line, at + 1).is_none();
    let form = "write it on one line, as `Variant = 101, never, \"A sentence.\";`";
    let lines = table.lines().enumerate().filter(wrong);
    lines.map(|(at, _)| Finding::new(TABLE, at + 1, form)).collect()
}

fn wrong_numbers(entries: &[Entry]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen: BTreeMap<u16, &str> = BTreeMap::new();
    for entry in entries {
        let Entry { variant, number, line, .. } = entry;
        if let Some(earlier) = seen.insert(*number, variant) {
            let message = format!("{number} is `{earlier}` and `{variant}`: give each its own");
            findings.push(Finding::new(TABLE, *line, message));
        }
        // division: the hundreds of a three-digit number name its family.
        if !FAMILIES.contains(&(number / 100)) {
            let message = format!("{number} of `{variant}` is in no family: 1xx to 7xx, or 9xx");
            findings.push(Finding::new(TABLE, *line, message));
        }
        if entry.sentence.trim().is_empty() {
            let message = format!("`{variant}` says nothing: write its sentence");
            findings.push(Finding::new(TABLE, *line, message));
        }
    }
    findings
}

/// The rows of the page: number, line, the whole row.
fn rows(page: &str) -> impl Iterator<Item = (u16, usize, &str)> {
    page.lines().enumerate().filter_map(|(at, line)| {
        let first = line.trim().strip_prefix('|')?.split('|').next()?;
        let digits = first.trim_matches(|other: char| !other.is_ascii_digit());
        let number = digits.parse().ok().filter(|_| digits.len() == 3)?;
        Some((number, at + 1, line))
    })
}

fn is_retired(row: &str) -> bool {
    row.to_lowercase().contains("retired")
}

fn names(row: &str, variant: &str) -> bool {
    row.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| word == variant)
}

fn undocumented(entries: &[Entry], page: &str) -> Vec<Finding> {
    let documented = |entry: &Entry| {
        rows(page).any(|(number, _, row)| number == entry.number && names(row, &entry.variant))
    };
    let finding = |entry: &Entry| {
        let message = format!("no table row has {} with `{}`", entry.number, entry.variant);
        Finding::new(PAGE, 0, message)
    };
    entries.iter().filter(|entry| !documented(entry)).map(finding).collect()
}

fn vanished(entries: &[Entry], page: &str) -> Vec<Finding> {
    let live: BTreeSet<u16> = entries.iter().map(|entry| entry.number).collect();
    let judged = rows(page).filter_map(|(number, line, row)| {
        let message = match (live.contains(&number), is_retired(row)) {
            (true, true) => format!("{number} is retired here and given again in the source"),
            (false, false) => format!("{number} vanished from the source: mark its row retired"),
            _ => return None,
        };
        Some(Finding::new(PAGE, line, message))
    });
    judged.collect()
}

fn unproduced(entries: &[Entry], tree: &Tree) -> Vec<Finding> {
    let mut named: BTreeSet<String> = BTreeSet::new();
    for file in tree.rust() {
        let mut source = Source::new(&file.text);
        if file.path.starts_with("crates/") && file.path.contains("/tests/") {
            source.all_test();
        }
        let paths = (0..source.tokens.len()).filter(|at| {
            source.tokens[*at].test
                && ENUM_NAMES.contains(&source.tokens[*at].text.as_str())
                && source.follows(at + 1, &[":", ":"])
        });
        named.extend(paths.filter_map(|at| source.tokens.get(at + 3)).map(|it| it.text.clone()));
    }
    let finding = |entry: &Entry| {
        let message = format!("no test names `{}::{}`", ENUM_NAMES[0], entry.variant);
        Finding::new(TABLE, entry.line, message)
    };
    entries.iter().filter(|entry| !named.contains(&entry.variant)).map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::TextFile;

    const SOUND_TABLE: &str = "rejections! {\n    \
        Stale = 201, retry, \"The price is too old.\";\n    \
        Crossed = 202, retry, \"Bid above ask.\";\n}\n";
    const SOUND_PAGE: &str = "| number | name |\n|---|---|\n| 201 | `Stale` |\n\
        | `202` | Crossed |\n| 203 | Doubled, retired in 0.2 |\n";
    const SOUND_TEST: &str = "#[test]\nfn f() { g(Rejection::Stale); h(RejectionCode::Crossed) }";

    fn found(table: &str, page: &str, test: &str) -> Vec<String> {
        let file =
            |path: &str, text: &str| TextFile { path: path.to_owned(), text: text.to_owned() };
        let files =
            vec![file(TABLE, table), file("crates/engine/tests/a.rs", test), file(PAGE, page)];
        breaches(&Tree { files }).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_sound_table_passes() {
        assert_eq!(found(SOUND_TABLE, SOUND_PAGE, SOUND_TEST), [] as [&str; 0]);
    }

    #[test]
    fn every_planted_breach_is_found() {
        let twice = format!("{SOUND_TABLE}    Doubled = 202, never, \"Again.\";\n");
        assert!(found(&twice, SOUND_PAGE, SOUND_TEST).iter().any(|it| it.contains("its own")));
        let family = SOUND_TABLE.replace("201", "801");
        assert!(found(&family, SOUND_PAGE, SOUND_TEST).iter().any(|it| it.contains("no family")));
        let mute = SOUND_TABLE.replace("Bid above ask.", "");
        assert!(found(&mute, SOUND_PAGE, SOUND_TEST)[0].contains("says nothing"));
        let unlisted = SOUND_PAGE.replace("| 201 | `Stale` |\n", "");
        assert!(found(SOUND_TABLE, &unlisted, SOUND_TEST)[0].contains("no table row has 201"));
        let renamed = SOUND_PAGE.replace("`Stale`", "`Staler`");
        assert!(found(SOUND_TABLE, &renamed, SOUND_TEST)[0].contains("no table row has 201"));
        let vanished = SOUND_PAGE.replace(", retired in 0.2", "");
        assert!(found(SOUND_TABLE, &vanished, SOUND_TEST)[0].contains("203 vanished"));
        let reused = SOUND_PAGE.replace("| Crossed", "| Crossed, retired");
        assert!(found(SOUND_TABLE, &reused, SOUND_TEST)[0].contains("given again"));
        let untested = SOUND_TEST.replace("RejectionCode::Crossed", "\"Rejection::Crossed\"");
        assert!(found(SOUND_TABLE, SOUND_PAGE, &untested)[0].contains("no test names"));
        let wrapped = format!("{SOUND_TABLE}    Wrapped = 204, never,\n        \"A.\";\n");
        assert!(found(&wrapped, SOUND_PAGE, SOUND_TEST)[0].contains("on one line"));
        assert!(found("enum Rejection {}", SOUND_PAGE, SOUND_TEST)[0].contains("no line"));
    }

    #[test]
    fn missing_files_are_named() {
        let names: Vec<_> = breaches(&Tree::default()).into_iter().map(|it| it.path).collect();
        assert_eq!(names, [TABLE, PAGE]);
    }

    #[test]
    fn lines_of_another_form_are_no_entries() {
        for other in [
            "Stale = 20, retry, \"A.\";",
            "Stale = 201, maybe, \"A.\";",
            "stale = 201, retry, \"A.\";",
            "Stale = 201, retry, \"A.\",",
            "// Stale = 201, retry, \"A.\";",
        ] {
            assert_eq!(entries(other), [], "{other}");
        }
        assert_eq!(entries("  Stale = 201, retry, \"A; b, c.\";")[0].sentence, "A; b, c.");
    }
}
