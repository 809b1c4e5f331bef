//! The rulebook over a pool of its own: what it offers is accepted, what it refuses is refused by
//! class, and what it does is what the contracts' functions do.

#![cfg(test)]

use super::controller::{removed, repaid, solvency};
use super::*;
use crate::test_pool::{START, TestPool, tokens};
use breakwater_liquidation::{Balances, Call, CallOption, Fact, Rejection, StateKey};
use breakwater_market::GuardState;
use breakwater_money::{AccountId, AssetId, Class, Holder, Time, Unit, Wad, rational};
use proptest::prelude::*;

const FILE: &str = include_str!("../../../../../rulebooks/crvusd-llamma.toml");
const WETH: AssetId = AssetId(0);
const WBTC: AssetId = AssetId(1);
const COIN: AssetId = AssetId(2);
/// Not listed.
const NOPE: AssetId = AssetId(3);
const ONE_COIN: u128 = 1_000_000_000_000_000_000;

/// Marks the pools of this venue.
struct Venue;

type Desk = TestPool<Venue>;

impl Desk {
    /// Four accounts, WETH at 2,000 and WBTC at 30,000.
    fn new() -> Self {
        Desk::with(FILE)
    }

    fn with(file: &str) -> Self {
        let assets = tokens(&[("WETH", 18), ("WBTC", 8), ("CRVUSD", 18), ("NOPE", 18)]);
        let prices = [(WETH, 2_000), (WBTC, 30_000), (COIN, 1)];
        Desk::bare(assets, 4, |assets| build(file, assets)).priced(&prices)
    }

    fn dollars(&mut self, asset: AssetId, whole: u128) {
        self.price(asset, whole * 100_000_000);
    }

    fn ratio(&self, account: AccountId) -> u128 {
        self.health(account).ratio.raw.to()
    }

    fn pool_calls(&self) -> Vec<CallOption> {
        let mut out = Vec::new();
        self.rulebook.pool_calls(&self.view(), &mut out).unwrap();
        out
    }

    /// Collateral and debt as a new loan of the account.
    fn lend(&mut self, account: AccountId, collateral: u128, debt: u128) {
        self.does(&Call::Deposit { account, asset: WETH, amount: collateral });
        self.does(&Call::Borrow { account, asset: COIN, amount: debt });
    }

    fn bands_of(&self, account: AccountId) -> (i64, usize) {
        let position = self.position(account).unwrap();
        (position.first, position.shares.len())
    }

    fn position(&self, account: AccountId) -> Option<Position> {
        let raw = self.owned(account, Unit::debt(COIN));
        super::book::Loan::read(&self.view(), account, raw)?.position
    }

    /// The market of WETH as the contracts' functions take it.
    fn pool(&self) -> (Market, Pool, Feed) {
        let view = self.view();
        let parameters = Parameters::parse(FILE).unwrap();
        let market = parameters.market(&parameters.markets["WETH"]).unwrap();
        let scene = super::book::Scene::of(&view, WETH, &parameters.markets["WETH"], &market);
        let scene = scene.unwrap();
        let bands = (-300..300).map(|n| (n, scene.band(n))).filter(|(_, b)| *b != Band::default());
        (scene.market, Pool { head: scene.head(), bands: bands.collect() }, scene.feed)
    }
}

const A: AccountId = AccountId(0);
const B: AccountId = AccountId(1);
const C: AccountId = AccountId(2);

fn seize(account: AccountId, amount: u128) -> Call {
    Call::RepayAndSeize {
        account,
        debt: COIN,
        collateral: WETH,
        amount,
        shares: false,
        liquidator: None,
    }
}

fn buy(amount: u128) -> Call {
    Call::Swap { sold: COIN, bought: WETH, amount, least: 0 }
}

#[test]
fn a_loan_is_placed_by_its_debt_and_its_discount() {
    let mut desk = Desk::new();
    desk.lend(A, 10 * ONE_COIN, 15_000 * ONE_COIN);
    // Ten bands whose middle is about half a band below their edges' mean: 0.91 of 10 WETH at the
    // top band's price, less 4.9 %, cover 15,000, which is at about 1,733: fourteen bands down.
    assert_eq!(desk.bands_of(A), (14, 10));
    // The margin between the two discounts and a part of a band: 3.3 % and up, and the price's
    // distance above the bands on top of it.
    let ratio = desk.ratio(A);
    assert!((1_200_000_000_000_000_000..1_230_000_000_000_000_000).contains(&ratio), "{ratio}");
    let (market, pool, feed) = desk.pool();
    let position = desk.position(A).unwrap();
    let discount = U256::from(60_000_000_000_000_000u64);
    let debt = U256::from(15_000 * ONE_COIN);
    let (within, full) = solvency(&market, &pool, feed, &position, debt, discount).unwrap();
    assert_eq!(full, U256::from(ratio));
    let within: u128 = within.to();
    assert!((1_032_000_000_000_000_000..1_044_000_000_000_000_000).contains(&within), "{within}");
    // More collateral moves it down, a repayment too, more debt up.
    desk.does(&Call::Deposit { account: A, asset: WETH, amount: ONE_COIN });
    assert_eq!(desk.bands_of(A).0, 23);
    desk.does(&Call::Borrow { account: A, asset: COIN, amount: 2_000 * ONE_COIN });
    assert_eq!(desk.bands_of(A).0, 11);
    desk.does(&Call::Repay { account: A, asset: COIN, amount: 2_000 * ONE_COIN });
    assert_eq!(desk.bands_of(A).0, 23);
    desk.does(&Call::Withdraw { account: A, asset: WETH, amount: ONE_COIN });
    assert_eq!(desk.bands_of(A).0, 14);
    // A unit may stay with the shares of nobody.
    let supply = desk.owned(A, Unit::supply(WETH));
    assert!((10 * ONE_COIN - 100..=10 * ONE_COIN).contains(&supply), "{supply}");
}

#[test]
fn the_debt_at_which_the_top_band_meets_the_price_is_the_most() {
    let mut desk = Desk::new();
    desk.does(&Call::Deposit { account: A, asset: WETH, amount: 10 * ONE_COIN });
    let borrow = |amount| Call::Borrow { account: A, asset: COIN, amount };
    // 18,200 less ten bands' 4.9 %: the last debt that band 0, at the price, can secure.
    let (mut low, mut high) = (17_000 * ONE_COIN, 18_000 * ONE_COIN);
    while high - low > 1 {
        let middle = (low + high) / 2;
        let taken = desk.rulebook.execute(&desk.view(), &borrow(middle)).is_ok();
        if taken { low = middle } else { high = middle }
    }
    assert_eq!(desk.refuses(&borrow(high)), Rejection::BelowInitial);
    desk.does(&borrow(low));
    assert_eq!(desk.bands_of(A), (0, 10));
}

#[test]
fn the_account_chooses_its_bands_and_its_own_threshold_moves_them() {
    let mut desk = Desk::new();
    let configure =
        |account, column, value: u64| Call::Configure { account, column, value: U256::from(value) };
    for (column, value) in [(1, 3), (1, 51), (0, 10_001), (2, 0), (9, 0)] {
        assert_eq!(desk.refuses(&configure(A, column, value)), Rejection::BadParameter);
    }
    desk.does(&configure(A, 1, 50));
    desk.does(&configure(B, 1, 4));
    desk.does(&configure(C, 0, 8_000));
    for account in [A, B, C] {
        desk.lend(account, 10 * ONE_COIN, 12_000 * ONE_COIN);
    }
    assert_eq!(desk.bands_of(A).1, 50);
    assert_eq!(desk.bands_of(B).1, 4);
    assert_eq!(desk.bands_of(C).1, 10);
    // 0.80 instead of 0.94 is sixteen bands.
    desk.does(&configure(C, 0, 0));
    desk.lend(AccountId(3), 10 * ONE_COIN, 12_000 * ONE_COIN);
    assert_eq!(desk.bands_of(AccountId(3)).0 - desk.bands_of(C).0, 16);
    // Without its threshold the account is judged by the market's own discount again.
    let judged = desk.ratio(C);
    desk.does(&configure(C, 0, 8_000));
    assert!(desk.ratio(C) < judged);
}

#[test]
fn a_price_that_falls_through_the_bands_swaps_them_into_coin_and_back() {
    let mut desk = Desk::new();
    desk.lend(A, 10 * ONE_COIN, 15_000 * ONE_COIN);
    desk.pass(600);
    assert!(desk.pool_calls().is_empty(), "above all bands there is nothing to trade");
    let before = desk.ratio(A);
    let mut coin = 0;
    // Down by one per cent a step, and every swap that pays is made.
    for whole in (1_500..1_800).rev().step_by(18) {
        desk.dollars(WETH, whole);
        desk.pass(600);
        while let Some(option) = desk.pool_calls().into_iter().next() {
            assert!(option.gain() > 0);
            let effects = desk.does(&option.call);
            assert!(matches!(effects.facts[0], Fact::Exchanged { .. }));
        }
        let sides = desk.rulebook.sides(&desk.view(), A).unwrap();
        assert_eq!(sides.debt, 15_000 * 100_000_000);
        coin = desk.rows.balance(Holder::Reserve, Unit::token(COIN));
    }
    // All of it is coin, and no hard liquidation was due on the way.
    assert!(coin > 15_500 * ONE_COIN as i128, "{coin}");
    let ratio = desk.ratio(A);
    assert!(ratio < before && ratio > ONE_COIN, "{ratio}");
    assert!(desk.options(A).is_empty());
    assert_eq!(desk.refuses(&seize(A, u128::MAX)), Rejection::Healthy);
    // Nothing of it can be moved, but debt can be repaid.
    let top_up = Call::Deposit { account: A, asset: WETH, amount: ONE_COIN };
    assert_eq!(desk.refuses(&top_up), Rejection::SoftLiquidation);
    let more = Call::Borrow { account: A, asset: COIN, amount: 1 };
    assert_eq!(desk.refuses(&more), Rejection::SoftLiquidation);
    let less = Call::Withdraw { account: A, asset: WETH, amount: 1 };
    assert_eq!(desk.refuses(&less), Rejection::SoftLiquidation);
    let bands = desk.bands_of(A);
    desk.does(&Call::Repay { account: A, asset: COIN, amount: 1_000 * ONE_COIN });
    assert_eq!(desk.bands_of(A), bands);
    assert!(desk.ratio(A) > ratio);
    // And up again.
    for whole in (1_500..1_900).step_by(16) {
        desk.dollars(WETH, whole);
        desk.pass(600);
        while let Some(option) = desk.pool_calls().into_iter().next() {
            desk.does(&option.call);
        }
    }
    let back = desk.rows.balance(Holder::Reserve, Unit::token(WETH));
    assert!(back < 10 * ONE_COIN as i128 && back > 9 * ONE_COIN as i128, "{back}");
    // Repaying all gives the collateral back and leaves nothing of the account.
    desk.does(&Call::Repay { account: A, asset: COIN, amount: u128::MAX });
    assert!(desk.rows.accounts[A.index()].is_empty());
    assert!(desk.rows.balance(Holder::Reserve, Unit::token(WETH)) < 1_000);
    assert!(desk.position(A).is_none());
}

#[test]
fn a_jump_past_the_bands_is_liquidated_for_the_whole_or_for_a_part() {
    let mut desk = Desk::new();
    desk.lend(A, 10 * ONE_COIN, 15_000 * ONE_COIN);
    desk.lend(B, 10 * ONE_COIN, 10_000 * ONE_COIN);
    desk.pass(600);
    desk.dollars(WETH, 1_560);
    let before = desk.ratio(A);
    assert!(before < ONE_COIN, "{before}");
    let options = desk.options(A);
    assert_eq!(options.len(), 1);
    assert!(!options[0].toxic);
    assert_eq!(options[0].repaid.raw, 15_000 * ONE_COIN);
    assert_eq!(options[0].repaid_value, 15_000 * 100_000_000);
    let taken = options[0].seized.raw;
    assert!((10 * ONE_COIN - 100..=10 * ONE_COIN).contains(&taken), "{taken}");
    assert!(desk.options(B).is_empty());

    // A part: the contracts' own share of the position for that share of the debt.
    let discount = U256::from(60_000_000_000_000_000u64);
    let share = U256::from(ONE) >> 2;
    let (market, pool, _) = desk.pool();
    let position = desk.position(A).unwrap();
    let out = withdraw(&market, &pool, Some(&position), removed(share, discount).unwrap());
    let out = out.unwrap();
    let part = repaid(U256::from(15_000 * ONE_COIN), share).unwrap();
    let told = |call: &Call| desk.rulebook.arguments(&desk.view(), call);
    assert_eq!(
        told(&seize(A, 3_750 * ONE_COIN)),
        "liquidate(account 0, min_x 0, frac 250000000000000000)"
    );
    assert_eq!(told(&options[0].call), "liquidate(account 0, min_x 0, frac 1000000000000000000)");
    assert_eq!(told(&buy(7)), "exchange(i 0, j 1, in_amount 7, min_amount 0)");
    let effects = desk.does(&seize(A, 3_750 * ONE_COIN));
    let Fact::Seized { repaid, seized, .. } = effects.facts[0] else { panic!("a seizure") };
    assert_eq!((U256::from(repaid.raw), U256::from(seized.raw)), (part, out.collateral));
    assert_eq!(desk.position(A), out.position);
    assert_eq!(desk.pool().1.bands, {
        let mut pool = pool;
        pool.apply(&out.changes);
        pool.bands
    });
    assert_eq!(desk.owned(A, Unit::debt(COIN)), 11_250 * ONE_COIN);
    assert!(desk.ratio(A) > before, "a part is closed for less than its part");

    let effects = desk.does(&seize(A, u128::MAX));
    assert_eq!(effects.facts.len(), 1);
    assert!(desk.rows.accounts[A.index()].is_empty());
    assert!(desk.position(A).is_none());
    assert_eq!(desk.refuses(&seize(A, 1)), Rejection::Healthy);
}

#[test]
fn coin_in_the_bands_pays_first_and_what_is_beyond_the_debt_goes_to_the_liquidator() {
    let mut desk = Desk::new();
    desk.lend(A, 10 * ONE_COIN, 15_000 * ONE_COIN);
    desk.pass(600);
    desk.dollars(WETH, 1_690);
    desk.does(&buy(6_000 * ONE_COIN));
    desk.pass(600);
    desk.dollars(WETH, 1_500);
    assert!(desk.ratio(A) < ONE_COIN);
    let coin = desk.rows.balance(Holder::Reserve, Unit::token(COIN));
    let option = &desk.options(A)[0];
    // The shares of nobody keep a little of the coin.
    let paid = i128::try_from(option.repaid.raw).unwrap();
    assert!((paid - (15_000 * ONE_COIN as i128 - coin)).abs() < 1_000_000, "{paid}");
    let effects = desk.does(&option.call.clone());
    let sum = |of: fn(&Fact) -> (u128, AssetId)| -> u128 {
        effects.facts.iter().map(of).filter(|(_, asset)| *asset == COIN).map(|(raw, _)| raw).sum()
    };
    let repaid = sum(|fact| match fact {
        Fact::Seized { repaid, .. } => (repaid.raw, repaid.asset),
        _ => (0, COIN),
    });
    assert_eq!(repaid, 15_000 * ONE_COIN, "the two facts together are the debt");
    assert_eq!(effects.facts.len(), 2);
}

#[test]
fn exactly_one_is_sound_and_a_unit_less_is_not() {
    let mut desk = Desk::new();
    desk.lend(A, 10 * ONE_COIN, 15_000 * ONE_COIN);
    desk.pass(600);
    desk.dollars(WETH, 1_560);
    // The debt whose ratio is exactly one: what the position yields, less the discount.
    let (market, pool, feed) = desk.pool();
    let position = desk.position(A).unwrap();
    let falling = value(&market, &pool, feed, &position).unwrap().falling;
    let line = falling * U256::from(94) / U256::from(100);
    for (off, breach) in [(0i8, false), (1, true), (-1, false)] {
        let line: i128 = line.to();
        let debt = line + i128::from(off);
        let mut desk = Desk::new();
        desk.lend(A, 10 * ONE_COIN, 15_000 * ONE_COIN);
        desk.pass(600);
        desk.dollars(WETH, 1_560);
        let owed = 15_000 * ONE_COIN as i128;
        desk.rows.add(Holder::Account(A), Unit::debt(COIN), debt - owed);
        let health = desk.rulebook.assess(&desk.view(), A).unwrap();
        assert_eq!(health.breach, breach, "{off}: {}", health.ratio);
        assert_eq!(health.shortfall > 0, breach);
        assert_eq!(health.ratio < Wad::one(), breach);
        assert_eq!(desk.rulebook.execute(&desk.view(), &seize(A, u128::MAX)).is_ok(), breach);
    }
}

#[test]
fn calls_are_refused_by_class() {
    let mut desk = Desk::new();
    desk.lend(A, 10 * ONE_COIN, 15_000 * ONE_COIN);
    let deposit = |account, asset, amount| Call::Deposit { account, asset, amount };
    assert_eq!(desk.refuses(&deposit(B, WETH, 0)), Rejection::AmountZero);
    assert_eq!(desk.refuses(&deposit(B, COIN, 1)), Rejection::NotLendable);
    assert_eq!(desk.refuses(&deposit(B, NOPE, 1)), Rejection::NotLendable);
    assert_eq!(desk.refuses(&deposit(B, AssetId(9), 1)), Rejection::UnknownAsset);
    assert_eq!(desk.refuses(&deposit(AccountId(9), WETH, 1)), Rejection::UnknownAccount);
    assert_eq!(desk.refuses(&deposit(A, WBTC, 1)), Rejection::NotLendable, "one market each");
    let borrow = |account, asset, amount| Call::Borrow { account, asset, amount };
    assert_eq!(desk.refuses(&borrow(B, COIN, 1)), Rejection::NotCollateral);
    assert_eq!(desk.refuses(&borrow(A, WETH, 1)), Rejection::NotLendable);
    assert_eq!(desk.refuses(&borrow(A, COIN, 10_000 * ONE_COIN)), Rejection::BelowInitial);
    let withdraw = |account, asset, amount| Call::Withdraw { account, asset, amount };
    assert_eq!(desk.refuses(&withdraw(A, WETH, 11 * ONE_COIN)), Rejection::InsufficientBalance);
    assert_eq!(desk.refuses(&withdraw(A, WETH, 5 * ONE_COIN)), Rejection::BelowInitial);
    assert_eq!(desk.refuses(&withdraw(A, WBTC, 1)), Rejection::InsufficientBalance);
    assert_eq!(desk.refuses(&withdraw(B, WETH, u128::MAX)), Rejection::InsufficientBalance);
    let repay = |account, asset, amount| Call::Repay { account, asset, amount };
    assert_eq!(desk.refuses(&repay(B, COIN, 1)), Rejection::NotBorrowed);
    assert_eq!(desk.refuses(&repay(A, WETH, 1)), Rejection::NotLendable);
    assert_eq!(desk.refuses(&seize(A, 1)), Rejection::Healthy);
    assert_eq!(desk.refuses(&seize(B, 1)), Rejection::Healthy);
    let absorb = Call::Absorb { accounts: vec![A] };
    assert_eq!(desk.refuses(&absorb), Rejection::Unsupported);
    let swap = |sold, bought, amount, least| Call::Swap { sold, bought, amount, least };
    assert_eq!(desk.refuses(&swap(WETH, WBTC, 1, 0)), Rejection::NotLendable);
    assert_eq!(desk.refuses(&swap(COIN, COIN, 1, 0)), Rejection::NotLendable);
    assert_eq!(desk.refuses(&swap(COIN, NOPE, 1, 0)), Rejection::NotLendable);
    assert_eq!(desk.refuses(&swap(COIN, WBTC, 1, 0)), Rejection::InsufficientLiquidity);
    desk.pass(600);
    desk.dollars(WETH, 1_560);
    let whole = desk.rulebook.execute(&desk.view(), &swap(COIN, WETH, ONE_COIN, 0)).unwrap();
    let Fact::Exchanged { received, .. } = whole.facts[0] else { panic!("a trade") };
    let (market, pool, feed) = desk.pool();
    let same =
        exchange(&market, &pool, feed, Coin::Borrowed, Wanted::In(U256::from(ONE)), U256::ZERO);
    assert_eq!(same.unwrap().amounts.amount_out, U256::from(received.raw));
    let least = swap(COIN, WETH, ONE_COIN, received.raw + 1);
    assert_eq!(desk.refuses(&least), Rejection::WorseThanLimit);
    assert_eq!(desk.refuses(&seize(A, 0)), Rejection::AmountZero);
    let other = |debt, collateral| Call::RepayAndSeize {
        account: A,
        debt,
        collateral,
        amount: 1,
        shares: false,
        liquidator: None,
    };
    assert_eq!(desk.refuses(&other(WETH, WETH)), Rejection::NotBorrowed);
    assert_eq!(desk.refuses(&other(COIN, WBTC)), Rejection::NotCollateral);
    let inside = |liquidator, shares| Call::RepayAndSeize {
        account: A,
        debt: COIN,
        collateral: WETH,
        amount: 1,
        shares,
        liquidator,
    };
    assert_eq!(desk.refuses(&inside(Some(A), false)), Rejection::SelfDealing);
    assert_eq!(desk.refuses(&inside(Some(B), false)), Rejection::BadParameter);
    assert_eq!(desk.refuses(&inside(None, true)), Rejection::BadParameter);
    // One unit of 15,000 coins is a share of the debt that has no digits.
    assert_eq!(desk.refuses(&seize(A, 1)), Rejection::ZeroBurn);
    desk.marks[WETH.index()] = GuardState::default();
    assert_eq!(desk.refuses(&seize(A, u128::MAX)), Rejection::MarkMissing);
}

#[test]
fn a_swap_of_nothing_stores_the_oracle_and_touches_everybody_while_it_is_limited() {
    use breakwater_liquidation::Touched;
    let mut desk = Desk::new();
    desk.lend(A, 10 * ONE_COIN, 15_000 * ONE_COIN);
    let remembered = |desk: &Desk| desk.pool().1.head.memory;
    assert_eq!(remembered(&desk).at, 0, "before the first swap nothing limits the oracle");
    desk.does(&buy(0));
    assert_eq!(remembered(&desk).at, START);
    desk.pass(60);
    desk.dollars(WETH, 1_000);
    let effects = desk.does(&buy(0));
    assert!(effects.transfers.is_empty() && effects.facts.is_empty());
    assert_eq!(effects.touched, Touched::Everyone);
    assert_eq!(remembered(&desk).price, U256::from(1_600 * ONE_COIN));
    assert_eq!(remembered(&desk).at, START + 60);
    // The limit ends by itself, and health with it: until then the loan is looked at again.
    let mut exposures = breakwater_liquidation::Exposures::default();
    let armed = desk.rulebook.exposures(&desk.view(), A, &mut exposures).unwrap();
    assert_eq!(armed.until, Time::from_seconds(START + 180));
    let before = desk.ratio(A);
    desk.pass(119);
    assert!(desk.ratio(A) >= before, "1,280 at once, and no further");
    desk.pass(1);
    assert!(desk.ratio(A) < before);
    let effects = desk.does(&buy(ONE_COIN));
    assert_eq!(effects.touched, Touched::Accounts(vec![A]));
}

#[test]
fn interest_grows_the_debt_and_the_bands_together() {
    // 10 % a year, in parts of 1e18 a second.
    let file = FILE.replace("rate_per_second_wad = 0", "rate_per_second_wad = 3170979198");
    let mut desk = Desk::with(&file);
    desk.lend(A, 10 * ONE_COIN, 15_000 * ONE_COIN);
    desk.lend(B, 10 * ONE_COIN, 12_000 * ONE_COIN);
    let before = desk.ratio(A);
    desk.pass(31_536_000);
    let sides = desk.rulebook.sides(&desk.view(), A).unwrap();
    assert_eq!(sides.debt, 1_649_999_999_983);
    let price = 2_200;
    desk.dollars(WETH, price);
    // Price, bands and debt are all a tenth higher.
    assert!(desk.ratio(A).abs_diff(before) < 1_000_000_000_000, "{} {before}", desk.ratio(A));
    // A repayment writes the debt anew, rounded up, since there is another loan.
    desk.does(&Call::Repay { account: A, asset: COIN, amount: 1_000 * ONE_COIN });
    let owed = desk.owned(A, Unit::debt(COIN));
    assert_eq!(owed, 15_499_999_999_821_920_000_000);
    let paid = desk.does(&Call::Repay { account: A, asset: COIN, amount: u128::MAX });
    assert!(paid.transfers.iter().any(|t| t.debit == Holder::External && t.amount == owed));
    let loans = |desk: &Desk| desk.state.get(StateKey::Asset(WETH, 9));
    assert_eq!(loans(&desk), U256::ONE);
    // The offer still stands a minute later, though more is owed by then.
    desk.dollars(WETH, 1_000);
    desk.pass(600);
    let option = &desk.options(B)[0];
    for seconds in [0, 12, 60] {
        assert!(desk.rulebook.execute(&desk.later(seconds), &option.call).is_ok());
    }
}

#[test]
fn a_book_is_carried_over_as_it_is() {
    let mut desk = Desk::new();
    let import =
        |account, asset, collateral, debt| Call::Import { account, asset, collateral, debt };
    assert_eq!(desk.refuses(&import(A, COIN, 0, ONE_COIN)), Rejection::NotCollateral);
    assert_eq!(desk.refuses(&import(A, COIN, 1, ONE_COIN)), Rejection::NotLendable);
    assert_eq!(desk.refuses(&import(A, WETH, 0, ONE_COIN)), Rejection::NotLendable);
    // A sound loan lies where the venue would put it.
    desk.does(&import(A, WETH, 10 * ONE_COIN, 0));
    desk.does(&import(A, COIN, 0, 15_000 * ONE_COIN));
    assert_eq!(desk.bands_of(A), (14, 10));
    assert_eq!(desk.rows.balance(Holder::External, Unit::token(COIN)), 0, "no coin moves");
    // One that the venue would refuse lies as high as it can, and is liquidated if it is due.
    desk.does(&import(B, WETH, 10 * ONE_COIN, 0));
    desk.does(&import(B, COIN, 0, 19_500 * ONE_COIN));
    assert_eq!(desk.bands_of(B), (0, 10));
    assert!(desk.ratio(B) < ONE_COIN);
    assert_eq!(desk.options(B).len(), 1);
    // Dust lies in fewer bands, and the least in none.
    desk.does(&import(C, WETH, 303, 0));
    desk.does(&import(C, COIN, 0, ONE_COIN));
    assert_eq!(desk.bands_of(C), (0, 3));
    let last = AccountId(3);
    desk.does(&import(last, WETH, 100, 0));
    desk.does(&import(last, COIN, 0, ONE_COIN));
    assert!(desk.position(last).is_none());
    assert_eq!(desk.ratio(last), 0);
    assert!(desk.options(last).is_empty());
    assert_eq!(desk.refuses(&seize(last, u128::MAX)), Rejection::NothingToSell);
    assert_eq!(
        desk.refuses(&Call::Withdraw { account: last, asset: WETH, amount: 1 }),
        Rejection::ZeroBurn
    );
    desk.does(&Call::Repay { account: last, asset: COIN, amount: u128::MAX });
    assert!(desk.rows.accounts[3].is_empty());
}

#[test]
fn the_liquidation_price_is_the_last_at_which_the_loan_is_in_breach() {
    let mut desk = Desk::new();
    desk.lend(A, 10 * ONE_COIN, 15_000 * ONE_COIN);
    desk.pass(600);
    let found =
        |desk: &Desk, asset| desk.rulebook.liquidation_price(&desk.view(), A, asset).unwrap();
    let at = found(&desk, WETH).unwrap();
    assert_eq!(found(&desk, WBTC), None);
    let raw: u128 = (at * rational::from_raw(100_000_000, 0)).to_integer().try_into().unwrap();
    desk.price(WETH, raw);
    assert!(desk.ratio(A) < ONE_COIN);
    assert_eq!(found(&desk, WETH), Some(rational::from_raw(raw as i128, 8)));
    desk.price(WETH, raw + 1);
    assert!(desk.ratio(A) >= ONE_COIN);
}

#[test]
fn the_watch_list_is_told_when_the_price_meets_the_bands() {
    let mut desk = Desk::new();
    desk.lend(A, 10 * ONE_COIN, 15_000 * ONE_COIN);
    desk.pass(600);
    let armed = |desk: &Desk| {
        let mut exposures = breakwater_liquidation::Exposures::default();
        let armed = desk.rulebook.exposures(&desk.view(), A, &mut exposures).unwrap();
        (armed, exposures.terms)
    };
    let (arm, terms) = armed(&desk);
    assert_eq!((arm.until, terms.len()), (Time::MAX, 1));
    let health = desk.rulebook.assess(&desk.view(), A).unwrap();
    let slack = health.equity - health.requirement as i128 - arm.error as i128;
    // The slack's share of the moving value is the way from 2,000 to the top band's edge.
    let (market, pool, _) = desk.pool();
    let edge: u128 = market.edge(pool.head.multiplier, 14).unwrap().to();
    let way = 2_000 - slack * 2_000 / terms[0].equity;
    let edge = (edge / ONE_COIN) as i128;
    assert!((edge..=edge + 2).contains(&way), "{way} {edge}");
    // In the bands every move counts, and so it does below them.
    for whole in [1_700, 1_500] {
        desk.dollars(WETH, whole);
        assert_eq!(armed(&desk).0.error, u128::MAX >> 2);
    }
}

#[test]
fn a_pool_with_what_the_venue_does_not_take_is_refused_once_it_is_held() {
    let mut desk = Desk::new();
    assert!(desk.rulebook.admits(&desk.view()).is_ok());
    desk.rows.pool.insert((Holder::Issuer, Unit::supply(NOPE)), -1);
    let error = desk.rulebook.admits(&desk.view()).unwrap_err();
    assert_eq!(error.missing, "a market for NOPE");
    desk.rows.pool.clear();
    desk.rows.pool.insert((Holder::Issuer, Unit::debt(WETH)), -1);
    assert_eq!(desk.rulebook.admits(&desk.view()).unwrap_err().missing, "debts of WETH");
    desk.rows.pool.clear();
    desk.markets[0].guard.decimals = 9;
    assert!(desk.rulebook.admits(&desk.view()).is_err());
    desk.assets[0].decimals = 17;
    let error = build(FILE, &desk.assets).err().unwrap();
    assert_eq!(error, "markets.WETH.decimals = 18: the pool's asset has 17");
    let shape = shape(FILE).unwrap();
    assert_eq!(shape.currency, Some(("CRVUSD".to_owned(), 18)));
    assert_eq!(shape.secured_by["CRVUSD"], ["STETH", "WBTC", "WETH"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_offered_is_accepted_now_and_a_minute_later(
        loans in prop::collection::vec((1u128..2_000, 1u128..1_200, 4u64..51, any::<bool>()), 3),
        dust in 0u8..4,
        rate in prop_oneof![Just(0u64), 1u64..43_959_106_799],
        steps in prop::collection::vec((500u128..1_500, 0u64..400, any::<bool>(), any::<u16>()), 1..12),
    ) {
        let rated = format!("rate_per_second_wad = {rate}");
        let mut desk = Desk::with(&FILE.replace("rate_per_second_wad = 0", &rated));
        for (account, (collateral, debt_permille, bands, bitcoin)) in (0..).map(AccountId).zip(&loans) {
            let (asset, unit, price) = if *bitcoin { (WBTC, 1_000_000, 300) } else { (WETH, ONE_COIN / 100, 20) };
            let value = U256::from(*bands);
            desk.does(&Call::Configure { account, column: 1, value });
            desk.does(&Call::Import { account, asset, collateral: collateral * unit, debt: 0 });
            // Up to more than it is worth.
            let debt = collateral * price * debt_permille * (ONE_COIN / 1_000);
            desk.does(&Call::Import { account, asset: COIN, collateral: 0, debt });
        }
        let small = AccountId(3);
        let collateral = [1, 101, 500, 5_051][usize::from(dust)];
        desk.does(&Call::Import { account: small, asset: WETH, collateral, debt: 0 });
        desk.does(&Call::Import { account: small, asset: COIN, collateral: 0, debt: 1 });
        for (permille, seconds, arbitrage, part) in steps {
            for asset in [WETH, WBTC] {
                let raw = desk.marks[asset.index()].mark.unwrap().price.raw;
                desk.price(asset, (raw * permille / 1_000).clamp(1_000, 10u128.pow(16)));
            }
            desk.pass(seconds);
            let mut options: Vec<CallOption> = desk.pool_calls();
            for account in (0..4).map(AccountId) {
                options.extend(desk.options(account));
            }
            for option in &options {
                for later in [0, 12, 60] {
                    let accepted = desk.rulebook.execute(&desk.later(later), &option.call);
                    prop_assert!(accepted.is_ok(), "{option:?} {later}: {accepted:?}");
                }
                if matches!(option.call, Call::Swap { .. }) {
                    prop_assert!(option.gain() > 0);
                }
            }
            // A part of an offer is accepted too and does not lower health by more than what a few
            // base units of the tokens paid out are worth.
            for account in (0..4).map(AccountId) {
                let Some(option) = desk.options(account).into_iter().next() else { continue };
                let before = desk.ratio(account);
                let owed = desk.owned(account, Unit::debt(COIN));
                let amount = owed / 65_536 * u128::from(part);
                let Ok(effects) = desk.rulebook.execute(&desk.view(), &option.call.with_amount(amount.max(1)))
                else { continue };
                desk.commit(&effects);
                if owed > 1_000_000 && desk.owned(account, Unit::debt(COIN)) > 1_000_000 {
                    let bitcoin = loans.get(account.index()).is_some_and(|loan| loan.3);
                    let asset = if bitcoin { WBTC } else { WETH };
                    let raw = desk.marks[asset.index()].mark.unwrap().price.raw;
                    // A base unit in coins of 1e18: the price has 8 decimals, the token 8 or 18.
                    let unit = if bitcoin { raw * 100 } else { 1 + raw / 100_000_000 };
                    let allowed = U256::from(4 * unit) * U256::from(ONE_COIN) / U256::from(owed);
                    let allowed = u128::try_from(allowed).unwrap() + 1_000;
                    prop_assert!(desk.ratio(account) + allowed >= before);
                }
                break;
            }
            if arbitrage && let Some(option) = desk.pool_calls().into_iter().next() {
                desk.does(&option.call);
            }
            let held: i128 = desk.rows.accounts.iter().flatten()
                .filter(|h| h.unit.class == Class::Debt).map(|h| h.balance).sum();
            let issued = desk.rows.balance(Holder::Issuer, Unit::debt(COIN));
            prop_assert_eq!(held, -issued);
        }
        // Whoever repays all takes out no more than there is.
        for account in (0..4).map(AccountId) {
            if desk.owned(account, Unit::debt(COIN)) > 0 {
                desk.does(&Call::Repay { account, asset: COIN, amount: u128::MAX });
            }
            prop_assert!(desk.rows.accounts[account.index()].is_empty());
        }
    }
}

#[test]
fn totals_are_the_bands_with_what_lies_in_none_and_all_debts_with_interest() {
    let file = FILE.replace("rate_per_second_wad = 0", "rate_per_second_wad = 3170979198");
    let mut desk = Desk::with(&file);
    let totals = |desk: &Desk, asset| {
        let totals = desk.rulebook.totals(&desk.view(), asset);
        totals.map(|t| (t.supplied, t.borrowed)).map_err(|refused| refused.rejection)
    };
    // No loan yet, and so no price asked for.
    desk.marks[WBTC.index()] = GuardState::default();
    desk.does(&Call::Deposit { account: AccountId(3), asset: WBTC, amount: 100_000_000 });
    assert_eq!(totals(&desk, WBTC), Ok((100_000_000, 0)));
    desk.dollars(WBTC, 30_000);
    desk.lend(A, 10 * ONE_COIN, 15_000 * ONE_COIN);
    desk.lend(B, 10 * ONE_COIN, 10_000 * ONE_COIN);
    desk.does(&Call::Borrow { account: AccountId(3), asset: COIN, amount: 1_000 * ONE_COIN });
    // Eighteen decimals in the bands, eight in the token.
    assert_eq!(totals(&desk, WBTC), Ok((100_000_000, 0)));
    assert_eq!(totals(&desk, WETH), Ok((20 * ONE_COIN, 0)));
    assert_eq!(totals(&desk, COIN), Ok((0, 26_000 * ONE_COIN)));
    desk.does(&Call::Deposit { account: C, asset: WETH, amount: 7 });
    desk.pass(1_000);
    assert_eq!(totals(&desk, COIN), Ok((0, 26_000_082_445_459_148_000_000)));
    // What the bands sell is supplied no more, though the borrowers' balances stay.
    desk.dollars(WETH, 1_650);
    desk.pass(600);
    let effects = desk.does(&desk.pool_calls().remove(0).call);
    let sold = effects.net(Holder::External, WETH).unsigned_abs();
    assert!(sold > ONE_COIN, "{sold}");
    assert_eq!(totals(&desk, WETH), Ok((20 * ONE_COIN + 7 - sold, 0)));
    assert_eq!(desk.owned(A, Unit::supply(WETH)), 10 * ONE_COIN);
    assert_eq!(totals(&desk, NOPE), Err(Rejection::NotLendable));
    assert_eq!(totals(&desk, AssetId(9)), Err(Rejection::UnknownAsset));
}
