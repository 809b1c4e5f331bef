//! What a liquidator could gain by playing the rule rather than serving it.
//!
//! A close factor invites two calls where one would do (Qin, Zhou, Gamito, Jovanovic, Gervais, "An
//! Empirical Study of DeFi Liquidations", IMC 2021): a first call so small that the account stays
//! just liquidatable, then a second that takes the close factor of what is left. Together they repay
//! more, and so earn more, than the largest single call. One liquidation for a position at one price
//! takes the second call away.

use crate::plan::{after_call, largest_option, option_of};
use crate::{CallOption, Overlay, Rejected, Rulebook, View};
use breakwater_money::AccountId;

/// Two calls that together gain more than the largest single one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwoStep {
    /// The largest single call.
    pub single: CallOption,
    /// The first of the two: leaves the account in breach.
    pub first: CallOption,
    /// The second, on what the first leaves.
    pub second: CallOption,
}

impl TwoStep {
    /// What the two gain above the single call, in the numeraire.
    #[must_use]
    pub const fn extra(&self) -> u128 {
        self.first.gain().saturating_add(self.second.gain()).saturating_sub(self.single.gain())
    }
}

/// The two-step attack on an account that the rule's largest single call would cure; none where
/// that call leaves the account in breach anyway (then a second call is ordinary), where it closes
/// all that may be closed, or where two calls gain no more.
///
/// The first call is the largest that leaves a breach, found by halving: what cures at one amount
/// cures at every larger one while the leg is not toxic.
///
/// # Errors
/// The rulebook's refusal to assess, or nothing to liquidate.
pub fn two_step(
    rulebook: &dyn Rulebook,
    view: &View<'_>,
    account: AccountId,
) -> Result<Option<TwoStep>, Rejected> {
    let single = largest_option(rulebook, view, account)?;
    let after = after_call(rulebook, view, account, &single.call)?;
    if single.toxic || after.breach || single.call.pair().is_none() {
        return Ok(None);
    }
    let (mut breaches, mut cures) = (0u128, single.repaid.raw);
    while cures - breaches > 1 {
        let middle = breaches + ((cures - breaches) >> 1);
        match after_call(rulebook, view, account, &single.call.with_amount(middle)) {
            Ok(after) if after.breach => breaches = middle,
            // What is refused for its size, such as for the dust it leaves, is no first step.
            _ => cures = middle,
        }
    }
    if breaches == 0 {
        return Ok(None);
    }
    let call = single.call.with_amount(breaches);
    let Ok(first) = option_of(rulebook, view, &call, false) else { return Ok(None) };
    let effects = rulebook.execute(view, &call)?;
    let overlay = Overlay::new(*view, account, &effects)?;
    let Ok(second) = largest_option(rulebook, &overlay.view(), account) else { return Ok(None) };
    let found = TwoStep { single, first, second };
    Ok((found.extra() > 0).then_some(found))
}
