//! What a keeper asks before it calls: the largest repayment that will not be refused.

use super::call::{Outcome, accrued, allowed, liquidate_borrow, seize_ratio};
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
