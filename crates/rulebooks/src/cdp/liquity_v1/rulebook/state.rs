//! The venue's memory in the engine's terms: what balances say, and what columns say.
//!
//! Collateral on record is the account's supply and debt on record its debt; what is pending is on
//! nobody's balance yet. Without debt there is no trove: the supply waits for one. What a liquidation
//! left over is the account's own token. Deposits of the stability pool are supply of the coin; the
//! pool's coins and gains are the vault's tokens.

use crate::cdp::liquity_v1::{Deposit, Pool, Rule, StabilityPool, System, Trove};
use crate::desk::OWN_THRESHOLD;
use breakwater_liquidation::{Effects, Layout, Rejected, StateKey, View};
use breakwater_money::rounding::{Rounding, mul_div_wide};
use breakwater_money::{AccountId, AssetId, Holder, TransferCode, U256, Unit, Wad};
use std::collections::BTreeMap;

/// Places in [`LAYOUT`].
pub(super) mod column {
    pub const ACTIVE_COLLATERAL: u16 = 0;
    pub const ACTIVE_DEBT: u16 = 1;
    pub const DEFAULT_COLLATERAL: u16 = 2;
    pub const DEFAULT_DEBT: u16 = 3;
    pub const PER_STAKE_COLLATERAL: u16 = 4;
    pub const PER_STAKE_DEBT: u16 = 5;
    pub const REST_COLLATERAL: u16 = 6;
    pub const REST_DEBT: u16 = 7;
    pub const TOTAL_STAKES: u16 = 8;
    pub const STAKES_SNAPSHOT: u16 = 9;
    pub const COLLATERAL_SNAPSHOT: u16 = 10;
    pub const TROVES: u16 = 11;
    pub const PRODUCT: u16 = 12;
    pub const SCALE: u16 = 13;
    pub const GAIN_REST: u16 = 14;
    pub const LOSS_REST: u16 = 15;
    pub const WATCHED_PRICE: u16 = 16;
    pub const OPENED: u16 = 17;

    /// Of an account.
    pub const STAKE: u16 = 0;
    pub const SEEN_COLLATERAL: u16 = 1;
    pub const SEEN_DEBT: u16 = 2;
    pub const OPENING: u16 = 3;
    pub const DEPOSIT_PRODUCT: u16 = 4;
    pub const DEPOSIT_SUM: u16 = 5;
    pub const DEPOSIT_SCALE: u16 = 6;
    pub const OWN_THRESHOLD: u16 = 7;
}

pub(super) const LAYOUT: Layout = Layout {
    pool: &[
        "collateral of open troves (1e18)",
        "debt of open troves (1e18)",
        "collateral redistributed and pending (1e18)",
        "debt redistributed and pending (1e18)",
        "collateral redistributed a unit of stake (1e18)",
        "debt redistributed a unit of stake (1e18)",
        "rest of the last collateral redistributed (1e36)",
        "rest of the last debt redistributed (1e36)",
        "stakes (1e18)",
        "stakes after the last liquidation (1e18)",
        "collateral after the last liquidation (1e18)",
        "open troves",
        "what is left of a unit deposited (1e18)",
        "scale of what is left",
        "rest of the last gain (1e36)",
        "rest of the last loss (1e36)",
        "price from which everybody is watched (1e18)",
        "troves ever opened",
    ],
    asset: &[],
    account: &[
        "stake (1e18)",
        "collateral a unit of stake when put on record (1e18)",
        "debt a unit of stake when put on record (1e18)",
        "number of the trove, in order of opening",
        "what was left of a unit when deposited (1e18)",
        "gains of a unit when deposited (1e36)",
        "scale when deposited",
        OWN_THRESHOLD,
    ],
    cells: &["gains of a unit deposited, by scale (1e36)"],
};

/// The cell of a scale's gains.
fn sum_cell(scale: u64) -> StateKey {
    StateKey::Cell(0, scale, 0)
}

/// The two assets as the pool numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    pub collateral: AssetId,
    pub coin: AssetId,
}

/// What an account has here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// The trove, with what its owner may claim; closed without debt.
    pub trove: Trove,
    /// Collateral that waits for a trove to be opened.
    pub waiting: u128,
}

impl Pair {
    pub(super) fn position(&self, view: &View<'_>, account: AccountId) -> Position {
        let supply = view.owned(account, Unit::supply(self.collateral));
        let debt = view.owned(account, Unit::debt(self.coin));
        let state = |column| view.state(StateKey::Account(account, column));
        let claimable = U256::from(view.owned(account, Unit::token(self.collateral)));
        let own_minimum = own_minimum(state(column::OWN_THRESHOLD));
        let none = Trove { claimable, own_minimum, ..Trove::default() };
        if debt == 0 {
            return Position { trove: none, waiting: supply };
        }
        let trove = Trove {
            collateral: U256::from(supply),
            debt: U256::from(debt),
            stake: state(column::STAKE),
            seen: Pool {
                collateral: state(column::SEEN_COLLATERAL),
                debt: state(column::SEEN_DEBT),
            },
            ..none
        };
        Position { trove, waiting: 0 }
    }

    pub(super) fn deposit(&self, view: &View<'_>, account: AccountId) -> Deposit {
        let state = |column| view.state(StateKey::Account(account, column));
        Deposit {
            amount: U256::from(view.owned(account, Unit::supply(self.coin))),
            product: state(column::DEPOSIT_PRODUCT),
            sum: state(column::DEPOSIT_SUM),
            scale: narrow(state(column::DEPOSIT_SCALE)),
        }
    }

    /// The system, without the stability pool's gains by scale.
    pub(super) fn system(&self, view: &View<'_>) -> System {
        let pool = |column| view.state(StateKey::Pool(column));
        let both = |collateral, debt| Pool { collateral: pool(collateral), debt: pool(debt) };
        let vault = |asset| {
            let held = view.balances.balance(Holder::Vault, Unit::token(asset));
            U256::from(u128::try_from(held).unwrap_or(0))
        };
        System {
            active: both(column::ACTIVE_COLLATERAL, column::ACTIVE_DEBT),
            default: both(column::DEFAULT_COLLATERAL, column::DEFAULT_DEBT),
            per_stake: both(column::PER_STAKE_COLLATERAL, column::PER_STAKE_DEBT),
            per_stake_rest: both(column::REST_COLLATERAL, column::REST_DEBT),
            total_stakes: pool(column::TOTAL_STAKES),
            stakes_snapshot: pool(column::STAKES_SNAPSHOT),
            collateral_snapshot: pool(column::COLLATERAL_SNAPSHOT),
            troves: narrow(pool(column::TROVES)),
            stability: StabilityPool {
                deposits: vault(self.coin),
                collateral: vault(self.collateral),
                product: pool(column::PRODUCT),
                scale: narrow(pool(column::SCALE)),
                sums: BTreeMap::new(),
                gain_rest: pool(column::GAIN_REST),
                loss_rest: pool(column::LOSS_REST),
            },
        }
    }

    /// The system with the gains of its own scale and of those that `deposit` spans.
    pub(super) fn system_with_sums(&self, view: &View<'_>, deposit: &Deposit) -> System {
        let mut system = self.system(view);
        let scales = [system.stability.scale, deposit.scale, deposit.scale.saturating_add(1)];
        system.stability.sums = scales.map(|s| (s, view.state(sum_cell(s)))).into_iter().collect();
        system
    }

    /// Writes what a trove is afterwards: balances, stake, and what it has seen. `waiting` is what
    /// stays with an account that has no trove.
    pub(super) fn store_trove(
        &self,
        view: &View<'_>,
        account: AccountId,
        after: &Position,
        (issued, cancelled): (TransferCode, TransferCode),
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let open = after.trove.is_open();
        let supply = if open { crate::desk::raw(after.trove.collateral)? } else { after.waiting };
        let debt = crate::desk::raw(after.trove.debt)?;
        let sides = [(Unit::supply(self.collateral), supply), (Unit::debt(self.coin), debt)];
        for (unit, wanted) in sides {
            let held = view.owned(account, unit);
            let (more, less) = (wanted.saturating_sub(held), held.saturating_sub(wanted));
            crate::desk::issue(effects, account, unit, more, issued);
            let holder = Holder::Account(account);
            effects.transfer(holder, Holder::Issuer, unit, less, cancelled);
        }
        for (column, value) in [
            (column::STAKE, after.trove.stake),
            (column::SEEN_COLLATERAL, after.trove.seen.collateral),
            (column::SEEN_DEBT, after.trove.seen.debt),
        ] {
            set(view, effects, StateKey::Account(account, column), value);
        }
        if open && view.owned(account, Unit::debt(self.coin)) == 0 {
            let number = view.state(StateKey::Pool(column::OPENED)).saturating_add(U256::ONE);
            set(view, effects, StateKey::Pool(column::OPENED), number);
            set(view, effects, StateKey::Account(account, column::OPENING), number);
        }
        Ok(())
    }

    /// Writes what a deposit is afterwards.
    pub(super) fn store_deposit(
        &self,
        view: &View<'_>,
        account: AccountId,
        after: &Deposit,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let unit = Unit::supply(self.coin);
        let (held, wanted) = (view.owned(account, unit), crate::desk::raw(after.amount)?);
        let code = TransferCode::Provide;
        crate::desk::issue(effects, account, unit, wanted.saturating_sub(held), code);
        let less = held.saturating_sub(wanted);
        effects.transfer(Holder::Account(account), Holder::Issuer, unit, less, code);
        for (column, value) in [
            (column::DEPOSIT_PRODUCT, after.product),
            (column::DEPOSIT_SUM, after.sum),
            (column::DEPOSIT_SCALE, U256::from(after.scale)),
        ] {
            set(view, effects, StateKey::Account(account, column), value);
        }
        Ok(())
    }
}

/// Writes what the system remembers afterwards; the vault's tokens are moved by transfers.
pub(super) fn store_system(view: &View<'_>, after: &System, effects: &mut Effects) {
    let pool = &after.stability;
    for (column, value) in [
        (column::ACTIVE_COLLATERAL, after.active.collateral),
        (column::ACTIVE_DEBT, after.active.debt),
        (column::DEFAULT_COLLATERAL, after.default.collateral),
        (column::DEFAULT_DEBT, after.default.debt),
        (column::PER_STAKE_COLLATERAL, after.per_stake.collateral),
        (column::PER_STAKE_DEBT, after.per_stake.debt),
        (column::REST_COLLATERAL, after.per_stake_rest.collateral),
        (column::REST_DEBT, after.per_stake_rest.debt),
        (column::TOTAL_STAKES, after.total_stakes),
        (column::STAKES_SNAPSHOT, after.stakes_snapshot),
        (column::COLLATERAL_SNAPSHOT, after.collateral_snapshot),
        (column::TROVES, U256::from(after.troves)),
        (column::PRODUCT, pool.product),
        (column::SCALE, U256::from(pool.scale)),
        (column::GAIN_REST, pool.gain_rest),
        (column::LOSS_REST, pool.loss_rest),
    ] {
        set(view, effects, StateKey::Pool(column), value);
    }
    for (scale, sum) in &pool.sums {
        set(view, effects, sum_cell(*scale), *sum);
    }
}

/// Sets what differs.
pub(super) fn set(view: &View<'_>, effects: &mut Effects, key: StateKey, value: U256) {
    if view.state(key) != value {
        effects.set(key, value);
    }
}

/// Counters of the venue's that never reach 64 bits.
fn narrow(value: U256) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

/// The minimum ratio that an own threshold (basis points) means, rounded up: one over it.
fn own_minimum(threshold_bps: U256) -> Option<Wad> {
    if threshold_bps.is_zero() {
        return None;
    }
    let one = Wad::one().raw;
    let bps = U256::from(10_000u64);
    mul_div_wide(one, bps, threshold_bps, Rounding::Ceil).ok().map(Wad::from_raw)
}

/// The lowest price (1e18) at which the system is not in recovery mode; the largest number where
/// debt has no collateral.
pub(super) fn critical_price(rule: &Rule, system: &System) -> U256 {
    let Ok(all) = system.entire() else { return U256::MAX };
    if all.debt.is_zero() {
        return U256::ZERO;
    }
    mul_div_wide(rule.critical_ratio.raw, all.debt, all.collateral, Rounding::Ceil)
        .unwrap_or(U256::MAX)
}
