//! What the watch list is told bounds what prices and time may do.

use super::*;
use breakwater_liquidation::Exposures;
use proptest::prelude::*;

proptest! {
    #[test]
    fn nobody_crosses_the_line_before_the_bound_does(
        growing in any::<bool>(), collateral in 1u128..1_000_000_000, scale in 0u32..40,
        debt in 1u128..4_000_000_000, price in 1u128..400_000_000_000_000,
        move_collateral in 1u128..4_000, move_loan in 500u128..2_000, later in 0u64..3_600,
    ) {
        let mut book = Book::new();
        let (held, collateral) =
            (if growing { WETH } else { STETH }, collateral << scale);
        book.import(A, (held, collateral), (USDC, debt));
        book.pass(1_000_000);
        book.price(held, price);
        let before = book.health(A);
        let mut told = Exposures::default();
        let armed = book.rulebook.exposures(&book.view(), A, &mut told).unwrap();
        prop_assert_eq!(armed.until == Time::MAX, !growing);
        let (to_held, to_loan) =
            ((price * move_collateral / 1_000).max(1), 100_000_000 * move_loan / 1_000);
        book.price(held, to_held);
        book.price(USDC, to_loan);
        book.pass(later);
        prop_assert!(!growing || book.now <= armed.until);
        let after = book.health(A);
        // The told terms at the new prices, exactly.
        let moved = |part: u128, from: u128, to: u128| -> (bool, U256) {
            let (up, by) = (to >= from, to.abs_diff(from));
            let change = U256::from(part) * U256::from(by) / U256::from(from);
            (up, change)
        };
        let equity = told.terms[0].equity.unsigned_abs();
        let requirement = told.terms[1].requirement;
        let (held_up, held_change) = moved(equity, price, to_held);
        let (loan_up, loan_change) = moved(requirement, 100_000_000, to_loan);
        let (mut gain, mut loss) = (U256::ZERO, U256::ZERO);
        *(if held_up { &mut gain } else { &mut loss }) += held_change;
        *(if loan_up { &mut loss } else { &mut gain }) += loan_change;
        let error = U256::from(armed.error) + U256::ONE;
        if before.breach && !after.breach {
            let missing = U256::from(before.requirement) - U256::from(before.equity.unsigned_abs());
            prop_assert!(gain + error >= missing, "cured late: {gain} {error} {missing}");
        }
        if !before.breach && after.breach {
            let slack = U256::from(before.equity.unsigned_abs())
                .saturating_sub(U256::from(before.requirement));
            prop_assert!(loss + error >= slack, "broke late: {loss} {error} {slack}");
        }
    }
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
