//! See `breakwater_benches::durable`.

use breakwater_benches::{durable, options};
use std::process::ExitCode;

fn main() -> ExitCode {
    options::run(durable::run)
}
