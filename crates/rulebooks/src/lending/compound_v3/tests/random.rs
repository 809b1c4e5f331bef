//! Random books: whatever is proposed is taken, now and when it is included some blocks later, and
//! nothing is made or lost on the way.

use super::super::pool::column;
use super::stage::*;
use breakwater_liquidation::plan::after_call;
use breakwater_liquidation::{Exposures, Fact, Rejection};
use breakwater_money::{AssetId, U256, Unit, Wad};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// What one account brings: whole thousandths of tokens and single units beside.
#[derive(Debug, Clone)]
struct Account {
    in_ether: bool,
    ether: u128,
    bitcoin: u128,
    debt: u128,
    own: u64,
}

fn amount(one: u128) -> impl Strategy<Value = u128> {
    prop_oneof![
        1 => Just(0),
        1 => Just(1),
        1 => 0..100u128,
        4 => (0..5_000u128, 0..3u128).prop_map(move |(milli, units)| milli * (one / 1_000) + units),
    ]
}

fn account() -> impl Strategy<Value = Account> {
    let own = prop_oneof![3 => Just(0), 1 => 1_000u64..10_000];
    (any::<bool>(), amount(ONE_ETH), amount(ONE_BTC / 10), 0u64..1_500, own).prop_map(
        |(in_ether, ether, bitcoin, share, own)| {
            // Debt as a share in thousandths of what the collateral is worth, dust added.
            let worth = if in_ether { ether } else { ether / 500_000_000 + bitcoin * 300 };
            let debt = worth / 1_000 * u128::from(share) + u128::from(share % 3);
            Account { in_ether, ether, bitcoin, debt, own }
        },
    )
}

fn found(stage: &mut Stage, accounts: &[Account]) {
    for (number, account) in (0u32..).zip(accounts) {
        let (collateral, base) = if account.in_ether {
            (vec![(LST, account.ether)], ETH)
        } else {
            (vec![(ETH, account.ether), (BTC, account.bitcoin)], USD)
        };
        for (asset, amount) in collateral.into_iter().filter(|(_, amount)| *amount > 0) {
            stage.done(import(number, asset, amount, 0));
        }
        if account.debt > 0 {
            stage.done(import(number, base, 0, account.debt));
        }
        if account.own > 0 {
            stage.done(configure(number, column::OWN_THRESHOLD, account.own));
        }
    }
}

/// Every option now, 12 and 60 seconds later.
fn holds(stage: &Stage, options: &[breakwater_liquidation::CallOption]) {
    for option in options {
        for seconds in [0, 12, 60] {
            let view = stage.view().at(stage.now.after(seconds * SECOND));
            let taken = stage.rulebook.execute(&view, &option.call);
            assert!(taken.is_ok(), "{:?} after {seconds} s: {taken:?}", option.call);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_proposed_is_taken_and_nothing_is_lost(
        accounts in prop::collection::vec(account(), 1..6),
        steep in any::<bool>(),
        growth in prop::collection::vec(10_000u64..20_000, 4),
        prices in (50_000_000u128..150_000_000, 1_000u128..300_000_000_000,
            1_000u128..5_000_000_000_000, 1_000u128..300_000_000_000),
        waited in 0u64..10_000_000,
        payment in 1u64..1_000,
    ) {
        let mut stage = Stage::new(if steep { STEEP } else { "" });
        stage.grow(USD, growth[0], growth[1]);
        stage.grow(ETH, growth[2], growth[3]);
        found(&mut stage, &accounts);
        stage.later(waited);
        for (asset, price) in [(USD, prices.0), (ETH, prices.1), (BTC, prices.2), (LST, prices.3)] {
            stage.price(asset, price);
        }
        let mut fallen = [Vec::new(), Vec::new()];
        for (number, account) in (0u32..).zip(&accounts) {
            let health = stage.health(number).unwrap();
            let mut options = Vec::new();
            stage.rulebook.calls(&stage.view(), who(number), &mut options).unwrap();
            prop_assert_eq!(options.len(), usize::from(health.breach));
            prop_assert_eq!(health.breach, health.ratio < Wad::one());
            holds(&stage, &options);
            if !health.breach {
                prop_assert_eq!(stage.refuses(absorb(&[number])), Rejection::Healthy);
                continue;
            }
            let call = &options[0].call;
            let after = after_call(&*stage.rulebook, &stage.view(), who(number), call).unwrap();
            prop_assert!(after.ratio >= health.ratio && after.requirement == 0);
            fallen[usize::from(account.in_ether)].push(number);
        }
        for group in fallen.iter().filter(|group| !group.is_empty()) {
            // The applied effects are checked by the stage: no balance below nothing, the sums of
            // the state equal to those of the ledger.
            let facts = stage.done(absorb(group));
            for number in group {
                let told = facts.iter().any(
                    |fact| matches!(fact, Fact::Seized { account, .. } if *account == who(*number)),
                );
                prop_assert!(told);
                prop_assert_eq!(stage.owned(*number, Unit::debt(USD)), 0);
                prop_assert_eq!(stage.owned(*number, Unit::debt(ETH)), 0);
            }
        }
        for _ in 0..4 {
            let mut options = Vec::new();
            stage.rulebook.pool_calls(&stage.view(), &mut options).unwrap();
            holds(&stage, &options);
            let Some(best) = options.first() else { break };
            prop_assert!(options.iter().all(|option| option.gain() <= best.gain()));
            let part = best.repaid.raw * u128::from(payment) / 1_000;
            stage.done(best.call.with_amount(part.max(1)));
        }
    }

    #[test]
    fn the_watch_list_is_never_late(
        account in account(),
        steep in any::<bool>(),
        growth in 10_000u64..20_000,
        moves in prop::collection::vec(-40i64..40, 4),
        waited in 0u64..3_600,
    ) {
        let mut stage = Stage::new(if steep { STEEP } else { "" });
        stage.grow(USD, growth, growth);
        stage.grow(ETH, growth, growth);
        found(&mut stage, std::slice::from_ref(&account));
        let before = stage.health(0).unwrap();
        let mut out = Exposures::default();
        let armed = stage.rulebook.exposures(&stage.view(), who(0), &mut out).unwrap();
        let at = |asset: AssetId| stage.view().price(asset).unwrap().raw;
        let assets = [USD, ETH, BTC, LST];
        let moved: Vec<(AssetId, u128, u128)> = assets
            .into_iter()
            .zip(&moves)
            .map(|(asset, percent)| {
                let new = at(asset) * u128::try_from(100 + percent).unwrap() / 100;
                (asset, at(asset), new)
            })
            .collect();
        // Equity less requirement by the stated lines, at the moved prices.
        let mut line = before.equity - i128::try_from(before.requirement).unwrap();
        for term in &out.terms {
            let (_, old, new) = moved[term.market.index()];
            let size = term.equity - i128::try_from(term.requirement).unwrap();
            let change = i128::try_from(new).unwrap() - i128::try_from(old).unwrap();
            line += size * change / i128::try_from(old).unwrap();
        }
        for (asset, _, new) in &moved {
            stage.price(*asset, *new);
        }
        stage.later(waited);
        prop_assert!(stage.now <= armed.until);
        let after = stage.health(0).unwrap();
        if before.requirement > 0 {
            let truth = after.equity - i128::try_from(after.requirement).unwrap();
            let error = i128::try_from(armed.error).unwrap();
            prop_assert!((truth - line).abs() <= error, "{truth} against {line} +- {error}");
        }
    }

    #[test]
    fn business_takes_nothing_from_the_pool(
        steps in prop::collection::vec((0u8..5, 0u32..3, 0u128..3_000_000_000), 1..30),
        pause in 0u64..100_000,
    ) {
        let mut stage = Stage::new(STEEP);
        stage.done(deposit(3, USD, 5_000 * ONE_USD));
        let mut taken = 0u32;
        for (kind, account, amount) in steps {
            stage.later(pause);
            let call = match kind {
                0 => deposit(account, ETH, amount * 1_000_000_000),
                1 => borrow(account, USD, amount),
                2 => repay(account, USD, amount),
                3 => withdraw(account, ETH, amount * 1_000_000_000),
                _ => deposit(account, USD, amount),
            };
            let Ok(effects) = stage.rulebook.execute(&stage.view(), &call) else { continue };
            let reserves = reserves(&stage);
            stage.apply(effects);
            taken += 1;
            // Each rounding is the pool's, or nobody's: debts are worth their floor.
            prop_assert!(self::reserves(&stage) + 1 >= reserves, "{call:?}");
            prop_assert!(!stage.health(account).unwrap().breach || kind != 1);
        }
        prop_assert!(taken < 31);
    }
}

/// The generator of accounts is worth its name: enough of them fall, and are bought from, to hold
/// the properties above against something.
#[test]
fn many_random_accounts_fall_and_leave_something_to_sell() {
    let mut runner = TestRunner::deterministic();
    let (mut healthy, mut fallen, mut sold, mut short) = (0, 0, 0, 0);
    for _ in 0..400 {
        let account = account().new_tree(&mut runner).unwrap().current();
        let mut stage = Stage::new("");
        found(&mut stage, std::slice::from_ref(&account));
        if !stage.health(0).unwrap().breach {
            healthy += 1;
            continue;
        }
        fallen += 1;
        let facts = stage.done(absorb(&[0]));
        short += usize::from(facts.iter().any(|fact| matches!(fact, Fact::Deficit { .. })));
        let mut options = Vec::new();
        stage.rulebook.pool_calls(&stage.view(), &mut options).unwrap();
        sold += usize::from(!options.is_empty());
    }
    assert!(healthy > 100 && fallen > 100, "{healthy} healthy, {fallen} fallen");
    assert!(sold > 80 && short > 40, "{sold} sold from, {short} short");
}

/// Reserves of the dollar market, its indices carried forward.
fn reserves(stage: &Stage) -> i128 {
    let parameters = super::super::Parameters::parse(&parameters(STEEP), "compound-v3").unwrap();
    let pool = super::super::pool::Pool::bind(&parameters, &stage.assets).unwrap();
    let market = pool.named(USD).unwrap();
    let books = market.books(&stage.view()).unwrap();
    super::super::reserves(&books.base, U256::from(books.cash)).unwrap()
}
