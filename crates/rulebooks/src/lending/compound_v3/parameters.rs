//! The parameter file: its form, and what it may say.

use super::RateModel;
use crate::lending::index::SECONDS_PER_YEAR;
use crate::lending::rates::TwoSlopes;
use crate::parameters::{Head, parse, refuse, within};
use breakwater_money::rounding::{Rounding, div};
use breakwater_money::{U256, Wad, decimal};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A parameter file: its head, and the markets by the symbol of their base asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// What every file begins with.
    pub head: Head,
    /// The markets, by base asset.
    pub comets: BTreeMap<String, CometParameters>,
}

/// The whole file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "rule")]
    _rule: String,
    #[serde(rename = "version")]
    _version: String,
    #[serde(rename = "effective_from")]
    _effective_from: String,
    #[serde(rename = "numeraire_decimals")]
    _numeraire_decimals: u8,
    #[serde(rename = "source")]
    _source: BTreeMap<String, String>,
    comets: BTreeMap<String, CometParameters>,
}

/// One market. Amounts are texts in whole tokens, so that they are exact at any size.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CometParameters {
    /// Decimals of the base asset, 6 to 18.
    pub decimals: u8,
    /// Symbols of the collaterals in the order in which the health check reads them.
    pub order: Vec<String>,
    /// Least debt after a loan, whole tokens.
    pub borrow_least: String,
    /// Reserves from which the market sells nothing, whole tokens.
    pub target_reserves: String,
    /// Share of an asset's liquidation penalty that a buyer gets as a discount, basis points.
    pub store_front_bps: u16,
    /// What suppliers earn; absent, with `borrow_rate`, where a book is run without interest.
    #[serde(default)]
    pub supply_rate: Option<CurveParameters>,
    /// What borrowers pay.
    #[serde(default)]
    pub borrow_rate: Option<CurveParameters>,
    /// The collaterals, by symbol.
    pub collaterals: BTreeMap<String, CollateralParameters>,
}

/// One curve of yearly rates over usage, as texts: 0.0325 is 3.25 % a year.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurveParameters {
    /// Rate at zero usage.
    pub base: String,
    /// Rate per usage up to the kink.
    pub slope_low: String,
    /// Usage at the kink, at most 1.
    pub kink: String,
    /// Rate per usage beyond the kink, not below `slope_low`.
    pub slope_high: String,
}

/// One collateral of a market. The venue keeps factors at four decimals, which basis points are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollateralParameters {
    /// Decimals of the asset.
    pub decimals: u8,
    /// Share of the value against which may be borrowed, basis points, below `liquidate_bps`.
    pub borrow_bps: u16,
    /// Share that counts before the account is liquidatable, basis points.
    pub liquidate_bps: u16,
    /// Share that an absorbed account is credited with, basis points, not below `liquidate_bps`.
    pub liquidation_factor_bps: u16,
    /// Most that all accounts may put up, whole tokens.
    pub supply_cap: String,
}

/// Collaterals that one market can list: the bits of an account's list on the venue.
pub const COLLATERALS_MAX: usize = 15;

/// Bits of a principal with its sign: no amount of the base asset may need more.
const AMOUNT_BITS: u32 = 103;

/// Most that a rate's base and slopes may sum to: 1,000 % a year.
const RATE_MAX: u128 = 10_000_000_000_000_000_000;

impl Parameters {
    /// Reads and validates a parameter file of `rule`.
    ///
    /// # Errors
    /// A sentence with the path, the value and what would be right.
    pub fn parse(text: &str, rule: &str) -> Result<Self, String> {
        let (head, written): (Head, Written) = parse(text, rule)?;
        if head.numeraire_decimals != 8 {
            let right = "must be 8, the decimals of the venue's prices";
            return Err(refuse("numeraire_decimals", head.numeraire_decimals, right));
        }
        if written.comets.is_empty() {
            return Err("comets: at least one market must be listed".to_owned());
        }
        for (symbol, comet) in &written.comets {
            comet.validate(symbol)?;
        }
        Ok(Parameters { head, comets: written.comets })
    }
}

impl CometParameters {
    fn validate(&self, base: &str) -> Result<(), String> {
        let path = |field: &str| format!("comets.{base}.{field}");
        within(&path("decimals"), self.decimals, 6..=18, "must be 6 to 18, as the venue takes")?;
        within(
            &path("store_front_bps"),
            self.store_front_bps,
            0..=10_000,
            "must be at most 10000 (the whole penalty)",
        )?;
        amount(&path("borrow_least"), &self.borrow_least, self.decimals)?;
        amount(&path("target_reserves"), &self.target_reserves, self.decimals)?;
        self.model(base)?;
        if self.collaterals.len() > COLLATERALS_MAX {
            let right = format!("at most {COLLATERALS_MAX} in one market");
            return Err(refuse(&path("collaterals"), self.collaterals.len(), &right));
        }
        let mut seen = BTreeSet::new();
        for symbol in &self.order {
            if symbol == base {
                return Err(refuse(&path("order"), symbol, "must not name the base asset itself"));
            }
            if !self.collaterals.contains_key(symbol) {
                let right = format!("must name a table comets.{base}.collaterals.{symbol}");
                return Err(refuse(&path("order"), symbol, &right));
            }
            if !seen.insert(symbol) {
                return Err(refuse(&path("order"), symbol, "must be named once"));
            }
        }
        for (symbol, collateral) in &self.collaterals {
            if !seen.contains(symbol) {
                let path = path(&format!("collaterals.{symbol}"));
                return Err(format!("{path}: must stand in comets.{base}.order"));
            }
            collateral.validate(&path(&format!("collaterals.{symbol}")))?;
        }
        Ok(())
    }

    /// The rates per second, if the market has any.
    ///
    /// # Errors
    /// A sentence with the path, the value and what would be right.
    pub fn model(&self, base: &str) -> Result<Option<RateModel>, String> {
        match (&self.supply_rate, &self.borrow_rate) {
            (None, None) => Ok(None),
            (Some(supply), Some(borrow)) => Ok(Some(RateModel {
                supply: supply.slopes(&format!("comets.{base}.supply_rate"))?,
                borrow: borrow.slopes(&format!("comets.{base}.borrow_rate"))?,
            })),
            _ => Err(format!(
                "comets.{base}: supply_rate and borrow_rate must both be given or both be absent"
            )),
        }
    }
}

impl CurveParameters {
    fn slopes(&self, path: &str) -> Result<TwoSlopes, String> {
        let yearly = |field: &str, text: &str| rate(&format!("{path}.{field}"), text);
        let (base, low) = (yearly("base", &self.base)?, yearly("slope_low", &self.slope_low)?);
        let high = yearly("slope_high", &self.slope_high)?;
        let kink = yearly("kink", &self.kink)?;
        if kink > ONE {
            return Err(refuse(&format!("{path}.kink"), &self.kink, "must be at most 1 (100 %)"));
        }
        if high < low {
            let right = format!("must not be below slope_low = {}", self.slope_low);
            return Err(refuse(&format!("{path}.slope_high"), &self.slope_high, &right));
        }
        if base.saturating_add(low).saturating_add(high) > RATE_MAX {
            return Err(format!("{path}: base, slope_low and slope_high must sum to at most 10"));
        }
        Ok(TwoSlopes {
            base: per_second(base)?,
            slope_low: per_second(low)?,
            kink: U256::from(kink),
            slope_high: per_second(high)?,
        })
    }
}

/// One in a scale of 1e18.
const ONE: u128 = 1_000_000_000_000_000_000;

/// A yearly rate (1e18) per second, rounded down (`Comet.sol`, constructor).
fn per_second(yearly: u128) -> Result<U256, String> {
    let rate = div(yearly, u128::from(SECONDS_PER_YEAR), Rounding::Floor);
    rate.map(U256::from).map_err(|error| error.to_string())
}

fn rate(path: &str, text: &str) -> Result<u128, String> {
    let right = "must be a share of at most 18 decimals, such as \"0.035\"";
    decimal::parse_raw(text, 18).map_err(|_| refuse(path, text, right))
}

/// An amount in whole tokens as base units.
///
/// # Errors
/// A sentence with the path, the value and what would be right.
pub fn amount(path: &str, text: &str, decimals: u8) -> Result<U256, String> {
    let right = format!("must be an amount in whole tokens of at most {decimals} decimals");
    let raw = decimal::parse_raw(text, decimals).map_err(|_| refuse(path, text, &right))?;
    if u128::BITS - raw.leading_zeros() > AMOUNT_BITS {
        return Err(refuse(path, text, "must stay below two to 103 base units"));
    }
    Ok(U256::from(raw))
}

/// Basis points as a factor, which is exact.
#[must_use]
pub fn factor(bps: u16) -> Wad {
    // A basis point is ten to 14 at 1e18; the product of 16 and 47 bits fits.
    Wad::new(u128::from(bps) * 100_000_000_000_000)
}

impl CollateralParameters {
    fn validate(&self, path: &str) -> Result<(), String> {
        let field = |name: &str| format!("{path}.{name}");
        within(&field("decimals"), self.decimals, 1..=18, "must be 1 to 18")?;
        let percent = "must be at most 10000 (100 %)";
        within(&field("liquidate_bps"), self.liquidate_bps, 0..=10_000, percent)?;
        within(&field("liquidation_factor_bps"), self.liquidation_factor_bps, 0..=10_000, percent)?;
        if self.borrow_bps >= self.liquidate_bps {
            let right = format!("must be below liquidate_bps = {}", self.liquidate_bps);
            return Err(refuse(&field("borrow_bps"), self.borrow_bps, &right));
        }
        if self.liquidation_factor_bps < self.liquidate_bps {
            let right = format!(
                "must not be below liquidate_bps = {}, or every liquidation is toxic: the reserves \
                 credit less than the debt that they cancel",
                self.liquidate_bps
            );
            let path = field("liquidation_factor_bps");
            return Err(refuse(&path, self.liquidation_factor_bps, &right));
        }
        amount(&field("supply_cap"), &self.supply_cap, self.decimals).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = include_str!("../../../../../rulebooks/compound-v3.toml");

    fn read(text: &str) -> Result<Parameters, String> {
        Parameters::parse(text, "compound-v3")
    }

    #[test]
    fn the_shipped_file_is_valid_and_holds_the_deployed_factors() {
        let parameters = read(FILE).unwrap();
        let names: Vec<_> = parameters.comets.keys().map(String::as_str).collect();
        assert_eq!(names, ["USDC", "USDT", "WETH"]);
        let weth = &parameters.comets["USDC"].collaterals["WETH"];
        assert_eq!((weth.borrow_bps, weth.liquidate_bps), (8_250, 8_950));
        let model = parameters.comets["USDC"].model("USDC").unwrap().unwrap();
        // The same rates per second as in the venue's cases.
        assert_eq!(model.supply.slope_low, U256::from(1_030_568_239u64));
        assert_eq!(model.borrow.base, U256::from(475_646_879u64));
        assert_eq!(model.borrow.slope_high, U256::from(7_927_447_995u64));
        let front = &parameters.comets["WETH"];
        assert_eq!(amount("a", &front.target_reserves, 18), Ok(U256::from(5_000 * ONE)));
        assert_eq!(factor(8_950), Wad::new(895_000_000_000_000_000));
    }

    #[test]
    fn every_parameter_of_the_shipped_file_has_a_source() {
        fn leaves(value: &toml::Value, path: String, out: &mut Vec<String>) {
            match value.as_table() {
                Some(table) => {
                    for (name, value) in table {
                        leaves(value, format!("{path}.{name}"), out);
                    }
                }
                None => out.push(path),
            }
        }
        let source = read(FILE).unwrap().head.source;
        let covered = |path: &str| {
            source.keys().any(|key| {
                let (key, path): (Vec<_>, Vec<_>) =
                    (key.split('.').collect(), path.split('.').collect());
                key.len() == path.len() && key.iter().zip(&path).all(|(k, p)| *k == "*" || k == p)
            })
        };
        let value: toml::Value = toml::from_str(FILE).unwrap();
        let mut paths = Vec::new();
        leaves(&value["comets"], "comets".to_owned(), &mut paths);
        assert!(paths.len() > 80, "{} parameters", paths.len());
        for path in paths {
            assert!(covered(&path), "{path} has no source");
        }
    }

    #[test]
    fn parameters_are_refused_by_path_value_and_bound() {
        for (from, to, says) in [
            ("numeraire_decimals = 8", "numeraire_decimals = 6", "numeraire_decimals = 6: must be"),
            ("rule = \"compound-v3\"", "rule = \"other\"", "rule = \"other\": must be"),
            ("decimals = 6\norder", "decimals = 5\norder", "comets.USDC.decimals = 5: must be"),
            ("decimals = 6\norder", "decimals = 19\norder", "comets.USDC.decimals = 19: must be"),
            ("front_bps = 5000", "front_bps = 10001", "comets.USDC.store_front_bps = 10001: must"),
            ("least = \"100\"", "least = \"0.0000001\"", "comets.USDC.borrow_least = 0.0000001"),
            ("least = \"100\"", "least = \"-1\"", "comets.USDC.borrow_least = -1: must be"),
            ("\"5000000\"", "\"10141204801825835211973626\"", "must stay below two to 103"),
            (
                "[\"COMP\", ",
                "[\"COMP\", \"COMP\", ",
                "comets.USDC.order = COMP: must be named once",
            ),
            ("[\"COMP\", ", "[\"COMPS\", ", "comets.USDC.order = COMPS: must name a table"),
            ("[\"COMP\", ", "[\"USDC\", ", "comets.USDC.order = USDC: must not name the base"),
            ("[\"COMP\", ", "[", "comets.USDC.collaterals.COMP: must stand in comets.USDC.order"),
            (
                "borrow_bps = 6500",
                "borrow_bps = 7000",
                "comets.USDC.collaterals.COMP.borrow_bps = 7000: must be below",
            ),
            (
                "liquidate_bps = 7000",
                "liquidate_bps = 9301",
                "COMP.liquidation_factor_bps = 9300: must not be below liquidate_bps = 9301",
            ),
            (
                "liquidate_bps = 7000",
                "liquidate_bps = 10001",
                "COMP.liquidate_bps = 10001: must be at most",
            ),
            (
                "factor_bps = 9300",
                "factor_bps = 10001",
                "COMP.liquidation_factor_bps = 10001: must be at most",
            ),
            (
                "decimals = 18\nborrow_bps = 6500",
                "decimals = 0\nborrow_bps = 6500",
                "comets.USDC.collaterals.COMP.decimals = 0: must be 1 to 18",
            ),
            ("cap = \"900000\"", "cap = \"much\"", "COMP.supply_cap = much: must be an amount"),
            (
                "kink = \"0.8\"",
                "kink = \"1.01\"",
                "comets.USDC.supply_rate.kink = 1.01: must be at most 1",
            ),
            (
                "slope_high = \"0.4\"",
                "slope_high = \"0.03\"",
                "supply_rate.slope_high = 0.03: must not be below slope_low = 0.0325",
            ),
            (
                "slope_high = \"0.4\"",
                "slope_high = \"10\"",
                "comets.USDC.supply_rate: base, slope_low and slope_high must sum to at most 10",
            ),
            ("base = \"0\"", "base = \"x\"", "comets.USDC.supply_rate.base = x: must be a share"),
            (
                "supply_rate = { base = \"0\", slope_low = \"0.0325\", kink = \"0.8\", \
                 slope_high = \"0.4\" }\n",
                "",
                "comets.USDC: supply_rate and borrow_rate must both be given",
            ),
            ("store_front_bps = 5000", "", "not a parameter file of compound-v3"),
            ("store_front_bps = 5000", "store_front_bps = 5000\nsurprise = 1", "surprise"),
        ] {
            assert!(FILE.contains(from), "the file has no {from}");
            let error = read(&FILE.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        let head = &FILE[..FILE.find("[comets.USDC]").unwrap()];
        let none = read(&format!("{head}[comets]\n")).unwrap_err();
        assert_eq!(none, "comets: at least one market must be listed");
    }

    #[test]
    fn bounds_themselves_are_taken() {
        for (from, to) in [
            ("liquidate_bps = 7000", "liquidate_bps = 9300"),
            ("borrow_bps = 6500", "borrow_bps = 6999"),
            ("store_front_bps = 5000", "store_front_bps = 10000"),
            ("kink = \"0.8\"", "kink = \"1\""),
            ("slope_high = \"0.4\"", "slope_high = \"0.0325\""),
        ] {
            assert!(read(&FILE.replacen(from, to, 1)).is_ok(), "{to}");
        }
    }
}
