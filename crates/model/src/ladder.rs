//! A ladder, read from the top: the first rung that may act and has something to do.

use crate::contract::{self, owned};
use crate::number::{Fraction, Int, Result, ceil, floor, narrow, positive, ten};
use crate::plan::{self, lot};
use crate::pool::Pool;
use crate::rule::Rule;
use breakwater_liquidation::ladder::{
    Act, Bounds, Ladder, Meanwhile, Multiple, PriceBound, Range, Rung, Value,
};
use breakwater_liquidation::rulebook::Saleable;
use breakwater_liquidation::{Form, Leg, Policy, Reason, Rejection};
use breakwater_margin::Health;
use breakwater_money::{AccountId, Price, Time};
use num_traits::{Signed, Zero};
use std::cmp::Ordering;

/// What was done to an account since it was called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Climbed {
    /// When it was called.
    pub called_at: Time,
    /// The last sale or takeover ordered.
    pub last: Option<Time>,
    /// How many there were.
    pub steps: u32,
    /// What fills have freed of the shortage that a ramp frees by and by.
    pub freed: Int,
}

/// What is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The account's orders come off.
    Cancel,
    /// Sales.
    Sell(Vec<Leg>, Reason),
    /// The vault takes over.
    TakeOver,
    /// Nothing before then.
    Wait(Time),
    /// Nothing.
    Nothing,
}

/// A position that may be sold, with its lot and its value in the numeraire.
#[derive(Debug, Clone)]
struct Held {
    item: Saleable,
    quantity: Int,
    lot: Int,
    notional: Int,
}

/// An account in front of its ladder.
struct Scene<'a> {
    rule: &'a Rule,
    pool: &'a Pool,
    account: AccountId,
    before: Health,
    /// Value of all positions.
    value: Int,
    climbed: &'a Climbed,
}

/// The step that is due.
///
/// # Errors
/// The rule's refusal.
pub fn next(
    ladder: &Ladder,
    rule: &Rule,
    pool: &Pool,
    account: AccountId,
    policy: &Policy,
    climbed: &Climbed,
) -> Result<Step> {
    let before = rule.health(pool, account)?;
    rule.initial(pool, account)?;
    if !before.breach {
        return Ok(Step::Nothing);
    }
    let mut all = Vec::new();
    for item in rule.saleable(pool, account)? {
        let quantity = Int::from(item.quantity);
        let lot = lot(rule, pool, policy, item.asset)?.min(quantity.clone());
        let notional = rule.notional(pool, item.asset, &quantity)?;
        all.push(Held { item, quantity, lot, notional });
    }
    let value = all.iter().map(|held| &held.notional).sum();
    let scene = Scene { rule, pool, account, before, value, climbed };
    let mut earliest: Option<Time> = None;
    for rung in ladder.rungs() {
        if !scene.admits(&rung.bounds)? {
            continue;
        }
        let decimals = rule.numeraire_decimals(pool);
        let taken = all.iter().filter(|held| takes(&rung.bounds, held, decimals));
        let taken: Vec<Held> = taken.cloned().collect();
        let Some(found) = scene.attempt(rung, &taken)? else { continue };
        let rested = climbed.last.map_or(Time(0), |last| after(last, rung.wait_nanos));
        let until = match found {
            Step::Wait(until) if rested > pool.now => until.max(rested),
            Step::Wait(until) => until,
            step if rested <= pool.now => return Ok(step),
            _ => rested,
        };
        earliest = Some(earliest.map_or(until, |first| first.min(until)));
        if rung.meanwhile == Meanwhile::Hold {
            break;
        }
    }
    Ok(earliest.map_or(Step::Nothing, Step::Wait))
}

fn after(time: Time, nanos: u64) -> Time {
    Time(time.0.saturating_add(nanos))
}

/// Whether something lies within a range, of which it is known how it compares with each bound.
fn within<T: Copy>(range: &Range<T>, compare: impl Fn(T) -> Ordering) -> bool {
    range.above.is_none_or(|bound| compare(bound) == Ordering::Greater)
        && range.at_least.is_none_or(|bound| compare(bound) != Ordering::Less)
        && range.below.is_none_or(|bound| compare(bound) == Ordering::Less)
        && range.at_most.is_none_or(|bound| compare(bound) != Ordering::Greater)
}

/// A decimal as it is written: digits and how many of them stand behind the point.
fn decimal(text: &str) -> (Int, u8) {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{part}").parse().unwrap_or_default();
    (digits, u8::try_from(part.len()).unwrap_or_default())
}

/// A value in whole units of the numeraire, in its base units.
fn in_units(value: Value, decimals: u8) -> Fraction {
    let (digits, scale) = decimal(&value.to_string());
    Fraction::scaled(digits, scale).of(&ten(decimals))
}

fn takes(bounds: &Bounds, held: &Held, decimals: u8) -> bool {
    within(&bounds.notional, |bound| {
        // Whole units, so that between two of them there is nothing to compare with.
        let (least, exact) = (in_units(bound, decimals).up(), in_units(bound, decimals).down());
        if least == exact {
            held.notional.cmp(&exact)
        } else if held.notional >= least {
            Ordering::Greater
        } else {
            Ordering::Less
        }
    })
}

/// How many whole lots, the last of which may be smaller, there are in a position.
fn lots(held: &Held) -> Result<Int> {
    ceil(&held.quantity, &held.lot)
}

fn of_lots(held: &Held, count: &Int) -> Int {
    (&held.lot * count).min(held.quantity.clone())
}

fn bps(of: &Int, bps: u32) -> Fraction {
    Fraction::scaled(bps.into(), 4).of(of)
}

/// Positions with how much of each is sold.
type Sales = Vec<(Held, Int)>;

/// What a ramp allows.
enum Ramped {
    /// Sales; none where nothing frees so much.
    Sell(Option<Sales>),
    /// Nothing before then.
    Wait(Time),
}

/// What a step aims at.
#[derive(Clone)]
enum Target {
    Initial,
    /// With a buffer, basis points; and what of it may stay short.
    Maintenance(u32, Int),
}

impl Scene<'_> {
    fn admits(&self, bounds: &Bounds) -> Result<bool> {
        let equity = |bound: Multiple| {
            if self.before.equity < 0 {
                return Ordering::Less;
            }
            let text = bound.to_string();
            let (above, below) = text.split_once('/').unwrap_or((&text, "1"));
            let number = |text: &str| text.parse::<Int>().unwrap_or_default();
            let line = Int::from(self.before.requirement) * number(above);
            (Int::from(self.before.equity) * number(below)).cmp(&line)
        };
        let steps = |bound: u32| self.climbed.steps.cmp(&bound);
        Ok(within(&bounds.equity, equity) && within(&bounds.steps, steps))
    }

    /// What the rung would do, leaving its wait aside.
    fn attempt(&self, rung: &Rung, taken: &[Held]) -> Result<Option<Step>> {
        let unbounded = rung.bounds.notional == Range::default();
        if rung.act == Act::CancelOrders {
            let any = self.pool.orders.values().any(|order| order.account == self.account);
            let due = any && (unbounded || !taken.is_empty());
            return Ok(due.then_some(Step::Cancel));
        }
        if taken.is_empty() {
            return Ok(None);
        }
        let Some(at) = rung.at else { return Ok(Some(Step::TakeOver)) };
        let whole = |held: &Held| (held.clone(), held.quantity.clone());
        let everything = || taken.iter().map(whole).collect::<Vec<_>>();
        let (sales, reason) = match rung.act {
            Act::CancelOrders | Act::TakeOver => return Ok(None),
            Act::Whole => (Some(everything()), Reason::FullClose),
            Act::Fraction { bps: share } => {
                let part = |held: &Held| {
                    let count = bps(&lots(held)?, share).up();
                    Ok((held.clone(), of_lots(held, &count)))
                };
                (Some(taken.iter().map(part).collect::<Result<_>>()?), Reason::Fraction)
            }
            Act::ToInitial => (self.least(taken, at, &Target::Initial)?, Reason::InitialMargin),
            Act::ToMaintenance { buffer_bps } => {
                let target = Target::Maintenance(buffer_bps, Int::zero());
                (self.least(taken, at, &target)?, Reason::TargetHealth)
            }
            Act::TierDown { tiers } => (self.tier_down(taken, tiers)?, Reason::TierDown),
            Act::PerBlock { share_bps, least_value } => {
                let allowed = self.allowed(taken, share_bps, least_value)?;
                let target = Target::Maintenance(0, Int::zero());
                match self.least(&allowed, at, &target)? {
                    Some(sales) => (Some(sales), Reason::TargetHealth),
                    None => (Some(allowed.iter().map(whole).collect()), Reason::BlockCap),
                }
            }
            Act::Ramp { .. } => match self.ramp(rung, taken, at)? {
                Ramped::Sell(sales) => (sales, Reason::Ramp),
                Ramped::Wait(until) => return Ok(Some(Step::Wait(until))),
            },
        };
        let Some(sales) = sales else { return Ok(None) };
        let legs = self.legs(&sales, at)?;
        Ok(Some(Step::Sell(legs, reason)))
    }

    fn legs(&self, sales: &[(Held, Int)], at: PriceBound) -> Result<Vec<Leg>> {
        sales.iter().map(|(held, quantity)| self.leg(held, quantity, at)).collect()
    }

    fn leg(&self, held: &Held, quantity: &Int, at: PriceBound) -> Result<Leg> {
        let price = plan::fair(self.pool, &held.item)?;
        let fair = Int::from(price.raw);
        let worst = match at {
            PriceBound::Mark { slippage_bps } => {
                plan::slipped(&fair, slippage_bps, held.item.buy_back)?
            }
            PriceBound::Bankruptcy => self.bankruptcy(&held.item, &fair)?,
        };
        Ok(Leg {
            asset: held.item.asset,
            quantity: narrow(quantity)?,
            buy_back: held.item.buy_back,
            proceeds_asset: held.item.proceeds_asset,
            worst_price: Price { raw: narrow(&worst)?, decimals: price.decimals },
        })
    }

    /// The price at which a position's part of the equity, by value, is gone; rounded so that
    /// something rather than nothing is left, and never zero.
    fn bankruptcy(&self, item: &Saleable, fair: &Int) -> Result<Int> {
        let terms = contract::terms(self.pool, item.asset);
        let owns = terms.as_ref().map_or(!item.buy_back, |terms| owned(terms, !item.buy_back));
        let equity = Int::from(self.before.equity);
        // What is owned may lose the equity, what is owed may grow by it.
        let left = if owns { &self.value - equity } else { &self.value + equity };
        let one = Int::from(1);
        let (value, left) = (self.value.clone().max(one.clone()), left.max(one.clone()));
        let inverse = terms.is_ok_and(|terms| terms.form == Form::Inverse);
        let (over, under) = if inverse { (value, left) } else { (left, value) };
        let price = Fraction::new(fair * over, under)?;
        let price = if item.buy_back { price.down() } else { price.up() };
        Ok(price.max(one))
    }

    fn missing(&self, pool: &Pool, health: &Health, target: &Target) -> Result<Int> {
        let line = match target {
            Target::Initial => self.rule.initial(pool, self.account)?,
            Target::Maintenance(buffer, _) => {
                let required = Int::from(health.requirement);
                &required + bps(&required, *buffer).up()
            }
        };
        let missing = positive(line - Int::from(health.equity));
        // A breach is never enough, whatever the numbers say.
        Ok(if health.breach { missing.max(Int::from(1)) } else { missing })
    }

    /// Positions in order, whole, and of the last the fewest lots, that reach the target.
    fn least(&self, taken: &[Held], at: PriceBound, target: &Target) -> Result<Option<Sales>> {
        let may_stay = match target {
            Target::Initial => Int::zero(),
            Target::Maintenance(_, short) => short.clone(),
        };
        let mut sales: Sales = Vec::new();
        for held in taken {
            let with = |count: &Int| {
                let mut tried = sales.clone();
                tried.push((held.clone(), of_lots(held, count)));
                tried
            };
            let reaches = |count: &Int| {
                // What the rule refuses in part it may still take whole.
                let Ok((pool, health)) = self.sold(&self.legs(&with(count), at)?) else {
                    return Ok(false);
                };
                let missing = self.missing(&pool, &health, target);
                Ok(missing.is_ok_and(|missing| missing <= may_stay))
            };
            if let Some(count) = plan::fewest_lots(&lots(held)?, reaches)? {
                return Ok(Some(with(&count)));
            }
            sales.push((held.clone(), held.quantity.clone()));
        }
        Ok(None)
    }

    /// The pool and the account's health if every leg fills at its worst price.
    fn sold(&self, legs: &[Leg]) -> Result<(Pool, Health)> {
        let pool = plan::sold(self.rule, self.pool, self.account, legs)?;
        let health = self.rule.health(&pool, self.account)?;
        Ok((pool, health))
    }

    /// The first position with so many tiers below it, down to the cap of the lowest of them.
    fn tier_down(&self, taken: &[Held], tiers: u8) -> Result<Option<Sales>> {
        for held in taken {
            let below = self.rule.steps_down(self.pool, self.account, held.item.asset)?;
            let Some(cap) = below.get(usize::from(tiers) - 1) else { continue };
            let count = ceil(&(&held.quantity - cap), &held.lot)?;
            if count.is_positive() {
                return Ok(Some(vec![(held.clone(), of_lots(held, &count))]));
            }
        }
        Ok(None)
    }

    /// Positions in order that are together worth what one block allows: the last in whole lots,
    /// and a lot of the first in any case.
    fn allowed(&self, taken: &[Held], share_bps: u32, least_value: Value) -> Result<Vec<Held>> {
        let value: Int = taken.iter().map(|held| &held.notional).sum();
        let decimals = self.rule.numeraire_decimals(self.pool);
        let mut left = bps(&value, share_bps).down().max(in_units(least_value, decimals).up());
        let mut allowed: Vec<Held> = Vec::new();
        for held in taken {
            if held.notional <= left {
                left -= &held.notional;
                allowed.push(held.clone());
                continue;
            }
            let fits = floor(&(&held.quantity * &left), &held.notional)?;
            let count = floor(&fits, &held.lot)?;
            let count = if allowed.is_empty() { count.max(Int::from(1)) } else { count };
            if count.is_positive() {
                allowed.push(Held { quantity: of_lots(held, &count), ..held.clone() });
            }
            break;
        }
        Ok(allowed)
    }

    /// The least that frees what is allowed of the shortage by now, or when more is allowed.
    fn ramp(&self, rung: &Rung, taken: &[Held], at: PriceBound) -> Result<Ramped> {
        let Act::Ramp { first_bps, nanos, buffer_bps, at_once_below } = rung.act else {
            return Err(Rejection::BadParameter);
        };
        let whole = Target::Maintenance(buffer_bps, Int::zero());
        let short = self.missing(self.pool, &self.before, &whole)?;
        let decimals = self.rule.numeraire_decimals(self.pool);
        let small = at_once_below.is_some_and(|value| short < in_units(value, decimals).up());
        let all = &short + &self.climbed.freed;
        let since = Int::from(self.pool.now.0) - Int::from(self.climbed.called_at.0);
        // Of ten thousand parts for every nanosecond of the ramp.
        let nanos = Int::from(nanos.max(1));
        let one = Int::from(10_000) * &nanos;
        let first = Int::from(first_bps) * &nanos;
        let kept = positive(&one - &first - Int::from(10_000) * since);
        let stays = if small { Int::zero() } else { ceil(&(&all * kept), &one)? };
        if stays >= short {
            // As soon as one unit more than what was freed may go.
            let share = ceil(&((&self.climbed.freed + 1) * &one), &all)?;
            let wait = ceil(&positive(share - first), &Int::from(10_000))?;
            let due = Int::from(self.climbed.called_at.0) + wait;
            return Ok(Ramped::Wait(Time(u64::try_from(&due).unwrap_or(u64::MAX))));
        }
        Ok(Ramped::Sell(self.least(taken, at, &Target::Maintenance(buffer_bps, stays))?))
    }
}

/// Shortage of the maintenance requirement with the buffer of a ladder's first ramp; none without.
#[must_use]
pub fn short_of_ramp(ladder: &Ladder, health: &Health) -> Option<Int> {
    let buffer = ladder.rungs().iter().find_map(|rung| match rung.act {
        Act::Ramp { buffer_bps, .. } => Some(buffer_bps),
        _ => None,
    })?;
    let line = bps(&Int::from(health.requirement), 10_000 + buffer).up();
    Some(positive(line - Int::from(health.equity)))
}
