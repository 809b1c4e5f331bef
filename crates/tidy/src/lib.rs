//! The house rules as tests: what STYLE.md says and a program can see.
//!
//! Each module holds one family of rules as functions over text in memory, so that every rule is
//! itself tested on a small source with a planted offence. `tests/tidy.rs` runs them all over the
//! workspace. This crate never changes a file, and nothing depends on it.
//!
//! ```
//! use breakwater_tidy::{purity, source::Source};
//!
//! let source = Source::new("fn price() { let now = std::time::Instant::now(); }");
//! let findings = purity::impure("crates/money/src/price.rs", &source);
//! assert_eq!(findings.len(), 1);
//! ```

use std::fmt;
use std::path::PathBuf;

pub mod division;
pub mod documents;
pub mod invariants;
pub mod layering;
mod lexer;
pub mod purity;
pub mod rejections;
pub mod sizes;
pub mod source;
pub mod tree;
pub mod venues;

/// The crates that compute without a clock, a disk, a thread or a random number.
pub const RING_ZERO: [&str; 11] = [
    "money",
    "market",
    "options",
    "margin",
    "execution",
    "auction",
    "liquidation",
    "agreement",
    "ledger",
    "rulebooks",
    "engine",
];

/// One breach of one rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Path from the workspace root.
    pub path: String,
    /// Line, counted from 1; 0 when the whole file or its absence is meant.
    pub line: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Finding {
    /// A finding at a line, or at line 0 for the file as a whole.
    #[must_use]
    pub fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(out, "{}: {}", self.path, self.message),
            line => write!(out, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// The root of the checkout that this crate was compiled in.
#[must_use]
pub fn workspace_root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root.pop();
    root
}
