//! SAFETY.md prints which promise each rulebook keeps by itself; it must say what they declare.

use breakwater_liquidation::{AssetInfo, AssetKind, Kept, Promise, Rulebook};

const PAGE: &str = include_str!("../../../SAFETY.md");

fn declared() -> String {
    let build = |rule: &str, name: &str| -> Box<dyn Rulebook> {
        let shipped = breakwater_rulebooks::shipped();
        let (_, text) = shipped.iter().find(|(known, _)| *known == name).unwrap();
        let dollars = AssetInfo {
            symbol: "USDT".to_owned(),
            decimals: 6,
            kind: AssetKind::Token,
            market: None,
        };
        breakwater_rulebooks::build(rule, text, &[dollars]).unwrap().unwrap()
    };
    let rulebooks = [
        build("aave-v3", "aave-v3.7"),
        build("binance-usdm", "binance-usdm"),
        build("secured-loan", "aave-v3.7"),
    ];
    let names: Vec<&str> = rulebooks.iter().map(|r| r.name()).collect();
    let mut table = format!("| promise | {} |\n|---|---|---|---|\n", names.join(" | "));
    for promise in Promise::ALL {
        let kept = |rulebook: &dyn Rulebook| {
            let found = rulebook.promises().iter().find(|(p, _)| p == promise);
            match found.map(|(_, kept)| kept) {
                Some(Kept::Keeps) => "keeps",
                Some(Kept::Refuses) => "refuses",
                Some(Kept::NotApplicable) => "not applicable",
                None => "not declared",
            }
        };
        let cells: Vec<&str> = rulebooks.iter().map(|r| kept(&**r)).collect();
        table.push_str(&format!("| {} | {} |\n", promise.sentence(), cells.join(" | ")));
    }
    table
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
