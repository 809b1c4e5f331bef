//! The parameter file, and its numbers bound to the assets of a pool.

use super::market::PerpetualTerms;
use crate::parameters::{Head, parse, refuse, within};
use breakwater_liquidation::{AssetInfo, AssetKind, Form, Rejected, Rejection, View};
use breakwater_money::{AssetId, decimal};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Name under which hosts plug the rule in.
pub const RULE: &str = "percolator";

/// The whole, in basis points.
const WHOLE_BPS: u32 = 10_000;

/// Most slots that profit may wait for: more than a year of the shortest slot that makes sense.
const WARMUP_SLOTS_MOST: u64 = 1_000_000_000;

/// Key of the contracts that have none of their own.
const ANY: &str = "*";

/// A rulebook file of this venue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Id of the rulebook.
    pub name: String,
    /// The mirror the parameters are for; always `percolator`.
    pub rule: String,
    /// Versions of the specification that the rule follows.
    pub version: String,
    /// First day on which the parameters applied, or a sentence that says why there is none.
    pub effective_from: String,
    /// Decimals of the settle asset, in which accounts are valued.
    pub numeraire_decimals: u8,
    /// Symbol of the asset that is deposited and in which everything is paid.
    pub settle: String,
    /// Length of a slot, nanoseconds.
    pub slot_nanos: u64,
    /// Slots until fresh profit is released; 0 for at once.
    pub warmup_slots: u64,
    /// Contracts by symbol; `*` is every other.
    pub contracts: BTreeMap<String, ContractParameters>,
    /// Where each parameter comes from, by its path in this file, or `unverified`.
    pub source: BTreeMap<String, String>,
}

/// The numbers of one market. Amounts are whole units of the settle asset.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractParameters {
    /// Maintenance as a share of value, basis points.
    pub maintenance_bps: u32,
    /// The least maintenance of a position that is not flat.
    pub maintenance_min: String,
    /// What new risk must be covered by, as a share of value, basis points.
    pub initial_bps: u32,
    /// The least of it.
    pub initial_min: String,
    /// Fee of each side of a trade, basis points of its value.
    pub trading_fee_bps: u32,
    /// Fee on what is liquidated, basis points of its value.
    pub liquidation_fee_bps: u32,
    /// The least of it.
    pub liquidation_fee_min: String,
    /// The most of it.
    pub liquidation_fee_max: String,
    /// How far the price in use may move a slot, basis points of itself.
    pub price_cap_bps_per_slot: u32,
    /// Slots that one move may make use of.
    pub accrual_slots_max: u32,
    /// The largest share of value that one funding payment may be.
    pub funding_max: String,
}

impl Parameters {
    /// Reads and validates a parameter file.
    ///
    /// # Errors
    /// A sentence that names the first parameter refused, its value and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (_, parameters): (Head, Parameters) = parse(text, RULE)?;
        parameters.validate()?;
        Ok(parameters)
    }

    fn validate(&self) -> Result<(), String> {
        if self.settle.trim().is_empty() {
            return Err(refuse("settle", "\"\"", "must name the settle asset"));
        }
        within("slot_nanos", self.slot_nanos, 1..=u64::MAX, "must be at least 1")?;
        let right = "must be 0 to 1000000000";
        within("warmup_slots", self.warmup_slots, 0..=WARMUP_SLOTS_MOST, right)?;
        if self.contracts.is_empty() {
            return Err("contracts: none; list one, or \"*\" for all of them".to_owned());
        }
        for (symbol, listed) in &self.contracts {
            listed.validate(&format!("contracts.{symbol}"))?;
            listed.bind(&format!("contracts.{symbol}"), self.numeraire_decimals)?;
        }
        Ok(())
    }
}

impl ContractParameters {
    fn validate(&self, path: &str) -> Result<(), String> {
        let at = |field: &str| format!("{path}.{field}");
        let right = "must be 1 to 10000 (100 %)";
        within(&at("maintenance_bps"), self.maintenance_bps, 1..=WHOLE_BPS, right)?;
        if !(self.maintenance_bps..=WHOLE_BPS).contains(&self.initial_bps) {
            let right = format!("must be {} (maintenance_bps) to 10000", self.maintenance_bps);
            return Err(refuse(&at("initial_bps"), self.initial_bps, &right));
        }
        let right = "must be 0 to 9999: a fee below the whole";
        within(&at("trading_fee_bps"), self.trading_fee_bps, 0..=WHOLE_BPS - 1, right)?;
        within(&at("liquidation_fee_bps"), self.liquidation_fee_bps, 0..=WHOLE_BPS - 1, right)?;
        let cap = self.price_cap_bps_per_slot;
        within(&at("price_cap_bps_per_slot"), cap, 1..=WHOLE_BPS - 1, "must be 1 to 9999")?;
        // A move of the whole price would leave none.
        let most = (1..WHOLE_BPS).rev().find(|slots| u64::from(*slots) * u64::from(cap) < 10_000);
        let most = most.unwrap_or(1);
        let right = format!("must be 1 to {most}: {most} slots of {cap} stay below 10000");
        within(&at("accrual_slots_max"), self.accrual_slots_max, 1..=most, &right)
    }

    /// The numbers in base units of a settle asset of `decimals`.
    fn bind(&self, path: &str, decimals: u8) -> Result<PerpetualTerms, String> {
        let amount = |field: &str, text: &str| {
            let read = decimal::parse_raw(text, decimals);
            read.map_err(|why| refuse(&format!("{path}.{field}"), text, &why.to_string()))
        };
        let terms = PerpetualTerms {
            maintenance_bps: self.maintenance_bps.into(),
            maintenance_min: amount("maintenance_min", &self.maintenance_min)?,
            initial_bps: self.initial_bps.into(),
            initial_min: amount("initial_min", &self.initial_min)?,
            trading_fee_bps: self.trading_fee_bps.into(),
            liquidation_fee_bps: self.liquidation_fee_bps.into(),
            liquidation_fee_min: amount("liquidation_fee_min", &self.liquidation_fee_min)?,
            liquidation_fee_max: amount("liquidation_fee_max", &self.liquidation_fee_max)?,
            price_cap_bps_per_slot: self.price_cap_bps_per_slot.into(),
            accrual_slots_max: self.accrual_slots_max.into(),
            funding_max_e12: funding(path, &self.funding_max)?,
        };
        if terms.maintenance_min == 0 {
            let right = "must be above 0: a position of no requirement is at it with nothing";
            return Err(refuse(&format!("{path}.maintenance_min"), &self.maintenance_min, right));
        }
        if terms.initial_min < terms.maintenance_min {
            let right = format!("must be at least maintenance_min, {}", self.maintenance_min);
            return Err(refuse(&format!("{path}.initial_min"), &self.initial_min, &right));
        }
        if terms.liquidation_fee_max < terms.liquidation_fee_min {
            let right =
                format!("must be at least liquidation_fee_min, {}", self.liquidation_fee_min);
            return Err(refuse(
                &format!("{path}.liquidation_fee_max"),
                &self.liquidation_fee_max,
                &right,
            ));
        }
        Ok(terms)
    }
}

/// A share of 0 to 1 in 1e-12.
fn funding(path: &str, text: &str) -> Result<u64, String> {
    let read = decimal::parse_raw(text, 12).ok().and_then(|raw| u64::try_from(raw).ok());
    read.filter(|raw| *raw <= 1_000_000_000_000)
        .ok_or_else(|| refuse(&format!("{path}.funding_max"), text, "must be a share of 0 to 1"))
}

/// The parameters, bound to assets by number.
#[derive(Debug, Clone)]
pub(super) struct Book {
    pub name: String,
    pub settle: AssetId,
    pub settle_decimals: u8,
    pub slot_nanos: u64,
    pub warmup_slots: u64,
    /// By asset; none for tokens.
    contracts: Vec<Option<PerpetualTerms>>,
}

impl Book {
    /// Binds parameters to the assets of a pool.
    pub fn bind(parameters: &Parameters, assets: &[AssetInfo]) -> Result<Self, String> {
        let is_settle =
            |info: &AssetInfo| info.symbol == parameters.settle && info.kind == AssetKind::Token;
        let found = (0u16..).map(AssetId).zip(assets).find(|(_, info)| is_settle(info));
        let Some((settle, info)) = found else {
            return Err(refuse("settle", &parameters.settle, "must be a token of the pool"));
        };
        if info.decimals != parameters.numeraire_decimals {
            let right = format!("must be {}, the decimals of {}", info.decimals, info.symbol);
            return Err(refuse("numeraire_decimals", parameters.numeraire_decimals, &right));
        }
        let mut contracts = Vec::with_capacity(assets.len());
        for asset in assets {
            let Some(terms) = asset.kind.contract() else {
                contracts.push(None);
                continue;
            };
            let path = format!("contracts.{}", asset.symbol);
            let listed = parameters.contracts.get(&asset.symbol);
            let Some(listed) = listed.or_else(|| parameters.contracts.get(ANY)) else {
                return Err(format!("{path}: missing; the pool has a contract of that name"));
            };
            let linear = matches!(terms.form, Form::Linear) && terms.expires.is_none();
            if !linear || terms.settle != settle {
                let right = format!("a linear perpetual settled in {}", info.symbol);
                return Err(refuse(&path, "another contract", &right));
            }
            contracts.push(Some(listed.bind(&path, info.decimals)?));
        }
        Ok(Book {
            name: parameters.name.clone(),
            settle,
            settle_decimals: info.decimals,
            slot_nanos: parameters.slot_nanos,
            warmup_slots: parameters.warmup_slots,
            contracts,
        })
    }

    /// A contract's terms; none for tokens.
    pub fn listed(&self, asset: AssetId) -> Option<&PerpetualTerms> {
        self.contracts.get(asset.index()).and_then(Option::as_ref)
    }

    /// A contract of this rule.
    ///
    /// # Errors
    /// The asset is not defined, or is a token.
    pub fn contract(&self, view: &View<'_>, asset: AssetId) -> Result<&PerpetualTerms, Rejected> {
        let info = view.asset(asset)?;
        self.listed(asset).ok_or_else(|| {
            let detail = format!("asset '{}' is no contract of {}", info.symbol, self.name);
            Rejection::BadParameter.because(detail)
        })
    }

    /// Every contract, in order.
    pub fn contracts(&self) -> impl Iterator<Item = AssetId> + '_ {
        let numbered = (0u16..).map(AssetId).zip(&self.contracts);
        numbered.filter_map(|(asset, terms)| terms.is_some().then_some(asset))
    }

    /// The slot of now.
    pub fn slot(&self, view: &View<'_>) -> u64 {
        view.now.0 / self.slot_nanos // division: whole slots, floor; at least one nanosecond each
    }
}
