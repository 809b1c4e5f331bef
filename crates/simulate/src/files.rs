//! Where a scenario's files are: in the program, or beside a file of one's own.

use crate::ScenarioError;
use crate::scenario::{Source, read_file};
use crate::shipped::TABLES;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// File, source, licence and BLAKE3 of its bytes.
pub(crate) type Told = (String, String, String, String);

/// Of a shipped scenario its folder among the shipped tables, of any other the folder of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shelf {
    /// Named from the folder `scenarios/`; empty for that folder itself.
    Shipped(&'static str),
    /// On the disk.
    Beside(PathBuf),
}

/// True if `name` is one of `shipped`, or the path of a TOML file with what only such a scenario `has`.
/// A file that cannot be read is left to whoever opens it.
pub(crate) fn is_meant(
    name: &str,
    shipped: &[(&str, &str)],
    has: impl FnOnce(&toml::Table) -> bool,
) -> bool {
    if shipped.iter().any(|(known, _)| *known == name) {
        return true;
    }
    let path = Path::new(name);
    // Not every file is small: tables and journals are never read for this.
    let toml = path.extension().is_some_and(|extension| extension == "toml");
    let text = if toml { read_file(path).ok() } else { None };
    text.and_then(|text| text.parse::<toml::Table>().ok()).is_some_and(|table| has(&table))
}

impl Shelf {
    /// The text of a scenario, shipped by name or any by path, and where its files are. A shipped one never
    /// reads the disk, and one of your own nothing that is shipped.
    ///
    /// # Errors
    /// No such scenario: those of `shipped` and `others` are told; a file that cannot be read.
    pub fn open(
        name: &str,
        shipped: &[(&str, &str)],
        others: &[(&str, &str)],
        folder: &'static str,
    ) -> Result<(String, Shelf), ScenarioError> {
        if let Some((_, text)) = shipped.iter().find(|(known, _)| *known == name) {
            return Ok(((*text).to_owned(), Shelf::Shipped(folder)));
        }
        let path = Path::new(name);
        if path.extension().is_none_or(|extension| extension != "toml") || !path.exists() {
            let known: Vec<&str> = shipped.iter().chain(others).map(|(known, _)| *known).collect();
            let (name, shipped) = (name.to_owned(), known.join(", "));
            return Err(ScenarioError::Unknown { name, shipped });
        }
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok((read_file(path)?, Shelf::Beside(folder)))
    }

    /// The text of a file that the scenario names.
    ///
    /// # Errors
    /// It is not shipped, or cannot be read.
    pub fn text(&self, file: &str) -> Result<String, ScenarioError> {
        let folder = match self {
            Shelf::Beside(folder) => return read_file(&folder.join(file)),
            Shelf::Shipped(folder) => folder,
        };
        let named = match file.strip_prefix("../") {
            _ if folder.is_empty() => file.to_owned(),
            Some(above) => above.to_owned(),
            None => format!("{folder}/{file}"),
        };
        let found = TABLES.iter().find(|(known, _)| *known == named);
        found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| ScenarioError::Read {
            path: file.to_owned(),
            reason: "not shipped; a scenario of your own names files beside it".to_owned(),
        })
    }
}

/// Where each file comes from; `unstated` are source and licence of one that the scenario says nothing of.
pub(crate) fn provenance<'a>(
    texts: impl IntoIterator<Item = (&'a String, &'a str)>,
    sources: &BTreeMap<String, Source>,
    unstated: (&str, &str),
) -> Vec<Told> {
    let told = |(file, text): (&String, &str)| {
        let known = sources.get(file);
        let known = known.map(|known| (known.source.as_str(), known.licence.as_str()));
        let (source, licence) = known.unwrap_or(unstated);
        let hash = blake3::hash(text.as_bytes()).to_hex().to_string();
        (file.clone(), source.to_owned(), licence.to_owned(), hash)
    };
    texts.into_iter().map(told).collect()
}

/// Source and licence of a file that a scenario says nothing of.
pub(crate) const NOT_STATED: (&str, &str) = ("not stated", "not stated");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_scenarios_read_what_is_shipped_and_others_what_lies_beside_them() {
        let shipped = [("known", "text")];
        let (text, files) = Shelf::open("known", &shipped, &[], "stress").unwrap();
        assert_eq!((text.as_str(), &files), ("text", &Shelf::Shipped("stress")));
        assert!(files.text("../black-thursday/path.csv").unwrap().contains(','));
        let refused = files.text("path.csv").unwrap_err().to_string();
        assert!(refused.contains("path.csv") && refused.contains("not shipped"), "{refused}");

        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("black-thursday")).unwrap();
        std::fs::write(folder.path().join("black-thursday/path.csv"), "mine").unwrap();
        std::fs::write(folder.path().join("own.toml"), "own").unwrap();
        let own = folder.path().join("own.toml").display().to_string();
        let (text, files) = Shelf::open(&own, &shipped, &[], "").unwrap();
        assert_eq!(text, "own");
        // Its own file goes before a shipped one of the same name.
        assert_eq!(files.text("black-thursday/path.csv").unwrap(), "mine");
        assert!(files.text("black-thursday/book.csv").is_err());

        let unknown = Shelf::open("nowhere", &shipped, &[("other", "")], "").unwrap_err();
        assert!(unknown.to_string().contains("known, other"), "{unknown}");
    }
}
