//! A whole account from a TOML file.

use super::figure::PLACES;
use super::one::fee;
use super::{Asked, COIN, Contract, tiers};
use crate::arguments::FeeAtName;
use crate::failure::Failure;
use breakwater_margin::liquidation_price::{
    Basis, CrossAccount, Maintenance, Placed, Position, RateTier, Settle, Token,
};
use breakwater_money::{Decimal, Rational, rational};
use serde::Deserialize;

/// Most positions and tokens together: beyond, a wrong file is likelier than an account.
const ROWS_MAX: usize = 10_000;

/// Largest number read, 10^36: beyond, a wrong file is likelier than a price.
const NUMBER_DIGITS_MAX: u8 = 36;

/// The file. Decimals are texts, so that they stay exact.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BookFile {
    wallet: String,
    unit: Option<String>,
    rulebook: Option<String>,
    #[serde(default)]
    collateral: Vec<CollateralRow>,
    #[serde(default)]
    positions: Vec<PositionRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CollateralRow {
    token: String,
    amount: String,
    weight: Option<String>,
    price: String,
    #[serde(default)]
    follows: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PositionRow {
    contract: String,
    #[serde(default)]
    form: FormName,
    side: SideRow,
    quantity: String,
    entry: String,
    mark: String,
    rate: Option<String>,
    deduction: Option<String>,
    tiers: Option<Vec<TierRow>>,
    rulebook: Option<String>,
    fee: Option<String>,
    fee_at: Option<FeeAtRow>,
    #[serde(default)]
    basis: BasisRow,
    settle: Option<String>,
}

/// How a contract's profit depends on the price. Each form is read by [`form_of`].
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Default)]
#[serde(rename_all = "lowercase")]
enum FormName {
    #[default]
    Linear,
    Inverse,
}

impl FormName {
    const fn name(self) -> &'static str {
        match self {
            FormName::Linear => "linear",
            FormName::Inverse => "inverse",
        }
    }
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum SideRow {
    Long,
    Short,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum FeeAtRow {
    Mark,
    Bankruptcy,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Default)]
#[serde(rename_all = "lowercase")]
enum BasisRow {
    #[default]
    Mark,
    Entry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TierRow {
    cap: Option<String>,
    rate: String,
}

/// A complaint: the path of the field, and what is wrong with it.
pub(super) type Wrong = (String, String);

/// A file's tables.
pub(super) fn parse<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> Result<T, Failure> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map(|before| before.matches('\n').count() + 1);
        let place = line.map_or_else(String::new, |line| format!("line {line}: "));
        let told = error.message().lines().next().unwrap_or("not TOML").to_owned();
        Failure::Data(format!("{name}: {place}{told}"))
    })
}

/// The account in the file `name` of this text.
pub fn read(name: &str, text: &str) -> Result<Asked, Failure> {
    let file: BookFile = parse(name, text)?;
    if file.positions.is_empty() {
        return Err(Failure::Data(format!("{name}: positions is empty, expected at least one")));
    }
    let rows = file.positions.len() + file.collateral.len();
    if rows > ROWS_MAX {
        return Err(Failure::Data(format!("{name}: {rows} rows, expected at most {ROWS_MAX}")));
    }
    let wrong = |(field, why): Wrong| Failure::Data(format!("{name}: {field}: {why}"));
    let contracts = contracts_of(&file.positions).map_err(wrong)?;
    let tokens = tokens_of(&file.collateral, &contracts).map_err(wrong)?;
    let mut positions = Vec::with_capacity(file.positions.len());
    for (index, row) in file.positions.iter().enumerate() {
        let rulebook = row.rulebook.as_deref().or(file.rulebook.as_deref());
        let stated = row.rate.is_some() || row.tiers.is_some();
        let maintenance = match rulebook.filter(|_| !stated) {
            Some(rulebook) if row.form == FormName::Linear => {
                let found = tiers::of_rulebook(rulebook, &row.contract);
                // What the file names is the file's fault.
                let at = |error: Failure| {
                    wrong((format!("positions[{index}].rulebook"), error.to_string()))
                };
                found.map_err(at)?.maintenance
            }
            _ => stated_requirement(index, row).map_err(wrong)?,
        };
        let market = place(&contracts, &row.contract);
        let placed = placed(index, row, market, maintenance, &file.collateral);
        positions.push(placed.map_err(wrong)?);
    }
    let wallet = number("wallet", &file.wallet).map_err(wrong)?;
    let coin = positions.iter().any(|placed| placed.settle == Settle::CoinWallet);
    let unit = file.unit.unwrap_or_else(|| if coin { COIN } else { "quote" }.to_owned());
    let account = CrossAccount { wallet, tokens, positions };
    Ok(Asked { book: Some(name.to_owned()), unit, contracts, account })
}

/// The markets, each once. Its positions agree in mark, form and settle asset, and there is one a
/// side.
fn contracts_of(rows: &[PositionRow]) -> Result<Vec<Contract>, Wrong> {
    let mut contracts: Vec<Contract> = Vec::new();
    let mut seen: std::collections::BTreeMap<&str, &PositionRow> =
        std::collections::BTreeMap::new();
    let mut sides: std::collections::BTreeSet<(&str, bool)> = std::collections::BTreeSet::new();
    for (index, row) in rows.iter().enumerate() {
        let field = |name: &str| format!("positions[{index}].{name}");
        if row.contract.trim().is_empty() {
            return Err((field("contract"), "empty, expected a symbol".to_owned()));
        }
        if !sides.insert((&row.contract, row.side == SideRow::Long)) {
            let why = format!(
                "a second position of {} on that side, expected one: tiers go by the whole position",
                row.contract
            );
            return Err((field("side"), why));
        }
        let mark = positive(&field("mark"), &row.mark)?;
        let Some(first) = seen.get(row.contract.as_str()) else {
            seen.insert(&row.contract, row);
            contracts.push(Contract { name: row.contract.clone(), mark });
            continue;
        };
        let same = contracts.iter().any(|it| it.name == row.contract && it.mark == mark);
        for (name, differs, found) in [
            ("mark", !same, row.mark.as_str()),
            ("form", first.form != row.form, row.form.name()),
            ("settle", first.settle != row.settle, row.settle.as_deref().unwrap_or("missing")),
        ] {
            if differs {
                let why = format!("'{found}', expected that of {}'s first position", row.contract);
                return Err((field(name), why));
            }
        }
    }
    Ok(contracts)
}

fn tokens_of(rows: &[CollateralRow], contracts: &[Contract]) -> Result<Vec<Token>, Wrong> {
    let mut tokens = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let field = |name: &str| format!("collateral[{index}].{name}");
        if rows.iter().take(index).any(|before| before.token == row.token) {
            return Err((field("token"), format!("'{}' stands there twice", row.token)));
        }
        let weight = match &row.weight {
            Some(text) => share(&field("weight"), text)?,
            None => rational::from_raw(1, 0),
        };
        let mut follows = Vec::with_capacity(row.follows.len());
        for contract in &row.follows {
            let place = contracts.iter().position(|it| it.name == *contract).ok_or_else(|| {
                let known: Vec<&str> = contracts.iter().map(|it| it.name.as_str()).collect();
                let why = format!("'{contract}', expected one of {}", known.join(", "));
                (field("follows"), why)
            })?;
            follows.push(place);
        }
        tokens.push(Token {
            amount: number(&field("amount"), &row.amount)?,
            weight,
            price: positive(&field("price"), &row.price)?,
            follows,
        });
    }
    Ok(tokens)
}

/// `rate` with `deduction`, or `tiers`.
fn stated_requirement(index: usize, row: &PositionRow) -> Result<Maintenance, Wrong> {
    let field = |name: &str| format!("positions[{index}].{name}");
    match (&row.rate, &row.tiers) {
        (Some(rate), None) => {
            let deduction = match &row.deduction {
                Some(text) => not_negative(&field("deduction"), text)?,
                None => rational::from_raw(0, 0),
            };
            Ok(Maintenance::flat(share(&field("rate"), rate)?, deduction))
        }
        (None, Some(_)) if row.deduction.is_some() => {
            let why = "stated beside tiers, expected none: continuity gives it";
            Err((field("deduction"), why.to_owned()))
        }
        (None, Some(rows)) => {
            let mut tiers = Vec::with_capacity(rows.len());
            for (number, row) in rows.iter().enumerate() {
                let field = |name: &str| field(&format!("tiers[{number}].{name}"));
                let cap = match &row.cap {
                    Some(text) => Some(positive(&field("cap"), text)?),
                    None => None,
                };
                tiers.push(RateTier { cap, rate: share(&field("rate"), &row.rate)? });
            }
            Maintenance::from_tiers(tiers).map_err(|error| {
                (field(&error.field), format!("{}, expected {}", error.found, error.right))
            })
        }
        (Some(_), Some(_)) => {
            Err((field("rate"), "stated beside tiers, expected one of both".to_owned()))
        }
        (None, None) => {
            let why = "missing, expected rate, tiers or, for a linear contract, a rulebook";
            Err((field("rate"), why.to_owned()))
        }
    }
}

fn placed(
    index: usize,
    row: &PositionRow,
    market: usize,
    maintenance: Maintenance,
    collateral: &[CollateralRow],
) -> Result<Placed, Wrong> {
    let field = |name: &str| format!("positions[{index}].{name}");
    let size = positive(&field("quantity"), &row.quantity)?;
    let quantity = if row.side == SideRow::Long { size } else { -size };
    let entry = positive(&field("entry"), &row.entry)?;
    let (settle, position) =
        form_of(row, Position::linear(quantity, entry, maintenance), collateral)
            .map_err(|why| (field("settle"), why))?;
    let basis = match row.basis {
        BasisRow::Mark => Basis::Mark,
        BasisRow::Entry => Basis::Entry,
    };
    let rate = match &row.fee {
        Some(text) => Some(share(&field("fee"), text)?),
        None if row.fee_at.is_some() => {
            return Err((field("fee_at"), "stated without fee, expected both".to_owned()));
        }
        None => None,
    };
    let at = row.fee_at.map(|at| match at {
        FeeAtRow::Mark => FeeAtName::Mark,
        FeeAtRow::Bankruptcy => FeeAtName::Bankruptcy,
    });
    let position = position.with_basis(basis).with_fee(fee(rate, at));
    Ok(Placed { market, mark: positive(&field("mark"), &row.mark)?, settle, position })
}

/// Where profit goes, and the position in its form.
fn form_of(
    row: &PositionRow,
    position: Position,
    collateral: &[CollateralRow],
) -> Result<(Settle, Position), String> {
    match (row.form, &row.settle) {
        (FormName::Linear, None) => Ok((Settle::Wallet, position)),
        (FormName::Linear, Some(token)) => {
            Err(format!("'{token}', expected none: a linear contract settles in the wallet"))
        }
        (FormName::Inverse, settle) => {
            let settle = match settle {
                None => Settle::CoinWallet,
                Some(token) => {
                    let place = collateral.iter().position(|it| it.token == *token);
                    let right = "a token of the collateral";
                    Settle::Token(place.ok_or_else(|| format!("'{token}', expected {right}"))?)
                }
            };
            let Position { quantity, entry, maintenance, .. } = position;
            Ok((settle, Position::inverse(quantity, entry, maintenance)))
        }
    }
}

fn place(contracts: &[Contract], name: &str) -> usize {
    contracts.iter().position(|it| it.name == name).unwrap_or(usize::MAX)
}

pub(super) fn number(field: &str, text: &str) -> Result<Rational, Wrong> {
    let right = "a decimal of at most 36 digits before the point and 18 after it, as a text";
    let decimal = Decimal::parse(text)
        .map_err(|error| (field.to_owned(), format!("{error}; expected {right}")))?;
    let value = rational::from_decimal(decimal);
    let most = rational::from_raw(1, 0) / rational::from_raw(1, NUMBER_DIGITS_MAX);
    if value > most || value < -most || decimal.decimals > PLACES {
        return Err((field.to_owned(), format!("'{text}', expected {right}")));
    }
    Ok(value)
}

pub(super) fn positive(field: &str, text: &str) -> Result<Rational, Wrong> {
    let is_right = |value: &Rational| *value > rational::from_raw(0, 0);
    checked(field, text, is_right, "a number above zero")
}

fn not_negative(field: &str, text: &str) -> Result<Rational, Wrong> {
    let is_right = |value: &Rational| *value >= rational::from_raw(0, 0);
    checked(field, text, is_right, "a number of zero or more")
}

pub(super) fn share(field: &str, text: &str) -> Result<Rational, Wrong> {
    let (nought, one) = (rational::from_raw(0, 0), rational::from_raw(1, 0));
    let is_right = |value: &Rational| *value >= nought && *value <= one;
    checked(field, text, is_right, "a share from 0 to 1, such as 0.004")
}

fn checked(
    field: &str,
    text: &str,
    is_right: impl Fn(&Rational) -> bool,
    right: &str,
) -> Result<Rational, Wrong> {
    let value = number(field, text)?;
    if is_right(&value) {
        return Ok(value);
    }
    Err((field.to_owned(), format!("'{text}', expected {right}")))
}
