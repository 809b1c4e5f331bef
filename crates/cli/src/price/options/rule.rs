//! What a book must hold: from a rulebook, or stated in the file.

use super::rows::Priced;
use crate::price::book_file::{Wrong, share};
use crate::source;
use breakwater_margin::limits::SizeScaled;
use breakwater_margin::option::{Applies, OptionRates, Settled};
use breakwater_margin::option_book::Requirement;
use breakwater_margin::scenario::Grid;
use breakwater_money::decimal;
use breakwater_money::rational;
use breakwater_money::rounding::Rounding;
use breakwater_rulebooks::exchange::margin_exchange::{
    self, Basis, ContractParameters, Parameters,
};
use serde::{Deserialize, Serialize};

/// Decimals of a rate, and of what a unit of size adds to one.
const RATE_DECIMALS: u8 = 9;
const PER_UNIT_DECIMALS: u8 = 12;

/// Decimals at which caps of tiers are read; a settle asset has no finer unit.
const CAP_DECIMALS: u8 = 8;

/// Rates as the file states them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RatesTable {
    maintenance: String,
    #[serde(default)]
    maintenance_of_mark: Applies,
    liquidation_fee: Option<String>,
    futures: Option<String>,
    futures_per_unit: Option<String>,
}

/// The three ways to say what is required.
pub(super) struct Stated<'a> {
    pub rulebook: Option<&'a str>,
    pub rates: Option<&'a RatesTable>,
    pub portfolio: Option<&'a Grid>,
}

/// What the book is on and settles in.
#[derive(Clone, Copy)]
pub(super) struct Asset<'a> {
    pub underlying: &'a str,
    pub settled: Settled,
}

/// What is required, and by whose rule.
pub(super) struct Rule {
    pub rulebook: Option<String>,
    pub by: By,
    /// Whether equity of exactly the requirement is liquidatable.
    pub equality_breaches: bool,
}

/// How the requirement follows.
pub(super) enum By {
    Standard { options: OptionRates, futures: SizeScaled },
    Portfolio(Box<Grid>),
}

/// Its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ByName {
    Standard,
    Portfolio,
}

impl Rule {
    pub fn requirement(&self) -> Requirement<'_> {
        match &self.by {
            By::Standard { options, futures } => {
                Requirement::Standard { options, futures: *futures }
            }
            By::Portfolio(grid) => Requirement::Portfolio(grid),
        }
    }

    pub const fn by_name(&self) -> ByName {
        match self.by {
            By::Standard { .. } => ByName::Standard,
            By::Portfolio(_) => ByName::Portfolio,
        }
    }
}

/// The rule of a book.
pub(super) fn of(stated: Stated<'_>, asset: Asset<'_>, rows: &[Priced]) -> Result<Rule, Wrong> {
    let own = |by| Rule { rulebook: None, by, equality_breaches: true };
    match stated {
        Stated { rulebook: Some(name), rates: None, portfolio: None } => {
            of_rulebook(name, asset, rows)
        }
        Stated { rulebook: None, rates: Some(rates), portfolio: None } => {
            of_rates(rates, rows).map(own)
        }
        Stated { rulebook: None, rates: None, portfolio: Some(grid) } => {
            grid.check().map_err(|error| ("portfolio".to_owned(), error.to_string()))?;
            Ok(own(By::Portfolio(Box::new(grid.clone()))))
        }
        Stated { rulebook: None, rates: None, portfolio: None } => {
            let why = "missing, expected the name of a rulebook, a table of rates or, beside [options], \
                       [portfolio]";
            Err(("options.rulebook".to_owned(), why.to_owned()))
        }
        Stated { rulebook, .. } => {
            let field = if rulebook.is_some() { "options.rulebook" } else { "options.rates" };
            let why = "stated beside another requirement, expected one of rulebook, rates and [portfolio]";
            Err((field.to_owned(), why.to_owned()))
        }
    }
}

fn of_rates(stated: &RatesTable, rows: &[Priced]) -> Result<By, Wrong> {
    let rate = |name: &str, text: Option<&str>, decimals: u8| {
        let field = format!("options.rates.{name}");
        let Some(text) = text else { return Ok(0) };
        let value = share(&field, text)? / rational::from_raw(1, decimals);
        let raw = value.is_integer().then(|| rational::to_raw(&value, 0, Rounding::Floor).ok());
        raw.flatten().and_then(|raw| u64::try_from(raw).ok()).ok_or_else(|| {
            (field, format!("'{text}', expected at most {decimals} digits after the point"))
        })
    };
    if let (None, Some(future)) = (&stated.futures, rows.iter().find(|row| !row.is_option())) {
        let why = format!("missing, expected the maintenance rate of '{}'", future.contract);
        return Err(("options.rates.futures".to_owned(), why));
    }
    let fee = stated.liquidation_fee.as_deref();
    Ok(By::Standard {
        options: OptionRates {
            // Of initial margin, which nothing here asks for.
            range_e9: 0,
            floor_e9: 0,
            floor_of_mark: Applies::Nothing,
            initial_covers_maintenance: Applies::Nothing,
            maintenance_e9: rate("maintenance", Some(&stated.maintenance), RATE_DECIMALS)?,
            maintenance_of_mark: stated.maintenance_of_mark,
            liquidation_fee_e9: rate("liquidation_fee", fee, RATE_DECIMALS)?,
        },
        futures: SizeScaled {
            base_e9: rate("futures", stated.futures.as_deref(), RATE_DECIMALS)?,
            per_unit_e12: rate(
                "futures_per_unit",
                stated.futures_per_unit.as_deref(),
                PER_UNIT_DECIMALS,
            )?,
        },
    })
}

fn of_rulebook(named: &str, asset: Asset<'_>, rows: &[Priced]) -> Result<Rule, Wrong> {
    let wrong = |why: String| ("options.rulebook".to_owned(), why);
    let (name, text) = source::rulebook(named).map_err(|error| wrong(error.to_string()))?;
    let rule = source::rule_of(&name, &text).map_err(|error| wrong(error.to_string()))?;
    if rule != margin_exchange::RULE {
        let why = format!(
            "'{name}' is of the rule {rule}, which has no options; expected one of {}",
            with_options().join(", ")
        );
        return Err(wrong(why));
    }
    let parameters =
        Parameters::parse(&text).map_err(|error| wrong(format!("'{name}': {error}")))?;
    check_settle(&name, &parameters, asset)?;
    let listed = listed(&name, &parameters, rows)?;
    let by = match &parameters.portfolio {
        Some(grid) => {
            check_groups(&listed)?;
            By::Portfolio(Box::new(grid.clone()))
        }
        None => standard(&name, &parameters, &listed)?,
    };
    Ok(Rule { rulebook: Some(name), by, equality_breaches: parameters.breach_at_equality })
}

/// The shipped rulebooks that have options.
fn with_options() -> Vec<&'static str> {
    let has = |text: &str| {
        Parameters::parse(text).is_ok_and(|it| it.contracts.values().any(|it| it.option.is_some()))
    };
    let shipped = breakwater_rulebooks::shipped().iter();
    shipped.filter(|(_, text)| has(text)).map(|(name, _)| *name).collect()
}

/// A rulebook of one settle asset says whether that is the coin.
fn check_settle(name: &str, parameters: &Parameters, asset: Asset<'_>) -> Result<(), Wrong> {
    let Some(settle) = &parameters.settle else { return Ok(()) };
    let Asset { underlying, settled } = asset;
    if (settle == underlying) == (settled == Settled::Coin) {
        return Ok(());
    }
    let (field, why) = match settled {
        Settled::Coin => (
            "options.underlying",
            format!(
                "'{underlying}', expected '{settle}', the coin that rulebook '{name}' settles in"
            ),
        ),
        Settled::Quote => (
            "options.settle",
            format!("'quote', expected 'coin': rulebook '{name}' settles in {settle}"),
        ),
    };
    Err((field.to_owned(), why))
}

/// A row and its contract in the rulebook.
type Listed<'a> = (&'a Priced, &'a ContractParameters);

fn listed<'a>(
    name: &str,
    parameters: &'a Parameters,
    rows: &'a [Priced],
) -> Result<Vec<Listed<'a>>, Wrong> {
    let one = |row: &'a Priced| {
        let field = || format!("positions[{}].contract", row.index);
        let symbol = &row.contract;
        let Some((_, found)) = parameters.contract(symbol) else {
            let known: Vec<&str> = parameters.contracts.keys().map(String::as_str).collect();
            let known = known.join(", ");
            let why = format!("'{symbol}' is not in rulebook '{name}', expected one of {known}");
            return Err((field(), why));
        };
        if row.is_option() == found.option.is_some() {
            return Ok((row, found));
        }
        let (is, as_is) =
            if row.is_option() { ("a future", "option") } else { ("an option", "future") };
        let why =
            format!("'{symbol}' is {is} in rulebook '{name}', expected the symbol of an {as_is}");
        Err((field(), why.replace("an future", "a future")))
    };
    rows.iter().map(one).collect()
}

/// Scenarios move one group together.
fn check_groups(listed: &[Listed<'_>]) -> Result<(), Wrong> {
    let Some((_, first)) = listed.first() else { return Ok(()) };
    match listed.iter().find(|(_, it)| it.group != first.group) {
        None => Ok(()),
        Some((row, it)) => {
            let named = |group: &Option<String>| group.clone().unwrap_or_else(|| "none".to_owned());
            let why = format!(
                "'{}' is of the group {}, expected one of {}: a book is on one underlying",
                row.contract,
                named(&it.group),
                named(&first.group)
            );
            Err((format!("positions[{}].contract", row.index), why))
        }
    }
}

/// One set of rates for the options, and one rate growing with size for the futures.
fn standard(name: &str, parameters: &Parameters, listed: &[Listed<'_>]) -> Result<By, Wrong> {
    let mut options: Option<OptionRates> = None;
    let mut futures: Option<SizeScaled> = None;
    for (row, it) in listed {
        let differs = match it.option {
            Some(rates) => *options.get_or_insert(rates) != rates,
            None => {
                let rates = future_rates(name, parameters, row, it)?;
                *futures.get_or_insert(rates) != rates
            }
        };
        if differs {
            let why = format!(
                "'{}' has other rates in rulebook '{name}' than those before it, expected the same; state \
                 [options.rates] instead",
                row.contract
            );
            return Err((format!("positions[{}].contract", row.index), why));
        }
    }
    let none = SizeScaled { base_e9: 0, per_unit_e12: 0 };
    // There is an option: a book without one was refused.
    let options = options.ok_or(("positions".to_owned(), "no option among them".to_owned()))?;
    Ok(By::Standard { options, futures: futures.unwrap_or(none) })
}

fn future_rates(
    name: &str,
    parameters: &Parameters,
    row: &Priced,
    it: &ContractParameters,
) -> Result<SizeScaled, Wrong> {
    let symbol = &row.contract;
    let wrong = |why: String| (format!("positions[{}].contract", row.index), why);
    if it.tiers.len() != 1 || it.basis != Basis::Mark {
        return Err(wrong(format!(
            "'{symbol}' has {} tiers in rulebook '{name}', expected one, of the value at the mark; state \
             [options.rates] instead",
            it.tiers.len()
        )));
    }
    let refused = |why: String| wrong(format!("'{symbol}' in rulebook '{name}': {why}"));
    let settle = parameters.settle.as_deref().unwrap_or("its settle asset");
    let table = parameters
        .table(symbol, it, settle, CAP_DECIMALS)
        .map_err(|error| refused(error.to_string()))?;
    let slope = it.size_slope.as_deref().unwrap_or("0");
    let per_unit =
        decimal::parse_raw(slope, PER_UNIT_DECIMALS).map_err(|error| refused(error.to_string()))?;
    Ok(SizeScaled {
        base_e9: table.tiers().first().map_or(0, |tier| tier.rate_e9),
        per_unit_e12: u64::try_from(per_unit).map_err(|error| refused(error.to_string()))?,
    })
}
