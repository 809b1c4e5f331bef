//! What the watch list is told bounds what prices and time may do.

use super::*;
use breakwater_liquidation::Exposures;
use proptest::prelude::*;

/// A position, its prices before and after, and the seconds between.
#[derive(Debug, Clone)]
struct Case {
    growing: bool,
    collateral: u128,
    debt: u128,
    prices: (u128, u128),
    loan_price: u128,
    seconds: u64,
}

fn any_case() -> impl Strategy<Value = Case> {
    let sizes = (0u32..60, 1u128..1_000, 0u32..40, 1u128..1_000);
    let moves = (900u128..1_500, 700u128..1_400, 800u128..1_200);
    (any::<bool>(), sizes, moves, 0u64..=3_600).prop_map(
        |(growing, (c, c_part, d, d_part), (worth, held, loan), seconds)| {
            let collateral = (1u128 << c) * c_part;
            let debt = ((1u128 << d) * d_part).div_ceil(1_000);
            let even = (debt * 100).saturating_mul(ETHER) / collateral;
            let price = (even.min(10u128.pow(18)) * worth / 1_000).max(1);
            let prices = (price, (price * held / 1_000).max(1));
            let loan_price = 100_000 * loan;
            Case { growing, collateral, debt, prices, loan_price, seconds }
        },
    )
}

/// Before and after a move of prices and time.
struct Moved {
    before: Health,
    after: Health,
    /// What the told terms and the told error say may have been gained and lost, at most.
    gain: U256,
    loss: U256,
}

impl Case {
    fn run(&self) -> Moved {
        let mut book = Book::new();
        let held = if self.growing { WETH } else { STETH };
        book.import(A, (held, self.collateral), (USDC, self.debt));
        book.pass(1_000_000);
        book.price(held, self.prices.0);
        let before = book.health(A);
        let mut told = Exposures::default();
        let armed = book.rulebook.exposures(&book.view(), A, &mut told).unwrap();
        book.price(held, self.prices.1);
        book.price(USDC, self.loan_price);
        book.pass(self.seconds);
        assert!(book.now <= armed.until);
        let error = U256::from(armed.error) + U256::from(2);
        let mut moved = Moved { before, after: book.health(A), gain: error, loss: error };
        let terms = [
            (told.terms[0].equity.unsigned_abs(), self.prices.0, self.prices.1, true),
            (told.terms[1].requirement, 100_000_000, self.loan_price, false),
        ];
        for (part, from, to, rise_helps) in terms {
            let change = U256::from(part) * U256::from(to.abs_diff(from)) / U256::from(from);
            let helps = (to >= from) == rise_helps;
            *(if helps { &mut moved.gain } else { &mut moved.loss }) += change;
        }
        moved
    }
}

proptest! {
    #[test]
    fn nobody_crosses_the_line_before_the_told_bound_does(case in any_case()) {
        let Moved { before, after, gain, loss } = case.run();
        let equity = U256::from(before.equity.unsigned_abs());
        let requirement = U256::from(before.requirement);
        if before.breach && !after.breach {
            prop_assert!(gain >= requirement.saturating_sub(equity), "cured late");
        }
        if !before.breach && after.breach {
            prop_assert!(loss >= equity.saturating_sub(requirement), "broke late");
        }
    }
}

#[test]
fn the_cases_cross_the_line_both_ways() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut cured, mut broken) = (0, 0);
    for _ in 0..1_000 {
        let moved = any_case().new_tree(&mut runner).unwrap().current().run();
        cured += u32::from(moved.before.breach && !moved.after.breach);
        broken += u32::from(!moved.before.breach && moved.after.breach);
    }
    assert!(cured > 50 && broken > 50, "cured {cured}, broken {broken}");
}

#[test]
fn a_position_without_debt_waits_for_nothing() {
    let mut book = Book::new();
    book.does(&deposit(A, STETH, ETHER));
    let mut told = Exposures::default();
    let armed = book.rulebook.exposures(&book.view(), A, &mut told).unwrap();
    assert_eq!((armed.until, armed.error, told.terms.len()), (Time::MAX, 0, 0));
}

#[test]
fn a_debt_with_interest_is_looked_at_within_the_hour() {
    let mut book = Book::new();
    book.import(A, (WETH, ETHER), (USDC, 1_000 * DOLLAR));
    let mut told = Exposures::default();
    let armed = book.rulebook.exposures(&book.view(), A, &mut told).unwrap();
    assert_eq!(armed.until, book.now.after(3_600 * NANOS_PER_SECOND));
    // An hour at 100 % a year is 11.4 cents of 1,000 dollars; four times that is told, and a few
    // units for rounding.
    assert!(armed.error > 4 * 11_400_000 && armed.error < 4 * 11_450_000, "{}", armed.error);
    let terms: Vec<_> = told.terms.iter().map(|t| t.market).collect();
    assert_eq!(terms, [MarketId(1), MarketId(2)]);
}
