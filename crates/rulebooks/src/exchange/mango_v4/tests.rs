use super::*;

fn r(text: &str) -> Rational {
    rational::parse(text).unwrap()
}

fn token(balance: &str) -> Token {
    Token {
        balance: r(balance),
        price: r("1"),
        asset_weight: r("0.8"),
        liability_weight: r("1.2"),
        deposits: None,
        borrows: None,
    }
}

fn perpetual(base: &str, quote: &str, bids: &str, asks: &str) -> Perpetual {
    Perpetual {
        settle: 0,
        base_lots: r(base),
        quote: r(quote),
        bid_lots: r(bids),
        ask_lots: r(asks),
        lot_value: r("50"),
        long_weight: r("0.8"),
        short_weight: r("1.2"),
        overall_weight: r("0.95"),
    }
}

fn of(balance: &str, position: Perpetual) -> Rational {
    health(&[token(balance)], &[position]).unwrap()
}

#[test]
fn profit_is_weighted_before_the_token_and_loss_is_not() {
    assert_eq!(of("0", perpetual("-1", "100", "0", "0")), r("30.4"));
    assert_eq!(of("0", perpetual("1", "-100", "0", "0")), r("-72"));
    assert_eq!(of("0", perpetual("10", "100", "0", "0")), r("380"));
    assert_eq!(of("-100", perpetual("1", "100", "0", "0")), r("26.4"));
    // 133 of profit on 133 of debt is exactly nothing.
    assert_eq!(of("-133", perpetual("1", "100", "0", "0")), r("0"));
}

#[test]
fn open_orders_count_in_the_worse_of_two_cases() {
    // Long one lot: bids cost a fifth of their value; asks of two turn it short, and at 120 % a lot
    // short costs 10 where the lot long brought 40 of its 50.
    let at = |bids, asks| perpetual("1", "0", bids, asks).contribution();
    assert_eq!(at("0", "0"), r("38"));
    assert_eq!(at("2", "0"), r("20") * r("0.95"));
    assert_eq!(at("0", "1"), r("38"));
    assert_eq!(at("0", "2"), r("38"));
    assert_eq!(at("0", "3"), r("30") * r("0.95"));
    assert_eq!(at("2", "3"), r("20") * r("0.95"));
    assert_eq!(at("1", "4"), r("20") * r("0.95"));
}

#[test]
fn weights_scale_beyond_their_start_and_not_at_it() {
    let with = |balance: &str, total: &str, start: &str| {
        let scale = Some(Scale { total: r(total), start: r(start) });
        let token = Token { deposits: scale.clone(), borrows: scale, ..token(balance) };
        health(&[token], &[]).unwrap()
    };
    assert_eq!(with("100", "999", "1000"), r("80"));
    assert_eq!(with("100", "1000", "1000"), r("80"));
    assert_eq!(with("100", "1250", "1000"), r("64"));
    assert_eq!(with("-100", "1000", "1000"), r("-120"));
    assert_eq!(with("-100", "1250", "1000"), r("-150"));
    assert_eq!(with("100", "5", "0"), r("80"));
    assert_eq!(with("-100", "5", "0"), r("-120"));
}

#[test]
fn a_position_without_its_settle_token_has_no_health() {
    assert_eq!(health(&[], &[perpetual("1", "0", "0", "0")]), None);
    assert_eq!(health(&[], &[]), Some(r("0")));
}
