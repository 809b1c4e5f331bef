//! Fees, shares of a shortage, and the base that covers it.

use super::*;
use proptest::prelude::*;

const TERMS: PerpTerms = PerpTerms {
    margin_ratio_bps: 500,
    liquidator_fee_ppm: 10_000,
    price_e6: 100_000_000,
    quote_price_e6: 1_000_000,
};

#[test]
fn the_fee_stands_still_for_the_grace_and_then_counts_all_of_it() {
    let fee = |slot: u64| liquidation_fee_ppm(20_000, 50_000, 7, 7 + slot).unwrap();
    assert_eq!((fee(0), fee(1_499), fee(1_500), fee(1_501)), (20_000, 20_000, 21_500, 21_501));
    assert_eq!((fee(29_999), fee(30_000), fee(30_001)), (49_999, 50_000, 50_000));
    assert_eq!(liquidation_fee_ppm(20_000, 50_000, 0, u64::MAX), Ok(50_000));
    assert_eq!(liquidation_fee_ppm(20_000, 50_000, 8, 7), Err(Revert::Arithmetic));
    // The cap holds once the fee rises, not before.
    assert_eq!(liquidation_fee_ppm(20_000, 9_000, 0, 1_499), Ok(20_000));
    assert_eq!(liquidation_fee_ppm(20_000, 9_000, 0, 1_500), Ok(9_000));
}

#[test]
fn a_shortage_below_fifty_closes_at_once() {
    assert_eq!(allowed_bps(49_999_999, 0, 0, 0, 150), Ok(10_000));
    assert_eq!(allowed_bps(50_000_000, 0, 0, 0, 150), Ok(0));
    assert_eq!(allowed_bps(0, 0, 0, 0, 0), Ok(10_000));
}

#[test]
fn the_share_starts_at_the_first_part_and_ends_with_the_duration() {
    let share = |slots| allowed_bps(1_000_000_000, 0, slots, 1_000, 150).unwrap();
    assert_eq!((share(0), share(1), share(75)), (1_000, 1_066, 6_000));
    // 134 slots open 89.33 %, and the first 10 % carry the rest past the whole at 135.
    assert_eq!(
        (share(134), share(135), share(136), share(u64::MAX / 10_000)),
        (9_933, 10_000, 10_000, 10_000)
    );
    assert_eq!(allowed_bps(1_000_000_000, 0, 0, 0, 0), Ok(10_000));
    assert_eq!(allowed_bps(1_000_000_000, 0, 0, 20_000, 150), Ok(10_000));
}

#[test]
fn what_was_freed_counts_against_what_is_open() {
    // Of 1,000 a tenth is open and was freed: nothing more, until it opens further.
    assert_eq!(allowed_bps(900_000_000, 100_000_000, 0, 1_000, 150), Ok(0));
    assert_eq!(allowed_bps(900_000_000, 100_000_000, 15, 1_000, 150), Ok(1_111));
    // More freed than is open is no error.
    assert_eq!(allowed_bps(500_000_000, 500_000_000, 0, 1_000, 150), Ok(0));
}

#[test]
fn no_base_covers_a_shortage_when_a_closing_frees_nothing() {
    let ratio = |bps| PerpTerms { margin_ratio_bps: bps, ..TERMS };
    assert_eq!(ratio(100).base_to_cover(10_000_000, 0), Ok(u64::MAX));
    assert_eq!(ratio(100).base_to_cover(10_000_000, 9), Ok(u64::MAX));
    assert_eq!(ratio(101).base_to_cover(10_000_000, 0), Ok(1_000_000_000_000));
    let free = PerpTerms { price_e6: 0, ..TERMS };
    assert_eq!(free.base_to_cover(10_000_000, 0), Ok(u64::MAX));
    assert_eq!(TERMS.base_to_cover(0, 0), Ok(0));
}

#[test]
fn an_insurance_fee_that_eats_what_is_freed_is_refused() {
    // A closing frees 4 % of the value.
    assert_eq!(TERMS.base_to_cover(10_000_000, 39_999), Ok(100_000_000_000_000));
    assert_eq!(TERMS.base_to_cover(10_000_000, 40_000), Err(Revert::DivisionByZero));
    assert_eq!(TERMS.base_to_cover(10_000_000, 40_001), Err(Revert::Arithmetic));
    assert_eq!(TERMS.base_to_cover(u128::MAX, 0), Err(Revert::Arithmetic));
    let most = PerpTerms { margin_ratio_bps: u32::MAX, ..TERMS };
    assert_eq!(most.base_to_cover(1, 0), Err(Revert::Arithmetic));
}

#[test]
fn insurance_gets_nothing_where_nothing_is_left() {
    let fee = |terms: PerpTerms, base| terms.insurance_fee_ppm(20_000_000, base, 50_000);
    assert_eq!(fee(TERMS, 10_000_000_000), Ok(19_000));
    assert_eq!(fee(TERMS, 0), Ok(0));
    assert_eq!(fee(PerpTerms { price_e6: 0, ..TERMS }, 1), Ok(0));
    assert_eq!(fee(PerpTerms { quote_price_e6: 0, ..TERMS }, 1), Ok(0));
    assert_eq!(fee(PerpTerms { liquidator_fee_ppm: 50_000, ..TERMS }, 1), Ok(0));
    // A shortage of exactly the 4 % left, and a millionth of the value to either side.
    let short = |shortage| TERMS.insurance_fee_ppm(shortage, 10_000_000_000, 50_000).unwrap();
    assert_eq!((short(40_000_000), short(40_001_000), short(39_999_000)), (0, 0, 0));
    assert_eq!((short(39_998_000), short(u128::from(u64::MAX))), (1, 0));
    assert_eq!(TERMS.insurance_fee_ppm(0, 1, 37_999), Ok(37_999));
    assert_eq!(TERMS.insurance_fee_ppm(0, 1, 38_001), Ok(38_000));
    let dust = PerpTerms { price_e6: 999, quote_price_e6: 999, ..TERMS };
    assert_eq!(dust.insurance_fee_ppm(1, 1, 1), Err(Revert::DivisionByZero));
}

fn terms() -> impl Strategy<Value = PerpTerms> {
    let prices = (1u64..200_000_000_000, 900_000u64..1_100_000);
    (1u32..20_000, 0u32..100_000, prices).prop_map(|(ratio, fee, (price, quote))| PerpTerms {
        margin_ratio_bps: ratio,
        liquidator_fee_ppm: fee,
        price_e6: price,
        quote_price_e6: quote,
    })
}

proptest! {
    #[test]
    fn shares_are_those_of_the_formula(
        shortage in 50_000_000u128..1 << 60, freed in 0u128..1 << 60, slots in 0u64..400,
        initial in 0u128..12_000, duration in 1u128..300
    ) {
        let open = down(&(r(u128::from(slots)) * r(10_000) / r(duration))) + r(initial);
        let open = open.min(r(10_000));
        let most = down(&(r(shortage + freed) * open / r(10_000)));
        let free = (most - r(freed)).max(r(0));
        let slow = down(&(free * r(10_000) / r(shortage)));
        let fast = allowed_bps(shortage, freed, slots, initial, duration).unwrap();
        prop_assert_eq!(r(fast), slow);
        prop_assert!(fast <= 10_000);
        let later = allowed_bps(shortage, freed, slots + 1, initial, duration).unwrap();
        prop_assert!(later >= fast);
    }

    #[test]
    fn fees_never_fall_with_time_and_keep_their_bounds(
        base in 0u32..100_000, rise in 0u32..100_000, since in 0u64..1 << 40, slots in 0u64..200_000
    ) {
        let fee = |slots| liquidation_fee_ppm(base, base + rise, since, since + slots).unwrap();
        prop_assert!(fee(slots) <= fee(slots + 1));
        prop_assert!((base..=base + rise).contains(&fee(slots)));
    }

    #[test]
    fn the_base_is_that_of_the_formula_and_covers(
        terms in terms(), shortage in 0u128..1 << 60, insurance in 0u32..40_000
    ) {
        let (price, quote) = (u128::from(terms.price_e6), u128::from(terms.quote_price_e6));
        let ratio = u128::from(terms.margin_ratio_bps) * 100;
        let fee = u128::from(terms.liquidator_fee_ppm);
        let result = terms.base_to_cover(shortage, insurance);
        if ratio <= fee {
            prop_assert_eq!(result, Ok(u64::MAX));
            return Ok(());
        }
        let valued = down(&(r(price) * r(quote) / r(1_000_000)));
        let freed = down(&(valued * r(ratio - fee) / r(1_000_000)));
        let freed = freed - down(&(r(price) * r(u128::from(insurance)) / r(1_000_000)));
        if freed <= r(0) {
            prop_assert!(result.is_err());
            return Ok(());
        }
        let slow = r(shortage) * r(1_000_000_000) / &freed;
        match result {
            Ok(base) => {
                prop_assert_eq!(r(u128::from(base)), down(&slow));
                // One unit of base more frees at least the shortage.
                prop_assert!(r(u128::from(base) + 1) * freed >= r(shortage) * r(1_000_000_000));
            }
            Err(error) => {
                prop_assert_eq!(error, Revert::Arithmetic);
                prop_assert!(down(&slow) > r(u128::from(u64::MAX)));
            }
        }
    }

    #[test]
    fn the_insurance_fee_is_that_of_the_formula_and_falls_with_the_shortage(
        terms in terms(), shortage in 0u128..1 << 50, more in 0u128..1 << 50,
        base in 1u128..1 << 50, most in 0u32..60_000
    ) {
        let spread = r(u128::from(terms.margin_ratio_bps) * 100);
        let spread = (spread - r(u128::from(terms.liquidator_fee_ppm))).max(r(0));
        let (price, quote) = (u128::from(terms.price_e6), u128::from(terms.quote_price_e6));
        let valued = down(&(r(price) * r(quote) / r(1_000_000)));
        prop_assume!(valued > r(0));
        let share = down(&(r(shortage) * r(1_000_000_000) / r(base)));
        let share = down(&(share * r(1_000_000) / valued));
        let slow = down(&((spread - share).max(r(0)) * r(19) / r(20)));
        let fast = terms.insurance_fee_ppm(shortage, base, most).unwrap();
        prop_assert_eq!(r(u128::from(fast)), slow.min(r(u128::from(most))));
        prop_assert!(terms.insurance_fee_ppm(shortage + more, base, most).unwrap() <= fast);
    }
}
