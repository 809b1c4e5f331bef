//! Kinds about what collateral counts for.

use super::Kind;
use super::scaled::{Scaled, fixed};
use crate::Mismatch;
use crate::compare::{Output, Outputs};
use crate::fields::Fields;
use breakwater_margin::account;
use breakwater_margin::collateral::{
    Balance, CollateralError, CollateralTerms, HaircutTier, Measure, Outstanding, Terms, Valued,
};
use breakwater_money::{Price, Rational, rational};

/// The kinds of this module.
pub(super) const RULES: &[Kind] =
    &[("flat_collateral", flat), ("margin_equity", margin_equity), ("tiered_collateral", tiered)];

/// Decimals of ratios.
const RATIO_DECIMALS: u8 = 9;

/// `tiered_collateral`: price times the sum over tiers of the units inside and their ratio; a
/// negative amount in full -> collateral_value.
pub fn tiered(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let (amount, price) = (input.rational("amount")?, input.positive("price")?);
    let rows = input.rows("tiers")?;
    let edges = rows.iter().map(edge).collect::<Result<Vec<_>, _>>()?;
    let scale = Scaled::common(edges.iter().flatten().chain([&amount]));
    let tier = |(row, edge): (&Fields<'_>, &Option<Rational>)| {
        let to = edge.as_ref().map(|edge| scale.raw(row, "to", edge)).transpose()?;
        Ok(HaircutTier { to, ratio_e9: ratio_e9(row, "ratio", &row.rational("ratio")?)? })
    };
    let tiers = rows.iter().zip(&edges).map(tier).collect::<Result<_, Mismatch>>()?;
    let terms = CollateralTerms::new(Terms::tiered(tiers, Measure::Quantity));
    let terms = terms.map_err(|error| refusal(input, "tiers", error))?;
    let value = value_of(input, "amount", &terms, &amount, &scale)?;
    Ok(vec![("collateral_value", Output::Number(value * price))])
}

/// `flat_collateral`: value times ratio; a debt in full -> collateral_value.
pub fn flat(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let value = input.rational("value")?;
    let ratio_e9 = ratio_e9(input, "ratio", &input.rational("ratio")?)?;
    let terms = CollateralTerms::new(Terms::flat(ratio_e9));
    let terms = terms.map_err(|error| refusal(input, "ratio", error))?;
    let counts = value_of(input, "value", &terms, &value, &Scaled::common([&value]))?;
    Ok(vec![("collateral_value", Output::Number(counts))])
}

/// `margin_equity`: what the balances count for after their haircuts, plus unrealised profit
/// -> margin_equity.
pub fn margin_equity(input: &Fields<'_>) -> Result<Outputs, Mismatch> {
    let rows = input.rows("balances")?;
    let upnl = input.rational("upnl")?;
    let read = |row: &Fields<'_>| Ok((row.rational("usd")?, row.rational("haircut")?));
    let balances = rows.iter().map(read).collect::<Result<Vec<_>, Mismatch>>()?;
    let values = Scaled::common(balances.iter().map(|(usd, _)| usd).chain([&upnl]));
    // Nine more decimals hold every product with a ratio.
    let scale = values.times(&rational::from_raw(1, RATIO_DECIMALS));
    let mut equity = scale.raw(input, "upnl", &upnl)?;
    for (row, (usd, haircut)) in rows.iter().zip(&balances) {
        let ratio_e9 = ratio_e9(row, "haircut", &(rational::from_raw(1, 0) - haircut))?;
        let terms = CollateralTerms::new(Terms::flat(ratio_e9));
        let terms = terms.map_err(|error| refusal(row, "haircut", error))?;
        let counts = valued(row, "usd", &terms, scale.raw(row, "usd", usd)?)?.weighted;
        equity = account::equity(counts, equity)
            .map_err(|error| Mismatch::new(row.path("usd"), "127 bits", error.to_string()))?;
    }
    Ok(vec![("margin_equity", Output::Number(scale.number(equity)))])
}

/// What `amount`, the field `name`, counts for at a price of one. The price scale has the ratio's
/// decimals more, so that nothing is rounded.
fn value_of(
    input: &Fields<'_>,
    name: &str,
    terms: &CollateralTerms,
    amount: &Rational,
    scale: &Scaled,
) -> Result<Rational, Mismatch> {
    let price = Price::new(1_000_000_000, RATIO_DECIMALS);
    let amount = scale.raw(input, name, amount)?;
    let counts = balance(input, name, terms, amount, price)?.weighted;
    Ok(scale.number(counts) * rational::from_raw(1, RATIO_DECIMALS))
}

fn valued(
    input: &Fields<'_>,
    name: &str,
    terms: &CollateralTerms,
    amount: i128,
) -> Result<Valued, Mismatch> {
    balance(input, name, terms, amount, Price::new(1, 0))
}

fn balance(
    input: &Fields<'_>,
    name: &str,
    terms: &CollateralTerms,
    amount: i128,
    price: Price,
) -> Result<Valued, Mismatch> {
    let outstanding = Outstanding::default();
    let balance = Balance { terms, amount, decimals: 0, price, outstanding };
    balance.valued().map_err(|error| refusal(input, name, error))
}

fn edge(row: &Fields<'_>) -> Result<Option<Rational>, Mismatch> {
    let open = row.entries().all(|(name, value)| name != "to" || value.is_null());
    if open { Ok(None) } else { row.rational("to").map(Some) }
}

fn ratio_e9(row: &Fields<'_>, name: &str, ratio: &Rational) -> Result<u64, Mismatch> {
    fixed(row, name, ratio, RATIO_DECIMALS)
}

fn refusal(input: &Fields<'_>, name: &str, error: CollateralError) -> Mismatch {
    let right = "collateral terms that hold together (integers at a common scale)";
    Mismatch::new(input.path(name), right, error.to_string())
}
