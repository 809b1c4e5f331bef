//! The liquidator's call, against the pure rule and at its edges.

use super::super::{
    Account, Call as VaultCall, Collateral, Controller, Ltv, Quote, Vault, assets_of_shares,
    growth_factor, liquidate, owed_units,
};
use super::*;
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{Fact, Touched};
use breakwater_money::{Amount, Ray, TransferCode, Wad};

/// One ether at 2,000 dollars carries 1,700.
const LINE: u128 = 1_700 * DOLLAR;

fn taken_by(liquidator: AccountId, account: AccountId, debt: AssetId, collateral: AssetId) -> Call {
    Call::RepayAndSeize {
        account,
        debt,
        collateral,
        amount: u128::MAX,
        shares: true,
        liquidator: Some(liquidator),
    }
}

fn sum_of(effects: &Effects, unit: Unit, debit: Holder, credit: Holder) -> u128 {
    let moved = effects.transfers.iter();
    moved.filter(|t| (t.unit, t.debit, t.credit) == (unit, debit, credit)).map(|t| t.amount).sum()
}

#[test]
fn equality_is_in_breach_and_one_unit_to_the_other_side_is_not() {
    for (debt, breach, ratio) in [
        (LINE - 1, false, "1.000000000588235294"),
        (LINE, true, "1"),
        (LINE + 1, true, "0.999999999411764706"),
    ] {
        let mut book = Book::new();
        book.import(A, (STETH, ETHER), (USDC, debt));
        let health = book.health(A);
        assert_eq!((health.breach, health.ratio.to_string().as_str()), (breach, ratio));
        assert_eq!(health.equity, 170_000_000_000);
        assert_eq!(health.requirement, debt * 100);
        assert_eq!(book.options(A).len(), usize::from(breach));
        let call = seize(A, USDC, STETH, u128::MAX);
        if !breach {
            assert_eq!(book.refuses(&call), Rejection::Healthy);
            continue;
        }
        let effects = book.does(&call);
        assert_eq!(effects.net(Holder::Reserve, USDC), i128::try_from(debt).unwrap());
        if debt == LINE {
            // No discount: 1,700 dollars of ether, 0.85 of it.
            assert_eq!(effects.net(Holder::External, STETH), 850_000_000_000_000_000);
        }
        assert_eq!(book.owned(A, Unit::debt(USDC)), 0);
        book.balanced();
    }
    // One unit of collateral is the line as well: a unit less of its value is a violation.
    let mut book = Book::new();
    book.import(A, (STETH, ETHER + 1), (USDC, LINE));
    assert!(!book.health(A).breach);
    let mut book = Book::new();
    book.import(A, (STETH, ETHER - 1), (USDC, LINE));
    assert!(book.health(A).breach && book.health(A).shortfall > 0);
}

#[test]
fn a_call_is_refused_by_class() {
    let mut book = Book::new();
    book.import(A, (STETH, ETHER), (USDC, 1_900 * DOLLAR));
    book.import(B, (USDC, 1_000 * DOLLAR), (WETH, ETHER / 10));
    assert_eq!(book.refuses(&seize(A, USDC, STETH, 0)), Rejection::AmountZero);
    assert_eq!(book.refuses(&seize(AccountId(9), USDC, STETH, 1)), Rejection::UnknownAccount);
    assert_eq!(book.refuses(&seize(A, WETH, STETH, 1)), Rejection::NotBorrowed);
    assert_eq!(book.refuses(&seize(C, USDC, STETH, 1)), Rejection::NotBorrowed);
    assert_eq!(book.refuses(&seize(A, USDC, NOPE, 1)), Rejection::NotLendable);
    assert_eq!(book.refuses(&seize(A, NOPE, STETH, 1)), Rejection::NotLendable);
    assert_eq!(book.refuses(&seize(A, USDC, AssetId(9), 1)), Rejection::UnknownAsset);
    // Its own vault secures nothing, and what is recognised must be enabled.
    assert_eq!(book.refuses(&seize(A, USDC, USDC, 1)), Rejection::NotCollateral);
    assert_eq!(book.refuses(&seize(A, USDC, WETH, 1)), Rejection::NotCollateral);
    assert_eq!(book.refuses(&seize(B, WETH, USDC, 1)), Rejection::Healthy);
    assert_eq!(book.refuses(&taken_by(A, A, USDC, STETH)), Rejection::SelfDealing);
    assert_eq!(book.refuses(&taken_by(AccountId(9), A, USDC, STETH)), Rejection::UnknownAccount);
    // The caller owes another vault already.
    assert_eq!(book.refuses(&taken_by(B, A, USDC, STETH)), Rejection::NotLendable);
    // It has nothing else that would carry the debt.
    assert_eq!(book.refuses(&taken_by(C, A, USDC, STETH)), Rejection::BelowInitial);
    let outside = Call::RepayAndSeize {
        account: A,
        debt: USDC,
        collateral: STETH,
        amount: 1,
        shares: true,
        liquidator: None,
    };
    assert_eq!(book.refuses(&outside), Rejection::BadParameter);
    book.marks[STETH.index()].mark = None;
    assert_eq!(book.refuses(&seize(A, USDC, STETH, 1)), Rejection::MarkMissing);
}

#[test]
fn nobody_is_liquidated_in_the_cool_off_after_a_check() {
    let mut book = Book::new();
    book.does(&deposit(B, WETH, 100 * ETHER));
    book.does(&deposit(A, STETH, 10 * ETHER));
    book.does(&borrow(A, WETH, 8 * ETHER));
    book.price(STETH, 150_000_000_000);
    book.pass(99);
    assert!(book.health(A).breach);
    assert_eq!(book.refuses(&seize(A, WETH, STETH, 1)), Rejection::VenueGrace);
    assert!(book.options(A).is_empty());
    book.pass(1);
    assert_eq!(book.options(A).len(), 1);
    book.does(&seize(A, WETH, STETH, ETHER));
    // A call is no check: another may follow at once.
    book.does(&seize(A, WETH, STETH, ETHER));
    book.balanced();
}

#[test]
fn a_part_brings_its_part_and_an_offer_above_the_most_brings_the_most() {
    let mut book = Book::new();
    book.import(A, (STETH, ETHER), (USDC, 1_800 * DOLLAR));
    let whole = book.options(A).remove(0);
    // The score is 17 / 18: 1,800 dollars buy 1,905.88 dollars of ether.
    assert_eq!(whole.repaid, Amount::new(USDC, 1_800 * DOLLAR));
    assert_eq!(whole.seized.raw / 1_000_000_000, 952_941_176);
    assert_eq!(whole.gain() / 1_000_000, 10_588);
    assert!(!whole.toxic);
    let view = book.view();
    let told = |call: &Call| book.rulebook.arguments(&view, call);
    assert_eq!(
        told(&seize(A, USDC, STETH, 5_000 * DOLLAR)),
        "USDC vault: liquidate(violator account 0, collateral STETH vault, repayAssets \
         type(uint256).max, minYieldBalance 0)"
    );
    assert!(told(&seize(A, USDC, STETH, 900)).contains("repayAssets 900,"));
    assert_eq!(told(&seize(C, USDC, STETH, 900)), "repay and seize");
    assert_eq!(told(&deposit(A, STETH, 1)), "deposit");
    let effects = book.does(&seize(A, USDC, STETH, 900 * DOLLAR));
    let half = effects.net(Holder::External, STETH).unsigned_abs();
    assert!(half == whole.seized.raw / 2 || half + 1 == whole.seized.raw / 2, "{half}");
    assert_eq!(book.owned(A, Unit::debt(USDC)), 900 * DOLLAR * UNIT);
    book.balanced();
}

#[test]
fn a_leg_is_toxic_where_weight_over_discount_exceeds_health() {
    // At a score of h above 0.85 what one dollar pays takes 0.85 / h of weighted collateral: toxic
    // below h = sqrt(0.85), 0.92195.
    for (debt, toxic) in [(1_843_900_000, false), (1_843_930_000, true)] {
        let mut book = Book::new();
        book.import(A, (STETH, ETHER), (USDC, debt));
        assert_eq!(book.options(A)[0].toxic, toxic, "{}", book.health(A).ratio);
        let before = book.health(A);
        book.does(&seize(A, USDC, STETH, 100 * DOLLAR));
        assert_eq!(book.health(A).ratio < before.ratio, toxic);
    }
}

#[test]
fn the_debt_of_an_account_that_loses_its_last_collateral_is_its_lenders_loss() {
    let mut book = Book::new();
    book.does(&deposit(B, USDC, 10_000 * DOLLAR));
    book.import(A, (STETH, ETHER), (USDC, 3_000 * DOLLAR));
    let effects = book.does(&seize(A, USDC, STETH, u128::MAX));
    // 2,000 dollars at 15 % off pay for 1,700.
    assert_eq!(effects.net(Holder::Reserve, USDC), 1_700_000_000);
    assert_eq!(effects.net(Holder::External, STETH), 1_000_000_000_000_000_000);
    let lost = Amount::new(USDC, 1_300 * DOLLAR);
    let borne = Fact::Borne { account: A, bearer: Bearer::Lenders, amount: lost };
    assert!(effects.facts.contains(&borne));
    assert!(effects.facts.contains(&Fact::Deficit {
        account: A,
        amount: lost,
        value: 130_000_000_000
    }));
    assert_eq!(effects.touched, Touched::Everyone);
    let unit = Unit::debt(USDC);
    let gone = |code| {
        effects.transfers.iter().find(|t| t.unit == unit && t.code == code).map(|t| t.amount)
    };
    assert_eq!(gone(TransferCode::Burn), Some(1_700 * DOLLAR * UNIT));
    assert_eq!(gone(TransferCode::Deficit), Some(1_300 * DOLLAR * UNIT));
    assert_eq!(book.vault(USDC, column::BORROWS), U256::ZERO);
    // 13,000 and a virtual dollar of shares are worth 11,700 and one now.
    let left = book.rulebook.sides(&book.view(), B).unwrap();
    assert_eq!(left.collateral / 100_000_000, 9_000);
    assert_eq!(book.options(A), []);
    assert!(!book.health(A).breach);
    book.balanced();
}

#[test]
fn a_vault_that_writes_nothing_off_keeps_the_debt() {
    let mut book = Book::new();
    book.import(A, (WETH, ETHER), (DAI, 3_000 * ETHER));
    let effects = book.does(&seize(A, DAI, WETH, u128::MAX));
    assert_eq!(effects.facts.len(), 1);
    // 5 % off at the most.
    assert_eq!(book.owned(A, Unit::debt(DAI)), 1_100 * ETHER * UNIT);
    assert!(book.health(A).breach);
    // Nothing is left to be had.
    assert!(book.options(A).is_empty());
    assert_eq!(book.refuses(&seize(A, DAI, WETH, u128::MAX)), Rejection::NothingToSell);
    book.balanced();
}

#[test]
fn an_account_without_collateral_is_written_off_by_a_call_of_nothing() {
    let mut book = Book::new();
    book.import(A, (STETH, ETHER), (USDC, 1_000 * DOLLAR));
    // Its collateral went elsewhere, as after a call that a flag kept from writing off.
    book.rows.add(Holder::Account(A), Unit::supply(STETH), -1_000_000_000_000_000_000);
    let options = book.options(A);
    assert_eq!((options.len(), options[0].repaid.raw, options[0].seized.raw), (1, 0, 0));
    let effects = book.does(&options[0].call);
    assert_eq!(effects.net(Holder::Reserve, USDC), 0);
    assert_eq!(book.owned(A, Unit::debt(USDC)), 0);
}

#[test]
fn collateral_without_weight_is_seized_like_any_other() {
    let mut book = Book::new();
    book.import(A, (GUSD, 100_000), (USDC, 2_000 * DOLLAR));
    book.does(&Call::Import { account: A, asset: STETH, collateral: ETHER, debt: 0 });
    let options = book.options(A);
    let assets: Vec<AssetId> = options.iter().map(|o| o.seized.asset).collect();
    assert_eq!(assets, [STETH, GUSD]);
    assert!(!options[1].toxic);
    // 1,000 dollars at the score of 0.85.
    assert_eq!(options[1].repaid.raw, 850 * DOLLAR);
    let effects = book.does(&options[1].call);
    assert_eq!(effects.net(Holder::External, GUSD), 100_000);
    assert_eq!(book.owned(A, Unit::debt(USDC)), 1_150 * DOLLAR * UNIT);
    assert!(!book.health(A).breach);
    book.balanced();
}

#[test]
fn a_liquidator_of_the_pool_takes_debt_and_shares_and_is_checked() {
    let mut book = Book::new();
    book.does(&deposit(B, WETH, 100 * ETHER));
    book.import(A, (STETH, 10 * ETHER), (WETH, 8 * ETHER));
    book.does(&deposit(C, USDC, 100_000 * DOLLAR));
    book.does(&borrow(C, WETH, ETHER));
    book.pass(1_000_000);
    book.price(STETH, 170_000_000_000);
    let (before, owed) = (book.health(A), book.owned(C, Unit::debt(WETH)));
    assert!(before.breach);
    let call = taken_by(C, A, WETH, STETH);
    let option =
        breakwater_liquidation::plan::option_of(&*book.rulebook, &book.view(), &call, false);
    let option = option.unwrap();
    assert_eq!((option.repaid.asset, option.seized.asset), (WETH, STETH));
    assert!(option.gain() > 0);
    let borrows = book.vault(WETH, column::BORROWS);
    let effects = book.does(&call);
    let moved = sum_of(&effects, Unit::debt(WETH), Holder::Account(A), Holder::Account(C));
    let shares = sum_of(&effects, Unit::supply(STETH), Holder::Account(A), Holder::Account(C));
    assert_eq!(shares, book.owned(C, Unit::supply(STETH)));
    assert!(moved > 8 * ETHER * UNIT);
    // Both debts have grown, and the vault's total by its own reckoning.
    assert!(book.owned(C, Unit::debt(WETH)) > owed + moved);
    assert!(book.vault(WETH, column::BORROWS) > borrows);
    assert_eq!(book.owned(A, Unit::debt(WETH)), 0);
    assert_eq!(book.state.get(StateKey::Account(C, column::COLLATERAL)), bits(&[STETH, USDC]));
    let checked = book.state.get(StateKey::Account(C, column::CHECKED_AT));
    assert_eq!(checked, U256::from(START + 1_000_000));
    // Nothing left or entered the pool.
    assert_eq!(effects.net(Holder::External, WETH) + effects.net(Holder::External, STETH), 0);
    book.balanced();
}

#[test]
fn a_vault_without_cash_pays_what_it_has() {
    let mut book = Book::new();
    book.import(A, (WETH, 10 * ETHER), (USDC, 17_500 * DOLLAR));
    // Most of the ether is lent out.
    book.does(&deposit(C, USDC, 1_000_000 * DOLLAR));
    book.does(&borrow(C, WETH, 9 * ETHER));
    let all = seize(A, USDC, WETH, u128::MAX);
    assert_eq!(book.refuses(&all), Rejection::InsufficientLiquidity);
    let options = book.options(A);
    assert_eq!(options.len(), 1);
    let seized = options[0].seized.raw;
    assert!(seized <= ETHER && seized > ETHER - ETHER / 100_000, "{seized}");
    book.pass(60);
    book.does(&options[0].call);
    book.balanced();
}

#[test]
fn a_debt_that_would_move_whole_is_taken_but_for_a_unit() {
    let mut book = Book::new();
    book.import(A, (STETH, 1_000_000_000_000), (USDC, 1_700));
    book.does(&threshold(A, 5_000));
    // A fraction of a unit is owed besides; the collateral, 2,000 units of dollars at 15 % off, pays
    // for one unit less than all.
    book.rows.add(Holder::Account(A), Unit::debt(USDC), 1);
    book.rows.add(Holder::Issuer, Unit::debt(USDC), -1);
    assert!(book.health(A).breach);
    let whole = book.rulebook.execute(&book.view(), &seize(A, USDC, STETH, 1_700));
    let whole = whole.unwrap();
    let view = book.view();
    let told = book.rulebook.arguments(&view, &seize(A, USDC, STETH, u128::MAX));
    assert!(told.contains("repayAssets 1699,"), "{told}");
    assert_eq!(whole.net(Holder::Reserve, USDC), 1_699);
    assert_eq!(book.options(A).len(), 1);
    // The argument itself is the venue's refusal.
    let refused: breakwater_liquidation::Rejected = super::super::Revert::RepayTooMuch.into();
    assert_eq!(refused.rejection, Rejection::DustLeft);
}

/// The rulebook against the pure rule on a state that is read and brought up to date by hand.
#[test]
fn the_call_is_the_pure_rules_whatever_the_indices() {
    for (seconds, price, offer) in [
        (0, 1_880, u128::MAX),
        (1, 1_500, u128::MAX),
        (86_400, 1_860, 3 * ETHER),
        (31_556_952, 1_700, u128::MAX),
        (31_556_952, 1_100, u128::MAX),
    ] {
        let mut book = Book::new();
        book.import(A, (STETH, 10 * ETHER + 7), (WETH, 9 * ETHER + 3));
        book.does(&Call::Import { account: A, asset: USDC, collateral: 333_333_333, debt: 0 });
        book.import(C, (USDC, 50_000 * DOLLAR), (WETH, 7 * ETHER + 1));
        book.does(&deposit(B, WETH, 12 * ETHER));
        book.does(&repay(C, WETH, ETHER + 1));
        book.pass(seconds);
        book.price(STETH, price * 100_000_000);

        let (stored, rate) =
            (book.vault(WETH, column::ACCUMULATOR), book.vault(WETH, column::RATE));
        let factor = growth_factor(rate, seconds).unwrap();
        let accumulator = stored * factor / Ray::one().raw;
        let total = book.vault(WETH, column::BORROWS) * accumulator / stored;
        let raw = U256::from(book.owned(A, Unit::debt(WETH)));
        let since = book.state.get(StateKey::Account(A, column::DEBT_ACCUMULATOR));
        let owed_exact = raw * accumulator / since;
        let quote = |dollars: u128, decimals: u64| Quote {
            price: U256::from(dollars) * Wad::one().raw,
            scale: U256::from(10u64).pow(U256::from(decimals)),
        };
        let held = |asset, dollars, decimals, ltv| {
            let shares = U256::from(book.owned(A, Unit::supply(asset)));
            // Nothing is lent of these, so that shares are assets.
            let cash = book.balance(Holder::Reserve, Unit::token(asset)).unsigned_abs();
            let issued = book.balance(Holder::Issuer, Unit::supply(asset)).unsigned_abs();
            let assets = assets_of_shares(shares, U256::from(cash), U256::from(issued)).unwrap();
            assert_eq!(assets, shares);
            Collateral {
                enabled: true,
                recognised: true,
                balance: shares,
                assets,
                quote: quote(dollars, decimals),
                ltv: Ltv::fixed(ltv),
            }
        };
        let collaterals = [held(STETH, price, 18, 9_300), held(USDC, 1, 6, 8_300)];
        let account = Account {
            controller: Controller::ThisVault,
            owed_exact,
            seconds_since_check: u64::MAX,
            check_deferred: false,
            collaterals: &collaterals,
        };
        let vault = Vault {
            discount_most_bps: 1_000,
            socialises: true,
            cool_off_seconds: 100,
            quote: Some(quote(2_000, 18)),
            total_borrows_exact: total,
        };
        let repay = if offer == u128::MAX { U256::MAX } else { U256::from(offer) };
        let call = VaultCall {
            collateral: 0,
            repay,
            least_yield: U256::ZERO,
            self_liquidation: false,
            liquidator_owed_exact: U256::ZERO,
        };
        let told = liquidate(&vault, &account, &call).unwrap();
        let health = book.health(A);
        assert_eq!(health.ratio.raw, told.limits.health.score().unwrap().unwrap());
        let effects = book.does(&seize(A, WETH, STETH, offer));
        let (holder, issuer) = (Holder::Account(A), Holder::Issuer);
        let moved = effects.transfers.iter().find(|t| t.code == TransferCode::Burn).unwrap();
        assert_eq!((moved.unit, U256::from(moved.amount)), (Unit::debt(WETH), told.moved_exact));
        let paid = effects.net(Holder::Reserve, WETH).unsigned_abs();
        assert_eq!(U256::from(paid), owed_units(told.moved_exact).unwrap());
        let shares = sum_of(&effects, Unit::supply(STETH), holder, issuer);
        assert_eq!(U256::from(shares), told.yielded);
        assert_eq!(U256::from(book.owned(A, Unit::debt(WETH))), told.owed_exact_after);
        let after = told.total_borrows_exact_after - told.moved_exact;
        assert_eq!(book.vault(WETH, column::BORROWS), after);
        assert_eq!(book.vault(WETH, column::ACCUMULATOR), accumulator);
        assert!(told.socialised.is_zero());
        book.balanced();
    }
}
