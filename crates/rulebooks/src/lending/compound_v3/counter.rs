//! Calls on the pool: business of one account, absorptions, and sales of what was absorbed.

use super::business::take_out;
use super::pool::{Books, Market, Pool, column, own_factor};
use super::{
    Absorbed, Account, Moved, Order, Revert, absorb, buy_collateral, is_liquidatable,
    present_value, principal_value, supply_base, supply_collateral, withdraw_base,
    withdraw_collateral,
};
use crate::desk;
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{
    Call, Effects, Fact, Overlay, Rejected, Rejection, StateKey, Touched, View,
};
use breakwater_money::rounding::narrow_u128;
use breakwater_money::{
    AccountId, Amount, AssetId, Class, Holder, Rounding, TransferCode, U256, Unit,
};

impl Pool {
    /// Executes a call.
    ///
    /// # Errors
    /// The venue's refusal, by class; [`Rejection::Unsupported`] for what it does not have.
    pub fn execute(&self, view: &View<'_>, call: &Call) -> Result<Effects, Rejected> {
        match *call {
            Call::Deposit { account, asset, amount } => {
                self.deposit(view, account, asset, amount, Terms::Business)
            }
            Call::Withdraw { account, asset, amount } => {
                self.withdraw(view, account, asset, amount)
            }
            Call::Borrow { account, asset, amount } => self.borrow(view, account, asset, amount),
            Call::Repay { account, asset, amount } => self.repay(view, account, asset, amount),
            Call::Import { account, asset, collateral, debt } => {
                self.import(view, account, asset, collateral, debt)
            }
            Call::Configure { account, column: column::MARKET, value } => {
                self.join(view, account, value)
            }
            Call::Configure { account, column: column::OWN_THRESHOLD, value } => {
                desk::set_own_threshold(view, account, column::OWN_THRESHOLD, value)
            }
            Call::Configure { column, .. } => {
                let detail = format!("column {column}: 0 (market) or 1 (own threshold)");
                Err(Rejection::BadParameter.because(detail))
            }
            Call::Absorb { ref accounts } => self.absorb(view, accounts),
            Call::BuyReserves { asset, pays, amount, least } => {
                self.sell(view, asset, pays, amount, least)
            }
            _ => Err(desk::unsupported(&self.name, call)),
        }
    }

    /// Units come in: supplied to the account's market, put up in it, or, for an account that has
    /// none yet, kept for the market that its first debt chooses. What no market takes as
    /// collateral chooses the market that lends it.
    fn deposit(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
        terms: Terms,
    ) -> Result<Effects, Rejected> {
        desk::asked(view, account, amount)?;
        let mut effects = Effects::default();
        desk::take_in(&mut effects, asset, amount, TransferCode::Deposit);
        let market = self.market_of(view, account)?;
        if market.is_none() && self.takes(asset) {
            let unit = Unit::supply(asset);
            desk::issue(&mut effects, account, unit, amount, TransferCode::Mint);
            return Ok(effects);
        }
        let market = match market {
            Some(market) => market,
            None => self.market(view, asset)?,
        };
        let mut visit = Visit::open(self, view, market, account, terms, effects)?;
        if asset == market.base {
            visit.pay_in(amount)?;
        } else {
            visit.put_up(asset, amount)?;
        }
        visit.close()
    }

    fn withdraw(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        desk::asked(view, account, amount)?;
        let market = self.market_of(view, account)?;
        let held = view.owned(account, Unit::supply(asset));
        let Some(market) = market else {
            let amount = all_or(amount, held)?;
            let mut effects = Effects::default();
            let unit = Unit::supply(asset);
            desk::cancel(view, &mut effects, account, unit, amount, TransferCode::Burn)?;
            desk::pay_out(view, &mut effects, asset, amount, TransferCode::Withdraw)?;
            return Ok(effects);
        };
        let effects = Effects::default();
        let mut visit = Visit::open(self, view, market, account, Terms::Business, effects)?;
        if asset == market.base {
            let balance = present_value(visit.account.principal, visit.books.base.indices)?;
            let amount = all_or(amount, u128::try_from(balance).unwrap_or(0))?;
            visit.pay_out(amount, TransferCode::Withdraw)?;
            return visit.close();
        }
        let (place, _) = market.listed(view, asset)?;
        let amount = all_or(amount, held)?;
        // The venue moves no index here: the slack between the factors covers the difference.
        let mut stored = visit.books.base;
        stored.indices = visit.books.stored;
        let list = market.collaterals(view);
        let (_, left) =
            withdraw_collateral(&stored, &list, &visit.account, place, U256::from(amount))?;
        let mut effects = Effects::default();
        effects.set(market.cell(column::PUT_UP, asset), left);
        let unit = Unit::supply(asset);
        desk::cancel(view, &mut effects, account, unit, amount, TransferCode::Burn)?;
        desk::pay_out(view, &mut effects, asset, amount, TransferCode::Withdraw)?;
        Ok(effects)
    }

    /// The same call as a withdrawal on the venue: a supplied balance goes first.
    fn borrow(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        desk::asked(view, account, amount)?;
        let market = self.market(view, asset)?;
        let effects = Effects::default();
        let mut visit = Visit::open(self, view, market, account, Terms::Business, effects)?;
        visit.pay_out(amount, TransferCode::Borrow)?;
        visit.close()
    }

    fn repay(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        amount: u128,
    ) -> Result<Effects, Rejected> {
        desk::asked(view, account, amount)?;
        if view.owned(account, Unit::debt(asset)) == 0 {
            return Err(Rejection::NotBorrowed.because(asset.to_string()));
        }
        let market = self.market(view, asset)?;
        let effects = Effects::default();
        let mut visit = Visit::open(self, view, market, account, Terms::Business, effects)?;
        let owed = present_value(visit.account.principal, visit.books.base.indices)?;
        let amount = amount.min(owed.unsigned_abs());
        desk::take_in(&mut visit.effects, asset, amount, TransferCode::Repay);
        visit.pay_in(amount)?;
        visit.close()
    }

    /// Collateral and debt carried over as they are: no cap, no least debt, no factor is asked
    /// about. The borrowed units left long ago, and lenders outside the book are owed as much.
    fn import(
        &self,
        view: &View<'_>,
        account: AccountId,
        asset: AssetId,
        collateral: u128,
        debt: u128,
    ) -> Result<Effects, Rejected> {
        desk::asked(view, account, collateral.max(debt))?;
        let mut effects = Effects::default();
        if collateral > 0 {
            effects.then(self.deposit(view, account, asset, collateral, Terms::Carried)?);
        }
        if debt > 0 {
            let overlay = Overlay::new(*view, account, &effects)?;
            let seen = overlay.view();
            let market = self.market(&seen, asset)?;
            let opened = Effects::default();
            let mut visit = Visit::open(self, &seen, market, account, Terms::Carried, opened)?;
            visit.carry_over(debt)?;
            effects.then(visit.close()?);
        }
        Ok(effects)
    }

    /// Chooses the account's market, or leaves it.
    fn join(&self, view: &View<'_>, account: AccountId, value: U256) -> Result<Effects, Rejected> {
        let current = self.market_of(view, account)?;
        let asked = value.checked_sub(U256::ONE).map(|base| u16::try_from(base).map(AssetId));
        let effects = Effects::default();
        match (current, asked) {
            (None, None) => Ok(effects),
            (Some(market), None) => self.leave(view, market, account),
            (_, Some(Err(_))) => {
                let detail = format!("market {value}: the number of a base asset plus one");
                Err(Rejection::BadParameter.because(detail))
            }
            (_, Some(Ok(base))) => {
                let market = self.market(view, base)?;
                Visit::open(self, view, market, account, Terms::Business, effects)?.close()
            }
        }
    }

    fn leave(
        &self,
        view: &View<'_>,
        market: &Market,
        account: AccountId,
    ) -> Result<Effects, Rejected> {
        if market.principal(view, account)? != 0 {
            let detail = format!("market 0: the account still has a balance of {}", market.symbol);
            return Err(Rejection::BadParameter.because(detail));
        }
        let mut effects = Effects::default();
        for (asset, units) in desk::held(view, account, Class::Supply)? {
            let cell = market.cell(column::PUT_UP, asset);
            let left = view.state(cell).checked_sub(U256::from(units));
            effects.set(cell, left.ok_or(Rejection::Overflow)?);
        }
        effects.set(StateKey::Account(account, column::MARKET), U256::ZERO);
        effects.touched = Touched::Accounts(vec![account]);
        Ok(effects)
    }

    /// All of the named accounts or none. They must belong to one market: in any other the venue
    /// knows nothing that they owe.
    fn absorb(&self, view: &View<'_>, named: &[AccountId]) -> Result<Effects, Rejected> {
        let Some(first) = named.first() else {
            return Err(Rejection::AmountZero.because("accounts: at least one"));
        };
        let nothing = |account: AccountId| {
            Rejection::Healthy.because(format!("{account} owes nothing in this market"))
        };
        let market = self.market_of(view, *first)?.ok_or_else(|| nothing(*first))?;
        let mut books = market.books(view)?;
        let list = market.collaterals(view);
        let mut accounts = Vec::with_capacity(named.len());
        for account in named {
            match self.market_of(view, *account)? {
                Some(own) if own.base == market.base => {
                    accounts.push(market.account(view, *account)?);
                }
                _ => return Err(nothing(*account)),
            }
        }
        let mut places: Vec<usize> = Vec::with_capacity(named.len());
        for account in named {
            // A name given twice stands for one account, which is healthy the second time.
            places.extend(named.iter().position(|known| known == account));
        }
        let done = absorb(&books.base, &list, &accounts, &places).map_err(|revert| {
            let refused = Rejected::from(revert);
            let healthy = |(i, place): (usize, &usize)| {
                let again = places.iter().take(i).any(|before| before == place);
                again
                    || accounts.get(*place).is_some_and(|account| {
                        is_liquidatable(&books.base, &list, account) == Ok(false)
                    })
            };
            let at = places.iter().enumerate().position(healthy).and_then(|i| named.get(i));
            match at.filter(|_| revert == Revert::NotLiquidatable) {
                Some(account) => refused.rejection.because(format!("{account}: {revert}")),
                None => refused,
            }
        })?;
        books.base.totals = done.totals;
        let mut effects = Effects::default();
        market.store(view, &books, &mut effects)?;
        for ((listed, before), after) in market.list.iter().zip(&list).zip(&done.total_collateral) {
            let taken = before.total_supply.checked_sub(*after).ok_or(Rejection::Overflow)?;
            if !taken.is_zero() {
                let owned = market.cell(column::OWNED, listed.asset);
                let sum = view.state(owned).checked_add(taken).ok_or(Rejection::Overflow)?;
                effects.set(market.cell(column::PUT_UP, listed.asset), *after);
                effects.set(owned, sum);
            }
        }
        for absorbed in &done.accounts {
            let account = *named.get(absorbed.account).ok_or(Rejection::UnknownAccount)?;
            take_over(view, market, &books, account, absorbed, &mut effects)?;
        }
        Ok(effects)
    }

    /// The market sells what it has absorbed.
    fn sell(
        &self,
        view: &View<'_>,
        asset: AssetId,
        pays: AssetId,
        amount: u128,
        least: u128,
    ) -> Result<Effects, Rejected> {
        if amount == 0 {
            return Err(Rejection::AmountZero.because("amount 0: at least 1"));
        }
        let market = self.market(view, pays)?;
        let (place, _) = market.listed(view, asset)?;
        let mut books = market.books(view)?;
        let owned = market.cell(column::OWNED, asset);
        let order = Order {
            place,
            base_amount: U256::from(amount),
            least: U256::from(least),
            collateral_reserves: view.state(owned),
        };
        let list = market.collaterals(view);
        let sold = buy_collateral(&books.base, &list, &market.front(&books), &order)?;
        let mut effects = Effects::default();
        let left = order.collateral_reserves.checked_sub(sold.quote.amount);
        effects.set(owned, left.ok_or(Rejection::Overflow)?);
        books.cash = books.cash.checked_add(amount).ok_or(Rejection::Overflow)?;
        // The venue stores no indices with a sale, so neither does this: only its cash grows.
        effects.set(StateKey::Asset(market.base, column::CASH), U256::from(books.cash));
        let out = narrow_u128(sold.quote.amount)?;
        desk::take_in(&mut effects, pays, amount, TransferCode::Exchange);
        desk::pay_out(view, &mut effects, asset, out, TransferCode::Exchange)?;
        let value = |asset, amount, rounding| -> Result<u128, Rejected> {
            Ok(view.price(asset)?.value(amount, view.asset(asset)?.decimals, rounding)?)
        };
        effects.facts.push(Fact::Exchanged {
            paid: Amount::new(pays, amount),
            received: Amount::new(asset, out),
            paid_value: value(pays, amount, Rounding::Ceil)?,
            received_value: value(asset, out, Rounding::Floor)?,
        });
        Ok(effects)
    }
}

/// Balances of one absorbed account, and what happened to it: one fact an asset taken, each with
/// the part of the debt that its credit covers, the last with the rest.
fn take_over(
    view: &View<'_>,
    market: &Market,
    books: &Books,
    account: AccountId,
    absorbed: &Absorbed,
    effects: &mut Effects,
) -> Result<(), Rejected> {
    move_principal(
        effects,
        market.base,
        account,
        absorbed.principal_before,
        absorbed.principal_after,
    );
    let decimals = view.asset(market.base)?.decimals;
    let mut uncovered = narrow_u128(absorbed.debt)?;
    let tell = |effects: &mut Effects, repaid: u128, seized: Amount, value: u128| {
        let worth = view.price(market.base)?.value(repaid, decimals, Rounding::Ceil)?;
        effects.facts.push(Fact::Seized {
            account,
            repaid: Amount::new(market.base, repaid),
            seized,
            fee: Amount::new(seized.asset, 0),
            repaid_value: worth,
            seized_value: value,
            capped: false,
        });
        Ok::<_, Rejected>(())
    };
    let last = absorbed.seized.len().saturating_sub(1);
    for (i, seized) in absorbed.seized.iter().enumerate() {
        let listed = *market.list.get(seized.place).ok_or(Rejection::NotCollateral)?;
        let factor = market.collateral(view, listed).liquidation_factor;
        let credit = factor.of(seized.value, Rounding::Floor)?;
        let covers = narrow_u128(books.base.units_worth(credit)?)?;
        let repaid = if i == last { uncovered } else { uncovered.min(covers) };
        uncovered -= repaid;
        let units = narrow_u128(seized.amount)?;
        let (from, unit) = (Holder::Account(account), Unit::supply(listed.asset));
        effects.transfer(from, Holder::Issuer, unit, units, TransferCode::Takeover);
        let taken = Amount::new(listed.asset, units);
        tell(effects, repaid, taken, narrow_u128(seized.value)?)?;
    }
    if absorbed.seized.is_empty() {
        tell(effects, uncovered, Amount::new(market.base, 0), 0)?;
    }
    let loss = Amount::new(market.base, narrow_u128(absorbed.unbacked_debt)?);
    desk::lose(view, effects, account, loss, Bearer::Vault)
}

/// A principal as claims of the ledger: deposit shares when positive, debt shares when negative.
fn move_principal(effects: &mut Effects, base: AssetId, account: AccountId, old: i128, new: i128) {
    let holder = Holder::Account(account);
    for (unit, old, new) in
        [(Unit::supply(base), old.max(0), new.max(0)), (Unit::debt(base), old.min(0), new.min(0))]
    {
        let (old, new) = (old.unsigned_abs(), new.unsigned_abs());
        if let Some(more) = new.checked_sub(old) {
            effects.transfer(Holder::Issuer, holder, unit, more, TransferCode::Mint);
        } else {
            effects.transfer(holder, Holder::Issuer, unit, old.abs_diff(new), TransferCode::Burn);
        }
    }
}

/// The amount asked for, or all of it; no more than there is.
fn all_or(asked: u128, balance: u128) -> Result<u128, Rejected> {
    let amount = if asked == u128::MAX { balance } else { asked };
    if amount > balance || amount == 0 {
        let detail = format!("amount {amount}, balance {balance}");
        return Err(Rejection::InsufficientBalance.because(detail));
    }
    Ok(amount)
}

/// Under which checks something comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Terms {
    /// New business: caps hold.
    Business,
    /// What exists elsewhere is carried over as it is.
    Carried,
}

/// One account at one market during one call.
struct Visit<'a> {
    view: &'a View<'a>,
    market: &'a Market,
    id: AccountId,
    terms: Terms,
    books: Books,
    account: Account,
    before: i128,
    effects: Effects,
}

impl<'a> Visit<'a> {
    /// Opens the market's books for the account, which joins it if it has no other.
    ///
    /// # Errors
    /// The account belongs to another market, or holds what this one does not take.
    fn open(
        pool: &Pool,
        view: &'a View<'a>,
        market: &'a Market,
        id: AccountId,
        terms: Terms,
        effects: Effects,
    ) -> Result<Self, Rejected> {
        let books = market.books(view)?;
        let own = pool.market_of(view, id)?;
        if let Some(other) = own.filter(|own| own.base != market.base) {
            let detail =
                format!("{id} belongs to the {} market, not {}", other.symbol, market.symbol);
            return Err(Rejection::NotLendable.because(detail));
        }
        if own.is_some() {
            let account = market.account(view, id)?;
            let before = account.principal;
            return Ok(Visit { view, market, id, terms, books, account, before, effects });
        }
        let account = Account {
            principal: 0,
            balances: vec![U256::ZERO; market.list.len()],
            own_factor: own_factor(view, id),
        };
        let mut visit = Visit { view, market, id, terms, books, account, before: 0, effects };
        visit.join()?;
        Ok(visit)
    }

    /// What the account has put up so far comes under this market: collateral as it is, units of
    /// the base asset as a supply.
    fn join(&mut self) -> Result<(), Rejected> {
        for (asset, units) in desk::held(self.view, self.id, Class::Supply)? {
            if asset == self.market.base {
                let unit = Unit::supply(asset);
                let code = TransferCode::Burn;
                desk::cancel(self.view, &mut self.effects, self.id, unit, units, code)?;
                self.pay_in(units)?;
            } else {
                let place = self.count(asset, units)?;
                let balance = self.account.balances.get_mut(place).ok_or(Rejection::Overflow)?;
                *balance = U256::from(units);
            }
        }
        let key = StateKey::Account(self.id, column::MARKET);
        self.effects.set(key, U256::from(self.market.base.0) + U256::ONE);
        Ok(())
    }

    /// More of a collateral in the market's sum, within its cap for new business.
    fn count(&mut self, asset: AssetId, units: u128) -> Result<usize, Rejected> {
        let (place, listed) = self.market.listed(self.view, asset)?;
        let mut collateral = self.market.collateral(self.view, listed);
        if self.terms == Terms::Carried {
            collateral.supply_cap = U256::MAX;
        }
        let sum = supply_collateral(&collateral, U256::from(units))?;
        self.effects.set(self.market.cell(column::PUT_UP, asset), sum);
        Ok(place)
    }

    /// Collateral that has come in.
    fn put_up(&mut self, asset: AssetId, units: u128) -> Result<(), Rejected> {
        self.count(asset, units)?;
        desk::issue(&mut self.effects, self.id, Unit::supply(asset), units, TransferCode::Mint);
        Ok(())
    }

    fn moved(&mut self, moved: Moved) {
        self.account.principal = moved.principal;
        self.books.base.totals = moved.totals;
    }

    /// Units of the base asset that have come in.
    fn pay_in(&mut self, amount: u128) -> Result<(), Rejected> {
        let moved = supply_base(&self.books.base, self.account.principal, U256::from(amount))?;
        self.moved(moved);
        self.books.cash = self.books.cash.checked_add(amount).ok_or(Rejection::Overflow)?;
        Ok(())
    }

    /// Units of the base asset go out, under the venue's checks and from the market's own cash.
    fn pay_out(&mut self, amount: u128, code: TransferCode) -> Result<(), Rejected> {
        let list = self.market.collaterals(self.view);
        let least = self.market.least_debt;
        let moved =
            withdraw_base(&self.books.base, &list, &self.account, U256::from(amount), least)?;
        self.moved(moved);
        let Some(left) = self.books.cash.checked_sub(amount) else {
            let detail = format!("amount {amount}, cash {}", self.books.cash);
            return Err(Rejection::InsufficientLiquidity.because(detail));
        };
        self.books.cash = left;
        desk::pay_out(self.view, &mut self.effects, self.market.base, amount, code)
    }

    /// A debt that was taken up elsewhere, with lenders outside the book who are owed as much: the
    /// reserves stay what they were.
    fn carry_over(&mut self, amount: u128) -> Result<(), Rejected> {
        let (moved, _) = take_out(&self.books.base, self.account.principal, U256::from(amount))?;
        self.moved(moved);
        let units = i128::try_from(amount).map_err(|_| Rejection::Overflow)?;
        let lent = principal_value(units, self.books.base.indices)?;
        let supply = &mut self.books.base.totals.supply;
        let sum = supply.checked_add(U256::from(lent.unsigned_abs()));
        *supply = sum.ok_or(Rejection::Overflow)?;
        Ok(())
    }

    /// Writes the books and the account's principal.
    fn close(mut self) -> Result<Effects, Rejected> {
        let (base, new) = (self.market.base, self.account.principal);
        move_principal(&mut self.effects, base, self.id, self.before, new);
        self.market.store(self.view, &self.books, &mut self.effects)?;
        if self.effects.touched == Touched::Nobody {
            self.effects.touched = Touched::Accounts(vec![self.id]);
        }
        Ok(self.effects)
    }
}
