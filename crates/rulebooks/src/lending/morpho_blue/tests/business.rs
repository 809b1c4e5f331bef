//! Lending, borrowing and books carried over.

use super::*;
use breakwater_liquidation::Touched;
use breakwater_money::TransferCode;

/// B lends 10,000 dollars in the market of the higher LLTV.
fn lent() -> Book {
    let mut book = Book::new();
    book.does(&choose(B, number(STETH, USDC, 8_600)));
    book.does(&deposit(B, USDC, 10_000 * DOLLAR));
    book
}

#[test]
fn lent_money_is_shares_and_backs_its_own_market_only() {
    let mut book = lent();
    assert_eq!(book.owned(B, Unit::supply(USDC)), 10_000 * DOLLAR * 1_000_000);
    let market = book.market(STETH, USDC, 8_600);
    assert_eq!(market.total_supply_assets, 10_000 * DOLLAR);
    assert_eq!(market.total_supply_shares, 10_000 * DOLLAR * 1_000_000);
    assert_eq!(book.market(STETH, USDC, 7_700), Market::default());
    assert_eq!(book.balance(Holder::Reserve, Unit::token(USDC)), 10_000_000_000);
    // The market of the lower LLTV has nothing to lend, though the contract has cash.
    book.does(&choose(A, number(STETH, USDC, 7_700)));
    book.does(&deposit(A, STETH, ETHER));
    assert_eq!(book.refuses(&borrow(A, USDC, 1)), Rejection::InsufficientLiquidity);
    book.does(&choose(A, U256::ZERO));
    book.does(&borrow(A, USDC, 1));
    assert_eq!(book.market(STETH, USDC, 8_600).total_borrow_assets, 1);
    book.balanced();
}

#[test]
fn borrowing_up_to_the_ratio_and_up_to_the_supply_is_allowed_and_no_unit_more() {
    let mut book = lent();
    book.does(&deposit(A, STETH, ETHER));
    // 86 % of 2,000.
    assert_eq!(book.refuses(&borrow(A, USDC, 1_720 * DOLLAR + 1)), Rejection::BelowInitial);
    book.does(&borrow(A, USDC, 1_720 * DOLLAR));
    assert_eq!(book.refuses(&borrow(A, USDC, 1)), Rejection::BelowInitial);
    let health = book.health(A);
    assert!(!health.breach && health.shortfall == 0);
    assert_eq!(health.ratio.to_string(), "1");
    book.does(&deposit(A, STETH, 9 * ETHER));
    assert_eq!(
        book.refuses(&borrow(A, USDC, 8_280 * DOLLAR + 1)),
        Rejection::InsufficientLiquidity
    );
    book.does(&borrow(A, USDC, 8_280 * DOLLAR));
    assert_eq!(book.refuses(&withdraw(B, USDC, 1)), Rejection::InsufficientLiquidity);
    assert_eq!(book.balance(Holder::Reserve, Unit::token(USDC)), 0);
    book.balanced();
}

#[test]
fn a_debt_is_repaid_in_part_and_whole_and_no_more() {
    let mut book = lent();
    book.does(&deposit(A, STETH, ETHER));
    book.does(&borrow(A, USDC, 1_000 * DOLLAR));
    let shares = 1_000 * DOLLAR * 1_000_000;
    assert_eq!(book.owned(A, Unit::debt(USDC)), shares);
    book.does(&repay(A, USDC, 400 * DOLLAR));
    assert_eq!(book.owned(A, Unit::debt(USDC)), shares - 400 * DOLLAR * 1_000_000);
    let paid = book.does(&repay(A, USDC, u128::MAX)).net(Holder::Reserve, USDC);
    assert_eq!(paid, 600_000_000);
    assert_eq!(book.owned(A, Unit::debt(USDC)), 0);
    assert_eq!(book.refuses(&repay(A, USDC, 1)), Rejection::NotBorrowed);
    let market = book.market(STETH, USDC, 8_600);
    assert_eq!((market.total_borrow_assets, market.total_borrow_shares), (0, 0));
    book.does(&withdraw(A, STETH, u128::MAX));
    book.does(&withdraw(B, USDC, u128::MAX));
    assert_eq!(book.balance(Holder::External, Unit::token(USDC)), 0);
    assert_eq!(book.market(STETH, USDC, 8_600), Market::default());
}

#[test]
fn collateral_leaves_down_to_what_the_debt_needs() {
    let mut book = lent();
    book.does(&deposit(A, STETH, 2 * ETHER));
    book.does(&borrow(A, USDC, 1_720 * DOLLAR));
    // Rounded down twice, a unit less of the collateral is a unit less of what it carries.
    assert_eq!(book.refuses(&withdraw(A, STETH, ETHER + 1)), Rejection::BelowInitial);
    book.does(&withdraw(A, STETH, ETHER));
    assert_eq!(book.refuses(&withdraw(A, STETH, 1)), Rejection::BelowInitial);
    assert_eq!(book.refuses(&withdraw(A, STETH, ETHER + 1)), Rejection::InsufficientBalance);
    assert_eq!(book.refuses(&withdraw(C, STETH, 1)), Rejection::InsufficientBalance);
    assert_eq!(book.refuses(&withdraw(C, STETH, u128::MAX)), Rejection::InsufficientBalance);
    assert_eq!(
        book.refuses(&withdraw(B, USDC, 10_000 * DOLLAR + 1)),
        Rejection::InsufficientBalance
    );
}

#[test]
fn an_imported_debt_brings_its_lenders_and_moves_no_share_price() {
    let mut book = Book::new();
    book.import(A, (STETH, ETHER), (USDC, 1_500 * DOLLAR));
    let market = book.market(STETH, USDC, 8_600);
    assert_eq!(market.total_supply_assets, market.total_borrow_assets);
    assert_eq!(market.total_supply_shares, market.total_borrow_shares);
    assert_eq!(market.total_borrow_assets, 1_500 * DOLLAR);
    let lent = book.balance(Holder::External, Unit::supply(USDC));
    assert_eq!(lent, 1_500_000_000 * 1_000_000);
    // The borrowed dollars left long ago; the collateral came along.
    assert_eq!(book.balance(Holder::Reserve, Unit::token(USDC)), 0);
    assert_eq!(book.balance(Holder::Reserve, Unit::token(STETH)), 1_000_000_000_000_000_000);
    // Nothing is left to borrow.
    book.does(&deposit(B, STETH, ETHER));
    assert_eq!(book.refuses(&borrow(B, USDC, 1)), Rejection::InsufficientLiquidity);
    book.import(B, (STETH, 0), (USDC, 1));
    assert_eq!(book.market(STETH, USDC, 8_600).total_borrow_shares, 1_500_000_001 * 1_000_000);
    // A debt that is worse than its collateral is carried over as it is.
    book.import(C, (STETH, 1), (USDC, 1_000 * DOLLAR));
    assert!(book.health(C).breach);
    book.balanced();
}

#[test]
fn an_account_has_one_position() {
    let mut book = lent();
    book.does(&deposit(A, STETH, ETHER));
    assert_eq!(book.refuses(&deposit(A, WETH, 1)), Rejection::NotLendable);
    assert_eq!(book.refuses(&choose(A, number(WETH, USDC, 8_000))), Rejection::NotLendable);
    book.does(&borrow(A, USDC, DOLLAR));
    // Its market lends dollars and takes staked ether.
    assert_eq!(book.refuses(&borrow(A, WETH, 1)), Rejection::NotLendable);
    assert_eq!(book.refuses(&deposit(A, WETH, 1)), Rejection::NotLendable);
    assert_eq!(book.refuses(&choose(A, number(STETH, USDC, 7_700))), Rejection::NotLendable);
    assert_eq!(book.refuses(&choose(A, U256::ZERO)), Rejection::NotLendable);
    let more = Call::Import { account: A, asset: WETH, collateral: 0, debt: 1 };
    assert_eq!(book.refuses(&more), Rejection::NotLendable);
    // Once it owes nothing it may owe something else, and then hold something else.
    book.does(&repay(A, USDC, u128::MAX));
    book.import(A, (STETH, 0), (WETH, ETHER / 2));
    assert_eq!(book.market(STETH, WETH, 9_450).total_borrow_assets, ETHER / 2);
    book.does(&repay(A, WETH, u128::MAX));
    book.does(&withdraw(A, STETH, u128::MAX));
    // Its last market lends ether, so that ether is lent there until another is chosen.
    book.does(&choose(A, U256::ZERO));
    book.does(&deposit(A, WETH, ETHER));
    book.import(A, (WETH, 0), (DAI, 1));
    assert_eq!(book.market(WETH, DAI, 8_600).total_borrow_assets, 1);
    book.balanced();
}

#[test]
fn a_choice_that_the_collateral_does_not_fit_is_none() {
    let mut book = Book::new();
    book.does(&choose(A, number(STETH, USDC, 7_700)));
    book.does(&deposit(A, WETH, ETHER));
    assert_eq!(book.state.get(StateKey::Account(A, column::MARKET)), U256::ZERO);
    // Of one pair the market with the highest LLTV is taken, unless another is chosen.
    book.does(&choose(B, number(STETH, USDC, 7_700)));
    book.import(B, (STETH, ETHER), (USDC, DOLLAR));
    book.import(C, (STETH, ETHER), (USDC, DOLLAR));
    let of = |account| book.state.get(StateKey::Account(account, column::MARKET));
    assert_eq!(of(B), number(STETH, USDC, 7_700));
    assert_eq!(of(C), number(STETH, USDC, 8_600));
}

#[test]
fn what_one_market_alone_lends_needs_no_choice() {
    let mut book = Book::new();
    book.does(&deposit(B, DAI, 100 * ETHER));
    assert_eq!(book.market(WETH, DAI, 8_600).total_supply_assets, 100 * ETHER);
    // Three markets lend dollars of the other kind.
    let rejected = book.rulebook.execute(&book.view(), &deposit(C, USDC, 1)).unwrap_err();
    assert_eq!(rejected.rejection, Rejection::NotLendable);
    assert!(rejected.detail.contains("(growing)"), "{}", rejected.detail);
    // A lender may be a borrower of its own market.
    book.does(&deposit(B, WETH, ETHER));
    book.does(&borrow(B, DAI, 50 * ETHER));
    book.does(&withdraw(B, DAI, 50 * ETHER));
    assert_eq!(book.refuses(&withdraw(B, DAI, 1)), Rejection::InsufficientLiquidity);
    book.balanced();
}

#[test]
fn business_is_refused_by_class() {
    let mut book = lent();
    assert_eq!(book.refuses(&deposit(A, USDC, 0)), Rejection::AmountZero);
    assert_eq!(book.refuses(&deposit(AccountId(3), USDC, 1)), Rejection::UnknownAccount);
    assert_eq!(book.refuses(&deposit(A, AssetId(9), 1)), Rejection::UnknownAsset);
    assert_eq!(book.refuses(&deposit(A, NOPE, 1)), Rejection::NotLendable);
    assert_eq!(book.refuses(&borrow(A, USDC, 1)), Rejection::NotCollateral);
    assert_eq!(book.refuses(&repay(A, USDC, 1)), Rejection::NotBorrowed);
    let bare = Call::Import { account: A, asset: DAI, collateral: 1, debt: 0 };
    assert_eq!(book.refuses(&bare), Rejection::NotCollateral);
    let both = Call::Import { account: A, asset: WETH, collateral: 1, debt: 1 };
    assert_eq!(book.refuses(&both), Rejection::NotLendable);
    let alone = Call::Import { account: A, asset: USDC, collateral: 0, debt: 1 };
    assert_eq!(book.refuses(&alone), Rejection::NotCollateral);
    book.does(&deposit(A, STETH, ETHER));
    // Nobody lends the stable coin against staked ether.
    assert_eq!(book.refuses(&borrow(A, DAI, 1)), Rejection::NotLendable);
    assert_eq!(book.refuses(&choose(A, U256::from(77))), Rejection::BadParameter);
    assert_eq!(book.refuses(&threshold(A, 10_001)), Rejection::BadParameter);
    let column = Call::Configure { account: A, column: 2, value: U256::ZERO };
    assert_eq!(book.refuses(&column), Rejection::BadParameter);
    assert_eq!(book.refuses(&Call::Absorb { accounts: vec![A] }), Rejection::Unsupported);
    assert_eq!(book.refuses(&Call::WriteOff { account: A }), Rejection::Unsupported);
}

#[test]
fn interest_grows_debts_and_its_fee_is_the_treasurys() {
    let mut book = Book::new();
    book.does(&choose(B, number(WETH, USDC, 8_000)));
    book.does(&deposit(B, USDC, 100_000 * DOLLAR));
    book.does(&deposit(A, WETH, 10 * ETHER));
    book.does(&borrow(A, USDC, 10_000 * DOLLAR));
    let before = book.health(A);
    book.pass(31_536_000 / 2);
    // Half a year at 100 % a year: 1/2 + 1/8 + 1/48 and a little less.
    let after = book.health(A);
    assert!(after.requirement > before.requirement + before.requirement * 645 / 1_000);
    assert_eq!(after.equity, before.equity);
    assert!(after.breach && !before.breach);
    assert_eq!(book.market(WETH, USDC, 8_000).total_borrow_assets, 10_000 * DOLLAR);
    let effects = book.does(&repay(A, USDC, DOLLAR));
    let fees = effects.transfers.iter().filter(|t| t.code == TransferCode::Fee);
    let fees: u128 = fees.map(|t| t.amount).sum();
    assert_eq!(book.balance(Holder::Treasury, Unit::supply(USDC)).unsigned_abs(), fees);
    let market = book.market(WETH, USDC, 8_000);
    let interest = market.total_supply_assets - 100_000 * DOLLAR;
    assert!(interest > 6_450 * DOLLAR && interest < 6_459 * DOLLAR, "{interest}");
    // A tenth of the interest is the treasury's.
    let worth = worth_of(&market, fees);
    assert!(worth <= interest / 10 && worth >= interest / 10 - 1, "{worth}");
    book.balanced();
}

/// What supply shares are worth, rounded down.
fn worth_of(market: &Market, shares: u128) -> u128 {
    let floor = breakwater_money::Rounding::Floor;
    let worth = super::super::VIRTUAL.to_assets(U256::from(shares), market.supply(), floor);
    u128::try_from(worth.unwrap()).unwrap()
}

#[test]
fn ordinary_business_touches_nobody_else() {
    let mut book = lent();
    book.import(C, (STETH, ETHER), (USDC, 1_234_567_891));
    book.does(&deposit(A, STETH, ETHER));
    for call in [borrow(A, USDC, 1_000 * DOLLAR + 1), repay(A, USDC, 77), repay(A, USDC, u128::MAX)]
    {
        assert_eq!(book.does(&call).touched, Touched::Nobody);
    }
}

#[test]
fn a_book_of_something_else_is_not_admitted() {
    let mut book = Book::new();
    assert_eq!(book.rulebook.admits(&book.view()), Ok(()));
    book.rows.add(Holder::Issuer, Unit::supply(NOPE), -1);
    let told = book.rulebook.admits(&book.view()).unwrap_err().to_string();
    assert!(told.ends_with("a market with NOPE"), "{told}");

    let mut book = Book::new();
    book.rows.add(Holder::Issuer, Unit::debt(USDC), -1);
    book.rows.add(Holder::Account(A), Unit::debt(USDC), 1);
    let told = book.rulebook.admits(&book.view()).unwrap_err().to_string();
    assert!(told.contains("which is not listed"), "{told}");
    assert_eq!(
        book.rulebook.assess(&book.view(), A).unwrap_err().rejection,
        Rejection::NotLendable
    );

    let mut book = Book::new();
    book.markets[2].guard.decimals = 6;
    let told = book.rulebook.admits(&book.view()).unwrap_err().to_string();
    assert!(told.contains("prices of USDC with 6 decimals"), "{told}");
    book.assets[4].kind = AssetKind::linear_perpetual(USDC);
    book.markets[2].guard.decimals = 8;
    let told = book.rulebook.admits(&book.view()).unwrap_err().to_string();
    assert!(told.contains("perpetual contracts, such as NOPE"), "{told}");
}

#[test]
fn another_file_with_more_markets_leaves_positions_where_they_are() {
    let mut book = Book::new();
    book.import(A, (STETH, ETHER), (USDC, 1_500 * DOLLAR));
    let before = book.health(A);
    let more = format!(
        "{PARAMETERS}[markets.another]\ncollateral = \"STETH\"\nloan = \"USDC\"\nlltv_bps = 9150\n"
    );
    book.rulebook = build(&more, &book.assets).unwrap();
    assert_eq!(book.rulebook.admits(&book.view()), Ok(()));
    assert_eq!(book.health(A), before);
}

#[test]
fn totals_are_the_sums_of_the_markets_now_and_units_of_what_secures() {
    let mut book = Book::new();
    book.import(A, (STETH, ETHER), (USDC, 1_500 * DOLLAR));
    book.import(B, (WETH, 10 * ETHER), (USDC, 5_000 * DOLLAR));
    book.does(&choose(C, number(STETH, WETH, 9_450)));
    book.does(&deposit(C, WETH, 3 * ETHER));
    let totals = |book: &Book, asset| {
        let totals = book.rulebook.totals(&book.view(), asset);
        totals.map(|t| (t.supplied, t.borrowed)).map_err(|refused| refused.rejection)
    };
    assert_eq!(totals(&book, USDC), Ok((6_500 * DOLLAR, 6_500 * DOLLAR)));
    book.pass(1_000);
    // 3.1709791983e-5 and half its square on the 5,000 of one of the two markets, down.
    assert_eq!(book.market(WETH, USDC, 8_000).total_borrow_assets, 5_000 * DOLLAR);
    assert_eq!(totals(&book, USDC), Ok((6_500_158_551, 6_500_158_551)));
    // Lent by one account and put up by another, who holds as many base units as it gave.
    assert_eq!(book.owned(C, Unit::supply(WETH)), 3 * ETHER * 1_000_000);
    assert_eq!(totals(&book, WETH), Ok((13 * ETHER, 0)));
    // Collateral and nothing else; in no use; in no market.
    assert_eq!(totals(&book, STETH), Ok((ETHER, 0)));
    assert_eq!(totals(&book, DAI), Ok((0, 0)));
    assert_eq!(totals(&book, NOPE), Err(Rejection::NotLendable));
    assert_eq!(totals(&book, AssetId(77)), Err(Rejection::UnknownAsset));
}
