//! SAFETY.md prints which promise each rulebook keeps by itself; it must say what they declare.

use breakwater_liquidation::{AssetInfo, AssetKind, Kept, Promise, Rulebook};

const PAGE: &str = include_str!("../../../SAFETY.md");

fn declared() -> String {
    let build = |rule: &str, name: &str| -> Box<dyn Rulebook> {
        let shipped = breakwater_rulebooks::shipped();
        let (_, text) = shipped.iter().find(|(known, _)| *known == name).unwrap();
        let dollars = ["USDT", "USDC"].map(|symbol| AssetInfo {
            symbol: symbol.to_owned(),
            decimals: 6,
            kind: AssetKind::Token,
            market: None,
        });
        breakwater_rulebooks::build(rule, text, &dollars).unwrap().unwrap()
    };
    let rule = |text: &str| {
        let table: toml::Table = toml::from_str(text).unwrap();
        table["rule"].as_str().unwrap().to_owned()
    };
    let mut rulebooks: Vec<Box<dyn Rulebook>> = breakwater_rulebooks::shipped()
        .iter()
        .map(|(name, text)| build(&rule(text), name))
        .collect();
    rulebooks.push(build("secured-loan", "aave-v3.7"));
    let mut page = String::new();
    for (number, promise) in (1..).zip(Promise::ALL) {
        page.push_str(&format!("{number}. {}\n", promise.sentence()));
    }
    let numbers: Vec<String> = (1..=Promise::ALL.len()).map(|n| n.to_string()).collect();
    page.push_str(&format!("\n| rulebook | {} |\n", numbers.join(" | ")));
    page.push_str(&format!("|---|{}\n", "---|".repeat(numbers.len())));
    for rulebook in &rulebooks {
        let kept = |promise: &Promise| {
            let found = rulebook.promises().iter().find(|(p, _)| p == promise);
            match found.map(|(_, kept)| kept) {
                Some(Kept::Keeps) => "keeps",
                Some(Kept::Refuses) => "refuses",
                Some(Kept::NotApplicable) => "n/a",
                None => "not declared",
            }
        };
        let cells: Vec<&str> = Promise::ALL.iter().map(kept).collect();
        page.push_str(&format!("| {} | {} |\n", rulebook.name(), cells.join(" | ")));
    }
    page
}

#[test]
fn the_page_says_what_the_rulebooks_declare() {
    let table = declared();
    assert!(!table.contains("not declared"), "a rulebook declares every promise:\n{table}");
    let (start, end) = ("<!-- promises -->\n", "<!-- /promises -->");
    let from = PAGE.find(start).unwrap() + start.len();
    let until = PAGE[from..].find(end).unwrap() + from;
    assert_eq!(&PAGE[from..until], table, "SAFETY.md should say:\n{table}");
}
