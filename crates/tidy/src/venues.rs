//! Venue names stand in the crates that mirror venues, and nowhere else in code.
//!
//! Comments are free: a formula names the venue it was taken from. Names that are ordinary words as
//! well count only where they stand as a name: capitalised, or with a version behind them.

use crate::Finding;
use crate::source::{Kind, Source};

/// Crates whose sources may name venues, and this one, which holds the list.
const HOMES: [&str; 4] = ["rulebooks", "conformance", "cli", "tidy"];

/// Names that mean nothing else; found in any spelling, in strings too.
const NAMES: [&str; 17] = [
    "aave",
    "binance",
    "bitmex",
    "bybit",
    "coinbase",
    "crvusd",
    "deribit",
    "dydx",
    "gmx",
    "hyperliquid",
    "kamino",
    "liquity",
    "llamma",
    "morpho",
    "okx",
    "percolator",
    "synthetix",
];

/// Names that are words of the language or of the field as well.
const WORDS: [&str; 7] = ["comet", "compound", "drift", "euler", "kraken", "maker", "mango"];

/// Neighbours with which such a word is no name: compound interest, an Euler step, a maker fee.
const ORDINARY_NEIGHBOURS: [&str; 16] = [
    "fee", "growth", "interest", "market", "maruyama", "order", "poisson", "price", "rate",
    "rebate", "return", "scheme", "side", "step", "taker", "term",
];

/// How many parts of an identifier a name may be spread over: `dYdX` has three.
const PARTS_MAX: usize = 4;

/// Every venue named in the code or the strings of `source`, which lies in the crate `name`.
#[must_use]
pub fn named(path: &str, name: &str, source: &Source) -> Vec<Finding> {
    if HOMES.contains(&name) {
        return Vec::new();
    }
    // Makers and takers come in pairs; a file that speaks of takers means the two sides of a trade.
    let sides = source.tokens.iter().any(|token| {
        token.kind == Kind::Word && parts(&token.text).iter().any(|part| is(part, "taker"))
    });
    let mut findings = Vec::new();
    for token in &source.tokens {
        let parts = parts(&token.text);
        let venue = match token.kind {
            Kind::Word => distinctive(&parts).or_else(|| ordinary_word_as_name(&parts, sides)),
            Kind::Text => distinctive(&parts),
            _ => None,
        };
        if let Some(venue) = venue {
            let message = format!(
                "`{venue}` is a venue: its name stands in rulebooks, conformance or cli only"
            );
            findings.push(Finding::new(path, token.line, message));
        }
    }
    findings
}

fn is(part: &str, word: &str) -> bool {
    part.eq_ignore_ascii_case(word)
}

/// Cuts `aaveV3_pool` or a sentence into `aave`, `V3`, `pool`.
fn parts(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut previous: Option<char> = None;
    for next in text.chars() {
        let joins = previous.is_some_and(char::is_alphanumeric) && next.is_alphanumeric();
        let humps = next.is_uppercase() && previous.is_some_and(|before| !before.is_uppercase());
        match parts.last_mut() {
            Some(last) if joins && !humps => last.push(next),
            _ if next.is_alphanumeric() => parts.push(next.to_string()),
            _ => {}
        }
        previous = Some(next);
    }
    parts
}

fn distinctive(parts: &[String]) -> Option<&'static str> {
    for start in 0..parts.len() {
        let mut joined = String::new();
        for part in parts.iter().skip(start).take(PARTS_MAX) {
            joined.push_str(&part.to_lowercase());
            // A version may hang on the name without a hump between: `aavev3`.
            let bare = joined.trim_end_matches(|last: char| last.is_ascii_digit());
            let bare = bare.strip_suffix('v').unwrap_or(bare);
            let matches = |name: &&&str| joined == ***name || bare == **name;
            if let Some(name) = NAMES.iter().find(|name| matches(name)) {
                return Some(*name);
            }
        }
    }
    None
}

fn ordinary_word_as_name(parts: &[String], sides: bool) -> Option<&'static str> {
    parts.iter().enumerate().find_map(|(at, part)| {
        let word = WORDS.iter().find(|word| is(part, word))?;
        let before = at.checked_sub(1).and_then(|before| parts.get(before));
        let after = parts.get(at + 1);
        if after.is_some_and(|next| is_version(next) || is(next, "dao")) {
            return Some(*word);
        }
        let neighbour = |other: Option<&String>| {
            other.is_some_and(|other| ORDINARY_NEIGHBOURS.iter().any(|usual| is(other, usual)))
        };
        let mut letters = part.chars();
        let capitalised = letters.next().is_some_and(char::is_uppercase)
            && letters.all(|letter| letter.is_lowercase());
        let trade_side = *word == "maker" && sides;
        (capitalised && !trade_side && !neighbour(before) && !neighbour(after)).then_some(*word)
    })
}

fn is_version(part: &str) -> bool {
    let mut letters = part.chars();
    letters.next().is_some_and(|first| first.eq_ignore_ascii_case(&'v'))
        && letters.next().is_some_and(|second| second.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        named("crates/engine/src/lib.rs", "engine", &Source::new(text)).len()
    }

    #[test]
    fn every_planted_venue_is_found() {
        for planted in [
            "struct AaveV3;",
            "fn aave_v3() {}",
            "const AAVE_FEE: u8 = 1;",
            "mod aavev3;",
            "let a = \"binance\";",
            "let a = \"rulebooks/dYdX-v4.toml\";",
            "struct CrvUsdBands;",
            "struct HyperLiquid;",
            "struct CompoundV2;",
            "fn compound_v2() {}",
            "struct Maker;",
            "mod maker_dao;",
            "enum Venue { Drift }",
            "type Rule = EulerSwap;",
        ] {
            assert_eq!(count(planted), 1, "{planted}");
        }
    }

    #[test]
    fn ordinary_words_and_comments_pass() {
        for ordinary in [
            "// Aave's rule, as in its Pool contract",
            "let drift = 1; let maker = 2; let compound = 3;",
            "struct CompoundInterest; struct EulerMaruyama; struct MakerFee; struct DriftRate;",
            "enum Side { Maker, Taker }",
            "struct MarketMaker;",
            "const DRIFT: u8 = 1;",
            "let a = \"a compound rate and a drift\";",
            "fn price_maker() {} fn comet_tail() {}",
            "let morphology = 1; let liquidity = 2; let okxy = 3;",
        ] {
            assert_eq!(count(ordinary), 0, "{ordinary}");
        }
    }

    #[test]
    fn venues_are_at_home_in_rulebooks() {
        let source = Source::new("struct AaveV3;");
        assert!(named("crates/rulebooks/src/a.rs", "rulebooks", &source).is_empty());
        assert_eq!(named("crates/report/src/a.rs", "report", &source).len(), 1);
    }
}
