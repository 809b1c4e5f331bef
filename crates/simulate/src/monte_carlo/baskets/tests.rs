//! The fast way is the slow way, bit for bit.

use super::super::ONE_MAX;
use super::*;
use proptest::prelude::*;

fn judge(run: &BasketRun, book: &BasketBook) -> Vec<BasketRow> {
    let rows = run.run(book).unwrap();
    for (row, path) in rows.iter().zip(0..) {
        let slow = run.scan(book, path).unwrap();
        assert!(row.looked_at <= slow.looked_at);
        assert_eq!(*row, BasketRow { looked_at: row.looked_at, ..slow }, "{run:?}");
    }
    rows
}

#[test]
fn a_path_of_three_prices_is_what_asking_everybody_gives_in_every_regime() {
    let book = BasketBook::drawn(1_000, 1).unwrap();
    let depths = book.collateral().map(|sum| 2.0 * sum as f64);
    for (law, least) in [(PathLaw::CALM, 0), (PathLaw::STRESS, 200), (PathLaw::CRASH, 4_000)] {
        let run = BasketRun {
            rules: Rules::headline(),
            impacts: depths.map(|depth| Impact::Exponential { depth }),
            law,
            common: 0.7,
            steps: 1_440,
            paths: 2,
            seed: 7,
            threads: 2,
        };
        let rows = judge(&run, &book);
        assert!(rows.iter().map(|row| row.liquidations).sum::<u64>() >= least, "{rows:?}");
        // One account in a hundred is looked at in a minute, or fewer.
        let decisions = 1_000 * 1_440 / 100;
        assert!(
            rows.iter().all(|row| row.looked_at < decisions + 2 * row.liquidations),
            "{rows:?}"
        );
        let one = BasketRun { threads: 1, ..run };
        assert_eq!(hash(&one.run(&book).unwrap()), hash(&rows));
    }
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let basket = Basket { collateral: [1, 1, AMOUNT_LIMIT], debt: 0 };
    let refused = |book: Result<BasketBook, ScenarioError>| book.unwrap_err().to_string();
    assert!(refused(BasketBook::new(1, [1; 3], vec![basket])).contains("book.baskets[0]"));
    assert!(refused(BasketBook::new(1, [1, 0, 1], vec![])).contains("book.prices"));
    let book = BasketBook::drawn(3, 1).unwrap();
    let run = BasketRun {
        rules: Rules::headline(),
        impacts: [Impact::None; 3],
        law: PathLaw::CALM,
        common: 1.5,
        steps: 1,
        paths: 1,
        seed: 0,
        threads: 1,
    };
    assert!(run.run(&book).unwrap_err().to_string().contains("common"));
}

fn basket() -> impl Strategy<Value = Basket> {
    let amount = || prop_oneof![Just(0u64), 0u64..4, 900u64..1_100, 0u64..1_000_000_000];
    let collateral = [amount(), amount(), amount()];
    (collateral, amount(), 300u64..900, any::<bool>()).prop_map(|(collateral, debt, bps, near)| {
        let worth: u64 = collateral.iter().sum();
        Basket { collateral, debt: if near { worth * bps / 1_000 } else { debt } }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn any_book_under_any_rules_gives_what_asking_everybody_gives(
        baskets in prop::collection::vec(basket(), 0..40),
        (threshold_bps, close_factor_bps, bonus_bps) in (1u32..=10_000, 1u32..=10_000, 0u32..=10_000),
        (rounds_max, depth, common) in (1u32..12, 1.0f64..4.0, 0.0f64..=1.0),
        (drift, seed, one) in (-0.02f64..0.01, any::<u64>(), prop_oneof![Just(1_000u64), Just(ONE_MAX)]),
        at in 1u64..3_000,
    ) {
        let book = BasketBook::new(one, [one, one.div_ceil(at), one], baskets).unwrap();
        let depths = book.collateral().map(|sum| depth * (sum as f64).max(1.0));
        let run = BasketRun {
            rules: Rules { threshold_bps, close_factor_bps, bonus_bps, rounds_max },
            impacts: depths.map(|depth| Impact::Exponential { depth }),
            law: PathLaw::Gbm { drift, volatility: 0.01 },
            common,
            steps: 100,
            paths: 2,
            seed,
            threads: 1,
        };
        judge(&run, &book);
    }
}
