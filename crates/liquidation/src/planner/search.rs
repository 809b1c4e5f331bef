//! Which holdings to sell and how much of each.

use super::curve::{BEYOND, Curve, Venue};
use super::exposure::Exposures;
use crate::plan::{fewest, meets, proceeds};
use crate::rulebook::Saleable;
use crate::{Call, Leg, Overlay, Rejected};
use breakwater_margin::{Health, Ratio};
use breakwater_money::rounding::{Rounding, narrow_i128};
use breakwater_money::{AccountId, Price, U256};

/// Times that slopes are taken again at the answer found.
const ROUNDS_MAX: usize = 3;
/// Legs up to which lots are exchanged pair by pair: the work grows with the square.
const EXCHANGED_MAX: usize = 6;
/// Lots of an answer up to which they are exchanged: of more, one is less than half a per cent, and what an
/// exchange may still gain is less than the steps of the depth are known to.
const EXCHANGED_LOTS_MAX: u128 = 256;
/// Exchanges made, and lots given at a time, before an answer is taken as it is.
const EXCHANGES_MAX: usize = 64;
const EXCHANGED_LOTS: u128 = 3;

/// What selling a base unit of a holding adds to equity above the target's requirement: at the mark
/// and at the worst price of the band. Linear in the price between.
// float: ranks; the rulebook's own answer decides.
#[derive(Debug, Clone, Copy, Default)]
struct Relief {
    mark: f64,
    band: f64,
}

/// Lots of one holding at one ratio of cost to relief.
// float: see `Relief`.
#[derive(Debug, Clone, Copy)]
struct Chunk {
    curve: usize,
    lots: u128,
    ratio: f64,
    relieves: f64,
}

/// How much of each holding is sold, now and later, in lots.
pub(super) type Lots = Vec<u128>;

/// An answer.
// float: what compares answers that all reach the target.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub lots: Lots,
    pub objective: f64,
    /// The order of the holdings, cheapest relief first.
    pub order: Vec<usize>,
    /// What a unit of relief costs at the margin, by holding; none where none was sold.
    pub ratios: Vec<Option<f64>>,
    /// The risk by which the curves are ordered.
    pub saved: Vec<f64>,
}

// float: a ratio for reports, in millionths.
impl Answer {
    /// Whether selling some of the holdings adds to the account's risk.
    pub fn has_hedges(&self) -> bool {
        self.saved.iter().any(|saved| *saved < 0.0)
    }

    /// See [`super::Proposal::marginal_ppm`].
    pub fn ratio_ppm(&self, at: usize) -> Option<i64> {
        let ratio = self.ratios.get(at).copied().flatten()?;
        // A cast from a float saturates.
        Some(libm::round(ratio * 1e6) as i64)
    }
}

pub(super) struct Problem<'a> {
    pub venue: Venue<'a>,
    pub account: AccountId,
    pub curves: Vec<Curve>,
    pub exposures: Exposures,
    pub before: Health,
    /// Hedges wait too little rather than all of the plan too long.
    pub eager: bool,
}

// float: ranks and compares; see `Relief` and `Answer`.
impl Problem<'_> {
    /// The pool after so many lots of each, at the prices of their cheapest steps.
    fn sold(&self, lots: &[u128]) -> Result<Overlay<'_>, Rejected> {
        let view = self.venue.view;
        let mut overlay = Overlay::new(*view, self.account, &crate::Effects::default())?;
        for (curve, lots) in self.curves.iter().zip(lots).filter(|(_, lots)| **lots > 0) {
            let quantity = curve.of_lots(*lots);
            let paid = curve.fetches(view, quantity)?;
            self.fill(&mut overlay, &curve.item, quantity, paid)?;
        }
        Ok(overlay)
    }

    fn fill(
        &self,
        overlay: &mut Overlay<'_>,
        item: &Saleable,
        quantity: u128,
        proceeds: u128,
    ) -> Result<(), Rejected> {
        let Saleable { asset, proceeds_asset, .. } = *item;
        let account = self.account;
        let call = Call::Fill { account, asset, quantity, proceeds, proceeds_asset };
        let effects = self.venue.rulebook.execute(&overlay.view(), &call)?;
        overlay.then(&effects)
    }

    /// Health after so many lots of each, at the prices of their cheapest steps.
    pub fn health(&self, lots: &[u128]) -> Result<Health, Rejected> {
        let overlay = self.sold(lots)?;
        self.venue.rulebook.assess(&overlay.view(), self.account)
    }

    /// Whether so many lots reach the target. What the rule refuses does not.
    fn reaches(&self, lots: &[u128]) -> bool {
        self.health(lots).is_ok_and(|health| meets(&health, self.venue.policy))
    }

    /// Orders every curve by the risk that sales save where `lots` are sold already.
    pub fn set_risk(&mut self, lots: &[u128]) -> Result<Vec<f64>, Rejected> {
        let view = self.venue.view;
        let mut values = self.exposures.values();
        for (curve, lots) in self.curves.iter().zip(lots) {
            self.exposures.sell(view, curve, curve.of_lots(*lots), &mut values);
        }
        let mut saved = self.exposures.saved(view, &self.curves, &values);
        if self.eager {
            saved.iter_mut().for_each(|saved| *saved = saved.max(0.0));
        }
        self.restore_risk(&saved)?;
        Ok(saved)
    }

    pub fn restore_risk(&mut self, saved: &[f64]) -> Result<(), Rejected> {
        let view = self.venue.view;
        self.curves.iter_mut().zip(saved).try_for_each(|(curve, saved)| curve.set_risk(view, saved))
    }

    /// Loss against the marks, and what may be lost while it is waited for the later slices and of
    /// what is kept over one more, numeraire base units.
    pub fn objective(&self, lots: &[u128]) -> f64 {
        let mut cost = 0.0;
        let free = self.exposures.is_free();
        let mut sales: Vec<Vec<(usize, u128)>> = vec![Vec::new(); usize::from(BEYOND) + 1];
        for (at, (curve, lots)) in self.curves.iter().zip(lots).enumerate() {
            for part in curve.parts(curve.of_lots(*lots)) {
                cost += part.cost * part.quantity as f64;
                if !free {
                    sales[usize::from(part.slice)].push((at, part.quantity));
                }
            }
        }
        if free {
            return cost;
        }
        let (view, mut values) = (self.venue.view, self.exposures.values());
        let mut risks = Vec::with_capacity(sales.len());
        for slice in &sales {
            for (at, quantity) in slice {
                self.exposures.sell(view, &self.curves[*at], *quantity, &mut values);
            }
            risks.push(self.exposures.risk(&values));
        }
        let kept = risks.last().copied().unwrap_or(0.0);
        let waits = (0u8..).zip(&risks).map(|(slice, risk)| {
            let longer = libm::sqrt(f64::from(slice) + 1.0) - libm::sqrt(f64::from(slice));
            longer * (risk - kept)
        });
        cost + kept + waits.sum::<f64>()
    }

    fn target(&self) -> Ratio {
        self.venue.policy.target_ratio
    }

    /// Equity above what the target asks for.
    fn above(&self, health: &Health) -> i128 {
        let required = self.target().of(U256::from(health.requirement), Rounding::Ceil);
        let required = required.and_then(narrow_i128).unwrap_or(i128::MAX);
        health.equity.saturating_sub(required)
    }

    /// Slopes of the relief where `lots` are sold already, over a 64th of what is left of each
    /// holding or, for `whole`, over all of it. None where the rule refuses.
    fn slopes(&self, lots: &[u128], whole: bool) -> Result<Vec<Option<Relief>>, Rejected> {
        let Ok(base) = self.sold(lots) else { return Ok(vec![None; self.curves.len()]) };
        let here = self.venue.rulebook.assess(&base.view(), self.account)?;
        let above = self.above(&here);
        let view = self.venue.view;
        let slope = |(curve, lots): (&Curve, &u128)| -> Option<Relief> {
            let left = curve.lots - lots;
            let step = if whole { left } else { (left >> 6).max(1).min(left) };
            let quantity = curve.of_lots(lots + step) - curve.of_lots(*lots);
            if quantity == 0 {
                return None;
            }
            let at = |price: Price| -> Option<f64> {
                let paid = proceeds(view, &curve.leg(quantity, price), quantity, price).ok()?;
                let mut after = base.clone();
                self.fill(&mut after, &curve.item, quantity, paid).ok()?;
                let health = self.venue.rulebook.assess(&after.view(), self.account).ok()?;
                Some(self.above(&health).saturating_sub(above) as f64 / quantity as f64)
            };
            let mark = at(curve.fair)?;
            let band = if curve.band == curve.fair { mark } else { at(curve.band)? };
            Some(Relief { mark, band })
        };
        Ok(self.curves.iter().zip(lots).map(slope).collect())
    }

    /// All lots that relieve, cheapest relief first.
    fn path(&self, reliefs: &[Option<Relief>]) -> Result<Vec<Chunk>, Rejected> {
        let mut chunks = Vec::new();
        for (at, curve) in self.curves.iter().enumerate() {
            let Some(relief) = reliefs[at] else { continue };
            let (mut before, mut steepest) = (0, f64::NEG_INFINITY);
            for placed in &curve.placed {
                let step = placed.step;
                let share = if curve.band_cost > 0.0 { step.cost / curve.band_cost } else { 0.0 };
                let relieves = relief.mark + (relief.band - relief.mark) * share;
                // A toxic step: selling it leaves more to be relieved.
                if relieves <= 0.0 {
                    break;
                }
                steepest = (step.net / relieves).max(steepest);
                let up_to = curve.lots_in(placed.end)?;
                let lots = up_to - before;
                if lots > 0 {
                    chunks.push(Chunk { curve: at, lots, ratio: steepest, relieves });
                }
                before = up_to;
            }
        }
        // A stable sort keeps the steps of a holding in order.
        chunks.sort_by(|one, other| one.ratio.total_cmp(&other.ratio));
        Ok(chunks)
    }

    /// The holdings whole, in the rulebook's own order: what the plan of the fewest lots sells.
    fn in_order(&self) -> Vec<Chunk> {
        let whole = |(curve, of): (usize, &Curve)| Chunk {
            curve,
            lots: of.lots,
            ratio: 0.0,
            relieves: 0.0,
        };
        self.curves.iter().enumerate().map(whole).collect()
    }

    fn along(&self, path: &[Chunk], count: u128) -> Lots {
        let (mut lots, mut left) = (vec![0; self.curves.len()], count);
        for chunk in path {
            let more = chunk.lots.min(left);
            lots[chunk.curve] += more;
            left -= more;
            if left == 0 {
                break;
            }
        }
        lots
    }

    /// The first lots of a path that reach the target; none if none do. Looked for around where the
    /// slopes have it, then on a grid.
    fn shortest(&self, path: &[Chunk]) -> Result<Option<Lots>, Rejected> {
        let total = path.iter().fold(0u128, |sum, chunk| sum.saturating_add(chunk.lots));
        if total == 0 {
            return Ok(None);
        }
        let guess = self.guess(path).clamp(1, total);
        let reaches = |count: u128| self.reaches(&self.along(path, count));
        if let Some(count) = gallop(guess, total, reaches) {
            return Ok(Some(self.along(path, count)));
        }
        let found = fewest(total, |count| Ok(self.reaches(&self.along(path, count))))?;
        Ok(found.map(|count| self.along(path, count)))
    }

    fn guess(&self, path: &[Chunk]) -> u128 {
        let (mut missing, mut count) = (-(self.above(&self.before) as f64), 0u128);
        for chunk in path {
            let a_lot = chunk.relieves * self.curves[chunk.curve].lot as f64;
            let all = a_lot * chunk.lots as f64;
            if all >= missing {
                let lots = libm::ceil(missing.max(0.0) / a_lot);
                return count.saturating_add((lots as u128).min(chunk.lots));
            }
            missing -= all;
            count = count.saturating_add(chunk.lots);
        }
        count
    }

    /// Takes off whatever the target is reached without, the dearest first.
    fn trim(&self, lots: &mut Lots, order: &[usize]) {
        for at in order.iter().rev() {
            self.trim_one(lots, *at);
        }
    }

    fn trim_one(&self, lots: &mut Lots, at: usize) {
        let had = lots[at];
        let mut tried = lots.clone();
        let mut reaches = |count: u128| {
            tried[at] = count;
            self.reaches(&tried)
        };
        if had > 0 && reaches(had - 1) {
            lots[at] = if reaches(0) { 0 } else { gallop(had - 1, had, reaches).unwrap_or(had) };
        }
    }

    /// Exchanges lots of one holding for fewer, or cheaper ones, of another while that is better.
    /// A greedy fill of whole lots may miss the best by less than one lot of each.
    fn exchange(&self, lots: &mut Lots, objective: &mut f64) {
        let count = self.curves.len();
        let active = lots.iter().filter(|lots| **lots > 0).count();
        let all = lots.iter().fold(0u128, |sum, lots| sum.saturating_add(*lots));
        let many = active > EXCHANGED_MAX || count > 2 * EXCHANGED_MAX;
        if count < 2 || many || all > EXCHANGED_LOTS_MAX {
            return;
        }
        for _ in 0..EXCHANGES_MAX {
            let mut best: Option<(Lots, f64)> = None;
            for from in 0..count {
                for to in (0..count).filter(|to| *to != from) {
                    for tried in self.exchanged(lots, from, to) {
                        let found = self.objective(&tried);
                        if found < best.as_ref().map_or(*objective, |(_, best)| *best) {
                            best = Some((tried, found));
                        }
                    }
                }
            }
            let Some((better, found)) = best else { break };
            (*lots, *objective) = (better, found);
        }
    }

    /// A few lots more of one for fewer of the other, and a few lots less of the other for more of the
    /// one; only what reaches the target.
    fn exchanged(&self, lots: &[u128], from: usize, to: usize) -> Vec<Lots> {
        let mut found = Vec::new();
        for some in 1..=EXCHANGED_LOTS {
            if lots[to] + some <= self.curves[to].lots && lots[from] > 0 {
                let mut tried = lots.to_vec();
                tried[to] += some;
                if self.reaches(&tried) {
                    self.trim_one(&mut tried, from);
                    found.push(tried);
                }
            }
            if lots[from] >= some && lots[to] < self.curves[to].lots {
                let mut tried = lots.to_vec();
                tried[from] -= some;
                let most = self.curves[to].lots;
                let enough = gallop(lots[to] + 1, most, |count| {
                    tried[to] = count;
                    self.reaches(&tried)
                });
                if let Some(enough) = enough {
                    tried[to] = enough;
                    found.push(tried);
                }
            }
        }
        // An exchange may leave something of a third that is not needed any more.
        for tried in &mut found {
            let order: Vec<usize> = (0..self.curves.len()).collect();
            self.trim(tried, &order);
        }
        found
    }

    /// The best of what a path reaches; none if it reaches nothing.
    fn answer(&self, path: &[Chunk], saved: &[f64]) -> Result<Option<Answer>, Rejected> {
        let Some(mut lots) = self.shortest(path)? else { return Ok(None) };
        let mut order: Vec<usize> = Vec::new();
        for chunk in path {
            if !order.contains(&chunk.curve) {
                order.push(chunk.curve);
            }
        }
        self.trim(&mut lots, &order);
        let mut objective = self.objective(&lots);
        self.exchange(&mut lots, &mut objective);
        let ratios = vec![None; self.curves.len()];
        Ok(Some(Answer { lots, objective, order, ratios, saved: saved.to_vec() }))
    }

    /// The cheapest way found to the target; none if no amount reaches it.
    pub fn solve(&mut self) -> Result<Option<Answer>, Rejected> {
        let nothing: Lots = vec![0; self.curves.len()];
        let saved = self.set_risk(&nothing)?;
        let mut best: Option<Answer> = None;
        let better = |best: &mut Option<Answer>, found: Option<Answer>| {
            let Some(found) = found else { return false };
            let wins = best.as_ref().is_none_or(|known| found.objective < known.objective);
            if wins {
                *best = Some(found);
            }
            wins
        };
        let mut paths = Vec::new();
        for whole in [false, true] {
            paths.push(self.path(&self.slopes(&nothing, whole)?)?);
        }
        paths.push(self.in_order());
        for path in &paths {
            better(&mut best, self.answer(path, &saved)?);
        }
        for _ in 0..ROUNDS_MAX {
            // Slopes and risk move with what is sold: taken again where the last answer lies.
            let Some(known) = best.clone() else { break };
            let near = self.near(&known.lots);
            let saved = self.set_risk(&known.lots)?;
            let path = self.path(&self.slopes(&near, false)?)?;
            let found = self.answer(&path, &saved)?;
            if !better(&mut best, found) {
                break;
            }
        }
        let Some(mut best) = best else { return Ok(None) };
        self.restore_risk(&best.saved)?;
        best.ratios = self.ratios(&best.lots)?;
        Ok(Some(best))
    }

    /// All of everything: what is sold where no part reaches the target.
    pub fn everything(&mut self) -> Result<Answer, Rejected> {
        let lots: Lots = self.curves.iter().map(|curve| curve.lots).collect();
        let saved = self.set_risk(&vec![0; lots.len()])?;
        let objective = self.objective(&lots);
        let (order, ratios) = ((0..lots.len()).collect(), vec![None; lots.len()]);
        Ok(Answer { lots, objective, order, ratios, saved })
    }

    /// A little before an answer, so that slopes over what is left of a holding exist.
    fn near(&self, lots: &[u128]) -> Lots {
        lots.iter().map(|lots| lots - (lots >> 6).max(u128::from(*lots > 0))).collect()
    }

    /// Cost of a unit of relief at the last lot of each holding.
    fn ratios(&self, lots: &[u128]) -> Result<Vec<Option<f64>>, Rejected> {
        let slopes = self.slopes(&self.near(lots), false)?;
        let ratio = |((curve, lots), relief): ((&Curve, &u128), Option<Relief>)| {
            let last = curve.parts(curve.of_lots(*lots)).last()?;
            let relief = relief?;
            let share = if curve.band_cost > 0.0 { last.cost / curve.band_cost } else { 0.0 };
            let relieves = relief.mark + (relief.band - relief.mark) * share;
            (relieves > 0.0).then(|| last.net / relieves)
        };
        Ok(self.curves.iter().zip(lots).zip(slopes).map(ratio).collect())
    }

    /// A leg for a part of what is sold, at the worst price that it meets.
    pub fn leg(&self, at: usize, quantity: u128, parts: &[super::curve::Step]) -> Option<Leg> {
        let curve = &self.curves[at];
        let worst =
            parts.iter().map(|part| part.price).reduce(|one, other| curve.worse(one, other));
        Some(curve.leg(quantity, worst?))
    }
}

/// The fewest that reach, around a guess and up to `most`: one less does not. None if nothing from the
/// guess up does.
fn gallop(guess: u128, most: u128, mut reaches: impl FnMut(u128) -> bool) -> Option<u128> {
    let (mut missing, mut enough) = (0u128, guess);
    let mut step = 1u128;
    if reaches(guess) {
        while enough > 1 {
            let lower = enough.saturating_sub(step).max(1);
            if !reaches(lower) {
                missing = lower;
                break;
            }
            enough = lower;
            step = step.saturating_mul(2);
        }
    } else {
        missing = guess;
        loop {
            if missing >= most {
                return None;
            }
            enough = missing.saturating_add(step).min(most);
            if reaches(enough) {
                break;
            }
            missing = enough;
            step = step.saturating_mul(2);
        }
    }
    while enough - missing > 1 {
        let middle = missing + ((enough - missing) >> 1);
        if reaches(middle) { enough = middle } else { missing = middle }
    }
    Some(enough)
}
