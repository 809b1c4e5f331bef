//! Stories at random: every identity of every account at the end, and profit against a naive count that
//! knows only commands, marks and the ledger.

use crate::support::chance::Chance;
use crate::support::stage::{BTC, CASH, ETH, Stage};
use crate::support::story::{self, VENUES, Venue};
use breakwater_accounting::accounts::Accounts;
use breakwater_accounting::derivatives::Matching;
use breakwater_accounting::journal::{AccountResult, JournalAccounts, JournalBooks, RowKind};
use breakwater_accounting::lots::{Lot, Order, Policy, Scope};
use breakwater_engine::{Body, Command, Engine};
use breakwater_liquidation::Call;
use breakwater_money::{AccountId, AssetId, Holder, Rational, Unit, rational};
use num_traits::{Signed, Zero};
use std::collections::BTreeMap;

fn decimals(asset: AssetId) -> u8 {
    [6, 18, 8][asset.index()]
}

fn price(engine: &Engine, asset: AssetId) -> Rational {
    if asset == CASH {
        return rational::from_raw(1, 0);
    }
    let price = engine.look(|view| view.price(asset)).unwrap();
    rational::from_raw(price.raw as i128, price.decimals)
}

fn worth(engine: &Engine, asset: AssetId, raw: i128) -> Rational {
    rational::from_raw(raw, decimals(asset)) * price(engine, asset)
}

/// What came in less what went out, at the market, by account.
type Flows = BTreeMap<AccountId, Rational>;

/// The pool's money that a command of the holder's own has moved, by the balance of the outside.
fn flow(engine: &Engine, before: i128, command: &Command, flows: &mut Flows) {
    let Body::Call(call) = &command.body else { return };
    let (account, asset) = match call {
        Call::Deposit { account, asset, .. }
        | Call::Withdraw { account, asset, .. }
        | Call::Borrow { account, asset, .. }
        | Call::Repay { account, asset, .. } => (*account, *asset),
        _ => return,
    };
    let outside = engine.ledger().balance(Holder::External, Unit::token(asset));
    let came = worth(engine, asset, before - outside);
    *flows.entry(account).or_default() += came;
}

/// Plays a story with books beside it.
fn play(venue: Venue, seed: u64, length: usize) -> (Engine, JournalAccounts, Flows) {
    let begun = story::begin(venue, 4_096);
    let mut stage = Stage::empty();
    let (mut books, mut flows) = (JournalBooks::new(), Flows::new());
    let mut chance = Chance::new(seed);
    let mut opening = begun.journal.into_iter();
    for _ in 0..opening.len() + length {
        let command = match opening.next() {
            Some(command) => command,
            None => story::next(&stage, venue, &mut chance),
        };
        stage.now = stage.now.max(command.at.0);
        let named = match &command.body {
            Body::Call(
                Call::Deposit { asset, .. }
                | Call::Withdraw { asset, .. }
                | Call::Borrow { asset, .. }
                | Call::Repay { asset, .. },
            ) => *asset,
            _ => CASH,
        };
        let before = stage.engine.ledger().balance(Holder::External, Unit::token(named));
        let outcome = books.apply(&mut stage.engine, &command).unwrap();
        assert!(outcome.stop.is_none(), "{venue:?} {seed}: {:?}", outcome.stop);
        if outcome.accepted() {
            flow(&stage.engine, before, &command, &mut flows);
        }
        stage.journal.push(command);
    }
    let accounts = books.finish(&stage.engine);
    let accounts = accounts.unwrap_or_else(|error| panic!("{venue:?} {seed}: {error}"));
    (stage.engine, accounts, flows)
}

/// Equity of an account by the naive way: every holding at its mark, debt by the venue's own word.
fn equity(engine: &Engine, account: AccountId, perpetual: bool) -> Rational {
    let mut sum = Rational::zero();
    for holding in engine.ledger().holdings(account) {
        let asset = holding.unit.asset;
        if holding.unit == Unit::debt(CASH) {
            let rulebook = engine.rulebook().unwrap();
            let owed = engine.look(|view| rulebook.owes(view, account, CASH)).unwrap();
            sum -= worth(engine, CASH, owed as i128);
        } else if perpetual && asset == CASH {
            sum += worth(engine, CASH, holding.balance);
        } else {
            sum += worth(engine, asset, holding.balance);
        }
    }
    sum
}

/// What left at its basis had gained more, or less: rows of withdrawals tell the units, and the lots
/// their basis, so that profit at the market is found again.
fn check(venue: Venue, seed: u64, length: usize, tally: &mut BTreeMap<RowKind, u32>) {
    let (engine, books, flows) = play(venue, seed, length);
    for row in &books.rows {
        let kind = match row.kind {
            RowKind::ForcedSale { .. } => RowKind::ForcedSale { slice: 0 },
            kind => kind,
        };
        *tally.entry(kind).or_default() += 1;
    }
    let perpetual = venue == Venue::Perpetuals;
    for result in &books.accounts {
        let of = format!("{venue:?} {seed} {}", result.account);
        let flows = flows.get(&result.account).cloned().unwrap_or_default();
        let counted = equity(&engine, result.account, perpetual);
        // A claim's share of the totals may be a unit off the venue's own rounding of it.
        let unit = rational::from_raw(1, 6);
        assert!((&result.equity - &counted).abs() <= unit, "{of}: equity");
        // Profit at the market is profit at basis with what left before it was realised.
        let profit = result.net_realised() + &result.unrealised;
        let left = &result.flows - &flows;
        let gap = (counted - &flows) - (profit + left);
        assert!(gap.abs() <= unit, "{of}: profit is off by {}", rational::format(&gap, 9));
        if !result.by_kind.contains_key(&RowKind::Withdrawn) {
            assert_eq!(result.flows, flows, "{of}: what came in");
        }
        assert!(!result.by_kind.contains_key(&RowKind::Other), "{of}: {:?}", result.by_kind);
        read_as_entries(&engine, &books, result, &of);
    }
}

/// The same account read from its entries, lots kept by the wallet: nothing is short, lots are what the
/// ledger has, and positions and debts too.
fn read_as_entries(engine: &Engine, books: &JournalAccounts, result: &AccountResult, of: &str) {
    let account = result.account;
    let Some(entries) = books.entries.get(&account) else { return };
    let policy = Policy::new(Order::Fifo, Scope::Wallet);
    let mut read = Accounts::new(policy, Matching::AverageEntry);
    for entry in entries {
        read.apply(&books.names, entry).unwrap_or_else(|error| panic!("{of}: {error}: {entry:?}"));
    }
    read.lots.close().unwrap_or_else(|error| panic!("{of}: {error}"));
    let holder = Holder::Account(account);
    for (asset, name) in [(ETH, "ETH"), (BTC, "BTC")] {
        let Some(id) = books.names.known_asset(name) else { continue };
        let inside =
            |lot: &Lot| books.names.wallet_name(lot.wallet).ends_with(&account.to_string());
        let lots = read.lots.open().filter(|(_, lot)| lot.asset == id && inside(lot));
        let lots = lots.fold(Rational::zero(), |sum, (_, lot)| sum + lot.quantity.rational());
        let held = engine.ledger().balance(holder, Unit::supply(asset));
        assert_eq!(lots, rational::from_raw(held, decimals(asset)), "{of}: lots of {name}");
    }
    for (_, contract, position) in read.contracts.positions() {
        let asset = if books.names.contract_name(contract) == "ETH" { ETH } else { BTC };
        let held = engine.ledger().balance(holder, Unit::token(asset));
        assert_eq!(*position.quantity(), rational::from_raw(held, decimals(asset)), "{of}: size");
    }
    // Gains of lots that a liquidation took are what the rows say: proceeds against basis.
    let gains = read
        .lots
        .rows()
        .iter()
        .fold(Rational::zero(), |sum, row| sum + row.gain().unwrap().rational());
    let rows: Rational = [RowKind::Seized, RowKind::Penalty, RowKind::ForcedSale { slice: 0 }]
        .into_iter()
        .chain([RowKind::SaleShortfall])
        .map(|kind| result.of(kind))
        .sum();
    let parts = rational::from_raw(20 * entries.len() as i128, 6);
    assert!((gains - rows).abs() <= parts, "{of}: gains of lots");
}

#[test]
fn ten_thousand_stories_leave_nothing_over() {
    let mut tally = BTreeMap::new();
    for seed in 0..10_000 {
        check(VENUES[seed as usize % VENUES.len()], seed, 24, &mut tally);
    }
    println!("{tally:?}");
}

#[test]
fn long_stories_reach_every_kind_of_row() {
    let mut tally = BTreeMap::new();
    for venue in VENUES {
        for seed in 0..6 {
            check(venue, seed, 400, &mut tally);
        }
    }
    println!("{tally:?}");
    for kind in [
        RowKind::Deposited,
        RowKind::Withdrawn,
        RowKind::Borrowed,
        RowKind::Repaid,
        RowKind::Seized,
        RowKind::Penalty,
        RowKind::ForcedSale { slice: 0 },
        RowKind::SaleShortfall,
        RowKind::BorrowInterest,
        RowKind::Traded,
        RowKind::Liquidated,
        RowKind::Deleveraged,
        RowKind::Settled,
        RowKind::Funding,
        RowKind::Waived,
        RowKind::Socialised,
    ] {
        assert!(tally.contains_key(&kind), "no {} in {tally:?}", kind.word());
    }
}
