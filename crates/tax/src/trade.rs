//! Movements as purchases and sales by date: what rules about pools read.

use crate::error::{Result, TaxError};
use breakwater_accounting::{
    AssetId, Change, Date, Movement, Names, OutReason, Outgoing, Quantity, SourceId, Value,
};

/// Which of its two values a disposal counts with, where it has two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Valuation {
    /// What was received, or the debt discharged.
    Proceeds,
    /// Market value of what left.
    Market,
}

/// Units in or out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// Units in.
    Buy,
    /// Units out.
    Sell,
}

/// A purchase or a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trade {
    /// UTC date.
    pub date: Date,
    /// Row or event.
    pub source: SourceId,
    /// Asset.
    pub asset: AssetId,
    /// In or out.
    pub side: Side,
    /// Units.
    pub quantity: Quantity,
    /// Cost or proceeds without the fee.
    pub amount: Value,
    /// Fee.
    pub fee: Value,
    /// Why units went out; none of a purchase.
    pub reason: Option<OutReason>,
}

/// The trades of a list of movements, a move being none.
#[must_use]
pub fn trades(movements: &[Movement], valuation: Valuation) -> Vec<Trade> {
    let trade = |movement: &Movement| {
        let (side, quantity, amount, fee, reason) = match &movement.change {
            Change::In(incoming) => {
                (Side::Buy, incoming.quantity, incoming.cost, incoming.fee, None)
            }
            Change::Out(out) => {
                (Side::Sell, out.quantity, value_of(out, valuation), out.fee, Some(out.how))
            }
            Change::Move { .. } => return None,
        };
        let (date, source, asset) = (Date::of(movement.at), movement.source, movement.asset);
        Some(Trade { date, source, asset, side, quantity, amount, fee, reason })
    };
    movements.iter().filter_map(trade).collect()
}

/// The amount a disposal counts with.
#[must_use]
pub fn value_of(out: &Outgoing, valuation: Valuation) -> Value {
    match (valuation, out.market) {
        (Valuation::Market, Some(market)) => market,
        _ => out.proceeds,
    }
}

/// The movements of somebody who gives up ownership by posting collateral: posting is a disposal
/// at market value, its return an acquisition at market value, and what is taken out of posted
/// collateral was disposed of before.
///
/// # Errors
/// A posting without a price.
pub fn with_ownership_passed(names: &Names, movements: &[Movement]) -> Result<Vec<Movement>> {
    let mut list = Vec::with_capacity(movements.len());
    for movement in movements {
        let pledged = names.is_pledged(movement.wallet);
        match &movement.change {
            Change::Move { to, quantity, price, lots } if names.is_pledged(*to) != pledged => {
                if price.is_zero() {
                    let row = names.source_name(movement.source).to_owned();
                    return Err(TaxError::NoPrice { row });
                }
                let worth = quantity.at(*price)?;
                let change = if pledged {
                    Change::In(breakwater_accounting::Incoming {
                        quantity: *quantity,
                        cost: worth,
                        fee: Value::ZERO,
                        how: breakwater_accounting::Acquired::Bought,
                        acquired: movement.at,
                        price: None,
                    })
                } else {
                    Change::Out(Outgoing {
                        quantity: *quantity,
                        fee_in_kind: Quantity::ZERO,
                        proceeds: worth,
                        fee: Value::ZERO,
                        market: Some(worth),
                        how: OutReason::Posted,
                        lots: lots.clone(),
                    })
                };
                let wallet = if pledged { *to } else { movement.wallet };
                list.push(Movement { wallet, change, ..movement.clone() });
            }
            Change::Out(_) if pledged => {}
            _ => list.push(movement.clone()),
        }
    }
    Ok(list)
}
