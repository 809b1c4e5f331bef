//! See `breakwater_benches::portfolio_margin`.

use breakwater_benches::{options, portfolio_margin};
use std::process::ExitCode;

fn main() -> ExitCode {
    options::run(portfolio_margin::run)
}
