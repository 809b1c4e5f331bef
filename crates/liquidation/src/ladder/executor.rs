//! One executor for every ladder.

use super::bounds::Value;
use super::rung::{Act, BPS_ONE, Ladder, Meanwhile, PriceBound, Rung};
use super::size::{Target, capped, least, share_of};
use crate::{Reason, Rejected, Rejection};
use breakwater_money::rounding::{Rounding, div, div_wide, mul_div, mul_div_full};
use breakwater_money::{AssetId, Time, U256};
use std::cmp::Ordering;

/// What happened to the account since it was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// When it was called.
    pub called_at: Time,
    /// When the last sale or takeover was ordered; none before the first.
    pub last_step_at: Option<Time>,
    /// Engine time.
    pub now: Time,
    /// Sales and takeovers ordered since it was called, filled or not. Cancelling orders is none.
    pub steps: u32,
    /// True while it has open orders.
    pub orders_open: bool,
    /// Shortage of the maintenance requirement (with the buffer of the ladder's ramp) that fills
    /// have freed since it was called, in base units of the numeraire; only ramps read it.
    pub freed: u128,
}

/// What an account has against its requirements, in base units of the numeraire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Margins {
    /// What is left of it when every position is closed at the mark.
    pub equity: i128,
    /// What it must not fall below.
    pub maintenance: u128,
    /// What it needs to open positions.
    pub initial: u128,
    /// True when the venue's rule allows liquidation.
    pub breach: bool,
}

/// A position that may be sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// What it is in.
    pub asset: AssetId,
    /// Its size in base units, whichever its side.
    pub quantity: u128,
    /// Base units of one lot; zero counts as one.
    pub lot: u128,
    /// Its value at the mark, in base units of the numeraire.
    pub notional: u128,
}

impl Position {
    /// How many lots it has, the last of which may be smaller.
    ///
    /// # Errors
    /// None that a lot of at least one leads to.
    pub fn lots(&self) -> Result<u128, Rejected> {
        Ok(div(self.quantity, self.lot.max(1), Rounding::Ceil)?)
    }

    /// The size of its first `count` lots.
    #[must_use]
    pub fn of_lots(&self, count: u128) -> u128 {
        self.lot.max(1).saturating_mul(count).min(self.quantity)
    }
}

/// One sale of a step: a position of this size is closed, no worse than at this price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sale {
    /// What to sell; what to buy back for a short.
    pub asset: AssetId,
    /// How much, in base units; never more than the position.
    pub quantity: u128,
    /// Worst price.
    pub at: PriceBound,
}

/// The account as an executor sees it.
pub trait Book {
    /// Decimals of the numeraire.
    fn value_decimals(&self) -> u8;

    /// The account's margins at the marks.
    ///
    /// # Errors
    /// The rulebook's refusal.
    fn margins(&self) -> Result<Margins, Rejected>;

    /// Its positions, the first to be sold first; one an asset.
    ///
    /// # Errors
    /// The rulebook's refusal.
    fn positions(&self) -> Result<Vec<Position>, Rejected>;

    /// Sizes of the position in `asset` at which the tiers below its own begin, in base units,
    /// largest first; empty in the lowest tier, and where there are no tiers.
    ///
    /// # Errors
    /// The rulebook's refusal.
    fn steps_down(&self, asset: AssetId) -> Result<Vec<u128>, Rejected>;

    /// Its margins after these sales, in order, each at its worst price.
    ///
    /// # Errors
    /// The rulebook's refusal.
    fn after(&self, sales: &[Sale]) -> Result<Margins, Rejected>;
}

/// The sales of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sales {
    /// Sales, in order; at least one.
    pub sales: Vec<Sale>,
    /// Why.
    pub reason: Reason,
    /// The rung that ordered them, counted from 0.
    pub rung: usize,
}

/// What is to be done with an account now. `S` is what tells a sale: [`Sales`], or a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<S> {
    /// Cancel its open orders.
    CancelOrders,
    /// Sell.
    Sell(S),
    /// Hand its positions and their margin to the backstop vault.
    TakeOver,
    /// Ask again then, or at the next price.
    Wait {
        /// When something will be due.
        until: Time,
    },
    /// Nothing: it is not in breach, or nothing of it is left.
    Nothing,
}

impl<S> Step<S> {
    /// The same step with its sales told otherwise.
    ///
    /// # Errors
    /// That of `tell`.
    pub fn try_map<T, E>(self, tell: impl FnOnce(S) -> Result<T, E>) -> Result<Step<T>, E> {
        Ok(match self {
            Step::Sell(sales) => Step::Sell(tell(sales)?),
            Step::CancelOrders => Step::CancelOrders,
            Step::TakeOver => Step::TakeOver,
            Step::Wait { until } => Step::Wait { until },
            Step::Nothing => Step::Nothing,
        })
    }
}

/// The step that is due: that of the first rung whose bounds hold and whose act has something to
/// do. A rung that would act but waits either holds up the ladder or is passed over.
///
/// # Errors
/// The book's refusal, or overflow.
pub fn next(
    ladder: &Ladder,
    standing: &Standing,
    book: &dyn Book,
) -> Result<Step<Sales>, Rejected> {
    let margins = book.margins()?;
    if !margins.breach {
        return Ok(Step::Nothing);
    }
    let mut positions = book.positions()?;
    positions.retain(|position| position.quantity > 0);
    let scene = Scene { book, standing, margins, decimals: book.value_decimals() };
    let mut earliest: Option<Time> = None;
    for (index, rung) in ladder.rungs().iter().enumerate() {
        if !rung.bounds.admit(&margins, standing.steps)? {
            continue;
        }
        let taken = scene.taken(rung, &positions)?;
        let Some(until) = (match scene.attempt(index, rung, &taken)? {
            Attempt::None => continue,
            Attempt::Step(step) => match rest(rung, standing) {
                None => return Ok(step),
                waits => waits,
            },
            Attempt::NotBefore(until) => rest(rung, standing).max(Some(until)),
        }) else {
            continue;
        };
        // What was passed over may be due before what holds up the rest.
        let first = earliest.map_or(until, |earliest| earliest.min(until));
        if rung.meanwhile == Meanwhile::Hold {
            return Ok(Step::Wait { until: first });
        }
        earliest = Some(first);
    }
    Ok(earliest.map_or(Step::Nothing, |until| Step::Wait { until }))
}

/// Until when the rung waits; none if it need not.
fn rest(rung: &Rung, standing: &Standing) -> Option<Time> {
    let until = standing.last_step_at?.after(rung.wait_nanos);
    (standing.now < until).then_some(until)
}

/// What a rung would do, leaving its wait aside.
enum Attempt {
    Step(Step<Sales>),
    NotBefore(Time),
    None,
}

struct Scene<'a> {
    book: &'a dyn Book,
    standing: &'a Standing,
    margins: Margins,
    decimals: u8,
}

impl Scene<'_> {
    /// The positions that the rung's bounds take.
    fn taken(&self, rung: &Rung, positions: &[Position]) -> Result<Vec<Position>, Rejected> {
        let mut taken = Vec::with_capacity(positions.len());
        for position in positions {
            if rung.bounds.take(position, self.decimals)? {
                taken.push(*position);
            }
        }
        Ok(taken)
    }

    fn attempt(&self, index: usize, rung: &Rung, taken: &[Position]) -> Result<Attempt, Rejected> {
        if rung.act == Act::CancelOrders {
            // Orders may be all that an account has, unless the rung asks for positions.
            let asked = rung.bounds.notional.is_open() || !taken.is_empty();
            let due = self.standing.orders_open && asked;
            return Ok(if due { Attempt::Step(Step::CancelOrders) } else { Attempt::None });
        }
        if taken.is_empty() {
            return Ok(Attempt::None);
        }
        // Checked when the ladder was made: whatever sells has a price.
        let Some(at) = rung.at else { return Ok(Attempt::Step(Step::TakeOver)) };
        let sold = match rung.act {
            Act::CancelOrders | Act::TakeOver => None,
            Act::TierDown { tiers } => self.tier_down(taken, tiers, at)?,
            Act::Fraction { bps } => Some((fraction(taken, bps, at)?, Reason::Fraction)),
            Act::ToInitial => self.least(taken, at, &Target::INITIAL, Reason::InitialMargin)?,
            Act::ToMaintenance { buffer_bps } => {
                self.least(taken, at, &Target::maintenance(buffer_bps), Reason::TargetHealth)?
            }
            Act::Whole => {
                let whole = |p: &Position| Sale { asset: p.asset, quantity: p.quantity, at };
                Some((taken.iter().map(whole).collect(), Reason::FullClose))
            }
            Act::PerBlock { share_bps, least_value } => {
                Some(self.block(taken, share_bps, least_value, at)?)
            }
            Act::Ramp { first_bps, nanos, buffer_bps, at_once_below } => {
                let target = Target::maintenance(buffer_bps);
                let shortage = target.missing(&self.margins)?;
                let small = match at_once_below {
                    Some(value) => value.compare(shortage, self.decimals)? == Ordering::Less,
                    None => false,
                };
                let ramp = Allowed { first_bps, nanos, shortage, freed: self.standing.freed };
                let left = if small { 0 } else { ramp.left(self.standing)? };
                if left >= shortage {
                    return Ok(Attempt::NotBefore(ramp.due(self.standing)?));
                }
                self.least(taken, at, &target.leaving(left), Reason::Ramp)?
            }
        };
        Ok(match sold {
            Some((sales, reason)) => {
                Attempt::Step(Step::Sell(Sales { sales, reason, rung: index }))
            }
            None => Attempt::None,
        })
    }

    /// The least that reaches the target; none if nothing does.
    fn least(
        &self,
        taken: &[Position],
        at: PriceBound,
        target: &Target,
        reason: Reason,
    ) -> Result<Option<(Vec<Sale>, Reason)>, Rejected> {
        Ok(least(self.book, taken, at, target)?.map(|sales| (sales, reason)))
    }

    /// The first position with so many tiers below it, cut to the cap of the lowest of them.
    fn tier_down(
        &self,
        taken: &[Position],
        tiers: u8,
        at: PriceBound,
    ) -> Result<Option<(Vec<Sale>, Reason)>, Rejected> {
        for position in taken {
            let below = self.book.steps_down(position.asset)?;
            let cap = usize::from(tiers).checked_sub(1).and_then(|index| below.get(index));
            let Some(excess) = cap.and_then(|cap| position.quantity.checked_sub(*cap)) else {
                continue;
            };
            let lots = div(excess, position.lot.max(1), Rounding::Ceil)?;
            if lots > 0 {
                let quantity = position.of_lots(lots);
                let sale = Sale { asset: position.asset, quantity, at };
                return Ok(Some((vec![sale], Reason::TierDown)));
            }
        }
        Ok(None)
    }

    /// As much as the block allows, or less if less ends the breach.
    fn block(
        &self,
        taken: &[Position],
        share_bps: u32,
        least_value: Value,
        at: PriceBound,
    ) -> Result<(Vec<Sale>, Reason), Rejected> {
        let parts = taken.iter().map(|position| position.notional);
        let value = parts.fold(0u128, u128::saturating_add);
        let share = share_of(value, share_bps, Rounding::Floor)?;
        let allowed = capped(taken, share.max(least_value.in_units(self.decimals)?))?;
        if let Some(sales) = least(self.book, &allowed, at, &Target::maintenance(0))? {
            return Ok((sales, Reason::TargetHealth));
        }
        let all = |p: &Position| Sale { asset: p.asset, quantity: p.quantity, at };
        Ok((allowed.iter().map(all).collect(), Reason::BlockCap))
    }
}

/// A share of each position in lots, rounded up so that every step sells something.
fn fraction(taken: &[Position], bps: u32, at: PriceBound) -> Result<Vec<Sale>, Rejected> {
    let part = |position: &Position| {
        let lots = share_of(position.lots()?, bps, Rounding::Ceil)?;
        Ok(Sale { asset: position.asset, quantity: position.of_lots(lots), at })
    };
    taken.iter().map(part).collect()
}

/// How much of a shortage may be freed by when: the share `first + elapsed / nanos`, at most all,
/// of what is short now and what was freed before (exchange-margin.md, section 4, on the venue
/// whose share grows with the slot).
struct Allowed {
    first_bps: u32,
    nanos: u64,
    shortage: u128,
    freed: u128,
}

impl Allowed {
    /// The share's denominator: all.
    fn one(&self) -> u128 {
        u128::from(BPS_ONE) * u128::from(self.nanos.max(1))
    }

    /// The share's numerator before any time has passed.
    fn first(&self) -> u128 {
        u128::from(self.first_bps) * u128::from(self.nanos.max(1))
    }

    fn total(&self) -> Result<u128, Rejected> {
        Ok(self.shortage.checked_add(self.freed).ok_or(Rejection::Overflow)?)
    }

    /// What must still be short after a step now; rounded up, so that no more than the share goes.
    fn left(&self, standing: &Standing) -> Result<u128, Rejected> {
        let elapsed = u128::from(standing.now.since(standing.called_at));
        let share = self.first() + u128::from(BPS_ONE) * elapsed;
        let kept = self.one().saturating_sub(share);
        Ok(mul_div(self.total()?, kept, self.one(), Rounding::Ceil)?)
    }

    /// The first instant at which one unit more than what was freed is allowed.
    fn due(&self, standing: &Standing) -> Result<Time, Rejected> {
        // At most what is short in all, since something is short.
        let wanted = U256::from(self.freed) + U256::ONE;
        let total = U256::from(self.total()?);
        let share = mul_div_full(wanted, U256::from(self.one()), total, Rounding::Ceil)?;
        let later = share.saturating_sub(U256::from(self.first()));
        let elapsed = div_wide(later, U256::from(BPS_ONE), Rounding::Ceil)?;
        Ok(standing.called_at.after(u64::try_from(elapsed).unwrap_or(u64::MAX)))
    }
}
