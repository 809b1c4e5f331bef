use super::*;
use proptest::prelude::*;

/// `.15`, `.1`, `.075`, the put's maintenance of its mark, the put's initial at least maintenance.
const COIN: OptionRates = OptionRates {
    range_e9: 150_000_000,
    floor_e9: 100_000_000,
    floor_of_mark: Applies::Nothing,
    maintenance_e9: 75_000_000,
    maintenance_of_mark: Applies::Puts,
    liquidation_fee_e9: 0,
    initial_covers_maintenance: Applies::Puts,
};

const GROWING_FLOOR: OptionRates = OptionRates { floor_of_mark: Applies::Puts, ..COIN };

const WITH_FEE: OptionRates = OptionRates {
    maintenance_e9: 30_000_000,
    maintenance_of_mark: Applies::Both,
    liquidation_fee_e9: 2_000_000,
    ..COIN
};

/// Whole prices, marks and requirements of eight decimals, sizes of three.
const DECIMALS: Decimals = Decimals { price: 0, mark: 8, size: 3, settle: 8 };

fn short(kind: Kind, settled: Settled, underlying: u128, strike: u128, mark: u128) -> ShortOption {
    ShortOption { kind, settled, underlying, strike, mark, size: 1_000 }
}

fn both(rates: &OptionRates, option: &ShortOption) -> (u128, u128) {
    (rates.initial(option, DECIMALS).unwrap(), rates.maintenance(option, DECIMALS).unwrap())
}

#[test]
fn published_examples_hold() {
    use Kind::{Call, Put};
    use Settled::{Coin, Quote};
    let call = short(Call, Coin, 100_000, 110_000, 2_000_000);
    assert_eq!(both(&COIN, &call), (12_000_000, 9_500_000));
    let put = short(Put, Coin, 100_000, 85_000, 1_400_000);
    assert_eq!(both(&COIN, &put), (11_400_000, 8_900_000));
    // Bit.com: ETH put, 2098, 1850, 2.4: 212.2 and 159.75; fifty of them 10,610 and 7,987.5.
    let put = ShortOption { size: 50_000, ..short(Put, Quote, 2_098, 1_850, 240_000_000) };
    assert_eq!(both(&COIN, &put), (1_061_000_000_000, 798_750_000_000));
    // Bybit: 30,000 at 300 needs 3 % and .2 % of the index, and the mark.
    let sold = short(Call, Quote, 30_000, 30_000, 30_000_000_000);
    assert_eq!(both(&WITH_FEE, &sold).1, 126_000_000_000);
    // OKX: the floor of a put is a tenth of one and its mark.
    let put = ShortOption { size: 40, ..short(Put, Coin, 60_000, 70_000, 19_000_000) };
    assert_eq!(GROWING_FLOOR.initial(&put, DECIMALS), Ok(1_360_000));
}

#[test]
fn the_floor_takes_over_at_a_third_of_the_range_out_of_the_money_and_not_a_unit_before() {
    let initial = |strike| both(&COIN, &short(Kind::Call, Settled::Quote, 1_000, strike, 0)).0;
    // .15 less the distance meets .1 at 5 % away.
    assert_eq!(initial(1_049), 10_100_000_000);
    assert_eq!(initial(1_050), 10_000_000_000);
    assert_eq!(initial(1_051), 10_000_000_000);
    assert_eq!((initial(1_000), initial(999)), (15_000_000_000, 15_000_000_000));
}

#[test]
fn a_put_deep_in_the_money_is_held_to_its_maintenance() {
    // Maintenance of the mark wins from a mark above the underlying; then initial follows.
    for (mark, maintenance) in [(1_000, 1_075), (1_001, 1_077), (3_000, 3_225)] {
        let put = short(Kind::Put, Settled::Quote, 1_000, 3_000, mark * 100_000_000);
        let (initial, found) = both(&COIN, &put);
        assert_eq!(found.div_ceil(100_000_000), maintenance);
        assert_eq!(initial, found.max((mark + 150) * 100_000_000));
    }
}

#[test]
fn a_requirement_is_refused_by_name_and_never_wraps() {
    let good = short(Kind::Call, Settled::Coin, 1, 1, 1);
    let none = COIN.initial(&ShortOption { underlying: 0, ..good }, DECIMALS).unwrap_err();
    assert_eq!(none.to_string(), "underlying is 0; a price above zero is right");
    let fine = COIN.maintenance(&good, Decimals { size: 19, ..DECIMALS }).unwrap_err();
    assert_eq!(fine.to_string(), "decimals.size is 19; at most 18 is right");
    let huge = ShortOption { size: u128::MAX, underlying: u128::MAX, ..good };
    assert_eq!(
        COIN.initial(&huge, Decimals { price: 18, mark: 18, size: 18, settle: 18 }),
        Err(OptionMarginError::Money(MoneyError::Overflow))
    );
}

#[test]
fn an_order_to_write_is_covered_by_its_premium() {
    assert_eq!((opening(100, 30, 2), opening(100, 100, 2), opening(100, 101, 2)), (72, 2, 2));
}

#[test]
fn a_fee_is_capped_by_the_price_of_the_option() {
    let decimals = Decimals { price: 0, mark: 0, size: 1, settle: 2 };
    let buy =
        |price| Buy { size: 3, price, index: 42_000, taker_e9: 300_000, fee_cap_e9: 125_000_000 };
    let paid = buy_cost(&buy(3_500), decimals).unwrap();
    assert_eq!((paid.premium, paid.fee, paid.cost), (105_000, 378, 105_378));
    // 12.6 a unit meets an eighth of the price at 100.8.
    assert_eq!(buy_cost(&buy(101), decimals).unwrap().fee, 378);
    assert_eq!(buy_cost(&buy(100), decimals).unwrap().fee, 375);
}

fn settled() -> impl Strategy<Value = Settled> {
    prop_oneof![Just(Settled::Quote), Just(Settled::Coin)]
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Call), Just(Kind::Put)]
}

fn applies() -> impl Strategy<Value = Applies> {
    prop_oneof![Just(Applies::Nothing), Just(Applies::Puts), Just(Applies::Both)]
}

prop_compose! {
    fn rates()(
        range_e9 in 0u64..2_000_000_000, floor_e9 in 0u64..1_000_000_000, floor_of_mark in applies(),
        maintenance_e9 in 0u64..1_000_000_000, maintenance_of_mark in applies(),
        liquidation_fee_e9 in 0u64..100_000_000, initial_covers_maintenance in applies(),
    ) -> OptionRates {
        OptionRates { range_e9, floor_e9, floor_of_mark, maintenance_e9, maintenance_of_mark,
            liquidation_fee_e9, initial_covers_maintenance }
    }
}

proptest! {
    #[test]
    fn the_integers_are_the_exact_rule_rounded_up(
        rates in rates(), kind in kinds(), settled in settled(),
        underlying in 1u128..1 << 60, strike in 0u128..1 << 60, mark in 0u128..1 << 60,
        size in 0u128..1 << 60, price in 0u8..10, mark_decimals in 0u8..10,
        size_decimals in 0u8..10, settle in 0u8..10
    ) {
        let decimals = Decimals { price, mark: mark_decimals, size: size_decimals, settle };
        let option = ShortOption { kind, settled, underlying, strike, mark, size };
        let raw = |raw: u128, decimals| rational::from_raw(raw as i128, decimals);
        let (under, marked) = (raw(underlying, price), raw(mark, mark_decimals));
        let coin = settled == Settled::Coin;
        let unit = Unit {
            kind,
            underlying: under.clone(),
            strike: raw(strike, price),
            mark: if coin { marked * &under } else { marked },
        };
        let per = if coin { under } else { raw(1, 0) };
        let worth = |unit: Rational| {
            rational::to_raw(&(unit * raw(size, size_decimals) / &per), settle, Rounding::Ceil)
                .map_err(OptionMarginError::Money)
        };
        prop_assert_eq!(rates.initial(&option, decimals), worth(rates.initial_exact(&unit)));
        prop_assert_eq!(rates.maintenance(&option, decimals), worth(rates.maintenance_exact(&unit)));
    }

    #[test]
    fn the_cost_of_a_buy_is_the_exact_one_rounded_up(
        size in 0u128..1 << 50, price in 0u128..1 << 50, index in 0u128..1 << 50,
        taker_e9 in 0u64..1_000_000_000, fee_cap_e9 in 0u64..1_000_000_000, fine in 0u8..10
    ) {
        let decimals = Decimals { price: 2, mark: fine, size: 3, settle: 6 };
        let found = buy_cost(&Buy { size, price, index, taker_e9, fee_cap_e9 }, decimals).unwrap();
        let raw = |raw: u128, decimals| rational::from_raw(raw as i128, decimals);
        let exact = buy_cost_exact(&raw(size, 3), &raw(price, fine), &raw(index, 2),
            &rate(taker_e9), &rate(fee_cap_e9));
        let up = |value| rational::to_raw(&value, 6, Rounding::Ceil).unwrap();
        prop_assert_eq!(found.premium, up(exact.premium));
        prop_assert_eq!(found.fee, up(exact.fee));
        prop_assert_eq!(found.cost, found.premium + found.fee);
    }

    #[test]
    fn no_input_panics(
        rates in rates(), kind in kinds(), settled in settled(), underlying: u128, strike: u128,
        mark: u128, size: u128, price: u8, fine: u8, settle: u8
    ) {
        let decimals = Decimals { price, mark: fine, size: fine, settle };
        let option = ShortOption { kind, settled, underlying, strike, mark, size };
        let _ = (rates.initial(&option, decimals), rates.maintenance(&option, decimals));
        let buy = Buy { size, price: mark, index: strike, taker_e9: u64::MAX, fee_cap_e9: u64::MAX };
        let _ = buy_cost(&buy, decimals);
    }
}
