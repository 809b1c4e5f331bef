//! What a keeper could call, each pair at the largest amount that is not refused.

use super::liquidation::{Pair, Size};
use super::{Terms, Totals};
use crate::number::{Int, Result, narrow};
use crate::pool::Pool;
use breakwater_liquidation::{Call, Rejection};
use breakwater_money::AccountId;
use num_traits::{One, Zero};

/// One call that would be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeeperOption {
    /// The call.
    pub call: Call,
    /// Debt it repays, in units.
    pub repaid: u128,
    /// Value it repays, rounded up.
    pub repaid_value: u128,
    /// True if it lowers health.
    pub toxic: bool,
}

/// Every pair's largest accepted call: those that do not lower health first, then most gain, then
/// the larger repayment, then the lower debt and collateral.
///
/// # Errors
/// A price that was never accepted.
pub fn options(terms: &Terms, pool: &Pool, account: AccountId) -> Result<Vec<KeeperOption>> {
    let mut found: Vec<((bool, Int, Int), KeeperOption)> = Vec::new();
    let stakes = terms.stakes(pool, account)?;
    for debt in stakes.iter().filter(|s| !s.debt_shares.is_zero()) {
        for collateral in stakes.iter().filter(|s| s.counts) {
            let pair = terms.pair(pool, account, debt.asset, collateral.asset)?;
            let call = |amount| Call::RepayAndSeize {
                account,
                debt: debt.asset,
                collateral: collateral.asset,
                amount,
                shares: false,
                liquidator: None,
            };
            let Some((amount, size)) = largest(terms, pool, &pair, call)? else { continue };
            let repaid = &size.repaid;
            let repaid_value = debt.burden(repaid)?;
            // The venue's cut is no gain of the caller's.
            let gain = (collateral.worth(&size.out)? - &repaid_value).max(Int::zero());
            let health = super::totals(&stakes)?.health;
            // Threshold times bonus against health, both sides at 1e26.
            let weight = &collateral.threshold * Int::from(collateral.terms.bonus);
            let toxic = weight * crate::number::wad() > health * crate::number::ten(8);
            let option = KeeperOption {
                call: call(narrow(&amount)?),
                repaid: narrow(repaid)?,
                repaid_value: narrow(&repaid_value)?,
                toxic,
            };
            found.push(((toxic, -gain, -repaid_value), option));
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found.into_iter().map(|(_, option)| option).collect())
}

/// The amount of the pair's largest accepted call and what it does, with the fee it really takes.
///
/// The amount is what is offered, not what is repaid: where the collateral does not suffice, an
/// offer of just what it pays for may take a unit less of it and leave dust.
fn largest(
    terms: &Terms,
    pool: &Pool,
    pair: &Pair,
    call: impl Fn(u128) -> Call,
) -> Result<Option<(Int, Size)>> {
    let totals = terms.may_call(pair)?;
    let (most, _) = terms.most(pair, &totals)?;
    let accepted = |amount: &Int| -> Result<Option<(Int, Size)>> {
        let facts = match terms.seize(&mut pool.clone(), &call(narrow(amount)?)) {
            Ok(facts) => facts,
            Err(_) => return Ok(None),
        };
        let size = terms.size(pair, &totals, amount)?;
        let fee = facts.iter().find_map(|fact| match fact {
            breakwater_liquidation::Fact::Seized { fee, .. } => Some(Int::from(fee.raw)),
            _ => None,
        });
        let size = Size { fee: fee.ok_or(Rejection::Overflow)?, ..size };
        Ok(Some((amount.clone(), size)))
    };
    if let Some((_, size)) = accepted(&most)? {
        // An offer without bound asks for the venue's most, whatever it is by then.
        return Ok(Some((Int::from(u128::MAX), size)));
    }
    // Either dust would stay, or the collateral pays for no share of debt: in both cases what
    // holds for an amount holds for every smaller one, so the largest is found by halving.
    let fits = last_where(&most, |amount| {
        let size = terms.size(pair, &totals, amount)?;
        Ok(size.repaid == *amount)
    })?;
    if let Some(found) = fits.as_ref().map_or(Ok(None), &accepted)? {
        return Ok(Some(found));
    }
    let enough = last_where(&most, |amount| leaves_enough(terms, pair, &totals, amount))?;
    enough.as_ref().map_or(Ok(None), accepted)
}

/// True if repaying `amount` leaves enough on both sides, whatever the pool's own rule of clearing.
fn leaves_enough(terms: &Terms, pair: &Pair, totals: &Totals, amount: &Int) -> Result<bool> {
    let size = terms.size(pair, totals, amount)?;
    terms.leaves_no_dust(pair, &size)
}

/// The last of 1, 2, 3 ... below `end` for which `holds`, if it holds for a first part of them.
fn last_where(end: &Int, holds: impl Fn(&Int) -> Result<bool>) -> Result<Option<Int>> {
    let (mut yes, mut no) = (Int::zero(), end.clone());
    while &no - &yes > Int::one() {
        let middle: Int = (&no + &yes) >> 1u8;
        if holds(&middle)? {
            yes = middle;
        } else {
            no = middle;
        }
    }
    Ok(if yes.is_zero() { None } else { Some(yes) })
}
