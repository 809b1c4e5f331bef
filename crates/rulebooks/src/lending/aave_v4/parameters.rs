//! The parameter file: what governance may set, read from TOML and refused where the venue's
//! configurator would refuse it.

use super::Rule;
use crate::lending::aave_v3;
use crate::parameters::{self, refuse, within};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{Bps, U256, Wad};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A rulebook file of this venue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Id of the rulebook.
    pub name: String,
    /// The mirror the parameters are for; always `aave-v4`.
    pub rule: String,
    /// The commit whose rule is followed; always `0051c6e1`.
    pub version: String,
    /// First day on which the parameters applied, or a sentence that says why there is none.
    pub effective_from: String,
    /// Decimals of the numeraire; always 8, those of the venue's oracle.
    pub numeraire_decimals: u8,
    /// What is set once a market.
    pub liquidation: LiquidationParameters,
    /// Where each parameter comes from, by its path in this file, or `unverified`.
    pub source: BTreeMap<String, String>,
    /// The reserves, by symbol.
    pub assets: BTreeMap<String, AssetParameters>,
}

/// What is set once a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiquidationParameters {
    /// Health that a call restores (1e18), at least 1.
    pub target_health_wad: u64,
    /// Health up to which the bonus is the largest (1e18), below 1.
    pub health_for_max_bonus_wad: u64,
    /// The smallest bonus as a share of the largest, paid at a health of one, basis points.
    pub bonus_factor_bps: u16,
    /// Least value that may stay on a side when neither is cleared (base units of the numeraire).
    pub dust_threshold_base: u64,
}

/// One reserve's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssetParameters {
    /// Decimals of the asset, 6 to 18.
    pub decimals: u8,
    /// Share of the value that counts towards health, basis points; 0 for a debt-only asset.
    pub collateral_factor_bps: u16,
    /// Collateral per value repaid at the largest bonus, basis points, at least 10,000.
    pub max_bonus_bps: u16,
    /// The protocol's share of the bonus, basis points.
    pub fee_bps: u16,
}

/// The commit that is mirrored, as a file's `version` names it.
const VERSION: &str = "0051c6e1";

/// The largest target that makes sense: twice what is owed. The venue has no bound of its own.
const TARGET_MOST_WAD: u64 = 2_000_000_000_000_000_000;

impl Parameters {
    /// Reads and validates a parameter file.
    ///
    /// # Errors
    /// A sentence with the first parameter refused, its value and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (_, parameters): (_, Parameters) = parameters::parse(text, super::RULE)?;
        parameters.validate()?;
        Ok(parameters)
    }

    fn validate(&self) -> Result<(), String> {
        if self.version != VERSION {
            let right = "must be \"0051c6e1\": the venue's roundings were turned more than once";
            return Err(refuse("version", format_args!("{:?}", self.version), right));
        }
        let oracle = "must be 8: the venue's oracle has 8 decimals";
        within("numeraire_decimals", self.numeraire_decimals, 8..=8, oracle)?;
        self.liquidation.validate()?;
        if self.assets.is_empty() {
            return Err("assets: at least one asset must be listed".to_owned());
        }
        self.assets.iter().try_for_each(|(symbol, asset)| asset.validate(symbol))
    }

    /// The rule with the numbers of this file.
    #[must_use]
    pub fn rule(&self) -> Rule {
        let wad = |raw: u64| Wad::new(u128::from(raw));
        let set = &self.liquidation;
        Rule {
            target_health: wad(set.target_health_wad),
            full_bonus_health: wad(set.health_for_max_bonus_wad),
            bonus_factor_bps: set.bonus_factor_bps,
            // 64 bits times 1e18 are far from 256 bits.
            least_leftover: U256::from(set.dust_threshold_base).saturating_mul(Wad::one().raw),
        }
    }

    /// The reserves in the terms of the machinery that keeps them. Interest is not mirrored.
    #[must_use]
    pub fn reserves(&self) -> BTreeMap<String, aave_v3::AssetParameters> {
        let reserve = |asset: &AssetParameters| aave_v3::AssetParameters {
            decimals: asset.decimals,
            liquidation_threshold_bps: asset.collateral_factor_bps,
            liquidation_bonus_bps: asset.max_bonus_bps,
            liquidation_protocol_fee_bps: asset.fee_bps,
            reserve_factor_bps: 0,
            rates: None,
        };
        self.assets.iter().map(|(symbol, asset)| (symbol.clone(), reserve(asset))).collect()
    }
}

impl LiquidationParameters {
    fn validate(&self) -> Result<(), String> {
        let one = 1_000_000_000_000_000_000;
        let right = "must be 1000000000000000000 (1) to 2000000000000000000 (2)";
        let target = one..=TARGET_MOST_WAD;
        within("liquidation.target_health_wad", self.target_health_wad, target, right)?;
        let right = "must be below 1000000000000000000 (1), or the bonus has no line to fall along";
        let full = self.health_for_max_bonus_wad;
        within("liquidation.health_for_max_bonus_wad", full, 0..=one - 1, right)?;
        let right = "must be at most 10000 (the whole bonus)";
        within("liquidation.bonus_factor_bps", self.bonus_factor_bps, 0..=10_000, right)
    }
}

impl AssetParameters {
    fn validate(&self, symbol: &str) -> Result<(), String> {
        let path = |field: &str| format!("assets.{symbol}.{field}");
        let right = "must be 6 to 18, as the venue's hub requires";
        within(&path("decimals"), self.decimals, 6..=18, right)?;
        let (factor, bonus) = (self.collateral_factor_bps, self.max_bonus_bps);
        let right = "must be below 10000 (100 %)";
        within(&path("collateral_factor_bps"), factor, 0..=9_999, right)?;
        let right = "must be at least 10000 (no bonus); 10500 is a bonus of 5 %";
        within(&path("max_bonus_bps"), bonus, 10_000..=u16::MAX, right)?;
        let right = "must be at most 10000 (the whole bonus)";
        within(&path("fee_bps"), self.fee_bps, 0..=10_000, right)?;
        // The venue is stricter than the common check: one itself is refused too, for no repayment
        // could then reach a target of one.
        let one = Bps::one().raw;
        let product = mul_div(factor.into(), bonus.into(), 10_000, Rounding::Ceil);
        if product.is_ok_and(|product| U256::from(product) < one) {
            return Ok(());
        }
        Err(format!(
            "assets.{symbol}: collateral_factor_bps = {factor} times max_bonus_bps = {bonus} must \
             be below 10000 bps, or every liquidation is toxic: it takes at least as much weighted \
             collateral as the debt it repays"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = include_str!("../../../../../rulebooks/aave-v4.toml");

    fn field(from: &str, to: &str) -> String {
        assert!(FILE.contains(from), "the file has no {from}");
        FILE.replacen(from, to, 1)
    }

    #[test]
    fn the_shipped_file_is_valid_and_holds_the_contracts_constant() {
        let parameters = Parameters::parse(FILE).unwrap();
        let rule = parameters.rule();
        assert_eq!(rule.least_leftover, super::super::least_leftover());
        assert_eq!(rule.target_health, Wad::new(1_050_000_000_000_000_000));
        assert!(!parameters.assets.contains_key("GUSD"), "2 decimals cannot be listed");
        assert_eq!(parameters.reserves()["WETH"].liquidation_bonus_bps, 10_500);
    }

    #[test]
    fn every_parameter_of_the_shipped_file_has_a_source() {
        let parameters = Parameters::parse(FILE).unwrap();
        let value = toml::Value::try_from(&parameters).unwrap();
        let source = |path: String| assert!(parameters.source.contains_key(&path), "{path}");
        for (name, _) in value["liquidation"].as_table().unwrap() {
            source(format!("liquidation.{name}"));
        }
        for (name, _) in value["assets"]["WETH"].as_table().unwrap() {
            source(format!("assets.*.{name}"));
        }
    }

    #[test]
    fn bad_parameters_are_refused_by_path_and_value() {
        for (from, to, says) in [
            ("rule = \"aave-v4\"", "rule = \"aave-v3\"", "rule = \"aave-v3\": must be"),
            ("version = \"0051c6e1\"", "version = \"4.0\"", "version = \"4.0\": must be"),
            ("numeraire_decimals = 8", "numeraire_decimals = 6", "numeraire_decimals = 6: must"),
            (
                "target_health_wad = 1050000000000000000",
                "target_health_wad = 999999999999999999",
                "liquidation.target_health_wad = 999999999999999999: must be",
            ),
            (
                "target_health_wad = 1050000000000000000",
                "target_health_wad = 2000000000000000001",
                "liquidation.target_health_wad = 2000000000000000001: must be",
            ),
            (
                "health_for_max_bonus_wad = 700000000000000000",
                "health_for_max_bonus_wad = 1000000000000000000",
                "liquidation.health_for_max_bonus_wad = 1000000000000000000: must be below",
            ),
            (
                "bonus_factor_bps = 2000",
                "bonus_factor_bps = 10001",
                "liquidation.bonus_factor_bps = 10001: must be at most",
            ),
            ("numeraire_decimals = 8", "numeraire_decimals = 8\nsurprise = 1", "surprise"),
            ("dust_threshold_base = 100000000000", "", "dust_threshold_base"),
            ("[assets.WETH]", "[assets.STETH]", "duplicate key"),
        ] {
            let error = Parameters::parse(&field(from, to)).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        let none = FILE.split("[assets.STETH]").next().unwrap();
        let error = Parameters::parse(&format!("{none}\n[assets]\n")).unwrap_err();
        assert!(error.starts_with("assets: at least one"), "{error}");
    }

    #[test]
    fn assets_are_refused_at_their_bounds() {
        let good = Parameters::parse(FILE).unwrap().assets["STETH"];
        let says = |change: fn(&mut AssetParameters)| {
            let mut asset = good;
            change(&mut asset);
            asset.validate("STETH").err().unwrap_or_default()
        };
        assert_eq!(says(|_| ()), "");
        assert!(says(|a| a.decimals = 5).starts_with("assets.STETH.decimals = 5: must be 6 to 18"));
        assert!(says(|a| a.decimals = 19).starts_with("assets.STETH.decimals = 19"));
        assert!(says(|a| a.max_bonus_bps = 9_999).starts_with("assets.STETH.max_bonus_bps = 9999"));
        assert!(says(|a| a.fee_bps = 10_001).starts_with("assets.STETH.fee_bps = 10001"));
        let whole = says(|a| (a.collateral_factor_bps, a.max_bonus_bps) = (10_000, 10_000));
        assert!(whole.starts_with("assets.STETH.collateral_factor_bps = 10000: must be below"));
        // 8,000 x 1.25 is one, which the venue refuses; one basis point less is rounded up to it.
        let pair = says(|a| (a.collateral_factor_bps, a.max_bonus_bps) = (8_000, 12_500));
        assert!(
            pair.contains("collateral_factor_bps = 8000 times max_bonus_bps = 12500"),
            "{pair}"
        );
        assert_ne!(says(|a| (a.collateral_factor_bps, a.max_bonus_bps) = (8_000, 12_499)), "");
        assert_eq!(says(|a| (a.collateral_factor_bps, a.max_bonus_bps) = (8_000, 12_498)), "");
        assert_eq!(says(|a| (a.collateral_factor_bps, a.max_bonus_bps) = (0, 65_535)), "");
    }
}
