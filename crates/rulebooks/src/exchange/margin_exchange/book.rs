//! The rule's parameters bound to a pool.

use super::contract::Contract;
use super::parameters::{
    BadParameter, CollateralParameters, ContractParameters, Parameters, number_of, rate_of,
};
use super::position::Position;
use breakwater_agreement::listed::ExerciseRule;
use breakwater_liquidation::backstop::Ranking;
use breakwater_liquidation::{
    AssetInfo, AssetKind, ContractTerms, Form, Ladder, Rejected, Rejection, View,
};
use breakwater_margin::option::OptionRates;
use breakwater_margin::scenario::Grid;
use breakwater_margin::tiers::TierTable;
use breakwater_money::{AccountId, AssetId, Holder, Unit};

/// Most assets that an account may hold as margin: bounds the sums of one assessment, which live on
/// the stack.
pub const MARGIN_ASSETS_MAX: usize = 24;

/// An asset that is margin.
#[derive(Debug, Clone)]
pub(super) struct MarginAsset {
    pub asset: AssetId,
    pub decimals: u8,
    /// Shares that count, by amount; none where all does.
    pub haircut: Option<Haircut>,
}

/// Shares of an amount that count, slice by slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Haircut {
    /// Upper edge in base units, and the share of the slice below it, 1e-9; edges rise.
    slices: Vec<(u128, u64)>,
}

/// How accounts are margined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Valuation {
    /// In the one asset that is margin and settles everything.
    Settle,
    /// In a numeraire of these decimals, at the marks of several assets.
    Numeraire(u8),
}

/// The parameters, bound to assets by number.
#[derive(Debug, Clone)]
pub(super) struct Book {
    pub name: String,
    pub breach_at_equality: bool,
    pub valuation: Valuation,
    /// The steps of a liquidation; none where whatever wraps the rule chooses them.
    pub ladder: Option<Ladder>,
    /// By what winners are ranked.
    pub ranking: Option<Ranking>,
    /// Scenarios of portfolio margin.
    pub portfolio: Option<Grid>,
    /// What is margin.
    pub margin: Vec<MarginAsset>,
    /// By asset: place among the margin assets.
    slots: Vec<Option<usize>>,
    /// By asset; none for tokens.
    contracts: Vec<Option<Contract>>,
}

impl Book {
    /// Binds parameters to the assets of a pool. Contracts of the file that the pool lacks wait for
    /// their definition.
    pub fn bind(parameters: &Parameters, assets: &[AssetInfo]) -> Result<Self, BadParameter> {
        let (valuation, margin) = margin_of(parameters, assets)?;
        let mut slots = vec![None; assets.len()];
        for (slot, held) in margin.iter().enumerate() {
            if let Some(place) = slots.get_mut(held.asset.index()) {
                *place = Some(slot);
            }
        }
        check_tables(parameters, assets, &margin)?;
        let mut contracts = Vec::with_capacity(assets.len());
        for info in assets {
            let found = parameters.contract(&info.symbol);
            let listed = found.map(|(_, listed)| listed);
            contracts.push(match (&info.kind, listed) {
                (AssetKind::Token, None) => None,
                // A pattern means the contracts that fit it, and no token.
                (AssetKind::Token, Some(_)) => {
                    if parameters.contracts.contains_key(&info.symbol) {
                        return Err(BadParameter::NotAContract(info.symbol.clone()));
                    }
                    None
                }
                (AssetKind::Contract(_), None) => {
                    return Err(BadParameter::Missing(info.symbol.clone()));
                }
                (AssetKind::Contract(terms), Some(listed)) => {
                    let slot = slots.get(terms.settle.index()).copied().flatten();
                    let Some(slot) = slot else {
                        return Err(other_settle(parameters, assets, info, terms));
                    };
                    let held = &margin[slot];
                    let settle = assets.get(held.asset.index());
                    let settle = settle.map_or("its settle asset", |info| info.symbol.as_str());
                    let table = parameters.table(&info.symbol, listed, settle, held.decimals)?;
                    let mut contract = contract_of(info, *terms, slot, held, listed, &table)?;
                    contract.group = group_of(parameters, &info.symbol, listed)?;
                    Some(contract)
                }
            });
        }
        Ok(Book {
            name: parameters.name.clone(),
            breach_at_equality: parameters.breach_at_equality,
            ladder: parameters.ladder.clone(),
            ranking: parameters.ranking,
            portfolio: parameters.portfolio.clone(),
            valuation,
            margin,
            slots,
            contracts,
        })
    }

    /// Decimals of values.
    pub fn numeraire_decimals(&self) -> u8 {
        match self.valuation {
            Valuation::Numeraire(decimals) => decimals,
            // infallible: a file without a numeraire has its one settle asset
            Valuation::Settle => self.margin.first().map_or(0, |settle| settle.decimals),
        }
    }

    /// Place of an asset among the margin assets.
    pub fn slot(&self, asset: AssetId) -> Option<usize> {
        self.slots.get(asset.index()).copied().flatten()
    }

    /// A contract by its asset; none for tokens.
    pub fn listed(&self, asset: AssetId) -> Option<&Contract> {
        self.contracts.get(asset.index()).and_then(Option::as_ref)
    }

    /// A contract of this rule.
    ///
    /// # Errors
    /// The asset is not defined, or is a token.
    pub fn contract(&self, view: &View<'_>, asset: AssetId) -> Result<&Contract, Rejected> {
        let info = view.asset(asset)?;
        self.listed(asset).ok_or_else(|| {
            let detail = format!("asset '{}' is no contract of {}", info.symbol, self.name);
            Rejection::BadParameter.because(detail)
        })
    }

    /// What an account holds of a contract.
    pub fn position(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        contract: &Contract,
    ) -> Position {
        let balance = |holder, unit| view.balances.balance(holder, unit);
        let settled = Unit::token(contract.terms.settle);
        Position {
            size: balance(Holder::Account(account), Unit::token(asset)),
            quote: balance(Holder::Position(account, asset), settled),
        }
    }
}

impl Haircut {
    /// Reads the slices of one asset.
    fn read(
        symbol: &str,
        listed: &CollateralParameters,
        decimals: u8,
    ) -> Result<Option<Self>, BadParameter> {
        let refuse = |tier: usize, right: &str| {
            Err(BadParameter::Collateral(symbol.to_owned(), format!("tier {tier}: {right}")))
        };
        if listed.tiers.is_empty() {
            return refuse(0, "the list is empty; state the share that counts");
        }
        let mut slices = Vec::with_capacity(listed.tiers.len());
        let mut before = 0u128;
        for (index, row) in listed.tiers.iter().enumerate() {
            let tier = index + 1;
            let path = |field| format!("collateral.{symbol}.tiers: tier {tier}: {field}");
            let ratio = rate_of(&path("ratio"), Some(&row.ratio))?;
            let to = match &row.to {
                Some(to) => number_of(&path("to"), to, decimals)?,
                None if tier == listed.tiers.len() => u128::MAX,
                None => return refuse(tier, "to is missing; only the last slice has no end"),
            };
            if to <= before {
                return refuse(tier, "to is not above the tier before; edges rise from 0");
            }
            if slices.last().is_some_and(|(_, last)| ratio > *last) {
                return refuse(tier, "ratio is above that of the tier before; shares never rise");
            }
            before = to;
            slices.push((to, ratio));
        }
        let whole =
            slices.len() == 1 && slices[0] == (u128::MAX, breakwater_margin::tiers::RATE_ONE_E9);
        Ok((!whole).then_some(Haircut { slices }))
    }

    /// The share of the slice that `amount` lies in, 1e-9; nothing beyond the last edge.
    pub fn share_e9(&self, amount: u128) -> u64 {
        self.slices.iter().find(|(to, _)| amount <= *to).map_or(0, |(_, ratio)| *ratio)
    }

    /// What counts of `amount`, rounded down. Beyond the last edge nothing does.
    pub fn counted(&self, amount: u128) -> Result<u128, Rejected> {
        use breakwater_money::U256;
        use breakwater_money::rounding::{Rounding, div_wide, narrow_u128};
        let (mut floor, mut sum) = (0u128, U256::ZERO);
        for (to, ratio) in &self.slices {
            let width = amount.min(*to).saturating_sub(floor);
            // At most 2^128 times 2^30, as often as there are slices.
            sum += U256::from(width) * U256::from(*ratio);
            if amount <= *to {
                break;
            }
            floor = *to;
        }
        let one = U256::from(breakwater_margin::tiers::RATE_ONE_E9);
        Ok(narrow_u128(div_wide(sum, one, Rounding::Floor)?)?)
    }
}

fn token<'a>(assets: &'a [AssetInfo], symbol: &str) -> Option<(AssetId, &'a AssetInfo)> {
    let is = |info: &AssetInfo| info.symbol == symbol && info.kind == AssetKind::Token;
    (0u16..).map(AssetId).zip(assets).find(|(_, info)| is(info))
}

fn margin_of(
    parameters: &Parameters,
    assets: &[AssetInfo],
) -> Result<(Valuation, Vec<MarginAsset>), BadParameter> {
    if let Some(settle) = &parameters.settle {
        let Some((asset, info)) = token(assets, settle) else {
            return Err(BadParameter::Settle(settle.clone()));
        };
        let only = MarginAsset { asset, decimals: info.decimals, haircut: None };
        return Ok((Valuation::Settle, vec![only]));
    }
    let decimals = parameters.numeraire.as_ref().map_or(0, |numeraire| numeraire.decimals);
    let mut margin = Vec::with_capacity(parameters.collateral.len());
    for (symbol, listed) in &parameters.collateral {
        // What the pool does not have is nobody's margin; the list is read all the same.
        let found = token(assets, symbol);
        let haircut = Haircut::read(symbol, listed, found.map_or(0, |(_, info)| info.decimals))?;
        if let Some((asset, info)) = found {
            margin.push(MarginAsset { asset, decimals: info.decimals, haircut });
        }
    }
    margin.sort_by_key(|held| held.asset);
    Ok((Valuation::Numeraire(decimals), margin))
}

/// Every table is built once, so that a file is refused for a contract not defined yet as well. Such
/// a contract is read at the scale of the first margin asset.
fn check_tables(
    parameters: &Parameters,
    assets: &[AssetInfo],
    margin: &[MarginAsset],
) -> Result<(), BadParameter> {
    let Some(held) = margin.first() else { return Ok(()) };
    let name = assets.get(held.asset.index()).map_or("the settle asset", |info| &info.symbol);
    let known = |symbol: &String| assets.iter().any(|info| info.symbol == *symbol);
    for (symbol, contract) in parameters.contracts.iter().filter(|(symbol, _)| !known(symbol)) {
        parameters.table(symbol, contract, name, held.decimals)?;
    }
    Ok(())
}

/// Place of a contract's group among all groups of the file; none without portfolio margin.
fn group_of(
    parameters: &Parameters,
    symbol: &str,
    listed: &ContractParameters,
) -> Result<Option<usize>, BadParameter> {
    if parameters.portfolio.is_none() {
        return Ok(None);
    }
    let Some(group) = &listed.group else {
        return Err(BadParameter::Value {
            path: format!("contracts.{symbol}.group"),
            value: String::new(),
            right: "with portfolio margin each contract names its underlying".to_owned(),
        });
    };
    let mut groups: Vec<&String> =
        parameters.contracts.values().filter_map(|listed| listed.group.as_ref()).collect();
    groups.sort();
    groups.dedup();
    Ok(groups.iter().position(|name| *name == group))
}

/// The rates of an option. Options have them, and nothing else has.
fn option_of(
    info: &AssetInfo,
    terms: &ContractTerms,
    listed: &ContractParameters,
) -> Result<Option<OptionRates>, BadParameter> {
    let is_option = matches!(terms.form, Form::Option(_));
    if is_option == listed.option.is_some() {
        return Ok(listed.option);
    }
    let right = if is_option {
        "the contract is an option of the pool: state its rates instead of tiers"
    } else {
        "the contract is no option of the pool: state tiers instead"
    };
    Err(BadParameter::Value {
        path: format!("contracts.{}.option", info.symbol),
        value: if is_option { "missing" } else { "rates" }.to_owned(),
        right: right.to_owned(),
    })
}

fn other_settle(
    parameters: &Parameters,
    assets: &[AssetInfo],
    info: &AssetInfo,
    terms: &ContractTerms,
) -> BadParameter {
    let found = assets.get(terms.settle.index());
    let margin = || parameters.collateral.keys().cloned().collect::<Vec<_>>().join(", ");
    BadParameter::OtherSettle {
        contract: info.symbol.clone(),
        settle: parameters.settle.clone().unwrap_or_else(margin),
        found: found.map_or_else(|| terms.settle.to_string(), |asset| asset.symbol.clone()),
    }
}

fn contract_of(
    info: &AssetInfo,
    terms: ContractTerms,
    slot: usize,
    settle: &MarginAsset,
    listed: &ContractParameters,
    table: &TierTable,
) -> Result<Contract, BadParameter> {
    let path = |field: &str| format!("contracts.{}.{field}", info.symbol);
    let contracts = |field: &str, text: &Option<String>| {
        let read = |text: &String| number_of(&path(field), text, info.decimals);
        text.as_ref().map(read).transpose()
    };
    let scale = listed.initial_scale.as_ref().map(|scale| {
        let lower = number_of(&path("initial_scale.lower"), &scale.lower, settle.decimals)?;
        let upper = number_of(&path("initial_scale.upper"), &scale.upper, settle.decimals)?;
        if upper <= lower {
            return Err(BadParameter::Value {
                path: path("initial_scale.upper"),
                value: scale.upper.clone(),
                right: format!("must be above lower, {}", scale.lower),
            });
        }
        Ok((lower, upper))
    });
    let funding_max_e12 = match &listed.funding_max {
        None => i64::MAX,
        Some(text) => {
            let raw = number_of(&path("funding_max"), text, 12)?;
            i64::try_from(raw).unwrap_or(i64::MAX)
        }
    };
    Ok(Contract {
        terms,
        decimals: info.decimals,
        settle_decimals: settle.decimals,
        slot,
        table: table.clone(),
        basis: listed.basis,
        clearance_fee_bps: listed.clearance_fee_bps,
        slope_e9: rate_of(&path("size_slope"), listed.size_slope.as_deref())?,
        scale: scale.transpose()?,
        position_max: contracts("position_max", &listed.position_max)?,
        open_interest_max: contracts("open_interest_max", &listed.open_interest_max)?,
        funding_max_e12,
        option: option_of(info, &terms, listed)?,
        group: None,
        early_exercise: listed
            .lifecycle
            .as_ref()
            .is_some_and(|lifecycle| lifecycle.exercise != ExerciseRule::European),
    })
}
