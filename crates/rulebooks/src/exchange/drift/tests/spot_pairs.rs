//! Borrowed tokens against deposited ones.

use super::*;
use proptest::prelude::*;

fn side(weight_bps: u32, multiplier_ppm: u32, decimals: u8, price_e6: u64) -> SpotSide {
    SpotSide { weight_bps, multiplier_ppm, decimals, price_e6 }
}

#[test]
fn a_repayment_that_frees_nothing_is_without_end() {
    let pair = |owned, owed| SpotPair {
        asset: side(owned, 1_000_000, 6, 1_000_000),
        liability: side(owed, 1_000_000, 9, 100_000_000),
    };
    assert_eq!(pair(10_000, 10_000).liability_to_cover(1, 0), Ok(u128::MAX));
    assert_eq!(pair(10_001, 10_000).liability_to_cover(1, 0), Ok(u128::MAX));
    assert_eq!(pair(9_999, 10_000).liability_to_cover(10_000_000, 0), Ok(1_000_000_000_000));
    // The insurance fee of 1 % takes exactly the distance of the weights.
    assert_eq!(pair(9_900, 10_000).liability_to_cover(1, 10_000), Ok(u128::MAX));
    assert_eq!(pair(9_900, 10_000).liability_to_cover(1, 10_001), Ok(u128::MAX));
    assert!(pair(9_900, 10_000).liability_to_cover(1, 9_999).unwrap() < u128::MAX);
}

#[test]
fn zeros_are_refused_where_they_are_divided_by() {
    let zero = SpotPair { asset: side(1, 0, 6, 0), liability: side(2, 0, 6, 0) };
    assert_eq!(zero.liability_to_cover(1, 0), Err(Revert::DivisionByZero));
    assert_eq!(zero.liability_implied(1), Err(Revert::DivisionByZero));
    assert_eq!(zero.asset_for(1, 1), Err(Revert::DivisionByZero));
    assert_eq!(zero.swap_within(1, 1), Err(Revert::DivisionByZero));
    let one = side(2, 1_000_000, 6, 1_000_000);
    assert_eq!(
        SpotPair { asset: one, liability: one }.swap_within(0, 1),
        Err(Revert::DivisionByZero)
    );
    let deep = SpotPair { asset: side(1, 1, 200, 1), liability: side(2, 1, 0, 1) };
    assert_eq!(deep.asset_for(1, 1), Err(Revert::Arithmetic));
    assert_eq!(deep.swap_within(1, 1), Err(Revert::Arithmetic));
    assert_eq!(deep.liability_implied(1), Err(Revert::Arithmetic));
}

#[test]
fn a_rest_below_one_of_the_quote_token_goes_too() {
    let six = side(0, 1_000_000, 6, 1_000_000);
    let pair = SpotPair { asset: six, liability: six };
    assert_eq!(pair.asset_for(10_999_999, 10_000_000), Ok(10_999_999));
    assert_eq!(pair.asset_for(11_000_000, 10_000_000), Ok(10_000_000));
    // Less than is owed, by as little, is taken as all of it.
    assert_eq!(pair.asset_for(9_000_001, 10_000_000), Ok(9_000_001));
    assert_eq!(pair.asset_for(9_000_000, 10_000_000), Ok(10_000_000));
}

#[test]
fn the_rest_is_scaled_the_wrong_way_for_other_decimals_as_the_program_does() {
    let six = side(0, 1_000_000, 6, 1_000_000);
    // Nine decimals: half a token is left and stays, and so would anything above a millionth of one.
    let nine = SpotPair { asset: side(0, 1_000_000, 9, 1_000_000), liability: six };
    assert_eq!(nine.asset_for(1_500_000_000, 1_000_000), Ok(1_000_000_000));
    assert_eq!(nine.asset_for(1_000_000_999, 1_000_000), Ok(1_000_000_999));
    assert_eq!(nine.asset_for(1_000_001_000, 1_000_000), Ok(1_000_000_000));
    // Five decimals: 99.99999 tokens are left and go.
    let five = SpotPair { asset: side(0, 1_000_000, 5, 1_000_000), liability: six };
    assert_eq!(five.asset_for(10_099_999, 1_000_000), Ok(10_099_999));
    assert_eq!(five.asset_for(10_100_000, 1_000_000), Ok(100_000));
}

#[test]
fn a_swap_at_the_worst_price_is_within() {
    // 200 / 1.01 is 198.019801..., which the program cuts to a millionth.
    let pair = SpotPair {
        asset: side(0, 1_010_000, 9, 200_000_000),
        liability: side(0, 1_000_000, 6, 1_000_000),
    };
    assert_eq!(pair.swap_within(1_000_000_000, 198_019_801), Ok(true));
    assert_eq!(pair.swap_within(1_000_000_000, 198_019_800), Ok(false));
    assert_eq!(pair.swap_within(1_000_000_000, 198_000_000), Ok(false));
    assert_eq!(pair.swap_within(1_000_000_000, 200_000_000), Ok(true));
}

fn sides() -> impl Strategy<Value = SpotSide> {
    (0u32..20_000, 700_000u32..1_300_000, 0u8..13, 1u64..100_000_000_000)
        .prop_map(|(weight, multiplier, decimals, price)| side(weight, multiplier, decimals, price))
}

fn ten(decimals: u8) -> Rational {
    r(10u128.pow(u32::from(decimals)))
}

proptest! {
    #[test]
    fn transfers_are_those_of_the_formula(
        asset in sides(), liability in sides(), amount in 0u128..1 << 50, shortage in 0u128..1 << 44,
        insurance in 0u32..30_000
    ) {
        let pair = SpotPair { asset, liability };
        let price = |side: &SpotSide| r(u128::from(side.price_e6));
        let multiplier = |side: &SpotSide| r(u128::from(side.multiplier_ppm));
        let worth = r(amount) * price(&asset) * multiplier(&liability);
        let slow = worth * ten(liability.decimals)
            / (price(&liability) * multiplier(&asset) * ten(asset.decimals));
        if let Ok(fast) = pair.liability_implied(amount) {
            prop_assert_eq!(r(fast), up(&slow));
            // What it implies buys at least the amount back.
            let plain = SpotPair { asset, liability }.asset_for(0, fast);
            if let Ok(back) = plain {
                prop_assert!(back >= amount || back == 0);
            }
        }

        let weight = |side: &SpotSide| r(u128::from(side.weight_bps) * 10);
        let owned = down(&(weight(&asset) * multiplier(&asset) / multiplier(&liability)));
        let fee = down(&(price(&liability) * r(u128::from(insurance)) / r(1_000_000)));
        let freed = price(&liability) * (weight(&liability) - owned) - fee * weight(&liability);
        let fast = pair.liability_to_cover(shortage, insurance).unwrap();
        if asset.weight_bps >= liability.weight_bps || freed <= r(0) {
            prop_assert_eq!(fast, u128::MAX);
        } else {
            let scale = ten(liability.decimals) * r(100_000_000_000) / r(1_000_000);
            prop_assert_eq!(r(fast), down(&(r(shortage) * scale / freed)));
        }
    }

    #[test]
    fn asset_transfers_take_the_formula_or_everything(
        asset in sides(), liability in sides(), owed in 0u128..1 << 50, held in 0u128..1 << 60
    ) {
        let Ok(fast) = (SpotPair { asset, liability }).asset_for(held, owed) else { return Ok(()) };
        let price = |side: &SpotSide| r(u128::from(side.price_e6));
        let multiplier = |side: &SpotSide| r(u128::from(side.multiplier_ppm));
        let slow = r(owed) * price(&liability) * multiplier(&asset) * ten(asset.decimals)
            / (price(&asset) * multiplier(&liability) * ten(liability.decimals));
        prop_assert!(r(fast) == down(&slow) || fast == held);
    }
}
