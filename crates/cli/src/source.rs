//! Files and rulebooks that a command line names.

use crate::failure::Failure;
use breakwater_simulate::book::Book;
use breakwater_simulate::proposals::StatedMarkets;
use breakwater_simulate::scenario::read_file;
use breakwater_simulate::{Scenario, assess};
use std::fs;
use std::io::Read;
use std::path::Path;

/// Largest input file read, 256 MiB: beyond, a wrong file is likelier than a book.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// The bytes of a file.
pub fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let fail = |error: &std::io::Error| Failure::file("read", path, error);
    let file = fs::File::open(path).map_err(|e| fail(&e))?;
    if file.metadata().map_err(|e| fail(&e))?.is_dir() {
        return Err(Failure::Data(format!(
            "cannot read {}: it is a folder, expected a file",
            path.display()
        )));
    }
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|e| fail(&e))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let limit = FILE_BYTES_MAX >> 20;
        return Err(Failure::Data(format!("{} is longer than {limit} MiB", path.display())));
    }
    Ok(bytes)
}

/// Name and text of a rulebook: a shipped one by its name, or any by its path.
pub fn rulebook(name_or_path: &str) -> Result<(String, String), Failure> {
    let shipped = breakwater_rulebooks::shipped();
    if let Some((name, text)) = shipped.iter().find(|(name, _)| *name == name_or_path) {
        return Ok(((*name).to_owned(), (*text).to_owned()));
    }
    let path = Path::new(name_or_path);
    if !path.exists() {
        let names: Vec<&str> = shipped.iter().map(|(name, _)| *name).collect();
        return Err(Failure::Usage(format!(
            "no rulebook '{name_or_path}': shipped are {}; a path to a .toml file works too",
            names.join(", ")
        )));
    }
    let text = String::from_utf8(bytes(path)?)
        .map_err(|_| Failure::Data(format!("{}: not UTF-8, expected TOML", path.display())))?;
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Ok((name, text))
}

/// Name of the rule that a rulebook file is for.
pub fn rule_of(name: &str, text: &str) -> Result<String, Failure> {
    let table: toml::Table =
        toml::from_str(text).map_err(|error| Failure::Data(format!("{name}: {error}")))?;
    let rule = table.get("rule").and_then(toml::Value::as_str).map(str::to_owned);
    rule.ok_or_else(|| {
        Failure::Data(format!("{name}: no 'rule', expected the name of a rule of this build"))
    })
}

/// The rulebooks asked for; else the file shipped first of every rule that takes a lending book,
/// `first` before them.
pub fn rulebooks(
    asked: &[String],
    first: Option<&(String, String)>,
) -> Result<Vec<(String, String)>, Failure> {
    if !asked.is_empty() {
        return asked.iter().map(|name| rulebook(name)).collect();
    }
    let mut chosen: Vec<(String, String)> = first.cloned().into_iter().collect();
    let mut rules =
        chosen.iter().map(|(name, text)| rule_of(name, text)).collect::<Result<Vec<_>, _>>()?;
    for (name, text) in breakwater_rulebooks::shipped() {
        let rule = rule_of(name, text)?;
        let shape = breakwater_rulebooks::shape(&rule, text).map_err(Failure::Internal)?;
        if shape.is_none() || rules.contains(&rule) {
            continue;
        }
        rules.push(rule);
        chosen.push(((*name).to_owned(), (*text).to_owned()));
    }
    Ok(chosen)
}

/// A book of accounts from a file, with prices where it needs them.
pub fn book(file: &Path, prices: Option<&Path>) -> Result<Book, Failure> {
    Ok(book_and_markets(file, prices)?.0)
}

/// The same with the market conditions that the file states.
pub fn book_and_markets(
    file: &Path,
    prices: Option<&Path>,
) -> Result<(Book, Option<StatedMarkets>), Failure> {
    let text = read_file(file)?;
    let prices = match prices {
        Some(path) => Some((path.display().to_string(), read_file(path)?)),
        None => None,
    };
    let prices = prices.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
    let name = file.display().to_string();
    let (book, markets) = assess::read_stated(&name, &text, prices)?;
    if book.accounts.is_empty() {
        return Err(Failure::Data(format!("{name}: no account in it, expected at least one")));
    }
    Ok((book, markets))
}

/// The book of a scenario that travels with the program, or one from a file.
pub fn book_or_scenario(named: &Path, prices: Option<&Path>) -> Result<Book, Failure> {
    let name = named.to_string_lossy();
    if Scenario::shipped().iter().any(|(known, _)| *known == name) {
        return Ok(Scenario::open(&name)?.book);
    }
    book(named, prices)
}
