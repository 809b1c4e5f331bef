//! The checkout as the checks see it: every text file that a person wrote, with its path.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// One text file of the checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// Path from the workspace root, with `/` between its parts on every platform.
    pub path: String,
    /// The whole text. Bytes that are not UTF-8 stand as U+FFFD, which the hygiene check refuses.
    pub text: String,
}

/// The text files of one checkout, ordered by path.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// Every file that a check may look at.
    pub files: Vec<TextFile>,
}

/// Folders at the root that hold what programs wrote: build output, run output, version control.
const SKIPPED_FOLDERS: [&str; 3] = ["target", "out", ".git"];

/// Endings of the files that are read; data tables and vectors are left to the crates that own them.
const READ_ENDINGS: [&str; 6] = [".rs", ".md", ".toml", ".sh", ".yml", ".yaml"];

impl Tree {
    /// Reads every text file beneath `root`.
    ///
    /// # Errors
    /// The path that could not be listed or read, with the reason of the operating system.
    pub fn load(root: &Path) -> Result<Self, io::Error> {
        let mut files = Vec::new();
        let mut pending = vec![root.to_path_buf()];
        while let Some(folder) = pending.pop() {
            for entry in fs::read_dir(&folder).map_err(|error| naming(&folder, error))? {
                let entry = entry?;
                let kind = entry.file_type()?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if kind.is_dir() {
                    let skipped = folder == root && SKIPPED_FOLDERS.contains(&name.as_str());
                    pending.extend((!skipped).then(|| entry.path()));
                } else if kind.is_file() && is_read(&folder, &name) {
                    files.push(read(root, &entry.path())?);
                }
            }
        }
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(Self { files })
    }

    /// The text of the file at `path`, or `None` when the checkout has no such file.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    }

    /// The Rust sources, ordered by path.
    pub fn rust(&self) -> impl Iterator<Item = &TextFile> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }
}

/// `crates/<name>/src/...` gives `<name>`; anything else, tests and benches included, gives `None`.
#[must_use]
pub fn crate_of_source(path: &str) -> Option<&str> {
    let (name, rest) = path.strip_prefix("crates/")?.split_once('/')?;
    rest.starts_with("src/").then_some(name)
}

fn is_read(folder: &Path, name: &str) -> bool {
    READ_ENDINGS.iter().any(|ending| name.ends_with(ending))
        || name.starts_with("LICENSE")
        || folder.file_name().is_some_and(|last| last == ".ci")
}

fn read(root: &Path, path: &Path) -> Result<TextFile, io::Error> {
    let bytes = fs::read(path).map_err(|error| naming(path, error))?;
    let inside: PathBuf = path.strip_prefix(root).unwrap_or(path).to_path_buf();
    let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
    Ok(TextFile { path: parts.join("/"), text: String::from_utf8_lossy(&bytes).into_owned() })
}

/// The operating system's reason does not say which path it means, so the path is added.
fn naming(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sources_belong_to_a_crate() {
        assert_eq!(crate_of_source("crates/money/src/rounding.rs"), Some("money"));
        assert_eq!(crate_of_source("crates/engine/src/steps/tick.rs"), Some("engine"));
        assert_eq!(crate_of_source("crates/engine/tests/commands.rs"), None);
        assert_eq!(crate_of_source("benches/src/lib.rs"), None);
    }

    #[test]
    fn own_sources_are_found_and_build_output_is_not() {
        let tree = Tree::load(&crate::workspace_root()).expect("the checkout is readable");
        assert!(tree.text("crates/tidy/src/tree.rs").is_some());
        assert!(tree.files.iter().all(|file| !file.path.starts_with("target/")));
        assert!(tree.rust().all(|file| file.path.ends_with(".rs")));
    }
}
