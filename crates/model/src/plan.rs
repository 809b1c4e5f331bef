//! What to sell: every number of lots is tried, from one upwards.

use crate::lending::KeeperOption;
use crate::number::{Int, Result, ceil, floor, narrow, ten};
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
    let mut quantity = Int::from(0);
    while quantity < whole {
        quantity = (quantity + &lot).min(whole.clone());
        let last = leg(pool, policy, item, narrow(&quantity)?)?;
        let mut legs = chosen.to_vec();
        legs.push(last);
        match after(rule, pool, account, &legs) {
            Ok(health) if meets(&health, policy) => return Ok(Some(last)),
            // What the rule refuses in part it may still take whole.
            Err(refused) if quantity == whole => return Err(refused),
            _ => {}
        }
    }
    Ok(None)
}

/// Base units of an asset worth the policy's lot, which is a value in the numeraire; rounded up.
fn lot(rule: &Rule, pool: &Pool, policy: &Policy, asset: AssetId) -> Result<Int> {
    let price = pool.price(asset)?;
    let scaled = Int::from(policy.lot_value) * ten(price.decimals);
    let value = ceil(&scaled, &ten(rule.numeraire_decimals(pool)))?;
    let lot = ceil(&(value * ten(pool.asset(asset)?.decimals)), &Int::from(price.raw))?;
    Ok(lot.max(Int::from(1)))
}

fn meets(health: &Health, policy: &Policy) -> bool {
    let enough = match policy.close {
        Close::Full => health.requirement == 0,
        _ => health.ratio >= policy.target_ratio,
    };
    enough && !health.breach
}

/// A sale of a quantity, no worse than the slippage allows.
fn leg(pool: &Pool, policy: &Policy, item: &Saleable, quantity: u128) -> Result<Leg> {
    let mark = pool.price(item.asset)?;
    // What settles is often priced nowhere: it is the numeraire itself.
    let against = match pool.price(item.proceeds_asset) {
        Ok(price) => price,
        Err(_) => Price { raw: narrow(&ten(mark.decimals))?, decimals: mark.decimals },
    };
    // Six digits at least, as long as eighteen decimals give them.
    let mut decimals = mark.decimals;
    let fair = loop {
        let scale = ten(against.decimals) * ten(decimals - mark.decimals);
        let fair = floor(&(Int::from(mark.raw) * scale), &Int::from(against.raw))?;
        if fair >= Int::from(1_000_000) || decimals >= 18 {
            break fair;
        }
        decimals += 1;
    };
    let (bps, one) = (Int::from(policy.slippage_bps), Int::from(10_000));
    let worst = if item.buy_back {
        ceil(&(fair * (&one + bps)), &one)?
    } else {
        floor(&(fair * (&one - bps)), &one)?
    };
    Ok(Leg {
        asset: item.asset,
        quantity,
        buy_back: item.buy_back,
        proceeds_asset: item.proceeds_asset,
        worst_price: Price { raw: narrow(&worst)?, decimals },
    })
}

/// What a quantity of a leg brings in or costs at its worst price, rounded against the account.
///
/// # Errors
/// An unknown asset, or a number beyond 128 bits.
pub fn at_worst(pool: &Pool, leg: &Leg, quantity: u128) -> Result<u128> {
    let from = ten(pool.asset(leg.asset)?.decimals) * ten(leg.worst_price.decimals);
    let to = ten(pool.asset(leg.proceeds_asset)?.decimals);
    let value = Int::from(quantity) * Int::from(leg.worst_price.raw) * to;
    narrow(&if leg.buy_back { ceil(&value, &from)? } else { floor(&value, &from)? })
}

/// Health if every leg fills at its worst price.
fn after(rule: &Rule, pool: &Pool, account: AccountId, legs: &[Leg]) -> Result<Health> {
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
    rule.health(&pool, account)
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
