//! Closing accounts that are at their maintenance: at the price in use, against the other side by its
//! index. No market takes anything.

use super::business::direction_of;
use super::draft::{Closed, Draft, Standing, signed};
use super::parameters::Book;
use breakwater_liquidation::{Effects, Fact, Rejected, Rejection, View};
use breakwater_money::rounding::Rounding;
use breakwater_money::{AccountId, Amount, AssetId, TransferCode};

/// Closes `quantity` of a touched account's position, and charges the fee on it as far as the deposit
/// reaches.
fn close(
    draft: &mut Draft<'_>,
    standing: &mut Standing,
    asset: AssetId,
    quantity: u128,
) -> Result<Closed, Rejected> {
    let size = draft.effective(standing, asset)?;
    let change = signed(quantity)?;
    let left = if size < 0 { size.checked_add(change) } else { size.checked_sub(change) };
    let reduces = left.is_some_and(|left| left == 0 || (left < 0) == (size < 0));
    let Some(left) = left.filter(|_| reduces) else {
        let detail = format!("quantity {quantity} of a position of {size}");
        return Err(Rejection::NotReduceOnly.because(detail));
    };
    let market = draft.market(asset)?;
    let value = market.value(quantity, market.price, Rounding::Floor)?;
    let fee = market.terms.liquidation_fee(value)?;
    draft.resize(standing, asset, left)?;
    draft.charge(standing, fee)?;
    let (account, sold) = (standing.account, Amount::new(asset, quantity));
    let proceeds = Amount::new(draft.book.settle, value);
    draft.effects.facts.push(Fact::Sold { account, sold, proceeds });
    Ok(Closed { asset, direction: direction_of(size), quantity, value })
}

/// Whether a touched account may be liquidated: at its maintenance or below it, and not flat.
fn is_liquidatable(draft: &mut Draft<'_>, standing: &Standing) -> Result<bool, Rejected> {
    let (maintenance, _) = draft.required(standing)?;
    Ok(maintenance > 0 && standing.equity()? <= signed(maintenance)?)
}

/// The venue closes a part of a position, or all of it. A part must leave the account above its
/// maintenance. What the caller got for it elsewhere does not matter: the position is closed at the
/// price in use.
pub(super) fn fill(
    book: &Book,
    view: &View<'_>,
    account: AccountId,
    asset: AssetId,
    quantity: u128,
) -> Result<Effects, Rejected> {
    book.contract(view, asset)?;
    if quantity == 0 {
        return Err(Rejection::AmountZero.because("quantity 0: at least 1"));
    }
    let mut draft = Draft::new(book, view)?;
    let before = Standing::of(book, view, account)?;
    let mut standing = before.clone();
    draft.touch(&mut standing)?;
    let closed = close(&mut draft, &mut standing, asset, quantity)?;
    draft.bankrupt(&mut standing, &[closed])?;
    let is_part = standing.held.iter().any(|held| held.asset == asset);
    if is_part && is_liquidatable(&mut draft, &standing)? {
        let (equity, (maintenance, _)) = (standing.equity()?, draft.required(&standing)?);
        let detail =
            format!("a part of {quantity} leaves an equity of {equity} over {maintenance}");
        return Err(Rejection::BelowInitial.because(detail));
    }
    draft.convert(&mut standing)?;
    draft.store(&standing, &before, TransferCode::Sale);
    draft.finish()
}

/// Anyone closes accounts whole, one after the other, each of which may be liquidated when its turn
/// comes. A flat account that still owes is written off.
pub(super) fn absorb(
    book: &Book,
    view: &View<'_>,
    accounts: &[AccountId],
) -> Result<Effects, Rejected> {
    if accounts.is_empty() {
        return Err(Rejection::AmountZero.because("accounts: none, at least 1"));
    }
    let mut draft = Draft::new(book, view)?;
    for (place, account) in accounts.iter().enumerate() {
        if accounts.iter().take(place).any(|earlier| earlier == account) {
            let detail = format!("accounts: {account} twice, each once is right");
            return Err(Rejection::BadParameter.because(detail));
        }
        let before = Standing::of(book, view, *account)?;
        let mut standing = before.clone();
        let told = draft.effects.facts.len();
        draft.touch(&mut standing)?;
        let is_booked = draft.effects.facts.len() > told;
        if !is_booked && !is_liquidatable(&mut draft, &standing)? {
            let (equity, (maintenance, _)) = (standing.equity()?, draft.required(&standing)?);
            let detail = format!("{account}: equity {equity}, maintenance {maintenance}");
            return Err(Rejection::Healthy.because(detail));
        }
        let mut closed = Vec::new();
        for held in standing.held.clone() {
            let size = draft.effective(&standing, held.asset)?;
            closed.push(close(&mut draft, &mut standing, held.asset, size.unsigned_abs())?);
        }
        draft.bankrupt(&mut standing, &closed)?;
        draft.convert(&mut standing)?;
        draft.store(&standing, &before, TransferCode::Sale);
    }
    draft.finish()
}

/// Books what a flat account owes.
pub(super) fn write_off(
    book: &Book,
    view: &View<'_>,
    account: AccountId,
) -> Result<Effects, Rejected> {
    let mut draft = Draft::new(book, view)?;
    let before = Standing::of(book, view, account)?;
    let mut standing = before.clone();
    draft.touch(&mut standing)?;
    if draft.effects.facts.is_empty() {
        let (equity, positions) = (standing.equity()?, standing.held.len());
        let detail = format!(
            "{account} has an equity of {equity} and {positions} positions: below 0 and none is right"
        );
        return Err(Rejection::NothingToSell.because(detail));
    }
    draft.store(&standing, &before, TransferCode::Deficit);
    draft.finish()
}
