//! What every run keeps, whatever its format.

use super::super::stage::Stage;
use super::super::{AuctionOptions, run, vary};
use super::{once, small};
use crate::watcher::{Nobody, Watcher};
use breakwater_engine::{Command, Engine};
use breakwater_money::{AccountId, AssetId, Holder, Unit};

const FORMATS: [&str; 5] = ["english-that-day", "english-later", "dutch", "sealed", "batch"];

/// Sums over all accounts of one unit.
fn of_accounts(engine: &Engine, unit: Unit) -> u128 {
    let accounts = (0..).map(AccountId).take(engine.accounts());
    accounts
        .map(|account| engine.ledger().balance(Holder::Account(account), unit).unsigned_abs())
        .sum()
}

/// To the unit: collateral is held or sold; debt is owed, repaid or written off; money of bidders is
/// free, on its way, put down, in collateral or lost with a deposit.
#[test]
fn value_is_conserved_to_the_unit_in_every_format() {
    let (collateral, debt) = (AssetId(0), AssetId(1));
    for format in FORMATS {
        let scenario = small(&[]);
        let mut nobody = Nobody;
        let options = AuctionOptions::default();
        let mut stage = Stage::found(&scenario, format, &options, &mut nobody).unwrap();
        let held = of_accounts(&stage.host.engine, Unit::supply(collateral));
        let owed = of_accounts(&stage.host.engine, Unit::debt(debt));
        let capital: u128 = stage.population.bidders.iter().map(|bidder| bidder.capital).sum();
        let mut sold_in_all = 0u128;
        for step in 0..=scenario.steps() {
            let seconds = step * scenario.settings.market.step_seconds;
            stage.step(seconds).unwrap();
            if step % 60 != 0 {
                continue;
            }
            let engine = &stage.host.engine;
            let lots = stage.lots.iter().chain(stage.open.values().map(|open| &open.lot));
            let (sold, paid) = lots.fold((0, 0), |(a, b), lot| (a + lot.sold, b + lot.paid));
            assert_eq!(held, of_accounts(engine, Unit::supply(collateral)) + sold, "{format}");
            let insurance = engine.ledger().balance(Holder::Insurance, Unit::token(debt));
            let insurance = insurance.unsigned_abs();
            let penalised = format.starts_with("english") || format == "dutch";
            let (penalty, forfeited) = if penalised { (insurance, 0) } else { (0, insurance) };
            let surplus = of_accounts(engine, Unit::supply(debt));
            let repaid = paid - penalty - surplus;
            let left = of_accounts(engine, Unit::debt(debt));
            assert_eq!(owed, left + repaid + stage.totals.deficit, "{format} at {seconds} s");
            let down: u128 = engine.auctions().values().map(|running| running.held).sum();
            let escrow = engine.ledger().balance(Holder::Escrow, Unit::token(debt));
            assert_eq!(escrow.unsigned_abs(), down, "{format}");
            let free: u128 = stage.purses.iter().map(|purse| purse.free).sum();
            let flying: u128 = stage.flights.values().map(|flight| flight.needs).sum();
            let resold: u128 = stage.returns.iter().map(|back| back.3).sum();
            assert_eq!(capital, free + flying + resold + down + forfeited, "{format}");
            sold_in_all = sold;
        }
        assert!(sold_in_all > 0, "{format} sold nothing");
        let run = stage.end().unwrap();
        assert!(run.books_balance, "{format}");
    }
}

#[test]
fn the_same_seed_gives_the_same_state_and_another_one_another() {
    let scenario = small(&[]);
    for format in FORMATS {
        let (one, two) = (once(&scenario, format), once(&scenario, format));
        assert_eq!(one, two);
        let options = AuctionOptions { seed: Some(7), ..AuctionOptions::default() };
        let other = run(&scenario, format, &options, &mut Nobody).unwrap();
        assert_ne!(one.state_hash, other.state_hash, "{format}");
    }
}

/// Follows a run as a journal would.
#[derive(Default)]
struct Kept(Vec<Command>);

impl Watcher for Kept {
    fn command(&mut self, command: &Command) -> Result<(), String> {
        self.0.push(crate::decode(&crate::encode(command))?);
        Ok(())
    }
}

#[test]
fn the_commands_of_a_run_give_its_state_again() {
    let scenario = small(&[]);
    for format in FORMATS {
        let mut kept = Kept::default();
        let run = run(&scenario, format, &AuctionOptions::default(), &mut kept).unwrap();
        let mut engine = Engine::new(crate::registry());
        for command in &kept.0 {
            let outcome = engine.apply(command);
            assert!(outcome.stop.is_none(), "{format}: {:?}", outcome.stop);
        }
        assert_eq!(engine.state_hash().hex(), run.state_hash, "{format}");
        assert_eq!(kept.0.len() as u64, run.commands);
    }
}

/// Runs side by side on all cores equal runs one after the other.
#[test]
fn a_table_does_not_depend_on_threads() {
    let scenario = small(&[
        ("sensitivity.bidders", "[1, 4]"),
        ("sensitivity.gas", "[\"1\", \"3\"]"),
        ("sensitivity.capital", "[\"0.5\"]"),
    ]);
    let cells = vary(&scenario, &AuctionOptions::default()).unwrap();
    assert_eq!(cells.len(), 8);
    for cell in cells {
        let options = AuctionOptions {
            bidders: Some(cell.bidders),
            gas: Some(cell.gas.clone()),
            capital: Some(cell.capital.clone()),
            ..AuctionOptions::default()
        };
        let alone = run(&scenario, &cell.format, &options, &mut Nobody).unwrap();
        assert_eq!(alone.totals, cell.totals);
    }
}

#[test]
fn one_bidder_alone_pays_next_to_nothing_where_bids_rise() {
    let scenario = small(&[("bidders.count", "1")]);
    let run = once(&scenario, "english-that-day");
    assert!(run.totals.sold > 0);
    assert_eq!(run.totals.zero_wins, run.totals.sold);
    assert_eq!(run.totals.concentration_ppm, Some(1_000_000));
}

#[test]
fn a_ring_bids_once_with_its_best_value() {
    let ring = "[\"ring\", \"ring\", \"ring\"]";
    let scenario = small(&[("bidders.strategies", ring)]);
    let run = once(&scenario, "english-that-day");
    let bought: Vec<u64> = run.bidders.iter().map(|bidder| bidder.lots).collect();
    assert!(bought[0] > 0 && bought[1] == 0 && bought[2] == 0, "{bought:?}");
    assert_eq!(run.totals.efficiency_ppm, Some(1_000_000), "the best member has it");
}

#[test]
fn first_price_under_seal_is_bid_below_the_value() {
    let format = "{ sealed = { second_price = false, reserve_bps = 0, deposit_bps = 500, \
                  commit_seconds = 900, reveal_seconds = 900 } }";
    let scenario = small(&[("formats.sealed.format", format)]);
    let first = once(&scenario, "sealed");
    assert!(first.totals.sold > 0 && first.books_balance);
    // With three bidders everybody bids two thirds of his value at most; prices move until then.
    let bps = first.totals.revenue_bps().unwrap();
    assert!(bps < 7_500, "{bps} bps of the value");
}
