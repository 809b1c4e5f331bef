//! Distances, and the margin for one.

use super::*;

fn long(margin: &str) -> MixedBook {
    MixedBook::isolated(r(margin), Position::linear(r("10"), r("600"), steps())).unwrap()
}

#[test]
fn a_distance_is_a_share_of_the_mark() {
    assert_eq!(distance(&r("200"), &r("150")), Some(r("0.25")));
    assert_eq!(distance(&r("200"), &r("250")), Some(r("0.25")));
    assert_eq!(distance(&r("0"), &r("250")), None);
    assert_eq!(distance(&r("-1"), &r("250")), None);
}

#[test]
fn the_margin_for_a_distance_is_solved_on_the_tier_at_that_price() {
    // At 450 the notional is 4,500, in the second tier: 4500 x 0.05 - 40 = 185, and 1,500 are lost.
    let ask = |book: &MixedBook, wanted: &str| {
        margin_for_distance(book, &r("600"), Direction::Falling, &r(wanted), Payment::Quote)
    };
    assert_eq!(ask(&long("1000"), "0.25"), Ok(r("685")));
    assert_eq!(ask(&long("2000"), "0.25"), Ok(r("-315")));
    assert_eq!(ask(&long("1685"), "0.25"), Ok(r("0")));
    let price = r("600");
    for wanted in ["0", "-0.1", "1", "1.5"] {
        assert_eq!(ask(&long("1"), wanted), Err(AskError::Distance { distance: r(wanted) }));
    }
    let wrong_way =
        margin_for_distance(&long("1"), &price, Direction::Rising, &r("0.25"), Payment::Quote);
    assert_eq!(wrong_way, Err(AskError::Unreachable { price: r("750") }));
    let no_coin =
        margin_for_distance(&long("1"), &price, Direction::Falling, &r("0.25"), Payment::Coin(0));
    assert_eq!(no_coin, Err(AskError::NoCoin { coin: 0, coins: 0 }));
    let no_mark =
        margin_for_distance(&long("1"), &r("0"), Direction::Falling, &r("0.25"), Payment::Quote);
    assert_eq!(no_mark, Err(AskError::Mark { mark: r("0") }));
}

#[test]
fn a_coin_that_counts_for_nothing_buys_no_distance() {
    let position = Position::linear(r("10"), r("600"), steps());
    let book = |weight: &str| {
        let coin = Coin { weight: r(weight), ..Coin::whole(r("0")) };
        MixedBook::new(r("1000"), r("0"), vec![coin], vec![position.clone()]).unwrap()
    };
    let ask = |book: &MixedBook| {
        margin_for_distance(book, &r("600"), Direction::Falling, &r("0.25"), Payment::Coin(0))
    };
    assert_eq!(ask(&book("0")), Err(AskError::Unreachable { price: r("450") }));
    // 685 of the quote asset at 450 and weight 0.5.
    assert_eq!(ask(&book("0.5")), Ok(r("685/225")));
}

#[test]
fn a_price_is_shown_at_the_tick_that_is_reached_first() {
    let show = |price: &str, direction| to_tick(&r(price), &r("0.5"), direction);
    assert_eq!(show("5739.08", Direction::Falling), Some(r("5739.5")));
    assert_eq!(show("5739.08", Direction::Rising), Some(r("5739")));
    assert_eq!(show("5739", Direction::Falling), Some(r("5739")));
    assert_eq!(show("5739", Direction::Rising), Some(r("5739")));
    assert_eq!(to_tick(&r("1"), &r("0"), Direction::Rising), None);
    assert_eq!(to_tick(&r("1"), &r("-1"), Direction::Rising), None);
}

#[test]
fn what_stays_invested_is_bounded_by_equity() {
    let after = |equity: &str, invested: &str, requirement: &str| {
        invested_after(&r(equity), &r(invested), &r(requirement))
    };
    assert_eq!(after("700", "1200", "0.6"), Some(r("3500/3")));
    assert_eq!(after("720", "1200", "0.6"), Some(r("1200")));
    assert_eq!(after("721", "1200", "0.6"), Some(r("1200")));
    assert_eq!(after("-1", "1200", "0.6"), Some(r("0")));
    assert_eq!(after("1", "1200", "0"), None);
    assert_eq!(after("1", "1200", "-1"), None);
}

#[test]
fn a_fee_that_eats_everything_leaves_no_margin() {
    let position = |quantity: &str| Position::linear(r(quantity), r("1"), Maintenance::none());
    assert_eq!(margin_after_fee(&r("9"), &r("0.1"), &position("1")), Some(r("10")));
    assert_eq!(margin_after_fee(&r("11"), &r("0.1"), &position("-1")), Some(r("10")));
    assert_eq!(margin_after_fee(&r("1"), &r("1"), &position("1")), None);
    assert_eq!(margin_after_fee(&r("1"), &r("1.5"), &position("1")), None);
}

prop_compose! {
    fn any_book()(
        inverse in any::<bool>(), long in any::<bool>(), size in 1i128..5_000, entry in 500i128..2_000,
        weight in 1i128..=20, margin in -500i128..5_000, coin in -500i128..5_000,
        at_entry in any::<bool>(), fee in 0i128..3, reserved in any::<bool>(),
    ) -> MixedBook {
        let (signed, entry) = (int(if long { size } else { -size }), int(entry));
        let position = if inverse {
            Position::inverse(signed * int(100), entry, steps())
        } else {
            Position::linear(signed, entry, steps())
        };
        let fee = rational::from_raw(fee, 3);
        let basis = if at_entry { Basis::Entry } else { Basis::Mark };
        let position = position.with_basis(basis);
        if reserved {
            let position = position.with_fee(Fee::AtBankruptcy(fee));
            return MixedBook::isolated(rational::from_raw(margin.abs(), 1), position).unwrap();
        }
        let position = position.with_fee(Fee::AtMark(fee));
        let coin = Coin {
            weight: rational::from_raw(weight * 5, 2),
            ..Coin::whole(rational::from_raw(coin, 1))
        };
        MixedBook::new(int(margin * 100), int(3), vec![coin], vec![position]).unwrap()
    }
}

proptest! {
    /// Where there is an answer it moves the price exactly there, and a unit less is too little. (Books
    /// with a reserved fee are isolated here: a coin that hardly counts adds less than the fee on what
    /// it adds at a far bankruptcy price.)
    #[test]
    fn the_margin_asked_for_moves_the_price_there(
        book in any_book(), mark in 500i128..2_000, wanted in 1i128..99, in_coin in any::<bool>(),
    ) {
        let (mark, wanted) = (int(mark), rational::from_raw(wanted, 2));
        let payment = if in_coin { Payment::Coin(0) } else { Payment::Quote };
        for direction in [Direction::Falling, Direction::Rising] {
            let answer = margin_for_distance(&book, &mark, direction, &wanted, payment);
            // A fixed amount lifts the surplus as it is: there is an answer where it falls that way.
            let reserved = matches!(book.positions()[0].fee, Fee::AtBankruptcy(_));
            if payment == Payment::Quote && !reserved {
                let way = int(if direction == Direction::Falling { -1 } else { 1 });
                let price = &mark * (int(1) + &way * &wanted);
                let off = |steps: i128| {
                    book.surplus_at(&(&price + &way * rational::from_raw(steps, 9)))
                };
                prop_assert_eq!(answer.is_ok(), off(1) < off(0) && off(0) < off(-1));
            }
            let margin = match answer {
                Ok(margin) => margin,
                Err(AskError::Unreachable { .. } | AskError::NoCoin { .. }) => continue,
                // Reserved fees are asked about in the settle asset only.
                Err(error) => {
                    let inverse = matches!(book.positions()[0].form, Form::Inverse { .. });
                    prop_assert_eq!(error, AskError::OtherAsset);
                    prop_assert_ne!(inverse, in_coin);
                    return Ok(());
                }
            };
            let paid = match payment {
                Payment::Quote => book.clone().with_quote(&margin),
                Payment::Coin(coin) => book.clone().with_coin(coin, &margin).unwrap(),
            };
            let root = paid.healthy().towards(direction).unwrap();
            prop_assert_eq!(distance(&mark, &root.price), Some(wanted.clone()));
            // A unit less, and the price is nearer.
            let less = &margin - rational::from_raw(1, 6);
            let short = match payment {
                Payment::Quote => book.clone().with_quote(&less),
                Payment::Coin(coin) => book.clone().with_coin(coin, &less).unwrap(),
            };
            prop_assert!(short.surplus_at(&root.price) < int(0));
        }
    }
}

#[test]
fn a_short_against_moving_collateral_is_asked_about_either_way() {
    // A short of 10 beside 12 coins loses as the market falls, one beside 8 as it rises.
    let book = |coins: &str| {
        let position = Position::linear(r("-10"), r("100"), Maintenance::flat(r("0.01"), r("0")));
        let coin = Coin::whole(r(coins));
        MixedBook::new(r("0"), r("0"), vec![coin], vec![position]).unwrap()
    };
    let ask = |coins: &str, direction| {
        margin_for_distance(&book(coins), &r("100"), direction, &r("0.5"), Payment::Quote)
    };
    // 12 x 50 + 10 x 50 = 1,100 against 5; 8 x 150 - 10 x 50 = 700 against 15.
    assert_eq!(ask("12", Direction::Falling), Ok(r("-1095")));
    assert!(ask("12", Direction::Rising).is_err());
    assert_eq!(ask("8", Direction::Rising), Ok(r("-685")));
    assert!(ask("8", Direction::Falling).is_err());
}

#[test]
fn a_reserved_fee_is_asked_about_in_the_settle_asset() {
    let position = Position::inverse(r("1000"), r("100"), Maintenance::flat(r("0.01"), r("0")))
        .with_fee(Fee::AtBankruptcy(r("0.01")));
    let book = MixedBook::isolated(r("1"), position).unwrap();
    let ask =
        |payment| margin_for_distance(&book, &r("100"), Direction::Falling, &r("0.5"), payment);
    assert_eq!(ask(Payment::Quote), Err(AskError::OtherAsset));
    // At 50: 10 coins are lost and 0.2 required; of M coins M - 0.01 (10 + M)/1.01 is left.
    assert_eq!(ask(Payment::Coin(0)), Ok(r("10.2") * r("1.01") + r("0.1") - r("1")));
}
