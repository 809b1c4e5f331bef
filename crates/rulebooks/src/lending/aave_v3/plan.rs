//! What a keeper asks before it calls: the largest repayment that will not be refused.

use super::call::{Outcome, liquidation_call, validate};
use super::health::{Totals, totals};
use super::sizing::Pair;
use super::{Call, Emode, Reserve, Revert, Rule, UserReserve};
use breakwater_money::U256;

/// A call that the rule accepts, with what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The call, its `debt_to_cover` set. What is really repaid stands in the outcome and may be
    /// less where the collateral does not suffice.
    pub call: Call,
    /// What the call does.
    pub outcome: Outcome,
    /// Whether the venue's own most is accepted: then an offer of more asks for the same, and goes
    /// on asking for the most when interest has accrued by the time the call is included.
    pub most: bool,
}

/// Whether the rule accepts `call` as it stands.
///
/// # Errors
/// Why not.
pub fn accepted(
    rule: &Rule,
    reserves: &[Reserve],
    users: &[UserReserve],
    emode: Option<&Emode>,
    call: &Call,
) -> Result<(), Revert> {
    liquidation_call(rule, reserves, users, emode, call).map(drop)
}

/// The largest `debt_to_cover` that the rule accepts for the pair named by `call`, no larger
/// than `call.debt_to_cover` and than what the close factor allows.
///
/// The most that the close factor allows clears one side or leaves enough on both, as a rule.
/// Where taking the whole collateral would repay a debt that rounds to nothing, the most whose
/// collateral still fits comes next; where dust would stay, the most that leaves enough on both.
/// The collateral taken never falls as the repayment grows, so each of these amounts ends a range
/// of its kind and is found by halving. Every proposal is executed before it is returned: on the
/// same state it is never refused.
///
/// Where the reserve's cash is short of the collateral, no smaller amount is sought: the keeper
/// asks again with `receive_atoken`, which needs no cash.
///
/// # Errors
/// Why the venue refuses the pair at any amount, or refuses the largest.
pub fn largest_call(
    rule: &Rule,
    reserves: &[Reserve],
    users: &[UserReserve],
    emode: Option<&Emode>,
    call: &Call,
) -> Result<Proposal, Revert> {
    let totals = totals(reserves, users, emode)?;
    let pair = validate(&totals, reserves, users, emode, call)?;
    let (_, most) = pair.close_factor(rule, &totals)?;
    let most = most.min(call.debt_to_cover);
    let propose = |amount: U256| {
        let call = Call { debt_to_cover: amount, ..*call };
        liquidation_call(rule, reserves, users, emode, &call).map(|outcome| Proposal {
            call,
            outcome,
            most: amount == most,
        })
    };
    let mut top = most;
    let mut answer = propose(top);
    if answer == Err(Revert::ZeroBurn) {
        top = largest(top, |amount| fits(rule, &pair, amount))?.ok_or(Revert::ZeroBurn)?;
        answer = propose(top);
    }
    if answer == Err(Revert::Dust) {
        let enough = |amount| leaves_enough(rule, &totals, &pair, amount);
        answer = propose(largest(top, enough)?.ok_or(Revert::Dust)?);
    }
    answer
}

/// Whether repaying `amount` leaves enough on both sides. Once false it stays false for larger
/// amounts, short of clearing a side.
fn leaves_enough(
    rule: &Rule,
    totals: &Totals,
    pair: &Pair<'_>,
    amount: U256,
) -> Result<bool, Revert> {
    pair.leaves_no_dust(rule, &pair.size(rule, totals, amount)?)
}

/// Whether the collateral for `amount` is not cut to the balance.
fn fits(rule: &Rule, pair: &Pair<'_>, amount: U256) -> Result<bool, Revert> {
    let (debt, _, _) = pair.amounts(rule, amount)?;
    Ok(debt == amount)
}

/// The largest amount from 1 to below `refused` for which `holds`, which must be true up to some
/// amount and false beyond it; `None` when it is false at 1.
fn largest(
    refused: U256,
    holds: impl Fn(U256) -> Result<bool, Revert>,
) -> Result<Option<U256>, Revert> {
    let (mut low, mut high) = (U256::ZERO, refused);
    while high.saturating_sub(low) > U256::ONE {
        let middle = low + ((high - low) >> 1);
        if holds(middle)? {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(if low.is_zero() { None } else { Some(low) })
}
