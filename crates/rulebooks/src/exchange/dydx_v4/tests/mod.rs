//! Promises of the rule. The venue's own numbers are checked by the conformance crate.

mod accounts;
mod bankruptcies;
mod deleveraging;
mod fills;
mod tiers;

use super::*;
use breakwater_money::{Rational, rational};
use proptest::prelude::*;

fn r(value: i128) -> Rational {
    rational::from_raw(value, 0)
}

/// 20 % initial and half of it maintenance, scaled between 1 and 2 USD of open interest.
const TIER: LiquidityTier = LiquidityTier {
    initial_ppm: 200_000,
    maintenance_fraction_ppm: 500_000,
    open_interest_lower: 1_000_000,
    open_interest_upper: 2_000_000,
};

const UNSCALED: LiquidityTier =
    LiquidityTier { open_interest_lower: 0, open_interest_upper: 0, ..TIER };

/// Perpetual 0 at 50,000 with quanta of 1e-10, perpetual 3 at 3,001.7 with quanta of 1e-9 and odd
/// fractions, perpetual 8 at 0.0071 with whole units.
fn perpetuals() -> Perpetuals {
    let odd = LiquidityTier { initial_ppm: 33_333, maintenance_fraction_ppm: 600_001, ..UNSCALED };
    let large = Perpetual {
        id: 0,
        atomic_resolution: -10,
        price: 5_000_000_000,
        price_exponent: -5,
        step_base_quantums: 1_000_000,
        open_interest: 0,
        tier: UNSCALED,
    };
    let middle = Perpetual {
        id: 3,
        atomic_resolution: -9,
        price: 3_001_700_000,
        price_exponent: -6,
        step_base_quantums: 10_000,
        tier: odd,
        ..large.clone()
    };
    let small = Perpetual {
        id: 8,
        atomic_resolution: 0,
        price: 71,
        price_exponent: -4,
        step_base_quantums: 10,
        ..middle.clone()
    };
    Perpetuals { list: vec![large, middle, small] }
}

fn account(quote: i128, positions: &[(u32, i128)]) -> Subaccount {
    let position = |&(perpetual, quantums): &(u32, i128)| Position { perpetual, quantums };
    Subaccount { quote, positions: positions.iter().map(position).collect() }
}

/// Quote quantums and positions of both sides whose collateral is near their requirement.
fn accounts() -> impl Strategy<Value = Subaccount> {
    let sizes = (-40i128..40, -500i128..500, -90_000i128..90_000);
    (sizes, -200i128..400, any::<bool>()).prop_map(|((large, middle, small), part, lean)| {
        let held: Vec<(u32, i128)> = [
            (0, large * 1_000_000_000),
            (3, if lean { 0 } else { middle * 10_000_000 }),
            (8, if lean { 0 } else { small * 10 }),
        ]
        .into_iter()
        .filter(|(_, quantums)| *quantums != 0)
        .collect();
        let mut held = account(0, &held);
        let risk = held.risk(&perpetuals()).unwrap();
        // From twice below zero to four times the requirement.
        held.quote = risk.maintenance * part / 100 - risk.net;
        held
    })
}
