//! See `breakwater_benches::durable`.

use breakwater_benches::{durable, options};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    options::run(|options| durable::run(options, Path::new(env!("CARGO_TARGET_TMPDIR"))))
}
