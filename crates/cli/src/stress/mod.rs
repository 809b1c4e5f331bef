//! `breakwater stress`: many paths of a world, the tail of what they lose, and other values.

mod answer;
pub mod arguments;
mod page;
#[cfg(feature = "parquet")]
mod parquet;
mod run;
mod tables;
mod text;

use crate::failure::{Failure, Verdict};
use crate::folder::Folder;
use crate::replay::{REPORT, default_folder};
use crate::screen::{Paint, Screen};
use arguments::Stress;
use breakwater_report::{render_sections, write_words_csv};
use run::Ran;

/// Schema of the answer.
pub const SCHEMA: &str = "breakwater.stress/1";
/// The answer, as `--json` prints it; written first, so that it marks the folder as ours.
const ANSWER: &str = "stress.json";
/// The paths as Parquet, where this program was built with it.
const PARQUET: &str = "paths.parquet";
/// Every file that a run may leave.
const FILES: [&str; 9] = [
    ANSWER,
    REPORT,
    tables::PATHS,
    PARQUET,
    tables::FAN,
    tables::MAP,
    tables::FUND,
    tables::SWEEP,
    tables::SEARCH,
];

/// Runs a world as asked.
pub fn run(asked: &Stress, screen: &Screen) -> Result<Verdict, Failure> {
    let world = run::open(asked)?;
    let name = world.file.name.clone();
    let out = asked.out.clone().unwrap_or_else(|| default_folder(&name, ""));
    let folder = Folder::take(&out, &FILES, SCHEMA)?;
    let ran = Ran::of(world, asked, screen)?;
    let answer = answer::of(&ran);
    let mut bytes = serde_json::to_vec_pretty(&answer)
        .map_err(|error| Failure::Internal(format!("the answer has no JSON: {error}")))?;
    bytes.push(b'\n');
    folder.write(ANSWER, &bytes)?;
    for (file, table) in tables::all(&ran) {
        let mut csv = Vec::new();
        write_words_csv(&mut csv, &table)?;
        folder.write(file, &csv)?;
        #[cfg(feature = "parquet")]
        if file == tables::PATHS {
            folder.write(PARQUET, &parquet::bytes(&table)?)?;
        }
    }
    folder.write(REPORT, render_sections(&page::report(&ran))?.as_bytes())?;
    screen.answer(&text::told(&ran, &folder.file(REPORT), Paint::for_stdout()), &answer)?;
    Ok(match (ran.sound(), ran.interrupted) {
        (false, _) => Verdict::Broken,
        (true, true) => Verdict::Finding,
        (true, false) => Verdict::Fine,
    })
}
