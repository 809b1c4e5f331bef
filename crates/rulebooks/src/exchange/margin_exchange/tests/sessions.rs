//! Funding, interest, the end of a session, delivery.

use super::wide::*;
use super::*;
use breakwater_liquidation::{Fact, StateKey};
use breakwater_money::U256;

const E12: i64 = 1_000_000_000_000;

fn fund(contract: AssetId, rate_e12: i64) -> Call {
    Call::Fund { contract, rate_e12 }
}

fn settle(contract: AssetId) -> Call {
    Call::Settle { contract }
}

fn deliver(contract: AssetId, price: Price) -> Call {
    Call::Deliver { contract, price }
}

fn fund_of(pool: &Pool, asset: AssetId) -> i128 {
    pool.rows.balance(Holder::Insurance, Unit::token(asset))
}

fn outside(pool: &Pool, asset: AssetId) -> i128 {
    pool.rows.balance(Holder::External, Unit::token(asset))
}

fn rich() -> Pool {
    let mut pool = wide();
    for account in [A, B, C, D] {
        pool.give(account, wide::USDT, 1_000_000 * ONE);
        pool.give(account, wide::BTC, 100 * one(wide::BTC));
        pool.give(account, wide::ETH, 1_000 * one(wide::ETH));
    }
    pool
}

fn paid_of(effects: &Effects) -> u128 {
    let [Fact::Charged { paid, .. }] = effects.facts[..] else { panic!("{effects:?}") };
    paid.raw
}

#[test]
fn whoever_pays_funding_pays_a_unit_up_and_whoever_gets_it_a_unit_down() {
    let mut pool = rich();
    // 7, 4 and 1 thousandth of BTC; the outside is short three of them.
    pool.mark(BTCUSDT, 333_333);
    pool.call(&Call::Trade {
        buyer: Some(A),
        seller: Some(B),
        contract: BTCUSDT,
        quantity: 4,
        price: pool.price(BTCUSDT),
    })
    .unwrap();
    pool.take(A, BTCUSDT, 3);
    let before = (pool.cash(A), pool.cash(B), outside(&pool, wide::USDT));
    // Values: 233.3331, 133.3332 and 99.9999 USDT, whole units. A rate of one in 1e9.
    let effects = pool.call(&fund(BTCUSDT, E12 / 1_000_000_000)).unwrap();
    assert_eq!(pool.cash(A), before.0 - 1);
    assert_eq!((pool.cash(B), outside(&pool, wide::USDT)), (before.1, before.2));
    assert_eq!((fund_of(&pool, wide::USDT), paid_of(&effects)), (1, 1));
    // One in ten thousand: 23,333.31 up, 13,333.32 and 9,999.99 down; two units of dust.
    let effects = pool.call(&fund(BTCUSDT, E12 / 10_000)).unwrap();
    assert_eq!(pool.cash(A), before.0 - 1 - 23_334);
    assert_eq!(pool.cash(B), before.1 + 13_333);
    assert_eq!(outside(&pool, wide::USDT), before.2 + 9_999);
    assert_eq!((fund_of(&pool, wide::USDT), paid_of(&effects)), (1 + 2, 23_334));
    // Below zero shorts pay, the outside one of them; accounts paid 13,334 of it.
    let effects = pool.call(&fund(BTCUSDT, -E12 / 10_000)).unwrap();
    assert_eq!(pool.cash(A), before.0 - 1 - 23_334 + 23_333);
    assert_eq!(pool.cash(B), before.1 + 13_333 - 13_334);
    assert_eq!(outside(&pool, wide::USDT), before.2 + 9_999 - 10_000);
    assert_eq!((fund_of(&pool, wide::USDT), paid_of(&effects)), (3 + 1, 13_334));
    pool.sound();
}

#[test]
fn funding_of_an_inverse_contract_is_a_share_of_its_coin() {
    let mut pool = rich();
    pool.mark(BTCUSD, 500_000);
    pool.take(A, BTCUSD, 500);
    pool.take(B, BTCUSD, -250);
    pool.call(&fund(BTCUSD, E12 / 1_000)).unwrap();
    // One coin and half of it; the longs pay.
    assert_eq!(pool.own(A, wide::BTC), 100 * 100_000_000 - 100_000);
    assert_eq!(pool.own(B, wide::BTC), 100 * 100_000_000 + 50_000);
    assert_eq!(fund_of(&pool, wide::BTC), 0);
    pool.sound();
    // Nobody holds this one.
    let effects = pool.call(&fund(ETHUSD, E12)).unwrap();
    assert_eq!((effects.transfers.len(), paid_of(&effects)), (0, 0));
}

#[test]
fn only_a_perpetual_is_funded_and_at_a_rate_within_its_limit() {
    let limited =
        WIDE.replacen("[contracts.ETHUSDT]", "[contracts.ETHUSDT]\nfunding_max = \"0.0075\"", 1);
    let mut pool = Pool::of(&limited, wide_assets(), &MARKETS);
    for (rate, taken) in [
        (0, false),
        (7_500_000_000, true),
        (-7_500_000_000, true),
        (7_500_000_001, false),
        (-7_500_000_001, false),
        (i64::MAX, false),
        (i64::MIN, false),
    ] {
        match pool.call(&fund(ETHUSDT, rate)) {
            Ok(_) => assert!(taken, "{rate}"),
            Err(error) => {
                assert!(!taken && error.rejection == Rejection::BadParameter, "{rate}");
                assert!(error.detail.contains(&format!("rate_e12 {rate}")), "{error}");
            }
        }
    }
    for contract in [DATED, CALL, PUT] {
        let refused = pool.call(&fund(contract, 1)).unwrap_err();
        assert_eq!(refused.rejection, Rejection::BadParameter);
        assert!(refused.detail.contains("is no perpetual"), "{refused}");
    }
    assert_eq!(pool.refused(&fund(wide::BTC, 1)), Rejection::BadParameter);
    assert_eq!(pool.refused(&fund(AssetId(99), 1)), Rejection::UnknownAsset);
    // Without a stated limit any rate that fits is one.
    pool.call(&fund(BTCUSDT, i64::MAX)).unwrap();
    assert_eq!(pool.refused(&fund(BTCUSDT, i64::MIN)), Rejection::BadParameter);
    pool.marks[3] = GuardState::default();
    assert_eq!(pool.refused(&fund(BTCUSDT, 1)), Rejection::MarkMissing);
}

#[test]
fn whoever_owes_an_asset_pays_interest_to_the_venue_up_to_the_unit() {
    let mut pool = rich();
    for (account, owed) in [(A, 1_000_001), (B, 1), (C, -5)] {
        let unit = Unit::token(wide::BTC);
        let change = -owed - pool.own(account, wide::BTC);
        pool.rows.add(Holder::Account(account), unit, change);
        pool.rows.add(Holder::External, unit, -change);
    }
    let charge = |asset, rate_e12| Call::Charge { asset, rate_e12 };
    let effects = pool.call(&charge(wide::BTC, 10_000_000)).unwrap();
    // Ten of 1,000,001 units and a part; one of one unit; nothing from whoever holds.
    assert_eq!(pool.own(A, wide::BTC), -1_000_001 - 11);
    assert_eq!((pool.own(B, wide::BTC), pool.own(C, wide::BTC)), (-2, 5));
    assert_eq!(pool.rows.balance(Holder::Treasury, Unit::token(wide::BTC)), 12);
    assert_eq!(paid_of(&effects), 12);
    for (rate, told) in [(0, "rate_e12 0"), (E12.unsigned_abs() + 1, "rate_e12 1000000000001")] {
        let refused = pool.call(&charge(wide::BTC, rate)).unwrap_err();
        assert_eq!(refused.rejection, Rejection::BadParameter);
        assert!(refused.detail.starts_with(told) && refused.detail.contains("1 to"), "{refused}");
    }
    pool.call(&charge(wide::BTC, E12.unsigned_abs())).unwrap();
    assert_eq!(pool.refused(&charge(wide::BTC, u64::MAX)), Rejection::BadParameter);
    assert_eq!(pool.refused(&charge(BTCUSDT, 1)), Rejection::NotCollateral);
    assert_eq!(pool.refused(&charge(AssetId(99), 1)), Rejection::UnknownAsset);
    pool.sound();
}

#[test]
fn a_session_makes_profit_cash_and_changes_nobodys_equity() {
    for contract in CONTRACTS {
        let mut pool = rich();
        let first = MARKETS[contract.index()].2;
        pool.take(A, contract, 37);
        pool.take(B, contract, -23);
        pool.take(C, contract, 1);
        for percent in [117, 83, 100] {
            pool.mark(contract, first * percent / 100 + 1);
            let before = [A, B, C, D].map(|account| pool.health(account));
            let effects = pool.call(&settle(contract)).unwrap();
            assert_eq!(
                [A, B, C, D].map(|account| pool.health(account).equity),
                before.map(|h| h.equity)
            );
            for account in [A, B, C] {
                // Everything on the quote side is the value at the mark, as if entered there.
                let size = pool.own(account, contract);
                let (scale, mark) = (pool.scale(contract), pool.price(contract));
                let decimals = pool.assets[contract.index()].decimals;
                let settled = pool.assets[pool.settle_of(contract).index()].decimals;
                let value = pool.terms(contract).position_value(size, decimals, mark, settled);
                assert_eq!(pool.side(account, contract), -value.unwrap(), "{contract} {scale}");
            }
            let price = pool.price(contract);
            assert_eq!(effects.facts, [Fact::Settled { contract, price, delivered: false }]);
            pool.sound();
            // Again at the same mark there is nothing to move.
            assert_eq!(pool.call(&settle(contract)).unwrap().transfers, []);
        }
    }
    let mut pool = rich();
    assert_eq!(pool.refused(&settle(wide::BTC)), Rejection::BadParameter);
    pool.marks[3] = GuardState::default();
    assert_eq!(pool.refused(&settle(BTCUSDT)), Rejection::MarkMissing);
}

/// Holds `size` of the contract from the first mark, is delivered at `price`; what its cash in the
/// settle asset has become more.
fn delivered_to(contract: AssetId, size: i128, price: Price) -> i128 {
    let mut pool = rich();
    let settled = pool.settle_of(contract);
    let before = pool.own(A, settled);
    pool.take(A, contract, size);
    let (taken, dust) = (pool.own(A, settled), fund_of(&pool, settled));
    assert_eq!(taken, before);
    pool.now = END;
    pool.call(&deliver(contract, price)).unwrap();
    assert_eq!((pool.own(A, contract), pool.side(A, contract)), (0, 0));
    assert!(pool.sides(contract).iter().all(|(column, _)| *column == 0));
    assert!((0..=1).contains(&(fund_of(&pool, settled) - dust)));
    pool.sound();
    pool.own(A, settled) - before
}

#[test]
fn a_future_and_an_option_are_delivered_at_their_value() {
    // 505 contracts of 100 USD from 50,500.0: one coin. At 25,250.0 a long owes two, at 101,000 half.
    let dated = |raw| Price::new(raw, 1);
    assert_eq!(delivered_to(DATED, 505, dated(252_500)), -100_000_000);
    assert_eq!(delivered_to(DATED, 505, dated(1_010_000)), 50_000_000);
    assert_eq!(delivered_to(DATED, -505, dated(252_500)), 100_000_000);
    // What does not divide: 50,500 / 33,333.3 is 1.5150015..; owed up, owned down.
    assert_eq!(delivered_to(DATED, 505, dated(333_333)), -51_500_152);
    assert_eq!(delivered_to(DATED, -505, dated(333_333)), 51_500_151);
    // Three whole calls for 0.042 coins each; BTC at 60,000 pays 5,000 / 60,000 of a coin each.
    let coins = |raw| Price::new(raw, 2);
    assert_eq!(delivered_to(CALL, 30, coins(6_000_000)), 25_000_000 - 12_600_000);
    assert_eq!(delivered_to(CALL, 30, coins(5_500_000)), -12_600_000);
    assert_eq!(delivered_to(CALL, 30, coins(5_500_001)), -12_600_000 + 54);
    assert_eq!(delivered_to(CALL, -30, coins(5_500_001)), 12_600_000 - 55);
    assert_eq!(delivered_to(CALL, -30, coins(1)), 12_600_000);
    // A put on half a BTC (5 whole contracts of a tenth) for 900.0 a BTC, at 45,000.
    assert_eq!(delivered_to(PUT, 500, coins(4_000_000)), (2_500 - 450) * 1_000_000);
    assert_eq!(delivered_to(PUT, 500, coins(4_500_000)), -450_000_000);
    assert_eq!(delivered_to(PUT, -500, coins(4_499_999)), 450_000_000 - 5_000);
    // A perpetual may be taken off at any time.
    assert_eq!(delivered_to(BTCUSDT, 1_000, Price::new(600_000, 1)), 10_000_000_000);
}

#[test]
fn a_delivery_closes_everybody_and_the_outside_bears_its_side() {
    let mut pool = rich();
    let deal = |buyer, seller, quantity| Call::Trade {
        buyer,
        seller,
        contract: DATED,
        quantity,
        price: Price::new(505_000, 1),
    };
    pool.call(&deal(Some(A), Some(B), 505)).unwrap();
    pool.call(&deal(Some(C), None, 7)).unwrap();
    pool.call(&deal(None, Some(D), 99)).unwrap();
    pool.now = END;
    let price = Price::new(333_333, 1);
    let before: Vec<i128> = [A, B, C, D].map(|account| pool.paid(account, wide::BTC)).to_vec();
    let effects = pool.call(&deliver(DATED, price)).unwrap();
    let got: Vec<i128> =
        [A, B, C, D].iter().zip(before).map(|(a, was)| pool.paid(*a, wide::BTC) - was).collect();
    // 50,500, 700 and 9,900 USD over 33,333.3: 1.51500151.., 0.0210000.., 0.2970002..
    assert_eq!(got, [-151_500_152, 151_500_151, -2_100_003, 29_700_029]);
    // Longs paid 153,600,155, shorts got 181,200,180; the outside owed the 92 between, up.
    assert_eq!(fund_of(&pool, wide::BTC), 153_600_155 + 27_600_028 - 181_200_180);
    assert_eq!(effects.facts, [Fact::Settled { contract: DATED, price, delivered: true }]);
    assert_eq!(pool.state.get(StateKey::Asset(DATED, 2)), U256::ONE);
    pool.sound();
}

#[test]
fn a_contract_is_delivered_once_and_not_before_its_end_and_trades_no_more() {
    let mut pool = rich();
    let price = Price::new(500_000, 1);
    pool.take(A, DATED, 10);
    pool.now = Time(END.0 - 1);
    assert_eq!(pool.refused(&deliver(DATED, price)), Rejection::ContractLives);
    pool.take(A, DATED, 10);
    pool.now = END;
    // The end is reached: what is there waits for its delivery.
    assert_eq!(pool.refused(&trade(A, DATED, 1, price)), Rejection::ContractEnded);
    assert_eq!(pool.refused(&trade(A, DATED, -1, price)), Rejection::ContractEnded);
    assert_eq!(pool.refused(&deliver(DATED, Price::new(0, 1))), Rejection::BadParameter);
    assert_eq!(pool.refused(&deliver(DATED, Price::new(5, 2))), Rejection::BadParameter);
    assert_eq!(pool.refused(&deliver(wide::BTC, price)), Rejection::BadParameter);
    // The price of an option is that of its underlying, at that one's scale.
    assert_eq!(pool.refused(&deliver(CALL, Price::new(420, 4))), Rejection::BadParameter);
    pool.call(&deliver(DATED, price)).unwrap();
    for call in [
        deliver(DATED, price),
        settle(DATED),
        fund(DATED, 1),
        trade(A, DATED, 1, price),
        Call::Quote { contract: DATED, volatility_e6: 1_000_000 },
    ] {
        assert_eq!(pool.refused(&call), Rejection::ContractEnded, "{call:?}");
    }
    assert_eq!(pool.look(|view| pool.rulebook.liquidation_price(view, A, DATED)).unwrap(), None);
    assert!(pool.health(A).requirement == 0);
    // A perpetual that was delivered is one that ended as well.
    pool.call(&deliver(BTCUSDT, price)).unwrap();
    assert_eq!(pool.refused(&trade(A, BTCUSDT, 1, price)), Rejection::ContractEnded);
    assert_eq!(pool.refused(&fund(BTCUSDT, 1)), Rejection::ContractEnded);
}

#[test]
fn an_option_is_quoted_a_volatility_that_makes_sense() {
    let mut pool = rich();
    pool.take(A, CALL, 10);
    let quote = |contract, volatility_e6| Call::Quote { contract, volatility_e6 };
    let effects = pool.call(&quote(CALL, 650_000)).unwrap();
    assert_eq!(pool.state.get(StateKey::Asset(CALL, 3)), U256::from(650_000));
    assert_eq!(effects.moved_accounts(), [A]);
    for (volatility, taken) in
        [(0, false), (999, false), (1_000, true), (50_000_000, true), (50_000_001, false)]
    {
        let found = pool.call(&quote(CALL, volatility));
        assert_eq!(found.is_ok(), taken, "{volatility}");
        assert!(taken || found.unwrap_err().detail.contains(&volatility.to_string()));
    }
    assert_eq!(pool.refused(&quote(BTCUSDT, 650_000)), Rejection::BadParameter);
}
