//! A trade that the venue makes to hedge an account it liquidates.
//!
//! An account in breach may open nothing; the venue may, as far as less is required afterwards and not
//! more. Such a trade takes nothing over from the account, so that no clearance fee is due.

use super::book::Book;
use super::call::{count_sides, ends_later, exchange, realise, within_limits};
use breakwater_liquidation::{Effects, HedgeFill, Overlay, Rejected, Rejection, View};
use breakwater_money::TransferCode;

/// What the hedge does.
pub(super) fn execute(book: &Book, view: &View<'_>, fill: &HedgeFill) -> Result<Effects, Rejected> {
    let HedgeFill { account, contract: asset, buy, quantity, proceeds } = *fill;
    if quantity == 0 {
        return Err(Rejection::AmountZero.because("quantity 0: at least 1"));
    }
    view.holdings(account)?;
    let contract = book.contract(view, asset)?;
    if contract.as_option().is_some() {
        let symbol = crate::desk::symbol(view, asset);
        let detail = format!("{symbol} is an option: a future or a perpetual hedges");
        return Err(Rejection::BadParameter.because(detail));
    }
    ends_later(view, asset, contract)?;
    let size = i128::try_from(quantity).map_err(|_| Rejection::Overflow)?;
    let position = book.position(view, account, asset, contract);
    let change = if buy { size } else { -size };
    let traded = position.trade(change, proceeds, contract.terms.buyer_pays())?;
    let parties = if buy { (Some(account), None) } else { (None, Some(account)) };
    let mut effects = Effects::default();
    let listed = (asset, contract);
    exchange(&mut effects, parties, listed, (quantity, proceeds), TransferCode::Trade);
    realise(&mut effects, account, listed, traded.realised);
    count_sides(view, &mut effects, asset, &[(position.size, traded.after.size)])?;
    let overlay = Overlay::new(*view, account, &effects)?;
    let seen = overlay.view();
    if traded.grows {
        within_limits(&seen, asset, contract, traded.after.size.unsigned_abs())?;
    }
    let before = book.totals(view, account, false)?.maintenance;
    let after = book.totals(&seen, account, false)?.maintenance;
    if after > before {
        let detail = format!("{account}: the hedge would require {after}, {before} is required");
        return Err(Rejection::BelowInitial.because(detail));
    }
    Ok(effects)
}
