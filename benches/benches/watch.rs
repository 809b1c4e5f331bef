//! See `breakwater_benches::watch`.

use breakwater_benches::{watch, options};
use std::process::ExitCode;

fn main() -> ExitCode {
    options::run(watch::run)
}
