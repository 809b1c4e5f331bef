//! Cases worked by hand.

use crate::support::shelf::Shelf;
use crate::support::stage::*;
use breakwater_accounting::journal::{JournalAccounts, JournalBooks, RowKind};
use breakwater_accounting::{Acquired, Disposed, FillReason, Kind, Payer};
use breakwater_engine::Engine;
use breakwater_liquidation::{Call, Policy};
use breakwater_money::{AccountId, Rational, rational};
use num_traits::Signed;
use std::sync::Arc;

fn number(text: &str) -> Rational {
    rational::parse(text).unwrap()
}

/// The accounts of everything that the stage was told.
fn books(stage: &Stage) -> JournalAccounts {
    let mut engine = Engine::new(Arc::new(Shelf));
    let mut books = JournalBooks::new();
    for command in &stage.journal {
        books.apply(&mut engine, command).unwrap();
    }
    assert_eq!(engine.state_hash(), stage.engine.state_hash());
    books.finish(&engine).unwrap()
}

/// Ten ETH at 2,000 against 15,000; at 1,800 a liquidator repays 5,000 and takes 5 % more.
fn seized() -> Stage {
    let mut stage = Stage::lending("", Policy::as_is(), 3);
    stage.owes(1, ETH, 10 * ONE_ETH, 15_000 * ONE_CASH);
    stage.wait(SECOND);
    stage.price(ETH, at(1_800));
    stage.wait(SECOND);
    stage.done(seize(1, ETH, 5_000 * ONE_CASH));
    stage
}

#[test]
fn a_seizure_has_market_value_against_basis_and_a_penalty() {
    let accounts = books(&seized());
    let result = &accounts.accounts[1];
    // 5,250 at 1,800 are 2.91666... ETH, which cost 2,000 each: 5,833.33.
    assert_eq!(result.of(RowKind::Deposited), number("20000"));
    assert_eq!(result.of(RowKind::Borrowed), number("-15000"));
    let row = accounts.rows.iter().find(|row| row.kind == RowKind::Seized).unwrap();
    assert_eq!(row.quantity, number("-2.916666666666666666"));
    assert_eq!(row.basis, number("5833.333333333333332"));
    assert_eq!(row.amount, number("-583.3333333333333332"));
    let valuations = row.valuations.as_ref().unwrap();
    assert_eq!(valuations.discharged, number("5000"));
    // The venue's own word, rounded down to a millionth.
    assert_eq!(valuations.market, number("5249.999999"));
    assert_eq!(result.of(RowKind::Penalty), number("-249.9999999999999988"));
    // Debt discharged less basis.
    assert_eq!(result.net_realised(), number("-833.333333333333332"));
    assert!(result.was_liquidated() && !accounts.accounts[2].was_liquidated());
    // 7.083333 ETH at 1,800 against 10,000.
    assert_eq!(result.equity, number("2750.0000000000000012"));
}

#[test]
fn a_seizure_is_told_as_entries_too() {
    let accounts = books(&seized());
    let entries = &accounts.entries[&AccountId(1)];
    let kinds: Vec<&Kind> = entries.iter().map(|entry| &entry.kind).collect();
    let [Kind::Acquire(bought), Kind::Borrow(borrow), Kind::Transfer(moved), seizure @ ..] =
        &kinds[..]
    else {
        panic!("{kinds:?}")
    };
    assert_eq!((bought.how, bought.cost.to_string()), (Acquired::Assumed, "20000".to_owned()));
    assert_eq!(borrow.quantity.to_string(), "15000");
    assert_eq!(moved.sent, moved.received);
    let (mut disposed, mut repaid) = (None, None);
    for kind in seizure {
        match kind {
            Kind::Dispose(dispose) => disposed = Some(dispose),
            Kind::Repay(repay) => repaid = Some(repay),
            other => panic!("{other:?}"),
        }
    }
    let (disposed, repaid) = (disposed.unwrap(), repaid.unwrap());
    assert_eq!(disposed.how, Disposed::Seizure);
    assert_eq!(disposed.proceeds.to_string(), "5000");
    assert_eq!(disposed.market.unwrap().to_string(), "5249.999999");
    assert_eq!((repaid.payer, repaid.quantity.to_string()), (Payer::Liquidator, "5000".to_owned()));
    assert!(accounts.names.is_cash(repaid.asset) && !accounts.names.is_cash(disposed.asset));
    assert!(accounts.assumptions.iter().any(|told| told.contains("paid in later")));
}

/// A long of 10 ETH at 2,000 with 2,100 of margin, and a short against it.
fn positions() -> Stage {
    let mut stage = Stage::perpetual(venue_sells(), 3);
    stage.done(deposit(1, CASH, 2_100 * ONE_CASH));
    stage.done(deposit(2, CASH, 50_000 * ONE_CASH));
    stage.done(trade(Some(1), Some(2), ETH, 10 * ONE_ETH, at(2_000)));
    stage
}

#[test]
fn funding_and_a_forced_sale_have_rows_of_their_own() {
    let mut stage = positions();
    stage
        .done(breakwater_engine::Body::Call(Call::Fund { contract: ETH, rate_e12: 1_000_000_000 }));
    stage.wait(SECOND);
    let outcome = stage.price(ETH, at(1_850));
    let order = orders(&outcome)[0];
    let proceeds = order.quantity * 1_840 * ONE_CASH / ONE_ETH;
    stage.done(fill(order.leg, order.quantity, proceeds, true));
    let accounts = books(&stage);
    let (long, short) = (&accounts.accounts[1], &accounts.accounts[2]);
    // A thousandth of 20,000.
    assert_eq!(long.funding, number("-20"));
    assert_eq!(short.funding, number("20"));
    let closed = rational::from_raw(order.quantity as i128, 18);
    let loss = closed * number("160");
    // The ledger counts whole millionths.
    assert!((long.of(RowKind::Liquidated) + loss).abs() < number("0.000003"));
    assert!(long.was_liquidated() && !short.was_liquidated());
    assert_eq!(short.unrealised, number("1500"));
    let fills: Vec<FillReason> = accounts.entries[&AccountId(1)]
        .iter()
        .filter_map(|entry| match &entry.kind {
            Kind::Fill(fill) => Some(fill.reason),
            _ => None,
        })
        .collect();
    assert_eq!(fills, [FillReason::Trade, FillReason::Liquidation]);
}

#[test]
fn a_winner_that_is_closed_is_told_apart_from_the_bankrupt() {
    let policy = {
        let mut policy = venue_sells();
        policy.backstop.insurance = true;
        policy.backstop.deleverage = Some(breakwater_liquidation::backstop::Deleverage::Queue);
        policy
    };
    let mut stage = Stage::perpetual(policy, 3);
    stage.done(deposit(1, CASH, 2_100 * ONE_CASH));
    stage.done(deposit(2, CASH, 50_000 * ONE_CASH));
    stage.done(trade(Some(1), Some(2), ETH, 10 * ONE_ETH, at(2_000)));
    stage.wait(SECOND);
    let outcome = stage.price(ETH, at(1_700));
    if let Some(order) = orders(&outcome).first() {
        stage.done(fill(order.leg, 0, 0, true));
    }
    let accounts = books(&stage);
    let (long, short) = (&accounts.accounts[1], &accounts.accounts[2]);
    // What the long lost, the short has won at the same price, and nobody else.
    assert_eq!(long.of(RowKind::Liquidated), -short.of(RowKind::Deleveraged));
    assert_eq!(long.net_realised(), number("-2100"));
    assert!(short.of(RowKind::Deleveraged) > number("2000"));
}
