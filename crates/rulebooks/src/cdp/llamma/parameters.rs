//! The parameter file: one market a collateral, one stablecoin for all of them.

use super::controller::{allows_bands, multiplier};
use super::{Market, ONE, Terms};
use crate::parameters::{Head, parse, refuse, within};
use breakwater_money::U256;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Name under which hosts plug the rule in.
pub const RULE: &str = "crvusd-llamma";

/// A rulebook file of this venue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    // Read as the head; listed here because unknown fields are refused.
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
    constants: Constants,
    markets: BTreeMap<String, MarketParameters>,
}

/// What all markets share.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constants {
    /// Symbol of the stablecoin that everybody owes.
    pub currency: String,
    /// Its decimals.
    pub currency_decimals: u8,
    /// Bands of a loan whose account has not chosen, 4 to 50.
    pub bands: u64,
}

/// One collateral's market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketParameters {
    /// Decimals of the collateral.
    pub decimals: u8,
    /// The number `A`: a band is about `1 / A` of its price wide.
    pub amplification: u64,
    /// Least fee of a swap (wad).
    pub fee_wad: u64,
    /// What is taken off a collateral's worth when a loan is taken (wad).
    pub loan_discount_wad: u64,
    /// What is taken off a position's worth when it is liquidated (wad).
    pub liquidation_discount_wad: u64,
    /// Interest a second (wad). The venue's monetary policy moves it; here it stays.
    pub rate_per_second_wad: u64,
}

/// A validated file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// What every file begins with.
    pub head: Head,
    /// What all markets share.
    pub constants: Constants,
    /// Markets by the symbol of their collateral.
    pub markets: BTreeMap<String, MarketParameters>,
}

/// Least liquidation discount of the controller: 1 %.
const LIQUIDATION_DISCOUNT_MIN: u64 = ONE / 100; // division: exact.

/// Greatest loan discount of the controller: 50 %.
const LOAN_DISCOUNT_MAX: u64 = ONE >> 1;

/// Greatest rate of the controller: about 300 % a year.
const RATE_MAX: u64 = 43_959_106_799;

impl Parameters {
    /// Reads and validates a parameter file.
    ///
    /// # Errors
    /// The first parameter refused, with its path, its value and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (head, File { constants, markets, .. }) = parse::<File>(text, RULE)?;
        let parameters = Parameters { head, constants, markets };
        parameters.validate()?;
        Ok(parameters)
    }

    fn validate(&self) -> Result<(), String> {
        let Constants { currency, currency_decimals, bands } = &self.constants;
        if currency.is_empty() {
            return Err(refuse("constants.currency", "\"\"", "must name the stablecoin"));
        }
        within("constants.currency_decimals", *currency_decimals, 1..=18, "must be 1 to 18")?;
        if !allows_bands(*bands) {
            return Err(refuse("constants.bands", bands, "must be 4 to 50"));
        }
        if self.markets.is_empty() {
            return Err("markets: at least one market must be listed".to_owned());
        }
        if self.markets.contains_key(currency) {
            let path = format!("markets.{currency}");
            return Err(format!("{path}: the stablecoin cannot secure itself"));
        }
        self.markets.iter().try_for_each(|(symbol, market)| self.validate_market(symbol, market))
    }

    fn validate_market(&self, symbol: &str, market: &MarketParameters) -> Result<(), String> {
        let path = |field: &str| format!("markets.{symbol}.{field}");
        within(&path("decimals"), market.decimals, 1..=18, "must be 1 to 18")?;
        let (loan, liquidation) = (market.loan_discount_wad, market.liquidation_discount_wad);
        let right = "must be 10000000000000000 (1 %) to 500000000000000000 (50 %)";
        let bounds = LIQUIDATION_DISCOUNT_MIN..=LOAN_DISCOUNT_MAX;
        within(&path("liquidation_discount_wad"), liquidation, bounds, right)?;
        within(&path("loan_discount_wad"), loan, 0..=LOAN_DISCOUNT_MAX, "must be at most 50 %")?;
        if loan <= liquidation {
            let right = "must be above liquidation_discount_wad, or new loans are liquidated";
            return Err(refuse(&path("loan_discount_wad"), loan, right));
        }
        let right = "must be at most 43959106799 (300 % a year)";
        within(&path("rate_per_second_wad"), market.rate_per_second_wad, 0..=RATE_MAX, right)?;
        self.market(market).map(drop).map_err(|bad| format!("markets.{symbol}.{bad}"))
    }

    /// The market of these parameters, at a base price of one.
    ///
    /// # Errors
    /// The bound of the contract that a term breaks.
    pub fn market(&self, market: &MarketParameters) -> Result<Market, super::BadTerms> {
        Market::new(Terms {
            amplification: market.amplification,
            base_price: U256::from(ONE),
            fee: U256::from(market.fee_wad),
            sqrt_band_ratio: Terms::square_root_of_band_ratio(market.amplification)?,
            borrowed_decimals: self.constants.currency_decimals,
            collateral_decimals: market.decimals,
        })
    }
}

/// The discounts of one account (wad).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discounts {
    /// When its bands are placed.
    pub loan: U256,
    /// When it is judged.
    pub liquidation: U256,
}

impl MarketParameters {
    /// The market's discounts; or, with a threshold of its own (basis points), one less the
    /// threshold to be judged by, and bands that are placed in the same proportion below it as the
    /// market's own.
    #[must_use]
    pub fn discounts(&self, own_threshold_bps: Option<u16>) -> Discounts {
        let one = U256::from(ONE);
        let loan = U256::from(self.loan_discount_wad);
        let liquidation = U256::from(self.liquidation_discount_wad);
        let Some(bps) = own_threshold_bps.filter(|bps| *bps <= 10_000) else {
            return Discounts { loan, liquidation };
        };
        // division: exact, one being 10^14 times the 10,000 basis points of one.
        let kept = U256::from(u64::from(bps) * (ONE / 10_000));
        let scaled = breakwater_money::rounding::mul_div_wide(
            kept,
            one - loan,
            one - liquidation,
            breakwater_money::Rounding::Floor,
        );
        // The discounts are validated to be at most a half, so nothing is divided by zero.
        Discounts { loan: one - scaled.unwrap_or_default(), liquidation: one - kept }
    }

    /// The multiplier of interest (wad) after `seconds`.
    ///
    /// # Errors
    /// Overflow.
    pub fn grown(&self, stored: U256, seconds: u64) -> Result<U256, super::Revert> {
        if self.rate_per_second_wad == 0 {
            return Ok(stored);
        }
        multiplier(stored, U256::from(self.rate_per_second_wad), seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = include_str!("../../../../../rulebooks/crvusd-llamma.toml");

    #[test]
    fn the_shipped_file_is_valid() {
        let parameters = Parameters::parse(FILE).unwrap();
        assert_eq!(parameters.head.numeraire_decimals, 8);
        let weth = parameters.markets["WETH"];
        assert_eq!((weth.amplification, weth.fee_wad), (100, 6_000_000_000_000_000));
        assert_eq!(weth.loan_discount_wad, 90_000_000_000_000_000);
        assert_eq!(weth.liquidation_discount_wad, 60_000_000_000_000_000);
    }

    #[test]
    fn every_parameter_of_the_shipped_file_has_a_source() {
        let value: toml::Value = toml::from_str(FILE).unwrap();
        let sources = value["source"].as_table().unwrap();
        let covered = |path: &str| {
            sources.keys().any(|key| {
                let (key, path): (Vec<_>, Vec<_>) =
                    (key.split('.').collect(), path.split('.').collect());
                key.len() == path.len() && key.iter().zip(&path).all(|(k, p)| *k == "*" || k == p)
            })
        };
        for (name, _) in value["constants"].as_table().unwrap() {
            assert!(covered(&format!("constants.{name}")), "constants.{name} has no source");
        }
        for (symbol, market) in value["markets"].as_table().unwrap() {
            for (name, _) in market.as_table().unwrap() {
                let path = format!("markets.{symbol}.{name}");
                assert!(covered(&path), "{path} has no source");
            }
        }
    }

    #[test]
    fn bad_parameters_are_refused_by_path_and_value() {
        let market = "[markets.WETH]\ndecimals = 18\n";
        for (from, to, says) in [
            ("rule = \"crvusd-llamma\"", "rule = \"other\"", "rule = \"other\": must be"),
            ("numeraire_decimals = 8", "numeraire_decimals = 19", "numeraire_decimals = 19"),
            ("currency = \"CRVUSD\"", "currency = \"\"", "constants.currency = \"\": must name"),
            ("currency = \"CRVUSD\"", "currency = \"WETH\"", "markets.WETH: the stablecoin"),
            ("currency_decimals = 18", "currency_decimals = 19", "currency_decimals = 19: must"),
            ("bands = 10", "bands = 3", "constants.bands = 3: must be 4 to 50"),
            ("bands = 10", "bands = 51", "constants.bands = 51: must be 4 to 50"),
            ("bands = 10", "bands = 10\nsurprise = 1", "surprise"),
            (market, "[markets.WETH]\ndecimals = 0\n", "markets.WETH.decimals = 0: must be"),
            (market, "[markets.WETH]\n", "missing field `decimals`"),
            (market, "[markets.WETH]\ndecimals = 18\ncap = 1\n", "cap"),
        ] {
            assert!(FILE.contains(from), "{from}");
            let error = Parameters::parse(&FILE.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn markets_are_refused_at_their_bounds() {
        let parameters = Parameters::parse(FILE).unwrap();
        let bound = |change: fn(&mut MarketParameters), text: &str| {
            let mut market = parameters.markets["WETH"];
            change(&mut market);
            let said = parameters.validate_market("WETH", &market).err().unwrap_or_default();
            assert!(said.starts_with(text) && said.is_empty() == text.is_empty(), "{said}");
        };
        bound(|_| (), "");
        bound(|m| m.liquidation_discount_wad = ONE / 100, "");
        bound(|m| m.liquidation_discount_wad = ONE / 100 - 1, "markets.WETH.liquidation_discount");
        bound(|m| m.loan_discount_wad = ONE / 2, "");
        bound(|m| m.loan_discount_wad = ONE / 2 + 1, "markets.WETH.loan_discount_wad = 5000");
        bound(|m| m.loan_discount_wad = m.liquidation_discount_wad + 1, "");
        bound(
            |m| m.loan_discount_wad = m.liquidation_discount_wad,
            "markets.WETH.loan_discount_wad = 60000000000000000: must be above",
        );
        bound(|m| m.rate_per_second_wad = RATE_MAX, "");
        bound(|m| m.rate_per_second_wad = RATE_MAX + 1, "markets.WETH.rate_per_second_wad");
        bound(|m| m.amplification = 1, "markets.WETH.amplification = 1: must be at least 2");
        bound(|m| m.fee_wad = 999_999, "markets.WETH.fee_wad = 999999: must be at least");
        bound(|m| m.fee_wad = ONE / 25, "");
        bound(|m| m.fee_wad = ONE / 25 + 1, "markets.WETH.fee_wad = 40000000000000001");
    }

    #[test]
    fn a_threshold_of_its_own_replaces_the_liquidation_discount_and_keeps_the_gap() {
        let market = Parameters::parse(FILE).unwrap().markets["WETH"];
        let percent = |n: u64| U256::from(n * (ONE / 100));
        let own = market.discounts(None);
        assert_eq!((own.loan, own.liquidation), (percent(9), percent(6)));
        let own = market.discounts(Some(9_400));
        assert_eq!((own.loan, own.liquidation), (percent(9), percent(6)));
        let own = market.discounts(Some(4_700));
        assert_eq!(own.liquidation, percent(53));
        assert_eq!(own.loan, U256::from(545_000_000_000_000_000u64));
    }
}
