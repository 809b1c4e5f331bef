//! The parameter file: what governance may set, read from TOML and refused where the venue's
//! comptroller, or arithmetic, would refuse it.

use super::{BORROW_RATE_MOST, Rule, STILL};
use crate::lending::rates::TwoSlopes;
use crate::parameters::{Head, not_toxic, parse, refuse, within};
use breakwater_money::rounding::{Rounding, mul_div_wide};
use breakwater_money::{Bps, U256, Wad};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A rulebook file of this venue. The first fields are the head of every file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Id of the rulebook.
    pub name: String,
    /// The mirror the parameters are for.
    pub rule: String,
    /// Commit that the rule follows.
    pub version: String,
    /// First day on which the parameters applied, or a sentence that says why there is none.
    pub effective_from: String,
    /// Decimals of the numeraire in which accounts are valued.
    pub numeraire_decimals: u8,
    /// Where each parameter comes from, by its path in this file, or `unverified`.
    pub source: BTreeMap<String, String>,
    /// What holds for every market.
    pub constants: Constants,
    /// The markets, by symbol of their asset.
    pub assets: BTreeMap<String, AssetParameters>,
}

/// What holds for every market of the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constants {
    /// Share of one borrow that a call may repay, basis points.
    pub close_factor_bps: u16,
    /// Collateral per value repaid, basis points; 10,800 is a bonus of 8 %.
    pub incentive_bps: u16,
    /// The protocol's share of the shares seized, basis points.
    pub protocol_share_bps: u16,
    /// Decimals of a share.
    pub share_decimals: u8,
    /// Whole units of the asset for one whole share while a market has none, basis points.
    pub initial_exchange_bps: u16,
    /// Time between blocks, in which interest is counted.
    pub seconds_per_block: u16,
}

/// One market's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssetParameters {
    /// Decimals of the asset.
    pub decimals: u8,
    /// Share of the value supplied that may be owed, basis points; 0 for a debt-only asset.
    pub collateral_factor_bps: u16,
    /// The protocol's share of the interest, basis points; absent is none.
    #[serde(default)]
    pub reserve_factor_bps: u16,
    /// Whether new borrows are paused; absent is not.
    #[serde(default)]
    pub borrow_paused: bool,
    /// Borrows that the market must stay below, whole units of the asset; absent or 0 for none.
    #[serde(default)]
    pub borrow_cap: u64,
    /// The interest rate model; absent where the parameters are used without interest.
    #[serde(default)]
    pub rates: Option<RateParameters>,
}

/// A jump rate model as its contract stores it: everything a block, at 1e18.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateParameters {
    /// Rate at zero usage.
    pub base_per_block_wad: u64,
    /// Rate per usage up to the kink.
    pub multiplier_per_block_wad: u64,
    /// Rate per usage beyond the kink.
    pub jump_multiplier_per_block_wad: u64,
    /// Usage at the kink.
    pub kink_wad: u64,
}

/// Highest collateral factor that the comptroller accepts (`collateralFactorMaxMantissa`, 0.9).
const COLLATERAL_FACTOR_MOST_BPS: u16 = 9_000;

impl Parameters {
    /// Reads and validates a parameter file.
    ///
    /// # Errors
    /// A sentence naming the parameter, its value and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (_, parameters): (Head, Parameters) = parse(text, super::RULE)?;
        parameters.validate()?;
        Ok(parameters)
    }

    fn validate(&self) -> Result<(), String> {
        self.constants.validate()?;
        if self.assets.is_empty() {
            return Err("assets: at least one asset must be listed".to_owned());
        }
        self.assets.iter().try_for_each(|(symbol, asset)| {
            asset.validate(&format!("assets.{symbol}"), &self.constants)
        })
    }

    /// The rule with the constants of this file.
    #[must_use]
    pub fn rule(&self) -> Rule {
        Rule {
            close_factor: wad(self.constants.close_factor_bps),
            incentive: wad(self.constants.incentive_bps),
            protocol_share: wad(self.constants.protocol_share_bps),
            seize_paused: false,
        }
    }
}

impl Constants {
    fn validate(&self) -> Result<(), String> {
        // The venue's own bounds of the close factor; its setter does not hold them.
        let right = "must be 500 (5 %) to 9000 (90 %)";
        within("constants.close_factor_bps", self.close_factor_bps, 500..=9_000, right)?;
        let right = "must be 10000 (no bonus) to 15000; 10800 is a bonus of 8 %";
        within("constants.incentive_bps", self.incentive_bps, 10_000..=15_000, right)?;
        let right = "must be at most 10000 (all that is seized)";
        within("constants.protocol_share_bps", self.protocol_share_bps, 0..=10_000, right)?;
        within("constants.share_decimals", self.share_decimals, 1..=18, "must be 1 to 18")?;
        let right = "must be 1 to 10000 (one unit a share)";
        within("constants.initial_exchange_bps", self.initial_exchange_bps, 1..=10_000, right)?;
        let right = "must be 1 to 60";
        within("constants.seconds_per_block", self.seconds_per_block, 1..=60, right)
    }

    /// Base units a share at 1e18 while no share exists, for an asset of `decimals`; none where
    /// that is not a whole number.
    #[must_use]
    pub fn initial_exchange_rate(&self, decimals: u8) -> Option<U256> {
        let power = (18 + u32::from(decimals)).checked_sub(u32::from(self.share_decimals))?;
        let whole = U256::from(10u8).checked_pow(U256::from(power))?;
        let scaled = whole.checked_mul(U256::from(self.initial_exchange_bps))?;
        let one = Bps::one().raw;
        let rate = mul_div_wide(scaled, U256::ONE, one, Rounding::Floor).ok()?;
        (rate.checked_mul(one) == Some(scaled)).then_some(rate)
    }
}

impl AssetParameters {
    fn validate(&self, path: &str, constants: &Constants) -> Result<(), String> {
        let field = |name: &str| format!("{path}.{name}");
        within(&field("decimals"), self.decimals, 1..=18, "must be 1 to 18")?;
        let factor = self.collateral_factor_bps;
        let most = COLLATERAL_FACTOR_MOST_BPS;
        within(&field("collateral_factor_bps"), factor, 0..=most, "must be at most 9000 (90 %)")?;
        let right = "must be at most 10000 (all interest)";
        within(&field("reserve_factor_bps"), self.reserve_factor_bps, 0..=10_000, right)?;
        let bonus = constants.incentive_bps;
        not_toxic(path, u128::from(factor), u128::from(bonus), 10_000)?;
        if constants.initial_exchange_rate(self.decimals).is_none() {
            let right = "too few decimals for constants.initial_exchange_bps";
            return Err(refuse(&field("decimals"), self.decimals, right));
        }
        self.rates.map_or(Ok(()), |rates| rates.validate(&field("rates")))
    }

    /// The interest rate model; no interest where the file has none.
    #[must_use]
    pub fn slopes(&self) -> TwoSlopes {
        self.rates.map_or(STILL, |rates| rates.slopes())
    }
}

impl RateParameters {
    fn validate(&self, path: &str) -> Result<(), String> {
        let one = 1_000_000_000_000_000_000;
        let kink = format!("{path}.kink_wad");
        within(&kink, self.kink_wad, 1..=one, "must be 1 to 1000000000000000000 (100 %)")?;
        let (low, high) = (self.multiplier_per_block_wad, self.jump_multiplier_per_block_wad);
        if high < low {
            let right = "must not be below multiplier_per_block_wad, or the kink bends down";
            return Err(refuse(&format!("{path}.jump_multiplier_per_block_wad"), high, right));
        }
        // At full usage, which reserves above the cash could still exceed.
        let rate = self.slopes().rate(Wad::one().raw).unwrap_or(U256::MAX);
        if rate > BORROW_RATE_MOST {
            let right = "the rate a block at full usage, must be at most 5000000000000 (0.0005 %), \
                         above which the venue stops";
            return Err(refuse(path, rate, right));
        }
        Ok(())
    }

    fn slopes(&self) -> TwoSlopes {
        TwoSlopes {
            base: U256::from(self.base_per_block_wad),
            slope_low: U256::from(self.multiplier_per_block_wad),
            kink: U256::from(self.kink_wad),
            slope_high: U256::from(self.jump_multiplier_per_block_wad),
        }
    }
}

/// Basis points at 1e18, which is exact.
pub(super) fn wad(bps: u16) -> Wad {
    Wad::new(u128::from(bps) * 100_000_000_000_000)
}
