//! Promises of the rulebook over small books, its effects carried out.

#![cfg(test)]

use super::*;
use crate::lending::aave_v3::{Reserve, UserReserve};
use crate::lending::reserves::test_book::{
    A, B, Book, LISTED, NOPE, NOW, ONE_USDC, ONE_WETH, RAY, SECOND, USDC, WBTC, WETH,
};
use breakwater_liquidation::{Balances, Call as PoolCall, Exposures, Fact, Rejection, StateKey};
use breakwater_money::{AssetId, Holder, Rational, Ray, Time, TransferCode, Unit, rational};
use proptest::prelude::*;

const FILE: &str = include_str!("../../../../../rulebooks/aave-v4.toml");

fn seize(debt: AssetId, collateral: AssetId, amount: u128) -> PoolCall {
    PoolCall::RepayAndSeize {
        account: A,
        debt,
        collateral,
        amount,
        shares: false,
        liquidator: None,
    }
}

/// Ten ether at 2,000 against 17,200 dollars and a debt in bitcoin of 600: health 0.9662...
fn book() -> Book {
    let mut book = Book::new(RULE, FILE);
    book.give(A, WETH, 10 * ONE_WETH, 0);
    book.give(A, USDC, 0, 17_200 * ONE_USDC);
    book.give(A, WBTC, 0, 2_000_000);
    book
}

#[test]
fn the_rulebook_does_what_the_pure_call_does() {
    for (supplied, owed, shares) in [
        (RAY, RAY, false),
        (RAY, RAY, true),
        (RAY + RAY / 7, RAY + RAY / 3, false),
        (RAY + RAY / 7, RAY + RAY / 3, true),
    ] {
        let mut book = book();
        book.index(WETH, supplied, owed);
        book.index(USDC, supplied, owed);
        let parameters = Parameters::parse(FILE).unwrap();
        let reserve = |asset: AssetId, price: u64, supplied: u128, owed: u128| Reserve {
            liquidity_index: Ray::new(supplied),
            variable_borrow_index: Ray::new(owed),
            ..parameters.reserves()[LISTED[asset.index()].0].reserve(U256::from(price))
        };
        let reserves = [
            reserve(WETH, 200_000_000_000, supplied, owed),
            reserve(USDC, 100_000_000, supplied, owed),
            reserve(WBTC, 3_000_000_000_000, RAY, RAY),
        ];
        let owes = |shares: u128| UserReserve {
            scaled_debt: U256::from(shares),
            borrowing: true,
            ..UserReserve::default()
        };
        let users = [
            UserReserve {
                scaled_collateral: U256::from(10 * ONE_WETH),
                use_as_collateral: true,
                ..UserReserve::default()
            },
            owes(17_200 * ONE_USDC),
            owes(2_000_000),
        ];
        let call = Call {
            collateral: 0,
            debt: 1,
            debt_to_cover: U256::MAX,
            receive_shares: shares,
            self_liquidation: false,
        };
        let out = liquidation_call(&parameters.rule(), &reserves, &users, &call).unwrap();
        let asked = PoolCall::RepayAndSeize {
            account: A,
            debt: USDC,
            collateral: WETH,
            amount: u128::MAX,
            shares,
            liquidator: shares.then_some(B),
        };
        let effects = book.execute(&asked);
        let moved = |holder: Holder, unit: Unit| {
            let sum = effects.transfers.iter().filter(|t| t.unit == unit).map(|t| {
                let amount = i128::try_from(t.amount).unwrap();
                i128::from(t.credit == holder) * amount - i128::from(t.debit == holder) * amount
            });
            U256::from(sum.sum::<i128>().unsigned_abs())
        };
        assert_eq!(moved(Holder::External, Unit::token(USDC)), out.amounts.debt);
        assert_eq!(moved(Holder::Account(A), Unit::supply(WETH)), out.collateral_shares);
        assert_eq!(moved(Holder::Treasury, Unit::supply(WETH)), out.fee_shares);
        let cancelled = users[1].scaled_debt - out.users_after[1].scaled_debt;
        assert_eq!(moved(Holder::Account(A), Unit::debt(USDC)), cancelled);
        assert_eq!(out.debt_shares == cancelled, !out.reports_deficit);
        if shares {
            assert_eq!(moved(Holder::Account(B), Unit::supply(WETH)), out.liquidator_shares);
            assert_eq!(moved(Holder::External, Unit::token(WETH)), U256::ZERO);
        } else {
            assert_eq!(moved(Holder::External, Unit::token(WETH)), out.amounts.to_liquidator);
        }
        assert_eq!(book.ratio(), out.totals.health);
        book.commit(&effects);
        assert_eq!(book.ratio(), totals(&reserves, &out.users_after).unwrap().health);
        assert!(book.ratio() >= parameters.rule().target_health);
    }
}

#[test]
fn the_option_is_sized_to_the_target_and_tells_what_its_caller_pays_and_gets() {
    let book = book();
    let options = book.options(A);
    assert_eq!(options.len(), 2, "a debt in dollars and one in bitcoin, one collateral");
    let best = &options[0];
    assert_eq!(best.call, seize(USDC, WETH, 17_200 * ONE_USDC));
    assert_eq!((best.repaid.asset, best.seized.asset), (USDC, WETH));
    assert!(best.repaid.raw < 17_200 * ONE_USDC, "the venue lowers what is offered");
    assert!(best.seized_value > best.repaid_value && !best.toxic);
    let effects = book.execute(&best.call);
    let Fact::Seized { repaid, capped, .. } = effects.facts[0] else { panic!("no seizure") };
    assert_eq!((repaid, capped), (best.repaid, true));
    // The whole debt in bitcoin is less than the target needs: 600 is dust, and repaid whole.
    let effects = book.execute(&options[1].call);
    let Fact::Seized { repaid, capped, .. } = effects.facts[0] else { panic!("no seizure") };
    assert_eq!((repaid.raw, capped), (2_000_000, false));
}

#[test]
fn health_of_exactly_one_is_healthy_and_a_unit_on_either_side_is_not_the_same() {
    // 8,600 bps of 20,000 dollars are 17,200.
    let at = |owed: u128| {
        let mut book = Book::new(RULE, FILE);
        book.give(A, WETH, 10 * ONE_WETH, 0);
        book.give(A, USDC, 0, owed);
        let health = book.rulebook.assess(&book.view(), A).unwrap();
        (health.breach, health.ratio.cmp(&Wad::one()), book.options(A).len())
    };
    use std::cmp::Ordering::{Equal, Greater, Less};
    assert_eq!(at(17_200 * ONE_USDC - 1), (false, Greater, 0));
    assert_eq!(at(17_200 * ONE_USDC), (false, Equal, 0));
    assert_eq!(at(17_200 * ONE_USDC + 1), (true, Less, 1));
    // A unit of ether is worth less than the older version's base unit, and decides here.
    let mut book = Book::new(RULE, FILE);
    book.give(A, WETH, 10 * ONE_WETH - 1, 0);
    book.give(A, USDC, 0, 17_200 * ONE_USDC);
    let health = book.rulebook.assess(&book.view(), A).unwrap();
    assert!(health.breach);
    assert_eq!((health.equity, health.requirement), (1_719_999_999_999, 1_720_000_000_000));
}

#[test]
fn the_liquidation_price_is_where_weighted_collateral_meets_debt() {
    let mut book = Book::new(RULE, FILE);
    book.give(A, WETH, 10 * ONE_WETH, 0);
    book.give(A, USDC, 0, 8_600 * ONE_USDC);
    let price = book.rulebook.liquidation_price(&book.view(), A, WETH).unwrap();
    assert_eq!(price, Some(rational::from_raw(1_000, 0)));
    let none: Option<Rational> = book.rulebook.liquidation_price(&book.view(), A, WBTC).unwrap();
    assert_eq!(none, None);
    let mut exposures = Exposures::default();
    let armed = book.rulebook.exposures(&book.view(), A, &mut exposures).unwrap();
    assert_eq!((armed.until, exposures.terms.len()), (Time::MAX, 2));
}

#[test]
fn refusals_come_by_class() {
    let mut book = book();
    assert_eq!(book.refuses(&seize(USDC, WETH, 0)), Rejection::AmountZero);
    assert_eq!(book.refuses(&seize(WETH, WETH, 1)), Rejection::NotBorrowed);
    assert_eq!(book.refuses(&seize(USDC, WBTC, 1)), Rejection::NotCollateral);
    assert_eq!(book.refuses(&seize(NOPE, WETH, 1)), Rejection::NotLendable);
    assert_eq!(book.refuses(&seize(WBTC, WETH, 1)), Rejection::DustLeft);
    let ask = |shares, liquidator| PoolCall::RepayAndSeize {
        account: A,
        debt: USDC,
        collateral: WETH,
        amount: ONE_USDC,
        shares,
        liquidator,
    };
    assert_eq!(book.refuses(&ask(true, None)), Rejection::BadParameter);
    assert_eq!(book.refuses(&ask(false, Some(A))), Rejection::SelfDealing);
    assert_eq!(book.refuses(&PoolCall::Absorb { accounts: vec![A] }), Rejection::Unsupported);
    book.rows.pool.insert((Holder::Reserve, Unit::token(WETH)), 1_000);
    assert_eq!(book.refuses(&ask(false, None)), Rejection::InsufficientLiquidity);
    assert!(book.rulebook.execute(&book.view(), &ask(true, Some(B))).is_ok());
    assert!(book.options(A).is_empty(), "what cannot be paid out is not proposed");
    let flags = PoolCall::Configure { account: A, column: 0, value: U256::ZERO };
    assert_eq!(book.refuses(&flags), Rejection::BelowInitial);
    book.price(WETH, 400_000_000_000);
    assert_eq!(book.refuses(&seize(USDC, WETH, 1)), Rejection::Healthy);
    // Business keeps health at one by the finer values: to the unit.
    let mut book = Book::new(RULE, FILE);
    book.give(A, WETH, 10 * ONE_WETH, 0);
    book.give(B, USDC, 100_000 * ONE_USDC, 0);
    let borrow = |amount| PoolCall::Borrow { account: A, asset: USDC, amount };
    assert_eq!(book.refuses(&borrow(17_200 * ONE_USDC + 1)), Rejection::BelowInitial);
    let effects = book.execute(&borrow(17_200 * ONE_USDC));
    book.commit(&effects);
    let withdraw = PoolCall::Withdraw { account: A, asset: WETH, amount: 1 };
    assert_eq!(book.refuses(&withdraw), Rejection::BelowInitial);
}

#[test]
fn an_asset_that_the_venue_does_not_list_is_refused_once_somebody_holds_it() {
    let mut book = book();
    assert_eq!(book.rulebook.admits(&book.view()), Ok(()));
    let deposit = PoolCall::Deposit { account: B, asset: NOPE, amount: 1 };
    assert_eq!(book.refuses(&deposit), Rejection::NotLendable);
    let import = PoolCall::Import { account: B, asset: NOPE, collateral: 0, debt: 1 };
    assert_eq!(book.refuses(&import), Rejection::NotLendable);
    book.give(B, NOPE, 0, 1);
    let told = book.rulebook.admits(&book.view()).unwrap_err().to_string();
    assert_eq!(told, "aave-v4 cannot take this book: a reserve for NOPE");
    book.markets[WETH.index()].guard.decimals = 6;
    let told = book.rulebook.admits(&book.view()).unwrap_err().to_string();
    assert!(told.contains("prices of WETH with 6 decimals"), "{told}");
}

#[test]
fn the_last_collateral_books_the_debts_that_stay() {
    let mut book = book();
    book.price(WETH, 100_000_000_000);
    let effects = book.execute(&seize(USDC, WETH, u128::MAX));
    let deficits: Vec<_> = effects
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Deficit { amount, value, .. } => Some((amount.asset, amount.raw, *value)),
            _ => None,
        })
        .collect();
    // 10,000 of ether at 1.05 pay for 9,523.809524 of the 17,200; bitcoin is written off whole.
    let left = 17_200_000_000 - 9_523_809_524;
    assert_eq!(deficits, [(USDC, left, left * 100), (WBTC, 2_000_000, 60_000_000_000)]);
    let booked = effects.transfers.iter().filter(|t| t.code == TransferCode::Deficit).count();
    assert_eq!(booked, 2);
    book.commit(&effects);
    assert!(book.rows.accounts[A.index()].is_empty());
    assert_eq!(book.state.get(StateKey::Account(A, 1)), U256::ZERO);
    assert_eq!(book.ratio(), Wad::max());
}

#[test]
fn an_own_threshold_replaces_the_factor_and_values_follow_the_indices() {
    let mut book = Book::new(RULE, FILE);
    book.give(A, WETH, 10 * ONE_WETH, 0);
    book.give(A, USDC, 0, 17_000 * ONE_USDC);
    assert!(!book.rulebook.assess(&book.view(), A).unwrap().breach);
    let own = PoolCall::Configure { account: A, column: 2, value: U256::from(8_499) };
    let effects = book.execute(&own);
    book.commit(&effects);
    assert!(book.rulebook.assess(&book.view(), A).unwrap().breach);
    assert_eq!(book.options(A).len(), 1);
    book.index(WETH, 2 * RAY, RAY);
    book.index(USDC, RAY, RAY + RAY / 2);
    let sides = book.rulebook.sides(&book.view(), A).unwrap();
    assert_eq!((sides.collateral, sides.debt), (4_000_000_000_000, 2_550_000_000_000));
}

/// Books of up to three collaterals and debts around the line of health: real sizes, dust, single
/// units, moved indices and own thresholds.
fn any_book() -> impl Strategy<Value = (Book, bool)> {
    let side = prop_oneof![
        3 => (1u128..4_000_000).prop_map(Some),
        1 => Just(None),
    ];
    let prices =
        (10u128.pow(8)..10u128.pow(12), 90_000_000u128..110_000_000, 10u128.pow(8)..10u128.pow(13));
    let growth = prop_oneof![Just(0u128), 0..RAY];
    let rows = proptest::collection::vec((side.clone(), side, 0u128..3), 3);
    let own = prop_oneof![3 => Just(0u64), 1 => 1u64..10_000];
    // Debt as a share of what the collaterals bear, per mille: mostly near the line.
    let load = prop_oneof![3 => 980u128..1_200, 1 => 1u128..4_000];
    (prices, rows, (growth.clone(), growth), own, load).prop_map(
        |((weth, usdc, wbtc), rows, (supplied, owed), own, load)| {
            let mut book = Book::new(RULE, FILE);
            let prices = [weth, usdc, wbtc];
            let mut bears = 0u128;
            for (i, ((supply, _, odd), price)) in rows.iter().zip(prices).enumerate() {
                let asset = AssetId(u16::try_from(i).unwrap());
                book.price(asset, price);
                book.index(asset, RAY + supplied, RAY + owed);
                let Some(cents) = supply else { continue };
                let unit = 10u128.pow(u32::from(LISTED[i].1));
                book.give(A, asset, cents * 1_000_000 * unit / price + odd, 0);
                bears += cents * 8_000 / 10_000;
            }
            let weights: u128 = rows.iter().filter_map(|(_, debt, _)| *debt).sum();
            for (i, ((_, debt, odd), price)) in rows.iter().zip(prices).enumerate() {
                let Some(weight) = debt else { continue };
                let asset = AssetId(u16::try_from(i).unwrap());
                let cents = bears * load / 1_000 * weight / weights;
                let unit = 10u128.pow(u32::from(LISTED[i].1));
                book.give(A, asset, 0, cents * 1_000_000 * unit / price + odd + 1);
            }
            let threshold = StateKey::Account(A, 2);
            assert!(book.state.set(threshold, U256::from(own)));
            (book, supplied == 0 && owed == 0)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_option_is_accepted_now_and_later_and_does_what_it_says((mut book, even) in any_book()) {
        let before = book.ratio();
        let options = book.options(A);
        prop_assert!(before < Wad::one() || options.is_empty());
        for option in &options {
            for seconds in [0, 12, 60] {
                let view = book.view().at(NOW.after(seconds * SECOND));
                let answer = book.rulebook.execute(&view, &option.call);
                prop_assert!(answer.is_ok(), "{option:?} after {seconds} s: {answer:?}");
            }
        }
        for option in &options {
            let effects = book.execute(&option.call);
            let (rows, state) = (book.rows.clone(), book.state.clone());
            book.commit(&effects);
            for holding in &book.rows.accounts[A.index()] {
                prop_assert!(holding.balance > 0, "{holding:?}");
            }
            for asset in [WETH, USDC, WBTC] {
                let cash = book.rows.balance(Holder::Reserve, Unit::token(asset));
                prop_assert!(cash >= 0);
            }
            // Share rounding may take a unit more than the amounts; without it health never falls.
            if even && !option.toxic {
                prop_assert!(book.ratio() >= before, "{option:?}");
            }
            prop_assert!(option.repaid.raw > 0);
            (book.rows, book.state) = (rows, state);
        }
    }
}

/// The generator above is of use only if most of its books have something to do.
#[test]
fn most_books_of_the_generator_have_an_option() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut unhealthy, mut with, mut toxic) = (0, 0, 0);
    for _ in 0..400 {
        let (book, _) = any_book().new_tree(&mut runner).unwrap().current();
        unhealthy += u32::from(book.ratio() < Wad::one());
        let options = book.options(A);
        with += u32::from(!options.is_empty());
        toxic += u32::from(options.iter().any(|o| o.toxic));
    }
    // The rest have debts and no collateral.
    let (enough, most) = (with >= 200 && toxic >= 100, with * 10 >= unhealthy * 9);
    assert!(enough && most, "{unhealthy} unhealthy, {with} with an option, {toxic} toxic");
}

#[test]
fn totals_are_base_units_at_the_indices() {
    let mut book = book();
    book.index(WETH, RAY + RAY / 7, RAY);
    book.index(USDC, RAY, RAY + RAY / 3);
    let totals = |asset| {
        let totals = book.rulebook.totals(&book.view(), asset);
        totals.map(|t| (t.supplied, t.borrowed)).map_err(|refused| refused.rejection)
    };
    // Ten ether and a seventh of it, down; 17,200 dollars and a third of it, up.
    assert_eq!(totals(WETH), Ok((11_428_571_428_571_428_571, 0)));
    assert_eq!(totals(USDC), Ok((0, 22_933_333_334)));
    assert_eq!(totals(WBTC), Ok((0, 2_000_000)));
    assert_eq!(totals(NOPE), Err(Rejection::NotLendable));
}
