//! A defence set as the file states it, in whole units and hours, and the policy that it becomes.

use super::settings::RunSettings;
use crate::ScenarioError;
use crate::stress::defences::DrainDefence;
use breakwater_liquidation::Policy;
use breakwater_liquidation::solvency::defences::{
    BandTerms, OutflowTerms, StressMeasure, StressTerms, ThrottleTerms,
};
use breakwater_liquidation::solvency::outflow::{Counted, Excess, OutflowLimit};
use breakwater_liquidation::solvency::release::Staged;
use breakwater_liquidation::solvency::stress_state::{CloseFactor, StressLines};
use breakwater_liquidation::solvency::{AssetGuard, Breaker, Defences, RateResponse};
use serde::Deserialize;

/// Decimals of the numeraire, and of prices.
pub const VALUE_DECIMALS: u8 = 8;
/// Decimals of what is lent.
pub const DEBT_DECIMALS: u8 = 6;

/// Base units of the numeraire to a whole unit.
const ONE_VALUE: u128 = 100_000_000;
/// Base units of what is lent to a whole unit.
const ONE_DEBT: u128 = 1_000_000;

/// One defence set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefenceSettings {
    /// Its name.
    pub name: String,
    /// Limits what leaves.
    pub outflow: Option<OutflowSettings>,
    /// Every withdrawal waits so many hours.
    pub queue_hours: Option<u64>,
    /// Most value liquidated in a window.
    pub throttle: Option<ThrottleSettings>,
    /// Closes little of a debt just below its line.
    pub close_factor: Option<CloseFactorSettings>,
    /// Limit bands on the collateral.
    pub band: Option<BandSettings>,
    /// Scales what new risk needs.
    pub stress: Option<StressSettings>,
    /// Most that may be supplied of what is lent, whole units.
    pub supply_cap: Option<u64>,
    /// Most that may be owed of it, whole units.
    pub borrow_cap: Option<u64>,
    /// Stops new risk after a fall of the collateral.
    pub breaker: Option<BreakerSettings>,
    /// Makes borrowing dearer at high usage.
    pub surcharge: Option<SurchargeSettings>,
    /// The rulebook's own two slopes for what is lent, in place of those of the pool.
    pub rates: Option<toml::Table>,
    /// Minutes between a margin call and the first sale.
    pub grace_minutes: Option<u64>,
}

/// How much value may leave in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutflowSettings {
    /// Share of what is held that may leave, basis points.
    pub leaves_bps: u32,
    /// Length of the window.
    pub window_hours: u64,
    /// `refuse` or `wait`: what becomes of what is beyond it.
    pub excess: ExcessName,
    /// `gross` or `net`: whether inflows make room.
    #[serde(default)]
    pub counted: CountedName,
    /// Nothing is limited while less than this is held, whole units.
    #[serde(default)]
    pub begin_threshold: u64,
    /// Requests of at most this are always paid, whole units.
    #[serde(default)]
    pub minimum: u64,
    /// How long after a trip nothing beyond the minimum leaves.
    #[serde(default)]
    pub cooldown_hours: u64,
    /// How what waits is released.
    pub staged: Option<StagedSettings>,
}

/// What becomes of a request that is beyond the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExcessName {
    /// It is refused.
    Refuse,
    /// It waits.
    Wait,
}

/// Which flows count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CountedName {
    /// Outflows alone.
    #[default]
    Gross,
    /// Inflows make room.
    Net,
}

/// Equal stages of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StagedSettings {
    /// Hours until the first.
    pub delay_hours: u64,
    /// How many.
    pub stages: u32,
    /// Hours between two.
    pub interval_hours: u64,
}

/// Most value liquidated in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThrottleSettings {
    /// Whole units.
    pub value: u64,
    /// Length of the window.
    pub window_minutes: u64,
}

/// See [`CloseFactor`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseFactorSettings {
    /// At a health just below 1.
    pub least_bps: u32,
    /// Health from which down all may be closed, basis points of 1.
    pub full_at_health_bps: u32,
    /// Debts of at most this are closed whole, whole units.
    #[serde(default)]
    pub whole_up_to: u64,
}

/// See [`BandTerms`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BandSettings {
    /// Width to either side of the mean.
    pub width_bps: u32,
    /// Marks of so many minutes are the mean.
    pub reference_minutes: u64,
    /// So long the mark may stand at a band.
    pub limit_seconds: u64,
    /// Length of a pause.
    pub pause_minutes: u64,
}

/// See [`StressTerms`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StressSettings {
    /// `usage` of what is lent, or `fall` of the collateral.
    pub measure: MeasureName,
    /// Window of a fall.
    #[serde(default = "day")]
    pub window_hours: u64,
    /// Soft from here on.
    pub soft_bps: u32,
    /// Hard from here on.
    pub hard_bps: u32,
    /// A state ends so far below its line.
    #[serde(default)]
    pub release_bps: u32,
    /// Multiplier in the soft state, 10,000 for none.
    pub soft_scale_bps: u32,
    /// In the hard state.
    pub hard_scale_bps: u32,
    /// A haircut in calm that is scaled with it.
    #[serde(default)]
    pub haircut_bps: u32,
}

fn day() -> u64 {
    24
}

/// What rises with stress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MeasureName {
    /// Share of deposits that is lent.
    Usage,
    /// Fall of the collateral's mark.
    Fall,
}

/// See [`Breaker`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakerSettings {
    /// Fall that trips it.
    pub fall_bps: u32,
    /// Within so long.
    pub window_minutes: u64,
    /// New risk is refused so long.
    pub hold_minutes: u64,
}

/// See [`RateResponse`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurchargeSettings {
    /// Usage from which it holds.
    pub usage_bps: u32,
    /// Added to the borrow rate.
    pub bps_a_year: u32,
}

fn hours(hours: u64) -> u64 {
    hours.saturating_mul(3_600)
}

fn minutes(minutes: u64) -> u64 {
    minutes.saturating_mul(60)
}

fn nanos(seconds: u64) -> u64 {
    seconds.saturating_mul(1_000_000_000)
}

impl OutflowSettings {
    /// The limit, a whole unit being `one` base units.
    fn limit(&self, one: u128) -> OutflowLimit {
        OutflowLimit {
            // Beyond all of it the limit's own check refuses.
            retained_bps: 10_000u32.checked_sub(self.leaves_bps).unwrap_or(u32::MAX),
            window_seconds: hours(self.window_hours),
            begin_threshold: u128::from(self.begin_threshold) * one,
            minimum_amount: u128::from(self.minimum) * one,
            cooldown_seconds: hours(self.cooldown_hours),
            excess: match self.excess {
                ExcessName::Refuse => Excess::Revert,
                ExcessName::Wait => Excess::Delay,
            },
            counted: match self.counted {
                CountedName::Gross => Counted::Gross,
                CountedName::Net => Counted::Net,
            },
        }
    }

    fn terms(&self) -> OutflowTerms {
        let staged = self.staged.map(|staged| Staged {
            delay_seconds: hours(staged.delay_hours),
            stages: staged.stages,
            interval_seconds: hours(staged.interval_hours),
        });
        OutflowTerms { limit: self.limit(ONE_VALUE), staged }
    }
}

impl DefenceSettings {
    /// The policy, around a venue as it is.
    ///
    /// # Errors
    /// The first field that makes no sense.
    pub fn policy(&self, run: &RunSettings) -> Result<Policy, ScenarioError> {
        let (collateral, debt) = (&run.pool.collateral, &run.pool.debt);
        let mut defences = Defences {
            outflow: self.outflow.as_ref().map(OutflowSettings::terms),
            queue_seconds: self.queue_hours.map(hours),
            throttle: self.throttle.map(|it| ThrottleTerms {
                value_max: u128::from(it.value) * ONE_VALUE,
                window_seconds: minutes(it.window_minutes),
            }),
            close_factor: self.close_factor.map(|it| CloseFactor {
                least_bps: it.least_bps,
                full_at_health_bps: it.full_at_health_bps,
                whole_up_to: u128::from(it.whole_up_to) * ONE_VALUE,
            }),
            ..Defences::default()
        };
        if let Some(it) = self.band {
            let terms = BandTerms {
                width_bps: it.width_bps,
                reference_seconds: minutes(it.reference_minutes),
                limit_seconds: it.limit_seconds,
                pause_seconds: minutes(it.pause_minutes),
            };
            defences.bands.insert(collateral.clone(), terms);
        }
        defences.stress = self.stress.map(|it| StressTerms {
            lines: StressLines {
                soft_bps: it.soft_bps,
                hard_bps: it.hard_bps,
                release_bps: it.release_bps,
                soft_scale_bps: it.soft_scale_bps,
                hard_scale_bps: it.hard_scale_bps,
            },
            measure: match it.measure {
                MeasureName::Usage => StressMeasure::Usage { asset: debt.clone() },
                MeasureName::Fall => StressMeasure::Fall {
                    asset: collateral.clone(),
                    window_seconds: hours(it.window_hours),
                },
            },
            haircut_bps: it.haircut_bps,
        });
        let mut policy = Policy {
            name: self.name.clone(),
            notice_nanos: nanos(minutes(self.grace_minutes.unwrap_or(0))),
            ..Policy::as_is()
        };
        policy.defences = (defences != Defences::default()).then_some(defences);
        let guard = AssetGuard {
            supply_cap: self.supply_cap.map(|cap| u128::from(cap) * ONE_DEBT),
            borrow_cap: self.borrow_cap.map(|cap| u128::from(cap) * ONE_DEBT),
            rate: self.surcharge.map(|it| RateResponse {
                usage_bps: it.usage_bps,
                surcharge_bps_a_year: it.bps_a_year,
            }),
            breaker: None,
        };
        if guard != AssetGuard::default() {
            policy.solvency.assets.insert(debt.clone(), guard);
        }
        if let Some(it) = self.breaker {
            let breaker = Breaker {
                fall_bps: it.fall_bps,
                window_nanos: nanos(minutes(it.window_minutes)),
                hold_nanos: nanos(minutes(it.hold_minutes)),
            };
            let guard = AssetGuard { breaker: Some(breaker), ..AssetGuard::default() };
            policy.solvency.assets.insert(collateral.clone(), guard);
        }
        policy
            .validate()
            .map_err(|why| ScenarioError::setting(format!("defence '{}'", self.name), why))?;
        Ok(policy)
    }

    /// The same against flows alone, whole units being base units.
    ///
    /// # Errors
    /// A rule that flows say nothing about, or two that do.
    pub fn drain(&self) -> Result<DrainDefence, ScenarioError> {
        let refused = |reason: &str| {
            Err(ScenarioError::setting(format!("defence '{}'", self.name), reason.to_owned()))
        };
        let alone = DefenceSettings {
            name: self.name.clone(),
            outflow: self.outflow,
            queue_hours: self.queue_hours,
            ..DefenceSettings::none()
        };
        if *self != alone {
            return refused("flows are limited by outflow or queue_hours alone");
        }
        match (&self.outflow, self.queue_hours) {
            (None, None) => Ok(DrainDefence::None),
            (None, Some(wait)) => Ok(DrainDefence::Queue { delay_seconds: hours(wait) }),
            (Some(outflow), None) if outflow.staged.is_none() => {
                let limit = outflow.limit(1);
                limit.validate().map_err(|why| {
                    ScenarioError::setting(format!("defence '{}'", self.name), why)
                })?;
                Ok(DrainDefence::Limit(limit))
            }
            _ => refused("one of outflow, without stages, and queue_hours is right for flows"),
        }
    }

    fn none() -> DefenceSettings {
        DefenceSettings {
            name: String::new(),
            outflow: None,
            queue_hours: None,
            throttle: None,
            close_factor: None,
            band: None,
            stress: None,
            supply_cap: None,
            borrow_cap: None,
            breaker: None,
            surcharge: None,
            rates: None,
            grace_minutes: None,
        }
    }

    /// What it does, in a few words.
    #[must_use]
    pub fn told(&self) -> String {
        let mut parts = Vec::new();
        if let Some(it) = &self.outflow {
            let excess = if it.excess == ExcessName::Refuse { "refused" } else { "waits" };
            let counted = if it.counted == CountedName::Net { "net" } else { "gross" };
            let share = f64::from(it.leaves_bps) / 100.0;
            parts.push(format!("{share} % in {} h, {counted}, rest {excess}", it.window_hours));
            if let Some(staged) = it.staged {
                parts.push(format!("released in {} stages", staged.stages));
            }
        }
        let told: [(bool, String); 10] = [
            (self.queue_hours.is_some(), format!("queue {} h", self.queue_hours.unwrap_or(0))),
            (
                self.throttle.is_some(),
                self.throttle.map_or(String::new(), |it| {
                    format!("liquidates {} in {} min", it.value, it.window_minutes)
                }),
            ),
            (
                self.close_factor.is_some(),
                self.close_factor.map_or(String::new(), |it| {
                    let share = f64::from(it.least_bps) / 100.0;
                    format!("closes {share} % at the line")
                }),
            ),
            (
                self.band.is_some(),
                self.band.map_or(String::new(), |it| {
                    let width = f64::from(it.width_bps) / 100.0;
                    format!("band {width} %, pause {} min", it.pause_minutes)
                }),
            ),
            (self.stress.is_some(), "margins scale with stress".to_owned()),
            (self.supply_cap.is_some(), "supply cap".to_owned()),
            (self.borrow_cap.is_some(), "borrow cap".to_owned()),
            (self.breaker.is_some(), "breaker".to_owned()),
            (self.surcharge.is_some() || self.rates.is_some(), "dearer loans".to_owned()),
            (
                self.grace_minutes.is_some(),
                format!("grace {} min", self.grace_minutes.unwrap_or(0)),
            ),
        ];
        parts.extend(told.into_iter().filter(|(there, _)| *there).map(|(_, told)| told));
        if parts.is_empty() { "nothing".to_owned() } else { parts.join("; ") }
    }
}
