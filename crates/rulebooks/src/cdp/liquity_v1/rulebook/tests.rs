//! The rulebook over small books that are kept like the engine keeps them, and beside the pure core.

#![cfg(test)]

use super::*;
use crate::cdp::liquity_v1::{Deposit, Walk, liquidate, open, provide, rising, withdraw};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{Balances, Fact, MarketInfo, PoolState};
use breakwater_market::{Guard, GuardState, Mark, MarketId};
use breakwater_money::{Amount, Class, Holding, Price};
use proptest::prelude::*;
use std::collections::BTreeMap;

const FILE: &str = include_str!("../../../../../../rulebooks/liquity-v1.toml");
const WETH: AssetId = AssetId(0);
const LUSD: AssetId = AssetId(1);
/// In the pool and not of the venue.
const USDC: AssetId = AssetId(2);
const PAIR: Pair = Pair { collateral: WETH, coin: LUSD };
const ONE: u128 = 1_000_000_000_000_000_000;
const NOW: Time = Time(1_700_000_000_000_000_000);
const ACCOUNTS: u32 = 6;

fn id(number: usize) -> AccountId {
    AccountId(u32::try_from(number).unwrap())
}

#[derive(Default)]
struct Rows {
    accounts: Vec<Vec<Holding>>,
    pool: BTreeMap<(Holder, Unit), i128>,
}

impl Rows {
    fn add(&mut self, holder: Holder, unit: Unit, change: i128) {
        let balance = match holder {
            Holder::Account(account) => {
                let row = &mut self.accounts[account.index()];
                let at = row.binary_search_by(|h| h.unit.cmp(&unit)).unwrap_or_else(|at| {
                    row.insert(at, Holding { contract: None, unit, balance: 0 });
                    at
                });
                row[at].balance += change;
                let balance = row[at].balance;
                row.retain(|h| h.balance != 0);
                balance
            }
            _ => {
                let balance = self.pool.entry((holder, unit)).or_default();
                *balance += change;
                *balance
            }
        };
        let free = matches!(holder, Holder::External | Holder::Issuer);
        assert!(free || balance >= 0, "{holder:?} has {balance} of {unit:?}");
    }
}

impl Balances for Rows {
    fn holdings(&self, account: AccountId) -> &[Holding] {
        &self.accounts[account.index()]
    }

    fn balance(&self, holder: Holder, unit: Unit) -> i128 {
        let Holder::Account(account) = holder else {
            return self.pool.get(&(holder, unit)).copied().unwrap_or(0);
        };
        let held = self.accounts[account.index()].iter();
        held.filter(|h| h.unit == unit).map(|h| h.balance).sum()
    }

    fn accounts(&self) -> u32 {
        self.accounts.len() as u32
    }
}

struct Book {
    rulebook: Box<dyn Rulebook>,
    assets: Vec<AssetInfo>,
    markets: Vec<MarketInfo>,
    marks: Vec<GuardState>,
    rows: Rows,
    state: PoolState,
}

impl Book {
    /// Ether at so many dollars.
    fn at(dollars: u128) -> Self {
        let listed = [("WETH", 18, true), ("LUSD", 18, false), ("USDC", 6, true)];
        let assets: Vec<AssetInfo> = (0u16..)
            .zip(listed)
            .map(|(number, (symbol, decimals, priced))| AssetInfo {
                symbol: symbol.to_owned(),
                decimals,
                kind: AssetKind::Token,
                market: priced.then_some(MarketId(number >> 1)),
            })
            .collect();
        let guard = Guard {
            decimals: 8,
            age_max_nanos: u64::MAX,
            ahead_max_nanos: 0,
            band_bps: 0,
            spread_max_bps: 0,
            grace_nanos: 0,
        };
        let market = |asset, symbol: &str| MarketInfo {
            symbol: symbol.to_owned(),
            asset,
            guard,
            volatility_weight: 1,
        };
        let markets = vec![market(WETH, "WETH/USD"), market(USDC, "USDC/USD")];
        let rulebook = build(FILE, &assets).unwrap();
        let mut book = Book {
            state: PoolState::new(rulebook.layout()),
            rulebook,
            assets,
            markets,
            marks: vec![GuardState::default(); 2],
            rows: Rows { accounts: vec![Vec::new(); ACCOUNTS as usize], ..Rows::default() },
        };
        book.mark(dollars * 100_000_000);
        let founding = book.rulebook.found(&book.view()).unwrap();
        book.commit(&founding);
        book
    }

    /// Another price of ether, eight decimals.
    fn mark(&mut self, raw: u128) {
        self.marks[0].mark = Some(Mark {
            price: Price::new(raw, 8),
            half_spread: 0,
            observed_at: NOW,
            accepted_at: NOW,
            sequence: 1,
        });
    }

    fn view(&self) -> View<'_> {
        View::new(NOW, &self.assets, &self.markets, &self.marks, &self.rows, &self.state)
    }

    fn commit(&mut self, effects: &Effects) {
        // Money comes in before it goes out, as the engine looks at balances after all transfers.
        let mut net: BTreeMap<(Holder, Unit), i128> = BTreeMap::new();
        for transfer in &effects.transfers {
            assert!(transfer.amount > 0);
            let amount = i128::try_from(transfer.amount).unwrap();
            *net.entry((transfer.debit, transfer.unit)).or_default() -= amount;
            *net.entry((transfer.credit, transfer.unit)).or_default() += amount;
        }
        for ((holder, unit), change) in net {
            self.rows.add(holder, unit, change);
        }
        for (key, value) in &effects.state {
            assert!(self.state.set(*key, *value), "{key:?}");
        }
    }

    fn call(&mut self, call: &Call) -> Result<Effects, Rejected> {
        let effects = self.rulebook.execute(&self.view(), call)?;
        self.commit(&effects);
        Ok(effects)
    }

    #[track_caller]
    fn refuses(&self, call: &Call) -> Rejection {
        self.rulebook.execute(&self.view(), call).unwrap_err().rejection
    }

    /// A trove carried over as it is, in whole units.
    fn import(&mut self, number: usize, collateral: u128, debt: u128) {
        let import = |asset, collateral, debt| Call::Import {
            account: id(number),
            asset,
            collateral: collateral * ONE,
            debt: debt * ONE,
        };
        self.call(&import(WETH, collateral, 0)).unwrap();
        self.call(&import(LUSD, 0, debt)).unwrap();
    }

    fn health(&self, number: usize) -> Health {
        self.rulebook.assess(&self.view(), id(number)).unwrap()
    }

    fn options(&self, number: usize) -> Vec<CallOption> {
        let mut options = Vec::new();
        self.rulebook.calls(&self.view(), id(number), &mut options).unwrap();
        options
    }

    fn pool(&self, holder: Holder, asset: AssetId) -> i128 {
        self.rows.balance(holder, Unit::token(asset))
    }
}

fn absorb(numbers: &[usize]) -> Call {
    Call::Absorb { accounts: numbers.iter().map(|number| id(*number)).collect() }
}

// Against the pure core

#[derive(Debug, Clone)]
enum Op {
    Open(usize, u128, u128),
    Provide(usize, u128),
    Reclaim(usize, u128),
    Price(u128),
    Named(Vec<usize>),
    Worst(u32),
}

/// A mix of ordinary sizes, dust and single units.
fn amount() -> impl Strategy<Value = u128> {
    prop_oneof![
        6 => (1_800u128..60_000).prop_map(|whole| whole * ONE + 7),
        1 => 1u128..1_000,
        1 => Just(1_791_044_776_119_402_985_075u128),
    ]
}

fn any_op() -> impl Strategy<Value = Op> {
    let who = 0usize..ACCOUNTS as usize;
    prop_oneof![
        5 => (who.clone(), amount(), 105u128..260).prop_map(|(w, b, p)| Op::Open(w, b, p)),
        2 => (who.clone(), amount()).prop_map(|(w, a)| Op::Provide(w, a)),
        1 => (who.clone(), prop_oneof![amount(), Just(0), Just(u128::MAX)])
            .prop_map(|(w, a)| Op::Reclaim(w, a)),
        3 => (600u128..2_600).prop_map(Op::Price),
        3 => proptest::collection::vec(who, 1..4).prop_map(Op::Named),
        2 => (1u32..7).prop_map(Op::Worst),
    ]
}

/// The same book in the core's own terms.
struct Core {
    system: System,
    /// In order of opening.
    troves: Vec<(usize, Trove)>,
    deposits: Vec<Deposit>,
    price: U256,
}

impl Core {
    fn trove(&self, who: usize) -> Trove {
        let known = self.troves.iter().find(|(owner, _)| *owner == who);
        known.map(|(_, trove)| *trove).unwrap_or_default()
    }

    fn apply(&mut self, op: &Op, collateral: u128) -> Result<(), Revert> {
        let rule = Rule::v1();
        match op {
            Op::Open(who, borrow, _) => {
                let (collateral, borrow) = (U256::from(collateral), U256::from(*borrow));
                let owner = self.trove(*who);
                let done = open(&rule, &self.system, &owner, collateral, borrow, self.price)?;
                self.troves.retain(|(known, _)| known != who);
                self.troves.push((*who, done.trove));
                self.system = done.system;
            }
            Op::Provide(who, amount) => {
                let pool = &self.system.stability;
                let done = provide(&rule, pool, &self.deposits[*who], U256::from(*amount))?;
                (self.system.stability, self.deposits[*who]) = (done.pool, done.deposit);
            }
            Op::Reclaim(who, amount) => {
                let below = |(_, trove): &(usize, Trove)| {
                    trove.ratio(&self.system, self.price).unwrap() < rule.minimum_ratio
                };
                let waiting = self.troves.iter().any(below);
                let (pool, amount) = (&self.system.stability, U256::from(*amount));
                let done = withdraw(&rule, pool, &self.deposits[*who], amount, waiting)?;
                (self.system.stability, self.deposits[*who]) = (done.pool, done.deposit);
            }
            Op::Price(_) => {}
            Op::Named(names) => {
                let place = |who: &usize| {
                    self.troves.iter().position(|(owner, _)| owner == who).unwrap_or(usize::MAX)
                };
                let queue: Vec<usize> = names.iter().map(place).collect();
                self.liquidate(&queue, Walk::Named)?;
            }
            Op::Worst(most) => {
                let bare: Vec<Trove> = self.troves.iter().map(|(_, trove)| *trove).collect();
                let queue = rising(&rule, &self.system, &bare)?;
                self.liquidate(&queue, Walk::Sequence { most: *most as usize })?;
            }
        }
        Ok(())
    }

    fn liquidate(&mut self, queue: &[usize], walk: Walk) -> Result<(), Revert> {
        let bare: Vec<Trove> = self.troves.iter().map(|(_, trove)| *trove).collect();
        let done = liquidate(&Rule::v1(), &self.system, &bare, queue, walk, self.price)?;
        for taken in &done.taken {
            self.troves[taken.trove].1 = bare[taken.trove].closed(taken.surplus)?;
        }
        self.system = done.system;
        Ok(())
    }
}

/// Both books after every operation, and what happened.
struct Both {
    book: Book,
    core: Core,
    accepted: usize,
    taken: usize,
    recovering: usize,
}

impl Both {
    fn new() -> Self {
        let core = Core {
            system: System::default(),
            troves: Vec::new(),
            deposits: vec![Deposit::default(); ACCOUNTS as usize],
            price: U256::from(2_000 * ONE),
        };
        Both { book: Book::at(2_000), core, accepted: 0, taken: 0, recovering: 0 }
    }

    fn apply(&mut self, op: &Op) {
        let mut collateral = 0;
        let call = match op {
            Op::Open(who, borrow, percent) => {
                // Worth so many per cent of the debt, fee and compensation included.
                let debt =
                    U256::from(*borrow) * U256::from(201) / U256::from(200) + U256::from(200 * ONE);
                let worth = debt * U256::from(*percent) / U256::from(100);
                collateral = (worth * U256::from(ONE) / self.core.price).to::<u128>();
                Call::Borrow { account: id(*who), asset: LUSD, amount: *borrow }
            }
            Op::Provide(who, amount) => {
                Call::Provide { account: id(*who), asset: LUSD, amount: *amount }
            }
            Op::Reclaim(who, amount) => {
                Call::Reclaim { account: id(*who), asset: LUSD, amount: *amount }
            }
            Op::Price(dollars) => {
                self.book.mark(dollars * 100_000_000 + 1);
                self.core.price = U256::from((dollars * 100_000_000 + 1) * 10_000_000_000);
                return;
            }
            Op::Named(names) => absorb(names),
            Op::Worst(most) => Call::AbsorbWorst { most: *most },
        };
        let opens = matches!(op, Op::Open(who, ..) if !self.core.trove(*who).is_open());
        if matches!(op, Op::Open(..)) && !opens {
            // The rulebook would add to the debt of an open trove.
            return;
        }
        if opens && let Call::Borrow { account, .. } = call {
            let deposit = Call::Deposit { account, asset: WETH, amount: collateral.max(1) };
            self.book.call(&deposit).unwrap();
            collateral = collateral.max(1);
        }
        let targets = self.book.rulebook.targets(&self.book.view(), &call).unwrap();
        let (ours, theirs) = (self.book.call(&call), self.core.apply(op, collateral));
        match (&ours, theirs) {
            (Ok(effects), Ok(())) => {
                self.accepted += 1;
                let seized: Vec<AccountId> = effects
                    .facts
                    .iter()
                    .filter_map(|fact| match fact {
                        Fact::Seized { account, .. } => Some(*account),
                        _ => None,
                    })
                    .collect();
                assert_eq!(seized, targets);
                self.taken += seized.len();
            }
            (Err(ours), Err(theirs)) => {
                assert_eq!(ours.rejection, Rejected::from(theirs).rejection);
                assert!(targets.is_empty());
            }
            (ours, theirs) => panic!("{op:?}: {ours:?} against {theirs:?}"),
        }
        if opens
            && ours.is_err()
            && let Call::Borrow { account, .. } = call
        {
            // What may be claimed goes out first.
            let all = Call::Withdraw { account, asset: WETH, amount: u128::MAX };
            self.book.call(&all).unwrap();
            for (_, trove) in self.core.troves.iter_mut().filter(|(who, _)| id(*who) == account) {
                trove.claimable = U256::ZERO;
            }
        }
        self.check();
    }

    fn check(&mut self) {
        let view = self.book.view();
        let mut system = self.core.system.clone();
        system.stability.sums.clear();
        assert_eq!(PAIR.system(&view), system);
        for who in 0..ACCOUNTS as usize {
            let position = PAIR.position(&view, id(who));
            assert_eq!(
                position,
                Position { trove: self.core.trove(who), waiting: position.waiting }
            );
            let deposit = PAIR.deposit(&view, id(who));
            assert_eq!(deposit, self.core.deposits[who]);
            let with_sums = PAIR.system_with_sums(&view, &deposit).stability;
            let core = &self.core.system.stability;
            let gained = core.gained(&Rule::v1(), &deposit);
            assert_eq!(with_sums.gained(&Rule::v1(), &deposit), gained);
        }
        // Every unit that the venue has is somewhere in the ledger.
        let all = system.entire().unwrap().collateral;
        let waiting: u128 =
            (0..ACCOUNTS as usize).map(|who| PAIR.position(&view, id(who)).waiting).sum();
        assert_eq!(
            all + U256::from(waiting),
            U256::from(self.book.pool(Holder::Reserve, WETH) as u128)
        );
        let set_aside = U256::from(self.book.pool(Holder::Reserve, LUSD) as u128);
        assert_eq!(set_aside, U256::from(system.troves) * Rule::v1().stable_compensation);
        let issued = -self.book.pool(Holder::Issuer, LUSD);
        assert_eq!(U256::from(issued as u128), system.entire().unwrap().debt);
        // Recovery begins below the line from which everybody is watched.
        let watched = view.state(StateKey::Pool(column::WATCHED_PRICE));
        assert!(state::critical_price(&Rule::v1(), &system) <= watched);
        self.recovering += usize::from(system.is_recovering(&Rule::v1(), self.core.price).unwrap());
    }

    /// Breach is what the venue would liquidate alone, and the option for it stays accepted.
    fn breaches(&self) {
        for who in 0..ACCOUNTS as usize {
            let health = self.book.health(who);
            let call = absorb(&[who]);
            let accepted = self.book.rulebook.execute(&self.book.view(), &call).is_ok();
            assert_eq!(health.breach, accepted, "{health:?}");
            // The last trove is never taken, however low it stands.
            let last = self.core.system.troves <= 1;
            assert_eq!(health.breach, health.ratio < Ratio::one() && !last, "{health:?}");
            assert_eq!(health.breach, health.shortfall > 0);
            let options = self.book.options(who);
            assert_eq!(options.len(), usize::from(health.breach));
            for option in options {
                let view = self.book.view();
                for later in [0, 12, 60] {
                    let later = view.at(NOW.after(later * 1_000_000_000));
                    let effects = self.book.rulebook.execute(&later, &option.call).unwrap();
                    assert_eq!(effects.net(Holder::External, LUSD), 200 * ONE as i128);
                }
                assert!(!option.toxic && option.repaid_value == 0);
                assert!(option.reward_value + option.seized_value >= 200 * 100_000_000);
                let after = plan::after_call(&*self.book.rulebook, &view, id(who), &option.call);
                assert_eq!(after.unwrap().ratio, Ratio::max());
            }
        }
    }

    /// What is said of prices at which nothing changes holds just inside them.
    fn exposures(&mut self) {
        let price = self.book.marks[0].mark.unwrap().price.raw;
        for who in 0..ACCOUNTS as usize {
            let mut out = Exposures::default();
            let view = self.book.view();
            let armed = self.book.rulebook.exposures(&view, id(who), &mut out).unwrap();
            let health = self.book.health(who);
            let [term] = out.terms.as_slice() else {
                assert!(out.terms.is_empty() && health.requirement == 0);
                continue;
            };
            assert_eq!((term.market, term.requirement), (MarketId(0), 0));
            let gap = health.equity - health.requirement as i128;
            let gap = if health.breach { -gap } else { gap };
            let slack = gap.saturating_sub(armed.error as i128);
            if slack <= 0 {
                continue;
            }
            // The engine's own trigger: a share of the price, one unit more against rounding.
            let moved =
                U256::from(price) * U256::from(slack as u128) / U256::from(term.equity as u128 + 1);
            let moved = moved.to::<u128>();
            let inside = if health.breach {
                vec![price + moved.saturating_sub(1), price / 2, 1]
            } else {
                vec![price - moved + 1, price * 2, price - moved / 2]
            };
            for at in inside {
                self.book.mark(at);
                assert_eq!(self.book.health(who).breach, health.breach, "{price} to {at}");
            }
            self.book.mark(price);
        }
    }

    /// The account is in breach just below its liquidation price and safe just above.
    fn liquidation_prices(&mut self) {
        let price = self.book.marks[0].mark.unwrap().price.raw;
        for who in 0..ACCOUNTS as usize {
            let at = self.book.rulebook.liquidation_price(&self.book.view(), id(who), WETH);
            let Some(at) = at.unwrap() else { continue };
            let at = breakwater_money::rational::to_raw(&at, 8, Rounding::Floor).unwrap();
            for (raw, breach) in [(at - 2, true), (at + 2, false)] {
                self.book.mark(raw);
                assert_eq!(self.book.health(who).breach, breach, "{at}: {raw}");
            }
            self.book.mark(price);
        }
    }
}

fn run(ops: &[Op]) -> Both {
    let mut both = Both::new();
    for op in ops {
        both.apply(op);
        both.breaches();
    }
    both
}

proptest! {
    #[test]
    fn the_rulebook_does_what_the_core_does(ops in proptest::collection::vec(any_op(), 1..50)) {
        run(&ops);
    }

    #[test]
    fn what_is_told_of_prices_is_never_late(ops in proptest::collection::vec(any_op(), 1..40)) {
        let mut both = run(&ops);
        both.exposures();
        both.liquidation_prices();
    }
}

#[test]
fn the_generator_reaches_both_modes() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (mut accepted, mut taken, mut recovering) = (0, 0, 0);
    for _ in 0..60 {
        let ops = proptest::collection::vec(any_op(), 50).new_tree(&mut runner).unwrap().current();
        let both = run(&ops);
        accepted += both.accepted;
        taken += both.taken;
        recovering += both.recovering;
    }
    assert!(accepted > 600 && taken > 60, "{accepted} accepted, {taken} taken");
    assert!(recovering > 200, "{recovering} states in recovery mode");
}

// By hand

#[test]
fn equality_with_the_minimum_is_healthy_and_one_unit_of_the_price_decides() {
    let mut book = Book::at(2_000);
    book.import(0, 1_000, 100_000);
    book.import(1, 11, 20_000);
    let at = book.health(1);
    assert!(!at.breach && at.ratio == Ratio::one() && at.shortfall == 0);
    assert_eq!((at.equity, at.requirement), (20_000 * 100_000_000, 20_000 * 100_000_000));
    assert!(book.options(1).is_empty());
    assert_eq!(book.refuses(&absorb(&[1])), Rejection::Healthy);
    book.mark(2_000 * 100_000_000 - 1);
    assert!(book.health(1).breach && book.health(1).ratio < Ratio::one());
    assert_eq!(book.options(1).len(), 1);
    book.mark(2_000 * 100_000_000 + 1);
    assert!(!book.health(1).breach && book.health(1).ratio > Ratio::one());
}

#[test]
fn the_caller_gets_the_compensation_and_the_pool_the_collateral() {
    let mut book = Book::at(2_000);
    book.import(0, 10_000, 1_000_000);
    book.import(2, 1_000, 100_000);
    book.import(1, 21, 40_000);
    book.call(&Call::Provide { account: id(5), asset: LUSD, amount: 50_000 * ONE }).unwrap();
    let option = book.options(1).remove(0);
    // 0.5 % of 21 is 0.105, worth 210 dollars, and 200 coins beside it.
    assert_eq!(option.seized, Amount::new(WETH, 105 * ONE / 1_000));
    assert_eq!(option.seized_value, 210 * 100_000_000);
    assert_eq!(option.reward_value, 200 * 100_000_000);
    let effects = book.call(&option.call).unwrap();
    assert_eq!(effects.touched, Touched::Nobody);
    assert_eq!(book.pool(Holder::Vault, LUSD), 10_000 * ONE as i128);
    assert_eq!(book.pool(Holder::Vault, WETH), (20_895 * ONE / 1_000) as i128);
    assert_eq!(book.rows.accounts[1], []);
    assert_eq!(effects.facts.len(), 1);
    assert!(matches!(effects.facts[0], Fact::Seized { account: AccountId(1), capped: false, .. }));
    // Gains and what is left of the deposit go out together.
    let all = Call::Reclaim { account: id(5), asset: LUSD, amount: u128::MAX };
    assert_eq!(book.refuses(&all), Rejection::InsufficientLiquidity);
    let some = Call::Reclaim { account: id(5), asset: LUSD, amount: 5_000 * ONE };
    let out = book.call(&some).unwrap();
    assert_eq!(out.net(Holder::External, LUSD), 5_000 * ONE as i128);
    assert!(out.net(Holder::External, WETH) > (20_894 * ONE / 1_000) as i128);
}

#[test]
fn what_collateral_does_not_cover_is_borne_by_the_pool_and_the_other_borrowers() {
    let mut book = Book::at(2_000);
    book.import(0, 1_000, 100_000);
    book.import(1, 19, 40_000);
    book.call(&Call::Provide { account: id(5), asset: LUSD, amount: 30_001 * ONE }).unwrap();
    let effects = book.call(&absorb(&[1])).unwrap();
    // 19 less 0.095 is 18.905, worth 37,810: three quarters of it, 28,357.5, for 30,000 coins, and
    // 9,452.5 for 10,000.
    let borne: Vec<(Bearer, u128)> = effects
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Borne { bearer, amount, .. } => Some((*bearer, amount.raw)),
            _ => None,
        })
        .collect();
    let tenths = |tenths: u128| tenths * ONE / 10;
    assert_eq!(borne, [(Bearer::Vault, tenths(16_425)), (Bearer::Borrowers, tenths(5_475))]);
    let deficits = effects.facts.iter().filter(|f| matches!(f, Fact::Deficit { .. })).count();
    assert_eq!(deficits, 2);
    // The other trove owes more, without a balance of its own having moved.
    assert_eq!(effects.touched, Touched::Everyone);
    assert_eq!(book.rows.balance(Holder::Account(id(0)), Unit::debt(LUSD)), 100_000 * ONE as i128);
    let sides = book.rulebook.sides(&book.view(), id(0)).unwrap();
    assert_eq!(sides.debt, 110_000 * 100_000_000);
    assert!(book.health(0).requirement == sides.debt);
    // Putting it on record moves it to the account.
    book.call(&Call::Deposit { account: id(0), asset: WETH, amount: ONE }).unwrap();
    assert_eq!(book.rows.balance(Holder::Account(id(0)), Unit::debt(LUSD)), 110_000 * ONE as i128);
}

#[test]
fn in_recovery_mode_a_covered_trove_above_the_minimum_is_in_breach() {
    let mut book = Book::at(1_000);
    book.import(0, 14_000, 10_000_000);
    book.import(1, 24, 20_000);
    // 120 % of a system at 140 %: not covered, not in breach.
    assert!(!book.health(1).breach);
    let provide = Call::Provide { account: id(5), asset: LUSD, amount: 20_001 * ONE };
    assert_eq!(book.call(&provide).unwrap().touched, Touched::Everyone);
    let health = book.health(1);
    assert!(health.breach && health.ratio < Ratio::one());
    assert!(!book.health(0).breach);
    let mut out = Exposures::default();
    let armed = book.rulebook.exposures(&book.view(), id(0), &mut out).unwrap();
    assert_eq!((armed.error, out.terms.len()), (ANY_MOVE, 1));
    let effects = book.call(&absorb(&[1])).unwrap();
    assert!(matches!(effects.facts[0], Fact::Seized { capped: true, .. }));
    // 22 of the 24 were taken; the rest is the owner's, outside of any trove.
    let token = Holder::Account(id(1));
    assert_eq!(book.rows.balance(token, Unit::token(WETH)), 2 * ONE as i128);
    assert_eq!(book.health(1), Health::unencumbered(0));
    let sides = book.rulebook.sides(&book.view(), id(1)).unwrap();
    assert_eq!((sides.collateral, sides.debt), (2_000 * 100_000_000, 0));
    let more = Call::Withdraw { account: id(1), asset: WETH, amount: 2 * ONE + 1 };
    assert_eq!(book.refuses(&more), Rejection::InsufficientBalance);
    book.call(&Call::Withdraw { account: id(1), asset: WETH, amount: u128::MAX }).unwrap();
    assert_eq!(book.rows.accounts[1], []);
}

#[test]
fn a_sequence_may_take_what_could_not_be_taken_alone() {
    let mut book = Book::at(1_000);
    // 145.9 %, 120 % and 143 % of a system at 142.1 %: the third is above it until the second has
    // gone.
    book.import(0, 14_590, 10_000_000);
    book.import(1, 2_400, 2_000_000);
    book.import(2, 143, 100_000);
    book.call(&Call::Provide { account: id(5), asset: LUSD, amount: 9_000_000 * ONE }).unwrap();
    assert!(book.health(1).breach && !book.health(2).breach);
    let call = Call::AbsorbWorst { most: 9 };
    let targets = book.rulebook.targets(&book.view(), &call).unwrap();
    assert_eq!(targets, [id(1), id(2)]);
    assert_eq!(book.call(&call).unwrap().facts.len(), 2);
    let kept = PROMISES.iter().find(|(promise, _)| *promise == Promise::HealthyUntouched);
    assert_eq!(kept.map(|(_, kept)| *kept), Some(Kept::Refuses));
}

#[test]
fn troves_that_are_named_and_passed_by_are_no_targets() {
    let mut book = Book::at(2_000);
    book.import(0, 1_000, 100_000);
    book.import(1, 21, 40_000);
    let call = absorb(&[0, 1, 1, 4]);
    assert_eq!(book.rulebook.targets(&book.view(), &call).unwrap(), [id(1)]);
    assert_eq!(book.rulebook.targets(&book.view(), &absorb(&[0])).unwrap(), []);
    assert!(book.rulebook.execute(&book.view(), &call).is_ok());
}

#[test]
fn an_own_threshold_replaces_the_minimum_for_its_account_alone() {
    let mut book = Book::at(2_000);
    book.import(0, 1_000, 100_000);
    book.import(1, 25, 40_000);
    book.import(2, 25, 40_000);
    assert!(!book.health(1).breach);
    let set = |value: u64| Call::Configure {
        account: id(1),
        column: column::OWN_THRESHOLD,
        value: U256::from(value),
    };
    // 40,000 of 50,000 is 80 %.
    book.call(&set(8_000)).unwrap();
    assert!(!book.health(1).breach && book.health(1).ratio == Ratio::one());
    let effects = book.call(&set(7_999)).unwrap();
    assert_eq!(effects.touched, Touched::Accounts(vec![id(1)]));
    assert!(book.health(1).breach && !book.health(2).breach);
    assert!(book.call(&absorb(&[1])).is_ok());
    assert_eq!(book.refuses(&set(10_001)), Rejection::BadParameter);
    let other = Call::Configure { account: id(1), column: column::STAKE, value: U256::ONE };
    assert_eq!(book.refuses(&other), Rejection::BadParameter);
    let names = book.rulebook.layout().account;
    assert_eq!(names[usize::from(column::OWN_THRESHOLD)], desk::OWN_THRESHOLD);
}

#[test]
fn a_trove_lives_from_deposit_to_repayment() {
    let mut book = Book::at(2_000);
    book.import(0, 1_000, 100_000);
    let [deposit, withdraw] = [
        |amount| Call::Deposit { account: id(1), asset: WETH, amount },
        |amount| Call::Withdraw { account: id(1), asset: WETH, amount },
    ];
    let borrow = |amount| Call::Borrow { account: id(1), asset: LUSD, amount };
    let repay = |amount| Call::Repay { account: id(1), asset: LUSD, amount };
    book.call(&deposit(10 * ONE)).unwrap();
    // What waits for a trove can go again.
    assert_eq!(book.health(1).requirement, 0);
    book.call(&withdraw(4 * ONE)).unwrap();
    assert_eq!(book.refuses(&withdraw(6 * ONE + 1)), Rejection::InsufficientBalance);
    assert_eq!(book.refuses(&borrow(1_000 * ONE)), Rejection::DustLeft);
    assert_eq!(book.refuses(&borrow(12_000 * ONE)), Rejection::BelowInitial);
    assert_eq!(book.refuses(&repay(ONE)), Rejection::NotBorrowed);
    let effects = book.call(&borrow(8_000 * ONE)).unwrap();
    assert_eq!(effects.net(Holder::External, LUSD), 8_000 * ONE as i128);
    assert_eq!(effects.net(Holder::Treasury, LUSD), 40 * ONE as i128);
    assert_eq!(book.health(1).requirement, 8_240 * 100_000_000);
    book.call(&borrow(100 * ONE)).unwrap();
    book.call(&repay(100 * ONE)).unwrap();
    book.call(&deposit(ONE)).unwrap();
    book.call(&withdraw(2 * ONE)).unwrap();
    assert_eq!(book.refuses(&withdraw(ONE)), Rejection::BelowInitial);
    assert_eq!(book.refuses(&withdraw(u128::MAX)), Rejection::BelowInitial);
    assert_eq!(book.refuses(&withdraw(6 * ONE)), Rejection::InsufficientBalance);
    assert_eq!(book.refuses(&repay(7_000 * ONE)), Rejection::DustLeft);
    assert_eq!(book.refuses(&repay(9_000 * ONE)), Rejection::InsufficientBalance);
    // 8,240.5 less the 200 that were set aside, and the collateral comes back.
    let effects = book.call(&repay(u128::MAX)).unwrap();
    assert_eq!(effects.net(Holder::External, LUSD), -(80_405 * ONE as i128 / 10));
    assert_eq!(effects.net(Holder::External, WETH), 5 * ONE as i128);
    assert_eq!(book.rows.accounts[1], []);
    assert_eq!(book.pool(Holder::Reserve, LUSD), 200 * ONE as i128);
    // Nobody closes the last trove.
    let last = Call::Repay { account: id(0), asset: LUSD, amount: u128::MAX };
    assert_eq!(book.refuses(&last), Rejection::BelowInitial);
}

#[test]
fn calls_are_refused_by_class() {
    let mut book = Book::at(2_000);
    book.import(0, 1_000, 100_000);
    book.import(1, 21, 40_000);
    let deposit = |asset, amount| Call::Deposit { account: id(2), asset, amount };
    assert_eq!(book.refuses(&deposit(WETH, 0)), Rejection::AmountZero);
    assert_eq!(book.refuses(&deposit(USDC, 1)), Rejection::NotCollateral);
    assert_eq!(book.refuses(&deposit(LUSD, 1)), Rejection::NotCollateral);
    assert_eq!(book.refuses(&deposit(AssetId(9), 1)), Rejection::UnknownAsset);
    let stranger = Call::Deposit { account: AccountId(99), asset: WETH, amount: 1 };
    let unknown = |call: &Call| {
        let rows = book.rulebook.execute(&book.view(), call);
        rows.unwrap_err().rejection
    };
    assert_eq!(unknown(&stranger), Rejection::UnknownAccount);
    assert_eq!(unknown(&Call::Absorb { accounts: vec![AccountId(99)] }), Rejection::UnknownAccount);
    let borrow = |asset| Call::Borrow { account: id(0), asset, amount: ONE };
    assert_eq!(book.refuses(&borrow(USDC)), Rejection::NotLendable);
    assert_eq!(book.refuses(&borrow(WETH)), Rejection::NotLendable);
    let import = |asset, collateral, debt| Call::Import { account: id(2), asset, collateral, debt };
    assert_eq!(book.refuses(&import(WETH, 0, 0)), Rejection::AmountZero);
    assert_eq!(book.refuses(&import(WETH, 1, 1)), Rejection::NotLendable);
    assert_eq!(book.refuses(&import(LUSD, 1, 1)), Rejection::NotCollateral);
    assert_eq!(book.refuses(&import(USDC, 1, 0)), Rejection::NotCollateral);
    assert_eq!(book.refuses(&import(LUSD, 0, 200 * ONE - 1)), Rejection::BadParameter);
    assert_eq!(book.refuses(&absorb(&[])), Rejection::AmountZero);
    assert_eq!(book.refuses(&absorb(&[0, 2])), Rejection::Healthy);
    assert_eq!(book.refuses(&Call::AbsorbWorst { most: 0 }), Rejection::AmountZero);
    let provide = |asset, amount| Call::Provide { account: id(3), asset, amount };
    assert_eq!(book.refuses(&provide(WETH, 1)), Rejection::Unsupported);
    assert_eq!(book.refuses(&provide(LUSD, 0)), Rejection::AmountZero);
    let reclaim = |amount| Call::Reclaim { account: id(3), asset: LUSD, amount };
    assert_eq!(book.refuses(&reclaim(0)), Rejection::InsufficientBalance);
    book.call(&provide(LUSD, 5_000 * ONE)).unwrap();
    // A trove is below its minimum: nothing but gains goes out.
    assert_eq!(book.refuses(&reclaim(1)), Rejection::InsufficientLiquidity);
    assert!(book.call(&reclaim(0)).is_ok());
    book.mark(3_000 * 100_000_000);
    assert_eq!(book.refuses(&reclaim(u128::MAX)), Rejection::InsufficientLiquidity);
    assert!(book.call(&reclaim(4_999 * ONE)).is_ok());
    let seize = Call::RepayAndSeize {
        account: id(1),
        debt: LUSD,
        collateral: WETH,
        amount: ONE,
        shares: false,
        liquidator: None,
    };
    assert_eq!(book.refuses(&seize), Rejection::Unsupported);
    book.marks[0].mark = None;
    assert_eq!(book.refuses(&absorb(&[1])), Rejection::MarkMissing);
    assert_eq!(book.refuses(&Call::AbsorbWorst { most: 1 }), Rejection::MarkMissing);
}

#[test]
fn recovery_mode_restricts_what_owners_may_do() {
    let mut book = Book::at(1_000);
    book.import(0, 140, 100_000);
    book.import(1, 32, 20_000);
    let out = Call::Withdraw { account: id(1), asset: WETH, amount: 1 };
    assert_eq!(book.refuses(&out), Rejection::BelowInitial);
    let close = Call::Repay { account: id(1), asset: LUSD, amount: u128::MAX };
    assert_eq!(book.refuses(&close), Rejection::BelowInitial);
    let borrow = |account, amount| Call::Borrow { account: id(account), asset: LUSD, amount };
    assert_eq!(book.refuses(&borrow(1, 5_000 * ONE)), Rejection::BelowInitial);
    assert_eq!(book.refuses(&borrow(1, ONE)), Rejection::BelowInitial);
    // A trove at 150 % may still be opened, free of the fee.
    book.call(&Call::Deposit { account: id(2), asset: WETH, amount: 15 * ONE }).unwrap();
    let effects = book.call(&borrow(2, 9_800 * ONE)).unwrap();
    assert_eq!(effects.net(Holder::Treasury, LUSD), 0);
    assert_eq!(effects.touched, Touched::Everyone);
}

#[test]
fn everybody_is_looked_at_only_when_the_line_moves() {
    let mut book = Book::at(2_000);
    // The first trove sets the line; one of the same ratio does not move it.
    book.call(&Call::Deposit { account: id(0), asset: WETH, amount: 1_000 * ONE }).unwrap();
    let effects = book.call(&Call::Borrow { account: id(0), asset: LUSD, amount: 500_000 * ONE });
    assert_eq!(effects.unwrap().touched, Touched::Everyone);
    book.import(1, 1_000, 502_700);
    let small = Call::Withdraw { account: id(0), asset: WETH, amount: ONE };
    assert_eq!(book.call(&small).unwrap().touched, Touched::Nobody);
    // A loan that lifts the critical price by more than a fiftieth does.
    let large = Call::Borrow { account: id(0), asset: LUSD, amount: 100_000 * ONE };
    assert_eq!(book.call(&large).unwrap().touched, Touched::Everyone);
}

#[test]
fn books_that_the_venue_cannot_take_are_refused_by_name() {
    let mut book = Book::at(2_000);
    assert!(book.rulebook.admits(&book.view()).is_ok());
    book.markets[1].guard.decimals = 6;
    let refused = |book: &Book| book.rulebook.admits(&book.view()).unwrap_err().missing;
    assert!(refused(&book).contains("prices of USDC with 6 decimals"));
    book.markets[1].guard.decimals = 8;
    // An asset that is not listed may be there until somebody holds it.
    book.rows.pool.insert((Holder::Issuer, Unit::supply(USDC)), -1);
    assert_eq!(refused(&book), "troves with USDC");
    book.rows.pool.clear();
    book.assets[2].kind = AssetKind::linear_perpetual(LUSD);
    assert!(refused(&book).contains("perpetual"));

    let mut wrong = book.assets.clone();
    wrong[0].decimals = 8;
    let error = build(FILE, &wrong).err().unwrap();
    assert_eq!(error, "collateral.decimals = 18: the pool's asset has 8");
    // A pool without the pair can be built, and holds nothing.
    let empty = build(FILE, &wrong[2..]).unwrap();
    let view = book.view();
    assert_eq!(empty.assess(&view, id(0)), Ok(Health::unencumbered(0)));
    let deposit = Call::Deposit { account: id(0), asset: WETH, amount: 1 };
    assert_eq!(empty.execute(&view, &deposit).unwrap_err().rejection, Rejection::NotLendable);
    let provide = Call::Provide { account: id(0), asset: LUSD, amount: 1 };
    assert_eq!(empty.execute(&view, &provide).unwrap_err().rejection, Rejection::Unsupported);
}

#[test]
fn the_contracts_own_calls_are_named() {
    let book = Book::at(2_000);
    let says = |call: &Call| book.rulebook.arguments(&book.view(), call);
    assert_eq!(says(&absorb(&[3])), format!("liquidate({})", id(3)));
    let both = format!("batchLiquidateTroves([{}, {}])", id(3), id(4));
    assert_eq!(says(&absorb(&[3, 4])), both);
    assert_eq!(says(&Call::AbsorbWorst { most: 7 }), "liquidateTroves(7)");
    let provide = Call::Provide { account: id(0), asset: LUSD, amount: 5 };
    assert_eq!(says(&provide), "provideToSP(5 of LUSD)");
}

#[test]
fn the_shape_is_one_collateral_and_the_venues_coin() {
    let shape = shape(FILE).unwrap();
    assert_eq!(shape.currency, Some(("LUSD".to_owned(), 18)));
    assert_eq!(shape.secured_by, [("LUSD".to_owned(), vec!["WETH".to_owned()])].into());
    assert_eq!((shape.collaterals, shape.debts, shape.debt_least), (Reach::One, Reach::One, 2_000));
    // What is supplied of the coin stands in the stability pool and is no collateral.
    let mut book = Book::at(2_000);
    book.call(&Call::Provide { account: id(0), asset: LUSD, amount: ONE }).unwrap();
    let held = book.rows.accounts[0].iter().map(|h| h.unit.class);
    assert_eq!(held.collect::<Vec<_>>(), [Class::Supply]);
    assert_eq!(book.rulebook.sides(&book.view(), id(0)), Ok(Sides::default()));
    let promises: Vec<Promise> = PROMISES.iter().map(|(promise, _)| *promise).collect();
    assert_eq!(promises, Promise::ALL);
}

#[test]
fn totals_are_the_systems_own_sums_whatever_balances_say() {
    let mut book = Book::at(2_000);
    book.import(0, 1_000, 100_000);
    book.import(1, 19, 40_000);
    book.call(&Call::Provide { account: id(5), asset: LUSD, amount: 30_001 * ONE }).unwrap();
    let totals = |book: &Book, asset| {
        let totals = book.rulebook.totals(&book.view(), asset);
        totals.map(|t| (t.supplied, t.borrowed)).map_err(|refused| refused.rejection)
    };
    assert_eq!(totals(&book, WETH), Ok((1_019 * ONE, 0)));
    assert_eq!(totals(&book, LUSD), Ok((30_001 * ONE, 140_000 * ONE)));
    book.call(&absorb(&[1])).unwrap();
    // A quarter of 18.905 and 10,000 coins are pending on the other trove; the rest is gone, and
    // one coin is left of the deposit.
    let pending = 4_726_250_000_000_000_000;
    let system = PAIR.system(&book.view());
    assert_eq!(system.active.collateral, U256::from(1_000 * ONE));
    assert_eq!(system.default.collateral, U256::from(pending));
    assert_eq!(totals(&book, WETH), Ok((1_000 * ONE + pending, 0)));
    assert_eq!(totals(&book, LUSD), Ok((ONE, 110_000 * ONE)));
    let supplied = Holder::Account(id(5));
    assert_eq!(book.rows.balance(supplied, Unit::supply(LUSD)), 30_001 * ONE as i128);
    // Put on record it is no more and no less, and what waits for a trove counts with it.
    book.call(&Call::Deposit { account: id(0), asset: WETH, amount: ONE }).unwrap();
    book.call(&Call::Deposit { account: id(3), asset: WETH, amount: 2 * ONE }).unwrap();
    let active = PAIR.system(&book.view()).active.collateral;
    assert_eq!(active, U256::from(1_001 * ONE + pending));
    assert_eq!(totals(&book, WETH), Ok((1_003 * ONE + pending, 0)));
    assert_eq!(totals(&book, LUSD), Ok((ONE, 110_000 * ONE)));
    assert_eq!(totals(&book, USDC), Err(Rejection::NotLendable));
    assert_eq!(totals(&book, AssetId(9)), Err(Rejection::UnknownAsset));
}
