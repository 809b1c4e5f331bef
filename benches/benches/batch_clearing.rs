//! See `breakwater_benches::batch_clearing`.

use breakwater_benches::{batch_clearing, options};
use std::process::ExitCode;

fn main() -> ExitCode {
    options::run(batch_clearing::run)
}
