//! See `breakwater_benches::pooled_schedule`.

use breakwater_benches::{options, pooled_schedule};
use std::process::ExitCode;

fn main() -> ExitCode {
    options::run(pooled_schedule::run)
}
