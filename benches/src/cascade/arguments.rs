//! What may be said on this benchmark's command line.

use super::Regime;
use crate::{Failure, Result};
use std::path::PathBuf;

/// Sizes of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Loans of the book.
    pub accounts: u32,
    /// Paths of each regime.
    pub paths: u64,
    /// Numbers of threads, each measured.
    pub threads: Vec<usize>,
    /// Markets.
    pub regimes: Vec<Regime>,
    /// Paths of each regime that are run again by asking everybody.
    pub judged: u64,
    /// Paths of each regime for contracts and for three collaterals; zero leaves them out.
    pub variants: u64,
    /// Whether the standing book is measured too.
    pub live: bool,
    /// A folder for what peers read; nothing is measured then.
    pub inputs: Option<PathBuf>,
    /// Sizes of a test.
    pub quick: bool,
}

const RIGHT: &str = "expected --quick, --no-live, --no-variants, --accounts N, --paths N, --judged N, --threads N, \
                     --regime calm|stress|crash|all or --inputs FOLDER";

impl Plan {
    /// The headline benchmark.
    #[must_use]
    pub fn headline() -> Plan {
        Plan {
            accounts: 100_000,
            paths: 1_000,
            threads: vec![1, 2],
            regimes: Regime::ALL.to_vec(),
            judged: 20,
            variants: 100,
            live: true,
            inputs: None,
            quick: false,
        }
    }

    /// Small sizes: the answers are compared, the times mean nothing.
    #[must_use]
    pub fn quick() -> Plan {
        Plan { accounts: 1_000, paths: 4, judged: 1, variants: 2, quick: true, ..Plan::headline() }
    }

    /// Reads the arguments, without the name of the program.
    ///
    /// # Errors
    /// [`Failure::Argument`] for the first one that is not understood.
    pub fn read(arguments: impl IntoIterator<Item = String>) -> Result<Plan> {
        let words: Vec<String> = arguments.into_iter().collect();
        let quick = words.iter().any(|word| word == "--quick");
        let mut plan = if quick { Plan::quick() } else { Plan::headline() };
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                // `cargo bench` tells every benchmark that it is one.
                "--bench" | "--quick" => {}
                "--no-variants" => plan.variants = 0,
                "--no-live" => plan.live = false,
                "--accounts" => plan.accounts = number(words.next())?,
                "--paths" => plan.paths = number(words.next())?,
                "--judged" => plan.judged = number(words.next())?,
                "--threads" => plan.threads = vec![number(words.next())?],
                "--regime" => plan.regimes = regimes(words.next())?,
                "--inputs" => plan.inputs = words.next().map(PathBuf::from),
                _ => return Err(Failure::Argument { given: word, right: RIGHT }),
            }
        }
        Ok(plan)
    }
}

fn number<N: TryFrom<u64>>(given: Option<String>) -> Result<N> {
    let given = given.unwrap_or_default();
    let number = given.replace('_', "").parse::<u64>().ok().filter(|number| *number > 0);
    let right = "a whole number from one up";
    number.and_then(|n| N::try_from(n).ok()).ok_or(Failure::Argument { given, right })
}

fn regimes(given: Option<String>) -> Result<Vec<Regime>> {
    let given = given.unwrap_or_default();
    if given == "all" {
        return Ok(Regime::ALL.to_vec());
    }
    let named = Regime::ALL.into_iter().find(|regime| regime.name() == given);
    let right = "--regime takes calm, stress, crash or all";
    named.map(|regime| vec![regime]).ok_or(Failure::Argument { given, right })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_or_refused_by_name() {
        let read = |words: &str| Plan::read(words.split_whitespace().map(str::to_owned));
        assert_eq!(read("--bench").unwrap(), Plan::headline());
        let plan = read("--paths 10 --quick --regime crash --threads 3 --no-live").unwrap();
        assert_eq!((plan.accounts, plan.paths, plan.live), (1_000, 10, false));
        assert_eq!((plan.regimes, plan.threads), (vec![Regime::Crash], vec![3]));
        for (words, names) in
            [("--fast", "--fast"), ("--paths 0", "\"0\""), ("--regime mild", "mild")]
        {
            assert!(read(words).unwrap_err().to_string().contains(names), "{words}");
        }
    }
}
