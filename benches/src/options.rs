//! What may be said on the command line.

use crate::{Failure, Result};
use std::process::ExitCode;

/// How a benchmark is asked to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Small sizes: the answers are compared, the times mean nothing.
    pub quick: bool,
    /// One size of book, in accounts, in place of the usual ones.
    pub accounts: Option<u32>,
}

impl Options {
    /// Reads the arguments of a benchmark, without the name of the program.
    ///
    /// # Errors
    /// [`Failure::Argument`] for the first one that is not understood.
    pub fn read(arguments: impl IntoIterator<Item = String>) -> Result<Options> {
        let mut options = Options::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // `cargo bench` tells every benchmark that it is one.
                "--bench" => {}
                "--quick" => options.quick = true,
                "--accounts" => {
                    let given = arguments.next().unwrap_or_default();
                    let count = given.replace('_', "").parse().ok().filter(|count| *count > 0);
                    let right = "--accounts takes a number of accounts, 1 to 4294967295";
                    options.accounts = Some(count.ok_or(Failure::Argument { given, right })?);
                }
                _ => {
                    let right = "expected --quick, or --accounts and a number";
                    return Err(Failure::Argument { given: argument, right });
                }
            }
        }
        Ok(options)
    }
}

/// Runs a benchmark with the program's arguments; a failure is printed and ends it with code 1.
pub fn run(benchmark: impl FnOnce(&Options) -> Result<()>) -> ExitCode {
    match Options::read(std::env::args().skip(1)).and_then(|options| benchmark(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> std::result::Result<Options, String> {
        let words = words.split_whitespace().map(str::to_owned);
        Options::read(words).map_err(|failure| failure.to_string())
    }

    #[test]
    fn arguments_are_read_or_refused_by_name() {
        assert_eq!(read("--bench"), Ok(Options::default()));
        let both = Options { quick: true, accounts: Some(10_000) };
        assert_eq!(read("--quick --accounts 10_000 --bench"), Ok(both));
        for (words, names) in
            [("--fast", "--fast"), ("--accounts 0", "\"0\""), ("--accounts", "\"\"")]
        {
            assert!(read(words).unwrap_err().contains(names), "{words}");
        }
    }
}
