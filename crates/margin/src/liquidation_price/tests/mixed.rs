//! Inverse contracts, moving collateral, bases and fees together, judged by sums in the settle assets
//! themselves: no valuing in the other asset, no lines.

use super::*;

/// A position as a person reads it.
#[derive(Debug, Clone)]
struct Plain {
    inverse: bool,
    quantity: Rational,
    entry: Rational,
    at_entry: bool,
    fee: Rational,
}

/// One market: quote and coin balances, and positions under one table each form.
#[derive(Debug, Clone)]
struct Plainly {
    quote_rows: Vec<(u128, u64)>,
    coin_rows: Vec<(u128, u64)>,
    quote: Rational,
    coin: Rational,
    weight: Rational,
    per_price: Rational,
    positions: Vec<Plain>,
}

impl Plainly {
    fn surplus(&self, price: &Rational) -> Rational {
        let (mut quote, mut coins) = (self.quote.clone(), self.coin.clone());
        let (mut quote_required, mut coins_required) = (int(0), int(0));
        for Plain { inverse, quantity, entry, at_entry, fee } in &self.positions {
            let basis = if *at_entry { entry } else { price };
            let size = magnitude(quantity);
            if *inverse {
                coins += quantity / entry - quantity / price;
                coins_required += naive_requirement(&self.coin_rows, &(&size / basis));
                coins_required += size / price * fee;
            } else {
                quote += quantity * (price - entry);
                quote_required += naive_requirement(&self.quote_rows, &(&size * basis));
                quote_required += size * price * fee;
            }
        }
        let coin_price = price * &self.per_price;
        let weight = if coins > int(0) { self.weight.clone() } else { int(1) };
        quote + coins * weight * &coin_price - quote_required - coins_required * coin_price
    }

    fn book(&self) -> MixedBook {
        let of = |rows: &[(u128, u64)]| Maintenance::from_table(&table(rows), 0);
        let positions = self.positions.iter().map(|plain| {
            let (quantity, entry) = (plain.quantity.clone(), plain.entry.clone());
            let position = if plain.inverse {
                Position::inverse(quantity, entry, of(&self.coin_rows))
            } else {
                Position::linear(quantity, entry, of(&self.quote_rows))
            };
            let basis = if plain.at_entry { Basis::Entry } else { Basis::Mark };
            position.with_basis(basis).with_fee(Fee::AtMark(plain.fee.clone()))
        });
        let coin = Coin {
            balance: self.coin.clone(),
            held_maintenance: int(0),
            weight: self.weight.clone(),
            per_price: self.per_price.clone(),
        };
        MixedBook::new(self.quote.clone(), int(0), vec![coin], positions.collect()).unwrap()
    }
}

fn rows_of(steps: &[(u128, u64)]) -> Vec<(u128, u64)> {
    let (mut cap, mut rate_e9) = (0, 0);
    let rows = steps.iter().map(|(width, rise)| {
        (cap, rate_e9) = (cap + width, rate_e9 + rise);
        (cap, rate_e9)
    });
    rows.collect()
}

fn any_plain() -> impl Strategy<Value = Plain> {
    (any::<bool>(), any::<bool>(), 1i128..5_000, 500i128..2_000, any::<bool>(), 0i128..3).prop_map(
        |(inverse, long, size, entry, at_entry, fee)| {
            let signed = if long { size } else { -size };
            // An inverse position is worth about as much as a linear one.
            let quantity = if inverse { int(signed * 100) } else { rational::from_raw(signed, 1) };
            let (entry, fee) = (int(entry), rational::from_raw(fee, 3));
            Plain { inverse, quantity, entry, at_entry, fee }
        },
    )
}

prop_compose! {
    /// Marks lie near 1,000; balances give a few times the position's value at most.
    fn any_plainly(positions: usize)(
        quote_steps in prop::collection::vec((1u128..200_000, 1u64..100_000_000), 1..6),
        coin_steps in prop::collection::vec((1u128..200, 1u64..100_000_000), 1..6),
        quote in -50_000i128..400_000,
        coin in -50i128..400,
        weight in 0i128..=20,
        per_price in 1i128..40,
        positions in prop::collection::vec(any_plain(), positions),
    ) -> Plainly {
        Plainly {
            quote_rows: rows_of(&quote_steps),
            coin_rows: rows_of(&coin_steps),
            quote: int(quote),
            coin: int(coin),
            weight: rational::from_raw(weight * 5, 2),
            per_price: rational::from_raw(per_price * 5, 2),
            positions,
        }
    }
}

fn judge_mixed(plain: &Plainly, mark: &Rational) -> Result<(), TestCaseError> {
    let book = plain.book();
    for price in [mark.clone(), mark / int(7), mark * int(9)] {
        let surplus = plain.surplus(&price);
        prop_assert_eq!(book.surplus_at(&price), surplus.clone());
        prop_assert_eq!(book.equity(&price) - book.maintenance(&price), surplus);
    }
    let healthy = book.healthy();
    if let Healthy::Between { lower, upper } = &healthy {
        for root in lower.iter().chain(upper) {
            prop_assert_eq!(plain.surplus(&root.price), int(0));
        }
    }
    judge(&|price| plain.surplus(price) <= int(0), healthy, mark)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn one_position_with_moving_collateral(plain in any_plainly(1), mark in 500i128..2_000) {
        judge_mixed(&plain, &int(mark))?;
    }

    #[test]
    fn hedged_in_both_forms(plain in any_plainly(2), mark in 500i128..2_000) {
        judge_mixed(&plain, &int(mark))?;
    }

    #[test]
    fn four_positions(plain in any_plainly(4), mark in 500i128..2_000) {
        judge_mixed(&plain, &int(mark))?;
    }

    /// Seen in `x = 1/P`, a long of an inverse contract is a short of a linear one.
    #[test]
    fn an_inverse_contract_is_the_linear_one_of_the_reciprocal_price(
        plain in any_plainly(1), margin in 1i128..400,
    ) {
        let Plain { quantity, entry, .. } = &plain.positions[0];
        let maintenance = Maintenance::from_table(&table(&plain.coin_rows), 0);
        let margin = rational::from_raw(margin, 1);
        let inverse = Position::inverse(quantity.clone(), entry.clone(), maintenance.clone());
        let inverse = MixedBook::isolated(margin.clone(), inverse).unwrap();
        let dual = Opened { leg: Leg { quantity: -quantity, maintenance }, entry: int(1) / entry };
        let dual = LinearBook::cross(margin, vec![dual], &[]);
        let turned = |root: Root| (int(1) / root.price, root.tiers);
        let plainly = |root: Root| (root.price, root.tiers);
        prop_assert_eq!(
            inverse.bankruptcy_price(),
            dual.bankruptcy_price().map(|price| int(1) / price)
        );
        match (inverse.healthy(), dual.healthy()) {
            (Healthy::Between { lower, upper }, Healthy::Between { lower: low, upper: high }) => {
                prop_assert_eq!(lower.map(plainly), high.map(turned));
                prop_assert_eq!(upper.map(plainly), low.map(turned));
            }
            (inverse, dual) => prop_assert_eq!(inverse, dual),
        }
    }

    #[test]
    fn a_split_position_is_the_whole_one(
        plain in any_plainly(1), parts in 1i128..10, margin in 1i128..4_000,
    ) {
        let Plain { inverse, quantity, entry, .. } = &plain.positions[0];
        let maintenance = || Maintenance::flat(r("0.02"), int(0));
        let make = |quantity: Rational| {
            let made = if *inverse { Position::inverse } else { Position::linear };
            made(quantity, entry.clone(), maintenance())
        };
        let book = |positions: Vec<Position>| {
            let (quote, coin) = if *inverse { (0, margin) } else { (margin * 100, 0) };
            MixedBook::new(int(quote), int(0), vec![Coin::whole(int(coin))], positions).unwrap()
        };
        let part = quantity * rational::from_raw(parts, 1);
        let whole = book(vec![make(quantity.clone())]);
        let split = book(vec![make(part.clone()), make(quantity - part)]);
        let prices = |book: &MixedBook| {
            let price = |direction| book.healthy().towards(direction).map(|root| root.price);
            [price(Direction::Falling), price(Direction::Rising), book.bankruptcy_price()]
        };
        prop_assert_eq!(prices(&whole), prices(&split));
    }

    #[test]
    fn more_margin_never_brings_a_liquidation_price_nearer(
        plain in any_plainly(3), more in 1i128..100_000, in_coin in any::<bool>(),
    ) {
        let mut richer = plain.clone();
        if in_coin { richer.coin += rational::from_raw(more, 3) } else { richer.quote += int(more) }
        match (plain.book().healthy(), richer.book().healthy()) {
            (Healthy::Nowhere, _) => {}
            (_, Healthy::Nowhere) => return Err(TestCaseError::fail("richer, and healthy nowhere")),
            (Healthy::Between { lower, upper }, Healthy::Between { lower: low, upper: high }) => {
                // A missing end is at price zero, or at infinity.
                let price = |root: Option<Root>| root.map(|root| root.price);
                let (lower, low) = (price(lower), price(low));
                prop_assert!(low.unwrap_or(int(0)) <= lower.unwrap_or(int(0)));
                if let Some(high) = price(high) {
                    prop_assert!(price(upper).is_some_and(|upper| upper <= high));
                }
            }
        }
    }
}

#[test]
fn an_inverse_root_on_a_cap_belongs_to_the_lower_tier() {
    // 1,000 of quote, caps at 2 and 4 coins: edges at 500 and 250.
    let tiers = || {
        let tier = |cap: &str, rate: &str| RateTier { cap: Some(r(cap)), rate: r(rate) };
        Maintenance::from_tiers(vec![tier("2", "0.1"), tier("4", "0.2")]).unwrap()
    };
    // At 500 the requirement is 0.2 coin, and a long from 1,000 has lost one coin.
    let long = |margin: &str| {
        let book = MixedBook::isolated(r(margin), Position::inverse(r("1000"), r("1000"), tiers()));
        let root = book.unwrap().liquidation_price(&r("1000")).unwrap();
        (root.price.clone(), root.tier())
    };
    assert_eq!(long("1.2"), (r("500"), Some(0)));
    // One unit of margin less or more: still the first tier above, the second below.
    let (above, tier) = long("1.199999");
    assert!(above > r("500") && tier == Some(0));
    let (below, tier) = long("1.200001");
    assert!(below < r("500") && tier == Some(1));
    // Beyond the last cap the last rate goes on, and no tier is named.
    assert_eq!(long("4.8"), (r("200"), None));
}

#[test]
fn collateral_that_falls_with_the_market_is_counted_in() {
    // 0.1 coin at weight 0.9 beside a long of 1: surplus = 0.09 P + 1 (P - 100) + 40 - 0.01 P.
    let coin = Coin { weight: r("0.9"), ..Coin::whole(r("0.1")) };
    let position = Position::linear(r("1"), r("100"), Maintenance::flat(r("0.01"), r("0")));
    let book = MixedBook::new(r("40"), r("0"), vec![coin], vec![position]).unwrap();
    let root = book.liquidation_price(&r("100")).unwrap();
    assert_eq!(root.price, r("60/1.08"));
    // Worth counts it in full, and without a requirement.
    assert_eq!(book.bankruptcy_price(), Some(r("60/1.1")));
    assert_eq!(book.value(&r("100")) - book.equity(&r("100")), r("1"));
}

#[test]
fn owed_coins_count_in_full() {
    let coin = Coin { weight: r("0.5"), ..Coin::whole(r("-1")) };
    let book = MixedBook::new(r("100"), r("0"), vec![coin], vec![]).unwrap();
    let root = book.liquidation_price(&r("50")).unwrap();
    assert_eq!((root.price, root.tiers), (r("100"), vec![]));
}

#[test]
fn numbers_that_make_no_sense_are_named() {
    let position = |entry: &str| Position::linear(r("1"), r(entry), Maintenance::none());
    let book = |coins: Vec<Coin>, positions: Vec<Position>| {
        MixedBook::new(r("0"), r("0"), coins, positions).unwrap_err().to_string()
    };
    let coin = |weight: &str, per_price: &str| Coin {
        weight: r(weight),
        per_price: r(per_price),
        ..Coin::whole(r("1"))
    };
    assert_eq!(
        book(vec![coin("1.01", "1")], vec![]),
        "coins[0].weight is 101/100, expected 0 to 1"
    );
    assert_eq!(book(vec![coin("-1", "1")], vec![]), "coins[0].weight is -1, expected 0 to 1");
    assert_eq!(
        book(vec![coin("1", "1"), coin("1", "0")], vec![]),
        "coins[1].per_price is 0, expected a price above zero"
    );
    assert_eq!(
        book(vec![], vec![position("1"), position("0")]),
        "positions[1].entry is 0, expected a price above zero"
    );
    let inverse = Position::inverse(r("1"), r("1"), Maintenance::none());
    assert_eq!(
        book(vec![], vec![inverse]),
        "positions[0].form.coin is 0, expected the index of a coin of the book"
    );
    assert_eq!(
        book(vec![], vec![position("1").with_fee(Fee::AtMark(r("-0.1")))]),
        "positions[0].fee is -1/10, expected a rate of zero or more"
    );
    let reserved = position("1").with_fee(Fee::AtBankruptcy(r("0.1")));
    assert!(
        book(vec![], vec![reserved, position("1")]).contains("needs the only position"),
        "each would need the other's"
    );
}

#[test]
fn an_end_is_past_only_beyond_it() {
    let position = Position::linear(r("1"), r("100"), Maintenance::none());
    let healthy = MixedBook::isolated(r("10"), position).unwrap().healthy();
    assert!(healthy.strictly_past(&r("89.999")) && !healthy.strictly_past(&r("90")));
    assert!(!healthy.strictly_past(&r("1000000")));
    assert!(Healthy::Nowhere.strictly_past(&r("1")));
    assert_eq!(Healthy::Nowhere.towards(Direction::Falling), None);
}

#[test]
fn what_has_no_value_at_price_zero_says_so() {
    let position = Position::inverse(r("100"), r("50"), Maintenance::flat(r("0.01"), r("0")));
    assert_eq!(position.notional(&r("0")), None);
    assert_eq!(position.profit(&r("0")), None);
    assert_eq!(position.requirement(&r("0")), None);
    assert_eq!(position.requirement(&r("25")), Some(r("0.04")));
    assert_eq!(position.profit(&r("25")), Some(r("-2")));
    assert_eq!(position.with_fee(Fee::AtMark(r("0.01"))).requirement(&r("25")), Some(r("0.08")));
}
