//! See `breakwater_benches::lots`.

use breakwater_benches::{lots, options};
use std::process::ExitCode;

fn main() -> ExitCode {
    options::run(lots::run)
}
