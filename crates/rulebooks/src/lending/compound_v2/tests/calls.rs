//! Liquidations behind the trait: what is proposed is accepted, now and later, and moves what the
//! pure rule says.

use super::super::{Call as PoolCall, Outcome, Rule, exchange_rate, liquidate_borrow};
use super::*;
use crate::lending::rates::TwoSlopes;
use breakwater_liquidation::Fact;
use breakwater_money::Amount;
use proptest::prelude::*;

/// A supplies one ETH at 2,000 and owes 1,700 dollars.
fn pool() -> Pool {
    let mut pool = Pool::new();
    pool.import(A, ETH, ONE_ETH, 0);
    pool.import(A, USD, 0, 1_700 * ONE_USD);
    pool
}

#[test]
fn a_liquidators_call_is_refused_by_class() {
    let mut pool = pool();
    assert!(pool.ask(&seize(USD, ETH, 850 * ONE_USD)).is_ok());
    assert_eq!(pool.refuses(&seize(USD, ETH, 850 * ONE_USD + 1)), Rejection::ExceedsPlan);
    assert_eq!(pool.refuses(&seize(USD, ETH, 0)), Rejection::AmountZero);
    assert_eq!(pool.refuses(&seize(USD, NOPE, 1)), Rejection::NotLendable);
    assert_eq!(pool.refuses(&seize(USD, BTC, 850 * ONE_USD)), Rejection::InsufficientBalance);
    assert_eq!(pool.refuses(&seize(BTC, ETH, 1)), Rejection::ExceedsPlan, "nothing is owed there");
    let with = |shares, liquidator| Call::RepayAndSeize {
        account: A,
        debt: USD,
        collateral: ETH,
        amount: ONE_USD,
        shares,
        liquidator,
    };
    assert_eq!(pool.refuses(&with(false, Some(A))), Rejection::SelfDealing);
    assert_eq!(pool.refuses(&with(true, None)), Rejection::BadParameter);
    pool.marks[BTC.index()] = GuardState::default();
    assert!(pool.ask(&seize(USD, ETH, 1)).is_ok(), "nobody asks for the price of the bitcoin");
    assert_eq!(pool.refuses(&seize(USD, BTC, 1)), Rejection::MarkMissing);
    pool.price(ETH, 250_000_000_000);
    assert_eq!(pool.refuses(&seize(USD, ETH, 1)), Rejection::Healthy);
    assert!(pool.options(A).is_empty());
}

#[test]
fn the_largest_number_asks_for_as_much_as_is_accepted() {
    let mut pool = pool();
    let effects = pool.call(&seize(USD, ETH, u128::MAX)).unwrap();
    let Fact::Seized { repaid, seized, fee, repaid_value, seized_value, capped, .. } =
        effects.facts[0]
    else {
        panic!("{:?}", effects.facts);
    };
    assert_eq!(repaid, Amount::new(USD, 850 * ONE_USD));
    // 850 x 1.08 / 2,000 = 0.459 ETH, 22.95 shares, of which 0.6426 are the protocol's.
    assert_eq!(seized, Amount::new(ETH, 446_148_000_000_000_000));
    assert_eq!(fee, Amount::new(ETH, 12_852_000_000_000_000));
    assert_eq!((repaid_value, seized_value, capped), (85_000_000_000, 91_800_000_000, true));
    assert_eq!(pool.cash(USD), 850_000_000);
    assert_eq!(pool.cash(ETH), 553_852_000_000_000_000);
    assert_eq!(pool.balance(A, Unit::supply(ETH)), 2_705_000_000);
    assert_eq!(pool.column(ETH, column::TOTAL_RESERVES), U256::from(fee.raw));
    pool.balanced();
    assert!(!pool.health(A).breach || pool.health(A).requirement == 85_000_000_000);
}

#[test]
fn a_liquidator_of_the_pool_may_keep_the_shares() {
    let mut pool = pool();
    let call = Call::RepayAndSeize {
        account: A,
        debt: USD,
        collateral: ETH,
        amount: 850 * ONE_USD,
        shares: true,
        liquidator: Some(B),
    };
    pool.call(&call).unwrap();
    // 22.95 shares less 0.6426.
    assert_eq!(pool.balance(B, Unit::supply(ETH)), 2_230_740_000);
    assert_eq!(pool.cash(ETH), 1_000_000_000_000_000_000);
    // They do not enter the market by themselves, so that they secure nothing yet.
    assert_eq!(pool.health(B).equity, 0);
    pool.balanced();
}

#[test]
fn options_are_seen_from_the_caller_and_the_best_comes_first() {
    let mut pool = pool();
    pool.import(A, BTC, ONE_BTC / 1_000, 0);
    pool.price(ETH, 190_000_000_000);
    let options = pool.options(A);
    assert_eq!(options.len(), 2);
    let first = &options[0];
    assert_eq!(first.call, seize(USD, ETH, 850 * ONE_USD));
    assert_eq!(
        (first.repaid, first.repaid_value),
        (Amount::new(USD, 850 * ONE_USD), 85_000_000_000)
    );
    // 850 x 1.08 x 0.972 of value, the protocol's part not in it.
    assert!(first.seized_value.abs_diff(89_229_600_000) < 100, "{}", first.seized_value);
    assert!(!first.toxic);
    // A thousandth of a bitcoin, 30 dollars, pays for 27.7: all its shares and no more.
    assert_eq!(options[1].seized.asset, BTC);
    let Call::RepayAndSeize { amount, .. } = options[1].call else { panic!() };
    assert!(pool.ask(&seize(USD, BTC, amount)).is_ok());
    assert_eq!(pool.refuses(&seize(USD, BTC, amount + 1)), Rejection::InsufficientBalance);
}

#[test]
fn health_below_the_factor_times_the_incentive_makes_a_call_toxic() {
    let mut pool = pool();
    // 1,600 x p / 2,000 over 1,700 is 0.864 at a price of 1,836.
    pool.price(ETH, 183_600_000_000);
    assert!(!pool.options(A)[0].toxic);
    pool.price(ETH, 183_500_000_000);
    assert!(pool.options(A)[0].toxic);
    let before = pool.health(A).ratio;
    let call = pool.options(A)[0].call.clone();
    pool.call(&call).unwrap();
    assert!(pool.health(A).ratio < before);
}

#[test]
fn where_cash_is_short_the_option_is_cut_to_it() {
    let mut pool = pool();
    pool.deposit(B, USD, 10_000 * ONE_USD);
    pool.borrow(B, ETH, ONE_ETH - 1_000_000_000_000_000);
    let options = pool.options(A);
    assert_eq!(options.len(), 1);
    let Call::RepayAndSeize { amount, .. } = options[0].call else { panic!() };
    // A thousandth of an ETH is left: two dollars, which 1.9 repaid buy.
    assert!(amount > 1_900_000 && amount < 1_910_000, "{amount}");
    let short = seize(USD, ETH, amount + 1_000);
    assert_eq!(pool.refuses(&short), Rejection::InsufficientLiquidity);
    let kept = Call::RepayAndSeize {
        account: A,
        debt: USD,
        collateral: ETH,
        amount: 850 * ONE_USD,
        shares: true,
        liquidator: Some(B),
    };
    assert!(pool.ask(&kept).is_ok(), "shares need no cash");
}

#[test]
fn bad_debt_stays_owed() {
    let mut pool = pool();
    pool.price(ETH, 100_000_000_000);
    let mut calls = 0;
    while let Some(option) = pool.options(A).first() {
        let call = option.call.clone();
        let effects = pool.call(&call).unwrap();
        assert!(effects.facts.iter().all(|fact| matches!(fact, Fact::Seized { .. })));
        calls += 1;
        assert!(calls < 100);
    }
    assert!(pool.balance(A, Unit::debt(USD)) > 700_000_000);
    assert!(pool.health(A).breach && pool.options(A).is_empty());
}

/// Two markets named by a call and one that is not, indices moved and interest due in all.
fn scene(blocks: u64) -> ([Market; 3], [Position; 3]) {
    let model = TwoSlopes {
        base: U256::from(10_000_000_000u64),
        slope_low: U256::from(100_000_000_000u64),
        kink: U256::from(800_000_000_000_000_000u64),
        slope_high: U256::from(2_000_000_000_000u64),
    };
    let at = |price: u128, scale: u32, factor: u128, cash: u128, rate: u128, blocks: u64| {
        let supply = cash * 2 * 10u128.pow(18) / rate;
        Market {
            price: U256::from(price) * U256::from(10u8).pow(U256::from(scale)),
            collateral_factor: Wad::new(factor * 100_000_000_000_000),
            reserve_factor: Wad::new(0),
            borrow_paused: false,
            listed: true,
            initial_exchange_rate: U256::from(rate),
            cash: U256::from(cash),
            total_borrows: U256::from(cash),
            total_reserves: U256::from(cash / 100),
            total_supply: U256::from(supply),
            borrow_index: Wad::new(1_123_456_789_012_345_678),
            blocks: U256::from(blocks),
            rates: model,
        }
    };
    let rate = |decimals: u32| 2 * 10u128.pow(decimals + 8);
    let markets = [
        at(2_000, 18, 8_000, 50 * ONE_ETH, rate(18), blocks),
        at(30_000, 28, 7_000, 3 * ONE_BTC, rate(8), blocks * 2),
        at(1, 30, 8_500, 90_000 * ONE_USD, rate(6), blocks * 3),
    ];
    let position = |shares: u128, principal: u128| Position {
        entered: true,
        shares: U256::from(shares),
        principal: U256::from(principal),
        interest_index: Wad::new(if principal > 0 { 1_100_000_000_000_000_001 } else { 0 }),
        own_factor: None,
    };
    // One ETH and 0.2 bitcoin against 3,500 dollars and 0.1 bitcoin.
    let positions = [
        position(5_000_000_000, 0),
        position(1_000_000_000, 10_000_000),
        position(0, 3_500_000_000),
    ];
    (markets, positions)
}

/// Holds what the pool made of a call against the pure rule's outcome.
fn agree(pool: &Pool, outcome: &Outcome, redeemed: [u128; 3], call: &PoolCall) {
    for (place, asset) in [ETH, BTC, USD].into_iter().enumerate() {
        let (market, position) = (outcome.markets_after[place], outcome.positions_after[place]);
        let paid = U256::from(redeemed[place]);
        let number = |value: i128| U256::from(value.unsigned_abs());
        assert_eq!(number(pool.cash(asset)), market.cash - paid, "cash of {asset}");
        assert_eq!(pool.column(asset, column::TOTAL_BORROWS), market.total_borrows);
        assert_eq!(pool.column(asset, column::TOTAL_RESERVES), market.total_reserves);
        assert_eq!(pool.column(asset, column::BORROW_INDEX), market.borrow_index.raw);
        let issued = pool.rows.balance(Holder::Issuer, Unit::supply(asset));
        let burnt = if place == call.collateral { outcome.to_liquidator } else { U256::ZERO };
        assert_eq!(number(issued), market.total_supply - burnt, "shares of {asset}");
        assert_eq!(number(pool.balance(A, Unit::supply(asset))), position.shares);
        assert_eq!(number(pool.balance(A, Unit::debt(asset))), position.principal);
        let index = pool.state.get(column::interest_index(A, asset));
        if !position.principal.is_zero() {
            assert_eq!(index, position.interest_index.raw);
        }
        let block = U256::from(pool.now.seconds_since(Time(0)) / 12);
        assert_eq!(pool.column(asset, column::ACCRUED_AT), block - market.blocks);
    }
}

#[test]
fn the_trait_moves_what_the_pure_rule_says() {
    let assets = [ETH, BTC, USD];
    for (blocks, borrowed, collateral, amount) in [
        (0, 2, 0, 1_000_000_000u128),
        (1, 2, 0, 777_777_777),
        (5_000, 2, 1, 123_456_789),
        (5_000, 1, 0, 1_234_567),
        (5_000, 1, 1, 3_000_001),
    ] {
        let (markets, positions) = scene(blocks);
        let mut pool = Pool::with(&file(RATES, ""));
        for ((asset, market), position) in assets.into_iter().zip(&markets).zip(&positions) {
            pool.put(asset, market, position);
        }
        let call =
            PoolCall { borrowed, collateral, repay: U256::from(amount), self_liquidation: false };
        let outcome = liquidate_borrow(&Rule::deployed(), &markets, &positions, &call).unwrap();
        let after = outcome.markets_after[collateral];
        let worth = outcome.to_liquidator * exchange_rate(&after).unwrap() / Wad::one().raw;
        let mut redeemed = [0; 3];
        redeemed[collateral] = u128::try_from(worth).unwrap();
        pool.call(&seize(assets[borrowed], assets[collateral], amount)).unwrap();
        agree(&pool, &outcome, redeemed, &call);
        // What the rule refuses, the trait refuses.
        let (markets, positions) = (&outcome.markets_after, &outcome.positions_after);
        let too_much = PoolCall { repay: U256::from(u64::MAX), ..call };
        assert!(liquidate_borrow(&Rule::deployed(), markets, positions, &too_much).is_err());
        assert!(pool.ask(&seize(assets[borrowed], assets[collateral], u64::MAX.into())).is_err());
    }
}

fn any_amount() -> impl Strategy<Value = u128> {
    prop_oneof![
        3 => Just(0u128),
        1 => Just(1u128),
        1 => 1u128..1_000,
        2 => 1u128..100_000_000,
        4 => 100_000_000u128..100_000_000_000_000,
    ]
}

fn any_price() -> impl Strategy<Value = u128> {
    prop_oneof![1u128..100, 10_000u128..1_000_000_000, 1_000_000_000u128..5_000_000_000_000]
}

#[derive(Debug, Clone)]
struct Book {
    collateral: [u128; 3],
    debt: [u128; 3],
    lent: [u128; 3],
    prices: [u128; 3],
    later: [u128; 3],
    seconds: u64,
    interest: bool,
}

fn any_book() -> impl Strategy<Value = Book> {
    let amounts = || prop::array::uniform3(any_amount());
    let prices = || prop::array::uniform3(any_price());
    let time = prop_oneof![Just(0u64), 0u64..1_000, 0u64..40_000_000];
    (amounts(), amounts(), amounts(), prices(), prices(), time, any::<bool>()).prop_map(
        |(collateral, debt, lent, prices, later, seconds, interest)| Book {
            collateral,
            debt,
            lent,
            prices,
            later,
            seconds,
            interest,
        },
    )
}

impl Book {
    fn build(&self) -> Pool {
        let rates = if self.interest { RATES } else { "" };
        let mut pool = Pool::with(&file(rates, ""));
        for (place, asset) in [ETH, BTC, USD].into_iter().enumerate() {
            pool.price(asset, self.prices[place]);
            if self.lent[place] > 0 {
                pool.import(L, asset, self.lent[place], 0);
            }
            if self.collateral[place] > 0 {
                pool.import(A, asset, self.collateral[place], 0);
            }
            if self.debt[place] > 0 {
                pool.import(A, asset, 0, self.debt[place]);
            }
        }
        pool.pass(self.seconds);
        for (place, asset) in [ETH, BTC, USD].into_iter().enumerate() {
            pool.price(asset, self.later[place]);
        }
        pool
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn every_option_is_accepted_now_and_a_minute_later(book in any_book()) {
        let mut pool = book.build();
        let options = pool.options(A);
        let before = pool.health(A);
        prop_assert!(before.breach || options.is_empty());
        for option in &options {
            for seconds in [0, 1, 12, 35, 60] {
                let later = pool.now.after(seconds * 1_000_000_000);
                let told =
                    pool.look(|view| pool.rulebook.execute(&view.at(later), &option.call));
                prop_assert!(told.is_ok(), "{seconds} s: {told:?}");
            }
            // The venue's terms: no more than the incentive, the rounding of both values aside.
            let most = option.repaid_value * 108 / 100 + 2;
            prop_assert!(option.seized_value <= most + option.repaid_value / 1_000);
            prop_assert!(option.seized.raw > 0 && option.repaid.raw > 0);
        }
        if let Some(option) = options.first() {
            pool.call(&option.call).unwrap();
            pool.balanced();
            // With interest due elsewhere, accrual of the named markets is part of the call.
            if !(option.toxic || book.interest) {
                prop_assert!(pool.health(A).ratio >= before.ratio);
            }
        }
    }
}

/// The generator is only worth something while it finds accounts in breach with something to take.
#[test]
fn the_generator_finds_options_in_a_third_of_its_books() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut found, mut toxic, mut lasting) = (0, 0, 0);
    for _ in 0..300 {
        let book = any_book().new_tree(&mut runner).unwrap().current();
        let options = book.build().options(A);
        found += usize::from(!options.is_empty());
        toxic += usize::from(options.iter().any(|option| option.toxic));
        lasting += usize::from(!options.is_empty() && book.interest && book.seconds > 0);
    }
    assert!(found >= 100 && toxic >= 20 && lasting >= 30, "{found} {toxic} {lasting}");
}
