//! Deposits, loans, repayments, books carried over and settings.

use super::super::pool::column;
use super::super::{INDEX_ONE, shape};
use super::stage::*;
use breakwater_liquidation::{AssetKind, Reach, Rejection, StateKey, Touched};
use breakwater_money::{AssetId, U256, Unit};

#[test]
fn a_debt_chooses_the_market_and_what_waited_becomes_its_collateral() {
    let mut stage = Stage::new("");
    stage.done(deposit(0, USD, 10_000 * ONE_USD));
    assert_eq!(stage.state.get(StateKey::Account(who(0), column::MARKET)), U256::ONE);

    // Ether is collateral here and lent there: it waits for what the account will owe.
    stage.done(deposit(1, ETH, ONE_ETH));
    assert_eq!(stage.state.get(StateKey::Account(who(1), column::MARKET)), U256::ZERO);
    assert_eq!(stage.cell(column::PUT_UP, USD, ETH), 0);
    let waiting = stage.health(1).unwrap();
    assert_eq!((waiting.equity, waiting.breach), (2_000 * 100_000_000, false));

    stage.done(borrow(1, USD, 1_600 * ONE_USD));
    assert_eq!(stage.cell(column::PUT_UP, USD, ETH), ONE_ETH);
    assert_eq!(stage.owned(1, Unit::debt(USD)), 1_600 * ONE_USD);
    let health = stage.health(1).unwrap();
    assert_eq!((health.equity, health.requirement), (180_000_000_000, 160_000_000_000));
    let other = borrow(1, ETH, ONE_ETH);
    assert_eq!(stage.refuses(other), Rejection::NotLendable);
}

#[test]
fn ether_that_waited_is_a_supply_in_the_market_that_lends_it() {
    let mut stage = Stage::new("");
    stage.grow(ETH, 20_000, 20_000);
    stage.done(deposit(0, ETH, 3 * ONE_ETH + 1));
    stage.done(configure(0, column::MARKET, 2));
    // At an index of two, half as many units of principal, rounded down.
    assert_eq!(stage.owned(0, Unit::supply(ETH)), 3 * ONE_ETH / 2);
    assert_eq!(stage.column(ETH, column::CASH), U256::from(3 * ONE_ETH + 1));
    let asked = configure(0, column::MARKET, 1);
    assert_eq!(stage.refuses(asked), Rejection::NotLendable);
    assert_eq!(stage.refuses(configure(0, column::MARKET, 0)), Rejection::BadParameter);

    stage.done(deposit(1, LST, 10 * ONE_ETH));
    stage.done(borrow(1, ETH, 2 * ONE_ETH));
    stage.done(withdraw(0, ETH, ONE_ETH));
    let rest = withdraw(0, ETH, u128::MAX);
    assert_eq!(stage.refuses(rest.clone()), Rejection::InsufficientLiquidity);
    stage.done(repay(1, ETH, u128::MAX));
    assert_eq!(stage.owned(1, Unit::debt(ETH)), 0);
    stage.done(rest);
    assert_eq!(stage.owned(0, Unit::supply(ETH)), 0);
    stage.done(configure(0, column::MARKET, 0));
    assert_eq!(stage.state.get(StateKey::Account(who(0), column::MARKET)), U256::ZERO);
    // Leaving takes the collateral out of the market's sum, and joining puts it back.
    stage.done(configure(1, column::MARKET, 0));
    assert_eq!(stage.cell(column::PUT_UP, ETH, LST), 0);
    stage.done(configure(1, column::MARKET, 2));
    assert_eq!(stage.cell(column::PUT_UP, ETH, LST), 10 * ONE_ETH);
}

#[test]
fn a_book_is_carried_over_as_it_is_found() {
    let mut stage = Stage::new("");
    // Above the cap, below the least debt, and far below water.
    stage.carry(0, &[(BTC, 11 * ONE_BTC)], (USD, 1));
    stage.carry(1, &[(ETH, ONE_ETH)], (USD, 5_000 * ONE_USD));
    assert!(stage.health(1).unwrap().breach);
    // Lenders outside the book are owed what is owed, so that the reserves are none.
    assert_eq!(stage.column(USD, column::TOTAL_SUPPLY), stage.column(USD, column::TOTAL_BORROW));
    assert_eq!(stage.column(USD, column::CASH), U256::ZERO);
    // One asset on both sides nets, as a signed principal does.
    stage.done(import(2, LST, ONE_ETH, 0));
    stage.done(import(2, ETH, ONE_ETH / 4, ONE_ETH));
    assert_eq!(stage.owned(2, Unit::debt(ETH)), 3 * ONE_ETH / 4);
    let both = import(3, ETH, ONE_ETH, 2 * ONE_ETH);
    stage.done(both);
    assert_eq!(stage.owned(3, Unit::debt(ETH)), ONE_ETH);
    assert_eq!(stage.owned(3, Unit::supply(ETH)), 0);
    let second = import(1, ETH, 0, ONE_ETH);
    assert_eq!(stage.refuses(second), Rejection::NotLendable);
}

#[test]
fn business_is_refused_by_class() {
    let mut stage = Stage::new("");
    stage.done(deposit(0, USD, 1_000 * ONE_USD));
    stage.done(deposit(1, ETH, ONE_ETH));
    stage.done(configure(1, column::MARKET, 1));
    for (call, expected) in [
        (deposit(1, ETH, 0), Rejection::AmountZero),
        (import(1, ETH, 0, 0), Rejection::AmountZero),
        (deposit(8, ETH, 1), Rejection::UnknownAccount),
        (deposit(1, AssetId(9), 1), Rejection::UnknownAsset),
        (deposit(1, NOPE, 1), Rejection::NotLendable),
        (deposit(2, NOPE, 1), Rejection::NotLendable),
        (deposit(1, LST, 1), Rejection::NotLendable),
        (deposit(1, ETH, 999 * ONE_ETH + 1), Rejection::LimitReached),
        (borrow(1, BTC, 1), Rejection::NotLendable),
        (borrow(1, USD, 100 * ONE_USD - 1), Rejection::DustLeft),
        (borrow(1, USD, 1_600 * ONE_USD + 1), Rejection::BelowInitial),
        (borrow(1, USD, 1_001 * ONE_USD), Rejection::InsufficientLiquidity),
        (withdraw(1, ETH, ONE_ETH + 1), Rejection::InsufficientBalance),
        (withdraw(1, BTC, u128::MAX), Rejection::InsufficientBalance),
        (withdraw(0, USD, 1_000 * ONE_USD + 1), Rejection::InsufficientBalance),
        (withdraw(2, ETH, 1), Rejection::InsufficientBalance),
        (repay(1, USD, 1), Rejection::NotBorrowed),
        (repay(0, USD, 1), Rejection::NotBorrowed),
        (configure(1, 2, 1), Rejection::BadParameter),
        (configure(1, column::MARKET, 1 << 20), Rejection::BadParameter),
        (configure(2, column::MARKET, 3), Rejection::NotLendable),
        (configure(1, column::OWN_THRESHOLD, 10_001), Rejection::BadParameter),
        (absorb(&[]), Rejection::AmountZero),
        (breakwater_liquidation::Call::AbsorbWorst { most: 1 }, Rejection::Unsupported),
    ] {
        assert_eq!(stage.refuses(call.clone()), expected, "{call:?}");
    }
    // What stands at each bound is taken.
    stage.done(deposit(1, ETH, 999 * ONE_ETH));
    stage.done(borrow(1, USD, 100 * ONE_USD));
    stage.unpriced(ETH);
    assert_eq!(stage.refuses(borrow(1, USD, 100 * ONE_USD)), Rejection::MarkMissing);
    // Topping up and repaying need no price.
    stage.done(repay(1, USD, 50 * ONE_USD));
    stage.unpriced(USD);
    stage.done(repay(1, USD, u128::MAX));
    stage.done(withdraw(1, ETH, u128::MAX));
}

#[test]
fn collateral_goes_out_down_to_the_borrow_factor_at_the_indices_last_stored() {
    let mut stage = Stage::new(STEEP);
    stage.done(deposit(0, USD, 2_000 * ONE_USD));
    stage.done(deposit(1, ETH, ONE_ETH));
    stage.done(borrow(1, USD, 800 * ONE_USD));
    stage.later(86_400);
    let half = withdraw(1, ETH, ONE_ETH / 2);
    assert_eq!(stage.refuses(withdraw(1, ETH, ONE_ETH / 2 + 1)), Rejection::BelowInitial);
    stage.done(half);
    // Interest of a day was not asked for; the next call on the base asset finds it.
    assert_eq!(stage.column(USD, column::BORROW_INDEX), U256::from(INDEX_ONE));
    let more = borrow(1, USD, 100 * ONE_USD);
    assert_eq!(stage.refuses(more), Rejection::BelowInitial);
    stage.done(repay(1, USD, ONE_USD));
    assert!(stage.column(USD, column::BORROW_INDEX) > U256::from(INDEX_ONE));
}

#[test]
fn an_own_threshold_binds_one_account_alone() {
    let mut stage = Stage::new("");
    for account in [0, 1] {
        stage.carry(account, &[(ETH, ONE_ETH)], (USD, 1_500 * ONE_USD));
    }
    stage.done(configure(0, column::OWN_THRESHOLD, 7_500));
    assert_eq!(stage.health(0).unwrap().equity, 1_500 * 100_000_000);
    assert!(!stage.health(0).unwrap().breach);
    stage.done(configure(0, column::OWN_THRESHOLD, 7_499));
    assert!(stage.health(0).unwrap().breach && !stage.health(1).unwrap().breach);
    assert_eq!(stage.refuses(absorb(&[0, 1])), Rejection::Healthy);
    stage.done(absorb(&[0]));
    stage.done(configure(0, column::OWN_THRESHOLD, 0));
}

#[test]
fn a_loan_that_lifts_rates_beyond_their_bound_arms_everybody_anew() {
    let mut stage = Stage::new(STEEP);
    stage.done(deposit(0, USD, 1_000 * ONE_USD));
    stage.done(deposit(1, ETH, 100 * ONE_ETH));
    let touched =
        |stage: &Stage, call| stage.rulebook.execute(&stage.view(), &call).unwrap().touched;
    let everything = borrow(1, USD, 1_000 * ONE_USD);
    assert_ne!(touched(&stage, everything.clone()), Touched::Everyone);
    stage.done(everything);
    // The market has cash of its own: lenders may leave, and usage goes beyond one.
    stage.give(USD, 500 * ONE_USD);
    assert_ne!(touched(&stage, withdraw(0, USD, 40 * ONE_USD)), Touched::Everyone);
    assert_eq!(touched(&stage, withdraw(0, USD, 60 * ONE_USD)), Touched::Everyone);
}

#[test]
fn a_book_with_something_that_no_market_takes_is_refused() {
    let mut stage = Stage::new("");
    assert_eq!(stage.rulebook.admits(&stage.view()), Ok(()));
    stage.markets[1].guard.decimals = 6;
    let refused = stage.rulebook.admits(&stage.view()).unwrap_err().to_string();
    assert!(refused.contains("prices of ETH with 6 decimals (market ETH/USD)"), "{refused}");
    stage.markets[1].guard.decimals = 8;
    stage.assets[4].kind = AssetKind::linear_perpetual(USD);
    let refused = stage.rulebook.admits(&stage.view()).unwrap_err().to_string();
    assert!(refused.contains("perpetual contracts, such as NOPE"), "{refused}");
    stage.assets[4].kind = AssetKind::Token;
    // Held before this rulebook was installed, and taken by no market of it.
    stage.hold(NOPE, 1);
    let refused = stage.rulebook.admits(&stage.view()).unwrap_err().to_string();
    assert!(refused.contains("a market for NOPE"), "{refused}");
}

#[test]
fn decimals_of_the_pool_and_of_the_file_must_agree() {
    let mut stage = Stage::new("");
    let said = |stage: &Stage| {
        let built = super::super::build(&parameters(""), &stage.assets);
        built.err().unwrap_or_default()
    };
    assert_eq!(said(&stage), "");
    stage.assets[0].decimals = 18;
    assert_eq!(said(&stage), "comets.USD.decimals = 6: the pool's asset has 18");
    stage.assets[0].decimals = 6;
    stage.assets[2].decimals = 18;
    let expected = "comets.USD.collaterals.BTC.decimals = 8: the pool's asset has 18";
    assert_eq!(said(&stage), expected);
}

#[test]
fn an_account_has_one_debt_and_the_collaterals_of_its_market() {
    let shape = shape(&parameters("")).unwrap();
    assert_eq!((shape.collaterals, shape.debts), (Reach::Many, Reach::One));
    assert_eq!(shape.secured_by["USD"], ["BTC", "ETH"]);
    assert_eq!(shape.secured_by["ETH"], ["LST"]);
    let shipped = crate::shipped().iter().find(|(name, _)| *name == "compound-v3").unwrap();
    assert!(crate::shape("compound-v3", shipped.1).unwrap().is_some());
    assert!(crate::build("compound-v3", shipped.1, &[]).unwrap().is_some());
}

fn totals(stage: &Stage, asset: AssetId) -> Result<(u128, u128), Rejection> {
    let totals = stage.rulebook.totals(&stage.view(), asset);
    totals.map(|t| (t.supplied, t.borrowed)).map_err(|refused| refused.rejection)
}

#[test]
fn totals_count_an_asset_that_is_lent_here_and_collateral_there_on_both_sides() {
    let mut stage = Stage::new("");
    stage.grow(ETH, 20_000, 30_000);
    stage.done(deposit(0, ETH, 3 * ONE_ETH));
    // It waits for a market, as units.
    assert_eq!(totals(&stage, ETH), Ok((3 * ONE_ETH, 0)));
    stage.done(configure(0, column::MARKET, 2));
    // Half as many units of principal, worth what they were.
    assert_eq!(stage.owned(0, Unit::supply(ETH)), 3 * ONE_ETH / 2);
    assert_eq!(totals(&stage, ETH), Ok((3 * ONE_ETH, 0)));
    stage.done(deposit(1, LST, 10 * ONE_ETH));
    stage.done(borrow(1, ETH, 2 * ONE_ETH));
    // Two thirds of an ether of principal, rounded up, three times over.
    assert_eq!(totals(&stage, ETH), Ok((3 * ONE_ETH, 2 * ONE_ETH + 1)));
    stage.done(deposit(2, USD, 10_000 * ONE_USD));
    stage.done(deposit(3, ETH, ONE_ETH));
    stage.done(borrow(3, USD, 1_000 * ONE_USD));
    stage.done(deposit(4, ETH, 7));
    assert_eq!(totals(&stage, ETH), Ok((4 * ONE_ETH + 7, 2 * ONE_ETH + 1)));
    assert_eq!(totals(&stage, USD), Ok((10_000 * ONE_USD, 1_000 * ONE_USD)));
}

#[test]
fn totals_of_what_is_only_collateral_are_units_and_what_no_market_has_is_refused() {
    let mut stage = Stage::new("");
    stage.done(deposit(0, BTC, ONE_BTC));
    stage.carry(1, &[(BTC, 3 * ONE_BTC)], (USD, 1_000 * ONE_USD));
    assert_eq!(totals(&stage, BTC), Ok((4 * ONE_BTC, 0)));
    assert_eq!(totals(&stage, LST), Ok((0, 0)));
    // The lenders of a debt that was carried over are outside of the book.
    assert_eq!(totals(&stage, USD), Ok((1_000 * ONE_USD, 1_000 * ONE_USD)));
    // Absorbed, it is the market's.
    stage.price(BTC, 1_000_000);
    stage.done(absorb(&[1]));
    assert_eq!(totals(&stage, BTC), Ok((ONE_BTC, 0)));
    assert_eq!(totals(&stage, NOPE), Err(Rejection::NotLendable));
    assert_eq!(totals(&stage, AssetId(9)), Err(Rejection::UnknownAsset));
}

#[test]
fn totals_are_carried_forward_to_now() {
    let mut stage = Stage::new(STEEP);
    stage.done(deposit(0, USD, 10_000 * ONE_USD));
    stage.done(deposit(1, ETH, ONE_ETH));
    stage.done(borrow(1, USD, 1_000 * ONE_USD));
    let principal = |column| stage.column(USD, column);
    let (supply, owed) = (principal(column::TOTAL_SUPPLY), principal(column::TOTAL_BORROW));
    stage.later(86_400);
    let told = totals(&stage, USD).unwrap();
    assert!(told.0 > 10_000 * ONE_USD && told.1 > 1_000 * ONE_USD);
    // What a call stores is what was told before it.
    stage.done(deposit(2, USD, ONE_USD));
    let one = U256::from(INDEX_ONE);
    assert_eq!(U256::from(told.0), supply * stage.column(USD, column::SUPPLY_INDEX) / one);
    assert_eq!(U256::from(told.1), owed * stage.column(USD, column::BORROW_INDEX) / one);
}
