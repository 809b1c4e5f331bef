//! What a scenario file of defences states. Every field is named; none may be added.

use super::flows::FlowSettings;
use super::sets::DefenceSettings;
use crate::ScenarioError;
use crate::scenario::Source;
use crate::stress::panic::Hazard;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Most people of a pool, most steps, paths and defence sets of a scenario: together they bound a run to
/// minutes.
const PEOPLE_MAX: u32 = 20_000;
const STEPS_MAX: u32 = 100_000;
/// Most paths.
pub const PATHS_MAX: u32 = 10_000;
const SETS_MAX: usize = 64;

/// A scenario file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefendSettings {
    /// Its name.
    pub name: String,
    /// Title of the page.
    pub title: String,
    /// The question that it answers.
    pub question: String,
    /// Seed of all draws.
    pub seed: u64,
    /// Paths.
    #[serde(default = "one")]
    pub paths: u32,
    /// A pool that is run on.
    pub run: Option<RunSettings>,
    /// Hourly flows that are replayed.
    pub flows: Option<FlowSettings>,
    /// Defence sets, the first of them the one that others are compared with.
    #[serde(rename = "defence")]
    pub defences: Vec<DefenceSettings>,
    /// Where tables come from, by file.
    #[serde(default)]
    pub sources: BTreeMap<String, Source>,
}

fn one() -> u32 {
    1
}

/// A pool that is run on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSettings {
    /// Number of steps.
    pub steps: u32,
    /// Length of a step.
    pub step_seconds: u64,
    /// Hours that a withdrawal may wait without hurting its owner.
    pub patience_hours: f64,
    /// The pool.
    pub pool: PoolSettings,
    /// Its people.
    pub book: BookSettings,
    /// The market of its collateral.
    pub market: MarketSettings,
    /// What happens.
    pub shock: ShockSettings,
    /// How depositors take it.
    pub panic: PanicSettings,
    /// What people do without any shock.
    pub business: BusinessSettings,
    /// Somebody who sees whom a push would liquidate.
    pub predator: Option<PredatorSettings>,
}

/// The pool and its rulebook.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolSettings {
    /// Name under which the rulebook is plugged in.
    pub rule: String,
    /// What is put up.
    pub collateral: String,
    /// What is lent. Its price is one, and it has six decimals.
    pub debt: String,
    /// In the insurance fund at the start, whole units of what is lent.
    #[serde(default)]
    pub insurance: u64,
    /// The rulebook's parameters, as its own file states them.
    pub parameters: toml::Table,
}

/// People, drawn: deposits and loans are lognormal.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookSettings {
    /// Who lends.
    pub depositors: u32,
    /// Deposit of the median lender, whole units.
    pub deposit_median: f64,
    /// Deviation of the logarithm of deposits.
    pub deposit_spread: f64,
    /// Who borrows.
    pub borrowers: u32,
    /// Deviation of the logarithm of loans.
    pub loan_spread: f64,
    /// Share of all deposits that is lent.
    pub lent_share: f64,
    /// Least that a loan is of its collateral's value, even up to the most.
    pub loan_to_value_least: f64,
    /// The most.
    pub loan_to_value_most: f64,
}

/// The market that seized collateral is sold into.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketSettings {
    /// First price, whole units of what is lent.
    pub price: f64,
    /// Deviation of a day's logarithmic return.
    pub volatility_day: f64,
    /// Units sold at once that move the price by a factor of e.
    pub depth: f64,
    /// How fast the price forgets a sale, per hour.
    pub recovery_hour: f64,
    /// Cost of one liquidator's call, whole units of what is lent.
    pub call_cost: f64,
}

/// A fall of the price, in equal parts of the logarithm.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShockSettings {
    /// First step of the fall.
    pub at_step: u32,
    /// Steps that it takes.
    pub over_steps: u32,
    /// How far, a share.
    pub fall: f64,
}

/// How depositors take it. Rates are per hour.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanicSettings {
    /// Whatever happens.
    pub base: f64,
    /// Times the fall of the mark from its peak.
    pub drawdown: f64,
    /// Times the share of deposits that is lent, beyond what it was at the start.
    pub utilisation: f64,
    /// Times recent liquidations, a share of first deposits.
    pub liquidations: f64,
    /// Times recent exits, a share of first deposits.
    pub exits: f64,
    /// How fast what is recent is forgotten.
    pub decay: f64,
    /// Probability that one does what the herd does.
    pub herding: f64,
    /// Deviation of the logarithm of nervousness, whose mean is 1.
    pub nervous_spread: f64,
    /// When all others leave as well.
    pub threshold: Option<RunThreshold>,
}

impl PanicSettings {
    /// As the model of hazards has it.
    #[must_use]
    pub fn hazard(&self) -> Hazard {
        Hazard {
            base: self.base,
            drawdown: self.drawdown,
            utilisation: self.utilisation,
            liquidations: self.liquidations,
            exits: self.exits,
            decay: self.decay,
            herding: self.herding,
        }
    }
}

/// Who can wait leaves once so many have left that staying is the worse (Diamond and Dybvig), each
/// seeing that share a little wrong.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunThreshold {
    /// Share of depositors who need their money early.
    pub impatient: f64,
    /// What a unit left until the end becomes.
    pub gross_return: f64,
    /// Relative risk aversion.
    pub aversion: f64,
    /// Deviation of what each believes of the share that has left.
    pub noise: f64,
    /// How fast they then leave, per hour.
    pub rate_hour: f64,
}

/// What people do on any day.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusinessSettings {
    /// Rate at which a depositor takes a part out, per hour.
    pub withdraw_hour: f64,
    /// That part of the deposit.
    pub share: f64,
    /// Rate at which it comes back, per hour.
    pub back_hour: f64,
    /// Rate at which a borrower borrows more or repays, per hour, each as often.
    pub borrow_hour: f64,
    /// That part of the debt.
    pub borrow_share: f64,
    /// Rate at which a borrower repays that part, per hour and 100 % of interest a year.
    pub repay_at_rate: f64,
}

/// Somebody who sells into the market when that liquidates others, and buys back afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredatorSettings {
    /// Units of collateral that can be sold.
    pub units: f64,
    /// Debt that must become liquidatable by it, whole units.
    pub debt_least: f64,
    /// Steps until it is bought back.
    pub hold_steps: u32,
}

/// Refuses a value outside a range.
pub(super) fn within(field: &str, value: f64, least: f64, most: f64) -> Result<(), ScenarioError> {
    if value.is_finite() && (least..=most).contains(&value) {
        return Ok(());
    }
    Err(ScenarioError::setting(field, format!("{value}; expected {least} to {most}")))
}

fn count(field: &str, value: u64, least: u64, most: u64) -> Result<(), ScenarioError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(ScenarioError::setting(field, format!("{value}; expected {least} to {most}")))
}

impl DefendSettings {
    /// The first setting that makes no sense.
    ///
    /// # Errors
    /// A sentence naming field, value and what would be right.
    pub fn check(&self) -> Result<(), ScenarioError> {
        count("paths", self.paths.into(), 1, PATHS_MAX.into())?;
        count("defence", self.defences.len() as u64, 1, SETS_MAX as u64)?;
        for (at, defence) in self.defences.iter().enumerate() {
            let before = self.defences.iter().take(at);
            if before.into_iter().any(|other| other.name == defence.name) {
                let reason = format!("'{}' is there twice; names differ", defence.name);
                return Err(ScenarioError::setting("defence.name", reason));
            }
        }
        match (&self.run, &self.flows) {
            (Some(run), None) => {
                run.check()?;
                for defence in &self.defences {
                    defence.policy(run)?;
                }
            }
            (None, Some(flows)) => {
                flows.check()?;
                count("paths", self.paths.into(), 1, 1)?;
                for defence in &self.defences {
                    defence.drain()?;
                }
            }
            _ => {
                let reason = "one of [run] and [flows] is right".to_owned();
                return Err(ScenarioError::setting("run", reason));
            }
        }
        Ok(())
    }
}

impl RunSettings {
    /// Hours of a step.
    #[must_use]
    pub fn step_hours(&self) -> f64 {
        self.step_seconds as f64 / 3_600.0
    }

    fn check(&self) -> Result<(), ScenarioError> {
        count("run.steps", self.steps.into(), 1, STEPS_MAX.into())?;
        count("run.step_seconds", self.step_seconds, 1, 86_400)?;
        within("run.patience_hours", self.patience_hours, 0.0, 1e6)?;
        count("run.pool.insurance", self.pool.insurance, 0, 1_000_000_000_000)?;
        let BookSettings { depositors, borrowers, .. } = self.book;
        count("run.book.depositors", depositors.into(), 1, PEOPLE_MAX.into())?;
        count("run.book.borrowers", borrowers.into(), 1, PEOPLE_MAX.into())?;
        let (book, market) = (&self.book, &self.market);
        let (panic, business) = (&self.panic, &self.business);
        for (field, value, least, most) in [
            ("run.book.deposit_median", book.deposit_median, 1.0, 1e9),
            ("run.book.deposit_spread", book.deposit_spread, 0.0, 4.0),
            ("run.book.loan_spread", book.loan_spread, 0.0, 4.0),
            ("run.book.lent_share", book.lent_share, 0.0, 0.99),
            ("run.book.loan_to_value_least", book.loan_to_value_least, 0.01, 0.99),
            (
                "run.book.loan_to_value_most",
                book.loan_to_value_most,
                book.loan_to_value_least.max(0.01),
                0.99,
            ),
            ("run.market.price", market.price, 0.01, 1e7),
            ("run.market.volatility_day", market.volatility_day, 0.0, 2.0),
            ("run.market.depth", market.depth, 1e-6, 1e12),
            ("run.market.recovery_hour", market.recovery_hour, 0.0, 1e3),
            ("run.market.call_cost", market.call_cost, 0.0, 1e6),
            ("run.shock.fall", self.shock.fall, 0.0, 0.99),
            ("run.panic.nervous_spread", panic.nervous_spread, 0.0, 4.0),
            ("run.business.withdraw_hour", business.withdraw_hour, 0.0, 1e3),
            ("run.business.share", business.share, 0.0, 1.0),
            ("run.business.back_hour", business.back_hour, 0.0, 1e3),
            ("run.business.borrow_hour", business.borrow_hour, 0.0, 1e3),
            ("run.business.borrow_share", business.borrow_share, 0.0, 1.0),
            ("run.business.repay_at_rate", business.repay_at_rate, 0.0, 1e3),
        ] {
            within(field, value, least, most)?;
        }
        let steps = u64::from(self.steps);
        count("run.shock.at_step", self.shock.at_step.into(), 0, steps)?;
        count("run.shock.over_steps", self.shock.over_steps.into(), 1, steps)?;
        let of_panic =
            |why: crate::stress::StressError| ScenarioError::setting("run.panic", why.to_string());
        panic.hazard().validate().map_err(of_panic)?;
        if let Some(threshold) = &panic.threshold {
            threshold.stays_up_to()?;
            within("run.panic.threshold.noise", threshold.noise, 0.0, 1.0)?;
            within("run.panic.threshold.rate_hour", threshold.rate_hour, 0.0, 1e3)?;
        }
        if let Some(predator) = &self.predator {
            within("run.predator.units", predator.units, 0.0, 1e12)?;
            within("run.predator.debt_least", predator.debt_least, 0.0, 1e15)?;
            count("run.predator.hold_steps", predator.hold_steps.into(), 1, steps)?;
        }
        Ok(())
    }
}

impl RunThreshold {
    /// Share that may have left while staying is still at least as good.
    ///
    /// # Errors
    /// A field that the model does not have.
    pub fn stays_up_to(&self) -> Result<f64, ScenarioError> {
        let RunThreshold { impatient, gross_return, aversion, .. } = *self;
        let deposit = crate::stress::panic::Deposit { impatient, gross_return, aversion };
        let contract = deposit.contract();
        let contract = contract
            .map_err(|why| ScenarioError::setting("run.panic.threshold", why.to_string()))?;
        Ok(contract.stays_up_to)
    }
}
