//! The parameter file: contracts with their brackets, read from TOML and refused where they do not
//! hold together.

use super::RULE;
use crate::exchange::ladders;
use breakwater_agreement::listed::{Lifecycle, LifecycleParameters};
use breakwater_liquidation::Ladder;
use breakwater_liquidation::backstop::Ranking;
use breakwater_margin::option::OptionRates;
use breakwater_margin::scenario::Grid;
use breakwater_margin::tiers::{RATE_DECIMALS, RATE_ONE_E9, Tier, TierError, TierTable};
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
    /// The rule the parameters are for; always `margin-exchange`.
    pub rule: String,
    /// First day on which the parameters applied, or a sentence that says why there is none.
    pub effective_from: String,
    /// Symbol of the one asset that profit and loss are paid in and margin is held in. Absent where
    /// accounts hold several: then there is a `numeraire` and a `collateral` list.
    #[serde(default)]
    pub settle: Option<String>,
    /// What accounts are valued in that hold several assets as margin.
    #[serde(default)]
    pub numeraire: Option<Numeraire>,
    /// Whether an account whose equity is exactly its requirement may be liquidated.
    #[serde(default = "yes")]
    pub breach_at_equality: bool,
    /// Where each parameter comes from, by its path in this file, or `unverified`. `*` in a path
    /// stands for any contract.
    pub source: BTreeMap<String, String>,
    /// What counts as margin, by symbol, where accounts hold several assets.
    #[serde(default)]
    pub collateral: BTreeMap<String, CollateralParameters>,
    /// The contracts, by symbol. One `*` in a key stands for any text: the options of one underlying
    /// are hundreds of symbols with the same rule. A symbol of its own comes before a pattern.
    pub contracts: BTreeMap<String, ContractParameters>,
    /// Scenarios by which contracts with a group are required for together.
    #[serde(default)]
    pub portfolio: Option<Grid>,
    /// The steps of a liquidation, tried from the first: rungs, or the name of a shipped ladder.
    #[serde(default, deserialize_with = "named_or_whole")]
    pub ladder: Option<Ladder>,
    /// By what winners are ranked that are closed against a bankrupt account.
    #[serde(default)]
    pub ranking: Option<Ranking>,
}

/// A ladder by its name, or by its rungs.
fn named_or_whole<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Ladder>, D::Error> {
    use serde::de::Error;
    let name = match toml::Value::deserialize(from)? {
        toml::Value::String(name) => name,
        rungs => return rungs.try_into().map(Some).map_err(D::Error::custom),
    };
    let known = ladders::LADDERS.iter().find(|(known, _)| *known == name);
    let Some((_, text)) = known else {
        let names: Vec<&str> = ladders::LADDERS.iter().map(|(known, _)| *known).collect();
        let known = names.join(", ");
        return Err(D::Error::custom(format!("ladder = {name:?}: one of {known}, or rungs")));
    };
    ladders::parse(text).map(Some).map_err(D::Error::custom)
}

fn yes() -> bool {
    true
}

/// What accounts are valued in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numeraire {
    /// Its name, such as `USD`. No asset: prices of markets are in it.
    pub symbol: String,
    /// Decimals of values.
    pub decimals: u8,
}

/// What one asset counts for as margin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollateralParameters {
    /// Shares of its value that count, lowest amount first. What is owed counts whole.
    pub tiers: Vec<HaircutParameters>,
}

/// The share that counts of a slice of an amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HaircutParameters {
    /// Upper edge in whole units of the asset; without it the slice has no end.
    #[serde(default)]
    pub to: Option<String>,
    /// Share that counts; `0.95` is 95 %.
    pub ratio: String,
}

/// What a requirement is a share of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The value at the mark.
    #[default]
    Mark,
    /// The value at entry.
    Entry,
}

/// Open interest between which the initial rate rises from its own to one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScaleParameters {
    /// Value up to which the initial rate stays, whole units of the settle asset.
    pub lower: String,
    /// Value from which on it is one.
    pub upper: String,
}

/// One contract's parameters.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractParameters {
    /// Fee on the value liquidated, basis points, 0 to 9,999.
    pub clearance_fee_bps: u16,
    /// The brackets, lowest first; none for an option.
    #[serde(default)]
    pub tiers: Vec<TierParameters>,
    /// What requirements are a share of.
    #[serde(default)]
    pub basis: Basis,
    /// Rate of the fee for closing that is part of the requirement; `0.0005` is 0.05 %.
    #[serde(default)]
    pub close_fee: Option<String>,
    /// Rate that each whole unit of size adds to both margins.
    #[serde(default)]
    pub size_slope: Option<String>,
    /// How open interest raises the initial rate.
    #[serde(default)]
    pub initial_scale: Option<ScaleParameters>,
    /// Most contracts an account may hold, whole contracts.
    #[serde(default)]
    pub position_max: Option<String>,
    /// Most contracts that all accounts may hold on one side, whole contracts.
    #[serde(default)]
    pub open_interest_max: Option<String>,
    /// Largest rate of one funding payment.
    #[serde(default)]
    pub funding_max: Option<String>,
    /// How a short option is required for; for contracts that are options, and then without tiers.
    #[serde(default)]
    pub option: Option<OptionRates>,
    /// Contracts that portfolio margin takes together: the name of their underlying.
    #[serde(default)]
    pub group: Option<String>,
    /// What happens to the contract by the clock: funding, sessions, the settlement price, early
    /// exercise, rolls, transfers.
    #[serde(default)]
    pub lifecycle: Option<LifecycleParameters>,
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
    /// One margin asset and several at once, or neither.
    #[error("{0}")]
    Margin(&'static str),
    /// A number that cannot be read, or makes no sense.
    #[error("{path} = {value:?}: {right}")]
    Value {
        /// Path of the field.
        path: String,
        /// What stands there.
        value: String,
        /// What would be right.
        right: String,
    },
    /// The scenarios make no sense.
    #[error("portfolio: {0}")]
    Portfolio(String),
    /// More margin assets than an account is valued over.
    #[error("collateral: {0} assets; at most {max}", max = super::book::MARGIN_ASSETS_MAX)]
    TooMany(usize),
    /// A margin asset that is no token of the pool, or has no market.
    #[error("collateral.{0}: {1}")]
    Collateral(String, String),
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
    /// What happens to a contract by the clock makes no sense.
    #[error("{0}")]
    Lifecycle(String),
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
        ];
        for (field, text, right) in texts {
            filled(field.to_owned(), text, right)?;
        }
        self.validate_margin()?;
        if let Some(grid) = &self.portfolio {
            grid.check().map_err(|error| BadParameter::Portfolio(error.to_string()))?;
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
            let required = if contract.option.is_some() { "option" } else { "tiers" };
            for field in [required, "clearance_fee_bps"] {
                self.sourced(symbol, field)?;
            }
            if contract.option.is_some() && !contract.tiers.is_empty() {
                return Err(BadParameter::Value {
                    path: format!("contracts.{symbol}.tiers"),
                    value: format!("{} tiers", contract.tiers.len()),
                    right: "an option is required for by its rates; leave tiers out".to_owned(),
                });
            }
            if contract.lifecycle.is_some() {
                self.sourced(symbol, "lifecycle")?;
                contract.lifecycle(symbol)?;
            }
            if symbol.matches('*').count() > 1 {
                return Err(BadParameter::Value {
                    path: format!("contracts.{symbol}"),
                    value: symbol.clone(),
                    right: "at most one * in a pattern".to_owned(),
                });
            }
        }
        Ok(())
    }

    /// One settle asset, or a numeraire with a list.
    fn validate_margin(&self) -> Result<(), BadParameter> {
        match (&self.settle, &self.numeraire) {
            (Some(settle), None) => {
                filled("settle".to_owned(), settle, "the symbol of the settle asset")?;
                if self.collateral.is_empty() {
                    return Ok(());
                }
                Err(BadParameter::Margin(
                    "settle and collateral: with one settle asset that asset is the margin; leave \
                     collateral out, or state a numeraire instead of settle",
                ))
            }
            (None, Some(numeraire)) => {
                let right = "the name of what accounts are valued in";
                filled("numeraire.symbol".to_owned(), &numeraire.symbol, right)?;
                if !(1..=18).contains(&numeraire.decimals) {
                    return Err(BadParameter::Value {
                        path: "numeraire.decimals".to_owned(),
                        value: numeraire.decimals.to_string(),
                        right: "must be 1 to 18".to_owned(),
                    });
                }
                if self.collateral.is_empty() {
                    return Err(BadParameter::Margin(
                        "collateral: nothing; with a numeraire at least one asset must be margin",
                    ));
                }
                let count = self.collateral.len();
                let fits = count <= super::book::MARGIN_ASSETS_MAX;
                if fits { Ok(()) } else { Err(BadParameter::TooMany(count)) }
            }
            (Some(_), Some(_)) => Err(BadParameter::Margin(
                "settle and numeraire: one of the two; settle where one asset is margin, numeraire \
                 where several are",
            )),
            (None, None) => Err(BadParameter::Margin(
                "settle: missing; the symbol of the settle asset, or a numeraire with collateral",
            )),
        }
    }

    /// What the file says of a contract: under its own symbol, or under the longest pattern that
    /// fits. With the key.
    #[must_use]
    pub fn contract(&self, symbol: &str) -> Option<(&String, &ContractParameters)> {
        let fits = |key: &str| match key.split_once('*') {
            None => key == symbol,
            Some((head, tail)) => {
                symbol.len() >= head.len() + tail.len()
                    && symbol.starts_with(head)
                    && symbol.ends_with(tail)
            }
        };
        let own = self.contracts.get_key_value(symbol);
        // The longest pattern says most; among equals the first in order.
        let patterns = self.contracts.iter().filter(|(key, _)| fits(key));
        own.or_else(|| patterns.min_by_key(|(key, _)| std::cmp::Reverse(key.len())))
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
        settle: &str,
        settle_decimals: u8,
    ) -> Result<TierTable, BadParameter> {
        let (mut tiers, mut deductions) = (Vec::new(), Vec::new());
        if contract.option.is_some() {
            // No bracket says how many options may be held; none is asked what they require.
            tiers.push(Tier { cap: u128::MAX, rate_e9: RATE_ONE_E9, leverage_max: 1 });
            deductions.push(0);
        }
        let path = |field: &str| format!("contracts.{symbol}.{field}");
        let close_fee = rate_of(&path("close_fee"), contract.close_fee.as_deref())?;
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
                rate_e9: u64::try_from(rate).unwrap_or(u64::MAX).saturating_add(close_fee),
                leverage_max: row.leverage_max,
            });
            deductions.push(read("deduction", &row.deduction, settle_decimals)?);
        }
        TierTable::new(tiers)
            .and_then(|table| table.check_deductions(&deductions).map(|()| table))
            .map_err(|why| BadParameter::Tiers {
                contract: symbol.to_owned(),
                settle: settle.to_owned(),
                why,
            })
    }
}

impl ContractParameters {
    /// What happens to the contract by the clock, checked; nothing where the file says nothing.
    ///
    /// # Errors
    /// The field that makes no sense.
    pub fn lifecycle(&self, symbol: &str) -> Result<Option<Lifecycle>, BadParameter> {
        let path = format!("contracts.{symbol}.lifecycle");
        let read = self.lifecycle.as_ref().map(|stated| stated.read(&path)).transpose();
        read.map_err(|error| BadParameter::Lifecycle(error.to_string()))
    }
}

/// A rate of at most one in 1e-9; zero where there is none.
pub(super) fn rate_of(path: &str, text: Option<&str>) -> Result<u64, BadParameter> {
    let Some(text) = text else { return Ok(0) };
    let raw = number_of(path, text, RATE_DECIMALS)?;
    let rate = u64::try_from(raw).unwrap_or(u64::MAX);
    if rate > breakwater_margin::tiers::RATE_ONE_E9 {
        return Err(BadParameter::Value {
            path: path.to_owned(),
            value: text.to_owned(),
            right: "must be a rate of 0 to 1".to_owned(),
        });
    }
    Ok(rate)
}

/// A number of zero or more at `decimals`.
pub(super) fn number_of(path: &str, text: &str, decimals: u8) -> Result<u128, BadParameter> {
    decimal::parse_raw(text, decimals).map_err(|why| BadParameter::Value {
        path: path.to_owned(),
        value: text.to_owned(),
        right: why.to_string(),
    })
}

fn filled(field: String, text: &str, right: &'static str) -> Result<(), BadParameter> {
    if text.trim().is_empty() { Err(BadParameter::Empty { field, right }) } else { Ok(()) }
}
