//! Our guards around any rulebook. Mirrors know nothing of them.

use crate::auctions::Disposal;
use crate::backstop::Deleverage;
use crate::backstop::drawdown::Drawdown;
use crate::ladder::Ladder;
use crate::planner::PlannerTerms;
use crate::solvency::{Defences, Solvency};
use breakwater_margin::Ratio;
use breakwater_money::AccountId;
use serde::{Deserialize, Serialize};

/// Who sells what is liquidated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seller {
    /// Outsiders, through the venue's own calls.
    Keepers,
    /// The venue: the engine orders sales and the market's fills come back.
    Venue,
}

/// How much is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Close {
    /// As much as the venue's rule takes.
    VenueMaximum,
    /// The fewest lots that bring the account to the target ratio.
    Target,
    /// Everything, until nothing is owed.
    Full,
    /// What brings the account to the target ratio at least cost and risk, as the depth of its
    /// markets has it, in slices: see [`crate::planner`].
    Planned,
}

/// What a policy refuses on top of the rulebook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guards {
    /// Refuse liquidation while a price the account depends on is stale.
    pub fresh_marks: bool,
    /// Refuse liquidation in the grace period after an outage.
    pub grace: bool,
    /// Refuse a second liquidation of an account at the same prices.
    pub once_per_tick: bool,
    /// Refuse to take more than the plan's smallest amount.
    pub minimal: bool,
}

/// When the insurance fund has lost so much that winners are asked although it could still pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrawdownTrigger {
    /// How far back its highest balance is looked for.
    pub window_nanos: u64,
    /// Share of that balance, 1e-9, that must be lost.
    pub lost_e9: u32,
}

/// Over whom a loss is spread that nobody before has borne.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Socialise {
    /// Nobody: it stays outstanding.
    #[default]
    Nobody,
    /// Every account, in proportion to its cash in the asset.
    Cash,
    /// The winners of the session, in proportion to what they have gained since its start and not
    /// been paid yet.
    Session,
}

/// Who bears losses, in the order of the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackstopPolicy {
    /// The insurance fund pays while it has anything.
    pub insurance: bool,
    /// The account of a vault that ladders hand bankrupt accounts to.
    #[serde(default)]
    pub vault: Option<AccountId>,
    /// Winners are asked before the fund is empty once it has lost this much.
    #[serde(default)]
    pub drawdown: Option<DrawdownTrigger>,
    /// Winners' positions are closed at the bankruptcy price.
    pub deleverage: Option<Deleverage>,
    /// Largest share of a winner's position that the capped and the risk-aware choice may close,
    /// basis points; all of it where none is stated.
    #[serde(default)]
    pub share_max_bps: Option<u32>,
    /// The rest is spread.
    pub socialise: Socialise,
}

/// What wraps a rulebook. Travels in the command that installs the rulebook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Name printed with every outcome.
    pub name: String,
    /// Who sells.
    pub seller: Seller,
    /// How much.
    pub close: Close,
    /// Accounts below this ratio are warned (1e18).
    pub warn_ratio: Ratio,
    /// Ratio a liquidation aims at (1e18).
    pub target_ratio: Ratio,
    /// Time between the call and the first sale.
    pub notice_nanos: u64,
    /// Refusals on top of the rulebook.
    pub guards: Guards,
    /// Value of one lot in the numeraire; sales are whole lots, but for the last of a holding.
    pub lot_value: u128,
    /// Worst price of a sale, below the mark (above it for a short).
    pub slippage_bps: u32,
    /// How long a sale waits after the market took no more of it.
    pub retry_nanos: u64,
    /// Most that is lost on one call so that bad debt is recognised: an account under water keeps
    /// its debt unbooked as long as nobody takes its last collateral, and dust pays nobody. Value in
    /// the numeraire; zero never cleans.
    pub cleaning_loss_max: u128,
    /// How what the venue sells finds its price.
    #[serde(default)]
    pub disposal: Disposal,
    /// Steps of a venue's own sale, in place of the rulebook's. A rulebook's ladder is climbed where
    /// this is none and `close` is what the venue takes.
    #[serde(default)]
    pub ladder: Option<Ladder>,
    /// Who bears losses.
    pub backstop: BackstopPolicy,
    /// Most accounts assessed in one command; the rest stay pending and are taken next.
    pub assess_max: u32,
    /// Guards on what the pool takes on.
    #[serde(default)]
    pub solvency: Solvency,
    /// How sales are planned where `close` is planned.
    #[serde(default)]
    pub planner: Option<PlannerTerms>,
    /// Rules against a drain and against a fall. The last field: commands that were encoded before it
    /// end where it begins.
    #[serde(default)]
    pub defences: Option<Defences>,
}

/// Accounts assessed in one command unless a policy says otherwise: bounds the work of one tick
/// to some milliseconds on one core.
pub const ASSESS_MAX: u32 = 4_096;

/// Time a sale waits for new depth unless a policy says otherwise: one minute.
pub const RETRY_NANOS: u64 = 60_000_000_000;

impl Policy {
    /// The highest line at which accounts are watched: what rulebooks state of prices and health
    /// bounds the truth up to it.
    #[must_use]
    pub fn warn_ratio_max() -> Ratio {
        Ratio::new(2_000_000_000_000_000_000)
    }

    /// The venue as it is: no guard of ours, keepers take what the rule gives them.
    #[must_use]
    pub fn as_is() -> Self {
        Policy {
            name: "as it is".to_owned(),
            seller: Seller::Keepers,
            close: Close::VenueMaximum,
            warn_ratio: Ratio::new(1_050_000_000_000_000_000),
            target_ratio: Ratio::new(1_050_000_000_000_000_000),
            notice_nanos: 0,
            guards: Guards::default(),
            lot_value: 0,
            slippage_bps: 0,
            retry_nanos: RETRY_NANOS,
            cleaning_loss_max: 0,
            disposal: Disposal::Market,
            ladder: None,
            backstop: BackstopPolicy::default(),
            assess_max: ASSESS_MAX,
            solvency: Solvency::default(),
            planner: None,
            defences: None,
        }
    }

    /// The venue with our guards: fresh marks, grace, one liquidation at a price, no more than
    /// the target needs, losses through the insurance fund.
    #[must_use]
    pub fn guarded() -> Self {
        Policy {
            name: "with our guards".to_owned(),
            close: Close::Target,
            guards: Guards { fresh_marks: true, grace: true, once_per_tick: true, minimal: true },
            backstop: BackstopPolicy { insurance: true, ..BackstopPolicy::default() },
            ..Policy::as_is()
        }
    }

    /// The first field that makes no sense, with its value and what would be right.
    ///
    /// # Errors
    /// A sentence naming field, value and what would be right.
    pub fn validate(&self) -> Result<(), String> {
        let one = Ratio::one();
        if self.warn_ratio < one {
            return Err(format!("policy.warn_ratio {} is below 1", self.warn_ratio));
        }
        if self.warn_ratio > Policy::warn_ratio_max() {
            let (given, most) = (self.warn_ratio, Policy::warn_ratio_max());
            return Err(format!("policy.warn_ratio {given} is above {most}"));
        }
        if self.target_ratio < one {
            return Err(format!("policy.target_ratio {} is below 1", self.target_ratio));
        }
        if self.slippage_bps >= 10_000 {
            let given = self.slippage_bps;
            return Err(format!("policy.slippage_bps {given} leaves no price; below 10000"));
        }
        if self.assess_max == 0 {
            return Err("policy.assess_max 0 would never assess anybody; at least 1".to_owned());
        }
        let share = self.backstop.share_max_bps;
        if let Some(given) = share.filter(|share| !(1..=10_000).contains(share)) {
            return Err(format!("policy.backstop.share_max_bps {given}: 1 to 10000"));
        }
        if let Some(trigger) = self.backstop.drawdown {
            Drawdown::new(trigger.window_nanos, trigger.lost_e9)
                .map_err(|error| format!("policy.backstop.drawdown: {error}"))?;
        }
        if self.name.is_empty() || self.name.len() > 64 {
            return Err(format!("policy.name '{}' must have 1 to 64 characters", self.name));
        }
        if self.disposal != Disposal::Market && self.seller == Seller::Keepers {
            let right =
                "market is right where policy.seller is keepers, who take what they repay for";
            return Err(format!("policy.disposal auction: {right}"));
        }
        self.check_planner()?;
        self.disposal.validate()?;
        self.defences.as_ref().map_or(Ok(()), Defences::validate)?;
        self.solvency.validate()
    }

    /// Terms and choice of the planner go together, and only the venue's own sales are planned.
    fn check_planner(&self) -> Result<(), String> {
        let Some(terms) = &self.planner else {
            return match self.close {
                Close::Planned => {
                    Err("policy.planner is missing; policy.close planned needs it".to_owned())
                }
                _ => Ok(()),
            };
        };
        if self.close != Close::Planned {
            return Err("policy.planner is stated; policy.close planned is right".to_owned());
        }
        if self.seller == Seller::Keepers {
            return Err("policy.close planned: policy.seller venue is right".to_owned());
        }
        if self.ladder.is_some() {
            return Err("policy.ladder is stated; policy.close planned has none".to_owned());
        }
        terms.validate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::HandOver;

    #[test]
    fn a_planner_is_stated_whole_or_not_at_all() {
        let terms = PlannerTerms {
            participation_bps: 2_000,
            impact_max_bps: 100,
            confidence_ppm: 1_645_000,
            pace_nanos: 1,
            age_max_nanos: 1,
            hand_over: HandOver::default(),
        };
        let venue = Policy { seller: Seller::Venue, ..Policy::guarded() };
        let planned = Policy { close: Close::Planned, planner: Some(terms), ..venue.clone() };
        assert_eq!(planned.validate(), Ok(()));
        let refused = |policy: Policy| policy.validate().unwrap_err();
        assert!(refused(Policy { planner: None, ..planned.clone() }).contains("missing"));
        assert!(refused(Policy { close: Close::Full, ..planned.clone() }).contains("planned"));
        assert!(refused(Policy { seller: Seller::Keepers, ..planned.clone() }).contains("venue"));
        let with = |terms| Policy { planner: Some(terms), ..planned.clone() };
        for (bad, named) in [
            (PlannerTerms { participation_bps: 0, ..terms }, "participation_bps 0"),
            (PlannerTerms { participation_bps: 10_001, ..terms }, "participation_bps 10001"),
            (PlannerTerms { impact_max_bps: 10_000, ..terms }, "impact_max_bps 10000"),
            (PlannerTerms { confidence_ppm: 6_000_001, ..terms }, "confidence_ppm 6000001"),
            (PlannerTerms { pace_nanos: 0, ..terms }, "pace_nanos 0"),
        ] {
            assert!(refused(with(bad)).contains(named));
        }
        let above = Some(Ratio::new(1_000_000_000_000_000_001));
        let hand_over = HandOver { after_nanos: None, below_ratio: above };
        assert!(refused(with(PlannerTerms { hand_over, ..terms })).contains("below_ratio"));
    }

    #[test]
    fn a_policy_that_makes_no_sense_is_named() {
        assert_eq!(Policy::as_is().validate(), Ok(()));
        assert_eq!(Policy::guarded().validate(), Ok(()));
        let below = Policy { target_ratio: Ratio::new(1), ..Policy::guarded() };
        assert_eq!(
            below.validate().unwrap_err(),
            "policy.target_ratio 0.000000000000000001 is below 1"
        );
        let steep = Policy { slippage_bps: 10_000, ..Policy::guarded() };
        assert!(steep.validate().unwrap_err().contains("slippage_bps 10000"));
        let idle = Policy { assess_max: 0, ..Policy::guarded() };
        assert!(idle.validate().unwrap_err().contains("assess_max 0"));
    }
}
