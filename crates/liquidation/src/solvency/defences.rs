//! Rules against a drain and against a fall, as a policy states them.
//!
//! Each is one of the pure rules beside it. A policy names which of them hold; the engine keeps what
//! they remember. Values are in the numeraire, at the marks; seconds are whole seconds of engine time.

use super::SYMBOL_MAX;
use super::outflow::{Excess, OutflowLimit};
use super::release::Staged;
use super::stress_state::{CloseFactor, StressLines};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest time that a rule may hold something back, seconds: ten years. Beyond, a slip of scale is
/// likelier than a rule.
const SECONDS_MAX: u64 = 315_360_000;

/// How much value may leave in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutflowTerms {
    /// The limit, over the value of all tokens that the pool holds.
    pub limit: OutflowLimit,
    /// How what is beyond it is released, where it waits; none releases it as soon as there is room.
    #[serde(default)]
    pub staged: Option<Staged>,
}

/// Most value that is liquidated in a window, whoever liquidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThrottleTerms {
    /// Value repaid by outsiders, or sold by the venue at the marks.
    pub value_max: u128,
    /// Length of the window.
    pub window_seconds: u64,
}

/// Pauses after a price has stood at a band around its mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BandTerms {
    /// Width to either side of the mean, 1 to 9,999.
    pub width_bps: u32,
    /// Marks of so many seconds are the mean.
    pub reference_seconds: u64,
    /// So long the mark may stand at a band; zero pauses at once.
    pub limit_seconds: u64,
    /// Length of a pause, in which nobody is liquidated who holds or owes the asset and nobody owes
    /// more against it.
    pub pause_seconds: u64,
}

/// What rises with stress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum StressMeasure {
    /// Share of what is supplied of an asset that is owed.
    Usage {
        /// Its symbol.
        asset: String,
    },
    /// Fall of an asset's mark from the highest of a window.
    Fall {
        /// Its symbol.
        asset: String,
        /// Length of the window.
        window_seconds: u64,
    },
}

impl StressMeasure {
    /// The asset that is looked at.
    #[must_use]
    pub fn asset(&self) -> &str {
        match self {
            StressMeasure::Usage { asset } | StressMeasure::Fall { asset, .. } => asset,
        }
    }
}

/// What a state of stress asks of new risk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StressTerms {
    /// When the state changes, and by how much it scales.
    pub lines: StressLines,
    /// What is measured.
    pub measure: StressMeasure,
    /// A haircut on collateral in calm, basis points. New risk is asked for what the scaled haircut takes
    /// more than it, on top of the scaled margin; 0 scales the margin alone.
    #[serde(default)]
    pub haircut_bps: u32,
}

/// Rules of a pool. The default has none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Defences {
    /// Limits what leaves.
    pub outflow: Option<OutflowTerms>,
    /// Every withdrawal waits so long, and those that have are paid in proportion.
    pub queue_seconds: Option<u64>,
    /// Limits what is liquidated.
    pub throttle: Option<ThrottleTerms>,
    /// Limits how much of a debt one step closes: on top of the venue's own cap, never in its place. The
    /// bound under which a debt is closed whole is a value.
    pub close_factor: Option<CloseFactor>,
    /// Limit bands, by symbol.
    pub bands: BTreeMap<String, BandTerms>,
    /// Scales what new risk needs.
    pub stress: Option<StressTerms>,
}

impl Defences {
    /// True if withdrawals may wait.
    #[must_use]
    pub fn queues(&self) -> bool {
        let delays = self.outflow.is_some_and(|terms| terms.limit.excess == Excess::Delay);
        delays || self.queue_seconds.is_some()
    }

    /// Symbols that it names.
    pub fn symbols(&self) -> impl Iterator<Item = &str> {
        let measured = self.stress.iter().map(|stress| stress.measure.asset());
        self.bands.keys().map(String::as_str).chain(measured)
    }

    /// The first field that makes no sense, with its value and what would be right.
    ///
    /// # Errors
    /// A sentence naming field, value and what would be right.
    pub fn validate(&self) -> Result<(), String> {
        let field = |name: &str| format!("policy.defences.{name}");
        if let Some(terms) = &self.outflow {
            let limit = &terms.limit;
            limit.validate().map_err(|why| field(&format!("outflow.limit.{why}")))?;
            seconds(&field("outflow.limit.window_seconds"), limit.window_seconds, 1)?;
            seconds(&field("outflow.limit.cooldown_seconds"), limit.cooldown_seconds, 0)?;
            if limit.excess == Excess::Revert && limit.cooldown_seconds > 0 {
                let given = limit.cooldown_seconds;
                let name = field("outflow.limit.cooldown_seconds");
                return Err(format!("{name} {given}: 0, a refused request leaves no trace"));
            }
            if let Some(staged) = &terms.staged {
                staged.validate().map_err(|why| field(&format!("outflow.staged.{why}")))?;
                seconds(&field("outflow.staged.delay_seconds"), staged.delay_seconds, 0)?;
                seconds(&field("outflow.staged.interval_seconds"), staged.interval_seconds, 0)?;
                if limit.excess == Excess::Revert {
                    let name = field("outflow.staged");
                    return Err(format!("{name} is stated; none, nothing waits that is refused"));
                }
            }
        }
        if let Some(wait) = self.queue_seconds {
            seconds(&field("queue_seconds"), wait, 1)?;
        }
        if let Some(terms) = self.throttle {
            seconds(&field("throttle.window_seconds"), terms.window_seconds, 1)?;
        }
        if let Some(factor) = &self.close_factor {
            factor.validate().map_err(|why| field(&format!("close_factor.{why}")))?;
        }
        for (symbol, terms) in &self.bands {
            let name = |of: &str| field(&format!("bands.{symbol}.{of}"));
            if !(1..10_000).contains(&terms.width_bps) {
                return Err(format!("{} {}: 1 to 9999", name("width_bps"), terms.width_bps));
            }
            seconds(&name("reference_seconds"), terms.reference_seconds, 1)?;
            seconds(&name("limit_seconds"), terms.limit_seconds, 0)?;
            seconds(&name("pause_seconds"), terms.pause_seconds, 1)?;
        }
        if let Some(stress) = &self.stress {
            stress.lines.validate().map_err(|why| field(&format!("stress.lines.{why}")))?;
            if stress.haircut_bps >= 10_000 {
                let given = stress.haircut_bps;
                return Err(format!("{} {given}: below 10000", field("stress.haircut_bps")));
            }
            if let StressMeasure::Fall { window_seconds, .. } = stress.measure {
                seconds(&field("stress.measure.fall.window_seconds"), window_seconds, 1)?;
            }
        }
        for symbol in self.symbols() {
            if symbol.is_empty() || symbol.chars().count() > SYMBOL_MAX {
                return Err(format!(
                    "policy.defences names '{symbol}': 1 to {SYMBOL_MAX} characters"
                ));
            }
        }
        Ok(())
    }
}

fn seconds(field: &str, given: u64, least: u64) -> Result<(), String> {
    if (least..=SECONDS_MAX).contains(&given) {
        return Ok(());
    }
    Err(format!("{field} {given}: {least} to {SECONDS_MAX}"))
}

#[cfg(test)]
mod tests {
    use super::super::outflow::Counted;
    use super::*;

    fn limit(excess: Excess) -> OutflowLimit {
        OutflowLimit {
            retained_bps: 9_000,
            window_seconds: 60,
            begin_threshold: 0,
            minimum_amount: 0,
            cooldown_seconds: 0,
            excess,
            counted: Counted::Gross,
        }
    }

    #[test]
    fn a_rule_that_makes_no_sense_is_named() {
        assert_eq!(Defences::default().validate(), Ok(()));
        assert!(!Defences::default().queues());
        let staged = Staged { delay_seconds: 1, stages: 2, interval_seconds: 1 };
        let outflow = |limit: OutflowLimit, staged: Option<Staged>| Defences {
            outflow: Some(OutflowTerms { limit, staged }),
            ..Defences::default()
        };
        let banded = |terms: BandTerms| Defences {
            bands: BTreeMap::from([("ETH".to_owned(), terms)]),
            ..Defences::default()
        };
        let band = BandTerms {
            width_bps: 500,
            reference_seconds: 300,
            limit_seconds: 15,
            pause_seconds: 300,
        };
        let lines = StressLines {
            soft_bps: 500,
            hard_bps: 1_000,
            release_bps: 100,
            soft_scale_bps: 12_500,
            hard_scale_bps: 20_000,
        };
        let stressed = |haircut_bps: u32, asset: &str| Defences {
            stress: Some(StressTerms {
                lines,
                measure: StressMeasure::Usage { asset: asset.to_owned() },
                haircut_bps,
            }),
            ..Defences::default()
        };
        let cooling = |excess| OutflowLimit { cooldown_seconds: 5, ..limit(excess) };
        for (defences, named) in [
            (outflow(limit(Excess::Delay), Some(staged)), ""),
            (outflow(cooling(Excess::Delay), None), ""),
            (outflow(cooling(Excess::Revert), None), "outflow.limit.cooldown_seconds 5: 0"),
            (outflow(limit(Excess::Revert), Some(staged)), "outflow.staged is stated"),
            (
                outflow(OutflowLimit { retained_bps: 10_001, ..limit(Excess::Delay) }, None),
                "outflow.limit.retained_bps 10001",
            ),
            (
                outflow(limit(Excess::Delay), Some(Staged { stages: 0, ..staged })),
                "outflow.staged.stages 0",
            ),
            (Defences { queue_seconds: Some(0), ..Defences::default() }, "queue_seconds 0: 1 to"),
            (
                Defences {
                    throttle: Some(ThrottleTerms { value_max: 0, window_seconds: 0 }),
                    ..Defences::default()
                },
                "throttle.window_seconds 0",
            ),
            (banded(band), ""),
            (banded(BandTerms { limit_seconds: 0, ..band }), ""),
            (banded(BandTerms { width_bps: 10_000, ..band }), "bands.ETH.width_bps 10000"),
            (banded(BandTerms { pause_seconds: 0, ..band }), "bands.ETH.pause_seconds 0"),
            (stressed(100, "ETH"), ""),
            (stressed(10_000, "ETH"), "stress.haircut_bps 10000"),
            (stressed(0, ""), "names ''"),
        ] {
            let found = defences.validate();
            assert_eq!(found.is_err(), !named.is_empty(), "{defences:?}: {found:?}");
            assert!(found.err().unwrap_or_default().contains(named), "{named}");
        }
        assert!(outflow(limit(Excess::Delay), None).queues());
        assert!(!outflow(limit(Excess::Revert), None).queues());
    }
}
