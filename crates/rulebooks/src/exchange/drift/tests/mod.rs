//! Promises of the rule. The venue's own numbers are checked by the conformance crate.

mod bankruptcies;
mod calls;
mod margins;
mod perp_terms;
mod spot_pairs;
mod weights;

use super::*;
use breakwater_money::{Rational, U256, rational};

/// A whole number as a rational.
fn r(value: u128) -> Rational {
    Rational::from_integer(rational::big(U256::from(value)).into())
}

/// The largest whole number not above `value`.
fn down(value: &Rational) -> Rational {
    value.floor()
}

/// The smallest whole number not below `value`.
fn up(value: &Rational) -> Rational {
    value.ceil()
}

/// Quote token 0 of six decimals a little below one; token 1 of nine decimals at 140; token 2 of five
/// at 0.25. Perpetual 0 at 140.07 and perpetual 7 at 61,234.5. No two parameters are alike.
fn markets() -> Markets {
    let quote = SpotMarket {
        index: 0,
        decimals: 6,
        price_e6: 999_700,
        price_average_e6: 1_000_300,
        asset_initial_bps: 10_000,
        asset_maintenance_bps: 10_000,
        liability_initial_bps: 10_000,
        liability_maintenance_bps: 10_000,
        imf_ppm: 0,
    };
    let nine = SpotMarket {
        index: 1,
        decimals: 9,
        price_e6: 140_000_000,
        price_average_e6: 138_500_000,
        asset_initial_bps: 8_000,
        asset_maintenance_bps: 9_000,
        liability_initial_bps: 12_000,
        liability_maintenance_bps: 11_000,
        imf_ppm: 3_000,
    };
    let five = SpotMarket {
        index: 2,
        decimals: 5,
        price_e6: 250_000,
        price_average_e6: 260_000,
        asset_initial_bps: 5_000,
        asset_maintenance_bps: 6_500,
        liability_initial_bps: 16_000,
        liability_maintenance_bps: 13_000,
        imf_ppm: 170,
    };
    Markets { spots: vec![quote, nine, five], perps: vec![small_perp(), large_perp()] }
}

fn small_perp() -> PerpMarket {
    PerpMarket {
        index: 0,
        price_e6: 140_070_000,
        ratio_initial_bps: 1_000,
        ratio_maintenance_bps: 500,
        imf_ppm: 40,
        profit_initial_bps: 9_900,
        profit_maintenance_bps: 9_700,
        profit_imf_ppm: 11,
        step_e9: 10_000_000,
        liquidator_fee_ppm: 10_000,
        liquidator_fee_max_ppm: 30_000,
        insurance_fee_max_ppm: 15_000,
    }
}

fn large_perp() -> PerpMarket {
    PerpMarket {
        index: 7,
        price_e6: 61_234_500_000,
        ratio_initial_bps: 700,
        ratio_maintenance_bps: 330,
        imf_ppm: 0,
        profit_initial_bps: 10_000,
        profit_maintenance_bps: 10_000,
        profit_imf_ppm: 0,
        step_e9: 100_000,
        liquidator_fee_ppm: 5_000,
        liquidator_fee_max_ppm: 12_000,
        insurance_fee_max_ppm: 7_000,
    }
}

const SETTINGS: Settings = Settings { buffer_bps: 200, initial_bps: 1_000, duration_slots: 150 };

fn account(spots: &[(u16, i128)], perps: &[(u16, i128, i128)]) -> Account {
    Account {
        spots: spots.iter().map(|&(market, tokens)| Spot { market, tokens }).collect(),
        perps: perps
            .iter()
            .map(|&(market, base_e9, quote_e6)| Perp { market, base_e9, quote_e6 })
            .collect(),
        ..Account::default()
    }
}

/// Ten million of the quote token.
fn liquidator() -> Account {
    account(&[(0, 10_000_000_000_000)], &[])
}
