//! Starting the program, and a small scenario to start it on.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        Ended {
            code: output.status.code().expect("ended by itself"),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }

    /// Asserts the exit code, and shows what was said if it is another.
    #[track_caller]
    pub fn with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    /// Asserts a failure that says all of `words` in at most three lines and nothing on standard
    /// output.
    #[track_caller]
    pub fn complains(self, code: i32, words: &[&str]) {
        let told = self.with(code);
        for word in words {
            assert!(told.err.contains(word), "'{word}' is not in: {}", told.err);
        }
        assert_eq!(told.out, "");
        assert!(told.err.starts_with("error: ") && told.err.lines().count() <= 3, "{}", told.err);
    }
}

pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_breakwater"));
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "TERM"] {
        command.env_remove(name);
    }
    command
}

/// Runs the program in `folder`.
pub fn run_in(folder: &Path, arguments: &[&str]) -> Ended {
    let output = program().current_dir(folder).args(arguments).output().expect("starts");
    Ended::of(output)
}

/// Runs the program where it writes nothing.
pub fn run(arguments: &[&str]) -> Ended {
    let folder = TempDir::new().expect("a folder");
    run_in(folder.path(), arguments)
}

/// Folder of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Accounts in the small scenario.
const ACCOUNTS: usize = 40;

/// A folder with `small.toml`: the shipped scenario over a few of its accounts, every one of which
/// owes what falls due that day.
pub fn small() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let shipped = workspace().join("scenarios");
    let settings = text(&shipped.join("black-thursday.toml"))
        .replace("name = \"black-thursday\"", "name = \"small\"");
    fs::write(folder.path().join("small.toml"), settings).expect("writes");
    let tables = folder.path().join("black-thursday");
    fs::create_dir(&tables).expect("a folder");
    for table in ["prices.csv", "path.csv", "depth-wsteth-usdc.csv", "depth-wsteth-weth.csv"] {
        fs::copy(shipped.join("black-thursday").join(table), tables.join(table)).expect("copies");
    }
    let book = text(&shipped.join("black-thursday/book.csv"));
    let mut lines = book.lines();
    let mut small = vec![lines.next().expect("a header")];
    let mut accounts: Vec<&str> = Vec::new();
    for line in lines.filter(|line| line.contains(",b2,")) {
        let account = line.split(',').next().expect("a field");
        if accounts.last() != Some(&account) {
            accounts.push(account);
        }
        if accounts.len() > ACCOUNTS {
            break;
        }
        small.push(line);
    }
    fs::write(tables.join("book.csv"), small.join("\n") + "\n").expect("writes");
    folder
}

/// A folder with one file in it.
pub fn folder_with(name: &str, content: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(name), content).unwrap();
    folder
}
