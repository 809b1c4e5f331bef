//! What the venue does to all positions of a contract at once: funding, the end of a session,
//! delivery; and interest on what is owed of an asset.
//!
//! **Rounding.** Whoever pays, pays the next whole unit up; whoever gets, gets the next one down.
//! What that leaves, at most a unit a party, goes to the insurance fund, so that every payment nets
//! to zero in the pool and nobody is paid out of nothing. Accounts may have traded with the outside:
//! then the sides inside do not match, and the outside pays or gets the difference.

use super::account::delivered;
use super::book::Book;
use super::call::{price_fits, realise};
use super::contract::{Contract, signed};
use super::{DELIVERED, LONG, SHORT, VOLATILITY};
use breakwater_liquidation::{Effects, Fact, Form, Rejected, Rejection, StateKey, View};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, Amount, AssetId, Holder, Price, TransferCode, U256, Unit};

/// Parts in one of a rate.
const RATE_ONE_E12: u128 = 1_000_000_000_000;

/// Every account that holds the contract, with its size.
pub(super) fn holders(view: &View<'_>, asset: AssetId) -> Vec<(AccountId, i128)> {
    let unit = Unit::token(asset);
    (0..view.balances.accounts())
        .map(AccountId)
        .map(|account| (account, view.balances.balance(Holder::Account(account), unit)))
        .filter(|(_, size)| *size != 0)
        .collect()
}

/// A contract that has not been delivered.
fn live<'b>(book: &'b Book, view: &View<'_>, asset: AssetId) -> Result<&'b Contract, Rejected> {
    let contract = book.contract(view, asset)?;
    if delivered(view, asset) {
        let detail = format!("{} was delivered", crate::desk::symbol(view, asset));
        return Err(Rejection::ContractEnded.because(detail));
    }
    Ok(contract)
}

/// Payments in one asset, payers first, so that the fund in the middle is never short.
#[derive(Default)]
pub(super) struct Payments {
    paid: Vec<(Holder, u128)>,
    got: Vec<(Holder, u128)>,
}

impl Payments {
    /// What `holder` pays (below zero) or gets.
    pub(super) fn note(&mut self, holder: Holder, gets: bool, amount: u128) {
        if gets {
            self.got.push((holder, amount));
        } else {
            self.paid.push((holder, amount));
        }
    }

    fn total(side: &[(Holder, u128)]) -> Result<u128, Rejected> {
        let sum = side.iter().try_fold(0u128, |sum, (_, amount)| sum.checked_add(*amount));
        sum.ok_or_else(|| Rejection::Overflow.into())
    }

    /// Adds the transfers, and gives what accounts paid together, the outside left out.
    pub(super) fn settle(
        self,
        effects: &mut Effects,
        unit: Unit,
        code: TransferCode,
    ) -> Result<u128, Rejected> {
        let (paid, got) = (Payments::total(&self.paid)?, Payments::total(&self.got)?);
        if got > paid {
            let found = format!("{got} would be paid out of {paid}");
            return Err(Rejection::Overflow.because(found));
        }
        let outside = self.paid.iter().filter(|(holder, _)| *holder == Holder::External);
        let by_accounts = paid - outside.fold(0, |sum, (_, amount)| sum + amount);
        for (from, amount) in self.paid {
            effects.transfer(from, Holder::Insurance, unit, amount, code);
        }
        for (to, amount) in self.got {
            effects.transfer(Holder::Insurance, to, unit, amount, code);
        }
        Ok(by_accounts)
    }
}

/// One side pays the other a share of the value at the mark.
pub(super) fn fund(
    book: &Book,
    view: &View<'_>,
    asset: AssetId,
    rate_e12: i64,
) -> Result<Effects, Rejected> {
    let contract = live(book, view, asset)?;
    let most = contract.funding_max_e12;
    if rate_e12 == 0 || rate_e12.unsigned_abs() > most.unsigned_abs() {
        let detail = format!("rate_e12 {rate_e12}: not 0, and at most {most} either way");
        return Err(Rejection::BadParameter.because(detail));
    }
    if matches!(contract.terms.form, Form::Option(_)) || contract.terms.expires.is_some() {
        let symbol = crate::desk::symbol(view, asset);
        let detail = format!("{symbol} is no perpetual: only a perpetual is funded");
        return Err(Rejection::BadParameter.because(detail));
    }
    let price = view.price(asset)?;
    let rate = u128::from(rate_e12.unsigned_abs());
    let mut payments = Payments::default();
    let mut outside = 0i128;
    let mut pay = |holder: Holder, size: i128| -> Result<(), Rejected> {
        let gets = (size > 0) != (rate_e12 > 0);
        let rounding = if gets { Rounding::Floor } else { Rounding::Ceil };
        let worth = contract.worth(size.unsigned_abs(), price, rounding)?;
        payments.note(holder, gets, mul_div(worth, rate, RATE_ONE_E12, rounding)?);
        Ok(())
    };
    for (account, size) in holders(view, asset) {
        outside = outside.checked_sub(size).ok_or(Rejection::Overflow)?;
        pay(Holder::Account(account), size)?;
    }
    if outside != 0 {
        pay(Holder::External, outside)?;
    }
    let mut effects = Effects::default();
    let settle = contract.terms.settle;
    let paid = payments.settle(&mut effects, Unit::token(settle), TransferCode::Funding)?;
    effects.facts.push(Fact::Charged { asset, rate_e12, paid: Amount::new(settle, paid) });
    Ok(effects)
}

/// Whoever owes the asset pays interest to the venue, to the next whole unit.
pub(super) fn charge(
    book: &Book,
    view: &View<'_>,
    asset: AssetId,
    rate_e12: u64,
) -> Result<Effects, Rejected> {
    view.asset(asset)?;
    if book.slot(asset).is_none() {
        let symbol = crate::desk::symbol(view, asset);
        let detail = format!("asset '{symbol}' is no margin of {}", book.name);
        return Err(Rejection::NotCollateral.because(detail));
    }
    let rate = i64::try_from(rate_e12).ok().filter(|rate| *rate > 0);
    let Some(rate) = rate.filter(|rate| u128::from(rate.unsigned_abs()) <= RATE_ONE_E12) else {
        let detail = format!("rate_e12 {rate_e12}: 1 to {RATE_ONE_E12} (100 %)");
        return Err(Rejection::BadParameter.because(detail));
    };
    let (mut effects, unit, mut paid) = (Effects::default(), Unit::token(asset), 0u128);
    for (account, cash) in holders(view, asset) {
        if cash >= 0 {
            continue;
        }
        let owed = mul_div(cash.unsigned_abs(), rate_e12.into(), RATE_ONE_E12, Rounding::Ceil)?;
        paid = paid.checked_add(owed).ok_or(Rejection::Overflow)?;
        let code = TransferCode::Interest;
        effects.transfer(Holder::Account(account), Holder::Treasury, unit, owed, code);
    }
    effects.facts.push(Fact::Charged { asset, rate_e12: rate, paid: Amount::new(asset, paid) });
    Ok(effects)
}

/// The end of a session: what positions have gained or lost at the mark becomes cash, and they go on
/// as if entered at it.
pub(super) fn settle(book: &Book, view: &View<'_>, asset: AssetId) -> Result<Effects, Rejected> {
    let contract = live(book, view, asset)?;
    let price = view.price(asset)?;
    let mut effects = Effects::default();
    for (account, size) in holders(view, asset) {
        let quote = book.position(view, account, asset, contract).quote;
        let value = contract.value(size, price)?.value;
        // Equity is the same before and after: what leaves the quote side arrives as cash.
        let profit = value.checked_add(quote).ok_or(Rejection::Overflow)?;
        realise(&mut effects, account, (asset, contract), profit);
    }
    effects.facts.push(Fact::Settled { contract: asset, price, delivered: false });
    Ok(effects)
}

/// The contract ends: every position is closed at its delivery value.
pub(super) fn deliver(
    book: &Book,
    view: &View<'_>,
    asset: AssetId,
    price: Price,
) -> Result<Effects, Rejected> {
    let contract = live(book, view, asset)?;
    let symbol = crate::desk::symbol(view, asset);
    match contract.terms.expires {
        Some(end) if view.now < end => {
            let detail = format!("{symbol} expires at {}, now {}", end.0, view.now.0);
            return Err(Rejection::ContractLives.because(detail));
        }
        _ => {}
    }
    match contract.terms.form {
        // The price is that of the underlying.
        Form::Option(option) => price_fits(view, option.underlying, price)?,
        _ => price_fits(view, asset, price)?,
    }
    let mut effects = Effects::default();
    let (mut payments, mut outside) = (Payments::default(), 0i128);
    let mut pay = |holder: Holder, size: i128| -> Result<i128, Rejected> {
        let gets = contract.terms.owns_value(size > 0);
        let rounding = if gets { Rounding::Floor } else { Rounding::Ceil };
        let (decimals, scale) = (contract.decimals, contract.settle_decimals);
        let size = size.unsigned_abs();
        let value = contract.terms.delivery_value(size, decimals, price, scale, rounding)?;
        payments.note(holder, gets, value);
        let value = signed(value)?;
        Ok(if gets { value } else { -value })
    };
    for (account, size) in holders(view, asset) {
        outside = outside.checked_sub(size).ok_or(Rejection::Overflow)?;
        let value = pay(Holder::Position(account, asset), size)?;
        let quote = book.position(view, account, asset, contract).quote;
        let (own, out) = (Holder::Account(account), Holder::External);
        let (from, to) = if size > 0 { (own, out) } else { (out, own) };
        let code = TransferCode::Deliver;
        effects.transfer(from, to, Unit::token(asset), size.unsigned_abs(), code);
        // Everything left on the quote side is profit or loss.
        let profit = quote.checked_add(value).ok_or(Rejection::Overflow)?;
        realise(&mut effects, account, (asset, contract), profit);
    }
    if outside != 0 {
        pay(Holder::External, outside)?;
    }
    let settled = Unit::token(contract.terms.settle);
    payments.settle(&mut effects, settled, TransferCode::Deliver)?;
    for column in [LONG, SHORT] {
        effects.set(StateKey::Asset(asset, column), U256::ZERO);
    }
    effects.set(StateKey::Asset(asset, DELIVERED), U256::ONE);
    effects.facts.push(Fact::Settled { contract: asset, price, delivered: true });
    Ok(effects)
}

/// The volatility at which scenarios reprice an option.
pub(super) fn quote(
    book: &Book,
    view: &View<'_>,
    asset: AssetId,
    volatility_e6: u32,
) -> Result<Effects, Rejected> {
    let contract = live(book, view, asset)?;
    let symbol = crate::desk::symbol(view, asset);
    if !matches!(contract.terms.form, Form::Option(_)) {
        let detail = format!("{symbol} is no option: only an option has a volatility");
        return Err(Rejection::BadParameter.because(detail));
    }
    if !(1_000..=50_000_000).contains(&volatility_e6) {
        let detail = format!("volatility_e6 {volatility_e6}: 1000 to 50000000 (0.1 % to 5000 %)");
        return Err(Rejection::BadParameter.because(detail));
    }
    let mut effects = Effects::default();
    effects.set(StateKey::Asset(asset, VOLATILITY), U256::from(volatility_e6));
    let holding = holders(view, asset).into_iter().map(|(account, _)| account).collect();
    effects.touched = breakwater_liquidation::Touched::Accounts(holding);
    Ok(effects)
}
