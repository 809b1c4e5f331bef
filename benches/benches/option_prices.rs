//! See `breakwater_benches::option_prices`.

use breakwater_benches::{option_prices, options};
use std::process::ExitCode;

fn main() -> ExitCode {
    options::run(option_prices::run)
}
