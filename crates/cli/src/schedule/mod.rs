//! `breakwater schedule`: when to sell how much of a lot, what that is expected to cost and how
//! sure that is, beside what simpler ways would cost in the same market.

pub mod arguments;
mod json;
mod market;
mod page;
mod table;
mod text;
mod worked;

use crate::failure::{Failure, Verdict};
use crate::folder::Folder;
use crate::screen::{Paint, Screen};
use arguments::Schedule;
use breakwater_report::{render_sections, write_words_csv};
use market::Market;
use worked::Worked;

/// Schema of the answer.
pub const SCHEMA: &str = "breakwater.schedule/1";
/// The answer, as `--json` prints it; written first, so that it marks the folder as ours.
const ANSWER: &str = "schedule.json";
/// One row a slice.
const SLICES: &str = "slices.csv";
/// One row a point of the frontier.
const FRONTIER: &str = "frontier.csv";
/// The page.
const PAGE: &str = "report.html";

/// Works out what is asked.
pub fn run(asked: &Schedule, screen: &Screen) -> Result<Verdict, Failure> {
    let settings = asked.settings.clone().with_file(asked.file.as_deref())?;
    let market = Market::of(settings)?;
    let worked = Worked::of(&market)?;
    let answer = json::answer(&market, &worked)?;
    let bytes = serde_json::to_vec_pretty(&answer)
        .map_err(|error| Failure::Internal(format!("the answer has no JSON: {error}")))?;
    let mut page = None;
    if let Some(out) = &asked.out {
        let folder = Folder::take(out, &[ANSWER, SLICES, FRONTIER, PAGE], SCHEMA)?;
        folder.write(ANSWER, &bytes)?;
        for (file, table) in
            [(SLICES, table::slices(&market, &worked)), (FRONTIER, table::frontier(&worked))]
        {
            let mut csv = Vec::new();
            write_words_csv(&mut csv, &table)?;
            folder.write(file, &csv)?;
        }
        let hash = blake3::hash(&bytes).to_hex().to_string();
        let report = page::report(&market, &worked, hash);
        folder.write(PAGE, render_sections(&report)?.as_bytes())?;
        page = Some(folder.file(PAGE));
    }
    screen.answer(&text::told(&market, &worked, page.as_deref(), Paint::for_stdout()), &answer)?;
    Ok(Verdict::Fine)
}
