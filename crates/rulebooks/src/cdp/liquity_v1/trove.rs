//! One trove: its ratio and its part in redistributions, and what its owner may do with it.

use super::{Pool, Revert, Rule, System, Trove, add, sub};
use breakwater_money::rounding::{Rounding, div_wide, mul_div_wide};
use breakwater_money::{U256, Wad};

/// Collateral ratio at `price` (1e18), rounded down; the largest number where nothing is owed.
///
/// # Errors
/// [`Revert::Arithmetic`].
pub fn ratio(collateral: U256, debt: U256, price: U256) -> Result<Wad, Revert> {
    if debt.is_zero() {
        return Ok(Wad::max());
    }
    Ok(Wad::from_raw(mul_div_wide(collateral, price, debt, Rounding::Floor)?))
}

/// A trove with what redistributions have added to it since it was last put on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Entire {
    /// On record and pending together.
    pub all: Pool,
    /// Pending alone, rounded down.
    pub pending: Pool,
}

impl Trove {
    /// Whether the trove is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.debt.is_zero()
    }

    /// Amounts on record and pending ones: stake times what was redistributed for each unit of
    /// stake since.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn entire(&self, system: &System) -> Result<Entire, Revert> {
        let since = system.per_stake.minus(self.seen)?;
        let one = Wad::one().raw;
        let part = |per_stake| mul_div_wide(self.stake, per_stake, one, Rounding::Floor);
        let pending = if self.is_open() {
            Pool { collateral: part(since.collateral)?, debt: part(since.debt)? }
        } else {
            Pool::default()
        };
        let recorded = Pool { collateral: self.collateral, debt: self.debt };
        Ok(Entire { all: recorded.plus(pending)?, pending })
    }

    /// The trove's ratio (`ICR`), on its entire amounts.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn ratio(&self, system: &System, price: U256) -> Result<Wad, Revert> {
        let all = self.entire(system)?.all;
        ratio(all.collateral, all.debt, price)
    }

    /// The ratio below which this trove may always be liquidated.
    #[must_use]
    pub fn minimum(&self, rule: &Rule) -> Wad {
        self.own_minimum.unwrap_or(rule.minimum_ratio)
    }

    /// The trove after its liquidation or its closing, with `surplus` more to be claimed.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn closed(&self, surplus: U256) -> Result<Trove, Revert> {
        Ok(Trove {
            claimable: add(self.claimable, surplus)?,
            own_minimum: self.own_minimum,
            ..Trove::default()
        })
    }

    /// Where the trove stands among the others: its ratio at a price of 100 coins, in units of its
    /// minimum. Troves that keep the rule's minimum stand by their ratios alone, as in the venue's
    /// sorted list.
    fn rank(&self, rule: &Rule, system: &System) -> Result<U256, Revert> {
        let all = self.entire(system)?.all;
        let nominal = ratio(all.collateral, all.debt, U256::from(NOMINAL_PRICE))?;
        if self.own_minimum.is_none() {
            return Ok(nominal.raw);
        }
        let own = self.minimum(rule).raw;
        Ok(mul_div_wide(nominal.raw, rule.minimum_ratio.raw, own, Rounding::Floor)?)
    }
}

/// `NICR_PRECISION` of the sorted list.
const NOMINAL_PRICE: u128 = 100_000_000_000_000_000_000;

/// The open troves by rising ratio, as places in `troves`. The venue puts a new trove above those
/// that equal it, so of equal ones the first in `troves`, which must be in order of opening, comes
/// first.
///
/// # Errors
/// [`Revert::Arithmetic`].
pub fn rising(rule: &Rule, system: &System, troves: &[Trove]) -> Result<Vec<usize>, Revert> {
    let open = troves.iter().enumerate().filter(|(_, trove)| trove.is_open());
    let ranked = open.map(|(place, trove)| Ok((trove.rank(rule, system)?, place)));
    let mut ranked = ranked.collect::<Result<Vec<_>, Revert>>()?;
    ranked.sort_unstable();
    Ok(ranked.into_iter().map(|(_, place)| place).collect())
}

/// What a call of an owner leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TroveChange {
    /// The system afterwards.
    pub system: System,
    /// The trove afterwards.
    pub trove: Trove,
    /// Fee added to the debt and paid to the venue's stakers (1e18).
    pub fee: U256,
}

/// A change of an open trove by its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Adjustment {
    /// Collateral put in (1e18).
    pub collateral_in: U256,
    /// Collateral taken out (1e18).
    pub collateral_out: U256,
    /// Coins borrowed (1e18).
    pub borrowed: U256,
    /// Coins repaid (1e18).
    pub repaid: U256,
}

/// Opens a trove with `collateral`, paying out `borrowed` coins.
///
/// # Errors
/// The venue's refusal; an owner's open trove, too small a debt and too low a ratio come in this
/// order.
pub fn open(
    rule: &Rule,
    system: &System,
    owner: &Trove,
    collateral: U256,
    borrowed: U256,
    price: U256,
) -> Result<TroveChange, Revert> {
    let recovering = system.is_recovering(rule, price)?;
    if owner.is_open() {
        return Err(Revert::TroveActive);
    }
    let fee = fee(rule, borrowed, recovering)?;
    let net = add(borrowed, fee)?;
    if net < rule.net_debt_least {
        return Err(Revert::NetDebtTooSmall);
    }
    let debt = add(net, rule.stable_compensation)?;
    let new = Pool { collateral, debt };
    let after = ratio(collateral, debt, price)?;
    if recovering {
        if after < rule.critical_ratio {
            return Err(Revert::BelowCritical);
        }
    } else {
        if after < owner.minimum(rule) {
            return Err(Revert::BelowMinimum);
        }
        keeps_system(rule, system.entire()?.plus(new)?, price)?;
    }
    let (system, trove) = enter(system, owner, new)?;
    Ok(TroveChange { system, trove, fee })
}

/// Puts a trove on record without the checks of new business.
///
/// # Errors
/// [`Revert::Arithmetic`].
pub(super) fn enter(system: &System, owner: &Trove, new: Pool) -> Result<(System, Trove), Revert> {
    let stake = stake_of(system, new.collateral)?;
    let mut system = system.clone();
    system.active = system.active.plus(new)?;
    system.total_stakes = add(system.total_stakes, stake)?;
    system.troves = system.troves.checked_add(1).ok_or(Revert::Arithmetic)?;
    let Pool { collateral, debt } = new;
    let trove = Trove { collateral, debt, stake, seen: system.per_stake, ..*owner };
    Ok((system, trove))
}

/// Changes collateral and debt of an open trove.
///
/// # Errors
/// The venue's refusal. In normal mode the trove must end at or above the minimum and the system at
/// or above the critical ratio, whatever the change: a payment that does not cure is refused.
pub fn adjust(
    rule: &Rule,
    system: &System,
    trove: &Trove,
    change: &Adjustment,
    price: U256,
) -> Result<TroveChange, Revert> {
    let recovering = system.is_recovering(rule, price)?;
    if *change == Adjustment::default() {
        return Err(Revert::NothingChanges);
    }
    if !trove.is_open() {
        return Err(Revert::TroveClosed);
    }
    let (mut system, trove) = put_on_record(system, trove)?;
    let fee = fee(rule, change.borrowed, recovering)?;
    let lent = add(change.borrowed, fee)?;
    let collateral = add(trove.collateral, change.collateral_in)?;
    let collateral =
        collateral.checked_sub(change.collateral_out).ok_or(Revert::CollateralTooSmall)?;
    let owed = add(trove.debt, lent)?;
    let debt = owed.checked_sub(change.repaid).ok_or(Revert::RepaysTooMuch)?;
    let before = ratio(trove.collateral, trove.debt, price)?;
    let after = ratio(collateral, debt, price)?;
    let rest = system.active.minus(Pool { collateral: trove.collateral, debt: trove.debt })?;
    system.active = rest.plus(Pool { collateral, debt })?;
    if recovering {
        if !change.collateral_out.is_zero() {
            return Err(Revert::NoWithdrawal);
        }
        if !change.borrowed.is_zero() {
            if after < rule.critical_ratio {
                return Err(Revert::BelowCritical);
            }
            if after < before {
                return Err(Revert::RatioFalls);
            }
        }
    } else {
        if after < trove.minimum(rule) {
            return Err(Revert::BelowMinimum);
        }
        keeps_system(rule, system.entire()?, price)?;
    }
    if !change.repaid.is_zero() {
        let least = add(rule.net_debt_least, rule.stable_compensation)?;
        if debt < least {
            return Err(Revert::NetDebtTooSmall);
        }
    }
    let (system, trove) = stake_anew(&system, Trove { collateral, debt, ..trove })?;
    Ok(TroveChange { system, trove, fee })
}

/// Closes a trove: its owner pays back all but the compensation, which was set aside, and gets the
/// collateral back.
///
/// # Errors
/// The venue's refusal: not in recovery mode, not the last trove, and not if the system would end
/// below the critical ratio.
pub fn close(
    rule: &Rule,
    system: &System,
    trove: &Trove,
    price: U256,
) -> Result<TroveChange, Revert> {
    if !trove.is_open() {
        return Err(Revert::TroveClosed);
    }
    if system.is_recovering(rule, price)? {
        return Err(Revert::Recovery);
    }
    let (mut system, trove) = put_on_record(system, trove)?;
    let own = Pool { collateral: trove.collateral, debt: trove.debt };
    system.active = system.active.minus(own)?;
    keeps_system(rule, system.entire()?, price)?;
    leave(&mut system, &trove)?;
    Ok(TroveChange { system, trove: trove.closed(U256::ZERO)?, fee: U256::ZERO })
}

/// Moves a trove's pending amounts onto its record, which reads anew what was redistributed.
///
/// # Errors
/// [`Revert::Arithmetic`].
pub(super) fn put_on_record(system: &System, trove: &Trove) -> Result<(System, Trove), Revert> {
    let Entire { all, pending } = trove.entire(system)?;
    let mut system = system.clone();
    system.default = system.default.minus(pending)?;
    system.active = system.active.plus(pending)?;
    let Pool { collateral, debt } = all;
    let trove = Trove { collateral, debt, seen: system.per_stake, ..*trove };
    Ok((system, trove))
}

/// Takes the trove's stake out of the total and counts it out. The last trove stays.
pub(super) fn leave(system: &mut System, trove: &Trove) -> Result<(), Revert> {
    system.total_stakes = sub(system.total_stakes, trove.stake)?;
    if system.troves <= 1 {
        return Err(Revert::OnlyTrove);
    }
    system.troves -= 1;
    Ok(())
}

/// Replaces the trove's stake by that of its collateral now.
pub(super) fn stake_anew(system: &System, trove: Trove) -> Result<(System, Trove), Revert> {
    let mut system = system.clone();
    let stake = stake_of(&system, trove.collateral)?;
    system.total_stakes = add(sub(system.total_stakes, trove.stake)?, stake)?;
    Ok((system, Trove { stake, ..trove }))
}

/// The stake of `collateral`: less than it in the measure in which earlier troves' stakes stand for
/// more collateral than they were given for.
fn stake_of(system: &System, collateral: U256) -> Result<U256, Revert> {
    if system.collateral_snapshot.is_zero() {
        return Ok(collateral);
    }
    if system.stakes_snapshot.is_zero() {
        return Err(Revert::Arithmetic);
    }
    let (total, snapshot) = (system.stakes_snapshot, system.collateral_snapshot);
    Ok(mul_div_wide(collateral, total, snapshot, Rounding::Floor)?)
}

/// The one-off fee on a loan, none in recovery mode.
fn fee(rule: &Rule, borrowed: U256, recovering: bool) -> Result<U256, Revert> {
    if recovering {
        return Ok(U256::ZERO);
    }
    Ok(rule.borrowing_fee.of(borrowed, Rounding::Floor)?)
}

fn keeps_system(rule: &Rule, after: Pool, price: U256) -> Result<(), Revert> {
    if ratio(after.collateral, after.debt, price)? < rule.critical_ratio {
        return Err(Revert::SystemBelowCritical);
    }
    Ok(())
}

/// One over the compensation's divisor of `collateral`, rounded down.
pub(super) fn compensation(rule: &Rule, collateral: U256) -> Result<U256, Revert> {
    let divisor = rule.collateral_compensation_divisor;
    Ok(div_wide(collateral, divisor, Rounding::Floor)?)
}

/// Collateral worth `debt` at the minimum ratio, rounded down.
pub(super) fn capped(debt: U256, minimum: Wad, price: U256) -> Result<U256, Revert> {
    Ok(mul_div_wide(debt, minimum.raw, price, Rounding::Floor)?)
}
