//! See `breakwater_benches::auction_bids`.

use breakwater_benches::{auction_bids, options};
use std::process::ExitCode;

fn main() -> ExitCode {
    options::run(auction_bids::run)
}
