use super::*;
use proptest::prelude::*;

const MILLION: u128 = 1_000_000;

fn tier(to: Option<u128>, percent: u64) -> HaircutTier {
    HaircutTier { to, ratio_e9: percent * 10_000_000 }
}

fn terms(rows: &[(Option<u128>, u64)], measure: Measure) -> CollateralTerms {
    let tiers = rows.iter().map(|(to, percent)| tier(*to, *percent)).collect();
    CollateralTerms::new(Terms::tiered(tiers, measure)).unwrap()
}

/// 98 % to 10, 95 % to 20, 90 % to 30, nothing above.
fn by_quantity() -> CollateralTerms {
    terms(&[(Some(10), 98), (Some(20), 95), (Some(30), 90)], Measure::Quantity)
}

fn balance(terms: &CollateralTerms, amount: i128, price: u128) -> Balance<'_> {
    let outstanding = Outstanding::default();
    Balance { terms, amount, decimals: 0, price: Price::new(price, 2), outstanding }
}

#[test]
fn an_edge_belongs_to_the_tier_below_it_and_nothing_counts_above_the_last() {
    let table = by_quantity();
    for (size, percent) in [
        (0, 0),
        (1, 98),
        (10, 980),
        (11, 1_075),
        (20, 1_930),
        (21, 2_020),
        (30, 2_830),
        (31, 2_830),
        (u128::MAX, 2_830),
    ] {
        assert_eq!(table.counted_e9(size), U256::from(percent * 10_000_000u64), "{size}");
    }
    let open = terms(&[(Some(10), 98), (None, 50)], Measure::Quantity);
    assert_eq!(open.counted_e9(12), U256::from(10_800_000_000u64));
    let closed = terms(&[(Some(10), 98), (None, 0)], Measure::Quantity);
    assert_eq!(closed.counted_e9(12), U256::from(9_800_000_000u64));
}

#[test]
fn quantity_edges_do_not_move_with_the_price_and_value_edges_do() {
    let at = |terms: &CollateralTerms, price| balance(terms, 20, price).valued().unwrap();
    let quantity = by_quantity();
    // 19.3 units at 5.00 and at 10.00.
    assert_eq!(at(&quantity, 500), Valued { unweighted: 10_000, weighted: 9_650 });
    assert_eq!(at(&quantity, 1_000), Valued { unweighted: 20_000, weighted: 19_300 });
    let value = terms(&[(Some(10_000), 98), (None, 50)], Measure::Value);
    assert_eq!(at(&value, 500), Valued { unweighted: 10_000, weighted: 9_800 });
    assert_eq!(at(&value, 1_000), Valued { unweighted: 20_000, weighted: 14_800 });
}

#[test]
fn what_counts_rounds_down_and_what_is_owed_rounds_up() {
    let flat = CollateralTerms::new(Terms::flat(333_333_333)).unwrap();
    let held = Balance { decimals: 1, ..balance(&flat, 9, 11) };
    // 0.9 units at 0.11 are 9.9 hundredths, and a third of the nine that count is under three.
    assert_eq!(held.valued(), Ok(Valued { unweighted: 9, weighted: 2 }));
    let owed = Balance { amount: -9, ..held };
    assert_eq!(owed.valued(), Ok(Valued { unweighted: -10, weighted: -10 }));
    let heavier = Terms { liability_weight_e9: 1_200_000_000, ..Terms::flat(0) };
    let heavier = CollateralTerms::new(heavier).unwrap();
    // 9.9 times 1.2 is 11.88.
    let owed = Balance { terms: &heavier, ..owed };
    assert_eq!(owed.valued(), Ok(Valued { unweighted: -10, weighted: -12 }));
}

#[test]
fn beyond_a_cap_assets_count_for_less_and_debts_for_more() {
    let capped = Terms {
        liability_weight_e9: 1_200_000_000,
        deposits_cap: Some(5_000),
        borrows_cap: Some(4_000),
        ..Terms::flat(500_000_000)
    };
    let capped = CollateralTerms::new(capped).unwrap();
    let at = |amount, deposits, borrows| {
        let outstanding = Outstanding { deposits, borrows };
        Balance { outstanding, ..balance(&capped, amount, 100) }.valued().unwrap().weighted
    };
    for (deposits, weighted) in [(4_999, 500), (5_000, 500), (5_001, 499), (10_000, 250)] {
        assert_eq!(at(10, deposits, 9_999), weighted, "{deposits}");
    }
    for (borrows, weighted) in [(3_999, -1_200), (4_000, -1_200), (4_001, -1_201), (8_000, -2_400)]
    {
        assert_eq!(at(-10, 9_999, borrows), weighted, "{borrows}");
    }
    let none = Terms { deposits_cap: Some(0), ..Terms::flat(RATIO_ONE_E9) };
    let none = CollateralTerms::new(none).unwrap();
    let outstanding = Outstanding { deposits: 1, borrows: 0 };
    let valued = Balance { outstanding, ..balance(&none, 1, 1) }.valued().unwrap();
    assert_eq!(valued, Valued { unweighted: 1, weighted: 0 });
}

#[test]
fn an_account_adds_up_and_its_prices_have_one_scale() {
    let (coin, cash) = (by_quantity(), CollateralTerms::new(Terms::flat(RATIO_ONE_E9)).unwrap());
    let rows = [balance(&coin, 20, 500), balance(&cash, -30, 100)];
    assert_eq!(Valued::of(rows), Ok(Valued { unweighted: 7_000, weighted: 6_650 }));
    assert_eq!(Valued::of([]), Ok(Valued::default()));
    let other = Balance { price: Price::new(1, 3), ..rows[1] };
    assert_eq!(
        Valued::of([rows[0], other]).unwrap_err().to_string(),
        "collateral: price scales differ: 2 and 3 decimals"
    );
    let much = Balance { decimals: 0, ..balance(&cash, i128::MAX, 1) };
    assert_eq!(Valued::of([much]).unwrap().weighted, i128::MAX);
    assert_eq!(Valued::of([much, much]), Err(MoneyError::Overflow.into()));
    let wide = Balance { price: Price::new(u128::MAX, 2), ..much };
    assert_eq!(wide.valued(), Err(MoneyError::Overflow.into()));
    let least = balance(&cash, i128::MIN, u128::MAX);
    assert_eq!(least.valued(), Err(MoneyError::Overflow.into()));
    let fine = Balance { decimals: 39, ..much };
    assert_eq!(fine.valued(), Err(MoneyError::Overflow.into()));
}

#[test]
fn every_bad_row_is_refused_by_name() {
    let refusal = |tiers: Vec<HaircutTier>| {
        CollateralTerms::new(Terms::tiered(tiers, Measure::Value)).unwrap_err().to_string()
    };
    assert_eq!(refusal(vec![]), "tiers: the list is empty; a table needs at least one tier");
    for (to, previous) in [(9, 10), (10, 10)] {
        assert_eq!(
            refusal(vec![tier(Some(10), 9), tier(Some(to), 8)]),
            format!("tier 2: to {to} is not above {previous}; edges rise strictly from 0")
        );
    }
    assert_eq!(
        refusal(vec![tier(Some(0), 9)]),
        "tier 1: to 0 is not above 0; edges rise strictly from 0"
    );
    assert_eq!(
        refusal(vec![tier(None, 9), tier(Some(1), 8)]),
        "tier 1: to is missing; only the last of 2 tiers may be open"
    );
    assert_eq!(
        refusal(vec![HaircutTier { to: None, ratio_e9: RATIO_ONE_E9 + 1 }]),
        "tier 1: ratio_e9 1000000001 is above 1000000000 (100 %)"
    );
    assert_eq!(
        refusal(vec![tier(Some(5), 8), tier(None, 9)]),
        "tier 2: ratio_e9 90000000 is above the 80000000 of the tier before; ratios never rise"
    );
    let light = Terms { liability_weight_e9: RATIO_ONE_E9 - 1, ..Terms::flat(0) };
    assert_eq!(
        CollateralTerms::new(light).unwrap_err().to_string(),
        "liability_weight_e9 999999999 is below 1000000000; a debt counts at 100 % or more"
    );
    let bound = Terms { borrows_cap: Some(0), ..Terms::flat(0) };
    assert_eq!(CollateralTerms::new(bound), Err(CollateralError::BorrowsCapZero));
}

fn any_terms() -> impl Strategy<Value = CollateralTerms> {
    let rows = prop::collection::vec((1u128..MILLION, 0u64..400_000_000), 1..7);
    (rows, any::<bool>(), 0u64..RATIO_ONE_E9, any::<bool>()).prop_map(
        |(rows, open, fall, by_value)| {
            let (mut to, mut ratio_e9) = (0, RATIO_ONE_E9 - fall);
            let mut tiers: Vec<HaircutTier> = rows
                .into_iter()
                .map(|(width, fall)| {
                    to += width;
                    ratio_e9 = ratio_e9.saturating_sub(fall);
                    HaircutTier { to: Some(to), ratio_e9 }
                })
                .collect();
            if open {
                tiers.last_mut().unwrap().to = None;
            }
            let measure = if by_value { Measure::Value } else { Measure::Quantity };
            CollateralTerms::new(Terms::tiered(tiers, measure)).unwrap()
        },
    )
}

proptest! {
    /// Unit by unit: each one takes the ratio of the first tier whose edge is not below it.
    #[test]
    fn the_tiers_are_the_sum_over_their_slices(table in any_terms(), size in 0u128..3_000) {
        let ratio = |unit: u128| {
            let tier = table.terms().tiers.iter().find(|row| row.to.is_none_or(|to| unit <= to));
            tier.map_or(0, |tier| tier.ratio_e9)
        };
        // Tables here are wide; scaling the edges down would need another table, so walk their
        // neighbourhoods instead: from each edge on, `size` units.
        for edge in table.terms().tiers.iter().filter_map(|row| row.to).chain([0]) {
            let from = edge.saturating_sub(size >> 1);
            let walked = (from + 1..=from + size).map(ratio).map(u128::from).sum::<u128>();
            let counted = table.counted_e9(from + size) - table.counted_e9(from);
            prop_assert_eq!(counted, U256::from(walked));
        }
    }

    #[test]
    fn what_counts_rises_bends_down_and_never_exceeds_the_holding(
        table in any_terms(), size in 0u128..5 * MILLION, step in 1u128..MILLION
    ) {
        let (low, middle, high) =
            (table.counted_e9(size), table.counted_e9(size + step), table.counted_e9(size + 2 * step));
        prop_assert!(low <= middle && middle <= high);
        prop_assert!(high - middle <= middle - low);
        prop_assert!(low <= U256::from(size) * U256::from(RATIO_ONE_E9));
    }

    #[test]
    fn weighted_is_never_above_unweighted(
        table in any_terms(), amount in -10_000_000i128..10_000_000, price in any::<u64>(),
        decimals in 0u8..9, deposits in any::<u64>(), borrows in any::<u64>(),
        deposits_cap in any::<Option<u64>>(), borrows_cap in prop::option::of(1u64..)
    ) {
        let terms = Terms {
            deposits_cap: deposits_cap.map(u128::from),
            borrows_cap: borrows_cap.map(u128::from),
            ..table.terms().clone()
        };
        let terms = CollateralTerms::new(terms).unwrap();
        let outstanding = Outstanding { deposits: deposits.into(), borrows: borrows.into() };
        let price = Price::new(price.into(), 8);
        let held = Balance { terms: &terms, amount, decimals, price, outstanding };
        let valued = held.valued().unwrap();
        prop_assert!(valued.weighted <= valued.unweighted);
        prop_assert!(amount < 0 || valued.weighted >= 0);
    }

    /// Two accounts that share a holding never count for less, but for a unit of rounding.
    #[test]
    fn spreading_a_holding_never_costs(
        table in any_terms(), left in 0i128..2_000_000, right in 0i128..2_000_000, price in 1u128..9_999
    ) {
        let weighted = |amount| balance(&table, amount, price).valued().unwrap().weighted;
        prop_assert!(weighted(left) + weighted(right) + 1 >= weighted(left + right));
    }
}
