//! See `breakwater_benches::contract_events`.

use breakwater_benches::{contract_events, options};
use std::process::ExitCode;

fn main() -> ExitCode {
    options::run(contract_events::run)
}
