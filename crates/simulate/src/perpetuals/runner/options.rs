//! What a caller may change about a run, and the numbers that follow.

use crate::ScenarioError;
use crate::market::{ONE, share};
use crate::perpetuals::PRICE_DECIMALS;
use crate::perpetuals::settings::VenueSettings;
use crate::planning::{self, Variance};
use crate::scenario::PlannerSettings;
use breakwater_liquidation::backstop::Deleverage;
use breakwater_liquidation::policy::{BackstopPolicy, Socialise};
use breakwater_liquidation::pooled::Limits;
use breakwater_liquidation::{Close, Ladder, Policy, Seller};
use breakwater_margin::Ratio;
use breakwater_market::Guard;
use breakwater_money::decimal;
use breakwater_money::time::NANOS_PER_SECOND;
use breakwater_rulebooks::exchange::ladders;

/// Who is asked once the fund does not cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Asked {
    /// Winners, as the scenario says.
    #[default]
    AsStated,
    /// Winners, by this rule.
    Winners(Deleverage),
    /// Nobody: the loss stays with the venue, borne by nobody.
    Nobody,
}

/// How the venue closes an account in breach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Closing {
    /// Step by step, as the venue's ladder says.
    #[default]
    Ladder,
    /// The fewest contracts that bring the account back above its warning line.
    Target,
    /// Whole, at once.
    Full,
    /// In slices planned over depth, to the account's warning line.
    Planned,
}

/// How the venue's sales share the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Schedule {
    /// Each account sends its whole leg, in the order of the engine's orders.
    #[default]
    Alone,
    /// All open legs together, a round a mark.
    Pooled(Pooling),
}

impl Schedule {
    /// As it is asked for.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Schedule::Alone => "alone",
            Schedule::Pooled(_) => "pooled",
        }
    }
}

/// What rounds may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pooling {
    /// Limits of each round.
    pub limits: Limits,
    /// How far the price may move until the next round, parts per million: 1.732 times its volatility.
    pub reach_ppm: u32,
    /// How far from the index the mark may be for legs to meet at it, basis points.
    pub band_bps: u32,
}

impl Pooling {
    fn validate(&self) -> Result<(), ScenarioError> {
        self.limits
            .validate()
            .map_err(|error| ScenarioError::setting("schedule", error.to_string()))?;
        let fields =
            [("reach_ppm", self.reach_ppm, 1_000_000), ("band_bps", self.band_bps, 10_000)];
        match fields.iter().find(|(_, value, most)| value > most) {
            Some((field, value, most)) => {
                let reason = format!("{field} is {value}; expected at most {most}");
                Err(ScenarioError::setting("schedule", reason))
            }
            None => Ok(()),
        }
    }
}

impl Default for Pooling {
    /// Up to 1 % from the mark, half of what stands, next after ten minutes of marks; a mark moves up to
    /// half a per cent until the next.
    fn default() -> Self {
        let limits =
            Limits { impact_bps: 100, participation_bps: 5_000, wait_rounds_max: 40, cross: true };
        Pooling { limits, reach_ppm: 5_000, band_bps: 100 }
    }
}

/// What a caller may change about a run over perpetuals; the scenario's own setting stands where
/// there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerpetualOptions {
    /// Name and text of another rulebook.
    pub rulebook: Option<(String, String)>,
    /// How accounts are closed.
    pub closing: Closing,
    /// Who is asked once the fund does not cover.
    pub asked: Asked,
    /// Another insurance fund, as a share of the open interest's value at the first mark.
    pub fund_share: Option<String>,
    /// Another share of impact carried into the next mark.
    pub feedback: Option<String>,
    /// False fills everything at the mark.
    pub impact: bool,
    /// Another seed: another book.
    pub seed: Option<u64>,
    /// How sales share the market.
    pub schedule: Schedule,
}

impl Default for PerpetualOptions {
    fn default() -> Self {
        PerpetualOptions {
            rulebook: None,
            closing: Closing::Ladder,
            asked: Asked::AsStated,
            fund_share: None,
            feedback: None,
            impact: true,
            seed: None,
            schedule: Schedule::Alone,
        }
    }
}

/// Name of a way to choose winners, as it is written in a scenario.
#[must_use]
pub const fn rule_name(rule: Option<Deleverage>) -> &'static str {
    match rule {
        None => "nobody",
        Some(Deleverage::Queue) => "queue",
        Some(Deleverage::RandomStart) => "random-start",
        Some(Deleverage::ProRata) => "pro-rata",
        Some(Deleverage::Capped) => "capped",
        Some(Deleverage::RiskAware) => "risk-aware",
        Some(Deleverage::MinimumOvershoot) => "minimum-overshoot",
    }
}

/// The settings of a venue, read and checked, with the options over them.
pub(super) struct Venue {
    /// Share of the open interest's value, 1e18.
    pub fund_share: u128,
    /// What wraps the rulebook.
    pub policy: Policy,
    /// Share of consumed depth that is left a minute later, 1e18.
    pub left_after_minute: u128,
    /// Share of impact carried over, 1e18.
    pub feedback: u128,
    /// What a mark must satisfy.
    pub guard: Guard,
    /// Volatility as it is observed, only where sales are planned.
    pub variance: Option<Variance>,
}

/// A mark is sent every quarter of a minute.
const AGE_MAX_NANOS: u64 = 60 * NANOS_PER_SECOND;

impl Venue {
    /// The numbers behind the text.
    ///
    /// # Errors
    /// The first setting that is wrong, with its value and what would be right.
    pub fn read(
        settings: &VenueSettings,
        planner: Option<&PlannerSettings>,
        options: &PerpetualOptions,
    ) -> Result<Venue, ScenarioError> {
        let fund = options.fund_share.as_deref().unwrap_or(&settings.fund_share);
        let feedback = options.feedback.as_deref().unwrap_or(&settings.feedback);
        if matches!(options.schedule, Schedule::Pooled(_)) && !options.impact {
            let reason = "pooled without impact; expected impact, or alone: at the mark nobody is in \
                          another's way";
            return Err(ScenarioError::setting("schedule", reason));
        }
        if let Schedule::Pooled(pooling) = &options.schedule {
            pooling.validate()?;
        }
        let recovery = share("venue.recovery", &settings.recovery, ONE)?;
        Ok(Venue {
            fund_share: share("venue.fund_share", fund, ONE)?,
            policy: policy(settings, planner, options)?,
            variance: match options.closing {
                Closing::Planned => planner.map(Variance::stated).transpose()?,
                Closing::Ladder | Closing::Target | Closing::Full => None,
            },
            left_after_minute: ONE - recovery,
            feedback: share("venue.feedback", feedback, ONE)?,
            guard: Guard {
                decimals: PRICE_DECIMALS,
                age_max_nanos: AGE_MAX_NANOS,
                ahead_max_nanos: 0,
                band_bps: settings.band_bps,
                spread_max_bps: 0,
                grace_nanos: 0,
            },
        })
    }
}

fn policy(
    settings: &VenueSettings,
    planner: Option<&PlannerSettings>,
    options: &PerpetualOptions,
) -> Result<Policy, ScenarioError> {
    let warn = decimal::parse_raw(&settings.warn_ratio, 18)
        .map_err(|error| ScenarioError::setting("venue.warn_ratio", error.to_string()))?;
    let (ladder, close, closing) = match options.closing {
        Closing::Ladder => (Some(ladder(&settings.ladder)?), Close::VenueMaximum, "venue's ladder"),
        Closing::Target => (None, Close::Target, "closed to target"),
        Closing::Full => (None, Close::Full, "closed whole"),
        Closing::Planned => (None, Close::Planned, "planned over depth"),
    };
    let planner = match options.closing {
        Closing::Planned => Some(planning::terms(planner, AGE_MAX_NANOS)?),
        Closing::Ladder | Closing::Target | Closing::Full => None,
    };
    let deleverage = match options.asked {
        Asked::AsStated => Some(settings.deleverage),
        Asked::Winners(rule) => Some(rule),
        Asked::Nobody => None,
    };
    let policy = Policy {
        name: format!("{closing}, deleveraging {}", rule_name(deleverage)),
        seller: Seller::Venue,
        close,
        warn_ratio: Ratio::new(warn),
        target_ratio: Ratio::new(warn),
        slippage_bps: settings.slippage_bps,
        // What was not sold is due again at once: the next mark is the next chance, and what is
        // owed after a deleveraging is booked before another account asks the same fund.
        retry_nanos: 0,
        ladder,
        planner,
        backstop: BackstopPolicy {
            insurance: true,
            deleverage,
            share_max_bps: Some(settings.share_max_bps),
            socialise: Socialise::Nobody,
            ..BackstopPolicy::default()
        },
        ..Policy::as_is()
    };
    policy.validate().map_err(|reason| ScenarioError::setting("venue", reason))?;
    Ok(policy)
}

fn ladder(name: &str) -> Result<Ladder, ScenarioError> {
    let known = ladders::LADDERS.iter().find(|(known, _)| *known == name);
    let Some((_, text)) = known else {
        let names: Vec<&str> = ladders::LADDERS.iter().map(|(known, _)| *known).collect();
        let reason = format!("'{name}'; expected one of {}", names.join(", "));
        return Err(ScenarioError::setting("venue.ladder", reason));
    };
    ladders::parse(text).map_err(|reason| ScenarioError::setting("venue.ladder", reason))
}
