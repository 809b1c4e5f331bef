//! Every rulebook that takes a lending book, on the shipped book: what it proposes it accepts, what
//! it mapped adds up, its books balance, and its watch list is never late.

use breakwater_engine::{Body, Command, Engine, Outcome};
use breakwater_liquidation::{Overlay, Policy};
use breakwater_market::{Guard, Quote, Tick};
use breakwater_money::{AccountId, Price, Time};
use breakwater_simulate::fitting::{Fitted, fit};
use breakwater_simulate::world::{Host, Setting, asset_id, found, market_id};
use breakwater_simulate::{
    Nobody, PolicyChoice, RunOptions, Scenario, Thresholds, Watcher, registry, run,
};

/// Name, rule and text of every shipped rulebook that takes a lending book.
fn rulebooks() -> Vec<(String, String, String)> {
    let rule = |text: &str| {
        let table: toml::Table = toml::from_str(text).unwrap();
        table["rule"].as_str().unwrap().to_owned()
    };
    let all = breakwater_rulebooks::shipped().iter();
    let all = all.map(|(name, text)| ((*name).to_owned(), rule(text), (*text).to_owned()));
    all.filter(|(_, rule, text)| breakwater_rulebooks::shape(rule, text).unwrap().is_some())
        .collect()
}

fn pool(rule: &str, text: &str, thresholds: Thresholds, policy: &Policy) -> (Engine, Fitted) {
    let scenario = Scenario::open("black-thursday").unwrap();
    let shape = breakwater_rulebooks::shape(rule, text).unwrap().unwrap();
    let fitted = fit(&scenario.book, &shape).unwrap();
    let guard = Guard {
        decimals: 8,
        age_max_nanos: 3_600_000_000_000,
        ahead_max_nanos: 0,
        band_bps: 9_000,
        spread_max_bps: 100,
        grace_nanos: 0,
    };
    let mut nobody = Nobody;
    let mut host = Host::new(Engine::new(registry()), &mut nobody);
    let setting = Setting {
        rule,
        parameters: text,
        policy,
        guard: &guard,
        thresholds,
        vault_share: 600_000_000_000_000_000,
    };
    found(&mut host, &fitted.book, START, &setting).unwrap();
    (host.engine, fitted)
}

const START: Time = Time(1_600_000_000_000_000_000);

/// Everything that moves with the driver falls.
fn fall(engine: &mut Engine, fitted: &Fitted, percent: u128, sequence: u64, at: Time) {
    for (i, asset) in fitted.book.assets.iter().enumerate() {
        if !asset.moves_with_driver {
            continue;
        }
        let tick = Tick {
            market: market_id(i),
            quote: Quote::Single((asset.price * (100 - percent) / 100).max(1)),
            decimals: 8,
            sequence,
            observed_at: at,
        };
        let outcome = engine.apply(&Command { at, body: Body::Tick(tick) });
        assert!(outcome.accepted(), "{:?}", outcome.rejected);
    }
    while engine.pending() > 0 {
        let outcome = engine.apply(&Command { at, body: Body::AdvanceTime });
        assert!(outcome.stop.is_none(), "{:?}", outcome.stop);
    }
}

#[test]
fn a_proposed_call_is_never_refused_by_the_same_rule_now_or_some_blocks_later() {
    let mut told = 0u32;
    for (name, rule, text) in rulebooks() {
        for thresholds in [Thresholds::SameRisk, Thresholds::AsDeployed] {
            let (mut engine, fitted) = pool(&rule, &text, thresholds, &Policy::as_is());
            let mut proposed = 0u32;
            for (sequence, percent) in (2u64..).zip([10, 30, 50]) {
                let at = Time(START.0 + sequence * 600_000_000_000);
                fall(&mut engine, &fitted, percent, sequence, at);
                let rulebook = engine.rulebook().unwrap();
                engine.look(|view| {
                    for account in (0..).map(AccountId).take(engine.accounts()) {
                        let mut options = Vec::new();
                        rulebook.calls(view, account, &mut options).unwrap();
                        for option in options {
                            proposed += 1;
                            for seconds in [0u64, 12, 60] {
                                let later = view.at(Time(view.now.0 + seconds * 1_000_000_000));
                                let answer = rulebook.execute(&later, &option.call);
                                let why = answer.as_ref().err().map(ToString::to_string);
                                assert!(
                                    answer.is_ok(),
                                    "{name} {percent} % {seconds} s {:?}: {why:?}",
                                    option.call
                                );
                            }
                            let effects = rulebook.execute(view, &option.call).unwrap();
                            let overlay = Overlay::new(*view, account, &effects).unwrap();
                            assert!(rulebook.assess(&overlay.view(), account).is_ok());
                        }
                    }
                    let mut options = Vec::new();
                    rulebook.pool_calls(view, &mut options).unwrap();
                    for option in options {
                        proposed += 1;
                        assert!(rulebook.execute(view, &option.call).is_ok(), "{name}");
                    }
                });
            }
            println!("{name}, {}: {proposed} proposed", thresholds.name());
            assert!(rule == "secured-loan" || proposed > 0, "{name} proposes nothing");
            told += proposed;
        }
    }
    assert!(told > 1_000, "{told} proposed");
}

/// Follows a run and holds it to what every run must keep.
#[derive(Default)]
struct Judge {
    accepted: u64,
}

impl Watcher for Judge {
    fn command(&mut self, _: &Command) -> Result<(), String> {
        Ok(())
    }

    fn outcome(&mut self, _: &Command, outcome: &Outcome) {
        assert!(outcome.stop.is_none(), "{:?}", outcome.stop);
        self.accepted += u64::from(outcome.accepted());
    }
}

#[test]
fn every_rulebook_runs_the_scenario_with_balanced_books_under_both_policies() {
    let scenario = Scenario::open("black-thursday").unwrap();
    for (name, _, text) in rulebooks() {
        for thresholds in [Thresholds::SameRisk, Thresholds::AsDeployed] {
            for policy in [PolicyChoice::AsIs, PolicyChoice::Guarded] {
                let options = RunOptions {
                    rulebook: Some((name.clone(), text.clone())),
                    policy,
                    thresholds,
                    ..RunOptions::default()
                };
                let mut judge = Judge::default();
                let run = run(&scenario, &options, &mut judge).unwrap();
                assert!(run.books_balance, "{name}");
                assert!(judge.accepted > 0 && run.totals.liquidations > 0, "{name} {policy:?}");
                assert!(
                    run.totals.debt_start <= run.totals.debt_whole + 1_000_000_000_000,
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn the_watch_list_of_every_rulebook_is_never_late() {
    for (name, rule, text) in rulebooks() {
        let (mut engine, fitted) = pool(&rule, &text, Thresholds::SameRisk, &Policy::as_is());
        assert!(engine.rescan().is_empty(), "{name} at the start");
        for (sequence, percent) in (2u64..).zip([1, 3, 2, 8, 20, 19, 35, 50, 30, 10]) {
            let at = Time(START.0 + sequence * 60_000_000_000);
            fall(&mut engine, &fitted, percent, sequence, at);
            let late = engine.rescan();
            assert!(late.is_empty(), "{name} at {percent} %: {late:?}");
            // Half of what can be called is, so that the pool's own state moves as well.
            for account in (0..).map(AccountId).take(engine.accounts()).step_by(2) {
                if let Ok(option) = engine.best_call(account) {
                    let body = Body::Call(option.call);
                    let outcome = engine.apply(&Command { at, body });
                    assert!(outcome.stop.is_none(), "{name}: {:?}", outcome.stop);
                }
            }
            while engine.pending() > 0 {
                engine.apply(&Command { at, body: Body::AdvanceTime });
            }
            let late = engine.rescan();
            assert!(late.is_empty(), "{name} after calls at {percent} %: {late:?}");
        }
    }
}

#[test]
fn the_liquidation_price_is_where_the_breach_begins() {
    for (name, rule, text) in rulebooks() {
        let (engine, fitted) = pool(&rule, &text, Thresholds::SameRisk, &Policy::as_is());
        let rulebook = engine.rulebook().unwrap();
        let mut found = 0u32;
        for (number, account) in (0u32..).zip(&fitted.book.accounts).step_by(7) {
            let [(asset, _)] = account.collateral[..] else { continue };
            let id = AccountId(number);
            // A handful of dollars: a unit of the venue's own rounding is more than the margin below.
            if engine.look(|view| rulebook.sides(view, id).unwrap().debt) < 1_000 * 100_000_000 {
                continue;
            }
            let price =
                engine.look(|view| rulebook.liquidation_price(view, id, asset_id(asset)).unwrap());
            let Some(price) = price else { continue };
            let raw =
                (price * breakwater_money::Rational::from_integer(100_000_000.into())).to_integer();
            let Ok(raw) = u128::try_from(raw) else { continue };
            let breach = |raw: u128| {
                let mut marks = engine.marks().to_vec();
                marks[asset].mark.as_mut().unwrap().price = Price::new(raw, 8);
                engine.look(|view| rulebook.assess(&view.with_marks(&marks), id).unwrap().breach)
            };
            // A ten-thousandth to either side: the venue's own rounding and pool-wide modes lie
            // within it.
            if raw > 100_000 {
                assert!(breach(raw - raw / 10_000), "{name} {id} below {raw}");
                assert!(!breach(raw + raw / 10_000), "{name} {id} above {raw}");
                found += 1;
            }
        }
        println!("{name}: {found} lines");
    }
}

#[test]
fn a_call_names_its_venues_arguments() {
    for (name, rule, text) in rulebooks() {
        let (mut engine, fitted) = pool(&rule, &text, Thresholds::SameRisk, &Policy::as_is());
        fall(&mut engine, &fitted, 40, 2, Time(START.0 + 600_000_000_000));
        let rulebook = engine.rulebook().unwrap();
        let mut told = 0u32;
        engine.look(|view| {
            for account in (0..).map(AccountId).take(engine.accounts()) {
                let mut options = Vec::new();
                rulebook.calls(view, account, &mut options).unwrap();
                for option in options {
                    let arguments = rulebook.arguments(view, &option.call);
                    let named = arguments.contains('(') && arguments.contains(&account.to_string());
                    assert!(named, "{name}: {arguments}");
                    told += 1;
                }
            }
        });
        assert!(told > 0, "{name}");
    }
}
