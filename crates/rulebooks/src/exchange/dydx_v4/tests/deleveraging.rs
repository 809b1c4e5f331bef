//! Deleveraging: who is taken, at what price, and that base and quote only change sides.

use super::*;

/// Short 0.1 with 4,900: below zero by 100.
fn bankrupt() -> Subaccount {
    account(4_900_000_000, &[(0, -1_000_000_000)])
}

/// Long `size` bought for next to nothing, so that any price will do.
fn long(size: i128) -> Subaccount {
    account(0, &[(0, size)])
}

fn all() -> Closing {
    Closing { perpetual: 0, delta: 1_000_000_000 }
}

fn run(others: &[Subaccount], seed: u64, tries: usize) -> Deleveraging {
    let at = Settlement::Bankruptcy;
    deleverage(&bankrupt(), others, &perpetuals(), all(), at, (seed, tries)).unwrap()
}

fn places(done: &Deleveraging) -> Vec<(usize, i128)> {
    done.fills.iter().map(|fill| (fill.place, fill.base)).collect()
}

#[test]
fn only_accounts_below_zero_are_deleveraged_unless_the_market_settles() {
    let risk = |net| Risk { net, initial: 10, maintenance: 5 };
    assert_eq!(settlement(&risk(-1), false), Some(Settlement::Bankruptcy));
    assert_eq!(settlement(&risk(-1), true), Some(Settlement::Bankruptcy));
    assert_eq!(
        (settlement(&risk(0), false), settlement(&risk(0), true)),
        (None, Some(Settlement::Oracle))
    );
}

#[test]
fn the_first_opposite_accounts_from_the_start_are_taken_wrapping() {
    let others = [
        long(400_000_000),
        account(9_000_000_000, &[(0, -500_000_000)]),
        long(300_000_000),
        account(50, &[(3, 700)]),
        long(900_000_000),
    ];
    assert_eq!(places(&run(&others, 0, 9)), [(0, 400_000_000), (2, 300_000_000), (4, 300_000_000)]);
    assert_eq!(places(&run(&others, 4, 9)), [(4, 900_000_000), (0, 100_000_000)]);
    assert_eq!(places(&run(&others, 13, 9)), [(4, 900_000_000), (0, 100_000_000)]);
    assert_eq!(places(&run(&others, 2, 9)), [(2, 300_000_000), (4, 700_000_000)]);
    // Those passed over count as tries.
    let three = run(&others, 1, 3);
    assert_eq!((places(&three), three.left), (vec![(2, 300_000_000)], 700_000_000));
    assert_eq!(run(&others, 1, 0).left, 1_000_000_000);
    assert_eq!(places(&run(&[], 5, 9)), []);
}

#[test]
fn the_price_is_the_bankruptcy_price_of_the_account() {
    let done = run(&[long(600_000_000), long(900_000_000)], 0, 9);
    // 4,900 for 0.1: 2,940 and 1,960, and nothing is left of the account.
    let quotes: Vec<i128> = done.fills.iter().map(|fill| fill.quote).collect();
    assert_eq!(quotes, [2_940_000_000, 1_960_000_000]);
    assert_eq!(done.account_after, account(0, &[]));
    assert_eq!(done.others_after[1], account(1_960_000_000, &[(0, 500_000_000)]));
}

#[test]
fn an_account_whose_bankruptcy_price_does_not_overlap_is_passed_over() {
    // Long 0.1 with a debt: its own bankruptcy price is the debt. 4,900 is offered.
    let owes = |debt: i128| account(-debt, &[(0, 1_000_000_000)]);
    assert_eq!(places(&run(&[owes(4_900_000_000)], 0, 9)), [(0, 1_000_000_000)]);
    let refused = run(&[owes(4_900_000_001), owes(4_899_999_999)], 0, 9);
    assert_eq!(places(&refused), [(1, 1_000_000_000)]);
    assert_eq!(refused.others_after[0], owes(4_900_000_001));
    assert_eq!((overlap(5, -5), overlap(5, -4), overlap(5, -6)), (Ok(true), Ok(false), Ok(true)));
    assert_eq!(overlap(i128::MAX, 1), Err(Revert::Arithmetic));
}

#[test]
fn final_settlement_closes_at_the_oracles_price() {
    let solvent = account(7_000_000_000, &[(0, -1_000_000_000)]);
    let others = [long(1_000_000_000)];
    let at = Settlement::Oracle;
    let done = deleverage(&solvent, &others, &perpetuals(), all(), at, (0, 1)).unwrap();
    assert_eq!(done.fills[0].quote, 5_000_000_000);
    assert_eq!(done.account_after, account(2_000_000_000, &[]));
    // Below zero it would only get riskier by it, in part or in whole.
    let part = Closing { delta: 500_000_000, ..all() };
    for closing in [part, all()] {
        let none = deleverage(&bankrupt(), &others, &perpetuals(), closing, at, (0, 1)).unwrap();
        assert_eq!((places(&none), none.left), (vec![], closing.delta));
    }
}

#[test]
fn a_delta_that_does_not_close_is_refused() {
    let wrong = Closing { delta: -1, ..all() };
    let at = Settlement::Bankruptcy;
    let refused = deleverage(&bankrupt(), &[], &perpetuals(), wrong, at, (0, 1));
    assert_eq!(refused, Err(Revert::SizeDelta { delta: -1, position: -1_000_000_000 }));
    let none = deleverage(&account(-1, &[]), &[], &perpetuals(), all(), at, (0, 1));
    assert_eq!(none, Err(Revert::PositionCount { perpetual: 0, found: 0 }));
}

proptest! {
    #[test]
    fn base_and_quote_only_change_sides(
        short in accounts(), others in prop::collection::vec(accounts(), 0..8),
        seed in any::<u64>(), tries in 0usize..9
    ) {
        let perpetuals = perpetuals();
        let Ok(held) = short.position(0) else { return Ok(()) };
        let closing = Closing { perpetual: 0, delta: -held };
        let at = Settlement::Bankruptcy;
        let done = deleverage(&short, &others, &perpetuals, closing, at, (seed, tries)).unwrap();
        let quote = |all: &[Subaccount]| all.iter().map(|one| one.quote).sum::<i128>();
        let base = |one: &Subaccount| one.position(0).unwrap_or(0);
        let total = |all: &[Subaccount]| all.iter().map(base).sum::<i128>();
        prop_assert_eq!(quote(&others) + short.quote, quote(&done.others_after) + done.account_after.quote);
        prop_assert_eq!(total(&others) + held, total(&done.others_after) + base(&done.account_after));
        prop_assert_eq!(base(&done.account_after), -done.left);
        prop_assert!(done.fills.len() <= tries.min(others.len()));
        let before = short.risk(&perpetuals).unwrap();
        prop_assert!(!done.account_after.risk(&perpetuals).unwrap().is_riskier_than(&before));
        for (one, after) in others.iter().zip(&done.others_after) {
            let (old, new) = (one.risk(&perpetuals).unwrap(), after.risk(&perpetuals).unwrap());
            prop_assert!(one == after || transition_allowed(&old, &new));
            prop_assert!(base(one).abs() >= base(after).abs());
        }
    }

    #[test]
    fn an_account_may_offset_if_it_keeps_its_margin_or_the_prices_overlap(
        short in accounts(), other in accounts(), part in 1i128..=1_000
    ) {
        let perpetuals = perpetuals();
        let (Ok(held), Ok(against)) = (short.position(0), other.position(0)) else { return Ok(()) };
        prop_assume!(held.signum() == -against.signum());
        let size = held.abs().min(against.abs()) * part / 1_000;
        prop_assume!(size > 0);
        let closing = |delta| Closing { perpetual: 0, delta };
        let needed = closing(-held.signum() * size).bankruptcy_quote(&short, &perpetuals).unwrap();
        let offsetting = closing(held.signum() * size).bankruptcy_quote(&other, &perpetuals).unwrap();
        let before = other.risk(&perpetuals).unwrap();
        let after = other.after(0, held.signum() * size, -needed).unwrap();
        let after = after.risk(&perpetuals).unwrap();
        let expected = after.is_initial_collateralized() || overlap(needed, offsetting).unwrap();
        prop_assert_eq!(transition_allowed(&before, &after), expected);
    }
}

#[test]
fn the_random_accounts_are_taken_in_fair_numbers() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..400 {
        let mut draw = || accounts().new_tree(&mut runner).unwrap().current();
        let (short, other) = (draw(), draw());
        let Ok(held) = short.position(0) else { continue };
        if other.position(0).is_ok_and(|against| against.signum() == -held.signum()) {
            let closing = Closing { perpetual: 0, delta: -held };
            let at = Settlement::Bankruptcy;
            let done = deleverage(&short, &[other], &perpetuals(), closing, at, (0, 1)).unwrap();
            taken += done.fills.len();
            refused += usize::from(done.fills.is_empty());
        }
    }
    assert!(taken >= 40 && refused >= 20, "{taken} {refused}");
}
