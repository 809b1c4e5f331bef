//! What an account owes of one asset is paid from what it holds of others, before anything is booked.

use super::wide::*;
use super::*;
use breakwater_liquidation::plan::{Plan, plan_sale, proceeds};
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{Close, Fact, Policy, Reason, Seller};
use breakwater_money::{Amount, TransferCode};

/// Sets the account's cash as it is after trading.
fn cash(pool: &mut Pool, account: AccountId, asset: AssetId, amount: i128) {
    let (unit, change) = (Unit::token(asset), amount - pool.own(account, asset));
    pool.rows.add(Holder::Account(account), unit, change);
    pool.rows.add(Holder::External, unit, -change);
}

/// Holds a coin and 2 ETH, and owes so many USDT.
fn indebted(owed: i128) -> Pool {
    let mut pool = wide();
    cash(&mut pool, A, wide::BTC, 100_000_000);
    cash(&mut pool, A, wide::ETH, 2_000_000_000_000_000_000);
    cash(&mut pool, A, wide::USDT, -owed * 1_000_000);
    pool
}

fn saleable(pool: &Pool) -> Vec<Saleable> {
    pool.look(|view| pool.rulebook.saleable(view, A)).unwrap()
}

fn sale(asset: AssetId, quantity: u128, proceeds_asset: AssetId, proceeds: u128) -> Call {
    Call::Fill { account: A, asset, quantity, proceeds, proceeds_asset }
}

#[test]
fn the_dearest_collateral_is_sold_first_for_the_largest_debt() {
    let mut pool = indebted(55_000);
    let token =
        |asset, quantity| Saleable { asset, quantity, buy_back: false, proceeds_asset: wide::USDT };
    let expected = vec![token(wide::BTC, 100_000_000), token(wide::ETH, 2_000_000_000_000_000_000)];
    assert_eq!(saleable(&pool), expected);
    // ETH is owed as well, for less.
    cash(&mut pool, A, wide::ETH, -1_000_000_000_000_000_000);
    assert_eq!(saleable(&pool), expected[..1]);
    // For more.
    cash(&mut pool, A, wide::ETH, -100_000_000_000_000_000_000);
    assert_eq!(saleable(&pool)[0].proceeds_asset, wide::ETH);
    // Whoever owes nothing keeps what it has, and whoever has nothing sells nothing.
    assert_eq!(saleable(&indebted(0)), []);
    cash(&mut pool, A, wide::BTC, 0);
    assert_eq!(saleable(&pool), []);
    // What is worth less than a unit of the numeraire is nothing: a coin's unit is 0.0005 USD.
    cash(&mut pool, A, wide::ETH, 399_999_999);
    assert_eq!(saleable(&pool), []);
    cash(&mut pool, A, wide::ETH, 400_000_000);
    assert_eq!(
        saleable(&pool),
        [Saleable { asset: wide::ETH, quantity: 400_000_000, ..expected[0] }]
    );
    // Contracts come before, and bring what they settle in.
    cash(&mut pool, A, wide::USDT, 1_000_000_000_000);
    pool.take(A, ETHUSD, -3);
    pool.take(A, BTCUSDT, 5);
    cash(&mut pool, A, wide::USDT, -1_000_000);
    let found: Vec<_> = saleable(&pool).iter().map(|s| (s.asset, s.proceeds_asset)).collect();
    assert_eq!(found, [(BTCUSDT, wide::USDT), (ETHUSD, wide::ETH), (wide::ETH, wide::USDT)]);
}

#[test]
fn a_sale_of_collateral_moves_it_and_its_proceeds_and_nothing_else() {
    let mut pool = indebted(55_000);
    let effects = pool.call(&sale(wide::BTC, 40_000_000, wide::USDT, 19_900 * ONE)).unwrap();
    assert_eq!(pool.own(A, wide::BTC), 60_000_000);
    assert_eq!(pool.own(A, wide::USDT), -35_100 * 1_000_000);
    assert!(effects.transfers.iter().all(|t| t.code == TransferCode::Sale));
    let sold = Amount::new(wide::BTC, 40_000_000);
    let proceeds = Amount::new(wide::USDT, 19_900 * ONE);
    assert_eq!(effects.facts, [Fact::Sold { account: A, sold, proceeds }]);
    pool.sound();
    for (call, expected) in [
        (sale(wide::BTC, 60_000_001, wide::USDT, 1), Rejection::NotReduceOnly),
        (sale(wide::USDT, 1, wide::BTC, 1), Rejection::NotReduceOnly),
        (sale(wide::BTC, 0, wide::USDT, 1), Rejection::AmountZero),
        (sale(wide::BTC, 1, wide::BTC, 1), Rejection::BadParameter),
        (sale(wide::BTC, 1, BTCUSDT, 1), Rejection::NotCollateral),
        (sale(wide::BTC, 1, AssetId(99), 1), Rejection::UnknownAsset),
        (sale(BTCUSDT, 1, wide::BTC, 1), Rejection::BadParameter),
    ] {
        assert_eq!(pool.refused(&call), expected, "{call:?}");
    }
    // A sale for nothing is a sale.
    pool.call(&sale(wide::BTC, 1, wide::USDT, 0)).unwrap();
}

#[test]
fn nothing_is_booked_while_there_is_collateral_to_sell() {
    let mut pool = indebted(70_000);
    let write_off = Call::WriteOff { account: A };
    assert!(pool.health(A).equity < 0);
    let refused = pool.call(&write_off).unwrap_err();
    assert_eq!(refused.rejection, Rejection::NothingToSell);
    assert!(refused.detail.contains("2 assets to sell"), "{refused}");
    pool.call(&sale(wide::BTC, 100_000_000, wide::USDT, 49_000 * ONE)).unwrap();
    assert_eq!(pool.refused(&write_off), Rejection::NothingToSell);
    // All but dust; it stays, worth less than a unit.
    let dust = 7;
    let rest = 2_000_000_000_000_000_000 - dust;
    pool.call(&sale(wide::ETH, rest, wide::USDT, 4_900 * ONE)).unwrap();
    let effects = pool.call(&write_off).unwrap();
    let amount = Amount::new(wide::USDT, 16_100 * ONE);
    // At 1.0001.
    assert_eq!(effects.facts, [Fact::Deficit { account: A, amount, value: 16_101_610_000 }]);
    assert_eq!((pool.own(A, wide::USDT), pool.own(A, wide::ETH)), (0, 7));
    assert!(!pool.health(A).breach);
    pool.sound();
    assert_eq!(pool.refused(&write_off), Rejection::NothingToSell);
}

#[test]
fn debts_in_several_assets_are_booked_each_in_its_own() {
    let mut pool = wide();
    cash(&mut pool, A, wide::BTC, -1);
    cash(&mut pool, A, wide::USDT, -5);
    let effects = pool.call(&Call::WriteOff { account: A }).unwrap();
    let deficit =
        |asset, raw, value| Fact::Deficit { account: A, amount: Amount::new(asset, raw), value };
    assert_eq!(effects.facts, [deficit(wide::USDT, 5, 6), deficit(wide::BTC, 1, 500)]);
    assert_eq!(pool.rows.holdings(A), []);
    pool.sound();
}

fn policy(close: Close) -> Policy {
    Policy {
        name: "test".to_owned(),
        seller: Seller::Venue,
        close,
        slippage_bps: 50,
        lot_value: 1_000_000,
        ..Policy::as_is()
    }
}

fn planned(pool: &Pool, close: Close) -> Result<Plan, Rejected> {
    pool.look(|view| plan_sale(&*pool.rulebook, view, A, &policy(close)))
}

fn fill_at_worst(pool: &mut Pool, plan: &Plan) {
    for leg in &plan.legs {
        let paid = pool.look(|view| proceeds(view, leg, leg.quantity, leg.worst_price)).unwrap();
        pool.call(&sale(leg.asset, leg.quantity, leg.proceeds_asset, paid)).unwrap();
    }
}

#[test]
fn the_plan_sells_as_much_as_covers_what_a_haircut_hides() {
    // A coin at 98 % and 2 ETH at 90 % count 53,500; 53,400 USDT are owed at 1.0001.
    assert!(!indebted(53_400).health(A).breach);
    let mut pool = indebted(53_600);
    let before = pool.health(A);
    assert!(before.breach && before.equity > -200_000_000);
    let plan = planned(&pool, Close::Target).unwrap();
    assert_eq!((plan.reason, plan.legs.len()), (Reason::TargetHealth, 1));
    let leg = plan.legs[0];
    assert_eq!((leg.asset, leg.proceeds_asset), (wide::BTC, wide::USDT));
    // 106 USD at 1.5 % a sale: about a seventh of the coin.
    assert!((10_000_000..20_000_000).contains(&leg.quantity), "{leg:?}");
    fill_at_worst(&mut pool, &plan);
    assert_eq!(pool.health(A), plan.after);
    assert!(!pool.health(A).breach && pool.own(A, wide::USDT) < 0);
    pool.sound();
}

#[test]
fn an_account_that_owes_more_than_it_has_is_sold_out_debt_by_debt_and_then_booked() {
    // Owes 40,000 USDT and 20 ETH, holds a coin: nothing reaches it.
    for close in [Close::Target, Close::Full] {
        let mut pool = wide();
        cash(&mut pool, A, wide::BTC, 100_000_000);
        cash(&mut pool, A, wide::ETH, -20_000_000_000_000_000_000);
        cash(&mut pool, A, wide::USDT, -1_000 * 1_000_000);
        let mut rounds = 0;
        while let Ok(plan) = planned(&pool, close) {
            fill_at_worst(&mut pool, &plan);
            pool.sound();
            rounds += 1;
            assert!(rounds < 5, "{plan:?}");
        }
        // The coin brought 19.9 ETH; the tenth that is missing and the USDT are booked.
        let refused = planned(&pool, close).unwrap_err();
        assert_eq!((rounds, refused.rejection), (1, Rejection::NothingToSell));
        let effects = pool.call(&Call::WriteOff { account: A }).unwrap();
        let missing = |asset| {
            let of = |fact: &Fact| match fact {
                Fact::Deficit { amount, .. } if amount.asset == asset => Some(amount.raw),
                _ => None,
            };
            effects.facts.iter().find_map(of)
        };
        assert_eq!(missing(wide::USDT), Some(1_000 * ONE));
        assert_eq!(missing(wide::ETH), Some(one(wide::ETH) / 10));
        assert_eq!(pool.rows.holdings(A), []);
    }
}

#[test]
fn a_cheap_asset_is_sold_for_a_dear_one_at_a_price_that_has_digits() {
    // A USDT is 0.00002 of a coin: at four decimals, nothing.
    let mut pool = wide();
    cash(&mut pool, A, wide::USDT, 40_000 * 1_000_000);
    cash(&mut pool, A, wide::BTC, -90_000_000);
    let plan = planned(&pool, Close::Full).unwrap();
    let leg = plan.legs[0];
    let paid = pool.look(|view| proceeds(view, &leg, leg.quantity, leg.worst_price)).unwrap();
    // 1.0001 / 50,000 less half a per cent.
    let fair = leg.quantity * 10_001 * 995 / 1_000 / 5_000_000;
    assert!(paid.abs_diff(fair) <= fair / 100_000, "{paid} of {fair} for {leg:?}");
    fill_at_worst(&mut pool, &plan);
    assert_eq!(pool.health(A), plan.after);
}

#[test]
fn collateral_has_no_brackets_to_step_down() {
    let pool = indebted(70_000);
    let steps = pool.look(|view| pool.rulebook.steps_down(view, A, wide::BTC));
    assert_eq!(steps, Ok(vec![]));
}
