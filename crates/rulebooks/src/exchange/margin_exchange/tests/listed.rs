//! Positions that change accounts as they stand, rolls, and options that are used before their end.

use super::wide::*;
use super::*;
use breakwater_liquidation::Fact;

/// The pool of every form, its options to be used at any time.
fn early() -> Pool {
    let source = "[source]\n\"contracts.*.lifecycle\" = \"a test\"";
    let mut text = WIDE.replacen("[source]", source, 1);
    for (symbol, style) in [("BTC-CALL", "american"), ("BTC-PUT", "american-at-session")] {
        let head = format!("[contracts.{symbol}]\n");
        let session = if symbol == "BTC-PUT" {
            "session = { every = \"1d\", at = \"08:00:00\" }, "
        } else {
            ""
        };
        let stated = format!("{head}lifecycle = {{ {session}exercise = \"{style}\" }}\n");
        text = text.replacen(&head, &stated, 1);
    }
    let mut pool = Pool::of(&text, wide_assets(), &MARKETS);
    for account in [A, B, C, D] {
        pool.give(account, wide::USDT, 1_000_000 * ONE);
        pool.give(account, wide::BTC, 100 * one(wide::BTC));
    }
    pool
}

fn between(
    pool: &mut Pool,
    buyer: AccountId,
    seller: AccountId,
    contract: AssetId,
    quantity: u128,
) {
    let price = pool.price(contract);
    let (buyer, seller) = (Some(buyer), Some(seller));
    pool.call(&Call::Trade { buyer, seller, contract, quantity, price }).unwrap();
}

fn transfer(from: AccountId, to: AccountId, contract: AssetId, quantity: u128) -> Call {
    Call::Transfer { from, to, contract, quantity }
}

fn exercise(account: AccountId, contract: AssetId, quantity: u128, price: Price) -> Call {
    Call::Exercise { account, contract, quantity, price }
}

#[test]
fn a_position_moves_with_its_entry_and_nobody_realises_anything() {
    for (contract, sign) in [(BTCUSDT, 1), (BTCUSDT, -1), (BTCUSD, 1), (BTCUSD, -1)] {
        let mut pool = early();
        let settle = pool.settle_of(contract);
        // Seven of something at a price that sevenths and thirds of it do not divide.
        pool.take(A, contract, 7 * sign);
        let (cash, whole) = (pool.own(A, settle), pool.side(A, contract));
        let before = pool.own(B, settle);
        let effects = pool.call(&transfer(A, B, contract, 3)).unwrap();
        assert_eq!((pool.own(A, settle), pool.own(B, settle)), (cash, before));
        assert_eq!((pool.own(A, contract), pool.own(B, contract)), (4 * sign, 3 * sign));
        let (left, moved) = (pool.side(A, contract), pool.side(B, contract));
        assert_eq!(left + moved, whole);
        // Three sevenths, the rest of the unit on the side that a close would have.
        let exact = whole.unsigned_abs() * 3;
        let up = whole < 0;
        let share = if up { exact.div_ceil(7) } else { exact / 7 };
        assert_eq!(moved.unsigned_abs(), share);
        let [Fact::Moved { from, to, quantity, entry }] = effects.facts[..] else { panic!() };
        assert_eq!((from, to, quantity.raw, entry.raw), (A, B, 3, share));
        // The rest goes whole.
        pool.call(&transfer(A, B, contract, 4)).unwrap();
        assert_eq!((pool.own(A, contract), pool.side(A, contract)), (0, 0));
        assert_eq!(pool.side(B, contract), whole);
        pool.sound();
    }
}

#[test]
fn a_receiver_on_the_other_side_closes_at_the_entry_of_the_giver() {
    let mut pool = early();
    pool.mark(BTCUSDT, 500_000);
    pool.take(A, BTCUSDT, 4);
    pool.mark(BTCUSDT, 520_000);
    pool.take(B, BTCUSDT, -4);
    let before = pool.cash(B);
    // Sold at 52,000, bought at 50,000: four thousandths of 2,000.
    pool.call(&transfer(A, B, BTCUSDT, 4)).unwrap();
    assert_eq!(pool.cash(B), before + 8 * 1_000_000);
    assert_eq!((pool.own(A, BTCUSDT), pool.own(B, BTCUSDT)), (0, 0));
    pool.sound();
}

#[test]
fn a_transfer_rescues_nobody_and_burdens_nobody() {
    let mut pool = early();
    pool.call(&Call::Withdraw { account: C, asset: wide::BTC, amount: u128::MAX }).unwrap();
    pool.call(&Call::Withdraw { account: C, asset: wide::USDT, amount: u128::MAX }).unwrap();
    pool.take(A, BTCUSDT, 1_000);
    assert_eq!(pool.refused(&transfer(A, C, BTCUSDT, 1_000)), Rejection::BelowInitial);
    for (call, expected) in [
        (transfer(A, A, BTCUSDT, 1), Rejection::SelfDealing),
        (transfer(A, B, BTCUSDT, 0), Rejection::AmountZero),
        (transfer(A, B, BTCUSDT, 1_001), Rejection::NotReduceOnly),
        (transfer(B, A, BTCUSDT, 1), Rejection::NotReduceOnly),
        (transfer(A, B, wide::USDT, 1), Rejection::BadParameter),
    ] {
        assert_eq!(pool.refused(&call), expected, "{call:?}");
    }
    // Profit that is not realised goes along: who needs it for what stays may not give it away.
    pool.call(&Call::Withdraw { account: A, asset: wide::BTC, amount: u128::MAX }).unwrap();
    pool.call(&Call::Withdraw { account: A, asset: wide::USDT, amount: u128::MAX }).unwrap();
    pool.mark(BTCUSDT, 1_000_000);
    pool.take(A, ETHUSDT, 40_000);
    assert_eq!(pool.refused(&transfer(A, B, BTCUSDT, 1_000)), Rejection::BelowInitial);
    pool.now = END;
    pool.take(A, BTCUSDT, 1);
    assert_eq!(pool.refused(&transfer(A, B, DATED, 1)), Rejection::ContractEnded);
}

#[test]
fn a_roll_is_two_trades_and_asks_for_margin_once() {
    let mut pool = early();
    pool.take(A, DATED, 500);
    let (near_price, far_price) = (pool.price(DATED), pool.price(BTCUSD));
    let roll = |near_quantity, far_quantity, against| Call::Roll {
        account: A,
        against,
        near: DATED,
        far: BTCUSD,
        near_quantity,
        far_quantity,
        near_price,
        far_price,
    };
    let mut twice = early();
    twice.take(A, DATED, 500);
    between(&mut twice, B, A, DATED, 500);
    between(&mut twice, A, B, BTCUSD, 480);
    let effects = pool.call(&roll(500, 480, Some(B))).unwrap();
    for account in [A, B] {
        for contract in [DATED, BTCUSD] {
            assert_eq!(pool.own(account, contract), twice.own(account, contract));
            assert_eq!(pool.side(account, contract), twice.side(account, contract));
        }
        assert_eq!(pool.own(account, wide::BTC), twice.own(account, wide::BTC));
    }
    assert_eq!(effects.facts.len(), 2);
    pool.sound();

    // With margin for one of them and not for both, nobody could do it in two steps the other way.
    let mut pool = early();
    pool.take(A, DATED, 5_000);
    for asset in [wide::USDT, wide::BTC] {
        pool.call(&Call::Withdraw { account: A, asset, amount: u128::MAX }).unwrap();
    }
    assert_eq!(pool.refused(&trade(A, BTCUSD, 4_000, far_price)), Rejection::BelowInitial);
    pool.call(&roll(5_000, 4_000, None)).unwrap();
    assert_eq!((pool.own(A, DATED), pool.own(A, BTCUSD)), (0, 4_000));
    pool.sound();
}

#[test]
fn only_what_counts_alike_is_rolled() {
    let mut pool = early();
    pool.take(A, DATED, 500);
    pool.take(A, CALL, 10);
    let price = |asset| (asset, pool.price(asset));
    let roll = |against, (near, near_price), (far, far_price), near_quantity, far_quantity| {
        let account = A;
        Call::Roll {
            account,
            against,
            near,
            far,
            near_quantity,
            far_quantity,
            near_price,
            far_price,
        }
    };
    let (dated, usd) = (price(DATED), price(BTCUSD));
    let fine = roll(None, dated, usd, 500, 500);
    for (call, expected) in [
        (roll(Some(A), dated, usd, 500, 500), Rejection::SelfDealing),
        (roll(None, dated, dated, 500, 500), Rejection::BadParameter),
        (roll(None, dated, price(BTCUSDT), 500, 500), Rejection::BadParameter),
        (roll(None, dated, price(ETHUSD), 500, 500), Rejection::BadParameter),
        (roll(None, dated, price(CALL), 500, 500), Rejection::BadParameter),
        (roll(None, price(CALL), usd, 10, 500), Rejection::BadParameter),
        (roll(None, dated, usd, 501, 500), Rejection::NotReduceOnly),
        (roll(None, usd, dated, 1, 1), Rejection::NotReduceOnly),
        (roll(None, dated, usd, 0, 500), Rejection::AmountZero),
        (roll(None, dated, usd, 500, 0), Rejection::AmountZero),
        (roll(None, dated, (BTCUSD, Price::new(0, 1)), 500, 500), Rejection::BadParameter),
        (roll(None, dated, (BTCUSD, Price::new(5, 0)), 500, 500), Rejection::BadParameter),
    ] {
        assert_eq!(pool.refused(&call), expected, "{call:?}");
    }
    pool.now = END;
    assert_eq!(pool.refused(&fine), Rejection::ContractEnded);
}

/// 60,000 against a strike of 55,000: a twelfth of a coin for each.
const DEEP: Price = Price { raw: 6_000_000, decimals: 2 };

#[test]
fn whoever_is_short_pays_in_proportion_and_the_largest_remainder_first() {
    let mut pool = early();
    // A is long of 5, E of 2 against the outside; B, C and D are short of 3, 1 and 1; the outside of 2.
    between(&mut pool, A, B, CALL, 3);
    between(&mut pool, A, C, CALL, 1);
    between(&mut pool, A, D, CALL, 1);
    pool.take(A, CALL, 2);
    let coins = |pool: &Pool| [A, B, C, D].map(|account| pool.paid(account, wide::BTC));
    let fund = |pool: &Pool| pool.rows.balance(Holder::Insurance, Unit::token(wide::BTC));
    let before = coins(&pool);
    // Three of seven: shares of 1 2/7, 3/7, 3/7 and 6/7. One whole to B, then the outside by its
    // remainder, then C before D.
    let effects = pool.call(&exercise(A, CALL, 3, DEEP)).unwrap();
    let parts: Vec<(Option<AccountId>, u128, u128)> = effects
        .facts
        .iter()
        .map(|fact| match fact {
            Fact::Exercised { holder, writer, quantity, price, paid } => {
                assert_eq!((*holder, *price, paid.asset), (A, DEEP, wide::BTC));
                (*writer, quantity.raw, paid.raw)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    // A tenth of a contract is 1/120 of a coin: 833,333 1/3 of its smallest parts.
    assert_eq!(parts, [(Some(B), 1, 833_334), (Some(C), 1, 833_334), (None, 1, 833_334)]);
    let after = coins(&pool);
    assert_eq!(after[0] - before[0], 2_500_000);
    assert_eq!((after[1] - before[1], after[2] - before[2]), (-833_334, -833_334));
    assert_eq!(after[3], before[3]);
    assert_eq!(fund(&pool), 2);
    assert_eq!([A, B, C, D].map(|account| pool.own(account, CALL)), [4, -2, 0, -1]);
    pool.sound();
    // All the rest.
    pool.call(&exercise(A, CALL, 4, DEEP)).unwrap();
    assert_eq!([A, B, C, D].map(|account| pool.own(account, CALL)), [0; 4]);
    assert_eq!([A, B, C, D].map(|account| pool.side(account, CALL)), [0; 4]);
    pool.sound();
}

#[test]
fn only_a_right_that_pays_is_used_and_only_before_its_end() {
    let mut pool = early();
    between(&mut pool, A, B, CALL, 10);
    between(&mut pool, A, B, PUT, 10);
    pool.take(A, DATED, 10);
    let at = |raw| Price::new(raw, 2);
    for (call, expected) in [
        (exercise(A, CALL, 1, at(5_500_000)), Rejection::BadParameter),
        (exercise(A, PUT, 1, at(4_500_000)), Rejection::BadParameter),
        (exercise(A, CALL, 0, DEEP), Rejection::AmountZero),
        (exercise(A, CALL, 11, DEEP), Rejection::NotReduceOnly),
        (exercise(B, CALL, 1, DEEP), Rejection::NotReduceOnly),
        (exercise(C, CALL, 1, DEEP), Rejection::NotReduceOnly),
        (exercise(A, CALL, 1, Price::new(60_000, 0)), Rejection::BadParameter),
        (exercise(A, CALL, 1, at(0)), Rejection::BadParameter),
        (exercise(A, DATED, 1, DEEP), Rejection::BadParameter),
        (exercise(A, wide::BTC, 1, DEEP), Rejection::BadParameter),
    ] {
        assert_eq!(pool.refused(&call), expected, "{call:?}");
    }
    // A hundredth of a tenth of a coin, 1 cent below the strike: a hundred thousandth of a dollar.
    pool.call(&exercise(A, PUT, 1, at(4_499_999))).unwrap();
    pool.sound();
    pool.now = END;
    assert_eq!(pool.refused(&exercise(A, CALL, 1, DEEP)), Rejection::ContractEnded);
    // A venue that says nothing has rights of the European kind.
    let mut plain = wide();
    plain.give(A, wide::BTC, one(wide::BTC));
    plain.take(A, CALL, 1);
    assert_eq!(plain.refused(&exercise(A, CALL, 1, DEEP)), Rejection::BadParameter);
}
