//! Integer division in the crates that move money: named rounding, or a reason.

use crate::Finding;
use crate::source::{Kind, Source};

/// The crates whose quotients end up in a balance or decide about one.
const DIVIDING: [&str; 6] = ["money", "ledger", "rulebooks", "engine", "liquidation", "margin"];

/// The one module that divides on behalf of all others.
const ROUNDING: &str = "crates/money/src/rounding";

/// Methods that divide without saying which way the rest goes.
const DIVIDING_CALLS: [&str; 6] = [
    "checked_div",
    "checked_div_euclid",
    "div_euclid",
    "overflowing_div",
    "saturating_div",
    "wrapping_div",
];

/// Every division outside test code in `source` of the crate `name` that neither calls the rounding
/// module nor carries `// division: <reason>`. A division of floats has no unit to lose, so a float
/// with its reason passes.
#[must_use]
pub fn unnamed(path: &str, name: &str, source: &Source) -> Vec<Finding> {
    if !DIVIDING.contains(&name) || path.starts_with(ROUNDING) {
        return Vec::new();
    }
    let excused = |line| {
        source.excused(line, "division")
            || source.excused(line, "float")
            || source.item_excused(line, "float")
    };
    let mut findings = Vec::new();
    for token in source.tokens.iter().filter(|token| !token.test) {
        let called = token.kind == Kind::Word && DIVIDING_CALLS.contains(&token.text.as_str());
        if (called || token.is_mark("/")) && !excused(token.line) {
            let message = format!(
                "`{}` names no rounding: call money's rounding module, or say `// division: <reason>`",
                token.text
            );
            findings.push(Finding::new(path, token.line, message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "crates/engine/src/lib.rs";

    fn lines(text: &str) -> Vec<usize> {
        unnamed(PATH, "engine", &Source::new(text)).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn every_planted_division_is_found() {
        for planted in [
            "let a = b / c;",
            "let a = b/c;",
            "a /= b;",
            "let a = b.checked_div(c);",
            "let a = u128::wrapping_div(b, c);",
            "let a = b /* over */ / c;",
        ] {
            assert_eq!(lines(planted), [1], "{planted}");
        }
    }

    #[test]
    fn slashes_that_divide_nothing_pass() {
        let text = "// a / b\n/// a / b\n/* a / b */\nlet a = \"b / c\"; let d = '/';\n\
                    include_str!(\"../a/b.csv\");\nlet e = rounding::div(a, b, Rounding::Floor);\n\
                    #[cfg(test)]\nmod tests { fn f() { 1 / 2 } }";
        assert_eq!(lines(text), [] as [usize; 0]);
    }

    #[test]
    fn a_reason_excuses_and_an_empty_one_does_not() {
        assert_eq!(lines("let a = b / c; // division: whole days"), [] as [usize; 0]);
        assert_eq!(lines("// division: whole days\nlet a = b / c;"), [] as [usize; 0]);
        assert_eq!(lines("// float: a slope, quantised below\nfn f() { b / c }"), [] as [usize; 0]);
        assert_eq!(lines("let a = b / c; // division:"), [1]);
        assert_eq!(lines("let a = b / c; // a half"), [1]);
    }

    #[test]
    fn the_rounding_module_and_the_crates_of_floats_divide_freely() {
        let source = Source::new("let a = b / c;");
        assert!(unnamed("crates/money/src/rounding.rs", "money", &source).is_empty());
        assert!(unnamed("crates/options/src/price.rs", "options", &source).is_empty());
        assert_eq!(unnamed("crates/money/src/price.rs", "money", &source).len(), 1);
    }
}
