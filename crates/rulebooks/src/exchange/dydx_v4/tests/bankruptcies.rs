//! Bankruptcy and fillable prices, and what insurance gets or pays.

use super::*;

fn closing(delta: i128) -> Closing {
    Closing { perpetual: 0, delta }
}

#[test]
fn a_delta_that_does_not_close_a_part_is_refused() {
    let held = account(5_499_000_000, &[(0, -1_000_000_000)]);
    let quote = |delta| closing(delta).bankruptcy_quote(&held, &perpetuals());
    assert_eq!(quote(1_000_000_000), Ok(-5_499_000_000));
    for delta in [0, -1, 1_000_000_001, i128::MAX, i128::MIN + 1] {
        let position = -1_000_000_000;
        assert_eq!(quote(delta), Err(Revert::SizeDelta { delta, position }), "{delta}");
    }
    let flat = account(0, &[(0, 0)]);
    let refused = closing(1).bankruptcy_quote(&flat, &perpetuals());
    assert_eq!(refused, Err(Revert::SizeDelta { delta: 1, position: 0 }));
}

#[test]
fn without_a_requirement_there_is_no_price() {
    let mut free = perpetuals();
    free.list[0].tier.initial_ppm = 0;
    let held = account(1, &[(0, 1_000)]);
    assert_eq!(closing(-1).bankruptcy_quote(&held, &free), Err(Revert::NoRequirement));
    let rule = FillablePrice { bankruptcy_adjustment_ppm: 1, spread_to_maintenance_ppm: 1 };
    assert_eq!(rule.of(&held, &free, 0), Err(Revert::NoRequirement));
}

#[test]
fn the_rating_is_held_between_zero_and_one() {
    let rule =
        FillablePrice { bankruptcy_adjustment_ppm: 2_000_000, spread_to_maintenance_ppm: 100_000 };
    let rating = |net| rule.rating(&Risk { net, initial: 0, maintenance: 1_000 }).unwrap();
    // Twice as fast: one is reached half way to bankruptcy.
    assert_eq!((rating(1_000), rating(1_001)), (r(0), r(0)));
    assert_eq!((rating(999), rating(501)), (r(1) / r(500), r(499) / r(500)));
    assert_eq!((rating(500), rating(499), rating(-9)), (r(1), r(1), r(1)));
}

#[test]
fn a_spread_beyond_the_value_is_refused() {
    let held = account(-6_000_000_000, &[(0, 1_000_000_000)]);
    let price = |spread| {
        let adjustment = 1_000_000;
        let rule = FillablePrice {
            bankruptcy_adjustment_ppm: adjustment,
            spread_to_maintenance_ppm: spread,
        };
        rule.of(&held, &perpetuals(), 0)
    };
    // The requirement is a tenth of the value.
    assert_eq!(price(10_000_000), Ok(r(0)));
    assert_eq!(price(10_000_001), Err(Revert::NegativePrice));
    assert_eq!(price(0), Ok(r(5)));
    let flat = account(0, &[(0, 0)]);
    let rule = FillablePrice { bankruptcy_adjustment_ppm: 1, spread_to_maintenance_ppm: 1 };
    let refused = rule.of(&flat, &perpetuals(), 0);
    assert_eq!(refused, Err(Revert::SizeDelta { delta: 0, position: 0 }));
}

#[test]
fn insurance_gets_the_leftover_up_to_the_fee_and_pays_a_shortfall_whole() {
    let delta = |fill, needed| insurance_delta(fill, needed, 5_000).unwrap();
    assert_eq!((delta(1_000, 999), delta(1_000, 1_000), delta(1_000, 1_001)), (1, 0, -1));
    // Half a per cent of 1,000 is 5, of 1,199 still 5.
    assert_eq!(
        (delta(1_000, 995), delta(1_000, 994), delta(1_199, 0), delta(1_200, 0)),
        (5, 5, 5, 6)
    );
    assert_eq!(delta(-1_000, -2_000), 5);
    assert_eq!(delta(-3_000, -2_000), -1_000);
    assert_eq!(insurance_delta(i128::MAX, -1, 0), Err(Revert::Arithmetic));
}

proptest! {
    #[test]
    fn the_quote_is_that_of_the_formula_rounded_up(held in accounts(), part in 1i128..=1_000) {
        let perpetuals = perpetuals();
        for position in held.positions.clone() {
            let delta = -(position.quantums * part / 1_000);
            if delta == 0 {
                continue;
            }
            let closing = Closing { perpetual: position.perpetual, delta };
            let quote = closing.bankruptcy_quote(&held, &perpetuals).unwrap();
            let perpetual = perpetuals.get(position.perpetual).unwrap();
            let (total, old) = (held.risk(&perpetuals).unwrap(), perpetual.risk(position.quantums).unwrap());
            let new = perpetual.risk(position.quantums + delta).unwrap();
            let share = r(total.net) * r(old.maintenance - new.maintenance) / r(total.maintenance);
            let exact = r(old.net) - r(new.net) - share;
            prop_assert_eq!(r(quote), exact.ceil());

            // At that quote the ratio does not fall; for one quantum less it does.
            let after = |quote| {
                let after = held.after(closing.perpetual, delta, quote).unwrap();
                after.risk(&perpetuals).unwrap()
            };
            let (kept, lost) = (after(quote), after(quote - 1));
            prop_assert!(!kept.is_riskier_than(&total));
            if kept.maintenance > 0 {
                prop_assert!(lost.is_riskier_than(&total));
            } else {
                prop_assert_eq!((kept.net, lost.net), (0, -1));
            }
        }
    }

    #[test]
    fn the_fillable_price_lies_between_the_oracles_and_the_whole_spread(
        held in accounts(), adjustment in 0u32..3_000_000, spread in 0u32..1_000_000, more in 0i128..1 << 34
    ) {
        let perpetuals = perpetuals();
        let rule = FillablePrice {
            bankruptcy_adjustment_ppm: adjustment,
            spread_to_maintenance_ppm: spread,
        };
        for position in &held.positions {
            let own = perpetuals.get(position.perpetual).unwrap().risk(position.quantums).unwrap();
            let at = |held: &Subaccount| rule.of(held, &perpetuals, position.perpetual).unwrap();
            let oracle = r(own.net) / r(position.quantums);
            let widest = r(i128::from(spread)) * r(own.maintenance) / r(1_000_000);
            let widest = widest / r(position.quantums.abs());
            let sign = r(position.quantums.signum());
            let discount = (&oracle - at(&held)) * &sign;
            prop_assert!(discount >= r(0) && discount <= widest);
            // More collateral never makes the offer worse for the account.
            let richer = Subaccount { quote: held.quote + more, ..held.clone() };
            prop_assert!((oracle - at(&richer)) * sign <= discount);
        }
    }
}
