//! Walking a folder of vector files and counting what passes.

use crate::adapter::{Adapter, Mismatch, case_list};
use crate::fields::describe;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The id under which a failure of a file as a whole is reported.
pub const WHOLE_FILE: &str = "(file)";

/// Members that say what a file is, quoted when no adapter knows it.
const IDENTITY: [&str; 6] = ["schema", "family", "protocol", "protocol_version", "venue", "kind"];

/// Why a folder could not be run at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConformanceError {
    /// The folder, or one inside it, could not be listed. Check the path and its permissions.
    #[error("{}: cannot be listed: {source}", path.display())]
    Unlisted {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// There is nothing to check, which must not look like success. Check the path.
    #[error("{}: no *.json file in it or beneath it", path.display())]
    NothingThere {
        /// The folder.
        path: PathBuf,
    },
}

/// One thing that is not as a file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Id of the case, `#n` (counted from 1) for one without, [`WHOLE_FILE`] for the file.
    pub id: String,
    /// Path of the field inside the case or the file.
    pub field: String,
    /// What the file says, or what would be right.
    pub expected: String,
    /// What was computed, or what stands in the file.
    pub got: String,
}

impl Failure {
    fn new(id: &str, mismatch: Mismatch) -> Self {
        let Mismatch { field, expected, got } = mismatch;
        Failure { id: id.to_owned(), field, expected, got }
    }
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// The file's stem.
    pub name: String,
    /// Its path from the folder that was run, `/` between parts on every platform.
    pub path: String,
    /// Cases whose listed outputs all agree.
    pub passed: usize,
    /// Cases, plus one for each failure of the file as a whole.
    pub total: usize,
    /// Whether some adapter knows the file.
    pub known: bool,
    /// Everything that does not agree, in the file's order.
    pub failures: Vec<Failure>,
}

/// Runs every `*.json` in `folder` and beneath it with the adapters of this crate; the reports are in
/// the order of the paths. Folders reached through a symbolic link are not entered.
///
/// # Errors
/// A folder cannot be listed, or there is no such file. A file that cannot be read or parsed is a
/// failure in its report instead.
pub fn run_dir(folder: &Path) -> Result<Vec<FileReport>, ConformanceError> {
    run_dir_with(folder, &crate::adapters())
}

/// The same with `adapters`, asked in their order.
///
/// # Errors
/// As [`run_dir`].
pub fn run_dir_with(
    folder: &Path,
    adapters: &[Box<dyn Adapter>],
) -> Result<Vec<FileReport>, ConformanceError> {
    // Ordered by relative path, part by part, whatever order the folder lists them in.
    let mut files = BTreeMap::new();
    list(folder, &mut Vec::new(), &mut files)?;
    if files.is_empty() {
        return Err(ConformanceError::NothingThere { path: folder.to_owned() });
    }
    let run = |(parts, path): (&Vec<String>, &PathBuf)| {
        let relative = parts.join("/");
        match fs::read(path) {
            Ok(bytes) => run_bytes(&relative, &bytes, adapters),
            Err(error) => unreadable(&relative, "a readable file", error.to_string()),
        }
    };
    Ok(files.iter().map(run).collect())
}

fn list(
    folder: &Path,
    parts: &mut Vec<String>,
    files: &mut BTreeMap<Vec<String>, PathBuf>,
) -> Result<(), ConformanceError> {
    let unlisted = |source| ConformanceError::Unlisted { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(unlisted)? {
        let entry = entry.map_err(unlisted)?;
        let kind = entry.file_type().map_err(unlisted)?;
        let path = entry.path();
        parts.push(entry.file_name().to_string_lossy().into_owned());
        if kind.is_dir() {
            list(&path, parts, files)?;
        } else if path.extension().is_some_and(|ending| ending == "json") && !path.is_dir() {
            files.insert(parts.clone(), path);
        }
        parts.pop();
    }
    Ok(())
}

/// Runs one file given as its text; `relative` is the path it is reported under.
#[must_use]
pub fn run_text(relative: &str, text: &str, adapters: &[Box<dyn Adapter>]) -> FileReport {
    run_bytes(relative, text.as_bytes(), adapters)
}

fn run_bytes(relative: &str, bytes: &[u8], adapters: &[Box<dyn Adapter>]) -> FileReport {
    // The parser's own message ends with line and column.
    let file: Value = match serde_json::from_slice(bytes) {
        Ok(file) => file,
        Err(error) => return unreadable(relative, "JSON", error.to_string()),
    };
    match adapters.iter().find(|adapter| adapter.knows(&file)) {
        Some(adapter) => run_known(relative, &file, adapter.as_ref()),
        None => unknown(relative, &file),
    }
}

fn run_known(relative: &str, file: &Value, adapter: &dyn Adapter) -> FileReport {
    let cases = adapter.cases(file);
    let mut report = empty(relative, true);
    for mismatch in whole_file(file, cases.len()) {
        report.total += 1;
        report.failures.push(Failure::new(WHOLE_FILE, mismatch));
    }
    let mut seen = BTreeMap::new();
    for (index, case) in cases.into_iter().enumerate() {
        report.total += 1;
        let place = format!("#{}", index + 1);
        let named = match adapter.cases_have_ids() {
            true => identify(case, &place, &mut seen),
            false => Ok(place),
        };
        let (id, mut mismatches) = match named {
            Ok(id) => (id, Vec::new()),
            Err((id, mismatch)) => (id, vec![mismatch]),
        };
        mismatches.extend(adapter.check(file, case).err().unwrap_or_default());
        report.passed += usize::from(mismatches.is_empty());
        report.failures.extend(mismatches.into_iter().map(|m| Failure::new(&id, m)));
    }
    report
}

/// The id of `case`, which no other case of the file may have.
fn identify(
    case: &Value,
    place: &str,
    seen: &mut BTreeMap<String, String>,
) -> Result<String, (String, Mismatch)> {
    let Some(id) = case.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()) else {
        let mismatch = Mismatch::new("id", "a text of its own", describe(case.get("id")));
        return Err((place.to_owned(), mismatch));
    };
    match seen.insert(id.to_owned(), place.to_owned()) {
        None => Ok(id.to_owned()),
        Some(first) => {
            let got = format!("{id:?} at {place}, already the id of {first}");
            Err((id.to_owned(), Mismatch::new("id", "a text of its own", got)))
        }
    }
}

/// What a file says about itself: that it has cases, and how many. The count is `count`, or `cases`
/// where that is a number beside `vectors`.
fn whole_file(file: &Value, cases: usize) -> Vec<Mismatch> {
    let mut wrong = Vec::new();
    if cases == 0 {
        let got = describe(file.get("vectors").or_else(|| file.get("cases")));
        wrong.push(Mismatch::new("vectors", "a list of at least one case", got));
    }
    let beside = || file.get("cases").filter(|value| value.is_number()).map(|v| ("cases", v));
    let declared = file.get("count").map(|value| ("count", value)).or_else(beside);
    if let Some((name, value)) = declared
        && value.as_u64() != u64::try_from(cases).ok()
    {
        let right = format!("{cases}, the number of cases in the file");
        wrong.push(Mismatch::new(name, right, describe(Some(value))));
    }
    wrong
}

fn unknown(relative: &str, file: &Value) -> FileReport {
    let mut report = empty(relative, false);
    report.total = case_list(file).map_or(1, |cases| cases.len().max(1));
    let says = IDENTITY.iter().filter_map(|name| Some((name, file.get(name)?)));
    let says: Vec<String> =
        says.map(|(name, value)| format!("{name} {}", describe(Some(value)))).collect();
    let got = if says.is_empty() { "none of these members".to_owned() } else { says.join(", ") };
    let right = format!("a {} that an adapter knows", IDENTITY.join(", "));
    report.failures.push(Failure::new(WHOLE_FILE, Mismatch::new("schema", right, got)));
    report
}

fn unreadable(relative: &str, right: &str, got: String) -> FileReport {
    let mut report = empty(relative, true);
    report.total = 1;
    report.failures.push(Failure::new(WHOLE_FILE, Mismatch::new("contents", right, got)));
    report
}

fn empty(relative: &str, known: bool) -> FileReport {
    let stem = Path::new(relative).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    FileReport {
        name: stem.unwrap_or_else(|| relative.to_owned()),
        path: relative.to_owned(),
        passed: 0,
        total: 0,
        known,
        failures: Vec::new(),
    }
}
