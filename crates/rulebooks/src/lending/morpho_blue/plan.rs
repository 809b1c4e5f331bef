//! From an offer of so many loan units to the argument that the contract takes.

use super::liquidation::size;
use super::{Call, Market, Position, Revert, Terms, VIRTUAL};
use breakwater_money::U256;
use breakwater_money::rounding::Rounding;

/// The largest call that costs no more than `offered` loan units and that the contract accepts, or
/// `None` where the offer does not pay for a single share. The market must be up to date and the
/// position liquidatable.
///
/// The argument follows from the offer as it would for a caller that computes it in the same
/// block:
/// - Where the debt is at least what the whole collateral costs, and the offer pays for it, the
///   call names all the collateral as `seized_assets`: the loss is then recognised.
/// - Otherwise it names shares: those that the offer pays for (the offer turned into shares,
///   rounded down), or all that the position owes if that is less.
/// - Where there is no collateral, it names a single share: that recognises the loss, and any more
///   would be paid for nothing.
///
/// The contract refuses none of these, but for the last at a price of zero, by which it would divide:
/// fewer shares than the whole collateral costs never take all of it. If
/// `w` loan units are its rounded worth after the incentive, fewer shares are worth less than `w`,
/// so at most `w - 1` after rounding, and `w - 1` with the incentive on top is below the
/// collateral's worth.
///
/// # Errors
/// A product overflows.
pub fn largest_call(
    terms: &Terms,
    market: &Market,
    position: &Position,
    price: U256,
    offered: U256,
) -> Result<Option<Call>, Revert> {
    let affords = |shares: U256| {
        Ok::<_, Revert>(VIRTUAL.to_assets(shares, market.borrow(), Rounding::Ceil)? <= offered)
    };
    let by_shares = |shares: U256| Call { seized_assets: U256::ZERO, repaid_shares: shares };
    if position.collateral == 0 {
        return Ok(affords(U256::ONE)?.then(|| by_shares(U256::ONE)));
    }
    let owed = U256::from(position.borrow_shares);
    let all = Call { seized_assets: U256::from(position.collateral), repaid_shares: U256::ZERO };
    let (_, shares) = size(market, terms.incentive_factor()?, price, &all)?;
    if shares <= owed && affords(shares)? {
        return Ok(Some(all));
    }
    // More than this would not be affordable, so the offer itself need not fit any width.
    let most = market.owed(position.borrow_shares)?.min(offered);
    let shares = VIRTUAL.to_shares(most, market.borrow(), Rounding::Floor)?.min(owed);
    Ok((!shares.is_zero()).then(|| by_shares(shares)))
}
