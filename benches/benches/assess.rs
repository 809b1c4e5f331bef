//! See `breakwater_benches::assess`.

use breakwater_benches::{assess, options};
use std::process::ExitCode;

fn main() -> ExitCode {
    options::run(assess::run)
}
