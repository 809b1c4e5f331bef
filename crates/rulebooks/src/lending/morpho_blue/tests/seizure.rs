//! Liquidators' calls: what an offer becomes, and that the rulebook does what the contract would.

use super::super::{Call as ContractCall, Now, Outcome, PRICE_ONE, Position, Terms, liquidate};
use super::*;
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{Fact, Touched};
use breakwater_money::rounding::{Rounding, mul_div_full};
use breakwater_money::{Amount, Wad};

fn shares(shares: u128) -> ContractCall {
    ContractCall { seized_assets: U256::ZERO, repaid_shares: U256::from(shares) }
}

fn assets(assets: u128) -> ContractCall {
    ContractCall { seized_assets: U256::from(assets), repaid_shares: U256::ZERO }
}

/// A position of A in one of the markets, with the contract's terms of it.
struct Scene {
    book: Book,
    collateral: AssetId,
    loan: AssetId,
    lltv_bps: u64,
    fee_bps: u128,
    rate: u64,
    elapsed: u64,
}

impl Scene {
    /// Staked ether against dollars, without interest.
    fn plain(collateral: u128, debt: u128, dollars: u128) -> Self {
        let mut book = Book::new();
        book.import(A, (STETH, collateral), (USDC, debt));
        book.import(C, (STETH, 100 * ETHER), (USDC, 50_000 * DOLLAR));
        book.price(STETH, dollars * 100_000_000);
        Scene {
            book,
            collateral: STETH,
            loan: USDC,
            lltv_bps: 8_600,
            fee_bps: 0,
            rate: 0,
            elapsed: 0,
        }
    }

    /// Ether against dollars, at 100 % a year and a fee of a tenth, a while later.
    fn growing(collateral: u128, debt: u128, dollars: u128, elapsed: u64) -> Self {
        let mut book = Book::new();
        book.import(A, (WETH, collateral), (USDC, debt));
        book.import(C, (WETH, 100 * ETHER), (USDC, 50_000 * DOLLAR));
        book.pass(elapsed);
        book.price(WETH, dollars * 100_000_000);
        Scene {
            book,
            collateral: WETH,
            loan: USDC,
            lltv_bps: 8_000,
            fee_bps: 1_000,
            rate: 31_709_791_983,
            elapsed,
        }
    }

    /// What the contract does with `call`.
    fn contract(&self, call: &ContractCall) -> Outcome {
        let bps = 100_000_000_000_000;
        let terms = Terms {
            lltv: Wad::new(u128::from(self.lltv_bps) * bps),
            fee: Wad::new(self.fee_bps * bps),
        };
        let market = self.book.market(self.collateral, self.loan, self.lltv_bps);
        let position = Position {
            collateral: self.book.owned(A, Unit::supply(self.collateral)),
            borrow_shares: self.book.owned(A, Unit::debt(self.loan)),
            own_lltv: None,
        };
        let view = self.book.view();
        let price = U256::from(view.price(self.collateral).unwrap().raw);
        let dollar = U256::from(100_000_000u64);
        // 18 decimals of collateral against 6 of the loan: 1e36 less twelve.
        let scale = U256::from(PRICE_ONE) / U256::from(1_000_000_000_000u64);
        let now = Now {
            elapsed_seconds: self.elapsed,
            borrow_rate_per_second: U256::from(self.rate),
            collateral_price: mul_div_full(scale, price, dollar, Rounding::Floor).unwrap(),
        };
        liquidate(&terms, &market, &position, &now, call).unwrap()
    }

    /// Offers `amount` and holds what happens against the contract's answer to `call`.
    #[track_caller]
    fn same(mut self, amount: u128, call: &ContractCall) -> (Outcome, Effects) {
        let expected = self.contract(call);
        let effects = self.book.does(&seize(A, self.loan, self.collateral, amount));
        let market = self.book.market(self.collateral, self.loan, self.lltv_bps);
        assert_eq!(market, expected.market_after);
        let after = Position {
            collateral: self.book.owned(A, Unit::supply(self.collateral)),
            borrow_shares: self.book.owned(A, Unit::debt(self.loan)),
            own_lltv: None,
        };
        assert_eq!(after, expected.position_after);
        let paid = effects.net(Holder::Reserve, self.loan);
        assert_eq!(U256::from(paid.unsigned_abs()), expected.repaid_assets);
        let taken = -effects.net(Holder::Reserve, self.collateral);
        assert_eq!(taken.unsigned_abs(), expected.seized_assets);
        let fees = self.book.balance(Holder::Treasury, Unit::supply(self.loan));
        assert_eq!(fees.unsigned_abs(), expected.fee_shares);
        self.book.balanced();
        (expected, effects)
    }
}

#[test]
fn a_position_under_water_is_taken_whole_and_the_rest_is_lost_by_the_lenders() {
    // 1,000 of collateral for 1,500 owed: it costs 1,000 / 1.0438.
    let scene = Scene::plain(ETHER, 1_500 * DOLLAR, 1_000);
    let (outcome, effects) = scene.same(u128::MAX, &assets(ETHER));
    assert_eq!(outcome.repaid_assets, U256::from(958_000_001u64));
    assert_eq!(outcome.bad_debt_assets, 541_999_999);
    let lost = Amount::new(USDC, 541_999_999);
    let facts: Vec<&Fact> = effects.facts.iter().collect();
    let [Fact::Seized { repaid, seized, repaid_value, seized_value, .. }, deficit, borne] =
        facts[..]
    else {
        panic!("{facts:?}")
    };
    assert_eq!((repaid.raw, seized.raw), (958_000_001, ETHER));
    assert_eq!((*repaid_value, *seized_value), (95_800_000_100, 100_000_000_000));
    assert_eq!(*deficit, Fact::Deficit { account: A, amount: lost, value: 54_199_999_900 });
    assert_eq!(*borne, Fact::Borne { account: A, bearer: Bearer::Lenders, amount: lost });
}

#[test]
fn an_offer_of_just_the_cost_of_all_collateral_takes_it_and_a_unit_less_leaves_some() {
    let cost = 958_000_001;
    Scene::plain(ETHER, 1_500 * DOLLAR, 1_000).same(cost, &assets(ETHER));
    let scene = Scene::plain(ETHER, 1_500 * DOLLAR, 1_000);
    let (outcome, effects) = scene.same(cost - 1, &shares((cost - 1) * 1_000_000));
    assert!(outcome.position_after.collateral > 0);
    assert_eq!(effects.facts.len(), 1);
}

#[test]
fn a_position_above_water_is_repaid_whole_and_keeps_the_rest() {
    // 1,200 of collateral for 1,100 owed: repaid whole for 1,148 of it.
    let scene = Scene::plain(ETHER, 1_100 * DOLLAR, 1_200);
    let all = 1_100 * DOLLAR * 1_000_000;
    let (outcome, _) = scene.same(u128::MAX, &shares(all));
    assert_eq!(outcome.position_after.borrow_shares, 0);
    assert!(outcome.position_after.collateral > 0);
    for amount in [1, 77, 500 * DOLLAR, 1_100 * DOLLAR - 1] {
        Scene::plain(ETHER, 1_100 * DOLLAR, 1_200).same(amount, &shares(amount * 1_000_000));
    }
    for amount in [1_100 * DOLLAR, 1_100 * DOLLAR + 1] {
        Scene::plain(ETHER, 1_100 * DOLLAR, 1_200).same(amount, &shares(all));
    }
}

#[test]
fn without_collateral_a_single_share_books_the_loss() {
    let mut scene = Scene::plain(ETHER, 1_100 * DOLLAR, 1_200);
    // As after an outside write-off of the collateral.
    let units = 1_000_000_000_000_000_000;
    scene.book.rows.add(Holder::Account(A), Unit::supply(STETH), -units);
    scene.book.rows.add(Holder::Issuer, Unit::supply(STETH), units);
    assert!(scene.book.health(A).breach);
    let mut options = Vec::new();
    scene.book.rulebook.calls(&scene.book.view(), A, &mut options).unwrap();
    assert_eq!(options.len(), 1);
    assert_eq!((options[0].repaid.raw, options[0].seized.raw, options[0].gain()), (1, 0, 0));
    let (outcome, _) = scene.same(u128::MAX, &shares(1));
    assert_eq!((outcome.repaid_assets, outcome.bad_debt_assets), (U256::ONE, 1_100 * DOLLAR));
}

#[test]
fn interest_is_added_before_the_call_is_sized() {
    for elapsed in [1, 12, 86_400, 31_536_000] {
        let scene = Scene::growing(ETHER, 1_000 * DOLLAR, 900, elapsed);
        let (outcome, _) = scene.same(u128::MAX, &assets(ETHER));
        assert!(outcome.interest > 0 && outcome.fee_shares > 0 && outcome.bad_debt_assets > 0);
    }
    // Worth more than a debt of 1,645 with its incentive.
    let scene = Scene::growing(ETHER, 1_000 * DOLLAR, 1_800, 31_536_000 / 2);
    let (outcome, _) = scene.same(u128::MAX, &shares(1_000 * DOLLAR * 1_000_000));
    assert_eq!(outcome.bad_debt_assets, 0);
}

#[test]
fn calls_are_refused_by_class() {
    let mut book = Book::new();
    book.import(A, (STETH, ETHER), (USDC, 1_500 * DOLLAR));
    book.does(&deposit(B, WETH, ETHER));
    assert_eq!(book.refuses(&seize(A, USDC, STETH, u128::MAX)), Rejection::Healthy);
    book.price(STETH, 100_000_000_000);
    assert_eq!(book.refuses(&seize(A, USDC, STETH, 0)), Rejection::AmountZero);
    assert_eq!(book.refuses(&seize(A, WETH, STETH, 1)), Rejection::NotBorrowed);
    assert_eq!(book.refuses(&seize(A, USDC, WETH, 1)), Rejection::NotCollateral);
    assert_eq!(book.refuses(&seize(A, AssetId(9), STETH, 1)), Rejection::UnknownAsset);
    assert_eq!(book.refuses(&seize(B, USDC, WETH, 1)), Rejection::Healthy);
    assert_eq!(book.refuses(&seize(C, USDC, WETH, 1)), Rejection::Healthy);
    let stranger = AccountId(3);
    assert_eq!(book.refuses(&seize(stranger, USDC, WETH, 1)), Rejection::UnknownAccount);
    let call = |shares, liquidator| Call::RepayAndSeize {
        account: A,
        debt: USDC,
        collateral: STETH,
        amount: u128::MAX,
        shares,
        liquidator,
    };
    assert_eq!(book.refuses(&call(true, Some(B))), Rejection::BadParameter);
    assert_eq!(book.refuses(&call(false, Some(stranger))), Rejection::UnknownAccount);
    // The contract does not ask who calls; an account of the pool pays from outside as well.
    for caller in [None, Some(A), Some(B)] {
        let effects = book.rulebook.execute(&book.view(), &call(false, caller)).unwrap();
        assert!(effects.net(Holder::External, STETH) == 1_000_000_000_000_000_000);
    }
    book.marks[USDC.index()] = GuardState::default();
    assert_eq!(book.refuses(&seize(A, USDC, STETH, 1)), Rejection::MarkMissing);
}

#[test]
fn an_offer_that_pays_for_no_share_is_refused() {
    // A share worth two units: as after a long time in a small market.
    let mut book = Book::new();
    book.import(A, (STETH, ETHER), (USDC, 1_500 * DOLLAR));
    book.price(STETH, 100_000_000_000);
    let pair = u64::from(USDC.0);
    let dear = U256::from(1_500_000_000_000_000u64 + 1_000_000) * U256::from(2);
    assert!(book.state.set(StateKey::Cell(table::BORROW_ASSETS, pair, 8_600), dear));
    assert!(book.state.set(StateKey::Cell(table::SUPPLY_ASSETS, pair, 8_600), dear));
    assert_eq!(book.refuses(&seize(A, USDC, STETH, 1)), Rejection::ZeroBurn);
    assert_eq!(book.refuses(&seize(A, USDC, STETH, 2)), Rejection::ZeroBurn);
    assert!(book.rulebook.execute(&book.view(), &seize(A, USDC, STETH, 3)).is_ok());
}

#[test]
fn one_unit_of_price_or_debt_to_either_side_of_equality_decides() {
    // 1,000 dollars of debt at 86 % of one ether: 1,162.79... dollars; at 80 % exactly 1,250.
    for (price, debt, breach) in [
        (125_000_000_000, 1_000 * DOLLAR, false),
        (125_000_000_000, 1_000 * DOLLAR + 1, true),
        (125_000_000_000, 1_000 * DOLLAR - 1, false),
        (124_999_999_999, 1_000 * DOLLAR, true),
        (125_000_000_001, 1_000 * DOLLAR, false),
    ] {
        let mut book = Book::new();
        book.does(&threshold(A, 8_000));
        book.import(A, (STETH, ETHER), (USDC, debt));
        book.price(STETH, price);
        let health = book.health(A);
        assert_eq!(health.breach, breach, "{price} {debt}");
        assert_eq!(health.ratio < Wad::one(), breach);
        assert_eq!(health.shortfall > 0, breach);
        let called = book.rulebook.execute(&book.view(), &seize(A, USDC, STETH, u128::MAX));
        assert_eq!(called.is_ok(), breach);
    }
}

#[test]
fn an_own_threshold_moves_the_line_and_not_the_incentive() {
    let mut book = Book::new();
    book.import(A, (STETH, ETHER), (USDC, 1_000 * DOLLAR));
    assert!(!book.health(A).breach);
    book.does(&threshold(A, 4_999));
    assert!(book.health(A).breach);
    let effects = book.does(&seize(A, USDC, STETH, 100 * DOLLAR));
    // 104.38 dollars of ether at 2,000, as the market's own LLTV of 86 % has it.
    let taken = effects.net(Holder::External, STETH);
    assert!((taken - 52_192_066_805_845_511).abs() < 1_000_000_000_000, "{taken}");
    book.does(&threshold(A, 0));
    assert!(!book.health(A).breach);
}

#[test]
fn a_call_that_forgives_others_more_than_rounding_touches_them() {
    // Ten units a share, as after a long time in a small market.
    let mut book = Book::new();
    book.import(A, (STETH, ETHER), (USDC, 1));
    book.import(C, (STETH, ETHER), (USDC, 1));
    let pair = u64::from(USDC.0);
    let dear = U256::from(10 * 3_000_000 - 1);
    assert!(book.state.set(StateKey::Cell(table::BORROW_ASSETS, pair, 8_600), dear));
    assert!(book.state.set(StateKey::Cell(table::SUPPLY_ASSETS, pair, 8_600), dear));
    // Two units repay no share; of nine, C's third of all shares has six.
    for (amount, touched) in [(2, Touched::Nobody), (9, Touched::Everyone)] {
        let effects = book.rulebook.execute(&book.view(), &repay(A, USDC, amount)).unwrap();
        assert_eq!(effects.touched, touched, "{amount}");
        assert_eq!(effects.net(Holder::Reserve, USDC).unsigned_abs(), amount);
    }
}

#[test]
fn the_price_at_which_a_position_breaks_is_exact() {
    let mut book = Book::new();
    book.import(A, (STETH, 2 * ETHER), (USDC, 1_720 * DOLLAR));
    let price = |asset| book.rulebook.liquidation_price(&book.view(), A, asset).unwrap();
    let whole = |n: i64| Some(breakwater_money::Rational::from_integer(n.into()));
    assert_eq!(price(STETH), whole(1_000));
    assert_eq!(price(USDC), whole(2));
    assert_eq!(price(WETH), None);
    assert_eq!(book.rulebook.liquidation_price(&book.view(), B, STETH), Ok(None));
    for (asset, at, breach) in [
        (STETH, 100_000_000_000, false),
        (STETH, 99_999_999_999, true),
        (USDC, 200_000_000, false),
        (USDC, 200_000_001, true),
    ] {
        let (steth, usdc) = (200_000_000_000, 100_000_000);
        book.price(STETH, steth);
        book.price(USDC, usdc);
        book.price(asset, at);
        assert_eq!(book.health(A).breach, breach, "{asset} at {at}");
    }
}

#[test]
fn sides_are_unweighted_and_leave_out_what_is_lent() {
    let mut book = Book::new();
    book.import(A, (STETH, ETHER), (USDC, 1_500 * DOLLAR));
    book.does(&deposit(A, USDC, 100 * DOLLAR));
    let sides = book.rulebook.sides(&book.view(), A).unwrap();
    assert_eq!((sides.collateral, sides.debt), (200_000_000_000, 150_000_000_000));
    book.does(&deposit(B, STETH, ETHER));
    let sides = book.rulebook.sides(&book.view(), B).unwrap();
    assert_eq!((sides.collateral, sides.debt), (200_000_000_000, 0));
    book.does(&deposit(C, DAI, ETHER));
    let sides = book.rulebook.sides(&book.view(), C).unwrap();
    assert_eq!((sides.collateral, sides.debt), (0, 0));
    assert_eq!(book.health(C).equity, 0);
    assert_eq!(book.health(B).equity, 189_000_000_000);
}
