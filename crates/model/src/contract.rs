//! What a contract is worth, as an exact fraction of base units of what it settles in.
//!
//! `n` whole units of the underlying are the quantity times the multiplier. A linear contract and an
//! option are worth `n` times the price and their buyer pays; an inverse contract is worth `n` over
//! the price and its buyer gets.

use crate::number::{Fraction, Int, Result, positive, ten};
use crate::pool::Pool;
use breakwater_liquidation::{AssetKind, ContractTerms, Form, Rejection};
use breakwater_money::{AssetId, Price};

/// The contract's terms.
///
/// # Errors
/// An unknown asset, or a token.
pub fn terms(pool: &Pool, asset: AssetId) -> Result<ContractTerms> {
    match pool.asset(asset)?.kind {
        AssetKind::Contract(terms) => Ok(terms),
        AssetKind::Token => Err(Rejection::BadParameter),
    }
}

/// True if whoever buys it pays.
#[must_use]
pub fn buyer_pays(terms: &ContractTerms) -> bool {
    terms.form != Form::Inverse
}

/// True if the value of a position of this side is its holder's, false if it is owed.
#[must_use]
pub fn owned(terms: &ContractTerms, long: bool) -> bool {
    if long { buyer_pays(terms) } else { !buyer_pays(terms) }
}

/// Whole units of the underlying in a quantity.
pub(crate) fn units(pool: &Pool, asset: AssetId, quantity: &Int) -> Result<Fraction> {
    let terms = terms(pool, asset)?;
    let quantity = Fraction::scaled(quantity.clone(), pool.asset(asset)?.decimals);
    Ok(quantity.times(&Fraction::scaled(terms.multiplier.into(), terms.multiplier_decimals)))
}

/// Base units of the settle asset in one whole of it.
pub(crate) fn one(pool: &Pool, asset: AssetId) -> Result<Int> {
    Ok(ten(pool.asset(terms(pool, asset)?.settle)?.decimals))
}

/// A price as a fraction.
#[must_use]
pub fn exact(price: Price) -> Fraction {
    Fraction::scaled(price.raw.into(), price.decimals)
}

/// Worth of a quantity, whichever its side, at a price.
///
/// # Errors
/// Not a contract; an inverse one at a price of nothing.
pub fn worth(pool: &Pool, asset: AssetId, quantity: &Int, price: Price) -> Result<Fraction> {
    let units = units(pool, asset, quantity)?;
    let worth = match terms(pool, asset)?.form {
        Form::Inverse => units.over(&exact(price))?,
        Form::Linear | Form::Option(_) => units.times(&exact(price)),
    };
    Ok(worth.of(&one(pool, asset)?))
}

/// Base units of the contract that are worth a value at a price.
///
/// # Errors
/// As [`worth`]; or a contract worth nothing.
pub fn quantity_for(pool: &Pool, asset: AssetId, value: &Int, price: Price) -> Result<Fraction> {
    let of_one = worth(pool, asset, &Int::from(1), price)?;
    Fraction::scaled(value.clone(), 0).over(&of_one)
}

/// The price, at so many decimals, at which a quantity is worth a value.
///
/// # Errors
/// As [`worth`]; a quantity of nothing.
pub fn price_of(
    pool: &Pool,
    asset: AssetId,
    quantity: &Int,
    value: &Int,
    decimals: u8,
) -> Result<Fraction> {
    let units = units(pool, asset, quantity)?;
    let value = Fraction::new(value.clone(), one(pool, asset)?)?;
    let price = match terms(pool, asset)?.form {
        Form::Inverse => units.over(&value)?,
        Form::Linear | Form::Option(_) => value.over(&units)?,
    };
    Ok(price.of(&ten(decimals)))
}

/// What a quantity pays its holder in the end: a future its value at the delivery price, an option
/// what it is in the money, in coin divided by the price of the underlying.
///
/// # Errors
/// As [`worth`].
pub fn payoff(pool: &Pool, asset: AssetId, quantity: &Int, price: Price) -> Result<Fraction> {
    let Form::Option(option) = terms(pool, asset)?.form else {
        return worth(pool, asset, quantity, price);
    };
    // Both prices in units of the product of their scales.
    let spot = Int::from(price.raw) * ten(option.strike.decimals);
    let strike = Int::from(option.strike.raw) * ten(price.decimals);
    let gain = positive(if option.call { &spot - &strike } else { &strike - &spot });
    let units = units(pool, asset, quantity)?;
    let below = if option.coin { spot } else { ten(option.strike.decimals) * ten(price.decimals) };
    Ok(units.times(&Fraction::new(gain, below)?).of(&one(pool, asset)?))
}
