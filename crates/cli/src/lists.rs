//! `breakwater scenarios` and `breakwater rulebooks`.

use crate::failure::{Failure, Verdict};
use crate::figures::wrapped;
use crate::screen::{Paint, Screen};
use crate::source;
use breakwater_liquidation::{AssetInfo, AssetKind, Kept, Rulebook};
use breakwater_simulate::agreements::MarginCallScenario;
use breakwater_simulate::auctions::scenario::AuctionScenario;
use breakwater_simulate::defending::DefendScenario;
use breakwater_simulate::listed::ListedScenario;
use breakwater_simulate::option_book::OptionBookScenario;
use breakwater_simulate::perpetuals::PerpetualScenario;
use breakwater_simulate::worlds::World;
use breakwater_simulate::{Scenario, registry};
use serde::Serialize;
use serde_json::json;
use toml::{Table, Value};

const WIDTH: usize = 98;

/// Lists the scenarios that travel with the program.
pub fn scenarios(screen: &Screen) -> Result<Verdict, Failure> {
    let mut text = String::new();
    let mut rows = Vec::new();
    let shipped = Scenario::shipped().iter().chain(PerpetualScenario::shipped());
    let shipped = shipped.chain(AuctionScenario::shipped()).chain(OptionBookScenario::shipped());
    for (name, title) in shipped {
        let provenance = match *name {
            name if OptionBookScenario::is_meant(name) => {
                OptionBookScenario::open(name)?.provenance()
            }
            name if AuctionScenario::is_meant(name) => AuctionScenario::open(name)?.provenance(),
            name if PerpetualScenario::is_meant(name) => {
                PerpetualScenario::open(name)?.provenance()
            }
            name => Scenario::open(name)?.provenance(),
        };
        rows.push(listed(name, title, &provenance, &mut text));
    }
    text.push_str(
        "\nbreakwater replay NAME runs one, auction run NAME one of auctions, compare option-book one of \
         options;\na path to a .toml file works too\n",
    );
    text.push_str("\nAgreements and listed contracts, through time:\n\n");
    let mut agreements = Vec::new();
    for (name, title) in MarginCallScenario::shipped() {
        let data = MarginCallScenario::open(name)?.provenance();
        agreements.push(listed(name, title, &data, &mut text));
    }
    for (name, title) in ListedScenario::shipped() {
        let data = ListedScenario::open(name)?.provenance();
        agreements.push(listed(name, title, &data, &mut text));
    }
    text.push_str("\nbreakwater agreement run NAME plays one; a path to a .toml file works too\n");
    text.push_str("\nWorlds, many paths each:\n\n");
    let mut worlds = Vec::new();
    for (name, title) in World::shipped() {
        worlds.push(listed(name, title, &World::open(name)?.provenance(), &mut text));
    }
    text.push_str("\nbreakwater stress NAME runs one; a path to a .toml file works too\n");
    text.push_str("\nDefences, several sets of them each:\n\n");
    let mut defences = Vec::new();
    for (name, title) in DefendScenario::shipped() {
        defences.push(listed(name, title, &DefendScenario::open(name)?.provenance(), &mut text));
    }
    text.push_str("\nbreakwater defend NAME compares them; a path to a .toml file works too\n");
    let answer = json!({
        "schema": "breakwater.scenarios/1",
        "scenarios": rows,
        "agreements": agreements,
        "worlds": worlds,
        "defences": defences,
    });
    screen.answer(&text, &answer)?;
    Ok(Verdict::Fine)
}

/// One entry of the list, as text and as JSON.
fn listed(
    name: &str,
    title: &str,
    provenance: &[(String, String, String, String)],
    text: &mut String,
) -> serde_json::Value {
    text.push_str(&format!("{name:<24}{title}\n"));
    for (source, licence, files) in by_source(provenance) {
        let told = format!("{files}: {source}; {licence}");
        for line in wrapped(&told, WIDTH - 24) {
            text.push_str(&format!("{:<24}{line}\n", ""));
        }
    }
    let data: Vec<_> = provenance
        .iter()
        .map(|(file, source, licence, hash)| {
            json!({ "file": file, "source": source, "licence": licence, "blake3": hash })
        })
        .collect();
    json!({ "name": name, "title": title, "data": data })
}

/// Files of one source and licence together, in the order in which they are named.
fn by_source(rows: &[(String, String, String, String)]) -> Vec<(&str, &str, String)> {
    let mut told: Vec<(&str, &str, String)> = Vec::new();
    for (file, source, licence, _) in rows {
        match told.iter_mut().find(|row| row.0 == source && row.1 == licence) {
            Some((_, _, files)) => files.push_str(&format!(", {file}")),
            None => told.push((source, licence, file.clone())),
        }
    }
    told
}

/// Lists the rulebooks that travel with the program, or shows one.
pub fn rulebooks(name: Option<&str>, screen: &Screen) -> Result<Verdict, Failure> {
    match name {
        Some(name) => one(name, screen),
        None => all(screen),
    }
}

fn all(screen: &Screen) -> Result<Verdict, Failure> {
    let mut text = String::new();
    let mut rows = Vec::new();
    for (name, toml) in breakwater_rulebooks::shipped() {
        let shown = Shown::read(name, toml)?;
        text.push_str(&format!(
            "{name:<20}rule {}, {} parameters\n",
            shown.rule,
            shown.parameters.len()
        ));
        rows.push(json!({
            "name": shown.name,
            "rule": shown.rule,
            "effective_from": shown.effective_from,
            "parameters_hash": shown.parameters_hash,
        }));
    }
    text.push_str("\nbreakwater rulebooks NAME shows one with its sources and promises\n");
    screen.answer(&text, &json!({ "schema": "breakwater.rulebooks/1", "rulebooks": rows }))?;
    Ok(Verdict::Fine)
}

#[derive(Serialize)]
struct Shown {
    schema: &'static str,
    name: String,
    rule: String,
    effective_from: Option<String>,
    parameters_hash: String,
    parameters: Vec<Parameter>,
    promises: Vec<PromiseRow>,
}

#[derive(Serialize)]
struct Parameter {
    name: String,
    value: String,
    source: Option<String>,
}

#[derive(Serialize)]
struct PromiseRow {
    promise: String,
    sentence: &'static str,
    /// `keeps`, `refuses` or `not applicable`: the venue as it is.
    venue: &'static str,
}

impl Shown {
    fn read(name: &str, text: &str) -> Result<Self, Failure> {
        let wrong = |reason: String| Failure::Data(format!("{name}: {reason}"));
        let table: Table = text.parse().map_err(|error| wrong(format!("not TOML: {error}")))?;
        let word = |key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
        let rule = word("rule").ok_or_else(|| {
            wrong("rule is missing, expected the name of a rule such as \"aave-v3\"".to_owned())
        })?;
        let built = registry()
            .build(&rule, text, &assets_of(&table))
            .map_err(wrong)?
            .ok_or_else(|| wrong(format!("rule is '{rule}', which this build does not know")))?;
        let mut parameters = Vec::new();
        for (key, value) in &table {
            if !["name", "rule", "effective_from", "source"].contains(&key.as_str()) {
                flatten(key, value, &mut parameters);
            }
        }
        let sources = table.get("source").and_then(Value::as_table);
        for parameter in &mut parameters {
            parameter.source = sources.and_then(|sources| source_of(&parameter.name, sources));
        }
        Ok(Shown {
            schema: "breakwater.rulebook/1",
            name: word("name").unwrap_or_else(|| name.to_owned()),
            rule,
            effective_from: word("effective_from"),
            parameters_hash: blake3::hash(text.as_bytes()).to_hex().to_string(),
            parameters,
            promises: promises(&*built),
        })
    }
}

fn promises(rulebook: &dyn Rulebook) -> Vec<PromiseRow> {
    let row = |(promise, kept): &(breakwater_liquidation::Promise, Kept)| PromiseRow {
        promise: format!("{promise:?}"),
        sentence: promise.sentence(),
        venue: match kept {
            Kept::Keeps => "keeps",
            Kept::Refuses => "refuses",
            Kept::NotApplicable => "not applicable",
        },
    };
    rulebook.promises().iter().map(row).collect()
}

/// The assets that the parameters speak of, so that the rule can be built without a book.
fn assets_of(table: &Table) -> Vec<AssetInfo> {
    let info = |symbol: &str, decimals: u8, kind| AssetInfo {
        symbol: symbol.to_owned(),
        decimals,
        kind,
        market: None,
    };
    let mut assets = Vec::new();
    if let Some(settle) = table.get("settle").and_then(Value::as_str) {
        // A file that states the decimals of its values means those of its settle asset.
        let stated = table.get("numeraire_decimals").and_then(Value::as_integer);
        let decimals = stated.and_then(|stated| u8::try_from(stated).ok()).unwrap_or(8);
        assets.push(info(settle, decimals, AssetKind::Token));
    }
    for (symbol, _) in table.get("collateral").and_then(Value::as_table).into_iter().flatten() {
        assets.push(info(symbol, 8, AssetKind::Token));
    }
    for (symbol, asset) in table.get("assets").and_then(Value::as_table).into_iter().flatten() {
        let decimals = asset.get("decimals").and_then(Value::as_integer).unwrap_or(18);
        assets.push(info(symbol, u8::try_from(decimals).unwrap_or(18), AssetKind::Token));
    }
    assets
}

/// One line a parameter: tables open up, rows of a list get their number, leaves are printed.
fn flatten(path: &str, value: &Value, out: &mut Vec<Parameter>) {
    match value {
        Value::Table(table) if path.ends_with(']') => {
            let cells: Vec<String> =
                table.iter().map(|(key, value)| format!("{key} {}", leaf(value))).collect();
            out.push(Parameter { name: path.to_owned(), value: cells.join(", "), source: None });
        }
        Value::Table(table) => {
            for (key, value) in table {
                flatten(&format!("{path}.{key}"), value, out);
            }
        }
        Value::Array(rows) if rows.iter().any(Value::is_table) => {
            for (number, row) in (1..).zip(rows) {
                flatten(&format!("{path}[{number}]"), row, out);
            }
        }
        other => out.push(Parameter { name: path.to_owned(), value: leaf(other), source: None }),
    }
}

fn leaf(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The source of a parameter: by its own path, else by one with `*` for a part of it. What a source
/// says of a table, it says of everything in it.
fn source_of(name: &str, sources: &Table) -> Option<String> {
    let name = name.split_once('[').map_or(name, |(list, _)| list);
    let parts: Vec<&str> = name.split('.').collect();
    let fits = |pattern: &str| {
        let wanted: Vec<&str> = pattern.split('.').collect();
        wanted.len() <= parts.len()
            && wanted.iter().zip(&parts).all(|(wanted, part)| *wanted == "*" || wanted == part)
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    sources.get(name).and_then(text).or_else(|| {
        sources.iter().find(|(pattern, _)| fits(pattern)).and_then(|(_, value)| text(value))
    })
}

fn one(name: &str, screen: &Screen) -> Result<Verdict, Failure> {
    let (name, toml) = source::rulebook(name)?;
    let shown = Shown::read(&name, &toml)?;
    screen.answer(&told(&shown, Paint::for_stdout()), &shown)?;
    Ok(Verdict::Fine)
}

fn told(shown: &Shown, paint: Paint) -> String {
    let mut text = format!("{}\n", paint.strong(&shown.name));
    text.push_str(&format!("  {:<12}{}\n", "rule", shown.rule));
    let since = shown.effective_from.as_deref().unwrap_or("not stated");
    for (index, line) in wrapped(since, WIDTH - 14).into_iter().enumerate() {
        text.push_str(&format!("  {:<12}{line}\n", if index == 0 { "effective" } else { "" }));
    }
    text.push_str(&format!("  {:<12}{}\n", "blake3", shown.parameters_hash));
    let mut sources: Vec<&str> = Vec::new();
    text.push_str(&format!("\n{}\n", paint.strong("Parameters")));
    let widest = shown.parameters.iter().map(|p| p.name.chars().count()).max().unwrap_or(0);
    for parameter in &shown.parameters {
        let note = match &parameter.source {
            None => String::new(),
            Some(source) => {
                let known = sources.iter().position(|known| known == source);
                let number = known.unwrap_or_else(|| {
                    sources.push(source);
                    sources.len() - 1
                });
                format!("  [{}]", number + 1)
            }
        };
        text.push_str(&format!("  {:<widest$}  {}{note}\n", parameter.name, parameter.value));
    }
    text.push_str(&format!("\n{}\n", paint.strong("Sources")));
    for (number, source) in (1..).zip(&sources) {
        for (index, line) in wrapped(source, WIDTH - 7).into_iter().enumerate() {
            let mark = if index == 0 { format!("[{number}]") } else { String::new() };
            text.push_str(&format!("  {mark:<5}{line}\n"));
        }
    }
    text.push_str(&format!("\n{}\n", paint.strong("Promises: what the venue does as it is")));
    for promise in &shown.promises {
        text.push_str(&format!("  {:<16}{}\n", promise.venue, promise.sentence));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_source_is_found() {
        let sources: Table = r#"
            "a.x.rate" = "own"
            "a.*.rate" = "general"
            "a.*.list" = "rows"
            "b" = "all of b"
        "#
        .parse()
        .unwrap();
        let of = |name| source_of(name, &sources);
        assert_eq!(of("a.x.rate").as_deref(), Some("own"));
        assert_eq!(of("a.y.rate").as_deref(), Some("general"));
        assert_eq!(of("a.y.list[3]").as_deref(), Some("rows"));
        assert_eq!(of("b.c.d").as_deref(), Some("all of b"));
        assert_eq!(of("c"), None);
    }

    #[test]
    fn every_shipped_rulebook_shows_its_parameters_sources_and_promises() {
        for (name, toml) in breakwater_rulebooks::shipped() {
            let shown = Shown::read(name, toml).unwrap();
            assert!(!shown.parameters.is_empty() && !shown.promises.is_empty(), "{name}");
            assert!(shown.parameters.iter().any(|parameter| parameter.source.is_some()), "{name}");
        }
    }
}
