//! See `breakwater_benches::plans`.

use breakwater_benches::{options, plans};
use std::process::ExitCode;

fn main() -> ExitCode {
    options::run(plans::run)
}
