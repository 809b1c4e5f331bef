//! Integers against exact fractions, and the order beyond what they hold.

use super::exact::{by_effective_leverage, by_margin_ratio, leveraged_return, margin_ratio};
use super::*;
use breakwater_money::{Rational, rational};
use proptest::prelude::*;

fn r(value: i128) -> Rational {
    rational::from_raw(value, 0)
}

/// The fraction as a score: at 1e18, towards zero.
fn as_score(exact: &Rational) -> i128 {
    let negative = *exact < r(0);
    let size = if negative { -exact } else { exact.clone() };
    let raw = rational::to_raw(&size, 18, Rounding::Floor).unwrap();
    let raw = i128::try_from(raw).unwrap();
    if negative { -raw } else { raw }
}

#[test]
fn published_numbers_are_reproduced() {
    // BitMEX's ranking formula: a long with a profit of a tenth and leverage of 22/3.
    let long = Standing {
        mark_value: 11_000,
        bankrupt_value: 9_500,
        entry_value: 10_000,
        ..Standing::default()
    };
    assert_eq!(Ranking::EffectiveLeverage.score(&long), 733_333_333_333_333_333);
    // Binance's published arithmetic: 40.2 over 4.27, times 13.42 %, is 1.26.
    let published = by_margin_ratio(
        &rational::parse("4.27").unwrap(),
        &rational::parse("40.2").unwrap(),
        &rational::parse("0.1342").unwrap(),
    );
    assert_eq!(rational::format(&published.profit_share, 2), "9.41…");
    assert_eq!(rational::format(&published.score, 2), "1.26…");
    // A wallet of 0.4 counts as one: 3 over 1, times 0.5 over 3.4.
    let small = Standing {
        wallet: 400_000,
        unrealised: 3_000_000,
        maintenance: 500_000,
        unit: 1_000_000,
        ..Standing::default()
    };
    assert_eq!(Ranking::MarginRatio.score(&small), 441_176_470_588_235_294);
    // Hyperliquid: 1.1 times 1,100 over 200.
    let moved = Standing {
        mark_value: 1_100,
        entry_value: 1_000,
        account_value: 200,
        ..Standing::default()
    };
    assert_eq!(Ranking::PriceMove.score(&moved), 6_050_000_000_000_000_000);
}

#[test]
fn a_short_in_profit_ranks_above_one_without() {
    let short = |mark: i128| Standing {
        mark_value: -mark,
        entry_value: -1_000,
        bankrupt_value: -1_500,
        account_value: 500,
        ..Standing::default()
    };
    for ranking in [Ranking::EffectiveLeverage, Ranking::PriceMove] {
        assert!(ranking.score(&short(900)) > 0);
        assert!(ranking.score(&short(900)) >= ranking.score(&short(1_100)), "{ranking:?}");
    }
    assert_eq!(Ranking::EffectiveLeverage.score(&short(1_000)), 0);
    assert!(Ranking::EffectiveLeverage.score(&short(1_001)) < 0);
}

#[test]
fn nothing_to_divide_by_ranks_first_and_nothing_to_gain_last() {
    let at_bankruptcy = Standing {
        mark_value: 1_100,
        entry_value: 1_000,
        bankrupt_value: 1_100,
        unrealised: 100,
        ..Standing::default()
    };
    let score = |ranking: Ranking, of: &Standing| ranking.score(of);
    assert_eq!(score(Ranking::EffectiveLeverage, &at_bankruptcy), i128::MAX);
    assert_eq!(score(Ranking::LeveragedReturn, &at_bankruptcy), i128::MAX);
    assert_eq!(score(Ranking::PriceMove, &at_bankruptcy), i128::MAX);
    // No equity: no ratio. One unit of equity: some.
    let broke = Standing { wallet: -100, unrealised: 100, maintenance: 5, ..at_bankruptcy };
    assert_eq!(score(Ranking::MarginRatio, &broke), 0);
    assert!(score(Ranking::MarginRatio, &Standing { wallet: -99, ..broke }) > 0);
    let extreme = Standing {
        mark_value: i128::MIN,
        entry_value: i128::MAX,
        bankrupt_value: i128::MIN,
        wallet: i128::MIN,
        unrealised: i128::MIN,
        maintenance: u128::MAX,
        margin: 1,
        account_value: i128::MIN,
        unit: u128::MAX,
    };
    for ranking in [
        Ranking::EffectiveLeverage,
        Ranking::MarginRatio,
        Ranking::LeveragedReturn,
        Ranking::PriceMove,
    ] {
        assert_eq!(ranking.score(&Standing::default()), 0);
        assert!(ranking.score(&extreme) >= -i128::MAX);
    }
}

proptest! {
    #[test]
    fn scores_are_the_exact_fractions(
        mark in 1i128..1_000_000, entry in 1i128..1_000_000, room in 1i128..1_000_000,
        short in any::<bool>(), wallet in -1_000i128..1_000_000, gain in -1_000i128..1_000_000,
        maintenance in 0u32..1_000_000, margin in 1u32..1_000_000
    ) {
        let s = if short { -1 } else { 1 };
        let of = Standing {
            mark_value: s * mark,
            entry_value: s * entry,
            bankrupt_value: s * mark - room,
            wallet,
            unrealised: gain,
            maintenance: u128::from(maintenance),
            margin: u128::from(margin),
            account_value: room,
            unit: 1,
        };
        let exact = by_effective_leverage(
            &r(of.mark_value), &r(of.bankrupt_value), &r(of.entry_value)
        ).unwrap();
        prop_assert_eq!(Ranking::EffectiveLeverage.score(&of), as_score(&exact.ranking));
        let ratio = margin_ratio(&r(wallet), &r(gain), &r(i128::from(maintenance)));
        let exact = by_margin_ratio(&r(wallet), &r(gain), &ratio);
        prop_assert_eq!(Ranking::MarginRatio.score(&of), as_score(&exact.score));
        let exact = leveraged_return(&r(gain), &r(i128::from(margin))).unwrap();
        prop_assert_eq!(Ranking::LeveragedReturn.score(&of), as_score(&exact));
        if !short {
            let exact = exact::by_price_move(&r(mark), &r(entry), &r(mark), &r(room)).unwrap();
            prop_assert_eq!(Ranking::PriceMove.score(&of), as_score(&exact));
        }
    }

    #[test]
    fn saturation_never_turns_an_order_around(
        gains in prop::collection::vec(any::<i128>(), 2..6), margin in any::<u128>()
    ) {
        let of = |unrealised| Standing { unrealised, margin, ..Standing::default() };
        for pair in gains.windows(2) {
            let (low, high) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
            let score = |gain| Ranking::LeveragedReturn.score(&of(gain));
            prop_assert!(score(low) <= score(high));
        }
    }
}
