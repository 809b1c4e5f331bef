//! The stability pool: what depositors have left, and what they have gained.
//!
//! A deposit `d` entered at product `P0` and sum `S0` is now `d x P / P0` and has gained
//! `d x (S - S0) / P0` of collateral. `P` only falls; where it would come close to zero it is raised
//! by the scale factor and the scale counts one more. Sums are kept by scale.

use super::{Revert, Rule, add, mul, sub};
use breakwater_money::rounding::{Rounding, div_wide, mul_div_wide};
use breakwater_money::{U256, Wad};
use std::collections::BTreeMap;

/// What the pool remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StabilityPool {
    /// Coins at its disposal (1e18).
    pub deposits: U256,
    /// Collateral gained and not paid out yet (1e18).
    pub collateral: U256,
    /// What is left of a unit deposited (`P`, 1e18 at the start).
    pub product: U256,
    /// How often the product was raised.
    pub scale: u64,
    /// Gains of a unit deposited times the product (`S`, 1e36), by scale; a scale that is missing
    /// has none. A reader of one deposit needs its own scale's, the next one's and the last.
    pub sums: BTreeMap<u64, U256>,
    /// Rest of the last gain's division.
    pub gain_rest: U256,
    /// What the last loss took too much.
    pub loss_rest: U256,
}

impl Default for StabilityPool {
    fn default() -> Self {
        StabilityPool {
            deposits: U256::ZERO,
            collateral: U256::ZERO,
            product: Wad::one().raw,
            scale: 0,
            sums: BTreeMap::new(),
            gain_rest: U256::ZERO,
            loss_rest: U256::ZERO,
        }
    }
}

/// One depositor's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deposit {
    /// Coins when last put on record (1e18).
    pub amount: U256,
    /// The product then.
    pub product: U256,
    /// The sum of that scale then.
    pub sum: U256,
    /// The scale then.
    pub scale: u64,
}

/// What a depositor's call leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolChange {
    /// The pool afterwards.
    pub pool: StabilityPool,
    /// The deposit afterwards.
    pub deposit: Deposit,
    /// Collateral paid out (1e18).
    pub gain: U256,
    /// Coins paid out (1e18).
    pub paid: U256,
}

/// A deposit that has fallen below one part in this counts as nothing.
const DUST: u128 = 1_000_000_000;

impl StabilityPool {
    /// The sum of a scale (`S`, 1e36).
    #[must_use]
    pub fn sum(&self, scale: u64) -> U256 {
        self.sums.get(&scale).copied().unwrap_or_default()
    }

    /// Coins that liquidations may use: all but what the pool keeps, and none where that is less
    /// than the last loss took too much.
    #[must_use]
    pub fn available(&self, rule: &Rule) -> U256 {
        let most = self.deposits.saturating_sub(rule.pool_least);
        let scaled = most.checked_mul(Wad::one().raw);
        if scaled.is_some_and(|scaled| scaled <= self.loss_rest) { U256::ZERO } else { most }
    }

    /// What is left of a deposit (`getCompoundedLUSDDeposit`).
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn compounded(&self, rule: &Rule, deposit: &Deposit) -> Result<U256, Revert> {
        if deposit.amount.is_zero() {
            return Ok(U256::ZERO);
        }
        let steps = self.scale.checked_sub(deposit.scale).ok_or(Revert::Arithmetic)?;
        let now = mul_div_wide(deposit.amount, self.product, deposit.product, Rounding::Floor)?;
        let now = match steps {
            0 => now,
            1 => div_wide(now, rule.scale_factor, Rounding::Floor)?,
            // Two steps are a factor of 1e18: nothing that could be told is left.
            _ => U256::ZERO,
        };
        let dust = div_wide(deposit.amount, U256::from(DUST), Rounding::Floor)?;
        Ok(if now < dust { U256::ZERO } else { now })
    }

    /// What a deposit has gained (`getDepositorETHGain`). A scale beyond the next one adds nothing.
    ///
    /// # Errors
    /// [`Revert::Arithmetic`].
    pub fn gained(&self, rule: &Rule, deposit: &Deposit) -> Result<U256, Revert> {
        if deposit.amount.is_zero() {
            return Ok(U256::ZERO);
        }
        let next = deposit.scale.checked_add(1).ok_or(Revert::Arithmetic)?;
        let first = sub(self.sum(deposit.scale), deposit.sum)?;
        let second = div_wide(self.sum(next), rule.scale_factor, Rounding::Floor)?;
        let both = add(first, second)?;
        let scaled = mul_div_wide(deposit.amount, both, deposit.product, Rounding::Floor)?;
        Ok(div_wide(scaled, Wad::one().raw, Rounding::Floor)?)
    }

    /// Cancels `debt` against the deposits, which gain `collateral`.
    ///
    /// # Errors
    /// [`Revert::PoolTooSmall`] or [`Revert::Arithmetic`].
    pub(super) fn offset(
        &mut self,
        rule: &Rule,
        debt: U256,
        collateral: U256,
    ) -> Result<(), Revert> {
        let one = Wad::one().raw;
        let total = self.deposits;
        if debt >= total {
            return Err(Revert::Arithmetic);
        }
        // The last loss was rounded up, so this one starts with what that took too much.
        let loss = mul(debt, one)?.saturating_sub(self.loss_rest);
        let per_unit = add(div_wide(loss, total, Rounding::Floor)?, U256::ONE)?;
        self.loss_rest = sub(mul(per_unit, total)?, loss)?;
        let gain = add(mul(collateral, one)?, self.gain_rest)?;
        let gain_per_unit = div_wide(gain, total, Rounding::Floor)?;
        self.gain_rest = sub(gain, mul(gain_per_unit, total)?)?;

        let grown = add(self.sum(self.scale), mul(gain_per_unit, self.product)?)?;
        self.sums.insert(self.scale, grown);
        self.shrink(rule, sub(one, per_unit)?)?;
        self.deposits = sub(total, debt)?;
        self.collateral = add(self.collateral, collateral)?;
        if self.deposits < rule.pool_least {
            return Err(Revert::PoolTooSmall);
        }
        Ok(())
    }

    /// Multiplies the product by `factor` (1e18), raising it by one or two scales where it would
    /// fall below the scale factor. Raising multiplies before it divides, so that no digit is lost.
    fn shrink(&mut self, rule: &Rule, factor: U256) -> Result<(), Revert> {
        let one = Wad::one().raw;
        let exact = mul(self.product, factor)?;
        let mut product = div_wide(exact, one, Rounding::Floor)?;
        let mut raised = exact;
        for _ in 0..2 {
            if product >= rule.scale_factor {
                break;
            }
            raised = mul(raised, rule.scale_factor)?;
            product = div_wide(raised, one, Rounding::Floor)?;
            self.scale = self.scale.checked_add(1).ok_or(Revert::Arithmetic)?;
        }
        if product.is_zero() {
            return Err(Revert::Arithmetic);
        }
        self.product = product;
        Ok(())
    }

    /// Puts `amount` on record at the product and sum of now; nothing is remembered of nothing.
    fn record(&self, amount: U256) -> Deposit {
        if amount.is_zero() {
            return Deposit::default();
        }
        Deposit { amount, product: self.product, sum: self.sum(self.scale), scale: self.scale }
    }

    /// Pays out the gain and puts the deposit anew on record, `more` coins added and `paid` taken.
    fn settle(
        &self,
        rule: &Rule,
        deposit: &Deposit,
        more: U256,
        paid: U256,
    ) -> Result<PoolChange, Revert> {
        let gain = self.gained(rule, deposit)?;
        let left = sub(add(self.compounded(rule, deposit)?, more)?, paid)?;
        let mut pool = self.clone();
        pool.deposits = sub(add(self.deposits, more)?, paid)?;
        pool.collateral = sub(self.collateral, gain)?;
        let deposit = pool.record(left);
        Ok(PoolChange { pool, deposit, gain, paid })
    }
}

/// Adds `amount` to a deposit and pays out what it has gained.
///
/// # Errors
/// [`Revert::AmountZero`] or [`Revert::Arithmetic`].
pub fn provide(
    rule: &Rule,
    pool: &StabilityPool,
    deposit: &Deposit,
    amount: U256,
) -> Result<PoolChange, Revert> {
    if amount.is_zero() {
        return Err(Revert::AmountZero);
    }
    pool.settle(rule, deposit, amount, U256::ZERO)
}

/// Takes at most `amount` out of a deposit and pays out what it has gained. `waiting` says whether
/// some trove is below the minimum; zero takes the gain alone and is never held up by it.
///
/// # Errors
/// [`Revert::TrovesBelowMinimum`], [`Revert::NoDeposit`], [`Revert::PoolTooSmall`] or
/// [`Revert::Arithmetic`].
pub fn withdraw(
    rule: &Rule,
    pool: &StabilityPool,
    deposit: &Deposit,
    amount: U256,
    waiting: bool,
) -> Result<PoolChange, Revert> {
    if !amount.is_zero() && waiting {
        return Err(Revert::TrovesBelowMinimum);
    }
    if deposit.amount.is_zero() {
        return Err(Revert::NoDeposit);
    }
    let paid = amount.min(pool.compounded(rule, deposit)?);
    let change = pool.settle(rule, deposit, U256::ZERO, paid)?;
    if !paid.is_zero() && change.pool.deposits < rule.pool_least {
        return Err(Revert::PoolTooSmall);
    }
    Ok(change)
}
