//! Sizes are questions, not limits: printed for whoever reads the test output, never enforced.

use crate::source::{Kind, Source};
use crate::tree::{Tree, crate_of_source};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Lines from which a function is worth a question.
const FUNCTION_LINES: usize = 70;

/// How many of the longest files are listed.
const LONGEST_FILES: usize = 10;

/// One function and its length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Line of its `fn`, counted from 1.
    pub line: usize,
    /// Lines from `fn` to its closing brace.
    pub lines: usize,
}

/// The functions of `source` that have a body, nested ones included.
#[must_use]
pub fn functions(source: &Source) -> Vec<Function> {
    let mut found = Vec::new();
    for (at, token) in source.tokens.iter().enumerate().filter(|(_, token)| token.is_word("fn")) {
        let Some(name) = source.tokens.get(at + 1).filter(|name| name.kind == Kind::Word) else {
            continue;
        };
        let last = source.after_item(at + 1).checked_sub(1).and_then(|end| source.tokens.get(end));
        if let Some(last) = last.filter(|last| last.is_mark("}")) {
            let lines = last.line - token.line + 1;
            found.push(Function { name: name.text.clone(), line: token.line, lines });
        }
    }
    found
}

/// Lines a crate, the longest files, and the functions that run over a screen.
#[must_use]
pub fn report(tree: &Tree) -> String {
    let mut crates: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut files: Vec<(usize, &str)> = Vec::new();
    let mut long: Vec<(usize, String)> = Vec::new();
    for file in tree.rust() {
        let lines = file.text.lines().count();
        files.push((lines, &file.path));
        let name = file.path.strip_prefix("crates/").and_then(|rest| rest.split('/').next());
        let sum = crates.entry(name.unwrap_or("benches and examples")).or_default();
        if crate_of_source(&file.path).is_some() {
            sum.0 += lines;
        } else {
            sum.1 += lines;
        }
        let over = |function: &Function| function.lines > FUNCTION_LINES;
        for function in functions(&Source::new(&file.text)).into_iter().filter(over) {
            long.push((
                function.lines,
                format!("{}:{} {}", file.path, function.line, function.name),
            ));
        }
    }
    files.sort_by(|left, right| right.cmp(left));
    long.sort_by(|left, right| right.cmp(left));
    print(&crates, &files, &long)
}

fn print(
    crates: &BTreeMap<&str, (usize, usize)>,
    files: &[(usize, &str)],
    long: &[(usize, String)],
) -> String {
    let mut text = String::from("lines in src, lines elsewhere, crate\n");
    // Writing to a string cannot fail, so the results are dropped.
    for (name, (inside, outside)) in crates {
        let _ = writeln!(text, "{inside:>7} {outside:>7}  {name}");
    }
    let _ = writeln!(text, "the {LONGEST_FILES} longest files");
    for (lines, path) in files.iter().take(LONGEST_FILES) {
        let _ = writeln!(text, "{lines:>7}  {path}");
    }
    let _ = writeln!(text, "functions over {FUNCTION_LINES} lines: {}", long.len());
    for (lines, name) in long {
        let _ = writeln!(text, "{lines:>7}  {name}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::TextFile;

    #[test]
    fn a_function_runs_from_its_name_to_its_brace() {
        let source =
            Source::new("trait T { fn a(); }\nfn b<F: Fn(u8)>(f: F) {\n  if f(1) {\n  }\n}\n");
        let found = functions(&source);
        assert_eq!(found, [Function { name: "b".to_owned(), line: 2, lines: 4 }]);
    }

    #[test]
    fn long_functions_and_files_are_reported() {
        let text = format!("fn long() {{\n{}}}\n", "    a();\n".repeat(80));
        let path = "crates/money/src/lib.rs".to_owned();
        let printed = report(&Tree { files: vec![TextFile { path, text }] });
        assert!(printed.contains("82  crates/money/src/lib.rs:1 long"), "{printed}");
        assert!(printed.contains("82       0  money"), "{printed}");
    }
}
