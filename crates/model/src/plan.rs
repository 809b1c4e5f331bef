//! What to sell: every number of lots is tried, from one upwards.

use crate::contract;
use crate::lending::KeeperOption;
use crate::number::{Fraction, Int, Result, ceil, floor, narrow, ten};
use crate::pool::Pool;
use crate::rule::Rule;
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{Call, Close, Leg, Policy, Reason, Rejection};
use breakwater_margin::Health;
use breakwater_money::{AccountId, AssetId, Price};

/// The venue's own sale for an account in breach: the fewest lots of each holding, in the rule's
/// order, that reach the target at the worst price allowed, or leave nothing owed for a full close;
/// everything where nothing less does.
///
/// # Errors
/// [`Rejection::Healthy`], [`Rejection::NothingToSell`], or the rule's refusal of a whole holding.
pub fn sale(
    rule: &Rule,
    pool: &Pool,
    account: AccountId,
    policy: &Policy,
) -> Result<(Vec<Leg>, Reason)> {
    let before = rule.health(pool, account)?;
    if !before.breach {
        return Err(Rejection::Healthy);
    }
    let items = rule.saleable(pool, account)?;
    let whole = |item: &Saleable| leg(pool, policy, item, item.quantity);
    let everything = items.iter().map(whole).collect::<Result<Vec<Leg>>>()?;
    let full = policy.close == Close::Full;
    let mut chosen: Vec<Leg> = Vec::new();
    for item in &items {
        if let Some(last) = fewest(rule, pool, account, policy, &chosen, item)? {
            chosen.push(last);
            let reason = if full { Reason::FullClose } else { Reason::TargetHealth };
            return Ok((chosen, reason));
        }
        chosen.push(whole(item)?);
    }
    let after = after(rule, pool, account, &chosen)?;
    let reason = match after.ratio < before.ratio {
        _ if full => Reason::FullClose,
        true => Reason::Toxic,
        false => Reason::TargetOutOfReach,
    };
    if everything.is_empty() {
        return Err(Rejection::NothingToSell);
    }
    Ok((everything, reason))
}

/// The fewest lots of one holding that reach the target on top of the legs already chosen; none if
/// not even all of it does.
fn fewest(
    rule: &Rule,
    pool: &Pool,
    account: AccountId,
    policy: &Policy,
    chosen: &[Leg],
    item: &Saleable,
) -> Result<Option<Leg>> {
    let whole = Int::from(item.quantity);
    let lot = lot(rule, pool, policy, item.asset)?.min(whole.clone());
    let leg_of = |count: &Int| {
        let quantity = (count * &lot).min(whole.clone());
        leg(pool, policy, item, narrow(&quantity)?)
    };
    // What the rule refuses of all of it is no plan.
    let mut legs = chosen.to_vec();
    legs.push(leg(pool, policy, item, item.quantity)?);
    after(rule, pool, account, &legs)?;
    let reaches = |count: &Int| {
        let mut legs = chosen.to_vec();
        legs.push(leg_of(count)?);
        // What the rule refuses in part it may still take whole.
        Ok(after(rule, pool, account, &legs).is_ok_and(|health| meets(&health, policy)))
    };
    let count = fewest_lots(&ceil(&whole, &lot)?, reaches)?;
    count.map(|count| leg_of(&count)).transpose()
}

/// Sizes of one holding that are tried before it is looked at more closely.
const GRID: u8 = 64;

/// The fewest of so many lots that reach a target. More may fail where less reaches it, so that a
/// grid of sizes is tried from the smallest up; within the first step that ends in one that reaches
/// it, every lot is.
pub(crate) fn fewest_lots(
    lots: &Int,
    reaches: impl Fn(&Int) -> Result<bool>,
) -> Result<Option<Int>> {
    let steps = lots.clone().min(Int::from(GRID));
    let mut below = Int::from(0);
    let mut step = Int::from(1);
    while step <= steps {
        let size = ceil(&(lots * &step), &steps)?;
        if reaches(&size)? {
            let mut count = below + 1;
            while count < size && !reaches(&count)? {
                count += 1;
            }
            return Ok(Some(count));
        }
        below = size;
        step += 1;
    }
    Ok(None)
}

/// Base units of an asset worth the policy's lot, which is a value in the numeraire; rounded up. The
/// lot of a contract is first what of its settle asset is worth it, rounded up as well.
pub(crate) fn lot(rule: &Rule, pool: &Pool, policy: &Policy, asset: AssetId) -> Result<Int> {
    let price = pool.price(asset)?;
    let lot = match contract::terms(pool, asset) {
        Ok(terms) => {
            let value = rule.amount_for(pool, terms.settle, &Int::from(policy.lot_value))?;
            contract::quantity_for(pool, asset, &value, price)?.up()
        }
        Err(_) => {
            let scaled = Int::from(policy.lot_value) * ten(price.decimals);
            let value = ceil(&scaled, &ten(rule.numeraire_decimals(pool)))?;
            ceil(&(value * ten(pool.asset(asset)?.decimals)), &Int::from(price.raw))?
        }
    };
    Ok(lot.max(Int::from(1)))
}

fn meets(health: &Health, policy: &Policy) -> bool {
    let enough = match policy.close {
        Close::Full => health.requirement == 0,
        _ => health.ratio >= policy.target_ratio,
    };
    enough && !health.breach
}

/// The mark in what the sale brings in. A contract's mark is in its own terms; a token's has six
/// digits at least, as long as eighteen decimals give them.
pub(crate) fn fair(pool: &Pool, item: &Saleable) -> Result<Price> {
    let mark = pool.price(item.asset)?;
    if contract::terms(pool, item.asset).is_ok() {
        return Ok(mark);
    }
    // What settles is often priced nowhere: it is the numeraire itself.
    let against = match pool.price(item.proceeds_asset) {
        Ok(price) => contract::exact(price),
        Err(_) => Fraction::scaled(Int::from(1), 0),
    };
    let exact = contract::exact(mark).over(&against)?;
    let mut decimals = mark.decimals;
    while exact.of(&ten(decimals)).down() < ten(6) && decimals < 18 {
        decimals += 1;
    }
    Ok(Price { raw: narrow(&exact.of(&ten(decimals)).down())?, decimals })
}

/// A price moved against whoever sells, or buys back.
pub(crate) fn slipped(fair: &Int, bps: u32, buy_back: bool) -> Result<Int> {
    let (bps, one) = (Int::from(bps), Int::from(10_000));
    if buy_back { ceil(&(fair * (&one + bps)), &one) } else { floor(&(fair * (&one - bps)), &one) }
}

/// A sale of a quantity, no worse than the slippage allows.
fn leg(pool: &Pool, policy: &Policy, item: &Saleable, quantity: u128) -> Result<Leg> {
    let fair = fair(pool, item)?;
    let worst = slipped(&Int::from(fair.raw), policy.slippage_bps, item.buy_back)?;
    Ok(Leg {
        asset: item.asset,
        quantity,
        buy_back: item.buy_back,
        proceeds_asset: item.proceeds_asset,
        worst_price: Price { raw: narrow(&worst)?, decimals: fair.decimals },
    })
}

/// True if a leg costs its account something: what is closed was owed.
///
/// # Errors
/// An unknown asset.
pub fn pays(pool: &Pool, leg: &Leg) -> Result<bool> {
    pool.asset(leg.asset)?;
    let terms = contract::terms(pool, leg.asset);
    Ok(terms.map_or(leg.buy_back, |terms| !contract::owned(&terms, !leg.buy_back)))
}

/// What a quantity of a leg brings in or costs at its worst price, rounded against the account.
///
/// # Errors
/// An unknown asset, or a number beyond 128 bits.
pub fn at_worst(pool: &Pool, leg: &Leg, quantity: u128) -> Result<u128> {
    let quantity = Int::from(quantity);
    let value = if contract::terms(pool, leg.asset).is_ok() {
        contract::worth(pool, leg.asset, &quantity, leg.worst_price)?
    } else {
        let whole = Fraction::scaled(quantity, pool.asset(leg.asset)?.decimals);
        let to = ten(pool.asset(leg.proceeds_asset)?.decimals);
        whole.times(&contract::exact(leg.worst_price)).of(&to)
    };
    narrow(&if pays(pool, leg)? { value.up() } else { value.down() })
}

/// Health if every leg fills at its worst price.
fn after(rule: &Rule, pool: &Pool, account: AccountId, legs: &[Leg]) -> Result<Health> {
    rule.health(&sold(rule, pool, account, legs)?, account)
}

/// Whether the target is reached if every leg fills at its worst price.
pub(crate) fn reached(
    rule: &Rule,
    pool: &Pool,
    account: AccountId,
    policy: &Policy,
    legs: &[Leg],
) -> bool {
    after(rule, pool, account, legs).is_ok_and(|health| meets(&health, policy))
}

/// The pool if every leg fills at its worst price.
pub(crate) fn sold(rule: &Rule, pool: &Pool, account: AccountId, legs: &[Leg]) -> Result<Pool> {
    let mut pool = pool.clone();
    for leg in legs {
        let call = Call::Fill {
            account,
            asset: leg.asset,
            quantity: leg.quantity,
            proceeds: at_worst(&pool, leg, leg.quantity)?,
            proceeds_asset: leg.proceeds_asset,
        };
        rule.perform(&mut pool, &call)?;
    }
    Ok(pool)
}

/// Value that a keeper's call repays at most under the policy: the venue's largest call, or the
/// fewest lots of it that reach the target.
///
/// # Errors
/// [`Rejection::Healthy`] or [`Rejection::NothingToSell`].
pub fn keeper_bound(rule: &Rule, pool: &Pool, account: AccountId, policy: &Policy) -> Result<u128> {
    if !rule.health(pool, account)?.breach {
        return Err(Rejection::Healthy);
    }
    let best = rule.options(pool, account)?.into_iter().next().ok_or(Rejection::NothingToSell)?;
    if policy.close != Close::Target || best.toxic {
        return Ok(best.repaid_value);
    }
    Ok(fewest_by_call(rule, pool, account, policy, &best)?.unwrap_or(best.repaid_value))
}

/// Value repaid by the fewest lots of the best call that the rule accepts and that reach the
/// target; none if none does.
fn fewest_by_call(
    rule: &Rule,
    pool: &Pool,
    account: AccountId,
    policy: &Policy,
    best: &KeeperOption,
) -> Result<Option<u128>> {
    let Call::RepayAndSeize { debt, .. } = best.call else { return Ok(None) };
    let lot = lot(rule, pool, policy, debt)?;
    let most = Int::from(best.repaid);
    let mut amount = Int::from(0);
    while amount < most {
        amount = (amount + &lot).min(most.clone());
        let mut call = best.call.clone();
        if let Call::RepayAndSeize { amount: size, .. } = &mut call {
            *size = narrow(&amount)?;
        }
        let mut tried = pool.clone();
        let Ok(facts) = rule.perform(&mut tried, &call) else { continue };
        if meets(&rule.health(&tried, account)?, policy) {
            return Ok(value_repaid(&facts));
        }
    }
    Ok(None)
}

/// Value that a liquidation repaid, by its own fact.
#[must_use]
pub fn value_repaid(facts: &[breakwater_liquidation::Fact]) -> Option<u128> {
    facts.iter().find_map(|fact| match fact {
        breakwater_liquidation::Fact::Seized { repaid_value, .. } => Some(*repaid_value),
        _ => None,
    })
}
