//! The parameter file: the assets and the markets between them, refused where the contract would
//! refuse to create such a market, or where arithmetic would.

use super::Terms;
use crate::parameters::{not_toxic, parse, refuse, within};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{U256, Wad};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Name under which hosts plug the rule in.
pub const RULE: &str = "morpho-blue";

/// Units of the scale of ratios in one basis point.
const WAD_PER_BPS: u128 = 100_000_000_000_000;

/// The most of the interest that the contract lets the fee be, basis points (`MAX_FEE`).
const FEE_MOST_BPS: u16 = 2_500;

/// The most that a fixed rate may be: 800 % a year (`FixedRateIrm`, `MAX_BORROW_RATE`).
const RATE_MOST: u64 = 253_678_335_870;

/// A rulebook file of this venue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Id of the rulebook.
    pub name: String,
    /// The mirror the parameters are for; always `morpho-blue`.
    pub rule: String,
    /// Commit of the contract. The contract cannot change, so every file follows one rule.
    pub version: String,
    /// First day on which the parameters applied, or a sentence that says why there is none.
    pub effective_from: String,
    /// Decimals of the numeraire in which accounts are valued.
    pub numeraire_decimals: u8,
    /// Where each parameter comes from, by its path; `*` stands for any name.
    pub source: BTreeMap<String, String>,
    /// The assets that the markets name, by symbol.
    pub assets: BTreeMap<String, AssetParameters>,
    /// The markets, by a name that only this file uses.
    pub markets: BTreeMap<String, MarketParameters>,
}

/// One asset's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssetParameters {
    /// Decimals of the token.
    pub decimals: u8,
}

/// One market. Collateral, loan asset and `lltv_bps` together are its identity.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketParameters {
    /// Symbol of what secures.
    pub collateral: String,
    /// Symbol of what is lent.
    pub loan: String,
    /// Debt per collateral value from above which a position may be liquidated, basis points.
    pub lltv_bps: u16,
    /// The protocol's share of the interest, basis points.
    #[serde(default)]
    pub fee_bps: u16,
    /// A fixed rate (1e18 a second); absent where the market is used without interest.
    #[serde(default)]
    pub borrow_rate_per_second_wad: u64,
}

impl MarketParameters {
    /// What the contract knows of the market.
    #[must_use]
    pub fn terms(&self) -> Terms {
        Terms { lltv: wad(self.lltv_bps), fee: wad(self.fee_bps) }
    }

    /// The fixed rate (wad per second).
    #[must_use]
    pub fn rate(&self) -> U256 {
        U256::from(self.borrow_rate_per_second_wad)
    }
}

/// Basis points in the scale of the contract, which is exact.
pub(super) fn wad(bps: u16) -> Wad {
    Wad::new(u128::from(bps) * WAD_PER_BPS)
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
        for (symbol, asset) in &self.assets {
            let path = format!("assets.{symbol}.decimals");
            within(&path, asset.decimals, 1..=36, "must be 1 to 36")?;
        }
        if self.markets.is_empty() {
            return Err("markets: at least one market must be listed".to_owned());
        }
        let mut known = BTreeMap::new();
        for (name, market) in &self.markets {
            self.check(name, market)?;
            let identity = (&market.collateral, &market.loan, market.lltv_bps);
            if let Some(first) = known.insert(identity, name) {
                return Err(format!(
                    "markets.{name}: collateral {}, loan {} and lltv_bps {} are already those of \
                     markets.{first}; must differ in one of them",
                    market.collateral, market.loan, market.lltv_bps
                ));
            }
        }
        Ok(())
    }

    fn check(&self, name: &str, market: &MarketParameters) -> Result<(), String> {
        let path = |field: &str| format!("markets.{name}.{field}");
        for (field, symbol) in [("collateral", &market.collateral), ("loan", &market.loan)] {
            if !self.assets.contains_key(symbol) {
                let listed: Vec<&str> = self.assets.keys().map(String::as_str).collect();
                let right = format!("must be one of the assets {}", listed.join(", "));
                return Err(refuse(&path(field), format!("{symbol:?}"), &right));
            }
        }
        if market.collateral == market.loan {
            let right = "must not be the collateral: a price would not move its health";
            return Err(refuse(&path("loan"), format!("{:?}", market.loan), right));
        }
        let lltv = path("lltv_bps");
        within(&lltv, market.lltv_bps, 1..=9_999, "must be 1 to 9999, below 100 %")?;
        within(&path("fee_bps"), market.fee_bps, 0..=FEE_MOST_BPS, "must be at most 2500 (25 %)")?;
        let rate = path("borrow_rate_per_second_wad");
        let right = "must be at most 253678335870 (800 % a year)";
        within(&rate, market.borrow_rate_per_second_wad, 0..=RATE_MOST, right)?;
        // The formula of the incentive keeps this for every ratio below one; a check all the same,
        // for a formula is easier to change than to prove.
        not_toxic(&lltv, u128::from(market.lltv_bps), self.incentive_floor_bps(market)?, 10_000)
    }

    /// The incentive factor in basis points, rounded down.
    fn incentive_floor_bps(&self, market: &MarketParameters) -> Result<u128, String> {
        let factor = market.terms().incentive_factor().map_err(|revert| revert.to_string())?;
        let raw = u128::try_from(factor.raw).map_err(|error| error.to_string())?;
        mul_div(raw, 1, WAD_PER_BPS, Rounding::Floor).map_err(|error| error.to_string())
    }
}
