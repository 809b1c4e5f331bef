//! The rule for one quantity in one market against the whole planner.

use super::*;
use crate::Conditions;
use breakwater_market::{Level, MarketId};
use proptest::prelude::*;

const HELD: u128 = 5_000_000;
const MARK: u128 = 100 * ONE;

fn conditions() -> impl Strategy<Value = Conditions> {
    let bids = prop::collection::btree_map(90_000_001u128..=99_900_000, 1u128..=1_500_000, 0..8);
    let kind =
        prop_oneof![Just(OutletKind::Book), Just(OutletKind::Pool), Just(OutletKind::Keeper)];
    let outlet = (bids, kind, 0u64..100).prop_map(|(steps, kind, wait)| {
        let level = |(price, quantity)| Level { price, quantity };
        let bids = steps.into_iter().rev().map(level).collect();
        Outlet { kind, bids, asks: Vec::new(), wait_nanos: wait * 1_000_000_000, pays: None }
    });
    let outlets = prop::collection::vec(outlet, 0..4);
    (outlets, 0u32..400_000, 0u64..200_000_000_000).prop_map(
        |(outlets, volatility_ppm_per_sqrt_day, half_life_nanos)| Conditions {
            outlets,
            volatility_ppm_per_sqrt_day,
            half_life_nanos,
            observed_at: breakwater_money::Time(1_000),
        },
    )
}

fn single(slices: u8) -> Single {
    Single { quantity: HELD, buy: false, mark: MARK, slippage_bps: 1_000, taken: 0, slices }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// An account under water sells everything: what of it now is the rule's answer.
    #[test]
    fn a_single_slice_is_what_a_whole_proposal_sells_now(
        known in conditions(),
        share in 1u32..=10_000,
        impact in 0u32..1_000,
        confidence in 0u32..=3_000_000,
        taken in 0u128..2_000_000,
    ) {
        let terms = PlannerTerms {
            participation_bps: share,
            impact_max_bps: impact,
            confidence_ppm: confidence,
            ..terms()
        };
        let mut toy = Toy::new(Kind::Lending(vec![8_000]), -600_000_000, &[(5_000_000, MARK)]);
        toy.observed.observe(toy.now, MarketId(0), &known, &[]).unwrap();
        toy.under_way.insert((asset(1), false), taken);
        let found = proposed(&toy, &policy(10_500, 0, 1_000, terms));
        let sold = slice_of(&known, &Single { taken, ..single(SLICES_MAX) }, &terms).unwrap();
        let leg = found.plan.legs.first().map(|leg| (leg.quantity, leg.worst_price.raw));
        prop_assert_eq!(leg.unwrap_or((0, MARK)), (sold.quantity, sold.worst));
    }

    /// Prices mirrored about the mark, bought back, take the same quantity.
    #[test]
    fn buying_is_selling_in_a_mirror(known in conditions(), confidence in 0u32..=3_000_000) {
        let terms = PlannerTerms { confidence_ppm: confidence, ..terms() };
        let mut mirrored = known.clone();
        for outlet in &mut mirrored.outlets {
            let rising = outlet.bids.drain(..).map(|at| Level { price: 2 * MARK - at.price, ..at });
            outlet.asks = rising.collect();
        }
        let sold = slice_of(&known, &single(SLICES_MAX), &terms).unwrap();
        let buy = Single { buy: true, ..single(SLICES_MAX) };
        let bought = slice_of(&mirrored, &buy, &terms).unwrap();
        prop_assert_eq!((sold.quantity, 2 * MARK - sold.worst), (bought.quantity, bought.worst));
    }
}

#[test]
fn without_a_later_slice_all_that_is_quoted_is_sold_now_and_terms_are_checked() {
    let bids = vec![
        Level { price: 99 * ONE, quantity: 1_000_000 },
        Level { price: 95 * ONE, quantity: 2_000_000 },
        Level { price: 80 * ONE, quantity: 9_000_000 },
    ];
    let known = Conditions {
        outlets: vec![Outlet { bids, ..book(&[], &[]) }],
        volatility_ppm_per_sqrt_day: 10_000,
        half_life_nanos: 1,
        observed_at: breakwater_money::Time(0),
    };
    // The third step is below the band of a tenth.
    let all = slice_of(&known, &single(0), &terms()).unwrap();
    assert_eq!((all.quantity, all.worst), (3_000_000, 95 * ONE));
    let patient = slice_of(&known, &single(SLICES_MAX), &terms()).unwrap();
    assert_eq!((patient.quantity, patient.worst), (1_000_000, 99 * ONE));
    let no_mark = Single { mark: 0, ..single(0) };
    assert!(slice_of(&known, &no_mark, &terms()).is_err());
    let no_price = Single { slippage_bps: 10_000, ..single(0) };
    assert!(slice_of(&known, &no_price, &terms()).is_err());
    let no_share = PlannerTerms { participation_bps: 0, ..terms() };
    assert!(slice_of(&known, &single(0), &no_share).is_err());
}
