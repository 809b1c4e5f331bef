//! The accounts' own orders: placed, filled by whoever matches them, taken off.

use super::call;
use crate::Engine;
use crate::engine::Fault;
use crate::event::{Cause, Outcome, What};
use crate::limits::ORDERS_MAX;
use breakwater_liquidation::{Call, Order, Orders, Rejected, Rejection};
use breakwater_money::{AccountId, AssetId, Price, Time};

pub(super) fn place(
    engine: &mut Engine,
    at: Time,
    order: Order,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    if engine.orders.len() >= ORDERS_MAX {
        let detail = format!("orders: at most {ORDERS_MAX}");
        return Err(Rejection::LimitReached.because(detail).into());
    }
    let account = order.account;
    if account.index() >= engine.standings.len() {
        return Err(Rejection::UnknownAccount.because(account.to_string()).into());
    }
    let number = engine.next_order;
    // The rule is asked of the pool as it would be with the order in it.
    engine.orders.set(number, order);
    let asked = engine.in_force().and_then(|installed| {
        engine.with_view(at, |view| installed.rulebook.may_order(view, &order))
    });
    if let Err(refused) = asked {
        engine.orders.remove(number);
        return Err(refused.into());
    }
    engine.next_order += 1;
    engine.scratch.committed = true;
    Engine::tell(outcome, Cause::Command, What::OrderPlaced { order: number, terms: order });
    Ok(())
}

pub(super) fn cancel(engine: &mut Engine, number: u64, outcome: &mut Outcome) -> Result<(), Fault> {
    let Some(order) = engine.orders.remove(number) else {
        return Err(Rejection::UnknownOrder.because(format!("order {number}")).into());
    };
    engine.scratch.committed = true;
    let told = What::OrderCancelled { order: number, left: order.quantity };
    Engine::tell(outcome, Cause::Command, told);
    Ok(())
}

/// Takes every order of the account off: the first thing a liquidation does.
pub(super) fn cancel_all(
    engine: &mut Engine,
    account: AccountId,
    cause: Cause,
    outcome: &mut Outcome,
) {
    let open: Vec<u64> = engine.orders.of(account).map(|(number, _)| number).collect();
    cancel_these(engine, &open, cause, outcome);
}

/// Takes every order in the contract off: it has ended.
pub(super) fn cancel_ended(
    engine: &mut Engine,
    contract: AssetId,
    cause: Cause,
    outcome: &mut Outcome,
) {
    let all = (0..).map(AccountId).take(engine.standings.len());
    let open: Vec<u64> = all
        .flat_map(|account| engine.orders.of(account))
        .filter(|(_, order)| order.contract == contract)
        .map(|(number, _)| number)
        .collect();
    cancel_these(engine, &open, cause, outcome);
}

fn cancel_these(engine: &mut Engine, open: &[u64], cause: Cause, outcome: &mut Outcome) {
    for number in open.iter().copied() {
        if let Some(order) = engine.orders.remove(number) {
            engine.scratch.committed = true;
            let told = What::OrderCancelled { order: number, left: order.quantity };
            Engine::tell(outcome, cause, told);
        }
    }
}

pub(super) fn fill(
    engine: &mut Engine,
    at: Time,
    (number, against): (u64, Option<u64>),
    quantity: u128,
    price: Price,
    outcome: &mut Outcome,
) -> Result<(), Fault> {
    let trade = trade_of(engine, (number, against), quantity, price)?;
    // Margin is asked of the pool as it would be without what has filled.
    let sides = sides_of(engine, (number, against), quantity);
    for (number, _, left) in &sides {
        engine.orders.set(*number, *left);
    }
    if let Err(refused) = call::run(engine, at, &trade, outcome) {
        for (number, order, _) in sides {
            engine.orders.set(number, order);
        }
        return Err(refused);
    }
    for (number, _, left) in sides {
        let told = What::OrderFilled { order: number, quantity, price, left: left.quantity };
        Engine::tell(outcome, Cause::Command, told);
    }
    Ok(())
}

/// The trade that a fill is, and its parties' orders as they would be after it.
pub(crate) fn matched(
    engine: &Engine,
    deal: (u64, Option<u64>),
    quantity: u128,
    price: Price,
) -> Result<(Call, Orders), Rejected> {
    let trade = trade_of(engine, deal, quantity, price)?;
    let mut orders = Orders::default();
    for account in trade.accounts() {
        engine.orders.of(account).for_each(|(number, order)| orders.set(number, *order));
    }
    for (number, _, left) in sides_of(engine, deal, quantity) {
        orders.set(number, left);
    }
    Ok((trade, orders))
}

/// The trade that a fill is, if its orders allow it.
fn trade_of(
    engine: &Engine,
    (number, against): (u64, Option<u64>),
    quantity: u128,
    price: Price,
) -> Result<Call, Rejected> {
    if against == Some(number) {
        return Err(Rejection::SelfDealing.because(format!("order {number} twice")));
    }
    let own = allowed(engine, number, quantity, price)?;
    let other = against.map(|number| allowed(engine, number, quantity, price)).transpose()?;
    if let Some((against, other)) = against.zip(other)
        && (other.contract != own.contract || other.buy == own.buy)
    {
        let detail =
            format!("against order {against}: the other side of {} is right", own.contract);
        return Err(Rejection::BadParameter.because(detail));
    }
    let other_account = other.map(|order| order.account);
    let (buyer, seller) = if own.buy {
        (Some(own.account), other_account)
    } else {
        (other_account, Some(own.account))
    };
    Ok(Call::Trade { buyer, seller, contract: own.contract, quantity, price })
}

/// The orders of a fill by number, as they are and as they would be after it.
fn sides_of(
    engine: &Engine,
    (number, against): (u64, Option<u64>),
    quantity: u128,
) -> Vec<(u64, Order, Order)> {
    let numbers = std::iter::once(number).chain(against);
    let sides = numbers.filter_map(|number| {
        let order = *engine.orders.get(number)?;
        let left = Order { quantity: order.quantity.saturating_sub(quantity), ..order };
        Some((number, order, left))
    });
    sides.collect()
}

/// The order is there, has as much left, takes the price, and reduces if it may only reduce.
fn allowed(engine: &Engine, number: u64, quantity: u128, price: Price) -> Result<Order, Rejected> {
    let Some(order) = engine.orders.get(number) else {
        return Err(Rejection::UnknownOrder.because(format!("order {number}")));
    };
    if quantity == 0 || quantity > order.quantity {
        let detail = format!("quantity {quantity}, {} left of order {number}", order.quantity);
        return Err(Rejection::ExceedsPlan.because(detail));
    }
    let comparable = price.decimals == order.price.decimals;
    let worse = if order.buy { price.raw > order.price.raw } else { price.raw < order.price.raw };
    if !comparable || worse {
        let detail = format!("price {price}, order {number} at {}", order.price);
        return Err(Rejection::WorseThanLimit.because(detail));
    }
    if order.reduce_only {
        let size = engine.ledger.balance(
            breakwater_money::Holder::Account(order.account),
            breakwater_money::Unit::token(order.contract),
        );
        let reduces = (size > 0 && !order.buy) || (size < 0 && order.buy);
        if !reduces || quantity > size.unsigned_abs() {
            let detail = format!("order {number} may only reduce a position of {size}");
            return Err(Rejection::NotReduceOnly.because(detail));
        }
    }
    Ok(*order)
}
