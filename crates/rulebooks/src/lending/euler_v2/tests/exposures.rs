//! What the watch list is told bounds what prices and time may do.

use super::*;
use breakwater_liquidation::Exposures;
use breakwater_money::Rational;
use proptest::prelude::*;

/// A position in two vaults, its prices before and after, and the seconds between.
#[derive(Debug, Clone)]
struct Case {
    debt: AssetId,
    steth: u128,
    weth: u128,
    owed: u128,
    prices: [(u128, u128); 3],
    seconds: u64,
}

fn any_case() -> impl Strategy<Value = Case> {
    let sizes = (0u32..64, 1u128..1_000, 0u32..64, 900u128..1_150);
    let moves = (700u128..1_400, 700u128..1_400, 800u128..1_200, 50u128..5_000);
    let debts = prop_oneof![Just(USDC), Just(DAI), Just(GUSD)];
    (debts, sizes, moves, 0u64..=3_600).prop_map(
        |(debt, (s, part, w, worth), (m0, m1, m2, dollars), seconds)| {
            let (steth, weth) = ((1u128 << s) * part / 100 + 1, (1u128 << w) / 2 + 1);
            let prices = [dollars * 100_000_000, 2_000 * 100_000_000, 100_000_000];
            // About what the weights carry, in the debt's own units.
            let value = U256::from(steth) * U256::from(prices[0])
                + U256::from(weth) * U256::from(prices[1]);
            let whole = match debt {
                USDC => DOLLAR,
                GUSD => 100,
                _ => ETHER,
            };
            let carried = value * U256::from(85 * worth) / U256::from(100_000u32)
                * U256::from(whole)
                / (U256::from(ETHER) * U256::from(100_000_000u64));
            let owed = u128::try_from(carried).unwrap().clamp(1, 1 << 90);
            let moved = |i: usize, m: u128| (prices[i], prices[i] * m / 1_000);
            let prices = [moved(0, m0), moved(1, m1), moved(2, m2)];
            Case { debt, steth, weth, owed, prices, seconds }
        },
    )
}

/// Before and after a move of prices and time.
struct Moved {
    before: Health,
    after: Health,
    /// What the told terms and the told error say may have been gained and lost, at most.
    gain: U256,
    loss: U256,
}

impl Case {
    fn run(&self) -> Moved {
        let mut book = Book::new();
        book.import(A, (STETH, self.steth), (self.debt, self.owed));
        book.does(&Call::Import { account: A, asset: WETH, collateral: self.weth, debt: 0 });
        // Ether is lent at nearly all that there is, and so at nearly the highest rate.
        book.import(C, (STETH, 1_000_000 * ETHER), (WETH, 1_000 * ETHER));
        book.pass(1_000);
        book.does(&deposit(B, WETH, 10));
        let assets = [STETH, WETH, self.debt];
        for (asset, (from, _)) in assets.iter().zip(self.prices) {
            book.price(*asset, from);
        }
        let before = book.health(A);
        let mut told = Exposures::default();
        let armed = book.rulebook.exposures(&book.view(), A, &mut told).unwrap();
        for (asset, (_, to)) in assets.iter().zip(self.prices) {
            book.price(*asset, to);
        }
        book.pass(self.seconds);
        assert!(book.now <= armed.until);
        let error = U256::from(armed.error);
        let mut moved = Moved { before, after: book.health(A), gain: error, loss: error };
        for term in &told.terms {
            let at = assets.iter().position(|a| MarketId(a.0) == term.market).unwrap();
            let (from, to) = self.prices[at];
            let part = term.equity.unsigned_abs().max(term.requirement);
            let change = U256::from(part) * U256::from(to.abs_diff(from)) / U256::from(from);
            let helps = (to >= from) == (term.requirement == 0);
            *(if helps { &mut moved.gain } else { &mut moved.loss }) += change;
        }
        moved
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn nobody_crosses_the_line_before_the_told_bound_does(case in any_case()) {
        let Moved { before, after, gain, loss } = case.run();
        let equity = U256::from(before.equity.unsigned_abs());
        let requirement = U256::from(before.requirement);
        if before.breach && !after.breach {
            prop_assert!(gain >= requirement.saturating_sub(equity), "cured late");
        }
        if !before.breach && after.breach {
            prop_assert!(loss >= equity.saturating_sub(requirement), "broke late");
        }
    }

    /// Just above its price the account is healthy, just below it is in breach.
    #[test]
    fn the_liquidation_price_is_the_line(case in any_case()) {
        let mut book = Book::new();
        book.import(A, (STETH, case.steth), (case.debt, case.owed));
        let price = book.rulebook.liquidation_price(&book.view(), A, STETH).unwrap();
        let Some(price) = price else { return Ok(()) };
        let raw = price * Rational::from_integer(100_000_000.into());
        let raw: u128 = match raw.to_integer().try_into() {
            Ok(raw) if raw < 1 << 100 => raw,
            _ => return Ok(()),
        };
        // The price is exact on the balances. Values are rounded by a unit of account a side, and the
        // weighted one once more: what that is in units of the price of so much collateral, at a
        // weight of a half or more.
        if case.steth < ETHER / 1_000 { return Ok(()) }
        let margin = 8 * ETHER / case.steth + 1;
        book.price(STETH, raw + margin);
        prop_assert!(!book.health(A).breach);
        book.price(STETH, raw.saturating_sub(margin).max(1));
        prop_assert!(book.health(A).breach);
    }
}

#[test]
fn the_cases_cross_the_line_both_ways() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut cured, mut broken) = (0, 0);
    for _ in 0..1_000 {
        let moved = any_case().new_tree(&mut runner).unwrap().current().run();
        cured += u32::from(moved.before.breach && !moved.after.breach);
        broken += u32::from(!moved.before.breach && moved.after.breach);
    }
    assert!(cured > 50 && broken > 50, "cured {cured}, broken {broken}");
}

#[test]
fn an_account_without_debt_waits_for_nothing() {
    let mut book = Book::new();
    book.does(&deposit(A, STETH, ETHER));
    let mut told = Exposures::default();
    let armed = book.rulebook.exposures(&book.view(), A, &mut told).unwrap();
    assert_eq!((armed.until, armed.error, told.terms.len()), (Time::MAX, 0, 0));
    // At the best weight of any vault.
    let health = book.health(A);
    assert_eq!((health.equity, health.requirement), (1_860 * 100_000_000, 0));
    assert_eq!(book.rulebook.liquidation_price(&book.view(), A, STETH).unwrap(), None);
}

#[test]
fn a_debt_without_interest_waits_for_prices_alone() {
    let mut book = Book::new();
    book.import(A, (STETH, ETHER), (USDC, 1_000 * DOLLAR));
    let mut told = Exposures::default();
    let armed = book.rulebook.exposures(&book.view(), A, &mut told).unwrap();
    assert_eq!(armed.until, Time::MAX);
    // Six millionths of a dollar, six wei, and a few units of the numeraire.
    assert!(armed.error < 700, "{}", armed.error);
    let markets: Vec<MarketId> = told.terms.iter().map(|t| t.market).collect();
    assert_eq!(markets, [MarketId(2), MarketId(0)]);
}

#[test]
fn a_weight_on_a_ramp_is_looked_at_within_the_hour() {
    let mut book = Book::new();
    book.import(A, (STETH, ETHER), (DAI, 1_000 * ETHER));
    // 7,500 half way down; an hour later 18 % of the distance less.
    assert_eq!(book.health(A).equity, 1_500 * 100_000_000);
    let mut told = Exposures::default();
    let armed = book.rulebook.exposures(&book.view(), A, &mut told).unwrap();
    assert_eq!(armed.until, book.now.after(3_600 * NANOS_PER_SECOND));
    assert!(armed.error >= 2_000 * 5_400_000, "{}", armed.error);
    book.pass(3_600);
    assert_eq!(book.health(A).equity, 2_000 * 69_600_000);
    book.pass(10_000);
    assert_eq!(book.health(A).equity, 1_200 * 100_000_000);
    // A threshold of the account's own is on no ramp.
    book.does(&threshold(A, 7_000));
    assert_eq!(book.health(A).equity, 1_400 * 100_000_000);
}
