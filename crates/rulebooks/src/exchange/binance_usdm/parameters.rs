//! The parameter file: contracts with their brackets, read from TOML and refused where they do not
//! hold together.

use super::RULE;
use breakwater_margin::tiers::{RATE_DECIMALS, Tier, TierError, TierTable};
use breakwater_money::decimal::{self, DecimalError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Basis points in one: a fee below it leaves something of what was sold.
const BPS_ONE: u16 = 10_000;

/// A rulebook file of this venue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Id of the rulebook.
    pub name: String,
    /// The mirror the parameters are for; always `binance-usdm`.
    pub rule: String,
    /// First day on which the parameters applied, or a sentence that says why there is none.
    pub effective_from: String,
    /// Symbol of the asset that profit and loss are paid in and margin is held in.
    pub settle: String,
    /// Where each parameter comes from, by its path in this file, or `unverified`. `*` in a path
    /// stands for any contract.
    pub source: BTreeMap<String, String>,
    /// The contracts, by symbol.
    pub contracts: BTreeMap<String, ContractParameters>,
}

/// One contract's parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractParameters {
    /// Fee on the value liquidated, basis points, 0 to 9,999.
    pub clearance_fee_bps: u16,
    /// The brackets, lowest first.
    pub tiers: Vec<TierParameters>,
}

/// One bracket, as the venue prints it. Decimals are texts, so that they stay exact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierParameters {
    /// Largest notional, in whole units of the settle asset; a notional equal to it belongs here.
    pub cap: String,
    /// Maintenance rate; `0.004` is 0.4 %.
    pub rate: String,
    /// Largest leverage at which a position of this notional may be opened.
    pub leverage_max: u32,
    /// The maintenance amount, in whole units of the settle asset; continuity decides it and a
    /// file that states another is refused.
    pub deduction: String,
}

/// A parameter that is refused. Each names the field, its value and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadParameter {
    /// The text is not a parameter file: the operator corrects the place it names.
    #[error("not a parameter file of this rule: {0}")]
    Format(String),
    /// The file is for another mirror.
    #[error("rule = {0:?}: must be {RULE:?}")]
    Rule(String),
    /// A text that must say something is empty.
    #[error("{field} = \"\": must say {right}")]
    Empty {
        /// Path of the field.
        field: String,
        /// What it must say.
        right: &'static str,
    },
    /// A parameter without a source.
    #[error("source: nothing for {path:?}; add where it comes from, or \"unverified\"")]
    Source {
        /// Path of the parameter.
        path: String,
    },
    /// The file lists no contract.
    #[error("contracts: at least one contract must be listed")]
    NoContracts,
    /// A fee that would take all of what is sold.
    #[error("contracts.{contract}.clearance_fee_bps = {value}: must be 0 to 9999")]
    Fee {
        /// Symbol of the contract.
        contract: String,
        /// The fee.
        value: u16,
    },
    /// A number of a bracket cannot be read at its scale.
    #[error("contracts.{contract}.tiers: tier {tier}: {field}: {why}")]
    Number {
        /// Symbol of the contract.
        contract: String,
        /// The bracket, counted from 1.
        tier: usize,
        /// Field of the bracket.
        field: &'static str,
        /// What is wrong with it.
        why: DecimalError,
    },
    /// The brackets are no table, or a stated deduction breaks continuity.
    #[error("contracts.{contract}.tiers (base units of {settle}): {why}")]
    Tiers {
        /// Symbol of the contract.
        contract: String,
        /// Symbol of the settle asset.
        settle: String,
        /// What is wrong with them.
        why: TierError,
    },
    /// The pool has no token of the settle asset's symbol.
    #[error("settle = {0:?}: the pool has no token of that symbol; define it first")]
    Settle(String),
    /// A contract of the pool has no brackets.
    #[error("contracts: nothing for {0:?}, a contract of the pool; add [contracts.{0}] with tiers")]
    Missing(String),
    /// A contract of the pool settles in another asset.
    #[error("settle = {settle:?}: contract {contract:?} of the pool settles in {found:?}")]
    OtherSettle {
        /// Symbol of the contract.
        contract: String,
        /// Symbol of the settle asset of the file.
        settle: String,
        /// Symbol of the asset it settles in.
        found: String,
    },
    /// A symbol of the contracts is a token in the pool.
    #[error("contracts.{0}: {0:?} is a token of the pool; must be a linear perpetual")]
    NotAContract(String),
}

impl Parameters {
    /// Reads and validates a parameter file. What depends on the pool's assets is checked when the
    /// rulebook is built.
    ///
    /// # Errors
    /// [`BadParameter::Format`] for text that is not such a file (an unknown or missing field
    /// included), otherwise the first parameter refused.
    pub fn parse(text: &str) -> Result<Self, BadParameter> {
        let parameters: Parameters =
            toml::from_str(text).map_err(|error| BadParameter::Format(error.to_string()))?;
        parameters.validate()?;
        Ok(parameters)
    }

    fn validate(&self) -> Result<(), BadParameter> {
        if self.rule != RULE {
            return Err(BadParameter::Rule(self.rule.clone()));
        }
        let texts = [
            ("name", &self.name, "the id of the rulebook"),
            ("effective_from", &self.effective_from, "since when the parameters apply"),
            ("settle", &self.settle, "the symbol of the settle asset"),
        ];
        for (field, text, right) in texts {
            filled(field.to_owned(), text, right)?;
        }
        for (path, text) in &self.source {
            filled(format!("source.{path:?}"), text, "a source, or \"unverified\"")?;
        }
        if self.contracts.is_empty() {
            return Err(BadParameter::NoContracts);
        }
        for (symbol, contract) in &self.contracts {
            let value = contract.clearance_fee_bps;
            if value >= BPS_ONE {
                return Err(BadParameter::Fee { contract: symbol.clone(), value });
            }
            for field in ["tiers", "clearance_fee_bps"] {
                self.sourced(symbol, field)?;
            }
        }
        Ok(())
    }

    fn sourced(&self, symbol: &str, field: &str) -> Result<(), BadParameter> {
        let path = format!("contracts.{symbol}.{field}");
        let any = format!("contracts.*.{field}");
        if self.source.contains_key(&path) || self.source.contains_key(&any) {
            return Ok(());
        }
        Err(BadParameter::Source { path })
    }

    /// The brackets of one contract as a table in base units of a settle asset of
    /// `settle_decimals`.
    ///
    /// # Errors
    /// A number that cannot be read at its scale, rows that are no table, or a deduction that
    /// breaks continuity.
    pub fn table(
        &self,
        symbol: &str,
        contract: &ContractParameters,
        settle_decimals: u8,
    ) -> Result<TierTable, BadParameter> {
        let (mut tiers, mut deductions) = (Vec::new(), Vec::new());
        for (index, row) in contract.tiers.iter().enumerate() {
            let read = |field: &'static str, text: &str, decimals: u8| {
                decimal::parse_raw(text, decimals).map_err(|why| BadParameter::Number {
                    contract: symbol.to_owned(),
                    tier: index + 1,
                    field,
                    why,
                })
            };
            let rate = read("rate", &row.rate, RATE_DECIMALS)?;
            tiers.push(Tier {
                cap: read("cap", &row.cap, settle_decimals)?,
                // What does not fit is far above one, and the table refuses it with the bound.
                rate_e9: u64::try_from(rate).unwrap_or(u64::MAX),
                leverage_max: row.leverage_max,
            });
            deductions.push(read("deduction", &row.deduction, settle_decimals)?);
        }
        TierTable::new(tiers)
            .and_then(|table| table.check_deductions(&deductions).map(|()| table))
            .map_err(|why| BadParameter::Tiers {
                contract: symbol.to_owned(),
                settle: self.settle.clone(),
                why,
            })
    }
}

fn filled(field: String, text: &str, right: &'static str) -> Result<(), BadParameter> {
    if text.trim().is_empty() { Err(BadParameter::Empty { field, right }) } else { Ok(()) }
}
