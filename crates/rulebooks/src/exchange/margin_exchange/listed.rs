//! What holders of listed contracts do beside trading: give a position to another account, roll it
//! into a later contract, use an option before its end.
//!
//! **Who pays for an exercise.** Everybody who is short of the option, in proportion to how much, the
//! outside included: each its whole share, and what whole units leave over one unit each to the largest
//! remainders, lower accounts first and the outside last. Clearing houses draw lots or go by age;
//! proportion needs neither, and no writer can be singled out.

use super::book::Book;
use super::call::{
    Deal, change_hands, count_sides, covered, ends_later, held, may_grow, pass, price_fits, realise,
};
use super::session::{Payments, holders};
use breakwater_liquidation::{Effects, Fact, Overlay, Rejected, Rejection, View};
use breakwater_money::rounding::{Rounding, mul_div};
use breakwater_money::{AccountId, Amount, AssetId, Holder, TransferCode, U256, Unit};
use std::cmp::Reverse;

/// A part of a position goes to another account with its share of the quote side, rounded as a
/// closed part is, so that the giver realises nothing. Both must stand at the initial margin
/// afterwards: giving is business and rescues nobody. Where the receiver is on the other side, its
/// own part is closed at that entry.
pub(super) fn transfer(
    book: &Book,
    view: &View<'_>,
    (from, to): (AccountId, AccountId),
    asset: AssetId,
    quantity: u128,
) -> Result<Effects, Rejected> {
    if from == to {
        return Err(Rejection::SelfDealing.because(from.to_string()));
    }
    let contract = book.contract(view, asset)?;
    ends_later(view, asset, contract)?;
    let given = book.position(view, from, asset, contract);
    held(quantity, given.size)?;
    let owned = contract.terms.owns_value(given.size > 0);
    let rounding = if owned { Rounding::Ceil } else { Rounding::Floor };
    let whole = given.size.unsigned_abs();
    let entry = mul_div(given.quote.unsigned_abs(), quantity, whole, rounding)?;
    let parties = if given.size > 0 { (Some(to), Some(from)) } else { (Some(from), Some(to)) };
    let quantity = Amount::new(asset, quantity);
    let mut effects = Effects::default();
    let growing = pass(book, view, parties, (quantity, entry), &mut effects)?;
    let entry = Amount::new(contract.terms.settle, entry);
    effects.facts.push(Fact::Moved { from, to, quantity, entry });
    for account in growing {
        may_grow(book, view, account, asset, &effects)?;
    }
    let overlay = Overlay::new(*view, from, &effects)?;
    covered(book, &overlay.view(), from)?;
    Ok(effects)
}

/// Closes a part of a position and opens another contract on the same side. Margin is
/// asked once, after both, so that nobody needs it twice for being between the two.
pub(super) fn roll(
    book: &Book,
    view: &View<'_>,
    (account, against): (AccountId, Option<AccountId>),
    (near, far): (&Deal, &Deal),
) -> Result<Effects, Rejected> {
    if against == Some(account) {
        return Err(Rejection::SelfDealing.because(account.to_string()));
    }
    alike(book, view, near.contract, far.contract)?;
    let size =
        book.position(view, account, near.contract, book.contract(view, near.contract)?).size;
    held(near.quantity, size)?;
    // Whoever is long sells the near one and buys the far one.
    let (out, into) = if size > 0 {
        ((against, Some(account)), (Some(account), against))
    } else {
        ((Some(account), against), (against, Some(account)))
    };
    let mut effects = Effects::default();
    let mut growing = Vec::new();
    for (parties, deal) in [(out, near), (into, far)] {
        let grown = change_hands(book, view, parties, deal, &mut effects)?;
        growing.extend(grown.into_iter().map(|account| (account, deal.contract)));
    }
    for (account, contract) in growing {
        may_grow(book, view, account, contract, &effects)?;
    }
    Ok(effects)
}

/// Only what counts alike is rolled: two contracts, none an option, that settle in one asset and whose
/// longs stand on the same side of the money.
fn alike(book: &Book, view: &View<'_>, near: AssetId, far: AssetId) -> Result<(), Rejected> {
    let first = book.contract(view, near)?;
    let second = book.contract(view, far)?;
    let (one, other) = (&first.terms, &second.terms);
    let options = first.option.is_some() || second.option.is_some();
    let same = one.settle == other.settle && one.buyer_pays() == other.buyer_pays();
    if near != far && same && !options {
        return Ok(());
    }
    let name = |asset| crate::desk::symbol(view, asset);
    let detail = format!(
        "near '{}', far '{}': two contracts of one form and settle asset are right, no options",
        name(near),
        name(far)
    );
    Err(Rejection::BadParameter.because(detail))
}

/// A part of an option is used at its intrinsic value and is no more.
pub(super) fn exercise(
    book: &Book,
    view: &View<'_>,
    account: AccountId,
    used: &Deal,
) -> Result<Effects, Rejected> {
    let (asset, quantity) = (used.contract, used.quantity);
    let contract = book.contract(view, asset)?;
    let symbol = crate::desk::symbol(view, asset);
    let Some(option) = contract.as_option().filter(|_| contract.early_exercise) else {
        let detail = format!("{symbol} is no option that may be used before its end");
        return Err(Rejection::BadParameter.because(detail));
    };
    ends_later(view, asset, contract)?;
    price_fits(view, option.underlying, used.price)?;
    let holder = book.position(view, account, asset, contract);
    if holder.size < 0 {
        let detail = format!("a position of {}: whoever holds the option uses it", holder.size);
        return Err(Rejection::NotReduceOnly.because(detail));
    }
    held(quantity, holder.size)?;
    let worth = |quantity: u128, rounding: Rounding| {
        let (own, settle) = (contract.decimals, contract.settle_decimals);
        contract.terms.delivery_value(quantity, own, used.price, settle, rounding)
    };
    let gets = worth(quantity, Rounding::Floor)?;
    if gets == 0 {
        let price = used.price;
        let detail = format!("price {price}: {quantity} of {symbol} are worth nothing at it");
        return Err(Rejection::BadParameter.because(detail));
    }
    let mut effects = Effects::default();
    let (mut payments, mut changes) = (Payments::default(), Vec::new());
    let mut realised = Vec::new();
    let mut close = |party: AccountId, change: i128, value: u128| -> Result<(), Rejected> {
        let before = book.position(view, party, asset, contract);
        let traded = before.trade(change, value, contract.terms.buyer_pays())?;
        changes.push((before.size, traded.after.size));
        realised.push((party, traded.realised));
        Ok(())
    };
    let signed = i128::try_from(quantity).map_err(|_| Rejection::Overflow)?;
    close(account, -signed, gets)?;
    payments.note(Holder::Position(account, asset), true, gets);
    let own = Holder::Account(account);
    for (writer, part) in assigned(view, asset, quantity)? {
        let pays = worth(part, Rounding::Ceil)?;
        let (party, quote) = match writer {
            Some(writer) => (Holder::Account(writer), Holder::Position(writer, asset)),
            None => (Holder::External, Holder::External),
        };
        if let Some(writer) = writer {
            close(writer, i128::try_from(part).map_err(|_| Rejection::Overflow)?, pays)?;
        }
        payments.note(quote, false, pays);
        effects.transfer(own, party, Unit::token(asset), part, TransferCode::Deliver);
        effects.facts.push(Fact::Exercised {
            holder: account,
            writer,
            quantity: Amount::new(asset, part),
            price: used.price,
            paid: Amount::new(contract.terms.settle, pays),
        });
    }
    let settled = Unit::token(contract.terms.settle);
    payments.settle(&mut effects, settled, TransferCode::Deliver)?;
    for (party, profit) in realised {
        realise(&mut effects, party, (asset, contract), profit);
    }
    count_sides(view, &mut effects, asset, &changes)?;
    Ok(effects)
}

/// Who is short of the option, and how much of `quantity` falls to each.
fn assigned(
    view: &View<'_>,
    asset: AssetId,
    quantity: u128,
) -> Result<Vec<(Option<AccountId>, u128)>, Rejected> {
    let mut writers: Vec<(Option<AccountId>, u128)> = Vec::new();
    let mut outside = 0i128;
    for (account, size) in holders(view, asset) {
        outside = outside.checked_sub(size).ok_or(Rejection::Overflow)?;
        if size < 0 {
            writers.push((Some(account), size.unsigned_abs()));
        }
    }
    if outside < 0 {
        writers.push((None, outside.unsigned_abs()));
    }
    let short = writers.iter().try_fold(0u128, |sum, (_, size)| sum.checked_add(*size));
    let short = short.ok_or(Rejection::Overflow)?;
    let (mut shares, mut left) = (Vec::with_capacity(writers.len()), quantity);
    for (place, (_, size)) in writers.iter().enumerate() {
        let whole = mul_div(quantity, *size, short, Rounding::Floor)?;
        left = left.checked_sub(whole).ok_or(Rejection::Overflow)?;
        let exact = U256::from(quantity) * U256::from(*size);
        shares.push((place, whole, exact - U256::from(whole) * U256::from(short)));
    }
    // At most one unit each is left: the remainders are each below one.
    let mut largest: Vec<usize> = (0..shares.len()).collect();
    largest.sort_by_key(|place| (Reverse(shares[*place].2), *place));
    for place in largest.into_iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
        shares[place].1 += 1;
    }
    let named = shares.into_iter().map(|(place, part, _)| (writers[place].0, part));
    Ok(named.filter(|(_, part)| *part > 0).collect())
}
