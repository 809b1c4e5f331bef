//! The liquidation: checks, the most that may be taken over, and what a call leaves.

use super::amounts::{checked_debt, is_dust, owed_exact, owed_units};
use super::ltv::{Health, health};
use super::{Account, Call, Collateral, Controller, Revert, SOCIALISED_FROM, Vault};
use breakwater_money::rounding::{Rounding, mul_div_wide};
use breakwater_money::{Bps, U256, Wad};

/// What one call on one collateral may move at the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The account before the call.
    pub health: Health,
    /// What the caller pays for a value of one (1e18); zero where there is no violation.
    pub discount_factor: U256,
    /// Most debt that may be taken over, base units.
    pub repay_most: U256,
    /// Shares that come out for it.
    pub yield_most: U256,
}

/// What an accepted call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// What would have been possible.
    pub limits: Limits,
    /// Debt that the caller takes over as the venue counts it, base units.
    pub repaid: U256,
    /// Debt that moves to the caller (base units times 2^31).
    pub moved_exact: U256,
    /// Shares that move to the caller.
    pub yielded: U256,
    /// Debt that leaves the vault unpaid, base units.
    pub socialised: U256,
    /// The account's debt afterwards (base units times 2^31).
    pub owed_exact_after: U256,
    /// The caller's debt afterwards (base units times 2^31).
    pub liquidator_owed_exact_after: U256,
    /// All debt of the vault afterwards (base units times 2^31).
    pub total_borrows_exact_after: U256,
    /// The account's shares of the named collateral afterwards.
    pub balance_after: U256,
}

/// The most that a call may move. A healthy account, and one that owes nothing, is no reason to
/// refuse: nothing may be moved.
///
/// # Errors
/// The checks in the contract's order: self, recognised collateral, controller, enabled collateral,
/// deferred check, cool-off; then arithmetic.
pub fn check_liquidation(
    vault: &Vault,
    account: &Account<'_>,
    call: &Call,
) -> Result<Limits, Revert> {
    let collateral = validate(vault, account, call)?;
    let nothing = |health| Limits {
        health,
        discount_factor: U256::ZERO,
        repay_most: U256::ZERO,
        yield_most: U256::ZERO,
    };
    // Without a debt the contract asks for no price at all, and so cannot fail on one.
    let health = match health(vault, account) {
        Err(_) if account.owed_exact.is_zero() => Health::default(),
        health => health?,
    };
    if !health.is_violation() {
        return Ok(nothing(health));
    }
    let discount_factor = discount_factor(vault, &health)?;
    let (repay_most, yield_most) = most(&health, discount_factor, collateral)?;
    Ok(Limits { health, discount_factor, repay_most, yield_most })
}

/// The checks before any amount is computed.
fn validate<'a>(
    vault: &Vault,
    account: &Account<'a>,
    call: &Call,
) -> Result<&'a Collateral, Revert> {
    if call.self_liquidation {
        return Err(Revert::SelfLiquidation);
    }
    let collateral = account.collaterals.get(call.collateral).filter(|c| c.recognised);
    let collateral = collateral.ok_or(Revert::BadCollateral)?;
    match account.controller {
        Controller::ThisVault => {}
        Controller::Several => return Err(Revert::TransientState),
        Controller::Nobody => return Err(Revert::NoLiability),
        Controller::Another => return Err(Revert::NotController),
    }
    if !collateral.enabled {
        return Err(Revert::CollateralDisabled);
    }
    if account.check_deferred {
        return Err(Revert::CheckDeferred);
    }
    if account.seconds_since_check < vault.cool_off_seconds {
        return Err(Revert::CoolOff);
    }
    Ok(collateral)
}

/// The health score, but no less than the largest discount leaves.
fn discount_factor(vault: &Vault, health: &Health) -> Result<U256, Revert> {
    let score = health.score()?.ok_or(Revert::Arithmetic)?;
    let most = Bps::new(u128::from(vault.discount_most_bps)).of(Wad::one().raw, Rounding::Floor)?;
    let least = Wad::one().raw.checked_sub(most).ok_or(Revert::Arithmetic)?;
    Ok(score.max(least))
}

/// All of the liability at the discount, or what the collateral pays for. Collateral of no value
/// goes for nothing.
fn most(
    health: &Health,
    discount_factor: U256,
    collateral: &Collateral,
) -> Result<(U256, U256), Revert> {
    let value = collateral.quote.value(collateral.assets)?;
    if value.is_zero() {
        return Ok((U256::ZERO, collateral.balance));
    }
    let one = Wad::one().raw;
    let liability_value = health.liability_value;
    let mut repay_value = liability_value;
    let mut yield_value = mul_div_wide(repay_value, one, discount_factor, Rounding::Floor)?;
    if value < yield_value {
        repay_value = mul_div_wide(value, discount_factor, one, Rounding::Floor)?;
        yield_value = value;
    }
    let repay = mul_div_wide(repay_value, health.liability, liability_value, Rounding::Floor)?;
    let shares = mul_div_wide(yield_value, collateral.balance, value, Rounding::Floor)?;
    Ok((repay, shares))
}

/// Executes one call, or says why the venue refuses it. Whether the caller is sound afterwards is
/// another question, which the connector asks at the end of the batch.
///
/// # Errors
/// Those of [`check_liquidation`]; then too much offered, too little coming out, and arithmetic.
pub fn liquidate(vault: &Vault, account: &Account<'_>, call: &Call) -> Result<Outcome, Revert> {
    let limits = check_liquidation(vault, account, call)?;
    let (repaid, yielded) = wanted(&limits, account, call)?;
    if yielded < call.least_yield {
        return Err(Revert::LeastYield);
    }
    let moved_exact = moved(account, repaid)?;
    let mut owed_after = account.owed_exact.checked_sub(moved_exact).ok_or(Revert::Arithmetic)?;
    let liquidator_owed_exact_after =
        call.liquidator_owed_exact.checked_add(moved_exact).ok_or(Revert::DebtTooLarge)?;
    let held = account.collaterals.get(call.collateral).map_or(U256::ZERO, |c| c.balance);
    let balance_after = held.checked_sub(yielded).ok_or(Revert::Arithmetic)?;

    let mut total = vault.total_borrows_exact;
    let unpaid = limits.health.liability.checked_sub(repaid).ok_or(Revert::Arithmetic)?;
    let writes_off = limits.health.liability_value >= U256::from(SOCIALISED_FROM)
        && vault.socialises
        && !unpaid.is_zero()
        && no_collateral(account, call.collateral, balance_after);
    let socialised = if writes_off { unpaid } else { U256::ZERO };
    if writes_off {
        // The debt is paid down in base units, of which the last part of one is lost with it.
        let left = owed_units(owed_after)?.checked_sub(unpaid).ok_or(Revert::RepayTooMuch)?;
        let left = owed_exact(left)?;
        // Roundings of the total may have left it below the debts that it sums.
        total = total.saturating_sub(owed_after).checked_add(left).ok_or(Revert::Arithmetic)?;
        owed_after = left;
    }
    Ok(Outcome {
        limits,
        repaid,
        moved_exact,
        yielded,
        socialised,
        owed_exact_after: owed_after,
        liquidator_owed_exact_after: checked_debt(liquidator_owed_exact_after)?,
        total_borrows_exact_after: total,
        balance_after,
    })
}

/// What the caller takes of the limits: a part of the debt brings that part of the shares, rounded
/// down. An offer of nothing where nothing may be repaid takes the shares all the same.
fn wanted(limits: &Limits, account: &Account<'_>, call: &Call) -> Result<(U256, U256), Revert> {
    let (repay, shares) = (limits.repay_most, limits.yield_most);
    if call.repay == U256::MAX || account.owed_exact.is_zero() {
        return Ok((repay, shares));
    }
    if call.repay > repay {
        return Err(Revert::ExcessiveRepay);
    }
    if repay.is_zero() {
        return Ok((repay, shares));
    }
    Ok((call.repay, mul_div_wide(call.repay, shares, repay, Rounding::Floor)?))
}

/// The debt that moves for `repaid` base units: the exact debt where the two are less than a base
/// unit apart.
fn moved(account: &Account<'_>, repaid: U256) -> Result<U256, Revert> {
    if repaid.is_zero() {
        return Ok(U256::ZERO);
    }
    let (asked, owed) = (owed_exact(repaid)?, account.owed_exact);
    if is_dust(asked.abs_diff(owed)) {
        return Ok(owed);
    }
    if asked > owed { Err(Revert::InsufficientDebt) } else { Ok(asked) }
}

/// Whether no enabled and recognised collateral is left, the named one being what `after` says.
fn no_collateral(account: &Account<'_>, named: usize, after: U256) -> bool {
    account
        .collaterals
        .iter()
        .enumerate()
        .filter(|(_, c)| c.enabled && c.recognised)
        .all(|(i, c)| if i == named { after.is_zero() } else { c.balance.is_zero() })
}
