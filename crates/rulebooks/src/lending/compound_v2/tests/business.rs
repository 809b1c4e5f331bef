//! Supplying, redeeming, borrowing, repaying, books carried over, and who is refused.

use super::*;

#[test]
fn shares_are_issued_at_the_initial_rate_and_both_sides_balance() {
    let mut pool = Pool::new();
    pool.deposit(A, ETH, ONE_ETH);
    // 0.02 ETH a share of eight decimals: 50 shares.
    assert_eq!(pool.balance(A, Unit::supply(ETH)), 5_000_000_000);
    assert_eq!(pool.cash(ETH), 1_000_000_000_000_000_000);
    let all = Call::Withdraw { account: A, asset: ETH, amount: u128::MAX };
    pool.call(&all).unwrap();
    assert_eq!((pool.balance(A, Unit::supply(ETH)), pool.cash(ETH)), (0, 0));
    pool.balanced();
    assert_eq!(pool.refuses(&all), Rejection::InsufficientBalance);
}

#[test]
fn a_redemption_rounds_shares_down_and_moves_none_for_nothing() {
    let mut pool = Pool::new();
    pool.deposit(A, ETH, ONE_ETH);
    // A share of eight decimals is 2e8 wei.
    let wei = |amount| Call::Withdraw { account: A, asset: ETH, amount };
    assert_eq!(pool.refuses(&wei(199_999_999)), Rejection::ZeroBurn);
    pool.call(&wei(399_999_999)).unwrap();
    assert_eq!(pool.balance(A, Unit::supply(ETH)), 4_999_999_999);
    // Less than a share's worth is taken without a share, as the venue does.
    pool.deposit(B, ETH, 1);
    assert_eq!(pool.balance(B, Unit::supply(ETH)), 0);
}

#[test]
fn a_redemption_that_lowers_the_worth_of_a_share_judges_everybody_anew() {
    // Three shares at a rate that makes one and a bit of them cost one.
    let mut pool = Pool::new();
    pool.deposit(A, ETH, 600_000_000);
    let call = Call::Withdraw { account: A, asset: ETH, amount: 399_999_999 };
    assert_eq!(pool.call(&call).unwrap().touched, Touched::Everyone);
    let mut large = Pool::new();
    large.deposit(A, ETH, 1_000 * ONE_ETH);
    assert_eq!(large.call(&call).unwrap().touched, Touched::Nobody);
}

#[test]
fn borrowing_stops_at_exact_equality() {
    let mut pool = Pool::new();
    pool.deposit(L, USD, 10_000 * ONE_USD);
    pool.deposit(A, ETH, ONE_ETH);
    let borrow = |amount| Call::Borrow { account: A, asset: USD, amount };
    assert_eq!(pool.refuses(&borrow(1_600 * ONE_USD + 1)), Rejection::BelowInitial);
    pool.call(&borrow(1_600 * ONE_USD)).unwrap();
    assert_eq!(pool.balance(A, Unit::debt(USD)), 1_600_000_000);
    assert_eq!(pool.column(USD, column::TOTAL_BORROWS), U256::from(1_600_000_000u64));
    assert_eq!(pool.refuses(&borrow(1)), Rejection::BelowInitial);
    let out = Call::Withdraw { account: A, asset: ETH, amount: 200_000_000 };
    assert_eq!(pool.refuses(&out), Rejection::BelowInitial);
    pool.call(&Call::Repay { account: A, asset: USD, amount: u128::MAX }).unwrap();
    assert_eq!(pool.balance(A, Unit::debt(USD)), 0);
    assert_eq!(pool.state.get(column::interest_index(A, USD)), U256::ZERO);
    assert!(pool.call(&out).is_ok());
}

#[test]
fn caps_pauses_and_cash_are_respected() {
    let with = |usd: &str| {
        let mut pool = Pool::with(&file("", usd));
        pool.deposit(L, USD, 1_000 * ONE_USD);
        pool.deposit(A, ETH, ONE_ETH);
        pool
    };
    let borrow = |amount| Call::Borrow { account: A, asset: USD, amount };
    // The total must stay strictly below the cap.
    let pool = with("borrow_cap = 500");
    assert_eq!(pool.refuses(&borrow(500 * ONE_USD)), Rejection::LimitReached);
    assert!(pool.ask(&borrow(500 * ONE_USD - 1)).is_ok());
    assert_eq!(with("borrow_paused = true").refuses(&borrow(1)), Rejection::Paused);
    let pool = with("");
    assert!(pool.ask(&borrow(1_000 * ONE_USD)).is_ok());
    assert_eq!(pool.refuses(&borrow(1_000 * ONE_USD + 1)), Rejection::InsufficientLiquidity);
    let mut pool = with("");
    pool.borrow(A, USD, 1);
    let out = Call::Withdraw { account: L, asset: USD, amount: 1_000 * ONE_USD };
    assert_eq!(pool.refuses(&out), Rejection::InsufficientLiquidity);
}

#[test]
fn interest_is_written_up_when_a_position_changes() {
    let mut pool = Pool::with(&file(RATES, ""));
    pool.deposit(L, USD, 10_000 * ONE_USD);
    pool.deposit(A, ETH, ONE_ETH);
    pool.borrow(A, USD, 1_000 * ONE_USD);
    pool.pass(12 * 100_000);
    // A tenth is used: 1e10 + 1e10 a block, 2e-3 in all.
    let owed = 1_002 * ONE_USD;
    let repay = |amount| Call::Repay { account: A, asset: USD, amount };
    assert_eq!(pool.refuses(&repay(owed + 1)), Rejection::InsufficientBalance);
    pool.call(&repay(2 * ONE_USD)).unwrap();
    assert_eq!(pool.balance(A, Unit::debt(USD)), 1_000_000_000);
    assert_eq!(pool.column(USD, column::TOTAL_BORROWS), U256::from(1_000_000_000u64));
    let index = pool.column(USD, column::BORROW_INDEX);
    assert_eq!(index, U256::from(1_002_000_000_000_000_000u64));
    assert_eq!(pool.state.get(column::interest_index(A, USD)), index);
    let block = U256::from(pool.now.seconds_since(Time(0)) / 12);
    assert_eq!(pool.column(USD, column::ACCRUED_AT), block);
    pool.balanced();
}

#[test]
fn an_imported_debt_is_owed_to_lenders_outside_the_book() {
    let mut pool = Pool::new();
    pool.import(A, ETH, ONE_ETH, 0);
    pool.import(A, USD, 0, 1_000 * ONE_USD);
    assert_eq!(pool.cash(USD), 0);
    let outside = pool.rows.balance(Holder::External, Unit::supply(USD));
    assert_eq!(outside, 5_000_000_000_000, "1,000 at 0.02 a share of eight decimals");
    // Whoever supplies later owns no part of what was lent before.
    pool.import(B, USD, 1_000 * ONE_USD, 0);
    let sides = pool.look(|view| pool.rulebook.sides(view, B)).unwrap();
    assert_eq!(sides.collateral, 100_000_000_000);
    // Nothing is checked, and both sides of one asset are carried over.
    pool.import(B, BTC, ONE_BTC, 2 * ONE_BTC);
    assert!(pool.health(B).breach);
    let sides = pool.look(|view| pool.rulebook.sides(view, B)).unwrap();
    assert_eq!((sides.collateral, sides.debt), (3_100_000_000_000, 6_000_000_000_000));
    pool.balanced();
}

#[test]
fn a_market_is_left_only_where_it_secures_nothing() {
    let mut pool = Pool::new();
    pool.deposit(L, USD, 10_000 * ONE_USD);
    pool.deposit(A, ETH, ONE_ETH);
    pool.deposit(A, BTC, ONE_BTC);
    pool.borrow(A, USD, 1_600 * ONE_USD);
    let enter = |bits: u64| Call::Configure {
        account: A,
        column: column::ENTERED,
        value: U256::from(bits),
    };
    assert_eq!(pool.refuses(&enter(0b011)), Rejection::BadParameter, "the dollar is owed");
    assert_eq!(pool.refuses(&enter(0b100)), Rejection::BelowInitial);
    assert_eq!(pool.refuses(&enter(0b1111)), Rejection::NotLendable);
    pool.call(&enter(0b101)).unwrap();
    assert_eq!(pool.refuses(&enter(0b100)), Rejection::BelowInitial, "ETH is needed now");
    // What is not entered may leave at will, and may be seized all the same.
    let out = Call::Withdraw { account: A, asset: BTC, amount: ONE_BTC / 2 };
    pool.call(&out).unwrap();
    pool.price(ETH, 199_999_999_999);
    assert!(pool.ask(&seize(USD, BTC, 100 * ONE_USD)).is_ok());
}

#[test]
fn business_is_refused_by_class() {
    let mut pool = Pool::new();
    pool.deposit(A, ETH, ONE_ETH);
    let deposit = |account, asset, amount| Call::Deposit { account, asset, amount };
    assert_eq!(pool.refuses(&deposit(A, ETH, 0)), Rejection::AmountZero);
    assert_eq!(pool.refuses(&deposit(A, NOPE, 1)), Rejection::NotLendable);
    assert_eq!(pool.refuses(&deposit(A, AssetId(9), 1)), Rejection::UnknownAsset);
    assert_eq!(pool.refuses(&deposit(AccountId(9), ETH, 1)), Rejection::UnknownAccount);
    let more = Call::Withdraw { account: A, asset: ETH, amount: 2 * ONE_ETH };
    assert_eq!(pool.refuses(&more), Rejection::InsufficientBalance);
    let nobodys = Call::Repay { account: A, asset: USD, amount: 1 };
    assert_eq!(pool.refuses(&nobodys), Rejection::NotBorrowed);
    let absorb = Call::Absorb { accounts: vec![A] };
    assert_eq!(pool.refuses(&absorb), Rejection::Unsupported);
    let column = Call::Configure { account: A, column: 2, value: U256::ZERO };
    assert_eq!(pool.refuses(&column), Rejection::BadParameter);
    let nothing = Call::Import { account: A, asset: ETH, collateral: 0, debt: 0 };
    assert_eq!(pool.refuses(&nothing), Rejection::AmountZero);
}

#[test]
fn a_book_is_refused_only_for_what_it_holds_or_cannot_price() {
    let admits = |pool: &Pool| {
        pool.look(|view| pool.rulebook.admits(view)).map_err(|missing| missing.missing)
    };
    let mut pool = Pool::new();
    assert_eq!(admits(&pool), Ok(()), "an asset that nobody holds may be unlisted");
    pool.rows.add(Holder::Issuer, Unit::supply(NOPE), -1);
    assert_eq!(admits(&pool), Err("a market for NOPE".to_owned()));
    let mut pool = Pool::new();
    pool.markets[0].guard.decimals = 6;
    assert!(admits(&pool).unwrap_err().starts_with("prices of ETH with 6 decimals"));
    let mut pool = Pool::new();
    pool.assets[3].kind = AssetKind::linear_perpetual(USD);
    assert!(admits(&pool).unwrap_err().starts_with("perpetual contracts, such as NOPE"));
}

#[test]
fn totals_are_shares_at_the_rate_and_borrows_as_the_market_would_accrue_them() {
    let mut pool = Pool::with(&file(&format!("{RATES}\nreserve_factor_bps = 2500"), ""));
    pool.deposit(L, USD, 10_000 * ONE_USD);
    pool.deposit(A, ETH, ONE_ETH);
    pool.borrow(A, USD, 1_000 * ONE_USD);
    let totals = |pool: &Pool, asset| {
        let totals = pool.look(|view| pool.rulebook.totals(view, asset));
        totals.map(|t| (t.supplied, t.borrowed)).map_err(|refused| refused.rejection)
    };
    assert_eq!(totals(&pool, USD), Ok((10_000 * ONE_USD, 1_000 * ONE_USD)));
    pool.pass(12 * 100_000);
    // Two dollars of interest, a quarter of it the protocol's; nobody has touched the market.
    assert_eq!(pool.column(USD, column::TOTAL_BORROWS), U256::from(1_000 * ONE_USD));
    assert_eq!(totals(&pool, USD), Ok((10_001_500_000, 1_002 * ONE_USD)));
    pool.deposit(B, USD, ONE_USD);
    assert_eq!(totals(&pool, USD).unwrap().1, 1_002 * ONE_USD);
    // Nobody owes ether: a share is worth what it was.
    assert_eq!(totals(&pool, ETH), Ok((ONE_ETH, 0)));
    assert_eq!(totals(&pool, BTC), Ok((0, 0)));
    assert_eq!(totals(&pool, NOPE), Err(Rejection::NotLendable));
    assert_eq!(totals(&pool, AssetId(9)), Err(Rejection::UnknownAsset));
}
