//! What holds for any book that a predator hunts.

use super::Predator;
use crate::stress::cascade::{Position, Terms};
use proptest::prelude::*;

proptest! {
    #[test]
    fn what_a_predator_earns_forced_sales_paid(
        accounts in proptest::collection::vec((1.0f64..20.0, 0.3f64..0.84), 1..20),
        units in 0.0f64..200.0, depth in 200.0f64..2_000.0, shock in 0.0f64..0.2,
        bonus in 0.0f64..0.1,
    ) {
        let book: Vec<Position> = accounts
            .iter()
            .map(|(collateral, ltv)| Position { collateral: *collateral, debt: collateral * ltv })
            .collect();
        let terms = Terms { threshold: 0.85, close_factor: 0.5, bonus };
        let hunt = |units| Predator { units }.hunt(&book, &terms, 1.0, depth, shock).unwrap();
        let (alone, hunted) = (hunt(0.0), hunt(units));
        prop_assert!(hunted.profit >= -1e-9 * depth);
        prop_assert!(hunted.trough <= alone.trough * (1.0 + 1e-12));
        prop_assert!(hunted.seized >= alone.seized - 1e-9);
        prop_assert!(hunted.terminal <= alone.terminal * (1.0 + 1e-9));
        prop_assert!((0.0..1.0).contains(&(hunted.overshoot + 1e-15).abs()));
        if hunted.seized == 0.0 {
            prop_assert!(hunted.profit.abs() < 1e-9 * depth);
        }
    }
}
