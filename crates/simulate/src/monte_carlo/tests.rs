//! The fast way is the slow way, bit for bit.

use super::*;
use proptest::prelude::*;
use std::ops::ControlFlow;

const IMPACTS: [fn(f64) -> Impact; 4] = [
    |_| Impact::None,
    |depth| Impact::Exponential { depth },
    |depth| Impact::Linear { depth },
    |depth| Impact::SquareRoot { scale: 0.05, volume: depth },
];

fn run(law: PathLaw, impact: Impact, paths: u64) -> MonteCarlo {
    let rules = Rules::headline();
    MonteCarlo { rules, impact, law, steps: 1_440, paths, seed: 7, threads: 1 }
}

fn judge(run: &MonteCarlo, book: &Book) -> Results {
    let results = run.run(book).unwrap();
    for (row, path) in results.rows.iter().zip(0..) {
        assert_eq!(*row, run.scan(book, path).unwrap(), "{run:?}");
    }
    results
}

#[test]
fn a_path_is_what_asking_everybody_gives_in_every_regime_and_under_every_impact() {
    let book = Book::drawn(2_000, 1).unwrap();
    let depth = 2.0 * book.collateral() as f64;
    let mut counts = Vec::new();
    for law in [PathLaw::CALM, PathLaw::STRESS, PathLaw::CRASH] {
        for impact in IMPACTS {
            counts.push(judge(&run(law.clone(), impact(depth), 2), &book).liquidations());
        }
    }
    // Calm, stress and crash under exponential impact, per account and path.
    let rates: Vec<u64> = [1, 5, 9].iter().map(|at| counts[*at] / 2_000 / 2).collect();
    assert!(rates[0] == 0 && rates[1] >= 1 && rates[2] >= 4, "{counts:?}");
}
