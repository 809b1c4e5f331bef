//! `breakwater conformance`.

use crate::failure::{Failure, Verdict};
use crate::figures::count;
use crate::screen::Screen;
use breakwater_conformance::{FileReport, all_passed, print, run_dir};
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct Answer<'a> {
    schema: &'static str,
    all_passed: bool,
    passed: u64,
    total: u64,
    files: &'a [FileReport],
}

/// Runs every case file in the folder and beneath it.
pub fn run(folder: &Path, verbose: bool, screen: &Screen) -> Result<Verdict, Failure> {
    let reports = run_dir(folder)?;
    let sum = |of: fn(&FileReport) -> usize| reports.iter().map(|r| of(r) as u64).sum();
    let answer = Answer {
        schema: "breakwater.conformance/1",
        all_passed: all_passed(&reports),
        passed: sum(|report| report.passed),
        total: sum(|report| report.total),
        files: &reports,
    };
    let mut text = Vec::new();
    // Writing to memory does not fail.
    let _ = print(&reports, verbose, &mut text);
    let text = String::from_utf8_lossy(&text).into_owned();
    let (passed, total) = (count(answer.passed), count(answer.total));
    screen.answer(&text, &answer)?;
    // Beside the answer, so that every line of it is a file's.
    screen.note(&format!("all files {passed}/{total}"));
    if !answer.all_passed && !verbose {
        screen.note("--verbose prints what differs");
    }
    Ok(if answer.all_passed { Verdict::Fine } else { Verdict::Finding })
}
