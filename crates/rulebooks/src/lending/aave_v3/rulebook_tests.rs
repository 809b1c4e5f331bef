//! What the versions do to a pool, their effects carried out.

#![cfg(test)]

use super::{RULE, Version};
use crate::lending::reserves::test_book::{A, B, Book, ONE_USDC, ONE_WETH, RAY, USDC, WETH};
use breakwater_liquidation::{Call, StateKey};
use breakwater_money::{U256, Unit};

const FILE: &str = include_str!("../../../../../rulebooks/aave-v3.7.toml");

/// Ten ether at 2,000 against 17,500 dollars under one version: health 0.9828...
fn book(version: Version, file: &str) -> Book {
    let file = file.replacen("version = \"3.7\"", &format!("version = {:?}", version.name()), 1);
    let mut book = Book::new(RULE, &file);
    book.give(A, WETH, 10 * ONE_WETH, 0);
    book.give(A, USDC, 0, 17_500 * ONE_USDC);
    book
}

/// B takes ether as shares.
const TAKE: Call = Call::RepayAndSeize {
    account: A,
    debt: USDC,
    collateral: WETH,
    amount: 1_000 * ONE_USDC,
    shares: true,
    liquidator: Some(B),
};

#[test]
fn only_in_v3_5_do_shares_that_a_liquidator_receives_become_its_collateral() {
    let flag = |book: &Book| book.state.get(StateKey::Account(B, 0)).bit(WETH.index());
    let after = |mut book: Book| {
        let effects = book.execute(&TAKE);
        book.commit(&effects);
        assert!(book.rows.accounts[B.index()].iter().any(|h| h.unit == Unit::supply(WETH)));
        flag(&book)
    };
    let flags = Version::ALL.map(|version| after(book(version, FILE)));
    assert_eq!(flags, [true, false, false]);

    // Where it holds some already its own choice stands, and so it does for an asset that cannot
    // be collateral; a threshold of the account's own is what makes that one liquidatable.
    let mut held = book(Version::V3_5, FILE);
    held.give(B, WETH, 1, 0);
    assert!(held.state.set(StateKey::Account(B, 0), U256::ZERO));
    assert!(!after(held));
    let none =
        FILE.replacen("liquidation_threshold_bps = 8600", "liquidation_threshold_bps = 0", 1);
    assert_ne!(none, FILE);
    let mut debt_only = book(Version::V3_5, &none);
    assert!(debt_only.state.set(StateKey::Account(A, 2), U256::from(8_600)));
    assert!(!after(debt_only));
}

#[test]
fn the_version_decides_about_a_unit_of_what_is_seized() {
    // An index of 1.1, so that the shares do not fall on whole units; 1 % of the bonus is a fee.
    let file =
        FILE.replace("liquidation_protocol_fee_bps = 0", "liquidation_protocol_fee_bps = 100");
    let paid = Version::ALL.map(|version| {
        let mut book = book(version, &file);
        book.index(WETH, RAY + RAY / 10, RAY);
        book.give(A, USDC, 0, 2_000 * ONE_USDC);
        // Prices and amounts a base unit apart, so that the quotients end anywhere.
        let amounts = (1..40).map(|odd| {
            book.price(WETH, 200_000_000_000 + odd);
            let call = TAKE.with_amount(1_000 * ONE_USDC + odd);
            book.execute(&call).transfers.iter().map(|t| t.amount).collect::<Vec<_>>()
        });
        amounts.collect::<Vec<_>>()
    });
    assert_eq!(paid[0], paid[1], "v3.5 and v3.6 move the same amounts");
    let differ = paid[1].iter().zip(&paid[2]).filter(|(older, newer)| older != newer).count();
    assert!(differ >= 20, "{differ} of 39 calls differ from v3.6 to v3.7");
}

#[test]
fn what_is_had_and_owed_is_valued_with_indices_carried_forward() {
    let mut book = book(Version::V3_7, FILE);
    book.index(WETH, 2 * RAY, RAY);
    book.index(USDC, RAY, RAY + RAY / 2);
    let sides = book.rulebook.sides(&book.view(), A).unwrap();
    assert_eq!((sides.collateral, sides.debt), (4_000_000_000_000, 2_625_000_000_000));
}
