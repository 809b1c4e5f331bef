//! The fast way is the slow way, bit for bit, in every kind of world; and limits are closed forms.

use super::rule::{ONE, UNIT};
use super::*;
use crate::monte_carlo::{Loan, MonteCarlo, PathLaw};

fn world(text: &str) -> World {
    try_world(text).unwrap()
}

fn try_world(text: &str) -> Result<World, crate::ScenarioError> {
    let folder = std::env::temp_dir().join(format!("breakwater-worlds-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let name = blake3::hash(text.as_bytes()).to_hex();
    let path = folder.join(format!("{}.toml", &name[..16]));
    std::fs::write(&path, text).unwrap();
    World::open(path.to_str().unwrap())
}

/// Every path, fast and slow.
fn judge(world: &World) -> Outcome {
    let outcome = world.run(2).unwrap();
    assert!(outcome.complete() && outcome.unbalanced() == 0);
    for row in &outcome.rows {
        assert_eq!(*row, world.scan(row.path).unwrap(), "{}", world.file.name);
    }
    outcome
}

fn small(name: &str, changes: &[(&str, &str)]) -> World {
    let changes: Vec<_> =
        changes.iter().map(|(key, text)| ((*key).to_owned(), value(text))).collect();
    World::open_with(name, &changes).unwrap()
}

const LOANS: &[(&str, &str)] =
    &[("run.paths", "4"), ("run.steps", "400"), ("book.drawn.accounts", "600")];

#[test]
fn the_real_book_under_the_venue_s_rule_is_what_asking_everybody_gives() {
    let world = small("black-thursday", &[("run.paths", "3")]);
    let outcome = judge(&world);
    assert_eq!(outcome.engine, Engine::Bounds);
    assert!(outcome.rows.iter().any(|row| row.liquidations > 200));
}

#[test]
fn every_defence_and_agent_gives_what_asking_everybody_gives() {
    let base = [
        ("run.paths", "3"),
        ("run.steps", "500"),
        ("book.drawn.accounts", "500"),
        ("book.drawn.median", "5000"),
        ("defences.breaker.fall_bps", "250"),
        // As small as the book, so that sales, budgets and the breaker matter.
        ("markets.BTC.depth.amount", "3000000"),
        ("markets.ETH.depth.amount", "3000000"),
        ("markets.ALT.depth.amount", "2000000"),
        ("markets.ETH.price.drift", "-0.0008"),
        ("panic.holdings", "300000"),
        ("keepers.capital_per_step", "2000"),
        ("defences.cap_per_step", "4000"),
    ];
    let outcome = judge(&small("multi-collateral", &base));
    let sum = |of: &dyn Fn(&PathRow) -> u64| outcome.rows.iter().map(of).sum::<u64>();
    assert!(sum(&|row| row.liquidations) > 100, "{}", sum(&|row| row.liquidations));
    assert!(sum(&|row| row.waited) > 0, "nobody ever waited");
    assert!(sum(&|row| row.trips.into()) > 0, "the breaker never tripped");
    assert!(outcome.rows.iter().all(|row| row.panic_sold > 0));
}

#[test]
fn a_simple_world_is_the_headline_s_engine_and_any_number_of_threads_gives_the_same() {
    let simple = small("loans", LOANS);
    let outcome = simple.run(1).unwrap();
    assert_eq!(outcome.engine, Engine::Order);
    assert!(outcome.rows.iter().map(|row| row.liquidations).sum::<u64>() > 100);
    assert_eq!(simple.run(3).unwrap().hash(), outcome.hash());
    // The general engine gives every shared field of it.
    for row in &outcome.rows {
        let slow = simple.scan(row.path).unwrap();
        let of = |row: &PathRow| {
            let counts = (row.liquidations, row.touched, row.rounds_max, row.held, row.repaid);
            (row.prices, row.troughs, row.alone_trough, counts, row.bad_debt)
        };
        assert_eq!(of(row), of(&slow));
        assert_eq!(row.seen.prices, slow.seen.prices);
        assert_eq!(row.seen.by_round, slow.seen.by_round);
        assert_eq!(row.seen.cells, slow.seen.cells);
        assert_eq!(slow.conserved, Some(true));
    }
    // And its own scan agrees with the general one, down to the price.
    let loans =
        simple.accounts.iter().map(|a| Loan { collateral: a.collateral[0], debt: a.debt[1] });
    let book = crate::monte_carlo::Book::new(ONE, ONE, loans.collect()).unwrap();
    let run = MonteCarlo {
        rules: crate::monte_carlo::Rules::headline(),
        impact: simple.markets[0].impact,
        law: PathLaw::STRESS,
        steps: simple.steps,
        paths: simple.paths,
        seed: simple.seed,
        threads: 1,
    };
    let row = run.scan(&book, 2).unwrap();
    assert_eq!((row.price, row.bad_debt), (outcome.rows[2].prices[0], outcome.rows[2].bad_debt));
}

#[test]
fn positions_have_deficits_and_threads_change_nothing() {
    let changes = [
        ("run.paths", "6"),
        ("book.drawn.accounts", "1500"),
        ("markets.COIN.depth.amount", "60000000"),
    ];
    let world = small("perpetuals", &changes);
    let outcome = world.run(1).unwrap();
    assert_eq!((outcome.engine, world.scan(0)), (Engine::Positions, None));
    assert!(outcome.rows.iter().any(|row| row.bad_debt > 0));
    assert_eq!(world.run(3).unwrap().hash(), outcome.hash());
}

/// Accounts of 1,000 each over a path of closes; debts against a threshold of 80 %.
fn made(closes: &[f64], accounts: u32, ratios: (f64, f64), rules: &str, depth: &str) -> World {
    let folder = std::env::temp_dir().join(format!("breakwater-worlds-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let text: String = closes.iter().map(|close| format!("{close}\n")).collect();
    let file = format!("{}.csv", &blake3::hash(text.as_bytes()).to_hex()[..16]);
    std::fs::write(folder.join(&file), format!("close\n{text}")).unwrap();
    let (from, to) = ratios;
    world(&format!(
        r#"
name = "made"
title = "made"
question = "?"
[run]
paths = 1
seed = 1
step_seconds = 1
[book.drawn]
accounts = {accounts}
seed = 1
median = 1000
sigma = 0
collateral = {{ A = 1.0 }}
owed = "B"
ratio_from = {from}
ratio_to = {to}
[markets.A]
price = {{ law = "historical", file = "{file}" }}
{depth}
[markets.B]
price = {{ law = "fixed" }}
[rules]
threshold_bps = 8000
{rules}
"#
    ))
}

/// One account of 1,000 against 700: in breach below 0.875.
fn one(fall: f64) -> World {
    let rules = "close_factor_bps = 5000\nbonus_bps = 1000\nrounds_max = 1";
    made(&[1.0, 1.0 - fall], 1, (0.7, 0.7), rules, "")
}

#[test]
fn without_impact_a_path_is_the_rule_at_its_prices() {
    assert_eq!(judge(&one(0.12)).rows[0].liquidations, 0);
    let row = judge(&one(0.2)).rows.remove(0);
    // Half of 700 at 0.8 with a tenth on top: 481.25 units, worth 385.
    let close = |value: u128, wanted: f64| (value as f64 / UNIT as f64 - wanted).abs() < 1e-4;
    assert!(
        row.liquidations == 1 && close(row.repaid, 350.0) && close(row.seized, 385.0),
        "{row:?}"
    );
    assert!(close(row.penalty(), 35.0) && row.bad_debt == 0 && row.impact_cost == 0);
    // 518.75 units are left; at 0.4 a sale of all pays 0.4 / 1.1 of a unit each.
    let row = judge(&one(0.6)).rows.remove(0);
    assert!(close(row.seized, 385.0) && close(row.bad_debt.into(), 350.0 - 37.5 * 0.4), "{row:?}");
}

#[test]
fn impact_recovers_by_half_in_its_half_life() {
    // Holders outside sell a tenth of the depth in the first step; nothing else happens.
    let depth = "depth = { impact = \"exponential\", amount = 1000, half_life_steps = 1 }";
    for (steps, left) in [(1, 0.1), (2, 0.05), (3, 0.025)] {
        let closes = vec![1.0; steps + 1];
        let still = made(&closes, 1, (0.1, 0.1), "bonus_bps = 0", depth);
        let panic = [("panic.market", "A"), ("panic.holdings", "100"), ("panic.base", "50")];
        let changes: Vec<_> = panic.iter().map(|(k, v)| ((*k).to_owned(), value(v))).collect();
        let row = judge(&still.with(&changes).unwrap()).rows.remove(0);
        let end = row.prices[0] as f64 / ONE as f64;
        assert!((end - libm::exp(-left)).abs() < 1e-6, "{end} {left}");
        assert_eq!((row.alone_trough, row.panic_sold), (ONE, 100 * u128::from(UNIT)));
    }
}

#[test]
fn a_small_fall_is_amplified_by_one_over_one_less_the_gain() {
    // Breach prices lie evenly between 0.5 and 1 and all debt is sold at once: per unit of price
    // 20,000 x 1,000 x 0.8 / 0.5 are sold, so that this depth has a gain of one half.
    let (accounts, fall) = (20_000, 0.01);
    for gain in [0.25, 0.5] {
        let depth = f64::from(accounts) * 1_000.0 * 0.8 / 0.5 / gain;
        let depth = format!("depth = {{ impact = \"linear\", amount = {depth} }}");
        let rules = "close_factor_bps = 10000\nbonus_bps = 0\nrounds_max = 1000";
        let world = made(&[1.0, 1.0 - fall], accounts, (0.4, 0.8), rules, &depth);
        let row = judge(&world).rows.remove(0);
        let fell = 1.0 - row.prices[0] as f64 / ONE as f64;
        let told = crate::stress::cascade::amplification(gain, fall).unwrap().multiplier.unwrap();
        assert!((fell / fall / told - 1.0).abs() < 0.06, "{fell} {told}");
    }
}

#[test]
fn contradictions_are_refused_by_field() {
    let says = |name: &str, key: &str, text: &str| {
        World::open_with(name, &[(key.to_owned(), value(text))]).unwrap_err().to_string()
    };
    for (name, key, text, told) in [
        ("loans", "run.paths", "0", "run.paths"),
        ("loans", "rules.bonus", "5", "unknown field `bonus`"),
        ("loans", "rulebook", "nobody-s.toml", "nobody-s.toml"),
        ("loans", "rules.maintenance_bps", "5", "perpetual world"),
        ("loans", "keepers.only_at_a_gain", "true", "half_life_steps"),
        ("loans", "markets.COIN.depth.permanent", "0.5", "all of the impact stays"),
        ("loans", "panic.market", "COIN", "holdings"),
        ("loans", "book.positions", "x.csv", "either positions with prices, or drawn"),
        ("loans", "run.driver", "USD", "a market whose price moves"),
        ("black-thursday", "run.steps", "0", "run.steps"),
        ("black-thursday", "book.debt_ceiling", "0", "book.debt_ceiling"),
        ("black-thursday", "rules.threshold_shift_bps", "9000", "1 to 10000"),
        ("black-thursday", "rulebook", "compound-v2", "replay runs the others"),
        ("black-thursday", "markets.ETH.price.block_steps", "576", "1 to 575"),
        ("multi-collateral", "correlation.degrees", "31", "1 to 30"),
        ("multi-collateral", "panic.market", "USD", "with a depth"),
        ("perpetuals", "rules.threshold_bps", "8000", "lending world"),
        ("perpetuals", "panic.market", "COIN", "holdings"),
    ] {
        let found = says(name, key, text);
        assert!(found.contains(told), "{name} {key}: {found}");
    }
    assert!(World::open("no-such").unwrap_err().to_string().contains("multi-collateral"));
}

#[test]
fn a_sweep_has_common_draws_and_its_front_is_marked() {
    let world = small("loans", LOANS);
    let plan = Plan::new(vec![
        ("rules.bonus_bps".to_owned(), vec![value("250"), value("1000")]),
        ("defences.fund".to_owned(), vec![value("0"), value("1000000")]),
    ]);
    let plan = plan.unwrap();
    let swept = table(&world, &plan, 3, 1, |_| std::ops::ControlFlow::Continue(())).unwrap();
    assert_eq!((swept.cells.len(), swept.cells[0].paths), (4, 3));
    // The fund changes no path.
    assert_eq!(swept.cells[0].hash, swept.cells[1].hash);
    assert_ne!(swept.cells[0].hash, swept.cells[2].hash);
    assert!(swept.cells.iter().any(|cell| cell.on_front));
    let mut left = 5;
    let part = table(&world, &plan, 3, 1, |_| {
        left -= 1;
        if left == 0 {
            std::ops::ControlFlow::Break(())
        } else {
            std::ops::ControlFlow::Continue(())
        }
    });
    assert_eq!(part.unwrap().cells.len(), 1);
}

#[test]
fn a_lower_threshold_that_borrowers_follow_lowers_debt_and_a_ceiling_scales_the_book() {
    let world = small("black-thursday", &[]);
    let follow = [
        ("rules.threshold_shift_bps".to_owned(), value("-500")),
        ("rules.borrowers_follow".to_owned(), value("true")),
    ];
    let lower = world.with(&follow).unwrap();
    assert!(lower.debt < world.debt && lower.collateral == world.collateral);
    let one = [ONE; process::MARKETS_MAX];
    let breaches =
        |world: &World| world.accounts.iter().filter(|a| world.rule.in_breach(a, &one)).count();
    assert!(breaches(&lower).abs_diff(breaches(&world)) <= 2);
    let ceiling = world.with(&[("book.debt_ceiling".to_owned(), value("100000000"))]).unwrap();
    assert!(ceiling.debt <= 100_000_000 * u128::from(UNIT));
    assert!(ceiling.debt > 99_999_000 * u128::from(UNIT));
}
