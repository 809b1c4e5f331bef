//! Runs files of numeric cases against the rules of this workspace.
//!
//! A file is recognised by what it says inside (`schema`, `kind` and the like), never by its name, so
//! a renamed copy is checked all the same and a foreign file is reported as unknown rather than
//! skipped. Each family of files has an [`Adapter`]; the runner owns everything that families share:
//! walking the folder, counting, duplicate ids, the declared count, malformed JSON. Comparison with
//! a tolerance is [`compare`]'s, by exact rationals.
//!
//! ```no_run
//! let reports = breakwater_conformance::run_dir(std::path::Path::new("conformance"))?;
//! breakwater_conformance::print(&reports, false, &mut std::io::stdout())?;
//! assert!(breakwater_conformance::all_passed(&reports));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod actus;
pub mod adapter;
pub mod cascades;
pub mod cdp;
pub mod compare;
pub mod csa;
pub mod exchange;
pub mod fields;
pub mod lending;
mod node;
pub mod options;
mod print;
mod run;
pub mod tax;

pub use adapter::{Adapter, Mismatch, case_list};
pub use print::{all_passed, print, print_json};
pub use run::{ConformanceError, Failure, FileReport, WHOLE_FILE, run_dir, run_dir_with, run_text};

/// Every adapter of this crate, in the order in which they are asked.
#[must_use]
pub fn adapters() -> Vec<Box<dyn Adapter>> {
    let mut all = exchange::adapters();
    all.extend(lending::adapters());
    all.extend(cdp::adapters());
    all.extend(cascades::adapters());
    all.extend(options::adapters());
    all.extend(tax::adapters());
    all.extend(csa::adapters());
    all.extend(actus::adapters());
    all
}
