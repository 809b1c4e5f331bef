//! See `breakwater_benches::rulebooks`.

use breakwater_benches::{options, rulebooks};
use std::process::ExitCode;

fn main() -> ExitCode {
    options::run(rulebooks::run)
}
