//! With impact, gas and feedback off, the replay is a small calculation. Here it is twice: through
//! the engine's integers and through a page of floats written from the rule alone.

#[path = "sketch/sketch.rs"]
mod sketch;

use breakwater_simulate::{Nobody, PolicyChoice, Run, RunOptions, Scenario, run};

fn plain(scenario: &Scenario, incentive_bps: u32) -> Run {
    let (name, text) = &scenario.rulebook;
    // The sketch knows one incentive for every collateral.
    let uniform: String = text
        .lines()
        .map(|line| match line.split_once(" = ") {
            Some(("liquidation_bonus_bps", _)) => {
                format!("liquidation_bonus_bps = {incentive_bps}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    let options = RunOptions {
        rulebook: Some((name.clone(), uniform)),
        impact: false,
        gas: false,
        feedback: Some("0".to_owned()),
        ..RunOptions::default()
    };
    run(scenario, &options, &mut Nobody).unwrap()
}

fn sketched(scenario: &Scenario, incentive: f64) -> sketch::Sketch {
    macro_rules! table {
        ($name:literal) => {
            include_str!(concat!("../../../scenarios/black-thursday/", $name))
        };
    }
    let tables =
        sketch::Tables::read(table!("prices.csv"), table!("book.csv"), table!("path.csv")).unwrap();
    assert_eq!(tables.accounts.len(), scenario.book.accounts.len());
    let eth = tables.asset("WETH").unwrap();
    sketch::run(&tables.assets, eth, &tables.accounts, &tables.bars, incentive)
}

fn near(name: &str, value: u128, sketched: f64) {
    let value = value as f64 / 1e8;
    let miss = (value / sketched - 1.0).abs();
    assert!(miss < 1e-6, "{name}: {value} by the engine, {sketched} by the sketch ({miss:e} off)");
}

#[test]
fn the_engine_and_the_sketch_agree_at_two_incentives() {
    let scenario = Scenario::open("black-thursday").unwrap();
    for (bps, incentive) in [(10_750, 0.075), (10_500, 0.05)] {
        let run = plain(&scenario, bps);
        let sketch = sketched(&scenario, incentive);
        let totals = &run.totals;
        assert_eq!(totals.liquidated, sketch.accounts as u64, "accounts at {incentive}");
        assert_eq!(totals.liquidations, sketch.calls as u64, "calls at {incentive}");
        near("repaid", totals.debt_repaid, sketch.repaid_usd);
        near("seized", totals.collateral_sold, sketch.seized_usd);
        near("incentive", totals.incentive, sketch.incentive_usd);
        near("bad debt", totals.bad_debt_booked, sketch.booked_usd);
        assert_eq!(totals.bankrupt, sketch.booked_accounts as u64);
        assert_eq!(totals.under_water, sketch.under_water as u64);
        assert!(run.books_balance);
    }
}

#[test]
fn the_same_run_gives_the_same_hash_and_another_gives_another() {
    let scenario = Scenario::open("black-thursday").unwrap();
    let go = |options: &RunOptions| run(&scenario, options, &mut Nobody).unwrap();
    let (first, second) = (go(&RunOptions::default()), go(&RunOptions::default()));
    assert_eq!(first, second);
    let peg = RunOptions { peg: Some("0.95".to_owned()), ..RunOptions::default() };
    assert_ne!(first.state_hash, go(&peg).state_hash);
}

#[test]
fn every_mechanism_accounts_for_every_unit() {
    let scenario = Scenario::open("black-thursday").unwrap();
    for policy in [
        PolicyChoice::AsIs,
        PolicyChoice::Guarded,
        PolicyChoice::VenueFull,
        PolicyChoice::VenueTarget,
    ] {
        let run = run(&scenario, &RunOptions { policy, ..RunOptions::default() }, &mut Nobody);
        let run = run.unwrap();
        assert!(run.books_balance, "{}", run.policy);
        let t = &run.totals;
        let borne = t.bearers.insurance
            + t.bearers.vault
            + t.bearers.deleveraged
            + t.bearers.socialised
            + t.bearers.outstanding;
        assert!(borne.abs_diff(t.bad_debt_booked) <= u128::from(t.bankrupt) * 4, "{}", run.policy);
        let kept = t.keeper_gain + t.gas as i128 + t.price_impact as i128;
        if matches!(policy, PolicyChoice::AsIs | PolicyChoice::Guarded) {
            assert_eq!(kept, t.incentive as i128, "incentive = gain + gas + impact");
        } else {
            assert_eq!(t.borrower_loss, t.price_impact, "owners bear the impact");
        }
        assert!(t.called >= t.liquidated && t.warned >= t.called, "{}", run.policy);
    }
}

#[test]
fn a_shallower_market_and_less_capital_leave_more_undone() {
    let scenario = Scenario::open("black-thursday").unwrap();
    let go = |options: RunOptions| run(&scenario, &options, &mut Nobody).unwrap().totals;
    let base = go(RunOptions::default());
    let shallow = go(RunOptions { depth_scale: Some("0.25".to_owned()), ..RunOptions::default() });
    let poor =
        go(RunOptions { keeper_capital: Some("100000".to_owned()), ..RunOptions::default() });
    let deeper =
        RunOptions { shock: Some("ETH/USD=60%".parse().unwrap()), ..RunOptions::default() };
    assert!(shallow.debt_repaid < base.debt_repaid);
    // A hundred thousand dollars at each of 576 price points.
    assert!(poor.debt_repaid <= 576 * 100_000 * 100_000_000);
    assert!(poor.debt_repaid < base.debt_repaid);
    assert!(go(deeper).called > base.called);
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let scenario = Scenario::open("black-thursday").unwrap();
    let wrong = |options: RunOptions| {
        run(&scenario, &options, &mut Nobody).map(|_| ()).unwrap_err().to_string()
    };
    let text = |value: &str| Some(value.to_owned());
    let cases = [
        (RunOptions { peg: text("0"), ..RunOptions::default() }, "peg: 0"),
        (RunOptions { peg: text("x"), ..RunOptions::default() }, "peg: 'x' is not a decimal"),
        (RunOptions { depth_scale: text("-1"), ..RunOptions::default() }, "depth-scale: '-1'"),
        (RunOptions { depth_scale: text("0"), ..RunOptions::default() }, "depth-scale: 0"),
        (RunOptions { feedback: text("1.5"), ..RunOptions::default() }, "feedback: 1.5"),
        (RunOptions { keeper_capital: text("1e9"), ..RunOptions::default() }, "keeper-capital"),
        (
            RunOptions { shock: Some("STETH=5%".parse().unwrap()), ..RunOptions::default() },
            "shock: 'STETH -5 %'",
        ),
    ];
    for (options, says) in cases {
        let error = wrong(options);
        assert!(error.contains(says), "{error}");
    }
    assert!(Scenario::open("no-such").unwrap_err().to_string().contains("black-thursday"));
}
