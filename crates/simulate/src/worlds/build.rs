//! From a file to a world: everything is checked here, and what contradicts itself is refused.

use super::process::{Joint, MARKETS_MAX, Process};
use super::results::Metric;
use super::rule::Rule;
use super::settings::{self, DepthFile, ImpactName, JumpsFile, MarketFile, PriceFile, WorldFile};
use super::tables::Tables;
use super::world::{Breaker, Market, Panic, World, is_perpetual, units};
use super::{bars, book, simple};
use crate::ScenarioError;
use crate::monte_carlo::contracts::ContractRules;
use crate::monte_carlo::error::{refuse, within};
use crate::monte_carlo::{Impact, Jumps, PathLaw};
use breakwater_rulebooks::loans::{LoanTerms, loan_rule};
use toml::Table;

/// Most paths of one run.
const PATHS_MAX: u64 = 10_000_000;

const BONUS: u32 = 500;
const CLOSE_FACTOR: u32 = 5_000;
const ROUNDS: u32 = 8;

/// Builds a world from its table.
pub(super) fn build(name: &str, table: Table, mut tables: Tables) -> Result<World, ScenarioError> {
    let file = settings::typed(name, &table)?;
    check_run(&file)?;
    let names = names(&file)?;
    let processes = names
        .iter()
        .map(|name| process(name, &file.markets[name].price, &mut tables))
        .collect::<Result<Vec<_>, _>>()?;
    let markets = names
        .iter()
        .map(|name| market(name, &file.markets[name], bonus(&file, name)))
        .collect::<Result<Vec<_>, _>>()?;
    let joint = match &file.correlation {
        Some(correlation) => Some(Joint::new(correlation, &names, &processes)?),
        None => None,
    };
    let driver = driver(&file, &names, &processes)?;
    let mut moving = [false; MARKETS_MAX];
    for (at, process) in processes.iter().enumerate() {
        // A price that does not move by itself moves by sales, if it has a depth.
        moving[at] = *process != Process::Fixed || markets[at].impact != Impact::None;
    }
    let (accounts, contracts) = if is_perpetual(&file) {
        (Vec::new(), Some((book::positions(&file.book)?, perpetual(&file, &processes)?)))
    } else {
        let accounts = book::accounts(&file.book, &file.rules, &names, &file.markets, &mut tables)?;
        (accounts, None)
    };
    let (collateral, debt) = match &contracts {
        Some((book, _)) => (book.open_interest(), book.open_interest()),
        None => (book::held(&accounts), book::owed(&accounts)),
    };
    let budget = budget(&file)?;
    within("defences.fund", file.defences.fund, 0.0, 1e12)?;
    gains(&file, &markets)?;
    let mut world = World {
        steps: steps(&file, &processes)?,
        paths: file.run.paths,
        seed: file.run.seed,
        fund: units(file.defences.fund),
        metrics: metrics(&file)?,
        assumptions: Vec::new(),
        rule: rule(&file, &names, &mut tables)?,
        rounds_max: rounds(&file)?,
        budget,
        limited: budget != u64::MAX,
        only_at_a_gain: file.keepers.only_at_a_gain,
        breaker: breaker(&file, &names)?,
        panic: panic(&file, &names, &processes)?,
        simple: None,
        table,
        markets,
        processes,
        joint,
        driver,
        accounts,
        contracts,
        collateral,
        debt,
        moving,
        tables,
        file,
    };
    check_sweep(&world.file)?;
    world.simple = simple::of(&world)?;
    world.assumptions = simple::assumptions(&world);
    Ok(world)
}

/// The markets' names, in order.
fn names(file: &WorldFile) -> Result<Vec<String>, ScenarioError> {
    let names: Vec<String> = file.markets.keys().cloned().collect();
    if !(1..=MARKETS_MAX).contains(&names.len()) {
        let right = format!("1 to {MARKETS_MAX}");
        return Err(refuse("markets", format!("{} of them", names.len()), &right));
    }
    match names.iter().find(|name| name.is_empty() || !name.chars().all(is_plain)) {
        Some(name) => Err(refuse("markets", format!("'{name}'"), "letters, digits, - and _")),
        None => Ok(names),
    }
}

/// Most value that may be repaid in one step, base units.
fn budget(file: &WorldFile) -> Result<u64, ScenarioError> {
    let caps = [
        ("keepers.capital_per_step", file.keepers.capital_per_step),
        ("defences.cap_per_step", file.defences.cap_per_step),
    ];
    let mut budget = u64::MAX;
    for (field, cap) in caps {
        if let Some(cap) = cap {
            within(field, cap, 0.0, 1e12)?;
            budget = budget.min(units(cap));
        }
    }
    Ok(budget)
}

/// What names are made of: a path of a field has dots between them.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

fn check_run(file: &WorldFile) -> Result<(), ScenarioError> {
    if file.name.is_empty() || !file.name.chars().all(is_plain) {
        return Err(refuse("name", format!("'{}'", file.name), "letters, digits, - and _"));
    }
    let run = &file.run;
    if !(1..=PATHS_MAX).contains(&run.paths) {
        return Err(refuse("run.paths", run.paths, &format!("1 to {PATHS_MAX}")));
    }
    if run.step_seconds == 0 {
        return Err(refuse("run.step_seconds", 0, "at least 1"));
    }
    if !(1..10_000).contains(&run.level_bps) {
        return Err(refuse("run.level_bps", run.level_bps, "1 to 9999"));
    }
    Ok(())
}

/// Most steps of a path: years by the minute.
const STEPS_MAX: u32 = 10_000_000;

fn steps(file: &WorldFile, processes: &[Process]) -> Result<u32, ScenarioError> {
    let known = processes.iter().filter_map(|process| match process {
        Process::Historical(steps) => Some(steps.len() as u32),
        _ => None,
    });
    let shortest = known.min();
    match (file.run.steps, shortest) {
        (Some(steps), Some(known)) if steps > known => {
            let right = format!("at most {known}, the steps that the historical price has");
            Err(refuse("run.steps", steps, &right))
        }
        (Some(steps), _) if (1..=STEPS_MAX).contains(&steps) => Ok(steps),
        (Some(steps), _) => Err(refuse("run.steps", steps, &format!("1 to {STEPS_MAX}"))),
        (None, Some(known)) => Ok(known),
        (None, None) => {
            let right = "a number of steps: only a historical price has its own";
            Err(refuse("run.steps", "nothing", right))
        }
    }
}

fn driver(
    file: &WorldFile,
    names: &[String],
    processes: &[Process],
) -> Result<usize, ScenarioError> {
    let moves = |at: &usize| processes[*at] != Process::Fixed;
    let found = match &file.run.driver {
        Some(name) => names.iter().position(|known| known == name).filter(moves),
        None => (0..names.len()).find(moves),
    };
    found.ok_or_else(|| {
        let told =
            file.run.driver.as_ref().map_or("nothing".to_owned(), |name| format!("'{name}'"));
        refuse("run.driver", told, "a market whose price moves")
    })
}

fn process(name: &str, file: &PriceFile, tables: &mut Tables) -> Result<Process, ScenarioError> {
    let field = |part: &str| format!("markets.{name}.price.{part}");
    let jumps = |jumps: &JumpsFile| Jumps {
        rate: jumps.rate,
        mean: jumps.mean,
        deviation: jumps.deviation,
    };
    let law = match file {
        PriceFile::Fixed {} => return Ok(Process::Fixed),
        PriceFile::Historical { file, fall } => {
            let mut steps = bars::read(file, &tables.text(file)?)?;
            if let Some(fall) = fall {
                bars::deepen(&mut steps, *fall)?;
            }
            return Ok(Process::Historical(steps));
        }
        PriceFile::Bootstrap { file, block_steps, scale } => {
            within(&field("scale"), *scale, -10.0, 10.0)?;
            let mut steps = bars::read(file, &tables.text(file)?)?;
            if *block_steps as usize > steps.len() {
                let right = format!("1 to {}, the steps of {file}", steps.len());
                return Err(refuse(&field("block_steps"), block_steps, &right));
            }
            steps.iter_mut().for_each(|step| *step *= scale);
            PathLaw::Bootstrap { steps, block: *block_steps }
        }
        PriceFile::Gbm { drift, volatility } => {
            PathLaw::Gbm { drift: *drift, volatility: *volatility }
        }
        PriceFile::JumpDiffusion { drift, volatility, jumps: of } => {
            PathLaw::JumpDiffusion { drift: *drift, volatility: *volatility, jumps: jumps(of) }
        }
        PriceFile::Heston {
            drift,
            variance,
            variance_mean,
            reversion,
            variance_volatility,
            correlation,
        } => PathLaw::Heston {
            drift: *drift,
            variance: *variance,
            variance_mean: *variance_mean,
            reversion: *reversion,
            variance_volatility: *variance_volatility,
            correlation: *correlation,
        },
        PriceFile::Hawkes { drift, volatility, jumps: of, excitation, decay } => PathLaw::Hawkes {
            drift: *drift,
            volatility: *volatility,
            jumps: jumps(of),
            excitation: *excitation,
            decay: *decay,
        },
    };
    law.check()
        .map_err(|error| ScenarioError::setting(format!("markets.{name}"), error.to_string()))?;
    Ok(Process::Law(law))
}

fn market(name: &str, file: &MarketFile, bonus_bps: u32) -> Result<Market, ScenarioError> {
    if bonus_bps > 10_000 {
        return Err(refuse(&format!("markets.{name}.bonus_bps"), bonus_bps, "0 to 10000"));
    }
    let reward_log = libm::log1p(f64::from(bonus_bps) / 10_000.0);
    let nothing = || Market {
        name: name.to_owned(),
        impact: Impact::None,
        recovery: 0.0,
        permanent: 0.0,
        reward_log,
    };
    let Some(depth) = &file.depth else { return Ok(nothing()) };
    let field = |part: &str| format!("markets.{name}.depth.{part}");
    within(&field("amount"), depth.amount, 1e-3, 1e15)?;
    within(&field("times"), depth.times, 1e-6, 1e6)?;
    let impact = impact(depth, &field)?;
    let (recovery, permanent) = match depth.half_life_steps {
        None if depth.permanent != 0.0 => {
            let right = "nothing without half_life_steps: all of the impact stays then";
            return Err(refuse(&field("permanent"), depth.permanent, right));
        }
        None => (0.0, 0.0),
        Some(steps) => {
            within(&field("half_life_steps"), steps, 1e-3, 1e9)?;
            within(&field("permanent"), depth.permanent, 0.0, 0.999_999)?;
            (1.0 - libm::exp2(-1.0 / steps), depth.permanent)
        }
    };
    Ok(Market { impact, recovery, permanent, ..nothing() })
}

fn impact(depth: &DepthFile, field: &dyn Fn(&str) -> String) -> Result<Impact, ScenarioError> {
    let amount = depth.amount * depth.times * super::rule::UNIT as f64;
    let impact = match (depth.impact, depth.scale) {
        (ImpactName::Exponential, None) => Impact::Exponential { depth: amount },
        (ImpactName::Linear, None) => Impact::Linear { depth: amount },
        (ImpactName::SquareRoot, Some(scale)) => Impact::SquareRoot { scale, volume: amount },
        (ImpactName::SquareRoot, None) => {
            return Err(refuse(&field("scale"), "nothing", "the fall when the volume is sold"));
        }
        (_, Some(scale)) => {
            return Err(refuse(&field("scale"), scale, "nothing but for the square-root law"));
        }
    };
    impact.check().map_err(|error| ScenarioError::setting(field("amount"), error.to_string()))?;
    Ok(impact)
}

fn bonus(file: &WorldFile, market: &str) -> u32 {
    file.markets[market].bonus_bps.or(file.rules.bonus_bps).unwrap_or(BONUS)
}

fn rounds(file: &WorldFile) -> Result<u32, ScenarioError> {
    match file.rules.rounds_max.unwrap_or(ROUNDS) {
        rounds @ 1..=1_000 => Ok(rounds),
        rounds => Err(refuse("rules.rounds_max", rounds, "1 to 1000")),
    }
}

fn rule(file: &WorldFile, names: &[String], tables: &mut Tables) -> Result<Rule, ScenarioError> {
    let bonuses = names.iter().map(|name| bonus(file, name));
    if !is_perpetual(file) {
        for (field, value) in [
            ("rules.maintenance_bps", file.rules.maintenance_bps),
            ("rules.fee_bps", file.rules.fee_bps),
        ] {
            if let Some(value) = value {
                return Err(refuse(field, value, "nothing: it belongs to a perpetual world"));
            }
        }
    }
    if file.rulebook == "plain" {
        let close_factor_bps = file.rules.close_factor_bps.unwrap_or(CLOSE_FACTOR);
        if !(1..=10_000).contains(&close_factor_bps) {
            return Err(refuse("rules.close_factor_bps", close_factor_bps, "1 to 10000"));
        }
        let mut bonus_bps = [0; MARKETS_MAX];
        bonus_bps.iter_mut().zip(bonuses).for_each(|(to, from)| *to = from);
        return Ok(Rule::Plain { close_factor_bps, bonus_bps });
    }
    let shipped = breakwater_rulebooks::shipped();
    let text = match shipped.iter().find(|(known, _)| *known == file.rulebook) {
        Some((_, text)) => (*text).into(),
        None => tables.text(&file.rulebook)?,
    };
    let parsed: Table = toml::from_str(&text)
        .map_err(|error| ScenarioError::setting(&file.rulebook, error.to_string()))?;
    let rule = parsed.get("rule").and_then(toml::Value::as_str).unwrap_or_default();
    let close_factor_bps =
        file.rules.close_factor_bps.map(|bps| u16::try_from(bps).unwrap_or(u16::MAX));
    let bonus_bps = bonuses.map(|bps| u16::try_from(bps).unwrap_or(u16::MAX)).collect();
    let terms = LoanTerms { bonus_bps, close_factor_bps };
    let found = loan_rule(rule, &text, &terms)
        .map_err(|error| ScenarioError::setting("rulebook", error))?;
    match found {
        Some(rule) => Ok(Rule::Venue { rule, count: names.len() }),
        None => {
            let right = "plain, or a rulebook whose rule is a function of one loan's prices and \
                         amounts; replay runs the others";
            Err(refuse("rulebook", format!("'{}'", file.rulebook), right))
        }
    }
}

fn perpetual(file: &WorldFile, processes: &[Process]) -> Result<ContractRules, ScenarioError> {
    let lends =
        |field: &str| Err(refuse(field, "a value", "nothing: it belongs to a lending world"));
    let laws = processes.iter().filter(|process| matches!(process, Process::Law(_))).count();
    if laws != 1 || processes.len() != 1 {
        return Err(refuse(
            "markets",
            processes.len(),
            "one market with a law for a perpetual world",
        ));
    }
    if file.rulebook != "plain" {
        return Err(refuse(
            "rulebook",
            format!("'{}'", file.rulebook),
            "plain for a perpetual world",
        ));
    }
    let rules = &file.rules;
    if rules.threshold_bps.is_some() || rules.threshold_shift_bps != 0 || rules.borrowers_follow {
        return lends("rules.threshold_bps");
    }
    if rules.bonus_bps.is_some() {
        return lends("rules.bonus_bps");
    }
    if file.keepers.capital_per_step.is_some() || file.keepers.only_at_a_gain {
        return lends("keepers");
    }
    if file.panic.is_some() {
        return lends("panic");
    }
    if file.defences.breaker.is_some() || file.defences.cap_per_step.is_some() {
        return lends("defences");
    }
    if file.markets.values().any(|m| m.depth.is_some_and(|depth| depth.half_life_steps.is_some())) {
        return lends("markets.depth.half_life_steps");
    }
    let Some(maintenance_bps) = rules.maintenance_bps else {
        return Err(refuse("rules.maintenance_bps", "nothing", "0 to 5000"));
    };
    Ok(ContractRules {
        maintenance_bps,
        close_factor_bps: rules.close_factor_bps.unwrap_or(10_000),
        fee_bps: rules.fee_bps.unwrap_or(0),
        rounds_max: rounds(file)?,
    })
}

/// Keepers who only act at a gain need a price that says how pressed it is.
fn gains(file: &WorldFile, markets: &[Market]) -> Result<(), ScenarioError> {
    if file.keepers.only_at_a_gain && markets.iter().all(|market| market.recovery == 0.0) {
        let right = "a market with depth.half_life_steps: without recovery no price is pressed";
        return Err(refuse("keepers.only_at_a_gain", true, right));
    }
    Ok(())
}

fn place(field: &str, name: &str, names: &[String]) -> Result<usize, ScenarioError> {
    let found = names.iter().position(|known| known == name);
    found.ok_or_else(|| refuse(field, format!("'{name}'"), &format!("one of {}", names.join(", "))))
}

fn breaker(file: &WorldFile, names: &[String]) -> Result<Option<Breaker>, ScenarioError> {
    let Some(breaker) = &file.defences.breaker else { return Ok(None) };
    let market = place("defences.breaker.market", &breaker.market, names)?;
    let range = |field: &str, value: u32, most: u32| match value {
        _ if (1..=most).contains(&value) => Ok(value),
        _ => Err(refuse(&format!("defences.breaker.{field}"), value, &format!("1 to {most}"))),
    };
    Ok(Some(Breaker {
        market,
        fall_bps: range("fall_bps", breaker.fall_bps, 9_999)?,
        window_steps: range("window_steps", breaker.window_steps, 100_000)?,
        pause_steps: range("pause_steps", breaker.pause_steps, 1_000_000)?,
    }))
}

fn panic(
    file: &WorldFile,
    names: &[String],
    processes: &[Process],
) -> Result<Option<Panic>, ScenarioError> {
    let Some(panic) = &file.panic else { return Ok(None) };
    let market = place("panic.market", &panic.market, names)?;
    if file.markets[&panic.market].depth.is_none() {
        let right = "a market with a depth: sales would move nothing";
        return Err(refuse("panic.market", format!("'{}'", panic.market), right));
    }
    if processes[market] == Process::Fixed && panic.per_fall > 0.0 {
        let right = "a market whose price moves: this one does not fall by itself";
        return Err(refuse("panic.market", format!("'{}'", panic.market), right));
    }
    within("panic.holdings", panic.holdings, 0.0, 1e12)?;
    within("panic.base", panic.base, 0.0, 100.0)?;
    within("panic.per_fall", panic.per_fall, 0.0, 1e6)?;
    within("panic.per_liquidation", panic.per_liquidation, 0.0, 1e6)?;
    Ok(Some(Panic {
        market,
        holdings: panic.holdings * super::rule::UNIT as f64,
        base: panic.base,
        per_fall: panic.per_fall,
        per_liquidation: panic.per_liquidation,
    }))
}

fn metrics(file: &WorldFile) -> Result<Vec<Metric>, ScenarioError> {
    if file.metrics.is_empty() {
        return Ok(Metric::ALL.to_vec());
    }
    let named = |name: &String| {
        Metric::ALL.into_iter().find(|metric| metric.name() == name).ok_or_else(|| {
            let known: Vec<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
            refuse("metrics", format!("'{name}'"), &known.join(", "))
        })
    };
    file.metrics.iter().map(named).collect()
}

fn check_sweep(file: &WorldFile) -> Result<(), ScenarioError> {
    let Some(sweep) = &file.sweep else { return Ok(()) };
    super::search::Plan::of(&sweep.keys)?;
    if sweep.paths.is_some_and(|paths| !(1..=PATHS_MAX).contains(&paths)) {
        return Err(refuse("sweep.paths", sweep.paths.unwrap_or(0), &format!("1 to {PATHS_MAX}")));
    }
    Ok(())
}
