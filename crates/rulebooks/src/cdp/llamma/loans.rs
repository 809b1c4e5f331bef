//! Ordinary business of a loan: collateral in and out, debt taken and repaid, books carried over.
//!
//! The venue has no collateral without a loan. Here collateral may wait for its loan: it is cash of
//! the pool that its account can take back. The account's supply counts the collateral that was
//! last put in for it; once bands are swapped through, what it can claim is another matter.

use super::book::{Loan, Scene, column, store_market, store_position};
use super::controller::{allows_bands, can_move, nearest_band, top_band, wanted_band};
use super::rulebook::Llamma;
use super::{
    After, BANDS_MAX, Bands, Changes, Deposit, Position, Revert, Withdrawal, deposit, withdraw,
};
use crate::desk;
use breakwater_liquidation::{Effects, Rejected, Rejection, StateKey, Touched, View};
use breakwater_money::rounding::div_wide;
use breakwater_money::{AccountId, AssetId, Class, Holder, Rounding, TransferCode, U256, Unit};

/// How a position is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placing {
    /// By the venue's rule, or not at all.
    Venue,
    /// By the venue's rule if it allows the debt, else as high as it can lie: books that are
    /// carried over come as they are.
    AsFound,
}

impl Llamma {
    pub(super) fn deposit(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        desk::asked(view, account, amount)?;
        self.add_collateral(view, account, asset, amount, Placing::Venue, TransferCode::Deposit)
    }

    fn add_collateral(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
        placing: Placing,
        code: TransferCode,
    ) -> Result<Effects, Rejected> {
        self.listed(view, asset)?;
        self.alone(view, account, asset)?;
        let mut effects = Effects::default();
        desk::take_in(&mut effects, asset, amount, code);
        match self.loan(view, account)? {
            None => {
                let unit = Unit::supply(asset);
                desk::issue(&mut effects, account, unit, amount, TransferCode::Mint);
            }
            Some(loan) => {
                let scene = self.scene(view, asset)?;
                let debt = scene.debt(&loan)?;
                let change = Change::More(amount);
                self.replace(
                    view,
                    &scene,
                    account,
                    Some(&loan),
                    change,
                    debt,
                    placing,
                    &mut effects,
                )?;
            }
        }
        Ok(effects)
    }

    /// An account is in one market: its free collateral and its loan are of one asset.
    fn alone(&self, view: &View<'_>, account: AccountId, asset: AssetId) -> Result<(), Rejected> {
        let held = desk::held(view, account, Class::Supply)?.next().map(|(held, _)| held);
        let other = held.or(self.loan(view, account)?.map(|loan| loan.asset));
        match other.filter(|other| *other != asset) {
            None => Ok(()),
            Some(other) => {
                let symbol = &view.asset(other)?.symbol;
                let detail = format!("the account is in the market of {symbol}: one loan each");
                Err(Rejection::NotLendable.because(detail))
            }
        }
    }

    pub(super) fn withdraw(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        desk::asked(view, account, amount)?;
        self.listed(view, asset)?;
        let mut effects = Effects::default();
        let Some(loan) = self.loan(view, account)? else {
            let held = view.owned(account, Unit::supply(asset));
            let amount = if amount == u128::MAX { held } else { amount };
            let (unit, code) = (Unit::supply(asset), TransferCode::Burn);
            if amount == 0 {
                return Err(Rejection::InsufficientBalance.because("amount 0, balance 0"));
            }
            desk::cancel(view, &mut effects, account, unit, amount, code)?;
            desk::pay_out(view, &mut effects, asset, amount, TransferCode::Withdraw)?;
            return Ok(effects);
        };
        if loan.asset != asset {
            return Err(Rejection::InsufficientBalance.because("amount 1, balance 0"));
        }
        let scene = self.scene(view, asset)?;
        let debt = scene.debt(&loan)?;
        let change = Change::Less(amount);
        let placing = Placing::Venue;
        self.replace(view, &scene, account, Some(&loan), change, debt, placing, &mut effects)?;
        desk::pay_out(view, &mut effects, asset, amount, TransferCode::Withdraw)?;
        Ok(effects)
    }

    pub(super) fn borrow(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        desk::asked(view, account, amount)?;
        let mut effects = Effects::default();
        self.take_debt(view, account, asset, amount, Placing::Venue, &mut effects)?;
        let token = Unit::token(asset);
        // The stablecoin is issued to who borrows it.
        effects.transfer(Holder::Issuer, Holder::External, token, amount, TransferCode::Borrow);
        Ok(effects)
    }

    fn take_debt(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
        placing: Placing,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        self.is_currency(view, asset)?;
        let loan = self.loan(view, account)?;
        let collateral = match &loan {
            Some(loan) => loan.asset,
            None => {
                let held = desk::held(view, account, Class::Supply)?.next();
                held.ok_or_else(|| Rejection::NotCollateral.because("no collateral is deposited"))?
                    .0
            }
        };
        let scene = self.scene(view, collateral)?;
        let owed = loan.as_ref().map_or(Ok(U256::ZERO), |loan| scene.debt(loan))?;
        let debt = owed.checked_add(U256::from(amount)).ok_or(Rejection::Overflow)?;
        if loan.is_none() {
            scene.count(true, effects);
            store_market(account, Some(collateral), effects);
        }
        let change = Change::More(0);
        self.replace(view, &scene, account, loan.as_ref(), change, debt, placing, effects)
    }

    pub(super) fn repay(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        desk::asked(view, account, amount)?;
        self.is_currency(view, asset)?;
        let Some(loan) = self.loan(view, account)? else {
            return Err(Rejection::NotBorrowed.because(asset.to_string()));
        };
        let scene = self.scene(view, loan.asset)?;
        let debt = scene.debt(&loan)?;
        let mut effects = Effects::default();
        let Some(left) = debt.checked_sub(U256::from(amount)).filter(|left| !left.is_zero()) else {
            self.repay_all(view, &scene, account, &loan, debt, &mut effects)?;
            return Ok(effects);
        };
        let token = Unit::token(asset);
        effects.transfer(Holder::External, Holder::Issuer, token, amount, TransferCode::Repay);
        let movable = loan.position.as_ref().is_some_and(|p| can_move(&scene, p.first));
        if movable {
            let (change, placing) = (Change::More(0), Placing::Venue);
            self.replace(view, &scene, account, Some(&loan), change, left, placing, &mut effects)?;
        } else {
            // Bands that have been reached cannot move; the debt alone falls.
            self.write_debt(&scene, account, loan.raw, left, &mut effects)?;
        }
        Ok(effects)
    }

    /// The whole debt is repaid, first with the coin that the bands hold for it; the collateral
    /// goes back to its owner with it, and the coin beyond the debt as well.
    fn repay_all(
        &self,
        view: &View<'_>,
        scene: &Scene<'_>,
        account: AccountId,
        loan: &Loan,
        debt: U256,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let out = self.take_out(scene, account, loan, super::book::one(), effects)?;
        let free =
            if loan.position.is_none() { view.owned(account, Unit::supply(loan.asset)) } else { 0 };
        let collateral = desk::raw(out.collateral)?.checked_add(free).ok_or(Rejection::Overflow)?;
        self.settle(view, debt, out.borrowed, effects)?;
        desk::pay_out(view, effects, loan.asset, collateral, TransferCode::Withdraw)?;
        self.close(view, scene, account, loan, effects)
    }

    /// Takes the share `removed` (wad) of a loan's position out of its bands.
    pub(super) fn take_out(
        &self,
        scene: &Scene<'_>,
        account: AccountId,
        loan: &Loan,
        removed: U256,
        effects: &mut Effects,
    ) -> Result<Withdrawal, Rejected> {
        let before = loan.position.as_ref();
        let out = match before {
            Some(position) => withdraw(&scene.market, scene, Some(position), removed)?,
            None => nothing(scene),
        };
        scene.write(&out.changes, effects);
        store_position(account, before, out.position.as_ref(), effects);
        Ok(out)
    }

    /// `debt` is cancelled with `coin` out of the bands and, as far as that does not suffice, by
    /// whoever repays it; coin beyond the debt goes out.
    pub(super) fn settle(
        &self,
        view: &View<'_>,
        debt: U256,
        coin: U256,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let currency = self.currency()?;
        let token = Unit::token(currency);
        let burnt = desk::raw(coin.min(debt))?;
        let paid = desk::raw(debt.saturating_sub(coin))?;
        let beyond = desk::raw(coin.saturating_sub(debt))?;
        let cash = desk::cash(view, effects, currency);
        if burnt > cash {
            let detail = format!("coin {burnt}, cash {cash}");
            return Err(Rejection::InsufficientLiquidity.because(detail));
        }
        effects.transfer(Holder::Reserve, Holder::Issuer, token, burnt, TransferCode::Burn);
        effects.transfer(Holder::External, Holder::Issuer, token, paid, TransferCode::Repay);
        desk::pay_out(view, effects, currency, beyond, TransferCode::Withdraw)
    }

    /// Ends a loan whose bands are empty and whose debt is paid.
    pub(super) fn close(
        &self,
        view: &View<'_>,
        scene: &Scene<'_>,
        account: AccountId,
        loan: &Loan,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let (holder, code) = (Holder::Account(account), TransferCode::Burn);
        let supply = Unit::supply(loan.asset);
        let held = view.owned(account, supply);
        effects.transfer(holder, Holder::Issuer, supply, held, code);
        effects.transfer(holder, Holder::Issuer, Unit::debt(self.currency()?), loan.raw, code);
        effects.set(StateKey::Account(account, column::THEN), U256::ZERO);
        store_market(account, None, effects);
        scene.count(false, effects);
        scene.save_rate(effects);
        Ok(())
    }

    pub(super) fn import(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        collateral: u128,
        debt: u128,
    ) -> Result<Effects, Rejected> {
        desk::asked(view, account, collateral.max(debt))?;
        let mut effects = Effects::default();
        if debt > 0 {
            if collateral > 0 {
                let detail = "collateral beside debt: the stablecoin cannot secure itself";
                return Err(Rejection::NotLendable.because(detail));
            }
            // Nobody has lent the coins, so that the claim alone is carried over.
            self.take_debt(view, account, asset, debt, Placing::AsFound, &mut effects)?;
            return Ok(effects);
        }
        let code = TransferCode::Deposit;
        self.add_collateral(view, account, asset, collateral, Placing::AsFound, code)
    }

    /// Takes a position out of its bands and puts it where its collateral, changed, belongs for
    /// `debt`; writes both. A loan without a position begins to have one.
    #[allow(clippy::too_many_arguments)]
    fn replace(
        &self,
        view: &View<'_>,
        scene: &Scene<'_>,
        account: AccountId,
        loan: Option<&Loan>,
        change: Change,
        debt: U256,
        placing: Placing,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        let before = loan.and_then(|loan| loan.position.as_ref());
        let supply = view.owned(account, Unit::supply(scene.asset));
        let out = match before {
            Some(position) => withdraw(&scene.market, scene, Some(position), super::book::one())?,
            None => nothing(scene),
        };
        if !out.borrowed.is_zero() {
            return Err(Revert::Underwater.into());
        }
        let had = if before.is_some() { out.collateral } else { U256::from(supply) };
        let collateral = change.applied_to(had)?;
        let bands = match before {
            Some(position) => u64::try_from(position.shares.len()).unwrap_or(0),
            None => self.bands(view, account),
        };
        let emptied = After { before: scene, changes: &out.changes };
        let placed =
            self.place(view, scene, &emptied, account, collateral, debt, bands, placing)?;
        scene.write(&out.changes, effects);
        if let Some(placed) = &placed {
            scene.write(&placed.changes, effects);
        }
        store_position(account, before, placed.as_ref().map(|placed| &placed.position), effects);
        scene.save_rate(effects);
        let (old, new) = (supply, desk::raw(collateral)?);
        rewrite(effects, account, Unit::supply(scene.asset), old, new);
        let raw = loan.map_or(0, |loan| loan.raw);
        self.write_debt(scene, account, raw, debt, effects)
    }

    #[allow(clippy::too_many_arguments)]
    fn place(
        &self,
        view: &View<'_>,
        scene: &Scene<'_>,
        pool: &impl Bands,
        account: AccountId,
        collateral: U256,
        debt: U256,
        bands: u64,
        placing: Placing,
    ) -> Result<Option<Deposit>, Rejected> {
        let market = &scene.market;
        let discount = self.discounts(view, scene, account).loan;
        let (bands, first) = match placing {
            Placing::Venue => {
                let first = top_band(market, pool, scene.feed, collateral, debt, bands, discount)?;
                (bands, first)
            }
            Placing::AsFound => {
                let bands = bands.min(self.bands_most(scene, collateral)?);
                if bands == 0 {
                    return Ok(None);
                }
                let wanted = match wanted_band(market, pool, collateral, debt, bands, discount) {
                    Err(Revert::AmountTooLow) => i64::MIN,
                    wanted => wanted?,
                };
                (bands, nearest_band(market, pool, scene.feed, wanted)?)
            }
        };
        let reach = i64::try_from(bands).map_err(|_| Rejection::Overflow)?.saturating_sub(1);
        let last = first.checked_add(reach).ok_or(Rejection::Overflow)?;
        Ok(Some(deposit(market, pool, false, collateral, first, last)?))
    }

    /// Bands that a small collateral fills with the least that each must receive.
    fn bands_most(&self, scene: &Scene<'_>, collateral: U256) -> Result<u64, Rejected> {
        let precision = scene.market.precision(super::Coin::Collateral);
        let whole = collateral.checked_mul(precision).ok_or(Rejection::Overflow)?;
        let least = U256::from(super::PART_MIN + 1);
        let most = div_wide(whole, least, Rounding::Floor)?.min(U256::from(BANDS_MAX));
        Ok(u64::try_from(most).unwrap_or(0))
    }

    /// Writes what a loan is from now on.
    pub(super) fn write_debt(
        &self,
        scene: &Scene<'_>,
        account: AccountId,
        old: u128,
        new: U256,
        effects: &mut Effects,
    ) -> Result<(), Rejected> {
        rewrite(effects, account, Unit::debt(self.currency()?), old, desk::raw(new)?);
        effects.set(StateKey::Account(account, column::THEN), scene.head().multiplier);
        scene.save_rate(effects);
        Ok(())
    }

    pub(super) fn configure(
        &self,
        view: &View<'_>,
        account: AccountId,
        at: u16,
        value: U256,
    ) -> Result<Effects, Rejected> {
        if at == column::OWN_THRESHOLD {
            return desk::set_own_threshold(view, account, at, value);
        }
        view.holdings(account)?;
        let chosen = u64::try_from(value).is_ok_and(|n| n == 0 || allows_bands(n));
        if at != column::BANDS || !chosen {
            let detail =
                format!("column {at} = {value}: column 0 (own threshold) or 1 (bands, 4 to 50)");
            return Err(Rejection::BadParameter.because(detail));
        }
        let mut effects = Effects::default();
        effects.set(StateKey::Account(account, at), value);
        effects.touched = Touched::Accounts(vec![account]);
        Ok(effects)
    }
}

/// What happens to a position's collateral, in units of its token.
#[derive(Debug, Clone, Copy)]
enum Change {
    More(u128),
    Less(u128),
}

impl Change {
    fn applied_to(self, collateral: U256) -> Result<U256, Rejected> {
        match self {
            Change::More(amount) => {
                Ok(collateral.checked_add(U256::from(amount)).ok_or(Rejection::Overflow)?)
            }
            Change::Less(amount) => collateral.checked_sub(U256::from(amount)).ok_or_else(|| {
                let detail = format!("amount {amount}, balance {collateral}");
                Rejection::InsufficientBalance.because(detail)
            }),
        }
    }
}

/// Nothing taken out of the bands.
fn nothing(scene: &Scene<'_>) -> Withdrawal {
    Withdrawal {
        borrowed: U256::ZERO,
        collateral: U256::ZERO,
        position: None::<Position>,
        changes: Changes { head: scene.head(), bands: Vec::new() },
    }
}

/// The account holds `new` units of a claim instead of `old`.
fn rewrite(effects: &mut Effects, account: AccountId, unit: Unit, old: u128, new: u128) {
    let holder = Holder::Account(account);
    let (issued, cancelled) = (new.saturating_sub(old), old.saturating_sub(new));
    effects.transfer(Holder::Issuer, holder, unit, issued, TransferCode::Mint);
    effects.transfer(holder, Holder::Issuer, unit, cancelled, TransferCode::Burn);
}
