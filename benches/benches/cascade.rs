//! See `breakwater_benches::cascade`.

use breakwater_benches::cascade;
use std::process::ExitCode;

fn main() -> ExitCode {
    cascade::main(std::env::args().skip(1))
}
