//! What is offered is taken, now and when it is included.

use super::super::{Call as ContractCall, Now, Position, Terms, largest_call, liquidate};
use super::*;
use breakwater_liquidation::Overlay;
use breakwater_money::Wad;
use proptest::prelude::*;

/// A's position, the price of its collateral in 1e-8 dollars, and another's debt in its market.
#[derive(Debug, Clone)]
struct Case {
    growing: bool,
    collateral: u128,
    debt: u128,
    price: u128,
    others: u128,
    elapsed: u64,
    own: u64,
}

fn any_case() -> impl Strategy<Value = Case> {
    // From single units to millions of dollars and ethers, the collateral worth a third of the debt
    // to twice it where a price can say so.
    let sizes = (0u32..60, 1u128..1_000, 0u32..40, 1u128..1_000, 0u32..40);
    let rest = (
        any::<bool>(),
        333u128..2_000,
        prop_oneof![Just(0), 1u64..40_000_000],
        prop_oneof![Just(0), 1u64..10_000],
    );
    (sizes, rest).prop_map(|((c, c_part, d, d_part, o), (growing, worth, elapsed, own))| {
        let (collateral, debt) = ((1u128 << c) * c_part, ((1u128 << d) * d_part).div_ceil(1_000));
        let even = (debt * 100).saturating_mul(ETHER) / collateral;
        Case {
            growing,
            collateral,
            debt,
            price: (even.min(10u128.pow(18)) * worth / 1_000).max(1),
            others: 1u128 << o,
            elapsed: if growing { elapsed } else { 0 },
            own,
        }
    })
}

impl Case {
    fn book(&self) -> (Book, AssetId) {
        let mut book = Book::new();
        let collateral = if self.growing { WETH } else { STETH };
        book.does(&threshold(A, self.own));
        book.import(A, (collateral, self.collateral), (USDC, self.debt));
        book.import(C, (collateral, 1_000_000 * ETHER), (USDC, self.others));
        book.pass(self.elapsed);
        book.price(collateral, self.price);
        (book, collateral)
    }
}

proptest! {
    #[test]
    fn every_option_is_accepted_now_and_a_minute_later(case in any_case()) {
        let (mut book, collateral) = case.book();
        let before = book.health(A);
        let mut options = Vec::new();
        book.rulebook.calls(&book.view(), A, &mut options).unwrap();
        prop_assert_eq!(options.len(), usize::from(before.breach));
        let Some(option) = options.pop() else { return Ok(()) };
        let mut results = Vec::new();
        for seconds in [0, 1, 12, 59, 60] {
            let view = book.view().at(book.now.after(seconds * NANOS_PER_SECOND));
            let done = book.rulebook.execute(&view, &option.call);
            prop_assert!(done.is_ok(), "{} s later: {:?}", seconds, done);
            // All of one side is gone whenever it is included.
            let overlay = Overlay::new(view, A, &done.unwrap()).unwrap();
            let left = |unit| overlay.view().owned(A, unit);
            let (held, owed) = (left(Unit::supply(collateral)), left(Unit::debt(USDC)));
            prop_assert!(held == 0 || owed == 0, "{} s later {} and {}", seconds, held, owed);
            prop_assert!(held > 0 || owed == 0);
            results.push((held, owed));
        }
        prop_assert_eq!(option.repaid.asset, USDC);
        prop_assert_eq!(option.seized.asset, collateral);
        book.does(&option.call);
        book.balanced();
    }

    #[test]
    fn any_smaller_offer_is_accepted_and_costs_no_more(case in any_case(), part in 1u128..1_000) {
        let (mut book, collateral) = case.book();
        let mut options = Vec::new();
        book.rulebook.calls(&book.view(), A, &mut options).unwrap();
        let Some(option) = options.pop() else { return Ok(()) };
        let before = book.health(A);
        let offer = (option.repaid.raw / 1_000 * part).max(1);
        let call = option.call.with_amount(offer);
        let effects = match book.rulebook.execute(&book.view(), &call) {
            Ok(effects) => effects,
            Err(rejected) => {
                // A share worth more than the offer.
                prop_assert_eq!(rejected.rejection, Rejection::ZeroBurn);
                return Ok(());
            }
        };
        let paid = effects.net(Holder::Reserve, USDC).unsigned_abs();
        prop_assert!(paid <= offer);
        prop_assert!(paid <= option.repaid.raw + 1);
        book.commit(&effects);
        let left = book.owned(A, Unit::supply(collateral));
        prop_assert!(left > 0 || book.owned(A, Unit::debt(USDC)) == 0);
        // A leg that is not toxic does not hurt, but for what a unit of the loan weighs.
        if !option.toxic && book.owned(A, Unit::debt(USDC)) > 1_000_000_000_000 {
            let dust = before.ratio.raw / U256::from(100_000);
            prop_assert!(book.health(A).ratio.raw + dust >= before.ratio.raw);
        }
    }

    /// The mapping's own claim: of all the arguments that cost no more than the offer, none that is
    /// accepted takes more collateral.
    #[test]
    fn no_affordable_argument_takes_more(
        collateral in 1u128..60, debt in 1u128..40, odd in 0u128..1_000_000, offered in 1u128..50,
        price in 1u64..4_000, others in 0u128..20,
    ) {
        let market = Market {
            total_supply_assets: debt + others,
            total_supply_shares: (debt + others) * 1_000_000,
            total_borrow_assets: debt + others,
            total_borrow_shares: (debt + others) * 1_000_000 + odd,
        };
        let position =
            Position { collateral, borrow_shares: debt * 1_000_000 + odd, own_lltv: None };
        let terms = Terms { lltv: Wad::new(860_000_000_000_000_000), fee: Wad::default() };
        // From a thousandth to four loan units a unit of collateral.
        let price = U256::from(10).pow(U256::from(33)) * U256::from(price);
        let now =
            Now { elapsed_seconds: 0, borrow_rate_per_second: U256::ZERO, collateral_price: price };
        let run = |call: &ContractCall| liquidate(&terms, &market, &position, &now, call);
        let by = |seized: u128, shares: u128| ContractCall {
            seized_assets: U256::from(seized),
            repaid_shares: U256::from(shares),
        };
        if run(&by(0, 1)).is_err() { return Ok(()) }
        let offered = U256::from(offered);
        let chosen = largest_call(&terms, &market, &position, price, offered).unwrap();
        let chosen = run(&chosen.unwrap()).unwrap();
        prop_assert!(chosen.repaid_assets <= offered);
        for seized in 1..=collateral {
            if let Ok(other) = run(&by(seized, 0)) && other.repaid_assets <= offered {
                prop_assert!(other.seized_assets <= chosen.seized_assets);
            }
        }
        for step in 1..=40u128 {
            let shares = position.borrow_shares / 40 * step;
            if let Ok(other) = run(&by(0, shares)) && other.repaid_assets <= offered {
                prop_assert!(other.seized_assets <= chosen.seized_assets);
            }
        }
    }
}

#[test]
fn the_cases_reach_every_branch() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut breached, mut lost, mut cleared, mut toxic) = (0, 0, 0, 0);
    for _ in 0..1_000 {
        let (book, _) = any_case().new_tree(&mut runner).unwrap().current().book();
        let mut options = Vec::new();
        book.rulebook.calls(&book.view(), A, &mut options).unwrap();
        let Some(option) = options.pop() else { continue };
        let effects = book.rulebook.execute(&book.view(), &option.call).unwrap();
        breached += 1;
        toxic += u32::from(option.toxic);
        if effects.facts.len() > 1 { lost += 1 } else { cleared += 1 }
    }
    assert!(breached > 300 && breached < 950, "breached {breached}");
    assert!(lost > 100, "lost {lost}");
    assert!(cleared > 100, "cleared {cleared}");
    assert!(toxic > 100 && toxic < breached - 30, "toxic {toxic}");
}

#[test]
fn an_offer_still_takes_all_collateral_once_shares_are_no_whole_millionths() {
    // At a million shares a unit the cost turns into shares and back without a rest; a second of
    // interest later it is a unit more.
    let mut book = Book::new();
    book.import(A, (WETH, ETHER), (USDC, 1_500 * DOLLAR));
    book.import(C, (WETH, 1_000 * ETHER), (USDC, 500_000 * DOLLAR));
    book.price(WETH, 100_000_000_000);
    let mut options = Vec::new();
    book.rulebook.calls(&book.view(), A, &mut options).unwrap();
    let cost = options[0].repaid.raw;
    book.pass(1);
    let effects = book.does(&options[0].call);
    assert_eq!(effects.net(Holder::Reserve, USDC).unsigned_abs(), cost + 1);
    assert_eq!(book.owned(A, Unit::supply(WETH)), 0);
}

#[test]
fn an_option_tells_what_its_caller_pays_and_gets() {
    let mut book = Book::new();
    book.import(A, (STETH, ETHER), (USDC, 1_000 * DOLLAR));
    book.price(STETH, 116_000_000_000);
    let mut options = Vec::new();
    book.rulebook.calls(&book.view(), A, &mut options).unwrap();
    let option = &options[0];
    assert_eq!(option.repaid.raw, 1_000 * DOLLAR);
    assert_eq!((option.repaid_value, option.reward_value), (100_000_000_000, 0));
    // 4.3841 % of 1,000 dollars.
    assert_eq!(option.gain() / 1_000, 4_384_133);
    assert!(!option.toxic);
    // LLTV times incentive is 0.8977: below that ratio each part costs health.
    book.price(STETH, 104_385_000_000);
    options.clear();
    book.rulebook.calls(&book.view(), A, &mut options).unwrap();
    assert!(!options[0].toxic, "{}", book.health(A).ratio);
    book.price(STETH, 104_384_000_000);
    options.clear();
    book.rulebook.calls(&book.view(), A, &mut options).unwrap();
    assert!(options[0].toxic, "{}", book.health(A).ratio);
    assert_eq!(book.rulebook.incentive_most_bps(), Some(10_742));
}
