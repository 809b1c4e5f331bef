//! A backstop vault takes an account over whole: its positions as they were entered, and its margin.
//!
//! The vault's equity changes by just what the account's was. Below zero the vault bears the loss,
//! and the facts say so; nothing is paid for, so that nothing is rounded.

use super::book::Book;
use super::call::{count_sides, realise};
use breakwater_liquidation::effects::Bearer;
use breakwater_liquidation::{Effects, Fact, Rejected, Rejection, View};
use breakwater_money::{AccountId, Amount, Class, Holder, TransferCode};

pub(super) fn run(
    book: &Book,
    view: &View<'_>,
    account: AccountId,
    vault: AccountId,
) -> Result<Effects, Rejected> {
    if account == vault {
        return Err(Rejection::SelfDealing.because(account.to_string()));
    }
    let totals = book.totals(view, account, false)?;
    if !book.health(&totals)?.breach {
        let (equity, required) = (totals.equity, totals.maintenance);
        let detail = format!("{account}: equity {equity}, maintenance {required}");
        return Err(Rejection::Healthy.because(detail));
    }
    let mut effects = Effects::default();
    let code = TransferCode::Takeover;
    for held in view.holdings(account)?.iter().filter(|held| held.unit.class == Class::Token) {
        let (from, to) = match held.contract {
            None => (Holder::Account(account), Holder::Account(vault)),
            Some(contract) => {
                (Holder::Position(account, contract), Holder::Position(vault, contract))
            }
        };
        let (debit, credit) = if held.balance > 0 { (from, to) } else { (to, from) };
        effects.transfer(debit, credit, held.unit, held.balance.unsigned_abs(), code);
    }
    let positions: Vec<_> = book.sizes(view, account)?.collect();
    for (asset, contract, size) in positions {
        let own = book.position(view, vault, asset, contract);
        let after = own.size.checked_add(size).ok_or(Rejection::Overflow)?;
        count_sides(view, &mut effects, asset, &[(size, 0), (own.size, after)])?;
        let opposite = own.size != 0 && (own.size > 0) != (size > 0);
        if opposite {
            // Two quote sides meet: what belongs to the part that closed is realised, as if the
            // vault had traded at the value at which the account had entered.
            let moved = book.position(view, account, asset, contract).quote;
            let traded = own.trade(size, moved.unsigned_abs(), contract.terms.buyer_pays())?;
            realise(&mut effects, vault, (asset, contract), traded.realised);
        }
    }
    let equity = totals.equity;
    effects.facts.push(Fact::TakenOver { account, vault, equity });
    if equity < 0 {
        lost(book, view, account, equity.unsigned_abs(), &mut effects)?;
    }
    Ok(effects)
}

/// What the vault bears, told in the first asset of which the account owes more than it has.
fn lost(
    book: &Book,
    view: &View<'_>,
    account: AccountId,
    value: u128,
    effects: &mut Effects,
) -> Result<(), Rejected> {
    let sums: super::account::Sums = book.sums(view, account, false)?;
    let owed = book.margin.iter().enumerate().find(|(slot, _)| sums.own[*slot] < 0);
    let Some((_, held)) = owed else { return Ok(()) };
    let amount = Amount::new(held.asset, book.amount_for(view, held, value)?);
    effects.facts.push(Fact::Deficit { account, amount, value });
    effects.facts.push(Fact::Borne { account, bearer: Bearer::Vault, amount });
    Ok(())
}
