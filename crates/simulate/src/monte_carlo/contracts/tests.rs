//! The fast way is the slow way, bit for bit.

use super::*;
use proptest::prelude::*;

const RULES: ContractRules =
    ContractRules { maintenance_bps: 100, close_factor_bps: 5_000, fee_bps: 10, rounds_max: 8 };

fn judge(run: &ContractRun, book: &ContractBook) -> Results {
    let results = run.run(book).unwrap();
    for (row, path) in results.rows.iter().zip(0..) {
        assert_eq!(*row, run.scan(book, path).unwrap(), "{run:?}");
    }
    results
}

#[test]
fn both_sides_are_what_asking_everybody_gives_in_every_regime() {
    let book = ContractBook::drawn(2_000, 1).unwrap();
    let depth = book.open_interest() as f64;
    for law in [PathLaw::CALM, PathLaw::STRESS, PathLaw::CRASH] {
        for impact in [Impact::None, Impact::Exponential { depth }, Impact::Linear { depth }] {
            let (law, rules) = (law.clone(), RULES);
            let run =
                ContractRun { rules, impact, law, steps: 1_440, paths: 2, seed: 7, threads: 2 };
            let results = judge(&run, &book);
            assert!(results.liquidations() > 100, "{run:?}");
            let one = ContractRun { threads: 1, ..run };
            assert_eq!(one.run(&book).unwrap().hash(), results.hash());
        }
    }
}

#[test]
fn a_breach_price_is_the_last_one_in_breach() {
    let terms = Terms::new(&RULES, 1_000).unwrap();
    for (long, size, cash) in
        [(true, 1_000, -900), (false, 1_000, 1_100), (true, 7, -3), (false, 9, 2), (false, 9, -2)]
    {
        let contract = Contract { long, size, cash };
        let at = terms.breach_price(&contract).unwrap();
        assert!(terms.in_breach(&contract, at), "{contract:?} {at}");
        let safe = if long { at + 1 } else { at - 1 };
        assert!(safe == 0 || !terms.in_breach(&contract, safe), "{contract:?} {at}");
    }
    assert_eq!(terms.breach_price(&Contract { long: true, size: 5, cash: 0 }), None);
    assert_eq!(terms.breach_price(&Contract { long: false, size: 0, cash: -5 }), None);
}

#[test]
fn a_position_closes_in_parts_and_whole_without_equity() {
    let terms = Terms::new(&RULES, 1_000).unwrap();
    // Bought 1,001 at a price of 1 with margin of 21: at 0.985 equity is 6, below 9.86.
    let mut long = Contract { long: true, size: 1_001, cash: -980 };
    assert!(terms.in_breach(&long, 985));
    assert_eq!(terms.close(&mut long, 985), Closed { size: 501, fee: 1 });
    assert_eq!(long, Contract { long: true, size: 500, cash: -980 + 493 - 1 });
    let mut short = Contract { long: false, size: 1_000, cash: 900 };
    assert_eq!(terms.close(&mut short, 985), Closed { size: 1_000, fee: 1 });
    assert_eq!((short.size, short.cash, terms.deficit(&short, 985)), (0, 900 - 985 - 1, 86));
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let book = |size, cash| ContractBook::new(1, 1, vec![Contract { long: true, size, cash }]);
    let fields = |size, cash| book(size, cash).unwrap_err().to_string();
    assert!(fields(AMOUNT_LIMIT, 0).contains("book.contracts[0].size"));
    assert!(fields(1, -(AMOUNT_LIMIT as i64)).contains("book.contracts[0].cash"));
    for (rules, field) in [
        (ContractRules { maintenance_bps: 5_001, ..RULES }, "rules.maintenance_bps"),
        (ContractRules { close_factor_bps: 0, ..RULES }, "rules.close_factor_bps"),
        (ContractRules { fee_bps: 5_001, ..RULES }, "rules.fee_bps"),
        (ContractRules { rounds_max: 0, ..RULES }, "rules.rounds_max"),
    ] {
        assert!(Terms::new(&rules, 1).unwrap_err().to_string().contains(field));
    }
}

fn contract() -> impl Strategy<Value = Contract> {
    let size = prop_oneof![0u64..4, 900u64..1_100, 0u64..1_000_000_000];
    (any::<bool>(), size, -1_500i64..1_500).prop_map(|(long, size, per_mille)| Contract {
        long,
        size,
        cash: size as i64 * per_mille / 1_000,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_book_under_any_rules_gives_what_asking_everybody_gives(
        contracts in prop::collection::vec(contract(), 0..60),
        (maintenance_bps, close_factor_bps, fee_bps) in (0u32..=5_000, 1u32..=10_000, 0u32..=5_000),
        (rounds_max, depth, kind) in (1u32..12, 1.0f64..4.0, 0usize..4),
        (drift, seed, one) in (-0.02f64..0.02, any::<u64>(), prop_oneof![Just(1_000u64), Just(ONE_MAX)]),
    ) {
        let book = ContractBook::new(one, one, contracts).unwrap();
        let depth = depth * (book.open_interest() as f64).max(1.0);
        let impact = [
            Impact::None,
            Impact::Exponential { depth },
            Impact::Linear { depth },
            Impact::SquareRoot { scale: 0.05, volume: depth },
        ][kind];
        let rules = ContractRules { maintenance_bps, close_factor_bps, fee_bps, rounds_max };
        let law = PathLaw::Gbm { drift, volatility: 0.01 };
        judge(&ContractRun { rules, impact, law, steps: 120, paths: 2, seed, threads: 1 }, &book);
    }
}
