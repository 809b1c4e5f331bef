//! The sale of collateral that the market owns.
//!
//! Source: `Comet.sol` (`buyCollateral`, `quoteCollateral`, `getReserves`), d5a30b0a.

use super::accrual::{present_borrow, present_supply};
use super::{Base, Collateral, Revert, readable};
use breakwater_money::rounding::{div_wide, narrow_i128, product};
use breakwater_money::{Rounding, U256, Wad};

/// On what terms the market sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreFront {
    /// Base units of reserves from which nothing is sold.
    pub target_reserves: U256,
    /// Share of an asset's liquidation penalty that a buyer gets as a discount (1e18).
    pub price_factor: Wad,
    /// Base units that the market holds.
    pub base_balance: U256,
}

/// What a buyer sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Place of the asset in the market's list.
    pub place: usize,
    /// Base units paid, all of which are taken.
    pub base_amount: U256,
    /// Least units of the asset that the buyer accepts.
    pub least: U256,
    /// Units of the asset that the market owns: what it holds less what accounts put up.
    pub collateral_reserves: U256,
}

/// The price of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// The discount (1e18), rounded down.
    pub discount_factor: Wad,
    /// The asset's price less the discount (1e8), rounded down.
    pub discounted_price: U256,
    /// Units of the asset for the payment, rounded down twice.
    pub amount: U256,
}

/// An accepted sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purchase {
    /// Reserves before the payment, base units.
    pub reserves: i128,
    /// Its price and size.
    pub quote: Quote,
}

/// What the market has beyond what it owes its suppliers, base units: its balance less the present
/// value supplied, plus the present value owed. The indices of `base` must be accrued.
///
/// # Errors
/// [`Revert::Arithmetic`] when a part leaves 128 bits with a sign. The venue has 256 there, but no
/// principal of 104 bits reaches either.
pub fn reserves(base: &Base, balance: U256) -> Result<i128, Revert> {
    let supplied = narrow_i128(present_supply(base.totals.supply, base.indices)?)?;
    let owed = narrow_i128(present_borrow(base.totals.borrow, base.indices)?)?;
    let balance = narrow_i128(balance)?;
    balance.checked_sub(supplied).and_then(|rest| rest.checked_add(owed)).ok_or(Revert::Arithmetic)
}

/// What `base_amount` base units buy of `collateral` when a buyer gets the share `price_factor` of
/// the liquidation penalty as a discount.
///
/// # Errors
/// [`Revert::BadPrice`] when either price is missing; [`Revert::Arithmetic`] when the discounted
/// price is zero or a product leaves 256 bits.
pub fn quote(
    base: &Base,
    collateral: &Collateral,
    price_factor: Wad,
    base_amount: U256,
) -> Result<Quote, Revert> {
    let one = Wad::one().raw;
    let asset_price = readable(collateral.price)?;
    let penalty = one.checked_sub(collateral.liquidation_factor.raw).ok_or(Revert::Arithmetic)?;
    let discount = price_factor.of(penalty, Rounding::Floor)?;
    let rest = one.checked_sub(discount).ok_or(Revert::Arithmetic)?;
    let discounted_price = Wad::from_raw(rest).of(asset_price, Rounding::Floor)?;
    let paid = product(&[base.read_price()?, base_amount, collateral.unit()?])?;
    let per_price = div_wide(paid, discounted_price, Rounding::Floor)?;
    let amount = div_wide(per_price, base.unit()?, Rounding::Floor)?;
    Ok(Quote { discount_factor: Wad::from_raw(discount), discounted_price, amount })
}

/// Sells collateral for exactly the payment offered, or says why the venue refuses.
///
/// The indices of `base` must be accrued to the call; the venue does not store them here.
///
/// # Errors
/// In the venue's order: [`Revert::NotForSale`], [`Revert::BadAsset`], those of [`quote`],
/// [`Revert::TooMuchSlippage`], [`Revert::InsufficientReserves`].
pub fn buy_collateral(
    base: &Base,
    collaterals: &[Collateral],
    front: &StoreFront,
    order: &Order,
) -> Result<Purchase, Revert> {
    let reserves = reserves(base, front.base_balance)?;
    if reserves >= 0 && U256::from(reserves.unsigned_abs()) >= front.target_reserves {
        return Err(Revert::NotForSale);
    }
    let collateral = collaterals.get(order.place).ok_or(Revert::BadAsset)?;
    let quote = quote(base, collateral, front.price_factor, order.base_amount)?;
    if quote.amount < order.least {
        return Err(Revert::TooMuchSlippage);
    }
    if quote.amount > order.collateral_reserves {
        return Err(Revert::InsufficientReserves);
    }
    Ok(Purchase { reserves, quote })
}
