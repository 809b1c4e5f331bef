//! The planner: what to sell, where, how much now and how much later, at least expected cost and
//! risk of a further loss.
//!
//! All outlets of a holding are merged into one curve of steps; a step costs what it pays less than
//! the mark. Later slices are outlets as well: the depth that has come back by then, at the same
//! price and the risk of waiting for it. So a step is sold now exactly if it costs no more than
//! waiting is expected to cost, and the optimal worst price comes out of it. What a step relieves is
//! asked of the rulebook: equity above the target's requirement, gained a unit. Steps are taken in the
//! order of cost over relief, so that in the end no holding relieves the margin cheaper than another
//! (water-filling over a fractional knapsack: Dantzig, "Discrete-Variable Extremum Problems", 1957;
//! Boyd and Vandenberghe, "Convex Optimization", 2004, section 5.5.3).
//!
//! The risk of waiting is `z x deviation x sqrt(time)` of what the account still holds, as in
//! liquidity-adjusted value at risk (Almgren and Chriss, "Optimal Execution of Portfolio
//! Transactions", 2000, section 4), with the correlations of the markets: a holding that hedges others
//! is sold later.
//!
//! Floats rank steps and price waiting. Lots are integers, and the rulebook's own answer on an
//! [`Overlay`](crate::Overlay) decides whether they are enough: a plan is never rejected, and one lot
//! less of any leg, now and later together, misses the target. The same inputs give the same plan on
//! every machine, whatever the order of the outlets.
//!
//! What this is not: proof against tiers. Where relief is not concave (a position falls into a lower
//! tier all at once) several starts are tried and the best is taken.

pub(crate) mod curve;
mod exposure;
mod search;
mod single;
mod terms;
#[cfg(test)]
mod tests;

pub use curve::SLICES_MAX;
pub use single::{Single, SliceNow, slice_of};
pub use terms::{CONFIDENCE_PPM_MAX, HandOver, PlannerTerms};

use crate::conditions::OutletKind;
use crate::ladder::value_at;
use crate::plan::health_after;
use crate::rulebook::Saleable;
use crate::{Leg, Plan, Policy, Reason, Rejected, Rejection, Rulebook, View};
use breakwater_margin::Health;
use breakwater_money::{AccountId, AssetId, Price};
use curve::{BEYOND, Curve, Step, Venue};
use exposure::Exposures;
use search::{Answer, Problem};
use serde::{Deserialize, Serialize};

/// A part of a leg in one outlet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// Place of the leg in the plan.
    pub leg: usize,
    /// Place of the outlet among those of the leg's market, and what it is; none where nothing is
    /// known of the market.
    pub outlet: Option<(usize, OutletKind)>,
    /// Base units.
    pub quantity: u128,
    /// The market's price, in its own terms.
    pub price: Price,
    /// Value at the mark less that at the price, base units of the numeraire; below zero for a gain.
    pub cost: i128,
}

/// What is expected to be sold in a later slice. Each slice is planned again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Later {
    /// What.
    pub asset: AssetId,
    /// Slices from now; above [`SLICES_MAX`] for what no slice has room for.
    pub slice: u8,
    /// Base units.
    pub quantity: u128,
    /// Worst price of it, in the market's own terms.
    pub worst: Price,
    /// As in [`Allocation`].
    pub cost: i128,
}

/// A plan with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// What to sell now. Without legs where the limits leave no whole lot.
    pub plan: Plan,
    /// Where, by leg, cheapest first.
    pub allocations: Vec<Allocation>,
    /// What waits for later slices.
    pub later: Vec<Later>,
    /// Loss against the marks of what is sold now, and of what is sold later, base units of the
    /// numeraire.
    pub expected_cost: i128,
    /// See `expected_cost`.
    pub later_cost: i128,
    /// What may be lost until the next slice at the stated confidence: before, and with what is sold
    /// now. Base units of the numeraire, rounded up.
    pub risk_before: u128,
    /// See `risk_before`.
    pub risk_after: u128,
    /// Cost of a unit of margin relieved by the last lot, millionths, by asset: what is lost and what
    /// is saved of the risk together. Equal within a lot where no limit holds.
    pub marginal_ppm: Vec<(AssetId, i64)>,
    /// Health once everything is sold, now and later, at the prices expected.
    pub reached: Health,
}

/// Plans the venue's own sales over the depth that the view knows of. See the
/// [module](crate::planner).
///
/// # Errors
/// [`Rejection::Healthy`] if nothing is to be done, [`Rejection::NothingToSell`] if nothing can,
/// [`Rejection::WaitsForDepth`] if the limits leave no whole lot now, [`Rejection::BadParameter`] for
/// a policy without a planner.
pub fn plan_optimal(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    policy: &Policy,
) -> Result<Plan, Rejected> {
    // Whoever waits is asked again at every price: where nothing fits now nothing is searched for.
    let plan = proposed(rulebook, view, account, policy, Curve::has_lot_now)?.plan;
    if plan.legs.is_empty() {
        return Err(Rejection::WaitsForDepth.because(account.to_string()));
    }
    Ok(plan)
}

/// The same with what the plan rests on.
///
/// # Errors
/// As [`plan_optimal`]; limits that leave nothing give a plan without legs.
pub fn propose(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    policy: &Policy,
) -> Result<Proposal, Rejected> {
    proposed(rulebook, view, account, policy, |_| true)
}

/// A proposal, if any holding is worth one.
fn proposed(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
    policy: &Policy,
    worth: fn(&Curve) -> bool,
) -> Result<Proposal, Rejected> {
    let Some(terms) = &policy.planner else {
        return Err(Rejection::BadParameter.because("policy.planner is missing"));
    };
    let before = rulebook.assess(view, account)?;
    if !before.breach {
        return Err(Rejection::Healthy.because(format!("ratio {}", before.ratio)));
    }
    let mut items = rulebook.saleable(view, account)?;
    items.retain(|item| item.quantity > 0);
    if items.is_empty() {
        return Err(Rejection::NothingToSell.because(account.to_string()));
    }
    let venue = Venue { rulebook, view, policy, terms };
    let curves = items.into_iter().map(|item| Curve::of(&venue, item));
    let curves = curves.collect::<Result<Vec<Curve>, Rejected>>()?;
    if !curves.iter().any(worth) {
        return Err(Rejection::WaitsForDepth.because(account.to_string()));
    }
    let exposures = Exposures::of(rulebook, view, account, terms)?;
    let mut problem = Problem { venue, account, curves, exposures, before, eager: false };
    let mut chosen = Chosen::of(&mut problem)?;
    if chosen.now.iter().all(|now| *now == 0) && chosen.answer.has_hedges() {
        // Where only hedges are left that can be sold, waiting for them would never end.
        problem.eager = true;
        chosen = Chosen::of(&mut problem)?;
    }
    chosen.proposal(&problem)
}

/// What selling the legs at once into everything that is quoted within the band is expected to cost,
/// base units of the numeraire: by how much another plan for the same account is dearer. What is
/// beyond the depth pays the worst price of the band.
///
/// # Errors
/// As [`plan_optimal`].
pub fn sale_cost(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    policy: &Policy,
    legs: &[Leg],
) -> Result<i128, Rejected> {
    let Some(terms) = &policy.planner else {
        return Err(Rejection::BadParameter.because("policy.planner is missing"));
    };
    let free = PlannerTerms {
        participation_bps: 10_000,
        impact_max_bps: policy.slippage_bps,
        confidence_ppm: 0,
        ..*terms
    };
    let venue = Venue { rulebook, view, policy, terms: &free };
    let mut sum = 0i128;
    for leg in legs {
        let Leg { asset, quantity, buy_back, proceeds_asset, .. } = *leg;
        let mut curve = Curve::of(&venue, Saleable { asset, quantity, buy_back, proceeds_asset })?;
        curve.only_now();
        curve.without_risk(view)?;
        for part in curve.parts(quantity) {
            let cost = cost_of(&venue, &curve, &part)?;
            sum = sum.checked_add(cost).ok_or(Rejection::Overflow)?;
        }
    }
    Ok(sum)
}

/// Value at the mark less that at the step's price.
fn cost_of(venue: &Venue<'_>, curve: &Curve, part: &Step) -> Result<i128, Rejected> {
    let asset = curve.item.asset;
    let value = |price| -> Result<i128, Rejected> {
        let value = value_at(venue.rulebook, venue.view, asset, part.quantity, price)?;
        Ok(i128::try_from(value).map_err(|_| Rejection::Overflow)?)
    };
    let lost = value(curve.mark)? - value(Price::new(part.raw, curve.mark.decimals))?;
    // Whoever pays loses by a price at which there is more to pay.
    Ok(if curve.pays { -lost } else { lost })
}

/// An answer split into now and later.
struct Chosen {
    answer: Answer,
    reason: Reason,
    reached: Health,
    /// Base units sold now, by holding.
    now: Vec<u128>,
}

impl Chosen {
    fn of(problem: &mut Problem<'_>) -> Result<Chosen, Rejected> {
        let (answer, reason) = match problem.solve()? {
            Some(answer) => (answer, None),
            None => (problem.everything()?, Some(())),
        };
        let reached = problem.health(&answer.lots)?;
        let lower = reached.ratio < problem.before.ratio;
        let reason = match reason {
            None => Reason::Planned,
            // As in `plan_sale`: a part would leave the account in breach with less to recover from.
            Some(()) if lower => Reason::Toxic,
            Some(()) => Reason::TargetOutOfReach,
        };
        let mut now = Vec::with_capacity(answer.lots.len());
        for (curve, lots) in problem.curves.iter().zip(&answer.lots) {
            let all = curve.of_lots(*lots);
            let here = curve.parts(all).filter(|part| part.slice == 0);
            let here = here.fold(0u128, |sum, part| sum + part.quantity);
            now.push(if here == all { all } else { curve.of_lots(curve.lots_in(here)?) });
        }
        Ok(Chosen { answer, reason, reached, now })
    }

    fn proposal(&self, problem: &Problem<'_>) -> Result<Proposal, Rejected> {
        let Problem { venue, account, before, .. } = *problem;
        let mut told = Proposal {
            plan: Plan {
                account,
                legs: Vec::new(),
                reason: self.reason,
                rung: None,
                before,
                after: before,
            },
            allocations: Vec::new(),
            later: Vec::new(),
            expected_cost: 0,
            later_cost: 0,
            risk_before: problem.exposures.risk_units(&problem.exposures.values()),
            risk_after: 0,
            marginal_ppm: Vec::new(),
            reached: self.reached,
        };
        let mut values = problem.exposures.values();
        for at in &self.answer.order {
            let (curve, now) = (&problem.curves[*at], self.now[*at]);
            problem.exposures.sell(venue.view, curve, now, &mut values);
            told.sell(problem, *at, curve.of_lots(self.answer.lots[*at]), now)?;
            if let Some(ppm) = self.answer.ratio_ppm(*at) {
                told.marginal_ppm.push((curve.item.asset, ppm));
            }
        }
        told.risk_after = problem.exposures.risk_units(&values);
        if !told.plan.legs.is_empty() {
            told.plan.after = health_after(venue.rulebook, venue.view, &told.plan)?;
        }
        Ok(told)
    }
}

impl Proposal {
    /// Adds what is sold of one holding: `now` of `all`.
    fn sell(
        &mut self,
        problem: &Problem<'_>,
        at: usize,
        all: u128,
        now: u128,
    ) -> Result<(), Rejected> {
        let (curve, venue) = (&problem.curves[at], &problem.venue);
        let mut left = now;
        let mut parts: Vec<Step> = Vec::new();
        let mut waits: Vec<Step> = Vec::new();
        for part in curve.parts(all) {
            let here = if part.slice == 0 { part.quantity.min(left) } else { 0 };
            left -= here;
            if here > 0 {
                parts.push(Step { quantity: here, ..part });
            }
            if part.quantity > here {
                // What is not a whole lot now waits for the next slice.
                let slice = part.slice.max(1);
                waits.push(Step { quantity: part.quantity - here, slice, ..part });
            }
        }
        if let Some(leg) = problem.leg(at, now, &parts) {
            let place = self.plan.legs.len();
            self.plan.legs.push(leg);
            for part in &parts {
                let cost = cost_of(venue, curve, part)?;
                self.expected_cost =
                    self.expected_cost.checked_add(cost).ok_or(Rejection::Overflow)?;
                let known = venue.view.observed().conditions(curve.market);
                let kind = |place: usize| {
                    let outlet = known.and_then(|known| known.outlets.get(place));
                    outlet.map(|outlet| (place, outlet.kind))
                };
                self.allocations.push(Allocation {
                    leg: place,
                    outlet: part.outlet.and_then(kind),
                    quantity: part.quantity,
                    price: Price::new(part.raw, curve.mark.decimals),
                    cost,
                });
            }
        }
        for slice in 1..=BEYOND {
            let own: Vec<&Step> = waits.iter().filter(|part| part.slice == slice).collect();
            let Some(last) = own.last() else { continue };
            let mut sum = Later {
                asset: curve.item.asset,
                slice,
                quantity: 0,
                worst: Price::new(last.raw, curve.mark.decimals),
                cost: 0,
            };
            for part in own {
                let cost = cost_of(venue, curve, part)?;
                sum.quantity += part.quantity;
                sum.cost = sum.cost.checked_add(cost).ok_or(Rejection::Overflow)?;
                sum.worst.raw = if curve.item.buy_back {
                    sum.worst.raw.max(part.raw)
                } else {
                    sum.worst.raw.min(part.raw)
                };
            }
            self.later_cost = self.later_cost.checked_add(sum.cost).ok_or(Rejection::Overflow)?;
            self.later.push(sum);
        }
        Ok(())
    }
}
