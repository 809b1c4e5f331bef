//! What a keeper asks before it calls: the largest repayment that will not be refused.

use super::call::{Outcome, accrued, allowed, liquidate_borrow, seize_ratio};
use super::health::liquidity;
use super::market::{Part, Redeemed, redeem, worth};
use super::{Call, Market, Position, Revert, Rule};
use breakwater_money::rounding::mul_div_full;
use breakwater_money::{Rounding, U256, Wad};

/// A call that the rule accepts, with what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The call, its `repay` set.
    pub call: Call,
    /// What the call does.
    pub outcome: Outcome,
}

impl Proposal {
    /// Whether the call leaves the account with less collateral for what it owes than it had, both
    /// as the call itself sees them.
    ///
    /// # Errors
    /// As [`liquidity`].
    pub fn is_toxic(&self) -> Result<bool, Revert> {
        let Some(before) = self.outcome.liquidity else { return Ok(false) };
        let after = liquidity(&self.outcome.markets_after, &self.outcome.positions_after)?;
        Ok(after.ratio()? < before.ratio()?)
    }
}

/// The largest `repay` that the rule accepts for the pair named by `call`, no larger than
/// `call.repay`.
///
/// Three bounds hold at once: the close factor's share of the borrow (all of it in a deprecated
/// market), the market's borrows, and the repayment that buys the account's shares. The venue
/// clamps to none of them. The last is in closed form: the shares bought are the repayment times a
/// ratio, rounded down, and so stay within the balance up to one unit before the next share.
/// Every proposal is executed before it is returned: on the same state it is never refused.
///
/// # Errors
/// Why the venue refuses the pair at any amount, or refuses the largest.
pub fn largest_call(
    rule: &Rule,
    markets: &[Market],
    positions: &[Position],
    call: &Call,
) -> Result<Proposal, Revert> {
    let at = accrued(markets, call)?;
    let (_, owed) = allowed(rule, &at, positions, &Call { repay: U256::ZERO, ..*call })?;
    let named = |place: usize| at.get(place).ok_or(Revert::NotListed);
    let (borrowed, collateral) = (named(call.borrowed)?, named(call.collateral)?);
    let most = if borrowed.is_deprecated() {
        owed
    } else {
        rule.close_factor.of(owed, Rounding::Floor)?
    };
    let held = positions.get(call.collateral).map_or(U256::ZERO, |position| position.shares);
    let covered = most_for(held, seize_ratio(rule, borrowed, collateral)?)?;
    let repay = call.repay.min(most).min(borrowed.total_borrows).min(covered);
    let call = Call { repay, ..*call };
    let outcome = liquidate_borrow(rule, markets, positions, &call)?;
    Ok(Proposal { call, outcome })
}

/// The most that may be repaid for at most `shares`: the largest amount whose product with the
/// ratio stays below the next share. Without a ratio no amount buys any.
fn most_for(shares: U256, ratio: Wad) -> Result<U256, Revert> {
    if ratio.raw.is_zero() {
        return Ok(U256::MAX);
    }
    let next = shares.checked_add(U256::ONE).ok_or(Revert::Arithmetic)?;
    let least_refused =
        mul_div_full(next, Wad::one().raw, ratio.raw, Rounding::Ceil).unwrap_or(U256::MAX);
    Ok(least_refused.saturating_sub(U256::ONE))
}

/// How a call is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Whether the caller redeems the shares it receives in the same transaction.
    pub redeems: bool,
    /// Blocks for which the call must stay acceptable after this one, nothing else happening.
    pub blocks: u64,
}

/// What an accepted call does under `terms`, in this block: its outcome, and what the caller's
/// shares are redeemed for. Without redemption the latter is what they are worth.
///
/// # Errors
/// As [`liquidate_borrow`], and [`Revert::NoCash`] where the redemption cannot be paid out.
pub(super) fn call_in(
    rule: &Rule,
    markets: &[Market],
    positions: &[Position],
    call: &Call,
    redeems: bool,
) -> Result<(Outcome, Redeemed), Revert> {
    let outcome = liquidate_borrow(rule, markets, positions, call)?;
    let market = outcome.markets_after.get(call.collateral).ok_or(Revert::NotListed)?;
    let shares = outcome.to_liquidator;
    let redeemed = if redeems {
        redeem(market, Part::Shares(shares))?.1
    } else {
        Redeemed { shares, units: worth(market, shares)? }
    };
    Ok((outcome, redeemed))
}

/// The largest call as [`largest_call`] finds it, lowered where the market's cash does not pay for
/// the shares, that is accepted in this block and in each of the next ones that `terms` names.
///
/// Time makes the borrow and the exchange rate grow, so that an amount stays within its bounds;
/// but the account may recover, and then no amount would be accepted later.
///
/// # Errors
/// Why the venue refuses the pair, now or in one of those blocks.
pub fn lasting_call(
    rule: &Rule,
    markets: &[Market],
    positions: &[Position],
    call: &Call,
    terms: Terms,
) -> Result<Proposal, Revert> {
    let top = largest_call(rule, markets, positions, call)?;
    let earns = markets.iter().any(Market::earns);
    let last = if earns { terms.blocks } else { 0 };
    let mut later = Vec::new();
    for block in 0..=last {
        let mut markets = markets.to_vec();
        for market in &mut markets {
            let blocks = market.blocks.checked_add(U256::from(block));
            market.blocks = blocks.ok_or(Revert::Arithmetic)?;
        }
        later.push(markets);
    }
    let accepted = |call: &Call| {
        later.iter().try_for_each(|markets| {
            call_in(rule, markets, positions, call, terms.redeems).map(drop)
        })
    };
    let (mut low, mut high) = match accepted(&top.call) {
        Ok(()) => return Ok(top),
        Err(Revert::NoCash) => (U256::ZERO, top.call.repay),
        Err(other) => return Err(other),
    };
    while high.saturating_sub(low) > U256::ONE {
        let middle = low + ((high - low) >> 1);
        match accepted(&Call { repay: middle, ..*call }) {
            Ok(()) => low = middle,
            Err(Revert::NoCash) => high = middle,
            Err(other) => return Err(other),
        }
    }
    let call = Call { repay: low, ..*call };
    let outcome = liquidate_borrow(rule, markets, positions, &call)?;
    Ok(Proposal { call, outcome })
}
