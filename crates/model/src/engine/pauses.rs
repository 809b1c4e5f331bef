//! Pauses at bands and states of stress, asked of every mark that has ever come.

use super::Model;
use super::defences::{Stand, WHOLE};
use crate::number::{Int, Result, ceil, floor, half_up, narrow};
use breakwater_engine::{Cause, What};
use breakwater_liquidation::solvency::defences::{StressMeasure, StressTerms};
use breakwater_liquidation::solvency::stress_state::StressState;
use breakwater_liquidation::{Call, Rejection};
use breakwater_money::{AccountId, AssetId, Price, Time};
use num_traits::{Signed, Zero};

impl Model {
    /// A mark goes by its bands and into the measure of stress.
    pub(super) fn watch_bands(&mut self, asset: AssetId, mark: Price) {
        let (now, at) = (self.second(), self.pool.now);
        let measured = self.measured().is_some_and(|(_, of)| of == asset);
        if let Some((_, _, marks)) = self.defended.marks.as_mut().filter(|_| measured) {
            marks.push((at, Int::from(mark.raw)));
        }
        let Some((terms, marks, stand)) = self.defended.bands.get_mut(&asset) else { return };
        let recent = marks.iter().filter(|(s, _)| now - s < terms.reference_seconds);
        let recent: Vec<&Int> = recent.map(|(_, mark)| mark).collect();
        let count = Int::from(recent.len());
        let price = Int::from(mark.raw);
        let sum: Int = recent.into_iter().sum();
        let mean = half_up(&sum, &count).unwrap_or_else(|_| price.clone());
        marks.push((now, price.clone()));
        let width = floor(&(&mean * terms.width_bps), &Int::from(WHOLE)).unwrap_or_default();
        let touches = price <= &mean - &width || price >= &mean + &width;
        let pause = Stand::Paused(now + terms.pause_seconds);
        let next = match *stand {
            Stand::Paused(until) if now < until => *stand,
            _ if !touches => Stand::Free,
            _ if terms.limit_seconds == 0 => pause,
            Stand::AtBand(since) if now - since >= terms.limit_seconds => pause,
            Stand::AtBand(_) => *stand,
            _ => Stand::AtBand(now),
        };
        let fresh = matches!(next, Stand::Paused(_)) && next != *stand;
        *stand = next;
        if fresh {
            let until = self.band_pause(asset);
            let reference = narrow(&mean).unwrap_or(u128::MAX);
            self.tell(Cause::Command, What::BandPaused { asset, mark, reference, until });
            self.call_off_sales(asset);
        }
    }

    pub(super) fn measured(&self) -> Option<(StressTerms, AssetId)> {
        let terms = self.rules()?.stress?;
        let mut numbered = (0..).map(AssetId).zip(self.pool.assets.iter());
        let (asset, _) = numbered.find(|(_, info)| info.symbol == terms.measure.asset())?;
        Some((terms, asset))
    }

    /// The measure may move the state.
    pub(super) fn measure_stress(&mut self, cause: Cause) {
        let Some((terms, asset)) = self.measured() else { return };
        let measure = match (&terms.measure, &self.defended.marks) {
            (StressMeasure::Fall { .. }, Some((_, window, marks))) => fallen(*window, marks),
            _ => {
                let rule = self.in_force.as_ref().map(|in_force| in_force.rule.clone());
                let totals = rule.and_then(|rule| rule.totals(&self.pool, asset).ok());
                let (supplied, owed) = totals.unwrap_or_default();
                let share = floor(&(&owed * WHOLE), &supplied.max(Int::from(1)));
                if owed.is_positive() { share.unwrap_or_default() } else { Int::zero() }
            }
        };
        let measure_bps = u32::try_from(&measure).unwrap_or(u32::MAX);
        let lines = terms.lines;
        let from = self.defended.stress;
        // A state holds until the measure is a release below its line.
        let holds = |line: u32, was: bool| {
            if was && lines.release_bps > 0 {
                measure_bps > line.saturating_sub(lines.release_bps)
            } else {
                measure_bps >= line
            }
        };
        let to = if holds(lines.hard_bps, from == StressState::Hard) {
            StressState::Hard
        } else if holds(lines.soft_bps, from != StressState::Normal) {
            StressState::Soft
        } else {
            StressState::Normal
        };
        if from != to {
            self.defended.stress = to;
            self.tell(cause, What::StressMoved { from, to, measure_bps });
        }
    }

    /// Refuses new risk that the state of stress does not allow; the pool is as the call has left it.
    /// Haircuts are not known here: policies of the model's tests have none.
    pub(super) fn bears_stress(&self, risky: &[AccountId], state: StressState) -> Result<()> {
        let Some((terms, _)) = self.measured() else { return Ok(()) };
        let scale = match state {
            StressState::Normal => return Ok(()),
            StressState::Soft => terms.lines.soft_scale_bps,
            StressState::Hard => terms.lines.hard_scale_bps,
        };
        let rule = self.require_rule()?.rule;
        for account in risky {
            let equity = Int::from(rule.health(&self.pool, *account)?.equity);
            let initial = rule.initial(&self.pool, *account)?;
            if equity < ceil(&(initial * scale), &Int::from(WHOLE))? {
                return Err(Rejection::BelowStressed);
            }
        }
        Ok(())
    }

    /// Accounts that a call puts new risk on.
    pub(super) fn risky(&self, call: &Call) -> Vec<AccountId> {
        match call {
            Call::Borrow { account, .. } => vec![*account],
            Call::Import { account, debt, .. } if *debt > 0 => vec![*account],
            Call::Withdraw { account, .. } | Call::Reclaim { account, .. }
                if self.pool.exposed(*account) =>
            {
                vec![*account]
            }
            _ => Vec::new(),
        }
    }
}

/// Fall of the last mark from the highest that was in force within the window before it.
fn fallen(window: u64, marks: &[(Time, Int)]) -> Int {
    let Some((now, last)) = marks.last() else { return Int::zero() };
    let begin = Int::from(now.0) - Int::from(window);
    let ends = marks.iter().skip(1).map(|(at, _)| *at).chain([Time(u64::MAX)]);
    let in_force = marks.iter().zip(ends).filter(|(_, end)| Int::from(end.0) > begin);
    let highest = in_force.map(|((_, mark), _)| mark).max().unwrap_or(last);
    floor(&((highest - last) * WHOLE), highest).unwrap_or_default()
}
