//! See `breakwater_benches::deleverage_ranking`.

use breakwater_benches::{deleverage_ranking, options};
use std::process::ExitCode;

fn main() -> ExitCode {
    options::run(deleverage_ranking::run)
}
