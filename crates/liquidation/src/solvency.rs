//! Guards on what a pool takes on: caps, gates, a circuit breaker and an answer in the interest
//! rate. They belong to policies and hold around any rulebook; what they remember is the engine's.
//!
//! The modules hold the rules against a drain and against a fall as pure integer functions: what may
//! leave in a window, how a queue is shared and released, limit bands and halts, rates with a kink,
//! and what a state of stress scales. [`defences`] states them in a policy, so that an engine keeps them.

pub mod bands;
pub mod defences;
pub mod outflow;
pub mod rates;
pub mod release;
pub mod stress_state;

pub use defences::Defences;

use breakwater_money::U256;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest symbol that a guard may name, in characters: that of an asset.
const SYMBOL_MAX: usize = 64;

/// Largest surcharge, basis points a year: 1,000 %, as much as the steepest interest model adds.
pub const SURCHARGE_MAX_BPS: u32 = 100_000;

/// What an operator lets be done with an asset.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum Gate {
    /// Everything.
    #[default]
    Open,
    /// No new borrowing and no new supply. Who owes may still top up; repaying and taking out
    /// stay possible.
    Frozen,
    /// Besides: nothing is taken out, and nobody is liquidated who holds or owes the asset.
    /// Topping up and repaying stay possible.
    Paused,
}

/// How much of an asset the pool has taken in and lent, base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AssetTotals {
    /// Supplied by all accounts, rounded down.
    pub supplied: u128,
    /// Owed by all accounts, rounded up.
    pub borrowed: u128,
}

/// Stops new risk after a fall of the mark; liquidation goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Breaker {
    /// It trips at a mark this far or farther below the highest of the window, 1 to 9,999.
    pub fall_bps: u32,
    /// Length of the window that ends with the mark.
    pub window_nanos: u64,
    /// How long new risk is refused from the mark that tripped it.
    pub hold_nanos: u64,
}

impl Breaker {
    /// True for a mark at or beyond the fall below `highest`, both of one scale.
    #[must_use]
    pub fn trips(&self, highest: u128, mark: u128) -> bool {
        let kept = U256::from(10_000u32.saturating_sub(self.fall_bps));
        // Products of 128 and 14 bits.
        U256::from(mark) * U256::from(10_000u32) <= U256::from(highest) * kept
    }
}

/// Makes borrowing dearer while much of what is supplied is lent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateResponse {
    /// Share of what is supplied that is owed from which the surcharge holds, 1 to 10,000.
    pub usage_bps: u32,
    /// Added to the venue's borrow rate, basis points a year, 1 to [`SURCHARGE_MAX_BPS`].
    pub surcharge_bps_a_year: u32,
}

impl RateResponse {
    /// True where usage is at the line or above it. Nothing owed is no usage.
    #[must_use]
    pub fn responds(&self, totals: AssetTotals) -> bool {
        // Products of 128 and 32 bits.
        let owed = U256::from(totals.borrowed) * U256::from(10_000u32);
        totals.borrowed > 0 && owed >= U256::from(totals.supplied) * U256::from(self.usage_bps)
    }
}

/// Guards of one asset.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AssetGuard {
    /// Most that all accounts together may supply by new business, base units.
    pub supply_cap: Option<u128>,
    /// Most that all accounts together may owe by new business, base units.
    pub borrow_cap: Option<u128>,
    /// Stops new risk after a fall.
    pub breaker: Option<Breaker>,
    /// Makes borrowing dearer at high usage.
    pub rate: Option<RateResponse>,
}

/// Guards of a pool. The default guards nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Solvency {
    /// By symbol; each must be an asset of the pool that installs the policy.
    pub assets: BTreeMap<String, AssetGuard>,
    /// How long nobody is liquidated who holds or owes an asset, once it is paused no more.
    pub unpause_grace_nanos: u64,
}

impl Solvency {
    /// The first field that makes no sense, with its value and what would be right.
    ///
    /// # Errors
    /// A sentence naming field, value and what would be right.
    pub fn validate(&self) -> Result<(), String> {
        for (symbol, guard) in &self.assets {
            let field = |name: &str| format!("policy.solvency.assets.{symbol}.{name}");
            if symbol.is_empty() || symbol.chars().count() > SYMBOL_MAX {
                return Err(format!(
                    "policy.solvency.assets names '{symbol}': 1 to {SYMBOL_MAX} characters"
                ));
            }
            if let Some(Breaker { fall_bps, window_nanos, hold_nanos }) = guard.breaker {
                if !(1..10_000).contains(&fall_bps) {
                    return Err(format!("{} {fall_bps}: 1 to 9999", field("breaker.fall_bps")));
                }
                for (name, nanos) in
                    [("breaker.window_nanos", window_nanos), ("breaker.hold_nanos", hold_nanos)]
                {
                    if nanos == 0 {
                        return Err(format!("{} 0 would never hold; at least 1", field(name)));
                    }
                }
            }
            if let Some(RateResponse { usage_bps, surcharge_bps_a_year: surcharge }) = guard.rate {
                if !(1..=10_000).contains(&usage_bps) {
                    return Err(format!("{} {usage_bps}: 1 to 10000", field("rate.usage_bps")));
                }
                if !(1..=SURCHARGE_MAX_BPS).contains(&surcharge) {
                    return Err(format!(
                        "{} {surcharge}: 1 to {SURCHARGE_MAX_BPS}",
                        field("rate.surcharge_bps_a_year")
                    ));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guarding(guard: AssetGuard) -> Result<(), String> {
        let assets = BTreeMap::from([("ETH".to_owned(), guard)]);
        Solvency { assets, unpause_grace_nanos: 0 }.validate()
    }

    #[test]
    fn a_guard_that_makes_no_sense_is_named() {
        assert_eq!(Solvency::default().validate(), Ok(()));
        let sound = Breaker { fall_bps: 9_999, window_nanos: 1, hold_nanos: 1 };
        for (breaker, named) in [
            (sound, ""),
            (Breaker { fall_bps: 0, ..sound }, "ETH.breaker.fall_bps 0: 1 to 9999"),
            (Breaker { fall_bps: 10_000, ..sound }, "ETH.breaker.fall_bps 10000"),
            (Breaker { window_nanos: 0, ..sound }, "ETH.breaker.window_nanos 0"),
            (Breaker { hold_nanos: 0, ..sound }, "ETH.breaker.hold_nanos 0"),
        ] {
            let found = guarding(AssetGuard { breaker: Some(breaker), ..AssetGuard::default() });
            assert!(found.err().unwrap_or_default().contains(named), "{breaker:?}");
        }
        let sound = RateResponse { usage_bps: 10_000, surcharge_bps_a_year: SURCHARGE_MAX_BPS };
        for (rate, named) in [
            (sound, ""),
            (RateResponse { usage_bps: 0, ..sound }, "ETH.rate.usage_bps 0: 1 to 10000"),
            (RateResponse { usage_bps: 10_001, ..sound }, "ETH.rate.usage_bps 10001"),
            (RateResponse { surcharge_bps_a_year: 0, ..sound }, "surcharge_bps_a_year 0"),
            (RateResponse { surcharge_bps_a_year: 100_001, ..sound }, "a_year 100001: 1 to"),
        ] {
            let found = guarding(AssetGuard { rate: Some(rate), ..AssetGuard::default() });
            assert_eq!(found.is_err(), !named.is_empty(), "{rate:?}");
            assert!(found.err().unwrap_or_default().contains(named), "{rate:?}");
        }
        let long = BTreeMap::from([("x".repeat(65), AssetGuard::default())]);
        assert!(Solvency { assets: long, unpause_grace_nanos: 0 }.validate().is_err());
    }

    #[test]
    fn a_breaker_trips_at_its_fall_and_not_one_unit_above() {
        let breaker = Breaker { fall_bps: 1_000, window_nanos: 1, hold_nanos: 1 };
        for (highest, mark, trips) in [
            (1_000, 901, false),
            (1_000, 900, true),
            (1_000, 1, true),
            (1_001, 901, false),
            (1_001, 900, true),
            (u128::MAX, u128::MAX, false),
            (u128::MAX, 1, true),
        ] {
            assert_eq!(breaker.trips(highest, mark), trips, "{mark} below {highest}");
        }
    }

    #[test]
    fn a_rate_responds_at_its_usage_and_not_one_unit_below() {
        let rate = RateResponse { usage_bps: 8_000, surcharge_bps_a_year: 1 };
        for (borrowed, supplied, responds) in [
            (799, 1_000, false),
            (800, 1_000, true),
            (801, 1_000, true),
            (0, 0, false),
            (1, 0, true),
            (u128::MAX, u128::MAX, true),
        ] {
            let totals = AssetTotals { supplied, borrowed };
            assert_eq!(rate.responds(totals), responds, "{totals:?}");
        }
    }
}
