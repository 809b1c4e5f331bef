//! The liquidation call: one unit over the troves it takes.

use super::trove::{Entire, capped, compensation, leave, put_on_record, ratio};
use super::{Pool, Revert, Rule, System, Trove, add, mul, sub};
use breakwater_money::rounding::{Rounding, div_wide, mul_div_wide};
use breakwater_money::{U256, Wad};

/// How a call goes through its troves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// Troves that the caller names, in its order: those that may not be taken are passed by.
    Named,
    /// The venue's own list from the lowest ratio up, `most` troves at most, taken or not: it ends
    /// at the first from which on nothing can be taken. In recovery mode the trove with the highest
    /// ratio is left out.
    Sequence {
        /// Troves looked at, at most.
        most: usize,
    },
}

/// What a trove's ratio, the system's mode and the pool make of a liquidation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// Against the stability pool as far as it reaches; the rest goes to the other troves.
    Offset,
    /// To the other troves whole: recovery mode, at or below 100 %.
    Redistribute,
    /// Against the stability pool, which gets collateral worth the minimum ratio; the owner may
    /// claim the rest. Recovery mode, from the minimum up to below the system's ratio.
    Capped,
}

/// What the call did with one trove. Amounts in 1e18.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Its place among the troves given.
    pub trove: usize,
    /// By which rule it was taken.
    pub treatment: Treatment,
    /// All it had and owed, pending amounts included.
    pub entire: Pool,
    /// The pending part of it.
    pub pending: Pool,
    /// Collateral for the caller.
    pub compensation: U256,
    /// Debt cancelled against the stability pool and the collateral given for it.
    pub offset: Pool,
    /// Debt and collateral that go to the other troves.
    pub redistributed: Pool,
    /// Collateral that the owner may claim.
    pub surplus: U256,
}

/// What an accepted call does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Liquidation {
    /// The system afterwards.
    pub system: System,
    /// The troves taken, in order. Each is closed.
    pub taken: Vec<Taken>,
    /// Collateral that the caller gets (1e18).
    pub collateral_compensation: U256,
    /// Coins that the caller gets (1e18).
    pub stable_compensation: U256,
}

/// Liquidates in one call. `queue` holds places in `troves`, in the order of the call: those named,
/// or, for a sequence, all open troves by rising ratio ([`super::rising`]). Of the others nothing is
/// needed but what `system` sums up.
///
/// # Errors
/// [`Revert::NothingNamed`], [`Revert::NothingToLiquidate`], [`Revert::OnlyTrove`] or
/// [`Revert::Arithmetic`].
pub fn liquidate(
    rule: &Rule,
    system: &System,
    troves: &[Trove],
    queue: &[usize],
    walk: Walk,
    price: U256,
) -> Result<Liquidation, Revert> {
    if walk == Walk::Named && queue.is_empty() {
        return Err(Revert::NothingNamed);
    }
    let mode = Mode::of(rule, system, price)?;
    let looked_at = match walk {
        Walk::Named => queue.len(),
        Walk::Sequence { most } if mode.recovering => most.min(queue.len().saturating_sub(1)),
        Walk::Sequence { most } => most.min(queue.len()),
    };
    let mut run = Run { rule, price, mode, system: system.clone(), taken: Vec::new() };
    for place in queue.iter().take(looked_at).copied() {
        let known = run.taken.iter().any(|taken| taken.trove == place);
        let Some(trove) = troves.get(place).filter(|trove| trove.is_open() && !known) else {
            continue;
        };
        if !run.visit(place, trove)? && walk != Walk::Named {
            break;
        }
    }
    run.finish()
}

/// What decides about a trove besides itself. It moves within a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    /// Whether recovery rules apply; once the running ratio has recovered they do not return.
    pub recovering: bool,
    /// The system's collateral and debt, less what has left it; what is redistributed stays.
    pub running: Pool,
    /// What the stability pool has left for this call.
    pub available: U256,
    /// Open troves left. In recovery mode the last one is passed by.
    pub troves: u64,
}

impl Mode {
    /// The mode in which a call begins.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn of(rule: &Rule, system: &System, price: U256) -> Result<Mode, Revert> {
        Ok(Mode {
            recovering: system.is_recovering(rule, price)?,
            running: system.entire()?,
            available: system.stability.available(rule),
            troves: system.troves,
        })
    }

    /// The ratio below which the trove is taken: its minimum, and in recovery mode, where the pool
    /// covers its debt, that of the whole system if it is higher.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn line(
        &self,
        rule: &Rule,
        trove: &Trove,
        entire: Pool,
        price: U256,
    ) -> Result<Wad, Revert> {
        let minimum = trove.minimum(rule);
        if !self.recovering || entire.debt > self.available {
            return Ok(minimum);
        }
        Ok(minimum.max(ratio(self.running.collateral, self.running.debt, price)?))
    }

    /// By which rule the trove is taken, if by any.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn treatment(
        &self,
        rule: &Rule,
        trove: &Trove,
        entire: Pool,
        price: U256,
    ) -> Result<Option<Treatment>, Revert> {
        let own = ratio(entire.collateral, entire.debt, price)?;
        let below = own < trove.minimum(rule);
        if !self.recovering {
            return Ok(below.then_some(Treatment::Offset));
        }
        if self.troves <= 1 {
            return Ok(None);
        }
        if own <= Wad::one() {
            return Ok(Some(Treatment::Redistribute));
        }
        if below {
            return Ok(Some(Treatment::Offset));
        }
        Ok((own < self.line(rule, trove, entire, price)?).then_some(Treatment::Capped))
    }
}

/// A call under way.
struct Run<'a> {
    rule: &'a Rule,
    price: U256,
    mode: Mode,
    /// The system with the troves taken so far closed.
    system: System,
    taken: Vec<Taken>,
}

impl Run<'_> {
    /// Takes the trove if the rules say so. False if a sequence ends here.
    fn visit(&mut self, place: usize, trove: &Trove) -> Result<bool, Revert> {
        let Entire { all, pending } = trove.entire(&self.system)?;
        let own = ratio(all.collateral, all.debt, self.price)?;
        let below = own < trove.minimum(self.rule);
        if self.mode.recovering && !below && self.mode.available.is_zero() {
            return Ok(false);
        }
        match self.mode.treatment(self.rule, trove, all, self.price)? {
            Some(treatment) => self.take(place, trove, pending, treatment)?,
            None => return Ok(self.mode.recovering),
        }
        if self.mode.recovering {
            let Pool { collateral, debt } = self.mode.running;
            self.mode.recovering = ratio(collateral, debt, self.price)? < self.rule.critical_ratio;
        }
        Ok(true)
    }

    fn take(
        &mut self,
        place: usize,
        trove: &Trove,
        pending: Pool,
        by: Treatment,
    ) -> Result<(), Revert> {
        let (mut system, recorded) = put_on_record(&self.system, trove)?;
        leave(&mut system, &recorded)?;
        self.mode.troves = system.troves;
        self.system = system;
        let entire = Pool { collateral: recorded.collateral, debt: recorded.debt };
        let minimum = trove.minimum(self.rule);
        let seizable = match by {
            Treatment::Capped => capped(entire.debt, minimum, self.price)?,
            Treatment::Offset | Treatment::Redistribute => entire.collateral,
        };
        let surplus = sub(entire.collateral, seizable)?;
        let compensation = compensation(self.rule, seizable)?;
        let all = Pool { collateral: sub(seizable, compensation)?, debt: entire.debt };
        let offset = match by {
            Treatment::Redistribute => Pool::default(),
            Treatment::Capped => all,
            Treatment::Offset => {
                let debt = all.debt.min(self.mode.available);
                let collateral = mul_div_wide(all.collateral, debt, all.debt, Rounding::Floor)?;
                Pool { collateral, debt }
            }
        };
        let redistributed = all.minus(offset)?;
        self.mode.available = sub(self.mode.available, offset.debt)?;
        let leaves = add(add(offset.collateral, compensation)?, surplus)?;
        self.mode.running =
            self.mode.running.minus(Pool { collateral: leaves, debt: offset.debt })?;
        self.taken.push(Taken {
            trove: place,
            treatment: by,
            entire,
            pending,
            compensation,
            offset,
            redistributed,
            surplus,
        });
        Ok(())
    }

    /// One offset, one redistribution, then the surplus and the compensation leave.
    fn finish(self) -> Result<Liquidation, Revert> {
        if self.taken.is_empty() {
            return Err(Revert::NothingToLiquidate);
        }
        let mut system = self.system;
        let (mut offset, mut redistributed) = (Pool::default(), Pool::default());
        let (mut surplus, mut compensation, mut stable) = (U256::ZERO, U256::ZERO, U256::ZERO);
        for taken in &self.taken {
            offset = offset.plus(taken.offset)?;
            redistributed = redistributed.plus(taken.redistributed)?;
            surplus = add(surplus, taken.surplus)?;
            compensation = add(compensation, taken.compensation)?;
            stable = add(stable, self.rule.stable_compensation)?;
        }
        if !offset.debt.is_zero() {
            system.stability.offset(self.rule, offset.debt, offset.collateral)?;
            system.active = system.active.minus(offset)?;
        }
        if !redistributed.debt.is_zero() {
            redistribute(&mut system, redistributed)?;
        }
        system.active.collateral = sub(system.active.collateral, surplus)?;
        system.active.collateral = sub(system.active.collateral, compensation)?;
        system.stakes_snapshot = system.total_stakes;
        system.collateral_snapshot = system.entire()?.collateral;
        Ok(Liquidation {
            system,
            taken: self.taken,
            collateral_compensation: compensation,
            stable_compensation: stable,
        })
    }
}

/// Spreads `amounts` over the stakes that remain, carrying the rests of both divisions.
fn redistribute(system: &mut System, amounts: Pool) -> Result<(), Revert> {
    let one = Wad::one().raw;
    let stakes = system.total_stakes;
    let spread = |amount, rest| -> Result<(U256, U256), Revert> {
        let scaled = add(mul(amount, one)?, rest)?;
        let per_stake = div_wide(scaled, stakes, Rounding::Floor)?;
        Ok((per_stake, sub(scaled, mul(per_stake, stakes)?)?))
    };
    let rest = system.per_stake_rest;
    let (collateral, collateral_rest) = spread(amounts.collateral, rest.collateral)?;
    let (debt, debt_rest) = spread(amounts.debt, rest.debt)?;
    system.per_stake_rest = Pool { collateral: collateral_rest, debt: debt_rest };
    system.per_stake = system.per_stake.plus(Pool { collateral, debt })?;
    system.active = system.active.minus(amounts)?;
    system.default = system.default.plus(amounts)?;
    Ok(())
}
