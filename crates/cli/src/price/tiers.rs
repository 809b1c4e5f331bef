//! Tier tables from a rulebook file.

use crate::failure::Failure;
use crate::source;
use breakwater_margin::liquidation_price::Maintenance;
use breakwater_rulebooks::exchange::margin_exchange::{self, Basis};

/// Decimals at which caps are read; a settle asset has no finer unit.
const CAP_DECIMALS: u8 = 8;

/// The tiers of one contract and what they are counted in.
pub struct RulebookTiers {
    /// The requirement.
    pub maintenance: Maintenance,
    /// Symbol of the asset that contracts settle in.
    pub settle: String,
}

/// The tiers of `contract` in a rulebook of linear contracts, shipped or from a file.
pub fn of_rulebook(named: &str, contract: &str) -> Result<RulebookTiers, Failure> {
    let (name, text) = source::rulebook(named)?;
    let rule = source::rule_of(&name, &text)?;
    if rule != margin_exchange::RULE {
        let shipped = breakwater_rulebooks::shipped().iter();
        let fits = |(name, text): &&(&str, &str)| {
            source::rule_of(name, text).is_ok_and(|rule| rule == margin_exchange::RULE)
        };
        let names: Vec<&str> = shipped.filter(fits).map(|(name, _)| *name).collect();
        return Err(Failure::Usage(format!(
            "rulebook '{name}' is of the rule {rule}, which has no tiers by contract; expected one of \
             {}",
            names.join(", ")
        )));
    }
    let wrong = |why: String| Failure::Data(format!("{name}: {why}"));
    let parameters =
        margin_exchange::Parameters::parse(&text).map_err(|error| wrong(error.to_string()))?;
    let Some(listed) = parameters.contracts.get(contract) else {
        let known: Vec<&str> = parameters.contracts.keys().map(String::as_str).collect();
        return Err(Failure::Usage(format!(
            "rulebook '{name}' has no contract '{contract}', expected one of {}",
            known.join(", ")
        )));
    };
    if listed.size_slope.is_some() || listed.basis != Basis::Mark {
        return Err(Failure::Usage(format!(
            "rulebook '{name}': the requirement of '{contract}' is not by tiers of the value at the \
             mark alone; state rate and basis instead"
        )));
    }
    let settle = parameters.settle.clone();
    let settle = settle.or_else(|| Some(parameters.numeraire.as_ref()?.symbol.clone()));
    let settle = settle.unwrap_or_default();
    let table = parameters
        .table(contract, listed, &settle, CAP_DECIMALS)
        .map_err(|error| wrong(error.to_string()))?;
    let maintenance = Maintenance::from_table(&table, CAP_DECIMALS);
    Ok(RulebookTiers { maintenance, settle })
}
