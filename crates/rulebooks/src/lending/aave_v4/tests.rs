//! Promises of the sizing, case by case and over random positions. The published rule's own
//! numbers are checked by the conformance crate.

#![cfg(test)]

use super::*;
use proptest::prelude::*;

const DOLLAR: u64 = 100_000_000;
const PERCENT: u128 = 10_000_000_000_000_000;

fn rule() -> Rule {
    Rule {
        target_health: Wad::new(105 * PERCENT),
        full_bonus_health: Wad::new(90 * PERCENT),
        bonus_factor_bps: 2_000,
        least_leftover: least_leftover(),
    }
}

const TERMS: Terms = Terms { collateral_factor_bps: 8_000, max_bonus_bps: 10_500, fee_bps: 1_000 };

/// Whole dollars without decimals on both sides.
fn dollars(balance: u64) -> Side {
    Side { decimals: 0, price: U256::from(DOLLAR), balance: U256::from(balance) }
}

/// One pair at one dollar a unit, with the health that follows from it.
fn position(collateral: u64, debt: u64) -> Position {
    let weighted = U256::from(collateral) * U256::from(80 * PERCENT);
    Position {
        health: Wad::from_raw(weighted / U256::from(debt)),
        debt_value: dollars(debt).value(U256::from(debt)).unwrap(),
        collateral: dollars(collateral),
        debt: dollars(debt),
        active_collaterals: 1,
        borrowed: 1,
    }
}

fn size(position: &Position, cover: U256) -> Result<Amounts, Revert> {
    liquidation_amounts(&rule(), &TERMS, position, cover)
}

#[test]
fn the_contracts_checks_are_made_in_its_order() {
    let mut at = position(10_000, 7_000);
    (at.collateral.balance, at.debt.balance) = (U256::ZERO, U256::ZERO);
    let no_factor = Terms { collateral_factor_bps: 0, ..TERMS };
    let run =
        |at: &Position, cover: u64| liquidation_amounts(&rule(), &no_factor, at, U256::from(cover));
    assert_eq!(run(&at, 0), Err(Revert::NothingOffered));
    assert_eq!(run(&at, 1), Err(Revert::NotSupplied));
    at.collateral.balance = U256::from(10_000);
    assert_eq!(run(&at, 1), Err(Revert::NotBorrowed));
    at.debt.balance = U256::from(7_000);
    assert_eq!(run(&at, 1), Err(Revert::Healthy));
    at.health = Wad::from_raw(Wad::one().raw - U256::ONE);
    assert_eq!(run(&at, 1), Err(Revert::NotCollateral));
    assert_eq!(size(&at, U256::from(1_000)).map(|a| a.debt), Ok(U256::from(1_000)));
}

#[test]
fn health_of_exactly_one_is_healthy_and_one_unit_below_is_not() {
    let mut at = position(10_000, 8_000);
    assert_eq!(at.health, Wad::one());
    assert_eq!(size(&at, U256::MAX), Err(Revert::Healthy));
    at.health = Wad::from_raw(Wad::one().raw - U256::ONE);
    assert!(size(&at, U256::MAX).is_ok());
    at.health = Wad::max();
    assert_eq!(size(&at, U256::MAX), Err(Revert::Healthy));
}

#[test]
fn the_bonus_is_largest_up_to_its_health_and_falls_in_a_line_to_the_smallest() {
    let bonus = |wad: u128| liquidation_bonus(&rule(), &TERMS, Wad::new(wad)).unwrap();
    assert_eq!(bonus(0), U256::from(10_500));
    assert_eq!(bonus(90 * PERCENT), U256::from(10_500), "equality is the largest");
    // One unit above, the line has already lost less than a basis point, rounded down.
    assert_eq!(bonus(90 * PERCENT + 1), U256::from(10_499));
    // A fifth of 500 is the least; half way up the line 100 + 200.
    assert_eq!(bonus(95 * PERCENT), U256::from(10_300));
    assert_eq!(bonus(100 * PERCENT), U256::from(10_100));
    let whole = Rule { bonus_factor_bps: 10_000, ..rule() };
    let flat = |wad: u128| liquidation_bonus(&whole, &TERMS, Wad::new(wad)).unwrap();
    assert_eq!((flat(90 * PERCENT + 1), flat(100 * PERCENT)), (bonus(0), bonus(0)));
    // The least is rounded down too: 2,000 of 10,000 of 4 is 0.8.
    let four = Terms { max_bonus_bps: 10_004, ..TERMS };
    assert_eq!(liquidation_bonus(&rule(), &four, Wad::one()), Ok(U256::from(10_000)));
    // A bonus of none stays none, and one below it cannot be.
    let none = Terms { max_bonus_bps: 10_000, ..TERMS };
    assert_eq!(liquidation_bonus(&rule(), &none, Wad::new(99 * PERCENT)), Ok(U256::from(10_000)));
    let bad = Terms { max_bonus_bps: 9_999, ..TERMS };
    assert_eq!(liquidation_bonus(&rule(), &bad, Wad::one()), Err(Revert::Arithmetic));
    let above = Wad::from_raw(Wad::one().raw + U256::ONE);
    assert_eq!(liquidation_bonus(&rule(), &TERMS, above), Err(Revert::Arithmetic));
    let at_one = Rule { full_bonus_health: Wad::one(), ..rule() };
    assert_eq!(liquidation_bonus(&at_one, &TERMS, Wad::one()), Ok(U256::from(10_500)));
}

#[test]
fn the_target_is_reached_and_one_unit_less_would_miss_it() {
    // Health 0.8: 10,000 x (1.05 - 0.8) / (1.05 - 1.05 x 0.8) = 11,904.76, more than the debt.
    let at = position(10_000, 10_000);
    let bonus = liquidation_bonus(&rule(), &TERMS, at.health).unwrap();
    assert_eq!(debt_to_target(&rule(), &TERMS, &at, bonus), Ok(U256::from(11_905)));

    // Health 0.96: bonus 1.026, 100,000 x 0.09 / (1.05 - 0.8208) = 39,267.02.
    let at = position(120_000, 100_000);
    let out = size(&at, U256::MAX).unwrap();
    assert_eq!(out.bonus_bps, U256::from(10_260));
    assert_eq!((out.debt_to_target, out.debt), (U256::from(39_268), U256::from(39_268)));
    // On the exact amounts, before the collateral is rounded to units.
    let after = |repaid: u64| {
        let left = U256::from(120_000 * 10_000 - repaid * 10_260);
        let debt = U256::from((100_000 - repaid) * 10_000);
        Wad::from_raw(left * U256::from(80 * PERCENT) / debt)
    };
    assert!(after(39_268) >= rule().target_health && after(39_267) < rule().target_health);
    // What is offered is a cap.
    assert_eq!(size(&at, U256::from(39_267)).map(|a| a.debt), Ok(U256::from(39_267)));
    assert_eq!(size(&at, U256::from(39_269)).map(|a| a.debt), Ok(U256::from(39_268)));

    // A target that bonus times factor reaches cannot be computed.
    let toxic = Terms { collateral_factor_bps: 10_000, ..TERMS };
    let flat = Rule { target_health: Wad::one(), bonus_factor_bps: 10_000, ..rule() };
    let run = |terms: &Terms| liquidation_amounts(&flat, terms, &at, U256::MAX);
    assert_eq!(run(&toxic), Err(Revert::Arithmetic));
    // 10,000 x 10,000 bps is a penalty of exactly one: a division by zero.
    let even = Terms { max_bonus_bps: 10_000, ..toxic };
    assert_eq!(run(&even), Err(Revert::Arithmetic));
}

#[test]
fn debt_that_would_stay_as_dust_is_repaid_whole_and_equality_is_no_dust() {
    // 2,500 against 3,000, health 0.96; the target needs 982 and is not offered more here.
    let at = position(3_000, 2_500);
    let out = size(&at, U256::MAX).unwrap();
    assert_eq!((out.debt_to_target, out.debt), (U256::from(982), U256::from(982)));
    assert!(!out.debt_dust_promoted);

    // 1,981 leaves 999 of debt, less than 1,000; 1,982 leaves exactly 1,000.
    let leaves = |debt: u64| {
        let at = Position { debt: dollars(debt), ..at };
        size(&at, U256::MAX).map(|a| (a.debt, a.debt_dust_promoted))
    };
    assert_eq!(leaves(1_981), Ok((U256::from(1_981), true)));
    assert_eq!(leaves(1_982), Ok((U256::from(982), false)));
    // An offer of less than the whole then leaves dust, and one of the whole does not.
    let short = Position { debt: dollars(1_981), ..at };
    assert_eq!(size(&short, U256::from(1_980)), Err(Revert::Dust));
    assert!(size(&short, U256::from(1_981)).is_ok());
    // What is compared is the value, not a count of units.
    let cents = |left: u64| {
        let side = |balance| Side { decimals: 2, balance, ..dollars(0) };
        let target = Position { debt: side(U256::from(10_000_000)), ..at };
        let target = size(&target, U256::MAX).unwrap().debt_to_target;
        let at = Position { debt: side(target + U256::from(left)), ..at };
        size(&at, U256::MAX).unwrap().debt_dust_promoted
    };
    assert_eq!((cents(99_999), cents(100_000)), (true, false));
}

#[test]
fn collateral_that_would_stay_as_dust_is_taken_whole_for_more_debt() {
    // 20,000 of debt elsewhere, 8,000 here; 5,000 of collateral at a bonus of 5 %.
    let mut at = position(5_000, 8_000);
    at.health = Wad::new(50 * PERCENT);
    at.active_collaterals = 2;
    // 3,809 take 3,999 and leave 1,001; 3,810 take 4,000 and leave 1,000, which is enough.
    let out = size(&at, U256::from(3_810)).unwrap();
    assert_eq!((out.debt, out.collateral), (U256::from(3_810), U256::from(4_000)));
    assert_eq!(out.adjustment, Adjustment::None);
    // 3,811 take 4,001 and leave 999: all is taken, for 5,000 / 1.05 = 4,761.9 of debt.
    assert_eq!(size(&at, U256::from(3_811)), Err(Revert::Dust));
    assert_eq!(size(&at, U256::from(4_761)), Err(Revert::Dust));
    let out = size(&at, U256::from(4_762)).unwrap();
    assert_eq!((out.debt, out.collateral), (U256::from(4_762), U256::from(5_000)));
    // 4,762 take 5,000.1, rounded down exactly the balance: nothing stays, nothing is adjusted.
    assert_eq!(out.adjustment, Adjustment::None);

    // 30,000 in all: the target asks for more than there is. 5,600: for 4,000, which dust raises.
    at.debt_value = dollars(0).value(U256::from(30_000)).unwrap();
    at.health = Wad::new(90 * PERCENT);
    let out = size(&at, U256::MAX).unwrap();
    assert_eq!(out.debt_to_target, U256::from(21_429));
    assert_eq!((out.debt, out.adjustment), (U256::from(4_762), Adjustment::Reduced));
    at.debt_value = dollars(0).value(U256::from(5_600)).unwrap();
    let out = size(&at, U256::MAX).unwrap();
    assert_eq!(out.debt_to_target, U256::from(4_000));
    assert_eq!((out.debt, out.collateral), (U256::from(4_762), U256::from(5_000)));
    assert_eq!((out.adjustment, out.debt_dust_promoted), (Adjustment::Raised, false));
    // With the whole debt repaid, collateral dust may stay.
    let whole = Position { debt: dollars(4_000), ..at };
    let out = size(&whole, U256::MAX).unwrap();
    assert_eq!((out.debt, out.collateral), (U256::from(4_000), U256::from(4_200)));
    assert_eq!(out.adjustment, Adjustment::None);
}

#[test]
fn collateral_that_does_not_suffice_is_taken_whole_for_less_debt() {
    let at = position(1_050, 2_000);
    let out = size(&at, U256::MAX).unwrap();
    assert_eq!((out.debt, out.collateral), (U256::from(1_000), U256::from(1_050)));
    assert_eq!(out.adjustment, Adjustment::Reduced);
    // A bonus of 50, a tenth of it for the protocol.
    assert_eq!((out.to_liquidator, out.fee), (U256::from(1_045), U256::from(5)));
    // The debt is rounded up: 1,049 / 1.05 = 999.05.
    let out = size(&position(1_049, 2_000), U256::MAX).unwrap();
    assert_eq!(out.debt, U256::from(1_000));
    // An offer that the recomputed debt exceeds is refused, for dust on the debt's side.
    assert_eq!(size(&at, U256::from(999)), Err(Revert::Dust));
}

#[test]
fn the_fee_is_rounded_down_and_none_of_a_bonus_of_none() {
    let at = position(1_050, 2_000);
    let fee = |fee_bps| {
        let terms = Terms { fee_bps, ..TERMS };
        let out = liquidation_amounts(&rule(), &terms, &at, U256::MAX).unwrap();
        assert_eq!(out.to_liquidator + out.fee, out.collateral);
        out.fee
    };
    assert_eq!((fee(0), fee(10_000)), (U256::ZERO, U256::from(50)));
    assert_eq!((fee(1_999), fee(2_000)), (U256::from(9), U256::from(10)));
    let none = Terms { max_bonus_bps: 10_000, fee_bps: 10_000, ..TERMS };
    assert_eq!(liquidation_amounts(&rule(), &none, &at, U256::MAX).unwrap().fee, U256::ZERO);
}

#[test]
fn a_deficit_counts_positions_and_never_looks_at_values() {
    let deficit = |f: fn(&mut Position)| {
        let mut at = position(1_050, 2_000);
        f(&mut at);
        size(&at, U256::MAX).unwrap().reports_deficit
    };
    assert!(deficit(|_| ()));
    assert!(!deficit(|at| at.active_collaterals = 2), "another collateral, whatever its worth");
    // The whole debt and the whole collateral: no debt is left, unless it is elsewhere.
    let even = |at: &mut Position| at.debt.balance = U256::from(1_000);
    assert!(!deficit(even));
    assert!(deficit(|at| {
        at.debt.balance = U256::from(1_000);
        at.borrowed = 2;
    }));
    // Collateral is left.
    assert!(!deficit(|at| {
        at.debt.balance = U256::from(999);
        at.borrowed = 2;
    }));
}

#[test]
fn products_beyond_256_bits_and_prices_of_zero_are_refused() {
    let refused = |f: fn(&mut Position)| {
        let mut at = position(1_050, 2_000);
        f(&mut at);
        assert_eq!(size(&at, U256::MAX), Err(Revert::Arithmetic));
    };
    refused(|at| at.debt_value = U256::MAX);
    refused(|at| at.debt.price = U256::MAX);
    refused(|at| at.collateral.price = U256::MAX);
    refused(|at| at.collateral.balance = U256::MAX);
    refused(|at| at.debt.price = U256::ZERO);
    refused(|at| at.collateral.price = U256::ZERO);
    refused(|at| at.debt.decimals = 39);
    refused(|at| at.collateral.decimals = 255);
    let low = Rule { target_health: Wad::new(0), ..rule() };
    let at = position(1_050, 2_000);
    assert_eq!(liquidation_amounts(&low, &TERMS, &at, U256::MAX), Err(Revert::Arithmetic));
}

/// Random positions near and far from health, at real decimals. Some have just the collateral that
/// the call needs, and up to 1,200 dollars more, beside another collateral.
fn any_position() -> impl Strategy<Value = (Rule, Terms, Position, U256)> {
    let side = (0u8..=18, 1u64..10_000_000 * DOLLAR, 1u64..5_000_000, 0u64..1_000);
    let side = side.prop_map(|(decimals, price, cents, odd)| {
        let empty = Side { decimals, price: U256::from(price), balance: U256::ZERO };
        Side { balance: units_of(&empty, U256::from(cents)) + U256::from(odd), ..empty }
    });
    let terms = (1u16..9_000, 10_000u16..11_000, 0u16..=10_000);
    let rule = (100u128..130, 0u128..100, 0u16..=10_000);
    let account = (0u64..2_000, 1u32..3, 1u32..3, 800u128..1_000);
    let call = (proptest::option::of(0u64..=1_000), proptest::option::of(0u64..120_000));
    (side.clone(), side, terms, rule, account, call).prop_map(
        |(collateral, debt, (factor, bonus, fee_bps), (target, full, least), account, call)| {
            let (others, active_collaterals, borrowed, per_mille) = account;
            let rule = Rule {
                target_health: Wad::new(target * PERCENT),
                full_bonus_health: Wad::new(full * PERCENT),
                bonus_factor_bps: least,
                least_leftover: least_leftover(),
            };
            let terms = Terms { collateral_factor_bps: factor, max_bonus_bps: bonus, fee_bps };
            let part = |mille| debt.balance * U256::from(mille) / U256::from(1_000);
            let cover = call.0.map_or(U256::MAX, part);
            let here = value_of(&debt, debt.balance);
            let all = here + here * U256::from(others) / U256::from(1_000);
            let weighted =
                value_of(&collateral, collateral.balance) * U256::from(factor) / U256::from(10_000);
            // Healthy accounts are few: the debt is a little more than the collateral bears.
            let debt_value = all.max(weighted * U256::from(101) / U256::from(100)).max(U256::ONE);
            let mut position = Position {
                health: Wad::from_raw(weighted * Wad::one().raw / debt_value),
                debt_value,
                collateral,
                debt,
                active_collaterals,
                borrowed,
            };
            if let Some(spare) = call.1 {
                position.health = Wad::new(per_mille * PERCENT / 10);
                position.debt_value = all;
                let bonus = liquidation_bonus(&rule, &terms, position.health).unwrap();
                let wanted = debt_to_target(&rule, &terms, &position, bonus).unwrap();
                let worth = value_of(&debt, wanted.min(cover).min(debt.balance)) * bonus;
                let count = worth / cents(10_000) + U256::from(spare);
                position.collateral.balance = units_of(&collateral, count) + U256::ONE;
            }
            (rule, terms, position, cover)
        },
    )
}

/// A number of cents in the venue's scale of values.
fn cents(count: u64) -> U256 {
    U256::from(count) * U256::from(10u128.pow(24))
}

/// Units worth so many cents, rounded down.
fn units_of(side: &Side, count: U256) -> U256 {
    count * U256::from(DOLLAR / 100) * side.unit().unwrap() / side.price
}

fn value_of(side: &Side, amount: U256) -> U256 {
    side.value(amount).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn amounts_stay_within_the_balances_and_the_offer_and_no_dust_is_left(
        (rule, terms, at, cover) in any_position()
    ) {
        let Ok(out) = liquidation_amounts(&rule, &terms, &at, cover) else { return Ok(()) };
        prop_assert!(out.debt <= at.debt.balance && out.debt <= cover);
        prop_assert!(out.collateral <= at.collateral.balance);
        prop_assert_eq!(out.to_liquidator + out.fee, out.collateral);
        let (debt_left, collateral_left) =
            (at.debt.balance - out.debt, at.collateral.balance - out.collateral);
        // One side is cleared, or both keep enough.
        if !debt_left.is_zero() && !collateral_left.is_zero() {
            prop_assert!(value_of(&at.debt, debt_left) >= rule.least_leftover);
            prop_assert!(value_of(&at.collateral, collateral_left) >= rule.least_leftover);
        }
        let bonus = u64::try_from(out.bonus_bps).unwrap();
        prop_assert!((10_000..=u64::from(terms.max_bonus_bps)).contains(&bonus));
        if out.reports_deficit {
            prop_assert!(collateral_left.is_zero() && at.active_collaterals == 1);
            prop_assert!(!debt_left.is_zero() || at.borrowed > 1);
        }
        // More than the target only where dust, or a collateral too small for it, asks for it.
        if out.debt > out.debt_to_target {
            prop_assert!(out.debt_dust_promoted || out.adjustment == Adjustment::Raised);
        }
    }

    #[test]
    fn the_whole_offer_is_never_refused_for_dust(
        (rule, terms, at, _) in any_position()
    ) {
        let out = liquidation_amounts(&rule, &terms, &at, U256::MAX);
        prop_assert!(out != Err(Revert::Dust));
        // And an offer of just what it takes is as good.
        if let Ok(out) = out {
            let exact = liquidation_amounts(&rule, &terms, &at, out.debt);
            prop_assert_eq!(exact.map(|a| (a.debt, a.collateral)), Ok((out.debt, out.collateral)));
        }
    }
}

/// The generator above is of use only if every way out of the sizing is met.
#[test]
fn the_generator_meets_every_adjustment_and_refusal() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut none, mut reduced, mut raised, mut promoted, mut dust) = (0, 0, 0, 0, 0);
    for _ in 0..4_000 {
        let (rule, terms, at, cover) = any_position().new_tree(&mut runner).unwrap().current();
        match liquidation_amounts(&rule, &terms, &at, cover) {
            Ok(out) => {
                promoted += u32::from(out.debt_dust_promoted);
                none += u32::from(out.adjustment == Adjustment::None);
                reduced += u32::from(out.adjustment == Adjustment::Reduced);
                raised += u32::from(out.adjustment == Adjustment::Raised);
            }
            Err(Revert::Dust) => dust += 1,
            Err(_) => {}
        }
    }
    let met = [none, reduced, raised, promoted, dust];
    assert!(met.iter().all(|count| *count >= 20), "{met:?}");
}
