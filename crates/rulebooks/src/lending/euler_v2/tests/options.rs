//! What is offered is taken, now and when it is included.

use super::*;
use breakwater_liquidation::{Fact, Overlay};
use proptest::prelude::*;

/// A's debt, up to three collaterals with their prices, and what else moves the vaults.
#[derive(Debug, Clone)]
struct Case {
    debt: AssetId,
    owed: u128,
    held: Vec<(AssetId, u128)>,
    /// In 1e-8 dollars, for STETH and WETH.
    prices: (u128, u128),
    lent: u128,
    elapsed: u64,
    own: u64,
}

fn any_amount(decimals: u32) -> impl Strategy<Value = u128> {
    // From single units to millions.
    (0..=decimals + 5, 1u128..1_000)
        .prop_map(|(power, part)| (10u128.pow(power) * part).div_ceil(100).max(1))
}

fn any_case() -> impl Strategy<Value = Case> {
    let debts = prop_oneof![
        (Just(USDC), any_amount(6)),
        (Just(WETH), any_amount(18)),
        (Just(DAI), any_amount(18)),
        (Just(GUSD), any_amount(2)),
    ];
    let held = (any_amount(18), any_amount(18), any_amount(6), any_amount(2), 1u8..16);
    let rest = (
        (1u128..2_000_000_000_000, 1u128..2_000_000_000_000),
        0u128..10 * ETHER,
        prop_oneof![Just(0), 1u64..40_000_000],
        prop_oneof![Just(0u64), 1u64..10_000],
        // Of the debt, how much of the collateral is meant to be worth, per mille.
        prop_oneof![Just(None), (200u128..1_600).prop_map(Some)],
    );
    (debts, held, rest).prop_map(|((debt, owed), held, (prices, lent, elapsed, own, worth))| {
        let all = [(STETH, held.0), (WETH, held.1), (USDC, held.2), (GUSD, held.3)];
        let chosen = all.iter().enumerate().filter(|(i, _)| held.4 & (1 << i) != 0);
        let mut held: Vec<(AssetId, u128)> =
            chosen.map(|(_, h)| *h).filter(|(asset, _)| *asset != debt).collect();
        let mut case = Case { debt, owed, held: held.clone(), prices, lent, elapsed, own };
        if let (Some(worth), Some(first)) = (worth, held.first_mut()) {
            let unit = |asset: AssetId| match asset {
                USDC => (1_000_000u128, 100_000_000u128),
                GUSD => (100, 100_000_000),
                DAI => (ETHER, 100_000_000),
                STETH => (ETHER, prices.0),
                _ => (ETHER, prices.1),
            };
            let (whole, price) = unit(debt);
            let value = U256::from(owed) * U256::from(price) / U256::from(whole);
            let (whole, price) = unit(first.0);
            let amount = value * U256::from(worth) * U256::from(whole) / U256::from(price * 1_000);
            first.1 = u128::try_from(amount).unwrap_or(1 << 80).clamp(1, 1 << 80);
            held.truncate(1 + usize::from(worth.is_multiple_of(2)));
            case.held = held;
        }
        case
    })
}

impl Case {
    fn book(&self) -> Book {
        let mut book = Book::new();
        book.does(&threshold(A, self.own));
        for (asset, collateral) in &self.held {
            let (asset, collateral) = (*asset, *collateral);
            book.does(&Call::Import { account: A, asset, collateral, debt: 0 });
        }
        book.import(A, (NOPE, 0), (self.debt, self.owed));
        // Another borrower, so that ether earns and costs interest.
        book.does(&Call::Import { account: C, asset: USDC, collateral: 1 << 80, debt: 0 });
        book.does(&deposit(B, WETH, 20 * ETHER));
        if self.lent > 0 {
            book.does(&borrow(C, WETH, self.lent));
        }
        book.pass(self.elapsed);
        book.price(STETH, self.prices.0);
        book.price(WETH, self.prices.1);
        book
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_option_is_accepted_now_and_a_minute_later(case in any_case()) {
        let book = case.book();
        let before = book.health(A);
        let options = book.options(A);
        prop_assert!(before.breach || options.is_empty());
        let mut last = u128::MAX;
        for option in &options {
            prop_assert!(option.gain() <= last);
            last = option.gain();
            for seconds in [0, 1, 12, 59, 60] {
                let view = book.view().at(book.now.after(seconds * NANOS_PER_SECOND));
                let done = book.rulebook.execute(&view, &option.call);
                prop_assert!(done.is_ok(), "{} s later: {:?}", seconds, done);
                let effects = done.unwrap();
                let overlay = Overlay::new(view, A, &effects).unwrap();
                for held in overlay.view().holdings(A).unwrap() {
                    prop_assert!(held.balance > 0);
                }
            }
            let mut book = case.book();
            let effects = book.does(&option.call);
            book.balanced();
            let paid = effects.net(Holder::Reserve, case.debt).unsigned_abs();
            prop_assert_eq!(option.repaid.raw, paid);
            let (_, collateral) = option.call.pair().unwrap();
            let got = effects.net(Holder::External, collateral).unsigned_abs();
            prop_assert_eq!(option.seized.raw, got);
            // A loss is booked only when nothing is left that could be seized.
            let lost = effects.facts.iter().any(|f| matches!(f, Fact::Deficit { .. }));
            prop_assert!(!lost || book.owned(A, Unit::debt(case.debt)) == 0);
        }
    }

    #[test]
    fn a_part_of_a_leg_that_is_not_toxic_does_not_hurt(case in any_case(), part in 1u128..1_000) {
        let book = case.book();
        let before = book.health(A);
        for option in book.options(A) {
            let mut book = case.book();
            let offer = (option.repaid.raw / 1_000 * part).max(1);
            let call = option.call.with_amount(offer);
            let effects = book.rulebook.execute(&book.view(), &call);
            let effects = match effects {
                Ok(effects) => effects,
                Err(rejected) => {
                    // A part too small to move anything.
                    prop_assert_eq!(rejected.rejection, Rejection::NothingToSell);
                    continue;
                }
            };
            let paid = effects.net(Holder::Reserve, case.debt).unsigned_abs();
            // The rest of a base unit is paid as a whole one.
            prop_assert!(paid <= offer + 1);
            book.commit(&effects);
            let owed = book.owned(A, Unit::debt(case.debt)) / UNIT;
            // What a unit of the debt weighs is a part of it.
            if !option.toxic && owed > 1_000_000 && before.equity > 1_000_000 {
                let dust = before.ratio.raw / U256::from(100_000);
                prop_assert!(book.health(A).ratio.raw + dust >= before.ratio.raw);
            }
        }
    }
}

#[test]
fn the_cases_reach_every_branch() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut breached, mut several, mut lost, mut kept, mut toxic, mut cured) = (0, 0, 0, 0, 0, 0);
    for _ in 0..1_000 {
        let book = any_case().new_tree(&mut runner).unwrap().current().book();
        let options = book.options(A);
        breached += u32::from(book.health(A).breach);
        several += u32::from(options.len() > 1);
        let Some(option) = options.first() else { continue };
        let effects = book.rulebook.execute(&book.view(), &option.call).unwrap();
        toxic += u32::from(option.toxic);
        if effects.facts.len() > 1 {
            lost += 1;
        } else {
            let overlay = Overlay::new(book.view(), A, &effects).unwrap();
            let after = book.rulebook.assess(&overlay.view(), A).unwrap();
            if after.breach { kept += 1 } else { cured += 1 }
        }
    }
    let told = format!("{breached} {several} {lost} {kept} {toxic} {cured}");
    assert!(breached > 300 && breached < 950, "{told}");
    assert!(several > 50 && lost > 50 && kept > 50 && toxic > 50 && cured > 25, "{told}");
}
