//! See `breakwater_benches::schedules`.

use breakwater_benches::{options, schedules};
use std::process::ExitCode;

fn main() -> ExitCode {
    options::run(schedules::run)
}
