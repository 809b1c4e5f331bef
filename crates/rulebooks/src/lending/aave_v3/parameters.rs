//! The parameter file: what governance may set, read from TOML and refused where the venue's
//! configurator, or arithmetic, would refuse it.

use super::{Reserve, Rule, Version};
use crate::lending::rates::{BadRate, KinkedRate};
use breakwater_money::rounding::{Rounding, mul_div_wide};
use breakwater_money::{Bps, Ray, U256, Wad};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A rulebook file of this venue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Id of the rulebook.
    pub name: String,
    /// The mirror the parameters are for; always `aave-v3`.
    pub rule: String,
    /// Contract version: `3.5`, `3.6` or `3.7`.
    pub version: Version,
    /// First day on which the parameters applied, or a sentence that says why there is none.
    pub effective_from: String,
    /// Decimals of the base currency; the constants are in its base units.
    pub numeraire_decimals: u8,
    /// The contracts' constants.
    pub constants: ConstantParameters,
    /// Where each parameter comes from, by its path in this file, or `unverified`.
    pub source: BTreeMap<String, String>,
    /// The reserves, by symbol.
    pub assets: BTreeMap<String, AssetParameters>,
}

/// The constants that the contracts fix at compile time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConstantParameters {
    /// Share of the whole debt that one call may repay while the close factor binds, basis points.
    pub close_factor_bps: u16,
    /// Health above which the close factor binds (1e18).
    pub close_factor_health_wad: u64,
    /// Value from which the close factor binds, on both sides (base currency units).
    pub close_factor_from_base: u64,
    /// Least value that may stay on each side (base currency units).
    pub least_leftover_base: u64,
}

/// One reserve's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssetParameters {
    /// Decimals of the asset.
    pub decimals: u8,
    /// Share of the value that counts towards health, basis points; 0 for a debt-only asset.
    pub liquidation_threshold_bps: u16,
    /// Collateral per value repaid, basis points, at least 10,000.
    pub liquidation_bonus_bps: u16,
    /// The protocol's share of the bonus, basis points.
    pub liquidation_protocol_fee_bps: u16,
    /// The protocol's share of the interest, basis points; absent is none.
    #[serde(default)]
    pub reserve_factor_bps: u16,
    /// The interest rate model; absent where the parameters are used without interest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rates: Option<KinkedRate>,
}

/// A parameter that is refused. Each names the field, its value and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadParameter {
    /// The text is not a parameter file: the operator corrects the place it names.
    #[error("not a parameter file of this rule: {0}")]
    Format(String),
    /// The file is for another mirror.
    #[error("rule = {0:?}: must be \"aave-v3\"")]
    Rule(String),
    /// The base currency has no or too many decimals.
    #[error("numeraire_decimals = {0}: must be 1 to 18")]
    Numeraire(u8),
    /// A constant is out of its range.
    #[error("constants.{field} = {value}: {right}")]
    Constant {
        /// Field of the constants table.
        field: &'static str,
        /// Its value.
        value: u64,
        /// What would be right.
        right: &'static str,
    },
    /// The file lists no asset.
    #[error("assets: at least one asset must be listed")]
    NoAssets,
    /// A parameter of an asset is out of its range.
    #[error("assets.{asset}.{field} = {value}: {right}")]
    Asset {
        /// Symbol of the asset.
        asset: String,
        /// Field of the asset's table.
        field: &'static str,
        /// Its value.
        value: u64,
        /// What would be right.
        right: &'static str,
    },
    /// Threshold and bonus together exceed one, so that every liquidation would lower health.
    #[error(
        "assets.{asset}: liquidation_threshold_bps = {threshold} times liquidation_bonus_bps = \
         {bonus} is {product} bps; must be at most 10000, or every liquidation is toxic: it takes \
         more weighted collateral than the debt it repays"
    )]
    Toxic {
        /// Symbol of the asset.
        asset: String,
        /// Threshold, basis points.
        threshold: u16,
        /// Bonus, basis points.
        bonus: u16,
        /// Their product, basis points, rounded up.
        product: U256,
    },
    /// The asset's interest model is refused.
    #[error("assets.{asset}.rates.{why}")]
    Rates {
        /// Symbol of the asset.
        asset: String,
        /// Which bound is broken.
        why: BadRate,
    },
}

/// Largest number of decimals for which a unit and its price multiply within the venue's widths.
const MAX_DECIMALS: u8 = 36;

impl Parameters {
    /// Reads and validates a parameter file.
    ///
    /// # Errors
    /// [`BadParameter::Format`] for text that is not such a file (an unknown or missing field
    /// included), otherwise the first parameter refused.
    pub fn parse(text: &str) -> Result<Self, BadParameter> {
        let parameters: Parameters =
            toml::from_str(text).map_err(|e| BadParameter::Format(e.to_string()))?;
        parameters.validate()?;
        Ok(parameters)
    }

    /// Checks every parameter.
    ///
    /// # Errors
    /// The first one refused, constants before assets, assets in the order of their symbols.
    pub fn validate(&self) -> Result<(), BadParameter> {
        if self.rule != "aave-v3" {
            return Err(BadParameter::Rule(self.rule.clone()));
        }
        if !(1..=18).contains(&self.numeraire_decimals) {
            return Err(BadParameter::Numeraire(self.numeraire_decimals));
        }
        self.constants.validate()?;
        if self.assets.is_empty() {
            return Err(BadParameter::NoAssets);
        }
        self.assets.iter().try_for_each(|(symbol, asset)| asset.validate(symbol))
    }

    /// The rule with the constants of this file.
    #[must_use]
    pub fn rule(&self) -> Rule {
        Rule {
            version: self.version,
            close_factor_bps: self.constants.close_factor_bps,
            close_factor_health: Wad::new(u128::from(self.constants.close_factor_health_wad)),
            close_factor_from: U256::from(self.constants.close_factor_from_base),
            least_leftover: U256::from(self.constants.least_leftover_base),
        }
    }
}

impl ConstantParameters {
    fn validate(&self) -> Result<(), BadParameter> {
        let refuse = |field, value, right| Err(BadParameter::Constant { field, value, right });
        if !(1..=10_000).contains(&self.close_factor_bps) {
            let value = u64::from(self.close_factor_bps);
            return refuse("close_factor_bps", value, "must be 1 to 10000 (100 %)");
        }
        let wad = self.close_factor_health_wad;
        if U256::from(wad) > Wad::one().raw {
            let right =
                "must be at most 1000000000000000000 (1): health above it is not liquidated";
            return refuse("close_factor_health_wad", wad, right);
        }
        if self.least_leftover_base > self.close_factor_from_base {
            let right = "must not exceed close_factor_from_base, or a call that the close factor \
                         limits could never be accepted";
            return refuse("least_leftover_base", self.least_leftover_base, right);
        }
        Ok(())
    }
}

impl AssetParameters {
    fn validate(&self, symbol: &str) -> Result<(), BadParameter> {
        let refuse = |field, value: u64, right| {
            Err(BadParameter::Asset { asset: symbol.to_owned(), field, value, right })
        };
        let (threshold, bonus) = (self.liquidation_threshold_bps, self.liquidation_bonus_bps);
        if !(1..=MAX_DECIMALS).contains(&self.decimals) {
            return refuse("decimals", u64::from(self.decimals), "must be 1 to 36");
        }
        if threshold > 10_000 {
            let right = "must be at most 10000 (100 %)";
            return refuse("liquidation_threshold_bps", u64::from(threshold), right);
        }
        if bonus < 10_000 {
            let right = "must be at least 10000 (no bonus); 10500 is a bonus of 5 %";
            return refuse("liquidation_bonus_bps", u64::from(bonus), right);
        }
        let fee = self.liquidation_protocol_fee_bps;
        if fee > 10_000 {
            let right = "must be at most 10000 (the whole bonus)";
            return refuse("liquidation_protocol_fee_bps", u64::from(fee), right);
        }
        let factor = self.reserve_factor_bps;
        if factor > 10_000 {
            let right = "must be at most 10000 (all interest)";
            return refuse("reserve_factor_bps", u64::from(factor), right);
        }
        check_toxic(symbol, threshold, bonus)?;
        self.rates
            .map_or(Ok(()), |model| model.validate())
            .map_err(|why| BadParameter::Rates { asset: symbol.to_owned(), why })
    }

    /// The reserve these parameters describe at `price` (base currency a whole token), with its
    /// indices at one, active, and with cash that never runs short.
    #[must_use]
    pub fn reserve(&self, price: U256) -> Reserve {
        Reserve {
            decimals: self.decimals,
            price,
            liquidation_threshold_bps: self.liquidation_threshold_bps,
            liquidation_bonus_bps: self.liquidation_bonus_bps,
            liquidation_protocol_fee_bps: self.liquidation_protocol_fee_bps,
            liquidity_index: Ray::one(),
            variable_borrow_index: Ray::one(),
            active: true,
            paused: false,
            grace_until: None,
            available: None,
        }
    }
}

/// Refuses a threshold whose collateral, bonus added, is worth more than what it lets be owed.
fn check_toxic(symbol: &str, threshold: u16, bonus: u16) -> Result<(), BadParameter> {
    let one = Bps::one().raw;
    let product = mul_div_wide(U256::from(threshold), U256::from(bonus), one, Rounding::Ceil);
    match product {
        Ok(product) if product <= one => Ok(()),
        // Two 16-bit numbers do not overflow 256 bits; an error could only be a refusal too.
        other => Err(BadParameter::Toxic {
            asset: symbol.to_owned(),
            threshold,
            bonus,
            product: other.unwrap_or(U256::MAX),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = include_str!("../../../../../rulebooks/aave-v3.7.toml");
    const FILE_3_6: &str = include_str!("../../../../../rulebooks/aave-v3.6.toml");

    fn field(text: &str, from: &str, to: &str) -> String {
        assert!(text.contains(from), "the file has no {from}");
        text.replacen(from, to, 1)
    }

    #[test]
    fn the_shipped_file_is_valid_and_holds_the_deployed_constants() {
        let parameters = Parameters::parse(FILE).unwrap();
        assert_eq!(parameters.rule(), Rule::v3_7());
        assert_eq!(parameters.numeraire_decimals, 8);
        assert_eq!(parameters.assets["STETH"].liquidation_bonus_bps, 10_750);
        assert_eq!(parameters.assets["WETH"].liquidation_threshold_bps, 8_600);
        assert!(parameters.assets.values().all(|a| a.liquidation_protocol_fee_bps == 0));
    }

    #[test]
    fn the_file_of_v3_6_differs_from_that_of_v3_7_by_its_version_alone() {
        let (older, newer) =
            (Parameters::parse(FILE_3_6).unwrap(), Parameters::parse(FILE).unwrap());
        assert_eq!(older.rule(), Rule::v3_6());
        assert_eq!((older.constants, older.assets), (newer.constants, newer.assets));
    }

    #[test]
    fn every_parameter_of_the_shipped_files_has_a_source() {
        for file in [FILE, FILE_3_6] {
            every_parameter_has_a_source(file);
        }
    }

    fn every_parameter_has_a_source(file: &str) {
        let parameters = Parameters::parse(file).unwrap();
        let value = toml::Value::try_from(&parameters).unwrap();
        let covered = |path: &str| {
            parameters.source.keys().any(|key| {
                let (key, path): (Vec<_>, Vec<_>) =
                    (key.split('.').collect(), path.split('.').collect());
                key.len() == path.len() && key.iter().zip(&path).all(|(k, p)| *k == "*" || k == p)
            })
        };
        for (name, _) in value["constants"].as_table().unwrap() {
            assert!(covered(&format!("constants.{name}")), "constants.{name} has no source");
        }
        for (symbol, asset) in value["assets"].as_table().unwrap() {
            for (name, _) in asset.as_table().unwrap() {
                // An absent reserve factor is serialised as its default, which needs no source.
                let path = format!("assets.{symbol}.{name}");
                assert!(name == "reserve_factor_bps" || covered(&path), "{path} has no source");
            }
        }
    }

    #[test]
    fn bad_parameters_are_refused_by_name_and_value() {
        let cases = [
            ("rule = \"aave-v3\"", "rule = \"other\"", "rule = \"other\": must be"),
            ("numeraire_decimals = 8", "numeraire_decimals = 0", "numeraire_decimals = 0: must be"),
            ("close_factor_bps = 5000", "close_factor_bps = 0", "close_factor_bps = 0: must be"),
            (
                "close_factor_health_wad = 950000000000000000",
                "close_factor_health_wad = 1000000000000000001",
                "close_factor_health_wad = 1000000000000000001: must be",
            ),
            (
                "least_leftover_base = 100000000000",
                "least_leftover_base = 200000000001",
                "least_leftover_base = 200000000001: must not exceed",
            ),
        ];
        for (from, to, says) in cases {
            let error = Parameters::parse(&field(FILE, from, to)).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn unknown_and_missing_fields_and_other_versions_are_refused() {
        for (from, to) in [
            ("numeraire_decimals = 8", "numeraire_decimals = 8\nsurprise = 1"),
            ("numeraire_decimals = 8", ""),
            ("version = \"3.7\"", "version = \"3.2\""),
            ("close_factor_bps = 5000", "close_factor_bps = 70000"),
        ] {
            let error = Parameters::parse(&field(FILE, from, to)).unwrap_err();
            assert!(matches!(error, BadParameter::Format(_)), "{error}");
        }
    }

    #[test]
    fn an_older_version_is_refused_with_the_reason() {
        let file = field(FILE, "version = \"3.7\"", "version = \"3.4\"");
        let error = Parameters::parse(&file).unwrap_err().to_string();
        assert!(error.contains("version = \"3.4\": must be \"3.5\", \"3.6\""), "{error}");
        assert!(error.contains("up to 3.4 shares and indices are rounded half up"), "{error}");
        let file = field(FILE, "version = \"3.7\"", "version = \"3.5\"");
        assert_eq!(Parameters::parse(&file).unwrap().rule(), Rule::of(Version::V3_5));
    }

    #[test]
    fn assets_are_refused_at_their_bounds() {
        let good = Parameters::parse(FILE).unwrap().assets["STETH"];
        let says = |asset: AssetParameters| {
            asset.validate("STETH").map_err(|error| error.to_string()).err().unwrap_or_default()
        };
        assert_eq!(says(good), "");
        let bound = |f: fn(&mut AssetParameters), text: &str| {
            let mut asset = good;
            f(&mut asset);
            let said = says(asset);
            assert!(said.starts_with(text) && said.is_empty() == text.is_empty(), "{said}");
        };
        bound(|a| a.decimals = 0, "assets.STETH.decimals = 0: must be 1 to 36");
        bound(|a| a.decimals = 37, "assets.STETH.decimals = 37");
        bound(|a| a.liquidation_threshold_bps = 10_001, "assets.STETH.liquidation_threshold_bps");
        bound(|a| a.liquidation_bonus_bps = 9_999, "assets.STETH.liquidation_bonus_bps = 9999");
        bound(|a| a.liquidation_protocol_fee_bps = 10_001, "assets.STETH.liquidation_protocol_fee");
        bound(|a| a.reserve_factor_bps = 10_001, "assets.STETH.reserve_factor_bps = 10001");
        // 9,302 x 1.075 = 9,999.65 and 9,303 x 1.075 = 10,000.725.
        bound(|a| a.liquidation_threshold_bps = 9_302, "");
        bound(
            |a| a.liquidation_threshold_bps = 9_303,
            "assets.STETH: liquidation_threshold_bps = 9303",
        );
        let optimal = |a: &mut AssetParameters| {
            a.rates = Some(KinkedRate {
                optimal_usage_bps: 10_000,
                base_bps: 0,
                slope1_bps: 1,
                slope2_bps: 2,
            });
        };
        bound(optimal, "assets.STETH.rates.optimal_usage_bps = 10000: the optimal usage must lie");
    }
}
