//! `breakwater tax`: realised rows of a journal or a file, and the forms of a profile over them.

pub mod arguments;
mod everybody;
mod import;
mod journal;
mod page;
mod realised;
mod text;

use crate::failure::{Failure, Verdict};
use crate::folder::Folder;
use crate::screen::{Paint, Screen};
use arguments::{MatchingName, MissingBasis, Tax};
use breakwater_accounting::derivatives::Matching;
use breakwater_accounting::export::{self, Dialect, Source};
use breakwater_accounting::{
    AccountingError, Accounts, Date, Entry, Names, Order, Policy, Scope, Shortage, StandingOrder,
};
use breakwater_money::Time;
use breakwater_report::{WordColumn, WordTable, render_sections, write_words_csv};
use breakwater_tax::TaxError;
use breakwater_tax::election::Elections;
use breakwater_tax::profile::{self, Input, Profile};
use breakwater_tax::report::{Report, TABLES, Table};
use serde_json::{Value, json};
use std::path::Path;

/// Schema of the answer for one holder.
const SCHEMA: &str = "breakwater.tax/1";
/// The answer as a file; it marks a folder as ours.
const ANSWER: &str = "tax.json";
/// The page.
const PAGE: &str = "report.html";
/// Ledgers of two programs for plain-text accounting.
const LEDGERS: [(&str, Dialect); 2] =
    [("ledger.beancount", Dialect::Beancount), ("ledger.journal", Dialect::Hledger)];

/// The answer for one holder and one year.
pub struct Answer {
    /// What the profile says.
    pub report: Report,
    /// Standing orders, a sentence each.
    pub identification: Vec<String>,
    /// What the reader of the source assumed.
    pub notes: Vec<String>,
    /// Where it comes from.
    pub file: String,
}

/// One holder's entries.
struct Holding {
    names: Names,
    entries: Vec<Entry>,
    notes: Vec<String>,
    file: String,
}

/// Answers for everybody in a journal, or for one holder under a profile.
pub fn run(asked: &Tax, screen: &Screen) -> Result<Verdict, Failure> {
    let journal = is_journal(&asked.file);
    if journal && asked.holder.is_none() && asked.profile.is_none() {
        return everybody::run(&asked.file, asked.out.as_deref(), screen);
    }
    let Some(word) = asked.profile.as_deref() else {
        let right = "one of us, uk, de, ca or au is right";
        return Err(Failure::Usage(format!("--profile is missing: {right}")));
    };
    let Some(profile) = Profile::parse(word) else {
        let right = "us, uk, de, ca or au is right";
        return Err(Failure::Usage(format!("--profile is `{word}`: {right}")));
    };
    let Some(year) = asked.year else {
        let right = "a tax year such as 2025 is right";
        return Err(Failure::Usage(format!("--year is missing: {right}")));
    };
    profile.period(year).map_err(|error| failure("--year", error))?;
    let mut elections = Elections::new(profile);
    for election in &asked.elect {
        elections.elect(election).map_err(|error| failure("--elect", error))?;
    }
    // Orders that make no sense are found before a file is read.
    for order in &asked.order {
        order_of(order)?;
    }
    let mut held = match journal {
        true => of_journal(asked, profile)?,
        false => {
            let imported = import::read(asked, profile.currency())?;
            let (names, entries, notes) = (imported.names, imported.entries, imported.notes);
            Holding { names, entries, notes, file: asked.file.display().to_string() }
        }
    };
    let orders = orders(asked, &mut held.names)?;
    let input = Input {
        names: &held.names,
        entries: &held.entries,
        year,
        currency: profile.currency(),
        elections: &elections,
        orders: &orders,
        matching: matching(asked.matching),
        shortage: shortage(asked.missing_basis),
    };
    let report = profile::run(profile, &input).map_err(|error| failure(&held.file, error))?;
    let answer = Answer {
        report,
        identification: asked.order.iter().map(|order| format!("{order}, by --order")).collect(),
        notes: held.notes.clone(),
        file: held.file.clone(),
    };
    let object = object(&answer)?;
    let page = match &asked.out {
        Some(out) => Some(write(out, &answer, &object, &input)?),
        None => None,
    };
    let text = text::told(&answer, page.as_deref(), Paint::for_stdout());
    screen.answer(&text, &object)?;
    Ok(Verdict::Fine)
}

/// A run's folder, or a file that is no table of text.
fn is_journal(path: &Path) -> bool {
    path.is_dir() || path.extension().is_some_and(|ending| ending == "redb")
}

/// The entries of one account of a journal.
fn of_journal(asked: &Tax, profile: Profile) -> Result<Holding, Failure> {
    let path = journal::path_of(&asked.file);
    let Some(wanted) = asked.holder.as_deref() else {
        let right = "the number of an account or its owner's name is right";
        return Err(Failure::Usage(format!("--holder is missing: {right}")));
    };
    let mut books = journal::accounts(&path)?;
    let mut meant: Vec<_> = books.accounts.iter().filter(|result| result.owner == wanted).collect();
    if meant.is_empty()
        && let Ok(number) = wanted.parse::<u32>()
    {
        meant.extend(books.accounts.iter().filter(|result| result.account.0 == number));
    }
    let [one] = meta(&meant, wanted)?;
    let account = one.account;
    let file = format!("{}, {account} of {}", path.display(), one.owner);
    let mut notes = books.assumptions.clone();
    notes.push(format!(
        "values are the journal's, in its numeraire, and taken to be {}",
        profile.currency()
    ));
    let entries = books.entries.remove(&account).unwrap_or_default();
    Ok(Holding { names: books.names, entries, notes, file })
}

fn meta<'a, T>(meant: &[&'a T], wanted: &str) -> Result<[&'a T; 1], Failure> {
    match meant {
        [one] => Ok([*one]),
        [] => Err(Failure::Usage(format!(
            "--holder is `{wanted}`: no account has that name or number"
        ))),
        many => Err(Failure::Usage(format!(
            "--holder is `{wanted}`: {} accounts have that owner, a number is right",
            many.len()
        ))),
    }
}

const fn matching(name: MatchingName) -> Matching {
    match name {
        MatchingName::Average => Matching::AverageEntry,
        MatchingName::Fifo => Matching::Fifo,
    }
}

const fn shortage(missing: MissingBasis) -> Shortage {
    match missing {
        MissingBasis::Refuse => Shortage::Refuse,
        MissingBasis::Zero => Shortage::ZeroBasis,
        MissingBasis::Proceeds => Shortage::ProceedsAsBasis,
    }
}

/// Account, order and first instant of a standing order.
fn order_of(text: &str) -> Result<(Option<&str>, Order, Time), Failure> {
    let wrong = |what: String| Failure::Usage(format!("--order is `{text}`: {what}"));
    let (rest, from) = match text.rsplit_once('@') {
        None => (text, Time(0)),
        Some((rest, date)) => {
            let date = Date::parse(date).map_err(|error| wrong(error.to_string()))?;
            (rest, date.start())
        }
    };
    let (account, word) = match rest.rsplit_once(':') {
        None => (None, rest),
        Some((account, word)) => (Some(account), word),
    };
    let Some(order) = Order::parse(word) else {
        return Err(wrong(format!("`{word}` is no order, fifo, lifo, hifo or lofo is right")));
    };
    Ok((account, order, from))
}

fn orders(asked: &Tax, names: &mut Names) -> Result<Vec<StandingOrder>, Failure> {
    let mut orders = Vec::new();
    for text in &asked.order {
        let (account, order, from) = order_of(text)?;
        let wallet = account.map(|account| names.wallet(account));
        orders.push(StandingOrder { from, wallet, order });
    }
    Ok(orders)
}

/// What the command line, or else the source, is to be blamed for.
fn failure(of: &str, error: TaxError) -> Failure {
    let text = format!("{of}: {error}");
    match error {
        TaxError::NoElection { .. } | TaxError::NoChoice { .. } | TaxError::NoYear { .. } => {
            Failure::Usage(text)
        }
        TaxError::Accounting(AccountingError::DoesNotClose { .. }) => Failure::Integrity(text),
        _ => Failure::Data(text),
    }
}

fn object(answer: &Answer) -> Result<Value, Failure> {
    let wrong = |error: serde_json::Error| Failure::Internal(format!("no answer: {error}"));
    let mut object = json!({ "schema": SCHEMA, "file": answer.file });
    let report = serde_json::to_value(&answer.report).map_err(wrong)?;
    if let (Some(object), Value::Object(report)) = (object.as_object_mut(), report) {
        object.extend(report);
        object.insert("standing_orders".to_owned(), json!(answer.identification));
        object.insert("notes".to_owned(), json!(answer.notes));
    }
    Ok(object)
}

/// A table as pages and files have it.
pub fn words(table: &Table) -> WordTable {
    let columns = table.columns.iter().map(|column| WordColumn {
        key: column.key.to_owned(),
        name: column.name.to_owned(),
        numeric: column.numeric,
    });
    WordTable { caption: table.title.clone(), columns: columns.collect(), rows: table.rows.clone() }
}

/// Writes forms, ledgers, the answer and the page. Returns where the page is.
fn write(
    out: &Path,
    answer: &Answer,
    object: &Value,
    input: &Input<'_>,
) -> Result<std::path::PathBuf, Failure> {
    let tables: Vec<String> = TABLES.iter().map(|name| format!("{name}.csv")).collect();
    let mut files = vec![ANSWER, PAGE];
    files.extend(LEDGERS.map(|(name, _)| name));
    files.extend(tables.iter().map(String::as_str));
    let folder = Folder::take(out, &files, SCHEMA)?;
    let bytes = serde_json::to_vec_pretty(object)
        .map_err(|error| Failure::Internal(format!("no answer: {error}")))?;
    folder.write(ANSWER, &bytes)?;
    for table in &answer.report.tables {
        let mut bytes = Vec::new();
        write_words_csv(&mut bytes, &words(table))?;
        folder.write(&format!("{}.csv", table.name), &bytes)?;
    }
    for (name, dialect) in LEDGERS {
        folder.write(name, ledger(input, dialect, &answer.file)?.as_bytes())?;
    }
    let hash = blake3::hash(&bytes).to_hex().to_string();
    folder.write(PAGE, render_sections(&page::report(answer, hash))?.as_bytes())?;
    Ok(folder.file(PAGE))
}

/// Lots by wallet, first in first out or by the standing orders, as a ledger.
fn ledger(input: &Input<'_>, dialect: Dialect, file: &str) -> Result<String, Failure> {
    let policy = Policy::new(Order::Fifo, Scope::Wallet).with_shortage(input.shortage);
    let policy = input.orders.iter().fold(policy, |policy, order| policy.with_order(*order));
    let mut accounts = Accounts::new(policy, input.matching);
    let wrong = |error: AccountingError| failure(file, TaxError::Accounting(error));
    for entry in input.entries {
        accounts.apply(input.names, entry).map_err(wrong)?;
    }
    let source = Source {
        names: input.names,
        currency: input.currency,
        lots: &accounts.lots,
        books: &accounts.books,
        contracts: &accounts.contracts,
    };
    export::text(&source, dialect).map_err(wrong)
}
