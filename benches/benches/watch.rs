//! See `breakwater_benches::watch`.

use breakwater_benches::{options, watch};
use std::process::ExitCode;

fn main() -> ExitCode {
    options::run(watch::run)
}
