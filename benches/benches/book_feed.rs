//! See `breakwater_benches::book_feed`.

use breakwater_benches::{book_feed, options};
use std::process::ExitCode;

fn main() -> ExitCode {
    options::run(book_feed::run)
}
