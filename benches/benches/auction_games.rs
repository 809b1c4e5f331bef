//! See `breakwater_benches::auction_games`.

use breakwater_benches::{auction_games, options};
use std::process::ExitCode;

fn main() -> ExitCode {
    options::run(auction_games::run)
}
