//! A journal without a choice of one holder: what everybody has realised, row by row, with every
//! identity checked.

use super::{journal, realised};
use crate::failure::{Failure, Verdict};
use crate::folder::Folder;
use crate::screen::Screen;
use std::path::Path;

/// One line an account that was liquidated; it begins with what marks a folder as ours.
pub const ACCOUNTS: &str = "accounts.csv";
/// One line a realised row.
pub const ROWS: &str = "rows.csv";
/// First columns of the table of accounts.
const MARK: &str = "account,owner,realised,";

/// Keeps the accounts of a journal, or of the one in a run's folder, and tells of them. `out` is a
/// folder for two tables.
pub fn run(given: &Path, out: Option<&Path>, screen: &Screen) -> Result<Verdict, Failure> {
    let path = journal::path_of(given);
    let waiting = screen.waits_for("replaying the journal into accounts");
    let books = journal::accounts(&path)?;
    waiting.finish_and_clear();
    if let Some(out) = out {
        let folder = Folder::take(out, &[ACCOUNTS, ROWS], MARK)?;
        folder.write(ACCOUNTS, &table(realised::accounts_csv(&books))?)?;
        folder.write(ROWS, &table(realised::rows_csv(&books))?)?;
    }
    let answer = realised::answer(&path, &books);
    screen.answer(&realised::told(&answer, &books), &answer)?;
    Ok(Verdict::Fine)
}

fn table(made: Result<Vec<u8>, csv::Error>) -> Result<Vec<u8>, Failure> {
    made.map_err(|error| Failure::Internal(format!("a table cannot be written: {error}")))
}
