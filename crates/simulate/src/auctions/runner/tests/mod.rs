//! Runs small enough to know what must come of them.

mod cures;
mod experiments;
mod promises;

use super::{AuctionOptions, AuctionRun, run};
use crate::auctions::scenario::AuctionScenario;
use crate::watcher::Nobody;
use crate::{ScenarioError, shipped};
use toml::{Table, Value};

/// The shipped scenario's file.
fn shipped_text() -> &'static str {
    shipped::AUCTIONS[0].1
}

/// The shipped scenario with some settings changed, each by its dotted path.
fn changed(edits: &[(&str, &str)]) -> String {
    let mut table: Table = toml::from_str(shipped_text()).unwrap();
    for (path, value) in edits {
        let value: Table = format!("value = {value}").parse().unwrap();
        let mut at = &mut table;
        let (keys, last) = path.rsplit_once('.').unwrap_or(("", path));
        for key in keys.split('.').filter(|key| !key.is_empty()) {
            at = match at.get_mut(key).unwrap() {
                Value::Table(table) => table,
                Value::Array(_) => unreachable!("{path} is in a list"),
                _ => unreachable!("{path} is in no table"),
            };
        }
        at.insert((*last).to_owned(), value["value"].clone());
    }
    toml::to_string(&table).unwrap()
}

/// That scenario over a day of its own.
fn scenario(edits: &[(&str, &str)], day: &str) -> Result<AuctionScenario, ScenarioError> {
    let text = changed(edits);
    AuctionScenario::read("test", &text, &|file| {
        if file.ends_with("path.csv") {
            return Ok(day.to_owned());
        }
        let known = shipped::TABLES.iter().find(|(known, _)| *known == file);
        Ok(known.map(|(_, text)| (*text).to_owned()).unwrap())
    })
}

/// The shipped day over a few of its vaults.
fn small(edits: &[(&str, &str)]) -> AuctionScenario {
    let all: Vec<_> = [("book.vaults", "150")].into_iter().chain(edits.iter().copied()).collect();
    let day = shipped::TABLES.iter().find(|(file, _)| *file == "auction-black-thursday/path.csv");
    scenario(&all, day.unwrap().1).unwrap()
}

/// Bars of ten minutes that open and close at these prices, with gas at 20, 40 and 80 gwei.
fn day(closes: &[u32]) -> String {
    let mut text = "start_utc,open,high,low,close,gas_p30_wei,gas_p60_wei,gas_p90_wei\n".to_owned();
    let mut before = closes[0];
    for (bar, close) in closes.iter().enumerate() {
        let (low, high) = (before.min(*close), before.max(*close));
        let (hour, minute) = (bar / 6, bar % 6 * 10);
        text.push_str(&format!(
            "2020-03-12T{hour:02}:{minute:02}:00Z,{before},{high},{low},{close},\
             20000000000,40000000000,80000000000\n"
        ));
        before = *close;
    }
    text
}

fn once(scenario: &AuctionScenario, format: &str) -> AuctionRun {
    run(scenario, format, &AuctionOptions::default(), &mut Nobody).unwrap()
}
