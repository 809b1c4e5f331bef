//! Deposits, withdrawals, trades and settings.

use super::*;
use breakwater_liquidation::{Fact, StateKey};
use breakwater_money::{Amount, TransferCode, U256};

fn withdraw(account: AccountId, amount: u128) -> Call {
    Call::Withdraw { account, asset: USDT, amount }
}

fn isolate(account: AccountId, column: u16, value: u64) -> Call {
    Call::Configure { account, column, value: U256::from(value) }
}

#[test]
fn only_the_settle_asset_is_margin_and_nothing_is_no_amount() {
    let mut pool = Pool::new();
    for asset in [COIN, BTC] {
        let deposit = Call::Deposit { account: A, asset, amount: 1 };
        assert_eq!(pool.refused(&deposit), Rejection::NotCollateral);
        let withdraw = Call::Withdraw { account: A, asset, amount: 1 };
        assert_eq!(pool.refused(&withdraw), Rejection::NotCollateral);
        let import = Call::Import { account: A, asset, collateral: 1, debt: 0 };
        assert_eq!(pool.refused(&import), Rejection::NotCollateral);
    }
    let none = Call::Deposit { account: A, asset: USDT, amount: 0 };
    assert_eq!(pool.refused(&none), Rejection::AmountZero);
    assert_eq!(pool.refused(&withdraw(A, 0)), Rejection::AmountZero);
    assert_eq!(pool.refused(&withdraw(A, 1)), Rejection::InsufficientBalance);
    assert_eq!(pool.refused(&withdraw(A, u128::MAX)), Rejection::InsufficientBalance);
    let owed = Call::Import { account: A, asset: USDT, collateral: 5, debt: 1 };
    assert_eq!(pool.refused(&owed), Rejection::BadParameter);
    let stranger = Call::Deposit { account: AccountId(9), asset: USDT, amount: 1 };
    assert_eq!(pool.refused(&stranger), Rejection::UnknownAccount);
    let unknown = Call::Deposit { account: A, asset: AssetId(77), amount: 1 };
    assert_eq!(pool.refused(&unknown), Rejection::UnknownAsset);
    pool.call(&Call::Import { account: A, asset: USDT, collateral: 5, debt: 0 }).unwrap();
    assert_eq!(pool.cash(A), 5);
}

#[test]
fn calls_of_lending_are_unsupported() {
    let mut pool = Pool::new();
    let amount = 1;
    for call in [
        Call::Borrow { account: A, asset: USDT, amount },
        Call::Repay { account: A, asset: USDT, amount },
        Call::Absorb { accounts: vec![A] },
    ] {
        assert_eq!(pool.refused(&call), Rejection::Unsupported);
    }
}

#[test]
fn a_trade_moves_the_contract_and_its_value_between_its_two_parties() {
    let mut pool = Pool::new();
    pool.deposit(A, 700 * ONE);
    pool.deposit(B, 900 * ONE);
    // 0.333 BTC at 50,000.1 are 16,650.0333 USDT.
    let deal = Call::Trade {
        buyer: Some(A),
        seller: Some(B),
        contract: BTC,
        quantity: 333,
        price: btc(500_001),
    };
    let effects = pool.call(&deal).unwrap();
    assert_eq!((pool.size(A, BTC), pool.quote(A, BTC)), (333, -16_650_033_300));
    assert_eq!((pool.size(B, BTC), pool.quote(B, BTC)), (-333, 16_650_033_300));
    assert_eq!((pool.cash(A), pool.cash(B)), (700_000_000, 900_000_000));
    let told =
        Fact::Traded { buyer: A, seller: B, quantity: Amount::new(BTC, 333), price: btc(500_001) };
    assert_eq!(effects.facts, [told]);
    assert!(pool.sums().values().all(|sum| *sum == 0));
}

#[test]
fn a_trades_value_is_the_nearest_unit_for_both_sides() {
    let mut pool = Pool::new();
    pool.deposit(A, 50 * ONE);
    // 5e-8 ETH at 2,000.10 are 0.000100005 USDT, 100.005 units: 100. At 2,010.00 they are 100.5.
    pool.call(&trade(A, ETH, 5, eth(200_010))).unwrap();
    assert_eq!(pool.quote(A, ETH), -100);
    pool.call(&trade(A, ETH, 5, eth(201_000))).unwrap();
    assert_eq!(pool.quote(A, ETH), -201);
    // 1 PEPE at 0.0123457 is 12,345.7 units.
    pool.call(&trade(A, PEPE, 1, pepe(123_457))).unwrap();
    assert_eq!(pool.quote(A, PEPE), -12_346);
}

#[test]
fn a_partial_close_realises_its_share_rounded_against_the_account() {
    for side in [1, -1] {
        let mut pool = Pool::new();
        pool.deposit(A, 100_000 * ONE);
        // 3,000e-8 ETH at 3,333.56 are 100,006.8 units: an entry of 100,007.
        pool.call(&trade(A, ETH, side * 3_000, eth(333_356))).unwrap();
        assert_eq!(pool.quote(A, ETH), -side * 100_007);
        // A third of it is 33,335.67: a long gives up 33,336, a short receives 33,335.
        let effects = pool.call(&trade(A, ETH, -side * 1_000, eth(633_430))).unwrap();
        let released = if side > 0 { 33_336 } else { 33_335 };
        assert_eq!(pool.quote(A, ETH), -side * (100_007 - released));
        assert_eq!(pool.cash(A) - 100_000 * 1_000_000, side * (63_343 - released));
        assert_eq!(effects.transfers.last().unwrap().code, TransferCode::Realise);
    }
}

#[test]
fn a_trade_through_zero_closes_first_and_opens_the_rest() {
    let mut pool = Pool::new();
    pool.deposit(A, 10_000 * ONE);
    pool.call(&trade(A, BTC, 400, btc(500_000))).unwrap();
    assert_eq!(pool.quote(A, BTC), -20_000 * 1_000_000);
    // Sells 1.000 at 51,000: 0.400 closes with a profit of 400, 0.600 is short from 51,000.
    pool.call(&trade(A, BTC, -1_000, btc(510_000))).unwrap();
    assert_eq!((pool.size(A, BTC), pool.quote(A, BTC)), (-600, 30_600 * 1_000_000));
    assert_eq!(pool.cash(A), 10_400 * 1_000_000);
    // Buys 0.900 at 50,500: 0.600 closes with 300 more, 0.300 is long from 50,500.
    pool.call(&trade(A, BTC, 900, btc(505_000))).unwrap();
    assert_eq!((pool.size(A, BTC), pool.quote(A, BTC)), (300, -15_150 * 1_000_000));
    assert_eq!(pool.cash(A), 10_700 * 1_000_000);
    // Flat again: nothing stays on the quote side.
    pool.call(&trade(A, BTC, -300, btc(400_001))).unwrap();
    assert_eq!((pool.size(A, BTC), pool.quote(A, BTC)), (0, 0));
    assert!(pool.sums().values().all(|sum| *sum == 0));
}

#[test]
fn new_risk_needs_the_initial_margin_to_the_unit() {
    // 1.000 BTC at the mark of 50,000 is in the first bracket: 125x, 400 USDT.
    for (deposit, taken) in [(400 * ONE - 1, false), (400 * ONE, true), (400 * ONE + 1, true)] {
        for side in [1, -1] {
            let mut pool = Pool::new();
            pool.deposit(A, deposit);
            let call = trade(A, BTC, side * 1_000, btc(500_000));
            match pool.call(&call) {
                Ok(_) => assert!(taken),
                Err(error) => assert!(!taken && error.rejection == Rejection::BelowInitial),
            }
        }
    }
    // 7e-8 ETH are 140.0259 units at the mark: a notional of 141 at 125x is raised to 2.
    for (deposit, taken) in [(1, false), (2, true)] {
        let mut pool = Pool::new();
        pool.mark(ETH, 200_037);
        pool.deposit(A, deposit);
        assert_eq!(pool.call(&trade(A, ETH, 7, eth(200_037))).is_ok(), taken);
    }
    // A price worse than the mark costs equity at once: 10 USDT here.
    let mut pool = Pool::new();
    pool.deposit(A, 410 * ONE - 1);
    assert_eq!(pool.refused(&trade(A, BTC, 1_000, btc(500_100))), Rejection::BelowInitial);
    pool.deposit(A, 1);
    pool.call(&trade(A, BTC, 1_000, btc(500_100))).unwrap();
}

#[test]
fn a_flip_is_new_risk_and_a_reduction_always_passes() {
    let mut pool = Pool::new();
    pool.deposit(A, 600 * ONE);
    pool.call(&trade(A, BTC, 1_000, btc(500_000))).unwrap();
    pool.mark(BTC, 400_000);
    assert!(pool.health(A).equity < 0);
    assert_eq!(pool.refused(&trade(A, BTC, 1, btc(400_000))), Rejection::BelowInitial);
    assert_eq!(pool.refused(&trade(A, BTC, -1_001, btc(400_000))), Rejection::BelowInitial);
    pool.call(&trade(A, BTC, -999, btc(400_000))).unwrap();
    pool.call(&trade(A, BTC, -1, btc(400_000))).unwrap();
    assert_eq!(pool.cash(A), -9_400 * 1_000_000);
}

#[test]
fn a_trade_needs_two_parties_a_contract_and_a_price_of_its_market() {
    let mut pool = Pool::new();
    pool.deposit(A, 1_000 * ONE);
    let with = |buyer, seller, contract, quantity, price| Call::Trade {
        buyer,
        seller,
        contract,
        quantity,
        price,
    };
    let price = btc(500_000);
    for (call, expected) in [
        (with(None, None, BTC, 1, price), Rejection::BadParameter),
        (with(Some(A), Some(A), BTC, 1, price), Rejection::SelfDealing),
        (with(Some(A), None, BTC, 0, price), Rejection::AmountZero),
        (with(Some(A), None, COIN, 1, price), Rejection::BadParameter),
        (with(Some(A), None, AssetId(77), 1, price), Rejection::UnknownAsset),
        (with(Some(A), None, BTC, 1, Price::new(50_000, 0)), Rejection::BadParameter),
        (with(Some(A), None, BTC, 1, btc(0)), Rejection::BadParameter),
        (with(Some(A), None, BTC, u128::MAX, price), Rejection::Overflow),
        (with(Some(A), None, BTC, 1 << 120, btc(1 << 100)), Rejection::Overflow),
        (with(Some(AccountId(9)), None, BTC, 1, price), Rejection::UnknownAccount),
    ] {
        assert_eq!(pool.refused(&call), expected, "{call:?}");
    }
}

#[test]
fn the_last_bracket_is_the_position_limit_to_the_unit() {
    let mut pool = Pool::new();
    pool.deposit(A, 4_000_000_000 * ONE);
    // 1.8 billion USDT at 50,000 is 36,000.000 BTC.
    assert_eq!(pool.refused(&trade(A, BTC, 36_000_001, btc(500_000))), Rejection::AboveLastTier);
    pool.call(&trade(A, BTC, 36_000_000, btc(500_000))).unwrap();
    assert_eq!(pool.refused(&trade(A, BTC, 1, btc(500_000))), Rejection::AboveLastTier);
    // A price carries it past the limit: still assessed, still free to reduce.
    pool.mark(BTC, 600_000);
    assert_eq!(pool.health(A).requirement, (2_160_000_000 / 2 - 421_481_450) * ONE);
    pool.call(&trade(A, BTC, -1, btc(600_000))).unwrap();
}

#[test]
fn unrealised_profit_stays_and_unrealised_loss_is_covered() {
    let mut pool = Pool::new();
    pool.deposit(A, 1_000 * ONE);
    pool.call(&trade(A, BTC, 1_000, btc(500_000))).unwrap();
    // In profit, 1,600 USDT of equity and 5,100 / 10 less a bracket: only the cash above initial.
    pool.mark(BTC, 510_000);
    let initial = 510 * ONE; // 51,000 at 100x
    assert_eq!(pool.refused(&withdraw(A, 1_000 * ONE + 1)), Rejection::InsufficientBalance);
    let all = pool.call(&withdraw(A, u128::MAX)).unwrap();
    assert_eq!(all.net(Holder::External, USDT), 1_000 * 1_000_000);
    assert_eq!(pool.health(A).equity, 1_000 * 1_000_000);
    assert!(pool.health(A).equity >= i128::try_from(initial).unwrap());
    // At a loss of 300, equity less initial binds.
    let mut pool = Pool::new();
    pool.deposit(A, 1_000 * ONE);
    pool.call(&trade(A, BTC, 1_000, btc(500_000))).unwrap();
    pool.mark(BTC, 497_000);
    let free = 1_000 * ONE - 300 * ONE - 397_600_000; // 49,700 at 125x
    assert_eq!(pool.refused(&withdraw(A, free + 1)), Rejection::BelowInitial);
    pool.call(&withdraw(A, free)).unwrap();
    assert_eq!(pool.refused(&withdraw(A, u128::MAX)), Rejection::InsufficientBalance);
}

#[test]
fn an_isolated_account_holds_one_contract_and_changes_only_while_flat() {
    let mut pool = Pool::new();
    pool.deposit(A, 5_000 * ONE);
    assert_eq!(pool.refused(&isolate(A, 1, 1)), Rejection::BadParameter);
    assert_eq!(pool.refused(&isolate(A, 0, 2)), Rejection::BadParameter);
    pool.call(&isolate(A, 0, 1)).unwrap();
    assert_eq!(pool.state.get(StateKey::Account(A, 0)), U256::ONE);
    pool.call(&trade(A, BTC, 100, btc(500_000))).unwrap();
    assert_eq!(pool.refused(&trade(A, ETH, 1_000, eth(200_000))), Rejection::IsolatedHoldsOne);
    assert_eq!(pool.refused(&isolate(A, 0, 0)), Rejection::BadParameter);
    pool.call(&trade(A, BTC, 50, btc(500_000))).unwrap();
    pool.call(&trade(A, BTC, -150, btc(500_000))).unwrap();
    pool.call(&trade(A, ETH, 1_000, eth(200_000))).unwrap();
    pool.call(&trade(A, ETH, -1_000, eth(200_000))).unwrap();
    pool.call(&isolate(A, 0, 0)).unwrap();
    pool.call(&trade(A, BTC, 100, btc(500_000))).unwrap();
    pool.call(&trade(A, ETH, 1_000, eth(200_000))).unwrap();
}

#[test]
fn a_position_without_a_mark_cannot_be_opened_or_assessed() {
    let mut pool = Pool::with(PARAMETERS, &[(BTC, 1, 500_000)]);
    pool.deposit(A, 5_000 * ONE);
    assert_eq!(pool.refused(&trade(A, ETH, 1_000, eth(200_000))), Rejection::MarkMissing);
    pool.call(&trade(A, BTC, 100, btc(500_000))).unwrap();
    pool.marks[0] = GuardState::default();
    let health = pool.look(|view| pool.rulebook.assess(view, A));
    assert_eq!(health.unwrap_err().rejection, Rejection::MarkMissing);
    // Reducing needs no mark, only the market's decimals.
    pool.call(&trade(A, BTC, -40, btc(500_000))).unwrap();
}
