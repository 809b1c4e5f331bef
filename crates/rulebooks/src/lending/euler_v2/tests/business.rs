//! Shares, debts, checks and books carried over.

use super::*;
use breakwater_liquidation::Touched;
use breakwater_money::{Ray, TransferCode};

#[test]
fn shares_are_bought_and_redeemed_one_for_one_in_a_new_vault() {
    let mut book = Book::new();
    book.does(&deposit(A, USDC, 1_000 * DOLLAR));
    assert_eq!(book.owned(A, Unit::supply(USDC)), 1_000 * DOLLAR);
    assert_eq!(book.balance(Holder::Reserve, Unit::token(USDC)), 1_000_000_000);
    assert_eq!(book.state.get(StateKey::Account(A, column::COLLATERAL)), bits(&[USDC]));
    book.does(&withdraw(A, USDC, 400 * DOLLAR));
    assert_eq!(book.owned(A, Unit::supply(USDC)), 600 * DOLLAR);
    assert_eq!(book.refuses(&withdraw(A, USDC, 600 * DOLLAR + 1)), Rejection::InsufficientBalance);
    book.does(&withdraw(A, USDC, u128::MAX));
    assert_eq!(book.refuses(&withdraw(A, USDC, u128::MAX)), Rejection::InsufficientBalance);
    assert_eq!(book.state.get(StateKey::Account(A, column::COLLATERAL)), U256::ZERO);
    book.balanced();
}

#[test]
fn a_debt_must_be_less_than_what_its_collateral_carries() {
    let mut book = Book::new();
    book.does(&deposit(B, USDC, 10_000 * DOLLAR));
    book.does(&deposit(A, STETH, ETHER));
    // 80 % of 2,000: equality is not enough.
    assert_eq!(book.refuses(&borrow(A, USDC, 1_600 * DOLLAR)), Rejection::BelowInitial);
    book.does(&borrow(A, USDC, 1_600 * DOLLAR - 1));
    assert_eq!(book.owned(A, Unit::debt(USDC)), (1_600 * DOLLAR - 1) * UNIT);
    assert_eq!(book.vault(USDC, column::BORROWS), U256::from((1_600 * DOLLAR - 1) * UNIT));
    assert_eq!(book.refuses(&borrow(A, USDC, 1)), Rejection::BelowInitial);
    assert_eq!(book.refuses(&withdraw(A, STETH, 1_000_000_000)), Rejection::BelowInitial);
    // The check was remembered, and is not moved by what asks for none.
    let checked = book.state.get(StateKey::Account(A, column::CHECKED_AT));
    assert_eq!(checked, U256::from(START));
    book.pass(50);
    book.does(&deposit(A, STETH, ETHER));
    book.does(&repay(A, USDC, 1));
    assert_eq!(book.state.get(StateKey::Account(A, column::CHECKED_AT)), checked);
    book.does(&withdraw(A, STETH, 1));
    let checked = book.state.get(StateKey::Account(A, column::CHECKED_AT));
    assert_eq!(checked, U256::from(START + 50));
    book.balanced();
}

#[test]
fn new_business_is_checked_at_bid_and_ask() {
    let mut book = Book::new();
    book.does(&deposit(B, USDC, 10_000 * DOLLAR));
    book.does(&deposit(A, STETH, ETHER));
    // Half a spread of 100 on the collateral, of a cent on the debt: 1,520 over 1.01.
    book.marks[STETH.index()].mark.as_mut().unwrap().half_spread = 10_000_000_000;
    book.marks[USDC.index()].mark.as_mut().unwrap().half_spread = 1_000_000;
    assert_eq!(book.refuses(&borrow(A, USDC, 1_504_950_496)), Rejection::BelowInitial);
    book.does(&borrow(A, USDC, 1_504_950_495));
    // A liquidation is not.
    assert_eq!(book.health(A).equity, 1_700 * 100_000_000);
    assert_eq!(book.health(A).requirement, 150_495_049_500);
}

#[test]
fn an_own_threshold_replaces_weights_and_bounds_borrowing() {
    let mut book = Book::new();
    book.does(&deposit(B, USDC, 10_000 * DOLLAR));
    book.does(&deposit(A, STETH, ETHER));
    book.does(&threshold(A, 5_000));
    assert_eq!(book.refuses(&borrow(A, USDC, 1_000 * DOLLAR)), Rejection::BelowInitial);
    book.does(&borrow(A, USDC, 1_000 * DOLLAR - 1));
    assert_eq!(book.health(A).equity, 1_000 * 100_000_000);
    book.does(&threshold(A, 9_900));
    assert_eq!(book.health(A).equity, 1_980 * 100_000_000);
    assert_eq!(book.refuses(&borrow(A, USDC, 600 * DOLLAR + 1)), Rejection::BelowInitial);
    book.does(&threshold(A, 0));
    assert_eq!(book.health(A).equity, 1_700 * 100_000_000);
    assert_eq!(book.refuses(&threshold(A, 10_001)), Rejection::BadParameter);
}

#[test]
fn an_account_owes_one_vault() {
    let mut book = Book::new();
    book.does(&deposit(B, USDC, 10_000 * DOLLAR));
    book.does(&deposit(B, WETH, 10 * ETHER));
    book.does(&deposit(A, STETH, 10 * ETHER));
    book.does(&borrow(A, USDC, 1_000 * DOLLAR));
    assert_eq!(book.refuses(&borrow(A, WETH, ETHER)), Rejection::NotLendable);
    let second = Call::Import { account: A, asset: WETH, collateral: 0, debt: 1 };
    assert_eq!(book.refuses(&second), Rejection::NotLendable);
    assert_eq!(book.refuses(&repay(A, WETH, 1)), Rejection::NotBorrowed);
    book.does(&repay(A, USDC, u128::MAX));
    book.does(&borrow(A, WETH, ETHER));
    assert_eq!(book.owned(A, Unit::debt(WETH)), ETHER * UNIT);
    book.balanced();
}

#[test]
fn collateral_can_be_chosen_as_long_as_the_debt_stays_covered() {
    let mut book = Book::new();
    book.does(&deposit(B, USDC, 10_000 * DOLLAR));
    book.does(&deposit(A, STETH, ETHER));
    book.does(&deposit(A, WETH, ETHER));
    book.does(&borrow(A, USDC, 1_000 * DOLLAR));
    book.does(&choose(A, &[STETH]));
    assert_eq!(book.health(A).equity, 1_700 * 100_000_000);
    assert_eq!(book.refuses(&choose(A, &[DAI])), Rejection::BelowInitial);
    assert_eq!(book.refuses(&choose(A, &[STETH, NOPE])), Rejection::BadParameter);
    assert_eq!(book.refuses(&choose(A, &[STETH, AssetId(77)])), Rejection::BadParameter);
    let eleven: Vec<AssetId> = (0..11).map(AssetId).collect();
    assert_eq!(book.refuses(&choose(A, &eleven)), Rejection::BadParameter);
    book.does(&choose(A, &[STETH, WETH]));
    assert_eq!(book.health(A).equity, 3_400 * 100_000_000);
    let column = Call::Configure { account: A, column: column::CHECKED_AT, value: U256::ZERO };
    assert_eq!(book.refuses(&column), Rejection::BadParameter);
}

#[test]
fn shares_of_the_vault_that_is_owed_secure_nothing() {
    let mut book = Book::new();
    book.does(&deposit(A, USDC, 10_000 * DOLLAR));
    assert_eq!(book.refuses(&borrow(A, USDC, 1)), Rejection::BelowInitial);
    book.does(&Call::Import { account: B, asset: USDC, collateral: 2 * DOLLAR, debt: DOLLAR });
    assert_eq!(book.health(B).equity, 0);
    assert!(book.health(B).breach);
    book.balanced();
}

#[test]
fn interest_grows_debts_shares_and_fees() {
    let mut book = Book::new();
    book.does(&deposit(B, WETH, 100 * ETHER));
    book.does(&deposit(A, STETH, 100 * ETHER));
    book.does(&borrow(A, WETH, 50 * ETHER));
    // Half is used: the kink is at four fifths.
    let half = u64::from(u32::MAX) / 2;
    let rate = U256::from(1_000_000_000_000_000_000u64 + half * 1_000_000_000);
    assert_eq!(book.vault(WETH, column::RATE), rate);
    book.pass(1_000_000);
    let before = book.health(A);
    assert!(before.requirement > 50 * 2_000 * 100_000_000);
    // Nothing is stored before a call.
    assert_eq!(book.owned(A, Unit::debt(WETH)), 50 * ETHER * UNIT);
    book.does(&repay(A, WETH, 1));
    let factor = super::super::growth_factor(rate, 1_000_000).unwrap();
    assert_eq!(book.vault(WETH, column::ACCUMULATOR), factor);
    assert_eq!(book.state.get(StateKey::Account(A, column::DEBT_ACCUMULATOR)), factor);
    let grown = U256::from(50 * ETHER * UNIT) * factor / Ray::one().raw;
    let units: U256 = (grown + U256::from(UNIT - 1)) >> 31;
    assert_eq!(U256::from(book.owned(A, Unit::debt(WETH))), (units - U256::ONE) << 31);
    // A tenth of the interest is the treasury's, and the rest is the lender's.
    let fees = book.balance(Holder::Treasury, Unit::supply(WETH)).unsigned_abs();
    let interest = u128::try_from(units).unwrap() - 50 * ETHER;
    assert!(fees > interest / 11 && fees < interest / 10, "{fees} of {interest}");
    book.does(&repay(A, WETH, u128::MAX));
    assert_eq!(book.owned(A, Unit::debt(WETH)), 0);
    let out = book.does(&withdraw(B, WETH, u128::MAX)).net(Holder::External, WETH);
    let earned = out.unsigned_abs() - 100 * ETHER;
    // The virtual deposit has its part of it.
    assert!(earned.abs_diff(interest * 9 / 10) < 10_000, "{earned}");
    assert!(book.balance(Holder::Reserve, Unit::token(WETH)) > 0);
    book.balanced();
}

#[test]
fn a_part_paid_makes_the_rest_whole() {
    let mut book = Book::new();
    book.does(&deposit(B, WETH, 100 * ETHER));
    book.import(A, (STETH, 10 * ETHER), (WETH, 1_000));
    book.does(&borrow(A, WETH, 1));
    book.pass(777);
    book.does(&repay(A, WETH, 3));
    // 1,001 and a little of interest are 1,002, of which 999 are left; the total has what the account
    // has.
    assert_eq!(book.owned(A, Unit::debt(WETH)), 999 * UNIT);
    assert_eq!(book.vault(WETH, column::BORROWS), U256::from(999 * UNIT));
    let paid = book.does(&repay(A, WETH, u128::MAX)).net(Holder::Reserve, WETH);
    assert_eq!(paid, 999);
    assert_eq!(book.vault(WETH, column::BORROWS), U256::ZERO);
}

#[test]
fn an_imported_debt_brings_its_lenders_and_moves_no_share_price() {
    let mut book = Book::new();
    book.import(A, (STETH, ETHER), (USDC, 1_500 * DOLLAR));
    assert_eq!(book.balance(Holder::External, Unit::supply(USDC)), 1_500_000_000);
    // The borrowed dollars left long ago; the collateral came along.
    assert_eq!(book.balance(Holder::Reserve, Unit::token(USDC)), 0);
    assert_eq!(book.balance(Holder::Reserve, Unit::token(STETH)), 1_000_000_000_000_000_000);
    assert_eq!(book.refuses(&borrow(B, USDC, u128::MAX)), Rejection::InsufficientLiquidity);
    // A share is still one unit.
    book.does(&deposit(B, USDC, DOLLAR));
    assert_eq!(book.owned(B, Unit::supply(USDC)), DOLLAR);
    // A debt that is worse than its collateral is carried over as it is, a cap notwithstanding.
    book.import(C, (USDC, 1), (GUSD, 5_000_000));
    assert!(book.health(C).breach);
    book.balanced();
    // In a vault whose shares are worth more, too.
    book.import(B, (STETH, 100 * ETHER), (WETH, 50 * ETHER));
    book.does(&deposit(A, WETH, 10 * ETHER));
    book.does(&borrow(B, WETH, ETHER));
    book.pass(10_000_000);
    let worth = |book: &Book| book.rulebook.sides(&book.view(), A).unwrap();
    let before = book.health(A);
    book.import(B, (STETH, 1), (WETH, 1_000 * ETHER + 7));
    assert_eq!(book.health(A), before);
    assert!(worth(&book).collateral > 0);
    book.balanced();
}

#[test]
fn caps_bind_what_grows() {
    let mut book = Book::new();
    // Ten million cents may be supplied, and a tenth of that borrowed.
    book.does(&deposit(B, GUSD, 10_000_000));
    assert_eq!(book.refuses(&deposit(B, GUSD, 1)), Rejection::LimitReached);
    book.does(&deposit(A, USDC, 100_000 * DOLLAR));
    assert_eq!(book.refuses(&borrow(A, GUSD, 1_000_001)), Rejection::LimitReached);
    book.does(&borrow(A, GUSD, 1_000_000));
    assert_eq!(book.refuses(&borrow(A, GUSD, 1)), Rejection::LimitReached);
    // Above a cap that was imported over, what does not grow is free.
    book.import(C, (USDC, 100_000 * DOLLAR), (GUSD, 5_000_000));
    book.does(&repay(C, GUSD, 1));
    book.does(&withdraw(B, GUSD, 1));
    assert_eq!(book.refuses(&borrow(A, GUSD, 1)), Rejection::LimitReached);
    book.balanced();
}

#[test]
fn business_is_refused_by_class() {
    let mut book = Book::new();
    assert_eq!(book.refuses(&deposit(A, USDC, 0)), Rejection::AmountZero);
    assert_eq!(book.refuses(&deposit(AccountId(3), USDC, 1)), Rejection::UnknownAccount);
    assert_eq!(book.refuses(&deposit(A, AssetId(9), 1)), Rejection::UnknownAsset);
    assert_eq!(book.refuses(&deposit(A, NOPE, 1)), Rejection::NotLendable);
    assert_eq!(book.refuses(&borrow(A, USDC, 1)), Rejection::InsufficientLiquidity);
    book.does(&deposit(B, USDC, DOLLAR));
    assert_eq!(book.refuses(&borrow(A, USDC, 1)), Rejection::BelowInitial);
    assert_eq!(book.refuses(&borrow(A, USDC, DOLLAR + 1)), Rejection::InsufficientLiquidity);
    assert_eq!(book.refuses(&repay(A, USDC, 1)), Rejection::NotBorrowed);
    // Amounts have 112 bits, and so has what a vault holds.
    assert_eq!(book.refuses(&deposit(A, USDC, 1 << 112)), Rejection::Overflow);
    assert_eq!(book.refuses(&deposit(A, USDC, (1 << 112) - DOLLAR)), Rejection::Overflow);
    assert_eq!(book.refuses(&deposit(A, USDC, u128::MAX)), Rejection::Overflow);
    book.does(&deposit(A, DAI, (1 << 112) - 1));
    assert_eq!(book.refuses(&Call::Absorb { accounts: vec![A] }), Rejection::Unsupported);
    assert_eq!(book.refuses(&Call::WriteOff { account: A }), Rejection::Unsupported);
    let large = Call::Import { account: A, asset: DAI, collateral: 0, debt: 1 << 96 };
    assert_eq!(book.refuses(&large), Rejection::Overflow);
}

#[test]
fn an_amount_that_moves_no_share_is_refused() {
    let mut book = Book::new();
    book.does(&deposit(B, WETH, ETHER));
    book.import(A, (STETH, 100 * ETHER), (WETH, 50 * ETHER));
    // Once a share is worth more than a unit, one unit buys none.
    book.does(&borrow(A, WETH, 1));
    book.does(&deposit(C, WETH, 1));
    book.pass(1_000);
    assert_eq!(book.refuses(&deposit(C, WETH, 1)), Rejection::ZeroBurn);
    book.balanced();
}

#[test]
fn an_eleventh_collateral_is_held_and_does_not_count() {
    let mut book = Book::new();
    let ten: Vec<AssetId> = (10..20).map(AssetId).collect();
    book.state.set(StateKey::Account(A, column::COLLATERAL), bits(&ten));
    book.does(&deposit(A, STETH, ETHER));
    assert_eq!(book.state.get(StateKey::Account(A, column::COLLATERAL)), bits(&ten));
    // A book that is carried over counts whole or not at all.
    let eleventh = Call::Import { account: A, asset: WETH, collateral: 1, debt: 0 };
    assert_eq!(book.refuses(&eleventh), Rejection::LimitReached);
}

#[test]
fn ordinary_business_touches_nobody_else() {
    let mut book = Book::new();
    book.does(&deposit(B, WETH, 100 * ETHER));
    book.does(&deposit(A, STETH, 100 * ETHER));
    book.does(&borrow(A, WETH, 10 * ETHER));
    book.pass(1_000_000);
    let calls = [
        borrow(A, WETH, 12_345_678_901),
        repay(A, WETH, 77),
        withdraw(B, WETH, 1_234_567),
        deposit(B, WETH, 7_654_321),
        repay(A, WETH, u128::MAX),
    ];
    for call in calls {
        assert_eq!(book.does(&call).touched, Touched::Nobody, "{call:?}");
    }
}

#[test]
fn a_book_of_something_else_is_not_admitted() {
    let mut book = Book::new();
    assert_eq!(book.rulebook.admits(&book.view()), Ok(()));
    book.rows.add(Holder::Issuer, Unit::supply(NOPE), -1);
    let told = book.rulebook.admits(&book.view()).unwrap_err().to_string();
    assert!(told.ends_with("a vault of NOPE"), "{told}");

    let mut book = Book::new();
    book.rows.add(Holder::Account(A), Unit::debt(USDC), 1);
    book.rows.add(Holder::Account(A), Unit::debt(WETH), 1);
    let told = book.rulebook.admits(&book.view()).unwrap_err().to_string();
    assert!(told.contains("one vault an account"), "{told}");

    let mut book = Book::new();
    book.markets[2].guard.decimals = 6;
    let told = book.rulebook.admits(&book.view()).unwrap_err().to_string();
    assert!(told.contains("prices of USDC with 6 decimals"), "{told}");
    book.markets[2].guard.decimals = 8;
    book.assets[4].kind = AssetKind::linear_perpetual(USDC);
    let told = book.rulebook.admits(&book.view()).unwrap_err().to_string();
    assert!(told.contains("perpetual contracts, such as GUSD"), "{told}");
}

#[test]
fn founding_again_leaves_set_what_is_set() {
    let book = Book::new();
    let again = book.rulebook.found(&book.view()).unwrap();
    assert_eq!(again, Effects::default());
    assert_eq!(book.rulebook.accrue(&book.view()).unwrap(), Effects::default());
}

#[test]
fn fees_are_told_as_such() {
    let mut book = Book::new();
    book.does(&deposit(B, WETH, 100 * ETHER));
    book.import(A, (STETH, 100 * ETHER), (WETH, 50 * ETHER));
    book.pass(100_000);
    let effects = book.does(&deposit(B, WETH, ETHER));
    let fees: Vec<_> = effects.transfers.iter().filter(|t| t.code == TransferCode::Fee).collect();
    assert_eq!(fees.len(), 1);
    assert_eq!(fees[0].credit, Holder::Treasury);
}

#[test]
fn totals_are_what_shares_redeem_for_and_debts_rounded_up_as_a_call_would_find_them() {
    let mut book = Book::new();
    book.does(&deposit(B, WETH, 100 * ETHER));
    book.import(A, (STETH, 100 * ETHER), (WETH, 50 * ETHER));
    let totals = |book: &Book, asset| {
        let totals = book.rulebook.totals(&book.view(), asset);
        totals.map(|t| (t.supplied, t.borrowed)).map_err(|refused| refused.rejection)
    };
    assert_eq!(totals(&book, WETH), Ok((150 * ETHER, 50 * ETHER)));
    book.pass(100_000);
    let (supplied, borrowed) = totals(&book, WETH).unwrap();
    let before = book.balance(Holder::Issuer, Unit::supply(WETH)).unsigned_abs();
    let effects = book.does(&deposit(B, WETH, ETHER));
    let fees = effects.transfers.iter().filter(|t| t.code == TransferCode::Fee);
    let shares = U256::from(before + fees.map(|t| t.amount).sum::<u128>());
    // The deposit leaves the debt as interest has made it, with a fraction of a unit.
    let exact = book.vault(WETH, column::BORROWS);
    let one = U256::from(UNIT);
    assert!(!(exact % one).is_zero());
    assert_eq!(U256::from(borrowed), exact / one + U256::ONE);
    let (assets, own) = (U256::from(100 * ETHER + borrowed), U256::from(1_000_000u64));
    assert_eq!(U256::from(supplied), shares * (assets + own) / (shares + own));
    assert!(supplied > 150 * ETHER && borrowed > 50 * ETHER);
    // Collateral only; in no use; without a vault.
    assert_eq!(totals(&book, STETH), Ok((100 * ETHER, 0)));
    assert_eq!(totals(&book, GUSD), Ok((0, 0)));
    assert_eq!(totals(&book, NOPE), Err(Rejection::NotLendable));
    assert_eq!(totals(&book, AssetId(77)), Err(Rejection::UnknownAsset));
}
