//! See `breakwater_benches::liquidation_prices`.

use breakwater_benches::{liquidation_prices, options};
use std::process::ExitCode;

fn main() -> ExitCode {
    options::run(liquidation_prices::run)
}
