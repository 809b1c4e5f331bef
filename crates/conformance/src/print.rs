//! Printing reports: a line a file for people, one object for programs.

use crate::run::FileReport;
use serde::Serialize;
use std::io::{self, Write};

/// Whether every case of every file passed and every file was known. Of no files at all, no.
#[must_use]
pub fn all_passed(reports: &[FileReport]) -> bool {
    let clean = |report: &FileReport| {
        report.known && report.failures.is_empty() && report.passed == report.total
    };
    !reports.is_empty() && reports.iter().all(clean)
}

/// Writes `NAME passed/total` a line, with ` unknown` after a file that no adapter knows. With
/// `verbose`, each failure follows its file on an indented line.
///
/// # Errors
/// Writing to `out` fails.
pub fn print(reports: &[FileReport], verbose: bool, out: &mut dyn Write) -> io::Result<()> {
    for report in reports {
        let unknown = if report.known { "" } else { " unknown" };
        writeln!(out, "{} {}/{}{unknown}", report.name, report.passed, report.total)?;
        for failure in report.failures.iter().filter(|_| verbose) {
            let (id, field) = (&failure.id, &failure.field);
            writeln!(out, "  {id} {field}: expected {}, got {}", failure.expected, failure.got)?;
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct Whole<'a> {
    all_passed: bool,
    passed: usize,
    total: usize,
    files: &'a [FileReport],
}

/// Writes one JSON object: `all_passed`, the sums `passed` and `total`, and `files` with every
/// failure.
///
/// # Errors
/// Writing to `out` fails.
pub fn print_json(reports: &[FileReport], out: &mut dyn Write) -> io::Result<()> {
    let whole = Whole {
        all_passed: all_passed(reports),
        passed: reports.iter().map(|report| report.passed).sum(),
        total: reports.iter().map(|report| report.total).sum(),
        files: reports,
    };
    serde_json::to_writer_pretty(&mut *out, &whole)?;
    writeln!(out)
}
