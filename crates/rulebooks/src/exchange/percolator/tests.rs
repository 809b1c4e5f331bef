//! Limits and one unit to either side, and what is wrong with the venue's own crisis.

use super::*;
use breakwater_liquidation::backstop::haircut::Crisis;
use breakwater_money::MoneyError;
use proptest::prelude::*;

const TERMS: MarginTerms =
    MarginTerms { position_scale: 1_000_000, maintenance_bps: 500, maintenance_min: 2 };

#[test]
fn at_the_requirement_an_account_may_be_liquidated_and_a_unit_above_not() {
    let at = |equity| margin(-1_500_000, 100, equity, &TERMS).unwrap();
    assert_eq!((at(8).risk_notional, at(8).maintenance), (150, 7));
    assert_eq!(
        [6, 7, 8, -1, i128::MIN].map(|e| at(e).is_liquidatable),
        [true, true, false, true, true]
    );
    // A part of a unit of value counts as one, and the least requirement holds.
    let small = margin(1, 100, 3, &TERMS).unwrap();
    assert_eq!((small.risk_notional, small.maintenance, small.is_liquidatable), (1, 2, false));
    assert_eq!(margin(0, 100, -5, &TERMS), Ok(Margin::default()));
    assert_eq!(
        margin(1, 1, 1, &MarginTerms { position_scale: 0, ..TERMS }),
        Err(MoneyError::DivisionByZero)
    );
    assert_eq!(margin(i128::MIN, u128::MAX, 1, &TERMS), Err(MoneyError::Overflow));
}

#[test]
fn the_mark_moves_at_most_by_the_cap_and_by_exactly_the_cap() {
    // 30 basis points a slot over 10 slots: 3 of 100.
    let allowed = |new| is_price_allowed(new, 100, 30, 10);
    assert_eq!([96, 97, 100, 103, 104].map(allowed), [false, true, true, true, false]);
    assert!(is_price_allowed(100, 100, 30, 0) && !is_price_allowed(101, 100, 30, 0));
    assert!(!is_price_allowed(1, 0, u64::MAX, u64::MAX) && is_price_allowed(0, 0, 0, 0));
    assert!(is_price_allowed(u128::MAX, 1 << 120, u64::MAX, u64::MAX));
}

#[test]
fn the_fund_pays_before_the_index() {
    let with = |insurance| {
        let mut side = Side::new(1_000_000).unwrap();
        side.open(1_000_000).unwrap();
        let done = deleverage_side(&mut side, 250_000, 9_000, insurance).unwrap();
        (done.insurance_paid, done.closed.index_change)
    };
    assert_eq!(with(4_000), (4_000, -5_000_000_000_000_000_000));
    assert_eq!(with(8_999), (8_999, -1_000_000_000_000_000));
    assert_eq!(with(9_000), (9_000, 0));
    assert_eq!(with(u128::MAX), (9_000, 0));
    assert_eq!(
        effective_position(-400_001, 750_000_000_000_000, 1_000_000_000_000_000),
        Ok(-300_000)
    );
    assert_eq!(effective_position(1, 1, 0), Err(MoneyError::DivisionByZero));
    assert_eq!(effective_position(i128::MAX, 2, 1), Err(MoneyError::Overflow));
}

#[test]
fn the_crisis_as_coded_takes_more_than_is_lacking() {
    let crisis = Crisis {
        principal: 1_700_000,
        realized: 250_000,
        warming: 150_000,
        insurance: 200_000,
        collateral: 1_500_000,
    };
    let coded = crisis_as_coded(&crisis).unwrap();
    assert_eq!((coded.burned_warming, coded.insurance_draw), (150_000, 200_000));
    // 23.08 % against 12.82 %: exactly the drawn insurance, which pays nobody.
    assert_eq!((coded.equity_loss, coded.equity), (450_000, 1_950_000));
    let kept = crisis_waterfall(&crisis).unwrap();
    assert_eq!(coded.equity_loss - kept.equity_loss, coded.insurance_draw);
    let none = Crisis { warming: 100_000, insurance: 50_000, ..Crisis::default() };
    let coded = crisis_as_coded(&none).unwrap();
    assert_eq!((coded.burned_warming, coded.insurance_draw, coded.equity_loss), (50_000, 0, 0));
    let huge = Crisis { principal: u128::MAX, warming: 1, ..crisis };
    assert_eq!(crisis_as_coded(&huge), Err(MoneyError::Overflow));
}

proptest! {
    #[test]
    fn the_crisis_as_coded_loses_whatever_it_draws(
        principal in 1u128..1_000, realized in 0u128..1_000, warming in 0u128..1_000,
        insurance in 0u128..1_000, collateral in 0u128..3_000
    ) {
        let crisis = Crisis { principal, realized, warming, insurance, collateral };
        let (coded, kept) = (crisis_as_coded(&crisis).unwrap(), crisis_waterfall(&crisis).unwrap());
        // The waterfall burns at least as much profit, and leaves the fund no worse off for it.
        prop_assert!(kept.burned_warming >= coded.burned_warming);
        prop_assert!(kept.equity_loss <= coded.equity_loss);
        let cured = coded.burned_warming + coded.equity_loss;
        let claims = principal + realized + warming;
        if coded.insurance_draw > 0 {
            // What is left of the claims is the collateral and the fund's rest: the draw is gone.
            prop_assert_eq!(claims - cured, collateral + insurance - coded.insurance_draw);
        }
    }
}
