//! `replay` and `compare` of scenarios over perpetuals: their flags, their words, their pages.

pub mod arguments;
pub mod compare;
mod figures;
mod json;
mod page;
mod page_compare;
pub mod replay;
mod story;

use crate::arguments::{Backstop, Changes, DeleverageName, PolicyName, Replay, ThresholdsName};
use crate::failure::Failure;
use arguments::{ScheduleName, Sharing};
use breakwater_liquidation::backstop::Deleverage;
use breakwater_simulate::perpetuals::runner::{
    Asked, Closing, PerpetualOptions, Pooling, Schedule,
};

/// Refuses flags of perpetuals where a book of loans is run.
pub fn refuse_backstop(backstop: &Backstop) -> Result<(), Failure> {
    let given =
        [("--deleverage", backstop.deleverage.is_some()), ("--fund", backstop.fund.is_some())];
    match given.iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(Failure::Usage(format!(
            "{flag}: a book of loans has no winners to close and no insurance fund; expected a \
             scenario over perpetuals, such as october-2025"
        ))),
        None => Ok(()),
    }
}

/// Refuses a schedule where a book of loans is run.
pub fn refuse_sharing(sharing: &Sharing) -> Result<(), Failure> {
    match sharing.schedule {
        Some(_) => Err(Failure::Usage(
            "--schedule: keepers choose for themselves when to sell; expected a scenario over \
             perpetuals, such as october-2025"
                .to_owned(),
        )),
        None => Ok(()),
    }
}

/// Refuses changes that mean nothing here, each with its reason.
fn refuse_changes(changes: &Changes) -> Result<(), Failure> {
    let given = [
        ("--shock", changes.shock.is_some(), "the path is a day's index as it was"),
        ("--peg", changes.peg.is_some(), "no staked asset is in it"),
        ("--depth-scale", changes.depth_scale.is_some(), "the depth is a day's book as it was"),
        ("--keeper-capital", changes.keeper_capital.is_some(), "the venue sells, not keepers"),
        ("--no-gas", changes.no_gas, "the venue sells, and pays no gas"),
    ];
    match given.iter().find(|(_, given, _)| *given) {
        Some((flag, _, why)) => Err(Failure::Usage(format!(
            "{flag} does not apply to a scenario over perpetuals: {why}"
        ))),
        None => Ok(()),
    }
}

fn changed(changes: &Changes, backstop: &Backstop) -> PerpetualOptions {
    PerpetualOptions {
        asked: backstop.deleverage.map_or(Asked::AsStated, asked),
        fund_share: backstop.fund.clone(),
        feedback: changes.feedback.clone(),
        impact: !changes.no_impact,
        seed: changes.seed,
        ..PerpetualOptions::default()
    }
}

/// The options of a replay.
fn options(replay: &Replay) -> Result<PerpetualOptions, Failure> {
    refuse_changes(&replay.changes)?;
    if replay.thresholds != ThresholdsName::SameRisk {
        return Err(Failure::Usage(
            "--thresholds does not apply to a scenario over perpetuals: maintenance margins are \
             the rulebook's"
                .to_owned(),
        ));
    }
    let closing = match replay.policy {
        PolicyName::AsIs => Closing::Ladder,
        PolicyName::VenueTarget => Closing::Target,
        PolicyName::VenueFull => Closing::Full,
        PolicyName::VenuePlanned => Closing::Planned,
        PolicyName::AuctionEnglish
        | PolicyName::AuctionEnglishLong
        | PolicyName::AuctionDutch
        | PolicyName::AuctionSealed
        | PolicyName::AuctionBatch => {
            return Err(Failure::Usage(
                "--policy: auctions do not apply to a scenario over perpetuals, whose positions are \
                 sold into their market; expected as-is, venue-target, venue-full or \
                 venue-planned"
                    .to_owned(),
            ));
        }
        PolicyName::Guarded => {
            return Err(Failure::Usage(
                "--policy guarded does not apply to a scenario over perpetuals: it guards against \
                 keepers and stale prices, and here the venue sells at a mark of every quarter of \
                 a minute; expected as-is, venue-target, venue-full or \
                 venue-planned"
                    .to_owned(),
            ));
        }
    };
    let rulebook = replay.rulebook.as_deref().map(crate::source::rulebook).transpose()?;
    let schedule = match replay.sharing.schedule {
        None | Some(ScheduleName::Alone) => Schedule::Alone,
        Some(ScheduleName::Pooled) => Schedule::Pooled(Pooling::default()),
    };
    let options = changed(&replay.changes, &replay.backstop);
    Ok(PerpetualOptions { rulebook, closing, schedule, ..options })
}

const fn asked(name: DeleverageName) -> Asked {
    Asked::Winners(match name {
        DeleverageName::Queue => Deleverage::Queue,
        DeleverageName::RandomStart => Deleverage::RandomStart,
        DeleverageName::ProRata => Deleverage::ProRata,
        DeleverageName::Capped => Deleverage::Capped,
        DeleverageName::RiskAware => Deleverage::RiskAware,
        DeleverageName::MinimumOvershoot => Deleverage::MinimumOvershoot,
        DeleverageName::Nobody => return Asked::Nobody,
    })
}

/// The changes as they were asked for; empty if the scenario runs as it is written.
fn told(changes: &Changes, backstop: &Backstop, policy: Option<PolicyName>) -> Vec<String> {
    let mut told = Vec::new();
    match policy {
        Some(PolicyName::VenueTarget) => told.push("--policy venue-target".to_owned()),
        Some(PolicyName::VenueFull) => told.push("--policy venue-full".to_owned()),
        Some(PolicyName::VenuePlanned) => told.push("--policy venue-planned".to_owned()),
        Some(_) | None => {}
    }
    if let Some(way) = backstop.deleverage {
        let name = match asked(way) {
            Asked::Winners(rule) => breakwater_simulate::perpetuals::runner::rule_name(Some(rule)),
            Asked::Nobody | Asked::AsStated => "nobody",
        };
        told.push(format!("--deleverage {name}"));
    }
    told.extend(backstop.fund.iter().map(|share| format!("--fund {share}")));
    told.extend(changes.told());
    told.extend(changes.seed.iter().map(|seed| format!("--seed {seed}")));
    told
}
