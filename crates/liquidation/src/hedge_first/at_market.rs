//! The ways that do not hedge, over the same depth: what hedging first is compared with.

use super::search::{Asked, Search};
use super::{HedgePlan, HedgeTerms};
use crate::{Rejected, Rulebook, View};
use breakwater_margin::health::Ratio;
use breakwater_money::AccountId;

/// Closes every option at once, whatever the market takes for it: depth first, the rest at the worst
/// price of the terms. What relieves most requirement by itself goes first.
///
/// # Errors
/// As [`plan_hedge_first`](super::plan_hedge_first).
pub fn close_at_market(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    target: Ratio,
    terms: &HedgeTerms,
) -> Result<HedgePlan, Rejected> {
    let mut search = Search::new(rulebook, view, account, target, terms)?;
    let mut order: Vec<(u128, Asked)> = Vec::new();
    for position in search.options()? {
        let after = search.traded(&search.stand, &position)?;
        order.push((after.health.requirement, position));
    }
    // The least that is still required is the most that is relieved.
    order.sort_by_key(|(left, position)| (*left, position.asset));
    for (_, position) in &order {
        search.stand = search.traded(&search.stand, position)?;
    }
    search.plan()
}

/// Closes options in the order of requirement relieved per cost, as few as meet the target, within the
/// depth that is there now, and hedges nothing.
///
/// # Errors
/// As [`plan_hedge_first`](super::plan_hedge_first).
pub fn close_minimal(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    target: Ratio,
    terms: &HedgeTerms,
) -> Result<HedgePlan, Rejected> {
    let mut search = Search::new(rulebook, view, account, target, terms)?;
    search.close_in_order(false)?;
    search.plan()
}
