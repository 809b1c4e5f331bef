//! Losses that somebody bears to the last unit.

use super::*;
use proptest::prelude::*;

const OPEN: OpenInterest = OpenInterest { long_e9: 7_000_000_000, short_e9: -4_000_000_000 };

fn lost(loss: i128) -> Account {
    account(&[(0, 0)], &[(0, 0, -loss)])
}

fn cover(insurance_e6: u64, insurance_left_e6: u64, fee_pool_e6: u128) -> PerpLossCover {
    PerpLossCover { insurance_e6, insurance_left_e6, fee_pool_e6 }
}

#[test]
fn insurance_pays_first_then_the_fee_pool_then_everybody() {
    let paid = |cover| {
        let done = resolve_perp(&lost(100), 0, &cover, &OPEN).unwrap();
        (done.insurance_e6, done.fee_pool_e6, done.socialised_e6)
    };
    assert_eq!(paid(cover(101, 100, 500)), (100, 0, 0));
    // One unit of the fund always stays.
    assert_eq!(paid(cover(100, 100, 500)), (99, 1, 0));
    assert_eq!(paid(cover(1, 100, 60)), (0, 60, 40));
    assert_eq!(paid(cover(0, 100, 0)), (0, 0, 100));
    assert_eq!(paid(cover(1_000, 30, 0)), (30, 0, 70));
}

#[test]
fn a_loss_without_open_interest_is_refused_even_when_it_is_covered() {
    let none = OpenInterest { long_e9: 0, short_e9: 0 };
    let refused = Err(Revert::NoOpenInterest);
    assert_eq!(resolve_perp(&lost(100), 0, &cover(500, 500, 0), &none), refused);
    assert_eq!(socialise_perp(0, &none), Err(Revert::NoOpenInterest));
    assert_eq!(socialise_perp(0, &OPEN), Ok(0));
}

#[test]
fn only_the_loss_of_a_bankrupt_account_is_resolved() {
    let all = cover(500, 500, 0);
    let solvent = account(&[(0, 1)], &[(0, 0, -100)]);
    assert_eq!(resolve_perp(&solvent, 0, &all, &OPEN), Err(Revert::NotBankrupt));
    let elsewhere = account(&[], &[(0, 0, 0), (7, 0, -100)]);
    let none = Err(Revert::NoLoss { market: 0, balance: 0 });
    assert_eq!(resolve_perp(&elsewhere, 0, &all, &OPEN), none);
    let missing = Err(Revert::PositionCount { market: 3, found: 0 });
    assert_eq!(resolve_perp(&elsewhere, 3, &all, &OPEN), missing);
    let borrowed = account(&[(1, -9), (2, 0)], &[]);
    assert_eq!(resolve_spot(&borrowed, 2, 0, 1, 1), Err(Revert::NoLoss { market: 2, balance: 0 }));
    assert_eq!(resolve_spot(&solvent, 0, 0, 1, 1), Err(Revert::NotBankrupt));
    let done = resolve_perp(&lost(100), 0, &all, &OPEN).unwrap();
    assert!(!done.account_after.is_bankrupt());
}

#[test]
fn a_borrow_is_borne_by_insurance_and_the_deposit_index() {
    let borrowed = account(&[(1, -11_000_001)], &[]);
    let done = resolve_spot(&borrowed, 1, 2, 120_000_000, 10_000_000_000).unwrap();
    assert_eq!((done.insurance, done.socialised), (1, 11_000_000));
    assert_eq!((done.index_delta, done.index_after), (916_666_667, 9_083_333_333));
    assert_eq!(done.account_after, account(&[(1, 0)], &[]));
    // All deposits may go, not more.
    let all = |loss: i128| resolve_spot(&account(&[(1, -loss)], &[]), 1, 0, 100, 10_000_000_000);
    assert_eq!(all(100).unwrap().index_after, 0);
    assert_eq!(all(101), Err(Revert::Arithmetic));
    assert_eq!(socialise_spot(5, 0, 10_000_000_000), Ok(0));
}

#[test]
fn losses_beyond_the_programs_integers_are_refused() {
    assert_eq!(socialise_perp(i128::MIN, &OPEN), Err(Revert::Arithmetic));
    let wide = OpenInterest { long_e9: i128::MIN, short_e9: i128::MIN };
    assert_eq!(socialise_perp(1, &wide), Err(Revert::Arithmetic));
    assert_eq!(socialise_spot(u128::MAX, 1, 2), Err(Revert::Arithmetic));
}

proptest! {
    #[test]
    fn payments_add_up_to_the_loss_and_what_is_collected_covers_it(
        loss in 1i128..1 << 60, insurance in 0u64..1 << 60, left in 0u64..1 << 60,
        pool in 0u128..1 << 60, shift in 0u32..60,
        longs in prop::collection::vec(1u128..1 << 50, 1..6),
        shorts in prop::collection::vec(1u128..1 << 44, 0..6)
    ) {
        let cover = cover(insurance >> shift, left, pool >> shift);
        let side = |sizes: &[u128]| i128::try_from(sizes.iter().sum::<u128>()).unwrap();
        let open = OpenInterest { long_e9: side(&longs), short_e9: -side(&shorts) };
        let done = resolve_perp(&lost(loss), 0, &cover, &open).unwrap();
        prop_assert_eq!(
            done.insurance_e6 + done.fee_pool_e6 + done.socialised_e6,
            loss.unsigned_abs()
        );
        prop_assert_eq!(done.account_after.perps[0].quote_e6, 0);
        // Longs and shorts both pay delta x base / 1e12. Exactly, that is the loss and less than a
        // unit (1e-6) for each base unit on top.
        let total = r(longs.iter().chain(&shorts).sum::<u128>());
        let collected = r(done.funding_delta_e9) * &total / r(1_000_000_000_000);
        let socialised = r(done.socialised_e6);
        prop_assert!(collected >= socialised);
        prop_assert!(collected - socialised < total / r(1_000_000_000));
        prop_assert_eq!(done.funding_delta_e9 % 1_000, 0);
    }

    #[test]
    fn depositors_lose_what_is_socialised_and_less_than_a_unit_of_the_index_more(
        loss in 1i128..1 << 40, insurance in 0u64..1 << 40, more in 0u128..1 << 40,
        index in 10_000_000_000u128..1 << 40
    ) {
        let deposits = loss.unsigned_abs() + more;
        let borrowed = account(&[(1, -loss)], &[]);
        let done = resolve_spot(&borrowed, 1, insurance, deposits, index).unwrap();
        prop_assert_eq!(done.insurance + done.socialised, loss.unsigned_abs());
        prop_assert!(u128::from(insurance.saturating_sub(1)) >= done.insurance);
        let borne = r(deposits) * r(done.index_delta) / r(index);
        prop_assert!(borne >= r(done.socialised));
        prop_assert!(borne - r(done.socialised) < r(deposits) / r(index));
        prop_assert_eq!(done.index_after + done.index_delta, index);
    }

    #[test]
    fn a_larger_loss_never_costs_less(loss in 0i128..1 << 60, more in 0i128..1 << 60) {
        let delta = |loss: i128| socialise_perp(-loss, &OPEN).unwrap();
        prop_assert!(delta(loss + more) >= delta(loss));
        prop_assert_eq!(delta(loss), socialise_perp(loss, &OPEN).unwrap());
    }
}
