//! See `breakwater_benches::margin_calls`.

use breakwater_benches::{margin_calls, options};
use std::process::ExitCode;

fn main() -> ExitCode {
    options::run(margin_calls::run)
}
