//! The pages a stranger opens first exist, and no file carries what an editor or a workplace left.

use crate::Finding;
use crate::tree::{TextFile, Tree};

/// Pages and licences at the root.
const REQUIRED: [&str; 8] = [
    "README.md",
    "ARCHITECTURE.md",
    "SAFETY.md",
    "STYLE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
];

/// The three kinds of news, in the words a user looks for.
const NEWS: [&str; 3] = ["Safety and performance", "Features", "Internals"];

/// Marks of work left undone, put together here so that this file does not carry them itself.
const UNFINISHED: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Paths and names of one machine, which mean nothing on another: the first part of an absolute path,
/// a neighbouring folder, a host.
const MACHINE_MARKS: [&str; 3] =
    [concat!("/", "work"), concat!("..", "/shared"), concat!("far", "m-")];

/// Pages that are missing, and news without its headings.
#[must_use]
pub fn missing(tree: &Tree) -> Vec<Finding> {
    let absent = REQUIRED.iter().filter(|path| tree.text(path).is_none());
    let mut findings: Vec<_> =
        absent.map(|path| Finding::new(path, 0, "the file is missing")).collect();
    if let Some(changes) = tree.text("CHANGELOG.md") {
        for wanted in NEWS {
            let heads = |line: &str| line.starts_with('#') && line.ends_with(wanted);
            if !changes.lines().any(|line| heads(line.trim_end())) {
                let message = format!("no heading \"{wanted}\"");
                findings.push(Finding::new("CHANGELOG.md", 0, message));
            }
        }
    }
    findings
}

/// Relative links of pages that lead nowhere. `exists` says whether a path from the root is there,
/// because pages link to data files that the tree does not read.
#[must_use]
pub fn broken_links(tree: &Tree, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for page in tree.files.iter().filter(|file| file.path.ends_with(".md")) {
        let mut fenced = false;
        for (at, line) in page.text.lines().enumerate() {
            fenced ^= line.trim_start().starts_with("```");
            let links = line.match_indices("](").map(|(start, _)| &line[start + 2..]);
            for link in links.filter_map(|rest| rest.split([')', ' ']).next()) {
                let target = link.split('#').next().unwrap_or_default();
                let outside = target.is_empty() || target.contains(':');
                if !fenced && !outside && !exists(&beside(&page.path, target)) {
                    let message = format!("the link to `{target}` leads nowhere");
                    findings.push(Finding::new(&page.path, at + 1, message));
                }
            }
        }
    }
    findings
}

/// What no file may carry: marks of unfinished work, paths of a machine, white space at the end of a
/// line, tabs in Rust, control characters, bytes that are not UTF-8, and a last line without its end.
#[must_use]
pub fn litter(file: &TextFile) -> Vec<Finding> {
    // A licence is quoted as it is.
    if file.path.starts_with("LICENSE") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    // Not `lines`, which would hide a carriage return.
    for (at, line) in file.text.split_terminator('\n').enumerate() {
        let mut found = |message: String| {
            findings.push(Finding::new(&file.path, at + 1, message));
        };
        for mark in UNFINISHED.iter().filter(|mark| has_word(line, mark)) {
            found(format!("`{mark}`: finish it, or write an issue"));
        }
        for mark in MACHINE_MARKS.iter().filter(|mark| has_machine_mark(line, mark)) {
            found(format!("`{mark}` is a place on one machine"));
        }
        if line.ends_with(char::is_whitespace) {
            found("white space at the end of the line".to_owned());
        }
        if file.path.ends_with(".rs") && line.contains('\t') {
            found("a tab: indent with spaces".to_owned());
        }
        if let Some(odd) = line.chars().find(|next| is_odd(*next)) {
            found(format!("character U+{:04X} has no place in text", u32::from(odd)));
        }
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        let last = file.text.lines().count();
        findings.push(Finding::new(&file.path, last, "the last line does not end"));
    }
    findings
}

/// Control characters, the sign for bytes that were not UTF-8, and the invisible ones that reorder
/// text on screen, with which code can be made to read otherwise than it compiles.
fn is_odd(next: char) -> bool {
    let reorders = matches!(next, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    (next.is_control() && next != '\t') || next == '\u{FFFD}' || next == '\u{FEFF}' || reorders
}

fn is_name(next: char) -> bool {
    next.is_alphanumeric() || next == '_'
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        !line[..start].ends_with(is_name) && !line[start + word.len()..].starts_with(is_name)
    })
}

/// A mark that begins where no name runs into it, and, if it ends in a name, ends there too.
fn has_machine_mark(line: &str, mark: &str) -> bool {
    line.match_indices(mark).any(|(start, _)| {
        let before = &line[..start];
        let after = &line[start + mark.len()..];
        let whole =
            !mark.ends_with(is_name) || !after.starts_with(|next| is_name(next) || next == '-');
        !before.ends_with(|last| is_name(last) || last == '.' || last == '*') && whole
    })
}

/// `target` as seen from the folder of `page`, with its `..` resolved.
fn beside(page: &str, target: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> TextFile {
        TextFile { path: path.to_owned(), text: text.to_owned() }
    }

    fn littered(text: &str) -> bool {
        !litter(&file("crates/money/src/lib.rs", text)).is_empty()
    }

    #[test]
    fn every_planted_litter_is_found() {
        for mark in UNFINISHED {
            assert!(littered(&format!("// {mark}: later\n")), "{mark}");
        }
        for mark in MACHINE_MARKS {
            assert!(littered(&format!("see {mark}\n")), "{mark}");
        }
        let inside = format!("`{}/main`\n", MACHINE_MARKS[0]);
        assert!(littered(&inside));
        for odd in ["a \n", "\ta\n", "a\u{7}\n", "a\u{202E}b\n", "a\u{FFFD}\n", "a\r\n", "a"] {
            assert!(littered(odd), "{odd:?}");
        }
    }

    #[test]
    fn ordinary_text_passes() {
        for clean in [
            "fn main() {}\n",
            "todo, the Spanish word; XXXL; a windfarm\n",
            "frame/work, docs/work.md, /workers, a net/work\n",
            "± 1 § – é\n",
            "",
        ] {
            assert!(!littered(clean), "{clean:?}");
        }
        assert!(litter(&file("a.md", "\tcode\n")).is_empty());
    }

    #[test]
    fn missing_pages_and_headings_are_named() {
        let empty = missing(&Tree::default());
        assert_eq!(empty.len(), REQUIRED.len());
        let changes = "# Changes\n## 0.1\n### Safety and performance\n### Features\n";
        let files = vec![file("CHANGELOG.md", changes)];
        let found = missing(&Tree { files });
        assert_eq!(found.len(), REQUIRED.len());
        assert!(found.iter().any(|finding| finding.message.contains("Internals")));
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let text =
            "[a](b.md) [c](../README.md#top) [d](https://e.f/g) [h](#i)\n```\n[j](k.md)\n```\n";
        let tree = Tree { files: vec![file("docs/page.md", text)] };
        assert!(broken_links(&tree, |path| path == "docs/b.md" || path == "README.md").is_empty());
        let found = broken_links(&tree, |path| path == "docs/b.md");
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("README.md"), "{}", found[0]);
    }
}
