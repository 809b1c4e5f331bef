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

#[test]
fn threads_change_nothing_and_a_stopped_run_keeps_what_was_done() {
    let book = Book::drawn(500, 2).unwrap();
    let impact = Impact::Exponential { depth: 2.0 * book.collateral() as f64 };
    let one = MonteCarlo { steps: 300, ..run(PathLaw::CRASH, impact, 12) };
    let whole = one.run(&book).unwrap();
    assert!(whole.complete() && whole.rows.iter().zip(0..).all(|(row, path)| row.path == path));
    let three = MonteCarlo { threads: 3, ..one.clone() };
    assert_eq!(three.run(&book).unwrap().hash(), whole.hash());
    for run in [&one, &three] {
        let mut seen = Vec::new();
        let part = run.watched(&book, |done| {
            seen.push(done.paths);
            if done.paths < 4 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let part = part.unwrap();
        assert!(!part.complete() && (4..=6).contains(&part.rows.len()), "{}", part.rows.len());
        assert!(part.rows.iter().all(|row| *row == whole.rows[row.path as usize]));
        assert!(seen.iter().zip(1..).all(|(done, count)| *done == count));
        assert_ne!(part.hash(), whole.hash());
    }
}

#[test]
fn every_law_gives_what_asking_everybody_gives() {
    let book = Book::drawn(300, 3).unwrap();
    let impact = Impact::Exponential { depth: 2.0 * book.collateral() as f64 };
    let jumps = Jumps { rate: 0.02, mean: -0.02, deviation: 0.01 };
    let observed = vec![-0.01, 0.004, 0.002, -0.006];
    for law in [
        PathLaw::Bootstrap { steps: observed, block: 3 },
        PathLaw::JumpDiffusion { drift: 0.0, volatility: 0.001, jumps },
        PathLaw::Hawkes { drift: 0.0, volatility: 0.001, jumps, excitation: 0.3, decay: 0.5 },
        PathLaw::Heston {
            drift: -0.001,
            variance: 4e-6,
            variance_mean: 4e-6,
            reversion: 0.05,
            variance_volatility: 1e-4,
            correlation: -0.7,
        },
    ] {
        let run = MonteCarlo { steps: 400, ..run(law, impact, 3) };
        assert!(judge(&run, &book).liquidations() > 300);
    }
}

#[test]
fn a_price_that_cannot_move_further_is_held_and_counted() {
    let book = Book::drawn(50, 3).unwrap();
    for (drift, price) in [(1.0, PRICE_MAX), (-9.0, 1)] {
        let law = PathLaw::Gbm { drift, volatility: 0.0 };
        let results = judge(&MonteCarlo { steps: 20, ..run(law, Impact::None, 1) }, &book);
        assert_eq!((results.rows[0].price, results.rows[0].held > 0), (price, drift > 0.0));
    }
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let book = Book::drawn(5, 1).unwrap();
    let good = run(PathLaw::CALM, Impact::None, 1);
    for (run, field) in [
        (MonteCarlo { steps: 0, ..good.clone() }, "steps"),
        (MonteCarlo { threads: 0, ..good.clone() }, "threads"),
        (MonteCarlo { impact: Impact::Linear { depth: 0.0 }, ..good.clone() }, "impact.depth"),
        (MonteCarlo { rules: Rules { rounds_max: 0, ..good.rules }, ..good.clone() }, "rules"),
    ] {
        assert!(run.run(&book).unwrap_err().to_string().contains(field));
    }
    let loan = |collateral, debt| vec![Loan { collateral, debt }];
    for (price, loans, field) in [
        (0, loan(1, 1), "book.price"),
        (PRICE_MAX + 1, loan(1, 1), "book.price"),
        (1, loan(AMOUNT_LIMIT, 1), "book.loans[0].collateral"),
        (1, loan(1, AMOUNT_LIMIT), "book.loans[0].debt"),
        (1, loan(AMOUNT_LIMIT - 1, 1).repeat(4_097), "book.collateral"),
    ] {
        assert!(Book::new(1, price, loans).unwrap_err().to_string().contains(field));
    }
}

#[test]
fn quantiles_are_figures_that_occurred() {
    let row = |path, price| Row { path, price, ..Row::default() };
    let rows: Vec<Row> = (0..10).map(|path| row(path, 100 - path)).collect();
    let results = Results { rows, paths: 10, steps: 1, accounts: 7 };
    let at = |per_mille| results.quantile(Measure::Price, per_mille).unwrap();
    assert_eq!([at(0), at(1), at(100), at(500), at(501), at(1_000)], [91, 91, 91, 95, 96, 100]);
    assert_eq!(results.account_steps(), 70);
    let none = Results { rows: vec![], ..results };
    assert_eq!(none.quantile(Measure::Price, 500), None);
}

/// Amounts around one another, so that there are ties, nobody's loans, and bankrupt accounts.
fn loan() -> impl Strategy<Value = Loan> {
    let amount = || prop_oneof![0u64..4, 0u64..60, 900u64..1_100, 0u64..1_000_000_000];
    let drawn = (amount(), amount()).prop_map(|(collateral, debt)| Loan { collateral, debt });
    let usual = (1u64..1_000_000, 300u64..850)
        .prop_map(|(collateral, bps)| Loan { collateral, debt: collateral * bps / 1_000 });
    prop_oneof![drawn, usual.clone(), usual]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn any_book_under_any_rules_gives_what_asking_everybody_gives(
        loans in prop::collection::vec(loan(), 0..60),
        twice in any::<bool>(),
        (threshold_bps, close_factor_bps, bonus_bps) in (1u32..=10_000, 1u32..=10_000, 0u32..=10_000),
        (rounds_max, impact, depth) in (1u32..12, 0usize..4, 1.0f64..4.0),
        (drift, seed, one) in (-0.02f64..0.01, any::<u64>(), prop_oneof![Just(1_000u64), Just(ONE_MAX)]),
    ) {
        let loans = if twice { loans.repeat(2) } else { loans };
        let book = Book::new(one, one, loans).unwrap();
        let depth = depth * (book.collateral() as f64).max(1.0);
        let rules = Rules { threshold_bps, close_factor_bps, bonus_bps, rounds_max };
        let law = PathLaw::Gbm { drift, volatility: 0.01 };
        let impact = IMPACTS[impact](depth);
        let run = MonteCarlo { rules, impact, law, steps: 120, paths: 2, seed, threads: 1 };
        judge(&run, &book);
    }
}
