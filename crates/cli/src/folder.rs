//! The folder that a run writes: made if it is missing, and overwritten only where it is ours.

use crate::failure::Failure;
use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// A folder with a fixed set of files of which one says that the others are ours.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

/// Bytes at the start of the marking file in which its mark must stand.
const MARK_WITHIN: u64 = 256;

impl Folder {
    /// Makes the folder, or takes over one that an earlier run left: its `files` are removed, and
    /// nothing else is touched. A folder with one of `files` in it is ours only if `files[0]`
    /// begins with something that holds `mark`.
    pub fn take(path: &Path, files: &[&str], mark: &str) -> Result<Folder, Failure> {
        fs::create_dir_all(path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => Failure::Data(format!(
                "--out {}: a file is in the way; expected a folder, or a path where nothing is",
                path.display()
            )),
            _ => Failure::file("make the folder", path, &error),
        })?;
        let there: Vec<&str> = files
            .iter()
            .copied()
            .filter(|file| path.join(file).symlink_metadata().is_ok())
            .collect();
        if let Some(first) = there.first()
            && !marked(&path.join(files[0]), mark)
        {
            return Err(Failure::Data(format!(
                "--out {}: it holds {first}, which no run of this program wrote there; \
                 choose another folder",
                path.display()
            )));
        }
        for file in there {
            let file = path.join(file);
            fs::remove_file(&file).map_err(|error| Failure::file("replace", &file, &error))?;
        }
        Ok(Folder { path: path.to_owned() })
    }

    /// Path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Starts a file.
    pub fn create(&self, name: &str) -> Result<BufWriter<File>, Failure> {
        let path = self.file(name);
        let file = File::create(&path).map_err(|error| Failure::file("write", &path, &error))?;
        Ok(BufWriter::new(file))
    }

    /// Writes a whole file.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.file(name);
        fs::write(&path, bytes).map_err(|error| Failure::file("write", &path, &error))
    }
}

fn marked(path: &Path, mark: &str) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MARK_WITHIN).read_to_end(&mut start));
    read.is_ok() && start.windows(mark.len()).any(|window| window == mark.as_bytes())
}
