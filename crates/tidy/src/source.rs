//! Rust source as words: a small lexer that knows comments, strings, test code and items.
//!
//! The rules of this crate are about words, not types, so a full parser would buy little. What they
//! do need is certainty that a word in a comment or a string is never taken for code, and that a
//! word of code never hides behind one.

use crate::lexer;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name or keyword, raw identifiers without their `r#`.
    Word,
    /// An integer literal, suffix included.
    Integer,
    /// A floating-point literal, suffix included.
    Float,
    /// The contents of a string literal of any kind.
    Text,
    /// A character literal or a lifetime; no rule looks inside.
    Other,
    /// One character of punctuation.
    Mark,
}

/// One token with the line it starts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its text; for [`Kind::Text`] the contents between the quotes, escapes untouched.
    pub text: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Whether it stands in code that only a test build compiles.
    pub test: bool,
}

impl Token {
    /// Whether this is the word `word`.
    #[must_use]
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }

    /// Whether this is the punctuation `mark`.
    #[must_use]
    pub fn is_mark(&self, mark: &str) -> bool {
        self.kind == Kind::Mark && self.text == mark
    }
}

/// One line comment, or one line of a block comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Line, counted from 1.
    pub line: usize,
    /// The text after the comment sign, trimmed.
    pub text: String,
    /// `///`, `//!` and their block forms: words for the reader of the documentation.
    pub doc: bool,
}

/// A lexed file.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Every token in order.
    pub tokens: Vec<Token>,
    /// Every comment line in order.
    pub comments: Vec<Comment>,
    /// Names of the modules that `#[cfg(test)] mod name;` puts in files of their own.
    pub test_modules: Vec<String>,
}

/// How far a chained expression may run above the line in question before its comment is not seen.
const STATEMENT_LINES_MAX: usize = 24;

impl Source {
    /// Lexes `text` and marks its test code.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut source = lexer::lex(text);
        source.mark_tests();
        source
    }

    /// Marks every token as test code, for a file that only a test build compiles.
    pub fn all_test(&mut self) {
        self.tokens.iter_mut().for_each(|token| token.test = true);
    }

    /// The files, without `.rs`, that hold the test modules of this source, which lies at `path`.
    #[must_use]
    pub fn module_files(&self, path: &str) -> Vec<String> {
        let bare = path.strip_suffix(".rs").unwrap_or(path);
        let (folder, name) = bare.rsplit_once('/').unwrap_or(("", bare));
        let beneath = if matches!(name, "lib" | "main" | "mod") { folder } else { bare };
        self.test_modules.iter().map(|module| format!("{beneath}/{module}")).collect()
    }

    /// Whether the tokens from `at` on are exactly `texts`, kinds aside.
    #[must_use]
    pub fn follows(&self, at: usize, texts: &[&str]) -> bool {
        texts.iter().enumerate().all(|(offset, text)| {
            self.tokens
                .get(at + offset)
                .is_some_and(|token| token.kind != Kind::Text && token.text == *text)
        })
    }

    /// Whether `line` carries `// marker: reason`, on itself, or in the comment directly above it
    /// or above the first line of its statement. An empty reason excuses nothing.
    #[must_use]
    pub fn excused(&self, line: usize, marker: &str) -> bool {
        if self.has_reason(line, marker) {
            return true;
        }
        let first = self.statement_start(line);
        (first..line).any(|inner| self.has_reason(inner, marker))
            || self.comment_block_above(line, marker)
            || self.comment_block_above(first, marker)
    }

    /// Whether `line` lies in a function, type or impl block that opens beneath `// marker: reason`.
    #[must_use]
    pub fn item_excused(&self, line: usize, marker: &str) -> bool {
        self.comments
            .iter()
            .filter(|comment| is_reason(comment, marker) && comment.line < line)
            .filter_map(|comment| self.item_after(comment.line))
            .any(|(first, last)| (first..=last).contains(&line))
    }

    /// The paths that the file imports or spells out (`std::fs::read`), imports in braces written
    /// out one by one, each with its line.
    #[must_use]
    pub fn paths(&self) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            if self.tokens[at].is_word("use") {
                at = self.import_tree(at + 1, "", &mut found);
            } else if self.tokens[at].kind == Kind::Word && self.follows(at + 1, &[":", ":"]) {
                at = self.spelled_path(at, &mut found);
            } else {
                at += 1;
            }
        }
        found
    }

    /// The token after the one that closes the bracket at `open`, or the end of the file.
    #[must_use]
    pub fn after_bracket(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate().skip(open) {
            if token.kind != Kind::Mark {
                continue;
            }
            match token.text.as_str() {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return at + 1;
            }
        }
        self.tokens.len()
    }

    /// The token after the item that starts at `at`: past its `;`, or past its closing brace.
    #[must_use]
    pub fn after_item(&self, mut at: usize) -> usize {
        while let Some(token) = self.tokens.get(at) {
            match token.text.as_str() {
                ";" if token.kind == Kind::Mark => return at + 1,
                "{" if token.kind == Kind::Mark => return self.after_bracket(at),
                "(" | "[" if token.kind == Kind::Mark => at = self.after_bracket(at),
                _ => at += 1,
            }
        }
        at
    }

    /// The token after all attributes that start at `at`.
    #[must_use]
    pub fn after_attributes(&self, mut at: usize) -> usize {
        while self.follows(at, &["#", "["]) {
            at = self.after_bracket(at + 1);
        }
        at
    }

    fn has_reason(&self, line: usize, marker: &str) -> bool {
        self.comments.iter().any(|comment| comment.line == line && is_reason(comment, marker))
    }

    fn has_code(&self, line: usize) -> bool {
        self.tokens.binary_search_by(|token| token.line.cmp(&line)).is_ok()
    }

    fn comment_block_above(&self, line: usize, marker: &str) -> bool {
        let mut above = line;
        while above > 1 {
            above -= 1;
            let commented = self.comments.iter().any(|comment| comment.line == above);
            if !commented || self.has_code(above) {
                return false;
            }
            if self.has_reason(above, marker) {
                return true;
            }
        }
        false
    }

    /// The first line of the statement that `line` belongs to: walks up until a line ends one.
    fn statement_start(&self, line: usize) -> usize {
        let mut first = line;
        let before = self.tokens.partition_point(|token| token.line < line);
        for token in self.tokens[..before].iter().rev() {
            let ends = matches!(token.text.as_str(), ";" | "{" | "}" | ",");
            let new_line = token.line < first;
            if (new_line && ends && token.kind == Kind::Mark)
                || line - token.line > STATEMENT_LINES_MAX
            {
                break;
            }
            first = token.line;
        }
        first
    }

    fn item_after(&self, line: usize) -> Option<(usize, usize)> {
        let begin = self.tokens.partition_point(|token| token.line <= line);
        let mut at = self.after_attributes(begin);
        loop {
            let token = self.tokens.get(at)?;
            match token.text.as_str() {
                "pub" if self.follows(at + 1, &["("]) => at = self.after_bracket(at + 1),
                "pub" | "async" => at += 1,
                "const" if self.follows(at + 1, &["fn"]) => at += 1,
                "fn" | "struct" | "enum" | "impl" => break,
                _ => return None,
            }
        }
        let last = self.tokens.get(self.after_item(at).checked_sub(1)?)?;
        Some((line, last.line))
    }

    fn mark_tests(&mut self) {
        if (0..self.tokens.len())
            .any(|at| self.follows(at, &["#", "!", "["]) && self.is_test(at + 3))
        {
            self.all_test();
        }
        let mut at = 0;
        while at < self.tokens.len() {
            if !(self.follows(at, &["#", "["]) && self.is_test(at + 2)) {
                at += 1;
                continue;
            }
            let item = self.after_attributes(at);
            let end = self.after_item(item);
            if self.tokens.get(item).is_some_and(|token| token.is_word("mod"))
                && self.follows(item + 2, &[";"])
            {
                self.test_modules.push(self.tokens[item + 1].text.clone());
            }
            self.tokens[at..end].iter_mut().for_each(|token| token.test = true);
            at = end;
        }
    }

    /// Whether the attribute whose words start at `at` keeps its item out of every other build.
    fn is_test(&self, at: usize) -> bool {
        self.follows(at, &["cfg", "(", "test", ")"])
            || self.follows(at, &["cfg", "(", "all", "(", "test"])
            || self.follows(at, &["test", "]"])
    }

    fn spelled_path(&self, mut at: usize, found: &mut Vec<(String, usize)>) -> usize {
        let line = self.tokens[at].line;
        let mut path = self.tokens[at].text.clone();
        at += 1;
        while self.follows(at, &[":", ":"])
            && self.tokens.get(at + 2).is_some_and(|token| token.kind == Kind::Word)
        {
            path.push_str("::");
            path.push_str(&self.tokens[at + 2].text);
            at += 3;
        }
        found.push((path, line));
        at
    }

    /// Reads one import tree that starts at `at` beneath `prefix`; returns the token after it.
    fn import_tree(&self, mut at: usize, prefix: &str, found: &mut Vec<(String, usize)>) -> usize {
        let mut path = prefix.to_owned();
        let mut line = self.tokens.get(at).map_or(0, |token| token.line);
        while let Some(token) = self.tokens.get(at) {
            match token.text.as_str() {
                "{" => {
                    at += 1;
                    while at < self.tokens.len() && !self.tokens[at].is_mark("}") {
                        // A branch that reads nothing would hold this loop for ever on text that
                        // is not Rust, so each turn takes at least one token.
                        at = self.import_tree(at, &path, found).max(at + 1);
                        at += usize::from(self.follows(at, &[","]));
                    }
                    return at + 1;
                }
                ":" => at += 1,
                "as" => at += 2,
                _ if token.kind == Kind::Word || token.is_mark("*") => {
                    if !path.is_empty() {
                        path.push_str("::");
                    }
                    path.push_str(&token.text);
                    line = token.line;
                    at += 1;
                }
                _ => break,
            }
        }
        found.push((path, line));
        at
    }
}

fn is_reason(comment: &Comment, marker: &str) -> bool {
    !comment.doc
        && comment
            .text
            .strip_prefix(marker)
            .and_then(|rest| rest.strip_prefix(':'))
            .is_some_and(|reason| !reason.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_written_out_one_by_one() {
        let source =
            Source::new("use std::{fmt::{self, Write as W}, fs};\nlet a = b::c::<D>::e();");
        let paths: Vec<_> = source.paths().into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["std::fmt::self", "std::fmt::Write", "std::fs", "b::c"]);
    }

    #[test]
    fn text_that_is_not_rust_ends_all_the_same() {
        for odd in
            ["use {", "use {;", "use a::{b", "use", "#[cfg(test)]", "#[", "fn", "} ) ]", "//"]
        {
            let source = Source::new(odd);
            let _ = source.paths();
            assert!(!source.excused(1, "division"), "{odd}");
        }
    }

    #[test]
    fn test_modules_in_files_of_their_own_are_known() {
        let source = Source::new("#[cfg(test)]\nmod tests;\nmod real;");
        assert_eq!(source.module_files("crates/a/src/lib.rs"), ["crates/a/src/tests"]);
        assert_eq!(source.module_files("crates/a/src/b.rs"), ["crates/a/src/b/tests"]);
    }

    #[test]
    fn only_the_marked_item_is_test_code() {
        let text =
            "#[cfg(test)]\n#[allow(x)]\nfn a() { b(); }\nfn c() {}\n#[cfg(not(test))]\nfn d() {}";
        let source = Source::new(text);
        let tested =
            |word: &str| source.tokens.iter().any(|token| token.is_word(word) && token.test);
        assert!(tested("a") && tested("b"));
        assert!(!tested("c") && !tested("d"));
    }
}
