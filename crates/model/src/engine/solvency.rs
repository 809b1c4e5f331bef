//! Guards on what the pool takes on, each asked in words: may this be supplied, owed, taken out?

use super::{InForce, Model};
use crate::number::{Int, Result};
use breakwater_engine::{Cause, What};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::solvency::Breaker;
use breakwater_liquidation::{Call, Fact, Gate, Policy, Rejection};
use breakwater_margin::Band;
use breakwater_money::{AccountId, Amount, AssetId, Class, Holder, Price, Time, Unit};
use num_traits::{Signed, Zero};
use std::collections::{BTreeMap, BTreeSet};

/// What is remembered of one asset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Guarded {
    gate: Gate,
    grace_until: Time,
    /// The breaker in force, and every mark since it began with the time of its acceptance; the one
    /// in force then counts as accepted at the beginning of time.
    breaker: Option<(Breaker, Vec<(Time, Price)>)>,
    held_until: Time,
    /// Basis points a year.
    surcharge: u32,
}

/// What a call wants more of, or out.
#[derive(Default)]
struct Wish {
    who: Vec<AccountId>,
    supply: Option<AssetId>,
    owe: BTreeSet<AssetId>,
    take: Option<AssetId>,
    swap: Vec<AssetId>,
}

impl Model {
    /// What may be done with an asset.
    #[must_use]
    pub fn gate(&self, asset: AssetId) -> Gate {
        self.guarded.get(&asset).map_or(Gate::Open, |known| known.gate)
    }

    /// Assets that are frozen or paused.
    #[must_use]
    pub fn gated(&self) -> Vec<AssetId> {
        let shut = self.guarded.iter().filter(|(_, known)| known.gate != Gate::Open);
        shut.map(|(asset, _)| *asset).collect()
    }

    /// Until when new risk in the asset is refused; long ago if it is not.
    #[must_use]
    pub fn held_until(&self, asset: AssetId) -> Time {
        self.guarded.get(&asset).map_or(Time(0), |known| known.held_until)
    }

    /// Until when nobody is liquidated for it after a pause; long ago if nothing waits.
    #[must_use]
    pub fn grace_until(&self, asset: AssetId) -> Time {
        self.guarded.get(&asset).map_or(Time(0), |known| known.grace_until)
    }

    /// The surcharge on an asset's borrow rate, basis points a year.
    #[must_use]
    pub fn surcharge(&self, asset: AssetId) -> u32 {
        self.guarded.get(&asset).map_or(0, |known| known.surcharge)
    }

    /// Accounts that hold or owe an asset.
    fn concerned(&self, asset: AssetId) -> BTreeSet<AccountId> {
        let concerns = |account: &AccountId| {
            let held = self.pool.holdings(*account);
            held.iter().any(|(_, unit, _)| unit.asset == asset && unit.class != Class::Deficit)
        };
        self.pool.everybody().filter(concerns).collect()
    }

    pub(super) fn set_gate(&mut self, asset: AssetId, gate: Gate) -> Result<()> {
        self.pool.asset(asset)?;
        let nanos = self.policy().map_or(0, |policy| policy.solvency.unpause_grace_nanos);
        let now = self.pool.now;
        let known = self.guarded.entry(asset).or_default();
        let from = std::mem::replace(&mut known.gate, gate);
        let mut grace_until = None;
        if gate == Gate::Paused {
            known.grace_until = Time(0);
        } else if from == Gate::Paused {
            let until = Time(now.0.saturating_add(nanos));
            known.grace_until = until;
            grace_until = Some(until).filter(|_| nanos > 0);
        }
        self.tell(Cause::Command, What::GateMoved { asset, from, to: gate, grace_until });
        if gate == Gate::Paused {
            self.call_off_sales(asset);
        }
        self.waiting.clear();
        Ok(())
    }

    /// A pause calls off every sale of whoever has the asset.
    pub(super) fn call_off_sales(&mut self, asset: AssetId) {
        let concerned = self.concerned(asset);
        let open: Vec<u64> = self.legs.keys().copied().collect();
        for leg in open {
            let known = self.legs.get(&leg).filter(|open| concerned.contains(&open.account));
            let Some(open) = known.cloned() else { continue };
            if self.auctions.contains_key(&leg) {
                if !self.binds(leg) {
                    self.take_off(leg, Cause::Command);
                    self.pool.moved.insert(open.account);
                }
            } else {
                self.legs.remove(&leg);
                let unsold = open.leg.quantity - open.filled;
                self.tell(Cause::Command, What::Cancelled { leg, unsold });
                self.pool.moved.insert(open.account);
            }
        }
    }

    /// Refuses to liquidate for the sake of a pause or of the grace after it.
    pub(super) fn unpaused(&self, account: AccountId) -> Result<()> {
        for (asset, known) in &self.guarded {
            if self.concerned(*asset).contains(&account) {
                if known.gate == Gate::Paused {
                    return Err(Rejection::AssetPaused);
                }
                if self.pool.now < known.grace_until {
                    return Err(Rejection::UnpauseGrace);
                }
            }
        }
        for asset in (0..).map(AssetId).take(self.pool.assets.len()) {
            let paused = self.pool.now < self.band_pause(asset);
            if paused && self.concerned(asset).contains(&account) {
                return Err(Rejection::BandPaused);
            }
        }
        Ok(())
    }

    fn wish(&self, call: &Call) -> Wish {
        let mut wish = Wish { who: call.accounts(), ..Wish::default() };
        match call {
            Call::Deposit { asset, .. } | Call::Provide { asset, .. } => wish.supply = Some(*asset),
            Call::Borrow { asset, .. } => {
                wish.owe.insert(*asset);
            }
            Call::Withdraw { asset, .. } | Call::Reclaim { asset, .. } => wish.take = Some(*asset),
            Call::Import { asset, collateral, debt, .. } => {
                wish.supply = Some(*asset).filter(|_| *collateral > 0);
                wish.owe.extend(Some(*asset).filter(|_| *debt > 0));
            }
            Call::BuyReserves { asset, pays, .. } => wish.swap = vec![*asset, *pays],
            Call::Swap { sold, bought, .. } => wish.swap = vec![*sold, *bought],
            Call::Trade { buyer, seller, contract, quantity, .. } => {
                wish.swap = vec![*contract];
                wish.who.clear();
                self.wish_to_trade(&mut wish, (*buyer, *seller), *contract, *quantity);
            }
            Call::Transfer { from, to, contract, quantity } => {
                wish.swap = vec![*contract];
                wish.who.clear();
                let (buyer, seller) =
                    if self.is_long(*from, *contract) { (to, from) } else { (from, to) };
                let sides = (Some(*buyer), Some(*seller));
                self.wish_to_trade(&mut wish, sides, *contract, *quantity);
            }
            Call::Roll { account, against, near, far, near_quantity, far_quantity, .. } => {
                wish.swap = vec![*near, *far];
                wish.who.clear();
                let own = Some(*account);
                let (long, short) =
                    if self.is_long(*account, *near) { (own, *against) } else { (*against, own) };
                self.wish_to_trade(&mut wish, (short, long), *near, *near_quantity);
                self.wish_to_trade(&mut wish, (long, short), *far, *far_quantity);
            }
            Call::Exercise { contract, .. } => wish.swap = vec![*contract],
            _ => {}
        }
        wish
    }

    fn is_long(&self, account: AccountId, contract: AssetId) -> bool {
        self.pool.own(account, Unit::token(contract)).is_positive()
    }

    /// Whoever would hold more of a contract owes more by it.
    fn wish_to_trade(
        &self,
        wish: &mut Wish,
        (buyer, seller): (Option<AccountId>, Option<AccountId>),
        contract: AssetId,
        quantity: u128,
    ) {
        let quantity = Int::from(quantity);
        for (side, change) in [(buyer, quantity.clone()), (seller, -quantity)] {
            let Some(account) = side else { continue };
            let size = self.pool.own(account, Unit::token(contract));
            let after = &size + change;
            // Between nothing and what it was.
            let closes =
                !size.is_zero() && after.abs() <= size.abs() && !(after * size).is_negative();
            if !closes {
                wish.who.push(account);
                wish.owe.insert(contract);
            }
        }
    }

    /// Refuses what gates, graces and breakers do not let in.
    pub(super) fn lets_in(&self, call: &Call) -> Result<()> {
        let wish = self.wish(call);
        for (asset, known) in &self.guarded {
            let asset = *asset;
            let concerned = self.concerned(asset);
            let tops_up = matches!(call, Call::Deposit { .. })
                && wish.who.iter().all(|account| self.pool.exposed(*account));
            let all_concerned = wish.who.iter().all(|account| concerned.contains(account));
            let any_concerned = wish.who.iter().any(|account| concerned.contains(account));
            let any_owes_here = wish
                .who
                .iter()
                .any(|account| concerned.contains(account) && self.pool.exposed(*account));
            let owes_more = wish.owe.contains(&asset) || (!wish.owe.is_empty() && any_concerned);
            let takes_out = wish.take == Some(asset) || (wish.take.is_some() && any_owes_here);
            let supplies = wish.supply == Some(asset);
            let paused = known.gate == Gate::Paused;
            if paused && supplies && !(tops_up && all_concerned) {
                return Err(Rejection::AssetPaused);
            }
            if paused && (owes_more || takes_out || wish.swap.contains(&asset)) {
                return Err(Rejection::AssetPaused);
            }
            let frozen = known.gate == Gate::Frozen;
            if frozen && (wish.owe.contains(&asset) || (supplies && !tops_up)) {
                return Err(Rejection::AssetFrozen);
            }
            let grace = self.pool.now < known.grace_until;
            if grace && (owes_more || (supplies && tops_up && !all_concerned)) {
                return Err(Rejection::UnpauseGrace);
            }
            let buys_time = supplies
                && wish.who.iter().any(|account| self.pool.exposed(*account))
                && !(matches!(call, Call::Deposit { .. }) && all_concerned);
            let takes = wish.take.is_some() && any_owes_here;
            let banded = self.pool.now < self.band_pause(asset);
            if banded && (buys_time || owes_more || takes || wish.swap.contains(&asset)) {
                return Err(Rejection::BandPaused);
            }
            if self.pool.now < known.held_until && (owes_more || takes_out) {
                return Err(Rejection::BreakerHolds);
            }
        }
        Ok(())
    }

    /// Whether a call may take a total above its cap: only a deposit below the warning line.
    pub(super) fn cures(&self, call: &Call) -> bool {
        let (Call::Deposit { account, .. }, Some(InForce { rule, policy, .. })) =
            (call, &self.in_force)
        else {
            return false;
        };
        let health = rule.health(&self.pool, *account);
        health.is_ok_and(|health| crate::call::band(&health, policy.warn_ratio) != Band::Healthy)
    }

    /// Refuses what has taken a total above its cap.
    pub(super) fn within_caps(&self, call: &Call) -> Result<()> {
        let InForce { rule, policy, .. } = self.require_rule()?;
        let (supply, owe) = match call {
            Call::Deposit { asset, .. } | Call::Provide { asset, .. } => (Some(*asset), None),
            Call::Borrow { asset, .. } => (None, Some(*asset)),
            Call::Import { asset, collateral, debt, .. } => {
                (Some(*asset).filter(|_| *collateral > 0), Some(*asset).filter(|_| *debt > 0))
            }
            _ => return Ok(()),
        };
        let guard = |asset: Option<AssetId>| {
            let symbol = &self.pool.asset(asset?).ok()?.symbol;
            policy.solvency.assets.get(symbol)
        };
        if let Some(cap) = guard(supply).and_then(|guard| guard.supply_cap) {
            let (supplied, _) = rule.totals(&self.pool, supply.unwrap_or_default())?;
            if supplied > Int::from(cap) {
                return Err(Rejection::SupplyCapped);
            }
        }
        if let Some(cap) = guard(owe).and_then(|guard| guard.borrow_cap) {
            let (_, owed) = rule.totals(&self.pool, owe.unwrap_or_default())?;
            if owed > Int::from(cap) {
                return Err(Rejection::BorrowCapped);
            }
        }
        Ok(())
    }

    /// An accepted mark against the highest of its window.
    pub(super) fn watch_fall(&mut self, asset: AssetId, mark: Price) {
        let now = self.pool.now;
        let Some(known) = self.guarded.get_mut(&asset) else { return };
        let Some((breaker, marks)) = &mut known.breaker else { return };
        let begin = Int::from(now.0) - Int::from(breaker.window_nanos);
        // Each mark was in force until the next one came, the last until now.
        let ends = marks.iter().skip(1).map(|(at, _)| *at).chain([now]);
        let in_force = marks.iter().zip(ends).filter(|(_, end)| Int::from(end.0) > begin);
        // A window that begins before time does knows of every mark.
        let highest = in_force.map(|((_, price), _)| *price).max_by_key(|price| price.raw);
        marks.push((now, mark));
        let Some(highest) = highest else { return };
        let fallen = Int::from(highest.raw) - Int::from(mark.raw);
        if fallen * Int::from(10_000) < Int::from(highest.raw) * Int::from(breaker.fall_bps) {
            return;
        }
        let until = Time(now.0.saturating_add(breaker.hold_nanos));
        known.held_until = until;
        self.tell(Cause::Command, What::BreakerTripped { asset, highest, mark, until });
    }

    /// True if the policy guards only what the pool has.
    pub(super) fn knows_guarded(&self, policy: &Policy) -> bool {
        let symbols: BTreeSet<&String> = self.pool.assets.iter().map(|a| &a.symbol).collect();
        policy.solvency.assets.keys().all(|symbol| symbols.contains(symbol))
    }

    /// A policy came into force: breakers that stay go on, others begin with the mark in force.
    pub(super) fn guards_begin(&mut self, policy: &Policy) {
        let assets = std::rc::Rc::clone(&self.pool.assets);
        for (asset, info) in (0..).map(AssetId).zip(assets.iter()) {
            let wanted = policy.solvency.assets.get(&info.symbol).and_then(|guard| guard.breaker);
            let mark = self.pool.price(asset).ok().map(|price| (Time(0), price));
            let known = self.guarded.entry(asset).or_default();
            let had = known.breaker.as_ref().map(|(breaker, _)| *breaker);
            if had != wanted {
                known.held_until = Time(0);
                known.breaker = wanted.map(|breaker| (breaker, mark.into_iter().collect()));
            }
        }
        let Some(InForce { rule, .. }) = self.in_force.clone() else { return };
        for (asset, info) in (0..).map(AssetId).zip(assets.iter()) {
            let asked = policy.solvency.assets.get(&info.symbol).and_then(|guard| guard.rate);
            if asked.is_some() && !rule.can_surcharge(&self.pool, asset) {
                self.tell(Cause::Command, What::SurchargeIgnored { asset });
            }
        }
    }

    /// Forgets surcharges: another rule has come.
    pub(super) fn no_surcharges(&mut self) {
        self.guarded.values_mut().for_each(|known| known.surcharge = 0);
    }

    /// Usage after a command sets surcharges or takes them off.
    pub(super) fn answer_usage(&mut self, cause: Cause) -> Result<()> {
        let Some(InForce { rule, policy, .. }) = self.in_force.clone() else { return Ok(()) };
        let assets = std::rc::Rc::clone(&self.pool.assets);
        for (asset, info) in (0..).map(AssetId).zip(assets.iter()) {
            let Ok((supplied, owed)) = rule.totals(&self.pool, asset) else { continue };
            let asked = policy.solvency.assets.get(&info.symbol).and_then(|guard| guard.rate);
            let full =
                |line: u32| owed.is_positive() && &owed * 10_000u32 >= &supplied * Int::from(line);
            let wanted = asked
                .filter(|rate| full(rate.usage_bps))
                .map_or(0, |rate| rate.surcharge_bps_a_year);
            let had = self.surcharge(asset);
            if wanted == had || !rule.can_surcharge(&self.pool, asset) {
                continue;
            }
            rule.surcharge(&mut self.pool, asset, wanted)?;
            self.guarded.entry(asset).or_default().surcharge = wanted;
            if wanted > had {
                self.epoch += 1;
            }
            let (supplied, borrowed) =
                (crate::number::narrow(&supplied)?, crate::number::narrow(&owed)?);
            let what = What::Surcharged { asset, bps_a_year: wanted, supplied, borrowed };
            self.tell(cause, what);
        }
        Ok(())
    }

    /// The fund pays for what lies with nobody.
    pub(super) fn cover_deficit(&mut self, asset: AssetId, amount: u128) -> Result<()> {
        self.pool.asset(asset)?;
        if amount == 0 {
            return Err(Rejection::AmountZero);
        }
        let with_nobody = self.losses.get(&asset).map(|l| l.outstanding.clone());
        let with_nobody = with_nobody.unwrap_or_default();
        if with_nobody.is_zero() {
            return Err(Rejection::NothingToCover);
        }
        let (token, deficit) = (Unit::token(asset), Unit::deficit(asset));
        let fund = self.pool.balance(Holder::Insurance, token);
        let paid = Int::from(amount).min(with_nobody).min(fund);
        if !paid.is_positive() {
            return Err(Rejection::InsufficientBalance);
        }
        // What a lending pool lacks comes first, then what an exchange has paid out of nothing.
        let lacked = self.pool.balance(Holder::Outstanding, deficit).min(paid.clone());
        self.pool.transfer(Holder::Insurance, Holder::Reserve, token, &lacked)?;
        self.pool.transfer(Holder::Outstanding, Holder::Issuer, deficit, &lacked)?;
        let rest = &paid - &lacked;
        self.pool.transfer(Holder::Insurance, Holder::Outstanding, token, &rest)?;
        self.record_funds();
        let losses = self.losses.entry(asset).or_default();
        losses.outstanding -= &paid;
        losses.insurance += &paid;
        let outstanding = crate::number::narrow(&losses.outstanding)?;
        let amount = Amount::new(asset, crate::number::narrow(&paid)?);
        let bearer = Bearer::Insurance;
        self.tell(Cause::Command, What::Happened(Fact::Covered { bearer, amount, outstanding }));
        Ok(())
    }
}

/// True if every number of a policy's guards makes sense.
pub(super) fn sound(policy: &Policy) -> bool {
    policy.solvency.assets.iter().all(|(symbol, guard)| {
        let breaker = guard.breaker.is_none_or(|breaker| {
            breaker.fall_bps > 0
                && breaker.fall_bps < 10_000
                && breaker.window_nanos > 0
                && breaker.hold_nanos > 0
        });
        let rate = guard.rate.is_none_or(|rate| {
            (1..=10_000).contains(&rate.usage_bps)
                && (1..=100_000).contains(&rate.surcharge_bps_a_year)
        });
        (1..=64).contains(&symbol.chars().count()) && breaker && rate
    })
}

/// What is remembered, by asset.
pub(super) type Guards = BTreeMap<AssetId, Guarded>;
