//! The search: what is traded next, asked of the rulebook after every trade.

use super::book::{OptionBook, contract_of, neutral_quantity};
use super::{AtRisk, HedgeFill, HedgePlan, HedgeStep, HedgeTerms, StepKind, priced};
use crate::planner::curve::{Curve, Venue};
use crate::planner::{HandOver, PlannerTerms};
use crate::rulebook::Saleable;
use crate::{Call, Effects, Form, Overlay, Policy, Rejected, Rejection, Rulebook, View};
use breakwater_margin::Health;
use breakwater_margin::health::Ratio;
use breakwater_money::rounding::{Rounding, div, mul_div};
use breakwater_money::{AccountId, AssetId, U256};
use std::collections::BTreeMap;

/// Sizes of a hedge that are tried before the search is refined.
const GRID: u128 = 32;
/// Closes of one plan; a host plans again for more.
pub(super) const CLOSES_MAX: usize = 4_096;

/// A trade that is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub asset: AssetId,
    pub buy: bool,
    pub quantity: u128,
}

/// The account with some trades made.
#[derive(Clone)]
pub(super) struct Stand<'a> {
    overlay: Overlay<'a>,
    pub health: Health,
    pub risk: AtRisk,
    /// What was taken of each side of each market.
    taken: BTreeMap<(AssetId, bool), u128>,
    pub steps: Vec<HedgeStep>,
}

/// One plan in the making.
pub(super) struct Search<'a> {
    rulebook: &'a dyn Rulebook,
    account: AccountId,
    target: Ratio,
    pub terms: &'a HedgeTerms,
    hedge: (Policy, PlannerTerms),
    option: (Policy, PlannerTerms),
    start: (Health, AtRisk),
    pub stand: Stand<'a>,
}

impl<'a> Search<'a> {
    pub fn new(
        rulebook: &'a dyn Rulebook,
        view: &View<'a>,
        account: AccountId,
        target: Ratio,
        terms: &'a HedgeTerms,
    ) -> Result<Search<'a>, Rejected> {
        terms.validate()?;
        let health = rulebook.assess(view, account)?;
        if !health.breach && health.ratio >= target {
            return Err(Rejection::Healthy.because(format!("ratio {}", health.ratio)));
        }
        let risk = OptionBook::of(view, account, terms)?.at_risk(health.equity, terms)?;
        let priced = |slippage_bps: u32| {
            let planner = PlannerTerms {
                participation_bps: terms.participation_bps,
                impact_max_bps: slippage_bps,
                confidence_ppm: 0,
                pace_nanos: 1,
                age_max_nanos: terms.age_max_nanos,
                hand_over: HandOver::default(),
            };
            (priced(slippage_bps), planner)
        };
        let overlay = Overlay::new(*view, account, &Effects::default())?;
        let (taken, steps) = (BTreeMap::new(), Vec::new());
        Ok(Search {
            rulebook,
            account,
            target,
            terms,
            hedge: priced(terms.hedge_slippage_bps),
            option: priced(terms.option_slippage_bps),
            start: (health, risk),
            stand: Stand { overlay, health, risk, taken, steps },
        })
    }

    pub fn meets(&self, health: &Health) -> bool {
        !health.breach && health.ratio >= self.target
    }

    /// The side of a market, for what was taken of it and `quantity` more.
    fn curve(&self, stand: &Stand<'_>, asked: &Asked) -> Result<(Curve, u128), Rejected> {
        let view = stand.overlay.view();
        let taken = stand.taken.get(&(asked.asset, asked.buy)).copied().unwrap_or(0);
        let quantity = taken.checked_add(asked.quantity).ok_or(Rejection::Overflow)?;
        let proceeds_asset = contract_of(&view, asked.asset)?.settle;
        let item = Saleable { asset: asked.asset, quantity, buy_back: asked.buy, proceeds_asset };
        let of = if asked.asset == self.terms.hedge { &self.hedge } else { &self.option };
        let venue = Venue { rulebook: self.rulebook, view: &view, policy: &of.0, terms: &of.1 };
        let mut curve = Curve::of(&venue, item)?;
        curve.only_now();
        curve.without_risk(&view)?;
        Ok((curve, taken))
    }

    /// What of a trade the depth takes now.
    pub fn room(&self, asked: &Asked) -> Result<u128, Rejected> {
        let (curve, taken) = self.curve(&self.stand, asked)?;
        let now = curve.placed.iter().filter(|placed| placed.step.slice == 0);
        let depth = now.fold(0u128, |sum, placed| sum.saturating_add(placed.step.quantity));
        Ok(depth.saturating_sub(taken).min(asked.quantity))
    }

    /// The account after one trade more.
    pub fn traded(&self, stand: &Stand<'a>, asked: &Asked) -> Result<Stand<'a>, Rejected> {
        let Asked { asset, buy, quantity } = *asked;
        let (curve, taken) = self.curve(stand, asked)?;
        let view = stand.overlay.view();
        let all = curve.fetches(&view, taken + quantity)?;
        let proceeds = all.saturating_sub(curve.fetches(&view, taken)?);
        let account = self.account;
        let held = view.balances.balance(
            breakwater_money::Holder::Account(account),
            breakwater_money::Unit::token(asset),
        );
        let (kind, effects) = if asset == self.terms.hedge {
            let shrinks = held != 0 && (held > 0) != buy && held.unsigned_abs() >= quantity;
            let kind = if shrinks { StepKind::Unhedge } else { StepKind::Hedge };
            let fill = HedgeFill { account, contract: asset, buy, quantity, proceeds };
            (kind, self.rulebook.hedge(&view, &fill)?)
        } else {
            let proceeds_asset = curve.item.proceeds_asset;
            let call = Call::Fill { account, asset, quantity, proceeds, proceeds_asset };
            (StepKind::Close, self.rulebook.execute(&view, &call)?)
        };
        let (info, terms) = (view.asset(asset)?, contract_of(&view, asset)?);
        let (settle, mark) = (view.asset(terms.settle)?.decimals, view.price(asset)?.decimals);
        let rounding = if buy { Rounding::Ceil } else { Rounding::Floor };
        let price = terms.price_of(quantity, info.decimals, proceeds, settle, mark, rounding)?;
        let mut overlay = stand.overlay.clone();
        overlay.then(&effects)?;
        let health = self.rulebook.assess(&overlay.view(), account)?;
        let book = OptionBook::of(&overlay.view(), account, self.terms)?;
        let risk = book.at_risk(health.equity, self.terms)?;
        let mut after = Stand { overlay, health, risk, ..stand.clone() };
        *after.taken.entry((asset, buy)).or_default() += quantity;
        after.steps.push(HedgeStep {
            kind,
            asset,
            buy,
            quantity,
            proceeds,
            price,
            cost: stand.health.equity.saturating_sub(health.equity),
            before: stand.health,
            after: health,
            risk_before: stand.risk,
            risk_after: risk,
        });
        Ok(after)
    }

    /// Brings the account to neutral.
    pub fn neutralise(&mut self) -> Result<(), Rejected> {
        self.stand = self.neutral(self.stand.clone())?;
        Ok(())
    }

    /// The account nearer to neutral, where it is outside of the band: by as many lots as are allowed,
    /// none past it.
    fn neutral(&self, stand: Stand<'a>) -> Result<Stand<'a>, Rejected> {
        let delta = stand.risk.delta_e9;
        if delta.unsigned_abs() <= u128::from(self.terms.band_e9) {
            return Ok(stand);
        }
        let (asset, buy) = (self.terms.hedge, delta < 0);
        let neutral = neutral_quantity(&stand.overlay.view(), asset, delta.unsigned_abs())?;
        let whole = Asked { asset, buy, quantity: neutral };
        if neutral == 0 {
            return Ok(stand);
        }
        let (curve, taken) = self.curve(&stand, &whole)?;
        let now = curve.placed.iter().filter(|placed| placed.step.slice == 0);
        let depth = now.fold(0u128, |sum, placed| sum.saturating_add(placed.step.quantity));
        let room = depth.saturating_sub(taken).min(neutral);
        let lots = div(room, self.terms.hedge_lot, Rounding::Floor)?;
        let allowed = |lots: u128| -> Option<Stand<'a>> {
            let quantity = lots.checked_mul(self.terms.hedge_lot)?;
            // What the rulebook refuses is not hedged.
            let after = self.traded(&stand, &Asked { asset, buy, quantity }).ok()?;
            let nearer = after.risk.delta_e9.unsigned_abs() < delta.unsigned_abs();
            let past = after.risk.delta_e9.signum() == -delta.signum();
            let lighter = after.health.requirement <= stand.health.requirement;
            (nearer && !past && lighter).then_some(after)
        };
        let mut missed = lots + 1;
        for step in (1..=GRID).rev() {
            let size = mul_div(lots, step, GRID, Rounding::Floor)?;
            if size == 0 || size >= missed {
                continue;
            }
            let Some(mut best) = allowed(size) else {
                missed = size;
                continue;
            };
            let mut held = size;
            while missed - held > 1 {
                let middle = held + ((missed - held) >> 1);
                match allowed(middle) {
                    Some(after) => (held, best) = (middle, after),
                    None => missed = middle,
                }
            }
            return Ok(best);
        }
        Ok(stand)
    }

    /// Every option position: what would close it.
    pub fn options(&self) -> Result<Vec<Asked>, Rejected> {
        let view = self.stand.overlay.view();
        let mut found = Vec::new();
        for holding in view.holdings(self.account)? {
            let asset = holding.unit.asset;
            let own = holding.contract.is_none();
            let Some(contract) = view.asset(asset)?.kind.contract().filter(|_| own) else {
                continue;
            };
            if matches!(contract.form, Form::Option(_)) {
                let quantity = holding.balance.unsigned_abs();
                found.push(Asked { asset, buy: holding.balance < 0, quantity });
            }
        }
        Ok(found)
    }

    /// The account after a close, with the hedge brought back to neutral where `hedges`.
    fn closed(&self, asked: &Asked, hedges: bool) -> Result<Stand<'a>, Rejected> {
        let after = self.traded(&self.stand, asked)?;
        if hedges { self.neutral(after) } else { Ok(after) }
    }

    /// What a group of lots of each option would do, those that relieve more than they cost.
    fn candidates(&self, hedges: bool) -> Result<Vec<(Asked, Stand<'a>)>, Rejected> {
        let group = self.terms.option_lot.saturating_mul(u128::from(self.terms.group_lots));
        let mut found = Vec::new();
        for position in self.options()? {
            let quantity = position.quantity.min(group);
            // What has no price now is not closed now.
            let Ok(room) = self.room(&Asked { quantity, ..position }) else { continue };
            let quantity = if room == position.quantity {
                room
            } else {
                let lots = div(room, self.terms.option_lot, Rounding::Floor)?;
                lots.saturating_mul(self.terms.option_lot)
            };
            if quantity == 0 {
                continue;
            }
            let asked = Asked { quantity, ..position };
            let Ok(after) = self.closed(&asked, hedges) else { continue };
            let (relieved, cost) = (self.relieved(&after), self.cost(&after));
            if relieved > 0 && relieved > cost {
                found.push((asked, after));
            }
        }
        Ok(found)
    }

    fn relieved(&self, after: &Stand<'_>) -> i128 {
        let whole = |health: &Health| i128::try_from(health.requirement).unwrap_or(i128::MAX);
        whole(&self.stand.health).saturating_sub(whole(&after.health))
    }

    fn cost(&self, after: &Stand<'_>) -> i128 {
        self.stand.health.equity.saturating_sub(after.health.equity)
    }

    /// Closes options, most requirement relieved per cost first, until the target is met, nothing relieves
    /// more than it costs, or no depth is left.
    pub fn close_in_order(&mut self, hedges: bool) -> Result<(), Rejected> {
        for _ in 0..CLOSES_MAX {
            if self.meets(&self.stand.health) {
                break;
            }
            let candidates = self.candidates(hedges)?;
            // The first of equals is the lower asset: holdings are in order.
            let better = |one: &(Asked, Stand<'a>), other: &(Asked, Stand<'a>)| {
                let of = |found: &(Asked, Stand<'a>)| {
                    let relieved = self.relieved(&found.1).max(0).unsigned_abs();
                    (relieved, self.cost(&found.1).max(1).unsigned_abs())
                };
                let ((relieved, cost), (others, its)) = (of(one), of(other));
                U256::from(relieved) * U256::from(its) > U256::from(others) * U256::from(cost)
            };
            let best = candidates
                .into_iter()
                .reduce(|best, next| if better(&next, &best) { next } else { best });
            let Some((asked, after)) = best else { break };
            self.stand =
                if self.meets(&after.health) { self.fewest(&asked, after, hedges) } else { after };
        }
        Ok(())
    }

    /// The fewest lots of the last close that meet the target: one less misses it.
    fn fewest(&self, asked: &Asked, whole: Stand<'a>, hedges: bool) -> Stand<'a> {
        let lot = self.terms.option_lot;
        let mut quantity = lot;
        while quantity < asked.quantity {
            if let Ok(after) = self.closed(&Asked { quantity, ..*asked }, hedges)
                && self.meets(&after.health)
            {
                return after;
            }
            quantity = quantity.saturating_add(lot);
        }
        whole
    }

    pub fn plan(self) -> Result<HedgePlan, Rejected> {
        let (before, risk_before) = self.start;
        let reached = self.meets(&self.stand.health);
        let Stand { health: after, risk: risk_after, steps, .. } = self.stand;
        let account = self.account;
        Ok(HedgePlan { account, steps, before, after, reached, risk_before, risk_after })
    }
}
