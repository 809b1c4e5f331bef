//! Hedge first: what an option portfolio under portfolio margin does before it closes anything.
//!
//! Options are thin: closing them takes time or money, and meanwhile the account loses with every move
//! of the underlying. So the liquid contract comes first. It brings the net delta to neutral, never past
//! it; then options are closed a few lots at a time in the order of requirement relieved per cost, each
//! with the part of the hedge that it leaves over; as soon as the target ratio is met nothing more is
//! sold, and one lot less of the last close misses it. Portfolio margin is not additive: after each close
//! everything is asked again of the rulebook.
//!
//! Two neutrals are possible where options settle in coin, and they differ by the coin equity
//! ([`Neutral`]); the terms say which. The delta of an option is that of Black (1976) at the volatility
//! that its own mark implies, so it is the delta of what the account's equity counts.
//!
//! Floats only propose: how many lots are neutral. Whether a hedge is made, which option is closed and how
//! many lots are enough is decided by the rulebook's integers on an [`Overlay`](crate::Overlay).

mod at_market;
mod book;
mod search;

pub use at_market::{close_at_market, close_minimal};

use crate::conditions::{PPM_ONE, VOLATILITY_PPM_MAX};
use crate::planner::CONFIDENCE_PPM_MAX;
use crate::{Policy, Rejected, Rejection, Rulebook, View};
use breakwater_margin::Health;
use breakwater_margin::health::Ratio;
use breakwater_money::{AccountId, AssetId, Price};
use breakwater_options::hedging::Neutral;
use search::Search;
use serde::{Deserialize, Serialize};

/// How options are hedged and closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HedgeTerms {
    /// The asset whose mark is the forward of the account's options.
    pub underlying: AssetId,
    /// The liquid contract that hedges.
    pub hedge: AssetId,
    /// In what the account is to be neutral.
    pub neutral: Neutral,
    /// Base units of one lot of the hedge.
    pub hedge_lot: u128,
    /// Base units of one lot of an option.
    pub option_lot: u128,
    /// Lots of an option that are closed before everything is valued again.
    pub group_lots: u32,
    /// Net delta that is left as it is, 1e-9 of a unit of the underlying.
    pub band_e9: u64,
    /// Worst price of the hedge from its mark, basis points.
    pub hedge_slippage_bps: u32,
    /// Worst price of an option from its mark, basis points.
    pub option_slippage_bps: u32,
    /// Most of the depth within these prices that is taken at once, basis points.
    pub participation_bps: u32,
    /// Older observations are not believed: such a market pays the worst price.
    pub age_max_nanos: u64,
    /// Standard deviations of the loss at risk, millionths.
    pub confidence_ppm: u32,
    /// Volatility of the underlying for it, millionths per square root of a day.
    pub volatility_ppm_per_sqrt_day: u32,
    /// Time over which it is taken.
    pub horizon_nanos: u64,
}

impl HedgeTerms {
    /// The first field that makes no sense.
    ///
    /// # Errors
    /// Its name, its value and what would be right.
    pub fn validate(&self) -> Result<(), Rejected> {
        let refused = |field: &str, given: u128, right: &str| {
            Err(Rejection::BadParameter.because(format!("{field} {given}: {right}")))
        };
        for (field, lot) in [("hedge_lot", self.hedge_lot), ("option_lot", self.option_lot)] {
            if lot == 0 {
                return refused(field, lot, "at least 1 base unit");
            }
        }
        if self.group_lots == 0 {
            return refused("group_lots", 0, "at least 1");
        }
        if self.hedge_slippage_bps >= 10_000 {
            return refused("hedge_slippage_bps", self.hedge_slippage_bps.into(), "below 10000");
        }
        if self.option_slippage_bps >= 10_000 {
            return refused("option_slippage_bps", self.option_slippage_bps.into(), "below 10000");
        }
        if !(1..=10_000).contains(&self.participation_bps) {
            return refused("participation_bps", self.participation_bps.into(), "1 to 10000");
        }
        if self.confidence_ppm > CONFIDENCE_PPM_MAX {
            return refused("confidence_ppm", self.confidence_ppm.into(), "at most 6000000");
        }
        if self.volatility_ppm_per_sqrt_day > VOLATILITY_PPM_MAX {
            let given = self.volatility_ppm_per_sqrt_day;
            return refused("volatility_ppm_per_sqrt_day", given.into(), "at most 10000000");
        }
        Ok(())
    }

    /// The relative move that the loss at risk is taken over: z sigma of the horizon.
    // float: an estimate that nothing is decided by.
    pub(crate) fn move_at_risk(&self) -> f64 {
        let one = f64::from(PPM_ONE);
        let days = self.horizon_nanos as f64 / 86_400e9;
        let z = f64::from(self.confidence_ppm) / one;
        z * f64::from(self.volatility_ppm_per_sqrt_day) / one * libm::sqrt(days)
    }
}

/// A trade of the hedge that has a price: see [`Rulebook::hedge`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HedgeFill {
    /// For whom.
    pub account: AccountId,
    /// In what.
    pub contract: AssetId,
    /// True if the account gets longer.
    pub buy: bool,
    /// Base units.
    pub quantity: u128,
    /// What changes hands for it, base units of the settle asset.
    pub proceeds: u128,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// The hedge grows.
    Hedge,
    /// A part of an option position is closed.
    Close,
    /// The hedge shrinks, with the options that it hedged.
    Unhedge,
}

/// What the account risks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtRisk {
    /// Net delta, 1e-9 of a unit of the underlying, in the sense of the terms' neutral.
    pub delta_e9: i128,
    /// What it loses in the worse of two moves of z sigma, options valued again at the volatilities of
    /// their marks; base units of the settle asset, rounded up.
    pub loss: u128,
}

/// One trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HedgeStep {
    /// What it is for.
    pub kind: StepKind,
    /// What is traded.
    pub asset: AssetId,
    /// True if it is bought.
    pub buy: bool,
    /// Base units.
    pub quantity: u128,
    /// What changes hands, base units of the settle asset.
    pub proceeds: u128,
    /// Mean price, rounded against the account.
    pub price: Price,
    /// Equity that it costs at unchanged marks, fees included; below zero for a gain.
    pub cost: i128,
    /// Before it.
    pub before: Health,
    /// After it.
    pub after: Health,
    /// Before it.
    pub risk_before: AtRisk,
    /// After it.
    pub risk_after: AtRisk,
}

/// Trades in order, and where they leave the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HedgePlan {
    /// Whose.
    pub account: AccountId,
    /// In order.
    pub steps: Vec<HedgeStep>,
    /// Before all.
    pub before: Health,
    /// After all.
    pub after: Health,
    /// Whether the target is met.
    pub reached: bool,
    /// Before all.
    pub risk_before: AtRisk,
    /// After all.
    pub risk_after: AtRisk,
}

impl HedgePlan {
    /// Equity that all of it costs at unchanged marks.
    #[must_use]
    pub fn cost(&self) -> i128 {
        self.before.equity.saturating_sub(self.after.equity)
    }

    /// Requirement that all of it relieves; below zero for more.
    #[must_use]
    pub fn relieved(&self) -> i128 {
        let whole = |health: &Health| i128::try_from(health.requirement).unwrap_or(i128::MAX);
        whole(&self.before).saturating_sub(whole(&self.after))
    }
}

/// Hedges the account to neutral, then closes options until it is at `target`, within the depth that is
/// there now. A host that has more to do plans again when depth has come back.
///
/// # Errors
/// Terms that make no sense; [`Rejection::Healthy`] where nothing is to be done; options on another
/// underlying or settled in different ways; a missing mark or overflow.
pub fn plan_hedge_first(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    target: Ratio,
    terms: &HedgeTerms,
) -> Result<HedgePlan, Rejected> {
    let mut search = Search::new(rulebook, view, account, target, terms)?;
    search.neutralise()?;
    search.close_in_order(true)?;
    search.plan()
}

/// What the account risks at the marks of the view.
///
/// # Errors
/// As [`plan_hedge_first`].
pub fn at_risk(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    terms: &HedgeTerms,
) -> Result<AtRisk, Rejected> {
    terms.validate()?;
    let equity = rulebook.assess(view, account)?.equity;
    book::OptionBook::of(view, account, terms)?.at_risk(equity, terms)
}

/// A policy of nothing but a worst price: what a curve of steps asks for.
pub(crate) fn priced(slippage_bps: u32) -> Policy {
    Policy { slippage_bps, lot_value: 1, ..Policy::as_is() }
}
