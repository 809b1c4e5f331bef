//! What ring 0 may not say: clocks, disks, threads, chance, unordered maps, floats that decide,
//! and calls that end the process.

use crate::source::{Kind, Source, Token};
use crate::{Finding, RING_ZERO};

/// Paths that reach outside the pure function; whatever lies beneath them is meant as well.
const IMPURE_PATHS: [&str; 14] = [
    "std::time::Instant",
    "std::time::SystemTime",
    "std::time::UNIX_EPOCH",
    "std::time::*",
    "Instant::now",
    "std::fs",
    "std::net",
    "std::thread",
    "std::process",
    "std::env",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "rand",
];

/// Names that are impure wherever they come from. The maps iterate in an order that differs from
/// run to run; `BTreeMap` and vectors ordered by index do not.
const IMPURE_NAMES: [&str; 4] = ["SystemTime", "HashMap", "HashSet", "RandomState"];

/// Macros that write to the terminal of a process that ring 0 knows nothing about.
const PRINTING_MACROS: [&str; 5] = ["println", "eprintln", "print", "eprint", "dbg"];

/// Crates where no float stands at all.
const FLOATLESS: [&str; 5] = ["money", "ledger", "engine", "auction", "rulebooks"];

/// Crates where a float may propose, with its reason beside it.
const FLOATS_WITH_REASON: [&str; 2] = ["margin", "liquidation"];

/// Calls and macros that panic.
const PANICKING_CALLS: [&str; 4] = ["unwrap", "expect", "unwrap_err", "expect_err"];
const PANICKING_MACROS: [&str; 4] = ["panic", "unreachable", "todo", "unimplemented"];

/// Every clock, file, thread, process, random number, unordered map and print in `source`, test
/// modules included: a test of ring 0 is repeatable for the same reasons as its code.
#[must_use]
pub fn impure(path: &str, source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (spelled, line) in source.paths() {
        if let Some(banned) = IMPURE_PATHS.iter().find(|banned| lies_beneath(&spelled, banned)) {
            let message = format!("`{banned}` in ring 0: what it gives must arrive in a command");
            findings.push(Finding::new(path, line, message));
        }
    }
    for (at, token) in source.tokens.iter().enumerate() {
        if token.kind != Kind::Word {
            continue;
        }
        let name = token.text.as_str();
        if IMPURE_NAMES.contains(&name) {
            let message = format!("`{name}` in ring 0: use an ordered map, or time as data");
            findings.push(Finding::new(path, token.line, message));
        } else if PRINTING_MACROS.contains(&name) && source.follows(at + 1, &["!"]) {
            let message = format!("`{name}!` in ring 0: emit an event instead");
            findings.push(Finding::new(path, token.line, message));
        }
    }
    findings.sort();
    findings.dedup_by(|left, right| left.line == right.line);
    findings
}

/// Every float in `source` of the crate `name` that the rules for that crate do not allow.
///
/// Where a float may propose, the comment `// float: <reason>` excuses its line and statement, and,
/// above a function, a type or an impl block, the whole of it.
#[must_use]
pub fn floats(path: &str, name: &str, source: &Source) -> Vec<Finding> {
    let with_reason = FLOATS_WITH_REASON.contains(&name);
    if !with_reason && !FLOATLESS.contains(&name) {
        return Vec::new();
    }
    let excused =
        |line| with_reason && (source.excused(line, "float") || source.item_excused(line, "float"));
    let mut findings = Vec::new();
    for token in source.tokens.iter().filter(|token| is_float(token) && !excused(token.line)) {
        let advice = match with_reason {
            true => "decide in integers, or say `// float: <reason>`",
            false => "this crate computes in integers only",
        };
        let message = format!("float `{}`: {advice}", token.text);
        findings.push(Finding::new(path, token.line, message));
    }
    findings.dedup_by(|left, right| left.line == right.line);
    findings
}

/// Every call outside test code that panics, unless `// infallible: <reason>` stands beside it.
#[must_use]
pub fn panics(path: &str, source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, token) in source.tokens.iter().enumerate() {
        if token.kind != Kind::Word || token.test {
            continue;
        }
        let name = token.text.as_str();
        let called = PANICKING_CALLS.contains(&name)
            && source.follows(at + 1, &["("])
            && at.checked_sub(1).is_some_and(|before| source.tokens[before].is_mark("."));
        let invoked = PANICKING_MACROS.contains(&name) && source.follows(at + 1, &["!"]);
        if (called || invoked) && !source.excused(token.line, "infallible") {
            let message = format!(
                "`{name}` may panic: return an error, or say `// infallible: <reason>` above it"
            );
            findings.push(Finding::new(path, token.line, message));
        }
    }
    findings
}

/// Every `unsafe` of any crate.
#[must_use]
pub fn unsafety(path: &str, source: &Source) -> Vec<Finding> {
    let words = source.tokens.iter().filter(|token| token.is_word("unsafe"));
    words.map(|token| Finding::new(path, token.line, "`unsafe` has no place here")).collect()
}

/// Whether the crate `name` belongs to ring 0.
#[must_use]
pub fn is_pure_crate(name: &str) -> bool {
    RING_ZERO.contains(&name)
}

fn lies_beneath(spelled: &str, banned: &str) -> bool {
    spelled.strip_prefix(banned).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// A float type or literal, or a name with one in it (`to_f64`).
fn is_float(token: &Token) -> bool {
    match token.kind {
        Kind::Float => true,
        Kind::Word => token.text.split('_').any(|part| part == "f32" || part == "f64"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "crates/engine/src/lib.rs";

    fn impure_lines(text: &str) -> Vec<usize> {
        impure(PATH, &Source::new(text)).iter().map(|finding| finding.line).collect()
    }

    fn float_count(name: &str, text: &str) -> usize {
        floats(PATH, name, &Source::new(text)).len()
    }

    fn panic_lines(text: &str) -> Vec<usize> {
        panics(PATH, &Source::new(text)).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn every_planted_impurity_is_found() {
        for planted in [
            "use std::time::Instant;",
            "use std::time::{Duration, SystemTime};",
            "use std::{collections::BTreeMap, fs};",
            "use std::{io::{self, stdout}, fmt};",
            "use std::time::*;",
            "fn f() { let t = Instant::now(); }",
            "fn f() { std::env::var(\"A\"); }",
            "fn f() { std::thread::spawn(g); }",
            "fn f() { std::process::exit(1) }",
            "fn f(a: std::net::IpAddr) {}",
            "use rand::Rng;",
            "fn f() { rand::random() }",
            "use std::collections::{BTreeMap, HashMap};",
            "type Seen = HashSet<u8>;",
            "fn f() { println!(\"a\") }",
            "fn f() { dbg!(1); }",
            "#[cfg(test)] mod tests { use std::collections::HashMap; }",
        ] {
            assert_eq!(impure_lines(planted), [1], "{planted}");
        }
    }

    #[test]
    fn pure_words_pass() {
        let text = "//! A HashMap of std::fs would be wrong.\n\
                    use std::time::Duration;\nuse std::{fmt, collections::BTreeMap};\n\
                    /* println!() */ const S: &str = \"std::thread HashSet rand::x\";\n\
                    fn f(rand: u8, printed: u8) -> u8 { operand::g(rand) + printed }\n\
                    fn g<'a>(c: char) -> impl Fn() + use<'a> { h(c == '\"') }\n";
        assert_eq!(impure_lines(text), [] as [usize; 0]);
    }

    #[test]
    fn floats_are_found_in_types_names_and_literals() {
        for planted in ["fn f(a: f64) {}", "let a = 1.5;", "let a = 1e18;", "let a = b.to_f64();"] {
            assert_eq!(float_count("money", planted), 1, "{planted}");
            assert_eq!(float_count("margin", planted), 1, "{planted}");
            assert_eq!(float_count("options", planted), 0, "{planted}");
        }
        let clean = "// f64\nlet a = \"1.5 f64\"; let b = pair.0.1; let r = 0..1; let h = 0xf64;";
        assert_eq!(float_count("engine", clean), 0);
    }

    #[test]
    fn a_reason_excuses_a_float_only_where_floats_may_propose() {
        let text =
            "// float: screens only, an integer decides\nfn f(a: f64) -> f64 {\n    a * 2.0\n}";
        assert_eq!(float_count("liquidation", text), 0);
        assert_eq!(float_count("ledger", text), 2);
        let after = format!("{text}\nfn g(a: f64) {{}}");
        assert_eq!(float_count("liquidation", &after), 1);
        assert_eq!(float_count("liquidation", "// float:\nfn f(a: f64) {}"), 1);
    }

    #[test]
    fn panics_are_found_outside_tests_and_without_a_reason() {
        assert_eq!(panic_lines("fn f() { a.unwrap(); }"), [1]);
        assert_eq!(panic_lines("fn f() {\n a\n  .expect(\"b\");\n}"), [3]);
        assert_eq!(panic_lines("fn f() { panic!(\"a\") }\nfn g() { unreachable!() }"), [1, 2]);
        assert_eq!(panic_lines("fn f() { todo!() }\nfn g() { unimplemented!() }"), [1, 2]);
        let test = "#[cfg(test)]\nmod tests {\n fn f() { a.unwrap(); }\n}\nfn g() { b.unwrap(); }";
        assert_eq!(panic_lines(test), [5]);
        assert_eq!(panic_lines("#[test]\nfn f() { a.unwrap(); }"), [] as [usize; 0]);
        assert_eq!(panic_lines("#![cfg(test)]\nfn f() { a.unwrap(); }"), [] as [usize; 0]);
    }

    #[test]
    fn a_reason_excuses_its_own_statement_and_no_other() {
        let above =
            "fn f() {\n // infallible: the length was checked\n let a = b\n  .c()\n  .unwrap();\n}";
        assert_eq!(panic_lines(above), [] as [usize; 0]);
        let beside =
            "fn f() {\n let a = b.unwrap(); // infallible: checked\n let c = d.unwrap();\n}";
        assert_eq!(panic_lines(beside), [3]);
        let empty = "fn f() {\n // infallible:\n a.unwrap();\n}";
        assert_eq!(panic_lines(empty), [3]);
        let doc = "/// infallible: words for a reader excuse nothing\nfn f() { a.unwrap(); }";
        assert_eq!(panic_lines(doc), [2]);
        let block = "fn f() {\n // infallible: a long reason\n // over two lines\n a.unwrap();\n}";
        assert_eq!(panic_lines(block), [] as [usize; 0]);
    }

    #[test]
    fn words_that_only_look_like_panics_pass() {
        let text = "fn f() { a.unwrap_or(1); b.unwrap_or_default(); unwrap(c); \"x.unwrap()\"; }";
        assert_eq!(panic_lines(text), [] as [usize; 0]);
    }

    #[test]
    fn unsafe_is_found_in_code_alone() {
        let source = Source::new("// unsafe\nlet a = \"unsafe\";\nunsafe fn f() {}");
        assert_eq!(unsafety(PATH, &source).len(), 1);
    }
}
