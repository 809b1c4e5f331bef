//! Accounts over several markets.

use super::*;

fn linear(quantity: &str, entry: &str, rate: &str) -> Position {
    Position::linear(r(quantity), r(entry), Maintenance::flat(r(rate), r("0")))
}

fn placed(market: usize, mark: &str, settle: Settle, position: Position) -> Placed {
    Placed { market, mark: r(mark), settle, position }
}

fn token(amount: &str, weight: &str, price: &str, follows: &[usize]) -> Token {
    Token { amount: r(amount), weight: r(weight), price: r(price), follows: follows.to_vec() }
}

fn lower(account: &CrossAccount, market: usize, mark: &str) -> Rational {
    let healthy = account.seen_from(market, &r(mark)).unwrap().healthy();
    healthy.towards(Direction::Falling).unwrap().price
}

#[test]
fn other_markets_stay_at_their_marks() {
    let account = CrossAccount {
        wallet: r("1000"),
        tokens: vec![],
        positions: vec![
            placed(0, "100", Settle::Wallet, linear("10", "110", "0.01")),
            placed(1, "50", Settle::Wallet, linear("-10", "55", "0.02")),
        ],
    };
    // 1000 + 10 (P - 110) + 50 = 0.1 P + 10
    assert_eq!(lower(&account, 0, "100"), r("60/9.9"));
    let same = LinearBook::cross(
        r("1000"),
        vec![opened("10", "110", Maintenance::flat(r("0.01"), r("0")))],
        &[Held {
            position: opened("-10", "55", Maintenance::flat(r("0.02"), r("0"))),
            mark: r("50"),
        }],
    );
    assert_eq!(same.liquidation_price(&r("100")).unwrap().price, r("60/9.9"));
    // A market without a position: nothing moves.
    let elsewhere = account.seen_from(7, &r("1")).unwrap();
    assert_eq!(elsewhere.healthy(), Healthy::Between { lower: None, upper: None });
}

#[test]
fn a_token_follows_its_market_and_counts_at_its_weight() {
    let mut account = CrossAccount {
        wallet: r("0"),
        tokens: vec![token("1", "0.9", "101", &[0]), token("10", "0.5", "2", &[])],
        positions: vec![placed(0, "100", Settle::Wallet, linear("1", "100", "0.01"))],
    };
    // 10 + 0.9 x 1.01 P + P - 100 = 0.01 P
    assert_eq!(lower(&account, 0, "100"), r("90/1.899"));
    assert_eq!(account.moving(0), [0]);
    assert!(account.moving(1).is_empty());
    // Held instead: 10 + 90.9 + P - 100 = 0.01 P has no root above zero.
    account.tokens[0].follows.clear();
    let held = account.seen_from(0, &r("100")).unwrap().healthy();
    assert_eq!(held.towards(Direction::Falling), None);
}

#[test]
fn an_inverse_contract_settles_in_its_token_which_then_moves() {
    let inverse = Position::inverse(r("1000"), r("100"), Maintenance::flat(r("0.01"), r("0")));
    let account = CrossAccount {
        wallet: r("-100"),
        tokens: vec![token("10", "1", "100", &[])],
        positions: vec![placed(0, "100", Settle::Token(0), inverse.clone())],
    };
    // -100 + 10 P + 1000 (P/100 - 1) = 10
    assert_eq!(lower(&account, 0, "100"), r("55.5"));
    // Seen from another market it is 10 coins at their mark, and 0.1 coin required.
    let elsewhere = account.seen_from(1, &r("5")).unwrap();
    assert_eq!(elsewhere.equity(&r("5")), r("900"));
    assert_eq!(elsewhere.maintenance(&r("5")), r("10"));
    // The same kept in coin: 9 + 10 - 1000/P = 10/P.
    let kept_in_coin = CrossAccount {
        wallet: r("9"),
        tokens: vec![],
        positions: vec![placed(0, "100", Settle::CoinWallet, inverse)],
    };
    assert!(kept_in_coin.is_coin_margined() && !account.is_coin_margined());
    assert_eq!(lower(&kept_in_coin, 0, "100"), r("1010/19"));
}

#[test]
fn another_delivery_of_the_coin_is_held_in_coin() {
    let inverse =
        |value: &str| Position::inverse(r(value), r("100"), Maintenance::flat(r("0.01"), r("0")));
    let account = CrossAccount {
        wallet: r("9"),
        tokens: vec![],
        positions: vec![
            placed(0, "100", Settle::CoinWallet, inverse("1000")),
            placed(1, "125", Settle::CoinWallet, inverse("1000")),
        ],
    };
    // The other has earned 10 - 8 coins and needs 0.08: 9 + 2 - 0.08 + 10 - 1000/P = 10/P.
    assert_eq!(lower(&account, 0, "100"), r("1010/20.92"));
}

#[test]
fn accounts_that_make_no_sense_are_named() {
    let account = CrossAccount {
        wallet: r("0"),
        tokens: vec![token("1", "0.9", "100", &[0])],
        positions: vec![
            placed(0, "100", Settle::Wallet, linear("1", "100", "0.01")),
            placed(1, "100", Settle::Wallet, linear("1", "100", "0.01")),
        ],
    };
    let says = |change: &dyn Fn(&mut CrossAccount), message: &str| {
        let mut account = account.clone();
        change(&mut account);
        let told = account.seen_from(0, &r("100")).unwrap_err().to_string();
        assert!(told.contains(message), "'{message}' is not in: {told}");
    };
    says(&|it| it.tokens[0].price = r("0"), "tokens[0].price is 0, expected a price above zero");
    says(&|it| it.tokens[0].weight = r("2"), "tokens[0].weight is 2, expected 0 to 1");
    says(&|it| it.positions[1].mark = r("0"), "positions[1].mark is 0, expected a price above");
    says(&|it| it.positions[1].position.entry = r("-1"), "positions[1].entry is -1, expected");
    says(&|it| it.positions[0].mark = r("99"), "positions[0].mark is 99, expected the mark");
    says(&|it| it.positions[1].settle = Settle::Token(1), "positions[1].settle is 1, expected");
    says(&|it| it.positions[1].settle = Settle::CoinWallet, "tokens[0].amount is 1, expected no");
    let reserved = Fee::AtBankruptcy(r("0.1"));
    says(&|it| it.positions[1].position.fee = reserved.clone(), "positions[1].fee is 1/10");
    says(
        &|it| {
            it.tokens.clear();
            it.positions[1].settle = Settle::CoinWallet;
        },
        "positions[0].settle is a linear contract, expected an inverse contract",
    );
    assert!(account.seen_from(0, &r("0")).unwrap_err().to_string().starts_with("mark is 0"));
    // Two marks for one market that is not asked about.
    says(
        &|it| {
            let mut other = it.positions[1].clone();
            other.mark = r("101");
            it.positions.push(other);
        },
        "positions[2].mark is 101, expected the mark that the market has elsewhere",
    );
}

#[test]
fn what_is_held_in_a_moving_token_moves_with_it() {
    // A token at twice the mark, and a contract of another market that settles in it.
    let inverse = Position::inverse(r("1000"), r("100"), Maintenance::flat(r("0.01"), r("0")));
    let account = CrossAccount {
        wallet: r("-100"),
        tokens: vec![token("1", "0.5", "200", &[0])],
        positions: vec![
            placed(0, "100", Settle::Wallet, linear("1", "100", "0.01")),
            placed(1, "125", Settle::Token(0), inverse),
        ],
    };
    // 1 + 2 coins at 2 P x 0.5 and 0.08 required at 2 P: -200 + P + 3 P - 0.16 P = 0.01 P.
    assert_eq!(lower(&account, 0, "100"), r("200/3.83"));
}

#[test]
fn an_owed_token_counts_in_full_where_it_is_held_too() {
    let account = CrossAccount {
        wallet: r("100"),
        tokens: vec![token("-3", "0.5", "10", &[])],
        positions: vec![placed(0, "100", Settle::Wallet, linear("1", "100", "0"))],
    };
    assert_eq!(lower(&account, 0, "100"), r("30"));
}
