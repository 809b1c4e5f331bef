//! Weights by size against the formula in rationals, and at the edges of both bounds.

use super::*;
use proptest::prelude::*;

/// The root by its definition, without a square root: halving an interval.
fn slow_root(n: u128) -> u128 {
    let (mut low, mut high) = (0u128, 1u128 << 64);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if middle.checked_mul(middle).is_some_and(|square| square <= n) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

#[test]
fn without_a_factor_the_size_changes_nothing() {
    assert_eq!(liability_weight_bps(11_003, 0, u128::MAX), Ok(11_003));
    assert_eq!(asset_weight_bps(9_001, 0, u128::MAX), Ok(9_001));
}

#[test]
fn the_fifth_that_is_left_out_is_rounded_down() {
    // 11,004 - 2,200 = 8,804, where four fifths are 8,803.2; 3,162 come on top.
    assert_eq!(liability_weight_bps(11_004, 10_000, 1_000_000_000_000), Ok(8_804 + 3_162));
    assert_eq!(liability_weight_bps(11_000, 10_000, 1_000_000_000_000), Ok(8_800 + 3_162));
}

#[test]
fn the_weight_itself_is_the_bound_on_either_side() {
    // A root of 1e5 (size 1e9) and a premium of imf / 100: 2,000 is a fifth of 10,000.
    assert_eq!(liability_weight_bps(10_000, 200_000, 1_000_000_000), Ok(10_000));
    assert_eq!(liability_weight_bps(10_000, 200_099, 1_000_000_000), Ok(10_000));
    assert_eq!(liability_weight_bps(10_000, 200_100, 1_000_000_000), Ok(10_001));
    // 1.1 / (1 + 0.1) is one; a millionth more is below.
    assert_eq!(asset_weight_bps(10_000, 100_000, 1_000_000_000), Ok(10_000));
    assert_eq!(asset_weight_bps(10_000, 100_001, 1_000_000_000), Ok(9_999));
    assert_eq!(asset_weight_bps(9_999, 100_001, 1_000_000_000), Ok(9_999));
}

#[test]
fn sizes_beyond_the_programs_integers_are_refused() {
    assert_eq!(liability_weight_bps(10_000, 1, u128::MAX), Err(Revert::Arithmetic));
    assert_eq!(asset_weight_bps(10_000, 1, u128::MAX / 10 + 1), Err(Revert::Arithmetic));
    assert_eq!(liability_weight_bps(10_000, u32::MAX, u128::MAX / 10 - 1), Err(Revert::Arithmetic));
}

proptest! {
    #[test]
    fn weights_are_those_of_the_formula(
        weight in 0u32..40_000, imf in 1u32..2_000_000, size in 0u128..1 << 90, shift in 0u32..90
    ) {
        let size = size >> shift;
        let root = r(slow_root(size * 10 + 1));
        let kept = r(u128::from(weight)) - down(&(r(u128::from(weight)) / r(5)));
        let premium = down(&(&root * r(u128::from(imf)) / r(10_000_000)));
        let slow = (kept + premium).max(r(u128::from(weight)));
        match liability_weight_bps(weight, imf, size) {
            Ok(fast) => prop_assert_eq!(r(u128::from(fast)), slow),
            Err(error) => {
                prop_assert_eq!(error, Revert::Arithmetic);
                prop_assert!(slow > r(u128::from(u32::MAX)));
            }
        }
        let discount = down(&(root * r(u128::from(imf)) / r(100_000)));
        let slow = down(&(r(11_000_000_000) / (r(1_000_000) + discount)));
        let fast = asset_weight_bps(weight, imf, size).unwrap();
        prop_assert_eq!(r(u128::from(fast)), slow.min(r(u128::from(weight))));
    }

    #[test]
    fn a_larger_size_never_helps(
        weight in 1u32..40_000, imf in 0u32..100_000, size in 0u128..1 << 70, more in 0u128..1 << 70
    ) {
        let owed = |size| liability_weight_bps(weight, imf, size).unwrap();
        let owned = |size| asset_weight_bps(weight, imf, size).unwrap();
        prop_assert!(owed(size + more) >= owed(size) && owed(size) >= weight);
        prop_assert!(owned(size + more) <= owned(size) && owned(size) <= weight);
    }
}
