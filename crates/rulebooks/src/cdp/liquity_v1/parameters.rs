//! The parameter file: the contracts' constants and the two assets, refused where arithmetic, or
//! the rule itself, would refuse them.

use super::Rule;
use crate::parameters::{parse, refuse, within};
use breakwater_money::{U256, Wad};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Name under which hosts plug the rule in.
pub const RULE: &str = "liquity-v1";

/// Decimals in which the contracts count both assets.
const DECIMALS: u8 = 18;

/// Units of the scale of ratios in one basis point.
const WAD_PER_BPS: u128 = 100_000_000_000_000;

/// Most that the contracts let the borrowing fee be (`MAX_BORROWING_FEE`), basis points.
const BORROWING_FEE_MOST_BPS: u32 = 500;

/// Most coins that a constant may be: far above any, and far from any overflow.
const COINS_MOST: u64 = 1_000_000_000_000;

/// A rulebook file of this venue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Id of the rulebook.
    pub name: String,
    /// The mirror the parameters are for; always `liquity-v1`.
    pub rule: String,
    /// Commit of the contracts.
    pub version: String,
    /// First day on which the parameters applied, or a sentence that says why there is none.
    pub effective_from: String,
    /// Decimals of the numeraire in which accounts are valued.
    pub numeraire_decimals: u8,
    /// The contracts' constants.
    pub constants: ConstantParameters,
    /// Where each parameter comes from, by its path in this file, or `unverified`.
    pub source: BTreeMap<String, String>,
    /// What secures.
    pub collateral: AssetParameters,
    /// What the venue issues and everybody owes; it is worth one of the numeraire, always.
    pub coin: AssetParameters,
}

/// The constants that the contracts fix at compile time, and the borrowing fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConstantParameters {
    /// Ratio below which a trove may always be liquidated, basis points.
    pub minimum_ratio_bps: u32,
    /// Ratio of the system below which it is in recovery mode, basis points.
    pub critical_ratio_bps: u32,
    /// Whole coins for whoever liquidates a trove, owed beside what is borrowed.
    pub stable_compensation_coins: u64,
    /// The share of the collateral for whoever liquidates is one over this.
    pub collateral_compensation_divisor: u64,
    /// Least debt of a trove without the compensation, whole coins.
    pub net_debt_least_coins: u64,
    /// One-off fee on what is borrowed in normal mode, basis points.
    pub borrowing_fee_bps: u32,
    /// Factor by which the stability pool's product is raised.
    pub scale_factor: u64,
    /// Whole coins that the stability pool always keeps.
    pub pool_least_coins: u64,
}

/// One of the two assets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssetParameters {
    /// Symbol, as in the pool.
    pub symbol: String,
    /// Decimals of the token; the contracts know 18 only.
    pub decimals: u8,
}

impl Parameters {
    /// Reads and validates a parameter file.
    ///
    /// # Errors
    /// A sentence that names the first parameter refused, its value and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (_, parameters): (_, Parameters) = parse(text, RULE)?;
        parameters.validate()?;
        Ok(parameters)
    }

    fn validate(&self) -> Result<(), String> {
        self.constants.validate()?;
        for (path, asset) in [("collateral", &self.collateral), ("coin", &self.coin)] {
            if asset.symbol.is_empty() {
                return Err(refuse(&format!("{path}.symbol"), "\"\"", "must name an asset"));
            }
            let right = "must be 18: the contracts count both assets in 1e18";
            within(&format!("{path}.decimals"), asset.decimals, DECIMALS..=DECIMALS, right)?;
        }
        if self.collateral.symbol == self.coin.symbol {
            let right = "must differ from collateral.symbol";
            return Err(refuse("coin.symbol", format!("{:?}", self.coin.symbol), right));
        }
        let right = "must be 1 to 18: values are counted in 1e18 and rounded to it";
        within("numeraire_decimals", self.numeraire_decimals, 1..=DECIMALS, right)
    }

    /// The rule with the constants of this file.
    #[must_use]
    pub fn rule(&self) -> Rule {
        let it = &self.constants;
        let bps = |value: u32| Wad::new(u128::from(value) * WAD_PER_BPS);
        let coins = |value: u64| U256::from(value).saturating_mul(Wad::one().raw);
        Rule {
            minimum_ratio: bps(it.minimum_ratio_bps),
            critical_ratio: bps(it.critical_ratio_bps),
            stable_compensation: coins(it.stable_compensation_coins),
            collateral_compensation_divisor: U256::from(it.collateral_compensation_divisor),
            net_debt_least: coins(it.net_debt_least_coins),
            borrowing_fee: bps(it.borrowing_fee_bps),
            scale_factor: U256::from(it.scale_factor),
            pool_least: coins(it.pool_least_coins),
        }
    }

    /// Least debt of an account, in whole coins, the compensation included.
    #[must_use]
    pub const fn debt_least_coins(&self) -> u64 {
        let it = &self.constants;
        it.net_debt_least_coins.saturating_add(it.stable_compensation_coins)
    }
}

impl ConstantParameters {
    fn validate(&self) -> Result<(), String> {
        let path = |name: &str| format!("constants.{name}");
        let right = "must be 10001 to 1000000: debt of a trove at 10000 (100 %) is not covered once \
                     the caller has its share";
        within(&path("minimum_ratio_bps"), self.minimum_ratio_bps, 10_001..=1_000_000, right)?;
        let right = "must be minimum_ratio_bps to 1000000: a system at its critical ratio must not \
                     hold only troves below their minimum";
        let range = self.minimum_ratio_bps..=1_000_000;
        within(&path("critical_ratio_bps"), self.critical_ratio_bps, range, right)?;
        let right = "must be at most 1000000000000 coins";
        let range = 0..=COINS_MOST;
        let coins = self.stable_compensation_coins;
        within(&path("stable_compensation_coins"), coins, range, right)?;
        let right = "must be 2 to 1000000: 1 would give all collateral to the caller";
        let divisor = self.collateral_compensation_divisor;
        within(&path("collateral_compensation_divisor"), divisor, 2..=1_000_000, right)?;
        let right = "must be 1 to 1000000000000 coins: a trove without debt is none";
        within(&path("net_debt_least_coins"), self.net_debt_least_coins, 1..=COINS_MOST, right)?;
        let right = "must be at most 500 (5 %), the most that the contracts take";
        let fee = self.borrowing_fee_bps;
        within(&path("borrowing_fee_bps"), fee, 0..=BORROWING_FEE_MOST_BPS, right)?;
        let right = "must be 2 to 1000000000: two raisings must not lift the product above 1e18";
        within(&path("scale_factor"), self.scale_factor, 2..=1_000_000_000, right)?;
        let right = "must be 1 to 1000000000000 coins: a pool that can be emptied has no product";
        within(&path("pool_least_coins"), self.pool_least_coins, 1..=COINS_MOST, right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = include_str!("../../../../../rulebooks/liquity-v1.toml");

    #[test]
    fn the_shipped_file_holds_the_deployed_constants() {
        let parameters = Parameters::parse(FILE).unwrap();
        assert_eq!(parameters.rule(), Rule::v1());
        assert_eq!(parameters.debt_least_coins(), 2_000);
        assert_eq!((&*parameters.collateral.symbol, &*parameters.coin.symbol), ("WETH", "LUSD"));
    }

    #[test]
    fn every_parameter_of_the_shipped_file_has_a_source() {
        let table: toml::Table = toml::from_str(FILE).unwrap();
        for name in ["constants", "collateral", "coin"] {
            for field in table[name].as_table().unwrap().keys() {
                let path = format!("{name}.{field}");
                assert!(table["source"].get(&path).is_some(), "{path} has no source");
            }
        }
    }

    #[test]
    fn parameters_are_refused_at_their_bounds() {
        let cases = [
            ("minimum_ratio_bps = 11000", "minimum_ratio_bps = 10001", ""),
            (
                "minimum_ratio_bps = 11000",
                "minimum_ratio_bps = 10000",
                "constants.minimum_ratio_bps = 10000: must be 10001",
            ),
            ("minimum_ratio_bps = 11000", "minimum_ratio_bps = 15000", ""),
            (
                "minimum_ratio_bps = 11000",
                "minimum_ratio_bps = 15001",
                "constants.critical_ratio_bps = 15000: must be",
            ),
            (
                "critical_ratio_bps = 15000",
                "critical_ratio_bps = 1000001",
                "constants.critical_ratio_bps = 1000001",
            ),
            ("compensation_coins = 200", "compensation_coins = 0", ""),
            (
                "compensation_coins = 200",
                "compensation_coins = 1000000000001",
                "constants.stable_compensation_coins",
            ),
            ("divisor = 200", "divisor = 2", ""),
            (
                "divisor = 200",
                "divisor = 1",
                "constants.collateral_compensation_divisor = 1: must be 2",
            ),
            (
                "least_coins = 1800",
                "least_coins = 0",
                "constants.net_debt_least_coins = 0: must be 1",
            ),
            ("fee_bps = 50", "fee_bps = 500", ""),
            ("fee_bps = 50", "fee_bps = 501", "constants.borrowing_fee_bps = 501: must be at most"),
            ("scale_factor = 1000000000", "scale_factor = 1", "constants.scale_factor = 1: must"),
            ("scale_factor = 1000000000", "scale_factor = 1000000001", "constants.scale_factor ="),
            ("pool_least_coins = 1", "pool_least_coins = 0", "constants.pool_least_coins = 0"),
            ("decimals = 18\n\n", "decimals = 8\n\n", "collateral.decimals = 8: must be 18"),
            ("\"LUSD\"\ndecimals = 18", "\"LUSD\"\ndecimals = 0", "coin.decimals = 0: must be 18"),
            ("symbol = \"LUSD\"", "symbol = \"WETH\"", "coin.symbol = \"WETH\": must differ"),
            ("symbol = \"LUSD\"", "symbol = \"\"", "coin.symbol = \"\": must name"),
            ("numeraire_decimals = 8", "numeraire_decimals = 19", "numeraire_decimals = 19: must"),
            ("rule = \"liquity-v1\"", "rule = \"other\"", "rule = \"other\": must be"),
            ("scale_factor = 1", "surprise = 1\nscale_factor = 1", "not a parameter file"),
            ("scale_factor = 1000000000\n", "", "not a parameter file"),
        ];
        for (from, to, says) in cases {
            assert!(FILE.contains(from), "the file has no {from}");
            let said = Parameters::parse(&FILE.replacen(from, to, 1)).err().unwrap_or_default();
            assert!(said.starts_with(says), "{to}: {said}");
            assert_eq!(said.is_empty(), says.is_empty(), "{to}: {said}");
        }
    }
}
