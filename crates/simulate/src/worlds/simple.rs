//! Worlds that are simple enough for the headline's engine, and what a world assumes.

use super::process::Process;
use super::rule::{ONE, Rule, UNIT};
use super::world::World;
use crate::ScenarioError;
use crate::monte_carlo::{Book, Impact, Loan, Rules, TOTAL_LIMIT};

/// The same book and rules for the engine with one order of breach prices, where the world is no more
/// than that: one collateral that moves by a law, one fixed debt, one threshold, impact that stays.
pub(super) fn of(world: &World) -> Result<Option<(Book, Rules)>, ScenarioError> {
    let Rule::Plain { close_factor_bps, bonus_bps } = &world.rule else { return Ok(None) };
    let driver = world.driver;
    let law = |at: usize| match world.processes[at] {
        Process::Law(_) => at == driver,
        Process::Fixed => world.markets[at].impact == Impact::None,
        Process::Historical(_) => false,
    };
    let plain = world.joint.is_none()
        && !world.limited
        && world.breaker.is_none()
        && world.panic.is_none()
        && world.contracts.is_none()
        && !world.only_at_a_gain
        && world.markets[driver].recovery == 0.0
        && (0..world.markets.len()).all(law);
    let Some(first) = world.accounts.first().filter(|_| plain) else { return Ok(None) };
    let owed = first.debt.iter().position(|debt| *debt > 0).unwrap_or(driver);
    let mut loans = Vec::with_capacity(world.accounts.len());
    for account in &world.accounts {
        let mut rest = *account;
        (rest.collateral[driver], rest.debt[owed]) = (0, 0);
        let more = rest.collateral.iter().chain(&rest.debt).any(|amount| *amount > 0);
        if more || owed == driver || account.threshold_bps != first.threshold_bps {
            return Ok(None);
        }
        loans.push(Loan { collateral: account.collateral[driver], debt: account.debt[owed] });
    }
    if world.collateral.max(world.debt) >= u128::from(TOTAL_LIMIT) {
        return Ok(None);
    }
    let rules = Rules {
        threshold_bps: first.threshold_bps.into(),
        close_factor_bps: *close_factor_bps,
        bonus_bps: bonus_bps[driver],
        rounds_max: world.rounds_max,
    };
    Ok(Some((Book::new(ONE, ONE, loans)?, rules)))
}

/// What is assumed, as a name and a value each.
pub(super) fn assumptions(world: &World) -> Vec<(String, String)> {
    let mut told = Vec::new();
    let mut tell = |name: &str, value: String| told.push((name.to_owned(), value));
    for (market, process) in world.markets.iter().zip(&world.processes) {
        let impact = match market.impact {
            Impact::None => "sales move nothing".to_owned(),
            Impact::Exponential { depth } => {
                format!("exponential impact, depth {:.0}", depth / UNIT as f64)
            }
            Impact::Linear { depth } => format!("linear impact, depth {:.0}", depth / UNIT as f64),
            Impact::SquareRoot { scale, volume } => {
                format!("square-root impact, {scale} at {:.0}", volume / UNIT as f64)
            }
        };
        let stays = match (market.recovery, market.impact) {
            (_, Impact::None) => String::new(),
            (recovery, _) if recovery > 0.0 => {
                format!("; half of it is gone after {:.1} steps", -1.0 / libm::log2(1.0 - recovery))
            }
            _ => "; it stays".to_owned(),
        };
        tell(&format!("price of {}", market.name), format!("{}; {impact}{stays}", process.name()));
    }
    if world.contracts.is_none() {
        let one = [ONE; super::process::MARKETS_MAX];
        let early = world.accounts.iter().filter(|account| world.rule.in_breach(account, &one));
        tell("in breach before the first step", early.count().to_string());
        let uncovered: u64 = world.accounts.iter().map(|account| account.uncovered(&one)).sum();
        let uncovered = format!("{:.2}", uncovered as f64 / UNIT as f64);
        tell("bad debt before the first step", uncovered);
        tell("interest and gas", "none".to_owned());
        let keepers = match world.file.keepers.capital_per_step {
            None => "capital without limit".to_owned(),
            Some(capital) => format!("{capital} a step"),
        };
        let gain = if world.only_at_a_gain { ", only at a gain" } else { "" };
        tell(
            "keepers",
            format!("{keepers}{gain}; the largest collateral against the largest debt"),
        );
    }
    told
}
